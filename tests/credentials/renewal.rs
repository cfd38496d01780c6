//! When credentials are renewed, how often, and from where.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use rictl::alibaba::CredentialSource as _;
use rictl::alibaba::credentials::Chain;

use super::fake::{self, EXPIRATION, Fake};
use super::home::{Home, ak, arn, default, login, role};

async fn id(chain: &Chain) -> Option<String> {
    chain.credentials(&default()).await.ok().map(|keys| keys.access_key_id)
}

fn some(id: &str) -> Option<String> {
    Some(id.to_owned())
}

#[tokio::test(start_paused = true)]
async fn credentials_are_renewed_three_minutes_before_their_end() {
    let home = Home::new().profiles(&[login("p", "FIRST", "2026-05-01T01:00:00Z")]);
    let chain = home.chain();
    assert_eq!(id(&chain).await, some("FIRST"));
    let home = home.profiles(&[login("p", "SECOND", "2026-05-01T02:00:00Z")]);
    tokio::time::advance(Duration::from_secs(57 * 60 - 1)).await;
    assert_eq!(id(&chain).await, some("FIRST"));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(id(&chain).await, some("SECOND"));
    drop(home);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_early_keeps_the_old_credentials_until_their_end() {
    let home = Home::new().profiles(&[login("p", "FIRST", "2026-05-01T01:00:00Z")]);
    let chain = home.chain();
    assert_eq!(id(&chain).await, some("FIRST"));
    home.write(".aliyun/config.json", "broken");
    tokio::time::advance(Duration::from_secs(58 * 60)).await;
    assert_eq!(id(&chain).await, some("FIRST"));
    let home = home.profiles(&[login("p", "SECOND", "2026-05-01T02:00:00Z")]);
    assert_eq!(id(&chain).await, some("FIRST"), "a failed renewal is not repeated at once");
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(id(&chain).await, some("SECOND"));
    home.write(".aliyun/config.json", "broken");
    tokio::time::advance(Duration::from_secs(2 * 3600)).await;
    let error = chain.credentials(&default()).await.expect_err("they have ended");
    assert!(
        error.message.english().starts_with("credentials cannot be renewed: ~/.aliyun/config.json: line 1"),
        "{error}"
    );
}

#[tokio::test]
async fn a_renewal_never_moves_to_another_source() {
    let ini = "[default]\ntype = access_key\naccess_key_id = INI\naccess_key_secret = s\n";
    let home = Home::new().profiles(&[ak("p", "CONF")]).file(".alibabacloud/credentials", ini);
    let chain = home.chain();
    assert_eq!(id(&chain).await, some("CONF"));
    std::fs::remove_file(home.path().join(".aliyun/config.json")).expect("the file is there");
    for _ in 0..2 {
        assert!(chain.renew(&default()).await.is_err());
    }
    assert_eq!(id(&chain).await, some("CONF"), "keys without an end stay what they are");
}

#[tokio::test]
async fn a_renewal_that_gives_the_same_keys_is_an_error() {
    let chain = Home::new().keys("ENV").chain();
    assert_eq!(id(&chain).await, some("ENV"));
    for _ in 0..2 {
        let error = chain.renew(&default()).await.expect_err("nothing new can come of the environment");
        assert!(
            error.message.english().contains("still gives the credentials that the API no longer accepts"),
            "{error}"
        );
    }
}

/// An STS that gives each caller another key.
async fn counting_sts() -> Fake {
    let calls = AtomicUsize::new(0);
    Fake::start(move |_| {
        let call = calls.fetch_add(1, Ordering::Relaxed) + 1;
        (200, format!(r#"{{"Credentials":{}}}"#, fake::keys(&format!("STS.{call}"), EXPIRATION)))
    })
    .await
}

#[tokio::test]
async fn many_tasks_share_one_call_and_one_renewal() {
    let sts = counting_sts().await;
    let home = Home::new().profiles(&[role("p", "A", "net")]).sts(&sts);
    let chain = home.chain();
    let first = join_all((0..50).map(|_| id(&chain))).await;
    assert_eq!(first, vec![some("STS.1"); 50]);
    let account = default();
    let renewed = join_all((0..50).map(|_| chain.renew(&account))).await;
    assert!(renewed.iter().all(|keys| keys.as_ref().is_ok_and(|keys| keys.access_key_id == "STS.2")));
    assert_eq!(id(&chain).await, some("STS.2"));
    assert_eq!(sts.requests().len(), 2);
}

#[tokio::test]
async fn many_tasks_share_one_failure() {
    let sts = Fake::start(|_| fake::refusal(403, "NoPermission", "no")).await;
    let home = Home::new().profiles(&[role("p", "A", "net")]).sts(&sts);
    let chain = home.chain();
    let outcomes = join_all((0..50).map(|_| id(&chain))).await;
    assert_eq!(outcomes, vec![None; 50]);
    assert_eq!(sts.requests().len(), 1);
}

#[tokio::test]
async fn a_role_that_an_account_lends_is_asked_for_where_the_profile_has_sts_asked() {
    let sts = counting_sts().await;
    let mut profile = role("p", "A", "net");
    profile["sts_endpoint"] = sts.url.clone().into();
    let home = Home::new().profiles(&[profile]).account("x", None, Some(&arn("x")));
    home.chain().credentials(&"x".into()).await.expect("the role can be assumed there");
    assert_eq!(sts.requests().len(), 2, "one for the base, one for the role");
}

#[tokio::test]
async fn accounts_that_lend_a_role_share_the_default_accounts_call() {
    let sts = counting_sts().await;
    let home = Home::new().profiles(&[role("p", "A", "net")]).sts(&sts);
    let home = home.account("x", None, Some(&arn("x"))).account("y", None, Some(&arn("y")));
    let chain = home.chain();
    for account in ["x", "y"] {
        chain.credentials(&account.into()).await.expect("the role can be assumed");
    }
    assert_eq!(sts.requests().len(), 3, "one for the base, one for each role");
}
