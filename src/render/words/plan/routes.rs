//! Which prefixes ride on what goes down, and what remains of them, in words.

use std::collections::{BTreeMap, BTreeSet};

use crate::language::say;
use crate::plan::{HopLeft, LostPrefix, RouteLeft, RouteLoss, RoutesUnread};
use crate::resource::{Address, RouterInterfaceId};

/// Says that prefixes have no other next hop: `10.8.0.0/16 and 11 more have no other next hop`.
fn no_other(lost: &[LostPrefix], twice: &Twice<'_>) -> String {
    no_next_hop(lost.len(), &named(lost, twice))
}

fn no_next_hop(prefixes: usize, named: &str) -> String {
    match prefixes {
        1 => say!("{named} has no other next hop", named),
        _ => say!("{named} have no other next hop", named),
    }
}

/// The prefixes that stand in two tables: each is told with its own.
type Twice<'p> = BTreeSet<&'p str>;

fn twice<'p>(all: impl Iterator<Item = (&'p str, &'p str)>) -> Twice<'p> {
    let mut tables: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (prefix, table) in all {
        tables.entry(prefix).or_default().insert(table);
    }
    tables.into_iter().filter(|(_, tables)| tables.len() > 1).map(|(prefix, _)| prefix).collect()
}

fn twice_among(lost: &[LostPrefix]) -> Twice<'_> {
    let elsewhere = lost.iter().filter(|lost| lost.also_elsewhere).map(|lost| &*lost.prefix);
    elsewhere.chain(twice(lost.iter().map(|lost| (&*lost.prefix, &*lost.table)))).collect()
}

/// Names the first of some prefixes, and those that stand in two tables with theirs, and counts the others.
fn named(lost: &[LostPrefix], twice: &Twice<'_>) -> String {
    let Some(first) = lost.first() else { return say!("no prefix").to_owned() };
    let name = |lost: &LostPrefix| match twice.contains(&*lost.prefix) {
        true => say!("{prefix} in {table}", prefix = lost.prefix, table = lost.table),
        false => lost.prefix.to_string(),
    };
    let others = lost[1..].iter().filter(|lost| twice.contains(&*lost.prefix));
    let shown: Vec<String> = std::iter::once(first).chain(others).take(MOST_NAMED).map(name).collect();
    let more = lost.len() - shown.len();
    let shown = shown.join(", ");
    if more == 0 { shown } else { say!("{shown} and {more} more", shown, more) }
}

/// Names prefixes as [`Alike::named`] does.
pub(crate) fn named_prefixes(prefixes: &[LostPrefix]) -> String {
    named(prefixes, &twice_among(prefixes))
}

/// How many prefixes one line names.
const MOST_NAMED: usize = 4;

/// Warns of what leaves prefixes without a next hop.
pub(super) fn last(address: &Address, lost: &[LostPrefix], unread: &[RouterInterfaceId]) -> (String, Option<String>) {
    let detail = (!unread.is_empty()).then(|| nobody_knows(unread));
    (say!("{address}: {lost}", address, lost = no_other(lost, &twice_among(lost))), detail)
}

fn nobody_knows(unread: &[RouterInterfaceId]) -> String {
    say!("nobody knows whether {unread} would do: it could not be read", unread = joined(unread))
}

