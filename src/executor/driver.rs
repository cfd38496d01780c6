//! The driver: turns what the machine asks for into doings, and what happens into what the machine is told.
//!
//! One task owns everything. It takes in the answers, reads and signals that have arrived, hands them to the machine with
//! the time, and carries out what comes of them. It decides one thing itself, at the last moment there is: that a call
//! which rests on pages that are too old by then, or comes after a signal, does not leave.

mod disk;
mod pages;
mod telling;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, Aborted, abortable};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::Instant;

use self::pages::Watched;
use self::telling::{answer, moment, now};
use super::machine::port::{Effect, Input, ReadOf};
use super::machine::sightings::{Question, ReadNumber};
use super::machine::{Background, Left, Machine};
use super::outside::{Ended, Gate, Known, Surroundings};
use super::settings::Settings;
use crate::clock::{BootTime, Clock};
use crate::cloud::acting::Acting;
use crate::cloud::carried::carried;
use crate::cloud::listing::{self, Listing};
use crate::cloud::routes::reading;
use crate::cloud::{Call, CloudError, Mutation, Permit, Receipt, Terms};
use crate::journal::RunStarted;
use crate::language::Wording;
use crate::plan::{HealthEnd, Plan, TrafficUnread};
use crate::resource::{LastSeen, Router, RouterInterfaceId, Scope};
use crate::run::Event;
use crate::store::{Lease, Store, StoreError};

/// A sleep that is longer than any run.
const FAR_AWAY: Duration = Duration::from_secs(86_400);

/// Runs a plan. `header` names the run and holds one journal step per step of the plan, in its order.
pub async fn run<'a, C: Acting, S: Store, G: Gate>(
    plan: &'a Plan,
    header: RunStarted,
    known: &'a Known,
    settings: &'a Settings,
    surroundings: Surroundings<'a, C, S, G>,
) -> Ended {
    let mut driver = Driver::new(plan, header, known, settings, surroundings);
    driver.catch_up();
    while !driver.is_over {
        driver.wait().await;
        driver.catch_up();
    }
    driver.hand_over()
}

/// A future of the one task.
type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Futures of the one task, of which any may be next.
type AllPending<'a, T> = FuturesUnordered<Pending<'a, T>>;

/// What came of a call that was to leave.
enum Called {
    /// It left.
    Answered(Result<Receipt, CloudError>),
    /// It did not; its place under the quota is still there.
    HeldBack(Permit),
}

/// A finished read of some ids of a scope.
struct Read {
    number: ReadNumber,
    scope: Scope,
    /// What it showed, up to where it failed.
    listing: Listing,
    outcome: Result<(), CloudError>,
}

struct Driver<'a, C, S, G> {
    machine: Machine<'a>,
    plan: &'a Plan,
    cloud: &'a C,
    gate: &'a G,
    clock: &'a Clock,
    /// Nothing while it appends, and once an append was given up.
    store: Option<&'a mut S>,
    /// Until when nobody else writes there, where that has an end.
    lease: Option<Lease>,
    /// The machine was told that somebody else has the state.
    is_taken_over: bool,
    /// How far in the past calls are signed.
    signed_back: Duration,
    signals: watch::Receiver<u32>,
    /// How long what was sent is watched after the first signal.
    grace: Duration,
    /// From when on nothing but the disk is waited for.
    left_at: Option<Instant>,
    emit: &'a mut dyn FnMut(&Event),
    /// No moment that the machine is told of is earlier.
    origin: Instant,
    /// The places under the quota that steps have.
    places: BTreeMap<usize, Permit>,
    /// How each step that asks for its place is made to ask no longer.
    asking: BTreeMap<usize, AbortHandle>,
    permits: AllPending<'a, Result<(usize, Permit), Aborted>>,
    calls: AllPending<'a, (usize, Called)>,
    appends: AllPending<'a, (&'a mut S, Result<(), StoreError>)>,
    reads: AllPending<'a, Read>,
    checks: AllPending<'a, Input>,
    at_the_gate: AllPending<'a, Input>,
    /// What those that go on have to say: pages, and who holds the account.
    told: (UnboundedSender<Input>, UnboundedReceiver<Input>),
    /// What has happened and the machine does not know yet.
    news: VecDeque<Input>,
    is_over: bool,
}

