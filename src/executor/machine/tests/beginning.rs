use super::bench::{Scene, drain, raise};
use crate::executor::machine::port::Input;
use crate::store::StoreError;

fn no_space() -> Input {
    Input::Unappended(StoreError::Bug("no space".to_owned()))
}

#[test]
fn nothing_is_asked_for_before_it_is_durable_that_the_run_has_begun() {
    let mut run = Scene::of([drain("a")]).run();
    assert_eq!(run.tell(Input::Woken), ["append run"]);
    assert!(run.pass(5.0).is_empty());
    assert_eq!(run.appended(), ["told RunStarted", "ask a/deactivate"]);
}

#[test]
fn a_run_that_cannot_be_recorded_ends_before_it_begins() {
    let mut run = Scene::of([drain("a"), drain("b")]).run();
    run.tell(Input::Woken);
    assert_eq!(
        run.tell(no_space()),
        [
            "told CannotRecord",
            "told a/deactivate NotStarted",
            "told b/deactivate NotStarted",
            "append closed a/deactivate NotStarted, closed b/deactivate NotStarted",
        ]
    );
    assert_eq!(run.tell(no_space()), ["finish"]);
    assert!(run.left().failure.is_some());
}

#[test]
fn a_signal_before_the_beginning_is_heard_right_after_it() {
    let mut run = Scene::of([drain("a")]).run();
    run.tell(Input::Woken);
    assert!(run.signal(1).is_empty());
    let words = run.appended();
    assert_eq!(words[..2], ["told RunStarted", "told Interrupted"]);
    assert_eq!(words[2..], ["told a/deactivate NotStarted", "append closed a/deactivate NotStarted"]);
}

#[test]
fn asks_for_no_more_places_than_parallelism_allows() {
    let mut run = Scene::of([drain("a"), drain("b")]).with(|settings| settings.parallelism = Some(1)).run();
    run.tell(Input::Woken);
    assert_eq!(run.appended(), ["told RunStarted", "ask a/deactivate"]);
}

#[test]
fn a_place_that_comes_after_its_step_was_withdrawn_means_nothing() {
    let mut run = Scene::of([drain("a"), raise("b")]).begin();
    run.send(0);
    let words = run.signal(1);
    assert_eq!(words[..3], ["told Interrupted", "free b/activate", "told b/activate NotStarted"]);
    assert!(run.permit(1).is_empty());
}
