//! The journal: intents and results, one JSON line each, append-only.
//!
//! An intent is durable before its call is sent, a result before the next step starts; what a dead run left
//! open is what [`Replay`] says after folding the lines. Replay is a pure transition function in which an
//! illegal history is an error, not a guess. Bytes on disk are the store's business.

mod fold;
mod line;
mod replay;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::{Action, Goal, StepId};
use crate::resource::{Address, Call, RequestId, RouterInterfaceId, Scope, Status, Target};
use crate::run::{RunEnd, StepReason};
use crate::state::RunId;

pub use fold::fold;
pub use line::{DamagedLine, FORMAT_VERSION, Journal, TornTail};
pub use replay::{Answer, Attempt, Closed, Illegal, Replay, Run, Trace};

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
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
        /// The API's id of it.
        request_id: RequestId,
    },
    /// The API refused the call, or it surely never left: nothing was done.
    Refused {
        /// The step.
        step: StepId,
        /// When.
        at: Timestamp,
        /// The API's code and words, and its RequestId.
        detail: String,
    },
    /// No answer that tells whether the call was done.
    Doubtful {
        /// The step.
        step: StepId,
        /// When.
        at: Timestamp,
        /// What happened to the answer.
        detail: String,
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<Status>,
        /// Why, where it did not end plainly.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<StepReason>,
    },
    /// A run has ended; the state is committed after this.
    RunEnded(RunEnd),
    /// The run was folded into the state of this serial.
    Folded {
        /// The state's new serial.
        serial: u64,
    },
}

/// The first line of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunStarted {
    /// The run.
    pub run_id: RunId,
    /// When.
    pub at: Timestamp,
    /// What the user ran.
    pub operation: Operation,
    /// `user@host`, untrusted text.
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
    /// The steps of that plan, in its order.
    pub steps: Vec<PlannedStep>,
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
    /// The status that must be there right before.
    pub expect: Status,
    /// The status that ends it.
    pub goal: Goal,
    /// The spec's `reason`, untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
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
