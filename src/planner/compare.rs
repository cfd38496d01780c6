//! Drift: what is not where the spec or the last apply put it, and why.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::plan::{ActionReason, Warning};
use crate::report::{DriftCause, DriftItem};
use crate::resource::{Address, LiveState, Reading};
use crate::spec::{Interface, Spec};
use crate::state::State;

use super::{Subject, match_up};

/// Compares spec, last applied and live, interface by interface. What could not be read is left out: nothing is
/// known of it.
pub fn compare(spec: &Spec, live: &LiveState, state: Option<&State>, today: Date) -> Vec<DriftItem> {
    let empty = BTreeMap::new();
    let records = state.map_or(&empty, |state| state.interfaces.by_address());
    match_up(spec, live, records).iter().filter_map(|subject| item(subject, today)).collect()
}

fn item(subject: &Subject<'_>, today: Date) -> Option<DriftItem> {
    let live = match subject.reading {
        Reading::Found(observed) => Some(&observed.status),
        Reading::Absent | Reading::Elsewhere(_) => None,
        Reading::Unreadable => return None,
    };
    let last_applied = subject.record.and_then(|record| record.declared);
    let is_declared = live == Some(&subject.desired().status());
    let is_applied = last_applied.is_none_or(|last| live == Some(&last.status()));
    if is_declared && is_applied {
        return None;
    }
    let hands_off = subject.declared.hands_off.as_ref();
    let is_known = hands_off.is_some_and(|hands_off| hands_off.until.is_none_or(|until| until >= today));
    let cause = if live.is_some_and(crate::resource::Status::is_transitional) {
        DriftCause::InTransition
    } else if is_known {
        DriftCause::HandsOff
    } else {
        match subject.reason() {
            ActionReason::SpecChanged => DriftCause::SpecChanged,
            ActionReason::Drift => DriftCause::Drift,
            ActionReason::Both => DriftCause::Both,
            ActionReason::New => DriftCause::New,
        }
    };
    Some(DriftItem {
        address: subject.address.clone(),
        id: subject.declared.id.value.clone(),
        scope: subject.declared.scope.clone(),
        cause,
        spec: subject.desired(),
        last_applied,
        live: live.cloned(),
        since: subject.since(),
        reason: hands_off.map(|hands_off| hands_off.reason.clone()).or_else(|| subject.declared.reason.clone()),
        hands_off_until: hands_off.and_then(|hands_off| hands_off.until),
    })
}

/// Warns of every `hands_off` that has outlived its date, whether its interface moved or not.
pub fn expired_hands_off(spec: &Spec, today: Date) -> Vec<Warning> {
    let expired = |(address, interface): (&Address, &Interface)| {
        let hands_off = interface.hands_off.as_ref()?;
        let until = hands_off.until.filter(|until| *until < today)?;
        Some(Warning {
            summary: format!("hands_off of {address} has expired: it was meant to stand until {until}"),
            detail: Some(format!(
                "{}; no step is planned for it while it stands: take it out of the spec, or give it a new date",
                spec.sources.locate(hands_off.place)
            )),
        })
    };
    spec.interfaces.iter().filter_map(expired).collect()
}
