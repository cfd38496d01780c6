#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::journal::{Entry, Evidence, Journal, Operation, Outcome, RunStarted};
use crate::plan::{Action, Goal, StepId};
use crate::resource::{AccountName, Provider, Receipt, Status, Target};
use crate::run::{Exit, RunEnd};

fn at(seconds: i64) -> Timestamp {
    "2026-11-23T12:00:00Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_secs(seconds)
}

fn step(address: &str, call: Call) -> PlannedStep {
    let address = Address::from(address);
    let (expect, goal) = match call {
        Call::Deactivate => (Status::Active, Goal::Inactive),
        Call::Activate => (Status::Inactive, Goal::Active),
    };
    PlannedStep {
        id: StepId::new(&address, Action::Call(call)),
        interface_id: format!("ri-{address}").into(),
        address,
        call: Some(call),
        scope: Scope { account: AccountName::default_account(), region: "cn-shanghai".into() },
        expect: expect.into(),
        goal,
        reason: None,
        change_id: Some("CHG-1".into()),
        guards: Vec::new(),
    }
}

/// A run that begins at `begun` and whose steps end a second after one another, as they are given.
fn run(begun: i64, steps: &[(&str, Call, Outcome)]) -> Run {
    let id = RunId::made(at(begun), "1a2b3c");
    let planned: Vec<PlannedStep> = steps.iter().map(|(address, call, _)| step(address, *call)).collect();
    let account_id = "1234567890123456".into();
    let started = RunStarted {
        run_id: id,
        at: at(begun),
        operation: Operation::Apply,
        who: "ops".to_owned(),
        pid: 1,
        target: Target { provider: Provider::Emulator, account_id, endpoint: "none".to_owned() },
        lineage: "lineage".to_owned(),
        serial: 0,
        digest: "sha256:00".to_owned(),
        evidence: Evidence::default(),
        steps: planned.clone(),
    };
    let mut entries = vec![Entry::RunStarted(Box::new(started))];
    for (number, (planned, (_, _, outcome))) in (begun + 1..).zip(planned.into_iter().zip(steps)) {
        let step = planned.id;
        if *outcome != Outcome::Already {
            let receipt = Receipt { request_id: RequestId(format!("R-{number}").into()), cloud_date: None };
            entries.push(Entry::Intent { step: step.clone(), at: at(number) });
            entries.push(Entry::Accepted { step: step.clone(), at: at(number), receipt });
        }
        let closed =
            Entry::Closed { step, at: at(number), outcome: *outcome, status: None, because: None, uptime: None };
        entries.push(closed);
    }
    entries.push(Entry::RunEnded(RunEnd::of_code(at(begun + 60), Exit::Done)));
    let mut journal = Journal::default();
    journal.encode(&entries).unwrap();
    journal.replay().runs()[0].clone()
}

fn of_runs(runs: &[Run]) -> Vec<Down> {
    downs(runs.iter().flat_map(|run| run.steps().map(move |(step, trace)| (run, step, trace))))
}

/// Says of each time that a link was down which it was, from when to when.
fn told(runs: &[Run]) -> Vec<(String, i64, Option<i64>)> {
    let seconds = |settled: &Settled| settled.at.duration_since(at(0)).as_secs();
    let of = |down: &Down| (down.address.to_string(), seconds(&down.drained), down.returned.as_ref().map(seconds));
    of_runs(runs).iter().map(of).collect()
}

use Call::{Activate, Deactivate};
use Outcome::{Already, Done, Unsettled};

#[test]
fn a_link_was_down_from_the_drain_that_was_seen_to_the_return_that_was_seen() {
    let runs = [run(0, &[("a", Deactivate, Done), ("b", Deactivate, Done)]), run(100, &[("a", Activate, Done)])];
    assert_eq!(told(&runs), [("a".to_owned(), 1, Some(101)), ("b".to_owned(), 2, None)]);
    let [down, _] = <[Down; 2]>::try_from(of_runs(&runs)).unwrap();
    let request = |settled: &Settled| settled.request_id.as_ref().unwrap().to_string();
    assert_eq!([request(&down.drained), request(&down.returned.unwrap())], ["R-1", "R-101"]);
}

#[test]
fn what_no_call_of_ours_did_is_no_beginning_and_no_end() {
    let found_down = [run(0, &[("a", Deactivate, Already)]), run(100, &[("a", Activate, Done)])];
    assert_eq!(told(&found_down), []);
    let found_up = [run(0, &[("a", Deactivate, Done)]), run(100, &[("a", Activate, Already)])];
    assert_eq!(told(&found_up), [("a".to_owned(), 1, None)]);
    let stuck = [run(0, &[("a", Deactivate, Unsettled)])];
    assert_eq!(told(&stuck), []);
}

#[test]
fn a_link_that_goes_twice_was_down_twice() {
    let runs = [
        run(0, &[("a", Deactivate, Done)]),
        run(100, &[("a", Activate, Done)]),
        run(200, &[("a", Deactivate, Done)]),
        run(300, &[("a", Activate, Done)]),
    ];
    assert_eq!(told(&runs), [("a".to_owned(), 1, Some(101)), ("a".to_owned(), 201, Some(301))]);
}

#[test]
fn a_run_is_of_the_changes_of_its_steps() {
    let run = run(0, &[("a", Deactivate, Done)]);
    assert!(is_of_change(&run, "CHG-1") && !is_of_change(&run, "CHG-10"));
    assert_eq!(changes_of(&run).collect::<Vec<_>>(), ["CHG-1"]);
}

#[test]
fn a_step_is_of_its_own_change_and_of_a_way_back_that_says_of_none_of_what_it_takes_back() {
    let mut drain = run(0, &[("a", Deactivate, Done), ("b", Deactivate, Done)]);
    drain.started.steps[1].change_id = Some("CHG-2".into());
    let mut back = run(100, &[("a", Activate, Done), ("b", Activate, Done)]);
    back.started.operation = Operation::Rollback;
    back.started.evidence.takes_back = vec![drain.id().clone()];
    back.started.steps.iter_mut().for_each(|step| step.change_id = None);
    let of = |change: &str| {
        let others = others(change, [&drain, &back]);
        others.iter().map(|(_, step)| step.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(of("CHG-1"), ["b/deactivate", "b/activate"]);
    assert_eq!(of("CHG-2"), ["a/deactivate", "a/activate"]);
}
