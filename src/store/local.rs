//! History in files beside the spec: state, backup, journal, ended runs and lock.
//!
//! Reading takes no lock and writes nothing. Writing holds the lock from the claim until the medium is dropped, and
//! checks before each write that it still does.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::lock::{self, Holder, Lock};
use super::{Medium, Recorder, StoreError, files};
use crate::state::RunId;

/// The names of one state's files: for `state/rictl.json` these are `state/rictl.json.backup`,
/// `state/rictl.journal.jsonl`, `state/rictl.runs/` and `state/rictl.lock`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The state.
    pub state: PathBuf,
    /// The state before the last commit.
    pub backup: PathBuf,
    /// The journal.
    pub journal: PathBuf,
    /// The directory of the runs that ended, one file each.
    pub runs: PathBuf,
    /// The lock.
    pub lock: PathBuf,
    /// Where `Store::rescue` writes: a directory on another file system, if there is one.
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
            runs: beside(stem, ".runs"),
            lock: beside(stem, ".lock"),
            rescue_dir: rescue_dir.into(),
            state,
        }
    }
}

/// History in files, locked for writing.
pub type LocalStore = Recorder<Files>;

/// The files of one state.
#[derive(Debug)]
pub struct Files {
    paths: Paths,
    claim: Option<Claim>,
}

/// The right to write.
#[derive(Debug)]
struct Claim {
    lock: Lock,
    journal: File,
}

impl Claim {
    /// Appends to a journal that is `position` bytes long.
    fn append(&mut self, path: &Path, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        self.lock.check()?;
        let file = &mut self.journal;
        check_length(path, file, position)?;
        let written = file.write_all(batch).and_then(|()| file.sync_data());
        // Half a line would be cut off by the next run; the space may matter to others before that.
        written.map_err(|error| match file.set_len(position) {
            Ok(()) => files::io_error("append to", path)(error),
            Err(_) => files::io_error("append to, or cut back,", path)(error),
        })
    }
}

fn unclaimed() -> StoreError {
    StoreError::Bug("a write without the lock".to_owned())
}

impl Files {
    /// Names the files; nothing is read, made or locked yet.
    pub fn new(paths: Paths) -> Self {
        Self { paths, claim: None }
    }

    fn claimed(&mut self) -> Result<(&Paths, &mut Claim), StoreError> {
        let claim = self.claim.as_mut().ok_or_else(unclaimed)?;
        claim.lock.check()?;
        Ok((&self.paths, claim))
    }

    /// Returns the file of an ended run; `None` for a text that names none.
    fn run_path(&self, id: &RunId) -> Option<PathBuf> {
        let is_plain = id.0.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        (is_plain && !id.0.is_empty() && !id.0.starts_with('.')).then(|| self.paths.runs.join(format!("{id}{RUN}")))
    }
}

/// How the name of an ended run's file ends.
const RUN: &str = ".jsonl";

/// Returns who the lock file names, dead or alive.
pub fn lock_holder(paths: &Paths) -> Result<Holder, StoreError> {
    lock::named(&paths.lock)
}

/// Frees the lock with this id, whoever holds it, and returns the holder; who that is notices before the next write.
pub fn force_unlock(paths: &Paths, id: &str) -> Result<Holder, StoreError> {
    lock::free(&paths.lock, id)
}

impl Medium for Files {
    fn journal(&self) -> Result<Option<Vec<u8>>, StoreError> {
        files::read_whole(&self.paths.journal)
    }

    fn state(&self) -> Result<Option<Vec<u8>>, StoreError> {
        files::refuse_irregular(&self.paths.backup)?;
        files::read(&self.paths.state)
    }

    fn has_backup(&self) -> bool {
        self.paths.backup.exists()
    }

    fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        let mut runs: Vec<RunId> = files::names(&self.paths.runs)?
            .iter()
            .filter_map(|name| name.to_str()?.strip_suffix(RUN))
            .filter(|name| !name.starts_with('.'))
            .map(|name| RunId(name.into()))
            .collect();
        runs.sort();
        Ok(runs)
    }

    fn run(&self, id: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(path) = self.run_path(id) else { return Ok(None) };
        files::refuse_other_directory(&self.paths.runs)?;
        files::read_whole(&path)
    }

    fn running(&self) -> Result<Option<Holder>, StoreError> {
        lock::running(&self.paths.lock)
    }

    fn claim(&mut self, holder: &Holder) -> Result<Option<String>, StoreError> {
        files::prepare_dir(&self.paths.state)?;
        files::refuse_irregular(&self.paths.backup)?;
        let (lock, taken_over) = Lock::try_acquire(&self.paths.lock, holder)?;
        let journal = files::open_or_create(&self.paths.journal, true, "open")?;
        // Whether this run or a dead one created them: before the first intent, the names are durable.
        files::sync_dir(&self.paths.journal)?;
        self.claim = Some(Claim { lock, journal });
        Ok(taken_over)
    }

    fn append(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        let claim = self.claim.as_mut().ok_or_else(unclaimed)?;
        claim.append(&self.paths.journal, position, batch)
    }

    async fn append_without_blocking(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        // The lock goes along: it is held for as long as there may be a write.
        let mut claim = self.claim.take().ok_or_else(unclaimed)?;
        let (path, batch) = (self.paths.journal.clone(), batch.to_vec());
        let write = move || {
            let outcome = claim.append(&path, position, &batch);
            (claim, outcome)
        };
        let (claim, outcome) =
            tokio::task::spawn_blocking(write).await.map_err(|error| StoreError::Bug(error.to_string()))?;
        self.claim = Some(claim);
        outcome
    }

    fn mend(&mut self, length: u64) -> Result<(), StoreError> {
        let (paths, claim) = self.claimed()?;
        let mended = claim.journal.set_len(length).and_then(|()| claim.journal.sync_all());
        mended.map_err(files::io_error("mend", &paths.journal))
    }

    fn keep_runs(&mut self, runs: &[(RunId, Vec<u8>)]) -> Result<(), StoreError> {
        let mut named = Vec::with_capacity(runs.len());
        for (id, bytes) in runs {
            let path = self.run_path(id).ok_or_else(|| StoreError::Bug(format!("{id:?} is no name of a run")))?;
            named.push((path, bytes.as_slice()));
        }
        let (paths, _) = self.claimed()?;
        files::make_dir(&paths.runs)?;
        files::put_all(&paths.runs, &named)
    }

    fn replace_journal(&mut self, position: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let (paths, claim) = self.claimed()?;
        check_length(&paths.journal, &claim.journal, position)?;
        files::replace(&paths.journal, bytes)?;
        claim.journal = files::open_or_create(&paths.journal, true, "open")?;
        files::sync_dir(&paths.journal)
    }

    fn keep_state(&mut self, _serial: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let (paths, _) = self.claimed()?;
        if let Some(before) = files::read(&paths.state)? {
            files::replace(&paths.backup, &before)?;
        }
        files::replace(&paths.state, bytes)?;
        files::sync_dir(&paths.state)
    }

    fn set_aside(&mut self) -> Result<(), StoreError> {
        let (paths, _) = self.claimed()?;
        for path in [&paths.journal, &paths.state] {
            let aside = beside(path, FIRST_VERSION);
            files::refuse_irregular(&aside)?;
            if let Some(bytes) = files::read_whole(path)?.filter(|bytes| !bytes.is_empty() && !aside.exists()) {
                files::replace(&aside, &bytes)?;
            }
        }
        files::sync_dir(&paths.state)
    }

    fn reserve(&self, position: u64, journal: u64, state: u64) -> Result<(), StoreError> {
        let claim = self.claim.as_ref().ok_or_else(unclaimed)?;
        files::reserve(&claim.journal, position, journal)
            .map_err(files::io_error("reserve space in", &self.paths.journal))?;
        files::probe_space(&self.paths.state, state)
    }

    fn rescue(&mut self, bytes: &[u8]) -> Result<String, StoreError> {
        let path = files::write_aside(&self.paths.rescue_dir, "rictl-journal-", bytes)?;
        Ok(path.display().to_string())
    }

    fn journal_name(&self) -> String {
        self.paths.journal.display().to_string()
    }

    fn state_name(&self) -> String {
        self.paths.state.display().to_string()
    }

    fn backup_name(&self) -> String {
        self.paths.backup.display().to_string()
    }
}

/// What the names of the files that the first versions wrote end in once they were replaced.
const FIRST_VERSION: &str = ".v1";

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Fails if the journal is not as long as it was left.
fn check_length(path: &Path, file: &File, expected: u64) -> Result<(), StoreError> {
    let length = file.metadata().map_err(files::io_error("look at", path))?.len();
    if length == expected {
        return Ok(());
    }
    let detail = format!("it has {length} bytes, and {expected} were written here");
    Err(StoreError::Moved { path: path.display().to_string(), detail })
}
