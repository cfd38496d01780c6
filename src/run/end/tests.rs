use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

use super::*;
use crate::journal::PlannedStep;
use crate::plan::BlockReason;
use crate::plan::{Action, Goal, StepId};
use crate::resource::{AccountName, Address, Call, Scope, Status};

const OUTCOMES: [Outcome; 10] = [
    Outcome::Done,
    Outcome::Already,
    Outcome::DoneUnknown,
    Outcome::Guarded,
    Outcome::Moved,
    Outcome::Failed,
    Outcome::Unsettled,
    Outcome::InDoubt,
    Outcome::Skipped,
    Outcome::NotStarted,
];

fn result(number: usize, call: Option<Call>, outcome: Option<Outcome>) -> StepResult {
    let address = Address::from(format!("ri{number}"));
    let at = Timestamp::UNIX_EPOCH;
    let step = PlannedStep {
        id: StepId::new(&address, call.map_or(Action::Wait, Action::Call)),
        address,
        call,
        interface_id: format!("ri-{number}").into(),
        scope: scope(),
        expect: Status::Active.into(),
        goal: Goal::Inactive,
        reason: None,
        change_id: None,
        guards: Vec::new(),
    };
    StepResult { outcome, started_at: Some(at), finished_at: Some(at), ..StepResult::open(step) }
}

fn scope() -> Scope {
    Scope { account: AccountName::default_account(), region: "cn-shanghai".into() }
}

fn deactivations(outcomes: &[Outcome]) -> Vec<StepResult> {
    let results = outcomes.iter().enumerate();
    results.map(|(number, outcome)| result(number, Some(Call::Deactivate), Some(*outcome))).collect()
}

fn blocked(reason: BlockReason) -> Vec<Blocked> {
    vec![Blocked { address: "p".into(), reason }]
}

/// What a test varies of the facts.
#[derive(Default)]
struct World {
    results: Vec<StepResult>,
    blocked: Vec<Blocked>,
    failures: Vec<ScopeFailure>,
    last_look: LastLook,
    interrupted: bool,
    unrecorded: Option<Unrecorded>,
}

impl World {
    fn of(outcomes: &[Outcome]) -> Self {
        Self { results: deactivations(outcomes), ..Self::default() }
    }

    fn end(&self) -> RunEnd {
        let facts = Facts {
            results: &self.results,
            blocked: &self.blocked,
            failures: &self.failures,
            last_look: &self.last_look,
            interrupted: self.interrupted,
            stopped: None,
            unrecorded: self.unrecorded.as_ref(),
            not_taken_back: &[],
        };
        end(&facts, Timestamp::UNIX_EPOCH)
    }

    fn comes_to(&self) -> (u8, RunOutcome) {
        let end = self.end();
        (end.exit.code(), end.outcome)
    }
}

#[test]
fn the_steps_decide_the_code_where_nothing_else_is_wrong() {
    use RunOutcome::{Complete, Incomplete, Refused};
    let table: [(&[Outcome], (u8, RunOutcome)); 9] = [
        (&[], (0, Complete)),
        (&[Outcome::Done, Outcome::Already, Outcome::DoneUnknown], (0, Complete)),
        (&[Outcome::Guarded, Outcome::Skipped], (3, Refused)),
        (&[Outcome::Moved, Outcome::Already], (4, Refused)),
        (&[Outcome::Done, Outcome::Guarded], (5, Incomplete)),
        (&[Outcome::InDoubt], (5, Incomplete)),
        (&[Outcome::Unsettled], (5, Incomplete)),
        (&[Outcome::Failed, Outcome::Skipped], (1, Incomplete)),
        (&[Outcome::NotStarted], (1, Incomplete)),
    ];
    for (outcomes, expected) in table {
        assert_eq!(World::of(outcomes).comes_to(), expected, "{outcomes:?}");
    }
}

#[test]
fn of_several_codes_the_first_of_the_contract_holds() {
    let mut world = World::of(&[Outcome::Failed, Outcome::Moved, Outcome::Guarded]);
    assert_eq!(world.comes_to().0, 3);
    world.results = deactivations(&[Outcome::Failed, Outcome::Moved]);
    assert_eq!(world.comes_to().0, 4);
    world.results = deactivations(&[Outcome::Failed, Outcome::Moved, Outcome::Done]);
    assert_eq!(world.comes_to().0, 5);
    world.interrupted = true;
    assert_eq!(world.comes_to(), (130, RunOutcome::Interrupted));
}

#[test]
fn what_was_blocked_keeps_a_run_from_being_complete() {
    let mut world =
        World { blocked: blocked(BlockReason::Protected { at: String::new() }), ..World::of(&[Outcome::Done]) };
    assert_eq!(world.comes_to(), (5, RunOutcome::Incomplete));
    world.results = deactivations(&[Outcome::Already]);
    assert_eq!(world.comes_to(), (3, RunOutcome::Refused));
    let codes: Vec<&str> = world.end().reasons.iter().map(Reason::code).collect();
    assert_eq!(codes, ["protected"]);
}

