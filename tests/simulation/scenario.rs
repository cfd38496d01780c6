//! What one seed stands for: a world, a spec, faults, and the lives of the processes that meet them.
//!
//! Every class of trouble is switched on or off for the whole scenario before its rate is drawn, so that some
//! scenarios are calm in all respects but one.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use rictl::emulator::{
    ConsoleSeed, ErrorSeed, Fault, FaultKind, FlappingSeed, InterfaceSeed, OppositeSeed, Pairs, QuotaKind, QuotaSeed,
    Settle, WorldSeed,
};
use rictl::executor::{OnError, Settings};
use rictl::resource::{BusinessStatus, HealthCheckStatus, RouterInterfaceId, Status};

use super::dice::Dice;

/// Everything that a run of the simulation is made from.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) spec: String,
    pub(crate) world: WorldSeed,
    pub(crate) settings: Settings,
    /// The troubled lives, one after the other; calm ones follow until nothing is left to do.
    pub(crate) lives: Vec<Life>,
    /// Third parties move interfaces, or transitions do not stay where they end.
    pub(crate) is_foreign: bool,
    /// Reads may show the past.
    pub(crate) is_stale: bool,
    /// Reads may show what never was.
    pub(crate) is_distorted: bool,
    /// In a hundred calls, so many are delivered after the caller has given up on them.
    pub(crate) late_percent: u64,
    /// What happens where one run hands over to another, and on the way.
    pub(crate) seams: Seams,
}

/// Trouble at the seams: between two runs, two processes, an answer and what is made of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seams {
    /// The spec of the lives that are `is_turned`.
    pub(crate) turned: Option<String>,
    /// Another checkout of the same account.
    pub(crate) companion: Option<Companion>,
    pub(crate) tricks: Tricks,
    /// Runs have to be confirmed, and are taken back.
    pub(crate) has_ways_back: bool,
    /// On the machine's clocks, without convergence at the end.
    pub(crate) is_real: bool,
}

/// Another spec with a state of its own, on the same world at the same time.
#[derive(Clone, Debug)]
pub(crate) struct Companion {
    pub(crate) spec: String,
    pub(crate) lives: Vec<Life>,
    /// The account's lock stands between the two: a process begins when no other is at work.
    pub(crate) is_locked: bool,
}

/// What the way to the world and back does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tricks {
    /// The mutating call of this number, from 1, arrives so much later, when its answer has been given up.
    pub(crate) late: Option<(u64, Duration)>,
    /// In a hundred mutating calls, so many are delivered twice; the second answer is the one that comes back.
    pub(crate) twice_percent: u64,
    /// In a hundred answers to reads, so many show every interface twice: as it is, and as it was at first.
    pub(crate) contradicting_percent: u64,
    /// Only this one, where it is given.
    pub(crate) contradicted: Option<RouterInterfaceId>,
    /// The read of this number, from 1, shows what is on its way as arrived.
    pub(crate) early: Option<u64>,
}

/// One process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    /// It dies at this effect.
    pub(crate) crash_at: Option<u64>,
    /// So many bytes of a write that it dies over are durable.
    pub(crate) torn: usize,
    /// The disk refuses this write and all after it.
    pub(crate) refused_write: Option<u64>,
    /// A signal arrives at each of these effects.
    pub(crate) signals_at: Vec<u64>,
    /// How far its wall clock is off, in seconds.
    pub(crate) skew: i64,
    /// How long after the one before it starts.
    pub(crate) pause: Duration,
    /// It runs a plan that was saved before.
    pub(crate) is_saved: bool,
    /// It reads the spec turned round.
    pub(crate) is_turned: bool,
    /// It takes back the last run.
    pub(crate) is_way_back: bool,
    /// How many runs before the newest the one is that it takes back.
    pub(crate) back_by: usize,
    /// It takes back what a newer run has changed since, too.
    pub(crate) is_forced: bool,
    /// It stands still for so long after each of these effects: between an answer and what is made of it, between what
    /// is durable and what is sent.
    pub(crate) stalls: Vec<(u64, Duration)>,
    /// Every append takes so long.
    pub(crate) slow_disk: Duration,
    /// It is not run for so long at each of these turns of its task, while the world and others go on.
    pub(crate) stops: Vec<(u64, Duration)>,
    /// Whoever listens to it takes so long over each event.
    pub(crate) slow_reader: Duration,
    /// What it is started for.
    pub(crate) errand: Errand,
    /// What it applies is taken back unless somebody confirms it in that time.
    pub(crate) confirm_within: Option<Duration>,
    /// Its process is there until somebody has confirmed, or nobody has in time.
    pub(crate) waits: bool,
    /// A signal comes so long into that wait.
    pub(crate) interrupted_after: Option<Duration>,
    /// Somebody else confirms what awaits that at each of these effects.
    pub(crate) confirmed_at: Vec<u64>,
}

