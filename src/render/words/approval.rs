//! Approvals, in words: what was kept, and what became of each that waits.

use jiff::Timestamp;

use crate::calendar::Zone;
use crate::language::say;
use crate::plan::Plan;
use crate::render::counted;
use crate::render::words::plan::some;
use crate::run::Exit;
use crate::state::RunId;

/// Says what was approved, by whom, and when it runs.
pub fn kept(plan: &Plan, by: &str, due: Option<Timestamp>, expires: Timestamp) -> [String; 2] {
    let zone = &plan.time_zone;
    let (steps, digest, until) = (counted(plan.steps.len(), say!("step")), plan.digest(), zone.stamp(expires));
    let due = match due {
        Some(due) => say!("{steps}; due from {due}, until {until}.", steps, due = zone.stamp(due), until),
        None => say!("{steps}; due now, until {until}.", steps, until),
    };
    [say!("Approved by {by}: {digest}", by, digest), due]
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
    Some(say!(
        "No approval loosens a guard: `rictl apply --approved` refuses it, and `rictl apply` with the plan, or with --approve-digest, \
         and with {flags} runs it then.",
        flags
    ))
}

/// Says that another state still has what a plan is about: until that is given up, the approval is refused.
pub fn held_elsewhere(plan: &Plan) -> Option<String> {
    let (state, addresses) = plan.held_elsewhere()?;
    let addresses = some(addresses);
    Some(say!(
        "State {state} still has {addresses}: apply its spec first, without that; until then `rictl apply --approved` refuses this.",
        state,
        addresses
    ))
}

/// Says by which command an approval runs.
pub fn runs_by(next: &str) -> String {
    say!("{next} runs it once it is due, if no other apply of the same has.", next)
}

/// Says that nothing is known where nothing waits.
pub fn no_state() -> &'static str {
    say!("note: there is no state here: what was approved elsewhere, and what was applied before, is not known")
}

/// Names an approval.
pub fn name(digest: &str, by: &str) -> String {
    say!("{digest} (approved by {by})", digest, by)
}

/// Says that nothing is due.
pub fn nothing_due() -> &'static str {
    say!("No approval is due.")
}

/// Says that an approval's time has not come.
pub fn early(due: Timestamp, zone: &Zone) -> String {
    say!("not run: due at {due}", due = zone.stamp(due))
}

/// Says that an approval's time is over.
pub fn expired(expires: Timestamp, zone: &Zone) -> String {
    say!("not run: it expired at {expires}", expires = zone.stamp(expires))
}

/// Says until when one that was refused is tried again, and what takes it back before, where it is kept in a file.
pub fn tried_until(expires: Timestamp, zone: &Zone, kept_as: Option<&str>) -> String {
    let sooner = kept_as.map(|file| say!("; to withdraw it, move {file} away", file)).unwrap_or_default();
    let expires = zone.stamp(expires);
    say!("note: it is tried again at every call until it expires at {expires}{sooner}", expires, sooner)
}

/// Says that a run of an approval is going on.
pub fn at_work(run: &RunId) -> String {
    say!("run {run} is at it", run)
}

/// Says that an approval was run.
pub fn ran(run: &RunId) -> String {
    say!("not run again: run {run} did it", run)
}

/// Says that a run of an approval did not end well.
pub fn failed(run: &RunId, exit: Option<Exit>) -> String {
    match exit {
        Some(exit) => {
            say!("not run again: its run {run} ended with exit code {exit}; `rictl plan` shows what is left", run, exit)
        }
        None => say!("not run again: its run {run} died; `rictl plan` shows what is left", run),
    }
}

/// Says that somebody else has to approve.
pub fn own(who: &str) -> String {
    say!("not run (approval): limits.approvals is `other`, and {who} is who approved it", who)
}

/// Says that nothing is left to do of an approval.
pub fn spent() -> &'static str {
    say!("nothing is left to do of it")
}
