//! One scenario from its first process to the last: troubled lives, then calm ones until nothing is left to do.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use rictl::alibaba::credentials::Environment;
use rictl::calendar::Zone;
use rictl::clock::{BootTime, Clock};
use rictl::cloud::CloudRead as _;
use rictl::emulator::{InProcess, Pairs, World, WorldSeed};
use rictl::executor::OnError;
use rictl::history::confirmation::Confirmation;
use rictl::history::{self, Recorded};
use rictl::ops::confirm::{self as operation, Confirmed, Confirming, Decided};
use rictl::ops::connection::Access;
use rictl::ops::failure::Refusal;
use rictl::ops::live;
use rictl::ops::locked::Locked;
use rictl::ops::project::Project;
use rictl::ops::rollback::Loosened;
use rictl::ops::session::{Applied, Approval, Came, Front, Ran, Session, TakenBack, Task};
use rictl::plan::{BlockCode, Plan, PlanOptions};
use rictl::resource::{AccountName, Address, Provider, RouterInterfaceId, Status, Target};
use rictl::retry::{Policy, Quota, Retrying};
use rictl::run::{Event, Exit, Report};
use rictl::spec::{self, SpecFile};
use rictl::state::{Awaiting, RunId};
use rictl::store::local::Paths;
use rictl::store::lock::Holder;
use rictl::store::memory::Memory;
use rictl::store::{About, Store as _};
use tokio::time::Instant;

use super::dice::Dice;
use super::judge::{Charge, Judge};
use super::ledger::{Ledger, Leniency};
use super::scenario::{Errand, Life, Scenario, Tricks};
use super::wires::{CloudWire, DiskWire, Fate, Planted, Somebody, Stopped, Traffic};

/// No run may take longer, whatever happens: the sum of every limit that it declares is far below.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);

/// How many calm processes may be needed after the last troubled one.
const CALM_LIVES: u32 = 14;

/// How long after one calm process the next one comes. All of them together outlast what an earlier call may still be on its
/// way for.
const BETWEEN_CALM_LIVES: Duration = Duration::from_secs(90);

/// What a scenario came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) hash: u64,
    pub(crate) trace: String,
    pub(crate) violations: Vec<String>,
    /// What the world's judge found.
    pub(crate) charges: Vec<Charge>,
    pub(crate) effects: u64,
    pub(crate) crashes: u64,
    pub(crate) lives: u64,
    /// Effects of each troubled life, crashed or not.
    pub(crate) effects_of_lives: Vec<u64>,
    /// The last true statuses.
    pub(crate) truth: BTreeMap<RouterInterfaceId, Status>,
    /// Exit codes of the lives that ended by themselves; 255 for an error.
    pub(crate) exits: Vec<u8>,
    /// How often something took effect.
    pub(crate) changes: usize,
    /// How long each troubled life took.
    pub(crate) took: Vec<Duration>,
}

pub(crate) fn epoch() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// Runs a scenario on a clock of its own.
///
/// Returns `None` where its spec is refused: then there is nothing to simulate.
pub(crate) fn simulate(scenario: &Scenario, planted: Option<Planted>, is_traced: bool) -> Option<Outcome> {
    let project = project(&scenario.spec)?;
    let turned = scenario.seams.turned.as_deref().map_or(Some(project.clone()), self::project)?;
    let companion = match &scenario.seams.companion {
        Some(companion) => Some(self::project(&companion.spec)?),
        None => None,
    };
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(!scenario.seams.is_real).build().unwrap();
    let local = tokio::task::LocalSet::new();
    let whole = async {
        let ground = Rc::new(Ground::new(scenario, planted, is_traced));
        let main = Simulation::new(&ground, 0, project, turned);
        let Some(companion) = companion else { return main.run().await };
        let mut other = Simulation::new(&ground, 1, companion.clone(), companion);
        let lives = &scenario.seams.companion.as_ref().unwrap().lives;
        let (outcome, ()) = tokio::join!(main.run(), other.troubled(lives));
        outcome
    };
    Some(local.block_on(&runtime, whole))
}

