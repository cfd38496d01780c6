//! The mutating calls and the ids of their answers: words of plans, states and journals as much as of the port.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::RouterInterfaceId;

/// The kinds of mutating calls that this tool makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Call {
    /// Inactive → Activating → Active.
    #[serde(rename = "ActivateRouterInterface")]
    Activate,
    /// Active → Deactivating → Inactive.
    #[serde(rename = "DeactivateRouterInterface")]
    Deactivate,
}

impl Call {
    /// Returns the API's name of the action.
    pub fn action(self) -> &'static str {
        self.transition().action
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.action())
    }
}

/// One mutating request, with everything that it carries. A call that carries more is a variant, a row of
/// the table of transitions, and its parameters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// ActivateRouterInterface.
    Activate {
        /// Of what.
        id: RouterInterfaceId,
    },
    /// DeactivateRouterInterface.
    Deactivate {
        /// Of what.
        id: RouterInterfaceId,
    },
}

impl Mutation {
    /// The name of the parameter that says which interface is meant.
    pub const INTERFACE: &str = "RouterInterfaceId";

    /// Makes the request of a call that carries nothing but the interface.
    pub fn of(call: Call, id: RouterInterfaceId) -> Self {
        match call {
            Call::Activate => Self::Activate { id },
            Call::Deactivate => Self::Deactivate { id },
        }
    }

    /// Returns which call it is.
    pub fn call(&self) -> Call {
        match self {
            Self::Activate { .. } => Call::Activate,
            Self::Deactivate { .. } => Call::Deactivate,
        }
    }

    /// Returns the interface that it is about.
    pub fn interface(&self) -> &RouterInterfaceId {
        match self {
            Self::Activate { id } | Self::Deactivate { id } => id,
        }
    }

    /// Lists the API's parameters, but for the region, which says where the request goes.
    pub fn parameters(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::Activate { id } | Self::Deactivate { id } => vec![(Self::INTERFACE, id.as_str())],
        }
    }
}

/// What came with an answer of the API to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The id of the answer.
    pub request_id: RequestId,
    /// The answer's Date: whole seconds by the cloud's clock; `None` if it had none, or an older version wrote it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud_date: Option<Timestamp>,
}

/// The id that the API gave to one answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RequestId(pub Box<str>);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
