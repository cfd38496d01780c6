//! The plan on one screen: target, drift, one block per change, order, what cannot be had, the summary.
//!
//! The words are Terraform's where Terraform has some. Large plans are folded; the document has everything.

pub(super) mod document;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::json;
use super::text::{Line, Screen, Tone, View, and_more, listed};
use super::words::plan as words;
use crate::cloud::Call;
use crate::plan::{self, Action, ActionReason, Plan, ResourceChange, RolloutPlan, Step, Summary, Values};
use crate::resource::Address;

/// The most blocks, or lines of a list, that are shown before the rest is only counted.
const SHOWN: usize = 20;

/// The most waves, and the most steps of a wave, that are shown.
const SHOWN_WAVES: usize = 8;

/// Writes the plan as text.
pub fn text<W: Write + ?Sized>(out: &mut W, plan: &Plan, view: View) -> io::Result<()> {
    let mut screen = Screen::new(out, view);
    screen.line(&Line::at(0).with(Tone::Strong, "Target: ").text(plan.target.to_string()))?;
    drifted(&mut screen, plan)?;
    changes(&mut screen, plan)?;
    order(&mut screen, plan)?;
    blocked(&mut screen, plan)?;
    left_alone(&mut screen, plan)?;
    groups(&mut screen, plan)?;
    remarks(&mut screen, plan)?;
    screen.blank()?;
    if plan.is_empty() && plan.is_complete() {
        return screen.unwrapped(
            &Line::at(0).with(Tone::Good, "No changes.").text(" Your infrastructure matches the configuration."),
        );
    }
    screen.unwrapped(&Line::at(0).with(Tone::Faint, format!("Digest: {}", plan.digest())))?;
    let summary = plan.summary();
    screen.unwrapped(&Line::at(0).with(Tone::Strong, "Plan:").text(plan_line(summary).split_off("Plan:".len())))?;
    screen.unwrapped(&Line::at(0).text(counts_line(summary)))
}

/// Writes the document, on one line.
pub fn document<W: Write + ?Sized>(out: &mut W, plan: &Plan) -> io::Result<()> {
    json::line(out, &document::Document::of(plan))
}

/// Returns the document on one line, without a line end.
pub fn to_json(plan: &Plan) -> String {
    serde_json::to_string(&document::Document::of(plan)).expect("a plan has only string keys and finite numbers")
}

/// Returns the file that `--out` saves: the document with its checksum, and a line end.
pub fn to_file(plan: &Plan) -> String {
    plan::seal(to_json(plan))
}

/// Returns Terraform's summary line, byte for byte.
pub(crate) fn plan_line(summary: Summary) -> String {
    format!("Plan: 0 to add, {} to change, 0 to destroy.", summary.to_change)
}

/// Returns our own line, which follows it.
pub(crate) fn counts_line(summary: Summary) -> String {
    let Summary { to_deactivate, to_activate, to_wait_for, blocked, .. } = summary;
    format!("{to_deactivate} to deactivate, {to_activate} to activate, {to_wait_for} to wait for; {blocked} blocked.")
}

/// Returns what an interface's steps amount to, e.g. `will be deactivated`.
pub(crate) fn intention(steps: &[&Step]) -> &'static str {
    let has = |action| steps.iter().any(|step| step.action == action);
    match (has(Action::Wait), has(Action::Call(Call::Activate)), has(Action::Call(Call::Deactivate))) {
        (false, true, _) => "will be activated",
        (false, false, _) => "will be deactivated",
        (true, true, _) => "will be waited for, then activated",
        (true, false, true) => "will be waited for, then deactivated",
        (true, false, false) => "will be waited for",
    }
}

/// Returns why an interface changes, in words.
pub(crate) fn because(reason: ActionReason) -> &'static str {
    match reason {
        ActionReason::SpecChanged => "spec changed",
        ActionReason::Drift => "drift",
        ActionReason::Both => "spec changed and drift",
        ActionReason::New => "never applied before",
    }
}

/// Groups the steps by interface, interfaces in the order of their first steps.
pub(crate) fn by_address(steps: &[Step]) -> Vec<(&Address, Vec<&Step>)> {
    let mut index: BTreeMap<&Address, usize> = BTreeMap::new();
    let mut groups: Vec<(&Address, Vec<&Step>)> = Vec::new();
    for step in steps {
        let at = *index.entry(&step.address).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, group)) => group.push(step),
            None => groups.push((&step.address, vec![step])),
        }
    }
    groups
}

/// Returns the steps' names by wave.
pub(crate) fn waves(plan: &Plan) -> BTreeMap<u32, Vec<&str>> {
    let mut waves: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for step in &plan.steps {
        waves.entry(step.wave).or_default().push(&step.id.0);
    }
    waves
}

