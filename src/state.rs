//! The state: what was recorded. History, not truth; every command works without it.
//!
//! One record per interface that an apply has seen. [`decode`] sniffs the format version, upgrades older
//! files step by step and refuses newer and damaged ones; [`encode`] writes the current one with a checksum
//! over its content. Which bytes are on which disk is the store's business.

mod codec;
mod distinct;
mod upgrade;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::StepId;
use crate::resource::{Address, Call, DesiredStatus, GroupName, RequestId, RouterInterfaceId, Scope, Status, Target};

pub use codec::{FORMAT_VERSION, Unreadable, decode, encode};

/// The state of one spec against one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct State {
    /// Made once per state; a state of another lineage is another history.
    pub lineage: String,
    /// Grows by one with every commit.
    pub serial: u64,
    /// Whose interfaces these are.
    pub target: Target,
    /// The last run folded in from the journal.
    pub last_run: Option<RunId>,
    /// The records by address.
    pub interfaces: BTreeMap<Address, Record>,
}

impl State {
    /// Starts the history `lineage` of `target`: nothing recorded, never committed.
    pub fn new(lineage: impl Into<String>, target: Target) -> Self {
        Self { lineage: lineage.into(), serial: 0, target, last_run: None, interfaces: BTreeMap::new() }
    }
}

/// What was recorded of one interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// The cloud's id.
    pub id: RouterInterfaceId,
    /// Where it lives.
    #[serde(flatten)]
    pub scope: Scope,
    /// The status that was last declared and confirmed by a read; `None` if none ever was.
    pub declared: Option<DesiredStatus>,
    /// What the last read of an apply said.
    pub observed: Sighting,
    /// The interface was protected when last applied.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
    /// Its group when last applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupName>,
    /// The last mutating call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_action: Option<LastAction>,
}

/// A status and since when we have known it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sighting {
    /// What Describe said; `None` for an interface that the API said is absent.
    pub status: Option<Status>,
    /// When it was first seen so.
    pub since: Timestamp,
}

impl Sighting {
    /// Takes in what a read at `at` said; the same status again keeps its `since`.
    pub fn update(&mut self, status: Option<Status>, at: Timestamp) {
        if self.status != status {
            *self = Self { status, since: at };
        }
    }
}

/// The last mutating call that was sent for an interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LastAction {
    /// The run that sent it.
    pub run_id: RunId,
    /// The step it was.
    pub step: StepId,
    /// The call.
    pub action: Call,
    /// The API's id of the accepting answer; `None` when no answer arrived.
    pub request_id: Option<RequestId>,
    /// When the intent was recorded.
    pub started_at: Timestamp,
    /// When its outcome was.
    pub finished_at: Timestamp,
    /// How it ended, e.g. `done` or `unknown, found Inactive`.
    pub outcome: String,
}

/// The id of one run; sorts by time: `20261123T120304.567Z-1a2b3c`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RunId(pub Box<str>);

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}
