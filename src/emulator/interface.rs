//! One router interface of a world: what it is and was, and its timeline; built from the seeds with their defaults.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::details::Details;
use super::seed::{ElsewhereSeed, FlappingSeed, InterfaceSeed, OppositeSeed, Settle};
use super::timeline::{Moment, Timeline};
use crate::resource::{
    AccountId, BusinessStatus, HealthCheckStatus, Observed, Opposite, Region, Role, RouterInterfaceId, Status,
};

/// One router interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    /// What it is. Its statuses are those of the seed; the timelines know the present ones.
    pub(super) facts: Observed,
    /// What rictl does not read of it.
    pub(super) details: Details,
    pub(super) owner: AccountId,
    pub(super) resource_group: Option<Box<str>>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) timeline: Timeline,
    /// What its health check says.
    pub(super) health: HealthCheckStatus,
    pub(super) settle: Settle,
    settles_as: Option<Status>,
    /// What it was, each until when; the timelines of those are of no account.
    pub(super) past: Vec<(Timestamp, Interface)>,
}

impl Interface {
    /// Returns what it was at an instant, statuses apart.
    pub(super) fn as_of(&self, instant: Timestamp) -> &Self {
        self.past.iter().find(|(until, _)| instant < *until).map_or(self, |(_, before)| before)
    }

    /// Returns what a seed of the log describes: nothing is left to defaults.
    pub(super) fn of_log(seed: InterfaceSeed, main_account: &AccountId, region: &Region) -> Self {
        let owner = seed.account.clone().unwrap_or_else(|| main_account.clone());
        let role = seed.role.unwrap_or(Role::InitiatingSide);
        put_together(seed, (Status::Deleted, role), owner, (region, Settle::default()))
    }

    /// Describes what it is, so that a log can hold it.
    pub(super) fn to_seed(&self) -> InterfaceSeed {
        let facts = &self.facts;
        let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        let opposite = &facts.opposite;
        let elsewhere = ElsewhereSeed {
            id: opposite.interface_id.clone(),
            region: opposite.region.clone(),
            account: opposite.owner_id.clone(),
            status: opposite.status.clone(),
            business_status: opposite.business_status.clone(),
            router: text(&opposite.router_id),
            router_type: text(&opposite.router_type),
            access_point: text(&self.details.opposite_access_point),
        };
        InterfaceSeed {
            region: Some(facts.region.clone()),
            account: Some(self.owner.clone()),
            settles_as: self.settles_as.clone(),
            role: facts.role,
            opposite: (elsewhere != ElsewhereSeed::default()).then_some(OppositeSeed::Elsewhere(elsewhere)),
            name: text(&facts.name),
            description: text(&facts.description),
            router: text(&facts.router_id),
            router_type: text(&facts.router_type),
            specification: text(&facts.specification),
            business_status: Some(facts.business_status.clone()),
            health_check_status: Some(self.health.clone()),
            resource_group: text(&self.resource_group),
            tags: self.tags.clone(),
            settle: Some(self.settle),
            access_point: text(&self.details.access_point),
            health_check: self.details.health_check.as_deref().cloned(),
            fast_link: self.details.is_fast_link,
            charge: self.details.charge,
            reservation: self.details.reservation.as_deref().cloned(),
            created: self.details.created,
            ends: self.details.ends,
            ..InterfaceSeed::new(facts.id.clone())
        }
    }

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
    let settle = (around.default_region, around.settle);
    let mut interface = put_together(seed, (status.clone(), role), owner, settle);
    let moments = interface.moments_from(around.epoch, status, false, None);
    if moments.len() > 1 {
        interface.timeline.write(&moments);
    }
    interface
}

/// Makes an interface of its seed, by its status and role, and by what its place and times are unless it says so.
fn put_together(
    mut seed: InterfaceSeed,
    (status, role): (Status, Role),
    owner: AccountId,
    (default_region, default_settle): (&Region, Settle),
) -> Interface {
    Interface {
        resource_group: seed.resource_group.take().map(Box::from),
        tags: std::mem::take(&mut seed.tags),
        health: seed.health_check_status.take().unwrap_or(HealthCheckStatus::Normal),
        timeline: Timeline::starting_as(status.clone()),
        settle: seed.settle.unwrap_or(default_settle),
        settles_as: seed.settles_as.take(),
        details: Details::of(&mut seed),
        facts: facts(seed, status, role, default_region),
        owner,
        past: Vec::new(),
    }
}

/// Returns what an interface is, its defaults filled in.
fn facts(seed: InterfaceSeed, status: Status, role: Role, default_region: &Region) -> Observed {
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
            Some(OppositeSeed::Elsewhere(elsewhere)) => opposite_elsewhere(elsewhere),
        },
        id: seed.id,
    }
}

fn opposite_elsewhere(seed: ElsewhereSeed) -> Opposite {
    let business_status = seed.business_status.or_else(|| seed.status.is_some().then_some(BusinessStatus::Normal));
    Opposite {
        router_type: seed
            .router_type
            .or_else(|| seed.router.as_deref().map(|r| type_of_router(r).to_owned()))
            .map(Box::from),
        interface_id: seed.id,
        region: seed.region,
        router_id: seed.router.map(Box::from),
        // Told as it was said, be it the own one: what Create and Modify are given is read back.
        owner_id: seed.account,
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
