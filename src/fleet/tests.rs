#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;

use super::*;
use crate::drift::DriftCause;
use crate::plan::{Approval, GroupHealth, Upcoming, What};
use crate::resource::{AccountName, DesiredStatus, Provider, Scope, Status, Target};
use crate::state::Unreadable;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn at(time: &str) -> Timestamp {
    format!("2026-12-01T{time}Z").parse().unwrap()
}

fn declared(address: &str, group: &str, change: &str) -> Declared {
    Declared {
        address: address.into(),
        id: format!("ri-{address}").into(),
        scope: Scope { account: AccountName::default_account(), region: "cn-shanghai".into() },
        account_id: Some("42".to_owned()),
        group: Some(group.into()),
        labels: [("carrier".to_owned(), address.to_owned())].into(),
        changes: vec![change.into()],
    }
}

fn health(name: &str, up: u32) -> GroupHealth {
    let (below, spare) = (up < 1, Some(i64::from(up) - 1));
    GroupHealth {
        name: name.into(),
        declared: 2,
        up: Some(up),
        floor: 1,
        spare,
        below,
        down: up == 0,
        not_up: Vec::new(),
    }
}

/// What a check at 10:00 found: `b` has moved, and its group is down.
fn finding() -> Finding {
    let upcoming = |change: &str, at| Upcoming {
        change_id: change.into(),
        at,
        what: What::Begins,
        interfaces: 1,
        status: Some(DesiredStatus::Inactive),
    };
    Finding {
        checked_at: at("10:00:00"),
        target: Target { provider: Provider::Emulator, account_id: "42".into(), endpoint: String::new() },
        items: vec![Item {
            address: "b".into(),
            cause: DriftCause::ALL[1],
            spec: DesiredStatus::Active,
            live: Some(Status::Inactive),
            change_id: None,
        }],
        groups: vec![health("east", 2), health("west", 0)],
        unread: Vec::new(),
        upcoming: vec![
            upcoming("CHG-1", at("11:00:00")),
            upcoming("CHG-2", at("12:00:00") + SignedDuration::from_hours(24)),
        ],
        declared: vec![declared("b", "west", "CHG-2"), declared("a", "east", "CHG-1")],
    }
}

fn row(found: Found, now: Timestamp) -> StateRow {
    StateRow::new("site".to_owned(), found, now, DAY)
}

#[test]
fn a_run_that_died_over_its_calls_wants_a_look_and_one_at_work_does_not() {
    let run = || Some(crate::state::RunId("r".into()));
    let holder = || Some(HeldBy { who: "ann".to_owned(), host: "ops".to_owned() });
    let calm = Finding { items: Vec::new(), groups: Vec::new(), ..finding() };
    let of = |has_open_calls, holder| {
        let found = Found { open_run: run(), has_open_calls, holder, finding: Some(calm.clone()), ..Found::default() };
        let row = row(found, at("11:00:00"));
        (row.died_run.is_some(), row.is_finding())
    };
    assert_eq!(of(true, None), (true, true));
    assert_eq!(of(true, holder()), (false, false));
    assert_eq!(of(false, None), (false, false));
}

fn found() -> Found {
    Found { finding: Some(finding()), ..Found::default() }
}

#[test]
fn a_row_says_again_what_was_written() {
    let mut kept = Kept { spec: "site".to_owned(), finding: Some(finding()), ..Kept::default() };
    kept.remember("dingtalk", Some(json!({"digest": "x", "since": [1]})));
    kept.remember("gone", Some(json!(1)));
    kept.remember("gone", None);
    let read = Kept::decode(&kept.encode()).unwrap();
    assert_eq!(read, kept);
    assert_eq!((read.told("dingtalk").unwrap()["digest"].as_str(), read.told("gone")), (Some("x"), None));
    // What a later version adds is no damage.
    let mut value: serde_json::Value = serde_json::from_slice(&kept.encode()).unwrap();
    value["finding"]["weather"] = json!("fine");
    assert_eq!(Kept::decode(value.to_string().as_bytes()).unwrap().finding, kept.finding);
}