fn project(text: &str) -> Option<Project> {
    let files = vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: text.to_owned().into_bytes() }];
    let digest = spec::digest(&files);
    let spec = spec::parse(files).ok()?;
    let place = Paths::new("state/rictl.json", "rescue").into();
    Some(Project { name: "rictl.yaml".to_owned(), spec, digest: digest.into(), directory: PathBuf::new(), place })
}

/// What all processes of a scenario share.
struct Ground<'s> {
    scenario: &'s Scenario,
    planted: Option<Planted>,
    is_traced: bool,
    world: Rc<RefCell<World>>,
    clock: Clock,
    judge: Rc<RefCell<Judge>>,
    /// The lock of the account.
    account: tokio::sync::Mutex<()>,
}

impl<'s> Ground<'s> {
    fn new(scenario: &'s Scenario, planted: Option<Planted>, is_traced: bool) -> Self {
        let world = Rc::new(RefCell::new(World::new(scenario.world.clone(), epoch()).unwrap()));
        let clock = Clock::starting_at(epoch());
        let leniency =
            Leniency { foreign: scenario.is_foreign, stale: scenario.is_stale, distorted: scenario.is_distorted };
        let window = scenario.settings.doubt_window;
        let judge = Judge::new(&scenario.world, Rc::clone(&world), clock, leniency, &scenario.seams, window);
        let judge = Rc::new(RefCell::new(judge));
        Self { scenario, planted, is_traced, world, clock, judge, account: tokio::sync::Mutex::new(()) }
    }
}

/// The processes of one checkout, one after the other.
struct Simulation<'s> {
    ground: Rc<Ground<'s>>,
    scenario: &'s Scenario,
    checkout: usize,
    planted: Option<Planted>,
    project: Project,
    turned: Project,
    world: Rc<RefCell<World>>,
    world_clock: Clock,
    ledger: Rc<RefCell<Ledger>>,
    traffic: Rc<Traffic>,
    saved: Option<Plan>,
    exits: Vec<u8>,
    effects_of_lives: Vec<u64>,
    took: Vec<Duration>,
    lives: u64,
    is_calm: bool,
    blocked: Option<BTreeSet<Address>>,
    waiters: Vec<Waiter>,
}

/// A process that waits beside the locks until somebody has confirmed its run.
struct Waiter {
    life: Life,
    fate: Rc<Fate>,
    run_id: RunId,
    /// When nobody has confirmed in time, or a signal comes.
    wakes_at: Instant,
}

/// What a process does.
#[derive(Clone, Debug)]
enum Job {
    /// What its life says.
    Errand,
    /// It takes back what it has waited for.
    TakeBack(RunId),
}

impl<'s> Simulation<'s> {
    fn new(ground: &Rc<Ground<'s>>, checkout: usize, project: Project, turned: Project) -> Self {
        let scenario = ground.scenario;
        let has_companion = scenario.seams.companion.is_some();
        let leniency = Leniency {
            // A call to one end moves the other, too, where ends move together.
            foreign: scenario.is_foreign || has_companion || scenario.world.pairs == Pairs::Together,
            stale: scenario.is_stale,
            // A contradicting answer shows what once was, an early one what is not yet.
            distorted: scenario.is_distorted
                || scenario.seams.tricks.contradicting_percent > 0
                || scenario.seams.tricks.early.is_some(),
        };
        let ledger = Ledger::new(project.spec.clone(), leniency, scenario.settings, ground.is_traced);
        Self {
            ground: Rc::clone(ground),
            scenario,
            checkout,
            planted: ground.planted,
            project,
            turned,
            world: Rc::clone(&ground.world),
            world_clock: ground.clock,
            ledger: Rc::new(RefCell::new(ledger)),
            traffic: Rc::default(),
            saved: None,
            exits: Vec::new(),
            effects_of_lives: Vec::new(),
            took: Vec::new(),
            lives: 0,
            is_calm: false,
            blocked: None,
            waiters: Vec::new(),
        }
    }

    async fn troubled(&mut self, lives: &[Life]) {
        for life in lives {
            self.pass(life.pause).await;
            self.live(life).await;
        }
    }

