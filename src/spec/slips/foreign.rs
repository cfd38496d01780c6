//! What JSON and other languages have and YAML has not: a comma behind an entry in a line of its own, `//` before a comment.
//!
//! A comma means something within brackets only, so here is also how brackets are told from their line.

use super::{Found, Slip, count, indent_of, number_of, says_something};

/// Finds such a thing in an unquoted word, and how many characters are before it.
pub(in crate::spec) fn in_word(word: &str) -> Option<(u32, Slip)> {
    let comment = comment_begin(word).map(|at| (count(&word[..at]), Slip::NoComment));
    // A comma within brackets ends a word and is no part of it.
    comment.or_else(|| Some((count(word.strip_suffix(',')?), Slip::Comma)))
}

/// Finds the comma outside of brackets at which reading stopped.
pub(in crate::spec) fn comma(text: &str, (line, column): (u32, u32)) -> Option<Found> {
    let (before, behind) = parted(text, (line, column))?;
    let is_stray = behind.starts_with(',') && !is_within_brackets(before);
    is_stray.then_some(Found { line, column, length: 1, slip: Slip::Comma })
}

/// Finds the comment in the words of another language at which reading stopped, or which the lines right above begin with.
pub(in crate::spec) fn comment(text: &str, (line, column): (u32, u32)) -> Option<Found> {
    let lines: Vec<&str> = text.lines().take(usize::try_from(line).ok()?).collect();
    let said = lines.iter().enumerate().rev().filter(|(_, line)| says_something(line));
    let mut found = None;
    for (distance, (number, text)) in said.enumerate() {
        let is_here = |at: usize| number_of(number) == line && count(&text[..at]).saturating_add(1) == column;
        let is_first_value = |at: usize| distance == 1 && text[..at].trim_end().ends_with(':');
        let begins_line = |at: usize| at == indent_of(text);
        let at = comment_begin(text.trim_end_matches('\r'))
            .filter(|at| begins_line(*at) || is_here(*at) || is_first_value(*at))
            .or_else(|| ends_comment(text).then_some(indent_of(text)));
        match at {
            Some(at) => {
                let column = count(&text[..at]).saturating_add(1);
                found = Some(Found { line: number_of(number), column, length: 2, slip: Slip::NoComment });
            }
            // Reading may have stopped in the line below.
            None if distance == 0 => {}
            None => break,
        }
    }
    found
}

/// Returns where a text has what begins a comment elsewhere: first of all, or between blanks. In an address such as
/// `https://host` it is neither.
fn comment_begin(text: &str) -> Option<usize> {
    let indent = indent_of(text);
    let begins = |text: &str| text.starts_with("//") || text.starts_with("/*");
    if begins(&text[indent..]) {
        return Some(indent);
    }
    let is_apart = |at: &usize| begins(&text[*at..]) && matches!(text.as_bytes().get(at + 2), None | Some(b' '));
    text.match_indices(" /").map(|(at, _)| at + 1).find(is_apart).filter(|at| !is_quoted(&text[..*at]))
}

/// Returns whether a line is the last of a comment of several lines elsewhere.
fn ends_comment(line: &str) -> bool {
    line.trim_start().starts_with('*') && line.trim_end().ends_with("*/")
}

/// Returns whether what follows a piece of a line stands within brackets.
pub(in crate::spec) fn is_within_brackets(before: &str) -> bool {
    let is_open = before.matches(['{', '[']).count() > before.matches(['}', ']']).count();
    is_open && !is_quoted(before)
}

fn is_quoted(before: &str) -> bool {
    before.matches('"').count() % 2 == 1
}

