use super::*;
use crate::render::samples::{HOSTILE, assert_inert, events, hostile_events, rich_plan, view, written};
use crate::run::StepReason;

#[test]
fn tells_a_run_in_terraforms_sentences() {
    let plan = rich_plan();
    let mut progress = Progress::new(&plan, view(120));
    insta::assert_snapshot!(written(|out| events().iter().try_for_each(|(_, event)| progress.event(out, event))));
}

#[test]
fn a_slow_step_says_so_every_ten_seconds() {
    let plan = rich_plan();
    let mut progress = Progress::new(&plan, view(80));
    let beats = (1..=60).map(|seconds| Event::Progress {
        step: plan.steps[0].id.clone(),
        status: None,
        elapsed: Duration::from_secs(seconds),
    });
    let shown = written(|out| beats.into_iter().try_for_each(|beat| progress.event(out, &beat)));
    assert_eq!(shown.lines().count(), 6);
    assert!(shown.starts_with("sh-backup: Still activating... [10s elapsed]\n"), "{shown}");
    assert!(shown.ends_with("sh-backup: Still activating... [1m0s elapsed]\n"), "{shown}");
}

#[test]
fn an_event_is_one_line_for_whoever_greps_and_wrapped_for_whoever_watches() {
    let plan = rich_plan();
    let detail = "word ".repeat(30);
    let finished = Event::StepFinished {
        step: plan.steps[0].id.clone(),
        outcome: Outcome::Failed,
        status: None,
        elapsed: Duration::ZERO,
        request_id: None,
        because: Some(StepReason::Told { text: detail }),
    };
    assert_eq!(written(|out| Progress::new(&plan, view(60)).event(out, &finished)).lines().count(), 1);
    let wrapped = written(|out| Progress::new(&plan, view(60)).wrapped().event(out, &finished));
    assert!(wrapped.lines().count() > 3 && wrapped.lines().all(|line| line.len() <= 60), "{wrapped}");
}

#[test]
fn shows_hostile_text_without_obeying_it() {
    for text in HOSTILE {
        let mut progress = Progress::new(&rich_plan(), view(60));
        let shown = written(|out| hostile_events(text).iter().try_for_each(|event| progress.event(out, event)));
        assert_inert(&shown, text);
    }
}
