//! Who is linked to whom: routers, the links between them, and the status of both sides of each.
//!
//! Built from the spec and a fresh reading; both sides of one link are recognised by the API's own cross reference,
//! so a link between two declared interfaces is one link. Pictures of it are drawn in `svg`.

use std::collections::{BTreeMap, BTreeSet};

use crate::resource::{Address, DesiredStatus, GroupName, LiveState, Observed, Reading, RouterInterfaceId, Status};
use crate::spec::Spec;

/// The links of a spec, as far as the cloud reports them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    /// The links by the routers they join.
    pub links: BTreeMap<(Router, Router), Vec<Link>>,
}

/// A router as the API names it; untrusted text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Router {
    /// Its id, or what is known instead.
    pub id: String,
    /// `VRouter` or `VBR`, and its region.
    pub place: String,
}

/// One link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its two ends, in the order of its routers.
    pub sides: [Side; 2],
}

/// One end of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// The key in the spec; `None` for an interface that is not declared.
    pub address: Option<Address>,
    /// The interface, where it is known.
    pub id: Option<RouterInterfaceId>,
    /// The live status, where it is known.
    pub status: Option<Status>,
    /// The API says that it is not there; where nobody asked or answered, that is not known.
    pub is_absent: bool,
    /// The declared status.
    pub declared: Option<DesiredStatus>,
    /// Its group.
    pub group: Option<GroupName>,
}

impl Link {
    /// Returns whether a side of it is not as declared.
    pub(crate) fn is_to_change(&self) -> bool {
        self.sides.iter().any(|side| side.wanted().is_some())
    }
}

impl Side {
    /// Returns the declared status where it is not the live one.
    pub(crate) fn wanted(&self) -> Option<DesiredStatus> {
        self.declared.filter(|declared| self.status.as_ref() != Some(&declared.status()))
    }

    /// Returns what people call it.
    pub(crate) fn name(&self) -> &str {
        match (&self.address, &self.id) {
            (Some(address), _) => address.as_str(),
            (None, Some(id)) => id.as_str(),
            (None, None) => "not reported",
        }
    }
}

impl Topology {
    /// Joins what is declared with what was read.
    pub fn new(spec: &Spec, live: &LiveState) -> Self {
        let by_id: BTreeMap<_, _> = spec.interfaces.iter().map(|(address, entry)| (&entry.id.value, address)).collect();
        let mut topology = Self::default();
        let mut drawn: BTreeSet<&RouterInterfaceId> = BTreeSet::new();
        for (address, entry) in &spec.interfaces {
            let observed = match live.readings.get(address) {
                Some(Reading::Found(observed) | Reading::Elsewhere(observed)) => Some(observed),
                _ => None,
            };
            if !drawn.insert(&entry.id.value) {
                continue;
            }
            let near = side(spec, live, address, observed.map(|observed| &observed.status));
            let mut far = Side::default();
            if let Some(opposite) = observed.map(|observed| &observed.opposite) {
                let status = opposite.status.as_ref();
                let declared = opposite.interface_id.as_ref().and_then(|id| by_id.get(id));
                far = match declared {
                    Some(peer) => side(spec, live, peer, read(live, peer).map(|peer| &peer.status).or(status)),
                    None => Side { id: opposite.interface_id.clone(), status: status.cloned(), ..Side::default() },
                };
                drawn.extend(declared.and_then(|peer| spec.interfaces.get(*peer)).map(|peer| &peer.id.value));
            }
            topology.join(routers(observed, entry.scope.to_string()), [near, far]);
        }
        topology
    }

    fn join(&mut self, (near, far): (Router, Router), [left, right]: [Side; 2]) {
        let (key, sides) = if near <= far { ((near, far), [left, right]) } else { ((far, near), [right, left]) };
        self.links.entry(key).or_default().push(Link { sides });
    }
}

fn read<'a>(live: &'a LiveState, address: &Address) -> Option<&'a Observed> {
    live.readings.get(address).and_then(Reading::found)
}

fn side(spec: &Spec, live: &LiveState, address: &Address, status: Option<&Status>) -> Side {
    let entry = spec.interfaces.get(address);
    let is_absent = matches!(live.readings.get(address), Some(Reading::Absent));
    Side {
        address: Some(address.clone()),
        id: entry.map(|entry| entry.id.value.clone()),
        status: status.filter(|_| !is_absent).cloned(),
        is_absent,
        declared: entry.map(|entry| entry.status.value),
        group: entry.and_then(|entry| entry.group.as_ref()).map(|group| group.value.clone()),
    }
}

fn routers(observed: Option<&Observed>, scope: String) -> (Router, Router) {
    let unknown = || "unknown router".to_owned();
    let Some(observed) = observed else {
        return (Router { id: unknown(), place: scope }, Router { id: unknown(), place: String::new() });
    };
    let router = |id: &Option<Box<str>>, kind: &Option<Box<str>>, region: Option<&str>| Router {
        id: id.as_deref().map_or_else(unknown, str::to_owned),
        place: kind.as_deref().into_iter().chain(region).collect::<Vec<_>>().join(" "),
    };
    let opposite = &observed.opposite;
    (
        router(&observed.router_id, &observed.router_type, Some(observed.region.as_str())),
        router(&opposite.router_id, &opposite.router_type, opposite.region.as_ref().map(|region| region.as_str())),
    )
}

#[cfg(test)]
mod tests;
