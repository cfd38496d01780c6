//! YAML to items: the events of saphyr-parser, less what a reviewed spec has no use for.
//!
//! Anchors, aliases, merge keys and tags make a text say something else than it seems to; they are refused, each
//! with its place. What the parser may hold in memory between two events is bounded here, since it keeps a whole
//! flow collection before it tells of its start.

use std::cell::Cell;
use std::str::Chars;

use saphyr_parser::{BufferedInput, Event, Parser, ScalarStyle, ScanError, Span};

use crate::diagnostic::{Diagnostic, Place, SourceId};
use crate::spec::findings::Findings;
use crate::spec::syntax::{
    Broken, Item, MAX_DEPTH, MAX_ENTRIES, MAX_VALUES, Node, Sink, Word, empty, not_a_mapping, too_deep, too_many,
    word_node,
};

/// Characters that the parser may read before it must tell something; its tokens take a hundred times as much.
const MAX_LOOKAHEAD: usize = 256 * 1024;

/// Reads a YAML document and hands its items to `sink`.
pub(in crate::spec) fn read<'a>(
    source: SourceId,
    text: &'a str,
    findings: &mut Findings,
    sink: &mut Sink<'_, 'a>,
) -> Result<(), Broken> {
    let spent = Cell::new(0);
    let parser = Parser::new(BufferedInput::new(Metered { chars: text.chars(), spent: &spent }));
    let last = Place { source, line: 1, column: 1, length: 1 };
    Reader { text, spent: &spent, parser, last, values: 0, findings }.document(sink)
}

/// The characters of a text, ending early when nothing comes of them.
struct Metered<'t> {
    chars: Chars<'t>,
    spent: &'t Cell<usize>,
}

impl Iterator for Metered<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if self.spent.get() > MAX_LOOKAHEAD {
            return None;
        }
        self.spent.set(self.spent.get() + 1);
        self.chars.next()
    }
}

struct Reader<'t, 'f> {
    text: &'t str,
    spent: &'t Cell<usize>,
    parser: Parser<'t, BufferedInput<Metered<'t>>>,
    /// Where the last event stood.
    last: Place,
    /// The values of the current entry so far.
    values: usize,
    findings: &'f mut Findings,
}

