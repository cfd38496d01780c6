//! The last look: whether what this run touched stays where it was left, and what became of the groups around it.
//!
//! Touched is what a call of this run was sent to, and its other end. A goal counts if two reads in a row saw it. What
//! then seems to have left it is read again for a doubt window: reads may lag behind each other. Of a group that takes many
//! calls to read, as many members are looked at as keep its floor, and all if those do not.

use std::collections::{BTreeMap, BTreeSet};

use super::Machine;
use super::admission::READS_OF_A_GOAL;
use super::pace;
use super::poll::Poll;
use super::port::Effect;
use super::stage::{Look, Stage, Targets};
use super::time::Moment;
use crate::cloud::unanswered;
use crate::executor::judge::EQUAL_READS;
use crate::language::Wording;
use crate::resource::{Address, RouterInterfaceId, Scope, ScopeFailure};
use crate::run::{Event, LastLook, NotUp, Reason, StepResult};

/// How many calls more than what was touched a look at whole groups may take.
const FEW_CALLS: usize = 8;

impl<'a> Machine<'a> {
    /// Looks once more at what the run touched, unless a signal has come: it costs only the look. Nothing is in flight.
    pub(super) fn begin_last_look(&mut self) {
        self.interrupted |= self.signals > 0;
        // Whoever took over looks at it.
        let is_left = self.interrupted || self.books.is_taken_over;
        let Some(asked) = self.last_settled().filter(|_| !is_left) else {
            return self.end_run(LastLook::default());
        };
        self.drop_reads();
        let touched = self.touched();
        let own = self.own_targets(&touched);
        let whole = self.with_members(own.clone(), &touched);
        let few = self.with_enough_members(own, &whole, &touched);
        let (targets, whole) = match few {
            Some(few) => (few, Some(whole)),
            None => (whole, None),
        };
        let begun = self.now.instant;
        let look = Look { touched, targets, whole, begun, asked, reads: 0, unread: BTreeMap::new(), again_at: None };
        self.judge_look(look);
    }

    /// Goes on with the last look.
    pub(super) fn look_once_more(&mut self) {
        if self.is_reading() {
            return self.give_up_in_vain();
        }
        let Stage::Looking(look) = &mut self.stage else { return };
        match look.again_at {
            Some(again_at) if again_at > self.now.instant => {}
            Some(_) => {
                look.again_at = None;
                look.asked = self.now.instant;
                look.reads += 1;
                look.unread.clear();
                let targets = look.targets.clone();
                self.read(targets);
            }
            None => {
                if let Stage::Looking(look) = std::mem::replace(&mut self.stage, Stage::Closing) {
                    self.judge_look(look);
                }
            }
        }
    }

    /// Returns until when a look that began then is waited for: as long as for a step that takes its time.
    pub(super) fn look_ends(&self, begun: Moment) -> Moment {
        begun + self.settings.settle_timeout.max(self.settings.doubt_window)
    }

    /// Returns whether a look that began then has been waited for long enough.
    pub(super) fn looks_in_vain(&self, begun: Moment) -> bool {
        self.look_ends(begun) <= self.now.instant
    }

    /// Waits no longer for the reads of a look, and lists the scopes that were not read in the end.
    pub(super) fn unanswered(&mut self, begun: Moment) -> Vec<(Scope, Wording)> {
        let waited = self.now.instant.since(begun);
        let reading = self.polls.iter().filter(|(_, poll)| poll.is_reading());
        let told = reading.map(|(scope, poll)| (scope.clone(), unanswered(waited, poll.said()))).collect();
        self.drop_reads();
        told
    }

    /// Ends a look that nobody has answered for long enough: what became of what was touched, the next run reads.
    fn give_up_in_vain(&mut self) {
        let Stage::Looking(Look { begun, .. }) = &self.stage else { return };
        let begun = *begun;
        if !self.looks_in_vain(begun) {
            return;
        }
        let failures = self.unanswered(begun);
        let Stage::Looking(mut look) = std::mem::replace(&mut self.stage, Stage::Closing) else { return };
        for (scope, detail) in failures {
            look.unread.insert(scope.clone(), ScopeFailure { scope, detail, may_be_misspelt: false });
        }
        let broken = self.floors.broken(&look.touched, &self.sightings);
        let found = self.astray().into_iter().chain(broken).collect();
        self.tell_look(LastLook { found, unread: look.unread.into_values().collect() });
    }

