//! Flow control: one meter per account, region and action.

use std::collections::{BTreeMap, VecDeque};

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
    pub(super) fn admits(&mut self, now: Timestamp, key: [&str; 3]) -> bool {
        let limit = self.rule.limit;
        let fresh = match self.rule.kind {
            QuotaKind::Unlimited => return true,
            QuotaKind::Fixed => Meter::Fixed { start: now, count: 0 },
            QuotaKind::Sliding => Meter::Sliding(VecDeque::new()),
            QuotaKind::Bucket => Meter::Bucket { full_at: now },
        };
        match self.meters.entry(key.map(Box::from)).or_insert(fresh) {
            Meter::Fixed { start, count } => {
                if now.duration_since(*start) >= self.window {
                    (*start, *count) = (now, 0);
                }
                let admitted = *count < limit;
                *count += u32::from(admitted);
                admitted
            }
            Meter::Sliding(calls) => {
                while calls.front().is_some_and(|call| now.duration_since(*call) >= self.window) {
                    calls.pop_front();
                }
                let admitted = calls.len() < limit as usize;
                if admitted {
                    calls.push_back(now);
                }
                admitted
            }
            Meter::Bucket { full_at } => {
                let per_call = self.window / i32::try_from(limit.max(1)).unwrap_or(i32::MAX);
                let filled = (*full_at).max(now) + per_call;
                let admitted = filled.duration_since(now) <= self.window;
                if admitted {
                    *full_at = filled;
                }
                admitted
            }
        }
    }
}
