//! From a locked history and a reached cloud to the last record: close what a dead run left open, plan or check the
//! saved plan, ask, run, look again, record.
//!
//! It knows the cloud and the history only as ports: `apply` hands in the signed client and the files, the simulation a
//! world and a disk in memory, so that what is crashed a million times is what users run.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, anyhow};
use tokio::sync::watch;

use crate::cloud::Cloud;
use crate::executor::{self, Ended, Known, OnError, Surroundings};
use crate::history::{self, Note, Recorded, Seen};
use crate::journal::{Died, Entry, Evidence, Operation, PlannedStep, RunStarted};
use crate::plan::{FloorMember, Plan, PlanOptions};
use crate::refresh::{self, Refresh};
use crate::render::{counted, words};
use crate::resource::{Address, LastSeen, LiveState, Target};
use crate::run::{self, Facts, Report, Unrecorded, planned_step};
use crate::spec::Spec;
use crate::state::{Records, RunId, State};
use crate::store::account::AccountLocks;
use crate::store::lock::Holder;
use crate::store::{Store, StoreError, explain};

use super::failure::{Exit, Refusal};
use super::project::Project;
use super::session::{Applied, Approval, Front, Ran, Session, Task, today};
use super::{account_lock, check, history::to_take_back, live, rollback, saved};

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
    /// What keeps others on this host from the account; none in a simulation.
    account: Option<AccountLocks>,
}

/// What plans may know of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Nothing: it was never committed.
    New,
    /// Everything that is in it.
    Committed,
}

/// A plan, and the refresh that it was made from.
struct Planned {
    plan: Plan,
    refresh: Refresh,
    /// The run that it takes back.
    takes_back: Option<RunId>,
}

/// What is known before the first step of a run.
enum Prepared {
    /// There is nothing to do, or nothing that can be done.
    Nothing(Plan),
    /// The user said no.
    Declined,
    /// It may begin.
    Approved(Planned),
}

