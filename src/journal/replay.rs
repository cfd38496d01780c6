//! What a journal says: its entries folded one by one, each a legal step of the story or an error.
//!
//! A transition function and nothing else: no time, no file, no guess. A call is open from its intent until its
//! refusal or until its step is closed by what a read said; a run cannot end over an open call.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::{Died, Entry, Illegal, Misstep, NOT_SENT, Operation, Outcome, PlannedStep, RunStarted};
use crate::plan::StepId;
use crate::resource::{Receipt, RequestId, Status};
use crate::run::{Exit, RunEnd, StepReason};
use crate::state::RunId;
use crate::uptime::Uptime;

/// The runs of a journal, oldest first. Only the last can be open, or over and not yet folded; but for a way back, which
/// begins and ends while the run that it takes back has done its steps and has no end yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    runs: Vec<Run>,
    known: HashSet<RunId>,
    last_serial: u64,
}

/// One run: what it set out to do, and what is known of each step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Who, when, on what basis, and the steps.
    pub started: Box<RunStarted>,
    /// What is known of each step, in the order of `started.steps`.
    pub traces: Vec<Trace>,
    /// How it came to its end; `None` while it is at work, or when it died and nobody has closed it.
    pub over: Option<Over>,
    /// The serial of the state that it was folded into.
    pub folded: Option<u64>,
    positions: HashMap<StepId, usize>,
}

/// How a run came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// It said so itself.
    Ended(RunEnd),
    /// Its process died, and another run's has closed it.
    Died(Died),
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
        /// What came with it.
        receipt: Receipt,
    },
    /// Nothing was done.
    Refused {
        /// When.
        at: Timestamp,
        /// The API's code and words.
        detail: String,
        /// What came with the answer, if there was one.
        receipt: Option<Receipt>,
    },
    /// No answer that tells whether it was done.
    Doubtful {
        /// When.
        at: Timestamp,
        /// What happened to the answer.
        detail: String,
        /// What came with it, if it was one of the API's.
        receipt: Option<Receipt>,
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
    /// Why, where the outcome does not say it all.
    pub because: Option<StepReason>,
    /// When, by a clock that nobody can set.
    pub uptime: Option<Uptime>,
}

impl Replay {
    /// Begins after a state of this serial: what came before is kept elsewhere.
    pub(super) fn after(serial: u64) -> Self {
        Self { last_serial: serial, ..Self::default() }
    }

    /// Returns the runs, oldest first.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Returns the run that is not over: at work if the lock is held, dead otherwise. Of a run and its way back, the way
    /// back.
    pub fn open_run(&self) -> Option<&Run> {
        self.not_folded().iter().rev().find(|run| run.over.is_none())
    }

    /// Returns the runs that are over and not in the state yet, oldest first; none while one is open.
    pub fn unfolded(&self) -> &[Run] {
        if self.open_run().is_some() { &[] } else { self.not_folded() }
    }

    fn not_folded(&self) -> &[Run] {
        &self.runs[self.first_not_folded()..]
    }

    fn first_not_folded(&self) -> usize {
        self.runs.iter().rposition(|run| run.folded.is_some()).map_or(0, |last| last + 1)
    }

    /// Returns the newest serial that the journal says the state reached.
    pub fn last_serial(&self) -> u64 {
        self.last_serial
    }

    /// Takes in the next entry. After an error nothing has changed.
    pub fn apply(&mut self, entry: Entry) -> Result<(), Illegal> {
        match entry {
            Entry::RunStarted(started) => self.start(started),
            Entry::Intent { step, at } => self.on(&step, |planned, trace| trace.intend(planned, at)),
            Entry::Accepted { step, at, receipt } => {
                self.on(&step, |_, trace| trace.answer(Answer::Accepted { at, receipt }))
            }
            Entry::Refused { step, at, detail, receipt } => {
                self.on(&step, |_, trace| trace.answer(Answer::Refused { at, detail, receipt }))
            }
            Entry::Doubtful { step, at, detail, receipt } => {
                self.on(&step, |_, trace| trace.answer(Answer::Doubtful { at, detail, receipt }))
            }
            Entry::Closed { step, at, outcome, status, because, uptime } => {
                self.on(&step, |planned, trace| trace.close(planned, Closed { at, outcome, status, because, uptime }))
            }
            Entry::RunEnded(end) => self.end(Over::Ended(end)),
            Entry::Died(died) => self.end(Over::Died(died)),
            Entry::Folded { serial } => self.fold(serial),
            Entry::Reserved { .. } => Ok(()),
        }
    }

