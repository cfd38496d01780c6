//! Past runs, listed: of several specs, and only those that are asked for. What the id of a run tells already is not read, and no
//! more is read than a limit needs.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};

use crate::diagnostic::Diagnostics;
use crate::diagnostic::nearest::{did_you_mean, nearest};
use crate::history::dossier::{OfSpec, is_of_change};
use crate::history::{self, Past, Recorded};
use crate::journal::Run;
use crate::ops::beside;
use crate::ops::failure::{Exit, Refusal};
use crate::ops::project::Project;
use crate::selector::Selector;
use crate::state::RunId;
use crate::store::{Home, Place, StoreError, recorder};

/// How long a command may have waited, for a `yes` or a lock, between the making of its run's id and the beginning of the run. A run
/// whose id is that much older than a moment is not opened to see whether it began after it.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How many of the newest runs are looked through for a name that is near.
const LOOKED_THROUGH: usize = 200;

/// The name of the newest run.
const LAST: &str = "last";

/// What is recorded of one spec.
#[derive(Debug)]
pub struct Source {
    /// The spec, as it was named.
    pub name: String,
    /// Where it is recorded.
    pub place: Place,
    /// The same, to read.
    pub files: Home,
    /// What.
    pub recorded: Recorded,
    /// The spec; `None` where it cannot be read.
    pub project: Option<Project>,
}

/// Which runs are asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Those that began at this moment or after it.
    pub since: Option<Timestamp>,
    /// Those that began before it.
    pub until: Option<Timestamp>,
    /// Those that touched steps of this change.
    pub change: Option<String>,
    /// Those that this login name ran, or CI for this actor.
    pub who: Option<String>,
    /// The newest so many.
    pub limit: Option<usize>,
}

impl Wanted {
    /// Returns whether a run of this id may be one, as far as that tells.
    fn may_be(&self, id: &RunId) -> bool {
        let Some(made) = id.made_at() else { return true };
        let began_before = |since: Timestamp| since.checked_sub(LONGEST_WAIT).is_ok_and(|since| made < since);
        !self.since.is_some_and(began_before) && self.until.is_none_or(|until| made < until)
    }

    /// Returns whether a run is one.
    fn includes(&self, run: &Run) -> bool {
        let (at, who, evidence) = (run.started.at, &run.started.who, &run.started.evidence);
        let is_who = |name: &String| name == who || evidence.actor.as_ref() == Some(name);
        self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
            && self.change.as_ref().is_none_or(|change| is_of_change(run, change))
            && self.who.as_ref().is_none_or(is_who)
    }
}

impl Source {
    /// Lists the runs that are asked for, newest first, those of states beside that touched what the spec declares included.
    ///
    /// # Errors
    /// An archive that cannot be read.
    pub fn runs(&self, wanted: &Wanted) -> Result<Vec<Past>> {
        let mut unread = Vec::new();
        let runs = self.runs_but(wanted, &mut unread)?;
        match unread.into_iter().next() {
            Some(Unread { error, .. }) => Err(error.into()),
            None => Ok(runs),
        }
    }

    fn runs_but(&self, wanted: &Wanted, unread: &mut Vec<Unread>) -> Result<Vec<Past>> {
        let found = walk(std::slice::from_ref(self), std::slice::from_ref(wanted), unread)?;
        Ok(found.into_iter().map(|(_, past)| past).collect())
    }

    /// Lists every run that was about what selectors mean.
    fn touching(&self, selectors: &[Selector], unread: &mut Vec<Unread>) -> Result<Result<Vec<Past>, Diagnostics>> {
        let all = self.runs_but(&Wanted::default(), unread)?;
        Ok(match &self.project {
            Some(project) => super::touching(all, selectors, project),
            None => Ok(all),
        })
    }

    /// Finds the one run whose id begins with `name`, here or in the states beside; `last` is the newest of both.
    ///
    /// # Errors
    /// Several, an archive that cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<Past>> {
        let own = super::find(&self.files, &self.recorded, name)?;
        match (&self.project, &own) {
            (Some(_), _) if name == LAST => {
                let newest = self.of_others()?.into_iter().next();
                Ok(own.into_iter().chain(newest).max_by(|one, other| one.run.id().cmp(other.run.id())))
            }
            (Some(project), None) => beside::find(project, &self.recorded, name),
            _ => Ok(own),
        }
    }

    /// Lists the runs of states beside that touched what the spec declares, newest first.
    pub(in crate::ops) fn of_others(&self) -> Result<Vec<Past>> {
        let Some(project) = &self.project else { return Ok(Vec::new()) };
        let mut runs = beside::runs(project, &self.recorded)?;
        runs.sort_by(|one, other| other.run.id().cmp(one.run.id()));
        Ok(runs)
    }

    /// Says of a run whose it is.
    pub(in crate::ops) fn own(&self, past: Past, is_one_of_several: bool) -> OfSpec {
        let zone = self.project.as_ref().map(|project| project.spec.time_zone.clone()).unwrap_or_default();
        OfSpec { past, spec: is_one_of_several.then(|| self.name.clone()), zone }
    }
}

