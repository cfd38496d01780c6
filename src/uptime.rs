//! How long a machine has been up: a time that nobody can set, and that another process of the same boot knows as well.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
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

    /// Returns the moment `later` than this one.
    #[must_use]
    pub fn after(&self, later: Duration) -> Self {
        let ms = u64::try_from(later.as_millis()).unwrap_or(u64::MAX);
        Self { boot: self.boot.clone(), ms: self.ms.saturating_add(ms) }
    }

    /// Returns how long after `earlier` it is, nothing where it is before that; `None` between two boots.
    pub fn since(&self, earlier: &Self) -> Option<Duration> {
        (self.boot == earlier.boot).then(|| Duration::from_millis(self.ms.saturating_sub(earlier.ms)))
    }
}

/// A moment that something is due at: by the clock on the wall, and within one boot of one machine by the clock that nobody
/// can set and that goes on while the machine sleeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deadline {
    /// When, by the clock on the wall.
    pub until: Timestamp,
    /// The same by the clock of the machine's boot; `None` where the machine did not say which boot it was in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime: Option<Uptime>,
}

impl Deadline {
    /// Returns the moment `within` after one that both clocks showed; one that is further away than any clock goes is the
    /// last that it shows.
    pub fn after(at: Timestamp, uptime: Option<&Uptime>, within: Duration) -> Self {
        let span = SignedDuration::try_from(within).unwrap_or(SignedDuration::MAX);
        let until = at.saturating_add(span).unwrap_or(Timestamp::MAX);
        Self { until, uptime: uptime.map(|uptime| uptime.after(within)) }
    }

    /// Returns whether it is past: in the same boot by its clock, whatever was done to the one on the wall; else by that.
    pub fn is_past(&self, now: Timestamp, uptime: Option<&Uptime>) -> bool {
        match self.uptime.as_ref().zip(uptime) {
            Some((due, now)) if due.boot == now.boot => now.ms >= due.ms,
            _ => now >= self.until,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn up(boot: &str, ms: u64) -> Uptime {
        Uptime { boot: boot.to_owned(), ms }
    }

    #[test]
    fn a_deadline_is_judged_by_the_clock_of_its_boot_whatever_the_wall_shows() {
        let due = Deadline::after(at(1000), Some(&up("one", 5000)), Duration::from_secs(60));
        assert_eq!((due.until, due.uptime.clone()), (at(1060), Some(up("one", 65_000))));
        assert!(!due.is_past(at(9000), Some(&up("one", 64_999))), "the wall clock was set ahead");
        assert!(due.is_past(at(0), Some(&up("one", 65_000))), "the wall clock was set back");
        assert!(!due.is_past(at(1059), Some(&up("two", 99_999))) && due.is_past(at(1060), Some(&up("two", 1))));
        assert!(!due.is_past(at(1059), None) && due.is_past(at(1060), None));
    }

    #[test]
    fn a_deadline_is_taken_as_it_is_given_however_far_away() {
        let due = Deadline::after(at(1000), Some(&up("one", 5000)), Duration::MAX);
        assert_eq!(due.until, Timestamp::MAX);
        assert!(!due.is_past(at(253_000_000_000), Some(&up("one", u64::MAX - 1))));
    }
}
