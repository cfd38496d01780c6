//! `drift`: for people, and for a timer that watches several specs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use jiff::Timestamp;

use crate::drift::{Drift, DriftCheck};
use crate::history::{self, Recorded};
use crate::ops::drift::{self as operation, Watching};
use crate::ops::failure::{Exit, Refusal};
use crate::ops::notify;
use crate::ops::project::{Project, together};
use crate::ops::record::{self, Row};
use crate::ops::several::{Seen, connect_and_read_each};
use crate::ops::shared_file::{self, Access};
use crate::ops::unmanaged::{self, Listed};
use crate::ops::who::{self, Lookups};
use crate::render;
use crate::render::escape::escape_terminal;
use crate::render::topology::Topology;
use crate::render::words::next::Given;
use crate::resource::{Address, DriftPolicy, LiveState, Reading};

use super::super::args::{DriftArgs, Format, FormatArgs, Selection};
use super::super::errors::{self, Machine};
use super::super::output::Output;
use super::super::streams;
use super::{Invocation, plan};

/// What is known of a spec before the cloud is asked.
struct Prepared {
    project: Project,
    /// `--at`, the moment that the spec is of.
    at: Option<Timestamp>,
    /// What is looked at, where that is not everything.
    chosen: Option<BTreeSet<Address>>,
    recorded: Recorded,
}

/// A spec, and what was read of it.
type Read = Result<(Prepared, Seen)>;

pub(super) async fn drift(arguments: &DriftArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let paths = invocation.spec_paths();
    let format = arguments.format.format();
    if paths.len() > 1 && format == Format::Html {
        let refusal = Refusal::new(Exit::Error, "a page shows one spec, and several were given");
        return Err(refusal.hint("run drift once for each, or use --format text, json or markdown").into());
    }
    let files = [("--metrics-file", arguments.metrics_file.as_deref()), ("--junit", arguments.junit.as_deref())];
    streams::check(streams::document_of(&arguments.format), &files)?;
    refuse_part_to_record(arguments)?;
    let machine = if format == Format::Json { Machine::Document } else { Machine::None };
    let read = read(&paths, arguments, invocation).await?;
    let given = read.iter().flatten().filter(|_| arguments.unmanaged);
    let others: Vec<Project> = given.map(|(prepared, _)| prepared.project.clone()).collect();
    let (mut moved, mut failed) = (false, None);
    let (mut listed, lookups) = (Listed::default(), Lookups::default());
    let mut checks = Vec::new();
    for (path, read) in paths.iter().zip(read) {
        let spec = path.display().to_string();
        if paths.len() > 1 && format == Format::Text {
            output.print(|out| writeln!(out, "# {}", escape_terminal(&spec)))?;
        }
        let (check, machine, error) =
            match check(path, read, (&others, &mut listed, &lookups), (arguments, invocation, output)).await {
                // The document is out; what went wrong after it is for people.
                Ok((check, error)) => (check, Machine::None, error),
                Err(error) => {
                    let (at, outcome) = (invocation.clock.now(), Err(format!("{error:#}")));
                    (DriftCheck { spec: whole(path), at, declared: BTreeMap::new(), outcome }, machine, Some(error))
                }
            };
        if let Some(error) = error {
            // One spec that cannot be checked keeps nobody from looking at the others.
            if paths.len() > 1 && check.outcome.is_err() {
                let why = format!("{error:#}");
                let view = output.view();
                output.print(|out| match format {
                    Format::Text => render::drift::unchecked(out, &why, view),
                    Format::Markdown => render::markdown::unchecked(out, &spec, &why),
                    Format::Json | Format::Html => Ok(()),
                })?;
            }
            let code = errors::report(output, &error, machine);
            failed.get_or_insert(code);
        }
        if let Ok(drift) = &check.outcome {
            moved |= drift.has_moved();
            failed = failed.or((!drift.failures.is_empty()).then_some(Exit::Error));
        }
        checks.push(check);
    }
    for error in report(arguments, &checks) {
        let code = errors::report(output, &error, Machine::None);
        failed.get_or_insert(code);
    }
    Ok(failed.unwrap_or(if moved { Exit::Changes } else { Exit::Done }))
}

/// What is kept beside a state is about all of it, and about now: a part would show the rest as it should be.
fn refuse_part_to_record(arguments: &DriftArgs) -> Result<(), Refusal> {
    let Selection { target, exclude } = &arguments.selection;
    let parts = [
        ("--target", !target.is_empty()),
        ("--exclude", !exclude.is_empty()),
        ("--at", arguments.at.typed().is_some()),
    ];
    match parts.iter().find(|(_, is_given)| arguments.record && *is_given) {
        Some((flag, _)) => {
            let refusal = Refusal::new(
                Exit::Error,
                format!("--record keeps what all of a spec is now, and {flag} looks at something else"),
            );
            Err(refusal.hint(format!("record without {flag}, or look without --record")))
        }
        None => Ok(()),
    }
}

