//! History in memory, for simulations: the real formats over bytes that a crash can tear.
//!
//! A [`Disk`] is what survives. A fault is set before the write it shall hit; after a death nothing more is written,
//! and [`MemoryStore::into_disk`] is what the next process finds.

pub mod commons;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::lock::Holder;
use super::{About, Medium, Recorder, StoreError};
use crate::language::Wording;
use crate::state::RunId;

pub use commons::Commons;

/// The bytes that a process leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// The journal's durable bytes.
    pub journal: Vec<u8>,
    /// The state, if one was ever committed.
    pub state: Option<Vec<u8>>,
    /// The lines of the runs that ended.
    pub runs: BTreeMap<RunId, Vec<u8>>,
    /// Of runs that were taken back, by which run.
    pub taken_back: BTreeMap<RunId, RunId>,
    /// Of digests, the newest run that has sent a call.
    pub newest_sent: BTreeMap<String, RunId>,
    /// What is noted of runs that have to be confirmed.
    pub words: RefCell<BTreeMap<(RunId, About), Vec<u8>>>,
    /// Who is at work on it, where it is a copy of what others write.
    pub running: Option<Holder>,
    /// Journals that could not be trusted.
    pub distrusted: Vec<Vec<u8>>,
    /// What older versions had written: journal and state.
    pub aside: Option<(Vec<u8>, Option<Vec<u8>>)>,
}

/// What goes wrong with a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written, and the caller is told so.
    Refused,
    /// The process dies over the write when this many bytes are durable. What is replaced is replaced whole or not at
    /// all, and so is what is kept under a name of its own.
    Died(usize),
}

/// What was asked of a medium.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// How many times names were listed.
    pub listings: u64,
    /// How many ended runs were opened.
    pub runs_opened: u64,
    /// How many bytes were read.
    pub bytes_read: u64,
}

/// Bytes in memory.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    disk: Disk,
    faults: Vec<(u64, Fault)>,
    writes: u64,
    is_dead: bool,
    asked: Cell<Asked>,
}

/// A store in memory.
pub type MemoryStore = Recorder<Memory>;

impl Memory {
    /// Opens what a process left behind.
    pub fn new(disk: Disk) -> Self {
        Self { disk, ..Self::default() }
    }

    /// Lets the `nth` write from now, counting from 0, go wrong.
    #[must_use]
    pub fn with_fault(mut self, nth: u64, fault: Fault) -> Self {
        self.faults.push((self.writes + nth, fault));
        self
    }

    /// Returns what is durable now.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Returns what was asked of it so far.
    pub fn asked(&self) -> Asked {
        self.asked.get()
    }

    fn count(&self, change: impl FnOnce(&mut Asked)) {
        let mut asked = self.asked.get();
        change(&mut asked);
        self.asked.set(asked);
    }

    fn read<'a>(&self, bytes: Option<&'a Vec<u8>>) -> Option<&'a Vec<u8>> {
        self.count(|asked| asked.bytes_read += bytes.map_or(0, |bytes| bytes.len() as u64));
        bytes
    }

    /// Counts a write of `length` bytes, and returns how many of them become durable.
    fn meet(&mut self, length: usize) -> (usize, Result<(), StoreError>) {
        let write = self.writes;
        self.writes += 1;
        if self.is_dead {
            return (0, Err(failed()));
        }
        match self.faults.iter().find(|(nth, _)| *nth == write) {
            None => (length, Ok(())),
            Some((_, Fault::Refused)) => (0, Err(failed())),
            Some((_, Fault::Died(durable))) => {
                self.is_dead = true;
                (length.min(*durable), Err(failed()))
            }
        }
    }

    /// Does a write of `length` bytes, whole or not at all.
    fn write(&mut self, length: usize, write: impl FnOnce(&mut Disk)) -> Result<(), StoreError> {
        let (durable, outcome) = self.meet(length);
        if durable >= length && (length > 0 || outcome.is_ok()) {
            write(&mut self.disk);
        }
        outcome
    }
}

fn failed() -> StoreError {
    StoreError::Io { doing: "write", path: "memory".into(), source: std::io::ErrorKind::StorageFull.into() }
}

impl MemoryStore {
    /// Lets the `nth` write from now, counting from 0, go wrong.
    #[must_use]
    pub fn with_fault(mut self, nth: u64, fault: Fault) -> Self {
        self.medium = self.medium.with_fault(nth, fault);
        self
    }

    /// Returns how many writes there were.
    pub fn writes(&self) -> u64 {
        self.medium.writes
    }

    /// Returns what is durable now.
    pub fn disk(&self) -> &Disk {
        &self.medium.disk
    }

    /// Ends the process and returns what it left.
    pub fn into_disk(self) -> Disk {
        self.medium.disk
    }
}

