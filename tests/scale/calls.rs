//! The bounds on calls, in process and on virtual time: refresh, settling, quotas.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use rictl::clock::Clock;
use rictl::cloud::{MAX_FILTER_VALUES, MAX_PAGE_SIZE};
use rictl::emulator::{Format, InProcess, World, WorldSeed};
use rictl::executor::{Known, Settings, Surroundings, run};
use rictl::plan::Plan;
use rictl::resource::{Call, Region};
use rictl::retry::{Policy, Quota, Retrying};
use rictl::run::{Event, Report};
use rictl::spec::{Spec, SpecFile, parse};
use rictl::store::memory::{Disk, Memory, MemoryStore};
use tokio::sync::watch;

use crate::harness::in_process::{Open, planned, started, target};

const PAGE: usize = MAX_PAGE_SIZE as usize;

/// A spec and the world that it is about.
struct Scene {
    spec: Spec,
    world: Rc<RefCell<World>>,
    clock: Clock,
    cloud: Retrying<InProcess>,
}

/// What a run did.
struct Ran {
    plan: Plan,
    report: Report,
    took: Duration,
    /// The most interfaces of each region that were between call and goal at one time.
    in_flight: BTreeMap<Region, usize>,
    /// The Describes of the run, by region.
    describes: BTreeMap<Region, usize>,
}

impl Scene {
    fn new(spec: &str, world: &str) -> Self {
        let clock = Clock::starting_at("2026-11-23T12:00:00Z".parse().unwrap());
        let file = SpecFile { name: "rictl.yaml".to_owned(), bytes: spec.as_bytes().to_vec() };
        let spec = parse(vec![file]).unwrap_or_else(|found| panic!("{found}"));
        let seed = WorldSeed::parse(world, Format::Yaml).unwrap();
        let world = Rc::new(RefCell::new(World::new(seed, clock.now()).unwrap()));
        let cloud = Retrying::new(InProcess::new(Rc::clone(&world), clock), Policy::default(), Quota::default(), 7);
        Self { spec, world, clock, cloud }
    }

    fn describes(&self) -> BTreeMap<Region, usize> {
        let world = self.world.borrow();
        let listings = world.counts().iter().filter(|((_, _, action), _)| action == "DescribeRouterInterfaces");
        listings.map(|((_, region, _), counts)| (region.clone(), usize::try_from(counts.received).unwrap())).collect()
    }

    fn over_quota(&self) -> u64 {
        self.world.borrow().counts().values().map(|counts| counts.over_quota).sum()
    }

    async fn plan(&self) -> Plan {
        let target = target(self.world.borrow().main_account().clone());
        planned(&self.spec, &self.cloud, &self.clock, &target).await
    }

