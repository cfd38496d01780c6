//! Recorded sessions: what a user types and what the real binary answers, to the byte.
//!
//! Each `tests/sessions/*.session` runs in a directory of its own with an environment of its own. A file is read from
//! top to bottom:
//!
//! ```text
//! ; a remark
//! === rictl.yaml            writes the lines up to a lone === into that file
//! version: 1
//! ===
//! $ rictl plan              is run by sh; what follows is its standard output,
//! 2> error: ...             its standard error,
//! [exit 1]                  and how it ended, where that was not 0
//! @ 2026-12-01T15:00+08:00  is what the clock on the wall shows to what follows
//! ```
//!
//! What differs from run to run is masked. `UPDATE=1 cargo test sessions::` records every session anew.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use regex::Regex;
use similar::TextDiff;

use crate::golden;
use crate::wall_clock::{self, WallClock};

/// How many sessions run at a time: they wait more than they compute.
const THREADS: usize = 8;

/// How long one command may take, in seconds; far more than any does.
const LONGEST: &str = "60";

#[test]
fn every_session_goes_as_it_was_recorded() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sessions");
    let only = std::env::var("SESSION").unwrap_or_default();
    let mut paths: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "session"));
    paths.retain(|path| path.to_string_lossy().contains(&only));
    paths.sort();
    assert!(!paths.is_empty(), "no session matches");
    let (queue, differences) = (Mutex::new(paths), Mutex::new(Vec::new()));
    let update = golden::updates();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(path) = next(&queue) {
                    differences.lock().unwrap().extend(run(&path, update));
                }
            });
        }
    });
    let differences = differences.into_inner().unwrap();
    assert!(differences.is_empty(), "{}\nUPDATE=1 records them anew", differences.join("\n"));
}

fn next(queue: &Mutex<Vec<PathBuf>>) -> Option<PathBuf> {
    queue.lock().unwrap().pop()
}

/// Runs a session; returns how it differs from what was recorded, if it does.
fn run(path: &Path, update: bool) -> Option<String> {
    let recorded = fs::read_to_string(path).unwrap();
    if recorded.lines().any(|line| line.starts_with("@ ")) && !wall_clock::can_be_set() {
        println!("skipped: {}: no C compiler, so no other clock", path.display());
        return None;
    }
    let played = play(&recorded);
    if played == recorded {
        return None;
    }
    if update {
        fs::write(path, played).unwrap();
        return None;
    }
    let name = path.file_name().unwrap().to_string_lossy();
    let difference = TextDiff::from_lines(&recorded, &played).unified_diff().header(&name, "now").to_string();
    Some(difference)
}

/// Plays a session and returns it as it went.
fn play(recorded: &str) -> String {
    let mut stage = Stage::new();
    let mut played = String::new();
    let mut lines = recorded.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("=== ") {
            let content: Vec<&str> = lines.by_ref().take_while(|line| *line != "===").collect();
            stage.write(name, &(content.join("\n") + "\n"));
            writeln!(played, "{line}\n{}\n===\n", content.join("\n")).unwrap();
        } else if let Some(command) = line.strip_prefix("$ ") {
            writeln!(played, "{line}\n{}", stage.answer(command)).unwrap();
        } else if let Some(time) = line.strip_prefix("@ ") {
            stage.clock = Some(WallClock::showing(time));
            writeln!(played, "{line}\n").unwrap();
        } else if line.starts_with("; ") {
            writeln!(played, "{line}").unwrap();
        }
    }
    played.truncate(played.trim_end().len());
    played + "\n"
}

/// Where one session is played: a directory to work in, and a home beside it.
struct Stage {
    root: tempfile::TempDir,
    clock: Option<WallClock>,
    masks: Arc<[(Regex, &'static str)]>,
}

impl Stage {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for name in ["work", "home", "tmp"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        let root_path = regex::escape(&root.path().canonicalize().unwrap().to_string_lossy());
        let host = regex::escape(fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim());
        let masks = [
            (root_path.as_str(), "<root>"),
            (r"\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{6}", "<run>"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z", "<time>"),
            // Sessions speak of other decades in the time zone of a spec.
            (r"202\d-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", "<time>"),
            (r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", "<request-id>"),
            (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>"),
            (r"sha256:[0-9a-f]{64}", "sha256:<digest>"),
            (r"\b[0-9a-f]{32}\b", "<lineage>"),
            (r"\.rictl-\w{6}\b", ".rictl-<random>"),
            (r"rictl-journal-\w{6}\b", "rictl-journal-<random>"),
            (r"127\.0\.0\.1:\d+", "127.0.0.1:<port>"),
            (r"\bpid \d+", "pid <pid>"),
            (&format!("\\bon {host}\\b"), "on <host>"),
            (&format!("（{host}，"), "（<host>，"),
            (&format!("\"host\":\"{host}\""), r#""host":"<host>""#),
            (r#""durations":\{[^}]*\}"#, r#""durations":{<durations>}"#),
            (r#""uptime":\{[^}]*\}"#, r#""uptime":{<uptime>}"#),
            (r"after (\d+(ms|s|m|h))+", "after <duration>"),
            (r"用时 (\d+(ms|s|m|h))+", "用时 <duration>"),
            (r"已用 (\d+(ms|s|m|h))+", "已用 <duration>"),
            (r"  (\d+(ms|s|m|h))+\b", "  <duration>"),
            (r#""elapsed_seconds":[\d.]+"#, r#""elapsed_seconds":<n>"#),
        ];
        let masks = masks.into_iter().map(|(pattern, mask)| (Regex::new(pattern).unwrap(), mask)).collect();
        Self { root, clock: None, masks }
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.root.path().join("work").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Runs a command and returns what it wrote and how it ended.
    fn answer(&self, command: &str) -> String {
        let binary = Path::new(env!("CARGO_BIN_EXE_rictl")).parent().unwrap().display();
        let output = Command::new("timeout")
            .args([LONGEST, "/bin/sh", "-c", command])
            .current_dir(self.root.path().join("work"))
            .env_clear()
            .env("PATH", format!("{binary}:/usr/local/bin:/usr/bin:/bin"))
            .env("HOME", self.root.path().join("home"))
            .env("TMPDIR", self.root.path().join("tmp"))
            .env("USER", "ann")
            .env("LANG", "C.UTF-8")
            // Where credentials are looked for on a cloud's own machines.
            .env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
            .env("RICTL_POLL_INTERVAL", "10ms")
            .env("RICTL_DOUBT_WINDOW", "50ms")
            .envs(self.clock.iter().flat_map(WallClock::variables))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let mut answer = self.mask(&output.stdout);
        for line in self.mask(&output.stderr).lines() {
            writeln!(answer, "{}", format!("2> {line}").trim_end()).unwrap();
        }
        match output.status.code() {
            Some(0) => {}
            Some(code) => writeln!(answer, "[exit {code}]").unwrap(),
            None => writeln!(answer, "[{}]", output.status).unwrap(),
        }
        answer
    }

    fn mask(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let mut masked =
            self.masks.iter().fold(text, |text, (pattern, mask)| pattern.replace_all(&text, *mask).into_owned());
        if !masked.is_empty() && !masked.ends_with('\n') {
            masked.push('\n');
        }
        masked
    }
}
