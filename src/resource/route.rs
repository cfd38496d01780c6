//! Routes over router interfaces, as the route tables of their routers have them (docs/reference/api.md#routes).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::RouterInterfaceId;
use super::scope::Scope;

/// A router of which the route tables can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Router {
    /// Where it is asked for.
    #[serde(flatten)]
    pub scope: Scope,
    /// `vrt-…` or `vbr-…`.
    pub id: Box<str>,
    /// The API's RouterType, `VRouter` or `VBR`; `None` where it was not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Box<str>>,
}

impl Router {
    /// Returns the RouterType to ask with: the API takes `VRouter` where it is left out, and then knows no border router.
    pub fn asked_as(&self) -> &str {
        let by_id = if self.id.starts_with("vbr-") { "VBR" } else { "VRouter" };
        self.kind.as_deref().unwrap_or(by_id)
    }
}

/// One entry of a route table that has router interfaces for next hops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Route {
    /// The table, `vtb-…`.
    pub table: Box<str>,
    /// The destination, in CIDR notation.
    pub prefix: Box<str>,
    /// Where it leads: each router interface among its next hops, in the API's order.
    pub next_hops: Vec<NextHop>,
}

/// One next hop of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NextHop {
    /// The interface.
    pub id: RouterInterfaceId,
    /// The API's Enabled: whether the route is available over it.
    #[serde(rename = "enabled")]
    pub is_enabled: bool,
    /// The API's Weight; `None` where it is left out. 0 is a standby.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
}
