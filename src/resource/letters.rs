//! What the names that people choose are made of, in any script: letters, marks and digits, compared in one form.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

/// Returns the one form in which names are compared (NFC): an accent typed by itself is part of its letter.
pub fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// Returns whether a character is a letter or a mark of any script.
pub fn is_letter_or_mark(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphabetic();
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Mark).contains(category)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_typed_in_two_ways_is_one_name() {
        assert_eq!(composed("Mu\u{308}nchen"), "M\u{fc}nchen");
        assert_eq!(composed("\u{4e0a}\u{6d77}-1"), "\u{4e0a}\u{6d77}-1");
    }

    #[test]
    fn letters_and_marks_of_any_script_are_known_from_all_else() {
        let letters = ['a', 'Z', '\u{4e0a}', '\u{e9}', '\u{436}', '\u{5d0}', '\u{93e}', '\u{301}', '\u{ac00}'];
        letters.iter().for_each(|letter| assert!(is_letter_or_mark(*letter), "{letter:?}"));
        let others =
            ['1', '-', ' ', '\u{3000}', '\u{ff1a}', '\u{661}', '\u{2160}', '\u{202e}', '\u{200b}', '\u{1f600}'];
        others.iter().for_each(|other| assert!(!is_letter_or_mark(*other), "{other:?}"));
    }
}
