//! Where an entry more of `changes` belongs in a text.

use saphyr_parser::{Event, Marker, ScalarStyle, Span};

use super::Unaddable;
use crate::bounds;
use crate::spec::events::{Events, NoEvent};

/// How far entries and their keys are moved to the right where nothing is there to go by.
const STEP: usize = 2;

/// Where an entry goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// How many bytes of the text are before it.
    pub(super) at: usize,
    /// There is no section `changes` yet.
    pub(super) needs_section: bool,
    pub(super) layout: Layout,
}

/// How it is written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// On lines of its own, with so many blanks before each.
    Block {
        /// Before the key of the section.
        key: usize,
        /// Before the name of the change.
        entry: usize,
        /// Before its keys.
        field: usize,
    },
    /// In brackets.
    Flow {
        /// Nothing is before it in them.
        is_first: bool,
        /// As JSON has it.
        in_json: bool,
    },
}

/// A mapping, as far as one looks at it to write another entry into it.
struct Mapping {
    is_flow: bool,
    /// The column of its first key, and of the first key of that one's value.
    columns: [Option<usize>; 2],
    /// Where the last of it ends that says something, or its bracket where nothing does.
    last: Marker,
}

/// The section `changes`.
enum Section {
    /// Nothing stands in it.
    Empty,
    Entries(Mapping),
}

/// What is found in a text.
struct Found {
    root: Mapping,
    /// Whether its keys are quoted, as those of JSON are; so are those of nothing.
    has_quoted_keys: bool,
    section: Option<Section>,
    /// Where the next section begins, or the document ends.
    next: Marker,
    end: Marker,
}

/// Finds the place of a new entry.
pub(super) fn find(text: &str) -> Result<Spot, Unaddable> {
    if text.trim().is_empty() {
        let layout = Layout::Block { key: 0, entry: STEP, field: 2 * STEP };
        return Ok(Spot { at: text.len(), needs_section: true, layout });
    }
    let found = Reader { text, events: Events::new(text, bounds::SPEC_LOOKAHEAD) }.document()?;
    let key = found.root.columns[0].unwrap_or(0);
    let in_json = found.root.is_flow && found.has_quoted_keys;
    let in_flow = |mapping: &Mapping| Layout::Flow { is_first: mapping.columns[0].is_none(), in_json };
    let (at, layout) = match &found.section {
        Some(Section::Entries(entries)) if entries.is_flow => (offset(text, entries.last)?, in_flow(entries)),
        Some(Section::Empty) | None if found.root.is_flow => {
            if found.section.is_some() {
                return Err(Unaddable::Entangled);
            }
            (offset(text, found.root.last)?, in_flow(&found.root))
        }
        Some(Section::Entries(entries)) => {
            let entry = entries.columns[0].unwrap_or(key + STEP);
            let field = entries.columns[1].filter(|field| *field > entry).unwrap_or(entry + STEP);
            (line_above(text, found.next, entry)?, Layout::Block { key, entry, field })
        }
        Some(Section::Empty) => {
            let layout = Layout::Block { key, entry: key + STEP, field: key + 2 * STEP };
            (line_above(text, found.next, key + 1)?, layout)
        }
        None => (line_start(text, found.end)?, Layout::Block { key, entry: key + STEP, field: key + 2 * STEP }),
    };
    Ok(Spot { at, needs_section: found.section.is_none(), layout })
}

