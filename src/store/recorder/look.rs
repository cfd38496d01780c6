//! Reading a medium: what it holds, and whether that can be trusted.

use crate::journal::{self, DamagedLine, Journal, LineHash, Run, TornTail};
use crate::language::{Wording, sentence, word, worded};
use crate::state::{self, RunId, State, Unreadable};
use crate::store::{Medium, StoreError};

mod foreign;

/// What a medium holds, decoded.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The open journal.
    pub journal: Journal,
    /// The rest of a write that a crash cut off, if there is one.
    pub torn: Option<TornTail>,
    /// The state, as it was committed.
    pub state: Option<State>,
    /// The state is of an older version than this one writes.
    pub is_older_version: bool,
}

/// Reads a medium: the journal before the state, so that a run that is folded meanwhile is seen in one of them.
///
/// # Errors
/// Bytes that cannot be read or cannot be trusted.
pub fn found(medium: &impl Medium) -> Result<Found, StoreError> {
    Ok(look(medium)?.0)
}

/// What of a medium cannot be trusted, each with why.
#[derive(Debug, Default)]
pub struct Distrusted {
    /// The state.
    pub state: Option<StoreError>,
    /// The journal.
    pub journal: Option<StoreError>,
}

impl Distrusted {
    /// Returns whether everything can be trusted.
    pub fn is_nothing(&self) -> bool {
        self.state.is_none() && self.journal.is_none()
    }
}

/// Finds out what of a medium cannot be trusted. Beside a state that cannot, a journal is judged by itself.
///
/// # Errors
/// What is no matter of trust: bytes that cannot be read, and those of a newer version.
pub fn distrust(medium: &impl Medium) -> Result<Distrusted, StoreError> {
    let damage = |error, name: String| match error {
        StoreError::Damaged { ref path, .. } if *path == name => Ok(error),
        error => Err(error),
    };
    let state = match read_state(medium) {
        Ok(_) => None,
        Err(error) => Some(damage(error, medium.state_name())?),
    };
    let read = match state {
        None => look(medium).map(drop),
        Some(_) => read_journal(medium).map(drop),
    };
    let journal = read.err().map(|error| damage(error, medium.journal_name())).transpose()?;
    Ok(Distrusted { state, journal })
}

/// The bytes of a journal, if there is one, and what they say.
type JournalRead = (Option<Vec<u8>>, Journal, Option<TornTail>);

fn read_journal(medium: &impl Medium) -> Result<JournalRead, StoreError> {
    let bytes = medium.journal()?;
    let text = bytes.as_deref().unwrap_or_default();
    let decoded = Journal::decode(text);
    let (journal, torn) = decoded.map_err(|damaged| {
        let name = medium.journal_name();
        foreign::told(unreadable(name.clone(), &damaged), &name, text)
    })?;
    Ok((bytes, journal, torn))
}

/// Reads a medium, and returns how long its journal is.
pub(super) fn look(medium: &impl Medium) -> Result<(Found, u64), StoreError> {
    /// A writer may put a newer state there after its journal was read: then both are read again.
    const LOOKS: usize = 5;
    let mut before = None;
    for _ in 0..LOOKS {
        let (bytes, journal, torn) = read_journal(medium)?;
        let length = bytes.as_ref().map_or(0, Vec::len) as u64;
        let is_there = bytes.is_some();
        let state = read_state(medium)?;
        let is_older_version = state.as_ref().is_some_and(|(version, _)| *version < state::FORMAT_VERSION);
        let state = state.map(|(_, state)| state);
        let Some(lost) = state.as_ref().and_then(|state| misfit(&journal, state, bytes.as_deref())) else {
            return Ok((Found { journal, torn, state, is_older_version }, length));
        };
        let seen = (LineHash::of(bytes.as_deref().unwrap_or_default()), state.map(|state| state.serial));
        if before.replace(seen) == Some(seen) {
            let hint = Wording::new(|| word(if is_there { ACCEPT } else { ACCEPT_GONE }));
            let path = medium.journal_name();
            let error = StoreError::Damaged { path: path.clone(), detail: Wording::new(|| word(lost)), hint };
            return Err(foreign::told(error, &path, bytes.as_deref().unwrap_or_default()));
        }
    }
    let detail = worded!("it moves faster than it can be read");
    Err(StoreError::Moved { path: medium.journal_name(), detail })
}