    fn start(&mut self, started: Box<RunStarted>) -> Result<(), Illegal> {
        let run_id = &started.run_id;
        let waiting = self.not_folded();
        let is_way_back = matches!(waiting, [open] if open.can_be_taken_back_by(&started));
        if let Some(last) = waiting.last().filter(|_| !is_way_back) {
            let run = run_id.clone();
            return Err(match self.open_run() {
                Some(open) => Illegal::StartsWhileOpen { run, open: open.id().clone() },
                None => Illegal::StartsWhileUnfolded { run, unfolded: last.id().clone() },
            });
        }
        if self.known.contains(run_id) {
            return Err(Illegal::StartsAgain { run: run_id.clone() });
        }
        let mut positions = HashMap::with_capacity(started.steps.len());
        for (position, step) in started.steps.iter().enumerate() {
            let (run, id) = (run_id.clone(), step.id.clone());
            if step.id != StepId::new(&step.address, step.action()) {
                return Err(Illegal::Misnamed { run, step: id });
            }
            if positions.insert(step.id.clone(), position).is_some() {
                return Err(Illegal::StepTwice { run, step: id });
            }
        }
        let traces = vec![Trace::default(); started.steps.len()];
        self.known.insert(run_id.clone());
        self.runs.push(Run { started, traces, over: None, folded: None, positions });
        Ok(())
    }

    fn on(
        &mut self,
        step: &StepId,
        change: impl FnOnce(&PlannedStep, &mut Trace) -> Result<(), Misstep>,
    ) -> Result<(), Illegal> {
        let Some(run) = self.open_run_mut() else { return Err(Illegal::StepWithoutRun { step: step.clone() }) };
        let Some(&position) = run.positions.get(step) else {
            return Err(Illegal::NotOfTheRun { step: step.clone(), run: run.started.run_id.clone() });
        };
        change(&run.started.steps[position], &mut run.traces[position])
            .map_err(|misstep| Illegal::Misstep { step: step.clone(), misstep })
    }

    fn end(&mut self, over: Over) -> Result<(), Illegal> {
        let run = self.open_run_mut().ok_or(Illegal::EndWithoutRun)?;
        if let Some((step, _)) = run.open_steps().next() {
            let (run, step) = (run.started.run_id.clone(), step.id.clone());
            return Err(Illegal::EndsOverOpenStep { run, step });
        }
        run.over = Some(over);
        Ok(())
    }

    fn fold(&mut self, serial: u64) -> Result<(), Illegal> {
        let last = self.last_serial;
        if self.unfolded().is_empty() {
            return Err(Illegal::NothingToFold { serial });
        }
        if serial <= last {
            return Err(Illegal::SerialGoesBack { serial, last });
        }
        let first = self.first_not_folded();
        self.runs[first..].iter_mut().for_each(|run| run.folded = Some(serial));
        self.last_serial = serial;
        Ok(())
    }

    fn open_run_mut(&mut self) -> Option<&mut Run> {
        let first = self.first_not_folded();
        self.runs[first..].iter_mut().rev().find(|run| run.over.is_none())
    }

    /// Takes the runs out.
    pub fn into_runs(self) -> Vec<Run> {
        self.runs
    }
}

impl Run {
    /// Returns whether `other` may begin while this run has no end yet: it takes it back, and nothing of it is open.
    fn can_be_taken_back_by(&self, other: &RunStarted) -> bool {
        let names_it = other.evidence.takes_back.contains(&self.started.run_id);
        names_it && self.over.is_none() && self.traces.iter().all(|trace| trace.closed.is_some())
    }

