//! Renewal of expired tokens, and that no secret is ever shown.

use std::cell::Cell;
use std::io::Write;
use std::sync::{Arc, Mutex};

use rictl::alibaba::{Client, CredentialSource, Credentials, Settings, StaticCredentials};
use rictl::cloud::{Call, Cloud as _, CloudError, CloudRead as _, Effect, ErrorKind, Mutation, Permit, RequestId};
use rictl::resource::AccountName;
use rictl::signature::percent_encode;
use rictl::spec::SignatureVersion;

use super::scripted::{Recorded, Reply, Server, json};
use super::{ACCEPTED, SECRET, TOKEN, clock, credentials, scope, settings};

/// Gives the first token until it is renewed, then the second.
#[derive(Default)]
struct Renewable {
    renewals: Cell<u32>,
    fails: bool,
}

impl CredentialSource for Renewable {
    async fn credentials(&self, _: &AccountName) -> Result<Credentials, CloudError> {
        Ok(Credentials { security_token: Some(format!("token-{}", self.renewals.get()).into()), ..credentials(false) })
    }

    async fn renew(&self, account: &AccountName) -> Result<Credentials, CloudError> {
        if self.fails {
            return Err(CloudError::new(ErrorKind::Interrupted, Effect::InDoubt, "AssumeRole", "no answer"));
        }
        self.renewals.set(self.renewals.get() + 1);
        self.credentials(account).await
    }
}

fn expired() -> Reply {
    json(400, r#"{"RequestId":"R","Code":"InvalidSecurityToken.Expired","Message":"expired"}"#)
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_and_the_request_signed_anew() {
    let server = Server::answering([expired(), json(200, ACCEPTED)]).await;
    let client = Client::new(Renewable::default(), settings(&server), clock());
    let id = client.call(&scope(), &Mutation::of(Call::Deactivate, "ri-1".into()), Permit::free()).await.unwrap();
    assert_eq!(id.request_id, RequestId("REQ-1".into()));
    let requests = server.requests();
    let tokens: Vec<&str> = requests.iter().map(|request| request.header("x-acs-security-token")).collect();
    assert_eq!(tokens, ["token-0", "token-1"]);
    assert_ne!(requests[0].header("x-acs-signature-nonce"), requests[1].header("x-acs-signature-nonce"));
}

#[tokio::test]
async fn a_token_that_stays_expired_is_renewed_only_once() {
    let server = Server::answering([expired(), expired(), json(200, ACCEPTED)]).await;
    let client = Client::new(Renewable::default(), settings(&server), clock());
    let error =
        client.call(&scope(), &Mutation::of(Call::Deactivate, "ri-1".into()), Permit::free()).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::TokenExpired, Effect::None));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_failed_renewal_leaves_the_call_unsent() {
    let server = Server::answering([expired()]).await;
    let source = Renewable { fails: true, ..Renewable::default() };
    let client = Client::new(source, settings(&server), clock());
    let error =
        client.call(&scope(), &Mutation::of(Call::Deactivate, "ri-1".into()), Permit::free()).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Interrupted, Effect::None));
    assert_eq!(
        error.to_string(),
        "DeactivateRouterInterface answered InvalidSecurityToken.Expired: expired; no answer (RequestId R)"
    );
}

/// Gives another key with each renewal.
#[derive(Default)]
struct Reissued(Renewable);

impl CredentialSource for Reissued {
    async fn credentials(&self, account: &AccountName) -> Result<Credentials, CloudError> {
        let access_key_id = format!("STS.{}", self.0.renewals.get());
        Ok(Credentials { access_key_id, ..self.0.credentials(account).await? })
    }

    async fn renew(&self, account: &AccountName) -> Result<Credentials, CloudError> {
        self.0.renew(account).await?;
        self.credentials(account).await
    }
}

fn identity(account: &str) -> Reply {
    json(200, &format!(r#"{{"RequestId":"R","AccountId":"{account}","Arn":"acs:ram::{account}:root"}}"#))
}

#[tokio::test]
async fn renewed_keys_of_the_same_account_are_used() {
    let server = Server::answering([identity("1"), expired(), identity("1"), json(200, ACCEPTED)]).await;
    let client = Client::new(Reissued::default(), settings(&server), clock());
    client.identity(&AccountName::default_account()).await.unwrap();
    client.call(&scope(), &Mutation::of(Call::Deactivate, "ri-1".into()), Permit::free()).await.unwrap();
}

#[tokio::test]
async fn renewed_keys_of_another_account_sign_nothing() {
    let server = Server::answering([identity("1"), expired(), identity("2"), json(200, ACCEPTED)]).await;
    let client = Client::new(Reissued::default(), settings(&server), clock());
    client.identity(&AccountName::default_account()).await.unwrap();
    let error =
        client.call(&scope(), &Mutation::of(Call::Deactivate, "ri-1".into()), Permit::free()).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::OtherAccount, Effect::None), "{error}");
    assert!(error.message.english().contains("belong to account 2, and this run began with account 1"), "{error}");
    let calls = server.requests();
    let actions: Vec<&str> = calls.iter().map(|request| request.header("x-acs-action")).collect();
    assert_eq!(actions, ["GetCallerIdentity", "DeactivateRouterInterface", "GetCallerIdentity"]);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Echoes everything that it was sent, as an unreadable body and as the API's words.
fn echoes() -> Vec<Reply> {
    let everything = |request: &Recorded| {
        format!("{:?} {} {SECRET} {}", request.headers, request.raw_query, percent_encode(&request.raw_query))
    };
    let body = move |request: &Recorded| json(400, &everything(request));
    let words = move |request: &Recorded| {
        let text = everything(request);
        let body = serde_json::json!({"RequestId": "R", "Code": text, "Message": text, "Recommend": text});
        json(400, &body.to_string())
    };
    vec![Reply::Computed(Arc::new(body)), Reply::Computed(Arc::new(words)), json(200, ACCEPTED), Reply::Reset]
}

#[tokio::test]
async fn secrets_appear_in_no_error_and_no_log() {
    for signature in [SignatureVersion::V1, SignatureVersion::V3] {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let server = Server::answering(echoes()).await;
        let settings = Settings { signature, ..settings(&server) };
        let client = Client::new(StaticCredentials(credentials(true)), settings, clock());
        let mut shown = format!("{client:?}");
        for _ in 0..4 {
            let outcome = client.call(&scope(), &Mutation::of(Call::Deactivate, "ri-1".into()), Permit::free()).await;
            shown.push_str(&format!("{outcome:?}"));
            if let Err(error) = outcome {
                shown.push_str(&error.to_string());
            }
        }
        shown.push_str(&format!("{:?}", client.identity(&AccountName::default_account()).await));
        let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(logged.contains("DeactivateRouterInterface"), "nothing was logged");
        for secret in [SECRET, TOKEN] {
            let once = percent_encode(secret);
            for form in [secret.to_owned(), percent_encode(&once), once] {
                assert!(!shown.contains(&form), "{form} is shown: {shown}");
                assert!(!logged.contains(&form), "{form} is logged: {logged}");
            }
        }
    }
}
