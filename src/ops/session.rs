//! The words of a run: what it is made of, what is to be done, who watches and approves, how it ended.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;

use crate::clock::Clock;
use crate::executor;
use crate::journal::Operation;
use crate::plan::{DigestAt, Plan, PlanOptions};
use crate::run::{Event, Report};
use crate::state::RunId;

use super::connection::Access;
use super::project::Project;
use super::rollback::Loosened;

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
    /// How long to wait for the locks.
    pub lock_timeout: Duration,
    /// Where the accounts' locks are; `None` for where every user of the host looks.
    pub lock_dir: Option<PathBuf>,
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
    /// Exactly this, if it comes out the same again and nothing moved.
    Saved {
        /// What was saved.
        plan: Box<Plan>,
        /// How to make it again; what the file chose goes before.
        options: PlanOptions,
    },
    /// The inverse of a past run.
    Rollback {
        /// The run.
        run_id: String,
        /// What is asked for beyond its inverse.
        loosened: Loosened,
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
#[derive(Clone, Debug, Default)]
pub struct Approval {
    /// `--auto-approve`.
    pub auto: bool,
    /// `--approve-digest`.
    pub digest: Option<DigestAt>,
    /// Who approved it by `rictl approve`, where that is what is run.
    pub by: Option<String>,
    /// `--max-age`: a saved plan or a digest that is older is refused.
    pub max_age: Option<Duration>,
    /// `--again`: one that was used is not.
    pub again: bool,
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
    /// The run of a plan has ended, and its end is recorded: shows what it came to, the last that is heard of it. Of a run
    /// that is taken back, after the end of the way back.
    fn end(&mut self, plan: &Plan, report: &Report);
}

/// How an apply ended.
#[derive(Debug)]
pub enum Applied {
    /// There was nothing to do, or nothing that can be done: the plan says which.
    Nothing(Box<Plan>),
    /// What a rollback asks for was taken back already.
    TakenBack {
        /// The run; `None` where every apply was taken back.
        run_id: Option<RunId>,
    },
    /// The user said no.
    Declined,
    /// A run took place.
    Ran(Box<Ran>),
}

/// A run, and its way back.
#[derive(Debug)]
pub struct Ran {
    /// The plan that was run.
    pub plan: Plan,
    /// What happened to each step, and how the run ended.
    pub report: Report,
    /// The way back, where `--on-error rollback` took it.
    pub rollback: Option<Box<Ran>>,
}

/// Returns the calendar day in UTC.
pub fn today(now: Timestamp) -> jiff::civil::Date {
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}
