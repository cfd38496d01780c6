//! The walk over every moment at which the set of changes in force alters.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::plan::What;
use crate::resource::{Address, ChangeName, DesiredStatus};
use crate::spec::{Change, Interface, Spec, are_in_one_place};

/// Two changes that want different statuses of one interface at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The one begun first.
    pub one: ChangeName,
    /// The other.
    pub other: ChangeName,
    /// An interface that both are about; the first in order.
    pub address: Address,
    /// From when on both are in force.
    pub from: Timestamp,
}

/// Lists every moment after `from` at which the status that some interface is to have alters.
pub fn moments(spec: &Spec, from: Timestamp) -> Vec<Timestamp> {
    let mut walk = Walk::new(spec, from);
    let mut moments = Vec::new();
    while let Some(turn) = walk.next_turn() {
        if !turn.altered.is_empty() {
            moments.push(turn.at);
        }
    }
    moments
}

/// Lists the changes that contradict each other from `from` on, each pair once.
pub fn contradictions(spec: &Spec, from: Timestamp) -> Vec<Contradiction> {
    let mut walk = Walk::new(spec, from);
    let mut found: BTreeMap<(&ChangeName, &ChangeName), Contradiction> = BTreeMap::new();
    let mut at = from;
    let mut touched: Vec<usize> = walk.concerned();
    loop {
        for place in touched.into_iter().filter(|place| walk.is_torn(*place)) {
            let (one, other) = walk.torn_between(place);
            let address = walk.interfaces[place].0;
            let contradiction =
                || Contradiction { one: one.clone(), other: other.clone(), address: address.clone(), from: at };
            let known = found.entry((one, other)).or_insert_with(contradiction);
            if known.from == at && *address < known.address {
                known.address = address.clone();
            }
        }
        let Some(turn) = walk.next_turn() else { break };
        (at, touched) = (turn.at, turn.touched);
    }
    found.into_values().collect()
}

/// The statuses at one moment after another. A step costs as much as the changes that begin or end then are about.
pub(super) struct Walk<'s> {
    pub(super) interfaces: Vec<(&'s Address, &'s Interface)>,
    /// In the order in which they begin, then of their names, and the places of the interfaces that they are about.
    changes: Vec<(&'s ChangeName, &'s Change, Vec<usize>)>,
    /// What begins and ends, the latest first.
    events: Vec<(Timestamp, What, usize)>,
    /// Of each interface, how many changes in force want it down, and up.
    wanted: Vec<[u32; 2]>,
    statuses: Vec<DesiredStatus>,
    in_force: BTreeSet<usize>,
}

/// One moment.
pub(super) struct Turn {
    pub(super) at: Timestamp,
    /// The interfaces that a change is about that begins or ends.
    pub(super) touched: Vec<usize>,
    /// Those of them that are to have another status.
    pub(super) altered: Vec<usize>,
    /// The changes that begin or end, by number.
    pub(super) turned: Vec<(What, usize)>,
}

impl<'s> Walk<'s> {
    /// Stands at a moment.
    pub(super) fn new(spec: &'s Spec, at: Timestamp) -> Self {
        let interfaces: Vec<(&Address, &Interface)> = spec.interfaces.iter().collect();
        let places = |change: &Change| in_step(&interfaces, &change.selected);
        let changes: Vec<_> =
            by_beginning(&spec.changes).into_iter().map(|(name, change)| (name, change, places(change))).collect();
        let mut events: Vec<(Timestamp, What, usize)> = Vec::new();
        for (number, (_, change, _)) in changes.iter().enumerate() {
            let ahead = boundaries(change).filter(|(moment, _)| *moment > at);
            events.extend(ahead.map(|(moment, what)| (moment, what, number)));
        }
        events.sort_unstable_by(|one, other| other.cmp(one));
        let statuses = interfaces.iter().map(|(_, interface)| base(interface)).collect();
        let wanted = vec![[0, 0]; interfaces.len()];
        let mut walk = Self { interfaces, changes, events, wanted, statuses, in_force: BTreeSet::new() };
        let now: Vec<usize> =
            (0..walk.changes.len()).filter(|number| walk.changes[*number].1.is_in_force(at)).collect();
        for number in now {
            walk.turn(number, What::Begins);
        }
        for place in 0..walk.statuses.len() {
            walk.statuses[place] = walk.status(place);
        }
        walk
    }

    /// Returns whether all of these lie in one region of one account.
    pub(super) fn are_in_one_place(&self, places: &[usize]) -> bool {
        are_in_one_place(places.iter().map(|place| &self.interfaces[*place].1.scope))
    }

