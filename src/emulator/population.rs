//! The interfaces of a world, and the rolls that make listing them cheap at any instant.
//!
//! Every change goes through [`Population::write`], which notes when statuses will turn, and [`Population::put`]. The rolls show one instant;
//! asking about another looks at those interfaces only that turn in between, back as well as forth: a stale read looks
//! back. What is true is always the timelines.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use jiff::Timestamp;

use super::describe::{Narrowing, Query};
use super::interface::Interface;
use super::roll::Roll;
use super::timeline::Moment;
use crate::resource::{AccountId, Region, RouterInterfaceId, Status};

/// All interfaces of a world.
#[derive(Clone, Debug)]
pub(super) struct Population {
    interfaces: Vec<Interface>,
    places: BTreeMap<RouterInterfaceId, usize>,
    rolls: BTreeMap<(AccountId, Region), Roll>,
    /// Of each place, its position in its roll and the status under which it is listed there.
    shown: Vec<(usize, Status)>,
    /// The instant that the rolls show.
    as_of: Timestamp,
    /// When which place may turn. A moment that was cancelled since is no harm: it is looked at once more.
    turns: BTreeSet<(Timestamp, usize)>,
}

/// What a listing asks for, found: ranks of it are looked up one by one.
pub(super) struct Selected {
    scope: (AccountId, Region),
    found: Found,
    /// How many they are.
    pub(super) count: usize,
    /// How many interfaces were looked at to find them.
    pub(super) looked_at: usize,
}

enum Found {
    /// All of the roll, or those of these statuses.
    Ranked(Option<Vec<Status>>),
    /// These positions.
    Positions(Vec<usize>),
}

impl Population {
    /// Takes in the interfaces of a world, in the order in which listings give them, as they are at `epoch`.
    pub(super) fn new(interfaces: Vec<Interface>, epoch: Timestamp) -> Self {
        let mut places = BTreeMap::new();
        let mut members: BTreeMap<(AccountId, Region), Vec<usize>> = BTreeMap::new();
        let mut shown = Vec::with_capacity(interfaces.len());
        let mut turns = BTreeSet::new();
        for (place, interface) in interfaces.iter().enumerate() {
            places.insert(interface.facts.id.clone(), place);
            let roll = members.entry((interface.owner.clone(), interface.facts.region.clone())).or_default();
            shown.push((roll.len(), interface.timeline.status_at(epoch).clone()));
            roll.push(place);
            turns.extend(interface.timeline.turns().map(|at| (at, place)));
        }
        let mut rolls: BTreeMap<_, Roll> = members.into_iter().map(|(scope, roll)| (scope, Roll::of(roll))).collect();
        for roll in rolls.values_mut() {
            for position in 0..roll.len() {
                if let Some(place) = roll.place(position) {
                    roll.turn(position, None, &shown[place].1);
                }
            }
        }
        Self { interfaces, places, rolls, shown, as_of: epoch, turns }
    }

    /// Returns an interface.
    pub(super) fn get(&self, id: &str) -> Option<&Interface> {
        self.places.get(id).map(|place| &self.interfaces[*place])
    }

