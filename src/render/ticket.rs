//! What past runs prove, ready to be shown: one document for a ticket, a part for each change or run.
//!
//! [`csv`] and [`document`] write it for programs; `page::ticket` words it for `markdown` and `html`.

pub mod csv;
pub mod document;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::past::PastRun;
use super::words::report as words;
use crate::history::dossier::{About, Down, Others, Part};
use crate::run::{Reason, RunOutcome, StepResult};
use crate::state::RunId;
use crate::uptime::Uptime;

/// One document for a ticket.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// When it is made.
    pub made_at: Timestamp,
    /// What it is about, in the order that was asked for.
    pub parts: Vec<TicketPart>,
    /// The specs that were asked, where several were.
    pub specs: BTreeSet<String>,
}

/// What past runs prove about one change, or one run.
#[derive(Clone, Debug)]
pub struct TicketPart {
    /// What it is about.
    pub about: About,
    /// Its runs, oldest first.
    pub runs: Vec<PastRun>,
    /// The steps of these runs that it is not about.
    pub others: Others,
    /// How long each link was down.
    pub downs: Vec<Down>,
}

impl TicketPart {
    /// Returns whether it is about a step of one of its runs.
    fn is_about(&self, run: &PastRun, result: &StepResult) -> bool {
        !self.others.contains(&(run.report.run_id.clone(), result.step.id.clone()))
    }

    /// Lists those steps of a run that it is about.
    pub(crate) fn steps_of<'p>(&'p self, run: &'p PastRun) -> impl Iterator<Item = &'p StepResult> {
        run.report.results.iter().filter(|result| self.is_about(run, result))
    }

    /// Lists the steps that it is about, each with its run.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (&PastRun, &StepResult)> {
        self.runs.iter().flat_map(|run| self.steps_of(run).map(move |result| (run, result)))
    }

    /// Lists why a run did not end with code 0, as far as that concerns the steps that it is about.
    pub(crate) fn reasons<'p>(&'p self, run: &'p PastRun) -> impl Iterator<Item = &'p Reason> {
        words::reasons(&run.report).filter(|reason| self.is_concerned(run, reason))
    }

    fn is_concerned(&self, run: &PastRun, reason: &Reason) -> bool {
        match reason {
            Reason::Step { address, .. } | Reason::DidNotStay { address, .. } => {
                let mut of_it = run.report.results.iter().filter(|result| result.step.address == *address).peekable();
                of_it.peek().is_none() || of_it.any(|result| self.is_about(run, result))
            }
            Reason::Stopped { .. } => !self.has_others(run) || !self.steps_of(run).all(StepResult::is_at_goal),
            _ => true,
        }
    }

    pub(crate) fn has_others(&self, run: &PastRun) -> bool {
        run.report.results.iter().any(|result| !self.is_about(run, result))
    }

    /// Returns whether a run went well, as far as its steps that this is about: what it did for others is no matter here.
    pub(crate) fn is_well(&self, run: &PastRun) -> bool {
        let failed_others = || {
            let has_ended = matches!(run.outcome(), Some(RunOutcome::Incomplete | RunOutcome::Refused));
            has_ended && self.has_others(run) && self.reasons(run).next().is_none()
        };
        let is_done = || self.steps_of(run).all(StepResult::is_at_goal);
        run.outcome() == Some(RunOutcome::Complete) || (failed_others() && is_done())
    }

    /// Counts the interfaces that were down, and those of them that were not brought back.
    pub(crate) fn interfaces(&self) -> (usize, usize) {
        let distinct = |is_meant: fn(&&Down) -> bool| {
            let meant = self.downs.iter().filter(is_meant);
            meant.map(|down| (&down.scope, &down.interface_id)).collect::<BTreeSet<_>>().len()
        };
        (distinct(|_| true), distinct(|down| down.returned.is_none()))
    }
}

impl Ticket {
    /// Tells what was gathered as of a moment.
    pub fn of(parts: Vec<Part>, specs: BTreeSet<String>, now: Timestamp, uptime: Option<&Uptime>) -> Self {
        let part = |Part { about, runs, others, downs }| {
            let runs = runs.into_iter().map(|run| PastRun::from(run).as_of(now, uptime)).collect();
            TicketPart { about, runs, others, downs }
        };
        Self { made_at: now, parts: parts.into_iter().map(part).collect(), specs }
    }

    /// Lists the runs of all parts, each once, oldest first.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &PastRun> {
        let runs = self.parts.iter().flat_map(|part| &part.runs);
        let by_id: BTreeMap<&RunId, &PastRun> = runs.map(|run| (&run.report.run_id, run)).collect();
        by_id.into_values()
    }

    /// Returns whether one of its parts is about a step of a run.
    pub(crate) fn is_about(&self, run: &PastRun, result: &StepResult) -> bool {
        let has_run = |part: &&TicketPart| part.runs.iter().any(|known| known.report.run_id == run.report.run_id);
        self.parts.iter().filter(has_run).any(|part| part.is_about(run, result))
    }

    /// Lists how long each link was down, each time once. Where a change and a run of it were asked for, the change knows more: it has
    /// the return.
    pub(crate) fn downs(&self) -> Vec<&Down> {
        let mut downs: BTreeMap<_, &Down> = BTreeMap::new();
        for down in self.parts.iter().flat_map(|part| &part.downs) {
            let key = (down.drained.at, &down.drained.by, &down.scope, &down.interface_id);
            let known = downs.entry(key).or_insert(down);
            if known.returned.is_none() {
                *known = down;
            }
        }
        downs.into_values().collect()
    }
}

/// Returns how long a link was down, where it is known when it came back.
pub(crate) fn length(down: &Down) -> Option<SignedDuration> {
    down.returned.as_ref().map(|returned| returned.at.duration_since(down.drained.at))
}
