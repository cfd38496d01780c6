//! Several machines on one shared state. They claim it one after the other, stand still at any moment, die with a request on
//! its way, lose answers of the store and are thrown out by force. The world judges, by what arrived there and took effect:
//! no group below its floor, no call twice, no record that cannot be read.
//!
//! ```text
//! SIM_SEEDS=1000000 cargo test --release --test all simulation::handovers::every_seed -- --nocapture
//! SIM_SEED=42 cargo test --test all simulation::handovers::one_seed -- --nocapture     one seed with its trace
//! SIM_SEED=42 SIM_STATES=2 ...                                                         one with two states that share their links
//! ```

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use jiff::Timestamp;
use rictl::alibaba::credentials::Environment;
use rictl::clock::Clock;
use rictl::cloud::{Call, Cloud, CloudError, Effect, ErrorKind, Mutation, Permit, Receipt, Terms};
use rictl::emulator::{Format, InProcess, World, WorldSeed};
use rictl::executor::Settings;
use rictl::history::{self, Recorded};
use rictl::ops::connection::Access;
use rictl::ops::locked::Locked;
use rictl::ops::one_state::{self, Held};
use rictl::ops::project::Project;
use rictl::ops::session::{Applied, Approval, Front, Session, Task};
use rictl::plan::{Plan, PlanOptions};
use rictl::resource::{AccountName, Provider, RouterInterfaceId, Scope, Status, Target};
use rictl::retry::{Policy, Quota, Retrying};
use rictl::run::{Event, Report};
use rictl::spec::{self, SpecFile};
use rictl::store::local::Paths;
use rictl::store::lock::Holder;
use rictl::store::memory::commons::{Commons, Trouble, Visitor};
use rictl::store::place::{Far, Place};
use rictl::store::remote::{Claimed, Folder, NoteName, Noted, Prefix, Remote, StateName, Tip, Unwritten};
use rictl::store::shared::Terms as Holding;
use rictl::store::{Shared, StoreError};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep};

use super::dice::Dice;
use super::life::epoch;
use crate::harness::handing_on::{hands_on_reads, hands_on_what_rides};

/// What is left out, which has to be noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Planted {
    /// The store takes the writes of whoever was taken over from.
    Fence,
    /// A call leaves whatever has become of its lease.
    LeaseCheck,
    /// A call is signed as of now.
    SigningBack,
    /// A state tells its store only in the end which interfaces it acts on.
    ToldAtTheEnd,
}

/// What one process meets.
#[derive(Clone, Debug)]
struct Life {
    /// On which state of the store it acts.
    state: &'static str,
    begins: Duration,
    /// Which links it wants up.
    wants: Vec<bool>,
    ttl: Duration,
    /// At which turns of its task it stands still, and for how long.
    stops: Vec<(u64, Duration)>,
    /// Of its calls: how long it stands still before one is signed, and after the last check.
    halts: BTreeMap<u64, (Duration, Duration)>,
    /// At which call it dies, once that is checked; the request arrives so long after.
    dies_at: Option<(u64, Duration)>,
    troubles: Vec<(u64, Trouble)>,
    /// When somebody ends by force whatever claim there is.
    forced_at: Option<Duration>,
}

#[derive(Clone, Debug)]
struct Scenario {
    seed: u64,
    floor: usize,
    up: Vec<bool>,
    settle: Duration,
    lives: Vec<Life>,
    /// The store has states that declare the same links.
    is_shared: bool,
}

