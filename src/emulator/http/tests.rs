//! Mutated requests: whatever arrives is answered, and changes nothing unless it is signed.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and prints what it counted")]

use axum::http::Request;

use super::*;
use crate::emulator::{Format, World, WorldSeed};
use crate::feed;

/// Method, target and headers as lines, then the body: what the HTTP library hands on.
const REQUESTS: [&str; 5] = [
    "POST\n/?Action=DescribeRouterInterfaces&RegionId=cn-a&Filter.1.Key=Status&Filter.1.Value.1=Active&PageSize=50\nhost: x\n\n",
    "POST\n/\nhost: x\ncontent-type: application/x-www-form-urlencoded\n\nAction=DeactivateRouterInterface&RegionId=cn-a&\
     RouterInterfaceId=ri-a&AccessKeyId=emulator&Signature=abc%3D&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&\
     SignatureNonce=1&Timestamp=2026-01-01T00%3A00%3A00Z&Version=2016-04-28&Format=XML",
    "GET\n/\nhost: x\nauthorization: ACS3-HMAC-SHA256 Credential=emulator,SignedHeaders=host;x-acs-action;x-acs-content-sha256;\
     x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=00\nx-acs-action: ActivateRouterInterface\n\
     x-acs-version: 2016-04-28\nx-acs-date: 2026-01-01T00:00:00Z\nx-acs-signature-nonce: n\nx-acs-content-sha256: e3b0\n\n",
    "POST\n/?Action=AssumeRoleWithOIDC&Version=2015-04-01&RoleArn=acs:ram::1:role/r&OIDCProviderArn=a&OIDCToken=t\nhost: x\n\n",
    "GET\n/latest/meta-data/ram/security-credentials/emulator-role\nhost: x\nx-aliyun-ecs-metadata-token: abc\n\n",
];

fn parse(bytes: &[u8]) -> Option<Request<Vec<u8>>> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\n\n")?;
    let mut lines = head.lines();
    let mut request = Request::builder().method(lines.next()?).uri(lines.next()?);
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        request = request.header(name, value);
    }
    request.body(body.as_bytes().to_vec()).ok()
}

#[test]
fn a_mutated_request_is_answered_and_changes_nothing() {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let seed = WorldSeed::parse("{regions: [cn-a], interfaces: [{id: ri-a}]}", Format::Yaml).unwrap();
    let host = Arc::new(Mutex::new(Host::in_memory(World::new(seed, now).unwrap())));
    let (_alive, ending) = watch::channel(());
    let options = ServeOptions { clock: Clock::starting_at(now), call_log: None };
    let shared = Shared { host: Arc::clone(&host), options, nonces: Mutex::default(), ending };
    let requests: Vec<Vec<u8>> = REQUESTS.iter().map(|request| request.as_bytes().to_vec()).collect();
    feed::feed("request", &requests, |bytes| {
        let Some(request) = parse(bytes) else { return false };
        let (parts, body) = request.into_parts();
        let wire = Wire::new(&parts, &body);
        if wire.path().starts_with(metadata::ROOT) {
            return metadata::respond(&host, now, &wire, "R").status().is_success();
        }
        let (action, answered) = shared.answer(now, &wire, "R");
        let is_answered = answered.is_ok();
        let answer = answered.map_or_else(Answer::Refused, |reply| reply.answer);
        let about = About { action: &action, product: "Vpc", host: "x", request_id: "R" };
        let encoded = encode::answer(&answer, Encoding::asked_for(&wire), &about);
        assert!(!encoded.body().is_empty());
        is_answered
    });
    let status = host.lock().unwrap().world().status(&"ri-a".into(), now).map(ToString::to_string);
    assert_eq!(status.as_deref(), Some("Active"), "nothing of this was signed");
}
