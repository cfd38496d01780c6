//! Reading: one shared read per scope for everything that is ready or in flight there.

use std::collections::{BTreeMap, BTreeSet};

use super::Machine;
use super::admission::READS_OF_A_GOAL;
use super::pace;
use super::phase::{By, Phase, Ready, Settling};
use super::poll::Poll;
use super::port::{Effect, ReadOf};
use super::sightings::{Answer, Question, ReadNumber};
use super::stage::{Between, Look, Stage, Targets};
use super::tally::Tally;
use super::time::Moment;
use crate::cloud::{CloudError, MAX_FILTER_VALUES, Page};
use crate::journal::Outcome;
use crate::language::Wording;
use crate::plan::{Action, Goal, HealthEnd};
use crate::resource::{RouterInterfaceId, Scope, ScopeFailure, Status};
use crate::run::{Event, StepReason};

impl<'a> Machine<'a> {
    /// Starts every read that is due: at once where a ready step needs one, once per interval where something is in
    /// flight. A scope has at most one read on its way.
    pub(super) fn start_reads(&mut self) {
        let now = self.now.instant;
        let mut due: Targets<'a> = BTreeMap::new();
        let ready: Vec<usize> = self.ready.iter().filter(|_| !self.is_sending_all_it_may()).copied().collect();
        for number in &ready {
            let Phase::Ready(Ready { since, not_before, .. }) = self.steps[*number].phase else { continue };
            if not_before > now {
                continue;
            }
            self.ask_routes(*number, since);
            for (scope, id) in self.hops_worth_reading(*number) {
                let is_young = self.is_young(scope, &id) && self.sightings.is_newer(scope, &id, since);
                if !is_young {
                    due.entry(scope).or_default().insert(id);
                }
            }
            // A ready step that is still here was not admitted on what is known: ask anew for all it rests on, and keep it
            // young while another region takes its time.
            for page in self.rests_on(*number) {
                if !self.is_young(page.scope, page.id) || !self.sightings.is_newer(page.scope, page.id, since) {
                    due.entry(page.scope).or_default().insert(page.id.clone());
                }
            }
            for other in self.predecessors(*number) {
                let step = self.planned(other);
                if self.sightings.alike(&step.scope, &step.interface_id) < READS_OF_A_GOAL {
                    due.entry(&step.scope).or_default().insert(step.interface_id.clone());
                }
            }
        }
        let polls = self.next_polls();
        for (scope, tally) in self.tallies.polled() {
            let is_due = polls.get(scope).is_some_and(|due| *due <= now);
            if is_due || due.contains_key(scope) {
                let polled = tally.polled.iter().map(|number| self.planned(*number).interface_id.clone());
                due.entry(scope).or_default().extend(polled);
            }
        }
        due.retain(|scope, _| !self.polls.get(*scope).is_some_and(Poll::is_reading));
        self.read_for_others(&mut due);
        self.read(due);
    }

    /// Reads every scope that is not being read already, each beside the others.
    pub(super) fn read(&mut self, due: Targets<'_>) {
        for (scope, ids) in due {
            let goal = self.goal_in(scope);
            let poll = self.polls.entry(scope.clone()).or_default();
            if poll.is_reading() {
                continue;
            }
            let number = self.sightings.begin_read();
            poll.send(number, Question { scope: scope.clone(), ids: ids.clone(), begun: self.now.instant });
            let read = ReadOf { number, scope: scope.clone(), ids, goal, total: poll.total };
            self.effects.push(Effect::Read(read));
        }
    }

    /// Goes on with no read that is on its way: what is still needed is read anew, and what nobody waits for must not keep
    /// its turn at the quota.
    pub(super) fn drop_reads(&mut self) {
        self.polls.values_mut().for_each(Poll::give_up);
        self.effects.push(Effect::DropReads);
    }

    /// Asks for the health checks that are not being asked for already.
    pub(super) fn ask_health(&mut self, ends: BTreeSet<&HealthEnd>) {
        for end in ends {
            if self.checks.ask(&end.interface_id, self.now.instant) {
                self.effects.push(Effect::AskHealth(end.clone()));
            }
        }
    }

    /// Takes in why reads have no answer yet, as far as anybody knows.
    pub(in crate::executor) fn hear_why(&mut self, why: impl Fn(&Scope) -> Option<Wording>) {
        let reading = self.polls.iter_mut().filter(|(_, poll)| poll.is_reading());
        reading.for_each(|(scope, poll)| poll.wait_because(why(scope)));
    }

    pub(super) fn is_reading(&self) -> bool {
        self.polls.values().any(Poll::is_reading)
    }

