//! Drift as text and JSON: for each interface that is not where it was, the spec, the last apply and the live status.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use super::plan::document::WarningLine;
use super::text::{Line, Screen, Tone, View};
use super::words::plan::{Said, group as words_of_group, warning};
use crate::drift::{Drift, DriftCause, DriftItem};
use crate::plan::{ActionReason, GroupHealth};
use crate::resource::{DesiredStatus, GroupName, ScopeFailure, Status, Target};

/// The version of the drift document.
const FORMAT_VERSION: &str = "1.0";

/// Writes what drifted as text; every item, since a finding that is folded away is not found.
pub fn text<W: Write + ?Sized>(out: &mut W, drift: &Drift, view: View) -> io::Result<()> {
    let mut screen = Screen::new(out, view);
    screen.line(&Line::at(0).with(Tone::Strong, "Target: ").text(drift.target.to_string()))?;
    screen.blank()?;
    for item in &drift.items {
        let (tone, symbol) = mark(item.cause);
        let head = Line::at(0).hang(4).with(tone, symbol).with(Tone::Strong, item.address.as_str());
        let since = item.since.map(|since| format!(" since {since:.0}")).unwrap_or_default();
        let moving = if item.cause == DriftCause::InTransition { since.as_str() } else { "" };
        let cause = format!(": {}{moving}", words(item.cause));
        screen.line(&head.with(tone, cause).text(format!(" ({} in {})", item.id, item.scope)))?;
        screen.line(&Line::at(4).text(format!(
            "spec {}, last applied {}, live {}{since}",
            item.spec,
            last_applied(item),
            live(item)
        )))?;
        if let Some(note) = note(item) {
            let tone = if item.hands_off_expired { Tone::Bad } else { Tone::Faint };
            screen.line(&Line::at(4).with(tone, note))?;
        }
    }
    for group in drift.groups.iter().filter(|group| group.is_finding() || group.is_unknown()) {
        let tone = if group.is_finding() { Tone::Bad } else { Tone::Change };
        screen.line(&Line::at(0).hang(2).with(tone, "Group ").text(words_of_group(group)))?;
    }
    for Said { summary, detail } in drift.warnings.iter().map(warning) {
        let text = format!("{summary}{}", detail.map(|detail| format!(" ({detail})")).unwrap_or_default());
        screen.line(&Line::at(0).hang(2).with(Tone::Bad, "Warning: ").text(text))?;
    }
    for failure in &drift.failures {
        let text = format!("cannot read {}: {}", failure.scope, failure.detail);
        screen.line(&Line::at(0).hang(2).with(Tone::Bad, "Error: ").text(text))?;
    }
    let is_quiet = drift.groups.iter().all(|group| !group.is_finding() && !group.is_unknown());
    if !(is_quiet && drift.items.is_empty() && drift.failures.is_empty() && drift.warnings.is_empty()) {
        screen.blank()?;
    }
    let tone = if drift.has_moved() { Tone::Change } else { Tone::Good };
    screen.line(&Line::at(0).with(tone, verdict(drift)))
}

/// Writes what drifted as one JSON document, on one line.
pub fn document<W: Write + ?Sized>(out: &mut W, drift: &Drift) -> io::Result<()> {
    json::line(out, &Document::from(drift))
}

/// The keys of the drift document.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "rictl drift")]
pub(super) struct Document<'a> {
    /// The version of the format.
    format_version: &'static str,
    /// The rictl that looked.
    rictl_version: &'static str,
    /// The spec that was checked, as the user named it.
    spec: &'a str,
    /// When the cloud was read.
    timestamp: jiff::Timestamp,
    /// Whose interfaces.
    target: &'a Target,
    /// Something moved: exit code 2.
    drifted: bool,
    /// How many interfaces were compared.
    checked: usize,
    /// What is not where it was, by address, then the groups that are below their floor or DOWN, by name.
    items: Vec<ItemLine<'a>>,
    /// How every group stands, by name.
    groups: &'a [GroupHealth],
    /// The regions that could not be read.
    failures: &'a [ScopeFailure],
    /// What is to be looked at although it may not have moved.
    warnings: Vec<WarningLine<'a>>,
}

