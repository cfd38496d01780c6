//! What a spec no longer says, what drift is left, and records that follow an interface from one spec to another.

use serde_json::{Value, json};

use super::scene::{Ended, Scene};

const WORLD: &str = "
regions: [cn-shanghai]
settle: {activate: 20ms, deactivate: 20ms}
interfaces:
  - {id: ri-a}
  - {id: ri-b}
  - {id: ri-c}
";

const CLOUD: &str = "version: 1\ncloud: {provider: emulator, region: cn-shanghai, world: world.yaml}\n";

fn declare(scene: &Scene, file: &str, before: &str, entries: &[&str]) {
    let entries: String = entries.iter().map(|entry| format!("  {entry}\n")).collect();
    scene.write(file, &format!("{CLOUD}{before}interfaces:\n{entries}"));
}

fn scene(before: &str, entries: &[&str]) -> Scene {
    let scene = Scene::empty();
    scene.write("world.yaml", WORLD);
    declare(&scene, "rictl.yaml", before, entries);
    scene
}

const A: &str = "a: {id: ri-a, status: Active}";
const B: &str = "b: {id: ri-b, status: Active}";
const C: &str = "c: {id: ri-c, status: Active}";
const A_DOWN: &str = "a: {id: ri-a, status: Inactive}";

fn document(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:#?}"))
}

fn plan(scene: &Scene, words: &str) -> Value {
    document(&scene.rictl(&format!("plan --json{words}")))
}

fn apply(scene: &Scene, words: &str) -> Ended {
    scene.rictl(&format!("apply --auto-approve{words}"))
}

fn names(list: &Value, key: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|entry| entry[key].as_str().unwrap().to_owned()).collect()
}

/// Moves an interface behind the spec's back, by a spec and a state that know nothing of it.
fn move_by_hand(scene: &Scene, entry: &str) {
    std::fs::create_dir_all(scene.path("elsewhere")).unwrap();
    scene.write("elsewhere/world.txt", "");
    let text = format!("{CLOUD}interfaces:\n  {entry}\n").replace("world.yaml", "../world.yaml");
    scene.write("elsewhere/hand.yaml", &text);
    scene.rictl("apply --auto-approve -f elsewhere/hand.yaml").with_code(0);
}

#[test]
fn drift_is_left_where_that_is_asked_for_and_what_the_spec_altered_is_done() {
    let scene = scene("", &[A, B]);
    apply(&scene, "").with_code(0);
    move_by_hand(&scene, A_DOWN);
    let left = plan(&scene, " --drift leave");
    assert_eq!(
        (names(&left["left_alone"], "address"), names(&left["left_alone"], "code")),
        (vec!["a".into()], vec!["drift".into()])
    );
    assert_eq!(left["inputs"]["drift"], "leave");
    assert_eq!(names(&plan(&scene, "")["steps"], "address"), ["a"]);
    apply(&scene, " --drift leave").with_code(0);
    scene.rictl("drift").with_code(2);
    declare(&scene, "rictl.yaml", "drift: leave\n", &[A, "b: {id: ri-b, status: Inactive}", C]);
    let both = plan(&scene, "");
    assert_eq!(
        (names(&both["steps"], "address"), names(&both["left_alone"], "address")),
        (vec!["b".to_owned()], vec!["a".to_owned()])
    );
    assert_eq!(names(&plan(&scene, " --drift fix")["steps"], "address").len(), 2);
    // A saved plan keeps what was chosen.
    scene.rictl("plan --drift fix --out saved.plan").with_code(0);
    scene.rictl("apply saved.plan").with_code(0);
    scene.rictl("drift").with_code(0);
}

#[test]
fn what_has_no_record_counts_as_asked_for_by_the_spec() {
    let scene = scene("drift: leave\n", &[A_DOWN]);
    assert_eq!(names(&plan(&scene, "")["steps"], "address"), ["a"]);
}

