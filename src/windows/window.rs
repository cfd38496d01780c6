//! One window, and when it is open.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calendar::{Instants, Zone};
use crate::resource::Call;

use super::clock::{Clock, Days};

/// What a window says of the calls that it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// None may be sent while it is open.
    Deny,
    /// They may be sent only while it, or another one, is open.
    Allow,
}

impl Verdict {
    /// Returns the moments from and up to which a window is open that is written in local times. What occurs twice makes a
    /// deny longer and an allow shorter.
    pub fn span(self, begin: Instants, end: Instants) -> (Timestamp, Timestamp) {
        match self {
            Self::Deny => (begin.earlier(), end.later()),
            Self::Allow => (begin.later(), end.earlier()),
        }
    }
}

/// When a window is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// On days of the week, from one time of day up to another, of the next day where that is not later.
    Daily {
        /// The days on which it begins.
        days: Days,
        /// Where it begins.
        from: Clock,
        /// Where it ends.
        to: Clock,
    },
    /// Once.
    Once {
        /// Where it begins.
        start: Timestamp,
        /// Where it ends.
        end: Timestamp,
    },
}

/// A window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// What people call it.
    pub name: Box<str>,
    /// What it says.
    pub verdict: Verdict,
    /// When it is open.
    pub when: When,
    /// Which calls it covers; `None` for all.
    pub calls: Option<Call>,
}

/// From a moment up to, not including, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) begin: Timestamp,
    pub(super) end: Timestamp,
}

impl Interval {
    pub(super) fn holds(self, at: Timestamp) -> bool {
        self.begin <= at && at < self.end
    }
}

impl Window {
    /// Returns whether it covers a call.
    pub fn covers(&self, call: Call) -> bool {
        self.calls.is_none_or(|covered| covered == call)
    }

    /// Returns whether no moment is outside it, and none of the calls that it covers may be sent while it is open.
    pub fn denies_always(&self) -> bool {
        let is_always = matches!(self.when, When::Daily { days: Days::ALL, from: Clock::MIDNIGHT, to: Clock::END });
        self.verdict == Verdict::Deny && is_always
    }

    /// Returns the interval that holds a moment, if it is open then; of several the one that ends last.
    pub(super) fn open_at(&self, at: Timestamp, zone: &Zone) -> Option<Interval> {
        match &self.when {
            When::Once { start, end } => {
                Some(Interval { begin: *start, end: *end }).filter(|interval| interval.holds(at))
            }
            When::Daily { .. } => {
                let today = zone.local(at).date();
                // What began the day before may span midnight; a day more on both sides, where a zone left one out.
                let days = (-2..=1).filter_map(|days| today.checked_add(Span::new().days(days)).ok());
                let open = days.filter_map(|day| self.on(day, zone)).filter(|interval| interval.holds(at));
                open.max_by_key(|interval| interval.end)
            }
        }
    }

    /// Returns when it opens first after a moment, up to `limit`.
    pub(super) fn opens_after(&self, at: Timestamp, limit: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let begins = |begin: &Timestamp| *begin > at && *begin <= limit;
        match &self.when {
            When::Once { start, end } => Some(*start).filter(begins).filter(|start| start < end),
            When::Daily { .. } => {
                let first = zone.local(at).date().yesterday().ok()?;
                let last = zone.local(limit).date();
                let days = first.series(Span::new().days(1)).take_while(|day| *day <= last);
                days.filter_map(|day| self.on(day, zone)).map(|interval| interval.begin).find(begins)
            }
        }
    }

    /// Returns when it is open on the day on which it begins, if it is.
    fn on(&self, day: Date, zone: &Zone) -> Option<Interval> {
        let When::Daily { days, from, to } = &self.when else { return None };
        if !days.has(day.weekday()) {
            return None;
        }
        let end_day = if to > from { day } else { day.tomorrow().ok()? };
        let (begin, end) = self.verdict.span(zone.instants(from.on(day)?), zone.instants(to.on(end_day)?));
        Some(Interval { begin, end }).filter(|interval| interval.begin < interval.end)
    }
}
