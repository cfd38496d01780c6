#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::render::samples::{HOSTILE, assert_inert, hostile_ticket, ticket, written};

#[test]
fn has_each_run_once_and_how_long_each_link_was_down() {
    let shown = written(|out| write(out, &ticket()));
    let document: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(document["runs"].as_array().unwrap().len(), 2, "the second part is a run of the first");
    assert_eq!(document["down"][0]["up_at"], serde_json::Value::Null);
    assert_eq!(document["down"][1]["duration_ms"], 3_602_000);
    insta::assert_snapshot!(format!("{document:#}"));
}

#[test]
fn hostile_text_is_inert() {
    for text in HOSTILE {
        assert_inert(&written(|out| write(out, &hostile_ticket(text))).replace("##[", ""), text);
    }
}
