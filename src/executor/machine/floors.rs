//! The floors, evaluated again right before each Deactivate, with what is in flight counted as down.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::BootTime;
use crate::plan::{Floor, FloorMember};
use crate::resource::Address;
use crate::run::{NotUp, Reason, StepReason, WhyNotUp};

use super::sightings::Sightings;

/// The floors of a run, by the interfaces they are about.
pub(super) struct Floors<'a> {
    floors: &'a [Floor],
    by_side: BTreeMap<&'a Address, Vec<Place>>,
}

/// Where one side of a link stands: by number, in which floor and which of its links.
#[derive(Clone, Copy)]
struct Place {
    floor: usize,
    link: usize,
}

impl<'a> Floors<'a> {
    pub(super) fn new(floors: &'a [Floor]) -> Self {
        let mut by_side: BTreeMap<&Address, Vec<Place>> = BTreeMap::new();
        for (number, floor) in floors.iter().enumerate() {
            for (link, members) in floor.links.iter().enumerate() {
                for side in &members.sides {
                    by_side.entry(&side.address).or_default().push(Place { floor: number, link });
                }
            }
        }
        Self { floors, by_side }
    }

    /// Lists every side that has to be read before `address` may go down.
    pub(super) fn sides_to_read(&self, address: &Address) -> impl Iterator<Item = &'a FloorMember> + '_ {
        self.by_side
            .get(address)
            .into_iter()
            .flatten()
            .flat_map(|place| self.floors[place.floor].links.iter().flat_map(|link| &link.sides))
    }

    /// Returns when the oldest page was asked for on which it rests that `address` may go down, `None` if on none; or
    /// which floor would break and who is down already. A floor rests on as many links that are up as it wants, and on
    /// those of them that were asked for last.
    pub(super) fn allow(
        &self,
        address: &Address,
        sightings: &Sightings,
        is_going_down: &dyn Fn(&Address) -> bool,
    ) -> Result<Option<BootTime>, StepReason> {
        let mut oldest: Option<BootTime> = None;
        for place in self.by_side.get(address).into_iter().flatten() {
            let floor = &self.floors[place.floor];
            let mut up = Vec::new();
            let mut down = Vec::new();
            for link in floor.links.iter().enumerate().filter(|(link, _)| *link != place.link).map(|(_, link)| link) {
                let missing: Vec<NotUp> =
                    link.sides.iter().filter_map(|side| not_up(side, sightings, is_going_down)).collect();
                if missing.is_empty() {
                    up.extend(
                        link.sides.iter().filter_map(|side| sightings.asked(&side.scope, &side.interface_id)).min(),
                    );
                }
                down.extend(missing);
            }
            up.sort_unstable_by(|one, other| other.cmp(one));
            let kept = u32::try_from(up.len()).unwrap_or(u32::MAX);
            if kept < floor.min_up {
                return Err(StepReason::Floor {
                    group: floor.group.clone(),
                    kept,
                    links: count(floor),
                    floor: floor.min_up,
                    knob: floor.knob.clone(),
                    down,
                });
            }
            let needed = floor.min_up.checked_sub(1).and_then(|last| up.get(last as usize).copied());
            oldest = [oldest, needed].into_iter().flatten().min();
        }
        Ok(oldest)
    }

    /// Returns every floor of which one of `touched` is a side and that is broken by what was read last.
    pub(super) fn broken(&self, touched: &BTreeSet<&Address>, sightings: &Sightings) -> Vec<Reason> {
        let nobody = |_: &Address| false;
        self.touched_by(touched)
            .filter_map(|floor| {
                let missing: Vec<Vec<NotUp>> = floor
                    .links
                    .iter()
                    .map(|link| link.sides.iter().filter_map(|side| not_up(side, sightings, &nobody)).collect())
                    .collect();
                let up = missing.iter().filter(|missing| missing.is_empty()).map(|_| 1).sum();
                (up < floor.min_up).then(|| Reason::BelowFloor {
                    group: floor.group.clone(),
                    up,
                    links: count(floor),
                    floor: floor.min_up,
                    down: missing.concat(),
                })
            })
            .collect()
    }

    /// Lists every floor.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Floor> + use<'a> {
        self.floors.iter()
    }

    /// Lists the floors of which one of `touched` is a side.
    pub(super) fn touched_by(&self, touched: &BTreeSet<&Address>) -> impl Iterator<Item = &'a Floor> + use<'a> {
        let floors = self.floors;
        let numbers: BTreeSet<usize> = touched
            .iter()
            .filter_map(|address| self.by_side.get(*address))
            .flatten()
            .map(|place| place.floor)
            .collect();
        numbers.into_iter().map(move |number| &floors[number])
    }

    /// Lists which sides are down of the links that have to be up between two waves: all that were up when the plan was
    /// made or that it has brought up, but for those with a side in `moving`, which it takes down or has yet to bring up.
    pub(super) fn lost(
        &self,
        floors: impl Iterator<Item = &'a Floor>,
        sightings: &Sightings,
        moving: &BTreeSet<&Address>,
    ) -> Vec<NotUp> {
        floors
            .flat_map(|floor| &floor.links)
            .filter(|link| (link.up || link.rises) && !link.sides.iter().any(|side| moving.contains(&side.address)))
            .flat_map(|link| &link.sides)
            .filter_map(|side| not_up(side, sightings, &|_| false))
            .collect()
    }
}

/// Returns why a side does not count as up; `None` where it does.
fn not_up(side: &FloorMember, sightings: &Sightings, is_going_down: &dyn Fn(&Address) -> bool) -> Option<NotUp> {
    let why = match sightings.get(&side.scope, &side.interface_id) {
        Some(observed) if !observed.counts_as_up() => WhyNotUp::Read {
            status: observed.status.clone(),
            opposite: observed.opposite.status.clone(),
            business_status: observed.business_status.clone(),
        },
        Some(_) if is_going_down(&side.address) => WhyNotUp::GoingDown,
        Some(_) => return None,
        None => WhyNotUp::Unseen,
    };
    Some(NotUp { address: side.address.clone(), why })
}

/// Counts the links of a floor.
fn count(floor: &Floor) -> u32 {
    u32::try_from(floor.links.len()).unwrap_or(u32::MAX)
}
