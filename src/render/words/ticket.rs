//! How a report for a ticket reads: what it is about, and what all its runs came to.

use std::time::Duration;

use super::next::{Given, after_show};
use super::report::{self, NO_END};
use super::run::run_outcome;
use crate::diagnostic::quoted;
use crate::history::dossier::About;
use crate::journal::Outcome;
use crate::render::past::PastRun;
use crate::render::phrase::Phrase;
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

/// Returns what to run next: what its last run left, else what its change did, if a link of it is down.
pub(crate) fn next(part: &TicketPart, given: &Given) -> Option<Phrase> {
    let last = part.runs.last()?;
    let About::Change(change) = &part.about else { return after_show(last, given) };
    if !part.is_well(last) {
        return after_show(last, given);
    }
    let (rest, says) = match part.interfaces() {
        (_, 0) => ("plan".to_owned(), "{command} shows whether anything is left"),
        _ => (format!("rollback --change {}", quoted(change)), "{command} takes it back"),
    };
    Some(Phrase::of(says, [("command", Phrase::command(given.about(last.evidence.spec.as_deref(), &rest)))]))
}

/// Returns what a part comes to: the words that carry its tone, and the rest of the sentence.
pub(crate) fn verdict(part: &TicketPart) -> (Tone, String, String) {
    let (all, open) = part.interfaces();
    let unwell: Vec<RunOutcome> =
        part.runs.iter().filter(|run| !part.is_well(run)).filter_map(PastRun::outcome).collect();
    let calls = Calls::of(part);
    let how = match (unwell.as_slice(), calls.unknown) {
        ([], _) => "",
        (_, 1..) => "; a run died",
        (outcomes, _) if outcomes.iter().all(|outcome| *outcome == RunOutcome::AwaitingConfirmation) => {
            "; awaits confirmation"
        }
        _ => "; not all went well",
    };
    let goes_on = part.runs.iter().any(|run| run.outcome().is_none());
    let (tone, strong) = match (all, open) {
        _ if goes_on => (Tone::Change, "Goes on.".to_owned()),
        (0, _) => match unwell.last() {
            None => (Tone::Good, "Complete.".to_owned()),
            Some(outcome) => (tone(*outcome), format!("{}.", capital(run_outcome(*outcome)))),
        },
        (_, 0) if how.is_empty() => (Tone::Good, "Drained and returned.".to_owned()),
        (_, 0) => (Tone::Change, format!("Drained and returned{how}.")),
        (all, open) if all == open => (Tone::Change, format!("Drained, not returned{how}.")),
        _ => (Tone::Change, format!("Drained, returned in part{how}.")),
    };
    (tone, strong, format!("{}{}", downs(part, all, open, &calls), calls.said()))
}