impl Scenario {
    fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed).split("handovers");
        let links = usize::try_from(dice.within(2, 4)).unwrap();
        let floor = usize::try_from(dice.within(1, links as u64 - 1)).unwrap();
        let up = some(&mut dice, links, floor);
        let settle = Duration::from_millis(dice.within(200, 4000));
        let lives = (0..dice.within(2, 4)).map(|_| life(&mut dice, links, floor)).collect();
        Self { seed, floor, up, settle, lives, is_shared: false }
    }

    /// The same with two states that share every link; most processes begin together.
    fn draw_shared(seed: u64) -> Self {
        let mut scenario = Self::draw(seed);
        let mut dice = Dice::new(seed).split("two states");
        for (number, life) in scenario.lives.iter_mut().enumerate() {
            life.state = if number % 2 == 0 { "site" } else { "other" };
            if dice.chance(80) {
                life.begins = Duration::from_millis(dice.within(0, 3000));
            }
        }
        scenario.is_shared = true;
        scenario
    }

    fn world(&self) -> WorldSeed {
        let settle = self.settle.as_millis();
        let mut text = format!("settle: {{ activate: {settle}ms, deactivate: {settle}ms }}\ninterfaces:\n");
        for (number, is_up) in self.up.iter().enumerate() {
            let status = if *is_up { "Active" } else { "Inactive" };
            writeln!(text, "  - {{ id: ri-{number}, region: here, status: {status} }}").unwrap();
        }
        WorldSeed::parse(&text, Format::Yaml).unwrap()
    }

    fn project(&self, wants: &[bool]) -> Project {
        let mut text = format!(
            "version: 1\ncloud: {{ provider: emulator, region: here }}\ngroups: {{ g: {{ min_active: {} }} }}\ninterfaces:\n",
            self.floor
        );
        for (number, is_up) in wants.iter().enumerate() {
            let status = if *is_up { "Active" } else { "Inactive" };
            writeln!(text, "  a{number}: {{ id: ri-{number}, status: {status}, group: g }}").unwrap();
        }
        let files = vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: text.into_bytes() }];
        let digest = spec::digest(&files);
        let spec = spec::parse(files).unwrap();
        let place = Paths::new("state/rictl.json", "rescue").into();
        Project { name: "rictl.yaml".to_owned(), spec, digest: digest.into(), directory: PathBuf::new(), place }
    }
}

/// Draws which links are up: at least as many as the floor wants.
fn some(dice: &mut Dice, links: usize, floor: usize) -> Vec<bool> {
    let mut up: Vec<bool> = (0..links).map(|_| dice.chance(50)).collect();
    while up.iter().filter(|is_up| **is_up).count() < floor {
        let number = usize::try_from(dice.within(0, links as u64 - 1)).unwrap();
        up[number] = true;
    }
    up
}

fn life(dice: &mut Dice, links: usize, floor: usize) -> Life {
    let ttl = Duration::from_secs(*dice.pick(&[10, 20, 60]));
    let standstill = |dice: &mut Dice| match dice.within(0, 5) {
        0 => Duration::from_millis(dice.within(1, 5000)),
        1 => ttl / 2,
        2 => ttl + Duration::from_secs(dice.within(0, 20)),
        3 => ttl * 3 + Duration::from_secs(dice.within(0, 90)),
        4 => Duration::from_secs(dice.within(60, 240)),
        _ => Duration::from_secs(dice.within(600, 1500)),
    };
    let stops = (0..dice.within(0, 2)).map(|_| (dice.within(1, 60), standstill(dice))).collect();
    let mut halts = BTreeMap::new();
    for call in 0..4 {
        if dice.chance(30) {
            let (before, after) = (dice.chance(50), dice.chance(50));
            let halt = |is_on: bool, dice: &mut Dice| if is_on { standstill(dice) } else { Duration::ZERO };
            halts.insert(call, (halt(before, dice), halt(after, dice)));
        }
    }
    let dies_at = dice.chance(25).then(|| (dice.within(0, 3), standstill(dice)));
    let trouble = |dice: &mut Dice| *dice.pick(&[Trouble::Lost, Trouble::AnswerLost, Trouble::AnswerLost]);
    let troubles = (0..dice.within(0, 3)).map(|_| (dice.within(0, 40), trouble(dice))).collect();
    let forced_at = dice.chance(15).then(|| Duration::from_secs(dice.within(1, 200)));
    let begins = Duration::from_secs(dice.within(0, 150));
    Life { state: "site", begins, wants: some(dice, links, floor), ttl, stops, halts, dies_at, troubles, forced_at }
}

/// What all processes share, and what the world has seen of them.
struct Ground {
    scenario: Scenario,
    planted: Option<Planted>,
    world: Rc<RefCell<World>>,
    clock: Clock,
    commons: Commons,
    /// What took effect last at each interface.
    last: RefCell<BTreeMap<RouterInterfaceId, Call>>,
    violations: RefCell<Vec<String>>,
    trace: RefCell<String>,
    effects: Cell<u64>,
    taken_over: Cell<u64>,
    refused_late: Cell<u64>,
    is_traced: bool,
}

