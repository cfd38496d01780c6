//! From the story of a run to the state: what was confirmed becomes the record, what was hoped does not.

use super::PlannedStep;
use super::replay::{Answer, Run, Trace};
use crate::state::{LastAction, Record, RunId, Sighting, State};

/// Folds a run into the records of its interfaces. Folding the same run again changes nothing; the serial is left
/// to whoever commits.
pub fn fold(state: &mut State, run: &Run) {
    let run_id = &run.started.run_id;
    for (step, trace) in run.steps() {
        let known = state.interfaces.get_mut(&step.address).filter(|record| record.id == step.interface_id);
        match (known, first_sighting(step, trace)) {
            (Some(record), _) => fold_step(record, run_id, step, trace),
            (None, Some(sighting)) => {
                let mut record = first_record(step, sighting);
                fold_step(&mut record, run_id, step, trace);
                state.interfaces.insert(step.address.clone(), record);
            }
            (None, None) => {}
        }
    }
    state.last_run = Some(run_id.clone());
}

/// Returns the first thing the run saw of the interface, for one that has no record yet: the status that was read
/// before the call, or the one that closed the step. `None` for a step that was never looked at.
fn first_sighting(step: &PlannedStep, trace: &Trace) -> Option<Sighting> {
    if let Some(attempt) = trace.attempts.first() {
        // An intent is recorded only after a fresh read said `expect`.
        return Some(Sighting { status: Some(step.expect.clone()), since: attempt.intent_at });
    }
    let closed = trace.closed.as_ref()?;
    closed.status.clone().map(|status| Sighting { status: Some(status), since: closed.at })
}

/// Starts the record of an interface that has none, or whose address now names another interface.
fn first_record(step: &PlannedStep, observed: Sighting) -> Record {
    Record {
        id: step.interface_id.clone(),
        scope: step.scope.clone(),
        declared: None,
        observed,
        protected: false,
        group: None,
        last_action: None,
    }
}

fn fold_step(record: &mut Record, run_id: &RunId, step: &PlannedStep, trace: &Trace) {
    record.scope = step.scope.clone();
    if let Some(closed) = &trace.closed {
        if let Some(status) = &closed.status {
            record.observed.update(Some(status.clone()), closed.at);
        }
        if closed.outcome.is_at_goal() {
            record.declared = step.goal.desired().or(record.declared);
        }
    }
    if let Some(action) = last_action(run_id, step, trace) {
        record.last_action = Some(action);
    }
}

fn last_action(run_id: &RunId, step: &PlannedStep, trace: &Trace) -> Option<LastAction> {
    let (action, attempt) = (step.call?, trace.attempts.last()?);
    let answered_at = match &attempt.answer {
        Answer::Accepted { at, .. } | Answer::Refused { at, .. } | Answer::Doubtful { at, .. } => *at,
        Answer::Unrecorded => attempt.intent_at,
    };
    Some(LastAction {
        run_id: run_id.clone(),
        step: step.id.clone(),
        action,
        request_id: trace.request_id().cloned(),
        started_at: attempt.intent_at,
        finished_at: trace.closed.as_ref().map_or(answered_at, |closed| closed.at),
        outcome: trace.outcome(),
    })
}
