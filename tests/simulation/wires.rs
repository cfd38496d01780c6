//! The wires around the world and the disk: each effect is counted, can be the process's last, and is told to the
//! ledger. Planted bugs live here too.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use rictl::clock::{BootTime, Clock};
use rictl::cloud::routes::{RouteTablesPage, RoutesPage, RoutesRead};
use rictl::cloud::traffic::{Direction, TrafficPoint, TrafficRead};
use rictl::cloud::{
    Call, Cloud, CloudError, CloudRead, DescribeQuery, Effect, ErrorKind, Health, Identity, Mutation, Page, Permit,
    Receipt, Selection, Stamped,
};
use rictl::emulator::{InProcess, World};
use rictl::journal::{Entry, Replay, Run};
use rictl::resource::{AccountName, HealthCheckStatus, Observed, RequestId, Router, RouterInterfaceId, Scope, Status};
use rictl::state::{RunId, State};
use rictl::store::memory::{Disk, Fault, Memory, MemoryStore};
use rictl::store::{self, Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, Sleep};

use super::dice::Dice;
use super::judge::{Answered, Judge};
use super::ledger::{About, Ledger};
use super::scenario::{Life, REGIONS, Tricks};

/// A defect put in on purpose, to see the invariants catch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Planted {
    /// An append says that it is durable and writes nothing.
    AppendsAreForgotten,
    /// An append reaches the disk only with the next one.
    AppendsAreLate,
    /// A lost answer makes the client send again by itself.
    LostCallsAreRepeated,
    /// A call goes to the neighbour.
    CallsGoAstray,
    /// What is Inactive is shown as Active.
    DownIsShownAsUp,
    /// What others took down is shown as Active.
    OthersAreShownAsUp,
    /// What is on its way is shown as arrived.
    TransitionsAreShownAsDone,
    /// A read deactivates something.
    ReadsWrite,
    /// Half of the journal goes when the state is replaced.
    CommitsTruncate,
    /// An answer never comes.
    AnswersAreLost,
    /// The quota is not kept.
    QuotaIsIgnored,
    /// A refused write is told as done.
    RefusalsAreHidden,
    /// Of an accepted Deactivate the journal keeps that it was refused.
    AcceptedIsForgotten,
    /// A lost answer is told as a refusal.
    DoubtsAreRefusals,
    /// Every call is held back on its way out.
    SendsAreLate,
    /// A read is answered from an earlier answer, if that was pleasant.
    OldPagesAreShown,
    /// Of two rows for one interface the better one is shown.
    BetterRowWins,
    /// A read waits for those of all other regions.
    ReadsQueue,
    /// Signals are never heard.
    SignalsAreUnheard,
    /// Once it applies, a process has its first read of another region answered after ten minutes.
    NewRegionsWait,
    /// The way out of a call is shared by both ends: what takes one down brings the other up.
    OtherEndIsReopened,
    /// A health check says Normal whatever it has found.
    IllIsShownAsWell,
    /// Whoever takes back is told that nothing was changed since.
    SupersededIsIgnored,
    /// Nobody is told what was decided about a run, and nobody decides.
    DecisionsAreForgotten,
    /// What awaits confirmation is in no state.
    AwaitingIsForgotten,
}

/// What is in store for one process.
#[derive(Debug)]
pub(crate) struct Fate {
    life: Life,
    effects: Cell<u64>,
    is_dead: Cell<bool>,
    death: Notify,
    signals: (watch::Sender<u32>, watch::Receiver<u32>),
    /// How long it stands still at the next occasion.
    stall: Cell<Duration>,
    is_real: bool,
    /// It hears no signals.
    is_deaf: bool,
    /// Its number before the judge, once it has begun to apply.
    pub(crate) seat: Cell<Option<usize>>,
    /// Somebody else, who confirms.
    somebody: Somebody,
}

/// Somebody who confirms what awaits that.
pub(crate) struct Somebody(Box<dyn Fn(&mut Ledger)>);