impl<'a, C: Acting, S: Store, G: Gate> Driver<'a, C, S, G> {
    fn new(
        plan: &'a Plan,
        header: RunStarted,
        known: &'a Known,
        settings: &'a Settings,
        around: Surroundings<'a, C, S, G>,
    ) -> Self {
        let origin = known.reads.iter().map(|read| read.begun).fold(Instant::now(), Instant::min);
        let reads = known.reads.iter().map(|read| {
            let begun = moment(origin, read.begun);
            let question = Question { scope: read.scope.clone(), ids: read.ids.clone(), begun };
            (question, answer(origin, read.listing.clone()))
        });
        let background = Background {
            reads: reads.collect(),
            earlier: &known.earlier,
            needs: &known.needs,
            expected: &known.expected,
        };
        let mut driver = Self {
            machine: Machine::new(plan, header, settings, background, now(origin, around.clock)),
            plan,
            cloud: around.cloud,
            gate: around.gate,
            clock: around.clock,
            lease: around.store.lease(),
            is_taken_over: false,
            signed_back: settings.signed_back,
            store: Some(around.store),
            signals: around.signals,
            grace: settings.interrupt_grace,
            left_at: None,
            emit: around.emit,
            origin,
            places: BTreeMap::new(),
            asking: BTreeMap::new(),
            permits: FuturesUnordered::new(),
            calls: FuturesUnordered::new(),
            appends: FuturesUnordered::new(),
            reads: FuturesUnordered::new(),
            checks: FuturesUnordered::new(),
            at_the_gate: FuturesUnordered::new(),
            told: unbounded_channel(),
            news: VecDeque::new(),
            is_over: false,
        };
        driver.on_signal();
        driver
    }

    /// Tells the machine everything that has happened, and carries out what it asks for, until nothing more comes of it.
    fn catch_up(&mut self) {
        loop {
            while let Some(input) = self.news.pop_front() {
                self.tell(input);
            }
            self.machine.hear_why(|scope| self.cloud.waits_because(scope));
            if !self.tell(Input::Woken) && self.news.is_empty() {
                return;
            }
        }
    }

    /// Tells the machine one thing; returns whether anything came of it.
    fn tell(&mut self, input: Input) -> bool {
        let effects = self.machine.step(now(self.origin, self.clock), input);
        let is_something = !effects.is_empty();
        self.carry_out(effects);
        is_something
    }

    /// Does what the machine asks for: calls first, for what they rest on grows old.
    fn carry_out(&mut self, effects: Vec<Effect>) {
        let (calls, others): (Vec<_>, Vec<_>) =
            effects.into_iter().partition(|effect| matches!(effect, Effect::Send { .. }));
        let mut leaving = BTreeSet::new();
        for effect in calls {
            if let Effect::Send { step, call, until } = effect {
                self.send(step, call, until);
                leaving.insert(step);
            }
        }
        if !leaving.is_empty() {
            self.let_leave(leaving);
        }
        for effect in others {
            match effect {
                Effect::Append(entries) => self.append(entries),
                Effect::AskPermit { step, call, after } => self.ask_permit(step, call, after),
                Effect::FreePermit { step } => self.free_permit(step),
                Effect::Read(read) => self.read(read),
                Effect::AskHealth(end) => self.ask_health(end),
                Effect::AskTraffic { scope, ids } => self.ask_traffic(scope, ids),
                Effect::AskRoutes(router) => self.ask_routes(router),
                Effect::DropReads => self.reads.clear(),
                Effect::Tell(event) => (self.emit)(&event),
                Effect::StepAside => self.gate.step_aside(),
                Effect::StepBack => self.step_back(),
                Effect::Check { arguments, timeout } => self.check(arguments, timeout),
                Effect::LeaveGate => self.at_the_gate.clear(),
                Effect::Finish => self.is_over = true,
                Effect::Send { .. } => {}
            }
        }
    }

