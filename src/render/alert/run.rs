//! Messages about a run: that it begins, that it awaits confirmation, how it ended.

use std::io;

use jiff::Timestamp;

use super::{NAME, shown};
use crate::journal::Operation;
use crate::plan::{About, Plan};
use crate::render::events;
use crate::render::page::plan::by_address;
use crate::render::words::groups::worrying;
use crate::render::words::plan::intention_of;
use crate::render::words::report::{self as words, last_line, outcome_line, reasons};
use crate::render::words::{confirmation, run};
use crate::robot::Message;
use crate::run::{Event, Report};
use crate::state::{Awaiting, RunId};

/// Says that a run begins.
pub fn begins(plan: &Plan, spec: &str, run_id: &RunId, (at, event): (Timestamp, &Event)) -> io::Result<Message> {
    let verb =
        if plan.about == About::WayBack { words::verb(Operation::Rollback) } else { words::verb(Operation::Apply) };
    let mut document = Vec::new();
    events::Events::new(plan).event(&mut document, at, event)?;
    let lines = by_address(&plan.steps).into_iter().map(|(address, steps)| {
        let why = plan.change(address).and_then(|change| change.reason.clone());
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        shown(&format!("{address} {}{why}", intention_of(address, &steps, plan)))
    });
    let lines = lines.collect();
    let head = shown(&format!("{NAME} {verb} of {spec} begins: {}, run {run_id}", plan.target));
    Ok(Message { head, lines, document })
}

/// Says that a run awaits confirmation; `keep` and `back` are the commands that decide.
pub fn awaits(
    (plan, spec): (&Plan, &str),
    awaiting: &Awaiting,
    (keep, back): (&str, &str),
    at: Timestamp,
) -> io::Result<Message> {
    let (run_id, until): (&RunId, Timestamp) = (&awaiting.run_id, awaiting.deadline.until);
    let mut document = Vec::new();
    events::awaiting(&mut document, at, run_id, until)?;
    let says = confirmation::awaits(until, &plan.time_zone);
    let head = shown(&format!("{NAME} apply of {spec}: {says}, run {run_id}"));
    let lines = vec![shown(&format!("{keep} keeps it, {back} takes it back; so does silence."))];
    Ok(Message { head, lines, document })
}

/// Says how a run has ended.
pub fn ends(report: &Report, spec: &str, at: Timestamp) -> io::Result<Message> {
    let mut document = Vec::new();
    events::finished(&mut document, at, report)?;
    // The line before the last is of Terraform's.
    let last = document.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let document = [last, b"\n"].concat();
    let verb = words::verb(report.operation);
    let head = format!("{NAME} {verb} of {spec} has ended: {}, run {}", outcome_line(report), report.run_id);
    let groups = worrying(&report.groups).into_iter().map(|group| format!("group {}: {}", group.name, group.says));
    let why = reasons(report).map(|reason| run::reason_line(reason, &report.time_zone));
    let lines = groups.chain(why).chain([last_line(report)]).map(|line| shown(&line)).collect();
    Ok(Message { head: shown(&head), lines, document })
}