    async fn apply(&self, settings: &Settings) -> Ran {
        let plan = self.plan().await;
        let header = started(&plan, &self.clock);
        let region_of: BTreeMap<_, _> = plan.steps.iter().map(|step| (&step.id, &step.scope.region)).collect();
        let mut now: BTreeMap<Region, usize> = BTreeMap::new();
        let mut in_flight = now.clone();
        let mut emit = |event: &Event| match event {
            Event::CallSent { step } => {
                let count = now.entry(region_of[step].clone()).or_default();
                *count += 1;
                let most = in_flight.entry(region_of[step].clone()).or_default();
                *most = (*most).max(*count);
            }
            Event::StepFinished { step, .. } => *now.entry(region_of[step].clone()).or_default() -= 1,
            _ => {}
        };
        let (mut store, _) = MemoryStore::open(Memory::new(Disk::default())).unwrap();
        let (_signals, signals) = watch::channel(0);
        let before = self.describes();
        let begun = tokio::time::Instant::now();
        let surroundings = Surroundings {
            cloud: &self.cloud,
            store: &mut store,
            gate: &Open,
            clock: &self.clock,
            signals,
            emit: &mut emit,
        };
        let report = run(&plan, header, &Known::default(), settings, surroundings).await.report;
        let took = begun.elapsed();
        let describes = self.describes();
        let describes = describes.into_iter().map(|(region, count)| {
            let before = before.get(&region).copied().unwrap_or(0);
            (region, count - before)
        });
        Ran { report, took, in_flight, describes: describes.collect(), plan }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_asks_by_page_or_by_id_whichever_is_fewer_calls() {
    let pairs: [(usize, usize); 20] = [
        (1, 1),
        (5, 5),
        (49, 6),
        (50, 50),
        (51, 1),
        (51, 51),
        (100, 5),
        (100, 6),
        (120, 11),
        (250, 20),
        (250, 21),
        (500, 40),
        (500, 45),
        (500, 500),
        (1000, 3),
        (1000, 90),
        (1000, 100),
        (1000, 700),
        (5000, 400),
        (5000, 5000),
    ];
    for (live, declared) in pairs {
        let mut world = "regions: [cn-shanghai]\ninterfaces:\n".to_owned();
        let mut spec = "version: 1\ncloud: {provider: emulator, region: cn-shanghai}\ninterfaces:\n".to_owned();
        for number in 0..live {
            writeln!(world, "  - {{id: ri-{number:04}}}").unwrap();
        }
        // Spread over the pages, so that the first one holds no more of them than any other.
        for number in (0..declared).map(|number| number * live / declared) {
            writeln!(spec, "  i{number:04}: {{id: ri-{number:04}, status: Active}}").unwrap();
        }
        let scene = Scene::new(&spec, &world);
        assert!(scene.plan().await.is_empty(), "{declared} of {live} were not all found");
        let calls: usize = scene.describes().values().sum();
        let bound = live.div_ceil(PAGE).min(1 + declared.div_ceil(MAX_FILTER_VALUES));
        assert!(calls <= bound, "{calls} calls for {declared} of {live}, at most {bound} are needed");
    }
}

/// Chains of interfaces that go down one after the other, each chain in one of the regions, beside others that stay.
struct Drain {
    regions: usize,
    chains: usize,
    depth: usize,
    stay: usize,
    settle: &'static str,
    quota: &'static str,
}

impl Drain {
    fn scene(&self) -> Scene {
        let mut spec = "version: 1\ncloud: {provider: emulator}\ninterfaces:\n".to_owned();
        let mut world = format!("latency: 50ms\nsettle: {{activate: 8s, deactivate: {}}}\n", self.settle);
        writeln!(world, "quota: {}\ninterfaces:", self.quota).unwrap();
        let mut declare = |name: &str, chain: usize, status: &str, needs: &str| {
            let region = format!("r-{}", chain % self.regions);
            writeln!(world, "  - {{id: ri-{name}, region: {region}}}").unwrap();
            writeln!(spec, "  {name}: {{id: ri-{name}, region: {region}, status: {status}{needs}}}").unwrap();
        };
        for chain in 0..self.chains {
            for link in 0..self.depth {
                let needs = if link == 0 { String::new() } else { format!(", depends_on: [d-{chain}-{}]", link - 1) };
                declare(&format!("d-{chain}-{link}"), chain, "Inactive", &needs);
            }
        }
        (0..self.stay).for_each(|number| declare(&format!("s-{number}"), number, "Active", ""));
        Scene::new(&spec, &world)
    }
}

#[tokio::test(start_paused = true)]
async fn an_apply_makes_one_call_a_change_and_one_poll_for_all_that_is_in_flight() {
    let unlimited = "{kind: unlimited}";
    let settings = Settings { per_scope: 1000, ..Settings::default() };
    for (regions, chains, depth, stay, settle) in [
        (1, 1, 1, 0, "3s"),
        (1, 40, 1, 10, "10s"),
        (1, 50, 1, 950, "10s"),
        (1, 200, 1, 800, "10s"),
        (3, 60, 4, 700, "7s"),
        (2, 10, 10, 500, "5s"),
        (1, 300, 2, 100, "30s"),
    ] {
        let drain = Drain { regions, chains, depth, stay, settle, quota: unlimited };
        let scene = drain.scene();
        let ran = scene.apply(&settings).await;
        let changes = chains * depth;
        assert!(ran.report.results.iter().all(|result| result.is_at_goal()), "{:?}", ran.report);
        let calls = scene.world.borrow().count(Call::Deactivate.action());
        assert_eq!((calls.received, calls.mutated), (changes as u64, changes as u64));
        let waves = ran.plan.steps.iter().map(|step| step.wave as usize).max().unwrap();
        // What is in flight is read every 0.3 s at the most, and more seldom the more calls that costs.
        let polls = ran.took.as_millis().div_ceil(300) as usize;
        for (region, describes) in &ran.describes {
            let in_flight = ran.in_flight[region];
            let live = (changes + stay).div_ceil(regions);
            let read = in_flight.div_ceil(MAX_FILTER_VALUES).min(live.div_ceil(PAGE));
            // Before a wave goes down it is read afresh, in two parts: what got its place under the quota first does
            // not wait for the rest.
            // At the end everything that was touched is seen twice.
            let touched = changes.div_ceil(regions);
            let last_look = touched.div_ceil(MAX_FILTER_VALUES).min(live.div_ceil(PAGE));
            let bound = polls + in_flight.div_ceil(PAGE) + waves * (1 + 2 * read) + 2 * last_look;
            assert!(*describes <= bound, "{describes} describes in {region}, at most {bound}");
        }
        assert!(scene.plan().await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_of_many_quotas_is_never_throttled_however_they_are_counted() {
    for quota in [
        "{kind: fixed, limit: 300, window: 60s}",
        "{kind: sliding, limit: 300, window: 60s}",
        "{kind: bucket, limit: 300, window: 60s}",
    ] {
        let drain = Drain { regions: 1, chains: 700, depth: 1, stay: 100, settle: "10s", quota };
        let scene = drain.scene();
        let ran = scene.apply(&Settings { per_scope: 1000, ..Settings::default() }).await;
        assert!(ran.report.results.iter().all(|result| result.is_at_goal()), "{:?}", ran.report);
        assert_eq!(scene.over_quota(), 0, "{quota}");
        // The last hundred wait for two windows; the rest is one settling, the reads around it and the last look.
        assert!(ran.took < Duration::from_secs(140), "{quota}: {:?}", ran.took);
        assert!(scene.plan().await.is_empty());
    }
}
