//! JSON to items: serde_json finds the ends of values, their addresses in the text give the places.
//!
//! Values are looked into only as far as the document's shape asks, one entry at a time, so a spec of 100,000
//! interfaces is read at the speed of JSON, in the memory of its text.

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
    let mut reader = Reader { text, cursor: Cursor::new(source, text), values: 0 };
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
        // The text is known to be JSON by now, so only their number can be wrong.
        let entries = children(value.get(), bounds::SPEC_ENTRIES);
        for (key, value) in entries.map_err(|_| too_many(Crowd::Entries, place, findings))? {
            self.values = 0;
            if let Some(key) = key {
                let key = self.word(key, findings)?;
                sink(Item::Entry(key, self.node(value, 2, findings)?), findings);
            }
        }
        Ok(())
    }

    fn place(&mut self, raw: &'a RawValue, length: usize) -> Place {
        // A raw value borrows from the text, so the difference of the addresses is its offset.
        self.cursor.place(raw.get().as_ptr().addr() - self.text.as_ptr().addr(), length)
    }

    fn word(&mut self, raw: &'a RawValue, findings: &mut Findings) -> Result<Word<'a>, Broken> {
        let json = raw.get();
        let place = self.place(raw, json.chars().count());
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
