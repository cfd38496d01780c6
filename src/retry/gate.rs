//! The gate: what every call of one account, region and action passes, so that the server's quota is kept.
//!
//! The server counts when a call arrives, which we cannot see. A call arrives before it ends, so a slot stays taken
//! from the send until a whole window after the end: then no window of the server can hold more calls than the limit,
//! whatever the latency. A gate that has learnt nothing begins with few calls at once and doubles, so that a server with a
//! smaller burst refuses few. An answer that says "throttled" closes the gate for everyone, and teaches it: for how long, if
//! it says so; else that only a smaller burst fits (`bucket`), and after some more of them that a window holds fewer calls.
//! What was learnt is forgotten bit by bit.

mod bucket;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep_until};

use self::bucket::Bucket;
use super::neighbours::{Busy, Neighbours, Others, Word};
use super::quota::Quota;

/// The longest wait that an answer can impose (docs/reference/faults.md#n13).
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How many calls a gate that has learnt nothing lets through at once. Each that is let through adds one.
const FEW: usize = 4;

/// After how many refusals in a row that tell nothing it is the window that is full, and not a bucket.
const WINDOW_IS_FULL: u32 = 3;

/// A wait of this part of the window tells that the server counts by windows.
const TELLS_OF_A_WINDOW: u32 = 4;

/// For how many windows without a refusal what was learnt holds, before some more is tried.
const LEARNT_FOR: u32 = 3;

/// After how many windows nobody waits for the other processes of this host any more: one of them is not what it says.
const PATIENCE: u32 = 3;

/// How often it is looked whether the other processes have left a slot, where none of them says when it will.
const LOOKED_EVERY: Duration = Duration::from_millis(50);

/// The least that is waited for them.
const MIN_WAIT: Duration = Duration::from_millis(1);

/// Of fewer calls than this part of the quota nothing is learnt about a window: others have used it up.
const TELLING_PART: usize = 10;

/// What every call of one account, region and action passes through, in the order in which it came.
#[derive(Debug)]
pub(super) struct Gate {
    quota: Quota,
    /// Other processes that call the same account, where they can be told of.
    neighbours: Option<Neighbours>,
    /// Held by the one call that waits for a slot; the others queue behind it.
    turn: Mutex<()>,
    freed: Notify,
    usage: RefCell<Usage>,
}

#[derive(Debug)]
struct Usage {
    in_flight: usize,
    /// The calls that ended within the last window, oldest first.
    ended: VecDeque<EndedCall>,
    /// How many calls may be in flight.
    width: usize,
    /// How many calls a window holds, as far as was learnt.
    limit: usize,
    /// The burst that fits, if refusals have told of one.
    bucket: Option<Bucket>,
    /// When something was learnt or forgotten last.
    learnt_at: Option<Instant>,
    closed_until: Option<Instant>,
    /// Until then calls go one after the other: the API said when there is room again, not for how many.
    spread_until: Option<Instant>,
    last_throttled: Option<Instant>,
    /// Throttled answers to calls that were sent after the one before, since the last call that was not.
    strikes: u32,
}

#[derive(Clone, Copy, Debug)]
struct EndedCall {
    at: Instant,
    was_let_through: bool,
}

enum Next {
    Go,
    At(Instant),
    WhenFreed,
    /// Others have taken what is left.
    WhenOthersAllow(Instant),
}

/// What became of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// No call has left on it.
    Unused,
    /// A call has left, and was throttled, or nobody knows.
    Used,
    /// A call has left and was let through.
    LetThrough,
}

/// A slot; dropping it, also by cancellation, says that the call has ended.
pub(super) struct Slot {
    gate: Rc<Gate>,
    pub(super) fate: Fate,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut usage = self.gate.usage.borrow_mut();
        usage.in_flight -= 1;
        if self.fate != Fate::Unused {
            let was_let_through = self.fate == Fate::LetThrough;
            usage.ended.push_back(EndedCall { at: Instant::now(), was_let_through });
        }
        if let Some(neighbours) = &self.gate.neighbours {
            neighbours.end(usage.in_flight, self.fate != Fate::Unused);
        }
        self.gate.freed.notify_one();
    }
}

