//! The planner: a plain function from what is declared, live and recorded to a [`Plan`].
//!
//! It is the list of passes in [`plan`]: match up, select, lower, pair, hold back by windows, order, guard floors and routes, enforce caps, cut the rollout,
//! remark. No clock, no randomness, no environment, no prose; equal input gives byte-equal plans. Where a change cannot
//! be had, that is a `Blocked` entry and the rest stands; only a question that makes no sense (a `--target` that selects nothing) is
//! an error. That the result really keeps its promises is checked by `Plan::check`, which shares no code with `floors`.

mod caps;
mod clashes;
mod draft;
mod floors;
pub mod guards;
mod health;
mod lower;
mod order;
mod pairs;
mod remarks;
mod rollout;
mod routes;
mod selection;
mod subject;
mod traffic;
mod unconfirmed;
mod windows;

use std::collections::{BTreeMap, BTreeSet};

use crate::attribute::Values;
use crate::drift::{OtherEnds, match_up, opposite_sides};
use crate::plan::{
    About, Basis, BlockReason, Change, ChangeAction, Doubt, HealthEnd, HealthRead, InterfaceRead, Plan, PlanInputs,
    PlanOptions, ResourceChange, RoutesHeard, TrafficEnd, TrafficHeard,
};
use crate::resource::{Address, ChangeName, LiveState, Router, RouterInterfaceId, Scope, Target};
use crate::schedule;
use crate::selector::BadChoice;
use crate::spec::Spec;
use crate::state::State;

use draft::Draft;
use routes::Routes;
use subject::{Subjects, resource_change, resource_drift};
pub use unconfirmed::overdue;

/// Everything a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What is declared.
    pub spec: &'a Spec,
    /// The digest of the spec's text.
    pub spec_digest: &'a str,
    /// What the cloud just said of what the plan is to tell of.
    pub live: &'a LiveState,
    /// What was recorded, if anything was.
    pub state: Option<&'a State>,
    /// Whose interfaces these are.
    pub target: &'a Target,
    /// What a dead run left open.
    pub doubts: &'a [Doubt],
    /// What the health checks said that were asked for.
    pub health: &'a [HealthRead],
    /// What was heard of the interfaces whose traffic was asked for.
    pub traffic: &'a [TrafficHeard],
    /// What was read of the routes that were asked for.
    pub routes: &'a RoutesHeard,
}

/// A plan, and what has to be asked before it can be relied on.
#[derive(Clone, Debug)]
pub struct Draw {
    /// The plan.
    pub plan: Plan,
    /// What it has not heard of: ask and plan again.
    pub questions: Questions,
}

/// What a plan has to hear of before it can be relied on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Questions {
    /// Health checks.
    pub health: Vec<HealthEnd>,
    /// Routers whose route tables are to be read.
    pub routers: Vec<Router>,
    /// Next hops that were not read as declared interfaces.
    pub hops: Vec<(Scope, RouterInterfaceId)>,
    /// Interfaces of which it has not heard what they carry.
    pub traffic: Vec<TrafficEnd>,
}

impl Questions {
    /// Returns whether nothing has to be asked.
    pub fn is_empty(&self) -> bool {
        self.health.is_empty() && self.routers.is_empty() && self.hops.is_empty() && self.traffic.is_empty()
    }
}

/// What is held back, by address, and why.
pub type Held = BTreeMap<Address, BlockReason>;

/// Plans how to bring every declared interface to its status.
///
/// # Errors
/// Every selector in `options` that means nothing, and a choice of which nothing is left.
pub fn plan(inputs: &Inputs<'_>, options: &PlanOptions) -> Result<Plan, Vec<BadChoice>> {
    draw(inputs, options).map(|drawn| drawn.plan)
}

/// Plans, and says which health checks and routes have to be heard of first.
///
/// # Errors
/// As [`plan`].
pub fn draw(inputs: &Inputs<'_>, options: &PlanOptions) -> Result<Draw, Vec<BadChoice>> {
    let mut options = options.clone();
    loop {
        let (drawn, lost) = draw_once(inputs, &options)?;
        if lost.is_empty() {
            return Ok(drawn);
        }
        // What its routes hold back makes room for what a floor refused for want of it.
        options.held.extend(lost);
    }
}

