//! `--target` and `--exclude`: which interfaces a plan may touch.
//!
//! A plan keeps to what is asked for: what `--target` does not select and what `--exclude` leaves out stays out, and what
//! needs it is blocked.

use std::collections::BTreeSet;

use crate::plan::{PlanOptions, Warning};
use crate::resource::Address;
use crate::selector::{BadChoice, Choice, Chosen, Selector};
use crate::spec::Spec;

use super::subject::{SubjectNumber, Subjects};

/// The subjects that a plan may touch.
pub(super) struct Selection {
    chosen: Chosen,
}

impl Selection {
    pub(super) fn includes(&self, number: SubjectNumber) -> bool {
        self.chosen.includes(number.place())
    }

    /// Returns whether some addresses, in order, hold one that a plan may touch.
    pub(super) fn concerns(&self, subjects: &Subjects<'_>, addresses: &[Address]) -> bool {
        self.chosen.is_all() || subjects.numbers_of(addresses).into_iter().any(|number| self.includes(number))
    }

    /// Warns of what is looked at, and what is left out.
    pub(super) fn warning(&self) -> Option<Warning> {
        let (targets, excluded) = self.asked();
        (!self.chosen.is_all()).then_some(Warning::PartOfSpec { targets, excluded })
    }

    /// Returns the selectors of what is looked at, and of what is left out.
    pub(super) fn asked(&self) -> (Vec<Selector>, Vec<Selector>) {
        (self.chosen.targets.clone(), self.chosen.excludes.clone())
    }

    /// Returns what is looked at, empty for everything, and what is left out.
    pub(super) fn addresses(&self, subjects: &Subjects<'_>) -> (Vec<Address>, Vec<Address>) {
        let named = |places: &BTreeSet<usize>| -> Vec<Address> {
            let chosen = subjects.iter().filter(|(number, _)| places.contains(&number.place()));
            chosen.map(|(_, subject)| subject.address.clone()).collect()
        };
        (self.chosen.included.as_ref().map(named).unwrap_or_default(), named(&self.chosen.excluded))
    }
}

/// Resolves the selectors of `options`.
pub(super) fn select(spec: &Spec, options: &PlanOptions) -> Result<Selection, Vec<BadChoice>> {
    let allowed = options.allow_last_route.iter().filter(|address| !spec.interfaces.contains_key(*address));
    let bad: Vec<BadChoice> = allowed
        .map(Selector::of)
        .filter_map(|named| {
            let fault = spec.field().select(&named).err()?;
            Some(BadChoice::Allowed { named, fault })
        })
        .collect();
    if !bad.is_empty() {
        return Err(bad);
    }
    let choice = Choice { targets: &options.targets, excludes: &options.excludes };
    Ok(Selection { chosen: spec.choose(choice)? })
}
