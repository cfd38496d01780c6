//! A fleet as text and JSON: a line a state, what somebody has to look at below it.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use super::page::fleet::{tone, tone_of_all};
use super::text::{Line, Screen, Tone, View, and_more, columns_of};
use super::words::fleet as words;
use super::words::plan::upcoming;
use crate::calendar::Zone;
use crate::fleet::{Fleet, StateRow};

/// The version of the document.
const FORMAT_VERSION: &str = "1.0";

/// The widest name that the others are lined up with; one that is longer moves what stands behind it on its own line alone.
const WIDEST: usize = 40;

/// How many states that are well have a line on a terminal.
const MOST_STATES: usize = 40;

/// Writes how every state stands as text.
pub fn text<W: Write + ?Sized>(out: &mut W, fleet: &Fleet, view: View) -> io::Result<()> {
    let mut screen = Screen::new(out, view);
    lines(fleet, view).iter().try_for_each(|line| screen.line(line))
}

fn lines(fleet: &Fleet, view: View) -> Vec<Line<'static>> {
    let fact = |label: &'static str, says: String| Line::at(0).hang(7).with(Tone::Strong, label).text(says);
    let read = format!("{}, rictl {}", Zone::utc().stamp(fleet.timestamp), env!("CARGO_PKG_VERSION"));
    let mut lines = vec![fact("Store: ", fleet.store.clone()), fact("Read:  ", read), Line::at(0)];
    let names = fleet.states.iter().map(|state| columns_of(&state.name));
    let width = names.filter(|columns| *columns <= WIDEST).max().unwrap_or(0);
    let mut states: Vec<(&StateRow, Vec<Line<'static>>)> =
        fleet.states.iter().map(|state| (state, below(state, fleet))).collect();
    // What is wrong comes first: it is what somebody looks for.
    states.sort_by_key(|(state, _)| match tone(state) {
        Tone::Bad => 0,
        Tone::Change => 1,
        _ => 2,
    });
    let (mut shown, mut left_out) = (0, 0);
    for (state, below) in states {
        let is_quiet = below.is_empty() && tone(state) == Tone::Good;
        if is_quiet && view.folds && shown >= MOST_STATES {
            left_out += 1;
            continue;
        }
        shown += usize::from(is_quiet);
        lines.push(row(state, width));
        lines.extend(below);
    }
    let more = and_more(left_out, "states that are as they should be", view.ellipsis());
    lines.extend(more.map(|text| Line::at(2).with(Tone::Faint, text)));
    if !fleet.states.is_empty() {
        lines.push(Line::at(0));
    }
    lines.push(Line::at(0).with(tone_of_all(fleet), words::verdict(fleet)));
    lines
}

fn row(state: &StateRow, width: usize) -> Line<'static> {
    let (mark, tone) = match tone(state) {
        Tone::Bad => ("! ", Tone::Bad),
        Tone::Change => ("- ", Tone::Change),
        _ => ("", Tone::Good),
    };
    let line = if mark.is_empty() { Line::at(2) } else { Line::at(0).with(tone, mark) };
    let account = state.target.as_ref().map(|target| format!("account {}, ", target.account_id)).unwrap_or_default();
    let groups = match state.groups.len() {
        0 => String::new(),
        1 => ", 1 group".to_owned(),
        groups => format!(", {groups} groups"),
    };
    line.hang(4).cell(Tone::Strong, &state.name, width).text(format!("{account}{}{groups}", words::checked(state)))
}

/// Says what is to be known of a state beside that.
fn below(state: &StateRow, fleet: &Fleet) -> Vec<Line<'static>> {
    let line = |tone: Tone, says: String| Line::at(4).hang(8).with(tone, says);
    let wrong = words::worries(state, fleet.timestamp);
    let is_told = |says: &String| wrong.contains(says);
    // That nobody has checked stands in the row.
    let worries = wrong.iter().filter(|worry| **worry != words::checked(state));
    let worries = worries.map(|worry| line(tone(state), worry.clone()));
    let at_work = words::at_work(state).filter(|says| !is_told(says)).map(|says| line(Tone::Wait, says));
    let awaiting = state.awaiting.iter().map(|awaits| words::awaiting(awaits, fleet.timestamp));
    let awaiting = awaiting.filter(|says| !is_told(says)).map(|says| line(Tone::Change, says));
    let approvals = state.approvals.iter();
    let approvals = approvals.map(|approval| line(Tone::Plain, words::approval(approval, fleet.timestamp)));
    let soon = state.upcoming.iter();
    let soon = soon.map(|soon| line(Tone::Plain, upcoming(soon, fleet.timestamp, &Zone::utc())));
    let known = words::known_until(state).map(|says| line(Tone::Plain, says));
    worries.chain(at_work).chain(awaiting).chain(approvals).chain(soon).chain(known).collect()
}

/// Writes how every state stands as one JSON document, on one line.
pub fn document<W: Write + ?Sized>(out: &mut W, fleet: &Fleet) -> io::Result<()> {
    json::line(out, &Document { format_version: FORMAT_VERSION, states: &fleet.states })
}

/// The keys of the document.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "rictl fleet")]
pub(super) struct Document<'a> {
    /// The version of the format.
    format_version: &'static str,
    /// Every state, by name.
    states: &'a [StateRow],
}

#[cfg(test)]
mod tests;
