//! What is wrong with a JSON text, without a word of it: the place and the rule.
//!
//! A decoder's own message repeats the value that it met. Of a file that a spec names, that may be somebody's secret.

/// Says which rule a text breaks, and where: `expected a text at line 3 column 7`.
pub fn rule(error: &serde_json::Error) -> String {
    let place = if error.line() == 0 { String::new() } else { place(error) };
    format!("{}{place}", rule_alone(error))
}

/// Says which rule a text breaks, without the place.
pub fn rule_alone(error: &serde_json::Error) -> String {
    let message = error.to_string();
    without_values(message.strip_suffix(&place(error)).unwrap_or(&message))
}

fn place(error: &serde_json::Error) -> String {
    format!(" at line {} column {}", error.line(), error.column())
}

/// Says what a decoder expects, in words of people and not of the decoder's language.
pub fn expected(what: &str) -> String {
    let what = match what {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a string" => "a text",
        "a boolean" => "true or false",
        what => what,
    };
    format!("expected {what}")
}

/// Keeps of a decoder's message what the decoder itself says.
fn without_values(message: &str) -> String {
    /// What is said of a value, before the value itself.
    const REPEATING: [(&str, &str); 5] = [
        ("invalid type: ", ""),
        ("invalid value: ", ""),
        ("invalid length ", ""),
        ("unknown field `", "unknown key, "),
        ("unknown variant `", "unknown word, "),
    ];
    let Some((_, instead)) = REPEATING.iter().find(|(begin, _)| message.starts_with(begin)) else {
        return message.to_owned();
    };
    // What is expected is said last, and is never of the text; the value before it may say anything.
    match message.rsplit_once(", expected ") {
        Some((_, what)) => format!("{instead}{}", expected(what)),
        None => format!("{instead}nothing like it can stand here"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, dead_code, reason = "a test fails by panicking; fields are there to be read")]

    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Thing {
        name: String,
        #[serde(default)]
        kind: Option<Kind>,
        #[serde(default)]
        small: u8,
        #[serde(default)]
        pair: Option<(u8, u8)>,
        #[serde(default)]
        more: BTreeMap<String, u8>,
    }

    #[derive(Debug, Deserialize)]
    enum Kind {
        One,
        Two,
    }

    #[test]
    fn names_the_rule_and_the_place_and_repeats_nothing() {
        let said = |text: &str| rule(&serde_json::from_str::<Thing>(text).unwrap_err());
        assert_eq!(said(r#""SECRET""#), "expected struct Thing at line 1 column 8");
        assert_eq!(
            said("{\"name\": \"a\",\n \"SECRET\": 1}"),
            "unknown key, expected one of `name`, `kind`, `small`, `pair`, `more` at line 2 column 9"
        );
        assert_eq!(said(r#"{"name": 77889}"#), "expected a text at line 1 column 14");
        assert_eq!(
            said(r#"{"name": "a", "small": 77889}"#),
            "expected a whole number, not negative at line 1 column 28"
        );
        assert_eq!(
            said(r#"{"name": "a", "kind": "SECRET"}"#),
            "unknown word, expected `One` or `Two` at line 1 column 30"
        );
        assert_eq!(
            said(r#"{"name": "a", "kind": "SECRET, expected SECRET"}"#),
            "unknown word, expected `One` or `Two` at line 1 column 47"
        );
        assert_eq!(said(r#"{"kind": "One"}"#), "missing field `name` at line 1 column 15");
        assert_eq!(
            said(r#"{"name": "a", "more": {"SECRET": "SECRET"}}"#),
            "expected a whole number, not negative at line 1 column 41"
        );
        assert_eq!(said("SECRET"), "expected value at line 1 column 1");
        assert_eq!(said("{\"na"), "EOF while parsing a string at line 1 column 4");
    }
}
