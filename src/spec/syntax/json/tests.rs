use super::*;
use crate::dice::Dice;

fn shown(item: &Item<'_>) -> String {
    match item {
        Item::Section(key) => format!("section {key:?}"),
        Item::Value(node) => format!("value {node:?}"),
        Item::Entry(key, node) => format!("entry {key:?} {node:?}"),
    }
}

/// What a reader said: its items, and what it found.
fn said(read: impl FnOnce(&mut Findings, &mut Vec<String>) -> bool) -> String {
    let (mut findings, mut items) = (Findings::default(), Vec::new());
    let is_whole = read(&mut findings, &mut items);
    let found: Vec<String> = findings.finish().iter().map(|finding| format!("{finding:?}")).collect();
    format!("{is_whole}\n{}\n{}", items.join("\n"), found.join("\n"))
}

/// Reads a document of sections by serde_json alone, which looks at each value once for each collection that it is in.
fn by_serde(text: &str, findings: &mut Findings, items: &mut Vec<String>) -> Result<(), Broken> {
    let source = SourceId(0);
    let mut reader = Reader { text, cursor: Cursor::new(source, text), at: 0, values: 0 };
    let sections =
        children(text, bounds::SPEC_ENTRIES).map_err(|error| syntax_error(source, text, &error, findings))?;
    for (key, value) in sections {
        items.push(shown(&Item::Section(reader.word(key.unwrap(), findings)?)));
        reader.values = 0;
        if !value.get().starts_with('{') {
            items.push(shown(&Item::Value(reader.node(value, 1, findings)?)));
            continue;
        }
        reader.place(value, 1);
        for (key, value) in children(value.get(), bounds::SPEC_ENTRIES).unwrap() {
            reader.values = 0;
            let key = reader.word(key.unwrap(), findings)?;
            items.push(shown(&Item::Entry(key, reader.node(value, 2, findings)?)));
        }
    }
    Ok(())
}

fn agrees(text: &str, about: &str) {
    let fast =
        said(|findings, items| read(SourceId(0), text, findings, &mut |item, _| items.push(shown(&item))).is_ok());
    let slow = said(|findings, items| by_serde(text, findings, items).is_ok());
    assert_eq!(fast, slow, "{about}: {}", &text[..text.len().min(400)]);
}

fn value(dice: &mut Dice, depth: u64, out: &mut String) {
    const WORDS: [&str; 14] = [
        "1",
        "-2.5e3",
        "true",
        "null",
        "\"\"",
        "\"ri-a\"",
        "\"a\\\"b\"",
        "\"\\u4e0a\"",
        "\"\\ud800\"",
        "\"上海\"",
        "\"a\\\\\"",
        "\"{\"",
        "\"[,:\"",
        "\"\\n\"",
    ];
    const BLANKS: [&str; 5] = ["", " ", "\n  ", "\r\n", "\t"];
    let blank = |dice: &mut Dice, out: &mut String| out.push_str(BLANKS[usize::try_from(dice.roll(5)).unwrap()]);
    let (open, close) = match dice.roll(4 + depth) {
        0 | 1 => ('{', '}'),
        2 => ('[', ']'),
        _ => return out.push_str(WORDS[usize::try_from(dice.roll(14)).unwrap()]),
    };
    out.push(open);
    for number in 0..dice.roll(4) {
        if number > 0 {
            out.push(',');
        }
        blank(dice, out);
        if open == '{' {
            out.push_str(WORDS[4 + usize::try_from(dice.roll(10)).unwrap()]);
            blank(dice, out);
            out.push(':');
            blank(dice, out);
        }
        value(dice, depth + 1, out);
        blank(dice, out);
    }
    out.push(close);
}

#[test]
fn both_ways_to_take_json_apart_agree_on_texts_by_the_thousand() {
    let rounds = std::env::var("MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(20_000_u64);
    for seed in 0..rounds {
        let mut dice = Dice::new(seed);
        let mut text = "{\"version\": 1, \"interfaces\": {".to_owned();
        for number in 0..dice.roll(4) {
            text += if number > 0 { ",\n  " } else { "" };
            text += &format!("\"i{number}\": ");
            value(&mut dice, 0, &mut text);
        }
        text += "}, \"cloud\": ";
        value(&mut dice, 0, &mut text);
        text.push('}');
        agrees(&text, &format!("seed {seed}"));
    }
}

#[test]
fn too_many_values_and_too_deep_ones_are_found_where_they_were() {
    let many = vec!["1"; bounds::SPEC_VALUES + 1].join(",");
    let spec = |value: &str| format!("{{\"interfaces\": {{\"a\": 1, \"b\": {value}, \"c\": 2}}}}");
    agrees(&spec(&format!("[{many}]")), "a list");
    agrees(&spec(&format!("{{\"x\": [1, 2], \"y\": [{many}]}}")), "a list in a mapping");
    let most = vec!["1"; bounds::SPEC_VALUES].join(",");
    agrees(&spec(&format!("[{most}]")), "as many as there may be");
    let deep = format!("{}1{}", "[".repeat(bounds::SPEC_DEPTH), "]".repeat(bounds::SPEC_DEPTH));
    agrees(&spec(&deep), "deep");
}
