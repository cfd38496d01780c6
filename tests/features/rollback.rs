//! The way back: what it takes back, what it leaves, and that what was taken back stays so.

use serde_json::Value;

use super::scene::{Ended, SPEC, Scene};

const WORLD: &str = "
regions: [cn-shanghai, cn-beijing]
settle: {activate: 20ms, deactivate: 20ms}
interfaces:
  - {id: ri-a}
  - {id: ri-b, region: cn-beijing}
  - {id: ri-c}
";

const CLOUD: &str = "version: 1\ncloud: {provider: emulator, region: cn-shanghai, world: world.yaml}\n";

/// Writes a spec with these entries, after what stands before `interfaces`.
fn declare(scene: &Scene, before: &str, entries: &str) {
    scene.write("rictl.yaml", &format!("{CLOUD}{before}interfaces:\n{entries}"));
}

fn scene(entries: &str) -> Scene {
    let scene = Scene::empty();
    scene.write("world.yaml", WORLD);
    declare(&scene, "", entries);
    scene
}

fn a(status: &str) -> String {
    format!("  a: {{id: ri-a, status: {status}}}\n")
}

fn b(status: &str) -> String {
    format!("  b: {{id: ri-b, region: cn-beijing, status: {status}}}\n")
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:#?}"))
}

/// Applies and returns the id of the run.
fn applied(scene: &Scene) -> String {
    scene.rictl("apply --auto-approve").with_code(0);
    last(scene)
}

fn last(scene: &Scene) -> String {
    json(&scene.rictl("history --json"))["runs"][0]["run_id"].as_str().unwrap().to_owned()
}

fn run(scene: &Scene, id: &str) -> Value {
    json(&scene.rictl(&format!("show {id} --json")).with_code(0))
}

/// Returns the live status of each declared interface.
fn live(scene: &Scene) -> Vec<String> {
    let plan = json(&scene.rictl("plan --json"));
    let changes = plan["resource_changes"].as_array().unwrap();
    changes.iter().map(|change| change["change"]["before"]["status"].as_str().unwrap().to_owned()).collect()
}

fn rollback(scene: &Scene, words: &str) -> Ended {
    scene.rictl(&format!("rollback {words} --auto-approve"))
}

#[test]
fn a_way_back_runs_no_check_unless_it_is_asked_for() {
    let scene = scene("");
    let check = "rollout: {canary: 1, batch: 1, check: [sh, -c, \"echo x >> asked; test ! -e red\"]}\n";
    declare(&scene, check, &(a("Inactive") + &b("Inactive")));
    let drained = applied(&scene);
    assert_eq!(scene.read("asked").lines().count(), 1);
    scene.write("red", "");
    let back = rollback(&scene, &drained).with_code(0);
    assert!(!back.stdout.contains("this must succeed"), "{back:#?}");
    assert_eq!((scene.read("asked").lines().count(), live(&scene)), (1, vec!["Active".into(), "Active".into()]));
    scene.rictl("apply --auto-approve --redo").with_code(5);
    let asked = scene.read("asked").lines().count();
    let with_rollout = rollback(&scene, "last --with-rollout");
    // One link is down, so that there is one wave and nothing between two.
    assert_eq!((with_rollout.code, scene.read("asked").lines().count()), (0, asked), "{with_rollout:#?}");
}

#[test]
fn a_rollback_with_its_rollout_asks_between_its_waves() {
    let scene = scene("");
    let check = "rollout: {canary: 1, batch: 1, check: [sh, -c, \"echo x >> asked; test ! -e red\"]}\n";
    declare(&scene, check, &(a("Inactive") + &b("Inactive")));
    applied(&scene);
    scene.write("red", "");
    let back = rollback(&scene, "last --with-rollout").with_code(5);
    assert!(back.stdout.contains("this must succeed"), "{back:#?}");
    assert_eq!((scene.read("asked").lines().count(), live(&scene)), (2, vec!["Active".into(), "Inactive".into()]));
    // What is left of it can be taken back, and then nothing is.
    rollback(&scene, "last").with_code(0);
    assert_eq!(live(&scene), ["Active", "Active"]);
    assert!(rollback(&scene, "last").with_code(0).stdout.contains("Every apply was taken back already"));
}

