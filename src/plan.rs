//! The plan: data with no choices left in it.
//!
//! [`ResourceChange`]s are for people, [`Step`]s for the executor: one step per mutating call, or per wait.
//! The document that `plan --json` prints, that `--out` saves and that `apply PLAN` runs is one and the same;
//! [`Plan::digest`] covers what would be done (target, steps, expectations, floors, waves), not when it was planned.
//! How a plan comes about is in `planner`; here is what it is, how it is saved, and how it is read back.

mod check;
mod digest;
mod document;
mod step;
mod summary;

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::{Address, GroupName, RouterInterfaceId, Scope, ScopeFailure, Status, Target};

pub use self::document::{Document, PlanFileError};
pub use self::step::{Action, Goal, Step, StepId};
pub use self::summary::Summary;

/// The version of the document. Minor numbers add keys; a major number changes their meaning.
pub const FORMAT_VERSION: &str = "1.0";

/// Why an interface is to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActionReason {
    /// The spec says something else than what was last applied.
    SpecChanged,
    /// The live status left what was last applied.
    Drift,
    /// Both.
    Both,
    /// Nothing was ever applied here.
    New,
}

/// Terraform's word for what happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeAction {
    /// No mutating call.
    NoOp,
    /// At least one mutating call.
    Update,
}

/// A status as Terraform's `before` and `after` carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Values {
    /// The status.
    pub status: Status,
}

/// From where to where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// One word in a list, as Terraform writes it.
    pub actions: [ChangeAction; 1],
    /// The live status; `None` where there is none.
    pub before: Option<Values>,
    /// The declared status, or in drift the live one.
    pub after: Option<Values>,
}

/// One declared interface: what it is, what it should be, and why it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceChange {
    /// The key in the spec.
    pub address: Address,
    /// Always `router_interface`.
    #[serde(rename = "type")]
    pub kind: ResourceType,
    /// The key again; Terraform's documents carry it.
    pub name: Address,
    /// The cloud's id.
    pub id: RouterInterfaceId,
    /// Where it lives.
    #[serde(flatten)]
    pub scope: Scope,
    /// Why it changes; left out where nothing is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action_reason: Option<ActionReason>,
    /// From where to where.
    pub change: Change,
    /// The spec's `reason`, untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when the live status is known to be what it is, where that matters: transitions, drift, blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// `place` of the declared status, `file:line:column`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_at: Option<String>,
}

/// The one type of resource that there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResourceType {
    /// A router interface.
    #[default]
    RouterInterface,
}

/// Why a wanted change cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockCode {
    /// A group's floor would break.
    Floor,
    /// `protect: true`.
    Protected,
    /// More changes than `limits` allows.
    Cap,
    /// Something it needs is blocked.
    Dependency,
    /// Locked for unpaid bills.
    FinancialLocked,
    /// Locked by the vendor.
    SecurityLocked,
    /// Locked with a word nobody documents.
    BusinessLocked,
    /// The API says there is no such interface.
    NotFound,
    /// It lives in another region than declared.
    WrongRegion,
    /// Created, never connected.
    Idle,
    /// Connecting for the first time.
    Connecting,
    /// On its way out.
    Deleting,
    /// The opposite side was deleted: it can never be activated again.
    PeerDeleted,
    /// A status word that nobody documents.
    UnknownStatus,
    /// `hands_off`.
    HandsOff,
    /// Its region could not be read.
    Unreadable,
}

