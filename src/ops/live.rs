//! From the spec and the live cloud to a plan: refresh, what a dead run left open, the planner, the inspector.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Result;
use futures_util::future::join3;
use jiff::Timestamp;

use crate::clock::Clock;
use crate::cloud::CloudRead;
use crate::cloud::routes::RoutesRead;
use crate::cloud::traffic::TrafficRead;
use crate::diagnostic::Diagnostics;
use crate::diagnostic::nearest::{did_you_mean, nearest};
use crate::drift::{self, OtherEnds};
use crate::executor::recovery::{self, OpenStep};
use crate::history::{self, Recorded};
use crate::journal::{Answer, Operation, Run};
use crate::language::{Wording, say, worded};
use crate::plan::{Doubt, GroupHealth, HealthRead, Plan, PlanOptions, RoutesHeard, TrafficHeard, Warning};
use crate::planner::{self, Draw, Inputs};
use crate::refresh::{self, Wanted};
use crate::render::words;
use crate::resource::regions::LISTED;
use crate::resource::{Address, DesiredStatus, LastSeen, LiveState, Provider, Reading, ScopeFailure, Target};
use crate::run::{Reason, StopReason, WaveFailure};
use crate::schedule;
use crate::spec::{HealthPolicy, Interface, LastRoutePolicy, Spec};
use crate::state::State;
use crate::store::recorder;

use super::beside;
use super::failure::{Exit, Refusal};
use super::project::Project;
use super::routes;
use super::traffic;

/// Lists what the spec wants to know about.
pub fn wanted(spec: &Spec) -> Vec<Wanted> {
    spec.interfaces.iter().map(|(address, interface)| wanted_of(address, interface)).collect()
}

/// Says what a spec wants to know about one interface.
pub(super) fn wanted_of(address: &Address, interface: &Interface) -> Wanted {
    Wanted { address: address.clone(), scope: interface.scope.clone(), id: interface.id.value.clone() }
}

/// Reads every declared interface.
pub async fn refresh(spec: &Spec, cloud: &impl CloudRead, clock: &Clock) -> LiveState {
    located(spec, refresh::refresh(cloud, clock, &wanted(spec)).await)
}

/// Says of each failure of a read where the spec has what may be misspelt.
pub(super) fn located(spec: &Spec, mut live: LiveState) -> LiveState {
    live.failures.iter_mut().for_each(|failure| locate(spec, failure));
    live
}

