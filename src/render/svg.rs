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
        picture.text(8, 16, "start", "#333", &near.id, 27);
        picture.text(WIDTH - 8, 16, "end", "#333", &far.id, 27);
        picture.text(8, 30, "start", "#777", &near.place, 27);
        picture.text(WIDTH - 8, 30, "end", "#777", &far.place, 27);
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
        picture.text(8, 14, "start", "#333", &result.step.id.0, 34);
        picture.text(WIDTH - 8, 14, "end", "#555", &outcome(result), 24);
        picture.shape(format_args!(
            r#"<rect x="{:.1}" y="{}" width="{:.1}" height="8" rx="2" fill="{}"/>"#,
            8.0 + begin * track,
            picture.height + 19,
            width * track,
            color_of_tone(tone(result)),
        ));
        picture.height += 34;
    }
    let scale = duration(std::time::Duration::from_secs_f64(whole));
    picture.text(8, 14, "start", "#777", "0s", 8);
    picture.text(WIDTH - 8, 14, "end", "#777", &scale, 12);
    picture.height += 20;
    picture.left_out(begun().count().saturating_sub(MOST_ROWS), "steps");
    picture.finish("timeline")
}

/// Draws boxes in layers, top down, and the lines between them; `layers` holds indexes into `labels`. A layer that is
/// too wide for a screen goes on in the next row.
pub(crate) fn layered(labels: &[[String; 3]], layers: &[Vec<usize>], edges: &[(usize, usize)]) -> String {
    const BOX: (u32, u32) = (180, 54);
    const GAP: (u32, u32) = (20, 36);
    const MOST_BOXES: usize = 6;
    let rows: Vec<&[usize]> = layers.iter().flat_map(|layer| layer.chunks(MOST_BOXES)).collect();
    let mut picture = Picture::default();
    let mut places = vec![(0, 0); labels.len()];
    let widest = rows.iter().map(|row| row.len()).max().unwrap_or(1).max(1);
    for (row, nodes) in (0_u32..).zip(&rows) {
        for (column, node) in (0_u32..).zip(*nodes) {
            places[*node] = (10 + column * (BOX.0 + GAP.0), 10 + row * (BOX.1 + GAP.1));
        }
    }
    for (from, to) in edges {
        let ((x1, y1), (x2, y2)) = (places[*from], places[*to]);
        let (x1, x2, y1) = (x1 + BOX.0 / 2, x2 + BOX.0 / 2, y1 + BOX.1);
        picture.shape(format_args!(r##"<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#888"/>"##));
        picture.shape(format_args!(r##"<circle cx="{x2}" cy="{y2}" r="3" fill="#888"/>"##));
    }
    for ((x, y), lines) in places.iter().zip(labels) {
        let (width, height) = BOX;
        picture.shape(format_args!(
            r##"<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" fill="#f6f8fa" stroke="#888"/>"##
        ));
        for ((down, fill), line) in [(16, "#222"), (31, "#666"), (46, "#666")].iter().zip(lines) {
            picture.text(x + 8, y + down, "start", fill, line, 25);
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
        picture.text(8, 16, "start", "#333", site.map_or("in no group", GroupName::as_str), 40);
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
    color: &'static str,
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
        let riding = Riding { address, becomes: "goes down", color: "#8c959f", rows };
        sites.entry(groups.get(address).copied()).or_default().push(riding);
    }
    for blocked in &plan.blocked {
        let BlockReason::Route(loss) = &blocked.reason else { continue };
        let rows =
            if loss.prefixes.is_empty() { Vec::new() } else { vec![(words::named_prefixes(&loss.prefixes), None)] };
        let riding = Riding { address: &blocked.address, becomes: "stays up", color: "#1a7f37", rows };
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
    fn text(&mut self, x: u32, y: u32, anchor: &str, fill: &str, text: &str, columns: usize) {
        let y = self.height + y;
        let (clipped, whole) = (escaped(&shortened(text, columns, "…")), escaped(text));
        self.shape(format_args!(
            r#"<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{fill}">{clipped}<title>{whole}</title></text>"#
        ));
    }

    fn link(&mut self, link: &Link) {
        let y = self.height + 22;
        let [left, right] = link.sides.each_ref().map(|side| color(side.status.as_ref()));
        let middle = WIDTH / 2;
        self.shape(format_args!(r#"<path d="M12 {y}H{middle}" stroke="{left}" stroke-width="2"/>"#));
        self.shape(format_args!(r#"<path d="M{middle} {y}H{}" stroke="{right}" stroke-width="2"/>"#, WIDTH - 12));
        self.shape(format_args!(r#"<circle cx="12" cy="{y}" r="4" fill="{left}"/>"#));
        self.shape(format_args!(r#"<circle cx="{}" cy="{y}" r="4" fill="{right}"/>"#, WIDTH - 12));
        for (x, anchor, side) in [(8, "start", &link.sides[0]), (WIDTH - 8, "end", &link.sides[1])] {
            self.text(x, 13, anchor, "#222", side.name(), 27);
            self.text(x, 37, anchor, "#555", &state(side), 27);
        }
        self.height += 48;
    }

    fn riding(&mut self, riding: &Riding<'_>, rows: usize) {
        let y = self.height + 10;
        self.shape(format_args!(r#"<circle cx="14" cy="{y}" r="4" fill="{}"/>"#, riding.color));
        self.text(24, 14, "start", "#222", riding.address.as_str(), 34);
        self.text(WIDTH - 8, 14, "end", "#555", riding.becomes, 14);
        self.height += 20;
        for (prefixes, remains) in riding.rows.iter().take(rows) {
            let (color, says) = match remains {
                Some(remains) => ("#1a7f37", format!("keeps {remains}")),
                None => ("#cf222e", "no other next hop".to_owned()),
            };
            let y = self.height + 3;
            self.shape(format_args!(
                r#"<path d="M14 {}V{y}H28" fill="none" stroke="{color}" stroke-width="2"/>"#,
                y - 8
            ));
            self.text(34, 7, "start", "#333", prefixes, 48);
            self.text(34, 21, "start", color, &says, 48);
            self.height += 32;
        }
        self.height += 4;
    }

    fn left_out(&mut self, count: usize, what: &str) {
        if let Some(text) = and_more(count, what, "…") {
            self.text(8, 14, "start", "#777", &text, 50);
            self.height += 20;
        }
    }

    fn frame(&mut self, top: u32) {
        let (height, width) = (self.height - top - 6, WIDTH - 2);
        self.shape(format_args!(
            r##"<rect x="1" y="{}" width="{width}" height="{height}" rx="6" fill="none" stroke="#bbb"/>"##,
            top + 1
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
    let live = side.status.as_ref().map_or("not reported", Status::as_str);
    match side.wanted() {
        Some(declared) => format!("{live}, wants {declared}"),
        None => live.to_owned(),
    }
}

fn color(status: Option<&Status>) -> &'static str {
    match status {
        Some(Status::Active) => "#1a7f37",
        Some(Status::Inactive) => "#8c959f",
        Some(status) if status.is_transitional() => "#bf8700",
        _ => "#cf222e",
    }
}

fn color_of_tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "#1a7f37",
        Tone::Bad => "#cf222e",
        Tone::Change => "#bf8700",
        _ => "#8c959f",
    }
}

#[cfg(test)]
mod tests;
