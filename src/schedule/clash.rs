//! Where changes that were reviewed one by one would together break a guard.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::plan::What;
use crate::resource::{Address, ChangeName, DesiredStatus, GroupName};
use crate::spec::{Group, Interface, Placed, Spec};

use super::tally::{Sides, Stand, Tally, count};
use super::timeline::{Turn, Walk, base, in_step};

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
        /// All of them come back: what changes that end leave is as much as they took.
        is_return: bool,
    },
}

impl Guarded {
    /// Returns the group whose floor it is.
    pub fn group(&self) -> Option<&GroupName> {
        match self {
            Self::Floor { group, .. } => Some(group),
            Self::Dependency { .. } | Self::Protected { .. } | Self::Cap { .. } => None,
        }
    }
}

/// Lists what changes break from `at` on, each from the moment at which it begins to be broken. A floor counts links as `sides` tells.
pub fn clashes(spec: &Spec, sides: Sides<'_>, at: Timestamp) -> Vec<Clash> {
    if spec.changes.is_empty() {
        return Vec::new();
    }
    let mut walk = Walk::new(spec, at);
    let mut watch = Watch::begin(spec, sides, &walk, at);
    while let Some(turn) = walk.next_turn() {
        watch.follow(&walk, &turn);
        watch.caps(&walk, &turn);
    }
    watch.found.clashes
}

/// Lists what changes break at `at` already.
pub fn clashes_now(spec: &Spec, sides: Sides<'_>, at: Timestamp) -> Vec<Clash> {
    if spec.changes.is_empty() {
        return Vec::new();
    }
    Watch::begin(spec, sides, &Walk::new(spec, at), at).found.clashes
}

/// Which of two interfaces has to wait where one that is to be up needs one that is to be down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// The one that is needed stays up.
    Needed,
    /// The one that needs it stays down.
    Dependant,
}

impl Waits {
    /// Decides by what is about to move, and where both are, by whether the needed one is the later change's.
    pub fn of(falls: bool, rises: bool, needed_is_later: bool) -> Option<Self> {
        match (falls, rises) {
            (true, true) if needed_is_later => Some(Self::Needed),
            (true, false) => Some(Self::Needed),
            (_, true) => Some(Self::Dependant),
            (false, false) => None,
        }
    }
}

/// What is broken at one moment after another.
pub(super) struct Watch<'s> {
    spec: &'s Spec,
    /// In the order of their names.
    groups: Vec<(&'s GroupName, &'s Group, Tally)>,
    /// Of each interface, the links that it is a side of: the number of the group, and that of the link in it.
    sides_of: Vec<Vec<(usize, usize)>>,
    /// Of each interface, which ones it needs, and which ones need it.
    needed: Vec<Vec<usize>>,
    dependants: Vec<Vec<usize>>,
    found: Found,
}

/// What was found.
#[derive(Default)]
struct Found {
    clashes: Vec<Clash>,
    /// What is broken now, so that it is said once.
    broken: BTreeSet<Key>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Floor(usize),
    Dependency(usize, usize),
    Protected(usize),
}

impl<'s> Watch<'s> {
    /// Looks at what is broken as the walk begins.
    pub(super) fn begin(spec: &'s Spec, sides: Sides<'_>, walk: &Walk<'s>, at: Timestamp) -> Self {
        let size = walk.interfaces.len();
        let (mut needed, mut dependants, mut sides_of) =
            (vec![Vec::new(); size], vec![Vec::new(); size], vec![Vec::new(); size]);
        for (place, (_, interface)) in walk.interfaces.iter().enumerate() {
            for below in interface.needed().filter_map(|needed| walk.place_of(needed)) {
                needed[place].push(below);
                dependants[below].push(place);
            }
        }
        let tally = |group: &Group| {
            let members = in_step(&walk.interfaces, &group.members);
            Tally::new(
                &members,
                (sides, walk.are_in_one_place(&members)),
                |place| walk.now(place),
                |place| base(walk.interfaces[place].1),
            )
        };
        let groups: Vec<_> = spec.groups.iter().map(|(name, group)| (name, group, tally(group))).collect();
        for (number, (.., tally)) in groups.iter().enumerate() {
            tally.sides().for_each(|(place, link)| sides_of[place].push((number, link)));
        }
        let mut watch = Self { spec, groups, sides_of, needed, dependants, found: Found::default() };
        watch.look(walk, at, &walk.concerned());
        watch
    }

    /// Goes on to a moment.
    pub(super) fn follow(&mut self, walk: &Walk<'s>, turn: &Turn) {
        self.recount(walk, &turn.altered);
        self.look(walk, turn.at, &turn.altered);
    }

    /// Lists the places of interfaces that do not get what the changes of a moment ask for, since that would break
    /// something; `has` is the status that each has by then.
    pub(super) fn held(&self, walk: &Walk<'s>, has: &dyn Fn(usize) -> DesiredStatus) -> BTreeSet<usize> {
        let mut held = BTreeSet::new();
        for key in &self.found.broken {
            match *key {
                Key::Protected(place) => held.extend([place]),
                Key::Floor(_) => {
                    let (_, changes) = self.describe(walk, *key);
                    let later = changes.last();
                    let concerned = walk.concerned().into_iter();
                    held.extend(concerned.filter(|place| later.is_some() && walk.named(*place) == later));
                }
                Key::Dependency(above, below) => {
                    let (_, changes) = self.describe(walk, *key);
                    let needed_is_later = changes.last() == walk.named(below);
                    let falls = has(below) == DesiredStatus::Active;
                    let rises = has(above) == DesiredStatus::Inactive;
                    held.extend(Waits::of(falls, rises, needed_is_later).map(|waits| match waits {
                        Waits::Needed => below,
                        Waits::Dependant => above,
                    }));
                }
            }
        }
        held
    }

