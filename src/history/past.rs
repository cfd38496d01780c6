//! Past runs: found by name without opening any other, or read one by one.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::confirmation::{Confirmation, Verdict};
use crate::journal::{self, Operation, Outcome, Over, Replay, Run};
use crate::resource::RequestId;
use crate::run::{Exit, Report, RunOutcome, StepResult};
use crate::state::{Identity, RunId, State};
use crate::store::recorder::{all_ids, past_run, run_in};
use crate::store::{Medium, Store, StoreError};
use crate::uptime::Deadline;

/// A run that is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The run.
    pub run: Run,
    /// Its process is at work, as far as the lock tells.
    pub is_running: bool,
    /// Which run took it back whole, if one has.
    pub taken_back_by: Option<RunId>,
    /// When that had ended.
    pub taken_back_at: Option<Timestamp>,
    /// What is noted of it where it has to be confirmed.
    pub confirmation: Confirmation,
    /// What closed it, where its process died and somebody came.
    pub resolved: Option<Resolved>,
}

/// What closed a run whose process died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// When.
    pub at: Timestamp,
    /// The run of the command that did so; `None` where that command had nothing else to do, and made no run.
    pub by: Option<RunId>,
}

impl Past {
    /// Tells the run's story as a report.
    pub fn report(&self) -> Report {
        let results = self.run.steps().map(|(step, trace)| {
            let closed = trace.closed.as_ref();
            // Of a run that died and was closed later nobody wrote down what it never came to.
            let never_begun = self.run.over.is_some() && trace.attempts.is_empty();
            StepResult {
                step: step.clone(),
                outcome: closed.map(|closed| closed.outcome).or(never_begun.then_some(Outcome::NotStarted)),
                status: closed.and_then(|closed| closed.status.clone()),
                request_id: trace.receipt().map(|receipt| receipt.request_id.clone()),
                cloud_date: trace.receipt().and_then(|receipt| receipt.cloud_date),
                started_at: trace.attempts.iter().find(|attempt| attempt.has_left()).map(|attempt| attempt.intent_at),
                finished_at: closed.map(|closed| closed.at),
                because: closed.and_then(|closed| closed.because.clone()),
            }
        });
        Report {
            results: results.collect(),
            end: self.confirmation.end.as_ref().or(self.run.end()).cloned(),
            became: self.became(),
            taken_back_by: self.taken_back_by.clone(),
            ..Report::begun(&self.run.started)
        }
    }

    /// Returns whether its process died before its end was recorded.
    pub fn died(&self) -> bool {
        match &self.run.over {
            None => !self.is_running,
            Some(Over::Died(_)) => true,
            Some(Over::Ended(_)) => false,
        }
    }
}

impl Past {
    /// Returns what made good what a dead process could not say: of a run that had to be confirmed, the confirmation or the way
    /// back, else what closed it.
    pub fn resolved(&self) -> Option<Resolved> {
        let settled = self.became().and_then(|became| match (became, self.confirmation.kept()) {
            (RunOutcome::TakenBack, _) => {
                let by = self.taken_back_by.clone()?;
                Some(Resolved { at: self.taken_back_at.unwrap_or(self.run.started.at), by: Some(by) })
            }
            (_, kept) => kept.map(|kept| Resolved { at: kept.at, by: Some(kept.id.clone()) }),
        });
        settled.or_else(|| self.resolved.clone())
    }

    /// Returns what has become of a run that had to be confirmed, where its process did not say how it ended.
    fn became(&self) -> Option<RunOutcome> {
        let said = self.run.end().map(|end| end.outcome);
        let waits = self.died() || said == Some(RunOutcome::AwaitingConfirmation);
        if self.confirmation.end.is_some() || !waits || self.run.deadline().is_none() {
            return None;
        }
        let is_whole = self.run.end().is_none_or(|end| end.exit == Exit::Done);
        let kept = self.confirmation.decision.as_ref().is_some_and(|decision| decision.decision == Verdict::Kept);
        Some(if kept && is_whole {
            RunOutcome::Complete
        } else if self.taken_back_by.is_some() {
            RunOutcome::TakenBack
        } else if kept || self.confirmation.is_begun_back() {
            RunOutcome::Incomplete
        } else {
            RunOutcome::AwaitingConfirmation
        })
    }

