use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

use super::*;
use crate::plan::Goal;
use crate::resource::Call;
use crate::resource::{AccountName, Address, Provider};

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
    StepResult {
        step: PlannedStep {
            id: StepId::new(&address, call.map_or(Action::Wait, Action::Call)),
            address,
            call,
            interface_id: format!("ri-{number}").into(),
            scope: Scope { account: AccountName::default_account(), region: "cn-shanghai".into() },
            expect: Status::Active,
            goal: Goal::Inactive,
            reason: None,
        },
        outcome,
        status: None,
        request_id: None,
        started_at: Some(at),
        finished_at: Some(at),
        detail: None,
    }
}

fn report(results: Vec<StepResult>) -> Report {
    Report {
        run_id: RunId("20261123T021400.000Z-1a2b3c".into()),
        operation: Operation::Apply,
        who: "me@here".to_owned(),
        target: Target { provider: Provider::Emulator, account_id: "1".into(), endpoint: String::new() },
        digest: String::new(),
        started_at: Timestamp::UNIX_EPOCH,
        finished_at: None,
        results,
        interrupted: false,
        stopped_reason: None,
        unrecorded: None,
    }
}

fn code(outcomes: &[Outcome]) -> u8 {
    let results = outcomes.iter().enumerate();
    report(results.map(|(number, outcome)| result(number, Some(Call::Deactivate), Some(*outcome))).collect())
        .exit_code()
}

#[test]
fn the_exit_code_is_the_contracts() {
    assert_eq!(code(&[]), 0);
    assert_eq!(code(&[Outcome::Done, Outcome::Already, Outcome::DoneUnknown]), 0);
    assert_eq!(code(&[Outcome::Guarded, Outcome::Skipped]), 3);
    assert_eq!(code(&[Outcome::Moved, Outcome::Already]), 4);
    assert_eq!(code(&[Outcome::Done, Outcome::Guarded]), 5);
    assert_eq!(code(&[Outcome::InDoubt]), 5);
    assert_eq!(code(&[Outcome::Unsettled]), 5);
    assert_eq!(code(&[Outcome::Failed, Outcome::Skipped]), 1);
    assert_eq!(code(&[Outcome::NotStarted]), 1);
}

#[test]
fn a_wait_that_saw_its_goal_did_nothing() {
    let waited = result(1, None, Some(Outcome::Done));
    let refused = result(2, Some(Call::Deactivate), Some(Outcome::Guarded));
    assert_eq!(report(vec![waited, refused]).exit_code(), 3);
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
        let report = Report { interrupted, ..report(results) };
        let code = report.exit_code();
        let all = report.results.iter().all(StepResult::is_at_goal);
        let some = report.results.iter().any(StepResult::may_have_changed_something);
        proptest::prop_assert_eq!(code == 0, !interrupted && all);
        proptest::prop_assert_eq!(code == 130, interrupted);
        proptest::prop_assert_eq!(code == 5, !interrupted && some && !all);
        proptest::prop_assert!(matches!(code, 0 | 1 | 3 | 4 | 5 | 130));
    }
}

#[test]
fn a_run_that_could_not_be_recorded_is_no_success() {
    let mut report = report(vec![result(1, Some(Call::Activate), Some(Outcome::Done))]);
    assert_eq!((report.exit_code(), report.changed()), (0, 1));
    report.unrecorded = Some("the result of ri1/activate".to_owned());
    assert_eq!(report.exit_code(), 5);
}

#[test]
fn expects_a_step_to_take_as_long_as_it_did_else_as_its_kind_did() {
    let took = |number, call, outcome, seconds| {
        let mut result = result(number, Some(call), Some(outcome));
        result.finished_at = result.started_at.map(|at| at + Duration::from_secs(seconds));
        result
    };
    let (up, down) = (Call::Activate, Call::Deactivate);
    let past = [
        report(vec![took(1, down, Outcome::Done, 10), took(2, down, Outcome::Done, 30)]),
        report(vec![took(1, down, Outcome::Done, 14), took(1, down, Outcome::Unsettled, 600)]),
        report(vec![took(1, down, Outcome::Done, 12), took(9, up, Outcome::Failed, 1)]),
    ];
    let step = |number: usize, action| Step {
        id: StepId::new(&format!("ri{number}").as_str().into(), action),
        address: format!("ri{number}").into(),
        action,
        interface_id: "ri-x".into(),
        scope: Scope { account: AccountName::default_account(), region: "cn-shanghai".into() },
        expect: Status::Active.into(),
        goal: Goal::Inactive,
        after: Vec::new(),
        wave: 1,
        guards: Vec::new(),
        settle_timeout_ms: None,
    };
    let steps =
        [step(1, Action::Call(down)), step(7, Action::Call(down)), step(1, Action::Call(up)), step(1, Action::Wait)];
    let expected = expected_durations(&steps, &past);
    let seconds = |step: &Step| expected.get(&step.id).map(Duration::as_secs);
    assert_eq!(steps.each_ref().map(seconds), [Some(12), Some(14), None, None]);
}
