//! The routes over what goes down: the real binary against a served cloud, its calls counted.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::{Value, json};

use crate::harness::binary::{Desk, Ran};
use crate::harness::emulator::Emulator;

const SPEC: &str = "version: 1
cloud: { provider: emulator, region: cn-shanghai }
groups: { site: { min_active: 1 } }
interfaces:
  primary: { id: ri-a, status: Inactive, group: site }
  backup: { id: ri-b, status: Active, group: site }
";

/// Three links of one router: two of the spec, one of nobody; and one of another router.
fn world(status_of_backup: &str, routes: &str, more: &str) -> String {
    format!(
        "accounts: [{{ id: \"1234567890123456\" }}]
settle: {{ activate: 0s, deactivate: 0s }}
{more}interfaces:
  - {{ id: ri-a, region: cn-shanghai, router: vrt-1 }}
  - {{ id: ri-b, region: cn-shanghai, router: vrt-1, status: {status_of_backup} }}
  - {{ id: ri-c, region: cn-shanghai, router: vrt-1 }}
  - {{ id: ri-d, region: cn-shanghai, router: vrt-2 }}
routes:
{routes}"
    )
}

fn route(prefix: &str, hops: &str) -> String {
    format!("  - {{ table: vtb-1, router: vrt-1, prefix: {prefix}, next_hops: [{hops}] }}\n")
}

const BOTH: &str = "{ id: ri-a, weight: 100 }, { id: ri-b, weight: 0 }";
const ALONE: &str = "{ id: ri-a }";

fn desk(policy: &str) -> Desk {
    Desk::new(&SPEC.replace("groups:", &format!("limits: {{ last_route: {policy} }}\ngroups:")))
}

fn document(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.text()))
}

/// How often each action of route tables was called.
fn asked(emulator: &Emulator) -> (usize, usize) {
    let calls = emulator.calls();
    let count = |action: &str| calls.iter().filter(|call| call.action == action).count();
    (count("DescribeRouteTableList"), count("DescribeRouteEntryList"))
}

#[test]
fn what_remains_is_said_and_what_does_not_is_a_warning() {
    let lost: String = (1..13).map(|number| route(&format!("10.{number}.0.0/16"), ALONE)).collect();
    let emulator = Emulator::serve(&world("Active", &format!("{}{lost}", route("10.200.0.0/16", BOTH)), ""));
    let desk = desk("warn");
    let plan = desk.quick(&emulator.url(), &["plan"]);
    assert!(
        plan.code == 0 && plan.flat().contains("primary: 10.1.0.0/16 and 11 more have no other next hop"),
        "{}",
        plan.text()
    );
    assert!(plan.flat().contains("10.200.0.0/16 keeps backup (standby)"), "{}", plan.text());
    assert_eq!(asked(&emulator), (1, 1), "none of other routers");
    let json = document(&desk.quick(&emulator.url(), &["plan", "--json"]));
    let left = json["routes"].as_array().unwrap().iter().find(|left| left["prefix"] == "10.200.0.0/16").unwrap();
    let remains = json!([{ "id": "ri-b", "address": "backup", "weight": 0 }]);
    assert_eq!(*left, json!({ "address": "primary", "table": "vtb-1", "prefix": "10.200.0.0/16", "remains": remains }));
    assert_eq!(json["routes"].as_array().unwrap().len(), 13);
    assert_eq!(json["warnings"][0]["code"], "last_route", "{}", json["warnings"]);
    let markdown = desk.quick(&emulator.url(), &["plan", "--format", "markdown"]);
    assert!(markdown.flat().contains("11 more have no other next hop"), "{}", markdown.text());
    let html = desk.quick(&emulator.url(), &["plan", "--format", "html"]);
    assert!(html.out.contains("aria-label=\"routes\"") && html.out.contains("keeps backup (standby)"), "{}", html.out);
    let applied = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert_eq!(applied.code, 0, "{}", applied.text());
    assert_eq!(desk.quick(&emulator.url(), &["plan", "--detailed-exitcode"]).code, 0);
}

