//! The floors, evaluated again right before each Deactivate, with what is in flight counted as down.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::BootTime;
use crate::plan::{Floor, FloorLink, FloorMember, HealthEnd};
use crate::resource::{Address, Observed};
use crate::run::{NotUp, Reason, Shortfall, StepReason, WhyNotUp};

use super::health::Checkup;
use super::sightings::Sightings;
use super::time::Moment;

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

    /// Lists every side that has to be read before `address` may go down: all but those that are not there any more.
    pub(super) fn sides_to_read<'s>(
        &'s self,
        address: &Address,
        sightings: &'s Sightings,
    ) -> impl Iterator<Item = &'a FloorMember> + 's {
        let places = self.by_side.get(address).into_iter().flatten();
        let sides = places.flat_map(|place| self.floors[place.floor].links.iter().flat_map(|link| &link.sides));
        sides.filter(|side| !sightings.is_absent(&side.scope, &side.interface_id))
    }

    /// Lists the sides that are read before `address` may go down: every one, but of a large floor, that no health check
    /// decides, as many as keep it by what is known. Where those do not, none is left out.
    ///
    /// What a call rests on is judged by [`Floors::allow`] alone; this only says what is worth a call.
    pub(super) fn sides_worth_reading(
        &self,
        address: &Address,
        sightings: &Sightings,
        is_going_down: &dyn Fn(&Address) -> bool,
    ) -> Vec<&'a FloorMember> {
        let mut sides = Vec::new();
        for place in self.by_side.get(address).into_iter().flatten() {
            let floor = &self.floors[place.floor];
            let own = &floor.links[place.link];
            let links = enough_beside(floor, place.link, sightings, is_going_down).filter(|_| is_large(floor));
            let links = links.map_or_else(|| floor.links.iter().collect(), |links| [vec![own], links].concat());
            sides.extend(links.into_iter().flat_map(|link: &FloorLink| &link.sides));
        }
        sides.retain(|side| !sightings.is_absent(&side.scope, &side.interface_id));
        sides
    }

    /// Lists the health checks that may be asked for before `address` goes down, each with the first side of its link.
    pub(super) fn checks(&self, address: &Address) -> impl Iterator<Item = (&'a Address, &'a HealthEnd)> {
        let places = self.by_side.get(address).into_iter().flatten();
        let links = places.flat_map(|place| &self.floors[place.floor].links);
        links.filter_map(|link| Some((&link.sides.first()?.address, link.check.as_ref()?)))
    }

    /// Returns when the oldest page or check was asked for on which it rests that `address` may go down, `None` if on none;
    /// or which floor would break and who is down already. A floor rests on as many links that are up as it wants, and on
    /// those of them that were asked for last. A link that is out already takes nothing from it.
    pub(super) fn allow(&self, address: &Address, seen: &Seen<'_>) -> Result<Option<BootTime>, Refused<'a>> {
        let mut oldest: Option<BootTime> = None;
        for place in self.by_side.get(address).into_iter().flatten() {
            let floor = &self.floors[place.floor];
            let rests_on = match out_since(&floor.links[place.link], seen) {
                Some(asked) => Some(asked),
                None => kept_since(floor, place.link, seen)?,
            };
            oldest = [oldest, rests_on].into_iter().flatten().min();
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

    /// Lists the sides of as many links as a floor wants, of those that were seen up; `None` where there are fewer.
    pub(super) fn enough(&self, floor: &'a Floor, sightings: &Sightings) -> Option<Vec<&'a FloorMember>> {
        let is_up = |link: &&FloorLink| link.sides.iter().all(|side| not_up(side, sightings, &|_| false).is_none());
        let up: Vec<&FloorLink> = floor.links.iter().filter(is_up).take(floor.min_up as usize).collect();
        (up.len() == floor.min_up as usize).then(|| up.into_iter().flat_map(|link| &link.sides).collect())
    }

    /// Returns whether reads that were begun at `since` or later show that every floor around `touched` stands.
    pub(super) fn stand(&self, touched: &BTreeSet<&Address>, sightings: &Sightings, since: Moment) -> bool {
        let is_shown = |side: &FloorMember| {
            not_up(side, sightings, &|_| false).is_none() && sightings.is_newer(&side.scope, &side.interface_id, since)
        };
        self.touched_by(touched).all(|floor| {
            let up = floor.links.iter().filter(|link| link.sides.iter().all(is_shown)).take(floor.min_up as usize);
            up.count() == floor.min_up as usize
        })
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

/// What is known when a floor is judged.
pub(super) struct Seen<'s> {
    pub(super) sightings: &'s Sightings,
    /// A Deactivate may take it down at any moment.
    pub(super) is_going_down: &'s dyn Fn(&Address) -> bool,
    /// An Activate may bring it up at any moment.
    pub(super) is_coming_up: &'s dyn Fn(&Address) -> bool,
    /// What its health check says.
    pub(super) health: &'s dyn Fn(&HealthEnd) -> Checkup,
}

/// Why something may not go down.
pub(super) enum Refused<'a> {
    /// A floor would break.
    Broken(StepReason),
    /// Only these health checks can tell.
    Unasked(BTreeSet<&'a HealthEnd>),
}

/// How many links a floor may have that are all read before one of them goes down.
const ALL_ARE_READ: usize = 40;

/// Returns whether reading all of a floor costs many calls, and its links are up or not by what a read shows.
fn is_large(floor: &Floor) -> bool {
    floor.links.len() > ALL_ARE_READ && floor.links.iter().all(|link| link.check.is_none())
}

/// Lists as many links that keep a floor while one of them goes down as it wants, and the more beside them the more are
/// down, which others may be by now; `None` where there are too few.
fn enough_beside<'a>(
    floor: &'a Floor,
    falling: usize,
    sightings: &Sightings,
    is_going_down: &dyn Fn(&Address) -> bool,
) -> Option<Vec<&'a FloorLink>> {
    let is_up = |link: &FloorLink| link.sides.iter().all(|side| not_up(side, sightings, is_going_down).is_none());
    let others = floor.links.iter().enumerate().filter(|(number, _)| *number != falling);
    let (mut up, down): (Vec<&FloorLink>, Vec<&FloorLink>) = others.map(|(_, link)| link).partition(|link| is_up(link));
    let min_up = floor.min_up as usize;
    if up.len() < min_up {
        return None;
    }
    up.truncate(min_up + 2 * down.len());
    Some(up)
}

/// Returns when it was asked for that a link is out: not up by its statuses, and nothing brings it up.
fn out_since(link: &FloorLink, seen: &Seen<'_>) -> Option<BootTime> {
    let found = |side: &FloorMember| seen.sightings.get(&side.scope, &side.interface_id);
    let is_rising = |side: &FloorMember| {
        (seen.is_coming_up)(&side.address) || found(side).is_some_and(|observed| observed.status.is_rising())
    };
    if link.sides.iter().any(is_rising) {
        return None;
    }
    let ends: Vec<_> = link.sides.iter().map(found).collect();
    let out = Observed::out_ends(&ends).map(|number| &link.sides[number]);
    out.filter_map(|side| seen.sightings.asked(&side.scope, &side.interface_id)).max()
}

/// Returns when the oldest was asked for of the links that keep a floor while one of them goes down.
fn kept_since<'a>(floor: &'a Floor, falling: usize, seen: &Seen<'_>) -> Result<Option<BootTime>, Refused<'a>> {
    let (mut up, mut down, mut unasked) = (Vec::new(), Vec::new(), Vec::new());
    let mut ill = 0;
    for link in floor.links.iter().enumerate().filter(|(link, _)| *link != falling).map(|(_, link)| link) {
        let missing: Vec<NotUp> =
            link.sides.iter().filter_map(|side| not_up(side, seen.sightings, seen.is_going_down)).collect();
        if !missing.is_empty() {
            down.extend(missing);
            continue;
        }
        let asked = link.sides.iter().filter_map(|side| seen.sightings.asked(&side.scope, &side.interface_id)).min();
        match link.check.as_ref().map(|end| (end, (seen.health)(end))) {
            None => up.extend(asked),
            Some((_, Checkup::Good(checked))) => up.extend(asked.map(|asked| asked.min(checked))),
            Some((end, Checkup::Unknown { was_bad })) => unasked.push((was_bad, end)),
            Some((_, Checkup::Bad(why))) => {
                ill += 1;
                down.push(NotUp { address: link.sides[0].address.clone(), why });
            }
        }
    }
    up.sort_unstable_by(|one, other| other.cmp(one));
    let min_up = floor.min_up as usize;
    if up.len() < min_up && up.len() + unasked.len() >= min_up {
        // Who was ill a moment ago is asked last: one answer after the other, the pages would grow too old meanwhile.
        unasked.sort_by_key(|(was_bad, _)| *was_bad);
        return Err(Refused::Unasked(unasked.into_iter().take(min_up - up.len()).map(|(_, end)| end).collect()));
    }
    if up.len() < min_up {
        let (group, knob, links) = (floor.group.clone(), floor.knob.clone(), count(floor));
        let (kept, floor) = (u32::try_from(up.len()).unwrap_or(u32::MAX), floor.min_up);
        let is_by_health = up.len() + unasked.len() + ill >= min_up;
        let broken = if is_by_health { StepReason::Health } else { StepReason::Floor };
        return Err(Refused::Broken(broken(Box::new(Shortfall { group, kept, links, floor, knob, down }))));
    }
    Ok(min_up.checked_sub(1).and_then(|last| up.get(last).copied()))
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
