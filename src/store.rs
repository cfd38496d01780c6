//! The port to where history is kept: read it, append to the journal, commit the state, keep ended runs, hold the lock.
//!
//! The executor and the simulation know only [`Store`]. [`recorder`] is the one implementation: it knows the formats and
//! the rules, and writes onto a [`Medium`], which knows bytes only. [`local`] keeps them in files beside the spec,
//! [`memory`] in memory, for simulations that crash it. A store that many machines share is a [`remote`], which [`shared`]
//! makes a medium of: [`postgres`] is one. One contract test runs against all of them. [`overlay`] reads one and writes memory, for rehearsals.

pub mod account;
mod acl;
pub mod approvals;
mod files;
pub mod findings;
pub mod gate_file;
pub mod glance;
pub mod local;
pub mod lock;
pub mod medium;
pub mod memory;
mod mount;
pub mod named;
pub mod objects;
pub mod overlay;
pub mod place;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod recorder;
pub mod remote;
pub mod shared;
mod words;

use std::path::Path;

use jiff::Timestamp;

use crate::journal::{Entry, Replay, Run};
use crate::language::{Wording, worded};
use crate::state::{RunId, State, Unreadable};

pub use medium::{About, Medium};
pub use place::{Home, Place};
pub use recorder::Recorder;
pub use shared::{Lease, Shared};

pub use files::Mode;

/// Where a run records what it does. Every method is durable when it returns.
#[allow(async_fn_in_trait, reason = "one task drives every future; no Send bound is wanted")]
pub trait Store {
    /// Returns what the open journal says, everything appended included. Runs that ended before are in the archive.
    fn replay(&self) -> &Replay;

    /// Makes sure that a run of `steps` steps can be recorded, before its first call: the journal has room, and a state
    /// of `state_length` bytes would fit beside the old one.
    fn prepare(&self, steps: usize, state_length: usize) -> Result<(), StoreError>;

    /// Appends entries to the journal, in order, with one sync for all of them. After a failure every later append
    /// and commit fails too, so no further call may be sent; what they were given is kept for [`Store::rescue`].
    fn append(&mut self, entries: &[Entry]) -> Result<(), StoreError>;

    /// Appends as [`Store::append`] does, for whoever has deadlines to keep meanwhile: where that takes its time, it takes
    /// it on another thread. There is one at a time; whoever gives it up before it is answered appends nothing more.
    async fn append_without_blocking(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        self.append(entries)
    }

    /// Replaces the state atomically, keeping the old one as backup, and anchors it to the journal's last line. Refused
    /// if the state on disk is no longer the one with `expected_serial` (0 for none), or the lock is no longer ours.
    fn commit(&mut self, state: &mut State, expected_serial: u64) -> Result<(), StoreError>;

    /// Takes the runs that are in the state out of the journal, each into a place of its own, and lets the journal go
    /// on from `state`, which is the one that was committed last. Does nothing while a run is open, or not in the state.
    /// After a failure the journal is as it was, or as it should be; what was taken out twice is there once.
    fn archive(&mut self, state: &State) -> Result<(), StoreError>;

    /// Returns the run with this id, from the journal or from the archive, without looking at any other.
    fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError>;

    /// Returns the newest run of a plan of this digest that has sent a call, without looking at any other.
    fn newest_sent(&self, digest: &str) -> Result<Option<RunId>, StoreError>;

    /// Returns that run itself.
    fn newest_run_of(&self, digest: &str) -> Result<Option<Run>, StoreError> {
        self.newest_sent(digest)?.map_or(Ok(None), |id| self.run(&id))
    }

    /// Returns the ids of every run, oldest first, without opening any.
    fn run_ids(&self) -> Result<Vec<RunId>, StoreError>;

    /// Returns which run took this one back whole, if one has.
    fn taken_back_by(&self, _id: &RunId) -> Result<Option<RunId>, StoreError> {
        Ok(None)
    }

    /// Returns what is noted of a run that has to be confirmed.
    fn word(&self, _id: &RunId, _about: About) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    /// Notes something of a run that has to be confirmed, once and for ever; returns what was noted before, where that is so.
    fn put_word(&self, _id: &RunId, _about: About, _bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Err(StoreError::Bug("this store keeps no words about confirmations".to_owned()))
    }

    /// Returns until when, and under which epoch, nobody else writes; `None` for a store whose lock lasts as long as its
    /// process.
    fn lease(&self) -> Option<Lease> {
        None
    }

    /// Writes what could not be appended to a second place, with a last line that says of which history it is, and names it
    /// for people.
    fn rescue(&mut self) -> Result<String, StoreError>;

    /// Returns the lines that could not be appended.
    fn unsaved(&self) -> &[u8] {
        &[]
    }
}

