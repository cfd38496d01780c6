//! From text to words with places: one shape, two front-ends.
//!
//! A spec is sections of entries, so that is how it is handed over: [`Item`] by [`Item`], in the order of the text.
//! Only one entry is ever held as a tree, which keeps a spec of 100,000 interfaces lean. YAML is read in `yaml`,
//! JSON in `json`; nothing here knows which keys exist.

use std::borrow::Cow;

use crate::diagnostic::{Diagnostic, Place};
use crate::spec::findings::Findings;

pub(super) mod json;
pub(super) mod text;
pub(super) mod yaml;

/// How deep values may nest: no spec needs half of it.
const MAX_DEPTH: usize = 16;
/// How many entries a section may have: twice the largest network in mind, and what bounds the memory of nonsense.
const MAX_ENTRIES: usize = 250_000;
/// How many values one entry may hold, for the same reason.
const MAX_VALUES: usize = 50_000;
/// How long one word may be, in bytes: a `reason` is a sentence, not a book.
const MAX_WORD: usize = 4096;

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

    /// Names what it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Word(word) if word.quoted => "a string",
            Self::Word(word) => unquoted_kind(&word.text).unwrap_or("a string"),
            Self::Sequence(..) => "a list",
            Self::Mapping(..) => "a mapping",
            Self::Refused(_) => "something else",
        }
    }

    /// Claims to be an unquoted null, or nothing at all after the colon.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Word(word) if !word.quoted && unquoted_kind(&word.text) == Some("null"))
    }
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

fn empty(place: Place, findings: &mut Findings) -> Broken {
    findings.report("empty file", place, || {
        Diagnostic::error("the file is empty")
            .hint("a spec starts with `version: 1`; `rictl init` writes one from what is live")
    });
    Broken
}

fn not_a_mapping(place: Place, found: &str, findings: &mut Findings) -> Broken {
    findings.report("wrong type", place, || {
        Diagnostic::error(format!("a spec is a mapping, found {found}"))
            .hint("start with `version: 1` and `interfaces:`, both at the left margin")
    });
    Broken
}

fn too_deep(place: Place, findings: &mut Findings) -> Broken {
    findings.report("nested too deep", place, || {
        Diagnostic::error(format!("values nest deeper than {MAX_DEPTH} levels")).label("one level too many")
    });
    Broken
}

fn too_many(what: &str, limit: usize, place: Place, findings: &mut Findings) -> Broken {
    findings.report("too many", place, || {
        Diagnostic::error(format!("more than {limit} {what}"))
            .hint("is this a spec? an estate this large is better kept as several specs")
    });
    Broken
}

/// Makes a value of a word, unless it is too long to be one.
fn word_node<'a>(word: Word<'a>, findings: &mut Findings) -> Node<'a> {
    if word.text.len() <= MAX_WORD {
        return Node::Word(word);
    }
    let place = Place { length: 1, ..word.place };
    findings.report("text too long", place, || {
        Diagnostic::error(format!("text of {} bytes, at most {MAX_WORD} are allowed", word.text.len()))
    });
    Node::Refused(place)
}

/// Names what an unquoted word is to one or another YAML reader, if not a string.
///
/// The union of YAML 1.1 and 1.2: `no` and `0123` are strings to one and something else to the other, so here they
/// must be quoted.
pub(super) fn unquoted_kind(text: &str) -> Option<&'static str> {
    const BOOLEANS: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "y", "n"];
    if text.is_empty() || text == "~" || text.eq_ignore_ascii_case("null") {
        Some("null")
    } else if BOOLEANS.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        Some("a boolean")
    } else if is_date(text) {
        Some("a date")
    } else if is_number(text) {
        Some("a number")
    } else {
        None
    }
}

/// Claims that `text` starts like `2026-11-23` and goes on, if at all, like a time of day.
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
        && all(exponent, u8::is_ascii_digit)
}
