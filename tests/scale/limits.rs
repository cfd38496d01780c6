//! How far a command is from the limit that the server sets: whole applies and plans, in process and on virtual time.
//!
//! Beside each stands the least time that any client could need. `cargo test scale::limits -- --nocapture` prints what was
//! reached; `benches/RESULTS.md` holds the figures.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use rictl::clock::Clock;
use rictl::cloud::CloudRead as _;
use rictl::emulator::{Format, InProcess, World, WorldSeed};
use rictl::executor::{Known, Settings, Surroundings, run};
use rictl::ops::live;
use rictl::plan::{PlanOptions, RoutesHeard, StepId};
use rictl::planner::{Inputs, plan};
use rictl::refresh;
use rictl::resource::AccountName;
use rictl::retry::{Policy, Quota, Retrying};
use rictl::run::Report;
use rictl::spec::{Spec, SpecFile, parse};
use rictl::store::memory::{Disk, Memory, MemoryStore};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::harness::in_process::{Open, started, target};

/// Interfaces of one region, of which the first go down.
struct Case {
    size: usize,
    down: usize,
    /// What the world says besides its interfaces.
    world: &'static str,
    quota: Quota,
    /// Each needs the one before it.
    is_chain: bool,
    /// All are of one group, of which one has to be up.
    is_group: bool,
    /// How long each step took by the records.
    recorded: Option<Duration>,
}

impl Default for Case {
    fn default() -> Self {
        let (world, quota) = ("", Quota::default());
        Self { size: 1, down: 1, world, quota, is_chain: false, is_group: false, recorded: None }
    }
}

/// What a command cost.
#[derive(Debug)]
struct Cost {
    took: Duration,
    lists: u64,
    calls: u64,
    throttled: u64,
    /// How many steps did not reach their goals.
    failed: usize,
}

impl Case {
    fn texts(&self) -> (String, String) {
        let mut spec = "version: 1\ncloud: {provider: emulator, region: cn-shanghai}\n".to_owned();
        if self.is_group {
            spec.push_str("groups: {g: {min_active: 1}}\n");
        }
        spec.push_str("interfaces:\n");
        let mut world = format!("regions: [cn-shanghai]\n{}\ninterfaces:\n", self.world);
        for number in 0..self.size {
            writeln!(world, "  - {{id: ri-{number:05}}}").unwrap();
            let status = if number < self.down { "Inactive" } else { "Active" };
            let group = if self.is_group { ", group: g" } else { "" };
            let needs = match number.checked_sub(1).filter(|_| self.is_chain) {
                Some(before) => format!(", depends_on: [i{before:05}]"),
                None => String::new(),
            };
            writeln!(spec, "  i{number:05}: {{id: ri-{number:05}, status: {status}{group}{needs}}}").unwrap();
        }
        (spec, world)
    }

    /// Plans, and applies unless nothing goes down, as the commands do.
    async fn cost(&self) -> Cost {
        let (spec, world) = self.texts();
        let clock = Clock::starting_at("2026-11-23T12:00:00Z".parse().unwrap());
        let file = SpecFile { name: "rictl.yaml".to_owned(), bytes: spec.into_bytes() };
        let spec = parse(vec![file]).unwrap_or_else(|found| panic!("{found}"));
        let seed = WorldSeed::parse(&world, Format::Yaml).unwrap();
        let world = Rc::new(RefCell::new(World::new(seed, clock.now()).unwrap()));
        let cloud = Retrying::new(InProcess::new(Rc::clone(&world), clock), Policy::default(), self.quota, 7);
        let begun = Instant::now();
        let report = self.apply(&spec, &cloud, &clock, &world).await;
        let took = begun.elapsed();
        let failed = report.results.iter().filter(|result| !result.is_at_goal()).count();
        let world = world.borrow();
        let (lists, calls) = (world.count("DescribeRouterInterfaces"), world.count("DeactivateRouterInterface"));
        let throttled = lists.over_quota + calls.over_quota;
        assert_eq!(calls.mutated, self.down as u64 - failed as u64);
        Cost { took, lists: lists.received, calls: calls.received, throttled, failed }
    }