#[test]
fn nobody_is_asked_where_nothing_goes_down_or_nobody_wants_to_know() {
    let emulator = Emulator::serve(&world("Active", &route("10.8.0.0/16", ALONE), ""));
    assert_eq!(desk("ignore").quick(&emulator.url(), &["plan"]).code, 0);
    let idle = Desk::new(&SPEC.replace("status: Inactive", "status: Active"));
    assert_eq!(idle.quick(&emulator.url(), &["plan"]).code, 0);
    assert_eq!(asked(&emulator), (0, 0));
}

#[test]
fn where_it_binds_the_last_next_hop_stays_unless_somebody_allows_it_and_that_is_recorded() {
    let emulator = Emulator::serve(&world("Active", &route("10.8.0.0/16", ALONE), ""));
    let desk = desk("block");
    let plan = desk.quick(&emulator.url(), &["plan", "--json"]);
    assert_eq!(plan.code, 3, "{}", plan.text());
    let blocked = &document(&plan)["blocked"][0];
    assert_eq!(
        (&blocked["code"], &blocked["prefixes"][0]["prefix"]),
        (&json!("route"), &json!("10.8.0.0/16")),
        "{blocked}"
    );
    let refused = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert!(refused.code == 3 && emulator.mutating_calls().is_empty(), "{}", refused.text());
    let unknown = desk.quick(&emulator.url(), &["plan", "--allow-last-route", "primry"]);
    assert!(unknown.code == 1 && unknown.flat().contains("primary"), "{}", unknown.text());
    let allow = ["--allow-last-route", "primary"];
    let saved = desk.quick(&emulator.url(), &[&["plan", "--out", "p.json"][..], &allow[..]].concat());
    assert!(saved.code == 0 && saved.flat().contains("--allow-last-route primary"), "{}", saved.text());
    let without = desk.quick(&emulator.url(), &["apply", "p.json"]);
    assert!(without.code == 3 && without.flat().contains("give --allow-last-route primary"), "{}", without.text());
    let applied = desk.quick(&emulator.url(), &[&["apply", "p.json"][..], &allow[..]].concat());
    assert_eq!(applied.code, 0, "{}", applied.text());
    let history = document(&desk.run(&["history", "--json"]));
    assert_eq!(history["runs"][0]["allow_last_route"], json!(["primary"]), "{history}");
}

#[test]
fn it_is_asked_again_right_before_the_call() {
    let emulator = Emulator::serve(&world("Active", &route("10.8.0.0/16", BOTH), ""));
    let desk = desk("block");
    let applied = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert_eq!(applied.code, 0, "{}", applied.text());
    assert_eq!(asked(&emulator), (2, 2), "for the plan and for the call");
}

#[test]
fn a_next_hop_that_comes_up_first_counts_whatever_inactive_ones_show() {
    for setting in ["enabled", "disabled"] {
        let more = format!("inactive_next_hops: {setting}\n");
        let emulator = Emulator::serve(&world("Inactive", &route("10.8.0.0/16", "{ id: ri-a }, { id: ri-b }"), &more));
        let desk = desk("block");
        let plan = desk.quick(&emulator.url(), &["plan"]);
        assert_eq!(plan.code, 0, "{setting}: {}", plan.text());
        let applied = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
        assert_eq!(applied.code, 0, "{setting}: {}", applied.text());
    }
}

#[test]
fn a_next_hop_that_stays_down_counts_for_nothing_whatever_it_shows() {
    for setting in ["enabled", "disabled"] {
        let more = format!("inactive_next_hops: {setting}\n");
        let emulator = Emulator::serve(&world("Inactive", &route("10.8.0.0/16", "{ id: ri-a }, { id: ri-b }"), &more));
        let spec = SPEC.replace("status: Active", "status: Inactive").replace("{ min_active: 1 }", "{ min_active: 0 }");
        let desk = Desk::new(&spec.replace("groups:", "limits: { last_route: block }\ngroups:"));
        assert_eq!(desk.quick(&emulator.url(), &["plan"]).code, 3, "{setting}");
    }
}

