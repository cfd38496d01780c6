//! The status of one interface as a function of time.
//!
//! A transition is not something that happens while the world runs: it is written down with its due time when it
//! starts, and [`Timeline::status_at`] reads it off. So reading never advances anything, a read can be stale by
//! looking a little earlier, and replaying the events of a log gives the same world.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
    /// What follows, in order of time, the first at `at` or, for something scheduled, later; nothing of a call that was refused.
    pub moments: Vec<Moment>,
    /// Who did it; nobody of what only follows from something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deed: Option<Box<Deed>>,
}

impl Event {
    /// Returns whether anything changes by it.
    pub fn moves(&self) -> bool {
        !self.moments.is_empty()
    }
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