    async fn apply(
        &self,
        spec: &Spec,
        cloud: &Retrying<InProcess>,
        clock: &Clock,
        world: &Rc<RefCell<World>>,
    ) -> Report {
        cloud.identity(&AccountName::default_account()).await.unwrap();
        let refresh = refresh::read(cloud, clock, &live::wanted(spec)).await;
        let account = world.borrow().main_account().clone();
        let (target, live) = (target(account), &refresh.live);
        let inputs = Inputs {
            spec,
            spec_digest: "sha256:0",
            live,
            state: None,
            target: &target,
            doubts: &[],
            health: &[],
            traffic: &[],
            routes: &RoutesHeard::default(),
        };
        let options = PlanOptions::of_all(clock.now(), Duration::from_secs(600));
        let plan = plan(&inputs, &options).unwrap();
        let header = started(&plan, clock);
        if plan.steps.is_empty() {
            return Report::begun(&header);
        }
        let recorded = self.recorded;
        let expected: BTreeMap<StepId, Duration> =
            plan.steps.iter().filter_map(|step| Some((step.id.clone(), recorded?))).collect();
        let (mut store, _) = MemoryStore::open(Memory::new(Disk::default())).unwrap();
        let (_signals, signals) = watch::channel(0);
        let around = Surroundings { cloud, store: &mut store, gate: &Open, clock, signals, emit: &mut |_| {} };
        let known = Known { reads: refresh.reads, expected, ..Known::default() };
        let settings = Settings { per_scope: self.quota.in_a_minute(), ..Settings::default() };
        run(&plan, header, &known, &settings, around).await.report
    }
}

fn quota(limit: u32, seconds: u64) -> Quota {
    Quota { limit: limit.try_into().unwrap(), window: Duration::from_secs(seconds) }
}

/// Prints and returns what a case costs.
#[expect(clippy::print_stdout, reason = "what was reached is read by `benches/guard` and by people")]
async fn measured(what: &str, limit: f64, case: Case) -> Cost {
    let cost = case.cost().await;
    let ratio = cost.took.as_secs_f64() / limit;
    println!("{what}: {:.2} s, limit {limit} s, {ratio:.2}x; {cost:?}", cost.took.as_secs_f64());
    assert_eq!(cost.failed, 0, "{what}");
    cost
}

fn within(cost: &Cost, seconds: f64) -> bool {
    cost.took <= Duration::from_secs_f64(seconds)
}

/// A server that lets five through at once and five a second after that, and tells nothing.
const SMALL_BURST: &str = "quota: {limit: 300, window: 60s, kind: bucket, burst: 5}\nsettle: {deactivate: 3s}";

