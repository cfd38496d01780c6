//! The API's JSON, read as loosely as it is written and no looser.
//!
//! Scalars come as string, number or boolean, whatever the pages say; numbers keep every digit, since account ids do
//! not fit a double. Unknown fields are ignored, unknown words kept. What a decision hangs on (`RouterInterfaceId`,
//! `Status`, the list itself) must be there: a missing field is an error, never "absent". Field names:
//! docs/reference/api.md#describe.

pub(super) mod events;
pub(super) mod routes;
pub(super) mod traffic;

use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::clock::BootTime;
use crate::cloud::{Identity, Page, RequestId};
use crate::resource::{
    AccountId, BusinessStatus, HealthCheckStatus, Observed, Opposite, Region, Role, RouterInterfaceId, Status,
};

/// A scalar in whatever type it came, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Loose(String);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Raw, because any typed detour would round large numbers.
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let quoted = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match raw.as_bytes().first() {
            // Most hold no escape: they are what stands between the quotes.
            Some(b'"') => match quoted.filter(|text| !text.contains('\\')) {
                Some(text) => Ok(Self(text.to_owned())),
                None => serde_json::from_str(raw).map(Self).map_err(D::Error::custom),
            },
            Some(b'{' | b'[') => Err(D::Error::custom("expected a scalar")),
            _ => Ok(Self(raw.to_owned())),
        }
    }
}

/// Reads `null` and `""` as nothing: the API writes both for fields that are not set.
fn said(scalar: Option<Loose>) -> Option<String> {
    scalar.map(|Loose(text)| text).filter(|text| !text.is_empty())
}

/// What every answer may say of itself, success or not, and what a listing has besides; of other answers that is passed over.
/// To flatten the two into one would read all twice.
#[derive(Debug, Deserialize)]
struct Fields<Count, Set> {
    #[serde(rename = "RequestId", alias = "requestId")]
    request_id: Option<Loose>,
    #[serde(rename = "Code", alias = "code")]
    code: Option<Loose>,
    #[serde(rename = "Message", alias = "message")]
    message: Option<Loose>,
    #[serde(rename = "Success", alias = "success")]
    success: Option<Loose>,
    #[serde(rename = "Recommend", alias = "recommend")]
    recommend: Option<Loose>,
    #[serde(rename = "RouterInterfaceId")]
    interface_id: Option<Loose>,
    #[serde(rename = "TotalCount")]
    total_count: Option<Count>,
    #[serde(rename = "RouterInterfaceSet")]
    set: Option<Set>,
}

/// What every answer may say of itself, empty texts left out.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) request_id: Option<RequestId>,
    /// An error's code, or the "200" that some successes carry.
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    /// `Success`, where the answer has it.
    pub(super) success: Option<bool>,
    /// The vendor's diagnostics link.
    pub(super) recommend: Option<String>,
    /// The interface that the answer is about, where it says so.
    pub(super) interface_id: Option<String>,
    /// What it lists, where it was read at once.
    pub(super) listing: Option<Listing>,
}

/// The body of an answer, and what of it has been read already.
pub(super) struct Body<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) listing: Option<Listing>,
}

impl<'a> From<&'a [u8]> for Body<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { bytes, listing: None }
    }
}

/// Reads what an answer says of itself.
pub(super) fn envelope(body: &[u8]) -> Result<Envelope, serde_json::Error> {
    let fields: Fields<IgnoredAny, IgnoredAny> = serde_json::from_slice(body)?;
    Ok(fields.into_envelope(|_, _| None))
}

/// Reads what the answer to a listing says of itself, and what it lists, at once. What is not both of that is read as any other
/// answer is: what is wrong with it is then told apart.
pub(super) fn listed_envelope(body: &[u8]) -> Result<Envelope, serde_json::Error> {
    let Ok(fields) = serde_json::from_slice::<Fields<Loose, InterfaceSet>>(body) else { return envelope(body) };
    Ok(fields.into_envelope(|total_count, set| Some(Listing { total_count: total_count?, set: set? })))
}

impl<Count, Set> Fields<Count, Set> {
    fn into_envelope(self, listing: impl FnOnce(Option<Count>, Option<Set>) -> Option<Listing>) -> Envelope {
        Envelope {
            request_id: said(self.request_id).map(|id| RequestId(id.into())),
            code: said(self.code),
            message: said(self.message),
            success: said(self.success).map(|word| !word.eq_ignore_ascii_case("false")),
            recommend: said(self.recommend),
            interface_id: said(self.interface_id),
            listing: listing(self.total_count, self.set),
        }
    }
}

