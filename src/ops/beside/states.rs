//! Which states lie beside one: those of its directory, or those that its store names for an interface.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::PathBuf;

use crate::ops::interface_key::{declared_accounts, key};
use crate::ops::project::Project;
use crate::resource::Target;
use crate::state::{self, Identity, Record, State};
use crate::store::local::Paths;
use crate::store::place::Far;
use crate::store::remote::{Prefix, StateName};
use crate::store::{Place, StoreError, read_file};

/// How many states beside are looked into.
const MOST: usize = 256;

/// A state beside this one.
pub(super) struct Beside<'p> {
    at: At<'p>,
    /// What a store says of it: interfaces of ours that it has or had, whatever its spec called their account.
    pub(super) has: BTreeSet<Identity>,
}

/// Where it is.
enum At<'p> {
    File(Paths),
    /// In the same store, and what was read of it.
    Store(&'p Far, StateName, Option<Box<State>>),
}

impl<'p> Beside<'p> {
    fn file(paths: Paths) -> Self {
        Self { at: At::File(paths), has: BTreeSet::new() }
    }

    /// Returns what people call it from here.
    pub(super) fn name(&self) -> String {
        match &self.at {
            At::File(paths) => paths.state.display().to_string(),
            At::Store(_, name, _) => name.to_string(),
        }
    }

    /// Opens it; nothing is asked yet.
    ///
    /// # Errors
    /// No thread can be had for a store.
    pub(super) fn place(&self) -> Result<Place, StoreError> {
        Ok(match &self.at {
            At::File(paths) => Place::Files(paths.clone()),
            At::Store(far, name, _) => Place::Far(far.beside(name)?),
        })
    }

    /// Returns what is in it; what cannot be read tells nothing.
    pub(super) fn state(&self) -> Option<Cow<'_, State>> {
        match &self.at {
            At::File(paths) => {
                let bytes = read_file(&paths.state).ok().flatten()?;
                state::decode(&bytes).ok().map(Cow::Owned)
            }
            At::Store(_, _, state) => state.as_deref().map(Cow::Borrowed),
        }
    }

    /// Returns whether a record in it is of one of these interfaces.
    pub(super) fn knows(&self, wanted: &BTreeSet<Identity>) -> bool {
        self.state().is_some_and(|state| wanted.iter().any(|one| record_in(&state, one, &self.has).is_some()))
    }
}

/// Returns the record of an interface in a state beside, of which the store says that it has or had these.
pub(super) fn record_in<'s>(state: &'s State, identity: &Identity, has: &BTreeSet<Identity>) -> Option<&'s Record> {
    let exact = state.interfaces.of(identity).map(|(_, record)| record);
    if exact.is_some() || !has.contains(identity) {
        return exact;
    }
    let is_it = |record: &&Record| record.id == identity.id && record.scope.region == identity.scope.region;
    state.interfaces.values().find(is_it)
}

/// Returns what a spec declares.
pub(super) fn declared(project: &Project) -> BTreeSet<Identity> {
    project.spec.interfaces.values().map(|entry| Identity::of(&entry.scope, &entry.id.value)).collect()
}

/// Lists the states beside `project`'s that may tell of interfaces of a target, by name; of files all.
///
/// # Errors
/// A store that cannot be reached.
pub(super) fn that_may_tell<'p>(
    project: &'p Project,
    target: &Target,
    wanted: &BTreeSet<Identity>,
) -> Result<Vec<Beside<'p>>, StoreError> {
    let Some(far) = project.place.far() else { return Ok(in_directory(&project.place)) };
    let accounts = declared_accounts(project, target);
    let keyed = wanted.iter().map(|one| (key(target.provider, &accounts, &one.scope, &one.id), one));
    let keys: BTreeMap<String, &Identity> = keyed.collect();
    let mut has: BTreeMap<StateName, BTreeSet<Identity>> = BTreeMap::new();
    if !keys.is_empty() {
        for (key, names) in far.store.holders(keys.keys().cloned().collect())? {
            let Some(identity) = keys.get(&key) else { continue };
            for name in names.into_iter().filter(|name| *name != far.name) {
                has.entry(name).or_default().insert((*identity).clone());
            }
        }
    }
    let names: Vec<StateName> = has.keys().take(MOST).cloned().collect();
    let states = read(far, names)?.into_iter();
    let beside = |(name, state)| {
        let has = has.remove(&name).unwrap_or_default();
        Beside { at: At::Store(far, name, state), has }
    };
    Ok(states.map(beside).collect())
}

