//! Past runs: found by name, and listed.

pub mod listing;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use jiff::Timestamp;

use crate::diagnostic::Diagnostics;
use crate::history::confirmation::Confirmation;
use crate::history::{self, Missing, Past, Recorded, Resolved};
use crate::journal::{Operation, PlannedStep, Run};
use crate::language::worded;
use crate::resource::{Address, ChangeName};
use crate::selector::Selector;
use crate::state::{Identity, RunId, State};
use crate::store::{Medium, Store, StoreError, recorder};

use super::failure::{Exit, Refusal};
use super::project::Project;
use super::project::names::Told;

/// Keeps the runs that were about what selectors mean: declared interfaces, whatever they were called then, and those that
/// only the runs still name. All runs where there are no selectors.
///
/// # Errors
/// Exit 1 with every selector that means nothing.
fn touching(mut runs: Vec<Past>, selectors: &[Selector], project: &Project) -> Result<Vec<Past>, Diagnostics> {
    if selectors.is_empty() {
        return Ok(runs);
    }
    let told = told(&runs, project);
    let (mut identities, mut left) = (BTreeSet::new(), BTreeSet::new());
    for address in project.select_in_past(selectors, &told)? {
        if let Some(interface) = project.spec.interfaces.get(address) {
            identities.insert(Identity::of(&interface.scope, &interface.id.value));
        } else if let Some((id, scope)) = told.gone.get(address) {
            identities.insert(Identity::of(scope, id));
            left.insert(address.clone());
        }
    }
    runs.retain(|past| {
        let mut steps = past.run.started.steps.iter();
        steps.any(|step| {
            left.contains(&step.address) || identities.contains(&Identity::of(&step.scope, &step.interface_id))
        })
    });
    Ok(runs)
}

/// Gathers what past runs tell of interfaces: those that are declared no more, and what each change was about.
fn told<'s>(runs: &'s [Past], project: &'s Project) -> Told<'s> {
    let declared = &project.spec.interfaces;
    let by_identity: BTreeMap<Identity, &Address> = declared
        .iter()
        .map(|(address, interface)| (Identity::of(&interface.scope, &interface.id.value), address))
        .collect();
    let selected = project.spec.changes.iter().map(|(name, change)| (name.as_str(), change.selected.clone()));
    let mut told = Told { gone: BTreeMap::new(), changes: selected.collect() };
    for (run, step) in runs.iter().flat_map(|past| past.run.started.steps.iter().map(move |step| (&past.run, step))) {
        let is_gone = !declared.contains_key(&step.address);
        if is_gone {
            told.gone.insert(&step.address, (&step.interface_id, &step.scope));
        }
        let address = by_identity.get(&Identity::of(&step.scope, &step.interface_id)).copied();
        if let (Some(change), Some(address)) = (change_of(run, step), address.or(is_gone.then_some(&step.address))) {
            told.changes.entry(change).or_default().push(address.clone());
        }
    }
    told.changes.values_mut().for_each(|about| {
        about.sort_unstable();
        about.dedup();
    });
    told
}

/// Returns the change that a step of a run was about.
fn change_of<'r>(run: &'r Run, step: &'r PlannedStep) -> Option<&'r str> {
    let of_step = step.change_id.as_ref().map(ChangeName::as_str);
    // Runs of older versions know it of all their steps, or of none.
    of_step.or(run.started.evidence.change_id.as_deref())
}

/// Returns the one past run whose id begins with `name`; `last` is the newest.
///
/// # Errors
/// No such run, or several.
pub fn find(medium: &impl Medium, recorded: &Recorded, name: &str) -> Result<Option<Past>> {
    let replay = recorded.journal.replay();
    let run = match name {
        "last" => history::last(medium, replay)?,
        _ => match history::find(medium, replay, name)? {
            Ok(run) => Some(run),
            Err(Missing::Unknown) => None,
            Err(Missing::Ambiguous(ids)) => return Err(ambiguous(name, &ids).into()),
        },
    };
    run.map(|run| of_run(medium, recorded, run)).transpose()
}

/// Tells one past run.
pub(super) fn of_run(medium: &impl Medium, recorded: &Recorded, run: Run) -> Result<Past> {
    let replay = recorded.journal.replay();
    let by = recorder::taken_back_by(medium, replay, run.id())?;
    // That another run cannot be trusted takes nothing from this one: that it is there is known.
    let run_in = |id: &RunId| match recorder::run_in(medium, replay, id) {
        Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => Ok((true, None)),
        run => run.map(|run| (run.is_some(), run)),
    };
    let resolved = history::resolved(&run, |id| run_in(id).map(|(is_there, _)| is_there))?;
    let back = by.map(|by| anyhow::Ok((run_in(&by)?.1.as_ref().and_then(history::over_at), by)));
    past(medium, run, recorded, (back.transpose()?, resolved))
}

/// Returns the run that a rollback is asked to take back; `last` is the newest apply that was not taken back, and `None`
/// where all were. `beside` finds one that is not recorded here.
///
/// # Errors
/// No such run, or several.
pub(super) fn to_take_back(
    store: &impl Store,
    state: &State,
    name: &str,
    beside: impl FnOnce() -> Result<Option<Run>>,
) -> Result<Option<Run>> {
    match name {
        "last" => match history::last_to_take_back(store, state)? {
            Some(run) => Ok(Some(run)),
            None => last(beside()?, || store.run_ids()),
        },
        _ => match history::find_in(store, name)? {
            Err(Missing::Unknown) => beside()?.map_or_else(|| Err(unknown_run(name).into()), |run| Ok(Some(run))),
            known => found(known, name),
        },
    }
}

