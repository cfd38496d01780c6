//! History in files beside the spec: state, backup, journal and lock.
//!
//! Reading takes no lock and writes nothing; it reads the journal before the state, so that a run that is folded
//! meanwhile is seen in at least one of them. Writing goes through [`LocalStore`], which holds the lock from
//! [`LocalStore::try_open`] until it is dropped and checks before each write that it still does.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::lock::{self, Holder, Lock};
use super::{Store, StoreError, files};
use crate::journal::{self, Entry, Journal, Replay, Run};
use crate::resource::Target;
use crate::state::{self, State};

/// The names of one state's files: for `state/rictl.json` these are `state/rictl.json.backup`,
/// `state/rictl.journal.jsonl` and `state/rictl.lock`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The state.
    pub state: PathBuf,
    /// The state before the last commit.
    pub backup: PathBuf,
    /// The journal.
    pub journal: PathBuf,
    /// The lock.
    pub lock: PathBuf,
    /// Where [`Store::rescue`] writes: a directory on another file system, if there is one.
    pub rescue_dir: PathBuf,
}

impl Paths {
    /// Names the files that stand beside `state`.
    pub fn new(state: impl Into<PathBuf>, rescue_dir: impl Into<PathBuf>) -> Self {
        let state = state.into();
        let stem = if state.extension() == Some(OsStr::new("json")) { state.file_stem() } else { state.file_name() };
        let beside = |name: Option<&OsStr>, suffix: &str| {
            let mut name = name.unwrap_or_default().to_owned();
            name.push(suffix);
            state.with_file_name(name)
        };
        Self {
            backup: beside(state.file_name(), ".backup"),
            journal: beside(stem, ".journal.jsonl"),
            lock: beside(stem, ".lock"),
            rescue_dir: rescue_dir.into(),
            state,
        }
    }
}

/// What is recorded.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The state, with every run folded in that the journal knows to have ended; `None` if there is none, which is
    /// never an error. Its serial is the one on disk.
    pub state: Option<State>,
    /// The journal.
    pub journal: Journal,
    /// Who is at work on it now.
    pub running: Option<Holder>,
    /// What is odd about it, for people.
    pub notes: Vec<String>,
}

impl Recorded {
    /// Takes the state out, or starts one: it goes on with the lineage of the last run if that had the same target,
    /// and begins `lineage` otherwise.
    pub fn take_state_or_new(&mut self, target: &Target, lineage: String) -> State {
        self.state.take().unwrap_or_else(|| {
            let last = self.journal.replay().runs().last().map(|run| &run.started);
            let goes_on = last.filter(|last| last.target.is_same_as(target)).map(|last| last.lineage.clone());
            State::new(goes_on.unwrap_or(lineage), target.clone())
        })
    }
}

/// Reads what is recorded, without a lock and without writing.
pub fn read(paths: &Paths) -> Result<Recorded, StoreError> {
    files::refuse_irregular(&paths.backup)?;
    let running = lock::running(&paths.lock)?;
    let (journal, torn) = decode_journal(paths, &files::read(&paths.journal)?.unwrap_or_default())?;
    let mut recorded = assemble(paths, journal)?;
    // While somebody is at work, the end of the journal may be a line that is just being written.
    if let Some(torn) = torn.filter(|_| running.is_none()) {
        recorded.notes.push(torn_note(paths, torn));
    }
    recorded.running = running;
    Ok(recorded)
}

/// Returns who the lock file names, dead or alive.
pub fn lock_holder(paths: &Paths) -> Result<Holder, StoreError> {
    lock::named(&paths.lock)
}

/// Frees the lock with this id, whoever holds it, and returns the holder; who that is notices before the next write.
pub fn force_unlock(paths: &Paths, id: &str) -> Result<Holder, StoreError> {
    lock::free(&paths.lock, id)
}

