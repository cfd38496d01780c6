//! Where two plans differ in what they would do: what the digest covers, piece by piece, so that the first can be named.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Expectation, Floor, FloorMember, Goal, Plan, Returning, RolloutPlan, Step, StepId};
use crate::resource::{ChangeName, GroupName, RouterInterfaceId, Scope};

/// Two values of one thing: that of a saved plan, and that of the plan made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sides<T> {
    /// What the file says.
    pub saved: T,
    /// What is now.
    pub now: T,
}

/// What a saved plan says otherwise than the plan made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// A step that only the saved plan has.
    OnlySaved(StepId),
    /// A step that only the plan made again has.
    OnlyNow(StepId),
    /// The same steps, in another order.
    Order,
    /// A part of a step.
    Step(StepId, StepPart),
    /// A group's floor; `None` where a plan has none for it.
    Floor(GroupName, Sides<Option<u32>>),
    /// The links that count towards a group's floor.
    Links(GroupName),
    /// There is a rollout in one of them only.
    Rollout(Sides<bool>),
    /// Which interfaces are in which wave.
    Waves,
    /// The pause between waves, in milliseconds.
    Pause(Sides<u64>),
    /// The argument list between waves.
    Check(Sides<Option<Vec<String>>>),
    /// How long the check may take, in milliseconds.
    CheckTimeout(Sides<u64>),
    /// What a wave has to carry.
    Returning(Sides<Option<Returning>>),
    /// The windows that are overridden.
    Windows(Sides<Vec<String>>),
    /// Something that the digest covers and that has no name here.
    Unnamed,
}

/// A part of a step that two plans say differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepPart {
    /// Which interface it is about, and where.
    Interface(Sides<(RouterInterfaceId, Scope)>),
    /// What it does.
    Action,
    /// What must hold right before.
    Expect(Sides<Expectation>),
    /// What ends it.
    Goal(Sides<Goal>),
    /// What it waits for.
    After,
    /// Its wave.
    Wave(Sides<u32>),
    /// How long its goal may take, in milliseconds; `None` for the setting of the run.
    Timeout(Sides<Option<u64>>),
    /// The change that asks for it.
    Change(Sides<Option<ChangeName>>),
    /// Up to when its call may be sent.
    ValidUntil(Sides<Option<Timestamp>>),
    /// The spec's reason.
    Reason(Sides<Option<String>>),
}

impl Plan {
    /// Returns the first thing that this saved plan would do otherwise than `now`; `None` if their digests are equal.
    pub fn first_difference(&self, now: &Self) -> Option<Difference> {
        if self.digest() == now.digest() {
            return None;
        }
        let found = steps(self, now).or_else(|| floors(&self.floors, &now.floors));
        let found = found.or_else(|| rollouts(self.rollout.as_ref(), now.rollout.as_ref()));
        found.or_else(|| windows(self, now)).or(Some(Difference::Unnamed))
    }
}

fn sides<T: Clone + PartialEq>(saved: &T, now: &T) -> Option<Sides<T>> {
    (saved != now).then(|| Sides { saved: saved.clone(), now: now.clone() })
}

fn windows(saved: &Plan, now: &Plan) -> Option<Difference> {
    let names = |plan: &Plan| plan.overridden.as_ref().map_or_else(Vec::new, |one| one.windows.clone());
    sides(&names(saved), &names(now)).map(Difference::Windows)
}

fn ids(plan: &Plan) -> BTreeSet<&StepId> {
    plan.steps.iter().map(|step| &step.id).collect()
}

fn steps(saved: &Plan, now: &Plan) -> Option<Difference> {
    let (of_saved, of_now) = (ids(saved), ids(now));
    if let Some(step) = saved.steps.iter().find(|step| !of_now.contains(&step.id)) {
        return Some(Difference::OnlySaved(step.id.clone()));
    }
    if let Some(step) = now.steps.iter().find(|step| !of_saved.contains(&step.id)) {
        return Some(Difference::OnlyNow(step.id.clone()));
    }
    let pairs = || saved.steps.iter().zip(&now.steps);
    if saved.steps.len() != now.steps.len() || pairs().any(|(one, other)| one.id != other.id) {
        return Some(Difference::Order);
    }
    let reason = |plan: &Plan, step: &Step| plan.change(&step.address).and_then(|change| change.reason.clone());
    pairs().find_map(|(one, other)| {
        let reason = sides(&reason(saved, one), &reason(now, other)).map(StepPart::Reason);
        Some(Difference::Step(one.id.clone(), step(one, other).or(reason)?))
    })
}

fn step(saved: &Step, now: &Step) -> Option<StepPart> {
    let interface = |step: &Step| (step.interface_id.clone(), step.scope.clone());
    sides(&interface(saved), &interface(now))
        .map(StepPart::Interface)
        .or_else(|| (saved.action != now.action || saved.address != now.address).then_some(StepPart::Action))
        .or_else(|| sides(&saved.expect, &now.expect).map(StepPart::Expect))
        .or_else(|| sides(&saved.goal, &now.goal).map(StepPart::Goal))
        .or_else(|| (saved.after != now.after).then_some(StepPart::After))
        .or_else(|| sides(&saved.wave, &now.wave).map(StepPart::Wave))
        .or_else(|| sides(&saved.settle_timeout_ms, &now.settle_timeout_ms).map(StepPart::Timeout))
        .or_else(|| sides(&saved.change_id, &now.change_id).map(StepPart::Change))
        .or_else(|| sides(&saved.valid_until, &now.valid_until).map(StepPart::ValidUntil))
}

fn by_group(floors: &[Floor]) -> BTreeMap<&GroupName, &Floor> {
    floors.iter().map(|floor| (&floor.group, floor)).collect()
}

fn links(floor: Option<&Floor>) -> Vec<&[FloorMember]> {
    floor.into_iter().flat_map(|floor| &floor.links).map(|link| link.sides.as_slice()).collect()
}

fn floors(saved: &[Floor], now: &[Floor]) -> Option<Difference> {
    let (of_saved, of_now) = (by_group(saved), by_group(now));
    of_saved.keys().chain(of_now.keys()).find_map(|group| {
        let (one, other) = (of_saved.get(group).copied(), of_now.get(group).copied());
        sides(&one.map(|floor| floor.min_up), &other.map(|floor| floor.min_up))
            .map(|sides| Difference::Floor((*group).clone(), sides))
            .or_else(|| (links(one) != links(other)).then(|| Difference::Links((*group).clone())))
    })
}

fn rollouts(saved: Option<&RolloutPlan>, now: Option<&RolloutPlan>) -> Option<Difference> {
    let (Some(saved), Some(now)) = (saved, now) else {
        return sides(&saved.is_some(), &now.is_some()).map(Difference::Rollout);
    };
    (saved.waves != now.waves)
        .then_some(Difference::Waves)
        .or_else(|| sides(&saved.pause_ms, &now.pause_ms).map(Difference::Pause))
        .or_else(|| sides(&saved.check, &now.check).map(Difference::Check))
        .or_else(|| sides(&saved.check_timeout_ms, &now.check_timeout_ms).map(Difference::CheckTimeout))
        .or_else(|| sides(&saved.traffic, &now.traffic).map(Difference::Returning))
}
