//! The real binary, confirmed or not: killed with SIGKILL while it waits and while it takes back, and raced at its deadline. Each run is
//! taken back exactly once, or kept.
//!
//! `CONFIRM_KILL_ROUNDS=200 CONFIRM_RACE_ROUNDS=1000 cargo test --release --test all confirmations:: -- --nocapture` for the long run.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and prints what it counted")]

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Enough for any of these commands in debug builds on a busy machine, and an end for one that hangs.
const LONGEST: Duration = Duration::from_secs(120);

const WORLD: &str = "
regions: [cn-shanghai]
settle: {activate: 10ms, deactivate: 10ms}
interfaces:
  - {id: ri-a}
  - {id: ri-b}
";

const SPEC: &str = "version: 1
cloud: {provider: emulator, region: cn-shanghai, world: world.yaml}
interfaces:
  a: {id: ri-a, status: Inactive}
  b: {id: ri-b, status: Inactive}
";

struct Scene(TempDir);

impl Scene {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join("world.yaml"), WORLD).unwrap();
        fs::write(directory.path().join("rictl.yaml"), SPEC).unwrap();
        Self(directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rictl"));
        command.args(words.split(' ')).current_dir(self.0.path()).env_clear().stdin(Stdio::null());
        command.env("RICTL_POLL_INTERVAL", "5ms").env("RICTL_DOUBT_WINDOW", "20ms");
        command
    }

    fn rictl(&self, words: &str) -> Output {
        self.command(words).output().unwrap()
    }

    fn start(&self, words: &str) -> Child {
        self.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Counts the calls of an action that the world has accepted.
    fn calls(&self, action: &str) -> usize {
        let log = fs::read_to_string(self.path("world.yaml.log.jsonl")).unwrap_or_default();
        log.lines().filter(|line| line.contains(action) && !line.contains("\"moments\":[]")).count()
    }

    /// Returns the run that the state says awaits confirmation, and until when.
    fn awaiting(&self) -> Option<(String, jiff::Timestamp)> {
        let state: Value = serde_json::from_slice(&fs::read(self.path("state/rictl.json")).ok()?).ok()?;
        let awaits = state["awaiting"].get(0)?;
        Some((awaits["run_id"].as_str()?.to_owned(), awaits["until"].as_str()?.parse().ok()?))
    }

    /// Returns whether a way back was decided upon.
    fn is_decided_back(&self) -> bool {
        let runs = fs::read_dir(self.path("state/rictl.runs")).unwrap().map(|entry| entry.unwrap().path());
        let mut decisions = runs.filter(|path| path.extension().is_some_and(|end| end == "decision"));
        decisions.any(|path| fs::read_to_string(path).unwrap().contains("taken_back"))
    }

    fn live(&self) -> Vec<String> {
        let plan: Value = serde_json::from_slice(&self.rictl("plan --json").stdout).unwrap();
        let changes = plan["resource_changes"].as_array().unwrap();
        changes.iter().map(|change| change["change"]["before"]["status"].as_str().unwrap().to_owned()).collect()
    }

    /// Takes back what is due until nothing awaits any more.
    fn finish(&self) {
        let began = Instant::now();
        loop {
            let code = self.rictl("confirm --expired").status.code();
            assert!(matches!(code, Some(0 | 4)), "{code:?}");
            let listed: Value = serde_json::from_slice(&self.rictl("confirm --json").stdout).unwrap();
            if listed["awaiting"].as_array().unwrap().is_empty() {
                return;
            }
            assert!(began.elapsed() < LONGEST, "something is never taken back");
        }
    }
}

fn rounds(variable: &str, few: u64) -> u64 {
    std::env::var(variable).map_or(few, |rounds| rounds.parse().unwrap())
}

/// Kills a process after a time; returns whether it was still at work.
fn kill_after(child: &mut Child, time: Duration) -> bool {
    let began = Instant::now();
    while began.elapsed() < time {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

#[test]
fn what_is_killed_while_it_waits_or_takes_back_is_taken_back_exactly_once_or_kept() {
    let rounds = rounds("CONFIRM_KILL_ROUNDS", 10);
    let (mut kills, mut kept, mut back) = (0_u64, 0_u64, 0_u64);
    for round in 0..rounds {
        let scene = Scene::new();
        let mut waiter = scene.start("apply --auto-approve --confirm-within 250ms");
        kills += u64::from(kill_after(&mut waiter, Duration::from_millis(60 + (round * 37) % 900)));
        let mut is_kept = false;
        match round % 3 {
            0 => {
                for strike in 0..2 {
                    let mut taker = scene.start("confirm --expired");
                    let time = Duration::from_millis(20 + (round * 13 + strike * 61) % 400);
                    kills += u64::from(kill_after(&mut taker, time));
                }
            }
            1 if scene.awaiting().is_some() => is_kept = scene.rictl("confirm last").status.code() == Some(0),
            _ => {}
        }
        scene.finish();
        let (down, up) = (scene.calls("DeactivateRouterInterface"), scene.calls("ActivateRouterInterface"));
        let live = scene.live();
        if is_kept && !scene.is_decided_back() {
            kept += 1;
            assert_eq!(up, 0, "round {round}");
            assert_eq!(live, ["Inactive", "Inactive"], "round {round}");
        } else if is_kept {
            // The way back had begun, and what it had left is kept.
            assert!(up <= down, "round {round}: {up} of {down}");
        } else {
            back += u64::from(down > 0);
            assert_eq!((live, up), (vec!["Active".to_owned(); 2], down), "round {round}");
        }
    }
    println!("{rounds} rounds, {kills} kills: {back} taken back exactly once, {kept} kept");
}

#[test]
fn a_confirmation_at_the_deadline_is_obeyed_or_too_late_and_nothing_between() {
    let rounds = rounds("CONFIRM_RACE_ROUNDS", 10);
    let (mut kept, mut late) = (0_u64, 0_u64);
    for round in 0..rounds {
        let scene = Scene::new();
        let waiter = scene.start("apply --auto-approve --confirm-within 200ms");
        let (id, until) = loop {
            if let Some(awaiting) = scene.awaiting() {
                break awaiting;
            }
        };
        let lead = jiff::SignedDuration::from_millis(i64::try_from((round * 7) % 60).unwrap());
        while jiff::Timestamp::now() < until.saturating_sub(lead).unwrap() {
            std::hint::spin_loop();
        }
        let confirmed = scene.rictl(&format!("confirm {id}")).status.code();
        let ended = waiter.wait_with_output().unwrap().status.code();
        let (live, up) = (scene.live(), scene.calls("ActivateRouterInterface"));
        match (confirmed, ended) {
            (Some(0), Some(0)) => {
                kept += 1;
                assert_eq!((live, up), (vec!["Inactive".to_owned(); 2], 0), "round {round}");
            }
            (Some(4), Some(5)) => {
                late += 1;
                assert_eq!((live, up), (vec!["Active".to_owned(); 2], 2), "round {round}");
            }
            both => panic!("round {round}: {both:?}"),
        }
    }
    println!("{rounds} races at the deadline: {kept} kept, {late} too late and taken back");
}
