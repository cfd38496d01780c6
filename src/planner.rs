//! The planner: a plain function from what is declared, live and recorded to a [`Plan`].
//!
//! match → drift → diff → lower to steps → order → guard. No clock, no randomness, no environment; equal input
//! gives byte-equal plans. Where a change cannot be had, that is a [`Blocked`] entry and the rest stands; only
//! a question that makes no sense (an unknown `--target`) is an error.
//!
//! `lower` has the status table, `order` the graph, `floors` the redundancy guard, `caps` the blast radius,
//! `rollout` the waves. That the result really keeps its promises is checked by `Plan::check`, which shares
//! no code with `floors`.

mod caps;
mod compare;
mod floors;
mod lower;
mod order;
mod pairs;
mod rollout;
mod selection;

use std::collections::{BTreeMap, BTreeSet};

pub use compare::{compare, expired_hands_off};

use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::plan::{
    Action, ActionReason, Basis, BlockCode, Blocked, Change, ChangeAction, Doubt, Goal, Plan, PlanOptions,
    ResourceChange, ResourceType, Values, Warning,
};
use crate::resource::{Address, Call, DesiredStatus, LiveState, Observed, Reading, Status, Target};
use crate::spec::{Interface, Spec};
use crate::state::{Record, State};

/// Everything a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What is declared.
    pub spec: &'a Spec,
    /// The digest of the spec's text.
    pub spec_digest: &'a str,
    /// What the cloud just said; one reading per declared address.
    pub live: &'a LiveState,
    /// What was recorded, if anything was.
    pub state: Option<&'a State>,
    /// Whose interfaces these are.
    pub target: &'a Target,
    /// What a dead run left open.
    pub doubts: &'a [Doubt],
}

/// Plans how to bring every declared interface to its status.
///
/// # Errors
/// An address in `options` that the spec does not declare.
pub fn plan(inputs: &Inputs<'_>, options: &PlanOptions) -> Result<Plan, Diagnostics> {
    let empty = BTreeMap::new();
    let records = inputs.state.map_or(&empty, |state| state.interfaces.by_address());
    let subjects = match_up(inputs.spec, inputs.live, records);
    let selection = selection::select(&subjects, options)
        .map_err(|findings| Diagnostics { sources: inputs.spec.sources.clone(), findings })?;
    let mut draft = Draft::lower(&subjects, &selection, &inputs.spec.sources);
    let pairs = pairs::recognise(&subjects);
    let mut graph = order::Graph::new(&subjects, &pairs, &mut draft);
    let mut floors = floors::guard(inputs.spec, &subjects, &pairs, &mut draft, &mut graph);
    caps::enforce(inputs.spec, &subjects, options, &mut draft);

    let mut warnings = pairs::warn(inputs.spec, &subjects, &pairs);
    warnings.extend(selection.warnings(&subjects));
    warnings.extend(watch(inputs.spec, &subjects, &draft, options));
    let levels = graph.levels(&draft);
    let rollout = rollout::cut(inputs.spec, &subjects, &draft, &levels);
    let steps = graph.into_steps(&subjects, &draft, &levels, rollout.as_ref(), std::mem::take(&mut floors.guards));
    let resource_changes = changes(inputs.spec, &subjects, &draft);
    Ok(Plan {
        timestamp: options.now,
        target: inputs.target.clone(),
        basis: Basis {
            lineage: inputs.state.map(|state| state.lineage.clone()),
            serial: inputs.state.map_or(0, |state| state.serial),
            spec_digest: inputs.spec_digest.to_owned(),
        },
        resource_changes,
        resource_drift: subjects.iter().filter_map(Subject::drift).collect(),
        floors: floors.touched(&steps),
        steps,
        blocked: draft.blocked.into_values().collect(),
        rollout,
        warnings,
        doubts: inputs.doubts.to_vec(),
        failures: inputs.live.failures.clone(),
        targeted: options.targets.clone(),
        excluded: options.excludes.clone(),
    })
}

/// One declared interface with everything that is known of it.
struct Subject<'a> {
    address: &'a Address,
    declared: &'a Interface,
    reading: &'a Reading,
    record: Option<&'a Record>,
}

