//! Changes and windows as the commands see them.

use serde_json::Value;

use super::scene::{Ended, Scene};

const INTERFACES: &str = "interfaces:
  a: {id: ri-a, status: Active}
  b: {id: ri-b, region: cn-beijing, status: Active}
  c: {id: ri-c, status: Active}
";

fn spec(sections: &str) -> String {
    let cloud = "cloud: {provider: emulator, region: cn-shanghai, world: world.yaml}";
    format!("version: 1\n{cloud}\ntime_zone: Asia/Shanghai\n{sections}{INTERFACES}")
}

fn scene(sections: &str) -> Scene {
    let scene = Scene::with_spec(&spec(sections));
    scene.rictl("emulator reset --world world.yaml").with_code(0);
    scene
}

fn document(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:#?}"))
}

#[test]
fn a_plan_whose_time_is_over_is_refused_and_is_no_run() {
    let scene =
        scene("changes:\n  CHG-1: {reason: r, select: [a], status: Inactive, from: 2020-01-01, until: 2020-01-02}\n");
    scene.rictl("plan --at 2020-01-01T12:00 --out old.plan").with_code(0);
    let refused = scene.rictl("apply old.plan").with_code(4);
    assert!(refused.stderr.contains("as of a moment that was over when it was made"), "{refused:#?}");
    assert_eq!(document(&scene.rictl("history --json").with_code(0))["runs"], Value::Array(Vec::new()));
}

#[test]
fn the_return_of_a_change_whose_block_is_gone_waits_for_no_allow_window_and_is_overdue() {
    let never = "windows: [{allow: once, start: 2020-01-01T00:00, end: 2020-01-02T00:00}]\n";
    let scene = scene("changes:\n  CHG-1: {reason: r, select: [a], status: Inactive}\n");
    scene.rictl("apply --auto-approve").with_code(0);
    let record = document(&scene.rictl("state show a --json").with_code(0));
    assert_eq!(record["record"]["change_id"], "CHG-1");
    let run = document(&scene.rictl("show --json last").with_code(0));
    assert_eq!((&run["change_id"], &run["changes"]), (&"CHG-1".into(), &serde_json::json!(["CHG-1"])));
    scene.write("rictl.yaml", &spec(never));
    let drift = document(&scene.rictl("drift --json").with_code(2));
    assert_eq!((&drift["items"][0]["cause"], &drift["items"][0]["change_id"]), (&"overdue".into(), &"CHG-1".into()));
    let plan = document(&scene.rictl("plan --json").with_code(0));
    let change = &plan["resource_changes"][0];
    assert_eq!((&change["action_reason"], &change["change_id"]), (&"change_ended".into(), &"CHG-1".into()));
    scene.rictl("apply --auto-approve").with_code(0);
    let record = document(&scene.rictl("state show a --json").with_code(0));
    assert_eq!((&record["record"]["declared"], &record["record"]["change_id"]), (&"Active".into(), &Value::Null));
    scene.rictl("drift").with_code(0);
}

#[test]
fn what_was_taken_back_is_of_no_change() {
    let scene = scene("changes:\n  CHG-1: {reason: r, select: [a], status: Inactive}\n");
    scene.rictl("apply --auto-approve").with_code(0);
    scene.rictl("rollback last --auto-approve").with_code(0);
    let record = document(&scene.rictl("state show a --json").with_code(0));
    assert_eq!((&record["record"]["declared"], &record["record"]["change_id"]), (&"Active".into(), &Value::Null));
}

#[test]
fn a_run_says_what_each_step_did_and_when_and_people_read_its_times_in_the_zone() {
    let scene = scene("changes:\n  CHG-1: {reason: r, select: [a], status: Inactive}\n");
    scene.rictl("apply --auto-approve").with_code(0);
    let run = document(&scene.rictl("show --json last").with_code(0));
    let step = &run["results"][0];
    let told = [&step["action"], &step["before"], &step["after"], &step["change_id"]];
    assert_eq!(told, ["DeactivateRouterInterface", "Active", "Inactive", "CHG-1"]);
    assert!(step["sent_at"].is_string() && step["settled_at"].is_string() && step["request_id"].is_string());
    let time = |key: &str| step[key].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let by_the_cloud = time("cloud_date");
    assert_eq!(by_the_cloud.subsec_nanosecond(), 0);
    assert!(time("sent_at").as_second() <= by_the_cloud.as_second() && by_the_cloud <= time("settled_at"));
    assert!(run["started_at"].as_str().unwrap().ends_with('Z'));
    let shown = scene.rictl("show last").with_code(0).stdout;
    assert!(shown.lines().any(|line| line.starts_with("When") && line.matches("+08:00").count() == 2), "{shown}");
    for command in ["state list", "state show a", "explain a"] {
        let shown = scene.rictl(command).with_code(0).stdout;
        assert!(shown.contains("+08:00"), "{command}: {shown}");
    }
}

