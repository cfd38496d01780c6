//! What is live, arranged for a first spec: addresses made from names, the two sides of each link, likely groups.
//!
//! Plain functions on what a listing said; nothing here reads the cloud or writes the spec's text (`render::starter`
//! does). What is uncertain is marked so: a guess must never become a guard, nor the lack of one.

pub mod terraform;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::resource::{
    Address, BusinessStatus, DesiredStatus, GroupName, Observed, Region, Route, RouterInterfaceId, Status, Target,
    composed, is_letter_or_mark,
};
use crate::spec::keys::Grammar;

/// How long an address made from a name may be; the spec takes a little more, which a suffix may need.
const LONGEST: usize = 80;

/// What is live and how it belongs together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// When the last page arrived.
    pub read_at: Timestamp,
    /// Whose interfaces.
    pub target: Target,
    /// The regions that were read.
    pub regions: Vec<Region>,
    /// The interfaces by the addresses they are given.
    pub entries: BTreeMap<Address, Entry>,
    /// The groups by the names they are given, the certain and the likely.
    pub groups: BTreeMap<GroupName, LikelyGroup>,
    /// What is worth a word at the top, untrusted text.
    pub notes: Vec<String>,
}

/// One live interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What was read.
    pub observed: Observed,
    /// The other side of its link, where that was read as well.
    pub peer: Option<Address>,
    /// Its group.
    pub group: Option<GroupName>,
    /// What is worth a word, untrusted text.
    pub notes: Vec<String>,
}

impl Entry {
    /// Returns the status that a spec can declare, or why it can declare none.
    pub fn status(&self) -> Result<DesiredStatus, String> {
        if !self.observed.id.as_str().chars().all(|character| Grammar::Id.admits(character)) {
            return Err("its id is none that a spec can hold".to_owned());
        }
        match &self.observed.status {
            Status::Active => Ok(DesiredStatus::Active),
            Status::Inactive => Ok(DesiredStatus::Inactive),
            Status::Idle => Err("it is Idle: never connected".to_owned()),
            Status::Connecting | Status::AcceptingConnecting => {
                Err(format!("it is {}: not connected yet", self.observed.status))
            }
            moving if moving.is_transitional() => {
                Err(format!("it is {moving}: write down where it ends, or run init again"))
            }
            other => Err(format!("it is {other}")),
        }
    }
}

/// Interfaces that may stand in for each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LikelyGroup {
    /// They lead to one opposite router, and all of them are up.
    pub is_certain: bool,
    /// Why they belong together, untrusted text.
    pub why: String,
    /// How many links there are.
    pub links: usize,
    /// How many of them are up.
    pub up: usize,
}

impl LikelyGroup {
    /// Returns the floor that it can be given: one less than are up, at least one.
    pub fn floor(&self) -> usize {
        self.up.saturating_sub(1).max(1)
    }
}

/// Arranges what was read; `names` are better names than the cloud's, where somebody gave one, and `routes` what leads over it, as
/// far as that was read.
pub fn survey(
    read_at: Timestamp,
    target: Target,
    regions: Vec<Region>,
    observed: Vec<Observed>,
    (names, routes): (&BTreeMap<RouterInterfaceId, String>, &[Route]),
) -> Survey {
    let addresses = addresses(&observed, names);
    let mut entries: BTreeMap<Address, Entry> = observed
        .into_iter()
        .filter_map(|observed| {
            let address = addresses.get(&observed.id)?.clone();
            let peer = observed.opposite.interface_id.as_ref().and_then(|id| addresses.get(id)).cloned();
            let notes = notes(&observed);
            Some((address, Entry { observed, peer, group: None, notes }))
        })
        .collect();
    let groups = groups(&mut entries, routes, &addresses);
    Survey { read_at, target, regions, entries, groups, notes: Vec::new() }
}

