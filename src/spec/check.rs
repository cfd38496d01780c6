//! What no entry can know by itself: references, cycles, ids used twice, floors that cannot be kept.
//!
//! The checks see every entry, whatever was wrong with it, and report in the order of names; nothing is resolved by
//! guessing. A floor counts members: which of them are two sides of one link only the live cloud knows.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;

use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

use crate::diagnostic::nearest::{did_you_mean, nearest};
use crate::diagnostic::{Diagnostic, Place};
use crate::resource::{Address, DesiredStatus, GroupName};
use crate::spec::decode::{Draft, UNREADABLE};
use crate::spec::findings::Findings;
use crate::spec::{CloudSettings, Group, Interface, Placed};

/// How many names a message lists before it says how many more there are.
const NAMED: usize = 16;
/// How many names before and after a wrong one, in alphabetical order, are looked at for a suggestion.
const NEIGHBOURS: usize = 500;

/// The members of each group that are declared Inactive.
type Inactive = BTreeMap<GroupName, Vec<Address>>;
/// Whose each id is.
type Owners<'d> = HashMap<&'d str, (&'d Address, &'d Interface)>;

/// Resolves the references of a draft and reports what cannot be; `start` is where the spec begins.
pub(super) fn check(draft: &mut Draft, start: Place, findings: &mut Findings) {
    if draft.interfaces.is_empty() {
        findings.report("no interfaces", start, || {
            Diagnostic::warning("the spec declares no interfaces").hint("`rictl init` writes what is live as a spec")
        });
    }
    let mut owners = Owners::with_capacity(draft.interfaces.len());
    let mut inactive = Inactive::new();
    let mut is_grouped = true;
    // One walk for all of these: a large spec does not fit the processor's caches.
    for (address, interface) in &mut draft.interfaces {
        region(address, interface, &draft.cloud, findings);
        account(address, interface, &draft.cloud, findings);
        is_grouped &= group(address, interface, &mut draft.groups, &mut inactive, findings);
        owner(address, interface, &mut owners, findings);
    }
    let graph = dependencies(&draft.interfaces, findings);
    cycles(&graph, &draft.interfaces, findings);
    // With a member missing, what is said of a floor would be a guess.
    for (name, group) in draft.groups.iter().filter(|_| is_grouped) {
        floors(name, group, inactive.get(name).map_or(&[], Vec::as_slice), findings);
    }
}

fn region(address: &Address, interface: &mut Interface, cloud: &CloudSettings, findings: &mut Findings) {
    if !interface.scope.region.as_str().is_empty() {
        return;
    }
    match &cloud.region {
        Some(region) => interface.scope.region = region.value.clone(),
        None => findings.report("missing region", interface.place, || {
            Diagnostic::error(format!("`interfaces.{address}` has no `region`, and there is no `cloud.region`"))
                .hint("set `cloud.region` for all interfaces, or `region` on each")
        }),
    }
}

fn account(address: &Address, interface: &Interface, cloud: &CloudSettings, findings: &mut Findings) {
    let account = &interface.scope.account;
    if account.is_default_account() || cloud.accounts.contains_key(account) {
        return;
    }
    findings.report("unknown reference", interface.places.account.unwrap_or(interface.place), || {
        let names = cloud.accounts.keys().map(|name| name.as_str()).chain(["default"]);
        let what = format!("`interfaces.{address}.account` is `{account}`, which `cloud.accounts` has not");
        suggesting(Diagnostic::error(what), nearest(account.as_str(), names))
            .hint("declare the account under `cloud.accounts`")
    });
}

/// Makes the interface a member of its group; claims that it names none, or one that there is.
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
        findings.report("unknown reference", wanted.place, || {
            let what = format!("`interfaces.{address}.group` is `{}`, which `groups` has not", wanted.value);
            suggesting(Diagnostic::error(what), neighbour(wanted.value.as_str(), groups))
                .hint("declare the group under `groups`; it may be empty: `{}`")
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
    findings.report("duplicate id", two.id.place, || {
        Diagnostic::error(format!("{id} is declared twice: `interfaces.{first}` and `interfaces.{again}`"))
            .label("declared again here")
            .related(one.id.place, "first declared here")
            .hint("an interface has one entry; remove the other, or correct its id")
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
                findings.report("cycle", *place, || {
                    Diagnostic::error(format!("`interfaces.{address}` depends on itself"))
                        .label("itself")
                        .hint("remove it from `depends_on`")
                });
            } else if let Some((name, node)) = nodes.get_key_value(needed) {
                graph.add_edge(NodeIndex::new(index), *node, ());
                stranded(address, interface, name, &interfaces[*name], findings);
            } else {
                findings.report("unknown reference", *place, || {
                    let what = format!("`interfaces.{address}` depends on `{needed}`, which `interfaces` has not");
                    suggesting(Diagnostic::error(what), neighbour(needed.as_str(), interfaces))
                        .hint("`depends_on` lists keys of `interfaces`")
                });
            }
        }
    }
    graph
}

