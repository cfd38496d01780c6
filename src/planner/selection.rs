//! `--target` and `--exclude`: which interfaces a plan may touch.
//!
//! As in Terraform, a target brings along what must change before it: up, what it depends on; down, what depends
//! on it. What `--exclude` leaves out stays out, and what needed it is blocked.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::{did_you_mean, nearest};
use crate::plan::{PlanOptions, Warning};
use crate::resource::{Address, DesiredStatus};

use super::{Subject, number_of};

/// The subjects that a plan may touch.
pub(super) struct Selection {
    included: Option<BTreeSet<usize>>,
    excluded: BTreeSet<usize>,
    brought_along: Vec<usize>,
}

impl Selection {
    pub(super) fn includes(&self, number: usize) -> bool {
        !self.excluded.contains(&number) && self.included.as_ref().is_none_or(|included| included.contains(&number))
    }

    /// Says what is looked at, what a target brought along, and what is left out.
    pub(super) fn warnings(&self, subjects: &[Subject<'_>]) -> Vec<Warning> {
        let brought: BTreeSet<usize> = self.brought_along.iter().copied().collect();
        let targets = self.included.iter().flatten().copied().filter(|number| !brought.contains(number)).collect();
        let parts = [("", targets), ("needed by these: ", brought), ("left out: ", self.excluded.clone())];
        let named = |(what, numbers): (&str, BTreeSet<usize>)| {
            let names: Vec<&str> = numbers.iter().map(|number| subjects[*number].address.as_str()).collect();
            (!names.is_empty()).then(|| format!("{what}{}", names.join(", ")))
        };
        let parts: Vec<String> = parts.into_iter().filter_map(named).collect();
        if parts.is_empty() {
            return Vec::new();
        }
        let summary = "this plan looks at a part of the spec only".to_owned();
        vec![Warning { summary, detail: Some(parts.join("; ")) }]
    }
}

/// Resolves the addresses of `options`.
pub(super) fn select(subjects: &[Subject<'_>], options: &PlanOptions) -> Result<Selection, Vec<Diagnostic>> {
    let mut findings = Vec::new();
    let mut resolve = |flag: &str, addresses: &[Address]| -> BTreeSet<usize> {
        let mut numbers = BTreeSet::new();
        for address in addresses {
            match number_of(subjects, address) {
                Some(number) => {
                    numbers.insert(number);
                }
                None => findings.push(unknown(flag, address, subjects)),
            }
        }
        numbers
    };
    let targets = resolve("--target", &options.targets);
    let excluded = resolve("--exclude", &options.excludes);
    if !findings.is_empty() {
        return Err(findings);
    }
    if targets.is_empty() {
        return Ok(Selection { included: None, excluded, brought_along: Vec::new() });
    }
    let included = closure(subjects, &targets);
    let brought_along = included.difference(&targets).copied().collect();
    Ok(Selection { included: Some(included), excluded, brought_along })
}

fn closure(subjects: &[Subject<'_>], targets: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut dependants: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, subject) in subjects.iter().enumerate() {
        for needed in subject.declared.needed().filter_map(|address| number_of(subjects, address)) {
            dependants.entry(needed).or_default().push(number);
        }
    }
    let mut included = targets.clone();
    let mut open: Vec<usize> = targets.iter().copied().collect();
    while let Some(number) = open.pop() {
        let desired = subjects[number].desired();
        let needed: Vec<usize> = match desired {
            DesiredStatus::Active => {
                subjects[number].declared.needed().filter_map(|address| number_of(subjects, address)).collect()
            }
            DesiredStatus::Inactive => dependants.get(&number).cloned().unwrap_or_default(),
        };
        for other in needed {
            let differs = subjects[other].live().is_none_or(|live| live.status != desired.status());
            if subjects[other].desired() == desired && differs && included.insert(other) {
                open.push(other);
            }
        }
    }
    included
}

fn unknown(flag: &str, address: &Address, subjects: &[Subject<'_>]) -> Diagnostic {
    let hint = match nearest(address.as_str(), subjects.iter().map(|subject| subject.address.as_str())) {
        Some(known) => did_you_mean(known),
        None => "`rictl graph` shows the declared interfaces".to_owned(),
    };
    Diagnostic::error(format!("{flag} names `{address}`, which the spec does not declare")).hint(hint)
}
