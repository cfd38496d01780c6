//! Where a run stands as a whole, with what belongs to each stage.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::time::Moment;
use crate::language::Wording;
use crate::resource::{Address, RouterInterfaceId, Scope, ScopeFailure};
use crate::run::{LastLook, WaveFailure};

/// Where a run stands.
#[derive(Debug)]
pub(super) enum Stage<'a> {
    /// That it has begun is not on disk yet.
    Beginning,
    /// Its steps are walked.
    Walking,
    /// A wave has ended, and the next has not begun.
    Between(Between),
    /// Every step has ended; the last results are on their way to the disk.
    Closing,
    /// What it touched is looked at once more.
    Looking(Look<'a>),
    /// Nothing more is done.
    Over(LastLook),
}

/// What stands between two waves, in this order.
#[derive(Debug)]
pub(super) enum Between {
    /// What the groups of the wave that begins carry is being asked for.
    Measuring {
        /// Since when.
        since: Moment,
    },
    /// Traffic is coming back; others have the account.
    Returning {
        /// Since when it is waited for.
        since: Moment,
        /// The minute in which the last step of the wave ended.
        ended: Timestamp,
        /// Until when it is waited for.
        until: Moment,
    },
    /// Others have the account.
    Pausing {
        /// Until when.
        until: Moment,
    },
    /// The account is being taken back.
    SteppingBack {
        /// What is known of the wave by then.
        verdict: Result<(), WaveFailure>,
    },
    /// The members of the floors are being read.
    Reading {
        /// Since when.
        begun: Moment,
        /// What could not be, so far, and why not.
        unread: BTreeMap<Scope, Wording>,
    },
    /// The check command is at work.
    Checking,
}

/// What is looked at, by scope.
pub(super) type Targets<'a> = BTreeMap<&'a Scope, BTreeSet<RouterInterfaceId>>;

/// The last look.
#[derive(Debug)]
pub(super) struct Look<'a> {
    /// To which addresses a call of this run was sent, or may have been.
    pub(super) touched: BTreeSet<&'a Address>,
    /// All that is read.
    pub(super) targets: Targets<'a>,
    /// All that is read if that does not show that each floor stands; `None` where it is no more.
    pub(super) whole: Option<Targets<'a>>,
    /// When it began.
    pub(super) begun: Moment,
    /// Since when everything has to have been read.
    pub(super) asked: Moment,
    /// How many times everything was read for it.
    pub(super) reads: u32,
    /// What the last reads could not show.
    pub(super) unread: BTreeMap<Scope, ScopeFailure>,
    /// When it is read again; `None` while it is being read.
    pub(super) again_at: Option<Moment>,
}
