//! What a reviewer should look at twice although it stops nothing.

use std::collections::BTreeSet;

use crate::drift::{expired_hands_off, of_spec};
use crate::duration::milliseconds;
use crate::plan::{Forgotten, PlanOptions, Renamed, Warning};
use crate::resource::{Address, RouterInterfaceId, Scope, Status};
use crate::spec::{Extent, Spec};
use crate::state::{Identity, Record, State};

use super::caps::count;
use super::draft::Draft;
use super::pairs::Pairs;
use super::subject::{Subject, SubjectNumber, Subjects};

/// Warns of what the spec itself says, of a `hands_off` that is over, of a protection that went with its change, and of
/// transitions that take too long.
pub(super) fn watch(spec: &Spec, subjects: &Subjects<'_>, draft: &Draft, options: &PlanOptions) -> Vec<Warning> {
    let mut warnings: Vec<Warning> = spec.warnings.iter().map(|finding| of_spec(spec, finding)).collect();
    warnings.extend(expired_hands_off(spec, options.moment()));
    for (number, subject) in subjects.iter().filter(|(number, _)| draft.is_unmet(*number)) {
        let was_protected = subject.record.is_some_and(|record| record.protected);
        if was_protected && subject.declared.protect.is_none() && draft.deactivates(number) {
            let at = spec.sources.locate(subject.declared.status.place);
            warnings.push(Warning::ProtectionDropped { address: subject.address.clone(), at });
        }
        warnings.extend(stuck(subject, options));
    }
    warnings
}

/// Lists what was recorded and is declared no longer, under whatever name.
pub(super) fn forgotten(spec: &Spec, state: Option<&State>) -> Vec<Forgotten> {
    if spec.extent != Extent::Whole {
        return Vec::new();
    }
    let declared: BTreeSet<(&Scope, &RouterInterfaceId)> =
        spec.interfaces.values().map(|interface| (&interface.scope, &interface.id.value)).collect();
    let records = state.into_iter().flat_map(|state| state.interfaces.by_address());
    let is_gone =
        |(_, record): &(&Address, &Record)| !record.forgotten && !declared.contains(&(&record.scope, &record.id));
    let entry = |(address, record): (&Address, &Record)| Forgotten {
        address: address.clone(),
        id: record.id.clone(),
        scope: record.scope.clone(),
        last_applied: record.declared,
    };
    records.filter(is_gone).map(entry).collect()
}

/// Says what has another name in the spec than in the records. What is known by its id had its name taken by another.
pub(super) fn renamed(spec: &Spec, state: Option<&State>) -> Option<Warning> {
    let state = state.filter(|_| spec.extent == Extent::Whole)?;
    let renamed = |(address, entry): (&Address, &crate::spec::Interface)| {
        let (from, _) = state.interfaces.of(&Identity::of(&entry.scope, &entry.id.value))?;
        let is_other = from != address && from.as_str() != entry.id.value.as_str();
        is_other.then(|| Renamed { address: address.clone(), from: from.clone() })
    };
    let renamed: Vec<Renamed> = spec.interfaces.iter().filter_map(renamed).collect();
    (!renamed.is_empty()).then_some(Warning::Renamed { renamed })
}

/// Warns of what leaves the spec: a bad merge must not read as no change.
pub(super) fn leaves_the_spec(spec: &Spec, forgotten: &[Forgotten]) -> Option<Warning> {
    let addresses: Vec<Address> = forgotten.iter().map(|entry| entry.address.clone()).collect();
    let is_given_away = |entry: &&Forgotten| spec.interfaces.contains_key(&entry.address);
    let given_away = forgotten.iter().filter(is_given_away);
    let given_away = given_away.map(|entry| (entry.address.clone(), entry.id.clone())).collect();
    (!addresses.is_empty()).then_some(Warning::Forgotten { addresses, given_away })
}

/// Warns of deactivations of links of which no side is in a group.
pub(super) fn unguarded(subjects: &Subjects<'_>, pairs: &Pairs, draft: &Draft) -> Option<Warning> {
    let is_in_group = |number| subjects[number].declared.group.is_some();
    let is_unguarded = |number: &SubjectNumber| {
        draft.deactivates(*number) && !is_in_group(*number) && !pairs.peer(*number).is_some_and(is_in_group)
    };
    let deactivations = count(subjects.numbers().filter(is_unguarded).count());
    (deactivations > 0).then_some(Warning::Unguarded { deactivations })
}

/// Warns of a transition that takes longer than it may.
fn stuck(subject: &Subject<'_>, options: &PlanOptions) -> Option<Warning> {
    let status = &subject.live().filter(|live| live.status.is_transitional())?.status;
    let timeout = match status {
        Status::Activating => subject.declared.activate_timeout,
        _ => subject.declared.deactivate_timeout,
    };
    let timeout = timeout.unwrap_or(options.settle_timeout);
    let since = subject.since()?;
    let age = options.now.duration_since(since);
    (age > jiff::SignedDuration::try_from(timeout).ok()?).then(|| Warning::InTransition {
        address: subject.address.clone(),
        status: status.clone(),
        since,
        settle_timeout_ms: milliseconds(timeout),
    })
}
