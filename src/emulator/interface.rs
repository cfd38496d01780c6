//! One router interface of a world: what it is, and its timeline; built from the seeds with their defaults.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::seed::{ElsewhereSeed, FlappingSeed, InterfaceSeed, OppositeSeed, Settle};
use super::timeline::{Moment, Timeline};
use crate::resource::{
    AccountId, BusinessStatus, HealthCheckStatus, Observed, Opposite, Region, Role, RouterInterfaceId, Status,
};

/// One router interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    /// What does not change. Its statuses are those of the seed; the timelines know the present ones.
    pub(super) facts: Observed,
    pub(super) owner: AccountId,
    pub(super) resource_group: Option<Box<str>>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) timeline: Timeline,
    /// What its health check says.
    pub(super) health: HealthCheckStatus,
    settle: Settle,
    settles_as: Option<Status>,
}

impl Interface {
    /// Works out what follows when it becomes `status` at `now`: a transitional status settles, unless it sticks.
    pub(super) fn moments_from(
        &self,
        now: Timestamp,
        status: Status,
        sticks: bool,
        flapping: Option<FlappingSeed>,
    ) -> Vec<Moment> {
        let ends = ends(&status);
        let chosen = ends.iter().find(|end| self.settles_as.as_ref() == Some(end));
        let end = chosen.or(ends.first()).filter(|_| !sticks).cloned();
        let duration = match status {
            Status::Deactivating | Status::Deleting => self.settle.deactivate,
            _ => self.settle.activate,
        };
        let mut moments = vec![Moment { at: now, status }];
        let Some(end) = end else { return moments };
        let other = if end == Status::Active { Status::Inactive } else { Status::Active };
        let mut at = later(now, duration);
        moments.push(Moment { at, status: end.clone() });
        if let Some(flapping) = flapping {
            for turn in 0..flapping.times {
                at = later(at, flapping.period);
                let status = if turn % 2 == 0 { other.clone() } else { end.clone() };
                moments.push(Moment { at, status });
            }
        }
        moments
    }
}

/// Returns what a status can end as, the usual end first; none for one that lasts.
fn ends(status: &Status) -> &'static [Status] {
    match status {
        Status::Connecting | Status::AcceptingConnecting => &[Status::Active, Status::Idle],
        Status::Modifying => &[Status::Active, Status::Inactive],
        Status::Activating => &[Status::Active],
        Status::Deactivating => &[Status::Inactive],
        Status::Deleting => &[Status::Deleted],
        _ => &[],
    }
}

/// Returns whether an interface that starts with this status can ever end one of its transitions so. One that starts
/// with a status that lasts can be put into any other by a third party.
fn can_settle_as(status: &Status, end: &Status) -> bool {
    match ends(status) {
        [] => [Status::Active, Status::Idle, Status::Inactive].contains(end),
        ends => ends.contains(end),
    }
}

/// Adds without ever overflowing: the end of time is late enough.
pub(super) fn later(instant: Timestamp, by: std::time::Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| instant.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

/// What the interfaces of a world share.
pub(super) struct Surroundings<'a> {
    pub(super) accounts: &'a BTreeSet<AccountId>,
    pub(super) main_account: &'a AccountId,
    pub(super) default_region: &'a Region,
    pub(super) settle: Settle,
    pub(super) epoch: Timestamp,
}

/// Builds the interfaces in the seeds' order; what contradicts itself is added to `problems`.
pub(super) fn populate(
    seeds: Vec<InterfaceSeed>,
    around: &Surroundings<'_>,
    problems: &mut Vec<String>,
) -> Vec<Interface> {
    let named_by = named_by(&seeds, problems);
    let mut interfaces: Vec<Interface> = Vec::with_capacity(seeds.len());
    let mut places: BTreeMap<RouterInterfaceId, usize> = BTreeMap::new();
    for mut seed in seeds {
        if let Some(other) = named_by.get(&seed.id).filter(|_| seed.opposite.is_none()) {
            seed.opposite = Some(OppositeSeed::Here(other.clone()));
        }
        let partner = match &seed.opposite {
            Some(OppositeSeed::Here(other)) => places.get(other).and_then(|place| interfaces.get(*place)),
            _ => None,
        };
        let partner_role = partner.and_then(|interface| interface.facts.role);
        places.insert(seed.id.clone(), interfaces.len());
        interfaces.push(build(seed, partner_role, around, problems));
    }
    introduce(&mut interfaces, &places);
    interfaces
}

/// Returns which interface names which as its other end, by the one that is named.
fn named_by(seeds: &[InterfaceSeed], problems: &mut Vec<String>) -> BTreeMap<RouterInterfaceId, RouterInterfaceId> {
    let mut ids = BTreeSet::new();
    for seed in seeds {
        if !ids.insert(seed.id.clone()) {
            problems.push(format!("interface {} is described twice", seed.id));
        }
    }
    let mut named_by: BTreeMap<RouterInterfaceId, RouterInterfaceId> = BTreeMap::new();
    for seed in seeds {
        match &seed.opposite {
            Some(OppositeSeed::Here(other)) if *other == seed.id => {
                problems.push(format!("interface {} is its own opposite", seed.id));
            }
            Some(OppositeSeed::Here(other)) if !ids.contains(other) => {
                problems.push(format!(
                    "the opposite {other} of interface {} is not in this world (write {{id: {other}, status: ...}})",
                    seed.id
                ));
            }
            Some(OppositeSeed::Here(other)) => {
                named_by.entry(other.clone()).or_insert_with(|| seed.id.clone());
            }
            _ => {}
        }
    }
    named_by
}

