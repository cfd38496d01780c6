//! The time of a run, as data: what the machine is handed, never what it asks for.

use std::ops::Add;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::BootTime;

/// A moment by the clock that tests can stop: how long after the origin of a run it was. The origin is no later than
/// anything that the run is told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::executor) struct Moment(Duration);

impl Moment {
    /// Returns the moment this long after the origin.
    pub(in crate::executor) fn after_origin(passed: Duration) -> Self {
        Self(passed)
    }

    /// Returns how long after the origin it is.
    pub(in crate::executor) fn since_origin(self) -> Duration {
        self.0
    }

    /// Returns how long after `earlier` it is; nothing where it is before that.
    pub(super) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, later: Duration) -> Self {
        Self(self.0.saturating_add(later))
    }
}

/// One moment on three clocks.
#[derive(Clone, Copy, Debug)]
pub(in crate::executor) struct Now {
    /// For what is waited for.
    pub(in crate::executor) instant: Moment,
    /// For the age of what was read: goes on while the machine sleeps.
    pub(in crate::executor) boot: BootTime,
    /// For what is recorded and told.
    pub(in crate::executor) wall: Timestamp,
}
