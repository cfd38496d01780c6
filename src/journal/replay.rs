//! What a journal says: its entries folded one by one, each a legal step of the story or an error.
//!
//! A transition function and nothing else: no time, no file, no guess. A call is open from its intent until its
//! refusal or until its step is closed by what a read said; a run cannot end over an open call.

use std::collections::HashMap;
use std::fmt;

use jiff::Timestamp;

use super::{Entry, Outcome, PlannedStep, RunStarted};
use crate::plan::StepId;
use crate::resource::{RequestId, Status};
use crate::run::{RunEnd, StepReason};

/// An entry that cannot follow the ones before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Illegal(pub(super) String);

/// Every run of a journal, oldest first. Only the last can be open, or ended and not yet folded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    runs: Vec<Run>,
}

/// One run: what it set out to do, and what is known of each step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Who, when, on what basis, and the steps.
    pub started: Box<RunStarted>,
    /// What is known of each step, in the order of `started.steps`.
    pub traces: Vec<Trace>,
    /// How it ended; `None` while it is at work, or when it died.
    pub end: Option<RunEnd>,
    /// The serial of the state that it was folded into.
    pub folded: Option<u64>,
    positions: HashMap<StepId, usize>,
}

/// What is known of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Each time its call was going to be sent, oldest first.
    pub attempts: Vec<Attempt>,
    /// How it ended; `None` for a step that was never started, or is still open.
    pub closed: Option<Closed>,
}

/// One call that was going to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When the intent was recorded.
    pub intent_at: Timestamp,
    /// What came back.
    pub answer: Answer,
}

/// What came back from a call, as far as the journal knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing is recorded after the intent: it may or may not have been sent.
    Unrecorded,
    /// The API accepted it.
    Accepted {
        /// When the answer arrived.
        at: Timestamp,
        /// The API's id of it.
        request_id: RequestId,
    },
    /// Nothing was done.
    Refused {
        /// When.
        at: Timestamp,
        /// The API's code and words.
        detail: String,
    },
    /// No answer that tells whether it was done.
    Doubtful {
        /// When.
        at: Timestamp,
        /// What happened to the answer.
        detail: String,
    },
}

/// The end of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// When.
    pub at: Timestamp,
    /// How.
    pub outcome: Outcome,
    /// The last status that was read, if one was.
    pub status: Option<Status>,
    /// Why, where it did not end plainly.
    pub because: Option<StepReason>,
}

impl Replay {
    /// Returns every run, oldest first.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Returns the run that has not ended: at work if the lock is held, dead otherwise.
    pub fn open_run(&self) -> Option<&Run> {
        self.runs.last().filter(|run| run.end.is_none())
    }

    /// Returns the run that has ended and is not in the state yet.
    pub fn unfolded(&self) -> Option<&Run> {
        self.runs.last().filter(|run| run.end.is_some() && run.folded.is_none())
    }

    /// Returns the newest serial that the journal says the state reached.
    pub fn last_serial(&self) -> u64 {
        self.runs.iter().rev().find_map(|run| run.folded).unwrap_or(0)
    }

    /// Takes in the next entry. After an error nothing has changed.
    pub fn apply(&mut self, entry: Entry) -> Result<(), Illegal> {
        match entry {
            Entry::RunStarted(started) => self.start(started),
            Entry::Intent { step, at } => self.on(&step, |planned, trace| trace.intend(planned, at)),
            Entry::Accepted { step, at, request_id } => {
                self.on(&step, |_, trace| trace.answer(Answer::Accepted { at, request_id }))
            }
            Entry::Refused { step, at, detail } => {
                self.on(&step, |_, trace| trace.answer(Answer::Refused { at, detail }))
            }
            Entry::Doubtful { step, at, detail } => {
                self.on(&step, |_, trace| trace.answer(Answer::Doubtful { at, detail }))
            }
            Entry::Closed { step, at, outcome, status, because } => {
                self.on(&step, |planned, trace| trace.close(planned, Closed { at, outcome, status, because }))
            }
            Entry::RunEnded(end) => self.end(end),
            Entry::Folded { serial } => self.fold(serial),
        }
    }

