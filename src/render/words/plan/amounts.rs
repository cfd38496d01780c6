//! What a plan amounts to, of one interface and of all.

use crate::language::say;
use crate::plan::{Action, ActionReason, Plan, ResourceChange, Step, Summary};
use crate::resource::{Address, Call};

/// Returns Terraform's summary line, byte for byte.
pub(crate) fn plan_line(summary: Summary) -> String {
    say!("Plan: 0 to add, {to_change} to change, 0 to destroy.", to_change = summary.to_change)
}

/// Returns our own line, which follows it.
fn counts_line(summary: Summary) -> String {
    let Summary { to_deactivate, to_activate, to_wait_for, blocked, .. } = summary;
    say!(
        "{to_deactivate} to deactivate, {to_activate} to activate, {to_wait_for} to wait for; {blocked} blocked.",
        to_deactivate,
        to_activate,
        to_wait_for,
        blocked
    )
}

/// Returns the same of a plan.
pub(crate) fn counts_of(plan: &Plan) -> String {
    let counts = counts_line(plan.summary());
    match plan.there_already() {
        0 => counts,
        there => say!("{counts} Already there: {there}.", counts, there),
    }
}

/// Returns what an interface's steps amount to, e.g. `will be deactivated`.
fn intention(steps: &[&Step]) -> &'static str {
    let has = |action| steps.iter().any(|step| step.action == action);
    match (has(Action::Wait), has(Action::Call(Call::Activate)), has(Action::Call(Call::Deactivate))) {
        (false, true, _) => say!("will be activated"),
        (false, false, _) => say!("will be deactivated"),
        (true, true, _) => say!("will be waited for, then activated"),
        (true, false, true) => say!("will be waited for, then deactivated"),
        (true, false, false) => say!("will be waited for"),
    }
}

/// Returns what the steps of an interface amount to, where it may be where they lead already.
pub(crate) fn intention_of(address: &Address, steps: &[&Step], plan: &Plan) -> &'static str {
    if plan.is_there_already(address) { say!("is already there") } else { intention(steps) }
}

/// Returns why an interface changes, in words; nothing of what is there already.
pub(crate) fn because(change: &ResourceChange) -> Option<&'static str> {
    if change.is_there_already {
        return None;
    }
    Some(match change.action_reason? {
        _ if change.taken_back_by.is_some() => say!("taken back before"),
        ActionReason::SpecChanged => say!("spec changed"),
        ActionReason::Drift => say!("drift"),
        ActionReason::Both => say!("spec changed and drift"),
        ActionReason::New => say!("never applied before"),
        ActionReason::ChangeBegun => say!("change begun"),
        ActionReason::ChangeEnded => say!("change ended"),
    })
}