impl<'a> Subject<'a> {
    fn live(&self) -> Option<&'a Observed> {
        self.reading.found()
    }

    fn desired(&self) -> DesiredStatus {
        self.declared.status.value
    }

    fn is_up(&self) -> bool {
        self.live().is_some_and(Observed::counts_as_up)
    }

    /// Since when the live status is known to be what it is.
    fn since(&self) -> Option<jiff::Timestamp> {
        let record = self.record?;
        (record.observed.status.as_ref() == self.live().map(|live| &live.status)).then_some(record.observed.since)
    }

    /// Why it changes: the three-way comparison of spec, last applied and live.
    fn reason(&self) -> ActionReason {
        let Some(last) = self.record.and_then(|record| record.declared) else { return ActionReason::New };
        let spec_changed = last != self.desired();
        // A transition is on its way from or to what was applied; it has left nothing yet.
        let drifted = self.live().is_none_or(|live| !live.status.is_transitional() && live.status != last.status());
        match (spec_changed, drifted) {
            (true, true) => ActionReason::Both,
            (true, false) => ActionReason::SpecChanged,
            (false, _) => ActionReason::Drift,
        }
    }

    /// What left the state it was last seen in. A recorded transition has no say: it was bound to move on.
    fn drift(&self) -> Option<ResourceChange> {
        let before = self.record?.observed.status.as_ref().filter(|status| !status.is_transitional())?;
        let after = match self.reading {
            Reading::Found(observed) => Some(&observed.status),
            Reading::Absent => None,
            Reading::Elsewhere(_) | Reading::Unreadable => return None,
        };
        if after == Some(before) {
            return None;
        }
        let reason = if self.record.and_then(|record| record.declared) == Some(self.desired()) {
            ActionReason::Drift
        } else {
            ActionReason::Both
        };
        let change = Change {
            actions: [ChangeAction::Update],
            before: Some(Values { status: before.clone() }),
            after: after.map(|status| Values { status: status.clone() }),
        };
        Some(self.resource_change(change, Some(reason)))
    }

    fn resource_change(&self, change: Change, action_reason: Option<ActionReason>) -> ResourceChange {
        ResourceChange {
            address: self.address.clone(),
            kind: ResourceType::RouterInterface,
            name: self.address.clone(),
            id: self.declared.id.value.clone(),
            scope: self.declared.scope.clone(),
            action_reason,
            change,
            reason: None,
            since: None,
            declared_at: None,
        }
    }

    /// Names it for people: key, id, region.
    fn title(&self) -> String {
        format!("{} ({} in {})", self.address, self.declared.id.value, self.declared.scope)
    }
}

fn match_up<'a>(spec: &'a Spec, live: &'a LiveState, records: &'a BTreeMap<Address, Record>) -> Vec<Subject<'a>> {
    let (mut reading, mut record) = (in_step(&live.readings), in_step(records));
    spec.interfaces
        .iter()
        .map(|(address, declared)| Subject {
            address,
            declared,
            reading: reading(address).unwrap_or(&Reading::Unreadable),
            // A record of another interface under the same key is somebody else's history.
            record: record(address).filter(|record| record.id == declared.id.value && record.scope == declared.scope),
        })
        .collect()
}

/// Looks up keys that come in order: a step forward for each, where a search would go through the whole map.
fn in_step<'m, V>(map: &'m BTreeMap<Address, V>) -> impl FnMut(&Address) -> Option<&'m V> {
    let mut entries = map.iter().peekable();
    move |address| {
        while entries.next_if(|(key, _)| *key != address && *key < address).is_some() {}
        entries.next_if(|(key, _)| *key == address).map(|(_, value)| value)
    }
}

/// Returns the number of an address: the subjects stand in the order of their addresses.
fn number_of(subjects: &[Subject<'_>], address: &Address) -> Option<usize> {
    subjects.binary_search_by(|subject| subject.address.cmp(address)).ok()
}

/// Returns the numbers of addresses that come in order. Neighbours are often asked for together, so each is looked for
/// near the one before, in steps that double.
fn numbers_of<'a>(subjects: &[Subject<'_>], addresses: impl IntoIterator<Item = &'a Address>) -> BTreeSet<usize> {
    let mut addresses = addresses.into_iter().peekable();
    let mut from = addresses.peek().map_or(0, |first| subjects.partition_point(|subject| subject.address < *first));
    let mut numbers = BTreeSet::new();
    for address in addresses {
        let rest = &subjects[from..];
        let mut reach = 1;
        while rest.get(reach).is_some_and(|subject| subject.address < address) {
            reach *= 2;
        }
        from += rest[..rest.len().min(reach + 1)].partition_point(|subject| subject.address < address);
        if subjects.get(from).is_some_and(|subject| subject.address == address) {
            numbers.insert(from);
        }
    }
    numbers
}

/// The steps and blocks in the making, by subject number.
struct Draft {
    /// What each interface needs, in its own order; empty where it needs nothing or is blocked.
    steps: Vec<Vec<lower::Lowered>>,
    /// Why an interface cannot have what it needs.
    blocked: BTreeMap<usize, Blocked>,
    /// Whether an interface is elsewhere than declared, or out of sight.
    unmet: Vec<bool>,
}

