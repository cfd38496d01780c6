//! Claiming a state: whoever does waits for whoever holds it for as long as was asked for, and says once for whom.

use std::time::Duration;

use tokio::time::Instant;

use crate::history::{self, Recorded};
use crate::language::Wording;
use crate::store::lock::Holder;
use crate::store::{Home, Medium as _, Place, Recorder, StoreError};

/// How long somebody waits for claims, and who hears for whom.
pub struct Patience<'w> {
    /// Until when; for ever where nothing is said.
    deadline: Option<Instant>,
    waiting: &'w mut dyn FnMut(&Wording),
    is_told: bool,
}

impl<'w> Patience<'w> {
    /// Waits so long from now.
    pub fn of(time: Duration, waiting: &'w mut dyn FnMut(&Wording)) -> Self {
        Self::until(Some(Instant::now() + time), waiting)
    }

    pub(super) fn until(deadline: Option<Instant>, waiting: &'w mut dyn FnMut(&Wording)) -> Self {
        Self { deadline, waiting, is_told: false }
    }

    /// Does what takes a claim, again while somebody holds that and there is time.
    ///
    /// # Errors
    /// Whatever it fails with: [`StoreError::Locked`] once the time is over.
    pub(super) async fn claimed<T>(
        &mut self,
        place: &Place,
        mut claim: impl FnMut() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        loop {
            match claim() {
                Err(StoreError::Locked { holder, .. }) if self.deadline.is_none_or(|end| Instant::now() < end) => {
                    if !self.is_told {
                        (self.waiting)(&holder);
                        self.is_told = true;
                    }
                    tokio::time::sleep(place.interval()).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Claims a place and reads what is recorded there, as [`history::open_at`] does.
    ///
    /// # Errors
    /// As that.
    pub async fn open(&mut self, place: &Place, holder: &Holder) -> Result<(Recorder<Home>, Recorded), StoreError> {
        place.check()?;
        let mut medium = place.medium();
        let taken_over = self.claimed(place, || medium.claim(holder)).await?;
        history::open_claimed_at(place, medium, taken_over)
    }
}