    /// Lets time pass, in which those wake up who wait.
    async fn pass(&mut self, time: Duration) {
        let until = Instant::now() + time;
        loop {
            let first = self.waiters.iter().enumerate().min_by_key(|(_, waiter)| waiter.wakes_at);
            let Some(number) = first.filter(|(_, waiter)| waiter.wakes_at <= until).map(|(number, _)| number) else {
                return tokio::time::sleep_until(until).await;
            };
            let waiter = self.waiters.remove(number);
            tokio::time::sleep_until(waiter.wakes_at).await;
            let word =
                |id: &RunId, about| Ok(self.ledger.borrow().disk.words.borrow().get(&(id.clone(), about)).cloned());
            let noted = Confirmation::read(&waiter.run_id, word).unwrap();
            if noted.kept().is_none() {
                self.process(&waiter.life, &waiter.fate, Job::TakeBack(waiter.run_id.clone())).await;
            }
        }
    }

    async fn run(mut self) -> Outcome {
        let unmanaged = self.unmanaged();
        self.troubled(&self.scenario.lives).await;
        let is_quiet = self.ledger.borrow().violations.is_empty();
        let is_real = self.scenario.seams.is_real;
        if is_quiet && !is_real {
            // Requests that are still on their way arrive, third parties have done what they do.
            tokio::time::sleep(Duration::from_secs(120)).await;
        }
        if self.scenario.seams.has_ways_back {
            // Every deadline is past.
            self.pass(Duration::from_secs(1800)).await;
        }
        self.ground.judge.borrow_mut().close();
        let is_innocent = self.ground.judge.borrow().charges.is_empty();
        if is_quiet && is_innocent && !is_real {
            self.heal();
            self.is_calm = true;
            self.take_back_what_is_due().await;
            self.converge().await;
        }
        self.sum_up(&unmanaged)
    }

    fn sum_up(&self, unmanaged: &BTreeMap<RouterInterfaceId, Status>) -> Outcome {
        let mut ledger = self.ledger.borrow_mut();
        ledger.check_nothing_lost();
        let is_alone = !ledger.leniency.foreign && !ledger.leniency.distorted;
        let is_one_way = self.scenario.lives.iter().all(|life| !life.is_turned && !life.is_way_back)
            && !self.scenario.seams.has_ways_back;
        if is_alone && is_one_way && self.scenario.settings.on_error != OnError::Rollback {
            ledger.check_effects();
        }
        let is_apart = self.scenario.world.pairs == Pairs::Apart;
        if is_alone && is_apart && *unmanaged != self.unmanaged() {
            ledger.violate("unmanaged means untouched", "an interface that is not declared has moved");
        }
        Outcome {
            hash: ledger.hash(),
            trace: ledger.trace().to_owned(),
            violations: ledger.violations.clone(),
            charges: self.ground.judge.borrow().charges.clone(),
            effects: ledger.effects,
            crashes: ledger.crashes,
            lives: ledger.lives,
            effects_of_lives: self.effects_of_lives.clone(),
            truth: self.world.borrow().statuses(self.world_clock.now()),
            exits: self.exits.clone(),
            changes: ledger.sent.iter().filter(|sent| sent.took_effect).count(),
            took: self.took.clone(),
        }
    }

    /// Lets one process live, to its end or its death.
    async fn live(&mut self, life: &Life) {
        let (judge, clock) = (Rc::clone(&self.ground.judge), self.world_clock);
        let somebody = Somebody::new(move |ledger: &mut Ledger| confirms(ledger, &judge, clock));
        let fate = Rc::new(Fate::new(life.clone(), self.scenario.seams.is_real, self.planted, somebody));
        if life.is_turned {
            std::mem::swap(&mut self.project, &mut self.turned);
            self.ledger.borrow_mut().spec = self.project.spec.clone();
        }
        self.process(life, &fate, Job::Errand).await;
    }

