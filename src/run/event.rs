//! What a run says while it goes on.

use std::time::Duration;

use super::reason::{NotUp, Reason, StepReason, StopReason, WaveFailure};
use crate::journal::Outcome;
use crate::language::Wording;
use crate::plan::{BlockCode, StepId};
use crate::resource::{Address, RequestId, Scope, Status};
use crate::state::RunId;

/// Something that happened during a run. The moment travels beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The run is recorded and begins.
    RunStarted {
        /// Its id.
        run_id: RunId,
        /// How many steps it has.
        steps: usize,
    },
    /// A wave of the rollout begins. Runs without a rollout have no waves.
    WaveStarted {
        /// Which, from 1.
        wave: u32,
        /// Of how many.
        waves: u32,
    },
    /// A wave has ended and what stands between it and the next was looked at.
    WaveFinished {
        /// Which, from 1.
        wave: u32,
        /// Of how many.
        waves: u32,
        /// Whether the next may begin, or why not.
        check: Result<(), WaveFailure>,
    },
    /// A step waits for a transition that somebody else started.
    StepWaiting {
        /// The step.
        step: StepId,
        /// What was read.
        status: Status,
    },
    /// A mutating call leaves; its intent is on disk.
    CallSent {
        /// The step.
        step: StepId,
    },
    /// The API accepted the call.
    CallAccepted {
        /// The step.
        step: StepId,
        /// The API's id of its answer.
        request_id: RequestId,
    },
    /// A step is still not at its goal.
    Progress {
        /// The step.
        step: StepId,
        /// What was read last; `None` where no read was possible.
        status: Option<Status>,
        /// Since the call was sent, or the wait began.
        elapsed: Duration,
    },
    /// A step has ended and its result is on disk.
    StepFinished {
        /// The step.
        step: StepId,
        /// How.
        outcome: Outcome,
        /// What was read last.
        status: Option<Status>,
        /// Since the call was sent, or the wait began.
        elapsed: Duration,
        /// The API's id of its answer to the call.
        request_id: Option<RequestId>,
        /// Why, where it did not end plainly.
        because: Option<StepReason>,
    },
    /// A call waits since an earlier run has moved others of its group so recently that a read may show how they were before.
    HeldUp {
        /// The step.
        step: StepId,
        /// Whom that run has moved.
        moved: Vec<Address>,
        /// For how long, at most.
        wait: Duration,
    },
    /// The API asked to slow down.
    Throttled {
        /// Where.
        scope: Scope,
        /// Which action.
        action: &'static str,
        /// How long the run waits.
        wait: Duration,
        /// Which attempt failed, from 1.
        attempt: u32,
    },
    /// Nothing new is started from here on.
    Stopping {
        /// Why.
        because: StopReason,
    },
    /// Nothing new is started from here on: what is done could not be recorded.
    CannotRecord {
        /// Why not; untrusted text.
        error: Wording,
    },
    /// A signal came: nothing new is started, and what is in flight is settled for a while.
    Interrupted {
        /// How many steps are in flight.
        in_flight: usize,
        /// For how long they are waited for.
        grace: Duration,
    },
    /// The answer to a call does not tell whether it was done; a read will.
    NoClearAnswer {
        /// The step.
        step: StepId,
        /// What happened to the answer; untrusted text.
        error: Wording,
    },
    /// The API refused a call for the moment; it is sent again through the same checks.
    LookingAgain {
        /// The step.
        step: StepId,
        /// The API's code and words; untrusted text.
        error: Wording,
    },
    /// A scope could not be read.
    CannotRead {
        /// Which.
        scope: Scope,
        /// What the API or the network said; untrusted text.
        error: Wording,
    },
    /// A wave is done, and is good once traffic has come back to what it brought up.
    WaitingForTraffic {
        /// Which, from 1.
        wave: u32,
        /// Of how many.
        waves: u32,
        /// How much of what was carried before, in percent.
        percent: u32,
        /// How long it is waited for.
        within: Duration,
    },
    /// After a pause somebody else is at work on the account, and is waited for.
    WaitingForAccount {
        /// Who, as far as they say or the kernel shows; untrusted text.
        holder: Wording,
    },
    /// The last look found something that the steps did not show: what did not stay, a group below its floor.
    Found {
        /// What.
        reason: Reason,
    },
    /// A member of a touched group that this run left alone went down meanwhile; its group keeps its floor.
    FoundDown {
        /// Which, and why it does not count as up.
        member: NotUp,
    },
}

impl WaveFailure {
    /// Returns the stable word of it in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Failed { .. } | Self::Locked { .. } => "failed",
            Self::Unread { .. } => "unread",
            Self::Lost { .. } => "health_between_waves",
            Self::Check { .. } => "check",
            Self::Unmeasured { .. } | Self::Traffic { .. } => BlockCode::Traffic.as_str(),
        }
    }
}
