//! Runs that have to be confirmed: which still are, what was decided, and what became of each.
//!
//! One record decides, and is only ever created: `kept` by whoever confirms, `taken_back` before the first call of a way back.
//! Whoever comes second obeys. What awaits is in the state, told from the runs themselves, so that it is found whatever process died.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::journal::{Operation, Run};
use crate::run::{Exit, RunEnd};
use crate::state::{Awaiting, RunId, State, Touched};
use crate::store::{About, StoreError};

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Somebody confirmed the run.
    Kept,
    /// It is taken back.
    TakenBack,
}

/// A decision about a run, and who took it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What.
    pub decision: Verdict,
    /// The id of the confirmation, or of the session that takes the run back.
    pub id: RunId,
    /// When.
    pub at: Timestamp,
    /// The login name, untrusted text.
    pub by: String,
    /// The machine, untrusted text.
    pub host: String,
}

/// What is noted of a run that has to be confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmation {
    /// What was decided.
    pub decision: Option<Decision>,
    /// Who kept what a way back had left.
    pub rest: Option<Decision>,
    /// What the process said that had waited.
    pub end: Option<RunEnd>,
}

impl Confirmation {
    /// Reads what is noted of a run.
    ///
    /// # Errors
    /// What cannot be read, or is no such note.
    pub fn read(
        id: &RunId,
        word: impl Fn(&RunId, About) -> Result<Option<Vec<u8>>, StoreError>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            decision: parse(id, word(id, About::Decision)?)?,
            rest: parse(id, word(id, About::Rest)?)?,
            end: parse(id, word(id, About::End)?)?,
        })
    }

    /// Returns who kept the run, or what a way back had left of it.
    pub fn kept(&self) -> Option<&Decision> {
        let kept = self.decision.as_ref().filter(|decision| decision.decision == Verdict::Kept);
        kept.or(self.rest.as_ref())
    }

    /// Returns whether a way back of it was begun.
    pub fn is_begun_back(&self) -> bool {
        self.decision.as_ref().is_some_and(|decision| decision.decision == Verdict::TakenBack)
    }
}

/// Decides about a run where nobody has yet, and returns what was decided before, where that is so.
///
/// # Errors
/// A note that cannot be made, or read.
pub fn decide(
    id: &RunId,
    about: About,
    decision: &Decision,
    put: impl FnOnce(&RunId, About, &[u8]) -> Result<Option<Vec<u8>>, StoreError>,
) -> Result<Option<Decision>, StoreError> {
    parse(id, put(id, about, &bytes_of(decision))?)
}

/// Notes how a run ended that had to be confirmed.
///
/// # Errors
/// A note that cannot be made.
pub fn end(
    id: &RunId,
    end: &RunEnd,
    put: impl FnOnce(&RunId, About, &[u8]) -> Result<Option<Vec<u8>>, StoreError>,
) -> Result<(), StoreError> {
    put(id, About::End, &bytes_of(end)).map(drop)
}

fn bytes_of(note: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(note).expect("a note has string keys only, and a Vec takes every byte");
    bytes.push(b'\n');
    bytes
}

fn parse<T: for<'de> Deserialize<'de>>(id: &RunId, bytes: Option<Vec<u8>>) -> Result<Option<T>, StoreError> {
    let Some(bytes) = bytes else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| StoreError::unreadable_word(id, error.to_string()))
}

/// Returns until when a run awaits confirmation, and what it changed; `None` for one that does not.
pub fn awaiting(run: &Run) -> Option<Awaiting> {
    let deadline = run.deadline()?;
    let touched = run.steps().filter(|(_, trace)| trace.may_have_changed_something());
    let mut interfaces: Vec<Touched> = Vec::new();
    for (step, _) in touched {
        let touched = Touched { id: step.interface_id.clone(), scope: step.scope.clone() };
        if !interfaces.contains(&touched) {
            interfaces.push(touched);
        }
    }
    Some(Awaiting { run_id: run.id().clone(), deadline, interfaces, left_by: None, stopped: false })
}

/// Takes into the state the run that a dead process left and nobody has closed yet.
pub(super) fn note_open(state: &mut State, run: &Run) {
    if let Some(awaits) = awaiting(run)
        && state.awaiting.iter().all(|known| known.run_id != awaits.run_id)
    {
        state.awaiting.push(awaits);
        state.awaiting.sort_by(|one, other| one.run_id.cmp(&other.run_id));
    }
}

/// Takes into the state that a way back was begun whose process died: whoever looks is told that it has not ended.
pub(super) fn note_begun_back(state: &mut State, run: &Run) {
    if run.started.operation == Operation::Rollback {
        let taken = &run.started.evidence.takes_back;
        let left = state.awaiting.iter_mut().filter(|awaits| taken.contains(&awaits.run_id));
        left.for_each(|awaits| (awaits.left_by, awaits.stopped) = (Some(run.id().clone()), true));
    }
}

/// Takes into the state what a run means for what awaits: it does itself, or it takes back what does.
pub(super) fn note(state: &mut State, run: &Run) {
    note_open(state, run);
    if run.started.operation != Operation::Rollback {
        return;
    }
    let taken: Vec<&RunId> = run.takes_back_all_of().collect();
    if run.took_back_all() {
        state.awaiting.retain(|awaits| !taken.contains(&&awaits.run_id));
    } else {
        let stopped = run.end().and_then(RunEnd::exit).is_none_or(|exit| exit == Exit::Interrupted);
        for awaits in state.awaiting.iter_mut().filter(|awaits| taken.contains(&&awaits.run_id)) {
            (awaits.left_by, awaits.stopped) = (Some(run.id().clone()), stopped);
        }
    }
}

/// Drops from what awaits what was kept.
pub(super) fn drop_kept(
    state: &mut State,
    word: impl Fn(&RunId, About) -> Result<Option<Vec<u8>>, StoreError>,
) -> Result<(), StoreError> {
    let mut left = Vec::with_capacity(state.awaiting.len());
    for awaits in std::mem::take(&mut state.awaiting) {
        if Confirmation::read(&awaits.run_id, &word)?.kept().is_none() {
            left.push(awaits);
        }
    }
    state.awaiting = left;
    Ok(())
}

#[cfg(test)]
mod tests;
