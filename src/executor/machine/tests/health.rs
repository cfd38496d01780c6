use super::bench::{Scene, drain};
use crate::resource::{HealthCheckStatus, Status};

use HealthCheckStatus::{Abnormal, NoHealthCheckConfig, Normal};

/// One that goes down, and two that keep the floor of 1 if their checks say so.
fn scene() -> Scene {
    Scene::of([drain("a")]).floor(&["a", "b", "c"], 1).checked()
}

#[test]
fn nothing_goes_down_before_as_many_as_the_floor_needs_have_said_that_they_are_well() {
    let mut run = scene().begin();
    run.permit(0);
    assert_eq!(run.read(), ["ask health b"]);
    assert!(run.pass(0.5).is_empty(), "asked once");
    assert_eq!(run.health("b", NoHealthCheckConfig), ["append intent a/deactivate"]);
    assert_eq!(run.appended(), ["send a/deactivate until 2000 ms"]);
}

#[test]
fn one_that_is_abnormal_keeps_no_floor_and_the_next_is_asked() {
    let mut run = scene().begin();
    run.permit(0);
    run.read();
    assert_eq!(run.health("b", Abnormal), ["ask health c"]);
    assert_eq!(
        run.health("c", Abnormal),
        ["free a/deactivate", "told a/deactivate Guarded", "append closed a/deactivate Guarded"]
    );
}

#[test]
fn who_was_ill_is_asked_last_when_the_pages_have_grown_too_old() {
    let mut run = Scene::of([drain("a")]).floor(&["a", "b", "c", "d"], 1).checked().begin();
    run.permit(0);
    assert_eq!(run.read(), ["ask health b"]);
    assert_eq!(run.health("b", Abnormal), ["ask health c"]);
    run.pass(2.5);
    run.health("c", Normal);
    run.pass(2.5);
    let words = run.read();
    assert!(words.contains(&"ask health c".to_owned()) && !words.contains(&"ask health b".to_owned()), "{words:?}");
}

#[test]
fn once_something_was_too_old_all_are_asked_together() {
    let mut run = Scene::of([drain("a")]).floor(&["a", "b", "c", "d"], 2).checked().begin();
    run.permit(0);
    assert_eq!(run.read(), ["ask health b", "ask health c"]);
    run.health("b", Abnormal);
    run.pass(1.5);
    run.health("c", Normal);
    run.pass(0.7);
    run.health("d", Normal);
    let words = run.read();
    assert!(words.contains(&"ask health c".to_owned()) && words.contains(&"ask health d".to_owned()), "{words:?}");
}

#[test]
fn an_answer_counts_for_as_long_as_a_page() {
    let mut run = Scene::of([drain("a"), drain("b")]).floor(&["a", "b", "c", "d"], 2).checked().begin();
    run.permit(0);
    assert_eq!(run.read(), ["ask health b", "ask health c"]);
    run.health("b", Normal);
    assert_eq!(run.health("c", Normal), ["append intent a/deactivate"]);
    run.appended();
    run.pass(1.0);
    // What `c` said is young still, as the pages are.
    assert_eq!(run.permit(1), ["ask health d", "read a b c d"]);
    assert_eq!(run.health("d", Normal), ["append intent b/deactivate"]);
}

#[test]
fn what_is_out_already_is_held_to_no_floor() {
    let mut run = Scene::of([drain("a")]).floor(&["a", "b"], 1).begin();
    run.show("b", Status::Inactive);
    run.permit(0);
    assert!(run.read().contains(&"told a/deactivate Guarded".to_owned()), "up by its statuses");

    let mut run = Scene::of([drain("a")]).floor(&["a", "b"], 1).both_ends("a", "x").begin();
    run.show("b", Status::Inactive).show("x", Status::Inactive);
    run.permit(0);
    assert_eq!(run.read(), ["append intent a/deactivate"], "its other end is not");

    let mut run = Scene::of([drain("a")]).floor(&["a", "b"], 1).both_ends("a", "x").begin();
    run.show("b", Status::Inactive).show("x", Status::Activating);
    run.permit(0);
    assert!(run.read().contains(&"told a/deactivate Guarded".to_owned()), "somebody brings it up");
}
