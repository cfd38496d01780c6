//! What went wrong, where, and what to do: errors and warnings as data.
//!
//! A [`Diagnostic`] points into a [`Sources`] by [`Place`]; how it looks is decided in `render`.
//! Messages are lowercase and have no full stop, and the cause never repeats the summary.

use std::fmt;
use std::sync::Arc;

use crate::language::{self, Language, say};

pub mod decoding;
pub mod nearest;

/// Quotes a word for a shell, where it needs that.
pub fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+@%,:=".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    // Not with a backslash: a terminal's view would show two.
    format!("'{}'", word.replace('\'', r#"'"'"'"#))
}

/// Which of the [`Sources`] a [`Place`] points into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// A piece of one line of a source text. Lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The text it is in.
    pub source: SourceId,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Characters to underline, at least 1.
    pub length: u32,
}

/// A text that places point into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name that the user knows it by, usually a path.
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
}

/// The texts of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(Vec<Source>);

impl Sources {
    /// Adds a text and returns its id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> SourceId {
        let id = SourceId(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(Source { name: name.into(), text: text.into() });
        id
    }

    /// Returns the text that `id` names.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.0.get(id.0 as usize)
    }

    /// Writes a place as `file:line:column`.
    pub fn locate(&self, place: Place) -> String {
        let name = self.get(place.source).map_or("?", |source| source.name.as_str());
        format!("{name}:{}:{}", place.line, place.column)
    }

    /// Returns the same names without their texts: places can be told, and no line is drawn.
    pub fn without_texts(&self) -> Self {
        Self(self.iter().map(|source| Source { name: source.name.clone(), text: "".into() }).collect())
    }

    /// Returns all texts in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing can be done with it.
    Error,
    /// Worth a look; nothing stops.
    Warning,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A stable word for what it is about, where its room has such words.
    pub code: Option<&'static str>,
    /// What was being done, to what, and what is wrong.
    pub summary: String,
    /// Where.
    pub place: Option<Place>,
    /// What stands under the caret.
    pub label: Option<String>,
    /// Other places that matter, each with what it is.
    pub related: Vec<(Place, String)>,
    /// Why, from the nearest cause to the farthest.
    pub causes: Vec<String>,
    /// What to do or run next.
    pub hint: Option<String>,
    /// The same in the language of whoever reads it, where that is not English and it was made for them.
    pub translated: Option<Box<Self>>,
}

impl Diagnostic {
    /// Starts an error.
    pub fn error(summary: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: None,
            summary: summary.into(),
            place: None,
            label: None,
            related: Vec::new(),
            causes: Vec::new(),
            hint: None,
            translated: None,
        }
    }

    /// Starts a warning.
    pub fn warning(summary: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(summary) }
    }

    /// Words a finding in English, and for whoever reads it in their language as well.
    pub fn worded(say: impl Fn() -> Self) -> Self {
        let english = language::speak(Language::English, &say);
        let reader = language::reader();
        let translated = (reader != Language::English).then(|| Box::new(language::speak(reader, say)));
        Self { translated, ..english }
    }

    /// Returns it as it is said in the language in force; in English where it was not made for another.
    pub fn told(&self) -> &Self {
        match (language::in_force(), &self.translated) {
            (Language::English, _) | (_, None) => self,
            (_, Some(translated)) => translated,
        }
    }

    /// Puts another hint in the place of its own, in each language.
    pub fn map_hint(&mut self, retold: &dyn Fn(&str) -> String) {
        self.hint = self.hint.as_deref().map(retold);
        if let Some(translated) = &mut self.translated {
            translated.map_hint(retold);
        }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Says what stands under the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds another place that matters.
    #[must_use]
    pub fn related(mut self, place: Place, what: impl Into<String>) -> Self {
        self.related.push((place, what.into()));
        self
    }

    /// Adds a cause.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Findings, with the texts they point into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    /// The texts.
    pub sources: Sources,
    /// The findings, in the order of their places.
    pub findings: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Returns whether at least one finding is an error.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        let counted = if errors == 1 { say!("1 error").to_owned() } else { say!("{errors} errors", errors) };
        write!(f, "{counted}")?;
        let is_error = |finding: &&Diagnostic| finding.severity == Severity::Error;
        if let Some(first) = self.findings.iter().find(is_error).or(self.findings.first()) {
            let said = say!(", first: {summary}", summary = first.told().summary);
            write!(f, "{said}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
