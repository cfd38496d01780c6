//! How a run reads as a whole: its last line, its counts, what became of a step.

use std::time::Duration;

use super::run as words;
use crate::calendar::Zone;
use crate::cloud::Call;
use crate::duration;
use crate::journal::{ApprovedHow, Evidence, Operation, Outcome};
use crate::language::say;
use crate::resource::{Address, Status};
use crate::run::{Exit, Reason, Report, StepReason, StepResult};
use crate::state::RunId;

/// Returns Terraform's last line, byte for byte where the run is complete, and in the same form where it is not; of a
/// rollback, the same with its own name, so that nobody takes the way back for the way there.
pub(crate) fn last_line(report: &Report) -> String {
    let verdict = if report.exit() == Some(Exit::Done) { say!("complete") } else { say!("incomplete") };
    let operation = name(report.operation);
    say!(
        "{operation} {verdict}! Resources: 0 added, {changed} changed, 0 destroyed.",
        operation,
        verdict,
        changed = report.changed()
    )
}

/// Returns the same line where there was nothing to do.
pub fn nothing_to_do(operation: Operation) -> String {
    say!("{name} complete! Resources: 0 added, 0 changed, 0 destroyed.", name = name(operation))
}

/// Returns our own line, which follows it there.
pub fn counts_of_nothing() -> String {
    counted(0, 0, 0, 0)
}

/// Asks whether a plan is to be performed.
pub fn question() -> String {
    let ask = say!("Do you want to perform these actions?");
    let how = say!("rictl will perform the actions described above.");
    let only = say!("Only 'yes' will be accepted to approve.");
    format!("\n{ask}\n  {how}\n  {only}")
}

/// Says something as a warning, on a line of its own.
pub fn warned(what: &str) -> String {
    say!("warning: {what}", what)
}

/// Says something as a note, on a line of its own.
pub fn noted(what: &str) -> String {
    say!("note: {what}", what)
}

/// Says that a run is in the journal alone, for this reason.
pub(crate) fn unfolded(error: &str) -> String {
    say!("{error}; the journal holds the run, and the next apply folds it in", error)
}

/// Says of a run whose process died what is done about it.
pub(crate) fn did_not_end(run_id: &RunId, open: usize) -> String {
    match open {
        0 => say!("run {run_id} did not end; no step of it is open", run_id),
        1 => say!("run {run_id} did not end; reading what became of its 1 open step", run_id),
        _ => say!("run {run_id} did not end; reading what became of its {open} open steps", run_id, open),
    }
}

/// Says that a run is taken back by this one itself.
pub(crate) fn taking_back(steps: usize, run_id: &RunId) -> String {
    let steps = crate::render::counted(steps, say!("step"));
    say!("taking back the {steps} of run {run_id}", steps, run_id)
}

/// Returns what a run was, as the first word of a line.
pub fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::Apply => say!("Apply"),
        Operation::Rollback => say!("Rollback"),
    }
}

/// Returns our own line, which follows it.
pub(crate) fn counts_line(report: &Report, blocked: usize) -> String {
    let is_ours = |result: &&StepResult| result.is_at_goal() && result.outcome != Some(Outcome::Already);
    let count = |call| report.results.iter().filter(is_ours).filter(|result| result.step.call == call).count();
    counted(count(Some(Call::Deactivate)), count(Some(Call::Activate)), count(None), blocked)
}

fn counted(deactivated: usize, activated: usize, waited_for: usize, blocked: usize) -> String {
    say!(
        "{deactivated} deactivated, {activated} activated, {waited_for} waited for; {blocked} blocked.",
        deactivated,
        activated,
        waited_for,
        blocked
    )
}

/// Returns how far a run got, by what became of its steps, and with which code it ended.
pub(crate) fn incomplete(report: &Report) -> String {
    let count = |wanted: fn(&StepResult) -> bool| report.results.iter().filter(|result| wanted(result)).count();
    let done = count(StepResult::is_at_goal);
    let open = count(|result| !result.is_at_goal() && result.may_have_changed_something());
    let not_started = count(|result| matches!(result.outcome, Some(Outcome::NotStarted | Outcome::Skipped)));
    // What was only waited for: nobody refused anything.
    let unsettled = count(|result| {
        result.outcome == Some(Outcome::Unsettled) && !result.is_at_goal() && !result.may_have_changed_something()
    });
    let failed = report.results.len() - done - open - not_started - unsettled;
    let ended = |wanted: fn(&Reason) -> bool| reasons(report).filter(|reason| wanted(reason)).count();
    let left = ended(|reason| matches!(reason, Reason::DidNotStay { .. }));
    let below = ended(|reason| matches!(reason, Reason::BelowFloor { .. }));
    let counts = [
        (done, say!("{done} done", done)),
        (left, say!("{left} did not stay", left)),
        (open, say!("{open} sent and not settled", open)),
        (unsettled, say!("{unsettled} not settled", unsettled)),
        (failed, say!("{failed} refused or failed", failed)),
        (not_started, say!("{not_started} not started", not_started)),
        (blocked(report), say!("{blocked} blocked", blocked = blocked(report))),
        (below, say!("{groups} below its floor", groups = super::super::counted(below, say!("group")))),
    ];
    let parts: Vec<String> = counts.into_iter().filter(|(count, _)| *count > 0).map(|(_, what)| what).collect();
    let parts = parts.join(say!(", "));
    report.exit().map_or(parts.clone(), |exit| say!("{parts} (exit code {exit})", parts, exit))
}

