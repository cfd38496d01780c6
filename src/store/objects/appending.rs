//! Writes under a claim: a record where the log ends, and what it means where it does not go there.

use super::bucket::Put;
use super::error::ObjectError;
use super::frame::Begun;
use super::log::View;
use super::remote::Objects;
use super::wire::Answer;
use super::writing::{Sent, Write, Writing};
use crate::store::StoreError;
use crate::store::remote::{Fenced, Remote as _, Unwritten};

impl Objects {
    /// Makes a write under the claim.
    pub(super) async fn write(&mut self, write: Write) -> Result<(), Unwritten> {
        let Some(mut writing) = self.writing.take() else {
            return Err(Unwritten::Refused(StoreError::Bug(format!("{} is not claimed", self.label()))));
        };
        let outcome = self.write_as(&mut writing, &write).await;
        self.writing = Some(writing);
        outcome
    }

    async fn write_as(&mut self, writing: &mut Writing, write: &Write) -> Result<(), Unwritten> {
        /// More than can be on its way for one place.
        const TRIES: usize = 8;
        for _ in 0..TRIES {
            if writing.done.as_ref() == Some(write) && write.position().is_some() {
                return Ok(());
            }
            let length = writing.journal.len() as u64;
            if write.position().is_some_and(|position| position != length) {
                // What was sent before and not answered may be there, and then the journal has another length.
                if writing.sent.is_empty() || !self.adopt(writing).await.map_err(unread)? {
                    return self.misplaced(writing, length).await;
                }
                continue;
            }
            let sent = writing.record(write, self.now(), self.log.is_oss());
            match self.log.push(writing.place, &sent.bytes).await {
                Ok((Put::Done, answer)) => {
                    self.hear(answer.and_then(|answer: Answer| answer.date));
                    let place = self.log.after(writing.place, &sent.bytes);
                    writing.stands(sent, place);
                    return Ok(());
                }
                Ok((Put::Taken, _)) => {
                    let is_this = self.settle(writing, sent).await?;
                    if is_this {
                        return Ok(());
                    }
                }
                Err(error) => return Err(self.unwritten(writing, sent, error)),
            }
        }
        Err(Unwritten::Unknown(self.log.damaged(&self.label(), "it is written to without end".to_owned())))
    }

    /// A write for another journal than ours: of somebody whose claim is over, or a bug.
    async fn misplaced(&mut self, writing: &Writing, length: u64) -> Result<(), Unwritten> {
        let view = self.view(false).await.map_err(unread)?;
        match self.fenced(writing, &view) {
            Some(fenced) => Err(Unwritten::Fenced(Box::new(fenced))),
            None => Err(Unwritten::Refused(StoreError::Moved {
                path: self.label(),
                detail: format!("its journal has {length} bytes").into(),
            })),
        }
    }

    /// Finds out what stands where a record of ours was to be put; returns whether it is that one.
    async fn settle(&mut self, writing: &mut Writing, sent: Sent) -> Result<bool, Unwritten> {
        let write = sent.write.clone();
        writing.sent.push(sent);
        if self.adopt(writing).await.map_err(unread)? {
            return Ok(writing.last == Some(write));
        }
        let view = self.view(false).await.map_err(unread)?;
        match self.fenced(writing, &view) {
            Some(fenced) => Err(Unwritten::Fenced(Box::new(fenced))),
            None => Err(Unwritten::Refused(StoreError::Bug(format!("{} has other records of ours", self.label())))),
        }
    }

    /// Takes in what was sent for this place, if it stands there; returns whether it does.
    async fn adopt(&mut self, writing: &mut Writing) -> Result<bool, StoreError> {
        let there = self.log.at(writing.place).await?;
        let Some(ours) = writing.sent.iter().find(|sent| there.starts_with(&sent.bytes)).cloned() else {
            return Ok(false);
        };
        let place = self.log.after(writing.place, &ours.bytes);
        writing.stands(ours, place);
        Ok(true)
    }

    /// Returns who took over, if somebody has.
    fn fenced(&self, writing: &Writing, view: &View) -> Option<Fenced> {
        let head = view.head.as_ref()?;
        let holder = head.claim.as_ref().map(|claim| claim.holder.clone());
        let is_ours = head.epoch == writing.head.epoch && holder.as_ref().is_none_or(|holder| holder.id == writing.id);
        let begun = head.begun.clone().unwrap_or(Begun { by: holder, at: head.at });
        (!is_ours).then_some(Fenced { by: begun.by, since: begun.at, epoch: head.epoch })
    }

    fn unwritten(&self, writing: &mut Writing, sent: Sent, error: ObjectError) -> Unwritten {
        let may_be_there = error.can_wait() || !writing.sent.is_empty();
        let error = error.at("write to", self.log.bucket.path(&self.log.name));
        if !may_be_there {
            return Unwritten::Refused(error);
        }
        if writing.sent.iter().all(|before| before.bytes != sent.bytes) {
            writing.sent.push(sent);
        }
        Unwritten::Unknown(error)
    }
}

/// What could not be read may have been written; what is damaged is so the next time as well.
fn unread(error: StoreError) -> Unwritten {
    match error {
        StoreError::Unreachable { .. } => Unwritten::Unknown(error),
        error => Unwritten::Refused(error),
    }
}
