//! The test of the tests: defects put in on purpose, each of which the invariants must catch.

use super::life::simulate;
use super::scenario::Scenario;
use super::wires::Planted;

/// How many seeds may pass before a defect is noticed.
const SEEDS: u64 = 400;

/// Runs scenarios with a defect until one of them violates `invariant`.
fn caught(planted: Planted, invariant: &str) {
    let mut others = Vec::new();
    for seed in 1..=SEEDS {
        let Some(outcome) = simulate(&Scenario::draw(seed), Some(planted), false) else { continue };
        if outcome.violations.iter().any(|violation| violation.starts_with(invariant)) {
            return;
        }
        others.extend(outcome.violations);
    }
    panic!("{planted:?} goes unnoticed by `{invariant}` in {SEEDS} seeds; others: {others:?}");
}

#[test]
fn an_append_that_writes_nothing_is_caught() {
    caught(Planted::AppendsAreForgotten, "intent first");
}

#[test]
fn an_append_that_is_not_durable_yet_is_caught() {
    caught(Planted::AppendsAreLate, "intent first");
}

#[test]
fn a_failed_append_that_is_told_as_done_is_caught() {
    caught(Planted::RefusalsAreHidden, "nothing after a failed write");
}

#[test]
fn a_client_that_repeats_lost_calls_is_caught() {
    caught(Planted::LostCallsAreRepeated, "no second call");
}

#[test]
fn a_call_to_another_interface_is_caught() {
    caught(Planted::CallsGoAstray, "only planned calls");
}

#[test]
fn a_floor_that_rests_on_what_is_down_is_caught() {
    caught(Planted::DownIsShownAsUp, "floor");
}

#[test]
fn a_step_that_is_released_too_early_is_caught() {
    caught(Planted::TransitionsAreShownAsDone, "no invention");
}

#[test]
fn a_read_that_writes_is_caught() {
    caught(Planted::ReadsWrite, "reading never writes");
}

#[test]
fn a_commit_that_loses_the_journal_is_caught() {
    caught(Planted::CommitsTruncate, "nothing is lost");
}

#[test]
fn an_answer_that_never_comes_is_caught() {
    caught(Planted::AnswersAreLost, "termination");
}

#[test]
fn a_quota_that_is_not_kept_is_caught() {
    caught(Planted::QuotaIsIgnored, "quota");
}
