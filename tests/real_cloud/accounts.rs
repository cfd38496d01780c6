//! Several accounts in one spec: both sides of a link that crosses accounts are one plan.

use super::APPLY;
use crate::harness::binary::Desk;
use crate::harness::emulator::{ACCOUNT, Emulator};

const PARTNER: &str = "6543210987654321";

fn world() -> String {
    format!(
        "
regions: [cn-shanghai, cn-beijing]
settle: {{activate: 20ms, deactivate: 20ms}}
accounts: [{{id: \"{ACCOUNT}\"}}, {{id: \"{PARTNER}\"}}]
interfaces:
  - {{id: ri-near, role: InitiatingSide}}
  - {{id: ri-far, region: cn-beijing, account: \"{PARTNER}\", opposite: ri-near, role: AcceptingSide}}
"
    )
}

/// A spec whose partner is reached by `how`, and that wants both sides of the link to be `status`.
fn spec(provider: &str, how: &str, status: &str) -> String {
    format!(
        "
version: 1
cloud:
  provider: {provider}
  region: cn-shanghai
  account_id: \"{ACCOUNT}\"
  accounts:
    partner: {{ {how}account_id: \"{PARTNER}\" }}
interfaces:
  near: {{id: ri-near, status: {status}}}
  far: {{id: ri-far, region: cn-beijing, account: partner, status: {status}}}
"
    )
}

/// Takes the link down and up again, and checks who called for which side, and in which order.
fn exercise(desk: &Desk, emulator: &Emulator, set: impl Fn(&str)) {
    for (status, order) in [("Inactive", ["ri-near", "ri-far"]), ("Active", ["ri-far", "ri-near"])] {
        set(status);
        let ran = desk.quick(&emulator.url(), &APPLY);
        assert_eq!(ran.code, 0, "{}", ran.text());
        let plan = desk.quick(&emulator.url(), &["plan", "--detailed-exitcode"]);
        assert_eq!(plan.code, 0, "{}", plan.text());
        let calls = emulator.mutating_calls();
        let last: Vec<_> = calls[calls.len() - 2..].iter().map(|call| call.interface.as_deref().unwrap()).collect();
        assert_eq!(last, order, "initiator first down, acceptor first up");
    }
    for call in emulator.mutating_calls() {
        let (account, region) = match call.interface.as_deref() {
            Some("ri-near") => (ACCOUNT, "cn-shanghai"),
            _ => (PARTNER, "cn-beijing"),
        };
        assert_eq!((call.account.as_deref(), call.region.as_deref()), (Some(account), Some(region)), "{call:?}");
        assert!(call.mutated, "{call:?}");
    }
}

#[test]
fn a_role_in_the_partner_account_makes_both_sides_one_plan() {
    let emulator = Emulator::serve(&world());
    let how = format!("role_arn: \"acs:ram::{PARTNER}:role/net-ops\", ");
    let desk = Desk::new("").with_the_usual_key();
    exercise(&desk, &emulator, |status| drop(desk.file("rictl.yaml", &spec("alibaba", &how, status))));
    assert!(emulator.calls().iter().any(|call| call.action == "AssumeRole"));
}

#[test]
fn a_profile_of_the_partner_account_does_as_well() {
    let emulator = Emulator::serve(&world());
    let desk = Desk::new("").with_the_usual_key();
    let config = serde_json::json!({"current": "partner", "profiles": [{
        "name": "partner", "mode": "AK",
        "access_key_id": format!("emulator-{PARTNER}"), "access_key_secret": "emulator-secret",
    }]});
    desk.file(".aliyun/config.json", &config.to_string());
    exercise(&desk, &emulator, |status| drop(desk.file("rictl.yaml", &spec("alibaba", "profile: partner, ", status))));
}

#[test]
fn the_emulator_as_provider_finds_the_keys_by_the_account_ids() {
    let emulator = Emulator::serve(&world());
    let desk = Desk::new("");
    // The same spec as for the cloud: where the emulator answers, who may assume the role does not matter.
    let how = "role_arn: \"acs:ram::6543210987654321:role/net-ops\", ";
    exercise(&desk, &emulator, |status| drop(desk.file("rictl.yaml", &spec("emulator", how, status))));
}

#[test]
fn a_partner_that_is_another_account_is_refused_before_anything_is_sent() {
    let emulator = Emulator::serve(&world());
    // The role is in the spec's own account, and not in the partner's.
    let how = format!("role_arn: \"acs:ram::{ACCOUNT}:role/net-ops\", ");
    let desk = Desk::new(&spec("alibaba", &how, "Inactive")).with_the_usual_key();
    let ran = desk.quick(&emulator.url(), &APPLY);
    assert_eq!(ran.code, 3, "{}", ran.text());
    let said = format!(
        "these credentials belong to account {ACCOUNT}, and cloud.accounts.partner.account_id is {PARTNER} (rictl.yaml:8:"
    );
    assert!(ran.flat().contains(&said), "{}", ran.text());
    assert!(emulator.mutating_calls().is_empty());
}

#[test]
fn a_role_that_cannot_be_assumed_is_named_before_anything_is_sent() {
    let emulator = Emulator::serve(&world());
    let how = "role_arn: \"acs:ram::1111222233334444:role/net-ops\", ";
    let desk = Desk::new(&spec("alibaba", how, "Inactive")).with_the_usual_key();
    let ran = desk.quick(&emulator.url(), &APPLY);
    assert_eq!(ran.code, 1, "{}", ran.text());
    for said in
        ["cannot use the account partner", "acs:ram::1111222233334444:role/net-ops", "EntityNotExist.Role", "RequestId"]
    {
        assert!(ran.flat().contains(said), "{said}: {}", ran.text());
    }
    assert!(emulator.mutating_calls().is_empty());
}
