//! What stays up without some links, as text and JSON.

use std::io::{self, Write};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use super::text::{Line, Screen, Tone, View};
use super::words::overview as words;
use crate::overview::GroupWithout;
use crate::plan::GroupHealth;

/// The version of the document.
const FORMAT_VERSION: &str = "1.0";

/// Writes what becomes of the groups that are touched, and whether one falls.
pub fn text<W: Write + ?Sized>(out: &mut W, groups: &[GroupWithout], view: View) -> io::Result<()> {
    let mut screen = Screen::new(out, view);
    let touched = || groups.iter().filter(|group| group.is_touched);
    for group in touched() {
        let (tone, mark) = match (group.falls(), group.then.is_unknown() || group.then.spare == Some(0)) {
            (true, _) => (Tone::Bad, "! "),
            (false, true) => (Tone::Change, "- "),
            (false, false) => (Tone::Good, ""),
        };
        let line = if mark.is_empty() { Line::at(2) } else { Line::at(0).with(tone, mark) };
        let line = line.hang(4).with(Tone::Strong, group.now.name.to_string());
        screen.line(&line.with(tone, format!(": {}", words::without(group))))?;
    }
    let (tone, says) = match (touched().filter(|group| group.falls()).count(), touched().count()) {
        (0, 0) => (Tone::Good, "No group holds any of these.".to_owned()),
        (0, _) if touched().any(|group| group.then.is_unknown()) => {
            (Tone::Bad, "No group is known to fall, and not everything could be read.".to_owned())
        }
        (0, _) => (Tone::Good, "No group would fall.".to_owned()),
        (1, _) => (Tone::Bad, "1 group would fall.".to_owned()),
        (more, _) => (Tone::Bad, format!("{more} groups would fall.")),
    };
    screen.line(&Line::at(0).with(tone, says))
}

/// Writes the same as one JSON document, on one line: every group that was read, touched or not.
pub fn document<W: Write + ?Sized>(
    out: &mut W,
    spec: &str,
    timestamp: Timestamp,
    groups: &[GroupWithout],
) -> io::Result<()> {
    json::line(
        out,
        &Document {
            format_version: FORMAT_VERSION,
            rictl_version: env!("CARGO_PKG_VERSION"),
            spec,
            timestamp,
            falls: groups.iter().any(GroupWithout::falls),
            groups: groups.iter().filter(|group| group.is_touched).map(GroupLine::from).collect(),
        },
    )
}

/// The keys of the document.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "rictl whatif")]
pub(super) struct Document<'a> {
    /// The version of the format.
    format_version: &'static str,
    /// The rictl that looked.
    rictl_version: &'static str,
    /// The spec, as the user named it.
    spec: &'a str,
    /// When the cloud was read.
    timestamp: Timestamp,
    /// A group would fall: exit code 3.
    falls: bool,
    /// How every group stands, and how it would, by name.
    groups: Vec<GroupLine<'a>>,
}

/// One group.
#[derive(Serialize, JsonSchema)]
struct GroupLine<'a> {
    /// How it stands.
    #[serde(flatten)]
    now: &'a GroupHealth,
    /// How many of its links would be up; null where nobody knows.
    up_after: Option<u32>,
    /// How many more could go down then.
    spare_after: Option<i64>,
    /// It would be below its floor, or with nothing up, for want of what is taken away.
    falls: bool,
}

impl<'a> From<&'a GroupWithout> for GroupLine<'a> {
    fn from(group: &'a GroupWithout) -> Self {
        Self { now: &group.now, up_after: group.then.up, spare_after: group.then.spare, falls: group.falls() }
    }
}
