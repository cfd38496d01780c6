#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiff::SignedDuration;

use super::*;
use crate::render::samples::{HOSTILE, assert_inert, fleet, view, written};

#[test]
fn stays_inert_whatever_anybody_wrote() {
    for hostile in HOSTILE {
        assert_inert(&written(|out| text(out, &fleet(hostile), view(60))), hostile);
        let document = written(|out| document(out, &fleet(hostile)));
        let shown: serde_json::Value = serde_json::from_str(&document).unwrap();
        assert_eq!(shown["states"][0]["holder"]["who"], *hostile);
        assert!(document.trim_end().chars().all(|character| !character.is_control()), "{document:?}");
    }
}

#[test]
fn a_long_name_moves_its_own_line_alone() {
    let mut all = fleet("net/site-d");
    all.states[0].name = "a".repeat(200);
    let shown = written(|out| text(out, &all, View { width: 400, ..view(100) }));
    let well = shown.lines().find(|line| line.contains("site-a")).unwrap();
    assert!(well.starts_with("  site-a  account"), "{shown}");
    assert!(shown.contains(&all.states[0].name), "{shown}");
}

#[test]
fn says_that_there_is_nothing_and_what_nobody_knows() {
    let shown = |fleet: &Fleet| written(|out| text(out, fleet, view(100)));
    let mut all = fleet("net/site-d");
    let far = SignedDuration::from_hours(24 * 10);
    all.states[1].ahead = Some(far);
    all.states[1].known_until = Some("2026-11-23T12:00:00Z".parse().unwrap());
    let page = shown(&all);
    assert!(
        page.contains(
            "site-a      account 1234567890123456, checked at 2026-11-23T02:11:00Z, 10 days ahead of this clock"
        ),
        "{page}"
    );
    assert!(page.contains("what begins and ends is known up to 2026-11-23 12:00 +00:00 only"), "{page}");
    all.states.clear();
    assert!(shown(&all).ends_with("There is no state here: nothing is known of any link.\n"), "{}", shown(&all));
}

#[test]
fn shows_what_is_wrong_first_and_counts_what_is_well_where_there_are_many() {
    let text = |fleet: &Fleet, view| written(|out| text(out, fleet, view));
    insta::assert_snapshot!("fleet", text(&fleet("net/site-d"), view(100)));
    let mut many = fleet("net/site-d");
    let well = many.states[1].clone();
    many.states.extend((0..100).map(|number| StateRow { name: format!("x-{number:03}"), ..well.clone() }));
    let (all, folded) =
        (text(&many, View { folds: false, ..view(100) }), text(&many, View { folds: true, ..view(100) }));
    assert!(all.contains("x-099") && !all.contains("more states"), "{all}");
    assert!(folded.contains("and 61 more states that are as they should be") && !folded.contains("x-099"), "{folded}");
    assert!(folded.contains("site-b") && folded.contains("site-c"), "what wants a look is never cut: {folded}");
}
