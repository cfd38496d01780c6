//! A medium on a place of either kind: whichever it is, it is asked.

use crate::language::Wording;
use crate::state::RunId;
use crate::store::local::{Files, RUN};
use crate::store::lock::Holder;
use crate::store::medium::Mark;
use crate::store::shared::Shared;
use crate::store::{About, Lease, Medium, StoreError};

/// A medium of either kind.
#[derive(Debug)]
pub enum Home {
    /// In files.
    Files(Files),
    /// Far away.
    Far(Shared),
}

/// Asks whichever it is.
macro_rules! either {
    ($home:expr, $medium:ident => $asked:expr) => {
        match $home {
            Home::Files($medium) => $asked,
            Home::Far($medium) => $asked,
        }
    };
}

impl Medium for Home {
    fn journal(&self) -> Result<Option<Vec<u8>>, StoreError> {
        either!(self, medium => medium.journal())
    }

    fn state(&self) -> Result<Option<Vec<u8>>, StoreError> {
        either!(self, medium => medium.state())
    }

    fn mark(&self) -> Result<Option<Mark>, StoreError> {
        either!(self, medium => medium.mark())
    }

    fn has_backup(&self) -> bool {
        either!(self, medium => medium.has_backup())
    }

    fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        either!(self, medium => medium.runs())
    }

    fn run(&self, id: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        either!(self, medium => medium.run(id))
    }

    fn running(&self) -> Result<Option<Holder>, StoreError> {
        either!(self, medium => medium.running())
    }

    fn claim(&mut self, holder: &Holder) -> Result<Option<Wording>, StoreError> {
        either!(self, medium => medium.claim(holder))
    }

    fn append(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        either!(self, medium => medium.append(position, batch))
    }

    async fn append_without_blocking(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        either!(self, medium => medium.append_without_blocking(position, batch).await)
    }

    fn mend(&mut self, length: u64) -> Result<(), StoreError> {
        either!(self, medium => medium.mend(length))
    }

    fn keep_runs(&mut self, runs: &[(RunId, Vec<u8>)]) -> Result<(), StoreError> {
        either!(self, medium => medium.keep_runs(runs))
    }

    fn taken_back_by(&self, id: &RunId) -> Result<Option<RunId>, StoreError> {
        either!(self, medium => medium.taken_back_by(id))
    }

    fn keep_taken_back(&mut self, runs: &[(RunId, RunId)]) -> Result<(), StoreError> {
        either!(self, medium => medium.keep_taken_back(runs))
    }

    fn word(&self, id: &RunId, about: About) -> Result<Option<Vec<u8>>, StoreError> {
        either!(self, medium => medium.word(id, about))
    }

    fn put_word(&self, id: &RunId, about: About, bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        either!(self, medium => medium.put_word(id, about, bytes))
    }

    fn newest_sent(&self, digest: &str) -> Result<Option<RunId>, StoreError> {
        either!(self, medium => medium.newest_sent(digest))
    }

    fn keep_newest_sent(&mut self, runs: &[(String, RunId)]) -> Result<(), StoreError> {
        either!(self, medium => medium.keep_newest_sent(runs))
    }

    fn replace_journal(&mut self, position: u64, bytes: &[u8]) -> Result<(), StoreError> {
        either!(self, medium => medium.replace_journal(position, bytes))
    }

    fn keep_state(&mut self, serial: u64, bytes: &[u8]) -> Result<(), StoreError> {
        either!(self, medium => medium.keep_state(serial, bytes))
    }

    fn set_aside(&mut self) -> Result<(), StoreError> {
        either!(self, medium => medium.set_aside())
    }

    fn keep_aside(&mut self, bytes: &[u8]) -> Result<String, StoreError> {
        either!(self, medium => medium.keep_aside(bytes))
    }

    fn put_state_aside(&mut self) -> Result<Option<String>, StoreError> {
        either!(self, medium => medium.put_state_aside())
    }

    fn reserve(&self, position: u64, journal: u64, state: u64) -> Result<(), StoreError> {
        either!(self, medium => medium.reserve(position, journal, state))
    }

    fn rescue(&mut self, bytes: &[u8]) -> Result<String, StoreError> {
        either!(self, medium => medium.rescue(bytes))
    }

    fn lease(&self) -> Option<Lease> {
        either!(self, medium => medium.lease())
    }

    fn journal_name(&self) -> String {
        either!(self, medium => medium.journal_name())
    }

    fn state_name(&self) -> String {
        either!(self, medium => medium.state_name())
    }

    fn backup_name(&self) -> String {
        either!(self, medium => medium.backup_name())
    }

    fn run_name(&self, id: &RunId) -> String {
        let file = match self {
            Self::Files(files) => files.run_path(id, RUN),
            Self::Far(_) => None,
        };
        file.map_or_else(|| format!("run {id}"), |path| path.display().to_string())
    }
}
