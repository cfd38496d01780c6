use std::time::Duration;

use super::bench::{Run, Scene, drain, raise};
use crate::executor::machine::port::Input;
use crate::plan::{Returning, TrafficUnread};
use crate::resource::Status;
use crate::run::{Reason, StopReason, WaveFailure};

const BUSY: (u64, u64) = (900, 101);
const QUIET: (u64, u64) = (500, 500);

fn scene() -> Scene {
    Scene::of([drain("a"), drain("b")]).floor(&["a", "b", "c"], 1).quiet_below(1000)
}

#[test]
fn nothing_goes_down_before_it_was_heard_to_be_quiet() {
    let mut run = scene().begin();
    run.permit(0);
    assert_eq!(run.read(), ["ask traffic a"]);
    assert!(run.pass(0.5).is_empty(), "asked once");
    assert_eq!(run.carry("a", QUIET), ["append intent a/deactivate"]);
    assert_eq!(run.appended(), ["send a/deactivate until 2000 ms"]);
}

#[test]
fn what_carries_more_is_refused_and_says_what_it_carries() {
    let mut run = scene().begin();
    run.permit(0);
    run.read();
    assert_eq!(
        run.carry("a", BUSY),
        ["free a/deactivate", "told a/deactivate Guarded", "append closed a/deactivate Guarded"]
    );
}

#[test]
fn what_has_no_figures_or_cannot_be_read_is_refused() {
    for answer in [Ok(Default::default()), Err(TrafficUnread::Denied { detail: "no".into() })] {
        let mut run = scene().begin();
        run.permit(0);
        run.read();
        let words = run.meter(&["a"], answer);
        assert!(words.contains(&"told a/deactivate Guarded".to_owned()), "{words:?}");
    }
}

#[test]
fn a_figure_of_more_than_ten_minutes_ago_is_none() {
    let mut run = scene().begin();
    run.permit(0);
    run.read();
    let words = run.carry_at("a", QUIET, -601);
    assert!(words.contains(&"told a/deactivate Guarded".to_owned()), "{words:?}");
}

#[test]
fn what_is_ready_together_is_asked_for_together() {
    let mut run = scene().begin();
    run.permit(0);
    run.permit(1);
    assert_eq!(run.read(), ["ask traffic a b"]);
}

#[test]
fn an_answer_counts_for_as_long_as_a_page() {
    let mut run = scene().begin();
    run.permit(0);
    run.permit(1);
    run.read();
    run.pass(2.5);
    let words = run.carry_both(["a", "b"], QUIET);
    assert!(!words.iter().any(|word| word.starts_with("append intent")), "the pages are too old: {words:?}");
}

#[test]
fn without_a_limit_nobody_is_asked() {
    let mut run = Scene::of([drain("a")]).floor(&["a", "b"], 1).begin();
    run.permit(0);
    assert_eq!(run.read(), ["append intent a/deactivate"]);
}

const PAUSE: Duration = Duration::from_secs(60);

/// Two waves, each brings one up beside one that is up.
fn returning() -> Scene {
    let traffic = Returning { percent: 50, within_ms: 600_000 };
    Scene::of([raise("a"), raise("b")]).rising(&["a", "b"], &["c"]).waves(Duration::ZERO, None).returning(traffic)
}

/// Returns the run whose first wave has been measured before and is done.
fn after_the_first_wave(scene: Scene) -> (Run, Vec<String>) {
    let mut run = scene.run();
    run.tell(Input::Woken);
    assert_eq!(run.appended(), ["told RunStarted", "told WaveStarted", "ask traffic c"]);
    assert_eq!(run.carry("c", (600, 400)), ["ask a/activate"]);
    run.accept(0);
    run.show("a", Status::Active).poll(1);
    run.poll(1);
    let words = run.appended();
    (run, words)
}

