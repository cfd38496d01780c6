//! What became of a run's change of one interface since: it stands, was taken back, or was changed by a newer run.
//!
//! Run ids sort by time. A record names the apply whose change stands; in one that an older version wrote nothing is named,
//! and the run of the last call tells.

use anyhow::Result;

use crate::journal::{Operation, Run};
use crate::state::{Record, RunId};

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

/// Returns what became of what `run` did to the interface of `record`. `open` finds a run by its id.
///
/// # Errors
/// A run that cannot be read.
pub(super) fn since(run: &Run, record: Option<&Record>, open: impl Fn(&RunId) -> Result<Option<Run>>) -> Result<Since> {
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
    let newer_run = open(newer)?;
    let is_way_back = newer_run.as_ref().is_some_and(|run| run.started.operation == Operation::Rollback);
    let is_taken_back = match run.started.operation {
        Operation::Apply => is_way_back,
        Operation::Rollback => newer_run.as_ref().is_some_and(|run| run.started.evidence.takes_back.contains(own)),
    };
    if is_taken_back {
        return Ok(Since::TakenBack);
    }
    let change_id = newer_run.and_then(|run| run.started.evidence.change_id);
    Ok(Since::Superseded { run_id: newer.clone(), change_id })
}
