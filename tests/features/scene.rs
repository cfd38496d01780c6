//! A directory of its own, an empty environment, and the binary in it.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Two links to one site: a pair between two regions, and one whose far side is somebody else's.
pub(crate) const WORLD: &str = "
regions: [cn-shanghai, cn-beijing]
settle: {activate: 40ms, deactivate: 40ms}
interfaces:
  - {id: ri-a, name: sh-primary}
  - {id: ri-b, name: bj-primary, region: cn-beijing, opposite: ri-a}
  - {id: ri-c, name: sh-backup}
";

pub(crate) const SPEC: &str = "\
version: 1
cloud: {provider: emulator, region: cn-shanghai, world: world.yaml}
groups:
  site: {min_active: 1}
interfaces:
  primary: {id: ri-a, status: Active, group: site}
  backup: {id: ri-c, status: Active, group: site, reason: CHG-7}
";

/// A scene and what stands in it.
pub(crate) struct Scene {
    directory: TempDir,
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Insists on an exit code.
    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }
}

impl Scene {
    /// An empty directory.
    pub(crate) fn empty() -> Self {
        Self { directory: TempDir::new().unwrap() }
    }

    /// A directory with [`WORLD`] and a spec.
    pub(crate) fn with_spec(spec: &str) -> Self {
        let scene = Self::empty();
        scene.write("world.yaml", WORLD);
        scene.write("rictl.yaml", spec);
        scene
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Lists everything that stands here.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let (mut found, mut open) = (Vec::new(), vec![self.directory.path().to_owned()]);
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                open.extend(path.is_dir().then(|| path.clone()));
                found.push(path);
            }
        }
        found.sort();
        found
    }

    /// Runs a command and kills it once its journal says this.
    pub(crate) fn killed_at(&self, said: &str, words: &str) {
        let mut child = self.begun(said, words);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Runs a command until its journal says this; it goes on.
    pub(crate) fn begun(&self, said: &str, words: &str) -> Child {
        let mut command = self.command(&words.split(' ').collect::<Vec<_>>());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let journal = self.path("state/rictl.journal.jsonl");
        while !fs::read_to_string(&journal).unwrap_or_default().contains(said) {
            assert_eq!(child.try_wait().unwrap(), None, "it ended before it was killed");
            std::thread::yield_now();
        }
        child
    }

    /// Runs `rictl` with words that hold no spaces.
    pub(crate) fn rictl(&self, words: &str) -> Ended {
        self.run(&words.split(' ').collect::<Vec<_>>())
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output().unwrap();
        Ended {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rictl"));
        command.args(arguments).current_dir(self.directory.path()).stdin(Stdio::null());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("HOME", self.directory.path()).env("RICTL_POLL_INTERVAL", "20ms");
        // Nothing lags here.
        command.env("RICTL_DOUBT_WINDOW", "200ms");
        command
    }
}