/// Says when an interface is to be up although what it depends on is to be down.
fn stranded(address: &Address, interface: &Interface, name: &Address, needed: &Interface, findings: &mut Findings) {
    if (interface.status.value, needed.status.value) == (DesiredStatus::Active, DesiredStatus::Inactive) {
        findings.report("stranded", needed.status.place, || {
            let what = format!(
                "`interfaces.{address}` is declared Active and depends on `{name}`, which is declared Inactive"
            );
            Diagnostic::warning(what)
                .related(interface.status.place, "declared Active here")
                .hint("take both down, or correct `depends_on`")
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
    findings.report("cycle", place.unwrap_or_default(), || {
        let names: Vec<&str> = way.iter().map(|address| address.as_str()).collect();
        let mut error = Diagnostic::error(format!("`depends_on` goes round in a circle: {}", listed(&names, " -> ")))
            .label("this needs the next, and so on round")
            .hint("remove one of these from `depends_on`: neither order can satisfy all");
        for pair in way.windows(2).skip(1).take(NAMED) {
            if let Some(place) = interfaces[pair[0]].needs(pair[1]) {
                error = error.related(place, format!("{} needs {}", pair[0], pair[1]));
            }
        }
        let others: Vec<&str> =
            members.iter().filter(|member| !way.contains(member)).map(|member| member.as_str()).collect();
        if !others.is_empty() {
            error = error.cause(format!("tangled up in it: {}", listed(&others, ", ")));
        }
        error
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

fn floors(name: &GroupName, group: &Group, inactive: &[Address], findings: &mut Findings) {
    let total = group.members.len();
    let nothing_to_keep = group.min_active.as_ref().is_none_or(|floor| floor.value == 0);
    if total == 0 && nothing_to_keep {
        findings.report("empty group", group.place, || {
            Diagnostic::warning(format!("`groups.{name}` has no members"))
                .hint("give interfaces `group:`, or remove it")
        });
        return;
    }
    let inactive: Vec<&str> = inactive.iter().map(Address::as_str).collect();
    let active = total - inactive.len();
    let impossible = |what: String| {
        let error =
            Diagnostic::error(what).hint("declare more members Active, or change the floor in a reviewed change");
        if inactive.is_empty() { error } else { error.cause(format!("declared Inactive: {}", listed(&inactive, ", "))) }
    };
    if let Some(floor) = group.min_active.as_ref().filter(|floor| floor.value as usize > active) {
        findings.report("impossible floor", floor.place, || {
            let floor = floor.value;
            impossible(format!("group {name} must keep {floor} active, but {active} of {total} are declared Active"))
        });
    }
    if let Some(most) = group.max_unavailable.as_ref().filter(|most| (most.value as usize) < inactive.len()) {
        findings.report("impossible floor", most.place, || {
            let (most, down) = (most.value, inactive.len());
            impossible(format!("group {name} may have {most} unavailable, but {down} of {total} are declared Inactive"))
        });
    }
}

/// Returns the key most like `word` among its neighbours in the order of the keys.
fn neighbour<'m, K: Ord + std::borrow::Borrow<str>, V>(word: &str, entries: &'m BTreeMap<K, V>) -> Option<&'m str> {
    let before = entries.range::<str, _>((Bound::Unbounded, Bound::Excluded(word))).rev().take(NEIGHBOURS);
    let after = entries.range::<str, _>((Bound::Excluded(word), Bound::Unbounded)).take(NEIGHBOURS);
    nearest(word, before.chain(after).map(|(key, _)| key.borrow()))
}

fn suggesting(error: Diagnostic, suggestion: Option<&str>) -> Diagnostic {
    match suggestion {
        Some(near) => error.label(did_you_mean(near)),
        None => error.label("not found"),
    }
}

fn listed(names: &[&str], separator: &str) -> String {
    let mut text = names[..names.len().min(NAMED)].join(separator);
    if names.len() > NAMED {
        text.push_str(&format!("{separator}and {} more", names.len() - NAMED));
    }
    text
}
