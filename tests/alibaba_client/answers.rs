//! What the client makes of each answer: kind, effect, words and next step.

use std::sync::Arc;
use std::time::Duration;

use rictl::alibaba::{Client, Settings, StaticCredentials};
use rictl::cloud::{
    Call, Cloud as _, CloudError, CloudRead as _, Effect, ErrorKind, Mutation, Permit, RequestId, Selection,
};
use rictl::signature::{v1, v3};
use rictl::spec::SignatureVersion;

use super::scripted::{Recorded, Reply, Server, json};
use super::{ACCEPTED, TOKEN, client, clock, credentials, deactivate, describe, query, scope, settings};

#[tokio::test]
async fn answers_that_cannot_be_read_leave_a_mutating_call_in_doubt() {
    let huge = || {
        let mut bytes = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n".to_vec();
        bytes.resize(bytes.len() + (9 << 20), b' ');
        Reply::Bytes(bytes)
    };
    let headers = |count: usize, length: usize| {
        let header = format!("x: {}\r\n", "y".repeat(length));
        Reply::Bytes(format!("HTTP/1.1 200 OK\r\n{}\r\n{ACCEPTED}", header.repeat(count)).into_bytes())
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
        ("array", json(200, r#"["R",null,null,null,null,null]"#), ErrorKind::Malformed, "a JSON array"),
        ("string", json(200, r#""R""#), ErrorKind::Malformed, "another shape"),
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
        ("many headers", headers(500, 1), ErrorKind::Interrupted, "cut off"),
        ("long header", headers(1, 2 << 20), ErrorKind::Interrupted, "cut off"),
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
        assert!(error.message.english().contains(words), "{name}: {error}");
        assert!(error.message.english().len() < 500, "{name}: {error}");
        assert_eq!(server.requests().len(), 1, "{name} was sent more than once");

        let server = Server::answering([reply]).await;
        let error = describe(&server).await.unwrap_err();
        if name == "another id" {
            assert!(error.message.english().contains("shape"), "{error}");
            assert_eq!(error.request_id(), Some(&RequestId("R".into())));
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
    assert_eq!(error.request_id(), Some(&RequestId("REQ-9".into())));
    assert_eq!(error.recommend.as_deref(), Some("https://api.example.com/?x=1"));
    assert_eq!(
        error.to_string(),
        "DeactivateRouterInterface answered IncorrectStatus: only when Active (RequestId REQ-9)"
    );
}

#[tokio::test]
async fn the_apis_link_is_shown_where_only_the_vendor_can_help() {
    for (code, shown) in [
        ("Strange.Thing", true),
        ("OperationFailed.OperationLocked", true),
        ("Forbidden.FinancileLocked", true),
        ("IncorrectRIStatus", false),
    ] {
        let body = serde_json::json!({
            "RequestId": "R", "Code": code, "Message": "m", "Recommend": "https://api.example.com/?x=1",
        });
        let server = Server::answering([json(400, &body.to_string())]).await;
        let text = deactivate(&server).await.unwrap_err().with_hint();
        assert_eq!(text.english().ends_with("; the API's advice: https://api.example.com/?x=1"), shown, "{text}");
    }
}

#[tokio::test]
async fn the_body_decides_before_the_status() {
    for (status, body, expected) in [
        (200, r#"{"RequestId":"R","Code":"200","Success":true,"Message":"successful"}"#, None),
        (200, r#"{"RequestId":"R","Code":200,"Success":"true"}"#, None),
        (200, r#"{"RequestId":"R","Code":"","Success":true}"#, None),
        (200, r#"{"RequestId":"R","Code":"TaskConflict"}"#, Some((ErrorKind::Conflict, Effect::InDoubt))),
        (200, r#"{"RequestId":"R","Code":"Brand.New","Success":false}"#, Some((ErrorKind::Other, Effect::InDoubt))),
        (200, r#"{"RequestId":"R","Code":"InternalError"}"#, Some((ErrorKind::Unavailable, Effect::InDoubt))),
        (
            400,
            r#"{"requestId":"R","code":"Throttling.User","message":"m"}"#,
            Some((ErrorKind::Throttled, Effect::None)),
        ),
        (400, r#"{"RequestId":"R","Code":"TaskConflict"}"#, Some((ErrorKind::Conflict, Effect::Refused))),
        (400, r#"{"RequestId":"R","Code":" TaskConflict "}"#, Some((ErrorKind::Conflict, Effect::Refused))),
        (400, r#"{"RequestId":"R","Code":"Brand.New"}"#, Some((ErrorKind::Other, Effect::InDoubt))),
        (408, r#"{"RequestId":"R","Code":"IncorrectRIStatus"}"#, Some((ErrorKind::IncorrectStatus, Effect::InDoubt))),
        (502, r#"{"RequestId":"R","Code":"IncorrectRIStatus"}"#, Some((ErrorKind::IncorrectStatus, Effect::InDoubt))),
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
    assert!(hint.english().contains("vpc:DeactivateRouterInterface"), "{hint}");
}

#[tokio::test]
async fn a_listing_of_what_was_not_asked_for_is_refused() {
    let body = r#"{"RequestId":"R","TotalCount":1,"RouterInterfaceSet":{"RouterInterfaceType":[
                   {"RouterInterfaceId":"ri-9","Status":"Active"}]}}"#;
    let server = Server::answering([json(200, body)]).await;
    let error = client(&server).describe(&scope(), &query(Selection::Ids(vec!["ri-1".into()]))).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);
    assert!(error.message.english().contains("ri-9"), "{error}");
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
        let server = Server::answering([Reply::Computed(Arc::new(echo))]).await;
        let error = deactivate_signed(&server, signature).await;
        assert_eq!((error.kind, error.effect), (ErrorKind::Credentials, Effect::Refused));
        assert!(error.hint.as_ref().unwrap().english().contains("the access key secret is wrong"), "{error:?}");
        assert_eq!(error.message.english(), "Specified signature is not matched with our calculation.");

        let other = mismatch(&format!("Not matched. {marker}POST&%2F&other{TOKEN}"));
        let server = Server::answering([other]).await;
        let error = deactivate_signed(&server, signature).await;
        assert!(error.hint.as_ref().unwrap().english().contains("the API signed another text"), "{error:?}");
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
    client.call(&scope(), &Mutation::of(Call::Deactivate, "ri-1".into()), Permit::free()).await.unwrap_err()
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
        assert!(error.message.english().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_call_that_was_accepted_comes_with_the_date_of_its_answer_if_that_has_one() {
    for (header, date) in [
        ("Date: Sun, 01 Mar 2026 11:41:00 GMT\r\n", Some("2026-03-01T11:41:00Z")),
        ("Date: yesterday\r\n", None),
        ("", None),
    ] {
        let reply = format!("HTTP/1.1 200 OK\r\n{header}Content-Length: {}\r\n\r\n{ACCEPTED}", ACCEPTED.len());
        let server = Server::answering([Reply::Bytes(reply.into_bytes())]).await;
        let receipt = deactivate(&server).await.unwrap();
        assert_eq!((&*receipt.request_id.0, receipt.cloud_date), ("REQ-1", date.map(|date| date.parse().unwrap())));
    }
}
