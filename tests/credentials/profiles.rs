//! Which keys an account gets: named profiles, accounts of the spec, and what an error says.

use rictl::alibaba::CredentialSource as _;
use rictl::alibaba::credentials::{Identities, Whoami};
use rictl::cloud::{CloudError, ErrorKind};
use rictl::language::Wording;
use rictl::resource::AccountName;

use super::fake::{self, Fake};
use super::home::{Home, ak, arn, default, login, role};

async fn id(home: &Home, account: &str) -> Result<String, CloudError> {
    home.chain().credentials(&AccountName::from(account)).await.map(|keys| keys.access_key_id)
}

async fn refusal(home: &Home) -> CloudError {
    let error = id(home, "default").await.expect_err("there must be no credentials");
    assert_eq!((error.kind, error.action), (ErrorKind::Credentials, "credentials"));
    error
}

#[tokio::test]
async fn a_named_profile_is_the_only_thing_looked_at() {
    let home = Home::new().keys("ENV").profiles(&[ak("p", "CONF"), ak("net-prod", "NET")]).profile("net-prod");
    assert_eq!(id(&home, "default").await, Ok("NET".to_owned()));
}

#[tokio::test]
async fn a_named_profile_may_be_a_section_of_the_ini_file() {
    let ini = "[net-prod]\ntype = access_key\naccess_key_id = INI\naccess_key_secret = s\n";
    let home = Home::new().keys("ENV").file(".alibabacloud/credentials", ini).profile("net-prod");
    assert_eq!(id(&home, "default").await, Ok("INI".to_owned()));
}

#[tokio::test]
async fn a_named_profile_that_is_missing_is_an_error_with_a_suggestion() {
    let home = Home::new().keys("ENV").profiles(&[ak("net-prod", "NET")]).profile("net-prd");
    let error = refusal(&home).await;
    insta::assert_snapshot!(error, @"credentials: profile net-prd gives no credentials: ~/.aliyun/config.json has no profile net-prd; ~/.alibabacloud/credentials does not exist");
    assert_eq!(error.hint.as_ref().map(Wording::english), Some("did you mean profile net-prod?"));
}

#[tokio::test]
async fn a_named_profile_that_cannot_be_used_ends_the_search() {
    let broken = serde_json::json!({"name": "p", "mode": "AK", "access_key_id": "CONF"});
    let ini = "[p]\ntype = access_key\naccess_key_id = INI\naccess_key_secret = s\n";
    let home = Home::new().keys("ENV").profiles(&[broken]).file(".alibabacloud/credentials", ini).profile("p");
    insta::assert_snapshot!(refusal(&home).await, @"credentials: profile p gives no credentials: profile p of ~/.aliyun/config.json: access_key_secret is missing");
}

#[tokio::test]
async fn an_error_lists_what_was_looked_for_in_order_and_why_each_was_not_used() {
    let home = Home::new().variable("ALIBABA_CLOUD_ACCESS_KEY_ID", "ENV");
    home.write(".aliyun/config.json", "{\n  \"current\": 5}");
    home.write(".alibabacloud/credentials", "[default]\ntype = magic\n");
    insta::assert_snapshot!(refusal(&home).await, @"credentials: no credentials were found: environment variables: only one of ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET is set; OIDC token: ALIBABA_CLOUD_ROLE_ARN is not set; ~/.aliyun/config.json: line 2 column 14 is not what belongs there; section default of ~/.alibabacloud/credentials: its type magic is not known; ECS metadata: ALIBABA_CLOUD_ECS_METADATA_DISABLED is set; credentials URI: ALIBABA_CLOUD_CREDENTIALS_URI is not set");
}

#[tokio::test]
async fn a_loop_of_source_profiles_is_named_whole() {
    let chain = |name: &str, source: &str| serde_json::json!({"name": name, "mode": "ChainableRamRoleArn", "source_profile": source, "ram_role_arn": arn("r")});
    let home = Home::new().profiles(&[chain("a", "b"), chain("b", "c"), chain("c", "a")]).profile("a");
    insta::assert_snapshot!(refusal(&home).await, @"credentials: profile a gives no credentials: profile a of ~/.aliyun/config.json: its source_profile goes round in a loop: a -> b -> c -> a");
}

