//! One scenario from its first process to the last: troubled lives, then calm ones until nothing is left to do.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use rictl::alibaba::credentials::Environment;
use rictl::clock::Clock;
use rictl::cloud::CloudRead as _;
use rictl::emulator::{InProcess, World, WorldSeed};
use rictl::executor::OnError;
use rictl::history::{self, Recorded};
use rictl::ops::connection::Access;
use rictl::ops::failure::Refusal;
use rictl::ops::live;
use rictl::ops::locked::Locked;
use rictl::ops::project::Project;
use rictl::ops::session::{Applied, Approval, Front, Ran, Session, Task, today};
use rictl::plan::{BlockCode, Plan, PlanOptions};
use rictl::resource::{AccountName, Address, Provider, RouterInterfaceId, Status, Target};
use rictl::retry::{Policy, Quota, Retrying};
use rictl::run::{Event, Exit, Report};
use rictl::spec::{self, SpecFile};
use rictl::store::local::Paths;
use rictl::store::lock::Holder;
use rictl::store::memory::Memory;

use super::dice::Dice;
use super::ledger::{Ledger, Leniency};
use super::scenario::{Life, Scenario};
use super::wires::{CloudWire, DiskWire, Fate, Planted};

/// No run may take longer, whatever happens: the sum of every limit that it declares is far below.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);

/// How many calm processes may be needed after the last troubled one.
const CALM_LIVES: u32 = 8;

/// What a scenario came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) hash: u64,
    pub(crate) trace: String,
    pub(crate) violations: Vec<String>,
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
}

pub(crate) fn epoch() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// Runs a scenario on a clock of its own.
///
/// Returns `None` where its spec is refused: then there is nothing to simulate.
pub(crate) fn simulate(scenario: &Scenario, planted: Option<Planted>, is_traced: bool) -> Option<Outcome> {
    let files = vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: scenario.spec.clone().into_bytes() }];
    let digest = spec::digest(&files);
    let spec = spec::parse(files).ok()?;
    let paths = Paths::new("state/rictl.json", "rescue");
    let project = Project { name: "rictl.yaml".to_owned(), spec, digest, directory: PathBuf::new(), paths };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let local = tokio::task::LocalSet::new();
    Some(local.block_on(&runtime, async { Simulation::new(scenario, project, planted, is_traced).run().await }))
}

struct Simulation<'s> {
    scenario: &'s Scenario,
    planted: Option<Planted>,
    project: Project,
    world: Rc<RefCell<World>>,
    world_clock: Clock,
    ledger: Rc<RefCell<Ledger>>,
    saved: Option<Plan>,
    exits: Vec<u8>,
    effects_of_lives: Vec<u64>,
    lives: u64,
    is_calm: bool,
    blocked: Option<BTreeSet<Address>>,
}

impl<'s> Simulation<'s> {
    fn new(scenario: &'s Scenario, project: Project, planted: Option<Planted>, is_traced: bool) -> Self {
        let world = World::new(scenario.world.clone(), epoch()).unwrap();
        let leniency =
            Leniency { foreign: scenario.is_foreign, stale: scenario.is_stale, distorted: scenario.is_distorted };
        let ledger = Ledger::new(project.spec.clone(), leniency, scenario.settings, is_traced);
        Self {
            scenario,
            planted,
            project,
            world: Rc::new(RefCell::new(world)),
            world_clock: Clock::starting_at(epoch()),
            ledger: Rc::new(RefCell::new(ledger)),
            saved: None,
            exits: Vec::new(),
            effects_of_lives: Vec::new(),
            lives: 0,
            is_calm: false,
            blocked: None,
        }
    }

    async fn run(mut self) -> Outcome {
        let unmanaged = self.unmanaged();
        for life in &self.scenario.lives {
            tokio::time::sleep(life.pause).await;
            self.live(life).await;
        }
        let is_quiet = self.ledger.borrow().violations.is_empty();
        if is_quiet {
            // Requests that are still on their way arrive, third parties have done what they do.
            tokio::time::sleep(Duration::from_secs(120)).await;
            self.heal();
            self.is_calm = true;
            self.converge().await;
        }
        let mut ledger = self.ledger.borrow_mut();
        ledger.check_nothing_lost();
        let is_alone = !self.scenario.is_foreign && !self.scenario.is_distorted;
        if is_alone && self.scenario.settings.on_error != OnError::Rollback {
            ledger.check_effects();
        }
        if is_alone && unmanaged != self.unmanaged() {
            ledger.violate("unmanaged means untouched", "an interface that is not declared has moved");
        }
        Outcome {
            hash: ledger.hash(),
            trace: ledger.trace().to_owned(),
            violations: ledger.violations.clone(),
            effects: ledger.effects,
            crashes: ledger.crashes,
            lives: ledger.lives,
            effects_of_lives: self.effects_of_lives.clone(),
            truth: self.world.borrow().statuses(self.world_clock.now()),
            exits: self.exits.clone(),
            changes: ledger.sent.iter().filter(|sent| sent.took_effect).count(),
        }
    }

    /// Lets one process apply, to its end or its death.
    async fn live(&mut self, life: &Life) {
        self.ledger.borrow_mut().begin_life();
        self.lives += 1;
        let fate = Rc::new(Fate::new(life.clone()));
        let ends = tokio::time::timeout(LONGEST_LIFE, async {
            tokio::select! {
                biased;
                () = fate.death() => None,
                outcome = self.apply(life, &fate) => Some(outcome),
            }
        });
        let end = ends.await;
        self.effects_of_lives.push(fate.effects());
        match end {
            Err(_) => self.ledger.borrow_mut().violate("termination", "a run took longer than a day"),
            Ok(Some(outcome)) if !fate.is_dead() => self.judge(outcome),
            Ok(_) => {}
        }
    }