#[test]
fn a_wave_is_good_once_enough_of_what_was_carried_before_has_come_back() {
    let (mut run, words) = after_the_first_wave(returning());
    assert_eq!(words, ["drop reads", "told WaitingForTraffic", "step aside", "ask traffic a"]);
    assert!(run.carry("a", (200, 299)).is_empty(), "not yet");
    assert_eq!(run.pass(30.0), ["ask traffic a"]);
    assert_eq!(run.carry("a", (200, 300)), ["step back"]);
    assert_eq!(run.tell(Input::SteppedBack(Ok(()))), ["read a b c"]);
    assert_eq!(run.read(), ["told WaveFinished", "told WaveStarted", "ask traffic a c"]);
}

#[test]
fn what_was_measured_before_the_wave_was_done_is_not_what_has_come_back() {
    let (mut run, _) = after_the_first_wave(returning());
    assert!(run.carry_at("a", (900, 900), -120).is_empty(), "of two minutes before");
}

#[test]
fn too_little_in_time_ends_the_rollout_as_a_failing_check_does() {
    let (mut run, _) = after_the_first_wave(returning());
    run.carry("a", (0, 0));
    for _ in 0..20 {
        run.pass(30.0);
        run.carry("a", (0, 10));
    }
    let words = run.tell(Input::SteppedBack(Ok(())));
    assert_eq!(words[..3], ["told WaveFinished", "told Stopping", "told b/activate NotStarted"], "{words:?}");
    run.appended();
    let Some(StopReason::Wave { wave, because, .. }) = run.left().report.stopped else { panic!("a wave has failed") };
    let WaveFailure::Traffic { groups, within_ms } = &because else { panic!("{because:?}") };
    assert_eq!((wave, groups[0].before_bps, groups[0].wanted_bps, groups[0].now_bps), (1, 1000, 500, Some(10)));
    assert_eq!(*within_ms, 600_000);
    assert_eq!(because.code(), "traffic");
    let reason = Reason::Stopped { because: StopReason::Wave { wave, waves: 2, because } };
    assert_eq!(reason.code(), "traffic");
}

#[test]
fn the_last_wave_is_judged_too() {
    let traffic = Returning { percent: 50, within_ms: 600_000 };
    let scene = Scene::of([raise("a")]).rising(&["a"], &["c"]).waves(PAUSE, None).returning(traffic);
    let (mut run, words) = after_the_first_wave(scene);
    assert_eq!(words, ["drop reads", "told WaitingForTraffic", "step aside", "ask traffic a"]);
    assert_eq!(run.carry("a", (500, 0)), ["step back"]);
    let words = run.tell(Input::SteppedBack(Ok(())));
    assert_eq!(words[0], "told WaveFinished");
    assert!(run.left().report.stopped.is_none());
}

#[test]
fn a_wave_is_not_begun_where_nobody_can_tell_what_is_carried_before_it() {
    let mut run = returning().run();
    run.tell(Input::Woken);
    run.appended();
    let words = run.meter(&["c"], Ok(Default::default()));
    assert_eq!(words[..3], ["told WaveFinished", "told Stopping", "told a/activate NotStarted"], "{words:?}");
}

#[test]
fn a_group_of_which_nothing_is_up_asks_for_nothing_back() {
    let traffic = Returning { percent: 50, within_ms: 600_000 };
    let mut run = Scene::of([raise("a")]).rising(&["a"], &[]).waves(PAUSE, None).returning(traffic).run();
    run.tell(Input::Woken);
    assert_eq!(run.appended(), ["told RunStarted", "told WaveStarted", "ask a/activate"]);
}

#[test]
fn a_signal_while_traffic_comes_back_ends_the_run_at_once() {
    let (mut run, _) = after_the_first_wave(returning());
    let words = run.signal(1);
    assert_eq!(words[..2], ["told Interrupted", "leave the gate"], "{words:?}");
    assert!(run.carry("a", (900, 900)).is_empty(), "nobody listens any more");
}
