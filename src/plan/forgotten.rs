//! What a spec no longer says: interfaces that were recorded, and guards that held.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::{Address, DesiredStatus, RouterInterfaceId, Scope};

/// An interface that was recorded and has left the spec. Nothing is done to it; its record is marked by the next apply that ends well.
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

/// A guard that has become weaker since the last apply that ended well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GuardWeakened {
    /// Which, such as `sh: floor`.
    pub what: String,
    /// What it was.
    pub before: String,
    /// What it is.
    pub after: String,
}
