//! Closing what a dead run left open: by reading, never by sending (docs/reference/faults.md#r2).
//!
//! An intent without a result may have been sent, and a signed request can still be on its way for a while. So an
//! interface that a read shows untouched is only believed after `EQUAL_READS` equal reads over a whole doubt window. When
//! the intent was written does not count: a clock on the wall may have been set since. Where several machines share a state, the API
//! itself refuses what comes too late (`journal::LateCalls`): after that an untouched interface was not called. The step
//! itself is not taken up again: the plan that follows decides afresh.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::cloud::listing;
use crate::cloud::{CloudError, CloudRead};
use crate::journal::{Outcome, PlannedStep};
use crate::resource::{RouterInterfaceId, Scope, Status};
use crate::run::StepReason;

use super::judge::{self, Doubtful, EQUAL_READS, Settling};
use super::settings::Settings;

/// A step of a dead run whose end nobody recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenStep {
    /// The step.
    pub step: PlannedStep,
    /// The API accepted the call.
    pub accepted: bool,
    /// For how long reads may still show, as its goal, how it was before a call of an earlier run.
    pub lagging: Duration,
    /// For how long its call may still arrive where the API surely refuses it after that; `None` where nobody knows.
    pub may_arrive: Option<Duration>,
}

/// How an open step turned out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// How it ended.
    pub outcome: Outcome,
    /// What was read.
    pub status: Option<Status>,
}

impl Resolution {
    /// Returns why it ended so: its run died before anybody saw.
    pub fn because(&self) -> StepReason {
        let found = self.status.clone();
        match self.outcome {
            Outcome::Failed => StepReason::NeverArrived { found },
            _ => StepReason::AnswerLost { found, error: None, diverted: false },
        }
    }
}

/// Returns what one read makes of an open step; `None` while only more reads can tell.
pub fn finding(open: &OpenStep, status: Option<&Status>) -> Option<Resolution> {
    let call = open.step.call?;
    let outcome = if open.accepted {
        match status.map_or(Settling::Never, |status| judge::accepted(call, status)) {
            Settling::Reached => Outcome::Done,
            Settling::NotYet => return None,
            Settling::Contrary | Settling::Never => Outcome::Unsettled,
        }
    } else {
        match judge::doubtful(call, status) {
            Doubtful::Reached => Outcome::DoneUnknown,
            Doubtful::TookEffect | Doubtful::Untouched => return None,
            Doubtful::Contrary | Doubtful::Final => Outcome::InDoubt,
        }
    };
    Some(Resolution { outcome, status: status.cloned() })
}

/// Reads until every open step is resolved, in bounded time: a transition that outlasts the settle timeout and
/// an untouched interface that stays so both end as in doubt, with what was found.
///
/// # Errors
/// A scope that cannot be read: nothing can be said of what is open there.
pub async fn resolve(
    open: &[OpenStep],
    cloud: &impl CloudRead,
    settings: &Settings,
) -> Result<Vec<Resolution>, CloudError> {
    let mut resolved: Vec<Option<Resolution>> = vec![None; open.len()];
    let mut untouched: Vec<u32> = vec![0; open.len()];
    let begun = Instant::now();
    loop {
        // What an answer shows may be as old as its question.
        let asked = begun.elapsed();
        let seen = read(open, &resolved, cloud).await?;
        for (number, step) in
            open.iter().enumerate().filter(|(number, _)| resolved[*number].is_none()).collect::<Vec<_>>()
        {
            let status = seen.get(&step.step.interface_id);
            if let Some(resolution) = finding(step, status) {
                if resolution.outcome.is_at_goal() && asked < step.lagging {
                    continue;
                }
                resolved[number] = Some(resolution);
                continue;
            }
            let is_moving = status.is_some_and(Status::is_transitional);
            untouched[number] = if is_moving { 0 } else { untouched[number] + 1 };
            // After an accepted call an untouched interface is a stale read for as long as settling may take.
            let patience = if is_moving || step.accepted {
                settings.settle_timeout
            } else {
                // Reads lag behind what arrived last.
                settings.doubt_window + step.may_arrive.unwrap_or_default()
            };
            if asked >= patience && (is_moving || untouched[number] >= EQUAL_READS) {
                let outcome = match step.may_arrive {
                    _ if step.accepted => Outcome::Unsettled,
                    Some(_) if is_untouched(step, status) => Outcome::Failed,
                    _ => Outcome::InDoubt,
                };
                resolved[number] = Some(Resolution { outcome, status: status.cloned() });
            }
        }
        if resolved.iter().all(Option::is_some) {
            return Ok(resolved.into_iter().flatten().collect());
        }
        tokio::time::sleep(settings.poll_interval.max(Duration::from_millis(1))).await;
    }
}

/// Returns whether something stands where it stood before the call.
fn is_untouched(open: &OpenStep, status: Option<&Status>) -> bool {
    open.step.call.is_some_and(|call| judge::doubtful(call, status) == Doubtful::Untouched)
}

async fn read(
    open: &[OpenStep],
    resolved: &[Option<Resolution>],
    cloud: &impl CloudRead,
) -> Result<BTreeMap<RouterInterfaceId, Status>, CloudError> {
    let mut by_scope: BTreeMap<&Scope, BTreeSet<RouterInterfaceId>> = BTreeMap::new();
    for (step, _) in open.iter().zip(resolved).filter(|(_, resolution)| resolution.is_none()) {
        by_scope.entry(&step.step.scope).or_default().insert(step.step.interface_id.clone());
    }
    let mut seen = BTreeMap::new();
    for (scope, ids) in by_scope {
        let listing = listing::read(cloud, scope, &ids, None).await?;
        seen.extend(listing.interfaces.into_iter().map(|(id, row)| (id, row.observed.status)));
    }
    Ok(seen)
}
