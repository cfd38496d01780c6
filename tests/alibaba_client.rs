//! The signed client against a scripted server on loopback: what it sends, and what it makes of each answer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod answers;
mod reach;
mod scripted;
mod secrets;
mod sent;

use std::time::Duration;

use jiff::Timestamp;
use rictl::alibaba::{Client, Credentials, Settings, StaticCredentials, Timeouts};
use rictl::clock::Clock;
use rictl::cloud::{
    Call, Cloud as _, CloudError, CloudRead as _, DescribeQuery, Mutation, Page, Permit, Receipt, Selection,
};
use rictl::resource::{AccountName, Region, Scope};
use scripted::Server;

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

async fn deactivate(server: &Server) -> Result<Receipt, CloudError> {
    client(server).call(&scope(), &Mutation::of(Call::Deactivate, "ri-1".into()), Permit::free()).await
}

const ACCEPTED: &str = r#"{"RequestId":"REQ-1"}"#;
const EMPTY_PAGE: &str = r#"{"RequestId":"REQ-1","TotalCount":0,"RouterInterfaceSet":{"RouterInterfaceType":[]}}"#;
