use super::*;
use crate::plan::Goal;
use crate::resource::{AccountName, Scope, Status};

#[test]
fn expects_a_step_to_take_as_long_as_it_did_else_as_its_kind_did() {
    let (up, down) = (Call::Activate, Call::Deactivate);
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
    let mut pace = Pace::default();
    for (number, seconds) in [(1, 10), (2, 30), (1, 14), (1, 12)] {
        pace.learn(&step(number, Action::Call(down)).id, down, Duration::from_secs(seconds));
    }
    let steps =
        [step(1, Action::Call(down)), step(7, Action::Call(down)), step(1, Action::Call(up)), step(1, Action::Wait)];
    let expected = pace.expected(&steps);
    let seconds = |step: &Step| expected.get(&step.id).map(Duration::as_secs);
    assert_eq!(steps.each_ref().map(seconds), [Some(12), Some(14), None, None]);
}