/// Lists the states beside `project`'s whose runs may tell of its interfaces: those that may tell of what is `missing` here, and those from
/// which others were taken.
///
/// # Errors
/// A store that cannot be reached.
pub(super) fn whose_runs_may_tell<'p>(
    project: &'p Project,
    target: &Target,
    (declared, missing): (&BTreeSet<Identity>, &BTreeSet<Identity>),
) -> Result<Vec<Beside<'p>>, StoreError> {
    let mut beside = that_may_tell(project, target, missing)?;
    let Some(far) = project.place.far() else { return Ok(beside) };
    let is_listed =
        |name: &StateName| beside.iter().any(|beside| matches!(&beside.at, At::Store(_, listed, _) if listed == name));
    let before: Vec<StateName> =
        far.store.told_ids()?.before.into_iter().filter(|name| !is_listed(name)).take(MOST).collect();
    let states = read(far, before)?.into_iter();
    beside.extend(states.map(|(name, state)| Beside { at: At::Store(far, name, state), has: declared.clone() }));
    Ok(beside)
}

/// Lists the states beside, where nobody knows of which target they have to be.
///
/// # Errors
/// A store that cannot be reached.
pub(super) fn all(project: &Project) -> Result<Vec<Beside<'_>>, StoreError> {
    let Some(far) = project.place.far() else { return Ok(in_directory(&project.place)) };
    let names = far.store.states()?.into_iter().filter(|name| *name != far.name).take(MOST).collect();
    let states = read(far, names)?.into_iter();
    Ok(states.map(|(name, state)| Beside { at: At::Store(far, name, state), has: BTreeSet::new() }).collect())
}

/// A state of a store by its name; `None` where it tells nothing.
type Named = (StateName, Option<Box<State>>);

/// Reads states of a store, in one go; what is damaged, or is elsewhere, tells nothing.
fn read(far: &Far, names: Vec<StateName>) -> Result<Vec<Named>, StoreError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let read = far.store.read_all(names.clone())?;
    let state = |(name, prefix): (StateName, Result<Prefix, StoreError>)| {
        let bytes = known(prefix)?.and_then(|prefix| prefix.state);
        Ok((name, bytes.and_then(|bytes| state::decode(&bytes).ok()).map(Box::new)))
    };
    names.into_iter().zip(read).map(state).collect()
}

/// Takes what can be told; that a store cannot be asked is not passed over.
///
/// # Errors
/// Those that may be over the next time.
pub(super) fn known<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(StoreError::Unreachable { .. } | StoreError::Stalled) => read.map(Some),
        Err(_) => Ok(None),
    }
}

/// Lists the states in the directory of this one, but for itself.
fn in_directory(own: &Place) -> Vec<Beside<'static>> {
    let Some(Paths { state: own, rescue_dir: rescue, .. }) = own.files() else { return Vec::new() };
    let Some(directory) = own.parent().filter(|directory| !directory.as_os_str().is_empty()) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let names = entries.take(MOST * 8).filter_map(|entry| Some(entry.ok()?.path()));
    let is_state = |path: &PathBuf| path.extension() == Some(OsStr::new("json")) && *path != *own;
    let mut found: Vec<PathBuf> = names.filter(is_state).take(MOST).collect();
    found.sort();
    found.into_iter().map(|path| Beside::file(Paths::new(path, rescue.clone()))).collect()
}
