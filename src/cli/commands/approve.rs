//! `approve`, and `apply --approved`, which runs what was approved once its time has come.

use std::path::Path;

use anyhow::Result;

use crate::calendar::{self, Toward};
use crate::diagnostic::{Diagnostic, Sources};
use crate::language::{Wording, say, worded};
use crate::ops::approval::{self, Kept, Waiting};
use crate::ops::approve::{self as operation, Approving};
use crate::ops::approved::{self, Standing};
use crate::ops::asked::Asked;
use crate::ops::failure::{Exit, Refusal};
use crate::ops::project::together;
use crate::ops::session::{Approval, Session, Task};
use crate::ops::shared_file::{self, Before};
use crate::plan::DigestAt;
use crate::render;
use crate::render::escape::escape_terminal;
use crate::render::words::approval as words;

use super::super::args::{ApplyArgs, ApproveArgs, AtArgs, Selection};
use super::super::errors::{self, Machine};
use super::super::output::Output;
use super::super::who::who;
use super::apply::{self, Work};
use super::{Invocation, plan};

pub(super) async fn approve(arguments: &ApproveArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let mut options = plan::options(&arguments.choice, invocation);
    let mut asked = arguments.at.clone();
    let digest = match arguments.what.parse::<DigestAt>() {
        Ok(word) => word.digest,
        Err(error) if arguments.what.starts_with("sha256:") => {
            return Err(Refusal::new(Exit::Error, Wording::new(|| error.to_string())).into());
        }
        Err(_) => {
            let Selection { target, exclude } = &arguments.choice.selection;
            if !target.is_empty() || !exclude.is_empty() || asked != AtArgs::default() {
                let refusal = Refusal::new(Exit::Error, worded!("a saved plan is approved as it is"));
                return Err(refusal.hint(worded!("give --at, --target and --exclude to `rictl plan --out`")).into());
            }
            let saved = apply::read_plan(Path::new(&arguments.what))?;
            apply::refuse_of_the_past(&saved, Path::new(&arguments.what))?;
            options = options.chosen_by(&saved);
            asked = saved.at.map(AtArgs::of).unwrap_or_default();
            saved.digest()
        }
    };
    let (project, at) = invocation.load_planned(&asked)?;
    options.at = at;
    project.check_choice(&options)?;
    let (zone, now) = (project.spec.time_zone.clone(), invocation.clock.now());
    let expires = arguments.expires.as_ref().map(|text| {
        let read = calendar::read(text, &zone, now, Toward::Future);
        read.map_err(|error| Refusal::new(Exit::Error, worded!("--expires {text}: {error}", text, error)))
    });
    let planned = Asked { options: &options, when_open: asked.is_open() };
    let approving = Approving { digest: &digest, planned, by: who(), expires: expires.transpose()? };
    let kept = operation::approve(project, &invocation.access(), invocation.clock, approving).await?;
    let next = invocation.given().next("apply --approved");
    let lines = output.spoken(|| {
        let [by, due] = words::kept(&kept.plan, &kept.by, kept.plan.at, kept.expires);
        let refused = words::held_elsewhere(&kept.plan).map(|says| output.retold(&says));
        [by, due, words::loosened(&kept.plan).or(refused).unwrap_or_else(|| words::runs_by(&next))]
    });
    output.print(|out| lines.iter().try_for_each(|line| writeln!(out, "{}", escape_terminal(line))))?;
    Ok(Exit::Done)
}

/// Runs what is due of each spec; of each approval that does not run it says why.
pub(super) async fn approved(arguments: &ApplyArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    apply::check_streams(&arguments.run)?;
    invocation.robot_of(arguments.notify)?;
    let paths = invocation.spec_paths();
    if let Some(path) = arguments.run.json_into.as_deref().filter(|path| !shared_file::is_stream(path)) {
        let projects = paths.iter().filter_map(|spec| invocation.load_from(spec).ok());
        projects.into_iter().try_for_each(|project| project.refuse_own("--json-into", path))?;
        apply::open_lines(path, Before::Dropped).await?;
    }
    if let [path] = paths.as_slice() {
        return of_spec(path, arguments, invocation, output).await;
    }
    let projects: Vec<_> = paths.iter().filter_map(|path| invocation.load_from(path).ok()).collect();
    together::check(&projects.iter().collect::<Vec<_>>())?;
    let mut worst = Exit::Done;
    for path in &paths {
        output.say(&format!("# {}", path.display()));
        let output = &output.about(path);
        let exit = match of_spec(path, arguments, invocation, output).await {
            Ok(exit) => exit,
            // What is wrong with one spec keeps nobody from the others.
            Err(error) => errors::report(output, &error, machine(arguments)),
        };
        worst = worst.worse(exit);
        if exit == Exit::Interrupted {
            break;
        }
    }
    Ok(worst)
}

