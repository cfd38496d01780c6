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

    /// Runs the binary against the cloud's own hosts, quickly.
    pub(crate) fn quick_cloud(&self, arguments: &[&str]) -> Ran {
        let arguments: Vec<&str> = arguments.iter().copied().chain(QUICK).collect();
        self.run(&arguments)
    }

    /// Runs the binary against an endpoint, quickly.
    pub(crate) fn quick(&self, endpoint: &str, arguments: &[&str]) -> Ran {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--endpoint", endpoint]).chain(QUICK).collect();
        self.run(&arguments)
    }
}
