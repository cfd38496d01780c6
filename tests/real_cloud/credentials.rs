//! Where credentials come from, as a user meets it: variables, profiles, roles, an address; renewed in mid-run.

use super::{APPLY, WORLD, spec, spec_of};
use crate::harness::binary::Desk;
use crate::harness::emulator::{ACCOUNT, Emulator};

const ROLE_PATH: &str = "/latest/meta-data/ram/security-credentials/emulator-role";

fn profile(desk: &Desk, profiles: serde_json::Value) {
    let config = serde_json::json!({"current": profiles[0]["name"], "profiles": profiles});
    desk.file(".aliyun/config.json", &config.to_string());
}

fn base() -> serde_json::Value {
    serde_json::json!({
        "name": "base", "mode": "AK", "access_key_id": "emulator", "access_key_secret": "emulator-secret",
    })
}

/// Applies, sees the world changed and the next plan empty, and returns what whoami says.
fn works(desk: &Desk, emulator: &Emulator) -> String {
    let ran = desk.quick(&emulator.url(), &APPLY);
    assert_eq!(ran.code, 0, "{}", ran.text());
    assert_eq!((emulator.status("ri-1"), emulator.status("ri-2")), ("Inactive".to_owned(), "Inactive".to_owned()));
    let plan = desk.quick(&emulator.url(), &["plan", "--detailed-exitcode"]);
    assert_eq!(plan.code, 0, "{}", plan.text());
    assert!(plan.out.contains("No changes. Your infrastructure matches the configuration."), "{}", plan.out);
    let whoami = desk.quick(&emulator.url(), &["whoami"]);
    assert_eq!(whoami.code, 0, "{}", whoami.text());
    whoami.out
}

#[test]
fn keys_in_the_environment_sign_with_either_signature() {
    for (signature, name) in [(None, "V3"), (Some("v1"), "V1"), (Some("v3"), "V3")] {
        let emulator = Emulator::serve(WORLD);
        let mut desk = Desk::new(&spec()).with_the_usual_key();
        if let Some(signature) = signature {
            desk = desk.variable("RICTL_SIGNATURE", signature);
        }
        let whoami = works(&desk, &emulator);
        assert!(whoami.contains("environment variables ALIBABA_CLOUD_ACCESS_KEY_ID"), "{whoami}");
        assert!(emulator.calls().iter().all(|call| call.signature == name), "{name}");
    }
}

#[test]
fn the_endpoint_may_be_a_variable() {
    let emulator = Emulator::serve(WORLD);
    let desk = Desk::new(&spec()).with_the_usual_key().variable("RICTL_ENDPOINT", &emulator.url());
    let ran = desk.quick_cloud(&APPLY);
    assert_eq!(ran.code, 0, "{}", ran.text());
}

#[test]
fn profiles_of_every_unattended_mode_work() {
    let role = format!("acs:ram::{ACCOUNT}:role/net-ops");
    let token_file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token_file.path(), "oidc-token-of-a-pod").unwrap();
    let modes = |emulator: &Emulator| {
        let printed = base().to_string();
        [
            serde_json::json!([base()]),
            serde_json::json!([{"name": "role", "mode": "RamRoleArn", "access_key_id": "emulator",
                "access_key_secret": "emulator-secret", "ram_role_arn": role, "ram_session_name": "rictl"}]),
            serde_json::json!([{"name": "chain", "mode": "ChainableRamRoleArn", "source_profile": "base",
                "ram_role_arn": role, "ram_session_name": "rictl"}, base()]),
            serde_json::json!([{"name": "pod", "mode": "OIDC", "oidc_provider_arn": format!("acs:ram::{ACCOUNT}:oidc-provider/p"),
                "oidc_token_file": token_file.path(), "ram_role_arn": role, "ram_session_name": "rictl"}]),
            serde_json::json!([{"name": "uri", "mode": "CredentialsURI", "credentials_uri": format!("{}{ROLE_PATH}", emulator.url())}]),
            serde_json::json!([{"name": "run", "mode": "External", "process_command": format!("echo {}", printed.replace('"', "\\\""))}]),
        ]
    };
    for number in 0..6 {
        let emulator = Emulator::serve(WORLD);
        let desk = Desk::new(&spec());
        let profiles = modes(&emulator)[number].clone();
        profile(&desk, profiles.clone());
        let whoami = works(&desk, &emulator);
        for said in [profiles[0]["name"].as_str().unwrap(), "~/.aliyun/config.json", ACCOUNT] {
            assert!(whoami.contains(said), "{said}: {whoami}");
        }
    }
}

#[test]
fn a_token_beside_the_keys_is_sent_with_them() {
    let emulator = Emulator::serve(WORLD);
    let (id, secret, token) = issued(&emulator);
    let desk = Desk::new(&spec())
        .variable("ALIBABA_CLOUD_ACCESS_KEY_ID", &id)
        .variable("ALIBABA_CLOUD_ACCESS_KEY_SECRET", &secret)
        .variable("ALIBABA_CLOUD_SECURITY_TOKEN", &token);
    assert!(works(&desk, &emulator).contains("StsToken"));

    let emulator = Emulator::serve(WORLD);
    let desk = Desk::new(&spec());
    let token = serde_json::json!([{"name": "sts", "mode": "StsToken", "access_key_id": id,
        "access_key_secret": secret, "sts_token": token}]);
    profile(&desk, token);
    assert!(works(&desk, &emulator).contains("StsToken"));
}

