//! History in files beside the spec: state, backup, journal, ended runs and lock.
//!
//! Reading takes no lock and writes nothing. Writing holds the lock from the claim until the medium is dropped, and
//! checks before each write that it still does.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::lock::{self, Holder, Lock, Locking};
use super::medium::{Mark, digits_of, run_named_by};
use super::{About, Medium, Recorder, StoreError, files};
use crate::language::{Wording, worded};
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
    /// The directory of the approvals, a file each.
    pub approvals: PathBuf,
    /// The lock.
    pub lock: PathBuf,
    /// Where `Store::rescue` writes: a directory on another file system, if there is one.
    pub rescue_dir: PathBuf,
    /// Who else may own them, beside this process and root: whoever owns the spec.
    pub spec_owner: Option<u32>,
    /// What to do where locks do not work.
    pub locking: Locking,
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
            approvals: beside(stem, ".approvals"),
            lock: beside(stem, ".lock"),
            rescue_dir: rescue_dir.into(),
            spec_owner: None,
            locking: Locking::Required,
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
    journal: OpenJournal,
}

/// The journal while it is written to.
#[derive(Debug)]
struct OpenJournal {
    path: PathBuf,
    /// `None` while there is none: a run that is refused before its first entry makes none.
    file: Option<File>,
    /// The last bytes of it, as they were when it was last looked at or written to.
    end: Vec<u8>,
}

impl OpenJournal {
    /// How much of its end is compared: a line, about.
    const END: u64 = 256;

    fn open(path: &Path) -> Result<Self, StoreError> {
        let file = files::open(path, OpenOptions::new().read(true).append(true), "open")?;
        let mut journal = Self { path: path.to_owned(), file, end: Vec::new() };
        if journal.file.is_some() {
            // Whether this run or a dead one created it: before the first intent, its name is durable.
            files::sync_dir(path)?;
            journal.end = journal.read_end(journal.length()?)?;
        }
        Ok(journal)
    }

    /// Returns the file; makes one where there is none.
    fn create(&mut self) -> Result<&File, StoreError> {
        if self.file.is_none() {
            self.file = Some(files::open_or_create(&self.path, true, "open")?);
            files::sync_dir(&self.path)?;
        }
        self.file.as_ref().ok_or_else(|| StoreError::Bug("a journal that was made is not there".to_owned()))
    }

    fn length(&self) -> Result<u64, StoreError> {
        let Some(file) = &self.file else { return Ok(0) };
        Ok(file.metadata().map_err(files::io_error("look at", &self.path))?.len())
    }

    fn read_end(&self, length: u64) -> Result<Vec<u8>, StoreError> {
        let Some(file) = &self.file else { return Ok(Vec::new()) };
        let from = length.saturating_sub(Self::END);
        let mut end = vec![0; usize::try_from(length - from).unwrap_or(0)];
        file.read_exact_at(&mut end, from).map_err(files::io_error("read", &self.path))?;
        Ok(end)
    }

    /// Fails if the journal is no longer what was left here: taken away, replaced, of another length, or other at its end.
    fn check(&self, expected: u64) -> Result<(), StoreError> {
        let found = self.length()?;
        let is_other = match &self.file {
            Some(file) => {
                let links = file.metadata().map_err(files::io_error("look at", &self.path))?.nlink();
                links == 0 || !lock::is_current(file, &self.path)?
            }
            None => self.path.symlink_metadata().is_ok(),
        };
        let detail = if is_other {
            worded!("it was taken away, or another file was put in its place")
        } else if found != expected {
            worded!("it has {found} bytes, and {expected} were written here", found, expected)
        } else if self.read_end(expected)? != self.end {
            worded!("its end is not what was written here")
        } else {
            return Ok(());
        };
        Err(StoreError::Moved { path: self.path.display().to_string(), detail })
    }

    fn append(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        self.check(position)?;
        let mut file = self.create()?;
        let written = file.write_all(batch).and_then(|()| file.sync_data());
        // Half a line would be cut off by the next run; the space may matter to others before that.
        if let Err(error) = written {
            let what = if file.set_len(position).is_ok() { "append to" } else { "append to, or cut back," };
            return Err(files::io_error(what, &self.path)(error));
        }
        self.end.extend_from_slice(batch);
        let excess = self.end.len().saturating_sub(Self::END as usize);
        self.end.drain(..excess);
        Ok(())
    }

    /// Cuts it to a length.
    fn cut(&mut self, length: u64) -> Result<(), StoreError> {
        if let Some(file) = &self.file {
            let cut = file.set_len(length).and_then(|()| file.sync_all());
            cut.map_err(files::io_error("mend", &self.path))?;
        }
        self.end = self.read_end(length)?;
        Ok(())
    }
}

