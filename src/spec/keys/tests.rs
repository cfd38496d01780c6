#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::diagnostic::Diagnostics;
use crate::duration;
use crate::spec::schema::schema;
use crate::spec::{Spec, SpecFile, parse};

/// A name for each `*`.
const NAMES: [(&str, &str); 4] =
    [("cloud.accounts", "partner"), ("groups", "idc-shanghai"), ("changes", "CHG-20418"), ("interfaces", "sh-primary")];

fn parse_json(document: &Value) -> Result<Spec, Diagnostics> {
    parse(vec![SpecFile { name: "rictl.json".to_owned(), bytes: document.to_string().into_bytes() }])
}

/// A spec in which each key of the table may be set.
fn base() -> Value {
    json!({
        "version": 1,
        "cloud": {
            "provider": "emulator",
            "region": "cn-shanghai",
            "accounts": { "partner": { "profile": "net-other" } },
        },
        "groups": { "idc-shanghai": {} },
        "windows": [{ "deny": "night" }],
        "changes": {
            "CHG-20418": { "reason": "works", "select": ["sh-primary"], "expect": 1, "status": "Inactive" },
        },
        "interfaces": {
            "sh-primary": { "id": "ri-1", "status": "Active", "group": "idc-shanghai", "labels": { "carrier": "alfa" } },
            "sh-backup": { "id": "ri-2", "status": "Active" },
        },
    })
}

/// Sets a key of the table, its siblings that it needs included.
fn with(key: &Key, value: Value) -> Value {
    let mut document = base();
    let mut at = &mut document;
    let words: Vec<&str> = key.path.split('.').collect();
    for (index, word) in words.iter().enumerate() {
        let above = words[..index].join(".");
        let name = NAMES.iter().find(|(path, _)| *path == above).map_or(*word, |(_, name)| name);
        if let Some(Kind::Entry { one_of }) = matching(&above).find(|row| row.path == above).map(|row| row.kind) {
            let entry = at.as_object_mut().unwrap();
            entry.retain(|other, _| !(one_of.contains(word) && one_of.contains(&other.as_str())));
            for sibling in KEYS.iter().filter(|row| is_child(row.path, &above)) {
                if matches!(sibling.presence, Presence::Required(_)) && sibling.name != *word {
                    entry.entry(sibling.name).or_insert_with(|| example(sibling));
                }
            }
        }
        at = match at {
            Value::Array(entries) => &mut entries[0],
            _ => at.as_object_mut().unwrap().entry(name).or_insert_with(|| json!({})),
        };
    }
    *at = value;
    // A window that is open once has both of its ends.
    for (one, other) in [("windows.*.start", "windows.*.end"), ("windows.*.end", "windows.*.start")] {
        if key.path == one {
            let other = matching(other).next().unwrap();
            document["windows"][0][other.name] = example(other);
        }
    }
    document
}

fn example(key: &Key) -> Value {
    match key.kind {
        Kind::Choice { words, .. } => words[0].into(),
        _ => serde_yaml::from_str(key.example).unwrap(),
    }
}

fn leaves() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(|key| key.kind.value_type() != Type::Mapping && key.kind != Kind::Entries)
}

#[test]
fn rows_of_a_level_stand_together_below_the_row_that_opens_it() {
    let paths: BTreeSet<&str> = KEYS.iter().map(|key| key.path).collect();
    assert_eq!(paths.len(), KEYS.len(), "a path stands twice");
    for key in KEYS {
        let parent = key.path.rsplit_once('.').map_or("", |(parent, _)| parent);
        assert!(parent.is_empty() || paths.contains(parent), "{} has no row", parent);
        let together: Vec<&str> = below(parent).iter().map(|key| key.path).collect();
        assert!(together.contains(&key.path), "{} stands apart from its level: {together:?}", key.path);
        assert_eq!(key.path.rsplit('.').next(), Some(key.name));
    }
}

#[test]
fn every_row_says_what_it_means_in_one_sentence() {
    for key in KEYS {
        assert!(key.meaning.ends_with('.') && !key.meaning.contains(". "), "{}: {}", key.path, key.meaning);
    }
}

#[test]
fn every_key_is_read_and_its_example_is_taken() {
    for key in leaves() {
        let document = with(key, example(key));
        parse_json(&document).unwrap_or_else(|found| panic!("{}: {:?}", key.path, found.findings));
        let found = parse_json(&with(key, json!([[1]]))).expect_err(key.path);
        let path = NAMES.iter().fold(key.path.to_owned(), |path, (above, name)| {
            path.replacen(&format!("{above}.*"), &format!("{above}.{name}"), 1).replace("windows.*", "windows[0]")
        });
        assert!(found.findings[0].summary.contains(&format!("`{path}`")), "{path}: {:?}", found.findings);
    }
}

#[test]
fn every_key_is_in_the_schema() {
    let schema = schema();
    for key in KEYS {
        let mut pointer = String::new();
        for word in key.path.split('.') {
            pointer.push_str(&match word {
                "*" if pointer == "/properties/windows" => "/items".to_owned(),
                "*" => "/additionalProperties".to_owned(),
                word => format!("/properties/{word}"),
            });
        }
        let found = schema.pointer(&pointer).unwrap_or_else(|| panic!("the schema has no {}", key.path));
        assert!(found["description"].as_str().unwrap().starts_with(key.meaning), "{}", key.path);
    }
}

#[test]
fn defaults_are_those_that_hold() {
    let document = with(matching("rollout.batch").next().unwrap(), 2.into());
    let spec = parse_json(&document).unwrap();
    let rollout = spec.rollout.unwrap();
    let default = |path: &str| match matching(path).next().unwrap().presence {
        Presence::Default(value) => value,
        other => panic!("{path}: {other:?}"),
    };
    assert_eq!(rollout.canary.to_string(), default("rollout.canary"));
    assert_eq!(duration::format(rollout.pause), default("rollout.pause"));
    assert_eq!(duration::format(rollout.check_timeout), default("rollout.check_timeout"));
    assert_eq!(parse_json(&json!({ "version": 1 })).unwrap().cloud.provider.to_string(), default("cloud.provider"));
    assert_eq!(default("interfaces.*.protect"), "false");
}

#[test]
fn a_path_means_a_key_whatever_the_names_in_it() {
    let paths = |asked: &str| matching(asked).map(|key| key.path).collect::<Vec<_>>();
    assert_eq!(paths("interfaces.sh-primary.timeouts.deactivate"), ["interfaces.*.timeouts.deactivate"]);
    assert_eq!(paths("interfaces.*.status"), ["interfaces.*.status"]);
    assert_eq!(
        paths("interfaces.*.timeouts.*"),
        ["interfaces.*.timeouts.activate", "interfaces.*.timeouts.deactivate"]
    );
    assert_eq!(paths("limits"), ["limits"]);
    assert_eq!(paths("windows[].for"), ["windows.*.for"]);
    // Who leaves the name out means the key, and no interface that may be called so.
    assert_eq!(paths("interfaces.hands_off"), ["interfaces.*.hands_off"]);
    assert_eq!(paths("interfaces.timeouts.activate"), ["interfaces.*.timeouts.activate"]);
    assert_eq!(paths("groups.min_active"), ["groups.*.min_active"]);
    assert_eq!(paths("windows.deny"), ["windows.*.deny"]);
    assert_eq!(paths("interfaces.sh-primary"), ["interfaces.*"]);
    assert_eq!(called("reason").count(), 3);
    assert_eq!(paths("limits.max_change"), [""; 0]);
}
