//! What a wave of a rollout brings up, and what has to come back for it.

use crate::plan::FloorMember;
use crate::resource::GroupName;

/// A group into which a wave brings traffic back.
pub(super) struct Brought<'a> {
    pub(super) group: &'a GroupName,
    /// What was up before the wave, a side of each link.
    pub(super) before: Vec<&'a FloorMember>,
    /// What the wave brings up, a side of each link.
    pub(super) after: Vec<&'a FloorMember>,
    /// What all that was up carried; `None` until that is known.
    pub(super) carried: Option<u64>,
}

/// What is known of the traffic of a wave.
#[derive(Default)]
pub(super) enum Wave<'a> {
    /// It brings nothing up that counts, or is judged already.
    #[default]
    Free,
    /// These are to carry again what they carried.
    Bound(Vec<Brought<'a>>),
}

impl<'a> Wave<'a> {
    /// Lists the groups that it is bound to.
    pub(super) fn groups(&self) -> &[Brought<'a>] {
        match self {
            Self::Free => &[],
            Self::Bound(groups) => groups,
        }
    }
}
