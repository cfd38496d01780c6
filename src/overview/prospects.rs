//! Whether a link can go down now, and if not, what would have to be otherwise.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::drift::{self, Subject};
use crate::plan::{BlockReason, GroupHealth, WhyMemberNotUp};
use crate::resource::{Address, Call, GroupName, LiveState, Reading, Status};
use crate::spec::Spec;
use crate::state::{Awaiting, Identity, State};
use crate::windows::{Closed, Gate};

/// Whether one link can go down now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prospect {
    /// How many more its groups could spare once it is down: the least of them; `None` where it is in no group, or where nobody
    /// knows.
    pub spare_after: Option<i64>,
    /// What would have to be up for that, by address; any one of several for each that is lacking.
    pub needs: Vec<Address>,
    /// What forbids it; nothing where it can go down.
    pub obstacles: Vec<Obstacle>,
    /// It is not up, so that it takes nothing from its groups.
    pub is_down: bool,
}

impl Prospect {
    /// Returns whether it can go down now.
    pub fn is_possible(&self) -> bool {
        self.obstacles.is_empty()
    }
}

/// What forbids that a link goes down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A group would be below its floor.
    Floor {
        /// The group.
        group: GroupName,
        /// How many links it would be left with.
        left: u32,
        /// Of how many.
        of: u32,
        /// How many have to be up.
        floor: u32,
        /// The other links that are not up: of each the ends that are not.
        not_up: Vec<Vec<Address>>,
    },
    /// A member of a group could not be read, and nobody knows whether the group can do without this link.
    Unknown {
        /// The group.
        group: GroupName,
    },
    /// Others depend on it and are to be up: they go down before it.
    NeededBy {
        /// Who.
        addresses: Vec<Address>,
    },
    /// `hands_off`: it is watched, and left alone.
    HandsOff,
    /// What a plan would refuse it for.
    Refused(BlockReason),
}

/// What is asked for one interface after the other, from what was read once.
pub struct Prospects<'a> {
    spec: &'a Spec,
    subjects: Vec<Subject<'a>>,
    opposite: Vec<Option<usize>>,
    groups: BTreeMap<GroupName, GroupHealth>,
    needed_by: BTreeMap<&'a Address, Vec<&'a Address>>,
    awaiting: &'a [Awaiting],
    moment: Timestamp,
}

impl<'a> Prospects<'a> {
    /// Takes in what was read, for the moment `moment`.
    pub fn new(spec: &'a Spec, live: &'a LiveState, state: Option<&'a State>, moment: Timestamp) -> Self {
        let subjects = drift::match_up(spec, live, state);
        let opposite = drift::opposite_sides(&subjects);
        let groups = drift::health(spec, &subjects, &|place| opposite[place], &|_| None);
        let mut needed_by: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
        for (address, entry) in &spec.interfaces {
            entry.needed().for_each(|needed| needed_by.entry(needed).or_default().push(address));
        }
        Self {
            spec,
            opposite,
            groups: groups.into_iter().map(|group| (group.name.clone(), group)).collect(),
            needed_by,
            awaiting: state.map(|state| state.awaiting.as_slice()).unwrap_or_default(),
            moment,
            subjects,
        }
    }

    /// Says whether the link of an interface can go down; of one that is not declared nothing is known.
    pub fn of(&self, address: &Address) -> Option<Prospect> {
        let place = self.subjects.binary_search_by(|subject| subject.address.cmp(address)).ok()?;
        let ends: Vec<&Subject<'_>> =
            std::iter::once(place).chain(self.opposite[place]).map(|place| &self.subjects[place]).collect();
        let is_up = ends.iter().all(|end| end.is_up());
        // One end that is seen not to be up is enough, whatever the other one is. An other end that is not where the spec says
        // is none that was seen: this one may carry traffic all the same.
        let is_gone = matches!(ends[0].told(), Some(None));
        let is_down = is_gone || ends.iter().any(|end| end.live().is_some() && !end.is_up());
        let mut prospect = Prospect { is_down, ..Prospect::default() };
        // Nothing has to be sent for what is Inactive already.
        let is_there = ends[0].live().is_some_and(|live| live.status == Status::Inactive);
        if !is_there {
            prospect.obstacles.extend(self.refused(ends[0]));
            prospect.obstacles.extend(self.dependents(ends[0]));
        }
        let mut groups: Vec<&GroupName> =
            ends.iter().filter_map(|end| Some(&end.declared.group.as_ref()?.value)).collect();
        groups.dedup();
        let healths: Vec<&GroupHealth> = groups.into_iter().filter_map(|group| self.groups.get(group)).collect();
        let after = |health: &GroupHealth| Some(i64::from(health.up?) - i64::from(is_up));
        let spare = |health: &&GroupHealth| Some(after(health)? - i64::from(health.floor));
        let all: Option<Vec<i64>> = healths.iter().map(spare).collect();
        prospect.spare_after = all.and_then(|all| all.into_iter().min());
        for health in healths.iter().filter(|_| !is_down) {
            let Some(left) = after(health) else {
                prospect.obstacles.push(Obstacle::Unknown { group: health.name.clone() });
                continue;
            };
            if left < i64::from(health.floor) {
                let not_up = self.not_up_beside(health, &ends);
                prospect.needs.extend(not_up.iter().flatten().cloned());
                prospect.obstacles.push(Obstacle::Floor {
                    group: health.name.clone(),
                    left: u32::try_from(left).unwrap_or(0),
                    of: health.declared,
                    floor: health.floor,
                    not_up,
                });
            }
        }
        prospect.needs.sort();
        prospect.needs.dedup();
        Some(prospect)
    }

