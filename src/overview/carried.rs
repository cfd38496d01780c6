//! What groups say is redundant, held against what route tables say: who carries none, or not all, of what the others of its
//! group carry, and who carries all of it without being a member.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{RouterRead, RoutesAnswer};
use crate::resource::{Address, GroupName, LiveState, Observed, Router, RouterInterfaceId, Scope};
use crate::spec::Spec;

/// One point at which a group and the routes disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The group.
    pub group: GroupName,
    /// The interface.
    pub address: Address,
    /// It is a member.
    pub is_member: bool,
    /// How many of the prefixes it carries.
    pub carries: usize,
    /// How many prefixes the members carry, on its side of their links.
    pub of: usize,
}

/// Lists the routers of everything that is in a group.
pub fn grouped_routers(spec: &Spec, live: &LiveState) -> BTreeSet<Router> {
    let grouped = spec.interfaces.iter().filter(|(_, declared)| declared.group.is_some());
    let routers = grouped.filter_map(|(address, declared)| router_of(&declared.scope, found(live, address)?));
    routers.collect()
}

/// Returns the router of an interface, as far as the API tells.
pub fn router_of(scope: &Scope, observed: &Observed) -> Option<Router> {
    let id = observed.router_id.clone().filter(|id| !id.is_empty())?;
    Some(Router { scope: scope.clone(), id, kind: observed.router_type.clone() })
}

/// Finds where groups and routes disagree, by group and address. The two sides of links are looked at apart: what leads there
/// from a VPC is another prefix than what leads back.
pub fn disagreements(spec: &Spec, live: &LiveState, read: &[RouterRead]) -> Vec<Disagreement> {
    let carried = carried(read);
    let kind = |observed: &Observed| observed.router_type.as_deref().unwrap_or("VRouter").to_ascii_lowercase();
    let seen = spec.interfaces.iter().filter_map(|(address, declared)| {
        let observed = found(live, address)?;
        let carries = carried.get(&(&declared.scope, &declared.id.value)).cloned().unwrap_or_default();
        Some((address, declared, kind(observed), router_of(&declared.scope, observed), carries))
    });
    let seen: Vec<_> = seen.collect();
    let mut of_groups: BTreeMap<(&GroupName, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut routers: BTreeSet<(&GroupName, &Router)> = BTreeSet::new();
    for (_, declared, kind, router, carries) in &seen {
        if let Some(group) = &declared.group {
            of_groups.entry((&group.value, kind.as_str())).or_default().extend(carries);
            routers.extend(router.as_ref().map(|router| (&group.value, router)));
        }
    }
    let mut found = Vec::new();
    for (address, declared, kind, router, carries) in &seen {
        let own = declared.group.as_ref().map(|group| &group.value);
        for ((group, of_kind), prefixes) in &of_groups {
            let count = carries.intersection(prefixes).count();
            let is_member = own == Some(*group);
            // An equal prefix of a router that no member hangs on is another route.
            let could_join = || router.as_ref().is_some_and(|router| routers.contains(&(*group, router)));
            let is_odd = match is_member {
                true => count < prefixes.len(),
                false => count > 0 && count == prefixes.len() && could_join(),
            };
            if *of_kind == kind.as_str() && is_odd {
                let (group, address) = ((*group).clone(), (*address).clone());
                found.push(Disagreement { group, address, is_member, carries: count, of: prefixes.len() });
            }
        }
    }
    found.sort_by(|one, other| (&one.group, &one.address).cmp(&(&other.group, &other.address)));
    found
}

fn found<'l>(live: &'l LiveState, address: &Address) -> Option<&'l Observed> {
    live.readings.get(address)?.found()
}

/// Returns which prefixes lead over each interface.
fn carried(read: &[RouterRead]) -> BTreeMap<(&Scope, &RouterInterfaceId), BTreeSet<&str>> {
    let mut carried: BTreeMap<(&Scope, &RouterInterfaceId), BTreeSet<&str>> = BTreeMap::new();
    for read in read {
        let RoutesAnswer::Entries(routes) = &read.answer else { continue };
        for route in routes {
            for hop in &route.next_hops {
                carried.entry((&read.router.scope, &hop.id)).or_default().insert(&route.prefix);
            }
        }
    }
    carried
}
