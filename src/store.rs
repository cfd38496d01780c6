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

use std::io::ErrorKind;
use std::path::Path;

use jiff::Timestamp;

use crate::diagnostic::quoted;
use crate::journal::{Entry, Replay, Run};
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
    #[error("cannot {doing} {path}")]
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
    #[error("{path} is damaged: {detail}")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong with it, and where.
        detail: String,
        /// What to do.
        hint: String,
    },
    /// What lies where the state should was never a state.
    #[error("{path} is no state of rictl: {detail}")]
    NotOurs {
        /// Which file.
        path: String,
        /// What it is read as.
        detail: String,
    },
    /// Written by a newer rictl.
    #[error("{path} has format version {found}, and this rictl reads versions up to {supported}")]
    Newer {
        /// Which file.
        path: String,
        /// The file's version.
        found: u64,
        /// Ours.
        supported: u64,
    },
    /// Somebody else committed meanwhile, or took the lock.
    #[error("{path} was changed by somebody else: {detail}")]
    Moved {
        /// Which file.
        path: String,
        /// What moved.
        detail: String,
    },
    /// A symlink, FIFO, directory or device stands where a file should.
    #[error("{path} is {what}, not a regular file")]
    NotAFile {
        /// Which path.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// The same where the lock of an account should be.
    #[error("{path} is {what}, not a regular file")]
    NoLockFile {
        /// Which path.
        path: String,
        /// What it is.
        what: &'static str,
    },
    /// Somebody holds the lock.
    #[error("the state is locked by {holder}")]
    Locked {
        /// Who, where, since when, doing what.
        holder: String,
        /// The lock's id, for `force-unlock`.
        id: String,
    },
    /// Somebody else on this host acts on the account.
    #[error("the account is locked by {holder}")]
    AccountLocked {
        /// Who, as far as they say or the kernel shows.
        holder: String,
        /// The lock file.
        path: String,
    },
    /// Nobody holds the lock that was to be freed.
    #[error("{path} is not locked")]
    NotLocked {
        /// The lock file.
        path: String,
    },
    /// Others can write to a file or directory that only we may.
    #[error("{path} can be written by {by}")]
    Exposed {
        /// The file or directory.
        path: String,
        /// Who can.
        by: Writer,
    },
    /// Locks do not keep others out there.
    #[error("locks do not work on the file system of {path}: {why}")]
    Unlockable {
        /// The lock file.
        path: String,
        /// What shows that.
        why: String,
    },
    /// An earlier write failed; what was recorded since is kept for [`Store::rescue`].
    #[error("nothing more can be recorded in {path} after a failed write")]
    Broken {
        /// The journal.
        path: String,
    },
    /// A write was given up: nobody knows whether it will be done.
    #[error("the disk does not answer")]
    Stalled,
    /// Another claim counts: nothing more of ours is written.
    #[error("{path} was taken over by {by} at {since:.0}, epoch {epoch}")]
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
    #[error("cannot {doing} {path}")]
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
    #[error("the state {path} was moved to {to} at {at:.0}")]
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
    #[error("{path} is the state of {of}, and this spec is {by}")]
    Foreign {
        /// Which state.
        path: String,
        /// Which spec it is of.
        of: String,
        /// Which spec asks for it.
        by: String,
    },
    /// A store far away that must not be used as it is, or that refuses.
    #[error("{path} cannot be used: {why}")]
    Unsuitable {
        /// Which store.
        path: String,
        /// Why not.
        why: String,
        /// What to do.
        hint: String,
    },
    /// The caller broke the contract.
    #[error("bug: {0}")]
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

impl std::fmt::Display for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Everybody => f.write_str("everybody"),
            Self::Group(id) => write!(f, "another group ({id})"),
            Self::User(id) => write!(f, "another user ({id}), whom its access control list names"),
            Self::Owner(id) => write!(f, "its owner, another user ({id})"),
        }
    }
}

impl StoreError {
    /// Names the file that bytes came from.
    fn unreadable(path: &str, reason: Unreadable, hint: impl Into<String>) -> Self {
        match reason {
            Unreadable::Damaged(detail) => Self::Damaged { path: path.into(), detail, hint: hint.into() },
            Unreadable::Newer { found, supported } => Self::Newer { path: path.into(), found, supported },
        }
    }

    /// Names what is noted of the confirmation of a run and cannot be read.
    pub fn unreadable_word(id: &RunId, detail: String) -> Self {
        Self::Damaged {
            path: format!("what is noted of the confirmation of run {id}"),
            detail,
            hint: "take it from a backup, or move it away: then the run awaits confirmation again".to_owned(),
        }
    }

    /// Says what to do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Damaged { hint, .. } => hint.clone(),
            Self::NotOurs { path, .. } => {
                format!("it is left as it is: choose another `state.path`, or move {path} away if it is in the way")
            }
            Self::Newer { .. } => "use the rictl that wrote it, or a newer one".into(),
            Self::Moved { .. } => "run `rictl plan` again".into(),
            Self::NotAFile { path, .. } => format!("move {path} away, or choose another `state.path`"),
            Self::NoLockFile { path, .. } => format!("move {path} away, or name another directory with --lock-dir"),
            Self::Locked { id, .. } if id.is_empty() => "wait for it: it says who it is in a moment".into(),
            Self::Locked { id, .. } => {
                format!(
                    "wait for it, with `--lock-timeout 5m` for as long as that; stop a rollout that pauses with Ctrl-C; or free the lock with `rictl force-unlock {id}` if you know that it is dead"
                )
            }
            Self::AccountLocked { path, .. } => {
                format!("wait for it with `--lock-timeout 5m`, or end that process: its lock ({path}) ends with it")
            }
            Self::Exposed { path, by: Writer::Owner(_) } => {
                format!("if what is in it is yours, run `chown` on {path}; else choose another `state.path`")
            }
            Self::Exposed { path, .. } => format!("run `chmod go-w {path}`"),
            Self::Unlockable { .. } => {
                "keep the state elsewhere, or go without: `--lock=none`, which the run records".into()
            }
            Self::Io { source, .. } => match source.kind() {
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                    "make room there, then run it again".into()
                }
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                    "make it accessible to you, or work in another directory".into()
                }
                _ => return None,
            },
            Self::NotLocked { .. } => "nothing has to be freed".into(),
            Self::Unsuitable { hint, .. } => hint.clone(),
            Self::Gone { address: Some(address), .. } => {
                format!("use `--state {}`, or set RICTL_STATE to that", quoted(address))
            }
            Self::Gone { .. } => "name that store with --state, or RICTL_STATE".into(),
            Self::Foreign { .. } => {
                "give the spec a `state.name` of its own; or, where it was renamed, say so once with `--adopt`".into()
            }
            Self::Fenced { .. } => "`rictl state lock` says who holds it, `rictl plan` what is left".into(),
            Self::Unreachable { .. } => "see whether it is up and reachable from here, then run it again".into(),
            Self::Broken { .. } | Self::Stalled | Self::Bug(_) => return None,
        })
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
