//! `drift`: for people, and for a timer that watches several specs and says one thing of all of them.

mod check;
mod tell;

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::drift::DriftCheck;
use crate::language::worded;
use crate::ops::failure::{Exit, Refusal, exit_of};
use crate::ops::notify::Watched;
use crate::ops::shared_file::{self, Access};
use crate::render;
use crate::render::drift::Ended;
use crate::render::escape::escape_terminal;

use super::super::args::{DriftArgs, Format, Selection};
use super::super::errors::{self, Machine};
use super::super::output::Output;
use super::super::streams;
use super::Invocation;

use check::Shown;
use tell::Listening;

/// What became of one spec, and what there is to print of it.
struct Checked {
    check: DriftCheck,
    shown: Shown,
}

pub(super) async fn drift(arguments: &DriftArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let paths = invocation.spec_paths();
    let format = arguments.format.format();
    if paths.len() > 1 && format == Format::Html {
        let refusal = Refusal::new(Exit::Error, worded!("a page shows one spec, and several were given"));
        return Err(refusal.hint(worded!("run drift once for each, or use --format text, json or markdown")).into());
    }
    let files = [("--metrics-file", arguments.metrics_file.as_deref()), ("--junit", arguments.junit.as_deref())];
    streams::check(streams::document_of(&arguments.format), &files)?;
    refuse_part_to_record(arguments)?;
    let robot = invocation.robot_of(arguments.channels.notify)?;
    let (mut checks, shown, mut watched) = check_each(&paths, arguments, invocation).await?;
    let listening = Listening::new(arguments, invocation, robot.as_ref());
    let heard = listening.hear(&mut checks, &mut watched);
    let is_shown = !arguments.channels.quiet || heard.is_news_to_reader() || has_no_memory(&watched);
    let over = || heard.over_for_reader(&checks);
    // What programs read is English.
    let over = if format == Format::Json { over() } else { output.spoken(over) };
    let (shown, unrecorded): (Vec<Shown>, Vec<Option<anyhow::Error>>) = shown.into_iter().map(Shown::apart).unzip();
    let mut failed = show(&checks, (shown, over), (arguments, is_shown), output)?;
    let told = heard.tell(&checks, &watched).await;
    let unrecorded = paths.iter().zip(unrecorded).filter_map(|(path, error)| Some((path, error?)));
    for (path, error) in unrecorded {
        let code = errors::report(&invocation.output_about(path, output), &error, Machine::None);
        failed.get_or_insert(code);
    }
    for error in told.into_iter().chain(report(arguments, &checks).await) {
        let code = errors::report(output, &error, Machine::None);
        failed.get_or_insert(code);
    }
    let has_moved = checks.iter().flat_map(|check| &check.outcome).any(|drift| drift.has_moved());
    Ok(failed.unwrap_or(if has_moved { Exit::Changes } else { Exit::Done }))
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
                worded!("--record keeps what all of a spec is now, and {flag} looks at something else", flag),
            );
            Err(refusal.hint(worded!("record without {flag}, or look without --record", flag)))
        }
        None => Ok(()),
    }
}

/// Checks the specs, in their order.
async fn check_each(
    paths: &[PathBuf],
    arguments: &DriftArgs,
    invocation: &Invocation,
) -> Result<(Vec<DriftCheck>, Vec<Shown>, Vec<Watched>)> {
    let all = check::all(paths, arguments, invocation).await?;
    let (mut checks, mut shown, mut watched) = (Vec::new(), Vec::new(), Vec::new());
    for (Checked { check, shown: of_check }, of_memory) in all {
        checks.push(check);
        shown.push(of_check);
        watched.push(of_memory);
    }
    Ok((checks, shown, watched))
}

/// Returns whether nobody can know of a spec whether it was told.
fn has_no_memory(watched: &[Watched]) -> bool {
    watched.iter().any(|watched| watched.place.is_none())
}

/// Prints what was found, if anything is to be printed, and returns the code of the first spec that could not be checked whole.
fn show(
    checks: &[DriftCheck],
    (shown, over): (Vec<Shown>, Option<Vec<Ended>>),
    (arguments, is_shown): (&DriftArgs, bool),
    output: &Output,
) -> Result<Option<Exit>> {
    let format = arguments.format.format();
    let is_one = checks.len() == 1;
    let mut failed = None;
    for (check, of_check) in checks.iter().zip(&shown) {
        let about = if is_one { output.clone() } else { output.about(Path::new(&check.path)) };
        if is_shown {
            of_check.notes.iter().for_each(|note| about.say(note));
            if !is_one && format == Format::Text {
                output.print(|out| writeln!(out, "# {}", escape_terminal(&check.path)))?;
            }
        }
        match (&check.outcome, &of_check.error) {
            (Ok(drift), _) => {
                failed = failed.or((!drift.failures.is_empty()).then_some(Exit::Error));
                if is_shown && format != Format::Json {
                    check::print(output, &arguments.format, drift, of_check)?;
                }
            }
            (Err(_), Some(error)) if is_shown => {
                unchecked(check, error, (format, is_one), output)?;
                let machine = if is_one && format == Format::Json { Machine::Document } else { Machine::None };
                failed = failed.or(Some(errors::report(&about, error, machine)));
            }
            (Err(_), error) => failed = failed.or(Some(error.as_ref().map_or(Exit::Error, exit_of))),
        }
    }
    if is_shown {
        conclude(checks, over, format, output)?;
    }
    Ok(failed)
}

/// Prints the one document of all specs, or below their pages what is over.
fn conclude(checks: &[DriftCheck], over: Option<Vec<Ended>>, format: Format, output: &Output) -> Result<()> {
    let view = output.view();
    output.print(|out| match (format, checks, over) {
        // Its error is a document of its own.
        (Format::Json, [DriftCheck { outcome: Err(_), .. }], _) => Ok(()),
        (Format::Json, checks, Some(over)) => render::drift::told(out, checks, &over),
        (Format::Json, [DriftCheck { outcome: Ok(drift), .. }], None) => render::drift::document(out, drift),
        (Format::Json, checks, None) => render::drift::documents(out, checks),
        (Format::Text, checks, Some(over)) => {
            over.iter().try_for_each(|ended| render::drift::over(out, ended, checks.len() == 1, view))
        }
        (Format::Text | Format::Markdown | Format::Html, ..) => Ok(()),
    })
}

/// Says of one of several specs that it could not be checked: it keeps nobody from looking at the others.
fn unchecked(
    check: &DriftCheck,
    error: &anyhow::Error,
    (format, is_one): (Format, bool),
    output: &Output,
) -> Result<()> {
    if is_one {
        return Ok(());
    }
    let view = output.view();
    output.print(|out| match format {
        Format::Text => render::drift::unchecked(out, &output.spoken(|| format!("{error:#}")), view),
        Format::Markdown => render::markdown::unchecked(out, &check.path, &format!("{error:#}")),
        Format::Json | Format::Html => Ok(()),
    })
}

/// Writes the files that were asked for, each that can be, and returns why the others could not.
async fn report(arguments: &DriftArgs, checks: &[DriftCheck]) -> Vec<anyhow::Error> {
    let mut failed = Vec::new();
    if let Some(path) = &arguments.metrics_file {
        failed.extend(put(path, |out| render::metrics::drift(out, checks)).await.err());
    }
    if let Some(path) = &arguments.junit {
        failed.extend(put(path, |out| render::junit::drift(out, checks)).await.err());
    }
    failed
}

async fn put(path: &Path, write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Result<()> {
    let mut text = Vec::new();
    write(&mut text)?;
    shared_file::hand_over(path, text, Access::Others, true).await
}
