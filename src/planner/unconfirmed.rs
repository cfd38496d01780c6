//! What a run changed that awaits confirmation: nobody else touches it meanwhile.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::plan::{BlockReason, Doubt, PlanOptions, Warning};
use crate::resource::Address;
use crate::state::{Awaiting, Identity, RunId, State};

use super::Inputs;
use super::pairs::Pairs;
use super::subject::Subjects;

/// Holds back every interface that a run changed which awaits confirmation, and the other end of each: both may move as one.
pub(super) fn hold<'o>(
    (subjects, pairs): (&Subjects<'_>, &Pairs),
    state: Option<&State>,
    options: &'o PlanOptions,
) -> Cow<'o, PlanOptions> {
    let awaiting = of(state);
    let reason = |identity: &Identity| {
        let awaits = awaiting.iter().find(|awaits| awaits.is_about(identity))?;
        let (run_id, left_by) = (awaits.run_id.clone(), awaits.left_by.clone());
        Some(BlockReason::Unconfirmed {
            run_id,
            until: awaits.deadline.until,
            is_due: awaits.is_due(options.now, None),
            left_by,
        })
    };
    let of_end = |number| {
        let declared = subjects[number].declared;
        reason(&Identity::of(&declared.scope, &declared.id.value))
    };
    let of_link = |number| of_end(number).or_else(|| pairs.peer(number).and_then(of_end));
    let held: Vec<(&Address, BlockReason)> = if awaiting.is_empty() {
        Vec::new()
    } else {
        subjects.numbers().filter_map(|number| Some((subjects[number].address, of_link(number)?))).collect()
    };
    if held.is_empty() {
        return Cow::Borrowed(options);
    }
    let mut options = options.clone();
    for (address, reason) in held {
        options.held.entry(address.clone()).or_insert(reason);
    }
    Cow::Owned(options)
}

/// Names the runs that await confirmation.
pub(super) fn warnings(inputs: &Inputs<'_>, now: Timestamp) -> impl Iterator<Item = Warning> {
    of(inputs.state).iter().map(move |awaits| warning(awaits, inputs.doubts, now))
}

/// Names the runs that nobody has confirmed in time, and nobody has taken back.
pub fn overdue(state: Option<&State>, now: Timestamp) -> impl Iterator<Item = Warning> {
    of(state).iter().filter(move |awaits| awaits.is_due(now, None)).map(move |awaits| warning(awaits, &[], now))
}

fn warning(awaits: &Awaiting, doubts: &[Doubt], now: Timestamp) -> Warning {
    let in_doubt = |by: &RunId| {
        let of_it = doubts.iter().filter(|doubt| doubt.run_id == by.0.as_ref());
        of_it.map(|doubt| doubt.step.clone()).collect()
    };
    Warning::Unconfirmed {
        run_id: awaits.run_id.clone(),
        until: awaits.deadline.until,
        is_due: awaits.is_due(now, None),
        left_by: awaits.left_by.clone(),
        in_doubt: awaits.left_by.as_ref().map(in_doubt).unwrap_or_default(),
    }
}

fn of(state: Option<&State>) -> &[Awaiting] {
    state.map(|state| state.awaiting.as_slice()).unwrap_or_default()
}
