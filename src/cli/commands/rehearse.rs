//! `rehearse`: what the apply would do, on a copy of what is live; reads the cloud and changes nothing.

use anyhow::Result;
use jiff::Timestamp;

use crate::history::Recorded;
use crate::ops::asked::{self, Asked};
use crate::ops::connection::{Connection, connect_and_read};
use crate::ops::failure::{Exit, Refusal};
use crate::ops::live;
use crate::ops::project::Project;
use crate::ops::rehearse::{self as operation, Carried, Rehearsed, Rehearsing};
use crate::ops::session::{Applied, Task};
use crate::plan::{HealthRead, Plan, PlanInputs, PlanOptions, RoutesHeard};
use crate::render;
use crate::render::rehearsal::Rehearsal;
use crate::resource::LiveState;
use crate::run::Report;
use crate::spec::{HealthPolicy, LastRoutePolicy};
use crate::store::StoreError;

use super::super::args::{AtArgs, RehearseArgs};
use super::super::output::Output;
use super::{Invocation, apply, confirm, emulator, plan};

pub(super) async fn rehearse(arguments: &RehearseArgs, invocation: &Invocation, output: &Output) -> Result<Exit> {
    let task = apply::task(arguments.plan.as_deref(), &arguments.choice, invocation)?;
    let faults = arguments.faults.as_deref().map(emulator::faults_in).transpose()?.unwrap_or_default();
    let options = plan::options(&arguments.choice, invocation);
    let now = options.now;
    let asked = moment_of(&task, arguments, now)?;
    let (project, at) = invocation.load_planned(&asked)?;
    let options = PlanOptions { at, assumed_before: assumed_before(&task), ..options };
    project.check_choice(&options)?;
    let recorded = plan::read(&project.place, output)?;
    // An apply would not begin; and what is recorded by now is of the middle of a run.
    if let Some(holder) = &recorded.running {
        return Err(StoreError::locked(holder.clone()).into());
    }
    let (connection, read) = connect_and_read(&project, &invocation.access(), invocation.clock).await?;
    let accounts = connection.check_accounts(&project).await?;
    let is_saved = matches!(task, Task::Saved { .. });
    let look = Look { recorded: &recorded, connection: &connection, options, when_open: asked.is_open(), is_saved };
    let Seen { project, start, live, health, routes, carried } = look.at(project, read).await?;
    let session = invocation.session_of(project, invocation.settings_of(arguments.parallelism, arguments.on_error));
    let zone = session.project.spec.time_zone.clone();
    let assumed_time = operation::assumed_time(session.settings.settle_timeout);
    let rehearsing = Rehearsing {
        session,
        task: as_of(task, start),
        again: arguments.choice.again,
        start,
        target: connection.target.clone(),
        accounts,
        live,
        health,
        carried: if start > now { Carried::Nothing } else { carried },
        routes,
        faults,
    };
    let rehearsed = operation::rehearse(rehearsing).await?;
    rehearsed.notes.iter().for_each(|note| output.say(&render::words::rehearsal::note(note)));
    if let Applied::TookBack(backs) = &rehearsed.applied {
        output.say(&render::words::confirmation::came_first(backs.len(), &invocation.given().plan()));
    }
    let exit = exit_of(&rehearsed);
    let (plan, report, way_back) = told(&rehearsed.applied);
    let rehearsal = Rehearsal {
        at: start,
        is_later: start > now,
        zone: &zone,
        plan,
        report,
        way_back,
        duration: rehearsed.duration,
        assumed: &rehearsed.assumed,
        assumed_time,
        groups: &rehearsed.groups,
        exit,
    };
    let (view, given) = (output.view(), invocation.given());
    output.print(|out| match arguments.json {
        true => render::rehearsal::document(out, &rehearsal),
        false => render::rehearsal::text(out, &rehearsal, &given, view),
    })?;
    Ok(exit)
}

/// Returns as of when to look: a saved plan of a later moment is of that.
fn moment_of(task: &Task, arguments: &RehearseArgs, now: Timestamp) -> Result<AtArgs> {
    let Task::Saved { plan, .. } = task else { return Ok(arguments.at.clone()) };
    if arguments.at.is_open() {
        let refusal = Refusal::new(Exit::Error, "--at open: a saved plan is of its own moment");
        return Err(refusal.hint("`rictl rehearse PLAN` rehearses it as of then").into());
    }
    let own = plan.at.filter(|at| *at > now && arguments.at.typed().is_none());
    Ok(own.map_or_else(|| arguments.at.clone(), AtArgs::of))
}

