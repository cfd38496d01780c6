//! What past runs prove: the runs of a change, or one run, gathered for a ticket from the records of one spec or several.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::diagnostic::nearest::{did_you_mean, nearest};
use crate::history;
use crate::history::dossier::{About, OfSpec, Part, changes_of, is_of_change};
use crate::resource::ChangeName;
use crate::state::RunId;
use crate::store::recorder;

use super::failure::{Exit, Refusal};
use super::history as past;
use super::history::listing::{Source, Wanted, named, newest_first, newest_ids};

/// How many of the newest runs are looked through for a change whose name is near.
const LOOKED_THROUGH: usize = 200;

/// Gathers what past runs prove about each of these: changes, and runs by the beginnings of their ids.
///
/// # Errors
/// The first that is neither, with what is near; an archive that cannot be read.
pub fn gather(sources: &[Source], names: &[String]) -> Result<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::with_capacity(names.len());
    for name in names {
        let part = part(sources, name)?;
        if parts.iter().all(|known| known.about != part.about) {
            parts.push(part);
        }
    }
    Ok(parts)
}

fn part(sources: &[Source], name: &str) -> Result<Part> {
    let change = ChangeName::from(name);
    let runs = of_change(sources, change.as_str())?;
    if !runs.is_empty() {
        return Ok(Part::of(About::Change(change.to_string()), runs));
    }
    match named(sources, name)? {
        Some(run) => Ok(Part::of(About::Run(run.past.run.id().clone()), vec![run])),
        None => Err(unknown(sources, name, change.as_str())?.into()),
    }
}

/// Returns the runs that touched steps of a change, and those that took them back.
fn of_change(sources: &[Source], change: &str) -> Result<Vec<OfSpec>> {
    let mut found = Vec::new();
    for source in sources {
        let (files, recorded, is_one_of_several) = (&source.files, &source.recorded, sources.len() > 1);
        let mut runs = history::runs_that_name(files, recorded.journal.replay(), change)?;
        runs.retain(|run| is_of_change(run, change));
        let mut known: BTreeSet<RunId> = runs.iter().map(|run| run.id().clone()).collect();
        while let Some(run) = runs.pop() {
            let past = past::of_run(files, recorded, run)?;
            if let Some(by) = past.taken_back_by.clone().filter(|by| known.insert(by.clone())) {
                runs.extend(recorder::run_in(files, recorded.journal.replay(), &by)?);
            }
            found.push(source.own(past, is_one_of_several));
        }
        let others = source.of_others()?.into_iter().filter(|other| is_of_change(&other.run, change));
        found.extend(others.map(|other| source.own(other, is_one_of_several)));
    }
    Ok(newest_first(found))
}

/// Lists the changes that the specs have.
fn declared(sources: &[Source]) -> BTreeSet<String> {
    let specs = sources.iter().filter_map(|source| source.project.as_ref()).map(|project| &project.spec);
    specs.flat_map(|spec| spec.changes.keys()).map(ToString::to_string).collect()
}

/// Lists the changes of the newest runs.
fn recorded(sources: &[Source]) -> Result<BTreeSet<String>> {
    let mut changes = BTreeSet::new();
    for source in sources {
        let newest = source.runs(&Wanted { limit: Some(LOOKED_THROUGH), ..Wanted::default() })?;
        changes.extend(newest.iter().flat_map(|past| changes_of(&past.run)).map(str::to_owned));
    }
    Ok(changes)
}

/// Returns the newest run for whose steps somebody gave `name` in a reason.
fn of_reason(sources: &[Source], name: &str) -> Result<Option<RunId>> {
    let has_it = |reason: &Option<String>| reason.as_ref().is_some_and(|reason| reason.contains(name));
    let mut found = Vec::new();
    for source in sources {
        let newest = source.runs(&Wanted { limit: Some(LOOKED_THROUGH), ..Wanted::default() })?;
        found.extend(newest.into_iter().map(|past| past.run).find(|run| {
            has_it(&run.started.evidence.reason) || run.started.steps.iter().any(|step| has_it(&step.reason))
        }));
    }
    Ok(found.into_iter().map(|run| run.id().clone()).max())
}

/// Returns the known change whose name is near one that is not known.
///
/// # Errors
/// An archive that cannot be read.
pub fn near_change(sources: &[Source], name: &str) -> Result<Option<String>> {
    let change = ChangeName::from(name);
    let mut known = declared(sources);
    known.extend(recorded(sources)?);
    let near = nearest(name, known.iter().map(String::as_str)).filter(|_| !known.contains(change.as_str()));
    Ok(near.map(str::to_owned))
}

/// Says that nothing is recorded under a name, and what is near.
fn unknown(sources: &[Source], name: &str, change: &str) -> Result<Refusal> {
    let mut known = declared(sources);
    if known.contains(change) {
        let refusal = Refusal::new(Exit::Error, format!("no run of {change} is recorded"));
        return Ok(refusal.hint("it was not applied yet, or from elsewhere; -f names another spec"));
    }
    known.extend(recorded(sources)?);
    known.extend(newest_ids(sources)?.into_iter().map(|id| id.0.to_string()));
    if name == "last" && known.is_empty() {
        return Ok(Refusal::new(Exit::Error, "nothing has been applied yet")
            .hint("`rictl history` lists the runs once there are any"));
    }
    let refusal = Refusal::new(Exit::Error, format!("there is neither a change nor a run {name} in the records"));
    if let Some(run) = of_reason(sources, name)? {
        let refusal = refusal.cause(format!("run {run} has it in its reason, which names no change"));
        return Ok(refusal.hint(format!(
            "`rictl report {run}` is of that run; a change is found by its name where it stands under `changes:`"
        )));
    }
    let near = nearest(name, known.iter().map(String::as_str)).map(did_you_mean);
    Ok(refusal.hint(near.unwrap_or_else(|| {
        "`rictl history` lists the runs and their changes; a change is what stands under `changes:`, a number in `reason` is none"
            .to_owned()
    })))
}
