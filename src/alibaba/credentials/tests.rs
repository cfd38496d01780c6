//! Mutated files and answers of credentials: none panics, and what cannot be read is never repeated.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and prints what it counted")]

use super::external::split;
use super::ini::Ini;
use super::issued::Issued;
use super::profile::{Config, Profile};
use crate::feed;

/// Stands wherever a secret does.
const SECRET: &str = "zzqx";

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

#[test]
fn a_mutated_config_is_one_or_is_refused_without_its_words() {
    let config = br#"{"current": "net", "profiles": [
        {"name": "net", "mode": "AK", "access_key_id": "LTAI", "access_key_secret": "zzqx"},
        {"name": "two", "mode": "StsToken", "sts_token": "zzqx", "sts_expiration": 1700000000, "enable_vpc": true},
        {"name": "role", "mode": "RamRoleArn", "ram_role_arn": "acs:ram::1:role/r", "expired_seconds": 900}]}"#;
    feed::feed("config.json", &[config.to_vec()], |bytes| match text(bytes).map(Config::parse) {
        Some(Ok(config)) => {
            let names = config.names();
            names.iter().all(|name| matches!(config.find(name), Some(Ok(_))))
        }
        Some(Err(error)) => {
            assert!(!error.contains(SECRET), "{error}");
            false
        }
        None => false,
    });
    let profile = br#"{"mode": "StsToken", "access_key_id": "a", "access_key_secret": "zzqx", "sts_token": "zzqx"}"#;
    feed::feed("profile", &[profile.to_vec()], |bytes| match text(bytes).map(Profile::parse) {
        Some(Ok(_)) => true,
        Some(Err(error)) => {
            assert!(!error.contains(SECRET), "{error}");
            false
        }
        None => false,
    });
}

#[test]
fn a_mutated_credentials_file_is_one_or_is_refused_without_its_words() {
    let file =
        b"[default]\ntype = access_key # mine\naccess_key_id: LTAI\naccess_key_secret = zzqx\n\n[sts]\n; a remark\n\
                 type=sts\nsecurity_token=zzqx\n";
    feed::feed("credentials", &[file.to_vec()], |bytes| match text(bytes).map(Ini::parse) {
        Some(Ok(ini)) => ini.names().iter().all(|name| matches!(ini.profile(name), Some(Ok(_)))),
        Some(Err(error)) => {
            assert!(!error.contains(SECRET), "{error}");
            false
        }
        None => false,
    });
}

#[test]
fn mutated_words_and_answers_are_read_or_refused() {
    let words = br#"/usr/bin/keys --profile "a \"b\"" 'c d' e\ f"#;
    feed::feed("process_command", &[words.to_vec()], |bytes| text(bytes).is_some_and(|text| split(text).is_ok()));
    let issued = br#"{"Code":"Success","AccessKeyId":"STS.a","AccessKeySecret":"zzqx","SecurityToken":"zzqx","Expiration":"2026-11-29T00:00:00Z"}"#;
    feed::feed("issued", &[issued.to_vec()], |bytes| text(bytes).is_some_and(|text| Issued::parse(text).is_ok()));
}

#[test]
fn each_of_very_many_broken_profiles_is_placed() {
    let broken = "1,\n".repeat(300_000);
    let config = Config::parse(&format!("{{\"profiles\": [\n{broken}  {{\"name\": \"net\", \"mode\": 7}}]}}")).unwrap();
    let Some(Err(error)) = config.find("net") else { panic!("it is broken") };
    assert!(error.contains("line 300002 column 27"), "{error}");
}