    /// Ends the run if the look has seen enough, or lets it look again.
    fn judge_look(&mut self, mut look: Look<'a>) {
        let astray = self.astray();
        let is_clear = look.unread.is_empty() && astray.is_empty();
        let is_settled = is_clear && self.is_seen(&look.targets, look.asked);
        // What cannot be read any more is not waited for.
        let is_lost = |scope: &&Scope| self.polls.get(*scope).is_some_and(Poll::is_lost);
        let is_hopeless = astray.is_empty() && look.targets.keys().all(is_lost);
        let is_over = is_hopeless || self.now.instant.since(look.begun) >= self.settings.doubt_window;
        let is_enough = look.reads >= EQUAL_READS && is_over;
        if is_settled || (is_enough && !is_clear) {
            let broken = self.floors.broken(&look.touched, &self.sightings);
            if !self.floors.stand(&look.touched, &self.sightings, look.asked)
                && let Some(whole) = look.whole.take()
            {
                (look.targets, look.again_at) = (whole, Some(self.now.instant));
                self.stage = Stage::Looking(look);
                return;
            }
            let found = astray.into_iter().chain(broken).collect();
            self.tell_look(LastLook { found, unread: look.unread.into_values().collect() });
        } else {
            // What is only to be seen once more need not wait for anything to change.
            let next = look.asked + pace::QUICKEST.min(self.settings.poll_interval);
            let next =
                if is_clear { next.max(self.now.instant) } else { self.now.instant + self.settings.poll_interval };
            look.again_at = Some(next);
            self.stage = Stage::Looking(look);
        }
    }

    fn tell_look(&mut self, look: LastLook) {
        for reason in &look.found {
            self.tell(Event::Found { reason: reason.clone() });
        }
        for member in self.lost_meanwhile(&look.found) {
            self.tell(Event::FoundDown { member });
        }
        for failure in &look.unread {
            self.tell(Event::Found { reason: Reason::Unread(failure.clone()) });
        }
        self.end_run(look);
    }

    pub(super) fn end_run(&mut self, look: LastLook) {
        self.stage = Stage::Over(look);
        self.effects.push(Effect::Finish);
    }

    /// Lists the members of touched groups that this run left alone and that went down meanwhile, but for those of which
    /// `found` tells already.
    fn lost_meanwhile(&self, found: &[Reason]) -> Vec<NotUp> {
        let told: BTreeSet<&Address> = found
            .iter()
            .flat_map(|reason| match reason {
                Reason::BelowFloor { down, .. } => down.as_slice(),
                _ => &[],
            })
            .map(|member| &member.address)
            .collect();
        let mut lost = self.floors.lost(self.floors.touched_by(&self.touched()), &self.sightings, &self.moving());
        lost.retain(|member| !told.contains(&member.address));
        lost.sort_by(|one, other| one.address.cmp(&other.address));
        lost.dedup_by(|one, other| one.address == other.address);
        lost
    }