    /// Returns all interfaces, in the order of the world's file.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Interface> {
        self.interfaces.iter()
    }

    /// Returns all ids, sorted.
    pub(super) fn ids(&self) -> impl Iterator<Item = &RouterInterfaceId> {
        self.places.keys()
    }

    /// Takes in what an interface is from `at` on. One that was not there is not there yet either: what happens to it is
    /// written down after that.
    pub(super) fn put(&mut self, mut interface: Interface, at: Timestamp) {
        let scope = (interface.owner.clone(), interface.facts.region.clone());
        if let Some(place) = self.places.get(&interface.facts.id) {
            let known = &mut self.interfaces[*place];
            interface.timeline = known.timeline.clone();
            interface.past = std::mem::take(&mut known.past);
            let before = std::mem::replace(known, interface);
            known.past.push((at, before));
            if let Some(roll) = self.rolls.get_mut(&scope) {
                roll.forget_facts();
            }
            return;
        }
        let place = self.interfaces.len();
        let position = self.rolls.entry(scope).or_insert_with(|| Roll::of(Vec::new())).add(place);
        self.places.insert(interface.facts.id.clone(), place);
        self.shown.push((position, interface.timeline.status_at(self.as_of).clone()));
        self.interfaces.push(interface);
    }

    /// Writes down what happens to an interface; `None` if there is no such interface.
    pub(super) fn write(&mut self, id: &RouterInterfaceId, moments: &[Moment]) -> Option<()> {
        let place = *self.places.get(id)?;
        self.interfaces[place].timeline.write(moments);
        self.turns.extend(moments.iter().map(|moment| (moment.at, place)));
        self.show(place);
        Some(())
    }

    /// Finds what a listing of one account and region asks for at an instant.
    pub(super) fn select(&mut self, scope: (AccountId, Region), query: &Query, at: Timestamp) -> Selected {
        let turned = self.turn_to(at);
        let Some(roll) = self.rolls.get_mut(&scope) else {
            return Selected { scope, found: Found::Positions(Vec::new()), count: 0, looked_at: turned };
        };
        let (candidates, looked_at) = match query.narrowing() {
            Narrowing::All => return Selected::ranked(scope, roll, None, turned),
            Narrowing::Statuses(statuses) => return Selected::ranked(scope, roll, Some(statuses), turned),
            Narrowing::Ids(ids) => {
                let places = ids.iter().filter_map(|id| self.places.get(id.as_str()));
                let positions = places.map(|place| (self.shown[*place].0, *place));
                let here = positions.filter(|(position, place)| roll.place(*position) == Some(*place));
                let positions: BTreeSet<usize> = here.map(|(position, _)| position).collect();
                (positions.into_iter().collect(), ids.len())
            }
            Narrowing::Fact(key, values) => roll.with_fact(key, values, &self.interfaces),
            Narrowing::None => ((0..roll.len()).collect::<Vec<_>>(), roll.len()),
        };
        let is_asked_for = |position: &usize| {
            roll.place(*position).is_some_and(|place| {
                let status = &self.shown[place].1;
                *status != Status::Deleted && query.selects(&self.interfaces[place], status)
            })
        };
        let positions: Vec<usize> = candidates.into_iter().filter(is_asked_for).collect();
        let count = positions.len();
        Selected { scope, found: Found::Positions(positions), count, looked_at: turned + looked_at }
    }

    /// Returns one of what was found, by its rank from 0.
    pub(super) fn nth(&self, selected: &Selected, rank: usize) -> Option<&Interface> {
        let roll = self.rolls.get(&selected.scope)?;
        let position = match &selected.found {
            Found::Ranked(statuses) => roll.nth(statuses.as_deref(), rank),
            Found::Positions(positions) => positions.get(rank).copied(),
        };
        roll.place(position?).map(|place| &self.interfaces[place])
    }

    /// Makes the rolls show an instant; returns how many interfaces had to be looked at.
    fn turn_to(&mut self, instant: Timestamp) -> usize {
        let (from, to) = (self.as_of.min(instant), self.as_of.max(instant));
        self.as_of = instant;
        let between = (Bound::Excluded((from, usize::MAX)), Bound::Included((to, usize::MAX)));
        if from == to {
            return 0;
        }
        let due: Vec<usize> = self.turns.range(between).map(|(_, place)| *place).collect();
        due.iter().for_each(|place| self.show(*place));
        due.len()
    }

    /// Lists an interface as it is at the instant that the rolls show.
    fn show(&mut self, place: usize) {
        let interface = &self.interfaces[place];
        let status = interface.timeline.status_at(self.as_of);
        let (position, before) = &mut self.shown[place];
        if status != before {
            let scope = (interface.owner.clone(), interface.facts.region.clone());
            if let Some(roll) = self.rolls.get_mut(&scope) {
                roll.turn(*position, Some(before), status);
            }
            before.clone_from(status);
        }
    }
}

impl Selected {
    fn ranked(scope: (AccountId, Region), roll: &Roll, statuses: Option<Vec<Status>>, looked_at: usize) -> Self {
        let count = roll.count(statuses.as_deref());
        Self { scope, found: Found::Ranked(statuses), count, looked_at }
    }
}