/// Plans once; returns beside it what may not go down for its routes, which the plan does not heed yet.
fn draw_once(inputs: &Inputs<'_>, options: &PlanOptions) -> Result<(Draw, Held), Vec<BadChoice>> {
    let spec = inputs.spec;
    let asked_of_drift = options.drift;
    let options = &PlanOptions { drift: Some(options.drift.unwrap_or(spec.drift)), ..options.clone() };
    let mut subjects = match_up(spec, inputs.live, inputs.state);
    let by_then =
        |meanwhile| schedule::assumed(spec, &OtherEnds::of(subjects.iter(), opposite_sides(&subjects)), meanwhile);
    let (assumed, reached) = options.meanwhile().map(by_then).unwrap_or_default();
    subjects.iter_mut().for_each(|subject| subject.assumed = reached.get(subject.address).copied());
    let subjects = Subjects::from(subjects);
    let pairs = pairs::recognise(&subjects);
    let options = &*unconfirmed::hold((&subjects, &pairs), inputs.state, options);
    let selection = selection::select(spec, options)?;
    let mut draft = Draft::lower(&subjects, &selection, &spec.sources, options);
    pairs::leave_other_ends(spec, (&subjects, &pairs), (&selection, options.way_back.as_ref()), &mut draft);
    clashes::block(spec, (&subjects, &pairs), options, &mut draft);
    let held = windows::hold(spec, &subjects, &pairs, options, &mut draft);
    traffic::hold(spec, &subjects, inputs.traffic, options, &mut draft);
    // A way back brings up what was up, whatever it needed then.
    let needs = order::Needs::new(&subjects, &draft, |needed| !options.is_way_back() || selection.includes(needed));
    order::block_dependants(&subjects, &needs, &mut draft);
    let mut graph = order::Graph::new(&subjects, &pairs, needs, &draft);
    let checks = health::Checks::new(spec, inputs.target, inputs.health);
    let scene = floors::Scene { subjects: &subjects, pairs: &pairs, checks: &checks };
    let mut floors = floors::guard(spec, &scene, &mut draft, &mut graph);
    let mut routes = Routes::default();
    // What a cap refuses as a whole goes nowhere; but it is counted without what its routes hold back.
    if options.allow_changes.is_some() || !caps::are_exceeded(spec, &subjects, &draft) {
        let (subjects, pairs, checks) = (&subjects, &pairs, &checks);
        let (draft, graph, heard) = (&draft, &graph, inputs.routes);
        routes = routes::guard(&routes::Scene { spec, subjects, pairs, checks, draft, graph, heard }, options);
    }
    let forgotten = remarks::forgotten(spec, inputs.state);
    let allow_changes = caps::enforce(spec, &subjects, options, &mut draft);
    let (allow_forgotten, mut gone) = caps::enforce_forgotten(spec, &forgotten, (&subjects, &mut draft), options);
    if !subjects.numbers().any(|number| draft.deactivates(number)) {
        routes = routes.of_nothing();
    }
    // What takes back has limits of its own, which nobody has weakened.
    let guards_weakened = if options.is_way_back() { Vec::new() } else { guards::weakened(spec, inputs.state) };
    let mut warnings = pairs::half_up(spec, (&subjects, &pairs), &draft, options.is_way_back());
    // What a run did is all that its way back looks at.
    warnings.extend(selection.warning().filter(|_| !options.is_way_back()));
    warnings.extend(unconfirmed::warnings(inputs, options.now));
    warnings.extend(held.warning());
    warnings.extend(remarks::unguarded(&subjects, &pairs, &draft));
    warnings.extend(remarks::watch(spec, &subjects, &draft, options));
    let heard = std::mem::take(&mut floors.heard);
    warnings.extend(heard.warnings);
    warnings.extend(TrafficHeard::warning(inputs.traffic));
    let unheard = traffic::questions(spec, &subjects, inputs.traffic, (&selection, options), &draft);
    warnings.extend(routes.warnings);
    let levels = graph.levels(&draft);
    let rollout = rollout::cut(spec, &subjects, &draft, &levels);
    let mut steps = graph.into_steps(&subjects, &draft, &levels, rollout.as_ref(), &floors.guards);
    if options.is_way_back() {
        // What is taken back is of no change's time.
        steps.iter_mut().for_each(|step| (step.change_id, step.valid_until) = (None, None));
    }
    let resource_changes = changes(spec, &subjects, &draft);
    let (mut blocked, left_alone) = draft.into_held();
    blocked.append(&mut gone);
    blocked.sort_by(|one, other| one.address.cmp(&other.address));
    warnings.extend(guards::warning(&guards_weakened));
    warnings.extend(remarks::renamed(spec, inputs.state).filter(|_| !options.is_way_back()));
    warnings.extend(remarks::leaves_the_spec(spec, &forgotten));
    let (target, exclude) = selection.asked();
    let concerns = |name: &ChangeName| selection.concerns(&subjects, &spec.changes[name].selected);
    let assumed = assumed.into_iter().filter(|assumed| concerns(&assumed.change_id)).collect();
    let upcoming = schedule::upcoming(spec, options.moment()).into_iter();
    let upcoming = upcoming.filter(|upcoming| concerns(&upcoming.change_id)).collect();
    let (targeted, excluded) = selection.addresses(&subjects);
    let plan = Plan {
        timestamp: options.now,
        about: if options.is_way_back() { About::WayBack } else { About::Spec },
        target: inputs.target.clone(),
        basis: Basis {
            lineage: inputs.state.map(|state| state.lineage.clone()).filter(|lineage| !lineage.is_empty()),
            serial: inputs.state.map_or(0, |state| state.serial),
            spec: None,
            spec_digest: inputs.spec_digest.to_owned(),
        },
        resource_changes,
        resource_drift: subjects
            .iter()
            .filter(|(_, subject)| subject.assumed.is_none())
            .filter_map(|(_, subject)| resource_drift(subject))
            .collect(),
        floors: floors.touched(&steps),
        groups: subjects.group_health(spec, |number| pairs.peer(number), &|sides| checks.why_down(sides)),
        steps,
        blocked,
        left_alone,
        forgotten,
        guards_weakened,
        rollout,
        warnings,
        doubts: inputs.doubts.to_vec(),
        failures: inputs.live.failures.clone(),
        targeted,
        excluded,
        at: options.at,
        assumed,
        upcoming,
        time_zone: spec.time_zone.clone(),
        gates: held.gates,
        overridden: held.overridden,
        traffic: traffic::carried(inputs.traffic),
        quiet_below: traffic::limit(spec, options).map(|limit| limit.value.bits_per_second()),
        inputs: PlanInputs {
            target,
            exclude,
            allow_changes,
            drift: asked_of_drift,
            allow_forgotten,
            redo: options.redo,
            assumed_before: options.assumed_before.filter(|_| options.at.is_some()),
            read: subjects
                .iter()
                .filter_map(|(_, subject)| InterfaceRead::of(subject.address, subject.reading))
                .collect(),
            health: inputs.health.to_vec(),
            allow_last_route: routes.allowed,
            routes: routes::read(inputs.routes, &subjects),
        },
        routes: routes.left,
        route_guards: routes.guards,
    };
    let mut health = heard.questions;
    let is_new = |end: &HealthEnd| !health.iter().any(|known| known.interface_id == end.interface_id);
    let more: Vec<HealthEnd> = routes.checks.into_iter().filter(is_new).collect();
    health.extend(more);
    let (routers, hops) = (routes.routers.into_iter().collect(), routes.hops.into_iter().collect());
    Ok((Draw { plan, questions: Questions { health, routers, hops, traffic: unheard } }, routes.lost))
}

