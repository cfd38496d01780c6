//! The redundancy guard: no allowed order of the steps takes a group below its floor.
//!
//! A floor counts *links*: a member, or the two members that are the two sides of one link. A link is up while
//! every declared side of it counts as up; it stops counting when the first Deactivate of a side is sent, and starts
//! counting when the last of its sides has come up. With `slack` links more than the floor up at first, any order
//! keeps the floor exactly if the links that go down can be matched to links that come up before them, each to
//! its own, but for `slack` of them (Hall's condition). [`guard`] blocks what no order can have, adds one edge
//! for each link beyond the slack, and takes away what edges of other groups made needless.

mod group;
mod matching;

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{BlockCode, Floor, Step};
use crate::resource::{Address, GroupName};
use crate::spec::Spec;

use super::order::{Graph, block_on};
use super::pairs::Pairs;
use super::{Draft, Subject, numbers_of};
use group::GroupCount;

/// Beyond this many deactivations in one group its edges are not thinned out: they are right, if perhaps more than
/// are needed, and finding out costs the square of their number.
const MOST_THINNED_OUT: usize = 100;

/// What the guard found out.
pub(super) struct Floors {
    counts: Vec<Floor>,
    /// The guards of each deactivation, in words, by subject.
    pub(super) guards: BTreeMap<usize, Vec<String>>,
}

impl Floors {
    /// Returns the floors of the groups that the steps touch; the executor re-evaluates these.
    pub(super) fn touched(mut self, steps: &[Step]) -> Vec<Floor> {
        let stepping: BTreeSet<&Address> = steps.iter().map(|step| &step.address).collect();
        for link in self.counts.iter_mut().flat_map(|floor| &mut floor.links) {
            link.rises &= link.sides.iter().any(|side| stepping.contains(&side.address));
        }
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
    pairs: &Pairs,
    draft: &mut Draft,
    graph: &mut Graph,
) -> Floors {
    let mut groups: Vec<GroupCount<'_>> = touched(subjects, pairs, draft)
        .into_iter()
        .filter_map(|name| spec.groups.get_key_value(name))
        .map(|(name, group)| {
            let members = numbers_of(subjects, &group.members);
            GroupCount::new(name, group, &members, subjects, pairs, draft)
        })
        .collect();
    let memberships = Memberships::new(&groups);
    accept(spec, subjects, draft, graph, &mut groups, &memberships);
    let levels = graph.levels(draft);
    let added = groups
        .iter()
        .enumerate()
        .flat_map(|(number, group)| {
            let edges = group.make_before_break(&levels, draft, graph);
            edges.into_iter().map(move |edge| (number, edge))
        })
        .collect();
    thin_out(&groups, &memberships, &levels, draft, graph, added);
    let mut guards: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for group in &groups {
        for number in group.deactivated() {
            guards.entry(*number).or_default().push(group.guard_text());
        }
    }
    Floors { counts: groups.iter().map(|group| group.floor(spec, subjects)).collect(), guards }
}

/// Lists the groups in which something moves.
fn touched<'a>(subjects: &[Subject<'a>], pairs: &Pairs, draft: &Draft) -> BTreeSet<&'a GroupName> {
    let moving = (0..subjects.len()).filter(|number| !draft.steps[*number].is_empty());
    let sides = moving.flat_map(|number| std::iter::once(number).chain(pairs.peer(number)));
    sides.filter_map(|side| subjects[side].declared.group.as_ref()).map(|group| &group.value).collect()
}

/// Per interface, the groups and links it is a side of.
struct Memberships(BTreeMap<usize, Vec<(usize, usize)>>);

impl Memberships {
    fn new(groups: &[GroupCount<'_>]) -> Self {
        let mut memberships: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
        for (number, group) in groups.iter().enumerate() {
            for (side, link) in group.sides() {
                memberships.entry(side).or_default().push((number, link));
            }
        }
        Self(memberships)
    }

    fn of(&self, number: usize) -> &[(usize, usize)] {
        self.0.get(&number).map_or(&[], Vec::as_slice)
    }
}

/// Goes through the deactivations in their order and blocks each that would leave a group below its floor even
/// with everything up that is coming up.
fn accept(
    spec: &Spec,
    subjects: &[Subject<'_>],
    draft: &mut Draft,
    graph: &mut Graph,
    groups: &mut [GroupCount<'_>],
    memberships: &Memberships,
) {
    for number in graph.in_order(draft) {
        if !draft.deactivates(number) {
            continue;
        }
        let links = memberships.of(number);
        if let Some(needed) = graph.needs(number).iter().find(|needed| draft.is_undeliverable(**needed)) {
            block_on(subjects, draft, number, *needed);
        } else if let Some((group, link)) = links.iter().find(|(group, link)| !groups[*group].can_lose(*link)) {
            let detail = groups[*group].refusal(spec, subjects, number, *link);
            draft.block(&subjects[number], number, BlockCode::Floor, detail);
        } else {
            links.iter().for_each(|(group, link)| groups[*group].lose(number, *link));
        }
    }
    graph.forget_blocked(draft);
}

/// An edge that a guard added, from the interface that comes up to the one that goes down.
type Edge = (usize, usize);

/// Drops the added edges that others make needless. A group's own edges are all needed as long as no edge of another
/// group brings one of its rising links before one of its falling ones, and nothing is lacking at first.
fn thin_out(
    groups: &[GroupCount<'_>],
    memberships: &Memberships,
    levels: &[u32],
    draft: &Draft,
    graph: &mut Graph,
    added: Vec<(usize, Edge)>,
) {
    let mut is_doubtful: Vec<bool> = groups.iter().map(|group| group.lacking() > 0).collect();
    for (own, edge) in &added {
        for other in concerned(groups, memberships, graph, *edge).into_iter().filter(|other| other != own) {
            is_doubtful[other] = true;
        }
    }
    for (_, edge) in added.into_iter().filter(|(own, _)| is_doubtful[*own]) {
        let concerned = concerned(groups, memberships, graph, edge);
        if concerned.iter().any(|group| groups[*group].deactivated().len() > MOST_THINNED_OUT) {
            continue;
        }
        graph.remove(edge.0, edge.1);
        if !concerned.iter().all(|group| groups[*group].holds(levels, draft, graph)) {
            graph.add(edge.0, edge.1);
        }
    }
}

/// Lists the groups in which an edge brings a link that rises before one that goes down.
fn concerned(groups: &[GroupCount<'_>], memberships: &Memberships, graph: &Graph, edge: Edge) -> BTreeSet<usize> {
    let groups_of = |numbers: Vec<usize>, matters: &dyn Fn(&GroupCount<'_>, usize) -> bool| -> BTreeSet<usize> {
        let links = numbers.iter().flat_map(|number| memberships.of(*number));
        links.filter(|(group, link)| matters(&groups[*group], *link)).map(|(group, _)| *group).collect()
    };
    let rising = groups_of([graph.before(edge.0), vec![edge.0]].concat(), &|group, link| group.rises(link));
    let falling = groups_of([graph.behind(edge.1), vec![edge.1]].concat(), &|group, link| group.goes_down(link));
    rising.intersection(&falling).copied().collect()
}
