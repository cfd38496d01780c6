//! What a run that goes on is at work on: where its own steps stand, or lead to, has nobody moved.

use crate::journal::{PlannedStep, Run, Trace};
use crate::resource::{LiveState, Status};

use super::{DriftCause, DriftItem};

/// Takes out what the run that goes on has brought where it is, or is still to move from there. What is elsewhere, locked or
/// gone stays, whatever the run was to do with it.
pub(crate) fn leave_out(items: &mut Vec<DriftItem>, live: &LiveState, run: &Run) {
    items.retain(|item| !is_of(item, live, run));
}

fn is_of(item: &DriftItem, live: &LiveState, run: &Run) -> bool {
    if matches!(item.cause, DriftCause::HandsOff | DriftCause::OtherEnd | DriftCause::Blocked)
        || item.business_status.is_some()
    {
        return false;
    }
    let Some(status) = &item.live else { return false };
    let other_end =
        live.readings.get(&item.address).and_then(|reading| reading.found()?.opposite.interface_id.as_ref());
    run.steps().any(|(step, trace)| {
        if step.interface_id == item.id && step.scope == item.scope {
            stands_at(step, trace, status)
        } else {
            other_end == Some(&step.interface_id) && takes_along(step, trace, status)
        }
    })
}

/// Returns whether a step explains why its interface has this status.
fn stands_at(step: &PlannedStep, trace: &Trace, status: &Status) -> bool {
    match &trace.closed {
        Some(closed) => closed.outcome.is_at_goal() && step.goal.is_reached_by(status),
        None => step.expect.is_met_by(status) || step.goal.is_reached_by(status) || leads(step, status),
    }
}

/// Returns whether a step may have brought the other end of its link to this status.
fn takes_along(step: &PlannedStep, trace: &Trace, status: &Status) -> bool {
    match &trace.closed {
        Some(closed) => closed.outcome.is_at_goal() && step.goal.is_reached_by(status),
        None => trace.open_call().is_some() && leads(step, status),
    }
}

fn leads(step: &PlannedStep, status: &Status) -> bool {
    step.call.map(|call| call.transition()).is_some_and(|way| way.through == status || way.to == status)
}