impl<'t> Reader<'t, '_> {
    fn document(&mut self, sink: &mut Sink<'_, '_>) -> Result<(), Broken> {
        let (mut event, mut place) = self.next()?;
        while matches!(event, Event::StreamStart | Event::DocumentStart(_)) {
            (event, place) = self.next()?;
        }
        if event == Event::StreamEnd {
            return Err(empty(Place { line: 1, column: 1, ..place }, self.findings));
        }
        if let Event::MappingStart(anchor, ref tag) = event {
            self.refuse_marks(anchor, tag.is_some(), place);
        } else {
            let node = self.node(event, place, 0)?;
            let is_empty = node.is_null();
            return Err(if is_empty {
                empty(place, self.findings)
            } else {
                not_a_mapping(place, node.kind(), self.findings)
            });
        }
        // The parser takes a tab before the first key for white space.
        if let Some(column) = tab_column(self.text, place.line).filter(|column| *column < place.column) {
            return Err(self.stop(Place { column, length: 1, ..place }, tab()));
        }
        while let Some(key) = self.key()? {
            sink(Item::Section(key), self.findings);
            self.section(sink)?;
        }
        self.end()
    }

    fn section(&mut self, sink: &mut Sink<'_, '_>) -> Result<(), Broken> {
        let (event, place) = self.next()?;
        self.values = 0;
        if let Event::MappingStart(anchor, ref tag) = event {
            self.refuse_marks(anchor, tag.is_some(), place);
            let mut entries = 0;
            while let Some(key) = self.key()? {
                self.values = 0;
                entries += 1;
                if entries > MAX_ENTRIES {
                    return Err(too_many("entries in a section", MAX_ENTRIES, place, self.findings));
                }
                let (event, place) = self.next()?;
                let value = self.node(event, place, 2)?;
                sink(Item::Entry(key, value), self.findings);
            }
        } else {
            let value = self.node(event, place, 1)?;
            sink(Item::Value(value), self.findings);
        }
        Ok(())
    }

    /// Refuses a second document.
    fn end(&mut self) -> Result<(), Broken> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentStart(_), place) => {
                    let error = Diagnostic::error("the file holds several documents")
                        .label("the second starts here")
                        .hint("one document a file; the files of a directory are merged: `-f DIRECTORY`");
                    return Err(self.stop(place, error));
                }
                _ => {}
            }
        }
    }

    /// Returns the next key of a mapping, or nothing at its end.
    fn key(&mut self) -> Result<Option<Word<'static>>, Broken> {
        let (event, place) = self.next()?;
        match event {
            Event::MappingEnd => Ok(None),
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_marks(anchor, tag.is_some(), place);
                if text == "<<" && style == ScalarStyle::Plain {
                    let error = Diagnostic::error("merge keys are not allowed in a spec")
                        .label("`<<` copies from elsewhere")
                        .hint("write the values out, so that a reviewer sees what each entry says");
                    return Err(self.stop(place, error));
                }
                Ok(Some(Word { text: text.into_owned().into(), quoted: style != ScalarStyle::Plain, place }))
            }
            Event::Alias(_) => Err(self.stop(place, alias())),
            _ => Err(self.stop(place, Diagnostic::error("a key must be a word").label("not a word"))),
        }
    }

    fn node(&mut self, event: Event<'t>, place: Place, depth: usize) -> Result<Node<'static>, Broken> {
        if depth >= MAX_DEPTH && matches!(event, Event::SequenceStart(..) | Event::MappingStart(..)) {
            return Err(too_deep(place, self.findings));
        }
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(too_many("values in an entry", MAX_VALUES, place, self.findings));
        }
        let (node, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = style != ScalarStyle::Plain;
                let word = Word { text: text.into_owned().into(), quoted, place };
                (word_node(word, self.findings), anchor, tag)
            }
            Event::SequenceStart(anchor, tag) => {
                let mut nodes = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break (Node::Sequence(place, nodes), anchor, tag),
                        (event, place) => nodes.push(self.node(event, place, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(anchor, tag) => {
                let mut entries = Vec::new();
                while let Some(key) = self.key()? {
                    let (event, place) = self.next()?;
                    entries.push((key, self.node(event, place, depth + 1)?));
                }
                (Node::Mapping(place, entries), anchor, tag)
            }
            _ => {
                self.findings.report("alias", place, alias);
                (Node::Refused(place), 0, None)
            }
        };
        self.refuse_marks(anchor, tag.is_some(), place);
        // A tag makes the value another one.
        Ok(if tag.is_some() { Node::Refused(place) } else { node })
    }

    fn refuse_marks(&mut self, anchor: usize, tagged: bool, place: Place) {
        let place = Place { length: 1, ..place };
        if anchor > 0 {
            self.findings.report("anchor", place, || {
                Diagnostic::error("anchors are not allowed in a spec")
                    .label("`&` names a value for use elsewhere")
                    .hint("write the value out wherever it is meant")
            });
        }
        if tagged {
            self.findings.report("tag", place, || {
                Diagnostic::error("tags are not allowed in a spec")
                    .label("`!` changes what the value is")
                    .hint("quote a value that is to be a string")
            });
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Place), Broken> {
        self.spent.set(0);
        let next = self.parser.next_event();
        if self.spent.get() > MAX_LOOKAHEAD {
            let error = Diagnostic::error(format!("{} KiB without one complete value", MAX_LOOKAHEAD / 1024))
                .label("after this")
                .hint("write large collections one entry a line, without braces, or as JSON in a file named `*.json`");
            return Err(self.stop(self.last, error));
        }
        match next {
            Some(Ok((event, span))) => {
                self.last = self.place(span);
                Ok((event, self.last))
            }
            Some(Err(error)) => Err(self.syntax_error(&error)),
            None => Ok((Event::StreamEnd, self.last)),
        }
    }

    fn syntax_error(&mut self, error: &ScanError) -> Broken {
        let place = self.place(Span::empty(*error.marker()));
        if error.info().contains("unknown anchor") {
            return self.stop(place, alias());
        }
        if let Some(column) = tab_column(self.text, place.line) {
            return self.stop(Place { column, ..place }, tab());
        }
        let (reason, hint) = explain(error.info());
        self.stop(place, Diagnostic::error(format!("not YAML: {reason}")).hint(hint))
    }

    fn stop(&mut self, place: Place, error: Diagnostic) -> Broken {
        self.findings.report("broken syntax", place, || error);
        Broken
    }

    fn place(&self, span: Span) -> Place {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let is_one_line = span.start.line() == span.end.line();
        Place {
            source: self.last.source,
            line: number(span.start.line()).max(1),
            column: number(span.start.col()).saturating_add(1),
            length: if is_one_line { number(span.len()).max(1) } else { 1 },
        }
    }
}

/// Returns the column of the first tab in the indentation of a line.
fn tab_column(text: &str, line: u32) -> Option<u32> {
    let line = text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
    let column = line.find(|character| character != ' ').filter(|at| line[*at..].starts_with('\t'))?;
    u32::try_from(column).ok()?.checked_add(1)
}

fn tab() -> Diagnostic {
    Diagnostic::error("a tab is used as indentation")
        .label("a tab")
        .hint("YAML is indented with spaces; two a level are usual")
}

fn alias() -> Diagnostic {
    Diagnostic::error("aliases are not allowed in a spec")
        .label("`*` stands for a value from elsewhere")
        .hint("write the value out, so that a reviewer sees what the entry says")
}

/// Puts the parser's commonest complaints into words for someone who never read the YAML specification.
fn explain(info: &str) -> (&str, &'static str) {
    let (reason, hint) = if info.contains("mapping values are not allowed") {
        ("a `:` where no key can be", "quote text that contains `: `, and check the indentation of this line")
    } else if info.contains("simple key expect") {
        ("a key without a `:`", "write `key: value`")
    } else if info.contains("unexpected end of stream") {
        ("a quote is opened here and never closed", "close it, or escape the quotes inside")
    } else if info.contains("unknown escape") {
        ("a backslash escape that does not exist", "use single quotes where a backslash means itself")
    } else if info.contains("unexpected character") {
        (info, "quote text that starts with such a character")
    } else {
        (info, "check the indentation, quotes and brackets around this place")
    };
    (reason, hint)
}
