//! How STS, the metadata service and credentials addresses are spoken to.

use std::sync::atomic::{AtomicUsize, Ordering};

use rictl::alibaba::CredentialSource as _;

use super::fake::{self, EXPIRATION, Fake};
use super::home::{Home, default, role};

async fn outcome(home: &Home) -> Result<String, String> {
    let credentials = home.chain().credentials(&default()).await;
    credentials.map(|keys| keys.access_key_id).map_err(|error| error.message.to_string())
}

fn with_uri(uri: &str) -> Home {
    Home::new().variable("ALIBABA_CLOUD_CREDENTIALS_URI", uri)
}

#[tokio::test]
async fn assume_role_sends_everything_the_profile_says_in_the_body() {
    let sts = Fake::start(|request| fake::sts(request, EXPIRATION)).await;
    let mut profile = role("p", "STS.BASE", "net");
    profile["sts_token"] = "token-of-STS.BASE".into();
    profile["ram_session_name"] = "night shift".into();
    profile["expired_seconds"] = 1800.into();
    profile["external_id"] = "e/1".into();
    profile["policy"] = "{\"a\": \"*\"}".into();
    assert_eq!(outcome(&Home::new().profiles(&[profile]).sts(&sts)).await, Ok("STS.net.STS.BASE".to_owned()));

    let [request] = <[_; 1]>::try_from(sts.requests()).expect("one request");
    assert_eq!(request.path, "/");
    let form = request.form();
    let fields = ["Version", "Timestamp", "RoleSessionName", "DurationSeconds", "ExternalId", "Policy"];
    let sent = fields.map(|field| form[field].as_str());
    assert_eq!(sent, ["2015-04-01", "2026-05-01T00:00:00Z", "night shift", "1800", "e/1", "{\"a\": \"*\"}"]);
}

#[tokio::test]
async fn a_busy_sts_is_asked_again_with_a_new_nonce() {
    let calls = AtomicUsize::new(0);
    let sts = Fake::start(move |request| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => (503, String::new()),
        1 => fake::refusal(400, "Throttling.User", "user flow control"),
        _ => fake::sts(request, EXPIRATION),
    })
    .await;
    assert_eq!(outcome(&Home::new().profiles(&[role("p", "A", "net")]).sts(&sts)).await, Ok("STS.net.A".to_owned()));
    let nonces: std::collections::BTreeSet<_> =
        sts.requests().iter().map(|request| request.form()["SignatureNonce"].clone()).collect();
    assert_eq!(nonces.len(), 3);
}

#[tokio::test]
async fn a_refusal_of_sts_is_not_repeated_and_keeps_code_and_request_id() {
    let sts = Fake::start(|_| fake::refusal(403, "NoPermission", "you may not assume this role")).await;
    let reason = outcome(&Home::new().profiles(&[role("p", "A", "net")]).sts(&sts)).await.expect_err("refused");
    assert!(reason.contains("NoPermission: you may not assume this role (RequestId R-0)"), "{reason}");
    assert_eq!(sts.requests().len(), 1);
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let fake = Fake::start(|_| (302, String::new())).await;
    let reason = outcome(&with_uri(&fake.url)).await.expect_err("refused");
    assert!(reason.contains("HTTP status 302"), "{reason}");
    let reason = outcome(&Home::new().profiles(&[role("p", "A", "net")]).sts(&fake)).await.expect_err("refused");
    assert!(reason.contains("HTTP status 302"), "{reason}");
}

#[tokio::test]
async fn an_answer_above_the_cap_is_not_read() {
    let fake = Fake::start(|_| (200, "x".repeat(70_000))).await;
    let reason = outcome(&with_uri(&fake.url)).await.expect_err("refused");
    assert!(reason.contains("larger than 64 KiB"), "{reason}");
}

#[tokio::test]
async fn an_answer_that_is_not_credentials_is_refused_without_being_quoted() {
    for (body, expected) in [
        ("<html>", "not the JSON of credentials"),
        ("{}", "has no Code"),
        (r#"{"Code":"NoPermission"}"#, "Code NoPermission"),
        (r#"{"Code":"Success","AccessKeyId":"A","AccessKeySecret":"s"}"#, "has no SecurityToken"),
        (r#"{"Code":"Success","AccessKeyId":"A","AccessKeySecret":"s","SecurityToken":"t"}"#, "has no Expiration"),
    ] {
        let fake = Fake::start(move |_| (200, body.to_owned())).await;
        let reason = outcome(&with_uri(&fake.url)).await.expect_err("refused");
        assert!(reason.contains(expected), "{body}: {reason}");
    }
}

#[tokio::test]
async fn metadata_is_asked_in_the_hardened_mode() {
    let fake = Fake::start(|request| fake::metadata(request, "hardened")).await;
    assert_eq!(outcome(&Home::new().metadata(&fake)).await, Ok("STS.instance-role.ecs".to_owned()));
    let [put, _, _] = <[_; 3]>::try_from(fake.requests()).expect("token, role, credentials");
    assert_eq!(put.headers["x-aliyun-ecs-metadata-token-ttl-seconds"], "21600");
}

#[tokio::test]
async fn a_refused_metadata_token_is_never_gone_around() {
    for status in [400, 401, 403, 405, 500, 302] {
        let fake = Fake::start(move |request| match request.method.as_str() {
            "PUT" => (status, String::new()),
            _ => fake::metadata(request, "v1"),
        })
        .await;
        let reason = outcome(&Home::new().metadata(&fake)).await.expect_err("refused");
        assert!(reason.contains(&format!("refused a token with HTTP status {status}")), "{reason}");
        assert_eq!(fake.requests().len(), 1);
    }
}

#[tokio::test]
async fn metadata_is_asked_without_a_token_where_the_token_call_is_lost() {
    let fake = Fake::start(|request| match request.method.as_str() {
        "PUT" => (0, String::new()),
        _ => fake::metadata(request, "v1"),
    })
    .await;
    assert_eq!(outcome(&Home::new().metadata(&fake)).await, Ok("STS.instance-role.ecs".to_owned()));
    let strict = Home::new().metadata(&fake).variable("ALIBABA_CLOUD_IMDSV1_DISABLED", "true");
    let reason = outcome(&strict).await.expect_err("refused");
    assert!(reason.contains("ALIBABA_CLOUD_IMDSV1_DISABLED forbids"), "{reason}");
}

#[tokio::test]
async fn a_role_name_cannot_climb_out_of_its_path() {
    let fake = Fake::start(|request| fake::metadata(request, "hardened")).await;
    let home = Home::new().metadata(&fake).variable("ALIBABA_CLOUD_ECS_METADATA", "../../user-data?x#y");
    outcome(&home).await.ok();
    let asked = fake.requests().pop().expect("a request");
    assert_eq!(asked.path, "/latest/meta-data/ram/security-credentials/..%2F..%2Fuser-data%3Fx%23y");
}
