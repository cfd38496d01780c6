//! Reading and settling: one shared read per scope for everything that is ready or in flight there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::cloud::listing::{self, Listing, ScopeRead};
use crate::cloud::{Cloud, CloudError};
use crate::journal::Outcome;
use crate::plan::{Action, Goal};
use crate::resource::{RouterInterfaceId, Scope, Status};
use crate::run::{Event, StepReason};
use crate::store::Store;

use super::admission::READS_OF_A_GOAL;
use super::judge::{self, Doubtful, Settling};
use super::pages::{Arrived, Watched};
use super::tracked::{Cause, Phase};
use super::{EQUAL_READS, Execution, Gate, Read};

/// How often a step that takes its time is mentioned.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(10);

/// For how many doubt windows reads may show what was before an answer of the API: two minutes, as a rule. Ten seconds have
/// been seen; what shows the past for longer is told, and nobody waits for it any more.
const LONGEST_LAG: u32 = 8;

/// A sleep that is longer than any run.
const FAR_AWAY: Duration = Duration::from_secs(86_400);

impl<'a, C: Cloud, S: Store, G: Gate> Execution<'a, C, S, G> {
    /// Starts every read that is due: at once where a ready step needs one, once per interval where something is in
    /// flight. A scope has at most one read on its way.
    pub(super) fn start_reads(&mut self) {
        let now = Instant::now();
        let mut due: BTreeMap<&'a Scope, BTreeSet<RouterInterfaceId>> = BTreeMap::new();
        for number in self.ready.clone() {
            let Phase::Ready { since, not_before } = self.steps[number].phase else { continue };
            if not_before > now {
                continue;
            }
            // A ready step that is still here was not admitted on what is known: ask anew for all it rests on, and keep it
            // young while another region takes its time.
            for page in self.rests_on(number) {
                let is_young = self.sightings.is_young(page.scope, page.id, self.settings.max_read_age);
                if !is_young || !self.sightings.is_newer(page.scope, page.id, since) {
                    due.entry(page.scope).or_default().insert(page.id.clone());
                }
            }
            for other in self.predecessors(number) {
                let step = self.step(other);
                if self.sightings.alike(&step.scope, &step.interface_id) < READS_OF_A_GOAL {
                    due.entry(&step.scope).or_default().insert(step.interface_id.clone());
                }
            }
        }
        for number in &self.polled {
            let step = self.step(*number);
            let is_due = self.next_poll(&step.scope) <= now;
            if is_due || due.contains_key(&step.scope) {
                due.entry(&step.scope).or_default().insert(step.interface_id.clone());
            }
        }
        for (scope, ids) in due {
            self.start_read(scope, ids);
        }
    }

    pub(super) fn start_read(&mut self, scope: &'a Scope, ids: BTreeSet<RouterInterfaceId>) {
        let poll = self.polls.entry(scope.clone()).or_default();
        if poll.reading {
            return;
        }
        let begun = Instant::now();
        poll.reading = true;
        poll.last = Some(begun);
        let (cloud, total) = (self.around.cloud, poll.total);
        let goal = self.goal_in(scope);
        let number = self.sightings.begin_read();
        let cloud = Watched { cloud, read: number, begun, pages: self.pages.0.clone() };
        self.reads.push(Box::pin(async move {
            let cloud = &cloud;
            let mut listing = Listing::of(total);
            let outcome = match goal {
                Some(goal) => listing::poll_into(cloud, scope, &ids, &goal, &mut listing).await,
                None => listing::read_into(cloud, scope, &ids, &mut listing).await,
            };
            Read { number, scope: scope.clone(), ids, begun, listing, outcome }
        }));
    }

    /// Returns the status that the first polled step in `scope` aims for; a wrong guess costs calls, never correctness.
    fn goal_in(&self, scope: &Scope) -> Option<Status> {
        let step = self.polled.iter().map(|number| self.step(*number)).find(|step| step.scope == *scope)?;
        Some(if step.goal == Goal::Inactive { Status::Inactive } else { Status::Active })
    }

    fn next_poll(&self, scope: &Scope) -> Instant {
        match self.polls.get(scope).and_then(|poll| poll.last) {
            Some(last) => last + self.settings.poll_interval,
            // Never read: due since long ago.
            None => self.began,
        }
    }

    /// When something has to be done even if nothing arrives.
    pub(super) fn next_wake_up(&self) -> Instant {
        let mut wake_up = Instant::now() + FAR_AWAY;
        for number in &self.polled {
            let step = self.step(*number);
            if !self.polls.get(&step.scope).is_some_and(|poll| poll.reading) {
                wake_up = wake_up.min(self.next_poll(&step.scope));
            }
            if let Phase::Settling { deadline, .. } = self.steps[*number].phase {
                wake_up = wake_up.min(deadline);
            }
        }
        for number in &self.ready {
            if let Phase::Ready { not_before, .. } = self.steps[*number].phase
                && not_before > Instant::now()
            {
                wake_up = wake_up.min(not_before);
            }
        }
        self.grace_ends.map_or(wake_up, |grace_ends| wake_up.min(grace_ends))
    }

