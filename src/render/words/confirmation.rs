//! How a run that has to be confirmed is spoken of.

use std::time::Duration;

use jiff::Timestamp;

use crate::calendar::Zone;
use crate::duration;
use crate::history::confirmation::{Confirmation, Decision, Verdict};
use crate::language::say;
use crate::plan::StepId;
use crate::state::{Awaiting, RunId};

/// Returns that a run awaits confirmation.
pub fn awaits(until: Timestamp, zone: &Zone) -> String {
    say!("Applied; awaits confirmation until {until}", until = zone.stamp(until))
}

/// Says by which commands that is decided.
pub fn deciding(keep: &str, back: &str) -> String {
    say!("{keep} keeps it, {back} takes it back; so does silence.", keep, back)
}

/// Asks whether it is to be kept.
pub fn question() -> &'static str {
    say!("Only 'yes' keeps it now.")
}

/// Returns that what a run did before a signal ended it awaits confirmation, and what comes of that.
pub(crate) fn awaits_all_the_same(awaiting: &Awaiting, zone: &Zone) -> String {
    let Awaiting { run_id, deadline, .. } = awaiting;
    let until = zone.stamp(deadline.until);
    say!(
        "what was done awaits confirmation until {until}: `rictl confirm {run_id}` keeps it, `rictl rollback {run_id}` takes it back; past \
         that `rictl confirm --expired` and the next `rictl apply` do",
        until,
        run_id
    )
}

/// Returns that a run is kept, by this confirmation or by one before.
pub fn kept(run_id: &RunId, is_of_before: bool) -> String {
    if is_of_before { say!("Run {run_id} is kept already.", run_id) } else { say!("Run {run_id} is kept.", run_id) }
}

/// Returns that what a way back had left of a run is kept, and which of its calls nobody has seen to end.
pub fn rest_kept(run_id: &RunId, in_doubt: &[StepId]) -> String {
    let calls: Vec<String> = in_doubt.iter().map(StepId::to_string).collect();
    let calls = calls.join(", ");
    let open =
        if in_doubt.is_empty() { String::new() } else { say!("; sent before, and not seen to end: {calls}", calls) };
    say!("Run {run_id} is kept as far as it was not taken back{open}.", run_id, open)
}

/// How far a run has come that has to be confirmed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stands<'a> {
    /// The run.
    pub(crate) run_id: &'a RunId,
    /// Until when it can be confirmed.
    pub(crate) until: Timestamp,
    /// The way back that was begun and has not ended well.
    pub(crate) left_by: Option<&'a RunId>,
    /// That moment is over.
    pub(crate) is_due: bool,
    /// The calls of that way back of which nobody knows yet what became.
    pub(crate) in_doubt: &'a [StepId],
}

impl Stands<'_> {
    /// Returns how it stands, behind the name of the run.
    pub(crate) fn said(&self, zone: &Zone) -> String {
        let until = zone.stamp(self.until);
        match self.left_by {
            Some(by) if !self.is_due => {
                say!("was taken back in part, by run {by}, until a signal came; the rest is due at {until}", by, until)
            }
            Some(by) => say!("was not confirmed, and run {by} has not taken all of it back", by),
            None if self.is_due => say!("was not confirmed until {until}", until),
            None => say!("awaits confirmation until {until}", until),
        }
    }
}

/// Warns in a plan of a run that awaits confirmation, or was not taken back whole.
pub(crate) fn warning(stands: &Stands<'_>, zone: &Zone) -> (String, String) {
    let Stands { run_id, left_by, is_due, .. } = *stands;
    let detail = match left_by {
        Some(_) if !stands.in_doubt.is_empty() => {
            say!("`rictl confirm --expired` reads what became of its calls, and goes on with it").to_owned()
        }
        Some(_) if !is_due => say!(
            "from then on `rictl confirm --expired` and the next `rictl apply` go on with it; `rictl confirm {run_id}` keeps what is left",
            run_id
        ),
        Some(_) => say!("`rictl confirm --expired` tries again, `rictl confirm {run_id}` keeps what is left", run_id),
        None if is_due => say!("the next `rictl apply` or `rictl confirm --expired` takes it back").to_owned(),
        None => {
            say!(
                "`rictl confirm {run_id}` keeps it; else it is taken back; nobody else touches what it changed",
                run_id
            )
        }
    };
    (say!("run {run_id} {said}", run_id, said = stands.said(zone)), detail)
}

/// Returns that nobody has confirmed a run in time.
pub fn nobody_confirmed(run_id: &RunId) -> String {
    say!("nobody confirmed run {run_id} in time", run_id)
}

/// Returns that a run is taken back now.
pub(crate) fn taking_back(run_id: &RunId) -> String {
    say!("taking back run {run_id}, which nobody has confirmed", run_id)
}

/// Returns that a run could not be taken back yet, and who will.
pub fn not_taken_back(run_id: &RunId, why: &str) -> String {
    say!(
        "run {run_id} is not taken back yet: {why}; past its deadline the next apply or `rictl confirm --expired` does it",
        run_id,
        why
    )
}

/// Returns what `confirm --expired` says where there is nothing to take back.
pub fn nothing_due() -> &'static str {
    say!("nothing is due")
}

/// Returns that nothing awaits confirmation.
pub fn nothing_awaits() -> &'static str {
    say!("Nothing awaits confirmation.")
}

/// Says by which command one of those that await is kept.
pub fn keeps_one(next: &str) -> String {
    say!("{next} keeps one of them", next)
}

/// Says by which command all that is due is taken back.
pub fn takes_back_due(next: &str) -> String {
    say!("{next} takes back what is due", next)
}

/// Returns that runs which nobody had confirmed came first.
pub fn came_first(runs: usize, plan: &str) -> String {
    let what = if runs == 1 {
        say!("a run that nobody had confirmed").to_owned()
    } else {
        say!("{runs} runs that nobody had confirmed", runs)
    };
    say!("{what} came first, and nothing else was done; run `{plan}`", what, plan)
}

/// Says within which time a run has to be confirmed, and what was decided, by whom and when.
pub(crate) fn needed(within: Duration, noted: &Confirmation, zone: &Zone) -> String {
    let by = |decision: &Decision| format!("by {} on {}, {}", decision.by, decision.host, zone.stamp(decision.at));
    let decided = match (&noted.rest, &noted.decision) {
        (Some(rest), _) => format!("; what a way back had left was confirmed {}", by(rest)),
        (None, Some(decision)) if decision.decision == Verdict::Kept => format!("; confirmed {}", by(decision)),
        (None, Some(decision)) => format!("; not confirmed, taken back {}", by(decision)),
        (None, None) => String::new(),
    };
    format!("within {} of its last call{decided}", duration::format(within))
}

/// Returns who has confirmed a run, in words behind others; nothing where nobody has.
pub(crate) fn kept_by(noted: &Confirmation) -> String {
    noted.kept().map(|kept| format!("; confirmed by {}", kept.by)).unwrap_or_default()
}

/// Returns one line of the list of what awaits.
pub fn listed(awaiting: &Awaiting, is_due: bool, zone: &Zone) -> String {
    let Awaiting { run_id, deadline, left_by, .. } = awaiting;
    let stands = Stands { run_id, until: deadline.until, left_by: left_by.as_ref(), is_due, in_doubt: &[] };
    format!("{run_id}  {}", stands.said(zone))
}
