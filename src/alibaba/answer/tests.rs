//! Mutated answers: what a proxy, a portal or a broken gateway may make of one.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and prints what it counted")]

use serde_json::Value;

use super::super::request::Service;
use super::*;
use crate::bounds;
use crate::clock::BootTime;
use crate::feed;
use crate::resource::{AccountName, Region, Router, Scope, Status};

const BODIES: [&str; 11] = [
    r#"{"RequestId":"4EC47282-1B74-4534-BD0E-403F3EE64CAF","TotalCount":2,"PageNumber":1,"PageSize":50,
        "RouterInterfaceSet":{"RouterInterfaceType":[
        {"RouterInterfaceId":"ri-a","Status":"Active","BusinessStatus":"Normal","Role":"InitiatingSide",
         "Spec":"Large.2","RouterType":"VBR","RouterId":"vbr-1","OppositeInterfaceId":"ri-b","Name":"sh \u00fc",
         "OppositeInterfaceStatus":"Active","OppositeInterfaceOwnerId":1234567890123456},
        {"RouterInterfaceId":"ri-b","Status":"Deactivating","BusinessStatus":"FinancialLocked","CrossBorder":false,
         "Bandwidth":2048,"Role":"AcceptingSide","OppositeInterfaceId":"ri-a","Tags":{"Tags":[]}}]}}"#,
    r#"{"RequestId":"R-2","TotalCount":0,"RouterInterfaceSet":{"RouterInterfaceType":[]}}"#,
    r#"{"RequestId":"R-3"}"#,
    r#"{"RequestId":"R-4","Success":true,"Code":"200","RouterInterfaceId":"ri-a"}"#,
    r#"{"RequestId":"R-5","HostId":"vpc.aliyuncs.com","Code":"IncorrectRIStatus","Message":"not now","Recommend":"https://a/b"}"#,
    r#"{"requestId":"R-6","success":false,"code":"Throttling.User","message":"Server string to sign is:POST&%2F"}"#,
    r#"{"RequestId":"R-7","AccountId":"1234567890123456","Arn":"acs:ram::1234567890123456:root","UserId":"1"}"#,
    r#"{"RequestId":"R-8","TotalCount":1,"RouterTableList":{"RouterTableListType":[{"RouteTableId":"vtb-1","RouterId":"vrt-1"}]}}"#,
    r#"{"RequestId":"R-9","NextToken":"t","RouteEntrys":{"RouteEntry":[{"RouteTableId":"vtb-1","DestinationCidrBlock":"10.8.0.0/16",
        "NextHops":{"NextHop":[{"NextHopId":"ri-a","NextHopType":"RouterInterface","Enabled":1,"Weight":100},
        {"NextHopId":"ri-b","NextHopType":"RouterInterface","Enabled":0,"Weight":0}]}}]}}"#,
    r#"{"RequestId":"R-10","Code":"200","Success":true,"Datapoints":"[{\"timestamp\":1767225600000,\"instanceId\":\"ri-a\",\"Value\":12.5}]"}"#,
    r#"{"RequestId":"R-11","Events":[{"eventName":"DeactivateRouterInterface","eventTime":"2026-01-01T00:00:00Z","eventRW":"Write",
        "requestId":"R","resourceName":"ri-a","errorCode":"","userAgent":"curl\u001b[2J","referencedResources":{"a":["ri-a"]},
        "userIdentity":{"type":"ram-user","principalId":1,"userName":"alice"}}]}"#,
];

/// What a second reader makes of a scalar.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Fails where what was read does not stand in the body, by another reading of it that understands it.
fn assert_stands_in(body: &[u8], request_id: &RequestId) {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return };
    let told = value.get("RequestId").or(value.get("requestId")).unwrap();
    assert_eq!(text(told), *request_id.0, "{value}");
    let code = value.get("Code").or(value.get("code")).filter(|code| !code.is_null()).map(text);
    assert!(code.is_none_or(|code| code.is_empty() || SUCCESS_CODES.contains(&code.trim())), "{value}");
    let Ok(page) = wire::page(body, &Region::from("cn-shanghai"), request_id.clone(), BootTime::now()) else { return };
    let Some(rows) = value.pointer("/RouterInterfaceSet/RouterInterfaceType") else { return };
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), page.interfaces.len(), "{value}");
    for (row, observed) in rows.iter().zip(&page.interfaces).filter(|(row, _)| row.is_object()) {
        assert_eq!(text(&row["RouterInterfaceId"]), observed.id.as_str(), "{value}");
        assert_eq!(Status::parse(&text(&row["Status"])), observed.status, "{value}");
    }
}

