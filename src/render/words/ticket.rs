//! How a report for a ticket reads: what it is about, and what all its runs came to.

use std::time::Duration;

use crate::history::dossier::About;
use crate::render::text::Tone;
use crate::render::ticket::{TicketPart, length};
use crate::render::{counted, duration};
use crate::run::{RunOutcome, StepResult};

/// Returns what a part is called.
pub(crate) fn about(about: &About) -> String {
    match about {
        About::Change(change) => change.clone(),
        About::Run(run_id) => run_id.to_string(),
    }
}

/// Returns what a part comes to: the words that carry its tone, and the rest of the sentence.
pub(crate) fn verdict(part: &TicketPart) -> (Tone, &'static str, String) {
    let open = part.downs.iter().filter(|down| down.returned.is_none()).count();
    let is_well = part.runs.iter().all(|run| run.outcome() == Some(RunOutcome::Complete));
    let all = part.downs.len();
    let (tone, strong) = match (all, open) {
        (0, _) if is_well => (Tone::Good, "Complete."),
        (0, _) => (Tone::Bad, "Incomplete."),
        (_, 0) if is_well => (Tone::Good, "Drained and returned."),
        (_, 0) => (Tone::Change, "Drained and returned; not all went well."),
        (all, open) if all == open => (Tone::Change, "Drained, not returned."),
        _ => (Tone::Change, "Drained, returned in part."),
    };
    let rest = match (all, open) {
        (0, _) => " No interface was taken down.".to_owned(),
        (1, 0) => format!(" 1 interface was down for {}.", duration(longest(part))),
        (_, 0) => format!(" {all} interfaces were down, the longest for {}.", duration(longest(part))),
        (1, 1) => " 1 interface was not brought back by these runs.".to_owned(),
        _ => format!(" {open} of {all} interfaces were not brought back by these runs."),
    };
    (tone, strong, rest)
}

/// Returns how long the link was down that was down longest.
fn longest(part: &TicketPart) -> Duration {
    let lengths = part.downs.iter().filter_map(length).filter_map(|length| Duration::try_from(length).ok());
    lengths.max().unwrap_or_default()
}

/// Counts what is proved.
pub(crate) fn counts(part: &TicketPart) -> String {
    let results = || part.runs.iter().flat_map(|run| &run.report.results);
    let at_goal = results().filter(|result| StepResult::is_at_goal(result)).count();
    let answered = results().filter(|result| result.request_id.is_some()).count();
    format!(
        "{}, {}, {at_goal} at their goals, {} with a RequestId.",
        counted(part.runs.len(), "run"),
        counted(results().count(), "step"),
        counted(answered, "call")
    )
}
