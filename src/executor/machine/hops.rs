//! The routes over what is to go down, right before its call, where `limits.last_route` blocks: each entry has to have another next
//! hop that is Enabled and was just seen up.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Machine;
use super::admission::Verdict;
use super::health::{Checkup, Fresh};
use super::port::Effect;
use super::routes::Known;
use super::time::Moment;
use crate::clock::BootTime;
use crate::journal::Outcome;
use crate::plan::{HealthEnd, LostPrefix, RouteEnd, RouteLoss, RoutesUnread};
use crate::resource::{Address, Observed, Route, Router, RouterInterfaceId, Scope};
use crate::run::StepReason;

/// What is known of a next hop.
enum Hop {
    /// It is up, as of then.
    Up(BootTime),
    /// Only this health check can tell.
    Unasked(HealthEnd),
    /// Only a read can tell.
    Unseen,
    /// Only a read could tell, and it failed.
    Unread,
    Down,
}

/// What came of looking at the routes over something.
enum Judged {
    /// Every entry keeps another next hop, as of then.
    Kept(BootTime),
    /// These health checks have to be asked for first.
    Unasked(BTreeSet<HealthEnd>),
    /// Something has to be read first.
    Unseen,
    /// These have none, and what was read for that is new; of some next hops nobody knows.
    Lost { prefixes: Vec<LostPrefix>, unread_hops: Vec<RouterInterfaceId> },
}

impl<'a> Machine<'a> {
    /// Asks for the routes over a step's interface where what is known of them does not count any more.
    pub(super) fn ask_routes(&mut self, number: usize, since: Moment) {
        for end in self.routes.ends(&self.planned(number).address) {
            self.ask_routes_of(&end.router, number, since);
        }
    }

    fn ask_routes_of(&mut self, router: &Router, number: usize, since: Moment) {
        let is_known = !matches!(self.routes.known(router, self.fresh(number, since)), Known::Unknown);
        if !is_known && self.routes.ask(router, self.now.instant) {
            self.effects.push(Effect::AskRoutes(router.clone()));
        }
    }

    /// Returns when the oldest was asked for on which it rests that no route loses its last next hop.
    pub(super) fn examine_routes(&mut self, number: usize, since: Moment) -> Result<Option<BootTime>, Option<Verdict>> {
        let (mut oldest, mut is_waiting) = (None, false);
        // Every end is asked before any is waited for.
        for end in self.routes.ends(&self.planned(number).address) {
            match self.examine_end(number, end, since) {
                Ok(asked) => oldest = [oldest, Some(asked)].into_iter().flatten().min(),
                Err(None) => is_waiting = true,
                Err(verdict) => return Err(verdict),
            }
        }
        if is_waiting { Err(None) } else { Ok(oldest) }
    }

    fn examine_end(&mut self, number: usize, end: &RouteEnd, since: Moment) -> Result<BootTime, Option<Verdict>> {
        let router = &end.router;
        let fresh = self.fresh(number, since);
        let judged = match self.routes.known(router, fresh) {
            Known::Unread(why) => return Err(Some(self.last_route(Default::default(), Some(why)))),
            Known::Said { asked, routes, is_new } => {
                match self.judge_routes(number, end, routes, fresh) {
                    Judged::Kept(oldest) => return Ok(oldest.min(asked)),
                    // Only what was asked for since may refuse it.
                    Judged::Lost { .. } if !is_new => None,
                    judged => Some(judged),
                }
            }
            Known::Unknown => None,
        };
        match judged {
            None => {
                self.routes.doubt(router);
                self.ask_routes_of(router, number, since);
                Err(None)
            }
            Some(Judged::Unasked(ends)) => {
                self.ask_health(ends.iter().collect());
                Err(None)
            }
            Some(Judged::Lost { .. }) if self.is_any_just_moved(self.hops_declared(number)) => {
                // In a moment reads can be relied on.
                Err(Some(self.hold(number)))
            }
            Some(Judged::Lost { prefixes, unread_hops }) => Err(Some(self.last_route((prefixes, unread_hops), None))),
            Some(Judged::Unseen | Judged::Kept(_)) => Err(None),
        }
    }

