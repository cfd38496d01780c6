//! Commands that change the cloud: apply and rollback.

use std::fmt::Display;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::history;
use crate::journal::Operation;
use crate::language::{Wording, say, word, worded};
use crate::ops::apply as operation;
use crate::ops::confirm as confirming;
use crate::ops::failure::{Exit, Refusal};
use crate::ops::locked::unless_signalled;
use crate::ops::project::known;
use crate::ops::rollback::Loosened;
use crate::ops::session::{Applied, Approval, Ran, Session, TakenBack, Task};
use crate::ops::shared_file::{self, Before};
use crate::plan::{Plan, PlanFileError};
use crate::render;
use crate::render::words::next::Given;
use crate::robot::Robot;
use crate::state::RunId;
use crate::store::StoreError;

use super::super::args::{ApplyArgs, AtArgs, Choice, RollbackArgs, RunArgs, Selection};
use super::super::front::Screen;
use super::super::front::herald::Herald;
use super::super::outlet::Lines;
use super::super::output::Output;
use super::super::signals;
use super::super::streams;
use super::unread::{self, Footing};
use super::{Invocation, confirm, plan};

/// What is to be done, how that is approved, and who listens for signals meanwhile.
pub(super) struct Work {
    pub(super) signals: signals::Signals,
    pub(super) session: Session,
    pub(super) task: Task,
    pub(super) approval: Approval,
    /// What it was typed with.
    pub(super) given: Given,
    /// Who is told beside whoever watches.
    pub(super) robot: Option<Robot>,
}

pub(super) async fn apply(arguments: &ApplyArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    check_streams(&arguments.run)?;
    let robot = invocation.robot_of(arguments.notify)?;
    let signals = listen()?;
    let task = task(arguments.plan.as_deref(), &arguments.choice, invocation)?;
    let ApplyArgs { max_age, choice: Choice { again, .. }, .. } = *arguments;
    let approval = Approval { max_age, again, ..approval(&arguments.run) };
    let session = invocation.session(invocation.settings(&arguments.run))?;
    let session = Session { confirm_within: arguments.confirm_within, ..session };
    let given = invocation.given_plan(&arguments.choice, &AtArgs::default());
    let work = Work { signals, session, task, approval, given, robot };
    Ok(run(work, &arguments.run, invocation, output).await?.exit)
}

/// Returns what is to be done: exactly what a file says, or what the spec wants now.
pub(super) fn task(plan: Option<&Path>, choice: &Choice, invocation: &Invocation) -> Result<Task> {
    let options = plan::options(choice, invocation);
    let Some(path) = plan else { return Ok(Task::Fresh(options)) };
    let Selection { target, exclude } = &choice.selection;
    if !target.is_empty() || !exclude.is_empty() {
        let refusal = Refusal::new(Exit::Error, worded!("a saved plan is run as it is"));
        return Err(refusal.hint(worded!("give --target and --exclude to `rictl plan --out`")).into());
    }
    let saved = read_plan(path)?;
    refuse_exposed(path)?;
    refuse_of_the_past(&saved, path)?;
    if saved.steps.is_empty() && !saved.is_empty() {
        return Err(refused_when_made(&saved, path).into());
    }
    Ok(Task::Saved { plan: Box::new(saved), options })
}

fn approval(arguments: &RunArgs) -> Approval {
    Approval { auto: arguments.auto_approve, digest: arguments.approve_digest.clone(), ..Approval::default() }
}

pub(super) async fn rollback(arguments: &RollbackArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    check_streams(&arguments.run)?;
    let signals = listen()?;
    let choice = Choice {
        allow_changes: arguments.allow_changes,
        allow_last_route: arguments.allow_last_route.clone(),
        ..Choice::default()
    };
    let RollbackArgs { with_rollout, force_superseded, undeclared, .. } = *arguments;
    let loosened = Loosened { with_rollout, force_superseded, undeclared };
    let (project, what) = match unread::footing(arguments, invocation, output)? {
        Footing::Spec(project) => {
            let run = || TakenBack::Run(arguments.run_id.clone());
            (project, arguments.change.clone().map_or_else(run, TakenBack::Change))
        }
        // Another run may be the last by the time that the lock is had; this is the one whose guards hold.
        Footing::OfRun(project, run_id) => (project, TakenBack::Run(run_id.to_string())),
        Footing::NothingLeft => {
            Screen::new(output, invocation.clock, arguments.run.json, None, false).nothing_to_take_back(None);
            return Ok(Exit::Done);
        }
    };
    let session = invocation.session_of(project, invocation.settings(&arguments.run));
    let task = Task::Rollback { what, loosened, options: plan::options(&choice, invocation) };
    let approval = Approval { again: arguments.again, ..approval(&arguments.run) };
    let given = invocation.given();
    Ok(run(Work { signals, session, task, approval, given, robot: None }, &arguments.run, invocation, output)
        .await?
        .exit)
}

