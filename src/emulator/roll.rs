//! The roll of one account in one region: who is listed, in the file's order, so that a page costs the page.
//!
//! Positions are those in the roll; a deleted interface keeps its position and is not listed. Statuses move from set to
//! set as the population's clock turns. What an interface is besides is sorted when somebody first filters by it, and anew
//! after one has changed. There is room for more members than there are, twice as much whenever it is used up.

use std::collections::BTreeMap;

use super::describe::Key;
use super::interface::Interface;
use super::ranks::{Ranks, nth};
use crate::resource::Status;

/// Who is listed of one account and region.
#[derive(Clone, Debug)]
pub(super) struct Roll {
    /// The interfaces' places in the world, by position.
    members: Vec<usize>,
    /// How many members the sets have room for.
    room: usize,
    listed: Ranks,
    by_status: BTreeMap<Status, Ranks>,
    by_fact: BTreeMap<Key, BTreeMap<Box<str>, Vec<usize>>>,
}

impl Roll {
    /// Makes a roll of these places, none of which is listed yet.
    pub(super) fn of(members: Vec<usize>) -> Self {
        let (room, listed) = (members.len(), Ranks::below(members.len()));
        Self { members, room, listed, by_status: BTreeMap::new(), by_fact: BTreeMap::new() }
    }

    /// Adds a place at the end, which is not listed yet; returns its position.
    pub(super) fn add(&mut self, place: usize) -> usize {
        self.members.push(place);
        if self.members.len() > self.room {
            self.room = 2 * self.members.len();
            self.listed = self.listed.grown(self.room);
            self.by_status.values_mut().for_each(|set| *set = set.grown(self.room));
        }
        self.by_fact.clear();
        self.members.len() - 1
    }

    /// Forgets what was sorted: a member is another than it was.
    pub(super) fn forget_facts(&mut self) {
        self.by_fact.clear();
    }

    /// Lists a member under a status, and no more under the one before.
    pub(super) fn turn(&mut self, position: usize, before: Option<&Status>, status: &Status) {
        if let Some(before) = before.filter(|status| **status != Status::Deleted) {
            self.listed.remove(position);
            self.set(before).remove(position);
        }
        if *status != Status::Deleted {
            self.listed.insert(position);
            self.set(status).insert(position);
        }
    }

    fn set(&mut self, status: &Status) -> &mut Ranks {
        let room = self.room;
        self.by_status.entry(kind(status)).or_insert_with(|| Ranks::below(room))
    }

    /// Returns the place of a position.
    pub(super) fn place(&self, position: usize) -> Option<usize> {
        self.members.get(position).copied()
    }

    /// Returns how many members the roll has, deleted ones included.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Returns how many are listed, of these statuses or of any.
    pub(super) fn count(&self, statuses: Option<&[Status]>) -> usize {
        self.sets(statuses).iter().map(|set| set.len()).sum()
    }

    /// Returns the position of a rank among those that are listed, of these statuses or of any.
    pub(super) fn nth(&self, statuses: Option<&[Status]>, rank: usize) -> Option<usize> {
        nth(&self.sets(statuses), rank)
    }

    fn sets(&self, statuses: Option<&[Status]>) -> Vec<&Ranks> {
        match statuses {
            None => vec![&self.listed],
            Some(statuses) => statuses.iter().filter_map(|status| self.by_status.get(status)).collect(),
        }
    }

    /// Returns the positions of which a fact is one of these values, in order, and how many had to be looked at.
    pub(super) fn with_fact(&mut self, key: Key, values: &[String], interfaces: &[Interface]) -> (Vec<usize>, usize) {
        let fresh = if self.by_fact.contains_key(&key) { 0 } else { self.members.len() };
        let members = &self.members;
        let sorted = self.by_fact.entry(key).or_insert_with(|| {
            let mut sorted: BTreeMap<Box<str>, Vec<usize>> = BTreeMap::new();
            for (position, place) in members.iter().enumerate() {
                if let Some(fact) = key.fact(&interfaces[*place]) {
                    sorted.entry(fact.into()).or_default().push(position);
                }
            }
            sorted
        });
        let mut found: Vec<usize> =
            values.iter().filter_map(|value| sorted.get(value.as_str())).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        let looked_at = fresh + found.len();
        (found, looked_at)
    }
}

/// Words that no page documents share a set: a world can be made of nothing else.
fn kind(status: &Status) -> Status {
    match status {
        Status::Unknown(_) => Status::Unknown("".into()),
        known => known.clone(),
    }
}