#[tokio::test(start_paused = true)]
async fn a_small_burst_that_nobody_tells_of_is_learnt() {
    for latency in ["0s", "50ms"] {
        let world: &'static str = format!("{SMALL_BURST}\nlatency: {latency}").leak();
        let cost = measured(
            "5/s, burst 5, no hint, apply of 100",
            23.0,
            Case { size: 100, down: 100, world, ..Case::default() },
        )
        .await;
        assert!(within(&cost, 34.5) && cost.throttled <= 15, "{cost:?}");
        let cost =
            measured("the same, plan of 1,000", 4.0, Case { size: 1000, down: 0, world, ..Case::default() }).await;
        assert!(within(&cost, 8.0) && cost.throttled <= 15, "{cost:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_smaller_quota_whose_refusals_tell_when_there_is_room_is_used_up() {
    let world = "quota: {limit: 100, window: 60s, kind: sliding, hint: true}\nsettle: {deactivate: 3s}";
    let cost =
        measured("100/60 s with a hint, K = 250", 125.0, Case { size: 250, down: 250, world, ..Case::default() }).await;
    assert!(within(&cost, 137.5), "{cost:?}");
}

#[tokio::test(start_paused = true)]
async fn a_smaller_quota_whose_refusals_tell_nothing_is_learnt() {
    for kind in ["fixed", "sliding"] {
        let world: &'static str =
            format!("quota: {{limit: 100, window: 60s, kind: {kind}}}\nsettle: {{deactivate: 3s}}").leak();
        let cost = measured(
            "100/60 s without a hint, K = 250",
            125.0,
            Case { size: 250, down: 250, world, ..Case::default() },
        )
        .await;
        assert!(within(&cost, 200.0) && cost.throttled <= 60, "{cost:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_change_in_a_large_group_reads_the_group_once() {
    let world = "settle: {deactivate: 3s}";
    let case = Case { size: 10_000, down: 1, world, is_group: true, ..Case::default() };
    let cost = measured("one change in 10,000 of one group", 4.0, case).await;
    assert!(within(&cost, 6.0) && cost.lists <= 210, "{cost:?}");
}

#[tokio::test(start_paused = true)]
async fn few_changes_are_over_soon_after_they_have_settled() {
    for (settle, seconds) in [("1s", 1.0), ("3s", 3.0), ("7s", 7.0), ("20s", 20.0)] {
        for down in [1, 10] {
            let world: &'static str = format!("settle: {{deactivate: {settle}}}").leak();
            let case = Case { size: down, down, world, ..Case::default() };
            let cost = measured(&format!("K = {down}, T = {settle}"), seconds, case).await;
            // A fixed poll of 5 s sees it at the next multiple of that.
            let fixed = (seconds / 5.0_f64).ceil() * 5.0;
            assert!(within(&cost, fixed.max(seconds + 1.9)), "{cost:?}");
            let recorded = Some(Duration::from_secs_f64(seconds));
            let case = Case { size: down, down, world, recorded, ..Case::default() };
            let cost = measured(&format!("K = {down}, T = {settle}, recorded"), seconds, case).await;
            assert!(within(&cost, seconds + 0.8), "{cost:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_chain_takes_as_long_as_its_links() {
    let world = "settle: {deactivate: 1s}";
    let case = Case { size: 50, down: 50, world, is_chain: true, ..Case::default() };
    let cost = measured("chain of 50, 1 s each", 55.0, case).await;
    assert!(within(&cost, 60.5), "{cost:?}");
}

#[tokio::test(start_paused = true)]
async fn a_large_refresh_asks_for_many_pages_at_once() {
    let case = Case { size: 10_000, down: 0, world: "latency: 50ms", ..Case::default() };
    let cost = measured("refresh of 10,000 at 50 ms", 0.57, case).await;
    assert!(within(&cost, 0.65) && cost.lists == 200, "{cost:?}");
}

#[tokio::test(start_paused = true)]
async fn many_changes_cost_one_call_each_and_few_reads() {
    let world = "quota: {kind: unlimited}\nsettle: {deactivate: 3s}\nlatency: 20ms";
    let case = Case { size: 500, down: 500, world, quota: quota(1_000_000, 1), ..Case::default() };
    let cost = measured("K = 500, T = 3 s, no quota", 5.1, case).await;
    assert!(within(&cost, 6.12) && cost.lists + cost.calls <= 560, "{cost:?}");
    let world = "quota: {kind: unlimited}\nsettle: {deactivate: 100ms}";
    let case = Case { size: 2000, down: 2000, world, quota: quota(1_000_000, 1), ..Case::default() };
    let cost = measured("K = 2,000, T = 0.1 s, no quota", 2.0, case).await;
    assert!(cost.lists <= 160 + 80, "{cost:?}");
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_place_shares_a_read() {
    let world = "settle: {deactivate: 2s}";
    let case = Case { size: 100, down: 100, world, quota: quota(5, 1), ..Case::default() };
    let cost = measured("paced 5/1s, K = 100", 24.0, case).await;
    assert!(within(&cost, 27.6), "{cost:?}");
}
