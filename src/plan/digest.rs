//! The digest: one word for what a plan would do, for a reviewer to approve.
//!
//! It covers what is approved: whose interfaces, the steps with their expectations, goals, order and the spec's reasons
//! for them, the floors' numbers, the waves and their checks, the windows overridden. It leaves out when and from what the plan was made, where
//! the endpoint is, how many links are up, and every text for people: the same plan made twice has the same digest, and
//! what moves elsewhere does not alter it.

use jiff::Timestamp;
use serde::Serialize;

use super::{Action, Expectation, FloorMember, Goal, Plan, RolloutPlan, Step, StepId};
use crate::resource::{AccountId, Address, ChangeName, GroupName, Provider, RouterInterfaceId, Scope};
use crate::signature::sha256_hex;

/// What is hashed, as compact JSON. Changing a field here changes every digest: it is part of the format.
#[derive(Serialize)]
struct Covered<'a> {
    provider: Provider,
    account_id: &'a AccountId,
    steps: Vec<CoveredStep<'a>>,
    floors: Vec<CoveredFloor<'a>>,
    rollout: Option<&'a RolloutPlan>,
    /// Left out where there are none, as before there were windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    windows_overridden: Option<&'a [String]>,
}

#[derive(Serialize)]
struct CoveredStep<'a> {
    id: &'a StepId,
    address: &'a Address,
    action: Action,
    interface_id: &'a RouterInterfaceId,
    scope: &'a Scope,
    expect: &'a Expectation,
    goal: Goal,
    after: &'a [StepId],
    wave: u32,
    settle_timeout_ms: Option<u64>,
    reason: Option<&'a str>,
    /// Both left out where there are none, as before there were changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    change_id: Option<&'a ChangeName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Timestamp>,
}

#[derive(Serialize)]
struct CoveredFloor<'a> {
    group: &'a GroupName,
    links: Vec<&'a [FloorMember]>,
    min_up: u32,
}

impl<'a> CoveredStep<'a> {
    fn of(plan: &'a Plan, step: &'a Step) -> Self {
        // Taken apart whole, so that a new field cannot be forgotten here.
        let Step { id, address, action, interface_id, scope, expect, goal, after, wave, guards: _, .. } = step;
        let Step { settle_timeout_ms, change_id, valid_until, .. } = step;
        Self {
            id,
            address,
            action: *action,
            interface_id,
            scope,
            expect,
            goal: *goal,
            after,
            wave: *wave,
            settle_timeout_ms: *settle_timeout_ms,
            change_id: change_id.as_ref(),
            valid_until: *valid_until,
            reason: plan.change(address).and_then(|change| change.reason.as_deref()),
        }
    }
}

impl Plan {
    /// Returns `sha256:…` over what the plan would do.
    pub fn digest(&self) -> String {
        let covered = Covered {
            provider: self.target.provider,
            account_id: &self.target.account_id,
            steps: self.steps.iter().map(|step| CoveredStep::of(self, step)).collect(),
            floors: self
                .floors
                .iter()
                .map(|floor| CoveredFloor {
                    group: &floor.group,
                    links: floor.links.iter().map(|link| link.sides.as_slice()).collect(),
                    min_up: floor.min_up,
                })
                .collect(),
            rollout: self.rollout.as_ref(),
            windows_overridden: self.overridden.as_ref().map(|overridden| overridden.windows.as_slice()),
        };
        let bytes = serde_json::to_vec(&covered).expect("a plan has only string keys and finite numbers");
        format!("sha256:{}", sha256_hex(&bytes))
    }
}
