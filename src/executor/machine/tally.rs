//! How many steps of each account and region stand where: kept step by step, so that no decision has to count them all.

use std::collections::{BTreeMap, BTreeSet};

use super::phase::Phase;
use crate::plan::{Action, Step};
use crate::resource::Scope;

/// The steps of one account and region.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Calls that have begun and not ended.
    pub(super) calls: usize,
    /// Those that have a place under the quota, or want one.
    pub(super) unsent: usize,
    /// Those that every read looks at.
    pub(super) polled: BTreeSet<usize>,
}

/// The tallies of a run.
#[derive(Debug)]
pub(super) struct Tallies<'a> {
    of_scopes: Vec<(&'a Scope, Tally)>,
    /// The scope of each step, by number.
    scope_of: Vec<usize>,
    /// Calls that have begun and not ended, in all.
    pub(super) calls: usize,
}

impl<'a> Tallies<'a> {
    pub(super) fn of(steps: &'a [Step]) -> Self {
        let scopes: BTreeSet<&Scope> = steps.iter().map(|step| &step.scope).collect();
        let numbers: BTreeMap<&Scope, usize> =
            scopes.iter().enumerate().map(|(number, scope)| (*scope, number)).collect();
        Self {
            of_scopes: scopes.into_iter().map(|scope| (scope, Tally::default())).collect(),
            scope_of: steps.iter().map(|step| numbers[&step.scope]).collect(),
            calls: 0,
        }
    }

    /// Takes in that a step goes from one phase to another.
    pub(super) fn turn(&mut self, number: usize, step: &Step, from: &Phase, to: &Phase) {
        let tally = &mut self.of_scopes[self.scope_of[number]].1;
        if step.action != Action::Wait {
            let (was, is) = (usize::from(from.is_in_flight()), usize::from(to.is_in_flight()));
            tally.calls = tally.calls + is - was;
            self.calls = self.calls + is - was;
        }
        tally.unsent = tally.unsent + usize::from(to.has_place()) - usize::from(from.has_place());
        if to.is_polled() {
            tally.polled.insert(number);
        } else {
            tally.polled.remove(&number);
        }
    }

    /// Returns the tally of a step's scope.
    pub(super) fn around(&self, number: usize) -> &Tally {
        &self.of_scopes[self.scope_of[number]].1
    }

    /// Lists the scopes with something that every read looks at.
    pub(super) fn polled(&self) -> impl Iterator<Item = (&'a Scope, &Tally)> {
        self.of_scopes.iter().filter(|(_, tally)| !tally.polled.is_empty()).map(|(scope, tally)| (*scope, tally))
    }
}
