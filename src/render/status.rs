//! Status as text and JSON: one line a group, one line a link, then what awaits, moves and lies ahead.

use std::io::{self, Write};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::frame::{self, Frame};
use super::json;
use super::text::{Line, Screen, Tone, View, and_more, columns_of};
use super::words::overview as words;
use super::words::plan as plan_words;
use crate::language::{self, say};
use crate::overview::{AtWork, Link, Moving, Overview, Unread};
use crate::plan::{Approval, GroupHealth, Traffic, TrafficHeard, Upcoming};
use crate::resource::{GroupName, Target};
use crate::state::{Awaiting, RunId};

/// The version of the document.
const FORMAT_VERSION: &str = "1.0";

/// How many links have a line each where nobody has chosen some.
const MOST_LINKS: usize = 40;

/// Which links have a line of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All, unless there are too many: then groups only.
    Unasked,
    /// All: somebody has chosen them.
    Selected,
}

/// Writes how everything stands as text.
pub fn text<W: Write + ?Sized>(out: &mut W, overview: &Overview, extent: Extent, view: View) -> io::Result<()> {
    language::speak(view.language, || {
        let mut screen = Screen::new(out, view);
        lines(overview, extent).iter().try_for_each(|line| screen.line(line))
    })
}

/// How everything stands, drawn in place again and again.
#[derive(Debug, Default)]
pub struct Watch {
    frame: Frame,
}

impl Watch {
    /// Draws over what was drawn last, in at most `rows` rows.
    pub fn draw<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        (overview, extent): (&Overview, Extent),
        (view, rows): (View, u16),
    ) -> io::Result<()> {
        language::speak(view.language, || self.drawn(out, (overview, extent), (view, rows)))
    }

    fn drawn<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        (overview, extent): (&Overview, Extent),
        (view, rows): (View, u16),
    ) -> io::Result<()> {
        // The last column stays free: a terminal begins a new row when it is written.
        let view = View { width: view.width.saturating_sub(1).max(1), ..view };
        let fitted = fitted(lines(overview, extent), frame::room(rows), view)?;
        if fitted.is_empty() {
            let verdict = lines(overview, extent).pop();
            return self.frame.draw(out, verdict.as_slice(), View { width: view.width + 1, ..view });
        }
        let plain = text_of(&fitted, View { color: false, ..view })?;
        self.frame.show(out, text_of(&fitted, view)?, &plain, view.width + 1)
    }

    /// Leaves what was drawn, and draws below it from then on.
    pub fn leave(&mut self) {
        self.frame.leave();
    }

    /// Takes away what was drawn.
    pub fn clear<W: Write + ?Sized>(&mut self, out: &mut W, view: View) -> io::Result<()> {
        self.frame.clear(out, view.width)
    }
}

