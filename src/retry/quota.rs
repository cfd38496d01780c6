//! The quota: at most so many calls per account, region and action in any window, as the API documents it.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::cloud::{events, traffic};

/// Added to the window, for a call that we gave up on and that arrives nevertheless, and for timers' granularity.
const MARGIN: Duration = Duration::from_millis(100);

/// At most `limit` calls per account, region and action in any `window`; bursts within it are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many calls.
    pub limit: NonZeroU32,
    /// In how long.
    pub window: Duration,
}

impl Default for Quota {
    /// The documented quota of the router-interface actions (docs/reference/api.md#quota).
    fn default() -> Self {
        Self { limit: NonZeroU32::new(300).expect("300 is not zero"), window: Duration::from_secs(60) }
    }
}

impl Quota {
    /// Returns the quota of an action that is not counted as those of router interfaces are
    /// (docs/reference/api.md#trail, docs/reference/api.md#metrics).
    pub(super) fn of_action(action: &str) -> Option<Self> {
        let limit = match action {
            events::ACTION => 2,
            traffic::ACTION => 50,
            _ => return None,
        };
        NonZeroU32::new(limit).map(|limit| Self { limit, window: Duration::from_secs(1) })
    }

    /// Returns the limit as a count of things.
    pub(super) fn most(self) -> usize {
        self.limit.get() as usize
    }

    /// Returns how many calls it lets through in a minute, or at once where that is more.
    pub fn in_a_minute(self) -> usize {
        let windows = Duration::from_secs(60).as_secs_f64() / self.window.as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive count")]
        let windows = windows.max(1.0) as usize;
        self.most().saturating_mul(windows)
    }

    /// For how long a call counts here once it has ended.
    pub(super) fn occupied(self) -> Duration {
        self.window + MARGIN
    }

    /// The time in which a server that counts by a bucket earns one call, rounded up to what timers can tell.
    pub(super) fn spacing(self) -> Duration {
        self.window / self.limit.get() + Duration::from_millis(1)
    }
}
