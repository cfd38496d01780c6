use std::time::Duration;

use super::bench::{Scene, await_up, drain, raise};
use crate::cloud::ErrorKind;
use crate::executor::machine::port::Input;
use crate::resource::Status;
use crate::run::StepReason;

#[test]
fn steps_that_wait_together_share_one_read() {
    let mut run = Scene::of([drain("a"), drain("b"), drain("c")]).begin();
    // What waits for its place is read along.
    assert_eq!(run.permit(0), ["read a b c"]);
    run.pass(0.5);
    assert!(run.permit(1).is_empty());
    assert_eq!(run.read(), ["append intent a/deactivate, intent b/deactivate"]);
    // Nor does this one need a read of its own while that is young.
    assert!(run.permit(2).is_empty());
    assert_eq!(run.appended()[2..], ["append intent c/deactivate"]);
}

#[test]
fn dependants_are_sent_once_two_reads_show_the_goal() {
    let mut run = Scene::of([raise("a"), drain("b")]).after(1, 0).begin();
    run.accept(0);
    let words = run.show("a", Status::Active).poll(1);
    assert!(words.contains(&"ask b/deactivate".to_owned()), "{words:?}");
    run.appended();
    // One read showed it; the one that the dependant needs anyway is the second.
    assert_eq!(run.permit(1), ["read a b"]);
    assert_eq!(run.read(), ["append intent b/deactivate"]);
}

#[test]
fn a_goal_that_only_one_read_showed_releases_nothing() {
    let mut run = Scene::of([raise("a"), drain("b")]).after(1, 0).begin();
    run.accept(0);
    run.show("a", Status::Active).poll(1);
    run.appended();
    run.permit(1);
    // Told by one replica only.
    let words = run.show("a", Status::Activating).read();
    assert!(!words.iter().any(|word| word.starts_with("append intent")), "{words:?}");
}

#[test]
fn a_failed_read_ends_what_was_about_to_start_and_nothing_that_is_in_flight() {
    let mut run = Scene::of([drain("a"), drain("b")]).begin();
    run.accept(0);
    run.pass(2.5);
    run.permit(1);
    let words = run.fail_reads(&[]);
    assert_eq!(words[..3], ["told CannotRead", "free b/deactivate", "told b/deactivate Failed"]);
    run.appended();
    assert!(run.show("a", Status::Inactive).poll(1).contains(&"told a/deactivate Done".to_owned()));
}

#[test]
fn a_read_that_fails_settles_nothing_whatever_its_pages_showed() {
    let mut run = Scene::of([drain("a")]).begin();
    run.accept(0);
    run.show("a", Status::Inactive).pass(2.0);
    assert_eq!(run.fail_reads(&["a"]), ["told CannotRead"]);
    assert!(run.poll(1).contains(&"told a/deactivate Done".to_owned()));
}

#[test]
fn what_cannot_pass_is_said_once_and_ends_what_waits_for_it() {
    let mut run = Scene::of([drain("a")]).begin();
    run.accept(0);
    run.pass(2.0);
    assert_eq!(run.fail_reads_with(ErrorKind::TokenExpired, &[]), ["told CannotRead"]);
    run.pass(2.0);
    assert_eq!(run.fail_reads_with(ErrorKind::TokenExpired, &[])[0], "told a/deactivate Unsettled");
}

#[test]
fn what_may_pass_is_said_once_and_waited_for() {
    let mut run = Scene::of([drain("a")]).begin();
    run.accept(0);
    let mut words = Vec::new();
    for _ in 0..20 {
        run.pass(2.0);
        words.extend(run.fail_reads_with(ErrorKind::Throttled, &[]));
    }
    assert_eq!(words, ["told CannotRead"]);
    assert!(run.show("a", Status::Inactive).poll(1).contains(&"told a/deactivate Done".to_owned()));
}

#[test]
fn a_wait_has_nothing_to_send_and_needs_no_place() {
    let mut run = Scene::of([await_up("a")]).run();
    run.tell(Input::Woken);
    assert_eq!(run.appended(), ["told RunStarted", "read a"]);
    assert_eq!(run.read(), ["told StepWaiting"]);
    assert!(run.show("a", Status::Active).poll(1).contains(&"told a/wait Done".to_owned()));
}

#[test]
fn what_is_waited_for_is_diverted_once_reads_agree_for_a_window() {
    let mut run = Scene::of([await_up("a")]).run();
    run.tell(Input::Woken);
    run.appended();
    run.read();
    let ended = "told a/wait Unsettled".to_owned();
    assert!(!run.show("a", Status::Inactive).poll(6).contains(&ended), "14 s are no window");
    let words = run.poll(8);
    assert!(words.contains(&ended), "{words:?}");
}

