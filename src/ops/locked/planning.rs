//! The plan of a task: afresh, of a saved file as far as it still holds, or of what takes runs back.

use anyhow::Result;

use crate::cloud::acting::Acting;
use crate::history::Recorded;
use crate::journal::Run;
use crate::language::worded;
use crate::plan::{About, Plan, PlanOptions};
use crate::refresh::Refresh;
use crate::render::words;
use crate::resource::LiveState;
use crate::state::{RunId, State};
use crate::store::Store;

use super::super::history::{of_change, passed_over, to_take_back};
use super::super::project::Project;
use super::super::rollback::{Done, Loosened, Way};
use super::super::session::{self, Approval, Front, Task};
use super::super::{approval, beside, check, live, saved};
use super::{Locked, NothingLeft, Planned};

impl<C: Acting, S: Store> Locked<'_, C, S> {
    pub(super) async fn plan_from(
        &self,
        project: &Project,
        state: Option<&State>,
        refresh: &Refresh,
        options: &PlanOptions,
    ) -> Result<Plan> {
        let (live, target) = (&refresh.live, &self.target);
        live::plan_from(&live::Known { project, state, live, doubts: &[], target }, &self.cloud, options).await
    }

    /// Makes the plan that the task asks for, and shows it.
    pub(super) async fn plan(
        &self,
        task: Task,
        approval: &Approval,
        front: &mut impl Front,
    ) -> Result<Result<Planned, NothingLeft>> {
        let (project, target) = (&self.session.project, &self.target);
        let mut planned = match task {
            Task::Fresh(options) => {
                let refresh = self.read_believed(&project.spec, self.known_state(), front).await;
                let plan = self.plan_from(project, self.known_state(), &refresh, &options).await?;
                let earlier = self.unsettled(Some(&self.state));
                Planned { plan, refresh, takes_back: None, earlier, approved: None }
            }
            Task::Saved { plan: saved, options } => {
                let refresh = self.read_believed(&project.spec, self.known_state(), front).await;
                let (state, live) = (self.known_state(), &refresh.live);
                let plan = match self.left_of_used(&saved, live, approval)? {
                    Some(nothing) => nothing,
                    None => {
                        let is_approved = approval.by.is_some();
                        saved::Now { project, state, live, target, is_approved }.make_again(&saved, &options)?
                    }
                };
                // What a file says it read tells nothing of the spec and the cloud of now.
                let tells_nothing =
                    saved.steps.is_empty() && plan.left_alone.is_empty() && !approval::is_met(&project.spec, live);
                let about = if tells_nothing { About::SavedWithoutSteps } else { plan.about };
                let plan = Plan { about, ..plan };
                let earlier = self.unsettled(Some(&self.state));
                Planned { plan, refresh, takes_back: None, earlier, approved: None }
            }
            // It is planned where it is decided.
            Task::TakeBack { run_id } => return Ok(Err(NothingLeft(Some(run_id)))),
            Task::Rollback { what, loosened, options } => {
                match self.plan_rollback(&what, loosened, &options, front).await? {
                    Ok(planned) => planned,
                    Err(nothing_left) => return Ok(Err(nothing_left)),
                }
            }
        };
        let newest = self.store.newest_run_of(&planned.plan.digest())?;
        planned.plan = planned.plan.dated(newest.map(|run| run.started.at));
        if planned.takes_back.is_none() && planned.plan.is_rollout() {
            let last = self.store.run_ids()?.last().map(|id| self.store.run(id)).transpose()?.flatten();
            planned.plan.warnings.extend(last.as_ref().and_then(live::stopped_between_waves));
            let missing = check::missing(&planned.plan, project, self.session.access.environment.children());
            planned.plan.warnings.extend(missing.filter(|_| !self.is_rehearsal));
        }
        front.planned(&planned.plan);
        for (address, run_id) in planned.takes_back.iter().flat_map(|takes_back| &takes_back.back_already) {
            front.note(&|| words::report::back_already(address, run_id));
        }
        Ok(Ok(planned))
    }

    /// Plans what takes back the runs that are asked for.
    async fn plan_rollback(
        &self,
        what: &session::TakenBack,
        loosened: Loosened,
        options: &PlanOptions,
        front: &mut impl Front,
    ) -> Result<Result<Planned, NothingLeft>> {
        let (runs, change) = match what {
            session::TakenBack::Run(name) => {
                (to_take_back(&self.store, &self.state, name, || self.beside(name))?.into_iter().collect(), None)
            }
            session::TakenBack::Change(change) => (of_change(&self.store, &self.state, change)?, Some(change.as_str())),
        };
        if let (session::TakenBack::Run(name), [run]) = (what, runs.as_slice())
            && name == "last"
        {
            self.note_passed_over(run.id(), front)?;
        }
        let only = match runs.as_slice() {
            [] => return Ok(Err(NothingLeft(None))),
            [run] => Some(run.id().clone()),
            _ => None,
        };
        let done = Done { runs: &runs, change };
        let planned = self.plan_back(done, self.known_state(), Way::Asked(loosened), options, front).await?;
        Ok(planned.ok_or(NothingLeft(only)))
    }

    /// Says that `last` means an older run than the newest apply, where that was taken back.
    fn note_passed_over(&self, chosen: &RunId, front: &mut impl Front) -> Result<()> {
        if let Some((taken, by)) = passed_over(&self.store, chosen)? {
            front.note(&|| words::report::noted(&words::report::passed_over(&taken, &by, chosen)));
        }
        Ok(())
    }

    /// Finds a run that is recorded in a state beside this one.
    fn beside(&self, name: &str) -> Result<Option<Run>> {
        let recorded = Recorded { state: self.known_state().cloned(), ..Recorded::default() };
        beside::to_take_back(&self.session.project, &recorded, &self.target, name)
    }

    /// Returns what is left to do of a saved plan that was used or is kept as an approval: nothing, if anything is said of it
    /// at all. `None` where it is to be run.
    ///
    /// # Errors
    /// Exit 4 where something is.
    fn left_of_used(&self, saved: &Plan, live: &LiveState, approval: &Approval) -> Result<Option<Plan>> {
        if approval.again {
            return Ok(approval::nothing_left(saved, &self.session.project.spec, live));
        }
        let run = approval::used_by(&self.store, &saved.digest(), Some(saved.timestamp), self.session.clock.now())?;
        if run.is_none() && approval.by.is_none() {
            return Ok(None);
        }
        match (approval::nothing_left(saved, &self.session.project.spec, live), run) {
            (None, Some(run)) => Err(approval::used(&worded!("the saved plan"), &run).into()),
            (nothing, _) => Ok(nothing),
        }
    }
}
