//! Near misses: the word that was probably meant, by one measure wherever one is looked for.

use std::convert::Infallible;

use crate::language::say;

use similar::algorithms::{DiffHook, myers};

/// How alike two words must be, as a share of their characters; below it a suggestion is noise.
const CUTOFF: f64 = 0.6;
/// How alike words are whose letters are the same but for two neighbours that changed places: of short words little is kept then.
const SWAPPED: f64 = 0.75;
/// Longer words are never near misses of ours, and comparing costs the square of the length.
const LONGEST: usize = 128;

/// Returns the candidate most like `word`, whatever its case; of equals the first in alphabetical order.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if word.len() > LONGEST {
        return None;
    }
    let word = Letters::of(word);
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates.into_iter().filter(|candidate| candidate.len() <= LONGEST) {
        let letters = Letters::of(candidate);
        let least = best.map_or(CUTOFF, |(likeness, _)| likeness);
        // The bound is cheap, and most candidates are not even near.
        if share(word.common(&letters), &word, &letters) < least {
            continue;
        }
        let likeness = share(word.kept(&letters), &word, &letters).max(word.swapped(&letters));
        let is_better = best.is_none_or(|(before, chosen)| likeness > before || candidate < chosen);
        if likeness >= least && is_better {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Writes the question for a suggestion.
pub fn did_you_mean(suggestion: &str) -> String {
    say!("did you mean `{suggestion}`?", suggestion)
}

/// Returns how large a part of two words `kept` letters of each are.
fn share(kept: usize, one: &Letters, other: &Letters) -> f64 {
    let all = one.letters.len() + other.letters.len();
    if all == 0 { 1.0 } else { 2.0 * kept as f64 / all as f64 }
}

/// A word in lowercase, letter by letter.
struct Letters {
    letters: Vec<char>,
    /// How often each letter occurs; letters that share a slot make two words seem more alike, never less.
    counts: [u8; 64],
}

impl Letters {
    fn of(word: &str) -> Self {
        let letters: Vec<char> = word.chars().map(|letter| letter.to_ascii_lowercase()).collect();
        let mut counts = [0; 64];
        for letter in &letters {
            counts[*letter as usize % 64] += 1;
        }
        Self { letters, counts }
    }

    /// Returns at least as many letters as any way of turning one word into the other keeps.
    fn common(&self, other: &Self) -> usize {
        self.counts.iter().zip(&other.counts).map(|(one, other)| usize::from(*one.min(other))).sum()
    }

    /// Returns how alike the words are by two neighbours that changed places alone.
    fn swapped(&self, other: &Self) -> f64 {
        let (one, other) = (&self.letters, &other.letters);
        let Some(at) = one.iter().zip(other).position(|(one, other)| one != other) else { return 0.0 };
        let is_swap = one.len() == other.len()
            && one.get(at + 1) == Some(&other[at])
            && other.get(at + 1) == Some(&one[at])
            && one[at + 2..] == other[at + 2..];
        if is_swap { SWAPPED } else { 0.0 }
    }

    /// Returns how many letters are kept when one word is turned into the other.
    fn kept(&self, other: &Self) -> usize {
        let mut kept = Kept(0);
        let (old, new) = (self.letters.as_slice(), other.letters.as_slice());
        // One algorithm, and its plain form: the crate's front doors bring all of theirs into the binary.
        let Ok(()) = myers::diff_deadline_raw(&mut kept, old, 0..old.len(), new, 0..new.len(), None);
        kept.0
    }
}

/// Counts what is equal.
struct Kept(usize);

impl DiffHook for Kept {
    type Error = Infallible;

    fn equal(&mut self, _old: usize, _new: usize, length: usize) -> Result<(), Infallible> {
        self.0 += length;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant_whatever_its_case() {
        let keys = ["status", "state", "min_active", "sh-backup"];
        assert_eq!(nearest("stat", keys), Some("state"));
        assert_eq!(nearest("minActive", keys), Some("min_active"));
        assert_eq!(nearest("SH-BAKUP", keys), Some("sh-backup"));
    }

    #[test]
    fn says_nothing_where_nothing_is_near() {
        assert_eq!(nearest("replicas", ["status", "state"]), None);
        assert_eq!(nearest("", ["a"]), None);
        assert_eq!(nearest(&"a".repeat(LONGEST + 1), [&*"a".repeat(LONGEST)]), None);
    }

    #[test]
    fn two_letters_that_changed_places_are_near_in_a_short_word_too() {
        assert_eq!(nearest("hs", ["bj", "sh", "sz"]), Some("sh"));
        assert_eq!(nearest("HS", ["sh"]), Some("sh"));
        assert_eq!(nearest("stauts", ["state", "status"]), Some("status"));
        assert_eq!(nearest("hs", ["bj", "s", "ss"]), Some("s"), "as before");
        assert_eq!(nearest("ab", ["cd", "bc"]), None);
    }

    #[test]
    fn of_equals_the_first_in_the_alphabet_is_taken() {
        assert_eq!(nearest("link-1", ["link-3", "link-2", "link-4"]), Some("link-2"));
    }
}