#[test]
fn what_is_disabled_once_it_is_up_keeps_the_call_from_being_sent() {
    let routes = route("10.8.0.0/16", "{ id: ri-a }, { id: ri-b, enabled: false }");
    let emulator = Emulator::serve(&world("Inactive", &routes, ""));
    let desk = desk("block");
    let plan = desk.quick(&emulator.url(), &["plan"]);
    assert!(plan.code == 0 && plan.flat().contains("no other next hop that is Enabled now"), "{}", plan.text());
    let applied = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert!(applied.code == 5 && applied.flat().contains("10.8.0.0/16 has no other next hop"), "{}", applied.text());
    let runs = document(&desk.run(&["history", "--json"]));
    let codes = runs["runs"][0]["reasons"].to_string();
    assert!(codes.contains("\"route\""), "{codes}");
}

#[test]
fn a_next_hop_that_nobody_declares_is_looked_at() {
    let emulator = Emulator::serve(&world("Inactive", &route("10.8.0.0/16", "{ id: ri-a }, { id: ri-c }"), ""));
    let spec = SPEC.replace("{ min_active: 1 }", "{ min_active: 0 }").replace("status: Active", "status: Inactive");
    let desk = Desk::new(&spec.replace("groups:", "limits: { last_route: block }\ngroups:"));
    let json = document(&desk.quick(&emulator.url(), &["plan", "--json"]));
    assert_eq!(json["routes"][0]["remains"][0], json!({ "id": "ri-c", "address": null, "weight": null }), "{json}");
    assert_eq!(desk.quick(&emulator.url(), &["apply", "--auto-approve"]).code, 0);
}

#[test]
fn without_the_permission_there_is_one_note_or_nothing_goes_down() {
    let deny = "accounts:
  - id: \"1234567890123456\"
    access_keys: [{ id: emulator, secret: emulator-secret, deny: [DescribeRouteTableList] }]
";
    let world = world("Active", &route("10.8.0.0/16", ALONE), "");
    let emulator = Emulator::serve(&format!("{deny}{}", world.split_once('\n').unwrap().1));
    let warned = desk("warn").quick(&emulator.url(), &["plan"]);
    let said = "Warning: the routes over 1 interface were not read: no permission";
    assert!(warned.code == 0 && warned.flat().contains(said), "{}", warned.text());
    assert!(warned.text().contains("vpc:DescribeRouteTableList"), "{}", warned.text());
    let blocked = desk("block").quick(&emulator.url(), &["plan", "--json"]);
    assert_eq!(document(&blocked)["blocked"][0]["unread"]["why"], "denied", "{}", blocked.text());
}

#[test]
fn a_rehearsal_under_a_block_sees_the_routes_that_were_read() {
    let emulator = Emulator::serve(&world(
        "Inactive",
        &route("10.8.0.0/16", "{ id: ri-a }, { id: ri-b }"),
        "inactive_next_hops: disabled\n",
    ));
    let rehearsed = desk("block").quick(&emulator.url(), &["rehearse"]);
    assert_eq!(rehearsed.code, 0, "{}", rehearsed.text());
    assert!(emulator.mutating_calls().is_empty());
}

