//! The spec as a JSON Schema, for editors: completion, a word on every key, and the nearest mistakes while typing.
//!
//! Written by hand, since [`super::parse`] reads a tree with places and no serde type mirrors it; the tests hold it to
//! the parser, key by key. What a schema cannot say (references, cycles, floors) `rictl validate` does.

use serde_json::{Value, json};

/// An interface, a group or an account by its name.
const NAME: &str = "^[A-Za-z0-9._-]{1,128}$";
const ID: &str = "^[A-Za-z0-9_-]{1,128}$";
const REGION: &str = "^[a-z0-9-]{1,128}$";
const DIGITS: &str = "^[0-9]{1,128}$";
const DURATION: &str = "^(?=[0-9])([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$";

/// Returns the schema of a spec file.
pub fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rictl spec",
        "description": "The states that rictl keeps Alibaba Cloud VPC router interfaces in.",
        "type": "object",
        "required": ["version"],
        "additionalProperties": false,
        "properties": {
            "version": { "const": 1, "description": "The version of the format." },
            "cloud": cloud(),
            "state": section("Where the history is kept.", json!({
                "path": text("The state file, relative to the spec; state/<spec file stem>.json where it is not given.", "state/rictl.json"),
            })),
            "limits": limits(),
            "groups": {
                "type": ["object", "null"],
                "description": "Redundancy: interfaces that must not all be down at a time, by a name of your choice.",
                "propertyNames": { "pattern": NAME },
                "additionalProperties": section("A group; interfaces join it with `group`.", json!({
                    "min_active": number(0, "At least this many members stay up; no step may break it."),
                    "max_unavailable": number(0, "At most this many members not up, those declared Inactive included."),
                })),
            },
            "rollout": rollout(),
            "interfaces": {
                "type": ["object", "null"],
                "description": "The interfaces by address: a stable, unique name of your choice, used in every output.",
                "propertyNames": { "pattern": NAME },
                "additionalProperties": interface(),
            },
        },
    })
}

fn cloud() -> Value {
    let accounts = json!({
        "type": ["object", "null"],
        "description": "Further accounts by a name of your choice; interfaces name theirs with `account`.",
        "propertyNames": { "pattern": NAME, "not": { "const": "default" } },
        "additionalProperties": {
            "type": "object",
            "description": "An account: either a profile or a role.",
            "additionalProperties": false,
            "properties": {
                "profile": text("A profile of the credential files.", "net-other"),
                "role_arn": {
                    "type": "string",
                    "pattern": "^acs:ram::.*:role/",
                    "description": "A role to assume with the spec's own credentials.",
                    "examples": ["acs:ram::1987654321098765:role/rictl"],
                },
                "account_id": account_id("The account that these credentials must belong to."),
            },
            "oneOf": [{ "required": ["profile"] }, { "required": ["role_arn"] }],
        },
    });
    section(
        "Who answers the calls, and as whom.",
        json!({
            "provider": {
                "enum": ["alibaba", "emulator"],
                "default": "alibaba",
                "description": "The real cloud, or the emulator.",
            },
            "region": word(REGION, "The default region of the interfaces.", "cn-shanghai"),
            "profile": text("The credentials profile; without it the standard chain is used.", "net-prod"),
            "signature": { "enum": ["v3", "v1"], "default": "v3", "description": "How requests are signed." },
            "account_id": account_id("Apply refuses any other account."),
            "world": text("The emulator's world, relative to the spec; only with `provider: emulator`.", "world.yaml"),
            "accounts": accounts,
        }),
    )
}

fn limits() -> Value {
    section(
        "Blast radius: a plan beyond a limit is refused. A limit that is not given does not limit.",
        json!({
            "max_changes": number(0, "At most this many interfaces change in one run."),
            "max_changes_percent": {
                "type": "integer", "minimum": 1, "maximum": 100,
                "description": "The same as a part of the declared interfaces, never below one.",
            },
            "per_group": number(0, "At most this many changes in any one group."),
            "per_region": number(0, "At most this many changes in any one region."),
        }),
    )
}

fn rollout() -> Value {
    section(
        "How a large change is cut into waves.",
        json!({
            "canary": number(0, "Interfaces in the first wave; 0 for none."),
            "batch": number(1, "Interfaces in each later wave; all the rest where it is not given."),
            "pause": duration("How long to wait between waves.", "20s"),
            "check": {
                "type": "array", "minItems": 1, "items": { "type": "string" },
                "description": "A program and its arguments that must exit 0 between waves; never shell text.",
                "examples": [["./probe.sh", "--fast"]],
            },
            "check_timeout": duration("How long the check may take.", "1m"),
        }),
    )
}

