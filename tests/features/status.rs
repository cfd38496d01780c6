//! `status`, `whatif`, and whether `explain` says that a link can go down.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::scene::{SPEC, Scene, WORLD};
use super::terminal::Attended;

/// A change that takes one link down until the far future.
const CHANGE: &str = "
changes:
  CHG-7: {reason: splice, select: [backup], status: Inactive, until: 2098-01-01T00:00:00Z, owner: net-oncall}
";

fn drained() -> Scene {
    let scene = Scene::with_spec(&format!("{SPEC}{CHANGE}"));
    scene.rictl("apply --auto-approve").with_code(0);
    scene
}

/// A spec, and `two.yaml` beside it, which declares what the first does not.
fn with_two_specs() -> Scene {
    let scene = Scene::with_spec(SPEC);
    scene.write(
        "two.yaml",
        &SPEC
            .replace("primary: {id: ri-a", "other: {id: ri-b, region: cn-beijing")
            .replace("  backup: {id: ri-c, status: Active, group: site, reason: CHG-7}\n", ""),
    );
    scene
}

/// Starts a watch whose output is read line by line.
fn watched(scene: &Scene, words: &str) -> (Child, BufReader<ChildStdout>) {
    let mut command = scene.command(&words.split(' ').collect::<Vec<_>>());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let reader = BufReader::new(child.stdout.take().unwrap());
    (child, reader)
}

fn document(scene: &Scene, words: &str, code: i32) -> Value {
    serde_json::from_str(&scene.rictl(words).with_code(code).stdout).unwrap()
}

