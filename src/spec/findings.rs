//! Collects findings: every one counts, the first of each kind are kept whole.
//!
//! A file of a million mistakes must not become a million paragraphs, nor a million searches for suggestions, so
//! a finding is built only while its kind has room.

use std::collections::BTreeMap;

use crate::bounds;
use crate::diagnostic::{Diagnostic, Place, Severity, SourceId, Sources};
use crate::spec::finding::{Code, Finding, KeyFault, ValueFault};
use crate::spec::keys::Type;
use crate::spec::slips;
use crate::spec::words::words;

/// The findings of one parse.
#[derive(Default)]
pub(super) struct Findings {
    list: Vec<(Place, Finding)>,
    kinds: BTreeMap<&'static str, Tally>,
}

#[derive(Default)]
struct Tally {
    shown: usize,
    hidden: usize,
    first_hidden: Option<(Place, Code)>,
}

impl Findings {
    /// Adds a finding of a code at `place`; `build` runs only if it will be shown.
    pub(super) fn report(&mut self, code: Code, place: Place, build: impl FnOnce() -> Finding) {
        let tally = self.kinds.entry(code.kind()).or_default();
        if tally.shown < bounds::SPEC_FINDINGS {
            tally.shown += 1;
            let finding = build();
            debug_assert_eq!(finding.code(), code, "a finding is counted under its own code");
            self.list.push((place, finding));
            return;
        }
        tally.first_hidden.get_or_insert((place, code));
        tally.hidden += 1;
    }

    /// Returns whether nothing that was found is an error.
    pub(super) fn has_no_error(&self) -> bool {
        self.list.iter().all(|(_, finding)| finding.code().severity() != Severity::Error)
    }

    /// Forgets what was said of the entry at `entry`, or of a file that has none: it was read in part.
    pub(super) fn forget_guesses(&mut self, source: SourceId, entry: Option<Place>) {
        let from = entry.filter(|place| place.source == source).map_or(0, |place| place.line);
        let is_guess = |place: &Place, finding: &Finding| {
            let about_what_is_missing = match finding {
                Finding::Key(KeyFault::Missing { .. }) => true,
                Finding::Value { fault: ValueFault::WrongType { wanted, .. }, .. } => *wanted == Type::Mapping,
                _ => false,
            };
            about_what_is_missing && place.source == source && place.line >= from
        };
        let kinds = &mut self.kinds;
        self.list.retain(|(place, finding)| {
            let stays = !is_guess(place, finding);
            if let Some(tally) = kinds.get_mut(finding.code().kind()).filter(|_| !stays) {
                tally.shown -= 1;
            }
            stays
        });
    }

    /// Returns whether this very code was reported at this very place.
    pub(super) fn holds(&self, code: Code, place: Place) -> bool {
        self.list.iter().rev().any(|(at, finding)| *at == place && finding.code() == code)
    }

    /// Returns whether one more of this code would be shown.
    pub(super) fn has_room(&self, code: Code) -> bool {
        self.kinds.get(code.kind()).is_none_or(|tally| tally.shown < bounds::SPEC_FINDINGS)
    }

    /// Looks at what stands where a value is missing: a comment that reads like one.
    pub(super) fn look_at_remarks(&mut self, sources: &Sources) {
        for (place, finding) in &mut self.list {
            let Finding::Value { fault: ValueFault::Nothing { remark, .. }, .. } = finding else { continue };
            let line = sources.get(place.source).and_then(|source| source.text.lines().nth(place.line as usize - 1));
            let behind = line.and_then(|line| line.get(line.char_indices().nth(place.column as usize - 1)?.0..));
            *remark = behind.is_some_and(|text| slips::begins_text(text.trim_start_matches([':', ' '])));
        }
    }

    /// Returns the findings in words, in the order of their places.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        for Tally { hidden, first_hidden, .. } in self.kinds.into_values() {
            if let Some((place, code)) = first_hidden {
                self.list.push((place, Finding::More { code, count: hidden }));
            }
        }
        self.list.sort_by_key(|(place, _)| *place);
        // A slip is seen where a word is read, and again where reading stops at it.
        self.list.dedup_by(|(place, finding), (kept, first)| {
            place == kept && matches!(finding, Finding::Syntax(_)) && finding.code() == first.code()
        });
        self.list.iter().map(|(place, finding)| Diagnostic::worded(|| words(finding).at(*place))).collect()
    }
}