/// A run that may be asked for.
enum Candidate {
    /// One that is recorded here, by its id alone.
    Own(RunId),
    /// One of a state beside, which was read for what it touched.
    Beside(Box<Past>),
}

impl Candidate {
    fn id(&self) -> &RunId {
        match self {
            Self::Own(id) => id,
            Self::Beside(past) => past.run.id(),
        }
    }
}

/// A run that is recorded and cannot be read.
#[derive(Debug)]
pub struct Unread {
    /// Its id.
    pub run_id: RunId,
    /// Why.
    pub error: StoreError,
}

/// Lists runs of several specs with the place of each one's spec, newest first and each once, by the spec that was named first;
/// `wanted` says of each spec what is asked for. No run is opened that the newest so many leave out. One that cannot be trusted
/// hides no other: it goes to `unread`.
fn walk(sources: &[Source], wanted: &[Wanted], unread: &mut Vec<Unread>) -> Result<Vec<(usize, Past)>> {
    let mut candidates: Vec<(usize, Candidate)> = Vec::new();
    for (place, (source, wanted)) in std::iter::zip(sources, wanted).enumerate() {
        let own = history::all_ids(&source.files, source.recorded.journal.replay())?;
        let own = own.into_iter().filter(|id| wanted.may_be(id)).map(Candidate::Own);
        let beside = source.of_others()?.into_iter().map(|past| Candidate::Beside(Box::new(past)));
        candidates.extend(own.chain(beside).map(|candidate| (place, candidate)));
    }
    candidates.sort_by(|(_, one), (_, other)| other.id().cmp(one.id()));
    let limit = wanted.iter().find_map(|wanted| wanted.limit).unwrap_or(usize::MAX);
    let (mut found, mut seen, before) = (Vec::new(), BTreeSet::new(), unread.len());
    for (place, candidate) in candidates {
        if found.len() + unread.len() - before >= limit {
            break;
        }
        if !seen.insert(candidate.id().clone()) {
            continue;
        }
        let source = &sources[place];
        let past = match candidate {
            Candidate::Beside(past) => Some(*past).filter(|past| wanted[place].includes(&past.run)),
            Candidate::Own(id) => match recorder::run_in(&source.files, source.recorded.journal.replay(), &id) {
                Err(error @ (StoreError::Damaged { .. } | StoreError::Newer { .. })) => {
                    unread.push(Unread { run_id: id, error });
                    None
                }
                run => {
                    let run = run?.filter(|run| wanted[place].includes(run));
                    run.map(|run| super::of_run(&source.files, &source.recorded, run)).transpose()?
                }
            },
        };
        found.extend(past.map(|past| (place, past)));
    }
    Ok(found)
}

/// Lists runs of several specs, newest first and each once; `wanted` says of each spec what is asked for, since a local time is one in
/// its zone. Those that cannot be trusted are named beside: nobody knows whether they were asked for.
///
/// # Errors
/// An archive that cannot be listed, and selectors that mean nothing in any of the specs.
pub fn runs(
    sources: &[Source],
    selectors: &[Selector],
    wanted: impl Fn(&Source) -> Result<Wanted>,
) -> Result<(Vec<OfSpec>, Vec<Unread>)> {
    let wanted: Vec<Wanted> = sources.iter().map(wanted).collect::<Result<_>>()?;
    let own = |place: usize, past: Past| sources[place].own(past, sources.len() > 1);
    let mut unread = Vec::new();
    if selectors.is_empty() {
        let found = walk(sources, &wanted, &mut unread)?;
        return Ok((found.into_iter().map(|(place, past)| own(place, past)).collect(), unread));
    }
    let mut found = Vec::new();
    for (place, runs) in selected(sources, selectors, &mut unread)?.into_iter().enumerate() {
        let runs = runs.into_iter().filter(|past| wanted[place].includes(&past.run));
        found.extend(runs.map(|past| own(place, past)));
    }
    let mut found = newest_first(found);
    found.truncate(wanted.iter().find_map(|wanted| wanted.limit).unwrap_or(usize::MAX));
    unread.sort_by(|one, other| other.run_id.cmp(&one.run_id));
    unread.dedup_by(|one, other| one.run_id == other.run_id);
    Ok((found, unread))
}

