//! The floors, evaluated again right before each Deactivate, with what is in flight counted as down.

use std::collections::{BTreeMap, BTreeSet};

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

    /// Returns whether `address` may go down, or which floor would break and who is down already.
    pub(super) fn allow(
        &self,
        address: &Address,
        sightings: &Sightings,
        in_flight_down: &BTreeSet<&Address>,
    ) -> Result<(), StepReason> {
        for place in self.by_side.get(address).into_iter().flatten() {
            let floor = &self.floors[place.floor];
            let mut up = 0;
            let mut down = Vec::new();
            for link in floor.links.iter().enumerate().filter(|(link, _)| *link != place.link).map(|(_, link)| link) {
                let missing: Vec<NotUp> =
                    link.sides.iter().filter_map(|side| not_up(side, sightings, in_flight_down)).collect();
                up += u32::from(missing.is_empty());
                down.extend(missing);
            }
            if up < floor.min_up {
                return Err(StepReason::Floor {
                    group: floor.group.clone(),
                    kept: up,
                    links: count(floor),
                    floor: floor.min_up,
                    knob: floor.knob.clone(),
                    down,
                });
            }
        }
        Ok(())
    }

    /// Returns every floor of which one of `touched` is a side and that is broken by what was read last.
    pub(super) fn broken(&self, touched: &BTreeSet<&Address>, sightings: &Sightings) -> Vec<Reason> {
        let nobody = BTreeSet::new();
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

    /// Lists the floors of which one of `touched` is a side.
    pub(super) fn touched_by(&self, touched: &BTreeSet<&Address>) -> impl Iterator<Item = &'a Floor> {
        let numbers: BTreeSet<usize> = touched
            .iter()
            .filter_map(|address| self.by_side.get(*address))
            .flatten()
            .map(|place| place.floor)
            .collect();
        numbers.into_iter().map(|number| &self.floors[number])
    }

    /// Lists which sides are down of the links that have to be up between two waves: all that were up when the plan was
    /// made or that it has brought up, but for those with a side in `moving`, which it takes down or has yet to bring up.
    pub(super) fn lost(&self, sightings: &Sightings, moving: &BTreeSet<&Address>) -> Vec<NotUp> {
        self.floors
            .iter()
            .flat_map(|floor| &floor.links)
            .filter(|link| (link.up || link.rises) && !link.sides.iter().any(|side| moving.contains(&side.address)))
            .flat_map(|link| &link.sides)
            .filter_map(|side| not_up(side, sightings, &BTreeSet::new()))
            .collect()
    }
}

/// Returns why a side does not count as up; `None` where it does.
fn not_up(side: &FloorMember, sightings: &Sightings, in_flight_down: &BTreeSet<&Address>) -> Option<NotUp> {
    let why = match sightings.get(&side.scope, &side.interface_id) {
        Some(observed) if !observed.counts_as_up() => WhyNotUp::Read {
            status: observed.status.clone(),
            opposite: observed.opposite.status.clone(),
            business_status: observed.business_status.clone(),
        },
        Some(_) if in_flight_down.contains(&side.address) => WhyNotUp::GoingDown,
        Some(_) => return None,
        None => WhyNotUp::Unseen,
    };
    Some(NotUp { address: side.address.clone(), why })
}

/// Counts the links of a floor.
fn count(floor: &Floor) -> u32 {
    u32::try_from(floor.links.len()).unwrap_or(u32::MAX)
}
