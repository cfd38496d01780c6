//! YAML to items: the events of saphyr-parser, less what a reviewed spec has no use for.
//!
//! Anchors, aliases, merge keys and tags make a text say something else than it seems to; they are refused, each
//! with its place.

use saphyr_parser::{Event, ScalarStyle, ScanError, Span};

use crate::bounds;
use crate::diagnostic::{Place, SourceId};
use crate::spec::events::{Events, NoEvent};
use crate::spec::finding::{Crowd, Finding, Mark, SyntaxFault, YamlFault};
use crate::spec::findings::Findings;
use crate::spec::slips::{self, Found, Slip};
use crate::spec::syntax::{Broken, Item, Node, NodeKind, Sink, Word, plain, stop, too_many, word_node};

/// Reads a YAML document and hands its items to `sink`.
pub(in crate::spec) fn read<'a>(
    source: SourceId,
    text: &'a str,
    findings: &mut Findings,
    sink: &mut Sink<'_, 'a>,
) -> Result<(), Broken> {
    let mut known = match plain::read(source, text, |item| sink(item, findings)) {
        plain::Read::Whole => return Ok(()),
        plain::Read::Items(known) => known,
    };
    parse(source, text, findings, &mut |item, findings| match known.checked_sub(1) {
        Some(left) => known = left,
        None => sink(item, findings),
    })
}

/// Reads a document by the parser alone.
fn parse(source: SourceId, text: &str, findings: &mut Findings, sink: &mut Sink<'_, '_>) -> Result<(), Broken> {
    let last = Place { source, line: 1, column: 1, length: 1 };
    let events = Events::new(text, bounds::SPEC_LOOKAHEAD);
    Reader { text, events, last, open: Vec::new(), values: 0, findings }.document(sink)
}

