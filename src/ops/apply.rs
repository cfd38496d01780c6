//! `apply` and `rollback`: lock, close what a dead run left open, plan or check the saved plan, ask, run, record.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::executor::{self, Ended, OnError, Surroundings};
use crate::journal::{Entry, Operation, RunStarted};
use crate::plan::{Plan, PlanOptions};
use crate::report::{Event, Report, planned_step};
use crate::state::{RunId, State};
use crate::store::local::{LocalStore, Recorded};
use crate::store::lock::Holder;
use crate::store::{Store as _, StoreError};

use super::connection::{self, Access, Connection};
use super::failure::{Exit, Refusal};
use super::project::Project;
use super::{live, records, rollback, saved};

/// How often a lock that somebody holds is tried again.
const LOCK_INTERVAL: Duration = Duration::from_millis(200);

/// Everything a run is made of apart from what is to be done.
#[derive(Debug)]
pub struct Session {
    /// The spec and its files.
    pub project: Project,
    /// How the cloud is reached.
    pub access: Access,
    /// The time.
    pub clock: Clock,
    /// What operators tune.
    pub settings: executor::Settings,
    /// How long to wait for the lock.
    pub lock_timeout: Duration,
    /// `user`, for the lock and the journal.
    pub who: String,
}

/// What is to be done.
#[derive(Debug)]
pub enum Task {
    /// Whatever the spec wants now.
    Fresh(PlanOptions),
    /// Exactly this, if nothing moved.
    Saved(Box<Plan>),
    /// The inverse of a past run.
    Rollback {
        /// The run.
        run_id: String,
        /// How to plan it.
        options: PlanOptions,
    },
}

/// Who watches and approves.
#[allow(async_fn_in_trait, reason = "one task drives every future; no Send bound is wanted")]
pub trait Front {
    /// Shows something worth a line.
    fn note(&mut self, text: &str);
    /// Shows the plan.
    fn planned(&mut self, plan: &Plan);
    /// Asks for approval of the plan that was shown.
    async fn approve(&mut self) -> Result<bool>;
    /// The run begins: the plan is what the events are about.
    fn begin(&mut self, plan: &Plan);
    /// Shows what happens.
    fn event(&mut self, at: Timestamp, event: &Event);
    /// The run has ended.
    fn end(&mut self, report: &Report);
}

/// How an apply ended.
#[derive(Debug)]
pub enum Applied {
    /// There was nothing to do, or nothing that can be done: the plan says which.
    Nothing(Box<Plan>),
    /// The user said no.
    Declined,
    /// A run took place.
    Ran(Box<Ran>),
}

/// A run and what was seen after it.
#[derive(Debug)]
pub struct Ran {
    /// The plan that was run.
    pub plan: Plan,
    /// What happened to each step.
    pub report: Report,
    /// What reached its goal and was not there any more at the end, in words.
    pub unstable: Vec<String>,
    /// The way back, where `--on-error rollback` took it.
    pub rollback: Option<Box<Ran>>,
}

impl Ran {
    /// Returns the exit code: the report's own, and 5 where something was done and something planned was blocked,
    /// did not stay, or was taken back.
    pub fn exit_code(&self) -> u8 {
        let code = self.report.exit_code();
        let is_partial = !self.plan.blocked.is_empty() || !self.plan.failures.is_empty() || !self.unstable.is_empty();
        let did_something = self.report.results.iter().any(crate::report::StepResult::may_have_changed_something);
        match code {
            0 if is_partial && did_something => 5,
            0 if !self.plan.blocked.is_empty() => Exit::Guarded as u8,
            0 if is_partial => Exit::Error as u8,
            code => code,
        }
    }
}

/// A session that holds the lock, with everything older closed.
struct Locked<'s> {
    session: &'s Session,
    connection: Connection,
    store: LocalStore,
    state: State,
    /// The state as plans know it: none before the first commit.
    has_state: bool,
    run_id: RunId,
}

/// Does a task from the lock to the last record.
///
/// # Errors
/// Everything that ends it before the run begins; what happens in the run is in its report.
pub async fn apply(
    session: &Session,
    task: Task,
    approval: Approval,
    front: &mut impl Front,
    signals: watch::Receiver<u32>,
) -> Result<Applied> {
    let mut waiting = signals.clone();
    let (mut locked, operation, plan, approved) = tokio::select! {
        biased;
        prepared = prepare(session, task, &approval, front) => prepared?,
        _ = waiting.wait_for(|count| *count > 0) => {
            return Err(Refusal::new(Exit::Interrupted, "interrupted before anything was sent").into());
        }
    };
    if plan.steps.is_empty() {
        return Ok(Applied::Nothing(Box::new(plan)));
    }
    if !approved {
        return Ok(Applied::Declined);
    }
    let run_id = locked.run_id.clone();
    let mut ran = locked.run(plan, run_id, operation, front, signals.clone()).await?;
    let failed = ran.report.results.iter().any(|result| result.outcome.is_some() && !result.is_at_goal());
    if failed && session.settings.on_error == OnError::Rollback && !ran.report.interrupted {
        ran.rollback = locked.roll_back(&ran.report, front, signals).await?.map(Box::new);
    }
    Ok(Applied::Ran(Box::new(ran)))
}

