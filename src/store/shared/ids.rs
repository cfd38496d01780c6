//! Which interfaces a state has, as its store keeps it: told before its first call, and asked by whoever is about to act on them.

use std::collections::BTreeSet;

use super::{Shared, named};
use crate::store::StoreError;
use crate::store::remote::{Folder, StateName};

/// Under which name a state remembers what it last told its store.
const TOLD: &str = "ids";

/// The first line of what a state told, once it has looked whether another told the same.
const SETTLED: &str = "has";

/// The same before that.
const ASKED: &str = "asks";

/// What a state last told its store: a line that says whether it has looked since, and one for each interface and each state before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToldIds {
    /// It has looked since whether another state told the same.
    pub is_settled: bool,
    /// Which interfaces it acts on or counts.
    pub keys: BTreeSet<String>,
    /// Which states had any of them before it: their runs tell of these.
    pub before: BTreeSet<StateName>,
}

impl ToldIds {
    /// Reads it; what an older rictl wrote names no interface, and is settled by nothing.
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let (first, rest) = bytes.split_at(end);
        // No name of a state is as long as the name of an interface.
        let keys = String::from_utf8_lossy(rest).lines().filter(|line| is_key(line)).map(str::to_owned).collect();
        Self {
            is_settled: first == SETTLED.as_bytes(),
            keys,
            before: StateName::parse_lines(rest).into_iter().collect(),
        }
    }

    fn lines(&self) -> Vec<u8> {
        let first = if self.is_settled { SETTLED } else { ASKED };
        let names = self.before.iter().map(StateName::as_str);
        std::iter::once(first)
            .chain(names)
            .chain(self.keys.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join("\n")
            .into()
    }
}

/// Returns whether a line is the name of an interface: the hexadecimal digits of a SHA-256.
fn is_key(line: &str) -> bool {
    line.len() == 64 && line.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Shared {
    /// Tells the store, durably, which interfaces this state has, and of `keys` that it is one of those that have or had them; returns of
    /// each of these which others are.
    ///
    /// # Errors
    /// A store that cannot be reached.
    pub fn own(&self, told: &ToldIds, keys: Vec<String>) -> Result<Vec<(String, Vec<StateName>)>, StoreError> {
        let (note, bytes) = (named(Folder::About, TOLD)?, told.lines());
        self.driver.ask(move |remote| Box::pin(async move { remote.own((&note, &bytes), &keys).await }))
    }

    /// Returns of interfaces which states have, or have had, them.
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
        Ok(self.noted(named(Folder::About, TOLD)?)?.map(|bytes| ToldIds::parse(&bytes)).unwrap_or_default())
    }

    /// Remembers what the store was told.
    ///
    /// # Errors
    /// A write of which nobody knows what became.
    pub fn tell_ids(&self, told: &ToldIds) -> Result<(), StoreError> {
        self.replace(named(Folder::About, TOLD)?, &told.lines())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_read_again_and_an_older_note_settles_nothing() {
        let name = |text: &str| StateName::parse(text).unwrap();
        let told = ToldIds {
            is_settled: true,
            keys: ["a".repeat(64), "0".repeat(64)].into(),
            before: [name("net/site-a"), name("b")].into(),
        };
        assert_eq!(ToldIds::parse(&told.lines()), told);
        let asked = ToldIds { is_settled: false, ..told };
        assert_eq!(ToldIds::parse(&asked.lines()), asked);
        let older = format!("{}\nsite-a\n", "b".repeat(64));
        assert_eq!(ToldIds::parse(older.as_bytes()), ToldIds { before: [name("site-a")].into(), ..ToldIds::default() });
        assert_eq!(ToldIds::parse(b""), ToldIds::default());
    }
}
