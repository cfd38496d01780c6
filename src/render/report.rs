//! What an apply came to: a result table, then Terraform's last line and what to run next.

pub(crate) mod document;

use std::io::{self, Write};

use super::text::{Line, Screen, Tone, View, and_more, columns_of};
use super::words::report::{counts_line, detail, incomplete, last_line, outcome, reasons, remark, took};
use super::words::run as words;
use crate::journal::Outcome;
use crate::resource::Status;
use crate::run::{Exit, Reason, Report, StepResult};

/// The most steps at their goals that a brief table lists; every other step is always listed.
const SHOWN: usize = 20;

/// How much a table tells of steps that went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The first few, without their RequestIds: the rest is in the history.
    Brief,
    /// Everything.
    Whole,
}

/// Writes the end of an apply. `blocked` counts the interfaces that were blocked when it was planned.
pub fn text<W: Write + ?Sized>(out: &mut W, report: &Report, blocked: usize, view: View) -> io::Result<()> {
    let mut screen = Screen::new(out, view);
    if !report.results.is_empty() {
        screen.blank()?;
        table(&mut screen, &report.results, Extent::Brief)?;
    }
    remarks(&mut screen, report)?;
    screen.blank()?;
    let line = last_line(report);
    let is_complete = report.exit() == Some(Exit::Done);
    let tone = if is_complete { Tone::Good } else { Tone::Bad };
    let (verdict, rest) = line.split_at(line.find('!').map_or(0, |end| end + 1));
    screen.unwrapped(&Line::at(0).with(tone, verdict).text(rest))?;
    screen.unwrapped(&Line::at(0).text(counts_line(report, blocked)))?;
    if is_complete {
        return Ok(());
    }
    screen.line(&Line::at(0).text(incomplete(report)))?;
    screen.line(&Line::at(0).hang(2).with(Tone::Wait, "Next: ").text(next(report.exit(), &report.run_id.0)))
}

/// Returns the colour of an outcome.
pub(crate) fn tone(result: &StepResult) -> Tone {
    match result.outcome {
        _ if result.is_at_goal() => Tone::Good,
        Some(Outcome::Skipped | Outcome::NotStarted) => Tone::Faint,
        None | Some(Outcome::InDoubt | Outcome::Unsettled) => Tone::Change,
        _ => Tone::Bad,
    }
}

/// Writes one row per step.
pub(crate) fn table<W: Write + ?Sized>(
    screen: &mut Screen<'_, W>,
    results: &[StepResult],
    extent: Extent,
) -> io::Result<()> {
    let shown = if extent == Extent::Brief { SHOWN } else { usize::MAX };
    let mut listed: Vec<&StepResult> = Vec::new();
    let mut good = 0;
    for result in results {
        good += usize::from(result.is_at_goal());
        if !result.is_at_goal() || good <= shown {
            listed.push(result);
        }
    }
    let width = |text: fn(&StepResult) -> String| {
        listed.iter().map(|result| columns_of(&text(result))).max().unwrap_or(0).min(40)
    };
    let (names, outcomes) = (width(|result| result.step.id.to_string()), width(outcome));
    let statuses = width(status);
    for result in &listed {
        let detail = &detail(result);
        let line = Line::at(0).hang(4).cell(Tone::Plain, &result.step.id.0, names);
        let line = line.cell(tone(result), &outcome(result), outcomes).cell(Tone::Plain, &status(result), statuses);
        let line = line.text(took(result).unwrap_or_default());
        screen.line(&match &result.request_id {
            Some(id) if (extent == Extent::Whole || !result.is_at_goal()) && !detail.contains(&*id.0) => {
                line.text(format!("  [RequestId={id}]"))
            }
            _ => line,
        })?;
        if !detail.is_empty() && *detail != outcome(result) {
            screen.line(&Line::at(4).hang(6).text(located(detail, result)))?;
        }
    }
    if let Some(text) = and_more(good.saturating_sub(shown), "at their goals", screen.view().ellipsis()) {
        screen.line(&Line::at(0).with(Tone::Faint, text))?;
    }
    Ok(())
}

/// Names which interface in which region a failure is about: whoever reads of it may have this line only.
fn located(detail: &str, result: &StepResult) -> String {
    if result.is_at_goal() || matches!(result.outcome, Some(Outcome::Skipped | Outcome::NotStarted)) {
        return detail.to_owned();
    }
    format!("{} in {}: {detail}", result.step.interface_id, result.step.scope)
}

fn status(result: &StepResult) -> String {
    result.status.as_ref().map(Status::to_string).unwrap_or_default()
}

/// Writes why a run did not end with code 0, apart from what the table of its steps shows.
pub(crate) fn remarks<W: Write + ?Sized>(screen: &mut Screen<'_, W>, report: &Report) -> io::Result<()> {
    let remarks: Vec<&Reason> = reasons(report).filter(|reason| !matches!(reason, Reason::Step { .. })).collect();
    if !remarks.is_empty() {
        screen.blank()?;
    }
    for reason in remarks.iter().take(SHOWN) {
        let tone = if matches!(reason, Reason::Interrupted) { Tone::Change } else { Tone::Bad };
        screen.line(&Line::at(0).hang(2).with(tone, words::label(reason)).text(remark(report, reason)))?;
    }
    if remarks.len() > SHOWN {
        let text = format!("{} and {} more", screen.view().ellipsis(), remarks.len() - SHOWN);
        screen.line(&Line::at(0).with(Tone::Faint, text))?;
    }
    Ok(())
}

/// Returns what to run next.
pub(crate) fn next(exit: Option<Exit>, run: &str) -> String {
    match exit {
        Some(Exit::Refused) => "nothing was changed; lift what the guard names, then run `rictl plan`".to_owned(),
        Some(Exit::Moved) => "nothing was changed; `rictl plan` shows what moved".to_owned(),
        Some(Exit::Partial | Exit::Interrupted) => {
            format!("`rictl plan` shows what is left, `rictl show {run}` what was done")
        }
        None => "`rictl apply` settles what is open before anything else".to_owned(),
        Some(Exit::Done | Exit::Error | Exit::Changes | Exit::Locked) => {
            format!("nothing was changed; `rictl show {run}` has the API's answers, `rictl plan` tries afresh")
        }
    }
}

#[cfg(test)]
mod tests;
