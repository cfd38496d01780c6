use super::*;
use crate::dice::Dice;

/// What a reader said: its items, and what it found.
fn said(read: impl FnOnce(&mut Findings, &mut dyn FnMut(String)) -> bool) -> String {
    let (mut findings, mut items) = (Findings::default(), Vec::new());
    let is_whole = read(&mut findings, &mut |item| items.push(item));
    let found: Vec<String> = findings.finish().iter().map(|finding| format!("{finding:?}")).collect();
    format!("{is_whole}\n{}\n{}", items.join("\n"), found.join("\n"))
}

fn shown(item: &Item<'_>) -> String {
    match item {
        Item::Section(key) => format!("section {key:?}"),
        Item::Value(node) => format!("value {node:?}"),
        Item::Entry(key, node) => format!("entry {key:?} {node:?}"),
    }
}

/// Both ways to read a text; also, how much of it is of the common shape.
fn both(text: &str) -> (String, String, plain::Read) {
    let fast = said(|findings, take| read(SourceId(0), text, findings, &mut |item, _| take(shown(&item))).is_ok());
    let slow = said(|findings, take| parse(SourceId(0), text, findings, &mut |item, _| take(shown(&item))).is_ok());
    (fast, slow, plain::read(SourceId(0), text, |_| ()))
}

fn same(fast: &str, slow: &str, about: &str) {
    let differs = fast.lines().zip(slow.lines()).find(|(fast, slow)| fast != slow);
    assert_eq!(differs, None, "{about}");
    assert_eq!(fast.lines().count(), slow.lines().count(), "{about}");
}

const COMMON: &str = "\
# The links of a site.
version: 1

