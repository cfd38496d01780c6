//! The language that people are told things in: English, at its place in the source, or another, from its catalogue.
//!
//! A sentence is written as `say!("{up} of {declared} up, floor {floor}", up, declared, floor)`. While English is in force, that is `format!` and
//! nothing is looked up. While another language is, the English template is the key under which the catalogue has its own.
//!
//! A language is in force only within [`speak`], which whoever renders text for people calls, and on that thread alone: what is
//! written for machines or kept in files is outside of it, and English.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::OnceLock;

mod catalogue;
mod spacing;
mod spoken;
mod wording;

pub use catalogue::{Piece, pieces};
pub use spoken::{Language, for_reader, in_force, reader, speak};
pub use wording::Wording;

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
    ($english:literal) => {{
        const { assert!(!$crate::language::doubles_a_brace($english), "nothing is filled in: a brace stands for itself") }
        $crate::language::word($english)
    }};
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

/// Words something in English, and for whoever reads it in their language as well: takes what `say!` takes.
macro_rules! worded {
    ($($sentence:tt)+) => {
        $crate::language::Wording::new(|| $crate::language::say!($($sentence)+))
    };
}

pub(crate) use {say, sentence, worded};

/// Returns whether a sentence begins a field with a doubled brace, as it has to where others are filled in. A template of somebody
/// else's (`{{ name }}`) has a blank there.
pub const fn doubles_a_brace(sentence: &str) -> bool {
    let bytes = sentence.as_bytes();
    let mut at = 2;
    while at < bytes.len() {
        if bytes[at - 2] == b'{' && bytes[at - 1] == b'{' && bytes[at] != b' ' {
            return true;
        }
        at += 1;
    }
    false
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