    /// Returns the steps that may have changed something and are not closed, each with the call that is open.
    pub fn open_steps(&self) -> impl Iterator<Item = (&PlannedStep, &Attempt)> {
        self.started.steps.iter().zip(&self.traces).filter_map(|(step, trace)| Some((step, trace.open_call()?)))
    }

    /// Tells the run again as entries: every step's first call, what came back, the next ones, how each ended. The order
    /// between steps is that of the plan: when each happened is in its times.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries = vec![Entry::RunStarted(self.started.clone())];
        let rounds = self.traces.iter().map(|trace| trace.attempts.len()).max().unwrap_or(0);
        for round in 0..rounds {
            let attempts = self.steps().filter_map(|(planned, trace)| Some((&planned.id, trace.attempts.get(round)?)));
            let (intents, answers): (Vec<_>, Vec<_>) =
                attempts.map(|(step, attempt)| (attempt.intent(step), attempt.answered(step))).unzip();
            entries.extend(intents);
            entries.extend(answers.into_iter().flatten());
        }
        let ends = self.steps().filter_map(|(planned, trace)| Some(trace.closed.as_ref()?.entry(&planned.id)));
        entries.extend(ends);
        entries.extend(self.over.clone().map(|over| match over {
            Over::Ended(end) => Entry::RunEnded(end),
            Over::Died(died) => Entry::Died(died),
        }));
        entries.extend(self.folded.map(|serial| Entry::Folded { serial }));
        entries
    }

    /// Returns how it ended, if it said so itself.
    pub fn end(&self) -> Option<&RunEnd> {
        match &self.over {
            Some(Over::Ended(end)) => Some(end),
            Some(Over::Died(_)) | None => None,
        }
    }

    /// Returns whether it is a way back that left nothing of what it was to take back. Of one that died, or has no end yet,
    /// what it was to do and what is recorded of its steps tell.
    pub fn took_back_all(&self) -> bool {
        let evidence = &self.started.evidence;
        self.started.operation == Operation::Rollback
            && match &self.over {
                Some(Over::Ended(end)) => self.ended_well() || (evidence.takes_back_whole && end.left_nothing()),
                Some(Over::Died(_)) | None => evidence.takes_back_whole && self.is_at_every_goal(),
            }
    }

    /// Lists the runs of which a way back leaves nothing, if all that it does goes well.
    pub fn takes_back_all_of(&self) -> impl Iterator<Item = &RunId> {
        let evidence = &self.started.evidence;
        evidence.takes_back.iter().filter(|run| !evidence.takes_back_part_of.contains(run))
    }

    /// Returns whether it came to an end by itself, with nothing left to do.
    pub fn ended_well(&self) -> bool {
        self.end().and_then(RunEnd::exit) == Some(Exit::Done)
    }

    fn is_at_every_goal(&self) -> bool {
        let is_at_goal = |trace: &Trace| trace.closed.as_ref().is_some_and(|closed| closed.outcome.is_at_goal());
        self.traces.iter().all(is_at_goal)
    }

    /// Returns whether a call of it was sent, or may have been; one that the API refused counts.
    pub fn has_sent(&self) -> bool {
        self.traces.iter().flat_map(|trace| &trace.attempts).any(Attempt::has_left)
    }

    /// Returns its id.
    pub fn id(&self) -> &RunId {
        &self.started.run_id
    }

    /// Returns a step of this name, with its place in the plan's order.
    pub(super) fn step(&self, id: &StepId) -> Option<(usize, &PlannedStep)> {
        let place = *self.positions.get(id)?;
        Some((place, self.started.steps.get(place)?))
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

    /// Returns whether a call was accepted, or may have been.
    pub fn may_have_changed_something(&self) -> bool {
        self.attempts.iter().any(|attempt| !attempt.is_refused())
    }

    /// Returns what came with the answer that accepted the call, else with the last one that was the API's.
    pub fn receipt(&self) -> Option<&Receipt> {
        let any = || self.attempts.iter().rev().find_map(|attempt| attempt.answer.receipt());
        self.acceptance().or_else(any)
    }

    /// Returns whether one of its calls was answered with this RequestId.
    pub fn was_answered_with(&self, request_id: &RequestId) -> bool {
        let mut receipts = self.attempts.iter().filter_map(|attempt| attempt.answer.receipt());
        receipts.any(|receipt| receipt.request_id == *request_id)
    }

    /// Returns what came with the answer that accepted the call.
    pub fn acceptance(&self) -> Option<&Receipt> {
        self.attempts.iter().rev().find_map(|attempt| match &attempt.answer {
            Answer::Accepted { receipt, .. } => Some(receipt),
            _ => None,
        })
    }

    /// Returns when the API accepted the call.
    pub fn accepted_at(&self) -> Option<Timestamp> {
        self.attempts.iter().rev().find_map(|attempt| match &attempt.answer {
            Answer::Accepted { at, .. } => Some(*at),
            _ => None,
        })
    }

    fn intend(&mut self, planned: &PlannedStep, at: Timestamp) -> Result<(), Misstep> {
        if planned.call.is_none() {
            return Err(Misstep::WaitIsSent);
        }
        if self.closed.is_some() {
            return Err(Misstep::SentAfterClosed);
        }
        match self.attempts.last().map(|attempt| &attempt.answer) {
            Some(Answer::Unrecorded) => return Err(Misstep::SentBeforeAnswer),
            Some(Answer::Accepted { .. }) => return Err(Misstep::SentAfterAccepted),
            Some(Answer::Refused { .. } | Answer::Doubtful { .. }) | None => {}
        }
        self.attempts.push(Attempt { intent_at: at, answer: Answer::Unrecorded });
        Ok(())
    }

    fn answer(&mut self, answer: Answer) -> Result<(), Misstep> {
        match self.attempts.last_mut() {
            Some(attempt) if self.closed.is_none() && attempt.answer == Answer::Unrecorded => {
                attempt.answer = answer;
                Ok(())
            }
            _ => Err(Misstep::AnswerWithoutIntent),
        }
    }

    /// Closes the step, if the outcome claims no more than the answers allow.
    fn close(&mut self, planned: &PlannedStep, closed: Closed) -> Result<(), Misstep> {
        if self.closed.is_some() {
            return Err(Misstep::ClosedAgain);
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
            return Err(Misstep::OutcomeWithoutAnswers);
        }
        self.closed = Some(closed);
        Ok(())
    }
}

