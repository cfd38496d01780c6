//! What a spec no longer says: interfaces that were recorded, and guards that held.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::{Address, DesiredStatus, GroupName, RouterInterfaceId, Scope};
use crate::windows::Verdict;

/// An interface that was recorded and has left the spec. Nothing is done to it; its record is marked by the next apply that ends well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Forgotten {
    /// What the spec called it.
    pub address: Address,
    /// The interface.
    pub id: RouterInterfaceId,
    /// Where it lives.
    #[serde(flatten)]
    pub scope: Scope,
    /// What was last applied to it and seen; null where nothing was.
    pub last_applied: Option<DesiredStatus>,
}

/// A guard that has become weaker since the last apply that ended well. In documents it is told as `what`, `before` and `after`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Told")]
pub enum GuardWeakened {
    /// A group needs fewer links up.
    Floor {
        /// The group.
        group: GroupName,
        /// How many had to be up.
        was: u32,
        /// How many have to be.
        is: u32,
    },
    /// An interface is no longer a member of a group.
    Member {
        /// The group.
        group: GroupName,
        /// The interface.
        address: Address,
    },
    /// An interface is not protected any more.
    Protect {
        /// The interface.
        address: Address,
        /// It is still declared.
        is_declared: bool,
    },
    /// An interface is hands off now: nothing is done where it drifts.
    HandsOff {
        /// The interface.
        address: Address,
    },
    /// A cap is higher, or gone.
    Cap {
        /// Its key.
        key: String,
        /// What it was.
        was: u32,
        /// What it is; `None` where there is none.
        is: Option<u32>,
    },
    /// A word of the spec holds back less.
    Setting {
        /// Its key.
        key: String,
        /// What it was.
        was: String,
        /// What it is.
        is: String,
    },
    /// A window lets more through, or at other times.
    Window {
        /// What people call it; untrusted text.
        name: String,
        /// What it says.
        verdict: Verdict,
        /// What became of it.
        became: WindowBecame,
    },
    /// `limits.quiet_below` lets more go down.
    QuietBelow {
        /// What it was, in bits per second.
        was: u64,
        /// What it is; `None` where there is none.
        is: Option<u64>,
    },
    /// Less traffic has to come back after a wave.
    ReturningTraffic {
        /// The share that it was, in percent.
        was: u32,
        /// What it is; `None` where nothing has to.
        is: Option<u32>,
    },
    /// The check between waves is another one, or gone.
    Check {
        /// Its argument list.
        was: Vec<String>,
        /// What it is; `None` where there is none.
        is: Option<Vec<String>>,
    },
    /// As a document tells it.
    Told {
        /// Which.
        what: String,
        /// What it was.
        before: String,
        /// What it is.
        after: String,
    },
}

/// What became of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowBecame {
    /// It was not there before.
    New,
    /// It is open at other times, for other calls or other interfaces.
    Changed,
    /// It is not there any more.
    Gone,
}

/// A guard as a document tells it.
#[derive(Deserialize)]
struct Told {
    what: String,
    before: String,
    after: String,
}

impl From<Told> for GuardWeakened {
    fn from(Told { what, before, after }: Told) -> Self {
        Self::Told { what, before, after }
    }
}
