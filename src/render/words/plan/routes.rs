//! Which prefixes ride on what goes down, and what remains of them, in words.

use std::collections::BTreeMap;

use crate::plan::{HopLeft, LostPrefix, RouteLeft, RouteLoss, RoutesUnread};
use crate::resource::{Address, RouterInterfaceId};

/// Says that prefixes have no other next hop: `10.8.0.0/16 and 11 more have no other next hop`.
fn no_other(lost: &[LostPrefix]) -> String {
    let has = if lost.len() == 1 { "has" } else { "have" };
    format!("{} {has} no other next hop", named(lost))
}

/// Names the first of some prefixes and counts the others; with its table where it stands in two.
fn named(lost: &[LostPrefix]) -> String {
    let Some(first) = lost.first() else { return "no prefix".to_owned() };
    let is_in_two = lost.iter().any(|other| other.prefix == first.prefix && other.table != first.table);
    let table = if is_in_two { format!(" in {}", first.table) } else { String::new() };
    match lost.len() - 1 {
        0 => format!("{}{table}", first.prefix),
        more => format!("{}{table} and {more} more", first.prefix),
    }
}

/// Warns of what leaves prefixes without a next hop.
pub(super) fn last(address: &Address, lost: &[LostPrefix], unread: &[RouterInterfaceId]) -> (String, Option<String>) {
    let detail = (!unread.is_empty()).then(|| nobody_knows(unread));
    (format!("{address}: {}", no_other(lost)), detail)
}

fn nobody_knows(unread: &[RouterInterfaceId]) -> String {
    format!("nobody knows whether {} would do: it could not be read", joined(unread))
}

fn joined<T: ToString>(names: &[T]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Warns of prefixes that only what comes up leads to, and that is not Enabled before.
pub(super) fn unproven(address: &Address, prefixes: &[LostPrefix]) -> (String, Option<String>) {
    let has = if prefixes.len() == 1 { "has" } else { "have" };
    let summary = format!("{address}: {} {has} no other next hop that is Enabled now", named(prefixes));
    let detail = "what the plan brings up is not Enabled there while it is down; look once it is up";
    (summary, Some(detail.to_owned()))
}

/// Says why an interface may not go down for its routes.
pub(super) fn blocked(loss: &RouteLoss, title: &str, address: &Address) -> String {
    format!("{title} stays up: {}; if that is meant: --allow-last-route {address}", route_loss(loss))
}

/// Says which prefixes would have no next hop, and what does not let that be.
pub(crate) fn route_loss(loss: &RouteLoss) -> String {
    let RouteLoss { prefixes, unread_hops, unread, at } = loss;
    let why = match unread {
        Some(why) => format!("its routes could not be read: {}", routes_unread(why)),
        None => no_other(prefixes),
    };
    let unknown = if unread_hops.is_empty() { String::new() } else { format!(" ({})", nobody_knows(unread_hops)) };
    let at = at.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
    format!("{why}{unknown}, and limits.last_route is block{at}")
}

/// Says that a first spec is made without routes.
pub fn no_routes(why: &str) -> String {
    format!("the route tables could not be read, so groups are guessed from the routers at the other end: {why}")
}

/// Says of how many routers the route tables could not be read.
pub fn routers_unread(routers: usize) -> String {
    format!("the route tables of {} could not be read", super::super::super::counted(routers, "router"))
}

/// Says why the route tables of a router could not be read.
pub fn routes_unread(why: &RoutesUnread) -> &str {
    match why {
        RoutesUnread::Denied { detail } | RoutesUnread::Failed { detail } => detail,
        RoutesUnread::NoRouter => "the API does not say which router it belongs to",
    }
}

/// Names a next hop that remains: as the spec calls it, else by its id; one of weight 0 is a standby.
fn hop(hop: &HopLeft) -> String {
    let name = hop.address.as_ref().map_or_else(|| hop.id.to_string(), Address::to_string);
    match (hop.is_standby(), hop.weight) {
        (true, _) => format!("{name} (standby)"),
        (false, Some(weight)) => format!("{name} (weight {weight})"),
        (false, None) => name,
    }
}

/// Prefixes over one interface of which the same remains.
pub(crate) struct Alike {
    /// The prefixes.
    pub(crate) prefixes: Vec<LostPrefix>,
    /// What remains of them, in words; empty where nothing does.
    pub(crate) remains: Vec<String>,
}

impl Alike {
    /// Names the first of its prefixes and counts the others.
    pub(crate) fn named(&self) -> String {
        named(&self.prefixes)
    }

    /// Says what remains of them.
    pub(crate) fn said(&self) -> String {
        if self.remains.is_empty() {
            return no_other(&self.prefixes);
        }
        let keep = if self.prefixes.len() == 1 { "keeps" } else { "keep" };
        format!("{} {keep} {}", self.named(), joined(&self.remains))
    }
}

/// Puts together the prefixes over one interface of which the same remains, those of which nothing does first.
pub(crate) fn alike<'r>(routes: impl IntoIterator<Item = &'r RouteLeft>) -> Vec<Alike> {
    let mut alike: BTreeMap<Vec<String>, Vec<LostPrefix>> = BTreeMap::new();
    for route in routes {
        let hops = route.remains.iter().map(hop).collect();
        let prefix = LostPrefix { prefix: route.prefix.clone(), table: route.table.clone() };
        alike.entry(hops).or_default().push(prefix);
    }
    let one = |(remains, mut prefixes): (Vec<String>, Vec<LostPrefix>)| {
        prefixes.sort();
        Alike { prefixes, remains }
    };
    alike.into_iter().map(one).collect()
}
