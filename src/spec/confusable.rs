//! Names that cannot be told apart by looking at them: letters of other scripts that have the shape of a Latin one.
//!
//! The table holds only letters that look exactly so in common fonts: a name that is wholly of another script is a name like any other,
//! unless it looks like one beside it.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use crate::diagnostic::Place;
use crate::spec::decode::Draft;
use crate::spec::finding::{Finding, WholeFault};
use crate::spec::findings::Findings;

/// Letters of other scripts, each behind the Latin letter that it looks like.
const LIKE: [(char, &str); 40] = [
    ('a', "\u{430}\u{ff41}"),
    ('c', "\u{441}\u{3f2}"),
    ('d', "\u{501}"),
    ('e', "\u{435}"),
    ('h', "\u{4bb}\u{570}"),
    ('i', "\u{456}\u{131}"),
    ('j', "\u{458}\u{3f3}"),
    ('l', "\u{4cf}\u{4c0}"),
    ('n', "\u{578}"),
    ('o', "\u{43e}\u{3bf}\u{585}"),
    ('p', "\u{440}\u{3c1}"),
    ('q', "\u{51b}"),
    ('s', "\u{455}"),
    ('u', "\u{57d}"),
    ('v', "\u{475}\u{3bd}"),
    ('w', "\u{51d}"),
    ('x', "\u{445}\u{3c7}"),
    ('y', "\u{443}"),
    ('g', "\u{261}"),
    ('A', "\u{410}\u{391}"),
    ('B', "\u{412}\u{392}"),
    ('C', "\u{421}\u{3f9}"),
    ('E', "\u{415}\u{395}"),
    ('F', "\u{3dc}"),
    ('G', "\u{50c}"),
    ('H', "\u{41d}\u{397}"),
    ('I', "\u{406}\u{399}"),
    ('J', "\u{408}"),
    ('K', "\u{41a}\u{39a}"),
    ('M', "\u{41c}\u{39c}"),
    ('N', "\u{39d}"),
    ('O', "\u{41e}\u{39f}"),
    ('P', "\u{420}\u{3a1}"),
    ('Q', "\u{51a}"),
    ('S', "\u{405}"),
    ('T', "\u{422}\u{3a4}"),
    ('W', "\u{51c}"),
    ('X', "\u{425}\u{3a7}"),
    ('Y', "\u{4ae}\u{3a5}"),
    ('Z', "\u{396}"),
];

/// Warns of names of interfaces, groups and changes that look like another, or like Latin letters alone.
pub(super) fn check(draft: &Draft, findings: &mut Findings) {
    names("interfaces", &draft.interfaces, |interface| interface.place, findings);
    names("groups", &draft.groups, |group| group.place, findings);
    names("changes", &draft.changes, |change| change.place, findings);
}

fn names<K: Ord + Borrow<str>, V>(
    section: &'static str,
    entries: &BTreeMap<K, V>,
    place: impl Fn(&V) -> Place,
    findings: &mut Findings,
) {
    let mut looks: BTreeMap<String, &str> = BTreeMap::new();
    for (name, entry) in entries {
        let name: &str = name.borrow();
        // Most are ASCII, and no ASCII letter is taken for another here.
        let Some((letter, latin)) = name.chars().find_map(|letter| Some((letter, like(letter)?))) else { continue };
        let look = look(name);
        let twin = entries.get_key_value(look.as_str()).map(|(twin, entry)| (twin.borrow(), place(entry)));
        let twin = twin.or_else(|| looks.get(&look).and_then(|twin| Some((*twin, place(entries.get(*twin)?)))));
        looks.entry(look).or_insert(name);
        let is_mixed = name.chars().any(|letter| letter.is_ascii_alphabetic());
        if twin.is_some() || is_mixed {
            let twin = twin.map(|(twin, place)| (twin.to_owned(), place));
            let fault = WholeFault::Confusable { section, name: name.to_owned(), letter, latin, twin };
            findings.report(fault.code(), place(entry), || Finding::Whole(fault));
        }
    }
}

/// Returns the Latin letter that a letter of another script looks like.
fn like(letter: char) -> Option<char> {
    let is_it = |alike: &str| alike.contains(letter);
    (!letter.is_ascii()).then(|| LIKE.iter().find(|(_, alike)| is_it(alike)).map(|(latin, _)| *latin)).flatten()
}

/// Returns a name as it looks.
fn look(name: &str) -> String {
    name.chars().map(|letter| like(letter).unwrap_or(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_the_same_is_taken_for_a_latin_letter() {
        assert_eq!(look("l\u{456}nk-\u{430}"), "link-a");
        assert_eq!(look("上海-link"), "上海-link");
        assert_eq!(like('\u{3b1}'), None, "an alpha is no a");
        assert!(LIKE.iter().all(|(latin, alike)| latin.is_ascii() && alike.chars().all(|letter| !letter.is_ascii())));
    }
}
