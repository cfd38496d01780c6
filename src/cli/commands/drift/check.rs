//! Checking specs: what is read of each, what was found, and how that is printed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Error, Result};
use jiff::Timestamp;

use crate::drift::{Drift, DriftCheck};
use crate::fleet::{Failed, Kept};
use crate::history::{self, Recorded};
use crate::news::Look;
use crate::ops::drift::{self as operation, Watching};
use crate::ops::notify::Watched;
use crate::ops::project::{Project, known, together};
use crate::ops::record::{self, Row};
use crate::ops::several::{Seen, connect_and_read_each};
use crate::ops::unmanaged::{self, Listed};
use crate::ops::who::{self, Lookups};
use crate::render;
use crate::render::topology::Topology;
use crate::render::words::next::Given;
use crate::resource::{Address, DriftPolicy, LiveState, Reading};

use super::super::super::args::{DriftArgs, Format, FormatArgs};
use super::super::super::output::Output;
use super::super::{Invocation, plan, unread};
use super::{Checked, tell};

/// What there is to print of a check beside what was found.
pub(super) struct Shown {
    /// What is odd about what is recorded.
    pub(super) notes: Vec<String>,
    /// What the next command is to be typed with.
    given: Given,
    /// The picture of a page.
    topology: Option<Topology>,
    /// Why nothing was found.
    pub(super) error: Option<Error>,
    /// Why what was found could not be kept.
    unrecorded: Option<Error>,
}

impl Shown {
    /// Returns what there is to print, and why what was found could not be kept.
    pub(super) fn apart(mut self) -> (Self, Option<Error>) {
        let unrecorded = self.unrecorded.take();
        (self, unrecorded)
    }
}

/// What is known of a spec before the cloud is asked.
struct Prepared {
    project: Project,
    /// `--at`, the moment that the spec is of.
    at: Option<Timestamp>,
    /// What is looked at, where that is not everything.
    chosen: Option<BTreeSet<Address>>,
    recorded: Recorded,
}

/// What several checks share.
struct Shared<'s> {
    arguments: &'s DriftArgs,
    invocation: &'s Invocation,
    /// The projects of which what no spec declares is wanted.
    others: Vec<Project>,
    listed: Listed,
    lookups: Lookups,
}

/// Reads what the specs declare, each account and region once for all of them, and checks each, in their order. What goes wrong with one keeps nobody from the others, but for what two
/// of them declare.
pub(super) async fn all(
    paths: &[PathBuf],
    arguments: &DriftArgs,
    invocation: &Invocation,
) -> Result<Vec<(Checked, Watched)>> {
    let loaded: Vec<Result<(Project, Option<Timestamp>)>> =
        paths.iter().map(|path| invocation.load_as_of(path, &arguments.at, false)).collect();
    let projects: Vec<&Project> = loaded.iter().flatten().map(|(project, _)| project).collect();
    together::check(&projects)?;
    projects.iter().try_for_each(|project| tell::check_place(arguments, &project.place))?;
    for (flag, path) in [("--metrics-file", &arguments.metrics_file), ("--junit", &arguments.junit)] {
        path.iter().try_for_each(|path| projects.iter().try_for_each(|project| project.refuse_own(flag, path)))?;
    }
    let others = projects.iter().filter(|_| arguments.unmanaged).map(|project| (*project).clone()).collect();
    let of_path = |(path, loaded): (&PathBuf, &Result<(Project, _)>)| {
        (path.clone(), loaded.as_ref().ok().map(|(project, _)| project.clone()))
    };
    let known: Vec<(PathBuf, Option<Project>)> = paths.iter().zip(&loaded).map(of_path).collect();
    let names = known::names(&known.iter().map(|(path, project)| (&**path, project.as_ref())).collect::<Vec<_>>());
    let prepared: Vec<Result<Prepared>> = loaded.into_iter().map(|loaded| prepare(loaded?, arguments)).collect();
    let wanted: Vec<&Project> = prepared.iter().flatten().map(|prepared| &prepared.project).collect();
    let mut seen = connect_and_read_each(&wanted, &invocation.access(), invocation.clock).await.into_iter();
    let (listed, lookups) = (Listed::default(), Lookups::default());
    let mut shared = Shared { arguments, invocation, others, listed, lookups };
    let mut all = Vec::new();
    for ((prepared, (path, project)), name) in prepared.into_iter().zip(known).zip(names) {
        let named = (name, path.as_path());
        let checked = match prepared {
            Ok(prepared) => {
                let seen = seen.next().expect("every spec that is known was read");
                shared.check(prepared, seen, &named).await
            }
            Err(error) => Err(error),
        };
        // What is not there has no memory either: a name that was mistyped leaves nothing behind.
        let anywhere = || unread::place(invocation, &path).ok().filter(|_| path.exists());
        let place = || project.map(|project| project.place).or_else(anywhere);
        all.push(
            checked.unwrap_or_else(|error| unchecked(&named, place(), error, (arguments, invocation.clock.now()))),
        );
    }
    Ok(all)
}

