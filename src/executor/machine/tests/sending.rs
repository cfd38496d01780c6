use super::bench::{Scene, accepted, drain, raise, refused};
use crate::cloud::ErrorKind;
use crate::executor::machine::port::Input;
use crate::resource::Status;
use crate::store::StoreError;

#[test]
fn an_intent_is_durable_before_its_call_is_sent() {
    let mut run = Scene::of([drain("a")]).begin();
    assert_eq!(run.permit(0), ["read a"]);
    assert_eq!(run.read(), ["append intent a/deactivate"]);
    assert!(run.pass(0.5).is_empty());
    assert_eq!(run.appended(), ["send a/deactivate until 2000 ms"]);
    assert_eq!(run.tell(Input::Sent { step: 0 }), ["told CallSent"]);
}

#[test]
fn one_append_is_on_its_way_and_what_comes_meanwhile_is_for_the_next() {
    let mut run = Scene::of([drain("a"), drain("b")]).begin();
    run.permit(0);
    assert_eq!(run.read(), ["append intent a/deactivate"]);
    // The disk takes its time, and the run goes on.
    assert!(run.permit(1).is_empty());
    assert_eq!(run.appended(), ["send a/deactivate until 2000 ms", "append intent b/deactivate"]);
    assert_eq!(run.appended(), ["send b/deactivate until 2000 ms"]);
}

#[test]
fn an_intent_that_is_not_durable_sends_nothing_and_ends_the_run() {
    let mut run = Scene::of([drain("a"), drain("b")]).begin();
    run.permit(0);
    run.read();
    let words = run.tell(Input::Unappended(StoreError::Bug("full".to_owned())));
    assert_eq!(
        words,
        [
            "told CannotRecord",
            "free a/deactivate",
            "told a/deactivate NotStarted",
            "free b/deactivate",
            "told b/deactivate NotStarted",
            "append refused a/deactivate (bug: full), closed a/deactivate NotStarted, closed b/deactivate NotStarted",
        ]
    );
    assert_eq!(run.tell(Input::Unappended(StoreError::Bug("full".to_owned()))), ["finish"]);
}

#[test]
fn what_is_in_flight_is_watched_to_its_end_when_nothing_can_be_recorded_any_more() {
    let mut run = Scene::of([drain("a"), drain("b")]).begin();
    run.accept(0);
    run.permit(1);
    run.read();
    let words = run.tell(Input::Unappended(StoreError::Bug("full".to_owned())));
    assert!(words.contains(&"told b/deactivate NotStarted".to_owned()), "{words:?}");
    run.show("a", Status::Inactive);
    assert!(run.poll(1).contains(&"told a/deactivate Done".to_owned()));
}

#[test]
fn a_call_that_was_too_late_is_closed_as_not_sent_and_read_for_again() {
    let mut run = Scene::of([drain("a")]).begin();
    run.permit(0);
    run.read();
    run.appended();
    run.pass(2.5);
    assert_eq!(run.tell(Input::NotSent { step: 0 }), ["append refused a/deactivate (not_sent)", "read a"]);
    assert!(run.read().is_empty());
    assert_eq!(run.appended(), ["append intent a/deactivate"]);
}

#[test]
fn pages_that_are_too_old_three_times_end_the_step() {
    let mut run = Scene::of([drain("a"), drain("b")]).after(1, 0).begin();
    run.permit(0);
    for _ in 0..2 {
        run.pass(3.0);
        assert_eq!(run.read(), ["read a"]);
    }
    run.pass(3.0);
    assert_eq!(
        run.read(),
        [
            "free a/deactivate",
            "told a/deactivate Failed",
            "told b/deactivate Skipped",
            "append closed a/deactivate Failed, closed b/deactivate Skipped",
        ]
    );
}

