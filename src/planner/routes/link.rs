//! The links behind next hops: declared or not, up or not, and what the plan does to them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::plan::{HealthEnd, HopAnswer, WhyNotUp};
use crate::resource::{Address, BusinessStatus, Observed, Reading, RouterInterfaceId, Scope, Status};

use super::super::floors::{can_end_up, may_come_up};
use super::super::subject::{SubjectNumber, Subjects};
use super::Scene;

/// A link that a next hop leads over.
pub(super) struct Link {
    /// What the spec calls the next hop, where it declares it.
    pub(super) address: Option<Address>,
    /// Its declared sides.
    pub(super) sides: Vec<SubjectNumber>,
    /// It counts as up now.
    pub(super) up: bool,
    /// Nobody knows whether it is up.
    pub(super) unread: bool,
    /// It does not count as up now, and does once the steps of its sides are done, unless one of them is deactivated.
    pub(super) comes_up: bool,
    /// It is surely not up, and nothing brings it up.
    pub(super) out: bool,
    /// Where its health check is asked for; of what is not up by its statuses nobody asks.
    pub(super) check: Option<HealthEnd>,
}

impl Link {
    /// Returns whether one of its sides is among some.
    pub(super) fn is_any_of(&self, numbers: &BTreeSet<SubjectNumber>) -> bool {
        self.sides.iter().any(|side| numbers.contains(side))
    }
}

/// The links of all next hops that were asked about.
pub(super) struct Links<'s, 'a> {
    scene: &'s Scene<'s, 'a>,
    by_id: BTreeMap<&'a RouterInterfaceId, SubjectNumber>,
    /// What is declared, by the other end of its link as it tells of it.
    by_other_end: BTreeMap<&'a RouterInterfaceId, SubjectNumber>,
    heard: BTreeMap<(&'a Scope, &'a RouterInterfaceId), &'a HopAnswer>,
    known: BTreeMap<(Scope, RouterInterfaceId), Rc<Link>>,
    unasked: BTreeSet<(Scope, RouterInterfaceId)>,
}

impl<'s, 'a> Links<'s, 'a> {
    pub(super) fn new(scene: &'s Scene<'s, 'a>) -> Self {
        let subjects: &Subjects<'a> = scene.subjects;
        Self {
            scene,
            by_id: subjects.iter().map(|(number, subject)| (&subject.declared.id.value, number)).collect(),
            by_other_end: subjects
                .iter()
                .filter_map(|(number, subject)| Some((subject.live()?.opposite.interface_id.as_ref()?, number)))
                .collect(),
            heard: scene.heard.hops.iter().map(|hop| ((&hop.scope, &hop.id), &hop.answer)).collect(),
            known: BTreeMap::new(),
            unasked: BTreeSet::new(),
        }
    }

    /// Returns whether a next hop is a side of a link of which something goes down, as far as the spec declares it.
    pub(super) fn may_fall(&self, scope: &Scope, id: &RouterInterfaceId, falling: &BTreeSet<SubjectNumber>) -> bool {
        let Some(number) = self.declared(scope, id) else { return false };
        falling.contains(&number) || self.scene.pairs.peer(number).is_some_and(|peer| falling.contains(&peer))
    }

    /// Lists the other ends of what goes down, declared or not.
    pub(super) fn other_ends(&self, falling: &BTreeSet<SubjectNumber>) -> BTreeSet<RouterInterfaceId> {
        let live = falling.iter().filter_map(|number| self.scene.subjects[*number].live());
        live.filter_map(|live| live.opposite.interface_id.clone()).collect()
    }

    /// Returns the link of a next hop, and takes note of what has to be looked at for it.
    pub(super) fn of(&mut self, scope: &Scope, id: &RouterInterfaceId) -> Rc<Link> {
        let key = (scope.clone(), id.clone());
        if let Some(link) = self.known.get(&key) {
            return Rc::clone(link);
        }
        let link = match self.declared(scope, id) {
            Some(number) => self.of_declared(number),
            None => match self.heard.get(&(scope, id)).copied() {
                Some(answer) => self.of_other(answer, scope, id),
                None => {
                    self.unasked.insert(key.clone());
                    self.of_other(&HopAnswer::Unreadable, scope, id)
                }
            },
        };
        let link = Rc::new(link);
        self.known.insert(key, Rc::clone(&link));
        link
    }

    /// Returns which next hops nobody has looked at.
    pub(super) fn unasked(&self) -> BTreeSet<(Scope, RouterInterfaceId)> {
        self.unasked.clone()
    }

