//! What links carry and who moved them: the real binary against a served cloud, its calls counted.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::binary::{Desk, QUICK, Ran};
use crate::harness::emulator::Emulator;

const METRICS: &str = "DescribeMetricLast";

const SPEC: &str = "version: 1
cloud: { provider: emulator, region: cn-shanghai }
LIMITS
groups: { site: { min_active: 1 } }
interfaces:
  primary: { id: ri-a, status: Inactive, group: site }
  backup: { id: ri-b, status: Active, group: site }
";

const WORLD: &str =
    "accounts: [{ id: \"1234567890123456\", access_keys: [{ id: emulator, secret: emulator-secret DENY }] }]
regions: [cn-shanghai]
settle: { activate: 20ms, deactivate: 20ms }
interfaces: [{ id: ri-a }, { id: ri-b }]
traffic:
";

fn world(traffic: &str) -> String {
    format!("{}{traffic}", WORLD.replace(" DENY", ""))
}

fn without(action: &str, traffic: &str) -> String {
    format!("{}{traffic}", WORLD.replace(" DENY", &format!(", deny: [{action}]")))
}

fn desk(limits: &str) -> Desk {
    Desk::new(&SPEC.replace("LIMITS", limits))
}

fn quiet() -> Desk {
    desk("limits: { quiet_below: 1Mbit/s }")
}

fn document(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.text()))
}

fn asked(emulator: &Emulator) -> usize {
    emulator.calls().iter().filter(|call| call.action == METRICS).count()
}

const BUSY: &str = "  ri-a: { in: 900000, out: 100001 }\n  ri-b: { in: 5, out: 6 }\n";
const QUIET: &str = "  ri-a: { in: 900000, out: 100000 }\n";

#[test]
fn a_plan_says_what_each_carries_where_it_is_asked() {
    let emulator = Emulator::serve(&world("  ri-a: { in: 12300000, out: 0 }\n"));
    let desk = desk("");
    assert!(document(&desk.quick(&emulator.url(), &["plan", "--json"])).get("traffic").is_none());
    assert_eq!(asked(&emulator), 0, "nobody wanted to know");
    let json = document(&desk.quick(&emulator.url(), &["plan", "--json", "--traffic"]));
    let expected = json!([
        { "address": "backup", "in_bps": null, "out_bps": null },
        { "address": "primary", "in_bps": 12_300_000, "out_bps": 0 },
    ]);
    assert_eq!(json["traffic"], expected, "nothing known is not nothing carried");
    assert_eq!(asked(&emulator), 2, "one call a direction");
    for format in ["text", "markdown", "html"] {
        let plan = desk.quick(&emulator.url(), &["plan", "--traffic", "--format", format]);
        let text = plan.flat();
        assert!(text.contains("12.3 Mbit/s in, 0 bit/s out") && text.contains("unknown"), "{format}: {text}");
        assert!(text.contains("3 to 4 minutes old"), "{format}: {text}");
    }
}

#[test]
fn a_status_says_it_too() {
    let emulator = Emulator::serve(&world(BUSY));
    let desk = desk("");
    let told = desk.quick(&emulator.url(), &["status", "--traffic"]);
    assert!(told.code == 0 && told.flat().contains("primary 900 kbit/s in, 100 kbit/s out"), "{}", told.text());
    let json = document(&desk.quick(&emulator.url(), &["status", "--traffic", "--json", "backup"]));
    assert_eq!(json["traffic"], json!([{ "address": "backup", "in_bps": 5, "out_bps": 6 }]));
    assert!(document(&desk.quick(&emulator.url(), &["status", "--json"])).get("traffic").is_none());
}

#[test]
fn what_carries_more_than_the_limit_is_blocked_and_what_carries_as_much_goes_down() {
    let emulator = Emulator::serve(&world(BUSY));
    let desk = quiet();
    let plan = desk.quick(&emulator.url(), &["plan", "--json"]);
    assert_eq!(plan.code, 3, "{}", plan.text());
    let blocked = &document(&plan)["blocked"][0];
    assert_eq!(
        (&blocked["code"], &blocked["in_bps"], &blocked["limit_bps"]),
        (&json!("traffic"), &json!(900_000), &json!(1_000_000))
    );
    assert_eq!(asked(&emulator), 2);
    assert_eq!(desk.quick(&emulator.url(), &["apply", "--auto-approve"]).code, 3);
    assert!(emulator.mutating_calls().is_empty());

    let emulator = Emulator::serve(&world(QUIET));
    let apply = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert_eq!(apply.code, 0, "{}", apply.text());
    assert_eq!(asked(&emulator), 4, "when planning, and before the call");
    assert_eq!(desk.quick(&emulator.url(), &["plan", "--detailed-exitcode"]).code, 0);
}

