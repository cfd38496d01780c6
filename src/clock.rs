//! One clock for the shell: a wall time taken once, carried on by tokio's monotonic clock.
//!
//! A step of the wall clock cannot reorder a run, and under tokio's paused clock hours pass in no time.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Tells the time since a wall time that its maker read once.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall: Timestamp,
    origin: Instant,
}

impl Clock {
    /// Starts a clock that shows `wall` now.
    pub fn starting_at(wall: Timestamp) -> Self {
        Self { wall, origin: Instant::now() }
    }

    /// Returns the time, in whole milliseconds: what is recorded is then exactly what was said.
    pub fn now(&self) -> Timestamp {
        self.at(Instant::now())
    }

    /// Returns the time that it was at `instant`, in whole milliseconds.
    pub fn at(&self, instant: Instant) -> Timestamp {
        let elapsed = instant.saturating_duration_since(self.origin);
        let elapsed = SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX);
        let now = self.wall.saturating_add(elapsed).unwrap_or(Timestamp::MAX);
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
