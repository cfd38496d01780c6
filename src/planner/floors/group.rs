//! One group's links: which are up, which come up, which go down, and what its floor allows.

use std::collections::BTreeSet;

use crate::plan::{Floor, FloorLink, FloorMember};
use crate::resource::{BusinessStatus, GroupName, Observed, Status};
use crate::spec::{Group, Spec};

use super::super::order::Graph;
use super::super::pairs::Pairs;
use super::super::{Draft, Subject};
use super::matching::Matching;

/// How many members a refusal names before it says how many more there are.
const NAMED: usize = 8;

/// One link: a member and, where declared, its opposite side.
struct Link {
    sides: Vec<usize>,
    /// All sides count as up now.
    up: bool,
    /// Not up now, and all sides will be once their steps are done, unless one is deactivated.
    comes_up: bool,
    /// The deactivation of a side has been accepted.
    goes_down: bool,
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
    /// The sides whose deactivation was accepted, in that order.
    accepted: Vec<usize>,
}

impl<'a> GroupCount<'a> {
    /// Counts what is up and what comes up, before anything goes down.
    pub(super) fn new(
        name: &'a GroupName,
        group: &'a Group,
        members: &BTreeSet<usize>,
        subjects: &[Subject<'_>],
        pairs: &Pairs,
        draft: &Draft,
    ) -> Self {
        let is_counted_with_its_peer =
            |member: usize| pairs.peer(member).is_some_and(|peer| peer < member && members.contains(&peer));
        let links: Vec<Link> = members
            .iter()
            .filter(|member| !is_counted_with_its_peer(**member))
            .map(|member| {
                let sides: Vec<usize> = std::iter::once(*member).chain(pairs.peer(*member)).collect();
                let up = sides.iter().all(|side| subjects[*side].is_up());
                let comes_up = !up
                    && sides.iter().any(|side| draft.activates(*side))
                    && sides.iter().all(|side| can_end_up(&subjects[*side], *side, pairs, draft));
                Link { sides, up, comes_up, goes_down: false }
            })
            .collect();
        let from_min = group.min_active.as_ref().map_or(0, |floor| floor.value as usize);
        let from_max = group.max_unavailable.as_ref().map_or(0, |cap| links.len().saturating_sub(cap.value as usize));
        Self {
            name,
            group,
            floor: from_min.max(from_max),
            up_now: links.iter().filter(|link| link.up).count(),
            up_at_end: links.iter().filter(|link| link.ends_up()).count(),
            links,
            accepted: Vec::new(),
        }
    }

    /// Lists every side with the number of its link.
    pub(super) fn sides(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.links.iter().enumerate().flat_map(|(number, link)| link.sides.iter().map(move |side| (*side, number)))
    }

    /// Claims that the floor can be kept if this link, too, goes down.
    pub(super) fn can_lose(&self, link: usize) -> bool {
        self.up_without(link) >= self.floor
    }

    fn up_without(&self, link: usize) -> usize {
        self.up_at_end - usize::from(self.links[link].ends_up())
    }

    /// Accepts the deactivation of `side`, which takes `link` down.
    pub(super) fn lose(&mut self, side: usize, link: usize) {
        self.up_at_end = self.up_without(link);
        self.links[link].goes_down = true;
        self.accepted.push(side);
    }

    pub(super) fn rises(&self, link: usize) -> bool {
        self.links[link].rises()
    }

    pub(super) fn goes_down(&self, link: usize) -> bool {
        self.links[link].goes_down
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
    fn going_down(&self, levels: &[u32], draft: &Draft) -> Vec<usize> {
        let mut links: Vec<usize> = (0..self.links.len()).filter(|link| self.links[*link].goes_down).collect();
        links.sort_by_key(|link| self.first_call(*link, levels, draft).map(|side| (levels[side], side)));
        links
    }

    /// The links that come up, by their last step: in an order that is allowed.
    fn rising(&self, levels: &[u32]) -> Vec<usize> {
        let mut rising: Vec<usize> = (0..self.links.len()).filter(|link| self.rises(*link)).collect();
        rising.sort_by_key(|link| self.links[*link].sides.iter().map(|side| (levels[*side], *side)).max());
        rising
    }

    /// The side that is deactivated first; a second one waits for it, as the two are a pair.
    fn first_call(&self, link: usize, levels: &[u32], draft: &Draft) -> Option<usize> {
        let sides = self.links[link].sides.iter().copied();
        sides.filter(|side| draft.deactivates(*side)).min_by_key(|side| levels[*side])
    }

    /// Adds the edges that keep the floor, and returns them: whatever goes down while too few are up waits for those
    /// that are lacking; beyond the slack, each link that goes down waits for one that has come up.
    pub(super) fn make_before_break(&self, levels: &[u32], draft: &Draft, graph: &mut Graph) -> Vec<(usize, usize)> {
        let rising = self.rising(levels);
        let (lacking, slack) = (self.lacking(), self.slack());
        let mut falls = 0;
        let mut added = Vec::new();
        for link in self.going_down(levels, draft) {
            let mut awaited = None;
            if self.links[link].falls() {
                awaited = (falls >= slack).then(|| rising[lacking + falls - slack]);
                falls += 1;
            }
            let Some(call) = self.first_call(link, levels, draft) else { continue };
            // The latest first: what it brings along needs no edge of its own.
            for riser in awaited.into_iter().chain(rising[..lacking].iter().rev().copied()) {
                for side in self.last_steps(riser, draft, graph) {
                    if !graph.is_before(side, call) {
                        graph.add(side, call);
                        added.push((side, call));
                    }
                }
            }
        }
        added
    }

    /// The sides of a rising link that no other side of it waits for.
    fn last_steps(&self, link: usize, draft: &Draft, graph: &Graph) -> Vec<usize> {
        let sides = &self.links[link].sides;
        let is_last =
            |side: &usize| draft.activates(*side) && !sides.iter().any(|other| graph.is_before(*side, *other));
        sides.iter().copied().filter(is_last).collect()
    }

    /// Claims that every allowed order keeps the floor.
    pub(super) fn holds(&self, levels: &[u32], draft: &Draft, graph: &Graph) -> bool {
        let going_down = self.going_down(levels, draft);
        let rising = self.rising(levels);
        let (lacking, slack) = (self.lacking(), self.slack());
        let before: Vec<Vec<usize>> =
            going_down.iter().map(|link| self.risen_before(*link, &rising, levels, draft, graph)).collect();
        let falling: Vec<&[usize]> = std::iter::zip(&going_down, &before)
            .filter(|(link, _)| self.links[**link].falls())
            .map(|(_, before)| before.as_slice())
            .collect();
        if lacking == 0 {
            let mut matching = Matching::new(rising.len());
            return falling.iter().filter(|before| !matching.add(before)).count() <= slack;
        }
        // Below the floor: a set of falls needs `lacking` more rises before it than it has members, an empty set too.
        before.iter().all(|before| before.len() >= lacking)
            && falling.iter().all(|more| {
                let mut matching = Matching::new(rising.len());
                std::iter::repeat_n(more, lacking).chain(&falling).all(|before| matching.add(before))
            })
    }

    /// The positions in `rising` of the links that are surely up before `link` goes down.
    fn risen_before(&self, link: usize, rising: &[usize], levels: &[u32], draft: &Draft, graph: &Graph) -> Vec<usize> {
        let Some(call) = self.first_call(link, levels, draft) else { return Vec::new() };
        let before = graph.before(call);
        let is_done = |side: &usize| !draft.activates(*side) || before.binary_search(side).is_ok();
        (0..rising.len()).filter(|position| self.links[rising[*position]].sides.iter().all(is_done)).collect()
    }

    /// Lists the interfaces that are deactivated.
    pub(super) fn deactivated(&self) -> &[usize] {
        &self.accepted
    }

    pub(super) fn guard_text(&self) -> String {
        format!("{}: {} of {} stay active, floor {}", self.name, self.up_at_end, self.links.len(), self.floor)
    }

    /// Says why a deactivation cannot be had: what the group would be left with, the knob, and who is down.
    pub(super) fn refusal(&self, spec: &Spec, subjects: &[Subject<'_>], number: usize, link: usize) -> String {
        let own = &self.links[link].sides;
        let down_now = self.links.iter().filter(|link| !link.up).flat_map(|link| &link.sides);
        let down_now = down_now.filter_map(|side| Some((*side, why_down(&subjects[*side])?)));
        let down_then = self.accepted.iter().map(|side| (*side, format!("{} is to go down", subjects[*side].address)));
        let mut down: Vec<String> =
            down_now.chain(down_then).filter(|(side, _)| !own.contains(side)).map(|(_, why)| why).collect();
        if down.len() > NAMED {
            let more = down.len() - NAMED;
            down.truncate(NAMED);
            down.push(format!("and {more} more"));
        }
        let mut text = format!(
            "group {} would keep {} of {} active, floor {} ({}) without {}",
            self.name,
            self.up_without(link),
            self.links.len(),
            self.floor,
            self.knob(spec),
            subjects[number].title(),
        );
        if !down.is_empty() {
            text.push_str(&format!("; {}; bring one of them up first, or change the floor", down.join(", ")));
        }
        text
    }

    pub(super) fn floor(&self, spec: &Spec, subjects: &[Subject<'_>]) -> Floor {
        let side = |number: usize| FloorMember {
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
                })
                .collect(),
            min_up: u32::try_from(self.floor).unwrap_or(u32::MAX),
            knob: self.knob(spec),
        }
    }

    /// Names the setting that makes the floor what it is.
    fn knob(&self, spec: &Spec) -> String {
        let from_min = self.group.min_active.as_ref().filter(|floor| floor.value as usize == self.floor);
        let (name, placed) = match (from_min, &self.group.max_unavailable) {
            (Some(floor), _) => ("min_active", floor),
            (None, Some(cap)) => ("max_unavailable", cap),
            (None, None) => return format!("groups.{}", self.name),
        };
        format!("groups.{}.{name} {} at {}", self.name, placed.value, spec.sources.locate(placed.place))
    }
}

/// Claims that a side counts as up once the plan is done, if it is not deactivated.
fn can_end_up(subject: &Subject<'_>, number: usize, pairs: &Pairs, draft: &Draft) -> bool {
    let Some(live) = subject.live() else { return false };
    // A declared opposite side is a side of the link itself and is asked in its own right.
    let opposite_is_up =
        pairs.peer(number).is_some() || live.opposite.status.as_ref().is_none_or(|status| *status == Status::Active);
    let is_active = live.status == Status::Active || draft.activates(number);
    is_active && opposite_is_up && live.business_status == BusinessStatus::Normal
}

/// Says why a side does not count as up, if it does not.
fn why_down(subject: &Subject<'_>) -> Option<String> {
    let address = subject.address;
    let since = subject.since().map(|since| format!(" since {since:.0}")).unwrap_or_default();
    match subject.live() {
        None => Some(format!("{address} could not be seen")),
        Some(live) if live.counts_as_up() => None,
        Some(live) if live.status != Status::Active => Some(format!("{address} is {}{since}", live.status)),
        Some(Observed { business_status: BusinessStatus::Normal, opposite, .. }) => {
            let status = opposite.status.as_ref().map_or("unknown", Status::as_str);
            Some(format!("{address} is Active but its opposite side is {status}"))
        }
        Some(live) => Some(format!("{address} is Active but its business status is {}", live.business_status)),
    }
}