    /// Gives up the reads that are on their way, with the pages of them that have arrived.
    pub(super) fn drop_reads(&mut self) {
        self.reads.clear();
        while self.pages.1.try_recv().is_ok() {}
    }

    /// Takes in every page that has arrived.
    pub(super) fn take_pages(&mut self) {
        while let Ok(arrived) = self.pages.1.try_recv() {
            self.on_page(arrived);
        }
    }

    /// Takes in one page of a read that goes on: what rests on it alone need not wait for the others.
    pub(super) fn on_page(&mut self, arrived: Arrived) {
        let Arrived { read, scope, begun, page } = arrived;
        self.sightings.record_page(read, scope, begun, page);
    }

    /// Takes in a read and judges everything that waits for it.
    pub(super) fn on_read(&mut self, read: Read) {
        // Its pages came before it, and must not be taken in after what it says in the end.
        self.take_pages();
        let poll = self.polls.entry(read.scope.clone()).or_default();
        poll.reading = false;
        let Read { number, scope, ids, begun, listing, outcome } = read;
        if let Err(error) = outcome {
            self.sightings.record_bad_news(ScopeRead { scope: scope.clone(), ids, begun, listing });
            self.forget_what_has_ended();
            self.on_failed_read(&scope, &error);
            return;
        }
        poll.total = listing.total.or(poll.total);
        let concerned: Vec<usize> = self
            .polled
            .iter()
            .copied()
            .filter(|number| {
                let step = self.step(*number);
                step.scope == scope && ids.contains(&step.interface_id)
            })
            .collect();
        self.sightings.record_as(number, ScopeRead { scope, ids, begun, listing });
        self.forget_what_has_ended();
        for number in concerned {
            self.judge(number);
        }
    }

    /// What was about to start cannot be checked, so it is not started; what is in flight is read again until its
    /// own deadline.
    fn on_failed_read(&mut self, scope: &Scope, error: &CloudError) {
        (self.around.emit)(&Event::CannotRead { scope: scope.clone(), error: error.to_string() });
        for number in self.ready.clone() {
            let needs_it = self.rests_on(number).iter().any(|page| page.scope == scope)
                || self.predecessors(number).any(|other| self.step(other).scope == *scope);
            if needs_it {
                let outcome = if self.steps[number].doubted { Outcome::InDoubt } else { Outcome::Failed };
                let because = StepReason::Unread { scope: scope.clone(), error: error.to_string() };
                self.finish(number, outcome, Some(because));
            }
        }
    }

    fn judge(&mut self, number: usize) {
        let step = self.step(number);
        let observed = self.sightings.get(&step.scope, &step.interface_id);
        let status = observed.map(|observed| observed.status.clone());
        match (&self.steps[number].phase, step.action) {
            (Phase::Settling { .. }, _) => {
                let judgement = status.as_ref().map_or(Settling::Never, |status| judge::settling(step, status));
                match judgement {
                    Settling::Reached => self.reached(number),
                    Settling::NotYet => self.not_yet(number, status),
                    Settling::Never => {
                        self.finish(number, Outcome::Unsettled, Some(StepReason::Diverted { found: status }));
                    }
                }
            }
            (&Phase::Doubt { cause, .. }, Action::Call(call)) => match judge::doubtful(call, status.as_ref()) {
                Doubtful::Reached => self.reached(number),
                Doubtful::TookEffect => self.settle(number),
                Doubtful::Untouched => self.still_untouched(number),
                Doubtful::Foreign if cause != Cause::Lost && status.as_ref().is_some_and(Status::is_transitional) => {
                    self.explained(number);
                }
                Doubtful::Foreign => {
                    let because = StepReason::AnswerLost { found: status, error: None, diverted: true };
                    self.finish(number, Outcome::InDoubt, Some(because));
                }
            },
            _ => {}
        }
    }

    /// A read shows an accepted call, or a wait, not at its goal yet. Back where it came from after it was seen on its way
    /// is somebody's doing once reads agree; never seen on its way is a read that lags, for as long as reads can.
    fn not_yet(&mut self, number: usize, found: Option<Status>) {
        self.tell_progress(number);
        let step = self.step(number);
        let Action::Call(call) = step.action else { return };
        let begun = self.sightings.begun(&step.scope, &step.interface_id);
        let (timeout, longest_lag) = (self.settle_timeout(number), self.settings.doubt_window * LONGEST_LAG);
        let Phase::Settling { deadline, has_moved, unmoved } = &mut self.steps[number].phase else { return };
        if found.as_ref() != Some(call.transition().from) {
            (*has_moved, *unmoved) = (true, 0);
            return;
        }
        *unmoved += 1;
        if *unmoved < EQUAL_READS {
            return;
        }
        if *has_moved {
            self.finish(number, Outcome::Unsettled, Some(StepReason::Diverted { found }));
        } else if begun.is_some_and(|begun| begun + timeout >= *deadline + longest_lag) {
            let waited_ms = u64::try_from(self.steps[number].elapsed().as_millis()).unwrap_or(u64::MAX);
            self.finish(number, Outcome::Unsettled, Some(StepReason::NotSettled { found, waited_ms, unread: false }));
        }
    }

