//! The recorded state: the list of addresses, and one record whole.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::json;
use super::text::{Line, Screen, Tone, View, columns_of};
use super::words::history::{died, observed, observed_status};
use super::words::run::step_reason;
use crate::calendar::Zone;
use crate::journal::Outcome;
use crate::resource::{Address, DesiredStatus, Status, Target};
use crate::run::StepReason;
use crate::state::{LastAction, Record, RunId, State};

/// Writes one line per recorded interface.
pub fn list<W: Write + ?Sized>(out: &mut W, state: &State, zone: &Zone, view: View) -> io::Result<()> {
    let mut screen = Screen::new(out, view);
    let is_known = |(_, record): &(&Address, &Record)| !record.forgotten;
    if !state.interfaces.iter().any(|entry| is_known(&entry)) {
        return screen.line(&Line::at(0).text("Nothing is recorded."));
    }
    let width = |text: &dyn Fn(&Address, &Record) -> usize| {
        state.interfaces.iter().filter(is_known).map(|(address, record)| text(address, record)).max().unwrap_or(0)
    };
    let names = width(&|address, _| columns_of(address.as_str()));
    let statuses = width(&|_, record| columns_of(observed_status(&record.observed)));
    for (address, record) in state.interfaces.iter().filter(is_known) {
        let line = Line::at(0).hang(4).cell(Tone::Strong, address.as_str(), names);
        let line = line.cell(Tone::Plain, observed_status(&record.observed), statuses);
        let since = zone.stamp(record.observed.since);
        screen.line(&line.text(format!("{since}  {}  {}", record.id, record.scope)))?;
    }
    Ok(())
}

/// Says that a record is gone, and what went with it.
pub fn forgot(address: &Address, gone: &Record) -> Vec<String> {
    let taken_back = gone.taken_back.as_ref().map(|back| {
        let by = &back.by;
        format!(
            "With it goes that run {by} had taken it back: the next apply does what the spec asks for, without --redo."
        )
    });
    let forgot = format!("Forgot {address}; the interface itself was not touched.");
    [forgot].into_iter().chain(taken_back).collect()
}

/// Writes the state as one JSON document, on one line; `run_died` is a run that died and has no end yet.
pub fn list_document<W: Write + ?Sized>(out: &mut W, state: &State, run_died: Option<&RunId>) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        format_version: &'static str,
        lineage: &'a str,
        serial: u64,
        target: &'a Target,
        last_run: Option<&'a RunId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        run_died: Option<&'a RunId>,
        interfaces: BTreeMap<&'a Address, &'a Record>,
    }
    let State { lineage, serial, target, last_run, interfaces, .. } = state;
    let (serial, last_run, interfaces) =
        (*serial, last_run.as_ref(), interfaces.iter().filter(|(_, record)| !record.forgotten).collect());
    json::line(out, &Document { format_version: "1.0", lineage, serial, target, last_run, run_died, interfaces })
}

/// One record, and what is known of it beside.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// What it was asked for by.
    pub address: &'a Address,
    /// What is recorded.
    pub record: &'a Record,
    /// What it is recorded as, where that is another name.
    pub renamed_from: Option<&'a Address>,
    /// The run that died and has no end yet, where there is one.
    pub dead: Option<&'a RunId>,
}

/// Returns the run that has left a record as it is and died, where its end is not recorded yet.
pub(crate) fn left_by<'a>(record: &Record, dead: Option<&'a RunId>) -> Option<&'a RunId> {
    dead.filter(|dead| record.last_action.as_ref().is_some_and(|last| last.run_id == **dead))
}

/// Writes one record as one JSON document, on one line.
pub fn show_document<W: Write + ?Sized>(out: &mut W, shown: &Shown<'_>) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        format_version: &'static str,
        address: &'a Address,
        #[serde(skip_serializing_if = "Option::is_none")]
        renamed_from: Option<&'a Address>,
        #[serde(skip_serializing_if = "Option::is_none")]
        run_died: Option<&'a RunId>,
        record: &'a Record,
    }
    let Shown { address, record, renamed_from, dead } = *shown;
    let run_died = left_by(record, dead);
    json::line(out, &Document { format_version: "1.0", address, renamed_from, run_died, record })
}

/// Writes one record.
pub fn show<W: Write + ?Sized>(out: &mut W, shown: &Shown<'_>, zone: &Zone, view: View) -> io::Result<()> {
    let Shown { address, record, renamed_from, dead } = *shown;
    let mut screen = Screen::new(out, view);
    screen.line(&Line::at(0).with(Tone::Strong, format!("# {address}:")))?;
    screen.line(&Line::at(0).text(format!("router_interface \"{address}\" {{")))?;
    let mut rows = vec![
        ("id", record.id.to_string()),
        ("region", record.scope.to_string()),
        ("declared", record.declared.as_ref().map_or_else(|| "never".to_owned(), DesiredStatus::to_string)),
        ("observed", observed(&record.observed, zone)),
    ];
    rows.extend(renamed_from.map(|from| ("renamed", format!("from {from}"))));
    rows.extend(record.group.as_ref().map(|group| ("group", group.to_string())));
    if record.protected {
        rows.push(("protected", "true".to_owned()));
    }
    if let Some(last) = &record.last_action {
        rows.push(("action", last.action.to_string()));
        rows.push((
            "request",
            last.request_id
                .as_ref()
                .map_or_else(|| "none of an answer that accepted it".to_owned(), ToString::to_string),
        ));
        rows.push(("outcome", outcome(last, zone)));
        rows.push(("when", format!("{} to {}", zone.stamp(last.started_at), zone.stamp(last.finished_at))));
        rows.push(("run", last.run_id.to_string()));
    }
    rows.extend(left_by(record, dead).map(|dead| ("died", died(dead))));
    rows.extend(record.change_id.as_ref().map(|change| ("change", change.to_string())));
    let back = record.taken_back.as_ref();
    rows.extend(back.map(|back| ("back", format!("run {} was taken back by {}", back.run, back.by))));
    for (label, value) in rows {
        screen.line(&Line::at(4).hang(8).text(format!("{label:<9} = {value}")))?;
    }
    screen.line(&Line::at(0).text("}"))
}

/// Returns how the last call of an interface ended, in words.
pub(crate) fn outcome(last: &LastAction, zone: &Zone) -> String {
    let found = last.found.as_ref().map_or("nothing", Status::as_str);
    let words = match last.outcome {
        None => "in progress".into(),
        Some(Outcome::Done) => "done".into(),
        Some(Outcome::Already) => "already".into(),
        Some(Outcome::DoneUnknown) => format!("unknown, found {found}"),
        Some(Outcome::InDoubt) if last.found.is_none() => "in doubt: nobody has looked since".into(),
        Some(Outcome::InDoubt) => format!("in doubt, found {found}"),
        Some(Outcome::Unsettled) => format!("not settled, found {found}"),
        Some(Outcome::Moved) if matches!(last.because, Some(StepReason::ChangeOver { .. })) => "too late".into(),
        Some(Outcome::Moved) => format!("moved, found {found}"),
        Some(Outcome::Failed) => "refused".into(),
        Some(Outcome::Guarded) => "held back".into(),
        Some(Outcome::Skipped) => "skipped".into(),
        Some(Outcome::NotStarted) => "not started".into(),
    };
    match &last.because {
        Some(reason) => format!("{words}: {}", step_reason(reason, zone)),
        None => words,
    }
}

#[cfg(test)]
mod tests;