    /// Puts a call on its way. Whatever took its time since it was admitted is over now, and is looked at where the call
    /// is polled first: the process may stand still between two of them as well.
    fn send(&mut self, step: usize, call: Mutation, until: BootTime) {
        let scope = &self.plan.steps[step].scope;
        let permit = self.places.remove(&step).unwrap_or_else(Permit::free);
        let (cloud, signals, signed_back) = (self.cloud, self.signals.clone(), self.signed_back);
        // It also rests on that nobody else can have taken the state.
        let until = self.lease.as_ref().map_or(until, |lease| lease.last_call().min(until));
        self.calls.push(Box::pin(async move {
            let may_leave = until >= BootTime::now() && *signals.borrow() == 0;
            if may_leave {
                let permit = permit.under(Terms { until: Some(until), signed_back });
                (step, Called::Answered(cloud.call(scope, &call, permit).await))
            } else {
                (step, Called::HeldBack(permit))
            }
        }));
    }

    /// Calls leave when they are polled first, and nothing may come in between: whoever listens may be slow.
    fn let_leave(&mut self, mut leaving: BTreeSet<usize>) {
        let mut answers = Vec::new();
        while let Some(Some((step, called))) = self.calls.next().now_or_never() {
            if matches!(called, Called::HeldBack(_)) {
                leaving.remove(&step);
            }
            answers.push((step, called));
        }
        self.news.extend(leaving.into_iter().map(|step| Input::Sent { step }));
        for (step, called) in answers {
            self.on_called(step, called);
        }
    }

    fn ask_permit(&mut self, step: usize, call: Call, after: Duration) {
        let (cloud, scope) = (self.cloud, &self.plan.steps[step].scope);
        let (permit, handle) = abortable(async move {
            tokio::time::sleep(after).await;
            (step, cloud.permit(scope, call).await)
        });
        self.asking.insert(step, handle);
        self.permits.push(Box::pin(permit));
    }

    fn free_permit(&mut self, step: usize) {
        self.places.remove(&step);
        self.asking.remove(&step).inspect(AbortHandle::abort);
    }

    fn read(&mut self, read: ReadOf) {
        let ReadOf { number, scope, ids, goal, total } = read;
        let cloud = Watched { cloud: self.cloud, read: number, told: self.told.0.clone() };
        self.reads.push(Box::pin(async move {
            let mut listing = Listing::of(total);
            let outcome = match goal {
                Some(goal) => listing::poll_into(&cloud, &scope, &ids, &goal, &mut listing).await,
                None => listing::read_into(&cloud, &scope, &ids, &mut listing).await,
            };
            Read { number, scope, listing, outcome }
        }));
    }

    /// Asks for one health check; where it is nobody's that we know, the machine knows that already.
    fn ask_health(&mut self, end: HealthEnd) {
        let cloud = self.cloud;
        let HealthEnd { interface_id: id, scope: Some(scope) } = end else { return };
        self.checks.push(Box::pin(async move {
            let answer = cloud.health(&scope, &id).await;
            Input::Health { id, answer }
        }));
    }

    /// Asks for what interfaces carry.
    fn ask_traffic(&mut self, scope: Scope, ids: BTreeSet<RouterInterfaceId>) {
        let cloud = self.cloud;
        self.checks.push(Box::pin(async move {
            let (asked, list): (_, Vec<RouterInterfaceId>) = (BootTime::now(), ids.iter().cloned().collect());
            let answer = carried(cloud, &scope, &list).await.map_err(|error| TrafficUnread::from(&error));
            Input::Traffic { ids, asked, answer }
        }));
    }

    /// Asks for the route tables of one router: what they say is no newer than the first question.
    fn ask_routes(&mut self, router: Router) {
        let cloud = self.cloud;
        self.checks.push(Box::pin(async move {
            let asked = BootTime::now();
            let answer = reading::of(cloud, &router).await;
            Input::Routes { router, asked, answer }
        }));
    }

    fn step_back(&mut self) {
        let (gate, told) = (self.gate, self.told.0.clone());
        self.at_the_gate.push(Box::pin(async move {
            // Nobody listens any more where the run is over.
            let mut waiting = |holder: &Wording| drop(told.send(Input::AccountHeld { by: holder.clone() }));
            Input::SteppedBack(gate.step_back(&mut waiting).await)
        }));
    }

    fn check(&mut self, arguments: Vec<String>, timeout: Duration) {
        let gate = self.gate;
        self.at_the_gate.push(Box::pin(async move { Input::Checked(gate.check(&arguments, timeout).await) }));
    }