impl Somebody {
    pub(crate) fn new(confirms: impl Fn(&mut Ledger) + 'static) -> Self {
        Self(Box::new(confirms))
    }
}

impl std::fmt::Debug for Somebody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Somebody")
    }
}

impl Fate {
    pub(crate) fn new(life: Life, is_real: bool, planted: Option<Planted>, somebody: Somebody) -> Self {
        Self {
            somebody,
            is_deaf: planted == Some(Planted::SignalsAreUnheard),
            life,
            stall: Cell::default(),
            is_real,
            seat: Cell::default(),
            effects: Cell::new(0),
            is_dead: Cell::new(false),
            death: Notify::new(),
            signals: watch::channel(0),
        }
    }

    pub(crate) fn signals(&self) -> watch::Receiver<u32> {
        self.signals.1.clone()
    }

    /// Waits for the process's death.
    pub(crate) async fn death(&self) {
        self.death.notified().await;
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.is_dead.get()
    }

    pub(crate) fn effects(&self) -> u64 {
        self.effects.get()
    }

    /// Counts an effect that is about to happen; claims that the process dies over it.
    fn meet(&self, ledger: &mut Ledger, what: &str) -> bool {
        self.effects.set(self.effects.get() + 1);
        ledger.effect(what);
        for _ in self.life.signals_at.iter().filter(|at| **at == self.effects.get()) {
            ledger.note("a signal arrives");
            ledger.signalled.get_or_insert_with(Instant::now);
            if !self.is_deaf {
                self.signals.0.send_modify(|count| *count += 1);
            }
        }
        if self.life.confirmed_at.contains(&self.effects.get()) {
            (self.somebody.0)(ledger);
        }
        let stalls = self.life.stalls.iter().filter(|(at, _)| *at == self.effects.get()).map(|(_, time)| *time);
        self.stall.set(self.stall.get() + stalls.sum());
        if self.life.crash_at == Some(self.effects.get()) {
            ledger.note("the process dies");
            ledger.crashes += 1;
            self.is_dead.set(true);
            self.death.notify_one();
        }
        self.is_dead.get()
    }

    /// Stands still if that is due: time passes, and nothing of the process runs.
    pub(crate) fn stall(&self, more: Duration) {
        let time = self.stall.take() + more;
        if time.is_zero() || self.is_dead() {
        } else if self.is_real {
            std::thread::sleep(time);
        } else {
            // The clock moves when it is first asked to; what is left to do is to let others run.
            let _ = tokio::time::advance(time).now_or_never();
        }
    }

    /// Waits for a slow reader of what the process tells.
    pub(crate) fn tell(&self) {
        self.stall(self.life.slow_reader);
    }

    /// Goes on, unless the process is dead.
    async fn live(&self) {
        if self.is_dead.get() {
            std::future::pending().await
        }
    }
}

/// A process that is stopped at some turns of its task, as by SIGSTOP, while all others go on.
pub(crate) struct Stopped<F> {
    process: Pin<Box<F>>,
    turns: u64,
    stops: Vec<(u64, Duration)>,
    until: Option<Pin<Box<Sleep>>>,
}

impl<F: Future> Stopped<F> {
    pub(crate) fn new(process: F, stops: Vec<(u64, Duration)>) -> Self {
        Self { process: Box::pin(process), turns: 0, stops, until: None }
    }
}

impl<F: Future> Future for Stopped<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        if self.until.is_none() {
            self.turns += 1;
            let due = self.stops.iter().find(|(turn, _)| *turn == self.turns).map(|(_, time)| *time);
            self.until = due.map(|time| Box::pin(tokio::time::sleep(time)));
        }
        if let Some(until) = &mut self.until {
            std::task::ready!(until.as_mut().poll(context));
            self.until = None;
        }
        self.process.as_mut().poll(context)
    }
}

