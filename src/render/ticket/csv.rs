//! What past runs prove, as rows of RFC 4180 in UTF-8: one for each step that it is about, and one for a run without any.
//!
//! A spreadsheet runs what begins like a formula, so such a text begins with a `'` here. What a terminal would act on is escaped as
//! anywhere else, but for tabs and line ends, which a quoted cell may hold, and so is what a CI runner's log would act on. Times are in UTC, each as RFC 3339 has it.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::{Ticket, length};
use crate::history::dossier::Down;
use crate::render::escape::escape_terminal;
use crate::render::past::PastRun;
use crate::render::words::plan::guard;
use crate::render::words::report as words;
use crate::render::words::run::{reason_line, step_reason};
use crate::run::{Reason, StepResult};

/// What tells a spreadsheet that the rest is UTF-8: without it an Excel set to Chinese reads GBK.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The heads of the columns that tell of a run.
const RUN: [&str; 27] = [
    "run_id",
    "operation",
    "outcome",
    "exit_code",
    "started_at",
    "finished_at",
    "reasons",
    "change_id",
    "reason",
    "who",
    "host",
    "actor",
    "principal",
    "approved_by",
    "approved_how",
    "approved_digest",
    "digest",
    "spec",
    "spec_digest",
    "commit",
    "commit_dirty",
    "override_window",
    "allow_last_route",
    "takes_back",
    "taken_back_by",
    "resolved_by",
    "target",
];

/// The heads of the columns that tell of a step.
const STEP: [&str; 19] = [
    "step",
    "address",
    "id",
    "region",
    "account",
    "step_change_id",
    "action",
    "before",
    "after",
    "step_outcome",
    "code",
    "detail",
    "step_reason",
    "guards",
    "sent_at",
    "settled_at",
    "cloud_date",
    "request_id",
    "down_seconds",
];

/// Writes a report, without a byte order mark.
pub fn write<W: Write + ?Sized>(out: &mut W, ticket: &Ticket) -> io::Result<()> {
    row(out, RUN.iter().chain(&STEP).copied())?;
    let downs = ticket.downs();
    for run in ticket.runs() {
        let of_run = of_run(run);
        let mut is_bare = true;
        for result in run.report.results.iter().filter(|result| ticket.is_about(run, result)) {
            let cells = of_run.iter().cloned().chain(of_step(run, result, &downs));
            row(out, cells)?;
            is_bare = false;
        }
        if is_bare {
            row(out, of_run.into_iter().chain(STEP.map(|_| String::new())))?;
        }
    }
    Ok(())
}

fn of_run(run: &PastRun) -> [String; RUN.len()] {
    let (report, evidence) = (&run.report, &run.evidence);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let reasons = words::reasons(report).filter(|reason| !matches!(reason, Reason::Step { .. }));
    let reasons: Vec<String> =
        reasons.map(|reason| format!("{}: {}", reason.code(), reason_line(reason, &report.time_zone))).collect();
    let approved = evidence.approved.as_ref();
    [
        report.run_id.to_string(),
        words::verb(report.operation).to_owned(),
        run.outcome().map(code).unwrap_or_default(),
        shown(report.exit()),
        report.started_at.to_string(),
        shown(report.finished_at()),
        reasons.join("; "),
        run.changes().into_iter().collect::<Vec<_>>().join(", "),
        text(&evidence.reason),
        report.who.clone(),
        text(&evidence.host),
        text(&evidence.actor),
        text(&evidence.principal),
        approved.map(|approved| approved.by.clone()).unwrap_or_default(),
        approved.map(|approved| code(approved.how)).unwrap_or_default(),
        approved.and_then(|approved| approved.digest.clone()).unwrap_or_default(),
        report.digest.clone(),
        run.spec().unwrap_or_default().to_owned(),
        text(&evidence.spec_digest),
        text(&evidence.commit),
        shown(evidence.commit_dirty),
        text(&evidence.override_window),
        text(&words::last_routes(evidence)),
        words::runs(&evidence.takes_back),
        shown(report.taken_back_by.as_ref()),
        shown(run.resolved.as_ref().and_then(|resolved| resolved.by.as_ref())),
        report.target.to_string(),
    ]
}

