//! What goes on although the spec cannot be read: its records are shown, and its runs taken back.

use std::path::Path;

use anyhow::{Error, Result};

use crate::diagnostic::Severity;
use crate::history::{self, Recorded};
use crate::journal::Run;
use crate::language::say;
use crate::ops::project::{Project, of_run};
use crate::ops::stores::Named;
use crate::ops::{beside, history as operation};
use crate::render::words::aside;
use crate::render::words::history as words;
use crate::render::words::report::{noted, warned};
use crate::state::RunId;
use crate::store::Place;

use super::super::args::RollbackArgs;
use super::super::errors;
use super::super::output::Output;
use super::Invocation;

/// What a rollback goes by.
pub(super) enum Footing {
    /// The spec.
    Spec(Project),
    /// The spec cannot be read: what the run stood under that is to be taken back.
    OfRun(Project, RunId),
    /// The spec cannot be read, and every apply was taken back.
    NothingLeft,
}

/// Returns where the records of the spec are, one that cannot be read included, which is said.
///
/// # Errors
/// A spec that cannot be read and of which nothing is recorded where its state would be.
pub(super) fn records(invocation: &Invocation, output: &Output) -> Result<Place> {
    match invocation.load() {
        Ok(project) => Ok(project.place),
        Err(error) => records_of(&invocation.spec_path()?, error, invocation, output),
    }
}

/// Returns where the records of a spec are, which cannot be read for this reason; that is said.
///
/// # Errors
/// The reason itself, where nothing is recorded where its state would be.
pub(super) fn records_of(path: &Path, error: Error, invocation: &Invocation, output: &Output) -> Result<Place> {
    let Ok(place) = place(invocation, path) else { return Err(error) };
    if !is_anything_recorded(&place) {
        return Err(error);
    }
    let (spec, state) = (path.display().to_string(), place.label());
    output.say(&output.spoken(|| noted(&words::records_without_spec(&spec, &why(&error), &state))));
    Ok(place)
}

/// Returns what a rollback goes by: the spec, or where that cannot be read what its run stood under, which is said.
///
/// # Errors
/// A spec that cannot be read and of which nothing is recorded, no such run, one that did not record what it stood under.
pub(super) fn footing(arguments: &RollbackArgs, invocation: &Invocation, output: &Output) -> Result<Footing> {
    let path = invocation.spec_path()?;
    let error = match invocation.load_from(&path) {
        // Before the cloud is asked who this is.
        Ok(project)
            if arguments.run_id == "last"
                && !is_anything_recorded(&project.place)
                && beside::runs(&project, &Recorded::default())?.is_empty() =>
        {
            return Err(operation::nothing_applied().into());
        }
        Ok(project) => return Ok(Footing::Spec(project)),
        Err(error) => error,
    };
    if arguments.change.is_some() {
        output.say(&output.spoken(|| noted(words::one_at_a_time())));
        return Err(error);
    }
    if arguments.with_rollout {
        output.say(&output.spoken(|| noted(words::no_checks())));
        return Err(error);
    }
    let Ok(place) = place(invocation, &path) else { return Err(error) };
    if !is_anything_recorded(&place) {
        let state = place.label();
        output.say(&output.spoken(|| noted(&words::nothing_recorded(&state))));
        return Err(error);
    }
    let recorded = history::read_at(&place)?;
    let Some(run) = operation::standing(&place.medium(), &recorded, &arguments.run_id)? else {
        return Ok(Footing::NothingLeft);
    };
    Ok(Footing::OfRun(of_run_instead(&path, &place, &run, &error, output)?, run.id().clone()))
}

/// Returns what a run goes back by that nobody has confirmed: the spec of now, or where that cannot be read what the run stood
/// under, which is said. Its records are where they were.
///
/// # Errors
/// No such run, one that did not record what it stood under.
pub(super) fn way_back(
    path: &Path,
    place: &Place,
    run_id: &RunId,
    invocation: &Invocation,
    output: &Output,
) -> Result<Project> {
    let error = match invocation.load_from(path) {
        Ok(project) => return Ok(Project { place: place.clone(), ..project }),
        Err(error) => error,
    };
    let recorded = history::read_at(place)?;
    let Some(run) = operation::standing(&place.medium(), &recorded, &run_id.0)? else { return Err(error) };
    of_run_instead(path, place, &run, &error, output)
}

/// Returns what a run stood under in the place of a spec that cannot be read, and says why.
fn of_run_instead(path: &Path, place: &Place, run: &Run, error: &Error, output: &Output) -> Result<Project> {
    let project = Project::of_run(path, place.clone(), run)?;
    let said = output.spoken(|| words::run_for_spec(&project.name, &why(error), run.id()).map(|line| warned(&line)));
    said.iter().for_each(|line| output.say(line));
    Ok(project)
}

/// Returns where the records of a spec are, one that cannot be read included, which is said.
///
/// # Errors
/// As [`records`].
pub(super) fn records_at(path: &Path, invocation: &Invocation, output: &Output) -> Result<Place> {
    match invocation.load_from(path) {
        Ok(project) => Ok(project.place),
        Err(error) => records_of(path, error, invocation, output),
    }
}

/// Returns where the records of a spec are that cannot be read.
pub(super) fn place(invocation: &Invocation, path: &Path) -> Result<Place> {
    let mut paths = of_run::records(path, &super::rescue_directory());
    paths.locking = invocation.global.lock;
    let (state_name, name) = of_run::names(path);
    invocation.stores.place(path, paths.into(), &Named { state_name, name, region: None })
}

fn is_anything_recorded(place: &Place) -> bool {
    let is_nothing = |recorded: &Recorded| recorded.state.is_none() && recorded.journal.replay().runs().is_empty();
    // What cannot be trusted is there, and is told where it is read.
    history::read_at(place).map_or(true, |recorded| !is_nothing(&recorded))
}

/// Says in one line what is wrong with a spec, in the language in force.
fn why(error: &Error) -> String {
    let found = errors::diagnose(error);
    let errors: Vec<_> = found.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    let Some(first) = errors.first() else { return error.to_string() };
    let at = first.place.map(|place| aside(found.sources.locate(place))).unwrap_or_default();
    let more = match errors.len() - 1 {
        0 => String::new(),
        more => say!(", and {more} more", more),
    };
    format!("{}{at}{more}", first.told().summary)
}
