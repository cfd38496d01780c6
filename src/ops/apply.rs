//! `apply` and `rollback`: what is to be done, who watches, how it ended; and the way to a locked history and a
//! reached cloud. What happens between the two is in [`super::locked`].

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::executor;
use crate::journal::Operation;
use crate::plan::{Plan, PlanOptions};
use crate::report::{Event, Report};
use crate::state::RunId;
use crate::store::StoreError;
use crate::store::local::{LocalStore, Recorded};
use crate::store::lock::Holder;

use super::connection::{self, Access, Cloud};
use super::failure::Exit;
use super::locked::{Locked, unless_signalled};
use super::project::Project;

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
    /// Random hexadecimal digits, at least 12: they keep this session's run ids and lineage apart from all others.
    pub salt: String,
}

impl Session {
    /// Returns the id of the session's first run, or of its way back.
    pub fn run_id(&self, operation: Operation) -> RunId {
        let salt = if operation == Operation::Apply { &self.salt[..6] } else { &self.salt[6..12] };
        let now = self.clock.now();
        let time = jiff::fmt::strtime::format("%Y%m%dT%H%M%S", now).expect("the format has only fixed fields");
        RunId(format!("{time}.{:03}Z-{salt}", now.subsec_millisecond()).into())
    }
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

impl Task {
    /// Returns what the run of the task is called.
    pub fn operation(&self) -> Operation {
        if matches!(self, Self::Rollback { .. }) { Operation::Rollback } else { Operation::Apply }
    }
}

/// How a plan is approved.
#[derive(Clone, Debug)]
pub struct Approval {
    /// `--auto-approve`.
    pub auto: bool,
    /// `--approve-digest`.
    pub digest: Option<String>,
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
    let locked = unless_signalled(&signals, begin(session, task.operation(), front)).await?;
    locked.carry_out(task, &approval, front, signals).await
}

/// Locks, reaches the cloud and checks whose it is.
async fn begin<'s>(
    session: &'s Session,
    operation: Operation,
    front: &mut impl Front,
) -> Result<Locked<'s, Cloud, LocalStore>> {
    let run_id = session.run_id(operation);
    let word = if operation == Operation::Rollback { "rollback" } else { "apply" };
    let holder = Holder::this_process(session.who.clone(), word.to_owned(), Some(run_id.clone()), session.clock.now());
    let (store, recorded) = lock(session, &holder, front).await?;
    recorded.notes.iter().for_each(|note| front.note(note));
    let connection = connection::connect(&session.project, &session.access, session.clock).await?;
    connection.check_accounts(&session.project).await?;
    Locked::new(session, run_id, connection.cloud, connection.target, store, recorded)
}

/// Returns the calendar day in UTC.
pub fn today(now: Timestamp) -> jiff::civil::Date {
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
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
