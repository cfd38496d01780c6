//! The route tables of a world, built from its file: which table is of which router, and what stands in it.
//!
//! A router that no route of the file names has one table all the same, and it is empty; one that has tables there has
//! those, the first of them its system table.

use std::collections::{BTreeMap, BTreeSet};

use super::interface::Interface;
use super::seed::{NextHopKind, NextHopSeed, Prefix, RouteSeed};
use crate::resource::{AccountId, Region, RouterInterfaceId};

/// Where a router is.
pub(super) type Place = (AccountId, Region);

/// The tables that the file describes.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    tables: BTreeMap<Box<str>, Table>,
    /// The tables of each router of which there are some, in the file's order.
    of_routers: BTreeMap<Box<str>, Vec<Box<str>>>,
}

#[derive(Clone, Debug)]
struct Table {
    place: Place,
    entries: Vec<Entry>,
}

/// One entry of a table.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) prefix: Prefix,
    pub(super) next_hops: Vec<NextHopSeed>,
}

impl Tables {
    /// Builds the tables; what contradicts itself or the interfaces is added to `problems`.
    pub(super) fn new(seeds: Vec<RouteSeed>, interfaces: &[Interface], problems: &mut Vec<String>) -> Self {
        let mut built = Self::default();
        if seeds.is_empty() {
            return built;
        }
        let routers = Routers::of(interfaces);
        let mut stands_in: BTreeMap<Box<str>, String> = BTreeMap::new();
        let mut prefixes = BTreeSet::new();
        for seed in seeds {
            let RouteSeed { table, router, prefix, next_hops } = seed;
            let what = format!("the route to {} in table {table}", prefix.as_str());
            let Some(place) = routers.place(&router, &what, problems) else { continue };
            let other = stands_in.entry(table.as_str().into()).or_insert_with(|| router.clone());
            if *other != router {
                problems.push(format!("table {table} is of router {other} and of router {router}"));
            }
            if !prefixes.insert((table.clone(), prefix.clone())) {
                problems.push(format!("{what} is described twice"));
            }
            routers.check(&next_hops, &router, &what, problems);
            let entry = Entry { prefix, next_hops };
            let key: Box<str> = table.into();
            match built.tables.get_mut(&key) {
                Some(table) => table.entries.push(entry),
                None => {
                    built.of_routers.entry(router.into()).or_default().push(key.clone());
                    built.tables.insert(key, Table { place, entries: vec![entry] });
                }
            }
        }
        built
    }

    /// Lists the tables of a router, the system table first.
    pub(super) fn of_router(&self, router: &str) -> Vec<Box<str>> {
        self.of_routers.get(router).cloned().unwrap_or_else(|| vec![unsaid(router).into()])
    }

    /// Returns what stands in a table that the file describes, if it is at this place.
    pub(super) fn entries(&self, table: &str, place: &Place) -> Option<&[Entry]> {
        self.tables.get(table).filter(|found| found.place == *place).map(|found| found.entries.as_slice())
    }

    /// Returns whether a table is the empty one of a router of which the file describes none.
    pub(super) fn is_unsaid(&self, table: &str, router: &str) -> bool {
        !self.of_routers.contains_key(router) && table == unsaid(router)
    }

    /// Returns whether anything of this id is a next hop somewhere.
    pub(super) fn is_next_hop(&self, id: &str) -> bool {
        self.tables.values().flat_map(|table| &table.entries).flat_map(|entry| &entry.next_hops).any(|hop| hop.id == id)
    }

    /// Takes an interface out of all routes; one that leads nowhere any more goes.
    pub(super) fn remove(&mut self, id: &RouterInterfaceId) {
        for table in self.tables.values_mut() {
            table.entries.iter_mut().for_each(|entry| entry.next_hops.retain(|hop| hop.id != id.as_str()));
            table.entries.retain(|entry| !entry.next_hops.is_empty());
        }
    }

    /// Returns whether an interface is a next hop in a table.
    pub(super) fn leads_over(&self, table: &str, id: &RouterInterfaceId) -> bool {
        let entries = self.tables.get(table).map(|table| table.entries.as_slice()).unwrap_or_default();
        entries.iter().flat_map(|entry| &entry.next_hops).any(|hop| hop.id == id.as_str())
    }
}

/// Returns the VPC of a router.
pub(super) fn vpc_of(router: &str) -> String {
    format!("vpc-{}", stem(router))
}

/// Returns the name of the empty table of a router.
fn unsaid(router: &str) -> String {
    // The whole id: a border's router and a VPC's may be called alike but for their beginning.
    format!("vtb-{router}")
}

/// Returns what ids of one router have in common.
pub(super) fn stem(router: &str) -> &str {
    router.split_once('-').map_or(router, |(_, stem)| stem)
}

/// The routers that interfaces name, and which router each interface is of.
struct Routers<'i> {
    places: BTreeMap<&'i str, BTreeSet<Place>>,
    of_interfaces: BTreeMap<&'i str, &'i str>,
}

impl<'i> Routers<'i> {
    fn of(interfaces: &'i [Interface]) -> Self {
        let mut routers = Self { places: BTreeMap::new(), of_interfaces: BTreeMap::new() };
        for interface in interfaces {
            let Some(router) = interface.facts.router_id.as_deref() else { continue };
            let place = (interface.owner.clone(), interface.facts.region.clone());
            routers.places.entry(router).or_default().insert(place);
            routers.of_interfaces.insert(interface.facts.id.as_str(), router);
        }
        routers
    }

    /// Returns the one place of a router, or says why there is none.
    fn place(&self, router: &str, what: &str, problems: &mut Vec<String>) -> Option<Place> {
        let Some(places) = self.places.get(router) else {
            problems.push(format!("{what} names router {router}, of which the world has no interface"));
            return None;
        };
        if places.len() > 1 {
            problems.push(format!("{what} names router {router}, whose interfaces are in several accounts or regions"));
        }
        places.first().cloned()
    }

    fn check(&self, next_hops: &[NextHopSeed], router: &str, what: &str, problems: &mut Vec<String>) {
        if next_hops.is_empty() {
            problems.push(format!("{what} has no next hop"));
        }
        let mut seen = BTreeSet::new();
        for hop in next_hops {
            if !seen.insert(hop.id.as_str()) {
                problems.push(format!("{what} names next hop {} twice", hop.id));
            }
            if hop.kind != NextHopKind::RouterInterface {
                if hop.weight.is_some() || hop.enabled.is_some() {
                    problems.push(format!("{what}: weight and enabled are of router interfaces, not of {}", hop.id));
                }
                continue;
            }
            match self.of_interfaces.get(hop.id.as_str()) {
                Some(other) if *other == router => {}
                Some(other) => problems.push(format!(
                    "{what} is of router {router}, and its next hop {} is an interface of router {other}",
                    hop.id
                )),
                None => problems.push(format!("{what} names next hop {}, which the world does not have", hop.id)),
            }
        }
    }
}