    /// Returns what is broken, and by which changes.
    fn describe(&self, walk: &Walk<'s>, key: Key) -> (Guarded, Vec<ChangeName>) {
        let address = |place: usize| walk.interfaces[place].0.clone();
        match key {
            Key::Floor(number) => {
                let (name, group, tally) = &self.groups[number];
                let Stand { up, of, floor } = tally.stand(group);
                let sides = tally.sides().map(|(place, _)| place);
                let down: Vec<usize> = sides.filter(|place| walk.now(*place) == DesiredStatus::Inactive).collect();
                (Guarded::Floor { group: (*name).clone(), up, of, floor }, walk.about_any(&down))
            }
            Key::Dependency(above, below) => {
                let guarded = Guarded::Dependency { address: address(above), needed: address(below) };
                (guarded, walk.about_any(&[above, below]))
            }
            Key::Protected(place) => (Guarded::Protected { address: address(place) }, walk.about_any(&[place])),
        }
    }

    fn note(&mut self, walk: &Walk<'s>, at: Timestamp, key: Key, is_broken: bool) {
        if !is_broken {
            if !self.found.broken.is_empty() {
                self.found.broken.remove(&key);
            }
        } else if self.found.broken.insert(key) {
            let (guarded, changes) = self.describe(walk, key);
            self.found.clashes.push(Clash { from: at, guarded, changes });
        }
    }

    /// Takes in the interfaces that are to have another status.
    fn recount(&mut self, walk: &Walk<'s>, altered: &[usize]) {
        for place in altered {
            for (group, link) in &self.sides_of[*place] {
                self.groups[*group].2.turn(*link, walk.now(*place));
            }
        }
    }

    /// Looks at what hangs on some interfaces.
    fn look(&mut self, walk: &Walk<'s>, at: Timestamp, altered: &[usize]) {
        let sides = altered.iter().flat_map(|place| &self.sides_of[*place]);
        let mut groups: Vec<usize> = sides.map(|(group, _)| *group).collect();
        groups.sort_unstable();
        groups.dedup();
        for number in groups {
            let (_, group, tally) = &self.groups[number];
            let is_broken = tally.is_broken(group);
            self.note(walk, at, Key::Floor(number), is_broken);
        }
        for place in altered {
            self.needs(walk, at, *place);
            let interface = walk.interfaces[*place].1;
            let is_down = walk.now(*place) == DesiredStatus::Inactive && base(interface) == DesiredStatus::Active;
            self.note(walk, at, Key::Protected(*place), is_down && interface.protect.is_some());
        }
    }

    fn needs(&mut self, walk: &Walk<'s>, at: Timestamp, place: usize) {
        let needed = self.needed[place].iter().map(|needed| (place, *needed));
        let dependants = self.dependants[place].iter().map(|dependant| (*dependant, place));
        let is_stranded = |above: DesiredStatus, below: DesiredStatus| {
            (above, below) == (DesiredStatus::Active, DesiredStatus::Inactive)
        };
        for (above, below) in needed.chain(dependants).collect::<Vec<_>>() {
            let of = |place: usize| base(walk.interfaces[place].1);
            let is_broken = is_stranded(walk.now(above), walk.now(below)) && !is_stranded(of(above), of(below));
            self.note(walk, at, Key::Dependency(above, below), is_broken);
        }
    }

    /// Looks at how many interfaces change at one moment.
    fn caps(&mut self, walk: &Walk<'s>, turn: &Turn) {
        let Some((key, value, changes)) = self.exceeded(walk, &turn.altered) else { return };
        let about = |wanted: What| {
            let turned = turn.turned.iter().filter(move |(what, _)| *what == wanted);
            turned.filter_map(|(_, number)| {
                let (name, is_about) = walk.about_of(*number, &turn.altered);
                is_about.then(|| name.clone())
            })
        };
        // What has ended is in force no more, and is who brings back so much at once.
        let mut names: Vec<ChangeName> = about(What::Ends).collect();
        names.sort_unstable();
        names.extend(walk.about_any(&turn.altered));
        let is_return = about(What::Begins).next().is_none();
        let guarded = Guarded::Cap { key, value, changes, is_return };
        self.found.clashes.push(Clash { from: turn.at, guarded, changes: names });
    }

    /// Returns the cap that is exceeded where some interfaces change together, its value, and how many count.
    pub(super) fn exceeded(&self, walk: &Walk<'s>, altered: &[usize]) -> Option<(&'static str, u32, u32)> {
        let limits = &self.spec.limits;
        let interfaces: Vec<&Interface> = altered.iter().map(|place| walk.interfaces[*place].1).collect();
        let all = || count(interfaces.len());
        let per_group =
            || most(interfaces.iter().filter_map(|interface| Some(interface.group.as_ref()?.value.as_str())));
        let per_region = || most(interfaces.iter().map(|interface| interface.scope.region.as_str()));
        // What is not capped is not counted.
        let caps: [(_, _, &dyn Fn() -> u32, _); 4] = [
            ("max_changes", &limits.max_changes, &all, None),
            ("max_changes_percent", &limits.max_changes_percent, &all, limits.share(walk.interfaces.len())),
            ("per_group", &limits.per_group, &per_group, None),
            ("per_region", &limits.per_region, &per_region, None),
        ];
        caps.into_iter().find_map(|(key, cap, number, allows)| {
            let Placed { value, .. } = cap.as_ref()?;
            let number = number();
            (number as usize > allows.unwrap_or(*value as usize)).then_some((key, *value, number))
        })
    }
}

fn most<'w>(words: impl Iterator<Item = &'w str>) -> u32 {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    words.for_each(|word| *counts.entry(word).or_default() += 1);
    count(counts.into_values().max().unwrap_or(0))
}