    /// Lets one process do something, to its end or its death.
    async fn process(&mut self, life: &Life, fate: &Rc<Fate>, job: Job) {
        let ground = Rc::clone(&self.ground);
        let is_locked = self.scenario.seams.companion.as_ref().is_some_and(|companion| companion.is_locked);
        let _held = if is_locked { Some(ground.account.lock().await) } else { None };
        self.ledger.borrow_mut().begin_life();
        self.lives += 1;
        let began = Instant::now();
        let ends = tokio::time::timeout(LONGEST_LIFE, async {
            tokio::select! {
                biased;
                () = fate.death() => None,
                outcome = Stopped::new(self.act(life, fate, job), life.stops.clone()) => Some(outcome),
            }
        });
        let end = ends.await;
        self.effects_of_lives.push(fate.effects());
        self.took.push(began.elapsed());
        match end {
            Err(_) => self.ledger.borrow_mut().violate("termination", "a run took longer than a day"),
            Ok(Some(outcome)) if !fate.is_dead() => {
                self.wait(life, fate, outcome.as_ref().ok());
                self.judge(outcome, fate);
            }
            Ok(_) => {}
        }
    }

    fn judge(&mut self, outcome: Result<Applied>, fate: &Fate) {
        let mut ledger = self.ledger.borrow_mut();
        let exit = match &outcome {
            Ok(Applied::Ran(ran)) => ran.report.exit().map_or(254, Exit::code),
            Ok(Applied::TookBack(backs)) if backs.iter().any(|back| matches!(back.came, Came::Ran(_))) => 253,
            Ok(_) => 0,
            Err(_) => 255,
        };
        let words = match &outcome {
            Ok(Applied::Ran(ran)) => format!("{:?}", ran.report.unrecorded),
            Ok(_) => String::new(),
            Err(error) => match error.downcast_ref::<Refusal>() {
                Some(refusal) => format!(
                    "{refusal}: {}",
                    refusal.causes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
                ),
                None => format!("{error:#}"),
            },
        };
        if words.contains("bug:") {
            ledger.violate("no bugs", &words);
        }
        if exit == 0
            && let Ok(Applied::Ran(ran)) = &outcome
        {
            let is_done = ran.report.results.iter().all(rictl::run::StepResult::is_at_goal);
            if !is_done || ran.report.unrecorded.is_some() {
                ledger.violate("exit code", "0 although not everything was done and recorded");
            }
        }
        if let Some(life) = fate.seat.get() {
            self.ground.judge.borrow_mut().ends(life, outcome.as_ref().ok(), exit);
        }
        let seams = &self.scenario.seams;
        let is_as_sent = seams.companion.is_none() && seams.tricks.late.is_none() && seams.tricks.twice_percent == 0;
        let is_first = self.lives == 1 && self.scenario.late_percent == 0 && is_as_sent;
        let over_quota: u64 = self.world.borrow().counts().values().map(|counts| counts.over_quota).sum();
        if is_first && over_quota > 0 {
            ledger.violate("quota", &format!("{over_quota} calls met the quota"));
        }
        ledger.note(&format!("ends with {exit} {words}"));
        self.exits.push(exit);
        self.blocked = match outcome {
            Ok(Applied::Nothing(plan)) => Some(blocked(&plan)),
            _ => None,
        };
    }

    async fn act(&mut self, life: &Life, fate: &Rc<Fate>, job: Job) -> Result<Applied> {
        match (job, life.errand) {
            (Job::TakeBack(run_id), _) => self.apply(life, fate, Some(run_id)).await,
            (Job::Errand, Errand::Work) => self.apply(life, fate, None).await,
            (Job::Errand, Errand::Expired) => self.expire(life, fate).await,
            (Job::Errand, Errand::Confirm) => self.confirm(fate),
        }
    }

    /// Takes back what nobody has confirmed in time, each under a lock of its own.
    async fn expire(&mut self, life: &Life, fate: &Rc<Fate>) -> Result<Applied> {
        let now = self.world_clock.now() + SignedDuration::from_secs(life.skew);
        let uptime = BootTime::now().uptime();
        let due = self.awaiting().into_iter().filter(|awaits| awaits.deadline.is_past(now, uptime.as_ref()));
        let mut all = Vec::new();
        for run_id in due.map(|awaits| awaits.run_id) {
            self.ledger.borrow_mut().begin_life();
            self.lives += 1;
            if let Applied::TookBack(backs) = self.apply(life, fate, Some(run_id)).await? {
                all.extend(backs);
            }
        }
        Ok(Applied::TookBack(all))
    }