pub(super) fn check_streams(arguments: &RunArgs) -> Result<()> {
    streams::check(arguments.json.then_some("--json"), &[("--json-into", arguments.json_into.as_deref())])
}

pub(super) fn listen() -> Result<signals::Signals> {
    signals::listen().with_context(|| worded!("cannot listen for signals"))
}

pub(super) async fn run(work: Work, arguments: &RunArgs, invocation: &Invocation, output: &Output) -> Result<Ended> {
    let Work { signals: signals::Signals { count: signals, terminal }, session, task, approval, given, robot } = work;
    if let Task::Fresh(options) = &task {
        session.project.check_choice(options)?;
    }
    let runs_no_check = matches!(task, Task::Rollback { loosened: Loosened { with_rollout: false, .. }, .. });
    if !runs_no_check {
        session.access.trust.check_programs(&session.project.spec)?;
    }
    let into = match &arguments.json_into {
        Some(path) => {
            session.project.refuse_own("--json-into", path)?;
            // Of several approvals each adds its own.
            let before = if approval.by.is_some() { Before::Kept } else { Before::Dropped };
            Some(unless_signalled(&signals, open_lines(path, before)).await?)
        }
        None => None,
    };
    // Only for how long a step may take: what is wrong with the files the apply itself says.
    let records = || {
        let state = history::read_at(&session.project.place).ok().and_then(|recorded| recorded.state);
        state.map(|state| state.interfaces).unwrap_or_default()
    };
    let screen = Screen::new(output, invocation.clock, arguments.json, into, invocation.global.input);
    let screen = screen.with_records(records).outliving(terminal).full(arguments.full).given(given.clone());
    let known = known::names(&[(Path::new(&session.project.name), Some(&session.project))]).concat();
    let mut front = Herald::new(screen, robot, known, (output, invocation.clock));
    let (doing, is_of_approval) = (task.operation(), approval.by.is_some());
    let again = match &task {
        Task::Rollback { what: TakenBack::Run(run_id), .. } => given.rollback(&RunId(run_id.as_str().into())),
        Task::Rollback { what: TakenBack::Change(change), .. } => given.command(&format!("rollback --change {change}")),
        Task::TakeBack { run_id } => given.rollback(run_id),
        Task::Fresh(_) | Task::Saved { .. } => given.plan(),
    };
    let applied = operation::apply(&session, task, approval, &mut front, signals.clone()).await;
    let applied = match applied {
        Ok(Applied::Ran(ran)) => {
            let again = |run_id: &RunId| confirm::way_back(&session, run_id, invocation, output);
            Ok(Applied::Ran(Box::new(
                confirming::see_through(*ran, &session, again, &mut front, signals.clone()).await,
            )))
        }
        applied => applied,
    };
    let mut screen = front.close(&signals).await;
    let ended = applied.and_then(|applied| {
        let has_run = matches!(applied, Applied::Ran(_));
        let is_spent = is_of_approval && matches!(&applied, Applied::Nothing(plan) if plan.is_complete());
        let exit = match applied {
            _ if is_spent => Exit::Done,
            Applied::Nothing(plan) if !plan.is_complete() => return Err(nothing_possible(&plan, &again).into()),
            applied => finish(&applied, doing, &mut screen, output, &given),
        };
        Ok(Ended { exit, has_run })
    });
    screen.let_go(signals).await;
    ended
}

/// How a task ended.
pub(super) struct Ended {
    /// The exit code.
    pub(super) exit: Exit,
    /// Whether there was a run.
    pub(super) has_run: bool,
}

fn finish(applied: &Applied, operation: Operation, screen: &mut Screen<'_>, output: &Output, given: &Given) -> Exit {
    match applied {
        Applied::Declined => {
            let cancelled = output.spoken(|| say!("{name} cancelled.", name = render::words::report::name(operation)));
            output.show(|out| writeln!(out, "{cancelled}"));
            Exit::Done
        }
        Applied::TookBack(backs) => {
            let exit = confirm::exit_of(backs);
            output.say(&output.spoken(|| render::words::confirmation::came_first(backs.len(), &given.plan())));
            exit
        }
        Applied::TakenBack { run_id } => {
            screen.nothing_to_take_back(run_id.as_ref());
            Exit::Done
        }
        Applied::Nothing(_) => {
            screen.nothing_to_do(operation);
            Exit::Done
        }
        Applied::Ran(ran) => conclude(ran, output, given),
    }
}

/// Says that a plan holds no step although something is wanted, or something could not be read.
/// `again` is the command that plans it again.
fn nothing_possible(plan: &Plan, again: &str) -> Refusal {
    if plan.is_errored() {
        let refusal = Refusal::new(Exit::Error, worded!("nothing was done: not everything could be read"));
        return refusal.hint(worded!("`{again}` tries again", again));
    }
    let summary = worded!(
        "nothing was done: what is wanted of {blocked} is blocked",
        blocked = render::counted(plan.blocked.len(), say!("interface"))
    );
    Refusal::new(Exit::Refused, summary).hint(worded!("lift what the plan names, then run `{again}`", again))
}

