//! The journal: intents and results, a JSON line for what one write says of steps, append-only.
//!
//! An intent is durable before its call is sent, a result before the next step starts; what a dead run left
//! open is what [`Replay`] says after folding the lines. Replay is a pure transition function in which an
//! illegal history is an error, not a guess. Every line names the one before it by its hash, and the state names
//! the line that it rests on, so that what was taken away can be noticed. Bytes on disk are the store's business.

mod awaits;
mod chain;
mod column;
mod first;
mod frame;
mod head;
mod illegal;
mod late;
mod line;
mod patch;
mod replay;
mod rescued;
mod told;
mod wire;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use schemars::JsonSchema;

use crate::plan::{Action, Expectation, Goal, Guard, StepId};
use crate::resource::{Address, Call, ChangeName, Receipt, RouterInterfaceId, Scope, Status, Target};
use crate::run::{RunEnd, StepReason};
use crate::state::RunId;
use crate::uptime::Uptime;

pub use chain::LineHash;
pub use illegal::{Illegal, Misstep};
pub use late::LateCalls;
pub use line::{Base, DamagedLine, FORMAT_VERSION, Journal, TornTail, decode_run, encode_run, is_whole_run, runs_in};
pub use replay::{Answer, Attempt, Closed, Over, Replay, Run, Trace};
pub use rescued::{Rescued, rescued};

/// One thing that the journal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A run begins: who, on what basis, and what it is going to do.
    RunStarted(Box<RunStarted>),
    /// A call is about to be sent.
    Intent {
        /// The step.
        step: StepId,
        /// When.
        at: Timestamp,
    },
    /// The API accepted the call.
    Accepted {
        /// The step.
        step: StepId,
        /// When the answer arrived.
        at: Timestamp,
        /// What came with it.
        receipt: Receipt,
    },
    /// The API refused the call, or it surely never left: nothing was done.
    Refused {
        /// The step.
        step: StepId,
        /// When.
        at: Timestamp,
        /// The API's code and words, and its RequestId.
        detail: String,
        /// What came with the answer; `None` if the call never left, or an older version wrote it down.
        receipt: Option<Receipt>,
    },
    /// No answer that tells whether the call was done.
    Doubtful {
        /// The step.
        step: StepId,
        /// When.
        at: Timestamp,
        /// What happened to the answer.
        detail: String,
        /// What came with it, if it was one of the API's.
        receipt: Option<Receipt>,
    },
    /// A step has ended; what a read said of its interface at that moment.
    Closed {
        /// The step.
        step: StepId,
        /// When.
        at: Timestamp,
        /// How.
        outcome: Outcome,
        /// The last status that was read; `None` if none was, or the interface is gone.
        status: Option<Status>,
        /// Why it ended so, where the outcome does not say it all.
        because: Option<StepReason>,
        /// When, by a clock that nobody can set.
        uptime: Option<Uptime>,
    },
    /// The run has come to its end; the state is committed after this.
    RunEnded(RunEnd),
    /// The process of the run died, and a later command has closed what it left open.
    Died(Died),
    /// The run was folded into the state of this serial.
    Folded {
        /// The state's new serial.
        serial: u64,
    },
    /// An entry that a coming version gives a meaning: legal anywhere, kept, and without effect.
    Reserved {
        /// Its name.
        kind: Reserved,
        /// What it says.
        body: serde_json::Map<String, serde_json::Value>,
    },
}

/// The names that are kept free for what comes: confirmations, and the claims of states that many machines share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reserved {
    /// The run waits for a confirmation until a time.
    ConfirmBy,
    /// Somebody confirmed it.
    Confirmed,
    /// It was taken back.
    TakenBack,
    /// A process claimed the journal.
    Claimed,
    /// It gave the journal up.
    Released,
    /// It is still there.
    Beat,
}

/// The end of a run that could not say it itself: it has no exit code, for nobody gave one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Died {
    /// When it was found dead and what it left open was read.
    pub at: Timestamp,
    /// The run whose command did so.
    pub resolved_by: RunId,
}

/// The first line of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    /// The run.
    pub run_id: RunId,
    /// When.
    pub at: Timestamp,
    /// What the user ran.
    pub operation: Operation,
    /// The login name, untrusted text.
    pub who: String,
    /// The process.
    pub pid: u32,
    /// Whose interfaces.
    pub target: Target,
    /// The state's lineage.
    pub lineage: String,
    /// The state's serial when the run began.
    pub serial: u64,
    /// The digest of the plan that is run.
    pub digest: String,
    /// Who, why and from which text, as far as it is known.
    #[serde(flatten)]
    pub evidence: Evidence,
    /// The steps of that plan, in its order.
    pub steps: Vec<PlannedStep>,
}

