//! One table of environments and files: rictl chooses the keys that it says, and so does the official library.
//!
//! A case that the official Python library decides otherwise carries the reason in `official_differs`.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use rictl::alibaba::credentials::{Chain, Environment, Settings};
use rictl::alibaba::{CredentialSource as _, Credentials};
use rictl::clock::Clock;
use rictl::resource::AccountName;
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::fake::{self, Fake};
use crate::sdk;

const CASES: &str = "tests/fixtures/credentials_cases.json";

#[derive(Deserialize)]
struct Case {
    name: String,
    env: BTreeMap<String, String>,
    files: BTreeMap<String, serde_json::Value>,
    metadata: String,
    expect: Option<String>,
    official_differs: Option<String>,
}

fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(CASES).expect("the table is there");
    serde_json::from_str(&text).expect("the table is JSON")
}

async fn choose(case: &Case) -> Option<Credentials> {
    let mode = case.metadata.clone();
    let cloud = Fake::start(move |request| fake::cloud(request, &mode)).await;
    let home = tempfile::tempdir().expect("a temporary directory");
    let fill = |text: &str| {
        text.replace("{home}", &home.path().display().to_string())
            .replace("{uri}", &format!("{}/credentials", cloud.url))
    };
    for (name, content) in &case.files {
        let text = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
        write(&home.path().join(name.trim_start_matches("~/")), &fill(&text));
    }
    let path = ("PATH".to_owned(), "/usr/bin:/bin".to_owned());
    let variables = case.env.iter().map(|(name, value)| (name.clone(), fill(value))).chain([path]);
    let settings = Settings {
        environment: Environment::new(variables, Some(home.path().to_owned())),
        sts_endpoint: Some(cloud.url.clone()),
        metadata_endpoint: Some(cloud.url.clone()),
        ..Settings::default()
    };
    let now: Timestamp = "2026-05-01T00:00:00Z".parse().expect("a time");
    Chain::new(settings, Clock::starting_at(now)).credentials(&AccountName::default_account()).await.ok()
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a file has a parent")).expect("a directory can be made");
    std::fs::write(path, text).expect("a file can be written");
    let mode = if text.starts_with("#!") { 0o700 } else { 0o600 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode can be set");
}

#[tokio::test]
async fn every_case_gives_the_keys_that_the_table_names() {
    let cases = cases();
    assert!(cases.len() >= 25);
    for case in cases {
        let credentials = choose(&case).await;
        let id = credentials.as_ref().map(|keys| keys.access_key_id.clone());
        assert_eq!(id, case.expect, "{}", case.name);
        let Some(keys) = credentials else { continue };
        assert_eq!(keys.access_key_secret.expose_secret(), format!("secret-of-{}", keys.access_key_id));
        let token = keys.security_token.as_ref().map(|token| token.expose_secret().to_owned());
        let expected = keys.access_key_id.starts_with("STS.").then(|| format!("token-of-{}", keys.access_key_id));
        assert_eq!(token, expected, "{}", case.name);
    }
}

#[test]
#[ignore = "installs from a registry: cargo test -- --ignored sdk:: official moto"]
fn the_official_python_library_chooses_the_same_keys() {
    let Some((_, python)) = sdk::python("credentials-sdk", "credentials.txt", "credentials library") else { return };
    let output = Command::new(python)
        .args(["tests/sdk/credentials_agree.py", CASES])
        .env_clear()
        .output()
        .expect("python can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let chosen: BTreeMap<String, Option<String>> =
        serde_json::from_slice(&output.stdout).expect("the script prints JSON");
    let mut agreed = 0;
    for case in cases() {
        let theirs = &chosen[&case.name];
        match case.official_differs {
            None => assert_eq!(*theirs, case.expect, "{}", case.name),
            Some(reason) => assert_ne!(*theirs, case.expect, "{}: no longer true that {reason}", case.name),
        }
        agreed += usize::from(*theirs == case.expect);
    }
    assert!(agreed >= 25);
}
