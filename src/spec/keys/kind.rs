//! What a key may hold.

use std::fmt;

use crate::language::say;
use crate::resource::is_letter_or_mark;

/// What a key may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The version of the format.
    Version,
    /// A mapping of the keys below it, which may stand empty.
    Section,
    /// A mapping of the keys below it that says nothing when it is empty.
    Entry {
        /// Exactly one of these keys must be there; none where it is empty.
        one_of: &'static [&'static str],
    },
    /// A mapping whose keys are names of the user's choice.
    Names {
        /// A name that is taken.
        but: Option<&'static str>,
    },
    /// Text for people.
    Text,
    /// One line that something else reads again, such as the name of a file.
    Line,
    /// A word of one grammar.
    Word(Grammar),
    /// The ARN of a role.
    Role,
    /// A whole number.
    Number {
        /// The smallest.
        least: u32,
        /// The largest.
        most: Option<u32>,
    },
    /// `true` or `false`.
    Boolean,
    /// A duration such as `1h30m`.
    Duration {
        /// Whether it may be zero.
        may_be_zero: bool,
    },
    /// A rate of traffic such as `1Mbit/s`.
    Rate,
    /// A share such as `50%`.
    Share,
    /// A calendar day.
    Date,
    /// One of a few words.
    Choice {
        /// The words.
        words: &'static [&'static str],
        /// What else people write, and what it most likely means.
        synonyms: &'static [(&'static str, &'static str)],
    },
    /// A program and its arguments.
    Arguments,
    /// A list of addresses.
    Addresses,
    /// Labels by their keys.
    Labels,
    /// A list of mappings of the keys below it.
    Entries,
    /// A list of selectors.
    Selectors,
    /// A list of a few words.
    Choices {
        /// The words.
        words: &'static [&'static str],
        /// What else people write, and what it most likely means.
        synonyms: &'static [(&'static str, &'static str)],
    },
    /// A time: with an offset, or local.
    Moment,
    /// A time of day.
    Clock,
    /// The name of a time zone.
    Zone,
}

/// What YAML calls a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// The number of the format's version.
    Version,
    /// A mapping.
    Mapping,
    /// A list.
    List,
    /// A string.
    String,
    /// A whole number.
    WholeNumber,
    /// `true` or `false`.
    Boolean,
    /// A duration.
    Duration,
    /// A rate.
    Rate,
    /// A share.
    Share,
    /// A day.
    Day,
    /// A time.
    Time,
    /// A time of day.
    TimeOfDay,
}

impl Kind {
    /// Returns what YAML calls it.
    pub const fn value_type(self) -> Type {
        match self {
            Self::Version => Type::Version,
            Self::Section | Self::Entry { .. } | Self::Names { .. } | Self::Labels => Type::Mapping,
            Self::Text | Self::Line | Self::Word(_) | Self::Role | Self::Choice { .. } | Self::Zone => Type::String,
            Self::Number { .. } => Type::WholeNumber,
            Self::Boolean => Type::Boolean,
            Self::Duration { .. } => Type::Duration,
            Self::Rate => Type::Rate,
            Self::Share => Type::Share,
            Self::Date => Type::Day,
            Self::Arguments | Self::Addresses | Self::Entries | Self::Selectors | Self::Choices { .. } => Type::List,
            Self::Moment => Type::Time,
            Self::Clock => Type::TimeOfDay,
        }
    }
}

impl fmt::Display for Kind {
    /// Writes what it may hold, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => say!("number"),
            Self::Section | Self::Entry { .. } => say!("mapping"),
            Self::Names { .. } => say!("mapping by name"),
            Self::Text => say!("text"),
            Self::Line => say!("one line of text"),
            Self::Word(Grammar::Name) => say!("name"),
            Self::Word(Grammar::Label) => say!("label"),
            Self::Word(Grammar::Id) => say!("id"),
            Self::Word(Grammar::Region) => say!("region"),
            Self::Word(Grammar::Digits) => say!("digits, quoted"),
            Self::Role => say!("ARN of a role"),
            Self::Number { least, most: Some(most) } => {
                return f.write_str(&say!("number, {least} to {most}", least, most));
            }
            Self::Number { least, most: None } => return f.write_str(&say!("number, at least {least}", least)),
            Self::Boolean => say!("`true` or `false`"),
            Self::Duration { may_be_zero: true } => say!("duration"),
            Self::Duration { may_be_zero: false } => say!("duration above zero"),
            Self::Rate => say!("bits per second"),
            Self::Share => say!("share in percent"),
            Self::Date => say!("date"),
            Self::Choice { words, .. } => return write!(f, "`{}`", words.join(say!("` or `"))),
            Self::Arguments => say!("list of words"),
            Self::Addresses => say!("list of addresses"),
            Self::Labels => say!("labels"),
            Self::Entries => say!("list of mappings"),
            Self::Selectors => say!("list of selectors"),
            Self::Choices { words, .. } => return f.write_str(&say!("list of `{words}`", words = words.join("`, `"))),
            Self::Moment => say!("time"),
            Self::Clock => say!("time of day"),
            Self::Zone => say!("time zone"),
        })
    }
}

/// The characters of one kind of word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// Addresses, and names of groups, changes and accounts. No `/`, which parts an address from the verb in a step's id.
    Name,
    /// Keys and values of labels.
    Label,
    /// Ids that the cloud gives.
    Id,
    /// Regions.
    Region,
    /// Numbers of accounts, which do not fit what most YAML readers hold a number in.
    Digits,
}

impl Grammar {
    /// Returns how many characters a word may have.
    pub const fn longest(self) -> usize {
        match self {
            Self::Label => 63,
            Self::Name | Self::Id | Self::Region | Self::Digits => 128,
        }
    }

    /// Returns whether a character may be part of such a word.
    pub fn admits(self, character: char) -> bool {
        let is_of_a_name = |character: char| {
            character.is_ascii_digit() || matches!(character, '.' | '_' | '-') || is_letter_or_mark(character)
        };
        match self {
            Self::Name => is_of_a_name(character),
            Self::Label => is_of_a_name(character) || character == '/',
            Self::Id => character.is_ascii_alphanumeric() || matches!(character, '_' | '-'),
            Self::Region => character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-',
            Self::Digits => character.is_ascii_digit(),
        }
    }

    /// Returns whether a whole word is of this kind.
    pub fn holds(self, word: &str) -> bool {
        !word.is_empty()
            && word.chars().count() <= self.longest()
            && word.chars().all(|character| self.admits(character))
    }

    /// Returns the same as a regular expression.
    pub const fn pattern(self) -> &'static str {
        match self {
            Self::Name => r"^[\p{L}\p{M}0-9._-]{1,128}$",
            Self::Label => r"^[\p{L}\p{M}0-9._/-]{1,63}$",
            Self::Id => "^[A-Za-z0-9_-]{1,128}$",
            Self::Region => "^[a-z0-9-]{1,128}$",
            Self::Digits => "^[0-9]{1,128}$",
        }
    }
}

/// What holds where a key is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It must be there; how to write it.
    Required(&'static str),
    /// This value, as one would write it in YAML.
    Default(&'static str),
    /// What is done instead, in words.
    Otherwise(&'static str),
    /// Nothing is asked for.
    Optional,
}
