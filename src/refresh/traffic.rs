//! What interfaces carry: two calls, one a direction, per 50 of them, all at once. A scope that cannot be read is kept as
//! data. A point older than ten minutes is none: CloudMonitor's "last" may be two hours old.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::cloud::CloudError;
use crate::cloud::traffic::{Direction, MAX_INSTANCES, TrafficPoint, TrafficRead};
use crate::resource::{RouterInterfaceId, Scope};

/// How old a point may be.
pub const FRESH_FOR: SignedDuration = SignedDuration::from_mins(10);

/// What was measured in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The minute that it is of.
    pub at: Timestamp,
    /// Bits per second.
    pub bits_per_second: u64,
}

/// What one interface carries; a direction without a fresh point is not known, and never nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// What the router of the interface receives.
    pub inward: Option<Rate>,
    /// What it sends.
    pub outward: Option<Rate>,
}

impl Carried {
    /// Returns both directions together, in bits per second, where both are known.
    pub fn total(&self) -> Option<u64> {
        Some(self.inward?.bits_per_second.saturating_add(self.outward?.bits_per_second))
    }
}

/// What the interfaces of one scope carry, or why that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeTraffic {
    /// The scope.
    pub scope: Scope,
    /// Each interface that was asked for.
    pub carried: Result<BTreeMap<RouterInterfaceId, Carried>, CloudError>,
}

/// Asks what these interfaces carry, scope by scope, in their order.
pub async fn traffic(
    cloud: &impl TrafficRead,
    clock: &Clock,
    wanted: &BTreeMap<Scope, BTreeSet<RouterInterfaceId>>,
) -> Vec<ScopeTraffic> {
    let reads = wanted.iter().map(async |(scope, ids)| {
        let carried = of_scope(cloud, clock, scope, ids).await;
        ScopeTraffic { scope: scope.clone(), carried }
    });
    futures_util::future::join_all(reads).await
}

async fn of_scope(
    cloud: &impl TrafficRead,
    clock: &Clock,
    scope: &Scope,
    ids: &BTreeSet<RouterInterfaceId>,
) -> Result<BTreeMap<RouterInterfaceId, Carried>, CloudError> {
    let listed: Vec<RouterInterfaceId> = ids.iter().cloned().collect();
    let asked = listed.chunks(MAX_INSTANCES).flat_map(|chunk| [(Direction::In, chunk), (Direction::Out, chunk)]);
    let reads = asked
        .map(async |(direction, chunk)| cloud.traffic(scope, direction, chunk).await.map(|points| (direction, points)));
    let answers = try_join_all(reads).await?;
    let oldest = clock.now().checked_sub(FRESH_FOR).unwrap_or(Timestamp::MIN);
    let mut carried: BTreeMap<RouterInterfaceId, Carried> =
        listed.into_iter().map(|id| (id, Carried::default())).collect();
    for (direction, points) in answers {
        for TrafficPoint { id, at, bits_per_second } in points.into_iter().filter(|point| point.at >= oldest) {
            let Some(known) = carried.get_mut(&id) else { continue };
            let rate = Some(Rate { at, bits_per_second });
            match direction {
                Direction::In => known.inward = rate,
                Direction::Out => known.outward = rate,
            }
        }
    }
    Ok(carried)
}

#[cfg(test)]
mod tests;
