//! One group's links: which are up, which come up, which go down, and what its floor allows.

use std::collections::BTreeSet;

use crate::drift::links_of;
use crate::plan::{BlockReason, Floor, FloorLink, FloorMember, Goal, Guard, Knob, NotUp, Shortage, WhyNotUp};
use crate::resource::{BusinessStatus, GroupName, Observed, Status};
use crate::spec::{Group, Spec};

use super::super::caps::count;
use super::super::draft::Draft;
use super::super::health::{Checks, Kept};
use super::super::order::Graph;
use super::super::pairs::Pairs;
use super::super::subject::{PerSubject, Subject, SubjectNumber, Subjects};
use super::matching::Matching;
use super::{Edge, Scene};

/// How many members a refusal names before it says how many more there are.
const NAMED: usize = 8;

/// The place of a link in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkNumber(usize);

/// One link: a member and, where declared, its opposite side.
struct Link {
    sides: Vec<SubjectNumber>,
    /// All sides count as up now, and so does the link's health check where that binds.
    up: bool,
    /// All sides count as up now, and the health check says that the link is not.
    unhealthy: Option<WhyNotUp>,
    /// Not up now, and all sides will be once their steps are done, unless one is deactivated.
    comes_up: bool,
    /// The deactivation of a side has been accepted.
    goes_down: bool,
    /// Surely not up by its statuses, and no step brings it up: to take one of its sides down takes nothing.
    out: bool,
}

impl Link {
    fn falls(&self) -> bool {
        self.up && self.goes_down
    }

    fn rises(&self) -> bool {
        self.comes_up && !self.goes_down
    }

    fn ends_up(&self) -> bool {
        (self.up || self.comes_up) && !self.goes_down
    }
}

/// The links of one group and how many of them have to be up.
pub(super) struct GroupCount<'a> {
    name: &'a GroupName,
    group: &'a Group,
    links: Vec<Link>,
    floor: usize,
    up_now: usize,
    /// Up when everything that was accepted so far is done.
    up_at_end: usize,
    /// The sides whose deactivation was accepted, in that order, and their links.
    accepted: Vec<(SubjectNumber, LinkNumber)>,
}

impl<'a> GroupCount<'a> {
    /// Counts what is up and what comes up, before anything goes down.
    pub(super) fn new(
        name: &'a GroupName,
        group: &'a Group,
        members: &BTreeSet<SubjectNumber>,
        scene: &Scene<'_, '_>,
        draft: &Draft,
    ) -> Self {
        let Scene { subjects, pairs, checks } = *scene;
        let links: Vec<Link> = links_of(members, |member| pairs.peer(member))
            .into_iter()
            .map(|sides| {
                let is_up = sides.iter().all(|side| subjects[*side].is_up());
                let unhealthy = is_up.then(|| checks.counts_as_down(&subjects.at(&sides))).flatten();
                let comes_up = !is_up
                    && sides.iter().any(|side| draft.activates(*side))
                    && sides.iter().all(|side| can_end_up(&subjects[*side], *side, pairs, draft));
                let ends: Vec<_> = sides.iter().map(|side| subjects[*side].live()).collect();
                let out = Observed::out_ends(&ends).next().is_some()
                    && !sides.iter().any(|side| may_come_up(&subjects[*side], *side, draft));
                Link { sides, up: is_up && unhealthy.is_none(), unhealthy, comes_up, goes_down: false, out }
            })
            .collect();
        Self {
            name,
            group,
            floor: group.floor(count(links.len())) as usize,
            up_now: links.iter().filter(|link| link.up).count(),
            up_at_end: links.iter().filter(|link| link.ends_up()).count(),
            links,
            accepted: Vec::new(),
        }
    }

    /// Returns the links that keep the floor while others go down.
    pub(super) fn kept(&self) -> Kept {
        let is_up = |link: &&Link| link.up || link.unhealthy.is_some();
        let (falling, staying): (Vec<&Link>, Vec<&Link>) =
            self.links.iter().filter(is_up).partition(|link| link.goes_down);
        // One that goes down keeps nothing for itself.
        let meanwhile = if falling.len() > 1 { falling } else { Vec::new() };
        let sides = |links: Vec<&Link>| links.into_iter().map(|link| link.sides.clone()).collect();
        Kept { group: self.name.clone(), floor: self.floor, links: sides(staying), meanwhile: sides(meanwhile) }
    }

