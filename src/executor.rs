//! The executor: walks the steps of a plan against [`Cloud`] and [`Store`], and reports what happened to each.
//!
//! One task owns everything. Each turn of its loop takes in the answers and reads that have arrived, decides, makes
//! the results and the next intents durable in one append, and only then sends. So an intent is on disk before its
//! call leaves, a result before the next step starts, and a `kill -9` between any two lines loses nothing.
//!
//! `admission` decides what may be sent, `polling` reads and settles, `judge` says what a status means, `ending` closes
//! steps and the run, `floors` re-evaluates the redundancy guard, `waves` stands between the waves of a rollout,
//! `recovery` closes what a dead run left open. It makes no choice that the plan left open: it does a step, or stops and
//! says what moved.

mod admission;
mod ending;
mod floors;
mod judge;
mod polling;
pub mod recovery;
mod sightings;
mod tracked;
mod waves;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::cloud::listing::Listing;
use crate::cloud::{Call, Cloud, CloudError, Permit, RequestId};
use crate::journal::{Entry, RunStarted};
use crate::plan::{Action, Plan, Step};
use crate::report::{Event, Report, StepResult};
use crate::resource::{Address, RouterInterfaceId, Scope};
use crate::store::Store;

use floors::Floors;
use sightings::Sightings;
use tracked::{Phase, Tracked};

/// What to do after a step did not reach its goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// Start nothing new.
    Stop,
    /// Skip what needs it, go on with the rest.
    Continue,
    /// Start nothing new; the caller then plans the way back.
    Rollback,
}

/// What operators tune.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// At most this many calls unsettled at a time.
    pub parallelism: usize,
    /// How often a scope with something in flight is read.
    pub poll_interval: Duration,
    /// How long a step may take to reach its goal, where the spec does not say.
    pub settle_timeout: Duration,
    /// How long a call without an answer is watched before it may be sent again, once.
    pub doubt_window: Duration,
    /// How long a first signal lets what is in flight settle.
    pub interrupt_grace: Duration,
    /// What to do after a failure.
    pub on_error: OnError,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // As many as the documented quota lets through at once; fewer would leave some of it unused whenever a
            // transition takes longer than ten seconds. What may be down together is for floors and limits to say.
            parallelism: 300,
            poll_interval: Duration::from_secs(2),
            // Transitions take seconds to tens of seconds; the usual tools give up after 5 to 8 minutes.
            settle_timeout: Duration::from_secs(600),
            doubt_window: Duration::from_secs(15),
            interrupt_grace: Duration::from_secs(30),
            on_error: OnError::Continue,
        }
    }
}

/// What stands between two waves besides the floors: the check command of the spec.
#[allow(async_fn_in_trait, reason = "one task drives every future; no Send bound is wanted")]
pub trait Gate {
    /// Runs the argument list; `Err` says why the next wave may not begin.
    async fn check(&self, arguments: &[String], timeout: Duration) -> Result<(), String>;
}

/// The outside of a run.
pub struct Surroundings<'a, C, S, G> {
    /// Where the calls go.
    pub cloud: &'a C,
    /// Where intents and results go.
    pub store: &'a mut S,
    /// What is asked between waves.
    pub gate: &'a G,
    /// The time.
    pub clock: &'a Clock,
    /// How many signals have arrived: the first stops, the second abandons.
    pub signals: watch::Receiver<u32>,
    /// Who listens.
    pub emit: &'a mut dyn FnMut(&Event),
}

/// What a run left behind.
#[derive(Debug)]
pub struct Ended {
    /// What happened to each step.
    pub report: Report,
}

/// Runs a plan. `header` names the run and holds one journal step per step of the plan, in its order.
pub async fn run<'a, C: Cloud, S: Store, G: Gate>(
    plan: &'a Plan,
    header: RunStarted,
    settings: &'a Settings,
    surroundings: Surroundings<'a, C, S, G>,
) -> Ended {
    let mut execution = Execution::new(plan, &header, settings, surroundings);
    execution.record(Entry::RunStarted(Box::new(header)));
    execution.flush();
    if execution.failure.is_none() {
        (execution.around.emit)(&Event::RunStarted {
            run_id: execution.report.run_id.clone(),
            steps: plan.steps.len(),
        });
        execution.drive().await;
    }
    execution.conclude()
}

