//! Runs that are recorded beside: those that touched what this spec declares.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use anyhow::Result;

use super::states::{self, declared, known};
use crate::history::{self, Missing, Past, Recorded, confirmation::Confirmation};
use crate::journal::{Operation, PlannedStep, Run};
use crate::language::worded;
use crate::ops::failure::{Exit, Refusal};
use crate::ops::history as past;
use crate::ops::project::Project;
use crate::resource::Target;
use crate::state::{Identity, Record, RunId};
use crate::store::{Home, Medium as _, recorder};

/// A state beside this one, and what is recorded in it.
struct Other {
    medium: Home,
    recorded: Recorded,
    /// What its store says that it has or had of ours.
    has: BTreeSet<Identity>,
}

/// The states beside, opened once somebody asks for a run that is not here.
pub struct Elsewhere<'p> {
    project: &'p Project,
    target: Option<&'p Target>,
    others: OnceCell<Vec<Other>>,
}

impl<'p> Elsewhere<'p> {
    /// Names those beside `project`'s that are of a target, or of any where nobody knows which.
    pub fn of(project: &'p Project, target: Option<&'p Target>) -> Self {
        Self { project, target, others: OnceCell::new() }
    }

    /// Finds a run by its whole id.
    ///
    /// # Errors
    /// An archive that cannot be read.
    pub fn run(&self, id: &RunId) -> Result<Option<Run>> {
        let others = match self.others.get() {
            Some(others) => others,
            None => {
                let opened = others(self.project, self.target, &declared(self.project))?;
                self.others.get_or_init(|| opened)
            }
        };
        Ok(kept(others, id)?.map(|(_, run)| run))
    }
}

/// Opens the states beside that know what `project` declares: of the same target, where that is known. `missing` is of it what has no
/// record here. What cannot be read tells nothing.
fn others(project: &Project, target: Option<&Target>, missing: &BTreeSet<Identity>) -> Result<Vec<Other>> {
    let declared = declared(project);
    let beside = match target {
        Some(target) => states::whose_runs_may_tell(project, target, (&declared, missing))?,
        None => states::all(project)?,
    };
    let mut others = Vec::new();
    for beside in beside.into_iter().filter(|beside| beside.knows(&declared)) {
        let medium = beside.place()?.medium();
        let recorded = known(history::read(&medium))?.filter(|recorded| {
            let of = recorded.state.as_ref().map(|state| &state.target);
            of.is_some_and(|of| target.is_none_or(|target| target.is_same_as(of)))
        });
        others.extend(recorded.map(|recorded| Other { medium, recorded, has: beside.has }));
    }
    Ok(others)
}

/// Opens the states beside, by what is recorded here.
fn others_of(project: &Project, recorded: &Recorded) -> Result<Vec<Other>> {
    let state = recorded.state.as_ref();
    let own = |identity: &Identity| state?.interfaces.of(identity).filter(|(_, own)| !own.forgotten);
    let missing = declared(project).into_iter().filter(|identity| own(identity).is_none()).collect();
    others(project, state.map(|state| &state.target), &missing)
}

/// Returns whether a run was about one of these interfaces.
fn touches(run: &Run, declared: &BTreeSet<Identity>, other: &Other) -> bool {
    let is_one = |step: &PlannedStep| {
        let is_alike = |ours: &Identity| ours.id == step.interface_id && ours.scope.region == step.scope.region;
        declared.contains(&Identity::of(&step.scope, &step.interface_id)) || other.has.iter().any(is_alike)
    };
    run.started.steps.iter().any(is_one)
}

/// Lists the runs of states beside that touched what this spec declares: those that records name, and what stood before each.
///
/// # Errors
/// An archive that cannot be read.
pub fn runs(project: &Project, recorded: &Recorded) -> Result<Vec<Past>> {
    let others = others_of(project, recorded)?;
    runs_of(&others, project, recorded)
}

