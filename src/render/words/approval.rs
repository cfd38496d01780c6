//! Approvals, in words: what was kept, and what became of each that waits.

use jiff::Timestamp;

use crate::calendar::Zone;
use crate::plan::Plan;
use crate::render::counted;
use crate::run::Exit;
use crate::state::RunId;

/// Says what was approved, by whom, and when it runs.
pub fn kept(plan: &Plan, by: &str, due: Option<Timestamp>, expires: Timestamp) -> [String; 2] {
    let zone = &plan.time_zone;
    let due = due.map_or_else(|| "now".to_owned(), |due| format!("from {}", zone.stamp(due)));
    let (steps, digest) = (counted(plan.steps.len(), "step"), plan.digest());
    [format!("Approved by {by}: {digest}"), format!("{steps}; due {due}, until {}.", zone.stamp(expires))]
}

/// Says that no approval keeps what loosens a guard, where a plan needs that.
pub fn loosened(plan: &Plan) -> Option<String> {
    let inputs = &plan.inputs;
    let flags: Vec<String> = [
        plan.overridden.as_ref().map(|_| "--override-window REASON".to_owned()),
        inputs.allow_changes.map(|allowed| format!("--allow-changes {allowed}")),
        inputs.allow_forgotten.map(|allowed| format!("--allow-forgotten {allowed}")),
        inputs.redo.then(|| "--redo".to_owned()),
    ]
    .into_iter()
    .flatten()
    .chain(inputs.allow_last_route.iter().map(|address| format!("--allow-last-route {address}")))
    .collect();
    let flags = (!flags.is_empty()).then(|| flags.join(" "))?;
    Some(format!(
        "No approval loosens a guard: `rictl apply --approved` refuses it, and `rictl apply` with the plan, or with --approve-digest, \
         and with {flags} runs it then."
    ))
}

/// Says that nothing is known where nothing waits.
pub const NO_STATE: &str =
    "note: there is no state here: what was approved elsewhere, and what was applied before, is not known";

/// Names an approval.
pub fn name(digest: &str, by: &str) -> String {
    format!("{digest} (approved by {by})")
}

/// Says that nothing is due.
pub const NOTHING_DUE: &str = "No approval is due.";

/// Says that an approval's time has not come.
pub fn early(due: Timestamp, zone: &Zone) -> String {
    format!("not run: due at {}", zone.stamp(due))
}

/// Says that an approval's time is over.
pub fn expired(expires: Timestamp, zone: &Zone) -> String {
    format!("not run: it expired at {}", zone.stamp(expires))
}

/// Says until when one that was refused is tried again, and what takes it back before, where it is kept in a file.
pub fn tried_until(expires: Timestamp, zone: &Zone, kept_as: Option<&str>) -> String {
    let sooner = kept_as.map(|file| format!("; to withdraw it, move {file} away")).unwrap_or_default();
    format!("note: it is tried again at every call until it expires at {}{sooner}", zone.stamp(expires))
}

/// Says that a run of an approval is going on.
pub fn at_work(run: &RunId) -> String {
    format!("run {run} is at it")
}

/// Says that an approval was run.
pub fn ran(run: &RunId) -> String {
    format!("not run again: run {run} did it")
}

/// Says that a run of an approval did not end well.
pub fn failed(run: &RunId, exit: Option<Exit>) -> String {
    let how = exit.map_or_else(|| "died".to_owned(), |exit| format!("ended with exit code {exit}"));
    format!("not run again: its run {run} {how}; `rictl plan` shows what is left")
}

/// Says that somebody else has to approve.
pub fn own(who: &str) -> String {
    format!("not run (approval): limits.approvals is `other`, and {who} is who approved it")
}

/// Says that nothing is left to do of an approval.
pub const SPENT: &str = "nothing is left to do of it";
