//! YAML to seeds: events handed to serde as they are read, within bounds, and errors that repeat nothing of the text.
//!
//! A spec may name any file as its world, so what is wrong with one is told as the place and the rule. Anchors, aliases and
//! tags are refused, as in a spec: a text of a few lines must not become a world of a million interfaces.

use std::fmt::Display;

use saphyr_parser::{Event, ScalarStyle, Span};
use serde::de::value::StringDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::bounds;
use crate::diagnostic::decoding;
use crate::spec::events::{Events, NoEvent};

/// What is said where no parser goes on. Its own words may repeat the text.
const NOT_YAML: &str = "this is not YAML: look for a bracket, a quote or an indentation that is wrong here or above";

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {rule}")]
pub struct Unfit {
    /// What is expected, or not allowed.
    pub rule: String,
    /// The line, from 1; 0 while it is not known.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

impl Unfit {
    fn new(rule: impl Into<String>) -> Self {
        Self { rule: rule.into(), line: 0, column: 0 }
    }

    /// Says the same of JSON.
    pub(super) fn of_json(error: &serde_json::Error) -> Self {
        Self { rule: decoding::rule_alone(error), line: error.line(), column: error.column() }
    }

    /// Says where, if that is not said yet.
    fn at(mut self, place: (usize, usize)) -> Self {
        if self.line == 0 {
            (self.line, self.column) = place;
        }
        self
    }
}

/// Says only what the decoder expects; what it found is in the text, which may be anybody's.
impl de::Error for Unfit {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(decoding::expected(&expected.to_string()))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(decoding::expected(&expected.to_string()))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::new(decoding::expected(&expected.to_string()))
    }

    fn missing_field(key: &'static str) -> Self {
        Self::new(format!("the key `{key}` is missing"))
    }

    fn duplicate_field(key: &'static str) -> Self {
        Self::new(format!("the key `{key}` stands here for the second time"))
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::new(format!("unknown word, expected {}", one_of(known)))
    }

    fn unknown_field(_: &str, known: &'static [&'static str]) -> Self {
        Self::new(format!("unknown key, expected {}", one_of(known)))
    }
}

fn one_of(words: &[&str]) -> String {
    match words {
        [] => "none".to_owned(),
        [one] => format!("`{one}`"),
        [one, other] => format!("`{one}` or `{other}`"),
        several => format!("one of `{}`", several.join("`, `")),
    }
}

/// Reads the one document of a text; an empty text is a null.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unfit> {
    let events = Events::new(text, bounds::WORLD_LOOKAHEAD);
    let mut reader = Reader { events, peeked: None, last: (1, 1), depth: 0, values: 0 };
    while let Event::StreamStart | Event::DocumentStart(_) = reader.peek()? {
        reader.next()?;
    }
    let value = T::deserialize(&mut reader)?;
    loop {
        match reader.next()? {
            Event::StreamEnd => return Ok(value),
            Event::DocumentEnd => {}
            _ => return Err(Unfit::new("one document is expected, and here begins another").at(reader.last)),
        }
    }
}

struct Reader<'t> {
    events: Events<'t>,
    peeked: Option<Event<'t>>,
    /// Where the last event stands.
    last: (usize, usize),
    depth: usize,
    values: usize,
}

