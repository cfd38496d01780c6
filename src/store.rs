//! The port to where history is kept: read it, append to the journal, commit the state, hold the lock.
//!
//! [`local`] keeps it in files beside the spec. The executor and the simulation know only [`Store`].

use crate::journal::Entry;
use crate::state::State;

/// Where a run records what it does. Every method is durable when it returns.
pub trait Store {
    /// Appends entries to the journal, in order, with one sync for all of them.
    fn append(&mut self, entries: &[Entry]) -> Result<(), StoreError>;

    /// Replaces the state atomically, keeping the old one as backup. Refused if the state on disk is no longer the
    /// one with `expected_serial`, or the lock is no longer ours.
    fn commit(&mut self, state: &State, expected_serial: u64) -> Result<(), StoreError>;
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
    /// Somebody holds the lock.
    #[error("the state is locked by {holder}")]
    Locked {
        /// Who, where, since when, doing what.
        holder: String,
        /// The lock's id, for `force-unlock`.
        id: String,
    },
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