fn interface() -> Value {
    json!({
        "type": "object",
        "description": "A router interface and the state that it is kept in.",
        "required": ["id", "status"],
        "additionalProperties": false,
        "properties": {
            "id": word(ID, "The cloud's id of the interface.", "ri-2zeo3xzyf38r4urzdpvfs"),
            "status": {
                "enum": ["Active", "Inactive"],
                "description": "Active: up. Inactive: drained. Nothing else can be asked for.",
            },
            "region": word(REGION, "Where it lives, if not in `cloud.region`.", "cn-beijing"),
            "account": word(NAME, "Whose it is: a key of `cloud.accounts`.", "partner"),
            "group": word(NAME, "Its redundancy group: a key of `groups`.", "idc-shanghai"),
            "depends_on": {
                "type": "array", "uniqueItems": true,
                "items": { "type": "string", "pattern": NAME },
                "description": "The interfaces that this one needs: up after them, down before them.",
                "examples": [["sh-backup"]],
            },
            "reason": text("Why it is as it is: carried into plan, history and reports.", "CHG-1042 fibre splice"),
            "protect": {
                "type": "boolean", "default": false,
                "description": "Never deactivated by rictl while this is true.",
            },
            "hands_off": {
                "type": "object",
                "description": "Observed and shown, never acted on.",
                "required": ["reason"],
                "additionalProperties": false,
                "properties": {
                    "reason": text("Why nobody may touch it.", "vendor works on it"),
                    "until": {
                        "type": "string", "format": "date",
                        "description": "The last day it is meant to stand; past it, plan and drift say so.",
                        "examples": ["2026-12-24"],
                    },
                },
            },
            "timeouts": section("How long a step may take to reach its goal.", json!({
                "activate": duration("From the call to Active.", "10m"),
                "deactivate": duration("From the call to Inactive.", "10m"),
            })),
        },
    })
}

/// A mapping of known keys that may also stand empty.
fn section(description: &str, properties: Value) -> Value {
    json!({
        "type": ["object", "null"],
        "description": description,
        "additionalProperties": false,
        "properties": properties,
    })
}

fn text(description: &str, example: &str) -> Value {
    json!({ "type": "string", "description": description, "examples": [example] })
}

fn word(pattern: &str, description: &str, example: &str) -> Value {
    json!({ "type": "string", "pattern": pattern, "description": description, "examples": [example] })
}

fn account_id(description: &str) -> Value {
    let description = format!("{description} Quoted: it does not fit a number.");
    word(DIGITS, &description, "1234567890123456")
}

fn number(minimum: u32, description: &str) -> Value {
    json!({ "type": "integer", "minimum": minimum, "description": description })
}

fn duration(description: &str, example: &str) -> Value {
    let description = format!("{description} Written 500ms, 5s, 10m or 1h30m.");
    word(DURATION, &description, example)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

    use super::*;
    use crate::spec::{SpecFile, parse};

    /// Asks the parser which keys it knows where `indented` is, by giving it one that it does not.
    fn keys_at(above: &str, indent: usize) -> Vec<String> {
        let text = format!("version: 1\n{above}{}zzzzzz: 1\n", " ".repeat(indent));
        let found =
            parse(vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: text.clone().into_bytes() }]).unwrap_err();
        let unknown = found.findings.iter().find(|finding| finding.summary.starts_with("unknown key `zzzzzz`"));
        let hint = unknown.unwrap_or_else(|| panic!("no unknown key in {text}: {found:?}")).hint.clone().unwrap();
        let mut keys: Vec<String> =
            hint.strip_prefix("the keys here are ").unwrap().split(", ").map(str::to_owned).collect();
        keys.sort();
        keys
    }

    #[test]
    fn knows_the_keys_that_the_parser_knows() {
        let schema = schema();
        let entry = "interfaces:\n  a:\n";
        for (pointer, above, indent) in [
            ("", "", 0),
            ("/properties/cloud", "cloud:\n", 2),
            ("/properties/cloud/properties/accounts/additionalProperties", "cloud:\n  accounts:\n    a:\n", 6),
            ("/properties/state", "state:\n", 2),
            ("/properties/limits", "limits:\n", 2),
            ("/properties/groups/additionalProperties", "groups:\n  a:\n", 4),
            ("/properties/rollout", "rollout:\n", 2),
            ("/properties/interfaces/additionalProperties", entry, 4),
            (
                "/properties/interfaces/additionalProperties/properties/hands_off",
                &format!("{entry}    hands_off:\n"),
                6,
            ),
            ("/properties/interfaces/additionalProperties/properties/timeouts", &format!("{entry}    timeouts:\n"), 6),
        ] {
            let object = schema.pointer(pointer).unwrap();
            let keys: Vec<String> = object["properties"].as_object().unwrap().keys().cloned().collect();
            assert_eq!(keys, keys_at(above, indent), "{pointer}");
            assert_eq!(object["additionalProperties"], json!(false), "{pointer}");
        }
    }

    #[test]
    fn says_something_of_every_key() {
        let mut open = vec![(String::new(), schema())];
        while let Some((path, value)) = open.pop() {
            let properties = value.get("properties").and_then(Value::as_object);
            for (key, property) in properties.into_iter().flatten() {
                assert!(property["description"].as_str().is_some_and(|text| text.ends_with('.')), "{path}.{key}");
                open.push((format!("{path}.{key}"), property.clone()));
            }
            open.extend(value.get("additionalProperties").map(|entry| (format!("{path}.*"), entry.clone())));
        }
    }

    #[test]
    fn gives_examples_that_the_parser_takes() {
        let interfaces = schema()["properties"]["interfaces"]["additionalProperties"]["properties"].clone();
        for key in ["id", "region", "reason"] {
            let example = interfaces[key]["examples"][0].as_str().unwrap();
            let others = if key == "id" { "" } else { "id: ri-a, " };
            let text = format!(
                "version: 1\ncloud: {{region: cn-a}}\ninterfaces: {{a: {{{others}status: Active, {key}: \"{example}\"}}}}"
            );
            parse(vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: text.into_bytes() }]).unwrap();
        }
    }
}
