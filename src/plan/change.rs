//! What differs, for people: one entry for each declared interface, in Terraform's shape.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::attribute::Values;
use crate::resource::{Address, ChangeName, RouterInterfaceId, Scope};
use crate::state::RunId;

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
    /// A change asks for it that has begun.
    ChangeBegun,
    /// A change that had asked for something else has ended.
    ChangeEnded,
}

impl ActionReason {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::SpecChanged, Self::Drift, Self::Both, Self::New, Self::ChangeBegun, Self::ChangeEnded];

    /// Returns the word in the documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SpecChanged => "spec_changed",
            Self::Drift => "drift",
            Self::Both => "both",
            Self::New => "new",
            Self::ChangeBegun => "change_begun",
            Self::ChangeEnded => "change_ended",
        }
    }
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

/// From where to where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// One word in a list, as Terraform writes it.
    pub actions: [ChangeAction; 1],
    /// What is live; `None` where nothing is.
    pub before: Option<Values>,
    /// What is declared, or in drift what is live.
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
    /// The run that took back what is asked for again, where that is why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back_by: Option<RunId>,
    /// It was where its steps lead already when the plan was to be carried out.
    #[serde(skip)]
    pub is_there_already: bool,
    /// From where to where.
    pub change: Change,
    /// The change that asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_id: Option<ChangeName>,
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
