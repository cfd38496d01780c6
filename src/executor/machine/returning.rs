//! Traffic around a wave that brings interfaces up: what the members of its groups carried before, and when enough of that has
//! come back for the wave to be good.
//!
//! Rates are minutes old when they can be read, so what counts after a wave is what was measured since its last step ended.
//! Links count once, by one of their ends. A group of which nothing is up carries nothing, and asks for nothing back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::Machine;
use super::brought::{Brought, Wave};
use super::port::Effect;
use super::stage::{Between, Stage};
use super::time::Moment;
use crate::cloud::carried::Carried;
use crate::plan::{FloorLink, FloorMember, Goal, Returning, TrafficUnread};
use crate::resource::{Address, RouterInterfaceId, Scope};
use crate::run::{Event, GroupTraffic, WaveFailure};

/// The longest time between two questions for what has come back.
const LONGEST: Duration = Duration::from_secs(30);

impl<'a> Machine<'a> {
    fn returning(&self) -> Option<Returning> {
        self.plan.rollout.as_ref()?.traffic.filter(|_| self.settings.waits_for_traffic)
    }

    /// Returns whether what was carried before a wave that begins has to be known first, and asks for it.
    pub(super) fn begins_to_measure(&mut self) -> bool {
        self.returns = Wave::Free;
        if self.returning().is_none() {
            return false;
        }
        let groups = self.brought();
        if groups.is_empty() {
            return false;
        }
        self.returns = Wave::Bound(groups);
        self.stage = Stage::Between(Between::Measuring { since: self.now.instant });
        self.measure(self.now.instant);
        true
    }

