//! What an apply came to: a result table, then Terraform's last line and what to run next.

pub(crate) mod document;

use std::io::{self, Write};

use super::text::{Line, Screen, Tone, View, and_more, columns_of};
use super::words::run as words;
use crate::cloud::Call;
use crate::journal::{Operation, Outcome};
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

/// Returns Terraform's last line, byte for byte where the run is complete, and in the same form where it is not; of a
/// rollback, the same with its own name, so that nobody takes the way back for the way there.
pub(crate) fn last_line(report: &Report) -> String {
    let verdict = if report.exit() == Some(Exit::Done) { "complete" } else { "incomplete" };
    format!("{} {verdict}! Resources: 0 added, {} changed, 0 destroyed.", operation(report), report.changed())
}

/// Returns how a run came out as one line, for those who do not see the rest.
pub fn outcome_line(report: &Report) -> String {
    let outcome = words::run_outcome(report.outcome());
    let code = report.exit().map(|exit| format!(" (exit code {exit})")).unwrap_or_default();
    format!("{}: {outcome}{code}", operation(report))
}

/// Returns what a run was, as the first word of a line.
pub(crate) fn operation(report: &Report) -> &'static str {
    match report.operation {
        Operation::Apply => "Apply",
        Operation::Rollback => "Rollback",
    }
}

/// Returns our own line, which follows it.
pub(crate) fn counts_line(report: &Report, blocked: usize) -> String {
    let is_ours = |result: &&StepResult| result.is_at_goal() && result.outcome != Some(Outcome::Already);
    let count = |call| report.results.iter().filter(is_ours).filter(|result| result.step.call == call).count();
    format!(
        "{} deactivated, {} activated, {} waited for; {blocked} blocked.",
        count(Some(Call::Deactivate)),
        count(Some(Call::Activate)),
        count(None)
    )
}

/// Returns how far a run got, by what became of its steps, and with which code it ended.
pub(crate) fn incomplete(report: &Report) -> String {
    let count = |wanted: fn(&StepResult) -> bool| report.results.iter().filter(|result| wanted(result)).count();
    let done = count(StepResult::is_at_goal);
    let open = count(|result| !result.is_at_goal() && result.may_have_changed_something());
    let not_started = count(|result| matches!(result.outcome, Some(Outcome::NotStarted | Outcome::Skipped)));
    let failed = report.results.len() - done - open - not_started;
    let counts =
        [(done, "done"), (open, "sent and not settled"), (failed, "refused or failed"), (not_started, "not started")];
    let parts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let parts = parts.join(", ");
    report.exit().map_or(parts.clone(), |exit| format!("{parts} (exit code {exit})"))
}

/// Returns a step's outcome in words. An answer that was lost is told by what a read found.
pub(crate) fn outcome(result: &StepResult) -> String {
    let found = || result.status.as_ref().map_or("nothing", Status::as_str);
    match result.outcome {
        None => "open".to_owned(),
        Some(Outcome::DoneUnknown | Outcome::InDoubt) => format!("unknown, found {}", found()),
        Some(outcome) => word(outcome).to_owned(),
    }
}

/// Returns an outcome as one phrase.
pub(crate) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Already => "already there",
        Outcome::DoneUnknown => "done, answer lost",
        Outcome::Guarded => "refused by a guard",
        Outcome::Moved => "moved by others",
        Outcome::Failed => "failed",
        Outcome::Unsettled => "not settled",
        Outcome::InDoubt => "in doubt",
        Outcome::Skipped => "skipped",
        Outcome::NotStarted => "not started",
    }
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

/// Returns why a step ended as it did, in words; nothing where there is no more to say.
pub(crate) fn detail(result: &StepResult) -> String {
    result.because.as_ref().map(words::step_reason).unwrap_or_default()
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

/// Returns how long a step took, in words.
pub(crate) fn took(result: &StepResult) -> Option<String> {
    let elapsed = result.finished_at?.duration_since(result.started_at?);
    Some(super::duration(elapsed.try_into().unwrap_or_default()))
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

/// Returns why a run did not end with code 0.
pub(crate) fn reasons(report: &Report) -> impl Iterator<Item = &Reason> {
    report.end.iter().flat_map(|end| &end.reasons)
}

/// Returns one reason as a line behind its label.
pub(crate) fn remark(report: &Report, reason: &Reason) -> String {
    let is_open = |result: &StepResult| !result.is_at_goal() && result.may_have_changed_something();
    match reason {
        Reason::Interrupted if report.results.iter().any(is_open) => {
            "a signal ended the run before everything that had been sent was settled".to_owned()
        }
        Reason::Interrupted => "a signal ended the run; what had been sent was settled first".to_owned(),
        _ => words::reason_line(reason),
    }
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