struct Reader<'t, 'f> {
    text: &'t str,
    events: Events<'t>,
    /// Where the last event stood.
    last: Place,
    /// Where the collections begin that are open.
    open: Vec<Place>,
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
            return Err(self.stop(Place { line: 1, column: 1, ..place }, SyntaxFault::Empty));
        }
        if let Event::MappingStart(anchor, ref tag) = event {
            self.refuse_marks(anchor, tag.is_some(), place);
        } else {
            let node = self.node(event, place, 0)?;
            let slip = match &node {
                Node::Word(word) if !word.quoted => slips::in_word(&word.text),
                _ => None,
            };
            let (before, fault) = match (node.kind(), slip) {
                (NodeKind::Null, _) => (0, SyntaxFault::Empty),
                (_, Some((before, slip))) => (before, SyntaxFault::Slip(slip)),
                (found, None) => (0, SyntaxFault::NotAMapping { found }),
            };
            return Err(self.stop(Place { column: place.column.saturating_add(before), ..place }, fault));
        }
        // The parser takes a tab before the first key for white space.
        if let Some(column) = tab_column(self.text, place.line).filter(|column| *column < place.column) {
            return Err(self.stop(Place { column, length: 1, ..place }, SyntaxFault::Tab));
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
                if entries > bounds::SPEC_ENTRIES {
                    return Err(too_many(Crowd::Entries, place, self.findings));
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
                    return Err(self.stop(place, SyntaxFault::SeveralDocuments));
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
                    return Err(self.stop(place, SyntaxFault::NotAllowed(Mark::MergeKey)));
                }
                if style == ScalarStyle::Plain
                    && let Some(blank) = text.chars().next().filter(|first| slips::is_odd_blank(*first))
                {
                    // It looks like indentation, so what this key belongs to is another mapping than it seems.
                    let slip = SyntaxFault::Slip(Slip::LookAlike(blank));
                    return Err(self.stop(Place { length: 1, ..place }, slip));
                }
                Ok(Some(Word { text: text.into_owned().into(), quoted: style != ScalarStyle::Plain, place }))
            }
            Event::Alias(_) => Err(self.stop(place, SyntaxFault::NotAllowed(Mark::Alias))),
            _ => Err(self.stop(place, SyntaxFault::KeyIsNoWord)),
        }
    }

    fn node(&mut self, event: Event<'t>, place: Place, depth: usize) -> Result<Node<'static>, Broken> {
        if depth >= bounds::SPEC_DEPTH && matches!(event, Event::SequenceStart(..) | Event::MappingStart(..)) {
            return Err(self.stop(place, SyntaxFault::TooDeep { levels: bounds::SPEC_DEPTH }));
        }
        self.values += 1;
        if self.values > bounds::SPEC_VALUES {
            return Err(too_many(Crowd::Values, place, self.findings));
        }
        let (node, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = style != ScalarStyle::Plain;
                // The parser counts the blanks behind quotes, too.
                let said = u32::try_from(text.chars().count()).unwrap_or(u32::MAX).saturating_add(2);
                let place = if quoted { Place { length: place.length.min(said), ..place } } else { place };
                let word = Word { text: text.into_owned().into(), quoted, place };
                (word_node(word, self.findings), anchor, tag)
            }
            Event::SequenceStart(anchor, tag) => {
                let place = Place { length: 1, ..place };
                let mut nodes = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break (Node::Sequence(place, nodes), anchor, tag),
                        (event, place) => nodes.push(self.node(event, place, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(anchor, tag) => {
                let place = Place { length: 1, ..place };
                let mut entries = Vec::new();
                while let Some(key) = self.key()? {
                    let (event, place) = self.next()?;
                    let place = if is_left_out(&event, &key, place) { key.place } else { place };
                    entries.push((key, self.node(event, place, depth + 1)?));
                }
                (Node::Mapping(place, entries), anchor, tag)
            }
            _ => {
                self.refuse(Mark::Alias, place);
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
            self.refuse(Mark::Anchor, place);
        }
        if tagged {
            self.refuse(Mark::Tag, place);
        }
    }

    /// Reports a mark that reading can go on after.
    fn refuse(&mut self, mark: Mark, place: Place) {
        let fault = SyntaxFault::NotAllowed(mark);
        self.findings.report(fault.code(), place, || Finding::Syntax(fault));
    }

    fn next(&mut self) -> Result<(Event<'t>, Place), Broken> {
        match self.events.next() {
            Ok((event, span)) => {
                self.last = self.place(span);
                match event {
                    Event::MappingStart(..) | Event::SequenceStart(..) => self.open.push(self.last),
                    Event::MappingEnd | Event::SequenceEnd => drop(self.open.pop()),
                    _ => {}
                }
                Ok((event, self.last))
            }
            Err(NoEvent::Endless) => {
                Err(self.stop(self.last, SyntaxFault::EndlessValue { kibibytes: bounds::SPEC_LOOKAHEAD / 1024 }))
            }
            Err(NoEvent::NotYaml(error)) => Err(self.syntax_error(&error)),
            Err(NoEvent::End) => Ok((Event::StreamEnd, self.last)),
        }
    }

    fn syntax_error(&mut self, error: &ScanError) -> Broken {
        let place = self.place(Span::empty(*error.marker()));
        if error.info().contains("unknown anchor") {
            return self.stop(place, SyntaxFault::NotAllowed(Mark::Alias));
        }
        if error.info().contains("recursion limit") {
            // The parser looks ahead, and gives up before the bracket is read that is one too many.
            let place = self.open.last().copied().unwrap_or(place);
            return self.stop(Place { length: 1, ..place }, SyntaxFault::TooDeep { levels: bounds::SPEC_DEPTH });
        }
        if let Some(column) = tab_column(self.text, place.line) {
            return self.stop(Place { column, ..place }, SyntaxFault::Tab);
        }
        // Of text that goes on in the next line the parser tells where it begins.
        if error.info().contains("tab")
            && let Some((line, column)) = tab_below(self.text, place.line)
        {
            return self.stop(Place { line, column, length: 1, ..place }, SyntaxFault::Tab);
        }
        if let Some(Found { line, column, length, slip }) = slips::remark(self.text, place.line) {
            return self.stop(Place { line, column, length, ..place }, SyntaxFault::Slip(slip));
        }
        let slip = slips::missing_dash(self.text, place.line).or_else(|| slips::near(self.text, place.line));
        if let Some(Found { line, column, length, slip }) = slip {
            return self.stop(Place { line, column, length, ..place }, SyntaxFault::Slip(slip));
        }
        let is_within = ["while parsing a flow", "illegal placement of"].iter().any(|text| error.info().contains(text));
        if is_within && let Some(open) = self.bracket_above(place) {
            return self.stop(Place { length: 1, ..open }, SyntaxFault::NotYaml(YamlFault::OpenBracket));
        }
        if error.info().contains("did not find expected key") && is_oddly_indented(self.text, place.line) {
            return self.stop(Place { length: 1, ..place }, SyntaxFault::NotYaml(YamlFault::OddIndent));
        }
        match complaint(error.info()) {
            // The parser notices where the next key begins.
            YamlFault::NoColon => self.stop(word_before(self.text, place), SyntaxFault::Slip(Slip::NoColon)),
            fault => self.stop(place, SyntaxFault::NotYaml(fault)),
        }
    }

    /// Returns the bracket that is open, where it stands in an earlier line than `place`.
    fn bracket_above(&self, place: Place) -> Option<Place> {
        let open = *self.open.last().filter(|open| open.line < place.line)?;
        let line = self.text.lines().nth(usize::try_from(open.line).ok()?.checked_sub(1)?)?;
        let character = line.chars().nth(usize::try_from(open.column).ok()?.checked_sub(1)?)?;
        matches!(character, '{' | '[').then_some(open)
    }

    fn stop(&mut self, place: Place, fault: SyntaxFault) -> Broken {
        stop(fault, place, self.findings)
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

/// Returns whether not even the colon of a value is there, as in `{ a }`: the parser then points to what stands behind.
fn is_left_out(event: &Event<'_>, key: &Word<'_>, place: Place) -> bool {
    let behind = key.place.column.saturating_add(key.place.length);
    let is_empty = matches!(event, Event::Scalar(text, ScalarStyle::Plain, ..) if text.is_empty());
    is_empty && (place.line, place.column) != (key.place.line, behind)
}

/// Returns the column of the first tab in the indentation of a line.
fn tab_column(text: &str, line: u32) -> Option<u32> {
    let line = text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
    let column = line.find(|character| character != ' ').filter(|at| line[*at..].starts_with('\t'))?;
    u32::try_from(column).ok()?.checked_add(1)
}

/// Returns whether a line is indented as no line above it is.
fn is_oddly_indented(text: &str, line: u32) -> bool {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let above = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
    let own = text.lines().nth(above).map(indent);
    let mut others = text.lines().take(above).filter(|line| !line.trim().is_empty()).map(indent);
    own.is_some_and(|own| others.all(|other| other != own))
}

/// Returns where the first tab in the indentation of a line below this one stands.
fn tab_below(text: &str, line: u32) -> Option<(u32, u32)> {
    let lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
    (line.saturating_add(1)..=lines).find_map(|line| Some((line, tab_column(text, line)?)))
}

/// Returns the place of the last line before `place` that says something.
fn word_before(text: &str, place: Place) -> Place {
    let number = usize::try_from(place.line).unwrap_or(usize::MAX).saturating_sub(1);
    let says_something = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let lines: Vec<&str> = text.lines().take(number).collect();
    let Some((index, line)) = lines.iter().enumerate().rev().find(|(_, line)| says_something(line)) else {
        return place;
    };
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).saturating_add(1);
    Place { line: number(index), column: number(line.trim_end().chars().count()), length: 1, ..place }
}

/// Recognises the parser's commonest complaints.
fn complaint(info: &str) -> YamlFault {
    if info.contains("mapping values are not allowed") {
        YamlFault::ColonInText
    } else if info.contains("simple key expect") {
        YamlFault::NoColon
    } else if info.contains("unexpected end of stream") {
        YamlFault::OpenQuote
    } else if info.contains("trailing content after") {
        YamlFault::TextAfterQuote
    } else if info.contains("unknown escape") {
        YamlFault::UnknownEscape
    } else if info.contains("unexpected character") {
        YamlFault::UnexpectedCharacter(info.to_owned())
    } else {
        YamlFault::Other(info.to_owned())
    }
}

#[cfg(test)]
mod tests;
