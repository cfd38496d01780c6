//! What is shipped for Kubernetes and for those who watch: read as YAML, its command lines by our own grammar, its metrics as they are
//! written; and by the tools of others, where they can be had.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests, and some say why they did nothing")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_yaml::Value;

use crate::harness::binary::Desk;
use crate::harness::emulator::Emulator;

const OVERLAYS: [&str; 2] = ["production", "production-apply"];

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/kubernetes")
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The documents of every YAML that is shipped.
fn documents() -> Vec<(PathBuf, Value)> {
    let yaml = files(&shipped()).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        serde_yaml::from_str(&text)
            .map(|value| (path.clone(), value))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    yaml.map(read).collect()
}

/// Everything in a document that stands under a key.
fn under<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Mapping(map) => map.iter().for_each(|(name, value)| {
            if name.as_str() == Some(key) {
                found.push(value);
            }
            under(value, key, found);
        }),
        Value::Sequence(values) => values.iter().for_each(|value| under(value, key, found)),
        _ => {}
    }
}

fn all<'v>(documents: &'v [(PathBuf, Value)], key: &str) -> Vec<&'v Value> {
    let mut found = Vec::new();
    documents.iter().for_each(|(_, document)| under(document, key, &mut found));
    found
}

#[test]
fn every_command_line_is_one_of_ours() {
    let documents = documents();
    let containers = all(&documents, "args");
    assert_eq!(containers.len(), 4, "drift, approved, confirm, apply");
    for arguments in containers {
        let mut words: Vec<&str> = arguments.as_sequence().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        words.push("--help");
        let said = Desk::new("").run(&words);
        assert_eq!(said.code, 0, "{words:?}: {}", said.text());
        assert!(said.out.contains("Usage: rictl "), "{words:?}");
        // A word that is none of ours is seen to be none.
        words.insert(words.len() - 1, "--nonsense");
        assert_ne!(Desk::new("").run(&words).code, 0, "{words:?}");
    }
}

#[test]
fn every_job_ends_starts_in_time_and_is_not_tried_again_over_what_a_person_has_to_see() {
    let documents = documents();
    let crons: Vec<&Value> =
        documents.iter().map(|(_, document)| document).filter(|document| document["kind"] == "CronJob").collect();
    assert_eq!(crons.len(), 3);
    for cron in &crons {
        let spec = &cron["spec"];
        assert_eq!((&spec["concurrencyPolicy"], &spec["timeZone"]), (&"Forbid".into(), &"Etc/UTC".into()));
        assert_eq!(spec["startingDeadlineSeconds"], 120);
    }
    let jobs = crons.iter().map(|cron| &cron["spec"]["jobTemplate"]["spec"]);
    let lone = documents.iter().map(|(_, document)| document).filter(|document| document["kind"] == "Job");
    for job in jobs.chain(lone.map(|job| &job["spec"])) {
        assert!(job["activeDeadlineSeconds"].as_u64().is_some_and(|seconds| seconds <= 3600));
        let rules = job["podFailurePolicy"]["rules"].as_sequence().unwrap();
        let codes = rules[0]["onExitCodes"]["values"].as_sequence().unwrap();
        assert!(rules[0]["action"] == "FailJob" && codes.contains(&2.into()), "{rules:?}");
        let pod = &job["template"]["spec"];
        assert_eq!(pod["restartPolicy"], "Never");
        assert_eq!(
            (&pod["securityContext"]["runAsNonRoot"], &pod["automountServiceAccountToken"]),
            (&true.into(), &false.into())
        );
        assert!(pod["securityContext"]["runAsUser"].as_u64().is_some_and(|user| user > 0), "a number");
        let container = &pod["containers"][0];
        assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
        assert_eq!(container["securityContext"]["capabilities"]["drop"][0], "ALL");
        let tokens = serde_yaml::to_string(&pod["volumes"]).unwrap();
        assert!(tokens.contains("audience: sts.aliyuncs.com"), "{tokens}");
    }
    let text: String = files(&shipped()).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    assert!(!text.contains("kind: Secret") && !text.contains("ACCESS_KEY"), "no keys are needed");
}

#[test]
fn every_variable_that_is_set_is_one_that_is_read() {
    let source: String = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let documents = documents();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for list in all(&documents, "env") {
        names.extend(list.as_sequence().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()));
    }
    for list in all(&documents, "literals") {
        names.extend(
            list.as_sequence().unwrap().iter().map(|one| one.as_str().unwrap().split('=').next().unwrap().to_owned()),
        );
    }
    assert!(names.len() >= 8, "{names:?}");
    // The standard library reads that one.
    for name in names.iter().filter(|name| *name != "TMPDIR") {
        assert!(source.contains(&format!("\"{name}\"")), "nothing reads {name}");
    }
}

#[test]
fn a_spec_is_read_as_it_is_mounted() {
    let directory = tempfile::tempdir().unwrap();
    let version = directory.path().join("..2026_12_01");
    fs::create_dir(&version).unwrap();
    fs::copy(shipped().join("overlays/production/account/specs/rictl.yaml"), version.join("rictl.yaml")).unwrap();
    std::os::unix::fs::symlink("..2026_12_01", directory.path().join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/rictl.yaml", directory.path().join("rictl.yaml")).unwrap();
    let said = Desk::new("").run(&["--file", directory.path().to_str().unwrap(), "validate"]);
    assert_eq!(said.code, 0, "{}", said.text());
}

/// Every word that is a metric of ours.
fn metrics(text: &str) -> BTreeSet<&str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("rictl_")).collect()
}

