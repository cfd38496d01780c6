//! From a locked history and a reached cloud to the last record: close what a dead run left open, plan or check the
//! saved plan, ask, run, look again, record.
//!
//! It knows the cloud and the history only as ports: `apply` hands in the signed client and the files, the simulation a
//! world and a disk in memory, so that what is crashed a million times is what users run.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, anyhow};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::cloud::Cloud;
use crate::executor::{self, Ended, OnError, Surroundings};
use crate::history::{self, Recorded, Seen};
use crate::journal::{Died, Entry, Evidence, Operation, PlannedStep, RunStarted};
use crate::plan::{Plan, PlanOptions};
use crate::render::counted;
use crate::report::{Report, StepResult, planned_step};
use crate::resource::{LiveState, Target};
use crate::run::StepReason;
use crate::state::{Records, RunId, State};
use crate::store::lock::Holder;
use crate::store::{Store, StoreError, explain};

use super::failure::{Exit, Refusal};
use super::session::{Applied, Approval, Front, Ran, Session, Task, today};
use super::{check, history::to_take_back, live, rollback, saved};

/// How many reads in a row must show a goal lost before that is said.
const EQUAL_READS: u32 = 3;

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
    /// The state as plans know it: none before the first commit.
    has_state: bool,
    /// The run that the next one takes back.
    takes_back: Option<RunId>,
    /// What the run saw last.
    last_look: Option<LiveState>,
}

impl<'s, C: Cloud, S: Store> Locked<'s, C, S> {
    /// Puts together what a session works with; `recorded` is what `store` began with.
    ///
    /// # Errors
    /// Exit 4 where the state was recorded for another target.
    pub fn new(
        session: &'s Session,
        run_id: RunId,
        cloud: C,
        target: Target,
        store: S,
        mut recorded: Recorded,
    ) -> Result<Self> {
        live::check_target(recorded.state.as_ref(), &target, &session.project)?;
        let has_state = recorded.state.is_some();
        let state = recorded.take_state_or_new(&target, session.salt.clone());
        Ok(Self { session, run_id, cloud, target, store, state, has_state, takes_back: None, last_look: None })
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
        let (plan, approved) = unless_signalled(&signals, self.prepare(task, approval, front)).await?;
        if plan.steps.is_empty() {
            return Ok(Applied::Nothing(Box::new(plan)));
        }
        if !approved {
            return Ok(Applied::Declined);
        }
        let run_id = self.run_id.clone();
        let mut ran = self.run(plan, run_id, operation, front, signals.clone()).await?;
        let failed = ran.report.results.iter().any(|result| result.outcome.is_some() && !result.is_at_goal());
        if failed && self.session.settings.on_error == OnError::Rollback && !ran.report.interrupted {
            match self.roll_back(&ran.report, front, signals).await {
                Ok(back) => ran.rollback = back.map(Box::new),
                // What was done is still to be told.
                Err(error) => front.note(&format!("nothing was taken back: {error:#}")),
            }
        }
        Ok(Applied::Ran(Box::new(ran)))
    }

    /// Everything before the first step of the run: the dead run, the plan, the approval.
    async fn prepare(&mut self, task: Task, approval: &Approval, front: &mut impl Front) -> Result<(Plan, bool)> {
        self.close_dead_run(front).await?;
        let plan = self.plan(task, front).await?;
        if plan.steps.is_empty() {
            self.record_observations(&plan).await?;
            return Ok((plan, false));
        }
        let approved = self.is_approved(&plan, approval, front).await?;
        Ok((plan, approved))
    }

    /// Reads what became of the calls whose end nobody recorded, and records that.
    async fn close_dead_run(&mut self, front: &mut impl Front) -> Result<()> {
        if let Some(run) = self.store.replay().open_run() {
            if !run.started.target.is_same_as(&self.target) {
                let refusal = Refusal::new(Exit::Moved, "an unfinished run was about another target")
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
                front.note(&format!("{}: {}", open.step.id, resolution.detail));
                entries.push(Entry::Closed {
                    step: open.step.id.clone(),
                    at: clock.now(),
                    outcome: resolution.outcome,
                    status: resolution.status,
                    because: Some(StepReason::Told { text: resolution.detail }),
                });
            }
            entries.push(Entry::Died(Died { at: clock.now(), resolved_by: self.run_id.clone() }));
            self.store.append(&entries)?;
        }
        if self.store.replay().unfolded().is_some() {
            let warning = history::close_run(&mut self.store, &mut self.state, None)?;
            warning.iter().for_each(|warning| front.note(warning));
            self.has_state = true;
        }
        Ok(())
    }