impl<'s, C: Cloud, S: Store> Locked<'s, C, S> {
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
        live::check_target(recorded.state.as_ref(), &target, &session.project)?;
        let standing = if recorded.state.is_some() { Standing::Committed } else { Standing::New };
        let state = recorded.take_state_or_new(&target, session.salt.clone());
        Ok(Self { session, run_id, cloud, target, store, state, standing, account: None })
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
        let planned = match unless_signalled(&signals, self.prepare(task, approval, front)).await? {
            Prepared::Nothing(plan) => return Ok(Applied::Nothing(Box::new(plan))),
            Prepared::Declined => return Ok(Applied::Declined),
            Prepared::Approved(planned) => planned,
        };
        let run_id = self.run_id.clone();
        let mut ran = self.run(planned, run_id, operation, front, signals.clone()).await?;
        let failed = ran.report.results.iter().any(|result| result.outcome.is_some() && !result.is_at_goal());
        if failed && self.session.settings.on_error == OnError::Rollback && !ran.report.is_interrupted() {
            match self.roll_back(&ran.report, front, signals).await {
                Ok(back) => ran.rollback = back.map(Box::new),
                // What was done is still to be told.
                Err(error) => front.note(&format!("nothing was taken back: {error:#}")),
            }
        }
        front.finished(&ran.report);
        Ok(Applied::Ran(Box::new(ran)))
    }

    /// Does everything before the first step of the run: the dead run, the plan, the approval.
    async fn prepare(&mut self, task: Task, approval: &Approval, front: &mut impl Front) -> Result<Prepared> {
        self.close_dead_run(front).await?;
        let planned = self.plan(task, front).await?;
        if planned.plan.steps.is_empty() {
            self.record_observations(&planned)?;
            return Ok(Prepared::Nothing(planned.plan));
        }
        let approved = self.is_approved(&planned.plan, approval, front).await?;
        Ok(if approved { Prepared::Approved(planned) } else { Prepared::Declined })
    }

    /// Reads what became of the calls whose end nobody recorded, and records that.
    async fn close_dead_run(&mut self, front: &mut impl Front) -> Result<()> {
        if let Some(run) = self.store.replay().open_run() {
            if !run.started.target.is_same_as(&self.target) {
                let refusal = Refusal::new(Exit::Refused, "an unfinished run was about another target")
                    .cause(format!("run {}: {}", run.started.run_id, run.started.target))
                    .cause(format!("now: {}", self.target));
                return Err(refusal
                    .hint("finish it with the spec and the credentials that it was started with")
                    .into());
            }
            let run_id = run.started.run_id.clone();
            let open = live::open_steps(run);
            let steps = counted(open.len(), "open step");
            front.note(&format!("run {run_id} did not end; reading what became of its {steps}"));
            let (cloud, clock) = (&self.cloud, &self.session.clock);
            let resolutions = executor::recovery::resolve(&open, cloud, &self.session.settings)
                .await
                .with_context(|| format!("cannot find out what became of run {run_id}; nothing was done"))?;
            let mut entries = Vec::new();
            for (open, resolution) in open.iter().zip(resolutions) {
                let because = resolution.because();
                front.note(&format!("{}: {}", open.step.id, words::run::step_reason(&because)));
                entries.push(Entry::Closed {
                    step: open.step.id.clone(),
                    at: clock.now(),
                    outcome: resolution.outcome,
                    status: resolution.status,
                    because: Some(because),
                });
            }
            entries.push(Entry::Died(Died { at: clock.now(), resolved_by: self.run_id.clone() }));
            self.store.append(&entries)?;
        }
        if self.store.replay().unfolded().is_some() {
            let warning = history::close_run(&mut self.store, &mut self.state, None)?;
            warning.iter().for_each(|warning| front.note(&words::history::note(warning)));
            self.standing = Standing::Committed;
        }
        Ok(())
    }

    fn known_state(&self) -> Option<&State> {
        match self.standing {
            Standing::New => None,
            Standing::Committed => Some(&self.state),
        }
    }

    /// Reads everything that a spec declares.
    async fn refresh(&self, spec: &Spec) -> Refresh {
        refresh::read(&self.cloud, &self.session.clock, &live::wanted(spec)).await
    }

    async fn plan_from(&self, project: &Project, refresh: &Refresh, options: &PlanOptions) -> Result<Plan> {
        let (state, live, target) = (self.known_state(), &refresh.live, &self.target);
        live::plan_from(&live::Known { project, state, live, doubts: &[], target }, &self.cloud, options).await
    }

    /// Makes the plan that the task asks for, and shows it.
    async fn plan(&self, task: Task, front: &mut impl Front) -> Result<Planned> {
        let (project, target) = (&self.session.project, &self.target);
        let planned = match task {
            Task::Fresh(options) => {
                let refresh = self.refresh(&project.spec).await;
                let plan = self.plan_from(project, &refresh, &options).await?;
                Planned { plan, refresh, takes_back: None }
            }
            Task::Saved(plan) => {
                let refresh = self.refresh(&project.spec).await;
                let last = self.state.last_run.as_ref().map_or(Ok(None), |last| self.store.run(last))?;
                saved::check(&plan, project, self.known_state(), last.as_ref(), &refresh.live, target)?;
                Planned { plan: *plan, refresh, takes_back: None }
            }
            Task::Rollback { run_id, options } => {
                let run = to_take_back(&self.store, &run_id)?;
                self.plan_back(run.started.run_id.clone(), &rollback::confirmed(&run), &options).await?
            }
        };
        front.planned(&planned.plan);
        Ok(planned)
    }

    /// Plans the inverse of the confirmed steps of a run.
    async fn plan_back(&self, run_id: RunId, confirmed: &[PlannedStep], options: &PlanOptions) -> Result<Planned> {
        let (project, options) = rollback::inverse(&self.session.project, confirmed, options)?;
        let refresh = self.refresh(&project.spec).await;
        let mut plan = self.plan_from(&project, &refresh, &options).await?;
        rollback::explain(&mut plan, &run_id);
        Ok(Planned { plan, refresh, takes_back: Some(run_id) })
    }

    async fn is_approved(&self, plan: &Plan, approval: &Approval, front: &mut impl Front) -> Result<bool> {
        match &approval.digest {
            Some(approved) if *approved == plan.digest() => Ok(true),
            Some(approved) => Err(saved::other_digest(approved, plan).into()),
            None if approval.auto => Ok(true),
            None => front.approve().await,
        }
    }

    /// Runs a plan, ends the run, and records what was seen last.
    async fn run(
        &mut self,
        planned: Planned,
        run_id: RunId,
        operation: Operation,
        front: &mut impl Front,
        signals: watch::Receiver<u32>,
    ) -> Result<Ran> {
        let Planned { plan, refresh: Refresh { live, reads }, takes_back } = planned;
        self.store.prepare(plan.steps.len(), 1024 * (self.session.project.spec.interfaces.len() + 1))?;
        // The way back brings up what was up, whatever it needed then.
        let needs = if takes_back.is_none() { needs(&self.session.project.spec) } else { BTreeMap::new() };
        let known = Known { reads, earlier: executor::unsettled(&self.state.interfaces), needs };
        let evidence = self.evidence(takes_back);
        let header = self.header(&plan, run_id, operation, evidence);
        front.begin(&plan);
        let clock = &self.session.clock;
        let around = Surroundings {
            cloud: &self.cloud,
            store: &mut self.store,
            gate: &check::CheckCommand::beside(&self.session.project, self.account.as_ref()),
            clock,
            signals,
            emit: &mut |event| front.event(clock.now(), event),
        };
        let ended = executor::run(&plan, header, &known, &self.session.settings, around).await;
        let seen = ended.seen.clone();
        let (mut report, is_recorded) = self.end(&plan, ended);
        report.groups = live::groups_after(&self.session.project.spec, &live, &seen);
        if is_recorded {
            match self.fold(&live, &seen) {
                Ok(warning) => warning
                    .iter()
                    .for_each(|warning| front.note(&format!("warning: {}", words::history::note(warning)))),
                Err(error) => {
                    let text = explain(&error);
                    front.note(&format!("warning: {text}; the journal holds the run, and the next apply folds it in"));
                }
            }
        }
        front.end(&report);
        Ok(Ran { plan, report, rollback: None })
    }

    /// Decides how a run ends and puts that into the journal, once, and returns whether it is there. What stands there
    /// is what everybody tells of the run, this process included.
    ///
    /// A run with a call that nobody watched to its end has no end yet: whoever comes next reads what became of it.
    fn end(&mut self, plan: &Plan, ended: Ended) -> (Report, bool) {
        let Ended { mut report, last_look, interrupted, is_open, unrecorded, .. } = ended;
        report.unrecorded = unrecorded.map(|error| self.rescue(&error));
        let at = self.session.clock.now();
        let decide = |report: &Report| {
            let facts = Facts {
                results: &report.results,
                blocked: &plan.blocked,
                failures: &plan.failures,
                last_look: &last_look,
                interrupted,
                stopped: report.stopped.as_ref(),
                unrecorded: report.unrecorded.as_ref(),
            };
            run::end(&facts, at)
        };
        let mut end = decide(&report);
        let mut is_recorded = false;
        if !is_open && report.unrecorded.is_none() {
            match self.store.append(&[Entry::RunEnded(end.clone())]) {
                Ok(()) => is_recorded = true,
                Err(error) => {
                    report.unrecorded = Some(self.rescue(&error));
                    end = decide(&report);
                }
            }
        }
        report.end = Some(end);
        (report, is_recorded)
    }

    fn header(&self, plan: &Plan, run_id: RunId, operation: Operation, evidence: Evidence) -> RunStarted {
        let reasons: BTreeMap<_, _> =
            plan.resource_changes.iter().filter_map(|change| Some((&change.address, change.reason.clone()?))).collect();
        RunStarted {
            run_id,
            at: self.session.clock.now(),
            operation,
            who: self.session.who.clone(),
            pid: std::process::id(),
            target: self.target.clone(),
            lineage: self.state.lineage.clone(),
            serial: self.state.serial,
            digest: plan.digest(),
            evidence,
            steps: plan.steps.iter().map(|step| planned_step(step, reasons.get(&step.address).cloned())).collect(),
        }
    }

    /// Returns what is known of the circumstances.
    fn evidence(&self, takes_back: Option<RunId>) -> Evidence {
        let project = &self.session.project;
        Evidence {
            host: Some(Holder::host_name()),
            spec: Some(project.name.clone()),
            spec_digest: Some(project.digest.clone()),
            takes_back: takes_back.into_iter().collect(),
            ..Evidence::default()
        }
    }

    /// Writes what could not be recorded to a second place.
    fn rescue(&mut self, error: &StoreError) -> Unrecorded {
        Unrecorded { error: explain(error), rescued: self.store.rescue().map_err(|error| explain(&error)) }
    }

    /// Brings the run that has ended, and what was read beside it, into the state. Returns a warning where only the
    /// archive failed.
    fn fold(&mut self, before: &LiveState, after: &[LastSeen]) -> Result<Option<Note>, StoreError> {
        let seen = Seen { spec: &self.session.project.spec, before: Some(before), after };
        let warning = history::close_run(&mut self.store, &mut self.state, Some(&seen))?;
        self.standing = Standing::Committed;
        Ok(warning)
    }

    /// Records what a plan without steps has seen, if that is news.
    fn record_observations(&mut self, planned: &Planned) -> Result<()> {
        if !planned.plan.blocked.is_empty() || !planned.plan.failures.is_empty() {
            return Ok(());
        }
        let before = self.state.interfaces.clone();
        let spec = &self.session.project.spec;
        let seen = Seen { spec, before: Some(&planned.refresh.live), after: &[] };
        history::write(&mut self.state, None, Some(&seen));
        if is_news(&before, &self.state.interfaces) {
            // That only the archive failed is made good by the next command that writes.
            history::commit(&mut self.store, &mut self.state)?;
        }
        Ok(())
    }

    /// Takes back what a failed run did, through the same guards.
    async fn roll_back(
        &mut self,
        report: &Report,
        front: &mut impl Front,
        signals: watch::Receiver<u32>,
    ) -> Result<Option<Ran>> {
        if report.unrecorded.is_some() || self.store.replay().unfolded().is_some() {
            return Err(anyhow!("the run could not be recorded, so no other may follow"));
        }
        let confirmed: Vec<_> = report
            .results
            .iter()
            .filter(|result| result.may_have_changed_something() && result.is_at_goal())
            .map(|result| result.step.clone())
            .collect();
        if confirmed.is_empty() {
            front.note("nothing was done, so there is nothing to take back");
            return Ok(None);
        }
        if let Some(account) = &self.account {
            // The run may have ended in a pause, which frees the account.
            let mut waiting = |holder: &str| front.note(&format!("waiting for the account's lock of {holder}"));
            let again = async { account_lock::retake(account, &mut waiting).await.map_err(|error| anyhow!(error)) };
            unless_signalled(&signals, again).await?;
        }
        let steps = counted(confirmed.len(), "confirmed step");
        front.note(&format!("taking back the {steps} of run {}", report.run_id));
        let options = PlanOptions {
            now: self.session.clock.now(),
            today: today(self.session.clock.now()),
            targets: Vec::new(),
            excludes: Vec::new(),
            // The caps bound what a person asked for; taking it back is bounded by what was done.
            allow_changes: u32::try_from(confirmed.len()).ok(),
            settle_timeout: self.session.settings.settle_timeout,
            way_back: false,
        };
        let planned = unless_signalled(&signals, self.plan_back(report.run_id.clone(), &confirmed, &options)).await?;
        front.planned(&planned.plan);
        if planned.plan.steps.is_empty() {
            return Ok(None);
        }
        let run_id = self.session.run_id(Operation::Rollback);
        let back = self.run(planned, run_id, Operation::Rollback, front, signals).await?;
        front.finished(&back.report);
        Ok(Some(back))
    }
}

/// Lists what each interface needs to be up before it comes up.
fn needs(spec: &Spec) -> BTreeMap<Address, Vec<FloorMember>> {
    let side = |address: &Address| {
        let declared = spec.interfaces.get(address)?;
        let (interface_id, scope) = (declared.id.value.clone(), declared.scope.clone());
        Some(FloorMember { address: address.clone(), interface_id, scope })
    };
    let needs = spec.interfaces.iter().map(|(address, declared)| {
        let needed: Vec<FloorMember> = declared.needed().filter_map(side).collect();
        (address.clone(), needed)
    });
    needs.filter(|(_, needed)| !needed.is_empty()).collect()
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

/// Does what sends nothing unless a signal comes first.
///
/// # Errors
/// Exit 130 after a signal, and those of `work`.
pub(super) async fn unless_signalled<T>(
    signals: &watch::Receiver<u32>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut signals = signals.clone();
    tokio::select! {
        biased;
        Ok(_) = signals.wait_for(|count| *count > 0) => {
            Err(Refusal::new(Exit::Interrupted, "interrupted before anything was sent").into())
        }
        outcome = work => outcome,
    }
}
