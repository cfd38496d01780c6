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
fn where_it_binds_an_explanation_asks_as_well_whatever_is_declared() {
    let emulator = Emulator::serve(&world("health_check_status: Abnormal"));
    for (health, status, can) in [("block", "Inactive", false), ("block", "Active", false), ("warn", "Active", true)] {
        let spec = SPEC.replace("groups:", &format!("limits: {{ health: {health} }}\ngroups:"));
        let desk = Desk::new(&spec.replace("status: Inactive", &format!("status: {status}")));
        let told = desk.run(&["explain", "primary", "--json", "--endpoint", &emulator.url()]);
        let told = document(&told);
        assert_eq!(told["can_go_down"]["possible"], can, "{health} {status}: {told}");
    }
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

#[test]
fn where_it_binds_it_is_asked_again_right_before_the_call() {
    let fault = "faults: [{ fault: { health_check: Abnormal }, action: DescribeRouterInterfaceAttribute, from: 2 }]";
    let emulator = Emulator::serve(&format!("{}{fault}\n", world("health_check_status: Normal")));
    let desk = desk("block");
    let apply = desk.quick(&emulator.url(), &["apply", "--auto-approve", "--json"]);
    assert_eq!(apply.code, 3, "{}", apply.text());
    assert!(emulator.mutating_calls().is_empty());
    assert_eq!(asked(&emulator).len(), 2, "once for the plan, once for the call");
    let last: Value = serde_json::from_str(apply.out.lines().last().unwrap()).unwrap();
    assert_eq!(last["reasons"][0]["code"], "health", "{last}");
    let said = "group site would keep 0 of 2 healthy, floor 1 (groups.site.min_active 1 at rictl.yaml:";
    assert!(last["reasons"][0]["detail"].as_str().unwrap().starts_with(said), "{last}");

    // Under `warn` the plan alone asks.
    let emulator = Emulator::serve(&format!("{}{fault}\n", world("health_check_status: Normal")));
    assert_eq!(self::desk("warn").quick(&emulator.url(), &["apply", "--auto-approve"]).code, 0);
    assert_eq!((asked(&emulator).len(), emulator.status("ri-a").as_str()), (1, "Inactive"));
}

#[test]
fn deactivations_that_wait_together_share_the_answers() {
    let spec = "version: 1
cloud: { provider: emulator, region: cn-shanghai }
limits: { health: block }
groups: { site: { min_active: 2 } }
interfaces:
  a: { id: ri-a, status: Inactive, group: site }
  b: { id: ri-b, status: Inactive, group: site }
  c: { id: ri-c, status: Inactive, group: site }
  d: { id: ri-d, status: Active, group: site }
  e: { id: ri-e, status: Active, group: site }
  f: { id: ri-f, status: Active, group: site }
";
    let ids = ["a", "b", "c", "d", "e", "f"].map(|name| format!("  - {{ id: ri-{name} }}\n")).concat();
    let emulator = Emulator::serve(&format!(
        "regions: [cn-shanghai]\nsettle: {{ deactivate: 0s, activate: 0s }}\ninterfaces:\n{ids}"
    ));
    let apply = Desk::new(spec).quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert_eq!((apply.code, emulator.mutating_calls().len()), (0, 3), "{}", apply.text());
    assert!(asked(&emulator).len() <= 8, "two for the plan, and few for three calls: {:?}", asked(&emulator));
}

#[test]
fn what_takes_nothing_from_its_group_is_retired_below_its_floor() {
    let spec = "version: 1
cloud: { provider: emulator, region: cn-shanghai }
groups: { site: { min_active: 1 } }
interfaces:
  dead: { id: ri-a, status: Inactive, group: site }
  gone: { id: ri-b, status: Active, group: site, hands_off: { reason: carrier has ended it } }
";
    let world = "regions: [cn-shanghai]
settle: { deactivate: 0s, activate: 0s }
interfaces:
  - { id: ri-a, opposite: { id: ri-x, status: Inactive } }
  - { id: ri-b, status: Inactive, opposite: { id: ri-y, status: Deleted } }
";
    let emulator = Emulator::serve(world);
    let desk = Desk::new(spec);
    let plan = desk.quick(&emulator.url(), &["plan", "--json"]);
    let said = "site is at 0 of 2, floor 1, with or without it";
    assert_eq!((plan.code, &document(&plan)["steps"][0]["guards"][0]), (0, &Value::from(said)), "{}", plan.text());
    let apply = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert_eq!(emulator.status("ri-a"), "Inactive", "{}", apply.text());
    assert_eq!(apply.code, 5, "its group is below its floor: {}", apply.text());
    assert!(apply.flat().contains(&format!("# guard: {said}")), "{}", apply.text());
}

#[test]
fn a_link_without_its_other_end_is_retired_below_its_floor() {
    let spec = "version: 1
cloud: { provider: emulator, region: cn-shanghai }
groups: { site: { min_active: 1 } }
interfaces:
  dead: { id: ri-a, status: Inactive, group: site }
  deleted: { id: ri-x, status: Active, group: site, hands_off: { reason: carrier has ended it } }
";
    let world = "regions: [cn-shanghai]
settle: { deactivate: 0s, activate: 0s }
interfaces:
  - { id: ri-a, opposite: ri-x }
  - { id: ri-x, status: Deleting }
";
    let emulator = Emulator::serve(world);
    let desk = Desk::new(spec);
    let apply = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert_eq!(emulator.status("ri-a"), "Inactive", "{}", apply.text());
}

#[test]
fn a_link_whose_other_end_is_declared_in_a_wrong_region_is_no_dead_link() {
    let spec = "version: 1
cloud: { provider: emulator, region: cn-shanghai }
groups: { site: { min_active: 1 } }
interfaces:
  a: { id: ri-a, status: Inactive, group: site }
  x: { id: ri-x, region: cn-hangzhou, status: Active, group: site }
";
    let world = "regions: [cn-shanghai, cn-beijing, cn-hangzhou]
interfaces:
  - { id: ri-a, opposite: ri-x }
  - { id: ri-x, region: cn-beijing }
";
    let emulator = Emulator::serve(world);
    let plan = Desk::new(spec).quick(&emulator.url(), &["plan", "--json"]);
    let document = document(&plan);
    let codes: Vec<&str> =
        document["blocked"].as_array().unwrap().iter().map(|blocked| blocked["code"].as_str().unwrap()).collect();
    assert!(document["steps"].as_array().unwrap().is_empty() && codes.contains(&"floor"), "{}", plan.text());
}
