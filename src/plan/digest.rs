//! The digest: one word for what a plan would do, for a reviewer to approve.
//!
//! It covers what is approved: whose interfaces, the steps with their expectations, goals, order, the changes that ask for
//! them and the spec's reasons, the floors' numbers, the waves and their checks, the windows overridden. It leaves out when
//! and from what the plan was made, where the endpoint is, how many links are up, and every text for people: the same plan
//! made twice has the same digest, and what moves elsewhere does not alter it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;

use super::{Action, Expectation, FloorMember, Goal, Plan, RolloutPlan, Step, StepId};
use crate::language::say;
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
        let Step {
            id,
            address,
            action,
            interface_id,
            scope,
            expect,
            goal,
            after,
            wave,
            guards: _,
            settle_timeout_ms,
            change_id,
            valid_until,
        } = step;
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

/// A digest as people pass it on: with the moment at which its plan was made, where they copied that too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestAt {
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// When the plan was made.
    pub at: Option<Timestamp>,
}

impl fmt::Display for DigestAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.digest)?;
        self.at.map_or(Ok(()), |at| write!(f, "@{at}"))
    }
}

/// Why a text is no digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// What stands before the `@`, or alone, is no digest.
    #[error("{}", say!("a digest is `sha256:` and 64 hexadecimal digits, whole as the plan printed it"))]
    Digest,
    /// What stands after the `@` is no time with an offset.
    #[error("{}", say!("after the `@` of a digest stands the time of its plan, as in 2026-12-01T15:00:00Z"))]
    Time,
}

impl FromStr for DigestAt {
    type Err = DigestError;

    /// Takes a digest with or without the `sha256:` that plans print before it and the `@TIME` after it.
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let text = text.trim();
        let (digest, at) = match text.split_once('@') {
            Some((digest, at)) => (digest, Some(at.parse().map_err(|_| DigestError::Time)?)),
            None => (text, None),
        };
        let hex = digest.strip_prefix("sha256:").unwrap_or(digest).to_ascii_lowercase();
        if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(DigestError::Digest);
        }
        Ok(Self { digest: format!("sha256:{hex}"), at })
    }
}

impl Plan {
    /// Returns what approves the plan: its digest and when it was made.
    pub fn approve_with(&self) -> DigestAt {
        DigestAt { digest: self.digest(), at: Some(self.timestamp) }
    }

    /// Dates the plan to its second, which people copy, rounded down: a run that begins within it is later. Only where a run of
    /// the same digest began in that second before it (`used`), the moment is told whole, so that the plan is not taken for
    /// the one used then.
    #[must_use]
    pub fn dated(mut self, used: Option<Timestamp>) -> Self {
        let second = Timestamp::from_second(self.timestamp.as_second()).unwrap_or(self.timestamp);
        if used.is_none_or(|used| used <= second) {
            self.timestamp = second;
        }
        self
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Basis;
    use crate::resource::Target;

    #[test]
    fn a_digest_is_taken_with_and_without_its_time() {
        let hex = "ab".repeat(32);
        let digest = format!("sha256:{hex}");
        let read = |text: &str| text.parse::<DigestAt>();
        assert_eq!(read(&hex.to_uppercase()), Ok(DigestAt { digest: digest.clone(), at: None }));
        let timed = format!("{digest}@2026-12-01T15:00:00Z");
        assert_eq!(read(&timed).unwrap().to_string(), timed);
        assert_eq!(read(&format!("{digest}@2026-12-01T23:00:00+08:00")).unwrap().to_string(), timed);
        assert_eq!(read(&format!("{digest}@yesterday")), Err(DigestError::Time));
        assert_eq!(read(&format!("{digest}@")), Err(DigestError::Time));
        assert_eq!(read("sha256:ab@2026-12-01T15:00:00Z"), Err(DigestError::Digest));
    }

    #[test]
    fn a_plan_is_dated_to_the_second_unless_a_run_of_it_began_within_that() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let target = Target { provider: Provider::Emulator, account_id: "1".into(), endpoint: String::new() };
        let basis = Basis { lineage: None, serial: 0, spec: None, spec_digest: String::new() };
        let plan = Plan::of_nothing(at("2026-12-01T15:00:00.7Z"), target, basis);
        let dated = |used: Option<&str>| plan.clone().dated(used.map(at)).timestamp;
        assert_eq!(dated(None), at("2026-12-01T15:00:00Z"));
        assert_eq!(dated(Some("2026-08-01T15:00:00Z")), at("2026-12-01T15:00:00Z"));
        assert_eq!(dated(Some("2026-12-01T15:00:00.5Z")), plan.timestamp);
    }
}
