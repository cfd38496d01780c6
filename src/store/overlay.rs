//! A medium that reads what another one has and keeps what is written in memory: what is written to it nobody else ever sees.
//!
//! For rehearsals. What is under it is never claimed, and never written to.

use super::lock::Holder;
use super::memory::{Disk, Memory};
use super::{About, Medium, StoreError};
use crate::language::Wording;
use crate::state::RunId;

/// Bytes in memory over those of another medium.
#[derive(Debug)]
pub struct Overlay<M> {
    under: M,
    over: Memory,
}

impl<M: Medium> Overlay<M> {
    /// Lays memory over a medium as it is now; of ended runs it is read what is asked for.
    ///
    /// # Errors
    /// A journal or a state that cannot be read.
    pub fn over(under: M) -> Result<Self, StoreError> {
        // In this order the journal shows every run that the state lacks.
        let journal = under.journal()?.unwrap_or_default();
        let state = under.state()?;
        let over = Memory::new(Disk { journal, state, ..Disk::default() });
        Ok(Self { under, over })
    }
}

impl<M: Medium> Medium for Overlay<M> {
    fn journal(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.over.journal()
    }

    fn state(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.over.state()
    }

    fn has_backup(&self) -> bool {
        self.under.has_backup()
    }

    fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        let mut runs = self.under.runs()?;
        runs.extend(self.over.runs()?);
        runs.sort();
        runs.dedup();
        Ok(runs)
    }

    fn run(&self, id: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        match self.over.run(id)? {
            Some(bytes) => Ok(Some(bytes)),
            None => self.under.run(id),
        }
    }

    fn running(&self) -> Result<Option<Holder>, StoreError> {
        Ok(None)
    }

    fn claim(&mut self, _: &Holder) -> Result<Option<Wording>, StoreError> {
        Ok(None)
    }

    fn append(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        self.over.append(position, batch)
    }

    fn mend(&mut self, length: u64) -> Result<(), StoreError> {
        self.over.mend(length)
    }

    fn keep_runs(&mut self, runs: &[(RunId, Vec<u8>)]) -> Result<(), StoreError> {
        self.over.keep_runs(runs)
    }

    fn taken_back_by(&self, id: &RunId) -> Result<Option<RunId>, StoreError> {
        match self.over.taken_back_by(id)? {
            Some(by) => Ok(Some(by)),
            None => self.under.taken_back_by(id),
        }
    }

    fn keep_taken_back(&mut self, runs: &[(RunId, RunId)]) -> Result<(), StoreError> {
        self.over.keep_taken_back(runs)
    }

    fn word(&self, id: &RunId, about: About) -> Result<Option<Vec<u8>>, StoreError> {
        match self.under.word(id, about)? {
            Some(word) => Ok(Some(word)),
            None => self.over.word(id, about),
        }
    }

    fn put_word(&self, id: &RunId, about: About, bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.under.word(id, about)? {
            Some(word) => Ok(Some(word)),
            None => self.over.put_word(id, about, bytes),
        }
    }

    fn newest_sent(&self, digest: &str) -> Result<Option<RunId>, StoreError> {
        match self.over.newest_sent(digest)? {
            Some(id) => Ok(Some(id)),
            None => self.under.newest_sent(digest),
        }
    }

    fn keep_newest_sent(&mut self, runs: &[(String, RunId)]) -> Result<(), StoreError> {
        self.over.keep_newest_sent(runs)
    }

    fn replace_journal(&mut self, position: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.over.replace_journal(position, bytes)
    }

    fn keep_state(&mut self, serial: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.over.keep_state(serial, bytes)
    }

    fn set_aside(&mut self) -> Result<(), StoreError> {
        self.over.set_aside()
    }

    fn keep_aside(&mut self, bytes: &[u8]) -> Result<String, StoreError> {
        self.over.keep_aside(bytes)
    }

    fn put_state_aside(&mut self) -> Result<Option<String>, StoreError> {
        self.over.put_state_aside()
    }

    fn reserve(&self, _: u64, _: u64, _: u64) -> Result<(), StoreError> {
        Ok(())
    }

    fn rescue(&mut self, bytes: &[u8]) -> Result<String, StoreError> {
        self.over.rescue(bytes)
    }

    fn journal_name(&self) -> String {
        self.under.journal_name()
    }

    fn state_name(&self) -> String {
        self.under.state_name()
    }

    fn backup_name(&self) -> String {
        self.under.backup_name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> RunId {
        RunId(name.into())
    }

    #[test]
    fn shows_what_is_under_it_and_keeps_what_is_written_to_itself() {
        let mut under = Memory::new(Disk { journal: b"old".to_vec(), ..Disk::default() });
        under.keep_runs(&[(id("1"), b"one".to_vec())]).unwrap();
        under.keep_newest_sent(&[("digest".to_owned(), id("1"))]).unwrap();
        let before = under.disk().clone();
        let mut overlay = Overlay::over(under).unwrap();
        overlay.append(3, b" and new").unwrap();
        overlay.keep_runs(&[(id("2"), b"two".to_vec())]).unwrap();
        overlay.keep_taken_back(&[(id("1"), id("2"))]).unwrap();
        overlay.keep_state(1, b"state").unwrap();
        assert_eq!(overlay.journal().unwrap().unwrap(), b"old and new");
        assert_eq!(overlay.runs().unwrap(), [id("1"), id("2")]);
        assert_eq!(overlay.run(&id("1")).unwrap().unwrap(), b"one");
        assert_eq!(overlay.newest_sent("digest").unwrap(), Some(id("1")));
        overlay.keep_newest_sent(&[("digest".to_owned(), id("2"))]).unwrap();
        assert_eq!(overlay.newest_sent("digest").unwrap(), Some(id("2")));
        assert_eq!(*overlay.under.disk(), before);
    }
}
