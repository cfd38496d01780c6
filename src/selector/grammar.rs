//! The grammar: from a text to terms.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::diagnostic::nearest::nearest;
use crate::language::say;
use crate::resource::{Address, composed};

use super::pattern::Pattern;

/// A selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// As it was written, in the one form of names.
    text: Box<str>,
    pub(super) terms: Vec<Term>,
}

/// One of the conditions of a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// An address, an id or the beginning of one.
    Name(Box<str>),
    /// A pattern of addresses.
    Addresses(Pattern),
    /// What is said of an interface.
    Said(Kind, Pattern),
    /// A label with that value.
    Label(Pattern, Pattern),
}

/// What a term is about that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Group,
    Label,
    Region,
    Account,
    Change,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Group, Self::Label, Self::Region, Self::Account, Self::Change];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Label => "label",
            Self::Region => "region",
            Self::Account => "account",
            Self::Change => "change",
        }
    }
}

/// Why a text is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// Nothing at all, or nothing beside a comma.
    #[error("{}", say!("a term is empty: terms are joined by one `,`, as in `label:carrier=alfa,region:cn-shanghai`"))]
    EmptyTerm,
    /// Nothing after the colon, or around the `=`.
    #[error("{}", say!("`{term}` has no value, as `group:idc-shanghai` or `label:carrier=alfa` has; `*` means any", term))]
    NoValue {
        /// The term.
        term: String,
    },
    /// A word before a colon that means nothing.
    #[error("{}", say!("`{word}:` means nothing{near}; it is group:, label:, region:, account: or change:", word, near = meant(near)))]
    UnknownKind {
        /// The word.
        word: String,
        /// What it may have meant.
        near: Option<&'static str>,
    },
}

fn meant(near: &Option<&'static str>) -> String {
    near.map(|near| say!(", did you mean `{near}:`?", near)).unwrap_or_default()
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    /// An empty term, a term without a value, one of no known kind.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let text = composed(text.trim());
        let terms = text.split(',').map(|term| Term::parse(term.trim()));
        Ok(Self { terms: terms.collect::<Result<_, _>>()?, text: text.as_ref().into() })
    }

    /// Returns the selector of one interface.
    pub fn of(address: &Address) -> Self {
        Self { text: address.as_str().into(), terms: vec![Term::Name(address.as_str().into())] }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether it can mean one interface at most: an address or an id.
    pub fn is_name(&self) -> bool {
        matches!(self.terms.as_slice(), [Term::Name(_)])
    }

    /// Returns whether it is one name, or one pattern of names, and that means this one.
    pub fn names(&self, name: &str) -> bool {
        match self.terms.as_slice() {
            [Term::Name(own)] => **own == *name,
            [Term::Addresses(pattern)] => pattern.matches(name),
            _ => false,
        }
    }

    /// Returns whether it asks for changes.
    pub fn asks_for_changes(&self) -> bool {
        self.terms.iter().any(|term| matches!(term, Term::Said(Kind::Change, _)))
    }
}

impl Selector {
    /// Returns whether it asks for a change of that name.
    pub fn asks_for_change(&self, name: &str) -> bool {
        self.terms.iter().any(|term| matches!(term, Term::Said(Kind::Change, pattern) if pattern.matches(name)))
    }
}

impl Term {
    fn parse(text: &str) -> Result<Self, SelectorError> {
        if text.is_empty() {
            return Err(SelectorError::EmptyTerm);
        }
        let Some((word, value)) = text.split_once(':') else {
            let is_pattern = text.contains(['*', '?']);
            return Ok(if is_pattern { Self::Addresses(Pattern::new(text)) } else { Self::Name(text.into()) });
        };
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.as_str() == word) else {
            let near = nearest(word, Kind::ALL.map(Kind::as_str));
            return Err(SelectorError::UnknownKind { word: word.to_owned(), near });
        };
        let is_label = kind == Kind::Label;
        match value.split_once('=').filter(|_| is_label) {
            Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                Ok(Self::Label(Pattern::new(key), Pattern::new(value)))
            }
            None if !value.is_empty() => Ok(Self::Said(kind, Pattern::new(value))),
            _ => Err(SelectorError::NoValue { term: text.to_owned() }),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Addresses(pattern) => write!(f, "{pattern}"),
            Self::Said(kind, pattern) => write!(f, "{}:{pattern}", kind.as_str()),
            Self::Label(key, value) => write!(f, "label:{key}={value}"),
        }
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        Self::parse(text)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Selector {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Selector".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "Which interfaces: an address, an id, a pattern, `group:G`, `label:K=V` and the like, joined by `,` where all must hold.",
        })
    }
}
