//! The one implementation of [`Store`]: the formats and the rules of history, over any [`Medium`].

use super::{Medium, Store, StoreError};
use crate::journal::{self, Base, DamagedLine, Entry, Journal, LineHash, Replay, Run, TornTail};
use crate::state::{self, Anchor, RunId, State};

/// History on a medium.
#[derive(Clone, Debug)]
pub struct Recorder<M> {
    pub(super) medium: M,
    journal: Journal,
    /// Bytes of the journal that are durable.
    length: u64,
    /// What could not be appended; more is not tried.
    unsaved: Option<Vec<u8>>,
}

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

/// Reads a medium, and returns how long its journal is.
fn look(medium: &impl Medium) -> Result<(Found, u64), StoreError> {
    let bytes = medium.journal()?.unwrap_or_default();
    let (journal, torn) = Journal::decode(&bytes).map_err(|damaged| unreadable(medium.journal_name(), &damaged))?;
    let state = read_state(medium)?;
    let is_older_version = state.as_ref().is_some_and(|(version, _)| *version < state::FORMAT_VERSION);
    Ok((Found { journal, torn, state: state.map(|(_, state)| state), is_older_version }, bytes.len() as u64))
}

/// Reads the state, and returns the version that it is written in.
fn read_state(medium: &impl Medium) -> Result<Option<(u64, State)>, StoreError> {
    let Some(bytes) = medium.state()? else { return Ok(None) };
    let restore = match medium.has_backup() {
        true => format!("restore {} over it, or ", medium.backup_name()),
        false => String::new(),
    };
    let hint = format!("{restore}move it away: rictl works without it");
    let decoded = state::decode(&bytes);
    let state = decoded.map_err(|reason| StoreError::unreadable(&medium.state_name(), reason, hint))?;
    Ok(Some((state::version(&bytes), state)))
}

/// Reads an ended run.
///
/// # Errors
/// Bytes that cannot be read or cannot be trusted.
pub fn past_run(medium: &impl Medium, id: &RunId) -> Result<Option<Run>, StoreError> {
    let Some(bytes) = medium.run(id)? else { return Ok(None) };
    let run = journal::decode_run(&bytes).map_err(|damaged| unreadable(format!("run {id}"), &damaged))?;
    if run.started.run_id == *id {
        return Ok(Some(run));
    }
    let detail = format!("it is run {}", run.started.run_id);
    Err(unreadable(format!("run {id}"), &DamagedLine { line: 1, detail, newer: None }))
}

fn unreadable(path: String, damaged: &DamagedLine) -> StoreError {
    match damaged.newer {
        Some(found) => StoreError::Newer { path, found, supported: journal::FORMAT_VERSION },
        None => StoreError::Damaged { path, detail: damaged.to_string(), hint: WITHOUT_JOURNAL.into() },
    }
}

const WITHOUT_JOURNAL: &str = "restore it from a copy, or move it away: past runs are then unknown, and what the last run \
                               left open is decided by what is live";

impl<M: Medium> Recorder<M> {
    /// Goes on with what is on a medium that was claimed: a torn end of the journal is cut off.
    ///
    /// # Errors
    /// Bytes that cannot be read, cannot be trusted, or cannot be mended.
    pub fn open(mut medium: M) -> Result<(Self, Found), StoreError> {
        let (found, mut length) = look(&medium)?;
        if let Some(torn) = found.torn {
            length = torn.good_length as u64;
            medium.mend(length)?;
        }
        Ok((Self { medium, journal: found.journal.clone(), length, unsaved: None }, found))
    }

    /// Returns the open journal.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Returns what it writes onto.
    pub fn medium(&self) -> &M {
        &self.medium
    }

