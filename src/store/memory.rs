//! History in memory, for simulations: the real journal and state codecs over bytes that a crash can tear.
//!
//! A [`Disk`] is what survives. A fault is set before the write it shall hit; after a death nothing more is written,
//! and [`MemoryStore::into_disk`] is what the next process finds.

use std::path::Path;

use super::local::compare;
use super::{Store, StoreError};
use crate::journal::{Entry, Journal, Replay};
use crate::state::{self, State};

/// The bytes that a process leaves behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// The journal's durable bytes.
    pub journal: Vec<u8>,
    /// The state, if one was ever committed.
    pub state: Option<Vec<u8>>,
}

/// What goes wrong with a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written, and the caller is told so.
    Refused,
    /// The process dies over the write when this many bytes are durable. A state is replaced whole or not at all.
    Died(usize),
}

/// A store in memory.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    disk: Disk,
    journal: Journal,
    faults: Vec<(u64, Fault)>,
    writes: u64,
    unsaved: Option<Vec<u8>>,
}

impl MemoryStore {
    /// Opens what a process left behind, as the next process does: a torn end of the journal is cut off.
    pub fn open(mut disk: Disk) -> Result<(Self, Option<State>), StoreError> {
        let (journal, torn) = Journal::decode(&disk.journal).map_err(|damaged| StoreError::Damaged {
            path: "journal".into(),
            detail: damaged.to_string(),
            hint: String::new(),
        })?;
        if let Some(torn) = torn {
            disk.journal.truncate(torn.good_length);
        }
        let state = disk.state.as_deref().map(read).transpose()?;
        Ok((Self { disk, journal, faults: Vec::new(), writes: 0, unsaved: None }, state))
    }

    /// Lets the `nth` write from now, counting from 0, go wrong.
    #[must_use]
    pub fn with_fault(mut self, nth: u64, fault: Fault) -> Self {
        self.faults.push((self.writes + nth, fault));
        self
    }

    /// Returns how many appends and commits there were.
    pub fn writes(&self) -> u64 {
        self.writes
    }

    /// Returns what is durable now.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }

    /// Ends the process and returns what it left.
    pub fn into_disk(self) -> Disk {
        self.disk
    }

    /// Counts a write and returns what shall happen to it.
    fn next_fault(&mut self) -> Option<Fault> {
        let write = self.writes;
        self.writes += 1;
        self.faults.iter().find(|(nth, _)| *nth == write).map(|(_, fault)| *fault)
    }
}

fn read(bytes: &[u8]) -> Result<State, StoreError> {
    state::decode(bytes).map_err(|reason| StoreError::unreadable("state", reason, ""))
}

fn broken() -> StoreError {
    StoreError::Broken { path: "journal".into() }
}

fn failed(path: &str) -> StoreError {
    StoreError::Io { doing: "write", path: path.into(), source: std::io::ErrorKind::StorageFull.into() }
}

impl Store for MemoryStore {
    fn replay(&self) -> &Replay {
        self.journal.replay()
    }

    fn prepare(&self, _: usize, _: usize) -> Result<(), StoreError> {
        Ok(())
    }

    fn append(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let lines = self.journal.encode(entries).map_err(|illegal| StoreError::Bug(illegal.to_string()))?;
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.extend(lines);
            return Err(broken());
        }
        let Some(fault) = self.next_fault() else {
            self.disk.journal.extend(lines);
            return Ok(());
        };
        if let Fault::Died(bytes) = fault {
            self.disk.journal.extend_from_slice(&lines[..bytes.min(lines.len())]);
        }
        self.unsaved = Some(lines);
        Err(failed("journal"))
    }

    fn commit(&mut self, state: &State, expected_serial: u64) -> Result<(), StoreError> {
        if self.unsaved.is_some() {
            return Err(broken());
        }
        let before = self.disk.state.as_deref().map(read).transpose()?;
        compare(Path::new("state"), before.as_ref(), state, expected_serial)?;
        let bytes = state::encode(state);
        let fault = self.next_fault();
        if let Some(Fault::Died(_)) = fault {
            self.unsaved = Some(Vec::new());
        }
        match fault {
            None => self.disk.state = Some(bytes),
            Some(Fault::Died(durable)) if durable >= bytes.len() => self.disk.state = Some(bytes),
            Some(_) => {}
        }
        if fault.is_some() { Err(failed("state")) } else { Ok(()) }
    }

    fn rescue(&mut self) -> Result<String, StoreError> {
        Ok("memory".into())
    }
}
