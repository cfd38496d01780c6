//! The one writer of records: what a run did, what was read before and after it, and what the spec says, in the order
//! in which it happened. No fact overwrites a newer one.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::fold::{first_record, fold};
use crate::journal::Run;
use crate::planner::guards::guards;
use crate::resource::{Address, LastSeen, LiveState, Observed, Reading};
use crate::spec::{Extent, Interface, Spec};
use crate::state::{Identity, Record, Sighting, State};

/// What was read beside a run, and for which spec.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// What is declared. What it no longer declares is forgotten.
    pub spec: &'a Spec,
    /// The refresh that the plan was made from; it also tells of what the run did not touch.
    pub before: Option<&'a LiveState>,
    /// What the run saw last of each interface that it looked at.
    pub after: &'a [LastSeen],
    /// Whether it ended well: the guards of the spec are those that held last.
    pub is_well: bool,
    /// Whether it looked at all of the spec as well: what is gone from it is marked.
    pub is_whole: bool,
}

/// Writes what is known into the records: the refresh, then the run, then the last look. What could not be read keeps
/// its record.
pub fn write(state: &mut State, run: Option<&Run>, seen: Option<&Seen<'_>>) {
    if let Some(before) = seen.and_then(|seen| seen.before) {
        state.interfaces.values_mut().for_each(|record| record.observed.keep_from_the_future(before.read_at));
    }
    if let Some(seen) = seen.filter(|seen| seen.spec.extent == Extent::Whole) {
        forget(state, seen.spec, seen.is_well && seen.is_whole);
        if seen.is_well {
            state.guards = Some(guards(seen.spec));
        }
    }
    if let Some((seen, before)) = seen.and_then(|seen| Some((seen, seen.before?))) {
        for (address, declared) in &seen.spec.interfaces {
            if let Some(reading) = before.readings.get(address) {
                take_in(state, address, declared, reading, before.read_at);
            }
        }
    }
    if let Some(run) = run {
        fold(state, run);
    }
    if let Some(seen) = seen {
        look_last(state, seen);
    }
}

/// Takes in what the run saw last.
fn look_last(state: &mut State, seen: &Seen<'_>) {
    let declared: BTreeMap<Identity, (&Address, &Interface)> =
        seen.spec.interfaces.iter().map(|(address, declared)| (identity(declared), (address, declared))).collect();
    for LastSeen { scope, id, observed, at } in seen.after {
        let Some((address, declared)) = declared.get(&Identity::of(scope, id)) else {
            continue;
        };
        // What lives in another region is not there, and not gone.
        let is_elsewhere = seen
            .before
            .and_then(|before| before.readings.get(*address))
            .is_some_and(|reading| matches!(reading, Reading::Elsewhere(_)));
        if observed.is_some() || !is_elsewhere {
            let reading = observed.clone().map_or(Reading::Absent, Reading::Found);
            take_in(state, address, declared, &reading, *at);
        }
    }
}

/// Marks what is not declared any more, where that is to be forgotten; what is declared again is marked no longer.
fn forget(state: &mut State, spec: &Spec, forgets: bool) {
    let declared: std::collections::BTreeSet<Identity> = spec.interfaces.values().map(identity).collect();
    for record in state.interfaces.values_mut() {
        let is_declared = declared.contains(&record.identity());
        record.forgotten = (record.forgotten || forgets) && !is_declared;
    }
}

fn identity(declared: &Interface) -> Identity {
    Identity::of(&declared.scope, &declared.id.value)
}

/// Takes in what one read said of one interface.
fn take_in(state: &mut State, address: &Address, declared: &Interface, reading: &Reading, at: Timestamp) {
    match reading {
        Reading::Found(observed) => see(state, address, declared, observed, at),
        Reading::Absent => {
            if let Some(record) = state.interfaces.rename(&identity(declared), address) {
                record.see(None, at, None);
            }
        }
        Reading::Elsewhere(_) | Reading::Unreadable | Reading::Unasked => {}
    }
}

fn see(state: &mut State, address: &Address, declared: &Interface, observed: &Observed, at: Timestamp) {
    let identity = identity(declared);
    if state.interfaces.of(&identity).is_none() {
        let sighting = Sighting::first(Some(observed.status.clone()), at);
        state.interfaces.insert(address.clone(), first_record(&identity, sighting));
    }
    if let Some(record) = state.interfaces.rename(&identity, address) {
        see_record(record, declared, observed, at);
    }
}

fn see_record(record: &mut Record, declared: &Interface, observed: &Observed, at: Timestamp) {
    let is_as_declared = observed.status == declared.status.value.status();
    if at >= record.observed.at {
        record.see(Some(observed.status.clone()), at, None);
        if is_as_declared {
            record.declared = Some(declared.status.value);
            record.change_id = declared.planned.in_force.as_ref().map(|in_force| in_force.change.clone());
        }
        // Left alone until spec and live have agreed once, or something else is asked for.
        record.taken_back.take_if(|taken_back| is_as_declared || taken_back.entry != declared.digest());
    }
    // A protection that was taken away together with the status stays remembered until that change is done.
    record.protected = declared.protect.is_some() || (record.protected && !is_as_declared);
    record.group = declared.group.as_ref().map(|group| group.value.clone());
}

#[cfg(test)]
mod tests;
