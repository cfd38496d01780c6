//! A fleet at the documented quota, with an API that throttles and fails, on virtual time.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use rictl::alibaba::credentials::Environment;
use rictl::clock::Clock;
use rictl::emulator::{Format, InProcess, World, WorldSeed};
use rictl::executor::Settings;
use rictl::history::Recorded;
use rictl::journal::Journal;
use rictl::ops::connection::Access;
use rictl::ops::locked::Locked;
use rictl::ops::project::Project;
use rictl::ops::session::{Applied, Approval, Front, Session, Task};
use rictl::plan::{Plan, PlanOptions};
use rictl::resource::{Provider, Target};
use rictl::retry::{Policy, Quota, Retrying};
use rictl::run::{Event, Report};
use rictl::spec::{self, SpecFile};
use rictl::store::local::Paths;
use rictl::store::memory::{Disk, Memory, MemoryStore};

const REGIONS: usize = 10;
const INTERFACES: usize = 1000;

/// How many applies a fleet may need, each leaving less for the next.
const APPLIES: usize = 4;

struct Silent;

impl Front for Silent {
    fn note(&mut self, _: &dyn Fn() -> String) {}
    fn planned(&mut self, _: &Plan) {}
    async fn approve(&mut self) -> Result<bool> {
        Ok(true)
    }
    fn begin(&mut self, _: &Plan) {}
    fn event(&mut self, _: Timestamp, _: &Event) {}
    fn end(&mut self, _: &Plan, _: &Report) {}
}

fn documents(regions: usize, interfaces: usize) -> (String, String) {
    let mut world = "
settle: {activate: 8s, deactivate: 8s}
latency: 50ms
faults:
  - {fault: {throttled: 2s}, probability: 0.05, seed: 1}
  - {fault: {http_error: 503}, probability: 0.01, seed: 2}
  - {fault: drop, after_effect: true, probability: 0.01, seed: 3}
interfaces:
"
    .to_owned();
    let mut spec = "version: 1\ncloud: {provider: emulator}\ninterfaces:\n".to_owned();
    for region in 0..regions {
        for number in 0..interfaces {
            writeln!(world, "  - {{id: ri-{region}-{number}, region: r-{region}}}").unwrap();
            writeln!(spec, "  i-{region}-{number}: {{id: ri-{region}-{number}, region: r-{region}, status: Inactive}}")
                .unwrap();
        }
    }
    (world, spec)
}

fn project(text: String) -> Project {
    let files = vec![SpecFile { name: "rictl.yaml".to_owned(), bytes: text.into_bytes() }];
    let digest = spec::digest(&files);
    let spec = spec::parse(files).unwrap();
    let place = Paths::new("state/rictl.json", "rescue").into();
    Project { name: "rictl.yaml".to_owned(), spec, digest: digest.into(), directory: PathBuf::new(), place }
}

fn session(project: Project, clock: Clock) -> Session {
    let access = Access {
        environment: Environment::new([], None),
        endpoint: None,
        profile: None,
        signature: None,
        request_timeout: Duration::from_secs(30),
        lock_dir: None,
        quota: Quota::default(),
        trust: Default::default(),
    };
    let settings = Settings { per_scope: REGIONS * INTERFACES, ..Settings::default() };
    Session {
        project,
        access,
        clock,
        settings,
        confirm_within: None,
        lock_timeout: Duration::ZERO,
        lock_dir: None,
        who: "soak".to_owned(),
        salt: "0123456789ab".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_fleet_converges_under_throttling_and_failures_and_never_meets_the_quota() {
    let (world, spec) = documents(REGIONS, INTERFACES);
    let clock = Clock::starting_at("2026-11-23T12:00:00Z".parse().unwrap());
    let world = World::new(WorldSeed::parse(&world, Format::Yaml).unwrap(), clock.now()).unwrap();
    let world = Rc::new(RefCell::new(world));
    let session = session(project(spec), clock);
    let account_id = world.borrow().main_account().clone();
    let target = Target { provider: Provider::Emulator, account_id, endpoint: "soak".to_owned() };
    let cloud = InProcess::new(Rc::clone(&world), clock);
    let (_signal, signals) = tokio::sync::watch::channel(0);
    let mut left = usize::MAX;
    for _ in 0..APPLIES {
        let options = PlanOptions::of_all(clock.now(), session.settings.settle_timeout);
        let (store, _) = MemoryStore::open(Memory::new(Disk::default())).unwrap();
        let recorded = Recorded { journal: Journal::default(), ..Recorded::default() };
        let retrying = Retrying::new(cloud.clone(), Policy::default(), Quota::default(), 7);
        let run_id = rictl::state::RunId(format!("run-{left}").into());
        let locked = Locked::new(&session, run_id, retrying, target.clone(), store, recorded).unwrap();
        let approval = Approval { auto: true, ..Approval::default() };
        let applied = locked.carry_out(Task::Fresh(options), &approval, &mut Silent, signals.clone()).await.unwrap();
        match applied {
            Applied::Ran(ran) => {
                left = ran.report.results.iter().filter(|result| !result.is_at_goal()).count();
                println!("{left} left at {}", clock.now());
                if left == 0 {
                    break;
                }
                // Another process begins with an empty account of its calls.
                tokio::time::sleep(Quota::default().window).await;
            }
            applied => panic!("{applied:?}"),
        }
    }
    let world = world.borrow();
    assert_eq!(left, 0);
    let over_quota: u64 = world.counts().values().map(|counts| counts.over_quota).sum();
    assert_eq!(over_quota, 0, "calls that met the quota");
    assert_eq!(world.count("DeactivateRouterInterface").mutated as usize, REGIONS * INTERFACES, "each once");
    println!("{} of virtual time, {} describes", clock.now(), world.count("DescribeRouterInterfaces").received);
}
