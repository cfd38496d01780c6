//! The states beside this one, in its directory or its store: an interface that moves from one spec to another keeps its records, and the
//! runs that touched it are found where they are kept. No other state is written.

mod runs;
mod states;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::plan::Warning;
use crate::resource::{Address, Target};
use crate::state::{Identity, Record, State};
use crate::store::StoreError;

use super::project::Project;

pub use runs::{Elsewhere, find, runs, to_take_back};

/// What is recorded here and beside.
#[derive(Debug)]
pub struct With<'s> {
    /// All of it.
    pub state: Option<Cow<'s, State>>,
    /// What of it is taken along, by what the state is called that it is in.
    pub taken_along: BTreeMap<String, Taken>,
}

/// What is taken along from one state.
#[derive(Debug, Default)]
pub struct Taken {
    /// Whose history.
    pub addresses: Vec<Address>,
    /// That state has not given up all of it, and is in the same shared store.
    is_held: bool,
}

impl<'s> With<'s> {
    fn own(state: Option<&'s State>) -> Self {
        Self { state: state.map(Cow::Borrowed), taken_along: BTreeMap::new() }
    }

    /// Returns one warning for each state that something is taken along from.
    pub fn warnings(&self) -> impl Iterator<Item = Warning> {
        let warning = |(state, taken): (&String, &Taken)| Warning::TakenAlong {
            state: state.clone(),
            addresses: taken.addresses.clone(),
            is_held: taken.is_held,
        };
        self.taken_along.iter().map(warning)
    }
}

/// Returns what is recorded, as [`with_others`] does, and what of it is taken along from where.
///
/// # Errors
/// A store that cannot be reached.
pub fn told_with_others<'s>(
    state: Option<&'s State>,
    project: &Project,
    target: &Target,
) -> Result<With<'s>, StoreError> {
    let own = |identity: &Identity| Some(state?.interfaces.of(identity)?.1);
    // One that had left this spec may have a history elsewhere since.
    let known = |identity: &Identity| own(identity).is_some_and(|record| !record.forgotten);
    let declared = project.spec.interfaces.iter();
    let declared = declared.map(|(address, entry)| (Identity::of(&entry.scope, &entry.id.value), address));
    let missing: BTreeMap<Identity, &Address> = declared.filter(|(identity, _)| !known(identity)).collect();
    let mut found = if missing.is_empty() { BTreeMap::new() } else { found(&missing, project, target)? };
    found.retain(|identity, (_, record)| own(identity).is_none_or(|own| own.observed.at < record.observed.at));
    if found.is_empty() {
        return Ok(With::own(state));
    }
    let mut taken_along: BTreeMap<String, Taken> = BTreeMap::new();
    let is_shared = project.place.far().is_some();
    // One that was never committed has no lineage yet.
    let mut with = state.cloned().unwrap_or_else(|| State::new("", target.clone()));
    for (identity, (name, record)) in found {
        let taken = taken_along.entry(name).or_default();
        taken.addresses.push(missing[&identity].clone());
        taken.is_held |= is_shared && !record.forgotten;
        let record = Record { forgotten: false, scope: identity.scope.clone(), ..record };
        with.interfaces.insert(missing[&identity].clone(), record);
    }
    taken_along.values_mut().for_each(|taken| taken.addresses.sort());
    Ok(With { state: Some(Cow::Owned(with)), taken_along })
}

/// Returns the same without asking anybody whose interfaces they are: where nothing is recorded here, as the state beside says that
/// saw one of them last.
///
/// # Errors
/// A store that cannot be reached.
pub fn told_offline<'s>(state: Option<&'s State>, project: &Project) -> Result<With<'s>, StoreError> {
    let target = match state {
        Some(state) => Some(state.target.clone()),
        None => newest_target(project)?,
    };
    match target {
        Some(target) => told_with_others(state, project, &target),
        None => Ok(With::own(state)),
    }
}

/// Returns the target of the state beside that saw something last which `project` declares.
fn newest_target(project: &Project) -> Result<Option<Target>, StoreError> {
    let declared = states::declared(project);
    let seen = states::all(project)?.into_iter().filter_map(|beside| {
        let other = beside.state()?;
        let known = declared.iter().filter_map(|identity| Some(other.interfaces.of(identity)?.1.observed.at));
        Some((known.max()?, other.target.clone()))
    });
    Ok(seen.max_by_key(|(at, _)| *at).map(|(_, target)| target))
}

/// Returns what is recorded, with the records of declared interfaces that only states beside this one have, of the same target:
/// copied, with the run ids in them; no other state is written. What another state cannot tell is not known.
///
/// # Errors
/// A store that cannot be reached.
pub fn with_others<'s>(
    state: Option<&'s State>,
    project: &Project,
    target: &Target,
) -> Result<Option<Cow<'s, State>>, StoreError> {
    Ok(told_with_others(state, project, target)?.state)
}

/// Finds records in the states beside, with what each is called: of several of one interface, the one that saw it last.
fn found(
    missing: &BTreeMap<Identity, &Address>,
    project: &Project,
    target: &Target,
) -> Result<BTreeMap<Identity, (String, Record)>, StoreError> {
    let wanted = missing.keys().cloned().collect();
    let mut found: BTreeMap<Identity, (String, Record)> = BTreeMap::new();
    for beside in states::that_may_tell(project, target, &wanted)? {
        let Some(other) = beside.state().filter(|other| other.target.is_same_as(target)) else { continue };
        for identity in &wanted {
            let Some(record) = states::record_in(&other, identity, &beside.has) else { continue };
            let is_newer = |(_, known): &(String, Record)| known.observed.at < record.observed.at;
            if found.get(identity).is_none_or(is_newer) {
                found.insert(identity.clone(), (beside.name(), record.clone()));
            }
        }
    }
    Ok(found)
}
