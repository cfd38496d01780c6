//! The router interfaces of a world file, and the other sides that are not in it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::duration;
use super::entries::is_default;
use super::settings::Settle;
use crate::resource::{AccountId, BusinessStatus, HealthCheckStatus, Region, Role, RouterInterfaceId, Status};

/// One router interface as the file describes it; only `id` must be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterfaceSeed {
    /// Its id, unique in the world.
    pub id: RouterInterfaceId,
    /// Where it is; default the first of the world's regions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Its account; default the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// What it starts as, default Active. A transitional word settles as it would after a call; `Deleted` is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// What it ends as where the word for what is going on leaves it open: Connecting and AcceptingConnecting end Active
    /// or Idle, Modifying Active or Inactive. Default Active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settles_as: Option<Status>,
    /// Which side it is: the one that its pair is not, else the initiating one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The other side; of a pair in one world it is enough that one names the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opposite: Option<OppositeSeed>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The router that it belongs to; default one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router: Option<String>,
    /// `VRouter` or `VBR`; default after the router's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router_type: Option<String>,
    /// Its size; default Large.1, of an accepting side Negative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specification: Option<String>,
    /// Whether it is locked; default Normal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_status: Option<BusinessStatus>,
    /// What its health check says; default Normal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check_status: Option<HealthCheckStatus>,
    /// Its resource group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<String>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// How long its transitions take, instead of the world's `settle`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<Settle>,
    /// Where the circuit of its border router ends; default one of the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_point: Option<String>,
    /// How the link is probed, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check: Option<HealthCheckSeed>,
    /// Whether it was made as one of a pair that connected by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fast_link: bool,
    /// How it is paid for; default afterwards.
    #[serde(default, skip_serializing_if = "is_default")]
    pub charge: ChargeSeed,
    /// What has been ordered of it for later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<ReservationSeed>,
    /// When it was made; default the same for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Until when it is paid for, if it is prepaid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
}

impl InterfaceSeed {
    /// Describes an interface by its id; everything else is left to the defaults.
    pub fn new(id: impl Into<RouterInterfaceId>) -> Self {
        Self {
            id: id.into(),
            region: None,
            account: None,
            status: None,
            settles_as: None,
            role: None,
            opposite: None,
            name: None,
            description: None,
            router: None,
            router_type: None,
            specification: None,
            business_status: None,
            health_check_status: None,
            resource_group: None,
            tags: BTreeMap::new(),
            settle: None,
            access_point: None,
            health_check: None,
            fast_link: false,
            charge: ChargeSeed::default(),
            reservation: None,
            created: None,
            ends: None,
        }
    }
}

/// How an interface probes its link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthCheckSeed {
    /// The address that probes come from.
    pub source: String,
    /// The address that they go to.
    pub target: String,
    /// How many have to be lost.
    #[serde(default = "usual_threshold")]
    pub threshold: u32,
    /// How far apart they are.
    #[serde(default = "usual_rate", with = "duration")]
    pub rate: Duration,
}

impl HealthCheckSeed {
    /// Probes as the console does unless it is told otherwise.
    pub fn new(source: impl Into<String>, target: impl Into<String>) -> Self {
        Self { source: source.into(), target: target.into(), threshold: usual_threshold(), rate: usual_rate() }
    }
}

fn usual_threshold() -> u32 {
    8
}

fn usual_rate() -> Duration {
    Duration::from_secs(2)
}

/// How an interface is paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChargeSeed {
    /// As it is used.
    #[default]
    PostPaid,
    /// Before, for a time; it cannot be deleted.
    PrePaid,
}

/// What has been ordered of a prepaid interface for later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReservationSeed {
    /// When it comes into effect.
    pub active: Timestamp,
    /// The bandwidth from then on, in Mbit/s.
    pub bandwidth: u32,
    /// What was ordered.
    #[serde(default)]
    pub order: OrderSeed,
}

/// What can be ordered for later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderSeed {
    /// More time.
    #[default]
    #[serde(rename = "RENEW")]
    Renew,
    /// More time, with another bandwidth.
    #[serde(rename = "RENEWCHANGE")]
    RenewChange,
}

/// The other side of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "the id of an interface of this world, or {id, region, status, ...} of one elsewhere")]
pub enum OppositeSeed {
    /// It is in this world: its status is its own.
    Here(RouterInterfaceId),
    /// It is not: its status is what the file says.
    Elsewhere(ElsewhereSeed),
}

/// An other side that is not in this world.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElsewhereSeed {
    /// Its id; without one only its router is known yet, as of a link that is not connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RouterInterfaceId>,
    /// Its region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Its account; default the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Its status; without one the API does not report it. `Deleted` means that it is gone for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Whether it is locked; default Normal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_status: Option<BusinessStatus>,
    /// Its router.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router: Option<String>,
    /// `VRouter` or `VBR`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router_type: Option<String>,
    /// Where the circuit of its border router ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_point: Option<String>,
}
