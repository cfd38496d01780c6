//! What rooms above ask of a medium, answered by the thread that holds the remote.

use super::super::lock::Holder;
use super::super::medium::{Mark, digits_of};
use super::super::remote::{Folder, Lapse, NoteName, Noted, Prefix};
use super::super::{About, Medium, StoreError, files};
use super::{Claim, Lease, Shared, Write, guard, named, surely, unclaimed};
use crate::language::{Wording, worded};
use crate::state::RunId;

impl Medium for Shared {
    fn journal(&self) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(ours) = self.claim.as_ref().and_then(|claim| guard(&claim.journal).clone()) {
            return Ok(Some(ours));
        }
        let Prefix { journal, state, .. } = self.prefix()?;
        *guard(&self.beside) = Some(state);
        if let Some(claim) = &self.claim {
            *guard(&claim.journal) = Some(journal.clone().unwrap_or_default());
        }
        Ok(journal)
    }

    fn state(&self) -> Result<Option<Vec<u8>>, StoreError> {
        // Bound first: the guard must not be held while the store is asked.
        let beside = guard(&self.beside).take();
        beside.map_or_else(|| Ok(self.prefix()?.state), Ok)
    }

    fn mark(&self) -> Result<Option<Mark>, StoreError> {
        // Nobody else can keep a state under our epoch.
        let mark = |claim: &Claim| Mark(vec![claim.lease.epoch().cast_signed(), claim.kept]);
        Ok(self.claim.as_ref().map(mark))
    }

    fn has_backup(&self) -> bool {
        false
    }

    fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        Ok(self.names(Folder::Runs)?.into_iter().map(|name| RunId(name.name().into())).collect())
    }

    fn run(&self, id: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        Self::run_note(id).map_or(Ok(None), |name| self.noted(name))
    }

    fn running(&self) -> Result<Option<Holder>, StoreError> {
        Ok(self.tip()?.held.filter(|held| held.lease != Lapse::Over).map(|held| held.holder))
    }

    fn claim(&mut self, holder: &Holder) -> Result<Option<Wording>, StoreError> {
        /// Somebody else is faster only so often; each time one of us got on.
        const TRIES: usize = 20;
        for _ in 0..TRIES {
            let tip = self.tip()?;
            if let Some(held) = tip.held.clone().filter(|held| held.holder.id != holder.id)
                && !self.is_over(&tip, &held)
            {
                return Err(StoreError::locked(held.holder));
            }
            if let Some(note) = self.bid(tip, holder)? {
                return Ok(note);
            }
        }
        let detail = worded!("others claim it again and again, or its answers are lost");
        Err(StoreError::Moved { path: self.label.to_string(), detail })
    }

    fn append(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        self.write(Write::Append { position, batch: batch.to_vec() })?;
        self.appended(batch);
        Ok(())
    }

    async fn append_without_blocking(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        let (write, lease) =
            (Write::Append { position, batch: batch.to_vec() }, self.held().ok_or_else(unclaimed)?.clone());
        self.forget();
        let job = self.driver.later(move |remote, patience| Box::pin(surely(remote, write, lease, patience)));
        job.await?;
        self.appended(batch);
        Ok(())
    }

    fn mend(&mut self, length: u64) -> Result<(), StoreError> {
        let bytes = self.journal()?.unwrap_or_default();
        let whole = bytes.get(..usize::try_from(length).unwrap_or(usize::MAX)).unwrap_or(&bytes).to_vec();
        self.replace_journal(bytes.len() as u64, &whole)
    }

    fn keep_runs(&mut self, runs: &[(RunId, Vec<u8>)]) -> Result<(), StoreError> {
        let named = |(id, bytes): &(RunId, Vec<u8>)| Ok((named(Folder::Runs, &*id.0)?, bytes.clone()));
        let notes = runs.iter().map(named).collect::<Result<Vec<_>, StoreError>>()?;
        self.driver.ask(move |remote| Box::pin(async move { remote.note_all(&notes).await }))
    }

    fn taken_back_by(&self, id: &RunId) -> Result<Option<RunId>, StoreError> {
        self.run_named_in(NoteName::new(Folder::TakenBack, &*id.0))
    }

    fn keep_taken_back(&mut self, runs: &[(RunId, RunId)]) -> Result<(), StoreError> {
        runs.iter().try_for_each(|(id, by)| self.replace(named(Folder::TakenBack, &*id.0)?, by.0.as_bytes()))
    }

    fn word(&self, id: &RunId, about: About) -> Result<Option<Vec<u8>>, StoreError> {
        Self::word_note(id, about).map_or(Ok(None), |name| self.noted(name))
    }

    fn put_word(&self, id: &RunId, about: About, bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let name = Self::word_note(id, about).ok_or_else(|| StoreError::Bug(format!("{id:?} is no name of a run")))?;
        Ok(match self.note(name, bytes)? {
            Noted::Yours => None,
            Noted::Earlier(bytes) => Some(bytes),
        })
    }

    fn newest_sent(&self, digest: &str) -> Result<Option<RunId>, StoreError> {
        self.run_named_in(digits_of(digest).and_then(|digits| NoteName::new(Folder::Sent, digits)))
    }

    fn keep_newest_sent(&mut self, runs: &[(String, RunId)]) -> Result<(), StoreError> {
        runs.iter().try_for_each(|(digest, id)| {
            let digits = digits_of(digest).ok_or_else(|| StoreError::Bug(format!("{digest:?} is no digest")))?;
            self.replace(named(Folder::Sent, digits)?, id.0.as_bytes())
        })
    }

    fn replace_journal(&mut self, position: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(Write::Restart { position, journal: bytes.to_vec() })?;
        if let Some(claim) = &self.claim {
            *guard(&claim.journal) = Some(bytes.to_vec());
        }
        Ok(())
    }

    fn keep_state(&mut self, serial: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(Write::Keep { serial, state: bytes.to_vec() })?;
        if let Some(claim) = &mut self.claim {
            claim.kept += 1;
        }
        Ok(())
    }

    fn set_aside(&mut self) -> Result<(), StoreError> {
        let Prefix { journal, state, .. } = self.prefix()?;
        for (kind, bytes) in [("v1-journal", journal), ("v1-state", state)] {
            if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
                self.note(named(Folder::Aside, kind)?, &bytes)?;
            }
        }
        Ok(())
    }

    fn keep_aside(&mut self, bytes: &[u8]) -> Result<String, StoreError> {
        self.put_aside("journal", bytes)
    }

    fn put_state_aside(&mut self) -> Result<Option<String>, StoreError> {
        let kept = match self.prefix()?.state.filter(|state| !state.is_empty()) {
            Some(state) => Some(self.put_aside("state", &state)?),
            None => None,
        };
        self.keep_state(0, b"")?;
        Ok(kept)
    }

    fn reserve(&self, _: u64, _: u64, _: u64) -> Result<(), StoreError> {
        Ok(())
    }

    fn rescue(&mut self, bytes: &[u8]) -> Result<String, StoreError> {
        let mut failure = StoreError::Bug("no directory is named for what could not be recorded".to_owned());
        for directory in &self.terms.rescue {
            match files::write_aside(directory, "rictl-journal-", bytes) {
                Ok(path) => return Ok(path.display().to_string()),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn lease(&self) -> Option<Lease> {
        self.held().cloned()
    }

    fn journal_name(&self) -> String {
        format!("the journal of {}", self.label)
    }

    fn state_name(&self) -> String {
        format!("the state in {}", self.label)
    }

    fn backup_name(&self) -> String {
        format!("an older state in {}", self.label)
    }
}
