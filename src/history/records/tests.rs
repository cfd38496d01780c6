#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use crate::resource::{AccountName, Provider, Scope, Status, Target};
use crate::spec::{SpecFile, parse};

fn spec(lines: &str) -> Spec {
    let text = format!(
        "version: 1\ncloud: {{provider: emulator, region: cn-shanghai}}\ninterfaces:\n  a: {{id: ri-a, {lines}}}\n"
    );
    parse(vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: text.into_bytes() }]).unwrap()
}

fn live(status: Status) -> LiveState {
    let observed = Observed::of("ri-a".into(), "cn-shanghai".into(), status);
    LiveState {
        read_at: "2026-11-23T12:00:00Z".parse().unwrap(),
        readings: [("a".into(), Reading::Found(observed))].into(),
        failures: Vec::new(),
        others: Default::default(),
    }
}

/// What a run that looks at everything would have seen last.
fn last(live: &LiveState) -> Vec<LastSeen> {
    let found = live.readings.values().filter_map(Reading::found).cloned();
    found
        .map(|observed| LastSeen {
            scope: Scope { account: AccountName::default_account(), region: observed.region.clone() },
            id: observed.id.clone(),
            observed: Some(observed),
            at: live.read_at,
        })
        .collect()
}

#[test]
fn remembers_a_protection_until_what_it_forbade_is_done() {
    let account_id = "1234567890123456".into();
    let target = Target { provider: Provider::Emulator, account_id, endpoint: "none".to_owned() };
    let mut state = State::new("lineage", target);
    let mut is_protected_after = |lines: &str, status| {
        let (spec, live) = (spec(lines), live(status));
        write(
            &mut state,
            None,
            Some(&Seen { spec: &spec, before: None, after: &last(&live), is_well: true, is_whole: true }),
        );
        state.interfaces["a"].protected
    };
    assert!(is_protected_after("status: Active, protect: true", Status::Active));
    assert!(is_protected_after("status: Inactive", Status::Active));
    assert!(!is_protected_after("status: Inactive", Status::Inactive));
}

fn state() -> State {
    let account_id = "1234567890123456".into();
    State::new("lineage", Target { provider: Provider::Emulator, account_id, endpoint: "none".to_owned() })
}

fn at(seconds: i64) -> jiff::Timestamp {
    "2026-11-23T12:00:00Z".parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::from_secs(seconds)
}

fn seen_at(status: Status, seconds: i64) -> LiveState {
    LiveState { read_at: at(seconds), ..live(status) }
}

/// A run that took `a` down from second 10 to second 20.
fn drained() -> crate::journal::Journal {
    use crate::journal::{Entry, Evidence, Journal, Operation, Outcome, PlannedStep, RunStarted};
    let state = state();
    let step = crate::plan::StepId("a/deactivate".into());
    let started = RunStarted {
        run_id: crate::state::RunId("20261123T120000.000Z-1a2b3c".into()),
        at: at(5),
        operation: Operation::Apply,
        who: "ops".to_owned(),
        pid: 1,
        target: state.target,
        lineage: state.lineage,
        serial: 0,
        digest: "sha256:00".to_owned(),
        evidence: Evidence::default(),
        steps: vec![PlannedStep {
            id: step.clone(),
            address: "a".into(),
            call: Some(crate::resource::Call::Deactivate),
            interface_id: "ri-a".into(),
            scope: spec("status: Inactive").interfaces["a"].scope.clone(),
            expect: Status::Active.into(),
            goal: crate::plan::Goal::Inactive,
            reason: None,
            change_id: None,
            guards: Vec::new(),
        }],
    };
    let receipt = crate::resource::Receipt { request_id: crate::resource::RequestId("R".into()), cloud_date: None };
    let (outcome, status, because) = (Outcome::Done, Some(Status::Inactive), None);
    let mut journal = Journal::default();
    let entries = [
        Entry::RunStarted(Box::new(started)),
        Entry::Intent { step: step.clone(), at: at(10) },
        Entry::Accepted { step: step.clone(), at: at(11), receipt },
        Entry::Closed { step, at: at(20), outcome, status, because, uptime: None },
    ];
    journal.encode(&entries).unwrap();
    journal
}

