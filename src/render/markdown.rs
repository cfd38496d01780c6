//! Plans, drift and runs as one pull-request comment: at most 65,536 characters, whatever is in them.
//!
//! Untrusted text appears in code spans only, where Markdown has no links, images, mentions, HTML or entities; the
//! pipe, which would end a table's cell even there, is written as an escape. What does not fit is counted.

use std::io::{self, Write};

use super::escape::escape_terminal;
use super::page::changes::{Changes, Extent, MOST_AT_LENGTH, Wave};
use super::page::findings::Finding;
use super::page::steps::StepRow;
use super::page::table::Table;
use super::page::{self, Body, Entry, Lead, Page, Section};
use super::past::PastRun;
use super::phrase::{Phrase, Piece};
use super::ticket::Ticket;
use super::words::next::Given;
use crate::drift::Drift;
use crate::fleet::Fleet;
use crate::plan::Plan;

/// The most characters of a comment on the large forges.
const LIMIT: usize = 65_536;

/// Kept free for headings, closing tags and the note that something was left out.
const RESERVE: usize = 8_192;

/// The most steps of a wave in one line: what does not fit is left out by lines.
const STEPS_A_LINE: usize = 8;

/// The most characters of one untrusted text.
const LONGEST: usize = 400;

/// The most characters of the argument list of a check: escaped, each of them takes up to ten.
const LONGEST_CHECK: usize = 4_096;

/// Writes a plan; `given` is what the command was typed with.
pub fn plan<W: Write + ?Sized>(out: &mut W, plan: &Plan, given: &Given) -> io::Result<()> {
    write(out, &page::plan::page(plan, given))
}

/// Writes what drifted.
pub fn drift<W: Write + ?Sized>(out: &mut W, drift: &Drift, given: &Given) -> io::Result<()> {
    write(out, &page::drift::page(drift, given))
}

/// Writes how every state of a store stands.
pub fn fleet<W: Write + ?Sized>(out: &mut W, fleet: &Fleet) -> io::Result<()> {
    write(out, &page::fleet::page(fleet))
}

/// Writes that a spec could not be checked, where others could.
pub fn unchecked<W: Write + ?Sized>(out: &mut W, spec: &str, error: &str) -> io::Result<()> {
    let title = Phrase::ours("rictl drift of ").and_theirs(spec);
    let verdict = format!("**Not checked.** {}", said(&Phrase::theirs(error)));
    writeln!(out, "### {}\n\n{verdict}", said(&title))
}

/// Writes a run.
pub fn run<W: Write + ?Sized>(out: &mut W, past: &PastRun, given: &Given) -> io::Result<()> {
    write(out, &page::run::page(past, given))
}

/// Writes a report for a ticket, whole: it is a file, and no comment.
pub fn ticket<W: Write + ?Sized>(out: &mut W, ticket: &Ticket, given: &Given) -> io::Result<()> {
    for (number, page) in page::ticket::pages(ticket, given).iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        write_up_to(out, page, usize::MAX)?;
    }
    Ok(())
}

fn write<W: Write + ?Sized>(out: &mut W, page: &Page) -> io::Result<()> {
    write_up_to(out, page, LIMIT)
}

fn write_up_to<W: Write + ?Sized>(out: &mut W, page: &Page, limit: usize) -> io::Result<()> {
    let mut comment = Comment { text: format!("### {}\n\n", said(&page.title)), left_out: 0, limit };
    let lines: Vec<String> = page.verdict.lines.iter().map(|line| format!("  \n{line}")).collect();
    comment.always(&format!("**{}**{}\n", page.verdict.sentence(), lines.concat()));
    let facts: Vec<String> = page.facts.iter().map(|fact| format!("{}: {}", fact.label, said(&fact.says))).collect();
    comment.always(&format!("\n{}\n", facts.join("  \n")));
    if let Some(next) = &page.next {
        comment.always(&format!("\nNext: {}\n", said(next)));
    }
    page.by_urgency().filter_map(between).for_each(|between| comment.between(between));
    page.by_urgency().for_each(|section| comment.section(section));
    comment.write(out)
}

/// Returns what happens between the waves of a section.
fn between(section: &Section) -> Option<&Phrase> {
    match &section.body {
        Body::Order(_, between) => between.as_ref(),
        _ => None,
    }
}

/// Returns a phrase with everything untrusted in code spans.
fn said(phrase: &Phrase) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Ours(words) => words.to_string(),
        Piece::Theirs(text) | Piece::Command(text) => code(text),
    };
    phrase.pieces().iter().map(piece).collect()
}

/// Returns untrusted text as a code span that it cannot leave: a span ends at a run of exactly as many backticks as it
/// began with, and there is none so long in the text.
fn code(text: &str) -> String {
    code_up_to(text, LONGEST)
}

fn code_up_to(text: &str, longest: usize) -> String {
    let text = inert(text, longest);
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    match text.split(|character| character != '`').map(str::len).max() {
        None | Some(0) => format!("`{text}`"),
        Some(longest) => {
            let fence = "`".repeat(longest + 1);
            format!("{fence} {text} {fence}")
        }
    }
}

/// Returns untrusted text in one line that ends no cell of a table and is no command to a log.
fn inert(text: &str, longest: usize) -> String {
    let clipped: String = text.chars().take(longest).collect();
    let more = if clipped.len() < text.len() { "…" } else { "" };
    escape_terminal(&clipped).replace('|', "\\x7c").replace("##[", "\\x23#[") + more
}