/// Returns a step's outcome in words. An answer that was lost is told by what a read found.
pub(crate) fn outcome(result: &StepResult) -> String {
    let found = || result.status.as_ref().map_or(say!("nothing"), Status::as_str);
    match result.outcome {
        None => say!("open").to_owned(),
        Some(Outcome::DoneUnknown | Outcome::InDoubt) => say!("unknown, found {found}", found = found()),
        Some(outcome) => word(outcome, result.because.as_ref()).to_owned(),
    }
}

/// Returns an outcome as one phrase; `because` is why, where that is known.
pub(crate) fn word(outcome: Outcome, because: Option<&StepReason>) -> &'static str {
    match outcome {
        Outcome::Done => say!("done"),
        Outcome::Already => say!("already there"),
        Outcome::DoneUnknown => say!("done, answer lost"),
        Outcome::Guarded => say!("refused by a guard"),
        Outcome::Moved if matches!(because, Some(StepReason::ChangeOver { .. })) => say!("too late"),
        Outcome::Moved => say!("moved by others"),
        Outcome::Failed => say!("failed"),
        Outcome::Unsettled => say!("not settled"),
        Outcome::InDoubt => say!("in doubt"),
        Outcome::Skipped => say!("skipped"),
        Outcome::NotStarted => say!("not started"),
    }
}

/// Returns why a step ended as it did, in words; nothing where there is no more to say.
pub(crate) fn detail(result: &StepResult, zone: &Zone) -> Option<String> {
    result.because.as_ref().map(|because| words::step_reason(because, zone))
}

/// Returns how long a step took, in words.
pub(crate) fn took(result: &StepResult) -> Option<String> {
    let elapsed = result.finished_at?.duration_since(result.started_at?);
    Some(crate::render::duration(elapsed.try_into().unwrap_or_default()))
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
            say!("a signal ended the run before everything that had been sent was settled").to_owned()
        }
        Reason::Interrupted => say!("a signal ended the run; what had been sent was settled first").to_owned(),
        _ => words::reason_line(reason, &report.time_zone),
    }
}

/// Returns how a run came out as one line, for those who do not see the rest.
pub fn outcome_line(report: &Report) -> String {
    let outcome = words::run_outcome(report.outcome());
    let code = report.exit().map(|exit| say!(" (exit code {exit})", exit)).unwrap_or_default();
    say!("{name}: {outcome}{code}", name = name(report.operation), outcome, code)
}

/// Returns what a run was started as.
pub(crate) fn verb(operation: Operation) -> &'static str {
    match operation {
        Operation::Apply => "apply",
        Operation::Rollback => "rollback",
    }
}

/// Counts the interfaces that were blocked, as the end of the run knows it.
pub(crate) fn blocked(report: &Report) -> usize {
    reasons(report).filter(|reason| matches!(reason, Reason::Blocked(_))).count()
}

/// Returns how a run was approved.
pub(crate) fn how(how: ApprovedHow) -> &'static str {
    match how {
        ApprovedHow::Terminal => say!("at the terminal"),
        ApprovedHow::AutoApprove => say!("by --auto-approve"),
        ApprovedHow::Plan => say!("by a saved plan"),
        ApprovedHow::Digest => say!("by --approve-digest"),
        ApprovedHow::Approval => say!("by rictl approve"),
    }
}

/// Returns that there is nothing left of a run, or of any apply, to take back.
pub fn taken_back_already(run_id: Option<&RunId>) -> String {
    match run_id {
        Some(run_id) => say!("No changes. Run {run_id} was taken back already.", run_id),
        None => say!("No changes. Every apply was taken back already.").to_owned(),
    }
}

/// What it means that a run died: nobody tells which of these it was.
pub(crate) const NO_END: &str =
    "It has no end on record: its process was killed, told a second time to stop, or could not write its end.";

/// Says that `last` means an older run than the newest apply, which was taken back.
pub fn passed_over(taken: &RunId, by: &RunId, chosen: &RunId) -> String {
    say!(
        "run {taken} was taken back already, by run {by}; the newest apply that was not is run {chosen}, and this takes that back",
        taken,
        by,
        chosen
    )
}

/// Returns that what was to be taken back was changed by others since, and is where it was before.
pub(crate) fn back_already(address: &Address, run_id: &RunId) -> String {
    say!(
        "{address} was changed since by run {run_id}, and is where it was before: nothing of it is left to take back",
        address,
        run_id
    )
}

/// Says that reads are not believed yet by which somebody else has already brought an interface back.
pub(crate) fn read_again(address: &Address, window: Duration) -> String {
    say!(
        "{address} reads as it was before a call that has just moved it: reading again, for up to {window}, until it is certain",
        address,
        window = duration::format(window)
    )
}

/// Returns what a way back without steps comes to.
pub(crate) fn found_back() -> &'static str {
    say!(
        "Nothing to take back: everything is where it was before that run. It counts as taken back, and is left alone."
    )
}

/// Names what was allowed to lose its last route, in a run.
pub(crate) fn last_routes(evidence: &Evidence) -> Option<String> {
    let allowed: Vec<&str> = evidence.allow_last_route.iter().map(Address::as_str).collect();
    (!allowed.is_empty()).then(|| allowed.join(", "))
}

/// Names runs.
pub(crate) fn runs(runs: &[RunId]) -> String {
    runs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
