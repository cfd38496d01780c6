//! Which declared interface is the opposite side of which, by what each says of its own, also across regions and accounts.

use std::collections::{BTreeSet, HashMap};

use crate::resource::{LiveState, RouterInterfaceId};
use crate::spec::Spec;

use super::subject::{Subject, match_up};

/// Pairs up what is declared: of each subject, the place of its opposite side. What one says counts unless the other names
/// somebody else.
pub(crate) fn opposite_sides(subjects: &[Subject<'_>]) -> Vec<Option<usize>> {
    let by_id: HashMap<&RouterInterfaceId, usize> =
        subjects.iter().enumerate().map(|(place, subject)| (&subject.declared.id.value, place)).collect();
    let said = |place: usize| subjects[place].live().and_then(|live| live.opposite.interface_id.as_ref());
    let mut sides = vec![None; subjects.len()];
    for place in 0..subjects.len() {
        if sides[place].is_some() {
            continue;
        }
        let Some(other) = said(place).and_then(|id| by_id.get(id).copied()).filter(|other| *other != place) else {
            continue;
        };
        let agrees = said(other).is_none_or(|id| *id == subjects[place].declared.id.value);
        if agrees && sides[other].is_none() {
            sides[place] = Some(other);
            sides[other] = Some(place);
        }
    }
    sides
}

/// Which interfaces of a spec are the two ends of one link, by their places in the order of addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherEnds {
    /// Of each the place of its other end, where that is declared.
    pub ends: Vec<Option<usize>>,
    /// Those that were not read: of them nobody knows.
    pub unread: BTreeSet<usize>,
}

impl OtherEnds {
    /// Tells them from what was read.
    pub fn read(spec: &Spec, live: &LiveState) -> Self {
        let subjects = match_up(spec, live, None);
        Self::of(subjects.iter(), opposite_sides(&subjects))
    }

    /// Puts together what subjects in the order of their addresses tell.
    pub(crate) fn of<'s, 'a: 's>(subjects: impl Iterator<Item = &'s Subject<'a>>, ends: Vec<Option<usize>>) -> Self {
        let unread = subjects.enumerate().filter(|(_, subject)| subject.told().is_none());
        Self { ends, unread: unread.map(|(place, _)| place).collect() }
    }

    /// Returns the place of the other end of an interface.
    pub(crate) fn end(&self, place: usize) -> Option<usize> {
        self.ends.get(place).copied().flatten()
    }
}

/// Lists the links of a group by their sides, the member first: two members that are the two sides of one link are one.
pub(crate) fn links_of<N: Copy + Ord>(members: &BTreeSet<N>, peer: impl Fn(N) -> Option<N>) -> Vec<Vec<N>> {
    let is_counted_with_its_peer =
        |member: N| peer(member).is_some_and(|peer| peer < member && members.contains(&peer));
    let counted = members.iter().copied().filter(|member| !is_counted_with_its_peer(*member));
    counted.map(|member| std::iter::once(member).chain(peer(member)).collect()).collect()
}
