//! What was last read of each interface, when that read began, and when the answer came.
//!
//! What an answer shows was true at some moment in between, so nothing is newer than the beginning of its read.

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::{Duration, Instant};

use crate::cloud::listing::{Listing, Row};
use crate::resource::{Observed, RouterInterfaceId, Scope};

/// One interface as it was last read; `None` where the API said it is not there.
struct Sighting {
    observed: Option<Observed>,
    begun: Instant,
    arrived: Instant,
}

/// The last read of everything a run looks at.
#[derive(Default)]
pub(super) struct Sightings {
    seen: BTreeMap<Scope, BTreeMap<RouterInterfaceId, Sighting>>,
}

impl Sightings {
    /// Takes in the answer to a read of `ids` that began at `begun` and is complete now. Pages show others as well; what is
    /// known of those is brought up to date too, for nothing may be decided on less than was read.
    pub(super) fn record(
        &mut self,
        scope: &Scope,
        ids: &BTreeSet<RouterInterfaceId>,
        listing: Listing,
        begun: Instant,
    ) {
        let seen = self.seen.entry(scope.clone()).or_default();
        for id in ids.iter().filter(|id| !listing.interfaces.contains_key(*id)) {
            seen.insert(id.clone(), Sighting { observed: None, begun, arrived: Instant::now() });
        }
        for (id, Row { observed, arrived }) in listing.interfaces {
            if ids.contains(&id) || seen.contains_key(&id) {
                seen.insert(id, Sighting { observed: Some(observed), begun, arrived });
            }
        }
    }

    pub(super) fn get(&self, scope: &Scope, id: &RouterInterfaceId) -> Option<&Observed> {
        self.sighting(scope, id)?.observed.as_ref()
    }

    /// Claims that a read of it was begun at `since` or later.
    pub(super) fn is_newer(&self, scope: &Scope, id: &RouterInterfaceId, since: Instant) -> bool {
        self.sighting(scope, id).is_some_and(|sighting| sighting.begun >= since)
    }

    /// Claims that it is fresh for a step that became ready at `ready`: read since, or at most one poll interval old.
    pub(super) fn is_fresh(&self, scope: &Scope, id: &RouterInterfaceId, ready: Instant, interval: Duration) -> bool {
        self.sighting(scope, id).is_some_and(|sighting| sighting.begun >= ready || sighting.begun.elapsed() <= interval)
    }

    /// Claims that the answer came within the last `interval`.
    pub(super) fn is_recent(&self, scope: &Scope, id: &RouterInterfaceId, interval: Duration) -> bool {
        self.sighting(scope, id).is_some_and(|sighting| sighting.arrived.elapsed() <= interval)
    }

    /// Returns when the last read of it began.
    pub(super) fn begun(&self, scope: &Scope, id: &RouterInterfaceId) -> Option<Instant> {
        self.sighting(scope, id).map(|sighting| sighting.begun)
    }

    fn sighting(&self, scope: &Scope, id: &RouterInterfaceId) -> Option<&Sighting> {
        self.seen.get(scope)?.get(id)
    }
}
