//! What interfaces of a world file carry, and how late that and events are seen.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::duration;

/// What one interface carries while it is Active, in bits per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrafficSeed {
    /// What its router receives over it.
    #[serde(rename = "in")]
    pub inward: u64,
    /// What its router sends over it.
    #[serde(rename = "out")]
    pub outward: u64,
    /// How much older its newest point is than those of others.
    #[serde(default, with = "duration", skip_serializing_if = "Duration::is_zero")]
    pub age: Duration,
}

/// How late what happened is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lag {
    /// By CloudMonitor.
    #[serde(with = "duration", skip_serializing_if = "Duration::is_zero")]
    pub cloud_monitor: Duration,
    /// By ActionTrail.
    #[serde(with = "duration", skip_serializing_if = "Duration::is_zero")]
    pub action_trail: Duration,
}