    /// Lists what is not up of the other links of a group: of each its ends, but for one that only its declared other end keeps
    /// from it.
    fn not_up_beside(&self, health: &GroupHealth, ends: &[&Subject<'_>]) -> Vec<Vec<Address>> {
        let mut links: BTreeMap<usize, Vec<Address>> = BTreeMap::new();
        for member in &health.not_up {
            let Ok(place) = self.subjects.binary_search_by(|subject| subject.address.cmp(&member.address)) else {
                continue;
            };
            let other = self.opposite[place];
            let is_kept_down = other.is_some() && member.why == WhyMemberNotUp::OppositeInactive;
            if is_kept_down || ends.iter().any(|end| *end.address == member.address) {
                continue;
            }
            links.entry(other.map_or(place, |other| other.min(place))).or_default().push(member.address.clone());
        }
        links.into_values().collect()
    }

    /// Returns why a plan would refuse to take it down, whatever its groups could spare.
    fn refused(&self, end: &Subject<'_>) -> Option<Obstacle> {
        let observed = match end.reading {
            Reading::Found(observed) => observed,
            _ => return end.within_reach().err().map(Obstacle::Refused),
        };
        if end.declared.hands_off.is_some() {
            return Some(Obstacle::HandsOff);
        }
        let forbidden = drift::unfit(&observed.status);
        let forbidden = forbidden.or_else(|| end.forbidden(observed, Call::Deactivate, &self.spec.sources));
        let forbidden = forbidden.or_else(|| self.unconfirmed(end)).or_else(|| self.closed(end));
        forbidden.map(Obstacle::Refused)
    }

    fn unconfirmed(&self, end: &Subject<'_>) -> Option<BlockReason> {
        let identity = Identity::of(&end.declared.scope, &end.declared.id.value);
        let awaits = self.awaiting.iter().find(|awaits| awaits.is_about(&identity))?;
        Some(BlockReason::Unconfirmed {
            run_id: awaits.run_id.clone(),
            until: awaits.deadline.until,
            is_due: awaits.is_due(self.moment, None),
            left_by: awaits.left_by.clone(),
        })
    }

    fn closed(&self, end: &Subject<'_>) -> Option<BlockReason> {
        let covering = self.spec.windows.iter().filter(|window| window.covers(end.address, Call::Deactivate));
        let gate = Gate::new(self.spec.time_zone.clone(), covering.map(|covers| covers.window.clone()).collect());
        let Closed { window, opens_at } = gate.judge(self.moment).err()?;
        Some(BlockReason::Window { window: window.to_string(), opens_at })
    }

    /// Names those that depend on it and are up, or are to be.
    fn dependents(&self, end: &Subject<'_>) -> Option<Obstacle> {
        let needed_by = self.needed_by.get(end.address)?;
        let is_in_need = |address: &&&Address| {
            let place = self.subjects.binary_search_by(|subject| subject.address.cmp(address));
            place.is_ok_and(|place| self.subjects[place].is_up())
        };
        let addresses: Vec<Address> = needed_by.iter().filter(is_in_need).map(|address| (*address).clone()).collect();
        (!addresses.is_empty()).then_some(Obstacle::NeededBy { addresses })
    }
}
