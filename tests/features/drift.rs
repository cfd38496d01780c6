//! What is drift, and what is only told beside it.

use serde_json::Value;

use super::scene::{Ended, SPEC, Scene, WORLD};

const CLOUD: &str = "version: 1\ncloud: {provider: emulator, region: cn-shanghai, world: world.yaml}\n";

/// A world with these interfaces, as it was never touched.
fn world(scene: &Scene, interfaces: &str) {
    scene.write(
        "world.yaml",
        &format!(
            "regions: [cn-shanghai]\nsettle: {{activate: 20ms, deactivate: 20ms}}\ninterfaces:\n  - {{id: ri-a}}\n{interfaces}"
        ),
    );
    scene.rictl("emulator reset --world world.yaml").with_code(0);
}

fn declare(scene: &Scene, status: &str) {
    let entries = format!("  a: {{id: ri-a, status: Active}}\n  z: {{id: ri-z, status: {status}}}\n");
    scene.write("rictl.yaml", &format!("{CLOUD}interfaces:\n{entries}"));
}

fn items(ended: &Ended) -> Vec<Value> {
    let document: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:#?}"));
    document["items"].as_array().unwrap().clone()
}

#[test]
fn what_was_never_applied_and_cannot_be_had_is_told_apart_and_is_no_drift() {
    for (z, status, code) in [
        ("", "Active", "not_found"),
        ("  - {id: ri-z, status: Inactive, business_status: FinancialLocked}\n", "Active", "financial_locked"),
        ("  - {id: ri-z, business_status: SecurityLocked}\n", "Inactive", "security_locked"),
        ("  - {id: ri-z, status: Idle}\n", "Active", "idle"),
    ] {
        let scene = Scene::empty();
        world(&scene, z);
        declare(&scene, status);
        scene.rictl("plan").with_code(3);
        let told = scene.rictl("drift --metrics-file metrics --junit junit").with_code(0);
        assert!(told.stdout.contains("No drift: 2 checked; 1 never applied and blocked."), "{told:#?}");
        assert!(told.stdout.contains("Blocked:\n!  z: never applied, blocked"), "{told:#?}");
        assert!(scene.read("metrics").contains(",cause=\"blocked\"} 1\n"));
        assert!(scene.read("junit").contains("failures=\"0\" errors=\"0\" skipped=\"1\""));
        // An apply that can do nothing of it changes nothing of that.
        scene.rictl("apply --auto-approve").with_code(3);
        let items = items(&scene.rictl("drift --json").with_code(0));
        assert_eq!((&items[0]["cause"], &items[0]["code"]), (&"blocked".into(), &code.into()), "{items:#?}");
    }
}

#[test]
fn what_was_applied_and_is_gone_or_locked_since_is_drift() {
    let up = "  - {id: ri-z}\n";
    for (z, live) in [
        ("", Value::Null),
        ("  - {id: ri-z, business_status: FinancialLocked}\n", "Active".into()),
        ("  - {id: ri-z, status: Inactive, business_status: SecurityLocked}\n", "Inactive".into()),
    ] {
        let scene = Scene::empty();
        world(&scene, up);
        declare(&scene, "Active");
        scene.rictl("apply --auto-approve").with_code(0);
        scene.rictl("drift").with_code(0);
        world(&scene, z);
        let items = items(&scene.rictl("drift --json").with_code(2));
        assert_eq!((&items[0]["cause"], &items[0]["live"]), (&"drift".into(), &live), "{items:#?}");
        let told = scene.rictl("drift").with_code(2);
        assert!(told.stdout.contains("Drift: 1 of 2 moved."), "{told:#?}");
    }
}

#[test]
fn of_several_specs_one_that_cannot_be_read_is_told_among_the_others() {
    let scene = Scene::empty();
    world(&scene, "");
    scene.write("rictl.yaml", &format!("{CLOUD}interfaces:\n  a: {{id: ri-a, status: Active}}\n"));
    scene.write("broken.yaml", "interfaces: [x\n");
    for format in ["text", "markdown"] {
        let told =
            scene.rictl(&format!("drift -f broken.yaml -f rictl.yaml -f gone.yaml --format {format}")).with_code(1);
        assert_eq!(told.stdout.matches("Not checked").count(), 2, "{told:#?}");
        assert!(told.stdout.contains("No drift: 1 checked."), "{told:#?}");
        for name in ["broken.yaml", "rictl.yaml", "gone.yaml"] {
            assert!(told.stdout.contains(name), "{name}: {told:#?}");
        }
    }
}

