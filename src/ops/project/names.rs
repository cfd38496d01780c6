//! How people name interfaces: by selectors, on the command line.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::PlanOptions;
use crate::render::words;
use crate::resource::{Address, RouterInterfaceId, Scope};
use crate::selector::{Candidate, Choice, Chosen, Selector};

use super::Project;

/// What past runs tell of interfaces beside what a spec declares.
#[derive(Clone, Debug, Default)]
pub struct Told<'s> {
    /// Interfaces that are declared no more, under the addresses that they had.
    pub gone: BTreeMap<&'s Address, (&'s RouterInterfaceId, &'s Scope)>,
    /// What each change is about, by the addresses of now.
    pub changes: BTreeMap<&'s str, Vec<Address>>,
}

impl Project {
    /// Returns the addresses that the arguments of a command select, in order; all where there are none.
    ///
    /// # Errors
    /// Exit 1 with every argument that selects nothing, and what is near.
    pub fn select(&self, selectors: &[Selector]) -> Result<Vec<Address>, Diagnostics> {
        let interfaces = &self.spec.interfaces;
        let chosen = self.spec.choose(Choice { targets: selectors, excludes: &[] });
        let chosen = chosen.map_err(|bad| {
            self.refused(bad.iter().map(|bad| words::selection::bad_argument(bad, interfaces.keys())))
        })?;
        Ok(self.included(&chosen).collect())
    }

    /// Returns the addresses that selectors mean, among what is declared and what past runs still name. A change is about what it
    /// selects now, and about what its runs touched.
    ///
    /// # Errors
    /// As [`Self::select`].
    pub fn select_in_past<'s>(
        &'s self,
        selectors: &[Selector],
        past: &'s Told<'s>,
    ) -> Result<BTreeSet<&'s Address>, Diagnostics> {
        let known = past.gone.iter().map(|(address, (id, scope))| Candidate {
            address,
            id,
            group: None,
            labels: Vec::new(),
            region: scope.region.as_str(),
            accounts: [Some(scope.account.as_str()), None],
        });
        let changes = past.changes.iter().map(|(name, about)| (*name, &**about));
        let field = self.spec.field_of_past(known, changes);
        let chosen = field.choose(Choice { targets: selectors, excludes: &[] });
        let names = || (0..field.len()).map(|place| field.address(place));
        let chosen =
            chosen.map_err(|bad| self.refused(bad.iter().map(|bad| words::selection::bad_argument(bad, names()))))?;
        Ok((0..field.len()).filter(|place| chosen.includes(*place)).map(|place| field.address(place)).collect())
    }

    /// Returns the addresses that `--target` and `--exclude` mean; `None` for all.
    ///
    /// # Errors
    /// Exit 1 with every selector that means nothing, and a choice of which nothing is left.
    pub fn chosen(
        &self,
        targets: &[Selector],
        excludes: &[Selector],
    ) -> Result<Option<BTreeSet<Address>>, Diagnostics> {
        let chosen = self.choose(targets, excludes)?;
        Ok((!chosen.is_all()).then(|| self.included(&chosen).collect()))
    }

    fn choose(&self, targets: &[Selector], excludes: &[Selector]) -> Result<Chosen, Diagnostics> {
        let chosen = self.spec.choose(Choice { targets, excludes });
        chosen.map_err(|bad| self.refused(bad.iter().map(words::selection::bad_flag)))
    }

    /// Refuses a choice that makes no sense before anything is asked of the cloud.
    ///
    /// # Errors
    /// As [`Self::chosen`].
    pub fn check_choice(&self, options: &PlanOptions) -> Result<(), Diagnostics> {
        self.choose(&options.targets, &options.excludes).map(|_| ())
    }

    fn included(&self, chosen: &Chosen) -> impl Iterator<Item = Address> {
        let included = self.spec.interfaces.keys().enumerate().filter(|(place, _)| chosen.includes(*place));
        included.map(|(_, address)| address.clone())
    }

    fn refused(&self, findings: impl Iterator<Item = Diagnostic>) -> Diagnostics {
        Diagnostics { sources: self.spec.sources.clone(), findings: findings.collect() }
    }
}