/// What a process is started for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Errand {
    /// To apply, or to take back what somebody names.
    #[default]
    Work,
    /// To take back what nobody has confirmed in time.
    Expired,
    /// To confirm what awaits that.
    Confirm,
}

pub(crate) const REGIONS: [&str; 3] = ["cn-shanghai", "cn-beijing", "cn-hangzhou"];

impl Scenario {
    pub(crate) fn draw(seed: u64) -> Self {
        let dice = Dice::new(seed);
        let mut shape = dice.split("shape");
        let settings = settings(&mut dice.split("settings"));
        let most = if shape.chance(15) { 14 } else { 6 };
        let managed = shape.within(1, most);
        let regions = shape.within(1, 3);
        let mut world = world(&mut dice.split("world"), managed, regions);
        let spec = spec(&mut dice.split("spec"), &world, managed, regions);
        let mut trouble = Trouble { dice: dice.split("faults"), managed, faults: Vec::new() };
        let is_foreign = trouble.third_parties();
        let is_stale = trouble.stale_reads();
        let is_distorted = trouble.distortions();
        trouble.lost_answers();
        trouble.refusals();
        trouble.stuck();
        world.faults = trouble.faults;
        let mut late = dice.split("late");
        let late_percent = if late.chance(15) { late.within(5, 60) } else { 0 };
        let lives = lives(&mut dice.split("lives"));
        let seams = Seams::default();
        Self { seed, spec, world, settings, lives, is_foreign, is_stale, is_distorted, late_percent, seams }
    }
}