/// Says where a region stands that the cloud does not know, and which other of the spec is spelt like it.
fn locate(spec: &Spec, failure: &mut ScopeFailure) {
    let region = &failure.scope.region;
    if !failure.may_be_misspelt {
        return;
    }
    let is_there = |interface: &&Interface| interface.scope == failure.scope;
    let own = spec.interfaces.values().find(is_there).and_then(|interface| interface.places.region);
    let place = own.or_else(|| spec.cloud.region.as_ref().map(|region| region.place));
    let at = place.map(|place| spec.sources.locate(place));
    let is_listed = LISTED.contains(&region.as_str());
    if is_listed {
        // It is spelt as a region is; a world may lack it all the same.
        failure.may_be_misspelt = spec.cloud.provider == Provider::Emulator;
    }
    let others = spec.interfaces.values().map(|interface| interface.scope.region.as_str());
    let others = others.filter(|other| *other != region.as_str()).chain(LISTED);
    let near = if is_listed { None } else { nearest(region.as_str(), others).map(str::to_owned) };
    failure.detail = Wording::new(|| {
        let at = at.as_ref().map(|at| say!("it stands at {at}", at));
        let parts = [Some(failure.detail.to_string()), at, near.as_deref().map(did_you_mean)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(say!("; "))
    });
}

/// Refuses a state that was recorded for somebody else's interfaces.
///
/// # Errors
/// Exit 3 naming both targets.
pub fn check_target(state: Option<&State>, target: &Target, project: &Project) -> Result<()> {
    let Some(state) = state.filter(|state| !state.target.is_same_as(target)) else { return Ok(()) };
    let path = project.place.label();
    let refusal = Refusal::new(Exit::Refused, worded!("the state {path} was recorded for another target", path))
        .cause(worded!("recorded: {target}", target = state.target))
        .cause(worded!("now:      {target}", target));
    let hint = worded!("use the spec and the credentials that belong together, or another `state.path`");
    Err(refusal.hint(hint).into())
}

/// Plans from what was read while the cloud was reached, and returns that as well.
///
/// # Errors
/// A state of another target, a choice that means nothing, nothing that could be read, and bugs.
pub async fn plan_of(
    project: &Project,
    recorded: &Recorded,
    cloud: &(impl CloudRead + RoutesRead + TrafficRead),
    (target, read): (&Target, LiveState),
    options: &PlanOptions,
) -> Result<(Plan, LiveState)> {
    check_target(recorded.state_for(target), target, project)?;
    plan_read(project, recorded, cloud, (target, read), options).await
}

/// Plans from a refresh that has been made, and returns it as well.
pub(super) async fn plan_read(
    project: &Project,
    recorded: &Recorded,
    cloud: &(impl CloudRead + RoutesRead + TrafficRead),
    (target, read): (&Target, LiveState),
    options: &PlanOptions,
) -> Result<(Plan, LiveState)> {
    let closed = recorded.state_as_closed(target);
    let with = beside::told_with_others(closed.as_deref(), project, target)?;
    let state = with.state.as_deref();
    let is_ahead = options.meanwhile().is_some();
    let live = if is_ahead { Cow::Owned(as_of(&project.spec, read.clone(), options)) } else { Cow::Borrowed(&read) };
    let open_run = recorded.journal.replay().open_run();
    let doubts = match &recorded.running {
        // Whoever is at work reads what becomes of its own calls.
        Some(_) => Vec::new(),
        None => open_run.map(|run| doubts(run, &live)).unwrap_or_default(),
    };
    let known = Known { project, state, live: &live, doubts: &doubts, target };
    let mut plan = plan_from(&known, cloud, options).await?;
    plan.warnings.splice(0..0, with.warnings());
    if let Some(warning) = going_on(recorded) {
        if let Warning::RunGoingOn { addresses, .. } = &warning {
            plan.resource_drift.retain(|change| !addresses.contains(&change.address));
        }
        plan.warnings.insert(0, warning);
    }
    let (medium, replay) = (project.place.medium(), recorded.journal.replay());
    if plan.is_rollout() {
        plan.warnings.extend(history::last(&medium, replay)?.as_ref().and_then(stopped_between_waves));
    }
    let newest = recorder::newest_run_of(&medium, replay, &plan.digest())?;
    Ok((plan.dated(newest.map(|run| run.started.at)), read))
}

/// Warns of the last run, where that is an apply which stopped between two waves although its steps went well.
pub(super) fn stopped_between_waves(last: &Run) -> Option<Warning> {
    let stopped = last.end()?.reasons.iter().find_map(|reason| match reason {
        Reason::Stopped { because: StopReason::Wave { because: WaveFailure::Failed { .. }, .. } } => None,
        Reason::Stopped { because: StopReason::Wave { wave, waves, because } } => Some((*wave, *waves, because.code())),
        _ => None,
    });
    let (wave, waves, reason) = stopped.filter(|_| last.started.operation == Operation::Apply)?;
    Some(Warning::RolloutStopped { run_id: last.id().clone(), wave, waves, reason: reason.to_owned() })
}

/// Warns of a run that goes on: what was read may be on its way.
pub(super) fn going_on(recorded: &Recorded) -> Option<Warning> {
    let holder = recorded.running.as_ref()?;
    let who = Wording::new(|| holder.to_string());
    let run = recorded.at_work();
    let steps = run.map(|run| run.started.steps.as_slice()).unwrap_or_default();
    let addresses: BTreeSet<Address> = steps.iter().map(|step| step.address.clone()).collect();
    let run_id = run.map(|run| run.id().to_string());
    Some(Warning::RunGoingOn { run_id, who, addresses: addresses.into_iter().collect() })
}

/// Returns what was read as a plan takes it: with what begins or ends before its moment as done.
pub fn as_of(spec: &Spec, read: LiveState, options: &PlanOptions) -> LiveState {
    let reached = reached(spec, &read, options);
    schedule::as_assumed(read, spec, &reached)
}

/// Returns the statuses that a plan of a later moment takes to have been reached by then.
pub fn reached(spec: &Spec, read: &LiveState, options: &PlanOptions) -> BTreeMap<Address, DesiredStatus> {
    let Some(meanwhile) = options.meanwhile() else { return BTreeMap::new() };
    let other_ends = OtherEnds::read(spec, read);
    schedule::assumed(spec, &other_ends, meanwhile).1
}

/// What a plan is made from, but for what has to be asked once it is known what goes down.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What is declared.
    pub project: &'a Project,
    /// What was recorded.
    pub state: Option<&'a State>,
    /// What the cloud said.
    pub live: &'a LiveState,
    /// What a dead run left open.
    pub doubts: &'a [Doubt],
    /// Whose interfaces these are.
    pub target: &'a Target,
}

