//! Patterns: `*` for any characters, `?` for one, everything else for itself; case counts.

use std::fmt;

/// A pattern; most are plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    text: Box<str>,
    is_plain: bool,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.into(), is_plain: !text.contains(['*', '?']) }
    }

    /// Returns the word, where it can match nothing else.
    pub(super) fn plain(&self) -> Option<&str> {
        self.is_plain.then_some(&self.text)
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        if self.is_plain { *self.text == *text } else { matches(&self.text, text) }
    }
}

/// Returns whether a pattern matches a text: in time linear in the product of their lengths, whatever the stars. Only the last
/// star is ever tried again, since an earlier one that took more would leave less for it.
fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    let mut star: Option<(&str, &str)> = None;
    loop {
        let mut next = text.chars();
        match (pattern.chars().next(), next.next()) {
            (Some('*'), _) => {
                pattern = &pattern[1..];
                star = Some((pattern, text));
                continue;
            }
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                pattern = &pattern[wanted.len_utf8()..];
                text = next.as_str();
                continue;
            }
            _ => {}
        }
        let Some((after, from)) = star else { return false };
        let mut rest = from.chars();
        if rest.next().is_none() {
            return false;
        }
        (pattern, text) = (after, rest.as_str());
        star = Some((after, text));
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, letter by letter.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', after)), rest) => {
                naive(after, text) || rest.is_some_and(|(_, shorter)| naive(pattern, shorter))
            }
            (Some(('?', after)), Some((_, rest))) => naive(after, rest),
            (Some((wanted, after)), Some((found, rest))) => wanted == found && naive(after, rest),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matches_what_the_definition_says(pattern in "[ab*?\u{4e0a}]{0,7}", text in "[ab\u{4e0a}]{0,7}") {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(Pattern::new(&pattern).matches(&text), naive(&letters(&pattern), &letters(&text)));
        }
    }
}