impl Gate {
    pub(super) fn new(quota: Quota, neighbours: Option<Neighbours>) -> Self {
        let usage = Usage {
            in_flight: 0,
            ended: VecDeque::new(),
            width: FEW.min(quota.most()),
            limit: quota.most(),
            bucket: None,
            learnt_at: None,
            closed_until: None,
            spread_until: None,
            last_throttled: None,
            strikes: 0,
        };
        Self { quota, neighbours, turn: Mutex::new(()), freed: Notify::new(), usage: RefCell::new(usage) }
    }

    /// Waits for a slot. Ends, since every slot is freed a window after its call and every pause is bounded.
    pub(super) async fn enter(self: &Rc<Self>) -> Slot {
        let _turn = self.turn.lock().await;
        let mut others_since = None;
        loop {
            let now = Instant::now();
            let is_patient = others_since.is_none_or(|since| since + self.quota.window * PATIENCE > now);
            let next = self.next(now, is_patient);
            match next {
                Next::Go => return Slot { gate: Rc::clone(self), fate: Fate::Unused },
                Next::At(instant) => sleep_until(instant).await,
                Next::WhenFreed => self.freed.notified().await,
                Next::WhenOthersAllow(instant) => {
                    others_since.get_or_insert(now);
                    sleep_until(instant).await;
                }
            }
        }
    }

    /// Takes a slot if there is one, beside those of the other processes where they are waited for.
    fn next(&self, now: Instant, is_patient: bool) -> Next {
        let alone = || self.usage.borrow_mut().next(self.quota, now, Others::default());
        let Some(neighbours) = &self.neighbours else { return alone() };
        let looked = neighbours.look(|others| {
            let mut usage = self.usage.borrow_mut();
            let next = usage.next(self.quota, now, if is_patient { others } else { Others::default() });
            let word = match next {
                Next::Go => Word::InFlight(usage.in_flight),
                Next::WhenOthersAllow(_) => Word::Waiting(usage.in_flight),
                Next::At(_) | Next::WhenFreed => Word::Nothing,
            };
            (word, next)
        });
        match looked {
            Ok(next) => next,
            Err(Busy) if is_patient => Next::WhenOthersAllow(now + LOOKED_EVERY),
            Err(Busy) => alone(),
        }
    }

    /// Notes that a call was let through.
    pub(super) fn accepted(&self) {
        let mut usage = self.usage.borrow_mut();
        usage.strikes = 0;
        usage.width = (usage.width + 1).min(self.quota.most());
        usage.bucket = usage.bucket.take().and_then(Bucket::quickened);
    }

    /// Closes the gate because the call sent at `sent` was throttled: for as long as the API `told`, and spread out for
    /// a window after; else for as long as a bucket needs, and twice as long after each further one. Returns the pause if
    /// it is news.
    pub(super) fn throttled(&self, sent: Instant, told: Option<Duration>) -> Option<Duration> {
        let now = Instant::now();
        let mut usage = self.usage.borrow_mut();
        // What was sent before the last refusal was known teaches nothing that it did not.
        let is_lesson = usage.last_throttled.is_none_or(|last| sent > last);
        usage.last_throttled = Some(now);
        if is_lesson {
            usage.learn(self.quota, now, told);
        }
        let pause = told.unwrap_or_else(|| usage.untold_pause(self.quota)).min(LONGEST_PAUSE);
        let opens = now + pause;
        if told.is_none() && !is_lesson || usage.closed_until.is_some_and(|already| already >= opens) {
            return None;
        }
        let is_news = usage.closed_until.is_none_or(|already| already <= now);
        usage.closed_until = Some(opens);
        usage.spread_until = told.map(|_| opens + self.quota.window);
        is_news.then_some(pause)
    }
}