#[test]
fn more_gone_from_the_spec_than_may_be_is_refused_and_the_exact_number_overrides() {
    let limits = "limits: {max_forgotten: 1}\n";
    let scene = scene(limits, &[A, B, C]);
    apply(&scene, "").with_code(0);
    declare(&scene, "rictl.yaml", limits, &[A_DOWN]);
    let refused = plan(&scene, "");
    assert_eq!(names(&refused["forgotten"], "address"), ["b", "c"]);
    assert_eq!(names(&refused["blocked"], "address"), ["a", "b", "c"]);
    assert!(names(&refused["blocked"], "code").iter().all(|code| code == "cap"), "{refused}");
    let said = apply(&scene, "").with_code(3);
    assert!(said.stdout.contains("--allow-forgotten 2"), "{said:#?}");
    apply(&scene, " --allow-forgotten 1").with_code(3);
    scene.rictl("plan --allow-forgotten 2 --out saved.plan").with_code(0);
    // What loosens a guard never comes from the file.
    let refused = scene.rictl("apply saved.plan").with_code(3);
    assert!(refused.stderr.contains("--allow-forgotten 2"), "{refused:#?}");
    scene.rictl("apply saved.plan --allow-forgotten 2").with_code(0);
    assert_eq!(plan(&scene, "")["forgotten"], json!([]));
}

#[test]
fn what_is_gone_is_told_by_its_id_where_its_key_is_another_interfaces_now() {
    let scene = scene("", &[A, B]);
    apply(&scene, "").with_code(0);
    declare(&scene, "rictl.yaml", "", &["a: {id: ri-c, status: Active}"]);
    for format in ["text", "markdown", "json"] {
        let plan = scene.rictl(&format!("plan --format {format}")).with_code(0).stdout;
        let said =
            "2 interfaces recorded and no longer declared: ri-a, which was a until that key was given to another, b";
        assert!(plan.contains(said), "{plan}");
    }
    assert_eq!(names(&plan(&scene, "")["forgotten"], "id"), ["ri-a", "ri-b"]);
}

#[test]
fn what_is_gone_is_marked_by_an_apply_of_the_whole_that_ends_well_and_known_again_when_it_comes_back() {
    let scene = scene("", &[A_DOWN, B]);
    apply(&scene, "").with_code(0);
    declare(&scene, "rictl.yaml", "", &[B]);
    apply(&scene, " --target b").with_code(0);
    assert_eq!(names(&plan(&scene, "")["forgotten"], "address"), ["a"]);
    apply(&scene, "").with_code(0);
    assert_eq!(plan(&scene, "")["forgotten"], json!([]));
    assert!(!scene.rictl("state list").stdout.contains("ri-a"));
    declare(&scene, "rictl.yaml", "", &["again: {id: ri-a, status: Active}", B]);
    assert_eq!(plan(&scene, "")["resource_changes"][0]["action_reason"], "spec_changed");
    apply(&scene, "").with_code(0);
    assert!(scene.rictl("state list").stdout.contains("again"));
}