fn of_step(run: &PastRun, result: &StepResult, downs: &[&Down]) -> [String; STEP.len()] {
    let step = &result.step;
    let because = result.because.as_ref();
    let guards: Vec<String> = step.guards.iter().map(guard).collect();
    let ended = downs.iter().find(|down| {
        let is_by_this = down.returned.as_ref().is_some_and(|returned| returned.by == run.report.run_id);
        is_by_this && down.interface_id == step.interface_id && down.scope == step.scope
    });
    let down = ended.filter(|down| down.returned.as_ref().map(|returned| returned.at) == result.finished_at);
    [
        step.id.to_string(),
        step.address.to_string(),
        step.interface_id.to_string(),
        step.scope.region.to_string(),
        step.scope.account.to_string(),
        shown(step.change_id.as_ref()),
        action(result),
        shown(result.before()),
        shown(result.status.as_ref()),
        result.outcome.map(code).unwrap_or_default(),
        because
            .filter(|_| !result.is_at_goal())
            .map(|because| because.code(result.outcome).to_owned())
            .unwrap_or_default(),
        because.map(|because| step_reason(because, &run.report.time_zone)).unwrap_or_default(),
        step.reason.clone().unwrap_or_default(),
        guards.join("; "),
        shown(result.sent_at()),
        shown(result.finished_at.filter(|_| result.is_at_goal())),
        shown(result.cloud_date),
        shown(result.request_id.as_ref()),
        down.and_then(|down| length(down)).map(|length| format!("{:.3}", length.as_secs_f64())).unwrap_or_default(),
    ]
}

fn action(result: &StepResult) -> String {
    result.step.call.map_or_else(|| "Wait".to_owned(), |call| call.transition().action.to_owned())
}

/// Returns a word of ours as programs read it in every format.
fn code(word: impl Serialize) -> String {
    match serde_json::to_value(word) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("bug: {other:?} is no word"),
    }
}

fn shown(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Writes one row.
pub(crate) fn row<W: Write + ?Sized>(out: &mut W, cells: impl Iterator<Item = impl AsRef<str>>) -> io::Result<()> {
    for (number, text) in cells.enumerate() {
        let between = if number == 0 { "" } else { "," };
        write!(out, "{between}{}", cell(text.as_ref()))?;
    }
    out.write_all(b"\r\n")
}

/// Returns a text as a cell that no spreadsheet runs.
fn cell(text: &str) -> Cow<'_, str> {
    let text = inert(text);
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")).into() } else { text }
}

/// Returns the text that a cell holds.
fn inert(text: &str) -> Cow<'_, str> {
    let is_kept = |character: char| matches!(character, '\\' | '\t' | '\r' | '\n');
    let mut letters = [0; 4];
    let escaped: String = text
        .chars()
        .map(|character| {
            if is_kept(character) {
                character.to_string()
            } else {
                escape_terminal(character.encode_utf8(&mut letters)).into_owned()
            }
        })
        .collect();
    let escaped = disarmed(&escaped);
    let escaped = if escaped == text { Cow::Borrowed(text) } else { Cow::Owned(escaped) };
    if escaped.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{escaped}").into() } else { escaped }
}

/// Takes the meaning from what a CI runner would read as a command: `::name::` where a line begins, `##[name]` anywhere.
fn disarmed(text: &str) -> String {
    let disarm = |line: &str| {
        let begins = line.len() - line.trim_start().len();
        match line[begins..].strip_prefix(':') {
            Some(rest) if rest.starts_with(':') => format!("{}\\x3a{rest}", &line[..begins]),
            _ => line.to_owned(),
        }
    };
    let lines: String = text.split_inclusive(['\r', '\n']).map(disarm).collect();
    lines.replace("##[", "\\x23#[")
}

#[cfg(test)]
mod tests;
