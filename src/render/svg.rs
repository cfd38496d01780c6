//! Pictures as inline SVG: the topology, a run's timeline, a dependency graph. Text and shapes only, no style sheet.
//!
//! Colour never stands alone: each status is written out beside its mark. Narrow enough for a phone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::duration;
use super::escape::escape_terminal;
use super::page::run::tone;
use super::text::{Tone, and_more, shortened};
use super::topology::{Link, Side, Topology};
use super::words::plan as words;
use super::words::report::outcome;
use crate::plan::{BlockReason, Plan};
use crate::resource::{Address, GroupName, Status};
use crate::run::Report;

/// What is drawn in which colour: the one of light paper, and a class by which a page gives it another one on a dark screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paint {
    /// Names.
    Ink,
    /// What is said beside them.
    Soft,
    /// What is said last.
    Faint,
    /// Frames.
    Edge,
    /// Up, or well done.
    Good,
    /// Trouble.
    Bad,
    /// On its way.
    Change,
    /// Down as declared, or not reported.
    Idle,
}

impl Paint {
    fn color(self) -> (&'static str, &'static str) {
        match self {
            Self::Ink => ("ink", "#1f2328"),
            Self::Soft => ("soft", "#424a53"),
            Self::Faint => ("faint", "#656d76"),
            Self::Edge => ("edge", "#bbb"),
            Self::Good => ("good", "#1a7f37"),
            Self::Bad => ("bad", "#cf222e"),
            Self::Change => ("change", "#9a6700"),
            Self::Idle => ("idle", "#8c959f"),
        }
    }

    /// Returns the attributes of what is filled with it.
    fn fill(self) -> String {
        let (class, color) = self.color();
        format!("fill=\"{color}\" class=\"f-{class}\"")
    }

    /// Returns the attributes of a line of it.
    fn stroke(self) -> String {
        let (class, color) = self.color();
        format!("fill=\"none\" stroke=\"{color}\" class=\"s-{class}\"")
    }
}

/// The width of every picture, in its own units: about a phone's screen.
const WIDTH: u32 = 380;

/// The most rows of a picture; what is left out is counted.
pub(crate) const MOST_ROWS: usize = 200;

/// Returns untrusted text for an element or an attribute of HTML or SVG.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in escape_terminal(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Draws who is linked to whom, one frame per pair of routers, one line per link. Where there are too many links, those
/// come first that are not as declared.
pub(crate) fn topology(topology: &Topology) -> String {
    let mut picture = Picture::default();
    let mut left = MOST_ROWS;
    let all: usize = topology.links.values().map(Vec::len).sum();
    let mut frames: Vec<_> = topology.links.iter().collect();
    if all > MOST_ROWS {
        frames.sort_by_key(|(_, links)| !links.iter().any(Link::is_to_change));
    }
    for ((near, far), links) in frames {
        let shown = links.len().min(left);
        if shown == 0 {
            break;
        }
        left -= shown;
        let top = picture.height;
        picture.text(8, 16, "start", Paint::Ink, &near.id, 27);
        picture.text(WIDTH - 8, 16, "end", Paint::Ink, &far.id, 27);
        picture.text(8, 30, "start", Paint::Faint, &near.place, 27);
        picture.text(WIDTH - 8, 30, "end", Paint::Faint, &far.place, 27);
        picture.height += 40;
        let mut links: Vec<&Link> = links.iter().collect();
        if shown < links.len() {
            links.sort_by_key(|link| !link.is_to_change());
        }
        links.iter().take(shown).for_each(|link| picture.link(link));
        picture.frame(top);
    }
    picture.left_out(all.saturating_sub(MOST_ROWS), "links");
    picture.finish("topology")
}

