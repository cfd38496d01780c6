//! What no entry can know by itself: references, cycles, ids used twice, floors that cannot be kept.
//!
//! The checks see every entry, whatever was wrong with it, and report in the order of names; nothing is resolved by
//! guessing. A floor counts links, and which members are the two sides of one only the live cloud knows: a floor is called impossible
//! only if it is so however they pair up.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Bound;

use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

use crate::diagnostic::Place;
use crate::diagnostic::nearest::nearest;
use crate::resource::{Address, DesiredStatus, GroupName};
use crate::spec::decode::Draft;
use crate::spec::fields::UNREADABLE;
use crate::spec::finding::{Circle, Code, Finding, Members, WholeFault};
use crate::spec::findings::Findings;
use crate::spec::{CloudSettings, Group, Interface, Placed, are_in_one_place, fewest_links};

/// How many names before and after a wrong one, in alphabetical order, are looked at for a suggestion.
const NEIGHBOURS: usize = 500;

/// The members of each group that are declared Inactive.
type Inactive = BTreeMap<GroupName, Vec<Address>>;
/// Whose each id is.
type Owners<'d> = HashMap<&'d str, (&'d Address, &'d Interface)>;

/// Resolves the references of a draft and reports what cannot be; `start` is where the spec begins.
pub(super) fn check(draft: &mut Draft, start: Place, findings: &mut Findings) {
    let knows_interfaces = !draft.misspelt.may_mean("interfaces");
    if draft.interfaces.is_empty() && knows_interfaces && !draft.has_interfaces {
        report(WholeFault::NoInterfaces, start, findings);
    }
    let mut owners = Owners::with_capacity(draft.interfaces.len());
    let mut inactive = Inactive::new();
    let knows_groups = !draft.misspelt.may_mean("groups");
    let knows_cloud = !draft.misspelt.may_mean("cloud");
    let mut is_grouped = knows_interfaces;
    // One walk for all of these: a large spec does not fit the processor's caches.
    for (address, interface) in &mut draft.interfaces {
        if knows_cloud {
            region(address, interface, &draft.cloud, findings);
        }
        if draft.knows_accounts {
            account(address, interface, &draft.cloud, findings);
        }
        is_grouped &= knows_groups && group(address, interface, &mut draft.groups, &mut inactive, findings);
        owner(address, interface, &mut owners, findings);
    }
    let graph = dependencies(&draft.interfaces, findings);
    cycles(&graph, &draft.interfaces, findings);
    // With a member missing, what is said of a group would be a guess.
    for (name, group) in draft.groups.iter().filter(|_| is_grouped) {
        floors(name, group, (inactive.get(name).map_or(&[], Vec::as_slice), &draft.interfaces), findings);
    }
}

fn region(address: &Address, interface: &mut Interface, cloud: &CloudSettings, findings: &mut Findings) {
    if !interface.scope.region.as_str().is_empty() {
        return;
    }
    match &cloud.region {
        Some(region) => interface.scope.region = region.value.clone(),
        None => report(WholeFault::NoRegion { address: address.clone() }, interface.place, findings),
    }
}

fn account(address: &Address, interface: &Interface, cloud: &CloudSettings, findings: &mut Findings) {
    let account = &interface.scope.account;
    if account.is_default_account() || cloud.accounts.contains_key(account) {
        return;
    }
    findings.report(Code::UnknownAccount, interface.places.account.unwrap_or(interface.place), || {
        let names = cloud.accounts.keys().map(|name| name.as_str()).chain(["default"]);
        let near = nearest(account.as_str(), names).map(str::to_owned);
        Finding::Whole(WholeFault::UnknownAccount { address: address.clone(), account: account.clone(), near })
    });
}