/// A future of the one task.
type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A finished read of some ids of a scope.
struct Read {
    scope: Scope,
    ids: BTreeSet<RouterInterfaceId>,
    begun: Instant,
    outcome: Result<Listing, CloudError>,
}

/// How a scope is read.
#[derive(Default)]
struct Poll {
    /// A read is on its way.
    reading: bool,
    /// When the last read began.
    last: Option<Instant>,
    /// How many interfaces the scope has, if a page told.
    total: Option<u32>,
}

struct Execution<'a, C, S, G> {
    plan: &'a Plan,
    settings: &'a Settings,
    around: Surroundings<'a, C, S, G>,
    floors: Floors<'a>,
    report: Report,
    steps: Vec<Tracked>,
    dependants: Vec<Vec<usize>>,
    sightings: Sightings,
    polls: BTreeMap<Scope, Poll>,
    /// Steps whose predecessors are at their goals and that still want a place under the quota.
    startable: BTreeSet<usize>,
    /// Steps that have their place and wait for a read.
    ready: BTreeSet<usize>,
    /// Steps that are looked at with every read of their scope.
    polled: BTreeSet<usize>,
    /// Steps that have a place under the quota, or wait for one, and are not finished.
    in_flight: BTreeSet<usize>,
    /// Interfaces with a Deactivate that was sent or is about to be, and was not refused.
    going_down: BTreeSet<&'a Address>,
    permits: FuturesUnordered<Pending<'a, (usize, Permit)>>,
    calls: FuturesUnordered<Pending<'a, (usize, Result<RequestId, CloudError>)>>,
    reads: FuturesUnordered<Pending<'a, Read>>,
    unfinished: usize,
    wave: u32,
    /// Results and intents that are not on disk yet.
    pending: Vec<Entry>,
    /// What to send once they are.
    to_send: Vec<(usize, Call)>,
    failure: Option<String>,
    grace_ends: Option<Instant>,
    abandoned: bool,
}

impl<'a, C: Cloud, S: Store, G: Gate> Execution<'a, C, S, G> {
    fn new(plan: &'a Plan, header: &RunStarted, settings: &'a Settings, around: Surroundings<'a, C, S, G>) -> Self {
        let index: BTreeMap<_, usize> =
            plan.steps.iter().enumerate().map(|(number, step)| (&step.id, number)).collect();
        let mut dependants = vec![Vec::new(); plan.steps.len()];
        let mut steps = Vec::with_capacity(plan.steps.len());
        for (number, step) in plan.steps.iter().enumerate() {
            let before: BTreeSet<usize> = step.after.iter().filter_map(|id| index.get(id).copied()).collect();
            before.iter().for_each(|other| dependants[*other].push(number));
            steps.push(Tracked::waiting_for(before.len()));
        }
        let results = header
            .steps
            .iter()
            .map(|step| StepResult {
                step: step.clone(),
                outcome: None,
                status: None,
                request_id: None,
                started_at: None,
                finished_at: None,
                detail: None,
            })
            .collect();
        let report = Report {
            run_id: header.run_id.clone(),
            operation: header.operation,
            who: header.who.clone(),
            target: header.target.clone(),
            digest: header.digest.clone(),
            started_at: header.at,
            finished_at: None,
            results,
            interrupted: false,
            stopped_reason: None,
            unrecorded: None,
        };
        Self {
            plan,
            settings,
            around,
            floors: Floors::new(&plan.floors),
            report,
            unfinished: steps.len(),
            steps,
            dependants,
            sightings: Sightings::default(),
            polls: BTreeMap::new(),
            startable: BTreeSet::new(),
            ready: BTreeSet::new(),
            polled: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            going_down: BTreeSet::new(),
            permits: FuturesUnordered::new(),
            calls: FuturesUnordered::new(),
            reads: FuturesUnordered::new(),
            wave: 0,
            pending: Vec::new(),
            to_send: Vec::new(),
            failure: None,
            grace_ends: None,
            abandoned: false,
        }
    }

    /// Goes on until every step has ended, or nothing more may be started and nothing is in flight.
    async fn drive(&mut self) {
        self.begin_wave();
        while self.unfinished > 0 && !self.abandoned {
            self.ask_permits();
            // What has ended may have released or stopped others, and nothing else would wake this task for them.
            if self.admit() || !self.flush() {
                continue;
            }
            self.send();
            if self.is_idle() {
                if self.is_stopped() || !self.next_wave().await {
                    break;
                }
                continue;
            }
            self.start_reads();
            self.turn().await;
        }
    }