impl Scenario {
    /// Draws the world, spec and lives of a seed, and trouble at the seams besides.
    pub(crate) fn draw_seams(seed: u64) -> Self {
        let mut scenario = Self::draw(seed);
        let mut dice = Dice::new(seed).split("seams");
        if dice.chance(30) {
            let mut lag = Fault::new(FaultKind::StaleReads(seconds(dice.within(5, 90))));
            lag.action = Some(READING.to_owned());
            lag.region = dice.chance(50).then(|| (*dice.pick(&REGIONS)).into());
            scenario.world.faults.push(lag);
            scenario.is_stale = true;
        }
        if dice.chance(30) {
            scenario.seams.turned = Some(turned(&scenario.spec));
        }
        if dice.chance(25) {
            scenario.world.pairs = Pairs::Together;
        }
        if dice.chance(15) {
            let (code, status) = *dice.pick(&[("RequestTimeout", 408), ("SomethingNew", 400), ("Odd.Refusal", 409)]);
            let error = ErrorSeed { code: code.to_owned(), status, message: "simulated".to_owned() };
            let mut fault = Fault::new(FaultKind::Error(error));
            fault.action = Some(dice.pick::<&'static str>(&MUTATING).to_string());
            fault.nth = Some(dice.within(1, 4));
            fault.after_effect = Some(true);
            scenario.world.faults.push(fault);
        }
        let tricks = &mut scenario.seams.tricks;
        tricks.late = dice.chance(20).then(|| (dice.within(1, 4), seconds(dice.within(1, 60))));
        tricks.twice_percent = if dice.chance(15) { dice.within(10, 100) } else { 0 };
        tricks.contradicting_percent = if dice.chance(10) { dice.within(5, 60) } else { 0 };
        tricks.early = dice.chance(10).then(|| dice.within(1, 20));
        let lives = std::mem::take(&mut scenario.lives);
        let has_turned = scenario.seams.turned.is_some();
        scenario.lives =
            lives.into_iter().chain([Life::default()]).map(|life| trouble(&mut dice, life, has_turned)).collect();
        if dice.chance(15) {
            let lives = (0..dice.within(1, 2)).map(|_| Life { pause: seconds(dice.within(0, 8)), ..Life::default() });
            let lives = lives.collect();
            scenario.seams.companion = Some(Companion { spec: turned(&scenario.spec), lives, is_locked: true });
            // What one checkout has on its way and no read shows, another cannot know.
            scenario.seams.tricks.late = None;
            scenario.late_percent = 0;
            scenario.world.faults.retain(|fault| !matches!(fault.fault, FaultKind::StaleReads(_)));
            scenario.is_stale = false;
        }
        scenario.draw_health(&mut Dice::new(seed).split("health"));
        scenario
    }

    /// Cuts the fibre of some links, and has health checks keep floors.
    fn draw_health(&mut self, dice: &mut Dice) {
        if !dice.chance(20) {
            return;
        }
        // More checks than a quota gives within `--max-read-age` are never young at once.
        self.world.quota = QuotaSeed::default();
        let specs = [Some(&mut self.spec), self.seams.turned.as_mut()];
        let companion = self.seams.companion.as_mut().map(|companion| &mut companion.spec);
        specs.into_iter().flatten().chain(companion).for_each(|spec| *spec = blocking_on_health(spec));
        let mut ill: BTreeSet<RouterInterfaceId> = BTreeSet::new();
        for interface in &mut self.world.interfaces {
            // A fibre has two ends.
            let is_cut = match &interface.opposite {
                Some(OppositeSeed::Here(other)) => ill.contains(other),
                _ => dice.chance(25),
            };
            if is_cut {
                interface.health_check_status = Some(HealthCheckStatus::Abnormal);
                ill.insert(interface.id.clone());
            }
        }
        if dice.chance(30) {
            let kinds = [FaultKind::Drop, FaultKind::Denied, FaultKind::Hang, FaultKind::HttpError(503)];
            let mut fault = Fault::new(dice.pick(&kinds).clone());
            fault.action = Some(ASKING_FOR_HEALTH.to_owned());
            fault.probability = Some(0.3);
            fault.seed = Some(dice.next());
            fault.until = Some(dice.within(3, 20));
            self.world.faults.push(fault);
        }
    }
}

impl Scenario {
    /// Draws a world of our own, runs that have to be confirmed, rollbacks after every outcome, and other processes in between.
    pub(crate) fn draw_ways_back(seed: u64) -> Self {
        let dice = Dice::new(seed).split("ways back");
        let mut shape = dice.split("shape");
        let settings = settings(&mut dice.split("settings"));
        let (managed, regions) = (shape.within(1, 5), shape.within(1, 2));
        let mut world = world(&mut dice.split("world"), managed, regions);
        // What cannot be brought back at all says nothing of a way back.
        for interface in &mut world.interfaces {
            let is_up = shape.chance(60);
            interface.status = Some(if is_up { Status::Active } else { Status::Inactive });
            (interface.business_status, interface.opposite) = (None, None);
        }
        let spec = spec(&mut dice.split("spec"), &world, managed, regions);
        let spec = within_reach(&spec, &world);
        let mut trouble = Trouble { dice: dice.split("faults"), managed, faults: Vec::new() };
        let is_stale = trouble.stale_reads();
        trouble.lost_answers();
        trouble.refusals();
        trouble.stuck();
        world.faults = trouble.faults;
        let mut lives_of = dice.split("lives");
        let lives = (0..lives_of.within(2, 6)).map(|_| life_of_ways_back(&mut lives_of)).collect();
        let seams = Seams { turned: Some(turned(&spec)), has_ways_back: true, ..Seams::default() };
        let (is_foreign, is_distorted, late_percent) = (false, false, 0);
        Self { seed, spec, world, settings, lives, is_foreign, is_stale, is_distorted, late_percent, seams }
    }
}

/// Takes out of a spec what may never be moved, and looks for everything where it is.
fn within_reach(spec: &str, world: &WorldSeed) -> String {
    let (mut text, mut regions) = (String::new(), world.interfaces.iter().map(|interface| interface.region.as_ref()));
    for line in spec.lines().filter(|line| !line.contains("protect") && !line.contains("hands_off")) {
        match line.strip_prefix("    region: ").and_then(|_| regions.next().flatten()) {
            Some(region) => writeln!(text, "    region: {region}").unwrap(),
            None => writeln!(text, "{line}").unwrap(),
        }
    }
    text
}

/// Draws a process among those that apply, confirm and take back.
fn life_of_ways_back(dice: &mut Dice) -> Life {
    let errand = *dice.pick(&[
        Errand::Work,
        Errand::Work,
        Errand::Work,
        Errand::Work,
        Errand::Work,
        Errand::Work,
        Errand::Expired,
        Errand::Expired,
        Errand::Confirm,
    ]);
    let is_way_back = errand == Errand::Work && dice.chance(30);
    let within = seconds(*dice.pick(&[1, 5, 30, 120, 900]));
    Life {
        errand,
        is_way_back,
        back_by: usize::try_from(dice.within(0, 3)).unwrap(),
        is_forced: dice.chance(15),
        is_turned: errand == Errand::Work && dice.chance(45),
        crash_at: dice.chance(40).then(|| dice.within(1, 50)),
        torn: *dice.pick(&[0, 1, 40, 200, 500, usize::MAX]),
        refused_write: dice.chance(4).then(|| dice.within(0, 12)),
        signals_at: if dice.chance(10) { vec![dice.within(1, 40)] } else { Vec::new() },
        skew: if dice.chance(10) { *dice.pick(&[-7200, -30, 5, 3600, 86_400]) } else { 0 },
        pause: seconds(*dice.pick(&[0, 0, 1, 5, 20, 90, 600])),
        confirm_within: (errand == Errand::Work && dice.chance(70)).then_some(within),
        waits: dice.chance(60),
        interrupted_after: dice.chance(30).then(|| Duration::from_millis(dice.within(0, 20_000))),
        confirmed_at: if dice.chance(35) { vec![dice.within(1, 25), dice.within(5, 50)] } else { Vec::new() },
        ..Life::default()
    }
}

/// Has the health checks of a spec keep its floors.
fn blocking_on_health(spec: &str) -> String {
    const LIMITS: &str = "limits:\n";
    if spec.contains(LIMITS) {
        spec.replace(LIMITS, "limits:\n  health: block\n")
    } else {
        spec.replacen("interfaces:\n", "limits:\n  health: block\ninterfaces:\n", 1)
    }
}

/// Adds to a life what happens at its seams.
fn trouble(dice: &mut Dice, life: Life, has_turned: bool) -> Life {
    let mut life = life;
    let pause = |dice: &mut Dice| Duration::from_millis(dice.within(500, 9000));
    if dice.chance(30) && life.signals_at.is_empty() {
        let first = dice.within(4, 20);
        life.signals_at = if dice.chance(60) { vec![first, first + dice.within(0, 4)] } else { vec![first] };
    }
    if dice.chance(20) {
        life.stalls = (0..dice.within(1, 3)).map(|_| (dice.within(1, 25), pause(dice))).collect();
    }
    if dice.chance(20) {
        life.stops = (0..dice.within(1, 3)).map(|_| (dice.within(1, 40), pause(dice))).collect();
    }
    life.slow_disk = if dice.chance(8) { pause(dice) } else { Duration::ZERO };
    life.slow_reader = if dice.chance(5) { pause(dice) / 4 } else { Duration::ZERO };
    life.is_turned = has_turned && dice.chance(50);
    life.is_way_back = dice.chance(20);
    if life.is_way_back {
        life.back_by = usize::try_from(dice.within(0, 3)).unwrap();
        life.is_forced = dice.chance(30);
    }
    life
}

/// Turns the wishes of a spec round: what shall be up shall be down, and what is protected or depended on is free.
fn turned(spec: &str) -> String {
    let lines = spec.lines().filter(|line| !line.contains("depends_on") && !line.contains("protect"));
    let turn = |line: &str| {
        if line.contains("status: Active") {
            line.replace("status: Active", "status: Inactive")
        } else {
            line.replace("status: Inactive", "status: Active")
        }
    };
    lines.map(|line| turn(line) + "\n").collect()
}

pub(crate) fn id(number: u64) -> RouterInterfaceId {
    RouterInterfaceId::from(format!("ri-{number:04}"))
}

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

fn settings(dice: &mut Dice) -> Settings {
    Settings {
        parallelism: Some(usize::try_from(*dice.pick(&[1, 2, 3, 50, 50])).unwrap()),
        settle_timeout: seconds(*dice.pick(&[30, 60, 600])),
        on_error: *dice.pick(&[
            OnError::Continue,
            OnError::Continue,
            OnError::Continue,
            OnError::Stop,
            OnError::Rollback,
        ]),
        ..Settings::default()
    }
}

fn world(dice: &mut Dice, managed: u64, regions: u64) -> WorldSeed {
    let unmanaged = dice.within(0, 2);
    let settle = Settle { activate: seconds(dice.within(0, 9)), deactivate: seconds(dice.within(0, 9)) };
    let latency = Duration::from_millis(if dice.chance(50) { 0 } else { dice.within(1, 900) });
    let quota = if dice.chance(20) {
        let kind = *dice.pick(&[QuotaKind::Fixed, QuotaKind::Sliding, QuotaKind::Bucket]);
        QuotaSeed {
            limit: u32::try_from(dice.within(2, 9)).unwrap(),
            window: seconds(dice.within(2, 20)),
            kind,
            ..QuotaSeed::default()
        }
    } else {
        QuotaSeed::default()
    };
    let pairs = dice.chance(25);
    let mut interfaces: Vec<InterfaceSeed> = Vec::new();
    for number in 0..managed + unmanaged {
        let mut interface = InterfaceSeed::new(id(number));
        interface.region = Some(REGIONS[usize::try_from(dice.next() % regions).unwrap()].into());
        interface.status = Some(match dice.within(0, 99) {
            0..=44 => Status::Active,
            45..=84 => Status::Inactive,
            85..=88 => Status::Activating,
            89..=92 => Status::Deactivating,
            93..=96 => Status::Modifying,
            97 => Status::Idle,
            98 => Status::Connecting,
            _ => Status::Deleting,
        });
        if dice.chance(3) {
            interface.business_status = Some(BusinessStatus::FinancialLocked);
        }
        if pairs && number % 2 == 1 {
            interface.opposite = Some(OppositeSeed::Here(id(number - 1)));
        }
        interfaces.push(interface);
    }
    WorldSeed { regions: REGIONS.map(Into::into).to_vec(), settle, latency, quota, interfaces, ..WorldSeed::default() }
}

/// Writes a spec. What it asks for can be had as a document; the world may still say no.
fn spec(dice: &mut Dice, world: &WorldSeed, managed: u64, regions: u64) -> String {
    let mut text = format!("version: 1\ncloud:\n  provider: emulator\n  region: {}\n  world: world.yaml\n", REGIONS[0]);
    if dice.chance(10) {
        writeln!(text, "limits:\n  max_changes: {}", dice.within(1, 6)).unwrap();
    }
    let groups = dice.within(0, 2).min(managed / 2);
    let mut members: Vec<Vec<bool>> = vec![Vec::new(); usize::try_from(groups).unwrap()];
    let mut interfaces = String::new();
    let mut active: Vec<bool> = Vec::new();
    for (number, seed) in (0..managed).zip(&world.interfaces) {
        let wants_up = dice.chance(50);
        let region = if dice.chance(2) {
            REGIONS[usize::try_from(dice.next() % regions).unwrap()]
        } else {
            seed.region.as_ref().unwrap().as_str()
        };
        let status = if wants_up { "Active" } else { "Inactive" };
        writeln!(interfaces, "  r{number}:\n    id: {}\n    region: {region}\n    status: {status}", id(number))
            .unwrap();
        if groups > 0 && dice.chance(70) {
            let group = usize::try_from(dice.next() % groups).unwrap();
            members[group].push(wants_up);
            writeln!(interfaces, "    group: g{group}").unwrap();
        }
        // What is up may rest only on what is up.
        let needs: Vec<String> = (0..number)
            .filter(|other| (!wants_up || active[usize::try_from(*other).unwrap()]) && dice.chance(12))
            .map(|other| format!("r{other}"))
            .collect();
        if !needs.is_empty() {
            writeln!(interfaces, "    depends_on: [{}]", needs.join(", ")).unwrap();
        }
        if wants_up && dice.chance(10) {
            interfaces.push_str("    protect: true\n");
        } else if dice.chance(3) {
            interfaces.push_str("    hands_off: { reason: \"simulated\" }\n");
        }
        active.push(wants_up);
    }
    if members.iter().any(|members| !members.is_empty()) {
        text.push_str("groups:\n");
        for (group, members) in members.iter().enumerate().filter(|(_, members)| !members.is_empty()) {
            let (all, up) = (members.len() as u64, members.iter().filter(|up| **up).count() as u64);
            if dice.chance(60) {
                writeln!(text, "  g{group}:\n    min_active: {}", dice.within(0, up)).unwrap();
            } else {
                writeln!(text, "  g{group}:\n    max_unavailable: {}", dice.within(all - up, all).max(1)).unwrap();
            }
        }
    }
    if dice.chance(20) {
        let (canary, batch, pause) = (dice.within(0, 2), dice.within(1, 3), dice.within(0, 20));
        writeln!(text, "rollout:\n  canary: {canary}\n  batch: {batch}\n  pause: {pause}s").unwrap();
    }
    format!("{text}interfaces:\n{interfaces}")
}

fn lives(dice: &mut Dice) -> Vec<Life> {
    let is_mortal = dice.chance(60);
    let is_full = dice.chance(15);
    let is_interrupted = dice.chance(20);
    let is_skewed = dice.chance(15);
    let is_saved = dice.chance(15);
    (0..dice.within(1, 4))
        .map(|_| Life {
            crash_at: (is_mortal && dice.chance(80)).then(|| dice.within(1, 35)),
            torn: *dice.pick(&[0, 1, 40, 200, 500, usize::MAX]),
            refused_write: (is_full && dice.chance(50)).then(|| dice.within(0, 12)),
            signals_at: if is_interrupted && dice.chance(60) {
                let first = dice.within(1, 40);
                if dice.chance(40) { vec![first, first + dice.within(0, 10)] } else { vec![first] }
            } else {
                Vec::new()
            },
            skew: if is_skewed { *dice.pick(&[-7200, -30, 5, 3600, 86_400]) } else { 0 },
            pause: seconds(*dice.pick(&[0, 0, 1, 5, 20, 90, 3600])),
            is_saved: is_saved && dice.chance(50),
            ..Life::default()
        })
        .collect()
}

/// Draws the faults of a world. Each has an end, counted in calls: what never ends is healed by hand afterwards.
struct Trouble {
    dice: Dice,
    managed: u64,
    faults: Vec<Fault>,
}

const MUTATING: [&str; 2] = ["ActivateRouterInterface", "DeactivateRouterInterface"];
const READING: &str = "DescribeRouterInterfaces";
const ASKING_FOR_HEALTH: &str = "DescribeRouterInterfaceAttribute";

impl Trouble {
    /// Adds a fault that strikes some calls of one action.
    fn add(&mut self, kind: FaultKind, action: Option<&str>, after_effect: Option<bool>) {
        let mut fault = Fault::new(kind);
        fault.action = action.map(str::to_owned);
        fault.after_effect = after_effect;
        if self.dice.chance(50) {
            fault.nth = Some(self.dice.within(1, 6));
        } else {
            #[allow(clippy::cast_precision_loss, reason = "small numbers")]
            let percent = self.dice.within(5, 70) as f64;
            fault.probability = Some(percent / 100.0);
            fault.seed = Some(self.dice.next());
            fault.until = Some(self.dice.within(3, 40));
        }
        self.faults.push(fault);
    }

