//! The pages of the API's error codes, one in each language, from the one table (`rictl::cloud::codes`).
//!
//! The Chinese words stand in `docs/zh-CN/reference/error-codes.yaml`, by the English text that they say: a text of the table
//! that has none there fails, and so does one there that the table no longer has. What to do is what the program says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use rictl::cloud::{Effect, ErrorKind, codes};
use rictl::language;
use serde::Deserialize;

use super::{expect_page, repository};

const WORDS: &str = "docs/zh-CN/reference/error-codes.yaml";

/// A row of the page: codes that mean the same.
struct Row {
    codes: Vec<&'static str>,
    /// The actions of which the codes mean this; of all if there are none.
    actions: &'static [&'static str],
    meaning: codes::Meaning,
}

/// The page's words in one language.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    head: String,
    columns: [String; 4],
    /// A code of some actions only, with `{code}` and `{actions}`.
    of_actions: String,
    repeated: Repeated,
    /// What the codes mean, by its English text; nothing stands for itself.
    texts: BTreeMap<String, String>,
}

impl Words {
    /// Says a text of the table.
    fn said(&self, english: &str) -> Option<&str> {
        let by_program = || language::chinese().get(english).map(|said| &**said);
        self.texts.get(english).map(String::as_str).or_else(by_program)
    }
}

/// What is said of a mutating call that got a code.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Repeated {
    nothing_was_done: String,
    refused: String,
    in_doubt: String,
}

fn english() -> Words {
    let all = rows();
    let texts = all.iter().flat_map(|row| [row.meaning.explanation, row.meaning.hint]);
    let texts = texts.map(|text| (text.to_owned(), text.to_owned()));
    Words {
        head: "# Error codes\n\nThe codes that the API's pages document, misspellings included, old and new. An unknown code is shown as it is, with its\nRequestId and the API's own link; a mutating call that got it is in doubt, and so is one whose HTTP status is not in the 400s.\n\n\"Repeated\" says what rictl does with a *mutating* call that got it: reads are repeated whenever that may help.\n".to_owned(),
        columns: ["code", "means", "what to do", "repeated"].map(str::to_owned),
        of_actions: "{code} of {actions}".to_owned(),
        repeated: Repeated {
            nothing_was_done: "yes, nothing was done".to_owned(),
            refused: "no, it was refused".to_owned(),
            in_doubt: "no, the live status is read".to_owned(),
        },
        texts: texts.collect(),
    }
}

fn chinese() -> Words {
    let text = fs::read_to_string(repository().join(WORDS)).expect("the Chinese words");
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{WORDS}: {error}"))
}

fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (code, meaning) in codes::all() {
        match rows.iter_mut().find(|row| row.meaning == *meaning) {
            Some(row) => row.codes.push(code),
            None => rows.push(Row { codes: vec![code], actions: &[], meaning: *meaning }),
        }
    }
    rows.extend(codes::of_actions().iter().map(|(actions, code, meaning)| Row {
        codes: vec![code],
        actions,
        meaning: *meaning,
    }));
    rows
}

fn page(rows: &[Row], words: &Words) -> String {
    let mut page = format!("{}\n| {} |\n|---|---|---|---|\n", words.head, words.columns.join(" | "));
    for row in rows {
        let codes = format!("`{}`", row.codes.join("`, `"));
        let named = if row.actions.is_empty() {
            codes
        } else {
            words.of_actions.replace("{code}", &codes).replace("{actions}", &row.actions.join(", "))
        };
        let repeated = match row.meaning.effect {
            // A copy of the call that arrived before it is answered so as well.
            Effect::Refused if row.actions.is_empty() && row.meaning.kind == ErrorKind::IncorrectStatus => {
                &words.repeated.in_doubt
            }
            Effect::None => &words.repeated.nothing_was_done,
            Effect::Refused => &words.repeated.refused,
            Effect::InDoubt => &words.repeated.in_doubt,
        };
        let [means, to_do] = [row.meaning.explanation, row.meaning.hint].map(|text| words.said(text).expect("a word"));
        writeln!(page, "| {named} | {means} | {to_do} | {repeated} |").expect("a page grows");
    }
    page
}

#[test]
fn every_error_code_of_the_api_is_explained() {
    expect_page("docs/reference/error-codes.md", &page(&rows(), &english()));
}

#[test]
fn every_error_code_of_the_api_is_explained_in_chinese() {
    let (rows, words) = (rows(), chinese());
    let lacking: Vec<String> = rows
        .iter()
        .flat_map(|row| [row.meaning.explanation, row.meaning.hint].map(|text| (row.codes[0], text)))
        .filter(|(_, text)| words.said(text).is_none_or(|chinese| chinese.trim().is_empty()))
        .map(|(code, text)| format!("  {code}: {text:?}"))
        .collect();
    assert!(lacking.is_empty(), "{WORDS} has no Chinese for:\n{}", lacking.join("\n"));
    let known: BTreeSet<&str> = rows.iter().map(|row| row.meaning.explanation).collect();
    let gone: Vec<&String> = words.texts.keys().filter(|text| !known.contains(text.as_str())).collect();
    assert!(gone.is_empty(), "{WORDS} has Chinese for what src/cloud/codes.rs does not say: {gone:#?}");
    expect_page("docs/zh-CN/reference/error-codes.md", &page(&rows, &words));
}
