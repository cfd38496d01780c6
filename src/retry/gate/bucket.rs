//! What refusals that tell nothing teach of a server: that it lets few calls through at once, and then one after the other.
//!
//! A bucket as the server may keep one, a little smaller and a little slower. Its pace is the quota's until that is refused
//! too. Where that is let through for a while, twice the pace is tried, and so on until nothing is left of the lesson; where it is
//! not, it is tried half as often from then on.

use std::time::Duration;

use tokio::time::Instant;

use crate::retry::quota::Quota;

/// By which part a pace that was slowed quickens with each call that is let through.
const QUICKENS: u32 = 32;

/// After how many calls in a row twice the pace is tried for the first time.
const TRIED_AFTER: u32 = 30;

/// At how many times the quota's pace the lesson is forgotten.
const FORGOTTEN_AT: u32 = 16;

/// A burst that fits, and the pace after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    burst: u32,
    spacing: Duration,
    /// The pace that is aimed at.
    aim: Duration,
    /// The quota's own pace, and a little.
    usual: Duration,
    /// How many calls in a row were let through at the pace that is aimed at.
    in_a_row: u32,
    /// After how many of them twice the pace is tried.
    tried_after: u32,
    /// When it will be full again: all that a bucket has to remember.
    full_at: Instant,
}

/// Returns how full a bucket of the quota's pace is, with one more call after this time.
pub(super) fn level(level: f64, passed: Duration, quota: Quota) -> f64 {
    (level - passed.as_secs_f64() / quota.spacing().as_secs_f64()).max(0.0) + 1.0
}

impl Bucket {
    /// Returns the bucket that `level` calls have filled.
    pub(super) fn of(level: f64, now: Instant, quota: Quota) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count within the quota")]
        let burst = (level.floor() as u32).clamp(1, quota.limit.get());
        let usual = quota.spacing() + quota.spacing() / 50;
        let mut bucket =
            Self { burst, spacing: usual, aim: usual, usual, in_a_row: 0, tried_after: TRIED_AFTER, full_at: now };
        bucket.empty(now);
        bucket
    }

    /// Takes in that a call was refused nevertheless, as so many before it without one that was let through.
    pub(super) fn shrink(&mut self, now: Instant, strikes: u32, longest: Duration) {
        self.in_a_row = 0;
        if self.aim < self.usual {
            (self.aim, self.spacing) = (self.usual, self.usual);
            self.tried_after = self.tried_after.saturating_mul(2);
        } else if strikes == 1 {
            self.burst = (self.burst / 2).max(1);
            self.spacing = (self.spacing + self.spacing / 2).min(longest.max(self.usual));
        }
        self.empty(now);
    }

    /// Leaves nothing in it but for one call that the server may have counted otherwise.
    fn empty(&mut self, now: Instant) {
        self.full_at = now + self.spacing * (self.burst + 1);
    }

    /// Returns when the next call fits.
    pub(super) fn due(&self) -> Instant {
        self.full_at.checked_sub(self.spacing * (self.burst - 1)).unwrap_or(self.full_at)
    }

    pub(super) fn take(&mut self, now: Instant) {
        self.full_at = self.full_at.max(now) + self.spacing;
    }

    pub(super) fn spacing(&self) -> Duration {
        self.spacing
    }

    /// Takes in that a call was let through; returns `None` once nothing is left to be minded.
    pub(super) fn quickened(mut self) -> Option<Self> {
        self.spacing = (self.spacing - self.spacing / QUICKENS).max(self.aim);
        if self.spacing > self.aim {
            return Some(self);
        }
        self.in_a_row += 1;
        if self.in_a_row >= self.tried_after {
            (self.in_a_row, self.aim) = (0, self.aim / 2);
            self.spacing = self.aim;
        }
        (self.aim * FORGOTTEN_AT > self.usual).then_some(self)
    }

    /// Returns a bucket for twice the burst; `None` once that is all that the quota allows.
    pub(super) fn grown(self, quota: Quota) -> Option<Self> {
        let burst = self.burst.saturating_mul(2);
        (burst < quota.limit.get()).then_some(Self { burst, ..self })
    }
}