fn build(
    mut seed: InterfaceSeed,
    partner_role: Option<Role>,
    around: &Surroundings<'_>,
    problems: &mut Vec<String>,
) -> Interface {
    let owner = seed.account.take().unwrap_or_else(|| around.main_account.clone());
    if !around.accounts.contains(&owner) {
        problems.push(format!("interface {} belongs to account {owner}, which the world does not have", seed.id));
    }
    let role = seed.role.unwrap_or(match partner_role {
        Some(Role::InitiatingSide) => Role::AcceptingSide,
        _ => Role::InitiatingSide,
    });
    let status = seed.status.take().unwrap_or(Status::Active);
    if let Some(end) = seed.settles_as.as_ref().filter(|end| !can_settle_as(&status, end)) {
        problems.push(format!("interface {} is {status}, which cannot settle as {end}", seed.id));
    }
    let mut interface = Interface {
        resource_group: seed.resource_group.take().map(Box::from),
        tags: std::mem::take(&mut seed.tags),
        health: seed.health_check_status.take().unwrap_or(HealthCheckStatus::Normal),
        timeline: Timeline::starting_as(status.clone()),
        settle: seed.settle.unwrap_or(around.settle),
        settles_as: seed.settles_as.take(),
        facts: facts(seed, status.clone(), role, &owner, around.default_region),
        owner,
    };
    let moments = interface.moments_from(around.epoch, status, false, None);
    if moments.len() > 1 {
        interface.timeline.write(&moments);
    }
    interface
}

/// Returns what does not change of an interface, its defaults filled in.
fn facts(seed: InterfaceSeed, status: Status, role: Role, owner: &AccountId, default_region: &Region) -> Observed {
    let stem = seed.id.as_str().strip_prefix("ri-").unwrap_or(seed.id.as_str());
    let router = seed.router.unwrap_or_else(|| match role {
        Role::InitiatingSide => format!("vbr-{stem}"),
        Role::AcceptingSide => format!("vrt-{stem}"),
    });
    let specification = seed.specification.unwrap_or_else(|| match role {
        Role::InitiatingSide => "Large.1".to_owned(),
        Role::AcceptingSide => "Negative".to_owned(),
    });
    Observed {
        region: seed.region.unwrap_or_else(|| default_region.clone()),
        status,
        business_status: seed.business_status.unwrap_or(BusinessStatus::Normal),
        role: Some(role),
        name: seed.name.map(Box::from),
        description: seed.description.map(Box::from),
        router_type: Some(seed.router_type.unwrap_or_else(|| type_of_router(&router).to_owned()).into()),
        router_id: Some(router.into()),
        specification: Some(specification.into()),
        opposite: match seed.opposite {
            None => Opposite::default(),
            Some(OppositeSeed::Here(id)) => Opposite { interface_id: Some(id), ..Opposite::default() },
            Some(OppositeSeed::Elsewhere(elsewhere)) => opposite_elsewhere(elsewhere, owner),
        },
        id: seed.id,
    }
}

fn opposite_elsewhere(seed: ElsewhereSeed, owner: &AccountId) -> Opposite {
    let business_status = seed.business_status.or_else(|| seed.status.is_some().then_some(BusinessStatus::Normal));
    Opposite {
        router_type: seed
            .router_type
            .or_else(|| seed.router.as_deref().map(|r| type_of_router(r).to_owned()))
            .map(Box::from),
        interface_id: Some(seed.id),
        region: seed.region,
        router_id: seed.router.map(Box::from),
        owner_id: seed.account.filter(|account| account != owner),
        status: seed.status,
        business_status,
    }
}

/// Tells each side of a pair in this world about the other; statuses are looked up when they are read.
fn introduce(interfaces: &mut [Interface], places: &BTreeMap<RouterInterfaceId, usize>) {
    for index in 0..interfaces.len() {
        let other = interfaces[index].facts.opposite.interface_id.as_ref().and_then(|id| places.get(id));
        let Some(other) = other.map(|place| &interfaces[*place]) else { continue };
        let opposite = Opposite {
            interface_id: Some(other.facts.id.clone()),
            region: Some(other.facts.region.clone()),
            router_id: other.facts.router_id.clone(),
            router_type: other.facts.router_type.clone(),
            owner_id: Some(other.owner.clone()).filter(|owner| *owner != interfaces[index].owner),
            status: Some(other.facts.status.clone()),
            business_status: Some(other.facts.business_status.clone()),
        };
        interfaces[index].facts.opposite = opposite;
    }
}

fn type_of_router(id: &str) -> &'static str {
    if id.starts_with("vrt-") { "VRouter" } else { "VBR" }
}
