//! What became of one step, and a planned step as the journal keeps it.

use jiff::Timestamp;

use super::reason::StepReason;
use crate::journal::{Outcome, PlannedStep};
use crate::plan::{Action, Step};
use crate::resource::{RequestId, Status};

/// One step of a run and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepResult {
    /// The step.
    pub step: PlannedStep,
    /// How it ended; `None` while nobody knows: the run died, or goes on.
    pub outcome: Option<Outcome>,
    /// What was read last.
    pub status: Option<Status>,
    /// The API's id of its answer to the call.
    pub request_id: Option<RequestId>,
    /// When that answer was given, by the cloud's clock.
    pub cloud_date: Option<Timestamp>,
    /// When the intent was recorded, or the wait began; `None` where the step never began.
    pub started_at: Option<Timestamp>,
    /// When its outcome was.
    pub finished_at: Option<Timestamp>,
    /// Why, where it did not end plainly.
    pub because: Option<StepReason>,
}

impl StepResult {
    /// Starts the result of a step that has not begun.
    pub fn open(step: PlannedStep) -> Self {
        Self {
            step,
            outcome: None,
            status: None,
            request_id: None,
            cloud_date: None,
            started_at: None,
            finished_at: None,
            because: None,
        }
    }

    /// Returns whether the step's goal was observed.
    pub fn is_at_goal(&self) -> bool {
        self.outcome.is_some_and(Outcome::is_at_goal)
    }

    /// Returns the status that was there before, as far as that is known: what was expected, once it was found.
    pub fn before(&self) -> Option<Status> {
        let expected = self.started_at.and(self.step.expect.status());
        expected.or(self.status.as_ref()).cloned()
    }

    /// Returns when its call was sent: right after its intent was recorded.
    pub fn sent_at(&self) -> Option<Timestamp> {
        self.started_at.filter(|_| self.step.call.is_some())
    }

    /// Returns whether a call of ours was accepted, or may have been.
    pub fn may_have_changed_something(&self) -> bool {
        let sent = match self.outcome {
            None => self.started_at.is_some(),
            Some(Outcome::Done | Outcome::DoneUnknown | Outcome::Unsettled | Outcome::InDoubt) => true,
            Some(_) => false,
        };
        sent && self.step.call.is_some()
    }
}

/// Makes a journal's view of a step; `reason` is the spec's.
pub fn planned_step(step: &Step, reason: Option<String>) -> PlannedStep {
    PlannedStep {
        id: step.id.clone(),
        address: step.address.clone(),
        call: match step.action {
            Action::Call(call) => Some(call),
            Action::Wait => None,
        },
        interface_id: step.interface_id.clone(),
        scope: step.scope.clone(),
        expect: step.expect.clone(),
        goal: step.goal,
        reason,
        change_id: step.change_id.clone(),
        guards: step.guards.clone(),
    }
}
