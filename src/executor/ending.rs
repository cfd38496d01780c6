//! The ends of steps, with what that does to those behind them.

use crate::cloud::Cloud;
use crate::journal::{Entry, Outcome};
use crate::resource::Status;
use crate::run::{Event, StepReason, StopReason};
use crate::store::Store;

use super::tracked::Phase;
use super::{Execution, Gate, OnError};

impl<C: Cloud, S: Store, G: Gate> Execution<'_, C, S, G> {
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
            self.stop(StopReason::Failed { step: self.step(number).id.clone() });
        }
        let mut open = vec![number];
        while let Some(failed) = open.pop() {
            for dependant in self.dependants[failed].clone() {
                if !self.steps[dependant].is_finished() {
                    let because = StepReason::Dependency { step: self.step(failed).id.clone() };
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
        self.pending.push(Entry::Closed {
            step: result.step.id.clone(),
            at: result.finished_at.unwrap_or_else(|| self.around.clock.now()),
            outcome: result.outcome.unwrap_or(outcome),
            status: result.status.clone(),
            because: result.because.clone(),
        });
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
        let step = self.step(number);
        let now = self.around.clock.now();
        // A step that never began was not looked at: what the plan's refresh showed is nothing that this run has read.
        let has_begun = !matches!(outcome, Outcome::Skipped | Outcome::NotStarted);
        let is_read = has_begun || self.sightings.begun(&step.scope, &step.interface_id) > self.planned_from;
        let status = self.last_status(number).filter(|_| is_read);
        let tracked = &mut self.steps[number];
        debug_assert!(!tracked.is_finished(), "a step ends once");
        let (outcome, because) =
            if tracked.doubted { still_in_doubt(outcome, because, status.as_ref()) } else { (outcome, because) };
        tracked.phase = Phase::Finished;
        tracked.permit = None;
        let elapsed = tracked.elapsed();
        self.unfinished -= 1;
        self.startable.remove(&number);
        self.ready.remove(&number);
        self.polled.remove(&number);
        self.in_flight.remove(&number);
        let result = &mut self.report.results[number];
        result.outcome = Some(outcome);
        result.status = status.clone();
        result.finished_at = Some(now);
        result.because = because.clone();
        let at_goal = result.is_at_goal();
        // What this run took down, or may have, counts as down to its end, whatever a stale read still shows.
        if !result.may_have_changed_something() {
            self.going_down.remove(&step.address);
        }
        (self.around.emit)(&Event::StepFinished {
            step: step.id.clone(),
            outcome,
            status,
            elapsed,
            request_id: self.report.results[number].request_id.clone(),
            because,
        });
        at_goal
    }

    pub(super) fn leave_unstarted(&mut self, number: usize) {
        let because = if self.interrupted { StepReason::Interrupted } else { StepReason::Stopped };
        self.end(number, Outcome::NotStarted, Some(because));
    }

    /// Closes what is open and makes that durable; what is left is the last look, and the end of the run.
    ///
    /// A call that was not watched to its end, accepted or without an answer, stays open in the journal, and so does its
    /// run, as after a crash: the next apply reads what became of it before it sends anything.
    pub(super) fn close(&mut self) {
        for number in 0..self.steps.len() {
            match self.steps[number].phase {
                Phase::Finished => {}
                Phase::Waiting | Phase::Startable | Phase::Ready { .. } => self.leave_unstarted(number),
                Phase::Calling | Phase::Doubt { .. } => self.abandon(number, Outcome::InDoubt),
                Phase::Settling { .. } if self.step(number).mutation().is_some() => {
                    self.abandon(number, Outcome::Unsettled);
                }
                Phase::Settling { .. } => {
                    self.end(number, Outcome::Unsettled, Some(StepReason::Abandoned));
                }
            }
        }
        debug_assert_eq!(self.unfinished, 0, "every step has ended");
        debug_assert!(self.in_flight.is_empty() && self.polled.is_empty(), "what has ended is not watched");
        self.flush();
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
        StepReason::Failed { error, .. } => {
            StepReason::AnswerLost { found: last.cloned(), error: Some(error), diverted: false }
        }
        StepReason::Moved { found, .. } => StepReason::AnswerLost { found, error: None, diverted: true },
        other => other,
    });
    (outcome, because)
}