    /// Returns until when it can be confirmed, while nothing is decided.
    pub fn awaits(&self) -> Option<Deadline> {
        let is_open = self.confirmation == Confirmation::default() && self.taken_back_by.is_none() && !self.is_running;
        self.run.deadline().filter(|_| is_open)
    }
}

/// Returns when a run was over; of one that died, when that was found.
pub fn over_at(run: &Run) -> Option<Timestamp> {
    run.over.as_ref().map(|over| match over {
        Over::Ended(end) => end.at,
        Over::Died(died) => died.at,
    })
}

/// Returns what closed a run whose process died; `is_a_run` says whether a run has an id.
///
/// # Errors
/// Whatever `is_a_run` fails with.
pub fn resolved<E>(run: &Run, is_a_run: impl FnOnce(&RunId) -> Result<bool, E>) -> Result<Option<Resolved>, E> {
    let Some(Over::Died(died)) = &run.over else { return Ok(None) };
    let by = is_a_run(&died.resolved_by)?.then(|| died.resolved_by.clone());
    Ok(Some(Resolved { at: died.at, by }))
}

/// Why no run was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// None has an id that begins so.
    Unknown,
    /// Several have.
    Ambiguous(Vec<RunId>),
}

/// Finds the one run whose id begins with `prefix`; a whole id opens no list, a prefix lists names only.
///
/// # Errors
/// An archive that cannot be read.
pub fn find(medium: &impl Medium, replay: &Replay, prefix: &str) -> Result<Result<Run, Missing>, StoreError> {
    resolve(prefix, |id| run_in(medium, replay, id), || all_ids(medium, replay))
}

/// Finds a run as [`find`] does, where somebody writes.
///
/// # Errors
/// An archive that cannot be read.
pub fn find_in(store: &impl Store, prefix: &str) -> Result<Result<Run, Missing>, StoreError> {
    resolve(prefix, |id| store.run(id), || store.run_ids())
}

/// Returns the newest apply that was not taken back, if there is any among the newest runs: runs after it are opened, and
/// none before it. One that a way back left something of is not taken back: `state` tells of which runs a change stands.
///
/// # Errors
/// An archive that cannot be read.
pub fn last_to_take_back(store: &impl Store, state: &State) -> Result<Option<Run>, StoreError> {
    newest_standing(&store.run_ids()?, Some(state), |id| store.run(id))
}

/// Returns the newest apply that was not taken back as [`last_to_take_back`] does, where nobody writes.
///
/// # Errors
/// An archive that cannot be read.
pub fn last_standing(medium: &impl Medium, replay: &Replay, state: Option<&State>) -> Result<Option<Run>, StoreError> {
    newest_standing(&all_ids(medium, replay)?, state, |id| run_in(medium, replay, id))
}

fn newest_standing(
    ids: &[RunId],
    state: Option<&State>,
    open: impl Fn(&RunId) -> Result<Option<Run>, StoreError>,
) -> Result<Option<Run>, StoreError> {
    if let Some(run) = unfinished_way_back(ids, &open)? {
        return Ok(Some(run));
    }
    let (mut whole, mut in_part) = (BTreeSet::new(), BTreeSet::new());
    for id in ids.iter().rev().take(LOOKED_THROUGH) {
        let Some(run) = open(id)? else { continue };
        match run.started.operation {
            Operation::Apply if whole.contains(id) => {}
            Operation::Apply if !in_part.contains(id) || stands(&run, state) => return Ok(Some(run)),
            Operation::Apply => {}
            // What was taken back itself has taken nothing back.
            Operation::Rollback if whole.contains(id) => {}
            Operation::Rollback if run.took_back_all() => {
                whole.extend(run.takes_back_all_of().cloned());
                in_part.extend(run.started.evidence.takes_back_part_of);
            }
            Operation::Rollback => in_part.extend(run.started.evidence.takes_back),
        }
    }
    Ok(None)
}

/// Returns the run that the newest run takes back, where that is a way back which did not end well: whoever asks once more means
/// the same, and not the run before it.
fn unfinished_way_back(
    ids: &[RunId],
    open: impl Fn(&RunId) -> Result<Option<Run>, StoreError>,
) -> Result<Option<Run>, StoreError> {
    let Some(newest) = ids.last().map(&open).transpose()?.flatten() else { return Ok(None) };
    let taken_back = newest.started.evidence.takes_back.last().filter(|_| !newest.ended_well());
    taken_back.map(open).transpose().map(Option::flatten)
}

