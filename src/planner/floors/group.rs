//! One group's links: which are up, which come up, which go down, and what its floor allows.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Floor, FloorLink, FloorMember, Goal};
use crate::resource::{Address, BusinessStatus, GroupName, Status};
use crate::spec::{Group, Spec};

use super::super::order::Graph;
use super::super::pairs::Pairs;
use super::super::{Draft, Subject};
use super::matching;

/// One link: a member and, where declared, its opposite side.
struct Link {
    sides: Vec<usize>,
    /// All sides count as up now.
    up: bool,
    /// Not up now, and all sides will be once the plan is done.
    rises: bool,
    /// Up now, and a deactivation of a side has been accepted.
    falls: bool,
}

/// The links of one group and how many of them have to be up.
pub(super) struct GroupCount<'a> {
    name: &'a GroupName,
    group: &'a Group,
    links: Vec<Link>,
    floor: usize,
    /// Up when everything that was accepted so far is done.
    up_at_end: usize,
}

impl<'a> GroupCount<'a> {
    pub(super) fn new(
        name: &'a GroupName,
        group: &'a Group,
        subjects: &[Subject<'_>],
        index: &BTreeMap<&Address, usize>,
        pairs: &Pairs,
    ) -> Self {
        let members: BTreeSet<usize> = group.members.iter().filter_map(|address| index.get(address).copied()).collect();
        let links: Vec<Link> = members
            .iter()
            .filter(|member| pairs.peer(**member).is_none_or(|peer| !(peer < **member && members.contains(&peer))))
            .map(|member| {
                let sides: Vec<usize> = std::iter::once(*member).chain(pairs.peer(*member)).collect();
                let up = sides.iter().all(|side| subjects[*side].is_up());
                Link { sides, up, rises: false, falls: false }
            })
            .collect();
        let from_min = group.min_active.as_ref().map_or(0, |floor| floor.value as usize);
        let from_max = group.max_unavailable.as_ref().map_or(0, |cap| links.len().saturating_sub(cap.value as usize));
        Self { name, group, links, floor: from_min.max(from_max), up_at_end: 0 }
    }

    pub(super) fn is_touched(&self, draft: &Draft) -> bool {
        self.links.iter().flat_map(|link| &link.sides).any(|side| !draft.steps[*side].is_empty())
    }

    /// Lists every side with the number of its link.
    pub(super) fn sides(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.links.iter().enumerate().flat_map(|(number, link)| link.sides.iter().map(move |side| (*side, number)))
    }

    /// Counts what is up and what comes up, before anything goes down.
    pub(super) fn tally(&mut self, subjects: &[Subject<'_>], pairs: &Pairs, draft: &Draft) {
        for link in &mut self.links {
            link.rises = !link.up && link.sides.iter().all(|side| ends_up(&subjects[*side], *side, pairs, draft));
        }
        self.up_at_end = self.links.iter().filter(|link| link.up || link.rises).count();
    }

    /// Claims that the floor can be kept if this link, too, goes down.
    pub(super) fn can_lose(&self, link: usize) -> bool {
        let link = &self.links[link];
        let loses = usize::from(link.up && !link.falls);
        self.up_at_end >= self.floor + loses
    }

    pub(super) fn lose(&mut self, link: usize) {
        let link = &mut self.links[link];
        if link.up && !link.falls {
            link.falls = true;
            self.up_at_end -= 1;
        }
    }

    pub(super) fn floor_count(&self) -> usize {
        self.floor
    }

    pub(super) fn up_now(&self) -> usize {
        self.links.iter().filter(|link| link.up).count()
    }

    /// Lists the links that go down, in the order of their first call.
    pub(super) fn falling(&self, levels: &BTreeMap<usize, u32>) -> Vec<usize> {
        let mut falling: Vec<usize> = (0..self.links.len()).filter(|link| self.links[*link].falls).collect();
        falling.sort_by_key(|link| {
            self.links[*link].sides.iter().filter_map(|side| levels.get(side).map(|level| (*level, *side))).min()
        });
        falling
    }

    pub(super) fn rising(&self) -> Vec<usize> {
        (0..self.links.len()).filter(|link| self.links[*link].rises).collect()
    }

    /// Lists the links of which a side is deactivated, whether they count now or not.
    pub(super) fn deactivating_links(&self, draft: &Draft) -> Vec<usize> {
        (0..self.links.len())
            .filter(|link| self.links[*link].sides.iter().any(|side| draft.deactivates(*side)))
            .collect()
    }

    /// Lists the interfaces that are deactivated.
    pub(super) fn deactivating(&self, draft: &Draft) -> Vec<usize> {
        self.links.iter().flat_map(|link| &link.sides).copied().filter(|side| draft.deactivates(*side)).collect()
    }

    /// Orders one link's rise before another link's fall; pushes the edges that are new.
    pub(super) fn order(
        &self,
        riser: usize,
        faller: usize,
        draft: &Draft,
        graph: &mut Graph,
        added: &mut Vec<(usize, usize)>,
    ) {
        let rising: Vec<usize> =
            self.links[riser].sides.iter().copied().filter(|side| !draft.steps[*side].is_empty()).collect();
        let inner: BTreeSet<usize> = rising.iter().flat_map(|side| graph.ancestors(*side)).collect();
        for source in self.sources(faller, draft, graph) {
            let before = graph.ancestors(source);
            for side in rising.iter().filter(|side| !inner.contains(side) && !before.contains(side)) {
                graph.add(*side, source);
                added.push((*side, source));
            }
        }
    }

    /// For each of `falling`, the positions in `rising` of the links that are surely up before it goes down.
    pub(super) fn risers_before(
        &self,
        falling: &[usize],
        rising: &[usize],
        draft: &Draft,
        graph: &Graph,
    ) -> Vec<Vec<usize>> {
        let before_all = |link: usize| {
            self.sources(link, draft, graph)
                .iter()
                .map(|source| graph.ancestors(*source))
                .reduce(|left, right| left.intersection(&right).copied().collect())
                .unwrap_or_default()
        };
        let is_done = |riser: usize, before: &BTreeSet<usize>| {
            self.links[riser].sides.iter().all(|side| draft.steps[*side].is_empty() || before.contains(side))
        };
        falling
            .iter()
            .map(|link| {
                let before = before_all(*link);
                if before.is_empty() {
                    return Vec::new();
                }
                (0..rising.len()).filter(|position| is_done(rising[*position], &before)).collect()
            })
            .collect()
    }

    /// Claims that every allowed order keeps the floor.
    pub(super) fn holds(&self, levels: &BTreeMap<usize, u32>, draft: &Draft, graph: &Graph) -> bool {
        let (falling, rising) = (self.falling(levels), self.rising());
        let lacking = self.floor.saturating_sub(self.up_now());
        if lacking == 0 && falling.len() <= self.up_now() - self.floor {
            return true;
        }
        let neighbours = self.risers_before(&falling, &rising, draft, graph);
        if lacking == 0 {
            let slack = self.up_now() - self.floor;
            return matching::maximum(&neighbours, rising.len()).size() + slack >= falling.len();
        }
        // Below the floor: every set of falls needs `lacking` more rises before it than it has falls.
        let others_wait = self
            .risers_before(&self.deactivating_links(draft), &rising, draft, graph)
            .iter()
            .all(|before| before.len() >= lacking);
        others_wait
            && (0..falling.len()).all(|position| {
                let mut padded = neighbours.clone();
                padded.extend(std::iter::repeat_n(neighbours[position].clone(), lacking));
                matching::maximum(&padded, rising.len()).size() == padded.len()
            })
    }

    /// The sides whose Deactivate can be the first one of the link.
    fn sources(&self, link: usize, draft: &Draft, graph: &Graph) -> Vec<usize> {
        let falling: Vec<usize> =
            self.links[link].sides.iter().copied().filter(|side| draft.deactivates(*side)).collect();
        let is_later = |side: &usize| {
            falling.len() > 1 && {
                let before = graph.ancestors(*side);
                falling.iter().any(|other| before.contains(other))
            }
        };
        falling.iter().copied().filter(|side| !is_later(side)).collect()
    }

    pub(super) fn guard_text(&self) -> String {
        format!("{}: {} of {} stay active, floor {}", self.name, self.up_at_end, self.links.len(), self.floor)
    }

    /// Says why a deactivation cannot be had: what the group would be left with, the knob, and who is down.
    pub(super) fn refusal(
        &self,
        spec: &Spec,
        subjects: &[Subject<'_>],
        draft: &Draft,
        number: usize,
        link: usize,
    ) -> String {
        let loses = usize::from(self.links[link].up && !self.links[link].falls);
        let mut down = Vec::new();
        for other in self.links.iter().enumerate().filter(|(other, _)| *other != link).map(|(_, link)| link) {
            for side in &other.sides {
                let subject = &subjects[*side];
                let since = subject.since().map(|since| format!(" since {since}")).unwrap_or_default();
                match subject.live() {
                    Some(live) if draft.deactivates(*side) => {
                        down.push(format!("{} is {} and to be deactivated", subject.address, live.status));
                    }
                    Some(live) if live.counts_as_up() => {}
                    Some(live) if live.status == Status::Active => {
                        down.push(format!("{} is Active but {}", subject.address, why_not_up(live)));
                    }
                    Some(live) => down.push(format!("{} is {}{since}", subject.address, live.status)),
                    None => down.push(format!("{} could not be seen", subject.address)),
                }
            }
        }
        let mut text = format!(
            "group {} would keep {} of {} active, floor {} ({}) without {}",
            self.name,
            self.up_at_end - loses.min(self.up_at_end),
            self.links.len(),
            self.floor,
            self.knob(spec),
            subjects[number].title(),
        );
        if !down.is_empty() {
            text.push_str("; ");
            text.push_str(&down.join(", "));
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
                    rises: link.rises,
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

/// Claims that a side counts as up once the plan is done.
fn ends_up(subject: &Subject<'_>, number: usize, pairs: &Pairs, draft: &Draft) -> bool {
    let Some(live) = subject.live() else { return false };
    let ends_active = match draft.steps[number].last() {
        Some(step) => step.goal == Goal::Active,
        None => live.status == Status::Active,
    };
    // A declared opposite side is a side of the link itself and is asked in its own right.
    let opposite_is_up =
        pairs.peer(number).is_some() || live.opposite.status.as_ref().is_none_or(|status| *status == Status::Active);
    ends_active && opposite_is_up && live.business_status == BusinessStatus::Normal
}

fn why_not_up(live: &crate::resource::Observed) -> String {
    if live.business_status == BusinessStatus::Normal {
        let status = live.opposite.status.as_ref().map_or("unknown", Status::as_str);
        format!("its opposite side is {status}")
    } else {
        format!("its business status is {}", live.business_status)
    }
}
