//! `explain` and `graph`, and the pictures in a report.

use serde_json::{Value, json};

use super::scene::{SPEC, Scene};

#[test]
fn names_the_line_that_set_each_thing() {
    let scene = Scene::with_spec(&SPEC.replace("ri-c, status: Active", "ri-c, status: Inactive"));
    let told = scene.rictl("explain backup").with_code(0).stdout;
    for part in [
        "backup: ri-c in cn-shanghai",
        "status        Inactive  rictl.yaml:7:30",
        "status        Active (BusinessStatus Normal): counts as up",
        "never: nothing is recorded of it",
        "backup/deactivate: Active -> Inactive, wave 1",
        "site: 2 of 2 links up, floor 1, 1 to spare",
        "never applied before",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    assert!(scene.rictl("explain primary").stdout.contains("nothing to do: it is Active, as declared"));
    scene.write("rictl.yaml", SPEC);
    let told = scene.rictl("explain primary").stdout;
    assert!(
        told.contains("min_active 1  rictl.yaml:4:") && told.contains("site: 1 to spare; 2 of 2 up, floor 1"),
        "{told}"
    );
}

#[test]
fn names_the_line_of_every_key_of_an_entry() {
    let spec = SPEC.replace(
        "  backup: {id: ri-c, status: Active, group: site, reason: CHG-7}",
        "  backup:\n    id: ri-c\n    status: Active\n    region: cn-shanghai\n    reason: CHG-7\n    \
         timeouts: {activate: 5m, deactivate: 6m}",
    );
    let told = Scene::with_spec(&spec).rictl("explain backup").with_code(0).stdout;
    for line in [
        "region        cn-shanghai  rictl.yaml:10:13",
        "reason        CHG-7  rictl.yaml:11:13",
        "activate in   5m  rictl.yaml:12:26",
        "deactivate in 6m  rictl.yaml:12:42",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
}

#[test]
fn tells_programs_the_same() {
    let scene = Scene::with_spec(&SPEC.replace("ri-c, status: Active", "ri-c, status: Inactive"));
    let told: Value = serde_json::from_str(&scene.rictl("explain backup --json").with_code(0).stdout).unwrap();
    assert_eq!(told["format_version"], "1.0");
    assert_eq!(
        (&told["address"], &told["id"], &told["region"]),
        (&"backup".into(), &"ri-c".into(), &"cn-shanghai".into())
    );
    assert_eq!(told["spec"][2], json!({"what": "status", "value": "Inactive", "at": "rictl.yaml:7:30"}));
    assert_eq!(told["live"][0]["value"], "Active (BusinessStatus Normal): counts as up");
    assert_eq!(told["steps"][0]["id"], "backup/deactivate");
    assert_eq!(told["change"]["action_reason"], "new");
    assert_eq!((&told["record"], &told["drift"]), (&Value::Null, &Value::Null));
    assert_eq!(told["guards"][0]["what"], "floor");
    let refused = scene.rictl("explain nobody --json").with_code(1);
    let refused: Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!(refused["format_version"], "1.0");
}

#[test]
fn says_what_stands_in_the_way() {
    let scene = Scene::with_spec(&SPEC.replace("ri-c, status: Active", "ri-c, protect: true, status: Inactive"));
    let told = scene.rictl("explain backup").with_code(0).stdout;
    assert!(told.contains("blocked       protected: ") && told.contains("it is never deactivated"), "{told}");
    scene.rictl("explain backup").with_code(0);
}

#[test]
fn says_when_it_last_did_something() {
    let scene = Scene::with_spec(&SPEC.replace("ri-c, status: Active", "ri-c, status: Inactive"));
    scene.rictl("apply --auto-approve").with_code(0);
    let told = scene.rictl("explain backup").with_code(0).stdout;
    assert!(
        told.contains("last action   DeactivateRouterInterface at ") && told.contains(": done (RequestId "),
        "{told}"
    );
}

#[test]
fn refuses_an_address_that_is_not_declared() {
    let refused = Scene::with_spec(SPEC).rictl("explain nobody").with_code(1);
    assert!(refused.stderr.contains("hint: the spec declares backup, primary"), "{refused:#?}");
}

#[test]
fn a_graph_needs_no_cloud() {
    let scene = Scene::with_spec(&SPEC.replace("provider: emulator, ", "").replace(", world: world.yaml", ""));
    let drawn = scene.rictl("graph --endpoint http://127.0.0.1:1 --request-timeout 200ms").with_code(0);
    assert!(
        drawn.stdout.contains("digraph") && drawn.stderr.starts_with("note: the spec alone is drawn"),
        "{drawn:#?}"
    );
    let offline = scene.rictl("graph --offline").with_code(0);
    assert_eq!((offline.stdout, offline.stderr), (drawn.stdout, String::new()));
}

#[test]
fn a_report_shows_who_is_linked_to_whom() {
    let scene = Scene::with_spec(SPEC);
    for command in ["plan", "drift"] {
        let page = scene.rictl(&format!("{command} --format html")).with_code(0).stdout;
        assert!(page.contains("<svg") && page.contains("vbr-a"), "{command}: {page}");
    }
}
