//! A state brought up to its journal: what a crash left between a run's end and its commit, or an old copy put back.

use super::fold::fold;
use super::note::Note;
use super::standing;
use crate::journal::{Closed, Journal, Outcome, Run};
use crate::state::State;
use crate::store::recorder::{newest_run, past_run};
use crate::store::{Medium, StoreError};

/// Folds in the runs that the state does not have yet; its serial stays. More than the last one means that the state is
/// an old copy: that is told. Archived runs are opened only then, newest first, until one is in the state.
pub(super) fn catch_up(state: &mut State, journal: &Journal, medium: &impl Medium) -> Result<Option<Note>, StoreError> {
    let replay = journal.replay();
    let told = replay.last_serial();
    let is_its_own = |run: &&Run| run.started.lineage == state.lineage;
    if let Some(note) = of_another_lineage(state, journal, medium) {
        return Ok(Some(note));
    }
    let is_in = state.anchor.is_some_and(|anchor| journal.is_in(anchor.head));
    let serial = state.serial;
    let is_missing = |run: &&Run| match run.folded {
        Some(folded) => folded > serial,
        // A run without a serial of its own may have been folded after the journal was read: the state tells.
        None => run.over.is_some() && !is_in && run.started.serial >= serial,
    };
    let mut missing: Vec<Run> = match journal.base() {
        Some(base) if base.serial > serial => archived_after(serial, &state.lineage, medium, usize::MAX)?,
        _ => Vec::new(),
    };
    missing.extend(replay.runs().iter().filter(is_its_own).filter(is_missing).cloned());
    missing.dedup_by(|next, one| next.id() == one.id());
    missing.iter().for_each(|run| fold(state, run));
    let is_told = told > serial && (journal.base().is_some_and(|base| base.serial > serial) || has_folded(&missing));
    Ok(is_told.then(|| Note::StateOlder { state: medium.state_name(), serial, told, runs: missing.len() }))
}

/// Folds in what is recorded of a run that has no end since its process died. What became of a call that is open nobody has
/// read yet: it is in doubt.
pub(super) fn take_in_dead(state: &mut State, run: &Run) {
    let mut closed = run.clone();
    for trace in closed.traces.iter_mut().filter(|trace| trace.closed.is_none()) {
        match trace.open_call().map(|attempt| trace.accepted_at().unwrap_or(attempt.intent_at)) {
            Some(at) => {
                let (outcome, status, because, uptime) = (Outcome::InDoubt, None, None, None);
                trace.closed = Some(Closed { at, outcome, status, because, uptime });
            }
            None => trace.attempts.clear(),
        }
    }
    fold(state, &closed);
    standing::note(state, run);
}

/// Makes a state that was lost anew from the newest `most` runs that are kept; `None` where none tells whose it was. Its
/// serial is that of no file. What was only seen beside runs is lost.
pub(super) fn rebuild(journal: &Journal, medium: &impl Medium, most: usize) -> Result<Option<State>, StoreError> {
    let replay = journal.replay();
    let told = journal.origin().map(|(lineage, target)| (lineage.to_owned(), target.clone()));
    let newest = || newest_run(medium).map(|run| run.map(|run| (run.started.lineage, run.started.target)));
    let Some((lineage, target)) = told.map_or_else(newest, |told| Ok(Some(told)))? else { return Ok(None) };
    let lineage = lineage.as_str();
    let mut state = State::new(lineage, target);
    for run in archived_after(0, lineage, medium, most)? {
        fold(&mut state, &run);
    }
    let over = replay.runs().iter().filter(|run| run.over.is_some() && run.started.lineage == lineage);
    over.for_each(|run| fold(&mut state, run));
    Ok(Some(state))
}

fn has_folded(missing: &[Run]) -> bool {
    missing.iter().any(|run| run.folded.is_some())
}

fn of_another_lineage(state: &State, journal: &Journal, medium: &impl Medium) -> Option<Note> {
    let last = journal.replay().runs().last();
    let is_other = journal.origin()?.0 != state.lineage;
    is_other.then(|| Note::OtherLineage { state: medium.state_name(), run: last.map(|run| run.id().clone()) })
}

/// Reads the archived runs that were folded after `serial`, of those the newest `most`, oldest first.
fn archived_after(serial: u64, lineage: &str, medium: &impl Medium, most: usize) -> Result<Vec<Run>, StoreError> {
    let mut missing = Vec::new();
    for id in medium.runs()?.iter().rev().take(most) {
        let Some(run) = past_run(medium, id)? else { continue };
        if run.started.lineage != lineage {
            continue;
        }
        if run.folded.is_some_and(|folded| folded <= serial) {
            break;
        }
        missing.push(run);
    }
    missing.reverse();
    Ok(missing)
}
