//! The schemas: committed, current, and true of what the tool writes.

use std::path::Path;

use rictl::render::schema::{Format, schema};
use serde_json::Value;

use crate::golden;

use super::scene::{SPEC, Scene};

/// `UPDATE=1 cargo test features::schema` writes what they are now.
#[test]
fn are_committed_as_they_are() {
    let scene = Scene::empty();
    for format in Format::ALL.iter().map(|format| format.as_str()) {
        let now = scene.rictl(&format!("schema {format}")).with_code(0).stdout;
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(format!("{format}.json"));
        if golden::updates() {
            std::fs::write(&path, &now).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == now, "schemas/{format}.json is not current: UPDATE=1 cargo test features::schema");
    }
    let unknown = scene.rictl("schema specs").with_code(1);
    assert!(unknown.stderr.contains("'spec'"), "{}", unknown.stderr);
    assert_eq!(scene.run(&["schema"]).stdout, scene.rictl("schema spec").stdout);
}

#[test]
fn are_true_of_what_is_written() {
    let scene =
        Scene::with_spec(&SPEC.replace("status: Active, group: site, reason", "status: Inactive, group: site, reason"));
    let plan = scene.rictl("plan --json --out p.rictl").with_code(0);
    conforms("plan", &plan.stdout);
    conforms("plan", &scene.read("p.rictl"));
    let apply = scene.rictl("apply --json --auto-approve").with_code(0);
    apply.stdout.lines().for_each(|line| conforms("events", line));
    conforms("state", &scene.read("state/rictl.json"));
    conforms("history", &scene.rictl("history --json").with_code(0).stdout);
    conforms("report", &scene.rictl("report last --format json").with_code(0).stdout);
    scene.write("rictl.yaml", SPEC);
    conforms("drift", &scene.rictl("drift --json").with_code(2).stdout);
    let refused = scene.rictl("apply --json").with_code(1);
    refused.stdout.lines().for_each(|line| conforms("events", line));
}

#[test]
fn of_the_spec_takes_what_the_parser_takes() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec");
    for name in ["everything.yaml", "contract.yaml", "accounts.yaml", "near_misses.yaml", "wrong_types.yaml"] {
        let said = std::fs::read_to_string(directory.join(format!("{name}.txt"))).unwrap();
        let text = std::fs::read_to_string(directory.join(name)).unwrap();
        let value: Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(
            faults_of("spec", &value).is_empty(),
            said.starts_with("valid"),
            "{name}: {:?}",
            faults_of("spec", &value)
        );
    }
}

#[test]
fn of_the_spec_refuses_what_the_parser_refuses() {
    for (entry, fault) in [
        ("{id: ri-a, status: Up}", "enum"),
        ("{id: ri-a}", "status"),
        ("{id: ri-a, status: Active, protected: true}", "protected"),
        ("{id: 7, status: Active}", "type"),
    ] {
        let value = serde_yaml::from_str(&format!("version: 1\ninterfaces: {{a: {entry}}}")).unwrap();
        let faults = faults_of("spec", &value);
        assert!(faults.len() == 1 && faults[0].contains(fault), "{entry}: {faults:?}");
    }
}

#[track_caller]
fn conforms(format: &str, text: &str) {
    let faults = faults_of(format, &serde_json::from_str(text).unwrap());
    assert!(faults.is_empty(), "{format}: {faults:#?}\n{text}");
}

fn faults_of(format: &str, value: &Value) -> Vec<String> {
    let format = Format::ALL.iter().copied().find(|known| known.as_str() == format).unwrap();
    let root = schema(format);
    let mut faults = Vec::new();
    check(&root, &root, value, "$", &mut faults);
    faults
}

/// Checks the keywords that our schemas use, patterns and formats apart: a whole validator would be the largest
/// dependency of the tests.
fn check(root: &Value, schema: &Value, value: &Value, path: &str, faults: &mut Vec<String>) {
    let Some(schema) = schema.as_object() else {
        if *schema == Value::Bool(false) {
            faults.push(format!("{path}: nothing is allowed here"));
        }
        return;
    };
    for (keyword, rule) in schema {
        let failed = match keyword.as_str() {
            "$ref" => {
                let target = root.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
                check(root, target, value, path, faults);
                false
            }
            "type" => !types(rule).any(|name| is_of_type(value, name)),
            "const" => rule != value,
            "enum" => !rule.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_some_and(|number| number < rule.as_f64().unwrap()),
            "required" => {
                let keys = rule.as_array().unwrap().iter().map(|key| key.as_str().unwrap());
                let missing = keys.filter(|key| value.is_object() && value.get(key).is_none());
                faults.extend(missing.map(|key| format!("{path}: required {key}")));
                false
            }
            "properties" | "additionalProperties" | "items" => {
                descend(root, schema, keyword, value, path, faults);
                false
            }
            "anyOf" | "oneOf" => {
                let fits = |schema: &&Value| {
                    let mut faults = Vec::new();
                    check(root, schema, value, path, &mut faults);
                    faults.is_empty()
                };
                let count = rule.as_array().unwrap().iter().filter(fits).count();
                if keyword == "oneOf" { count != 1 } else { count == 0 }
            }
            "allOf" => {
                rule.as_array().unwrap().iter().for_each(|schema| check(root, schema, value, path, faults));
                false
            }
            "$schema" | "$defs" | "title" | "description" | "default" | "examples" | "format" | "pattern"
            | "maximum" | "propertyNames" | "minItems" | "maxItems" | "uniqueItems" => false,
            other => panic!("the schema uses `{other}`, which this test does not know"),
        };
        if failed {
            faults.push(format!("{path}: {keyword} {rule} does not admit {value}"));
        }
    }
}

fn descend(
    root: &Value,
    schema: &serde_json::Map<String, Value>,
    keyword: &str,
    value: &Value,
    path: &str,
    faults: &mut Vec<String>,
) {
    let rule = &schema[keyword];
    let known = schema.get("properties").and_then(Value::as_object);
    match (keyword, value) {
        ("items", Value::Array(items)) => {
            items.iter().enumerate().for_each(|(at, item)| check(root, rule, item, &format!("{path}[{at}]"), faults));
        }
        ("properties", Value::Object(entries)) => {
            for (key, schema) in rule.as_object().unwrap() {
                if let Some(value) = entries.get(key) {
                    check(root, schema, value, &format!("{path}.{key}"), faults);
                }
            }
        }
        ("additionalProperties", Value::Object(entries)) => {
            for (key, value) in entries.iter().filter(|(key, _)| !known.is_some_and(|known| known.contains_key(*key))) {
                check(root, rule, value, &format!("{path}.{key}"), faults);
            }
        }
        _ => {}
    }
}

fn types(rule: &Value) -> impl Iterator<Item = &str> {
    rule.as_array().into_iter().flatten().chain(rule.is_string().then_some(rule)).filter_map(Value::as_str)
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        other => panic!("unknown type {other}"),
    }
}
