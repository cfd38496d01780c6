//! What becomes of calls that are late on their way.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the API does with calls that are late on their way, as it was seen to do with reads that were signed long ago
/// (docs/reference/api.md#signatures).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LateCalls {
    /// They are signed 14 minutes back, and it refuses what is older than 15.
    RefusedSoon,
    /// They are signed as of now, since it takes nothing of 14 minutes ago.
    Refused,
    /// It takes whatever comes, however late.
    Taken,
}

impl LateCalls {
    /// How far in the past a call is signed where that makes the API refuse it sooner.
    pub const SIGNED_BACK: Duration = Duration::from_secs(14 * 60);

    /// How old a signature is that the API surely has to refuse.
    pub const TOO_OLD: Duration = Duration::from_secs(16 * 60);

    /// How far the API's clock may be from what an answer told of it: whole seconds, and the time on the way.
    const APART: Duration = Duration::from_secs(5);

    /// Returns how far in the past calls are signed.
    pub fn signed_back(self) -> Duration {
        if self == Self::RefusedSoon { Self::SIGNED_BACK } else { Duration::ZERO }
    }

    /// Returns how long after it was signed a call may still count; `None` if nobody knows.
    pub fn count_for(self) -> Option<Duration> {
        /// How old a signature may be (docs/reference/api.md#signatures).
        const WINDOW: Duration = Duration::from_secs(15 * 60);
        (self != Self::Taken).then(|| WINDOW - self.signed_back() + Self::APART)
    }
}
