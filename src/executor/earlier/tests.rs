use jiff::SignedDuration;

use super::*;
use crate::clock::BootTime;
use crate::executor::machine::time::Moment;
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
        change_id: None,
        observed: Sighting {
            status: Some(status),
            since: at(since),
            at: at("2026-11-23T12:10:00Z"),
            from_the_first: false,
        },
        forgotten: false,
        protected: false,
        group: None,
        durations: Durations::default(),
        straggler: None,
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
            uptime: None,
            has_moved_since: at(since) > at(SENT),
        }),
    };
    [(address, record)].into()
}

const BEFORE: &str = "2026-11-23T11:00:00Z";
const NOW: &str = "2026-11-23T13:00:00Z";
const AFTER: &str = "2026-11-23T12:01:00Z";

#[test]
fn what_nobody_saw_end_is_still_on_its_way() {
    for outcome in [Outcome::Unsettled, Outcome::InDoubt] {
        for status in [Status::Active, Status::Deactivating] {
            assert_eq!(unsettled(&record(outcome, None, status, BEFORE), at(NOW), None).len(), 1);
        }
    }
}

#[test]
fn a_read_of_its_goal_or_of_another_status_since_settles_it() {
    assert!(unsettled(&record(Outcome::Unsettled, None, Status::Inactive, AFTER), at(NOW), None).is_empty());
    assert!(unsettled(&record(Outcome::Unsettled, None, Status::Active, AFTER), at(NOW), None).is_empty());
    let diverted = Some(StepReason::Diverted { found: Some(Status::Active) });
    assert!(unsettled(&record(Outcome::Unsettled, diverted, Status::Active, BEFORE), at(NOW), None).is_empty());
    assert!(unsettled(&record(Outcome::Done, None, Status::Inactive, AFTER), at(NOW), None).is_empty());
    assert!(unsettled(&record(Outcome::Failed, None, Status::Active, BEFORE), at(NOW), None).is_empty());
}

#[test]
fn what_was_just_moved_may_not_show_yet() {
    let mut records = record(Outcome::Done, None, Status::Inactive, AFTER);
    if let Some(action) = records.get_mut("a").and_then(|record| record.last_action.as_mut()) {
        action.found = Some(Status::Inactive);
    }
    let after = |seconds: i64| unsettled(&records, at(SENT) + SignedDuration::from_secs(seconds), None);
    assert!(
        after(3).iter().all(|call| call.kind == Leftover::JustDone && call.call == Call::Deactivate)
            && after(3).len() == 1
    );
    assert!(after(3600).is_empty());
}

/// By the wall; how long the machine has been up is told apart.
fn now(wall: &str) -> Now {
    Now { instant: Moment::default(), boot: BootTime::now(), wall: at(wall) }
}

#[test]
fn without_the_clock_of_a_boot_a_clock_that_was_set_back_makes_nothing_old() {
    let earlier = unsettled(&record(Outcome::InDoubt, None, Status::Active, BEFORE), at(NOW), None).remove(0);
    assert_eq!(earlier.remaining(now(SENT)), SIGNED);
    assert_eq!(earlier.remaining(now("2026-11-23T11:00:00Z")), SIGNED);
    assert_eq!(earlier.remaining(now("2026-11-23T12:15:01Z")), Duration::ZERO);
}

#[test]
fn in_one_boot_of_a_machine_its_age_is_not_for_the_wall_clock_to_say() {
    let mut earlier = unsettled(&record(Outcome::Unsettled, None, Status::Active, BEFORE), at(NOW), None).remove(0);
    let sent = BootTime::now();
    earlier.uptime = sent.uptime();
    let later = |wall| Now { boot: sent.after(Duration::from_secs(60)), ..now(wall) };
    for wall in ["2026-11-22T12:00:00Z", SENT, "2026-11-24T12:00:00Z"] {
        assert_eq!(earlier.age(later(wall)), Duration::from_secs(60), "{wall}");
    }
    earlier.uptime = sent.uptime().map(|uptime| Uptime { boot: "another".to_owned(), ..uptime });
    assert_eq!(earlier.age(later("2026-11-23T12:00:20Z")), Duration::from_secs(20));
}

#[test]
fn only_what_was_seen_at_work_can_fall_back() {
    let tells = |found| {
        let mut records = record(Outcome::Unsettled, None, Status::Deactivating, BEFORE);
        records.get_mut("a").and_then(|record| record.last_action.as_mut()).unwrap().found = found;
        unsettled(&records, at(NOW), None).remove(0).tells_its_end
    };
    assert_eq!(tells(Some(Status::Deactivating)), Some(READS_LAG.unsigned_abs()));
    assert_eq!(tells(Some(Status::Active)), None);
}
