//! Plans, drift and runs as one self-contained HTML file: no script, no request, readable on a phone.
//!
//! The content security policy forbids everything but the style sheet inside; every piece of untrusted text goes
//! through `escaped`. Very long tables are cut, and say so.

use std::io::{self, Write};

use super::page::changes::{Changes, Wave};
use super::page::findings::Finding;
use super::page::steps::StepRow;
use super::page::table::Table;
use super::page::{self, Body, Card, Entry, Fact, GROUPS, Lead, Page, Section, Verdict};
use super::past::PastRun;
use super::phrase::Phrase;
use super::svg::{self, escaped};
use super::text::{Tone, and_more, columns_of};
use super::ticket::Ticket;
use super::topology::Topology;
use super::words::next::Given;
use crate::drift::Drift;
use crate::fleet::Fleet;
use crate::journal::Commit;
use crate::plan::Plan;
use crate::run::Report;

/// The most rows of a table.
const MOST_ROWS: usize = 2_000;

/// The most rows, cards or links that are seen at once; the rest unfolds.
const MOST_OPEN: usize = 40;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
<meta name=\"referrer\" content=\"no-referrer\">\n<style>\n\
:root{--line:#d8dee4;--faint:#656d76;--good:#1a7f37;--bad:#cf222e;--change:#9a6700}\n\
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;padding:12px;max-width:60rem;color:#1f2328;background:#fff}\n\
h1{font-size:1.3rem}h2{font-size:1.1rem;margin:1.5rem 0 .4rem}.scroll{overflow-x:auto}\n\
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid var(--line);padding:.3rem .5rem;text-align:left;\
vertical-align:top;overflow-wrap:break-word}\n\
th{white-space:nowrap}\n\
code,.mono{font:13px ui-monospace,monospace;overflow-wrap:anywhere}svg{width:100%;height:auto;max-width:32rem}\n\
.good{color:var(--good)}.bad{color:var(--bad)}.change{color:var(--change)}\n\
tr.bad,tr.change,tr.good{color:inherit}tr.bad td:first-child{color:var(--bad)}tr.change td:first-child{color:var(--change)}\
tr.good td:first-child{color:var(--good)}\n\
@media(min-width:40rem){tr[class] td:first-child:not(.long){white-space:nowrap}}td.long{min-width:12rem;overflow-wrap:anywhere}\n\
.groups{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));gap:.6rem}\n\
.group{border:1px solid var(--line);border-left:4px solid var(--line);border-radius:6px;padding:.3rem .7rem;overflow-wrap:anywhere;color:inherit}\
.group.bad{border-left-color:var(--bad)}.group.change{border-left-color:var(--change)}.group.bad h3{color:var(--bad)}\n\
h3{font-size:1rem;margin:.2rem 0}dl{margin:.2rem 0}dt{color:var(--faint);float:left;margin-right:.4rem}dt::after{content:\":\"}dd{margin:0 0 .2rem}\n\
summary{cursor:pointer;color:var(--faint);margin:.4rem 0}\n\
@media print{body{max-width:none;padding:0}h2,h3{break-after:avoid}tr,li,.group,svg{break-inside:avoid}.scroll{overflow:visible}\
details::details-content{content-visibility:visible;height:auto}}\n";

/// The colours of a dark screen.
const DARK: &str = "@media(prefers-color-scheme:dark){:root{--line:#30363d;--faint:#8b949e;--good:#3fb950;--bad:#f85149;--change:#d29922}\
body{color:#e6edf3;background:#0d1117}\
.f-ink{fill:#e6edf3}.f-soft{fill:#b1bac4}.f-faint{fill:#8b949e}.s-edge{stroke:#484f58}.f-good{fill:#3fb950}.s-good{stroke:#3fb950}\
.f-bad{fill:#f85149}.s-bad{stroke:#f85149}.f-change{fill:#d29922}.s-change{stroke:#d29922}.f-idle{fill:#8b949e}.s-idle{stroke:#8b949e}}\n";

/// The most columns that are read as rows beside each other; a row of more is a card, as every row is on a narrow screen.
const MOST_COLUMNS: usize = 7;