fn runs_of(others: &[Other], project: &Project, recorded: &Recorded) -> Result<Vec<Past>> {
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let own = project.place.medium();
    let mut seen: BTreeSet<RunId> = history::all_ids(&own, recorded.journal.replay())?.into_iter().collect();
    let declared = declared(project);
    let nothing = BTreeSet::new();
    let states = others.iter().map(|other| (&other.recorded, &other.has)).chain([(recorded, &nothing)]);
    let records = states
        .filter_map(|(recorded, has)| Some((recorded.state.as_ref()?, has)))
        .flat_map(|(state, has)| declared.iter().filter_map(move |identity| states::record_in(state, identity, has)));
    let mut open: Vec<RunId> = records.flat_map(named).collect();
    let mut found = Vec::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        let Some((other, run)) = kept(others, &id)?.filter(|(other, run)| touches(run, &declared, other)) else {
            continue;
        };
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
        if let Some(run) = recorder::run_in(&other.medium, other.recorded.journal.replay(), id)? {
            return Ok(Some((other, run)));
        }
    }
    Ok(None)
}

/// Tells a run of a state beside: what took it back may be recorded here.
fn told(other: &Other, run: Run, recorded: &Recorded, own: &Home) -> Result<Past> {
    let mut past = past::of_run(&other.medium, &other.recorded, run)?;
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
    let Some((other, run)) = begins_with(others_of(project, recorded)?, project, name)? else { return Ok(None) };
    told(&other, run, recorded, &project.place.medium()).map(Some)
}

fn begins_with(others: Vec<Other>, project: &Project, name: &str) -> Result<Option<(Other, Run)>> {
    let (declared, mut found) = (declared(project), Vec::new());
    for other in others {
        match history::find(&other.medium, other.recorded.journal.replay(), name)? {
            Ok(run) if touches(&run, &declared, &other) => found.push((other, run)),
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
pub fn to_take_back(project: &Project, recorded: &Recorded, target: &Target, name: &str) -> Result<Option<Run>> {
    let others = others(project, Some(target), &declared(project))?;
    if name == "last" {
        let stands = |past: &Past| past.run.started.operation == Operation::Apply && past.taken_back_by.is_none();
        let standing = runs_of(&others, project, recorded)?.into_iter().filter(stands);
        let Some(newest) = standing.map(|past| past.run.id().clone()).max() else { return Ok(None) };
        return named_to_take_back(others, project, &newest.0);
    }
    named_to_take_back(others, project, name)
}

fn named_to_take_back(others: Vec<Other>, project: &Project, name: &str) -> Result<Option<Run>> {
    let Some((other, run)) = begins_with(others, project, name)? else { return Ok(None) };
    let noted = Confirmation::read(run.id(), |id, about| other.medium.word(id, about))?;
    refuse_unless_given_up(&other, &run, project)?;
    if run.deadline().is_some() && noted.kept().is_none() && !noted.is_begun_back() {
        let state = other.medium.state_name();
        let run = run.id();
        let summary = worded!("run {run} awaits confirmation, which is decided in the state {state}", run, state);
        return Err(Refusal::new(Exit::Moved, summary)
            .hint(worded!("take it back, or confirm it, with the spec of that state"))
            .into());
    }
    Ok(Some(run))
}

/// Refuses a run of a state in the same store that still has what is to be taken back: an interface is of one state of a store.
fn refuse_unless_given_up(other: &Other, run: &Run, project: &Project) -> Result<(), Refusal> {
    let Some(state) = other.recorded.state.as_ref().filter(|_| project.place.far().is_some()) else { return Ok(()) };
    let declared = declared(project);
    let touched = run.started.steps.iter().map(|step| Identity::of(&step.scope, &step.interface_id));
    let is_held = |touched: &Identity| {
        let ours = declared.iter().find(|ours| ours.id == touched.id && ours.scope.region == touched.scope.region);
        ours.is_some() && state.interfaces.of(touched).is_some_and(|(_, record)| !record.forgotten)
    };
    let Some(held) = touched.into_iter().find(is_held) else { return Ok(()) };
    let (run, held) = (run.id(), &held.id);
    let summary = worded!("run {run} is of another state of the same store, which still has {held}", run, held);
    Err(Refusal::new(Exit::Refused, summary).cause(other.medium.state_name()).hint(worded!(
        "take it back with the spec of that state, or apply that without the interface first: then it is given up"
    )))
}
