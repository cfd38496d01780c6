//! The executor: walks the steps of a plan against [`Cloud`] and [`Store`], and reports what happened to each.
//!
//! One task owns everything. Each turn of its loop takes in the answers and reads that have arrived, decides, makes
//! the results and the next intents durable in one append, and only then sends. So an intent is on disk before its
//! call leaves, a result before the next step starts, and a `kill -9` between any two lines loses nothing.
//!
//! `admission` decides what may be sent, `answers` takes in what came back, `polling` reads and settles, `judge` says what
//! a status means, `ending` closes steps, `last_look` says what stayed, `floors` re-evaluates the redundancy guard, `waves`
//! stands between the waves of a rollout, `earlier` knows what other runs left on its way, `recovery` closes what a dead
//! run left open. It makes no choice that the plan left open: it does a step, or stops and says what moved.

mod admission;
mod answers;
mod earlier;
mod ending;
mod floors;
mod judge;
mod last_look;
mod pages;
mod polling;
pub mod recovery;
mod settings;
mod sightings;
mod tracked;
mod waves;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::{BootTime, Clock};
use crate::cloud::listing::{Listing, ScopeRead};
use crate::cloud::{Call, Cloud, CloudError, Permit, RequestId};
use crate::journal::{Entry, RunStarted};
use crate::plan::{Action, FloorMember, Plan, Step};
use crate::resource::{Address, LastSeen, RouterInterfaceId, Scope};
use crate::run::{Event, LastLook, Report, StopReason};
use crate::store::{Store, StoreError};

pub use earlier::{Earlier, unsettled};
use floors::Floors;
use pages::Arrived;
pub use settings::{OnError, Settings};
use sightings::{ReadNumber, Sightings};
use tracked::{Phase, Tracked};

/// How many equal reads a doubt needs before what they show is believed.
const EQUAL_READS: u32 = 3;

/// What stands between two waves besides the floors: the check command of the spec.
#[allow(async_fn_in_trait, reason = "one task drives every future; no Send bound is wanted")]
pub trait Gate {
    /// Runs the argument list; `Err` says why the next wave may not begin.
    async fn check(&self, arguments: &[String], timeout: Duration) -> Result<(), String>;

    /// Lets others act on the account while the run pauses.
    fn step_aside(&self) {}

    /// Keeps others from the account again, and waits for whoever is at work on it; `waiting` hears once who that is.
    /// `Err` says why it cannot be done.
    async fn step_back(&self, _waiting: &mut dyn FnMut(&str)) -> Result<(), String> {
        Ok(())
    }
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

/// What a run left behind; its end is decided and recorded by whoever started it.
#[derive(Debug)]
pub struct Ended {
    /// What happened to each step.
    pub report: Report,
    /// What the last look found.
    pub last_look: LastLook,
    /// A signal came before the last look had ended.
    pub interrupted: bool,
    /// A call was left open in the journal: its run must not be ended there.
    pub is_open: bool,
    /// Why something could not be recorded.
    pub unrecorded: Option<StoreError>,
    /// What was read since the plan was made, each interface as it was seen last.
    pub seen: Vec<LastSeen>,
}

/// What is known when a run begins.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What the plan was made from, so that what is still young need not be asked for again.
    pub reads: Vec<ScopeRead>,
    /// What earlier runs sent and did not see to its end.
    pub earlier: Vec<Earlier>,
    /// What each interface needs to be up before it comes up.
    pub needs: BTreeMap<Address, Vec<FloorMember>>,
}

/// Runs a plan. `header` names the run and holds one journal step per step of the plan, in its order.
pub async fn run<'a, C: Cloud, S: Store, G: Gate>(
    plan: &'a Plan,
    header: RunStarted,
    known: &'a Known,
    settings: &'a Settings,
    surroundings: Surroundings<'a, C, S, G>,
) -> Ended {
    let mut execution = Execution::new(plan, &header, settings, surroundings);
    execution.needs = &known.needs;
    execution.learn(&known.reads);
    execution.remember(&known.earlier);
    execution.record(Entry::RunStarted(Box::new(header)));
    execution.flush();
    if execution.failure.is_none() {
        (execution.around.emit)(&Event::RunStarted {
            run_id: execution.report.run_id.clone(),
            steps: plan.steps.len(),
        });
        execution.drive().await;
    }
    execution.close();
    let last_look = execution.look_once_more().await;
    execution.hand_over(last_look)
}

