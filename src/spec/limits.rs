//! What the sections `limits` and `rollout` say: how much may change at a time, and what has to be so before and between.

use std::time::Duration;

use strum::{EnumString, IntoStaticStr};

use super::Placed;
use crate::diagnostic::Place;
use crate::resource::Rate;

/// The section `limits`. Absent means unlimited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// `max_changes`.
    pub max_changes: Option<Placed<u32>>,
    /// `max_changes_percent`, of the declared interfaces, never below one change.
    pub max_changes_percent: Option<Placed<u32>>,
    /// `per_group`: at most this many changes in any one group.
    pub per_group: Option<Placed<u32>>,
    /// `per_region`: at most this many changes in any one region.
    pub per_region: Option<Placed<u32>>,
    /// `max_forgotten`: at most this many recorded interfaces may be gone from the spec.
    pub max_forgotten: Option<Placed<u32>>,
    /// `approvals`, any where the section does not say.
    pub approvals: ApprovalPolicy,
    /// `health`, warn where the section does not say.
    pub health: HealthPolicy,
    /// `quiet_below`: what carries more is not deactivated.
    pub quiet_below: Option<Placed<Rate>>,
    /// `last_route`.
    pub last_route: Option<Placed<LastRoutePolicy>>,
}

impl Limits {
    /// Returns what it counts for that a route has no other next hop: a warning where the section does not say.
    pub fn last_route(&self) -> LastRoutePolicy {
        self.last_route.as_ref().map_or_else(LastRoutePolicy::default, |policy| policy.value)
    }

    /// Returns how many changes `max_changes_percent` allows of so many declared interfaces: never below one.
    pub fn share(&self, declared: usize) -> Option<usize> {
        let percent = self.max_changes_percent.as_ref()?;
        Some((declared * percent.value as usize / 100).max(1))
    }
}

/// Whose approval an `apply --approved` or `--approve-digest` goes by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum ApprovalPolicy {
    /// Anybody's.
    #[default]
    Any,
    /// Somebody else's than who runs it, given by `rictl approve`.
    Other,
}

/// What the health checks of the links that keep a floor count for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum HealthPolicy {
    /// One that says Abnormal is a warning.
    #[default]
    Warn,
    /// One that says Abnormal, or cannot be read, counts as not up.
    Block,
    /// They are not asked.
    Ignore,
}

/// What it counts for that the deactivation of an interface leaves a route without a next hop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum LastRoutePolicy {
    /// A warning.
    #[default]
    Warn,
    /// The deactivation is blocked, also where a route table cannot be read.
    Block,
    /// No route table is read.
    Ignore,
}

/// The section `rollout`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// `canary`: interfaces in the first wave; 0 for none.
    pub canary: u32,
    /// `batch`: interfaces in each later wave.
    pub batch: u32,
    /// `pause` between waves.
    pub pause: Duration,
    /// `check`: an argument list that must exit 0 between waves; never shell text.
    pub check: Option<Vec<String>>,
    /// Where that stands; the section's place where there is none.
    pub check_place: Place,
    /// `check_timeout`, 1 minute where it is not given.
    pub check_timeout: Duration,
    /// `traffic`: what a wave of activations has to carry.
    pub traffic: Option<ReturningTraffic>,
    /// Where the section's key stands.
    pub place: Place,
}

/// `rollout.traffic`: a wave of activations is good once traffic has come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturningTraffic {
    /// `returns`: this share, in percent, of what the members of its groups carried before.
    pub percent: u32,
    /// `within`: how long that may take, 10 minutes where it is not given.
    pub within: Duration,
}
