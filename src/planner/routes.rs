//! The routes over what goes down: which prefixes lose their last next hop, in whatever order the plan allows.
//!
//! An entry of a route table is a floor of one over its next hops: links that are up, some of which the plan takes down and
//! some of which it brings up. Its worst moment is found as that of a floor is, by a largest matching; but no edge is added for it,
//! since routes are no part of what a plan's digest covers. A next hop counts if it is Enabled and its link is up; what the plan
//! brings up may show no Enabled before that, and counts as unproven then. The planner asks nobody: it says which routers
//! and which next hops it has to hear of, and plans again once it has.

mod entry;
mod link;

use std::collections::{BTreeMap, BTreeSet};

use crate::language::Wording;
use crate::plan::{
    BlockReason, HealthEnd, LostPrefix, PlanOptions, RouteEnd, RouteGuards, RouteLeft, RouteLoss, RouterRead,
    RoutesAnswer, RoutesHeard, RoutesUnread, Warning,
};
use crate::resource::{Address, NextHop, Route, Router, RouterInterfaceId, Scope};
use crate::spec::{LastRoutePolicy, Spec};

use super::draft::Draft;
use super::health::Checks;
use super::order::Graph;
use super::pairs::Pairs;
use super::subject::{SubjectNumber, Subjects};
use entry::{Entry, Verdict};
use link::Links;

/// What the routes are about.
pub(super) struct Scene<'s, 'a> {
    pub(super) spec: &'a Spec,
    pub(super) subjects: &'s Subjects<'a>,
    pub(super) pairs: &'s Pairs,
    pub(super) checks: &'s Checks<'a>,
    pub(super) draft: &'s Draft,
    pub(super) graph: &'s Graph,
    /// What was read so far.
    pub(super) heard: &'a RoutesHeard,
}

/// What came of the routes.
#[derive(Default)]
pub(super) struct Routes {
    /// What remains, by interface, table and prefix.
    pub(super) left: Vec<RouteLeft>,
    /// What a reviewer should know.
    pub(super) warnings: Vec<Warning>,
    /// What may not go down.
    pub(super) lost: BTreeMap<Address, BlockReason>,
    /// What a run asks again.
    pub(super) guards: RouteGuards,
    /// What goes down because somebody allowed it.
    pub(super) allowed: Vec<Address>,
    /// The routers whose tables have to be read.
    pub(super) routers: BTreeSet<Router>,
    /// The next hops that have to be looked at.
    pub(super) hops: BTreeSet<(Scope, RouterInterfaceId)>,
    /// The health checks that have to be heard of.
    pub(super) checks: Vec<HealthEnd>,
}

impl Routes {
    /// Returns what still matters where nothing goes down after all.
    pub(super) fn of_nothing(self) -> Self {
        let Self { lost, routers, hops, checks, .. } = self;
        Self { lost, routers, hops, checks, ..Self::default() }
    }
}

/// An interface that goes down, and where its routes stand.
struct Fall<'a> {
    number: SubjectNumber,
    address: &'a Address,
    router: Result<Router, RoutesUnread>,
    /// The VPC's router at the other end of its link, where what rides on that end binds: it falls with this one.
    other: Option<Result<RouteEnd, RoutesUnread>>,
}

impl Fall<'_> {
    /// Lists the routers whose tables say what rides on its link.
    fn routers(&self) -> impl Iterator<Item = &Router> {
        self.router.as_ref().ok().into_iter().chain(self.other_end().map(|end| &end.router))
    }

    fn other_end(&self) -> Option<&RouteEnd> {
        self.other.as_ref()?.as_ref().ok()
    }

    /// Returns why what rides on its link is not known, if it is not.
    fn unread(&self, known: &BTreeMap<&Router, &RoutesAnswer>) -> Option<RoutesUnread> {
        let ends = [Some(self.router.as_ref()), self.other.as_ref().map(|end| end.as_ref().map(|end| &end.router))];
        ends.into_iter().flatten().find_map(|router| match router.map(|router| known.get(router).copied()) {
            Err(why) | Ok(Some(RoutesAnswer::Unread(why))) => Some(why.clone()),
            Ok(_) => None,
        })
    }

    /// Lists where what rides on its link is asked for again: nowhere without a router of its own, which blocks it.
    fn ends(&self, id: &RouterInterfaceId) -> Vec<RouteEnd> {
        let own = self.router.as_ref().ok().map(|router| RouteEnd { router: router.clone(), hop: id.clone() });
        own.into_iter().flat_map(|own| [Some(own), self.other_end().cloned()]).flatten().collect()
    }
}

