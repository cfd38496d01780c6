//! How a rehearsal is spoken of.

use std::time::Duration;

use super::super::text::and_more;
use super::super::{counted, duration};
use crate::plan::StepId;
use crate::run::{Exit, Lowest};

/// How many steps without a recorded time are named.
const NAMED: usize = 8;

/// What nobody may take a rehearsal for.
pub(crate) const HEAD: &str = "on a copy of what is live, on virtual time: nothing is sent, nothing is written";

/// Says what an apply would note.
pub fn note(note: &str) -> String {
    format!("the apply would say: {note}")
}

/// What is said where a rollout has a check.
pub(crate) const NO_CHECK: &str = "not run, and taken as passed";

/// Says how far down a group went, and when.
pub(crate) fn lowest(group: &Lowest) -> String {
    let Lowest { declared, floor, end, .. } = group;
    let (Some(lowest), Some(at), Some(end)) = (group.lowest, group.at_ms, end) else {
        return format!("unknown how many of {declared} are up, floor {floor}");
    };
    let below = if group.is_below() { ": below its floor" } else { "" };
    let when = match at {
        0 if group.is_from_start() => "from the start".to_owned(),
        0 => "at its lowest, right after the start".to_owned(),
        _ => format!("at its lowest, {} after the start", duration(Duration::from_millis(at))),
    };
    format!("{lowest} of {declared} up {when}, {end} at the end, floor {floor}{below}")
}

/// Says of which steps nothing is recorded.
pub(crate) fn assumed(steps: &[StepId], time: Duration) -> String {
    let mut named: Vec<String> = steps.iter().take(NAMED).map(ToString::to_string).collect();
    named.extend(and_more(steps.len().saturating_sub(NAMED), "", ""));
    let time = crate::duration::format(time);
    format!("no time is recorded of {}, {time} taken for each: {}", counted(steps.len(), "step"), named.join(", "))
}

/// Says what a rehearsal came to, and what it does not say of itself: the strong words, and the rest.
pub(crate) fn verdict(exit: Exit, took: Duration, has_run: bool) -> (&'static str, String) {
    let strong = if exit == Exit::Done { "Rehearsal complete!" } else { "Rehearsal incomplete!" };
    let what = match (has_run, exit) {
        (true, _) => format!("The apply would take {} and exit {exit}.", duration(took)),
        (false, Exit::Done) => "There is nothing to apply.".to_owned(),
        (false, _) => format!("The apply would do nothing and exit {exit}."),
    };
    (strong, format!(" {what}"))
}
