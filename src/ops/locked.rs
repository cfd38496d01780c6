//! From a locked history and a reached cloud to the last record: close what a dead run left open, plan or check the
//! saved plan, ask, run, look again, record.
//!
//! It knows the cloud and the history only as ports: `apply` hands in the signed client and the files, the simulation a
//! world and a disk in memory, so that what is crashed a million times is what users run.
//!
//! `approving` finds out who approves, `believed` reads right after a call, `confirmed` takes back what nobody confirmed, `dead` closes what a dead run left open, `inverse` plans what takes runs back, `late` knows of calls that may still arrive, `unless` ends what has sent nothing, `work` runs a plan and records its end, `way_back` takes back what a failed run did.

mod approving;
mod believed;
mod confirmed;
mod dead;
mod inverse;
mod late;
mod unless;
mod way_back;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use tokio::sync::watch;

use crate::clock::BootTime;
use crate::cloud::acting::Acting;
use crate::executor::{self, Earlier, OnError};
use crate::history::{self, Recorded, Seen};
use crate::journal::{Approved, Ground, LateCalls, Operation, Run};
use crate::language::{say, worded};
use crate::plan::{About, Plan, PlanOptions};
use crate::refresh::{self, Refresh};
use crate::render::words;
use crate::resource::{Address, LiveState, Target};
use crate::spec::Spec;
use crate::state::{Records, RunId, State};
use crate::store::account::AccountLocks;
use crate::store::place::Seen as SeenThere;
use crate::store::{Store, StoreError};

use super::failure::Refusal;
use super::history::{of_change, passed_over, to_take_back};
use super::project::Project;
use super::rollback::{Done, Loosened, Way};
use super::session::{self, Applied, Approval, Foreseen, Front, Session, Task};
use super::{approval, beside, check, live, saved};

pub use unless::{unless_signalled, unless_taken_over};

/// A session that holds its lock and has reached its cloud.
#[derive(Debug)]
pub struct Locked<'s, C, S> {
    session: &'s Session,
    /// The id of the run that may follow.
    run_id: RunId,
    cloud: C,
    target: Target,
    store: S,
    state: State,
    standing: Standing,
    /// The runs that await confirmation no more since what a dead run left open was closed.
    settled: Vec<RunId>,
    /// Records came along from states beside this one.
    has_taken_along: bool,
    /// Lines that could be recorded nowhere.
    unrescued: Option<String>,
    /// What becomes of calls that are late on their way, once that was asked.
    late_calls: Option<LateCalls>,
    /// What keeps others on this host from the account; none in a simulation.
    account: Option<AccountLocks>,
    /// Nothing but its cloud and its store is to hear of what it does.
    is_rehearsal: bool,
    /// The cloud's name of the caller.
    principal: Option<String>,
}

/// What plans may know of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Nothing: no run is in it.
    New,
    /// Everything that is in it.
    Committed,
}

/// What a rollback asks for was taken back already: this run, or every apply.
struct NothingLeft(Option<RunId>);

/// A plan, and what it was made from.
struct Planned {
    plan: Plan,
    refresh: Refresh,
    /// What it takes back.
    takes_back: Option<TakesBack>,
    /// What earlier runs sent and did not see to its end.
    earlier: Vec<Earlier>,
    /// Who approved it, and how; nobody an automatic way back.
    approved: Option<Approved>,
}

/// The runs that a plan takes back, and what each of their interfaces stands on then.
struct TakesBack {
    run_ids: Vec<RunId>,
    /// Those of which something else stands.
    part_of: Vec<RunId>,
    /// The change that they belong to, where that is one.
    change_id: Option<String>,
    grounds: BTreeMap<Address, Ground>,
    /// What others have changed since, and is where it was before all the same: with the run that did.
    back_already: Vec<(Address, RunId)>,
    /// It had to be confirmed.
    is_confirmable: bool,
}

impl Planned {
    /// Returns whether all that a way back wants was brought back by others. It has no step, and is a run all the same: what
    /// it takes back is not to be done again by the next apply.
    fn finds_everything_back(&self) -> bool {
        let Some(takes_back) = &self.takes_back else { return false };
        self.plan.steps.is_empty() && self.plan.is_complete() && !takes_back.grounds_of(&self.plan).is_empty()
    }
}

impl TakesBack {
    /// Returns the grounds of what `plan` is going to take back, or has found there: what it leaves is left as it is.
    fn grounds_of(&self, plan: &Plan) -> Vec<Ground> {
        let blocked = plan.blocked.iter().map(|blocked| &blocked.address);
        let left: BTreeSet<&Address> = blocked.chain(plan.left_alone.iter().map(|left| &left.address)).collect();
        self.grounds.iter().filter(|(address, _)| !left.contains(address)).map(|(_, ground)| ground.clone()).collect()
    }
}

/// What is known before the first step of a run.
enum Prepared {
    /// What is to be taken back was.
    TakenBack(Option<RunId>),
    /// These are to be taken back first: nobody has confirmed them in time.
    Overdue(Vec<RunId>),
    /// There is nothing to do, or nothing that can be done.
    Nothing(Box<Plan>),
    /// The user said no.
    Declined,
    /// It may begin.
    Approved(Box<Planned>),
}