/// What was heard of what had to be asked for once it was known what goes down.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    /// What health checks said.
    pub(super) health: Vec<HealthRead>,
    /// What was read of routes.
    pub(super) routes: RoutesHeard,
    /// What interfaces carry.
    pub(super) traffic: Vec<TrafficHeard>,
}

impl Heard {
    /// Returns what a saved plan says that it heard.
    pub(super) fn of(saved: &Plan) -> Self {
        let traffic = saved.traffic.iter().map(|traffic| TrafficHeard { traffic: traffic.clone(), unread: None });
        let (health, routes) = (saved.inputs.health.clone(), saved.inputs.routes.clone());
        Self { health, routes, traffic: traffic.collect() }
    }
}

/// Plans from a refresh that has been made, and asks for the health checks of what keeps the floors of that plan, for the
/// routes over what it deactivates, and for what interfaces carry where that matters.
///
/// # Errors
/// As [`plan_of`].
pub async fn plan_from(
    known: &Known<'_>,
    cloud: &(impl CloudRead + RoutesRead + TrafficRead),
    options: &PlanOptions,
) -> Result<Plan> {
    plan_hearing(known, cloud, options, &mut Heard::default()).await
}

/// Plans as [`plan_from`] does, and asks only for what was not heard before.
pub(super) async fn plan_hearing(
    known: &Known<'_>,
    cloud: &(impl CloudRead + RoutesRead + TrafficRead),
    options: &PlanOptions,
    heard: &mut Heard,
) -> Result<Plan> {
    loop {
        let drawn = draw(known, heard, options)?;
        if drawn.questions.is_empty() {
            return finished(known, drawn.plan);
        }
        // What is asked for gets an answer, be it that there is none, so each question is asked once.
        let limits = &known.project.spec.limits;
        let is_binding = limits.health == HealthPolicy::Block;
        let questions = &drawn.questions;
        let health = refresh::health(cloud, &questions.health, is_binding);
        let traffic = traffic::traffic(cloud, &questions.traffic, options.now);
        let binds = limits.last_route() == LastRoutePolicy::Block;
        let routes = routes::hear(cloud, known.live, questions, (binds, &mut heard.routes));
        let (health, traffic, ()) = Box::pin(join3(health, traffic, routes)).await;
        heard.health.extend(health);
        heard.health.sort_by(|one, other| one.interface_id.cmp(&other.interface_id));
        heard.traffic.extend(traffic);
    }
}

/// Plans from what was said before, and says what the plan rests on of which nothing was.
///
/// # Errors
/// As [`plan_of`].
pub(super) fn plan_as_said(known: &Known<'_>, said: &Heard, options: &PlanOptions) -> Result<(Plan, Vec<Wording>)> {
    let Draw { plan, questions } = draw(known, said, options)?;
    let limits = &known.project.spec.limits;
    let mut unsaid = Vec::new();
    if limits.health == HealthPolicy::Block && !questions.health.is_empty() {
        unsaid.push(worded!("limits.health is `block`, and the file does not say what the health checks said"));
    }
    if limits.last_route() == LastRoutePolicy::Block && !(questions.routers.is_empty() && questions.hops.is_empty()) {
        unsaid.push(worded!("limits.last_route is `block`, and the file does not say what the route tables said"));
    }
    Ok((finished(known, plan)?, unsaid))
}

