//! One seed: a spec, a world, what is recorded of it, and what goes wrong; its rehearsal, and the real run beside it.
//!
//! The real run is played on a world of its own, whose transitions take what is recorded. How far down its groups went is told by
//! a wire that sees its calls pass, with a count of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rictl::alibaba::credentials::Environment;
use rictl::clock::Clock;
use rictl::cloud::{Cloud, CloudError, Mutation, Permit, Receipt};
use rictl::dice::Dice;
use rictl::emulator::{Fault, FaultKind, InProcess, InterfaceSeed, OppositeSeed, QuotaSeed, Settle, World, WorldSeed};
use rictl::executor::{OnError, Settings};
use rictl::history;
use rictl::ops::connection::Access;
use rictl::ops::live;
use rictl::ops::locked::Locked;
use rictl::ops::project::Project;
use rictl::ops::rehearse::{Carried, Rehearsed, Rehearsing, on_virtual_time};
use rictl::ops::session::{Applied, Approval, Front, Session, Task};
use rictl::plan::{Plan, PlanOptions, RoutesHeard};
use rictl::resource::{AccountName, Call, LiveState, Provider, RouterInterfaceId, Scope, Status, Target};
use rictl::retry::{Policy, Quota, Retrying};
use rictl::run::{Event, Lowest, Report};
use rictl::spec::{self, SpecFile};
use rictl::state::{Durations, Record, Sighting, State};
use rictl::store::local::Paths;
use rictl::store::lock::Holder;
use rictl::store::memory::{Disk, Memory};

use crate::harness::handing_on::{hands_on_reads, hands_on_what_rides};

/// What a call takes of which nothing is recorded.
const ASSUMED: u64 = 5_000;

pub(crate) fn epoch() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// One end of a link.
#[derive(Clone, Debug)]
struct End {
    name: String,
    region: &'static str,
    status: Status,
    wish: Option<&'static str>,
    group: Option<usize>,
    /// What is recorded, of activations and of deactivations.
    taken: [Vec<u64>; 2],
    is_stuck: bool,
}

impl End {
    fn id(&self) -> RouterInterfaceId {
        format!("ri-{}", self.name).into()
    }
}

/// A seed's case.
#[derive(Debug)]
pub(crate) struct Case {
    links: Vec<Vec<End>>,
    floors: Vec<u32>,
    rollout: String,
    settings: Settings,
    quota: Quota,
}

/// How a run came out, rehearsed or real.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Came {
    pub(crate) exit: Option<u8>,
    pub(crate) digest: String,
    pub(crate) took: Duration,
    /// Of each step in the order in which they began: when, which, and how it ended.
    pub(crate) steps: Vec<(Option<Duration>, String, String)>,
}

