//! What interfaces carry, asked for because a plan, or somebody who looks, wants it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::cloud::traffic::TrafficRead;
use crate::plan::{Traffic, TrafficEnd, TrafficHeard, TrafficUnread};
use crate::refresh::traffic::{self as refresh, ScopeTraffic};
use crate::resource::{Address, RouterInterfaceId, Scope};
use crate::spec::{Interface, Spec};

/// Lists the declared interfaces that somebody has chosen.
pub fn ends(spec: &Spec, is_chosen: impl Fn(&Address) -> bool) -> Vec<TrafficEnd> {
    let chosen = spec.interfaces.iter().filter(|(address, _)| is_chosen(address));
    let end = |(address, declared): (&Address, &Interface)| TrafficEnd {
        address: address.clone(),
        scope: declared.scope.clone(),
        interface_id: declared.id.value.clone(),
    };
    chosen.map(end).collect()
}

/// Asks for what each of `ends` carries at `now` and gives each an answer, be it that there is none; by address.
pub async fn traffic(cloud: &impl TrafficRead, ends: &[TrafficEnd], now: Timestamp) -> Vec<TrafficHeard> {
    let mut wanted: BTreeMap<Scope, BTreeSet<RouterInterfaceId>> = BTreeMap::new();
    for end in ends {
        wanted.entry(end.scope.clone()).or_default().insert(end.interface_id.clone());
    }
    let read: BTreeMap<Scope, ScopeTraffic> =
        refresh::traffic(cloud, now, &wanted).await.into_iter().map(|read| (read.scope.clone(), read)).collect();
    let mut heard: Vec<TrafficHeard> = ends.iter().map(|end| of(end, read.get(&end.scope))).collect();
    heard.sort_by(|one, other| one.traffic.address.cmp(&other.traffic.address));
    heard
}

fn of(end: &TrafficEnd, read: Option<&ScopeTraffic>) -> TrafficHeard {
    let carried = read.map(|read| &read.carried);
    let (in_bps, out_bps) = match carried {
        Some(Ok(carried)) => carried.get(&end.interface_id).copied().unwrap_or_default().rates(),
        _ => (None, None),
    };
    let unread = carried.and_then(|carried| carried.as_ref().err()).map(TrafficUnread::from);
    TrafficHeard { traffic: Traffic { address: end.address.clone(), in_bps, out_bps }, unread }
}
