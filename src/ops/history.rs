//! Past runs, as the journal tells them.

use crate::journal::{Outcome, Run};
use crate::run::pace::Pace;
use crate::run::{Report, StepResult};
use crate::store::local::Recorded;

use super::failure::{Exit, Refusal};

/// Returns every past run, newest first.
pub fn runs(recorded: &Recorded) -> Vec<Report> {
    recorded.journal.replay().runs().iter().rev().map(report).collect()
}

/// Returns how long calls took, as the past runs tell.
pub fn pace(recorded: &Recorded) -> Pace {
    let mut pace = Pace::default();
    for run in recorded.journal.replay().runs() {
        pace.learn_from(&report(run));
    }
    pace
}

/// Returns one past run, if there is one with this id.
pub fn find<'a>(recorded: &'a Recorded, run_id: &str) -> Option<&'a Run> {
    recorded.journal.replay().runs().iter().find(|run| &*run.started.run_id.0 == run_id)
}

/// Says that no run has this id.
pub(super) fn unknown_run(run_id: &str) -> Refusal {
    Refusal::new(Exit::Error, format!("there is no run {run_id}")).hint("`rictl history` lists the runs")
}

/// Tells a run's story as a report.
pub fn report(run: &Run) -> Report {
    let results = run
        .steps()
        .map(|(step, trace)| {
            let closed = trace.closed.as_ref();
            // Of a run that died and was closed later nobody wrote down what it never came to.
            let never_begun = run.end.is_some() && trace.attempts.is_empty();
            StepResult {
                step: step.clone(),
                outcome: closed.map(|closed| closed.outcome).or(never_begun.then_some(Outcome::NotStarted)),
                status: closed.and_then(|closed| closed.status.clone()),
                request_id: trace.request_id().cloned(),
                started_at: trace.attempts.first().map(|attempt| attempt.intent_at),
                finished_at: closed.map(|closed| closed.at),
                because: closed.and_then(|closed| closed.because.clone()),
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
        results,
        stopped: None,
        unrecorded: None,
        end: run.end.clone(),
    }
}
