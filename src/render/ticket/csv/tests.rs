#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::dice::Dice;
use crate::render::samples::{HOSTILE, assert_inert, hostile_ticket, ticket, written};

/// Reads RFC 4180 by its grammar alone, and knows nothing of how it was written here.
fn read(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut letters) = (Vec::new(), Vec::new(), text.chars().peekable());
    while letters.peek().is_some() {
        let mut cell = String::new();
        if letters.next_if_eq(&'"').is_some() {
            loop {
                match letters.next().unwrap() {
                    '"' if letters.next_if_eq(&'"').is_some() => cell.push('"'),
                    '"' => break,
                    letter => cell.push(letter),
                }
            }
        } else {
            while let Some(letter) = letters.next_if(|letter| !matches!(letter, ',' | '\r' | '\n' | '"')) {
                cell.push(letter);
            }
        }
        row.push(cell);
        match letters.next().unwrap() {
            ',' => {}
            '\r' => {
                assert_eq!(letters.next(), Some('\n'), "a row ends with CRLF");
                rows.push(std::mem::take(&mut row));
            }
            other => panic!("{other:?} after a cell"),
        }
    }
    assert!(row.is_empty(), "the last row has its end");
    rows
}

fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

#[test]
fn what_is_written_reads_back_as_it_was_and_no_cell_begins_like_a_formula() {
    let mut dice = Dice::new(1);
    let letters: Vec<char> = "ab \"\",,\r\n\t=+-@'\\线é".chars().collect();
    let mut draw = |most: u64| usize::try_from(dice.roll(most)).unwrap();
    for _ in 0..20_000 {
        let mut text = || (0..draw(6)).map(|_| letters[draw(letters.len() as u64)]).collect::<String>();
        let cells = [text(), text(), text()];
        let rows = read(&written(|out| row(out, cells.iter())));
        let expected = |cell: &String| if is_formula(cell) { format!("'{cell}") } else { cell.clone() };
        assert_eq!(rows, [cells.iter().map(expected).collect::<Vec<_>>()], "{cells:?}");
    }
}

#[test]
fn one_row_is_one_step_and_each_has_every_column() {
    let shown = written(|out| write(out, &ticket()));
    let rows = read(&shown);
    assert!(rows.iter().all(|row| row.len() == RUN.len() + STEP.len()), "{rows:?}");
    assert_eq!(rows.len(), 1 + 3 + 1, "a head, three steps of one run and one of the other");
    insta::assert_snapshot!(shown.replace("\r\n", "\n"));
}

#[test]
fn a_run_without_steps_has_a_row() {
    let mut ticket = ticket();
    ticket.parts.truncate(1);
    ticket.parts[0].runs[1].report.results.clear();
    let rows = read(&written(|out| write(out, &ticket)));
    assert_eq!(rows.len(), 1 + 3 + 1);
    assert_eq!(rows[4][0], "20261123T031400.000Z-4d5e6f");
    assert!(rows[4][RUN.len()..].iter().all(String::is_empty), "{rows:?}");
}

#[test]
fn no_line_of_a_cell_is_a_command_to_the_log_of_a_ci_runner() {
    let text = ["works\n::set-output name=a::b\r\n  ::error::c, ##[group]d", "::x"];
    let shown = written(|out| row(out, text.iter()));
    assert_eq!(shown, "\"works\n\\x3a:set-output name=a::b\r\n  \\x3a:error::c, \\x23#[group]d\",\\x3a:x\r\n");
}

#[test]
fn hostile_text_is_no_formula_and_nothing_to_a_terminal() {
    for text in HOSTILE {
        let shown = written(|out| write(out, &hostile_ticket(text)));
        for cell in read(&shown).iter().flatten() {
            assert!(!is_formula(cell), "{text:?} gave {cell:?}");
        }
        assert!(shown.lines().all(|line| !line.trim_start().starts_with("::")), "{shown}");
        assert_inert(&shown.replace(['\r', '\n', '\t'], " "), text);
    }
}
