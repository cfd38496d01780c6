//! One call as the protocol gives it, and the actions that there are.

use std::collections::BTreeMap;

/// The version of the VPC actions.
pub const VPC_VERSION: &str = "2016-04-28";
/// The version of the STS actions.
pub const STS_VERSION: &str = "2015-04-01";

/// Every action of both products.
pub(super) const ACTIONS: [&str; 10] = [
    "ActivateRouterInterface",
    "AssumeRole",
    "AssumeRoleWithOIDC",
    "DeactivateRouterInterface",
    "DescribeRegions",
    "DescribeRouteEntryList",
    "DescribeRouteTableList",
    "DescribeRouterInterfaceAttribute",
    "DescribeRouterInterfaces",
    "GetCallerIdentity",
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
}

impl Request {
    /// Returns a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Returns the interface that the call is about, if it is about one.
    pub fn interface(&self) -> Option<&str> {
        let name = if self.action == "DescribeRouterInterfaceAttribute" { "InstanceId" } else { "RouterInterfaceId" };
        self.parameter(name)
    }
}
