//! What is promised of `--json` (docs/reference/json.md#stability): every key, type and stable word of documents that an older rictl
//! wrote is there in those of today.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::golden;

use super::scene::Scene;

const WORLD: &str = "
regions: [cn-shanghai]
settle: {activate: 20ms, deactivate: 20ms}
interfaces:
  - {id: ri-a, name: a}
  - {id: ri-b, name: b}
  - {id: ri-c, name: c}
  - {id: ri-d, name: d, status: Idle}
";

const SPEC: &str = "\
version: 1
cloud: {provider: emulator, region: cn-shanghai, world: world.yaml}
groups:
  site: {min_active: 1}
windows:
  - {deny: freeze, start: 2026-01-01T00:00, end: 2999-01-01T00:00, for: [d]}
changes:
  CHG-1: {reason: works, select: [b], status: Inactive, owner: noc}
  CHG-2: {reason: later, select: [c], status: Inactive, from: 2998-01-01T00:00, until: 2998-01-02T00:00}
interfaces:
  a: {id: ri-a, status: Active, group: site, protect: true, labels: {carrier: alfa}}
  b: {id: ri-b, status: Active, group: site, reason: usual}
  c: {id: ri-c, status: Active, hands_off: {until: 2999-01-01, reason: other team}}
  d: {id: ri-d, status: Active}
";

/// The documents, in the order in which they are asked for; of those that hold lines each line is one.
const DOCUMENTS: [(&str, &str); 21] = [
    ("validate", "validate --json"),
    ("plan", "plan --json --exclude d"),
    ("plan-blocked", "plan --json"),
    ("plan-traffic", "plan --json --traffic --exclude d"),
    ("whatif", "whatif --down a --json"),
    ("explain", "explain b --json"),
    ("explain-key", "explain --key limits.max_changes --json"),
    ("rehearse", "rehearse --json --exclude d"),
    ("events", "apply --json --auto-approve --exclude d"),
    ("show", "show last --json"),
    ("history", "history --json"),
    ("report", "report last --format json"),
    ("status", "status --json"),
    ("drift", "drift --json --unmanaged --record"),
    ("fleet", "fleet --json"),
    ("state-list", "state list --json"),
    ("state-show", "state show b --json"),
    ("state-lock", "state lock --json"),
    ("confirm", "confirm --json"),
    ("whoami", "whoami --json"),
    ("version", "version --json"),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/json")
}

/// Lists where a value is something, with the words that programs act on. An index is no part of a place.
fn shape(value: &Value, place: &str, found: &mut BTreeSet<(String, String)>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let key = place.rsplit('.').next().unwrap_or_default();
    let is_stable =
        ["type", "code", "action", "action_reason", "outcome", "cause", "what", "format_version", "operation"]
            .contains(&key);
    match value {
        Value::String(word) if is_stable => found.insert((place.to_owned(), format!("`{word}`"))),
        _ => found.insert((place.to_owned(), kind.to_owned())),
    };
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| shape(value, &format!("{place}.{key}"), found))
        }
        Value::Array(values) => values.iter().for_each(|value| shape(value, &format!("{place}[]"), found)),
        _ => {}
    }
}

fn shape_of(text: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        // Events of different types are different documents.
        let kind = value["type"].as_str().unwrap_or_default().to_owned();
        shape(&value, &kind, &mut found);
    }
    found
}

#[test]
fn what_older_documents_have_those_of_today_have() {
    let scene = Scene::empty();
    scene.write("world.yaml", WORLD);
    scene.write("rictl.yaml", SPEC);
    let today = env!("CARGO_PKG_VERSION");
    let mut lost = Vec::new();
    for (name, command) in DOCUMENTS {
        let text = scene.rictl(command).stdout;
        let now = shape_of(&text);
        assert!(!now.is_empty(), "{command} prints no document");
        let own = fixtures().join(today).join(format!("{name}.jsonl"));
        if golden::updates() && !own.exists() {
            fs::create_dir_all(own.parent().unwrap()).unwrap();
            fs::write(&own, &text).unwrap();
        }
        for version in fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()) {
            let Ok(before) = fs::read_to_string(version.join(format!("{name}.jsonl"))) else { continue };
            // What was null may have come to hold something.
            let is_there = |(place, what): &(String, String)| match what.as_str() {
                "null" => now.iter().any(|(known, _)| known == place),
                _ => now.contains(&(place.clone(), what.clone())),
            };
            let missing = shape_of(&before).into_iter().filter(|place| !is_there(place));
            lost.extend(missing.map(|(place, what)| format!("{name} of {}: {place} was {what}", version.display())));
        }
    }
    assert!(lost.is_empty(), "what is promised is gone:\n{}", lost.join("\n"));
}

#[test]
fn a_key_a_type_or_a_word_that_is_gone_is_noticed() {
    let before = shape_of(r#"{"type":"x","steps":[{"id":"a","n":1}]}"#);
    let same = |after: &str| before.iter().all(|place| shape_of(after).contains(place));
    assert!(same(r#"{"type":"x","steps":[{"id":"b","n":2,"more":null}],"new":true}"#));
    for worse in [
        r#"{"type":"x","steps":[{"id":"b"}]}"#,
        r#"{"type":"x","steps":[{"id":"b","n":"1"}]}"#,
        r#"{"type":"y","steps":[{"id":"b","n":1}]}"#,
    ] {
        assert!(!same(worse), "{worse}");
    }
}
