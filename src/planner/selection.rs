//! `--target` and `--exclude`: which interfaces a plan may touch.
//!
//! As in Terraform, a target brings along what must change before it: up, what it depends on; down, what depends
//! on it. What `--exclude` leaves out stays out, and what needed it is blocked.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::nearest::nearest;
use crate::plan::{PlanOptions, Warning};
use crate::resource::{Address, DesiredStatus};

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
    brought_along: BTreeSet<SubjectNumber>,
}

impl Selection {
    pub(super) fn includes(&self, number: SubjectNumber) -> bool {
        !self.excluded.contains(&number) && self.included.as_ref().is_none_or(|included| included.contains(&number))
    }

    /// Warns of what is looked at, what a target brought along, and what is left out.
    pub(super) fn warning(&self, subjects: &Subjects<'_>) -> Option<Warning> {
        let named = |numbers: &mut dyn Iterator<Item = &SubjectNumber>| -> Vec<Address> {
            numbers.map(|number| subjects[*number].address.clone()).collect()
        };
        let is_asked_for = |number: &&SubjectNumber| !self.brought_along.contains(number);
        let targets = named(&mut self.included.iter().flatten().filter(is_asked_for));
        let brought_along = named(&mut self.brought_along.iter());
        let excluded = named(&mut self.excluded.iter());
        let is_whole = [&targets, &brought_along, &excluded].iter().all(|names| names.is_empty());
        (!is_whole).then_some(Warning::PartOfSpec { targets, brought_along, excluded })
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
    if targets.is_empty() {
        return Ok(Selection { included: None, excluded, brought_along: BTreeSet::new() });
    }
    let included = closure(subjects, &targets);
    let brought_along = included.difference(&targets).copied().collect();
    Ok(Selection { included: Some(included), excluded, brought_along })
}

fn closure(subjects: &Subjects<'_>, targets: &BTreeSet<SubjectNumber>) -> BTreeSet<SubjectNumber> {
    let mut dependants: BTreeMap<SubjectNumber, Vec<SubjectNumber>> = BTreeMap::new();
    for (number, subject) in subjects.iter() {
        for needed in subject.declared.needed().filter_map(|address| subjects.number_of(address)) {
            dependants.entry(needed).or_default().push(number);
        }
    }
    let mut included = targets.clone();
    let mut open: Vec<SubjectNumber> = targets.iter().copied().collect();
    while let Some(number) = open.pop() {
        let desired = subjects[number].desired();
        let needed: Vec<SubjectNumber> = match desired {
            DesiredStatus::Active => {
                subjects[number].declared.needed().filter_map(|address| subjects.number_of(address)).collect()
            }
            DesiredStatus::Inactive => dependants.get(&number).cloned().unwrap_or_default(),
        };
        for other in needed {
            if subjects[other].desired() == desired && subjects[other].is_unmet() && included.insert(other) {
                open.push(other);
            }
        }
    }
    included
}

/// Returns the declared address that reads most like `address`, if any does.
fn near(address: &Address, subjects: &Subjects<'_>) -> Option<Address> {
    nearest(address.as_str(), subjects.iter().map(|(_, subject)| subject.address.as_str())).map(Address::from)
}