impl Ground {
    fn note(&self, text: &str) {
        if self.is_traced {
            writeln!(self.trace.borrow_mut(), "{} {text}", self.clock.now()).unwrap();
        }
    }

    fn violate(&self, text: String) {
        self.note(&format!("VIOLATION {text}"));
        self.violations.borrow_mut().push(text);
    }

    fn statuses(&self) -> BTreeMap<RouterInterfaceId, Status> {
        self.world.borrow().statuses(self.clock.now())
    }

    /// A call has arrived and was accepted.
    fn took_effect(&self, who: usize, call: Call, id: &RouterInterfaceId) {
        self.effects.set(self.effects.get() + 1);
        let up = self.statuses().values().filter(|status| **status == Status::Active).count();
        self.note(&format!("process {who}: {call} {id} took effect, {up} up"));
        if call == Call::Deactivate && up < self.scenario.floor {
            self.violate(format!("{call} {id} of process {who} left {up} up, floor {}", self.scenario.floor));
        }
        self.last.borrow_mut().insert(id.clone(), call);
    }

    /// A call has arrived and was refused for the status that its interface has.
    fn was_refused(&self, who: usize, call: Call, id: &RouterInterfaceId) {
        if self.last.borrow().get(id) == Some(&call) {
            self.violate(format!("{call} {id} of process {who} came although it had taken effect"));
        }
    }
}

/// A process of which time can be taken.
struct Process<F> {
    task: Pin<Box<F>>,
    halted: Rc<Cell<Option<Instant>>>,
    turns: u64,
    stops: Vec<(u64, Duration)>,
    until: Option<Pin<Box<Sleep>>>,
}

impl<F: Future> Future for Process<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        if self.until.is_none() {
            self.turns += 1;
            let turn = self.turns;
            let stop = self.stops.iter().find(|(at, _)| *at == turn).map(|(_, time)| Instant::now() + *time);
            let until = self.halted.take().into_iter().chain(stop).max();
            self.until = until.map(|until| Box::pin(tokio::time::sleep_until(until)));
        }
        if let Some(until) = &mut self.until {
            std::task::ready!(until.as_mut().poll(context));
            self.until = None;
        }
        self.task.as_mut().poll(context)
    }
}

/// The wire of one process.
struct Wire {
    who: usize,
    ground: Rc<Ground>,
    face: InProcess,
    life: Life,
    calls: Cell<u64>,
    halted: Rc<Cell<Option<Instant>>>,
    died: watch::Sender<bool>,
    is_dead: Arc<AtomicBool>,
}

impl Wire {
    /// The whole process stands still.
    async fn stand_still(&self, time: Duration) {
        if !time.is_zero() {
            self.ground.note(&format!("process {} stands still for {time:?}", self.who));
            self.halted.set(Some(Instant::now() + time));
            sleep(time).await;
        }
    }
}

/// Hands a request that was signed then to the world, whoever is still there to hear the answer.
async fn deliver(
    ground: Rc<Ground>,
    face: InProcess,
    who: usize,
    (scope, call): (Scope, Mutation),
    signed: Instant,
    signed_back: Duration,
) -> Result<Receipt, CloudError> {
    let age = signed.elapsed() + signed_back;
    let terms = Terms { until: None, signed_back: age };
    let answer = face.call(&scope, &call, Permit::free().under(terms)).await;
    match &answer {
        Ok(_) => ground.took_effect(who, call.call(), call.interface()),
        Err(error) if error.kind == ErrorKind::IncorrectStatus => {
            ground.was_refused(who, call.call(), call.interface());
        }
        Err(error) => {
            ground.refused_late.set(ground.refused_late.get() + u64::from(error.kind == ErrorKind::ClockSkew));
            ground.note(&format!("process {who}: {} {}: {error}", call.call(), call.interface()));
        }
    }
    answer
}

hands_on_reads!(Wire, face);
hands_on_what_rides!(Wire, face);

