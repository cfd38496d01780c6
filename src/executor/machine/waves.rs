//! Between the waves of a rollout: a pause, the members that nobody meant to touch, and the spec's own check.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Machine;
use super::port::Effect;
use super::stage::{Between, Stage, Targets};
use crate::language::Wording;
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
        if !self.begins_to_measure() {
            self.start_wave();
        }
    }

    /// Releases what can start in the wave that has begun.
    pub(super) fn start_wave(&mut self) {
        self.stage = Stage::Walking;
        for number in 0..self.steps.len() {
            if self.steps[number].waits_for_nothing() {
                self.release(number);
            }
        }
    }

    /// Ends the wave, if another one follows; returns whether one does. Nothing is in flight.
    pub(super) fn leave_wave(&mut self) -> bool {
        let Some(rollout) = &self.plan.rollout else { return false };
        let has_to_return = self.has_to_return();
        if self.is_last_wave() && !has_to_return {
            return false;
        }
        // Nobody needs these any more.
        self.drop_reads();
        let mut results = self.report.results.iter();
        if let Some(failed) = results.find(|result| result.outcome.is_some() && !result.is_at_goal()) {
            let because = WaveFailure::Failed { step: failed.step.id.clone() };
            self.finish_wave(Err(because));
        } else if has_to_return {
            self.begin_to_return();
        } else if rollout.pause_ms == 0 {
            self.read_floors();
        } else {
            self.effects.push(Effect::StepAside);
            self.pause();
        }
        true
    }

    /// Lets others have the account for a while.
    fn pause(&mut self) {
        let pause = self.plan.rollout.as_ref().map_or(0, |rollout| rollout.pause_ms);
        self.stage = Stage::Between(Between::Pausing { until: self.now.instant + Duration::from_millis(pause) });
    }

    /// Takes in whether enough traffic has come back; the account is with others yet.
    pub(super) fn step_back_with(&mut self, verdict: Result<(), WaveFailure>) {
        self.returns = Default::default();
        let pauses = self.plan.rollout.as_ref().is_some_and(|rollout| rollout.pause_ms > 0);
        if verdict.is_ok() && pauses && !self.is_last_wave() {
            return self.pause();
        }
        self.effects.push(Effect::StepBack);
        self.stage = Stage::Between(Between::SteppingBack { verdict });
    }

    /// Returns how many waves there are.
    pub(super) fn waves(&self) -> u32 {
        self.plan.rollout.as_ref().map_or(self.wave, count)
    }

    fn is_last_wave(&self) -> bool {
        self.wave >= self.waves()
    }

    /// Does what is due between two waves.
    pub(super) fn look_between_waves(&mut self) {
        let is_reading = self.is_reading();
        match &mut self.stage {
            Stage::Between(Between::Pausing { until }) if *until <= self.now.instant => {
                self.effects.push(Effect::StepBack);
                self.stage = Stage::Between(Between::SteppingBack { verdict: Ok(()) });
            }
            Stage::Between(Between::Measuring { since }) => {
                let since = *since;
                self.measure(since);
                // Nothing of the beginning of its wave would wake the run.
                if matches!(self.stage, Stage::Walking) {
                    self.walk();
                }
            }
            Stage::Between(Between::Returning { since, ended, until }) => {
                let (since, ended, until) = (*since, *ended, *until);
                self.look_for_traffic(since, ended, until);
            }
            Stage::Between(Between::Reading { begun, .. }) if is_reading => {
                let begun = *begun;
                if self.looks_in_vain(begun)
                    && let Some((scope, error)) = self.unanswered(begun).pop()
                {
                    self.finish_wave(Err(WaveFailure::Unread { scope, error }));
                }
            }
            Stage::Between(Between::Reading { unread, .. }) => match unread.pop_first() {
                Some((scope, error)) => self.finish_wave(Err(WaveFailure::Unread { scope, error })),
                None => self.judge_floors(),
            },
            _ => {}
        }
    }

    /// Takes in whether the account is ours again. What was read before the pause is not fresh any more, however young.
    pub(super) fn on_stepped_back(&mut self, taken: Result<(), Wording>) {
        let Stage::Between(Between::SteppingBack { verdict }) = &self.stage else { return };
        let verdict = verdict.clone();
        self.sightings.age_all();
        self.checks.forget();
        self.routes.forget();
        self.meter.forget();
        match (taken, verdict) {
            (_, Err(because)) => self.finish_wave(Err(because)),
            (Err(error), Ok(())) => self.finish_wave(Err(WaveFailure::Locked { error })),
            (Ok(()), Ok(())) if self.is_last_wave() => self.finish_wave(Ok(())),
            (Ok(()), Ok(())) => self.read_floors(),
        }
    }

    /// Reads every member of every touched group afresh.
    fn read_floors(&mut self) {
        let mut due: Targets<'a> = BTreeMap::new();
        for side in self.plan.floors.iter().flat_map(|floor| &floor.links).flat_map(|link| &link.sides) {
            due.entry(&side.scope).or_default().insert(side.interface_id.clone());
        }
        self.read(due);
        self.stage = Stage::Between(Between::Reading { begun: self.now.instant, unread: BTreeMap::new() });
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
    pub(super) fn finish_wave(&mut self, verdict: Result<(), WaveFailure>) {
        let waves = self.waves();
        self.tell(Event::WaveFinished { wave: self.wave, waves, check: verdict.clone() });
        match verdict {
            Ok(()) if self.is_last_wave() => self.close(),
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
