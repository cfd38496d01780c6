//! `fmt` and `man`: files that are written for others.

use std::os::unix::fs::PermissionsExt as _;

use super::scene::{SPEC, Scene};

#[test]
fn formats_what_a_person_wrote_and_keeps_the_rest() {
    let scene = Scene::with_spec(&SPEC.replace("version: 1\n", "version: 1  # ours \r\n\n\n\n"));
    let mode = std::fs::metadata(scene.path("rictl.yaml")).unwrap().permissions().mode();
    let before = scene.read("rictl.yaml");
    assert_eq!(scene.rictl("fmt --check").with_code(1).stdout, "rictl.yaml\n");
    assert_eq!(scene.read("rictl.yaml"), before);
    assert_eq!(scene.run(&["fmt"]).with_code(0).stdout, "rictl.yaml\n");
    assert_eq!(scene.read("rictl.yaml"), SPEC.replace("version: 1\n", "version: 1  # ours\n\n"));
    assert_eq!(std::fs::metadata(scene.path("rictl.yaml")).unwrap().permissions().mode(), mode);
    assert_eq!(scene.rictl("fmt --check").with_code(0).stdout, "");
}

#[test]
fn what_init_writes_is_formatted() {
    let scene = Scene::with_spec(SPEC);
    scene.rictl("init --world world.yaml --force").with_code(0);
    scene.rictl("fmt --check").with_code(0);
}

#[test]
fn refuses_to_change_what_a_spec_says() {
    let text = SPEC.replace("reason: CHG-7}", "reason: \"CHG-7 \n\n\n    x\"}");
    let scene = Scene::with_spec(&text);
    let refused = scene.run(&["fmt"]).with_code(1);
    assert!(refused.stderr.contains("would come to say something else"), "{refused:#?}");
    assert_eq!(scene.read("rictl.yaml"), text);
}

#[test]
fn writes_a_man_page_per_command() {
    let scene = Scene::empty();
    scene.rictl("man pages/man1").with_code(0);
    for page in ["rictl.1", "rictl-plan.1", "rictl-state-show.1", "rictl-emulator-serve.1"] {
        let text = scene.read(&format!("pages/man1/{page}"));
        let title = text.lines().find(|line| line.starts_with(".TH"));
        assert!(
            title.is_some_and(|title| title.contains(concat!("\"rictl ", env!("CARGO_PKG_VERSION"), "\""))),
            "{page}: {title:?}"
        );
    }
    assert!(scene.read("pages/man1/rictl-drift.1").contains("notify\\-command"));
}

#[test]
fn a_plan_file_of_format_1_0_is_shown_and_not_applied() {
    let scene = Scene::with_spec(SPEC);
    scene.write("old.plan", include_str!("../fixtures/plan/v1_0.json"));
    let shown = scene.rictl("show old.plan").with_code(0).stdout;
    assert!(shown.contains("sh-primary") && shown.contains("guard: idc: 1 of 2 up at the end, floor 1"), "{shown}");
    let refused = scene.rictl("apply old.plan").with_code(1).stderr;
    assert!(refused.contains("format version 1.0") && refused.contains("plan again"), "{refused}");
    assert_eq!(scene.files().len(), 3, "nothing was done: {:?}", scene.files());
}
