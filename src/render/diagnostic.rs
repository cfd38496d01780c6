//! Draws findings: what, where, the line itself with the place underlined, why, and what to do next.
//!
//! ```text
//! error: `interfaces.sh-primary.status` cannot be `Activ`
//!   --> rictl.yaml:18:13
//!    |
//! 18 |     status: Activ
//!    |             ^^^^^ did you mean `Active`?
//!   hint: it is `Active` or `Inactive`; nothing else can be asked for
//! ```
//!
//! By hand, because the house style puts causes and hints on plain indented lines, and because lines are cut and
//! escaped here: a line of a minified spec may be megabytes long, and none of its text is to be trusted.

use std::io;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Severity, Sources};
use crate::language::{self, Language, say};
use crate::render::escape::escape_terminal;
use crate::render::text::{Wrap, unbroken};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const FRAME: Style = AnsiColor::Blue.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const STRONG: Style = Style::new().bold();
/// Stands where a line was cut.
const CUT: &str = "...";
/// Where a sentence goes on that has been broken.
const HANG: usize = 4;
/// Below this nothing can be shown of a line.
const NARROWEST: usize = 40;

/// How findings are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawStyle {
    /// Whether to colour them.
    pub color: bool,
    /// Columns that source lines are cut to fit.
    pub width: usize,
    /// Whether to break sentences at the width too, for a terminal; a pipe gets each as one line.
    pub wraps: bool,
    /// The language of whoever reads them.
    pub language: Language,
}

impl Default for DrawStyle {
    fn default() -> Self {
        Self { color: false, width: 100, wraps: false, language: Language::English }
    }
}

/// Draws all findings in their order, a blank line between two.
pub fn write(out: &mut impl io::Write, diagnostics: &Diagnostics, style: DrawStyle) -> io::Result<()> {
    write_findings(out, &diagnostics.sources, &diagnostics.findings, style)
}

/// Draws findings that are kept apart from their texts, such as the warnings of a spec.
pub fn write_findings(
    out: &mut impl io::Write,
    sources: &Sources,
    findings: &[Diagnostic],
    style: DrawStyle,
) -> io::Result<()> {
    let mut seeker = Seeker { sources, at: Place { line: 1, column: 1, ..Place::default() }, offset: 0 };
    for (index, finding) in findings.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let painter = Painter { style, accent: if finding.severity == Severity::Error { ERROR } else { WARNING } };
        let told = language::speak(style.language, || finding.told());
        // One that nobody has worded in another language is drawn in English as a whole.
        let language = if finding.translated.is_some() { style.language } else { Language::English };
        language::speak(language, || painter.finding(out, told, &mut seeker))?;
    }
    Ok(())
}

struct Painter {
    style: DrawStyle,
    accent: Style,
}

impl Painter {
    fn finding(&self, out: &mut impl io::Write, finding: &Diagnostic, seeker: &mut Seeker<'_>) -> io::Result<()> {
        let word = if finding.severity == Severity::Error { say!("error") } else { say!("warning") };
        let summary = self.prose(word.width() + 2, &finding.summary, STRONG);
        writeln!(out, "{}{}{summary}", self.paint(self.accent, word), say!(": "))?;
        if let Some(place) = finding.place {
            let located = seeker.sources.locate(place);
            writeln!(out, "  {} {}", self.paint(FRAME, "-->"), escape_terminal(&located))?;
            self.source_line(out, place, finding.label.as_deref().unwrap_or_default(), seeker)?;
        }
        for (place, what) in &finding.related {
            let located = seeker.sources.locate(*place);
            writeln!(out, "  {}{}{}", escape_terminal(what), say!(": "), escape_terminal(&located))?;
        }
        for cause in &finding.causes {
            let word = say!("caused by");
            writeln!(out, "  {word}{}{}", say!(": "), self.prose(word.width() + 4, cause, Style::new()))?;
        }
        if let Some(hint) = &finding.hint {
            let word = say!("hint");
            let hint = self.prose(word.width() + 4, hint, Style::new());
            writeln!(out, "  {}{}{hint}", self.paint(HINT, word), say!(": "))?;
        }
        Ok(())
    }

    fn source_line(
        &self,
        out: &mut impl io::Write,
        place: Place,
        label: &str,
        seeker: &mut Seeker<'_>,
    ) -> io::Result<()> {
        let number = place.line.to_string();
        let indent = " ".repeat(number.len());
        let room = self.style.width.max(NARROWEST).saturating_sub(number.len() + 3 + 2 * CUT.len());
        let Some(excerpt) = seeker.excerpt(place, room) else { return Ok(()) };
        let bar = self.paint(FRAME, "|");
        let marks = self.paint(self.accent, &"^".repeat(excerpt.marked));
        let label = self.paint(self.accent, &escape_terminal(label));
        writeln!(out, "{indent} {bar}")?;
        writeln!(out, "{} {bar} {}", self.paint(FRAME, &number), excerpt.text)?;
        let drawn = format!("{indent} {bar} {}{marks} {label}", " ".repeat(excerpt.before));
        writeln!(out, "{}", drawn.trim_end())
    }

