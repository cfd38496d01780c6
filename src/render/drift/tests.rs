use super::*;
use crate::drift::DriftCause;
use crate::render::samples::{HOSTILE, assert_inert, drift, hostile_drift, view, written};

#[test]
fn shows_spec_last_applied_and_live_of_each_item() {
    insta::assert_snapshot!("drift_60", written(|out| text(out, &drift(), view(60))));
}

#[test]
fn writes_the_same_facts_as_a_document() {
    insta::assert_snapshot!(written(|out| document(out, &drift())));
}

#[test]
fn says_that_nothing_moved() {
    let mut drift = drift();
    drift.failures.clear();
    drift.groups.clear();
    drift.items.retain(|item| item.cause == DriftCause::InTransition);
    assert!(!drift.has_moved());
    let shown = written(|out| text(out, &drift, view(80)));
    assert!(shown.ends_with("No drift: 12 checked (1 in transition, 0 known and left alone).\n"), "{shown}");
}

#[test]
fn shows_hostile_text_without_obeying_it() {
    for input in HOSTILE {
        assert_inert(&written(|out| text(out, &hostile_drift(input), view(60))), input);
    }
}
