//! How long a machine has been up: a time that nobody can set, and that another process of the same boot knows as well.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A moment by the clock of one boot of one machine, which nobody can set: how long ago it was is known in another process
/// too, whatever was done to the wall clock since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Uptime {
    /// Which boot of which machine.
    pub boot: String,
    /// How long after it, in milliseconds.
    pub ms: u64,
}

impl Uptime {
    /// Returns the moment `earlier` than this one.
    #[must_use]
    pub fn before(&self, earlier: Duration) -> Self {
        let ms = u64::try_from(earlier.as_millis()).unwrap_or(u64::MAX);
        Self { boot: self.boot.clone(), ms: self.ms.saturating_sub(ms) }
    }

    /// Returns how long after `earlier` it is, nothing where it is before that; `None` between two boots.
    pub fn since(&self, earlier: &Self) -> Option<Duration> {
        (self.boot == earlier.boot).then(|| Duration::from_millis(self.ms.saturating_sub(earlier.ms)))
    }
}
