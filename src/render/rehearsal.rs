//! A rehearsal as text and JSON: how long the apply would take, how far down each group would go, what it would leave.

use std::io::{self, Write};
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::plan::document::BlockedLine;
use super::report::document::{ReasonDocument, StepDocument};
use super::text::page::Steps;
use super::text::{self, View};
use super::words::next::Given;
use super::{json, page};
use crate::calendar::Zone;
use crate::duration::milliseconds;
use crate::plan::{Plan, StepId};
use crate::resource::ScopeFailure;
use crate::run::{Exit, Lowest, Report, RunOutcome};

/// The version of the rehearsal document.
const FORMAT_VERSION: &str = "1.0";

/// What a rehearsal came to.
#[derive(Clone, Copy, Debug)]
pub struct Rehearsal<'a> {
    /// When it began, by its own clock.
    pub at: Timestamp,
    /// That is ahead.
    pub is_later: bool,
    /// The zone that times are shown in.
    pub zone: &'a Zone,
    /// What was to be done; `None` where the apply would do something else first.
    pub plan: Option<&'a Plan>,
    /// What became of it; `None` where there is nothing to do, or nothing that can be done.
    pub report: Option<&'a Report>,
    /// What became of the way back.
    pub way_back: Option<&'a Report>,
    /// How long it took.
    pub duration: Duration,
    /// Of which steps no time is recorded.
    pub assumed: &'a [StepId],
    /// What was taken for each of them.
    pub assumed_time: Duration,
    /// How far down each group went.
    pub groups: &'a [Lowest],
    /// What the apply would exit with.
    pub exit: Exit,
}

/// Writes it as text.
pub fn text<W: Write + ?Sized>(out: &mut W, rehearsal: &Rehearsal<'_>, given: &Given, view: View) -> io::Result<()> {
    text::page::page(out, &page::rehearsal::page(rehearsal, given), Steps::Brief, view)
}

/// Writes it as one JSON document, on one line.
pub fn document<W: Write + ?Sized>(out: &mut W, rehearsal: &Rehearsal<'_>) -> io::Result<()> {
    json::line(out, &Document::of(rehearsal))
}

/// The keys of the rehearsal document.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "rictl rehearsal")]
pub(super) struct Document<'a> {
    /// The version of the format.
    format_version: &'static str,
    /// The rictl that rehearsed.
    rictl_version: &'static str,
    /// When it began, by its own clock: now, or the later moment that was asked for.
    at: Timestamp,
    /// What would be done, as one word; null where the apply would do something else first.
    digest: Option<String>,
    /// How long the apply would take.
    duration_ms: u64,
    /// Of which steps no time is recorded, so that 5 s were taken, by id; those of a way back as well.
    assumed: &'a [StepId],
    /// How far down each group went, by name.
    groups: &'a [Lowest],
    /// What became of each step, by its own clock; nothing has a RequestId.
    results: Vec<StepDocument<'a>>,
    /// The same of the way back that `--on-error rollback` took.
    way_back: Vec<StepDocument<'a>>,
    /// What cannot be had.
    blocked: Vec<BlockedLine<'a>>,
    /// The regions that could not be read.
    failures: &'a [ScopeFailure],
    /// How the run would end; null where there would be none.
    outcome: Option<RunOutcome>,
    /// What the apply would exit with, and what this command does.
    exit_code: Exit,
    /// Why that is not 0, as far as a run says.
    reasons: Vec<ReasonDocument<'a>>,
}

impl<'a> Document<'a> {
    fn of(rehearsal: &Rehearsal<'a>) -> Self {
        let Rehearsal { plan, report, way_back, zone, .. } = *rehearsal;
        let results = |report: Option<&'a Report>| {
            let results = report.map(|report| report.results.as_slice()).unwrap_or_default();
            results.iter().map(|result| StepDocument::of(result, zone)).collect()
        };
        let reasons = report.and_then(|report| report.end.as_ref()).map(|end| end.reasons.as_slice());
        Self {
            format_version: FORMAT_VERSION,
            rictl_version: env!("CARGO_PKG_VERSION"),
            at: rehearsal.at,
            digest: plan.map(Plan::digest),
            duration_ms: milliseconds(rehearsal.duration),
            assumed: rehearsal.assumed,
            groups: rehearsal.groups,
            results: results(report),
            way_back: results(way_back),
            blocked: plan.iter().flat_map(|plan| plan.blocked.iter().map(|b| BlockedLine::of(plan, b))).collect(),
            failures: plan.map(|plan| plan.failures.as_slice()).unwrap_or_default(),
            outcome: report.map(Report::outcome),
            exit_code: rehearsal.exit,
            reasons: reasons.unwrap_or_default().iter().map(|reason| ReasonDocument::of(reason, zone)).collect(),
        }
    }
}