impl Medium for Memory {
    fn journal(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read(Some(&self.disk.journal)).cloned())
    }

    fn state(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read(self.disk.state.as_ref()).cloned())
    }

    fn has_backup(&self) -> bool {
        false
    }

    fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        self.count(|asked| asked.listings += 1);
        Ok(self.disk.runs.keys().cloned().collect())
    }

    fn run(&self, id: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        self.count(|asked| asked.runs_opened += 1);
        Ok(self.read(self.disk.runs.get(id)).cloned())
    }

    fn running(&self) -> Result<Option<Holder>, StoreError> {
        Ok(self.disk.running.clone())
    }

    fn claim(&mut self, _: &Holder) -> Result<Option<Wording>, StoreError> {
        Ok(None)
    }

    fn append(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        if position != self.disk.journal.len() as u64 {
            return Err(StoreError::Moved { path: "journal".into(), detail: "it has another length".into() });
        }
        let (durable, outcome) = self.meet(batch.len());
        self.disk.journal.extend_from_slice(&batch[..durable]);
        outcome
    }

    fn mend(&mut self, length: u64) -> Result<(), StoreError> {
        self.disk.journal.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(())
    }

    fn keep_runs(&mut self, runs: &[(RunId, Vec<u8>)]) -> Result<(), StoreError> {
        for (id, bytes) in runs {
            self.write(bytes.len(), |disk| {
                disk.runs.entry(id.clone()).or_insert_with(|| bytes.clone());
            })?;
        }
        Ok(())
    }

    fn taken_back_by(&self, id: &RunId) -> Result<Option<RunId>, StoreError> {
        Ok(self.disk.taken_back.get(id).cloned())
    }

    fn keep_taken_back(&mut self, runs: &[(RunId, RunId)]) -> Result<(), StoreError> {
        for (id, by) in runs {
            self.write(by.0.len(), |disk| {
                disk.taken_back.insert(id.clone(), by.clone());
            })?;
        }
        Ok(())
    }

    fn word(&self, id: &RunId, about: About) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.disk.words.borrow().get(&(id.clone(), about)).cloned())
    }

    fn put_word(&self, id: &RunId, about: About, bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if self.is_dead {
            return Err(failed());
        }
        let mut words = self.disk.words.borrow_mut();
        let key = (id.clone(), about);
        let known = words.get(&key).cloned();
        words.entry(key).or_insert_with(|| bytes.to_vec());
        Ok(known)
    }

    fn newest_sent(&self, digest: &str) -> Result<Option<RunId>, StoreError> {
        Ok(self.disk.newest_sent.get(digest).cloned())
    }

    fn keep_newest_sent(&mut self, runs: &[(String, RunId)]) -> Result<(), StoreError> {
        for (digest, id) in runs {
            self.write(id.0.len(), |disk| {
                disk.newest_sent.insert(digest.clone(), id.clone());
            })?;
        }
        Ok(())
    }

    fn replace_journal(&mut self, position: u64, bytes: &[u8]) -> Result<(), StoreError> {
        if position != self.disk.journal.len() as u64 {
            return Err(StoreError::Moved { path: "journal".into(), detail: "it has another length".into() });
        }
        self.write(bytes.len(), |disk| disk.journal = bytes.to_vec())
    }

    fn keep_state(&mut self, _serial: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(bytes.len(), |disk| disk.state = Some(bytes.to_vec()))
    }

    fn set_aside(&mut self) -> Result<(), StoreError> {
        self.write(self.disk.journal.len(), |disk| {
            disk.aside.get_or_insert_with(|| (disk.journal.clone(), disk.state.clone()));
        })
    }

    fn keep_aside(&mut self, bytes: &[u8]) -> Result<String, StoreError> {
        self.write(bytes.len(), |disk| disk.distrusted.push(bytes.to_vec()))?;
        Ok(format!("aside {}", self.disk.distrusted.len()))
    }

    fn put_state_aside(&mut self) -> Result<Option<String>, StoreError> {
        let length = self.disk.state.as_ref().map_or(0, Vec::len);
        let mut taken = None;
        self.write(length, |disk| taken = disk.state.take())?;
        Ok(taken.filter(|bytes| !bytes.is_empty()).map(|_| "state aside".to_owned()))
    }

    fn reserve(&self, _: u64, _: u64, _: u64) -> Result<(), StoreError> {
        Ok(())
    }

    fn rescue(&mut self, _: &[u8]) -> Result<String, StoreError> {
        Ok("memory".into())
    }

    fn journal_name(&self) -> String {
        "journal".into()
    }

    fn state_name(&self) -> String {
        "state".into()
    }

    fn backup_name(&self) -> String {
        "backup".into()
    }
}