fn decode_journal(paths: &Paths, bytes: &[u8]) -> Result<(Journal, Option<journal::TornTail>), StoreError> {
    let path = paths.journal.display().to_string();
    Journal::decode(bytes).map_err(|damaged| match damaged.newer {
        Some(found) => StoreError::Newer { path, found, supported: journal::FORMAT_VERSION },
        None => StoreError::Damaged { path, detail: damaged.to_string(), hint: WITHOUT_JOURNAL.into() },
    })
}

const WITHOUT_JOURNAL: &str = "restore it from a copy, or move it away: past runs are then unknown, and what the last run \
                               left open is decided by what is live";

fn read_state(paths: &Paths) -> Result<Option<(Vec<u8>, State)>, StoreError> {
    let Some(bytes) = files::read(&paths.state)? else { return Ok(None) };
    let path = paths.state.display().to_string();
    let restore = match paths.backup.exists() {
        true => format!("restore {} over it, or ", paths.backup.display()),
        false => String::new(),
    };
    let hint = format!("{restore}move it away: rictl works without it");
    let state = state::decode(&bytes).map_err(|reason| StoreError::unreadable(&path, reason, hint))?;
    Ok(Some((bytes, state)))
}

fn assemble(paths: &Paths, journal: Journal) -> Result<Recorded, StoreError> {
    let mut recorded = Recorded { journal, ..Recorded::default() };
    recorded.state = read_state(paths)?.map(|(_, state)| state);
    let replay = recorded.journal.replay();
    let name = paths.state.display();
    match &mut recorded.state {
        Some(state) => recorded.notes.extend(catch_up(state, replay).map(|note| format!("{name} {note}"))),
        None if replay.last_serial() > 0 || paths.backup.exists() => {
            let copy = match paths.backup.exists() {
                true => format!("; {} holds an older copy", paths.backup.display()),
                false => String::new(),
            };
            recorded.notes.push(format!(
                "{name} is missing although it was written before: the cause of drift is unknown until the next apply{copy}"
            ));
        }
        None => {}
    }
    Ok(recorded)
}

/// Folds in the runs that the state does not have yet. More than the last one means that the state is an old copy.
fn catch_up(state: &mut State, replay: &Replay) -> Option<String> {
    let serial = state.serial;
    let ended = replay.runs().iter().filter(|run| run.end.is_some() && run.started.lineage == state.lineage);
    // A run without a serial of its own may have been folded after the journal was read: the state tells.
    let is_missing = |run: &&Run| run.folded.map_or(run.started.serial >= serial, |folded| folded > serial);
    let missing: Vec<_> = ended.filter(is_missing).collect();
    for run in &missing {
        journal::fold(state, run);
    }
    if let Some(last) = replay.runs().last()
        && last.started.lineage != state.lineage
    {
        return Some(format!("has another lineage than its journal: run {} was not its own", last.started.run_id));
    }
    let newest = missing.iter().filter_map(|run| run.folded).max()?;
    Some(format!(
        "is older than its journal (serial {serial}, the journal says {newest}): {} runs are taken from the journal",
        missing.len()
    ))
}

fn torn_note(paths: &Paths, torn: journal::TornTail) -> String {
    format!(
        "the end of {} was cut off by a crash: {} bytes that were never durable are dropped",
        paths.journal.display(),
        torn.torn_length
    )
}

/// The files, locked for writing.
#[derive(Debug)]
pub struct LocalStore {
    paths: Paths,
    journal: Journal,
    file: File,
    /// Bytes of the journal that are durable.
    length: u64,
    /// What could not be appended; more is not tried.
    unsaved: Option<Vec<u8>>,
    lock: Lock,
}