/// Returns the rules by which the rows of a table are cards: what a cell is about stands before it.
fn cards(table: &str) -> String {
    let rules = [
        ("thead", "display:none"),
        (
            "tr",
            "display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr));border-bottom:2px solid var(--line)",
        ),
        ("td", "border:0;padding:.1rem .3rem;overflow-wrap:anywhere"),
        ("td:first-child", "font-weight:600"),
        ("td:empty", "display:none"),
        ("td::before", "content:attr(data-head)\": \";color:var(--faint);font-weight:400"),
    ];
    rules.into_iter().map(|(element, rule)| format!("{table} {element}{{{rule}}}")).collect()
}

/// What a page of a plan shows beside the plan, where it is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around<'a> {
    /// Who is linked to whom.
    pub topology: Option<&'a Topology>,
    /// What the spec was checked out of.
    pub commit: Option<&'a Commit>,
}

/// Writes a plan; `given` is what the command was typed with.
pub fn plan<W: Write + ?Sized>(out: &mut W, plan: &Plan, given: &Given, around: Around<'_>) -> io::Result<()> {
    let routes = Some(svg::routes(plan)).filter(|picture| !picture.is_empty());
    let mut page = page::plan::page(plan, given);
    page.facts.extend(around.commit.map(|commit| Fact::new("Commit", page::run::at_commit(Phrase::default(), commit))));
    let mut html = Html::titled(&page.title, MOST_ROWS);
    html.page(&page, &page::plan::cards(plan), None, around.topology);
    if let Some(routes) = routes {
        html.picture("What rides on what goes down", &routes, plan.routes.len());
    }
    html.write(out)
}

/// Writes what drifted, with the topology where it is known.
pub fn drift<W: Write + ?Sized>(
    out: &mut W,
    drift: &Drift,
    given: &Given,
    topology: Option<&Topology>,
) -> io::Result<()> {
    write(out, &page::drift::page(drift, given), &page::drift::cards(drift), None, topology)
}

/// Writes how every state of a store stands.
pub fn fleet<W: Write + ?Sized>(out: &mut W, fleet: &Fleet) -> io::Result<()> {
    write(out, &page::fleet::page(fleet), &[], None, None)
}

/// Writes a run with its timeline, and the topology where it is known.
pub fn run<W: Write + ?Sized>(
    out: &mut W,
    past: &PastRun,
    given: &Given,
    topology: Option<&Topology>,
) -> io::Result<()> {
    write(out, &page::run::page(past, given), &page::run::cards(&past.report), Some(&past.report), topology)
}

fn write<W: Write + ?Sized>(
    out: &mut W,
    page: &Page,
    cards: &[Card],
    run: Option<&Report>,
    topology: Option<&Topology>,
) -> io::Result<()> {
    let mut html = Html::titled(&page.title, MOST_ROWS);
    html.page(page, cards, run, topology);
    html.write(out)
}

/// Writes a report for a ticket, whole: each part is a page of its own where it is printed.
pub fn ticket<W: Write + ?Sized>(out: &mut W, ticket: &Ticket, given: &Given) -> io::Result<()> {
    let mut html = Html::titled(&page::ticket::title(ticket), usize::MAX);
    let pages = page::ticket::pages(ticket, given);
    for (number, (page, part)) in pages.iter().zip(&ticket.parts).enumerate() {
        html.text.push_str(if number == 0 { "<article>\n" } else { "<article style=\"break-before:page\">\n" });
        html.page(page, &page::ticket::cards(part), None, None);
        html.text.push_str("</article>\n");
    }
    html.write(out)
}

/// A page while it grows. Everything it is given is untrusted, but pictures, which escape their own texts.
struct Html {
    text: String,
    most_rows: usize,
}

impl Html {
    /// Begins a file.
    fn titled(title: &Phrase, most_rows: usize) -> Self {
        let title = escaped(&title.to_string());
        let (wide, narrow) = (cards(".cards"), cards("table"));
        let style = format!("{wide}\n@media(max-width:40rem){{{narrow}}}\n{DARK}</style>\n");
        Self { text: format!("{HEAD}{style}<title>{title}</title>\n</head>\n<body>\n"), most_rows }
    }

