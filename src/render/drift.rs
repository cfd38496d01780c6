//! Drift as text and JSON: for each interface that is not where it was, the spec, the last apply and the live status.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use super::plan::document::WarningLine;
use super::text::{Line, Screen, Tone, View};
use super::words::drift::{cause, last_applied, live, note, verdict};
use super::words::plan::{Said, warning};
use crate::drift::{Drift, DriftCause, DriftItem};
use crate::resource::{ScopeFailure, Target};

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
        let told = format!(": {}{moving}", cause(item.cause));
        screen.line(&head.with(tone, told).text(format!(" ({} in {})", item.id, item.scope)))?;
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
    for Said { summary, detail } in drift.warnings.iter().map(warning) {
        let text = format!("{summary}{}", detail.map(|detail| format!(" ({detail})")).unwrap_or_default());
        screen.line(&Line::at(0).hang(2).with(Tone::Bad, "Warning: ").text(text))?;
    }
    for failure in &drift.failures {
        let text = format!("cannot read {}: {}", failure.scope, failure.detail);
        screen.line(&Line::at(0).hang(2).with(Tone::Bad, "Error: ").text(text))?;
    }
    if !(drift.items.is_empty() && drift.failures.is_empty() && drift.warnings.is_empty()) {
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
    /// What is not where it was, by address.
    items: &'a [DriftItem],
    /// The regions that could not be read.
    failures: &'a [ScopeFailure],
    /// What is to be looked at although it may not have moved.
    warnings: Vec<WarningLine<'a>>,
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
            items: &drift.items,
            failures: &drift.failures,
            warnings: drift.warnings.iter().map(WarningLine::of).collect(),
        }
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
