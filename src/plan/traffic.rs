//! What interfaces carry, as far as a plan asks for it. Figures decide nothing that a digest covers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Warning;
use crate::language::Wording;
use crate::resource::{Address, RouterInterfaceId, Scope};

/// What one interface carries: bits per second, of the newest minute that can be read, 10 minutes old at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// The interface's key in the spec.
    pub address: Address,
    /// Towards its router; null where nobody can tell, which does not mean none.
    pub in_bps: Option<u64>,
    /// From its router; null likewise.
    pub out_bps: Option<u64>,
}

impl Traffic {
    /// Returns what both directions carry together; `None` where one of them is unknown.
    pub fn total(&self) -> Option<u64> {
        Some(self.in_bps?.saturating_add(self.out_bps?))
    }

    /// Returns what is known to be carried at least.
    pub fn at_least(&self) -> u64 {
        self.in_bps.unwrap_or(0).saturating_add(self.out_bps.unwrap_or(0))
    }

    /// Returns whether both directions are known and carry no more than `limit` together.
    pub fn is_quiet(&self, limit: u64) -> bool {
        self.total().is_some_and(|total| total <= limit)
    }
}

/// What was heard of one interface that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrafficHeard {
    /// What it carries, as far as is known.
    pub traffic: Traffic,
    /// Why nothing could be read, where it was not the figures that were missing.
    pub unread: Option<TrafficUnread>,
}

impl TrafficHeard {
    /// Says once of how many interfaces figures could not be read, and why; a missing permission before all, since somebody can do
    /// something about it.
    pub fn warning(heard: &[Self]) -> Option<Warning> {
        let unread = || heard.iter().filter_map(|heard| heard.unread.as_ref());
        let is_denied = |why: &&TrafficUnread| matches!(why, TrafficUnread::Denied { .. });
        let why = unread().find(is_denied).or_else(|| unread().next())?.clone();
        let interfaces = u32::try_from(unread().count()).unwrap_or(u32::MAX);
        Some(Warning::TrafficUnread { interfaces, unread: why })
    }
}

/// Why what an interface carries could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum TrafficUnread {
    /// The credentials may not ask.
    Denied {
        /// What the API said, and the action that has to be allowed; untrusted text.
        detail: Wording,
    },
    /// The call failed.
    Failed {
        /// What the API or the network said; untrusted text.
        detail: Wording,
    },
}

/// An interface of which the traffic is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrafficEnd {
    /// Its key in the spec.
    pub address: Address,
    /// Where it lives.
    pub scope: Scope,
    /// The interface.
    pub interface_id: RouterInterfaceId,
}

/// What a wave of activations has to carry before it is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Returning {
    /// The share, in percent, of what the members of its groups carried before the wave.
    pub percent: u32,
    /// How long that may take after the last step of the wave, in milliseconds.
    pub within_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carrying(in_bps: Option<u64>, out_bps: Option<u64>) -> Traffic {
        Traffic { address: "a".into(), in_bps, out_bps }
    }

    #[test]
    fn what_carries_as_much_as_the_limit_is_quiet_and_a_bit_more_is_not() {
        assert!(carrying(Some(400), Some(600)).is_quiet(1000));
        assert!(!carrying(Some(401), Some(600)).is_quiet(1000));
        assert!(!carrying(Some(u64::MAX), Some(u64::MAX)).is_quiet(1000));
    }

    #[test]
    fn what_nobody_knows_is_not_quiet() {
        assert!(!carrying(None, None).is_quiet(u64::MAX));
        assert!(!carrying(Some(0), None).is_quiet(u64::MAX));
        assert_eq!(carrying(Some(7), None).at_least(), 7);
    }
}