    /// Returns what awaits confirmation, for whoever looks.
    fn awaiting(&self) -> Vec<Awaiting> {
        let recorded = history::read(&Memory::new(self.ledger.borrow().disk.clone())).unwrap_or_default();
        recorded.state.map(|state| state.awaiting).unwrap_or_default()
    }

    /// Confirms what awaits that, or keeps what a way back has left.
    fn confirm(&mut self, fate: &Rc<Fate>) -> Result<Applied> {
        let (judge, clock) = (Rc::clone(&self.ground.judge), self.world_clock);
        let begun_back = confirms_alone(&mut self.ledger.borrow_mut(), &judge, clock);
        let Some(run_id) = begun_back else { return Ok(Applied::Declined) };
        let (store, recorded) = self.open_disk(fate, None)?;
        let kept = operation::keep_left(&store, &recorded, run_id.clone(), &confirming(clock));
        self.ledger.borrow_mut().note(&format!("the rest is kept: {}", kept.is_ok()));
        // A word that is durable holds, whatever became of who wrote it.
        let is_durable = self.ledger.borrow().disk.words.borrow().contains_key(&(run_id.clone(), About::Rest));
        if kept.is_ok() || is_durable {
            judge.borrow_mut().keeps(&run_id, false);
        }
        Ok(Applied::Declined)
    }

    /// Has a process wait whose run awaits confirmation.
    fn wait(&mut self, life: &Life, fate: &Rc<Fate>, outcome: Option<&Applied>) {
        let Some(Applied::Ran(ran)) = outcome else { return };
        let Some(awaiting) = ran.awaits.as_ref().filter(|_| life.waits) else { return };
        let left = awaiting.deadline.uptime.as_ref().zip(BootTime::now().uptime());
        let left = left.map_or(Duration::ZERO, |(due, now)| Duration::from_millis(due.ms.saturating_sub(now.ms)));
        let wait = life.interrupted_after.map_or(left, |signal| signal.min(left)) + Duration::from_millis(100);
        let (life, run_id) = (life.clone(), awaiting.run_id.clone());
        self.waiters.push(Waiter { life, fate: Rc::clone(fate), run_id, wakes_at: Instant::now() + wait });
    }

    /// Has calm processes take back what nobody has confirmed, as a timer does.
    async fn take_back_what_is_due(&mut self) {
        if !self.scenario.seams.has_ways_back {
            return;
        }
        for _ in 0..CALM_LIVES {
            self.live(&Life { errand: Errand::Expired, ..Life::default() }).await;
            if self.awaiting().is_empty() || !self.ledger.borrow().violations.is_empty() {
                break;
            }
            tokio::time::sleep(BETWEEN_CALM_LIVES).await;
        }
        self.ground.judge.borrow_mut().close_ways_back();
        // What cannot be taken back stays due until somebody keeps it, and all else waits for that.
        for _ in self.awaiting() {
            self.live(&Life { errand: Errand::Confirm, ..Life::default() }).await;
        }
    }