fn entry(entry: &Entry, lead: Lead) -> String {
    let mut line = if lead == (Lead::Labels { are_own: true }) { entry.label.to_owned() } else { String::new() };
    line.push_str(&entry.about.iter().map(|about| code(about)).collect::<Vec<_>>().join(", "));
    line.extend(entry.code.map(|code| format!(" **{code}**")));
    if let Some(says) = &entry.says {
        let between = if entry.about.is_empty() { "" } else { ": " };
        line.push_str(&format!("{between}{}", code(says)));
    }
    format!("- {line}\n")
}

/// A comment while it grows.
struct Comment {
    text: String,
    left_out: usize,
    limit: usize,
}

impl Comment {
    /// Adds what must not be missing; small by construction.
    fn always(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a line if there is room. Bytes are counted, of which there are at least as many as characters.
    fn line(&mut self, line: &str) {
        if self.left_out == 0 && self.text.len() + line.len() + RESERVE <= self.limit {
            self.text.push_str(line);
        } else {
            self.left_out += 1;
        }
    }

    fn section(&mut self, section: &Section) {
        let title = section.title;
        match &section.body {
            Body::List(entries) => {
                let lines: Vec<String> = entries.iter().map(|one| entry(one, section.lead)).collect();
                self.part(title, "", &lines, section.may_fold && lines.len() > MOST_AT_LENGTH);
            }
            Body::Changes(changes) => self.changes(title, changes),
            Body::Order(waves, _) => self.order(title, waves),
            Body::Findings(findings) => self.table(title, &Finding::table(findings)),
            Body::Steps(rows) => self.table(title, &StepRow::table(rows)),
            Body::Table(table) => self.table(title, table),
        }
    }

    /// Adds what takes something down, or where that is too much what becomes of each group; the rest can be unfolded.
    fn changes(&mut self, title: &str, changes: &Changes) {
        let extent = changes.extent();
        if extent != Extent::All {
            let down = Changes::table(changes.told(extent));
            self.part_table("Deactivations", &down, false);
            self.part_table("Groups", &changes.group_table(), false);
            let reasons =
                changes.reasons().into_iter().map(|(reason, count)| format!("- {} ({count})\n", code(&reason)));
            self.part("Why", "", &reasons.collect::<Vec<_>>(), false);
        }
        self.part_table(title, &Changes::table(changes.blocks.iter()), extent != Extent::All);
    }

    /// Adds what happens between waves: whole, unfolded and before all else, since it names a program that will run.
    fn between(&mut self, between: &Phrase) {
        let text = between.to_string();
        let shown: String = text.chars().take(LONGEST_CHECK).collect();
        let cut = text.chars().count() - shown.chars().count();
        self.always(&format!("\n**Rollout**\n\n- {}\n", code_up_to(&shown, LONGEST_CHECK)));
        if cut > 0 {
            self.always(&format!(
                "- **{cut} characters of what runs are not shown here: do not approve it from this comment.** `--json` has them.\n"
            ));
        }
    }

    fn order(&mut self, title: &str, waves: &[Wave]) {
        let steps: usize = waves.iter().map(|wave| wave.steps.len()).sum();
        if waves.is_empty() {
            return;
        }
        let mut lines: Vec<String> = Vec::new();
        for wave in waves {
            lines.extend(wave.steps.chunks(STEPS_A_LINE).map(|steps| {
                let names: Vec<String> = steps.iter().map(|step| code(step)).collect();
                format!("- wave {}: {}\n", wave.number, names.join(", "))
            }));
        }
        self.folded(&format!("{title} ({steps})"), "", &lines);
    }

    fn table(&mut self, title: &str, table: &Table) {
        self.part_table(title, table, table.rows.len() > MOST_AT_LENGTH);
    }

    fn part_table(&mut self, title: &str, table: &Table, folds: bool) {
        let head = format!("| {} |\n|{}\n", table.heads.join(" | "), "---|".repeat(table.heads.len()));
        let cells = |row: &Vec<Phrase>| row.iter().map(said).collect::<Vec<_>>().join(" | ");
        let rows: Vec<String> = table.rows.iter().map(|row| format!("| {} |\n", cells(row))).collect();
        self.part(title, &head, &rows, folds);
    }

    fn part(&mut self, title: &str, head: &str, lines: &[String], folds: bool) {
        if lines.is_empty() {
            return;
        }
        if folds {
            return self.folded(&format!("{title} ({})", lines.len()), head, lines);
        }
        self.always(&format!("\n**{title}**\n\n{head}"));
        lines.iter().for_each(|line| self.line(line));
    }

    fn folded(&mut self, summary: &str, head: &str, lines: &[String]) {
        self.always(&format!("\n<details><summary>{summary}</summary>\n\n{head}"));
        lines.iter().for_each(|line| self.line(line));
        self.always("\n</details>\n");
    }

    fn write<W: Write + ?Sized>(mut self, out: &mut W) -> io::Result<()> {
        if self.left_out > 0 {
            let left_out = self.left_out;
            self.always(&format!(
                "\n**{left_out} lines are left out**: a comment holds {LIMIT} characters. `--json` has everything.\n"
            ));
        }
        out.write_all(self.text.as_bytes())
    }
}

#[cfg(test)]
mod tests;