cloud: { provider: emulator, region: cn-shanghai, account_id: \"1234567890123456\" }
state:
  path: state/rictl.json   # beside the spec
limits: {max_changes: 4, max_changes_percent: 30}
time_zone: Asia/Shanghai
groups:
  idc-shanghai: { min_active: 1, labels: { carrier: alfa } }
  empty: {}

interfaces:
  sh-primary:
    id: ri-2zeo3xzyf38r4urzdpvfs
    status: Inactive  # drained
    group: idc-shanghai
    depends_on: [sh-backup, 'sh-third']
    reason: CHG-1042: fibre (splice), 光缆 #7
    # a remark
    timeouts:
      deactivate: 10m

      activate: 1h30m
  sh-backup:
    id: ri-b
    status: Active
    protect: true
  10-third: {id: ri-c, status: Active, depends_on: []}
";

#[test]
fn the_common_shape_is_read_to_its_end_and_as_the_parser_reads_it() {
    let common = COMMON.replace("CHG-1042: ", "CHG-1042 ");
    let (fast, slow, read) = both(&common);
    same(&fast, &slow, "a spec");
    assert_eq!(read, plain::Read::Whole);
    // A colon before a blank is an error: what stands before is handed over once, and the error is the parser's.
    let (fast, slow, read) = both(COMMON);
    same(&fast, &slow, "a spec");
    assert!(matches!(read, plain::Read::Items(1..)), "{read:?}");
}

#[test]
fn what_goes_on_in_the_next_line_or_stands_oddly_is_left_to_the_parser() {
    for text in [
        "",
        "\n",
        "# nothing\n",
        "a",
        "a:\n",
        "a: b\n c\n",
        "a:\n  b: c\n   d: e\n",
        "a:\n  b:\n    c: d\n   e: f\n",
        "a:\n  b: c\n d: e\n",
        "a:\n  b:\n",
        "a:\n- b\n",
        "a: |\n  b\n",
        "a: {b: c,\n  d: e}\n",
        "a: {b: c} d\n",
        "a: 'b' c\n",
        "a: 'b''c'\n",
        "a: \"b\\n\"\n",
        "a: b\n---\nc: d\n",
        "a: *b\n",
        "a: &b c\n",
        "a: !b c\n",
        "<<: a\n",
        "a : b\n",
        "a:b\n",
        "a: b: c\n",
        "a: b:\n",
        "a: {b:c}\n",
        "a: {b}\n",
        "a: [b: c]\n",
        "a: [b, ]\n",
        "a: {b: c, }\n",
        "a: [,]\n",
        "a:\tb\n",
        "a: b\t\n",
        "a: b\r\nc: d\r\n",
        "  a: b\n  c: d\n",
        "a: b\n...\n",
        "a: {b: {c: {d: {e: {f: {g: h}}}}}}\n",
        "a: ~\n",
        "a: null\nb: ''\n",
        "a: b#c\n",
        "a: b #c\n",
        "a: b  c \n",
        "a: [b c , d ]\n",
        "a: { b : c }\n",
        "a: b\n\n\n# x\n  # y\nb: c",
        "a: b\n  # x\n  c\n",
        "a:\n  # x\n  b: c\n",
        "a: {}\nb: []\n",
        "a: '#'\n",
        "a: [1, 2.5, -3]\n",
        "a: {b: -}\n",
        "a: http://x/y?z\n",
        "a: b,c}\n",
        "a: [b,c]\n",
        "a: \u{a0}b\n",
        "a: b\u{2028}c\n",
    ] {
        let (fast, slow, _) = both(text);
        same(&fast, &slow, &format!("{text:?}"));
    }
}

/// A text of the common shape, or nearly.
fn generated(dice: &mut Dice) -> String {
    let mut text = String::new();
    let of =
        |words: &[&str], dice: &mut Dice| words[usize::try_from(dice.roll(words.len() as u64)).unwrap()].to_owned();
    let values = [
        "Active",
        "1",
        "ri-a",
        "10m",
        "{id: ri-a, status: Active}",
        "[a, b]",
        "'x y'",
        "\"q\"",
        "fibre splice",
        "{}",
        "上海",
        "a:b",
        "x # y",
    ];
    for _ in 0..1 + dice.roll(4) {
        let section = of(&["version", "groups", "interfaces", "cloud", "limits"], dice);
        if dice.roll(3) == 0 {
            text += &format!("{section}: {}\n", of(&values, dice));
            continue;
        }
        text += &format!("{section}:\n");
        for _ in 0..1 + dice.roll(3) {
            let key = of(&["sh-primary", "sh.backup", "10-a", "a_b"], dice);
            if dice.roll(3) == 0 {
                text += &format!("  {key}: {}\n", of(&values, dice));
                continue;
            }
            text += &format!("  {key}:\n");
            for _ in 0..1 + dice.roll(3) {
                text += &format!("    {}: {}\n", of(&["id", "status", "group", "labels"], dice), of(&values, dice));
            }
            if dice.roll(4) == 0 {
                text += "    timeouts:\n      activate: 1m\n";
            }
        }
        if dice.roll(4) == 0 {
            text += &of(&["\n", "# a remark\n", "  # indented\n", "   \n"], dice);
        }
    }
    text
}

/// Puts something where it does not belong.
fn spoilt(text: &str, dice: &mut Dice) -> String {
    const PIECES: [&str; 34] = [
        " ", "  ", "\n", "\n  ", "\n    ", ":", ": ", " #", "#", "{", "}", "[", "]", ",", "'", "\"", "-", "- ", "\t",
        "\r\n", "&a ", "*a", "!t ", "|\n", "? ", "<<: ", "---\n", "...\n", "%", "@", "~", "光", "\u{feff}", "\\",
    ];
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..1 + dice.roll(2) {
        let at = usize::try_from(dice.roll(characters.len() as u64 + 1)).unwrap();
        let until = (at + usize::try_from(dice.roll(4)).unwrap()).min(characters.len());
        let piece = PIECES[usize::try_from(dice.roll(PIECES.len() as u64)).unwrap()];
        let piece = if dice.roll(4) == 0 { "" } else { piece };
        let until = if dice.roll(2) == 0 { at } else { until };
        characters.splice(at..until, piece.chars());
    }
    characters.into_iter().collect()
}

#[test]
fn both_ways_to_read_agree_on_texts_by_the_thousand() {
    let rounds = std::env::var("MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(20_000_u64);
    let (mut whole, mut parts) = (0, 0);
    for seed in 0..rounds {
        let mut dice = Dice::new(seed);
        let mut text = generated(&mut dice);
        if dice.roll(4) > 0 {
            text = spoilt(&text, &mut dice);
        }
        let (fast, slow, read) = both(&text);
        same(&fast, &slow, &format!("seed {seed}: {text:?}"));
        match read {
            plain::Read::Whole => whole += 1,
            plain::Read::Items(1..) => parts += 1,
            plain::Read::Items(0) => {}
        }
    }
    assert!(whole > rounds / 5 && parts > rounds / 10, "{whole} were of the common shape, {parts} began so");
}