/// The wire to the world, inside the retries.
#[derive(Debug)]
pub(crate) struct CloudWire {
    pub(crate) inner: InProcess,
    pub(crate) world: Rc<RefCell<World>>,
    pub(crate) clock: Clock,
    pub(crate) ledger: Rc<RefCell<Ledger>>,
    pub(crate) judge: Rc<RefCell<Judge>>,
    pub(crate) fate: Rc<Fate>,
    pub(crate) late: RefCell<Dice>,
    pub(crate) late_percent: u64,
    pub(crate) tricks: Tricks,
    /// How many mutating calls and reads all processes of this checkout have sent.
    pub(crate) traffic: Rc<Traffic>,
    pub(crate) planted: Option<Planted>,
}

/// How much went over the wires of one checkout, and what they keep for tricks and defects.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    calls: Cell<u64>,
    reads: Cell<u64>,
    first: RefCell<BTreeMap<RouterInterfaceId, Observed>>,
    pages: RefCell<Vec<(Scope, DescribeQuery, Instant, Page)>>,
    queue: tokio::sync::Mutex<()>,
    /// A read of another region has been held back.
    waited: Cell<bool>,
}

/// A call on its way, in the books of the ledger and of the judge.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    ledger: usize,
    judge: Option<usize>,
}

impl CloudWire {
    async fn effect(&self, what: &str) {
        self.fate.live().await;
        let dies = self.fate.meet(&mut self.ledger.borrow_mut(), what);
        if dies {
            std::future::pending().await
        }
    }

    /// Lets the world carry a call out; says whether it changed anything.
    async fn carry_out(
        &self,
        scope: &Scope,
        call: Call,
        id: &RouterInterfaceId,
        numbers: Numbers,
    ) -> (bool, Result<Receipt, CloudError>) {
        let up = self.judge.borrow().up();
        let before = self.world.borrow().count(call.action()).mutated;
        let sent = Mutation::of(call, id.clone());
        let mut answer = pin!(self.inner.call(scope, &sent, Permit::free()));
        // The world acts when it is first asked; after that only the answer is on its way.
        let at_once = answer.as_mut().now_or_never();
        let has_acted = self.world.borrow().count(call.action()).mutated > before;
        if has_acted {
            let mut ledger = self.ledger.borrow_mut();
            ledger.took_effect(numbers.ledger);
            if let Some(number) = numbers.judge {
                self.judge.borrow_mut().took_effect(number, &up);
            }
        }
        let answer = match at_once {
            Some(answer) => answer,
            None => answer.await,
        };
        match &answer {
            Ok(receipt) => self.ledger.borrow_mut().accepted(&receipt.request_id.0),
            Err(error) => {
                if let Some(request_id) = error.request_id() {
                    self.ledger.borrow_mut().refused(&request_id.0);
                }
            }
        }
        (has_acted, answer)
    }

    /// The answer is given up while the request is still on its way.
    fn send_late(
        &self,
        scope: &Scope,
        call: Call,
        id: &RouterInterfaceId,
        numbers: Numbers,
        delay: Duration,
    ) -> CloudError {
        let (scope, id) = (scope.clone(), id.clone());
        let straggler = Self {
            inner: self.inner.clone(),
            world: Rc::clone(&self.world),
            clock: self.clock,
            ledger: Rc::clone(&self.ledger),
            judge: Rc::clone(&self.judge),
            fate: Rc::clone(&self.fate),
            tricks: Tricks::default(),
            traffic: Rc::clone(&self.traffic),
            late: self.late.clone(),
            late_percent: 0,
            planted: None,
        };
        tokio::task::spawn_local(async move {
            tokio::time::sleep(delay).await;
            let (_, answer) = straggler.carry_out(&scope, call, &id, numbers).await;
            straggler.ledger.borrow_mut().note(&format!("late {call} {id}: {}", answer.is_ok()));
        });
        CloudError::new(ErrorKind::Interrupted, Effect::InDoubt, call.action(), "the connection was reset")
    }
}

