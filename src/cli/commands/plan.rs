//! `plan`: reads the cloud and changes nothing.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::alibaba::credentials::Identities;
use crate::bounds;
use crate::history::{self, Recorded};
use crate::language::{self, Wording, say, worded};
use crate::ops::asked::{self, Asked};

use crate::ops::connection::connect_and_look;
use crate::ops::failure::{Exit, Refusal};
use crate::ops::part::Sight;
use crate::ops::shared_file::{self, Access};
use crate::ops::{check, checkout, live};
use crate::plan::{Plan, PlanOptions};
use crate::render;
use crate::render::html::Around;
use crate::render::topology::Topology;
use crate::render::words::next::Given;
use crate::resource::DriftPolicy;
use crate::store::Place;
use crate::store::named::{self, Links, NamedError};

use super::super::args::{Choice, DriftArg, Format, FormatArgs, PlanArgs};
use super::super::output::Output;
use super::super::streams;
use super::Invocation;

pub(super) async fn plan(arguments: &PlanArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    streams::check(streams::document_of(&arguments.format), &[("--out", arguments.out.as_deref())])?;
    let when_open = arguments.at.is_open();
    let (project, at) = invocation.load_planned(&arguments.at)?;
    let options = PlanOptions { at, traffic: arguments.traffic, ..options(&arguments.choice, invocation) };
    project.check_choice(&options)?;
    let recorded = read_quietly(&project.place, output)?;
    // A page draws everything that is declared.
    let is_page = arguments.format.format() == Format::Html;
    let sight = if is_page { Sight::Whole } else { Sight::of_plan(&project, &recorded, &options)? };
    let (connection, read) = connect_and_look(&project, &invocation.access(), invocation.clock, &sight).await?;
    let (cloud, target) = (&connection.cloud, (&connection.target, read));
    let asked = Asked { options: &options, when_open };
    let identities = connection.identities();
    let (project, mut plan, seen) = asked::plan(project, &recorded, cloud, target, asked).await?;
    let children = invocation.environment.children();
    plan.warnings.extend(check::missing(&plan, &project, children));
    if let Some(path) = &arguments.out {
        save(path, &plan, arguments.force).await?;
    }
    // What went through a pipe or a device nobody finds there again.
    let saved = arguments.out.as_deref().filter(|path| !shared_file::is_stream(path));
    let saved = saved.map(|path| path.display().to_string());
    let given = Given { saved, ..invocation.given() };
    // Only a page draws it, and it takes as long as the plan.
    let as_of = PlanOptions { at: plan.at, ..options.clone() };
    let drawn = if is_page {
        Some(live::as_of(&project.spec, seen, &as_of))
    } else {
        std::mem::forget(seen);
        None
    };
    let topology = drawn.as_ref().map(|seen| Topology::new(&project.spec, seen));
    if let Some(Identities { used, passed_over }) = &identities {
        let line = output.spoken(|| render::words::identity::two(used, passed_over));
        match arguments.format.format() {
            Format::Text => output.print(|out| writeln!(out, "{}", render::escape::escape_terminal(&line)))?,
            _ => output.say(&line),
        }
    }
    let commit = if is_page { checkout::commit_of(&project, children).await } else { None };
    let around = Around { topology: topology.as_ref(), commit: commit.as_ref() };
    print(output, &arguments.format, &plan, &given, around)?;
    if let (Some(path), Format::Text) = (&arguments.out, arguments.format.format()) {
        let name = path.display();
        let text = output.spoken(|| match shared_file::is_stream(path) {
            true => say!("Wrote the plan into {name}, which is no file to apply.", name),
            false => say!("Saved the plan to {name}.", name),
        });
        output.print(|out| writeln!(out, "{}", render::escape::escape_terminal(&text)))?;
    }
    let code = exit_code(&plan, arguments.detailed_exitcode);
    // The process ends here: taking a large plan apart, piece by piece, is for nobody.
    std::mem::forget((project, recorded, plan, connection));
    Ok(code)
}