/// Why history could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system said no.
    Io {
        /// What was being done, e.g. `append to`.
        doing: &'static str,
        /// To which file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The content cannot be trusted; the file is left as it is.
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong with it, and where.
        detail: Wording,
        /// What to do.
        hint: Wording,
    },
    /// What lies where the state should was never a state.
    NotOurs {
        /// Which file.
        path: String,
        /// What it is read as.
        detail: Wording,
    },
    /// Written by a newer rictl.
    Newer {
        /// Which file.
        path: String,
        /// The file's version.
        found: u64,
        /// Ours.
        supported: u64,
    },
    /// Somebody else committed meanwhile, or took the lock.
    Moved {
        /// Which file.
        path: String,
        /// What moved.
        detail: Wording,
    },
    /// A symlink, FIFO, directory or device stands where a file should.
    NotAFile {
        /// Which path.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// Something else stands where a directory should.
    NotADirectory {
        /// Which path.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// A symlink, FIFO, directory or device stands where the lock of an account should be.
    NoLockFile {
        /// Which path.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// Somebody holds the lock.
    Locked {
        /// Who, where, since when, doing what.
        holder: Wording,
        /// The lock's id, for `force-unlock`.
        id: String,
    },
    /// Somebody else on this host acts on the account.
    AccountLocked {
        /// Who, as far as they say or the kernel shows.
        holder: Wording,
        /// The lock file.
        path: String,
    },
    /// Nobody holds the lock that was to be freed.
    NotLocked {
        /// The lock file.
        path: String,
    },
    /// Others can write to a file or directory that only we may.
    Exposed {
        /// The file or directory.
        path: String,
        /// Who can.
        by: Writer,
    },
    /// Locks do not keep others out there.
    Unlockable {
        /// The lock file.
        path: String,
        /// What shows that.
        why: Wording,
    },
    /// An earlier write failed; what was recorded since is kept for [`Store::rescue`].
    Broken {
        /// The journal.
        path: String,
    },
    /// A write was given up: nobody knows whether it will be done.
    Stalled,
    /// Another claim counts: nothing more of ours is written.
    Fenced {
        /// Which state.
        path: String,
        /// Who took over, as far as it is known.
        by: String,
        /// When.
        since: Timestamp,
        /// The epoch that counts now.
        epoch: u64,
    },
    /// A store far away did not answer, or not so that anything is known.
    Unreachable {
        /// What was being done, e.g. `append to`.
        doing: &'static str,
        /// Which store.
        path: String,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The state was moved elsewhere.
    Gone {
        /// Where it was.
        path: String,
        /// Where it is.
        to: String,
        /// What `--state` takes there, where that is known.
        address: Option<String>,
        /// Since when.
        at: Timestamp,
    },
    /// A state in a shared store is of another spec.
    Foreign {
        /// Which state.
        path: String,
        /// Which spec it is of.
        of: String,
        /// Which spec asks for it.
        by: String,
    },
    /// A store far away that must not be used as it is, or that refuses.
    Unsuitable {
        /// Which store.
        path: String,
        /// Why not.
        why: Wording,
        /// What to do.
        hint: Wording,
    },
    /// The caller broke the contract.
    Bug(String),
}

/// Who can write to what only we may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// Everybody on this host.
    Everybody,
    /// The members of this group.
    Group(u32),
    /// Its owner, who is neither this user nor root, nor owns the spec.
    Owner(u32),
    /// A user whom its access control list names.
    User(u32),
}

impl StoreError {
    /// Names the file that bytes came from.
    fn unreadable(path: &str, reason: Unreadable, hint: impl Into<Wording>) -> Self {
        match reason {
            Unreadable::Damaged(detail) => Self::Damaged { path: path.into(), detail, hint: hint.into() },
            Unreadable::Newer { found, supported } => Self::Newer { path: path.into(), found, supported },
        }
    }

    /// Names what is noted of the confirmation of a run and cannot be read.
    pub fn unreadable_word(id: &RunId, detail: String) -> Self {
        Self::Damaged {
            path: format!("what is noted of the confirmation of run {id}"),
            detail: detail.into(),
            hint: worded!("take it from a backup, or move it away: then the run awaits confirmation again"),
        }
    }
}

/// Reads a regular file whole, up to the limit of any file of ours; `None` if there is none. Never follows a symlink,
/// never waits on a FIFO.
pub fn read_file(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    files::read(path)
}

/// Replaces a file, or makes it, for its owner only: whole or not at all, and durable.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    files::replace(path, bytes)?;
    files::sync_dir(path)
}

/// Puts a file where nothing or a regular file stands, in one step and durably; one that is there is replaced only if
/// `replace` says so.
///
/// # Errors
/// What the operating system says, also of a file that may not be replaced.
pub fn put_file(path: &Path, bytes: &[u8], mode: &Mode, replace: bool) -> Result<(), StoreError> {
    files::put(path, bytes, mode, replace)?;
    files::sync_dir(path)
}

/// Writes an error with its causes on one line.
pub fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
