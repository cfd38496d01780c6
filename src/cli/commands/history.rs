//! `history` and `report`: what past runs tell, of one spec or several.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::clock::BootTime;
use crate::diagnostic::Diagnostics;
use crate::ops::evidence;
use crate::ops::history::listing::{self, Source, Unread, Wanted};
use crate::ops::project::{Project, refuse_records, together};
use crate::ops::shared_file::{self, Access};
use crate::render;
use crate::render::history::Extent;
use crate::render::past::PastRun;
use crate::render::ticket::{Ticket, csv, document};
use crate::resource::ChangeName;
use crate::run::Exit;
use crate::state::RunId;

use super::super::args::{HistoryArgs, HistoryFormat, ReportArgs, ReportFormat};
use super::super::errors::{self, Machine};
use super::super::output::Output;
use super::{Invocation, plan, unread};

pub(super) fn history(arguments: &HistoryArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    // What selectors mean is in the spec.
    let (sources, failed) = sources(invocation, output, !arguments.selectors.is_empty())?;
    let now = invocation.clock.now();
    let wanted = |source: &Source| {
        let zone = source.project.as_ref().map(|project| project.spec.time_zone.clone()).unwrap_or_default();
        let (since, until) = arguments.span(&zone, now)?;
        let change = arguments.change.as_deref().map(|change| ChangeName::from(change).to_string());
        let limit = arguments.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(Wanted { since, until, change, who: arguments.who.clone(), limit })
    };
    let (runs, unread) = match &arguments.run {
        Some(name) => (listing::one(&sources, name, &arguments.selectors, wanted)?, Vec::new()),
        None => listing::runs(&sources, &arguments.selectors, wanted)?,
    };
    let uptime = BootTime::now().uptime();
    let runs: Vec<PastRun> = runs.into_iter().map(|run| PastRun::from(run).as_of(now, uptime.as_ref())).collect();
    if let Some(change) = arguments.change.as_deref().filter(|_| runs.is_empty())
        && unread.is_empty()
        && let Some(near) = evidence::near_change(&sources, change)?
    {
        output.say(&format!("note: {}", render::words::history::no_change(change, &near)));
    }
    let extent = if arguments.asks_for_some() { Extent::Some } else { Extent::All };
    let view = output.view();
    let errors: Vec<(RunId, String)> =
        unread.iter().map(|Unread { run_id, error }| (run_id.clone(), error.to_string())).collect();
    output.print(|out| match arguments.format() {
        HistoryFormat::Text if runs.is_empty() && !errors.is_empty() => Ok(()),
        HistoryFormat::Text => render::history::list(out, &runs, extent, view),
        HistoryFormat::Json => render::history::list_document(out, &runs, &several(&sources), &errors),
        HistoryFormat::Ndjson => render::history::list_lines(out, &runs),
    })?;
    let exit = failed.worse(if unread.is_empty() { Exit::Done } else { Exit::Error });
    for Unread { error, .. } in unread {
        let Diagnostics { sources, findings } = errors::diagnose(&error.into());
        errors::draw(output, &sources, &findings);
    }
    Ok(exit)
}

pub(super) async fn report(arguments: &ReportArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let format = arguments.format()?;
    let (sources, failed) = sources(invocation, output, false)?;
    if let Some(path) = arguments.output() {
        sources.iter().try_for_each(|source| match &source.project {
            Some(project) => project.refuse_own("--output", path),
            None => refuse_records(&source.place, "--output", path),
        })?;
    }
    let parts = evidence::gather(&sources, &arguments.names)?;
    let ticket = Ticket::of(parts, several(&sources), invocation.clock.now(), BootTime::now().uptime().as_ref());
    let mut text = Vec::new();
    match format {
        ReportFormat::Markdown => render::markdown::ticket(&mut text, &ticket, &invocation.given()),
        ReportFormat::Html => render::html::ticket(&mut text, &ticket, &invocation.given()),
        ReportFormat::Csv => {
            if arguments.output().is_some() {
                text.extend(csv::BYTE_ORDER_MARK.as_bytes());
            }
            csv::write(&mut text, &ticket)
        }
        ReportFormat::Json => document::write(&mut text, &ticket),
    }?;
    match arguments.output() {
        Some(path) => shared_file::hand_over(path, text, Access::Others, true).await?,
        None => output.print(|out| out.write_all(&text))?,
    }
    Ok(failed)
}

/// Names the specs that were given, where several were.
fn several(sources: &[Source]) -> BTreeSet<String> {
    sources.iter().filter(|_| sources.len() > 1).map(|source| source.name.clone()).collect()
}

/// Reads what is recorded of each spec; of one that cannot be read as well, unless `needs_specs`. Of several, what is wrong with
/// one is said, and keeps nobody from the others.
fn sources(invocation: &Invocation, output: &Output, needs_specs: bool) -> Result<(Vec<Source>, Exit)> {
    let paths = invocation.spec_paths();
    let (mut sources, mut failed) = (Vec::with_capacity(paths.len()), Vec::new());
    for path in &paths {
        match source(path, invocation, &invocation.output_about(path, output), needs_specs) {
            Ok(source) => sources.push(source),
            Err(error) if paths.len() == 1 => return Err(error),
            Err(error) => failed.push((path, error)),
        }
    }
    let projects: Vec<&Project> = sources.iter().filter_map(|source| source.project.as_ref()).collect();
    together::check(&projects)?;
    let say = |(path, error): &(&PathBuf, anyhow::Error)| errors::report(&output.about(path), error, Machine::None);
    let exit = failed.iter().map(say).fold(Exit::Done, Exit::worse);
    Ok((sources, exit))
}

/// Reads what is recorded of a spec; of one that cannot be read as well, unless `needs_spec`.
pub(super) fn source(path: &Path, invocation: &Invocation, output: &Output, needs_spec: bool) -> Result<Source> {
    let (place, project) = match invocation.load_from(path) {
        Ok(project) => (project.place.clone(), Some(project)),
        Err(error) if needs_spec => return Err(error),
        Err(error) => (unread::records_of(path, error, invocation, output)?, None),
    };
    let recorded = plan::read(&place, output)?;
    Ok(Source { name: path.display().to_string(), files: place.medium(), place, recorded, project })
}
