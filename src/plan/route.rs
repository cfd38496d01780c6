//! The routes over what a plan deactivates: what was read of them, what else leads there, and what is lost.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HealthEnd;
use crate::language::Wording;
use crate::resource::{AccountId, Address, BusinessStatus, Observed, Route, Router, RouterInterfaceId, Scope, Status};

/// One prefix over an interface that a plan deactivates, and what else leads there from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteLeft {
    /// The interface that goes down.
    pub address: Address,
    /// The route table.
    pub table: Box<str>,
    /// The destination.
    pub prefix: Box<str>,
    /// The other next hops of the same entry that remain, whatever the order of the steps; empty where nothing does.
    pub remains: Vec<HopLeft>,
}

/// A next hop that remains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HopLeft {
    /// The interface.
    pub id: RouterInterfaceId,
    /// Its key in the spec; null where that does not declare it.
    pub address: Option<Address>,
    /// The API's Weight, 0 for a standby; null where it is left out.
    pub weight: Option<u32>,
    /// The plan brings it up, and it is not Enabled while it is down: only a read after that can tell that it is then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unproven: bool,
}

impl HopLeft {
    /// Returns whether it is the standby of an active route.
    pub fn is_standby(&self) -> bool {
        self.weight == Some(0)
    }
}

/// A prefix that has no other next hop.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LostPrefix {
    /// The destination.
    pub prefix: Box<str>,
    /// The route table.
    pub table: Box<str>,
    /// Another table of what is looked at has the same destination, of which something may remain.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub also_elsewhere: bool,
}

impl LostPrefix {
    /// Names the entry, as the only one of its destination.
    pub fn of(route: &Route) -> Self {
        Self { prefix: route.prefix.clone(), table: route.table.clone(), also_elsewhere: false }
    }
}

/// Why `limits.last_route` does not let an interface go down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RouteLoss {
    /// The prefixes that would have no next hop.
    pub prefixes: Vec<LostPrefix>,
    /// The next hops beside it of which nobody knows whether they are up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread_hops: Vec<RouterInterfaceId>,
    /// Why the route tables of its router could not be read, where they could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<RoutesUnread>,
    /// Where the limit stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// Why the route tables of a router could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum RoutesUnread {
    /// The credentials may not ask.
    Denied {
        /// What the API said, and the action that has to be allowed; untrusted text.
        detail: Wording,
    },
    /// The API does not say which router the interface belongs to.
    NoRouter,
    /// The router is at the other end of the link, in an account of which the spec has no credentials.
    NoAccount {
        /// The router.
        router: String,
        /// Whose it is, where the API says it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account_id: Option<AccountId>,
    },
    /// A call failed.
    Failed {
        /// What the API or the network said; untrusted text.
        detail: Wording,
    },
}

/// What was read for the routes over what a plan deactivates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutesHeard {
    /// What the route tables of each involved router said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routers: Vec<RouterRead>,
    /// The next hops that were not read as declared interfaces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<HopRead>,
}

impl RoutesHeard {
    /// Returns whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        self.routers.is_empty() && self.hops.is_empty()
    }
}

/// What the route tables of one router said, or why they said nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RouterRead {
    /// The router.
    #[serde(flatten)]
    pub router: Router,
    /// What they said.
    #[serde(flatten)]
    pub answer: RoutesAnswer,
}

/// The answer to a question for the routes of a router.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoutesAnswer {
    /// The entries that lead over router interfaces; of those in a plan, the ones over what the spec declares.
    Entries(Vec<Route>),
    /// They could not be read.
    Unread(RoutesUnread),
}

/// What was read of a next hop that the spec does not declare, or that a plan of a part did not look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HopRead {
    /// The interface.
    pub id: RouterInterfaceId,
    /// Where it was looked for: where its router is.
    #[serde(flatten)]
    pub scope: Scope,
    /// What was found.
    #[serde(flatten)]
    pub answer: HopAnswer,
}

/// What a read says of a next hop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reading", rename_all = "snake_case")]
pub enum HopAnswer {
    /// It is there.
    Found {
        /// Its lifecycle word.
        status: Status,
        /// Whether it is locked.
        business_status: BusinessStatus,
        /// The other side's interface.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opposite_id: Option<RouterInterfaceId>,
        /// The other side's status; left out where the API does not report it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opposite_status: Option<Status>,
    },
    /// The API says that there is none.
    Absent,
    /// It could not be read.
    Unreadable,
}

impl HopAnswer {
    /// Returns what matters of an interface that was read; `None` for one that is not there.
    pub fn of(observed: Option<&Observed>) -> Self {
        observed.map_or(Self::Absent, |observed| Self::Found {
            status: observed.status.clone(),
            business_status: observed.business_status.clone(),
            opposite_id: observed.opposite.interface_id.clone(),
            opposite_status: observed.opposite.status.clone(),
        })
    }
}

/// A router at one end of a link, and the next hop by which its tables know the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteEnd {
    /// The router.
    pub router: Router,
    /// The interface there.
    pub hop: RouterInterfaceId,
}

/// What a run asks again before it deactivates something, where `limits.last_route` blocks. No part of a plan's file: a saved
/// plan is made again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteGuards {
    /// Whose tables are asked again for each interface: its router's, and the VPC router's at the other end of its link.
    pub ends: BTreeMap<Address, Vec<RouteEnd>>,
    /// Health checks of next hops count.
    pub is_health_binding: bool,
    /// Where the health check of a next hop is asked for, where that is not at its own end.
    pub checks: BTreeMap<RouterInterfaceId, HealthEnd>,
    /// Where the limit stands.
    pub at: Option<String>,
}
