//! Whose change of an interface stands, and what is not to be done again because it was taken back.

use std::collections::BTreeMap;

use crate::journal::{Ground, Operation, Run};
use crate::state::{Identity, State, TakenBack};

/// What a run came to with one interface.
#[derive(Clone, Copy, Default)]
struct Came {
    /// A call was accepted, or may have been.
    may_have_changed: bool,
    /// Its last step is at its goal.
    is_at_goal: bool,
}

/// Takes into the records what a run means for whose change stands. Runs are folded oldest first.
pub(super) fn note(state: &mut State, run: &Run) {
    let mut came: BTreeMap<Identity, Came> = BTreeMap::new();
    for (step, trace) in run.steps() {
        let came = came.entry(Identity::of(&step.scope, &step.interface_id)).or_default();
        came.may_have_changed |= trace.may_have_changed_something();
        came.is_at_goal = trace.closed.as_ref().is_some_and(|closed| closed.outcome.is_at_goal());
    }
    match run.started.operation {
        Operation::Apply => came
            .into_iter()
            .filter(|(_, came)| came.may_have_changed)
            .for_each(|(identity, _)| changed(state, run, &identity)),
        Operation::Rollback => {
            for ground in &run.started.evidence.grounds {
                let identity = Identity::of(&ground.scope, &ground.interface_id);
                // What was found where it was to be brought has no step.
                let is_back = came.get(&identity).is_none_or(|came| came.is_at_goal);
                if is_back || came.get(&identity).is_some_and(|came| came.may_have_changed) {
                    taken_back(state, run, ground, &identity, is_back);
                }
            }
        }
    }
}

/// Records that an apply changed an interface, or may have.
fn changed(state: &mut State, run: &Run, identity: &Identity) {
    let Some(record) = state.interfaces.of_mut(identity) else { return };
    record.changed_by = Some(run.id().clone());
    record.taken_back = None;
}

/// Records that a way back took an interface back, or may have.
fn taken_back(state: &mut State, run: &Run, ground: &Ground, identity: &Identity, is_back: bool) {
    let Some(record) = state.interfaces.of_mut(identity) else { return };
    if is_back {
        record.changed_by.clone_from(&ground.follows);
    }
    let asked_for = ground.entry.clone().zip(run.started.evidence.takes_back.first());
    record.taken_back = asked_for.map(|(entry, taken)| TakenBack { by: run.id().clone(), run: taken.clone(), entry });
}
