//! A saved plan at its apply: made once more from the spec and the records of now and from what the file says it chose
//! and read, and compared; and what differs when a digest does.
//!
//! Nothing of the file is run. The plan that is made again runs, and only if it would do what the file says: a forged
//! file is refused, or without effect. Which interfaces belong together is read now, never taken from the file.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use jiff::Timestamp;

use crate::calendar::Zone;
use crate::language::{Wording, say, worded};
use crate::plan::{
    Action, BlockCode, BlockReason, Blocked, Exceeded, InterfaceRead, LeftAloneReason, Plan, PlanInputs, PlanOptions,
    Step,
};
use crate::render::words;
use crate::resource::{Address, BusinessStatus, Call, LiveState, Observed, Reading, Region, Status, Target};
use crate::selector::Choice;
use crate::spec::{Interface, Spec};
use crate::state::State;

use super::failure::{Exit, Refusal};
use super::live;
use super::project::Project;

/// What a saved plan is compared with.
pub(super) struct Now<'a> {
    /// The spec, as it is now.
    pub(super) project: &'a Project,
    /// The records, as they are now.
    pub(super) state: Option<&'a State>,
    /// What was just read.
    pub(super) live: &'a LiveState,
    /// Whose interfaces these are.
    pub(super) target: &'a Target,
    /// It is no file: `rictl approve` kept it.
    pub(super) is_approved: bool,
}

impl Now<'_> {
    /// Makes a saved plan again, and returns that if it would do what the file says and nothing it rests on has moved.
    /// `options` are those of this apply; what the file chose is taken from the file.
    ///
    /// # Errors
    /// Exit 3 where a guard is loosened that nobody loosened here, 4 with every difference, and those of planning.
    pub(super) fn make_again(&self, saved: &Plan, options: &PlanOptions) -> Result<Plan> {
        let mut moved = self.moved_records(saved);
        let PlanInputs { target, exclude, .. } = &saved.inputs;
        if let Err(bad) = self.project.spec.choose(Choice { targets: target, excludes: exclude }) {
            moved.extend(bad.iter().map(|bad| Wording::new(|| words::selection::no_longer(bad))));
            return Err(self.stale(moved).into());
        }
        if let Some(at) = saved.at.filter(|at| *at > options.now) {
            return Err(too_early(at, &self.project.spec.time_zone).into());
        }
        let options = PlanOptions { way_back: None, ..options.chosen_by(saved) };
        let read = as_read(saved, &self.project.spec, self.live);
        let Self { project, state, target, .. } = *self;
        let as_of = saved.at.map(|at| project.clone().as_of(at));
        let project = as_of.as_ref().unwrap_or(project);
        let known = live::Known { project, state, live: &read, doubts: &[], target };
        let (plan, unsaid) = live::plan_as_said(&known, &live::Heard::of(saved), &options)?;
        moved.extend(unsaid);
        if !saved.steps.is_empty() {
            refuse_caps(&plan)?;
            refuse_last_routes(saved, &plan)?;
            refuse_taken_back(saved, &plan)?;
            refuse_windows(saved, &plan)?;
        }
        let zone = &self.project.spec.time_zone;
        let difference = saved.first_difference(&plan);
        moved.extend(difference.map(|difference| Wording::new(|| words::plan::difference(&difference, zone))));
        moved.extend(first_steps(saved).filter_map(|step| moved_from(step, self.live)));
        if moved.is_empty() { Ok(self.without_old_news(plan)) } else { Err(self.stale(moved).into()) }
    }

    /// Takes out of a plan that rests on what a file says it read what nobody would find moved now, and notes what is where it is
    /// to be by now.
    fn without_old_news(&self, mut plan: Plan) -> Plan {
        let status = |address: &Address| Some(&self.live.readings.get(address)?.found()?.status);
        let goals: BTreeMap<&Address, &Step> = plan.steps.iter().map(|step| (&step.address, step)).collect();
        let is_there = |step: &&Step| step.goal.desired().map(|goal| goal.status()).as_ref() == status(&step.address);
        for change in &mut plan.resource_changes {
            change.is_there_already = goals.get(&change.address).is_some_and(is_there);
        }
        plan.resource_drift
            .retain(|moved| status(&moved.address) == moved.change.after.as_ref().map(|after| &after.status));
        plan
    }

    fn stale(&self, moved: Vec<Wording>) -> Refusal {
        let (summary, hint) = match self.is_approved {
            true => (
                worded!("what was approved is not what would be done now"),
                worded!(
                    "review what `rictl plan` says now, and approve that by `rictl approve DIGEST`: no approval is renewed"
                ),
            ),
            false => (
                worded!("the saved plan is stale: what it was made from has moved, or the file was edited"),
                worded!("run `rictl plan --out FILE` again and review what it says now"),
            ),
        };
        moved.into_iter().fold(Refusal::new(Exit::Moved, summary), Refusal::cause).hint(hint)
    }

    fn moved_records(&self, saved: &Plan) -> Vec<Wording> {
        let mut moved = Vec::new();
        if !saved.target.is_same_as(self.target) {
            let (planned, now) = (&saved.target, self.target);
            moved.push(worded!("target: planned for {planned}, now {now}", planned, now));
        }
        // What was recorded meanwhile decides by what it makes of the plan. Another history, or none, knows of other uses.
        let now = self.state.map(|state| &state.lineage);
        if let Some(planned) = saved.basis.lineage.as_ref().filter(|planned| Some(*planned) != now) {
            moved.push(worded!(
                "state: planned on {planned}, now {now}",
                planned,
                now = now.map_or(say!("no state"), String::as_str)
            ));
        }
        moved
    }
}

