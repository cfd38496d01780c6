//! YAML to items: the events of saphyr-parser, less what a reviewed spec has no use for.
//!
//! Anchors, aliases, merge keys and tags make a text say something else than it seems to; they are refused, each
//! with its place.

use saphyr_parser::{Event, ScalarStyle, ScanError, Span};

use crate::bounds;
use crate::diagnostic::{Place, SourceId};
use crate::spec::events::{Events, NoEvent};
use crate::spec::finding::{Crowd, Finding, Mark, SyntaxFault};
use crate::spec::findings::Findings;
use crate::spec::slips::{self, Slip};
use crate::spec::syntax::{Broken, Item, Node, NodeKind, Sink, Word, plain, stop, too_many, word_node};

mod fault;

use fault::Stumble;

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
    Reader { text, events, ahead: None, last, open: Vec::new(), values: 0, findings }.document(sink)
}

struct Reader<'t, 'f> {
    text: &'t str,
    events: Events<'t>,
    /// What was looked at already.
    ahead: Option<Result<(Event<'t>, Span), NoEvent>>,
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
        if let Some(column) = fault::tab_column(self.text, place.line).filter(|column| *column < place.column) {
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
        match self.ahead.take().unwrap_or_else(|| self.events.next()) {
            Ok((event, span)) => {
                self.last = self.place(span);
                match event {
                    Event::Scalar(_, ScalarStyle::Plain, ..) if span.start.line() != span.end.line() => {
                        self.look_behind()?
                    }
                    Event::MappingStart(..) | Event::SequenceStart(..) => self.open.push(self.last),
                    Event::MappingEnd | Event::SequenceEnd => drop(self.open.pop()),
                    _ => {}
                }
                Ok((event, self.last))
            }
            Err(NoEvent::Endless) => {
                Err(self.stop(self.last, SyntaxFault::EndlessValue { kibibytes: bounds::SPEC_LOOKAHEAD / 1024 }))
            }
            Err(NoEvent::NotYaml(error)) => Err(self.syntax_error(&error, false)),
            Err(NoEvent::End) => Ok((Event::StreamEnd, self.last)),
        }
    }

    /// Looks at what follows a word that goes on over several lines: where reading stops right behind it, it has swallowed what it
    /// was not meant to, and nothing can be said of it.
    fn look_behind(&mut self) -> Result<(), Broken> {
        match self.events.next() {
            Err(NoEvent::NotYaml(error)) => Err(self.syntax_error(&error, true)),
            next => {
                self.ahead = Some(next);
                Ok(())
            }
        }
    }

    fn syntax_error(&mut self, error: &ScanError, goes_on: bool) -> Broken {
        let place = self.place(Span::empty(*error.marker()));
        let open = self.open.last().copied();
        let (place, fault) = fault::explain(&Stumble { text: self.text, info: error.info(), place, open, goes_on });
        self.stop(place, fault)
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

#[cfg(test)]
mod tests;