    async fn apply(&mut self, life: &Life, fate: &Rc<Fate>, taken_back: Option<RunId>) -> Result<Applied> {
        let wall = self.world_clock.now() + SignedDuration::from_secs(life.skew);
        let clock = Clock::starting_at(wall);
        let cloud = self.connect(fate);
        let (store, recorded) = self.open_disk(fate, self.planted_on(life, taken_back.as_ref()).as_ref())?;
        cloud.identity(&AccountName::default_account()).await?;
        let options = self.options(&clock);
        let target = self.target();
        if taken_back.is_none() {
            self.plan_only(&cloud, &recorded, &clock, &options).await?;
        }
        let is_way_back = life.is_way_back || taken_back.is_some();
        let process = Life { errand: if taken_back.is_some() { Errand::Expired } else { life.errand }, ..life.clone() };
        let seat = self.ground.judge.borrow_mut().begins(self.checkout, &self.project.spec, is_way_back, &process);
        fate.seat.set(Some(seat));
        let mut session = self.session(clock);
        session.confirm_within = life.confirm_within.filter(|_| !is_way_back);
        let ids = store.run_ids()?;
        let oldest = ids.len().saturating_sub(life.back_by + 1);
        let last = ids.get(oldest).map(ToString::to_string);
        let saved = self.saved.take().filter(|_| life.is_saved);
        let task = match (saved, last.filter(|_| life.is_way_back)) {
            _ if taken_back.is_some() => Task::TakeBack { run_id: taken_back.unwrap() },
            (_, Some(run_id)) => Task::Rollback {
                what: TakenBack::Run(run_id),
                loosened: Loosened { force_superseded: life.is_forced, ..Loosened::default() },
                options,
            },
            (Some(plan), None) => Task::Saved { plan: Box::new(plan), options },
            (None, None) => Task::Fresh(options),
        };
        let run_id = session.run_id(task.operation());
        let locked = Locked::new(&session, run_id, cloud, target, store, recorded)?;
        let approval = Approval { auto: true, ..Approval::default() };
        let (ledger, judge) = (Rc::clone(&self.ledger), Rc::clone(&self.ground.judge));
        let mut screen = Screen { ledger, judge, fate: Rc::clone(fate) };
        let applied = locked.carry_out(task, &approval, &mut screen, fate.signals()).await;
        match &applied {
            Ok(Applied::Ran(ran)) => self.check_report(ran),
            Ok(Applied::TookBack(backs)) => backs.iter().for_each(|back| {
                if let Came::Ran(ran) = &back.came {
                    self.check_report(ran);
                }
            }),
            _ => {}
        }
        applied
    }

    /// Plans as `rictl plan` does: nothing may be written, and a dead run's doubts are told.
    async fn plan_only(
        &mut self,
        cloud: &Retrying<CloudWire>,
        recorded: &Recorded,
        clock: &Clock,
        options: &PlanOptions,
    ) -> Result<()> {
        let mut before = self.ledger.borrow().disk.clone();
        self.ledger.borrow_mut().is_reading_only = true;
        let (target, read) = (self.target(), live::refresh(&self.project.spec, cloud, clock).await);
        let plan = live::plan_of(&self.project, recorded, cloud, (&target, read), options).await;
        let mut ledger = self.ledger.borrow_mut();
        ledger.is_reading_only = false;
        // Somebody else may have decided about a run meanwhile.
        before.words.clone_from(&ledger.disk.words);
        if ledger.disk != before {
            ledger.violate("reading never writes", "a plan has changed what is recorded");
        }
        let open = recorded.journal.replay().open_run().map_or(0, |run| run.open_steps().count());
        if let Ok((plan, _)) = plan {
            if plan.doubts.len() != open {
                ledger.violate("nothing is lost", &format!("{} doubts told of {open} open steps", plan.doubts.len()));
            }
            self.saved = Some(plan);
        }
        Ok(())
    }

    fn connect(&self, fate: &Rc<Fate>) -> Retrying<CloudWire> {
        let wire = CloudWire {
            inner: InProcess::new(Rc::clone(&self.world), self.world_clock),
            world: Rc::clone(&self.world),
            clock: self.world_clock,
            ledger: Rc::clone(&self.ledger),
            judge: Rc::clone(&self.ground.judge),
            fate: Rc::clone(fate),
            tricks: if self.is_calm { Tricks::default() } else { self.scenario.seams.tricks.clone() },
            traffic: Rc::clone(&self.traffic),
            late: RefCell::new(Dice::new(self.scenario.seed).split(&format!("late {} {}", self.lives, self.checkout))),
            late_percent: if self.is_calm { 0 } else { self.scenario.late_percent },
            planted: self.planted,
        };
        let quota = &self.scenario.world.quota;
        let quota = Quota { limit: quota.limit.try_into().unwrap(), window: quota.window };
        Retrying::new(wire, Policy::default(), quota, self.scenario.seed ^ self.lives)
    }

    /// Returns the run of which a planted defect says that everything it did stands.
    fn planted_on(&self, life: &Life, taken_back: Option<&RunId>) -> Option<RunId> {
        if self.planted != Some(Planted::SupersededIsIgnored) {
            return None;
        }
        let recorded = history::read(&Memory::new(self.ledger.borrow().disk.clone())).ok()?;
        let memory = Memory::new(self.ledger.borrow().disk.clone());
        let ids = history::all_ids(&memory, recorded.journal.replay()).ok()?;
        let named = ids.get(ids.len().saturating_sub(life.back_by + 1)).filter(|_| life.is_way_back);
        taken_back.or(named).cloned()
    }

