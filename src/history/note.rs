//! What is odd about what is recorded, as facts.

use crate::language::Wording;
use crate::state::RunId;

/// Something odd about what is recorded, which stops nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A crash cut the last write to the journal off; it was never durable.
    TornEnd {
        /// The journal.
        journal: String,
        /// How many bytes are dropped.
        bytes: usize,
    },
    /// The lock was taken over from a process that is gone; how the lock says so.
    TakenOver(Wording),
    /// The state was written once and is not there.
    StateMissing {
        /// The state.
        state: String,
        /// An older copy of it, if there is one.
        backup: Option<String>,
        /// How many interfaces the runs that are kept tell of.
        records: usize,
    },
    /// The state was put aside since it cannot be trusted; what it said is taken from the runs that are kept.
    StateAnew {
        /// The state.
        state: String,
        /// How many interfaces they tell of.
        records: usize,
    },
    /// The state is an older copy than its journal; what it lacks is taken from there.
    StateOlder {
        /// The state.
        state: String,
        /// Its serial.
        serial: u64,
        /// The serial that the journal tells.
        told: u64,
        /// How many runs it lacks.
        runs: usize,
    },
    /// The state and its journal are of different histories.
    OtherLineage {
        /// The state.
        state: String,
        /// The last run of the journal, which was not the state's own, if one is there.
        run: Option<RunId>,
    },
    /// The state of a shared store is older than what was seen there before: it was restored, or is another's.
    WentBack {
        /// The state.
        state: String,
        /// Its serial; 0 where there is none.
        found: u64,
        /// The newest that was seen from here.
        known: u64,
    },
    /// A run is recorded, and could not be taken into the archive; the next command that writes does that.
    NotArchived {
        /// Why, in the words of the store.
        error: String,
    },
}

impl Note {
    /// Tells of a state that is missing since it was just put aside, and was not lost.
    pub(super) fn put_aside(&mut self) {
        if let Self::StateMissing { state, records, .. } = self {
            *self = Self::StateAnew { state: std::mem::take(state), records: *records };
        }
    }
}