/// Everything before the first step of the run: the lock, the plan, the approval.
async fn prepare<'s>(
    session: &'s Session,
    task: Task,
    approval: &Approval,
    front: &mut impl Front,
) -> Result<(Locked<'s>, Operation, Plan, bool)> {
    let operation = if matches!(task, Task::Rollback { .. }) { Operation::Rollback } else { Operation::Apply };
    let mut locked = Locked::begin(session, operation, front).await?;
    let plan = locked.plan(task, front).await?;
    let approved = if plan.steps.is_empty() {
        locked.record_observations(&plan).await?;
        false
    } else {
        locked.is_approved(&plan, approval, front).await?
    };
    Ok((locked, operation, plan, approved))
}

/// How a plan is approved.
#[derive(Clone, Debug)]
pub struct Approval {
    /// `--auto-approve`.
    pub auto: bool,
    /// `--approve-digest`.
    pub digest: Option<String>,
}

impl<'s> Locked<'s> {
    /// Locks, reaches the cloud, checks whose it is, and closes what a dead run left open.
    async fn begin(session: &'s Session, operation: Operation, front: &mut impl Front) -> Result<Self> {
        let run_id = new_run_id(session.clock.now());
        let word = if operation == Operation::Rollback { "rollback" } else { "apply" };
        let holder =
            Holder::this_process(session.who.clone(), word.to_owned(), Some(run_id.clone()), session.clock.now());
        let (store, mut recorded) = lock(session, &holder, front).await?;
        recorded.notes.iter().for_each(|note| front.note(note));
        let project = &session.project;
        let connection = connection::connect(project, &session.access, session.clock).await?;
        connection.check_accounts(project).await?;
        live::check_target(recorded.state.as_ref(), &connection.target, project)?;
        let has_state = recorded.state.is_some();
        let state = recorded.take_state_or_new(&connection.target, uuid::Uuid::new_v4().to_string());
        let mut locked = Self { session, connection, store, state, has_state, run_id };
        locked.close_dead_run(front).await?;
        Ok(locked)
    }