impl Claim {
    /// Appends to a journal that is `position` bytes long.
    fn append(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        self.lock.check()?;
        self.journal.append(position, batch)
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

    /// Returns where they are.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    fn claimed(&mut self) -> Result<(&Paths, &mut Claim), StoreError> {
        let claim = self.claim.as_mut().ok_or_else(unclaimed)?;
        claim.lock.check()?;
        Ok((&self.paths, claim))
    }

    /// Returns the file of an ended run whose name ends so; `None` for a text that names none.
    pub(super) fn run_path(&self, id: &RunId, ending: &str) -> Option<PathBuf> {
        let is_plain = id.0.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        (is_plain && !id.0.is_empty() && !id.0.starts_with('.')).then(|| self.paths.runs.join(format!("{id}{ending}")))
    }

    /// Returns the file that names the newest run of a digest; `None` for a text that is none.
    fn sent_path(&self, digest: &str) -> Option<PathBuf> {
        Some(self.paths.runs.join(format!("{}{SENT}", digits_of(digest)?)))
    }

    /// Returns the run that is named by a file among those of ended runs.
    fn run_named_in(&self, path: Option<PathBuf>) -> Result<Option<RunId>, StoreError> {
        let Some(path) = path else { return Ok(None) };
        files::refuse_other_directory(&self.paths.runs)?;
        let bytes = files::read(&path)?;
        bytes.map(|bytes| run_named_by(&bytes, || path.display().to_string())).transpose()
    }

    /// Puts files of ended runs where nothing is.
    fn put_runs<'b>(
        &mut self,
        runs: impl Iterator<Item = (&'b RunId, &'static str, &'b [u8])>,
    ) -> Result<(), StoreError> {
        let named = |(id, ending, bytes): (&RunId, &str, &'b [u8])| {
            let path = self.run_path(id, ending);
            path.map(|path| (path, bytes)).ok_or_else(|| StoreError::Bug(format!("{id:?} is no name of a run")))
        };
        let named = runs.map(named).collect::<Result<Vec<_>, _>>()?;
        let (paths, _) = self.claimed()?;
        files::make_dir(&paths.runs)?;
        files::put_all(&paths.runs, &named)
    }
}

impl Files {
    /// Writes a run's id into a file of its own.
    fn note_run(&mut self, path: &Path, id: &RunId) -> Result<(), StoreError> {
        let (paths, _) = self.claimed()?;
        files::make_dir(&paths.runs)?;
        files::replace(path, format!("{id}\n").as_bytes())?;
        files::sync_dir(path)
    }
}

/// How the name of an ended run's file ends.
pub(super) const RUN: &str = ".jsonl";

/// How the name of the file ends that names the run that took a run back.
const TAKEN_BACK: &str = ".taken_back";

/// How the name of the file ends that names the newest run of a digest that has sent a call.
const SENT: &str = ".sent";

