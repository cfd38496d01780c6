//! `drift` as a timer runs it: metrics, a report, and a word only when the finding changed.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use super::scene::{SPEC, Scene};

/// Keeps what it is told, one line each.
const TELL: &str = "#!/bin/sh\ncat >> told.jsonl\n";

fn watched() -> Scene {
    let scene = Scene::with_spec(SPEC);
    scene.write("tell", TELL);
    std::fs::set_permissions(scene.path("tell"), Permissions::from_mode(0o755)).unwrap();
    scene.rictl("apply --auto-approve").with_code(0);
    scene
}

/// Somebody else changes the cloud.
fn console(scene: &Scene, from: &str, to: &str) {
    let world = scene.read("world.yaml");
    assert!(world.contains(from), "{world}");
    scene.write("world.yaml", &world.replace(from, to));
    scene.rictl("emulator reset --world world.yaml").with_code(0);
}

fn told(scene: &Scene) -> Vec<serde_json::Value> {
    let text = if scene.path("told.jsonl").exists() { scene.read("told.jsonl") } else { String::new() };
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn tells_a_finding_once_and_again_when_it_changes() {
    let scene = watched();
    let drift = "drift --notify-command ./tell";
    scene.rictl(drift).with_code(0);
    assert_eq!(told(&scene).len(), 0, "that all is well is no news");
    console(&scene, "name: sh-backup}", "name: sh-backup, status: Inactive}");
    scene.rictl(drift).with_code(2);
    scene.rictl(drift).with_code(2);
    assert_eq!(told(&scene).len(), 1);
    assert_eq!(told(&scene)[0]["items"][0]["address"], "backup");
    assert_eq!(told(&scene)[0]["spec"], "rictl.yaml");
    console(&scene, ", status: Inactive}", "}");
    scene.rictl(drift).with_code(0);
    scene.rictl(drift).with_code(0);
    assert_eq!(told(&scene).len(), 2, "that it is well again is news");
    assert_eq!(told(&scene)[1]["drifted"], false);
    let mode = std::fs::metadata(scene.path("state/rictl.notified")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn tells_again_what_could_not_be_told() {
    let scene = watched();
    console(&scene, "name: sh-backup}", "name: sh-backup, status: Inactive}");
    let failed = scene.run(&["drift", "--notify-command", "sh -c 'echo no route >&2; exit 3'"]).with_code(1);
    assert!(failed.stderr.contains("exit status: 3: no route"), "{failed:#?}");
    scene.rictl("drift --notify-command ./tell").with_code(2);
    assert_eq!(told(&scene).len(), 1);
    let missing = scene.rictl("drift --notify-command ./nobody");
    assert_eq!((missing.code, missing.stderr.as_str()), (2, ""), "there is nothing new to tell");
    scene.run(&["drift", "--notify-command", "'"]).with_code(1);
}

#[test]
fn writes_metrics_and_a_report_over_several_specs() {
    let scene = watched();
    // Specs of a repository are known by their paths in it.
    std::fs::create_dir(scene.path(".git")).unwrap();
    console(&scene, "name: sh-backup}", "name: sh-backup, status: Inactive}");
    scene.write("broken.yaml", "version: 1\ninterfaces: {a: {}}\n");
    scene.write("other-world.yaml", &scene.read("world.yaml"));
    scene.write("other.yaml", &SPEC.replace("backup:", "spare:").replace("world.yaml", "other-world.yaml"));
    let run = scene
        .rictl("drift --json -f rictl.yaml -f broken.yaml -f other.yaml --metrics-file d.prom --junit d.xml")
        .with_code(1);
    let printed: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let specs = printed["specs"].as_array().unwrap();
    let of = |key: &str| specs.iter().map(|spec| spec[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("spec"), ["rictl.yaml", "broken.yaml", "other.yaml"]);
    assert_eq!(of("drifted"), [true.into(), serde_json::Value::Null, true.into()]);
    assert!(of("error")[1].is_string() && printed["errored"] == true, "{printed:#}");
    assert_eq!(
        (&printed["items"][0]["spec"], &printed["items"][0]["declared"]),
        (&"rictl.yaml".into(), &"Active".into())
    );
    assert!(run.stderr.contains("broken.yaml:2:"), "{run:#?}");
    let metrics = scene.read("d.prom");
    let at = str::to_owned;
    for (name, line) in [
        ("broken.yaml", "rictl_drift_check_success{spec=\"SPEC\"} 0"),
        ("other.yaml", "rictl_drift_check_success{spec=\"SPEC\"} 1"),
        ("rictl.yaml", "rictl_drift_interfaces{spec=\"SPEC\",cause=\"drift\"} 1"),
        ("rictl.yaml", "rictl_drift_interfaces{spec=\"SPEC\",cause=\"both\"} 0"),
    ] {
        let line = line.replace("SPEC", &at(name));
        assert!(metrics.lines().any(|have| have == line), "{line}\n{metrics}");
    }
    let report = scene.read("d.xml");
    let suite = |name: &str| format!("<testsuite name=\"{}\"", at(name));
    assert!(report.contains(&format!("{} tests=\"3\" failures=\"1\" errors=\"0\"", suite("rictl.yaml"))), "{report}");
    assert!(report.contains(&format!("{} tests=\"1\" failures=\"0\" errors=\"1\"", suite("broken.yaml"))), "{report}");
}

#[test]
fn a_report_that_cannot_be_written_hides_no_other() {
    let scene = watched();
    console(&scene, "name: sh-backup", "name: sh-backup, status: Inactive");
    for (lost, kept) in [("--metrics-file", "--junit"), ("--junit", "--metrics-file")] {
        let ended = scene.rictl(&format!("drift {lost} missing/file {kept} kept{kept}")).with_code(1);
        assert!(ended.stderr.contains("error: cannot write missing/file"), "{ended:#?}");
        assert!(ended.stdout.contains("Drift: "), "{ended:#?}");
        assert!(!scene.read(&format!("kept{kept}")).is_empty());
    }
    let ended = scene.rictl("drift --metrics-file missing/a --junit missing/b").with_code(1);
    assert!(ended.stderr.contains("missing/a") && ended.stderr.contains("missing/b"), "{ended:#?}");
}

#[test]
fn writes_nothing_unless_it_is_asked_to() {
    let scene = Scene::with_spec(SPEC);
    // The emulator keeps its own log of what was asked of it.
    scene.rictl("plan").with_code(0);
    let before = scene.files();
    scene.rictl("drift").with_code(0);
    assert_eq!(scene.files(), before);
}

#[test]
fn refuses_a_page_about_several_specs() {
    let scene = Scene::with_spec(SPEC);
    scene.write("other.yaml", SPEC);
    let refused = scene.rictl("drift --format html -f rictl.yaml -f other.yaml").with_code(1);
    assert!(refused.stderr.contains("a page shows one spec"), "{refused:#?}");
}

#[test]
fn what_a_watch_says_is_in_the_language_of_whoever_reads() {
    let scene = watched();
    let chinese = |words: &str| {
        let output = scene.command(&words.split(' ').collect::<Vec<_>>()).env("RICTL_LANG", "zh_CN.UTF-8").output();
        let output = output.unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    let says = |words: &str, text: &str| {
        let said = chinese(words);
        assert!(said.contains(text), "{text} is not in {said}");
    };
    scene.rictl("plan --out p").with_code(0);
    says("approve p", "错误：没有可批准的：计划里没有步骤\n  提示：`rictl plan` 说明原因");
    console(&scene, "name: sh-backup}", "name: sh-backup, status: Inactive}");
    says("drift --notify-command false", "错误：通知命令 `false` 以失败结束（exit status: 1）");
    scene.rictl("drift --quiet").with_code(2);
    console(&scene, ", status: Inactive}", "}");
    says("drift --quiet", "后恢复正常");
    console(&scene, "name: sh-backup}", "name: sh-backup, status: Inactive}");
    scene.rictl("drift --quiet").with_code(2);
    console(&scene, ", status: Inactive}", "}");
    // What programs read is English.
    says("drift --quiet --json", "backup: back to normal after ");
    scene.write("broken.yaml", "version: 1\ninterfaces: 3\n");
    says("drift -f rictl.yaml -f broken.yaml", "未检查：1 个错误，第一个：");
    scene.write("broken.yaml", "version: 1\ninterfaces: 3\nnonsense: 1\n");
    says("drift -f rictl.yaml -f broken.yaml", "未检查：2 个错误，第一个：");
}
