//! Past runs: the list, newest first as it is given, and one run with its steps, times, RequestIds and outcomes.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use super::json;
use super::report::document::RunDocument;
use super::report::{Extent, next, remarks, table};
use super::text::{Line, Screen, Tone, View};
use super::words::report::incomplete;
use super::words::run::run_outcome;
use crate::history::Past;
use crate::journal::{Approved, Evidence, Operation};
use crate::resource::Address;
use crate::run::{Report, RunOutcome};
use crate::state::RunId;

/// The version of the history documents.
const FORMAT_VERSION: &str = "1.0";

/// A past run, ready to be shown.
#[derive(Clone, Debug)]
pub struct PastRun {
    /// What became of its steps, and how it ended.
    pub report: Report,
    /// Its process is at work.
    pub is_running: bool,
    /// The run whose command closed what its dead process left open, if one has.
    pub resolved_by: Option<RunId>,
    /// Who, why and from which text.
    pub evidence: Evidence,
}

impl From<Past> for PastRun {
    fn from(past: Past) -> Self {
        Self {
            report: past.report(),
            is_running: past.is_running,
            resolved_by: past.resolved_by().cloned(),
            evidence: past.run.started.evidence,
        }
    }
}

impl PastRun {
    /// Returns how it came out; `None` while it goes on.
    pub(crate) fn outcome(&self) -> Option<RunOutcome> {
        (!self.is_running).then(|| self.report.outcome())
    }

    /// Returns what it came to, in words.
    pub(crate) fn verdict(&self) -> (Tone, String) {
        match (self.outcome(), &self.resolved_by) {
            (None, _) => (Tone::Change, "goes on".to_owned()),
            (Some(RunOutcome::Died), None) => (Tone::Bad, "died".to_owned()),
            (Some(RunOutcome::Died), Some(run)) => (Tone::Bad, format!("died; resolved by run {run}")),
            (Some(RunOutcome::Complete), _) => (Tone::Good, format!("complete, {} changed", self.report.changed())),
            (Some(outcome), _) => (Tone::Bad, format!("{}: {}", run_outcome(outcome), incomplete(&self.report))),
        }
    }

    /// Returns what to do about it, if there is something.
    pub(crate) fn next(&self) -> Option<String> {
        match self.outcome() {
            None | Some(RunOutcome::Complete) => None,
            Some(RunOutcome::Died) if self.resolved_by.is_none() => Some(next(None, &self.report.run_id.0)),
            Some(_) => Some("`rictl plan` shows what is left".to_owned()),
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
    let ended = run.finished_at().map_or_else(|| "not ended".to_owned(), |at| format!("to {at:.0}"));
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

/// A run as scripts read it: the keys of its end, and beside them what is known of its circumstances; what is not known
/// is `null`.
#[derive(Serialize)]
struct Run<'a> {
    #[serde(flatten)]
    run: RunDocument<'a>,
    host: Option<&'a String>,
    actor: Option<&'a String>,
    principal: Option<&'a String>,
    change_id: Option<&'a String>,
    reason: Option<&'a String>,
    spec: Option<&'a String>,
    spec_digest: Option<&'a String>,
    commit: Option<&'a String>,
    commit_dirty: Option<bool>,
    addresses: BTreeSet<&'a Address>,
    takes_back: &'a [RunId],
    /// Which run took this one back is recorded with the confirmations that are to come.
    taken_back_by: Option<&'a RunId>,
    resolved_by: Option<&'a RunId>,
    override_window: Option<&'a String>,
    approved: Option<&'a Approved>,
}

impl<'a> From<&'a PastRun> for Run<'a> {
    fn from(past: &'a PastRun) -> Self {
        let PastRun { report, evidence, resolved_by, .. } = past;
        Self {
            run: RunDocument::from(report).with_outcome(past.outcome()),
            host: evidence.host.as_ref(),
            actor: evidence.actor.as_ref(),
            principal: evidence.principal.as_ref(),
            change_id: evidence.change_id.as_ref(),
            reason: evidence.reason.as_ref(),
            spec: evidence.spec.as_ref(),
            spec_digest: evidence.spec_digest.as_ref(),
            commit: evidence.commit.as_ref(),
            commit_dirty: evidence.commit_dirty,
            addresses: report.results.iter().map(|result| &result.step.address).collect(),
            takes_back: &evidence.takes_back,
            taken_back_by: None,
            resolved_by: resolved_by.as_ref(),
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
