//! The status of one interface as a function of time.
//!
//! A transition is not something that happens while the world runs: it is written down with its due time when it
//! starts, and [`Timeline::status_at`] reads it off. So reading never advances anything, a read can be stale by
//! looking a little earlier, and replaying the events of a log gives the same world.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::seed::InterfaceSeed;
use super::trail::Deed;
use crate::resource::{RouterInterfaceId, Status};

/// From this instant on, this status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// When it starts.
    pub at: Timestamp,
    /// What holds from then on.
    pub status: Status,
}

/// Something that happened, or will happen, to one interface: one line of a world's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When it was accepted.
    pub at: Timestamp,
    /// Whom it happens to.
    pub interface: RouterInterfaceId,
    /// The action, or `console` for a third party's hand.
    pub cause: String,
    /// The RequestId that the caller got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What follows, in order of time, the first at `at` or, for something scheduled, later; nothing of a call that was
    /// refused, or that changes no status.
    pub moments: Vec<Moment>,
    /// What the interface is from then on, where that is new: everything that can be said of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub became: Option<Box<InterfaceSeed>>,
    /// Whether all routes over it went as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unrouted: bool,
    /// By what a repeated call is known again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Box<Token>>,
    /// Who did it; nobody of what only follows from something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deed: Option<Box<Deed>>,
}

impl Event {
    /// Returns whether anything changes by it.
    pub fn moves(&self) -> bool {
        !self.moments.is_empty() || self.became.is_some()
    }

    /// Begins an event that changes nothing yet.
    pub(super) fn of(interface: &RouterInterfaceId, cause: &str, at: Timestamp) -> Self {
        Self {
            at,
            interface: interface.clone(),
            cause: cause.to_owned(),
            request_id: None,
            moments: Vec::new(),
            became: None,
            unrouted: false,
            token: None,
            deed: None,
        }
    }
}

/// The ClientToken of a call that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// What the caller made up.
    pub token: String,
    /// The digest of what was asked for.
    pub asked: String,
    /// The order that was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<u64>,
}

/// All moments of one interface, in order of time. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Timeline {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    moment: Moment,
    /// Whether the entry starts an event; the others only follow from one and are cancelled by the next.
    leads: bool,
}

impl Timeline {
    /// Starts with what has always been.
    pub(super) fn starting_as(status: Status) -> Self {
        Self { entries: vec![Entry { moment: Moment { at: Timestamp::MIN, status }, leads: true }] }
    }

    /// Returns the status that holds at an instant.
    pub(super) fn status_at(&self, instant: Timestamp) -> &Status {
        let next = self.entries.partition_point(|entry| entry.moment.at <= instant);
        &self.entries[next.saturating_sub(1)].moment.status
    }

    /// Returns when it first was this status, up to an instant; the beginning of time where it always was.
    pub(super) fn first(&self, status: &Status, until: Timestamp) -> Option<Timestamp> {
        let seen = self.entries.iter().take_while(|entry| entry.moment.at <= until);
        seen.map(|entry| &entry.moment).find(|moment| moment.status == *status).map(|moment| moment.at)
    }

    /// Returns what it was at the beginning of time.
    pub(super) fn origin(&self) -> &Status {
        &self.entries[0].moment.status
    }

    /// Returns when the status last turned, up to an instant; `None` where it never did.
    pub(super) fn last_turn(&self, until: Timestamp) -> Option<Timestamp> {
        self.turns().take_while(|at| *at <= until).last()
    }

    /// Lists when the status turns, from the beginning of time on.
    pub(super) fn turns(&self) -> impl Iterator<Item = Timestamp> {
        self.entries.iter().skip(1).map(|entry| entry.moment.at)
    }

    /// Writes down an event: it cancels what would have followed from earlier ones, and is itself cut short by what is
    /// already scheduled for later.
    pub(super) fn write(&mut self, moments: &[Moment]) {
        let Some(first) = moments.first() else { return };
        let position = self.entries.partition_point(|entry| entry.moment.at <= first.at);
        let followers = self.entries[position..].iter().take_while(|entry| !entry.leads).count();
        let end = position + followers;
        let cut = self.entries.get(end).map_or(Timestamp::MAX, |entry| entry.moment.at);
        let fresh = moments
            .iter()
            .enumerate()
            .filter(|(index, moment)| *index == 0 || moment.at < cut)
            .map(|(index, moment)| Entry { moment: moment.clone(), leads: index == 0 });
        self.entries.splice(position..end, fresh);
    }
}
