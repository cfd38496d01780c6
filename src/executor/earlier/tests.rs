use super::*;
use crate::plan::StepId;
use crate::resource::{AccountName, Address, Status};
use crate::state::{Durations, RunId, Sighting};

const SENT: &str = "2026-11-23T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The record of an interface whose Deactivate ended with `outcome`, and which was `status` since `since`.
fn record(outcome: Outcome, because: Option<StepReason>, status: Status, since: &str) -> Records {
    let address = Address::from("a");
    let record = Record {
        id: "ri-a".into(),
        scope: Scope { account: AccountName::default_account(), region: "cn-shanghai".into() },
        declared: None,
        observed: Sighting { status: Some(status), since: at(since), at: at("2026-11-23T12:10:00Z") },
        protected: false,
        group: None,
        durations: Durations::default(),
        changed_by: None,
        taken_back: None,
        last_action: Some(LastAction {
            run_id: RunId("R".into()),
            step: StepId::new(&address, crate::plan::Action::Call(Call::Deactivate)),
            action: Call::Deactivate,
            request_id: None,
            started_at: at(SENT),
            finished_at: at(SENT),
            outcome: Some(outcome),
            found: None,
            because,
        }),
    };
    [(address, record)].into()
}

const BEFORE: &str = "2026-11-23T11:00:00Z";
const AFTER: &str = "2026-11-23T12:01:00Z";

#[test]
fn what_nobody_saw_end_is_still_on_its_way() {
    for outcome in [Outcome::Unsettled, Outcome::InDoubt] {
        for status in [Status::Active, Status::Deactivating] {
            assert_eq!(unsettled(&record(outcome, None, status, BEFORE)).len(), 1);
        }
    }
}

#[test]
fn a_read_of_its_goal_or_of_another_status_since_settles_it() {
    assert!(unsettled(&record(Outcome::Unsettled, None, Status::Inactive, AFTER)).is_empty());
    assert!(unsettled(&record(Outcome::Unsettled, None, Status::Active, AFTER)).is_empty());
    let diverted = Some(StepReason::Diverted { found: Some(Status::Active) });
    assert!(unsettled(&record(Outcome::Unsettled, diverted, Status::Active, BEFORE)).is_empty());
    assert!(unsettled(&record(Outcome::Done, None, Status::Inactive, AFTER)).is_empty());
    assert!(unsettled(&record(Outcome::Failed, None, Status::Active, BEFORE)).is_empty());
}

#[test]
fn a_clock_that_was_set_back_makes_nothing_old() {
    let earlier = unsettled(&record(Outcome::InDoubt, None, Status::Active, BEFORE)).remove(0);
    assert_eq!(earlier.remaining(at(SENT)), SIGNED);
    assert_eq!(earlier.remaining(at("2026-11-23T11:00:00Z")), SIGNED);
    assert_eq!(earlier.remaining(at("2026-11-23T12:15:01Z")), Duration::ZERO);
}