    fn open_disk(&self, fate: &Rc<Fate>, stands: Option<&RunId>) -> Result<(DiskWire, Recorded)> {
        let disk = self.ledger.borrow().disk.clone();
        let holder = Holder::this_process("simulation".to_owned(), "apply".to_owned(), None, Timestamp::UNIX_EPOCH);
        let (inner, mut recorded) = history::open(Memory::new(disk), &holder).inspect_err(|error| {
            self.ledger.borrow_mut().violate("old or new", &format!("the disk cannot be read: {error}"));
        })?;
        self.ledger.borrow_mut().archived(inner.disk());
        if let (Some(run_id), Some(state)) = (stands, &mut recorded.state) {
            state.interfaces.values_mut().for_each(|record| record.changed_by = Some(run_id.clone()));
        }
        let (ledger, judge) = (Rc::clone(&self.ledger), Rc::clone(&self.ground.judge));
        Ok((DiskWire::new(inner, ledger, judge, Rc::clone(fate), self.planted), recorded))
    }

    fn options(&self, clock: &Clock) -> PlanOptions {
        PlanOptions::of_all(clock.now(), self.scenario.settings.settle_timeout)
    }

    fn target(&self) -> Target {
        let account_id = self.world.borrow().main_account().clone();
        Target { provider: Provider::Emulator, account_id, endpoint: "simulation".to_owned() }
    }

    fn session(&self, clock: Clock) -> Session {
        Session {
            project: self.project.clone(),
            access: Access {
                environment: Environment::new([], None),
                endpoint: None,
                profile: None,
                signature: None,
                request_timeout: Duration::from_secs(30),
                lock_dir: None,
                quota: Quota::default(),
                trust: Default::default(),
            },
            clock,
            settings: self.scenario.settings,
            confirm_within: None,
            lock_timeout: Duration::ZERO,
            lock_dir: None,
            who: "simulation".to_owned(),
            salt: self.salt(),
        }
    }

    /// Returns digits that no other process has; of one that may take several runs back, some for each.
    fn salt(&self) -> String {
        let own = format!("{:06x}{:06x}", self.lives, self.lives + 0x1000 * self.checkout as u64);
        let more = |number: u64| format!("{:06x}", self.lives + 0x10_0000 * number);
        let is_more = self.scenario.seams.has_ways_back;
        if is_more { own + &(1..=3).map(more).collect::<String>() } else { own }
    }

    /// A report claims nothing that the world did not say.
    fn check_report(&self, ran: &Ran) {
        let mut ledger = self.ledger.borrow_mut();
        for result in &ran.report.results {
            ledger.check_result(result);
        }
    }

    /// Takes every fault out of the world and lets what hangs go on.
    fn heal(&self) {
        let now = self.world_clock.now();
        let statuses = self.world.borrow().statuses(now);
        let mut seed: WorldSeed = self.scenario.world.clone();
        seed.faults.clear();
        for interface in &mut seed.interfaces {
            interface.status = statuses.get(&interface.id).cloned();
        }
        *self.world.borrow_mut() = World::new(seed, now).unwrap();
    }

    /// Applies until a plan says that nothing is left, and compares the world with the spec.
    async fn converge(&mut self) {
        for _ in 0..CALM_LIVES {
            self.live(&Life::default()).await;
            if self.blocked.is_some() || !self.ledger.borrow().violations.is_empty() {
                break;
            }
            tokio::time::sleep(BETWEEN_CALM_LIVES).await;
        }
        let truth = self.world.borrow().statuses(self.world_clock.now());
        let mut ledger = self.ledger.borrow_mut();
        match &self.blocked {
            Some(blocked) => {
                let left = self.ground.judge.borrow().held_down_by_other_ends(&self.project.spec);
                ledger.check_goals(&blocked.union(&left).cloned().collect(), &truth);
            }
            None => ledger.violate("convergence", "there is always something left to do"),
        }
    }