impl CloudWire {
    /// Writes a call that leaves into both books.
    fn enter(&self, scope: &Scope, call: Call, id: &RouterInterfaceId) -> Numbers {
        let ledger = self.ledger.borrow_mut().call(scope, call, id);
        let about = self.ledger.borrow().sent[ledger].about.clone();
        let judge = self.fate.seat.get().map(|life| self.judge.borrow_mut().leaves(life, scope, (call, id), about));
        Numbers { ledger, judge }
    }

    fn came_back(&self, numbers: Numbers, answer: &Result<Receipt, CloudError>) {
        let Some(number) = numbers.judge else { return };
        self.judge.borrow_mut().came_back(
            number,
            match answer {
                Ok(_) => Answered::Accepted,
                Err(error) if error.effect == Effect::InDoubt => Answered::Lost,
                Err(_) => Answered::Refused,
            },
        );
    }

    /// Asks the world, and returns when it saw the question.
    async fn ask(&self, scope: &Scope, query: &DescribeQuery) -> (Instant, Result<Page, CloudError>) {
        let _turn = match self.planted {
            Some(Planted::ReadsQueue) => Some(self.traffic.queue.lock().await),
            _ => None,
        };
        let asked = Instant::now();
        let is_new = || self.fate.seat.get().is_some() && scope.region.as_str() != REGIONS[0];
        if self.planted == Some(Planted::NewRegionsWait) && is_new() && !self.traffic.waited.replace(true) {
            tokio::time::sleep(Duration::from_secs(600)).await;
        }
        if self.planted == Some(Planted::OldPagesAreShown) {
            let pages = self.traffic.pages.borrow();
            let known = pages.iter().rev().find(|(of, same, at, known)| {
                let is_pleasant = known.interfaces.iter().all(|row| row.status == Status::Active);
                of == scope && same == query && at.elapsed() < Duration::from_secs(60) && is_pleasant
            });
            if let Some((_, _, at, page)) = known {
                return (*at, Ok(Page { asked: BootTime::now(), ..page.clone() }));
            }
        }
        let answer = self.inner.describe(scope, query).await;
        if let (Some(Planted::OldPagesAreShown), Ok(page)) = (self.planted, &answer) {
            self.traffic.pages.borrow_mut().push((scope.clone(), query.clone(), asked, page.clone()));
        }
        (asked, answer)
    }

    /// Does to a page what the scenario wants done to it.
    fn trick(&self, page: &mut Page) {
        self.traffic.reads.set(self.traffic.reads.get() + 1);
        for row in &page.interfaces {
            self.traffic.first.borrow_mut().entry(row.id.clone()).or_insert_with(|| row.clone());
        }
        if self.tricks.early == Some(self.traffic.reads.get()) {
            for row in page.interfaces.iter_mut().filter(|row| row.status == Status::Activating) {
                row.status = Status::Active;
            }
        }
        if self.tricks.contradicting_percent > 0 && self.late.borrow_mut().chance(self.tricks.contradicting_percent) {
            let first = self.traffic.first.borrow();
            let only = self.tricks.contradicted.as_ref();
            let rows = page.interfaces.iter().filter(|row| only.is_none_or(|only| row.id == *only));
            let before: Vec<Observed> = rows.filter_map(|row| first.get(&row.id).cloned()).collect();
            page.interfaces.extend(before);
        }
    }

    /// Does to a page what the planted defect does.
    fn spoil(&self, page: &mut Page) {
        for observed in &mut page.interfaces {
            match self.planted {
                Some(Planted::DownIsShownAsUp) if observed.status == Status::Inactive => {
                    observed.status = Status::Active;
                }
                Some(Planted::OthersAreShownAsUp)
                    if !self.ledger.borrow().sent.iter().any(|sent| sent.id == observed.id) =>
                {
                    observed.status = Status::Active;
                }
                Some(Planted::TransitionsAreShownAsDone) if observed.status == Status::Activating => {
                    observed.status = Status::Active;
                }
                _ => {}
            }
        }
        if self.planted == Some(Planted::BetterRowWins) {
            let mut best: BTreeMap<RouterInterfaceId, Observed> = BTreeMap::new();
            for row in std::mem::take(&mut page.interfaces) {
                let is_better = best.get(&row.id).is_none_or(|known| known.status != Status::Active);
                if is_better {
                    best.insert(row.id.clone(), row);
                }
            }
            page.interfaces = best.into_values().collect();
        }
    }

