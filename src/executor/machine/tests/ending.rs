use std::time::Duration;

use jiff::Timestamp;

use super::bench::{Scene, drain, refused};
use crate::cloud::ErrorKind;
use crate::executor::machine::port::Input;
use crate::executor::settings::{OnError, Settings};
use crate::resource::Status;
use crate::store::StoreError;

#[test]
fn one_signal_starts_nothing_new_and_settles_what_was_sent() {
    let mut run = Scene::of([drain("a"), drain("b")]).begin();
    run.accept(0);
    let words = run.signal(1);
    assert_eq!(words[..3], ["told Interrupted", "free b/deactivate", "told b/deactivate NotStarted"]);
    run.appended();
    assert!(run.show("a", Status::Inactive).poll(1).contains(&"told a/deactivate Done".to_owned()));
    assert_eq!(run.appended(), ["finish"]);
    let left = run.left();
    assert!(left.interrupted && !left.is_open);
}

#[test]
fn two_signals_leave_an_accepted_call_open_in_the_journal() {
    let mut run = Scene::of([drain("a"), drain("b")]).after(1, 0).begin();
    run.accept(0);
    assert_eq!(run.signal(1), ["told Interrupted"]);
    assert_eq!(
        run.signal(2),
        ["told a/deactivate Unsettled", "told b/deactivate NotStarted", "append closed b/deactivate NotStarted"]
    );
    assert_eq!(run.appended(), ["finish"]);
    assert!(run.left().is_open);
}

#[test]
fn the_end_of_the_grace_is_a_second_signal() {
    let mut run = Scene::of([drain("a")]).begin();
    run.accept(0);
    run.signal(1);
    assert_eq!(run.pass(29.0), ["read a"]);
    assert_eq!(run.pass(1.0), ["told a/deactivate Unsettled", "finish"]);
    assert!(run.left().is_open);
}

#[test]
fn a_second_signal_while_an_intent_is_on_its_way_to_the_disk_closes_it_as_not_sent() {
    let mut run = Scene::of([drain("a")]).begin();
    run.permit(0);
    run.read();
    run.signal(1);
    let words = run.signal(2);
    assert_eq!(words, ["free a/deactivate", "told a/deactivate NotStarted"]);
    // In its turn: the append that is on its way comes first.
    assert_eq!(run.appended(), ["append refused a/deactivate (not_sent), closed a/deactivate NotStarted"]);
    assert_eq!(run.appended(), ["finish"]);
    assert!(!run.left().is_open);
}

#[test]
fn a_failure_stops_what_has_not_begun_where_that_was_asked_for() {
    let mut run = Scene::of([drain("a"), drain("b")]).with(|settings| settings.on_error = OnError::Stop).begin();
    run.send(0);
    let words = run.answer(0, refused(ErrorKind::Denied));
    assert_eq!(
        words[..4],
        ["told a/deactivate Failed", "told Stopping", "free b/deactivate", "told b/deactivate NotStarted"]
    );
}

#[test]
fn the_last_look_waits_until_the_goal_was_seen_twice() {
    let mut run = Scene::of([drain("a")]).begin();
    run.accept(0);
    run.show("a", Status::Inactive).poll(1);
    assert_eq!(run.appended(), ["drop reads"]);
    assert_eq!(run.pass(2.0), ["read a"]);
    assert_eq!(run.read(), ["finish"]);
    assert!(run.left().last_look.found.is_empty());
}

#[test]
fn a_last_look_waits_for_what_may_be_read_again_and_for_nothing_else() {
    for (kind, looks) in [(ErrorKind::Denied, 3), (ErrorKind::Throttled, 8)] {
        let mut run = Scene::of([drain("a")]).begin();
        run.accept(0);
        run.show("a", Status::Inactive).poll(1);
        run.appended();
        let looked = (1..20).find(|_| {
            run.pass(2.0);
            run.fail_reads_with(kind, &[]).contains(&"finish".to_owned())
        });
        assert_eq!(looked, Some(looks), "{kind:?}");
        assert_eq!(run.left().last_look.unread.len(), 1);
    }
}

