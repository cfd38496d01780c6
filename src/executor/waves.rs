//! Between the waves of a rollout: a pause, the members that nobody meant to touch, and the spec's own check.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::cloud::Cloud;
use crate::resource::{RouterInterfaceId, Scope};
use crate::run::{Event, StopReason, WaveFailure};
use crate::store::Store;

use super::{Execution, Gate};

impl<'a, C: Cloud, S: Store, G: Gate> Execution<'a, C, S, G> {
    /// Releases what can start: everything without predecessors, or the first wave of a rollout.
    pub(super) fn begin_wave(&mut self) {
        self.wave += 1;
        if let Some(rollout) = &self.plan.rollout {
            let waves = u32::try_from(rollout.waves.len()).unwrap_or(u32::MAX);
            (self.around.emit)(&Event::WaveStarted { wave: self.wave, waves });
        }
        for number in 0..self.steps.len() {
            if self.steps[number].waits_for_nothing() {
                self.release(number);
            }
        }
    }

    /// Goes on to the next wave if everything that stands before it says so; returns whether it has begun.
    pub(super) async fn next_wave(&mut self) -> bool {
        let Some(rollout) = &self.plan.rollout else { return false };
        let waves = u32::try_from(rollout.waves.len()).unwrap_or(u32::MAX);
        if self.wave >= waves {
            return false;
        }
        self.flush();
        // Nothing is in flight, so nobody needs these any more; and while nobody drives them on they would keep their
        // turn at the quota from the reads below.
        self.drop_reads();
        self.polls.values_mut().for_each(|poll| poll.reading = false);
        let mut signals = self.around.signals.clone();
        let verdict = tokio::select! {
            biased;
            Ok(_) = signals.wait_for(|count| *count > 0) => None,
            verdict = self.look_between_waves() => Some(verdict),
        };
        let Some(verdict) = verdict else {
            self.on_signal();
            return false;
        };
        (self.around.emit)(&Event::WaveFinished { wave: self.wave, waves, check: verdict.clone() });
        if let Err(because) = verdict {
            self.stop(StopReason::Wave { wave: self.wave, waves, because });
            return false;
        }
        self.begin_wave();
        true
    }

    async fn look_between_waves(&mut self) -> Result<(), WaveFailure> {
        let mut results = self.report.results.iter();
        if let Some(failed) = results.find(|result| result.outcome.is_some() && !result.is_at_goal()) {
            return Err(WaveFailure::Failed { step: failed.step.id.clone() });
        }
        let Some(rollout) = &self.plan.rollout else { return Ok(()) };
        self.pause(Duration::from_millis(rollout.pause_ms)).await?;
        self.read_floors().await?;
        let down = self.floors.lost(self.floors.all(), &self.sightings, &self.moving());
        if !down.is_empty() {
            return Err(WaveFailure::Lost { down });
        }
        match &rollout.check {
            Some(arguments) => {
                let timeout = Duration::from_millis(rollout.check_timeout_ms);
                let answer = self.around.gate.check(arguments, timeout).await;
                answer.map_err(|said| WaveFailure::Check { said })
            }
            None => Ok(()),
        }
    }

    /// Leaves the account to others for a while. What was read before that is not fresh any more, however young it is.
    async fn pause(&mut self, pause: Duration) -> Result<(), WaveFailure> {
        if pause.is_zero() {
            return Ok(());
        }
        self.around.gate.step_aside();
        tokio::time::sleep(pause).await;
        let emit = &mut self.around.emit;
        let mut waiting = |holder: &str| emit(&Event::WaitingForAccount { holder: holder.to_owned() });
        let taken = self.around.gate.step_back(&mut waiting).await;
        self.sightings.age_all();
        taken.map_err(|error| WaveFailure::Locked { error })
    }

    /// Reads every member of every touched group afresh.
    async fn read_floors(&mut self) -> Result<(), WaveFailure> {
        let mut due: BTreeMap<&Scope, BTreeSet<RouterInterfaceId>> = BTreeMap::new();
        for side in self.plan.floors.iter().flat_map(|floor| &floor.links).flat_map(|link| &link.sides) {
            due.entry(&side.scope).or_default().insert(side.interface_id.clone());
        }
        match self.read_now(due).await.into_iter().next() {
            Some((scope, error)) => Err(WaveFailure::Unread { scope, error: error.to_string() }),
            None => Ok(()),
        }
    }
}
