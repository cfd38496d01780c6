//! From the story of a run to the records: what was confirmed becomes the record, what was hoped does not.
//!
//! Every fact has its time, and none overwrites a newer one, whatever the order in which runs are folded.

use jiff::Timestamp;

use super::{confirmation, standing};
use crate::journal::{Answer, Closed, Operation, Outcome, PlannedStep, Run, Trace};
use crate::resource::Call;
use crate::state::{Durations, Identity, LastAction, Record, RunId, Sighting, State, Straggler};

/// Folds a run into the records of its interfaces. Folding the same run again changes nothing; the serial is left
/// to whoever commits.
pub fn fold(state: &mut State, run: &Run) {
    // A run that is folded once more, since its process died over that, has written its own times already.
    if state.last_run.as_ref() != Some(run.id()) {
        state.interfaces.values_mut().for_each(|record| record.observed.keep_from_the_future(run.started.at));
    }
    for (step, trace) in run.steps() {
        let identity = Identity::of(&step.scope, &step.interface_id);
        if state.interfaces.of(&identity).is_none() {
            let Some(sighting) = first_sighting(step, trace) else { continue };
            let is_newer = |known: &Record| known.observed.at > sighting.at;
            if state.interfaces.get(&step.address).is_some_and(is_newer) {
                continue;
            }
            state.interfaces.insert(step.address.clone(), first_record(&identity, sighting));
        }
        if let Some(record) = state.interfaces.of_mut(&identity) {
            fold_step(record, run, step, trace);
        }
    }
    standing::note(state, run);
    confirmation::note(state, run);
    state.last_run = Some(run.id().clone());
}

/// Returns the first thing the run saw of the interface, for one that has no record yet: the status that was read
/// before the call, or the one that closed the step. `None` for a step that was never looked at.
fn first_sighting(step: &PlannedStep, trace: &Trace) -> Option<Sighting> {
    if let Some((attempt, expected)) = trace.attempts.first().zip(step.expect.status()) {
        // An intent is recorded only after a fresh read said what was expected.
        return Some(Sighting::first(Some(expected.clone()), attempt.intent_at));
    }
    let closed = trace.closed.as_ref()?;
    closed.status.clone().map(|status| Sighting::first(Some(status), closed.at))
}

/// Starts the record of an interface that has none.
pub(super) fn first_record(identity: &Identity, observed: Sighting) -> Record {
    Record {
        id: identity.id.clone(),
        scope: identity.scope.clone(),
        declared: None,
        change_id: None,
        observed,
        protected: false,
        forgotten: false,
        group: None,
        durations: Durations::default(),
        last_action: None,
        straggler: None,
        changed_by: None,
        taken_back: None,
    }
}

fn fold_step(record: &mut Record, run: &Run, step: &PlannedStep, trace: &Trace) {
    let run_id = run.id();
    if let Some(expected) = step.expect.status() {
        for attempt in &trace.attempts {
            record.see(Some(expected.clone()), attempt.intent_at, None);
        }
    }
    if let Some(closed) = &trace.closed {
        let is_news = closed.at >= record.observed.at;
        if let Some(status) = closed.status.as_ref().filter(|_| was_looked_at(closed)) {
            record.see(Some(status.clone()), closed.at, begun(step.call, closed, trace));
        }
        if closed.outcome.is_at_goal()
            && is_news
            && let Some(desired) = step.goal.desired()
        {
            record.declared = Some(desired);
            // What is taken back is of no change any more.
            record.change_id = step.change_id.clone().filter(|_| run.started.operation == Operation::Apply);
        }
    }
    let Some(action) = last_action(run_id, step, trace) else { return };
    let is_another = |last: &&LastAction| last.run_id != *run_id || last.step != step.id;
    if let Some(open) = record.open_action().filter(is_another).filter(|last| is_later(&action, last)) {
        record.straggler = Some(straggler(open));
    }
    if is_repeated(trace) {
        record.straggler = Some(straggler(&action));
    }
    if record.last_action.as_ref().is_none_or(|last| is_later(&action, last)) {
        // What a dead run left was looked at when somebody came, not when it settled.
        if let Some((call, taken)) = settled(step, trace).filter(|_| run.end().is_some()) {
            record.durations.add(call, taken);
        }
        record.last_action = Some(action);
    } else if record.last_action.as_ref().is_some_and(|last| last.run_id == *run_id && last.step == step.id) {
        record.last_action = Some(action);
    }
}

