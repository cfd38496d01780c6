//! `status`, once or again and again, and `whatif`.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::history::{self, Recorded};
use crate::language::worded;
use crate::ops::connection::{Connection, connect_and_look};
use crate::ops::failure::{Exit, Refusal};
use crate::ops::live;
use crate::ops::part::Sight;
use crate::ops::project::{Project, together};
use crate::ops::status::{self as operation, Shown};
use crate::ops::traffic;
use crate::overview::{self, GroupWithout, Overview};
use crate::plan::{PlanOptions, TrafficHeard};
use crate::render;
use crate::render::escape::escape_terminal;
use crate::render::status::Extent;
use crate::resource::{Address, Reading};
use crate::store::Place;

use super::super::args::{StatusArgs, WhatIfArgs};
use super::super::errors::{self, Machine};
use super::super::outlet;
use super::super::output::Output;
use super::super::watching::{self, Picture};
use super::{Invocation, plan};

/// One spec that is looked at, and what was read of it.
struct Look {
    project: Project,
    connection: Connection,
    shown: Shown,
    /// `None` for all.
    chosen: Option<BTreeSet<Address>>,
    /// What has to be read for that.
    sight: Sight,
}

pub(super) async fn status(arguments: &StatusArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    match arguments.watch {
        None => once(arguments, invocation, output).await,
        Some(interval) => {
            tokio::select! {
                outcome = watch(arguments, interval, invocation, output) => outcome,
                ended = watching::ended() => ended.map(|()| Exit::Done),
            }
        }
    }
}

async fn once(arguments: &StatusArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let paths = invocation.spec_paths();
    let loaded: Vec<Result<(Project, Recorded)>> =
        paths.iter().map(|path| recorded(path, arguments, invocation, output)).collect();
    let projects: Vec<&Project> = loaded.iter().flatten().map(|(project, _)| project).collect();
    together::check(&projects)?;
    let mut chosen = together::select(&projects, &arguments.selectors)?.into_iter();
    let (mut exit, mut all) = (Exit::Done, Vec::new());
    for (path, loaded) in paths.iter().zip(loaded) {
        let looked = async {
            let (project, recorded) = loaded?;
            let chosen = chosen.next().filter(|_| !arguments.selectors.is_empty());
            if chosen.as_ref().is_some_and(BTreeSet::is_empty) {
                return Ok(None);
            }
            let look = look(project, &recorded, chosen, invocation).await?;
            let mut overview = overview(&look, &recorded, arguments, invocation)?;
            let moment = overview.moment();
            errors::clashes(output, &look.project);
            errors::clashes_of_links(output, &look.project, look.shown.live(), moment);
            overview.traffic = traffic(&look, arguments, invocation).await;
            Ok(Some(overview))
        };
        let looked = match looked.await {
            Ok(looked) => looked,
            // One spec that cannot be looked at keeps nobody from the others.
            Err(error) if paths.len() > 1 => {
                exit = exit.worse(errors::report(&output.about(path), &error, Machine::None));
                continue;
            }
            Err(error) => return Err(error),
        };
        let Some(overview) = looked else { continue };
        exit = exit.worse(exit_code(&overview, arguments));
        if !arguments.json {
            output.print(|out| {
                if paths.len() > 1 {
                    writeln!(out, "# {}", escape_terminal(&path.display().to_string()))?;
                }
                render::status::text(out, &overview, extent(arguments), output.view())
            })?;
        }
        all.push(overview);
    }
    match (arguments.json, all.as_slice()) {
        (false, _) => {}
        (true, [one]) if paths.len() == 1 => output.print(|out| render::status::document(out, one))?,
        (true, all) => output.print(|out| render::status::documents(out, all))?,
    }
    Ok(exit)
}

/// A region that could not be read comes before a group that is not well.
fn exit_code(overview: &Overview, arguments: &StatusArgs) -> Exit {
    if !overview.unread.is_empty() {
        Exit::Error
    } else if arguments.detailed_exitcode && overview.broken_groups().next().is_some() {
        Exit::Changes
    } else {
        Exit::Done
    }
}

fn extent(arguments: &StatusArgs) -> Extent {
    if arguments.selectors.is_empty() { Extent::Unasked } else { Extent::Selected }
}

/// Reads a spec and what is recorded of it.
fn recorded(
    path: &Path,
    arguments: &StatusArgs,
    invocation: &Invocation,
    output: &Output,
) -> Result<(Project, Recorded)> {
    let (project, _) = invocation.load_as_of(path, &arguments.at, false)?;
    let recorded = plan::read(&project.place, &invocation.output_about(path, output))?;
    Ok((project, recorded))
}

