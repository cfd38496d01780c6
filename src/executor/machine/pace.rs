//! How often what is in flight is looked at: as transitions have taken so far, then less and less often.
//!
//! A step is looked at more often the nearer it is to when it may be expected to settle, and then more seldom again: as
//! this run has seen the same call settle, else as is recorded. Of what nothing is known, as a part of how long it has taken
//! already. Only how long to wait is decided here; what a read means does not depend on it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::time::Moment;
use crate::cloud::{MAX_FILTER_VALUES, MAX_PAGE_SIZE};
use crate::plan::StepId;
use crate::resource::Call;

/// The shortest time between two reads of a scope, for each call that they cost.
pub(super) const QUICKEST: Duration = Duration::from_millis(300);

/// The same where it is known to some tenths of a second when a step settles.
const PRECISE: Duration = Duration::from_millis(50);

/// When what nothing is known of is looked at first: transitions take seconds.
const FIRST: Duration = Duration::from_millis(900);

/// What takes long, and of which nothing is known, is looked at again after this part of that.
const PART: u32 = 16;

/// How long transitions take.
#[derive(Debug)]
pub(super) struct Pace<'a> {
    recorded: &'a BTreeMap<StepId, Duration>,
    /// When a call of this run was not settled yet, and when it was.
    seen: BTreeMap<Call, Span>,
}

/// Between which times transitions settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    not_yet: Duration,
    settled: Duration,
}

impl Span {
    /// Returns what holds once another one has settled between these times: if both can be, what is common to both.
    fn narrowed(self, other: Self) -> Self {
        let both = Self { not_yet: self.not_yet.max(other.not_yet), settled: self.settled.min(other.settled) };
        if both.not_yet < both.settled { both } else { other }
    }

    /// Returns when it is worth a look.
    fn likely(self) -> Duration {
        let apart = self.settled.saturating_sub(self.not_yet);
        if apart > PRECISE { self.not_yet + apart / 2 } else { self.settled }
    }
}

impl<'a> Pace<'a> {
    pub(super) fn of(recorded: &'a BTreeMap<StepId, Duration>) -> Self {
        Self { recorded, seen: BTreeMap::new() }
    }

    /// Takes in that a call was seen to settle between these times after its acceptance.
    pub(super) fn learn(&mut self, call: Call, not_yet: Duration, settled: Duration) {
        let span = Span { not_yet: not_yet.min(settled), settled };
        self.seen.entry(call).and_modify(|seen| *seen = seen.narrowed(span)).or_insert(span);
    }

    /// Returns after how long a step is read again whose call was accepted at `since`, and which was read last at `read`.
    pub(super) fn interval(&self, step: &StepId, call: Option<Call>, since: Moment, read: Moment) -> Duration {
        let elapsed = read.since(since);
        let seen = call.and_then(|call| self.seen.get(&call));
        let recorded = self.recorded.get(step);
        let likely = seen.map(|span| span.likely()).or_else(|| recorded.copied());
        let Some(likely) = likely else {
            return if elapsed.is_zero() { FIRST } else { (elapsed / PART).max(QUICKEST) };
        };
        let latest = seen.map_or(likely, |span| span.settled);
        if elapsed < likely {
            let left = likely - elapsed;
            // It may be quicker this time.
            let soon = (elapsed / 2).max(QUICKEST * 2);
            if left > QUICKEST * 2 { (left / 2).min(soon) } else { left.max(PRECISE) }
        } else if elapsed < latest {
            (latest - elapsed).max(PRECISE)
        } else {
            ((elapsed - latest) / 2).max(QUICKEST)
        }
    }
}

/// Returns how many calls a read of so many interfaces costs, in a scope of `total`.
pub(super) fn calls(ids: usize, total: Option<u32>) -> usize {
    let pages = total.map_or(usize::MAX, |total| total.div_ceil(MAX_PAGE_SIZE) as usize);
    ids.div_ceil(MAX_FILTER_VALUES).min(pages)
}

/// Returns the shortest time between two reads that cost so many calls each; one call may come at any time.
pub(super) fn shortest(calls: usize) -> Duration {
    let more = u32::try_from(calls.saturating_sub(1)).unwrap_or(u32::MAX);
    QUICKEST.saturating_mul(more)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn milliseconds(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// When a step that settles after `takes` is read, by somebody who waits as long as is said.
    fn reads(pace: &mut Pace<'_>, takes: Duration) -> Vec<u128> {
        let step = StepId("a/deactivate".into());
        let (since, mut reads) = (Moment::default(), Vec::new());
        let mut read = since;
        loop {
            let next = read + pace.interval(&step, Some(Call::Deactivate), since, read).min(milliseconds(2000));
            reads.push(next.since(since).as_millis());
            if next.since(since) >= takes {
                pace.learn(Call::Deactivate, read.since(since), next.since(since));
                return reads;
            }
            read = next;
        }
    }

    #[test]
    fn what_is_unknown_is_read_more_seldom_the_longer_it_takes() {
        let unknown = BTreeMap::new();
        let reads = reads(&mut Pace::of(&unknown), milliseconds(60_000));
        let gaps: Vec<u128> = reads.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.is_sorted() && gaps[0] == 300 && gaps.last() == Some(&2000), "{gaps:?}");
        assert!(reads.len() < 65, "{}", reads.len());
    }

    #[test]
    fn what_is_recorded_is_read_when_it_may_be_expected() {
        let recorded = BTreeMap::from([(StepId("a/deactivate".into()), milliseconds(3000))]);
        assert_eq!(reads(&mut Pace::of(&recorded), milliseconds(3000)), [600, 1200, 1800, 2400, 3000]);
    }

    #[test]
    fn what_this_run_has_seen_is_met_more_closely_each_time() {
        let unknown = BTreeMap::new();
        let mut pace = Pace::of(&unknown);
        let last: Vec<u128> = (0..8).map(|_| *reads(&mut pace, milliseconds(1010)).last().unwrap()).collect();
        assert_eq!(last[0], 1200);
        assert!(last[5..].iter().all(|last| (1010..=1060).contains(last)), "{last:?}");
    }

    #[test]
    fn what_takes_another_time_than_before_is_followed() {
        let unknown = BTreeMap::new();
        let mut pace = Pace::of(&unknown);
        for takes in [1000, 1000, 1000, 5000, 5000, 5000, 400, 400] {
            let last = *reads(&mut pace, milliseconds(takes)).last().unwrap();
            assert!(last <= u128::from(takes) * 3 / 2 + 300, "{takes}: {last}");
        }
    }
}
