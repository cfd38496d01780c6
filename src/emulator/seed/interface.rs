//! The router interfaces of a world file, and the other sides that are not in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::settings::Settle;
use crate::resource::{AccountId, BusinessStatus, HealthCheckStatus, Region, Role, RouterInterfaceId, Status};

/// One router interface as the file describes it; only `id` must be there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
        }
    }
}

/// The other side of a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "the id of an interface of this world, or {id, region, status, ...} of one elsewhere")]
pub enum OppositeSeed {
    /// It is in this world: its status is its own.
    Here(RouterInterfaceId),
    /// It is not: its status is what the file says.
    Elsewhere(ElsewhereSeed),
}

/// An other side that is not in this world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElsewhereSeed {
    /// Its id.
    pub id: RouterInterfaceId,
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
}
