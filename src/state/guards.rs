//! The guards that held at the last apply that ended well, so that one which became weaker since can be said.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Touched;
use crate::resource::{Call, GroupName};
use crate::windows::Verdict;

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
    /// The windows that deny, by their names, where an older version wrote them: with a digest that only it can tell.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub denies: BTreeMap<String, String>,
    /// The windows that allow, likewise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub allows: BTreeMap<String, String>,
    /// The windows, in the order of the spec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<WindowGuard>,
    /// What carries more bits per second is not deactivated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_below: Option<u64>,
    /// The share, in percent, that a wave of the rollout has to carry of what was carried before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returning_percent: Option<u32>,
    /// The argument list of the rollout's check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Vec<String>>,
}

/// A window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WindowGuard {
    /// What people call it; untrusted text.
    pub name: String,
    /// What it says.
    pub verdict: Verdict,
    /// A digest of when it is open.
    pub digest: String,
    /// Which calls it covers; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<Call>,
    /// What it covers; `None` for everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered: Option<Vec<Touched>>,
}
