//! The states beside this one: an interface that moves from one spec to another keeps its records, and the runs that touched it
//! are found where they are kept. No other state is written.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::history::{self, Missing, Past, Recorded, confirmation::Confirmation};
use crate::journal::{Operation, Run};
use crate::plan::Warning;
use crate::resource::{Address, Target};
use crate::state::{self, Identity, Record, RunId, State};
use crate::store::local::{Files, Paths};
use crate::store::{Home, Medium as _, Place, read_file, recorder};

use super::failure::{Exit, Refusal};
use super::history as past;
use super::project::Project;

/// How many states beside are looked into.
const MOST: usize = 256;

/// What is recorded here and beside.
#[derive(Debug)]
pub struct With<'s> {
    /// All of it.
    pub state: Option<Cow<'s, State>>,
    /// What of it is taken along, by the state that it is in.
    pub taken_along: BTreeMap<PathBuf, Vec<Address>>,
}

impl With<'_> {
    /// Returns one warning for each state that something is taken along from.
    pub fn warnings(&self) -> impl Iterator<Item = Warning> {
        self.taken_along.iter().map(|(path, addresses)| Warning::TakenAlong {
            state: path.display().to_string(),
            addresses: addresses.clone(),
        })
    }
}

/// Returns what is recorded, as [`with_others`] does, and what of it is taken along from where.
pub fn told_with_others<'s>(state: Option<&'s State>, project: &Project, target: &Target) -> With<'s> {
    let own = |identity: &Identity| Some(state?.interfaces.of(identity)?.1);
    // One that had left this spec may have a history elsewhere since.
    let known = |identity: &Identity| own(identity).is_some_and(|record| !record.forgotten);
    let declared = project.spec.interfaces.iter();
    let declared = declared.map(|(address, entry)| (Identity::of(&entry.scope, &entry.id.value), address));
    let missing: BTreeMap<Identity, &Address> = declared.filter(|(identity, _)| !known(identity)).collect();
    let mut found = if missing.is_empty() { BTreeMap::new() } else { found(&missing, &project.place, target) };
    found.retain(|identity, (_, record)| own(identity).is_none_or(|own| own.observed.at < record.observed.at));
    let mut taken_along: BTreeMap<PathBuf, Vec<Address>> = BTreeMap::new();
    if found.is_empty() {
        return With { state: state.map(Cow::Borrowed), taken_along };
    }
    // One that was never committed has no lineage yet.
    let mut with = state.cloned().unwrap_or_else(|| State::new("", target.clone()));
    for (identity, (path, mut record)) in found {
        record.forgotten = false;
        taken_along.entry(path).or_default().push(missing[&identity].clone());
        with.interfaces.insert(missing[&identity].clone(), record);
    }
    taken_along.values_mut().for_each(|addresses| addresses.sort());
    With { state: Some(Cow::Owned(with)), taken_along }
}

/// Returns the same without asking anybody whose interfaces they are: where nothing is recorded here, as the state beside says that
/// saw one of them last.
pub fn told_offline<'s>(state: Option<&'s State>, project: &Project) -> With<'s> {
    let target = state.map(|state| state.target.clone()).or_else(|| newest_target(project));
    match target {
        Some(target) => told_with_others(state, project, &target),
        None => With { state: state.map(Cow::Borrowed), taken_along: BTreeMap::new() },
    }
}

/// Returns the target of the state beside that saw something last which `project` declares.
fn newest_target(project: &Project) -> Option<Target> {
    let declared = declared(project);
    let seen = beside(&project.place).into_iter().filter_map(|path| {
        let other = state_at(&path)?;
        let known = declared.iter().filter_map(|identity| Some(other.interfaces.of(identity)?.1.observed.at));
        Some((known.max()?, other.target))
    });
    seen.max_by_key(|(at, _)| *at).map(|(_, target)| target)
}

/// Returns what is recorded, with the records of declared interfaces that only states beside this one have, of the same target:
/// copied, with the run ids in them; no other state is written. What another state cannot tell is not known.
pub fn with_others<'s>(state: Option<&'s State>, project: &Project, target: &Target) -> Option<Cow<'s, State>> {
    told_with_others(state, project, target).state
}

