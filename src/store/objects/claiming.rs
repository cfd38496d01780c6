//! Epochs: how one begins, by a claim or by force, and whose calls may still be on their way then.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::bucket::Put;
use super::frame::{self, Begun, Claim, Gone, Head, Kind};
use super::log::{Place, View};
use super::remote::Objects;
use super::wire::Answer;
use super::writing::Writing;
use crate::store::StoreError;
use crate::store::remote::{Before, CARRIED, Claimed, Lapse};

impl Objects {
    /// Whose calls may still be on their way once the claim in `view` is taken from its holder.
    fn before(&self, view: &View, forced: bool) -> Option<Gone> {
        let head = view.head.as_ref()?;
        let now = self.now();
        let lost = head.claim.as_ref().map(|claim| {
            let from = if forced { now } else { view.modified.unwrap_or(head.at) };
            Gone { holder: claim.holder.clone(), forced, rights_end: later(from, claim.ttl()) }
        });
        let carried = head.before.clone().filter(|gone| later(gone.rights_end, CARRIED) > now);
        lost.into_iter().chain(carried).max_by_key(|gone| gone.rights_end)
    }

    /// Begins to write under a claim that stands in the log.
    pub(super) async fn begin(&mut self, view: View, id: &str) -> Result<Option<Claimed>, StoreError> {
        let Some(mut head) = view.head else { return Ok(None) };
        let (mut place, journal) = (view.place, view.journal.unwrap_or_default());
        // In OSS the claim ended the object before: it still needs its own.
        if place.position == 0 {
            head = Head { kind: Kind::Claimed, whole: true, ..head };
            let bytes = frame::encode(&head, &journal);
            let (put, _) = self.push(place, &bytes).await?;
            if put == Put::Taken && !self.log.at(place).await?.starts_with(&bytes) {
                return Ok(None);
            }
            place = self.log.after(place, &bytes);
        }
        self.log.leave_hint(&head, place, &[]).await;
        let now = self.now();
        let before = head.before.as_ref().map(|gone| Before {
            holder: gone.holder.clone(),
            how: gone.how(),
            rights_end: if self.told.is_some() { gone.rights_end.duration_since(now) } else { SignedDuration::ZERO },
        });
        let epoch = head.epoch;
        let id = id.to_owned();
        self.writing = Some(Writing { head, place, journal, id, sent: Vec::new(), last: None, done: None });
        Ok(Some(Claimed { epoch, before }))
    }

    pub(super) async fn push(&mut self, place: Place, bytes: &[u8]) -> Result<(Put, Option<Answer>), StoreError> {
        let pushed = self.log.push(place, bytes).await;
        let pushed = pushed.map_err(|error| error.at("write to", self.log.bucket.path(&self.log.name)))?;
        self.hear(pushed.1.as_ref().and_then(|answer| answer.date));
        Ok(pushed)
    }

    /// The record with which the next epoch begins.
    pub(super) fn next_epoch(&self, view: &View, claim: Option<Claim>) -> (Head, Vec<u8>) {
        let is_free = claim.is_none();
        let before = self.before(view, is_free);
        let known = view.head.as_ref();
        // What begins an object has the journal whole; a claim in S3 is where reading begins.
        let (is_oss, at) = (self.log.is_oss(), self.now());
        let whole = if is_oss { view.place.position == 0 } else { !is_free };
        let head = Head {
            version: frame::VERSION,
            kind: if is_free {
                Kind::Freed
            } else if is_oss {
                Kind::Taking
            } else {
                Kind::Claimed
            },
            epoch: view.epoch() + 1,
            begun: Some(Begun { by: claim.as_ref().map(|claim| claim.holder.clone()), at }),
            claim,
            before,
            state: known.and_then(|head| head.state.clone()),
            whole,
            has_journal: known.is_some_and(|head| head.has_journal),
            since: if whole { view.place.position + 1 } else { known.map_or(0, |head| head.since) },
            at,
            bytes: 0,
        };
        let payload = if whole { view.journal.clone().unwrap_or_default() } else { Vec::new() };
        (head, payload)
    }
}

/// Returns what the store's clock says of a lease.
pub(super) fn lapse(view: &View, ttl: Duration) -> Lapse {
    let Some((modified, date)) = view.modified.zip(view.date) else { return Lapse::Untold };
    let age = Duration::try_from(date.duration_since(modified)).unwrap_or_default();
    match ttl.mul_f64(1.5).checked_sub(age) {
        Some(left) if !left.is_zero() => Lapse::Left(left),
        _ => Lapse::Over,
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
}
