//! Past runs: the list, newest first as it is given, and one run with its steps, times, RequestIds and outcomes.

use std::io::{self, Write};

use serde::Serialize;

use super::json;
use super::report::{Extent, progress, remarks, table};
use super::text::{Line, Screen, Tone, View};
use crate::history::Past;
use crate::journal::{Approved, Evidence, Operation, Over};
use crate::report::{Report, StepResult};
use crate::resource::{Address, Target};
use crate::run::{Exit, Reason, RunEnd, RunOutcome};
use crate::state::RunId;

mod told;

pub(crate) use told::because;

/// The version of the history documents.
const FORMAT_VERSION: &str = "1.0";

/// A past run, ready to be shown.
#[derive(Clone, Debug)]
pub struct PastRun {
    /// What became of its steps.
    pub report: Report,
    /// How it came to its end.
    pub ending: Ending,
    /// Who, why and from which text.
    pub evidence: Evidence,
}

/// How a past run came to its end.
#[derive(Clone, Debug)]
pub enum Ending {
    /// It has not: its process is at work.
    Running,
    /// Its process died.
    Died {
        /// The run whose command closed what it left open, if one has.
        resolved_by: Option<RunId>,
    },
    /// It said so itself.
    Ended(RunEnd),
}

impl From<Past> for PastRun {
    fn from(past: Past) -> Self {
        let report = told::report(&past.run);
        let evidence = past.run.started.evidence.clone();
        let ending = match past.run.over {
            None if past.is_running => Ending::Running,
            None => Ending::Died { resolved_by: None },
            Some(Over::Died(died)) => Ending::Died { resolved_by: Some(died.resolved_by) },
            Some(Over::Ended(end)) => Ending::Ended(end),
        };
        Self { report, ending, evidence }
    }
}

impl PastRun {
    /// Returns the code that its process ended with, if it did.
    pub(crate) fn exit(&self) -> Option<Exit> {
        match &self.ending {
            Ending::Ended(end) => Some(end.exit),
            Ending::Running | Ending::Died { .. } => None,
        }
    }

    /// Returns how it came out; `None` while it goes on.
    fn outcome(&self) -> Option<RunOutcome> {
        match &self.ending {
            Ending::Running => None,
            Ending::Died { .. } => Some(RunOutcome::Died),
            Ending::Ended(end) => Some(end.outcome),
        }
    }

    /// Returns what it came to, in words.
    pub(crate) fn verdict(&self) -> (Tone, String) {
        match &self.ending {
            Ending::Running => (Tone::Change, "goes on".to_owned()),
            Ending::Died { resolved_by: None } => (Tone::Bad, "died".to_owned()),
            Ending::Died { resolved_by: Some(run) } => (Tone::Bad, format!("died; resolved by run {run}")),
            Ending::Ended(end) if end.exit == Exit::Done => {
                (Tone::Good, format!("complete, {} changed", self.report.changed()))
            }
            Ending::Ended(end) => (Tone::Bad, format!("{} (exit code {})", progress(&self.report), end.exit.code())),
        }
    }

    /// Returns what to do about it, if there is something.
    pub(crate) fn next(&self) -> Option<String> {
        Some(match &self.ending {
            Ending::Died { resolved_by: None } => "`rictl apply` settles what is open before anything else".to_owned(),
            Ending::Running => return None,
            Ending::Ended(end) if end.exit == Exit::Done => return None,
            Ending::Ended(_) | Ending::Died { .. } => "`rictl plan` shows what is left".to_owned(),
        })
    }

    fn reasons(&self) -> &[Reason] {
        match &self.ending {
            Ending::Ended(end) => &end.reasons,
            Ending::Running | Ending::Died { .. } => &[],
        }
    }
}

/// Writes one line per run, in the order given.
pub fn list<W: Write + ?Sized>(out: &mut W, runs: &[PastRun], view: View) -> io::Result<()> {
    let mut screen = Screen::new(out, view);
    if runs.is_empty() {
        return screen.line(&Line::at(0).text("No runs are recorded."));
    }
    for run in runs {
        let (tone, verdict) = run.verdict();
        let report = &run.report;
        let line = Line::at(0).hang(4).with(Tone::Strong, report.run_id.to_string()).text("  ");
        let line = line.cell(Tone::Plain, operation(report.operation), 8).with(tone, verdict);
        screen.line(&line.text(format!("  {}", report.who)))?;
    }
    Ok(())
}