/// Finds records in the states beside: of several of one interface, the one that saw it last.
fn found(
    missing: &BTreeMap<Identity, &Address>,
    own: &Place,
    target: &Target,
) -> BTreeMap<Identity, (PathBuf, Record)> {
    let mut found: BTreeMap<Identity, (PathBuf, Record)> = BTreeMap::new();
    for path in beside(own) {
        let Some(other) = state_at(&path).filter(|other| other.target.is_same_as(target)) else { continue };
        for identity in missing.keys() {
            let Some((_, record)) = other.interfaces.of(identity) else { continue };
            let is_newer = |(_, known): &(PathBuf, Record)| known.observed.at < record.observed.at;
            if found.get(identity).is_none_or(is_newer) {
                found.insert(identity.clone(), (path.clone(), record.clone()));
            }
        }
    }
    found
}

/// Reads a state; what cannot be read tells nothing.
fn state_at(path: &Path) -> Option<State> {
    read_file(path).ok().flatten().and_then(|bytes| state::decode(&bytes).ok())
}

/// Lists the states in the directory of this one, but for itself.
fn beside(own: &Place) -> Vec<PathBuf> {
    // Beside a state that many share nothing lies that is this spec's.
    let Some(Paths { state: own, .. }) = own.files() else { return Vec::new() };
    let Some(directory) = own.parent().filter(|directory| !directory.as_os_str().is_empty()) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let names = entries.take(MOST * 8).filter_map(|entry| Some(entry.ok()?.path()));
    let is_state = |path: &PathBuf| path.extension() == Some(OsStr::new("json")) && *path != *own;
    let mut found: Vec<PathBuf> = names.filter(is_state).take(MOST).collect();
    found.sort();
    found
}

/// A state beside this one, and what is recorded in it.
struct Other {
    files: Files,
    recorded: Recorded,
}

/// Reads the states beside that may tell of runs about what `project` declares: of the same target, where `recorded` tells which
/// that is. What cannot be read tells nothing.
fn others(project: &Project, recorded: &Recorded) -> Vec<Other> {
    let Some(Paths { rescue_dir: rescue, .. }) = project.place.files() else { return Vec::new() };
    let own = recorded.state.as_ref().map(|state| &state.target);
    let read = |path: PathBuf| {
        let paths = Paths::new(path, rescue.clone());
        let recorded = history::read_files(&paths).ok()?;
        let target = &recorded.state.as_ref()?.target;
        own.is_none_or(|own| own.is_same_as(target)).then(|| Other { files: Files::new(paths), recorded })
    };
    beside(&project.place).into_iter().filter_map(read).collect()
}

/// Returns what a spec declares.
fn declared(project: &Project) -> BTreeSet<Identity> {
    project.spec.interfaces.values().map(|entry| Identity::of(&entry.scope, &entry.id.value)).collect()
}

/// Returns whether a run was about one of these interfaces.
fn touches(run: &Run, declared: &BTreeSet<Identity>) -> bool {
    run.started.steps.iter().any(|step| declared.contains(&Identity::of(&step.scope, &step.interface_id)))
}

/// Lists the runs of states beside that touched what this spec declares: those that records name, and what stood before each.
///
/// # Errors
/// An archive that cannot be read.
pub fn runs(project: &Project, recorded: &Recorded) -> Result<Vec<Past>> {
    let own = project.place.medium();
    let mut seen: BTreeSet<RunId> = history::all_ids(&own, recorded.journal.replay())?.into_iter().collect();
    let declared = declared(project);
    let own_record = |identity| Some(recorded.state.as_ref()?.interfaces.of(identity)?.1).filter(|own| !own.forgotten);
    let tells_all = |identity| own_record(identity).is_some_and(|own| named(own).all(|id| seen.contains(&id)));
    if declared.iter().all(tells_all) {
        return Ok(Vec::new());
    }
    let others = others(project, recorded);
    let states = others.iter().map(|other| &other.recorded).chain([recorded]);
    let records = states.filter_map(|recorded| recorded.state.as_ref()).flat_map(|state| {
        let known = declared.iter().filter_map(|identity| state.interfaces.of(identity));
        known.map(|(_, record)| record)
    });
    let mut open: Vec<RunId> = records.flat_map(named).collect();
    let mut found = Vec::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let Some((other, run)) = kept(&others, &id)?.filter(|(_, run)| touches(run, &declared)) else { continue };
        let evidence = &run.started.evidence;
        open.extend(evidence.takes_back.iter().cloned());
        open.extend(evidence.grounds.iter().filter_map(|ground| ground.follows.clone()));
        let past = told(other, run, recorded, &own)?;
        open.extend(past.taken_back_by.clone());
        found.push(past);
    }
    Ok(found)
}