/// Returns the newest apply, where that was taken back and `chosen` is the newest that was not, and the run that took it back.
///
/// # Errors
/// An archive that cannot be read.
pub(super) fn passed_over(store: &impl Store, chosen: &RunId) -> Result<Option<(RunId, RunId)>> {
    for id in store.run_ids()?.into_iter().rev().take_while(|id| id > chosen).take(LOOKED_THROUGH) {
        if let Some(by) = store.taken_back_by(&id)?
            && store.run(&id)?.is_some_and(|run| run.started.operation == Operation::Apply)
        {
            return Ok(Some((id, by)));
        }
    }
    Ok(None)
}

/// Returns the applies of a change that were not taken back, oldest first: those that the records name, what stood before each, and
/// the newest of all.
///
/// # Errors
/// No run of such a change, an archive that cannot be read.
pub(super) fn of_change(store: &impl Store, state: &State, change: &str) -> Result<Vec<Run>> {
    let mut open: Vec<RunId> = state.interfaces.values().filter_map(|record| record.changed_by.clone()).collect();
    open.extend(store.run_ids()?.into_iter().rev().take(LOOKED_THROUGH));
    let (mut runs, mut seen): (BTreeMap<RunId, Run>, BTreeSet<RunId>) = (BTreeMap::new(), BTreeSet::new());
    while let Some(id) = open.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let Some(run) = store.run(&id)? else { continue };
        if run.started.operation == Operation::Apply && is_of(&run, change) {
            open.extend(run.started.evidence.grounds.iter().filter_map(|ground| ground.follows.clone()));
            runs.insert(id, run);
        }
    }
    if runs.is_empty() {
        let refusal = Refusal::new(Exit::Error, worded!("no run of {change} is recorded", change));
        return Err(refusal.hint(worded!("`rictl history change:C` lists the runs of a change")).into());
    }
    let mut standing = Vec::with_capacity(runs.len());
    for (id, run) in runs {
        if store.taken_back_by(&id)?.is_none() && run.has_sent() {
            standing.push(run);
        }
    }
    Ok(standing)
}

/// Returns whether a step of a run was for a change.
fn is_of(run: &Run, change: &str) -> bool {
    run.started.steps.iter().any(|step| step.change_id.as_ref().is_some_and(|of| of.to_string() == change))
}

/// How many of the newest runs are looked through for those of a change that nothing in the records names.
const LOOKED_THROUGH: usize = 200;

/// Returns the run that a rollback is asked to take back, where nobody writes.
///
/// # Errors
/// No such run, or several.
pub fn standing(medium: &impl Medium, recorded: &Recorded, name: &str) -> Result<Option<Run>> {
    let replay = recorded.journal.replay();
    match name {
        "last" => {
            let state = recorded.state.as_ref();
            last(history::last_standing(medium, replay, state)?, || history::all_ids(medium, replay))
        }
        _ => found(history::find(medium, replay, name)?, name),
    }
}

/// Tells that every apply was taken back from that there never was a run.
fn last(run: Option<Run>, ids: impl FnOnce() -> Result<Vec<RunId>, StoreError>) -> Result<Option<Run>> {
    if run.is_none() && ids()?.is_empty() {
        return Err(nothing_applied().into());
    }
    Ok(run)
}

/// Says that there is no run to take back.
pub fn nothing_applied() -> Refusal {
    Refusal::new(Exit::Error, worded!("nothing has been applied yet, so there is nothing to take back"))
        .hint(worded!("what apply does is recorded beside the spec; -f names another spec"))
}

fn found(run: Result<Run, Missing>, name: &str) -> Result<Option<Run>> {
    match run {
        Ok(run) => Ok(Some(run)),
        Err(Missing::Unknown) => Err(unknown_run(name).into()),
        Err(Missing::Ambiguous(ids)) => Err(ambiguous(name, &ids).into()),
    }
}

fn past(
    medium: &impl Medium,
    run: Run,
    recorded: &Recorded,
    (back, resolved): (Option<(Option<Timestamp>, RunId)>, Option<Resolved>),
) -> Result<Past> {
    let is_running = run.over.is_none() && recorded.running.is_some();
    let confirmation = match run.started.evidence.confirm_within_ms {
        Some(_) => Confirmation::read(run.id(), |id, about| medium.word(id, about))?,
        None => Confirmation::default(),
    };
    let (taken_back_at, taken_back_by) = back.map(|(at, by)| (at, Some(by))).unwrap_or_default();
    Ok(Past { run, is_running, taken_back_by, taken_back_at, resolved, confirmation })
}

/// Says that several runs have an id that begins so.
pub(super) fn ambiguous(name: &str, ids: &[RunId]) -> Refusal {
    let summary = worded!("{runs} runs have an id that begins with {name}", runs = ids.len(), name);
    let refusal = Refusal::new(Exit::Error, summary);
    let refusal = ids.iter().take(SHOWN).fold(refusal, |refusal, id| refusal.cause(id.to_string()));
    refusal.hint(worded!("give more of the id"))
}

/// How many of the runs that an abbreviation may mean are named.
const SHOWN: usize = 5;

/// Says that no run has this id.
fn unknown_run(run_id: &str) -> Refusal {
    Refusal::new(Exit::Error, worded!("there is no run {run_id}", run_id))
        .hint(worded!("`rictl history` lists the runs"))
}
