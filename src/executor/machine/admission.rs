//! What may be sent: a place under the quota, compare and swap against a fresh read, the floors again.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::earlier::Leftover;
use super::Machine;
use super::floors::{Refused, Seen};
use super::health::Fresh;
use super::phase::{Attempts, By, Phase, Ready};
use super::port::Effect;
use super::time::Moment;
use super::timing::NotNow;
use crate::clock::BootTime;
use crate::cloud::{CALLS_AT_ONCE, Call};
use crate::duration::milliseconds;
use crate::executor::judge::{self, Before};
use crate::journal::{Entry, NOT_SENT, Outcome};
use crate::plan::{Action, FloorMember};
use crate::resource::{Address, BusinessStatus, Observed, RouterInterfaceId, Scope, Status};
use crate::run::{Event, OldPage, StepReason};

/// How often all that a call rests on is read and is too old by then, before that is a failure.
const ROUNDS: u32 = 3;

/// How many reads in a row have to show the goal of a step before what waits for it is sent.
pub(super) const READS_OF_A_GOAL: u32 = 2;

/// One interface that a call rests on.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) address: &'a Address,
    pub(super) scope: &'a Scope,
    pub(super) id: &'a RouterInterfaceId,
}

/// What a ready step turned out to be.
pub(super) enum Verdict {
    /// Its call may leave, until then.
    Send {
        until: BootTime,
    },
    /// It sends nothing, and begins to wait.
    Wait,
    Finish(Outcome, Option<StepReason>),
    Hold,
}

impl<'a> Machine<'a> {
    /// Makes a step startable if its wave has begun.
    pub(super) fn release(&mut self, number: usize) {
        let in_wave = self.plan.rollout.is_none() || self.planned(number).wave <= self.wave;
        if in_wave && matches!(self.steps[number].phase, Phase::Waiting) {
            self.enter(number, Phase::Startable);
        }
    }

    /// Asks for places under the quota, as many as `parallelism` and each scope's quota have left. A wait needs none.
    pub(super) fn ask_permits(&mut self) {
        if self.is_stopped() {
            let asking = self.in_flight.iter().filter(|number| matches!(self.steps[**number].phase, Phase::Asking(_)));
            for number in asking.chain(&self.startable).copied().collect::<Vec<_>>() {
                self.withdraw(number);
            }
            return;
        }
        let most = self.settings.parallelism.unwrap_or(usize::MAX).max(1);
        for number in self.startable.clone() {
            let Action::Call(call) = self.planned(number).action else {
                self.await_read(number, Attempts::default());
                continue;
            };
            if self.tallies.calls >= most {
                break;
            }
            if self.tallies.around(number).calls >= self.settings.per_scope.max(1) {
                continue;
            }
            self.ask_permit(number, call, Duration::ZERO, Attempts::default());
        }
    }

    /// Asks for a place for one call, after a pause.
    pub(super) fn ask_permit(&mut self, number: usize, call: Call, after: Duration, attempts: Attempts) {
        self.enter(number, Phase::Asking(attempts));
        self.effects.push(Effect::AskPermit { step: number, call, after });
    }

    /// Sends a doubtful call once more, through the same checks as the first time.
    pub(super) fn try_again(&mut self, number: usize, attempts: Attempts) {
        if let Action::Call(call) = self.planned(number).action {
            self.ask_permit(number, call, Duration::ZERO, attempts);
        }
    }

    /// Takes in that a step has its place; it means nothing any more where the step was withdrawn meanwhile.
    pub(super) fn on_permit(&mut self, number: usize) {
        if let Phase::Asking(attempts) = self.steps[number].phase {
            self.await_read(number, attempts);
        }
    }

    /// Lets a step wait for a read that is begun from now on, or one that is young enough.
    fn await_read(&mut self, number: usize, attempts: Attempts) {
        let now = self.now.instant;
        self.enter(number, Phase::Ready(Ready { attempts, since: now, not_before: now }));
    }