    /// Returns the health checks that are not asked for at the end of the next hop itself.
    pub(super) fn ends_elsewhere(&self) -> BTreeMap<RouterInterfaceId, HealthEnd> {
        let end = |((_, id), link): (&(Scope, RouterInterfaceId), &Rc<Link>)| {
            let end = self.end_of(&link.sides).filter(|end| end.interface_id != *id)?;
            Some((id.clone(), end))
        };
        self.known.iter().filter_map(end).collect()
    }

    /// Returns the number of a next hop that the spec declares and that was asked for.
    fn declared(&self, scope: &Scope, id: &RouterInterfaceId) -> Option<SubjectNumber> {
        let number = *self.by_id.get(id)?;
        let subject = &self.scene.subjects[number];
        (subject.declared.scope == *scope && subject.is_asked()).then_some(number)
    }

    fn end_of(&self, sides: &[SubjectNumber]) -> Option<HealthEnd> {
        if sides.is_empty() { None } else { self.scene.checks.end_of(&self.scene.subjects.at(sides)) }
    }

    fn of_declared(&self, number: SubjectNumber) -> Link {
        let Scene { subjects, pairs, checks, draft, .. } = *self.scene;
        let sides: Vec<SubjectNumber> = std::iter::once(number).chain(pairs.peer(number)).collect();
        let is_up = sides.iter().all(|side| subjects[*side].is_up());
        let why_down = is_up.then(|| checks.counts_as_down(&subjects.at(&sides))).flatten();
        let ends: Vec<_> = sides.iter().map(|side| subjects[*side].live()).collect();
        Link {
            address: Some(subjects[number].address.clone()),
            up: is_up && why_down.is_none(),
            unread: sides.iter().any(|side| matches!(subjects[*side].reading, Reading::Unreadable))
                || matches!(why_down, Some(WhyNotUp::HealthUnread { .. })),
            comes_up: !is_up
                && sides.iter().any(|side| draft.activates(*side))
                && sides.iter().all(|side| can_end_up(&subjects[*side], *side, pairs, draft)),
            out: Observed::out_ends(&ends).next().is_some()
                && !sides.iter().any(|side| may_come_up(&subjects[*side], *side, draft)),
            check: is_up.then(|| self.end_of(&sides)).flatten(),
            sides,
        }
    }

    /// Returns the link of a next hop that the spec does not declare; it may declare its other end.
    fn of_other(&self, answer: &HopAnswer, scope: &Scope, id: &RouterInterfaceId) -> Link {
        let Scene { subjects, pairs, checks, draft, .. } = *self.scene;
        let none = |unread| Link {
            address: None,
            sides: Vec::new(),
            up: false,
            unread,
            comes_up: false,
            out: false,
            check: None,
        };
        let HopAnswer::Found { status, business_status, opposite_id, opposite_status } = answer else {
            // That it is the other end of something declared is known all the same.
            let sides = self.by_other_end.get(id).copied().into_iter().collect();
            return Link { sides, ..none(*answer == HopAnswer::Unreadable) };
        };
        let other = opposite_id.as_ref().and_then(|id| self.by_id.get(id)).copied();
        let other = other.filter(|number| subjects[*number].live().is_some());
        let is_sound = *status == Status::Active && *business_status == BusinessStatus::Normal;
        let is_up = is_sound
            && opposite_status.as_ref().is_none_or(|status| *status == Status::Active)
            && other.is_none_or(|number| subjects[number].is_up());
        let is_rising = status.is_rising() || opposite_status.as_ref().is_some_and(Status::is_rising);
        let is_seen_out = other.and_then(|number| subjects[number].live()).is_some_and(Observed::is_out);
        let end = HealthEnd { interface_id: id.clone(), scope: Some(scope.clone()) };
        let why_down = is_up.then(|| checks.why_not_at(&end)).flatten();
        Link {
            sides: other.into_iter().collect(),
            up: is_up && why_down.is_none(),
            unread: matches!(why_down, Some(WhyNotUp::HealthUnread { .. })),
            comes_up: !is_up
                && is_sound
                && other.is_some_and(|number| {
                    draft.activates(number) && can_end_up(&subjects[number], number, pairs, draft)
                }),
            out: (is_seen_out || !is_up && !is_rising)
                && !other.is_some_and(|number| may_come_up(&subjects[number], number, draft)),
            check: is_up.then_some(end),
            ..none(false)
        }
    }
}
