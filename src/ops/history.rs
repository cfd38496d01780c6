//! Past runs: found by name, and listed.

use anyhow::Result;

use crate::history::{self, Missing, Past, Recorded};
use crate::journal::Run;
use crate::store::{Medium, Store};

use super::failure::{Exit, Refusal};

/// Returns every past run, newest first.
///
/// # Errors
/// An archive that cannot be read.
pub fn runs(medium: &impl Medium, recorded: &Recorded) -> Result<Vec<Past>> {
    let runs = history::past_runs(medium, recorded.journal.replay())?;
    Ok(runs.into_iter().map(|run| past(run, recorded)).collect())
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
    Ok(run.map(|run| past(run, recorded)))
}

/// Returns the run that a rollback is asked to take back; `last` is the newest apply.
///
/// # Errors
/// No such run, or several.
pub(super) fn to_take_back(store: &impl Store, name: &str) -> Result<Run> {
    if name == "last" {
        return Ok(history::last_apply(store)?.ok_or_else(|| unknown_run(name))?);
    }
    match history::find_in(store, name)? {
        Ok(run) => Ok(run),
        Err(Missing::Unknown) => Err(unknown_run(name).into()),
        Err(Missing::Ambiguous(ids)) => Err(ambiguous(name, &ids).into()),
    }
}

fn past(run: Run, recorded: &Recorded) -> Past {
    let is_running = run.over.is_none() && recorded.running.is_some();
    Past { run, is_running }
}

/// Says that several runs have an id that begins so.
fn ambiguous(name: &str, ids: &[crate::state::RunId]) -> Refusal {
    let refusal = Refusal::new(Exit::Error, format!("{} runs have an id that begins with {name}", ids.len()));
    let refusal = ids.iter().take(SHOWN).fold(refusal, |refusal, id| refusal.cause(id.to_string()));
    refusal.hint("give more of the id")
}

/// How many of the runs that an abbreviation may mean are named.
const SHOWN: usize = 5;

/// Says that no run has this id.
fn unknown_run(run_id: &str) -> Refusal {
    Refusal::new(Exit::Error, format!("there is no run {run_id}")).hint("`rictl history` lists the runs")
}