impl Answer {
    fn receipt(&self) -> Option<&Receipt> {
        match self {
            Self::Accepted { receipt, .. } => Some(receipt),
            Self::Refused { receipt, .. } | Self::Doubtful { receipt, .. } => receipt.as_ref(),
            Self::Unrecorded => None,
        }
    }
}

impl Attempt {
    /// Returns whether the call left, or may have: an intent may be closed as not sent, since what it rests on was too old.
    pub fn has_left(&self) -> bool {
        !matches!(&self.answer, Answer::Refused { detail, .. } if detail == NOT_SENT)
    }

    /// Returns whether the API said that nothing was done.
    pub fn is_refused(&self) -> bool {
        matches!(self.answer, Answer::Refused { .. })
    }
}

impl Attempt {
    fn intent(&self, step: &StepId) -> Entry {
        Entry::Intent { step: step.clone(), at: self.intent_at }
    }

    fn answered(&self, step: &StepId) -> Option<Entry> {
        let step = step.clone();
        match self.answer.clone() {
            Answer::Unrecorded => None,
            Answer::Accepted { at, receipt } => Some(Entry::Accepted { step, at, receipt }),
            Answer::Refused { at, detail, receipt } => Some(Entry::Refused { step, at, detail, receipt }),
            Answer::Doubtful { at, detail, receipt } => Some(Entry::Doubtful { step, at, detail, receipt }),
        }
    }
}

impl Closed {
    fn entry(&self, step: &StepId) -> Entry {
        let Self { at, outcome, status, because, uptime } = self.clone();
        Entry::Closed { step: step.clone(), at, outcome, status, because, uptime }
    }
}