/// Nothing is needed.
static NOTHING: BTreeMap<Address, Vec<FloorMember>> = BTreeMap::new();

/// A future of the one task.
type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// A finished read of some ids of a scope.
struct Read {
    number: ReadNumber,
    scope: Scope,
    ids: BTreeSet<RouterInterfaceId>,
    begun: Instant,
    /// What it showed, up to where it failed.
    listing: Listing,
    outcome: Result<(), CloudError>,
}

/// What an earlier run left on its way.
struct OnItsWay<'a> {
    call: &'a Earlier,
    /// Until when it may still show.
    until: Instant,
    /// When the same may be sent again, if nobody knows whether it was done.
    again_at: Instant,
}

/// What came of a call that was to leave.
enum Called {
    /// It left.
    Answered(Result<RequestId, CloudError>),
    /// It did not; its place under the quota is still there.
    HeldBack(Permit),
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
    /// The steps that each waits for.
    before: Vec<Vec<usize>>,
    sightings: Sightings,
    /// When the plan's refresh was begun: whatever was asked for after it is this run's own reading.
    planned_from: Option<Instant>,
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
    /// What earlier runs sent and no read has shown at its goal yet.
    earlier: BTreeMap<&'a Address, OnItsWay<'a>>,
    /// What each interface needs to be up before it comes up.
    needs: &'a BTreeMap<Address, Vec<FloorMember>>,
    permits: FuturesUnordered<Pending<'a, (usize, Permit)>>,
    calls: FuturesUnordered<Pending<'a, (usize, Called)>>,
    reads: FuturesUnordered<Pending<'a, Read>>,
    /// Pages of reads that go on.
    pages: (UnboundedSender<Arrived>, UnboundedReceiver<Arrived>),
    /// When the run began.
    began: Instant,
    unfinished: usize,
    wave: u32,
    /// Results and intents that are not on disk yet.
    pending: Vec<Entry>,
    /// What to send once they are, and until when it may leave: then the pages that it rests on are too old.
    to_send: Vec<(usize, BootTime)>,
    /// Why something could not be recorded; nothing is sent after that.
    failure: Option<StoreError>,
    /// A signal came.
    interrupted: bool,
    grace_ends: Option<Instant>,
    /// What is in flight is waited for no longer.
    abandoned: bool,
    /// A call that nobody watched to its end stays open in the journal.
    is_open: bool,
}

impl<'a, C: Cloud, S: Store, G: Gate> Execution<'a, C, S, G> {
    fn new(plan: &'a Plan, header: &RunStarted, settings: &'a Settings, around: Surroundings<'a, C, S, G>) -> Self {
        let index: BTreeMap<_, usize> =
            plan.steps.iter().enumerate().map(|(number, step)| (&step.id, number)).collect();
        let mut dependants = vec![Vec::new(); plan.steps.len()];
        let mut steps = Vec::with_capacity(plan.steps.len());
        let mut all_before = Vec::with_capacity(plan.steps.len());
        for (number, step) in plan.steps.iter().enumerate() {
            let before: BTreeSet<usize> = step.after.iter().filter_map(|id| index.get(id).copied()).collect();
            before.iter().for_each(|other| dependants[*other].push(number));
            steps.push(Tracked::waiting_for(before.len()));
            all_before.push(before.into_iter().collect());
        }
        Self {
            plan,
            settings,
            around,
            floors: Floors::new(&plan.floors),
            report: Report::begun(header),
            unfinished: steps.len(),
            steps,
            dependants,
            before: all_before,
            sightings: Sightings::default(),
            planned_from: None,
            polls: BTreeMap::new(),
            startable: BTreeSet::new(),
            ready: BTreeSet::new(),
            polled: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            going_down: BTreeSet::new(),
            earlier: BTreeMap::new(),
            needs: &NOTHING,
            permits: FuturesUnordered::new(),
            calls: FuturesUnordered::new(),
            reads: FuturesUnordered::new(),
            pages: unbounded_channel(),
            began: Instant::now(),
            wave: 0,
            pending: Vec::new(),
            to_send: Vec::new(),
            failure: None,
            interrupted: false,
            grace_ends: None,
            abandoned: false,
            is_open: false,
        }
    }

