//! One call as the protocol gives it, and the actions that there are.

use std::collections::BTreeMap;
use std::time::Duration;

/// The version of the VPC actions.
pub const VPC_VERSION: &str = "2016-04-28";
/// The version of the ECS actions; one of them is answered, since clients look there for regions.
pub const ECS_VERSION: &str = "2014-05-26";
/// The version of the STS actions.
pub const STS_VERSION: &str = "2015-04-01";
/// The version of the CloudMonitor actions.
pub const CMS_VERSION: &str = "2019-01-01";
/// The version of the ActionTrail actions.
pub const TRAIL_VERSION: &str = "2020-07-06";

/// How far from now a request may be signed (docs/reference/api.md#signatures).
pub(super) const STAMP_WINDOW: Duration = Duration::from_secs(15 * 60);

/// Every action of all products.
pub(super) const ACTIONS: [&str; 22] = [
    "ActivateRouterInterface",
    "AssumeRole",
    "AssumeRoleWithOIDC",
    "ChangeResourceGroup",
    "ConnectRouterInterface",
    "CreateRouterInterface",
    "DeactivateRouterInterface",
    "DeleteExpressConnect",
    "DeleteRouterInterface",
    "DescribeMetricLast",
    "DescribeRegions",
    "DescribeRouteEntryList",
    "DescribeRouteTableList",
    "DescribeRouterInterfaceAttribute",
    "DescribeRouterInterfaces",
    "GetCallerIdentity",
    "ListTagResourcesForExpressConnect",
    "LookupEvents",
    "ModifyRouterInterfaceAttribute",
    "ModifyRouterInterfaceSpec",
    "TagResourcesForExpressConnect",
    "UntagResourcesForExpressConnect",
];

/// The calls of an interface's life besides those that rictl makes: each leaves an event.
pub(super) const LIFE: [&str; 9] = [
    "ChangeResourceGroup",
    "ConnectRouterInterface",
    "CreateRouterInterface",
    "DeleteExpressConnect",
    "DeleteRouterInterface",
    "ModifyRouterInterfaceAttribute",
    "ModifyRouterInterfaceSpec",
    "TagResourcesForExpressConnect",
    "UntagResourcesForExpressConnect",
];

/// One call, as the protocol gives it: names and texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The action's name.
    pub action: String,
    /// The version of the product that it belongs to.
    pub version: String,
    /// Every other parameter.
    pub parameters: BTreeMap<String, String>,
    /// The id that the answer will carry; the face that took the request makes it.
    pub request_id: String,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a call came from, as ActionTrail tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What sent it.
    pub user_agent: String,
    /// The address that it was sent from.
    pub address: String,
}

impl Default for Origin {
    /// This program, on this machine.
    fn default() -> Self {
        let user_agent = concat!("rictl/", env!("CARGO_PKG_VERSION")).to_owned();
        Self { user_agent, address: LOOPBACK.to_owned() }
    }
}

/// Where all calls come from: the emulator listens nowhere else.
pub(super) const LOOPBACK: &str = "127.0.0.1";

impl Request {
    /// Returns the product that the action belongs to, as policies name it.
    pub(super) fn service(&self) -> &'static str {
        match self.version.as_str() {
            ECS_VERSION => "ecs",
            STS_VERSION => "sts",
            CMS_VERSION => "cms",
            TRAIL_VERSION => "actiontrail",
            _ => "vpc",
        }
    }

    /// Returns a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Returns every interface that the call names.
    pub(super) fn interfaces(&self) -> Vec<&str> {
        if self.action.ends_with("ForExpressConnect") {
            return (1..).map_while(|number| self.parameter(&format!("ResourceId.{number}"))).collect();
        }
        self.interface().into_iter().collect()
    }

    /// Returns the interface that the call is about, if it is about one.
    pub fn interface(&self) -> Option<&str> {
        let name = match self.action.as_str() {
            "DescribeRouterInterfaceAttribute" => "InstanceId",
            "ChangeResourceGroup" => "ResourceId",
            action if action.ends_with("ForExpressConnect") => "ResourceId.1",
            _ => "RouterInterfaceId",
        };
        self.parameter(name)
    }
}
