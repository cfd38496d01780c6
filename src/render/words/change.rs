//! A change that was written into a spec, in words.

use jiff::Timestamp;

use super::next::Given;
use crate::calendar::Zone;
use crate::render::counted;
use crate::resource::ChangeName;
use crate::spec::Change;

/// Says that the spec stays as it is.
pub const NOT_WRITTEN: &str = "Nothing was written: with this change the spec would not be valid.";

/// Says what was written, and where; `chosen` where nobody said how many interfaces are meant.
pub fn added(
    name: &ChangeName,
    change: &Change,
    place: &str,
    (zone, now): (&Zone, Timestamp),
    chosen: bool,
) -> Vec<String> {
    let what = format!("{} to {}", counted(change.selected.len(), "interface"), change.status.value);
    let from = match &change.from {
        Some(from) if from.value > now => format!("from {}", zone.shown(from.value)),
        Some(from) => format!("since {}", zone.shown(from.value)),
        None => "from now".to_owned(),
    };
    let until = match &change.until {
        Some(until) => format!("until {}", zone.shown(until.value)),
        None => "until its block is removed".to_owned(),
    };
    let mut lines = vec![format!("Added {name} to {place}: {what}, {from}, {until}.")];
    if let Some(expect) = change.expect.as_ref().filter(|_| chosen) {
        lines.push(format!("It says `expect: {}`, as many as are selected now.", expect.value));
    }
    lines
}

/// Lists the commands that plan and apply a change, and its return.
pub fn next(name: &ChangeName, change: &Change, (zone, now): (&Zone, Timestamp), given: &Given) -> Vec<String> {
    let begin = change.from.as_ref().map(|from| from.value).filter(|from| *from > now);
    let at = |at: Timestamp| format!(" --at {}", zone.stamp(at));
    let plan = given.next(&format!("plan --target change:{name}{}", begin.map(at).unwrap_or_default()));
    let apply = given.next(&format!("apply --target change:{name}"));
    let mut lines = vec![format!("Plan:   {plan}")];
    if let Some(until) = &change.until {
        let back = given.next(&format!("plan --target change:{name}{}", at(until.value)));
        lines.push(format!("Return: {back}"));
    }
    let when = if begin.is_some() { ", once it has begun" } else { "" };
    lines.push(format!("Apply:  {apply}{when}"));
    lines
}