impl Case {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let groups = 1 + dice.roll(3) as usize;
        // Of a call that was never made nothing is recorded at all.
        let is_recorded = [dice.roll(4) > 0, dice.roll(4) > 0];
        let mut links: Vec<Vec<End>> = Vec::new();
        for group in 0..groups {
            for _ in 0..2 + dice.roll(4) {
                let number = links.len();
                links.push(link(&mut dice, group, number));
            }
        }
        for end in links.iter_mut().flatten() {
            end.taken.iter_mut().zip(is_recorded).filter(|(_, is)| !is).for_each(|(taken, _)| taken.clear());
        }
        let floors = (0..groups).map(|group| floor(&mut dice, &links, group)).collect();
        let limit = if dice.roll(3) == 0 { 1 + dice.roll(3) as u32 } else { 300 };
        let settings = Settings {
            parallelism: (dice.roll(3) == 0).then(|| 1 + dice.roll(3) as usize),
            settle_timeout: Duration::from_secs(40),
            on_error: [OnError::Continue, OnError::Stop, OnError::Rollback][dice.roll(3) as usize],
            ..Settings::default()
        };
        let rollout = match dice.roll(4) {
            0 => "rollout: { canary: 1, batch: 2, pause: 7s }\n",
            _ => "",
        };
        let quota = Quota { limit: limit.try_into().unwrap(), window: Duration::from_secs(10) };
        Self { links, floors, rollout: rollout.to_owned(), settings, quota }
    }

    fn ends(&self) -> impl Iterator<Item = &End> {
        self.links.iter().flatten()
    }

    fn declared(&self) -> impl Iterator<Item = (&End, &'static str)> {
        self.ends().filter_map(|end| Some((end, end.wish?)))
    }

    pub(crate) fn spec(&self) -> String {
        let mut text = format!("version: 1\ncloud: {{ provider: emulator, region: r-one }}\n{}groups:\n", self.rollout);
        for (group, floor) in self.floors.iter().enumerate() {
            writeln!(text, "  g{group}: {{ min_active: {floor} }}").unwrap();
        }
        text += "interfaces:\n";
        for (end, wish) in self.declared() {
            let group = end.group.map(|group| format!(", group: g{group}")).unwrap_or_default();
            let (name, region) = (&end.name, end.region);
            writeln!(text, "  {name}: {{ id: ri-{name}, region: {region}, status: {wish}{group} }}").unwrap();
        }
        text
    }

    fn project(&self) -> Option<Project> {
        let files = vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: self.spec().into_bytes() }];
        let digest = spec::digest(&files);
        let spec = spec::parse(files).ok()?;
        let place = Paths::new("state/rictl.json", "rescue").into();
        Some(Project { name: "rictl.yaml".to_owned(), spec, digest: digest.into(), directory: PathBuf::new(), place })
    }

    /// What is recorded of a call: of that interface the median, else that of all.
    fn takes(&self, end: &End, call: usize) -> Duration {
        let median = |mut taken: Vec<u64>| {
            taken.sort_unstable();
            taken.get(taken.len() / 2).copied()
        };
        let of_all = || median(self.declared().flat_map(|(end, _)| end.taken[call].clone()).collect());
        let own = if end.wish.is_some() { median(end.taken[call].clone()) } else { None };
        Duration::from_millis(own.or_else(of_all).unwrap_or(ASSUMED))
    }

    /// The world of the real run: with interfaces that nobody declares beside those that somebody does.
    fn world(&self) -> WorldSeed {
        let mut interfaces: Vec<InterfaceSeed> = Vec::new();
        for link in &self.links {
            for (number, end) in link.iter().enumerate() {
                interfaces.push(InterfaceSeed {
                    region: Some(end.region.into()),
                    status: Some(end.status.clone()),
                    opposite: (number == 1).then(|| OppositeSeed::Here(link[0].id())),
                    settle: Some(Settle { activate: self.takes(end, 0), deactivate: self.takes(end, 1) }),
                    ..InterfaceSeed::new(end.id())
                });
            }
        }
        for number in 0..7 {
            interfaces
                .push(InterfaceSeed { region: Some("r-one".into()), ..InterfaceSeed::new(format!("ri-x{number}")) });
        }
        let quota = QuotaSeed { limit: self.quota.limit.get(), window: self.quota.window, ..QuotaSeed::default() };
        WorldSeed {
            regions: vec!["r-one".into(), "r-two".into()],
            quota,
            faults: self.faults(),
            interfaces,
            ..WorldSeed::default()
        }
    }

    fn faults(&self) -> Vec<Fault> {
        let stuck = self.ends().filter(|end| end.is_stuck && end.wish.is_some());
        stuck.map(|end| Fault { interface: Some(end.id()), ..Fault::new(FaultKind::StuckTransition) }).collect()
    }

    fn target() -> Target {
        let account_id = rictl::emulator::DEFAULT_ACCOUNT.into();
        Target { provider: Provider::Emulator, account_id, endpoint: "in process".to_owned() }
    }

    /// What earlier runs have left.
    fn disk(&self) -> Disk {
        let (mut store, _) = history::open(Memory::default(), &holder()).unwrap();
        let mut state = State::new("lineage", Self::target());
        for (end, _) in self.declared() {
            let mut durations = Durations::default();
            for (call, taken) in [Call::Activate, Call::Deactivate].into_iter().zip(&end.taken) {
                taken.iter().for_each(|taken| durations.add(call, Duration::from_millis(*taken)));
            }
            let record = Record {
                id: end.id(),
                scope: Scope { account: AccountName::default_account(), region: end.region.into() },
                declared: None,
                change_id: None,
                observed: Sighting::first(Some(end.status.clone()), epoch() - SignedDuration::from_hours(1)),
                protected: false,
                forgotten: false,
                group: None,
                durations,
                last_action: None,
                straggler: None,
                changed_by: None,
                taken_back: None,
            };
            state.interfaces.insert(end.name.as_str().into(), record);
        }
        history::commit(&mut store, &mut state).unwrap();
        store.into_disk()
    }

    fn session(&self, project: Project, clock: Clock) -> Session {
        Session {
            project,
            access: Access {
                environment: Environment::new([], None),
                endpoint: None,
                profile: None,
                signature: None,
                request_timeout: Duration::from_secs(30),
                lock_dir: None,
                quota: self.quota,
                trust: Default::default(),
            },
            clock,
            settings: Settings { per_scope: self.quota.in_a_minute(), ..self.settings },
            confirm_within: None,
            lock_timeout: Duration::ZERO,
            lock_dir: None,
            who: "somebody".to_owned(),
            salt: "0123456789abcdef".to_owned(),
        }
    }

    fn options(&self) -> PlanOptions {
        PlanOptions::of_all(epoch(), self.settings.settle_timeout)
    }

    /// Rehearses what is live; `None` where there is no such spec. Without what is `recorded`, as if nothing were.
    pub(crate) fn rehearsed(&self, is_recorded: bool) -> Option<(Rehearsed, LiveState, Project)> {
        let project = self.project()?;
        let live = self.live(&project);
        let session = on_a_stopped_clock(async { self.session(project.clone(), Clock::starting_at(epoch())) });
        let rehearsing = Rehearsing {
            session,
            task: Task::Fresh(self.options()),
            again: false,
            start: epoch(),
            target: Self::target(),
            accounts: [(AccountName::default_account(), Self::target().account_id)].into(),
            live: live.clone(),
            health: Vec::new(),
            carried: Carried::Nothing,
            routes: RoutesHeard::default(),
            faults: self.faults(),
        };
        let disk = if is_recorded { self.disk() } else { Disk::default() };
        Some((on_virtual_time(rehearsing, Memory::new(disk)).unwrap(), live, project))
    }

    fn live(&self, project: &Project) -> LiveState {
        on_a_stopped_clock(async {
            let clock = Clock::starting_at(epoch());
            let world = Rc::new(RefCell::new(World::new(self.world(), epoch()).unwrap()));
            live::refresh(&project.spec, &InProcess::new(world, clock), &clock).await
        })
    }

    /// Plays the real run, and counts.
    pub(crate) fn real(&self) -> (Came, Vec<Lowest>) {
        let project = self.project().unwrap();
        on_a_stopped_clock(async {
            let clock = Clock::starting_at(epoch());
            let world = Rc::new(RefCell::new(World::new(self.world(), epoch()).unwrap()));
            let session = self.session(project, clock);
            // Nobody listens.
            let (_nobody, signals) = tokio::sync::watch::channel(0);
            let seen = Rc::<RefCell<Vec<_>>>::default();
            let wire = Wire { face: InProcess::new(world, clock), case: self, clock, seen: Rc::clone(&seen) };
            let cloud = Retrying::new(wire, Policy::default(), self.quota, 77);
            let (store, recorded) = history::open(Memory::new(self.disk()), &holder()).unwrap();
            let task = Task::Fresh(self.options());
            let run_id = session.run_id(task.operation());
            let locked = Locked::new(&session, run_id, cloud, Self::target(), store, recorded).unwrap();
            let approval = Approval { auto: true, ..Approval::default() };
            let applied = locked.carry_out(task, &approval, &mut Nobody, signals).await.unwrap();
            let took = clock.now().duration_since(epoch()).unsigned_abs();
            let lowest = self.count(&seen.borrow(), took);
            (came(&applied, took), lowest)
        })
    }

    /// Counts the links of a group that are up, and all of them.
    fn standing(&self, group: usize, statuses: &BTreeMap<RouterInterfaceId, Status>) -> (u32, u32) {
        let links = || self.links.iter().filter(move |link| link.iter().any(|end| end.group == Some(group)));
        let is_up = |link: &&Vec<End>| link.iter().all(|end| statuses[&end.id()] == Status::Active);
        (links().filter(is_up).count() as u32, links().count() as u32)
    }

    /// Counts every group whenever something turned.
    fn count(&self, seen: &[(Duration, RouterInterfaceId, Status)], until: Duration) -> Vec<Lowest> {
        let own = self.ends().filter_map(|end| match end.status {
            Status::Activating => Some((self.takes(end, 0), end.id(), Status::Active)),
            Status::Deactivating => Some((self.takes(end, 1), end.id(), Status::Inactive)),
            _ => None,
        });
        let own: Vec<(Duration, RouterInterfaceId, Status)> = own.collect();
        let mut turns: Vec<_> = own.iter().chain(seen).filter(|turn| turn.0 <= until).collect();
        turns.sort_by_key(|turn| turn.0);
        let mut statuses: BTreeMap<RouterInterfaceId, Status> =
            self.ends().map(|end| (end.id(), end.status.clone())).collect();
        let starts: Vec<u32> = (0..self.floors.len()).map(|group| self.standing(group, &statuses).0).collect();
        let mut lowest: Vec<Option<Lowest>> = vec![None; self.floors.len()];
        let mut moments: Vec<Duration> = turns.iter().map(|turn| turn.0).chain([Duration::ZERO]).collect();
        moments.sort_unstable();
        moments.dedup();
        for moment in moments {
            for (_, id, status) in turns.iter().filter(|turn| turn.0 == moment) {
                statuses.insert(id.clone(), status.clone());
            }
            for (group, lowest) in lowest.iter_mut().enumerate() {
                let (up, declared) = self.standing(group, &statuses);
                let now = Lowest {
                    name: format!("g{group}").as_str().into(),
                    declared,
                    start: Some(starts[group]),
                    lowest: Some(up),
                    at_ms: Some(moment.as_millis() as u64),
                    end: Some(up),
                    floor: self.floors[group],
                };
                match lowest {
                    Some(known) if known.lowest <= now.lowest => known.end = now.end,
                    _ => *lowest = Some(now),
                }
            }
        }
        lowest.into_iter().flatten().collect()
    }
}