/// Refuses a plan whose caps somebody overrode when it was made, and nobody does now.
fn refuse_caps(plan: &Plan) -> Result<(), Refusal> {
    let cap = plan.blocked.iter().find_map(|blocked| match &blocked.reason {
        BlockReason::Cap { changes, exceeded: Exceeded::Forgotten, .. } => {
            Some((*changes, "--allow-forgotten", blocked))
        }
        BlockReason::Cap { changes, .. } => Some((*changes, "--allow-changes", blocked)),
        _ => None,
    });
    let Some((changes, flag, blocked)) = cap else { return Ok(()) };
    let refusal = Refusal::new(Exit::Refused, worded!("the saved plan is larger than a cap allows"))
        .cause(Wording::new(|| words::plan::blocked(plan, blocked)));
    Err(refusal.hint(worded!(
        "a file overrides no cap: if {changes} are meant, give {flag} {changes} to `rictl apply PLAN` too",
        changes,
        flag
    )))
}

/// Refuses a plan that takes a route its last next hop, which somebody allowed when it was made and nobody does now.
fn refuse_last_routes(saved: &Plan, plan: &Plan) -> Result<(), Refusal> {
    let steps: BTreeSet<&Address> = saved.steps.iter().map(|step| &step.address).collect();
    let is_lost = |blocked: &&Blocked| blocked.code() == BlockCode::Route && steps.contains(&blocked.address);
    let Some(lost) = plan.blocked.iter().find(is_lost) else { return Ok(()) };
    let refusal = Refusal::new(Exit::Refused, worded!("the saved plan takes a route its last next hop"));
    let refusal = refusal.cause(Wording::new(|| words::plan::blocked(plan, lost)));
    Err(refusal.hint(worded!(
        "a file allows nothing: if that is meant, give --allow-last-route {address} to `rictl apply PLAN` too",
        address = lost.address
    )))
}

/// Refuses a plan of a moment that has not come.
fn too_early(at: Timestamp, zone: &Zone) -> Refusal {
    let summary = worded!("the saved plan is of {at}, which has not come", at = zone.shown(at));
    Refusal::new(Exit::Refused, summary).hint(worded!("apply it then, or plan again without --at"))
}