    /// Takes in what the plan was made from.
    fn learn(&mut self, known: &[ScopeRead]) {
        self.planned_from = known.iter().map(|read| read.begun).max();
        for read in known {
            let poll = self.polls.entry(read.scope.clone()).or_default();
            poll.last = Some(read.begun);
            poll.total = read.listing.total;
            self.sightings.record(read.clone());
        }
    }

    /// Takes in what earlier runs left on its way, as far as no read shows how it ended.
    fn remember(&mut self, earlier: &'a [Earlier]) {
        let now = self.around.clock.now();
        for call in earlier {
            let mut declared = self.plan.resource_changes.iter();
            if let Some(change) = declared.find(|change| change.id == call.id && change.scope == call.scope) {
                let until = Instant::now() + call.remaining(now);
                let again_at = Instant::now() + self.settings.doubt_window.saturating_sub(call.age(now));
                self.earlier.insert(&change.address, OnItsWay { call, until, again_at });
            }
        }
        self.forget_what_has_ended();
    }

    /// Forgets what a read shows at its goal, and what has not shown for longer than it could take.
    fn forget_what_has_ended(&mut self) {
        let sightings = &self.sightings;
        self.earlier.retain(|_, on_its_way| {
            let call = on_its_way.call;
            let seen = sightings.get(&call.scope, &call.id).map(|observed| &observed.status);
            seen != Some(call.call.transition().to) && on_its_way.until > Instant::now()
        });
    }

    /// Returns whether a Deactivate of this run or of an earlier one may take it down at any moment.
    fn is_going_down(&self, address: &Address) -> bool {
        self.going_down.contains(address)
            || self.earlier.get(address).is_some_and(|on_its_way| on_its_way.call.call == Call::Deactivate)
    }

    /// Gives everything up to whoever started the run.
    fn hand_over(self, last_look: LastLook) -> Ended {
        let clock = self.around.clock;
        let seen = self.sightings.since(self.planned_from).map(|(scope, id, observed, arrived)| LastSeen {
            scope: scope.clone(),
            id: id.clone(),
            observed: observed.cloned(),
            at: clock.at(arrived),
        });
        Ended {
            seen: seen.collect(),
            report: self.report,
            last_look,
            interrupted: self.interrupted,
            is_open: self.is_open,
            unrecorded: self.failure,
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
            // What has not left is recorded so before anything else happens.
            if !self.pending.is_empty() {
                continue;
            }
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
            Some((number, answer)) = self.calls.next() => self.on_called(number, answer),
            Some(read) = self.reads.next() => self.on_read(read),
            Some(arrived) = self.pages.1.recv() => self.on_page(arrived),
            Some((number, permit)) = self.permits.next() => self.on_permit(number, permit),
            () = tokio::time::sleep_until(wake_up) => {}
        }
        while let Some(Some((number, answer))) = self.calls.next().now_or_never() {
            self.on_called(number, answer);
        }
        self.take_pages();
        while let Some(Some(read)) = self.reads.next().now_or_never() {
            self.on_read(read);
        }
        while let Some(Some((number, permit))) = self.permits.next().now_or_never() {
            self.on_permit(number, permit);
        }
        self.check_deadlines();
    }

    /// Returns whether nothing new is started.
    fn is_stopped(&self) -> bool {
        self.interrupted || self.report.stopped.is_some() || self.failure.is_some()
    }

    fn is_idle(&self) -> bool {
        self.in_flight.is_empty() && self.startable.is_empty()
    }