    /// Waits for the next thing to happen and takes in everything that has.
    async fn turn(&mut self) {
        let wake_up = self.next_wake_up();
        let mut signals = self.around.signals.clone();
        // Without a sender no signal can come, and its branch would be ready at once, for ever.
        let listens = signals.has_changed().is_ok();
        tokio::select! {
            biased;
            _ = signals.changed(), if listens => self.on_signal(),
            Some((number, answer)) = self.calls.next() => self.on_answer(number, answer),
            Some(read) = self.reads.next() => self.on_read(read),
            Some((number, permit)) = self.permits.next() => self.on_permit(number, permit),
            () = tokio::time::sleep_until(wake_up) => {}
        }
        while let Some(Some((number, answer))) = self.calls.next().now_or_never() {
            self.on_answer(number, answer);
        }
        while let Some(Some(read)) = self.reads.next().now_or_never() {
            self.on_read(read);
        }
        while let Some(Some((number, permit))) = self.permits.next().now_or_never() {
            self.on_permit(number, permit);
        }
        self.check_deadlines();
    }

    /// Nothing new is started.
    fn is_stopped(&self) -> bool {
        self.report.interrupted || self.report.stopped_reason.is_some() || self.failure.is_some()
    }

    fn is_idle(&self) -> bool {
        self.in_flight.is_empty() && self.startable.is_empty()
    }

    fn stop(&mut self, reason: String) {
        if self.report.stopped_reason.is_none() {
            (self.around.emit)(&Event::Note { text: format!("starting nothing new: {reason}") });
            self.report.stopped_reason = Some(reason);
        }
    }

    fn on_signal(&mut self) {
        let count = *self.around.signals.borrow_and_update();
        if count == 0 {
            return;
        }
        if !self.report.interrupted {
            self.report.interrupted = true;
            self.grace_ends = Some(Instant::now() + self.settings.interrupt_grace);
            let text = format!(
                "interrupted: starting nothing new, settling {} in flight for up to {} s; interrupt again to abandon",
                self.in_flight.len(),
                self.settings.interrupt_grace.as_secs()
            );
            (self.around.emit)(&Event::Note { text });
        }
        self.abandoned = count > 1;
    }

    /// Puts an entry in line for the next append.
    fn record(&mut self, entry: Entry) {
        self.pending.push(entry);
    }

    /// Makes everything in line durable, and claims that it is. If that fails nothing more is sent; the store keeps
    /// what it could not write for a second place.
    fn flush(&mut self) -> bool {
        if self.pending.is_empty() {
            return true;
        }
        let entries = std::mem::take(&mut self.pending);
        let Err(error) = self.around.store.append(&entries) else { return true };
        if self.failure.is_none() {
            let reason = crate::store::explain(&error);
            (self.around.emit)(&Event::Note { text: format!("{reason}; starting nothing new") });
            self.failure = Some(reason);
        }
        // Their intents are not on disk, so these calls are not made.
        for (number, _) in std::mem::take(&mut self.to_send) {
            self.record(Entry::Refused {
                step: self.step(number).id.clone(),
                at: self.around.clock.now(),
                detail: "not sent: its intent could not be recorded".to_owned(),
            });
            self.withdraw(number);
        }
        false
    }

    /// Sends what the last append made durable.
    fn send(&mut self) {
        for (number, _) in std::mem::take(&mut self.to_send) {
            let step = &self.plan.steps[number];
            let Some(mutation) = step.mutation() else { continue };
            self.steps[number].phase = Phase::Calling;
            (self.around.emit)(&Event::CallSent { step: step.id.clone() });
            let cloud = self.around.cloud;
            let permit = self.steps[number].permit.take().unwrap_or_else(Permit::free);
            self.calls.push(Box::pin(async move { (number, cloud.call(&step.scope, &mutation, permit).await) }));
        }
    }

    fn step(&self, number: usize) -> &'a Step {
        &self.plan.steps[number]
    }

    fn is_deactivation(step: &Step) -> bool {
        step.action == Action::Call(Call::Deactivate)
    }
}
