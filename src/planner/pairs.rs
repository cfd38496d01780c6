//! The two sides of a link, recognised by what each says of its opposite side, also across regions and accounts.

use std::collections::HashMap;

use crate::plan::Warning;
use crate::resource::{Role, RouterInterfaceId};
use crate::spec::Spec;

use super::Subject;

/// Which declared interface is the opposite side of which.
pub(super) struct Pairs {
    peers: Vec<Option<usize>>,
}

impl Pairs {
    pub(super) fn peer(&self, number: usize) -> Option<usize> {
        self.peers[number]
    }

    /// Lists each pair once, in the order of numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let peers = self.peers.iter().enumerate();
        peers.filter_map(|(number, peer)| peer.filter(|peer| *peer > number).map(|peer| (number, peer)))
    }
}

/// Turns a pair so that the initiating side comes first, where the roles tell.
pub(super) fn initiating_first(subjects: &[Subject<'_>], (one, other): (usize, usize)) -> (usize, usize) {
    let role = |side: usize| subjects[side].live().and_then(|live| live.role);
    let accepts = role(one) == Some(Role::AcceptingSide) || role(other) == Some(Role::InitiatingSide);
    if accepts { (other, one) } else { (one, other) }
}

/// Pairs up what is declared. A claim counts unless the other side names somebody else.
pub(super) fn recognise(subjects: &[Subject<'_>]) -> Pairs {
    let by_id: HashMap<&RouterInterfaceId, usize> =
        subjects.iter().enumerate().map(|(number, subject)| (&subject.declared.id.value, number)).collect();
    let claim = |number: usize| subjects[number].live().and_then(|live| live.opposite.interface_id.as_ref());
    let mut peers = vec![None; subjects.len()];
    for number in 0..subjects.len() {
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

/// Warns of links whose two sides are declared to different statuses.
pub(super) fn warn(spec: &Spec, subjects: &[Subject<'_>], pairs: &Pairs) -> Vec<Warning> {
    pairs
        .iter()
        .filter(|(one, other)| subjects[*one].desired() != subjects[*other].desired())
        .map(|pair| {
            let (one, other) = initiating_first(subjects, pair);
            let (one, other) = (&subjects[one], &subjects[other]);
            Warning {
                summary: format!("the link of {} and {} will be half up", one.address, other.address),
                detail: Some(format!(
                    "its two sides are declared {} at {} and {} at {}",
                    one.desired(),
                    spec.sources.locate(one.declared.status.place),
                    other.desired(),
                    spec.sources.locate(other.declared.status.place),
                )),
            }
        })
        .collect()
}