/// Returns the runs that a record names.
fn named(record: &Record) -> impl Iterator<Item = RunId> {
    let back = record.taken_back.iter().flat_map(|back| [back.by.clone(), back.run.clone()]);
    let last = record.last_action.iter().map(|action| action.run_id.clone());
    record.changed_by.iter().cloned().chain(last).chain(back)
}

/// Finds a run in the states beside, by its whole id.
fn kept<'o>(others: &'o [Other], id: &RunId) -> Result<Option<(&'o Other, Run)>> {
    for other in others {
        if let Some(run) = recorder::run_in(&other.files, other.recorded.journal.replay(), id)? {
            return Ok(Some((other, run)));
        }
    }
    Ok(None)
}

/// Tells a run of a state beside: what took it back may be recorded here.
fn told(other: &Other, run: Run, recorded: &Recorded, own: &Home) -> Result<Past> {
    let mut past = past::of_run(&other.files, &other.recorded, run)?;
    let replay = recorded.journal.replay();
    if let Some(by) = recorder::taken_back_by(own, replay, past.run.id())? {
        past.taken_back_at = recorder::run_in(own, replay, &by)?.as_ref().and_then(history::over_at);
        past.taken_back_by = Some(by);
    }
    Ok(past)
}

/// Finds the one run in the states beside whose id begins with `name` and that touched what this spec declares.
///
/// # Errors
/// Several, and an archive that cannot be read.
pub fn find(project: &Project, recorded: &Recorded, name: &str) -> Result<Option<Past>> {
    let Some((other, run)) = begins_with(others(project, recorded), project, name)? else { return Ok(None) };
    told(&other, run, recorded, &project.place.medium()).map(Some)
}

fn begins_with(others: Vec<Other>, project: &Project, name: &str) -> Result<Option<(Other, Run)>> {
    let (declared, mut found) = (declared(project), Vec::new());
    for other in others {
        match history::find(&other.files, other.recorded.journal.replay(), name)? {
            Ok(run) if touches(&run, &declared) => found.push((other, run)),
            Ok(_) | Err(Missing::Unknown) => {}
            Err(Missing::Ambiguous(ids)) => return Err(past::ambiguous(name, &ids).into()),
        }
    }
    if found.len() > 1 {
        let ids: Vec<RunId> = found.iter().map(|(_, run)| run.id().clone()).collect();
        return Err(past::ambiguous(name, &ids).into());
    }
    Ok(found.pop())
}

/// Finds the run of a state beside that a rollback is asked to take back: one about what this spec declares; `last` is the newest
/// apply that was not taken back.
///
/// # Errors
/// Several, one whose confirmation is decided about there, and an archive that cannot be read.
pub(super) fn to_take_back(project: &Project, recorded: &Recorded, name: &str) -> Result<Option<Run>> {
    if name == "last" {
        let stands = |past: &Past| past.run.started.operation == Operation::Apply && past.taken_back_by.is_none();
        let standing = runs(project, recorded)?.into_iter().filter(stands);
        let Some(newest) = standing.map(|past| past.run.id().clone()).max() else { return Ok(None) };
        return to_take_back(project, recorded, &newest.0);
    }
    let Some((other, run)) = begins_with(others(project, recorded), project, name)? else { return Ok(None) };
    let noted = Confirmation::read(run.id(), |id, about| other.files.word(id, about))?;
    if run.deadline().is_some() && noted.kept().is_none() && !noted.is_begun_back() {
        let state = other.files.state_name();
        let summary = format!("run {} awaits confirmation, which is decided in the state {state}", run.id());
        return Err(Refusal::new(Exit::Moved, summary)
            .hint("take it back, or confirm it, with the spec of that state")
            .into());
    }
    Ok(Some(run))
}

/// Finds a run of a state beside by its whole id.
///
/// # Errors
/// An archive that cannot be read.
pub(super) fn run(project: &Project, id: &RunId) -> Result<Option<Run>> {
    Ok(kept(&others(project, &Recorded::default()), id)?.map(|(_, run)| run))
}
