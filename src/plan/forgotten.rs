//! What was recorded and is no longer declared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::{Address, DesiredStatus, RouterInterfaceId, Scope};

/// An interface that was recorded and has left the spec. Nothing is done to it; its record is forgotten by the next apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Forgotten {
    /// What the spec called it.
    pub address: Address,
    /// The interface.
    pub id: RouterInterfaceId,
    /// Where it lives.
    #[serde(flatten)]
    pub scope: Scope,
    /// What was last applied to it and seen; null where nothing was.
    pub last_applied: Option<DesiredStatus>,
}