#[test]
fn groups_are_held_against_routes() {
    let routes: String = (1..13).map(|number| route(&format!("10.{number}.0.0/16"), ALONE)).collect();
    let emulator = Emulator::serve(&world("Active", &routes, ""));
    let desk = desk("warn");
    let checked = desk.quick(&emulator.url(), &["validate", "--live"]);
    let said = "backup is in site but carries none of its 12 prefixes";
    assert!(checked.code == 0 && checked.flat().contains(said), "{}", checked.text());
    assert!(!desk.quick(&emulator.url(), &["validate"]).flat().contains("prefixes"));
    let both = Emulator::serve(&world("Active", &route("10.8.0.0/16", BOTH), ""));
    assert!(!desk.quick(&both.url(), &["validate", "--live"]).flat().contains("prefix"));
    let far = "  - { table: vtb-2, router: vrt-2, prefix: 10.8.0.0/16, next_hops: [{ id: ri-d }] }\n";
    let two = Emulator::serve(&world("Active", &format!("{}{far}", route("10.8.0.0/16", BOTH)), ""));
    let spec = SPEC.replace("groups: {", "groups: { far: { min_active: 1 },");
    let desk = Desk::new(&format!("{spec}  other: {{ id: ri-d, status: Active, group: far }}\n"));
    let checked = desk.quick(&two.url(), &["validate", "--live"]).flat();
    assert!(!checked.contains("prefix"), "an equal prefix of another router is another route: {checked}");
}

#[test]
fn what_rides_on_the_other_end_of_a_link_goes_down_with_it() {
    let world = "accounts: [{ id: \"1234567890123456\" }]
settle: { activate: 0s, deactivate: 0s }
interfaces:
  - { id: ri-a, region: cn-shanghai, router: vrt-1, opposite: ri-a2 }
  - { id: ri-a2, region: cn-shanghai, router: vbr-1, opposite: ri-a }
routes:
  - { table: vtb-1, router: vrt-1, prefix: 10.9.0.0/16, next_hops: [{ id: ri-a }] }
";
    let emulator = Emulator::serve(world);
    let far = "  far: { id: ri-a2, status: Inactive }\n";
    for (near, more) in [
        ("", &[][..]),
        ("  near: { id: ri-a, status: Active }\n", &[]),
        ("  near: { id: ri-a, status: Inactive }\n", &["--exclude", "near"]),
        ("  near: { id: ri-a, status: Inactive }\n", &["--target", "far"]),
    ] {
        let spec = format!(
            "version: 1\ncloud: {{ provider: emulator, region: cn-shanghai }}\nlimits: {{ last_route: block }}\ninterfaces:\n{near}{far}"
        );
        let arguments: Vec<&str> = ["plan"].iter().chain(more).copied().collect();
        let plan = Desk::new(&spec).quick(&emulator.url(), &arguments);
        assert_eq!(plan.code, 3, "{near:?} {more:?}: {}", plan.text());
        assert!(plan.flat().contains("10.9.0.0/16 has no other next hop"), "{}", plan.text());
    }
}

#[test]
fn a_table_that_lists_fewer_entries_than_it_counts_counts_as_lost() {
    let short = "faults:\n  - { fault: { short_page: 1 }, action: DescribeRouteEntryList }\n";
    let emulator = Emulator::serve(&world("Active", &route("10.8.0.0/16", BOTH), short));
    let plan = desk("block").quick(&emulator.url(), &["plan"]);
    assert!(plan.code == 3 && plan.flat().contains("another number of entries"), "{}", plan.text());
}