fn prepare((project, at): (Project, Option<Timestamp>), arguments: &DriftArgs) -> Result<Prepared> {
    let chosen = project.chosen(&arguments.selection.target, &arguments.selection.exclude)?;
    // Before the cloud is: what an apply records meanwhile is newer than what is compared with it.
    let recorded = history::read_at(&project.place)?;
    Ok(Prepared { project, at, chosen, recorded })
}

/// Says of a spec that it could not be checked, and leaves that beside its state where checks are recorded.
fn unchecked(
    (name, path): &(String, &Path),
    place: Option<crate::store::Place>,
    error: Error,
    (arguments, at): (&DriftArgs, Timestamp),
) -> (Checked, Watched) {
    let why = format!("{error:#}");
    let failed = || Failed { at, why: why.clone() };
    let recorded =
        place.iter().filter(|_| arguments.record).try_for_each(|place| record::record_failed(place, failed()));
    let unrecorded = recorded.err().map(Error::from);
    let outcome = Err(why);
    let check =
        DriftCheck { spec: name.clone(), path: path.display().to_string(), at, declared: BTreeMap::new(), outcome };
    let shown = Shown { notes: Vec::new(), given: Given::default(), topology: None, error: Some(error), unrecorded };
    (Checked { check, shown }, Watched { place, look: None, row: None })
}

impl Shared<'_> {
    async fn check(
        &mut self,
        prepared: Prepared,
        read: Result<Seen>,
        (name, path): &(String, &Path),
    ) -> Result<(Checked, Watched)> {
        let Self { arguments, invocation, .. } = *self;
        let Prepared { project, at, chosen, recorded } = prepared;
        let read = read?;
        let watching = Watching { at, poll_interval: invocation.global.poll_interval };
        let (cloud, looked) = (&*read.cloud, (&read.target, read.live));
        let (mut drift, mut seen) =
            operation::drift(&project, &recorded, cloud, looked, &invocation.clock, watching).await?;
        if let Some(chosen) = &chosen {
            drift.keep_to(&project.spec, chosen);
            seen.readings.retain(|address, _| chosen.contains(address));
        }
        let mut notes = plan::notes(&recorded);
        // All of it, whatever causes are asked for.
        let recorded_row = arguments.record.then(|| record(&project, &drift, &mut notes)).transpose();
        let (row, unrecorded) = recorded_row.map_or_else(|error| (None, Some(error)), |row| (row, None));
        let look = Look::of(&project.spec, &drift, chosen.as_ref(), arguments.causes.as_ref());
        if let Some(causes) = &arguments.causes {
            drift.keep_causes(causes);
        }
        if arguments.who {
            who::who(&mut drift, (&project, &recorded), cloud, &self.lookups).await?;
        }
        if arguments.unmanaged {
            let projects: Vec<&Project> = self.others.iter().collect();
            let number = (read.number, cloud);
            drift.unmanaged = Some(unmanaged::unmanaged(&project, &projects, number, &mut self.listed).await?);
        }
        let topology = (arguments.format.format() == Format::Html).then(|| Topology::new(&project.spec, &seen));
        let leaves_drift = project.spec.drift == DriftPolicy::Leave;
        let Given { file, .. } = invocation.given_about(path);
        let given = Given { file, leaves_drift, ..invocation.given_choice(&arguments.selection, &arguments.at) };
        let shown = Shown { notes, given, topology, error: None, unrecorded };
        let check = of((name, path), drift, &seen);
        Ok((Checked { check, shown }, Watched { place: Some(project.place), look: Some(look), row }))
    }
}

/// Keeps what was found beside the state, and returns what was there.
fn record(project: &Project, drift: &Drift, notes: &mut Vec<String>) -> Result<Kept> {
    let Row { kept, damaged } = record::read(&project.place)?;
    if let Some(detail) = damaged {
        let name = project.place.finding_name();
        notes.push(format!("warning: {name} could not be read ({detail}) and was replaced"));
    }
    record::record(project, drift, kept.clone())?;
    Ok(kept)
}

fn of((name, path): (&str, &Path), drift: Drift, seen: &LiveState) -> DriftCheck {
    let was_read = |reading: &Reading| !matches!(reading, Reading::Unreadable);
    let declared = seen.readings.iter().map(|(address, reading)| (address.clone(), was_read(reading))).collect();
    let path = path.display().to_string();
    DriftCheck { spec: name.to_owned(), path, at: drift.timestamp, declared, outcome: Ok(drift) }
}

/// Prints what was found of one spec.
pub(super) fn print(output: &Output, format: &FormatArgs, drift: &Drift, shown: &Shown) -> Result<()> {
    let view = output.view_of(format.full);
    output.print(|out| match format.format() {
        Format::Text => render::drift::text(out, drift, &shown.given, view),
        Format::Json => Ok(()),
        Format::Markdown => render::markdown::drift(out, drift, &shown.given),
        Format::Html => render::html::drift(out, drift, &shown.given, shown.topology.as_ref()),
    })
}
