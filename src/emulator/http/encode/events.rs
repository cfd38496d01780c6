//! Events of ActionTrail.

use serde_json::{Map, Value, json};

use super::fields::{object, second};
use crate::emulator::request::VPC_VERSION;
use crate::emulator::trail::{RESOURCE_TYPE, TrailRow, TrailRows};

pub(super) fn events(page: &TrailRows) -> Map<String, Value> {
    let mut body = object(json!({
        "StartTime": second(page.start),
        "EndTime": second(page.end),
        "Events": page.rows.iter().map(event).collect::<Vec<_>>(),
    }));
    if let Some(token) = &page.next_token {
        body.insert("NextToken".to_owned(), json!(token));
    }
    body
}

fn event(row: &TrailRow) -> Value {
    let deed = &row.deed;
    let (id, region) = (row.interface.as_str(), deed.region.as_str());
    let mut fields = object(json!({
        "eventId": row.id,
        "eventVersion": 1,
        "eventName": row.name,
        "eventTime": second(row.at),
        "eventRW": "Write",
        "eventType": row.event_type(),
        "eventCategory": "Management",
        "requestId": row.request_id,
        "acsRegion": region,
        "serviceName": "Vpc",
        "apiVersion": VPC_VERSION,
        "sourceIpAddress": deed.address,
        "userAgent": deed.user_agent,
        "resourceName": id,
        "resourceType": RESOURCE_TYPE,
        "referencedResources": {RESOURCE_TYPE: [id]},
        "requestParameters": {"RegionId": region, "RouterInterfaceId": id},
        "recipientAccountId": deed.account.as_str(),
        "isGlobal": false,
        "userIdentity": {
            "type": deed.identity,
            "principalId": deed.principal,
            "accountId": deed.account.as_str(),
            "userName": deed.user,
            "accessKeyId": deed.access_key_id,
        },
    }));
    if let Some(error) = &deed.error {
        fields.insert("errorCode".to_owned(), json!(error.code));
        fields.insert("errorMessage".to_owned(), json!(error.message));
    }
    Value::Object(fields)
}