impl<'s, C: Acting, S: Store> Locked<'s, C, S> {
    /// Puts together what a session works with; `recorded` is what `store` began with.
    ///
    /// # Errors
    /// Exit 3 where the state was recorded for another target.
    pub fn new(
        session: &'s Session,
        run_id: RunId,
        cloud: C,
        target: Target,
        store: S,
        mut recorded: Recorded,
    ) -> Result<Self> {
        live::check_target(recorded.state_for(&target), &target, &session.project)?;
        let standing = if recorded.state_for(&target).is_some() { Standing::Committed } else { Standing::New };
        let state = recorded.take_state_or_new(&target, session.salt.clone());
        Ok(Self {
            session,
            run_id,
            cloud,
            target,
            store,
            state,
            standing,
            settled: Vec::new(),
            has_taken_along: false,
            unrescued: None,
            late_calls: None,
            account: None,
            is_rehearsal: false,
            principal: None,
        })
    }

    /// Says that nothing but its cloud and its store is to hear of what it does: no command of the spec is run.
    #[must_use]
    pub(super) fn rehearsing(self) -> Self {
        Self { is_rehearsal: true, ..self }
    }

    /// Says whom the cloud takes the caller for.
    #[must_use]
    pub(super) fn speaking_as(self, principal: Option<String>) -> Self {
        Self { principal, ..self }
    }

    /// Says that what is recorded holds what came along from states beside this one: it is to be committed.
    #[must_use]
    pub(super) fn taking_along(self, has_taken_along: bool) -> Self {
        Self { has_taken_along, ..self }
    }

    /// Keeps the account's locks for as long as the session works, but for its pauses.
    #[must_use]
    pub(super) fn keeping(self, account: AccountLocks) -> Self {
        Self { account: Some(account), ..self }
    }

    /// Does a task, with everything older closed first.
    ///
    /// # Errors
    /// Everything that ends it before the run begins; what happens in the run is in its report.
    pub async fn carry_out(
        mut self,
        task: Task,
        approval: &Approval,
        front: &mut impl Front,
        signals: watch::Receiver<u32>,
    ) -> Result<Applied> {
        let operation = task.operation();
        let lease = self.store.lease();
        let prepared = unless_taken_over(lease, self.prepare(task, approval, front));
        let planned = match unless_signalled(&signals, prepared).await? {
            Prepared::TakenBack(run_id) => return Ok(Applied::TakenBack { run_id }),
            Prepared::Overdue(due) => return self.take_back_all(due, front, signals).await,
            Prepared::Nothing(plan) => return Ok(Applied::Nothing(plan)),
            Prepared::Declined => return Ok(Applied::Declined),
            Prepared::Approved(planned) => *planned,
        };
        let run_id = self.run_id.clone();
        let mut worked = self.run(planned, run_id, operation, front, signals.clone()).await?;
        let mut back = None;
        let is_to_be_taken_back = operation == Operation::Apply && self.session.settings.on_error == OnError::Rollback;
        // Whoever took over decides what becomes of it.
        let is_ours = !matches!(worked.ended.unrecorded, Some(StoreError::Fenced { .. }));
        if is_to_be_taken_back && worked.has_failed() && !worked.ended.interrupted && is_ours {
            match self.roll_back(&mut worked, front, signals.clone()).await {
                Ok(way_back) => back = way_back,
                // What was done is still to be told.
                Err(error) => front.note(&|| say!("nothing was taken back: {error}", error = format!("{error:#}"))),
            }
            // Who asks the way back to stop asks the apply to stop.
            worked.ended.interrupted |= *signals.borrow() > 0;
        }
        if !self.is_rehearsal {
            let (lineage, serial) = (self.state.lineage.clone(), self.state.serial);
            self.session.project.place.see(&SeenThere { lineage, serial });
        }
        Ok(Applied::Ran(Box::new(self.conclude(worked, back, front))))
    }

    /// Does everything before the first step of the run: the dead run, the plan, the approval.
    async fn prepare(&mut self, task: Task, approval: &Approval, front: &mut impl Front) -> Result<Prepared> {
        self.close_dead_run(front).await?;
        let task = match task {
            Task::TakeBack { run_id } => return Ok(Prepared::Overdue(vec![run_id])),
            task => task,
        };
        let due = self.due();
        if task.operation() == Operation::Apply && !due.is_empty() {
            return Ok(Prepared::Overdue(due));
        }
        let is_saved = matches!(task, Task::Saved { .. });
        let has_no_state = self.standing == Standing::New || (self.has_taken_along && self.state.serial == 0);
        if has_no_state && (is_saved || approval.digest.is_some()) {
            front.note(&|| words::history::unknown_uses().to_owned());
        }
        let mut planned = match self.plan(task, approval, front).await? {
            Ok(planned) => planned,
            Err(NothingLeft(run_id)) => return Ok(Prepared::TakenBack(run_id)),
        };
        if planned.plan.steps.is_empty() {
            if planned.finds_everything_back() {
                return Ok(Prepared::Approved(Box::new(planned)));
            }
            self.record_observations(&planned)?;
            return Ok(Prepared::Nothing(Box::new(planned.plan)));
        }
        self.refuse_late(&planned.plan)?;
        planned.approved = self.approved(&planned, approval, is_saved, front).await?;
        // Whoever answers may take their time.
        self.refuse_late(&planned.plan)?;
        Ok(if planned.approved.is_some() { Prepared::Approved(Box::new(planned)) } else { Prepared::Declined })
    }