pub(super) fn draw(known: &Known<'_>, heard: &Heard, options: &PlanOptions) -> Result<Draw> {
    let Heard { health, routes, traffic } = heard;
    let Known { project, state, live, doubts, target } = *known;
    let (spec, spec_digest) = (&project.spec, project.digest.as_str());
    let inputs = Inputs { spec, spec_digest, live, state, target, doubts, health, routes, traffic };
    let drawn = planner::draw(&inputs, options).map_err(|unknown| Diagnostics {
        sources: spec.sources.clone(),
        findings: unknown.iter().map(words::selection::bad_flag).collect(),
    })?;
    Ok(drawn)
}

/// Inspects a plan that has heard everything, and says whose credentials it was made with.
fn finished(known: &Known<'_>, mut plan: Plan) -> Result<Plan> {
    let Known { project, target, live, .. } = *known;
    plan.basis.spec = Some(project.name.clone());
    plan.check().map_err(|broken| {
        let summary = worded!("bug: the planner made a plan that does not keep its promises; nothing was done");
        let refusal = broken.iter().map(ToString::to_string).fold(Refusal::new(Exit::Error, summary), Refusal::cause);
        refusal.hint(worded!("please report it with the spec and this text"))
    })?;
    if let Some(declared) = &project.spec.cloud.account_id
        && declared.value != target.account_id
    {
        plan.warnings.push(Warning::OtherAccount {
            account_id: target.account_id.clone(),
            declared: declared.value.clone(),
            at: project.spec.sources.locate(declared.place),
        });
    }
    plan.warnings.extend(clashes_of_links(project, live, plan.moment()));
    Ok(plan)
}

/// Warns of floors that changes break together ahead of a moment, as only the links that were read show.
pub(super) fn clashes_of_links(project: &Project, live: &LiveState, moment: Timestamp) -> Vec<Warning> {
    let found = project.clashes_of_links(live, moment);
    found.iter().map(|finding| drift::of_spec(&project.spec, finding)).collect()
}

/// Counts the groups as they were read last: after a run, and where that did not look, before it.
pub(super) fn groups_after(spec: &Spec, before: &LiveState, after: &[LastSeen]) -> Vec<GroupHealth> {
    let seen: BTreeMap<_, _> = after.iter().map(|seen| ((&seen.scope, &seen.id), seen)).collect();
    let mut live = before.clone();
    for (address, declared) in &spec.interfaces {
        if let Some(seen) = seen.get(&(&declared.scope, &declared.id.value)) {
            let reading = seen.observed.clone().map_or(Reading::Absent, Reading::Found);
            live.readings.insert(address.clone(), reading);
        }
    }
    drift::groups(spec, &live, None)
}

/// Lists the steps of a run whose end nobody recorded.
pub fn open_steps(run: &Run) -> Vec<OpenStep> {
    run.open_steps()
        .map(|(step, attempt)| OpenStep {
            step: step.clone(),
            accepted: matches!(attempt.answer, Answer::Accepted { .. }),
            lagging: Duration::ZERO,
            may_arrive: None,
        })
        .collect()
}

fn doubts(run: &Run, live: &LiveState) -> Vec<Doubt> {
    let found: BTreeMap<_, _> =
        live.readings.values().filter_map(|reading| reading.found()).map(|seen| (&seen.id, &seen.status)).collect();
    open_steps(run)
        .iter()
        .map(|open| {
            let status = found.get(&open.step.interface_id).copied();
            let is_clear = recovery::finding(open, status).is_some();
            let run_id = run.started.run_id.to_string();
            Doubt { step: open.step.id.clone(), run_id, is_clear, found: status.cloned() }
        })
        .collect()
}