/// Says what became of the way back, and returns the exit code: what stands in the history of the run.
fn conclude(ran: &Ran, output: &Output, given: &Given) -> Exit {
    let exit = ran.exit();
    if let Some(back) = &ran.rollback {
        let is_back = back.report.exit() == Some(Exit::Done);
        output.say(&output.spoken(|| {
            let (verdict, next) = match is_back {
                true => (say!("what the apply did was taken back"), given.plan()),
                false => (say!("not all of the apply could be taken back"), given.rollback(&ran.report.run_id)),
            };
            say!("{verdict} (exit code {exit}); run `{next}`", verdict, exit, next)
        }));
    }
    exit
}

/// Says why a saved plan holds nothing that can be run.
fn refused_when_made(plan: &Plan, path: &Path) -> Refusal {
    let detail = |blocked| Wording::new(|| render::words::plan::blocked(plan, blocked));
    let details = plan.blocked.iter().map(|blocked| (&blocked.address, detail(blocked)));
    let causes: Vec<Wording> = details
        .collect::<Vec<_>>()
        .chunk_by(|(_, detail), (_, next)| detail == next)
        .map(|alike| {
            let addresses: Vec<&str> = alike.iter().map(|(address, _)| address.as_str()).collect();
            let (addresses, (_, detail)) = (addresses.join(", "), &alike[0]);
            Wording::new(|| format!("{addresses}: {detail}"))
        })
        .collect();
    let summary = worded!("the saved plan {path} was refused when it was made", path = path.display());
    let refusal = Refusal::new(Exit::Refused, summary);
    let refusal = causes.into_iter().fold(refusal, Refusal::cause);
    refusal.hint(worded!("lift what blocks it, then run `rictl plan --out FILE` again"))
}

/// Reads a saved plan that is to be run, or approved.
pub(super) fn read_plan(path: &Path) -> Result<Plan> {
    read_saved(path, Plan::from_file)
}

/// Reads a saved plan that is to be shown; one of an older format as well.
pub(super) fn read_any_plan(path: &Path) -> Result<Plan> {
    read_saved(path, Plan::from_any_file)
}

fn read_saved(path: &Path, read: fn(&[u8]) -> Result<Plan, PlanFileError>) -> Result<Plan> {
    let unusable = |what: &dyn Display| {
        Refusal::new(Exit::Error, worded!("cannot use the plan {path}: {what}", path = path.display(), what))
    };
    let bytes = match crate::store::read_file(path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            let refusal = unusable(&worded!("there is no such file"));
            let hint = worded!(
                "saved plans are made with `rictl plan --out FILE`; a part of the spec is named with --target, another spec with -f"
            );
            return Err(refusal.hint(hint).into());
        }
        Err(StoreError::NotAFile { what, .. }) => {
            let refusal = unusable(&worded!("it is {what}", what = word(what)));
            return Err(refusal.hint(worded!("name the regular file that --out wrote")).into());
        }
        Err(error) => return Err(error.into()),
    };
    let hint = render::words::plan::plan_file_hint;
    read(&bytes).map_err(|error| unusable(&error).hint(Wording::new(|| hint(&error))).into())
}

/// Refuses a plan that shows what was asked for at a moment that was over when it was made.
pub(super) fn refuse_of_the_past(plan: &Plan, path: &Path) -> Result<(), Refusal> {
    if !plan.looks_back() {
        return Ok(());
    }
    let summary = worded!("the plan {path} is as of a moment that was over when it was made", path = path.display());
    Err(Refusal::new(Exit::Moved, summary).hint(worded!("plan again: `rictl plan --out FILE`")))
}

/// Refuses a plan that anybody on this host could have written: its checksum proves no reviewer.
fn refuse_exposed(path: &Path) -> Result<()> {
    let mode = std::fs::metadata(path)?.permissions().mode();
    if mode & 0o002 == 0 {
        return Ok(());
    }
    let path = path.display();
    let refusal = Refusal::new(Exit::Error, worded!("cannot use the plan {path}: anybody can write to it", path));
    Err(refusal.hint(worded!("review it with `rictl show {path}`, then `chmod o-w {path}`", path)).into())
}

/// Opens what `--json-into` names; of a pipe that waits for its reader.
pub(super) async fn open_lines(path: &Path, before: Before) -> Result<Lines> {
    let name = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || shared_file::lines(&name, before)).await;
    let doing = || worded!("--json-into: cannot write {path}", path = path.display());
    Ok(Lines::into_file(opened.with_context(doing)?.with_context(doing)?))
}