/// Returns the lines that fit into so many rows, wrapped as they are. What it comes to stands last, and is seen however low the
/// window; what is left out is counted.
fn fitted(mut lines: Vec<Line<'static>>, most: usize, view: View) -> io::Result<Vec<Line<'static>>> {
    let plain = View { color: false, ..view };
    let rows = |line: &Line<'_>| Ok::<_, io::Error>(text_of(std::slice::from_ref(line), plain)?.lines().count().max(1));
    let heights: Vec<usize> = lines.iter().map(rows).collect::<Result<_, _>>()?;
    if heights.iter().sum::<usize>() <= most {
        return Ok(lines);
    }
    let (Some(verdict), Some(last)) = (lines.pop(), heights.last()) else { return Ok(lines) };
    if *last + 1 > most {
        // Not even that fits.
        return Ok(Vec::new());
    }
    let room = most.saturating_sub(last + 1);
    let (mut taken, mut shown) = (0, 0);
    for height in &heights[..lines.len()] {
        if taken + height > room {
            break;
        }
        (taken, shown) = (taken + height, shown + 1);
    }
    let left_out = lines.len() - shown;
    lines.truncate(shown);
    let more = and_more(left_out, say!("lines"), view.ellipsis()).map(|text| Line::at(0).with(Tone::Faint, text));
    lines.extend(more.filter(|_| most > *last));
    lines.push(verdict);
    Ok(lines)
}

fn text_of(lines: &[Line<'_>], view: View) -> io::Result<String> {
    let mut text = Vec::new();
    let mut screen = Screen::new(&mut text, view);
    lines.iter().try_for_each(|line| screen.line(line))?;
    String::from_utf8(text).map_err(io::Error::other)
}

fn lines(overview: &Overview, extent: Extent) -> Vec<Line<'static>> {
    let mut lines = head(overview);
    lines.push(Line::at(0));
    let shows_links = extent == Extent::Selected || overview.links.len() <= MOST_LINKS;
    let widths = [
        overview.links.iter().map(|link| columns_of(&words::name(link))).max().unwrap_or(0),
        overview.links.iter().map(|link| columns_of(&words::standing(link))).max().unwrap_or(0),
    ];
    let rows = |group: Option<&GroupName>| {
        let links = overview.links.iter().filter(move |link| link.group.as_ref() == group);
        links.map(|link| row(link, overview, widths)).collect::<Vec<_>>()
    };
    // What is wrong comes first: it is what somebody looks for.
    let mut groups: Vec<&GroupHealth> = overview.groups.iter().collect();
    groups.sort_by_key(|group| (!group.is_finding(), !group.is_unknown()));
    for group in groups {
        lines.push(group_line(group, shows_links));
        if shows_links {
            lines.extend(rows(Some(&group.name)));
        }
    }
    let ungrouped: Vec<&Link> = overview.links.iter().filter(|link| link.group.is_none()).collect();
    if !ungrouped.is_empty() {
        let up = ungrouped.iter().filter(|link| link.up == Some(true)).count();
        let counts = say!(": {up} of {of} up", up, of = ungrouped.len());
        lines.push(Line::at(2).with(Tone::Strong, say!("no group")).text(counts));
        if shows_links {
            lines.extend(rows(None));
        }
    }
    lines.extend(traffic(overview, shows_links));
    lines.extend(below(overview));
    lines.push(Line::at(0));
    let is_well = overview.broken_groups().next().is_none() && overview.unread.is_empty();
    lines.push(Line::at(0).with(if is_well { Tone::Good } else { Tone::Bad }, words::verdict(overview)));
    lines
}

/// Says what interfaces carry, where somebody asked; above so many links in numbers only.
fn traffic(overview: &Overview, shows_links: bool) -> Vec<Line<'static>> {
    if overview.traffic.is_empty() {
        return Vec::new();
    }
    let lead = Line::at(0)
        .hang(4)
        .with(Tone::Strong, say!("Traffic"))
        .with(Tone::Faint, say!(" ({of}):", of = plan_words::traffic_is_of()));
    let mut lines = vec![Line::at(0), lead];
    let width = overview.traffic.iter().map(|heard| columns_of(heard.traffic.address.as_str())).max().unwrap_or(0);
    if shows_links {
        lines.extend(overview.traffic.iter().map(|TrafficHeard { traffic, .. }| {
            let says = plan_words::carried(traffic.in_bps, traffic.out_bps);
            Line::at(4).hang(8).cell(Tone::Plain, traffic.address.as_str(), width).text(says)
        }));
    } else {
        lines.push(
            Line::at(4).hang(8).text(plan_words::carried_by_all(overview.traffic.iter().map(|heard| &heard.traffic))),
        );
    }
    lines.extend(TrafficHeard::warning(&overview.traffic).map(|warning| {
        let plan_words::Said { summary, detail } = plan_words::warning(&warning, &overview.time_zone);
        let detail = detail.map(|detail| format!("{}{detail}", say!(": "))).unwrap_or_default();
        Line::at(0).hang(4).with(Tone::Change, say!("Warning: ")).text(format!("{summary}{detail}"))
    }));
    lines
}

fn head(overview: &Overview) -> Vec<Line<'static>> {
    let zone = &overview.time_zone;
    let fact = |label: &'static str, says: String| Line::at(0).hang(8).with(Tone::Strong, label).text(says);
    let version = env!("CARGO_PKG_VERSION");
    let read = format!("{}, {}, rictl {version}", overview.spec, zone.stamp(overview.timestamp));
    let mut lines = vec![fact(say!("Target: "), overview.target.to_string()), fact(say!("Spec:   "), read)];
    lines.extend(overview.at.map(|at| {
        let then = if at < overview.timestamp {
            say!("which is over")
        } else {
            say!("with what begins or ends before then taken as done")
        };
        fact(say!("As of:  "), format!("{}, {then}", zone.shown(at)))
    }));
    lines
}

fn group_line(group: &GroupHealth, shows_links: bool) -> Line<'static> {
    let (tone, mark) = match (group.is_finding(), group.is_unknown() || group.spare == Some(0)) {
        (true, _) => (Tone::Bad, "! "),
        (false, true) => (Tone::Change, "- "),
        (false, false) => (Tone::Good, ""),
    };
    let says = if shows_links { words::group(group) } else { words::group_and_members(group) };
    // What is well has no mark, and stands under the others.
    let line = if mark.is_empty() { Line::at(2) } else { Line::at(0).with(tone, mark) };
    line.hang(4).with(Tone::Strong, group.name.to_string()).with(tone, format!("{}{says}", say!(": ")))
}

fn row(link: &Link, overview: &Overview, [names, standings]: [usize; 2]) -> Line<'static> {
    let tone = match link.up {
        Some(true) => Tone::Good,
        Some(false) => Tone::Change,
        None => Tone::Bad,
    };
    let because = words::because(link, overview.moment(), &overview.time_zone);
    let line = Line::at(4).hang(8).cell(Tone::Plain, &words::name(link), names);
    if because.is_empty() {
        line.with(tone, words::standing(link))
    } else {
        line.cell(tone, &words::standing(link), standings).text(because)
    }
}

