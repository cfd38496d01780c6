//! What is wrong with the changes of a spec at a moment.

use jiff::Timestamp;

use crate::diagnostic::Place;
use crate::resource::ChangeName;
use crate::selector::Fault;
use crate::spec::{Change, Spec};

use super::clash::{Clash, clashes};
use super::tally::Sides;
use super::timeline::{Contradiction, contradictions};

/// Something that is wrong with changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A selector means nothing.
    Missed {
        /// Whose.
        change: ChangeName,
        /// Why.
        fault: Fault,
        /// Where it stands.
        place: Place,
        /// The change has ended: its block can go.
        is_over: bool,
    },
    /// A change is about another number of interfaces than it says.
    WrongExpect {
        /// Whose.
        change: ChangeName,
        /// What it says.
        expect: u32,
        /// How many there are.
        found: usize,
        /// Where it says that.
        place: Place,
        /// The change has ended: its block can go.
        is_over: bool,
    },
    /// Two changes want different statuses of one interface at one time.
    Contradiction(Contradiction),
    /// A guard that changes break together, or one alone.
    Clash {
        /// What is broken.
        clash: Clash,
        /// It lies ahead.
        is_ahead: bool,
    },
}

/// Lists what is wrong with the changes of a spec, from a moment on.
pub fn judge(spec: &Spec, at: Timestamp) -> Vec<Finding> {
    if spec.changes.is_empty() {
        return Vec::new();
    }
    let own = judge_each(spec, at).into_iter();
    let contradictions = contradictions(spec, at);
    // Of what contradicts itself nothing more is to be said.
    let clashes = if contradictions.is_empty() { clashes(spec, Sides::Unknown, at) } else { Vec::new() };
    let clashes = clashes.into_iter().map(|clash| Finding::Clash { is_ahead: clash.from > at, clash });
    own.chain(contradictions.into_iter().map(Finding::Contradiction)).chain(clashes).collect()
}

/// Lists what is wrong with each change by itself at a moment.
pub fn judge_each(spec: &Spec, at: Timestamp) -> Vec<Finding> {
    spec.changes.iter().flat_map(|(name, change)| of_itself(name, change, at)).collect()
}

fn of_itself(name: &ChangeName, change: &Change, at: Timestamp) -> Vec<Finding> {
    let is_over = change.has_ended(at);
    let missed = change.missed.iter().map(|(selector, fault)| Finding::Missed {
        change: name.clone(),
        fault: fault.clone(),
        place: selector.place,
        is_over,
    });
    let found = change.selected.len();
    let wrong = change.expect.as_ref().filter(|expect| change.missed.is_empty() && expect.value as usize != found);
    let wrong = wrong.map(|expect| Finding::WrongExpect {
        change: name.clone(),
        expect: expect.value,
        found,
        place: expect.place,
        is_over,
    });
    missed.chain(wrong).collect()
}
