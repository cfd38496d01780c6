//! The words of a run: what it is made of, what is to be done, who watches and approves, how it ended.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;

use crate::clock::Clock;
use crate::executor;
use crate::journal::{Approved, Operation};
use crate::plan::{DigestAt, Plan, PlanOptions};
use crate::run::{Event, Exit, Report};
use crate::state::{Awaiting, RunId};

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
    /// `--confirm-within`: how long after its last call an apply is taken back unless somebody confirms it.
    pub confirm_within: Option<Duration>,
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
        self.id_with(salt)
    }

    /// Returns the id of one of several ways back of the session, counted from 0.
    pub fn way_back_id(&self, number: usize) -> RunId {
        let first = 6 * (1 + number % 4);
        self.id_with(self.salt.get(first..first + 6).unwrap_or(&self.salt[6..12]))
    }

    fn id_with(&self, salt: &str) -> RunId {
        RunId::made(self.clock.now(), salt)
    }
}

/// What is to be done.
#[derive(Clone, Debug)]
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
        /// What.
        what: TakenBack,
        /// What is asked for beyond its inverse.
        loosened: Loosened,
        /// How to plan it.
        options: PlanOptions,
    },
    /// The inverse of a run that nobody has confirmed in time.
    TakeBack {
        /// The run.
        run_id: RunId,
    },
}

/// What somebody wants taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakenBack {
    /// A run, by the beginning of its id, or `last`.
    Run(String),
    /// Every run of a change that was not taken back.
    Change(String),
}

impl Task {
    /// Returns what the run of the task is called.
    pub fn operation(&self) -> Operation {
        match self {
            Self::Rollback { .. } | Self::TakeBack { .. } => Operation::Rollback,
            Self::Fresh(_) | Self::Saved { .. } => Operation::Apply,
        }
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
    /// What somebody has approved before the state was claimed: the plan has to come out the same.
    pub given: Option<Approved>,
}

/// Who watches and approves.
#[allow(async_fn_in_trait, reason = "one task drives every future; no Send bound is wanted")]
pub trait Front {
    /// Shows something worth a line, in the language of whoever watches.
    fn note(&mut self, say: &dyn Fn() -> String);
    /// Keys of the environment are used although a profile names an identity, too.
    fn identities(&mut self, _used: &str, _passed_over: &str) {}
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
    /// The run of a plan has done its steps and awaits confirmation.
    fn awaits(&mut self, _plan: &Plan, _awaiting: &Awaiting) {}
    /// Waits until somebody at the terminal confirms; for ever where nobody is there.
    async fn confirms(&mut self) {
        std::future::pending().await
    }
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
    /// Runs that nobody had confirmed in time came first, and nothing else was done.
    TookBack(Vec<Back>),
}

/// What came of asking.
#[derive(Debug)]
pub(super) enum Foreseen {
    /// Nothing more is to be done.
    Over(Applied),
    /// The claim decides: nothing was asked.
    Open,
    /// It is approved.
    Approved(Approved),
}

/// What became of a run that nobody had confirmed in time.
#[derive(Debug)]
pub struct Back {
    /// The run.
    pub run_id: RunId,
    /// What became of it.
    pub came: Came,
}

/// What becomes of a run that is to be taken back since nobody has confirmed it.
#[derive(Debug)]
pub enum Came {
    /// It is kept: somebody was in time.
    Kept,
    /// It was taken back already.
    Settled,
    /// A way back whose process died had left nothing of it, which is recorded now.
    Closed,
    /// Nothing of it can be taken back now: the plan says why.
    Left(Box<Plan>),
    /// A way back took place.
    Ran(Box<Ran>),
    /// Nothing of it was begun after others were taken back; it was said why, and this is the code.
    Unbegun(Exit),
}

impl Came {
    /// Returns the way back, where one took place.
    pub fn ran(&self) -> Option<&Ran> {
        if let Self::Ran(ran) = self { Some(ran) } else { None }
    }

    /// Returns whether nothing of the run is left.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Settled | Self::Closed => true,
            Self::Ran(ran) => ran.report.left_nothing(),
            Self::Kept | Self::Left(_) | Self::Unbegun(_) => false,
        }
    }
}

/// A run, and its way back.
#[derive(Debug)]
pub struct Ran {
    /// The plan that was run.
    pub plan: Plan,
    /// What happened to each step, and how the run ended.
    pub report: Report,
    /// The way back, where `--on-error rollback` took it, or nobody confirmed the run.
    pub rollback: Option<Box<Ran>>,
    /// That it awaits confirmation.
    pub awaits: Option<Awaiting>,
    /// That it waited in vain and could not be taken back yet: the code of this process, the run itself has none.
    pub left: Option<Exit>,
}

impl Ran {
    /// Returns the code that the process ends with: what stands in the history of the run, but for one that waited in vain.
    pub fn exit(&self) -> Exit {
        self.left.or(self.report.exit()).unwrap_or(Exit::Partial)
    }
}