/// Goes through the routes over everything that is deactivated.
pub(super) fn guard(scene: &Scene<'_, '_>, options: &PlanOptions) -> Routes {
    let policy = scene.spec.limits.last_route();
    let falls = falls(scene);
    if falls.is_empty() || policy == LastRoutePolicy::Ignore {
        return Routes::default();
    }
    let known: BTreeMap<&Router, &RoutesAnswer> =
        scene.heard.routers.iter().map(|read| (&read.router, &read.answer)).collect();
    let mut routes = Routes::default();
    let asked: BTreeSet<&Router> = falls.iter().flat_map(Fall::routers).collect();
    routes.routers =
        asked.iter().filter(|router| !known.contains_key(*router)).map(|router| (*router).clone()).collect();
    let answers: Vec<(&Router, &RoutesAnswer)> =
        asked.iter().filter_map(|router| Some((*router, *known.get(router)?))).collect();
    let mut links = Links::new(scene);
    let falling: BTreeSet<SubjectNumber> = falls.iter().map(|fall| fall.number).collect();
    let entries = Entries::of(&answers, &falling, &mut links);
    routes.hops = links.unasked();
    routes.checks = unasked_checks(scene, &entries.all, &falling);
    if !routes.routers.is_empty() || !routes.hops.is_empty() || !routes.checks.is_empty() {
        return routes;
    }
    let binds = policy == LastRoutePolicy::Block;
    let (down, loosened) = match binds {
        true => accept(scene, &falls, &entries, options, (&known, &mut routes)),
        false => (falling, BTreeSet::new()),
    };
    tell(scene, &falls, &entries, &down, &mut routes);
    unread(&falls, &known, (binds, &loosened), &mut routes);
    if binds {
        let is_checked = |fall: &&Fall<'_>| down.contains(&fall.number) && !loosened.contains(&fall.number);
        let checked = falls.iter().filter(is_checked);
        let id_of = |fall: &Fall<'_>| &scene.subjects[fall.number].declared.id.value;
        routes.guards = RouteGuards {
            ends: checked.map(|fall| (fall.address.clone(), fall.ends(id_of(fall)))).collect(),
            is_health_binding: scene.checks.are_binding(),
            checks: links.ends_elsewhere(),
            at: place(scene.spec),
        };
    }
    routes
}

/// Lists what goes down, in the order of numbers.
fn falls<'a>(scene: &Scene<'_, 'a>) -> Vec<Fall<'a>> {
    let falling = scene.subjects.iter().filter(|(number, _)| scene.draft.deactivates(*number));
    falling
        .map(|(number, subject)| {
            let live = subject.live();
            let id = live.and_then(|live| live.router_id.clone()).filter(|id| !id.is_empty());
            let kind = live.and_then(|live| live.router_type.clone());
            let scope = subject.declared.scope.clone();
            let router = id.map(|id| Router { scope, id, kind }).ok_or(RoutesUnread::NoRouter);
            let binds = scene.spec.limits.last_route() == LastRoutePolicy::Block;
            let other = if binds { other_end(scene, number) } else { None };
            Fall { number, address: subject.address, router, other }
        })
        .collect()
}

