//! A plan to begin with, for unit tests.

use jiff::Timestamp;

use super::{Basis, Plan, PlanInputs};
use crate::resource::Target;

impl Plan {
    /// Returns a plan of nothing.
    pub(crate) fn of_nothing(timestamp: Timestamp, target: Target, basis: Basis) -> Self {
        Self {
            about: super::About::Spec,
            timestamp,
            target,
            basis,
            resource_changes: Vec::new(),
            resource_drift: Vec::new(),
            steps: Vec::new(),
            blocked: Vec::new(),
            left_alone: Vec::new(),
            forgotten: Vec::new(),
            guards_weakened: Vec::new(),
            floors: Vec::new(),
            groups: Vec::new(),
            rollout: None,
            warnings: Vec::new(),
            doubts: Vec::new(),
            failures: Vec::new(),
            targeted: Vec::new(),
            excluded: Vec::new(),
            at: None,
            assumed: Vec::new(),
            upcoming: Vec::new(),
            time_zone: Default::default(),
            gates: Default::default(),
            overridden: None,
            traffic: Vec::new(),
            quiet_below: None,
            routes: Vec::new(),
            route_guards: Default::default(),
            inputs: PlanInputs::default(),
        }
    }
}