/// Returns what is wrong with a journal that does not hold the line that its state rests on. A state that is older than
/// its journal rests on a line that was archived since.
pub fn misfit(journal: &Journal, state: &State, bytes: Option<&[u8]>) -> Option<&'static str> {
    let anchor = state.anchor.filter(|anchor| !journal.knows(anchor.head))?;
    let replay = journal.replay();
    let is_ours = journal.origin().is_some_and(|(lineage, _)| lineage == state.lineage);
    if is_ours && replay.last_serial() > anchor.serial {
        return None;
    }
    Some(match bytes {
        None => sentence!("it is gone, and its state rests on it"),
        Some([]) => sentence!("it is empty, and its state rests on it"),
        Some(bytes) if bytes.iter().all(|byte| *byte == 0) => {
            sentence!("it holds nothing but NUL bytes, and its state rests on it")
        }
        Some(_) if journal.is_blank() => sentence!("none of its lines can be read, and its state rests on one"),
        Some(_) if !is_ours => sentence!("it is the journal of another state"),
        Some(_) => sentence!("it is older than its state, or its end was cut off"),
    })
}

/// Reads the state, and returns the version that it is written in.
pub(super) fn read_state(medium: &impl Medium) -> Result<Option<(u64, State)>, StoreError> {
    let Some(bytes) = medium.state()? else { return Ok(None) };
    let hint = match medium.has_backup() {
        true => worded!(
            "run `rictl state accept`: it keeps the file aside, and goes on with what the past runs tell; or restore {backup} over it",
            backup = medium.backup_name()
        ),
        false => {
            worded!("run `rictl state accept`: it keeps the file aside, and goes on with what the past runs tell")
        }
    };
    let state = match state::decode(&bytes) {
        Ok(state) => state,
        Err(Unreadable::Damaged(detail)) if is_of_somebody_else(medium, &bytes)? => {
            return Err(StoreError::NotOurs {
                path: medium.state_name(),
                detail: foreign::kind(&bytes).unwrap_or(detail),
            });
        }
        Err(reason) => {
            let name = medium.state_name();
            return Err(foreign::told(StoreError::unreadable(&name, reason, hint), &name, &bytes));
        }
    };
    Ok(Some((state::version(&bytes), state)))
}

/// Returns whether bytes that are no state were never one: nothing of one is left in them, and nothing that belongs to a state
/// lies beside them.
fn is_of_somebody_else(medium: &impl Medium, bytes: &[u8]) -> Result<bool, StoreError> {
    Ok(!state::is_remnant(bytes) && !medium.has_backup() && medium.journal()?.is_none())
}

/// Reads an ended run.
///
/// # Errors
/// Bytes that cannot be read or cannot be trusted.
pub fn past_run(medium: &impl Medium, id: &RunId) -> Result<Option<Run>, StoreError> {
    let Some(bytes) = medium.run(id)? else { return Ok(None) };
    let run = journal::decode_run(&bytes);
    let run = run.map_err(|damaged| foreign::told(unreadable_run(id, &damaged), &medium.run_name(id), &bytes))?;
    if run.started.run_id == *id {
        return Ok(Some(run));
    }
    let detail = format!("it is run {}", run.started.run_id);
    Err(unreadable_run(id, &DamagedLine { line: 1, detail, newer: None }))
}

/// Returns the newest run in the archive that can be read.
///
/// # Errors
/// An archive that cannot be listed.
pub fn newest_run(medium: &impl Medium) -> Result<Option<Run>, StoreError> {
    Ok(medium.runs()?.iter().rev().find_map(|id| past_run(medium, id).ok().flatten()))
}

fn unreadable_run(id: &RunId, damaged: &DamagedLine) -> StoreError {
    match unreadable(format!("run {id}"), damaged) {
        StoreError::Damaged { path, detail, .. } => {
            let hint = worded!("restore it from a copy, or take it away: that run is then unknown");
            StoreError::Damaged { path, detail, hint }
        }
        other => other,
    }
}

fn unreadable(path: String, damaged: &DamagedLine) -> StoreError {
    match damaged.newer {
        Some(found) => StoreError::Newer { path, found, supported: journal::FORMAT_VERSION },
        None => self::damaged(path, damaged.to_string()),
    }
}

fn damaged(path: String, detail: String) -> StoreError {
    StoreError::Damaged { path, detail: detail.into(), hint: Wording::new(|| word(ACCEPT)) }
}

/// Of a file that is gone there is nothing to keep.
const ACCEPT_GONE: &str =
    sentence!("run `rictl state accept`: it reads what became of what was open, and starts a new journal");

const ACCEPT: &str = sentence!(
    "run `rictl state accept`: it keeps the file aside, reads what became of what was open, and starts a new journal"
);
