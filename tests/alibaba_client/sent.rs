//! What the client puts on the wire.

use std::time::Duration;

use rictl::alibaba::{Client, Settings, StaticCredentials};
use rictl::bounds;
use rictl::clock::BootTime;
use rictl::cloud::events::{EventsQuery, EventsRead as _};
use rictl::cloud::routes::RoutesRead as _;
use rictl::cloud::traffic::{Direction, TrafficRead as _};
use rictl::cloud::{
    Call, Cloud as _, CloudRead as _, Effect, ErrorKind, Mutation, Permit, RequestId, Selection, Terms,
};
use rictl::resource::{AccountName, Router};
use rictl::signature::{canonical_query, v1, v3};
use rictl::spec::SignatureVersion;

use super::scripted::{Recorded, Server, dated, json};
use super::{ACCEPTED, EMPTY_PAGE, NOW, SECRET, TOKEN, client, clock, credentials, query, scope, settings};

#[tokio::test]
async fn v3_signs_with_headers_and_keeps_the_url_clean() {
    let server = Server::answering([json(200, EMPTY_PAGE)]).await;
    let ids = Selection::Ids(vec!["ri-1".into(), "ri-2".into()]);
    client(&server).describe(&scope(), &query(ids)).await.unwrap();

    let request = server.only_request();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/"));
    assert_eq!(
        request.raw_query,
        "Filter.1.Key=RouterInterfaceId&Filter.1.Value.1=ri-1&Filter.1.Value.2=ri-2&Format=JSON&PageNumber=2&\
         PageSize=50&RegionId=cn-shanghai"
    );
    for (name, value) in [
        ("x-acs-action", "DescribeRouterInterfaces"),
        ("x-acs-version", "2016-04-28"),
        ("x-acs-date", NOW),
        ("x-acs-security-token", TOKEN),
        ("host", server.authority()),
        ("content-length", "0"),
    ] {
        assert_eq!(request.header(name), value, "{name}");
    }
    assert_eq!(request.header("authorization"), recomputed_authorization(&request));
    assert!(!request.headers.iter().any(|(name, _)| name == "accept-encoding" || name == "cookie"));
}

/// Each read beside the interfaces: service, version, what is asked for.
#[tokio::test]
async fn what_rides_on_a_link_is_asked_of_three_services() {
    const TABLES: &str = r#"{"RequestId":"R","TotalCount":0,"RouterTableList":{"RouterTableListType":[]}}"#;
    const ENTRIES: &str = r#"{"RequestId":"R","RouteEntrys":{"RouteEntry":[]}}"#;
    const POINTS: &str = r#"{"RequestId":"R","Code":"200","Message":"odd words","Success":true,"Datapoints":"[]"}"#;
    const EVENTS: &str = r#"{"RequestId":"R","Events":[]}"#;
    let server = Server::answering([TABLES, ENTRIES, POINTS, EVENTS].map(|body| json(200, body))).await;
    let client = client(&server);
    let router = Router { scope: scope(), id: "vbr-1".into(), kind: None };
    client.route_tables(&router, 1).await.unwrap();
    client.routes(&router, "vtb-1", Some("a token")).await.unwrap();
    client.traffic(&scope(), Direction::Out, &["ri-1".into(), "ri-2".into()]).await.unwrap();
    let (from, to) = ("2026-01-01T00:00:00.5Z".parse().unwrap(), NOW.parse().unwrap());
    let asked = EventsQuery { id: "ri-1".into(), from, to, next_token: Some("t".into()) };
    client.events(&scope(), &asked).await.unwrap();

    let sent: Vec<(String, String, String)> = server
        .requests()
        .iter()
        .map(|request| {
            assert_eq!(request.header("authorization"), recomputed_authorization(request));
            let header = |name| request.header(name).to_owned();
            (header("x-acs-action"), header("x-acs-version"), request.raw_query.clone())
        })
        .collect();
    let expected = [
        (
            "DescribeRouteTableList",
            "2016-04-28",
            "Format=JSON&PageNumber=1&PageSize=50&RegionId=cn-shanghai&RouterId=vbr-1&RouterType=VBR",
        ),
        (
            "DescribeRouteEntryList",
            "2016-04-28",
            "Format=JSON&MaxResult=100&NextHopType=RouterInterface&NextToken=a%20token&RegionId=cn-shanghai&\
             RouteTableId=vtb-1",
        ),
        (
            "DescribeMetricLast",
            "2019-01-01",
            "Dimensions=%5B%7B%22instanceId%22%3A%22ri-1%22%7D%2C%7B%22instanceId%22%3A%22ri-2%22%7D%5D&Format=JSON&\
             MetricName=TransportedBandwidth&Namespace=acs_express_connect&Period=60&RegionId=cn-shanghai",
        ),
        (
            "LookupEvents",
            "2020-07-06",
            "Direction=BACKWARD&EndTime=2026-03-01T12%3A00%3A00Z&Format=JSON&LookupAttribute.1.Key=ResourceName&\
             LookupAttribute.1.Value=ri-1&LookupAttribute.2.Key=EventRW&LookupAttribute.2.Value=Write&MaxResults=50&\
             NextToken=t&StartTime=2026-01-01T00%3A00%3A00Z",
        ),
    ];
    assert_eq!(
        sent,
        expected.map(|(action, version, query)| (action.to_owned(), version.to_owned(), query.to_owned()))
    );
}