#[test]
fn a_guard_that_became_weaker_is_said_until_an_apply_ends_well() {
    let strict = "limits: {max_changes: 2}\ngroups: {sh: {min_active: 1}}\nwindows: [{deny: weekend, days: [sat, sun], from: \"00:00\", to: \"00:01\"}]\n";
    let entries =
        ["a: {id: ri-a, status: Active, group: sh}", "b: {id: ri-b, status: Active, group: sh, protect: true}"];
    let scene = scene(strict, &entries);
    apply(&scene, "").with_code(0);
    assert_eq!(plan(&scene, "")["guards_weakened"], json!([]));
    let loose = "groups: {sh: {}}\n";
    declare(
        &scene,
        "rictl.yaml",
        loose,
        &["a: {id: ri-a, status: Active}", "b: {id: ri-b, status: Active, group: sh}"],
    );
    let text = scene.rictl("plan").with_code(0).stdout;
    for said in [
        "guards weakened: ",
        "sh: floor 1 -> 0",
        "b: protect on -> off",
        "sh: a member -> gone",
        "limits.max_changes 2 -> none",
        "weekend: deny there -> gone",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let guard = plan(&scene, "")["guards_weakened"][0].clone();
    assert_eq!(guard, json!({"what": "sh: floor", "before": "1", "after": "0"}));
    // A stronger one is nobody's worry, and an apply without steps is one that ended well.
    apply(&scene, "").with_code(0);
    assert_eq!(plan(&scene, "")["guards_weakened"], json!([]));
    declare(&scene, "rictl.yaml", strict, &entries);
    assert_eq!(plan(&scene, "")["guards_weakened"], json!([]));
}

/// Two specs that are made of one, and the other way round.
#[test]
fn an_interface_that_moves_to_another_spec_keeps_its_history_in_either_order() {
    for gives_first in [true, false] {
        let scene = scene("", &[A_DOWN, B]);
        apply(&scene, "").with_code(0);
        declare(&scene, "rictl.yaml", "", &[B]);
        declare(&scene, "branch.yaml", "", &["moved: {id: ri-a, status: Active}"]);
        let order = if gives_first { ["rictl.yaml", "branch.yaml"] } else { ["branch.yaml", "rictl.yaml"] };
        let planned = document(&scene.rictl("plan --json -f branch.yaml"));
        assert_eq!(planned["resource_changes"][0]["action_reason"], "spec_changed", "{planned}");
        for file in order {
            scene.rictl(&format!("apply --auto-approve -f {file}")).with_code(0);
        }
        let record = document(&scene.rictl("state show moved --json -f branch.yaml"));
        assert_eq!(record["record"]["id"], "ri-a");
        assert!(!scene.rictl("state list").stdout.contains("ri-a"));
        // And back again.
        declare(&scene, "rictl.yaml", "", &[A, B]);
        apply(&scene, "").with_code(0);
        let record = document(&scene.rictl("state show a --json"));
        assert_eq!(record["record"]["last_action"]["action"], "ActivateRouterInterface", "{record}");
    }
}

#[test]
fn two_entries_that_swap_their_names_keep_their_histories() {
    let scene = scene("", &[A_DOWN, B]);
    apply(&scene, "").with_code(0);
    declare(&scene, "rictl.yaml", "", &["b: {id: ri-a, status: Inactive}", "a: {id: ri-b, status: Active}"]);
    apply(&scene, "").with_code(0);
    let record = document(&scene.rictl("state show b --json"));
    assert_eq!(record["record"]["last_action"]["action"], "DeactivateRouterInterface", "{record}");
}

#[test]
fn two_teams_that_declare_one_id_are_told_both_places() {
    let scene = scene("", &[A, B]);
    declare(&scene, "other.yaml", "", &["theirs: {id: ri-a, status: Inactive}"]);
    for command in ["validate", "drift"] {
        let refused = scene.rictl(&format!("{command} -f rictl.yaml -f other.yaml")).with_code(1);
        assert!(refused.stderr.contains("two specs declare ri-a"), "{refused:#?}");
    }
    scene.rictl("validate -f rictl.yaml -f ./rictl.yaml").with_code(0);
}

#[test]
fn a_change_is_taken_back_as_one_to_what_stood_before_its_first_run() {
    let scene = scene("", &[A, B, C]);
    apply(&scene, "").with_code(0);
    // It grows: its second run is of another link, and one of the first is changed by somebody else since.
    let change = |select: &str, expect: u32| {
        format!("changes:\n  CHG-9: {{reason: works, select: [{select}], expect: {expect}, status: Inactive}}\n")
    };
    declare(&scene, "rictl.yaml", &change("a", 1), &[A, B, C]);
    apply(&scene, "").with_code(0);
    declare(&scene, "rictl.yaml", &change("a, b", 2), &[A, B, C]);
    apply(&scene, "").with_code(0);
    let runs = document(&scene.rictl("history --json"))["runs"].clone();
    let back = scene.rictl("rollback --change CHG-9 --auto-approve").with_code(0);
    assert!(back.stdout.contains("taking back change CHG-9"), "{back:#?}");
    let run = document(&scene.rictl("history --json"))["runs"][0].clone();
    assert_eq!(run["takes_back"], json!([runs[1]["run_id"], runs[0]["run_id"]]));
    assert_eq!(run["change_id"], "CHG-9");
    assert_eq!(names(&plan(&scene, "")["left_alone"], "code"), ["rolled_back", "rolled_back"]);
    let again = scene.rictl("rollback --change CHG-9 --auto-approve").with_code(0);
    assert!(again.stdout.contains("No changes"), "{again:#?}");
    scene.rictl("rollback --change CHG-8 --auto-approve").with_code(1);
}

#[test]
fn what_no_spec_declares_is_listed_and_added_with_every_other_byte_as_it_was() {
    let scene = scene("", &[A]);
    declare(&scene, "other.yaml", "", &[B]);
    apply(&scene, "").with_code(0);
    let found = document(&scene.rictl("drift --unmanaged --json").with_code(0));
    assert_eq!(names(&found["unmanaged"], "id"), ["ri-b", "ri-c"]);
    assert_eq!(
        found["unmanaged"][0],
        json!({"id": "ri-b", "region": "cn-shanghai", "name": null, "status": "Active", "opposite": null})
    );
    assert!(document(&scene.rictl("drift --json"))["unmanaged"].is_null());
    let both = scene.rictl("drift --unmanaged -f rictl.yaml -f other.yaml").with_code(0);
    assert!(both.stdout.contains("Unmanaged: ri-c") && !both.stdout.contains("Unmanaged: ri-b"), "{both:#?}");
    let before = "# ours\n".to_owned() + &scene.read("rictl.yaml") + "\n# the end\ntime_zone: Asia/Shanghai  # here\n";
    scene.write("rictl.yaml", &before);
    scene.rictl("init --append").with_code(0);
    let after = scene.read("rictl.yaml");
    let (head, tail) = before.split_once("\n\n# the end").unwrap();
    assert!(after.starts_with(head) && after.ends_with(&format!("\n\n# the end{tail}")), "{after}");
    assert!(scene.rictl("plan").with_code(0).stdout.contains("No changes"));
    assert_eq!(document(&scene.rictl("drift --unmanaged --json"))["unmanaged"], json!([]));
    let said = scene.rictl("drift --unmanaged").with_code(0).stdout;
    assert!(said.contains("Unmanaged: none"), "{said}");
    scene.rictl("init --append").with_code(0);
    assert_eq!(scene.read("rictl.yaml"), after);
    scene.write("flow.yaml", &format!("{CLOUD}interfaces: {{{A}}}\n"));
    scene.rictl("init --append -f flow.yaml").with_code(1);
}

#[test]
fn a_renamed_entry_is_known_by_its_new_name_before_an_apply_and_says_from_which() {
    let scene = scene("", &[A_DOWN, B]);
    apply(&scene, "").with_code(0);
    declare(&scene, "rictl.yaml", "", &["new: {id: ri-a, status: Inactive}", B]);
    let planned = scene.rictl("plan").with_code(0).stdout;
    assert!(planned.contains("new renamed from a"), "{planned}");
    let warning = &plan(&scene, "")["warnings"][0];
    assert_eq!((&warning["code"], &warning["renamed"]), (&json!("renamed"), &json!([{"address": "new", "from": "a"}])));
    let explained = scene.rictl("explain new").with_code(0).stdout;
    assert!(explained.contains("DeactivateRouterInterface") && explained.contains("renamed from"), "{explained}");
    assert_eq!(document(&scene.rictl("explain new --json"))["renamed_from"], "a");
    let shown = scene.rictl("state show new").with_code(0).stdout;
    assert!(shown.contains("ri-a") && shown.contains("from a"), "{shown}");
    assert_eq!(document(&scene.rictl("state show new --json"))["renamed_from"], "a");
    apply(&scene, "").with_code(0);
    assert!(!scene.rictl("plan").stdout.contains("renamed"));
    assert!(!scene.rictl("state show new").stdout.contains("renamed"));
}

#[test]
fn the_runs_of_what_moved_to_another_spec_are_found_from_there() {
    let scene = scene("", &[A_DOWN, B]);
    apply(&scene, "").with_code(0);
    let id = document(&scene.rictl("history --json"))["runs"][0]["run_id"].as_str().unwrap().to_owned();
    declare(&scene, "rictl.yaml", "", &[B]);
    declare(&scene, "two.yaml", "", &["moved: {id: ri-a, status: Inactive}"]);
    declare(&scene, "three.yaml", "", &[C]);
    for step in ["before", "after"] {
        let listed = document(&scene.rictl("history --json -f two.yaml"));
        assert_eq!(names(&listed["runs"], "run_id"), [id.as_str()], "{step}: {listed}");
        let shown = document(&scene.rictl(&format!("show {} --json -f two.yaml", &id[..20])).with_code(0));
        assert_eq!((&shown["run_id"], &shown["addresses"]), (&json!(id), &json!(["a"])), "{step}");
        assert!(scene.rictl("explain moved -f two.yaml").stdout.contains(&id), "{step}");
        // What touched nothing of a spec is not its history.
        assert_eq!(document(&scene.rictl("history --json -f three.yaml"))["runs"], json!([]), "{step}");
        scene.rictl(&format!("show {id} -f three.yaml")).with_code(1);
        apply(&scene, "").with_code(0);
        apply(&scene, " -f two.yaml").with_code(0);
    }
    let back = scene.rictl(&format!("rollback {id} --auto-approve -f two.yaml")).with_code(0);
    assert!(back.stdout.contains("Rollback complete! Resources: 0 added, 1 changed, 0 destroyed."), "{back:#?}");
    let listed = document(&scene.rictl("history --json -f two.yaml"));
    assert_eq!(names(&listed["runs"], "operation"), ["rollback", "apply"], "{listed}");
    assert_eq!(listed["runs"][1]["taken_back_by"], listed["runs"][0]["run_id"], "{listed}");
    assert_eq!(plan(&scene, " -f two.yaml")["left_alone"][0]["code"], "rolled_back");
    // Once is enough, and the one that gave it up has nothing of it.
    let again = scene.rictl(&format!("rollback {id} --auto-approve -f two.yaml")).with_code(0);
    assert!(again.stdout.contains("was taken back already"), "{again:#?}");
    let nothing = scene.rictl(&format!("rollback {id} --auto-approve")).with_code(0);
    assert!(nothing.stdout.contains("Resources: 0 added, 0 changed, 0 destroyed."), "{nothing:#?}");
}

#[test]
fn the_runs_of_what_moved_are_found_however_much_has_run_since() {
    let scene = scene("", &[A_DOWN, B]);
    apply(&scene, "").with_code(0);
    let drained = names(&document(&scene.rictl("history --json"))["runs"], "run_id");
    declare(&scene, "rictl.yaml", "", &[B]);
    for status in ["Active", "Inactive"] {
        declare(&scene, "two.yaml", "", &[&format!("moved: {{id: ri-a, status: {status}}}")]);
        apply(&scene, " -f two.yaml").with_code(0);
    }
    let listed = names(&document(&scene.rictl("history --json -f two.yaml"))["runs"], "run_id");
    assert_eq!((listed.len(), &listed[2..]), (3, &drained[..]));
}

#[test]
fn what_awaits_confirmation_is_decided_where_it_is_recorded() {
    let scene = scene("", &[A_DOWN, B]);
    let mut waiter = scene.command(&["apply", "--auto-approve", "--confirm-within", "1h"]).spawn().unwrap();
    let awaiting = || document(&scene.rictl("confirm --json"))["awaiting"][0]["run_id"].as_str().map(str::to_owned);
    let id = loop {
        if let Some(id) = awaiting() {
            break id;
        }
        assert_eq!(waiter.try_wait().unwrap(), None);
    };
    // The records name it a moment later, and it is by them that a spec beside finds it.
    while !scene.rictl("state pull").stdout.contains(&id) {
        assert_eq!(waiter.try_wait().unwrap(), None);
    }
    waiter.kill().unwrap();
    waiter.wait().unwrap();
    declare(&scene, "two.yaml", "", &["moved: {id: ri-a, status: Inactive}"]);
    let refused = scene.rictl(&format!("rollback {id} --auto-approve -f two.yaml")).with_code(4);
    assert!(
        refused.stderr.contains("awaits confirmation") && refused.stderr.contains("state/rictl.json"),
        "{refused:#?}"
    );
}

/// Returns what is said to be weaker with these two specs one after the other.
fn weakened(before: (&str, &[&str]), after: (&str, &[&str])) -> Vec<String> {
    let scene = scene(before.0, before.1);
    apply(&scene, "").with_code(0);
    declare(&scene, "rictl.yaml", after.0, after.1);
    let said = plan(&scene, "")["guards_weakened"].clone();
    let one = |guard: &Value| {
        let text = |key: &str| guard[key].as_str().unwrap().to_owned();
        assert_eq!(guard.as_object().unwrap().len(), 3, "{guard}");
        format!("{} {} -> {}", text("what"), text("before"), text("after"))
    };
    said.as_array().unwrap().iter().map(one).collect()
}

#[test]
fn a_guard_of_what_left_the_spec_is_said_as_well() {
    let groups = "groups: {g: {min_active: 1}}\n";
    let of_g = |name: &str, more: &str| format!("{name}: {{id: ri-{name}, status: Active, group: g{more}}}");
    let (member, guarded) = (of_g("b", ""), of_g("a", ", protect: true"));
    let said = weakened((groups, &[&guarded, &member, C]), (groups, &[&member, C]));
    assert_eq!(said, ["g: a member -> gone", "a: protect on -> gone"]);
    let said = weakened((groups, &[&guarded, &member, C]), ("", &[C]));
    assert_eq!(said, ["g: floor 1 -> 0", "g: a member -> gone", "g: b member -> gone", "a: protect on -> gone"]);
    // A new name takes nothing away.
    let renamed = "new: {id: ri-a, status: Active, group: g, protect: true}";
    assert_eq!(weakened((groups, &[&guarded, &member]), (groups, &[renamed, &member])), [""; 0]);
    let capped = "groups: {g: {max_unavailable: 1}}\n";
    let said = weakened((capped, &[&guarded, &member, &of_g("c", "")]), (capped, &[&guarded, &member]));
    assert_eq!(said, ["g: floor 2 -> 1", "g: c member -> gone"]);
}

#[test]
fn a_window_that_lets_more_through_is_said_whatever_became_of_it() {
    let entries: [&str; 3] = [A, B, C];
    let weakened = |before: &str, after: &str| weakened((before, &entries), (after, &entries));
    let windows = |text: &str| format!("windows: [{text}]\n");
    let allow = "{allow: al, from: \"00:00\", to: \"24:00\"}";
    let of_a = "{allow: of-a, from: \"00:00\", to: \"24:00\", for: [a]}";
    let deny = "{deny: de, from: \"00:00\", to: \"00:01\", days: [sun]}";
    assert_eq!(weakened(&windows(allow), ""), ["al: allow there -> gone"]);
    // What another one confines is confined.
    assert_eq!(weakened(&windows(&format!("{allow}, {of_a}")), &windows(allow)), [""; 0]);
    assert_eq!(weakened(&windows(&format!("{allow}, {of_a}")), &windows(of_a)), ["al: allow there -> gone"]);
    assert_eq!(
        weakened(&windows(of_a), &windows(&of_a.replace("[a]", "[a, b]"))),
        ["of-a: allow unchanged -> changed"]
    );
    assert_eq!(
        weakened(&windows(of_a), &windows(&of_a.replace("24:00", "23:00"))),
        ["of-a: allow unchanged -> changed"]
    );
    assert_eq!(weakened("", &windows(allow)), ["al: allow absent -> new"]);
    assert_eq!(weakened(&windows(deny), ""), ["de: deny there -> gone"]);
    assert_eq!(weakened(&windows(deny), &windows(&deny.replace("sun", "sat"))), ["de: deny unchanged -> changed"]);
    assert_eq!(
        weakened(&windows(deny), &windows(&deny.replace("days", "for: [a, b], days"))),
        ["de: deny unchanged -> changed"]
    );
    assert_eq!(weakened(&windows(&deny.replace("days", "for: [a], days")), &windows(deny)), [""; 0]);
    assert_eq!(
        weakened(&windows(deny), &format!("time_zone: Asia/Tokyo\n{}", windows(deny))),
        ["de: deny unchanged -> changed"]
    );
    let twice = windows(&format!("{deny}, {}", deny.replace("sun", "sat")));
    assert_eq!(weakened(&twice, &windows(deny)), ["de: deny unchanged -> changed"]);
}

#[test]
fn words_of_the_limits_that_hold_back_less_are_said() {
    let entries: [&str; 2] = [A, B];
    let said = weakened(("limits: {approvals: other, health: block}\n", &entries), ("", &entries));
    assert_eq!(said, ["limits.approvals other -> any", "limits.health block -> warn"]);
    assert_eq!(weakened(("", &entries), ("limits: {approvals: other}\n", &entries)), [""; 0]);
}

#[test]
fn what_an_older_version_recorded_of_windows_is_no_false_alarm() {
    let deny = "windows: [{deny: de, from: \"00:00\", to: \"00:01\"}]\n";
    let scene = scene(deny, &[A, B]);
    apply(&scene, "").with_code(0);
    let mut state: Value = serde_json::from_str(&scene.read("state/rictl.json")).unwrap();
    let guards = state["guards"].as_object_mut().unwrap();
    guards.remove("windows").unwrap();
    guards.insert("denies".to_owned(), json!({"de": "0123456789abcdef"}));
    guards.insert("allows".to_owned(), json!({}));
    let state: rictl::state::State = serde_json::from_value({
        state.as_object_mut().unwrap().remove("checksum");
        state.as_object_mut().unwrap().remove("format_version");
        state
    })
    .unwrap();
    std::fs::write(scene.path("state/rictl.json"), rictl::state::encode(&state)).unwrap();
    assert_eq!(plan(&scene, "")["guards_weakened"], json!([]));
    declare(&scene, "rictl.yaml", "", &[A, B]);
    assert_eq!(plan(&scene, "")["guards_weakened"][0]["what"], "de: deny");
}
