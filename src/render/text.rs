//! Text for people: lines made of toned pieces, wrapped to the width, escaped by construction.
//!
//! [`Screen`] is the only thing in `render` that writes to a terminal. A piece has no way to carry an escape
//! sequence through it, whoever wrote the piece, and a line never starts with what a CI log takes for a command.
//! Words are never cut: an id or a digest that is wider than the screen stays whole, so that it can be copied.

use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use super::escape::escape_terminal;

/// How text is to look; decided by whoever owns the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Colours are wanted.
    pub color: bool,
    /// Columns; lines are wrapped at spaces.
    pub width: u16,
    /// Symbols beyond ASCII can be shown.
    pub unicode: bool,
}

impl View {
    /// Returns the mark of something left out.
    pub(crate) fn ellipsis(self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }
}

/// The meaning of a piece, from which its colour follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing special.
    Plain,
    /// What the eye should find first.
    Strong,
    /// What can be skipped.
    Faint,
    /// Comes up, went well.
    Good,
    /// Is changed, is a worry.
    Change,
    /// Refused, failed.
    Bad,
    /// Is only read or waited for.
    Wait,
}

impl Tone {
    fn style(self) -> Style {
        let color = |color: AnsiColor| color.on_default();
        match self {
            Self::Plain => Style::new(),
            Self::Strong => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Good => color(AnsiColor::Green),
            Self::Change => color(AnsiColor::Yellow),
            Self::Bad => color(AnsiColor::Red),
            Self::Wait => color(AnsiColor::Cyan),
        }
    }
}

/// One line before wrapping.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line<'a> {
    indent: usize,
    hang: usize,
    pieces: Vec<(Tone, Cow<'a, str>)>,
}

impl<'a> Line<'a> {
    /// Starts a line `indent` columns in; what does not fit continues two columns further in.
    pub(crate) fn at(indent: usize) -> Self {
        Self { indent, hang: indent + 2, pieces: Vec::new() }
    }

    /// Says how far in the line continues.
    pub(crate) fn hang(mut self, hang: usize) -> Self {
        self.hang = hang;
        self
    }

    /// Adds a piece, escaped when it is written.
    pub(crate) fn with(mut self, tone: Tone, text: impl Into<Cow<'a, str>>) -> Self {
        self.pieces.push((tone, text.into()));
        self
    }

    /// Adds a plain piece.
    pub(crate) fn text(self, text: impl Into<Cow<'a, str>>) -> Self {
        self.with(Tone::Plain, text)
    }
}

/// A stream that shows lines.
pub(crate) struct Screen<'w, W: ?Sized> {
    out: &'w mut W,
    view: View,
}

impl<'w, W: Write + ?Sized> Screen<'w, W> {
    /// Shows lines on `out`.
    pub(crate) fn new(out: &'w mut W, view: View) -> Self {
        Self { out, view }
    }

    /// Returns how text is to look.
    pub(crate) fn view(&self) -> View {
        self.view
    }

    /// Ends a paragraph.
    pub(crate) fn blank(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// Writes one line, wrapped.
    pub(crate) fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        self.wrapped(line, usize::from(self.view.width))
    }

    /// Writes one line that other tools parse: never wrapped.
    pub(crate) fn unwrapped(&mut self, line: &Line<'_>) -> io::Result<()> {
        self.wrapped(line, usize::MAX)
    }

    fn wrapped(&mut self, line: &Line<'_>, width: usize) -> io::Result<()> {
        let mut row: Vec<(Tone, String)> = vec![(Tone::Plain, " ".repeat(line.indent))];
        let mut column = line.indent;
        let mut is_empty = true;
        for word in words(line) {
            let gap = if is_empty { 0 } else { word.gap };
            if !is_empty && column + gap + word.width > width {
                self.row(&row)?;
                row = vec![(Tone::Plain, " ".repeat(line.hang))];
                column = line.hang;
            } else {
                row.push((Tone::Plain, " ".repeat(gap)));
                column += gap;
            }
            column += word.width;
            row.extend(word.pieces);
            is_empty = false;
        }
        self.row(&row)
    }

    fn row(&mut self, row: &[(Tone, String)]) -> io::Result<()> {
        for (tone, text) in row {
            if self.view.color && *tone != Tone::Plain && !text.is_empty() {
                let style = tone.style();
                write!(self.out, "{style}{text}{style:#}")?;
            } else {
                self.out.write_all(text.as_bytes())?;
            }
        }
        self.out.write_all(b"\n")
    }
}

/// What must stay together, and the spaces before it.
#[derive(Default)]
struct Word {
    gap: usize,
    width: usize,
    pieces: Vec<(Tone, String)>,
}

fn words(line: &Line<'_>) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = Word::default();
    for (tone, text) in &line.pieces {
        for (index, part) in escape_terminal(text).split(' ').enumerate() {
            if index > 0 {
                if word.pieces.is_empty() {
                    word.gap += 1;
                } else {
                    words.push(std::mem::replace(&mut word, Word { gap: 1, ..Word::default() }));
                }
            }
            if !part.is_empty() {
                word.pieces.push((*tone, part.to_owned()));
            }
        }
    }
    if !word.pieces.is_empty() {
        words.push(word);
    }
    for word in &mut words {
        disarm(word);
        word.width = word.pieces.iter().map(|(_, text)| text.width()).sum();
    }
    words
}

/// Takes the meaning from what a CI runner would read as a command: `::name::` at a line's start, `##[name]` anywhere.
fn disarm(word: &mut Word) {
    let whole: String = word.pieces.iter().map(|(_, text)| text.as_str()).collect();
    if whole.starts_with("::") {
        let first = &mut word.pieces[0].1;
        first.replace_range(..1, "\\x3a");
    }
    if whole.contains("##[") {
        for (_, text) in &mut word.pieces {
            *text = text.replace('#', "\\x23");
        }
    }
}

#[cfg(test)]
mod tests;
