//! What a plan was made from besides spec and statuses, kept so that it can be made again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::{HealthCheckStatus, RouterInterfaceId, Scope};

/// What a plan was made from besides spec and statuses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanInputs {
    /// What the health checks said that were asked for, by id.
    #[serde(default)]
    pub health: Vec<HealthRead>,
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
        detail: String,
    },
    /// It is at the end of another account, of which no credentials are known.
    OtherAccount,
    /// The call failed.
    Failed {
        /// What the API or the network said; untrusted text.
        detail: String,
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
