use std::time::Duration;

use super::bench::{Run, Scene, drain};
use crate::executor::machine::port::Input;
use crate::executor::settings::Settings;
use crate::resource::Status;

const PAUSE: Duration = Duration::from_secs(60);

/// Returns a run whose first wave is done and recorded, with what came of that.
fn after_the_first_wave(scene: Scene) -> (Run, Vec<String>) {
    let mut run = scene.begin();
    run.accept(0);
    run.show("a", Status::Inactive).poll(1);
    let words = run.appended();
    (run, words)
}

#[test]
fn a_wave_is_left_only_when_its_results_are_durable() {
    let mut run = Scene::of([drain("a"), drain("b")]).waves(PAUSE, None).begin();
    run.accept(0);
    let words = run.show("a", Status::Inactive).poll(1);
    assert!(!words.contains(&"step aside".to_owned()), "{words:?}");
    assert_eq!(run.appended(), ["drop reads", "step aside"]);
    assert_eq!(run.next_wake_up(), Some(Duration::from_secs(2) + PAUSE));
}

#[test]
fn a_pause_frees_the_account_and_what_is_taken_again_is_read_again() {
    let scene = Scene::of([drain("a"), drain("b")]).floor(&["a", "b", "c"], 1).waves(PAUSE, None);
    let (mut run, words) = after_the_first_wave(scene);
    assert_eq!(words, ["drop reads", "step aside"]);
    assert_eq!(run.pass(60.0), ["step back"]);
    assert_eq!(run.tell(Input::AccountHeld { by: "ops".into() }), ["told WaitingForAccount"]);
    assert_eq!(run.tell(Input::SteppedBack(Ok(()))), ["read a b c"]);
    assert_eq!(run.read(), ["told WaveFinished", "told WaveStarted", "ask b/deactivate"]);
    assert_eq!(run.permit(1), ["append intent b/deactivate"]);
}

#[test]
fn a_member_that_went_down_in_the_pause_ends_the_rollout() {
    let scene = Scene::of([drain("a"), drain("b")]).floor(&["a", "b", "c"], 1).waves(PAUSE, None);
    let (mut run, _) = after_the_first_wave(scene);
    run.pass(60.0);
    run.tell(Input::SteppedBack(Ok(())));
    assert_eq!(
        run.show("c", Status::Inactive).read(),
        ["told WaveFinished", "told Stopping", "told b/deactivate NotStarted", "append closed b/deactivate NotStarted",]
    );
}

#[test]
fn a_group_of_which_no_read_is_answered_between_waves_ends_the_rollout() {
    let scene = Scene::of([drain("a"), drain("b")]).floor(&["a", "b", "c"], 1).waves(Duration::ZERO, None);
    let (mut run, words) = after_the_first_wave(scene);
    assert_eq!(words, ["drop reads", "read a b c"]);
    let words = run.pass(Settings::default().settle_timeout.as_secs_f64());
    assert_eq!(words[..3], ["drop reads", "told WaveFinished", "told Stopping"]);
}

#[test]
fn a_group_that_cannot_be_read_between_waves_ends_the_rollout() {
    let scene = Scene::of([drain("a"), drain("b")]).floor(&["a", "b", "c"], 1).waves(Duration::ZERO, None);
    let (mut run, words) = after_the_first_wave(scene);
    assert_eq!(words, ["drop reads", "read a b c"]);
    assert_eq!(run.fail_reads(&[])[..2], ["told WaveFinished", "told Stopping"]);
}

#[test]
fn the_check_of_the_spec_has_the_last_word_between_waves() {
    let scene = Scene::of([drain("a"), drain("b")]).waves(Duration::ZERO, Some(&["probe", "-q"]));
    let (mut run, words) = after_the_first_wave(scene);
    assert_eq!(words, ["drop reads", "check probe -q"]);
    let words = run.tell(Input::Checked(Err("exit status: 1".to_owned())));
    assert_eq!(words[..2], ["told WaveFinished", "told Stopping"]);
}

#[test]
fn an_account_that_cannot_be_taken_back_ends_the_rollout() {
    let (mut run, _) = after_the_first_wave(Scene::of([drain("a"), drain("b")]).waves(PAUSE, None));
    run.pass(60.0);
    let words = run.tell(Input::SteppedBack(Err("gone".into())));
    assert_eq!(words[..2], ["told WaveFinished", "told Stopping"]);
}

#[test]
fn a_signal_in_the_pause_ends_the_run_at_once() {
    let (mut run, _) = after_the_first_wave(Scene::of([drain("a"), drain("b")]).waves(PAUSE, None));
    let words = run.signal(1);
    assert_eq!(
        words,
        ["told Interrupted", "leave the gate", "told b/deactivate NotStarted", "append closed b/deactivate NotStarted",]
    );
    assert_eq!(run.appended(), ["finish"]);
    assert!(run.left().interrupted);
}
