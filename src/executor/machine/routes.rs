//! What the route tables say of what is to go down, where `limits.last_route` blocks: asked for right before the calls that rest on it.

use std::collections::BTreeMap;

use super::health::Fresh;
use super::time::Moment;
use crate::clock::BootTime;
use crate::cloud::CloudError;
use crate::plan::{Plan, RouteEnd, RouteGuards, RoutesUnread};
use crate::resource::{Address, Route, Router, RouterInterfaceId, Scope};

/// What the route tables said last of each router that was asked about.
pub(super) struct Routes<'a> {
    pub(super) guards: &'a RouteGuards,
    /// What the spec declares, by id; nothing where nobody asks for routes.
    pub(super) declared: BTreeMap<&'a RouterInterfaceId, (&'a Address, &'a Scope)>,
    said: BTreeMap<Router, Said>,
    /// Who has been asked and has not answered, and when.
    asking: BTreeMap<Router, Moment>,
    /// Where next hops could not be read, and when the last try was begun.
    unread: BTreeMap<Scope, Moment>,
}

struct Said {
    begun: Moment,
    /// What was answered, and when it was asked for; or why nothing was.
    answer: Result<(BootTime, Vec<Route>), RoutesUnread>,
}

/// What is known of the routes of a router.
pub(super) enum Known<'s> {
    /// This, as of then.
    Said { asked: BootTime, routes: &'s [Route], is_new: bool },
    /// It could not be read.
    Unread(RoutesUnread),
    /// Nobody has asked, or too long ago.
    Unknown,
}

impl<'a> Routes<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let guards = &plan.route_guards;
        let changes = plan.resource_changes.iter().filter(|_| !guards.ends.is_empty());
        Self {
            guards,
            declared: changes.map(|change| (&change.id, (&change.address, &change.scope))).collect(),
            said: BTreeMap::new(),
            asking: BTreeMap::new(),
            unread: BTreeMap::new(),
        }
    }

    /// Lists whose tables say what rides on the link of an interface.
    pub(super) fn ends(&self, address: &Address) -> &'a [RouteEnd] {
        self.guards.ends.get(address).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn known(&self, router: &Router, fresh: Fresh) -> Known<'_> {
        let Some(said) = self.said.get(router) else { return Known::Unknown };
        let is_new = said.begun >= fresh.since;
        match &said.answer {
            Ok((asked, routes)) if is_new || fresh.now.since(*asked) <= fresh.max_age => {
                Known::Said { asked: *asked, routes, is_new }
            }
            Err(why) if is_new => Known::Unread(why.clone()),
            _ => Known::Unknown,
        }
    }

    /// Returns what was said last of a router, however long ago.
    pub(super) fn last(&self, router: &Router) -> Option<&[Route]> {
        self.said.get(router)?.answer.as_ref().ok().map(|(_, routes)| routes.as_slice())
    }

    /// Takes in that a router is asked; returns whether it was not asked already.
    pub(super) fn ask(&mut self, router: &Router, now: Moment) -> bool {
        let is_news = !self.asking.contains_key(router);
        if is_news {
            self.asking.insert(router.clone(), now);
        }
        is_news
    }

    /// Takes in that interfaces of a scope were read, or could not be, by a read that was begun then.
    pub(super) fn read(&mut self, scope: &Scope, begun: Moment, is_read: bool) {
        if is_read {
            self.unread.remove(scope);
        } else if !self.guards.ends.is_empty() {
            self.unread.insert(scope.clone(), begun);
        }
    }

    /// Returns whether the last read of a scope failed, and was begun no earlier than `since`: what only it could tell counts as lost.
    pub(super) fn is_unread(&self, scope: &Scope, since: Moment) -> bool {
        self.unread.get(scope).is_some_and(|begun| *begun >= since)
    }

    /// What was said of a router counts no more.
    pub(super) fn doubt(&mut self, router: &Router) {
        self.said.remove(router);
    }

    /// From here on nothing that was said before counts: others may have been at work meanwhile.
    pub(super) fn forget(&mut self) {
        self.said.clear();
    }

    /// Takes in what the route tables of a router said, asked for then, or that they could not be read.
    pub(super) fn hear(&mut self, router: Router, asked: BootTime, answer: Result<Vec<Route>, CloudError>) {
        let Some(begun) = self.asking.remove(&router) else { return };
        let answer = answer.map(|routes| (asked, routes)).map_err(|error| RoutesUnread::from(&error));
        self.said.insert(router, Said { begun, answer });
    }
}