    /// Lists the groups into which the wave brings something up, with what is up in them.
    fn brought(&self) -> Vec<Brought<'a>> {
        let steps = || self.plan.steps.iter();
        let rising: BTreeSet<&Address> = steps()
            .filter(|step| step.wave == self.wave && step.goal == Goal::Active)
            .map(|step| &step.address)
            .collect();
        let later: BTreeSet<&Address> =
            steps().filter(|step| step.wave > self.wave).map(|step| &step.address).collect();
        let has_one_of =
            |link: &FloorLink, among: &BTreeSet<&Address>| link.sides.iter().any(|side| among.contains(&side.address));
        let groups = self.plan.floors.iter().filter_map(|floor| {
            let sides = |wanted: &dyn Fn(&FloorLink) -> bool| -> Vec<&'a FloorMember> {
                floor.links.iter().filter(|link| wanted(link)).filter_map(|link| link.sides.first()).collect()
            };
            let before = sides(&|link| !has_one_of(link, &rising) && self.is_up(link));
            // One whose other end comes up later carries nothing yet.
            let after = sides(&|link| link.rises && has_one_of(link, &rising) && !has_one_of(link, &later));
            (!before.is_empty() && !after.is_empty()).then_some(Brought {
                group: &floor.group,
                before,
                after,
                carried: None,
            })
        });
        groups.collect()
    }

    /// Returns whether a link was seen up, or was when the plan was made and nothing was read since.
    fn is_up(&self, link: &FloorLink) -> bool {
        let seen = |side: &FloorMember| self.sightings.get(&side.scope, &side.interface_id);
        link.sides.iter().all(|side| seen(side).map_or(link.up, |observed| observed.counts_as_up()))
    }

    /// Goes on with measuring what is carried before a wave: it begins once all is heard, and not at all where nobody can tell.
    pub(super) fn measure(&mut self, since: Moment) {
        let members: Vec<&'a FloorMember> =
            self.returns.groups().iter().flat_map(|group| group.before.iter().copied()).collect();
        if !self.hears_since(&members, since) {
            return;
        }
        let now = self.now.wall;
        let Wave::Bound(mut groups) = std::mem::take(&mut self.returns) else { return };
        for group in &mut groups {
            match self.carried(&group.before, |carried| carried.fresh(now)) {
                Ok(carried) => group.carried = Some(carried),
                Err((address, unread)) => return self.finish_wave(Err(WaveFailure::Unmeasured { address, unread })),
            }
        }
        // Of nothing every share is nothing.
        groups.retain(|group| group.carried != Some(0));
        self.returns = if groups.is_empty() { Wave::Free } else { Wave::Bound(groups) };
        self.start_wave();
    }

    /// Returns whether all of these were heard of since then, and asks for the others.
    fn hears_since(&mut self, members: &[&'a FloorMember], since: Moment) -> bool {
        let mut open: BTreeMap<&'a Scope, BTreeSet<RouterInterfaceId>> = BTreeMap::new();
        for member in members.iter().filter(|member| self.meter.heard(&member.interface_id, since).is_none()) {
            open.entry(&member.scope).or_default().insert(member.interface_id.clone());
        }
        let is_whole = open.is_empty();
        self.ask_traffic(open);
        is_whole
    }

    /// Adds up what members carry by their newest figures, or says of which one nobody can tell.
    fn carried(
        &self,
        members: &[&'a FloorMember],
        counted: impl Fn(Carried) -> Carried,
    ) -> Result<u64, (Address, Option<TrafficUnread>)> {
        members.iter().try_fold(0u64, |sum, member| {
            let said = self.meter.heard(&member.interface_id, Moment::default());
            let unread = said.and_then(|said| said.answer.clone().err());
            let carried = said.and_then(|said| said.answer.as_ref().ok().copied()).unwrap_or_default();
            let total = counted(carried).total();
            total.map(|total| sum.saturating_add(total)).ok_or_else(|| (member.address.clone(), unread))
        })
    }

    /// Returns whether a wave that is done has to carry something before it is good.
    pub(super) fn has_to_return(&self) -> bool {
        let is_bound = matches!(self.returns, Wave::Bound(_));
        let is_done = || self.report.results.iter().all(|result| result.outcome.is_none() || result.is_at_goal());
        is_bound && !self.is_stopped() && !self.abandoned && is_done()
    }

    /// Begins to wait for traffic to come back. Others have the account meanwhile.
    pub(super) fn begin_to_return(&mut self) {
        let Some(Returning { percent, within_ms }) = self.returning() else { return };
        let within = Duration::from_millis(within_ms);
        let (wave, waves) = (self.wave, self.waves());
        self.tell(Event::WaitingForTraffic { wave, waves, percent, within });
        self.effects.push(Effect::StepAside);
        let (since, ended) = (self.now.instant, minute_of(self.now.wall));
        self.stage = Stage::Between(Between::Returning { since, ended, until: since + within });
        self.look_for_traffic(since, ended, since + within);
    }

    /// Asks once more for what has come back when that is due, and goes on when it is enough, or too late.
    pub(super) fn look_for_traffic(&mut self, since: Moment, ended: Timestamp, until: Moment) {
        let members: Vec<&'a FloorMember> =
            self.returns.groups().iter().flat_map(|group| group.after.iter().copied()).collect();
        if self.meter.is_asking(members.iter().map(|member| &member.interface_id)) {
            return;
        }
        let groups = self.come_back(ended);
        if groups.is_empty() {
            return self.step_back_with(Ok(()));
        }
        let is_asked = members.iter().all(|member| self.meter.heard(&member.interface_id, since).is_some());
        if is_asked && self.now.instant >= until {
            let within_ms = self.returning().map_or(0, |returning| returning.within_ms);
            return self.step_back_with(Err(WaveFailure::Traffic { groups, within_ms }));
        }
        let last = members.iter().filter_map(|member| self.meter.begun(&member.interface_id)).min();
        if !is_asked || last.is_none_or(|last| self.now.instant >= last + self.interval()) {
            self.hears_since(&members, self.now.instant);
        }
    }

    /// Returns how long it is between two questions.
    fn interval(&self) -> Duration {
        let within = self.returning().map_or(LONGEST, |returning| Duration::from_millis(returning.within_ms));
        (within / 20).max(self.settings.poll_interval).min(LONGEST)
    }

    /// Lists the groups into which not enough has come back since `ended`.
    fn come_back(&self, ended: Timestamp) -> Vec<GroupTraffic> {
        let Some(Returning { percent, .. }) = self.returning() else { return Vec::new() };
        let short = |group: &Brought<'a>| {
            let before_bps = group.carried?;
            let wanted = u128::from(before_bps) * u128::from(percent);
            let (now_bps, unread) = match self.carried(&group.after, |carried| carried.since(ended)) {
                Ok(carried) => (Some(carried), None),
                Err((_, unread)) => (None, unread),
            };
            let is_enough = wanted == 0 || now_bps.is_some_and(|now| u128::from(now) * 100 >= wanted);
            let wanted_bps = u64::try_from(wanted.div_ceil(100)).unwrap_or(u64::MAX);
            (!is_enough).then(|| GroupTraffic { group: group.group.clone(), before_bps, wanted_bps, now_bps, unread })
        };
        self.returns.groups().iter().filter_map(short).collect()
    }

    /// Returns when what has come back is asked for again, or it is too late for it.
    pub(super) fn next_look_for_traffic(&self, until: Moment) -> Moment {
        let asked = self.returns.groups().iter().flat_map(|group| &group.after);
        let last = asked.filter_map(|member| self.meter.begun(&member.interface_id)).min();
        last.map_or(until, |last| until.min(last + self.interval()))
    }
}

/// Returns the minute that a moment is in: figures are of whole minutes, and one in which an interface came up counts.
fn minute_of(moment: Timestamp) -> Timestamp {
    let second = moment.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(moment)
}