#[test]
fn explain_counts_what_rides_on_a_link_and_asks_for_each_router_once() {
    let idle = SPEC.replace("status: Inactive", "status: Active").replace("min_active: 1", "min_active: 0");
    let limited = |limit: &str| Desk::new(&idle.replace("groups:", &format!("limits: {{ {limit} }}\ngroups:")));
    let routes = format!("{}{}", route("10.8.0.0/16", ALONE), route("10.9.0.0/16", BOTH));
    let emulator = Emulator::serve(&world("Active", &routes, "traffic: { ri-b: { in: 2000000, out: 0 } }\n"));
    let desk = limited("last_route: block");
    let explained = document(&desk.quick(&emulator.url(), &["explain", "group:site", "--json"]));
    let answer = |number: usize| explained["interfaces"][number]["can_go_down"].clone();
    assert_eq!((&answer(0)["possible"], &answer(1)["possible"]), (&json!(true), &json!(false)), "{explained}");
    assert!(answer(1)["says"].as_str().unwrap().contains("10.8.0.0/16"), "{explained}");
    assert_eq!(asked(&emulator), (1, 1));
    let busy = limited("quiet_below: 1Mbit/s").quick(&emulator.url(), &["explain", "backup"]);
    assert!(busy.flat().contains("Can it go down now: no: ") && busy.flat().contains("2 Mbit/s"), "{}", busy.text());
    limited("last_route: warn").quick(&emulator.url(), &["explain", "primary"]);
    assert_eq!(asked(&emulator), (1, 1), "nobody is asked where that forbids nothing");
}

/// A link between a VBR and a VPC, and one prefix that only it leads to; `of_vpc` is more of the VPC's end.
fn link(more: &str, of_vpc: &str) -> String {
    format!(
        "accounts: [{{ id: \"1234567890123456\" }}, {{ id: \"1987654321098765\" }}]
regions: [cn-shanghai, cn-beijing]
settle: {{ activate: 0s, deactivate: 0s }}
interfaces:
  - {{ id: ri-a, router: vrt-1{of_vpc} }}
  - {{ id: ri-pa, router: vbr-1, opposite: ri-a, region: cn-beijing }}
  - {{ id: ri-z, router: vrt-z }}
routes:
  - {{ table: vtb-1, router: vrt-1, prefix: 10.8.0.0/16, next_hops: [{{ id: ri-a }}] }}
{more}"
    )
}

fn ends(interfaces: &str) -> Desk {
    let spec =
        "version: 1\ncloud: { provider: emulator, region: cn-shanghai }\nlimits: { last_route: block }\ninterfaces:\n";
    Desk::new(&format!("{spec}  pa: {{ id: ri-pa, region: cn-beijing, status: Inactive }}\n{interfaces}"))
}

#[test]
fn what_rides_on_an_end_that_cannot_be_asked_counts_as_lost() {
    let denied = "faults:\n  - { fault: denied, action: DescribeRouterInterfaces, region: cn-shanghai }\n";
    for (world, declared) in [
        (link("", ", account: \"1987654321098765\""), ""),
        (link(denied, ""), "  a: { id: ri-a, status: Active }\n"),
        (link("", ""), "  a: { id: ri-a, region: cn-beijing, status: Active }\n"),
        (link(denied, ""), ""),
    ] {
        let emulator = Emulator::serve(&world);
        let desk = ends(declared);
        let plan = document(&desk.quick(&emulator.url(), &["plan", "--json"]));
        let blocked =
            plan["blocked"].as_array().unwrap().iter().any(|it| it["address"] == "pa" && it["code"] == "route");
        assert!(blocked, "{declared:?}: {plan}");
        let explained = document(&desk.quick(&emulator.url(), &["explain", "pa", "--json"]));
        assert_eq!(explained["can_go_down"]["possible"], json!(false), "{declared:?}: {explained}");
        let applied = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
        assert!(applied.code != 0 && emulator.mutating_calls().is_empty(), "{declared:?}: {}", applied.text());
    }
}

#[test]
fn a_region_of_a_next_hop_that_goes_away_ends_the_run_and_cuts_nothing() {
    let more = "faults:\n  - { fault: denied, action: DescribeRouterInterfaces, region: cn-shanghai, from: 2 }\n";
    let world = link(more, "").replace("[{ id: ri-a }]", "[{ id: ri-a }, { id: ri-b }]");
    let world = world.replace("  - { id: ri-z", "  - { id: ri-b, router: vrt-1 }\n  - { id: ri-z");
    let emulator = Emulator::serve(&world);
    let applied = ends("").quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert!(applied.code == 3 && emulator.mutating_calls().is_empty(), "{}", applied.text());
}