    /// Carries a call out the way that the scenario wants.
    async fn deliver(
        &self,
        scope: &Scope,
        call: Call,
        id: &RouterInterfaceId,
        numbers: Numbers,
    ) -> Result<Receipt, CloudError> {
        self.traffic.calls.set(self.traffic.calls.get() + 1);
        let late = self.tricks.late.filter(|(nth, _)| *nth == self.traffic.calls.get()).map(|(_, delay)| delay);
        let by_chance = self.late.borrow_mut().chance(self.late_percent);
        let by_chance = by_chance.then(|| Duration::from_millis(self.late.borrow_mut().within(0, 12_000)));
        if let Some(delay) = late.or(by_chance) {
            return Err(self.send_late(scope, call, id, numbers, delay));
        }
        let (_, answer) = self.carry_out(scope, call, id, numbers).await;
        let twice = self.tricks.twice_percent;
        if twice > 0 && self.late.borrow_mut().chance(twice) {
            self.ledger.borrow_mut().note("the call is delivered a second time");
            let (has_acted, second) = self.carry_out(scope, call, id, numbers).await;
            // A fault that strikes the second copy alone says nothing of the first; and a refusal of the first nothing of a
            // second that was carried out.
            let is_of_the_status = second.as_ref().is_err_and(|error| error.kind == ErrorKind::IncorrectStatus);
            return if has_acted || is_of_the_status { second } else { answer };
        }
        answer
    }
}

impl CloudRead for CloudWire {
    async fn describe(&self, scope: &Scope, query: &DescribeQuery) -> Result<Page, CloudError> {
        let wanted = match &query.selection {
            Selection::Ids(ids) => ids.clone(),
            Selection::All | Selection::InTransition | Selection::At(_) => Vec::new(),
        };
        self.effect(&format!("read {scope}")).await;
        let asked_after = self.ledger.borrow().effects;
        let calls = if self.planted == Some(Planted::QuotaIsIgnored) { 10 } else { 1 };
        let (mut asked, mut answer) = self.ask(scope, query).await;
        for _ in 1..calls {
            (asked, answer) = self.ask(scope, query).await;
        }
        if self.planted == Some(Planted::ReadsWrite)
            && let Ok(page) = &answer
            && let Some(up) = page.interfaces.iter().find(|observed| observed.status == Status::Active)
        {
            let numbers = self.enter(scope, Call::Deactivate, &up.id);
            self.carry_out(scope, Call::Deactivate, &up.id, numbers).await.1?;
        }
        self.fate.live().await;
        let mut page = answer?;
        self.trick(&mut page);
        let shown: BTreeSet<_> = page.interfaces.iter().map(|observed| &observed.id).collect();
        let missing: Vec<_> = wanted.iter().filter(|id| !shown.contains(id)).cloned().collect();
        // An answer to a question for ids says nothing, neither of those nor of others, unless it shows all of them or
        // counts as many as it shows: a row under another's name hides whose it is.
        if missing.is_empty() || page.total_count as usize == wanted.len() - missing.len() {
            self.ledger.borrow_mut().read(scope, asked_after, &missing, &page.interfaces);
            if let Some(life) = self.fate.seat.get() {
                self.judge.borrow_mut().answered(life, asked, scope, &missing, &page.interfaces);
            }
        }
        self.ledger.borrow_mut().accepted(&page.request_id.0);
        self.spoil(&mut page);
        self.fate.stall(Duration::ZERO);
        Ok(page)
    }

    async fn health(&self, scope: &Scope, id: &RouterInterfaceId) -> Result<Health, CloudError> {
        let mut answer = self.inner.health(scope, id).await;
        self.fate.live().await;
        if let (Some(Planted::IllIsShownAsWell), Ok(health)) = (self.planted, &mut answer) {
            health.status = HealthCheckStatus::Normal;
        }
        answer
    }

