//! Slips of the keyboard that YAML reads as something else: a colon without its blank, a blank that is none.
//!
//! YAML complains of them lines later, or takes them for a part of a word. [`in_word`] looks at a word that means nothing,
//! [`near`] at the lines before a place where reading stopped. Both only explain: what is valid is never looked at. Dashes of
//! lists are in [`dash`], what other languages have and YAML has not in [`foreign`].

use super::keys::KEYS;
use crate::language::sentence;

pub(in crate::spec) mod dash;
pub(in crate::spec) mod foreign;

/// How many lines without a slip may lie between a slip and the place where the parser noticed.
const MOST_BETWEEN: usize = 1;

/// What was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::spec) enum Slip {
    /// A character that looks like one that YAML gives a meaning.
    LookAlike(char),
    /// A colon without a blank after it.
    NoBlank,
    /// A key without a colon after it.
    NoColon,
    /// An entry of a list without its dash.
    NoDash,
    /// A dash of a list without a blank after it.
    TightDash,
    /// A comma outside of brackets, as JSON has it behind an entry.
    Comma,
    /// What begins a comment in other languages.
    NoComment,
    /// A `#` that begins a comment where it was meant to begin a text.
    Remark,
    /// A line that a merge left behind.
    ConflictMark,
}

/// Where a slip stands. Columns count characters, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::spec) struct Found {
    pub(in crate::spec) line: u32,
    pub(in crate::spec) column: u32,
    pub(in crate::spec) length: u32,
    pub(in crate::spec) slip: Slip,
}

/// What a character that YAML gives no meaning was meant for: the ASCII one, and what it is called itself.
pub(in crate::spec) fn meant(character: char) -> Option<(char, &'static str)> {
    Some(match character {
        '\u{b}' => (' ', sentence!("vertical tab")),
        '\u{c}' => (' ', sentence!("form feed")),
        '\u{a0}' => (' ', sentence!("no-break space")),
        '\u{202f}' => (' ', sentence!("narrow no-break space")),
        '\u{3000}' => (' ', sentence!("full-width space")),
        '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{205f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
            (' ', sentence!("typographic space"))
        }
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => {
            (' ', sentence!("character that takes no room"))
        }
        '\u{ff1a}' | '\u{fe55}' => (':', sentence!("full-width colon")),
        '\u{ff0c}' | '\u{3001}' => (',', sentence!("full-width comma")),
        '\u{201c}'..='\u{201f}' | '\u{ff02}' => ('"', sentence!("typographic quote")),
        '\u{2018}'..='\u{201b}' | '\u{ff07}' => ('\'', sentence!("typographic quote")),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' => ('-', sentence!("typographic dash")),
        '\u{ff5b}' => ('{', sentence!("full-width bracket")),
        '\u{ff5d}' => ('}', sentence!("full-width bracket")),
        '\u{ff3b}' | '\u{3010}' => ('[', sentence!("full-width bracket")),
        '\u{ff3d}' | '\u{3011}' => (']', sentence!("full-width bracket")),
        '\u{ff03}' => ('#', sentence!("full-width number sign")),
        _ => return None,
    })
}

/// Returns whether a character looks like a blank, or like nothing, and is no blank to YAML.
pub(in crate::spec) fn is_odd_blank(character: char) -> bool {
    meant(character).is_some_and(|(meant, _)| meant == ' ')
}

/// Returns whether a character takes no room at all, so that nothing belongs in its place.
pub(in crate::spec) fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// Returns whether a slip made a part of a key of what was meant to stand behind it.
pub(in crate::spec) fn swallows(slip: Slip) -> bool {
    match slip {
        Slip::LookAlike(character) => meant(character).is_some_and(|(meant, _)| meant == ':'),
        Slip::NoBlank | Slip::NoColon | Slip::NoComment => true,
        Slip::NoDash | Slip::TightDash | Slip::Comma | Slip::Remark | Slip::ConflictMark => false,
    }
}

/// Returns the name that was meant by a key with a slip in it.
pub(in crate::spec) fn name_in(key: &str) -> String {
    match in_word(key) {
        Some((before, slip)) if swallows(slip) => {
            key.chars().take(before as usize).collect::<String>().trim_end().to_owned()
        }
        _ => key.chars().filter(|character| !is_odd_blank(*character)).collect(),
    }
}

/// Finds the text within braces that a `#` made a comment of, and the bracket behind it as well.
pub(in crate::spec) fn remark(text: &str, line: u32) -> Option<Found> {
    let lines: Vec<&str> = text.lines().take(usize::try_from(line).ok()?).collect();
    let mut said = lines.iter().enumerate().rev().filter(|(_, line)| says_something(line));
    let candidates = [said.next(), said.next()];
    candidates.into_iter().flatten().find_map(|(number, line)| {
        let at = line.match_indices(": #").map(|(at, _)| at + 2).find(|at| begins_text(&line[*at..]))?;
        let before = &line[..at];
        let column = count(before).saturating_add(1);
        let found = Found { line: number_of(number), column, length: 1, slip: Slip::Remark };
        foreign::is_within_brackets(before).then_some(found)
    })
}

