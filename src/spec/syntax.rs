//! From text to words with places: one shape, two front-ends.
//!
//! A spec is sections of entries, so that is how it is handed over: [`Item`] by [`Item`], in the order of the text.
//! Only one entry is ever held as a tree, which keeps a spec of 100,000 interfaces lean. YAML is read in `yaml`,
//! JSON in `json`; nothing here knows which keys exist.

use std::borrow::Cow;

use crate::bounds;
use crate::diagnostic::Place;
use crate::spec::finding::{Crowd, Finding, SyntaxFault};
use crate::spec::findings::Findings;

pub(super) mod json;
mod plain;
pub(super) mod text;
pub(super) mod yaml;

/// A key, or a scalar value.
#[derive(Debug)]
pub(super) struct Word<'a> {
    pub(super) text: Cow<'a, str>,
    /// Quoted words are strings whatever they look like.
    pub(super) quoted: bool,
    pub(super) place: Place,
}

/// A value.
#[derive(Debug)]
pub(super) enum Node<'a> {
    Word(Word<'a>),
    Sequence(Place, Vec<Node<'a>>),
    Mapping(Place, Vec<(Word<'a>, Node<'a>)>),
    /// What stood here was reported already.
    Refused(Place),
}

impl Node<'_> {
    pub(super) fn place(&self) -> Place {
        match self {
            Self::Word(word) => word.place,
            Self::Sequence(place, _) | Self::Mapping(place, _) | Self::Refused(place) => *place,
        }
    }

    /// Returns what it is.
    pub(super) fn kind(&self) -> NodeKind {
        match self {
            Self::Word(word) if word.quoted => NodeKind::String,
            Self::Word(word) => unquoted_kind(&word.text).unwrap_or(NodeKind::String),
            Self::Sequence(..) => NodeKind::List,
            Self::Mapping(..) => NodeKind::Mapping,
            Self::Refused(_) => NodeKind::Refused,
        }
    }

    /// Returns whether it is an unquoted null, or nothing at all after the colon.
    pub(super) fn is_null(&self) -> bool {
        self.kind() == NodeKind::Null
    }
}

/// What a value is to a YAML reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeKind {
    Null,
    String,
    Boolean,
    Date,
    Number,
    List,
    Mapping,
    Refused,
}

/// A piece of a document. After a section come its entries, or its value where that is no mapping.
pub(super) enum Item<'a> {
    Section(Word<'a>),
    Value(Node<'a>),
    Entry(Word<'a>, Node<'a>),
}

/// Takes the items of a document.
pub(super) type Sink<'s, 'a> = dyn FnMut(Item<'a>, &mut Findings) + 's;

/// Reading had to stop: what follows in the text is unknown. The reason is in the findings.
#[derive(Debug)]
pub(super) struct Broken;

/// Reports why reading has to stop.
fn stop(fault: SyntaxFault, place: Place, findings: &mut Findings) -> Broken {
    // What made reading stop may have been found in an entry before.
    if !findings.holds(fault.code(), place) {
        findings.report(fault.code(), place, || Finding::Syntax(fault));
    }
    Broken
}

fn too_many(what: Crowd, place: Place, findings: &mut Findings) -> Broken {
    let limit = match what {
        Crowd::Sections | Crowd::Entries => bounds::SPEC_ENTRIES,
        Crowd::Values => bounds::SPEC_VALUES,
    };
    stop(SyntaxFault::TooMany { what, limit }, place, findings)
}

/// Makes a value of a word, unless it is too long to be one.
fn word_node<'a>(word: Word<'a>, findings: &mut Findings) -> Node<'a> {
    if word.text.len() <= bounds::SPEC_TEXT {
        return Node::Word(word);
    }
    let place = Place { length: 1, ..word.place };
    let fault = SyntaxFault::TextTooLong { bytes: word.text.len(), limit: bounds::SPEC_TEXT };
    findings.report(fault.code(), place, || Finding::Syntax(fault));
    Node::Refused(place)
}

/// Returns what an unquoted word is to one or another YAML reader, if not a string.
///
/// The union of YAML 1.1 and 1.2: `0123` is a number to one and a string to the other, so here it must be quoted. What
/// 1.1 alone calls a boolean is a string where one is wanted, see [`is_old_boolean`].
pub(super) fn unquoted_kind(text: &str) -> Option<NodeKind> {
    const BOOLEANS: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "y", "n"];
    if text.is_empty() || text == "~" || text.eq_ignore_ascii_case("null") {
        Some(NodeKind::Null)
    } else if BOOLEANS.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        Some(NodeKind::Boolean)
    } else if is_date(text) {
        Some(NodeKind::Date)
    } else if is_number(text) {
        Some(NodeKind::Number)
    } else {
        None
    }
}

/// Returns whether an unquoted word was a boolean to YAML 1.1 and is a string to 1.2, which specs are written in.
pub(super) fn is_old_boolean(text: &str) -> bool {
    ["yes", "no", "on", "off", "y", "n"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Returns whether `text` starts like `2026-11-23` and goes on, if at all, like a time of day.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| bytes.get(from..to).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    digits(0, 4)
        && digits(5, 7)
        && digits(8, 10)
        && bytes.get(4) == Some(&b'-')
        && bytes.get(7) == Some(&b'-')
        && bytes.get(10).is_none_or(|next| matches!(next, b'T' | b't' | b' '))
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let all = |digits: &str, belongs: fn(&u8) -> bool| !digits.is_empty() && digits.bytes().all(|b| belongs(&b));
    if let Some(digits) = unsigned.strip_prefix("0x") {
        return all(digits, |b| b.is_ascii_hexdigit() || *b == b'_');
    }
    if let Some(digits) = unsigned.strip_prefix("0o").or_else(|| unsigned.strip_prefix("0b")) {
        return all(digits, |b| b.is_ascii_digit() || *b == b'_');
    }
    if [".inf", ".nan"].iter().any(|word| unsigned.eq_ignore_ascii_case(word)) {
        return true;
    }
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    // The colon is YAML 1.1's base 60, which reads `12:30` as 750.
    mantissa.bytes().any(|b| b.is_ascii_digit())
        && mantissa.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'_' | b'.' | b':'))
        // Addresses and versions such as `10.0.0.1` are strings to every reader.
        && mantissa.bytes().filter(|b| *b == b'.').count() < 2
        && all(exponent, u8::is_ascii_digit)
}