/// Returns a status as Terraform quotes it.
pub(crate) fn quoted(values: Option<&Values>) -> String {
    values.map_or_else(|| "absent".to_owned(), |values| format!("\"{}\"", values.status))
}

fn drifted<W: Write + ?Sized>(screen: &mut Screen<'_, W>, plan: &Plan) -> io::Result<()> {
    if plan.resource_drift.is_empty() {
        return Ok(());
    }
    screen.blank()?;
    screen.line(&Line::at(0).with(Tone::Wait, "Note: ").with(Tone::Strong, "Objects have changed outside of rictl"))?;
    for drift in plan.resource_drift.iter().take(SHOWN) {
        let (before, after) = (quoted(drift.change.before.as_ref()), quoted(drift.change.after.as_ref()));
        let since = drift.since.map(|since| format!(" since {since:.0}")).unwrap_or_default();
        let line = Line::at(2).with(Tone::Change, "~ ").text(format!("{}: ", drift.address));
        screen.line(&line.hang(4).text(format!("was {before} when last applied, is {after}{since}")))?;
    }
    more(screen, plan.resource_drift.len(), "drifted")
}

fn changes<W: Write + ?Sized>(screen: &mut Screen<'_, W>, plan: &Plan) -> io::Result<()> {
    let groups = by_address(&plan.steps);
    if groups.is_empty() {
        return Ok(());
    }
    screen.blank()?;
    screen.line(&Line::at(0).text("rictl will perform the following actions:"))?;
    for (address, steps) in groups.iter().take(SHOWN) {
        block(screen, address, steps, plan.change(address))?;
    }
    more(screen, groups.len(), "to do")
}

fn block<W: Write + ?Sized>(
    screen: &mut Screen<'_, W>,
    address: &Address,
    steps: &[&Step],
    change: Option<&ResourceChange>,
) -> io::Result<()> {
    let calls = steps.iter().any(|step| step.action != Action::Wait);
    let (tone, indent, symbol) = if calls { (Tone::Change, 2, "~ ") } else { (Tone::Wait, 1, "<= ") };
    let mut notes = Vec::new();
    notes.extend(change.and_then(|change| change.action_reason).map(|reason| because(reason).to_owned()));
    notes.extend(change.and_then(|change| change.reason.clone()));
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
    screen.blank()?;
    let head = Line::at(2).hang(4).with(Tone::Strong, format!("# {address}"));
    screen.line(&head.text(format!(" {}{notes}", intention(steps))))?;
    let open = format!("router_interface \"{address}\" {{");
    screen.line(&Line::at(indent).with(tone, symbol).text(open))?;
    if let Some(first) = steps.first() {
        screen.line(&Line::at(8).text(format!("id     = \"{}\" ({})", first.interface_id, first.scope)))?;
    }
    screen.line(&path(Line::at(6).hang(10).with(tone, "~ ").text("status = "), steps, tone))?;
    if let Some(change) = change
        && let (Some(since), Some(before)) = (change.since, &change.change.before)
        && before.status.is_transitional()
    {
        let note = format!("# {}, in transition since {since:.0}", before.status);
        screen.line(&Line::at(8).hang(10).with(Tone::Wait, note))?;
    }
    let guards: BTreeSet<_> = steps.iter().flat_map(|step| &step.guards).collect();
    for guard in guards {
        screen.line(&Line::at(8).hang(10).with(Tone::Faint, format!("# guard: {}", words::guard(guard))))?;
    }
    screen.line(&Line::at(4).text("}"))
}

/// Writes the statuses that the steps lead through: `"Deactivating" -> "Inactive" -> "Active"`.
fn path<'a>(line: Line<'a>, steps: &[&Step], tone: Tone) -> Line<'a> {
    let mut line = line;
    if let Some(first) = steps.first() {
        line = line.text(format!("\"{}\"", first.expect));
    }
    steps.iter().fold(line, |line, step| line.with(tone, " -> ").text(format!("\"{}\"", step.goal)))
}

fn order<W: Write + ?Sized>(screen: &mut Screen<'_, W>, plan: &Plan) -> io::Result<()> {
    if plan.steps.len() < 2 {
        return Ok(());
    }
    let waves = waves(plan);
    screen.blank()?;
    screen.line(&Line::at(0).with(Tone::Strong, "Order:"))?;
    for (wave, steps) in waves.iter().take(SHOWN_WAVES) {
        let names = listed(steps, SHOWN_WAVES, screen.view().ellipsis());
        screen.line(&Line::at(2).hang(10).text(format!("wave {wave}: {names}")))?;
    }
    if let Some(text) = and_more(waves.len().saturating_sub(SHOWN_WAVES), "waves", screen.view().ellipsis()) {
        screen.line(&Line::at(2).with(Tone::Faint, text))?;
    }
    match &plan.rollout {
        Some(rollout) => screen.line(&Line::at(2).hang(4).text(rollout_words(rollout))),
        None => Ok(()),
    }
}