/// Draws when each step of a run began and ended.
pub(crate) fn timeline(report: &Report) -> String {
    let mut picture = Picture::default();
    let end =
        report.finished_at().into_iter().chain(report.results.iter().filter_map(|result| result.finished_at)).max();
    let whole = end.map_or(1.0, |end| end.duration_since(report.started_at).as_secs_f64().max(1.0));
    let begun = || report.results.iter().filter(|result| result.started_at.is_some());
    for result in begun().take(MOST_ROWS) {
        let at = |time: jiff::Timestamp| time.duration_since(report.started_at).as_secs_f64().clamp(0.0, whole) / whole;
        let begin = result.started_at.map_or(0.0, at);
        let width = (result.finished_at.map_or(1.0, at) - begin).max(0.005);
        let track = f64::from(WIDTH - 16);
        picture.text(8, 14, "start", Paint::Ink, &result.step.id.0, 34);
        picture.text(WIDTH - 8, 14, "end", Paint::Soft, &outcome(result), 24);
        picture.shape(format_args!(
            r#"<rect x="{:.1}" y="{}" width="{:.1}" height="8" rx="2" {}/>"#,
            8.0 + begin * track,
            picture.height + 19,
            width * track,
            paint_of_tone(tone(result)).fill(),
        ));
        picture.height += 34;
    }
    let scale = duration(std::time::Duration::from_secs_f64(whole));
    picture.text(8, 14, "start", Paint::Faint, "0s", 8);
    picture.text(WIDTH - 8, 14, "end", Paint::Faint, &scale, 12);
    picture.height += 20;
    picture.left_out(begun().count().saturating_sub(MOST_ROWS), "steps");
    picture.finish("timeline")
}

/// A box of a graph.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// What stands in it.
    pub(crate) lines: [String; 3],
    /// It is something that is done, and no thing.
    pub(crate) is_step: bool,
}

/// A line of a graph, by the places of its boxes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrow {
    /// What is needed, or comes before.
    pub(crate) from: usize,
    /// What needs it, or comes after.
    pub(crate) to: usize,
    /// It is about when, and not about what.
    pub(crate) is_order: bool,
}

