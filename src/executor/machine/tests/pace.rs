use std::time::Duration;

use super::bench::{Scene, accepted, drain};
use crate::cloud::CALLS_AT_ONCE;
use crate::resource::Status;

#[test]
fn what_is_in_flight_is_read_when_the_records_say_that_it_has_settled() {
    let mut run = Scene::of([drain("a")]).takes(0, Duration::from_millis(1500)).begin();
    run.accept(0);
    let mut woken = Vec::new();
    while let Some(at) = run.next_wake_up().filter(|at| *at <= Duration::from_secs(2)) {
        woken.push(at.as_millis());
        run.pass_to(at);
        run.read();
    }
    assert_eq!(woken, [600, 1050, 1500, 1800]);
}

#[test]
fn the_last_look_follows_the_read_that_settled_at_once() {
    let mut run = Scene::of([drain("a")]).begin();
    run.accept(0);
    run.show("a", Status::Inactive).pass(0.9);
    run.read();
    run.appended();
    assert_eq!(run.next_wake_up(), Some(Duration::from_millis(1200)));
    assert_eq!(run.pass(0.3), ["read a"]);
    assert_eq!(run.read(), ["finish"]);
}

#[test]
fn reads_that_follow_each_other_closely_are_one_witness_of_what_should_not_be() {
    let mut run = Scene::of([drain("a")]).begin();
    run.accept(0);
    run.show("a", Status::Deactivating).pass(0.9);
    run.read();
    // Seen on its way, and back again: but only three reads that are a poll interval apart say so.
    run.show("a", Status::Active);
    for _ in 0..12 {
        let words = run.pass(0.3);
        assert!(!words.contains(&"told a/deactivate Unsettled".to_owned()), "{words:?}");
        run.read();
    }
    let mut words = Vec::new();
    for _ in 0..3 {
        run.pass(2.0);
        words.extend(run.read());
    }
    assert!(words.contains(&"told a/deactivate Unsettled".to_owned()), "{words:?}");
}

#[test]
fn no_more_calls_leave_at_once_than_there_are_connections_for() {
    let names: Vec<&'static str> = (0..=CALLS_AT_ONCE).map(|number| &*format!("s{number:02}").leak()).collect();
    let mut run = Scene::of(names.iter().map(|name| drain(name))).begin();
    names.iter().enumerate().for_each(|(number, _)| drop(run.permit(number)));
    run.read();
    run.read();
    let sends = |words: Vec<String>| words.iter().filter(|word| word.starts_with("send")).count();
    let sent: usize = (0..2).map(|_| sends(run.appended())).sum();
    assert_eq!(sent, CALLS_AT_ONCE);
    // The last one leaves once another has come back.
    let words = run.answer(0, accepted());
    assert!(words.iter().any(|word| word.contains(&format!("intent s{CALLS_AT_ONCE}/"))), "{words:?}");
}

#[test]
fn what_is_held_up_gives_its_place_to_others() {
    let mut run = Scene::of([drain("a")]).begin();
    run.permit(0);
    let words = run.show("a", Status::Activating).read();
    assert_eq!(words, ["told Progress", "free a/deactivate", "ask a/deactivate in 2000 ms"]);
    run.pass(2.5);
    assert_eq!(run.permit(0), ["read a"]);
    assert_eq!(run.show("a", Status::Active).read(), ["append intent a/deactivate"]);
}

#[test]
fn a_large_group_is_looked_at_as_far_as_its_floor_needs() {
    let names: Vec<&'static str> = (0..400).map(|number| &*format!("m{number:03}").leak()).collect();
    let mut run = Scene::of([drain("m000")]).floor(&names, 2).begin();
    run.accept(0);
    run.show("m000", Status::Inactive).pass(0.9);
    run.read();
    run.appended();
    run.pass(0.3);
    let reads = run.reading();
    assert_eq!(reads, ["m000 m001 m002"]);
    assert!(run.show("m002", Status::Inactive).read().is_empty());
    assert_eq!(run.pass(0.0), [format!("read {}", names.join(" "))]);
    assert_eq!(run.read()[..2], ["told FoundDown", "finish"]);
}