/// Says what stands below the groups: what awaits, who is at work, what moves, what lies ahead, what could not be read.
fn below(overview: &Overview) -> Vec<Line<'static>> {
    let awaiting =
        overview.awaiting.iter().map(|awaits| (Tone::Change, say!("Unconfirmed: "), words::awaits(awaits, overview)));
    let approved =
        overview.approvals.iter().map(|kept| (Tone::Plain, say!("Approved: "), words::approved(kept, overview)));
    let unusable = overview.unusable.iter().map(|why| (Tone::Bad, say!("Error: "), why.clone()));
    let at_work = overview.at_work.iter().map(|work| (Tone::Wait, say!("At work: "), words::at_work(work)));
    let moving = overview.in_transition.iter();
    let moving = moving.map(|moving| (Tone::Wait, say!("In transition: "), words::moving(moving, &overview.time_zone)));
    let ahead = words::ahead(overview).map(|says| (Tone::Plain, say!("Ahead: "), says));
    let unread = overview.unread.iter();
    let unread = unread.map(|unread| (Tone::Bad, say!("Error: "), words::unread(unread, overview.timestamp)));
    let said: Vec<_> =
        awaiting.chain(approved).chain(at_work).chain(moving).chain(ahead).chain(unusable).chain(unread).collect();
    let blank = (!said.is_empty()).then(|| Line::at(0));
    let lines = said.into_iter().map(|(tone, label, says)| Line::at(0).hang(4).with(tone, label).text(says));
    blank.into_iter().chain(lines).collect()
}

/// Writes how everything stands as one JSON document, on one line.
pub fn document<W: Write + ?Sized>(out: &mut W, overview: &Overview) -> io::Result<()> {
    json::line(out, &Printed::One(Box::new(Document::from(overview))))
}

/// Writes how the specs stand that were given, as one JSON document, on one line.
pub fn documents<W: Write + ?Sized>(out: &mut W, specs: &[Overview]) -> io::Result<()> {
    let specs = specs.iter().map(Document::from).collect();
    json::line(out, &Printed::Several { format_version: FORMAT_VERSION, specs })
}

/// The keys of the document.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "rictl status")]
pub(super) struct Document<'a> {
    /// The version of the format.
    format_version: &'static str,
    /// The rictl that looked.
    rictl_version: &'static str,
    /// The spec, as the user named it.
    spec: &'a str,
    /// When the cloud was read.
    timestamp: Timestamp,
    /// The moment that it is of, where `--at` gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    /// Whose interfaces.
    target: &'a Target,
    /// How every group stands, by name.
    groups: &'a [GroupHealth],
    /// Every link, by the address of its first end.
    links: &'a [Link],
    /// What awaits confirmation, or was not taken back whole, oldest first.
    awaiting: Vec<AwaitingLine<'a>>,
    /// What was approved and waits for its time, in its order.
    approvals: &'a [Approval],
    /// Why approvals that wait cannot be used, one text each; not there where all can.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unusable_approvals: &'a [String],
    /// What is on its way from one status to another, by address.
    in_transition: &'a [Moving],
    /// What begins and ends within 24 hours, in order.
    upcoming: &'a [Upcoming],
    /// Who is at work, if somebody is.
    at_work: Option<&'a AtWork>,
    /// The parts of the cloud that could not be read this time.
    failures: &'a [Unread],
    /// What interfaces carry; only with `--traffic`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    traffic: Vec<&'a Traffic>,
}

/// What is printed: of one spec its document, of several a list of them.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(title = "rictl status")]
pub(super) enum Printed<'a> {
    /// One spec was given.
    One(Box<Document<'a>>),
    /// Several were given.
    Several {
        /// The version of the format.
        format_version: &'static str,
        /// Each of them, but for those that could not be looked at.
        specs: Vec<Document<'a>>,
    },
}

/// A run that awaits confirmation, or was not taken back whole.
#[derive(Serialize, JsonSchema)]
struct AwaitingLine<'a> {
    /// The run.
    run_id: &'a RunId,
    /// Until when it can be confirmed.
    until: Timestamp,
    /// The way back that was begun and left something.
    left_by: Option<&'a RunId>,
}

impl<'a> From<&'a Overview> for Document<'a> {
    fn from(overview: &'a Overview) -> Self {
        let awaiting = |awaits: &'a Awaiting| AwaitingLine {
            run_id: &awaits.run_id,
            until: awaits.deadline.until,
            left_by: awaits.left_by.as_ref(),
        };
        Self {
            format_version: FORMAT_VERSION,
            rictl_version: env!("CARGO_PKG_VERSION"),
            spec: &overview.spec,
            timestamp: overview.timestamp,
            at: overview.at,
            target: &overview.target,
            groups: &overview.groups,
            links: &overview.links,
            awaiting: overview.awaiting.iter().map(awaiting).collect(),
            approvals: &overview.approvals,
            unusable_approvals: &overview.unusable,
            in_transition: &overview.in_transition,
            upcoming: &overview.upcoming,
            at_work: overview.at_work.as_ref(),
            failures: &overview.unread,
            traffic: overview.traffic.iter().map(|heard| &heard.traffic).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
