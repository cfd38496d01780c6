//! One clock for the shell: a wall time taken once, carried on by tokio's monotonic clock.
//!
//! A step of the wall clock cannot reorder a run, and under tokio's paused clock hours pass in no time.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, Timespec, clock_gettime};
use tokio::time::Instant;

use crate::uptime::Uptime;

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

/// A moment on the clock that goes on while the machine sleeps (`CLOCK_BOOTTIME`): for the age of what was read, which a
/// suspended laptop or a frozen virtual machine must not keep young.
///
/// It is tokio's clock, moved on by how long the machine has slept since, so that under a paused clock it stands as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootTime(Instant);

impl BootTime {
    /// Returns this moment.
    pub fn now() -> Self {
        Self(Instant::now() + slept())
    }

    /// Returns how long ago it was.
    pub fn elapsed(self) -> Duration {
        Self::now().since(self)
    }

    /// Returns how long after `earlier` it is; nothing where it is before that.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// Returns the moment for whoever reads it in another process; `None` where the machine does not say which boot it is in.
    #[expect(clippy::disallowed_methods, reason = "the machine's own clock, beside the one that tests can stop")]
    pub fn uptime(self) -> Option<Uptime> {
        static FIRST: OnceLock<(Instant, i128)> = OnceLock::new();
        let (first, uptime) = *FIRST.get_or_init(|| {
            (Instant::from_std(std::time::Instant::now()) + slept(), nanoseconds(clock_gettime(ClockId::Boottime)))
        });
        let since = |later: Instant, earlier| i128::try_from(later.saturating_duration_since(earlier).as_nanos());
        let (after, before) = (since(self.0, first).ok()?, since(first, self.0).ok()?);
        let ms = u64::try_from((uptime + after - before) / 1_000_000).ok()?;
        Some(Uptime { boot: boot_id()?.to_owned(), ms })
    }

    /// Returns the moment `later` than this one.
    #[must_use]
    pub fn after(self, later: Duration) -> Self {
        Self(self.0 + later)
    }
}

/// Returns the kernel's name for this boot of this machine.
pub fn boot_id() -> Option<&'static str> {
    static BOOT: OnceLock<Option<String>> = OnceLock::new();
    let read = || std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
    BOOT.get_or_init(|| read().map(|text| text.trim().to_owned())).as_deref()
}

/// What sleeps are rounded to: two clocks cannot be read in the same instant.
const ROUNDED_TO: i128 = 10_000_000;

/// Returns how long the machine has slept since this was first asked.
fn slept() -> Duration {
    static FIRST: OnceLock<i128> = OnceLock::new();
    let ahead = boot_time_ahead();
    let slept = ahead - *FIRST.get_or_init(|| ahead);
    let rounded = (slept + ROUNDED_TO / 2).div_euclid(ROUNDED_TO) * ROUNDED_TO;
    Duration::from_nanos(u64::try_from(rounded).unwrap_or(0))
}

/// Returns by how many nanoseconds the clock that also counts sleep is ahead of the one that does not. A reading that
/// was interrupted between the two is made again, a few times.
fn boot_time_ahead() -> i128 {
    let mut best = (i128::MAX, 0);
    for _ in 0..4 {
        let (before, boot, after) = (
            nanoseconds(clock_gettime(ClockId::Monotonic)),
            nanoseconds(clock_gettime(ClockId::Boottime)),
            nanoseconds(clock_gettime(ClockId::Monotonic)),
        );
        let width = after - before;
        if width < best.0 {
            best = (width, boot - before - width / 2);
        }
        if width < ROUNDED_TO / 10 {
            break;
        }
    }
    best.1
}

fn nanoseconds(time: Timespec) -> i128 {
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ages_stand_still_and_move_on_with_the_clock_of_the_simulation() {
        let asked = BootTime::now();
        assert_eq!(asked.elapsed(), Duration::ZERO);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(asked.elapsed(), Duration::from_secs(3600));
        assert!(asked.after(Duration::from_secs(3600)) <= BootTime::now());
        assert!(asked.after(Duration::from_secs(3601)) > BootTime::now());
    }

    #[test]
    fn the_clocks_of_the_machine_are_read_close_together() {
        let ahead = boot_time_ahead();
        assert!(boot_time_ahead() - ahead < ROUNDED_TO);
    }
}