#[test]
fn no_figures_and_no_permission_block_too_and_the_permission_is_named_once() {
    let emulator = Emulator::serve(&world("  ri-a: { in: 0, out: 0, age: 30m }\n"));
    let plan = quiet().quick(&emulator.url(), &["plan"]);
    assert!(plan.code == 3 && plan.flat().contains("no figure of the last 10 minutes"), "{}", plan.text());
    let emulator = Emulator::serve(&without(METRICS, QUIET));
    let plan = quiet().quick(&emulator.url(), &["plan"]);
    assert!(plan.code == 3 && plan.flat().contains("cms:QueryMetricLast"), "{}", plan.text());
    let free = desk("").quick(&emulator.url(), &["plan", "--traffic"]);
    assert_eq!(free.code, 0, "{}", free.text());
    assert_eq!(free.text().matches("cms:QueryMetricLast").count(), 1, "one note: {}", free.text());
}

#[test]
fn a_saved_plan_keeps_its_digest_whatever_is_carried_and_is_asked_again_before_the_call() {
    let desk = quiet();
    let emulator = Emulator::serve(&world(QUIET));
    let plan = desk.quick(&emulator.url(), &["plan", "--out", "p.json", "--traffic"]);
    assert_eq!(plan.code, 0, "{}", plan.text());
    let saved = document(&desk.run(&["show", "p.json", "--json"]));
    assert_eq!(saved["traffic"][1]["in_bps"], 900_000);
    let other = Emulator::serve(&world(BUSY));
    let apply = desk.quick(&other.url(), &["apply", "p.json"]);
    assert!(apply.code == 3 && apply.flat().contains("carries 900 kbit/s in"), "{}", apply.text());
    assert!(other.mutating_calls().is_empty());
    let reasons = document(&desk.run(&["history", "--json"]))["runs"][0]["reasons"].clone();
    assert_eq!(reasons[0]["code"], "traffic", "{reasons}");
}

#[test]
fn a_way_back_is_not_held_by_what_it_carries() {
    let desk = desk("");
    let spec = SPEC.replace("LIMITS", "").replace("status: Inactive", "status: Active");
    desk.file("rictl.yaml", &spec);
    let emulator = Emulator::serve(&world(BUSY).replace("{ id: ri-a }", "{ id: ri-a, status: Inactive }"));
    let apply = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert_eq!(apply.code, 0, "{}", apply.text());
    desk.file("rictl.yaml", &spec.replace("groups:", "limits: { quiet_below: 1bit/s }\ngroups:"));
    let back = desk.quick(&emulator.url(), &["rollback", "--auto-approve"]);
    assert_eq!((back.code, emulator.status("ri-a")), (0, "Inactive".to_owned()), "{}", back.text());
}

const ROLLOUT: &str = "version: 1
cloud: { provider: emulator, region: cn-shanghai }
groups: { site: { min_active: 1 } }
rollout: { canary: 1, traffic: { returns: 50%, within: WITHIN } }
interfaces:
  a: { id: ri-a, status: Active, group: site }
  b: { id: ri-b, status: Active, group: site }
  c: { id: ri-c, status: Active, group: site }
";

fn returning(within: &str, back: u64) -> (Desk, Emulator) {
    let world = format!(
        "regions: [cn-shanghai]
settle: {{ activate: 20ms, deactivate: 20ms }}
interfaces: [{{ id: ri-a, status: Inactive }}, {{ id: ri-b, status: Inactive }}, {{ id: ri-c }}]
traffic:
  ri-a: {{ in: {back}, out: 0 }}
  ri-b: {{ in: 900, out: 0 }}
  ri-c: {{ in: 600, out: 400 }}
"
    );
    (Desk::new(&ROLLOUT.replace("WITHIN", within)), Emulator::serve(&world))
}

#[test]
fn a_wave_is_good_once_its_share_has_come_back_and_the_next_begins() {
    let (desk, emulator) = returning("30s", 500);
    let apply = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert_eq!(apply.code, 0, "{}", apply.text());
    assert!(apply.flat().contains("Waiting for 50% of the traffic to come back"), "{}", apply.text());
    assert_eq!(desk.quick(&emulator.url(), &["plan", "--detailed-exitcode"]).code, 0);
}

