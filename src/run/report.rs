//! What a run did, step by step, and how it ended.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::end::RunEnd;
use super::exit::Exit;
use super::outcome::RunOutcome;
use super::reason::{StepReason, StopReason, Unrecorded};
use super::step::StepResult;
use crate::calendar::Zone;
use crate::journal::{Operation, Outcome, RunStarted};
use crate::plan::{Blocked, GroupHealth};
use crate::resource::Target;
use crate::state::RunId;

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
    /// The zone that its times are shown in: the spec's, where that is known.
    pub time_zone: Zone,
    /// Its steps, in the plan's order.
    pub results: Vec<StepResult>,
    /// Why it began no further steps, where it stopped.
    pub stopped: Option<StopReason>,
    /// What could not be recorded.
    pub unrecorded: Option<Unrecorded>,
    /// What its own way back may not take back, all of it; none of a run that is told from its records.
    pub not_taken_back: Vec<Blocked>,
    /// How every group stood when it was read last, by name; none of a run that is told from its records.
    pub groups: Vec<GroupHealth>,
    /// How it ended; `None` for a run that died, or goes on.
    pub end: Option<RunEnd>,
    /// What has become since of a run that had to be confirmed and whose process did not say it: it has no exit code.
    pub became: Option<RunOutcome>,
    /// The runs that it takes back.
    pub takes_back: Vec<RunId>,
    /// Which run took it back whole, as far as is known.
    pub taken_back_by: Option<RunId>,
}

impl Report {
    /// Returns whether steps failed because a change about them had begun or ended, and none for another reason.
    pub fn is_too_late(&self) -> bool {
        let mut because = self.results.iter().filter(|result| result.outcome == Some(Outcome::Moved)).peekable();
        because.peek().is_some() && because.all(|result| matches!(result.because, Some(StepReason::ChangeOver { .. })))
    }

    /// Returns whether it did all that it was to do.
    pub fn left_nothing(&self) -> bool {
        self.end.as_ref().is_some_and(RunEnd::left_nothing)
    }

    /// Starts the report of a run that begins.
    pub fn begun(header: &RunStarted) -> Self {
        Self {
            run_id: header.run_id.clone(),
            operation: header.operation,
            who: header.who.clone(),
            target: header.target.clone(),
            digest: header.digest.clone(),
            started_at: header.at,
            time_zone: Zone::utc(),
            results: header.steps.iter().cloned().map(StepResult::open).collect(),
            stopped: None,
            unrecorded: None,
            not_taken_back: Vec::new(),
            groups: Vec::new(),
            end: None,
            became: None,
            takes_back: header.evidence.takes_back.clone(),
            taken_back_by: None,
        }
    }

    /// Returns how the run came out; one without an end has died, or goes on.
    pub fn outcome(&self) -> RunOutcome {
        self.became.or(self.end.as_ref().map(|end| end.outcome)).unwrap_or(RunOutcome::Died)
    }

    /// Returns the exit code; `None` for a run that died or goes on.
    pub fn exit(&self) -> Option<Exit> {
        self.end.as_ref().filter(|_| self.became.is_none()).and_then(RunEnd::exit)
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