#[test]
fn the_last_run_that_did_nothing_names_the_newest_that_stands() {
    let scene = scene("");
    let denied = "faults:\n  - {fault: {error: {code: Forbidden.RAM, status: 403}}, action: DeactivateRouterInterface, interface: ri-c, from: 1}\n";
    scene.write("world.yaml", &format!("{WORLD}{denied}"));
    declare(&scene, "", &a("Inactive"));
    let drained = applied(&scene);
    declare(&scene, "", &(a("Inactive") + "  c: {id: ri-c, status: Inactive}\n"));
    scene.rictl("apply --auto-approve").with_code(1);
    let refused = rollback(&scene, "last").with_code(1);
    assert!(refused.stderr.contains(&format!("`rictl rollback {drained}` takes it back")), "{refused:#?}");
    assert_eq!(live(&scene)[0], "Inactive");
}

#[test]
fn the_automatic_way_back_takes_back_every_step_without_a_check_and_above_the_caps() {
    let scene = scene("");
    let check = "rollout: {canary: 2, batch: 1, check: [sh, -c, \"echo x >> asked; exit 1\"]}\nlimits: {max_changes: 3, per_group: 3}\n";
    let entries = "  a: {id: ri-a, status: Inactive}\n  b: {id: ri-b, region: cn-beijing, status: Inactive}\n  c: {id: ri-c, status: Inactive}\n";
    declare(&scene, check, entries);
    let ended = scene.rictl("apply --auto-approve --on-error rollback").with_code(5);
    assert_eq!((scene.read("asked").lines().count(), live(&scene)), (1, vec!["Active".to_owned(); 3]), "{ended:#?}");
    let history = json(&scene.rictl("history --json"));
    let (back, first) = (&history["runs"][0], &history["runs"][1]);
    assert_eq!((&first["outcome"], &first["taken_back_by"]), (&"incomplete".into(), &back["run_id"]));
    assert!(!ended.stdout.contains("rictl rollback"), "nothing is left to take back: {ended:#?}");
    // What it took back is left alone.
    let plan = json(&scene.rictl("plan --json"));
    let left: Vec<_> = plan["left_alone"].as_array().unwrap().iter().map(|left| &left["address"]).collect();
    assert_eq!(left, ["a", "b"], "{plan}");
}

#[test]
fn caps_hold_for_a_rollback_that_somebody_asks_for() {
    let scene = scene(&(a("Inactive") + &b("Inactive")));
    applied(&scene);
    declare(&scene, "limits: {max_changes: 1}\n", &(a("Inactive") + &b("Inactive")));
    rollback(&scene, "last").with_code(3);
    rollback(&scene, "last --allow-changes 2").with_code(0);
    assert_eq!(live(&scene), ["Active", "Active"]);
}

#[test]
fn last_is_the_newest_apply_that_was_not_taken_back() {
    let scene = scene(&(a("Inactive") + &b("Active")));
    let first = applied(&scene);
    declare(&scene, "", &(a("Inactive") + &b("Inactive")));
    let second = applied(&scene);
    rollback(&scene, "last").with_code(0);
    assert_eq!(live(&scene), ["Inactive", "Active"]);
    let back = last(&scene);
    assert_eq!(run(&scene, &second)["taken_back_by"], back.as_str());
    assert_eq!(run(&scene, &back)["takes_back"], serde_json::json!([second]));
    assert_eq!(run(&scene, &first)["taken_back_by"], Value::Null);
    let older = rollback(&scene, "last").with_code(0);
    let said =
        format!("run {second} was taken back already, by run {back}; the newest apply that was not is run {first}");
    assert!(older.stderr.contains(&said), "{older:#?}");
    assert_eq!(live(&scene), ["Active", "Active"]);
    let nothing = rollback(&scene, "last").with_code(0);
    assert!(nothing.stdout.contains("No changes. Every apply was taken back already."), "{nothing:#?}");
    let again = rollback(&scene, &second).with_code(0);
    assert!(again.stdout.contains(&format!("Run {second} was taken back already.")), "{again:#?}");
    assert_eq!(live(&scene), ["Active", "Active"]);
    assert_eq!(json(&scene.rictl("history --json"))["runs"].as_array().unwrap().len(), 4);
}