/// Says what stands in the way of a later change.
fn notes(observed: &Observed) -> Vec<String> {
    let mut notes = Vec::new();
    if observed.business_status != BusinessStatus::Normal {
        notes.push(format!(
            "its BusinessStatus is {}: it cannot be changed until that is settled",
            observed.business_status
        ));
    }
    if observed.opposite.status == Some(Status::Deleted) {
        notes.push("its opposite side is deleted: once Inactive it can never be activated again".to_owned());
    }
    notes
}

/// Gives every interface an address: its name where that makes one, and makes it one of a kind.
fn addresses(
    observed: &[Observed],
    names: &BTreeMap<RouterInterfaceId, String>,
) -> BTreeMap<RouterInterfaceId, Address> {
    let wished = |interface: &Observed| {
        let name = names.get(&interface.id).map(String::as_str).or(interface.name.as_deref()).unwrap_or_default();
        let slug = slug(name);
        if slug.is_empty() { self::slug(interface.id.as_str()) } else { slug }
    };
    let mut wishes: BTreeMap<String, usize> = BTreeMap::new();
    observed.iter().for_each(|interface| *wishes.entry(wished(interface)).or_default() += 1);
    let mut taken = BTreeSet::new();
    let mut addresses = BTreeMap::new();
    for interface in observed {
        let wish = wished(interface);
        let mut address = if wishes[&wish] == 1 { wish } else { format!("{wish}-{}", slug(interface.id.as_str())) };
        while !taken.insert(address.clone()) {
            address.push_str("-2");
        }
        addresses.insert(interface.id.clone(), Address::from(address));
    }
    addresses
}

/// Keeps of a text what an address can hold; a run of anything else becomes one dash.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for character in composed(text).chars() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' => slug.push(character),
            // A mark that stands on the letter before it.
            '\u{300}'..='\u{36f}' => {}
            _ if plain(character).is_some() => slug.extend(plain(character)),
            _ if is_letter_or_mark(character) => slug.push(character),
            _ if !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    let slug = slug.trim_matches(['-', '.', '_']);
    let end = slug.char_indices().nth(LONGEST).map_or(slug.len(), |(end, _)| end);
    slug[..end].trim_end_matches(['-', '.', '_']).to_owned()
}

/// What an ASCII keyboard writes for the letters from U+00C0 to U+017F: Latin letters without their marks.
const PLAIN: &[u8; 192] =
    b"AAAAAAACEEEEIIIIDNOOOOO-OUUUUYTsaaaaaaaceeeeiiiidnooooo-ouuuuytyAaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGg\
    GgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";

/// Returns what an ASCII keyboard writes for a Latin letter with a mark.
fn plain(letter: char) -> Option<char> {
    let at = u32::from(letter).checked_sub(0xC0)?;
    let plain = char::from(*PLAIN.get(usize::try_from(at).ok()?)?);
    Some(plain).filter(char::is_ascii_alphabetic)
}

/// Recognises links that may stand in for each other and enters each interface into at most one group.
fn groups(
    entries: &mut BTreeMap<Address, Entry>,
    routes: &[Route],
    addresses: &BTreeMap<RouterInterfaceId, Address>,
) -> BTreeMap<GroupName, LikelyGroup> {
    let mut by_routers: BTreeMap<(String, String), Vec<Address>> = BTreeMap::new();
    let mut by_opposite: BTreeMap<String, Vec<Address>> = BTreeMap::new();
    for (address, entry) in entries.iter() {
        let Observed { router_id: Some(near), opposite, .. } = &entry.observed else { continue };
        let Some(far) = &opposite.router_id else { continue };
        let (one, other) = if near <= far { (near, far) } else { (far, near) };
        by_routers.entry((one.to_string(), other.to_string())).or_default().push(address.clone());
        by_opposite.entry(far.to_string()).or_default().push(address.clone());
    }
    let mut groups = BTreeMap::new();
    for Sharing { members, prefixes, router, has_one_far } in sharing(entries, routes, addresses) {
        let why = |links| {
            let rest = if prefixes.len() == 1 { "1 prefix".to_owned() } else { format!("{} prefixes", prefixes.len()) };
            format!("{links} links are next hops of the same {rest}")
        };
        let first = prefixes.first().map(|prefix| prefix.to_string()).unwrap_or_default();
        enter(entries, &mut groups, &format!("{router}-{first}"), &members, has_one_far, why);
    }
    for ((one, other), members) in by_routers {
        let why = |links| format!("{links} links join {one} and {other}");
        enter(entries, &mut groups, &format!("{one}-{other}"), &members, true, why);
    }
    for (far, members) in by_opposite {
        let why = |links| format!("{links} links lead to {far}");
        enter(entries, &mut groups, &format!("to-{far}"), &members, true, why);
    }
    groups
}