/// Returns whether the bracket at a place is closed somewhere.
pub(in crate::spec) fn is_closed(text: &str, (line, column): (u32, u32)) -> bool {
    let Some((_, first)) = parted(text, (line, column)) else { return false };
    let below = text.lines().skip(usize::try_from(line).unwrap_or(usize::MAX));
    let (mut depth, mut quote) = (0_u32, None);
    for line in std::iter::once(first).chain(below) {
        let mut before = ' ';
        for character in line.chars() {
            match (quote, character) {
                (Some(open), _) if open == character => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') if matches!(before, ' ' | '[' | '{' | ',' | ':') => quote = Some(character),
                (None, '#') if before == ' ' => break,
                (None, '{' | '[') => depth += 1,
                (None, '}' | ']') if depth <= 1 => return true,
                (None, '}' | ']') => depth -= 1,
                (None, _) => {}
            }
            before = character;
        }
    }
    false
}

/// Returns the column and the length of the word that a place is in or right behind, if blanks part it from what is before it.
pub(in crate::spec) fn word_at(text: &str, (line, column): (u32, u32)) -> Option<(u32, u32)> {
    let (before, behind) = parted(text, (line, column))?;
    let is_part = |character: char| !matches!(character, ' ' | '\t' | ',' | ':' | '{' | '}' | '[' | ']' | '\r');
    let begin = before.trim_end_matches(is_part);
    let length =
        count(&before[begin.len()..]) + count(&behind[..behind.find(|next| !is_part(next)).unwrap_or(behind.len())]);
    (length > 0).then(|| (count(begin).saturating_add(1), length))
}

/// Returns what of a line stands before a place, and what from there on.
pub(in crate::spec) fn parted(text: &str, (line, column): (u32, u32)) -> Option<(&str, &str)> {
    let line = text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
    let before = usize::try_from(column).ok()?.checked_sub(1)?;
    let at = line.char_indices().nth(before).map_or(line.len(), |(at, _)| at);
    line.split_at_checked(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_comma_outside_of_brackets_from_one_within() {
        let at = |text: &str, column| comma(text, (1, column)).map(|found| (found.column, found.slip));
        assert_eq!(at("a: { b: c },", 12), Some((12, Slip::Comma)));
        assert_eq!(at("  },", 4), Some((4, Slip::Comma)));
        assert_eq!(at("a: \"b\",", 7), Some((7, Slip::Comma)));
        assert_eq!(at("a: [b,, c]", 7), None);
        assert_eq!(at("a: b", 4), None);
        assert_eq!(in_word("ri-a,"), Some((4, Slip::Comma)));
    }

    #[test]
    fn finds_the_comment_that_made_reading_stop() {
        let at = |text: &str, place| comment(text, place).map(|found| (found.line, found.column));
        assert_eq!(at("// a\n// b\nc: 1\n", (3, 2)), Some((1, 1)));
        assert_eq!(at("a:\n  // b\n  c: 1\n", (3, 4)), Some((2, 3)));
        assert_eq!(at("a: // b\n  c: 1\n", (2, 4)), Some((1, 4)));
        assert_eq!(at("a: { b: 1 } // c\n", (1, 13)), Some((1, 13)));
        assert_eq!(at("/*\n * a\n */\nb: 1\n", (4, 2)), Some((3, 2)));
        assert_eq!(at("a: b // c\n d: 1\n", (2, 3)), None, "a text may hold it");
        assert_eq!(at("a: https://host/x\n d: 1\n", (2, 3)), None);
        assert_eq!(at("a: \"b // c\" d\n", (1, 13)), None);
    }

    #[test]
    fn knows_whether_a_bracket_is_closed() {
        assert!(is_closed("a: { b: c\n  d: [e] }\n", (1, 4)));
        assert!(!is_closed("a: { b: c\nd: { e: f }\n", (1, 4)));
        assert!(!is_closed("a: { b: \"}\" # }\n", (1, 4)));
    }

    #[test]
    fn finds_the_word_before_which_a_comma_is_missing() {
        assert_eq!(word_at("{ id: ri-a status: Active }", (1, 18)), Some((12, 6)));
        assert_eq!(word_at("[\"b\" \"c\"]", (1, 6)), Some((6, 3)));
        assert_eq!(word_at("", (1, 1)), None);
    }
}