#[test]
fn every_metric_that_is_watched_is_written() {
    let emulator = Emulator::serve("regions: [cn-shanghai]\ninterfaces: [{ id: ri-a, status: Inactive }]\n");
    let desk = Desk::new("version: 1\ncloud: { provider: emulator, region: cn-shanghai }\ngroups: { g: { min_active: 1 } }\ninterfaces: { a: { id: ri-a, status: Active, group: g } }\n").with_the_usual_key();
    let checked = desk.quick(&emulator.url(), &["drift", "--metrics-file", "drift.prom"]);
    assert_eq!(checked.code, 2, "{}", checked.text());
    let written = fs::read_to_string(desk.path().join("drift.prom")).unwrap();
    let written = metrics(&written);
    for name in ["alerts.yaml", "dashboard.json"] {
        let text = fs::read_to_string(shipped().join("monitoring").join(name)).unwrap();
        let watched = metrics(&text);
        assert!(watched.len() >= 4 && watched.is_subset(&written), "{name}: {watched:?} of {written:?}");
    }
    let board = fs::read_to_string(shipped().join("monitoring/dashboard.json")).unwrap();
    let board: serde_json::Value = serde_json::from_str(&board).unwrap();
    let panels = board["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    assert!(
        panels
            .iter()
            .all(|panel| panel["targets"][0]["expr"].is_string() && panel["gridPos"]["w"].as_u64().unwrap() <= 24)
    );
}

fn can(program: &str, arguments: &[&str]) -> Option<Output> {
    let ran = Command::new(program).args(arguments).output().ok().filter(|ran| ran.status.success());
    if ran.is_none() {
        println!("skipped: there is no {program} here");
    }
    ran
}

#[test]
fn kustomize_makes_what_kubernetes_takes() {
    if can("kubectl", &["kustomize", "--help"]).is_none() {
        return;
    }
    let validates = can("kubernetes-validate", &["--help"]).is_some();
    for overlay in OVERLAYS {
        let path = shipped().join("overlays").join(overlay);
        let made = Command::new("kubectl").arg("kustomize").arg(&path).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let text = String::from_utf8(made.stdout).unwrap();
        let made: Vec<Value> = serde_yaml::Deserializer::from_str(&text)
            .map(|one| serde::Deserialize::deserialize(one).unwrap())
            .collect();
        let kinds: BTreeSet<&str> = made.iter().map(|one| one["kind"].as_str().unwrap()).collect();
        assert!(kinds.contains("NetworkPolicy") && kinds.contains("ConfigMap"), "{kinds:?}");
        // What a pod refers to is there, under the name that it has in this account.
        let names: BTreeSet<&str> = made.iter().map(|one| one["metadata"]["name"].as_str().unwrap()).collect();
        for key in ["configMap", "configMapRef"] {
            let mut found = Vec::new();
            made.iter().for_each(|one| under(one, key, &mut found));
            assert!(
                !found.is_empty() && found.iter().all(|one| names.contains(one["name"].as_str().unwrap())),
                "{found:?}"
            );
        }
        assert!(names.iter().all(|name| name.contains("-production")), "{names:?}");
        if validates {
            let directory = tempfile::tempdir().unwrap();
            fs::write(directory.path().join("made.yaml"), &text).unwrap();
            let judged = Command::new("kubernetes-validate")
                .arg("--strict")
                .arg(directory.path().join("made.yaml"))
                .output()
                .unwrap();
            assert!(
                judged.status.success(),
                "{}{}",
                String::from_utf8_lossy(&judged.stdout),
                String::from_utf8_lossy(&judged.stderr)
            );
        }
    }
}

#[test]
fn promtool_takes_the_rules_and_a_site_without_a_floor_that_is_down_is_an_alert() {
    let rules = [shipped().join("monitoring/alerts.yaml"), shipped().join("../../examples/prometheus/rules.yaml")];
    for rules in &rules {
        assert!(fs::read_to_string(rules).unwrap().contains("rictl_group_down"), "{}", rules.display());
    }
    if can("promtool", &["--version"]).is_none() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    for rules in rules {
        let rules = rules.canonicalize().unwrap();
        let test = directory.path().join("test.yaml");
        fs::write(&test, DOWN.replace("RULES", &rules.display().to_string())).unwrap();
        let judge = |words: [&str; 2], of: &Path| Command::new("promtool").args(words).arg(of).output().unwrap();
        for judged in [judge(["check", "rules"], &rules), judge(["test", "rules"], &test)] {
            let said = [String::from_utf8_lossy(&judged.stdout), String::from_utf8_lossy(&judged.stderr)].concat();
            assert!(judged.status.success(), "{said}");
        }
    }
}

/// Two sites of two links without a floor: of `a` nothing is up, `b` was drained as its spec says.
const DOWN: &str = r#"
rule_files: [RULES]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - { series: 'rictl_group_links{spec="net",group="a",kind="up"}', values: 0x20 }
      - { series: 'rictl_group_links{spec="net",group="a",kind="floor"}', values: 0x20 }
      - { series: 'rictl_group_down{spec="net",group="a"}', values: 1x20 }
      - { series: 'rictl_group_links{spec="net",group="b",kind="up"}', values: 0x20 }
      - { series: 'rictl_group_links{spec="net",group="b",kind="floor"}', values: 0x20 }
      - { series: 'rictl_group_down{spec="net",group="b"}', values: 0x20 }
    promql_expr_test:
      - expr: 'count(ALERTS{alertstate="firing"})'
        eval_time: 10m
        exp_samples: [{ labels: '{}', value: 1 }]
      - expr: 'count(ALERTS{alertname="RictlSiteDown", alertstate="firing", spec="net", group="a"})'
        eval_time: 10m
        exp_samples: [{ labels: '{}', value: 1 }]
"#;
