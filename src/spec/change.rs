//! One entry of `changes`: the unit that people plan, approve and close.

use jiff::Timestamp;

use crate::diagnostic::Place;
use crate::resource::{Address, ChangeName, DesiredStatus};
use crate::selector::{Fault, Selector};

use super::Placed;

/// One entry of `changes`: a status that interfaces have for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `reason`, untrusted text.
    pub reason: String,
    /// `select`.
    pub select: Vec<Placed<Selector>>,
    /// What that means: each address once, in order.
    pub selected: Vec<Address>,
    /// The selectors that mean nothing, and why.
    pub missed: Vec<(Placed<Selector>, Fault)>,
    /// `expect`: how many interfaces it is about.
    pub expect: Option<Placed<u32>>,
    /// `status`, which takes the place of the interfaces' own.
    pub status: Placed<DesiredStatus>,
    /// `from`; `None` for now.
    pub from: Option<Placed<Timestamp>>,
    /// `until`, not included; `None` for as long as the entry stands.
    pub until: Option<Placed<Timestamp>>,
    /// `owner`, untrusted text.
    pub owner: Option<String>,
    /// Where the entry's key stands.
    pub place: Place,
}

/// What changes make of an entry of `interfaces` at the moment that its spec is of: of most nothing, and so most have no room for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    /// The change whose status it has.
    pub in_force: Option<Box<InForce>>,
    /// The change about it that has ended last.
    pub ended: Option<Box<Ended>>,
    /// When the next change about it begins or ends.
    pub valid_until: Option<Timestamp>,
}

/// A change that is in force, and what stands without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The change.
    pub change: ChangeName,
    /// The interface's own status.
    pub base: Placed<DesiredStatus>,
    /// Its own reason, and where that stands.
    pub base_reason: (Option<String>, Option<Place>),
}

/// A change that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The change.
    pub change: ChangeName,
    /// The status that it wanted.
    pub status: DesiredStatus,
    /// When it ended.
    pub at: Timestamp,
}

impl Change {
    /// Returns whether it has begun by a moment.
    pub fn has_begun(&self, at: Timestamp) -> bool {
        self.from.as_ref().is_none_or(|from| from.value <= at)
    }

    /// Returns whether it has ended by a moment.
    pub fn has_ended(&self, at: Timestamp) -> bool {
        self.until.as_ref().is_some_and(|until| until.value <= at)
    }

    /// Returns whether it is in force at a moment: from `from` up to, not including, `until`.
    pub fn is_in_force(&self, at: Timestamp) -> bool {
        self.has_begun(at) && !self.has_ended(at)
    }
}
