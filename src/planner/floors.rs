//! The redundancy guard: no allowed order of the steps takes a group below its floor.
//!
//! A floor counts *links*: a member, or the two members that are the two sides of one link. A link is up while
//! every declared side of it counts as up; it stops counting when the first Deactivate of a side is sent, and starts
//! counting when the last of its sides has come up. With `slack` links more than the floor up at first, any order
//! keeps the floor exactly if the links that go down can be matched to links that come up before them, each to
//! its own, but for `slack` of them (Hall's condition). [`guard`] blocks what no order can have, adds one edge
//! for each link that the existing order leaves unmatched, and takes away what turned out not to be needed.

mod group;
mod matching;

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{BlockCode, Floor, Step};
use crate::resource::Address;
use crate::spec::Spec;

use super::order::{Graph, block_on, is_undeliverable};
use super::pairs::Pairs;
use super::{Draft, Subject};
use group::GroupCount;

/// What the guard found out.
pub(super) struct Floors {
    counts: Vec<Floor>,
    /// The guards of each deactivation, in words, by subject.
    pub(super) guards: BTreeMap<usize, Vec<String>>,
}

impl Floors {
    /// Returns the floors of the groups that the steps touch; the executor re-evaluates these.
    pub(super) fn touched(self, steps: &[Step]) -> Vec<Floor> {
        let stepping: BTreeSet<&Address> = steps.iter().map(|step| &step.address).collect();
        let is_touched = |floor: &Floor| {
            floor.links.iter().flat_map(|link| &link.sides).any(|side| stepping.contains(&side.address))
        };
        self.counts.into_iter().filter(is_touched).collect()
    }
}

/// Blocks the deactivations that cannot be had and orders the others behind the activations that they need.
pub(super) fn guard(
    spec: &Spec,
    subjects: &[Subject<'_>],
    index: &BTreeMap<&Address, usize>,
    pairs: &Pairs,
    draft: &mut Draft,
    graph: &mut Graph,
) -> Floors {
    let mut groups: Vec<GroupCount<'_>> = spec
        .groups
        .iter()
        .map(|(name, group)| GroupCount::new(name, group, subjects, index, pairs))
        .filter(|group| group.is_touched(draft))
        .collect();
    for group in &mut groups {
        group.tally(subjects, pairs, draft);
    }
    let memberships = memberships(&groups);
    accept(spec, subjects, draft, graph, &mut groups, &memberships);
    let levels = graph.levels(draft);
    let mut added = Vec::new();
    for group in &groups {
        make_before_break(group, &levels, draft, graph, &mut added);
    }
    drop_needless(&groups, &memberships, &levels, draft, graph, added);
    let mut guards: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for group in &groups {
        for number in group.deactivating(draft) {
            guards.entry(number).or_default().push(group.guard_text());
        }
    }
    Floors { counts: groups.iter().map(|group| group.floor(spec, subjects)).collect(), guards }
}

/// Per interface, the groups and links it is a side of.
type Memberships = BTreeMap<usize, Vec<(usize, usize)>>;

fn memberships(groups: &[GroupCount<'_>]) -> Memberships {
    let mut memberships = Memberships::new();
    for (group_number, group) in groups.iter().enumerate() {
        for (side, link) in group.sides() {
            memberships.entry(side).or_default().push((group_number, link));
        }
    }
    memberships
}

/// Goes through the deactivations in their order and blocks each that would leave a group below its floor even
/// with everything up that is coming up.
fn accept(
    spec: &Spec,
    subjects: &[Subject<'_>],
    draft: &mut Draft,
    graph: &Graph,
    groups: &mut [GroupCount<'_>],
    memberships: &Memberships,
) {
    for number in graph.in_order(draft) {
        if !draft.deactivates(number) {
            continue;
        }
        if let Some(needed) = graph.needs(number).iter().find(|needed| is_undeliverable(subjects, draft, **needed)) {
            block_on(subjects, draft, number, *needed);
            continue;
        }
        let links = memberships.get(&number).map_or(&[][..], Vec::as_slice);
        match links.iter().find(|(group, link)| !groups[*group].can_lose(*link)) {
            Some((group, link)) => {
                let detail = groups[*group].refusal(spec, subjects, draft, number, *link);
                draft.block(&subjects[number], number, BlockCode::Floor, detail);
            }
            None => links.iter().for_each(|(group, link)| groups[*group].lose(*link)),
        }
    }
}

/// An edge that a guard added, from the interface that comes up to the one that goes down.
type Edge = (usize, usize);

/// Adds the edges that keep one group's floor.
fn make_before_break(
    group: &GroupCount<'_>,
    levels: &BTreeMap<usize, u32>,
    draft: &Draft,
    graph: &mut Graph,
    added: &mut Vec<Edge>,
) {
    if group.holds(levels, draft, graph) {
        return;
    }
    let (falling, rising) = (group.falling(levels), group.rising());
    // Below the floor already: these have to come up before anything may go down.
    let lacking = group.floor_count().saturating_sub(group.up_now());
    let (first, rest) = rising.split_at(lacking.min(rising.len()));
    for riser in first {
        for link in group.deactivating_links(draft) {
            group.order(*riser, link, draft, graph, added);
        }
    }
    let slack = group.up_now().saturating_sub(group.floor_count());
    let matched = matching::maximum(&group.risers_before(&falling, rest, draft, graph), rest.len());
    let lonely = (0..falling.len()).filter(|position| matched.of_left(*position).is_none());
    let spare = (0..rest.len()).filter(|position| matched.of_right(*position).is_none());
    for (position, riser) in lonely.skip(slack).zip(spare) {
        group.order(rest[riser], falling[position], draft, graph, added);
    }
}

/// Drops the added edges that other edges make needless. One that stands alone before its deactivation never is.
fn drop_needless(
    groups: &[GroupCount<'_>],
    memberships: &Memberships,
    levels: &BTreeMap<usize, u32>,
    draft: &Draft,
    graph: &mut Graph,
    added: Vec<Edge>,
) {
    for (before, after) in added {
        if graph.ancestors(after).len() == 1 {
            continue;
        }
        graph.remove(before, after);
        let concerned: BTreeSet<usize> = std::iter::once(after)
            .chain(graph.descendants(after))
            .filter_map(|number| memberships.get(&number))
            .flatten()
            .map(|(group, _)| *group)
            .collect();
        if !concerned.iter().all(|group| groups[*group].holds(levels, draft, graph)) {
            graph.add(before, after);
        }
    }
}