/// Refuses a plan about which a change has begun or ended since.
pub(super) fn too_late(plan: &Plan, until: Timestamp) -> Refusal {
    let late = plan.steps.iter().filter(|step| step.valid_until == Some(until));
    let until = plan.time_zone.shown(until);
    let summary = worded!("the plan was valid until {until}, and that is over (change_over)", until);
    let causes = late.map(|Step { id, change_id, .. }| match change_id {
        Some(change) => worded!("{id}: {change} begins or ends then, or another change about it", id, change),
        None => worded!("{id}: a change about it begins then", id),
    });
    let refusal = causes.fold(Refusal::new(Exit::Moved, summary), Refusal::cause);
    refusal.hint(worded!("run `rictl plan` again and review what it says now"))
}

/// Refuses a plan of which windows do not let a call through now, be it that somebody overrode them when it was made.
fn refuse_windows(saved: &Plan, plan: &Plan) -> Result<(), Refusal> {
    let steps: BTreeSet<&Address> = saved.steps.iter().map(|step| &step.address).collect();
    let is_held = |blocked: &&Blocked| blocked.code() == BlockCode::Window && steps.contains(&blocked.address);
    let Some(held) = plan.blocked.iter().find(is_held) else { return Ok(()) };
    let refusal = Refusal::new(Exit::Refused, worded!("windows do not let the saved plan through now"));
    let refusal = refusal.cause(Wording::new(|| words::plan::blocked(plan, held)));
    Err(refusal.hint(worded!(
        "a file overrides no window: if that is meant, give --override-window REASON to `rictl apply PLAN` too"
    )))
}

/// Refuses a plan that does again what was taken back, which somebody asked for when it was made and nobody does now.
fn refuse_taken_back(saved: &Plan, plan: &Plan) -> Result<(), Refusal> {
    let steps: BTreeSet<&Address> = saved.steps.iter().map(|step| &step.address).collect();
    let taken_back = plan
        .left_alone
        .iter()
        .find(|left| matches!(left.reason, LeftAloneReason::RolledBack { .. }) && steps.contains(&left.address));
    let Some(left) = taken_back else { return Ok(()) };
    let refusal = Refusal::new(Exit::Refused, worded!("the saved plan does again what was taken back"));
    let refusal = refusal.cause(Wording::new(|| words::plan::left_alone(plan, left)));
    Err(refusal.hint(worded!("a file asks for nothing again: if that is meant, give --redo to `rictl apply PLAN` too")))
}

/// Puts together what the file says it read with what only the cloud of now can say: which interfaces belong together.
fn as_read(saved: &Plan, spec: &Spec, live: &LiveState) -> LiveState {
    // What a plan of a part did not ask for it says nothing of; what belongs to it now and did not then, it did not read.
    let (targets, excludes) = (&saved.inputs.target, &saved.inputs.exclude);
    let chosen = spec.choose(Choice { targets, excludes }).unwrap_or_default();
    let unsaid = |place| if chosen.includes(place) { Reading::Unreadable } else { Reading::Unasked };
    let said: BTreeMap<&Address, &InterfaceRead> =
        saved.inputs.read.iter().map(|read| (read.address(), read)).collect();
    let reading = |(place, (address, declared)): (usize, (&Address, &Interface))| {
        let now = live.readings.get(address).and_then(Reading::found);
        let reading = said.get(address).map_or_else(|| unsaid(place), |read| reading(read, declared, now));
        (address.clone(), reading)
    };
    LiveState {
        read_at: live.read_at,
        readings: spec.interfaces.iter().enumerate().map(reading).collect(),
        failures: saved.failures.clone(),
        // What the file says of next hops is all that counts of these.
        others: BTreeMap::new(),
    }
}

fn reading(read: &InterfaceRead, declared: &Interface, now: Option<&Observed>) -> Reading {
    let of = |region: &Region, status: &Status| Observed::of(declared.id.value.clone(), region.clone(), status.clone());
    match read {
        InterfaceRead::Found { status, business_status, opposite_status, .. } => {
            let mut observed = of(&declared.scope.region, status);
            observed.business_status = business_status.clone();
            if let Some(now) = now {
                observed.role = now.role;
                observed.opposite = now.opposite.clone();
                observed.router_id = now.router_id.clone();
                observed.router_type = now.router_type.clone();
            }
            observed.opposite.status = opposite_status.clone();
            Reading::Found(observed)
        }
        InterfaceRead::Elsewhere { region, status, .. } => Reading::Elsewhere(of(region, status)),
        InterfaceRead::Absent { .. } => Reading::Absent,
        InterfaceRead::Unreadable { .. } => Reading::Unreadable,
    }
}

