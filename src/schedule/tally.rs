//! How many links of a group are to be up, moment by moment.
//!
//! A floor counts links, and which two interfaces are the two sides of one link only the live cloud tells. Where nobody has asked it, a
//! floor is broken only if it is so however the members pair up: at best every two that are to be down are one link.

use crate::drift::OtherEnds;
use crate::resource::DesiredStatus;
use crate::spec::{Group, fewest_links};

/// Which interfaces are the two sides of one link.
#[derive(Clone, Copy, Debug)]
pub enum Sides<'a> {
    /// Nobody has asked the cloud.
    Unknown,
    /// It was asked, and of what it did not tell nobody knows.
    Known(&'a OtherEnds),
}

impl Sides<'_> {
    /// Returns the other end of an interface, where that is known.
    pub(super) fn of(self, place: usize) -> Option<usize> {
        match self {
            Self::Unknown => None,
            Self::Known(others) => others.end(place),
        }
    }

    /// Returns the same where all of some interfaces were read.
    fn for_all(self, places: &[usize]) -> Self {
        match self {
            Self::Known(others) if places.iter().any(|place| others.unread.contains(place)) => Self::Unknown,
            sides => sides,
        }
    }
}

/// The links of a group, or its members where nobody knows which of them are one link.
pub(super) struct Tally {
    links: Vec<Link>,
    down: usize,
    /// How many are to be down without any change.
    down_by_itself: usize,
    counts_links: bool,
    is_in_one_place: bool,
}

struct Link {
    member: usize,
    other: Option<usize>,
    /// How many of its sides are to be down.
    down: u8,
}

/// How a group is to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stand {
    pub(super) up: u32,
    pub(super) of: u32,
    pub(super) floor: u32,
}

impl Tally {
    /// Counts the members of a group, whose places come in order.
    pub(super) fn new(
        members: &[usize],
        (sides, is_in_one_place): (Sides<'_>, bool),
        now: impl Fn(usize) -> DesiredStatus,
        by_itself: impl Fn(usize) -> DesiredStatus,
    ) -> Self {
        let sides = sides.for_all(members);
        let is_counted_with_its_other_end =
            |place: usize| sides.of(place).is_some_and(|other| other < place && members.binary_search(&other).is_ok());
        let own = members.iter().copied().filter(|place| !is_counted_with_its_other_end(*place));
        let is_down = |status: DesiredStatus| status == DesiredStatus::Inactive;
        let links: Vec<Link> = own
            .map(|member| {
                let other = sides.of(member);
                let down = ends(member, other).filter(|place| is_down(now(*place))).count();
                Link { member, other, down: u8::try_from(down).unwrap_or(u8::MAX) }
            })
            .collect();
        let down = links.iter().filter(|link| link.down > 0).count();
        let falls = |link: &&Link| ends(link.member, link.other).any(|place| is_down(by_itself(place)));
        let down_by_itself = links.iter().filter(falls).count();
        Self { links, down, down_by_itself, counts_links: matches!(sides, Sides::Known(_)), is_in_one_place }
    }

    /// Lists the places of all sides, each with the number of its link.
    pub(super) fn sides(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let links = self.links.iter().enumerate();
        links.flat_map(|(number, link)| ends(link.member, link.other).map(move |place| (place, number)))
    }

    /// Takes in that a side of a link is to have another status.
    pub(super) fn turn(&mut self, link: usize, status: DesiredStatus) {
        let link = &mut self.links[link];
        match status {
            DesiredStatus::Inactive => {
                link.down += 1;
                self.down += usize::from(link.down == 1);
            }
            DesiredStatus::Active => {
                link.down -= 1;
                self.down -= usize::from(link.down == 0);
            }
        }
    }

    /// Returns how the group is to stand. Where nobody knows what is one link, each member counts, and the floor is that which is kept
    /// or broken however they pair up.
    pub(super) fn stand(&self, group: &Group) -> Stand {
        let (up, of) = (count(self.links.len() - self.down), count(self.links.len()));
        let most = group.max_unavailable.as_ref().map(|most| most.value as usize);
        let floor =
            if self.counts_links || most.is_some_and(|most| fewest_links(self.down, self.is_in_one_place) > most) {
                group.floor(of)
            } else {
                group.min_active.as_ref().map_or(0, |floor| floor.value)
            };
        Stand { up, of, floor }
    }

    /// Returns whether changes break the floor.
    pub(super) fn is_broken(&self, group: &Group) -> bool {
        let Stand { up, floor, .. } = self.stand(group);
        up < floor && self.down > self.down_by_itself
    }
}

fn ends(member: usize, other: Option<usize>) -> impl Iterator<Item = usize> {
    std::iter::once(member).chain(other)
}

pub(super) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
