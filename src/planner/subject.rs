//! The declared interfaces by number: their place in the order of addresses.

use std::collections::BTreeSet;
use std::ops::{Index, IndexMut};

use crate::attribute::Values;
use crate::drift::{Unhealthy, health, opposite_sides};
use crate::plan::{Change, ChangeAction, GroupHealth, ResourceChange, ResourceType};
use crate::resource::Address;
use crate::spec::Spec;

pub(super) use crate::drift::Subject;

/// The place of a subject in the order of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SubjectNumber(usize);

impl SubjectNumber {
    /// Returns its place in the order of addresses.
    pub(super) fn place(self) -> usize {
        self.0
    }
}

/// One value for each subject.
pub(super) struct PerSubject<T>(Vec<T>);

/// All subjects.
pub(super) type Subjects<'a> = PerSubject<Subject<'a>>;

impl<T> PerSubject<T> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn numbers(&self) -> impl DoubleEndedIterator<Item = SubjectNumber> + use<T> {
        (0..self.0.len()).map(SubjectNumber)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (SubjectNumber, &T)> {
        self.0.iter().enumerate().map(|(number, value)| (SubjectNumber(number), value))
    }

    pub(super) fn map<U>(&self, make: impl FnMut((SubjectNumber, &T)) -> U) -> PerSubject<U> {
        PerSubject(self.iter().map(make).collect())
    }
}

impl<T: Clone> PerSubject<T> {
    /// Gives every one of `others` the same value.
    pub(super) fn of_each<U>(others: &PerSubject<U>, value: T) -> Self {
        Self(vec![value; others.len()])
    }
}

impl<T> From<Vec<T>> for PerSubject<T> {
    fn from(values: Vec<T>) -> Self {
        Self(values)
    }
}

impl<T> Index<SubjectNumber> for PerSubject<T> {
    type Output = T;

    fn index(&self, number: SubjectNumber) -> &T {
        &self.0[number.0]
    }
}

impl<T> IndexMut<SubjectNumber> for PerSubject<T> {
    fn index_mut(&mut self, number: SubjectNumber) -> &mut T {
        &mut self.0[number.0]
    }
}

impl Subjects<'_> {
    /// Returns of each the number of its opposite side, where that is declared.
    pub(super) fn opposite_sides(&self) -> PerSubject<Option<SubjectNumber>> {
        PerSubject(opposite_sides(&self.0).into_iter().map(|side| side.map(SubjectNumber)).collect())
    }

    /// Counts every group of the spec; a link that is `unhealthy` counts as not up.
    pub(super) fn group_health(
        &self,
        spec: &Spec,
        peer: impl Fn(SubjectNumber) -> Option<SubjectNumber>,
        unhealthy: &Unhealthy<'_>,
    ) -> Vec<GroupHealth> {
        health(spec, &self.0, &|place| peer(SubjectNumber(place)).map(|peer| peer.0), unhealthy)
    }

    /// Returns the subjects of these numbers.
    pub(super) fn at(&self, numbers: &[SubjectNumber]) -> Vec<&Subject<'_>> {
        numbers.iter().map(|number| &self[*number]).collect()
    }

    /// Returns the number of an address: the subjects stand in the order of their addresses.
    pub(super) fn number_of(&self, address: &Address) -> Option<SubjectNumber> {
        self.0.binary_search_by(|subject| subject.address.cmp(address)).ok().map(SubjectNumber)
    }

    /// Returns the numbers of addresses that come in order. Neighbours are often asked for together, so each is looked for
    /// near the one before, in steps that double.
    pub(super) fn numbers_of<'b>(&self, addresses: impl IntoIterator<Item = &'b Address>) -> BTreeSet<SubjectNumber> {
        let subjects = &self.0;
        let mut addresses = addresses.into_iter().peekable();
        let mut from = addresses.peek().map_or(0, |first| subjects.partition_point(|subject| subject.address < *first));
        let mut numbers = BTreeSet::new();
        for address in addresses {
            let rest = &subjects[from..];
            let mut reach = 1;
            while rest.get(reach).is_some_and(|subject| subject.address < address) {
                reach *= 2;
            }
            from += rest[..rest.len().min(reach + 1)].partition_point(|subject| subject.address < address);
            if subjects.get(from).is_some_and(|subject| subject.address == address) {
                numbers.insert(SubjectNumber(from));
            }
        }
        numbers
    }
}

/// Starts the entry of `subject` among the changes.
pub(super) fn resource_change(subject: &Subject<'_>, change: Change) -> ResourceChange {
    ResourceChange {
        address: subject.address.clone(),
        kind: ResourceType::RouterInterface,
        name: subject.address.clone(),
        id: subject.declared.id.value.clone(),
        scope: subject.declared.scope.clone(),
        action_reason: None,
        taken_back_by: None,
        is_there_already: false,
        change_id: None,
        change,
        reason: None,
        since: None,
        declared_at: None,
    }
}

/// Returns the entry of `subject` among what left the status it was last seen in.
pub(super) fn resource_drift(subject: &Subject<'_>) -> Option<ResourceChange> {
    let departure = subject.departure()?;
    let change = Change {
        actions: [ChangeAction::Update],
        before: Some(Values { status: departure.before.clone() }),
        after: departure.after.map(|status| Values { status: status.clone() }),
    };
    Some(ResourceChange { action_reason: Some(departure.reason), ..resource_change(subject, change) })
}