fn link(dice: &mut Dice, group: usize, number: usize) -> Vec<End> {
    let wishes = ["Active", "Inactive"];
    let wish = wishes[dice.roll(2) as usize];
    let sides = 1 + dice.roll(2) as usize;
    let is_up = dice.roll(3) > 0;
    let mut ends = Vec::new();
    for side in 0..sides {
        let status = match dice.roll(12) {
            0 => Status::Activating,
            1 => Status::Deactivating,
            2 => Status::Inactive,
            _ if is_up => Status::Active,
            _ => Status::Inactive,
        };
        // An end that nobody declares stays as it is.
        let is_declared = side == 0 || dice.roll(2) == 0;
        let own = if dice.roll(8) == 0 { wishes[dice.roll(2) as usize] } else { wish };
        let status = if is_declared || !status.is_transitional() { status } else { Status::Active };
        let taken = [taken(dice), taken(dice)];
        ends.push(End {
            name: format!("l{number:02}{}", ["a", "b"][side]),
            region: ["r-one", "r-two"][dice.roll(2) as usize],
            status,
            wish: is_declared.then_some(own),
            group: (side == 0 || (is_declared && dice.roll(2) == 0)).then_some(group),
            taken,
            is_stuck: dice.roll(12) == 0,
        });
    }
    ends
}

