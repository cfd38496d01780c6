//! What a shared store holds of one state, read without a claim and in as few requests as can be: for whoever looks at all of them.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::StoreError;
use super::approvals::Waiting;
use super::lock::Holder;
use super::medium::About;
use super::memory::Disk;
use super::remote::{Lapse, StateName, Tip};
use crate::state::RunId;

/// One state, as bytes: each part, or why that cannot be read.
#[derive(Debug)]
pub struct Glance {
    /// Journal, state, who holds it, and what is noted of runs that have to be confirmed. Ended runs are not in it.
    pub disk: Result<Disk, StoreError>,
    /// The row of its checks.
    pub finding: Result<Option<Vec<u8>>, StoreError>,
    /// How long ago that was put there, by the store's clock.
    pub age: Option<SignedDuration>,
    /// The approvals that wait, by name.
    pub approvals: Result<Vec<Waiting>, StoreError>,
}

/// A state that is listed, or that only what it holds shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it is called.
    pub name: StateName,
    /// Why it is not where every state is listed, where that was lost.
    pub lost: Option<String>,
}

/// Returns who holds a state: whoever's lease is over does not.
pub(super) fn holder(tip: Tip) -> Option<Holder> {
    tip.held.filter(|held| held.lease != Lapse::Over).map(|held| held.holder)
}

/// Takes apart the names under which words about runs are kept.
pub(super) fn words(kept: impl IntoIterator<Item = (String, Vec<u8>)>) -> BTreeMap<(RunId, About), Vec<u8>> {
    let word = |(name, bytes): (String, Vec<u8>)| {
        let (id, kind) = name.rsplit_once('.')?;
        Some(((RunId(id.into()), About::of_word(kind)?), bytes))
    };
    kept.into_iter().filter_map(word).collect()
}
