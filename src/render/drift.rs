//! Drift as text and JSON: for each interface that is not where it was, the spec, the last apply and the live status.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::plan::document::WarningLine;
use super::text::page::Steps;
use super::text::{self, Line, Screen, Tone, View};
use super::words::next::Given;
use super::{json, page};
use crate::drift::{Drift, DriftItem, Unmanaged};
use crate::plan::GroupHealth;
use crate::resource::{GroupName, ScopeFailure, Target};

/// The version of the drift document.
const FORMAT_VERSION: &str = "1.0";

/// Writes what drifted as text.
pub fn text<W: Write + ?Sized>(out: &mut W, drift: &Drift, given: &Given, view: View) -> io::Result<()> {
    text::page::page(out, &page::drift::page(drift, given), Steps::Brief, view)
}

/// Writes that a spec could not be checked, where others could.
pub fn unchecked<W: Write + ?Sized>(out: &mut W, error: &str, view: View) -> io::Result<()> {
    let mut screen = Screen::new(out, view);
    screen.line(&Line::at(0).hang(4).with(Tone::Bad, "Not checked: ").text(error))
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
    /// The moment that it is of, where `--at` gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<jiff::Timestamp>,
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
    /// What is live and no spec declares; only with `--unmanaged`.
    #[serde(skip_serializing_if = "Option::is_none")]
    unmanaged: Option<&'a [Unmanaged]>,
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
            at: drift.at,
            target: &drift.target,
            drifted: drift.has_moved(),
            checked: drift.checked(),
            items: items(drift),
            groups: &drift.groups,
            failures: &drift.failures,
            warnings: drift.warnings.iter().map(|warning| WarningLine::of(warning, &drift.time_zone)).collect(),
            unmanaged: drift.unmanaged.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests;
