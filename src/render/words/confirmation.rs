//! How a run that has to be confirmed is spoken of.

use jiff::Timestamp;

use crate::calendar::Zone;
use crate::state::{Awaiting, RunId};

/// Returns that a run awaits confirmation.
pub fn awaits(until: Timestamp, zone: &Zone) -> String {
    format!("Applied; awaits confirmation until {}", zone.shown(until))
}

/// Warns in a plan of a run that awaits confirmation, or was not taken back whole.
pub(crate) fn warning(run_id: &RunId, until: Timestamp, left_by: Option<&RunId>) -> (String, String) {
    let until = Zone::utc().shown(until);
    let summary = match left_by {
        None => format!("run {run_id} awaits confirmation until {until}"),
        Some(by) => format!("run {run_id} was not confirmed, and run {by} has not taken it back whole"),
    };
    let detail = match left_by {
        None => {
            format!("`rictl confirm {run_id}` keeps it; else it is taken back; nobody else touches what it changed")
        }
        Some(_) => format!("`rictl confirm {run_id}` keeps what is left, `rictl confirm --expired` tries again"),
    };
    (summary, detail)
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
pub fn listed(awaiting: &Awaiting, zone: &Zone) -> String {
    let (run_id, until) = (&awaiting.run_id, zone.shown(awaiting.deadline.until));
    match &awaiting.left_by {
        None => format!("{run_id}  awaits confirmation until {until}"),
        Some(by) => format!("{run_id}  not taken back whole by run {by}"),
    }
}
