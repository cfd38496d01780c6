//! How one scope is read: at most one read is on its way at a time.

use crate::cloud::{CloudError, ErrorKind};
use crate::language::Wording;

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
    /// Why the last reads failed.
    failing: Option<Failing>,
    /// Why the read that is on its way has no answer yet, where that is known.
    waits_because: Option<Wording>,
}

/// Reads that fail one after the other, for the same reason.
#[derive(Debug)]
struct Failing {
    kind: ErrorKind,
    code: Option<Box<str>>,
    /// What the last one said.
    said: Wording,
    times: u32,
}

/// What a failed read is, after those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// The one before it did not fail, or failed for another reason.
    pub(super) is_news: bool,
    /// It will fail again, however long anybody waits: so said the one before it.
    pub(super) is_for_good: bool,
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

    /// Takes in that a read has failed.
    pub(super) fn fail(&mut self, error: &CloudError) -> Failure {
        let before = self.failing.take().filter(|last| last.kind == error.kind && last.code == error.code);
        let times = before.map_or(0, |last| last.times) + 1;
        self.waits_because = None;
        self.failing = Some(Failing {
            kind: error.kind,
            code: error.code.clone(),
            said: Wording::new(|| error.to_string()),
            times,
        });
        Failure { is_news: times == 1, is_for_good: self.is_lost() }
    }

    /// Returns whether the scope cannot be read any more, however long anybody waits.
    pub(super) fn is_lost(&self) -> bool {
        self.failing.as_ref().is_some_and(|failing| failing.times > 1 && !failing.kind.can_pass())
    }

    /// Takes in why the read that is on its way has no answer yet.
    pub(super) fn wait_because(&mut self, said: Option<Wording>) {
        self.waits_because = said;
    }

    /// Returns what is in the way of a read, or was of the last one; `None` where that succeeded.
    pub(super) fn said(&self) -> Option<Wording> {
        self.waits_because.clone().or_else(|| self.failing.as_ref().map(|failing| failing.said.clone()))
    }

    /// Takes in that a read has succeeded.
    pub(super) fn succeed(&mut self) {
        self.failing = None;
        self.waits_because = None;
    }

    /// Gives up what is on its way.
    pub(super) fn give_up(&mut self) {
        self.reading = None;
    }

    /// Returns when the last read began; `None` for a scope that was never read.
    pub(super) fn last(&self) -> Option<Moment> {
        self.last
    }
}
