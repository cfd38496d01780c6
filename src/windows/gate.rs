//! All the windows that cover one call.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::calendar::Zone;

use super::window::{Verdict, Window};

/// How far ahead an opening is looked for.
pub const HORIZON_DAYS: i64 = 400;

/// All the windows that cover one call, in the order of the spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    zone: Zone,
    windows: Vec<Arc<Window>>,
}

/// Windows do not let a call through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The window that holds it back: a deny window that is open, else the allow window that opens first.
    pub window: Box<str>,
    /// When all of them together let it through; `None` where they do not within 400 days.
    pub opens_at: Option<Timestamp>,
}

impl Gate {
    /// Makes a gate of windows that are open by the clocks of a zone.
    pub fn new(zone: Zone, windows: Vec<Arc<Window>>) -> Self {
        Self { zone, windows }
    }

    /// Returns whether no window covers the call.
    pub fn is_free(&self) -> bool {
        self.windows.is_empty()
    }

    /// Returns the same without some windows.
    #[must_use]
    pub fn without(&self, is_out: impl Fn(&Arc<Window>) -> bool) -> Self {
        let windows = self.windows.iter().filter(|window| !is_out(window)).cloned().collect();
        Self { zone: self.zone.clone(), windows }
    }

    /// Returns whether the call may be sent at a moment.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.open_until(Verdict::Deny, at).is_none() && self.is_allowed(at)
    }

    /// Judges the call at a moment.
    ///
    /// # Errors
    /// Which window holds it back, and when it may be sent.
    pub fn judge(&self, at: Timestamp) -> Result<(), Closed> {
        match self.holding(at) {
            None => Ok(()),
            Some(window) => Err(Closed { window: window.name.clone(), opens_at: self.opens_at(at) }),
        }
    }

    /// Returns the first moment, from `at` on, at which the call may be sent, if there is one within 400 days.
    pub fn opens_at(&self, at: Timestamp) -> Option<Timestamp> {
        let limit = limit(at);
        let mut moment = at;
        // Each turn passes the end of a window that is open, or waits for the beginning of one that has to be: the gate cannot
        // open anywhere else.
        while moment <= limit {
            if let Some(end) = self.open_until(Verdict::Deny, moment) {
                moment = end;
            } else if self.is_allowed(moment) {
                return Some(moment);
            } else {
                moment = self.next_allowed(moment, limit)?.1;
            }
        }
        None
    }

    /// Returns when the gate, open at a moment, closes; `None` where it does not within 400 days.
    pub fn closes_after(&self, at: Timestamp) -> Option<Timestamp> {
        let limit = limit(at);
        let denied = self.of(Verdict::Deny).filter_map(|window| window.opens_after(at, limit, &self.zone)).min();
        let allowed_until = |moment| self.open_until(Verdict::Allow, moment);
        let mut allowed = allowed_until(at);
        // What follows at once, or overlaps, goes on.
        while let Some(next) = allowed.filter(|end| *end <= limit).and_then(allowed_until) {
            allowed = Some(next);
        }
        [denied, allowed.filter(|end| *end <= limit)].into_iter().flatten().min()
    }

    /// Returns every window that holds the call back at a moment.
    pub fn all_holding(&self, at: Timestamp) -> Vec<&Arc<Window>> {
        let denies = self.of(Verdict::Deny).filter(|window| window.open_at(at, &self.zone).is_some());
        let allows = self.of(Verdict::Allow).filter(|_| !self.is_allowed(at));
        denies.chain(allows).collect()
    }

    /// Returns the window that holds the call back at a moment.
    fn holding(&self, at: Timestamp) -> Option<&Arc<Window>> {
        let denying = self.of(Verdict::Deny).find(|window| window.open_at(at, &self.zone).is_some());
        if denying.is_some() || self.is_allowed(at) {
            return denying;
        }
        let next = self.next_allowed(at, limit(at)).map(|(window, _)| window);
        next.or_else(|| self.of(Verdict::Allow).next())
    }

    /// Returns when the windows of a verdict end that are open at a moment; others may have begun by then.
    fn open_until(&self, verdict: Verdict, at: Timestamp) -> Option<Timestamp> {
        let ends = self.of(verdict).filter_map(|window| window.open_at(at, &self.zone));
        ends.map(|interval| interval.end).max()
    }

    fn is_allowed(&self, at: Timestamp) -> bool {
        let mut allows = self.of(Verdict::Allow).peekable();
        allows.peek().is_none() || allows.any(|window| window.open_at(at, &self.zone).is_some())
    }

    fn next_allowed(&self, at: Timestamp, limit: Timestamp) -> Option<(&Arc<Window>, Timestamp)> {
        let next = self
            .of(Verdict::Allow)
            .filter_map(|window| window.opens_after(at, limit, &self.zone).map(|begin| (window, begin)));
        next.min_by_key(|(_, begin)| *begin)
    }

    fn of(&self, verdict: Verdict) -> impl Iterator<Item = &Arc<Window>> {
        self.windows.iter().filter(move |window| window.verdict == verdict)
    }
}

fn limit(at: Timestamp) -> Timestamp {
    at.checked_add(SignedDuration::from_hours(24 * HORIZON_DAYS)).unwrap_or(Timestamp::MAX)
}
