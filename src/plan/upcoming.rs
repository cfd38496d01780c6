//! What begins and ends around the moment that a plan is of.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::{ChangeName, DesiredStatus};

/// What happens to a change at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It begins.
    Begins,
    /// It ends.
    Ends,
}

/// What begins or ends soon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Upcoming {
    /// The change.
    pub change_id: ChangeName,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
    /// How many interfaces it is about.
    pub interfaces: u32,
    /// The status that it wants; null where it ends.
    pub status: Option<DesiredStatus>,
}

/// What a plan as of a later moment takes as done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assumed {
    /// The change.
    pub change_id: ChangeName,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}
