//! Router interfaces, as lists and the attribute call tell of them, and what the calls of their life answer.
//!
//! Which side is told what of the other one is after answers of the real API: the accepting side of a link to a border
//! router lacks the size and the VPC of that, and has its access point (docs/reference/api.md#describe).

use serde_json::{Map, Value, json};

use super::fields::{object, second};
use crate::emulator::answer::{Listing, Row, TagRows};
use crate::emulator::details::{CREATED, Details, bandwidth, usual_access_point};
use crate::emulator::routes::vpc_of;
use crate::emulator::seed::ChargeSeed;
use crate::resource::{Region, Role, RouterInterfaceId, Status};

/// What the API gives as the end of pay-as-you-go.
const NEVER: &str = "2999-09-08T16:00:00Z";

pub(super) fn created(id: &RouterInterfaceId, order: Option<u64>) -> Map<String, Value> {
    let mut fields = object(json!({ "RouterInterfaceId": id.as_str() }));
    fields.extend(order.map(|order| ("OrderId".to_owned(), json!(order))));
    fields
}

pub(super) fn tags(page: &TagRows) -> Map<String, Value> {
    let rows = page.rows.iter().map(|tag| {
        json!({
            "ResourceId": tag.id.as_str(),
            "ResourceType": "ROUTERINTERFACE",
            "TagKey": tag.key,
            "TagValue": tag.value,
        })
    });
    let mut fields = object(json!({ "TagResources": { "TagResource": rows.collect::<Vec<_>>() } }));
    fields.extend(page.next_token.as_ref().map(|token| ("NextToken".to_owned(), json!(token))));
    fields
}

pub(super) fn listing(page: &Listing) -> Map<String, Value> {
    let rows: Vec<Value> = page
        .rows
        .iter()
        .map(|found| {
            let mut fields = row(found);
            fields.extend(object(json!({"FastLinkMode": found.details.is_fast_link, "Ipv6Status": "off"})));
            Value::Object(fields)
        })
        .collect();
    object(json!({
        "PageNumber": page.page_number,
        "PageSize": page.page_size,
        "TotalCount": page.total_count,
        "RouterInterfaceSet": {"RouterInterfaceType": rows},
    }))
}

pub(super) fn attribute(found: &Row) -> Map<String, Value> {
    let mut fields = row(found);
    fields.extend(object(json!({
        "FastLinkMode": found.details.is_fast_link.to_string(),
        "GmtModified": second(found.modified),
        "HealthCheckStatus": found.health.to_string(),
        "Code": 200,
        "Message": "successful",
        "Success": true,
    })));
    fields
}

fn row(found: &Row) -> Map<String, Value> {
    let (observed, details) = (&found.observed, &found.details);
    let tags: Vec<Value> = found.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let fields = json!({
        "RouterInterfaceId": observed.id.as_str(),
        "Status": observed.status.as_str(),
        "BusinessStatus": observed.business_status.to_string(),
        "Role": observed.role,
        "Name": observed.name,
        "Description": observed.description,
        "RouterId": observed.router_id,
        "RouterType": observed.router_type,
        "Spec": observed.specification,
        "Bandwidth": observed.specification.as_deref().and_then(bandwidth),
        "VpcInstanceId": vpc(observed.router_type.as_deref(), observed.router_id.as_deref()),
        "AccessPointId": access_point(
            observed.router_type.as_deref(),
            details.access_point.as_deref(),
            Some(&observed.region),
        ),
        "ChargeType": match details.charge {
            ChargeSeed::PostPaid => "AfterPay",
            ChargeSeed::PrePaid => "Prepaid",
        },
        "CreationTime": second(details.created.unwrap_or(CREATED)),
        "ConnectedTime": found.connected.map(second),
        "EndTime": details.ends.map_or_else(|| NEVER.to_owned(), second),
        "CrossBorder": false,
        "ResourceGroupId": found.resource_group,
        "Tags": {"Tags": tags},
    });
    let all = [object(fields), opposite(found), health_check(details), reservation(details)];
    all.into_iter().flatten().filter(|(_, value)| !value.is_null()).collect()
}

/// Writes what one side is told of the other.
fn opposite(found: &Row) -> Map<String, Value> {
    let opposite = &found.observed.opposite;
    let is_initiator = found.observed.role != Some(Role::AcceptingSide);
    let (kind, router) = (opposite.router_type.as_deref(), opposite.router_id.as_deref());
    // Another account's number is bare, in the same account it is empty.
    let owner = opposite
        .owner_id
        .as_ref()
        .map_or(json!(""), |id| id.as_str().parse::<u64>().map_or_else(|_| json!(id.as_str()), |number| json!(number)));
    let specification = found.opposite_specification.as_deref().filter(|_| is_initiator);
    object(json!({
        "OppositeInterfaceId": opposite.interface_id.as_ref().map(RouterInterfaceId::as_str),
        "OppositeRegionId": opposite.region.as_ref().map(Region::as_str),
        "OppositeRouterId": router,
        "OppositeRouterType": kind,
        "OppositeInterfaceOwnerId": opposite.interface_id.is_some().then_some(owner),
        "OppositeInterfaceStatus": opposite.status.as_ref().map(Status::as_str),
        "OppositeInterfaceBusinessStatus": opposite.business_status.as_ref().map(ToString::to_string),
        "OppositeInterfaceSpec": specification,
        "OppositeBandwidth": specification.and_then(bandwidth),
        "OppositeVpcInstanceId": vpc(kind, router).filter(|_| is_initiator),
        "OppositeAccessPointId": access_point(
            kind,
            found.details.opposite_access_point.as_deref(),
            opposite.region.as_ref(),
        ),
    }))
}

fn vpc(router_type: Option<&str>, router: Option<&str>) -> Option<String> {
    router.filter(|_| router_type == Some("VRouter")).map(vpc_of)
}

/// Returns where the circuit of a border router ends; nothing of a VPC.
fn access_point(router_type: Option<&str>, known: Option<&str>, region: Option<&Region>) -> Option<String> {
    let found = known.map(str::to_owned).or_else(|| region.map(usual_access_point));
    found.filter(|_| router_type == Some("VBR"))
}

/// Writes how the link is probed; the rate as it was asked for, in milliseconds.
fn health_check(details: &Details) -> Map<String, Value> {
    let Some(check) = &details.health_check else { return Map::new() };
    object(json!({
        "HealthCheckSourceIp": check.source,
        "HealthCheckTargetIp": check.target,
        "HcThreshold": check.threshold,
        "HcRate": u64::try_from(check.rate.as_millis()).unwrap_or(u64::MAX),
    }))
}

fn reservation(details: &Details) -> Map<String, Value> {
    let Some(reservation) = &details.reservation else { return object(json!({"HasReservationData": false})) };
    object(json!({
        "HasReservationData": true,
        "ReservationActiveTime": second(reservation.active),
        "ReservationBandwidth": reservation.bandwidth,
        "ReservationInternetChargeType": "PayByBandwidth",
        "ReservationOrderType": reservation.order,
    }))
}