#[test]
fn too_little_ends_the_rollout_as_a_failing_check_does() {
    let (desk, emulator) = returning("300ms", 499);
    let apply = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert_eq!(apply.code, 5, "{}", apply.text());
    assert!(apply.flat().contains("site 499 bit/s, wanted 500 bit/s of 1 kbit/s before"), "{}", apply.text());
    assert_eq!((emulator.status("ri-a"), emulator.status("ri-b")), ("Active".to_owned(), "Inactive".to_owned()));
    let run = document(&desk.run(&["history", "--json"]))["runs"][0].clone();
    assert_eq!((&run["exit_code"], &run["reasons"][0]["code"]), (&json!(5), &json!("traffic")), "{run}");
}

#[test]
fn what_did_not_carry_enough_is_taken_back_where_that_is_asked_for() {
    let (desk, emulator) = returning("300ms", 0);
    let apply = desk.quick(&emulator.url(), &["apply", "--auto-approve", "--on-error", "rollback"]);
    assert_eq!(apply.code, 5, "{}", apply.text());
    assert_eq!(emulator.status("ri-a"), "Inactive", "{}", apply.text());
}

#[test]
fn killed_while_it_waits_for_traffic_a_run_is_found_and_nothing_is_called_twice() {
    let (desk, emulator) = returning("1m", 0);
    let endpoint = ["--endpoint", &emulator.url()];
    let mut command = desk.command(&[&["apply", "--auto-approve"][..], &QUICK, &endpoint].concat());
    let mut apply = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // What was carried before is one question; another one is about what has come back.
    while asked(&emulator) < 3 {
        assert!(apply.try_wait().unwrap().is_none(), "it waits for traffic");
        std::thread::sleep(Duration::from_millis(10));
    }
    apply.kill().unwrap();
    apply.wait().unwrap();
    assert_eq!(emulator.mutating_calls().len(), 1, "the next wave is not begun");
    let next = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert_eq!(next.code, 0, "{}", next.text());
    assert_eq!(emulator.mutating_calls().len(), 2, "{}", next.text());
    let runs = document(&desk.run(&["history", "--json"]))["runs"].clone();
    let outcomes: Vec<&Value> = runs.as_array().unwrap().iter().map(|run| &run["outcome"]).collect();
    assert!(outcomes.contains(&&json!("died")), "{runs}");
}

#[test]
fn a_wave_is_not_begun_where_nobody_can_tell_what_is_carried() {
    let desk = Desk::new(&ROLLOUT.replace("WITHIN", "30s"));
    let world = "regions: [cn-shanghai]\ninterfaces: [{ id: ri-a, status: Inactive }, { id: ri-b }, { id: ri-c }]\n";
    let emulator = Emulator::serve(world);
    let apply = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert!(apply.code == 1 && apply.flat().contains("Wave 1 of 1 not begun"), "{}", apply.text());
    assert!(emulator.mutating_calls().is_empty());
}

const WHO: &str = "version: 1
cloud: { provider: emulator, region: cn-shanghai }
interfaces:
  a: { id: ri-a, status: Active }
  b: { id: ri-b, status: Active }
";

/// Applies, and lets somebody at the console take `a` down once the second of the last look is over.
fn moved(world: &str, by: &str) -> (Desk, Emulator) {
    let (desk, emulator) = (Desk::new(WHO), Emulator::serve(world));
    assert_eq!(desk.quick(&emulator.url(), &["apply", "--auto-approve"]).code, 0);
    emulator.breaks(&format!(
        "faults:\n  - {{ fault: {{ console: {{ interface: ri-a, status: Inactive, at: 1500ms{by} }} }} }}\n"
    ));
    while emulator.status("ri-a") != "Inactive" {
        desk.quick(&emulator.url(), &["drift"]);
    }
    (desk, emulator)
}

const NOBODY_SPECIAL: &str = "regions: [cn-shanghai]
settle: { activate: 0s, deactivate: 0s }
interfaces: [{ id: ri-a, status: Inactive }, { id: ri-b }]
";

