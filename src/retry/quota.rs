//! The quota: at most so many calls per account, region and action in any window, as the server counts them.
//!
//! The server counts when a call arrives, which we cannot see. A call arrives before it ends, so a slot stays taken
//! from the send until a whole window after the end: then no window of the server can hold more calls than the limit,
//! whatever the latency. An answer that says "throttled" closes the gate for everyone.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep_until};

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
    /// The time in which a server that counts by a bucket earns one call, rounded up to what timers can tell.
    fn spacing(self) -> Duration {
        self.window / self.limit.get() + Duration::from_millis(1)
    }
}

/// Added to the window, for a call that we gave up on and that arrives nevertheless, and for timers' granularity.
const MARGIN: Duration = Duration::from_millis(100);

/// The longest wait that an answer can impose (docs/reference/faults.md#n13).
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What every call of one account, region and action passes through, in the order in which it came.
#[derive(Debug)]
pub(super) struct Gate {
    quota: Quota,
    /// Held by the one call that waits for a slot; the others queue behind it.
    turn: Mutex<()>,
    freed: Notify,
    usage: RefCell<Usage>,
}

#[derive(Debug, Default)]
struct Usage {
    in_flight: usize,
    /// When the calls of the last window ended, oldest first.
    ended: VecDeque<Instant>,
    closed_until: Option<Instant>,
    /// Until then calls go one after the other: the API said when there is room again, not for how many.
    spread_until: Option<Instant>,
    last_throttled: Option<Instant>,
    /// Throttled answers to calls that were sent after the one before, since the last call that was not.
    strikes: u32,
}

enum Next {
    Go,
    At(Instant),
    WhenFreed,
}

/// A slot; dropping it, also by cancellation, says that the call has ended.
pub(super) struct Slot(Rc<Gate>);

impl Drop for Slot {
    fn drop(&mut self) {
        let mut usage = self.0.usage.borrow_mut();
        usage.in_flight -= 1;
        usage.ended.push_back(Instant::now());
        self.0.freed.notify_one();
    }
}

impl Gate {
    pub(super) fn new(quota: Quota) -> Self {
        Self { quota, turn: Mutex::new(()), freed: Notify::new(), usage: RefCell::default() }
    }

    /// Waits for a slot. Ends, since every slot is freed a window after its call and every pause is bounded.
    pub(super) async fn enter(self: &Rc<Self>) -> Slot {
        let _turn = self.turn.lock().await;
        loop {
            let next = self.next(Instant::now());
            match next {
                Next::Go => return Slot(Rc::clone(self)),
                Next::At(instant) => sleep_until(instant).await,
                Next::WhenFreed => self.freed.notified().await,
            }
        }
    }

    fn next(&self, now: Instant) -> Next {
        let mut usage = self.usage.borrow_mut();
        let occupied = self.quota.window + MARGIN;
        while usage.ended.front().is_some_and(|ended| *ended + occupied <= now) {
            usage.ended.pop_front();
        }
        if let Some(opens) = usage.closed_until.filter(|opens| *opens > now) {
            return Next::At(opens);
        }
        if usage.spread_until.is_some_and(|until| until > now) {
            if usage.in_flight > 0 {
                return Next::WhenFreed;
            }
            let due = usage.ended.back().map(|ended| *ended + self.quota.spacing());
            if let Some(due) = due.filter(|due| *due > now) {
                return Next::At(due);
            }
        }
        if usage.in_flight + usage.ended.len() < self.quota.limit.get() as usize {
            usage.in_flight += 1;
            return Next::Go;
        }
        usage.ended.front().map_or(Next::WhenFreed, |ended| Next::At(*ended + occupied))
    }

    /// Notes that a call was let through.
    pub(super) fn accepted(&self) {
        self.usage.borrow_mut().strikes = 0;
    }

    /// Closes the gate because the call sent at `sent` was throttled: for as long as the API `told`, and spread out for
    /// a window after; else for a whole window, since only then every way of counting has forgotten the past. Each
    /// further strike doubles an untold pause. Returns the pause if it is news.
    pub(super) fn throttled(&self, sent: Instant, told: Option<Duration>) -> Option<Duration> {
        let now = Instant::now();
        let mut usage = self.usage.borrow_mut();
        if usage.last_throttled.is_none_or(|last| sent > last) {
            usage.strikes = usage.strikes.saturating_add(1);
        }
        usage.last_throttled = Some(now);
        let untold = || self.quota.window.saturating_mul(1 << (usage.strikes.clamp(1, 7) - 1));
        let pause = told.unwrap_or_else(untold).min(LONGEST_PAUSE);
        let opens = now + pause;
        if usage.closed_until.is_some_and(|already| already >= opens) {
            return None;
        }
        let is_news = usage.closed_until.is_none_or(|already| already <= now);
        usage.closed_until = Some(opens);
        usage.spread_until = told.map(|_| opens + self.quota.window);
        is_news.then_some(pause)
    }
}
