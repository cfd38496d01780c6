//! The ends: of a step, with what that does to those behind it, and of the run.

use crate::cloud::Cloud;
use crate::journal::{Entry, Outcome};
use crate::report::Event;
use crate::run::{Exit, RunEnd, RunOutcome, StepReason};
use crate::store::Store;

use super::tracked::Phase;
use super::{Ended, Execution, Gate, OnError};

impl<C: Cloud, S: Store, G: Gate> Execution<'_, C, S, G> {
    /// Ends a step: its result goes in line for the next append, and its dependants are released or skipped.
    pub(super) fn finish(&mut self, number: usize, outcome: Outcome, detail: Option<String>) {
        if self.end(number, outcome, detail) {
            for dependant in self.dependants[number].clone() {
                if self.steps[dependant].has_one_less_to_wait_for() {
                    self.release(dependant);
                }
            }
            return;
        }
        if self.settings.on_error != OnError::Continue {
            self.stop(format!("{} did not reach its goal", self.step(number).id));
        }
        let mut open = vec![number];
        while let Some(failed) = open.pop() {
            for dependant in self.dependants[failed].clone() {
                if !self.steps[dependant].is_finished() {
                    let detail = format!("{} did not reach its goal", self.step(failed).id);
                    self.end(dependant, Outcome::Skipped, Some(detail));
                    open.push(dependant);
                }
            }
        }
    }

    /// Records the end of one step; returns whether it is at its goal.
    fn end(&mut self, number: usize, outcome: Outcome, detail: Option<String>) -> bool {
        let step = self.step(number);
        let now = self.around.clock.now();
        let status = self.sightings.get(&step.scope, &step.interface_id).map(|observed| observed.status.clone());
        let tracked = &mut self.steps[number];
        // After a lost answer nobody can claim that nothing was done.
        let outcome = match outcome {
            Outcome::Already if tracked.doubted => Outcome::DoneUnknown,
            Outcome::Guarded | Outcome::Skipped | Outcome::NotStarted if tracked.doubted => Outcome::InDoubt,
            other => other,
        };
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
        result.detail = detail.clone();
        let at_goal = result.is_at_goal();
        // What this run took down, or may have, counts as down to its end, whatever a stale read still shows.
        if !result.may_have_changed_something() {
            self.going_down.remove(&step.address);
        }
        self.pending.push(Entry::Closed {
            step: step.id.clone(),
            at: now,
            outcome,
            status: status.clone(),
            because: detail.clone().map(|text| StepReason::Told { text }),
        });
        (self.around.emit)(&Event::StepFinished {
            step: step.id.clone(),
            outcome,
            status,
            elapsed,
            request_id: self.report.results[number].request_id.clone(),
            detail,
        });
        at_goal
    }

    pub(super) fn leave_unstarted(&mut self, number: usize) {
        let reason = if self.report.interrupted { "interrupted" } else { "the run stopped" };
        self.end(number, Outcome::NotStarted, Some(reason.to_owned()));
    }

    /// Returns how the run ended, as far as the executor can tell.
    fn end_of_run(&self, at: jiff::Timestamp) -> RunEnd {
        let exit = Exit::try_from(self.report.exit_code()).unwrap_or(Exit::Error);
        let outcome = match exit {
            Exit::Done => RunOutcome::Complete,
            Exit::Refused | Exit::Moved => RunOutcome::Refused,
            Exit::Interrupted => RunOutcome::Interrupted,
            Exit::Error | Exit::Changes | Exit::Partial | Exit::Locked => RunOutcome::Incomplete,
        };
        RunEnd { at, exit, outcome, reasons: Vec::new() }
    }

    /// Closes what is open, records the end of the run, and hands everything over.
    ///
    /// A call without an answer that was not watched to the end stays open in the journal, and so does its run, as after
    /// a crash: it may still be on its way, so the next apply reads what became of it before it sends anything.
    pub(super) fn conclude(mut self) -> Ended {
        let mut is_over = true;
        for number in 0..self.steps.len() {
            match self.steps[number].phase {
                Phase::Finished => {}
                Phase::Waiting | Phase::Startable | Phase::Ready { .. } => self.leave_unstarted(number),
                Phase::Calling | Phase::Doubt { .. } => {
                    self.end(number, Outcome::InDoubt, Some("abandoned, outcome unknown".to_owned()));
                    self.pending.pop();
                    is_over = false;
                }
                Phase::Settling { .. } => {
                    self.end(number, Outcome::Unsettled, Some("abandoned, outcome unknown".to_owned()));
                }
            }
        }
        let now = self.around.clock.now();
        self.report.finished_at = Some(now);
        self.report.unrecorded.clone_from(&self.failure);
        if is_over {
            self.record(Entry::RunEnded(self.end_of_run(now)));
        }
        self.flush();
        self.report.unrecorded.clone_from(&self.failure);
        Ended { report: self.report }
    }
}