impl LocalStore {
    /// Takes the lock, or fails at once with [`StoreError::Locked`]; then reads what is recorded, cuts a torn end
    /// off the journal, and returns both. What the notes tell was done under the lock.
    pub fn try_open(paths: Paths, holder: &Holder) -> Result<(Self, Recorded), StoreError> {
        files::prepare_dir(&paths.state)?;
        files::refuse_irregular(&paths.backup)?;
        let (lock, taken_over) = Lock::try_acquire(&paths.lock, holder)?;
        let file = files::open_or_create(&paths.journal, true, "open")?;
        // Whether this run or a dead one created them: before the first intent, the names are durable.
        files::sync_dir(&paths.journal)?;
        let bytes = files::read_open(&file, &paths.journal)?;
        let (journal, torn) = decode_journal(&paths, &bytes)?;
        let mut recorded = assemble(&paths, journal.clone())?;
        let mut length = bytes.len() as u64;
        if let Some(torn) = torn {
            length = torn.good_length as u64;
            file.set_len(length).and_then(|()| file.sync_all()).map_err(files::io_error("mend", &paths.journal))?;
            recorded.notes.push(torn_note(&paths, torn));
        }
        recorded.notes.extend(taken_over);
        Ok((Self { paths, journal, file, length, unsaved: None, lock }, recorded))
    }

    /// Writes the lines, or leaves the journal as it was.
    fn write(&mut self, lines: &[u8]) -> Result<(), StoreError> {
        let path = &self.paths.journal;
        self.lock.check()?;
        let length = self.file.metadata().map_err(files::io_error("look at", path))?.len();
        if length != self.length {
            let detail = format!("it has {length} bytes, and {} were written here", self.length);
            return Err(StoreError::Moved { path: path.display().to_string(), detail });
        }
        let written = self.file.write_all(lines).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Half a line would be cut off by the next run; the space may matter to others before that.
            return Err(match self.file.set_len(self.length) {
                Ok(()) => files::io_error("append to", path)(error),
                Err(_) => files::io_error("append to, or cut back,", path)(error),
            });
        }
        self.length += lines.len() as u64;
        Ok(())
    }

    fn broken(&self) -> StoreError {
        StoreError::Broken { path: self.paths.journal.display().to_string() }
    }
}

impl Store for LocalStore {
    fn replay(&self) -> &Replay {
        self.journal.replay()
    }

    fn prepare(&self, steps: usize, state_length: usize) -> Result<(), StoreError> {
        /// A step's lines and its part of the run's first line, with long names and error texts.
        const BYTES_PER_STEP: u64 = 1024;
        let needed = BYTES_PER_STEP * (steps as u64 + 2);
        files::reserve(&self.file, self.length, needed)
            .map_err(files::io_error("reserve space in", &self.paths.journal))?;
        files::probe_space(&self.paths.state, 4096 + state_length as u64)
    }

    fn append(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let lines = self.journal.encode(entries).map_err(|illegal| StoreError::Bug(illegal.to_string()))?;
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.extend(lines);
            return Err(self.broken());
        }
        self.write(&lines).inspect_err(|_| self.unsaved = Some(lines))
    }

    fn commit(&mut self, state: &State, expected_serial: u64) -> Result<(), StoreError> {
        if self.unsaved.is_some() {
            return Err(self.broken());
        }
        self.lock.check()?;
        let before = read_state(&self.paths)?;
        let path = &self.paths.state;
        compare(path, before.as_ref().map(|(_, state)| state), state, expected_serial)?;
        if let Some((bytes, _)) = before {
            files::replace(&self.paths.backup, &bytes)?;
        }
        files::replace(path, &state::encode(state))?;
        files::sync_dir(path)
    }

    fn rescue(&mut self) -> Result<String, StoreError> {
        let unsaved = self.unsaved.as_deref().unwrap_or_default();
        let path = files::write_aside(&self.paths.rescue_dir, "rictl-journal-", unsaved)?;
        Ok(path.display().to_string())
    }
}

/// Fails if `after` does not follow the state that is there.
pub(super) fn compare(
    path: &Path,
    before: Option<&State>,
    after: &State,
    expected_serial: u64,
) -> Result<(), StoreError> {
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
    Err(StoreError::Moved { path: path.display().to_string(), detail })
}
