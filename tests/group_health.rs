//! Group health, everywhere: the real binary's plan and drift, as text and for machines.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::{Value, json};

use crate::harness::binary::Desk;

/// Links that are Active and not up, a link with two declared ends, and one that nobody can read.
const WORLD: &str = "regions: [cn-shanghai, cn-beijing]
interfaces:
  - { id: ri-a }
  - { id: ri-ax, opposite: ri-a, status: Inactive }
  - { id: ri-b, business_status: FinancialLocked }
  - { id: ri-c, opposite: { id: ri-x, region: cn-hangzhou, status: Deleted } }
  - { id: ri-d }
  - { id: ri-dx, opposite: ri-d }
  - { id: ri-e, status: Inactive }
  - { id: ri-f, region: cn-beijing }
faults:
  - { fault: { error: { code: Forbidden.RAM, status: 403 } }, action: DescribeRouterInterfaces, region: cn-beijing }
";

fn desk(groups: &str, interfaces: &str) -> Desk {
    let spec = format!(
        "version: 1
cloud: {{ provider: emulator, region: cn-shanghai, world: w.yaml }}
groups: {groups}
interfaces:
{interfaces}"
    );
    let desk = Desk::new(&spec);
    desk.file("w.yaml", WORLD);
    desk
}

fn document(desk: &Desk, command: &str) -> Value {
    let ran = desk.run(&[command, "--json"]);
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.text()))
}

#[test]
fn a_group_of_links_that_are_active_and_not_up_is_drift_and_named_everywhere() {
    let desk = desk(
        "{ office: { min_active: 2 } }",
        "  a: { id: ri-a, status: Active, group: office }
  b: { id: ri-b, status: Active, group: office }
  c: { id: ri-c, status: Active, group: office }
",
    );
    let groups = json!([{
        "name": "office", "declared": 3, "up": 0, "floor": 2, "spare": -2, "below": true, "down": true,
        "not_up": [
            {"address": "a", "why": "opposite_inactive"},
            {"address": "b", "why": "financial_locked"},
            {"address": "c", "why": "peer_deleted"},
        ],
    }]);
    let said =
        "office: 0 of 3 up, floor 2: DOWN, below its floor; a is Active, its other side is not, b is FinancialLocked";
    let plan = desk.run(&["plan", "--detailed-exitcode"]);
    assert!(plan.code == 0 && plan.flat().contains(said), "{}", plan.text());
    assert_eq!(document(&desk, "plan")["groups"], groups);
    let drift = desk.run(&["drift", "--junit", "j.xml", "--metrics-file", "m.prom"]);
    assert!(drift.code == 2 && drift.flat().contains(said), "{}", drift.text());
    let document = document(&desk, "drift");
    assert_eq!(document["groups"], groups);
    assert_eq!(document["drifted"], true);
    let item = &document["items"].as_array().unwrap()[..];
    assert_eq!((item.len(), &item[0]["group"], &item[0]["cause"]), (1, &json!("office"), &json!("group")));
    assert_eq!((&item[0]["groups"], &item[0]["first_seen"]), (&json!(["office"]), &Value::Null));
    assert!(item[0]["text"].as_str().unwrap().starts_with("group office: 0 of 3 up, floor 2: DOWN"), "{document}");
    let read = |name| std::fs::read_to_string(desk.path().join(name)).unwrap();
    assert!(read("j.xml").contains(r#"name="group office"><failure type="group""#), "{}", read("j.xml"));
    let gauge = |kind: &str, value| format!("group=\"office\",kind=\"{kind}\"}} {value}");
    for line in [gauge("declared", 3), gauge("up", 0), gauge("floor", 2)] {
        assert!(read("m.prom").contains(&line), "{}", read("m.prom"));
    }
}

#[test]
fn a_link_counts_once_and_hands_off_excuses_no_group() {
    let desk = desk(
        "{ site: { max_unavailable: 1 }, idle: {} }",
        "  d: { id: ri-d, status: Active, group: site }
  dx: { id: ri-dx, status: Active, group: site }
  e: { id: ri-e, status: Active, group: site, hands_off: { reason: vendor } }
  a: { id: ri-a, status: Inactive, group: idle }
",
    );
    let groups = document(&desk, "drift")["groups"].clone();
    assert_eq!(groups[1]["declared"], 2);
    assert_eq!([&groups[1]["up"], &groups[1]["floor"], &groups[1]["spare"]], [&json!(1), &json!(1), &json!(0)]);
    assert_eq!(groups[1]["not_up"], json!([{"address": "e", "why": "hands_off"}]));
    assert_eq!([&groups[0]["down"], &groups[0]["below"]], [&json!(false), &json!(false)], "none is declared Active");
}

#[test]
fn what_could_not_be_read_makes_a_group_unknown_and_never_accuses_it() {
    let interfaces = "  d: { id: ri-d, status: Active, group: site }
  f: { id: ri-f, region: cn-beijing, status: Active, group: site }
";
    let desk = desk("{ site: { min_active: 2 } }", interfaces);
    let drift = desk.run(&["drift"]);
    assert_eq!(drift.code, 1, "{}", drift.text());
    assert!(
        drift.flat().contains("site: unknown how many of 2 are up, floor 2; f could not be read"),
        "{}",
        drift.text()
    );
    let groups = document(&desk, "drift")["groups"].clone();
    assert_eq!(
        [&groups[0]["up"], &groups[0]["spare"], &groups[0]["below"]],
        [&json!(null), &json!(null), &json!(false)]
    );

    let desk = self::desk("{ site: { min_active: 2 } }", &interfaces.replace("d: { id: ri-d", "d: { id: ri-e"));
    assert_eq!(document(&desk, "drift")["groups"][0]["below"], true, "too few even with f up");
}

#[test]
fn a_plan_names_the_groups_that_it_leaves_with_none_to_spare() {
    let interfaces = "  d: { id: ri-d, status: Inactive, group: site }
  dx: { id: ri-dx, status: Inactive, group: site }
  z: { id: ri-y, status: Active, group: site }
";
    let desk = desk("{ site: { min_active: 1 } }", interfaces);
    desk.file("w.yaml", &WORLD.replace("  - { id: ri-e,", "  - { id: ri-y }\n  - { id: ri-e,"));
    let plan = desk.run(&["plan"]);
    let said = "Groups: - site: at least 1 of 2 up at any moment, 1 at the end, floor 1, none to spare";
    assert!(plan.flat().contains(said), "{}", plan.text());
}