impl Cloud for Wire {
    async fn call(&self, scope: &Scope, call: &Mutation, permit: Permit) -> Result<Receipt, CloudError> {
        let number = self.calls.replace(self.calls.get() + 1);
        let (before, after) = self.life.halts.get(&number).copied().unwrap_or_default();
        self.stand_still(before).await;
        let terms = permit.terms();
        let signed_back =
            if self.ground.planted == Some(Planted::SigningBack) { Duration::ZERO } else { terms.signed_back };
        let signed = Instant::now();
        if terms.are_over() && self.ground.planted != Some(Planted::LeaseCheck) {
            self.ground.note(&format!("process {}: too late for {} {}", self.who, call.call(), call.interface()));
            let late = "it rests on what is too old";
            return Err(CloudError::new(ErrorKind::TooLate, Effect::None, call.call().action(), late));
        }
        let (ground, face) = (Rc::clone(&self.ground), self.face.clone());
        let asked = (scope.clone(), call.clone());
        if let Some((_, later)) = self.life.dies_at.filter(|(at, _)| *at == number) {
            let who = self.who;
            self.ground.note(&format!("process {who} dies over {} {}", call.call(), call.interface()));
            tokio::task::spawn_local(async move {
                sleep(later).await;
                deliver(ground, face, who, asked, signed, signed_back).await.ok();
            });
            self.is_dead.store(true, Ordering::Relaxed);
            self.died.send_replace(true);
            return std::future::pending().await;
        }
        self.stand_still(after).await;
        deliver(ground, face, self.who, asked, signed, signed_back).await
    }
}

/// A visit to the store, with a fence or without.
struct Visit {
    visitor: Visitor,
    is_fenced: bool,
    /// Who is dead gives nothing back.
    is_dead: Arc<AtomicBool>,
}

impl Visit {
    fn passes(&self, written: Result<(), Unwritten>) -> Result<(), Unwritten> {
        match written {
            Err(Unwritten::Fenced(_)) if !self.is_fenced => Ok(()),
            written => written,
        }
    }
}

impl Remote for Visit {
    fn label(&self) -> String {
        Remote::label(&self.visitor)
    }

    async fn tip(&mut self) -> Result<Tip, StoreError> {
        Remote::tip(&mut self.visitor).await
    }

    async fn read(&mut self) -> Result<Prefix, StoreError> {
        Remote::read(&mut self.visitor).await
    }

    async fn claim(&mut self, seen: &Tip, holder: &Holder, ttl: Duration) -> Result<Option<Claimed>, StoreError> {
        Remote::claim(&mut self.visitor, seen, holder, ttl).await
    }

    async fn append(&mut self, position: u64, batch: &[u8]) -> Result<(), Unwritten> {
        let written = Remote::append(&mut self.visitor, position, batch).await;
        self.passes(written)
    }

    async fn beat(&mut self) -> Result<(), Unwritten> {
        let written = Remote::beat(&mut self.visitor).await;
        self.passes(written)
    }

    async fn keep(&mut self, serial: u64, state: &[u8]) -> Result<(), Unwritten> {
        let written = Remote::keep(&mut self.visitor, serial, state).await;
        self.passes(written)
    }

    async fn restart(&mut self, position: u64, journal: &[u8]) -> Result<(), Unwritten> {
        let written = Remote::restart(&mut self.visitor, position, journal).await;
        self.passes(written)
    }

    async fn release(&mut self) -> Result<(), StoreError> {
        if self.is_dead.load(Ordering::Relaxed) {
            return Ok(());
        }
        Remote::release(&mut self.visitor).await
    }

    async fn free(&mut self, id: &str) -> Result<Holder, StoreError> {
        Remote::free(&mut self.visitor, id).await
    }

    async fn note(&mut self, name: &NoteName, bytes: &[u8]) -> Result<Noted, StoreError> {
        Remote::note(&mut self.visitor, name, bytes).await
    }

    async fn replace(&mut self, name: &NoteName, bytes: &[u8]) -> Result<(), StoreError> {
        Remote::replace(&mut self.visitor, name, bytes).await
    }

    async fn noted(&mut self, name: &NoteName) -> Result<Option<Vec<u8>>, StoreError> {
        Remote::noted(&mut self.visitor, name).await
    }