/// Draws boxes in layers, top down, and the lines between them; `layers` holds indexes into `nodes`. A layer that is
/// too wide for a screen goes on in the next row.
pub(crate) fn layered(nodes: &[Node], layers: &[Vec<usize>], arrows: &[Arrow]) -> String {
    const BOX: (u32, u32) = (180, 54);
    const GAP: (u32, u32) = (20, 36);
    const MOST_BOXES: usize = 6;
    let rows: Vec<&[usize]> = layers.iter().flat_map(|layer| layer.chunks(MOST_BOXES)).collect();
    let mut picture = Picture::default();
    let mut places = vec![(0, 0); nodes.len()];
    let widest = rows.iter().map(|row| row.len()).max().unwrap_or(1).max(1);
    for (row, boxes) in (0_u32..).zip(&rows) {
        for (column, node) in (0_u32..).zip(*boxes) {
            places[*node] = (10 + column * (BOX.0 + GAP.0), 10 + row * (BOX.1 + GAP.1));
        }
    }
    for Arrow { from, to, is_order } in arrows {
        let ((x1, y1), (x2, y2)) = (places[*from], places[*to]);
        let (x1, x2, y1) = (x1 + BOX.0 / 2, x2 + BOX.0 / 2, y1 + BOX.1);
        let dashes = if *is_order { " stroke-dasharray=\"4 3\"" } else { "" };
        picture.shape(format_args!(r##"<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#888"{dashes}/>"##));
        picture.shape(format_args!(r##"<circle cx="{x2}" cy="{y2}" r="3" fill="#888"/>"##));
    }
    for ((x, y), node) in places.iter().zip(nodes) {
        let (width, height) = BOX;
        let (round, fill) = if node.is_step { (height / 2, "#fff") } else { (4, "#f6f8fa") };
        let inset = if node.is_step { 18 } else { 8 };
        picture.shape(format_args!(
            r##"<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{round}" fill="{fill}" stroke="#888"/>"##
        ));
        for ((down, paint), line) in [(16, Paint::Ink), (31, Paint::Faint), (46, Paint::Faint)].iter().zip(&node.lines)
        {
            picture.text(x + inset, y + down, "start", *paint, line, if node.is_step { 21 } else { 25 });
        }
    }
    let rows = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    picture.width = 20 + u32::try_from(widest).unwrap_or(u32::MAX).saturating_mul(BOX.0 + GAP.0);
    picture.height = 20 + rows.saturating_mul(BOX.1 + GAP.1);
    picture.finish("dependencies")
}

/// Draws what rides on what goes down: one frame per site, its links, which prefixes lead over each, and what remains of them.
/// Empty where no route is known. Those come first of which nothing remains.
pub(crate) fn routes(plan: &Plan) -> String {
    let sites = sites(plan);
    let all: usize = sites.values().flatten().map(|riding| riding.rows.len()).sum();
    if all == 0 {
        return String::new();
    }
    let mut picture = Picture::default();
    let mut left = MOST_ROWS;
    for (site, links) in &sites {
        if left == 0 {
            break;
        }
        let top = picture.height;
        picture.text(8, 16, "start", Paint::Ink, site.map_or("in no group", GroupName::as_str), 40);
        picture.height += 24;
        for riding in links {
            let shown = riding.rows.len().min(left);
            left -= shown;
            if shown > 0 {
                picture.riding(riding, shown);
            }
        }
        picture.frame(top);
    }
    picture.left_out(all.saturating_sub(MOST_ROWS), "prefixes");
    picture.finish("routes")
}

/// A link and what leads over it.
struct Riding<'p> {
    address: &'p Address,
    /// What becomes of it.
    becomes: &'static str,
    paint: Paint,
    /// Prefixes, and what remains of them; nothing where nothing does.
    rows: Vec<(String, Option<String>)>,
}

/// Puts together by site what goes down, or would, and what leads over it.
fn sites(plan: &Plan) -> BTreeMap<Option<&GroupName>, Vec<Riding<'_>>> {
    let sides = plan.floors.iter().flat_map(|floor| {
        let sides = floor.links.iter().flat_map(|link| &link.sides);
        sides.map(move |side| (&side.address, &floor.group))
    });
    let groups: BTreeMap<&Address, &GroupName> = sides.collect();
    let mut sites: BTreeMap<Option<&GroupName>, Vec<Riding<'_>>> = BTreeMap::new();
    for routes in plan.routes.chunk_by(|one, other| one.address == other.address) {
        let address = &routes[0].address;
        let row = |alike: words::Alike| {
            let remains = (!alike.remains.is_empty()).then(|| alike.remains.join(", "));
            (alike.named().to_owned(), remains)
        };
        let rows = words::alike(routes).into_iter().map(row).collect();
        let riding = Riding { address, becomes: "goes down", paint: Paint::Idle, rows };
        sites.entry(groups.get(address).copied()).or_default().push(riding);
    }
    for blocked in &plan.blocked {
        let BlockReason::Route(loss) = &blocked.reason else { continue };
        let rows =
            if loss.prefixes.is_empty() { Vec::new() } else { vec![(words::named_prefixes(&loss.prefixes), None)] };
        let riding = Riding { address: &blocked.address, becomes: "stays up", paint: Paint::Good, rows };
        sites.entry(groups.get(&blocked.address).copied()).or_default().push(riding);
    }
    sites.values_mut().for_each(|links| links.retain(|riding| !riding.rows.is_empty()));
    sites.retain(|_, links| !links.is_empty());
    sites
}

/// An SVG while it grows downwards; coordinates are relative to the current height.
struct Picture {
    body: String,
    width: u32,
    height: u32,
}

impl Default for Picture {
    fn default() -> Self {
        Self { body: String::new(), width: WIDTH, height: 0 }
    }
}

impl Picture {
    fn shape(&mut self, shape: std::fmt::Arguments<'_>) {
        writeln!(self.body, "{shape}").expect("writing to a String cannot fail");
    }

    /// Writes a text of at most `columns` columns; the whole of it shows when pointed at.
    fn text(&mut self, x: u32, y: u32, anchor: &str, paint: Paint, text: &str, columns: usize) {
        let y = self.height + y;
        let (clipped, whole) = (escaped(&shortened(text, columns, "…")), escaped(text));
        self.shape(format_args!(
            r#"<text x="{x}" y="{y}" text-anchor="{anchor}" {}>{clipped}<title>{whole}</title></text>"#,
            paint.fill(),
        ));
    }

    fn link(&mut self, link: &Link) {
        let y = self.height + 22;
        let middle = WIDTH / 2;
        let halves = [("M12", middle, 12), (&*format!("M{middle}"), WIDTH - 12, WIDTH - 12)];
        for ((from, to, end), side) in halves.into_iter().zip(&link.sides) {
            let paint = paint(side);
            // What nobody reported is no more than a guess: dashed, and hollow.
            let (dashes, dot) = match side.status {
                None if !side.is_absent => (" stroke-dasharray=\"4 3\"", paint.stroke()),
                _ => ("", paint.fill()),
            };
            self.shape(format_args!(r#"<path d="{from} {y}H{to}" stroke-width="2"{dashes} {}/>"#, paint.stroke()));
            self.shape(format_args!(r#"<circle cx="{end}" cy="{y}" r="4" {dot}/>"#));
        }
        for (x, anchor, side) in [(8, "start", &link.sides[0]), (WIDTH - 8, "end", &link.sides[1])] {
            self.text(x, 13, anchor, Paint::Ink, side.name(), 27);
            self.text(x, 37, anchor, Paint::Soft, &state(side), 27);
        }
        self.height += 48;
    }

    fn riding(&mut self, riding: &Riding<'_>, rows: usize) {
        let y = self.height + 10;
        self.shape(format_args!(r#"<circle cx="14" cy="{y}" r="4" {}/>"#, riding.paint.fill()));
        self.text(24, 14, "start", Paint::Ink, riding.address.as_str(), 34);
        self.text(WIDTH - 8, 14, "end", Paint::Soft, riding.becomes, 14);
        self.height += 20;
        for (prefixes, remains) in riding.rows.iter().take(rows) {
            let (paint, says) = match remains {
                Some(remains) => (Paint::Good, format!("keeps {remains}")),
                None => (Paint::Bad, "no other next hop".to_owned()),
            };
            let y = self.height + 3;
            self.shape(format_args!(r#"<path d="M14 {}V{y}H28" stroke-width="2" {}/>"#, y - 8, paint.stroke()));
            self.text(34, 7, "start", Paint::Ink, prefixes, 48);
            self.text(34, 21, "start", paint, &says, 48);
            self.height += 32;
        }
        self.height += 4;
    }

    fn left_out(&mut self, count: usize, what: &str) {
        if let Some(text) = and_more(count, what, "…") {
            self.text(8, 14, "start", Paint::Faint, &text, 50);
            self.height += 20;
        }
    }

    fn frame(&mut self, top: u32) {
        let (height, width) = (self.height - top - 6, WIDTH - 2);
        self.shape(format_args!(
            r#"<rect x="1" y="{}" width="{width}" height="{height}" rx="6" {}/>"#,
            top + 1,
            Paint::Edge.stroke()
        ));
        self.height += 4;
    }

    fn finish(self, label: &str) -> String {
        let Self { body, width, height } = self;
        let height = height.max(1);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" aria-label=\"{label}\" font-family=\"ui-monospace,monospace\" \
             font-size=\"11\">\n{body}</svg>\n"
        )
    }
}

fn state(side: &Side) -> String {
    let without = if side.is_absent { "absent" } else { "not reported" };
    let live = side.status.as_ref().map_or(without, Status::as_str);
    match side.wanted() {
        Some(declared) => format!("{live}, wants {declared}"),
        None => live.to_owned(),
    }
}

/// Returns what an end is drawn in: red is for trouble, and that nobody reports an end is none yet.
fn paint(side: &Side) -> Paint {
    match &side.status {
        Some(Status::Active) => Paint::Good,
        Some(Status::Inactive) => Paint::Idle,
        Some(status) if status.is_transitional() => Paint::Change,
        None if !side.is_absent => Paint::Idle,
        _ => Paint::Bad,
    }
}

fn paint_of_tone(tone: Tone) -> Paint {
    match tone {
        Tone::Good => Paint::Good,
        Tone::Bad => Paint::Bad,
        Tone::Change => Paint::Change,
        _ => Paint::Idle,
    }
}

#[cfg(test)]
mod tests;
