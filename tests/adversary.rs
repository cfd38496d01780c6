//! Somebody else at the console: interfaces change hands at any moment of an apply, and no floor breaks through us.
//!
//! A witness between executor and world keeps what each completed read said. Whenever a Deactivate is sent, it
//! counts the links of the group by its own reckoning, with every call in flight counted as down: after it, enough of
//! the others must be up. The witness knows the groups from the scenario, not from the plan.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::rc::Rc;

use jiff::Timestamp;
use rictl::clock::Clock;
use rictl::cloud::{
    Call, Cloud, CloudError, CloudRead, DescribeQuery, Effect, Health, Identity, Mutation, Page, Permit, Selection,
};
use rictl::emulator::{Format, InProcess, World, WorldSeed};
use rictl::executor::{Known, Settings, Surroundings, run};
use rictl::journal::Outcome;
use rictl::plan::Plan;
use rictl::resource::{AccountName, Observed, Receipt, RouterInterfaceId, Scope, Status};
use rictl::run::{Report, StopReason, WaveFailure};
use rictl::spec::{SpecFile, parse};
use rictl::store::memory::{Disk, Memory, MemoryStore};
use tokio::sync::watch;

use crate::harness::handing_on::hands_on_what_rides;
use crate::harness::in_process::{Open, planned, started, target};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A spec, a world, and the floors as whoever wrote them means them.
#[derive(Default)]
struct Scenario {
    spec: String,
    world: String,
    /// Per group: how many of its links must be up, and the sides of each.
    groups: Vec<(usize, Vec<Vec<RouterInterfaceId>>)>,
}

impl Scenario {
    fn new() -> Self {
        let spec = "version: 1\ncloud: {provider: emulator, region: cn-shanghai}\n".to_owned();
        let world = "regions: [cn-shanghai, cn-beijing]\ninterfaces:\n".to_owned();
        Self { spec, world, groups: Vec::new() }
    }

    /// Up to three groups of links, some of them pairs across regions, and a console that flips up to five of them:
    /// right before any one of the calls, or at any moment.
    fn random(random: &mut Random) -> Self {
        let mut scenario = Self::new();
        let mut interfaces = String::new();
        let mut ids = Vec::new();
        let mut floors = String::new();
        for group in 0..=random.below(3) {
            let mut links = Vec::new();
            let mut stay_up = 0;
            for link in 0..2 + random.below(4) {
                let (down_now, down_then) = (random.chance(35), random.chance(50));
                stay_up += usize::from(!down_then);
                let mut sides = Vec::new();
                for side in 0..1 + random.below(2) {
                    let name = format!("g{group}l{link}s{side}");
                    let region = if side == 0 { "cn-shanghai" } else { "cn-beijing" };
                    let opposite = if side == 0 { "" } else { &format!(", opposite: ri-g{group}l{link}s0") };
                    let now = if down_now { "Inactive" } else { "Active" };
                    let then = if down_then { "Inactive" } else { "Active" };
                    writeln!(scenario.world, "  - {{id: ri-{name}, region: {region}, status: {now}{opposite}}}")
                        .unwrap();
                    writeln!(
                        interfaces,
                        "  {name}: {{id: ri-{name}, region: {region}, status: {then}, group: g{group}}}"
                    )
                    .unwrap();
                    sides.push(RouterInterfaceId::from(format!("ri-{name}")));
                }
                ids.extend(sides.clone());
                links.push(sides);
            }
            let floor = usize::try_from(random.below(3)).unwrap().min(stay_up);
            writeln!(floors, "  g{group}: {{min_active: {floor}}}").unwrap();
            scenario.groups.push((floor, links));
        }
        if random.chance(20) {
            let (canary, batch) = (random.below(2), 1 + random.below(2));
            writeln!(scenario.spec, "rollout: {{canary: {canary}, batch: {batch}, pause: 1s}}").unwrap();
        }
        write!(scenario.spec, "groups:\n{floors}interfaces:\n{interfaces}").unwrap();
        let [activate, deactivate, latency] = [random.below(8), random.below(8), random.below(3000)];
        writeln!(scenario.world, "settle: {{activate: {activate}s, deactivate: {deactivate}s}}").unwrap();
        write!(scenario.world, "latency: {latency}ms\nfaults:\n").unwrap();
        for _ in 0..1 + random.below(5) {
            let id = &ids[usize::try_from(random.below(ids.len() as u64)).unwrap()];
            let status = if random.chance(80) { "Inactive" } else { "Active" };
            let (at, nth) = if random.chance(50) {
                (String::new(), format!(", nth: {}", 1 + random.below(25)))
            } else {
                (format!(", at: {}ms", random.below(60_000)), String::new())
            };
            writeln!(scenario.world, "  - {{fault: {{console: {{interface: {id}, status: {status}{at}}}}}{nth}}}")
                .unwrap();
        }
        scenario
    }
}

