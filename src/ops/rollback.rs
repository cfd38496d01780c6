//! The inverse of a run: the same planner and guards, with the statuses that were there before.
//!
//! What a run touched is found by account, region and id, whatever the spec calls it now. What a newer run has changed
//! since, and what is not declared any more, is held back unless that is asked for.

mod since;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use crate::diagnostic::Place;
use crate::journal::{Ground, Operation, Outcome, PlannedStep, Run, Trace};
use crate::language::worded;
use crate::plan::{BlockReason, Plan, PlanOptions, StepId, WayBack};
use crate::resource::{Address, ChangeName, DesiredStatus};
use crate::selector::Selector;
use crate::spec::{Extent, Interface, InterfacePlaces, Placed, Planned, Spec};
use crate::state::{Identity, Record, RunId, State};

use super::failure::{Exit, Refusal};
use super::project::Project;

use since::Since;

/// How a run is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Somebody asks for it.
    Asked(Loosened),
    /// It follows a run that failed, or that nobody confirmed: no caps, and what is not declared any more is taken back too.
    Automatic,
    /// The same, with what was taken back already: to record that nothing is left.
    Closing,
}

/// What somebody who takes a run back asks for beyond that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loosened {
    /// `--with-rollout`: the checks and pauses of the spec's rollout.
    pub with_rollout: bool,
    /// `--force-superseded`: what a newer run has changed since, too.
    pub force_superseded: bool,
    /// `--undeclared`: what the spec does not declare, too.
    pub undeclared: bool,
}

/// What takes a run back.
pub(super) struct Inverse {
    /// The spec, with its wishes turned round.
    pub(super) project: Project,
    /// What to plan of it.
    pub(super) options: PlanOptions,
    /// What each interface stands on once it is taken back.
    pub(super) grounds: BTreeMap<Address, Ground>,
    /// The change that what is taken back of each interface was for.
    pub(super) changes: BTreeMap<Address, ChangeName>,
    /// The runs of which something else stands.
    pub(super) part_of: Vec<RunId>,
}

/// What is taken back together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done<'r> {
    /// The runs, oldest first.
    pub(super) runs: &'r [Run],
    /// Of them, only what they did for this change.
    pub(super) change: Option<&'r str>,
}

impl<'r> Done<'r> {
    /// Returns all that one run did.
    pub(super) fn by(run: &'r Run) -> Self {
        Self { runs: std::slice::from_ref(run), change: None }
    }

