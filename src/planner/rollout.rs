//! The waves of a rollout: the canary first, then batches, never against the order.

use crate::duration::milliseconds;
use crate::plan::{Returning, RolloutPlan};
use crate::spec::Spec;

use super::draft::Draft;
use super::subject::{PerSubject, SubjectNumber, Subjects};

/// Cuts the changing interfaces into waves, in the order of their levels and then of their addresses.
/// What one must wait for is never in a later wave, since its level is lower.
pub(super) fn cut(
    spec: &Spec,
    subjects: &Subjects<'_>,
    draft: &Draft,
    levels: &PerSubject<u32>,
) -> Option<RolloutPlan> {
    let rollout = spec.rollout.as_ref()?;
    let mut order: Vec<SubjectNumber> = subjects.numbers().filter(|number| draft.is_moving(*number)).collect();
    order.sort_by_key(|number| (levels[*number], *number));
    let canary = (rollout.canary as usize).min(order.len());
    let (first, rest) = order.split_at(canary);
    let batch = (rollout.batch as usize).max(1);
    let waves = std::iter::once(first)
        .filter(|wave| !wave.is_empty())
        .chain(rest.chunks(batch))
        .map(|wave| wave.iter().map(|number| subjects[*number].address.clone()).collect())
        .collect();
    Some(RolloutPlan {
        waves,
        pause_ms: milliseconds(rollout.pause),
        check: rollout.check.clone(),
        check_timeout_ms: milliseconds(rollout.check_timeout),
        traffic: rollout
            .traffic
            .map(|traffic| Returning { percent: traffic.percent, within_ms: milliseconds(traffic.within) }),
    })
}