    /// Looks at every ready step that has a fresh read; returns whether one has ended.
    pub(super) fn admit(&mut self) -> bool {
        let unfinished = self.unfinished;
        for number in self.ready.clone() {
            if self.is_stopped() {
                self.withdraw(number);
                continue;
            }
            if self.is_sending_all_it_may() {
                break;
            }
            match self.examine(number) {
                None | Some(Verdict::Hold) => {}
                Some(Verdict::Finish(outcome, because)) => self.finish(number, outcome, because),
                Some(Verdict::Send { until }) => self.start(number, Some(until)),
                Some(Verdict::Wait) => self.start(number, None),
            }
        }
        self.unfinished < unfinished
    }

    /// Returns whether as many calls are on their way as there are connections for: what is ready waits, and is looked at
    /// again before it leaves.
    pub(super) fn is_sending_all_it_may(&self) -> bool {
        self.sending.len() >= CALLS_AT_ONCE
    }

    /// A ready step that is not going to be sent: nothing was done, unless an earlier answer was lost.
    pub(super) fn withdraw(&mut self, number: usize) {
        if self.steps[number].is_doubted() {
            self.finish(number, Outcome::InDoubt, Some(StepReason::Unwatched));
        } else {
            self.leave_unstarted(number);
        }
    }

    /// Returns `None` where a read is needed first.
    fn examine(&mut self, number: usize) -> Option<Verdict> {
        let Phase::Ready(Ready { attempts, since, not_before }) = self.steps[number].phase else { return None };
        let step = self.planned(number);
        let newer = self.sightings.is_newer(&step.scope, &step.interface_id, since);
        let observed = self.sightings.get(&step.scope, &step.interface_id);
        let is_young =
            self.is_young(&step.scope, &step.interface_id) && !self.may_have_moved_with_its_other_end(number);
        if not_before > self.now.instant || !(newer || is_young) {
            return None;
        }
        let status = observed.map(|observed| &observed.status);
        match judge::before(step, status) {
            Before::AtGoal if self.may_be_of_before(number) => Some(self.hold(number)),
            Before::AtGoal if attempts.are_doubted() => Some(self.found(number)),
            Before::AtGoal => Some(Verdict::Finish(Outcome::Already, None)),
            // Only a read that was begun after the step became ready may refuse it.
            Before::Moved if !newer => None,
            Before::Moved => {
                let because = StepReason::Moved { expected: step.expect.clone(), found: status.cloned() };
                Some(Verdict::Finish(Outcome::Moved, Some(because)))
            }
            Before::InTransition if step.action == Action::Wait => Some(Verdict::Wait),
            Before::InTransition => Some(self.hold(number)),
            // What was refused, or has no clear answer, is not sent again on what was read before that.
            Before::AsExpected if attempts.is_repeat() && !newer => None,
            Before::AsExpected if self.is_on_its_way(number) => Some(self.hold(number)),
            Before::AsExpected => self.examine_guards(number, since),
        }
    }

    pub(super) fn is_young(&self, scope: &Scope, id: &RouterInterfaceId) -> bool {
        self.sightings.is_young(scope, id, self.settings.max_read_age, self.now.boot)
    }

    /// Returns whether an earlier run sent the same: accepted, it is waited for, whatever a stale read shows; in doubt, it
    /// is sent again after a doubt window only.
    fn is_on_its_way(&self, number: usize) -> bool {
        let step = self.planned(number);
        self.earlier.get(&step.address).into_iter().flatten().any(|on_its_way| {
            on_its_way.call.kind != Leftover::JustDone
                && step.action == Action::Call(on_its_way.call.call)
                && (on_its_way.call.accepted || on_its_way.again_at > self.now.instant)
        })
    }