    fn start(&mut self, started: Box<RunStarted>) -> Result<(), Illegal> {
        let run_id = &started.run_id;
        if let Some(last) = self.runs.last()
            && last.folded.is_none()
        {
            let missing = if last.end.is_none() { "has not ended" } else { "is not in the state yet" };
            return Err(Illegal(format!("run {run_id} starts while run {} {missing}", last.started.run_id)));
        }
        if self.runs.iter().any(|run| run.started.run_id == *run_id) {
            return Err(Illegal(format!("run {run_id} starts a second time")));
        }
        let mut positions = HashMap::with_capacity(started.steps.len());
        for (position, step) in started.steps.iter().enumerate() {
            if step.id != StepId::new(&step.address, step.action()) {
                return Err(Illegal(format!("step {} of run {run_id} has the name of another step", step.id)));
            }
            if positions.insert(step.id.clone(), position).is_some() {
                return Err(Illegal(format!("run {run_id} has step {} twice", step.id)));
            }
        }
        let traces = vec![Trace::default(); started.steps.len()];
        self.runs.push(Run { started, traces, end: None, folded: None, positions });
        Ok(())
    }

    fn on(
        &mut self,
        step: &StepId,
        change: impl FnOnce(&PlannedStep, &mut Trace) -> Result<(), &'static str>,
    ) -> Result<(), Illegal> {
        let run = self.open_run_mut(format_args!("step {step}"))?;
        let Some(&position) = run.positions.get(step) else {
            return Err(Illegal(format!("step {step} is not one of run {}", run.started.run_id)));
        };
        change(&run.started.steps[position], &mut run.traces[position])
            .map_err(|reason| Illegal(format!("step {step} {reason}")))
    }

    fn end(&mut self, end: RunEnd) -> Result<(), Illegal> {
        let run = self.open_run_mut(format_args!("the end of a run"))?;
        if let Some((step, _)) = run.open_steps().next() {
            return Err(Illegal(format!("run {} ends while step {} is open", run.started.run_id, step.id)));
        }
        run.end = Some(end);
        Ok(())
    }

    fn fold(&mut self, serial: u64) -> Result<(), Illegal> {
        let last_serial = self.last_serial();
        let Some(run) = self.runs.last_mut().filter(|run| run.end.is_some() && run.folded.is_none()) else {
            return Err(Illegal(format!("serial {serial} has no ended run to fold")));
        };
        if serial <= last_serial {
            return Err(Illegal(format!("serial {serial} does not follow serial {last_serial}")));
        }
        run.folded = Some(serial);
        Ok(())
    }

    fn open_run_mut(&mut self, what: fmt::Arguments<'_>) -> Result<&mut Run, Illegal> {
        self.runs
            .last_mut()
            .filter(|run| run.end.is_none())
            .ok_or_else(|| Illegal(format!("{what} is recorded while no run is open")))
    }
}

impl Run {
    /// Returns the steps that may have changed something and are not closed, each with the call that is open.
    pub fn open_steps(&self) -> impl Iterator<Item = (&PlannedStep, &Attempt)> {
        self.started.steps.iter().zip(&self.traces).filter_map(|(step, trace)| Some((step, trace.open_call()?)))
    }

    /// Returns where in the plan's order `step` stands.
    pub(super) fn position(&self, step: &StepId) -> Option<usize> {
        self.positions.get(step).copied()
    }

    /// Returns every step with what is known of it, in the plan's order.
    pub fn steps(&self) -> impl Iterator<Item = (&PlannedStep, &Trace)> {
        self.started.steps.iter().zip(&self.traces)
    }
}

impl Trace {
    /// Returns the last call that was not refused, while the step is not closed.
    pub fn open_call(&self) -> Option<&Attempt> {
        match self.closed {
            None => self.attempts.iter().rev().find(|attempt| !attempt.is_refused()),
            Some(_) => None,
        }
    }

