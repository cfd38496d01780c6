//! A sentence that says of each piece whose words it is, so that a view can escape what is not ours.

use std::borrow::Cow;
use std::fmt;

use crate::language;

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Our own words: no character in them means anything to a view.
    Ours(Cow<'static, str>),
    /// What came from the cloud, the spec or a user.
    Theirs(String),
    /// A command to be typed; names in it are theirs.
    Command(String),
}

/// A sentence, or the cell of a table. One without pieces says nothing at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Phrase(Vec<Piece>);

impl Phrase {
    /// Starts with our own words.
    pub(crate) fn ours(words: impl Into<Cow<'static, str>>) -> Self {
        Self::default().and(words)
    }

    /// Starts with untrusted text.
    pub(crate) fn theirs(text: impl Into<String>) -> Self {
        Self::default().and_theirs(text)
    }

    /// Starts with a command.
    pub(crate) fn command(command: impl Into<String>) -> Self {
        Self::default().and_command(command)
    }

    /// Adds our own words.
    pub(crate) fn and(mut self, words: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Piece::Ours(words.into()));
        self
    }

    /// Adds untrusted text.
    pub(crate) fn and_theirs(mut self, text: impl Into<String>) -> Self {
        self.0.push(Piece::Theirs(text.into()));
        self
    }

    /// Adds a command.
    pub(crate) fn and_command(mut self, command: impl Into<String>) -> Self {
        self.0.push(Piece::Command(command.into()));
        self
    }

    /// Joins untrusted texts with words of ours between them.
    pub(crate) fn joined(texts: impl IntoIterator<Item = String>, between: &'static str) -> Self {
        texts.into_iter().fold(Self::default(), |phrase, text| {
            let phrase = if phrase.is_nothing() { phrase } else { phrase.and(between) };
            phrase.and_theirs(text)
        })
    }

    /// Fills a sentence of ours: `{name}` in it is the phrase of that name.
    pub(crate) fn of<const N: usize>(sentence: &'static str, fields: [(&str, Self); N]) -> Self {
        language::pieces(sentence).fold(Self::default(), |mut phrase, piece| match piece {
            language::Piece::Text(words) => phrase.and(words),
            language::Piece::Field(name) => {
                let field = fields.iter().find(|(field, _)| *field == name);
                debug_assert!(field.is_some(), "{sentence:?} has a field that nobody fills");
                phrase.0.extend(field.iter().flat_map(|(_, filling)| filling.0.iter().cloned()));
                phrase
            }
        })
    }

    /// Returns whether it says nothing at all.
    pub(crate) fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns its pieces.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.0
    }
}

impl fmt::Display for Phrase {
    /// Writes it for where all text is escaped alike: a command between backticks, the rest as it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Ours(words) => f.write_str(words),
            Piece::Theirs(text) => f.write_str(text),
            Piece::Command(command) => write!(f, "`{command}`"),
        })
    }
}