fn tone(outcome: RunOutcome) -> Tone {
    match outcome {
        RunOutcome::Complete => Tone::Good,
        RunOutcome::AwaitingConfirmation => Tone::Change,
        _ => Tone::Bad,
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn downs(part: &TicketPart, all: usize, open: usize, calls: &Calls) -> String {
    let times = part.downs.len();
    match (all, open) {
        (0, _) if calls.is_nothing() => " No interface was taken down.".to_owned(),
        (0, _) => String::new(),
        (1, 0) if times == 1 => format!(" 1 interface was down for {}.", duration(longest(part))),
        (1, 0) => format!(" 1 interface was down {times} times, the longest for {}.", duration(longest(part))),
        (_, 0) if times == all => format!(" {all} interfaces were down, the longest for {}.", duration(longest(part))),
        (_, 0) => {
            format!(" {all} interfaces were down, {times} times in all, the longest for {}.", duration(longest(part)))
        }
        (1, 1) => " 1 interface was not brought back by these runs.".to_owned(),
        (all, open) if all == open => format!(" {all} interfaces were not brought back by these runs."),
        _ => format!(" {open} of {all} interfaces were not brought back by these runs."),
    }
}

/// Calls that were sent and not seen to their ends.
struct Calls {
    /// Those of runs that go on.
    on_their_way: usize,
    /// Those of runs that died.
    unknown: usize,
    /// Those whose goals were not seen in time, or of which no answer tells.
    unsettled: usize,
}

impl Calls {
    fn of(part: &TicketPart) -> Self {
        let count = |is_meant: fn(&PastRun, &StepResult) -> bool| {
            let mut open =
                part.steps().filter(|(_, result)| !result.is_at_goal() && result.may_have_changed_something());
            open.by_ref().filter(|(run, result)| is_meant(run, result)).count()
        };
        Self {
            on_their_way: count(|run, result| result.outcome.is_none() && run.is_running),
            unknown: count(|run, result| result.outcome.is_none() && !run.is_running),
            unsettled: count(|_, result| result.outcome.is_some()),
        }
    }

    fn is_nothing(&self) -> bool {
        self.on_their_way + self.unknown + self.unsettled == 0
    }

    fn said(&self) -> String {
        let calls = |count: usize| counted(count, "call");
        let is = |count: usize, one: &'static str, more: &'static str| if count == 1 { one } else { more };
        let mut said = String::new();
        if self.on_their_way > 0 {
            said += &format!(" {} {} on the way.", calls(self.on_their_way), is(self.on_their_way, "is", "are"));
        }
        if self.unknown > 0 {
            said += &format!(" What became of {} is not known.", calls(self.unknown));
        }
        if self.unsettled > 0 {
            let was = is(self.unsettled, "was", "were");
            said += &format!(
                " {} {was} sent and not seen to {}.",
                calls(self.unsettled),
                is(self.unsettled, "its end", "their ends")
            );
        }
        said
    }
}

/// Returns how long the link was down that was down longest.
fn longest(part: &TicketPart) -> Duration {
    let lengths = part.downs.iter().filter_map(length).filter_map(|length| Duration::try_from(length).ok());
    lengths.max().unwrap_or_default()
}

/// Counts what is proved.
pub(crate) fn counts(part: &TicketPart) -> String {
    let steps = || part.steps().map(|(_, result)| result);
    let at_goal = steps().filter(|result| StepResult::is_at_goal(result)).count();
    let answered = steps().filter(|result| result.request_id.is_some()).count();
    let goals = if at_goal == 1 { "its goal" } else { "their goals" };
    format!(
        "{}, {}, {at_goal} at {goals}, {} with a RequestId.",
        counted(part.runs.len(), "run"),
        counted(steps().count(), "step"),
        counted(answered, "call")
    )
}

/// Says what else the runs of a part did.
pub(crate) fn others(part: &TicketPart) -> Option<String> {
    let others = part.others.len();
    let are = if others == 1 { "is" } else { "are" };
    let steps = counted(others, "step");
    (others > 0).then(|| format!("{steps} of these runs {are} not of {} and not told here.", about(&part.about)))
}

/// Says why a run is not well of which no reason is recorded: the label, and what is said. Nothing of one that waits, or goes on.
pub(crate) fn without_reason(run: &PastRun) -> Option<(&'static str, String)> {
    let (_, verdict) = run.verdict();
    Some(match run.outcome()? {
        RunOutcome::Complete | RunOutcome::AwaitingConfirmation => return None,
        RunOutcome::Died if run.resolved.is_some() => ("Died: ", verdict),
        RunOutcome::Died => ("Died: ", NO_END.trim_end_matches('.').to_owned()),
        RunOutcome::TakenBack => ("Taken back: ", format!("nobody confirmed it in time{}", taken_back(run))),
        RunOutcome::Incomplete => ("Incomplete: ", verdict),
        RunOutcome::Refused => ("Refused: ", verdict),
        RunOutcome::Interrupted => ("Interrupted: ", verdict),
    })
}

fn taken_back(run: &PastRun) -> String {
    run.report.taken_back_by.as_ref().map(|by| format!("; run {by} took it back")).unwrap_or_default()
}

/// Returns a step's outcome in words; of a run that died, what nobody saw the end of.
pub(crate) fn outcome(run: &PastRun, result: &StepResult) -> String {
    match (result.outcome, result.started_at) {
        (None, Some(_)) if run.is_running => "goes on".to_owned(),
        (None, Some(_)) => "not known".to_owned(),
        (None, None) if run.is_running => "not begun yet".to_owned(),
        (None, None) => report::word(Outcome::NotStarted, None).to_owned(),
        _ => report::outcome(result),
    }
}

#[cfg(test)]
mod tests;
