//! The route tables of a world file: entries over router interfaces, and over what else a table may lead to.

use std::fmt;
use std::net::IpAddr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// One entry of a route table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteSeed {
    /// The table that it stands in, `vtb-…`; of one router.
    pub table: String,
    /// The router that the table belongs to, one that interfaces of the world name.
    pub router: String,
    /// The destination.
    pub prefix: Prefix,
    /// Where it leads.
    #[serde(deserialize_with = "super::entries::list")]
    pub next_hops: Vec<NextHopSeed>,
}

/// One next hop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NextHopSeed {
    /// What it is: an interface of the router, unless `type` says otherwise.
    pub id: String,
    /// What kind of thing it is; default RouterInterface.
    #[serde(rename = "type", default, skip_serializing_if = "super::entries::is_default")]
    pub kind: NextHopKind,
    /// Its share where traffic is spread, 0 to 255; 0 is a standby.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u8>,
    /// Whether the route is available over it, whatever its interface does; default yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// The API's NextHopType.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr,
)]
#[serde(expecting = "a NextHopType of the API")]
pub enum NextHopKind {
    /// A router interface.
    #[default]
    RouterInterface,
    /// An ECS instance: what the API takes where a request names no type.
    Instance,
    /// A virtual address.
    HaVip,
    /// A VPN gateway.
    VpnGateway,
    /// A NAT gateway.
    NatGateway,
    /// A network interface.
    NetworkInterface,
    /// An IPv6 gateway.
    IPv6Gateway,
    /// A transit router.
    Attachment,
    /// An IPv4 gateway.
    Ipv4Gateway,
    /// A gateway endpoint.
    GatewayEndpoint,
    /// An Express Connect Router.
    Ecr,
}

/// Whether an interface that is not Active clears Enabled of its next hops: the vendor's pages do not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InactiveNextHops {
    /// They stay enabled.
    #[default]
    Enabled,
    /// They are enabled while the interface is Active, and only then.
    Disabled,
}

/// A destination in CIDR notation, IPv4 or IPv6, without bits behind its length.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Prefix(String);

impl Prefix {
    /// Reads a destination; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let length: u32 = length.parse().ok().filter(|number: &u32| number.to_string() == length)?;
        let (bits, width) = match address.parse().ok()? {
            IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        let host = u32::checked_sub(width, length)?;
        let is_network = host == 0 || bits.trailing_zeros() >= host || bits == 0;
        is_network.then(|| Self(text.to_owned()))
    }

    /// Returns it as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether it is of IPv6.
    pub fn is_ipv6(&self) -> bool {
        self.0.contains(':')
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom("expected a destination such as `10.8.0.0/16`, with no bits behind its length")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_network() {
        for text in ["10.8.0.0/16", "0.0.0.0/0", "10.0.0.1/32", "2001:db8::/32", "::/0", "::1/128"] {
            assert_eq!(Prefix::parse(text).as_ref().map(Prefix::as_str), Some(text));
        }
        for text in
            ["", "10.8.0.0", "10.8.0.1/16", "10.8.0.0/33", "10.8.0.0/016", "10.8.0.0/+8", "a/8", "::1/64", "::/129"]
        {
            assert_eq!(Prefix::parse(text), None, "{text}");
        }
    }
}