impl<'t> Reader<'t> {
    fn peek(&mut self) -> Result<&Event<'t>, Unfit> {
        if self.peeked.is_none() {
            self.peeked = Some(self.read()?);
        }
        Ok(self.peeked.as_ref().expect("it was just put there"))
    }

    fn next(&mut self) -> Result<Event<'t>, Unfit> {
        match self.peeked.take() {
            Some(event) => Ok(event),
            None => self.read(),
        }
    }

    fn read(&mut self) -> Result<Event<'t>, Unfit> {
        let (event, span) = match self.events.next() {
            Ok(found) => found,
            Err(NoEvent::End) => return Ok(Event::StreamEnd),
            Err(NoEvent::Endless) => {
                let most = bounds::size(bounds::WORLD_LOOKAHEAD as u64);
                return Err(self.unfit(format!("a value in brackets or quotes is longer than {most}")));
            }
            Err(NoEvent::NotYaml(error)) => {
                self.last = (error.marker().line(), error.marker().col() + 1);
                // The parser's own bound, which it meets before it tells of the first of them.
                let is_deep = error.info().contains("recursion limit");
                return Err(self.unfit(if is_deep { "brackets nest more than 255 deep" } else { NOT_YAML }));
            }
        };
        self.last = place(&span);
        self.admit(&event)?;
        Ok(event)
    }

    /// Refuses what makes a text say more than it shows.
    fn admit(&mut self, event: &Event<'_>) -> Result<(), Unfit> {
        let (anchor, is_tagged) = match event {
            Event::Alias(_) => return Err(self.unfit("an alias cannot stand here: write out what it means")),
            Event::Scalar(_, _, anchor, tag) => (*anchor, tag.is_some()),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => (*anchor, tag.is_some()),
            _ => return Ok(()),
        };
        if anchor > 0 || is_tagged {
            let what = if is_tagged { "a tag" } else { "an anchor" };
            return Err(self.unfit(format!("{what} cannot stand here: write out what it means")));
        }
        self.values += 1;
        if self.values > bounds::WORLD_VALUES {
            let most = bounds::grouped(bounds::WORLD_VALUES as u64);
            return Err(self.unfit(format!("more than {most} keys and values")));
        }
        Ok(())
    }

    fn unfit(&self, rule: impl Into<String>) -> Unfit {
        Unfit::new(rule).at(self.last)
    }

    /// Goes into a list or a mapping and out again.
    fn within<T>(&mut self, visit: impl FnOnce(&mut Self) -> Result<T, Unfit>) -> Result<T, Unfit> {
        let begin = self.last;
        if self.depth == bounds::WORLD_DEPTH {
            return Err(self.unfit(format!("values nest more than {} deep", bounds::WORLD_DEPTH)));
        }
        self.depth += 1;
        let value = visit(self).map_err(|error| error.at(begin))?;
        self.depth -= 1;
        Ok(value)
    }

    fn scalar<'de, V: Visitor<'de>>(&self, text: String, style: ScalarStyle, visitor: V) -> Result<V::Value, Unfit> {
        let visited = match if style == ScalarStyle::Plain { plain(&text) } else { Plain::Text } {
            Plain::Null => visitor.visit_unit(),
            Plain::Boolean(value) => visitor.visit_bool(value),
            Plain::Natural(value) => visitor.visit_u64(value),
            Plain::Integer(value) => visitor.visit_i64(value),
            Plain::Real(value) => visitor.visit_f64(value),
            Plain::Text => visitor.visit_string(text),
        };
        visited.map_err(|error: Unfit| error.at(self.last))
    }
}

fn place(span: &Span) -> (usize, usize) {
    (span.start.line().max(1), span.start.col() + 1)
}

/// What a plain scalar is in YAML's core schema.
enum Plain {
    Null,
    Boolean(bool),
    Natural(u64),
    Integer(i64),
    Real(f64),
    Text,
}

