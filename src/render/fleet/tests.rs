#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

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
