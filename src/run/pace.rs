//! How long steps may be expected to take, from how long their like took before.
//!
//! Where the durations come from is the caller's business: no command reads all runs for them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::journal::Outcome;
use crate::plan::{Action, Step, StepId};
use crate::resource::Call;

use super::Report;

/// How long calls took that were seen to reach their goals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    by_step: BTreeMap<StepId, Vec<Duration>>,
    by_call: BTreeMap<Call, Vec<Duration>>,
}

impl Pace {
    /// Takes in that `step`, which is a `call`, once took this long.
    pub fn learn(&mut self, step: &StepId, call: Call, taken: Duration) {
        self.by_step.entry(step.clone()).or_default().push(taken);
        self.by_call.entry(call).or_default().push(taken);
    }

    /// Takes in what a run shows.
    pub fn learn_from(&mut self, run: &Report) {
        for result in &run.results {
            let (Some(Outcome::Done), Some(call)) = (result.outcome, result.step.call) else { continue };
            let (Some(from), Some(to)) = (result.started_at, result.finished_at) else { continue };
            let Ok(taken) = Duration::try_from(to.duration_since(from)) else { continue };
            self.learn(&result.step.id, call, taken);
        }
    }

    /// Returns how long each step may be expected to take: as the same step did before, else as its kind of call did.
    ///
    /// Each is the median; a step of which nothing is known is left out.
    pub fn expected(&self, steps: &[Step]) -> BTreeMap<StepId, Duration> {
        let expected = |step: &Step| {
            let Action::Call(call) = step.action else { return None };
            let taken = self.by_step.get(&step.id).or_else(|| self.by_call.get(&call))?;
            Some((step.id.clone(), median(taken)))
        };
        steps.iter().filter_map(expected).collect()
    }
}

fn median(taken: &[Duration]) -> Duration {
    let mut taken = taken.to_vec();
    taken.sort_unstable();
    taken.get(taken.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