/// Returns whether a call was sent again after its answer was lost: whatever was seen since, one copy more may arrive.
fn is_repeated(trace: &Trace) -> bool {
    let [before @ .., _] = trace.attempts.as_slice() else { return false };
    before.iter().any(|attempt| matches!(attempt.answer, Answer::Doubtful { .. } | Answer::Unrecorded))
}

/// Returns what may still arrive of a call; from its end, for when it was sent may be another process's time.
fn straggler(action: &LastAction) -> Straggler {
    Straggler { action: action.action, at: action.finished_at, uptime: action.uptime.clone() }
}

/// Returns whether `action` was sent after `last`: by the clock of the machine's boot where both know it, since the wall clock
/// may have been set between two runs. Where one does not, its run died: then by the order in which runs are folded.
fn is_later(action: &LastAction, last: &LastAction) -> bool {
    match (&action.uptime, &last.uptime) {
        (Some(action), Some(last)) if action.boot == last.boot => action.ms > last.ms,
        (Some(_), None) | (None, Some(_)) => action.run_id != last.run_id,
        _ => action.started_at > last.started_at,
    }
}

/// Returns whether the step's status was read for its end; that of a step that never began may be from long before.
fn was_looked_at(closed: &Closed) -> bool {
    !matches!(closed.outcome, Outcome::Skipped | Outcome::NotStarted)
}

/// Returns when the status that closed a step began, where the answer to our own call proves that.
fn begun(call: Option<Call>, closed: &Closed, trace: &Trace) -> Option<Timestamp> {
    let through = call?.transition().through;
    trace.accepted_at().filter(|_| closed.status.as_ref() == Some(through))
}

/// Returns how long a call took from its intent to its goal, if nothing about that is in doubt.
fn settled(step: &PlannedStep, trace: &Trace) -> Option<(Call, std::time::Duration)> {
    let (call, attempt, closed) = (step.call?, trace.attempts.last()?, trace.closed.as_ref()?);
    let taken = closed.at.duration_since(attempt.intent_at).try_into().ok()?;
    (closed.outcome == Outcome::Done).then_some((call, taken))
}

fn last_action(run_id: &RunId, step: &PlannedStep, trace: &Trace) -> Option<LastAction> {
    let (action, attempt) = (step.call?, trace.attempts.last()?);
    let answered_at = match &attempt.answer {
        Answer::Accepted { at, .. } | Answer::Refused { at, .. } | Answer::Doubtful { at, .. } => *at,
        Answer::Unrecorded => attempt.intent_at,
    };
    let closed = trace.closed.as_ref();
    Some(LastAction {
        run_id: run_id.clone(),
        step: step.id.clone(),
        action,
        request_id: trace.acceptance().map(|receipt| receipt.request_id.clone()),
        started_at: attempt.intent_at,
        finished_at: closed.map_or(answered_at, |closed| closed.at),
        outcome: closed.map(|closed| closed.outcome),
        found: closed.and_then(|closed| closed.status.clone()),
        because: closed.and_then(|closed| closed.because.clone()),
        uptime: closed.and_then(|closed| closed.uptime.clone()),
        has_moved_since: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Action, StepId};
    use crate::uptime::Uptime;

    /// A call of this run, sent at this hour by the clock on the wall, that ended so long after the machine's boot.
    fn action(run: &str, hour: i64, ms: Option<u64>) -> LastAction {
        let at = Timestamp::from_second(hour * 3600).unwrap();
        LastAction {
            run_id: RunId(run.into()),
            step: StepId::new(&"a".into(), Action::Call(Call::Deactivate)),
            action: Call::Deactivate,
            request_id: None,
            started_at: at,
            finished_at: at,
            outcome: Some(Outcome::InDoubt),
            found: None,
            because: None,
            uptime: ms.map(|ms| Uptime { boot: "boot".to_owned(), ms }),
            has_moved_since: false,
        }
    }

    #[test]
    fn a_clock_that_was_ahead_hides_no_call_that_was_sent_after() {
        // In one boot by its clock, whatever the one on the wall says.
        assert!(is_later(&action("B", 1, Some(9)), &action("A", 2, Some(8))));
        assert!(!is_later(&action("A", 2, Some(8)), &action("B", 1, Some(9))));
        // A run that died has no such time: it is folded after those before it.
        assert!(is_later(&action("B", 1, Some(9)), &action("A", 2, None)));
        assert!(is_later(&action("B", 1, None), &action("A", 2, Some(8))));
        assert!(!is_later(&action("A", 2, None), &action("A", 2, Some(8))), "it is the same run");
        // Without any, by the wall.
        assert!(is_later(&action("B", 2, None), &action("A", 1, None)));
        assert!(!is_later(&action("B", 1, None), &action("A", 2, None)));
    }
}