    /// Lists every side with the number of its link.
    pub(super) fn sides(&self) -> impl Iterator<Item = (SubjectNumber, LinkNumber)> + '_ {
        let links = self.links.iter().enumerate();
        links.flat_map(|(number, link)| link.sides.iter().map(move |side| (*side, LinkNumber(number))))
    }

    /// Returns whether this link, too, may go down: the floor can be kept without it, or stands as it does with it.
    pub(super) fn can_lose(&self, link: LinkNumber) -> bool {
        self.links[link.0].out || self.up_without(link) >= self.floor
    }

    fn up_without(&self, link: LinkNumber) -> usize {
        self.up_at_end - usize::from(self.links[link.0].ends_up())
    }

    /// Accepts the deactivation of `side`, which takes `link` down.
    pub(super) fn lose(&mut self, side: SubjectNumber, link: LinkNumber) {
        self.up_at_end = self.up_without(link);
        self.links[link.0].goes_down = true;
        self.accepted.push((side, link));
    }

    pub(super) fn rises(&self, link: LinkNumber) -> bool {
        self.links[link.0].rises()
    }

    pub(super) fn goes_down(&self, link: LinkNumber) -> bool {
        self.links[link.0].goes_down
    }

    fn numbers(&self) -> impl Iterator<Item = LinkNumber> + use<> {
        (0..self.links.len()).map(LinkNumber)
    }

    /// How many links too few are up now.
    pub(super) fn lacking(&self) -> usize {
        self.floor.saturating_sub(self.up_now)
    }

    /// How many links may go down before any has come up.
    fn slack(&self) -> usize {
        self.up_now.saturating_sub(self.floor)
    }

    /// The links with a deactivation, by their first call: in an order that is allowed.
    fn going_down(&self, levels: &PerSubject<u32>, draft: &Draft) -> Vec<LinkNumber> {
        let mut links: Vec<LinkNumber> = self.numbers().filter(|link| self.links[link.0].goes_down).collect();
        links.sort_by_key(|link| self.first_call(*link, levels, draft).map(|side| (levels[side], side)));
        links
    }

    /// The links that come up, by their last step: in an order that is allowed.
    fn rising(&self, levels: &PerSubject<u32>) -> Vec<LinkNumber> {
        let mut rising: Vec<LinkNumber> = self.numbers().filter(|link| self.rises(*link)).collect();
        rising.sort_by_key(|link| self.links[link.0].sides.iter().map(|side| (levels[*side], *side)).max());
        rising
    }

    /// The side that is deactivated first; a second one waits for it, as the two are a pair.
    fn first_call(&self, link: LinkNumber, levels: &PerSubject<u32>, draft: &Draft) -> Option<SubjectNumber> {
        let sides = self.links[link.0].sides.iter().copied();
        sides.filter(|side| draft.deactivates(*side)).min_by_key(|side| levels[*side])
    }

    /// Adds the edges that keep the floor, and returns them: whatever goes down while too few are up waits for those
    /// that are lacking, as far as there are any; beyond the slack, each link that goes down waits for one that has come
    /// up.
    pub(super) fn make_before_break(&self, levels: &PerSubject<u32>, draft: &Draft, graph: &mut Graph) -> Vec<Edge> {
        let rising = self.rising(levels);
        let (lacking, slack) = (self.lacking(), self.slack());
        let mut falls = 0;
        let mut added = Vec::new();
        for link in self.going_down(levels, draft) {
            let mut awaited = None;
            if self.links[link.0].falls() {
                awaited = (falls >= slack).then(|| rising[lacking + falls - slack]);
                falls += 1;
            }
            let Some(call) = self.first_call(link, levels, draft) else { continue };
            // The latest first: what it brings along needs no edge of its own.
            let first = &rising[..lacking.min(rising.len())];
            for riser in awaited.into_iter().chain(first.iter().rev().copied()) {
                for side in self.last_steps(riser, draft, graph) {
                    if !graph.is_before(side, call) {
                        graph.add(side, call);
                        added.push(Edge { first_up: side, then_down: call });
                    }
                }
            }
        }
        added
    }

    /// The sides of a rising link that no other side of it waits for.
    fn last_steps(&self, link: LinkNumber, draft: &Draft, graph: &Graph) -> Vec<SubjectNumber> {
        let sides = &self.links[link.0].sides;
        let is_last =
            |side: &SubjectNumber| draft.activates(*side) && !sides.iter().any(|other| graph.is_before(*side, *other));
        sides.iter().copied().filter(is_last).collect()
    }

    /// Returns whether every allowed order keeps the floor.
    pub(super) fn holds(&self, levels: &PerSubject<u32>, draft: &Draft, graph: &Graph) -> bool {
        let Moves { before, falling, rising } = self.moves(levels, draft, graph);
        let (lacking, slack) = (self.lacking(), self.slack());
        if lacking == 0 {
            return unmatched(&falling, rising) <= slack;
        }
        // Hall's theorem, with `lacking` more on the left: every set of falls, the empty one and those made of one fall
        // several times included, must have at least its own size and `lacking` of rises before it. That is so exactly
        // if, whichever fall is put there `lacking` times more, all on the left can be given a rise of their own; so
        // the links that are up never get fewer than the floor, once it was reached.
        // What is out may go down below the floor, but not before all that comes up has.
        before.iter().all(|before| before.len() >= lacking.min(rising))
            && falling.iter().all(|more| {
                let mut matching = Matching::new(rising);
                std::iter::repeat_n(more, lacking).chain(&falling).all(|before| matching.add(before))
            })
    }

    /// Says what the plan leaves the group with: at its lowest moment over all allowed orders, and at the end.
    pub(super) fn guard(&self, levels: &PerSubject<u32>, draft: &Draft, graph: &Graph) -> Guard {
        let Moves { falling, rising, .. } = self.moves(levels, draft, graph);
        // By Hall's theorem the falls without a rise of their own are the most that can have been sent, beyond what has
        // surely come up by then.
        let lowest = self.up_now - unmatched(&falling, rising);
        Guard {
            group: self.name.clone(),
            lowest: Some(count(lowest)),
            of: count(self.links.len()),
            end: count(self.up_at_end),
            floor: count(self.floor),
            takes_nothing: false,
        }
    }

    fn moves(&self, levels: &PerSubject<u32>, draft: &Draft, graph: &Graph) -> Moves {
        let going_down = self.going_down(levels, draft);
        let rising = self.rising(levels);
        let before: Vec<Vec<usize>> =
            going_down.iter().map(|link| self.risen_before(*link, &rising, levels, draft, graph)).collect();
        let falling = std::iter::zip(&going_down, &before).filter(|(link, _)| self.links[link.0].falls());
        Moves { falling: falling.map(|(_, before)| before.clone()).collect(), before, rising: rising.len() }
    }

    /// The positions in `rising` of the links that are surely up before `link` goes down.
    fn risen_before(
        &self,
        link: LinkNumber,
        rising: &[LinkNumber],
        levels: &PerSubject<u32>,
        draft: &Draft,
        graph: &Graph,
    ) -> Vec<usize> {
        if rising.is_empty() {
            return Vec::new();
        }
        let Some(call) = self.first_call(link, levels, draft) else { return Vec::new() };
        let before = graph.before(call);
        let is_done = |side: &SubjectNumber| !draft.activates(*side) || before.binary_search(side).is_ok();
        (0..rising.len()).filter(|position| self.links[rising[*position].0].sides.iter().all(is_done)).collect()
    }

    /// Lists the interfaces that are deactivated, and whether that takes nothing from what is up.
    pub(super) fn deactivated(&self) -> impl ExactSizeIterator<Item = (SubjectNumber, bool)> + '_ {
        self.accepted.iter().map(|(side, link)| (*side, self.links[link.0].out))
    }

    /// Says why a deactivation cannot be had: what the group would be left with, the knob, and who is not up.
    pub(super) fn refusal(&self, spec: &Spec, subjects: &Subjects<'_>, link: LinkNumber) -> BlockReason {
        let own = &self.links[link.0].sides;
        let down_now = self.links.iter().filter(|link| !link.up).flat_map(|link| match &link.unhealthy {
            Some(why) => vec![(link.sides[0], why.clone())],
            None => link.sides.iter().filter_map(|side| Some((*side, why_not_up(&subjects[*side])?))).collect(),
        });
        let down_then = self.accepted.iter().map(|(side, _)| (*side, WhyNotUp::ToGoDown));
        let mut not_up: Vec<NotUp> = down_now
            .chain(down_then)
            .filter(|(side, _)| !own.contains(side))
            .map(|(side, why)| NotUp { address: subjects[side].address.clone(), why })
            .collect();
        let more = not_up.len().saturating_sub(NAMED);
        not_up.truncate(NAMED);
        let (left, of, floor) = (self.up_without(link), count(self.links.len()), count(self.floor));
        let others = self.numbers().filter(|other| *other != link).map(|other| &self.links[other.0]);
        let unhealthy = others.filter(|other| other.unhealthy.is_some() && !other.goes_down).count();
        let by_statuses = if left + unhealthy >= self.floor { BlockReason::Health } else { BlockReason::Floor };
        let (group, knob, more, left) = (self.name.clone(), self.knob(spec), count(more), count(left));
        by_statuses(Shortage { group, left, of, floor, knob, not_up, more })
    }

    pub(super) fn floor(&self, spec: &Spec, subjects: &Subjects<'_>, checks: &Checks<'_>) -> Floor {
        let is_checked = checks.are_binding() && self.floor > 0;
        let end = |link: &Link| is_checked.then(|| checks.end_of(&subjects.at(&link.sides))).flatten();
        let side = |number: SubjectNumber| FloorMember {
            address: subjects[number].address.clone(),
            interface_id: subjects[number].declared.id.value.clone(),
            scope: subjects[number].declared.scope.clone(),
        };
        Floor {
            group: self.name.clone(),
            links: self
                .links
                .iter()
                .map(|link| FloorLink {
                    sides: link.sides.iter().map(|number| side(*number)).collect(),
                    up: link.up,
                    rises: link.rises(),
                    out: link.out,
                    check: end(link),
                })
                .collect(),
            min_up: u32::try_from(self.floor).unwrap_or(u32::MAX),
            knob: self.knob(spec),
        }
    }

    /// Returns the setting that makes the floor what it is.
    fn knob(&self, spec: &Spec) -> Option<Knob> {
        let from_min = self.group.min_active.as_ref().filter(|floor| floor.value as usize == self.floor);
        let (name, placed) = match (from_min, &self.group.max_unavailable) {
            (Some(floor), _) => ("min_active", floor),
            (None, Some(cap)) => ("max_unavailable", cap),
            (None, None) => return None,
        };
        let key = format!("groups.{}.{name}", self.name);
        Some(Knob { key, value: placed.value, at: spec.sources.locate(placed.place) })
    }
}

