//! JSON to items: serde_json finds the ends of values, their addresses in the text give the places.
//!
//! Values are looked into only as far as the document's shape asks, one entry at a time, so a spec of 100,000
//! interfaces is read at the speed of JSON, in the memory of its text. What serde_json has found to be JSON is taken apart
//! here, byte by byte, once; an entry of more values than one may have is left to serde_json again.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::bounds;
use crate::diagnostic::{Place, SourceId};
use crate::spec::finding::{Crowd, SyntaxFault};
use crate::spec::findings::Findings;
use crate::spec::syntax::text::Cursor;
use crate::spec::syntax::{Broken, Item, Node, Sink, Word, stop, too_many, word_node};

/// Reads a JSON document and hands its items to `sink`.
pub(in crate::spec) fn read<'a>(
    source: SourceId,
    text: &'a str,
    findings: &mut Findings,
    sink: &mut Sink<'_, 'a>,
) -> Result<(), Broken> {
    let mut reader = Reader { text, cursor: Cursor::new(source, text), at: 0, values: 0 };
    if text.trim().is_empty() {
        return Err(stop(SyntaxFault::Empty, reader.cursor.place(0, 1), findings));
    }
    if !text.trim_start().starts_with('{') {
        let root: &RawValue =
            serde_json::from_str(text).map_err(|error| syntax_error(source, text, &error, findings))?;
        let node = reader.node(root, 0, findings)?;
        return Err(stop(SyntaxFault::NotAMapping { found: node.kind() }, node.place(), findings));
    }
    let sections = match children(text, bounds::SPEC_ENTRIES) {
        Ok(sections) => sections,
        Err(error) if error.is_data() => {
            return Err(too_many(Crowd::Sections, reader.cursor.place(0, 1), findings));
        }
        Err(error) => return Err(syntax_error(source, text, &error, findings)),
    };
    for (key, value) in sections {
        reader.section(key, value, findings, sink)?;
    }
    Ok(())
}

struct Reader<'a> {
    text: &'a str,
    cursor: Cursor<'a>,
    /// Up to where the text was taken apart.
    at: usize,
    /// The values of the current entry so far.
    values: usize,
}

impl<'a> Reader<'a> {
    fn section(
        &mut self,
        key: Option<&'a RawValue>,
        value: &'a RawValue,
        findings: &mut Findings,
        sink: &mut Sink<'_, 'a>,
    ) -> Result<(), Broken> {
        if let Some(key) = key {
            sink(Item::Section(self.word(key, findings)?), findings);
        }
        self.values = 0;
        if !value.get().starts_with('{') {
            sink(Item::Value(self.node(value, 1, findings)?), findings);
            return Ok(());
        }
        let place = self.place(value, 1);
        /// No entry is shorter than `"":1,`.
        const SHORTEST: usize = 5;
        if value.get().len() / SHORTEST > bounds::SPEC_ENTRIES {
            // The text is known to be JSON by now, so only their number can be wrong.
            children(value.get(), bounds::SPEC_ENTRIES).map_err(|_| too_many(Crowd::Entries, place, findings))?;
        }
        self.at = self.offset(value) + 1;
        while self.goes_on() {
            self.values = 0;
            let key = self.next_word(findings)?;
            self.pass();
            let node = self.entry(findings)?;
            sink(Item::Entry(key, node), findings);
        }
        Ok(())
    }

