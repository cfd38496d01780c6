//! The real binary, killed with SIGKILL at every boundary of journal and calls and at random times, against an emulator
//! that lives on. Every next run recovers by itself, and no interface is called twice.
//!
//! `KILL_ROUNDS=500 INTERRUPT_ROUNDS=200 cargo test --test all kills:: -- --nocapture` for the long run. The kills come from outside: the killer
//! watches the journal and the call log grow, so the binary needs no fault points.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and prints what it counted")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::harness::emulator::whole_lines;

/// Enough for applies in debug builds, and an end for one that hangs.
const LONGEST_APPLY: Duration = Duration::from_secs(60);

const INTERFACES: usize = 6;

const WORLD: &str = "
regions: [cn-shanghai, cn-beijing]
settle: {activate: 30ms, deactivate: 30ms}
quota: {kind: unlimited, limit: 1, window: 1s}
interfaces:
  - {id: ri-0, status: Active}
  - {id: ri-1, status: Inactive}
  - {id: ri-2, status: Active}
  - {id: ri-3, status: Inactive}
  - {id: ri-4, status: Active, region: cn-beijing}
  - {id: ri-5, status: Inactive, region: cn-beijing}
";

/// Two groups whose links take turns, and one chain.
fn spec(round: u64) -> String {
    let up = |number: usize| (number as u64 + round).is_multiple_of(2);
    let mut text = "version: 1\ncloud: {provider: emulator, region: cn-shanghai}\ngroups:\n  g0: {min_active: 1}\n  \
                    g1: {min_active: 1}\n  g2: {min_active: 1}\ninterfaces:\n"
        .to_owned();
    for number in 0..INTERFACES {
        let status = if up(number) { "Active" } else { "Inactive" };
        let region = if number >= 4 { ", region: cn-beijing" } else { "" };
        text.push_str(&format!("  r{number}: {{id: ri-{number}, status: {status}, group: g{}{region}}}\n", number / 2));
    }
    text
}

/// When the process dies.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// As soon as the journal has so many lines more.
    JournalLines(usize),
    /// As soon as the journal has so many bytes more: in the middle of a line, if a write can be seen there.
    JournalBytes(u64),
    /// As soon as the emulator has answered so many calls more.
    Calls(usize),
    /// After this time.
    After(Duration),
}

struct Scene {
    directory: TempDir,
    emulator: Child,
    endpoint: String,
    doubt_window: &'static str,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.emulator.kill().unwrap();
        self.emulator.wait().unwrap();
    }
}

fn rictl(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rictl"));
    command.current_dir(directory).env_clear().stdin(Stdio::null());
    command
}

impl Scene {
    fn new() -> Self {
        Self::with(WORLD, "300ms")
    }

