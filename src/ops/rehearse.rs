//! `rehearse`: the very run that an apply would be, on a world in memory made from what is live, on virtual time.
//!
//! Everything an apply goes through from its lock on is [`Locked`]; here it is handed an emulated cloud, whose transitions take
//! what is recorded, and a store over the real one that keeps what is written to itself. It runs on a thread and a runtime of its
//! own whose clock jumps to whatever comes next, so that hours take no time and nobody else's clock stands still.
//!
//! `world` builds the world, `lowest` counts on it what the run did to the groups.

mod lowest;
mod world;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use tokio::sync::{oneshot, watch};

use crate::clock::Clock;
use crate::emulator::{Fault, InProcess, World};
use crate::history::{self, Pace};
use crate::language::worded;
use crate::plan::{Action, Goal, HealthRead, Plan, RoutesHeard, Step, StepId};
use crate::resource::{AccountId, AccountName, Call, LiveState, Target};
use crate::retry::{Policy, Quota, Retrying};
use crate::run::{Event, Lowest, Report};
use crate::state::{Identity, Records};
use crate::store::Medium;
use crate::store::lock::Holder;
use crate::store::overlay::Overlay;

use self::world::{AsRead, Ground};
use super::apply;
use super::connection::{unusable_faults, unusable_seed};
use super::locked::Locked;
use super::session::{Applied, Approval, Front, Ran, Session, Task};

pub use lowest::lowest;
pub use world::{Carried, assumed_time};

/// What delays are drawn from: the same rehearsal twice says the same.
const SEED: u64 = 0;

/// What the run of a large spec needs at the depth of its futures, with room to spare.
const STACK_BYTES: usize = 16 << 20;

/// What is rehearsed, and on what ground.
#[derive(Debug)]
pub struct Rehearsing {
    /// Everything that the run would be made of; its project is that of `start`, and its clock is not asked.
    pub session: Session,
    /// What would be done.
    pub task: Task,
    /// Whether what was used already may be run once more.
    pub again: bool,
    /// When it begins.
    pub start: Timestamp,
    /// Whose interfaces.
    pub target: Target,
    /// The accounts behind the names of the spec.
    pub accounts: BTreeMap<AccountName, AccountId>,
    /// What is live, as a plan of `start` takes it.
    pub live: LiveState,
    /// What health checks said.
    pub health: Vec<HealthRead>,
    /// What interfaces carry.
    pub carried: Carried,
    /// What was read of routes.
    pub routes: RoutesHeard,
    /// What is to go wrong.
    pub faults: Vec<Fault>,
}

/// What a rehearsal came to.
#[derive(Debug)]
pub struct Rehearsed {
    /// How the apply ended. What it is said to have got from the API has no RequestId.
    pub applied: Applied,
    /// How long it took, from the lock to the last record.
    pub duration: Duration,
    /// Of which steps no time is recorded, so that [`assumed_time`] was taken; those of a way back as well.
    pub assumed: Vec<StepId>,
    /// How far down each group went, by name.
    pub groups: Vec<Lowest>,
    /// What would have been said meanwhile.
    pub notes: Vec<String>,
    /// What it left of its world.
    pub world: World,
}

/// Rehearses beside the files of a project, which are read and not locked.
///
/// # Errors
/// Everything that would end the apply before its run begins; faults that name what is not there.
pub async fn rehearse(rehearsing: Rehearsing) -> Result<Rehearsed> {
    let (done, outcome) = oneshot::channel();
    let work = move || {
        let files = rehearsing.session.project.place.medium();
        let rehearsed = Overlay::over(files).map_err(Into::into).and_then(|medium| on_virtual_time(rehearsing, medium));
        // Whoever asked may have been told to stop meanwhile.
        drop(done.send(rehearsed));
    };
    let thread = std::thread::Builder::new().name("rehearsal".to_owned()).stack_size(STACK_BYTES);
    thread.spawn(work).context("cannot start a thread")?;
    outcome.await.context("bug: the rehearsal did not come to its end")?
}

/// Rehearses on this thread, on whatever is recorded in `medium`.
///
/// # Errors
/// As [`rehearse`].
pub fn on_virtual_time(rehearsing: Rehearsing, medium: impl Medium) -> Result<Rehearsed> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().context("cannot make a runtime")?;
    runtime.block_on(run(rehearsing, medium))
}