    fn any_action(&mut self) -> &'static str {
        if self.dice.chance(60) { self.dice.pick::<&'static str>(&MUTATING) } else { READING }
    }

    fn interface(&mut self) -> RouterInterfaceId {
        id(self.dice.next() % self.managed)
    }

    fn third_parties(&mut self) -> bool {
        let mut is_foreign = false;
        if self.dice.chance(15) {
            for _ in 0..self.dice.within(1, 3) {
                let statuses =
                    [Status::Active, Status::Inactive, Status::Activating, Status::Deactivating, Status::Deleted];
                let status = statuses[usize::try_from(self.dice.next() % 20).unwrap().min(4)].clone();
                let status = if status == Status::Deleted && self.dice.chance(80) { Status::Inactive } else { status };
                let at = self.dice.chance(50).then(|| seconds(self.dice.within(0, 90)));
                let mut fault =
                    Fault::new(FaultKind::Console(ConsoleSeed { interface: self.interface(), status, at, by: None }));
                if at.is_none() {
                    fault.action = Some(self.any_action().to_owned());
                    fault.nth = Some(self.dice.within(1, 5));
                }
                self.faults.push(fault);
            }
            is_foreign = true;
        }
        if self.dice.chance(8) {
            let times = u16::try_from(self.dice.within(1, 5)).unwrap();
            let flapping = FlappingSeed { period: seconds(self.dice.within(1, 20)), times };
            self.add(FaultKind::Flapping(flapping), None, None);
            is_foreign = true;
        }
        is_foreign
    }

