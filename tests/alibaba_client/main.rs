//! The signed client against a scripted server on loopback: what it sends, and what it makes of each answer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod scripted;
mod secrets;

use std::time::Duration;

use jiff::Timestamp;
use rictl::alibaba::{Client, Credentials, Settings, StaticCredentials, Timeouts};
use rictl::clock::Clock;
use rictl::cloud::{
    Call, Cloud as _, CloudError, CloudRead as _, DescribeQuery, Effect, ErrorKind, Page, Permit, RequestId, Selection,
};
use rictl::resource::{AccountName, Region, RouterInterfaceId, Scope};
use rictl::signature::{canonical_query, v1, v3};
use rictl::spec::SignatureVersion;
use scripted::{Recorded, Reply, Server, json};

const NOW: &str = "2026-03-01T12:00:00Z";
const SECRET: &str = "top/secret+key=";
const TOKEN: &str = "token/with+signs=";

fn credentials(token: bool) -> Credentials {
    Credentials {
        access_key_id: "LTAItest".to_owned(),
        access_key_secret: SECRET.into(),
        security_token: token.then(|| TOKEN.into()),
        expires_at: None,
    }
}

fn settings(server: &Server) -> Settings {
    Settings {
        endpoint: Some(server.url().parse().unwrap()),
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            read: Duration::from_millis(150),
            total: Duration::from_millis(400),
        },
        ..Settings::default()
    }
}

fn clock() -> Clock {
    Clock::starting_at(NOW.parse::<Timestamp>().unwrap())
}

fn client(server: &Server) -> Client<StaticCredentials> {
    Client::new(StaticCredentials(credentials(true)), settings(server), clock())
}

fn scope() -> Scope {
    Scope { account: AccountName::default_account(), region: Region::from("cn-shanghai") }
}

fn query(selection: Selection) -> DescribeQuery {
    DescribeQuery { selection, page_number: 2, page_size: 50 }
}

async fn describe(server: &Server) -> Result<Page, CloudError> {
    client(server).describe(&scope(), &query(Selection::All)).await
}

async fn deactivate(server: &Server) -> Result<RequestId, CloudError> {
    client(server).call(&scope(), Call::Deactivate, &RouterInterfaceId::from("ri-1"), Permit::free()).await
}

const ACCEPTED: &str = r#"{"RequestId":"REQ-1"}"#;
const EMPTY_PAGE: &str = r#"{"RequestId":"REQ-1","TotalCount":0,"RouterInterfaceSet":{"RouterInterfaceType":[]}}"#;

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
    let id = client.call(&scope(), Call::Activate, &"ri-1".into(), Permit::free()).await.unwrap();
    assert_eq!(id, RequestId("REQ-1".into()));

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
        client.call(&scope(), Call::Deactivate, &"ri-1".into(), Permit::free()).await.unwrap();
    }
    let requests = server.requests();
    assert_ne!(requests[0].header("x-acs-signature-nonce"), requests[1].header("x-acs-signature-nonce"));
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

