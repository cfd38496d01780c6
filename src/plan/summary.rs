//! What a plan amounts to: its counts, and what may be said of it as a whole.

use jiff::Timestamp;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, ChangeAction, Plan, ResourceChange, Warning};
use crate::resource::{Address, Call};

/// The counts of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Interfaces that get at least one mutating call.
    pub to_change: usize,
    /// Deactivate calls.
    pub to_deactivate: usize,
    /// Activate calls.
    pub to_activate: usize,
    /// Waits for a transition that somebody else started.
    pub to_wait_for: usize,
    /// Interfaces whose wanted change cannot be had.
    pub blocked: usize,
}

impl Plan {
    /// Returns the moment that it is of.
    pub fn moment(&self) -> Timestamp {
        self.at.unwrap_or(self.timestamp)
    }

    /// Returns what is planned for a declared interface; they stand in the order of their addresses.
    pub fn change(&self, address: &Address) -> Option<&ResourceChange> {
        let found = self.resource_changes.binary_search_by(|change| change.address.cmp(address));
        found.ok().map(|number| &self.resource_changes[number])
    }

    /// Returns whether an interface was where its steps lead already when the plan was to be carried out.
    pub fn is_there_already(&self, address: &Address) -> bool {
        self.change(address).is_some_and(|change| change.is_there_already)
    }

    /// Counts the interfaces with steps that were where these lead already when the plan was to be carried out.
    pub fn there_already(&self) -> usize {
        self.resource_changes.iter().filter(|change| change.is_there_already).count()
    }

    /// Counts what the plan would do.
    pub fn summary(&self) -> Summary {
        let steps = || self.steps.iter().filter(|step| !self.is_there_already(&step.address));
        let count = |action: Action| steps().filter(|step| step.action == action).count();
        let changed: BTreeSet<_> =
            steps().filter(|step| step.action != Action::Wait).map(|step| &step.address).collect();
        let blocked: BTreeSet<_> = self.blocked.iter().map(|blocked| &blocked.address).collect();
        Summary {
            to_change: changed.len(),
            to_deactivate: count(Action::Call(Call::Deactivate)),
            to_activate: count(Action::Call(Call::Activate)),
            to_wait_for: count(Action::Wait),
            blocked: blocked.len(),
        }
    }

    /// Returns a plan of which nothing is left to do: without its steps, and without what they were to change.
    #[must_use]
    pub fn without_steps(mut self) -> Self {
        for change in &mut self.resource_changes {
            change.change.actions = [ChangeAction::NoOp];
            change.change.before.clone_from(&change.change.after);
            change.action_reason = None;
            change.taken_back_by = None;
        }
        let (steps, blocked, upcoming) = (Vec::new(), Vec::new(), Vec::new());
        let (resource_drift, warnings, floors) = (Vec::new(), Vec::new(), Vec::new());
        let (rollout, overridden) = (None, None);
        Self { steps, blocked, upcoming, resource_drift, warnings, floors, rollout, overridden, ..self }
    }

    /// Returns whether nothing is to be done and nothing is wanted in vain. What is left alone does not count.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.blocked.is_empty()
    }

    /// Returns whether an apply of it would bring about everything that the spec declares, but for what is left alone.
    pub fn is_complete(&self) -> bool {
        self.blocked.is_empty() && self.failures.is_empty()
    }

    /// Returns whether it goes on in waves, between which something is asked.
    pub fn is_rollout(&self) -> bool {
        self.rollout.is_some() && !self.steps.is_empty()
    }

    /// Returns the state of the same shared store that still has some of what is declared here, and whose: until it gives that up, an
    /// apply is refused.
    pub fn held_elsewhere(&self) -> Option<(&str, &[Address])> {
        self.warnings.iter().find_map(|warning| match warning {
            Warning::TakenAlong { state, addresses, is_held: true } => Some((state.as_str(), addresses.as_slice())),
            _ => None,
        })
    }

    /// Returns whether it is as of a moment that was over when it was made: it shows what was asked for then, and nobody is to
    /// apply it.
    pub fn looks_back(&self) -> bool {
        self.at.is_some_and(|at| at < self.timestamp)
    }

    /// Returns whether there is something to apply, and it is of no moment that was over when it was made.
    pub fn is_applyable(&self) -> bool {
        !self.steps.is_empty() && !self.looks_back()
    }

    /// Returns whether part of the cloud could not be read; the rest of the plan stands.
    pub fn is_errored(&self) -> bool {
        !self.failures.is_empty()
    }
}
