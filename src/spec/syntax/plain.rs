//! The common shape of a YAML spec, read line by line: block mappings of plain keys, whose values are words of one line, mappings
//! in turn, or collections in brackets on one line.
//!
//! It hands over what the parser behind `yaml` would, item by item, until something in the text is of no such shape: then it says
//! how many items it has handed over, and the parser reads the text from its start, less those. An item is handed over once
//! the line behind it is known to begin another key, since until then it might go on. A test compares the two on texts by the ten
//! thousand.

use crate::bounds;
use crate::diagnostic::{Place, SourceId};
use crate::spec::syntax::{Item, Node, Word};

/// Lines that are longer are left to the parser, with its bounds on keys, texts and look-ahead.
const LONGEST_LINE: usize = 1_000;

/// So are mappings that are nested deeper.
const DEEPEST: usize = 6;

/// How far reading got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// To the end.
    Whole,
    /// Behind this many items there is something of another shape.
    Items(usize),
}

/// Something is of another shape.
struct Unusual;

/// Reads a document as far as it is of the common shape.
pub(super) fn read<'a>(source: SourceId, text: &'a str, take: impl FnMut(Item<'a>)) -> Read {
    let mut reader = Reader { source, rest: text, number: 0, next: None, values: 0, handed: 0, take };
    match reader.document() {
        Ok(()) => Read::Whole,
        Err(Unusual) => Read::Items(reader.handed),
    }
}

struct Reader<'a, F> {
    source: SourceId,
    /// What was not looked at yet.
    rest: &'a str,
    /// The number of the last line that was looked at.
    number: u32,
    next: Option<Line<'a>>,
    /// The values of the current entry so far.
    values: usize,
    handed: usize,
    take: F,
}

/// A line that begins with a key.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: u32,
    indent: usize,
    key: &'a str,
    /// What stands behind the colon.
    value: &'a str,
}

impl Line<'_> {
    /// Returns in which column, counted from 0, what stands behind the colon begins.
    fn value_column(&self) -> usize {
        self.indent + self.key.len() + 1
    }
}

/// What stands behind a key, in its line.
enum Inline<'a> {
    Nothing,
    Node(Node<'a>),
}