#[test]
fn what_the_last_read_saw_is_what_is_recorded_and_the_refresh_never_outlives_the_run() {
    let (spec, journal) = (spec("status: Inactive"), drained());
    let (before, after) = (seen_at(Status::Active, 1), seen_at(Status::Active, 30));
    let mut state = state();
    let run = journal.replay().open_run();
    write(
        &mut state,
        run,
        Some(&Seen { spec: &spec, before: Some(&before), after: &[], is_well: true, is_whole: true }),
    );
    assert_eq!(
        state.interfaces["a"].observed,
        Sighting { status: Some(Status::Inactive), since: at(20), at: at(20), from_the_first: false }
    );
    write(
        &mut state,
        run,
        Some(&Seen { spec: &spec, before: Some(&before), after: &last(&after), is_well: true, is_whole: true }),
    );
    let record = &state.interfaces["a"];
    assert_eq!(
        record.observed,
        Sighting { status: Some(Status::Active), since: at(30), at: at(30), from_the_first: false }
    );
    assert_eq!(record.declared, Some(crate::resource::DesiredStatus::Inactive), "it was confirmed once");
}

#[test]
fn the_refresh_alone_tells_of_what_no_run_touched() {
    let spec = spec("status: Active");
    let mut state = state();
    for seconds in [1, 9] {
        let before = seen_at(Status::Active, seconds);
        write(
            &mut state,
            None,
            Some(&Seen { spec: &spec, before: Some(&before), after: &[], is_well: true, is_whole: true }),
        );
    }
    assert_eq!(
        state.interfaces["a"].observed,
        Sighting { status: Some(Status::Active), since: at(1), at: at(9), from_the_first: true }
    );
}

#[test]
fn a_renamed_interface_keeps_what_is_recorded_of_it() {
    let mut state = state();
    write(&mut state, drained().replay().open_run(), None);
    let text = "version: 1\ncloud: {provider: emulator, region: cn-shanghai}\ninterfaces:\n  b: {id: ri-a, status: Inactive}\n";
    let renamed = parse(vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: text.into() }]).unwrap();
    let mut after = seen_at(Status::Inactive, 30);
    after.readings = after.readings.into_values().map(|reading| ("b".into(), reading)).collect();
    write(
        &mut state,
        None,
        Some(&Seen { spec: &renamed, before: None, after: &last(&after), is_well: true, is_whole: true }),
    );
    assert_eq!(state.interfaces.keys().map(|address| address.as_str()).collect::<Vec<_>>(), ["b"]);
    assert!(state.interfaces["b"].last_action.is_some());
}

/// A way back of the drain, without a step of its own or with that of the drain.
fn taken_back(drain: &crate::journal::Run, entry: &str) -> crate::journal::Run {
    let mut back = drain.clone();
    let ground = crate::journal::Ground {
        interface_id: "ri-a".into(),
        scope: drain.started.steps[0].scope.clone(),
        follows: None,
        entry: Some(entry.to_owned()),
    };
    back.started.run_id = crate::state::RunId("20261123T120100.000Z-1a2b3c".into());
    back.started.operation = crate::journal::Operation::Rollback;
    back.started.evidence.takes_back = vec![drain.id().clone()];
    back.started.evidence.grounds = vec![ground];
    back
}

#[test]
fn a_change_stands_until_it_is_taken_back_and_that_is_remembered_until_spec_and_live_agree() {
    let spec = spec("status: Inactive");
    let entry = spec.interfaces["a"].digest();
    let drain = drained().replay().open_run().unwrap().clone();
    for is_found_back in [false, true] {
        let mut state = state();
        fold(&mut state, &drain);
        assert_eq!(state.interfaces["a"].changed_by.as_ref(), Some(drain.id()));
        let mut back = taken_back(&drain, &entry);
        if is_found_back {
            back.started.steps.clear();
            back.traces.clear();
        }
        fold(&mut state, &back);
        let record = &state.interfaces["a"];
        assert_eq!(record.changed_by, None);
        assert_eq!(record.taken_back.as_ref().map(|taken| (&taken.by, &taken.run)), Some((back.id(), drain.id())));
        let mut see = |status, second| {
            let before = seen_at(status, second);
            write(
                &mut state,
                None,
                Some(&Seen { spec: &spec, before: Some(&before), after: &[], is_well: true, is_whole: true }),
            );
            state.interfaces["a"].taken_back.is_some()
        };
        assert!(see(Status::Active, 40));
        assert!(!see(Status::Inactive, 50), "they agree");
    }
}

#[test]
fn what_was_taken_back_is_forgotten_once_its_entry_asks_for_something_else() {
    let drain = drained().replay().open_run().unwrap().clone();
    let mut state = state();
    fold(&mut state, &drain);
    fold(&mut state, &taken_back(&drain, &spec("status: Inactive").interfaces["a"].digest()));
    let (spec, before) = (spec("status: Inactive, reason: again"), seen_at(Status::Active, 40));
    write(
        &mut state,
        None,
        Some(&Seen { spec: &spec, before: Some(&before), after: &[], is_well: true, is_whole: true }),
    );
    assert_eq!(state.interfaces["a"].taken_back, None);
}
