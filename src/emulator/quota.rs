//! Flow control: one meter per account, region and action. Two actions have limits of their own, which are theirs whatever
//! the world says of the others (docs/reference/api.md#trail, docs/reference/api.md#metrics).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::seed::{QuotaKind, QuotaSeed};

/// The meters of a world.
#[derive(Clone, Debug)]
pub(super) struct Quota {
    rule: QuotaSeed,
    window: SignedDuration,
    meters: BTreeMap<[Box<str>; 3], Meter>,
}

#[derive(Clone, Debug)]
enum Meter {
    Fixed {
        start: Timestamp,
        count: u32,
    },
    Sliding(VecDeque<Timestamp>),
    /// When the bucket will be full again: all that such a bucket has to remember.
    Bucket {
        full_at: Timestamp,
    },
}

impl Quota {
    pub(super) fn new(rule: QuotaSeed) -> Self {
        let window = SignedDuration::try_from(rule.window).unwrap_or(SignedDuration::MAX);
        Self { rule, window, meters: BTreeMap::new() }
    }

    /// Counts a call if the rule allows it; a call that it does not allow is not counted.
    ///
    /// # Errors
    /// How long it is until the rule allows the next call, where that is told.
    pub(super) fn admit(&mut self, now: Timestamp, key: [&str; 3]) -> Result<(), Option<Duration>> {
        self.room_after(now, key).map_err(|wait| {
            let rounded = wait.as_millis().saturating_add(1);
            self.rule.hint.then(|| Duration::from_millis(u64::try_from(rounded).unwrap_or_default()))
        })
    }

    fn room_after(&mut self, now: Timestamp, key: [&str; 3]) -> Result<(), SignedDuration> {
        let own = match key[2] {
            "LookupEvents" => Some(2),
            "DescribeMetricLast" => Some(50),
            _ => None,
        };
        let (limit, window, burst) = match own {
            Some(limit) => (limit, SignedDuration::from_secs(1), None),
            None => (self.rule.limit, self.window, self.rule.burst),
        };
        let fresh = match self.rule.kind {
            QuotaKind::Unlimited => return Ok(()),
            QuotaKind::Fixed => Meter::Fixed { start: now, count: 0 },
            QuotaKind::Sliding => Meter::Sliding(VecDeque::new()),
            QuotaKind::Bucket => Meter::Bucket { full_at: now },
        };
        match self.meters.entry(key.map(Box::from)).or_insert(fresh) {
            Meter::Fixed { start, count } => {
                if now.duration_since(*start) >= window {
                    (*start, *count) = (now, 0);
                }
                if *count >= limit {
                    return Err(window - now.duration_since(*start));
                }
                *count += 1;
            }
            Meter::Sliding(calls) => {
                while calls.front().is_some_and(|call| now.duration_since(*call) >= window) {
                    calls.pop_front();
                }
                let oldest = calls.len().checked_sub(limit as usize).and_then(|surplus| calls.get(surplus));
                if calls.len() >= limit as usize {
                    return Err(oldest.map_or(window, |oldest| window - now.duration_since(*oldest)));
                }
                calls.push_back(now);
            }
            Meter::Bucket { full_at } => {
                let per_call = window / i32::try_from(limit.max(1)).unwrap_or(i32::MAX);
                let holds = burst.map_or(window, |burst| per_call * i32::try_from(burst).unwrap_or(i32::MAX));
                let filled = (*full_at).max(now) + per_call;
                let until_full = filled.duration_since(now);
                if until_full > holds {
                    return Err(until_full - holds);
                }
                *full_at = filled;
            }
        }
        Ok(())
    }
}
