//! Commands that change the cloud: apply and rollback.

use std::fs::{File, OpenOptions};
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::ops::apply::{self as operation, Applied, Approval, Ran, Session, Task};
use crate::ops::failure::{Exit, Refusal};
use crate::plan::{Plan, PlanFileError};
use crate::render;

use super::super::args::{ApplyArgs, Choice, RollbackArgs, RunArgs};
use super::super::errors::GUARDED;
use super::super::front::Screen;
use super::super::output::Output;
use super::super::signals;
use super::{Invocation, plan};

pub(super) async fn apply(arguments: &ApplyArgs, invocation: &Invocation, output: &Output) -> Result<u8> {
    let task = match &arguments.plan {
        Some(path) => {
            let Choice { target, exclude, allow_changes } = &arguments.choice;
            if !target.is_empty() || !exclude.is_empty() || allow_changes.is_some() {
                let refusal = Refusal::new(Exit::Error, "a saved plan is run as it is");
                let hint = "give --target, --exclude and --allow-changes to `rictl plan --out`";
                return Err(refusal.hint(hint).into());
            }
            let saved = read_plan(path)?;
            let blocks = saved.blocked.iter().map(|blocked| format!("{}: {}", blocked.address, blocked.detail));
            if saved.steps.is_empty() && !saved.is_empty() {
                let refusal = Refusal {
                    exit: Exit::Guarded,
                    summary: "the saved plan was refused when it was made".to_owned(),
                    causes: blocks.collect(),
                    hint: Some("see `rictl show` for the plan".to_owned()),
                };
                return Err(refusal.into());
            }
            Task::Saved(Box::new(saved))
        }
        None => Task::Fresh(plan::options(&arguments.choice, invocation)),
    };
    run(task, arguments.plan.is_some(), &arguments.run, invocation, output).await
}

pub(super) async fn rollback(arguments: &RollbackArgs, invocation: &Invocation, output: &Output) -> Result<u8> {
    let choice = Choice { allow_changes: arguments.allow_changes, ..Choice::default() };
    let task = Task::Rollback { run_id: arguments.run_id.clone(), options: plan::options(&choice, invocation) };
    run(task, false, &arguments.run, invocation, output).await
}

async fn run(task: Task, is_saved: bool, arguments: &RunArgs, invocation: &Invocation, output: &Output) -> Result<u8> {
    let signals = signals::listen().context("cannot listen for signals")?;
    let session = Session {
        project: invocation.load()?,
        access: invocation.access(),
        clock: invocation.clock,
        settings: invocation.settings(arguments),
        lock_timeout: invocation.global.lock_timeout,
        who: who(),
        salt: uuid::Uuid::new_v4().simple().to_string(),
    };
    let into = arguments.json_into.as_deref().map(open_lines).transpose()?;
    let mut screen = Screen::new(output, invocation.clock, arguments.json, into, invocation.global.input);
    // A saved plan was reviewed when it was saved, as in Terraform; a digest given beside it is still compared.
    let approval = Approval { auto: arguments.auto_approve || is_saved, digest: arguments.approve_digest.clone() };
    let applied = operation::apply(&session, task, approval, &mut screen, signals).await?;
    Ok(finish(&applied, arguments.json, output))
}

fn finish(applied: &Applied, json: bool, output: &Output) -> u8 {
    match applied {
        Applied::Declined => {
            output.show(|out| writeln!(out, "Apply cancelled."));
            0
        }
        Applied::Nothing(plan) if plan.is_errored() => Exit::Error as u8,
        Applied::Nothing(plan) if !plan.is_complete() => GUARDED,
        Applied::Nothing(_) => {
            if !json {
                output.show(|out| {
                    writeln!(out, "\nApply complete! Resources: 0 added, 0 changed, 0 destroyed.")?;
                    writeln!(out, "0 deactivated, 0 activated, 0 waited for; 0 blocked.")
                });
            }
            0
        }
        Applied::Ran(ran) => conclude(ran, json, output),
    }
}

fn conclude(ran: &Ran, json: bool, output: &Output) -> u8 {
    if !json {
        let view = output.view();
        output.show(|out| render::report::text(out, &ran.report, ran.plan.summary().blocked, view));
    }
    for line in &ran.unstable {
        output.say(&format!("unstable: {line}; run `rictl plan`"));
    }
    match &ran.rollback {
        Some(back) => {
            conclude(back, json, output);
            // What was asked for did not happen, whatever became of the way back.
            5
        }
        None => ran.exit_code(),
    }
}

/// Reads a saved plan.
pub(super) fn read_plan(path: &Path) -> Result<Plan> {
    let bytes = crate::store::read_file(path)?
        .ok_or_else(|| Refusal::new(Exit::Error, format!("there is no plan {}", path.display())))?;
    Plan::from_file(&bytes).map_err(|error: PlanFileError| {
        Refusal::new(Exit::Error, format!("cannot use the plan {}: {error}", path.display())).hint(error.hint()).into()
    })
}

fn open_lines(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(path)
        .with_context(|| format!("--json-into: cannot write {}", path.display()))
}

/// The user's name, for the lock and the journal.
pub(super) fn who() -> String {
    ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok()).unwrap_or_else(|| {
        let id = rustix::process::getuid().as_raw();
        format!("uid {id}")
    })
}
