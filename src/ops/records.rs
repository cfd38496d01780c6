//! What an apply leaves in the state about every declared interface, changed or not.

use crate::resource::{Address, LiveState, Observed, Reading};
use crate::spec::{Interface, Spec};
use crate::state::{Record, Sighting, State};

/// Brings the records up to what was just read. What the spec no longer declares is forgotten; what could not be
/// read keeps its record.
pub(super) fn update(state: &mut State, spec: &Spec, live: &LiveState) {
    state.interfaces.retain(|address, _| spec.interfaces.contains_key(address));
    for (address, declared) in &spec.interfaces {
        match live.readings.get(address) {
            Some(Reading::Found(observed)) => see(state, address, declared, observed, live),
            Some(Reading::Absent) => {
                if let Some(record) = state.interfaces.get_mut(address) {
                    record.observed.update(None, live.read_at);
                }
            }
            Some(Reading::Elsewhere(_) | Reading::Unreadable) | None => {}
        }
    }
}

fn see(state: &mut State, address: &Address, declared: &Interface, observed: &Observed, live: &LiveState) {
    let first = Record {
        id: declared.id.value.clone(),
        scope: declared.scope.clone(),
        declared: None,
        observed: Sighting { status: Some(observed.status.clone()), since: live.read_at },
        protected: false,
        group: None,
        last_action: None,
    };
    let record = state.interfaces.entry(address.clone()).or_insert_with(|| first.clone());
    if record.id != declared.id.value || record.scope != declared.scope {
        *record = first;
    }
    record.observed.update(Some(observed.status.clone()), live.read_at);
    if observed.status == declared.status.value.status() {
        record.declared = Some(declared.status.value);
    }
    record.protected = declared.protect.is_some();
    record.group = declared.group.as_ref().map(|group| group.value.clone());
}