/// Lists of each spec the runs that were about what selectors mean. One that means nothing in one spec may mean something in another.
fn selected(sources: &[Source], selectors: &[Selector], unread: &mut Vec<Unread>) -> Result<Vec<Vec<Past>>> {
    if let [only] = sources {
        return Ok(vec![only.touching(selectors, unread)??]);
    }
    let mut runs: Vec<Vec<Past>> = sources.iter().map(|_| Vec::new()).collect();
    for selector in selectors {
        let (mut means_something, mut unknown) = (false, None);
        for (source, runs) in sources.iter().zip(&mut runs) {
            match source.touching(std::slice::from_ref(selector), unread)? {
                Ok(touching) => {
                    means_something = true;
                    runs.extend(touching);
                }
                Err(nothing) => unknown = unknown.or(Some(nothing)),
            }
        }
        if let Some(unknown) = unknown.filter(|_| !means_something) {
            return Err(unknown.into());
        }
    }
    Ok(runs)
}

/// Puts runs of several specs into one order; one that two of them know is told once, by the spec that was named first.
pub(in crate::ops) fn newest_first(mut runs: Vec<OfSpec>) -> Vec<OfSpec> {
    let mut seen = BTreeSet::new();
    runs.retain(|of| seen.insert(of.past.run.id().clone()));
    runs.sort_by(|one, other| other.past.run.id().cmp(one.past.run.id()));
    runs
}

/// Returns the one past run whose id begins with `name`, wherever it is recorded; `last` is the newest.
///
/// # Errors
/// Several, an archive that cannot be read.
pub fn named(sources: &[Source], name: &str) -> Result<Option<OfSpec>> {
    let mut found = Vec::new();
    for source in sources {
        found.extend(source.find(name)?.map(|past| source.own(past, sources.len() > 1)));
    }
    let found = newest_first(found);
    if found.len() > 1 && name != LAST {
        let ids: Vec<RunId> = found.iter().map(|of| of.past.run.id().clone()).collect();
        return Err(super::ambiguous(name, &ids).into());
    }
    Ok(found.into_iter().next())
}

/// Returns the one run that `--run` names, if it is among those that are asked for.
///
/// # Errors
/// No such run, or several; an archive that cannot be read.
pub fn one(
    sources: &[Source],
    name: &str,
    selectors: &[Selector],
    wanted: impl Fn(&Source) -> Result<Wanted>,
) -> Result<Vec<OfSpec>> {
    let Some(run) = named(sources, name)? else { return Err(unknown_run(sources, name)?.into()) };
    let is_of = |source: &&Source| run.spec.as_ref().is_none_or(|spec| *spec == source.name);
    let wanted = sources.iter().find(is_of).map(wanted).transpose()?.unwrap_or_default();
    let is_wanted = if selectors.is_empty() {
        wanted.includes(&run.past.run)
    } else {
        // What cannot be trusted is not the one that was found.
        let mut touching = selected(sources, selectors, &mut Vec::new())?.into_iter().flatten();
        touching.any(|past| past.run.id() == run.past.run.id() && wanted.includes(&past.run))
    };
    Ok(Some(run).filter(|_| is_wanted).into_iter().collect())
}

/// Says that no run has this id, and which is near.
fn unknown_run(sources: &[Source], name: &str) -> Result<Refusal> {
    if name == LAST {
        let refusal = Refusal::new(Exit::Error, "nothing has been applied yet");
        return Ok(refusal.hint("what apply does is recorded beside the spec; -f names another spec"));
    }
    let ids = newest_ids(sources)?;
    let refusal = Refusal::new(Exit::Error, format!("there is no run {name}"));
    let near = nearest(name, ids.iter().map(|id| &*id.0)).map(did_you_mean);
    Ok(refusal.hint(near.unwrap_or_else(|| "`rictl history` lists the runs".to_owned())))
}

/// Lists the newest runs of each spec, by their names alone.
pub(in crate::ops) fn newest_ids(sources: &[Source]) -> Result<Vec<RunId>> {
    let mut newest = Vec::new();
    for source in sources {
        let ids = history::all_ids(&source.files, source.recorded.journal.replay())?;
        newest.extend(ids.into_iter().rev().take(LOOKED_THROUGH));
    }
    Ok(newest)
}

#[cfg(test)]
mod tests;
