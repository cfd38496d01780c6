//! The wires around the world and the disk: each effect is counted, can be the process's last, and is told to the
//! ledger. Planted bugs live here too.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt as _;
use rictl::clock::Clock;
use rictl::cloud::{
    Call, Cloud, CloudError, CloudRead, DescribeQuery, Effect, ErrorKind, Identity, Mutation, Page, Permit, RequestId,
    Selection,
};
use rictl::emulator::{InProcess, World};
use rictl::journal::{Entry, Replay, Run};
use rictl::resource::{AccountName, RouterInterfaceId, Scope, Status};
use rictl::state::{RunId, State};
use rictl::store::memory::{Disk, Fault, Memory, MemoryStore};
use rictl::store::{Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::dice::Dice;
use super::ledger::Ledger;
use super::scenario::Life;

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
}

/// What is in store for one process.
#[derive(Debug)]
pub(crate) struct Fate {
    life: Life,
    effects: Cell<u64>,
    is_dead: Cell<bool>,
    death: Notify,
    signals: (watch::Sender<u32>, watch::Receiver<u32>),
}

impl Fate {
    pub(crate) fn new(life: Life) -> Self {
        Self {
            life,
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
            self.signals.0.send_modify(|count| *count += 1);
        }
        if self.life.crash_at == Some(self.effects.get()) {
            ledger.note("the process dies");
            ledger.crashes += 1;
            self.is_dead.set(true);
            self.death.notify_one();
        }
        self.is_dead.get()
    }

    /// Goes on, unless the process is dead.
    async fn live(&self) {
        if self.is_dead.get() {
            std::future::pending().await
        }
    }
}

/// The wire to the world, inside the retries.
#[derive(Debug)]
pub(crate) struct CloudWire {
    pub(crate) inner: InProcess,
    pub(crate) world: Rc<RefCell<World>>,
    pub(crate) clock: Clock,
    pub(crate) ledger: Rc<RefCell<Ledger>>,
    pub(crate) fate: Rc<Fate>,
    pub(crate) late: RefCell<Dice>,
    pub(crate) late_percent: u64,
    pub(crate) planted: Option<Planted>,
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
        number: usize,
    ) -> Result<RequestId, CloudError> {
        let before = self.world.borrow().count(call.action()).mutated;
        let sent = Mutation::of(call, id.clone());
        let mut answer = pin!(self.inner.call(scope, &sent, Permit::free()));
        // The world acts when it is first asked; after that only the answer is on its way.
        let at_once = answer.as_mut().now_or_never();
        if self.world.borrow().count(call.action()).mutated > before {
            let mut ledger = self.ledger.borrow_mut();
            ledger.took_effect(number, &self.world.borrow().statuses(self.clock.now()));
        }
        let answer = match at_once {
            Some(answer) => answer,
            None => answer.await,
        };
        match &answer {
            Ok(request_id) => self.ledger.borrow_mut().accepted(&request_id.0),
            Err(error) => {
                if let Some(request_id) = &error.request_id {
                    self.ledger.borrow_mut().refused(&request_id.0);
                }
            }
        }
        answer
    }

    /// The answer is given up while the request is still on its way.
    fn send_late(&self, scope: &Scope, call: Call, id: &RouterInterfaceId, number: usize) -> CloudError {
        let delay = Duration::from_millis(self.late.borrow_mut().within(0, 12_000));
        let (scope, id) = (scope.clone(), id.clone());
        let straggler = Self {
            inner: self.inner.clone(),
            world: Rc::clone(&self.world),
            clock: self.clock,
            ledger: Rc::clone(&self.ledger),
            fate: Rc::clone(&self.fate),
            late: self.late.clone(),
            late_percent: 0,
            planted: None,
        };
        tokio::task::spawn_local(async move {
            tokio::time::sleep(delay).await;
            let answer = straggler.carry_out(&scope, call, &id, number).await;
            straggler.ledger.borrow_mut().note(&format!("late {call} {id}: {}", answer.is_ok()));
        });
        CloudError::new(ErrorKind::Interrupted, Effect::InDoubt, call.action(), "the connection was reset")
    }
}