    fn known_state(&self) -> Option<&State> {
        self.has_state.then_some(&self.state)
    }

    /// Makes the plan that the task asks for, and shows it.
    async fn plan(&mut self, task: Task, front: &mut impl Front) -> Result<Plan> {
        let project = &self.session.project;
        let (target, clock, cloud) = (&self.target, &self.session.clock, &self.cloud);
        let plan = match task {
            Task::Fresh(options) => {
                let seen = live::refresh(&project.spec, cloud, clock).await;
                live::plan_from(project, self.known_state(), &seen, &[], target, &options)?
            }
            Task::Saved(plan) => {
                let seen = live::refresh(&project.spec, cloud, clock).await;
                let last = self.state.last_run.as_ref().map_or(Ok(None), |last| self.store.run(last))?;
                saved::check(&plan, project, self.known_state(), last.as_ref(), &seen, target)?;
                *plan
            }
            Task::Rollback { run_id, options } => {
                let run = to_take_back(&self.store, &run_id)?;
                self.plan_back(run.started.run_id.clone(), &rollback::confirmed(&run), &options).await?
            }
        };
        front.planned(&plan);
        Ok(plan)
    }

    /// Plans the inverse of the confirmed steps of a run.
    async fn plan_back(&mut self, run_id: RunId, confirmed: &[PlannedStep], options: &PlanOptions) -> Result<Plan> {
        let (project, options) = rollback::inverse(&self.session.project, confirmed, options)?;
        let seen = live::refresh(&project.spec, &self.cloud, &self.session.clock).await;
        let mut plan = live::plan_from(&project, self.known_state(), &seen, &[], &self.target, &options)?;
        rollback::explain(&mut plan, &run_id);
        self.takes_back = Some(run_id);
        Ok(plan)
    }

    async fn is_approved(&self, plan: &Plan, approval: &Approval, front: &mut impl Front) -> Result<bool> {
        match &approval.digest {
            Some(approved) if *approved == plan.digest() => Ok(true),
            Some(approved) => Err(saved::other_digest(approved, plan).into()),
            None if approval.auto => Ok(true),
            None => front.approve().await,
        }
    }

    /// Runs a plan, and records what was seen at the end.
    async fn run(
        &mut self,
        plan: Plan,
        run_id: RunId,
        operation: Operation,
        front: &mut impl Front,
        signals: watch::Receiver<u32>,
    ) -> Result<Ran> {
        self.store.prepare(plan.steps.len(), 1024 * (self.session.project.spec.interfaces.len() + 1))?;
        let header = self.header(&plan, run_id, operation);
        front.begin(&plan);
        let clock = &self.session.clock;
        let around = Surroundings {
            cloud: &self.cloud,
            store: &mut self.store,
            gate: &check::CheckCommand::beside(&self.session.project),
            clock,
            signals: signals.clone(),
            emit: &mut |event| front.event(clock.now(), event),
        };
        let Ended { mut report } = executor::run(&plan, header, &self.session.settings, around).await;
        let unstable = if report.interrupted {
            Vec::new()
        } else {
            // A signal now costs only the look.
            unless_signalled(&signals, async { Ok(self.look_again(&report).await) }).await.unwrap_or_default()
        };
        report.interrupted |= *signals.borrow() > 0;
        self.record(&mut report);
        let ran = Ran { plan, report, unstable, rollback: None };
        front.end(&ran.report, ran.exit_code());
        Ok(ran)
    }

