//! The status table: from a live status and a wish to the steps that lead there, or to the reason why none does.

use crate::attribute::{Expectation, Goal};
use crate::diagnostic::Sources;
use crate::plan::{Action, BlockReason, LeftAloneReason, PlanOptions};
use crate::resource::{BusinessStatus, Call, DesiredStatus, Observed, Reading, Status};

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
    let observed = match subject.reading {
        Reading::Found(observed) => observed,
        Reading::Absent => return Err(BlockReason::NotFound.into()),
        Reading::Elsewhere(observed) => {
            return Err(BlockReason::WrongRegion { found_in: observed.region.clone() }.into());
        }
        Reading::Unreadable => return Err(BlockReason::Unreadable.into()),
    };
    if let Some(reason) = options.held.get(subject.address) {
        return Err(reason.clone().into());
    }
    if let Some(taken_back) = subject.taken_back().filter(|_| !options.redo && !options.way_back) {
        return Err(Held::LeftAlone(LeftAloneReason::RolledBack { run_id: taken_back.by.clone() }));
    }
    let steps = table(&observed.status, subject.desired())?;
    match steps.iter().find_map(|step| forbidden(subject, observed, step, sources)) {
        Some(reason) => Err(reason.into()),
        None => Ok(steps),
    }
}

/// What each live status asks for: docs/explanation/plans.md#from-status-to-step.
fn table(live: &Status, desired: DesiredStatus) -> Result<Vec<Lowered>, BlockReason> {
    let call = match desired {
        DesiredStatus::Active => Lowered::call(Call::Activate, Goal::Active),
        DesiredStatus::Inactive => Lowered::call(Call::Deactivate, Goal::Inactive),
    };
    let wait = |goal| Lowered { action: Action::Wait, expect: live.clone().into(), goal };
    Ok(match (live, desired) {
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
        (Status::Idle, _) => return Err(BlockReason::Idle),
        (Status::Deleting | Status::Deleted, _) => return Err(BlockReason::Deleting { status: live.clone() }),
        (Status::Unknown(word), _) => return Err(BlockReason::UnknownStatus { word: word.to_string() }),
    })
}

/// Why a step may not be taken: first what the spec forbids, then what the API would refuse.
fn forbidden(subject: &Subject<'_>, observed: &Observed, step: &Lowered, sources: &Sources) -> Option<BlockReason> {
    let Action::Call(call) = step.action else { return None };
    if call == Call::Deactivate
        && let Some(place) = subject.declared.protect
    {
        return Some(BlockReason::Protected { at: sources.locate(place) });
    }
    match &observed.business_status {
        BusinessStatus::Normal => {}
        BusinessStatus::FinancialLocked => return Some(BlockReason::FinancialLocked),
        BusinessStatus::SecurityLocked => return Some(BlockReason::SecurityLocked),
        BusinessStatus::Unknown(word) => return Some(BlockReason::BusinessLocked { word: word.to_string() }),
    }
    (call == Call::Activate && observed.opposite.status == Some(Status::Deleted)).then_some(BlockReason::PeerDeleted)
}
