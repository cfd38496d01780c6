//! Between the waves of a rollout: a pause, the members that nobody meant to touch, and the spec's own check.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Machine;
use super::port::Effect;
use super::stage::{Between, Stage, Targets};
use crate::plan::RolloutPlan;
use crate::run::{Event, StopReason, WaveFailure};

impl<'a> Machine<'a> {
    /// Releases what can start: everything without predecessors, or the first wave of a rollout.
    pub(super) fn begin_wave(&mut self) {
        self.stage = Stage::Walking;
        self.wave += 1;
        if let Some(rollout) = &self.plan.rollout {
            self.tell(Event::WaveStarted { wave: self.wave, waves: count(rollout) });
        }
        for number in 0..self.steps.len() {
            if self.steps[number].waits_for_nothing() {
                self.release(number);
            }
        }
    }

    /// Ends the wave, if another one follows; returns whether one does. Nothing is in flight.
    pub(super) fn leave_wave(&mut self) -> bool {
        let Some(rollout) = &self.plan.rollout else { return false };
        if self.wave >= count(rollout) {
            return false;
        }
        // Nobody needs these any more.
        self.drop_reads();
        let mut results = self.report.results.iter();
        let pause = Duration::from_millis(rollout.pause_ms);
        if let Some(failed) = results.find(|result| result.outcome.is_some() && !result.is_at_goal()) {
            let because = WaveFailure::Failed { step: failed.step.id.clone() };
            self.finish_wave(Err(because));
        } else if pause.is_zero() {
            self.read_floors();
        } else {
            // Others have the account for a while.
            self.effects.push(Effect::StepAside);
            self.stage = Stage::Between(Between::Pausing { until: self.now.instant + pause });
        }
        true
    }

    /// Does what is due between two waves.
    pub(super) fn look_between_waves(&mut self) {
        let is_reading = self.is_reading();
        match &mut self.stage {
            Stage::Between(Between::Pausing { until }) if *until <= self.now.instant => {
                self.effects.push(Effect::StepBack);
                self.stage = Stage::Between(Between::SteppingBack);
            }
            Stage::Between(Between::Reading { unread }) if !is_reading => match unread.pop_first() {
                Some((scope, error)) => self.finish_wave(Err(WaveFailure::Unread { scope, error })),
                None => self.judge_floors(),
            },
            _ => {}
        }
    }

    /// Takes in whether the account is ours again. What was read before the pause is not fresh any more, however young.
    pub(super) fn on_stepped_back(&mut self, taken: Result<(), String>) {
        if !matches!(self.stage, Stage::Between(Between::SteppingBack)) {
            return;
        }
        self.sightings.age_all();
        self.checks.forget();
        self.routes.forget();
        match taken {
            Ok(()) => self.read_floors(),
            Err(error) => self.finish_wave(Err(WaveFailure::Locked { error })),
        }
    }

    /// Reads every member of every touched group afresh.
    fn read_floors(&mut self) {
        let mut due: Targets<'a> = BTreeMap::new();
        for side in self.plan.floors.iter().flat_map(|floor| &floor.links).flat_map(|link| &link.sides) {
            due.entry(&side.scope).or_default().insert(side.interface_id.clone());
        }
        self.read(due);
        self.stage = Stage::Between(Between::Reading { unread: BTreeMap::new() });
    }

    /// Every member was read: asks the spec's own check, if all that have to be up are.
    fn judge_floors(&mut self) {
        let down = self.floors.lost(self.floors.all(), &self.sightings, &self.moving());
        if !down.is_empty() {
            return self.finish_wave(Err(WaveFailure::Lost { down }));
        }
        let check = self.plan.rollout.as_ref().and_then(|rollout| {
            let timeout = Duration::from_millis(rollout.check_timeout_ms);
            rollout.check.clone().map(|arguments| Effect::Check { arguments, timeout })
        });
        match check {
            Some(check) => {
                self.effects.push(check);
                self.stage = Stage::Between(Between::Checking);
            }
            None => self.finish_wave(Ok(())),
        }
    }

    /// Takes in what the check command said.
    pub(super) fn on_checked(&mut self, answer: Result<(), String>) {
        if matches!(self.stage, Stage::Between(Between::Checking)) {
            self.finish_wave(answer.map_err(|said| WaveFailure::Check { said }));
        }
    }

    /// Goes on to the next wave if everything that stands before it says so.
    fn finish_wave(&mut self, verdict: Result<(), WaveFailure>) {
        let waves = self.plan.rollout.as_ref().map_or(self.wave, count);
        self.tell(Event::WaveFinished { wave: self.wave, waves, check: verdict.clone() });
        match verdict {
            Ok(()) => self.begin_wave(),
            Err(because) => {
                self.stop(StopReason::Wave { wave: self.wave, waves, because });
                self.close();
            }
        }
    }
}

fn count(rollout: &RolloutPlan) -> u32 {
    u32::try_from(rollout.waves.len()).unwrap_or(u32::MAX)
}