/// Returns whether a change of the run may stand; one of an interface without a record may.
fn stands(run: &Run, state: Option<&State>) -> bool {
    let mut sent = run.steps().filter(|(_, trace)| trace.may_have_changed_something());
    sent.any(|(step, _)| {
        let identity = Identity::of(&step.scope, &step.interface_id);
        let record = state.and_then(|state| state.interfaces.of(&identity));
        record.is_none_or(|(_, record)| record.changed_by.as_ref() == Some(run.id()))
    })
}

/// How many of the newest runs are looked through for one that was not taken back.
const LOOKED_THROUGH: usize = 200;

fn resolve(
    prefix: &str,
    open: impl Fn(&RunId) -> Result<Option<Run>, StoreError>,
    list: impl Fn() -> Result<Vec<RunId>, StoreError>,
) -> Result<Result<Run, Missing>, StoreError> {
    if let Some(run) = open(&RunId(prefix.into()))? {
        return Ok(Ok(run));
    }
    let mut matching = list()?;
    matching.retain(|id| !prefix.is_empty() && id.0.starts_with(prefix));
    match matching.as_slice() {
        [] => Ok(Err(Missing::Unknown)),
        [id] => Ok(open(id)?.ok_or(Missing::Unknown)),
        _ => Ok(Err(Missing::Ambiguous(matching))),
    }
}

/// Returns the run that was answered with a RequestId at about `at`: of those that had been made by then, the newest are opened.
///
/// # Errors
/// An archive that cannot be read.
pub fn answered_with(
    medium: &impl Medium,
    replay: &Replay,
    request_id: &RequestId,
    at: Timestamp,
) -> Result<Option<RunId>, StoreError> {
    let ids = all_ids(medium, replay)?;
    // Clocks disagree a little; a run is made before it sends anything.
    let was_made = |id: &&RunId| id.made_at().is_none_or(|made| made.duration_since(at) <= CLOCKS_DISAGREE);
    for id in ids.iter().rev().filter(was_made).take(LOOKED_THROUGH) {
        let Some(run) = run_in(medium, replay, id)? else { continue };
        if run.steps().any(|(_, trace)| trace.was_answered_with(request_id)) {
            return Ok(Some(run.id().clone()));
        }
    }
    Ok(None)
}

/// How far apart the cloud's clock and ours may be.
const CLOCKS_DISAGREE: SignedDuration = SignedDuration::from_mins(15);

/// Returns the newest run, if there is any.
///
/// # Errors
/// An archive that cannot be read.
pub fn last(medium: &impl Medium, replay: &Replay) -> Result<Option<Run>, StoreError> {
    match replay.runs().last() {
        Some(run) => Ok(Some(run.clone())),
        None => medium.runs()?.last().map_or(Ok(None), |id| past_run(medium, id)),
    }
}

/// Reads every run, newest first: of what is listed here the cost grows with the history.
///
/// # Errors
/// An archive that cannot be read.
pub fn past_runs(medium: &impl Medium, replay: &Replay) -> Result<Vec<Run>, StoreError> {
    let mut runs = Vec::new();
    for id in all_ids(medium, replay)?.iter().rev() {
        runs.extend(run_in(medium, replay, id)?);
    }
    Ok(runs)
}

/// Reads the runs in whose text a name stands, oldest first: every run is read, the others are not decoded.
///
/// # Errors
/// An archive that cannot be read; a run whose lines are not what was written: nobody knows whether it names it.
pub fn runs_that_name(medium: &impl Medium, replay: &Replay, name: &str) -> Result<Vec<Run>, StoreError> {
    // As the lines have it, so that no name hides behind an escape.
    let quoted = serde_json::Value::from(name).to_string();
    let names_it = |bytes: &[u8]| bytes.windows(quoted.len()).any(|part| part == quoted.as_bytes());
    let mut runs = Vec::new();
    for id in all_ids(medium, replay)? {
        let is_open = replay.runs().iter().any(|run| *run.id() == id);
        if is_open || medium.run(&id)?.is_some_and(|bytes| names_it(&bytes) || !journal::is_whole_run(&bytes, &id)) {
            runs.extend(run_in(medium, replay, &id)?);
        }
    }
    Ok(runs)
}

#[cfg(test)]
mod tests;
