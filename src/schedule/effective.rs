//! The statuses that hold at a moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::drift::OtherEnds;
use crate::plan::{Assumed, Meanwhile, Upcoming, What};
use crate::resource::{Address, Call, ChangeName, DesiredStatus, LiveState, Reading, RouterInterfaceId};
use crate::spec::{Change, DeclaredWindow, Ended, InForce, Interface, Planned, Spec};
use crate::windows::{Gate, Verdict, Window};

use super::clash::Watch;
use super::tally::Sides;
use super::timeline::{Walk, boundaries, by_beginning, in_step};

/// How far ahead a plan says what begins and ends.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Returns a spec whose interfaces have the statuses that hold at a moment, whatever moment it was of before.
///
/// Of changes that agree the one begun first is named; so it is of those that do not, which is an error elsewhere.
pub fn in_force(mut spec: Spec, at: Timestamp) -> Spec {
    if spec.changes.is_empty() {
        return spec;
    }
    let changes = std::mem::take(&mut spec.changes);
    let mut interfaces: Vec<(&Address, &mut Interface)> = spec.interfaces.iter_mut().collect();
    interfaces.iter_mut().for_each(|(_, interface)| restore(interface));
    for (name, change) in by_beginning(&changes) {
        for place in in_step(&interfaces, &change.selected) {
            apply(interfaces[place].1, name, change, at);
        }
    }
    spec.changes = changes;
    spec
}

fn restore(interface: &mut Interface) {
    let Planned { in_force, .. } = std::mem::take(&mut interface.planned);
    if let Some(InForce { base, base_reason, .. }) = in_force.map(|in_force| *in_force) {
        interface.status = base;
        (interface.reason, interface.places.reason) = base_reason;
    }
}

fn apply(interface: &mut Interface, name: &ChangeName, change: &Change, at: Timestamp) {
    let planned = &mut interface.planned;
    let next = next_boundary(change, at);
    planned.valid_until = [planned.valid_until, next].into_iter().flatten().min();
    if change.is_in_force(at) && planned.in_force.is_none() {
        let base_reason =
            (interface.reason.replace(change.reason.clone()), interface.places.reason.replace(change.place));
        let base = std::mem::replace(&mut interface.status, change.status.clone());
        planned.in_force = Some(Box::new(InForce { change: name.clone(), base, base_reason }));
    } else if let Some(until) = change.until.as_ref().filter(|_| change.has_ended(at))
        && planned.ended.as_ref().is_none_or(|ended| ended.at < until.value)
    {
        let ended = Ended { change: name.clone(), status: change.status.value, at: until.value };
        planned.ended = Some(Box::new(ended));
    }
}

fn next_boundary(change: &Change, at: Timestamp) -> Option<Timestamp> {
    boundaries(change).map(|(moment, _)| moment).filter(|moment| *moment > at).min()
}

/// Lists what begins and ends after a moment, up to and including a later one, in order.
fn between(spec: &Spec, after: Timestamp, to: Timestamp) -> Vec<(Timestamp, What, &ChangeName, &Change)> {
    let all = spec
        .changes
        .iter()
        .flat_map(|(name, change)| boundaries(change).map(move |(at, what)| (at, what, name, change)));
    let mut found: Vec<_> = all.filter(|(at, ..)| *at > after && *at <= to).collect();
    // Where one change hands over to another, what ends is told before what begins.
    found.sort_by_key(|(at, what, name, _)| (*at, *what == What::Begins, *name));
    found
}

/// Lists what begins or ends within the 24 hours after a moment.
pub fn upcoming(spec: &Spec, at: Timestamp) -> Vec<Upcoming> {
    upcoming_within(spec, at, AHEAD)
}

/// Lists what begins or ends within such a time after a moment.
pub fn upcoming_within(spec: &Spec, at: Timestamp, ahead: SignedDuration) -> Vec<Upcoming> {
    let to = at.checked_add(ahead).unwrap_or(Timestamp::MAX);
    let soon = between(spec, at, to).into_iter();
    soon.map(|(at, what, name, change)| Upcoming {
        change_id: name.clone(),
        at,
        what,
        interfaces: u32::try_from(change.selected.len()).unwrap_or(u32::MAX),
        status: (what == What::Begins).then_some(change.status.value),
    })
    .collect()
}