#[test]
fn a_clash_that_lies_ahead_is_said_by_every_command_that_plans_or_compares() {
    let scene = scene(
        "groups: {g: {min_active: 1}}
changes:
  CHG-1: {reason: r, select: [a], status: Inactive, from: 2999-01-01, until: 2999-01-03}
  CHG-2: {reason: r, select: [c], status: Inactive, from: 2999-01-02, until: 2999-01-03}
",
    );
    let grouped = scene.read("rictl.yaml").replace("Active}\n  b", "Active, group: g}\n  b");
    scene.write("rictl.yaml", &grouped.replace("ri-c, status: Active", "ri-c, status: Active, group: g"));
    let words = "group g: 0 of 2 up from 2999-01-02T00:00:00+08:00, floor 1";
    for (command, code) in
        [("validate", 1), ("plan", 1), ("drift", 0), ("explain a", 0), ("explain a --json", 0), ("graph", 0)]
    {
        let ended = scene.rictl(command).with_code(code);
        assert!(format!("{}{}", ended.stdout, ended.stderr).contains(words), "{command}: {ended:#?}");
    }
    let drift = document(&scene.rictl("drift --json").with_code(0));
    assert!(drift["warnings"][0]["summary"].as_str().unwrap().starts_with(words), "{drift:#}");
}

