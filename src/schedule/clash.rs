//! Where changes that were reviewed one by one would together break a guard.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::resource::{Address, ChangeName, DesiredStatus, GroupName};
use crate::spec::{Interface, Placed, Spec};

use super::timeline::{Turn, Walk, base};

/// A guard that changes break, from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// From when on; the moment that was asked about where it is on already.
    pub from: Timestamp,
    /// What is broken.
    pub guarded: Guarded,
    /// The changes that break it, the one begun first first; the last of them is the one that has to wait.
    pub changes: Vec<ChangeName>,
}

/// What changes break.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guarded {
    /// The floor of a group.
    Floor {
        /// The group.
        group: GroupName,
        /// How many members are to be up.
        up: u32,
        /// Of how many.
        of: u32,
        /// How many have to be.
        floor: u32,
    },
    /// An interface is to be up although one that it needs is to be down.
    Dependency {
        /// The interface.
        address: Address,
        /// What it needs.
        needed: Address,
    },
    /// What is protected is to go down.
    Protected {
        /// The interface.
        address: Address,
    },
    /// More changes at one time than a cap allows.
    Cap {
        /// The key of `limits`.
        key: &'static str,
        /// Its value.
        value: u32,
        /// How many interfaces change.
        changes: u32,
    },
}

/// Lists what changes break from `at` on, each from the moment at which it begins to be broken.
pub fn clashes(spec: &Spec, at: Timestamp) -> Vec<Clash> {
    if spec.changes.is_empty() {
        return Vec::new();
    }
    let mut walk = Walk::new(spec, at);
    let mut watch = Watch::begin(spec, &walk, at);
    while let Some(Turn { at, altered, .. }) = walk.next_turn() {
        watch.recount(&walk, &altered);
        watch.look(&walk, at, &altered);
        watch.caps(&walk, at, &altered);
    }
    watch.found.clashes
}

/// Lists what changes break at `at` already.
pub fn clashes_now(spec: &Spec, at: Timestamp) -> Vec<Clash> {
    if spec.changes.is_empty() {
        return Vec::new();
    }
    Watch::begin(spec, &Walk::new(spec, at), at).found.clashes
}

struct Watch<'s> {
    spec: &'s Spec,
    groups: BTreeMap<&'s GroupName, Tally>,
    /// Of each interface, which ones need it.
    dependants: BTreeMap<usize, Vec<usize>>,
    places: BTreeMap<&'s Address, usize>,
    found: Found<'s>,
}

/// What was found.
#[derive(Default)]
struct Found<'s> {
    clashes: Vec<Clash>,
    /// What is broken now, so that it is said once.
    broken: BTreeSet<Key<'s>>,
}

/// The members of a group.
struct Tally {
    places: Vec<usize>,
    down: usize,
    /// How many are to be down without any change.
    down_by_itself: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'s> {
    Floor(&'s GroupName),
    Dependency(usize, usize),
    Protected(usize),
}

impl<'s> Watch<'s> {
    /// Looks at what is broken as the walk begins.
    fn begin(spec: &'s Spec, walk: &Walk<'s>, at: Timestamp) -> Self {
        let places: BTreeMap<&Address, usize> =
            walk.interfaces.iter().enumerate().map(|(place, (address, _))| (*address, place)).collect();
        let mut dependants: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, (_, interface)) in walk.interfaces.iter().enumerate() {
            for needed in interface.needed().filter_map(|needed| places.get(needed)) {
                dependants.entry(*needed).or_default().push(place);
            }
        }
        let tally = |members: &BTreeSet<Address>| {
            let places: Vec<usize> = members.iter().filter_map(|member| places.get(member).copied()).collect();
            let count = |is_down: &dyn Fn(usize) -> bool| places.iter().filter(|place| is_down(**place)).count();
            let down = count(&|place| walk.now(place) == DesiredStatus::Inactive);
            let down_by_itself = count(&|place| base(walk.interfaces[place].1) == DesiredStatus::Inactive);
            Tally { places, down, down_by_itself }
        };
        let groups = spec.groups.iter().map(|(name, group)| (name, tally(&group.members))).collect();
        let mut watch = Self { spec, groups, dependants, places, found: Found::default() };
        watch.look(walk, at, &walk.concerned());
        watch
    }

    /// Takes in the interfaces that are to have another status.
    fn recount(&mut self, walk: &Walk<'s>, altered: &[usize]) {
        for place in altered {
            let Some(group) = &walk.interfaces[*place].1.group else { continue };
            let Some(tally) = self.groups.get_mut(&group.value) else { continue };
            match walk.now(*place) {
                DesiredStatus::Inactive => tally.down += 1,
                DesiredStatus::Active => tally.down -= 1,
            }
        }
    }