    fn stale_reads(&mut self) -> bool {
        let is_stale = self.dice.chance(20);
        if is_stale {
            let age = seconds(self.dice.within(1, 8));
            self.add(FaultKind::StaleReads(age), Some(READING), None);
        }
        is_stale
    }

    fn distortions(&mut self) -> bool {
        let is_distorted = self.dice.chance(12);
        if is_distorted {
            let kinds = [
                FaultKind::StatusWord("Frozen".to_owned()),
                FaultKind::OtherId,
                FaultKind::TotalCount(0),
                FaultKind::TotalCount(3),
                FaultKind::ShortPage(1),
                FaultKind::DuplicateRow,
            ];
            let kind = self.dice.pick(&kinds).clone();
            self.add(kind, Some(READING), None);
        }
        is_distorted
    }

    fn lost_answers(&mut self) {
        if !self.dice.chance(45) {
            return;
        }
        for _ in 0..self.dice.within(1, 3) {
            let kinds = [
                FaultKind::Drop,
                FaultKind::Drop,
                FaultKind::Drop,
                FaultKind::Hang,
                FaultKind::Delay(seconds(self.dice.within(1, 40))),
                FaultKind::SlowBody(Duration::from_millis(500)),
                FaultKind::TruncatedBody,
                FaultKind::Garbage,
                FaultKind::EmptyObject,
                FaultKind::HttpError(500),
                FaultKind::HttpError(502),
                FaultKind::HttpError(503),
            ];
            let (kind, action) = (self.dice.pick(&kinds).clone(), self.any_action());
            let after_effect = self.dice.chance(60);
            self.add(kind, Some(action), Some(after_effect));
        }
    }

