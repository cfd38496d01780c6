//! The redundancy guard: no allowed order of the steps takes a group below its floor.
//!
//! A floor counts *links*: a member, or the two members that are the two sides of one link. A link is up while
//! every declared side of it counts as up; it stops counting when the first Deactivate of a side is sent, and starts
//! counting when the last of its sides has come up. With `slack` links more than the floor up at first, any order
//! keeps the floor exactly if the links that go down can be matched to links that come up before them, each to
//! its own, but for `slack` of them (Hall's condition). [`guard`] blocks what no order can have, adds one edge
//! for each link beyond the slack, and takes away what edges of other groups made needless. A link that is not up already
//! takes nothing from a floor when it goes down: it is never blocked, and waits for what brings the group back.

mod group;
mod matching;

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{BlockReason, Floor, Guard, Step};
use crate::resource::{Address, GroupName};
use crate::spec::Spec;

use super::draft::Draft;
use super::health::{self, Checks, Heard, Kept};
use super::order::{Graph, block_on};
use super::pairs::Pairs;
use super::subject::{PerSubject, SubjectNumber, Subjects};
use group::{GroupCount, LinkNumber};
pub(super) use group::{can_end_up, may_come_up};
pub(super) use matching::Matching;

/// Beyond this many deactivations in one group its edges are not thinned out: they are right, if perhaps more than
/// are needed, and finding out costs the square of their number.
const MOST_THINNED_OUT: usize = 100;

/// What the guard found out.
pub(super) struct Floors {
    counts: Vec<Floor>,
    /// What each deactivation leaves its groups with.
    pub(super) guards: BTreeMap<SubjectNumber, Vec<Guard>>,
    /// What the health checks of those say that keep the floors.
    pub(super) heard: Heard,
}

/// What the floors are about.
pub(super) struct Scene<'s, 'a> {
    pub(super) subjects: &'s Subjects<'a>,
    pub(super) pairs: &'s Pairs,
    pub(super) checks: &'s Checks<'a>,
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
pub(super) fn guard(spec: &Spec, scene: &Scene<'_, '_>, draft: &mut Draft, graph: &mut Graph) -> Floors {
    let Scene { subjects, pairs, checks } = *scene;
    let mut groups: Vec<GroupCount<'_>> = touched(subjects, pairs, draft)
        .into_iter()
        .filter_map(|name| spec.groups.get_key_value(name))
        .map(|(name, group)| {
            let members = subjects.numbers_of(&group.members);
            GroupCount::new(name, group, &members, scene, draft)
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
            edges.into_iter().map(move |edge| (GroupNumber(number), edge))
        })
        .collect();
    thin_out(&groups, &memberships, &levels, draft, graph, added);
    let mut guards: BTreeMap<SubjectNumber, Vec<Guard>> = BTreeMap::new();
    for group in groups.iter().filter(|group| group.deactivated().len() > 0) {
        let guard = group.guard(&levels, draft, graph);
        for (number, takes_nothing) in group.deactivated() {
            guards.entry(number).or_default().push(Guard { takes_nothing, ..guard.clone() });
        }
    }
    let kept: Vec<Kept> = groups.iter().filter(|group| group.deactivated().len() > 0).map(GroupCount::kept).collect();
    let counts = groups.iter().map(|group| group.floor(spec, subjects, checks)).collect();
    Floors { counts, guards, heard: health::heed(&kept, subjects, checks) }
}

/// Lists the groups in which something moves.
fn touched<'a>(subjects: &Subjects<'a>, pairs: &Pairs, draft: &Draft) -> BTreeSet<&'a GroupName> {
    let moving = subjects.numbers().filter(|number| draft.moves_traffic(*number));
    let sides = moving.flat_map(|number| std::iter::once(number).chain(pairs.peer(number)));
    sides.filter_map(|side| subjects[side].declared.group.as_ref()).map(|group| &group.value).collect()
}

/// The place of a group among those that are touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct GroupNumber(usize);

