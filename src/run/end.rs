//! The one end of a run: its exit code, its outcome and its reasons, from everything that is known after the last look.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::exit::Exit;
use super::outcome::RunOutcome;
use super::reason::{Reason, StopReason, Unrecorded};
use super::step::StepResult;
use crate::journal::Outcome;
use crate::plan::{BlockCode, Blocked};
use crate::resource::ScopeFailure;

/// How a run ended, as the journal keeps it and everybody tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunEnd {
    /// When.
    pub at: Timestamp,
    /// The exit code. Says nothing of a run that awaits confirmation; ask [`RunEnd::exit`].
    pub exit: Exit,
    /// How it came out.
    pub outcome: RunOutcome,
    /// Why the exit code is not 0, the run's own reasons first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
}

impl RunEnd {
    /// Returns how a run of the first journal format ended, which kept its exit code and nothing else.
    pub fn of_code(at: Timestamp, exit: Exit) -> Self {
        let outcome = match exit {
            Exit::Done => RunOutcome::Complete,
            Exit::Refused | Exit::Moved => RunOutcome::Refused,
            Exit::Interrupted => RunOutcome::Interrupted,
            Exit::Error | Exit::Changes | Exit::Partial | Exit::Locked => RunOutcome::Incomplete,
        };
        Self { at, exit, outcome, reasons: Vec::new() }
    }

    /// Returns the exit code; `None` where no process ended with one.
    pub fn exit(&self) -> Option<Exit> {
        match self.outcome {
            RunOutcome::Died | RunOutcome::AwaitingConfirmation => None,
            RunOutcome::Complete
            | RunOutcome::Incomplete
            | RunOutcome::Refused
            | RunOutcome::Interrupted
            | RunOutcome::TakenBack => Some(self.exit),
        }
    }
}

impl RunEnd {
    /// Returns the same end of a run that is done and waits to be confirmed: the exit code is the one that it has once it is.
    #[must_use]
    pub fn awaiting(self) -> Self {
        Self { outcome: RunOutcome::AwaitingConfirmation, ..self }
    }

    /// Returns how a run ends at `at` that waited and was confirmed.
    #[must_use]
    pub fn confirmed(self, at: Timestamp) -> Self {
        let outcome = if self.exit == Exit::Done { RunOutcome::Complete } else { RunOutcome::Incomplete };
        Self { at, outcome, ..self }
    }

    /// Returns how a run ends at `at` that waited and was not confirmed; `whole` where all of it was taken back.
    #[must_use]
    pub fn unconfirmed(self, at: Timestamp, because: Vec<Reason>, whole: bool) -> Self {
        let exit = if because.contains(&Reason::Interrupted) { Exit::Interrupted } else { Exit::Partial };
        let outcome = if whole { RunOutcome::TakenBack } else { RunOutcome::Incomplete };
        let reasons = because.into_iter().chain(self.reasons).collect();
        Self { at, exit, outcome, reasons }
    }
}

impl RunEnd {
    /// Returns whether it did all that it was to do: a signal that came after that takes nothing from it.
    pub fn left_nothing(&self) -> bool {
        let is_late = self.exit == Exit::Interrupted && self.reasons == [Reason::Interrupted];
        self.exit == Exit::Done || is_late
    }
}

/// What the last look at what a run touched found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastLook {
    /// What did not stay where its last step left it, and groups below their floors.
    pub found: Vec<Reason>,
    /// What could not be read.
    pub unread: Vec<ScopeFailure>,
}

/// Everything that the end of a run is made from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What became of each step.
    pub results: &'a [StepResult],
    /// What was blocked when it was planned.
    pub blocked: &'a [Blocked],
    /// What could not be read when it was planned.
    pub failures: &'a [ScopeFailure],
    /// What the last look found.
    pub last_look: &'a LastLook,
    /// A signal came before the last look had ended.
    pub interrupted: bool,
    /// Why nothing further was begun.
    pub stopped: Option<&'a StopReason>,
    /// What could not be recorded.
    pub unrecorded: Option<&'a Unrecorded>,
    /// What its own way back may not take back.
    pub not_taken_back: &'a [Blocked],
}

/// Decides how a run ends, at `at`. Of several codes the first that holds: 130 where a signal came; 0 where everything
/// wanted was done, stayed and is recorded; 5 where something was done or is in doubt; and where nothing was, the reason's
/// own: 3 for a guard, 4 for a cloud that moved or a state that somebody took over, 1 for the rest.
pub fn end(facts: &Facts<'_>, at: Timestamp) -> RunEnd {
    let reasons = reasons(facts);
    let did_something = facts.results.iter().any(StepResult::may_have_changed_something);
    let some = |outcome| facts.results.iter().any(|result| result.outcome == Some(outcome));
    // What could not be read is an error, and no guard.
    let is_blocked = facts.blocked.iter().any(|blocked| blocked.code() != BlockCode::Unreadable);
    let (exit, outcome) = if facts.interrupted {
        (Exit::Interrupted, RunOutcome::Interrupted)
    } else if reasons.is_empty() {
        (Exit::Done, RunOutcome::Complete)
    } else if did_something {
        (Exit::Partial, RunOutcome::Incomplete)
    } else if facts.unrecorded.is_some_and(|unrecorded| unrecorded.taken_over) {
        (Exit::Moved, RunOutcome::Refused)
    } else if facts.unrecorded.is_some() {
        (Exit::Error, RunOutcome::Incomplete)
    } else if is_blocked || some(Outcome::Guarded) {
        (Exit::Refused, RunOutcome::Refused)
    } else if some(Outcome::Moved) {
        (Exit::Moved, RunOutcome::Refused)
    } else {
        (Exit::Error, RunOutcome::Incomplete)
    };
    RunEnd { at, exit, outcome, reasons }
}

/// Lists the reasons, the run's own first, then those of its steps, of the last look and of the plan.
fn reasons(facts: &Facts<'_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    reasons.extend(facts.interrupted.then_some(Reason::Interrupted));
    reasons.extend(facts.stopped.map(|because| Reason::Stopped { because: because.clone() }));
    reasons.extend(facts.unrecorded.cloned().map(Reason::Unrecorded));
    reasons.extend(facts.results.iter().filter(|result| !result.is_at_goal()).map(|result| Reason::Step {
        address: result.step.address.clone(),
        outcome: result.outcome,
        because: result.because.clone(),
    }));
    reasons.extend(facts.last_look.found.iter().cloned());
    reasons.extend(facts.last_look.unread.iter().chain(facts.failures).cloned().map(Reason::Unread));
    reasons.extend(facts.not_taken_back.iter().cloned().map(Reason::NotTakenBack));
    reasons.extend(facts.blocked.iter().cloned().map(Reason::Blocked));
    reasons
}

#[cfg(test)]
mod tests;
