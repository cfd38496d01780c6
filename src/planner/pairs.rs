//! The two sides of a link, recognised by what each says of its opposite side, also across regions and accounts.

use std::collections::HashMap;

use crate::plan::{Action, DeclaredSide, LeftAloneReason, Warning};
use crate::resource::{Call, DesiredStatus, Role, RouterInterfaceId};
use crate::spec::Spec;

use super::draft::Draft;
use super::subject::{PerSubject, SubjectNumber, Subjects};

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

/// Pairs up what is declared. A claim counts unless the other side names somebody else.
pub(super) fn recognise(subjects: &Subjects<'_>) -> Pairs {
    let by_id: HashMap<&RouterInterfaceId, SubjectNumber> =
        subjects.iter().map(|(number, subject)| (&subject.declared.id.value, number)).collect();
    let claim = |number: SubjectNumber| subjects[number].live().and_then(|live| live.opposite.interface_id.as_ref());
    let mut peers = PerSubject::of_each(subjects, None);
    for number in subjects.numbers() {
        if peers[number].is_some() {
            continue;
        }
        let Some(other) = claim(number).and_then(|id| by_id.get(id).copied()).filter(|other| *other != number) else {
            continue;
        };
        let agrees = claim(other).is_none_or(|id| *id == subjects[number].declared.id.value);
        if agrees && peers[other].is_none() {
            peers[number] = Some(other);
            peers[other] = Some(number);
        }
    }
    Pairs { peers }
}

/// Leaves alone what an Activate would bring up together with an end that is declared Inactive: the vendor's pages disagree
/// whether the two ends of a link move together, and a drain that took both down must stand.
pub(super) fn leave_other_ends(spec: &Spec, subjects: &Subjects<'_>, pairs: &Pairs, draft: &mut Draft) {
    let activates =
        |draft: &Draft, end| draft.steps[end].iter().any(|step| step.action == Action::Call(Call::Activate));
    for (end, subject) in subjects.iter() {
        let Some(other) = pairs.peer(end).map(|other| &subjects[other]) else { continue };
        if other.desired() == DesiredStatus::Inactive && activates(draft, end) {
            let at = spec.sources.locate(other.declared.status.place);
            draft.leave_alone(subject, end, LeftAloneReason::OtherEnd { other: other.address.clone(), at });
        }
    }
}

/// Warns of links whose two sides are declared to different statuses.
pub(super) fn half_up(spec: &Spec, subjects: &Subjects<'_>, pairs: &Pairs) -> Vec<Warning> {
    let side = |number: SubjectNumber| DeclaredSide {
        address: subjects[number].address.clone(),
        status: subjects[number].desired(),
        at: spec.sources.locate(subjects[number].declared.status.place),
    };
    pairs
        .iter(subjects)
        .filter(|pair| subjects[pair.initiating].desired() != subjects[pair.accepting].desired())
        .map(|pair| Warning::HalfUp { one: side(pair.initiating), other: side(pair.accepting) })
        .collect()
}
