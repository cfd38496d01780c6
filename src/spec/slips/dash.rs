//! The dash of an entry of a list, without the blank behind it or left out.

use super::{Found, Slip, count, in_word, indent_of, is_known, number_of, says_something, word_length};
use crate::spec::keys::{KEYS, Type};

/// Returns whether a text begins with a dash and, without a blank, an entry.
pub(in crate::spec) fn is_tight(text: &str) -> bool {
    let begins_entry = |next: char| next.is_alphanumeric() || matches!(next, '{' | '[' | '"' | '\'');
    text.strip_prefix('-').is_some_and(|rest| rest.starts_with(begins_entry))
}

/// Finds the slip in a word that stands where a list belongs.
pub(in crate::spec) fn in_list(word: &str) -> Option<(u32, Slip)> {
    if is_tight(word) { Some((0, Slip::TightDash)) } else { in_word(word) }
}

/// Finds the line of a list that lacks its dash, or the blank after it: at a line where reading stopped, or the one before it.
pub(in crate::spec) fn missing(text: &str, line: u32) -> Option<Found> {
    let last = usize::try_from(line).ok()?;
    let lines: Vec<&str> = text.lines().take(last).collect();
    let mut said = lines.iter().enumerate().rev().filter(|(_, line)| says_something(line));
    let candidates = [said.next(), said.next()];
    candidates.into_iter().flatten().find_map(|(number, _)| in_line(&lines, number))
}

/// Finds the slip of the line of a list; where several lines have it, that of the first.
fn in_line(lines: &[&str], number: usize) -> Option<Found> {
    let line = lines[number];
    let indent = indent_of(line);
    let rest = line[indent..].trim_end_matches(['\r', ' ', '\t']);
    let is_above = |above: &&&str| says_something(above) && indent_of(above) <= indent;
    let above = lines[..number].iter().rev().find(is_above)?;
    let is_of_a_list = indent_of(above) == indent && above[indent..].starts_with("- ");
    let word = rest.split(" #").next().unwrap_or_default().trim_end();
    let found =
        |slip| Found { line: number_of(number), column: count(&line[..indent]).saturating_add(1), length: 1, slip };
    if rest.starts_with("- ") || word == "-" {
        None
    } else if is_tight(word) && (is_of_a_list || opens_list(above)) {
        Some(found(Slip::TightDash))
    } else if is_tight(word) && indent_of(above) == indent && is_tight(&above[indent..]) {
        let before = lines[..number].iter().rposition(|above| is_above(&above))?;
        in_line(lines, before)
    } else if is_of_a_list && word_length(word) == word.len() && !is_known(word) {
        Some(found(Slip::NoDash))
    } else {
        None
    }
}

/// Returns whether a line ends in a key that a list belongs to.
fn opens_list(line: &str) -> bool {
    let line = line.split(" #").next().unwrap_or_default().trim_end_matches(['\r', ' ', '\t']);
    let key = line.strip_suffix(':').map(|key| key.trim_start_matches(['-', ' ']));
    key.is_some_and(|name| KEYS.iter().any(|key| key.name == name && key.kind.value_type() == Type::List))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_entry_of_a_list_that_lacks_its_dash() {
        let at = |text: &str, line| missing(text, line).map(|found| (found.line, found.column, found.slip));
        assert_eq!(at("a:\n  - x\n  y\n", 3), Some((3, 3, Slip::NoDash)));
        assert_eq!(at("a:\n  - x\n  y\nb: 1\n", 4), Some((3, 3, Slip::NoDash)));
        assert_eq!(at("a:\n  - x\n    # why\n  -y\n", 4), Some((4, 3, Slip::TightDash)));
        assert_eq!(at("a:\n  - { b: x }\n  -{ b: y }\n", 3), Some((3, 3, Slip::TightDash)));
        assert_eq!(at("a:\n  - x\n  status\n", 3), None, "a key that lacks its colon");
        assert_eq!(at("a:\n  - x\nb\n", 3), None);
        assert_eq!(in_list("-y"), Some((0, Slip::TightDash)));
        assert_eq!(in_list("-\"y\""), Some((0, Slip::TightDash)));
        assert_eq!(in_list("--y"), None);
        assert_eq!(in_list("y"), None);
    }

    #[test]
    fn finds_the_tight_dash_of_the_first_entry_below_a_key_that_takes_a_list() {
        let at = |text: &str, line| missing(text, line).map(|found| (found.line, found.column, found.slip));
        assert_eq!(at("  depends_on:\n  -b\nc: 1\n", 3), Some((2, 3, Slip::TightDash)));
        assert_eq!(at("  depends_on: # both\n  -b\n  -c\nd: 1\n", 4), Some((2, 3, Slip::TightDash)));
        assert_eq!(at("windows:\n  -{ deny: x, days: [fri] }\n", 2), Some((2, 3, Slip::TightDash)));
        assert_eq!(at("  - days:\n    -fri\n", 2), Some((2, 5, Slip::TightDash)));
        assert_eq!(at("  min_active:\n    -1\n  x\n", 2), None, "a number");
        assert_eq!(at("-b\n-c\n", 2), None);
    }
}
