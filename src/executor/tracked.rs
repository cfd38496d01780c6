//! Where one step stands.

use std::time::Duration;

use tokio::time::Instant;

use crate::cloud::Permit;

/// Where a step stands between its predecessors and its end.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// A predecessor is not at its goal, or its wave has not begun.
    Waiting,
    /// Predecessors are at their goals; it wants a place under the quota.
    Startable,
    /// It has its place and waits for a fresh read.
    Ready {
        /// A refusal has to rest on a read that was begun after this.
        since: Instant,
        /// Not looked at before this.
        not_before: Instant,
    },
    /// Its call is on its way.
    Calling,
    /// Its call was accepted, or it only waits.
    Settling {
        /// When it has taken too long.
        deadline: Instant,
        /// A read has shown it on its way.
        has_moved: bool,
        /// How many reads in a row showed the status that it came from.
        unmoved: u32,
    },
    /// The answer to its call was lost, or contradicts what was read.
    Doubt {
        /// Since when.
        since: Instant,
        /// How many reads in a row showed the interface untouched.
        untouched: u32,
        /// What happened to the answer.
        error: String,
        /// What it comes from.
        cause: Cause,
    },
    /// Its result is recorded, or in line to be.
    Finished,
}

/// Where a doubt comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The answer was lost on the way.
    Lost,
    /// The API said that the status forbids the call, and no read has shown such a status yet: reads lag.
    Contradiction,
    /// It said so, and a read has shown why.
    Explained,
}

/// One step of a run.
#[derive(Debug)]
pub(super) struct Tracked {
    waiting_for: usize,
    pub(super) phase: Phase,
    /// When its call was sent or its wait began.
    pub(super) started: Option<Instant>,
    /// When the last progress was told.
    pub(super) told: Option<Instant>,
    /// Its place under the quota.
    pub(super) permit: Option<Permit>,
    /// How often it had read all that it rests on, and some of that was too old by then.
    pub(super) rounds: u32,
    /// How often the API refused for the moment.
    pub(super) refusals: u32,
    /// An answer was lost on the way, or contradicts what was read.
    pub(super) doubted: bool,
    /// An answer said that its call was accepted.
    pub(super) accepted: bool,
    /// It has been sent a second time.
    pub(super) resent: bool,
    /// When a read first found the cloud at work before the call.
    pub(super) held_up_since: Option<Instant>,
}

impl Tracked {
    pub(super) fn waiting_for(predecessors: usize) -> Self {
        Self {
            waiting_for: predecessors,
            phase: Phase::Waiting,
            started: None,
            told: None,
            permit: None,
            rounds: 0,
            refusals: 0,
            doubted: false,
            accepted: false,
            resent: false,
            held_up_since: None,
        }
    }

    /// Counts one predecessor off; returns whether none is left.
    pub(super) fn has_one_less_to_wait_for(&mut self) -> bool {
        self.waiting_for -= 1;
        self.waiting_for == 0
    }

    pub(super) fn waits_for_nothing(&self) -> bool {
        self.waiting_for == 0
    }

    /// Returns whether its call was answered before, with anything but that it was accepted.
    pub(super) fn is_repeat(&self) -> bool {
        self.doubted || self.refusals > 0
    }

    pub(super) fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Finished)
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.started.map(|started| started.elapsed()).unwrap_or_default()
    }
}