/// Returns what begins or ends in a time, and the status that each interface concerned is taken to have reached by its end. What a
/// clash, windows or a cap hold back does not happen, and is not taken as done; `other_ends` tells what is one
/// link.
pub fn assumed(
    spec: &Spec,
    other_ends: &OtherEnds,
    meanwhile: Meanwhile,
) -> (Vec<Assumed>, BTreeMap<Address, DesiredStatus>) {
    let Meanwhile { after: now, before: at, allow_changes } = meanwhile;
    let mut done = between(spec, now, at);
    done.retain(|(moment, ..)| *moment < at);
    if done.is_empty() {
        return Default::default();
    }
    let mut walk = Walk::new(spec, now);
    let mut watch = Watch::begin(spec, Sides::Known(other_ends), &walk, now);
    let before: Vec<DesiredStatus> = walk.all_now().to_vec();
    let mut reached: BTreeMap<usize, DesiredStatus> = BTreeMap::new();
    let (mut touched, mut begun): (BTreeSet<usize>, BTreeSet<&ChangeName>) = Default::default();
    while walk.next_at().is_some_and(|moment| moment < at) {
        let Some(turn) = walk.next_turn() else { break };
        watch.follow(&walk, &turn);
        touched.extend(&turn.touched);
        let has = |place: usize| reached.get(&place).copied().unwrap_or(before[place]);
        let held = watch.held(&walk, &has);
        let until = walk.next_at().map_or(at, |next| next.min(at));
        let waits = |place: usize| {
            has(place) != walk.now(place)
                && !opens_within(spec, &walk, &ends(&walk, other_ends, place), (turn.at, until))
        };
        let through = touched.iter().copied().filter(|place| !held.contains(place) && !waits(*place));
        let through: Vec<usize> = through.collect();
        let moving: Vec<usize> = through.iter().copied().filter(|place| has(*place) != walk.now(*place)).collect();
        let is_allowed = allow_changes.is_some_and(|allowed| allowed as usize == moving.len());
        if !is_allowed && watch.exceeded(&walk, &moving).is_some() {
            continue;
        }
        begun.extend(through.iter().flat_map(|place| walk.about(*place)).map(|(name, _)| name));
        reached.extend(through.into_iter().map(|place| (place, walk.now(place))));
    }
    done.retain(|(.., name, change)| begun.contains(name) || change.has_begun(now) || change.selected.is_empty());
    let assumed = |(at, what, name, _): (_, _, &ChangeName, _)| Assumed { change_id: name.clone(), at, what };
    let address = |place: usize| walk.interfaces[place].0.clone();
    let statuses = reached.into_iter().map(|(place, status)| (address(place), status)).collect();
    (done.into_iter().map(assumed).collect(), statuses)
}

/// Returns an interface, and the other end of its link where both are to go to one status: a window over one covers both.
fn ends(walk: &Walk<'_>, other_ends: &OtherEnds, place: usize) -> Vec<usize> {
    let other = other_ends.end(place).filter(|other| walk.now(*other) == walk.now(place));
    std::iter::once(place).chain(other).collect()
}

/// Returns whether windows let the call through at some moment of a span that brings an interface, the first of `ends`, to the
/// status that it is to have. Its return waits for no allow window.
fn opens_within(spec: &Spec, walk: &Walk<'_>, ends: &[usize], (from, until): (Timestamp, Timestamp)) -> bool {
    let place = ends[0];
    let call = match walk.now(place) {
        DesiredStatus::Active => Call::Activate,
        DesiredStatus::Inactive => Call::Deactivate,
    };
    let covers = |window: &DeclaredWindow| ends.iter().any(|end| window.covers(walk.interfaces[*end].0, call));
    let is_return = walk.named(place).is_none();
    let holds = |window: &Window| !is_return || window.verdict == Verdict::Deny;
    let covering = spec.windows.iter().filter(|window| covers(window) && holds(&window.window));
    let gate = Gate::new(spec.time_zone.clone(), covering.map(|window| Arc::clone(&window.window)).collect());
    gate.opens_at(from).is_some_and(|opens| opens < until)
}

/// Returns what is live as it is taken to be: with the statuses that are taken to have been reached, on both sides of a link.
pub fn as_assumed(mut live: LiveState, spec: &Spec, statuses: &BTreeMap<Address, DesiredStatus>) -> LiveState {
    let by_id: BTreeMap<&RouterInterfaceId, DesiredStatus> = statuses
        .iter()
        .filter_map(|(address, status)| Some((&spec.interfaces.get(address)?.id.value, *status)))
        .collect();
    for (address, reading) in &mut live.readings {
        let Reading::Found(observed) = reading else { continue };
        if let Some(status) = statuses.get(address) {
            observed.status = status.status();
        }
        let opposite = observed.opposite.interface_id.as_ref().and_then(|id| by_id.get(id));
        if let (Some(told), Some(status)) = (&mut observed.opposite.status, opposite) {
            *told = status.status();
        }
    }
    live
}
