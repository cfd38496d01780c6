//! `--target` and `--exclude`: which interfaces a plan may touch.
//!
//! A plan keeps to what is asked for: what `--target` does not name and what `--exclude` leaves out stays out, and what
//! needs it is blocked.

use std::collections::BTreeSet;

use crate::diagnostic::nearest::nearest;
use crate::plan::{PlanOptions, Warning};
use crate::resource::Address;

use super::subject::{SubjectNumber, Subjects};

/// An address that was asked for and that the spec does not declare.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{flag} names `{address}`, which the spec does not declare")]
pub struct UnknownAddress {
    /// Where it was given.
    pub flag: &'static str,
    /// The address.
    pub address: Address,
    /// One that is declared and reads much the same.
    pub near: Option<Address>,
}

/// The subjects that a plan may touch.
pub(super) struct Selection {
    included: Option<BTreeSet<SubjectNumber>>,
    excluded: BTreeSet<SubjectNumber>,
}

impl Selection {
    pub(super) fn includes(&self, number: SubjectNumber) -> bool {
        !self.excluded.contains(&number) && self.included.as_ref().is_none_or(|included| included.contains(&number))
    }

    /// Warns of what is looked at, and what is left out.
    pub(super) fn warning(&self, subjects: &Subjects<'_>) -> Option<Warning> {
        let named = |numbers: &mut dyn Iterator<Item = &SubjectNumber>| -> Vec<Address> {
            numbers.map(|number| subjects[*number].address.clone()).collect()
        };
        let targets = named(&mut self.included.iter().flatten());
        let excluded = named(&mut self.excluded.iter());
        let is_whole = targets.is_empty() && excluded.is_empty();
        (!is_whole).then_some(Warning::PartOfSpec { targets, excluded })
    }
}

/// Resolves the addresses of `options`.
pub(super) fn select(subjects: &Subjects<'_>, options: &PlanOptions) -> Result<Selection, Vec<UnknownAddress>> {
    let mut unknown = Vec::new();
    let mut resolve = |flag: &'static str, addresses: &[Address]| -> BTreeSet<SubjectNumber> {
        let mut numbers = BTreeSet::new();
        for address in addresses {
            match subjects.number_of(address) {
                Some(number) => {
                    numbers.insert(number);
                }
                None => unknown.push(UnknownAddress { flag, address: address.clone(), near: near(address, subjects) }),
            }
        }
        numbers
    };
    let targets = resolve("--target", &options.targets);
    let excluded = resolve("--exclude", &options.excludes);
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let included = (!targets.is_empty()).then_some(targets);
    Ok(Selection { included, excluded })
}

/// Returns the declared address that reads most like `address`, if any does.
fn near(address: &Address, subjects: &Subjects<'_>) -> Option<Address> {
    nearest(address.as_str(), subjects.iter().map(|(_, subject)| subject.address.as_str())).map(Address::from)
}
