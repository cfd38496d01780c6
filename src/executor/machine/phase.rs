//! Where one step stands. Each phase has the data that belongs to it and none of another's.

use super::time::Moment;
use crate::clock::BootTime;
use crate::language::Wording;

/// Where a step stands between its predecessors and its end.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// A predecessor is not at its goal, or its wave has not begun.
    Waiting,
    /// Predecessors are at their goals; it wants a place under the quota.
    Startable,
    /// It has asked for its place.
    Asking(Attempts),
    /// It has its place and waits for a fresh read.
    Ready(Ready),
    /// Its intent is on its way to the disk.
    Recording {
        attempts: Attempts,
        /// Until when its call may leave: then the pages that it rests on are too old.
        until: BootTime,
    },
    /// Its call is on its way.
    Calling(Attempts),
    /// Its call was accepted, or it only waits.
    Settling(Settling),
    /// The answer to its call was lost, or contradicts what was read.
    Doubt(Doubt),
    /// Its result is recorded, or in line to be.
    Finished,
}

/// What came of a step's earlier attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attempts {
    /// How often it had read all that it rests on, and some of that was too old by then.
    pub(super) rounds: u32,
    /// How often the API refused for the moment.
    pub(super) refusals: u32,
    /// Whether a copy of its call may have been done.
    pub(super) copies: Copies,
}

/// How many copies of a call may have been done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Copies {
    /// None: none was sent, or each was refused.
    #[default]
    None,
    /// One, whose answer was lost or contradicts what was read.
    One,
    /// It has been sent once more after that.
    Resent,
}

impl Attempts {
    /// Returns whether nobody knows if its call was done.
    pub(super) fn are_doubted(self) -> bool {
        self.copies != Copies::None
    }

    /// Returns whether its call was answered before, with anything but that it was accepted.
    pub(super) fn is_repeat(self) -> bool {
        self.are_doubted() || self.refusals > 0
    }

    /// Returns what holds once its call is sent, or sent again.
    pub(super) fn sent(self) -> Self {
        Self { copies: if self.are_doubted() { Copies::Resent } else { Copies::None }, ..self }
    }

    /// Returns what holds once an answer has left it in doubt.
    pub(super) fn doubted(self) -> Self {
        Self { copies: if self.are_doubted() { self.copies } else { Copies::One }, ..self }
    }
}

/// A step that waits for a fresh read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    pub(super) attempts: Attempts,
    /// A refusal has to rest on a read that was begun after this.
    pub(super) since: Moment,
    /// Not looked at before this.
    pub(super) not_before: Moment,
}

/// A step that waits for its goal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settling {
    pub(super) by: By,
    /// Since when.
    pub(super) since: Moment,
    /// The last read that did not show it at its goal.
    pub(super) not_yet: Moment,
    /// When it has taken too long.
    pub(super) deadline: Moment,
    /// A read has shown it on its way.
    pub(super) has_moved: bool,
    /// How many reads in a row showed the status that it came from.
    pub(super) unmoved: u32,
    /// How many reads in a row showed it where the call does not lead.
    pub(super) contrary: u32,
    /// The last read that counts among either.
    pub(super) counted: Moment,
}

/// Why a step waits for its goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Its call was accepted.
    Acceptance,
    /// Its answer was lost, and a read showed it on its way, by us or by others.
    Sight,
    /// It sends nothing.
    Wait,
}

/// A step of which nobody knows whether its call was done.
#[derive(Clone, Debug)]
pub(super) struct Doubt {
    pub(super) attempts: Attempts,
    /// Since when.
    pub(super) since: Moment,
    /// How many reads in a row showed the interface untouched.
    pub(super) untouched: u32,
    /// How many reads in a row showed it where neither the call nor its absence leads.
    pub(super) contrary: u32,
    /// The last read that counts among either.
    pub(super) counted: Moment,
    /// What happened to the answer.
    pub(super) error: Wording,
    /// What it comes from.
    pub(super) cause: Cause,
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

impl Phase {
    /// Returns what came of earlier attempts, while that still matters.
    pub(super) fn attempts(&self) -> Option<Attempts> {
        match self {
            Self::Asking(attempts) | Self::Recording { attempts, .. } | Self::Calling(attempts) => Some(*attempts),
            Self::Ready(ready) => Some(ready.attempts),
            Self::Doubt(doubt) => Some(doubt.attempts),
            Self::Waiting | Self::Startable | Self::Settling(_) | Self::Finished => None,
        }
    }

    /// Returns whether it has a place under the quota, or wants one.
    pub(super) fn has_place(&self) -> bool {
        matches!(self, Self::Asking(_) | Self::Ready(_) | Self::Recording { .. })
    }

    /// Returns whether its step is looked at with every read of its scope.
    pub(super) fn is_polled(&self) -> bool {
        matches!(self, Self::Settling(_) | Self::Doubt(_))
    }

    /// Returns whether its call is on its way, or leaves once its intent is durable.
    pub(super) fn is_sending(&self) -> bool {
        matches!(self, Self::Recording { .. } | Self::Calling(_))
    }

    /// Returns whether its call was sent, or is being sent, and nobody has seen its end.
    pub(super) fn has_sent(&self) -> bool {
        match self {
            Self::Settling(Settling { by, .. }) => *by != By::Wait,
            Self::Recording { .. } | Self::Calling(_) | Self::Doubt(_) => true,
            Self::Asking(attempts) => attempts.are_doubted(),
            Self::Ready(ready) => ready.attempts.are_doubted(),
            Self::Waiting | Self::Startable | Self::Finished => false,
        }
    }

    /// Returns whether its step has begun and not ended.
    pub(super) fn is_in_flight(&self) -> bool {
        self.has_place() || self.is_polled() || matches!(self, Self::Calling(_))
    }
}

/// One step of a run.
#[derive(Debug)]
pub(super) struct Tracked {
    waiting_for: usize,
    pub(super) phase: Phase,
    /// When its call was sent or its wait began.
    pub(super) started: Option<Moment>,
    /// When the last progress was told.
    pub(super) told: Option<Moment>,
    /// When a read first found the cloud at work before the call.
    pub(super) held_up_since: Option<Moment>,
}

impl Tracked {
    pub(super) fn waiting_for(predecessors: usize) -> Self {
        Self { waiting_for: predecessors, phase: Phase::Waiting, started: None, told: None, held_up_since: None }
    }

    /// Counts one predecessor off; returns whether none is left.
    pub(super) fn has_one_less_to_wait_for(&mut self) -> bool {
        self.waiting_for -= 1;
        self.waiting_for == 0
    }

    pub(super) fn waits_for_nothing(&self) -> bool {
        self.waiting_for == 0
    }

    /// Returns whether nobody knows if its call was done.
    pub(super) fn is_doubted(&self) -> bool {
        self.phase.attempts().is_some_and(Attempts::are_doubted)
    }

    pub(super) fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Finished)
    }
}