#[test]
fn a_report_of_a_spec_with_errors_names_the_first_error_and_no_warning() {
    let scene = Scene::empty();
    scene
        .write("rictl.yaml", &format!("{CLOUD}groups: {{empty: {{}}}}\ninterfaces:\n  a: {{id: ri-a, status: Off}}\n"));
    scene.rictl("drift --junit junit").with_code(1);
    assert!(
        scene.read("junit").contains("1 error, first: `interfaces.a.status` cannot be `Off`"),
        "{}",
        scene.read("junit")
    );
}

#[test]
fn a_run_that_died_over_an_open_call_is_told_until_somebody_has_looked() {
    let scene = Scene::with_spec(&SPEC.replace("ri-c, status: Active", "ri-c, status: Inactive"));
    scene.write("world.yaml", &WORLD.replace("deactivate: 40ms", "deactivate: 1h"));
    scene.killed_at("\"accepted\"", "apply --auto-approve");
    let told = scene.rictl("drift --json").with_code(0).stdout;
    assert!(told.contains(r#""code":"run_died""#) && told.contains(r#""steps":["backup/deactivate"]"#), "{told}");
    let told = scene.rictl("drift").with_code(0).stdout;
    assert!(told.contains("has no end on record, and 1 call of it may still show"), "{told}");
    let explained = scene.rictl("explain backup").with_code(0).stdout;
    assert!(explained.contains("in doubt: nobody has looked since"), "{explained}");
}

#[test]
fn what_a_run_that_goes_on_is_at_work_on_is_no_drift_and_what_others_moved_is() {
    let ends = "  - {id: ri-b, opposite: ri-a}\n  - {id: ri-c}\n  - {id: ri-d}\n";
    let scene = Scene::empty();
    world(&scene, ends);
    let entry = |name: &str, rest: &str| format!("  {name}: {{id: ri-{name}, status: {rest}}}\n");
    let declare = |first: &str, rest: &str| {
        let (a, c) = (entry("a", first), entry("c", &format!("{first}, depends_on: [a]")));
        let entries = format!("{a}{}{c}{}", entry("b", first), entry("d", rest));
        scene.write("rictl.yaml", &format!("{CLOUD}interfaces:\n{entries}"));
    };
    declare("Active", "Active");
    scene.rictl("apply --auto-approve").with_code(0);
    alter_world(&scene, "deactivate: 20ms", "deactivate: 1h");
    declare("Inactive", "Active");
    let mut apply = scene.begun("\"accepted\"", "apply --auto-approve");
    let told = scene.rictl("drift");
    assert!(told.stdout.contains("No drift: 4 checked."), "{told:#?}");
    assert!(told.stdout.contains("is at work on a, b, c") || told.stdout.contains("is going on"), "{told:#?}");
    assert!(told.code == 0 && told.stderr.is_empty() && !told.stdout.contains("no end on record"), "{told:#?}");
    let told = scene.rictl("drift --json").with_code(0);
    assert!(told.stdout.contains(r#""code":"run_going_on""#) && items(&told).is_empty(), "{told:#?}");
    // What the spec asks for beside it, and no step of the run does, differs.
    declare("Inactive", "Inactive");
    let told = items(&scene.rictl("drift --json").with_code(2));
    assert_eq!(told.iter().map(|item| &item["address"]).collect::<Vec<_>>(), ["d"]);
    let plan = scene.rictl("plan").with_code(0).stdout;
    assert!(plan.contains("Next: wait for the run that goes on, then `rictl plan` plans what is left"), "{plan}");
    declare("Inactive", "Active");
    apply.kill().unwrap();
    apply.wait().unwrap();
    let told = scene.rictl("drift").stdout;
    assert!(told.contains("has no end on record") && !told.contains("is going on"), "{told}");
}

fn alter_world(scene: &Scene, before: &str, after: &str) {
    let text = scene.read("world.yaml");
    assert!(text.contains(before), "{text}");
    scene.write("world.yaml", &text.replace(before, after));
}