impl<'a, F: FnMut(Item<'a>)> Reader<'a, F> {
    fn document(&mut self) -> Result<(), Unusual> {
        self.advance()?;
        let Some(first) = self.next else { return Err(Unusual) };
        if first.indent > 0 {
            return Err(Unusual);
        }
        while let Some(line) = self.next {
            self.section(line)?;
        }
        Ok(())
    }

    fn section(&mut self, line: Line<'a>) -> Result<(), Unusual> {
        self.values = 0;
        let key = self.key(&line);
        let inline = self.inline(&line, 1)?;
        self.advance()?;
        match (inline, self.next) {
            (Inline::Nothing, Some(first)) if first.indent > 0 => {
                self.hand(Item::Section(key));
                self.entries(first.indent)
            }
            (Inline::Node(node), next) if next.is_none_or(|next| next.indent == 0) => {
                self.hand(Item::Section(key));
                match node {
                    Node::Mapping(_, entries) => {
                        entries.into_iter().for_each(|(key, node)| self.hand(Item::Entry(key, node)));
                    }
                    node => self.hand(Item::Value(node)),
                }
                Ok(())
            }
            _ => Err(Unusual),
        }
    }

    fn entries(&mut self, indent: usize) -> Result<(), Unusual> {
        let mut entries = 0;
        while let Some(line) = self.next.filter(|line| line.indent == indent) {
            self.values = 0;
            entries += 1;
            if entries > bounds::SPEC_ENTRIES {
                return Err(Unusual);
            }
            let key = self.key(&line);
            let node = self.node(&line, 2)?;
            if self.next.is_some_and(|next| next.indent != indent && next.indent != 0) {
                return Err(Unusual);
            }
            self.hand(Item::Entry(key, node));
        }
        Ok(())
    }

    /// Reads the value of a key, with the lines below that belong to it; then the next line is one that does not.
    fn node(&mut self, line: &Line<'a>, depth: usize) -> Result<Node<'a>, Unusual> {
        let inline = self.inline(line, depth)?;
        self.advance()?;
        match (inline, self.next) {
            (Inline::Nothing, Some(first)) if first.indent > line.indent => self.mapping(first, depth),
            (Inline::Node(node), next) if next.is_none_or(|next| next.indent <= line.indent) => Ok(node),
            _ => Err(Unusual),
        }
    }

    fn mapping(&mut self, first: Line<'a>, depth: usize) -> Result<Node<'a>, Unusual> {
        self.count(depth)?;
        let mut entries = Vec::with_capacity(4);
        while let Some(line) = self.next.filter(|line| line.indent >= first.indent) {
            if line.indent > first.indent {
                return Err(Unusual);
            }
            let key = self.key(&line);
            entries.push((key, self.node(&line, depth + 1)?));
        }
        Ok(Node::Mapping(self.place(first.number, first.indent, 1), entries))
    }

    /// Counts a value.
    fn count(&mut self, depth: usize) -> Result<(), Unusual> {
        self.values += 1;
        if self.values > bounds::SPEC_VALUES || depth > DEEPEST { Err(Unusual) } else { Ok(()) }
    }

    fn hand(&mut self, item: Item<'a>) {
        self.handed += 1;
        (self.take)(item);
    }

    fn key(&self, line: &Line<'a>) -> Word<'a> {
        self.word(line.number, line.indent, line.key)
    }

    fn word(&self, line: u32, column: usize, text: &'a str) -> Word<'a> {
        Word { text: text.into(), quoted: false, place: self.place(line, column, text.len()) }
    }

    fn place(&self, line: u32, column: usize, length: usize) -> Place {
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Place { source: self.source, line, column: number(column + 1), length: number(length) }
    }

    /// Looks at the next line that says something.
    fn advance(&mut self) -> Result<(), Unusual> {
        self.next = None;
        while !self.rest.is_empty() {
            let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
            (self.rest, self.number) = (rest, self.number + 1);
            let indent = line.bytes().take_while(|byte| *byte == b' ').count();
            let said = &line[indent..];
            match said.as_bytes().first() {
                None => {}
                Some(b'#') if said.chars().all(is_text) => {}
                Some(first) if line.len() <= LONGEST_LINE && first.is_ascii_alphanumeric() => {
                    let length = said.bytes().take_while(|byte| is_of_key(*byte)).count();
                    let value =
                        said[length..].strip_prefix(':').filter(|value| matches!(value.as_bytes(), [] | [b' ', ..]));
                    let value = value.ok_or(Unusual)?;
                    self.next = Some(Line { number: self.number, indent, key: &said[..length], value });
                    return Ok(());
                }
                Some(_) => return Err(Unusual),
            }
        }
        Ok(())
    }

    fn inline(&mut self, line: &Line<'a>, depth: usize) -> Result<Inline<'a>, Unusual> {
        let said = line.value.trim_start_matches(' ');
        let mut column = line.value_column() + line.value.len() - said.len();
        let node = match said.as_bytes().first() {
            None | Some(b'#') => return comment(said).map(|()| Inline::Nothing),
            Some(b'{' | b'[' | b'"' | b'\'') => {
                let mut flow = Flow { number: line.number, column, rest: said };
                let node = self.flow(&mut flow, depth)?;
                let behind = flow.rest.trim_start_matches(' ');
                if !behind.is_empty() && behind.len() == flow.rest.len() {
                    return Err(Unusual);
                }
                comment(behind)?;
                node
            }
            Some(first) if first.is_ascii_alphanumeric() || !first.is_ascii() => {
                self.count(depth)?;
                let text = said.split_once(" #").map_or(said, |(text, _)| text).trim_end_matches(' ');
                if !said.chars().all(is_text) || text.contains(": ") || text.ends_with(':') {
                    return Err(Unusual);
                }
                let place = self.place(line.number, column, text.chars().count());
                column += text.len();
                Node::Word(Word { text: text.into(), quoted: false, place })
            }
            Some(_) => return Err(Unusual),
        };
        debug_assert!(column >= line.value_column(), "a value stands behind its key");
        Ok(Inline::Node(node))
    }

    /// Reads a value in brackets, or in quotes, or a word between brackets.
    fn flow(&mut self, flow: &mut Flow<'a>, depth: usize) -> Result<Node<'a>, Unusual> {
        self.count(depth)?;
        let (number, column) = (flow.number, flow.column);
        match flow.rest.as_bytes().first().ok_or(Unusual)? {
            b'{' => {
                let mut entries = Vec::with_capacity(4);
                flow.pass(1);
                let place = self.place(number, column, 1);
                while flow.is_next(b'}', entries.is_empty())? {
                    let (column, key) = (flow.column, flow.key()?);
                    entries.push((self.word(number, column, key), self.flow(flow, depth + 1)?));
                }
                Ok(Node::Mapping(place, entries))
            }
            b'[' => {
                let mut nodes = Vec::new();
                flow.pass(1);
                let place = self.place(number, column, 1);
                while flow.is_next(b']', nodes.is_empty())? {
                    nodes.push(self.flow(flow, depth + 1)?);
                }
                Ok(Node::Sequence(place, nodes))
            }
            quote @ (b'"' | b'\'') => {
                let text = flow.quoted(char::from(*quote))?;
                let place = self.place(number, column, text.len() + 2);
                Ok(Node::Word(Word { text: text.into(), quoted: true, place }))
            }
            _ => Ok(Node::Word(self.word(number, column, flow.word()?))),
        }
    }
}

/// What is left of a line, within brackets.
struct Flow<'a> {
    number: u32,
    /// Where it begins, counted from 0.
    column: usize,
    rest: &'a str,
}

impl<'a> Flow<'a> {
    fn pass(&mut self, length: usize) {
        self.rest = &self.rest[length..];
        self.column += length;
    }

    fn pass_blanks(&mut self) {
        self.pass(self.rest.bytes().take_while(|byte| *byte == b' ').count());
    }

    /// Goes on to the next of a collection, or behind its closing bracket.
    fn is_next(&mut self, close: u8, is_first: bool) -> Result<bool, Unusual> {
        self.pass_blanks();
        match self.rest.as_bytes().first() {
            Some(byte) if *byte == close => {
                self.pass(1);
                Ok(false)
            }
            Some(b',') if !is_first => {
                self.pass(1);
                self.pass_blanks();
                // A comma may end a collection.
                if self.rest.as_bytes().first() == Some(&close) { Err(Unusual) } else { Ok(true) }
            }
            Some(_) if is_first => Ok(true),
            _ => Err(Unusual),
        }
    }

    fn key(&mut self) -> Result<&'a str, Unusual> {
        let length = self.rest.bytes().take_while(|byte| is_of_key(*byte)).count();
        let key = &self.rest[..length];
        if !key.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric) || !self.rest[length..].starts_with(": ") {
            return Err(Unusual);
        }
        self.pass(length + 1);
        self.pass_blanks();
        Ok(key)
    }

    fn word(&mut self) -> Result<&'a str, Unusual> {
        let is_of_word = |byte: &u8| is_of_key(*byte) || matches!(byte, b' ' | b'+' | b'@');
        let length = self.rest.bytes().take_while(is_of_word).count();
        let word = self.rest[..length].trim_end_matches(' ');
        if !word.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric) {
            return Err(Unusual);
        }
        self.pass(word.len());
        Ok(word)
    }

    fn quoted(&mut self, quote: char) -> Result<&'a str, Unusual> {
        let (text, behind) = self.rest[1..].split_once(quote).ok_or(Unusual)?;
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'\\';
        if !text.bytes().all(is_plain) || behind.starts_with(quote) {
            return Err(Unusual);
        }
        self.pass(text.len() + 2);
        Ok(text)
    }
}

/// Admits a comment, or nothing.
fn comment(text: &str) -> Result<(), Unusual> {
    let is_one = text.is_empty() || text.starts_with('#');
    if is_one && text.chars().all(is_text) { Ok(()) } else { Err(Unusual) }
}

/// Returns whether a byte may be part of a key, behind its first.
fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/')
}

/// Returns whether a character is text to every reader, and no blank but a space.
fn is_text(character: char) -> bool {
    match character {
        ' '..='~' => true,
        '\u{a1}'.. => !matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}'),
        _ => false,
    }
}
