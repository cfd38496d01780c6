//! Groups of which `max_unavailable` is kept only if some of the members that are to be down are one link, or `min_active` only if those
//! that are to be up are not. Which are only the live cloud tells, so nobody is refused for that without having asked it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::resource::{ChangeName, DesiredStatus, GroupName};
use crate::spec::{Group, Spec, fewest_links};

use super::tally::{Sides, Stand, Tally, count};
use super::timeline::{Walk, base, in_step};

/// A group of which nobody knows offline whether it keeps its floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The group.
    pub group: GroupName,
    /// From when on; `None` where it is so already.
    pub from: Option<Timestamp>,
    /// Which key says how many have to be up, and how many members are what it counts.
    pub about: Counted,
    /// Of how many.
    pub of: u32,
    /// The changes in force then that are about those, the one begun first first.
    pub changes: Vec<ChangeName>,
}

/// What is counted beside a floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Members that are to be down, beside `max_unavailable`.
    Down(u32),
    /// Members that are to be up, beside `min_active`.
    Up(u32),
}

/// Lists the groups that may have too many links down at some moment from `at` on, each at the first, by name.
pub fn doubts(spec: &Spec, at: Timestamp) -> Vec<Doubt> {
    let has_floor = |group: &Group| group.max_unavailable.is_some() || group.min_active.is_some();
    let capped: Vec<(&GroupName, &Group)> = spec.groups.iter().filter(|(_, group)| has_floor(group)).collect();
    if capped.is_empty() {
        return Vec::new();
    }
    let mut walk = Walk::new(spec, at);
    let members: Vec<Vec<usize>> = capped.iter().map(|(_, group)| in_step(&walk.interfaces, &group.members)).collect();
    let mut group_of = vec![None; walk.interfaces.len()];
    for (number, places) in members.iter().enumerate() {
        places.iter().for_each(|place| group_of[*place] = Some(number));
    }
    let mut found: BTreeMap<usize, Doubt> = BTreeMap::new();
    let (mut from, mut altered): (_, BTreeSet<usize>) = (None, (0..capped.len()).collect());
    loop {
        altered.retain(|number| !found.contains_key(number));
        found.extend(altered.into_iter().filter_map(|number| {
            let doubt = doubt(&walk, capped[number], &members[number])?;
            Some((number, Doubt { from, ..doubt }))
        }));
        let Some(turn) = walk.next_turn() else { break };
        from = Some(turn.at);
        altered = turn.altered.iter().filter_map(|place| group_of[*place]).collect();
    }
    found.into_values().collect()
}

/// Looks at one group as it is to stand.
fn doubt(walk: &Walk<'_>, (name, group): (&GroupName, &Group), members: &[usize]) -> Option<Doubt> {
    let sides = (Sides::Unknown, walk.are_in_one_place(members));
    let tally = Tally::new(members, sides, |place| walk.now(place), |place| base(walk.interfaces[place].1));
    let Stand { up, of, floor } = tally.stand(group);
    let down: Vec<usize> =
        members.iter().copied().filter(|place| walk.now(*place) == DesiredStatus::Inactive).collect();
    if down.is_empty() || up < floor {
        return None;
    }
    let fewest = count(fewest_links(up as usize, sides.1));
    let about = match (up < group.floor(of), group.min_active.as_ref()) {
        (true, _) => Counted::Down(count(down.len())),
        (false, Some(least)) if fewest < least.value => Counted::Up(up),
        _ => return None,
    };
    let changes = walk.about_any(&down);
    Some(Doubt { group: name.clone(), from: None, about, of, changes })
}
