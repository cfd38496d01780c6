//! How a run that has to be confirmed is spoken of.

use jiff::Timestamp;

use crate::calendar::Zone;
use crate::plan::StepId;
use crate::state::{Awaiting, RunId};

/// Returns that a run awaits confirmation.
pub fn awaits(until: Timestamp, zone: &Zone) -> String {
    format!("Applied; awaits confirmation until {}", zone.shown(until))
}

/// Returns that what a run did before a signal ended it awaits confirmation, and what comes of that.
pub(crate) fn awaits_all_the_same(awaiting: &Awaiting, zone: &Zone) -> String {
    let Awaiting { run_id, deadline, .. } = awaiting;
    let until = zone.shown(deadline.until);
    format!(
        "what was done awaits confirmation until {until}: `rictl confirm {run_id}` keeps it, `rictl rollback {run_id}` takes it back; past \
         that `rictl confirm --expired` and the next `rictl apply` do"
    )
}

/// Returns that a run is kept, by this confirmation or by one before.
pub fn kept(run_id: &RunId, is_of_before: bool) -> String {
    if is_of_before { format!("Run {run_id} is kept already.") } else { format!("Run {run_id} is kept.") }
}

/// Returns that what a way back had left of a run is kept, and which of its calls nobody has seen to end.
pub fn rest_kept(run_id: &RunId, in_doubt: &[StepId]) -> String {
    let calls: Vec<String> = in_doubt.iter().map(StepId::to_string).collect();
    let calls = calls.join(", ");
    let open = if in_doubt.is_empty() { String::new() } else { format!("; sent before, and not seen to end: {calls}") };
    format!("Run {run_id} is kept as far as it was not taken back{open}.")
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
        let until = zone.shown(self.until);
        match self.left_by {
            Some(by) if !self.is_due => {
                format!("was taken back in part, by run {by}, until a signal came; the rest is due at {until}")
            }
            Some(by) => format!("was not confirmed, and run {by} has not taken all of it back"),
            None if self.is_due => format!("was not confirmed until {until}"),
            None => format!("awaits confirmation until {until}"),
        }
    }
}

/// Warns in a plan of a run that awaits confirmation, or was not taken back whole.
pub(crate) fn warning(stands: &Stands<'_>, zone: &Zone) -> (String, String) {
    let Stands { run_id, left_by, is_due, .. } = *stands;
    let detail = match left_by {
        Some(_) if !stands.in_doubt.is_empty() => {
            "`rictl confirm --expired` reads what became of its calls, and goes on with it".to_owned()
        }
        Some(_) if !is_due => format!(
            "from then on `rictl confirm --expired` and the next `rictl apply` go on with it; `rictl confirm {run_id}` keeps what is left"
        ),
        Some(_) => format!("`rictl confirm --expired` tries again, `rictl confirm {run_id}` keeps what is left"),
        None if is_due => "the next `rictl apply` or `rictl confirm --expired` takes it back".to_owned(),
        None => {
            format!("`rictl confirm {run_id}` keeps it; else it is taken back; nobody else touches what it changed")
        }
    };
    (format!("run {run_id} {}", stands.said(zone)), detail)
}

/// Returns that nobody has confirmed a run in time.
pub fn nobody_confirmed(run_id: &RunId) -> String {
    format!("nobody confirmed run {run_id} in time")
}

/// Returns that a run is taken back now.
pub(crate) fn taking_back(run_id: &RunId) -> String {
    format!("taking back run {run_id}, which nobody has confirmed")
}

/// Returns that a run could not be taken back yet, and who will.
pub fn not_taken_back(run_id: &RunId, why: &str) -> String {
    format!(
        "run {run_id} is not taken back yet: {why}; past its deadline the next apply or `rictl confirm --expired` does it"
    )
}

/// What `confirm --expired` says where there is nothing to take back.
pub const NOTHING_DUE: &str = "nothing is due";

/// Returns that runs which nobody had confirmed came first.
pub fn came_first(runs: usize, plan: &str) -> String {
    let what = if runs == 1 {
        "a run that nobody had confirmed".to_owned()
    } else {
        format!("{runs} runs that nobody had confirmed")
    };
    format!("{what} came first, and nothing else was done; run `{plan}`")
}

/// Returns one line of the list of what awaits.
pub fn listed(awaiting: &Awaiting, is_due: bool, zone: &Zone) -> String {
    let Awaiting { run_id, deadline, left_by, .. } = awaiting;
    let stands = Stands { run_id, until: deadline.until, left_by: left_by.as_ref(), is_due, in_doubt: &[] };
    format!("{run_id}  {}", stands.said(zone))
}