fn plain(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "true" | "True" | "TRUE" => return Plain::Boolean(true),
        "false" | "False" | "FALSE" => return Plain::Boolean(false),
        ".inf" | "+.inf" => return Plain::Real(f64::INFINITY),
        "-.inf" => return Plain::Real(f64::NEG_INFINITY),
        ".nan" => return Plain::Real(f64::NAN),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    let has_needless_zero = unsigned.len() > 1 && unsigned.starts_with('0') && unsigned.as_bytes()[1].is_ascii_digit();
    if !is_number || has_needless_zero {
        return Plain::Text;
    }
    if let Ok(value) = text.parse() {
        Plain::Natural(value)
    } else if let Ok(value) = text.parse() {
        Plain::Integer(value)
    } else if let Ok(value) = text.parse() {
        Plain::Real(value)
    } else {
        Plain::Text
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'_> {
    type Error = Unfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.next()? {
            Event::Scalar(text, style, ..) => self.scalar(text.into_owned(), style, visitor),
            Event::SequenceStart(..) => self.within(|reader| {
                let mut pieces = Pieces { reader, count: 0, has_ended: false };
                let value = visitor.visit_seq(&mut pieces).map_err(|error| error.at(pieces.reader.last))?;
                pieces.end("fewer values")?;
                Ok(value)
            }),
            Event::MappingStart(..) => self.within(|reader| {
                let mut pieces = Pieces { reader, count: 0, has_ended: false };
                let value = visitor.visit_map(&mut pieces);
                // Of a key that is there twice the second, of one that is missing where it is missed.
                let value = value.map_err(|error| match pieces.has_ended {
                    true => error,
                    false => error.at(pieces.reader.last),
                })?;
                pieces.end("fewer keys")?;
                Ok(value)
            }),
            Event::StreamEnd | Event::DocumentEnd => visitor.visit_unit().map_err(|error: Unfit| error.at(self.last)),
            _ => Err(self.unfit("expected a value")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        let is_null = match self.peek()? {
            Event::Scalar(text, ScalarStyle::Plain, ..) => matches!(plain(text), Plain::Null),
            Event::StreamEnd | Event::DocumentEnd => return visitor.visit_none(),
            _ => false,
        };
        if is_null {
            self.next()?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.peek()? {
            // Whatever it looks like: an account is a number to YAML, and a text to us.
            Event::Scalar(text, style, ..) if *style != ScalarStyle::Plain || !matches!(plain(text), Plain::Null) => {
                let Event::Scalar(text, ..) = self.next()? else { return Err(self.unfit("expected a text")) };
                visitor.visit_string(text.into_owned()).map_err(|error: Unfit| error.at(self.last))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_string(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_string(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.peek()? {
            Event::MappingStart(..) => self.deserialize_any(visitor),
            // What would pass as the fields in their order is no mapping.
            _ => Err(Unfit::new(format!("expected {}", &visitor as &dyn Expected)).at(self.last)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        match self.next()? {
            Event::Scalar(text, ..) => {
                let word: StringDeserializer<Unfit> = text.into_owned().into_deserializer();
                visitor.visit_enum(word).map_err(|error| error.at(self.last))
            }
            Event::MappingStart(..) => self.within(|reader| {
                let value = visitor.visit_enum(&mut *reader)?;
                match reader.next()? {
                    Event::MappingEnd => Ok(value),
                    _ => Err(reader.unfit("expected one key")),
                }
            }),
            _ => Err(self.unfit("expected a word, or a mapping of one key")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple tuple_struct
        ignored_any
    }
}

/// The values of a list, or the keys and values of a mapping.
struct Pieces<'r, 't> {
    reader: &'r mut Reader<'t>,
    count: usize,
    has_ended: bool,
}

impl Pieces<'_, '_> {
    /// Returns whether another piece begins.
    fn goes_on(&mut self) -> Result<bool, Unfit> {
        if matches!(self.reader.peek()?, Event::SequenceEnd | Event::MappingEnd) {
            self.reader.next()?;
            self.has_ended = true;
            return Ok(false);
        }
        self.count += 1;
        if self.count > bounds::WORLD_ENTRIES {
            let most = bounds::grouped(bounds::WORLD_ENTRIES as u64);
            return Err(self.reader.unfit(format!("more than {most} entries")));
        }
        Ok(true)
    }

    /// Sees to it that the visitor took all.
    fn end(&mut self, expected: &str) -> Result<(), Unfit> {
        if self.has_ended || !self.goes_on()? { Ok(()) } else { Err(self.reader.unfit(format!("expected {expected}"))) }
    }
}

impl<'de> SeqAccess<'de> for &mut Pieces<'_, '_> {
    type Error = Unfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unfit> {
        if self.has_ended || !self.goes_on()? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

impl<'de> MapAccess<'de> for &mut Pieces<'_, '_> {
    type Error = Unfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unfit> {
        if self.has_ended || !self.goes_on()? {
            return Ok(None);
        }
        if !matches!(self.reader.peek()?, Event::Scalar(..)) {
            return Err(self.reader.unfit("expected a word as the key"));
        }
        seed.deserialize(&mut *self.reader).map_err(|error| error.at(self.reader.last)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unfit> {
        seed.deserialize(&mut *self.reader)
    }
}

/// The only key of a mapping, as the word of a variant that carries a value.
impl<'de> EnumAccess<'de> for &mut Reader<'_> {
    type Error = Unfit;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Unfit> {
        let variant = seed.deserialize(&mut *self).map_err(|error| error.at(self.last))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Reader<'_> {
    type Error = Unfit;

    fn unit_variant(self) -> Result<(), Unfit> {
        de::Deserialize::deserialize(self)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Unfit> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_any(visitor)
    }
}

#[cfg(test)]
mod tests;
