//! The language that people are told things in: English, at its place in the source, or another, from its catalogue.
//!
//! A sentence is written as `say!("{kept} of {all} stay active", kept, all)`. While English is in force, that is `format!` and
//! nothing is looked up. While another language is, the English template is the key under which the catalogue has its own.
//!
//! A language is in force only within [`speak`], which whoever renders text for people calls, and on that thread alone: what is
//! written for machines or kept in files is outside of it, and English.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::OnceLock;
use std::thread::LocalKey;

mod catalogue;
mod spacing;

pub use catalogue::{Piece, pieces};

/// A language that people are told things in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// The one that the source is written in.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

thread_local! {
    static IN_FORCE: Cell<Language> = const { Cell::new(Language::English) };
    static READER: Cell<Language> = const { Cell::new(Language::English) };
}

/// Names a sentence that is worded where it is shown, by [`word`]: the value of a constant, which cannot be formed by `say!`.
macro_rules! sentence {
    ($english:literal) => {
        $english
    };
}

/// Says something in the language that is in force.
///
/// Without fields it is a `&'static str`, else a `String`. A field is a variable of its name, or `name = expression`.
macro_rules! say {
    ($english:literal) => {
        $crate::language::word($english)
    };
    ($english:literal, $($name:ident $(= $value:expr)?),+ $(,)?) => {
        match ($(&$crate::language::say!(@value $name $($value)?),)+) {
            ($($name,)+) => match $crate::language::template($english) {
                None => format!($english, $($name = $name),+),
                Some(template) => $crate::language::filled(template, &[$((stringify!($name), $name as &dyn std::fmt::Display)),+]),
            },
        }
    };
    (@value $name:ident) => { $name };
    (@value $name:ident $value:expr) => { $value };
}

pub(crate) use {say, sentence};

impl Language {
    /// Returns the language that the environment asks for: `RICTL_LANG`, else the first of `LC_ALL`, `LC_MESSAGES` and `LANG`
    /// that is set, as POSIX has it. What is none of ours is English.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
        ["RICTL_LANG", "LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(set)
            .map_or(Self::English, |value| Self::named(&value))
    }

    /// Returns the language that a value names, such as `zh_CN.UTF-8`, `zh-CN` or `zh`.
    fn named(value: &str) -> Self {
        let (name, encoding) = value.split_once('.').unwrap_or((value, "UTF-8"));
        let language = name.split(['_', '-', '@']).next().unwrap_or_default();
        // What is written is UTF-8, which a terminal of another encoding cannot show.
        let encoding = encoding.split('@').next().unwrap_or_default().to_ascii_uppercase();
        let is_utf8 = ["UTF-8", "UTF8"].contains(&encoding.as_str());
        if language.eq_ignore_ascii_case("zh") && is_utf8 { Self::Chinese } else { Self::English }
    }
}

/// Has a language in force while something is said on this thread.
pub fn speak<T>(language: Language, say: impl FnOnce() -> T) -> T {
    with(&IN_FORCE, language, say)
}

/// Says who reads, in the end, what comes of some work on this thread: a finding is then worded for them as well, where it is
/// made, while its facts are at hand. Nothing else of the work depends on it.
pub fn for_reader<T>(language: Language, work: impl FnOnce() -> T) -> T {
    with(&READER, language, work)
}

fn with<T>(key: &'static LocalKey<Cell<Language>>, language: Language, work: impl FnOnce() -> T) -> T {
    struct Before(&'static LocalKey<Cell<Language>>, Language);
    impl Drop for Before {
        fn drop(&mut self) {
            self.0.set(self.1);
        }
    }
    let _before = Before(key, key.replace(language));
    work()
}

/// Returns the language of whoever reads in the end.
pub fn reader() -> Language {
    READER.get()
}

/// Returns the language that is in force on this thread.
pub fn in_force() -> Language {
    IN_FORCE.get()
}

/// Returns a sentence without fields as it is said in the language in force.
pub fn word(english: &'static str) -> &'static str {
    template(english).unwrap_or(english)
}

/// Returns the template of the language in force for an English one; `None` where that is English.
pub fn template(english: &str) -> Option<&'static str> {
    match in_force() {
        Language::English => None,
        Language::Chinese => {
            let found = chinese().get(english);
            debug_assert!(found.is_some(), "src/language/zh-CN.po has no {english:?}");
            found.map(Cow::as_ref)
        }
    }
}

/// Returns what the Chinese catalogue has, by its English.
pub fn chinese() -> &'static BTreeMap<Cow<'static, str>, Cow<'static, str>> {
    static CHINESE: OnceLock<BTreeMap<Cow<'static, str>, Cow<'static, str>>> = OnceLock::new();
    CHINESE.get_or_init(|| catalogue::entries(include_str!("language/zh-CN.po")).collect())
}

/// Fills a template: `{name}` is the field of that name, `{{` and `}}` are braces.
pub fn filled(template: &str, fields: &[(&str, &dyn Display)]) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    for piece in pieces(template) {
        match piece {
            Piece::Text(words) => spacing::push(&mut text, words, false),
            Piece::Field(name) => {
                let field = fields.iter().find(|(field, _)| *field == name);
                debug_assert!(field.is_some(), "{template:?} has a field that its English does not have");
                field.iter().for_each(|(_, value)| spacing::push(&mut text, &value.to_string(), true));
            }
        }
    }
    text
}

/// Lists the fields of a template, in their order.
pub fn fields(template: &str) -> Vec<&str> {
    let field = |piece| match piece {
        Piece::Field(name) => Some(name),
        Piece::Text(_) => None,
    };
    pieces(template).filter_map(field).collect()
}

#[cfg(test)]
mod tests;