    fn sent(&self, run: &'r Run) -> impl Iterator<Item = &'r PlannedStep> {
        sent(run).filter(self.is_of_it())
    }

    /// Lists the calls of a run whose goal was reached, by them or before their turn came: the two ends of a link may move as one.
    fn moved(&self, run: &'r Run) -> impl Iterator<Item = &'r PlannedStep> {
        let is_there = |trace: &Trace| trace.closed.as_ref().is_some_and(|closed| closed.outcome == Outcome::Already);
        let moved = move |trace: &Trace| trace.may_have_changed_something() || is_there(trace);
        let moved = run.steps().filter(move |(step, trace)| step.call.is_some() && moved(trace));
        moved.map(|(step, _)| step).filter(self.is_of_it())
    }

    fn is_of_it(&self) -> impl Fn(&&PlannedStep) -> bool + use<'r> {
        let change = self.change;
        move |step| change.is_none_or(|change| step.change_id.as_ref().is_some_and(|of| of.to_string() == change))
    }
}

/// Lists the calls of a run that were done, or may have been.
pub(super) fn sent(run: &Run) -> impl Iterator<Item = &PlannedStep> {
    let sent = run.steps().filter(|(step, trace)| step.call.is_some() && trace.may_have_changed_something());
    sent.map(|(step, _)| step)
}

/// Says that a run has done nothing, and which is the newest that has: whoever asks for the last run may mean that one, and is
/// not to have it taken back without having said so.
fn nothing_done(state: Option<&State>) -> Refusal {
    let standing =
        state.and_then(|state| state.interfaces.values().filter_map(|record| record.changed_by.as_ref()).max());
    let refusal = Refusal::new(Exit::Error, worded!("that run confirmed no step, so there is nothing to take back"));
    refusal.hint(match standing {
        Some(run) => worded!("the newest run whose changes stand: `rictl rollback {run}` takes it back", run),
        None => worded!("`rictl history` lists what was done"),
    })
}

/// Turns the spec's wishes round for what runs have done, oldest first, and leaves everything else out: to what stood before the
/// first of them. What one of them has changed since another supersedes nothing. `None` where all of it was taken back already.
///
/// # Errors
/// Runs that did nothing, and an archive that cannot be read.
pub(super) fn inverse(
    project: &Project,
    done: Done<'_>,
    state: Option<&State>,
    way: Way,
    options: &PlanOptions,
    open: impl Fn(&RunId) -> Result<Option<Run>>,
) -> Result<Option<Inverse>> {
    if done.runs.iter().all(|run| done.sent(run).next().is_none()) {
        return Err(nothing_done(state).into());
    }
    let mut inverse = Inverse::of(project, way, options);
    let newest = done.runs.iter().map(Run::id).max().cloned();
    let newest = newest.filter(|_| !way.loosened().force_superseded);
    let asked = done.runs.iter().flat_map(Run::steps).map(|(step, _)| identity(step));
    inverse.part_of = others_stand(done, state, &open)?;
    let declared: BTreeMap<Identity, Address> = project
        .spec
        .interfaces
        .iter()
        .map(|(address, entry)| (Identity::of(&entry.scope, &entry.id.value), address.clone()))
        .collect();
    let touched = asked.filter_map(|identity| declared.get(&identity).cloned()).collect();
    inverse.options.way_back = Some(WayBack { touched, newest });
    for (identity, touched) in standing(done, state, way, &open)? {
        let Some(before) = touched.first.goal.desired().map(DesiredStatus::inverse) else { continue };
        let address = inverse.wish(touched.step, declared.get(&identity), before, way);
        inverse.changes.extend(change_of(touched.run, touched.step).map(|change| (address.clone(), change)));
        if let Some((run_id, change_id)) = touched.superseded_by
            && !way.loosened().force_superseded
        {
            inverse.options.held.insert(address.clone(), BlockReason::Superseded { run_id, change_id, other: None });
        }
        if !inverse.options.held.contains_key(&address) {
            let entry = project.spec.interfaces.get(&address).map(Interface::digest);
            let follows = follows(touched.run)(&identity);
            let ground = Ground { interface_id: identity.id, scope: identity.scope, follows, entry };
            inverse.grounds.insert(address, ground);
        }
    }
    inverse.options.targets.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    Ok((!inverse.options.targets.is_empty()).then_some(inverse))
}

/// What runs that are to be taken back together did to one interface, as far as it stands.
struct Touched<'r> {
    /// The first of them that did something to it.
    run: &'r Run,
    /// Its step.
    step: &'r PlannedStep,
    /// The first step of them all that was about it, sent or found done when its turn came: what that led away from stood before.
    first: &'r PlannedStep,
    /// The run of others that has changed it since, and the change that it belonged to.
    superseded_by: Option<(RunId, Option<String>)>,
}

/// Lists what stands of what runs did, in the order of their steps.
fn standing<'r>(
    done: Done<'r>,
    state: Option<&State>,
    way: Way,
    open: impl Fn(&RunId) -> Result<Option<Run>>,
) -> Result<Vec<(Identity, Touched<'r>)>> {
    let own: BTreeSet<&RunId> = done.runs.iter().map(Run::id).collect();
    let mut found: Vec<(Identity, Touched<'r>)> = Vec::new();
    let mut first: BTreeMap<Identity, &PlannedStep> = BTreeMap::new();
    for run in done.runs {
        for step in done.moved(run) {
            first.entry(identity(step)).or_insert(step);
        }
        let mut known = BTreeMap::new();
        for step in done.sent(run) {
            let identity = identity(step);
            let record = record_of(state, &identity);
            let superseded_by = match since::since(run, record, &mut known, &open)? {
                Since::TakenBack if way == Way::Closing => None,
                Since::TakenBack => continue,
                Since::Superseded { run_id, change_id } if !own.contains(&run_id) => Some((run_id, change_id)),
                Since::Superseded { .. } | Since::Stands => None,
            };
            match found.iter_mut().find(|(known, _)| *known == identity) {
                // What the last of them says of others holds.
                Some((_, touched)) => touched.superseded_by = superseded_by,
                None => {
                    let first = first.get(&identity).copied().unwrap_or(step);
                    found.push((identity, Touched { run, step, first, superseded_by }));
                }
            }
        }
    }
    Ok(found)
}

fn identity(step: &PlannedStep) -> Identity {
    Identity::of(&step.scope, &step.interface_id)
}

fn record_of<'s>(state: Option<&'s State>, identity: &Identity) -> Option<&'s Record> {
    state?.interfaces.of(identity).map(|(_, record)| record)
}