/// What the spec was checked out of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The commit.
    pub id: String,
    /// Whether the spec differed from it, where that is known.
    pub is_altered: Option<bool>,
}

/// What a run can later be asked about, beside what it did. All of it is untrusted text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Whom CI names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The cloud's name of the caller (ARN).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The change that all its steps belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_id: Option<String>,
    /// Why it was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The spec, as the user named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// The digest of its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec_digest: Option<String>,
    /// The commit that the spec lay in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether the spec differed from its commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_dirty: Option<bool>,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approved>,
    /// Why windows were overridden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_window: Option<String>,
    /// What was allowed to go down although that left a route without a next hop.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_last_route: Vec<Address>,
    /// Whether the state's lock could be done without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<LockWord>,
    /// The id of the claim that it was run under; of a run whose state many machines share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// What becomes of its calls that are late on their way; of such a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_calls: Option<LateCalls>,
    /// The runs that it takes back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub takes_back: Vec<RunId>,
    /// Those of them of which something stands that it was not asked for: they are not taken back by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub takes_back_part_of: Vec<RunId>,
    /// Of a way back: its plan left nothing of them, so that it took them back whole once every step is at its goal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub takes_back_whole: bool,
    /// What its interfaces stood on when it was planned, where there is something to say of that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grounds: Vec<Ground>,
    /// What it stood under, as [`crate::spec::footing`] has it: what it takes to take the run back where the spec cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stood_under: Option<serde_json::Value>,
    /// How long after its last call it is taken back unless somebody confirms it, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm_within_ms: Option<u64>,
    /// When it began by a clock that nobody can set; of a run that has to be confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime: Option<Uptime>,
}

/// What an interface of a run stood on when the run was planned. Of a way back there is one for each interface that it
/// found, or brought, where it stood before, one without a step included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    /// The interface.
    pub interface_id: RouterInterfaceId,
    /// Where it lives.
    #[serde(flatten)]
    pub scope: Scope,
    /// Whose change of it stood; of a way back, whose stands again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<RunId>,
    /// Of a way back, the digest of the entry of the spec that asks for the interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
}

/// What is recorded of an intent whose call did not leave: what it rests on was too old, or the run had stopped.
pub const NOT_SENT: &str = "not_sent";

/// What a run was told of its state's lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LockWord {
    /// `--lock=none`: where the file system's locks do not work, nothing kept others out.
    None,
}

/// Who approved a run, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approved {
    /// Who.
    pub by: String,
    /// How.
    pub how: ApprovedHow,
    /// The digest that was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// How a run was approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovedHow {
    /// By `yes` at a terminal.
    Terminal,
    /// By `--auto-approve`.
    AutoApprove,
    /// By a saved plan.
    Plan,
    /// By `--approve-digest`.
    Digest,
    /// By `rictl approve`.
    Approval,
}

/// What a run was started as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `rictl apply`.
    Apply,
    /// `rictl rollback`.
    Rollback,
}

/// A step as the journal needs it to make sense of later lines without the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedStep {
    /// Its name.
    pub id: StepId,
    /// The interface's key in the spec.
    pub address: Address,
    /// The call; `None` for a wait.
    pub call: Option<Call>,
    /// The interface.
    pub interface_id: RouterInterfaceId,
    /// Where the call goes.
    #[serde(flatten)]
    pub scope: Scope,
    /// What must be there right before.
    pub expect: Expectation,
    /// The status that ends it.
    pub goal: Goal,
    /// The spec's `reason`, untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The change that asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_id: Option<ChangeName>,
    /// The floors that were checked when it was planned: what each group is left with. Runs of older versions do not say it.
    #[serde(rename = "margins", default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<Guard>,
}

impl PlannedStep {
    /// Returns what the step does.
    pub fn action(&self) -> Action {
        self.call.map_or(Action::Wait, Action::Call)
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The call was accepted and the goal was seen, or a wait saw its goal.
    Done,
    /// The goal was there before anything was sent.
    Already,
    /// The answer was lost, and a read found the goal.
    DoneUnknown,
    /// A guard said no right before the call: floor, protection, a check between waves.
    Guarded,
    /// The live status was not the expected one: somebody else moved it.
    Moved,
    /// The API refused the call.
    Failed,
    /// Accepted, but the goal was not seen in time, or can never be.
    Unsettled,
    /// The answer was lost, and reads cannot tell what happened.
    InDoubt,
    /// Not started: something it needs did not reach its goal.
    Skipped,
    /// Not started: the run was interrupted or stopped first.
    NotStarted,
}

impl Outcome {
    /// Returns whether the step's goal was observed.
    pub fn is_at_goal(self) -> bool {
        matches!(self, Self::Done | Self::Already | Self::DoneUnknown)
    }
}