fn taken(dice: &mut Dice) -> Vec<u64> {
    let count = if dice.roll(5) < 2 { 0 } else { 1 + dice.roll(3) };
    (0..count).map(|_| 100 * (3 + dice.roll(200))).collect()
}

/// Draws a floor that the declared statuses keep.
fn floor(dice: &mut Dice, links: &[Vec<End>], group: usize) -> u32 {
    let is_kept = |link: &&Vec<End>| {
        link.iter().any(|end| end.group == Some(group)) && link.iter().all(|end| end.wish.is_none_or(|w| w == "Active"))
    };
    dice.roll(1 + links.iter().filter(is_kept).count() as u64) as u32
}

fn holder() -> Holder {
    Holder::this_process("somebody".to_owned(), "apply".to_owned(), None, epoch())
}

fn on_a_stopped_clock<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(work)
}

/// Says how a run came out.
pub(crate) fn came(applied: &Applied, took: Duration) -> Came {
    let (plan, reports): (&Plan, Vec<&Report>) = match applied {
        Applied::Nothing(plan) => (plan, Vec::new()),
        Applied::Ran(ran) => {
            let back = ran.rollback.iter().map(|back| &back.report);
            (&ran.plan, std::iter::once(&ran.report).chain(back).collect())
        }
        other => panic!("{other:?}"),
    };
    let since = |at: Timestamp| at.duration_since(epoch()).unsigned_abs();
    let results = reports.iter().flat_map(|report| &report.results);
    let mut steps: Vec<_> = results
        .map(|result| (result.started_at.map(since), result.step.id.to_string(), format!("{:?}", result.outcome)))
        .collect();
    steps.sort();
    let exit = reports.first().and_then(|report| report.exit()).map(rictl::run::Exit::code);
    Came { exit, digest: plan.digest(), took, steps }
}