/// Gets temporary keys from the metadata face.
fn issued(emulator: &Emulator) -> (String, String, String) {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(emulator.address()).unwrap();
    write!(stream, "GET {ROLE_PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let keys: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let text = |name: &str| keys[name].as_str().unwrap().to_owned();
    (text("AccessKeyId"), text("AccessKeySecret"), text("SecurityToken"))
}

#[test]
fn a_token_that_expires_in_the_middle_is_renewed_and_the_run_goes_on() {
    for action in ["DescribeRouterInterfaces", "DeactivateRouterInterface"] {
        let emulator =
            Emulator::serve(&format!("{WORLD}faults: [{{fault: token_expired, action: {action}, nth: 2}}]\n"));
        let uri = format!("{}{ROLE_PATH}", emulator.url());
        let desk = Desk::new(&spec()).variable("ALIBABA_CLOUD_CREDENTIALS_URI", &uri);
        let whoami = works(&desk, &emulator);
        assert!(whoami.contains("ALIBABA_CLOUD_CREDENTIALS_URI"), "{whoami}");
        assert_eq!(emulator.mutating_calls().iter().filter(|call| call.mutated).count(), 2);
    }
}

#[test]
fn keys_that_cannot_be_renewed_end_the_steps_and_say_so() {
    let emulator =
        Emulator::serve(&format!("{WORLD}faults: [{{fault: token_expired, action: DeactivateRouterInterface}}]\n"));
    let ran = Desk::new(&spec()).with_the_usual_key().quick(&emulator.url(), &APPLY);
    assert_eq!(ran.code, 1, "{}", ran.text());
    let said = "still gives the credentials that the API no longer accepts";
    assert!(ran.flat().contains(said), "{}", ran.text());
}

#[test]
fn keys_renewed_for_another_account_send_nothing() {
    const OTHER: &str = "2222222222222222";
    for (nth, code) in [(1, 4), (2, 5)] {
        let world = WORLD.replacen(
            "interfaces:",
            &format!("accounts: [{{id: \"{ACCOUNT}\"}}, {{id: \"{OTHER}\"}}]\ninterfaces:"),
            1,
        );
        let fault = format!("faults: [{{fault: token_expired, action: DeactivateRouterInterface, nth: {nth}}}]\n");
        let emulator = Emulator::serve(&format!("{world}{fault}"));
        let desk = Desk::new(&spec());
        // The first time it gives one account's keys, then the other's.
        let keys = |id: &str| {
            format!("{{\"mode\":\"AK\",\"access_key_id\":\"{id}\",\"access_key_secret\":\"emulator-secret\"}}")
        };
        let again = desk.path().join("again");
        let script = desk.file(
            "keys.sh",
            &format!(
                "if [ -e {again} ]; then echo '{}'; else touch {again}; echo '{}'; fi\n",
                keys(&format!("emulator-{OTHER}")),
                keys("emulator"),
                again = again.display(),
            ),
        );
        let command = format!("sh {}", script.display());
        profile(&desk, serde_json::json!([{"name": "outside", "mode": "External", "process_command": command}]));
        let ran = desk.quick(&emulator.url(), &["apply", "--auto-approve", "--parallelism", "1"]);
        assert_eq!(ran.code, code, "{}", ran.text());
        let said = format!("belong to account {OTHER}, and this run began with account {ACCOUNT}");
        assert!(ran.flat().contains(&said), "{}", ran.text());
        assert_eq!(emulator.mutating_calls().iter().filter(|call| call.mutated).count(), nth - 1);
    }
}

#[test]
fn another_account_is_refused_before_anything() {
    let emulator = Emulator::serve(WORLD);
    let desk = Desk::new(&spec_of("1111222233334444")).with_the_usual_key();
    let ran = desk.quick(&emulator.url(), &APPLY);
    assert_eq!(ran.code, 3, "{}", ran.text());
    let said = format!("belong to account {ACCOUNT}, and cloud.account_id is 1111222233334444 (rictl.yaml:2:");
    assert!(ran.flat().contains(&said), "{}", ran.text());
    assert!(ran.flat().contains(" whoami"), "{}", ran.text());
    let actions: Vec<_> = emulator.calls().into_iter().map(|call| call.action).collect();
    assert_eq!(actions, ["GetCallerIdentity"]);
}

#[test]
fn without_credentials_everything_that_was_looked_at_is_named() {
    let emulator = Emulator::serve(WORLD);
    let ran = Desk::new(&spec()).quick(&emulator.url(), &["plan"]);
    assert_eq!(ran.code, 1, "{}", ran.text());
    for said in [
        "no credentials were found",
        "ALIBABA_CLOUD_ACCESS_KEY_ID is not set",
        "~/.aliyun/config.json does not exist",
        "aliyun configure",
    ] {
        assert!(ran.flat().contains(said), "{said}: {}", ran.text());
    }
    let ran = Desk::new(&spec()).quick(&emulator.url(), &["plan", "--profile", "net-prod"]);
    assert_eq!(ran.code, 1, "{}", ran.text());
    assert!(ran.flat().contains("aliyun configure --profile net-prod"), "{}", ran.text());
    assert!(emulator.calls().is_empty());
}
