//! The guards that held at the last apply that ended well, so that one which became weaker since can be said.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Touched;
use crate::resource::GroupName;

/// The guards of a spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Guards {
    /// How many links of each group have to be up.
    pub floors: BTreeMap<GroupName, u32>,
    /// The members of each group.
    pub members: BTreeMap<GroupName, Vec<Touched>>,
    /// What is protected.
    pub protected: Vec<Touched>,
    /// What is hands off.
    pub hands_off: Vec<Touched>,
    /// The caps, by their keys.
    pub caps: BTreeMap<String, u32>,
    /// What health checks count for, and what becomes of drift: words, by their keys.
    pub words: BTreeMap<String, String>,
    /// The windows that deny, by their names: a digest of each.
    pub denies: BTreeMap<String, String>,
    /// The windows that allow, likewise.
    pub allows: BTreeMap<String, String>,
    /// The argument list of the rollout's check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Vec<String>>,
}
