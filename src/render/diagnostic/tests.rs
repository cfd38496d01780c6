use proptest::prelude::*;

use super::*;

fn drawn(text: &str, finding: Diagnostic, style: DrawStyle) -> String {
    let mut diagnostics = Diagnostics::default();
    diagnostics.sources.add("rictl.yaml", text);
    diagnostics.findings.push(finding);
    let mut out = Vec::new();
    write(&mut out, &diagnostics, style).expect("a vector takes everything");
    String::from_utf8(out).expect("text is written as UTF-8")
}

fn place(line: u32, column: u32, length: u32) -> Place {
    Place { line, column, length, ..Place::default() }
}

#[test]
fn draws_every_part_in_the_house_style() {
    let finding = Diagnostic::error("unknown status `Activ`")
        .at(place(2, 9, 5))
        .label("did you mean `Active`?")
        .related(place(1, 1, 1), "first set here")
        .cause("somebody typed it")
        .hint("write it out");
    insta::assert_snapshot!(drawn("a:\nstatus: Activ\n", finding, DrawStyle::default()), @r"
    error: unknown status `Activ`
      --> rictl.yaml:2:9
      |
    2 | status: Activ
      |         ^^^^^ did you mean `Active`?
      first set here: rictl.yaml:1:1
      caused by: somebody typed it
      hint: write it out
    ");
}

#[test]
fn breaks_sentences_at_words_on_a_terminal() {
    let finding = Diagnostic::error("group site must keep 3 active, but 0 of 5 are declared Active")
        .cause("declared Inactive: link-1, link-13, link-19, link-22, link-25")
        .hint("declare more members Active, or change the floor in a reviewed change");
    let style = DrawStyle { width: 40, wraps: true, ..DrawStyle::default() };
    insta::assert_snapshot!(drawn("", finding, style), @r"
    error: group site must keep 3 active,
        but 0 of 5 are declared Active
      caused by: declared Inactive: link-1,
        link-13, link-19, link-22, link-25
      hint: declare more members Active, or
        change the floor in a reviewed
        change
    ");
}

#[test]
fn cuts_a_wide_line_around_the_caret() {
    let text = format!("{}HERE{}", "a".repeat(1000), "b".repeat(1000));
    let finding = Diagnostic::warning("wide").at(place(1, 1001, 4));
    insta::assert_snapshot!(drawn(&text, finding, DrawStyle { width: 60, ..DrawStyle::default() }), @r"
    warning: wide
      --> rictl.yaml:1:1001
      |
    1 | ...aaaaaaaaaaaaaaaaHEREbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb...
      |                    ^^^^
    ");
}

#[test]
fn escapes_hostile_text_and_keeps_the_caret_under_its_word() {
    let text = "k: \"\u{1b}[31m\u{202e}光\" bad";
    let finding = Diagnostic::error("\u{1b}[2J").at(place(1, 14, 3)).label("here\u{9b}");
    insta::assert_snapshot!(drawn(text, finding, DrawStyle::default()), @r#"
    error: \x1b[2J
      --> rictl.yaml:1:14
      |
    1 | k: "\x1b[31m\u{202e}光" bad
      |                         ^^^ here\u{9b}
    "#);
}

#[test]
fn draws_places_that_are_not_in_the_text_without_a_line() {
    let finding = Diagnostic::error("gone").at(place(9, 1, 1)).hint("look");
    assert_eq!(drawn("one\n", finding, DrawStyle::default()), "error: gone\n  --> rictl.yaml:9:1\n  hint: look\n");
}

#[test]
fn colours_only_when_asked() {
    let finding = Diagnostic::error("red").at(place(1, 1, 3)).label("here").hint("stop");
    assert!(!drawn("red\n", finding.clone(), DrawStyle::default()).contains('\u{1b}'));
    assert!(
        drawn("red\n", finding, DrawStyle { color: true, width: 80, ..DrawStyle::default() })
            .contains("\u{1b}[1m\u{1b}[31merror")
    );
}

proptest! {
    #[test]
    fn never_panics_and_never_lets_a_control_through(
        text in "[a\u{1b}\r\n\t光é]{0,60}",
        line in 0u32..6,
        column in 0u32..40,
        length in 0u32..80,
        width in 0usize..120,
    ) {
        let finding = Diagnostic::error(text.clone()).at(place(line, column, length)).label(text.clone());
        let output = drawn(&text, finding, DrawStyle { width, wraps: true, ..DrawStyle::default() });
        prop_assert!(output.chars().all(|character| character == '\n' || !character.is_control()), "{:?}", output);
    }
}