    /// Adds a report. Where groups have cards, what their list says is on those.
    fn page(&mut self, page: &Page, cards: &[Card], run: Option<&Report>, topology: Option<&Topology>) {
        self.text.push_str(&format!("<h1>{}</h1>\n", escaped(&page.title.to_string())));
        self.verdict(&page.verdict);
        page.facts.iter().for_each(|fact| self.fact(fact.label, &fact.says));
        if let Some(next) = &page.next {
            self.fact("Next", next);
        }
        let sections = || page.sections.iter().filter(|section| section.title != GROUPS || cards.is_empty());
        sections().filter(|section| section.is_urgent).for_each(|section| self.section(section));
        self.cards(cards);
        if let Some(run) = run {
            self.picture("Timeline", &svg::timeline(run), run.results.len());
        }
        sections().filter(|section| !section.is_urgent).for_each(|section| self.section(section));
        if let Some(topology) = topology {
            self.picture("Topology", &svg::topology(topology), topology.links.values().map(Vec::len).sum());
        }
    }

    fn verdict(&mut self, verdict: &Verdict) {
        let class = class_of(verdict.tone);
        self.text.push_str(&format!("<p class=\"{class}\"><strong>{}</strong></p>\n", escaped(&verdict.sentence())));
        verdict.lines.iter().for_each(|line| self.paragraph(line));
    }

    fn fact(&mut self, label: &str, says: &Phrase) {
        self.text.push_str(&format!("<p>{label}: <code>{}</code></p>\n", escaped(&says.to_string())));
    }

    fn paragraph(&mut self, text: &str) {
        self.text.push_str(&format!("<p class=\"mono\">{}</p>\n", escaped(text)));
    }

    /// Adds a picture of so many rows.
    fn picture(&mut self, title: &str, svg: &str, rows: usize) {
        self.text.push_str(&match rows {
            ..=MOST_OPEN => format!("<h2>{title}</h2>\n{svg}"),
            _ => format!("<h2>{title}</h2>\n<details>\n<summary>{rows} rows</summary>\n{svg}</details>\n"),
        });
    }

    fn cards(&mut self, cards: &[Card]) {
        let row = |(what, says): &(&str, String)| format!("<dt>{what}</dt><dd>{}</dd>", escaped(says));
        let card = |card: &Card| {
            let class = match card.tone {
                Tone::Bad => "group bad",
                Tone::Change => "group change",
                _ => "group",
            };
            let rows: String = card.rows.iter().map(row).collect();
            format!("<section class=\"{class}\"><h3>{}</h3><dl>{rows}</dl></section>\n", escaped(&card.name))
        };
        let cards: Vec<String> = cards.iter().map(card).collect();
        self.rows(GROUPS, ("<div class=\"groups\">\n", "</div>\n"), &cards, self.seen(true));
    }

    /// Returns how many rows are seen at once: what is written for a ticket is read whole, as is what may not be overlooked.
    fn seen(&self, may_fold: bool) -> usize {
        if may_fold && self.most_rows < usize::MAX { MOST_OPEN } else { usize::MAX }
    }

    fn section(&mut self, section: &Section) {
        let title = section.title;
        let open = self.seen(section.may_fold);
        match &section.body {
            Body::List(entries) if entries.iter().any(|entry| entry.code.is_some()) => {
                self.table(title, &coded(entries), open);
            }
            Body::List(entries) => self.list(title, entries.iter().map(|entry| told(entry, section.lead)), open),
            Body::Changes(changes) => self.table(title, &Changes::table(changes.blocks.iter()), open),
            Body::Order(waves, between) => {
                self.table(title, &order(waves), open);
                self.list("Rollout", between.iter().map(ToString::to_string), open);
            }
            Body::Findings(findings) => self.table(title, &Finding::table(findings), open),
            Body::Steps(rows) => self.table(title, &StepRow::table(rows), open),
            Body::Table(table) => self.table(title, table, open),
        }
    }

