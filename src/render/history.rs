//! Past runs: the list, newest first as it is given, and one run with its steps, times, RequestIds and outcomes.

use std::collections::BTreeSet;
use std::io::{self, Write};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::past::PastRun;
use super::report::document::RunDocument;
use super::text::page::Steps;
use super::text::{self, Line, Screen, Tone, View};
use super::words::history as words;
use super::words::next::Given;
use super::words::report::verb;
use super::{json, page};
use crate::history::confirmation::{Confirmation, Verdict};
use crate::journal::{Approved, LockWord};
use crate::resource::Address;
use crate::state::RunId;

/// The version of the history documents.
const FORMAT_VERSION: &str = "1.0";

/// What is said beside a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Every run is listed.
    All,
    /// Only some were asked for.
    Some,
}

/// Writes one line per run, in the order given: when, what, how it came out, for which change, by whom, about what.
pub fn list<W: Write + ?Sized>(out: &mut W, runs: &[PastRun], extent: Extent, view: View) -> io::Result<()> {
    let mut screen = Screen::new(out, view);
    if runs.is_empty() {
        return screen.line(&Line::at(0).text(words::no_runs(extent == Extent::Some)));
    }
    runs.iter().try_for_each(|run| screen.line(&row(run)))
}

fn row(run: &PastRun) -> Line<'static> {
    let (tone, verdict) = run.verdict();
    let report = &run.report;
    let line = Line::at(0).hang(4).with(Tone::Strong, report.run_id.to_string()).text("  ");
    let line = line.whole(Tone::Plain, report.time_zone.stamp(report.started_at)).text("  ");
    let line = line.cell(Tone::Plain, verb(report.operation), 8).with(tone, verdict);
    let changes: Vec<&str> = run.changes().into_iter().collect();
    let actor = run.evidence.actor.as_ref().map(|actor| format!(" for {actor}")).unwrap_or_default();
    let about = words::addresses(run.addresses().into_iter());
    let rest = [changes.join(", "), format!("{}{actor}", report.who), about, run.spec.clone().unwrap_or_default()];
    rest.into_iter().filter(|part| !part.is_empty()).fold(line, |line, part| line.text("  ").text(part))
}

/// Writes one run.
pub fn run<W: Write + ?Sized>(out: &mut W, past: &PastRun, given: &Given, view: View) -> io::Result<()> {
    text::page::page(out, &page::run::page(past, given), Steps::Whole, view)
}

/// Writes the list as one JSON document, on one line; `specs` are those that were given, where several were, `unread` the runs
/// that cannot be read, each with why.
pub fn list_document<W: Write + ?Sized>(
    out: &mut W,
    runs: &[PastRun],
    specs: &BTreeSet<String>,
    unread: &[(RunId, String)],
) -> io::Result<()> {
    let specs = specs.iter().map(String::as_str).collect();
    let runs = runs.iter().map(Run::from).collect();
    let unread = unread.iter().map(|(run_id, error)| UnreadRun { run_id, error }).collect();
    json::line(out, &ListDocument { format_version: FORMAT_VERSION, runs, specs, unread })
}

/// Writes the list as one JSON document a run, each on a line of its own.
pub fn list_lines<W: Write + ?Sized>(out: &mut W, runs: &[PastRun]) -> io::Result<()> {
    runs.iter().try_for_each(|run| run_document(out, run))
}

/// What `history --json` prints.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "rictl history")]
pub(crate) struct ListDocument<'a> {
    /// The version of the format.
    format_version: &'static str,
    /// The runs, newest first.
    runs: Vec<Run<'a>>,
    /// The specs that were given, where several were.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    specs: BTreeSet<&'a str>,
    /// The runs that are recorded and cannot be read, where there are any: they are not in `runs`, and the exit code is 1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unread: Vec<UnreadRun<'a>>,
}

/// A run that cannot be read.
#[derive(Serialize, JsonSchema)]
struct UnreadRun<'a> {
    /// Its id.
    run_id: &'a RunId,
    /// Why it cannot be read.
    error: &'a str,
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
#[derive(Serialize, JsonSchema)]
pub(crate) struct Run<'a> {
    #[serde(flatten)]
    run: RunDocument<'a>,
    /// The machine.
    host: Option<&'a String>,
    /// Whom CI named.
    actor: Option<&'a String>,
    /// The cloud's name of the caller (ARN).
    principal: Option<&'a String>,
    /// The change that all steps belong to.
    change_id: Option<&'a str>,
    /// Every change that a step belongs to.
    changes: BTreeSet<&'a str>,
    /// Why it was run; untrusted text.
    reason: Option<&'a String>,
    /// The spec, as the run was given it; of several specs, as it was given to this command.
    spec: Option<&'a str>,
    /// The digest of its text.
    spec_digest: Option<&'a String>,
    /// The commit that the spec lay in.
    commit: Option<&'a String>,
    /// Whether the spec differed from its commit.
    commit_dirty: Option<bool>,
    /// The interfaces that its steps are about.
    addresses: BTreeSet<&'a Address>,
    /// The runs that it takes back.
    takes_back: &'a [RunId],
    /// The run that left nothing of it.
    taken_back_by: Option<&'a RunId>,
    /// The run, or the confirmation, that made good what its dead process could not say.
    resolved_by: Option<&'a RunId>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_at: Option<Timestamp>,
    /// Why windows were overridden; untrusted text.
    override_window: Option<&'a String>,
    /// What was allowed to go down although that left a route without a next hop.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    allow_last_route: &'a [Address],
    /// The run could do without the state's lock.
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<LockWord>,
    /// Who approved it, and how.
    approved: Option<&'a Approved>,
    /// It has to be confirmed: within how many milliseconds of its last call.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_within_ms: Option<u64>,
    /// What was decided of a run that has to be confirmed, by whom and when; not there where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided: Option<Decided<'a>>,
}

/// What was decided of a run that has to be confirmed.
#[derive(Serialize, JsonSchema)]
struct Decided<'a> {
    /// That it is kept, that it is taken back, or that what a way back had left of it is kept.
    what: What,
    /// The login name; untrusted text.
    by: &'a str,
    /// The machine; untrusted text.
    host: &'a str,
    /// When.
    at: Timestamp,
}

/// What can be decided.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum What {
    Kept,
    TakenBack,
    RestKept,
}

impl<'a> Decided<'a> {
    fn of(noted: &'a Confirmation) -> Option<Self> {
        let (what, decision) = match (&noted.rest, &noted.decision) {
            (Some(rest), _) => (What::RestKept, rest),
            (None, Some(decision)) if decision.decision == Verdict::Kept => (What::Kept, decision),
            (None, Some(decision)) => (What::TakenBack, decision),
            (None, None) => return None,
        };
        Some(Self { what, by: &decision.by, host: &decision.host, at: decision.at })
    }
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
            spec: past.spec(),
            spec_digest: evidence.spec_digest.as_ref(),
            commit: evidence.commit.as_ref(),
            commit_dirty: evidence.commit_dirty,
            addresses: past.addresses(),
            takes_back: &evidence.takes_back,
            taken_back_by: report.taken_back_by.as_ref(),
            resolved_by: resolved.as_ref().and_then(|resolved| resolved.by.as_ref()),
            resolved_at: resolved.as_ref().map(|resolved| resolved.at),
            override_window: evidence.override_window.as_ref(),
            allow_last_route: &evidence.allow_last_route,
            lock: evidence.lock,
            approved: evidence.approved.as_ref(),
            confirm_within_ms: evidence.confirm_within_ms,
            decided: Decided::of(&past.confirmation),
        }
    }
}

#[cfg(test)]
mod tests;
