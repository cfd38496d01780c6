//! Where requests go: the regions' hosts with their documented exceptions, and the override.
//!
//! A region's name comes from the spec and an override from the command line, so neither may smuggle anything but a
//! host into the URL of a signed request. Source of the hosts: docs/reference/api.md#endpoints.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

use crate::loopback;
use crate::resource::Region;

/// Which network the API is reached through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// The internet.
    #[default]
    Public,
    /// The account's own VPC (`ALIBABA_CLOUD_ENDPOINT_TYPE=vpc`); it reaches only the region that it is in.
    Vpc,
}

/// An address that replaces services' own: scheme, host and port, nothing else. Without a scheme it is https, but plain http to
/// this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Why a text is not an [`Endpoint`]. It never quotes the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL with a host.
    #[error("the endpoint is not a URL such as https://vpc.example.com")]
    NotAUrl,
    /// Another scheme than https or http.
    #[error("the endpoint's scheme is neither https nor http")]
    Scheme,
    /// A user name or a password.
    #[error("the endpoint must not hold a user name or a password")]
    UserInfo,
    /// A path, a query or a fragment.
    #[error("the endpoint must end after the host and the port")]
    MoreThanAHost,
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        // The URL parser would drop these characters silently.
        if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(EndpointError::NotAUrl);
        }
        if !text.contains("://") {
            let https: Self = format!("https://{text}").parse()?;
            return if https.loopback().is_some() { format!("http://{text}").parse() } else { Ok(https) };
        }
        let url = Url::parse(text).map_err(|_| EndpointError::NotAUrl)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(EndpointError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::UserInfo);
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(EndpointError::MoreThanAHost);
        }
        Ok(Self(url))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.as_str().trim_end_matches('/'))
    }
}

impl Endpoint {
    /// The router interfaces' own endpoint in a region; `None` if the region's name cannot be part of a host.
    pub fn of_vpc(region: &Region, network: Network) -> Option<Self> {
        let region = host_label(region)?;
        Some(match network {
            Network::Vpc => Self::of_host(&format!("vpc-vpc.{region}.aliyuncs.com")),
            Network::Public if CENTRAL_REGIONS.contains(&region) => Self::of_host("vpc.aliyuncs.com"),
            Network::Public => Self::of_host(&format!("vpc.{region}.aliyuncs.com")),
        })
    }

    /// The Security Token Service's own endpoint. Inside a VPC it needs the region that the VPC is in; the public one
    /// serves every region.
    pub fn of_sts(region: Option<&Region>, network: Network) -> Option<Self> {
        Some(match (network, region) {
            (Network::Vpc, Some(region)) => Self::of_host(&format!("sts-vpc.{}.aliyuncs.com", host_label(region)?)),
            _ => Self::of_host("sts.aliyuncs.com"),
        })
    }

    /// CloudMonitor's own endpoint in a region; `None` if the region's name cannot be part of a host.
    pub fn of_metrics(region: &Region, network: Network) -> Option<Self> {
        let region = host_label(region)?;
        Some(match network {
            Network::Vpc => Self::of_host(&format!("metrics-vpc.{region}.aliyuncs.com")),
            Network::Public if region == "cn-hangzhou-finance" => Self::of_host(&format!("cms.{region}.aliyuncs.com")),
            Network::Public => Self::of_host(&format!("metrics.{region}.aliyuncs.com")),
        })
    }

    /// ActionTrail's own endpoint in a region; `None` if the region's name cannot be part of a host.
    pub fn of_trail(region: &Region, network: Network) -> Option<Self> {
        let region = host_label(region)?;
        let is_central = CENTRAL_REGIONS_OF_TRAIL.contains(&region);
        Some(match network {
            Network::Vpc => Self::of_host(&format!("actiontrail-vpc.{region}.aliyuncs.com")),
            Network::Public if is_central => Self::of_host("actiontrail.aliyuncs.com"),
            Network::Public => Self::of_host(&format!("actiontrail.{region}.aliyuncs.com")),
        })
    }

    /// Returns host and port where the host is this one, as an address or as `localhost`: one name a server.
    pub fn loopback(&self) -> Option<String> {
        let address = loopback::address_of(self.host())?;
        Some(std::net::SocketAddr::new(address, self.port()).to_string())
    }

    /// The `Host` header: with the port unless it is the scheme's own.
    pub(super) fn authority(&self) -> &str {
        self.0.authority()
    }

    /// The host, IPv6 without its brackets.
    pub(super) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// Returns whether anything can be called so: an address, or a name as DNS takes it.
    pub(super) fn is_nameable(&self) -> bool {
        rustls::pki_types::ServerName::try_from(self.host()).is_ok()
    }

    pub(super) fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    /// Returns whether what goes there can be read on its way.
    pub fn is_plain_http(&self) -> bool {
        self.0.scheme() == "http"
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    /// The URL of one request.
    pub(super) fn with_query(&self, query: &str) -> Url {
        let mut url = self.0.clone();
        url.set_query(Some(query));
        url
    }

    fn of_host(host: &str) -> Self {
        Self(Url::parse(&format!("https://{host}")).expect("a host of letters, digits, dots and dashes parses"))
    }
}

fn host_label(region: &Region) -> Option<&str> {
    let name = region.as_str();
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    (plain && (1..=63).contains(&name.len())).then_some(name)
}

/// Regions that the central endpoint serves, from the official SDKs' map. Those of that map for which the vendor's
/// pages of 2026 list a regional host, the `finance-1` ones among them, are left out.
const CENTRAL_REGIONS: [&str; 13] = [
    "ap-northeast-2-pop",
    "cn-beijing-finance-pop",
    "cn-beijing-gov-1",
    "cn-fujian",
    "cn-hangzhou-finance",
    "cn-hongkong-finance-pop",
    "cn-north-2-gov-1",
    "cn-shanghai-inner",
    "cn-shenzhen-inner",
    "cn-wuhan",
    "cn-yushanfang",
    "cn-zhangbei",
    "rus-west-1-pop",
];

/// Regions whose events the central endpoint serves, from the official SDK's map. What it sends to another country is left
/// out.
const CENTRAL_REGIONS_OF_TRAIL: [&str; 11] = [
    "cn-beijing-finance-1",
    "cn-beijing-finance-pop",
    "cn-beijing-gov-1",
    "cn-fujian",
    "cn-hangzhou-finance",
    "cn-hongkong-finance-pop",
    "cn-shanghai-inner",
    "cn-shenzhen-finance-1",
    "cn-shenzhen-inner",
    "cn-wuhan",
    "cn-yushanfang",
];

#[cfg(test)]
mod tests;