/// What goes down in a group, and what has come up by then.
struct Moves {
    /// Of each link with a deactivation, the rises that are surely done before it.
    before: Vec<Vec<usize>>,
    /// The same of those that are up now.
    falling: Vec<Vec<usize>>,
    /// How many links rise.
    rising: usize,
}

/// Counts the falls that cannot each be given a rise of their own before them.
fn unmatched(falling: &[Vec<usize>], rising: usize) -> usize {
    let mut matching = Matching::new(rising);
    falling.iter().filter(|before| !matching.add(before)).count()
}

/// Returns whether a side counts as up once the plan is done, if it is not deactivated.
pub(in super::super) fn can_end_up(subject: &Subject<'_>, number: SubjectNumber, pairs: &Pairs, draft: &Draft) -> bool {
    let Some(live) = subject.live() else { return false };
    // A declared opposite side is a side of the link itself and is asked in its own right.
    let opposite_is_up =
        pairs.peer(number).is_some() || live.opposite.status.as_ref().is_none_or(|status| *status == Status::Active);
    let is_active = live.status == Status::Active || draft.activates(number);
    is_active && opposite_is_up && live.business_status == BusinessStatus::Normal
}

/// Returns whether a step brings a side up, or whoever began what it is in the middle of.
pub(in super::super) fn may_come_up(subject: &Subject<'_>, number: SubjectNumber, draft: &Draft) -> bool {
    let is_rising = |live: &Observed| live.status.is_rising();
    draft.steps[number].iter().any(|step| step.goal != Goal::Inactive) || subject.live().is_some_and(is_rising)
}

/// Returns why a side does not count as up, if it does not.
fn why_not_up(subject: &Subject<'_>) -> Option<WhyNotUp> {
    match subject.live() {
        None => Some(WhyNotUp::Unseen),
        Some(live) if live.counts_as_up() => None,
        Some(live) if live.status != Status::Active => {
            Some(WhyNotUp::Is { status: live.status.clone(), since: subject.since() })
        }
        Some(Observed { business_status: BusinessStatus::Normal, opposite, .. }) => {
            Some(WhyNotUp::Opposite { status: opposite.status.clone() })
        }
        Some(live) => Some(WhyNotUp::Locked { business_status: live.business_status.clone() }),
    }
}