/// Returns whether a comment reads like a text that begins with `#`: `#42`, and not `# 42`.
pub(in crate::spec) fn begins_text(comment: &str) -> bool {
    comment.strip_prefix('#').is_some_and(|rest| rest.starts_with(|next: char| next.is_alphanumeric()))
}

/// Finds the slip in a word that stands where it means nothing, and how many characters are before it.
pub(in crate::spec) fn in_word(word: &str) -> Option<(u32, Slip)> {
    let key = word_length(word);
    let lacks_colon = is_known(&word[..key]) && word[key..].starts_with(' ');
    match at_start(word).or_else(|| lacks_colon.then_some((key, Slip::NoColon))) {
        Some((at, slip)) => Some((count(word.get(..at)?), slip)),
        None => foreign::in_word(word),
    }
}

/// Finds the first mark of a merge conflict. No line of YAML or JSON begins so: what goes over several lines is indented.
pub(in crate::spec) fn conflict_mark(text: &str) -> Option<Found> {
    let is_mark = |line: &str| {
        let line = line.trim_end_matches('\r');
        line == "======="
            || ["<<<<<<<", ">>>>>>>", "|||||||"]
                .iter()
                .any(|mark| line.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
    };
    let number = text.split('\n').position(is_mark)?;
    Some(Found { line: number_of(number), column: 1, length: 7, slip: Slip::ConflictMark })
}

/// Finds the slip that made reading stop at a line: in it, or in the lines before that belong together.
pub(in crate::spec) fn near(text: &str, line: u32) -> Option<Found> {
    let last = usize::try_from(line).ok()?.checked_sub(1)?;
    let lines: Vec<&str> = text.lines().take(last + 1).collect();
    let below = text.lines().skip(last + 1).find(|line| says_something(line));
    let mut found = None;
    let mut between = 0;
    let mut next = below;
    for (number, line) in lines.iter().enumerate().rev().filter(|(_, line)| says_something(line)) {
        let slip = in_line(line, next).or_else(|| if number == last { anywhere(line) } else { None });
        next = Some(line);
        match slip {
            Some((at, slip)) => {
                let column = count(line.get(..at)?).saturating_add(1);
                found = Some(Found { line: number_of(number), column, length: 1, slip });
                between = 0;
            }
            None if found.is_some() || between == MOST_BETWEEN => break,
            None => between += 1,
        }
    }
    found
}

pub(in crate::spec) fn says_something(line: &str) -> bool {
    let text = line.trim_start_matches([' ', '\t']).trim_end_matches('\r');
    !text.is_empty() && !text.starts_with('#')
}

/// Finds a slip where a line begins; `below` is the next line that says something.
fn in_line(line: &str, below: Option<&str>) -> Option<(usize, Slip)> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let bullets = line[indent..].len() - line[indent..].trim_start_matches(['-', ' ']).len();
    let start = indent + if line[indent..].starts_with("- ") { bullets } else { 0 };
    let rest = &line[start..];
    if let Some((at, slip)) = at_start(rest) {
        return Some((start + at, slip));
    }
    let word = word_length(rest);
    let after = rest[word..].trim_end_matches([' ', '\t', '\r']);
    let is_key = is_known(&rest[..word]);
    let is_followed = (after.starts_with(' ') || after.starts_with('=')) && !after.trim_start().starts_with('#');
    let is_alone = word > 0 && (after.is_empty() || after.trim_start().starts_with('#'));
    let opens = is_alone && below.is_some_and(|below| indent_of(below) > indent && below.contains(':'));
    let lacks_colon = opens || is_key && is_followed && !has_colon(after);
    lacks_colon.then_some((start + word, Slip::NoColon))
}

/// Finds a slip at the start of a word or a line without its indentation.
fn at_start(text: &str) -> Option<(usize, Slip)> {
    let first = text.chars().next()?;
    let is_sign = meant(first).is_some_and(|(meant, _)| matches!(meant, '-' | '[' | '{' | '#'));
    if is_odd_blank(first) || is_sign {
        return Some((0, Slip::LookAlike(first)));
    }
    if let Some(at) = quoted_length(text) {
        let after = text[at..].strip_prefix(':')?;
        return after.starts_with(|next: char| !next.is_whitespace()).then_some((at, Slip::NoBlank));
    }
    let word = word_length(text);
    let after = &text[word..];
    let mut characters = after.chars();
    let (sign, next) = (characters.next()?, characters.next());
    if is_known(&text[..word]) && after.trim_start_matches([' ', '\t']).starts_with('=') {
        return Some((word, Slip::NoColon));
    }
    if word > 0 && meant(sign).is_some_and(|(meant, _)| matches!(meant, ' ' | ':')) {
        return Some((word, Slip::LookAlike(sign)));
    }
    let next = next.filter(|_| sign == ':' && word > 0)?;
    if is_odd_blank(next) {
        return Some((word + 1, Slip::LookAlike(next)));
    }
    let is_value = is_known(&text[..word]) || matches!(next, '{' | '[' | '"' | '\'');
    (is_value && !matches!(next, ' ' | '\t' | '\r' | '\n')).then_some((word, Slip::NoBlank))
}