    fn with(world: &str, doubt_window: &'static str) -> Self {
        let directory = TempDir::new().unwrap();
        fs::write(directory.path().join("world.yaml"), world).unwrap();
        let mut emulator = rictl(directory.path())
            .args(["emulator", "serve", "--world", "world.yaml", "--call-log", "calls.jsonl"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(emulator.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let endpoint = line.trim().strip_prefix("listening on ").expect("the emulator says where it is").to_owned();
        Self { directory, emulator, endpoint, doubt_window }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn apply(&self) -> Command {
        let mut command = rictl(self.directory.path());
        command.args(["apply", "--auto-approve", "--endpoint", &self.endpoint, "--poll-interval", "10ms"]).args([
            "--doubt-window",
            self.doubt_window,
            "--quota",
            "100000/1s",
        ]);
        command
    }

    fn plan(&self) -> Output {
        let mut command = rictl(self.directory.path());
        command.args(["plan", "--detailed-exitcode", "--endpoint", &self.endpoint, "--quota", "100000/1s"]);
        command.output().unwrap()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn lines(&self, name: &str) -> usize {
        whole_lines(&self.read(name)).count()
    }

    fn journal_length(&self) -> u64 {
        fs::metadata(self.path("state/rictl.journal.jsonl")).map_or(0, |metadata| metadata.len())
    }

    /// Starts an apply and kills it at `moment`; returns whether it was still alive then.
    fn kill_at(&self, moment: Moment) -> bool {
        self.strike_at(moment, |apply| apply.kill().unwrap())
    }

    /// Starts an apply and interrupts it twice at `moment`; returns whether it was still alive then.
    fn interrupt_twice_at(&self, moment: Moment) -> bool {
        self.strike_at(moment, |apply| {
            for _ in 0..2 {
                kill_process(Pid::from_child(apply), Signal::TERM).unwrap();
                // Two signals that come together are one.
                std::thread::sleep(Duration::from_millis(5));
            }
        })
    }

    /// Starts an apply, strikes it at `moment` and waits for its end; returns whether it was still alive then.
    fn strike_at(&self, moment: Moment, strike: impl Fn(&mut Child)) -> bool {
        let (lines, bytes) = (self.lines("state/rictl.journal.jsonl"), self.journal_length());
        let calls = self.lines("calls.jsonl");
        let began = Instant::now();
        let mut apply = self.apply().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        loop {
            let is_due = match moment {
                Moment::JournalLines(more) => self.lines("state/rictl.journal.jsonl") >= lines + more,
                Moment::JournalBytes(more) => self.journal_length() >= bytes + more,
                Moment::Calls(more) => self.lines("calls.jsonl") >= calls + more,
                Moment::After(time) => began.elapsed() >= time,
            };
            if apply.try_wait().unwrap().is_some() {
                return false;
            }
            if is_due {
                strike(&mut apply);
                apply.wait().unwrap();
                return true;
            }
            assert!(began.elapsed() < LONGEST_APPLY, "an apply hangs");
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// The mutating requests from line `first` of the call log on, by interface and action.
    fn mutating_calls(&self, first: usize) -> BTreeMap<(String, String), u32> {
        let mut calls = BTreeMap::new();
        for line in whole_lines(&self.read("calls.jsonl")).skip(first) {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let action = record["action"].as_str().unwrap();
            if let "ActivateRouterInterface" | "DeactivateRouterInterface" = action {
                let interface = record["interface"].as_str().unwrap().to_owned();
                *calls.entry((interface, action.to_owned())).or_default() += 1;
            }
        }
        calls
    }
}

/// Goes through the boundaries in turn, and through the time that an apply takes.
fn moment(round: u64) -> Moment {
    let turn = round / 4;
    match round % 4 {
        0 => Moment::JournalLines(usize::try_from(1 + turn % 18).unwrap()),
        1 => Moment::Calls(usize::try_from(1 + turn % 30).unwrap()),
        2 => Moment::After(Duration::from_millis(10 + (turn * 37) % 400)),
        _ => Moment::JournalBytes(1 + (turn * 389) % 3300),
    }
}

#[test]
fn a_killed_apply_is_finished_by_the_next_one_without_a_second_call() {
    let rounds = std::env::var("KILL_ROUNDS").map_or(30, |rounds| rounds.parse().unwrap());
    let (mut kills, mut recoveries) = (0_u64, 0_u64);
    for round in 1..=rounds {
        // A call that its process was killed over may still arrive for as long as its signature is good, and rightly keeps the
        // other link of its group up until then: so each round is in a world of its own.
        let scene = Scene::new();
        fs::write(scene.path("rictl.yaml"), spec(1)).unwrap();
        let first = scene.lines("calls.jsonl");
        // Sometimes the one that recovers is killed as well.
        for attempt in 0..1 + round % 3 {
            kills += u64::from(scene.kill_at(moment(round + attempt * 7)));
        }
        let journal = scene.path("state/rictl.journal.jsonl");
        let before = fs::read(&journal).unwrap_or_default();
        let planned = scene.plan();
        assert_eq!(before, fs::read(&journal).unwrap_or_default(), "a plan writes nothing");
        assert!(matches!(planned.status.code(), Some(0 | 2)), "round {round}: {planned:?}");
        let applied = scene.apply().output().unwrap();
        recoveries += 1;
        assert_eq!(applied.status.code(), Some(0), "round {round}, {:?}: {applied:#?}", moment(round));
        let settled = scene.plan();
        assert_eq!(settled.status.code(), Some(0), "round {round}: {settled:?}");
        let calls = scene.mutating_calls(first);
        assert_eq!(calls.len(), INTERFACES, "round {round}: {calls:?}");
        assert!(calls.values().all(|count| *count == 1), "round {round}, {:?}: {calls:?}", moment(round));
    }
    println!("{rounds} rounds, {kills} kills, {recoveries} recoveries, no second call");
    assert!(kills > rounds / 3, "only {kills} of {rounds} rounds were killed in time");
}

/// How far reads lag behind where they do.
const LAG: Duration = Duration::from_millis(200);

/// Interrupts an apply twice in the middle of a round and lets the next one finish it; returns what broke.
fn interrupted(scene: &Scene, round: u64) -> Option<String> {
    fs::write(scene.path("rictl.yaml"), spec(round)).unwrap();
    let first = scene.lines("calls.jsonl");
    scene.interrupt_twice_at(moment(round));
    let applied = scene.apply().output().unwrap();
    let calls = scene.mutating_calls(first);
    if let Some(((interface, action), count)) = calls.iter().find(|(_, count)| **count > 1) {
        return Some(format!("round {round}, {:?}: {action} {interface} was sent {count} times", moment(round)));
    }
    if applied.status.code() != Some(0) {
        return Some(format!("round {round}, {:?}: {applied:#?}", moment(round)));
    }
    // What was read last may still be on its way to the eyes of a plan.
    std::thread::sleep(LAG);
    let settled = scene.plan();
    (settled.status.code() != Some(0)).then(|| format!("round {round}: {settled:?}"))
}

#[test]
fn a_twice_interrupted_apply_is_finished_by_the_next_one_although_reads_lag() {
    let rounds = std::env::var("INTERRUPT_ROUNDS").map_or(24, |rounds| rounds.parse().unwrap());
    let lagging = "faults:\n  - {fault: {stale_reads: 200ms}, action: DescribeRouterInterfaces}\n";
    let scene = Scene::with(&format!("{WORLD}{lagging}"), "600ms");
    let broken = (1..=rounds).find_map(|round| interrupted(&scene, round));
    println!("{rounds} rounds, {broken:?}");
    assert_eq!(broken, None);
}

/// A spec of the first group alone: which of its two links is down, if any.
fn one_down(down: Option<usize>) -> String {
    let line = |number| {
        let status = if down == Some(number) { "Inactive" } else { "Active" };
        format!("  r{number}: {{id: ri-{number}, status: {status}, group: g}}\n")
    };
    format!(
        "version: 1\ncloud: {{provider: emulator, region: cn-shanghai}}\ngroups:\n  g: {{min_active: 1}}\ninterfaces:\n{}{}",
        line(0),
        line(1)
    )
}

/// Two checkouts of an account start at once to take the other's link down; returns what broke.
fn started_together(scene: &Scene, other: &Path, round: u64) -> Option<String> {
    fs::write(scene.path("rictl.yaml"), one_down(None)).unwrap();
    let reset = scene.apply().output().unwrap();
    assert_eq!(reset.status.code(), Some(0), "{reset:#?}");
    fs::write(scene.path("rictl.yaml"), one_down(Some(0))).unwrap();
    fs::write(other.join("rictl.yaml"), one_down(Some(1))).unwrap();
    let first = scene.lines("calls.jsonl");
    let mut commands = [scene.apply(), scene.apply()];
    commands[1].current_dir(other);
    let started = commands.map(|mut command| command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let ended = started.map(|child| child.wait_with_output().unwrap());
    let calls = scene.mutating_calls(first);
    let codes = ended.each_ref().map(|output| output.status.code());
    let sent = |wanted| calls.keys().filter(|(_, action)| action == wanted).count();
    // One after the other is fine: the second then brings the first one's link up before it takes its own down.
    let (down, up) = (sent("DeactivateRouterInterface"), sent("ActivateRouterInterface"));
    (down > 1 && up == 0).then(|| format!("round {round}: both links went down, exit codes {codes:?}"))
}

#[test]
fn two_checkouts_that_start_together_never_take_the_last_link() {
    let rounds = std::env::var("TOGETHER_ROUNDS").map_or(24, |rounds| rounds.parse().unwrap());
    let scene = Scene::new();
    let other = TempDir::new().unwrap();
    let broken = (1..=rounds).find_map(|round| started_together(&scene, other.path(), round));
    println!("{rounds} rounds, {broken:?}");
    assert_eq!(broken, None);
}
