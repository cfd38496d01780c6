//! The one writer of records: what a run did, what was read before and after it, and what the spec says, in the order
//! in which it happened. No fact overwrites a newer one.

use super::fold::{first_record, fold};
use crate::journal::Run;
use crate::resource::{Address, LiveState, Observed, Reading};
use crate::spec::{Interface, Spec};
use crate::state::{Identity, Record, Sighting, State};

/// What was read beside a run, and for which spec.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// What is declared. What it no longer declares is forgotten.
    pub spec: &'a Spec,
    /// The refresh that the plan was made from; it also tells of what the run did not touch.
    pub before: Option<&'a LiveState>,
    /// The last read of the run.
    pub after: Option<&'a LiveState>,
}

/// Writes what is known into the records: the refresh, then the run, then the last look. What could not be read keeps
/// its record.
pub fn write(state: &mut State, run: Option<&Run>, seen: Option<&Seen<'_>>) {
    let reads = |live: Option<&LiveState>, state: &mut State| {
        if let (Some(seen), Some(live)) = (seen, live) {
            read(state, seen.spec, live);
        }
    };
    if let Some(seen) = seen {
        forget(state, seen.spec);
    }
    reads(seen.and_then(|seen| seen.before), state);
    if let Some(run) = run {
        fold(state, run);
    }
    reads(seen.and_then(|seen| seen.after), state);
}

/// Forgets what is declared neither by its name nor by what it is.
fn forget(state: &mut State, spec: &Spec) {
    let declared: std::collections::BTreeSet<Identity> = spec.interfaces.values().map(identity).collect();
    state
        .interfaces
        .retain(|address, record| spec.interfaces.contains_key(address) || declared.contains(&record.identity()));
}

fn identity(declared: &Interface) -> Identity {
    Identity { scope: declared.scope.clone(), id: declared.id.value.clone() }
}

/// Takes in one refresh.
fn read(state: &mut State, spec: &Spec, live: &LiveState) {
    for (address, declared) in &spec.interfaces {
        match live.readings.get(address) {
            Some(Reading::Found(observed)) => see(state, address, declared, observed, live),
            Some(Reading::Absent) => {
                if let Some(record) = state.interfaces.rename(&identity(declared), address) {
                    record.observed.update(None, live.read_at, None);
                }
            }
            Some(Reading::Elsewhere(_) | Reading::Unreadable) | None => {}
        }
    }
}

fn see(state: &mut State, address: &Address, declared: &Interface, observed: &Observed, live: &LiveState) {
    let identity = identity(declared);
    if state.interfaces.of(&identity).is_none() {
        let sighting = Sighting::first(Some(observed.status.clone()), live.read_at);
        state.interfaces.insert(address.clone(), first_record(&identity, sighting));
    }
    if let Some(record) = state.interfaces.rename(&identity, address) {
        see_record(record, declared, observed, live);
    }
}

fn see_record(record: &mut Record, declared: &Interface, observed: &Observed, live: &LiveState) {
    let is_as_declared = observed.status == declared.status.value.status();
    if live.read_at >= record.observed.at {
        record.observed.update(Some(observed.status.clone()), live.read_at, None);
        if is_as_declared {
            record.declared = Some(declared.status.value);
        }
    }
    // A protection that was taken away together with the status stays remembered until that change is done.
    record.protected = declared.protect.is_some() || (record.protected && !is_as_declared);
    record.group = declared.group.as_ref().map(|group| group.value.clone());
}

#[cfg(test)]
mod tests;
