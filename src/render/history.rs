//! Past runs: the list, newest first as it is given, and one run with its steps, times, RequestIds and outcomes.

use std::collections::BTreeSet;
use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::past::PastRun;
use super::report::document::RunDocument;
use super::text::page::Steps;
use super::text::{self, Line, Screen, Tone, View};
use super::words::next::Given;
use super::words::report::verb;
use super::{json, page};
use crate::journal::{Approved, LockWord};
use crate::resource::Address;
use crate::state::RunId;

/// The version of the history documents.
const FORMAT_VERSION: &str = "1.0";

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
        let line = line.cell(Tone::Plain, verb(report.operation), 8).with(tone, verdict);
        let actor = run.evidence.actor.as_ref().map(|actor| format!(" for {actor}")).unwrap_or_default();
        screen.line(&line.text(format!("  {}{actor}", report.who)))?;
    }
    Ok(())
}

/// Writes one run.
pub fn run<W: Write + ?Sized>(out: &mut W, past: &PastRun, given: &Given, view: View) -> io::Result<()> {
    text::page::page(out, &page::run::page(past, given), Steps::Whole, view)
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
    /// The change that all steps belong to.
    change_id: Option<&'a str>,
    /// Every change that a step belongs to.
    changes: BTreeSet<&'a str>,
    reason: Option<&'a String>,
    spec: Option<&'a String>,
    spec_digest: Option<&'a String>,
    commit: Option<&'a String>,
    commit_dirty: Option<bool>,
    addresses: BTreeSet<&'a Address>,
    takes_back: &'a [RunId],
    taken_back_by: Option<&'a RunId>,
    resolved_by: Option<&'a RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_at: Option<Timestamp>,
    override_window: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<LockWord>,
    approved: Option<&'a Approved>,
}

impl<'a> From<&'a PastRun> for Run<'a> {
    fn from(past: &'a PastRun) -> Self {
        let PastRun { report, evidence, resolved, .. } = past;
        Self {
            run: RunDocument::from(report).with_outcome(past.outcome()),
            host: evidence.host.as_ref(),
            actor: evidence.actor.as_ref(),
            principal: evidence.principal.as_ref(),
            change_id: past.change_id(),
            changes: past.changes(),
            reason: evidence.reason.as_ref(),
            spec: evidence.spec.as_ref(),
            spec_digest: evidence.spec_digest.as_ref(),
            commit: evidence.commit.as_ref(),
            commit_dirty: evidence.commit_dirty,
            addresses: report.results.iter().map(|result| &result.step.address).collect(),
            takes_back: &evidence.takes_back,
            taken_back_by: report.taken_back_by.as_ref(),
            resolved_by: resolved.as_ref().and_then(|resolved| resolved.by.as_ref()),
            resolved_at: resolved.as_ref().map(|resolved| resolved.at),
            override_window: evidence.override_window.as_ref(),
            lock: evidence.lock,
            approved: evidence.approved.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests;