    /// What the spec guards, from the same fresh reads.
    fn examine_guards(&mut self, number: usize, since: Moment) -> Option<Verdict> {
        let step = self.planned(number);
        let Action::Call(call) = step.action else { return Some(Verdict::Wait) };
        let observed = self.sightings.get(&step.scope, &step.interface_id)?;
        if let Some(because) = locked(call, observed) {
            return Some(Verdict::Finish(Outcome::Guarded, Some(because)));
        }
        let time_left = match self.time_left(number) {
            Ok(time_left) => time_left,
            Err(NotNow { outcome, because }) => return Some(Verdict::Finish(outcome, Some(because))),
        };
        let own = self.sightings.asked(&step.scope, &step.interface_id)?;
        // Asked for at once with what the floors rest on, so that neither grows old beside the other.
        let (quiet, others) = match call {
            Call::Deactivate => (self.examine_quiet(number, since), self.examine_floors(number, since)),
            Call::Activate => (Ok(None), self.examine_needs(number, since)),
        };
        let routes = match others {
            Ok(_) if call == Call::Deactivate => self.examine_routes(number, since),
            _ => Ok(None),
        };
        let oldest = match others.and_then(|others| Ok([others, routes?, quiet?])) {
            Ok(others) => others.into_iter().flatten().fold(own, Ord::min),
            Err(verdict) => return verdict,
        };
        if let Err(verdict) = self.examine_predecessors(number) {
            return verdict;
        }
        let until = oldest.after(self.settings.max_read_age);
        if until >= self.now.boot {
            let until = time_left.map_or(until, |left| until.min(self.now.boot.after(left)));
            return Some(Verdict::Send { until });
        }
        let mut hops = self.hops_worth_reading(number).into_iter();
        let is_read = self.rests_on(number).iter().all(|page| self.sightings.is_newer(page.scope, page.id, since))
            && hops.all(|(scope, id)| self.sightings.is_newer(scope, &id, since));
        // What was too old may have been a health check: the pages may be new enough for the next round.
        if is_read { self.next_round(number).or_else(|| self.examine(number)) } else { None }
    }

    /// Returns whether nothing that was read since a call was admitted forbids it.
    pub(super) fn is_still_allowed(&mut self, number: usize) -> bool {
        let step = self.planned(number);
        let observed = self.sightings.get(&step.scope, &step.interface_id);
        let is_expected = judge::before(step, observed.map(|observed| &observed.status)) == Before::AsExpected;
        let is_known = self.sightings.asked(&step.scope, &step.interface_id).is_some();
        let (since, action) = (Moment::default(), step.action);
        is_expected
            && is_known
            && match action {
                Action::Call(Call::Deactivate) => {
                    self.examine_floors(number, since).is_ok()
                        && self.examine_routes(number, since).is_ok()
                        && self.examine_quiet(number, since).is_ok()
                }
                Action::Call(Call::Activate) => self.examine_needs(number, since).is_ok(),
                Action::Wait => true,
            }
    }

    /// Returns what counts for a step of what is asked for beside pages.
    pub(super) fn fresh(&self, number: usize, since: Moment) -> Fresh {
        // Where something has been too old already, whoever is asked is asked at once, and not one after the other.
        let is_first = self.steps[number].phase.attempts().is_none_or(|attempts| attempts.rounds == 0);
        let max_age = if is_first { self.settings.max_read_age } else { Duration::ZERO };
        Fresh { since, now: self.now.boot, max_age }
    }

    /// Returns when the oldest page was asked for on which the floors around a Deactivate rest.
    ///
    /// The one place where floors are judged, and the health of the members that keep one: what is not known of that is
    /// asked for here, and its age is among those of the pages.
    fn examine_floors(&mut self, number: usize, since: Moment) -> Result<Option<BootTime>, Option<Verdict>> {
        let step = self.planned(number);
        let fresh = self.fresh(number, since);
        let seen = Seen {
            sightings: &self.sightings,
            is_going_down: &|address| self.is_going_down(address),
            is_coming_up: &|address| self.is_coming_up(address),
            health: &|end| self.checks.of(end, fresh),
        };
        match self.floors.allow(&step.address, &seen) {
            Ok(oldest) => Ok(oldest),
            Err(Refused::Unasked(ends)) => {
                self.ask_health(ends);
                Err(None)
            }
            Err(Refused::Broken(because)) => {
                let sides = self.floors.sides_to_read(&step.address, &self.sightings);
                if self.is_any_just_moved(sides.map(|side| &side.address)) {
                    // In a moment reads can be relied on.
                    self.tell_held_up(number);
                    return Err(Some(self.hold(number)));
                }
                let mut sides = self.floors.sides_to_read(&step.address, &self.sightings);
                let is_read = sides.all(|side| self.sightings.is_newer(&side.scope, &side.interface_id, since));
                Err(is_read.then_some(Verdict::Finish(Outcome::Guarded, Some(because))))
            }
        }
    }