    fn refusals(&mut self) {
        if !self.dice.chance(35) {
            return;
        }
        for _ in 0..self.dice.within(1, 2) {
            let error = |code: &str, status| {
                FaultKind::Error(ErrorSeed { code: code.to_owned(), status, message: "simulated".to_owned() })
            };
            let kinds = [
                FaultKind::Throttled(Duration::ZERO),
                FaultKind::Throttled(seconds(self.dice.within(1, 90))),
                error("IncorrectRIStatus", 400),
                error("IncorrectStatus", 400),
                error("OperationConflict", 409),
                error("InvalidRouterInterfaceId.NotFound", 404),
                error("Forbidden.FinancialLocked", 403),
                error("SomethingNew", 400),
                FaultKind::Denied,
                FaultKind::NonceUsed,
                FaultKind::TokenExpired,
                FaultKind::ClockSkew(jiff::SignedDuration::from_mins(20)),
            ];
            let (kind, action) = (self.dice.pick(&kinds).clone(), self.any_action());
            let after_effect = matches!(kind, FaultKind::NonceUsed).then(|| self.dice.chance(50));
            self.add(kind, Some(action), after_effect);
        }
    }

    fn stuck(&mut self) {
        if self.dice.chance(10) {
            let action = *self.dice.pick::<&'static str>(&MUTATING);
            self.add(FaultKind::StuckTransition, Some(action), None);
        }
    }
}
