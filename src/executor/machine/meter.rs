//! What was heard of what interfaces carry.

use std::collections::{BTreeMap, BTreeSet};

use super::health::Fresh;
use super::time::Moment;
use crate::clock::BootTime;
use crate::cloud::carried::Carried;
use crate::plan::TrafficUnread;
use crate::resource::RouterInterfaceId;

/// What was heard last of each interface that was asked for.
#[derive(Default)]
pub(super) struct Meter {
    said: BTreeMap<RouterInterfaceId, Said>,
    /// What has been asked for and not answered, and when.
    asking: BTreeMap<RouterInterfaceId, Moment>,
}

/// What was heard of an interface.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// When it was asked for.
    pub(super) begun: Moment,
    /// The same by the clock that goes on while the machine sleeps.
    pub(super) asked: BootTime,
    /// Its newest figures, or why they could not be read.
    pub(super) answer: Result<Carried, TrafficUnread>,
}

impl Meter {
    /// Returns what was heard of an interface that was asked for at `since` or later.
    pub(super) fn heard(&self, id: &RouterInterfaceId, since: Moment) -> Option<&Said> {
        self.said.get(id).filter(|said| said.begun >= since)
    }

    /// Returns what was heard of an interface, as far as that is young enough to let a step go on.
    pub(super) fn fresh(&self, id: &RouterInterfaceId, fresh: Fresh) -> Option<&Said> {
        let said = self.said.get(id)?;
        (said.begun >= fresh.since || fresh.now.since(said.asked) <= fresh.max_age).then_some(said)
    }

    /// Returns when an interface was asked for last that was heard of.
    pub(super) fn asked(&self, id: &RouterInterfaceId) -> Option<BootTime> {
        Some(self.said.get(id)?.asked)
    }

    /// Returns the moment at which an interface was asked for last that was heard of.
    pub(super) fn begun(&self, id: &RouterInterfaceId) -> Option<Moment> {
        Some(self.said.get(id)?.begun)
    }

    /// Returns whether one of these has been asked for and not answered.
    pub(super) fn is_asking<'i>(&self, mut ids: impl Iterator<Item = &'i RouterInterfaceId>) -> bool {
        ids.any(|id| self.asking.contains_key(id))
    }

    /// Takes in that an interface is asked for; returns whether it was not asked for already.
    pub(super) fn ask(&mut self, id: &RouterInterfaceId, now: Moment) -> bool {
        let is_news = !self.asking.contains_key(id);
        if is_news {
            self.asking.insert(id.clone(), now);
        }
        is_news
    }

    /// From here on nothing that was said before counts: others may have been at work meanwhile.
    pub(super) fn forget(&mut self) {
        self.said.clear();
    }

    /// Takes in the figures of what was asked for, or that they could not be read. What has none carries nobody knows what.
    pub(super) fn hear(
        &mut self,
        ids: BTreeSet<RouterInterfaceId>,
        asked: BootTime,
        answer: Result<BTreeMap<RouterInterfaceId, Carried>, TrafficUnread>,
    ) {
        for id in ids {
            let Some(begun) = self.asking.remove(&id) else { continue };
            let answer = answer.as_ref().map(|flows| flows.get(&id).copied().unwrap_or_default());
            let answer = answer.map_err(Clone::clone);
            self.said.insert(id, Said { begun, asked, answer });
        }
    }
}