/// Reads what the specs declare: each account and region once for all of them. What goes wrong is told when the turn of its
/// spec comes, but for what two of them declare.
async fn read(paths: &[PathBuf], arguments: &DriftArgs, invocation: &Invocation) -> Result<Vec<Read>> {
    let load = |path: &PathBuf| invocation.load_as_of(path, &arguments.at, false);
    let projects: Vec<Result<(Project, Option<Timestamp>)>> = paths.iter().map(load).collect();
    if projects.len() > 1 {
        together::check(&projects.iter().flatten().map(|(project, _)| project).collect::<Vec<_>>())?;
    }
    let prepared = projects.into_iter().map(|project| {
        let (project, at) = project?;
        let chosen = project.chosen(&arguments.selection.target, &arguments.selection.exclude)?;
        // Before the cloud is: what an apply records meanwhile is newer than what is compared with it.
        let recorded = history::read_at(&project.place)?;
        Ok(Prepared { project, at, chosen, recorded })
    });
    let prepared: Vec<Result<Prepared>> = prepared.collect();
    let known: Vec<&Project> = prepared.iter().flatten().map(|prepared| &prepared.project).collect();
    let mut seen = connect_and_read_each(&known, &invocation.access(), invocation.clock).await.into_iter();
    let with = |prepared: Result<Prepared>| {
        let prepared = prepared?;
        let seen = seen.next().expect("every spec that is known was read")?;
        Ok((prepared, seen))
    };
    Ok(prepared.into_iter().map(with).collect())
}

/// Checks one spec and prints what was found; what went wrong after that stands beside it.
async fn check(
    path: &Path,
    read: Read,
    (others, listed, lookups): (&[Project], &mut Listed, &Lookups),
    (arguments, invocation, output): (&DriftArgs, &Invocation, &Output),
) -> Result<(DriftCheck, Option<anyhow::Error>)> {
    let (Prepared { project, at, chosen, recorded }, read) = read?;
    plan::say_notes(&recorded, output);
    let watching = Watching { at, poll_interval: invocation.global.poll_interval };
    let (cloud, looked) = (&*read.cloud, (&read.target, read.live));
    let (mut drift, mut seen) =
        operation::drift(&project, &recorded, cloud, looked, &invocation.clock, watching).await?;
    if let Some(chosen) = &chosen {
        drift.keep_to(&project.spec, chosen);
        seen.readings.retain(|address, _| chosen.contains(address));
    }
    if arguments.who {
        who::who(&mut drift, (&project, &recorded), cloud, lookups).await?;
    }
    if arguments.unmanaged {
        let projects: Vec<&Project> = others.iter().collect();
        drift.unmanaged = Some(unmanaged::unmanaged(&project, &projects, (read.number, cloud), listed).await?);
    }
    let topology = (arguments.format.format() == Format::Html).then(|| Topology::new(&project.spec, &seen));
    let leaves_drift = project.spec.drift == DriftPolicy::Leave;
    let given = Given { leaves_drift, ..invocation.given_choice(&arguments.selection, &arguments.at) };
    print(output, &arguments.format, &drift, &given, topology.as_ref())?;
    let told = match &arguments.notify_command {
        Some(command) => notify::notify(&project, &drift, command, invocation.environment.children()).await,
        None => Ok(()),
    };
    let recorded = if arguments.record { record(&project, &drift, output) } else { Ok(()) };
    Ok((of(path, drift, &seen), recorded.and(told).err()))
}

/// Keeps what was found beside the state.
fn record(project: &Project, drift: &Drift, output: &Output) -> Result<()> {
    let Row { kept, damaged } = record::read(&project.place)?;
    if let Some(detail) = damaged {
        let name = project.place.finding_name();
        output.say(&format!("warning: {name} could not be read ({detail}) and was replaced"));
    }
    Ok(record::record(project, drift, kept)?)
}

/// Names a spec in the files of a host, where checks from several directories meet.
fn whole(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

fn of(path: &Path, drift: Drift, seen: &LiveState) -> DriftCheck {
    let was_read = |reading: &Reading| !matches!(reading, Reading::Unreadable);
    let declared = seen.readings.iter().map(|(address, reading)| (address.clone(), was_read(reading))).collect();
    DriftCheck { spec: whole(path), at: drift.timestamp, declared, outcome: Ok(drift) }
}

fn print(
    output: &Output,
    format: &FormatArgs,
    drift: &Drift,
    given: &Given,
    topology: Option<&Topology>,
) -> Result<()> {
    let view = output.view_of(format.full);
    output.print(|out| match format.format() {
        Format::Text => render::drift::text(out, drift, given, view),
        Format::Json => render::drift::document(out, drift),
        Format::Markdown => render::markdown::drift(out, drift, given),
        Format::Html => render::html::drift(out, drift, given, topology),
    })
}

/// Writes the files that were asked for, each that can be, and returns why the others could not.
fn report(arguments: &DriftArgs, checks: &[DriftCheck]) -> Vec<anyhow::Error> {
    let metrics = arguments.metrics_file.as_ref().map(|path| {
        let mut text = Vec::new();
        render::metrics::drift(&mut text, checks)?;
        shared_file::write(path, &text, Access::Others, true)
    });
    let junit = arguments.junit.as_ref().map(|path| {
        let mut text = Vec::new();
        render::junit::drift(&mut text, checks)?;
        shared_file::write(path, &text, Access::Others, true)
    });
    [metrics, junit].into_iter().flatten().filter_map(Result::err).collect()
}