#[test]
fn drift_says_who_moved_what_in_every_form() {
    let (desk, emulator) = moved(NOBODY_SPECIAL, ", by: alice");
    let plain = document(&desk.quick(&emulator.url(), &["drift", "--json"]));
    assert!(plain["items"][0].get("who").is_none(), "nobody asked: {plain}");
    let ran = desk.quick(&emulator.url(), &["drift", "--who", "--json", "--junit", "junit.xml"]);
    assert_eq!(ran.code, 2, "{}", ran.text());
    let who = &document(&ran)["items"][0]["who"];
    assert_eq!(
        (&who["name"], &who["kind"], &who["event"]),
        (&json!("alice"), &json!("ram-user"), &json!("DeactivateRouterInterface")),
        "{who}"
    );
    assert!(who["time"].is_string() && who["request_id"].is_string(), "{who}");
    assert!(std::fs::read_to_string(desk.path().join("junit.xml")).unwrap().contains("moved by alice (ram-user)"));
    for format in ["text", "markdown", "html"] {
        let told = desk.quick(&emulator.url(), &["drift", "--who", "--format", format]);
        assert!(told.flat().contains("moved by alice"), "{format}: {}", told.text());
    }
}

#[test]
fn a_request_id_of_ours_is_our_run_and_never_somebody() {
    let (desk, emulator) = (Desk::new(WHO), Emulator::serve(NOBODY_SPECIAL));
    assert_eq!(desk.quick(&emulator.url(), &["apply", "--auto-approve"]).code, 0);
    let run = document(&desk.run(&["history", "--json"]))["runs"][0]["run_id"].clone();
    desk.file("rictl.yaml", &WHO.replace("a: { id: ri-a, status: Active }", "a: { id: ri-a, status: Inactive }"));
    assert_eq!(desk.quick(&emulator.url(), &["apply", "--auto-approve"]).code, 0);
    let back = desk.quick(&emulator.url(), &["rollback", "--auto-approve"]);
    assert_eq!(back.code, 0, "{}", back.text());
    // What was taken back is drift: whoever did it is known.
    let json = document(&desk.quick(&emulator.url(), &["drift", "--who", "--json"]));
    let who = &json["items"][0]["who"];
    assert!(who["run"].is_string() && who["run"] != run || who.is_null(), "{json}");
    assert!(who.get("name").is_none(), "{json}");
}

#[test]
fn what_the_log_has_not_yet_is_said_so_and_blames_nobody() {
    let world = format!("lag: {{ action_trail: 5m }}\n{NOBODY_SPECIAL}");
    let (desk, emulator) = moved(&world, ", by: alice");
    let ran = desk.quick(&emulator.url(), &["drift", "--who"]);
    assert!(ran.code == 2 && ran.flat().contains("not in ActionTrail yet"), "{}", ran.text());
    assert_eq!(document(&desk.quick(&emulator.url(), &["drift", "--who", "--json"]))["items"][0]["who"], Value::Null);
}

#[test]
fn without_the_permission_it_is_a_note_and_the_exit_code_stays() {
    let keys = "accounts: [{ id: \"1234567890123456\", access_keys: [{ id: emulator, secret: emulator-secret, deny: [LookupEvents] }] }]";
    let (desk, emulator) = moved(&format!("{keys}\n{NOBODY_SPECIAL}"), "");
    let ran = desk.quick(&emulator.url(), &["drift", "--who"]);
    assert!(ran.code == 2 && ran.text().contains("actiontrail:LookupEvents"), "{}", ran.text());
    let json = document(&desk.quick(&emulator.url(), &["drift", "--who", "--json"]));
    assert_eq!((&json["items"][0]["who"], &json["warnings"][0]["code"]), (&Value::Null, &json!("events_unread")));
}

#[test]
fn nothing_that_was_done_before_we_looked_is_blamed() {
    let (desk, emulator) = (Desk::new(WHO), Emulator::serve(NOBODY_SPECIAL));
    // Our own call is in the log; whoever applied it does not move it again.
    assert_eq!(desk.quick(&emulator.url(), &["apply", "--auto-approve"]).code, 0);
    desk.file("rictl.yaml", &WHO.replace("a: { id: ri-a, status: Active }", "a: { id: ri-a, status: Inactive }"));
    let json = document(&desk.quick(&emulator.url(), &["drift", "--who", "--json"]));
    assert_eq!(
        (&json["items"][0]["cause"], &json["items"][0]["who"]),
        (&json!("spec_changed"), &Value::Null),
        "{json}"
    );
    let lookups = emulator.calls().iter().filter(|call| call.action == "LookupEvents").count();
    assert_eq!(lookups, 0, "nobody has moved it");
}