    /// Looks at what hangs on some interfaces.
    fn look(&mut self, walk: &Walk<'s>, at: Timestamp, altered: &[usize]) {
        let spec = self.spec;
        let groups = altered.iter().filter_map(|place| walk.interfaces[*place].1.group.as_ref());
        let groups: BTreeSet<&GroupName> = groups.map(|group| &group.value).collect();
        for (name, group) in groups.into_iter().filter_map(|name| spec.groups.get_key_value(name)) {
            let tally = &self.groups[name];
            let (up, of) = (count(tally.places.len() - tally.down), count(tally.places.len()));
            let floor = group.floor(of);
            let is_broken = up < floor && tally.down > tally.down_by_itself;
            let guarded = || {
                let is_down = |place: &usize| walk.now(*place) == DesiredStatus::Inactive;
                let down: Vec<usize> = tally.places.iter().copied().filter(is_down).collect();
                (Guarded::Floor { group: name.clone(), up, of, floor }, walk.about_any(&down))
            };
            self.found.note(Key::Floor(name), is_broken, at, guarded);
        }
        for place in altered {
            self.needs(walk, at, *place);
            let (address, interface) = walk.interfaces[*place];
            let is_down = walk.now(*place) == DesiredStatus::Inactive && base(interface) == DesiredStatus::Active;
            let guarded = || (Guarded::Protected { address: address.clone() }, walk.about_any(&[*place]));
            self.found.note(Key::Protected(*place), is_down && interface.protect.is_some(), at, guarded);
        }
    }

    fn needs(&mut self, walk: &Walk<'s>, at: Timestamp, place: usize) {
        let needed = walk.interfaces[place].1.needed().filter_map(|needed| self.places.get(needed));
        let needed = needed.map(|needed| (place, *needed));
        let dependants = self.dependants.get(&place).into_iter().flatten().map(|dependant| (*dependant, place));
        let is_stranded = |above: DesiredStatus, below: DesiredStatus| {
            (above, below) == (DesiredStatus::Active, DesiredStatus::Inactive)
        };
        for (above, below) in needed.chain(dependants) {
            let of = |place: usize| base(walk.interfaces[place].1);
            let is_broken = is_stranded(walk.now(above), walk.now(below)) && !is_stranded(of(above), of(below));
            let guarded = || {
                let (address, needed) = (walk.interfaces[above].0.clone(), walk.interfaces[below].0.clone());
                (Guarded::Dependency { address, needed }, walk.about_any(&[above, below]))
            };
            self.found.note(Key::Dependency(above, below), is_broken, at, guarded);
        }
    }

    /// Looks at how many interfaces change at one moment.
    fn caps(&mut self, walk: &Walk<'s>, at: Timestamp, altered: &[usize]) {
        let limits = &self.spec.limits;
        let interfaces: Vec<&Interface> = altered.iter().map(|place| walk.interfaces[*place].1).collect();
        let all = count(interfaces.len());
        let per_group = most(interfaces.iter().filter_map(|interface| Some(interface.group.as_ref()?.value.as_str())));
        let per_region = most(interfaces.iter().map(|interface| interface.scope.region.as_str()));
        let caps = [
            ("max_changes", &limits.max_changes, all, None),
            ("max_changes_percent", &limits.max_changes_percent, all, limits.share(walk.interfaces.len())),
            ("per_group", &limits.per_group, per_group, None),
            ("per_region", &limits.per_region, per_region, None),
        ];
        for (key, cap, number, allows) in caps {
            let Some(Placed { value, .. }) = *cap else { continue };
            if number as usize > allows.unwrap_or(value as usize) {
                let guarded = Guarded::Cap { key, value, changes: number };
                self.found.clashes.push(Clash { from: at, guarded, changes: walk.about_any(altered) });
                break;
            }
        }
    }
}

impl<'s> Found<'s> {
    fn note(
        &mut self,
        key: Key<'s>,
        is_broken: bool,
        at: Timestamp,
        what: impl FnOnce() -> (Guarded, Vec<ChangeName>),
    ) {
        if !is_broken {
            self.broken.remove(&key);
        } else if self.broken.insert(key) {
            let (guarded, changes) = what();
            self.clashes.push(Clash { from: at, guarded, changes });
        }
    }
}

fn most<'w>(words: impl Iterator<Item = &'w str>) -> u32 {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    words.for_each(|word| *counts.entry(word).or_default() += 1);
    count(counts.into_values().max().unwrap_or(0))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
