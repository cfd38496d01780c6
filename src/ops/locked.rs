//! From a locked history and a reached cloud to the last record: close what a dead run left open, plan or check the
//! saved plan, ask, run, look again, record.
//!
//! It knows the cloud and the history only as ports: `apply` hands in the signed client and the files, the simulation a
//! world and a disk in memory, so that what is crashed a million times is what users run.
//!
//! `approving` finds out who approves, `believed` reads right after a call, `confirmed` takes back what nobody confirmed, `dead` closes what a dead run left open, `inverse` plans what takes runs back, `late` knows of calls that may still arrive, `planning` makes the plan of a task, `unless` ends what has sent nothing, `work` runs a plan and records its end, `way_back` takes back what a failed run did.

mod approving;
mod believed;
mod confirmed;
mod dead;
mod inverse;
mod late;
mod planning;
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
use crate::journal::{Approved, Ground, LateCalls, Operation};
use crate::language::say;
use crate::plan::Plan;
use crate::refresh::{self, Refresh};
use crate::render::words;
use crate::resource::{Address, Target};
use crate::spec::Spec;
use crate::state::{Records, RunId, State};
use crate::store::account::AccountLocks;
use crate::store::place::Seen as SeenThere;
use crate::store::remote::StateName;
use crate::store::{Store, StoreError};

use super::failure::Refusal;
use super::session::{Applied, Approval, Foreseen, Front, Session, Task};
use super::{live, one_state, saved};

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
    /// What another state of the same store has: nothing is done about it, nor about what is counted with it.
    left: BTreeMap<Address, StateName>,
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
            left: BTreeMap::new(),
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

    /// Says what another state of the same store has.
    #[must_use]
    pub(super) fn leaving(self, left: BTreeMap<Address, StateName>) -> Self {
        Self { left, ..self }
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
        one_state::refuse_steps(&planned.plan, &self.session.project.spec, &self.left)?;
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
