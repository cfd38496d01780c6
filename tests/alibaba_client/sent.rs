//! What the client puts on the wire.

use rictl::alibaba::{Client, Settings, StaticCredentials};
use rictl::cloud::{Call, Cloud as _, CloudRead as _, Mutation, Permit, RequestId, Selection};
use rictl::resource::AccountName;
use rictl::signature::{canonical_query, v1, v3};
use rictl::spec::SignatureVersion;

use super::scripted::{Recorded, Server, json};
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
