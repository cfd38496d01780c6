#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use crate::journal::Outcome;
use crate::plan::StepId;
use crate::resource::{AccountName, Call, RequestId, Status};
use crate::state::{Durations, LastAction, RunId, Sighting};

fn record(id: &str) -> Record {
    Record {
        id: id.into(),
        scope: Scope { account: AccountName::default_account(), region: "cn-shanghai".into() },
        declared: None,
        change_id: None,
        observed: Sighting::first(None, "2026-11-23T12:00:00Z".parse().unwrap()),
        forgotten: false,
        protected: false,
        group: None,
        durations: Durations::default(),
        last_action: None,
        straggler: None,
        changed_by: None,
        taken_back: None,
    }
}

fn names(records: &Records) -> Vec<(String, String)> {
    let named = records.iter().map(|(address, record)| (address.to_string(), record.id.to_string())).collect();
    for record in records.values() {
        assert_eq!(records.of(&record.identity()).unwrap().1, record, "each is found by what it belongs to");
    }
    named
}

fn pair(address: &str, id: &str) -> (String, String) {
    (address.to_owned(), id.to_owned())
}

#[test]
fn where_an_unsettled_call_was_sent_is_no_end_of_it_while_reads_may_lag() {
    let at = |second: i64| jiff::Timestamp::from_second(1_795_000_000 + second).unwrap();
    let action = LastAction {
        run_id: RunId("20261123T121000.000Z-000001".into()),
        step: StepId("a/deactivate".into()),
        action: Call::Deactivate,
        request_id: Some(RequestId("R".into())),
        started_at: at(0),
        finished_at: at(3),
        outcome: Some(Outcome::Unsettled),
        found: Some(Status::Deactivating),
        because: None,
        uptime: None,
        has_moved_since: false,
    };
    let observed = Sighting::first(Some(Status::Deactivating), at(3));
    let mut record = Record { last_action: Some(action), observed, ..record("ri-a") };
    record.see(Some(Status::Active), at(5), None);
    assert!(record.open_action().is_some(), "a read of two seconds later may be of before the call");
    record.see(Some(Status::Active), at(18), None);
    assert_eq!(record.open_action(), None, "somebody has brought it back");
    record.last_action.as_mut().unwrap().has_moved_since = false;
    record.see(Some(Status::Inactive), at(19), None);
    assert_eq!(record.open_action(), None);
}

#[test]
fn a_record_is_found_by_its_address_and_by_what_it_belongs_to() {
    let records: Records = [("a".into(), record("ri-a")), ("b".into(), record("ri-b"))].into();
    assert_eq!(records.of(&record("ri-b").identity()).unwrap().0.as_str(), "b");
    assert_eq!(records["a"].id.as_str(), "ri-a");
    assert!(records.of(&record("ri-c").identity()).is_none());
}

#[test]
fn an_interface_whose_address_another_takes_is_known_by_its_id() {
    let mut records: Records = [("a".into(), record("ri-a"))].into();
    records.insert("a".into(), record("ri-b"));
    assert_eq!(names(&records), [pair("a", "ri-b"), pair("ri-a", "ri-a")]);
    assert_eq!(records.of(&record("ri-a").identity()).unwrap().0.as_str(), "ri-a");
}

#[test]
fn a_renamed_interface_keeps_its_record() {
    let mut records: Records = [("a".into(), record("ri-a")), ("b".into(), record("ri-b"))].into();
    records.rename(&record("ri-a").identity(), &"c".into()).unwrap();
    assert_eq!(names(&records), [pair("b", "ri-b"), pair("c", "ri-a")]);
    records.rename(&record("ri-a").identity(), &"b".into()).unwrap();
    assert_eq!(names(&records), [pair("b", "ri-a"), pair("ri-b", "ri-b")]);
    records.rename(&record("ri-b").identity(), &"d".into()).unwrap();
    assert_eq!(names(&records), [pair("b", "ri-a"), pair("d", "ri-b")]);
}

#[test]
fn what_is_taken_out_is_found_no_more() {
    let mut records: Records = [("a".into(), record("ri-a")), ("b".into(), record("ri-b"))].into();
    records.remove(&"a".into()).unwrap();
    records.retain(|address, _| address.as_str() != "b");
    assert!(records.is_empty() && records.of(&record("ri-b").identity()).is_none());
}
