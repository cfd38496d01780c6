//! What a run did, step by step, and how it ended.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Exit, RunEnd, RunOutcome, StepReason, StopReason, Unrecorded};
use crate::journal::{Operation, Outcome, PlannedStep, RunStarted};
use crate::plan::{Action, Expectation, Step};
use crate::resource::{RequestId, Status, Target};
use crate::state::RunId;

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
        Self { step, outcome: None, status: None, request_id: None, started_at: None, finished_at: None, because: None }
    }

    /// Returns whether the step's goal was observed.
    pub fn is_at_goal(&self) -> bool {
        self.outcome.is_some_and(Outcome::is_at_goal)
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

/// What a run did, step by step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The run.
    pub run_id: RunId,
    /// What it was started as.
    pub operation: Operation,
    /// `user@host`, untrusted text.
    pub who: String,
    /// Whose interfaces.
    pub target: Target,
    /// The digest of the plan that was run.
    pub digest: String,
    /// When it began.
    pub started_at: Timestamp,
    /// Its steps, in the plan's order.
    pub results: Vec<StepResult>,
    /// Why it began no further steps, where it stopped.
    pub stopped: Option<StopReason>,
    /// What could not be recorded.
    pub unrecorded: Option<Unrecorded>,
    /// How it ended; `None` for a run that died, or goes on.
    pub end: Option<RunEnd>,
}

impl Report {
    /// Starts the report of a run that begins.
    pub fn begun(header: &RunStarted) -> Self {
        Self {
            run_id: header.run_id.clone(),
            operation: header.operation,
            who: header.who.clone(),
            target: header.target.clone(),
            digest: header.digest.clone(),
            started_at: header.at,
            results: header.steps.iter().cloned().map(StepResult::open).collect(),
            stopped: None,
            unrecorded: None,
            end: None,
        }
    }

    /// Returns how the run came out; one without an end has died, or goes on.
    pub fn outcome(&self) -> RunOutcome {
        self.end.as_ref().map_or(RunOutcome::Died, |end| end.outcome)
    }

    /// Returns the exit code; `None` for a run that died or goes on.
    pub fn exit(&self) -> Option<Exit> {
        self.end.as_ref().and_then(RunEnd::exit)
    }

    /// Returns when it ended.
    pub fn finished_at(&self) -> Option<Timestamp> {
        self.end.as_ref().map(|end| end.at)
    }

    /// Returns whether a signal ended it early.
    pub fn is_interrupted(&self) -> bool {
        self.outcome() == RunOutcome::Interrupted
    }

    /// Returns whether a call of it was accepted, or may have been.
    pub fn did_something(&self) -> bool {
        self.results.iter().any(StepResult::may_have_changed_something)
    }

    /// Counts the interfaces that a call of this run brought to their goal.
    pub fn changed(&self) -> usize {
        let changed = |result: &&StepResult| {
            result.step.call.is_some() && matches!(result.outcome, Some(Outcome::Done | Outcome::DoneUnknown))
        };
        let addresses: BTreeSet<_> = self.results.iter().filter(changed).map(|result| &result.step.address).collect();
        addresses.len()
    }
}

/// Makes a journal's view of a step; `reason` is the spec's.
pub fn planned_step(step: &Step, reason: Option<String>) -> PlannedStep {
    let Expectation::Status(expect) = step.expect.clone();
    PlannedStep {
        id: step.id.clone(),
        address: step.address.clone(),
        call: match step.action {
            Action::Call(call) => Some(call),
            Action::Wait => None,
        },
        interface_id: step.interface_id.clone(),
        scope: step.scope.clone(),
        expect,
        goal: step.goal,
        reason,
    }
}
