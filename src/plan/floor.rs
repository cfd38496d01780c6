//! Redundancy as a plan carries it: the floors that a run holds to, and what each Deactivate leaves its groups with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HealthEnd;
use crate::resource::{Address, GroupName, RouterInterfaceId, Scope};

/// A number that the spec sets, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Knob {
    /// Its key, e.g. `groups.idc-shanghai.min_active`.
    pub key: String,
    /// What it is set to.
    pub value: u32,
    /// `file:line:column`.
    pub at: String,
}

/// A floor as the executor re-evaluates it before each Deactivate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Floor {
    /// The group.
    pub group: GroupName,
    /// The links that count, each once.
    pub links: Vec<FloorLink>,
    /// At least this many links must be up.
    pub min_up: u32,
    /// The knob that set it; `None` for a group without any.
    pub knob: Option<Knob>,
}

/// One link of a [`Floor`]: up while every one of its declared sides counts as up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FloorLink {
    /// Its declared sides: the member, and the opposite side where the spec declares that too.
    pub sides: Vec<FloorMember>,
    /// It counted as up when the plan was made.
    pub up: bool,
    /// It counts as up once the steps of its sides are done, and does not before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rises: bool,
    /// It is surely not up by its statuses, and no step brings it up: to take one of its sides down takes nothing from what
    /// is up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub out: bool,
    /// Where its health check is asked for before a call, where that binds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<HealthEnd>,
}

/// One side of a [`FloorLink`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FloorMember {
    /// Its key in the spec.
    pub address: Address,
    /// The cloud's id.
    pub interface_id: RouterInterfaceId,
    /// Where it lives.
    #[serde(flatten)]
    pub scope: Scope,
}

/// What the plan leaves a group with, said of each Deactivate in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Guard {
    /// The group.
    pub group: GroupName,
    /// The fewest links that are up at any moment of any allowed order; `None` in plans of format 1.0, which did not say.
    pub lowest: Option<u32>,
    /// How many links the group has.
    pub of: u32,
    /// How many are up once everything is done.
    pub end: u32,
    /// How many have to be up.
    pub floor: u32,
    /// The Deactivate takes nothing from what is up: its link is not up already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub takes_nothing: bool,
}