#[test]
fn all_that_is_wrong_with_a_spec_is_said_at_once_its_changes_included() {
    let scene = scene(
        "windows: [{deny: all, start: 2020-01-01T00:00, end: 2999-01-01T00:00}]
changes:
  CHG-1: {reason: r, select: [d], status: Inactive}
  CHG-2: {reason: r, select: [\"region:cn-*\"], expect: 2, status: Inactive}
  CHG-3: {reason: r, select: [a], status: Inactive}
",
    );
    let ended = scene.rictl("validate").with_code(1);
    for words in ["`d` selects nothing", "`changes.CHG-2` expects 2 and selects 3", "is closed for all of CHG-3"] {
        assert!(ended.stderr.contains(words), "{words}: {ended:#?}");
    }
    scene.write("rictl.yaml", &scene.read("rictl.yaml").replace("ri-c, status: Active", "ri-c, status: Up"));
    let ended = scene.rictl("validate").with_code(1);
    for words in ["`d` selects nothing", "`changes.CHG-2` expects 2 and selects 3", "cannot be `Up`"] {
        assert!(ended.stderr.contains(words), "{words}: {ended:#?}");
    }
}

#[test]
fn what_a_later_moment_takes_as_done_is_not_told_as_live() {
    let scene =
        scene("changes:\n  CHG-1: {reason: r, select: [a], status: Inactive, from: 2999-01-01, until: 2999-01-03}\n");
    let said = scene.rictl("explain a --at 2999-01-03").with_code(0).stdout;
    assert!(said.contains("status        Active (BusinessStatus Normal)"), "{said}");
    assert!(said.contains("assumed       Inactive by 2999-01-03 00:00 +08:00"), "{said}");
    let graph = scene.rictl("graph --at 2999-01-03").with_code(0);
    assert!(graph.stderr.contains("note: drawn as of 2999-01-03 00:00 +08:00"), "{graph:#?}");
    let drift = scene.rictl("drift --at 2999-01-02").with_code(2).stdout;
    assert!(drift.contains("As of:  2999-01-02 00:00 +08:00"), "{drift}");
}

#[test]
fn how_long_something_is_overdue_is_counted_to_the_moment_that_is_asked_about() {
    let scene = scene("changes:\n  CHG-1: {reason: r, select: [a], status: Inactive, until: 2999-01-01}\n");
    scene.rictl("apply --auto-approve").with_code(0);
    let drift = scene.rictl("drift --at 2999-01-01T03:12").with_code(2).stdout;
    assert!(drift.contains("overdue for 3h 12m (CHG-1 ended 2999-01-01 00:00 +08:00)"), "{drift}");
}

#[test]
fn a_time_as_it_is_shown_is_taken_and_the_next_command_is_of_the_same_moment() {
    let scene = scene("changes:\n  CHG-1: {reason: r, select: [a], status: Inactive, from: 2999-01-01T00:00:00.250}\n");
    let plan = scene.run(&["plan", "--at", "2999-01-01 00:00:00.250 +08:00", "--out", "p"]).with_code(0).stdout;
    assert!(plan.contains("`rictl apply p` does exactly this, from 2999-01-01 00:00:00.250 +08:00 on"), "{plan}");
    let plan = scene.run(&["plan", "--at", "2999-01-01 00:00:00.250 +08:00"]).with_code(0).stdout;
    assert!(plan.contains("`rictl plan --at 2999-01-01T00:00:00.250+08:00 --out FILE` saves it for then"), "{plan}");
    let refused = scene.rictl("plan --at 9999-12-31").with_code(1);
    assert!(refused.stderr.contains("the time is too far away"), "{refused:#?}");
}

#[test]
fn what_comes_up_is_a_line_as_the_contract_has_it() {
    let scene =
        scene("changes:\n  CHG-1: {reason: r, select: [a], status: Inactive, from: 2999-01-01, until: 2999-01-03}\n");
    let plan = scene.rictl("plan --at 2998-12-31T17:40").with_code(0).stdout;
    let line = "CHG-1 begins 2999-01-01 00:00 +08:00 (in 6h 20m): 1 to Inactive";
    assert!(plan.contains(&format!("Coming up, counted from --at on:\n  {line}")), "{plan}");
    let plan = scene.rictl("plan --at 2998-12-31T17:40 --format markdown").with_code(0).stdout;
    assert!(plan.contains("**Coming up, counted from --at on**"), "{plan}");
}

#[test]
fn what_is_asked_of_an_interface_and_when_stands_in_its_explanation_before_it_begins() {
    let scene =
        scene("changes:\n  CHG-1: {reason: r, select: [a], status: Inactive, from: 2999-01-01, until: 2999-01-03}\n");
    let change = |arguments: &str| {
        let shown = scene.rictl(arguments).with_code(0).stdout;
        let line = shown.lines().find(|line| line.trim_start().starts_with("change ")).unwrap_or_default();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let ahead =
        "change CHG-1: Inactive from 2999-01-01 00:00 +08:00 (in 6h 20m) until 2999-01-03 00:00 +08:00 rictl.yaml:";
    assert!(
        change("explain a --at 2998-12-31T17:40").starts_with(ahead),
        "{}",
        change("explain a --at 2998-12-31T17:40")
    );
    let in_force = "change CHG-1: Inactive until 2999-01-03 00:00 +08:00 rictl.yaml:";
    assert!(change("explain a --at 2999-01-02").starts_with(in_force));
    assert_eq!((change("explain a --at 2999-01-03"), change("explain c --at 2999-01-02")), Default::default());
}

#[test]
fn names_that_yaml_1_2_takes_for_strings_need_no_quotes() {
    let scene = scene("");
    scene.write("rictl.yaml", &scene.read("rictl.yaml").replace("  a:", "  y:").replace("  c:", "  no:"));
    scene.rictl("validate").with_code(0);
    scene.rictl("explain no").with_code(0);
}

#[test]
fn a_saved_plan_of_which_nothing_is_left_says_that_and_not_that_the_spec_is_met() {
    let scene = scene("changes:\n  CHG-1: {reason: r, select: [a], status: Inactive, until: 2999-01-01}\n");
    scene.rictl("plan --out saved").with_code(0);
    scene.rictl("apply saved").with_code(0);
    scene.write(
        "rictl.yaml",
        &scene.read("rictl.yaml").replace("until: 2999-01-01", "from: 2020-01-01, until: 2020-01-02"),
    );
    let again = scene.rictl("apply saved").with_code(0);
    assert!(again.stdout.contains("No changes. Every step of the saved plan is at its goal already."), "{again:#?}");
    assert!(!again.stdout.contains("matches"), "{again:#?}");
}

#[test]
fn a_reason_may_begin_with_a_dash_or_with_whatever_yaml_gives_a_meaning() {
    for reason in ["- x", "-x", "# x: y", "* & ! % @ x", "x: y #z", "yes", "~", "{a}", "'x", "\"x\""] {
        let scene = scene("");
        let words =
            ["change", "add", "CHG-9", "--select", "a", "--status", "Inactive", "--owner", "- o", "--reason", reason];
        let added = scene.run(&words);
        assert_eq!(added.code, 0, "{reason}: {added:#?}");
        let plan = document(&scene.rictl("plan --json").with_code(0));
        assert_eq!(
            plan["steps"][0]["reason"].as_str().or(plan["resource_changes"][0]["reason"].as_str()),
            Some(reason)
        );
    }
    let refused = scene("").run(&["change", "add", "a b", "--select", "a", "--status", "Inactive", "--reason", "r"]);
    assert!(refused.with_code(1).stderr.contains("it contains a blank"));
}

#[test]
fn why_an_approval_did_not_run_is_told_to_programs_as_well() {
    let scene =
        scene("changes:\n  CHG-1: {reason: r, select: [a], status: Inactive, from: 2999-01-01, until: 2999-01-02}\n");
    scene.rictl("plan --at 2999-01-01 --out p").with_code(0);
    scene.rictl("approve p").with_code(0);
    let ended = scene.rictl("apply --approved --json").with_code(0);
    let lines: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = lines.iter().find(|line| line["type"] == "diagnostic").unwrap_or_else(|| panic!("{ended:#?}"));
    assert!(told["diagnostic"]["summary"].as_str().unwrap().contains("not run: due at 2999-01-01"), "{told}");
}