/// Points come in pages, and the answer has no say in which interfaces it is about.
#[tokio::test]
async fn points_are_followed_and_those_of_strangers_dropped() {
    let page = |points: &str, token: &str| {
        let text = serde_json::to_string(points).unwrap();
        json(200, &format!(r#"{{"RequestId":"R","Code":"200","Datapoints":{text},"NextToken":"{token}"}}"#))
    };
    let point =
        |id: &str, millis: u32, value: u32| format!(r#"{{"instanceId":"{id}","timestamp":{millis},"Value":{value}}}"#);
    let first = format!("[{},{}]", point("ri-1", 60_000, 7), point("ri-9", 60_000, 9));
    let server = Server::answering([page(&first, "more"), page(&format!("[{}]", point("ri-1", 120_000, 8)), "")]).await;
    let points = client(&server).traffic(&scope(), Direction::In, &["ri-1".into(), "ri-2".into()]).await.unwrap();
    let told: Vec<_> =
        points.iter().map(|point| (point.id.as_str(), point.at.as_millisecond(), point.bits_per_second)).collect();
    assert_eq!(told, [("ri-1", 120_000, 8)], "the newest");

    let endless = std::iter::repeat_with(|| page("[]", "more")).take(bounds::METRIC_PAGES + 1);
    let server = Server::answering(endless).await;
    let error = client(&server).traffic(&scope(), Direction::In, &["ri-1".into()]).await.unwrap_err();
    assert_eq!((error.kind, server.requests().len()), (ErrorKind::Malformed, bounds::METRIC_PAGES));
}

fn recomputed_authorization(request: &Recorded) -> String {
    let signed = request.signed_headers();
    assert_eq!(signed.len(), 8);
    let signature = v3::sign(SECRET, &v3::string_to_sign(&request.canonical_v3()));
    v3::authorization("LTAItest", &signed, &signature)
}

#[tokio::test]
async fn v1_signs_the_query() {
    let server = Server::answering([json(200, ACCEPTED)]).await;
    let settings = Settings { signature: SignatureVersion::V1, ..settings(&server) };
    let client = Client::new(StaticCredentials(credentials(true)), settings, clock());
    let id = client.call(&scope(), &Mutation::of(Call::Activate, "ri-1".into()), Permit::free()).await.unwrap();
    assert_eq!(id.request_id, RequestId("REQ-1".into()));

    let request = server.only_request();
    let (signature, signed): (Vec<_>, Vec<_>) = request.query.iter().cloned().partition(|(key, _)| key == "Signature");
    let expected = v1::sign(SECRET, &v1::string_to_sign("POST", &signed));
    assert_eq!(signature, [("Signature".to_owned(), expected)]);
    assert!(canonical_query(&signed).contains("Action=ActivateRouterInterface&Format=JSON&RegionId=cn-shanghai"));
    assert!(request.raw_query.contains("SecurityToken=token%2Fwith%2Bsigns%3D"));
    assert!(!request.headers.iter().any(|(name, _)| name == "authorization" || name.starts_with("x-acs-")));
}

#[tokio::test]
async fn every_attempt_has_its_own_nonce() {
    let server = Server::answering([json(200, ACCEPTED), json(200, ACCEPTED)]).await;
    let client = client(&server);
    for _ in 0..2 {
        client.call(&scope(), &Mutation::of(Call::Deactivate, "ri-1".into()), Permit::free()).await.unwrap();
    }
    let requests = server.requests();
    assert_ne!(requests[0].header("x-acs-signature-nonce"), requests[1].header("x-acs-signature-nonce"));
}

/// The clock of this machine is wrong by an hour; the API's own, as it was told, is what counts.
#[tokio::test]
async fn what_is_signed_back_goes_by_the_time_that_the_api_told() {
    let told = dated("Sun, 01 Mar 2026 13:00:00 GMT", EMPTY_PAGE);
    let server = Server::answering([told, json(200, ACCEPTED)]).await;
    let client = client(&server);
    client.describe(&scope(), &query(Selection::All)).await.unwrap();
    let terms = Terms { until: None, signed_back: Duration::from_secs(14 * 60) };
    let deactivation = Mutation::of(Call::Deactivate, "ri-1".into());
    client.call(&scope(), &deactivation, Permit::free().under(terms)).await.unwrap();
    let dates: Vec<String> = server.requests().iter().map(|sent| sent.header("x-acs-date").to_owned()).collect();
    assert_eq!(dates[0], NOW);
    assert!(dates[1].starts_with("2026-03-01T12:46:0"), "{dates:?}");
}

#[tokio::test]
async fn what_is_too_late_once_it_is_signed_does_not_leave() {
    let server = Server::answering([json(200, ACCEPTED)]).await;
    let client = client(&server);
    let terms = Terms { until: Some(BootTime::now()), signed_back: Duration::ZERO };
    tokio::time::sleep(Duration::from_millis(2)).await;
    let deactivation = Mutation::of(Call::Deactivate, "ri-1".into());
    let error = client.call(&scope(), &deactivation, Permit::free().under(terms)).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::TooLate, Effect::None));
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn asks_sts_who_signs() {
    let body = r#"{"RequestId":"R","AccountId":"1234567890123456","Arn":"acs:ram::1234567890123456:user/u"}"#;
    let server = Server::answering([json(200, body)]).await;
    let identity = client(&server).identity(&AccountName::default_account()).await.unwrap();
    assert_eq!(identity.account_id, "1234567890123456".into());
    let request = server.only_request();
    assert_eq!(request.header("x-acs-version"), "2015-04-01");
    assert_eq!(request.header("x-acs-action"), "GetCallerIdentity");
}
