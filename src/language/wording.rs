//! What is worded where its facts are at hand and told later, such as why something was refused.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::spoken::{Language, in_force, reader, speak};

/// A text in English, and in the language of whoever reads it in the end where that is another.
///
/// It tells itself in the language that is in force. What is kept of it is English: two are equal where that is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Wording(Box<Words>);

/// Apart, since errors are handed on a lot.
#[derive(Clone, Debug, Default)]
struct Words {
    english: String,
    translated: Option<Box<str>>,
}

impl Wording {
    /// Has something said in English, and for whoever reads it in their language as well.
    pub fn new<'s, T: Into<Cow<'s, str>>>(say: impl Fn() -> T) -> Self {
        let english = speak(Language::English, || say().into().into_owned());
        let reader = reader();
        let translated = (reader != Language::English).then(|| speak(reader, || say().into().into_owned().into()));
        Self(Box::new(Words { english, translated }))
    }

    /// Returns the English text, which programs read and records keep.
    pub fn english(&self) -> &str {
        &self.0.english
    }

    /// Returns the text in the language that is in force; in English where it was not worded in another.
    pub fn told(&self) -> &str {
        match (in_force(), &self.0.translated) {
            (Language::English, _) | (_, None) => &self.0.english,
            (_, Some(translated)) => translated,
        }
    }
}

impl fmt::Display for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.told())
    }
}

impl PartialEq for Wording {
    fn eq(&self, other: &Self) -> bool {
        self.0.english == other.0.english
    }
}

impl Eq for Wording {}

/// What somebody else said, or what is a name: the same in every language.
impl From<String> for Wording {
    fn from(quoted: String) -> Self {
        Self(Box::new(Words { english: quoted, translated: None }))
    }
}

impl From<&str> for Wording {
    fn from(quoted: &str) -> Self {
        quoted.to_owned().into()
    }
}

impl From<Wording> for String {
    fn from(wording: Wording) -> Self {
        wording.0.english
    }
}

impl JsonSchema for Wording {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}