/// Finds a look-alike of a sign anywhere in a line, outside of quotes and remarks.
fn anywhere(line: &str) -> Option<(usize, Slip)> {
    let mut quote = None;
    let mut before = ' ';
    for (at, character) in line.char_indices() {
        match quote {
            Some(open) if open == character => quote = None,
            Some(_) => {}
            None if matches!(character, '"' | '\'') && matches!(before, ' ' | '[' | '{' | ',' | ':') => {
                quote = Some(character);
            }
            None if character == '#' && before == ' ' => return None,
            None if meant(character).is_some_and(|(meant, _)| meant != '-') => {
                return Some((at, Slip::LookAlike(character)));
            }
            None => {}
        }
        before = character;
    }
    None
}

/// Returns how many bytes at the start of a text are those of a name.
fn word_length(text: &str) -> usize {
    text.bytes()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')))
        .unwrap_or(text.len())
}

/// Returns how many bytes a quoted word at the start of a text takes, with its quotes.
fn quoted_length(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    Some(text[1..].find(quote)? + 2)
}

fn is_known(word: &str) -> bool {
    word != "*" && KEYS.iter().any(|key| key.name == word)
}

fn has_colon(text: &str) -> bool {
    text.contains(": ") || text.ends_with(':')
}

pub(in crate::spec) fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn count(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

pub(in crate::spec) fn number_of(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn names_what_stands_in_a_word_that_means_nothing() {
        for (word, slip) in [
            ("id:ri-a status:Active", Some((2, Slip::NoBlank))),
            ("\u{a0}\u{a0}id", Some((0, Slip::LookAlike('\u{a0}')))),
            ("status\u{ff1a}Active", Some((6, Slip::LookAlike('\u{ff1a}')))),
            ("id:\u{3000}ri-a", Some((3, Slip::LookAlike('\u{3000}')))),
            ("sh-primary:{ id", Some((10, Slip::NoBlank))),
            ("ri-a:5", None),
            ("status = Active", Some((6, Slip::NoColon))),
            ("id=ri-a", Some((2, Slip::NoColon))),
            ("region cn-x", Some((6, Slip::NoColon))),
            ("\u{2013} sh-backup", Some((0, Slip::LookAlike('\u{2013}')))),
            ("\u{ff0d}sh-backup", Some((0, Slip::LookAlike('\u{ff0d}')))),
            ("\u{ff3b}sh-backup\u{ff3d}", Some((0, Slip::LookAlike('\u{ff3b}')))),
            ("1,", Some((1, Slip::Comma))),
            ("1 // first", Some((2, Slip::NoComment))),
            ("// sh-backup", Some((0, Slip::NoComment))),
            ("limts", None),
            ("", None),
        ] {
            assert_eq!(in_word(word), slip, "{word:?}");
        }
    }

    #[test]
    fn looks_back_to_the_line_that_made_reading_stop() {
        let at = |text: &str, line| near(text, line).map(|found| (found.line, found.column, found.slip));
        assert_eq!(at("a:\n  id: x\n  status:Active\n\n", 4), Some((3, 9, Slip::NoBlank)));
        assert_eq!(at("a:\n  id:x\n  status:Active\n  reason: y\n", 4), Some((2, 5, Slip::NoBlank)));
        assert_eq!(at("interfaces\n  a:\n", 2), Some((1, 11, Slip::NoColon)));
        assert_eq!(at("interfaces:\n  a\n    id: x\n", 3), Some((2, 4, Slip::NoColon)));
        assert_eq!(at("  status = Active\n  id: x\n", 2), Some((1, 9, Slip::NoColon)));
        assert_eq!(at("a: { id: x\u{ff0c} status: y }\n", 1), Some((1, 11, Slip::LookAlike('\u{ff0c}'))));
        assert_eq!(at("a:\n  \"id\":x\n", 2), Some((2, 7, Slip::NoBlank)));
        assert_eq!(at("a: 1\nb: 2\nreason: c: d\n", 3), None);
        assert_eq!(at("", 1), None);
    }

    #[test]
    fn finds_the_text_that_became_a_comment() {
        let at = |text: &str, line| remark(text, line).map(|found| (found.line, found.column, found.slip));
        assert_eq!(at("a: { b: #42 }\nc: 1\n", 2), Some((1, 9, Slip::Remark)));
        assert_eq!(at("a: { b: # why\n", 2), None);
        assert_eq!(at("a: { b: 1 }\nb: #42\n", 2), None);
    }

    #[test]
    fn knows_the_marks_of_a_conflict() {
        let line = |text: &str| conflict_mark(text).map(|found| found.line);
        assert_eq!(line("a: 1\n<<<<<<< HEAD\nb: 2\n"), Some(2));
        assert_eq!(line("a: 1\r\n=======\r\n"), Some(2));
        assert_eq!(line("# ========\n<<: x\n<<<<<<<<< a\n"), None);
    }
}