struct Reader<'t> {
    text: &'t str,
    events: Events<'t>,
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Result<Found, Unaddable> {
        let (mut event, mut span) = self.next()?;
        while matches!(event, Event::StreamStart | Event::DocumentStart(_)) {
            (event, span) = self.next()?;
        }
        if !matches!(event, Event::MappingStart(..)) {
            return Err(Unaddable::NotYaml);
        }
        let mut root = Mapping { is_flow: self.is_bracket(span), columns: [None; 2], last: after_bracket(span) };
        let (mut section, mut next, mut has_quoted_keys) = (None, None, true);
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::Scalar(key, style, ..) => {
                    has_quoted_keys &= style == ScalarStyle::DoubleQuoted;
                    root.columns[0].get_or_insert(self.key_column(span));
                    if section.is_some() {
                        next.get_or_insert(span.start);
                    }
                    let value = self.value(&mut root)?;
                    if key == "changes" {
                        section = Some(value?);
                    }
                }
                Event::MappingEnd => break,
                _ => return Err(Unaddable::NotYaml),
            }
        }
        let (_, span) = self.next()?;
        let is_marked = text_at(self.text, span.start).is_some_and(|rest| rest.starts_with("..."));
        let end = if is_marked { span.start } else { end_of(self.text) };
        Ok(Found { root, has_quoted_keys, section, next: next.unwrap_or(end), end })
    }

    /// Reads a value of the root, and returns what it would be as a section.
    fn value(&mut self, root: &mut Mapping) -> Result<Result<Section, Unaddable>, Unaddable> {
        let (event, span) = self.next()?;
        match event {
            Event::Scalar(text, ..) => {
                // What is written, be it `~`, would have to go.
                let written =
                    text_at(self.text, span.start).is_some_and(|rest| !span.is_empty() && rest.starts_with(&*text));
                root.last = span.end;
                Ok(if written { Err(Unaddable::Written(text.into_owned())) } else { Ok(Section::Empty) })
            }
            Event::MappingStart(..) => {
                let (entries, end) = self.entries(span)?;
                root.last = end;
                Ok(Ok(Section::Entries(entries)))
            }
            Event::SequenceStart(..) => {
                root.last = self.rest_of(&event, span)?.1;
                Ok(Err(Unaddable::Entangled))
            }
            _ => Err(Unaddable::NotYaml),
        }
    }

    /// Reads the entries of a section, whose start was read, and returns where it ends as well.
    fn entries(&mut self, start: Span) -> Result<(Mapping, Marker), Unaddable> {
        let is_flow = self.is_bracket(start);
        let mut entries = Mapping { is_flow, columns: [None; 2], last: after_bracket(start) };
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::MappingEnd => return Ok((entries, span.end)),
                Event::Scalar(..) => {
                    entries.columns[0].get_or_insert(self.key_column(span));
                    let (event, span) = self.next()?;
                    let (inner, last) = self.rest_of(&event, span)?;
                    if let Some(column) = inner {
                        entries.columns[1].get_or_insert(column);
                    }
                    entries.last = last;
                }
                _ => return Err(Unaddable::NotYaml),
            }
        }
    }

    /// Reads a value to its end; returns the column of its first key where it is a block, and where it ends.
    fn rest_of(&mut self, event: &Event<'t>, span: Span) -> Result<(Option<usize>, Marker), Unaddable> {
        let mut depth = match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => 1,
            _ => return Ok((None, span.end)),
        };
        let is_block = !self.is_bracket(span);
        let (mut first, mut last) = (None, span.end);
        while depth > 0 {
            let (event, span) = self.next()?;
            match event {
                Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
                Event::MappingEnd | Event::SequenceEnd => depth -= 1,
                Event::StreamEnd => return Err(Unaddable::NotYaml),
                _ => {
                    first.get_or_insert(self.key_column(span));
                }
            }
            last = span.end;
        }
        Ok((first.filter(|_| is_block), last))
    }

    /// Returns the column of a key: of its question mark, where one stands before it.
    fn key_column(&self, key: Span) -> usize {
        let column = key.start.col();
        let line = start_of_line(self.text, key.start.line()).ok().map(|start| &self.text[start..]);
        let before: String = line.unwrap_or_default().chars().take(column).collect();
        match before.trim_end().strip_suffix('?') {
            Some(indent) if before.ends_with([' ', '\t']) && indent.trim().is_empty() => indent.chars().count(),
            _ => column,
        }
    }

    /// Returns whether a collection begins with a bracket.
    fn is_bracket(&self, span: Span) -> bool {
        text_at(self.text, span.start).is_some_and(|rest| rest.starts_with(['{', '[']))
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Unaddable> {
        self.events.next().map_err(|error| match error {
            NoEvent::End | NoEvent::Endless | NoEvent::NotYaml(_) => Unaddable::NotYaml,
        })
    }
}

/// Returns where a bracket ends that a collection begins with.
fn after_bracket(span: Span) -> Marker {
    Marker::new(span.start.index() + 1, span.start.line(), span.start.col() + 1)
}

/// Returns the place behind the last character.
fn end_of(text: &str) -> Marker {
    let lines = text.matches('\n').count() + 1;
    let last = text.rsplit('\n').next().unwrap_or_default();
    Marker::new(text.chars().count(), lines, last.chars().count())
}

fn text_at(text: &str, at: Marker) -> Option<&str> {
    offset(text, at).ok().map(|offset| &text[offset..])
}

/// Returns how many bytes are before a place; lines and columns count, as they do for the reader.
fn offset(text: &str, at: Marker) -> Result<usize, Unaddable> {
    let start = start_of_line(text, at.line())?;
    let line = text[start..].split('\n').next().unwrap_or_default();
    let column = line.char_indices().nth(at.col()).map_or(line.len(), |(column, _)| column);
    Ok(start + column)
}

/// Returns where the line of a place begins; the end of a text that breaks off is a line's own.
fn line_start(text: &str, at: Marker) -> Result<usize, Unaddable> {
    let start = start_of_line(text, at.line())?;
    let breaks_off = at.col() > 0 && text[start..].split('\n').count() == 1;
    Ok(if breaks_off { text.len() } else { start })
}

fn start_of_line(text: &str, line: usize) -> Result<usize, Unaddable> {
    match line.checked_sub(2) {
        None => Ok(0),
        Some(breaks) => text.match_indices('\n').nth(breaks).map(|(at, _)| at + 1).ok_or(Unaddable::Entangled),
    }
}

/// Returns where the line begins that follows a section: above the comments and the empty lines that go with what is next.
fn line_above(text: &str, next: Marker, entry: usize) -> Result<usize, Unaddable> {
    let mut at = line_start(text, next)?;
    while at > 0 {
        let before = text[..at].strip_suffix('\n').unwrap_or(&text[..at]);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = text[start..at].trim_end();
        let indent = line.len() - line.trim_start().len();
        let goes_with_what_is_next = line.is_empty() || (line.trim_start().starts_with('#') && indent < entry);
        if !goes_with_what_is_next {
            break;
        }
        at = start;
    }
    Ok(at)
}
