use super::*;
use crate::render::samples::{
    HOSTILE, assert_inert, empty_plan, hostile_plan, large_plan, rich_plan, small_plan, view, written,
};

fn show(plan: &Plan, view: View) -> String {
    written(|out| text(out, plan, view))
}

#[test]
fn shows_one_drain() {
    insta::assert_snapshot!(show(&small_plan(), view(80)));
}

#[test]
fn shows_every_section_on_a_narrow_screen() {
    insta::assert_snapshot!("rich_plan_60", show(&rich_plan(), view(60)));
}

#[test]
fn says_that_nothing_is_to_be_done() {
    insta::assert_snapshot!(show(&empty_plan(), view(80)));
}

#[test]
fn never_says_no_changes_where_something_could_not_be_read() {
    let mut plan = empty_plan();
    plan.failures = rich_plan().failures;
    assert!(!show(&plan, view(80)).contains("No changes."));
}

#[test]
fn folds_a_large_plan_and_says_so() {
    let shown = show(&large_plan(1000), view(80));
    assert_eq!(shown.matches("router_interface").count(), SHOWN);
    assert!(shown.contains("… and 980 more to do (--json has all)"));
    assert!(shown.contains("Plan: 0 to add, 1000 to change, 0 to destroy.\n"));
    assert!(shown.lines().count() < 200);
}

#[test]
fn keeps_the_lines_that_tools_parse_at_any_width() {
    let shown = show(&large_plan(1000), view(20));
    assert!(shown.ends_with(
        "Plan: 0 to add, 1000 to change, 0 to destroy.\n1000 to deactivate, 0 to activate, 0 to wait for; 1000 blocked.\n"
    ));
}

#[test]
fn shows_hostile_text_without_obeying_it() {
    for text in HOSTILE {
        for width in [60, 120] {
            assert_inert(&show(&hostile_plan(text), view(width)), text);
        }
    }
}