    async fn identity(&self, account: &AccountName) -> Result<Identity, CloudError> {
        self.inner.identity(account).await
    }
}

impl TrafficRead for CloudWire {
    async fn traffic(
        &self,
        scope: &Scope,
        direction: Direction,
        ids: &[RouterInterfaceId],
    ) -> Result<Vec<TrafficPoint>, CloudError> {
        self.inner.traffic(scope, direction, ids).await
    }
}

/// The routers of these worlds have no tables.
impl RoutesRead for CloudWire {
    async fn route_tables(&self, _: &Router, _: u32) -> Result<RouteTablesPage, CloudError> {
        Ok(RouteTablesPage { tables: Vec::new(), total_count: 0, request_id: RequestId("none".into()) })
    }

    async fn routes(&self, _: &Router, _: &str, _: Option<&str>) -> Result<RoutesPage, CloudError> {
        Ok(RoutesPage {
            routes: Vec::new(),
            listed: 0,
            total_count: None,
            next_token: None,
            request_id: RequestId("none".into()),
        })
    }
}

/// No state here is shared.
impl Stamped for CloudWire {
    async fn takes_stamp(&self, _: &Scope, back: Duration) -> Result<bool, CloudError> {
        Ok(back <= Duration::from_secs(15 * 60))
    }
}

