//! Records of the states beside this one: an interface that moves from one spec to another keeps its history.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::resource::{Address, Target};
use crate::state::{self, Identity, Record, State};
use crate::store::read_file;

use super::project::Project;

/// How many states beside are looked into.
const MOST: usize = 256;

/// Returns what is recorded, with the records of declared interfaces that only states beside this one have, of the same target:
/// copied, with the run ids in them; no other state is written. What another state cannot tell is not known.
pub(super) fn with_others<'s>(state: Option<&'s State>, project: &Project, target: &Target) -> Option<Cow<'s, State>> {
    let own = |identity: &Identity| Some(state?.interfaces.of(identity)?.1);
    // One that had left this spec may have a history elsewhere since.
    let known = |identity: &Identity| own(identity).is_some_and(|record| !record.forgotten);
    let declared = project.spec.interfaces.iter();
    let declared = declared.map(|(address, entry)| (Identity::of(&entry.scope, &entry.id.value), address));
    let missing: BTreeMap<Identity, &Address> = declared.filter(|(identity, _)| !known(identity)).collect();
    let mut found = if missing.is_empty() { BTreeMap::new() } else { found(&missing, &project.paths.state, target) };
    found.retain(|identity, record| own(identity).is_none_or(|own| own.observed.at < record.observed.at));
    if found.is_empty() {
        return state.map(Cow::Borrowed);
    }
    // One that was never committed has no lineage yet.
    let mut with = state.cloned().unwrap_or_else(|| State::new("", target.clone()));
    for (identity, mut record) in found {
        record.forgotten = false;
        with.interfaces.insert(missing[&identity].clone(), record);
    }
    Some(Cow::Owned(with))
}

/// Finds records in the states beside: of several of one interface, the one that saw it last.
fn found(missing: &BTreeMap<Identity, &Address>, own: &Path, target: &Target) -> BTreeMap<Identity, Record> {
    let mut found: BTreeMap<Identity, Record> = BTreeMap::new();
    for path in beside(own) {
        let read = read_file(&path).ok().flatten().and_then(|bytes| state::decode(&bytes).ok());
        let Some(other) = read.filter(|other| other.target.is_same_as(target)) else { continue };
        for identity in missing.keys() {
            let Some((_, record)) = other.interfaces.of(identity) else { continue };
            let is_newer = |known: &Record| known.observed.at < record.observed.at;
            if found.get(identity).is_none_or(is_newer) {
                found.insert(identity.clone(), record.clone());
            }
        }
    }
    found
}

/// Lists the states in the directory of this one, but for itself.
fn beside(own: &Path) -> Vec<PathBuf> {
    let Some(directory) = own.parent().filter(|directory| !directory.as_os_str().is_empty()) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let names = entries.take(MOST * 8).filter_map(|entry| Some(entry.ok()?.path()));
    let is_state = |path: &PathBuf| path.extension() == Some(OsStr::new("json")) && path != own;
    let mut found: Vec<PathBuf> = names.filter(is_state).take(MOST).collect();
    found.sort();
    found
}