    /// Reads the value of an entry that begins here.
    fn entry(&mut self, findings: &mut Findings) -> Result<Node<'a>, Broken> {
        let before = (self.at, self.cursor.clone());
        match self.next_node(2, findings) {
            Err(Stopped::Crowd) => {
                (self.at, self.cursor) = before;
                let mut values = serde_json::Deserializer::from_str(&self.text[self.at..]).into_iter::<&RawValue>();
                let Some(Ok(value)) = values.next() else { return Ok(Node::Refused(self.cursor.place(self.at, 1))) };
                self.values = 0;
                let node = self.node(value, 2, findings);
                self.at = self.offset(value) + value.get().len();
                node
            }
            Err(Stopped::Broken(broken)) => Err(broken),
            Ok(node) => Ok(node),
        }
    }

    /// Goes on to the next of a collection, or behind its end.
    fn goes_on(&mut self) -> bool {
        self.blanks();
        let byte = self.byte();
        if byte == b',' {
            self.at += 1;
            self.blanks();
            return true;
        }
        let is_over = matches!(byte, b'}' | b']' | 0);
        self.at += usize::from(is_over);
        !is_over
    }

    /// Goes on from a key to its value.
    fn pass(&mut self) {
        self.blanks();
        self.at += usize::from(self.byte() == b':');
        self.blanks();
    }

    fn blanks(&mut self) {
        while matches!(self.byte(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    /// Returns the byte that stands here, 0 at the end.
    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// Reads the value that begins here.
    fn next_node(&mut self, depth: usize, findings: &mut Findings) -> Result<Node<'a>, Stopped> {
        let first = self.byte();
        if first != b'{' && first != b'[' {
            return Ok(word_node(self.next_word(findings)?, findings));
        }
        let place = self.cursor.place(self.at, 1);
        if depth >= bounds::SPEC_DEPTH {
            return Err(stop(SyntaxFault::TooDeep { levels: bounds::SPEC_DEPTH }, place, findings).into());
        }
        self.at += 1;
        // Most objects are interfaces, of about this many keys.
        let (mut entries, mut nodes) = (Vec::with_capacity(if first == b'{' { 4 } else { 0 }), Vec::new());
        while self.goes_on() {
            self.values += 1;
            if self.values > bounds::SPEC_VALUES {
                return Err(Stopped::Crowd);
            }
            if first == b'{' {
                let key = self.next_word(findings)?;
                self.pass();
                entries.push((key, self.next_node(depth + 1, findings)?));
            } else {
                nodes.push(self.next_node(depth + 1, findings)?);
            }
        }
        Ok(if first == b'{' { Node::Mapping(place, entries) } else { Node::Sequence(place, nodes) })
    }

    /// Reads the scalar that begins here.
    fn next_word(&mut self, findings: &mut Findings) -> Result<Word<'a>, Broken> {
        let rest = &self.text[self.at..];
        let length = if self.byte() == b'"' { string(rest) } else { scalar(rest) };
        let json = &rest[..length];
        let at = self.at;
        self.at += length;
        self.word_at(json, at, findings)
    }

    fn offset(&self, raw: &'a RawValue) -> usize {
        // A raw value borrows from the text, so the difference of the addresses is its offset.
        raw.get().as_ptr().addr() - self.text.as_ptr().addr()
    }

    fn place(&mut self, raw: &'a RawValue, length: usize) -> Place {
        self.cursor.place(self.offset(raw), length)
    }

    fn word(&mut self, raw: &'a RawValue, findings: &mut Findings) -> Result<Word<'a>, Broken> {
        self.word_at(raw.get(), self.offset(raw), findings)
    }

    fn word_at(&mut self, json: &'a str, at: usize, findings: &mut Findings) -> Result<Word<'a>, Broken> {
        let characters = if json.is_ascii() { json.len() } else { json.chars().count() };
        let place = self.cursor.place(at, characters);
        let inner = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let text = match inner {
            // Half a surrogate pair is the one thing that a raw value does not check.
            Some(inner) if inner.contains('\\') => {
                Cow::Owned(serde_json::from_str(json).map_err(|_| stop(SyntaxFault::HalfCharacter, place, findings))?)
            }
            Some(inner) => Cow::Borrowed(inner),
            None => Cow::Borrowed(json),
        };
        Ok(Word { text, quoted: inner.is_some(), place })
    }

    fn node(&mut self, raw: &'a RawValue, depth: usize, findings: &mut Findings) -> Result<Node<'a>, Broken> {
        let is_mapping = raw.get().starts_with('{');
        if !is_mapping && !raw.get().starts_with('[') {
            let word = self.word(raw, findings)?;
            return Ok(word_node(word, findings));
        }
        let place = self.place(raw, 1);
        if depth >= bounds::SPEC_DEPTH {
            return Err(stop(SyntaxFault::TooDeep { levels: bounds::SPEC_DEPTH }, place, findings));
        }
        let children = children(raw.get(), bounds::SPEC_VALUES - self.values)
            .map_err(|_| too_many(Crowd::Values, place, findings))?;
        self.values += children.len();
        let (mut entries, mut nodes) = (Vec::new(), Vec::new());
        if is_mapping {
            entries.reserve_exact(children.len());
        } else {
            nodes.reserve_exact(children.len());
        }
        for (key, value) in children {
            match key {
                Some(key) => {
                    let key = self.word(key, findings)?;
                    entries.push((key, self.node(value, depth + 1, findings)?));
                }
                None => nodes.push(self.node(value, depth + 1, findings)?),
            }
        }
        Ok(if is_mapping { Node::Mapping(place, entries) } else { Node::Sequence(place, nodes) })
    }
}

/// Why an entry was not read to its end.
enum Stopped {
    Broken(Broken),
    /// It may have too many values.
    Crowd,
}

impl From<Broken> for Stopped {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

/// Returns how long the string is that `json` begins with, quotes included.
fn string(json: &str) -> usize {
    let bytes = json.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Returns how long the number or word is that `json` begins with.
fn scalar(json: &str) -> usize {
    let is_of_it = |byte: &u8| !matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
    json.bytes().take_while(is_of_it).count()
}

/// The values of an object, with their keys and duplicates included, or those of an array.
type Children<'a> = Vec<(Option<&'a RawValue>, &'a RawValue)>;

/// Takes an object or an array apart, in the order of the text; more than `limit` children are a data error.
fn children(json: &str, limit: usize) -> serde_json::Result<Children<'_>> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let children = deserializer.deserialize_any(Limited(limit))?;
    deserializer.end()?;
    Ok(children)
}

struct Limited(usize);

impl Limited {
    fn admit<'a, E: Error>(
        &self,
        children: &mut Children<'a>,
        child: (Option<&'a RawValue>, &'a RawValue),
    ) -> Result<(), E> {
        if children.len() == self.0 {
            return Err(E::custom("too many"));
        }
        children.push(child);
        Ok(())
    }
}

impl<'a> Visitor<'a> for Limited {
    type Value = Children<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Children<'a>, A::Error> {
        // Most objects are interfaces, of about this many keys.
        let mut children = Vec::with_capacity(8);
        while let Some((key, value)) = map.next_entry()? {
            self.admit(&mut children, (Some(key), value))?;
        }
        Ok(children)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut sequence: A) -> Result<Children<'a>, A::Error> {
        let mut children = Vec::new();
        while let Some(value) = sequence.next_element()? {
            self.admit(&mut children, (None, value))?;
        }
        Ok(children)
    }
}

fn syntax_error(source: SourceId, text: &str, error: &serde_json::Error, findings: &mut Findings) -> Broken {
    // serde_json counts lines by `\n` alone, and columns in bytes.
    let line_start = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let offset = (line_start + error.column().saturating_sub(1)).min(text.len());
    let place = Cursor::new(source, text).place(offset, 1);
    let message = error.to_string();
    let reason = message.split(" at line ").next().unwrap_or_default().to_owned();
    stop(SyntaxFault::NotJson { reason }, place, findings)
}

#[cfg(test)]
mod tests;