/// Returns what windows and clashes of changes hold back at a moment, and why.
pub fn held_back(spec: &Spec, live: &LiveState, state: Option<&State>, options: &PlanOptions) -> Held {
    if spec.changes.is_empty() && spec.windows.is_empty() {
        return Held::new();
    }
    let subjects = Subjects::from(match_up(spec, live, state));
    let Ok(selection) = selection::select(spec, options) else { return Held::new() };
    let mut draft = Draft::lower(&subjects, &selection, &spec.sources, options);
    let before: BTreeSet<Address> = draft.blocked().map(|blocked| blocked.address.clone()).collect();
    let pairs = pairs::recognise(&subjects);
    pairs::leave_other_ends(spec, (&subjects, &pairs), (&selection, None), &mut draft);
    clashes::block(spec, (&subjects, &pairs), options, &mut draft);
    windows::hold(spec, &subjects, &pairs, options, &mut draft);
    let (blocked, _) = draft.into_held();
    let since = blocked.into_iter().filter(|blocked| !before.contains(&blocked.address));
    since.map(|blocked| (blocked.address, blocked.reason)).collect()
}

fn changes(spec: &Spec, subjects: &Subjects<'_>, draft: &Draft) -> Vec<ResourceChange> {
    let change = |(number, subject): (_, &subject::Subject<'_>)| {
        let change = Change {
            actions: [if draft.changes(number) { ChangeAction::Update } else { ChangeAction::NoOp }],
            before: subject.live().map(|live| Values { status: live.status.clone() }),
            after: Some(Values { status: subject.desired().status() }),
        };
        let mut resource = resource_change(subject, change);
        if draft.is_unmet(number) {
            resource.action_reason = Some(subject.reason());
            resource.taken_back_by = subject.taken_back().map(|taken_back| taken_back.by.clone());
            resource.change_id = subject.change().cloned();
            resource.reason = subject.declared.reason.clone();
            resource.since = subject.since();
            resource.declared_at = Some(spec.sources.locate(subject.declared.status.place));
        }
        resource
    };
    // Most were asked for: as much room as all of them need, and none beyond.
    let mut changes = Vec::with_capacity(subjects.len());
    changes.extend(subjects.iter().filter(|(_, subject)| subject.is_asked()).map(change));
    changes
}