#[test]
fn a_way_back_that_died_is_taken_up_and_the_run_before_it_stays() {
    let scene = scene(&(a("Inactive") + &b("Active")));
    scene.write("world.yaml", &WORLD.replace("activate: 20ms,", "activate: 3s,"));
    applied(&scene);
    declare(&scene, "", &(a("Inactive") + &b("Inactive")));
    applied(&scene);
    scene.killed_at("\"accepted\"", "rollback last --auto-approve");
    for _ in 0..2 {
        rollback(&scene, "last").with_code(0);
        assert_eq!(live(&scene), ["Inactive", "Active"], "the first run is nobody's to take back");
    }
}

#[test]
fn what_a_newer_run_has_changed_since_is_blocked_and_names_that_run() {
    let scene = scene(&(a("Inactive") + &b("Inactive")));
    let old = applied(&scene);
    declare(&scene, "", &(a("Active") + &b("Inactive")));
    applied(&scene);
    declare(&scene, "", &(a("Inactive") + &b("Inactive")));
    let new = applied(&scene);
    let events = scene.rictl(&format!("rollback {old} --auto-approve --json")).with_code(5).stdout;
    let finished: Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!(finished["reasons"][0]["code"], "superseded", "{events}");
    assert!(events.contains(&format!("was changed since by run {new}")), "{events}");
    assert_eq!(live(&scene), ["Inactive", "Active"]);
    // Nothing but what is superseded is left of it.
    let refused = rollback(&scene, &old).with_code(3);
    assert!(refused.stdout.contains(&new), "{refused:#?}");
    rollback(&scene, &format!("{old} --force-superseded")).with_code(0);
    assert_eq!(live(&scene), ["Active", "Active"]);
}

#[test]
fn what_is_where_it_was_before_the_run_already_needs_no_step() {
    let scene = scene(&a("Inactive"));
    let drained = applied(&scene);
    declare(&scene, "", &a("Active"));
    applied(&scene);
    let back = rollback(&scene, &drained).with_code(0);
    assert!(back.stdout.contains("Rollback complete! Resources: 0 added, 0 changed, 0 destroyed."), "{back:#?}");
}

#[test]
fn a_newer_run_that_was_taken_back_itself_supersedes_nothing() {
    let scene = scene(&a("Inactive"));
    let old = applied(&scene);
    declare(&scene, "", &a("Active"));
    applied(&scene);
    rollback(&scene, "last").with_code(0);
    assert_eq!(live(&scene), ["Inactive"]);
    rollback(&scene, &old).with_code(0);
    assert_eq!(live(&scene), ["Active"]);
}

#[test]
fn a_rollback_can_be_taken_back_by_its_id() {
    let scene = scene(&a("Inactive"));
    let drained = applied(&scene);
    rollback(&scene, "last").with_code(0);
    let back = last(&scene);
    rollback(&scene, &back).with_code(0);
    assert_eq!(live(&scene), ["Inactive"]);
    scene.rictl("drift").with_code(0);
    // What the run did stands again, so that it is the last.
    assert_eq!(run(&scene, &drained)["taken_back_by"], Value::Null);
    assert_eq!(run(&scene, &back)["taken_back_by"], last(&scene).as_str());
    rollback(&scene, "last").with_code(0);
    assert_eq!(live(&scene), ["Active"]);
    assert_eq!(run(&scene, &drained)["taken_back_by"], last(&scene).as_str());
    let listed = json(&scene.rictl("history --json"));
    let listed = listed["runs"].as_array().unwrap().iter().find(|run| run["run_id"] == drained.as_str()).unwrap();
    assert_eq!(listed["taken_back_by"], last(&scene).as_str());
    rollback(&scene, &drained).with_code(0);
    assert_eq!(live(&scene), ["Active"]);
}

