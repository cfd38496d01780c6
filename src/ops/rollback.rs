//! The inverse of a run: the same planner and guards, with the statuses that were there before.

use std::collections::BTreeMap;

use crate::journal::{Outcome, PlannedStep, Run};
use crate::plan::{Plan, PlanOptions};
use crate::resource::{Address, DesiredStatus};
use crate::state::RunId;

use super::failure::{Exit, Refusal};
use super::project::Project;

/// Lists the calls of a run that were done and seen to be.
pub(super) fn confirmed(run: &Run) -> Vec<PlannedStep> {
    run.steps()
        .filter(|(step, trace)| {
            let outcome = trace.closed.as_ref().map(|closed| closed.outcome);
            step.call.is_some() && matches!(outcome, Some(Outcome::Done | Outcome::DoneUnknown))
        })
        .map(|(step, _)| step.clone())
        .collect()
}

/// Turns the spec's wishes round for what a run has done, and leaves everything else out.
///
/// # Errors
/// A run that did nothing, or that touched what the spec no longer declares as it was.
pub(super) fn inverse(
    project: &Project,
    confirmed: &[PlannedStep],
    options: &PlanOptions,
) -> Result<(Project, PlanOptions), Refusal> {
    if confirmed.is_empty() {
        return Err(Refusal::new(Exit::Error, "that run confirmed no step, so there is nothing to take back"));
    }
    let mut wishes: BTreeMap<&Address, DesiredStatus> = BTreeMap::new();
    let mut project = project.clone();
    let mut unknown = Vec::new();
    for step in confirmed {
        let Some(before) = step.goal.desired().map(DesiredStatus::inverse) else { continue };
        match project.spec.interfaces.get_mut(&step.address) {
            Some(interface) if interface.id.value == step.interface_id && interface.scope == step.scope => {
                interface.status.value = before;
                wishes.insert(&step.address, before);
            }
            _ => unknown.push(format!("{} ({} in {})", step.address, step.interface_id, step.scope)),
        }
    }
    if !unknown.is_empty() {
        return Err(Refusal {
            exit: Exit::Refused,
            summary: "the spec no longer declares what that run touched, and what is not declared is not touched"
                .to_owned(),
            causes: unknown,
            hint: Some("declare them again, or bring them back by hand".to_owned()),
        });
    }
    let targets = wishes.into_keys().cloned().collect();
    Ok((project, PlanOptions { targets, way_back: true, ..options.clone() }))
}

/// Says of every change that the run is its reason: the spec, turned round, is not what anybody wrote.
pub(super) fn explain(plan: &mut Plan, run_id: &RunId) {
    for change in &mut plan.resource_changes {
        if change.action_reason.take().is_some() {
            change.reason = Some(format!("taking back run {run_id}"));
        }
    }
}