#[test]
fn a_last_look_that_nobody_answers_ends_when_a_step_would() {
    let mut run = Scene::of([drain("a")]).begin();
    run.accept(0);
    run.show("a", Status::Inactive).poll(1);
    run.appended();
    assert_eq!(run.pass(2.0), ["read a"]);
    let timeout = Settings::default().settle_timeout;
    assert!(run.next_wake_up().is_some_and(|wakes| wakes <= timeout + Duration::from_secs(10)));
    run.hear_why("Throttling.User");
    assert_eq!(run.pass(timeout.as_secs_f64()), ["drop reads", "told Found", "finish"]);
    let detail = run.left().last_look.unread[0].detail.to_string();
    assert_eq!(detail, "no read was answered in 10m2s: Throttling.User");
}

#[test]
fn what_does_not_stay_is_told_after_a_doubt_window() {
    let mut run = Scene::of([drain("a")]).begin();
    run.accept(0);
    run.show("a", Status::Inactive).poll(1);
    run.appended();
    run.show("a", Status::Active);
    assert!(!run.poll(7).contains(&"finish".to_owned()));
    assert_eq!(run.poll(1), ["read a", "told Found", "finish"]);
    assert_eq!(run.left().last_look.found.len(), 1);
}

#[test]
fn a_signal_in_the_last_look_costs_only_the_look() {
    let mut run = Scene::of([drain("a")]).begin();
    run.accept(0);
    run.show("a", Status::Inactive).poll(1);
    run.appended();
    assert_eq!(run.signal(1), ["finish"]);
    assert!(run.left().interrupted);
}

#[test]
fn nothing_is_looked_at_where_nothing_was_sent() {
    let mut run = Scene::of([drain("a")]).begin();
    run.permit(0);
    run.show("a", Status::Inactive).read();
    assert_eq!(run.appended(), ["finish"]);
}

#[test]
fn what_a_result_releases_is_sent_only_once_that_result_is_durable() {
    let mut run = Scene::of([drain("a"), drain("b")]).after(1, 0).begin();
    run.accept(0);
    let words = run.show("a", Status::Inactive).poll(1);
    assert_eq!(words[1..], ["told a/deactivate Done", "ask b/deactivate", "append closed a/deactivate Done"]);
    // The disk takes its time, and everything else is ready.
    run.permit(1);
    assert!(run.read().is_empty());
    assert_eq!(run.appended(), ["append intent b/deactivate"]);
    assert_eq!(run.appended(), ["send b/deactivate until 4000 ms"]);
}

fn taken() -> StoreError {
    StoreError::Fenced { path: "site".to_owned(), by: "bob".to_owned(), since: Timestamp::UNIX_EPOCH, epoch: 2 }
}

#[test]
fn who_lost_the_state_says_so_and_watches_what_was_sent_as_long_as_after_a_signal() {
    let mut run = Scene::of([drain("a"), drain("b")]).after(1, 0).begin();
    run.accept(0);
    assert!(run.tell(Input::TakenOver(taken())).contains(&"told CannotRecord".to_owned()));
    // Told twice, it is said once.
    assert!(!run.tell(Input::TakenOver(taken())).contains(&"told CannotRecord".to_owned()));
    assert!(!run.pass(29.0).contains(&"told a/deactivate Unsettled".to_owned()));
    let words = run.pass(1.0);
    assert!(words.contains(&"told a/deactivate Unsettled".to_owned()), "{words:?}");
    assert!(words.contains(&"told b/deactivate NotStarted".to_owned()), "{words:?}");
    // Nothing of it is looked at once more.
    assert_eq!(run.tell(Input::Unappended(taken())), ["finish"]);
    let left = run.left();
    assert!(left.is_open && !left.interrupted && matches!(left.failure, Some(StoreError::Fenced { .. })));
}

#[test]
fn who_lost_the_state_and_has_sent_nothing_ends_at_once() {
    let mut run = Scene::of([drain("a")]).begin();
    run.permit(0);
    let words = run.tell(Input::TakenOver(taken()));
    assert_eq!(words[0], "told CannotRecord");
    assert!(words.contains(&"told a/deactivate NotStarted".to_owned()), "{words:?}");
    assert_eq!(run.tell(Input::Unappended(taken())), ["finish"]);
}

#[test]
fn who_lost_the_state_once_everything_was_recorded_loses_only_the_last_look() {
    let mut run = Scene::of([drain("a")]).begin();
    run.accept(0);
    run.show("a", Status::Inactive).poll(1);
    run.appended();
    assert_eq!(run.tell(Input::TakenOver(taken())), ["finish"]);
    let left = run.left();
    assert!(left.failure.is_none() && !left.interrupted);
}