/// Returns whether every interface of a saved plan is where its last step would bring it.
pub(super) fn is_done(saved: &Plan, live: &LiveState) -> bool {
    let last: BTreeMap<&Address, &Step> = saved.steps.iter().map(|step| (&step.address, step)).collect();
    last.values().all(|step| match live.readings.get(&step.address) {
        Some(Reading::Found(observed)) => observed.id == step.interface_id && step.goal.is_reached_by(&observed.status),
        _ => false,
    })
}

/// The first step of each interface: what comes later is expected to be brought about by it.
fn first_steps(plan: &Plan) -> impl Iterator<Item = &Step> {
    let mut seen = std::collections::BTreeSet::new();
    plan.steps.iter().filter(move |step| seen.insert(&step.address))
}

fn moved_from(step: &Step, live: &LiveState) -> Option<Wording> {
    let (address, expect) = (&step.address, &step.expect);
    let found = match live.readings.get(&step.address) {
        Some(Reading::Found(observed)) if step.goal.is_reached_by(&observed.status) => return None,
        Some(Reading::Found(observed)) if step.expect.is_met_by(&observed.status) => {
            return held(step, observed).map(|held| worded!("{address} is {held} now", address, held));
        }
        Some(Reading::Found(observed)) => observed.status.as_str().into(),
        Some(Reading::Elsewhere(observed)) => worded!("in {region}", region = observed.region),
        Some(Reading::Absent) => worded!("gone"),
        Some(Reading::Unreadable | Reading::Unasked) => worded!("unreadable"),
        None => worded!("no longer declared"),
    };
    Some(worded!("{address} was {expect} when planned and is {found} now", address, expect, found))
}

/// Returns what keeps a call from an interface whose status is the expected one.
fn held(step: &Step, observed: &Observed) -> Option<Wording> {
    let Action::Call(call) = step.action else { return None };
    if observed.business_status != BusinessStatus::Normal {
        return Some(observed.business_status.to_string().into());
    }
    let has_no_peer = call == Call::Activate && observed.opposite.status == Some(Status::Deleted);
    has_no_peer.then(|| worded!("without its opposite side, which was deleted,"))
}

/// Says that the plan made afresh is not the one that was approved, and what it would do, line by line. `shown_by` is the command that
/// shows it.
pub(super) fn other_digest(approved: &str, plan: &Plan, shown_by: &str) -> Refusal {
    let steps = plan
        .steps
        .iter()
        .map(|Step { id, expect, goal, .. }| worded!("now: {id}: {expect} -> {goal}", id, expect, goal));
    let blocked = plan.blocked.iter().map(|blocked| {
        let detail = || words::plan::blocked(plan, blocked);
        worded!("now: {address} blocked: {detail}", address = blocked.address, detail = detail())
    });
    let left_alone = plan.left_alone.iter().map(|left| {
        let detail = || words::plan::left_alone(plan, left);
        worded!("now: {address} left alone: {detail}", address = left.address, detail = detail())
    });
    let planned = plan.digest();
    let digests = [worded!("approved {approved}", approved), worded!("planned  {planned}", planned)];
    let refusal = Refusal::new(Exit::Moved, worded!("the plan is not the one that was approved"));
    let refusal = digests.into_iter().chain(steps).chain(blocked).chain(left_alone).fold(refusal, Refusal::cause);
    // Of a digest nobody can tell what it was made from.
    refusal.hint(worded!(
        "review what `rictl {shown_by}` says now, and approve that digest; where the steps are the same, a guard, a reason or a timeout is not",
        shown_by
    ))
}
