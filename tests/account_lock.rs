//! One apply at a time for an account on one host, whatever state files are used: the real binary from several checkouts
//! and, where the tests run as root, as several users.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::harness::binary::{Desk, QUICK};
use crate::harness::emulator::{ACCOUNT, Emulator};

const WORLD: &str = "regions: [cn-shanghai]
settle: { activate: 100ms, deactivate: 1s }
interfaces: [{ id: ri-a }, { id: ri-b }]
";

/// A spec of the two links of a site.
fn spec(a: &str, b: &str) -> String {
    format!(
        "version: 1
cloud: {{ provider: emulator, region: cn-shanghai }}
groups: {{ site: {{ min_active: 1 }} }}
interfaces:
  a: {{ id: ri-a, status: {a}, group: site }}
  b: {{ id: ri-b, status: {b}, group: site }}
"
    )
}

/// A directory for locks that everybody may write to, as /run/lock is.
fn locks() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    directory
}

/// Somebody's checkout.
fn checkout(spec: &str, locks: &TempDir) -> Desk {
    Desk::new(spec).with_the_usual_key().variable("RICTL_LOCK_DIR", locks.path().to_str().unwrap())
}

/// An apply that goes on.
struct Running {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    said: String,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines, said: String::new() }
    }

    fn apply(desk: &Desk, emulator: &Emulator, more: &[&str]) -> Self {
        Self::start(apply(desk, emulator, more))
    }

    /// Reads until a line says this.
    fn wait_for(&mut self, text: &str) {
        loop {
            let from = self.said.len();
            let read = self.lines.read_line(&mut self.said).unwrap();
            assert!(read > 0, "it ended without {text:?}: {}", self.said);
            if self.said[from..].contains(text) {
                return;
            }
        }
    }

    /// Returns the exit code and all that was said.
    fn end(mut self) -> (i32, String) {
        self.lines.read_to_string(&mut self.said).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut self.said).unwrap();
        (self.child.wait().unwrap().code().unwrap_or(-1), self.said)
    }
}

fn apply(desk: &Desk, emulator: &Emulator, more: &[&str]) -> Command {
    let url = emulator.url();
    let arguments = ["apply", "--auto-approve", "--endpoint", &url].into_iter().chain(more.iter().copied());
    desk.command(&arguments.chain(QUICK).collect::<Vec<_>>())
}

#[test]
fn two_checkouts_that_start_together_never_take_both_links_of_a_site() {
    let (emulator, locks) = (Emulator::serve(WORLD), locks());
    let (laptop, runner) =
        (checkout(&spec("Inactive", "Active"), &locks), checkout(&spec("Active", "Inactive"), &locks));
    let both = [&laptop, &runner].map(|desk| Running::apply(desk, &emulator, &[]));
    let codes = both.map(|apply| apply.end().0);
    assert!([[0, 6], [6, 0], [0, 0]].contains(&codes), "{codes:?}");
    let up = ["ri-a", "ri-b"].iter().filter(|id| emulator.status(id) == "Active").count();
    assert_eq!(up, 1);
}

#[test]
fn the_second_apply_of_an_account_exits_6_and_names_the_first_or_waits_and_plans_from_what_it_left() {
    let (emulator, locks) = (Emulator::serve(WORLD), locks());
    let (laptop, runner) =
        (checkout(&spec("Inactive", "Active"), &locks), checkout(&spec("Inactive", "Active"), &locks));
    let mut first = Running::apply(&laptop, &emulator, &[]);
    first.wait_for("a: Deactivating...");
    let pid = format!("(pid {})", first.child.id());
    let (code, said) = Running::apply(&runner, &emulator, &[]).end();
    assert_eq!(code, 6, "{said}");
    assert!(said.contains("the account is locked by ") && said.contains(&pid), "{said}");
    assert!(said.contains("--lock-timeout") && said.contains(ACCOUNT), "{said}");
    let (code, said) = Running::apply(&runner, &emulator, &["--lock-timeout", "1m"]).end();
    assert!(code == 0 && said.contains("waiting for the account's lock of ") && said.contains("No changes."), "{said}");
    assert_eq!(first.end().0, 0);
    assert_eq!(emulator.mutating_calls().len(), 1);
}

