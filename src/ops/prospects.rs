//! Whether what rides on a link lets it go down, which its groups could spare: the planner judges that, here of one link at a time.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::cloud::CloudRead;
use crate::cloud::routes::RoutesRead;
use crate::cloud::traffic::TrafficRead;
use crate::diagnostic::Place;
use crate::plan::{BlockCode, BlockReason, Plan, PlanOptions};
use crate::resource::{Address, DesiredStatus};
use crate::selector::Selector;
use crate::spec::{HealthPolicy, LastRoutePolicy, Limits, Placed};

use super::live::{self, Heard, Known};

/// Returns why health checks, routes or traffic forbid that each of `addresses` goes down by itself; asks nobody where nothing limits that, nor again
/// for what `plan` has heard.
///
/// # Errors
/// As [`live::plan_from`].
pub async fn riding(
    known: &Known<'_>,
    cloud: &(impl CloudRead + RoutesRead + TrafficRead),
    addresses: impl IntoIterator<Item = &Address>,
    (plan, options): (&Plan, &PlanOptions),
) -> Result<BTreeMap<Address, BlockReason>> {
    let limits = &known.project.spec.limits;
    let mut forbidden = BTreeMap::new();
    let do_routes_bind = limits.last_route() == LastRoutePolicy::Block;
    let does_health_bind = limits.health == HealthPolicy::Block;
    if !do_routes_bind && !does_health_bind && limits.quiet_below.is_none() {
        return Ok(forbidden);
    }
    let mut heard = Heard::of(plan);
    let mut project = known.project.clone();
    // What caps a plan says nothing of one link.
    let Limits { max_changes, max_changes_percent, per_group, per_region, health, last_route, .. } =
        &mut project.spec.limits;
    for cap in [max_changes, max_changes_percent, per_group, per_region] {
        *cap = None;
    }
    if !does_health_bind {
        *health = HealthPolicy::Ignore;
    }
    if !do_routes_bind {
        *last_route = Some(Placed { value: LastRoutePolicy::Ignore, place: Place::default() });
    }
    for address in addresses {
        let Some(entry) = project.spec.interfaces.get_mut(address) else { continue };
        let declared = std::mem::replace(&mut entry.status.value, DesiredStatus::Inactive);
        let supposed = Known { project: &project, state: None, doubts: &[], ..*known };
        let alone = PlanOptions { targets: vec![Selector::of(address)], ..options.clone() };
        let plan = live::plan_hearing(&supposed, cloud, &alone, &mut heard).await?;
        // By the statuses its groups can spare it: where the plan says otherwise, a health check does.
        let rides = |reason: &BlockReason| {
            let code = reason.code();
            matches!(code, BlockCode::Route | BlockCode::Traffic | BlockCode::Floor | BlockCode::Health)
        };
        let refused = plan.blocked.into_iter().find(|blocked| blocked.address == *address && rides(&blocked.reason));
        forbidden.extend(refused.map(|blocked| (blocked.address, blocked.reason)));
        if let Some(entry) = project.spec.interfaces.get_mut(address) {
            entry.status.value = declared;
        }
    }
    Ok(forbidden)
}