impl BlockCode {
    /// Returns the word in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Protected => "protected",
            Self::Cap => "cap",
            Self::Dependency => "dependency",
            Self::FinancialLocked => "financial_locked",
            Self::SecurityLocked => "security_locked",
            Self::BusinessLocked => "business_locked",
            Self::NotFound => "not_found",
            Self::WrongRegion => "wrong_region",
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Deleting => "deleting",
            Self::PeerDeleted => "peer_deleted",
            Self::UnknownStatus => "unknown_status",
            Self::HandsOff => "hands_off",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A change that is wanted and cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Blocked {
    /// The interface.
    pub address: Address,
    /// Why, as a word.
    pub code: BlockCode,
    /// Why, in words: who, where, since when, and what to do.
    pub detail: String,
}

/// A worry that stops nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// What.
    pub summary: String,
    /// Where and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// A floor as the executor re-evaluates it before each Deactivate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Floor {
    /// The group.
    pub group: GroupName,
    /// The links that count, each once.
    pub links: Vec<FloorLink>,
    /// At least this many links must be up.
    pub min_up: u32,
    /// The knob that set it, with its place, in words.
    pub knob: String,
}

/// One link of a [`Floor`]: up while every one of its declared sides counts as up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FloorLink {
    /// Its declared sides: the member, and the opposite side where the spec declares that too.
    pub sides: Vec<FloorMember>,
    /// It counted as up when the plan was made.
    pub up: bool,
    /// It counts as up once the steps of its sides are done, and does not before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rises: bool,
}

/// One side of a [`FloorLink`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FloorMember {
    /// Its key in the spec.
    pub address: Address,
    /// The cloud's id.
    pub interface_id: RouterInterfaceId,
    /// Where it lives.
    #[serde(flatten)]
    pub scope: Scope,
}

/// How the run is cut into waves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RolloutPlan {
    /// The interfaces of each wave, the canary first.
    pub waves: Vec<Vec<Address>>,
    /// The pause between waves, in milliseconds.
    pub pause_ms: u64,
    /// The argument list that must exit 0 between waves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Vec<String>>,
    /// How long the check may take, in milliseconds.
    pub check_timeout_ms: u64,
}

/// What a run that died left open; the next apply resolves it before anything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Doubt {
    /// The step that was open.
    pub step: StepId,
    /// The run that opened it.
    pub run_id: String,
    /// What a read says now, in words.
    pub finding: String,
}

/// What the plan was made from; an apply of the saved plan compares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Basis {
    /// The state's lineage; `None` when there was no state.
    pub lineage: Option<String>,
    /// The state's serial; 0 when there was no state.
    pub serial: u64,
    /// SHA-256 over the bytes of the spec.
    pub spec_digest: String,
}

/// A plan. Built by `planner`, checked by [`Plan::check`], run by `executor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// When it was made. Not part of the digest.
    pub timestamp: Timestamp,
    /// Whose interfaces it is about.
    pub target: Target,
    /// What it was made from.
    pub basis: Basis,
    /// Every declared interface, by address.
    pub resource_changes: Vec<ResourceChange>,
    /// What left the state it was last seen in.
    pub resource_drift: Vec<ResourceChange>,
    /// What to do, in one allowed order.
    pub steps: Vec<Step>,
    /// What cannot be had.
    pub blocked: Vec<Blocked>,
    /// The floors that hold during the run.
    pub floors: Vec<Floor>,
    /// The waves, where the spec asks for them.
    pub rollout: Option<RolloutPlan>,
    /// The worries.
    pub warnings: Vec<Warning>,
    /// What a dead run left open.
    pub doubts: Vec<Doubt>,
    /// The regions that could not be read.
    pub failures: Vec<ScopeFailure>,
    /// The only interfaces looked at (`--target`), empty for all.
    pub targeted: Vec<Address>,
    /// The interfaces left out (`--exclude`).
    pub excluded: Vec<Address>,
}

/// The settings of the planner that do not come from the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// Now, for the plan's timestamp and nothing else.
    pub now: Timestamp,
    /// Today, for `hands_off.until`.
    pub today: Date,
    /// `--target`; empty for all. What these depend on is not added silently: it is named.
    pub targets: Vec<Address>,
    /// `--exclude`.
    pub excludes: Vec<Address>,
    /// `--allow-changes`: the exact number of changes that overrides the caps.
    pub allow_changes: Option<u32>,
    /// How long a transition may take before it is said to be stuck.
    pub settle_timeout: Duration,
}
