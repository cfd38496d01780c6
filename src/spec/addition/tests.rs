#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use proptest::prelude::*;

use super::*;
use crate::spec::{SpecFile, parse};

fn addition(name: &str) -> Addition {
    Addition {
        name: ChangeName::from(name),
        reason: "alfa works".to_owned(),
        select: vec![Selector::parse("label:carrier=alfa").unwrap()],
        expect: 1,
        status: DesiredStatus::Inactive,
        from: Some("2999-01-02T01:00:00+08:00".to_owned()),
        until: None,
        owner: None,
    }
}

const HEAD: &str =
    "version: 1\ncloud: {region: cn-a}\ninterfaces:\n  a: {id: ri-a, status: Active, labels: {carrier: alfa}}\n";

const BLOCK: &str = "  CHG-9:
    reason: alfa works
    select: [\"label:carrier=alfa\"]
    expect: 1
    status: Inactive
    from: 2999-01-02T01:00:00+08:00
";

const FLOW: &str = "CHG-9: {reason: alfa works, select: [\"label:carrier=alfa\"], expect: 1, status: Inactive, from: 2999-01-02T01:00:00+08:00}";

#[track_caller]
fn check(before: &str, after: &str) {
    let added = add(before.as_bytes(), &addition("CHG-9"));
    assert_eq!(added.as_deref(), Ok(after), "\n{}", added.as_deref().unwrap_or_default());
    let file = |name: &str| SpecFile { name: name.to_owned(), bytes: after.as_bytes().to_vec() };
    let spec = parse(vec![file(if after.starts_with("{\"") { "rictl.json" } else { "rictl.yaml" })]).unwrap();
    let change = &spec.changes["CHG-9"];
    assert_eq!((change.reason.as_str(), change.selected.len()), ("alfa works", 1));
}

#[test]
fn a_section_is_begun_where_there_is_none() {
    check(HEAD, &format!("{HEAD}\nchanges:\n{BLOCK}"));
    check(&format!("{HEAD}\n"), &format!("{HEAD}\nchanges:\n{BLOCK}"));
    check(&format!("{HEAD}# the end\n"), &format!("{HEAD}# the end\n\nchanges:\n{BLOCK}"));
}

#[test]
fn a_text_without_a_line_end_at_its_end_gets_one_first() {
    let cut = HEAD.trim_end();
    check(cut, &format!("{cut}\n\nchanges:\n{BLOCK}"));
    check(&format!("{HEAD}changes:"), &format!("{HEAD}changes:\n{BLOCK}"));
    let one = "  CHG-1: {reason: r, select: [a], status: Active}";
    check(&format!("{HEAD}changes:\n{one}"), &format!("{HEAD}changes:\n{one}\n{BLOCK}"));
}

#[test]
fn an_entry_goes_behind_those_that_are_there_and_before_the_comments_of_what_is_next() {
    let one =
        "changes:   # reviewed\n  # first\n  CHG-1: {reason: r, select: [a], status: Active}   # it\n  # about it\n";
    let next = "\n# why\n#   and how\ninterfaces:\n  a: {id: ri-a, status: Active, labels: {carrier: alfa}}\n";
    let head = "version: 1\ncloud: {region: cn-a}\n";
    check(&format!("{head}{one}{next}"), &format!("{head}{one}{BLOCK}{next}"));
    check(&format!("{head}changes:\n{next}"), &format!("{head}changes:\n{BLOCK}{next}"));
    check(
        &format!("{head}changes: # none yet\n  # none\n{next}"),
        &format!("{head}changes: # none yet\n  # none\n{BLOCK}{next}"),
    );
}

#[test]
fn an_entry_stands_as_the_others_do() {
    let deep = BLOCK
        .lines()
        .map(|line| format!("{}{line}\n", if line.starts_with("    ") { "     " } else { "  " }))
        .collect::<String>();
    let one = "    CHG-1:\n         reason: r\n         select: [a]\n         status: Active\n";
    check(&format!("{HEAD}changes:\n{one}"), &format!("{HEAD}changes:\n{one}{deep}"));
    let crlf = HEAD.replace('\n', "\r\n");
    check(&crlf, &format!("{crlf}\r\nchanges:\r\n{}", BLOCK.replace('\n', "\r\n")));
    check(&format!("\u{feff}{HEAD}"), &format!("\u{feff}{HEAD}\nchanges:\n{BLOCK}"));
    check(&format!("---\n{HEAD}...\n"), &format!("---\n{HEAD}\nchanges:\n{BLOCK}...\n"));
}

#[test]
fn what_is_in_brackets_stays_in_brackets() {
    check(&format!("{HEAD}changes: {{}}\n"), &format!("{HEAD}changes: {{{FLOW}}}\n"));
    let one = "CHG-1: {reason: r, select: [a], status: Active}";
    check(&format!("{HEAD}changes: {{{one}}} # x\n"), &format!("{HEAD}changes: {{{one}, {FLOW}}} # x\n"));
    check(&format!("{HEAD}changes: {{\n  {one},\n  }}\n"), &format!("{HEAD}changes: {{\n  {one}, {FLOW},\n  }}\n"));
    let flow =
        "{version: 1, cloud: {region: cn-a}, interfaces: {a: {id: ri-a, status: Active, labels: {carrier: alfa}}}";
    check(&format!("{flow}}}"), &format!("{flow}, changes: {{{FLOW}}}}}"));
}

#[test]
fn json_stays_json() {
    let json = "{\"version\": 1, \"cloud\": {\"region\": \"cn-a\"},\n\t\"interfaces\": {\"a\": {\"id\": \"ri-a\", \"status\": \"Active\", \"labels\": {\"carrier\": \"alfa\"}}}";
    let entry = "\"CHG-9\": {\"reason\": \"alfa works\", \"select\": [\"label:carrier=alfa\"], \"expect\": 1, \"status\": \"Inactive\", \"from\": \"2999-01-02T01:00:00+08:00\"}";
    check(&format!("{json}}}\n"), &format!("{json}, \"changes\": {{{entry}}}}}\n"));
    check(&format!("{json}, \"changes\": {{}}\n}}\n"), &format!("{json}, \"changes\": {{{entry}}}\n}}\n"));
}

#[test]
fn what_would_have_to_be_altered_is_refused() {
    for written in ["~", "null"] {
        let text = format!("{HEAD}changes: {written}\n");
        assert_eq!(add(text.as_bytes(), &addition("CHG-9")), Err(Unaddable::Written(written.to_owned())));
    }
    assert_eq!(add(b"\xff", &addition("CHG-9")), Err(Unaddable::NotYaml));
    assert_eq!(add(b"a: [", &addition("CHG-9")), Err(Unaddable::NotYaml));
    let kept = "changes:\n  CHG-1:\n    select: [a]\n    status: Active\n    reason: |+\n      two\n\n";
    let added = add(format!("{HEAD}{kept}").as_bytes(), &addition("CHG-9"));
    assert_eq!(added, Err(Unaddable::Entangled), "the empty line is part of the reason");
}

#[test]
fn words_that_yaml_would_read_otherwise_are_quoted() {
    let with = |reason: &str, name: &str| {
        let addition = Addition { reason: reason.to_owned(), owner: Some("yes".to_owned()), ..addition(name) };
        let text = add(HEAD.as_bytes(), &addition).unwrap();
        let spec = parse(vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: text.into_bytes() }]).unwrap();
        assert_eq!(spec.changes[name].reason, reason);
        assert_eq!(spec.changes[name].owner.as_deref(), Some("yes"));
    };
    for reason in [
        "a: b",
        "- x",
        "# no",
        "yes",
        "123",
        "say \"so\" \\ now",
        "two\nlines\t",
        "2026-12-02",
        "'",
        "{a}",
        "*a",
        "\u{202e}x\u{7}",
        "reason it",
        "x ",
    ] {
        with(reason, "CHG-9");
    }
    for name in ["20418", "2026-12-02", "no", "~x".trim_start_matches('~'), "\u{53d8}\u{66f4}-1"] {
        with("works", name);
    }
}