/// Reaches the cloud and reads what a spec declares, a first time.
async fn look(
    project: Project,
    recorded: &Recorded,
    chosen: Option<BTreeSet<Address>>,
    invocation: &Invocation,
) -> Result<Look> {
    let sight = match &chosen {
        None => Sight::Whole,
        Some(chosen) => Sight::of_tied(&project, recorded, &chosen.iter().cloned().collect::<Vec<_>>()),
    };
    let (connection, read) = connect_and_look(&project, &invocation.access(), invocation.clock, &sight).await?;
    let shown = Shown::new(&project.spec, read);
    Ok(Look { project, connection, shown, chosen, sight })
}

/// Says how everything stands by what was read last and what is recorded now.
fn overview(look: &Look, recorded: &Recorded, arguments: &StatusArgs, invocation: &Invocation) -> Result<Overview> {
    let now = invocation.clock.now();
    let at = arguments.at.moment(&look.project.spec.time_zone, now)?;
    let options = PlanOptions { at, ..PlanOptions::of_all(now, Duration::ZERO) };
    let project = look.project.clone().as_of(options.moment());
    let mut overview = operation::overview(&project, recorded, (&look.connection.target, &look.shown), &options)?;
    if let Some(chosen) = &look.chosen {
        overview.keep_to(&project.spec, chosen);
    }
    Ok(overview)
}

/// Asks what is looked at carries, where that is wanted.
async fn traffic(look: &Look, arguments: &StatusArgs, invocation: &Invocation) -> Vec<TrafficHeard> {
    if !arguments.traffic {
        return Vec::new();
    }
    let is_chosen = |address: &Address| look.chosen.as_ref().is_none_or(|chosen| chosen.contains(address));
    let ends = traffic::ends(&look.project.spec, is_chosen);
    traffic::traffic(&look.connection.cloud, &ends, invocation.clock.now()).await
}

/// Looks again and again, until it is ended from outside or nobody reads.
async fn watch(arguments: &StatusArgs, interval: Duration, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let [path] = &together::once_each(invocation.spec_paths())[..] else {
        let refusal = Refusal::new(Exit::Error, worded!("a watch shows one spec, and several were given"));
        return Err(refusal.hint(worded!("watch each in a terminal of its own")).into());
    };
    let (project, mut recorded) = recorded(path, arguments, invocation, output)?;
    let chosen = match arguments.selectors.as_slice() {
        [] => None,
        some => Some(project.select(some)?.into_iter().collect()),
    };
    let mut look = look(project, &recorded, chosen, invocation).await?;
    let mut picture = if arguments.json { None } else { Picture::begin(output)? };
    while !outlet::has_failed() {
        let mut overview = overview(&look, &recorded, arguments, invocation)?;
        overview.traffic = traffic(&look, arguments, invocation).await;
        let extent = extent(arguments);
        match &mut picture {
            Some(picture) => picture.draw(&overview, extent, output),
            None if arguments.json => output.print(|out| render::status::document(out, &overview))?,
            None => output.print(|out| {
                render::status::text(out, &overview, extent, output.view())?;
                writeln!(out)
            })?,
        }
        tokio::time::sleep(interval).await;
        if outlet::has_failed() {
            break;
        }
        let again = look.sight.read(&look.project.spec, &look.connection.cloud, &invocation.clock).await;
        look.shown.take_in(&look.project.spec, again);
        // A state that is just being written is read at the next look.
        recorded = read_again(&look.project.place, recorded);
    }
    Ok(Exit::Done)
}

/// Reads what is recorded now; where that cannot be read, what was read before stands.
fn read_again(place: &Place, before: Recorded) -> Recorded {
    history::read_at(place).unwrap_or(before)
}

pub(super) async fn what_if(arguments: &WhatIfArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let (project, at) = invocation.load_as_of(&invocation.spec_path()?, &arguments.at, false)?;
    let down = operation::down(&project, &arguments.down)?;
    let sight = operation::sight(&project, &plan::read(&project.place, output)?, &down);
    let (connection, read) = connect_and_look(&project, &invocation.access(), invocation.clock, &sight).await?;
    operation::find(&project, &down.ids, &read, &connection.cloud).await?;
    let now = invocation.clock.now();
    let options = PlanOptions { at, ..PlanOptions::of_all(now, Duration::ZERO) };
    errors::clashes(output, &project);
    errors::clashes_of_links(output, &project, &read, options.moment());
    let failures = read.failures.clone();
    let live = live::as_of(&project.spec, read, &options);
    let groups = overview::without(&project.spec, &live, &down);
    for failure in &failures {
        output.say(&format!("error: cannot read {}: {}", failure.scope, failure.detail));
    }
    let view = output.view();
    output.print(|out| match arguments.json {
        true => render::whatif::document(out, &project.name, now, &groups),
        false => render::whatif::text(out, &groups, view),
    })?;
    let is_unread = live.readings.values().any(|reading| matches!(reading, Reading::Unreadable));
    Ok(if groups.iter().any(GroupWithout::falls) {
        Exit::Refused
    } else if is_unread {
        Exit::Error
    } else {
        Exit::Done
    })
}