    /// Lists what this run takes down, or has not brought to its goal.
    pub(super) fn moving(&self) -> BTreeSet<&'a Address> {
        let steps = std::iter::zip(&self.plan.steps, &self.report.results);
        let moving = steps.filter(|(step, result)| Self::is_deactivation(step) || !result.is_at_goal());
        moving.map(|(step, _)| &step.address).collect()
    }

    /// Returns the addresses to which a call of this run was sent, or may have been.
    fn touched(&self) -> BTreeSet<&'a Address> {
        let steps = std::iter::zip(&self.plan.steps, &self.report.results);
        steps.filter(|(_, result)| result.may_have_changed_something()).map(|(step, _)| &step.address).collect()
    }

    /// Returns what was touched, and its other ends as far as they are declared.
    fn own_targets(&self, touched: &BTreeSet<&'a Address>) -> Targets<'a> {
        let mut targets: Targets<'a> = BTreeMap::new();
        let mut other_ends = BTreeSet::new();
        for step in self.plan.steps.iter().filter(|step| touched.contains(&step.address)) {
            targets.entry(&step.scope).or_default().insert(step.interface_id.clone());
            let seen = self.sightings.get(&step.scope, &step.interface_id);
            other_ends.extend(seen.and_then(|seen| seen.opposite.interface_id.as_ref()));
        }
        let declared = self.plan.resource_changes.iter();
        for end in declared.filter(|change| other_ends.contains(&change.id)) {
            targets.entry(&end.scope).or_default().insert(end.id.clone());
        }
        targets
    }

    /// Adds every member of the groups of what was touched.
    fn with_members(&self, mut targets: Targets<'a>, touched: &BTreeSet<&'a Address>) -> Targets<'a> {
        for side in self.floors.touched_by(touched).flat_map(|floor| &floor.links).flat_map(|link| &link.sides) {
            targets.entry(&side.scope).or_default().insert(side.interface_id.clone());
        }
        targets
    }

    /// Adds as many members as keep each floor, as far as is known; `None` where the whole costs few calls, or no fewer.
    fn with_enough_members(
        &self,
        own: Targets<'a>,
        whole: &Targets<'a>,
        touched: &BTreeSet<&'a Address>,
    ) -> Option<Targets<'a>> {
        let most = self.calls(&own) + FEW_CALLS;
        if self.calls(whole) <= most {
            return None;
        }
        let mut targets = own;
        for floor in self.floors.touched_by(touched) {
            for side in self.floors.enough(floor, &self.sightings)? {
                targets.entry(&side.scope).or_default().insert(side.interface_id.clone());
            }
        }
        (self.calls(&targets) < self.calls(whole)).then_some(targets)
    }

    /// Counts the calls that it takes to read all of this.
    fn calls(&self, targets: &Targets<'_>) -> usize {
        let of_scope = |(scope, ids): (&&Scope, &BTreeSet<RouterInterfaceId>)| {
            pace::calls(ids.len(), self.polls.get(*scope).and_then(|poll| poll.total))
        };
        targets.iter().map(of_scope).sum()
    }

    /// Returns when the read was begun that settled the last step; `None` where no call was sent.
    fn last_settled(&self) -> Option<Moment> {
        let steps = std::iter::zip(&self.plan.steps, &self.report.results);
        let touched = steps.filter(|(_, result)| result.may_have_changed_something());
        touched.map(|(step, _)| self.sightings.begun(&step.scope, &step.interface_id).unwrap_or(self.now.instant)).max()
    }

    /// Returns whether everything was read since `asked`, and each goal was seen twice.
    fn is_seen(&self, targets: &Targets<'_>, asked: Moment) -> bool {
        let mut all = targets.iter().flat_map(|(scope, ids)| ids.iter().map(move |id| (*scope, id)));
        all.all(|(scope, id)| self.sightings.is_newer(scope, id, asked))
            && self
                .last_results()
                .all(|result| self.sightings.alike(&result.step.scope, &result.step.interface_id) >= READS_OF_A_GOAL)
    }

    /// Returns the result of the last step of each touched interface, where that is at its goal.
    fn last_results(&self) -> impl Iterator<Item = &StepResult> {
        let touched = self.touched();
        let last: BTreeMap<_, _> = self.report.results.iter().map(|result| (&result.step.address, result)).collect();
        last.into_values().filter(move |result| touched.contains(&result.step.address) && result.is_at_goal())
    }

    /// Returns what is not where its last step left it.
    fn astray(&self) -> Vec<Reason> {
        self.last_results()
            .filter_map(|result| {
                let step = &result.step;
                let found = self.sightings.get(&step.scope, &step.interface_id).map(|observed| &observed.status);
                let stays = found.is_some_and(|status| step.goal.is_reached_by(status));
                (!stays).then(|| Reason::DidNotStay {
                    address: step.address.clone(),
                    goal: step.goal,
                    found: found.cloned(),
                })
            })
            .collect()
    }
}