    fn header(&self, plan: &Plan, run_id: RunId, operation: Operation) -> RunStarted {
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
            evidence: self.evidence(operation),
            steps: plan.steps.iter().map(|step| planned_step(step, reasons.get(&step.address).cloned())).collect(),
        }
    }

    /// Returns what is known of the circumstances.
    fn evidence(&self, operation: Operation) -> Evidence {
        let project = &self.session.project;
        let takes_back = self.takes_back.iter().filter(|_| operation == Operation::Rollback).cloned().collect();
        Evidence {
            host: Some(Holder::host_name()),
            spec: Some(project.name.clone()),
            spec_digest: Some(project.digest.clone()),
            takes_back,
            ..Evidence::default()
        }
    }

    /// Reads everything once more: it goes into the records, and what did not stay where the run left it is told.
    ///
    /// A goal counts if it is seen twice, a poll interval apart. What then seems to have left it is read again for a
    /// doubt window: reads may lag behind each other.
    async fn look_again(&mut self, report: &Report) -> Vec<String> {
        let (spec, settings) = (&self.session.project.spec, &self.session.settings);
        let begun = Instant::now();
        let mut reads = 0;
        loop {
            if report.results.iter().any(StepResult::is_at_goal) {
                tokio::time::sleep(settings.poll_interval).await;
            }
            let seen = live::refresh(spec, &self.cloud, &self.session.clock).await;
            let astray = astray(report, &seen);
            reads += 1;
            if astray.is_empty() || (reads >= EQUAL_READS && begun.elapsed() >= settings.doubt_window) {
                self.last_look = Some(seen);
                return astray;
            }
        }
    }

    /// Brings the run into the state, or says what is missing where.
    fn record(&mut self, report: &mut Report) {
        let reason = match report.unrecorded.take() {
            Some(reason) => match self.store.rescue() {
                Ok(path) => format!("{reason}; what is missing was written to {path}"),
                Err(error) => format!("{reason}; and to no second place: {}", explain(&error)),
            },
            None => match self.commit() {
                Ok(_) => return,
                Err(error) => format!("{}; the journal holds the run, and the next apply folds it in", explain(&error)),
            },
        };
        report.unrecorded = Some(reason);
    }

    fn commit(&mut self) -> Result<Option<String>, StoreError> {
        let after = self.last_look.take();
        let seen = Seen { spec: &self.session.project.spec, before: None, after: after.as_ref() };
        let warning = history::close_run(&mut self.store, &mut self.state, Some(&seen))?;
        self.has_state = true;
        Ok(warning)
    }

    /// Records what a plan without steps has seen, if that is news.
    async fn record_observations(&mut self, plan: &Plan) -> Result<()> {
        if !plan.blocked.is_empty() || !plan.failures.is_empty() {
            return Ok(());
        }
        let before = self.state.interfaces.clone();
        let spec = &self.session.project.spec;
        let seen = live::refresh(spec, &self.cloud, &self.session.clock).await;
        history::write(&mut self.state, None, Some(&Seen { spec, before: Some(&seen), after: None }));
        if is_news(&before, &self.state.interfaces) {
            history::commit(&mut self.store, &mut self.state)?;
            self.has_state = true;
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
        if let Some(reason) = &report.unrecorded {
            return Err(anyhow!("the run could not be recorded, so no other may follow: {reason}"));
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
        };
        let plan = unless_signalled(&signals, self.plan_back(report.run_id.clone(), &confirmed, &options)).await?;
        front.planned(&plan);
        if plan.steps.is_empty() {
            return Ok(None);
        }
        let run_id = self.session.run_id(Operation::Rollback);
        self.run(plan, run_id, Operation::Rollback, front, signals).await.map(Some)
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

/// Says which interfaces are not where their last step left them.
fn astray(report: &Report, seen: &LiveState) -> Vec<String> {
    let last_step_of: BTreeMap<_, _> = report.results.iter().map(|result| (&result.step.address, result)).collect();
    last_step_of
        .into_iter()
        .filter(|(_, result)| result.is_at_goal())
        .filter_map(|(address, result)| {
            let status = &seen.readings.get(address)?.found()?.status;
            let stays = result.step.goal.is_reached_by(status);
            (!stays).then(|| format!("{address} reached {} and is {status} again", result.step.goal))
        })
        .collect()
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
