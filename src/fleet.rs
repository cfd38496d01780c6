//! Fleet: how every state of a store stands, from what is kept beside each, without a look at the cloud.
//!
//! `finding` is what a check leaves beside a state ([`Kept`]): the finding itself, what is declared, what begins soon, and what whoever
//! tells people has to remember. `row` is one state on the page that all share ([`StateRow`]). `choice` keeps to what selectors mean.
//! Pure: what is stale is judged by a moment that is handed in.

mod choice;
mod finding;
mod row;

use jiff::Timestamp;

use crate::run::Exit;
use crate::selector::Selector;

pub use choice::Unselected;
pub use finding::{Declared, FORMAT_VERSION, Failed, Finding, Item, Kept, UPCOMING};
pub use row::{Awaits, Found, HeldBy, StateRow};

/// Every state of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    /// The store, for people; nothing secret is in it.
    pub store: String,
    /// When it was read.
    pub timestamp: Timestamp,
    /// Its states, by name.
    pub states: Vec<StateRow>,
}

impl Fleet {
    /// Keeps to what selectors mean: states that declare some of it, and of each what is about that. A name or a pattern that no
    /// interface has is one of states. What could not be read may hold anything, and stays; so does what was never checked, unless
    /// states are named alone.
    ///
    /// # Errors
    /// Selectors that mean nothing in any state.
    pub fn keep_to(&mut self, selectors: &[Selector]) -> Result<(), Vec<Unselected>> {
        choice::keep_to(&mut self.states, selectors)
    }

    /// Returns how the command ends: what could not be read comes before what somebody has to look at.
    pub fn exit(&self) -> Exit {
        if self.states.iter().any(|state| state.error.is_some()) {
            Exit::Error
        } else if self.states.iter().any(StateRow::is_finding) {
            Exit::Changes
        } else {
            Exit::Done
        }
    }
}

#[cfg(test)]
mod tests;