#[tokio::test]
async fn an_expired_login_is_refused_with_its_end() {
    let home = Home::new().profiles(&[login("p", "SSO", "2026-04-30T23:00:00Z")]);
    let error = refusal(&home).await;
    assert!(error.message.english().contains("the keys of its login expired at 2026-04-30T23:00:00Z"), "{error}");
    let hint = error.hint.unwrap();
    assert!(hint.english().starts_with("run any aliyun command with --profile p"), "{hint}");
    // What that command writes is read.
    let chain = home.chain();
    assert!(chain.credentials(&default()).await.is_err());
    home.write(
        ".aliyun/config.json",
        &serde_json::json!({"current": "p", "profiles": [login("p", "NEW", "2026-05-01T08:00:00Z")]}).to_string(),
    );
    assert_eq!(chain.credentials(&default()).await.unwrap().access_key_id, "NEW");
}

#[tokio::test]
async fn a_login_that_the_api_calls_expired_names_what_renews_it() {
    let home = Home::new().profiles(&[login("p", "SSO", "2026-05-01T08:00:00Z")]);
    let chain = home.chain();
    chain.credentials(&default()).await.unwrap();
    let error = chain.renew(&default()).await.unwrap_err();
    assert!(error.hint.unwrap().english().contains("any aliyun command with --profile p"));
}

#[test]
fn two_that_could_speak_for_an_account_are_both_named_unless_one_was_chosen_or_both_are_one() {
    let two = Home::new().keys("ENV").profiles(&[ak("p", "CONF")]);
    let Identities { used, passed_over } = two.chain().identities().unwrap();
    assert_eq!(used, "environment variables ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET");
    assert_eq!(passed_over, "profile p of ~/.aliyun/config.json");
    assert_eq!(two.profile("p").chain().identities(), None);
    assert_eq!(Home::new().keys("ENV").chain().identities(), None);
    assert_eq!(Home::new().profiles(&[ak("p", "CONF")]).chain().identities(), None);
    assert_eq!(Home::new().keys("ONE").profiles(&[ak("p", "ONE")]).chain().identities(), None);
    let off =
        Home::new().keys("ENV").profiles(&[ak("p", "CONF")]).variable("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true");
    assert_eq!(off.chain().identities(), None);
}

#[tokio::test]
async fn each_account_of_the_spec_has_its_own_credentials() {
    let sts = Fake::start(|request| fake::sts(request, fake::EXPIRATION)).await;
    let home = Home::new()
        .profiles(&[ak("p", "CONF"), ak("q", "OTHER")])
        .sts(&sts)
        .account("other", Some("q"), None)
        .account("lent", None, Some(&arn("net")))
        .account("both", Some("q"), Some(&arn("net")))
        .account("same", None, None);
    assert_eq!(id(&home, "default").await, Ok("CONF".to_owned()));
    assert_eq!(id(&home, "other").await, Ok("OTHER".to_owned()));
    assert_eq!(id(&home, "lent").await, Ok("STS.net.CONF".to_owned()));
    assert_eq!(id(&home, "both").await, Ok("STS.net.OTHER".to_owned()));
    assert_eq!(id(&home, "same").await, Ok("CONF".to_owned()));
    assert!(id(&home, "undeclared").await.is_err());
}

#[tokio::test]
async fn whoami_tells_source_mode_and_end_without_a_secret() {
    let sts = Fake::start(|request| fake::sts(request, fake::EXPIRATION)).await;
    let home = Home::new().profiles(&[role("net-prod", "LTAI5tABCDEFGH", "net")]).sts(&sts);
    let home = home.account("lent", None, Some(&arn("audit")));
    let chain = home.chain();
    let expected = Whoami {
        source: "profile net-prod of ~/.aliyun/config.json".to_owned(),
        mode: "RamRoleArn".to_owned(),
        access_key_id_masked: "STS.****EFGH".to_owned(),
        expires_at: Some(fake::EXPIRATION.parse().expect("a time")),
    };
    assert_eq!(chain.describe(&default()).await, Ok(expected));
    let lent = chain.describe(&AccountName::from("lent")).await.expect("the role can be assumed");
    assert_eq!(lent.source, format!("role {}, assumed with profile net-prod of ~/.aliyun/config.json", arn("audit")));
}

#[tokio::test]
async fn whoami_names_the_variables_that_hold_the_keys() {
    let whoami = Home::new().keys("ENV").chain().describe(&default()).await.expect("there are keys");
    assert_eq!(whoami.source, "environment variables ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET");
    assert_eq!((whoami.mode.as_str(), whoami.access_key_id_masked.as_str(), whoami.expires_at), ("AK", "****", None));
}