#[test]
fn what_a_page_shows_in_two_ways_keeps_no_floor_until_it_is_read_again() {
    for is_contradicted in [false, true] {
        let mut run = Scene::of([drain("a"), drain("c")]).floor(&["a", "b", "c"], 1).begin();
        run.accept(1);
        run.pass(2.0);
        run.page(&["a", "b"]);
        if is_contradicted {
            run.contradict("b");
        }
        let is_sent = |words: &[String]| words.iter().any(|word| word == "append intent a/deactivate");
        let words = run.permit(0);
        assert_eq!(is_sent(&words), !is_contradicted, "{words:?}");
        if is_contradicted {
            // The read that was on its way did not ask for it; the next one does.
            let words = [run.read(), run.read()].concat();
            assert!(is_sent(&words), "{words:?}");
        }
    }
}

#[test]
fn what_is_shown_on_its_way_back_is_waited_for_until_reads_agree_for_a_window() {
    let mut run = Scene::of([raise("a")]).begin();
    run.accept(0);
    let ended = "told a/activate Unsettled".to_owned();
    assert!(!run.show("a", Status::Activating).poll(1).contains(&ended));
    assert!(!run.show("a", Status::Deactivating).poll(6).contains(&ended), "14 s are no window");
    assert!(!run.show("a", Status::Activating).poll(1).contains(&ended));
    assert!(!run.show("a", Status::Deactivating).poll(2).contains(&ended), "two reads are not enough");
    assert!(run.poll(1).contains(&ended));
}

#[test]
fn what_was_never_seen_to_move_is_waited_for_as_long_as_reads_can_lag() {
    let mut run = Scene::of([raise("a")]).begin();
    run.accept(0);
    let ended = "told a/activate Unsettled".to_owned();
    assert!(!run.show("a", Status::Deactivating).poll(59).contains(&ended), "118 s are not eight windows");
    assert!(run.poll(2).contains(&ended));
}

#[test]
fn a_status_that_no_call_leads_to_may_be_from_before_it_too() {
    for before in [Status::Modifying, Status::Connecting, Status::Idle] {
        let mut run = Scene::of([drain("a")]).begin();
        run.accept(0);
        let words = run.show("a", before.clone()).poll(59);
        assert!(!words.contains(&"told a/deactivate Unsettled".to_owned()), "{before}");
        let words = run.show("a", Status::Inactive).poll(1);
        assert!(words.contains(&"told a/deactivate Done".to_owned()), "{before}: {words:?}");
    }
}

#[test]
fn nothing_is_waited_for_that_is_on_its_way_out_or_that_nobody_understands() {
    for last in [Status::Deleting, Status::parse("Frozen")] {
        let mut run = Scene::of([drain("a")]).begin();
        run.accept(0);
        let words = run.show("a", last).poll(1);
        assert!(words.contains(&"told a/deactivate Unsettled".to_owned()), "{words:?}");
    }
}

#[test]
fn what_does_not_reach_its_goal_in_time_is_told_as_unsettled() {
    let mut run = Scene::of([drain("a")]).begin();
    run.accept(0);
    run.show("a", Status::Deactivating).poll(1);
    run.pass(2.0);
    run.hear_why("Throttling.User");
    let words = run.pass(598.0);
    assert!(words.contains(&"told a/deactivate Unsettled".to_owned()), "{words:?}");
    // The read after the first was never answered: that it is still on its way is not claimed.
    let because = run.left().report.results.swap_remove(0).because;
    let Some(StepReason::NotSettled { unread: false, unread_ms: Some(590_000..), error: Some(error), .. }) = because
    else {
        panic!("{because:?}")
    };
    assert_eq!(error.to_string(), "Throttling.User");
}

#[test]
fn wakes_up_for_the_next_poll_and_no_earlier() {
    let mut run = Scene::of([drain("a")]).begin();
    assert_eq!(run.next_wake_up(), None);
    run.accept(0);
    assert_eq!(run.next_wake_up(), Some(Duration::from_millis(900)));
    run.pass(0.9);
    // The read is on its way; what is left is the deadline.
    assert_eq!(run.next_wake_up(), Some(Duration::from_secs(600)));
}

#[test]
fn what_an_activation_needs_is_read_and_must_be_up() {
    let mut run = Scene::of([raise("a")]).needs("a", "n").begin();
    assert_eq!(run.permit(0), ["read a n"]);
    assert_eq!(run.show("n", Status::Inactive).read()[1], "told a/activate Moved");
}

#[test]
fn of_a_large_group_as_many_are_read_as_keep_its_floor_and_all_where_those_do_not() {
    let names: Vec<&'static str> = (0..60).map(|number| &*format!("m{number:02}").leak()).collect();
    let mut run = Scene::of([drain("m00")]).floor(&names, 2).begin();
    run.permit(0);
    assert_eq!(run.reading(), [names.join(" ")]);
    // Somebody takes their time, and all of it is too old.
    run.pass(3.0);
    run.read();
    assert_eq!(run.reading(), ["m00 m01 m02"]);
    run.show("m01", Status::Inactive).pass(0.1);
    run.read();
    assert_eq!(run.reading(), ["m03 m04 m05"]);
    for name in &names[3..] {
        run.show(name, Status::Inactive);
    }
    run.read();
    // The more are found down, the more are asked for.
    let words = (0..6).flat_map(|_| run.read()).collect::<Vec<_>>();
    assert!(words.contains(&"told m00/deactivate Guarded".to_owned()), "{words:?}");
}