/// A link that an interface is a side of.
#[derive(Clone, Copy)]
struct Membership {
    group: GroupNumber,
    link: LinkNumber,
}

/// Per interface, the groups and links it is a side of.
struct Memberships(BTreeMap<SubjectNumber, Vec<Membership>>);

impl Memberships {
    fn new(groups: &[GroupCount<'_>]) -> Self {
        let mut memberships: BTreeMap<SubjectNumber, Vec<Membership>> = BTreeMap::new();
        for (number, group) in groups.iter().enumerate() {
            for (side, link) in group.sides() {
                memberships.entry(side).or_default().push(Membership { group: GroupNumber(number), link });
            }
        }
        Self(memberships)
    }

    fn of(&self, number: SubjectNumber) -> &[Membership] {
        self.0.get(&number).map_or(&[], Vec::as_slice)
    }
}

/// Goes through the deactivations in their order and blocks each that would leave a group below its floor even
/// with everything up that is coming up.
fn accept(
    spec: &Spec,
    subjects: &Subjects<'_>,
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
        } else if let Some(kept) = links.iter().find(|member| !groups[member.group.0].can_lose(member.link)) {
            let reason: BlockReason = groups[kept.group.0].refusal(spec, subjects, kept.link);
            draft.block(&subjects[number], number, reason);
        } else {
            links.iter().for_each(|member| groups[member.group.0].lose(number, member.link));
        }
    }
    graph.forget_blocked(draft);
}

/// An edge that a guard added.
#[derive(Clone, Copy)]
struct Edge {
    /// Whose link has to have come up.
    first_up: SubjectNumber,
    /// Whose call may be sent then.
    then_down: SubjectNumber,
}

/// Drops the added edges that others make needless. A group's own edges are all needed as long as no edge of another
/// group brings one of its rising links before one of its falling ones, and nothing is lacking at first.
fn thin_out(
    groups: &[GroupCount<'_>],
    memberships: &Memberships,
    levels: &PerSubject<u32>,
    draft: &Draft,
    graph: &mut Graph,
    added: Vec<(GroupNumber, Edge)>,
) {
    let mut is_doubtful: Vec<bool> = groups.iter().map(|group| group.lacking() > 0).collect();
    for (own, edge) in &added {
        for other in concerned(groups, memberships, graph, *edge).into_iter().filter(|other| other != own) {
            is_doubtful[other.0] = true;
        }
    }
    for (_, edge) in added.into_iter().filter(|(own, _)| is_doubtful[own.0]) {
        let concerned = concerned(groups, memberships, graph, edge);
        if concerned.iter().any(|group| groups[group.0].deactivated().len() > MOST_THINNED_OUT) {
            continue;
        }
        graph.remove(edge.first_up, edge.then_down);
        if !concerned.iter().all(|group| groups[group.0].holds(levels, draft, graph)) {
            graph.add(edge.first_up, edge.then_down);
        }
    }
}

/// Lists the groups in which an edge brings a link that rises before one that goes down.
fn concerned(groups: &[GroupCount<'_>], memberships: &Memberships, graph: &Graph, edge: Edge) -> BTreeSet<GroupNumber> {
    let groups_of = |numbers: Vec<SubjectNumber>, matters: &dyn Fn(&GroupCount<'_>, LinkNumber) -> bool| {
        let links = numbers.iter().flat_map(|number| memberships.of(*number));
        let matter = links.filter(|member| matters(&groups[member.group.0], member.link));
        matter.map(|member| member.group).collect::<BTreeSet<GroupNumber>>()
    };
    let first = [graph.before(edge.first_up), vec![edge.first_up]].concat();
    let then = [graph.behind(edge.then_down), vec![edge.then_down]].concat();
    let rising = groups_of(first, &|group, link| group.rises(link));
    let falling = groups_of(then, &|group, link| group.goes_down(link));
    rising.intersection(&falling).copied().collect()
}
