//! `drift --record` and `fleet`: what a check leaves beside its state, and every state of a store on one page; on files, in a Postgres,
//! in buckets of both kinds.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr, reason = "tests")]

mod buckets;
mod files;
mod ids;
mod moving;
#[cfg(feature = "postgres")]
mod postgres;
mod scale;

use serde_json::Value;

use crate::harness::binary::{Desk, Ran};
use crate::harness::emulator::Emulator;

const WORLD: &str = "regions: [cn-shanghai]
settle: { activate: 50ms, deactivate: 50ms }
interfaces: [{ id: ri-a }, { id: ri-b }, { id: ri-c }, { id: ri-d }]
";

/// A spec of two links in a group, of which one has to be up.
fn spec(name: &str, ids: [&str; 2]) -> String {
    let [a, b] = ids;
    format!(
        "version: 1
name: {name}
cloud: {{ provider: emulator, region: cn-shanghai }}
groups: {{ idc-{b}: {{ min_active: 1 }} }}
interfaces:
  primary: {{ id: {a}, status: Active, group: idc-{b}, labels: {{ carrier: alfa }} }}
  backup: {{ id: {b}, status: Active, group: idc-{b} }}
"
    )
}

fn exits(ran: &Ran, code: i32) {
    assert_eq!(ran.code, code, "{}", ran.text());
}

fn says(ran: &Ran, code: i32, text: &str) {
    exits(ran, code);
    assert!(ran.flat().contains(text), "{text:?} is not in {}", ran.text());
}

/// The states that `fleet --json` lists.
fn states(desk: &Desk, arguments: &[&str], code: i32) -> Vec<Value> {
    let ran = desk.run(&[&["fleet", "--json"], arguments].concat());
    exits(&ran, code);
    let document: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.text()));
    assert_eq!(document["format_version"], "1.0");
    document["states"].as_array().unwrap().clone()
}

/// The names of states.
fn names(states: &[Value]) -> Vec<&str> {
    states.iter().map(|state| state["name"].as_str().unwrap()).collect()
}

/// The keys of a row, which others read.
const KEYS: [&str; 15] = [
    "name",
    "target",
    "checked_at",
    "drifted",
    "below_floor",
    "open_run",
    "died_run",
    "holder",
    "awaiting",
    "overdue",
    "approvals",
    "upcoming",
    "groups",
    "stale",
    "error",
];

fn has_all_keys(state: &Value) {
    let keys: Vec<&String> = state.as_object().unwrap().keys().collect();
    let mut expected: Vec<&str> = KEYS.to_vec();
    expected.sort_unstable();
    let mut found: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, expected);
}

/// Somebody at the console brings an interface to a status.
fn at_the_console(emulator: &Emulator, id: &str, status: &str) {
    let spec = format!(
        "version: 1\ncloud: {{ provider: emulator, region: cn-shanghai }}\ninterfaces:\n  x: {{ id: {id}, status: {status} }}\n"
    );
    let desk = Desk::new(&spec).with_the_usual_key();
    exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    assert_eq!(emulator.status(id), status);
}
