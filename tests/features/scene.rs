//! A directory of its own, an empty environment, and the binary in it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

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

    /// Runs `rictl` with words that hold no spaces.
    /// Runs a command and kills it after a while.
    pub(crate) fn killed_after(&self, alive: Duration, words: &str) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rictl"));
        command.args(words.split(' ')).env_clear().current_dir(self.directory.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(alive);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub(crate) fn rictl(&self, words: &str) -> Ended {
        self.run(&words.split(' ').collect::<Vec<_>>())
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let output = Command::new(env!("CARGO_BIN_EXE_rictl"))
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.directory.path())
            .env("RICTL_POLL_INTERVAL", "20ms")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ended {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
