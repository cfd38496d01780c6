//! Text for people: lines made of toned pieces, wrapped to the width, escaped by construction.
//!
//! `Screen` is the only thing in `render` that writes to a terminal. A piece has no way to carry an escape
//! sequence through it, whoever wrote the piece, and a line never starts with what a CI log takes for a command.
//! Words are never cut: an id or a digest that is wider than the screen stays whole, so that it can be copied.

pub(crate) mod page;

use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::escape::escape_terminal;
use super::phrase::{Phrase, Piece};
use crate::language::{self, Language, say};

/// How text is to look; decided by whoever owns the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Colours are wanted.
    pub color: bool,
    /// Columns; lines are wrapped at spaces.
    pub width: u16,
    /// Symbols beyond ASCII can be shown.
    pub unicode: bool,
    /// Long lists are cut, and large plans told as one row a group: a person looks at one screen.
    pub folds: bool,
    /// The language of whoever reads it, for what is said in more than English.
    pub language: Language,
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
    pieces: Vec<(Tone, Cow<'a, str>, Breaks)>,
}

/// Where a piece of a line may be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Breaks {
    /// At blanks.
    Blanks,
    /// Nowhere: a command that is copied from a screen must come as one line, and half of a few words says something else.
    Nowhere,
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
        self.pieces.push((tone, text.into(), Breaks::Blanks));
        self
    }

    /// Adds a piece that is never broken: all of it is shown, or nothing.
    pub(crate) fn whole(mut self, tone: Tone, text: impl Into<Cow<'a, str>>) -> Self {
        self.pieces.push((tone, text.into(), Breaks::Nowhere));
        self
    }

    /// Adds a sentence; its commands stay whole.
    pub(crate) fn phrase(mut self, phrase: &Phrase) -> Self {
        for piece in phrase.pieces() {
            let (text, breaks) = match piece {
                Piece::Ours(words) => (words.to_string(), Breaks::Blanks),
                Piece::Theirs(text) => (text.clone(), Breaks::Blanks),
                Piece::Command(command) => (format!("`{command}`"), Breaks::Nowhere),
            };
            self.pieces.push((Tone::Plain, text.into(), breaks));
        }
        self
    }

    /// Adds a piece and spaces up to `columns`, then two more: a cell of a table.
    pub(crate) fn cell(self, tone: Tone, text: &str, columns: usize) -> Self {
        let padding = columns.saturating_sub(columns_of(text)) + 2;
        self.with(tone, text.to_owned()).text(" ".repeat(padding))
    }

    /// Adds a plain piece.
    pub(crate) fn text(self, text: impl Into<Cow<'a, str>>) -> Self {
        self.with(Tone::Plain, text)
    }
}

/// Counts the columns that a text takes once it is escaped.
pub(crate) fn columns_of(text: &str) -> usize {
    escape_terminal(text).width()
}

/// Says how many things a list leaves out: `... and 3 more steps`; nothing where it leaves out none.
pub(crate) fn and_more(left_out: usize, what: &str, ellipsis: &str) -> Option<String> {
    let said = || match what {
        "" => say!("{ellipsis} and {left_out} more", ellipsis, left_out),
        _ => say!("{ellipsis} and {left_out} more {what}", ellipsis, left_out, what),
    };
    (left_out > 0).then(|| said().trim().to_owned())
}

/// Writes one line of untrusted text, wrapped.
pub fn paragraph<W: Write + ?Sized>(out: &mut W, text: &str, view: View) -> io::Result<()> {
    Screen::new(out, view).line(&Line::at(0).text(text))
}