    async fn names(&mut self, folder: Folder) -> Result<Vec<NoteName>, StoreError> {
        Remote::names(&mut self.visitor, folder).await
    }

    async fn states(&mut self) -> Result<Vec<StateName>, StoreError> {
        Remote::states(&mut self.visitor).await
    }

    async fn read_all(&mut self, names: &[StateName]) -> Result<Vec<Result<Prefix, StoreError>>, StoreError> {
        Remote::read_all(&mut self.visitor, names).await
    }

    fn beside(&self, name: &StateName) -> Result<Self, StoreError> {
        let (is_fenced, is_dead) = (self.is_fenced, Arc::clone(&self.is_dead));
        Ok(Self { visitor: Remote::beside(&self.visitor, name)?, is_fenced, is_dead })
    }

    async fn own(
        &mut self,
        told: (&NoteName, &[u8]),
        keys: &[String],
    ) -> Result<Vec<(String, Vec<StateName>)>, StoreError> {
        Remote::own(&mut self.visitor, told, keys).await
    }

    async fn holders(&mut self, keys: &[String]) -> Result<Vec<(String, Vec<StateName>)>, StoreError> {
        Remote::holders(&mut self.visitor, keys).await
    }
}

/// Nobody looks, and whoever is asked agrees.
struct Unattended(Rc<Ground>, usize);

impl Front for Unattended {
    fn note(&mut self, say: &dyn Fn() -> String) {
        // Lines of a journal hold clocks of this machine.
        self.0.note(&format!("process {}: {}", self.1, say().lines().next().unwrap_or_default()));
    }

    fn planned(&mut self, _: &Plan) {}

    async fn approve(&mut self) -> anyhow::Result<bool> {
        Ok(true)
    }

    fn begin(&mut self, _: &Plan) {}

    fn event(&mut self, _: Timestamp, event: &Event) {
        self.0.note(&format!("process {}: {event:?}", self.1));
    }

    fn end(&mut self, _: &Plan, _: &Report) {}
}

/// What a process came to.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    Ran(u8),
    Nothing,
    Failed(String),
}

fn shared(ground: &Ground, life: &Life, is_dead: &Arc<AtomicBool>) -> Shared {
    let mut visitor = ground.commons.visitor(StateName::parse(life.state).unwrap());
    for (nth, trouble) in &life.troubles {
        visitor = visitor.with_trouble(*nth, *trouble);
    }
    let is_fenced = ground.planted != Some(Planted::Fence);
    let visit = Visit { visitor, is_fenced, is_dead: Arc::clone(is_dead) };
    Shared::on_the_spot(visit, Holding { ttl: life.ttl, rescue: Vec::new() })
}

/// One process, from its wait for the claim to its end.
async fn process(ground: Rc<Ground>, who: usize, wire: Wire) -> Came {
    let life = wire.life.clone();
    let holder = Holder {
        id: format!("claim-{who}"),
        pid: u32::try_from(who).unwrap(),
        ..Holder::this_process(format!("process {who}"), "apply".to_owned(), None, epoch())
    };
    let medium = shared(&ground, &life, &wire.is_dead);
    let asked = medium.clone();
    let (store, recorded) = loop {
        match history::open(medium.clone(), &holder) {
            Ok(opened) => break opened,
            Err(StoreError::Locked { .. } | StoreError::Unreachable { .. } | StoreError::Moved { .. }) => {
                sleep(Duration::from_secs(2)).await;
            }
            Err(error @ StoreError::Fenced { .. }) => return Came::Failed(error.to_string()),
            Err(error) => {
                ground.violate(format!("process {who} cannot open the state: {}", rictl::store::explain(&error)));
                return Came::Failed(error.to_string());
            }
        }
    };
    if recorded.notes.iter().any(|note| matches!(note, history::Note::TakenOver(_))) {
        ground.taken_over.set(ground.taken_over.get() + 1);
    }
    ground.note(&format!("process {who} has claimed the state, and wants {:?}", life.wants));
    let clock = ground.clock;
    let session = session(ground.scenario.project(&life.wants), clock, who);
    let quota = Quota::default();
    let cloud = Retrying::new(wire, Policy::default(), quota, ground.scenario.seed ^ who as u64);
    let account_id = ground.world.borrow().main_account().clone();
    let target = Target { provider: Provider::Emulator, account_id, endpoint: "simulation".to_owned() };
    let is_late = ground.planted == Some(Planted::ToldAtTheEnd);
    if ground.scenario.is_shared
        && !is_late
        && let Err(error) = takes(&session.project, &life, asked.clone(), (&target, &recorded)).await
    {
        return Came::Failed(format!("{error:#}"));
    }
    let options = PlanOptions::of_all(clock.now(), session.settings.settle_timeout);
    let task = Task::Fresh(options);
    let run_id = session.run_id(task.operation());
    let (_signals, heard) = watch::channel(0);
    let approval = Approval { auto: true, ..Approval::default() };
    let mut front = Unattended(Rc::clone(&ground), who);
    let applied = match Locked::new(&session, run_id, cloud, target.clone(), store, recorded) {
        Ok(locked) => locked.carry_out(task, &approval, &mut front, heard).await,
        Err(error) => Err(error),
    };
    if ground.scenario.is_shared && is_late {
        takes(&session.project, &life, asked, (&target, &Recorded::default())).await.ok();
    }
    match applied {
        Ok(Applied::Ran(ran)) => Came::Ran(ran.report.exit().map_or(254, rictl::run::Exit::code)),
        Ok(_) => Came::Nothing,
        Err(error) => {
            let text = format!("{error:#}");
            if text.contains("bug:") {
                ground.violate(format!("process {who}: {text}"));
            }
            Came::Failed(text)
        }
    }
}