    fn reached(&mut self, number: usize) {
        if self.steps[number].doubted && !self.steps[number].accepted {
            let because = self.answer_lost(number, None);
            self.finish(number, Outcome::DoneUnknown, Some(because));
        } else {
            self.finish(number, Outcome::Done, None);
        }
    }

    /// A read shows the status that the API called incorrect: when it is over, reads tell again.
    fn explained(&mut self, number: usize) {
        if let Phase::Doubt { untouched, cause, .. } = &mut self.steps[number].phase {
            *untouched = 0;
            *cause = Cause::Explained;
        }
    }

    /// One more read shows a doubtful call's interface untouched. After enough of them it may be sent again, once,
    /// and through the same checks as the first time; where the API itself says that they lag, after as long as they can.
    fn still_untouched(&mut self, number: usize) {
        let is_stopped = self.is_stopped();
        let step = self.step(number);
        let begun = self.sightings.begun(&step.scope, &step.interface_id);
        let tracked = &mut self.steps[number];
        let Phase::Doubt { since, untouched, error, cause } = &mut tracked.phase else { return };
        *untouched += 1;
        let windows = if *cause == Cause::Contradiction { LONGEST_LAG } else { 1 };
        let window = self.settings.doubt_window * windows;
        // An answer that took its time tells of the past.
        let is_late = begun.is_some_and(|begun| begun >= *since + window);
        if *untouched < EQUAL_READS || !is_late {
            return;
        }
        if tracked.resent || is_stopped {
            let error = std::mem::take(error);
            let because = self.answer_lost(number, Some(error));
            self.finish(number, Outcome::InDoubt, Some(because));
            return;
        }
        self.try_again(number);
    }

    /// Waits for the goal of an accepted call.
    pub(super) fn settle(&mut self, number: usize) {
        let deadline = Instant::now() + self.settle_timeout(number);
        self.steps[number].phase = Phase::Settling { deadline, has_moved: false, unmoved: 0 };
        self.polled.insert(number);
    }

    pub(super) fn settle_timeout(&self, number: usize) -> Duration {
        self.step(number).settle_timeout_ms.map_or(self.settings.settle_timeout, Duration::from_millis)
    }

    /// Ends what has taken too long, or outlasts the grace after a signal.
    pub(super) fn check_deadlines(&mut self) {
        let now = Instant::now();
        self.abandoned |= self.grace_ends.is_some_and(|grace_ends| grace_ends <= now);
        for number in self.polled.clone() {
            let step = self.step(number);
            match self.steps[number].phase {
                Phase::Settling { deadline, .. } if deadline <= now => {
                    let waited = self.settle_timeout(number).as_millis();
                    let began = self.steps[number].started.unwrap_or(now);
                    let because = StepReason::NotSettled {
                        found: self.last_status(number),
                        waited_ms: u64::try_from(waited).unwrap_or(u64::MAX),
                        unread: !self.sightings.is_newer(&step.scope, &step.interface_id, began),
                    };
                    self.finish(number, Outcome::Unsettled, Some(because));
                }
                Phase::Doubt { since, .. } if since + self.settle_timeout(number) <= now => {
                    let because = self.answer_lost(number, None);
                    self.finish(number, Outcome::InDoubt, Some(because));
                }
                _ => {}
            }
        }
    }

    /// Returns what was read last of a step's interface; `None` where nothing was, or it is gone.
    pub(super) fn last_status(&self, number: usize) -> Option<Status> {
        let step = self.step(number);
        self.sightings.get(&step.scope, &step.interface_id).map(|observed| observed.status.clone())
    }

    /// Returns that the answer of a step's call was lost, and what a read found.
    pub(super) fn answer_lost(&self, number: usize, error: Option<String>) -> StepReason {
        StepReason::AnswerLost { found: self.last_status(number), error, diverted: false }
    }

    /// Mentions a step that takes its time, now and then.
    pub(super) fn tell_progress(&mut self, number: usize) {
        let now = Instant::now();
        let tracked = &mut self.steps[number];
        let last = tracked.told.or(tracked.started).unwrap_or(now);
        if tracked.told.is_some() && now.duration_since(last) < PROGRESS_INTERVAL {
            return;
        }
        tracked.told = Some(now);
        let elapsed = tracked.elapsed();
        let step = self.step(number);
        let status = self.last_status(number);
        (self.around.emit)(&Event::Progress { step: step.id.clone(), status, elapsed });
    }
}