/// Stands between the executor and the world.
struct Witness {
    inner: InProcess,
    groups: Vec<(usize, Vec<Vec<RouterInterfaceId>>)>,
    /// What the last completed read said of each.
    seen: RefCell<BTreeMap<RouterInterfaceId, Observed>>,
    /// Sent, and no read that began later has said Inactive.
    going_down: RefCell<BTreeSet<RouterInterfaceId>>,
    sent: Cell<usize>,
    broken: RefCell<Vec<String>>,
}

impl Witness {
    fn counts_as_up(&self, side: &RouterInterfaceId) -> bool {
        !self.going_down.borrow().contains(side) && self.seen.borrow().get(side).is_some_and(Observed::counts_as_up)
    }

    fn judge(&self, id: &RouterInterfaceId) {
        self.sent.set(self.sent.get() + 1);
        for (number, (floor, links)) in self.groups.iter().enumerate() {
            let others = links.iter().filter(|sides| !sides.contains(id));
            let up = others.clone().filter(|sides| sides.iter().all(|side| self.counts_as_up(side))).count();
            let own = links.iter().find(|sides| sides.contains(id));
            let is_out = own.is_some_and(|sides| {
                let seen = self.seen.borrow();
                sides.iter().filter_map(|side| seen.get(side)).any(Observed::is_out)
            });
            if others.count() < links.len() && up < *floor && !is_out {
                self.broken.borrow_mut().push(format!("{id} was sent with {up} others of g{number} up, floor {floor}"));
            }
        }
    }
}

impl CloudRead for Witness {
    async fn describe(&self, scope: &Scope, query: &DescribeQuery) -> Result<Page, CloudError> {
        let going_down_before = self.going_down.borrow().clone();
        let page = self.inner.describe(scope, query).await?;
        let mut seen = self.seen.borrow_mut();
        if let Selection::Ids(ids) = &query.selection {
            ids.iter().for_each(|id| drop(seen.remove(id)));
        }
        for observed in &page.interfaces {
            seen.insert(observed.id.clone(), observed.clone());
            if observed.status == Status::Inactive && going_down_before.contains(&observed.id) {
                self.going_down.borrow_mut().remove(&observed.id);
            }
        }
        Ok(page)
    }

    async fn health(&self, scope: &Scope, id: &RouterInterfaceId) -> Result<Health, CloudError> {
        self.inner.health(scope, id).await
    }

    async fn identity(&self, account: &AccountName) -> Result<Identity, CloudError> {
        self.inner.identity(account).await
    }
}

hands_on_what_rides!(Witness, inner);

impl Cloud for Witness {
    async fn call(&self, scope: &Scope, call: &Mutation, permit: Permit) -> Result<Receipt, CloudError> {
        let id = call.interface();
        if call.call() == Call::Deactivate {
            self.judge(id);
            self.going_down.borrow_mut().insert(id.clone());
        }
        let answer = self.inner.call(scope, call, permit).await;
        if answer.as_ref().is_err_and(|error| error.effect != Effect::InDoubt) {
            self.going_down.borrow_mut().remove(id);
        }
        answer
    }
}

fn epoch() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// Plans and applies a scenario once, on virtual time.
fn apply(scenario: &Scenario) -> (Witness, Plan, Report) {
    let file = SpecFile { name: "rictl.yaml".to_owned(), bytes: scenario.spec.clone().into_bytes() };
    let spec = parse(vec![file]).unwrap_or_else(|found| panic!("{:?}\n{}", found.findings, scenario.spec));
    let seed = WorldSeed::parse(&scenario.world, Format::Yaml).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = Clock::starting_at(epoch());
        let world = Rc::new(RefCell::new(World::new(seed, epoch()).unwrap()));
        let witness = Witness {
            inner: InProcess::new(world, clock),
            groups: scenario.groups.clone(),
            seen: RefCell::default(),
            going_down: RefCell::default(),
            sent: Cell::new(0),
            broken: RefCell::default(),
        };
        let plan = planned(&spec, &witness, &clock, &target("1234567890123456".into())).await;
        let (mut store, _) = MemoryStore::open(Memory::new(Disk::default())).unwrap();
        let (_signals, listener) = watch::channel(0);
        let surroundings = Surroundings {
            cloud: &witness,
            store: &mut store,
            gate: &Open,
            clock: &clock,
            signals: listener,
            emit: &mut |_| {},
        };
        let report =
            run(&plan, started(&plan, &clock), &Known::default(), &Settings::default(), surroundings).await.report;
        (witness, plan, report)
    })
}