/// What is not where it should be.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "DriftFinding")]
enum ItemLine<'a> {
    /// An interface.
    Interface(&'a DriftItem),
    /// A group below its floor, or with nothing up.
    Group {
        /// The group.
        group: &'a GroupName,
        /// Why it is listed.
        cause: GroupCause,
    },
}

/// The cause of an item that is a group.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum GroupCause {
    /// It is below its floor, or DOWN.
    Group,
}

fn items(drift: &Drift) -> Vec<ItemLine<'_>> {
    let interfaces = drift.items.iter().map(ItemLine::Interface);
    let groups = drift.broken_groups().map(|group| ItemLine::Group { group: &group.name, cause: GroupCause::Group });
    interfaces.chain(groups).collect()
}

impl<'a> From<&'a Drift> for Document<'a> {
    fn from(drift: &'a Drift) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            rictl_version: env!("CARGO_PKG_VERSION"),
            spec: &drift.spec,
            timestamp: drift.timestamp,
            target: &drift.target,
            drifted: drift.has_moved(),
            checked: drift.checked,
            items: items(drift),
            groups: &drift.groups,
            failures: &drift.failures,
            warnings: drift.warnings.iter().map(WarningLine::of).collect(),
        }
    }
}

/// Returns the sentence that says it all.
pub(crate) fn verdict(drift: &Drift) -> String {
    let count = |cause| drift.items.iter().filter(|item| item.cause == cause).count();
    let (moving, known) = (count(DriftCause::InTransition), count(DriftCause::HandsOff));
    let moved = drift.findings().count();
    let unread = if drift.failures.is_empty() { "" } else { "; not everything could be read" };
    let rest = match (moving, known) {
        (0, 0) => String::new(),
        _ => format!(" ({moving} in transition, {known} known and left alone)"),
    };
    let groups = drift.broken_groups().count();
    let broken = match groups {
        0 => String::new(),
        1 => "; 1 group below its floor or down".to_owned(),
        more => format!("; {more} groups below their floor or down"),
    };
    if moved == 0 && groups == 0 {
        format!("No drift: {} checked{rest}{unread}.", drift.checked)
    } else {
        format!("Drift: {moved} of {} moved{rest}{broken}{unread}.", drift.checked)
    }
}

/// Returns a cause in words.
pub(crate) fn words(cause: DriftCause) -> &'static str {
    match cause {
        DriftCause::Differs(ActionReason::SpecChanged) => "spec changed",
        DriftCause::Differs(ActionReason::Drift) => "drifted",
        DriftCause::Differs(ActionReason::Both) => "spec changed and drifted",
        DriftCause::Differs(ActionReason::New) => "never applied",
        DriftCause::InTransition => "in transition",
        DriftCause::HandsOff => "left alone (hands off)",
    }
}

/// Returns what was last applied, in words.
pub(crate) fn last_applied(item: &DriftItem) -> String {
    item.last_applied.as_ref().map_or_else(|| "never".to_owned(), DesiredStatus::to_string)
}

/// Returns what is live, in words.
pub(crate) fn live(item: &DriftItem) -> &str {
    item.live.as_ref().map_or("absent", Status::as_str)
}

/// Returns what else is to be said of an item.
pub(crate) fn note(item: &DriftItem) -> Option<String> {
    let reason = item.reason.as_deref();
    match item.hands_off_until {
        Some(until) => {
            let stands = if item.hands_off_expired { "its hands_off ran out on" } else { "until" };
            Some(format!("{stands} {until}: {}", reason.unwrap_or("no reason given")))
        }
        None => reason.map(str::to_owned),
    }
}

fn mark(cause: DriftCause) -> (Tone, &'static str) {
    match cause {
        DriftCause::InTransition => (Tone::Wait, "<= "),
        DriftCause::HandsOff => (Tone::Faint, "=  "),
        DriftCause::Differs(_) => (Tone::Change, "~  "),
    }
}

#[cfg(test)]
mod tests;
