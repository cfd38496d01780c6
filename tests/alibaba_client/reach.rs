//! Which servers the client talks to, and what it says of those that it cannot or will not.

use rictl::alibaba::credentials::Environment;
use rictl::alibaba::{Client, Proxy, Settings, StaticCredentials};
use rictl::cloud::{Call, Cloud as _, CloudRead as _, Effect, ErrorKind, Mutation, Permit};
use rictl::resource::{AccountName, Region, Scope};

use super::scripted::{Reply, Server, json};
use super::{ACCEPTED, client, clock, credentials, deactivate, scope, settings};

#[tokio::test]
async fn what_cannot_be_connected_to_had_no_effect() {
    let closed = Server::closed().await;
    let error = deactivate(&closed).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Unreachable, Effect::None), "{error}");
    assert!(error.message.english().contains("refused"), "{error}");
}

#[tokio::test]
async fn tls_that_cannot_be_trusted_had_no_effect() {
    let garbage = Server::answering([Reply::Bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())]).await;
    let self_signed = Server::answering([Reply::SelfSigned]).await;
    for (server, words) in [(garbage, "corrupt message"), (self_signed, "UnknownIssuer")] {
        let endpoint = server.url().replace("http://", "https://").parse().unwrap();
        let settings = Settings { endpoint: Some(endpoint), ..settings(&server) };
        let client = Client::new(StaticCredentials(credentials(false)), settings, clock());
        let error =
            client.call(&scope(), &Mutation::of(Call::Deactivate, "ri-1".into()), Permit::free()).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Tls, Effect::None), "{error}");
        assert!(error.message.english().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_not_used_again() {
    let kept =
        Reply::Bytes(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{ACCEPTED}", ACCEPTED.len()).into_bytes());
    let server = Server::answering([kept.clone(), kept]).await;
    let client = client(&server);
    for _ in 0..2 {
        client.call(&scope(), &Mutation::of(Call::Deactivate, "ri-1".into()), Permit::free()).await.unwrap();
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn plain_http_is_for_loopback_addresses_only() {
    for endpoint in ["http://192.0.2.1", "http://10.0.0.1:80", "http://[2001:db8::1]"] {
        let settings = Settings { endpoint: Some(endpoint.parse().unwrap()), ..Settings::default() };
        let client = Client::new(StaticCredentials(credentials(false)), settings, clock());
        let error = client.identity(&AccountName::default_account()).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Invalid, Effect::None), "{error}");
        assert!(error.message.english().contains("is not this machine"), "{error}");
    }
    let server = Server::answering([json(200, ACCEPTED)]).await;
    let by_name = server.url().replace("127.0.0.1", "localhost").parse().unwrap();
    let settings = Settings { endpoint: Some(by_name), ..settings(&server) };
    let client = Client::new(StaticCredentials(credentials(false)), settings, clock());
    client.call(&scope(), &Mutation::of(Call::Activate, "ri-1".into()), Permit::free()).await.unwrap();
}

#[tokio::test]
async fn a_region_that_is_no_host_is_refused_unsent() {
    let client = Client::new(StaticCredentials(credentials(false)), Settings::default(), clock());
    let scope = Scope { region: Region::from("evil.example/#"), ..scope() };
    let error = client.call(&scope, &Mutation::of(Call::Activate, "ri-1".into()), Permit::free()).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::InvalidRegion, Effect::None));
}

#[tokio::test]
async fn what_no_waiting_alters_is_said_to_be_wrong() {
    let variables = [("HTTPS_PROXY".to_owned(), "socks5://127.0.0.1:1".to_owned())];
    let proxy = Proxy::of(&Environment::new(variables, None));
    for (endpoint, proxy) in [("https://vpc..example.invalid", None), ("https://vpc.example.invalid", proxy)] {
        let settings = Settings { endpoint: Some(endpoint.parse().unwrap()), proxy, ..Settings::default() };
        let client = Client::new(StaticCredentials(credentials(false)), settings, clock());
        let error = client.identity(&AccountName::default_account()).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Invalid, Effect::None), "{error}");
        assert!(!error.kind.can_pass(), "{error}");
    }
}