impl Usage {
    fn next(&mut self, quota: Quota, now: Instant, others: Others) -> Next {
        let occupied = quota.occupied();
        while self.ended.front().is_some_and(|ended| ended.at + occupied <= now) {
            self.ended.pop_front();
        }
        if let Some(opens) = self.closed_until.filter(|opens| *opens > now) {
            return Next::At(opens);
        }
        self.forget(quota, now);
        // After a refusal one call finds out whether there is room again.
        let is_alone = self.strikes > 0 || self.spread_until.is_some_and(|until| until > now);
        if self.in_flight >= if is_alone { 1 } else { self.width } {
            return Next::WhenFreed;
        }
        if self.spread_until.is_some_and(|until| until > now)
            && let Some(due) = self.ended.back().map(|ended| ended.at + quota.spacing()).filter(|due| *due > now)
        {
            return Next::At(due);
        }
        if let Some(due) = self.bucket.as_ref().map(Bucket::due).filter(|due| *due > now) {
            return Next::At(due);
        }
        let own = self.in_flight + self.ended.len();
        // Where others wait, each keeps to its part.
        let part = self.limit.div_ceil(1 + others.waiting);
        if own < self.limit && (own >= part || own + others.taken >= self.limit) {
            let soon = others.frees_in.map_or(LOOKED_EVERY, |frees_in| frees_in.clamp(MIN_WAIT, LOOKED_EVERY));
            return Next::WhenOthersAllow(now + soon);
        }
        if own < self.limit {
            self.in_flight += 1;
            self.bucket.iter_mut().for_each(|bucket| bucket.take(now));
            return Next::Go;
        }
        self.ended.front().map_or(Next::WhenFreed, |ended| Next::At(ended.at + occupied))
    }

    /// Takes in a refusal that is news.
    fn learn(&mut self, quota: Quota, now: Instant, told: Option<Duration>) {
        self.strikes = self.strikes.saturating_add(1);
        self.learnt_at = Some(now);
        self.width = (self.width / 2).max(FEW.min(quota.most()));
        let is_window = match told {
            Some(told) => told >= quota.window / TELLS_OF_A_WINDOW,
            None => {
                let level =
                    self.let_through(quota, now).fold(0.0, |level, (_, passed)| bucket::level(level, passed, quota));
                match &mut self.bucket {
                    Some(bucket) => bucket.shrink(now, self.strikes, quota.window),
                    None => self.bucket = Some(Bucket::of(level, now, quota)),
                }
                self.strikes >= WINDOW_IS_FULL
            }
        };
        if is_window {
            let passed = self.let_through(quota, now).count();
            if passed >= quota.most().div_ceil(TELLING_PART) {
                self.limit = passed.min(self.limit);
            }
        }
    }

    /// Lists the calls of the last window that were let through, each with how long ago the one before it was.
    fn let_through(&self, quota: Quota, now: Instant) -> impl Iterator<Item = (Instant, Duration)> {
        let ended = self.ended.iter().filter(move |ended| ended.was_let_through && ended.at + quota.window > now);
        ended.scan(now, |before, ended| {
            let passed = ended.at.saturating_duration_since(*before);
            *before = ended.at;
            Some((ended.at, passed))
        })
    }

    /// Returns for how long a refusal that tells nothing closes the gate.
    fn untold_pause(&self, quota: Quota) -> Duration {
        let spacing = self.bucket.as_ref().map_or(quota.spacing(), Bucket::spacing);
        spacing.saturating_mul(1 << self.strikes.clamp(1, 20)).min(quota.window.max(spacing))
    }

    /// Tries half as much again as was learnt, one call after the other, once that has held for a while.
    fn forget(&mut self, quota: Quota, now: Instant) {
        if self.learnt_at.is_none_or(|at| at + quota.window * LEARNT_FOR > now) {
            return;
        }
        if self.limit < quota.most() {
            self.limit = (self.limit + self.limit.div_ceil(2)).min(quota.most());
            self.spread_until = Some(now + quota.window);
        }
        self.bucket = self.bucket.take().and_then(|bucket| bucket.grown(quota));
        let is_left = self.limit < quota.most() || self.bucket.is_some();
        self.learnt_at = is_left.then_some(now);
    }
}