#[test]
fn an_entry_goes_beside_one_whose_key_has_a_question_mark() {
    for text in [
        "version: 1\nchanges:\n  ? CHG-1\n  : {reason: r}\n",
        "? version\n: 1\n? changes\n:\n  ? CHG-1\n  : reason: r\n    owner: o\ninterfaces: {}\n",
        "version: 1\nchanges:\n  ? \"CHG-1\"\n  :\n    ? reason\n    : r\n",
        "version: 1\nchanges: {? CHG-1 : {reason: r}}\n",
    ] {
        let added = add(text.as_bytes(), &addition("CHG-9")).unwrap();
        let read: serde_yaml::Value = serde_yaml::from_str(&added).unwrap();
        let names: Vec<_> = read["changes"].as_mapping().unwrap().keys().filter_map(|key| key.as_str()).collect();
        assert_eq!(names, ["CHG-1", "CHG-9"], "{added}");
    }
}

proptest! {
    #[test]
    fn whatever_the_text_nothing_but_the_entry_is_added(
        text in "(version: 1\n|changes:( ?\\{\\})?\n|  [a-c]: \\{reason: r\\}\n|  [a-c]:\n    reason: [|>]?-?\n      x\n| {0,3}# c\r?\n|\n|[d-f]: ([ab]|\\[\\])\n|\\.\\.\\.\n){0,12}[g-i]?:?"
    ) {
        if let Ok(added) = add(text.as_bytes(), &addition("CHG-9")) {
            let value = |text: &str| serde_yaml::from_str::<serde_yaml::Value>(text);
            if let (Ok(before), Ok(mut after)) = (value(&text), value(&added)) {
                let changes = after.get_mut("changes").and_then(serde_yaml::Value::as_mapping_mut).unwrap();
                prop_assert!(changes.remove("CHG-9").is_some());
                let empty = changes.is_empty();
                let had = before.get("changes").is_some_and(|changes| !changes.is_null());
                if empty && !had {
                    let mapping = after.as_mapping_mut().unwrap();
                    match before.get("changes") {
                        Some(_) => drop(mapping.insert("changes".into(), serde_yaml::Value::Null)),
                        None => drop(mapping.remove("changes")),
                    }
                }
                let before = if before.is_null() { serde_yaml::Value::Mapping(Default::default()) } else { before };
                prop_assert_eq!(before, after, "{}", added);
            }
        }
    }
}
