//! What a check leaves beside its state: the row that `fleet` shows, and in it what whoever tells people has to remember. It takes no
//! claim and fences nobody; of two that are put at once the one counts that the store took last.

use anyhow::Result;

use crate::drift::Drift;
use crate::fleet::{Failed, Finding, Kept};
use crate::state::Unreadable;
use crate::store::{Place, StoreError};

use super::project::Project;

/// The row beside a state, as it was read.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// What is in it.
    pub kept: Kept,
    /// What stood there and could not be read; it is replaced by the next check.
    pub damaged: Option<String>,
}

/// Reads the row beside a state; where there is none, or none that can be read, an empty one.
///
/// # Errors
/// A store that cannot be read; a row of a newer version, or of another spec, which must not be written over.
pub fn read(place: &Place) -> Result<Row, StoreError> {
    let Some(bytes) = place.finding()? else { return Ok(Row::default()) };
    let kept = match Kept::decode(&bytes) {
        Ok(kept) => kept,
        Err(Unreadable::Damaged(detail)) => return Ok(Row { damaged: Some(detail.into()), ..Row::default() }),
        Err(Unreadable::Newer { found, supported }) => {
            return Err(StoreError::Newer { path: place.finding_name(), found, supported });
        }
    };
    match place.far() {
        Some(far) if !kept.spec.is_empty() && kept.spec != far.spec && !far.adopts => {
            Err(StoreError::Foreign { path: place.finding_name(), of: kept.spec, by: far.spec.clone() })
        }
        _ => Ok(Row { kept, damaged: None }),
    }
}

/// Puts what a check found into a row, and the row in the place of the one that is kept: also what was remembered in it meanwhile.
///
/// # Errors
/// Writes that fail.
pub fn record(project: &Project, drift: &Drift, mut kept: Kept) -> Result<(), StoreError> {
    kept.spec = project.place.far().map_or_else(|| project.name.clone(), |far| far.spec.clone());
    kept.finding = Some(Finding::of(&project.spec, drift));
    kept.failed = None;
    project.place.put_finding(&kept.encode())
}

/// Puts into a row that a check failed. Where none was ever recorded nothing is known that this would take back, and nothing is left
/// under a name that may be mistyped.
///
/// # Errors
/// A row that must not be written over; writes that fail.
pub fn record_failed(place: &Place, failed: Failed) -> Result<(), StoreError> {
    let Row { kept, .. } = read(place)?;
    if kept.finding.is_none() {
        return Ok(());
    }
    place.put_finding(&Kept { failed: Some(failed), ..kept }.encode())
}
