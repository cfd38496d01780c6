//! How the groups of a spec stand: as a plan and a drift check carry it, by name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::{Address, GroupName};

/// How one group stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupHealth {
    /// The group.
    pub name: GroupName,
    /// How many links it has, each once.
    pub declared: u32,
    /// How many of them are up, as floors count; null where a member could not be read: then nobody knows.
    pub up: Option<u32>,
    /// How many have to be up: the stricter of `min_active` and `max_unavailable`, 0 without either.
    pub floor: u32,
    /// How many may go down; below zero where too few are up, null where `up` is.
    pub spare: Option<i64>,
    /// Too few are up, whatever is true of those that could not be read.
    pub below: bool,
    /// Nothing is up although something is declared Active.
    pub down: bool,
    /// Every end of its links that is not up, or was not read.
    pub not_up: Vec<MemberNotUp>,
}

impl GroupHealth {
    /// Returns whether it is drift: exit code 2, a failure in reports.
    pub fn is_finding(&self) -> bool {
        self.below || self.down
    }

    /// Returns whether a member could not be read, so that nobody can tell.
    pub fn is_unknown(&self) -> bool {
        self.up.is_none()
    }
}

/// An end of a link that is not up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberNotUp {
    /// The interface.
    pub address: Address,
    /// Why.
    pub why: WhyMemberNotUp,
}

/// Why an end of a link is not up: the first that holds, but [`WhyMemberNotUp::HandsOff`] before all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyMemberNotUp {
    /// It is Inactive, or was never Active.
    Inactive,
    /// It is Active, and its opposite side is not.
    OppositeInactive,
    /// Its opposite side was deleted.
    PeerDeleted,
    /// It is locked for unpaid bills.
    FinancialLocked,
    /// It is locked by the vendor.
    SecurityLocked,
    /// It is locked with a word that nobody documents.
    BusinessLocked,
    /// The cloud is at work on it, or on its opposite side.
    InTransition,
    /// There is no such interface where the spec says.
    Absent,
    /// `hands_off` says that this is known; it counts as not up all the same.
    HandsOff,
    /// Its region could not be read.
    Unread,
    /// Its health check says so.
    Unhealthy,
}
