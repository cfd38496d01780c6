//! The real binary in a directory and an environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// No run of a test takes this long; one that does hangs, and is killed.
const LONGEST_RUN: Duration = Duration::from_secs(60);

/// Settings under which nothing that a test waits for takes long.
pub(crate) const QUICK: [&str; 10] = [
    "--poll-interval",
    "50ms",
    "--doubt-window",
    "200ms",
    "--request-timeout",
    "500ms",
    "--settle-timeout",
    "3s",
    "--quota",
    "300/600ms",
];

/// A user's directory, with nothing of the machine's own environment.
pub(crate) struct Desk {
    directory: TempDir,
    variables: Vec<(String, String)>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Returns both streams.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// Returns both streams as one line: what was wrapped is whole again.
    pub(crate) fn flat(&self) -> String {
        flat(&self.text())
    }
}

/// Joins wrapped lines.
pub(crate) fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Desk {
    /// Begins with a spec and no credentials at all.
    pub(crate) fn new(spec: &str) -> Self {
        let desk = Self { directory: tempfile::tempdir().unwrap(), variables: Vec::new() };
        desk.file("rictl.yaml", spec);
        // Nothing listens there, and tests must not wait for that.
        desk.variable("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
    }

    /// Signs with the key that every world has.
    pub(crate) fn with_the_usual_key(self) -> Self {
        self.variable("ALIBABA_CLOUD_ACCESS_KEY_ID", rictl::emulator::DEFAULT_ACCESS_KEY_ID)
            .variable("ALIBABA_CLOUD_ACCESS_KEY_SECRET", rictl::emulator::DEFAULT_ACCESS_KEY_SECRET)
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Prepares a run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rictl"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("COLUMNS", "200")
            // Tests that run beside each other act on the same account number.
            .env("RICTL_LOCK_DIR", self.path())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let (out, err) = (self.path().join(".out"), self.path().join(".err"));
        let mut child = self
            .command(arguments)
            .stdout(fs::File::create(&out).unwrap())
            .stderr(fs::File::create(&err).unwrap())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > LONGEST_RUN {
                child.kill().unwrap();
                break child.wait().unwrap();
            }
            // A process cannot be awaited together with a deadline here; this is no wait for an outcome.
            std::thread::sleep(Duration::from_millis(10));
        };
        let read = |path| String::from_utf8(fs::read(path).unwrap()).unwrap();
        Ran { code: status.code().unwrap_or(-1), out: read(&out), err: read(&err) }
    }

    /// Compares how the newest run ended for its process, in the last of the event lines that it wrote into `events`, in
    /// `history` and in `show`; returns what differs. A refusal before a run begins has nothing to compare.
    pub(crate) fn ends_that_differ(&self, ran: &Ran, events: &str) -> Vec<String> {
        let lines = fs::read_to_string(self.path().join(events)).unwrap_or_default();
        let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let Some(started) = lines.iter().find(|line| line["type"] == "run_started") else {
            let begins = ran.out.contains("Resources:") && !ran.out.contains("No changes");
            return if begins { vec!["a verdict without a run".to_owned()] } else { Vec::new() };
        };
        let document = |arguments: &[&str]| -> serde_json::Value {
            serde_json::from_str(&self.run(arguments).out).unwrap_or_default()
        };
        let history = document(&["history", "--json"]);
        let show = document(&["show", started["run_id"].as_str().unwrap(), "--json"]);
        let last = lines.last().unwrap();
        let mut differences = Vec::new();
        for (what, end) in [("the last event", last), ("history", &history["runs"][0]), ("show", &show)] {
            if end["exit_code"] != ran.code {
                differences.push(format!("{what} says {}, the process {}", end["exit_code"], ran.code));
            }
            for key in ["run_id", "outcome", "reasons"] {
                if end[key] != last[key] {
                    differences.push(format!("{what}: {key} is {}, and {} in the last event", end[key], last[key]));
                }
            }
        }
        let is_complete = lines.iter().any(|line| line["@message"].to_string().contains("Apply complete!"));
        if last["type"] != "run_finished" || is_complete != (ran.code == 0) {
            differences.push(format!("the last event is {last}"));
        }
        let has_reasons = last["reasons"].as_array().is_some_and(|reasons| !reasons.is_empty());
        if has_reasons != (ran.code != 0) {
            differences.push(format!("exit code {} for the reasons {}", ran.code, last["reasons"]));
        }
        differences
    }

    /// Runs the binary against the cloud's own hosts, quickly.
    pub(crate) fn quick_cloud(&self, arguments: &[&str]) -> Ran {
        self.quick_cloud_looking_every(QUICK[1], arguments)
    }

    /// Runs the binary against an endpoint, quickly.
    pub(crate) fn quick(&self, endpoint: &str, arguments: &[&str]) -> Ran {
        self.quick_looking_every(QUICK[1], endpoint, arguments)
    }

    /// Runs the binary against an endpoint, quickly but for how often it looks: so long does a read count as fresh.
    pub(crate) fn quick_looking_every(&self, interval: &str, endpoint: &str, arguments: &[&str]) -> Ran {
        let mut quick = QUICK;
        quick[1] = interval;
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--endpoint", endpoint]).chain(quick).collect();
        self.run(&arguments)
    }

    /// As [`Desk::quick_looking_every`], against the cloud's own hosts.
    pub(crate) fn quick_cloud_looking_every(&self, interval: &str, arguments: &[&str]) -> Ran {
        let mut quick = QUICK;
        quick[1] = interval;
        let arguments: Vec<&str> = arguments.iter().copied().chain(quick).collect();
        self.run(&arguments)
    }
}