    /// Returns when something begins or ends next.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.events.last().map(|(at, ..)| *at)
    }

    /// Goes on to the next moment at which something begins or ends.
    pub(super) fn next_turn(&mut self) -> Option<Turn> {
        let at = self.events.last()?.0;
        let (mut touched, mut turned) = (Vec::new(), Vec::new());
        while let Some((_, what, number)) = self.events.pop_if(|(moment, ..)| *moment == at) {
            self.turn(number, what);
            turned.push((what, number));
            touched.extend_from_slice(&self.changes[number].2);
        }
        touched.sort_unstable();
        touched.dedup();
        let mut altered = Vec::new();
        for place in &touched {
            let status = self.status(*place);
            if std::mem::replace(&mut self.statuses[*place], status) != status {
                altered.push(*place);
            }
        }
        Some(Turn { at, touched, altered, turned })
    }

    /// Returns the status that an interface is to have.
    pub(super) fn now(&self, place: usize) -> DesiredStatus {
        self.statuses[place]
    }

    /// Returns the place of the interface of an address, if there is one.
    pub(super) fn place_of(&self, address: &Address) -> Option<usize> {
        self.interfaces.binary_search_by(|(other, _)| (*other).cmp(address)).ok()
    }

    /// Returns the status that each interface is to have.
    pub(super) fn all_now(&self) -> &[DesiredStatus] {
        &self.statuses
    }

    /// Returns the change in force whose status an interface is to have: the one begun first.
    pub(super) fn named(&self, place: usize) -> Option<&'s ChangeName> {
        self.about(place).next().map(|(name, _)| name)
    }

    /// Returns the name of a change, and whether it is about one of some interfaces.
    pub(super) fn about_of(&self, number: usize, places: &[usize]) -> (&'s ChangeName, bool) {
        let (name, _, own) = &self.changes[number];
        (*name, places.iter().any(|place| own.binary_search(place).is_ok()))
    }

    /// Lists the changes in force that are about an interface, the one begun first first.
    pub(super) fn about(&self, place: usize) -> impl Iterator<Item = (&'s ChangeName, &'s Change)> {
        let about = self.in_force.iter().map(|number| &self.changes[*number]);
        about.filter(move |(.., places)| places.binary_search(&place).is_ok()).map(|(name, change, _)| (*name, *change))
    }

    /// Lists the changes in force that are about one of some interfaces at least, the one begun first first.
    pub(super) fn about_any(&self, places: &[usize]) -> Vec<ChangeName> {
        let in_force = self.in_force.iter().map(|number| &self.changes[*number]);
        let is_about = |own: &[usize]| places.iter().any(|place| own.binary_search(place).is_ok());
        in_force.filter(|(.., own)| is_about(own)).map(|(name, ..)| (*name).clone()).collect()
    }

    /// Lists the places of the interfaces that changes in force are about.
    pub(super) fn concerned(&self) -> Vec<usize> {
        (0..self.wanted.len()).filter(|place| self.wanted[*place] != [0, 0]).collect()
    }

    fn turn(&mut self, number: usize, what: What) {
        let (_, change, places) = &self.changes[number];
        for place in places {
            let wanted = &mut self.wanted[*place][slot(change.status.value)];
            match what {
                What::Begins => *wanted += 1,
                What::Ends => *wanted -= 1,
            }
        }
        match what {
            What::Begins => self.in_force.insert(number),
            What::Ends => self.in_force.remove(&number),
        };
    }

    fn is_torn(&self, place: usize) -> bool {
        self.wanted[place].iter().all(|count| *count > 0)
    }

    /// Returns the change begun first that is about an interface, and the first that wants another status of it.
    fn torn_between(&self, place: usize) -> (&'s ChangeName, &'s ChangeName) {
        let mut about = self.about(place);
        let (one, first) = about.next().expect("it is torn between changes in force");
        let (other, _) = about.find(|(_, change)| change.status.value != first.status.value).expect("it is torn");
        (one, other)
    }

    fn status(&self, place: usize) -> DesiredStatus {
        match self.wanted[place] {
            [0, 0] => base(self.interfaces[place].1),
            [_, 0] => DesiredStatus::Inactive,
            [0, _] => DesiredStatus::Active,
            _ => self.about(place).next().map_or(DesiredStatus::Active, |(_, change)| change.status.value),
        }
    }
}

/// Lists the changes in the order in which they begin, then of their names.
pub(super) fn by_beginning(changes: &BTreeMap<ChangeName, Change>) -> Vec<(&ChangeName, &Change)> {
    let mut sorted: Vec<_> = changes.iter().collect();
    sorted.sort_by_key(|(_, change)| change.from.as_ref().map(|from| from.value));
    sorted
}

/// Lists when a change begins and ends.
pub(super) fn boundaries(change: &Change) -> impl Iterator<Item = (Timestamp, What)> {
    let begins = change.from.as_ref().map(|from| (from.value, What::Begins));
    let ends = change.until.as_ref().map(|until| (until.value, What::Ends));
    begins.into_iter().chain(ends)
}

fn slot(status: DesiredStatus) -> usize {
    match status {
        DesiredStatus::Inactive => 0,
        DesiredStatus::Active => 1,
    }
}

/// Returns the status that an interface has by itself.
pub(super) fn base(interface: &Interface) -> DesiredStatus {
    interface.planned.in_force.as_ref().map_or(interface.status.value, |in_force| in_force.base.value)
}

/// Returns the places of addresses that come in order.
pub(super) fn in_step<'a, T>(
    interfaces: &[(&Address, T)],
    addresses: impl IntoIterator<Item = &'a Address>,
) -> Vec<usize> {
    let mut from = 0;
    let mut places = Vec::new();
    for address in addresses {
        // Neighbours are often selected together: look near the last, in steps that double.
        let rest = &interfaces[from..];
        let mut reach = 1;
        while rest.get(reach).is_some_and(|(other, _)| *other < address) {
            reach *= 2;
        }
        from += rest[..rest.len().min(reach + 1)].partition_point(|(other, _)| *other < address);
        if interfaces.get(from).is_some_and(|(other, _)| *other == address) {
            places.push(from);
        }
    }
    places
}