/// Returns a text of at most `columns` columns, not yet escaped. What is left out is its middle: names often differ at
/// their ends only.
pub(crate) fn shortened(text: &str, columns: usize, ellipsis: &str) -> String {
    if columns_of(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(columns_of(ellipsis));
    let fitting = |room: usize, characters: &mut dyn Iterator<Item = char>| -> Vec<char> {
        let mut used = 0;
        let fits = |character: &char| {
            used += columns_of(character.encode_utf8(&mut [0; 4]));
            used <= room
        };
        characters.take_while(fits).collect()
    };
    let head = fitting(room - room / 2, &mut text.chars());
    let tail = fitting(room / 2, &mut text.chars().rev());
    head.into_iter().chain(ellipsis.chars()).chain(tail.into_iter().rev()).collect()
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

    /// Writes one line in exactly one row of the screen: what does not fit is left out.
    pub(crate) fn cut(&mut self, line: &Line<'_>) -> io::Result<()> {
        let mut row = Row::at(line.indent);
        for word in words(line) {
            if row.column + word.gap + word.width >= usize::from(self.view.width) {
                break;
            }
            row.push(word);
        }
        self.row(&row)
    }

    fn wrapped(&mut self, line: &Line<'_>, width: usize) -> io::Result<()> {
        let mut row = Row::at(line.indent);
        let mut wrap = Wrap::new(line.indent, line.hang, width);
        for word in words(line) {
            if wrap.breaks_before(word.gap, word.width) {
                self.row(&row)?;
                row = Row::at(line.hang);
            }
            row.push(word);
        }
        self.row(&row)
    }

    fn row(&mut self, row: &Row) -> io::Result<()> {
        self.out.write_all(" ".repeat(row.indent).as_bytes())?;
        for (tone, text) in &row.pieces {
            if self.view.color && *tone != Tone::Plain {
                let style = tone.style();
                write!(self.out, "{style}{text}{style:#}")?;
            } else {
                self.out.write_all(text.as_bytes())?;
            }
        }
        self.out.write_all(b"\n")
    }
}

/// Where a text is broken into rows: the one rule of everything that wraps.
pub(crate) struct Wrap {
    column: usize,
    hang: usize,
    width: usize,
    is_first: bool,
}

impl Wrap {
    /// Starts at column `begin`; each further row begins at `hang`, and none is wider than `width` unless a word is.
    pub(crate) fn new(begin: usize, hang: usize, width: usize) -> Self {
        Self { column: begin, hang, width, is_first: true }
    }

    /// Takes in a word of `columns`, with a gap before it, and returns whether it begins a row of its own.
    pub(crate) fn breaks_before(&mut self, gap: usize, columns: usize) -> bool {
        let is_first = std::mem::take(&mut self.is_first);
        let gap = if is_first { 0 } else { gap };
        let breaks = !is_first && self.column + gap + columns > self.width;
        self.column = if breaks { self.hang } else { self.column + gap } + columns;
        breaks
    }
}

/// One row of the screen while it fills.
struct Row {
    indent: usize,
    column: usize,
    is_empty: bool,
    pieces: Vec<(Tone, String)>,
}

impl Row {
    fn at(indent: usize) -> Self {
        Self { indent, column: indent, is_empty: true, pieces: Vec::new() }
    }

    /// Adds a word; neighbours of one tone become one piece, so that a phrase stays greppable in colour.
    fn push(&mut self, word: Word) {
        let mut gap = if self.is_empty { 0 } else { word.gap };
        self.column += gap + word.width;
        self.is_empty = false;
        for (tone, text) in word.pieces {
            let space = " ".repeat(std::mem::take(&mut gap));
            match self.pieces.last_mut() {
                Some((last, piece)) if *last == tone => {
                    piece.push_str(&space);
                    piece.push_str(&text);
                }
                last => {
                    if !space.is_empty() {
                        match last {
                            Some((Tone::Plain, piece)) => piece.push_str(&space),
                            _ => self.pieces.push((Tone::Plain, space)),
                        }
                    }
                    self.pieces.push((tone, text));
                }
            }
        }
    }
}

/// What must stay together, and the spaces before it.
#[derive(Default)]
struct Word {
    gap: usize,
    width: usize,
    pieces: Vec<(Tone, String)>,
}

impl Word {
    /// Returns the letter that it ends with so far.
    fn last(&self) -> Option<char> {
        self.pieces.last().and_then(|(_, text)| text.chars().next_back())
    }
}

/// Takes a text apart where it may be broken, each part with the blanks before it: at blanks, and where a language without
/// blanks between its words is in force, also between its letters. What stands between backquotes is pasted, and stays whole.
pub(crate) fn unbroken(text: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut gap = 0;
    while let Some(end) = first_break(rest) {
        let (part, after) = rest.split_at(end);
        parts.push((gap, part));
        rest = after.strip_prefix(' ').unwrap_or(after);
        gap = usize::from(rest.len() < after.len());
    }
    parts.push((gap, rest));
    parts
}

/// Returns where a text may be broken first.
fn first_break(text: &str) -> Option<usize> {
    let mut before = None;
    let mut whole_until = 0;
    for (at, letter) in text.char_indices() {
        if at >= whole_until {
            if letter == ' ' || before.is_some_and(|before| parts_between(before, Some(letter))) {
                return Some(at);
            }
            if letter == '`' {
                let closing = text[at + 1..].find('`');
                whole_until = closing.map_or(0, |length| at + 1 + length + 1);
            }
        }
        before = Some(letter);
    }
    None
}

/// What no row of a Chinese text ends with.
const OPENING: &str = "（《“‘【「";

/// What no row of a Chinese text begins with.
const CLOSING: &str = "，。；：、？！）》”’】」…";

/// Returns whether a Chinese text may be broken between two letters.
fn parts_between(before: char, after: Option<char>) -> bool {
    let Some(after) = after.filter(|_| language::in_force() != Language::English) else { return false };
    let is_wide = |letter: char| letter.width() == Some(2);
    // Behind a mark a backtick opens; elsewhere it closes, and its blank is where the row may end.
    let is_closing = ",.;:!?)]}\"'".contains(after) || after == '`' && !CLOSING.contains(before);
    let is_held = OPENING.contains(before) || "([{\"'`#".contains(before) || CLOSING.contains(after) || is_closing;
    (is_wide(before) || is_wide(after)) && !is_held
}

fn words(line: &Line<'_>) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = Word::default();
    for (tone, text, breaks) in &line.pieces {
        let text = escape_terminal(text);
        let parts = if *breaks == Breaks::Blanks { unbroken(&text) } else { vec![(0, &*text)] };
        for (index, (gap, part)) in parts.into_iter().enumerate() {
            let is_apart = match word.last() {
                Some(last) if index == 0 => parts_between(last, part.chars().next()),
                _ => index > 0,
            };
            if is_apart {
                if word.pieces.is_empty() {
                    word.gap += gap;
                } else {
                    words.push(std::mem::replace(&mut word, Word { gap, ..Word::default() }));
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
