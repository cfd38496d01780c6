#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::history::confirmation::Confirmation;
use crate::journal::{Entry, Evidence, Journal, NOT_SENT, PlannedStep, RunStarted};
use crate::plan::{Goal, StepId};
use crate::resource::{AccountName, Call, Provider, Receipt, RequestId, Scope, Status, Target};

fn at(seconds: i64) -> Timestamp {
    "2026-11-23T12:00:00Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_secs(seconds)
}

/// Tells a run of one step as a report.
fn told(entries: impl FnOnce(StepId) -> Vec<Entry>) -> StepResult {
    let step = StepId("a/deactivate".into());
    let started = RunStarted {
        run_id: RunId::made(at(0), "1a2b3c"),
        at: at(0),
        operation: Operation::Apply,
        who: "ops".to_owned(),
        pid: 1,
        target: Target {
            provider: Provider::Emulator,
            account_id: "1234567890123456".into(),
            endpoint: "none".to_owned(),
        },
        lineage: "lineage".to_owned(),
        serial: 0,
        digest: "sha256:00".to_owned(),
        evidence: Evidence::default(),
        steps: vec![PlannedStep {
            id: step.clone(),
            address: "a".into(),
            call: Some(Call::Deactivate),
            interface_id: "ri-a".into(),
            scope: Scope { account: AccountName::default_account(), region: "cn-shanghai".into() },
            expect: Status::Active.into(),
            goal: Goal::Inactive,
            reason: None,
            change_id: None,
            guards: Vec::new(),
        }],
    };
    let mut journal = Journal::default();
    let begun = Entry::RunStarted(Box::new(started));
    journal.encode(&[vec![begun], entries(step)].concat()).unwrap();
    let run = journal.replay().runs()[0].clone();
    let past = Past {
        run,
        is_running: false,
        taken_back_by: None,
        taken_back_at: None,
        confirmation: Confirmation::default(),
        resolved: None,
    };
    past.report().results.remove(0)
}

fn held_back(step: &StepId, seconds: i64) -> [Entry; 2] {
    let (step, detail) = (step.clone(), NOT_SENT.to_owned());
    [
        Entry::Intent { step: step.clone(), at: at(seconds) },
        Entry::Refused { step, at: at(seconds + 1), detail, receipt: None },
    ]
}

#[test]
fn a_call_was_sent_when_it_left_and_not_when_it_was_held_back() {
    let result = told(|step| {
        let receipt = Receipt { request_id: RequestId("R".into()), cloud_date: None };
        let mut entries = held_back(&step, 10).to_vec();
        entries.push(Entry::Intent { step: step.clone(), at: at(20) });
        entries.push(Entry::Accepted { step, at: at(21), receipt });
        entries
    });
    assert_eq!(result.sent_at(), Some(at(20)));
}

#[test]
fn a_step_whose_calls_were_all_held_back_sent_nothing() {
    let result = told(|step| {
        let (outcome, status) = (Outcome::Already, Some(Status::Inactive));
        let mut entries = held_back(&step, 10).to_vec();
        entries.push(Entry::Closed { step, at: at(12), outcome, status, because: None, uptime: None });
        entries
    });
    assert_eq!((result.sent_at(), result.before()), (None, Some(Status::Inactive)));
}