/// 10,000, or as many as `RICTL_TEST_SEEDS` says.
fn seeds() -> u64 {
    std::env::var("RICTL_TEST_SEEDS").ok().map_or(10_000, |seeds| seeds.parse().unwrap())
}

#[test]
fn never_sends_a_deactivate_that_breaks_a_floor_as_last_read() {
    let (mut sent, mut guarded, mut already) = (0, 0, 0);
    let mut broken = Vec::new();
    for seed in 0..seeds() {
        let scenario = Scenario::random(&mut Random(seed));
        let (witness, _, report) = apply(&scenario);
        let ended = |outcome| report.results.iter().filter(|result| result.outcome == Some(outcome)).count();
        sent += witness.sent.get();
        guarded += ended(Outcome::Guarded);
        already += ended(Outcome::Already);
        broken.extend(witness.broken.borrow().iter().map(|what| format!("seed {seed}: {what}")));
    }
    assert_eq!(broken, Vec::<String>::new());
    // The console did get in the way, and was noticed.
    assert!(sent > 0 && guarded > 0 && already > 0, "{sent} sent, {guarded} guarded, {already} done by others");
}

/// Three links, one of them to come up in the first wave, two to go down in the second and third.
fn in_waves(faults: &str) -> Scenario {
    let mut scenario = Scenario::new();
    scenario.spec.push_str(
        "rollout: {canary: 1, batch: 1, pause: 60s}\ngroups:\n  g: {min_active: 1}\ninterfaces:\n  \
         riser: {id: ri-riser, status: Active, group: g}\n  stays: {id: ri-stays, status: Active, group: g}\n  \
         first: {id: ri-first, status: Inactive, group: g}\n  second: {id: ri-second, status: Inactive, group: g}\n",
    );
    scenario.world.push_str(
        "  - {id: ri-riser, status: Inactive}\n  - {id: ri-stays}\n  - {id: ri-first}\n  - {id: ri-second}\nfaults:\n",
    );
    scenario.world.push_str(faults);
    scenario
}

/// Returns after which wave the run stopped, and which members had been lost.
fn stopped_after(faults: &str) -> Option<(u32, Vec<String>)> {
    let (_, plan, report) = apply(&in_waves(faults));
    assert_eq!(plan.rollout.map(|rollout| rollout.waves.len()), Some(3));
    match report.stopped? {
        StopReason::Wave { wave, because: WaveFailure::Lost { down }, .. } => {
            Some((wave, down.into_iter().map(|member| member.address.to_string()).collect()))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_wave_begins_only_while_every_other_member_is_up() {
    let quiet = "  - {fault: {console: {interface: ri-stays, status: Active, at: 1s}}}\n";
    assert_eq!(stopped_after(quiet), None);
    let bystander = "  - {fault: {console: {interface: ri-stays, status: Inactive, at: 30s}}}\n";
    assert_eq!(stopped_after(bystander), Some((1, vec!["stays".to_owned()])));
}

#[test]
fn a_wave_begins_only_while_what_an_earlier_one_brought_up_is_up() {
    let order = |plan: &Plan| plan.rollout.as_ref().unwrap().waves.iter().flatten().cloned().collect::<Vec<_>>();
    let (_, plan, _) = apply(&in_waves("  []\n"));
    let position = order(&plan).iter().position(|address| address.as_str() == "riser").unwrap();
    // One minute after the riser's wave, in the pause that follows.
    let at = 30 + 70 * position;
    let lost = format!("  - {{fault: {{console: {{interface: ri-riser, status: Inactive, at: {at}s}}}}}}\n");
    assert_eq!(stopped_after(&lost).map(|(_, down)| down), Some(vec!["riser".to_owned()]));
}
