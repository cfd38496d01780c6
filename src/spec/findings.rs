//! Collects findings: every one counts, the first of each kind are kept whole.
//!
//! A file of a million mistakes must not become a million paragraphs, nor a million searches for suggestions, so
//! a finding is built only while its kind has room.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Place};

/// How many findings of one kind are shown; beyond that a reader fixes the generator, not the lines.
const SHOWN_PER_KIND: usize = 20;

/// The findings of one parse.
#[derive(Default)]
pub(super) struct Findings {
    list: Vec<Diagnostic>,
    kinds: BTreeMap<&'static str, Tally>,
}

#[derive(Default)]
struct Tally {
    shown: usize,
    hidden: usize,
    first_hidden: Place,
}

impl Findings {
    /// Adds a finding at `place`; `build` runs only if it will be shown.
    pub(super) fn report(&mut self, kind: &'static str, place: Place, build: impl FnOnce() -> Diagnostic) {
        let tally = self.kinds.entry(kind).or_default();
        if tally.shown < SHOWN_PER_KIND {
            tally.shown += 1;
            self.list.push(build().at(place));
            return;
        }
        if tally.hidden == 0 {
            tally.first_hidden = place;
        }
        tally.hidden += 1;
    }

    /// Returns the findings in the order of their places.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        for (kind, tally) in self.kinds.into_iter().filter(|(_, tally)| tally.hidden > 0) {
            let more =
                Diagnostic::error(format!("and {} more like these: {kind}", tally.hidden)).at(tally.first_hidden);
            self.list.push(more.label("the first of them"));
        }
        self.list.sort_by_key(|finding| finding.place);
        self.list
    }
}
