//! Past runs: the list, newest first as it is given, and one run with its steps, times, RequestIds and outcomes.

use std::io::{self, Write};

use serde::Serialize;

use super::json;
use super::report::document::RunDocument;
use super::report::{Extent, incomplete, next, remarks, table};
use super::text::{Line, Screen, Tone, View};
use super::words::run::run_outcome;
use crate::journal::Operation;
use crate::run::{Exit, Report, RunOutcome};

/// The version of the history documents.
const FORMAT_VERSION: &str = "1.0";

/// Writes one line per run, in the order given.
pub fn list<W: Write + ?Sized>(out: &mut W, runs: &[Report], view: View) -> io::Result<()> {
    let mut screen = Screen::new(out, view);
    if runs.is_empty() {
        return screen.line(&Line::at(0).text("No runs are recorded."));
    }
    for run in runs {
        let (tone, verdict) = verdict(run);
        let line = Line::at(0).hang(4).with(Tone::Strong, run.run_id.to_string()).text("  ");
        screen.line(
            &line.cell(Tone::Plain, operation(run.operation), 8).with(tone, verdict).text(format!("  {}", run.who)),
        )?;
    }
    Ok(())
}

/// Writes one run.
pub fn run<W: Write + ?Sized>(out: &mut W, run: &Report, view: View) -> io::Result<()> {
    let mut screen = Screen::new(out, view);
    let ended = run.finished_at().map_or_else(|| "not ended".to_owned(), |at| format!("to {at:.0}"));
    let (tone, verdict) = verdict(run);
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
    if run.exit() != Some(Exit::Done) {
        screen.blank()?;
        let text =
            if run.end.is_none() { next(None, &run.run_id.0) } else { "`rictl plan` shows what is left".to_owned() };
        screen.line(&Line::at(0).hang(2).with(Tone::Wait, "Next: ").text(text))?;
    }
    Ok(())
}

/// Writes the list as one JSON document, on one line.
pub fn list_document<W: Write + ?Sized>(out: &mut W, runs: &[Report]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        format_version: &'static str,
        runs: Vec<RunDocument<'a>>,
    }
    let runs = runs.iter().map(RunDocument::from).collect();
    json::line(out, &Document { format_version: FORMAT_VERSION, runs })
}

/// Writes one run as one JSON document, on one line.
pub fn run_document<W: Write + ?Sized>(out: &mut W, run: &Report) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        format_version: &'static str,
        #[serde(flatten)]
        run: RunDocument<'a>,
    }
    json::line(out, &Document { format_version: FORMAT_VERSION, run: run.into() })
}

/// Returns what a run came to, in words.
pub(crate) fn verdict(run: &Report) -> (Tone, String) {
    match run.outcome() {
        RunOutcome::Died if run.end.is_none() => (Tone::Change, "died, or still goes on".to_owned()),
        RunOutcome::Complete => (Tone::Good, format!("complete, {} changed", run.changed())),
        outcome => (Tone::Bad, format!("{}: {}", run_outcome(outcome), incomplete(run))),
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
