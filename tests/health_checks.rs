//! Health checks of the links that keep a floor: the real binary against a served cloud, its calls counted.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::Value;

use crate::harness::binary::{Desk, Ran};
use crate::harness::emulator::Emulator;

const SPEC: &str = "version: 1
cloud:
  provider: emulator
  region: cn-shanghai
  accounts: { partner: { role_arn: \"acs:ram::1987654321098765:role/rictl\", account_id: \"1987654321098765\" } }
groups: { site: { min_active: 1 } }
interfaces:
  primary: { id: ri-a, status: Inactive, group: site }
  backup: { id: ri-b, status: Active, group: site }
";

/// Two links; of the second the spec declares the VBR's end only.
fn world(check: &str) -> String {
    format!(
        "accounts: [{{ id: \"1234567890123456\" }}, {{ id: \"1987654321098765\" }}]
regions: [cn-shanghai, cn-beijing]
settle: {{ activate: 0s, deactivate: 0s }}
interfaces:
  - {{ id: ri-a, router: vrt-a }}
  - {{ id: ri-b, router: vbr-b }}
  - {{ id: ri-bx, region: cn-beijing, opposite: ri-b, router: vrt-b, {check} }}
"
    )
}

fn desk(health: &str) -> Desk {
    Desk::new(&SPEC.replace("groups:", &format!("limits: {{ health: {health} }}\ngroups:")))
}

/// Who was asked for its health check.
fn asked(emulator: &Emulator) -> Vec<String> {
    let of = |call: &crate::harness::emulator::Call| call.action == "DescribeRouterInterfaceAttribute";
    emulator
        .calls()
        .into_iter()
        .filter(of)
        .map(|call| format!("{} {}", call.interface.unwrap(), call.region.unwrap()))
        .collect()
}

fn document(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.text()))
}

#[test]
fn the_end_of_the_vrouter_is_asked_once_and_what_it_says_is_a_warning() {
    let emulator = Emulator::serve(&world("health_check_status: Abnormal"));
    let desk = desk("warn");
    let plan = desk.quick(&emulator.url(), &["plan"]);
    let said = "Warning: backup: its health check is Abnormal: keeps the floor of site, and may carry nothing";
    assert!(plan.code == 0 && plan.flat().contains(said), "{}", plan.text());
    assert_eq!(asked(&emulator), ["ri-bx cn-beijing"]);
    let json = document(&desk.quick(&emulator.url(), &["plan", "--json"]));
    assert_eq!(json["inputs"]["health"], serde_json::json!([{ "interface_id": "ri-bx", "status": "Abnormal" }]));
    assert_eq!(json["groups"][0]["up"], 2, "a warning takes nothing away");
}

#[test]
fn nobody_is_asked_where_nothing_goes_down_or_nobody_wants_to_know() {
    let emulator = Emulator::serve(&world("health_check_status: Abnormal"));
    let plan = desk("ignore").quick(&emulator.url(), &["plan"]);
    assert!(plan.code == 0 && !plan.text().contains("Abnormal"), "{}", plan.text());
    let idle = Desk::new(&SPEC.replace("status: Inactive", "status: Active"));
    assert_eq!(idle.quick(&emulator.url(), &["plan"]).code, 0);
    assert_eq!(idle.quick(&emulator.url(), &["drift"]).code, 0);
    assert!(asked(&emulator).is_empty());
}

#[test]
fn where_it_binds_a_link_without_health_counts_as_not_up() {
    let emulator = Emulator::serve(&world("health_check_status: Abnormal"));
    let desk = desk("block");
    let plan = desk.quick(&emulator.url(), &["plan", "--json"]);
    assert_eq!(plan.code, 3, "{}", plan.text());
    let json = document(&plan);
    assert_eq!(json["blocked"][0]["code"], "health", "{json}");
    assert_eq!(json["groups"][0]["not_up"], serde_json::json!([{ "address": "backup", "why": "unhealthy" }]));
    assert_eq!(json["groups"][0]["up"], 1);
    let apply = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert_eq!(apply.code, 3, "{}", apply.text());
    assert!(emulator.mutating_calls().is_empty());
}

#[test]
fn what_cannot_be_read_is_one_note_or_counts_as_not_up() {
    let deny = "accounts:
  - id: \"1234567890123456\"
    access_keys: [{ id: emulator, secret: emulator-secret, deny: [DescribeRouterInterfaceAttribute] }]
";
    let world = world("health_check_status: Normal");
    let emulator = Emulator::serve(&format!("{deny}{}", world.split_once('\n').unwrap().1));
    let warned = desk("warn").quick(&emulator.url(), &["plan"]);
    let said = "Warning: the health checks of 1 link were not read: no permission";
    assert!(warned.code == 0 && warned.flat().contains(said), "{}", warned.text());
    assert!(warned.text().contains("vpc:DescribeRouterInterfaceAttribute"), "{}", warned.text());
    let blocked = desk("block").quick(&emulator.url(), &["plan", "--json"]);
    assert_eq!(document(&blocked)["blocked"][0]["code"], "health", "{}", blocked.text());
    assert_eq!(document(&blocked)["groups"][0]["not_up"][0]["why"], "unread");
}

#[test]
fn a_check_at_an_end_of_an_account_that_nobody_knows_cannot_be_read() {
    let other = |account: &str| {
        format!(
            "accounts: [{{ id: \"1234567890123456\" }}, {{ id: \"1987654321098765\" }}]
interfaces:
  - {{ id: ri-a, region: cn-shanghai, router: vrt-a }}
  - {{ id: ri-b, region: cn-shanghai, router: vbr-b, opposite: {{ id: ri-bx, region: cn-shanghai, account: \"{account}\", router: vrt-b, status: Active }} }}
"
        )
    };
    let emulator = Emulator::serve(&other("1111111111111111"));
    let plan = desk("warn").quick(&emulator.url(), &["plan"]);
    let said = "Warning: the health checks of backup in site could not be read: it is at the end of another account";
    assert!(plan.flat().contains(said), "{}", plan.text());
    assert!(asked(&emulator).is_empty());
    // One that we have is asked, as itself.
    let emulator = Emulator::serve(&other("1987654321098765"));
    desk("warn").quick(&emulator.url(), &["plan"]);
    assert_eq!(asked(&emulator), ["ri-bx cn-shanghai"]);
}

#[test]
fn a_saved_plan_says_what_the_checks_said() {
    let emulator = Emulator::serve(&world("health_check_status: NoHealthCheckConfig"));
    let desk = desk("block");
    let plan = desk.quick(&emulator.url(), &["plan", "--out", "p.json"]);
    let said = "backup without a health check (NoHealthCheckConfig) and keeps the floor of site";
    assert!(plan.code == 0 && plan.flat().contains(said), "{}", plan.text());
    let show = document(&desk.run(&["show", "p.json", "--json"]));
    assert_eq!(show["inputs"]["health"][0]["status"], "NoHealthCheckConfig");
    assert_eq!(show["floors"][0]["links"][0]["check"]["interface_id"], "ri-bx", "{}", show["floors"]);
}