#[test]
fn says_what_is_down_by_which_change_by_whom_and_until_when() {
    let scene = drained();
    let told = document(&scene, "status --json", 0);
    let run = document(&scene, "history --json", 0)["runs"][0].clone();
    let mut link = told["links"][0].clone();
    assert!(link["ends"][0].as_object_mut().unwrap().remove("since").is_some(), "{told}");
    assert_eq!(
        link,
        json!({
            "group": "site", "ends": [{"address": "backup", "id": "ri-c", "status": "Inactive", "why": "inactive"}], "up": false,
            "change_id": "CHG-7", "owner": "net-oncall", "who": run["who"], "run_id": run["run_id"],
            "until": "2098-01-01T00:00:00Z", "reason": "splice",
        })
    );
    let up = &told["links"][1];
    assert_eq!((&up["up"], &up["run_id"], &up["who"]), (&json!(true), &Value::Null, &Value::Null));
    assert_eq!((&told["groups"][0]["up"], &told["groups"][0]["spare"]), (&json!(1), &json!(0)));
    assert_eq!((&told["awaiting"], &told["in_transition"], &told["upcoming"]), (&json!([]), &json!([]), &json!([])));
    let text = scene.rictl("status").with_code(0).stdout;
    for part in [
        "- site: 1 of 2 up, floor 1, 0 to spare",
        "    backup   Inactive  CHG-7 (net-oncall), since ",
        ", until 2098-01-01T00:00:00Z, by ",
        ", # splice\n",
        "    primary  up\n",
        "1 of 2 links up; no group of 1 is below its floor or DOWN.",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn both_ends_of_a_link_stand_on_one_line() {
    let scene = Scene::with_spec(&format!("{SPEC}  far: {{id: ri-b, region: cn-beijing, status: Active}}\n"));
    let told = document(&scene, "status primary --json", 0);
    let ends: Vec<&Value> = told["links"][0]["ends"].as_array().unwrap().iter().map(|end| &end["address"]).collect();
    assert_eq!((ends, told["links"].as_array().unwrap().len()), (vec![&json!("far"), &json!("primary")], 1));
    assert!(scene.rictl("status far").stdout.contains("    far = primary  up"));
}

#[test]
fn writes_nothing_and_asks_only_for_what_it_shows() {
    let scene = drained();
    let before = scene.files();
    let sizes = |scene: &Scene| scene.files().iter().map(|path| path.metadata().unwrap().len()).collect::<Vec<_>>();
    let size = sizes(&scene);
    scene.rictl("status").with_code(0);
    scene.rictl("whatif --down backup").with_code(0);
    assert_eq!((scene.files(), sizes(&scene)), (before, size));
}

#[test]
fn a_group_below_its_floor_is_exit_2_where_that_is_asked_for() {
    let scene = Scene::with_spec(SPEC);
    scene.write(
        "world.yaml",
        &WORLD.replace("name: sh-primary", "status: Inactive").replace("name: sh-backup", "status: Inactive"),
    );
    let text = scene.rictl("status").with_code(0).stdout;
    assert!(text.contains("! site: 0 of 2 up, floor 1: DOWN, below its floor\n"), "{text}");
    scene.rictl("status --detailed-exitcode").with_code(2);
}

#[test]
fn a_region_that_cannot_be_read_is_exit_1_and_nothing_is_claimed_of_it() {
    let scene = Scene::with_spec(&format!("{SPEC}  far: {{id: ri-b, region: cn-beijing, status: Active}}\n"));
    let fault = "faults:\n  - { fault: { error: { code: Forbidden.RAM, status: 403 } }, action: DescribeRouterInterfaces, region: cn-beijing }\n";
    scene.write("world.yaml", &format!("{WORLD}{fault}"));
    let told = document(&scene, "status --json", 1);
    let far = told["links"].as_array().unwrap().iter().find(|link| link["ends"][0]["address"] == "far").unwrap();
    assert_eq!((&far["up"], &far["ends"][0]["status"]), (&Value::Null, &Value::Null));
    assert_eq!(
        (&told["failures"][0]["scope"]["region"], &told["failures"][0]["shown_of"]),
        (&json!("cn-beijing"), &Value::Null)
    );
    assert!(scene.rictl("status").with_code(1).stdout.contains("Error: cannot read cn-beijing: "));
}

#[test]
fn above_40_links_groups_stand_for_their_links_unless_some_are_selected() {
    let many = |each: &dyn Fn(usize) -> String| (0..41).map(each).collect::<String>();
    let scene = Scene::with_spec(&format!(
        "version: 1\ncloud: {{provider: emulator, region: cn-shanghai, world: world.yaml}}\ngroups: {{site: {{min_active: 1}}}}\ninterfaces:\n{}",
        many(&|number| format!("  link{number:02}: {{id: ri-{number}, status: Active, group: site}}\n"))
    ));
    scene.write(
        "world.yaml",
        &format!("regions: [cn-shanghai]\ninterfaces:\n{}", many(&|number| format!("  - {{id: ri-{number}}}\n"))),
    );
    let text = scene.rictl("status").with_code(0).stdout;
    assert!(text.contains("site: 41 of 41 up") && !text.contains("link07"), "{text}");
    assert!(scene.rictl("status link07").stdout.contains("    link07  up"));
    assert_eq!(document(&scene, "status --json", 0)["links"].as_array().unwrap().len(), 41);
}

#[test]
fn several_specs_are_one_document() {
    let scene = with_two_specs();
    let told = document(&scene, "status -f rictl.yaml -f two.yaml --json", 0);
    let names: Vec<&Value> = told["specs"].as_array().unwrap().iter().map(|spec| &spec["spec"]).collect();
    assert_eq!(names, ["rictl.yaml", "two.yaml"]);
}

#[test]
fn a_selector_may_select_something_in_one_spec_only_and_no_two_declare_one_interface() {
    let scene = with_two_specs();
    let told = document(&scene, "status other -f rictl.yaml -f two.yaml --json", 0);
    assert_eq!((told["specs"].as_array().unwrap().len(), &told["specs"][0]["spec"]), (1, &json!("two.yaml")));
    let nothing = scene.rictl("status othre -f rictl.yaml -f two.yaml").with_code(1);
    assert!(nothing.stderr.contains("othre"), "{nothing:#?}");
    scene.write("same.yaml", SPEC);
    let same = scene.rictl("status -f rictl.yaml -f same.yaml").with_code(1);
    assert!(same.stderr.contains("declare"), "{same:#?}");
}

#[test]
fn a_link_comes_back_when_the_last_of_its_changes_ends() {
    let changes = "
changes:
  CHG-1: {reason: one, select: [primary], status: Inactive, until: 2098-01-01T00:00:00Z}
  CHG-2: {reason: two, select: [primary], status: Inactive, until: 2098-02-01T00:00:00Z}
";
    let scene = Scene::with_spec(&format!("{SPEC}{changes}"));
    scene.rictl("apply --auto-approve").with_code(0);
    let link = document(&scene, "status primary --json", 0)["links"][0].clone();
    assert_eq!(
        (&link["change_id"], &link["until"], &link["changes"]),
        (&json!("CHG-1"), &json!("2098-02-01T00:00:00Z"), &json!(["CHG-1", "CHG-2"]))
    );
    let text = scene.rictl("status primary").stdout;
    assert!(text.contains("CHG-1, CHG-2, since ") && text.contains("until 2098-02-01"), "{text}");
}

#[test]
fn what_could_not_be_read_hides_no_fall_that_is_certain() {
    let scene = Scene::with_spec(&format!(
        "{}  far: {{id: ri-b, region: cn-beijing, status: Active, group: office}}\n",
        SPEC.replace("site: {min_active: 1}", "site: {min_active: 1}\n  office: {min_active: 1}")
    ));
    let fault = "faults:\n  - { fault: { error: { code: Forbidden.RAM, status: 403 } }, action: DescribeRouterInterfaces, region: cn-beijing }\n";
    scene.write("world.yaml", &format!("{WORLD}{fault}"));
    let told = document(&scene, "whatif --down primary --json", 3);
    let office = told["groups"].as_array().unwrap().iter().find(|group| group["name"] == "office").unwrap();
    assert_eq!((&office["up"], &office["up_after"], &office["falls"]), (&Value::Null, &json!(0), &json!(true)));
    let unknown = scene.rictl("whatif --down backup").with_code(1).stdout;
    assert!(!unknown.contains("No group would fall"), "{unknown}");
}

#[test]
fn what_if_names_the_groups_that_would_fall() {
    let scene = drained();
    let told = document(&scene, "whatif --down primary --json", 3);
    let group = &told["groups"][0];
    assert_eq!(
        (&group["name"], &group["up"], &group["up_after"], &group["falls"]),
        (&json!("site"), &json!(1), &json!(0), &json!(true))
    );
    assert!(
        scene
            .rictl("whatif --down primary")
            .stdout
            .contains("! site: 0 of 2 up, floor 1: DOWN, below its floor (now 1)")
    );
    // What is down already takes nothing along.
    let text = scene.rictl("whatif --down backup").with_code(0).stdout;
    assert!(text.ends_with("No group would fall.\n") || text.ends_with("No group holds any of these.\n"), "{text}");
}

#[test]
fn what_if_takes_live_ids_that_nobody_declares() {
    let scene = drained();
    // The other end of `primary`, which the spec does not declare.
    let told = document(&scene, "whatif --down ri-b --json", 3);
    assert_eq!((&told["groups"][0]["up_after"], &told["falls"]), (&json!(0), &json!(true)));
    let refused = scene.rictl("whatif --down ri-nowhere").with_code(1);
    assert!(refused.stderr.contains("no region of rictl.yaml has an interface ri-nowhere"), "{refused:#?}");
    let refused = scene.rictl("whatif --down primray").with_code(1);
    assert!(refused.stderr.contains("primary"), "{refused:#?}");
}

#[test]
fn explain_says_whether_a_link_can_go_down_and_what_would_have_to_be_up() {
    let scene = Scene::with_spec(SPEC);
    let told = document(&scene, "explain backup --json", 0);
    assert_eq!(
        (&told["can_go_down"]["possible"], &told["can_go_down"]["spare_after"], &told["can_go_down"]["needs"]),
        (&json!(true), &json!(0), &json!([]))
    );
    assert!(scene.rictl("explain backup").stdout.ends_with("Can it go down now: yes, 0 to spare after it\n"));
    let scene = drained();
    let told = document(&scene, "explain primary --json", 0);
    assert_eq!(
        (&told["can_go_down"]["possible"], &told["can_go_down"]["spare_after"], &told["can_go_down"]["needs"]),
        (&json!(false), &json!(-1), &json!(["backup"]))
    );
    let text = scene.rictl("explain primary").stdout;
    assert!(text.contains("Can it go down now: no: backup would have to be up"), "{text}");
    assert!(scene.rictl("explain backup").stdout.contains("Can it go down now: yes: it is not up"));
}

#[test]
fn explain_says_what_forbids_that_a_link_goes_down() {
    for (from, to, says) in [
        ("ri-c,", "ri-c, protect: true,", "it is never deactivated"),
        ("version: 1", "version: 1\nwindows: [{deny: never, calls: [deactivate]}]", "window"),
        ("id: ri-a,", "id: ri-a, depends_on: [backup],", "primary would have to be down before it"),
        ("ri-c,", "ri-c, hands_off: {reason: vendor test},", "hands_off says that it is left alone"),
    ] {
        let scene = Scene::with_spec(&SPEC.replace(from, to));
        let text = scene.rictl("explain backup").with_code(0).stdout;
        let answer = text.lines().find(|line| line.starts_with("Can it go down now: ")).unwrap().to_owned();
        assert!(answer.starts_with("Can it go down now: no: ") && text.contains(says), "{says}\n{text}");
    }
}

#[test]
fn a_watch_draws_over_what_it_drew_and_ends_with_q() {
    let scene = drained();
    let mut watched = Attended::start_on("xterm", &scene, "status --watch 50ms");
    watched.wait_for("\r\x1b[J");
    assert!(!watched.is_cooked(), "keys are heard one by one");
    watched.type_in("q");
    let modes = watched.is_cooked_at_its_end();
    let (code, shown) = watched.ended();
    assert_eq!((code, modes), (Some(0), true), "{shown}");
    assert!(!shown.contains("\x1b[2J") && !shown.contains("\x1b[H"), "{shown:?}");
    assert!(shown.contains("1 of 2 links up"), "{shown}");
}

#[test]
fn a_watch_on_a_dumb_terminal_writes_lines_and_ends_with_0_when_interrupted() {
    let scene = drained();
    let mut watched = Attended::start(&scene, "status --watch 50ms");
    watched.wait_for("links up");
    watched.signal(Signal::INT);
    let (code, shown) = watched.ended();
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains('\x1b'), "{shown:?}");
}

#[test]
fn a_watch_ends_with_0_once_nobody_reads_it_however_long_it_would_wait() {
    let scene = drained();
    for words in ["status --watch 1h", "status --watch 1h --json", "status --watch 10ms"] {
        let (mut child, mut reader) = watched(&scene, words);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        drop(reader);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{words}");
    }
}

#[test]
fn a_watch_tells_programs_one_document_a_line_and_ends_when_terminated() {
    let scene = drained();
    let (mut child, mut reader) = watched(&scene, "status --watch 20ms --json");
    for _ in 0..3 {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(told["groups"][0]["up"], 1);
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_a_look_cannot_have_stays_as_it_was_and_says_how_old_it_is() {
    let scene = Scene::with_spec(&format!("{SPEC}  far: {{id: ri-b, region: cn-beijing, status: Active}}\n"));
    // The first read of the region is answered, and none after it.
    let fault = "faults:\n  - { fault: { error: { code: Forbidden.RAM, status: 403 } }, action: DescribeRouterInterfaces, region: cn-beijing, from: 2 }\n";
    scene.write("world.yaml", &format!("{WORLD}{fault}"));
    let (mut child, mut reader) = watched(&scene, "status --watch 20ms --json");
    let mut looks = Vec::new();
    for _ in 0..2 {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        looks.push(serde_json::from_str::<Value>(&line).unwrap());
    }
    drop(reader);
    child.wait().unwrap();
    assert_eq!(looks[0]["failures"], json!([]));
    let far = |look: &Value| {
        look["links"].as_array().unwrap().iter().find(|link| link["ends"][0]["address"] == "far").unwrap()["up"].clone()
    };
    assert_eq!((far(&looks[0]), far(&looks[1])), (json!(true), json!(true)));
    assert_eq!(looks[1]["failures"][0]["shown_of"], looks[0]["timestamp"]);
}