/// What the client makes of answers that are not the API's: each case says kind and effect, and a word of the message.
#[tokio::test]
async fn answers_that_cannot_be_read_leave_a_mutating_call_in_doubt() {
    let huge = || {
        let mut bytes = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n".to_vec();
        bytes.resize(bytes.len() + (9 << 20), b' ');
        Reply::Bytes(bytes)
    };
    let raw = |text: &str| Reply::Bytes(text.as_bytes().to_vec());
    let cases: Vec<(&str, Reply, ErrorKind, &str)> = vec![
        (
            "html",
            raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<html>portal</"),
            ErrorKind::Malformed,
            "<html>portal",
        ),
        ("html said to be json", json(200, "<html>"), ErrorKind::Malformed, "not JSON: <html>"),
        (
            "xml",
            raw("HTTP/1.1 200 OK\r\nContent-Type: text/xml;charset=utf-8\r\nContent-Length: 9\r\n\r\n<R>REQ</R"),
            ErrorKind::Malformed,
            "text/xml",
        ),
        ("byte order mark", json(200, "\u{feff}{\"RequestId\":\"R\"}"), ErrorKind::Malformed, "not JSON"),
        ("empty", json(200, ""), ErrorKind::Malformed, "an empty body"),
        ("empty object", json(200, "{}"), ErrorKind::Malformed, "without RequestId"),
        ("no request id", json(200, r#"{"Success":true}"#), ErrorKind::Malformed, "without RequestId"),
        ("empty request id", json(200, r#"{"RequestId":""}"#), ErrorKind::Malformed, "without RequestId"),
        ("array", json(200, "[]"), ErrorKind::Malformed, "another shape"),
        ("truncated json", json(200, r#"{"RequestId":"R"#), ErrorKind::Malformed, "ends too early"),
        (
            "cut off",
            raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{\"Req"),
            ErrorKind::Interrupted,
            "cut off",
        ),
        (
            "broken chunk",
            raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}"),
            ErrorKind::Interrupted,
            "cut off",
        ),
        ("not http", raw("SSH-2.0-OpenSSH_9.6\r\n"), ErrorKind::Interrupted, "cut off"),
        ("closed", raw(""), ErrorKind::Interrupted, "cut off"),
        ("reset", Reply::Reset, ErrorKind::Interrupted, "cut off"),
        ("hangs", Reply::Hang, ErrorKind::Interrupted, "in time"),
        ("drips", Reply::Drip, ErrorKind::Interrupted, "in time"),
        ("huge", huge(), ErrorKind::Malformed, "more than 8 MiB"),
        (
            "redirect",
            raw("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"),
            ErrorKind::Malformed,
            "redirect",
        ),
        ("moved", raw("HTTP/1.1 307 T\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), ErrorKind::Malformed, "HTTP 307"),
        ("error without code", json(400, ACCEPTED), ErrorKind::Malformed, "an error without Code"),
        (
            "code without request id",
            json(400, r#"{"Code":"IncorrectRIStatus"}"#),
            ErrorKind::Malformed,
            "without RequestId",
        ),
        (
            "failure without code",
            json(200, r#"{"RequestId":"R","Success":false}"#),
            ErrorKind::Malformed,
            "a failure without Code",
        ),
        (
            "another id",
            json(200, r#"{"RequestId":"R","RouterInterfaceId":"ri-2"}"#),
            ErrorKind::Malformed,
            "another interface",
        ),
        (
            "gateway",
            raw("HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"),
            ErrorKind::Unavailable,
            "HTTP 502",
        ),
        (
            "gateway throttles",
            raw("HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\n\r\n"),
            ErrorKind::Throttled,
            "HTTP 429",
        ),
    ];
    for (name, reply, kind, words) in cases {
        let server = Server::answering([reply.clone()]).await;
        let error = deactivate(&server).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (kind, Effect::InDoubt), "{name}: {error}");
        assert!(error.message.contains(words), "{name}: {error}");
        assert!(error.message.len() < 500, "{name}: {error}");
        assert_eq!(server.requests().len(), 1, "{name} was sent more than once");

        let server = Server::answering([reply]).await;
        let error = describe(&server).await.unwrap_err();
        if name == "another id" {
            assert!(error.message.contains("shape"), "{error}");
        } else {
            assert_eq!(error.kind, kind, "{name}: {error}");
        }
    }
}

#[tokio::test]
async fn the_apis_errors_keep_code_words_id_and_link() {
    let body = r#"{"RequestId":"REQ-9","HostId":"vpc","Code":"IncorrectStatus","Message":"only when Active",
                   "Recommend":"https://api.example.com/?x=1"}"#;
    let server = Server::answering([json(400, body)]).await;
    let error = deactivate(&server).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::IncorrectStatus, Effect::Refused));
    assert_eq!(error.code.as_deref(), Some("IncorrectStatus"));
    assert_eq!(error.request_id, Some(RequestId("REQ-9".into())));
    assert_eq!(error.recommend.as_deref(), Some("https://api.example.com/?x=1"));
    assert_eq!(
        error.to_string(),
        "DeactivateRouterInterface answered IncorrectStatus: only when Active (RequestId REQ-9)"
    );
}

#[tokio::test]
async fn the_body_decides_before_the_status() {
    for (status, body, expected) in [
        (200, r#"{"RequestId":"R","Code":"200","Success":true,"Message":"successful"}"#, None),
        (200, r#"{"RequestId":"R","Code":200,"Success":"true"}"#, None),
        (200, r#"{"RequestId":"R","Code":"","Success":true}"#, None),
        (200, r#"{"RequestId":"R","Code":"TaskConflict"}"#, Some((ErrorKind::Conflict, Effect::Refused))),
        (200, r#"{"RequestId":"R","Code":"Brand.New","Success":false}"#, Some((ErrorKind::Other, Effect::Refused))),
        (200, r#"{"RequestId":"R","Code":"InternalError"}"#, Some((ErrorKind::Unavailable, Effect::InDoubt))),
        (
            400,
            r#"{"requestId":"R","code":"Throttling.User","message":"m"}"#,
            Some((ErrorKind::Throttled, Effect::None)),
        ),
        (503, r#"{"RequestId":"R","Code":"ServiceUnavailable"}"#, Some((ErrorKind::Unavailable, Effect::InDoubt))),
        (500, r#"{"RequestId":"R","Code":"Brand.New"}"#, Some((ErrorKind::Unavailable, Effect::InDoubt))),
        (400, r#"{"RequestId":"R","Code":"SignatureNonceUsed"}"#, Some((ErrorKind::NonceUsed, Effect::InDoubt))),
        (403, r#"{"RequestId":"R","Code":"Forbidden.RAM"}"#, Some((ErrorKind::Denied, Effect::Refused))),
        (
            404,
            r#"{"RequestId":"R","Code":"InvalidRegionId.NotFound"}"#,
            Some((ErrorKind::InvalidRegion, Effect::Refused)),
        ),
    ] {
        let server = Server::answering([json(status, body)]).await;
        let outcome = deactivate(&server).await;
        assert_eq!(outcome.err().map(|error| (error.kind, error.effect)), expected, "{status} {body}");
    }
}

#[tokio::test]
async fn hands_on_how_long_the_api_asked_to_wait() {
    let body = r#"{"RequestId":"R","Code":"Throttling"}"#;
    let reply = format!(
        "HTTP/1.1 400 B\r\nx-acs-retry-after: 1500\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let server = Server::answering([Reply::Bytes(reply.into_bytes())]).await;
    assert_eq!(deactivate(&server).await.unwrap_err().retry_after, Some(Duration::from_millis(1500)));
}

#[tokio::test]
async fn denial_names_the_action_to_grant() {
    let server = Server::answering([json(403, r#"{"RequestId":"R","Code":"NoPermission","Message":"m"}"#)]).await;
    let hint = deactivate(&server).await.unwrap_err().hint.unwrap();
    assert!(hint.contains("vpc:DeactivateRouterInterface"), "{hint}");
}

#[tokio::test]
async fn a_listing_of_what_was_not_asked_for_is_refused() {
    let body = r#"{"RequestId":"R","TotalCount":1,"RouterInterfaceSet":{"RouterInterfaceType":[
                   {"RouterInterfaceId":"ri-9","Status":"Active"}]}}"#;
    let server = Server::answering([json(200, body)]).await;
    let error = client(&server).describe(&scope(), &query(Selection::Ids(vec!["ri-1".into()]))).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);
    assert!(error.message.contains("ri-9"), "{error}");
}

#[tokio::test]
async fn says_whether_the_secret_or_the_signed_text_is_at_fault() {
    for (signature, marker) in [
        (SignatureVersion::V1, "server string to sign is:"),
        (SignatureVersion::V3, "server string to sign is:"),
        (SignatureVersion::V3, "server StringToSign is ["),
    ] {
        let echo = move |request: &Recorded| {
            let ours = match signature {
                SignatureVersion::V1 => v1::string_to_sign("POST", &request.query_without("Signature")),
                SignatureVersion::V3 => v3::string_to_sign(&request.canonical_v3()),
            };
            mismatch(&format!("Specified signature is not matched with our calculation. {marker}{ours}"))
        };
        let server = Server::answering([Reply::Computed(std::sync::Arc::new(echo))]).await;
        let error = deactivate_signed(&server, signature).await;
        assert_eq!((error.kind, error.effect), (ErrorKind::Credentials, Effect::Refused));
        assert!(error.hint.as_deref().unwrap().contains("the access key secret is wrong"), "{error:?}");
        assert_eq!(&*error.message, "Specified signature is not matched with our calculation.");

        let other = mismatch(&format!("Not matched. {marker}POST&%2F&other{TOKEN}"));
        let server = Server::answering([other]).await;
        let error = deactivate_signed(&server, signature).await;
        assert!(error.hint.as_deref().unwrap().contains("the API signed another text"), "{error:?}");
        assert!(!format!("{error:?}{error}").contains(TOKEN));
    }
}

fn mismatch(message: &str) -> Reply {
    let body = serde_json::json!({"RequestId": "R", "Code": "SignatureDoesNotMatch", "Message": message});
    json(400, &body.to_string())
}

async fn deactivate_signed(server: &Server, signature: SignatureVersion) -> CloudError {
    let settings = Settings { signature, ..settings(server) };
    let client = Client::new(StaticCredentials(credentials(true)), settings, clock());
    client.call(&scope(), Call::Deactivate, &"ri-1".into(), Permit::free()).await.unwrap_err()
}

#[tokio::test]
async fn measures_the_clock_skew() {
    for (date, words) in [
        ("Sun, 01 Mar 2026 11:41:00 GMT", "this clock is 19 min ahead of the API's"),
        ("Sun, 01 Mar 2026 12:00:30 GMT", "this clock is 30 s behind the API's"),
        ("Mon, 02 Mar 2026 12:00:00 GMT", "this clock is 24 h behind the API's"),
    ] {
        let body = r#"{"RequestId":"R","Code":"InvalidTimeStamp.Expired","Message":"expired"}"#;
        let reply = format!(
            "HTTP/1.1 400 B\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let server = Server::answering([Reply::Bytes(reply.into_bytes())]).await;
        let error = deactivate(&server).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::ClockSkew);
        assert!(error.message.contains(words), "{error}");
    }
}

#[tokio::test]
async fn what_cannot_be_connected_to_had_no_effect() {
    let closed = Server::closed().await;
    let error = deactivate(&closed).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Unreachable, Effect::None), "{error}");
    assert!(error.message.contains("refused"), "{error}");
}

#[tokio::test]
async fn tls_that_cannot_be_trusted_had_no_effect() {
    let server = Server::answering([Reply::Bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())]).await;
    let endpoint = server.url().replace("http://", "https://").parse().unwrap();
    let settings = Settings { endpoint: Some(endpoint), ..settings(&server) };
    let client = Client::new(StaticCredentials(credentials(false)), settings, clock());
    let error = client.call(&scope(), Call::Deactivate, &"ri-1".into(), Permit::free()).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Tls, Effect::None), "{error}");
}

#[tokio::test]
async fn plain_http_is_for_loopback_addresses_only() {
    for endpoint in ["http://192.0.2.1", "http://10.0.0.1:80", "http://[2001:db8::1]"] {
        let settings = Settings { endpoint: Some(endpoint.parse().unwrap()), ..Settings::default() };
        let client = Client::new(StaticCredentials(credentials(false)), settings, clock());
        let error = client.identity(&AccountName::default_account()).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Invalid, Effect::None), "{error}");
        assert!(error.message.contains("is not this machine"), "{error}");
    }
    let server = Server::answering([json(200, ACCEPTED)]).await;
    let by_name = server.url().replace("127.0.0.1", "localhost").parse().unwrap();
    let settings = Settings { endpoint: Some(by_name), ..settings(&server) };
    let client = Client::new(StaticCredentials(credentials(false)), settings, clock());
    client.call(&scope(), Call::Activate, &"ri-1".into(), Permit::free()).await.unwrap();
}

#[tokio::test]
async fn a_region_that_is_no_host_is_refused_unsent() {
    let client = Client::new(StaticCredentials(credentials(false)), Settings::default(), clock());
    let scope = Scope { region: Region::from("evil.example/#"), ..scope() };
    let error = client.call(&scope, Call::Activate, &"ri-1".into(), Permit::free()).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::InvalidRegion, Effect::None));
}