/// 1 if a region could not be read, 3 if something wanted cannot be had, 2 for changes if asked for.
pub(super) fn exit_code(plan: &Plan, detailed: bool) -> Exit {
    if plan.is_errored() {
        Exit::Error
    } else if !plan.is_complete() {
        Exit::Refused
    } else if detailed && !plan.is_empty() {
        Exit::Changes
    } else {
        Exit::Done
    }
}

/// Prints a plan; `given` is what the command was typed with.
pub(super) fn print(
    output: &Output,
    format: &FormatArgs,
    plan: &Plan,
    given: &Given,
    around: Around<'_>,
) -> Result<()> {
    let view = output.view_of(format.full);
    output.print(|out| match format.format() {
        Format::Text => render::plan::text(out, plan, given, view),
        Format::Json => render::plan::document(out, plan),
        Format::Markdown => render::markdown::plan(out, plan, given),
        Format::Html => render::html::plan(out, plan, given, around),
    })
}

pub(super) fn options(choice: &Choice, invocation: &Invocation) -> PlanOptions {
    let now = invocation.clock.now();
    PlanOptions {
        targets: choice.selection.target.clone(),
        excludes: choice.selection.exclude.clone(),
        allow_changes: choice.allow_changes,
        override_window: choice.override_window.clone(),
        redo: choice.redo,
        drift: choice.drift.map(|drift| match drift {
            DriftArg::Fix => DriftPolicy::Fix,
            DriftArg::Leave => DriftPolicy::Leave,
        }),
        allow_forgotten: choice.allow_forgotten,
        allow_last_route: choice.allow_last_route.iter().cloned().collect(),
        ..PlanOptions::of_all(now, invocation.global.settle_timeout)
    }
}

/// Reads what is recorded and says what is odd about it, but for who is at work: a plan or a drift check says that itself.
pub(super) fn read_quietly(place: &Place, output: &Output) -> Result<Recorded> {
    let recorded = history::read_at(place)?;
    say_notes(&recorded, output);
    Ok(recorded)
}

/// Reads what is recorded and says what is odd about it.
pub(super) fn read(place: &Place, output: &Output) -> Result<Recorded> {
    let recorded = read_quietly(place, output)?;
    if let Some(holder) = &recorded.running {
        output.say(&output.spoken(|| say!("note: a run is going on: {holder}", holder)));
    }
    Ok(recorded)
}

/// Says what is odd about what is recorded, but for who is at work.
pub(super) fn say_notes(recorded: &Recorded, output: &Output) {
    notes(recorded).iter().for_each(|note| output.say(note));
}

/// Says what is odd about what is recorded, but for who is at work; a line each.
pub(super) fn notes(recorded: &Recorded) -> Vec<String> {
    let noted = |note| render::words::report::noted(&render::words::history::note(note));
    recorded.notes.iter().map(|note| language::speak(language::reader(), || noted(note))).collect()
}

/// Saves a plan; a file that is something else is not overwritten, a pipe or a device is written into.
async fn save(path: &Path, plan: &Plan, force: bool) -> Result<()> {
    let shown = path.display();
    let refuse =
        |what: Wording, hint: Wording| Err(Refusal::new(Exit::Error, worded!("--out: {what}", what)).hint(hint).into());
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            return refuse(worded!("{shown} is not a regular file", shown), worded!("choose another name"));
        }
        Ok(metadata) if metadata.is_file() && !force => {
            let is_plan = match named::read(path, Links::Followed, bounds::STATE_BYTES) {
                Ok(bytes) => bytes.is_empty() || Plan::from_any_file(&bytes).is_ok(),
                // Larger than any plan.
                Err(NamedError::TooLarge(_)) => false,
                Err(error) => return Err(error).with_context(|| worded!("cannot read {shown}", shown)),
            };
            if !is_plan {
                let what = worded!("{shown} is there and is not a plan", shown);
                return refuse(what, worded!("choose another name, or use --force"));
            }
        }
        _ => {}
    }
    if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.is_dir()) {
        let what = worded!("there is no directory {directory}", directory = directory.display());
        return refuse(what, worded!("make it first"));
    }
    shared_file::hand_over(path, render::plan::to_file(plan).into_bytes(), Access::Owner, true).await
}