    /// Says for whom a call waits, and how long at most: once.
    fn tell_held_up(&mut self, number: usize) {
        if self.steps[number].held_up_since.is_some() {
            return;
        }
        let step = self.planned(number);
        let just_moved = |side: &FloorMember| {
            let earlier = self.earlier.get(&side.address)?.iter();
            let until = earlier.filter(|one| one.call.kind == Leftover::JustDone).map(|one| one.until).max()?;
            Some((side.address.clone(), until))
        };
        let moved: Vec<(Address, Moment)> =
            self.floors.sides_to_read(&step.address, &self.sightings).filter_map(just_moved).collect();
        let Some(until) = moved.iter().map(|(_, until)| *until).max() else { return };
        let moved: BTreeSet<Address> = moved.into_iter().map(|(address, _)| address).collect();
        let wait = until.since(self.now.instant);
        self.tell(Event::HeldUp { step: step.id.clone(), moved: moved.into_iter().collect(), wait });
    }

    /// Lists everything that a call rests on: its own interface, what its floors count, what it needs.
    pub(super) fn rests_on(&self, number: usize) -> Vec<Side<'a>> {
        let step = self.planned(number);
        let own = Side { address: &step.address, scope: &step.scope, id: &step.interface_id };
        let side = |side: &'a FloorMember| Side { address: &side.address, scope: &side.scope, id: &side.interface_id };
        let mut all = vec![own];
        match step.action {
            Action::Call(Call::Deactivate) => {
                let is_going_down = |address: &Address| self.is_going_down(address);
                let sides = self.floors.sides_worth_reading(&step.address, &self.sightings, &is_going_down);
                all.extend(sides.into_iter().map(side));
            }
            Action::Call(Call::Activate) => {
                all.extend(self.needs.get(&step.address).into_iter().flatten().map(side));
            }
            Action::Wait => {}
        }
        all
    }

    /// All that a call rests on was read, and some of it was too old by then. After some rounds of that it is not tried
    /// again: it would never be sent on what is true.
    fn next_round(&mut self, number: usize) -> Option<Verdict> {
        let mut attempts = self.steps[number].phase.attempts()?;
        attempts.rounds += 1;
        self.await_read(number, attempts);
        if attempts.rounds < ROUNDS {
            return None;
        }
        let max_age = self.settings.max_read_age;
        let mut old = self.old_pages(number);
        old.sort_by(|one, other| {
            (&one.address, one.is_check, one.age_ms).cmp(&(&other.address, other.is_check, other.age_ms))
        });
        old.dedup();
        let because = StepReason::TooOld { pages: old, max_age_ms: milliseconds(max_age), rounds: ROUNDS };
        Some(Verdict::Finish(Outcome::Failed, Some(because)))
    }

    /// Lists the pages and health checks that a call rests on and that were asked for too long ago.
    fn old_pages(&self, number: usize) -> Vec<OldPage> {
        let old = |address: &Address, scope: &Scope, asked: Option<BootTime>, is_check: bool| {
            let age = self.now.boot.since(asked?);
            (age > self.settings.max_read_age).then(|| OldPage {
                address: address.clone(),
                scope: scope.clone(),
                age_ms: milliseconds(age),
                is_check,
                is_traffic: false,
            })
        };
        let pages = self.rests_on(number).into_iter();
        let pages =
            pages.filter_map(|page| old(page.address, page.scope, self.sightings.asked(page.scope, page.id), false));
        let checks = self.floors.checks(&self.planned(number).address);
        let checks = checks
            .filter_map(|(address, end)| old(address, end.scope.as_ref()?, self.checks.asked(&end.interface_id), true));
        let step = self.planned(number);
        let traffic = old(&step.address, &step.scope, self.meter.asked(&step.interface_id), false);
        let traffic = traffic.filter(|_| Self::is_deactivation(step)).map(|page| OldPage { is_traffic: true, ..page });
        pages.chain(checks).chain(traffic).collect()
    }

    /// Does not send a call whose intent is on disk: what it rests on is too old by now, or nothing new is started.
    pub(super) fn hold_back(&mut self, number: usize) {
        let (Phase::Recording { attempts, .. } | Phase::Calling(attempts)) = self.steps[number].phase else { return };
        self.record_not_sent(number);
        self.await_read(number, attempts);
        if self.is_stopped() {
            self.withdraw(number);
        } else if let Some(Verdict::Finish(outcome, because)) = self.next_round(number) {
            self.finish(number, outcome, because);
        }
    }

    /// Closes an intent whose call has not left, and will not.
    pub(super) fn record_not_sent(&mut self, number: usize) {
        let (step, at) = (self.planned(number), self.now.wall);
        self.record(Entry::Refused { step: step.id.clone(), at, detail: NOT_SENT.to_owned(), receipt: None });
        if !self.steps[number].is_doubted() {
            self.going_down.remove(&step.address);
        }
    }

    /// The cloud is at work on the interface although the plan did not say so: wait for it, within the settle timeout.
    pub(super) fn hold(&mut self, number: usize) -> Verdict {
        let (step, now) = (self.planned(number), self.now.instant);
        let held_up_since = *self.steps[number].held_up_since.get_or_insert(now);
        if now.since(held_up_since) > self.settle_timeout(number) {
            let found = self.last_status(number);
            return Verdict::Finish(Outcome::Moved, Some(StepReason::InTransition { found }));
        }
        self.tell_progress(number);
        let Phase::Ready(ready) = &mut self.steps[number].phase else { return Verdict::Hold };
        match step.action {
            // Others may use its place meanwhile.
            Action::Call(call) => {
                let attempts = ready.attempts;
                self.effects.push(Effect::FreePermit { step: number });
                self.ask_permit(number, call, self.settings.poll_interval, attempts);
            }
            Action::Wait => (ready.since, ready.not_before) = (now, now + self.settings.poll_interval),
        }
        Verdict::Hold
    }

    /// The goal was found after an answer had been lost.
    fn found(&self, number: usize) -> Verdict {
        Verdict::Finish(Outcome::DoneUnknown, Some(self.answer_lost(number, None)))
    }

    /// Puts the intent of a call in line, which may leave until then, or begins to wait.
    fn start(&mut self, number: usize, until: Option<BootTime>) {
        let Phase::Ready(Ready { attempts, .. }) = self.steps[number].phase else { return };
        let step = self.planned(number);
        let now = self.now;
        self.steps[number].started.get_or_insert(now.instant);
        self.report.results[number].started_at.get_or_insert(now.wall);
        let (Action::Call(call), Some(until)) = (step.action, until) else {
            self.settle(number, By::Wait);
            if let Some(observed) = self.sightings.get(&step.scope, &step.interface_id) {
                let status = observed.status.clone();
                self.tell(Event::StepWaiting { step: step.id.clone(), status });
            }
            return;
        };
        if call == Call::Deactivate {
            self.going_down.insert(&step.address);
        }
        self.enter(number, Phase::Recording { attempts: attempts.sent(), until });
        self.record_intent(number);
    }
}

/// Returns why the API would refuse a call anyway, or why it can never settle.
fn locked(call: Call, observed: &Observed) -> Option<StepReason> {
    if observed.business_status != BusinessStatus::Normal {
        return Some(StepReason::BusinessLocked { business_status: observed.business_status.clone() });
    }
    (call == Call::Activate && observed.opposite.status == Some(Status::Deleted)).then_some(StepReason::PeerDeleted)
}