/// Writes one run.
pub fn run<W: Write + ?Sized>(out: &mut W, past: &PastRun, view: View) -> io::Result<()> {
    let mut screen = Screen::new(out, view);
    let run = &past.report;
    let ended = run.finished_at.map_or_else(|| "not ended".to_owned(), |at| format!("to {at:.0}"));
    let (tone, verdict) = past.verdict();
    let rows = [
        ("Run:     ", Tone::Strong, run.run_id.to_string()),
        ("Target:  ", Tone::Plain, run.target.to_string()),
        ("By:      ", Tone::Plain, format!("{} ({})", run.who, operation(run.operation))),
        ("When:    ", Tone::Plain, format!("{:.0} {ended}", run.started_at)),
        ("Digest:  ", Tone::Faint, run.digest.clone()),
        ("Outcome: ", tone, verdict),
    ];
    for (label, tone, text) in rows {
        let line = Line::at(0).hang(9).text(label).with(tone, text);
        // One word that a narrow screen breaks anyway gains nothing from a row of its own.
        if label.starts_with("Digest") { screen.unwrapped(&line)? } else { screen.line(&line)? }
    }
    for detail in past.reasons().iter().map(told::detail) {
        screen.line(&Line::at(9).hang(2).with(tone, detail))?;
    }
    screen.blank()?;
    for reason in run.results.iter().filter_map(|result| Some((&result.step.address, result.step.reason.as_ref()?))) {
        screen.line(&Line::at(0).hang(2).with(Tone::Faint, format!("# {}: {}", reason.0, reason.1)))?;
    }
    table(&mut screen, &run.results, Extent::Whole)?;
    remarks(&mut screen, run)?;
    if let Some(next) = past.next() {
        screen.blank()?;
        screen.line(&Line::at(0).hang(2).with(Tone::Wait, "Next: ").text(next))?;
    }
    Ok(())
}

/// Writes the list as one JSON document, on one line.
pub fn list_document<W: Write + ?Sized>(out: &mut W, runs: &[PastRun]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        format_version: &'static str,
        runs: Vec<Run<'a>>,
    }
    let runs = runs.iter().map(Run::from).collect();
    json::line(out, &Document { format_version: FORMAT_VERSION, runs })
}

/// Writes one run as one JSON document, on one line.
pub fn run_document<W: Write + ?Sized>(out: &mut W, run: &PastRun) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        format_version: &'static str,
        #[serde(flatten)]
        run: Run<'a>,
    }
    json::line(out, &Document { format_version: FORMAT_VERSION, run: run.into() })
}

/// A run as its JSON keys (operations.md §12); what is not known is `null`.
#[derive(Serialize)]
struct Run<'a> {
    run_id: &'a RunId,
    operation: Operation,
    outcome: Option<RunOutcome>,
    exit_code: Option<Exit>,
    reasons: Vec<serde_json::Value>,
    who: &'a str,
    host: Option<&'a String>,
    actor: Option<&'a String>,
    principal: Option<&'a String>,
    change_id: Option<&'a String>,
    reason: Option<&'a String>,
    spec: Option<&'a String>,
    spec_digest: Option<&'a String>,
    commit: Option<&'a String>,
    commit_dirty: Option<bool>,
    digest: &'a str,
    target: &'a Target,
    started_at: jiff::Timestamp,
    finished_at: Option<jiff::Timestamp>,
    addresses: Vec<&'a Address>,
    results: &'a [StepResult],
    takes_back: &'a [RunId],
    taken_back_by: Option<&'a RunId>,
    resolved_by: Option<&'a RunId>,
    override_window: Option<&'a String>,
    approved: Option<&'a Approved>,
}

impl<'a> From<&'a PastRun> for Run<'a> {
    fn from(past: &'a PastRun) -> Self {
        let PastRun { report, evidence, ending } = past;
        let addresses: std::collections::BTreeSet<&Address> =
            report.results.iter().map(|result| &result.step.address).collect();
        Self {
            run_id: &report.run_id,
            operation: report.operation,
            outcome: past.outcome(),
            exit_code: past.exit(),
            reasons: past.reasons().iter().map(told::document).collect(),
            who: &report.who,
            host: evidence.host.as_ref(),
            actor: evidence.actor.as_ref(),
            principal: evidence.principal.as_ref(),
            change_id: evidence.change_id.as_ref(),
            reason: evidence.reason.as_ref(),
            spec: evidence.spec.as_ref(),
            spec_digest: evidence.spec_digest.as_ref(),
            commit: evidence.commit.as_ref(),
            commit_dirty: evidence.commit_dirty,
            digest: &report.digest,
            target: &report.target,
            started_at: report.started_at,
            finished_at: report.finished_at,
            addresses: addresses.into_iter().collect(),
            results: &report.results,
            takes_back: &evidence.takes_back,
            // Which run took this one back is recorded with the confirmations that are to come.
            taken_back_by: None,
            resolved_by: match ending {
                Ending::Died { resolved_by } => resolved_by.as_ref(),
                Ending::Running | Ending::Ended(_) => None,
            },
            override_window: evidence.override_window.as_ref(),
            approved: evidence.approved.as_ref(),
        }
    }
}

/// Returns what a run was started as.
pub(crate) fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Apply => "apply",
        Operation::Rollback => "rollback",
    }
}

#[cfg(test)]
mod tests;