    fn judge(&mut self, outcome: Result<Applied>) {
        let mut ledger = self.ledger.borrow_mut();
        let exit = match &outcome {
            Ok(Applied::Ran(ran)) => ran.report.exit().map_or(254, Exit::code),
            Ok(_) => 0,
            Err(_) => 255,
        };
        let words = match &outcome {
            Ok(Applied::Ran(ran)) => format!("{:?}", ran.report.unrecorded),
            Ok(_) => String::new(),
            Err(error) => match error.downcast_ref::<Refusal>() {
                Some(refusal) => format!("{refusal}: {}", refusal.causes.join("; ")),
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
        let is_first = self.lives == 1 && self.scenario.late_percent == 0;
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

    async fn apply(&mut self, life: &Life, fate: &Rc<Fate>) -> Result<Applied> {
        let wall = self.world_clock.now() + SignedDuration::from_secs(life.skew);
        let clock = Clock::starting_at(wall);
        let cloud = self.connect(fate);
        let (store, recorded) = self.open_disk(fate)?;
        cloud.identity(&AccountName::default_account()).await?;
        let options = self.options(&clock);
        let target = self.target();
        self.plan_only(&cloud, &recorded, &clock, &options).await?;
        let session = self.session(clock);
        let task = match self.saved.take().filter(|_| life.is_saved) {
            Some(plan) => Task::Saved(Box::new(plan)),
            None => Task::Fresh(options),
        };
        let run_id = session.run_id(task.operation());
        let locked = Locked::new(&session, run_id, cloud, target, store, recorded)?;
        let approval = Approval { auto: true, digest: None };
        let mut screen = Screen { ledger: Rc::clone(&self.ledger) };
        let applied = locked.carry_out(task, &approval, &mut screen, fate.signals()).await;
        if let Ok(Applied::Ran(ran)) = &applied {
            self.check_report(ran);
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
        let before = self.ledger.borrow().disk.clone();
        self.ledger.borrow_mut().is_reading_only = true;
        let plan = live::plan(&self.project, recorded, cloud, &self.target(), clock, options).await;
        let mut ledger = self.ledger.borrow_mut();
        ledger.is_reading_only = false;
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
            fate: Rc::clone(fate),
            late: RefCell::new(Dice::new(self.scenario.seed).split(&format!("late {}", self.lives))),
            late_percent: if self.is_calm { 0 } else { self.scenario.late_percent },
            planted: self.planted,
        };
        let quota = &self.scenario.world.quota;
        let quota = Quota { limit: quota.limit.try_into().unwrap(), window: quota.window };
        Retrying::new(wire, Policy::default(), quota, self.scenario.seed ^ self.lives)
    }

    fn open_disk(&self, fate: &Rc<Fate>) -> Result<(DiskWire, Recorded)> {
        let disk = self.ledger.borrow().disk.clone();
        let holder = Holder::this_process("simulation".to_owned(), "apply".to_owned(), None, Timestamp::UNIX_EPOCH);
        let (inner, recorded) = history::open(Memory::new(disk), &holder).inspect_err(|error| {
            self.ledger.borrow_mut().violate("old or new", &format!("the disk cannot be read: {error}"));
        })?;
        self.ledger.borrow_mut().archived(inner.disk());
        Ok((DiskWire::new(inner, Rc::clone(&self.ledger), Rc::clone(fate), self.planted), recorded))
    }

    fn options(&self, clock: &Clock) -> PlanOptions {
        PlanOptions {
            now: clock.now(),
            today: today(clock.now()),
            targets: Vec::new(),
            excludes: Vec::new(),
            allow_changes: None,
            settle_timeout: self.scenario.settings.settle_timeout,
            way_back: false,
        }
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
                quota: Quota::default(),
            },
            clock,
            settings: self.scenario.settings,
            lock_timeout: Duration::ZERO,
            lock_dir: None,
            who: "simulation".to_owned(),
            salt: format!("{:06x}{:06x}", self.lives, self.lives),
        }
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
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        let truth = self.world.borrow().statuses(self.world_clock.now());
        let mut ledger = self.ledger.borrow_mut();
        match &self.blocked {
            Some(blocked) => ledger.check_goals(blocked, &truth),
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

fn blocked(plan: &Plan) -> BTreeSet<Address> {
    let is_for_good = |code: BlockCode| code != BlockCode::Unreadable;
    let blocked = plan.blocked.iter().filter(|blocked| is_for_good(blocked.code())).map(|blocked| &blocked.address);
    blocked.chain(plan.left_alone.iter().map(|left| &left.address)).cloned().collect()
}

/// Nobody looks at the screen but the ledger.
struct Screen {
    ledger: Rc<RefCell<Ledger>>,
}

impl Front for Screen {
    fn note(&mut self, text: &str) {
        self.ledger.borrow_mut().note(text);
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
    }

    fn event(&mut self, _: Timestamp, event: &Event) {
        self.ledger.borrow_mut().note(&format!("{event:?}"));
    }

    fn end(&mut self, report: &Report) {
        self.ledger.borrow_mut().note(&format!("report {:?}", report.end));
    }

    fn finished(&mut self, _: &Report) {}
}