impl CloudRead for CloudWire {
    async fn describe(&self, scope: &Scope, query: &DescribeQuery) -> Result<Page, CloudError> {
        let asked = match &query.selection {
            Selection::Ids(ids) => ids.clone(),
            Selection::All | Selection::InTransition | Selection::At(_) => Vec::new(),
        };
        self.effect(&format!("read {scope}")).await;
        let calls = if self.planted == Some(Planted::QuotaIsIgnored) { 10 } else { 1 };
        let mut answer = self.inner.describe(scope, query).await;
        for _ in 1..calls {
            answer = self.inner.describe(scope, query).await;
        }
        if self.planted == Some(Planted::ReadsWrite)
            && let Ok(page) = &answer
            && let Some(up) = page.interfaces.iter().find(|observed| observed.status == Status::Active)
        {
            let number = self.ledger.borrow_mut().call(scope, Call::Deactivate, &up.id);
            self.carry_out(scope, Call::Deactivate, &up.id, number).await?;
        }
        self.fate.live().await;
        let mut page = answer?;
        let shown: BTreeSet<_> = page.interfaces.iter().map(|observed| &observed.id).collect();
        let missing: Vec<_> = asked.iter().filter(|id| !shown.contains(id)).cloned().collect();
        // An answer to a question for ids says nothing, neither of those nor of others, unless it shows all of them or
        // counts as many as it shows: a row under another's name hides whose it is.
        if missing.is_empty() || page.total_count as usize == asked.len() - missing.len() {
            self.ledger.borrow_mut().read(scope, &missing, &page.interfaces);
        }
        self.ledger.borrow_mut().accepted(&page.request_id.0);
        for observed in &mut page.interfaces {
            match self.planted {
                Some(Planted::DownIsShownAsUp) if observed.status == Status::Inactive => {
                    observed.status = Status::Active;
                }
                Some(Planted::TransitionsAreShownAsDone) if observed.status == Status::Activating => {
                    observed.status = Status::Active;
                }
                _ => {}
            }
        }
        Ok(page)
    }

    async fn identity(&self, account: &AccountName) -> Result<Identity, CloudError> {
        self.inner.identity(account).await
    }
}

impl Cloud for CloudWire {
    async fn call(&self, scope: &Scope, call: &Mutation, _: Permit) -> Result<RequestId, CloudError> {
        let (call, id) = (call.call(), call.interface());
        let astray;
        let id = if self.planted == Some(Planted::CallsGoAstray) {
            astray = RouterInterfaceId::from("ri-0000");
            &astray
        } else {
            id
        };
        self.effect(&format!("send {call} {id}")).await;
        let number = self.ledger.borrow_mut().call(scope, call, id);
        let is_late = self.late.borrow_mut().chance(self.late_percent);
        let mut answer = if is_late {
            Err(self.send_late(scope, call, id, number))
        } else {
            self.carry_out(scope, call, id, number).await
        };
        if self.planted == Some(Planted::LostCallsAreRepeated)
            && answer.as_ref().is_err_and(|error| error.effect == Effect::InDoubt)
        {
            let number = self.ledger.borrow_mut().call(scope, call, id);
            answer = self.carry_out(scope, call, id, number).await;
        }
        if self.planted == Some(Planted::AnswersAreLost) {
            return std::future::pending().await;
        }
        if answer.as_ref().is_err_and(|error| error.effect == Effect::InDoubt) {
            self.ledger.borrow_mut().lost(number);
        }
        let words = match &answer {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        self.effect(&format!("answer to {call} {id}: {words}")).await;
        answer
    }
}

/// The wire to the disk.
pub(crate) struct DiskWire {
    pub(crate) inner: MemoryStore,
    pub(crate) ledger: Rc<RefCell<Ledger>>,
    pub(crate) fate: Rc<Fate>,
    pub(crate) planted: Option<Planted>,
    late: Vec<Entry>,
}

impl DiskWire {
    pub(crate) fn new(
        inner: MemoryStore,
        ledger: Rc<RefCell<Ledger>>,
        fate: Rc<Fate>,
        planted: Option<Planted>,
    ) -> Self {
        let inner = match fate.life.refused_write {
            Some(nth) => inner.with_fault(nth, Fault::Refused),
            None => inner,
        };
        Self { inner, ledger, fate, planted, late: Vec::new() }
    }

    /// Counts a write; one that the process dies over is torn.
    fn meet(&mut self, what: &str) {
        let was_dead = self.fate.is_dead();
        if !was_dead && self.fate.meet(&mut self.ledger.borrow_mut(), what) {
            let inner = std::mem::replace(&mut self.inner, MemoryStore::open(Memory::new(Disk::default())).unwrap().0);
            self.inner = inner.with_fault(0, Fault::Died(self.fate.life.torn));
        }
    }

    fn write(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        let outcome = self.inner.append(entries);
        let mut ledger = self.ledger.borrow_mut();
        if outcome.is_ok() {
            ledger.appended(entries, self.inner.disk());
        } else {
            ledger.append_failed = true;
            ledger.disk = self.inner.disk().clone();
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
            _ => self.write(entries),
        }
    }

    fn commit(&mut self, state: &mut State, expected_serial: u64) -> Result<(), StoreError> {
        if self.fate.is_dead() {
            return Err(dead());
        }
        self.meet(&format!("commit serial {}", state.serial));
        let outcome = self.inner.commit(state, expected_serial);
        let mut ledger = self.ledger.borrow_mut();
        match &outcome {
            Ok(()) if self.planted == Some(Planted::CommitsTruncate) => {
                let mut disk = self.inner.disk().clone();
                disk.journal.clear();
                ledger.committed(state, &disk);
            }
            Ok(()) => ledger.committed(state, self.inner.disk()),
            Err(_) => ledger.disk = self.inner.disk().clone(),
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

    fn run_ids(&self) -> Result<Vec<RunId>, StoreError> {
        self.inner.run_ids()
    }

    fn rescue(&mut self) -> Result<String, StoreError> {
        self.inner.rescue()
    }
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
