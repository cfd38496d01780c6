//! What a drift check has to report. Plain data: how any of it looks is decided in `render`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::Warning;
use crate::resource::{Address, DesiredStatus, RouterInterfaceId, Scope, ScopeFailure, Status, Target};

/// Why an interface is not where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DriftCause {
    /// The spec says something else than what was last applied.
    SpecChanged,
    /// The live status left what was last applied.
    Drift,
    /// Both.
    Both,
    /// Nothing was ever applied here, and the live status is not the declared one.
    New,
    /// The cloud is at work on it: neither moved nor settled.
    InTransition,
    /// It moved, and `hands_off` says that this is known.
    HandsOff,
}

impl DriftCause {
    /// Returns the word in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SpecChanged => "spec_changed",
            Self::Drift => "drift",
            Self::Both => "both",
            Self::New => "new",
            Self::InTransition => "in_transition",
            Self::HandsOff => "hands_off",
        }
    }
}

/// One interface that is not where the spec or the last apply put it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DriftItem {
    /// The key in the spec.
    pub address: Address,
    /// The cloud's id.
    pub id: RouterInterfaceId,
    /// Where it lives.
    #[serde(flatten)]
    pub scope: Scope,
    /// Why it is listed.
    pub cause: DriftCause,
    /// The declared status.
    pub spec: DesiredStatus,
    /// The status that was last applied and confirmed; `None` if none ever was.
    pub last_applied: Option<DesiredStatus>,
    /// The live status; `None` where the API says there is no such interface.
    pub live: Option<Status>,
    /// Since when the live status is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The reason of `hands_off`, or of the spec; untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The last day of its `hands_off`. The cause of an item past it is what it would be without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hands_off_until: Option<Date>,
}

/// What a drift check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// The spec, as the user named it.
    pub spec: String,
    /// When the cloud was read.
    pub timestamp: Timestamp,
    /// Whose interfaces.
    pub target: Target,
    /// How many interfaces were compared.
    pub checked: usize,
    /// What is not where it was, by address.
    pub items: Vec<DriftItem>,
    /// What could not be read.
    pub failures: Vec<ScopeFailure>,
    /// What is to be looked at although it may not have moved: a `hands_off` past its date.
    pub warnings: Vec<Warning>,
}

impl Drift {
    /// Claims that something moved: exit code 2. Transitions and known drift do not count.
    pub fn has_moved(&self) -> bool {
        self.items.iter().any(|item| !matches!(item.cause, DriftCause::InTransition | DriftCause::HandsOff))
    }
}

/// What became of checking one spec, for the reports that cover several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftCheck {
    /// The spec, as the user named it.
    pub spec: String,
    /// When it was checked.
    pub at: Timestamp,
    /// What it declares, and whether that could be read.
    pub declared: BTreeMap<Address, bool>,
    /// What was found, or in words why nothing could be.
    pub outcome: Result<Drift, String>,
}