/// Tells the store which links the state acts on, and looks whether another has them.
async fn takes(
    project: &Project,
    life: &Life,
    store: Shared,
    (target, recorded): (&Target, &Recorded),
) -> anyhow::Result<()> {
    let name = StateName::parse(life.state).unwrap();
    let far = Far { store, name, url: String::new(), spec: String::new(), adopts: false, cache: None };
    let project = Project { place: Place::Far(far), ..project.clone() };
    let accounts = [(AccountName::default_account(), target.account_id.clone())].into();
    one_state::take(&project, target, &accounts, recorded.state_for(target), Held::Refused).await.map(drop)
}

fn session(project: Project, clock: Clock, who: usize) -> Session {
    Session {
        project,
        access: Access {
            environment: Environment::new([], None),
            endpoint: None,
            profile: None,
            signature: None,
            request_timeout: Duration::from_secs(30),
            quota: Quota::default(),
            lock_dir: None,
            trust: Default::default(),
        },
        clock,
        settings: Settings { settle_timeout: Duration::from_secs(60), ..Settings::default() },
        confirm_within: None,
        lock_timeout: Duration::ZERO,
        lock_dir: None,
        who: format!("process {who}"),
        salt: format!("{who:06x}{:06x}", who + 0x1000),
    }
}

/// Lets one process live to its end or its death.
async fn live(ground: Rc<Ground>, who: usize, life: Life) -> Option<Came> {
    sleep(life.begins).await;
    let halted = Rc::new(Cell::new(None));
    let (died, mut dies) = watch::channel(false);
    let face = InProcess::new(Rc::clone(&ground.world), ground.clock);
    let stops = life.stops.clone();
    let wire = Wire {
        who,
        ground: Rc::clone(&ground),
        face,
        life,
        calls: Cell::new(0),
        halted: Rc::clone(&halted),
        died,
        is_dead: Arc::default(),
    };
    let task = Box::pin(process(Rc::clone(&ground), who, wire));
    let process = Process { task, halted, turns: 0, stops, until: None };
    tokio::select! {
        biased;
        Ok(_) = dies.wait_for(|died| *died) => None,
        came = process => {
            ground.note(&format!("process {who} ends: {came:?}"));
            Some(came)
        }
    }
}

/// Ends by force whatever claim there is.
async fn force(ground: Rc<Ground>, at: Duration) {
    sleep(at).await;
    let mut visitor = ground.commons.visitor(StateName::parse("site").unwrap());
    if let Ok(Tip { held: Some(held), .. }) = Remote::tip(&mut visitor).await {
        ground.note(&format!("the claim {} is ended by force", held.holder.id));
        Remote::free(&mut visitor, &held.holder.id).await.ok();
    }
}