impl Cloud for CloudWire {
    async fn call(&self, scope: &Scope, call: &Mutation, _: Permit) -> Result<Receipt, CloudError> {
        let (call, id) = (call.call(), call.interface());
        let astray;
        let id = if self.planted == Some(Planted::CallsGoAstray) {
            astray = RouterInterfaceId::from("ri-0000");
            &astray
        } else {
            id
        };
        if self.planted == Some(Planted::SendsAreLate) {
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        self.effect(&format!("send {call} {id}")).await;
        let numbers = self.enter(scope, call, id);
        let mut answer = self.deliver(scope, call, id, numbers).await;
        if self.planted == Some(Planted::LostCallsAreRepeated)
            && answer.as_ref().is_err_and(|error| error.effect == Effect::InDoubt)
        {
            let numbers = self.enter(scope, call, id);
            answer = self.carry_out(scope, call, id, numbers).await.1;
        }
        if self.planted == Some(Planted::AnswersAreLost) {
            return std::future::pending().await;
        }
        if self.planted == Some(Planted::OtherEndIsReopened) && call == Call::Deactivate {
            self.reopen_other_end(id).await;
        }
        if answer.as_ref().is_err_and(|error| error.effect == Effect::InDoubt) {
            self.ledger.borrow_mut().lost(numbers.ledger);
        }
        let words = match &answer {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        self.effect(&format!("answer to {call} {id}: {words}")).await;
        self.came_back(numbers, &answer);
        self.fate.stall(Duration::ZERO);
        if self.planted == Some(Planted::DoubtsAreRefusals)
            && let Err(error) = &mut answer
        {
            error.effect = Effect::Refused;
        }
        answer
    }
}

impl CloudWire {
    async fn reopen_other_end(&self, id: &RouterInterfaceId) {
        let other = self.traffic.first.borrow().get(id).and_then(|row| row.opposite.interface_id.clone());
        let row = other.and_then(|other| self.traffic.first.borrow().get(&other).cloned());
        if let (Some(row), Some(life)) = (row, self.fate.seat.get()) {
            let scope = Scope { account: AccountName::default_account(), region: row.region.clone() };
            self.judge.borrow_mut().leaves(life, &scope, (Call::Activate, &row.id), About::default());
            let answer = self.inner.call(&scope, &Mutation::of(Call::Activate, row.id.clone()), Permit::free()).await;
            self.ledger.borrow_mut().note(&format!("the other end {} is reopened: {}", row.id, answer.is_ok()));
        }
    }
}

/// The wire to the disk.
pub(crate) struct DiskWire {
    pub(crate) inner: MemoryStore,
    pub(crate) ledger: Rc<RefCell<Ledger>>,
    pub(crate) judge: Rc<RefCell<Judge>>,
    pub(crate) fate: Rc<Fate>,
    pub(crate) planted: Option<Planted>,
    late: Vec<Entry>,
}

impl DiskWire {
    pub(crate) fn new(
        inner: MemoryStore,
        ledger: Rc<RefCell<Ledger>>,
        judge: Rc<RefCell<Judge>>,
        fate: Rc<Fate>,
        planted: Option<Planted>,
    ) -> Self {
        let inner = match fate.life.refused_write {
            Some(nth) => inner.with_fault(nth, Fault::Refused),
            None => inner,
        };
        Self { inner, ledger, judge, fate, planted, late: Vec::new() }
    }

    /// Counts a write; one that the process dies over is torn.
    fn meet(&mut self, what: &str) {
        let was_dead = self.fate.is_dead();
        if !was_dead && self.fate.meet(&mut self.ledger.borrow_mut(), what) {
            let inner = std::mem::replace(&mut self.inner, MemoryStore::open(Memory::new(Disk::default())).unwrap().0);
            self.inner = inner.with_fault(0, Fault::Died(self.fate.life.torn));
        }
    }

    fn write_now(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        if self.fate.is_dead() {
            return Err(dead());
        }
        self.meet(&format!("append {}", words(entries)));
        match self.planted {
            Some(Planted::AppendsAreForgotten) => Ok(()),
            Some(Planted::AppendsAreLate) => {
                let due = std::mem::replace(&mut self.late, entries.to_vec());
                if due.is_empty() { Ok(()) } else { self.write(&due) }
            }
            Some(Planted::RefusalsAreHidden) => self.write(entries).or(Ok(())),
            Some(Planted::AcceptedIsForgotten) => self.write(&forgetful(entries)),
            _ => self.write(entries),
        }
    }

    fn write(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let outcome = self.inner.append(entries);
        let mut ledger = self.ledger.borrow_mut();
        if outcome.is_ok() {
            ledger.appended(entries, self.inner.disk());
            if let Some(life) = self.fate.seat.get() {
                self.judge.borrow_mut().recorded(life);
            }
        } else {
            ledger.append_failed = true;
            ledger.keep(self.inner.disk());
            ledger.note("the append failed");
        }
        outcome
    }
}

fn dead() -> StoreError {
    StoreError::Bug("a dead process writes".to_owned())
}

impl Store for DiskWire {
    fn replay(&self) -> &Replay {
        self.inner.replay()
    }

    fn prepare(&self, steps: usize, state_length: usize) -> Result<(), StoreError> {
        self.inner.prepare(steps, state_length)
    }

    fn append(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let outcome = self.write_now(entries);
        // What is durable now may leave only after this.
        self.fate.stall(self.fate.life.slow_disk);
        outcome
    }

    /// On one slow disk of two the process stands still meanwhile, on the other it goes on.
    async fn append_without_blocking(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let slow = self.fate.life.slow_disk;
        if slow.as_millis().is_multiple_of(2) {
            return self.append(entries);
        }
        let (before, after) = if slow.as_millis() % 4 == 1 { (slow, Duration::ZERO) } else { (Duration::ZERO, slow) };
        tokio::time::sleep(before).await;
        let outcome = self.write_now(entries);
        self.fate.stall(Duration::ZERO);
        tokio::time::sleep(after).await;
        outcome
    }

    fn commit(&mut self, state: &mut State, expected_serial: u64) -> Result<(), StoreError> {
        if self.fate.is_dead() {
            return Err(dead());
        }
        self.meet(&format!("commit serial {}", state.serial));
        let outcome = if self.planted == Some(Planted::AwaitingIsForgotten) {
            let awaiting = std::mem::take(&mut state.awaiting);
            let outcome = self.inner.commit(state, expected_serial);
            state.awaiting = awaiting;
            outcome
        } else {
            self.inner.commit(state, expected_serial)
        };
        let mut ledger = self.ledger.borrow_mut();
        match &outcome {
            Ok(()) if self.planted == Some(Planted::CommitsTruncate) => {
                let mut disk = self.inner.disk().clone();
                disk.journal.clear();
                ledger.committed(state, &disk);
            }
            Ok(()) => ledger.committed(state, self.inner.disk()),
            Err(_) => ledger.keep(self.inner.disk()),
        }
        outcome
    }

    fn archive(&mut self, state: &State) -> Result<(), StoreError> {
        if self.fate.is_dead() {
            return Err(dead());
        }
        self.meet("archive");
        let outcome = self.inner.archive(state);
        self.ledger.borrow_mut().archived(self.inner.disk());
        outcome
    }

    fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        self.inner.run(id)
    }

    fn newest_sent(&self, digest: &str) -> Result<Option<RunId>, StoreError> {
        self.inner.newest_sent(digest)
    }

    fn run_ids(&self) -> Result<Vec<RunId>, StoreError> {
        self.inner.run_ids()
    }

    fn taken_back_by(&self, id: &RunId) -> Result<Option<RunId>, StoreError> {
        self.inner.taken_back_by(id)
    }

    /// Others write there without a lock.
    fn word(&self, id: &RunId, about: store::About) -> Result<Option<Vec<u8>>, StoreError> {
        if self.planted == Some(Planted::DecisionsAreForgotten) {
            return Ok(None);
        }
        Ok(self.ledger.borrow().disk.words.borrow().get(&(id.clone(), about)).cloned())
    }

    fn put_word(&self, id: &RunId, about: store::About, bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if self.fate.is_dead() {
            return Err(dead());
        }
        let dies = self.fate.meet(&mut self.ledger.borrow_mut(), &format!("word {about:?}"));
        if self.planted == Some(Planted::DecisionsAreForgotten) {
            return Ok(None);
        }
        if dies && self.fate.life.torn < bytes.len() {
            return Err(dead());
        }
        let ledger = self.ledger.borrow();
        let mut words = ledger.disk.words.borrow_mut();
        let key = (id.clone(), about);
        let known = words.get(&key).cloned();
        words.entry(key).or_insert_with(|| bytes.to_vec());
        if dies { Err(dead()) } else { Ok(known) }
    }

    fn rescue(&mut self) -> Result<String, StoreError> {
        self.inner.rescue()
    }
}

/// Keeps of every accepted Deactivate that it was refused.
fn forgetful(entries: &[Entry]) -> Vec<Entry> {
    let forget = |entry: &Entry| match entry {
        Entry::Accepted { step, at, .. } if step.to_string().ends_with("/deactivate") => {
            Entry::Refused { step: step.clone(), at: *at, detail: "forgotten".to_owned(), receipt: None }
        }
        other => other.clone(),
    };
    entries.iter().map(forget).collect()
}

/// Names what is recorded, without run ids, which are not drawn from the seed.
fn words(entries: &[Entry]) -> String {
    let word = |entry: &Entry| match entry {
        Entry::RunStarted(started) => format!("run of {} steps", started.steps.len()),
        Entry::Intent { step, .. } => format!("intent {step}"),
        Entry::Accepted { step, .. } => format!("accepted {step}"),
        Entry::Refused { step, .. } => format!("refused {step}"),
        Entry::Doubtful { step, .. } => format!("doubtful {step}"),
        Entry::Closed { step, outcome, status, because, .. } => {
            format!("closed {step} {outcome:?} {status:?} {because:?}")
        }
        Entry::RunEnded(end) => format!("end {}", end.exit.code()),
        Entry::Died(_) => "died".to_owned(),
        Entry::Reserved { kind, .. } => format!("{kind:?}"),
        Entry::Folded { serial } => format!("folded {serial}"),
    };
    entries.iter().map(word).collect::<Vec<_>>().join("; ")
}
