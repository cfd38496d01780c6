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

/// One state, as bytes.
#[derive(Debug, Default)]
pub struct Glance {
    /// Journal, state, who holds it, and what is noted of runs that have to be confirmed. Ended runs are not in it.
    pub disk: Disk,
    /// The row of its checks.
    pub finding: Option<Vec<u8>>,
    /// How long ago that was put there, by the store's clock.
    pub age: Option<SignedDuration>,
    /// The approvals that wait, by name.
    pub approvals: Vec<Waiting>,
}

/// A state, and what it holds, or why that cannot be read.
pub type Glanced = (StateName, Result<Glance, StoreError>);

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