#[test]
fn a_renamed_entry_is_taken_back_under_its_new_name_and_keeps_its_record() {
    let scene = scene("  link-a: {id: ri-a, status: Inactive}\n");
    applied(&scene);
    declare(&scene, "", "  sh-alfa: {id: ri-a, status: Inactive}\n  link-a: {id: ri-c, status: Active}\n");
    let back = rollback(&scene, "last").with_code(0);
    assert!(back.stdout.contains("# sh-alfa will be activated"), "{back:#?}");
    assert_eq!(live(&scene), ["Active", "Active"]);
    declare(&scene, "", "  renamed-again: {id: ri-a, status: Inactive}\n");
    let plan = scene.rictl("plan").with_code(0);
    assert!(plan.stdout.contains("renamed-again") && plan.stdout.contains("was taken back by run"), "{plan:#?}");
}

#[test]
fn what_the_spec_does_not_declare_is_blocked_unless_that_is_asked_for() {
    let scene = scene(&(a("Inactive") + &b("Inactive")));
    let drained = applied(&scene);
    declare(&scene, "", &b("Inactive"));
    let part = rollback(&scene, &drained).with_code(5);
    assert!(part.stdout.contains("a (ri-a in cn-shanghai) is not declared any more"), "{part:#?}");
    let refused = rollback(&scene, "last").with_code(3);
    assert!(refused.stdout.contains("--undeclared"), "{refused:#?}");
    rollback(&scene, &format!("{drained} --undeclared")).with_code(0);
    declare(&scene, "", &(a("Inactive") + &b("Inactive")));
    assert_eq!(live(&scene), ["Active", "Active"]);
}

#[test]
fn what_was_taken_back_is_left_alone_until_its_entry_is_altered() {
    let scene = scene(&(a("Inactive") + &b("Active")));
    applied(&scene);
    rollback(&scene, "last").with_code(0);
    let back = last(&scene);
    for command in ["plan --detailed-exitcode", "apply --auto-approve"] {
        let left = scene.rictl(command).with_code(0);
        assert!(left.stdout.contains(&format!("was taken back by run {back}")), "{left:#?}");
    }
    let plan = json(&scene.rictl("plan --json").with_code(0));
    let left = &plan["left_alone"][0];
    assert_eq!((&left["code"], &left["run_id"]), (&"rolled_back".into(), &back.as_str().into()), "{plan}");
    let drift = scene.rictl("drift").with_code(2);
    assert!(drift.stdout.contains("taken back") && !drift.stdout.contains("spec changed"), "{drift:#?}");
    assert_eq!(json(&scene.rictl("drift --json").with_code(2))["items"][0]["cause"], "rolled_back");
    // Comments, blanks, places, and other entries do not count.
    declare(
        &scene,
        "# drained\n",
        "  a:   {id: ri-a,   status: Inactive}   # by the carrier\n  c: {id: ri-c, status: Active}\n",
    );
    scene.rictl("plan --detailed-exitcode").with_code(0);
    declare(&scene, "", "  a: {id: ri-a, status: Inactive, reason: second try}\n");
    scene.rictl("plan --detailed-exitcode").with_code(2);
}

#[test]
fn what_was_taken_back_can_be_asked_for_again() {
    let scene = scene(&a("Inactive"));
    applied(&scene);
    rollback(&scene, "last").with_code(0);
    scene.rictl("plan --detailed-exitcode --redo --out saved").with_code(2);
    let refused = scene.rictl("apply saved").with_code(3);
    assert!(refused.stderr.contains("give --redo to `rictl apply PLAN` too"), "{refused:#?}");
    scene.rictl("apply saved --redo").with_code(0);
    assert_eq!(live(&scene), ["Inactive"]);
    rollback(&scene, "last").with_code(0);
    scene.rictl("apply --auto-approve --redo").with_code(0);
    assert_eq!(live(&scene), ["Inactive"]);
    scene.rictl("drift").with_code(0);
}

#[test]
fn what_was_taken_back_is_asked_for_again_once_spec_and_live_have_agreed() {
    let scene = scene(&a("Inactive"));
    applied(&scene);
    rollback(&scene, "last").with_code(0);
    declare(&scene, "", &a("Active"));
    scene.rictl("apply --auto-approve").with_code(0);
    declare(&scene, "", &a("Inactive"));
    scene.rictl("plan --detailed-exitcode").with_code(2);
}

