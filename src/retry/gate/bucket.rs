//! What refusals that tell nothing teach of a server: that it lets few calls through at once, and then one after the other.
//!
//! A bucket as the server may keep one, a little smaller and a little slower. Its pace is the quota's until that is refused
//! too, and comes back with each call that is let through.

use std::time::Duration;

use tokio::time::Instant;

use crate::retry::quota::Quota;

/// By how much a pace that is let through quickens: twenty calls later a half is made good.
const QUICKENS: u32 = 32;

/// A burst that fits, and the pace after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    burst: u32,
    spacing: Duration,
    /// The quota's own pace, and a little.
    quickest: Duration,
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
        let quickest = quota.spacing() + quota.spacing() / 50;
        let mut bucket = Self { burst, spacing: quickest, quickest, full_at: now };
        bucket.empty(now);
        bucket
    }

    /// Takes in that a call was refused nevertheless, as so many before it without one that was let through.
    pub(super) fn shrink(&mut self, now: Instant, strikes: u32, longest: Duration) {
        if strikes == 1 {
            self.burst = (self.burst / 2).max(1);
            self.spacing = (self.spacing + self.spacing / 2).min(longest.max(self.quickest));
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

    /// Takes in that a call was let through.
    pub(super) fn quicken(&mut self) {
        self.spacing = (self.spacing - self.spacing / QUICKENS).max(self.quickest);
    }

    /// Returns a bucket for twice the burst; `None` once that is all that the quota allows.
    pub(super) fn grown(self, quota: Quota) -> Option<Self> {
        let burst = self.burst.saturating_mul(2);
        (burst < quota.limit.get()).then_some(Self { burst, ..self })
    }
}