/// Makes the interface a member of its group; returns whether it names none, or one that there is.
fn group(
    address: &Address,
    interface: &Interface,
    groups: &mut BTreeMap<GroupName, Group>,
    inactive: &mut Inactive,
    findings: &mut Findings,
) -> bool {
    let Some(wanted) = &interface.group else { return true };
    if let Some(group) = groups.get_mut(&wanted.value) {
        group.members.insert(address.clone());
        if interface.status.value == DesiredStatus::Inactive {
            inactive.entry(wanted.value.clone()).or_default().push(address.clone());
        }
        return true;
    }
    if wanted.value.as_str() != UNREADABLE {
        findings.report(Code::UnknownGroup, wanted.place, || {
            let near = neighbour(wanted.value.as_str(), groups);
            Finding::Whole(WholeFault::UnknownGroup { address: address.clone(), group: wanted.value.clone(), near })
        });
    }
    false
}

fn owner<'d>(address: &'d Address, interface: &'d Interface, owners: &mut Owners<'d>, findings: &mut Findings) {
    let id = interface.id.value.as_str();
    if id == UNREADABLE {
        return;
    }
    let Some((other, twin)) = owners.insert(id, (address, interface)) else { return };
    let ((first, one), (again, two)) = if twin.id.place < interface.id.place {
        ((other, twin), (address, interface))
    } else {
        ((address, interface), (other, twin))
    };
    findings.report(Code::DuplicateId, two.id.place, || {
        let (id, first, again) = (two.id.value.clone(), (first.clone(), one.id.place), again.clone());
        Finding::Whole(WholeFault::DuplicateId { id, first, again })
    });
}

/// Returns who needs whom; what is needed and not there is reported.
fn dependencies<'d>(interfaces: &'d BTreeMap<Address, Interface>, findings: &mut Findings) -> DiGraph<&'d Address, ()> {
    let mut graph = DiGraph::new();
    if interfaces.values().all(|interface| interface.depends_on.is_empty()) {
        return graph;
    }
    graph.reserve_nodes(interfaces.len());
    let nodes: HashMap<&Address, NodeIndex> =
        interfaces.keys().map(|address| (address, graph.add_node(address))).collect();
    for (index, (address, interface)) in interfaces.iter().enumerate() {
        for Placed { value: needed, place } in &interface.depends_on {
            if needed == address {
                report(WholeFault::DependsOnItself { address: address.clone() }, *place, findings);
            } else if let Some((name, node)) = nodes.get_key_value(needed) {
                graph.add_edge(NodeIndex::new(index), *node, ());
                stranded(address, interface, name, &interfaces[*name], findings);
            } else {
                findings.report(Code::UnknownInterface, *place, || {
                    let (address, needed) = (address.clone(), needed.clone());
                    let near = neighbour(needed.as_str(), interfaces);
                    Finding::Whole(WholeFault::UnknownInterface { address, needed, near })
                });
            }
        }
    }
    graph
}

/// Says when an interface is to be up although what it depends on is to be down.
fn stranded(address: &Address, interface: &Interface, name: &Address, needed: &Interface, findings: &mut Findings) {
    if (interface.status.value, needed.status.value) == (DesiredStatus::Active, DesiredStatus::Inactive) {
        findings.report(Code::Stranded, needed.status.place, || {
            let (address, declared, needed) = (address.clone(), interface.status.place, name.clone());
            Finding::Whole(WholeFault::Stranded { address, declared, needed })
        });
    }
}

fn cycles(graph: &DiGraph<&Address, ()>, interfaces: &BTreeMap<Address, Interface>, findings: &mut Findings) {
    // The common case first: components cost an allocation for each interface.
    if toposort(graph, None).is_ok() {
        return;
    }
    // petgraph's Tarjan recurses, and a chain of dependencies may be as long as the spec.
    let components = kosaraju_scc(graph).into_iter().filter(|component| component.len() > 1);
    for component in components {
        let mut members: Vec<&Address> = component.into_iter().map(|node| graph[node]).collect();
        members.sort();
        cycle(&members, interfaces, findings);
    }
}