#[test]
fn a_call_that_the_run_has_stopped_for_is_not_sent_although_its_intent_is_durable() {
    let mut run = Scene::of([drain("a")]).begin();
    run.permit(0);
    run.read();
    run.signal(1);
    assert_eq!(
        run.appended(),
        [
            "free a/deactivate",
            "told a/deactivate NotStarted",
            "append refused a/deactivate (not_sent), closed a/deactivate NotStarted",
        ]
    );
}

#[test]
fn the_goal_that_is_there_already_sends_nothing() {
    let mut run = Scene::of([drain("a")]).begin();
    run.permit(0);
    assert_eq!(
        run.show("a", Status::Inactive).read(),
        ["free a/deactivate", "told a/deactivate Already", "append closed a/deactivate Already"]
    );
}

#[test]
fn what_somebody_else_moved_is_refused_and_its_dependants_are_skipped() {
    let mut run = Scene::of([drain("a"), raise("b"), drain("c")]).after(1, 0).begin();
    run.permit(0);
    let words = run.show("a", Status::Deleting).read();
    assert_eq!(words[..3], ["free a/deactivate", "told a/deactivate Moved", "told b/activate Skipped"]);
}

#[test]
fn a_floor_counts_what_is_in_flight_as_down_whatever_a_read_shows() {
    let mut run = Scene::of([drain("a"), drain("b")]).floor(&["a", "b"], 1).begin();
    run.permit(0);
    run.permit(1);
    // Both are shown up; one of them is let go, the other counts on it no longer.
    let words = run.read();
    assert_eq!(
        words,
        ["free b/deactivate", "told b/deactivate Guarded", "append intent a/deactivate, closed b/deactivate Guarded"]
    );
}

#[test]
fn a_floor_rests_on_reads_that_were_begun_after_the_step_was_ready() {
    let mut run = Scene::of([drain("a")]).floor(&["a", "b"], 1).begin();
    assert_eq!(run.permit(0), ["read a b"]);
    assert_eq!(run.show("b", Status::Inactive).read()[1], "told a/deactivate Guarded");
}

#[test]
fn a_refusal_for_the_moment_goes_through_the_same_checks_again() {
    let mut run = Scene::of([drain("a")]).begin();
    run.send(0);
    assert_eq!(
        run.answer(0, refused(ErrorKind::Throttled)),
        [
            "told Throttled",
            "ask a/deactivate in 2000 ms",
            "append refused a/deactivate (DeactivateRouterInterface: no)"
        ]
    );
    run.appended();
    run.pass(2.0);
    assert_eq!(run.permit(0), ["read a"]);
    assert_eq!(run.read(), ["append intent a/deactivate"]);
}

#[test]
fn a_refusal_for_good_ends_the_step_and_counts_as_nothing_done() {
    let mut run = Scene::of([drain("a"), drain("b")]).floor(&["a", "b"], 1).begin();
    run.send(0);
    assert_eq!(run.answer(0, refused(ErrorKind::Denied))[0], "told a/deactivate Failed");
    run.appended();
    // So the other may go down.
    assert_eq!(run.permit(1), ["append intent b/deactivate"]);
}

#[test]
fn an_accepted_call_is_never_sent_again_however_long_reads_lag() {
    let mut run = Scene::of([drain("a")]).begin();
    run.accept(0);
    let words = run.poll(50);
    assert!(!words.iter().any(|word| word.starts_with("ask") || word.starts_with("send")), "{words:?}");
    let words = run.show("a", Status::Deactivating).poll(1);
    assert!(words.iter().all(|word| word.starts_with("read") || word == "told Progress"), "{words:?}");
    assert!(run.show("a", Status::Inactive).poll(1).contains(&"told a/deactivate Done".to_owned()));
}

#[test]
fn an_answer_after_the_run_was_abandoned_means_nothing() {
    let mut run = Scene::of([drain("a")]).begin();
    run.send(0);
    let words = run.signal(2);
    assert_eq!(words, ["told Interrupted", "told a/deactivate InDoubt", "finish"]);
    assert!(run.answer(0, accepted()).is_empty());
    assert!(run.left().is_open);
}