/// Returns the other end of a link, if its router is a VPC's, or why that cannot be asked. The tables of a VBR have one next hop an
/// entry, so that they would let nothing go down.
fn other_end(scene: &Scene<'_, '_>, number: SubjectNumber) -> Option<Result<RouteEnd, RoutesUnread>> {
    let is_of_vpc = |kind: &Option<Box<str>>| kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("VRouter"));
    let of = |hop: &RouterInterfaceId, scope: Scope, id: &Option<Box<str>>, kind: &Option<Box<str>>| {
        let id = id.clone().filter(|id| !id.is_empty() && is_of_vpc(kind))?;
        Some(Ok(RouteEnd { router: Router { scope, id, kind: kind.clone() }, hop: hop.clone() }))
    };
    let peer = scene.pairs.peer(number).map(|peer| &scene.subjects[peer]);
    if let Some((peer, live)) = peer.and_then(|peer| Some((peer, peer.live()?))) {
        return of(&peer.declared.id.value, peer.declared.scope.clone(), &live.router_id, &live.router_type);
    }
    // Where the other end was not read, or is not declared, this one tells of it.
    let subject = &scene.subjects[number];
    let (own, opposite) = (&subject.declared.scope, &subject.live()?.opposite);
    let router = opposite.router_id.as_ref().filter(|_| is_of_vpc(&opposite.router_type))?;
    let account = scene.checks.account_of(own, opposite.owner_id.as_ref());
    let Some(account) = account.or_else(|| Some(peer?.declared.scope.account.clone())) else {
        let (router, account_id) = (router.to_string(), opposite.owner_id.clone());
        return Some(Err(RoutesUnread::NoAccount { router, account_id }));
    };
    let region = opposite.region.clone().unwrap_or_else(|| own.region.clone());
    of(opposite.interface_id.as_ref()?, Scope { account, region }, &opposite.router_id, &opposite.router_type)
}

/// The entries that lead over something that goes down, those of equal next hops as one.
struct Entries<'a> {
    all: Vec<Entry<'a>>,
    /// The places of those that an interface is a side of, be it by its other end.
    over: BTreeMap<SubjectNumber, Vec<usize>>,
}