fn joined<T: ToString>(names: &[T]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Warns of prefixes that only what comes up leads to, and that is not Enabled before.
pub(super) fn unproven(address: &Address, prefixes: &[LostPrefix]) -> (String, Option<String>) {
    let named = named(prefixes, &twice_among(prefixes));
    let summary = match prefixes.len() {
        1 => say!("{address}: {named} has no other next hop that is Enabled now", address, named),
        _ => say!("{address}: {named} have no other next hop that is Enabled now", address, named),
    };
    let detail = say!("what the plan brings up is not Enabled there while it is down; look once it is up");
    (summary, Some(detail.to_owned()))
}

/// Says why an interface may not go down for its routes.
pub(super) fn blocked(loss: &RouteLoss, title: &str, address: &Address) -> String {
    say!(
        "{title} stays up: {loss}; if that is meant: --allow-last-route {address}",
        title,
        loss = route_loss(loss),
        address
    )
}

/// Says which prefixes would have no next hop, and what does not let that be.
pub(crate) fn route_loss(loss: &RouteLoss) -> String {
    let RouteLoss { prefixes, unread_hops, unread, at } = loss;
    let why = match unread {
        Some(why) => say!("its routes could not be read: {why}", why = routes_unread(why)),
        None => no_other(prefixes, &twice_among(prefixes)),
    };
    let unknown =
        if unread_hops.is_empty() { String::new() } else { say!(" ({unknown})", unknown = nobody_knows(unread_hops)) };
    let at = at.as_ref().map(|at| say!(" at {at}", at)).unwrap_or_default();
    say!("{why}{unknown}, and limits.last_route is block{at}", why, unknown, at)
}

/// Says that a first spec is made without routes.
pub fn no_routes(why: &str) -> String {
    say!("the route tables could not be read, so groups are guessed from the routers at the other end: {why}", why)
}

/// Says of how many routers the route tables could not be read.
pub fn routers_unread(routers: usize) -> String {
    say!(
        "the route tables of {routers} could not be read",
        routers = super::super::super::counted(routers, say!("router"))
    )
}

/// Says why the route tables of a router could not be read.
pub fn routes_unread(why: &RoutesUnread) -> &str {
    match why {
        RoutesUnread::Denied { detail } | RoutesUnread::Failed { detail } => detail.told(),
        RoutesUnread::NoRouter => say!("the API does not say which router it belongs to"),
        RoutesUnread::NoAccount { .. } => say!("its router is of an account that cloud.accounts does not have"),
    }
}

/// Names a next hop that remains: as the spec calls it, else by its id; one of weight 0 is a standby.
fn hop(hop: &HopLeft) -> String {
    let name = hop.address.as_ref().map_or_else(|| hop.id.to_string(), Address::to_string);
    match (hop.is_standby(), hop.weight) {
        (true, _) => say!("{name} (standby)", name),
        (false, Some(weight)) => say!("{name} (weight {weight})", name, weight),
        (false, None) => name,
    }
}

/// Prefixes over one interface of which the same remains.
pub(crate) struct Alike {
    /// The prefixes.
    pub(crate) prefixes: Vec<LostPrefix>,
    /// What remains of them, in words; empty where nothing does.
    pub(crate) remains: Vec<String>,
    named: String,
}

impl Alike {
    /// Names the first of its prefixes and counts the others.
    pub(crate) fn named(&self) -> &str {
        &self.named
    }

    /// Says what remains of them.
    pub(crate) fn said(&self) -> String {
        if self.remains.is_empty() {
            return no_next_hop(self.prefixes.len(), &self.named);
        }
        let (named, hops) = (&self.named, joined(&self.remains));
        match self.prefixes.len() {
            1 => say!("{named} keeps {hops}", named, hops),
            _ => say!("{named} keep {hops}", named, hops),
        }
    }
}

/// Puts together the prefixes over one interface of which the same remains, those of which nothing does first.
pub(crate) fn alike<'r>(routes: impl IntoIterator<Item = &'r RouteLeft>) -> Vec<Alike> {
    let routes: Vec<&RouteLeft> = routes.into_iter().collect();
    let twice = twice(routes.iter().map(|route| (&*route.prefix, &*route.table)));
    let mut alike: BTreeMap<Vec<String>, Vec<LostPrefix>> = BTreeMap::new();
    for route in routes {
        let hops = route.remains.iter().map(hop).collect();
        let (prefix, table) = (route.prefix.clone(), route.table.clone());
        let prefix = LostPrefix { prefix, table, also_elsewhere: false };
        alike.entry(hops).or_default().push(prefix);
    }
    let one = |(remains, mut prefixes): (Vec<String>, Vec<LostPrefix>)| {
        prefixes.sort();
        Alike { named: named(&prefixes, &twice), prefixes, remains }
    };
    alike.into_iter().map(one).collect()
}
