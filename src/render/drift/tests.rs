use super::*;
use crate::drift::DriftCause;
use crate::drift::DriftItem;
use crate::render::samples::{HOSTILE, assert_inert, drift, hostile_drift, view, written};

#[test]
fn shows_spec_last_applied_and_live_of_each_item() {
    insta::assert_snapshot!("drift_60", written(|out| text(out, &drift(), &Given::default(), view(60))));
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
    let shown = written(|out| text(out, &drift, &Given::default(), view(80)));
    assert!(shown.ends_with("No drift: 12 checked (1 in transition, 0 known and left alone).\n"), "{shown}");
}

#[test]
fn shows_hostile_text_without_obeying_it() {
    for input in HOSTILE {
        assert_inert(&written(|out| text(out, &hostile_drift(input), &Given::default(), view(60))), input);
    }
}

#[test]
fn tells_many_findings_a_row_each_and_leaves_out_none() {
    let mut drift = drift();
    let item = drift.items[0].clone();
    drift.items =
        (0..30).map(|number| DriftItem { address: format!("link-{number:02}").into(), ..item.clone() }).collect();
    let shown = written(|out| text(out, &drift, &Given::default(), view(100)));
    for number in 0..30 {
        assert!(shown.contains(&format!("~  link-{number:02}  drifted  spec Active  live Inactive since ")), "{shown}");
    }
    let whole = written(|out| text(out, &drift, &Given::default(), View { folds: false, ..view(100) }));
    assert_eq!(whole.matches("last applied Active").count(), 30, "{whole}");
}
