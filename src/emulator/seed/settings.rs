//! What a world file says of the whole world: times, the quota, spellings, whether the ends of a link move together.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::duration;

/// How long transitions take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settle {
    /// Activating, Connecting and Modifying to Active.
    #[serde(with = "duration")]
    pub activate: Duration,
    /// Deactivating to Inactive, Deleting to gone.
    #[serde(with = "duration")]
    pub deactivate: Duration,
}

impl Default for Settle {
    fn default() -> Self {
        // No page states durations; short, so that examples do not make people wait.
        Self { activate: Duration::from_secs(2), deactivate: Duration::from_secs(2) }
    }
}

/// Flow control: at most `limit` calls per account, region and action in a `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuotaSeed {
    /// Calls per window, at least one.
    pub limit: u32,
    /// The window.
    #[serde(with = "duration")]
    pub window: Duration,
    /// How calls are counted.
    pub kind: QuotaKind,
    /// How many calls a bucket holds at most, at least one; a window's worth, if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    /// Whether a refusal says in `x-acs-retry-after` when there is room again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hint: bool,
}

impl Default for QuotaSeed {
    fn default() -> Self {
        // The documented 300 per 60 s (docs/reference/api.md#quota), in its strictest reading.
        Self { limit: 300, window: Duration::from_secs(60), kind: QuotaKind::Sliding, burst: None, hint: false }
    }
}

/// How a quota counts calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaKind {
    /// Windows that follow one another; two full bursts can meet at a border.
    Fixed,
    /// Any window.
    Sliding,
    /// A bucket that refills evenly and holds one window's worth, or the `burst`.
    Bucket,
    /// No limit.
    Unlimited,
}

/// Answers that take much longer than others, as a few always do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyTail {
    /// Every how many answers; at least one.
    pub every: u64,
    /// How long such an answer takes, instead of `latency`.
    #[serde(with = "duration")]
    pub latency: Duration,
}

/// Which pages of the API's reference the codes are spelled after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCodes {
    /// `IncorrectRIStatus`, `Forbidden.FinancialLocked`.
    #[default]
    New,
    /// `IncorrectStatus`, `Forbidden.FinancileLocked`.
    Old,
}

/// Whether the two ends of a link move together: the vendor's pages say both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pairs {
    /// A call moves the interface that it names, and no other.
    #[default]
    Apart,
    /// An accepted call moves the other end too, if that is in the world and where the call could have begun.
    Together,
}

/// The metadata service of an emulated machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetadataSeed {
    /// The RAM role that the machine has.
    pub role: String,
    /// Whether reading needs the token of the hardened mode.
    pub hardened: bool,
}

impl Default for MetadataSeed {
    fn default() -> Self {
        Self { role: "emulator-role".to_owned(), hardened: false }
    }
}
