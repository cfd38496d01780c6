//! The ends of steps, with what that does to those behind them.

use super::Machine;
use super::phase::{By, Phase, Settling};
use super::port::Effect;
use super::stage::Stage;
use crate::executor::settings::OnError;
use crate::journal::{Entry, Outcome};
use crate::plan::Action;
use crate::resource::Status;
use crate::run::{Event, StepReason, StopReason};

impl Machine<'_> {
    /// Ends a step: its result goes in line for the next append, and its dependants are released or skipped.
    pub(super) fn finish(&mut self, number: usize, outcome: Outcome, because: Option<StepReason>) {
        if self.end(number, outcome, because) {
            for dependant in self.dependants[number].clone() {
                if self.steps[dependant].has_one_less_to_wait_for() {
                    self.release(dependant);
                }
            }
            return;
        }
        if self.settings.on_error != OnError::Continue {
            self.stop(StopReason::Failed { step: self.planned(number).id.clone() });
        }
        let mut open = vec![number];
        while let Some(failed) = open.pop() {
            for dependant in self.dependants[failed].clone() {
                if !self.steps[dependant].is_finished() {
                    let because = StepReason::Dependency { step: self.planned(failed).id.clone() };
                    self.end(dependant, Outcome::Skipped, Some(because));
                    open.push(dependant);
                }
            }
        }
    }

    /// Records the end of one step; returns whether it is at its goal.
    fn end(&mut self, number: usize, outcome: Outcome, because: Option<StepReason>) -> bool {
        let at_goal = self.take_out(number, outcome, because);
        let result = &self.report.results[number];
        let entry = Entry::Closed {
            step: result.step.id.clone(),
            at: result.finished_at.unwrap_or(self.now.wall),
            outcome: result.outcome.unwrap_or(outcome),
            status: result.status.clone(),
            because: result.because.clone(),
            uptime: self.now.boot.uptime(),
        };
        self.record(entry);
        at_goal
    }

    /// Ends a step whose call was sent and is watched no longer. The journal must not close a call of which nobody knows
    /// how it ends, so nothing is recorded: whoever comes next finds it open, with its answer if there was one.
    fn abandon(&mut self, number: usize, outcome: Outcome) {
        self.take_out(number, outcome, Some(StepReason::Abandoned));
        self.is_open = true;
    }

    /// Takes a step out of everything that waits for it, keeps how it ended and tells it; returns whether it is at its
    /// goal.
    fn take_out(&mut self, number: usize, outcome: Outcome, because: Option<StepReason>) -> bool {
        let step = self.planned(number);
        // A step that never began was not looked at: what the plan's refresh showed is nothing that this run has read.
        let has_begun = !matches!(outcome, Outcome::Skipped | Outcome::NotStarted);
        let is_read = has_begun || self.sightings.begun(&step.scope, &step.interface_id) > self.planned_from;
        let status = self.last_status(number).filter(|_| is_read);
        let tracked = &self.steps[number];
        debug_assert!(!tracked.is_finished(), "a step ends once");
        let (outcome, because) =
            if tracked.is_doubted() { still_in_doubt(outcome, because, status.as_ref()) } else { (outcome, because) };
        if tracked.phase.has_place() && step.action != Action::Wait {
            self.effects.push(Effect::FreePermit { step: number });
        }
        self.enter(number, Phase::Finished);
        self.unfinished -= 1;
        let elapsed = self.elapsed(number);
        let result = &mut self.report.results[number];
        result.outcome = Some(outcome);
        result.status = status.clone();
        result.finished_at = Some(self.now.wall);
        result.because = because.clone();
        let at_goal = result.is_at_goal();
        // What this run took down, or may have, counts as down to its end, whatever a stale read still shows.
        if !result.may_have_changed_something() {
            self.going_down.remove(&step.address);
        }
        let request_id = result.request_id.clone();
        self.tell(Event::StepFinished { step: step.id.clone(), outcome, status, elapsed, request_id, because });
        at_goal
    }

    pub(super) fn leave_unstarted(&mut self, number: usize) {
        let because = if self.interrupted { StepReason::Interrupted } else { StepReason::Stopped };
        self.end(number, Outcome::NotStarted, Some(because));
    }

    /// Closes what is open; what is left is to make that durable, the last look, and the end of the run.
    ///
    /// A call that was not watched to its end, accepted or without an answer, stays open in the journal, and so does its
    /// run, as after a crash: the next apply reads what became of it before it sends anything.
    pub(super) fn close(&mut self) {
        for number in 0..self.steps.len() {
            match self.steps[number].phase {
                Phase::Finished => {}
                Phase::Waiting | Phase::Startable | Phase::Asking(_) | Phase::Ready(_) => self.leave_unstarted(number),
                Phase::Recording { .. } => {
                    self.record_not_sent(number);
                    self.leave_unstarted(number);
                }
                Phase::Calling(_) | Phase::Doubt(_) => self.abandon(number, Outcome::InDoubt),
                Phase::Settling(Settling { by: By::Wait, .. }) => {
                    self.end(number, Outcome::Unsettled, Some(StepReason::Abandoned));
                }
                Phase::Settling(_) => self.abandon(number, Outcome::Unsettled),
            }
        }
        debug_assert_eq!(self.unfinished, 0, "every step has ended");
        debug_assert!(self.in_flight.is_empty() && self.polled.is_empty(), "what has ended is not watched");
        self.stage = Stage::Closing;
    }
}

/// Returns how a step ends of which an answer was lost: nobody can say that nothing was done, whatever became of its
/// repeat, or of its interface meanwhile.
fn still_in_doubt(
    outcome: Outcome,
    because: Option<StepReason>,
    last: Option<&Status>,
) -> (Outcome, Option<StepReason>) {
    let outcome = match outcome {
        Outcome::Already => Outcome::DoneUnknown,
        Outcome::Guarded | Outcome::Skipped | Outcome::NotStarted | Outcome::Failed | Outcome::Moved => {
            Outcome::InDoubt
        }
        Outcome::Done | Outcome::DoneUnknown | Outcome::Unsettled | Outcome::InDoubt => outcome,
    };
    let because = because.map(|because| match because {
        StepReason::Failed { error, .. } => StepReason::RepeatRefused { found: last.cloned(), error },
        StepReason::Moved { found, .. } => StepReason::AnswerLost { found, error: None, diverted: true },
        other => other,
    });
    (outcome, because)
}