    /// Waits for the next thing to happen and takes in everything that has.
    async fn wait(&mut self) {
        let wake_up = self.machine.next_wake_up().map(|moment| self.origin + moment.since_origin());
        let wake_up = wake_up.unwrap_or_else(|| Instant::now() + FAR_AWAY);
        let wake_up = self.leaves_disk_at().map_or(wake_up, |leaves_at| wake_up.min(leaves_at));
        let (mut signals, lease) = (self.signals.clone(), self.lease.clone());
        let taken_over = async {
            match &lease {
                Some(lease) => lease.lost().await,
                None => std::future::pending().await,
            }
        };
        // Without a sender no signal can come, and its branch would be ready at once, for ever.
        let listens = signals.has_changed().is_ok();
        tokio::select! {
            biased;
            _ = signals.changed(), if listens => self.on_signal(),
            Some((step, called)) = self.calls.next() => self.on_called(step, called),
            Some((store, outcome)) = self.appends.next() => self.on_append(store, outcome),
            error = taken_over, if !self.is_taken_over => {
                self.is_taken_over = true;
                self.news.push_back(Input::TakenOver(error));
            }
            Some(read) = self.reads.next() => self.on_read(read),
            Some(input) = self.checks.next() => self.news.push_back(input),
            Some(input) = self.told.1.recv() => self.news.push_back(input),
            Some(permit) = self.permits.next() => self.on_permit(permit),
            Some(input) = self.at_the_gate.next() => self.on_gate(input),
            () = tokio::time::sleep_until(wake_up) => {}
        }
        while let Some(Some((step, called))) = self.calls.next().now_or_never() {
            self.on_called(step, called);
        }
        self.take_appended();
        self.leave_disk();
        self.take_reads();
        while let Some(Some(input)) = self.checks.next().now_or_never() {
            self.news.push_back(input);
        }
        while let Some(Some(permit)) = self.permits.next().now_or_never() {
            self.on_permit(permit);
        }
        while let Some(Some(input)) = self.at_the_gate.next().now_or_never() {
            self.on_gate(input);
        }
    }

    fn on_signal(&mut self) {
        let count = *self.signals.borrow_and_update();
        if count > 0 {
            let now = Instant::now();
            let left_at = if count > 1 { now } else { now + self.grace };
            self.left_at = Some(self.left_at.map_or(left_at, |known| known.min(left_at)));
            self.news.push_back(Input::Signal { count });
        }
    }

    fn on_called(&mut self, step: usize, called: Called) {
        match called {
            Called::Answered(answer) => self.news.push_back(Input::Answered { step, answer }),
            Called::HeldBack(permit) => {
                self.places.insert(step, permit);
                // It may have been a signal that held it back, and that comes first.
                self.on_signal();
                self.news.push_back(Input::NotSent { step });
            }
        }
    }

    fn take_reads(&mut self) {
        while let Some(Some(read)) = self.reads.next().now_or_never() {
            self.on_read(read);
        }
        self.take_told();
    }

    fn take_told(&mut self) {
        while let Ok(input) = self.told.1.try_recv() {
            self.news.push_back(input);
        }
    }

    fn on_read(&mut self, read: Read) {
        // Its pages came before it, and must not be taken in after what it says in the end.
        self.take_told();
        let Read { number, scope, listing, outcome } = read;
        let answer = answer(self.origin, listing);
        self.news.push_back(Input::ReadDone { read: number, scope, answer, outcome });
    }

    fn on_permit(&mut self, permit: Result<(usize, Permit), Aborted>) {
        if let Ok((step, permit)) = permit
            && self.asking.remove(&step).is_some_and(|asking| !asking.is_aborted())
        {
            self.places.insert(step, permit);
            self.news.push_back(Input::Permit { step });
        }
    }

    fn on_gate(&mut self, input: Input) {
        // Who was waited for was told before.
        self.take_told();
        self.news.push_back(input);
    }

    /// Gives everything up to whoever started the run.
    fn hand_over(self) -> Ended {
        let Left { report, last_look, interrupted, is_open, failure, seen } = self.machine.hand_over();
        let (clock, origin) = (self.clock, self.origin);
        let seen = seen.into_iter().map(|seen| LastSeen {
            scope: seen.scope,
            id: seen.id,
            observed: seen.observed,
            at: clock.at(origin + seen.arrived.since_origin()),
        });
        Ended { seen: seen.collect(), report, last_look, interrupted, is_open, unrecorded: failure }
    }
}