/// What a seed came to.
struct Outcome {
    violations: Vec<String>,
    trace: String,
    effects: u64,
    taken_over: u64,
    refused_late: u64,
    deaths: u64,
}

fn play(scenario: &Scenario, planted: Option<Planted>, is_traced: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let world = World::new(scenario.world(), epoch()).unwrap();
        let ground = Rc::new(Ground {
            scenario: scenario.clone(),
            planted,
            world: Rc::new(RefCell::new(world)),
            clock: Clock::starting_at(epoch()),
            commons: Commons::new(),
            last: RefCell::default(),
            violations: RefCell::default(),
            trace: RefCell::default(),
            effects: Cell::new(0),
            taken_over: Cell::new(0),
            refused_late: Cell::new(0),
            is_traced,
        });
        let lives = scenario.lives.iter().cloned().enumerate();
        let lives: Vec<_> =
            lives.map(|(who, life)| tokio::task::spawn_local(live(Rc::clone(&ground), who, life))).collect();
        for at in scenario.lives.iter().filter_map(|life| life.forced_at) {
            tokio::task::spawn_local(force(Rc::clone(&ground), at));
        }
        let mut deaths = 0;
        for life in lives {
            deaths += u64::from(life.await.unwrap().is_none());
        }
        // Whatever is still on its way arrives.
        sleep(Duration::from_secs(3600)).await;
        if scenario.is_shared {
            // Who is told too late is no worse off in the end: the world has to notice.
            if planted != Some(Planted::ToldAtTheEnd) {
                one_of_two_goes_on(&ground).await;
            }
        } else {
            converge(&ground).await;
        }
        Outcome {
            violations: ground.violations.borrow().clone(),
            trace: ground.trace.borrow().clone(),
            effects: ground.effects.get(),
            taken_over: ground.taken_over.get(),
            refused_late: ground.refused_late.get(),
            deaths,
        }
    })
}

/// Nothing happens to a process of this state.
fn calm(state: &'static str, wants: Vec<bool>) -> Life {
    Life {
        state,
        // Longer than a call of which nobody knows what became is reckoned with.
        begins: Duration::from_secs(1000),
        wants,
        ttl: Duration::from_secs(3600),
        stops: Vec::new(),
        halts: BTreeMap::new(),
        dies_at: None,
        troubles: Vec::new(),
        forced_at: None,
    }
}

/// Of two states that declare the same links one goes on, and the other is told so, whatever became of both.
async fn one_of_two_goes_on(ground: &Rc<Ground>) {
    let wants = ground.scenario.lives.last().map(|life| life.wants.clone()).unwrap_or_default();
    let mut came = Vec::new();
    for (number, state) in ["site", "other", "site", "other", "site", "other"].into_iter().enumerate() {
        let who = ground.scenario.lives.len() + number;
        came.push(live(Rc::clone(ground), who, calm(state, wants.clone())).await);
    }
    let is_refused =
        |came: &Option<Came>| matches!(came, Some(Came::Failed(why)) if why.contains("of the same store has"));
    let last = &came[came.len() - 2..];
    if !last.contains(&Some(Came::Nothing)) || !last.iter().any(is_refused) {
        ground.violate(format!("in the end the states came to {last:?}"));
    }
}

