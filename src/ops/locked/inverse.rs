//! The plan of a way back: the inverse of what runs did, through the same planner.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::cloud::acting::Acting;
use crate::journal::Run;
use crate::ops::beside::Elsewhere;
use crate::ops::rollback::{self, Done, Inverse, Way};
use crate::plan::{BlockReason, Plan, PlanOptions};
use crate::resource::Address;
use crate::state::{Awaiting, Identity, RunId, State};
use crate::store::Store;

use super::super::session::Front;
use super::{Locked, Planned, TakesBack};

impl<C: Acting, S: Store> Locked<'_, C, S> {
    /// Plans the inverse of what a run did, from what `state` knows; `None` where all of it was taken back already.
    pub(super) async fn plan_back(
        &self,
        done: Done<'_>,
        state: Option<&State>,
        way: Way,
        options: &PlanOptions,
        front: &mut impl Front,
    ) -> Result<Option<Planned>> {
        let runs = done.runs;
        let elsewhere = Elsewhere::of(&self.session.project, Some(&self.target));
        let open = |id: &RunId| match self.store.run(id)? {
            None => elsewhere.run(id),
            known => Ok(known),
        };
        // That it awaits confirmation itself holds nothing of it back.
        let is_own = |awaits: &Awaiting| runs.iter().any(|run| awaits.run_id == *run.id());
        let without = state.filter(|state| state.awaiting.iter().any(is_own)).cloned();
        let without = without.map(|mut state| {
            state.awaiting.retain(|awaits| !is_own(awaits));
            state
        });
        let state = without.as_ref().or(state);
        let inverse = rollback::inverse(&self.session.project, done, state, way, options, open)?;
        let Some(mut inverse) = inverse else { return Ok(None) };
        leave_awaited(&mut inverse, done, state);
        let Inverse { project, options, grounds, changes, part_of } = inverse;
        let refresh = self.read_believed(&project.spec, state, front).await;
        let held = options.held.clone();
        let mut plan = self.plan_from(&project, state, &refresh, &options).await?;
        rollback::explain(&mut plan, &named(done), &changes);
        let back_already = back_already(&held, &plan);
        let earlier = self.unsettled(state);
        // Of one that is recorded elsewhere it is decided there.
        let is_here = |run: &Run| self.store.run(run.id()).is_ok_and(|run| run.is_some());
        let is_confirmable = runs.iter().any(|run| run.started.evidence.confirm_within_ms.is_some() && is_here(run));
        let run_ids = runs.iter().map(|run| run.id().clone()).collect();
        let takes_back =
            Some(TakesBack { run_ids, part_of, change_id: change_of(done), grounds, back_already, is_confirmable });
        Ok(Some(Planned { plan, refresh, takes_back, earlier, approved: None }))
    }
}

/// What another run changed that awaits confirmation is that run's, also where it happens to be where it is wanted: it counts as
/// not taken back.
fn leave_awaited(inverse: &mut Inverse, done: Done<'_>, state: Option<&State>) {
    let is_awaited =
        |identity: &Identity| state.is_some_and(|state| state.awaiting.iter().any(|awaits| awaits.is_about(identity)));
    inverse.grounds.retain(|_, ground| !is_awaited(&Identity::of(&ground.scope, &ground.interface_id)));
    for run in done.runs {
        let mut touched = rollback::sent(run).map(|step| Identity::of(&step.scope, &step.interface_id));
        if touched.any(|identity| is_awaited(&identity)) && !inverse.part_of.contains(run.id()) {
            inverse.part_of.push(run.id().clone());
        }
    }
}

/// Lists what others have changed since and nothing is wanted of: it is where it was before.
fn back_already(held: &BTreeMap<Address, BlockReason>, plan: &Plan) -> Vec<(Address, RunId)> {
    let is_blocked = |address: &Address| plan.blocked.iter().any(|blocked| blocked.address == *address);
    let by = |reason: &BlockReason| match reason {
        BlockReason::Superseded { run_id, .. } => Some(run_id.clone()),
        _ => None,
    };
    let free = held.iter().filter(|(address, _)| !is_blocked(address));
    free.filter_map(|(address, reason)| Some((address.clone(), by(reason)?))).collect()
}

/// Returns the change that is taken back, or that runs belong to, where that is one.
fn change_of(done: Done<'_>) -> Option<String> {
    let first = || done.runs.first()?.started.evidence.change_id.as_ref();
    let of_all =
        || first().filter(|first| done.runs.iter().all(|run| run.started.evidence.change_id.as_ref() == Some(first)));
    done.change.map(ToOwned::to_owned).or_else(|| of_all().cloned())
}

/// Names what is taken back.
fn named(done: Done<'_>) -> String {
    match (done.runs, done.change) {
        (_, Some(change)) => format!("change {change}"),
        ([run], None) => format!("run {}", run.id()),
        _ => "runs".to_owned(),
    }
}