    /// Brings what an older version wrote into this version's formats, once: the old files are kept aside, ended runs go
    /// into the archive, a run that is not in the state goes on in the new journal. `state` has everything that is in
    /// it; its serial stays.
    ///
    /// # Errors
    /// A write that fails: the old files are what counts, and the next try begins again.
    pub fn upgrade(&mut self, state: Option<&mut State>) -> Result<(), StoreError> {
        self.medium.set_aside()?;
        if self.journal.is_first_version() {
            self.split(state.as_deref())?;
        }
        if let Some(state) = state {
            state.anchor = Some(Anchor { serial: state.serial, head: self.journal.head() });
            self.medium.keep_state(state.serial, &state::encode(state))?;
        }
        Ok(())
    }

    fn split(&mut self, state: Option<&State>) -> Result<(), StoreError> {
        let (serial, prev) = (self.replay().last_serial(), self.journal.head());
        let (ended, open): (Vec<_>, Vec<_>) =
            self.replay().runs().iter().cloned().partition(|run| run.folded.is_some());
        let last = ended.last().or(open.last()).map(|run| (run.started.lineage.clone(), run.started.target.clone()));
        let Some((lineage, target)) = last else { return Ok(()) };
        let bug = |illegal: journal::Illegal| StoreError::Bug(illegal.to_string());
        for runs in ended.chunks(RUNS_AT_ONCE) {
            let lines = |run: &Run| Ok((run.started.run_id.clone(), journal::encode_run(run).map_err(bug)?));
            let runs = runs.iter().map(lines).collect::<Result<Vec<_>, StoreError>>()?;
            self.medium.keep_runs(&runs)?;
        }
        let serial = state.filter(|state| state.lineage == lineage).map_or(serial, |state| serial.max(state.serial));
        let (mut journal, mut bytes) = Journal::begin(Base { lineage, target, serial, head: prev }, prev);
        for run in &open {
            bytes.extend(journal.encode(&run.entries()).map_err(bug)?);
        }
        self.replace(journal, &bytes)
    }

    fn replace(&mut self, journal: Journal, bytes: &[u8]) -> Result<(), StoreError> {
        self.medium.replace_journal(self.length, bytes)?;
        self.length = bytes.len() as u64;
        self.journal = journal;
        Ok(())
    }

    /// Returns the lines of entries that are to be appended; after a failed append they are kept with what failed.
    fn next_lines(&mut self, entries: &[Entry]) -> Result<Vec<u8>, StoreError> {
        let lines = self.journal.encode(entries).map_err(|illegal| StoreError::Bug(illegal.to_string()))?;
        match &mut self.unsaved {
            Some(unsaved) => {
                unsaved.extend(lines);
                Err(self.broken())
            }
            None => Ok(lines),
        }
    }

    /// What was unsaved is durable.
    fn appended(&mut self) {
        self.length += self.unsaved.take().map_or(0, |lines| lines.len() as u64);
    }

    fn broken(&self) -> StoreError {
        StoreError::Broken { path: self.medium.journal_name() }
    }
}

/// How many runs are split off between two looks at the disk.
const RUNS_AT_ONCE: usize = 1024;

impl<M: Medium> Store for Recorder<M> {
    fn replay(&self) -> &Replay {
        self.journal.replay()
    }

    fn prepare(&self, steps: usize, state_length: usize) -> Result<(), StoreError> {
        /// A step's lines and its part of the run's first line, with long names and error texts.
        const BYTES_PER_STEP: u64 = 2048;
        self.medium.reserve(self.length, BYTES_PER_STEP * (steps as u64 + 2), 4096 + state_length as u64)
    }

    fn append(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let lines = self.next_lines(entries)?;
        self.medium.append(self.length, self.unsaved.insert(lines))?;
        self.appended();
        Ok(())
    }

    async fn append_without_blocking(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let lines = self.next_lines(entries)?;
        // Given up before it is answered, this stays: nobody knows how much of it is on disk, so nothing may follow it.
        self.medium.append_without_blocking(self.length, self.unsaved.insert(lines)).await?;
        self.appended();
        Ok(())
    }

