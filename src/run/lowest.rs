//! How far down a group went while a run was at work.

use schemars::JsonSchema;
use serde::Serialize;

use crate::resource::GroupName;

/// The moment of a run at which the fewest links of a group were up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Lowest {
    /// The group.
    pub name: GroupName,
    /// How many links it has, each once.
    pub declared: u32,
    /// How many of them were up when the run began; null where a member could not be read.
    pub start: Option<u32>,
    /// How many were up at its lowest moment, as floors count; null where a member could not be read.
    pub lowest: Option<u32>,
    /// When that was first so: milliseconds since the run began; null where `lowest` is.
    pub at_ms: Option<u64>,
    /// How many were up when the run had ended.
    pub end: Option<u32>,
    /// How many have to be up.
    pub floor: u32,
}

impl Lowest {
    /// Returns whether it was as low when the run began.
    pub fn is_from_start(&self) -> bool {
        self.lowest == self.start
    }

    /// Returns whether fewer were up than have to be.
    pub fn is_below(&self) -> bool {
        self.lowest.is_some_and(|lowest| lowest < self.floor)
    }
}
