//! What became of a run's change of one interface since: it stands, was taken back, or was changed by a newer run.
//!
//! Run ids sort by time. A record names the apply whose change stands; in one that an older version wrote nothing is named,
//! and the run of the last call tells.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::journal::{Operation, Outcome, Run};
use crate::state::{LastAction, Record, RunId};

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// It stands, as far as is recorded.
    Stands,
    /// It was taken back.
    TakenBack,
    /// A newer run has changed the interface.
    Superseded {
        /// That run.
        run_id: RunId,
        /// The change that it belonged to.
        change_id: Option<String>,
    },
}

/// Returns what became of what `run` did to the interface of `record`. `open` finds a run by its id; `known` keeps what the
/// newer ones are to `run`, so that each is opened once.
///
/// # Errors
/// A run that cannot be read.
pub(super) fn since(
    run: &Run,
    record: Option<&Record>,
    known: &mut Newer,
    open: impl Fn(&RunId) -> Result<Option<Run>>,
) -> Result<Since> {
    let Some(record) = record else { return Ok(Since::Stands) };
    let own = run.id();
    let last = record.last_action.as_ref().map(|action| &action.run_id);
    let newer = match (run.started.operation, &record.changed_by, last) {
        (Operation::Apply, Some(by), _) if by == own => return Ok(Since::Stands),
        // Its call was the last, whatever the clocks say of the two runs.
        (Operation::Apply, Some(by), last) if by > own || last == Some(by) => by,
        (_, _, None) => return Ok(Since::Stands),
        (_, _, Some(last)) if last == own => return Ok(Since::Stands),
        (_, _, Some(last)) if last > own => last,
        _ => return Ok(Since::TakenBack),
    };
    let (since, is_well) = match known.get(newer) {
        Some(known) => known.clone(),
        None => of_newer(run, newer, open(newer)?),
    };
    known.insert(newer.clone(), (since.clone(), is_well));
    let is_there = record.last_action.as_ref().is_some_and(|action| has_got_there(action, record, is_well));
    Ok(if since == Since::TakenBack && !is_there { Since::Stands } else { since })
}

/// What the newer runs are to a run, and whether each came to an end with nothing left to do.
pub(super) type Newer = BTreeMap<RunId, (Since, bool)>;

/// Returns whether the call of a way back has brought an interface where it was. One that did not get there, or of which nobody
/// knows, has taken nothing back; nor has one that did not stay there, where the way back knew that and did not end well.
fn has_got_there(action: &LastAction, record: &Record, is_well: bool) -> bool {
    let has_stayed = is_well || record.observed.status.as_ref() == Some(action.action.transition().to);
    action.outcome.is_some_and(Outcome::is_at_goal) && has_stayed
}

/// Returns what the run that came last means for what `run` did.
fn of_newer(run: &Run, newer: &RunId, newer_run: Option<Run>) -> (Since, bool) {
    let is_well = newer_run.as_ref().is_some_and(Run::took_back_all);
    let is_way_back = newer_run.as_ref().is_some_and(|run| run.started.operation == Operation::Rollback);
    let is_taken_back = match run.started.operation {
        Operation::Apply => is_way_back,
        Operation::Rollback => {
            newer_run.as_ref().is_some_and(|newer| newer.started.evidence.takes_back.contains(run.id()))
        }
    };
    if is_taken_back {
        return (Since::TakenBack, is_well);
    }
    let change_id = newer_run.and_then(|run| run.started.evidence.change_id);
    (Since::Superseded { run_id: newer.clone(), change_id }, is_well)
}
