//! What a run says while it goes on, and what it, or a drift check, has to report at the end.
//!
//! The executor emits [`Event`]s and returns a [`Report`]; `history` makes the same [`Report`] from the journal of
//! a past run. Plain data: how any of it looks is decided in `render`, and events refer to steps by id, so whoever
//! shows them holds the plan.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::{Operation, Outcome, PlannedStep};
use crate::plan::{Action, Expectation, Step, StepId};
use crate::resource::{Call, RequestId, Scope, Status, Target};
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
        /// What the check between waves said; `None` where there was none.
        check: Option<WaveCheck>,
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
        /// More, in words; untrusted text.
        detail: Option<String>,
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
    /// Anything else worth a line; untrusted text.
    Note {
        /// The line.
        text: String,
    },
}

/// What the check between two waves said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaveCheck {
    /// The next wave may begin.
    pub passed: bool,
    /// Why, in words; untrusted text.
    pub detail: String,
}

/// One step of a run and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepResult {
    /// The step.
    #[serde(flatten)]
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
    /// More, in words; untrusted text.
    pub detail: Option<String>,
}

impl StepResult {
    /// Claims that the step's goal was observed.
    pub fn is_at_goal(&self) -> bool {
        self.outcome.is_some_and(Outcome::is_at_goal)
    }

    /// Claims that a call of ours was accepted, or may have been.
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// When it ended; `None` for a run that died, or goes on.
    pub finished_at: Option<Timestamp>,
    /// Its steps, in the plan's order.
    pub results: Vec<StepResult>,
    /// A signal ended it early.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// Why it began no further steps, in words: a wave's check, `--on-error stop`, a lost lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_reason: Option<String>,
    /// What could not be recorded, and where it was written instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<String>,
}

impl Report {
    /// Returns the exit code: 130 where a signal came before the end; else 0 iff every step was observed at its goal and
    /// recorded; 5 iff something was done or is in doubt and something was not; else, nothing done, the reason's own: 3
    /// for a guard, 4 for a cloud that moved, 1 for the rest.
    pub fn exit_code(&self) -> u8 {
        let all_at_goal = self.results.iter().all(StepResult::is_at_goal);
        let some = |outcome| self.results.iter().any(|result| result.outcome == Some(outcome));
        if self.interrupted {
            130
        } else if all_at_goal && self.unrecorded.is_none() {
            0
        } else if self.results.iter().any(StepResult::may_have_changed_something) {
            5
        } else if some(Outcome::Guarded) {
            3
        } else if some(Outcome::Moved) {
            4
        } else {
            1
        }
    }

    /// Counts the interfaces that a call of this run brought to their goal.
    pub fn changed(&self) -> usize {
        let changed = |result: &&StepResult| {
            result.step.call.is_some() && matches!(result.outcome, Some(Outcome::Done | Outcome::DoneUnknown))
        };
        let addresses: std::collections::BTreeSet<_> =
            self.results.iter().filter(changed).map(|result| &result.step.address).collect();
        addresses.len()
    }
}

/// Says how long each step may be expected to take: as the same step did in past runs, else as its kind of call did.
///
/// Each is the median of what was observed at its goal; a step of which nothing is known is left out.
pub fn expected_durations(steps: &[Step], past: &[Report]) -> BTreeMap<StepId, Duration> {
    let mut by_step: BTreeMap<&StepId, Vec<Duration>> = BTreeMap::new();
    let mut by_call: BTreeMap<Call, Vec<Duration>> = BTreeMap::new();
    for result in past.iter().flat_map(|report| &report.results) {
        let (Some(Outcome::Done), Some(call)) = (result.outcome, result.step.call) else { continue };
        let (Some(from), Some(to)) = (result.started_at, result.finished_at) else { continue };
        let Ok(taken) = Duration::try_from(to.duration_since(from)) else { continue };
        by_step.entry(&result.step.id).or_default().push(taken);
        by_call.entry(call).or_default().push(taken);
    }
    let expected = |step: &Step| {
        let Action::Call(call) = step.action else { return None };
        let taken = by_step.get(&step.id).or_else(|| by_call.get(&call))?;
        Some((step.id.clone(), median(taken)))
    };
    steps.iter().filter_map(expected).collect()
}

fn median(taken: &[Duration]) -> Duration {
    let mut taken = taken.to_vec();
    taken.sort_unstable();
    taken.get(taken.len() / 2).copied().unwrap_or_default()
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

#[cfg(test)]
mod tests;