/// Lists the runs that did something for others than the change that is taken back, which stands.
fn others_stand(
    done: Done<'_>,
    state: Option<&State>,
    open: impl Fn(&RunId) -> Result<Option<Run>>,
) -> Result<Vec<RunId>> {
    let mut found = Vec::new();
    for run in done.runs.iter().filter(|_| done.change.is_some()) {
        let own: BTreeSet<&StepId> = done.sent(run).map(|step| &step.id).collect();
        let mut known = BTreeMap::new();
        for step in sent(run).filter(|step| !own.contains(&step.id)) {
            if since::since(run, record_of(state, &identity(step)), &mut known, &open)? == Since::Stands {
                found.push(run.id().clone());
                break;
            }
        }
    }
    Ok(found)
}

/// Returns of each interface whose change of it stands once the run is taken back.
fn follows(run: &Run) -> impl Fn(&Identity) -> Option<RunId> {
    let evidence = &run.started.evidence;
    let grounds: BTreeMap<Identity, Option<RunId>> = evidence
        .grounds
        .iter()
        .map(|ground| (Identity::of(&ground.scope, &ground.interface_id), ground.follows.clone()))
        .collect();
    // Taking back a way back does again what it had taken back.
    let redone = (run.started.operation == Operation::Rollback).then(|| evidence.takes_back.first().cloned());
    move |identity| redone.clone().unwrap_or_else(|| grounds.get(identity).cloned().flatten())
}

impl Way {
    fn loosened(self) -> Loosened {
        match self {
            Self::Asked(loosened) => loosened,
            Self::Automatic | Self::Closing => Loosened { undeclared: true, ..Loosened::default() },
        }
    }
}

impl Inverse {
    /// Starts with nothing to take back.
    fn of(project: &Project, way: Way, options: &PlanOptions) -> Self {
        let mut project = project.clone();
        if !way.loosened().with_rollout {
            project.spec.rollout = None;
        }
        if !matches!(way, Way::Asked(_)) {
            // Caps bound what a person asks for; this is bounded by what was done.
            let limits = &mut project.spec.limits;
            (limits.max_changes, limits.max_changes_percent) = (None, None);
            (limits.per_group, limits.per_region) = (None, None);
        }
        let options = PlanOptions { targets: Vec::new(), way_back: Some(WayBack::default()), ..options.clone() };
        Self { project, options, grounds: BTreeMap::new(), changes: BTreeMap::new(), part_of: Vec::new() }
    }

    /// Wishes an interface back, and returns what it is called.
    fn wish(&mut self, step: &PlannedStep, declared: Option<&Address>, before: DesiredStatus, way: Way) -> Address {
        let address = declared.cloned().unwrap_or_else(|| free_name(&self.project.spec, step));
        let is_known = self.project.spec.extent == Extent::Whole;
        if declared.is_none() && is_known && !way.loosened().undeclared {
            self.options.held.insert(address.clone(), BlockReason::Undeclared);
        }
        let entry = self.project.spec.interfaces.entry(address.clone()).or_insert_with(|| undeclared(step, before));
        entry.status.value = before;
        self.options.targets.push(Selector::of(&address));
        address
    }
}

/// Returns what the run called an interface, or its id where something else is called so now.
fn free_name(spec: &Spec, step: &PlannedStep) -> Address {
    if spec.interfaces.contains_key(&step.address) { step.interface_id.as_str().into() } else { step.address.clone() }
}

/// Makes an entry for what the spec does not declare.
fn undeclared(step: &PlannedStep, status: DesiredStatus) -> Interface {
    let place = Place::default();
    Interface {
        id: Placed { value: step.interface_id.clone(), place },
        scope: step.scope.clone(),
        status: Placed { value: status, place },
        group: None,
        labels: BTreeMap::new(),
        depends_on: Vec::new(),
        reason: None,
        protect: None,
        hands_off: None,
        activate_timeout: None,
        deactivate_timeout: None,
        planned: Planned::default(),
        place,
        places: InterfacePlaces::default(),
    }
}

/// Returns the change that a step of a run was for.
fn change_of(run: &Run, step: &PlannedStep) -> Option<ChangeName> {
    // Runs of older versions know it of all their steps, or of none.
    step.change_id.clone().or_else(|| run.started.evidence.change_id.as_deref().map(ChangeName::from))
}

/// Says of every change that `what` is its reason, and of all that is done which change it was for: the spec, turned round, is not
/// what anybody wrote.
pub(super) fn explain(plan: &mut Plan, what: &str, changes: &BTreeMap<Address, ChangeName>) {
    for change in &mut plan.resource_changes {
        change.taken_back_by = None;
        if change.action_reason.take().is_some() {
            change.reason = Some(format!("taking back {what}"));
            change.change_id = changes.get(&change.address).cloned();
        }
    }
    for step in &mut plan.steps {
        step.change_id = changes.get(&step.address).cloned();
    }
}