/// Lets calm processes do what is left, and looks whether all is as wanted and recorded.
async fn converge(ground: &Rc<Ground>) {
    let wants = ground.scenario.lives.last().map(|life| life.wants.clone()).unwrap_or_default();
    let calm = calm("site", wants.clone());
    let first = ground.scenario.lives.len();
    let mut came = None;
    for who in first..first + 6 {
        came = live(Rc::clone(ground), who, calm.clone()).await;
        if came == Some(Came::Nothing) {
            break;
        }
    }
    if came != Some(Came::Nothing) {
        ground.violate(format!("there is always something left to do: {came:?}"));
    }
    let statuses = ground.statuses();
    for (number, is_up) in wants.iter().enumerate() {
        let (id, wanted) = (format!("ri-{number}"), if *is_up { Status::Active } else { Status::Inactive });
        let found = statuses.get(&RouterInterfaceId::from(id.as_str()));
        if found != Some(&wanted) {
            ground.violate(format!("{id} is {found:?} in the end, and {wanted} was wanted"));
        }
    }
    match history::read(&shared(ground, &calm, &Arc::default())) {
        Ok(recorded) if recorded.journal.replay().open_run().is_none() => {}
        Ok(_) => ground.violate("a run is open in the end".to_owned()),
        Err(error) => ground.violate(format!("what is recorded cannot be read: {}", rictl::store::explain(&error))),
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Plays seeds on all cores; returns those that fail.
fn play_all(
    draw: fn(u64) -> Scenario,
    (first, seeds): (u64, u64),
    planted: Option<Planted>,
) -> Vec<(u64, Vec<String>)> {
    let next = AtomicU64::new(first);
    let tally = Mutex::new((Vec::new(), [0_u64; 4]));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds {
                        return;
                    }
                    let outcome = play(&draw(seed), planted, false);
                    let mut tally = tally.lock().unwrap();
                    let counted = [outcome.effects, outcome.taken_over, outcome.deaths, outcome.refused_late];
                    tally.1.iter_mut().zip(counted).for_each(|(sum, one)| *sum += one);
                    if !outcome.violations.is_empty() {
                        tally.0.push((seed, outcome.violations));
                    }
                }
            });
        }
    });
    let (mut failures, [effects, taken_over, deaths, refused]) = tally.into_inner().unwrap();
    failures.sort();
    println!(
        "{seeds} seeds, {effects} calls that took effect, {taken_over} states taken over, {deaths} deaths over a call, \
         {refused} late calls refused by their signature, {} seeds fail",
        failures.len()
    );
    failures
}

/// Returns the first seed, and how many.
fn seeds() -> (u64, u64) {
    (number("SIM_FIRST").unwrap_or(1), number("SIM_SEEDS").unwrap_or(1500))
}

#[test]
fn every_seed_of_two_machines_and_more_keeps_every_promise() {
    all_hold(play_all(Scenario::draw, seeds(), None));
}

/// Two states of one store that declare the same links.
#[test]
fn every_seed_of_two_states_that_share_their_links_keeps_every_promise() {
    let (first, seeds) = seeds();
    all_hold(play_all(Scenario::draw_shared, (first, seeds / 3), None));
}

fn all_hold(failures: Vec<(u64, Vec<String>)>) {
    let shown: Vec<String> =
        failures.iter().take(20).map(|(seed, found)| format!("SIM_SEED={seed}: {}", found.join("; "))).collect();
    assert!(failures.is_empty(), "{} seeds fail:\n{}", failures.len(), shown.join("\n"));
}

/// Somebody who held the state before was taken for whoever had begun the open run, or hid it, and nobody waited for its call.
#[test]
fn what_was_broken_once_stays_mended() {
    for seed in [10869, 10953, 15710, 21163, 30306, 32680, 36826, 40012, 42580, 7224] {
        let outcome = play(&Scenario::draw(seed), None, false);
        assert!(outcome.violations.is_empty(), "SIM_SEED={seed}: {}", outcome.violations.join("; "));
    }
}

#[test]
fn each_planted_defect_is_noticed() {
    for planted in [Planted::Fence, Planted::LeaseCheck, Planted::SigningBack] {
        assert!(!play_all(Scenario::draw, (1, 1500), Some(planted)).is_empty(), "{planted:?}");
    }
    assert!(!play_all(Scenario::draw_shared, (1, 300), Some(Planted::ToldAtTheEnd)).is_empty());
}

#[test]
fn one_seed() {
    if let Some(seed) = number("SIM_SEED") {
        let draw = if number("SIM_STATES").is_some() { Scenario::draw_shared } else { Scenario::draw };
        let outcome = play(&draw(seed), None, true);
        println!("{}{:#?}", outcome.trace, outcome.violations);
    }
}

/// Its clock and moments are those of the machine that runs it, else nothing could be compared.
#[test]
fn a_seed_plays_the_same_way_twice() {
    for seed in 1..20 {
        let [once, again] = [(), ()].map(|()| play(&Scenario::draw(seed), None, true));
        assert_eq!(once.trace, again.trace, "SIM_SEED={seed}");
    }
}
