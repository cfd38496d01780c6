//! The status table: from a live status and a wish to the steps that lead there, or to the reason why none does.

use crate::attribute::{Expectation, Goal};
use crate::diagnostic::Sources;
use crate::drift;
use crate::plan::{Action, ActionReason, BlockReason, LeftAloneReason, PlanOptions};
use crate::resource::{Call, DesiredStatus, DriftPolicy, Status};

use super::subject::Subject;

/// A step before it has a name, an order and guards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lowered {
    pub(super) action: Action,
    pub(super) expect: Expectation,
    pub(super) goal: Goal,
}

impl Lowered {
    fn call(call: Call, goal: Goal) -> Self {
        Self { action: Action::Call(call), expect: call.transition().from.clone().into(), goal }
    }
}

/// Why something that differs gets no steps.
pub(super) enum Held {
    /// It cannot be had.
    Blocked(BlockReason),
    /// It is not to be touched.
    LeftAlone(LeftAloneReason),
}

impl From<BlockReason> for Held {
    fn from(reason: BlockReason) -> Self {
        Self::Blocked(reason)
    }
}

/// Lowers one interface.
pub(super) fn lower(subject: &Subject<'_>, sources: &Sources, options: &PlanOptions) -> Result<Vec<Lowered>, Held> {
    if !subject.is_unmet() {
        return Ok(Vec::new());
    }
    if let Some(hands_off) = &subject.declared.hands_off {
        let (reason, until) = (hands_off.reason.clone(), hands_off.until);
        return Err(Held::LeftAlone(LeftAloneReason::HandsOff { reason, until, at: sources.locate(hands_off.place) }));
    }
    let observed = subject.within_reach()?;
    if let Some(reason) = options.held.get(subject.address) {
        return Err(reason.clone().into());
    }
    let may_be_left = |steps: Vec<Lowered>, left: LeftAloneReason| match steps.is_empty() {
        true => Err(Held::LeftAlone(left)),
        // What is on its way is no status to be left in: it is seen to its end, and no further.
        false => Ok(steps),
    };
    if let Some(taken_back) = subject.taken_back().filter(|_| !options.redo && !options.is_way_back()) {
        let (run_id, other) = (taken_back.by.clone(), subject.taken_back_with().cloned());
        return may_be_left(to_its_end(&observed.status), LeftAloneReason::RolledBack { run_id, other });
    }
    if options.drift == Some(DriftPolicy::Leave) && !options.is_way_back() && subject.reason() == ActionReason::Drift {
        return may_be_left(to_its_end(&observed.status), LeftAloneReason::Drift);
    }
    if let Some(reason) = drift::unfit(&observed.status) {
        return Err(reason.into());
    }
    let steps = table(&observed.status, subject.desired());
    let forbidden = |step: &Lowered| match step.action {
        Action::Call(call) => subject.forbidden(observed, call, sources),
        Action::Wait => None,
    };
    match steps.iter().find_map(forbidden) {
        Some(reason) => Err(reason.into()),
        None => Ok(steps),
    }
}

/// Returns the wait that sees a transition to its end; nothing for a status of rest.
fn to_its_end(live: &Status) -> Vec<Lowered> {
    let goal = match live {
        Status::Deactivating => Goal::Inactive,
        Status::Activating => Goal::Active,
        Status::Modifying => Goal::Stable,
        Status::Connecting | Status::AcceptingConnecting => Goal::Connected,
        Status::Active | Status::Inactive => return Vec::new(),
        Status::Idle | Status::Deleting | Status::Deleted | Status::Unknown(_) => return Vec::new(),
    };
    vec![Lowered { action: Action::Wait, expect: live.clone().into(), goal }]
}

/// What each live status asks for: docs/explanation/plans.md#from-status-to-step.
fn table(live: &Status, desired: DesiredStatus) -> Vec<Lowered> {
    let call = match desired {
        DesiredStatus::Active => Lowered::call(Call::Activate, Goal::Active),
        DesiredStatus::Inactive => Lowered::call(Call::Deactivate, Goal::Inactive),
    };
    let wait = |goal| Lowered { action: Action::Wait, expect: live.clone().into(), goal };
    match (live, desired) {
        (Status::Active, DesiredStatus::Active) | (Status::Inactive, DesiredStatus::Inactive) => vec![],
        (Status::Active, DesiredStatus::Inactive) | (Status::Inactive, DesiredStatus::Active) => vec![call],
        (Status::Deactivating, DesiredStatus::Inactive) => vec![wait(Goal::Inactive)],
        (Status::Deactivating, DesiredStatus::Active) => vec![wait(Goal::Inactive), call],
        (Status::Activating, DesiredStatus::Active) => vec![wait(Goal::Active)],
        (Status::Activating, DesiredStatus::Inactive) => vec![wait(Goal::Active), call],
        // Ends Active or Inactive; the call then finds its expectation, or its goal.
        (Status::Modifying, _) => vec![wait(Goal::Stable), call],
        // Ends Active, and nothing is left to do, or Idle, where nothing can be done: no call in either case.
        (Status::Connecting | Status::AcceptingConnecting, DesiredStatus::Active) => vec![wait(Goal::Active)],
        (Status::Connecting | Status::AcceptingConnecting, DesiredStatus::Inactive) => {
            vec![wait(Goal::Connected), call]
        }
        // Of these nothing can be asked, which `unfit` has said.
        (Status::Idle | Status::Deleting | Status::Deleted | Status::Unknown(_), _) => vec![],
    }
}