/// Returns what stands between two waves, in words.
pub(crate) fn rollout_words(rollout: &RolloutPlan) -> String {
    let pause = super::duration(std::time::Duration::from_millis(rollout.pause_ms));
    match &rollout.check {
        Some(check) => format!("between waves: {pause} pause, then this must succeed: {}", check.join(" ")),
        None => format!("between waves: {pause} pause"),
    }
}

fn blocked<W: Write + ?Sized>(screen: &mut Screen<'_, W>, plan: &Plan) -> io::Result<()> {
    if plan.blocked.is_empty() {
        return Ok(());
    }
    screen.blank()?;
    screen.line(&Line::at(0).with(Tone::Strong, "Blocked:"))?;
    // A cap blocks everything with the same words: they are said once.
    let details: Vec<String> = plan.blocked.iter().map(|blocked| words::blocked(plan, blocked)).collect();
    let alike: Vec<Vec<(&plan::Blocked, &String)>> = std::iter::zip(&plan.blocked, &details)
        .collect::<Vec<_>>()
        .chunk_by(|(one, detail), (next, other)| one.code() == next.code() && detail == other)
        .map(<[_]>::to_vec)
        .collect();
    for blocked in alike.iter().take(SHOWN) {
        let addresses: Vec<&str> = blocked.iter().map(|(blocked, _)| blocked.address.as_str()).collect();
        let addresses = listed(&addresses, SHOWN, screen.view().ellipsis());
        let line = Line::at(2).hang(4).with(Tone::Bad, "! ").with(Tone::Strong, addresses);
        let (first, detail) = blocked[0];
        screen.line(&line.text(": ").with(Tone::Bad, first.code().as_str()).text(format!(": {detail}")))?;
    }
    more(screen, alike.len(), "blocked")
}

fn left_alone<W: Write + ?Sized>(screen: &mut Screen<'_, W>, plan: &Plan) -> io::Result<()> {
    if plan.left_alone.is_empty() {
        return Ok(());
    }
    screen.blank()?;
    screen.line(&Line::at(0).with(Tone::Strong, "Left alone:"))?;
    for left in plan.left_alone.iter().take(SHOWN) {
        let line = Line::at(2).hang(4).with(Tone::Faint, "= ").with(Tone::Strong, left.address.as_str());
        let (code, detail) = (left.reason.code().as_str(), words::left_alone(plan, left));
        screen.line(&line.text(": ").with(Tone::Faint, code).text(format!(": {detail}")))?;
    }
    more(screen, plan.left_alone.len(), "left alone")
}

fn groups<W: Write + ?Sized>(screen: &mut Screen<'_, W>, plan: &Plan) -> io::Result<()> {
    let groups = words::groups(plan);
    if groups.is_empty() {
        return Ok(());
    }
    screen.blank()?;
    screen.line(&Line::at(0).with(Tone::Strong, "Groups:"))?;
    for (is_finding, text) in groups.iter().take(SHOWN) {
        let (tone, mark) = if *is_finding { (Tone::Bad, "! ") } else { (Tone::Change, "  ") };
        screen.line(&Line::at(2).hang(4).with(tone, mark).text(text.as_str()))?;
    }
    more(screen, groups.len(), "groups")
}

fn remarks<W: Write + ?Sized>(screen: &mut Screen<'_, W>, plan: &Plan) -> io::Result<()> {
    let mut remarks: Vec<(Tone, &str, String)> = Vec::new();
    for doubt in &plan.doubts {
        let text =
            format!("{} of run {}: {}; the next apply settles it first", doubt.step, doubt.run_id, words::doubt(doubt));
        remarks.push((Tone::Change, "In doubt: ", text));
    }
    for failure in &plan.failures {
        remarks.push((Tone::Bad, "Error: ", format!("cannot read {}: {}", failure.scope, failure.detail)));
    }
    for warning in &plan.warnings {
        let words::Said { summary, detail } = words::warning(warning);
        let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
        remarks.push((Tone::Change, "Warning: ", format!("{summary}{detail}")));
    }
    if !remarks.is_empty() {
        screen.blank()?;
    }
    for (tone, label, text) in remarks.iter().take(SHOWN) {
        screen.line(&Line::at(0).hang(2).with(*tone, *label).text(text.as_str()))?;
    }
    more(screen, remarks.len(), "remarks")
}

/// Counts what was folded away.
fn more<W: Write + ?Sized>(screen: &mut Screen<'_, W>, total: usize, what: &str) -> io::Result<()> {
    match and_more(total.saturating_sub(SHOWN), what, screen.view().ellipsis()) {
        Some(text) => screen.line(&Line::at(2).with(Tone::Faint, text).with(Tone::Faint, " (--json has all)")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
