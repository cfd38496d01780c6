//! How one scope is read: at most one read is on its way at a time.

use std::time::Duration;

use super::sightings::{Question, ReadNumber};
use super::time::Moment;

/// How a scope is read.
#[derive(Debug, Default)]
pub(super) struct Poll {
    /// The read that is on its way.
    reading: Option<(ReadNumber, Question)>,
    /// When the last read began.
    last: Option<Moment>,
    /// How many interfaces the scope has, if a page told.
    pub(super) total: Option<u32>,
}

impl Poll {
    /// Takes in that a read was begun, by whomever.
    pub(super) fn begin(&mut self, begun: Moment) {
        self.last = Some(begun);
    }

    /// Takes in that a read is on its way.
    pub(super) fn send(&mut self, number: ReadNumber, question: Question) {
        debug_assert!(self.reading.is_none(), "a scope has one read on its way");
        self.last = Some(question.begun);
        self.reading = Some((number, question));
    }

    pub(super) fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    /// Returns what the read of this number asks for, while it is on its way.
    pub(super) fn question(&self, number: ReadNumber) -> Option<&Question> {
        self.reading.as_ref().filter(|(reading, _)| *reading == number).map(|(_, question)| question)
    }

    /// Ends the read of this number, and returns what it asked for; `None` where it was given up.
    pub(super) fn end(&mut self, number: ReadNumber) -> Option<Question> {
        self.reading.take_if(|(reading, _)| *reading == number).map(|(_, question)| question)
    }

    /// Gives up what is on its way.
    pub(super) fn give_up(&mut self) {
        self.reading = None;
    }

    /// Returns when the next read is due; `None` for a scope that was never read, which is due since long ago.
    pub(super) fn next(&self, interval: Duration) -> Option<Moment> {
        self.last.map(|last| last + interval)
    }
}
