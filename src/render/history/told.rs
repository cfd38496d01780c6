//! A run's story as a report, and its reasons in words.

use serde::Serialize;
use serde_json::Value;

use crate::journal::{Outcome, Run};
use crate::report::{Report, StepResult};
use crate::run::{Exit, Reason, StepReason};

/// Tells a run's story as a report.
pub(super) fn report(run: &Run) -> Report {
    let results = run
        .steps()
        .map(|(step, trace)| {
            let closed = trace.closed.as_ref();
            // Of a run that died and was closed later nobody wrote down what it never came to.
            let never_begun = run.over.is_some() && trace.attempts.is_empty();
            StepResult {
                step: step.clone(),
                outcome: closed.map(|closed| closed.outcome).or(never_begun.then_some(Outcome::NotStarted)),
                status: closed.and_then(|closed| closed.status.clone()),
                request_id: trace.request_id().cloned(),
                started_at: trace.attempts.first().map(|attempt| attempt.intent_at),
                finished_at: closed.map(|closed| closed.at),
                detail: closed.and_then(|closed| closed.because.as_ref()).map(because),
            }
        })
        .collect();
    Report {
        run_id: run.started.run_id.clone(),
        operation: run.started.operation,
        who: run.started.who.clone(),
        target: run.started.target.clone(),
        digest: run.started.digest.clone(),
        started_at: run.started.at,
        finished_at: run.end().map(|end| end.at),
        results,
        interrupted: run.end().is_some_and(|end| end.exit == Exit::Interrupted),
        stopped_reason: None,
        unrecorded: None,
    }
}

/// Returns why a step ended as it did, in words.
pub(crate) fn because(reason: &StepReason) -> String {
    match reason {
        StepReason::Told { text } => text.clone(),
        other => words(other),
    }
}

/// Returns a reason why a run did not end with code 0, in words.
pub(super) fn detail(reason: &Reason) -> String {
    words(reason)
}

/// Returns such a reason as it stands in JSON: its code, what it is about, and the words.
pub(super) fn document(reason: &Reason) -> Value {
    let mut document = value(reason);
    document["detail"] = detail(reason).into();
    document
}

fn value(reason: &impl Serialize) -> Value {
    serde_json::to_value(reason).expect("a reason has string keys only")
}

/// Words a reason by its code and its facts.
fn words(reason: &impl Serialize) -> String {
    let value = value(reason);
    let code = value["code"].as_str().unwrap_or_default().replace('_', " ");
    let facts = value.as_object().into_iter().flatten().filter(|(key, value)| *key != "code" && !value.is_null());
    let facts = facts.map(|(key, value)| match value {
        Value::String(text) => format!("{key} {text}"),
        other => format!("{key} {other}"),
    });
    let facts: Vec<String> = facts.collect();
    if facts.is_empty() { code } else { format!("{code}: {}", facts.join(", ")) }
}