/// Returns up to when a saved plan takes what begins and ends as done.
fn assumed_before(task: &Task) -> Option<Timestamp> {
    if let Task::Saved { plan, .. } = task { plan.inputs.assumed_before } else { None }
}

/// What a look at the cloud rests on.
struct Look<'a> {
    recorded: &'a Recorded,
    connection: &'a Connection,
    options: PlanOptions,
    when_open: bool,
    is_saved: bool,
}

/// What it has found.
struct Seen {
    project: Project,
    /// When the rehearsal begins.
    start: Timestamp,
    live: LiveState,
    health: Vec<HealthRead>,
    carried: Carried,
    routes: RoutesHeard,
}

impl Look<'_> {
    /// Plans as `plan` does, for what that asks the cloud beyond its statuses, and for when windows open.
    async fn at(self, project: Project, read: LiveState) -> Result<Seen> {
        let (Connection { cloud, target, .. }, mut options) = (self.connection, self.options);
        let limits = &project.spec.limits;
        let is_limited = limits.quiet_below.is_some();
        options.traffic |= is_limited;
        // A saved plan says itself what it rests on; only the last moment before a call asks for the rest once more.
        let is_asked_again =
            limits.health == HealthPolicy::Block || limits.last_route() == LastRoutePolicy::Block || is_limited;
        if self.is_saved && !is_asked_again {
            live::check_target(self.recorded.state_for(target), target, &project)?;
            let live = live::as_of(&project.spec, read, &options);
            let (health, routes, carried) = (Vec::new(), RoutesHeard::default(), Carried::Nothing);
            return Ok(Seen { start: options.moment(), project, live, health, routes, carried });
        }
        let asked = Asked { options: &options, when_open: self.when_open };
        let (project, plan, read) = asked::plan(project, self.recorded, cloud, (target, read), asked).await?;
        let assumed_before = plan.inputs.assumed_before.or(options.assumed_before);
        let options = PlanOptions { at: plan.at, assumed_before, ..options };
        let live = live::as_of(&project.spec, read, &options);
        let carried = plan.traffic.iter().filter_map(|traffic| {
            let id = project.spec.interfaces.get(&traffic.address)?.id.value.clone();
            Some((id, (traffic.in_bps, traffic.out_bps)))
        });
        let carried = Carried::AsMeasured(carried.collect());
        let PlanInputs { health, routes, .. } = plan.inputs;
        Ok(Seen { start: options.moment(), project, live, health, routes, carried })
    }
}

/// Returns the task as it will be then.
fn as_of(task: Task, start: Timestamp) -> Task {
    let then = |options: PlanOptions| PlanOptions { now: start, at: None, ..options };
    match task {
        Task::Fresh(options) => Task::Fresh(then(options)),
        Task::Saved { plan, options } => Task::Saved { plan, options: then(options) },
        other => other,
    }
}

/// Returns the code that the apply would exit with.
fn exit_of(rehearsed: &Rehearsed) -> Exit {
    match &rehearsed.applied {
        Applied::Nothing(plan) => plan::exit_code(plan, false),
        Applied::TookBack(backs) => confirm::exit_of(backs),
        Applied::Ran(ran) => ran.exit(),
        Applied::TakenBack { .. } | Applied::Declined => Exit::Done,
    }
}

/// Returns what is to be told: the plan, its run, and the way back; of runs that nobody had confirmed in time, the first.
fn told(applied: &Applied) -> (Option<&Plan>, Option<&Report>, Option<&Report>) {
    match applied {
        Applied::Nothing(plan) => (Some(plan), None, None),
        Applied::Ran(ran) => (Some(&ran.plan), Some(&ran.report), ran.rollback.as_ref().map(|back| &back.report)),
        Applied::TookBack(backs) => (None, None, backs.iter().find_map(|back| Some(&back.came.ran()?.report))),
        Applied::TakenBack { .. } | Applied::Declined => (None, None, None),
    }
}
