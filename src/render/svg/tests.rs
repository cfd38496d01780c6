use super::*;
use crate::render::samples::{HOSTILE, live_state, report, spec};

#[test]
fn draws_links_with_the_status_of_both_sides() {
    insta::assert_snapshot!(topology(&Topology::new(&spec(), &live_state())));
}

#[test]
fn draws_a_run_over_time() {
    insta::assert_snapshot!(timeline(&report()));
}

#[test]
fn escapes_so_that_no_two_texts_look_alike() {
    let all: std::collections::BTreeSet<String> = HOSTILE.iter().map(|text| escaped(text)).collect();
    assert_eq!(all.len(), HOSTILE.len());
    assert!(all.iter().all(|text| !text.contains(['<', '>', '"', '\''])));
}
