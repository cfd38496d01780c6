use std::time::Duration;

use super::bench::{Scene, drain, lost, raise, refused};
use crate::cloud::ErrorKind;
use crate::executor::machine::port::Input;
use crate::journal::Outcome;
use crate::resource::{Call, Status};
use crate::run::StepReason;

#[test]
fn a_lost_answer_is_settled_by_reading() {
    let mut run = Scene::of([drain("a")]).begin();
    run.send(0);
    assert_eq!(run.answer(0, lost()), ["told NoClearAnswer", "append doubtful a/deactivate"]);
    run.appended();
    run.show("a", Status::Deactivating).poll(1);
    assert!(run.show("a", Status::Inactive).poll(1).contains(&"told a/deactivate DoneUnknown".to_owned()));
}

#[test]
fn a_doubt_is_sent_again_once_after_a_window_of_reads_that_agree() {
    let mut run = Scene::of([drain("a")]).begin();
    run.send(0);
    run.answer(0, lost());
    run.appended();
    // 14 s are no window yet.
    assert!(!run.poll(7).contains(&"ask a/deactivate".to_owned()));
    assert!(run.poll(1).contains(&"ask a/deactivate".to_owned()));
    run.send(0);
    run.answer(0, lost());
    run.appended();
    let words = run.poll(8);
    assert!(words.contains(&"told a/deactivate InDoubt".to_owned()), "{words:?}");
    assert!(!words.iter().any(|word| word.starts_with("ask")), "{words:?}");
}

#[test]
fn what_was_seen_on_its_way_is_waited_for_and_never_sent_again() {
    let mut run = Scene::of([drain("a")]).begin();
    run.send(0);
    run.answer(0, lost());
    run.appended();
    run.poll(7);
    run.show("a", Status::Deactivating).poll(1);
    let words = run.show("a", Status::Active).poll(20);
    assert!(!words.iter().any(|word| word.starts_with("ask")), "{words:?}");
}

#[test]
fn a_repeat_that_is_refused_leaves_the_first_copy_in_doubt() {
    let mut run = Scene::of([drain("a"), drain("b")]).floor(&["a", "b"], 1).begin();
    run.send(0);
    run.answer(0, lost());
    run.appended();
    run.poll(8);
    run.send(0);
    let words = run.answer(0, refused(ErrorKind::Denied));
    assert_eq!(
        words,
        [
            "told a/deactivate InDoubt",
            "append refused a/deactivate (DeactivateRouterInterface: no), closed a/deactivate InDoubt",
        ]
    );
    run.appended();
    // It counts as down to the end of the run, although it is shown up.
    run.pass(2.5);
    run.permit(1);
    assert!(run.read().contains(&"told b/deactivate Guarded".to_owned()));
    run.appended();
    run.poll(3);
    let result = run.left().report.results.swap_remove(0);
    assert_eq!(result.outcome, Some(Outcome::InDoubt));
    assert!(matches!(result.because, Some(StepReason::RepeatRefused { found: Some(Status::Active), .. })));
}

#[test]
fn a_doubt_that_may_not_be_sent_again_any_more_stays_one() {
    let mut run = Scene::of([drain("a")]).begin();
    run.send(0);
    run.answer(0, lost());
    run.appended();
    run.poll(8);
    run.pass(0.5);
    // Its repeat has its place and waits for a read when the run is stopped.
    run.permit(0);
    let words = run.signal(1);
    assert_eq!(words[..3], ["told Interrupted", "free a/deactivate", "told a/deactivate InDoubt"]);
}

#[test]
fn a_status_that_forbids_the_call_is_a_doubt_that_reads_have_longer_to_end() {
    let mut run = Scene::of([drain("a")]).begin();
    run.send(0);
    assert_eq!(run.answer(0, refused(ErrorKind::IncorrectStatus))[0], "told NoClearAnswer");
    run.appended();
    assert!(!run.poll(59).contains(&"ask a/deactivate".to_owned()));
    assert!(run.poll(1).contains(&"ask a/deactivate".to_owned()));
}

#[test]
fn a_doubt_on_somebody_elses_ground_is_told_as_one() {
    let mut run = Scene::of([drain("a")]).begin();
    run.send(0);
    run.answer(0, lost());
    run.appended();
    assert!(run.show("a", Status::Deleting).poll(1).contains(&"told a/deactivate InDoubt".to_owned()));
}

