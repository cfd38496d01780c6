//! What a plan was made from beside spec and records: what was chosen, and what the cloud said of each interface.
//!
//! An apply of the saved plan makes it once more from these and from the spec of then. What loosens a guard is no input:
//! it is given to that apply as well.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RoutesHeard;
use crate::language::Wording;
use crate::resource::{
    Address, BusinessStatus, DriftPolicy, HealthCheckStatus, Observed, Reading, Region, RouterInterfaceId, Scope,
    Status,
};
use crate::selector::Selector;

/// What a plan was made from beside spec and records, apart from what it looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanInputs {
    /// `--target`, as it was asked for; empty for everything.
    pub target: Vec<Selector>,
    /// `--exclude`, likewise.
    pub exclude: Vec<Selector>,
    /// How many changes were allowed although that is more than a cap (`--allow-changes`); an apply has to be told, too.
    pub allow_changes: Option<u32>,
    /// `--drift`, where it was given.
    pub drift: Option<DriftPolicy>,
    /// How many were allowed to be gone from the spec although that is more than the cap (`--allow-forgotten`); an apply has to be
    /// told, too.
    pub allow_forgotten: Option<u32>,
    /// What was taken back is done again (`--redo`); an apply has to be told, too.
    pub redo: bool,
    /// Up to when what begins and ends was taken as done, where that is not up to the plan's moment (`--at open`).
    pub assumed_before: Option<Timestamp>,
    /// What the cloud said of each declared interface that was asked for, by address.
    pub read: Vec<InterfaceRead>,
    /// What the health checks said that were asked for, by id.
    pub health: Vec<HealthRead>,
    /// What may go down although that leaves a route without a next hop (`--allow-last-route`), as far as it would have been
    /// blocked; an apply has to be told, too.
    pub allow_last_route: Vec<Address>,
    /// What was read of the routes over what it deactivates.
    pub routes: RoutesHeard,
}

/// What a plan read of one declared interface, as far as it decides what is done. Which interfaces belong together is no
/// part of it: an apply reads that itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reading", rename_all = "snake_case", deny_unknown_fields)]
pub enum InterfaceRead {
    /// It is where the spec says.
    Found {
        /// The interface's key in the spec.
        address: Address,
        /// Its lifecycle word.
        status: Status,
        /// Whether it is locked.
        business_status: BusinessStatus,
        /// The other side's status; left out where the API does not report it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opposite_status: Option<Status>,
    },
    /// It lives in another region that the spec names.
    Elsewhere {
        /// The interface's key in the spec.
        address: Address,
        /// Where it was found.
        region: Region,
        /// Its lifecycle word.
        status: Status,
    },
    /// The API said that there is none.
    Absent {
        /// The interface's key in the spec.
        address: Address,
    },
    /// Its region could not be read.
    Unreadable {
        /// The interface's key in the spec.
        address: Address,
    },
}

impl InterfaceRead {
    /// Returns what `reading` says of the interface at `address`, if it was asked for.
    pub fn of(address: &Address, reading: &Reading) -> Option<Self> {
        let address = address.clone();
        Some(match reading {
            Reading::Found(Observed { status, business_status, opposite, .. }) => Self::Found {
                address,
                status: status.clone(),
                business_status: business_status.clone(),
                opposite_status: opposite.status.clone(),
            },
            Reading::Elsewhere(Observed { region, status, .. }) => {
                Self::Elsewhere { address, region: region.clone(), status: status.clone() }
            }
            Reading::Absent => Self::Absent { address },
            Reading::Unreadable => Self::Unreadable { address },
            Reading::Unasked => return None,
        })
    }

    /// Returns the interface's key in the spec.
    pub fn address(&self) -> &Address {
        match self {
            Self::Found { address, .. }
            | Self::Elsewhere { address, .. }
            | Self::Absent { address }
            | Self::Unreadable { address } => address,
        }
    }
}

/// What one health check said, or why it said nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthRead {
    /// The end of the link that carries the check.
    pub interface_id: RouterInterfaceId,
    /// Its answer.
    #[serde(flatten)]
    pub answer: HealthAnswer,
}

/// The answer to a question for a health check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthAnswer {
    /// What the check says.
    Status(HealthCheckStatus),
    /// It could not be read.
    Unread(HealthUnread),
}

/// Why a health check could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum HealthUnread {
    /// The credentials may not ask.
    Denied {
        /// What the API said, and the action that has to be allowed; untrusted text.
        detail: Wording,
    },
    /// It is at the end of another account, of which no credentials are known.
    OtherAccount,
    /// The call failed.
    Failed {
        /// What the API or the network said; untrusted text.
        detail: Wording,
    },
}

/// Where the health check of a link is asked for: the end that carries it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct HealthEnd {
    /// The interface.
    pub interface_id: RouterInterfaceId,
    /// Where the call goes; null where it is another account's, of which no credentials are known.
    pub scope: Option<Scope>,
}
