//! Whether it is the time for a call: windows, and changes that begin or end. Judged where the call is sent, by our own clock.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::journal::Outcome;
use crate::plan::Action;
use crate::resource::Call;
use crate::run::StepReason;
use crate::windows::Closed;

use super::Machine;

/// Why a call is not sent now.
pub(super) struct NotNow {
    pub(super) outcome: Outcome,
    pub(super) because: StepReason,
}

impl Machine<'_> {
    /// Returns how long the call of a step may still be sent, as far as windows and changes say; `None` without end.
    pub(super) fn time_left(&self, number: usize) -> Result<Option<Duration>, NotNow> {
        let (step, now) = (self.planned(number), self.now.wall);
        if let Some(at) = step.valid_until.filter(|until| *until <= now) {
            return Err(NotNow { outcome: Outcome::Moved, because: StepReason::ChangeOver { at } });
        }
        // What brings a group back to its floor waits for no window.
        let brings_back = step.action == Action::Call(Call::Activate)
            && !self.floors.broken(&BTreeSet::from([&step.address]), &self.sightings).is_empty();
        let gate = self.plan.gates.get(&step.address).filter(|_| !brings_back);
        let closes_at = match gate.map(|gate| gate.judge(now).map(|()| gate.closes_after(now))) {
            None => None,
            Some(Ok(closes_at)) => closes_at,
            Some(Err(Closed { window, opens_at })) => {
                let because = StepReason::Window { window: window.into(), opens_at };
                return Err(NotNow { outcome: Outcome::Guarded, because });
            }
        };
        Ok([step.valid_until, closes_at].into_iter().flatten().min().map(|end| left(now, end)))
    }
}

/// Returns the time up to a moment, that moment not included.
fn left(now: Timestamp, end: Timestamp) -> Duration {
    let left = Duration::try_from(end.duration_since(now)).unwrap_or_default();
    left.saturating_sub(Duration::from_nanos(1))
}