impl<'a> Entries<'a> {
    fn of(
        answers: &[(&Router, &'a RoutesAnswer)],
        falling: &BTreeSet<SubjectNumber>,
        links: &mut Links<'_, '_>,
    ) -> Self {
        let (mut all, mut over): (Vec<Entry<'a>>, BTreeMap<SubjectNumber, Vec<usize>>) = Default::default();
        let others = links.other_ends(falling);
        for (router, answer) in answers {
            let RoutesAnswer::Entries(routes) = answer else { continue };
            let mut alike: BTreeMap<Vec<_>, usize> = BTreeMap::new();
            for route in routes {
                let hop = |hop: &'a NextHop| (hop.id.as_str(), hop.is_enabled, hop.weight);
                let hops: Vec<_> = route.next_hops.iter().map(hop).collect();
                if let Some(known) = alike.get(&hops) {
                    all[*known].routes.push(route);
                    continue;
                }
                let may_fall =
                    |hop: &NextHop| others.contains(&hop.id) || links.may_fall(&router.scope, &hop.id, falling);
                if route.next_hops.iter().any(may_fall) {
                    alike.insert(hops, all.len());
                    all.push(Entry::of(router, route, links));
                }
            }
        }
        for (place, entry) in all.iter().enumerate() {
            for side in entry.sides().collect::<BTreeSet<SubjectNumber>>() {
                over.entry(side).or_default().push(place);
            }
        }
        Self { all, over }
    }

    fn over(&self, number: SubjectNumber) -> impl Iterator<Item = &Entry<'a>> {
        self.over.get(&number).into_iter().flatten().map(|place| &self.all[*place])
    }
}

/// Lists the health checks of next hops that nobody has been asked for, where those count.
fn unasked_checks(scene: &Scene<'_, '_>, entries: &[Entry<'_>], falling: &BTreeSet<SubjectNumber>) -> Vec<HealthEnd> {
    if !scene.checks.are_binding() {
        return Vec::new();
    }
    let ends: BTreeSet<HealthEnd> = entries.iter().flat_map(|entry| entry.checks(falling)).collect();
    ends.into_iter().filter(|end| !scene.checks.has_heard(end)).collect()
}

/// Goes through what goes down in the order of the plan and refuses each that would leave a prefix without a next hop in some
/// order; returns what may go down, and what of it because somebody allowed it.
fn accept(
    scene: &Scene<'_, '_>,
    falls: &[Fall<'_>],
    entries: &Entries<'_>,
    options: &PlanOptions,
    (known, routes): (&BTreeMap<&Router, &RoutesAnswer>, &mut Routes),
) -> (BTreeSet<SubjectNumber>, BTreeSet<SubjectNumber>) {
    let by_number: BTreeMap<SubjectNumber, &Fall<'_>> = falls.iter().map(|fall| (fall.number, fall)).collect();
    // What one end of a link is allowed to cut the other one cuts with it.
    let is_allowed = |fall: &Fall<'_>| {
        let peer = scene.pairs.peer(fall.number).map(|peer| scene.subjects[peer].address);
        let mut ends = std::iter::once(fall.address).chain(peer);
        ends.any(|address| options.allow_last_route.contains(address))
    };
    let bound_by: BTreeMap<SubjectNumber, BTreeSet<&Router>> =
        falls.iter().map(|fall| (fall.number, fall.routers().collect())).collect();
    let order = scene.graph.in_order(scene.draft);
    let order = order.iter().filter_map(|number| by_number.get(number).copied());
    let (allowed, others): (Vec<&Fall<'_>>, Vec<&Fall<'_>>) = order.partition(|fall| is_allowed(fall));
    let mut down: BTreeSet<SubjectNumber> = allowed.iter().map(|fall| fall.number).collect();
    let mut guarded: BTreeSet<SubjectNumber> = BTreeSet::new();
    let mut stays: BTreeSet<SubjectNumber> = BTreeSet::new();
    for fall in others {
        // What needs one that stays up is blocked for that, and takes nothing from any route.
        if scene.graph.needs(fall.number).iter().any(|needed| stays.contains(needed)) {
            stays.insert(fall.number);
            continue;
        }
        let unread = fall.unread(known);
        down.insert(fall.number);
        guarded.insert(fall.number);
        // A table counts for what it is asked about: that of a VBR which others need says nothing of the rest.
        let guarded_in = |router: &Router| -> BTreeSet<SubjectNumber> {
            guarded.iter().copied().filter(|number| bound_by[number].contains(router)).collect()
        };
        let lost: Vec<&Entry<'_>> =
            entries.over(fall.number).filter(|entry| entry.loses(&guarded_in(&entry.router), &down, scene)).collect();
        if unread.is_some() || !lost.is_empty() {
            down.remove(&fall.number);
            guarded.remove(&fall.number);
            stays.insert(fall.number);
            let at = place(scene.spec);
            let unread_hops: BTreeSet<RouterInterfaceId> = lost.iter().flat_map(|entry| entry.unread_hops()).collect();
            let prefixes = lost.iter().flat_map(|entry| entry.prefixes()).collect();
            let loss = RouteLoss { prefixes, unread_hops: unread_hops.into_iter().collect(), unread, at };
            routes.lost.insert(fall.address.clone(), BlockReason::Route(loss));
        }
    }
    let is_loosened = |fall: &&&Fall<'_>| {
        let own = BTreeSet::from([fall.number]);
        let mut bound = entries.over(fall.number).filter(|entry| bound_by[&fall.number].contains(&entry.router));
        fall.unread(known).is_some() || bound.any(|entry| entry.loses(&own, &down, scene))
    };
    let loosened: Vec<&Fall<'_>> = allowed.iter().copied().filter(|fall| is_loosened(&fall)).collect();
    let is_named = |fall: &&&Fall<'_>| options.allow_last_route.contains(fall.address);
    routes.allowed = loosened.iter().filter(is_named).map(|fall| fall.address.clone()).collect();
    (down, loosened.iter().map(|fall| fall.number).collect())
}

/// Says of everything that goes down which prefixes use it and what remains.
fn tell(
    scene: &Scene<'_, '_>,
    falls: &[Fall<'_>],
    entries: &Entries<'_>,
    down: &BTreeSet<SubjectNumber>,
    routes: &mut Routes,
) {
    for fall in falls.iter().filter(|fall| down.contains(&fall.number)) {
        let ends = fall.ends(&scene.subjects[fall.number].declared.id.value);
        let own = ends.iter().flat_map(|end| {
            let over =
                entries.over(fall.number).filter(|entry| entry.router == end.router && entry.leads_over(&end.hop));
            over.map(|entry| (&end.hop, entry))
        });
        let (mut lost, mut unproven, mut unread) = (Vec::new(), Vec::new(), BTreeSet::new());
        let mut left: Vec<RouteLeft> = Vec::new();
        for (hop, entry) in own {
            let Verdict { remains, is_unproven } = entry.verdict(hop, down, scene);
            if remains.is_empty() {
                lost.extend(entry.prefixes());
                unread.extend(entry.unread_hops());
            } else if is_unproven {
                unproven.extend(entry.prefixes());
            }
            left.extend(entry.routes.iter().map(|route: &&Route| RouteLeft {
                address: fall.address.clone(),
                table: route.table.clone(),
                prefix: route.prefix.clone(),
                remains: remains.clone(),
            }));
        }
        left.sort_by(|one, other| (&one.table, &one.prefix).cmp(&(&other.table, &other.prefix)));
        let is_elsewhere =
            |lost: &LostPrefix| left.iter().any(|left| left.prefix == lost.prefix && left.table != lost.table);
        lost.iter_mut().for_each(|lost: &mut LostPrefix| lost.also_elsewhere = is_elsewhere(lost));
        routes.left.extend(left);
        let address = || fall.address.clone();
        if !lost.is_empty() {
            let unread_hops = unread.into_iter().collect();
            routes.warnings.push(Warning::LastRoute { address: address(), prefixes: sorted(lost), unread_hops });
        }
        if !unproven.is_empty() {
            routes.warnings.push(Warning::LastRouteUnproven { address: address(), prefixes: sorted(unproven) });
        }
    }
}

/// Notes what could not be read and blocks nothing: once for all of it that is so for want of a permission.
fn unread(
    falls: &[Fall<'_>],
    known: &BTreeMap<&Router, &RoutesAnswer>,
    (binds, loosened): (bool, &BTreeSet<SubjectNumber>),
    routes: &mut Routes,
) {
    let mut denied: Option<(u32, Wording)> = None;
    let mut failed: Vec<(RoutesUnread, Vec<Address>)> = Vec::new();
    for fall in falls.iter().filter(|fall| !binds || loosened.contains(&fall.number)) {
        let why = match fall.unread(known) {
            // Every answer names it: that one does not is worth a block, and no note.
            None | Some(RoutesUnread::NoRouter) => continue,
            Some(why) => why,
        };
        let why = &why;
        if let RoutesUnread::Denied { detail } = why {
            denied.get_or_insert_with(|| (0, detail.clone())).0 += 1;
            continue;
        }
        // What failed in a row failed for one reason, whatever the RequestIds.
        match failed.iter_mut().find(|(other, _)| std::mem::discriminant(other) == std::mem::discriminant(why)) {
            Some((_, addresses)) => addresses.push(fall.address.clone()),
            None => failed.push((why.clone(), vec![fall.address.clone()])),
        }
    }
    routes.warnings.extend(denied.map(|(interfaces, detail)| Warning::RoutesDenied { interfaces, detail }));
    routes.warnings.extend(failed.into_iter().map(|(why, addresses)| Warning::RoutesUnread { addresses, why }));
}

/// Returns what was read, as far as it is about what the spec declares: of a plan that is made again from that, nothing else
/// matters.
pub(super) fn read(heard: &RoutesHeard, subjects: &Subjects<'_>) -> RoutesHeard {
    let declared = subjects.iter().map(|(_, subject)| &subject.declared.id.value);
    let others = subjects.iter().filter_map(|(_, subject)| subject.live()?.opposite.interface_id.as_ref());
    let ours: BTreeSet<&RouterInterfaceId> = declared.chain(others).collect();
    let is_about = |route: &&Route| route.next_hops.iter().any(|hop| ours.contains(&hop.id));
    let router = |read: &RouterRead| RouterRead {
        router: read.router.clone(),
        answer: match &read.answer {
            RoutesAnswer::Entries(routes) => RoutesAnswer::Entries(routes.iter().filter(is_about).cloned().collect()),
            unread => unread.clone(),
        },
    };
    RoutesHeard { routers: heard.routers.iter().map(router).collect(), hops: heard.hops.clone() }
}

/// Returns where the limit stands.
fn place(spec: &Spec) -> Option<String> {
    spec.limits.last_route.as_ref().map(|policy| spec.sources.locate(policy.place))
}

fn sorted(mut prefixes: Vec<LostPrefix>) -> Vec<LostPrefix> {
    prefixes.sort();
    prefixes
}
