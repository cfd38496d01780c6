//! The last look: whether what this run touched stays where it was left, and what became of the groups around it.
//!
//! Touched is what a call of this run was sent to, and its other end. A goal counts if two reads in a row saw it. What
//! then seems to have left it is read again for a doubt window: reads may lag behind each other.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::cloud::listing::{self, Listing, ScopeRead};
use crate::cloud::{Cloud, CloudError};
use crate::resource::{Address, RouterInterfaceId, Scope, ScopeFailure};
use crate::run::{Event, LastLook, NotUp, Reason, StepResult};
use crate::store::Store;

use super::admission::READS_OF_A_GOAL;
use super::{EQUAL_READS, Execution, Gate};

/// What is looked at, by scope.
type Targets<'a> = BTreeMap<&'a Scope, BTreeSet<RouterInterfaceId>>;

impl<'a, C: Cloud, S: Store, G: Gate> Execution<'a, C, S, G> {
    /// Looks once more at what the run touched, unless a signal comes first: it costs only the look.
    pub(super) async fn look_once_more(&mut self) -> LastLook {
        if self.interrupted {
            return LastLook::default();
        }
        // Nothing is in flight: what is still being read is read anew, and must not keep its turn at the quota.
        self.drop_reads();
        let mut signals = self.around.signals.clone();
        let look = tokio::select! {
            biased;
            Ok(_) = signals.wait_for(|count| *count > 0) => None,
            look = self.look() => Some(look),
        };
        let Some(look) = look else {
            self.interrupted = true;
            return LastLook::default();
        };
        for reason in &look.found {
            (self.around.emit)(&Event::Found { reason: reason.clone() });
        }
        for member in self.lost_meanwhile(&look.found) {
            (self.around.emit)(&Event::FoundDown { member });
        }
        for failure in &look.unread {
            (self.around.emit)(&Event::Found { reason: Reason::Unread(failure.clone()) });
        }
        look
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

    async fn look(&mut self) -> LastLook {
        let touched = self.touched();
        let targets = self.targets(&touched);
        let Some(mut asked) = self.last_settled() else { return LastLook::default() };
        let begun = Instant::now();
        let mut reads = 0;
        let mut failures = Vec::new();
        loop {
            let astray = self.astray();
            let is_settled = failures.is_empty() && astray.is_empty() && self.is_seen(&targets, asked);
            let is_enough = reads >= EQUAL_READS && begun.elapsed() >= self.settings.doubt_window;
            if is_settled || (is_enough && !(failures.is_empty() && astray.is_empty())) {
                let broken = self.floors.broken(&touched, &self.sightings);
                return LastLook { found: astray.into_iter().chain(broken).collect(), unread: failures };
            }
            tokio::time::sleep(self.settings.poll_interval).await;
            asked = Instant::now();
            reads += 1;
            let unread = self.read_now(targets.clone()).await;
            failures =
                unread.into_iter().map(|(scope, error)| ScopeFailure { scope, detail: error.with_hint() }).collect();
        }
    }

    /// Returns the addresses to which a call of this run was sent, or may have been.
    fn touched(&self) -> BTreeSet<&'a Address> {
        let steps = std::iter::zip(&self.plan.steps, &self.report.results);
        steps.filter(|(_, result)| result.may_have_changed_something()).map(|(step, _)| &step.address).collect()
    }

    /// Returns everything that is looked at: what was touched, its other ends as far as they are declared, and every
    /// member of the groups of either.
    fn targets(&self, touched: &BTreeSet<&'a Address>) -> Targets<'a> {
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
        for side in self.floors.touched_by(touched).flat_map(|floor| &floor.links).flat_map(|link| &link.sides) {
            targets.entry(&side.scope).or_default().insert(side.interface_id.clone());
        }
        targets
    }

    /// Returns when the read was begun that settled the last step; `None` where no call was sent.
    fn last_settled(&self) -> Option<Instant> {
        let steps = std::iter::zip(&self.plan.steps, &self.report.results);
        let touched = steps.filter(|(_, result)| result.may_have_changed_something());
        touched
            .map(|(step, _)| self.sightings.begun(&step.scope, &step.interface_id).unwrap_or_else(Instant::now))
            .max()
    }

    /// Returns whether everything was read since `asked`, and each goal was seen twice.
    fn is_seen(&self, targets: &Targets<'_>, asked: Instant) -> bool {
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

    /// Reads at once, every scope beside the others; returns what could not be read.
    pub(super) async fn read_now(&mut self, due: Targets<'_>) -> Vec<(Scope, CloudError)> {
        let begun = Instant::now();
        let cloud = self.around.cloud;
        let reads = due.into_iter().map(|(scope, ids)| {
            let poll = self.polls.entry(scope.clone()).or_default();
            poll.last = Some(begun);
            let total = poll.total;
            async move {
                let mut listing = Listing::of(total);
                let outcome = listing::read_into(cloud, scope, &ids, &mut listing).await;
                (ScopeRead { scope: scope.clone(), ids, begun, listing }, outcome)
            }
        });
        let reads: Vec<_> = reads.collect();
        let mut unread = Vec::new();
        for (read, outcome) in join_all(reads).await {
            match outcome {
                Ok(()) => self.sightings.record(read),
                Err(error) => {
                    unread.push((read.scope.clone(), error));
                    self.sightings.record_bad_news(read);
                }
            }
        }
        self.forget_what_has_ended();
        unread
    }
}