    /// Returns the API's id of the answer that accepted the call.
    pub fn request_id(&self) -> Option<&RequestId> {
        self.attempts.iter().rev().find_map(|attempt| match &attempt.answer {
            Answer::Accepted { request_id, .. } => Some(request_id),
            _ => None,
        })
    }

    /// Tells how the step ended, e.g. `done` or `unknown, found Inactive`.
    pub fn outcome(&self) -> String {
        let Some(closed) = &self.closed else {
            return match self.attempts.last().map(|attempt| &attempt.answer) {
                None => "not started".into(),
                Some(Answer::Refused { detail, .. }) => format!("refused: {detail}"),
                Some(_) => "in progress".into(),
            };
        };
        let status = closed.status.as_ref().map_or("nothing", Status::as_str);
        let words = match closed.outcome {
            Outcome::Done => "done".into(),
            Outcome::Already => "already".into(),
            Outcome::DoneUnknown => format!("unknown, found {status}"),
            Outcome::InDoubt => format!("in doubt, found {status}"),
            Outcome::Unsettled => format!("not settled, found {status}"),
            Outcome::Moved => format!("moved, found {status}"),
            Outcome::Failed => "refused".into(),
            Outcome::Guarded => "held back".into(),
            Outcome::Skipped => "skipped".into(),
            Outcome::NotStarted => "not started".into(),
        };
        match &closed.because {
            Some(StepReason::Told { text }) => format!("{words}: {text}"),
            Some(_) | None => words,
        }
    }

    fn intend(&mut self, planned: &PlannedStep, at: Timestamp) -> Result<(), &'static str> {
        if planned.call.is_none() {
            return Err("is a wait and sends nothing");
        }
        if self.closed.is_some() {
            return Err("is to be sent after it was closed");
        }
        match self.attempts.last().map(|attempt| &attempt.answer) {
            Some(Answer::Unrecorded) => return Err("is to be sent again before anything came back"),
            Some(Answer::Accepted { .. }) => return Err("is to be sent again after it was accepted"),
            Some(Answer::Refused { .. } | Answer::Doubtful { .. }) | None => {}
        }
        self.attempts.push(Attempt { intent_at: at, answer: Answer::Unrecorded });
        Ok(())
    }

    fn answer(&mut self, answer: Answer) -> Result<(), &'static str> {
        match self.attempts.last_mut() {
            Some(attempt) if self.closed.is_none() && attempt.answer == Answer::Unrecorded => {
                attempt.answer = answer;
                Ok(())
            }
            _ => Err("got an answer without an open intent"),
        }
    }

    /// Closes the step, if the outcome claims no more than the answers allow.
    fn close(&mut self, planned: &PlannedStep, closed: Closed) -> Result<(), &'static str> {
        if self.closed.is_some() {
            return Err("is closed a second time");
        }
        let waits = planned.call.is_none();
        let accepted = self.attempts.iter().any(|attempt| matches!(attempt.answer, Answer::Accepted { .. }));
        let unsure =
            self.attempts.iter().any(|attempt| matches!(attempt.answer, Answer::Unrecorded | Answer::Doubtful { .. }));
        let legal = match closed.outcome {
            Outcome::Done => waits || accepted,
            Outcome::DoneUnknown | Outcome::InDoubt => unsure,
            Outcome::Unsettled => waits || accepted || unsure,
            Outcome::Already | Outcome::Guarded | Outcome::Skipped | Outcome::NotStarted => !accepted && !unsure,
            Outcome::Failed => !accepted,
            Outcome::Moved => true,
        };
        if !legal {
            return Err("is closed with an outcome that its answers do not allow");
        }
        self.closed = Some(closed);
        Ok(())
    }
}

impl Attempt {
    /// Claims that the API said that nothing was done.
    pub fn is_refused(&self) -> bool {
        matches!(self.answer, Answer::Refused { .. })
    }
}
