//! What has to be unmoved before a saved plan is run, and what differs when a digest does.

use crate::journal::Run;
use crate::plan::{Plan, Step};
use crate::render::words;
use crate::resource::{LiveState, Reading, Target};
use crate::state::State;

use super::failure::{Exit, Refusal};
use super::project::Project;

/// Refuses a saved plan if anything it rests on has moved.
///
/// # Errors
/// Exit 4 with every difference, or 3 for a plan that was refused when it was made.
pub(super) fn check(
    plan: &Plan,
    project: &Project,
    state: Option<&State>,
    last: Option<&Run>,
    live: &LiveState,
    target: &Target,
) -> Result<(), Refusal> {
    let digest = plan.digest();
    let mut moved = Vec::new();
    if !plan.target.is_same_as(target) {
        moved.push(format!("target: planned for {}, now {target}", plan.target));
    }
    if plan.basis.spec_digest != project.digest {
        moved.push("the spec was edited".to_owned());
    }
    let lineage = state.map(|state| state.lineage.clone());
    if plan.basis.lineage != lineage {
        let name = |lineage: &Option<String>| lineage.clone().unwrap_or_else(|| "no state".to_owned());
        moved.push(format!("state: planned on {}, now {}", name(&plan.basis.lineage), name(&lineage)));
    } else if let Some(state) = state.filter(|state| state.serial != plan.basis.serial) {
        moved.push(format!("state: planned on serial {}, now {}", plan.basis.serial, state.serial));
    }
    // A run of this plan raised the serial, so it is the last one or nothing tells it from any other.
    if let Some(run) = last.filter(|run| run.started.digest == digest && run.started.serial == plan.basis.serial) {
        moved.push(format!("it was applied already, by run {}", run.started.run_id));
    }
    moved.extend(first_steps(plan).filter_map(|step| moved_from(step, live)));
    if moved.is_empty() {
        return Ok(());
    }
    Err(Refusal {
        exit: Exit::Moved,
        summary: "the saved plan is stale: what it was made from has moved".to_owned(),
        causes: moved,
        hint: Some("run `rictl plan --out FILE` again and review what it says now".to_owned()),
    })
}

/// The first step of each interface: what comes later is expected to be brought about by it.
fn first_steps(plan: &Plan) -> impl Iterator<Item = &Step> {
    let mut seen = std::collections::BTreeSet::new();
    plan.steps.iter().filter(move |step| seen.insert(&step.address))
}

fn moved_from(step: &Step, live: &LiveState) -> Option<String> {
    let found = match live.readings.get(&step.address) {
        Some(Reading::Found(observed))
            if step.expect.is_met_by(&observed.status) || step.goal.is_reached_by(&observed.status) =>
        {
            return None;
        }
        Some(Reading::Found(observed)) => observed.status.to_string(),
        Some(Reading::Elsewhere(observed)) => format!("in {}", observed.region),
        Some(Reading::Absent) => "gone".to_owned(),
        Some(Reading::Unreadable) => "unreadable".to_owned(),
        None => "no longer declared".to_owned(),
    };
    Some(format!("{} was {} when planned and is {found} now", step.address, step.expect))
}

/// Says that the plan made afresh is not the one that was approved, and what it would do, line by line.
pub(super) fn other_digest(approved: &str, plan: &Plan) -> Refusal {
    let steps = plan.steps.iter().map(|step| format!("now: {}: {} -> {}", step.id, step.expect, step.goal));
    let blocked = plan.blocked.iter().map(|blocked| {
        let detail = words::plan::blocked(plan, blocked);
        format!("now: {} blocked: {detail}", blocked.address)
    });
    Refusal {
        exit: Exit::Moved,
        summary: "the plan is not the one that was approved".to_owned(),
        causes: [format!("approved {approved}"), format!("planned  {}", plan.digest())]
            .into_iter()
            .chain(steps)
            .chain(blocked)
            .collect(),
        hint: Some("review what `rictl plan` says now, and approve that digest".to_owned()),
    }
}
