use super::bench::{Scene, drain, raise};

#[test]
fn a_call_is_not_sent_while_a_window_is_closed_for_it() {
    let mut run = Scene::of([drain("a"), drain("b")]).closed("a", 0, 60).begin();
    run.permit(0);
    let words = run.read();
    assert!(words.contains(&"told a/deactivate Guarded".to_owned()), "{words:?}");
}

#[test]
fn a_call_leaves_before_its_window_closes_or_not_at_all() {
    let mut run = Scene::of([drain("a")]).closed("a", 1, 60).begin();
    run.permit(0);
    assert_eq!(run.read(), ["append intent a/deactivate"]);
    assert_eq!(run.appended(), ["send a/deactivate until 999 ms"]);
}

#[test]
fn a_call_leaves_before_a_change_about_its_interface_begins_or_ends() {
    let mut run = Scene::of([drain("a")]).valid_until(0, 1).begin();
    run.permit(0);
    run.read();
    assert_eq!(run.appended(), ["send a/deactivate until 999 ms"]);
    let mut late = Scene::of([drain("a")]).valid_until(0, 1).begin();
    late.permit(0);
    late.pass(1.0);
    let words = late.read();
    assert!(words.contains(&"told a/deactivate Moved".to_owned()), "{words:?}");
}

#[test]
fn what_brings_a_group_back_to_its_floor_waits_for_no_window() {
    let mut run = Scene::of([raise("a")]).floor(&["a"], 1).closed("a", 0, 60).begin();
    run.permit(0);
    assert_eq!(run.read(), ["append intent a/activate"]);
}