#[test]
fn a_doubt_that_reads_show_elsewhere_waits_until_they_agree_for_a_window() {
    let ended = "told a/deactivate InDoubt".to_owned();
    let mut run = Scene::of([drain("a")]).begin();
    run.send(0);
    run.answer(0, lost());
    run.appended();
    assert!(!run.show("a", Status::Connecting).poll(7).contains(&ended), "14 s are no window");
    assert!(!run.show("a", Status::Active).poll(1).contains(&ended));
    assert!(!run.show("a", Status::Connecting).poll(2).contains(&ended), "two reads are not enough");
    assert!(run.poll(1).contains(&ended));
}

#[test]
fn what_an_earlier_copy_may_have_done_is_not_forgotten_by_a_call_that_was_too_late() {
    let mut run = Scene::of([drain("a"), drain("b")]).floor(&["a", "b"], 1).begin();
    run.send(0);
    run.answer(0, lost());
    run.appended();
    run.poll(8);
    run.permit(0);
    run.read();
    run.appended();
    run.pass(2.5);
    run.tell(Input::NotSent { step: 0 });
    run.permit(1);
    let words = run.read();
    assert!(words.contains(&"told b/deactivate Guarded".to_owned()), "{words:?}");
}

#[test]
fn what_is_brought_back_right_after_it_was_taken_down_is_done_at_once_and_holds_no_floor_for_a_doubt_window() {
    let mut run = Scene::of([raise("a"), drain("b")]).just_done("a", Call::Deactivate).floor(&["a", "b"], 1).begin();
    run.accept(0);
    let words = run.show("a", Status::Active).poll(1);
    assert!(words.contains(&"told a/activate Done".to_owned()), "{words:?}");
    // Whoever goes by a read of the past would take down what alone is up.
    run.appended();
    let is_sent =
        |words: &[String]| words.iter().any(|word| word.starts_with("append intent b") || word.starts_with("send b"));
    let mut words = Vec::new();
    for _ in 0..6 {
        run.permit(1);
        words.extend(run.poll(1));
    }
    assert!(!is_sent(&words), "{words:?}");
    for _ in 0..2 {
        run.permit(1);
        words.extend(run.poll(1));
    }
    assert!(is_sent(&words), "{words:?}");
}

#[test]
fn what_was_before_the_call_of_an_earlier_run_settles_no_doubt_and_is_not_found_there() {
    let mut run = Scene::of([raise("a")]).just_done("a", Call::Deactivate).begin();
    run.send(0);
    run.answer(0, lost());
    run.appended();
    let words = run.show("a", Status::Active).poll(7);
    assert!(!words.contains(&"told a/activate DoneUnknown".to_owned()), "{words:?}");
    assert!(run.poll(2).contains(&"told a/activate DoneUnknown".to_owned()));
    let mut run = Scene::of([raise("a")]).just_done("a", Call::Deactivate).begin();
    run.permit(0);
    let words = run.show("a", Status::Active).read();
    assert!(!words.contains(&"told a/activate Already".to_owned()), "{words:?}");
}

#[test]
fn a_goal_that_no_earlier_run_has_just_left_is_believed_at_once() {
    let mut run = Scene::of([raise("a")]).just_done("a", Call::Activate).begin();
    run.accept(0);
    assert!(run.show("a", Status::Active).poll(1).contains(&"told a/activate Done".to_owned()));
}

#[test]
fn a_call_of_an_earlier_run_that_was_seen_at_work_and_fell_back_is_sent_again() {
    let lag = Duration::from_secs(15);
    let sent_after = |tells_its_end| {
        let mut run = Scene::of([raise("a")]).on_its_way("a", Call::Activate, tells_its_end).begin();
        (0..30).find(|_| {
            run.permit(0);
            let words = run.poll(1);
            words.iter().any(|word| word.starts_with("append intent a") || word.starts_with("send a"))
        })
    };
    // A read each two seconds.
    assert!(sent_after(Some(lag)).is_some_and(|read| (7..10).contains(&read)), "{:?}", sent_after(Some(lag)));
    assert_eq!(sent_after(None), None, "nobody saw it at work: it may do so yet");
}
