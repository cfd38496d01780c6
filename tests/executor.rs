//! The driver of the executor on a disk that takes its time: the run stays open to everything else meanwhile.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use rictl::clock::Clock;
use rictl::emulator::{Format, InProcess, World, WorldSeed};
use rictl::executor::{Ended, Known, Settings, Surroundings, run};
use rictl::journal::{Entry, Outcome, Replay, Run};
use rictl::run::Event;
use rictl::spec::{SpecFile, parse};
use rictl::state::{RunId, State};
use rictl::store::memory::{Disk, Memory, MemoryStore};
use rictl::store::{Store, StoreError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::harness::in_process::{Open, planned, started, target};

/// A disk that takes this long over every batch with an intent in it.
struct Slow {
    inner: MemoryStore,
    takes: Duration,
}

impl Store for Slow {
    fn replay(&self) -> &Replay {
        self.inner.replay()
    }
    fn prepare(&self, steps: usize, state_length: usize) -> Result<(), StoreError> {
        self.inner.prepare(steps, state_length)
    }
    fn append(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        self.inner.append(entries)
    }
    async fn append_without_blocking(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        if entries.iter().any(|entry| matches!(entry, Entry::Intent { .. })) {
            sleep(self.takes).await;
        }
        self.inner.append(entries)
    }
    fn commit(&mut self, state: &mut State, expected_serial: u64) -> Result<(), StoreError> {
        self.inner.commit(state, expected_serial)
    }
    fn archive(&mut self, state: &State) -> Result<(), StoreError> {
        self.inner.archive(state)
    }
    fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        self.inner.run(id)
    }
    fn newest_sent(&self, digest: &str) -> Result<Option<RunId>, StoreError> {
        self.inner.newest_sent(digest)
    }
    fn run_ids(&self) -> Result<Vec<RunId>, StoreError> {
        self.inner.run_ids()
    }
    fn rescue(&mut self) -> Result<String, StoreError> {
        self.inner.rescue()
    }
}

const SPEC: &str = "version: 1\ncloud: {provider: emulator, region: cn-shanghai, world: w.yaml}\n\
                    interfaces:\n  a: {id: ri-a, status: Inactive}\n";
const WORLD: &str = "interfaces:\n  - {id: ri-a, region: cn-shanghai, status: Active}\n";

/// Drains `a` on a disk that takes 60 s over the intent, with signals at these seconds. Returns how that ended, when each
/// event was told, how many mutating calls there were, and how long it took.
async fn drain(signals_at: &[u64]) -> (Ended, BTreeMap<String, u64>, u64, u64) {
    let clock = Clock::starting_at("2026-11-23T12:00:00Z".parse().unwrap());
    let world = World::new(WorldSeed::parse(WORLD, Format::Yaml).unwrap(), clock.now()).unwrap();
    let world = Rc::new(RefCell::new(world));
    let file = SpecFile { name: "rictl.yaml".to_owned(), bytes: SPEC.as_bytes().to_vec() };
    let spec = parse(vec![file]).unwrap_or_else(|found| panic!("{found}"));
    let target = target(world.borrow().main_account().clone());
    let plan = planned(&spec, &InProcess::new(Rc::clone(&world), clock), &clock, &target).await;
    let header = started(&plan, &clock);
    let (inner, _) = MemoryStore::open(Memory::new(Disk::default())).unwrap();
    let mut store = Slow { inner, takes: Duration::from_secs(60) };
    let (signal, signals) = watch::channel(0);
    let begun = Instant::now();
    let mut told = BTreeMap::new();
    let mut emit = |event: &Event| {
        let words = format!("{event:?}");
        let name = words.split([' ', '(']).next().unwrap().to_owned();
        told.entry(name).or_insert(begun.elapsed().as_secs());
    };
    let cloud = InProcess::new(Rc::clone(&world), clock);
    let surroundings =
        Surroundings { cloud: &cloud, store: &mut store, gate: &Open, clock: &clock, signals, emit: &mut emit };
    let (known, settings) = (Known::default(), Settings::default());
    let signalling = async {
        for at in signals_at {
            tokio::time::sleep_until(begun + Duration::from_secs(*at)).await;
            signal.send_modify(|count| *count += 1);
        }
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        ended = run(&plan, header, &known, &settings, surroundings) => ended,
        () = signalling => unreachable!("it waits for ever"),
    };
    let calls = world.borrow().counts().values().map(|counts| counts.mutated).sum();
    let took = begun.elapsed().as_secs();
    (ended, told, calls, took)
}

#[tokio::test(start_paused = true)]
async fn a_signal_is_heard_while_the_disk_takes_its_time() {
    let (ended, told, calls, took) = drain(&[5]).await;
    assert_eq!(told["Interrupted"], 5);
    // The grace time, and what a disk has then.
    assert_eq!((calls, took), (0, 5 + 30 + 2));
    assert!(ended.interrupted && !ended.is_open);
    assert_eq!(ended.report.results[0].outcome, Some(Outcome::NotStarted));
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_leaves_a_disk_that_does_not_answer() {
    let (ended, told, calls, took) = drain(&[5, 6]).await;
    assert_eq!((told["Interrupted"], told["StepFinished"], told["CannotRecord"]), (5, 6, 8));
    assert_eq!((calls, took), (0, 8));
    assert!(ended.interrupted && matches!(ended.unrecorded, Some(StoreError::Stalled)));
}

#[tokio::test(start_paused = true)]
async fn pages_grow_old_under_a_slow_disk_and_the_step_says_so_in_the_end() {
    let (ended, told, calls, took) = drain(&[]).await;
    assert_eq!((calls, took), (0, 180));
    assert!(!told.contains_key("CallSent"));
    assert_eq!(ended.report.results[0].outcome, Some(Outcome::Failed));
}