/// Fails where a listing that is read at once is another than one that is read piece by piece.
fn assert_read_at_once_as_apart(body: &[u8]) {
    let said = |envelope: Result<Envelope, serde_json::Error>| {
        envelope.map(|envelope| Envelope { listing: None, ..envelope }).map_err(|error| error.to_string())
    };
    assert_eq!(format!("{:?}", said(wire::listed_envelope(body))), format!("{:?}", said(wire::envelope(body))));
    let Ok(envelope) = wire::listed_envelope(body) else { return };
    let page = |body: wire::Body<'_>| {
        let read = wire::page(body, &Region::from("cn-shanghai"), RequestId("R".into()), BootTime::now());
        read.map(|page| (page.interfaces, page.total_count)).map_err(|error| error.to_string())
    };
    let at_once = page(wire::Body { bytes: body, listing: envelope.listing });
    assert_eq!(format!("{at_once:?}"), format!("{:?}", page(body.into())));
}

/// Reads what rides on a link; fails where it was read and does not stand in the body, by another reading of it.
fn rides_on_a_link(body: &[u8], request_id: &RequestId) -> bool {
    let scope = Scope { account: AccountName::default_account(), region: Region::from("cn-shanghai") };
    let router = Router { scope, id: "vrt-1".into(), kind: None };
    let raw = String::from_utf8_lossy(body);
    let stands_in = |word: &str| {
        let escaped = Value::from(word).to_string();
        let escaped = &escaped[1..escaped.len() - 1];
        // As it is, or as another reader would write it; that one may refuse what ours takes.
        let other = serde_json::from_slice::<Value>(body).ok();
        raw.contains(word) || other.is_none_or(|value| value.to_string().contains(escaped))
    };
    let tables = wire::routes::tables(body, &router, request_id.clone());
    if let Ok(page) = &tables {
        assert!(page.tables.iter().all(|table| stands_in(table)), "{}", String::from_utf8_lossy(body));
    }
    let entries = wire::routes::entries(body, "vtb-1", request_id.clone());
    if let Ok(page) = &entries {
        for route in &page.routes {
            assert!(stands_in(&route.prefix) && route.next_hops.iter().all(|hop| stands_in(hop.id.as_str())));
        }
    }
    let points = wire::traffic::points(body).is_ok_and(|page| !page.points.is_empty());
    let events = wire::events::events(body, &"ri-a".into());
    if let Ok(page) = &events {
        assert!(
            page.events.iter().all(|event| event.name.len() <= bounds::EVENT_TEXT),
            "{}",
            String::from_utf8_lossy(body)
        );
    }
    tables.is_ok() || entries.is_ok() || points || events.is_ok()
}

#[test]
fn a_mutated_answer_is_what_it_says_or_refused() {
    let action = Action::new(Service::Vpc, "DescribeRouterInterfaces", Vec::new());
    let endpoint = "https://vpc.example.com".parse().unwrap();
    let credentials = Credentials {
        access_key_id: "LTAI5tEXAMPLE".to_owned(),
        access_key_secret: "a secret".into(),
        security_token: None,
        expires_at: None,
    };
    let asked = Asked {
        action: &action,
        endpoint: &endpoint,
        credentials: &credentials,
        string_to_sign: "POST&%2F",
        now: Timestamp::UNIX_EPOCH,
    };
    let bodies: Vec<Vec<u8>> = BODIES.iter().map(|body| body.as_bytes().to_vec()).collect();
    for status in [200, 400, 503] {
        feed::feed(&format!("answer {status}"), &bodies, |body| {
            assert_read_at_once_as_apart(body);
            let answer = Answer {
                status,
                content_type: None,
                date: Some(Timestamp::UNIX_EPOCH),
                retry_after: None,
                body: body.to_vec(),
            };
            match asked.success(&answer) {
                Ok((_, request_id)) => {
                    assert!(status == 200 && !request_id.0.is_empty(), "{}", String::from_utf8_lossy(body));
                    assert_stands_in(body, &request_id);
                    rides_on_a_link(body, &request_id)
                        || wire::identity(body).is_ok_and(|identity| !identity.account_id.as_str().is_empty())
                        || wire::page(body, &Region::from("cn-shanghai"), request_id, BootTime::now()).is_ok()
                }
                Err(error) => {
                    // Only the API's own refusal, which has a code and a RequestId, says that nothing was done.
                    let is_known = error.code.is_some() && error.request_id().is_some();
                    assert!(is_known || error.effect == Effect::InDoubt, "{}", String::from_utf8_lossy(body));
                    false
                }
            }
        });
    }
}