    fn list(&mut self, title: &str, items: impl Iterator<Item = String>, open: usize) {
        let items: Vec<String> = items.map(|item| format!("<li>{}</li>\n", escaped(&item))).collect();
        self.rows(title, ("<ul>\n", "</ul>\n"), &items, open);
    }

    fn table(&mut self, title: &str, table: &Table, seen: usize) {
        let heads: String = table.heads.iter().map(|head| format!("<th>{head}</th>")).collect();
        let class = if table.heads.len() > MOST_COLUMNS { " class=\"cards\"" } else { "" };
        let open = format!("<div class=\"scroll\"><table{class}>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n");
        let cell = |(head, cell): (&&str, &Phrase)| {
            let text = cell.to_string();
            let class = if is_long(&text) { " class=\"long\"" } else { "" };
            format!("<td{class} data-head=\"{head}\">{}</td>", escaped(&text))
        };
        let row = |(number, row): (usize, &Vec<Phrase>)| {
            let class =
                table.tones.get(number).map(|tone| format!(" class=\"{}\"", class_of(*tone))).unwrap_or_default();
            format!("<tr{class}>{}</tr>\n", std::iter::zip(&table.heads, row).map(cell).collect::<String>())
        };
        let rows: Vec<String> = table.rows.iter().enumerate().map(row).collect();
        self.rows(title, (&open, "</tbody>\n</table></div>\n"), &rows, seen);
    }

    /// Adds rows, of which so many are seen at once, between what opens and what closes them.
    fn rows(&mut self, title: &str, (open, close): (&str, &str), rows: &[String], seen: usize) {
        if rows.is_empty() {
            return;
        }
        let shown = &rows[..rows.len().min(self.most_rows)];
        let (seen, folded) = shown.split_at(shown.len().min(seen));
        self.text.push_str(&format!("<h2>{title}</h2>\n{open}{}{close}", seen.concat()));
        if !folded.is_empty() {
            let (more, folded) = (folded.len(), folded.concat());
            self.text
                .push_str(&format!("<details>\n<summary>{more} more</summary>\n{open}{folded}{close}</details>\n"));
        }
        if let Some(text) = and_more(rows.len().saturating_sub(self.most_rows), "", "…") {
            self.paragraph(&format!("{text}; --json has everything."));
        }
    }

    fn write<W: Write + ?Sized>(mut self, out: &mut W) -> io::Result<()> {
        self.text.push_str("</body>\n</html>\n");
        out.write_all(self.text.as_bytes())
    }
}

/// Returns whether a text has a word that would push what stands beside it off the page, were it not broken.
fn is_long(text: &str) -> bool {
    /// More columns than any identifier of the API has.
    const MOST: usize = 40;
    text.len() > MOST && text.split_whitespace().any(|word| columns_of(word) > MOST)
}

/// Returns the class of what is meant so.
fn class_of(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Bad => "bad",
        _ => "change",
    }
}

/// Returns entries with codes as rows.
fn coded(entries: &[Entry]) -> Table {
    let theirs = |text: &Option<String>| text.as_ref().map_or_else(Phrase::default, Phrase::theirs);
    let row = |entry: &Entry| {
        [
            Phrase::joined(entry.about.iter().cloned(), ", "),
            Phrase::ours(entry.code.unwrap_or_default()),
            theirs(&entry.says),
        ]
    };
    Table::of(["Interface", "Code", "Detail"], entries.iter().map(row))
}

fn told(entry: &Entry, lead: Lead) -> String {
    let label = if lead == (Lead::Labels { are_own: true }) { entry.label } else { "" };
    let about = entry.about.join(", ");
    let says = entry.says.as_deref().unwrap_or_default();
    let between = if about.is_empty() || entry.says.is_none() { "" } else { ": " };
    format!("{label}{about}{between}{says}")
}

fn order(waves: &[Wave]) -> Table {
    let row = |wave: &Wave| [Phrase::ours(wave.number.to_string()), Phrase::joined(wave.steps.iter().cloned(), ", ")];
    Table::of(["Wave", "Steps"], waves.iter().map(row))
}

#[cfg(test)]
mod tests;