impl Draft {
    fn lower(subjects: &[Subject<'_>], selection: &selection::Selection, sources: &Sources) -> Self {
        let size = subjects.len();
        let mut draft =
            Self { steps: Vec::with_capacity(size), blocked: BTreeMap::new(), unmet: Vec::with_capacity(size) };
        for (number, subject) in subjects.iter().enumerate() {
            let outcome = if selection.includes(number) { lower::lower(subject, sources) } else { Ok(Vec::new()) };
            draft.steps.push(outcome.unwrap_or_else(|blocked| {
                draft.blocked.insert(number, blocked);
                Vec::new()
            }));
            draft.unmet.push(subject.live().is_none_or(|live| live.status != subject.desired().status()));
        }
        draft
    }

    /// Claims that a change is wanted and is not going to happen.
    fn is_undeliverable(&self, number: usize) -> bool {
        self.blocked.contains_key(&number) || (self.unmet[number] && self.steps[number].is_empty())
    }

    /// Claims that an interface is where it should be: it needs nothing, and nothing has to wait for it.
    fn is_settled(&self, number: usize) -> bool {
        self.steps[number].is_empty() && !self.is_undeliverable(number)
    }

    /// Takes an interface's steps away and says why.
    fn block(&mut self, subject: &Subject<'_>, number: usize, code: BlockCode, detail: String) {
        self.steps[number].clear();
        self.blocked.insert(number, Blocked { address: subject.address.clone(), code, detail });
    }

    fn deactivates(&self, number: usize) -> bool {
        self.steps[number].iter().any(|step| step.action == Action::Call(Call::Deactivate))
    }

    /// Claims that it is up once its steps are done, and is not before.
    fn activates(&self, number: usize) -> bool {
        self.steps[number].last().is_some_and(|step| step.goal == Goal::Active)
    }

    fn changes(&self, number: usize) -> bool {
        self.steps[number].iter().any(|step| step.action != Action::Wait)
    }
}

fn changes(spec: &Spec, subjects: &[Subject<'_>], draft: &Draft) -> Vec<ResourceChange> {
    subjects
        .iter()
        .enumerate()
        .map(|(number, subject)| {
            let live = subject.live().map(|live| &live.status);
            let wanted = draft.unmet[number];
            let change = Change {
                actions: [if draft.changes(number) { ChangeAction::Update } else { ChangeAction::NoOp }],
                before: live.map(|status| Values { status: status.clone() }),
                after: Some(Values { status: subject.desired().status() }),
            };
            let mut resource = subject.resource_change(change, wanted.then(|| subject.reason()));
            if wanted {
                resource.reason = subject.declared.reason.clone();
                resource.since = subject.since();
                resource.declared_at = Some(spec.sources.locate(subject.declared.status.place));
            }
            resource
        })
        .collect()
}

/// What a reviewer should look at twice although it stops nothing.
fn watch(spec: &Spec, subjects: &[Subject<'_>], draft: &Draft, options: &PlanOptions) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = spec.warnings.iter().map(|finding| spec_warning(spec, finding)).collect();
    warnings.extend(expired_hands_off(spec, options.today));
    for (number, subject) in subjects.iter().enumerate().filter(|(number, _)| draft.unmet[*number]) {
        let was_protected = subject.record.is_some_and(|record| record.protected);
        if was_protected && subject.declared.protect.is_none() && draft.deactivates(number) {
            warnings.push(Warning {
                summary: format!("{} was protected when last applied, and is now to be deactivated", subject.address),
                detail: Some(format!(
                    "the protection and the status changed in one go: {}",
                    spec.sources.locate(subject.declared.status.place)
                )),
            });
        }
        if let Some(stuck) = stuck(subject, options) {
            warnings.push(stuck);
        }
    }
    warnings
}

fn stuck(subject: &Subject<'_>, options: &PlanOptions) -> Option<Warning> {
    let status = &subject.live().filter(|live| live.status.is_transitional())?.status;
    let timeout = match status {
        Status::Activating => subject.declared.activate_timeout,
        _ => subject.declared.deactivate_timeout,
    }
    .unwrap_or(options.settle_timeout);
    let since = subject.since()?;
    let age = options.now.duration_since(since);
    (age > jiff::SignedDuration::try_from(timeout).ok()?).then(|| Warning {
        summary: format!("{} is {status}, in transition since {since:.0}", subject.address),
        detail: Some(format!("longer than its settle timeout of {}", crate::spec::duration::format(timeout))),
    })
}

fn spec_warning(spec: &Spec, finding: &Diagnostic) -> Warning {
    Warning { summary: finding.summary.clone(), detail: finding.place.map(|place| spec.sources.locate(place)) }
}