/// Reports the members of a component in which each needs each other, along the shortest way round from the first.
fn cycle(members: &[&Address], interfaces: &BTreeMap<Address, Interface>, findings: &mut Findings) {
    let way = way_round(members, interfaces);
    let place = way.get(1).and_then(|second| interfaces[way[0]].needs(second));
    findings.report(Code::Cycle, place.unwrap_or_default(), || {
        let owned = |addresses: &[&Address]| addresses.iter().map(|address| (*address).clone()).collect();
        let said = way.windows(2).map(|pair| interfaces[pair[0]].needs(pair[1])).collect();
        let on_the_way: BTreeSet<&Address> = way.iter().copied().collect();
        let others: Vec<&Address> = members.iter().filter(|member| !on_the_way.contains(*member)).copied().collect();
        Finding::Whole(WholeFault::Cycle(Circle { way: owned(&way), said, others: owned(&others) }))
    });
}

/// Returns the shortest cycle through the first member, which stands at both ends.
fn way_round<'s>(members: &[&'s Address], interfaces: &'s BTreeMap<Address, Interface>) -> Vec<&'s Address> {
    let first = members[0];
    let mut reached_from: BTreeMap<&Address, &Address> = BTreeMap::new();
    let mut queue = VecDeque::from([first]);
    while let Some(address) = queue.pop_front() {
        for needed in interfaces[address].needed().filter(|needed| *needed != address) {
            if needed == first {
                let mut way = vec![first, address];
                while let Some(previous) = way.last().filter(|last| **last != first).map(|last| reached_from[*last]) {
                    way.push(previous);
                }
                way.reverse();
                return way;
            }
            if members.binary_search(&needed).is_ok() && !reached_from.contains_key(needed) {
                reached_from.insert(needed, address);
                queue.push_back(needed);
            }
        }
    }
    members.to_vec()
}

/// Returns whether all members lie in one region of one account.
fn lie_in_one_place(group: &Group, interfaces: &BTreeMap<Address, Interface>) -> bool {
    are_in_one_place(group.members.iter().filter_map(|member| interfaces.get(member)).map(|member| &member.scope))
}

fn floors(
    name: &GroupName,
    group: &Group,
    (inactive, interfaces): (&[Address], &BTreeMap<Address, Interface>),
    findings: &mut Findings,
) {
    let total = group.members.len();
    let nothing_to_keep = group.min_active.as_ref().is_none_or(|floor| floor.value == 0);
    if total == 0 && nothing_to_keep {
        return report(WholeFault::EmptyGroup { group: name.clone() }, group.place, findings);
    }
    let active = total - inactive.len();
    let members = || Members { group: name.clone(), total, inactive: inactive.to_vec() };
    if let Some(Placed { value: floor, place }) = group.min_active
        && floor as usize > active
    {
        findings.report(Code::ImpossibleMinActive, place, || {
            Finding::Whole(WholeFault::ImpossibleMinActive { floor, members: members() })
        });
    }
    if let Some(Placed { value: most, place }) = group.max_unavailable
        && (most as usize) < inactive.len()
        && (most as usize) < fewest_links(inactive.len(), lie_in_one_place(group, interfaces))
    {
        findings.report(Code::ImpossibleMaxUnavailable, place, || {
            Finding::Whole(WholeFault::ImpossibleMaxUnavailable { most, members: members() })
        });
    }
}

/// Returns the key most like `word` among its neighbours in the order of the keys.
fn neighbour<K: Ord + std::borrow::Borrow<str>, V>(word: &str, entries: &BTreeMap<K, V>) -> Option<String> {
    let before = entries.range::<str, _>((Bound::Unbounded, Bound::Excluded(word))).rev().take(NEIGHBOURS);
    let after = entries.range::<str, _>((Bound::Excluded(word), Bound::Unbounded)).take(NEIGHBOURS);
    nearest(word, before.chain(after).map(|(key, _)| key.borrow())).map(str::to_owned)
}

fn report(fault: WholeFault, place: Place, findings: &mut Findings) {
    findings.report(fault.code(), place, || Finding::Whole(fault));
}