/// A cloud whose mutating calls are noted, with what comes of them.
struct Wire<'c> {
    face: InProcess,
    case: &'c Case,
    clock: Clock,
    seen: Rc<RefCell<Vec<(Duration, RouterInterfaceId, Status)>>>,
}

hands_on_reads!(Wire<'_>, face);
hands_on_what_rides!(Wire<'_>, face);

impl Cloud for Wire<'_> {
    async fn call(&self, scope: &Scope, call: &Mutation, permit: Permit) -> Result<Receipt, CloudError> {
        let receipt = self.face.call(scope, call, permit).await?;
        let (through, to, number) = match call.call() {
            Call::Activate => (Status::Activating, Status::Active, 0),
            Call::Deactivate => (Status::Deactivating, Status::Inactive, 1),
        };
        let id = RouterInterfaceId::from(call.parameters()[0].1);
        let end = self.case.ends().find(|end| end.id() == id).unwrap();
        let now = self.clock.now().duration_since(epoch()).unsigned_abs();
        let mut seen = self.seen.borrow_mut();
        seen.push((now, id.clone(), through));
        if !end.is_stuck {
            seen.push((now + self.case.takes(end, number), id, to));
        }
        Ok(receipt)
    }
}

/// Says yes and hears nothing.
struct Nobody;

impl Front for Nobody {
    fn note(&mut self, _: &dyn Fn() -> String) {}
    fn planned(&mut self, _: &Plan) {}
    async fn approve(&mut self) -> anyhow::Result<bool> {
        Ok(true)
    }
    fn begin(&mut self, _: &Plan) {}
    fn event(&mut self, _: Timestamp, _: &Event) {}
    fn end(&mut self, _: &Plan, _: &Report) {}
}