    fn unmanaged(&self) -> BTreeMap<RouterInterfaceId, Status> {
        let declared: BTreeSet<_> = self.project.spec.interfaces.values().map(|declared| &declared.id.value).collect();
        let settled = |status: Status| match status {
            Status::Deleting => Status::Deleted,
            Status::Deactivating => Status::Inactive,
            Status::Activating | Status::Modifying | Status::Connecting => Status::Active,
            status => status,
        };
        let statuses = self.world.borrow().statuses(self.world_clock.now());
        statuses
            .into_iter()
            .filter(|(id, _)| !declared.contains(id))
            .map(|(id, status)| (id, settled(status)))
            .collect()
    }
}

fn confirming(clock: Clock) -> Confirming {
    let id = RunId::made(clock.now(), "c0ffee");
    Confirming { id, by: "somebody".to_owned(), clock, zone: Zone::utc() }
}

/// Somebody confirms the newest run that awaits that, while a process is at work.
fn confirms(ledger: &mut Ledger, judge: &RefCell<Judge>, clock: Clock) {
    let who = Holder::this_process("simulation".to_owned(), "apply".to_owned(), None, Timestamp::UNIX_EPOCH);
    confirms_beside(ledger, judge, clock, Some(who));
}

/// The same while nobody is; returns the run of which a way back was begun.
fn confirms_alone(ledger: &mut Ledger, judge: &RefCell<Judge>, clock: Clock) -> Option<RunId> {
    confirms_beside(ledger, judge, clock, None)
}

fn confirms_beside(ledger: &mut Ledger, judge: &RefCell<Judge>, clock: Clock, who: Option<Holder>) -> Option<RunId> {
    let memory = Memory::new(ledger.disk.clone());
    let mut recorded = history::read(&memory).ok()?;
    recorded.running = who;
    let newest = recorded.state.as_ref()?.awaiting.last()?.run_id.clone();
    let decided = operation::decide(&memory, &recorded, &newest.0, &confirming(clock));
    ledger.note(&format!("somebody confirms: {}", matches!(decided, Ok(Decided::Kept(_)))));
    let words = memory.disk().words.borrow().clone();
    ledger.disk.words.borrow_mut().extend(words);
    match decided {
        Ok(Decided::Kept(Confirmed::Now(run_id))) => judge.borrow_mut().keeps(&run_id, true),
        Ok(Decided::BegunBack(run_id)) => return Some(run_id),
        _ => {}
    }
    None
}

fn blocked(plan: &Plan) -> BTreeSet<Address> {
    let is_for_good = |code: BlockCode| code != BlockCode::Unreadable;
    let blocked = plan.blocked.iter().filter(|blocked| is_for_good(blocked.code())).map(|blocked| &blocked.address);
    blocked.chain(plan.left_alone.iter().map(|left| &left.address)).cloned().collect()
}

/// Nobody looks at the screen but the ledger.
struct Screen {
    ledger: Rc<RefCell<Ledger>>,
    judge: Rc<RefCell<Judge>>,
    fate: Rc<Fate>,
}

impl Front for Screen {
    fn note(&mut self, say: &dyn Fn() -> String) {
        self.ledger.borrow_mut().note(&say());
    }

    fn planned(&mut self, plan: &Plan) {
        let mut ledger = self.ledger.borrow_mut();
        for step in &plan.steps {
            ledger.note(&format!("planned {} after {:?}", step.id, step.after));
        }
        for blocked in &plan.blocked {
            ledger.note(&format!("blocked {}: {:?}", blocked.address, blocked.reason));
        }
    }

    async fn approve(&mut self) -> Result<bool> {
        Ok(true)
    }

    fn begin(&mut self, plan: &Plan) {
        self.ledger.borrow_mut().plan = Some(plan.clone());
        if let Some(life) = self.fate.seat.get() {
            self.judge.borrow_mut().begins_run(life);
        }
    }

    fn event(&mut self, _: Timestamp, event: &Event) {
        self.ledger.borrow_mut().note(&format!("{event:?}"));
        self.fate.tell();
    }

    fn end(&mut self, _: &Plan, report: &Report) {
        self.ledger.borrow_mut().note(&format!("report {:?}", report.end));
    }
}
