//! Where one command hands over to another about changes: approvals made ahead, runs of several changes, editors at once.

use std::process::Stdio;

use serde_json::Value;

use super::scene::{Ended, SPEC, Scene, WORLD};

const TWO: &str = "\
version: 1
cloud: {provider: emulator, region: cn-shanghai, world: world.yaml}
interfaces:
  a: {id: ri-a, status: Active}
  c: {id: ri-c, status: Active}
";

fn two(more: &str) -> Scene {
    Scene::with_spec(&format!("{TWO}{more}"))
}

fn document(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

fn moment(seconds: i64) -> String {
    let now = jiff::Timestamp::now().as_second();
    jiff::Timestamp::from_second(now + seconds).unwrap().to_string()
}

/// A change whose beginning and end are planned ahead, and that only got half of what it wanted.
fn half_drained() -> Scene {
    let (from, until) = (moment(2), moment(4));
    let scene = two(&format!(
        "changes:\n  C1: {{reason: r, select: [a, c], status: Inactive, from: \"{from}\", until: \"{until}\"}}\n"
    ));
    let fault = "faults: [{fault: denied, action: DeactivateRouterInterface, interface: ri-c, every: 1}]\n";
    scene.write("world.yaml", &format!("{WORLD}{fault}"));
    scene.run(&["plan", "--target", "change:C1", "--at", &from, "--out", "begin.plan"]).with_code(0);
    scene.run(&["plan", "--target", "change:C1", "--at", &until, "--out", "end.plan"]).with_code(0);
    wait_until(&from);
    scene.rictl("apply --auto-approve --on-error continue --target change:C1").with_code(5);
    wait_until(&until);
    scene
}

fn wait_until(moment: &str) {
    let moment: jiff::Timestamp = moment.parse().unwrap();
    let left = moment.duration_since(jiff::Timestamp::now());
    std::thread::sleep(left.try_into().unwrap_or_default());
}

#[test]
fn a_return_that_was_planned_ahead_runs_after_a_drain_that_failed_in_part() {
    let scene = half_drained();
    let ended = scene.rictl("apply end.plan").with_code(0);
    assert!(ended.stdout.contains("1 activated"), "{ended:#?}");
    let groups = scene.rictl("drift").with_code(0).stdout;
    assert!(groups.contains("No drift"), "{groups}");
}

#[test]
fn what_a_change_left_behind_and_somebody_else_brought_back_is_not_overdue() {
    let scene = two("changes:\n  C1: {reason: r, select: [a], status: Inactive, until: 2999-01-01}\n");
    scene.rictl("apply --auto-approve").with_code(0);
    scene.write("rictl.yaml", TWO);
    scene.write("other.yaml", &TWO.replace("cloud:", "state: {path: other.json}\ncloud:"));
    scene.rictl("-f other.yaml apply --auto-approve").with_code(0);
    let item = document(&scene.rictl("drift --json").with_code(2))["items"][0].clone();
    assert_eq!((&item["cause"], &item["live"]), (&"both".into(), &"Active".into()), "{item}");
}

#[test]
fn taking_a_change_back_leaves_what_the_same_run_did_for_another_to_be_taken_back() {
    let changes = "changes:
  C1: {reason: one, select: [a], status: Inactive, until: 2999-01-01}
  C2: {reason: two, select: [c], status: Inactive, until: 2999-01-01}
";
    for second in ["rollback --change C2 --auto-approve", "rollback last --auto-approve"] {
        let scene = two(changes);
        scene.rictl("apply --auto-approve").with_code(0);
        scene.rictl("rollback --change C1 --auto-approve").with_code(0);
        let runs = document(&scene.rictl("history --json").with_code(0));
        assert_eq!(runs["runs"][1]["taken_back_by"], Value::Null, "{runs}");
        let back = scene.rictl(second).with_code(0);
        assert!(back.stdout.contains("1 activated"), "{second}: {back:#?}");
        let runs = document(&scene.rictl("history --json").with_code(0));
        assert_eq!(runs["runs"][2]["taken_back_by"], runs["runs"][0]["run_id"], "{runs}");
        let nothing = scene.rictl("rollback last --auto-approve").with_code(0);
        assert!(nothing.stdout.contains("taken back already"), "{nothing:#?}");
    }
}

#[test]
fn what_waits_for_two_windows_goes_when_both_are_open_or_is_refused() {
    let windows = |second: &str| {
        format!(
            "windows:
  - {{allow: alfa nights, from: \"01:00\", to: \"03:00\", for: [a]}}
  - {{allow: bravo nights, {second}, for: [c]}}
changes:
  C1: {{reason: r, select: [a, c], status: Inactive, from: 2999-01-01}}
"
        )
    };
    let scene = two(&windows("from: \"02:00\", to: \"04:00\""));
    let plan = document(&scene.rictl("plan --target change:C1 --at open --json").with_code(0));
    assert_eq!(plan["at"], "2999-01-01T02:00:00Z");
    assert_eq!(plan["steps"].as_array().unwrap().len(), 2, "{plan}");
    let scene = two(&windows("from: \"04:00\", to: \"05:00\""));
    let refused = scene.rictl("plan --target change:C1 --at open").with_code(3);
    let words = "the windows `alfa nights` and `bravo nights` are never open together within 400 days";
    assert!(refused.stderr.contains(words), "{refused:#?}");
}

#[test]
fn several_who_add_a_change_at_once_each_add_theirs() {
    let scene = two("");
    let add = |number: usize| {
        let name = format!("C{number}");
        let arguments =
            ["change", "add", &name, "--select", "a", "--status", "Inactive", "--reason", "r", "--until", "7d"];
        scene.command(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let adding: Vec<_> = (0..6).map(add).collect();
    for one in adding {
        let ended = one.wait_with_output().unwrap();
        assert!(ended.status.success(), "{ended:?}");
    }
    let spec = scene.read("rictl.yaml");
    assert!((0..6).all(|number| spec.contains(&format!("C{number}:"))), "{spec}");
}

#[test]
fn one_approval_that_is_damaged_keeps_nobody_from_the_others() {
    let scene = Scene::with_spec(&SPEC.replace("ri-c, status: Active", "ri-c, status: Inactive"));
    scene.rictl("plan --out p").with_code(0);
    scene.rictl("approve p").with_code(0);
    let kept = scene.files().into_iter().find(|path| path.extension().is_some_and(|end| end == "approval")).unwrap();
    std::fs::write(kept.with_file_name("00000000-damaged.approval"), "").unwrap();
    let ended = scene.rictl("apply --approved").with_code(1);
    assert!(ended.stderr.contains("cannot use the approval"), "{ended:#?}");
    assert!(ended.stdout.contains("1 deactivated"), "{ended:#?}");
}

#[test]
fn a_runner_that_has_no_state_says_so_where_it_looks_for_approvals() {
    let ended = Scene::with_spec(SPEC).rictl("apply --approved").with_code(0);
    assert!(ended.stderr.contains("there is no state here: what was approved elsewhere"), "{ended:#?}");
}

#[test]
fn who_approves_what_loosens_a_guard_learns_that_the_timer_will_not_run_it() {
    let freeze = "windows: [{deny: freeze, start: 2026-01-01T00:00, end: 2999-01-01T00:00}]\n";
    let scene =
        Scene::with_spec(&format!("{}{freeze}", SPEC.replace("ri-c, status: Active", "ri-c, status: Inactive")));
    scene.run(&["plan", "--override-window", "the carrier is here", "--out", "p"]).with_code(0);
    let approved = scene.run(&["approve", "p", "--override-window", "the carrier is here"]).with_code(0).stdout;
    assert!(approved.contains("No approval loosens a guard: `rictl apply --approved` refuses it"), "{approved}");
    assert!(!approved.contains("runs it once it is due"), "{approved}");
}

#[test]
fn the_return_of_more_than_a_cap_allows_can_be_planned_ahead() {
    let changes = "limits: {max_changes: 1}
changes: {C1: {reason: r, select: [a, c], status: Inactive, from: 2999-01-01, until: 2999-01-02}}
";
    let scene = two(changes);
    scene.write("rictl.yaml", &scene.read("rictl.yaml").replace("until: 2999-01-02", "until: 2999-01-02T00:00"));
    let plan = document(&scene.rictl("plan --at 2999-01-02 --allow-changes 2 --json").with_code(0));
    assert_eq!(plan["steps"].as_array().unwrap().len(), 2, "{plan}");
}

#[test]
fn another_end_of_a_change_is_named_where_its_plan_is_refused() {
    let change =
        |until: &str| format!("changes: {{C1: {{reason: r, select: [a], status: Inactive, until: {until}}}}}\n");
    let scene = two(&change("2999-01-01"));
    scene.rictl("plan --out p").with_code(0);
    scene.write("rictl.yaml", &format!("{TWO}{}", change("2999-02-01")));
    let refused = scene.rictl("apply p").with_code(4);
    let words = "a/deactivate: valid until 2999-01-01 00:00 +00:00 in the plan, 2999-02-01 00:00 +00:00 now";
    assert!(refused.stderr.contains(words), "{refused:#?}");
}

#[test]
fn what_a_saved_plan_read_is_no_news_when_it_is_applied() {
    let scene = two("");
    scene.write("rictl.yaml", &TWO.replace("status: Active", "status: Inactive"));
    scene.rictl("plan --target a --out pa").with_code(0);
    scene.rictl("plan --target c --out pc").with_code(0);
    scene.rictl("apply pa").with_code(0);
    let ended = scene.rictl("apply pc").with_code(0);
    assert!(!ended.stdout.contains("outside of rictl"), "{ended:#?}");
}