    fn commit(&mut self, state: &mut State, expected_serial: u64) -> Result<(), StoreError> {
        if self.unsaved.is_some() {
            return Err(self.broken());
        }
        let before = read_state(&self.medium)?.map(|(_, state)| state);
        compare(&self.medium.state_name(), before.as_ref(), state, expected_serial)?;
        let anchor = Anchor { serial: state.serial, head: self.journal.head() };
        let before = state.anchor.replace(anchor);
        let kept = self.medium.keep_state(state.serial, &state::encode(state));
        kept.inspect_err(|_| state.anchor = before)
    }

    fn archive(&mut self, state: &State) -> Result<(), StoreError> {
        if self.unsaved.is_some() {
            return Err(self.broken());
        }
        let replay = self.journal.replay();
        if replay.open_run().is_some() || !replay.unfolded().is_empty() {
            return Ok(());
        }
        let head = state.anchor.map_or_else(LineHash::default, |anchor| anchor.head);
        let serial = state.serial.max(replay.last_serial());
        let base = Base { lineage: state.lineage.clone(), target: state.target.clone(), serial, head };
        if !replay.runs().is_empty() {
            let bytes = self.medium.journal()?.unwrap_or_default();
            self.medium.keep_runs(&runs_apart(replay, &bytes)?)?;
        } else if self.journal.base() == Some(&base) {
            return Ok(());
        }
        let (journal, bytes) = Journal::begin(base, self.journal.head());
        self.replace(journal, &bytes)
    }

    fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        match self.replay().runs().iter().rev().find(|run| run.started.run_id == *id) {
            Some(run) => Ok(Some(run.clone())),
            None => past_run(&self.medium, id),
        }
    }

    fn run_ids(&self) -> Result<Vec<RunId>, StoreError> {
        all_ids(&self.medium, self.replay())
    }

    fn rescue(&mut self) -> Result<String, StoreError> {
        let unsaved = self.unsaved.clone().unwrap_or_default();
        self.medium.rescue(&unsaved)
    }
}

/// Takes the runs of a journal apart, each with its lines. A run and its way back stand in each other's lines, so that each
/// is told again.
fn runs_apart(replay: &Replay, bytes: &[u8]) -> Result<Vec<(RunId, Vec<u8>)>, StoreError> {
    if replay.runs().iter().all(|run| run.started.evidence.takes_back.is_empty()) {
        return Ok(journal::runs_in(bytes).into_iter().map(|(id, lines)| (id, lines.to_vec())).collect());
    }
    let told = |run: &Run| {
        let lines = journal::encode_run(run).map_err(|illegal| StoreError::Bug(illegal.to_string()))?;
        Ok((run.id().clone(), lines))
    };
    replay.runs().iter().map(told).collect()
}

/// Returns the ids of the runs in the archive and in the journal, oldest first.
///
/// # Errors
/// An archive that cannot be listed.
pub fn all_ids(medium: &impl Medium, replay: &Replay) -> Result<Vec<RunId>, StoreError> {
    let mut ids = medium.runs()?;
    ids.extend(replay.runs().iter().map(|run| run.started.run_id.clone()));
    ids.sort();
    ids.dedup();
    Ok(ids)
}

/// Fails if `after` does not follow the state that is there.
fn compare(name: &str, before: Option<&State>, after: &State, expected_serial: u64) -> Result<(), StoreError> {
    if after.serial <= expected_serial {
        return Err(StoreError::Bug(format!("serial {} does not follow serial {expected_serial}", after.serial)));
    }
    let detail = match before {
        Some(before) if before.lineage != after.lineage => "it has another lineage now".into(),
        Some(before) if before.serial != expected_serial => {
            format!("it has serial {} now, and serial {expected_serial} was read", before.serial)
        }
        None if expected_serial != 0 => format!("it is gone, and serial {expected_serial} was read"),
        _ => return Ok(()),
    };
    Err(StoreError::Moved { path: name.to_owned(), detail })
}
