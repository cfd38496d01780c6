//! Which interfaces a state has, as its store keeps it: asked by whoever is about to act on them.

use super::{Shared, named};
use crate::store::StoreError;
use crate::store::remote::{Folder, StateName};

/// Under which name a state remembers what it last told its store.
const TOLD: &str = "ids";

impl Shared {
    /// Says that this state has these interfaces where no other has said so, or with `anyway` whoever has; returns which other state each
    /// is said of that was there first.
    ///
    /// # Errors
    /// A store that cannot be reached.
    pub fn own(&self, keys: Vec<String>, anyway: bool) -> Result<Vec<(String, StateName)>, StoreError> {
        self.driver.ask(move |remote| Box::pin(async move { remote.own(&keys, anyway).await }))
    }

    /// Returns another state of the same store, as it was written.
    ///
    /// # Errors
    /// A store that cannot be reached, and a state that is damaged.
    pub fn state_of(&self, name: &StateName) -> Result<Option<Vec<u8>>, StoreError> {
        let name = name.clone();
        self.driver.ask(move |remote| Box::pin(async move { remote.state_of(&name).await }))
    }

    /// Returns a digest of the interfaces that the store was told of last.
    ///
    /// # Errors
    /// A store that cannot be reached.
    pub fn told_ids(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.noted(named(Folder::About, TOLD)?)
    }

    /// Remembers of which interfaces the store was told.
    ///
    /// # Errors
    /// A write of which nobody knows what became.
    pub fn tell_ids(&self, digest: &[u8]) -> Result<(), StoreError> {
        self.replace(named(Folder::About, TOLD)?, digest)
    }
}
