//! Settling: what each read means for what was sent, and what has taken too long.

use std::time::Duration;

use super::Machine;
use super::phase::{By, Cause, Copies, Doubt, Phase, Settling};
use super::poll::Poll;
use super::time::Moment;
use crate::duration::milliseconds;
use crate::executor::judge::{self, Doubtful, EQUAL_READS};
use crate::journal::Outcome;
use crate::language::Wording;
use crate::plan::Action;
use crate::resource::Status;
use crate::run::{Event, StepReason};

/// How often a step that takes its time is mentioned.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);

/// For how many doubt windows reads may show what was before an answer of the API: two minutes, as a rule. Ten seconds have
/// been seen; what shows the past for longer is told, and nobody waits for it any more.
const LONGEST_LAG: u32 = 8;

/// For how long nothing may have been read of a step before it is no longer said to be still where it was.
const LONGEST_SILENCE: Duration = Duration::from_secs(5);

impl Machine<'_> {
    /// Judges what the last read says of a step that waits for it.
    pub(super) fn judge(&mut self, number: usize) {
        let step = self.planned(number);
        let status = self.last_status(number);
        match (&self.steps[number].phase, step.action) {
            (Phase::Settling(Settling { by, .. }), _) => {
                let by = *by;
                let judgement = status.as_ref().map_or(judge::Settling::Never, |status| judge::settling(step, status));
                match judgement {
                    judge::Settling::Reached if by == By::Sight && self.may_be_of_before(number) => {
                        self.tell_progress(number);
                    }
                    judge::Settling::Reached if by == By::Sight => self.reached_in_doubt(number),
                    // What was accepted will be there, if it is not yet; floors count it as down until reads can be relied on.
                    judge::Settling::Reached => {
                        self.learn_pace(number);
                        self.finish(number, Outcome::Done, None);
                    }
                    judge::Settling::NotYet => self.not_yet(number, status),
                    judge::Settling::Contrary => self.elsewhere(number, status),
                    judge::Settling::Never => {
                        self.finish(number, Outcome::Unsettled, Some(StepReason::Diverted { found: status }));
                    }
                }
            }
            (Phase::Doubt(Doubt { cause, .. }), Action::Call(call)) => match judge::doubtful(call, status.as_ref()) {
                Doubtful::Reached if self.may_be_of_before(number) => self.tell_progress(number),
                Doubtful::Reached => self.reached_in_doubt(number),
                Doubtful::TookEffect => self.settle(number, By::Sight),
                Doubtful::Untouched => self.still_untouched(number),
                Doubtful::Contrary if *cause != Cause::Lost && status.as_ref().is_some_and(Status::is_transitional) => {
                    self.explained(number);
                }
                Doubtful::Contrary => self.doubtfully_elsewhere(number, status),
                Doubtful::Final => self.diverted_in_doubt(number, status),
            },
            _ => {}
        }
    }

    /// A read shows an accepted call, or a wait, not at its goal yet. Back where it came from after it was seen on its way
    /// is somebody's doing once reads agree; never seen on its way is a read that lags, for as long as reads can.
    fn not_yet(&mut self, number: usize, found: Option<Status>) {
        self.tell_progress(number);
        let step = self.planned(number);
        let read = self.last_read(number);
        let Action::Call(call) = step.action else { return };
        let has_lagged = self.is_read_after(number, LONGEST_LAG);
        let apart = self.settings.poll_interval;
        let Phase::Settling(settling) = &mut self.steps[number].phase else { return };
        (settling.contrary, settling.not_yet) = (0, settling.not_yet.max(read));
        if found.as_ref() != Some(call.transition().from) {
            (settling.has_moved, settling.unmoved) = (true, 0);
            return;
        }
        if !counts(&mut settling.counted, read, apart) {
            return;
        }
        settling.unmoved += 1;
        if settling.unmoved < EQUAL_READS {
            return;
        }
        if settling.has_moved {
            self.finish(number, Outcome::Unsettled, Some(StepReason::Diverted { found }));
        } else if has_lagged {
            let waited_ms = milliseconds(self.elapsed(number));
            let because = StepReason::NotSettled { found, waited_ms, unread: false, unread_ms: None, error: None };
            self.finish(number, Outcome::Unsettled, Some(because));
        }
    }

    /// A read shows an accepted call's interface where the call does not lead. Once reads agree on that, and were begun so
    /// long after the answer that they do not show how it came to where the call was sent, it is somebody's doing: a doubt
    /// window where it was seen to move, else as long as reads can lag.
    fn elsewhere(&mut self, number: usize, found: Option<Status>) {
        self.tell_progress(number);
        let (has_settled, has_lagged) = (self.is_read_after(number, 1), self.is_read_after(number, LONGEST_LAG));
        let (read, apart) = (self.last_read(number), self.settings.poll_interval);
        let is_wait = self.planned(number).action == Action::Wait;
        let Phase::Settling(settling) = &mut self.steps[number].phase else { return };
        if !counts(&mut settling.counted, read, apart) {
            return;
        }
        settling.contrary += 1;
        // What is waited for was on its way when the plan was made.
        let is_late = if settling.has_moved || is_wait { has_settled } else { has_lagged };
        if settling.contrary >= EQUAL_READS && is_late {
            self.finish(number, Outcome::Unsettled, Some(StepReason::Diverted { found }));
        }
    }

    /// A read shows a doubtful call's interface where neither the call nor its absence leads. It is somebody's doing once
    /// reads agree on that, and were begun a doubt window after the call.
    fn doubtfully_elsewhere(&mut self, number: usize, found: Option<Status>) {
        self.tell_progress(number);
        let is_late = self.is_read_after(number, 1);
        let (read, apart) = (self.last_read(number), self.settings.poll_interval);
        let Phase::Doubt(doubt) = &mut self.steps[number].phase else { return };
        doubt.untouched = 0;
        if !counts(&mut doubt.counted, read, apart) {
            return;
        }
        doubt.contrary += 1;
        if doubt.contrary >= EQUAL_READS && is_late {
            self.diverted_in_doubt(number, found);
        }
    }

    fn diverted_in_doubt(&mut self, number: usize, found: Option<Status>) {
        let because = StepReason::AnswerLost { found, error: None, diverted: true };
        self.finish(number, Outcome::InDoubt, Some(because));
    }

    /// Returns whether the last read was begun so many doubt windows after the step began to settle, or came into doubt. An
    /// answer that took its time tells of the past.
    fn is_read_after(&self, number: usize, windows: u32) -> bool {
        let step = self.planned(number);
        let Some(begun) = self.sightings.begun(&step.scope, &step.interface_id) else { return false };
        let window = self.settings.doubt_window * windows;
        match self.steps[number].phase {
            Phase::Settling(Settling { deadline, .. }) => begun + self.settle_timeout(number) >= deadline + window,
            Phase::Doubt(Doubt { since, .. }) => begun >= since + window,
            _ => false,
        }
    }

    /// The goal is seen of a call that no answer says was accepted.
    fn reached_in_doubt(&mut self, number: usize) {
        let because = self.answer_lost(number, None);
        self.finish(number, Outcome::DoneUnknown, Some(because));
    }

    /// A read shows the status that the API called incorrect: when it is over, reads tell again.
    fn explained(&mut self, number: usize) {
        if let Phase::Doubt(doubt) = &mut self.steps[number].phase {
            (doubt.untouched, doubt.contrary) = (0, 0);
            doubt.cause = Cause::Explained;
        }
    }

    /// One more read shows a doubtful call's interface untouched. After enough of them it may be sent again, once,
    /// and through the same checks as the first time; where the API itself says that they lag, after as long as they can.
    fn still_untouched(&mut self, number: usize) {
        let is_stopped = self.is_stopped();
        let (is_late, has_lagged) = (self.is_read_after(number, 1), self.is_read_after(number, LONGEST_LAG));
        let (read, apart) = (self.last_read(number), self.settings.poll_interval);
        let Phase::Doubt(doubt) = &mut self.steps[number].phase else { return };
        doubt.contrary = 0;
        if !counts(&mut doubt.counted, read, apart) {
            return;
        }
        doubt.untouched += 1;
        let is_late = if doubt.cause == Cause::Contradiction { has_lagged } else { is_late };
        if doubt.untouched < EQUAL_READS || !is_late {
            return;
        }
        if doubt.attempts.copies == Copies::Resent || is_stopped {
            let error = std::mem::take(&mut doubt.error);
            let because = self.answer_lost(number, Some(error));
            self.finish(number, Outcome::InDoubt, Some(because));
            return;
        }
        let attempts = doubt.attempts;
        self.try_again(number, attempts);
    }

    /// Waits for the goal.
    pub(super) fn settle(&mut self, number: usize, by: By) {
        let since = self.now.instant;
        let deadline = since + self.settle_timeout(number);
        let settling = Settling {
            by,
            since,
            not_yet: since,
            deadline,
            has_moved: false,
            unmoved: 0,
            contrary: 0,
            counted: Moment::default(),
        };
        self.enter(number, Phase::Settling(settling));
    }

    /// Takes in how long an accepted call has taken: the next may be expected to take as long.
    fn learn_pace(&mut self, number: usize) {
        let Phase::Settling(Settling { by: By::Acceptance, since, not_yet, .. }) = self.steps[number].phase else {
            return;
        };
        if let Action::Call(call) = self.planned(number).action {
            self.pace.learn(call, not_yet.since(since), self.last_read(number).since(since));
        }
    }

    /// Returns when the last read of a step's interface began.
    fn last_read(&self, number: usize) -> Moment {
        let step = self.planned(number);
        self.sightings.begun(&step.scope, &step.interface_id).unwrap_or_default()
    }

    pub(super) fn settle_timeout(&self, number: usize) -> Duration {
        self.planned(number).settle_timeout_ms.map_or(self.settings.settle_timeout, Duration::from_millis)
    }

    /// Returns for how long nobody has said where a step's interface is, in milliseconds, where that is longer
    /// than reads are apart, throttled for a moment or not.
    fn unread_for(&self, number: usize) -> Option<u64> {
        let step = self.planned(number);
        let age = self.now.instant.since(self.sightings.begun(&step.scope, &step.interface_id)?);
        (age > LONGEST_SILENCE.max(2 * self.settings.poll_interval)).then(|| milliseconds(age))
    }

    /// Ends what has taken too long, or outlasts the grace after a signal.
    pub(super) fn check_deadlines(&mut self) {
        let now = self.now.instant;
        self.abandoned |= self.grace_ends.is_some_and(|grace_ends| grace_ends <= now);
        for number in self.polled.clone() {
            let step = self.planned(number);
            match &self.steps[number].phase {
                Phase::Settling(Settling { deadline, .. }) if *deadline <= now => {
                    let began = self.steps[number].started.unwrap_or(now);
                    let because = StepReason::NotSettled {
                        found: self.last_status(number),
                        waited_ms: milliseconds(self.settle_timeout(number)),
                        unread: !self.sightings.is_newer(&step.scope, &step.interface_id, began),
                        unread_ms: self.unread_for(number),
                        error: self.polls.get(&step.scope).and_then(Poll::said),
                    };
                    self.finish(number, Outcome::Unsettled, Some(because));
                }
                Phase::Doubt(Doubt { since, .. }) if *since + self.settle_timeout(number) <= now => {
                    let because = self.answer_lost(number, None);
                    self.finish(number, Outcome::InDoubt, Some(because));
                }
                _ => {}
            }
        }
    }

    /// Returns that the answer of a step's call was lost, and what a read found.
    pub(super) fn answer_lost(&self, number: usize, error: Option<Wording>) -> StepReason {
        StepReason::AnswerLost { found: self.last_status(number), error, diverted: false }
    }

    /// Returns how long ago the call of a step was sent, or its wait began.
    pub(super) fn elapsed(&self, number: usize) -> Duration {
        self.steps[number].started.map(|started| self.now.instant.since(started)).unwrap_or_default()
    }

    /// Mentions a step that takes its time, now and then.
    pub(super) fn tell_progress(&mut self, number: usize) {
        let now = self.now.instant;
        let tracked = &mut self.steps[number];
        if tracked.told.is_some_and(|told| now.since(told) < PROGRESS_INTERVAL) {
            return;
        }
        tracked.told = Some(now);
        let step = self.planned(number).id.clone();
        let (status, elapsed) = (self.last_status(number), self.elapsed(number));
        self.tell(Event::Progress { step, status, elapsed });
    }
}

/// Returns whether a read counts among those that have to agree: what reads show that were begun close to each other may be
/// what one replica dreams.
fn counts(counted: &mut Moment, read: Moment, apart: Duration) -> bool {
    let counts = *counted == Moment::default() || read >= *counted + apart;
    if counts {
        *counted = read;
    }
    counts
}
