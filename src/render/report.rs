//! What an apply came to: a result table, then Terraform's last line or what to run next.

use std::io::{self, Write};

use super::text::{Line, Screen, Tone, View, columns_of};
use crate::cloud::Call;
use crate::journal::{Operation, Outcome};
use crate::report::{Report, StepResult};
use crate::resource::Status;

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
    let code = report.exit_code();
    if code == 0 {
        let line = complete_line(report);
        let (verdict, rest) = line.split_at(line.find('!').map_or(0, |end| end + 1));
        screen.unwrapped(&Line::at(0).with(Tone::Good, verdict).text(rest))?;
        return screen.unwrapped(&Line::at(0).text(counts_line(report, blocked)));
    }
    let verdict = format!("{} incomplete: ", operation(report));
    screen.line(&Line::at(0).with(Tone::Bad, verdict).text(incomplete(report)))?;
    screen.unwrapped(&Line::at(0).text(counts_line(report, blocked)))?;
    screen.line(&Line::at(0).hang(2).with(Tone::Wait, "Next: ").text(next(code, &report.run_id.0)))
}

/// Returns Terraform's last line, byte for byte; of a rollback, the same with its own name, so that nobody takes the way
/// back for the way there.
pub(crate) fn complete_line(report: &Report) -> String {
    format!("{} complete! Resources: 0 added, {} changed, 0 destroyed.", operation(report), report.changed())
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
    format!("{} (exit code {})", progress(report), report.exit_code())
}

/// Returns how far a run got, by what became of its steps.
pub(crate) fn progress(report: &Report) -> String {
    let count = |wanted: fn(&StepResult) -> bool| report.results.iter().filter(|result| wanted(result)).count();
    let done = count(StepResult::is_at_goal);
    let open = count(|result| !result.is_at_goal() && result.may_have_changed_something());
    let not_started = count(|result| matches!(result.outcome, Some(Outcome::NotStarted | Outcome::Skipped)));
    let failed = report.results.len() - done - open - not_started;
    let counts =
        [(done, "done"), (open, "sent and not settled"), (failed, "refused or failed"), (not_started, "not started")];
    let parts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    parts.join(", ")
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
        let detail = result.detail.as_deref().unwrap_or_default();
        let line = Line::at(0).hang(4).cell(Tone::Plain, &result.step.id.0, names);
        let line = line.cell(tone(result), &outcome(result), outcomes).cell(Tone::Plain, &status(result), statuses);
        let line = line.text(took(result).unwrap_or_default());
        screen.line(&match &result.request_id {
            Some(id) if (extent == Extent::Whole || !result.is_at_goal()) && !detail.contains(&*id.0) => {
                line.text(format!("  [RequestId={id}]"))
            }
            _ => line,
        })?;
        if !detail.is_empty() && detail != outcome(result) {
            screen.line(&Line::at(4).hang(6).text(located(detail, result)))?;
        }
    }
    if good > shown {
        let text = format!("{} and {} more at their goals", screen.view().ellipsis(), good - shown);
        screen.line(&Line::at(0).with(Tone::Faint, text))?;
    }
    Ok(())
}

/// Says which interface in which region a failure is about: whoever reads of it may have this line only.
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

/// Writes why a run ended early and what was not recorded.
pub(crate) fn remarks<W: Write + ?Sized>(screen: &mut Screen<'_, W>, report: &Report) -> io::Result<()> {
    let is_open = |result: &StepResult| !result.is_at_goal() && result.may_have_changed_something();
    let interrupted = report.interrupted.then_some(match report.results.iter().any(is_open) {
        false => "a signal ended the run; what had been sent was settled first",
        true => "a signal ended the run before everything that had been sent was settled",
    });
    let remarks = [
        (Tone::Change, "Interrupted: ", interrupted),
        (Tone::Bad, "Stopped: ", report.stopped_reason.as_deref()),
        (Tone::Bad, "Not recorded: ", report.unrecorded.as_deref()),
    ];
    if remarks.iter().any(|(_, _, text)| text.is_some()) {
        screen.blank()?;
    }
    for (tone, label, text) in remarks {
        if let Some(text) = text {
            screen.line(&Line::at(0).hang(2).with(tone, label).text(text))?;
        }
    }
    Ok(())
}

/// Returns what to run next.
pub(crate) fn next(code: u8, run: &str) -> String {
    match code {
        3 => "nothing was changed; lift what the guard names, then run `rictl plan`".to_owned(),
        4 => "nothing was changed; `rictl plan` shows what moved".to_owned(),
        5 | 130 => format!("`rictl plan` shows what is left, `rictl show {run}` what was done"),
        _ => format!("nothing was changed; `rictl show {run}` has the API's answers, `rictl plan` tries afresh"),
    }
}

#[cfg(test)]
mod tests;
