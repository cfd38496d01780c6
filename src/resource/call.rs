//! The mutating calls and the ids of their answers: words of plans, states and journals as much as of the port.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The mutating calls that this tool makes.
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

/// The id that the API gave to one answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RequestId(pub Box<str>);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