#[test]
fn a_pause_of_a_rollout_lets_a_drain_in_and_the_next_wave_rests_on_what_it_left() {
    let (emulator, locks) = (Emulator::serve(WORLD), locks());
    let rollout = "rollout: { canary: 1, batch: 1, pause: 3s }\n";
    let slow = format!("{rollout}{}", spec("Active", "Active").replace("groups: { site: { min_active: 1 } }\n", ""));
    let slow = slow.replace(", group: site", "").replace("status: Active", "status: Inactive");
    let (rollout, drain) = (checkout(&slow, &locks), checkout(&spec("Active", "Inactive"), &locks));
    let mut running = Running::apply(&rollout, &emulator, &[]);
    running.wait_for("a: Deactivation complete");
    let (code, said) = Running::apply(&drain, &emulator, &["--lock-timeout", "1m"]).end();
    assert_eq!(code, 0, "{said}");
    let (code, said) = running.end();
    // The drain has brought a up again and taken b down: there is nothing left to do for the second wave.
    assert!(said.contains("b: Already Inactive"), "{said}");
    assert_eq!(code, 5, "a did not stay: {said}");
}

#[test]
fn a_lock_file_is_for_everybody_to_read_and_never_a_link() {
    let (emulator, locks) = (Emulator::serve(WORLD), locks());
    let laptop = checkout(&spec("Active", "Active"), &locks);
    let (code, said) = Running::apply(&laptop, &emulator, &[]).end();
    assert_eq!(code, 0, "{said}");
    let all = fs::read_dir(locks.path()).unwrap().map(|entry| entry.unwrap().path());
    // Beside it stands what the account's processes tell each other of their calls.
    let files: Vec<_> = all.filter(|path| path.extension().is_none_or(|ending| ending != "gate")).collect();
    let [path] = files.as_slice() else { panic!("{files:?}") };
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with(&format!("rictl-emulator-{ACCOUNT}-127.0.0.1_")) && name.ends_with(".lock"), "{name}");
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(fs::read(path).unwrap(), b"", "who is gone is not named");

    let victim = laptop.file("victim", "precious");
    fs::remove_file(path).unwrap();
    std::os::unix::fs::symlink(&victim, path).unwrap();
    let (code, said) = Running::apply(&laptop, &emulator, &[]).end();
    assert!(code == 1 && said.contains("is a symlink") && said.contains("--lock-dir"), "{said}");
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
}

/// Makes a command somebody else's.
fn as_nobody(command: &Command) -> Command {
    let mut other = Command::new("setpriv");
    other.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(command.get_program());
    other.args(command.get_args()).current_dir(command.get_current_dir().unwrap()).env_clear();
    other.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
    other
}

#[test]
fn two_users_of_one_host_exclude_each_other() {
    let (emulator, locks) = (Emulator::serve(WORLD), locks());
    let (ours, theirs) = (checkout(&spec("Inactive", "Active"), &locks), checkout(&spec("Inactive", "Active"), &locks));
    fs::set_permissions(theirs.path(), fs::Permissions::from_mode(0o777)).unwrap();
    if !as_nobody(&theirs.command(&["version"])).output().is_ok_and(|output| output.status.success()) {
        // Not root, or a build that others cannot reach: there is no second user here.
        return;
    }
    std::os::unix::fs::chown(theirs.path(), Some(65534), Some(65534)).unwrap();
    fs::set_permissions(theirs.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let mut first = Running::apply(&ours, &emulator, &[]);
    first.wait_for("a: Deactivating...");
    let (code, said) = Running::start(as_nobody(&apply(&theirs, &emulator, &[]))).end();
    assert!(code == 6 && said.contains(&format!("(pid {})", first.child.id())), "{said}");
    assert_eq!(first.end().0, 0);

    // The file is ours, so they cannot write into it: the kernel alone says who they are.
    theirs.file("rictl.yaml", &spec("Active", "Inactive"));
    let mut second = Running::start(as_nobody(&apply(&theirs, &emulator, &[])));
    second.wait_for("b: Deactivating...");
    let (code, said) = Running::apply(&ours, &emulator, &[]).end();
    assert!(code == 6 && said.contains(&format!("pid {} of uid 65534", second.child.id())), "{said}");
    assert_eq!(second.end().0, 0);
}