    fn last_route(
        &self,
        (prefixes, unread_hops): (Vec<LostPrefix>, Vec<RouterInterfaceId>),
        unread: Option<RoutesUnread>,
    ) -> Verdict {
        let at = self.routes.guards.at.clone();
        let loss = RouteLoss { prefixes, unread_hops, unread, at };
        Verdict::Finish(Outcome::Guarded, Some(StepReason::Route(Box::new(loss))))
    }

    /// Lists the next hops that are read before a step's interface may go down, and their other ends: of each entry one that
    /// is known to be up, or all.
    pub(super) fn hops_worth_reading(&self, number: usize) -> Vec<(&'a Scope, RouterInterfaceId)> {
        let fresh = Fresh { since: Moment::default(), now: self.now.boot, max_age: Duration::MAX };
        let mut worth: BTreeSet<(&'a Scope, RouterInterfaceId)> = BTreeSet::new();
        let ends = self.routes.ends(&self.planned(number).address).iter();
        let said = ends.filter_map(|end| Some((end, self.routes.last(&end.router)?)));
        for (RouteEnd { router, .. }, hops) in
            said.flat_map(|(end, routes)| others(routes, &end.hop).into_iter().map(move |hops| (end, hops)))
        {
            let up = hops.iter().find(|id| matches!(self.hop(&router.scope, id, fresh), Hop::Up(_)));
            let read = up.map_or_else(|| hops.iter().copied().collect(), |up| vec![*up]);
            for id in read {
                let seen = self.sightings.get(&router.scope, id);
                let other = seen.and_then(|observed| observed.opposite.interface_id.as_ref());
                let other = other.and_then(|id| Some((self.routes.declared.get(id)?.1, id.clone())));
                worth.extend(other);
                worth.insert((&router.scope, id.clone()));
            }
        }
        worth.into_iter().collect()
    }

    fn hops_declared(&self, number: usize) -> impl Iterator<Item = &'a Address> + use<'a> {
        let hops = self.hops_worth_reading(number).into_iter();
        let declared: Vec<&'a Address> =
            hops.filter_map(|(_, id)| self.routes.declared.get(&id).map(|(address, _)| *address)).collect();
        declared.into_iter()
    }

    fn judge_routes(&self, number: usize, end: &RouteEnd, routes: &[Route], fresh: Fresh) -> Judged {
        let step = self.planned(number);
        let own = self.sightings.get(&step.scope, &step.interface_id);
        let asked = self.sightings.asked(&step.scope, &step.interface_id);
        let Some(mut oldest) = asked else { return Judged::Unseen };
        // What is out already carries nothing.
        if own.is_some_and(Observed::is_out) && !self.is_coming_up(&step.address) {
            return Judged::Kept(oldest);
        }
        let (mut unasked, mut is_unseen, mut lost) = (BTreeSet::new(), false, BTreeSet::new());
        let mut unread_hops = BTreeSet::new();
        for hops in others(routes, &end.hop) {
            let mut kept: Option<BootTime> = None;
            let (mut ends, mut is_open, mut unread) = (BTreeSet::new(), false, BTreeSet::new());
            for id in &hops {
                match self.hop(&end.router.scope, id, fresh) {
                    Hop::Up(asked) => kept = kept.max(Some(asked)),
                    Hop::Unasked(end) => drop(ends.insert(end)),
                    Hop::Unseen => is_open = true,
                    Hop::Unread => drop(unread.insert((*id).clone())),
                    Hop::Down => {}
                }
            }
            match kept {
                Some(kept) => oldest = oldest.min(kept),
                None if !ends.is_empty() => unasked.extend(ends),
                None if is_open => is_unseen = true,
                None => {
                    lost.insert(hops);
                    unread_hops.append(&mut unread);
                }
            }
        }
        if !unasked.is_empty() {
            Judged::Unasked(unasked)
        } else if is_unseen {
            Judged::Unseen
        } else if lost.is_empty() {
            Judged::Kept(oldest)
        } else {
            let is_lost = |route: &&Route| hops_beside(route, &end.hop).is_some_and(|hops| lost.contains(&hops));
            let mut prefixes: Vec<LostPrefix> = routes.iter().filter(is_lost).map(LostPrefix::of).collect();
            prefixes.sort();
            Judged::Lost { prefixes, unread_hops: unread_hops.into_iter().collect() }
        }
    }

    /// Returns what is known of a next hop, counting what is in flight as down.
    fn hop(&self, scope: &Scope, id: &RouterInterfaceId, fresh: Fresh) -> Hop {
        let unseen = |scope: &Scope| if self.routes.is_unread(scope, fresh.since) { Hop::Unread } else { Hop::Unseen };
        let is_new = |scope: &Scope, id: &RouterInterfaceId| self.sightings.is_newer(scope, id, fresh.since);
        let (Some(observed), Some(mut asked)) = (self.sightings.get(scope, id), self.sightings.asked(scope, id)) else {
            let is_gone = self.sightings.is_absent(scope, id) && is_new(scope, id);
            return if is_gone { Hop::Down } else { unseen(scope) };
        };
        let down = |is_new: bool, scope: &Scope| if is_new { Hop::Down } else { unseen(scope) };
        let is_falling = |id: &RouterInterfaceId| {
            self.routes.declared.get(id).is_some_and(|(address, _)| self.is_going_down(address))
        };
        let opposite = observed.opposite.interface_id.as_ref();
        if !observed.counts_as_up() || is_falling(id) || opposite.is_some_and(is_falling) {
            return down(is_new(scope, id), scope);
        }
        if let Some((other, (_, other_scope))) = opposite.and_then(|id| self.routes.declared.get_key_value(id)) {
            match (self.sightings.get(other_scope, other), self.sightings.asked(other_scope, other)) {
                (Some(end), Some(read)) if end.counts_as_up() => asked = asked.min(read),
                (Some(_), Some(_)) => return down(is_new(other_scope, other), other_scope),
                _ => {
                    let is_gone = self.sightings.is_absent(other_scope, other) && is_new(other_scope, other);
                    return if is_gone { Hop::Down } else { unseen(other_scope) };
                }
            }
        }
        if !self.routes.guards.is_health_binding {
            return Hop::Up(asked);
        }
        let own = || HealthEnd { interface_id: id.clone(), scope: Some(scope.clone()) };
        let end = self.routes.guards.checks.get(id).cloned().unwrap_or_else(own);
        match self.checks.of(&end, fresh) {
            Checkup::Good(checked) => Hop::Up(asked.min(checked)),
            Checkup::Bad(_) => Hop::Down,
            Checkup::Unknown { .. } => Hop::Unasked(end),
        }
    }
}

/// Lists the other next hops of every entry over an interface that are Enabled, each set once.
fn others<'r>(routes: &'r [Route], id: &RouterInterfaceId) -> BTreeSet<BTreeSet<&'r RouterInterfaceId>> {
    routes.iter().filter_map(|route| hops_beside(route, id)).collect()
}

/// Returns the other next hops of an entry that are Enabled; `None` for one that does not lead over the interface.
fn hops_beside<'r>(route: &'r Route, id: &RouterInterfaceId) -> Option<BTreeSet<&'r RouterInterfaceId>> {
    let mut enabled = route.next_hops.iter().filter(|hop| hop.is_enabled);
    enabled
        .clone()
        .any(|hop| hop.id == *id)
        .then(|| enabled.by_ref().map(|hop| &hop.id).filter(|other| *other != id).collect())
}
