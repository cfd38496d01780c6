//! Which interfaces a state has, as its store keeps it: asked by whoever is about to act on them.

use super::{Shared, named};
use crate::store::StoreError;
use crate::store::remote::{Folder, StateName};

/// Under which name a state remembers what it last told its store.
const TOLD: &str = "ids";

/// What a state last told its store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToldIds {
    /// A digest of its interfaces.
    pub digest: String,
    /// Which states had any of them before it: their runs tell of these.
    pub before: Vec<StateName>,
}

impl Shared {
    /// Says that this state has these interfaces where no other has said so, or with `anyway` whoever has; returns which other state each
    /// is said of that was there first.
    ///
    /// # Errors
    /// A store that cannot be reached.
    pub fn own(&self, keys: Vec<String>, anyway: bool) -> Result<Vec<(String, StateName)>, StoreError> {
        self.driver.ask(move |remote| Box::pin(async move { remote.own(&keys, anyway).await }))
    }

    /// Returns of interfaces which states have, or have had, them: the one that has it first.
    ///
    /// # Errors
    /// A store that cannot be reached.
    pub fn holders(&self, keys: Vec<String>) -> Result<Vec<(String, Vec<StateName>)>, StoreError> {
        self.driver.ask(move |remote| Box::pin(async move { remote.holders(&keys).await }))
    }

    /// Returns what the store was told last.
    ///
    /// # Errors
    /// A store that cannot be reached.
    pub fn told_ids(&self) -> Result<ToldIds, StoreError> {
        let Some(bytes) = self.noted(named(Folder::About, TOLD)?)? else { return Ok(ToldIds::default()) };
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let (digest, names) = bytes.split_at(end);
        Ok(ToldIds { digest: String::from_utf8_lossy(digest).into_owned(), before: StateName::parse_lines(names) })
    }

    /// Remembers what the store was told.
    ///
    /// # Errors
    /// A write of which nobody knows what became.
    pub fn tell_ids(&self, told: &ToldIds) -> Result<(), StoreError> {
        let bytes = [told.digest.as_bytes(), b"\n", &StateName::lines(&told.before)].concat();
        self.replace(named(Folder::About, TOLD)?, &bytes)
    }
}
