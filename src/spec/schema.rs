//! The spec as a JSON Schema, for editors: completion, a word on every key, and the nearest mistakes while typing.
//!
//! Written from the table of keys ([`super::keys`]). What a schema cannot say (references, cycles, floors) `rictl
//! validate` does.

use serde_json::{Map, Value, json};

use super::keys::{Grammar, Key, Kind, Presence, ROOT};

const DURATION: &str = "^(?=[0-9])([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$";

const RATE: &str = "^[0-9]+([.][0-9]{1,9})?(bit|kbit|Mbit|Gbit)/s$";
const SHARE: &str = "^([1-9][0-9]?|100)%$";

const MOMENT: &str =
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?)?$";
const CLOCK: &str = "^(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00(:00)?)$";

/// Returns the schema of a spec file.
pub fn schema() -> Value {
    let mut schema = mapping(ROOT.iter(), &[]);
    schema.extend(object(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rictl spec",
        "description": "The states that rictl keeps Alibaba Cloud VPC router interfaces in.",
        "type": "object",
    })));
    Value::Object(schema)
}

/// Returns what a key may hold, and what it means.
fn of(key: &Key) -> Value {
    let mut schema = of_kind(key);
    let hint = match key.kind {
        Kind::Word(Grammar::Digits) => " Quoted: it does not fit a number.",
        Kind::Duration { .. } => " Written 500ms, 5s, 10m or 1h30m.",
        Kind::Rate => " Written 900bit/s, 500kbit/s, 1Mbit/s or 2.5Gbit/s.",
        _ => "",
    };
    schema.insert("description".to_owned(), format!("{}{hint}", key.meaning).into());
    match (key.presence, value(key.example)) {
        (Presence::Default(default), _) => schema.insert("default".to_owned(), value(default)),
        (_, Value::Null) => None,
        (_, example) => schema.insert("examples".to_owned(), json!([example])),
    };
    Value::Object(schema)
}

fn of_kind(key: &Key) -> Map<String, Value> {
    match key.kind {
        Kind::Version => object(json!({ "const": 1 })),
        Kind::Section => {
            let mut schema = mapping(key.children(), &[]);
            schema.insert("type".to_owned(), json!(["object", "null"]));
            schema
        }
        Kind::Entry { one_of } => mapping(key.children(), one_of),
        Kind::Names { but } => {
            let mut names = object(json!({ "pattern": Grammar::Name.pattern() }));
            names.extend(but.map(|taken| ("not".to_owned(), json!({ "const": taken }))));
            let entry = key.children().next().map(of);
            object(json!({ "type": ["object", "null"], "propertyNames": names, "additionalProperties": entry }))
        }
        Kind::Text | Kind::Line => object(json!({ "type": "string" })),
        Kind::Word(grammar) => object(json!({ "type": "string", "pattern": grammar.pattern() })),
        Kind::Role => object(json!({ "type": "string", "pattern": "^acs:ram::.*:role/" })),
        Kind::Number { least, most } => {
            let mut schema = object(json!({ "type": "integer", "minimum": least }));
            schema.extend(most.map(|most| ("maximum".to_owned(), most.into())));
            schema
        }
        Kind::Boolean => object(json!({ "type": "boolean" })),
        Kind::Duration { .. } => object(json!({ "type": "string", "pattern": DURATION })),
        Kind::Rate => object(json!({ "type": "string", "pattern": RATE })),
        Kind::Share => object(json!({ "type": "string", "pattern": SHARE })),
        Kind::Date => object(json!({ "type": "string", "format": "date" })),
        Kind::Choice { words, .. } => object(json!({ "enum": words })),
        Kind::Arguments | Kind::Selectors => {
            object(json!({ "type": "array", "minItems": 1, "items": { "type": "string" } }))
        }
        Kind::Entries => {
            let entry = key.children().next().map(of);
            object(json!({ "type": ["array", "null"], "items": entry }))
        }
        Kind::Choices { words, .. } => object(json!({ "type": "array", "minItems": 1, "items": { "enum": words } })),
        Kind::Moment => object(json!({ "type": "string", "pattern": MOMENT })),
        Kind::Clock => object(json!({ "type": "string", "pattern": CLOCK })),
        Kind::Zone => object(json!({ "type": "string", "pattern": "^[A-Za-z0-9_+/-]+$" })),
        Kind::Labels => {
            let label = Grammar::Label.pattern();
            let value = json!({ "type": ["string", "number", "boolean", "null"], "pattern": label });
            let keys = json!({ "pattern": label });
            object(json!({ "type": ["object", "null"], "propertyNames": keys, "additionalProperties": value }))
        }
        Kind::Addresses => {
            let address = json!({ "type": "string", "pattern": Grammar::Name.pattern() });
            object(json!({ "type": "array", "uniqueItems": true, "items": address }))
        }
    }
}

/// Returns a mapping of these keys and no others.
fn mapping(keys: impl Iterator<Item = &'static Key>, one_of: &[&str]) -> Map<String, Value> {
    let keys: Vec<&Key> = keys.collect();
    let required = keys.iter().filter(|key| matches!(key.presence, Presence::Required(_)));
    let required: Vec<&str> = required.map(|key| key.name).collect();
    let properties: Map<String, Value> = keys.iter().map(|key| (key.name.to_owned(), of(key))).collect();
    let mut schema = object(json!({ "type": "object", "additionalProperties": false, "properties": properties }));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    if !one_of.is_empty() {
        let alternatives: Vec<Value> = one_of.iter().map(|key| json!({ "required": [key] })).collect();
        schema.insert("oneOf".to_owned(), alternatives.into());
    }
    schema
}

/// Reads a value of the table, which is written as in YAML.
fn value(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap_or_default()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
