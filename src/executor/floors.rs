//! The floors, evaluated again right before each Deactivate, with what is in flight counted as down.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Floor, FloorMember};
use crate::resource::{Address, Observed};

use super::sightings::Sightings;

/// The floors of a run, by the interfaces they are about.
pub(super) struct Floors<'a> {
    floors: &'a [Floor],
    by_side: BTreeMap<&'a Address, Vec<(usize, usize)>>,
}

impl<'a> Floors<'a> {
    pub(super) fn new(floors: &'a [Floor]) -> Self {
        let mut by_side: BTreeMap<&Address, Vec<(usize, usize)>> = BTreeMap::new();
        for (number, floor) in floors.iter().enumerate() {
            for (link, members) in floor.links.iter().enumerate() {
                for side in &members.sides {
                    by_side.entry(&side.address).or_default().push((number, link));
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
            .flat_map(|(floor, _)| self.floors[*floor].links.iter().flat_map(|link| &link.sides))
    }

    /// Says whether `address` may go down, or who is down already.
    pub(super) fn allow(
        &self,
        address: &Address,
        sightings: &Sightings,
        in_flight_down: &BTreeSet<&Address>,
    ) -> Result<(), String> {
        for (number, own) in self.by_side.get(address).into_iter().flatten() {
            let floor = &self.floors[*number];
            let mut up = 0;
            let mut down = Vec::new();
            for link in floor.links.iter().enumerate().filter(|(link, _)| link != own).map(|(_, link)| link) {
                let missing: Vec<String> =
                    link.sides.iter().filter_map(|side| why_down(side, sightings, in_flight_down)).collect();
                up += u32::from(missing.is_empty());
                down.extend(missing);
            }
            if up < floor.min_up {
                return Err(format!(
                    "group {} would keep {up} of {} active, floor {} ({}); {}",
                    floor.group,
                    floor.links.len(),
                    floor.min_up,
                    knob(floor),
                    down.join(", ")
                ));
            }
        }
        Ok(())
    }

    /// Says which sides are down of the links that have to be up between two waves: all that were up when the plan was
    /// made or that it has brought up, but for those with a side in `moving`, which it takes down or has yet to bring up.
    pub(super) fn lost(&self, sightings: &Sightings, moving: &BTreeSet<&Address>) -> Vec<String> {
        self.floors
            .iter()
            .flat_map(|floor| &floor.links)
            .filter(|link| (link.up || link.rises) && !link.sides.iter().any(|side| moving.contains(&side.address)))
            .flat_map(|link| &link.sides)
            .filter_map(|side| why_down(side, sightings, &BTreeSet::new()))
            .collect()
    }
}

/// Names what set a floor.
fn knob(floor: &Floor) -> String {
    match &floor.knob {
        Some(knob) => format!("{} {} at {}", knob.key, knob.value, knob.at),
        None => format!("groups.{}", floor.group),
    }
}

fn why_down(side: &FloorMember, sightings: &Sightings, in_flight_down: &BTreeSet<&Address>) -> Option<String> {
    match sightings.get(&side.scope, &side.interface_id) {
        Some(Observed { status, opposite, business_status, .. }) if !is_up(side, sightings) => Some(format!(
            "{} is {status}{}{}",
            side.address,
            opposite.status.as_ref().map(|status| format!(" (opposite side {status})")).unwrap_or_default(),
            if *business_status == crate::resource::BusinessStatus::Normal {
                String::new()
            } else {
                format!(" ({business_status})")
            }
        )),
        Some(_) if in_flight_down.contains(&side.address) => Some(format!("{} is on its way down", side.address)),
        Some(_) => None,
        None => Some(format!("{} was not seen", side.address)),
    }
}

fn is_up(side: &FloorMember, sightings: &Sightings) -> bool {
    sightings.get(&side.scope, &side.interface_id).is_some_and(Observed::counts_as_up)
}