async fn run(rehearsing: Rehearsing, medium: impl Medium) -> Result<Rehearsed> {
    let Rehearsing { session, task, again, start, target, accounts, live, health, routes, carried, faults } =
        rehearsing;
    let clock = Clock::starting_at(start);
    let session = Session { clock, ..session };
    let run_id = session.run_id(task.operation());
    let holder = Holder::this_process(session.who.clone(), "rehearse".to_owned(), Some(run_id.clone()), start);
    let (store, mut recorded) = history::open(medium, &holder)?;
    let mut audience = Audience::default();
    let has_taken_along = apply::take_along(&session, &mut recorded, &target, &mut audience)?;
    let records = recorded.state_for(&target).map(|state| state.interfaces.clone()).unwrap_or_default();
    let spec = &session.project.spec;
    let (pace, assumed_time) = (Pace::of(&records), assumed_time(session.settings.settle_timeout));
    let (accounts, pace) = (&accounts, &pace);
    let ground = Ground { spec, live: &live, health: &health, routes: &routes, accounts, pace, assumed_time };
    let world = built(&ground, session.access.quota, start, faults)?;
    let world = Rc::new(RefCell::new(world));
    let face = ground.known_to(InProcess::new(Rc::clone(&world), clock), &world.borrow());
    let read = AsRead::of(face, (&live, &health, &routes), (carried, clock));
    let cloud = Retrying::new(read, Policy::default(), session.access.quota, SEED).unseen();
    let locked = Locked::new(&session, run_id, cloud, target, store, recorded)?;
    let approval = Approval { auto: true, again, ..Approval::default() };
    // As long as the sender is there a signal might come.
    let (_nobody, signals) = watch::channel(0);
    let work = locked.taking_along(has_taken_along).rehearsing().carry_out(task, &approval, &mut audience, signals);
    let mut applied = Box::pin(work).await?;
    let end = clock.now();
    reports(&mut applied).into_iter().for_each(without_request_ids);
    let world = world.borrow().clone();
    Ok(Rehearsed {
        assumed: assumed(&applied, &records),
        duration: end.duration_since(start).unsigned_abs(),
        groups: lowest(&session.project.spec, &live, &world, (start, end)),
        notes: audience.notes,
        applied,
        world,
    })
}

/// Builds the world as it is read, and has go wrong what is to.
fn built(ground: &Ground<'_>, quota: Quota, start: Timestamp, faults: Vec<Fault>) -> Result<World> {
    let mut world = World::new(ground.seed(quota), start)
        .map_err(|error| unusable_seed(&worded!("what is live as a world"), &error))?;
    world
        .add_faults(faults, start)
        .map_err(|error| unusable_faults(&worded!("the faults for what is live"), &error))?;
    Ok(world)
}

/// Returns the call whose transition a step goes through or waits for.
fn call_of(step: &Step) -> Call {
    match (step.action, &step.goal) {
        (Action::Call(call), _) => call,
        (Action::Wait, Goal::Inactive) => Call::Deactivate,
        (Action::Wait, _) => Call::Activate,
    }
}

/// Lists the steps of which no time is recorded.
fn assumed(applied: &Applied, records: &Records) -> Vec<StepId> {
    let pace = Pace::of(records);
    let is_unknown =
        |step: &&Step| pace.expected(&Identity::of(&step.scope, &step.interface_id), call_of(step)).is_none();
    let steps = plans(applied).into_iter().flat_map(|plan| &plan.steps);
    steps.filter(is_unknown).map(|step| step.id.clone()).collect()
}

/// Lists the plans that were run, the first first.
fn plans(applied: &Applied) -> Vec<&Plan> {
    fn both(ran: &Ran) -> impl Iterator<Item = &Plan> {
        std::iter::once(&ran.plan).chain(ran.rollback.as_ref().map(|back| &back.plan))
    }
    match applied {
        Applied::Ran(ran) => both(ran).collect(),
        Applied::TookBack(backs) => backs.iter().filter_map(|back| back.came.ran()).flat_map(both).collect(),
        _ => Vec::new(),
    }
}

fn reports(applied: &mut Applied) -> Vec<&mut Report> {
    fn both(ran: &mut Ran) -> impl Iterator<Item = &mut Report> {
        std::iter::once(&mut ran.report).chain(ran.rollback.as_mut().map(|back| &mut back.report))
    }
    let Applied::Ran(ran) = applied else { return Vec::new() };
    both(ran).collect()
}

/// Takes out what no API has said.
fn without_request_ids(report: &mut Report) {
    for result in &mut report.results {
        result.request_id = None;
        result.cloud_date = None;
    }
}

/// Who watches a rehearsal: it says yes, and listens.
#[derive(Debug, Default)]
struct Audience {
    notes: Vec<String>,
}

impl Front for Audience {
    fn note(&mut self, say: &dyn Fn() -> String) {
        self.notes.push(say());
    }

    fn planned(&mut self, _: &Plan) {}

    async fn approve(&mut self) -> Result<bool> {
        Ok(true)
    }

    fn begin(&mut self, _: &Plan) {}

    fn event(&mut self, _: Timestamp, _: &Event) {}

    fn end(&mut self, _: &Plan, _: &Report) {}
}
