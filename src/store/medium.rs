//! Where bytes are kept. A medium knows no format: what the bytes say is the [`super::Recorder`]'s business.
//!
//! The trait is cut so that a database or a bucket can stand where files do: an append says where the journal ended for
//! whoever appends, an ended run is put only where nothing is, a state has the name of its serial, and whoever writes
//! holds a claim that the next claimant takes away. What is far away is a [`super::remote::Remote`], and a medium through
//! [`super::shared::Shared`]: its thread does the waiting, so that this port stays as it is.

use super::lock::Holder;
use super::{Lease, StoreError};
use crate::language::{Wording, worded};
use crate::state::RunId;

/// What is noted of a run that has to be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// Whether it is kept or taken back.
    Decision,
    /// That what a way back left is kept.
    Rest,
    /// How it ended, said by the process that waited.
    End,
}

impl About {
    /// Returns the word for it in the names of a shared store.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Rest => "rest_kept",
            Self::End => "end",
        }
    }

    /// Returns what a word stands for.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        [Self::Decision, Self::Rest, Self::End].into_iter().find(|about| about.word() == word)
    }
}

/// What a state is known by without being read: another one, or another content, has another mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark(pub(super) Vec<i64>);

/// Bytes that outlive the process.
#[allow(async_fn_in_trait, reason = "one task drives every future; no Send bound is wanted")]
pub trait Medium {
    /// Returns the open journal; `None` where there never was one. Read before the state, it shows every run that the
    /// state lacks.
    fn journal(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Returns the newest state.
    fn state(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Returns the mark of the newest state, on a medium that has such.
    fn mark(&self) -> Result<Option<Mark>, StoreError> {
        Ok(None)
    }

    /// Returns whether an older state is kept beside the newest.
    fn has_backup(&self) -> bool;

    /// Returns the ids of the ended runs, oldest first: names only, no run is opened.
    fn runs(&self) -> Result<Vec<RunId>, StoreError>;

    /// Returns the lines of an ended run.
    fn run(&self, id: &RunId) -> Result<Option<Vec<u8>>, StoreError>;

    /// Returns who writes here now, as far as can be told without disturbing them.
    fn running(&self) -> Result<Option<Holder>, StoreError>;

    /// Takes the right to write, or says at once who has it; whoever had it before writes no more. Returns a note where
    /// it was taken over from somebody who is gone. It is given back when the medium is dropped.
    fn claim(&mut self, holder: &Holder) -> Result<Option<Wording>, StoreError>;

    /// Appends to a journal that is `position` bytes long; after an error it is as it was, or the error says otherwise.
    fn append(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError>;

    /// Appends as [`Medium::append`] does, on another thread where that may take its time. Given up before it is answered,
    /// it may still be done, and the medium takes no further write.
    async fn append_without_blocking(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        self.append(position, batch)
    }

    /// Cuts what a crash left of a write off the journal.
    fn mend(&mut self, length: u64) -> Result<(), StoreError>;

    /// Keeps ended runs, each under its id, whole and for ever; one that is there already stays as it is.
    fn keep_runs(&mut self, runs: &[(RunId, Vec<u8>)]) -> Result<(), StoreError>;

    /// Returns which run took this one back.
    fn taken_back_by(&self, id: &RunId) -> Result<Option<RunId>, StoreError>;

    /// Notes of runs which run took each back, for ever; the last that did counts.
    fn keep_taken_back(&mut self, runs: &[(RunId, RunId)]) -> Result<(), StoreError>;

    /// Returns what is noted of a run that has to be confirmed.
    fn word(&self, id: &RunId, about: About) -> Result<Option<Vec<u8>>, StoreError>;

    /// Notes something of a run that has to be confirmed, for ever and in one step: only where nothing is noted, of several at
    /// once the first. Needs no claim. Returns what was noted before, where that is so.
    fn put_word(&self, id: &RunId, about: About, bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Returns the newest ended run of a plan of this digest that has sent a call.
    fn newest_sent(&self, digest: &str) -> Result<Option<RunId>, StoreError>;

    /// Notes of digests which run of theirs is the newest that has sent a call, for ever: each in the place of an older one.
    fn keep_newest_sent(&mut self, runs: &[(String, RunId)]) -> Result<(), StoreError>;

    /// Puts another journal in the place of the one that is `position` bytes long, in one step.
    fn replace_journal(&mut self, position: u64, bytes: &[u8]) -> Result<(), StoreError>;

    /// Puts the state of this serial in the place of the newest, in one step, and keeps the one before.
    fn keep_state(&mut self, serial: u64, bytes: &[u8]) -> Result<(), StoreError>;

    /// Keeps what older versions wrote beside what is about to take its place; copies that are there already stay.
    fn set_aside(&mut self) -> Result<(), StoreError>;

    /// Keeps the journal's bytes under a name of their own, which nothing has yet, and returns that for people.
    fn keep_aside(&mut self, bytes: &[u8]) -> Result<String, StoreError>;

    /// Takes a state that cannot be trusted away, to a name of its own that nothing has yet, and returns that for people;
    /// `None` where there was nothing in it.
    fn put_state_aside(&mut self) -> Result<Option<String>, StoreError>;

    /// Makes sure that this much more fits.
    fn reserve(&self, position: u64, journal: u64, state: u64) -> Result<(), StoreError>;

    /// Writes bytes to a second place and names it for people.
    fn rescue(&mut self, bytes: &[u8]) -> Result<String, StoreError>;

    /// Returns the lease under which it is claimed; `None` where the claim lasts as long as its process.
    fn lease(&self) -> Option<Lease> {
        None
    }

    /// Names the journal for people.
    fn journal_name(&self) -> String;

    /// Names the state for people.
    fn state_name(&self) -> String;

    /// Names the older state for people.
    fn backup_name(&self) -> String;

    /// Names an ended run for people: its file, where it is one.
    fn run_name(&self, id: &RunId) -> String {
        format!("run {id}")
    }
}

/// Reads which run a note of ours names: the note is that id, and nothing else.
///
/// # Errors
/// A note that is empty, was cut, or was written by somebody else: whoever believed it would do a second time what was done.
pub(super) fn run_named_by(note: &[u8], path: impl FnOnce() -> String) -> Result<RunId, StoreError> {
    let named = std::str::from_utf8(note).ok().map(|text| RunId(text.trim_end_matches(['\r', '\n']).into()));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    named.filter(|id| id.made_at().is_some() && id.0.bytes().all(is_plain)).ok_or_else(|| StoreError::Damaged {
        path: path(),
        detail: worded!("it names no run"),
        hint: worded!("restore it from a backup, or look with `rictl history` which run it was and remove it by hand"),
    })
}

/// Returns the hexadecimal digits of a plan's digest, under which a medium notes who used it; `None` for another name: plans of
/// the first versions may have one.
pub(super) fn digits_of(digest: &str) -> Option<&str> {
    let digits = digest.strip_prefix("sha256:")?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digits)
}
