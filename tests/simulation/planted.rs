//! The test of the tests: defects put in on purpose, each of which the invariants must catch.

use super::judge::Rule;
use super::life::simulate;
use super::scenario::Scenario;
use super::seams::{self, Check, sound};
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

/// Runs scenarios until one of them breaks `rule` with the defect, and not without it.
fn found(planted: Planted, scenarios: &[Scenario], rule: Rule) {
    let breaks = |scenario: &Scenario, planted: Option<Planted>| {
        let outcome = simulate(scenario, planted, false).unwrap();
        outcome.charges.iter().any(|charge| charge.rule == rule)
    };
    let is_found = scenarios.iter().any(|scenario| !breaks(scenario, None) && breaks(scenario, Some(planted)));
    assert!(is_found, "{planted:?} goes unnoticed by {rule:?}");
}

#[test]
fn p01_an_accepted_call_that_is_forgotten_is_caught() {
    found(Planted::AcceptedIsForgotten, &sound::killed_after_an_accepted_call(), Rule::Repeat);
}

#[test]
fn p02_a_way_back_that_forgets_what_is_going_down_is_caught() {
    found(Planted::AcceptedIsForgotten, &sound::killed_and_taken_back(), Rule::Floor);
}

#[test]
fn p03_a_doubt_that_is_forgotten_is_caught() {
    found(Planted::DoubtsAreRefusals, &sound::late(), Rule::Exit);
}

#[test]
fn p04_a_call_that_is_held_back_after_its_checks_is_caught() {
    found(Planted::SendsAreLate, &sound::swap(), Rule::Fresh);
}

#[test]
fn p04_old_pages_that_pass_as_new_are_caught() {
    found(Planted::OldPagesAreShown, &sound::swap(), Rule::Fresh);
}

#[test]
fn p05_a_last_look_that_sees_nothing_is_caught() {
    found(Planted::OthersAreShownAsUp, &[seams::beside_another(false, 0, 0)], Rule::Exit);
}

#[test]
fn p06_an_undocumented_answer_that_passes_as_a_refusal_is_caught() {
    found(Planted::DoubtsAreRefusals, &sound::undocumented(), Rule::Exit);
}

#[test]
fn p07_a_better_row_that_wins_is_caught() {
    // Today the last row wins anyway.
    let outcome = simulate(&seams::contradicted(), Some(Planted::BetterRowWins), false).unwrap();
    assert!(outcome.charges.iter().any(|charge| charge.rule == Rule::News), "{:?}", outcome.charges);
}

#[test]
fn p08_what_is_brought_up_too_early_is_caught() {
    found(Planted::TransitionsAreShownAsDone, &sound::chain(), Rule::Order);
}

#[test]
fn p09_reads_that_queue_behind_another_region_are_caught() {
    let scenarios = seams::beside_a_slow_region();
    let is_late = |scenario: &Scenario| {
        let outcome = simulate(scenario, Some(Planted::ReadsQueue), true).unwrap();
        seams::late_for_another_region(&outcome).is_some()
    };
    assert!(scenarios.iter().any(is_late));
}

/// Runs a scenario whose outcome `check` complains of with the defect, and not without it.
fn complained_of(planted: Planted, scenario: &Scenario, check: Check) {
    let complaint = |planted| check(&simulate(scenario, planted, true).unwrap());
    assert_eq!(complaint(None), None);
    assert!(complaint(Some(planted)).is_some(), "{planted:?} goes unnoticed");
}

#[test]
fn p10_a_process_that_is_deaf_to_signals_is_caught() {
    complained_of(Planted::SignalsAreUnheard, &sound::signalled_at_once(), seams::sent_after_a_signal);
}

#[test]
fn p13_a_region_that_makes_a_rollout_wait_is_caught() {
    complained_of(Planted::NewRegionsWait, &sound::rollout(), seams::unfinished);
}

#[test]
fn p11_an_other_end_that_is_reopened_is_caught() {
    let outcome = simulate(&seams::pair("apart", false), Some(Planted::OtherEndIsReopened), false).unwrap();
    assert!(outcome.charges.iter().any(|charge| charge.rule == Rule::BothEnds), "{:?}", outcome.charges);
}

#[test]
fn p12_a_cut_fibre_that_passes_as_well_is_caught() {
    found(Planted::IllIsShownAsWell, &sound::cut_fibre(), Rule::Floor);
}

/// Runs seeds of ways back until one of them breaks `rule` with the defect, and not without it.
fn found_in_ways_back(planted: Planted, rule: Rule) {
    let breaks = |seed: u64, planted: Option<Planted>| {
        let outcome = simulate(&Scenario::draw_ways_back(seed), planted, false);
        outcome.is_some_and(|outcome| outcome.charges.iter().any(|charge| charge.rule == rule))
    };
    let is_found = (1..=SEEDS).any(|seed| breaks(seed, Some(planted)) && !breaks(seed, None));
    assert!(is_found, "{planted:?} goes unnoticed by {rule:?} in {SEEDS} seeds");
}

#[test]
fn a_way_back_of_what_others_have_changed_since_is_caught() {
    found(Planted::SupersededIsIgnored, &sound::changed_since(), Rule::Superseded);
}

#[test]
fn two_who_decide_about_one_run_are_caught() {
    found_in_ways_back(Planted::DecisionsAreForgotten, Rule::Kept);
}

#[test]
fn a_deadline_that_is_lost_is_caught() {
    found_in_ways_back(Planted::AwaitingIsForgotten, Rule::Lost);
}