/// Returns how the name of the file ends that holds what is noted of a run.
fn ending(about: About) -> &'static str {
    match about {
        About::Decision => ".decision",
        About::Rest => ".rest_kept",
        About::End => ".end",
    }
}

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

    fn mark(&self) -> Result<Option<Mark>, StoreError> {
        files::mark(&self.paths.state)
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
        let Some(path) = self.run_path(id, RUN) else { return Ok(None) };
        files::refuse_other_directory(&self.paths.runs)?;
        files::read_whole(&path)
    }

    fn running(&self) -> Result<Option<Holder>, StoreError> {
        lock::running(&self.paths.lock)
    }

    fn claim(&mut self, holder: &Holder) -> Result<Option<Wording>, StoreError> {
        let paths = &self.paths;
        files::prepare_dir(&paths.state, paths.spec_owner)?;
        files::refuse_irregular(&paths.backup)?;
        for path in [&paths.state, &paths.backup, &paths.journal, &paths.lock, &paths.runs] {
            files::refuse_exposed(path, paths.spec_owner)?;
        }
        let (lock, taken_over) = Lock::try_acquire(&paths.lock, holder, paths.locking)?;
        let journal = OpenJournal::open(&paths.journal)?;
        self.claim = Some(Claim { lock, journal });
        Ok(taken_over)
    }

    fn append(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        let claim = self.claim.as_mut().ok_or_else(unclaimed)?;
        claim.append(position, batch)
    }

    async fn append_without_blocking(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        // The lock goes along: it is held for as long as there may be a write.
        let mut claim = self.claim.take().ok_or_else(unclaimed)?;
        let batch = batch.to_vec();
        let write = move || {
            let outcome = claim.append(position, &batch);
            (claim, outcome)
        };
        let (claim, outcome) =
            tokio::task::spawn_blocking(write).await.map_err(|error| StoreError::Bug(error.to_string()))?;
        self.claim = Some(claim);
        outcome
    }

    fn mend(&mut self, length: u64) -> Result<(), StoreError> {
        let (_, claim) = self.claimed()?;
        claim.journal.cut(length)
    }

    fn keep_runs(&mut self, runs: &[(RunId, Vec<u8>)]) -> Result<(), StoreError> {
        self.put_runs(runs.iter().map(|(id, bytes)| (id, RUN, bytes.as_slice())))
    }

    fn taken_back_by(&self, id: &RunId) -> Result<Option<RunId>, StoreError> {
        self.run_named_in(self.run_path(id, TAKEN_BACK))
    }

    fn keep_taken_back(&mut self, runs: &[(RunId, RunId)]) -> Result<(), StoreError> {
        for (id, by) in runs {
            let path =
                self.run_path(id, TAKEN_BACK).ok_or_else(|| StoreError::Bug(format!("{id:?} is no name of a run")))?;
            self.note_run(&path, by)?;
        }
        Ok(())
    }

    fn word(&self, id: &RunId, about: About) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(path) = self.run_path(id, ending(about)) else { return Ok(None) };
        files::refuse_other_directory(&self.paths.runs)?;
        files::read(&path)
    }

    fn put_word(&self, id: &RunId, about: About, bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let paths = &self.paths;
        let Some(path) = self.run_path(id, ending(about)) else {
            return Err(StoreError::Bug(format!("{id:?} is no name of a run")));
        };
        files::prepare_dir(&paths.state, paths.spec_owner)?;
        files::make_dir(&paths.runs)?;
        files::refuse_exposed(&paths.runs, paths.spec_owner)?;
        match files::put_new(&path, bytes) {
            Ok(()) => files::sync_dir(&path).map(|()| None),
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists => files::read(&path),
            Err(error) => Err(error),
        }
    }

    fn newest_sent(&self, digest: &str) -> Result<Option<RunId>, StoreError> {
        self.run_named_in(self.sent_path(digest))
    }

    fn keep_newest_sent(&mut self, runs: &[(String, RunId)]) -> Result<(), StoreError> {
        for (digest, id) in runs {
            let path = self.sent_path(digest).ok_or_else(|| StoreError::Bug(format!("{digest:?} is no digest")))?;
            self.note_run(&path, id)?;
        }
        Ok(())
    }

    fn replace_journal(&mut self, position: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let (paths, claim) = self.claimed()?;
        claim.journal.check(position)?;
        files::replace(&paths.journal, bytes)?;
        claim.journal = OpenJournal::open(&paths.journal)?;
        Ok(())
    }

    fn keep_state(&mut self, _serial: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let (paths, _) = self.claimed()?;
        files::keep_as(&paths.state, &paths.backup)?;
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

    fn keep_aside(&mut self, bytes: &[u8]) -> Result<String, StoreError> {
        let (paths, _) = self.claimed()?;
        put_aside(&paths.journal, |name| files::put_new(name, bytes))
    }

    fn put_state_aside(&mut self) -> Result<Option<String>, StoreError> {
        let (paths, _) = self.claimed()?;
        if !files::is_empty(&paths.state)? {
            return put_aside(&paths.state, |name| files::move_to(&paths.state, name)).map(Some);
        }
        files::remove(&paths.state)?;
        Ok(None)
    }

    fn reserve(&self, position: u64, journal: u64, state: u64) -> Result<(), StoreError> {
        let claim = self.claim.as_ref().ok_or_else(unclaimed)?;
        let Some(file) = &claim.journal.file else { return files::probe_space(&self.paths.state, journal + state) };
        files::reserve(file, position, journal).map_err(files::io_error("reserve space in", &self.paths.journal))?;
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

/// Puts something under the first name beside `path` that nothing has, durably, and returns that name.
fn put_aside(path: &Path, put: impl Fn(&Path) -> Result<(), StoreError>) -> Result<String, StoreError> {
    for number in 1_u32.. {
        let name = beside(path, &format!(".aside-{number}"));
        match put(&name) {
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {}
            put => {
                put?;
                files::sync_dir(&name)?;
                return Ok(name.display().to_string());
            }
        }
    }
    Err(StoreError::Bug("there are more files aside than can be counted".to_owned()))
}

/// What the names of the files that the first versions wrote end in once they were replaced.
const FIRST_VERSION: &str = ".v1";

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}