    /// Reads what became of the calls whose end nobody recorded, and records that.
    async fn close_dead_run(&mut self, front: &mut impl Front) -> Result<()> {
        if let Some(run) = self.store.replay().open_run() {
            if !run.started.target.is_same_as(&self.connection.target) {
                let refusal = Refusal::new(Exit::Moved, "an unfinished run was about another target")
                    .cause(format!("run {}: {}", run.started.run_id, run.started.target))
                    .cause(format!("now: {}", self.connection.target));
                return Err(refusal
                    .hint("finish it with the spec and the credentials that it was started with")
                    .into());
            }
            let run_id = run.started.run_id.clone();
            let open = live::open_steps(run);
            front.note(&format!("run {run_id} did not end; reading what became of {} open steps", open.len()));
            let (cloud, clock) = (&self.connection.cloud, &self.session.clock);
            let resolutions = executor::recovery::resolve(&open, cloud, clock, &self.session.settings)
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
                    detail: Some(resolution.detail),
                });
            }
            entries.push(Entry::RunEnded { at: clock.now(), exit_code: 5 });
            self.store.append(&entries)?;
        }
        if self.store.replay().unfolded().is_some() {
            self.store.fold_ended_run(&mut self.state)?;
            self.has_state = true;
        }
        Ok(())
    }

    fn known_state(&self) -> Option<&State> {
        self.has_state.then_some(&self.state)
    }

    /// Makes the plan that the task asks for, and shows it.
    async fn plan(&self, task: Task, front: &mut impl Front) -> Result<Plan> {
        let project = &self.session.project;
        let (target, clock, cloud) = (&self.connection.target, &self.session.clock, &self.connection.cloud);
        let plan = match task {
            Task::Fresh(options) => {
                let seen = live::refresh(&project.spec, cloud, clock).await;
                live::plan_from(project, self.known_state(), &seen, &[], target, &options)?
            }
            Task::Saved(plan) => {
                let seen = live::refresh(&project.spec, cloud, clock).await;
                saved::check(&plan, project, self.known_state(), self.store.replay(), &seen, target)?;
                *plan
            }
            Task::Rollback { run_id, options } => {
                let run = self.store.replay().runs().iter().find(|run| *run.started.run_id.0 == *run_id);
                let run = run.ok_or_else(|| super::history::unknown_run(&run_id))?;
                self.plan_back(&rollback::confirmed(run), &options).await?
            }
        };
        front.planned(&plan);
        Ok(plan)
    }

    /// Plans the inverse of confirmed steps.
    async fn plan_back(&self, confirmed: &[crate::journal::PlannedStep], options: &PlanOptions) -> Result<Plan> {
        let (project, options) = rollback::inverse(&self.session.project, confirmed, options)?;
        let seen = live::refresh(&project.spec, &self.connection.cloud, &self.session.clock).await;
        live::plan_from(&project, self.known_state(), &seen, &[], &self.connection.target, &options)
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
            cloud: &self.connection.cloud,
            store: &mut self.store,
            gate: &super::check::CheckCommand,
            clock,
            signals,
            emit: &mut |event| front.event(clock.now(), event),
        };
        let Ended { mut report } = executor::run(&plan, header, &self.session.settings, around).await;
        let unstable = if report.interrupted { Vec::new() } else { self.look_again(&report).await };
        if report.unrecorded.is_none()
            && let Err(error) = self.commit()
        {
            report.unrecorded = Some(crate::store::explain(&error));
        }
        if let Some(reason) = &mut report.unrecorded {
            match self.store.rescue() {
                Ok(path) => reason.push_str(&format!("; what is missing was written to {path}")),
                Err(error) => reason.push_str(&format!("; and to no second place: {}", crate::store::explain(&error))),
            }
        }
        front.end(&report);
        Ok(Ran { plan, report, unstable, rollback: None })
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
            target: self.connection.target.clone(),
            lineage: self.state.lineage.clone(),
            serial: self.state.serial,
            digest: plan.digest(),
            steps: plan.steps.iter().map(|step| planned_step(step, reasons.get(&step.address).cloned())).collect(),
        }
    }

    /// Reads everything once more: it goes into the records, and what did not stay where the run left it is told.
    async fn look_again(&mut self, report: &Report) -> Vec<String> {
        let spec = &self.session.project.spec;
        let seen = live::refresh(spec, &self.connection.cloud, &self.session.clock).await;
        records::update(&mut self.state, spec, &seen);
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

    fn commit(&mut self) -> Result<(), StoreError> {
        self.store.fold_ended_run(&mut self.state)?;
        self.has_state = true;
        Ok(())
    }

    /// Records what a plan without steps has seen, if that is news.
    async fn record_observations(&mut self, plan: &Plan) -> Result<()> {
        if !plan.blocked.is_empty() || !plan.failures.is_empty() {
            return Ok(());
        }
        let before = self.state.interfaces.clone();
        let spec = &self.session.project.spec;
        let seen = live::refresh(spec, &self.connection.cloud, &self.session.clock).await;
        records::update(&mut self.state, spec, &seen);
        if before != self.state.interfaces {
            let expected = self.state.serial;
            self.state.serial += 1;
            self.store.commit(&self.state, expected)?;
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
        front.note(&format!("taking back the {} confirmed steps of run {}", confirmed.len(), report.run_id));
        let options = PlanOptions {
            now: self.session.clock.now(),
            today: today(self.session.clock.now()),
            targets: Vec::new(),
            excludes: Vec::new(),
            // The caps bound what a person asked for; taking it back is bounded by what was done.
            allow_changes: u32::try_from(confirmed.len()).ok(),
            settle_timeout: self.session.settings.settle_timeout,
        };
        let plan = self.plan_back(&confirmed, &options).await?;
        front.planned(&plan);
        if plan.steps.is_empty() {
            return Ok(None);
        }
        let run_id = new_run_id(self.session.clock.now());
        self.run(plan, run_id, Operation::Rollback, front, signals).await.map(Some)
    }
}

/// Returns the calendar day in UTC.
pub fn today(now: Timestamp) -> jiff::civil::Date {
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Makes a run id that sorts by time.
pub fn new_run_id(now: Timestamp) -> RunId {
    let random = uuid::Uuid::new_v4().simple().to_string();
    let time = jiff::fmt::strtime::format("%Y%m%dT%H%M%S", now).expect("the format has only fixed fields");
    let millisecond = now.subsec_millisecond();
    RunId(format!("{time}.{millisecond:03}Z-{}", &random[..6]).into())
}

/// Takes the lock, waiting for it as long as the session allows.
async fn lock(session: &Session, holder: &Holder, front: &mut impl Front) -> Result<(LocalStore, Recorded)> {
    let deadline = Instant::now() + session.lock_timeout;
    let mut told = false;
    loop {
        match LocalStore::try_open(session.project.paths.clone(), holder) {
            Err(StoreError::Locked { holder, .. }) if Instant::now() < deadline => {
                if !told {
                    front.note(&format!("waiting for the lock of {holder}"));
                    told = true;
                }
                tokio::time::sleep(LOCK_INTERVAL).await;
            }
            outcome => return Ok(outcome?),
        }
    }
}