    /// Returns a sentence that begins at column `begin`, ready to be shown.
    fn prose(&self, begin: usize, text: &str, style: Style) -> String {
        let text = escape_terminal(text);
        if !self.style.wraps {
            return self.paint(style, &text);
        }
        let mut rows: Vec<String> = Vec::new();
        let mut wrap = Wrap::new(begin, HANG, self.style.width);
        for (gap, word) in unbroken(&text) {
            let breaks = wrap.breaks_before(gap, word.width());
            match rows.last_mut().filter(|_| !breaks) {
                Some(row) => {
                    row.push_str(&" ".repeat(gap));
                    row.push_str(word);
                }
                None => rows.push(word.to_owned()),
            }
        }
        let rows: Vec<String> = rows.iter().map(|row| self.paint(style, row)).collect();
        rows.join(&format!("\n{}", " ".repeat(HANG)))
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.style.color && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// The part of a line around a place, ready to be shown.
struct Excerpt {
    text: String,
    /// Columns before the marks.
    before: usize,
    /// Columns to mark.
    marked: usize,
}

/// Finds places in texts; going on forward from the last one, since findings come in the order of their places.
struct Seeker<'a> {
    sources: &'a Sources,
    at: Place,
    offset: usize,
}

impl Seeker<'_> {
    /// Cuts the line at `place` to at most `room` columns; nothing where the place is not in the text.
    fn excerpt(&mut self, place: Place, room: usize) -> Option<Excerpt> {
        let text = &*self.sources.get(place.source)?.text;
        self.seek(text, place);
        let is_break = |character: char| matches!(character, '\n' | '\r');
        let (head, tail) = text.split_at(self.offset);
        if self.at.line != place.line || text.is_empty() {
            return None;
        }
        let lead = || head.chars().rev().take_while(|character| !is_break(*character)).map(shown);
        let follow = || tail.chars().take_while(|character| !is_break(*character)).map(shown);
        // At least a third of the room is for what leads up to the place, and all that what follows leaves over.
        let (_, needed, _) = take(follow(), room);
        let (mut before, used, is_cut) = take(lead(), (room - needed).max(room / 3));
        before.reverse();
        let (after, _, is_cut_after) = take(follow(), room - used);
        let marked = after.iter().take(place.length as usize).map(|(_, columns)| columns).sum::<usize>().max(1);
        let cut = if is_cut { CUT } else { "" };
        let mut text = cut.to_owned();
        text.extend(before.iter().chain(&after).map(|(cell, _)| cell.as_str()));
        text.push_str(if is_cut_after { CUT } else { "" });
        Some(Excerpt { text: text.trim_end().to_owned(), before: cut.len() + used, marked })
    }

    fn seek(&mut self, text: &str, place: Place) {
        if place < (Place { length: 0, ..self.at }) || place.source != self.at.source {
            self.at = Place { source: place.source, line: 1, column: 1, length: 0 };
            self.offset = 0;
        }
        let mut rest = text[self.offset..].chars();
        while (self.at.line, self.at.column) < (place.line, place.column) {
            let Some(character) = rest.next() else { break };
            if character == '\n' || character == '\r' && !rest.as_str().starts_with('\n') {
                if self.at.line == place.line {
                    break;
                }
                self.at.line += 1;
                self.at.column = 1;
            } else {
                self.at.column += 1;
            }
            self.offset = text.len() - rest.as_str().len();
        }
    }
}

/// Takes cells while they fit `room` columns; returns the columns they take, and whether some were left.
fn take(cells: impl Iterator<Item = (String, usize)>, room: usize) -> (Vec<(String, usize)>, usize, bool) {
    let mut cells = cells.peekable();
    let (mut taken, mut used) = (Vec::new(), 0);
    while let Some((cell, columns)) = cells.next_if(|(_, columns)| used + columns <= room) {
        used += columns;
        taken.push((cell, columns));
    }
    (taken, used, cells.peek().is_some())
}

/// Returns how a character is shown, and how many columns that takes.
fn shown(character: char) -> (String, usize) {
    match character {
        '\t' => ("    ".to_owned(), 4),
        // The line is to be recognised, not read back.
        '\\' => ("\\".to_owned(), 1),
        other => {
            let cell = escape_terminal(other.encode_utf8(&mut [0; 4])).into_owned();
            let columns = cell.width();
            (cell, columns)
        }
    }
}

#[cfg(test)]
mod tests;