#[test]
fn a_saved_plan_beside_something_blocked_and_its_rehearsal_go_by_what_was_read() {
    let emulator = Emulator::serve(&link("", ""));
    let desk = ends("  z: { id: ri-z, status: Inactive }\n");
    assert_eq!(desk.quick(&emulator.url(), &["plan", "--out", "p.json"]).code, 3);
    let rehearsed = desk.quick(&emulator.url(), &["rehearse", "p.json"]);
    assert_eq!(rehearsed.code, 5, "{}", rehearsed.text());
    let applied = desk.quick(&emulator.url(), &["apply", "p.json"]);
    assert_eq!((applied.code, emulator.mutating_calls().len()), (5, 1), "{}", applied.text());
    let alone = ends("").quick(&emulator.url(), &["rehearse"]);
    assert_eq!(alone.code, 3, "{}", alone.text());
}

#[test]
fn a_dead_link_goes_down_from_either_end() {
    let emulator = Emulator::serve(&link("", ", status: Inactive"));
    let applied = ends("").quick(&emulator.url(), &["apply", "--auto-approve"]);
    assert_eq!(applied.code, 0, "{}", applied.text());
}

#[test]
fn what_one_end_may_cut_is_said_and_the_other_end_may_cut_it_too() {
    let emulator = Emulator::serve(&link("", ""));
    let desk = ends("  a: { id: ri-a, status: Inactive }\n");
    let plan = desk.quick(&emulator.url(), &["plan", "--allow-last-route", "a"]);
    assert!(plan.code == 0 && plan.flat().contains("pa: 10.8.0.0/16 has no other next hop"), "{}", plan.text());
    let applied = desk.quick(&emulator.url(), &["apply", "--auto-approve", "--allow-last-route", "a"]);
    assert_eq!(applied.code, 0, "{}", applied.text());
}

#[test]
fn a_table_that_another_step_needs_binds_nobody_else() {
    let world = "settle: { activate: 0s, deactivate: 0s }
interfaces:
  - { id: ri-v1, router: vrt-1 }
  - { id: ri-v3, router: vrt-2 }
  - { id: ri-p1, router: vbr-1, opposite: ri-v1 }
  - { id: ri-p3, router: vbr-1, opposite: ri-v3 }
routes:
  - { table: vtb-1, router: vbr-1, prefix: 10.2.0.0/16, next_hops: [{ id: ri-p1 }] }
";
    let emulator = Emulator::serve(world);
    let head =
        "version: 1\ncloud: { provider: emulator, region: cn-hangzhou }\nlimits: { last_route: block }\ninterfaces:\n";
    let desk =
        Desk::new(&format!("{head}  v1: {{ id: ri-v1, status: Inactive }}\n  p3: {{ id: ri-p3, status: Inactive }}\n"));
    let plan = desk.quick(&emulator.url(), &["plan"]);
    assert_eq!(plan.code, 0, "{}", plan.text());
}

#[test]
fn a_prefix_in_two_tables_is_told_with_each() {
    let two = "  - { table: vtb-2, router: vrt-1, prefix: 10.1.0.0/16, next_hops: [{ id: ri-a }] }
  - { table: vtb-2, router: vrt-1, prefix: 10.8.0.0/16, next_hops: [{ id: ri-a }] }
";
    let emulator = Emulator::serve(&world("Active", &format!("{}{two}", route("10.8.0.0/16", BOTH)), ""));
    let plan = desk("warn").quick(&emulator.url(), &["plan"]);
    assert!(plan.flat().contains("10.8.0.0/16 in vtb-1 keeps backup (standby)"), "{}", plan.text());
    assert!(plan.flat().contains("10.1.0.0/16, 10.8.0.0/16 in vtb-2 have no other next hop"), "{}", plan.text());
}