    fn stop(&mut self, because: StopReason) {
        if self.report.stopped.is_none() {
            (self.around.emit)(&Event::Stopping { because: because.clone() });
            self.report.stopped = Some(because);
        }
    }

    fn on_signal(&mut self) {
        let count = *self.around.signals.borrow_and_update();
        if count == 0 {
            return;
        }
        if !self.interrupted {
            self.interrupted = true;
            let grace = self.settings.interrupt_grace;
            self.grace_ends = Some(Instant::now() + grace);
            (self.around.emit)(&Event::Interrupted { in_flight: self.in_flight.len(), grace });
        }
        self.abandoned = count > 1;
    }

    /// Puts an entry in line for the next append.
    fn record(&mut self, entry: Entry) {
        self.pending.push(entry);
    }

    /// Makes everything in line durable, and returns whether it is. If that fails nothing more is sent; the store keeps
    /// what it could not write for a second place.
    fn flush(&mut self) -> bool {
        if self.pending.is_empty() {
            return true;
        }
        let entries = std::mem::take(&mut self.pending);
        let Err(error) = self.around.store.append(&entries) else { return true };
        let error_text = crate::store::explain(&error);
        if self.failure.is_none() {
            (self.around.emit)(&Event::CannotRecord { error: error_text.clone() });
            self.failure = Some(error);
        }
        // Their intents are not on disk, so these calls are not made.
        for (number, _) in std::mem::take(&mut self.to_send) {
            let (step, at) = (self.step(number).id.clone(), self.around.clock.now());
            self.record(Entry::Refused { step, at, detail: error_text.clone() });
            self.withdraw(number);
        }
        false
    }

    /// Sends what the last append made durable: the one place where calls leave.
    ///
    /// Whatever took its time since they were admitted, the disk, another region, a process that stood still, is over
    /// now: what rests on pages that are too old meanwhile, or comes after a signal, does not leave. Each is looked at
    /// where it is polled first, for the process may stand still between two of them as well.
    fn send(&mut self) {
        let mut leaving = BTreeSet::new();
        for (number, until) in std::mem::take(&mut self.to_send) {
            let step = &self.plan.steps[number];
            let Some(mutation) = step.mutation() else { continue };
            if self.is_stopped() {
                self.hold_back(number);
                continue;
            }
            self.steps[number].phase = Phase::Calling;
            let (cloud, signals) = (self.around.cloud, self.around.signals.clone());
            let permit = self.steps[number].permit.take().unwrap_or_else(Permit::free);
            self.calls.push(Box::pin(async move {
                let may_leave = until >= BootTime::now() && *signals.borrow() == 0;
                if may_leave {
                    (number, Called::Answered(cloud.call(&step.scope, &mutation, permit).await))
                } else {
                    (number, Called::HeldBack(permit))
                }
            }));
            leaving.insert(number);
        }
        // They leave when they are polled first, and nothing may come in between: whoever listens may be slow.
        let mut answers = Vec::new();
        while let Some(Some((number, called))) = self.calls.next().now_or_never() {
            if matches!(called, Called::HeldBack(_)) {
                leaving.remove(&number);
            }
            answers.push((number, called));
        }
        for number in leaving {
            let step = self.step(number).id.clone();
            (self.around.emit)(&Event::CallSent { step });
        }
        for (number, called) in answers {
            self.on_called(number, called);
        }
    }

    /// Takes in what came of a call.
    fn on_called(&mut self, number: usize, called: Called) {
        match called {
            Called::Answered(answer) => self.on_answer(number, answer),
            Called::HeldBack(permit) => {
                if *self.around.signals.borrow() > 0 && !self.interrupted {
                    self.on_signal();
                }
                self.steps[number].permit = Some(permit);
                self.hold_back(number);
            }
        }
    }

    fn step(&self, number: usize) -> &'a Step {
        &self.plan.steps[number]
    }

    fn is_deactivation(step: &Step) -> bool {
        step.action == Action::Call(Call::Deactivate)
    }
}