#[test]
fn what_could_not_be_read_is_an_error_and_no_guard() {
    let failure = ScopeFailure { scope: scope(), detail: "it does not answer".into(), may_be_misspelt: false };
    let mut world =
        World { blocked: blocked(BlockReason::Unreadable), failures: vec![failure], ..World::of(&[Outcome::Already]) };
    assert_eq!(world.comes_to(), (1, RunOutcome::Incomplete));
    world.results = deactivations(&[Outcome::Done]);
    assert_eq!(world.comes_to(), (5, RunOutcome::Incomplete));
}

#[test]
fn what_did_not_stay_is_partly_applied_although_every_step_was_at_its_goal() {
    let reason = Reason::DidNotStay { address: "ri0".into(), goal: Goal::Inactive, found: Some(Status::Active) };
    let mut world = World::of(&[Outcome::Done]);
    world.last_look.found.push(reason.clone());
    assert_eq!(world.comes_to(), (5, RunOutcome::Incomplete));
    assert_eq!(world.end().reasons, [reason]);
}

#[test]
fn a_wait_that_saw_its_goal_did_nothing() {
    let results = vec![result(1, None, Some(Outcome::Done)), result(2, Some(Call::Deactivate), Some(Outcome::Guarded))];
    assert_eq!(World { results, ..World::default() }.comes_to(), (3, RunOutcome::Refused));
}

#[test]
fn a_run_that_could_not_be_recorded_is_no_success() {
    let unrecorded = Unrecorded { error: "no space".into(), rescued: Ok("/tmp/x".to_owned()), taken_over: false };
    let mut world = World { unrecorded: Some(unrecorded), ..World::of(&[Outcome::Done]) };
    assert_eq!(world.comes_to(), (5, RunOutcome::Incomplete));
    world.results = deactivations(&[Outcome::NotStarted]);
    assert_eq!(world.comes_to(), (1, RunOutcome::Incomplete));
    assert_eq!(world.end().reasons[0].code(), "unrecorded");
}

#[test]
fn what_somebody_took_over_before_a_call_was_sent_has_moved() {
    let unrecorded = Unrecorded { error: "fenced".into(), rescued: Ok("x".to_owned()), taken_over: true };
    let mut world = World { unrecorded: Some(unrecorded), ..World::of(&[Outcome::NotStarted]) };
    assert_eq!(world.comes_to(), (4, RunOutcome::Refused));
    assert_eq!(world.end().reasons[0].code(), "fenced");
    world.results = deactivations(&[Outcome::Done, Outcome::NotStarted]);
    assert_eq!(world.comes_to(), (5, RunOutcome::Incomplete));
}

#[test]
fn a_signal_that_comes_once_all_is_done_takes_nothing_from_it() {
    let world = World { interrupted: true, ..World::of(&[Outcome::Done]) };
    assert!(world.comes_to() == (130, RunOutcome::Interrupted) && world.end().left_nothing());
    let half = World { interrupted: true, ..World::of(&[Outcome::Done, Outcome::NotStarted]) };
    assert!(!half.end().left_nothing());
    assert!(World::of(&[Outcome::Done]).end().left_nothing());
}

#[test]
fn a_run_of_the_first_journal_format_keeps_its_exit_code() {
    assert_eq!(RunEnd::of_code(Timestamp::UNIX_EPOCH, Exit::Partial).exit(), Some(Exit::Partial));
}

proptest! {
    #[test]
    fn zero_means_all_and_five_means_some_unless_a_signal_came(
        steps in vec((proptest::option::of(Just(Call::Activate)), prop_oneof![
            (0..OUTCOMES.len()).prop_map(|index| Some(OUTCOMES[index])),
            Just(None),
        ]), 0..6),
        interrupted in any::<bool>(),
    ) {
        let results: Vec<StepResult> =
            steps.into_iter().enumerate().map(|(number, (call, outcome))| result(number, call, outcome)).collect();
        let all = results.iter().all(StepResult::is_at_goal);
        let some = results.iter().any(StepResult::may_have_changed_something);
        let end = World { results, interrupted, ..World::default() }.end();
        let code = end.exit.code();
        proptest::prop_assert_eq!(code == 0, !interrupted && all);
        proptest::prop_assert_eq!(code == 0, end.reasons.is_empty());
        proptest::prop_assert_eq!(code == 0, end.outcome == RunOutcome::Complete);
        proptest::prop_assert_eq!(code == 130, interrupted);
        proptest::prop_assert_eq!(code == 5, !interrupted && some && !all);
        proptest::prop_assert!(matches!(code, 0 | 1 | 3 | 4 | 5 | 130));
    }
}
