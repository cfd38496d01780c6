//! Directories as whoever opens a pull request may make them: what a reading command opens, what it writes (nothing), what
//! it says of files that are not the reader's, and how much of anything it reads.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking")]

mod bounds;
mod named;
mod writes;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// What stands in files that a spec's author could not read.
pub(crate) const SECRET: &str = "s3cr3t";

/// A spec of an emulator's world.
pub(crate) fn spec(world: &str, more: &str) -> String {
    format!(
        "version: 1\ncloud: {{provider: emulator, region: cn-shanghai, world: {world}}}\n{more}interfaces:\n  \
         a: {{id: ri-a, status: Inactive}}\n"
    )
}

pub(crate) const WORLD: &str = "regions: [cn-shanghai]\nsettle: {deactivate: 10ms}\ninterfaces: [{id: ri-a}]\n";

/// A checkout, and a home beside it with files that are nobody else's.
pub(crate) struct Place(tempfile::TempDir);

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for directory in ["checkout", "home/.ssh", "home/.aliyun", "locks"] {
            fs::create_dir_all(place.path(directory)).unwrap();
        }
        place.write("home/.ssh/id", &format!("-----BEGIN KEY-----\n{SECRET}\n-----END KEY-----\n"));
        place.write("home/.ssh/hosts.yaml", &format!("github.com:\n  oauth_token: {SECRET}\n  status: [{SECRET}\n"));
        place
            .write("home/.aliyun/config.json", &format!("{{\"{SECRET}\": [\"{SECRET}\"], \"current\": \"{SECRET}\"}}"));
        place.write("checkout/rictl.yaml", &spec("world.yaml", ""));
        place.write("checkout/world.yaml", WORLD);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn link(&self, target: impl AsRef<Path>, name: &str) {
        fs::remove_file(self.path(name)).ok();
        symlink(target, self.path(name)).unwrap();
    }

    pub(crate) fn fifo(&self, name: &str) {
        fs::remove_file(self.path(name)).ok();
        assert!(Command::new("mkfifo").arg(self.path(name)).status().unwrap().success());
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.path("checkout"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("COLUMNS", "200")
            .env("RICTL_POLL_INTERVAL", "20ms")
            .env("RICTL_DOUBT_WINDOW", "200ms")
            .env("RICTL_LOCK_DIR", self.path("locks"))
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary in the checkout; one that hangs has failed.
    pub(crate) fn rictl(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(env!("CARGO_BIN_EXE_rictl"));
        ended(command.args(arguments))
    }
}

/// Runs a command to its end.
pub(crate) fn ended(command: &mut Command) -> Ended {
    /// No command takes nearly as long; one that does waits for somebody at the other end of a file.
    const LONGEST: Duration = Duration::from_secs(60);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut child = command.stdout(writer.try_clone().unwrap()).stderr(writer).spawn().unwrap();
    // Its own ends of the pipe keep it open.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    let pid = rustix::process::Pid::from_child(&child);
    let watch = std::thread::spawn(move || {
        if is_done.recv_timeout(LONGEST) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
        }
    });
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut reader, &mut bytes).unwrap();
    let code = child.wait().unwrap().code();
    drop(done);
    watch.join().unwrap();
    Ended { code, text: String::from_utf8_lossy(&bytes).into_owned() }
}