#[test]
fn what_others_brought_back_is_not_drained_again_either() {
    let scene = scene(&(a("Inactive") + &b("Inactive")));
    applied(&scene);
    // Somebody activates `a` at the console.
    let world = scene.read("world.yaml");
    scene.write("other.yaml", &format!("{CLOUD}state: {{path: other/rictl.json}}\ninterfaces:\n{}", a("Active")));
    scene.rictl("-f other.yaml apply --auto-approve").with_code(0);
    assert_eq!(scene.read("world.yaml"), world);
    rollback(&scene, "last").with_code(0);
    let plan = json(&scene.rictl("plan --json --detailed-exitcode").with_code(0));
    assert_eq!(plan["left_alone"].as_array().unwrap().len(), 2, "{plan}");
}

#[test]
fn an_apply_that_did_something_ends_with_the_command_that_takes_it_back() {
    let scene = Scene::empty();
    std::fs::create_dir(scene.path("site 1")).unwrap();
    scene.write("site 1/world.yaml", WORLD);
    scene.write("site 1/it's.yaml", &format!("{CLOUD}interfaces:\n{}", a("Inactive")));
    let applied = scene.run(&["-C", "site 1", "-f", "it's.yaml", "apply", "--auto-approve"]).with_code(0);
    let history = scene.run(&["-C", "site 1", "-f", "it's.yaml", "history", "--json"]);
    let run = json(&history)["runs"][0]["run_id"].as_str().unwrap().to_owned();
    let command = format!(r#"rictl -C 'site 1' -f 'it'"'"'s.yaml' rollback {run}"#);
    assert!(applied.stdout.contains(&command), "{command}: {applied:#?}");
    let again = scene.run(&["-C", "site 1", "-f", "it's.yaml", "apply", "--auto-approve"]).with_code(0);
    assert!(!again.stdout.contains("rollback"), "{again:#?}");
}

#[test]
fn what_others_brought_back_whole_is_taken_back_by_a_run_without_steps() {
    let scene = scene(&a("Inactive"));
    let drained = applied(&scene);
    scene.write("other.yaml", &format!("{CLOUD}state: {{path: other/rictl.json}}\ninterfaces:\n{}", a("Active")));
    scene.rictl("-f other.yaml apply --auto-approve").with_code(0);
    // Nobody has to agree to nothing.
    let back = scene.rictl("rollback --input=false").with_code(0);
    assert!(back.stdout.contains("Nothing to take back"), "{back:#?}");
    assert!(back.stdout.contains("Rollback complete! Resources: 0 added, 0 changed, 0 destroyed."), "{back:#?}");
    let plan = json(&scene.rictl("plan --json --detailed-exitcode").with_code(0));
    assert_eq!(plan["left_alone"][0]["code"], "rolled_back", "{plan}");
    assert_eq!(run(&scene, &drained)["taken_back_by"], last(&scene).as_str());
    assert!(rollback(&scene, "last").with_code(0).stdout.contains("Every apply was taken back already"));
    scene.rictl("apply --auto-approve --redo").with_code(0);
    assert_eq!(live(&scene), ["Inactive"]);
}

#[test]
fn a_rollback_needs_no_spec_that_can_be_read() {
    let broken: [(&str, Option<&str>); 5] = [
        ("missing", None),
        ("empty", Some("")),
        ("cut off", Some("version: 1\ninterfaces:\n  a: {id: ri-a, status: Inac")),
        ("wrong", Some("version: 1\ncloud: {region: cn-shanghai}\ninterfaces:\n  a: {id: ri-a, status: Off}\n")),
        ("no text", Some("\u{0}\u{1}")),
    ];
    for (what, text) in broken {
        let scene = scene(&(a("Inactive") + &b("Inactive")));
        let drained = applied(&scene);
        match text {
            Some(text) => scene.write("rictl.yaml", text),
            None => std::fs::remove_file(scene.path("rictl.yaml")).unwrap(),
        }
        let history = scene.rictl("history").with_code(0);
        assert!(history.stdout.contains(&drained) && history.stderr.contains("cannot be used"), "{what}: {history:#?}");
        scene.rictl("plan").with_code(1);
        let back = rollback(&scene, "last").with_code(0);
        assert!(
            back.stderr.contains(&format!("what run {drained} stood under holds in its place")),
            "{what}: {back:#?}"
        );
        declare(&scene, "", &(a("Inactive") + &b("Inactive")));
        assert_eq!(live(&scene), ["Active", "Active"], "{what}");
        // What the mended spec asks for is what was taken back.
        let plan = json(&scene.rictl("plan --json --detailed-exitcode").with_code(0));
        assert_eq!(plan["left_alone"].as_array().unwrap().len(), 2, "{what}: {plan}");
    }
}

#[test]
fn what_a_run_stood_under_holds_where_the_spec_cannot_be_read() {
    let scene = scene("");
    let entries =
        "  a: {id: ri-a, status: Active, group: site}\n  c: {id: ri-c, status: Inactive, group: site, protect: true}\n";
    let others = "  b: {id: ri-b, region: cn-beijing, status: Active}\n";
    let world = WORLD.replace("- {id: ri-a}", "- {id: ri-a, status: Inactive}");
    scene.write("world.yaml", &world);
    declare(
        &scene,
        "groups: {site: {min_active: 1}}\n",
        &entries.replace("protect: true", "").replace("Inactive, ", "Active, ").replace(", }", "}"),
    );
    let raised = applied(&scene);
    // Somebody takes the other link down: to take back what was raised would cut the site off.
    scene.write(
        "other.yaml",
        &format!("{CLOUD}state: {{path: other/rictl.json}}\ninterfaces:\n  c: {{id: ri-c, status: Inactive}}\n"),
    );
    scene.rictl("-f other.yaml apply --auto-approve").with_code(0);
    scene.write("rictl.yaml", "groups: {site: {min_active: 0}\n");
    let refused = rollback(&scene, &raised).with_code(3);
    assert!(refused.stdout.contains("site") && refused.stdout.contains("floor 1"), "{refused:#?}");
    declare(&scene, "", others);
    let records = json(&scene.rictl("state list --json"));
    assert_eq!(records["interfaces"].as_object().unwrap().len(), 2, "{records}");
}

#[test]
fn the_state_of_a_spec_that_cannot_be_read_can_be_named() {
    let scene = scene("");
    declare(&scene, "state: {path: kept/net.json}\n", &a("Inactive"));
    let drained = applied(&scene);
    let whole = scene.read("rictl.yaml");
    std::fs::remove_file(scene.path("rictl.yaml")).unwrap();
    let lost = rollback(&scene, &drained).with_code(1);
    assert!(lost.stderr.contains("--state FILE") && lost.stderr.contains("state/rictl.json"), "{lost:#?}");
    // Where the file still says it, nobody has to.
    scene.write("rictl.yaml", "state: {path: kept/net.json}\n<<<<<<< ours\n");
    assert!(rollback(&scene, "0").with_code(1).stderr.contains("there is no run 0"));
    std::fs::remove_file(scene.path("rictl.yaml")).unwrap();
    rollback(&scene, &format!("{drained} --state kept/net.json")).with_code(0);
    scene.write("rictl.yaml", &whole);
    assert_eq!(live(&scene), ["Active"]);
    let other = rollback(&scene, "last --state other.json").with_code(1);
    assert!(other.stderr.contains("nothing has been applied yet"), "{other:#?}");
}

#[test]
fn a_way_back_without_a_spec_forgets_no_record_that_it_does_not_know() {
    let scene = scene(&(a("Active") + &b("Inactive")));
    applied(&scene);
    let before = json(&scene.rictl("state list --json"));
    assert_eq!(before["interfaces"].as_object().unwrap().len(), 2);
    scene.write("rictl.yaml", "");
    let back = rollback(&scene, "last").with_code(0);
    assert!(!back.stdout.contains("left the spec"), "{back:#?}");
    let after = json(&scene.rictl("state list --json"));
    assert_eq!(after["interfaces"].as_object().unwrap().len(), 2, "{after}");
    // A spec whose rollout nobody can read runs no check.
    rollback(&scene, "last --with-rollout").with_code(1);
}

#[test]
fn the_automatic_way_back_goes_by_the_spec_that_its_run_began_with() {
    let scene = scene("");
    let check = "rollout: {canary: 1, batch: 1, check: [sh, -c, \"echo broken > rictl.yaml; exit 1\"]}\n";
    declare(&scene, check, &(a("Inactive") + &b("Inactive")));
    scene.rictl("apply --auto-approve --on-error rollback").with_code(5);
    assert_eq!(scene.read("rictl.yaml"), "broken\n");
    declare(&scene, check, &(a("Inactive") + &b("Inactive")));
    assert_eq!(live(&scene), ["Active", "Active"]);
}

#[test]
fn the_next_command_repeats_what_the_plan_was_made_with() {
    let scene = Scene::empty();
    std::fs::create_dir(scene.path("site 1")).unwrap();
    scene.write("site 1/world.yaml", WORLD);
    let limits = "limits: {max_changes: 1}\n";
    scene.write("site 1/net.yaml", &format!("{CLOUD}{limits}interfaces:\n{}{}", a("Inactive"), b("Inactive")));
    let next = |words: &str| {
        let flags = ["-C", "site 1", "-f", "net.yaml"];
        let told = scene.run(&flags.into_iter().chain(words.split(' ')).collect::<Vec<_>>());
        let last = told.stdout.lines().rev().find(|line| line.contains("Next: ")).map(str::to_owned);
        last.unwrap_or_else(|| panic!("{told:#?}"))
    };
    let command = "rictl -C 'site 1' -f net.yaml";
    assert_eq!(next("plan --allow-changes 2"), format!("Next: `{command} apply --allow-changes 2` does this"));
    assert_eq!(next("plan --target a --redo"), format!("Next: `{command} apply --target a --redo` does this"));
    assert!(
        next("plan --redo --allow-changes 2 --out p").contains("apply p --allow-changes 2 --redo` does exactly this")
    );
    next("apply --auto-approve --target a");
    for (words, rest) in [("show last", "rollback 2"), ("drift", "plan"), ("show last --format markdown", "rollback 2")]
    {
        assert!(next(words).contains(&format!("{command} {rest}")), "{words}: {}", next(words));
    }
    let refused = scene.run(&["-C", "site 1", "-f", "net.yaml", "apply", "--auto-approve", "--target", "zz"]);
    assert_eq!(refused.code, 1);
}

#[test]
fn what_was_changed_since_and_is_where_it_was_is_said_to_be_so() {
    let scene = scene(&(a("Inactive") + &b("Inactive")));
    let first = applied(&scene);
    declare(&scene, "", &(a("Active") + &b("Active")));
    let second = applied(&scene);
    let back = rollback(&scene, &first).with_code(0);
    assert!(!back.stdout.contains("matches the configuration"), "{back:#?}");
    assert!(
        back.stdout.contains("No changes. Everything is where it was before what is to be taken back."),
        "{back:#?}"
    );
    assert!(back.stderr.contains(&format!("a was changed since by run {second}")), "{back:#?}");
    assert_eq!(last(&scene), second, "it made no run");
}

#[test]
fn a_way_back_is_of_what_its_run_did_and_no_part_that_somebody_chose() {
    let scene = scene("  b: {id: ri-a, status: Inactive}\n  a: {id: ri-c, status: Inactive, depends_on: [b]}\n");
    let id = applied(&scene);
    let back = rollback(&scene, &id).with_code(0);
    assert!(!back.stdout.contains("part of the spec"), "{back:#?}");
}

/// Who believes such a read does nothing, and records that nothing is left.
#[test]
fn a_read_of_the_past_is_nobody_else_who_has_brought_back_what_was_just_taken_down() {
    let scene = Scene::with_spec(&SPEC.replace("ri-c, status: Active", "ri-c, status: Inactive"));
    let fault = "faults: [{fault: {stale_reads: 20s}, action: DescribeRouterInterfaces, nth: 1}]\n";
    scene.write("world.yaml", &format!("{}{fault}", super::scene::WORLD));
    scene.rictl("apply --auto-approve").with_code(0);
    let back = scene.rictl("rollback last --auto-approve --doubt-window 10s").with_code(0);
    assert!(back.stderr.contains("backup reads as it was before a call that has just moved it"), "{back:#?}");
    assert!(back.stdout.contains("1 activated"), "{back:#?}");
}
