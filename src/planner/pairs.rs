//! The two sides of a link, and what is declared of one that matters to the other.

use crate::plan::{Action, BlockReason, DeclaredSide, LeftAloneReason, Warning, WayBack};
use crate::resource::{Call, DesiredStatus, Role, Status};
use crate::spec::Spec;

use super::draft::Draft;
use super::selection::Selection;
use super::subject::{PerSubject, Subject, SubjectNumber, Subjects};

/// The two sides of one link.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    /// The side that connects, where that is known.
    pub(super) initiating: SubjectNumber,
    /// The side that is connected to.
    pub(super) accepting: SubjectNumber,
}

/// Which declared interface is the opposite side of which.
pub(super) struct Pairs {
    peers: PerSubject<Option<SubjectNumber>>,
}

impl Pairs {
    pub(super) fn peer(&self, number: SubjectNumber) -> Option<SubjectNumber> {
        self.peers[number]
    }

    /// Lists each pair once, in the order of numbers, turned so that the initiating side comes first where the roles
    /// tell.
    pub(super) fn iter<'b>(&'b self, subjects: &'b Subjects<'_>) -> impl Iterator<Item = Pair> + 'b {
        let once = |(number, peer): (SubjectNumber, &Option<SubjectNumber>)| {
            peer.filter(|peer| *peer > number).map(|peer| (number, peer))
        };
        self.peers.iter().filter_map(once).map(|(one, other)| initiating_first(subjects, one, other))
    }
}

fn initiating_first(subjects: &Subjects<'_>, one: SubjectNumber, other: SubjectNumber) -> Pair {
    let role = |side: SubjectNumber| subjects[side].live().and_then(|live| live.role);
    let accepts = role(one) == Some(Role::AcceptingSide) || role(other) == Some(Role::InitiatingSide);
    if accepts { Pair { initiating: other, accepting: one } } else { Pair { initiating: one, accepting: other } }
}

/// Pairs up what is declared.
pub(super) fn recognise(subjects: &Subjects<'_>) -> Pairs {
    Pairs { peers: subjects.opposite_sides() }
}

/// Leaves alone what an Activate would bring up together with an end that is declared Inactive: the vendor's pages disagree
/// whether the two ends of a link move together, and a drain that took both down must stand. On a way back what a newer run did
/// to the other end supersedes it; what the runs had to do with themselves does not.
pub(super) fn leave_other_ends(
    spec: &Spec,
    (subjects, pairs): (&Subjects<'_>, &Pairs),
    (selection, way_back): (&Selection, Option<&WayBack>),
    draft: &mut Draft,
) {
    let activates =
        |draft: &Draft, end| draft.steps[end].iter().any(|step| step.action == Action::Call(Call::Activate));
    for (end, subject) in subjects.iter() {
        let Some((place, other)) = pairs.peer(end).map(|other| (other, &subjects[other])) else { continue };
        if other.desired() != DesiredStatus::Inactive || !activates(draft, end) {
            continue;
        }
        let binds = way_back.is_none_or(|back| !selection.includes(place) && is_of_others(back, other));
        let newer = other.record.filter(|_| way_back.is_some()).and_then(|record| record.changed_by.clone());
        match newer.filter(|_| binds) {
            Some(run_id) => {
                let change_id = other.record.and_then(|record| record.change_id.as_ref()).map(ToString::to_string);
                let other = Some(other.address.clone());
                draft.block(subject, end, BlockReason::Superseded { run_id, change_id, other });
            }
            None if binds => {
                let at = spec.sources.locate(other.declared.status.place);
                draft.leave_alone(subject, end, LeftAloneReason::OtherEnd { other: other.address.clone(), at });
            }
            None => {}
        }
    }
}

/// Returns whether what is declared of an other end is nothing that the runs which are taken back had to do with, but was asked for
/// since.
fn is_of_others(back: &WayBack, other: &Subject<'_>) -> bool {
    let Some(newest) = &back.newest else { return false };
    let is_down = other.live().is_some_and(|live| live.status != Status::Active);
    let changed_by = other.record.and_then(|record| record.changed_by.as_ref());
    is_down && changed_by.is_none_or(|by| by > newest) && !back.touched.contains(other.address)
}

/// Warns of links whose two sides are declared to different statuses, and of those that the plan leaves half up although they
/// are not. What takes back is no wish of the spec's: only what it leaves counts.
pub(super) fn half_up(
    spec: &Spec,
    (subjects, pairs): (&Subjects<'_>, &Pairs),
    draft: &Draft,
    is_way_back: bool,
) -> Vec<Warning> {
    let side = |number: SubjectNumber, status: DesiredStatus| DeclaredSide {
        address: subjects[number].address.clone(),
        status,
        at: spec.sources.locate(subjects[number].declared.status.place),
    };
    let warning = |Pair { initiating, accepting }| {
        let [one, other] = [initiating, accepting].map(|number| subjects[number].desired());
        if one != other && !is_way_back {
            return Some(Warning::HalfUp { one: side(initiating, one), other: side(accepting, other), left: false });
        }
        let is_touched = [initiating, accepting].into_iter().any(|number| draft.moves_traffic(number));
        let [one, other] = [initiating, accepting].map(|number| end(&subjects[number], draft, number));
        let (one, other) = (one?, other?);
        let is_left = is_touched && one != other;
        is_left.then(|| Warning::HalfUp { one: side(initiating, one), other: side(accepting, other), left: true })
    };
    pairs.iter(subjects).filter_map(warning).collect()
}

/// Returns the status that a plan leaves an interface in; `None` where that is no status of rest.
fn end(subject: &Subject<'_>, draft: &Draft, number: SubjectNumber) -> Option<DesiredStatus> {
    let live = || subject.live().and_then(|live| DesiredStatus::fulfilled_by(&live.status));
    draft.steps[number].last().map_or_else(live, |step| step.goal.desired())
}