    /// Refuses a plan that waited until a change about one of its steps began or ended: it is of another moment.
    ///
    /// # Errors
    /// Exit 4.
    fn refuse_late(&self, plan: &Plan) -> Result<(), Refusal> {
        let now = self.session.clock.now();
        let late = plan.steps.iter().filter_map(|step| step.valid_until.filter(|until| *until <= now));
        match late.min() {
            Some(until) => Err(saved::too_late(plan, until)),
            None => Ok(()),
        }
    }

    /// Plans and asks, for whoever claims the state afterwards.
    ///
    /// # Errors
    /// Everything that would end it before the run begins.
    pub(super) async fn foresee(mut self, task: Task, approval: &Approval, front: &mut impl Front) -> Result<Foreseen> {
        Ok(match self.prepare(task, approval, front).await? {
            Prepared::TakenBack(run_id) => Foreseen::Over(Applied::TakenBack { run_id }),
            Prepared::Declined => Foreseen::Over(Applied::Declined),
            // What was seen is recorded under the claim, and what is overdue is taken back under it.
            Prepared::Overdue(_) | Prepared::Nothing(_) => Foreseen::Open,
            Prepared::Approved(planned) => planned.approved.map_or(Foreseen::Open, Foreseen::Approved),
        })
    }

    /// Closes what is open, records what is live, and commits that: the history goes on with a journal that was started
    /// anew. Returns the new serial.
    ///
    /// # Errors
    /// What is open cannot be read, or the commit fails.
    pub async fn accept(mut self, front: &mut impl Front) -> Result<u64> {
        self.close_dead_run(front).await?;
        let spec = &self.session.project.spec;
        let Refresh { live, .. } = self.refresh(spec).await;
        for failure in &live.failures {
            let (scope, detail) = (&failure.scope, &failure.detail);
            front.note(&|| say!("{scope} could not be read: {detail}", scope, detail));
        }
        let seen = Seen { spec, before: Some(&live), after: &[], is_well: false, is_whole: false };
        history::write(&mut self.state, None, Some(&seen));
        history::commit(&mut self.store, &mut self.state)?;
        Ok(self.state.serial)
    }

    fn known_state(&self) -> Option<&State> {
        match self.standing {
            Standing::New => None,
            Standing::Committed => Some(&self.state),
        }
    }

    /// Lists what earlier runs left on its way, or have only just done.
    fn unsettled(&self, state: Option<&State>) -> Vec<Earlier> {
        let (now, uptime) = (self.session.clock.now(), BootTime::now().uptime());
        let of = |state: &State| executor::unsettled(&state.interfaces, now, uptime.as_ref());
        state.map(of).unwrap_or_default()
    }

    /// Reads everything that a spec declares.
    async fn refresh(&self, spec: &Spec) -> Refresh {
        refresh::read(&self.cloud, &self.session.clock, &live::wanted(spec)).await
    }

    async fn plan_from(
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
    async fn plan(
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
        let run = approval::used_by(&self.store, &saved.digest(), Some(saved.timestamp))?;
        if run.is_none() && approval.by.is_none() {
            return Ok(None);
        }
        match (approval::nothing_left(saved, &self.session.project.spec, live), run) {
            (None, Some(run)) => Err(approval::used(&worded!("the saved plan"), &run).into()),
            (nothing, _) => Ok(nothing),
        }
    }

    /// Records what a plan without steps has seen, if that is news.
    fn record_observations(&mut self, planned: &Planned) -> Result<()> {
        if !planned.plan.blocked.is_empty() || !planned.plan.failures.is_empty() {
            return Ok(());
        }
        let (before, guards) = (self.state.interfaces.clone(), self.state.guards.clone());
        let spec = &self.session.project.spec;
        let is_whole = planned.plan.targeted.is_empty();
        let is_well = planned.takes_back.is_none();
        let seen = Seen { spec, before: Some(&planned.refresh.live), after: &[], is_well, is_whole };
        history::write(&mut self.state, None, Some(&seen));
        if self.has_taken_along || is_news(&before, &self.state.interfaces) || guards != self.state.guards {
            // That only the archive failed is made good by the next command that writes.
            history::commit(&mut self.store, &mut self.state)?;
        }
        Ok(())
    }
}

/// Returns whether there is more to tell than that the same was seen again: for that alone nothing is committed, since
/// a commit makes every saved plan stale.
fn is_news(before: &Records, after: &Records) -> bool {
    let told = |records: &Records| {
        let mut records = records.clone();
        records.values_mut().for_each(|record| record.observed.at = record.observed.since);
        records
    };
    told(before) != told(after)
}