/// Interfaces that are next hops of the same entries, and their other ends.
struct Sharing {
    members: Vec<Address>,
    prefixes: BTreeSet<Box<str>>,
    router: String,
    /// All lead to one opposite router.
    has_one_far: bool,
}

/// Puts together what is next hop of the very same entries, the most entries first.
fn sharing(
    entries: &BTreeMap<Address, Entry>,
    routes: &[Route],
    addresses: &BTreeMap<RouterInterfaceId, Address>,
) -> Vec<Sharing> {
    let mut alike: BTreeMap<BTreeSet<&Address>, BTreeSet<Box<str>>> = BTreeMap::new();
    for route in routes {
        let hops: BTreeSet<&Address> = route.next_hops.iter().filter_map(|hop| addresses.get(&hop.id)).collect();
        if hops.len() > 1 {
            alike.entry(hops).or_default().insert(route.prefix.clone());
        }
    }
    let sharing = |(hops, prefixes): (BTreeSet<&Address>, BTreeSet<Box<str>>)| {
        let observed = || hops.iter().map(|member| &entries[*member].observed);
        let far: BTreeSet<_> = observed().map(|observed| &observed.opposite.router_id).collect();
        let router = observed().next().and_then(|first| first.router_id.as_deref()).unwrap_or_default().to_owned();
        let ends: Vec<&Address> = hops.iter().filter_map(|member| entries[*member].peer.as_ref()).collect();
        let has_one_far = far.len() == 1 && !far.contains(&None);
        let members: BTreeSet<&Address> = hops.into_iter().chain(ends).collect();
        Sharing { members: members.into_iter().cloned().collect(), prefixes, router, has_one_far }
    };
    let mut shared: Vec<Sharing> = alike.into_iter().map(sharing).collect();
    shared.sort_by_key(|sharing| std::cmp::Reverse(sharing.prefixes.len()));
    shared
}

/// Makes a group of the members that have none yet, if they are more than one link.
fn enter(
    entries: &mut BTreeMap<Address, Entry>,
    groups: &mut BTreeMap<GroupName, LikelyGroup>,
    name: &str,
    members: &[Address],
    has_one_far: bool,
    why: impl Fn(usize) -> String,
) {
    let is_free =
        |address: &&Address| entries.get(*address).is_some_and(|entry| entry.group.is_none() && entry.status().is_ok());
    let members: Vec<Address> = members.iter().filter(is_free).cloned().collect();
    let links: BTreeSet<(&Address, &Address)> = members
        .iter()
        .map(|address| {
            let peer = entries[address].peer.as_ref().unwrap_or(address);
            if address <= peer { (address, peer) } else { (peer, address) }
        })
        .collect();
    let name = GroupName::from(slug(name));
    if links.len() < 2 || name.as_str().is_empty() || groups.contains_key(&name) {
        return;
    }
    let is_up = |end: &Address| entries[end].observed.counts_as_up();
    let up = links.iter().filter(|(one, other)| is_up(one) && is_up(other)).count();
    let is_certain = has_one_far && up == links.len();
    let group = LikelyGroup { is_certain, why: why(links.len()), links: links.len(), up };
    for address in &members {
        if let Some(entry) = entries.get_mut(address) {
            entry.group = Some(name.clone());
        }
    }
    groups.insert(name, group);
}

#[cfg(test)]
mod tests;