    /// Returns the status that the first polled step in `scope` aims for; a wrong guess costs calls, never correctness.
    fn goal_in(&self, scope: &Scope) -> Option<Status> {
        let (_, tally) = self.tallies.polled().find(|(other, _)| *other == scope)?;
        let step = self.planned(*tally.polled.first()?);
        Some(if step.goal == Goal::Inactive { Status::Inactive } else { Status::Active })
    }

    /// Adds to what is read what waits for its place, where that costs at most a call more: it may have its place before
    /// what it rests on is too old.
    fn read_for_others(&self, due: &mut Targets<'a>) {
        if due.is_empty() {
            return;
        }
        let asking = self.in_flight.iter().filter(|number| matches!(self.steps[**number].phase, Phase::Asking(_)));
        let mut others: Targets<'a> = BTreeMap::new();
        for step in asking.map(|number| self.planned(*number)).filter(|step| due.contains_key(&step.scope)) {
            others.entry(&step.scope).or_default().insert(step.interface_id.clone());
        }
        for (scope, others) in others {
            let total = self.polls.get(scope).and_then(|poll| poll.total);
            let Some(ids) = due.get_mut(scope) else { continue };
            let affordable = pace::calls(ids.len(), total) + 1;
            let whole = pace::calls(ids.len() + others.len(), total);
            let room = if whole <= affordable { usize::MAX } else { ids.len().next_multiple_of(MAX_FILTER_VALUES) };
            for id in others {
                if ids.len() >= room {
                    break;
                }
                ids.insert(id);
            }
        }
    }