fn machine(arguments: &ApplyArgs) -> Machine {
    if arguments.run.json { Machine::Lines } else { Machine::None }
}

async fn of_spec(path: &Path, arguments: &ApplyArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let project = invocation.load_from(path)?;
    approved::judgeable(&project)?;
    let (mut worst, mut is_any_due) = (Exit::Done, false);
    let Waiting { kept, unusable } = approval::waiting(&project.place)?;
    for error in &unusable {
        worst = worst.worse(errors::report(output, error, machine(arguments)));
    }
    if kept.is_empty() && unusable.is_empty() && project.place.files().is_some_and(|paths| !paths.state.exists()) {
        output.say(output.spoken(words::no_state));
    }
    for kept in kept {
        let (digest, by) = (kept.plan.digest(), &kept.by);
        let name = Wording::new(|| words::name(&digest, by));
        let zone = &kept.plan.time_zone;
        // The one before may have taken its time.
        let standing = approved::standing(&project, &kept, &who(), invocation.clock.now())?;
        is_any_due |= !matches!(standing, Standing::Early | Standing::Expired | Standing::Ran(_));
        let is_over = matches!(standing, Standing::Expired | Standing::Ran(_));
        let (said, exit) = match standing {
            Standing::Early => (Wording::new(|| words::early(kept.due(), zone)), Exit::Done),
            Standing::Expired => (Wording::new(|| words::expired(kept.expires, zone)), Exit::Done),
            Standing::Ran(run) => (Wording::new(|| words::ran(&run)), Exit::Done),
            Standing::AtWork(run) => (Wording::new(|| words::at_work(&run)), Exit::Done),
            Standing::Failed(run, exit) => (Wording::new(|| words::failed(&run, exit)), Exit::Moved),
            Standing::Own => (Wording::new(|| words::own(&who())), Exit::Refused),
            Standing::Due => {
                output.say(&output.spoken(|| name.to_string()));
                let exit = run(path, kept, arguments, invocation, output).await?;
                worst = worst.worse(exit);
                if exit == Exit::Interrupted {
                    break;
                }
                continue;
            }
        };
        if is_over {
            kept.put_by(&project.place)?;
        }
        let text = Wording::new(|| format!("{name}{}{said}", say!(": ")));
        if arguments.run.json {
            let reason = Diagnostic::warning(text.english());
            output.show(|out| render::events::diagnostic(out, invocation.clock.now(), &Sources::default(), &reason));
        }
        output.say(&output.spoken(|| text.to_string()));
        worst = worst.worse(exit);
    }
    match (is_any_due, arguments.run.json) {
        (true, _) => {}
        (false, true) => output.say(output.spoken(words::nothing_due)),
        (false, false) => output.show(|out| writeln!(out, "{}", output.spoken(words::nothing_due))),
    }
    Ok(worst)
}

/// Runs one that is due, as `apply PLAN` does, and puts it by where that is the end of it.
async fn run(path: &Path, kept: Kept, arguments: &ApplyArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let options = plan::options(&arguments.choice, invocation);
    let task = Task::Saved { plan: Box::new(kept.plan.clone()), options };
    let approval = Approval { by: Some(kept.by.clone()), ..Approval::default() };
    let session = invocation.session_of(invocation.load_from(path)?, invocation.settings(&arguments.run));
    let session = Session { confirm_within: arguments.confirm_within, ..session };
    let place = session.project.place.clone();
    let given = invocation.given_about(path);
    let robot = invocation.robot_of(arguments.notify)?;
    let work = Work { signals: apply::listen()?, session, task, approval, given, robot };
    let error = match apply::run(work, &arguments.run, invocation, output).await {
        Ok(ended) => {
            if !ended.has_run {
                output.say(output.spoken(words::spent));
            }
            if ended.exit == Exit::Done {
                kept.put_by(&place)?;
            }
            return Ok(ended.exit);
        }
        Err(error) => error,
    };
    let exit = errors::report(output, &error, machine(arguments));
    if matches!(exit, Exit::Refused | Exit::Moved) {
        let kept_as = place.files().map(|_| place.approval_name(&kept.name));
        let zone = &kept.plan.time_zone;
        output.say(&output.spoken(|| words::tried_until(kept.expires, zone, kept_as.as_deref())));
    }
    // What a guard refuses, or what has moved, may be tried at every call until it expires.
    Ok(if exit == Exit::Refused { Exit::Moved } else { exit })
}
