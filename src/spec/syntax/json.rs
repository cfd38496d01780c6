//! JSON to items: serde_json finds the ends of values, their addresses in the text give the places.
//!
//! Values are looked into only as far as the document's shape asks, one entry at a time, so a spec of 100,000
//! interfaces is read at the speed of JSON, in the memory of its text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::diagnostic::{Diagnostic, Place, SourceId};
use crate::spec::findings::Findings;
use crate::spec::syntax::text::Cursor;
use crate::spec::syntax::{Broken, Item, MAX_DEPTH, Node, Sink, Word, empty, not_a_mapping, too_deep, word_node};

/// Reads a JSON document and hands its items to `sink`.
pub(in crate::spec) fn read<'a>(
    source: SourceId,
    text: &'a str,
    findings: &mut Findings,
    sink: &mut Sink<'_, 'a>,
) -> Result<(), Broken> {
    let mut reader = Reader { text, cursor: Cursor::new(source, text) };
    if text.trim().is_empty() {
        return Err(empty(reader.cursor.place(0, 1), findings));
    }
    let root: &RawValue = serde_json::from_str(text).map_err(|error| syntax_error(source, text, &error, findings))?;
    if !root.get().starts_with('{') {
        let node = reader.node(root, 0, findings)?;
        return Err(not_a_mapping(node.place(), node.kind(), findings));
    }
    for (key, value) in pairs(root) {
        sink(Item::Section(reader.word(key, findings)?), findings);
        if value.get().starts_with('{') {
            for (key, value) in pairs(value) {
                let key = reader.word(key, findings)?;
                sink(Item::Entry(key, reader.node(value, 2, findings)?), findings);
            }
        } else {
            sink(Item::Value(reader.node(value, 1, findings)?), findings);
        }
    }
    Ok(())
}

struct Reader<'a> {
    text: &'a str,
    cursor: Cursor<'a>,
}

impl<'a> Reader<'a> {
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
            Some(inner) if inner.contains('\\') => Cow::Owned(serde_json::from_str(json).map_err(|_| {
                findings.report("broken syntax", place, || {
                    Diagnostic::error("not JSON: an escape is half a character")
                        .hint("a character above U+FFFF is written as two escapes, a surrogate pair")
                });
                Broken
            })?),
            Some(inner) => Cow::Borrowed(inner),
            None => Cow::Borrowed(json),
        };
        Ok(Word { text, quoted: inner.is_some(), place })
    }

    fn node(&mut self, raw: &'a RawValue, depth: usize, findings: &mut Findings) -> Result<Node<'a>, Broken> {
        let opening = raw.get().bytes().next();
        if !matches!(opening, Some(b'{' | b'[')) {
            let word = self.word(raw, findings)?;
            return Ok(word_node(word, findings));
        }
        let place = self.place(raw, 1);
        if depth >= MAX_DEPTH {
            return Err(too_deep(place, findings));
        }
        if opening == Some(b'[') {
            let values: Vec<&RawValue> = serde_json::from_str(raw.get()).expect("a raw value is valid JSON");
            let nodes = values.into_iter().map(|value| self.node(value, depth + 1, findings));
            return Ok(Node::Sequence(place, nodes.collect::<Result<_, _>>()?));
        }
        let entries = pairs(raw).into_iter().map(|(key, value)| {
            let key = self.word(key, findings)?;
            Ok((key, self.node(value, depth + 1, findings)?))
        });
        Ok(Node::Mapping(place, entries.collect::<Result<_, _>>()?))
    }
}

/// An object's keys and values in the order of the text, duplicates included.
fn pairs(object: &RawValue) -> Vec<(&RawValue, &RawValue)> {
    struct Pairs<'a>(Vec<(&'a RawValue, &'a RawValue)>);

    impl<'a> Deserialize<'a> for Pairs<'a> {
        fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(Pairs(Vec::new()))
        }
    }

    impl<'a> Visitor<'a> for Pairs<'a> {
        type Value = Self;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<Self, A::Error> {
            while let Some(pair) = map.next_entry()? {
                self.0.push(pair);
            }
            Ok(self)
        }
    }

    serde_json::from_str::<Pairs<'_>>(object.get()).expect("a raw value is valid JSON").0
}

fn syntax_error(source: SourceId, text: &str, error: &serde_json::Error, findings: &mut Findings) -> Broken {
    // serde_json counts lines by `\n` alone, and columns in bytes.
    let line_start = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let offset = (line_start + error.column().saturating_sub(1)).min(text.len());
    let place = Cursor::new(source, text).place(offset, 1);
    findings.report("broken syntax", place, || {
        let message = error.to_string();
        let reason = message.split(" at line ").next().unwrap_or_default();
        Diagnostic::error(format!("not JSON: {reason}")).hint("a file is read as JSON because its name ends in `.json`")
    });
    Broken
}
