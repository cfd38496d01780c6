//! The inverse of a run: the same planner and guards, with the statuses that were there before.
//!
//! What a run touched is found by account, region and id, whatever the spec calls it now. What a newer run has changed
//! since, and what is not declared any more, is held back unless that is asked for.

mod since;

use std::collections::BTreeMap;

use anyhow::Result;

use crate::diagnostic::Place;
use crate::journal::{Ground, Operation, PlannedStep, Run};
use crate::plan::{BlockReason, Plan, PlanOptions};
use crate::resource::{Address, DesiredStatus};
use crate::selector::Selector;
use crate::spec::{Extent, Interface, InterfacePlaces, Placed, Planned, Spec};
use crate::state::{Identity, RunId, State};

use super::failure::{Exit, Refusal};
use super::project::Project;

use since::Since;

/// How a run is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Somebody asks for it.
    Asked(Loosened),
    /// It follows a run that failed: no caps, and what is not declared any more is taken back too.
    Automatic,
}

/// What somebody who takes a run back asks for beyond that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loosened {
    /// `--with-rollout`: the checks and pauses of the spec's rollout.
    pub with_rollout: bool,
    /// `--force-superseded`: what a newer run has changed since, too.
    pub force_superseded: bool,
    /// `--undeclared`: what the spec does not declare, too.
    pub undeclared: bool,
}

/// What takes a run back.
pub(super) struct Inverse {
    /// The spec, with its wishes turned round.
    pub(super) project: Project,
    /// What to plan of it.
    pub(super) options: PlanOptions,
    /// What each interface stands on once it is taken back.
    pub(super) grounds: BTreeMap<Address, Ground>,
}

/// Lists the calls of a run that were done, or may have been.
pub(super) fn sent(run: &Run) -> impl Iterator<Item = &PlannedStep> {
    let sent = run.steps().filter(|(step, trace)| step.call.is_some() && trace.may_have_changed_something());
    sent.map(|(step, _)| step)
}

/// Turns the spec's wishes round for what a run has done, and leaves everything else out. `None` where all of it was taken
/// back already.
///
/// # Errors
/// A run that did nothing, and an archive that cannot be read.
pub(super) fn inverse(
    project: &Project,
    run: &Run,
    state: Option<&State>,
    way: Way,
    options: &PlanOptions,
    open: impl Fn(&RunId) -> Result<Option<Run>>,
) -> Result<Option<Inverse>> {
    if sent(run).next().is_none() {
        let refusal = Refusal::new(Exit::Error, "that run confirmed no step, so there is nothing to take back");
        return Err(refusal.into());
    }
    let mut inverse = Inverse::of(project, way, options);
    let declared: BTreeMap<Identity, Address> = project
        .spec
        .interfaces
        .iter()
        .map(|(address, entry)| (Identity::of(&entry.scope, &entry.id.value), address.clone()))
        .collect();
    let follows = follows(run);
    let mut known = BTreeMap::new();
    for step in sent(run) {
        let identity = Identity::of(&step.scope, &step.interface_id);
        let record = state.and_then(|state| state.interfaces.of(&identity)).map(|(_, record)| record);
        let since = since::since(run, record, &mut known, &open)?;
        let Some(before) = step.goal.desired().map(DesiredStatus::inverse).filter(|_| since != Since::TakenBack) else {
            continue;
        };
        let address = inverse.wish(step, declared.get(&identity), before, way);
        if let Since::Superseded { run_id, change_id } = since
            && !way.loosened().force_superseded
        {
            inverse.options.held.insert(address.clone(), BlockReason::Superseded { run_id, change_id });
        }
        if !inverse.options.held.contains_key(&address) {
            let entry = project.spec.interfaces.get(&address).map(Interface::digest);
            let follows = follows(&identity);
            let ground = Ground { interface_id: identity.id, scope: identity.scope, follows, entry };
            inverse.grounds.insert(address, ground);
        }
    }
    Ok((!inverse.options.targets.is_empty()).then_some(inverse))
}

/// Returns of each interface whose change of it stands once the run is taken back.
fn follows(run: &Run) -> impl Fn(&Identity) -> Option<RunId> {
    let evidence = &run.started.evidence;
    let grounds: BTreeMap<Identity, Option<RunId>> = evidence
        .grounds
        .iter()
        .map(|ground| (Identity::of(&ground.scope, &ground.interface_id), ground.follows.clone()))
        .collect();
    // Taking back a way back does again what it had taken back.
    let redone = (run.started.operation == Operation::Rollback).then(|| evidence.takes_back.first().cloned());
    move |identity| redone.clone().unwrap_or_else(|| grounds.get(identity).cloned().flatten())
}

impl Way {
    fn loosened(self) -> Loosened {
        match self {
            Self::Asked(loosened) => loosened,
            Self::Automatic => Loosened { undeclared: true, ..Loosened::default() },
        }
    }
}

impl Inverse {
    /// Starts with nothing to take back.
    fn of(project: &Project, way: Way, options: &PlanOptions) -> Self {
        let mut project = project.clone();
        if !way.loosened().with_rollout {
            project.spec.rollout = None;
        }
        if way == Way::Automatic {
            // Caps bound what a person asks for; this is bounded by what was done.
            let limits = &mut project.spec.limits;
            (limits.max_changes, limits.max_changes_percent) = (None, None);
            (limits.per_group, limits.per_region) = (None, None);
        }
        let options = PlanOptions { targets: Vec::new(), way_back: true, ..options.clone() };
        Self { project, options, grounds: BTreeMap::new() }
    }

    /// Wishes an interface back, and returns what it is called.
    fn wish(&mut self, step: &PlannedStep, declared: Option<&Address>, before: DesiredStatus, way: Way) -> Address {
        let address = declared.cloned().unwrap_or_else(|| free_name(&self.project.spec, step));
        let is_known = self.project.spec.extent == Extent::Whole;
        if declared.is_none() && is_known && !way.loosened().undeclared {
            self.options.held.insert(address.clone(), BlockReason::Undeclared);
        }
        let entry = self.project.spec.interfaces.entry(address.clone()).or_insert_with(|| undeclared(step, before));
        entry.status.value = before;
        self.options.targets.push(Selector::of(&address));
        address
    }
}

/// Returns what the run called an interface, or its id where something else is called so now.
fn free_name(spec: &Spec, step: &PlannedStep) -> Address {
    if spec.interfaces.contains_key(&step.address) { step.interface_id.as_str().into() } else { step.address.clone() }
}

/// Makes an entry for what the spec does not declare.
fn undeclared(step: &PlannedStep, status: DesiredStatus) -> Interface {
    let place = Place::default();
    Interface {
        id: Placed { value: step.interface_id.clone(), place },
        scope: step.scope.clone(),
        status: Placed { value: status, place },
        group: None,
        labels: BTreeMap::new(),
        depends_on: Vec::new(),
        reason: None,
        protect: None,
        hands_off: None,
        activate_timeout: None,
        deactivate_timeout: None,
        planned: Planned::default(),
        place,
        places: InterfacePlaces::default(),
    }
}

/// Says of every change that the run is its reason: the spec, turned round, is not what anybody wrote.
pub(super) fn explain(plan: &mut Plan, run_id: &RunId) {
    for change in &mut plan.resource_changes {
        if change.action_reason.take().is_some() {
            change.reason = Some(format!("taking back run {run_id}"));
        }
    }
}
