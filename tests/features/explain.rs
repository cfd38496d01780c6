//! `explain` and `graph`, and the pictures in a report.

use crate::scene::{SPEC, Scene};

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
    assert!(scene.rictl("explain primary").stdout.contains("min_active 1  rictl.yaml:4:"));
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
        told.contains("last action   DeactivateRouterInterface at ")
            && told.contains(": done\n                (RequestId "),
        "{told}"
    );
}

#[test]
fn refuses_an_address_that_is_not_declared() {
    let refused = Scene::with_spec(SPEC).rictl("explain nobody").with_code(1);
    assert!(refused.stderr.contains("hint: it declares backup, primary"), "{refused:#?}");
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