#[test]
fn a_row_cut_anywhere_is_damaged_and_a_newer_one_is_not_guessed_at() {
    let whole = Kept { finding: Some(finding()), ..Kept::default() }.encode();
    for length in 0..whole.len() - 1 {
        assert!(matches!(Kept::decode(&whole[..length]), Err(Unreadable::Damaged(_))), "{length}");
    }
    assert_eq!(
        Kept::decode(br#"{"format_version": 2, "finding": 7}"#),
        Err(Unreadable::Newer { found: 2, supported: FORMAT_VERSION })
    );
}

#[test]
fn is_stale_by_whichever_clock_says_so() {
    let stale = |now, age| row(Found { age, ..found() }, now).stale;
    let hours = SignedDuration::from_hours;
    assert!(!stale(at("10:00:00"), None));
    assert!(!stale(at("10:00:00") + hours(23), Some(hours(23))));
    assert!(stale(at("10:00:00") + hours(24), None), "by ours");
    assert!(stale(at("10:00:00"), Some(hours(24))), "by the store's: whoever checked was ahead");
    assert!(stale(at("10:00:00") + hours(25), Some(hours(1))), "the older counts");
    assert!(row(Found::default(), at("10:00:00")).stale, "never checked");
    assert_eq!(
        row(found(), at("09:59:00")).age,
        Some(SignedDuration::ZERO),
        "a clock that is behind makes none negative"
    );
}

#[test]
fn tells_what_lies_ahead_and_no_approval_that_has_expired() {
    let approval = |expires| Approval {
        digest: "sha256:1".to_owned(),
        by: "ann".to_owned(),
        approved_at: at("09:00:00"),
        at: at("09:00:00"),
        expires,
    };
    let approvals = vec![approval(at("10:30:00")), approval(at("11:30:00"))];
    let seen = row(Found { approvals: approvals.clone(), ..found() }, at("10:30:00"));
    assert_eq!(seen.upcoming.len(), 1, "a day and a half ahead is not today");
    assert_eq!(seen.approvals, approvals[1..]);
    let later = row(found(), at("12:00:00"));
    assert_eq!(later.upcoming.iter().map(|soon| soon.change_id.as_str()).collect::<Vec<_>>(), ["CHG-2"]);
}

#[test]
fn exits_with_what_was_not_read_before_what_moved() {
    let fleet = |rows: &[StateRow]| Fleet { store: "x".to_owned(), timestamp: at("10:00:00"), states: rows.to_vec() };
    let well = StateRow { stale: false, ..StateRow::default() };
    let moved = StateRow { drifted: Some(true), ..well.clone() };
    let below = StateRow { below_floor: vec!["g".into()], ..well.clone() };
    let stale = StateRow { stale: true, ..well.clone() };
    let lost = StateRow { error: Some("x".to_owned()), ..well.clone() };
    assert_eq!(fleet(&[]).exit(), Exit::Done);
    assert_eq!(fleet(std::slice::from_ref(&well)).exit(), Exit::Done);
    for worry in [&moved, &below, &stale] {
        assert_eq!(fleet(&[well.clone(), worry.clone()]).exit(), Exit::Changes);
    }
    assert_eq!(fleet(&[moved, lost, well]).exit(), Exit::Error);
    let unread = Finding {
        unread: vec![crate::resource::ScopeFailure {
            scope: declared("a", "g", "c").scope,
            detail: "denied".into(),
            may_be_misspelt: false,
        }],
        ..finding()
    };
    let row = row(Found { finding: Some(unread), ..Found::default() }, at("10:00:00"));
    assert_eq!(row.error.as_deref(), Some("cn-shanghai: denied"), "what was not read is no good news");
    assert_eq!(row.drifted, Some(true), "what was read had moved all the same");
}

#[test]
fn nobody_knows_that_nothing_moved_where_something_was_not_read() {
    let scope = |region: &str| Scope { account: AccountName::default_account(), region: region.into() };
    let failure = |region| crate::resource::ScopeFailure {
        scope: scope(region),
        detail: "denied".into(),
        may_be_misspelt: false,
    };
    let mut unread =
        Finding { items: Vec::new(), groups: Vec::new(), unread: vec![failure("cn-beijing")], ..finding() };
    unread.declared[0].scope = scope("cn-beijing");
    let seen = || row(Found { finding: Some(unread.clone()), ..Found::default() }, at("10:00:00"));
    assert_eq!(seen().drifted, None);
    let kept_to = |selector: &str| {
        let mut fleet = Fleet { store: "x".to_owned(), timestamp: at("10:00:00"), states: vec![seen()] };
        fleet.keep_to(&[selector.parse().unwrap()]).unwrap();
        fleet.states[0].drifted
    };
    assert_eq!((kept_to("a"), kept_to("b")), (Some(false), None), "that of a was read");
}

#[test]
fn a_check_ahead_of_our_clock_is_not_known_to_be_new() {
    let hours = SignedDuration::from_hours;
    let seen = |now, age| row(Found { age, ..found() }, now);
    assert_eq!((seen(at("09:59:00"), None).ahead, seen(at("09:59:00"), None).stale), (None, false), "clocks differ");
    let behind = seen(at("10:00:00") - hours(240), Some(SignedDuration::ZERO));
    assert_eq!((behind.ahead, behind.stale, behind.is_finding()), (Some(hours(240)), true, true));
}

#[test]
fn says_up_to_when_it_is_known_what_begins() {
    let known = |hours, stale_after| {
        let now = at("10:00:00") + SignedDuration::from_hours(hours);
        StateRow::new("site".to_owned(), found(), now, stale_after).known_until
    };
    assert_eq!(known(24, 2 * DAY), None, "a check looks two days ahead");
    assert_eq!(known(25, 2 * DAY), Some(at("10:00:00") + SignedDuration::from_hours(48)));
    assert_eq!(known(25, DAY), None, "it says that it is old");
}

#[test]
fn keeps_to_what_is_selected_and_to_what_may_hold_it() {
    let select = |selectors: &[&str]| {
        let selectors: Vec<Selector> = selectors.iter().map(|text| text.parse().unwrap()).collect();
        let lost = StateRow { name: "lost".to_owned(), error: Some("x".to_owned()), ..StateRow::default() };
        let states =
            vec![row(found(), at("10:00:00")), StateRow { name: "empty".to_owned(), ..StateRow::default() }, lost];
        let mut fleet = Fleet { store: "x".to_owned(), timestamp: at("10:00:00"), states };
        fleet.keep_to(&selectors).map(|()| fleet.states)
    };
    let names = |rows: &[StateRow]| rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&select(&[]).unwrap()), ["site", "empty", "lost"]);
    let east = select(&["group:east"]).unwrap();
    assert_eq!(names(&east), ["site", "empty", "lost"], "what was never checked may hold some of it");
    assert_eq!((east[0].drifted, east[0].groups.len(), east[0].items.len()), (Some(false), 1, 0));
    assert_eq!(east[0].upcoming.len(), 1);
    let west = select(&["label:carrier=b,region:cn-*"]).unwrap();
    assert_eq!((west[0].drifted, west[0].below_floor.len(), west[0].upcoming.len()), (Some(true), 1, 0));
    assert_eq!(select(&["change:CHG-1"]).unwrap()[0].items.len(), 0);
    assert_eq!(names(&select(&["emp*"]).unwrap()), ["empty", "lost"], "a state by its name");
    assert_eq!(names(&select(&["ri-a", "empty"]).unwrap()), ["site", "empty", "lost"]);
    let refused = select(&["a", "group:nort", "sit"]).unwrap_err();
    let told: Vec<_> = refused.iter().map(|one| (one.selector.as_str(), one.hint.as_deref())).collect();
    assert_eq!(told[1], ("sit", Some("did you mean `site`?")));
    assert_eq!(told[0].0, "group:nort");
}
