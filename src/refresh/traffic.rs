//! What interfaces carry: two calls, one a direction, per 50 of them, all at once. A scope that cannot be read is kept as
//! data. A point older than ten minutes is none: CloudMonitor's "last" may be two hours old.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::cloud::CloudError;
use crate::cloud::carried::carried;
use crate::cloud::traffic::TrafficRead;
use crate::resource::{RouterInterfaceId, Scope};

pub use crate::cloud::carried::{Carried, FRESH_FOR, Rate};

/// What the interfaces of one scope carry, or why that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeTraffic {
    /// The scope.
    pub scope: Scope,
    /// Each interface that was asked for.
    pub carried: Result<BTreeMap<RouterInterfaceId, Carried>, CloudError>,
}

/// Asks what these interfaces carry at `now`, scope by scope, in their order.
pub async fn traffic(
    cloud: &impl TrafficRead,
    now: Timestamp,
    wanted: &BTreeMap<Scope, BTreeSet<RouterInterfaceId>>,
) -> Vec<ScopeTraffic> {
    let reads = wanted.iter().map(async |(scope, ids)| {
        let carried = of_scope(cloud, now, scope, ids).await;
        ScopeTraffic { scope: scope.clone(), carried }
    });
    futures_util::future::join_all(reads).await
}

async fn of_scope(
    cloud: &impl TrafficRead,
    now: Timestamp,
    scope: &Scope,
    ids: &BTreeSet<RouterInterfaceId>,
) -> Result<BTreeMap<RouterInterfaceId, Carried>, CloudError> {
    let listed: Vec<RouterInterfaceId> = ids.iter().cloned().collect();
    let known = carried(cloud, scope, &listed).await?;
    let fresh = |id: RouterInterfaceId| {
        let carried = known.get(&id).copied().unwrap_or_default().fresh(now);
        (id, carried)
    };
    Ok(listed.into_iter().map(fresh).collect())
}

#[cfg(test)]
mod tests;