/// What an answer lists.
#[derive(Debug, Deserialize)]
pub(super) struct Listing {
    #[serde(rename = "TotalCount")]
    total_count: Loose,
    #[serde(rename = "RouterInterfaceSet")]
    set: InterfaceSet,
}

#[derive(Debug, Deserialize)]
struct InterfaceSet {
    #[serde(rename = "RouterInterfaceType")]
    interfaces: Vec<Interface>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Interface {
    router_interface_id: Option<Loose>,
    status: Option<Loose>,
    business_status: Option<Loose>,
    role: Option<Loose>,
    name: Option<Loose>,
    description: Option<Loose>,
    router_id: Option<Loose>,
    router_type: Option<Loose>,
    spec: Option<Loose>,
    opposite_interface_id: Option<Loose>,
    opposite_region_id: Option<Loose>,
    opposite_router_id: Option<Loose>,
    opposite_router_type: Option<Loose>,
    opposite_interface_owner_id: Option<Loose>,
    opposite_interface_status: Option<Loose>,
    opposite_interface_business_status: Option<Loose>,
}

/// Reads one page of a listing of `region` that was asked for at `asked`.
pub(super) fn page<'a>(
    body: impl Into<Body<'a>>,
    region: &Region,
    request_id: RequestId,
    asked: BootTime,
) -> Result<Page, serde_json::Error> {
    let Body { bytes, listing } = body.into();
    let listing = listing.map_or_else(|| serde_json::from_slice(bytes), Ok)?;
    let total_count = listing.total_count.0.parse().map_err(|_| serde_json::Error::custom("TotalCount is no count"))?;
    let interfaces = listing.set.interfaces.into_iter().map(|interface| observed(interface, region));
    Ok(Page { interfaces: interfaces.collect::<Result<_, _>>()?, total_count, request_id, asked })
}

fn observed(interface: Interface, region: &Region) -> Result<Observed, serde_json::Error> {
    let id = said(interface.router_interface_id)
        .ok_or_else(|| serde_json::Error::custom("an interface without RouterInterfaceId"))?;
    let status = said(interface.status)
        .ok_or_else(|| serde_json::Error::custom(format_args!("interface {id:?} without Status")))?;
    let boxed = |scalar| said(scalar).map(String::into_boxed_str);
    Ok(Observed {
        id: RouterInterfaceId::from(id),
        region: region.clone(),
        status: Status::parse(&status),
        // Left out by the API means that nothing holds the interface.
        business_status: said(interface.business_status).map_or(BusinessStatus::Normal, BusinessStatus::from),
        role: said(interface.role).and_then(|word| role(&word)),
        name: boxed(interface.name),
        description: boxed(interface.description),
        router_id: boxed(interface.router_id),
        router_type: boxed(interface.router_type),
        specification: boxed(interface.spec),
        opposite: Opposite {
            interface_id: said(interface.opposite_interface_id).map(RouterInterfaceId::from),
            region: said(interface.opposite_region_id).map(Region::from),
            router_id: boxed(interface.opposite_router_id),
            router_type: boxed(interface.opposite_router_type),
            owner_id: said(interface.opposite_interface_owner_id).map(AccountId::from),
            status: said(interface.opposite_interface_status).map(|word| Status::parse(&word)),
            business_status: said(interface.opposite_interface_business_status).map(BusinessStatus::from),
        },
    })
}

fn role(word: &str) -> Option<Role> {
    [("InitiatingSide", Role::InitiatingSide), ("AcceptingSide", Role::AcceptingSide)]
        .into_iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word))
        .map(|(_, role)| role)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    router_interface_id: Option<Loose>,
    health_check_status: Option<Loose>,
}

/// Reads what the health check of one interface says; `None` for a success without an interface, which is what an id gets
/// that nobody knows.
pub(super) fn health(body: &[u8]) -> Result<Option<HealthCheckStatus>, serde_json::Error> {
    let attribute: Attribute = serde_json::from_slice(body)?;
    if said(attribute.router_interface_id).is_none() {
        return Ok(None);
    }
    let status = said(attribute.health_check_status).map(HealthCheckStatus::from);
    status.map(Some).ok_or_else(|| serde_json::Error::custom("an interface without HealthCheckStatus"))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Caller {
    account_id: Loose,
    arn: Loose,
}

/// Reads whose credentials signed.
pub(super) fn identity(body: &[u8]) -> Result<Identity, serde_json::Error> {
    let Caller { account_id: Loose(account_id), arn: Loose(arn) } = serde_json::from_slice(body)?;
    if account_id.is_empty() {
        return Err(serde_json::Error::custom("an empty AccountId"));
    }
    Ok(Identity { account_id: AccountId::from(account_id), arn })
}

#[cfg(test)]
mod tests;