    /// Returns when each scope with something in flight is due that is not being read: as its steps may be expected to
    /// settle, but where others are still to be sent there, nobody waits for that.
    fn next_polls(&self) -> BTreeMap<&'a Scope, Moment> {
        let longest = self.settings.poll_interval;
        let of_scope = |(scope, tally): (&'a Scope, &Tally)| {
            let poll = self.polls.get(scope);
            if poll.is_some_and(Poll::is_reading) {
                return None;
            }
            let Some((poll, last)) = poll.and_then(|poll| Some((poll, poll.last()?))) else {
                return Some((scope, Moment::default()));
            };
            if tally.unsent > 0 {
                return Some((scope, last + longest));
            }
            let shortest = pace::shortest(pace::calls(tally.polled.len(), poll.total)).min(longest);
            let wanted = tally.polled.iter().map(|number| self.next_poll_of(*number, last)).min()?;
            Some((scope, wanted.max(last + shortest)))
        };
        self.tallies.polled().filter_map(of_scope).collect()
    }

    /// Returns when a polled step wants to be read again.
    fn next_poll_of(&self, number: usize, last: Moment) -> Moment {
        let is_accepted = matches!(self.steps[number].phase, Phase::Settling(Settling { by: By::Acceptance, .. }));
        if let Some(believed_from) = self.believed_from(number).filter(|_| !is_accepted) {
            return believed_from;
        }
        let (step, longest) = (self.planned(number), self.settings.poll_interval);
        let Phase::Settling(Settling { since, .. }) = self.steps[number].phase else { return last + longest };
        let call = match step.action {
            Action::Call(call) => Some(call),
            Action::Wait => None,
        };
        let read = last.max(since);
        read + self.pace.interval(&step.id, call, since, read).min(longest)
    }

    /// Returns when something has to be done even if nothing happens before; `None` where only what happens counts.
    pub(in crate::executor) fn next_wake_up(&self) -> Option<Moment> {
        match &self.stage {
            Stage::Walking => self.next_step_wakes_up(),
            Stage::Between(Between::Pausing { until }) => Some(*until),
            Stage::Between(Between::Returning { until, .. }) => Some(self.next_look_for_traffic(*until)),
            Stage::Between(Between::Reading { begun, .. }) => Some(self.look_ends(*begun)),
            Stage::Looking(Look { again_at, begun, .. }) => Some(again_at.unwrap_or_else(|| self.look_ends(*begun))),
            Stage::Beginning | Stage::Between(_) | Stage::Closing | Stage::Over(_) => None,
        }
    }

    fn next_step_wakes_up(&self) -> Option<Moment> {
        let polls = self.next_polls().into_values();
        let deadlines = self.polled.iter().filter_map(|number| match self.steps[*number].phase {
            Phase::Settling(Settling { deadline, .. }) => Some(deadline),
            _ => None,
        });
        let holds = self.ready.iter().filter_map(|number| match self.steps[*number].phase {
            Phase::Ready(Ready { not_before, .. }) => Some(not_before).filter(|until| *until > self.now.instant),
            _ => None,
        });
        polls.chain(deadlines).chain(holds).chain(self.grace_ends).min()
    }

    /// Takes in one page of a read that goes on: what rests on it alone need not wait for the others.
    pub(super) fn on_page(&mut self, number: ReadNumber, scope: &Scope, page: Page) {
        if let Some(question) = self.polls.get(scope).and_then(|poll| poll.question(number)) {
            self.sightings.record_page(number, question, page, self.now);
        }
    }

    /// Takes in that a page said two things of some interfaces: what was known of them is true no more, or not for long. The
    /// read goes on, and asks again.
    pub(super) fn on_contradiction(&mut self, number: ReadNumber, scope: &Scope, ids: &BTreeSet<RouterInterfaceId>) {
        if self.polls.get(scope).is_some_and(|poll| poll.question(number).is_some()) {
            self.sightings.doubt(scope, ids);
        }
    }

    /// Takes in the end of a read and judges everything that waits for it.
    pub(super) fn on_read(
        &mut self,
        number: ReadNumber,
        scope: &Scope,
        answer: Answer,
        outcome: Result<(), CloudError>,
    ) {
        let Some(poll) = self.polls.get_mut(scope) else { return };
        let Some(question) = poll.end(number) else { return };
        self.routes.read(scope, question.begun, outcome.is_ok());
        if let Err(error) = outcome {
            self.sightings.record_bad_news(number, question, answer);
            self.forget_what_has_ended();
            self.on_failed_read(scope, &error);
            return;
        }
        poll.succeed();
        poll.total = answer.total.or(poll.total);
        let is_concerned = |number: &usize| {
            let step = &self.plan.steps[*number];
            step.scope == *scope && question.ids.contains(&step.interface_id)
        };
        let concerned: Vec<usize> = self.polled.iter().copied().filter(is_concerned).collect();
        self.sightings.record(number, question, answer, self.now);
        self.forget_what_has_ended();
        for number in concerned {
            self.judge(number);
        }
    }

    fn on_failed_read(&mut self, scope: &Scope, error: &CloudError) {
        match &mut self.stage {
            Stage::Walking => self.on_failed_read_of_steps(scope, error),
            Stage::Between(Between::Reading { unread, .. }) => {
                unread.insert(scope.clone(), Wording::new(|| error.to_string()));
            }
            Stage::Looking(look) => {
                self.polls.entry(scope.clone()).or_default().fail(error);
                let failure = ScopeFailure { scope: scope.clone(), detail: error.with_hint(), may_be_misspelt: false };
                look.unread.insert(scope.clone(), failure);
            }
            Stage::Beginning | Stage::Between(_) | Stage::Closing | Stage::Over(_) => {}
        }
    }

    /// What was about to start cannot be checked, so it is not started; what is in flight is read again until its
    /// own deadline, or until waiting cannot help.
    fn on_failed_read_of_steps(&mut self, scope: &Scope, error: &CloudError) {
        let failure = self.polls.entry(scope.clone()).or_default().fail(error);
        if failure.is_news {
            self.tell(Event::CannotRead { scope: scope.clone(), error: error.with_hint() });
        }
        if failure.is_for_good {
            self.give_up_watching(scope, error);
        }
        for number in self.ready.clone() {
            let needs_it = self.rests_on(number).iter().any(|page| page.scope == scope)
                || self.predecessors(number).any(|other| self.planned(other).scope == *scope);
            if needs_it {
                let said = Wording::new(|| error.to_string());
                let because = StepReason::Unread { scope: scope.clone(), error: said, is_sent: false };
                self.finish(number, Outcome::Failed, Some(because));
            }
        }
    }

    /// Ends what is in flight in a scope that cannot be read any more: what becomes of it the next run reads.
    fn give_up_watching(&mut self, scope: &Scope, error: &CloudError) {
        for number in self.polled.clone() {
            let step = self.planned(number);
            if step.scope == *scope {
                let is_sent = step.mutation().is_some();
                let said = Wording::new(|| error.to_string());
                let because = StepReason::Unread { scope: scope.clone(), error: said, is_sent };
                let is_in_doubt = self.steps[number].is_doubted();
                let outcome = if is_in_doubt { Outcome::InDoubt } else { Outcome::Unsettled };
                self.finish(number, outcome, Some(because));
            }
        }
    }

    /// Returns what was read last of a step's interface; `None` where nothing was, or it is gone.
    pub(super) fn last_status(&self, number: usize) -> Option<Status> {
        let step = self.planned(number);
        self.sightings.get(&step.scope, &step.interface_id).map(|observed| observed.status.clone())
    }
}
