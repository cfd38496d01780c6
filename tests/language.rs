//! What is told in Chinese: every sentence that the source forms has its entry in the catalogue, with the same fields, and
//! every entry its sentence.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rictl::language::{chinese, fields};
use rictl::spec::finding::Code;
use rictl::spec::keys::{KEYS, Presence};

/// Every sentence that is said in more than English, and where it stands.
fn sentences() -> BTreeMap<String, PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut open = vec![root];
    let mut found = BTreeMap::new();
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = fs::read_to_string(&path).unwrap();
                found.extend(said_in(&source).into_iter().map(|sentence| (sentence, path.clone())));
            }
        }
    }
    found.extend(Code::ALL.iter().map(|code| (code.kind().to_owned(), PathBuf::from("src/spec/finding/code.rs"))));
    found.extend(KEYS.iter().filter_map(|key| match key.presence {
        Presence::Required(words) | Presence::Otherwise(words) => {
            Some((words.to_owned(), PathBuf::from("src/spec/keys/table.rs")))
        }
        Presence::Default(_) | Presence::Optional => None,
    }));
    found
}

/// The first literals of `say!`, `sentence!` and `worded!`.
fn said_in(source: &str) -> Vec<String> {
    let source: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let source = source.join("\n");
    let mut found = Vec::new();
    for (at, opening) in ["say!(", "sentence!(", "worded!("].iter().flat_map(|opening| source.match_indices(opening)) {
        let rest = source[at + opening.len()..].trim_start();
        found.extend(rest.strip_prefix('"').map(literal));
    }
    found
}

/// Reads a literal from behind its quote.
fn literal(text: &str) -> String {
    let mut letters = text.chars();
    let mut whole = String::new();
    while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
        match (letter, letter == '\\') {
            (_, false) => whole.push(letter),
            (_, true) => match letters.next().unwrap() {
                '\n' => letters = letters.as_str().trim_start().chars(),
                'n' => whole.push('\n'),
                escaped => whole.push(escaped),
            },
        }
    }
    whole
}

#[test]
fn every_sentence_has_its_chinese_and_every_chinese_its_sentence() {
    let sentences = sentences();
    assert!(sentences.len() > 300, "the sentences are found");
    let mut wrong = Vec::new();
    for (sentence, path) in &sentences {
        match chinese().get(sentence.as_str()) {
            None => wrong.push(format!("{}: src/language/zh-CN.po has no {sentence:?}", path.display())),
            Some(said) => {
                let (own, theirs): (BTreeSet<_>, BTreeSet<_>) =
                    (fields(sentence).into_iter().collect(), fields(said).into_iter().collect());
                if own != theirs {
                    wrong.push(format!("src/language/zh-CN.po: {said:?} has other fields than {sentence:?}"));
                }
                if said.is_empty() && !sentence.trim().is_empty() {
                    wrong.push(format!("src/language/zh-CN.po says nothing for {sentence:?}"));
                }
            }
        }
    }
    let unused = chinese().keys().filter(|key| !sentences.contains_key(&***key));
    wrong.extend(unused.map(|key| format!("src/language/zh-CN.po: nothing says {key:?} any more")));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_catalogue_names_each_sentence_once() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/language/zh-CN.po")).unwrap();
    let names: Vec<&str> = text.lines().filter(|line| line.starts_with("msgid ")).collect();
    let twice: BTreeSet<&&str> =
        names.iter().filter(|name| names.iter().filter(|other| other == name).count() > 1).collect();
    assert!(twice.is_empty(), "twice: {twice:?}");
}

#[test]
fn sentences_are_found_in_source_as_the_compiler_reads_them() {
    let source = r#"say!("a {b}", b); sentence!(
        "quoted \"c\" \
         d"
    ) say!(@value x)"#;
    assert_eq!(said_in(source), ["a {b}", "quoted \"c\" d"]);
}
