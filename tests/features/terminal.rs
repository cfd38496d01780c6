//! The live table, on a terminal of its own.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use super::reports::many_sites;
use super::scene::{SPEC, Scene, WORLD};

const ERASE: &str = "\r\x1b[J";

/// Applies on a terminal, and returns everything that was written to it: results, and messages too if they are wanted.
fn applied(scene: &Scene, columns: u16, messages: bool, environment: &[(&str, &str)]) -> String {
    on_terminal(scene, "apply --auto-approve", columns, messages, environment)
}

pub(crate) fn on_terminal(
    scene: &Scene,
    words: &str,
    columns: u16,
    messages: bool,
    environment: &[(&str, &str)],
) -> String {
    let (mut master, slave) = pair(columns);
    let mut command = Command::new(env!("CARGO_BIN_EXE_rictl"));
    command.args(words.split(' ')).current_dir(scene.path("")).env_clear();
    command
        .env("TERM", "xterm")
        .env("NO_COLOR", "1")
        .env("RICTL_POLL_INTERVAL", "50ms")
        .envs(environment.iter().copied());
    let stderr = if messages { Stdio::from(slave.try_clone().unwrap()) } else { Stdio::null() };
    command.stdin(Stdio::null()).stderr(stderr).stdout(slave);
    let mut child = command.spawn().unwrap();
    // Its copy of the terminal must go, or the reading below would never end.
    drop(command);
    let mut shown = Vec::new();
    let mut piece = [0; 4096];
    // Linux answers EIO once nobody holds the other end.
    while let Ok(length @ 1..) = master.read(&mut piece) {
        shown.extend_from_slice(&piece[..length]);
    }
    assert!(child.wait().unwrap().success());
    String::from_utf8(shown).unwrap()
}

/// Opens a terminal: whoever watches it, and what a program has.
fn pair(columns: u16) -> (File, File) {
    // No child that another test starts meanwhile holds it open.
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let slave = OpenOptions::new().read(true).write(true).open(name).unwrap();
    tcsetwinsize(&slave, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    (File::from(master), slave)
}

/// A command with somebody at its terminal.
pub(crate) struct Attended {
    child: Child,
    master: File,
    shown: String,
}

impl Attended {
    pub(crate) fn start(scene: &Scene, words: &str) -> Self {
        Self::start_on("dumb", scene, words)
    }

    /// Starts on a terminal of this kind.
    pub(crate) fn start_on(kind: &str, scene: &Scene, words: &str) -> Self {
        Self::of(kind, scene.command(&words.split(' ').collect::<Vec<_>>()))
    }

    /// Starts a command that is prepared.
    pub(crate) fn of(kind: &str, mut command: Command) -> Self {
        let (master, slave) = pair(120);
        command.env("TERM", kind).env("NO_COLOR", "1");
        command.stdin(slave.try_clone().unwrap()).stderr(slave.try_clone().unwrap()).stdout(slave);
        let child = command.spawn().unwrap();
        Self { child, master, shown: String::new() }
    }

    /// Reads on until this was shown.
    pub(crate) fn wait_for(&mut self, text: &str) {
        while !self.shown.contains(text) {
            assert!(self.read_on(), "it ended before it said {text:?}: {}", self.shown);
        }
    }

    fn read_on(&mut self) -> bool {
        let mut piece = [0; 4096];
        let length = self.master.read(&mut piece).unwrap_or(0);
        self.shown.push_str(&String::from_utf8_lossy(&piece[..length]));
        length > 0
    }

    /// Returns whether the terminal hands over whole lines and shows what is typed, as shells want it.
    pub(crate) fn is_cooked(&self) -> bool {
        let modes = tcgetattr(&self.master).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    /// Waits for its end, and returns whether the terminal is as shells want it then.
    pub(crate) fn is_cooked_at_its_end(&mut self) -> bool {
        while self.read_on() {}
        self.child.wait().unwrap();
        self.is_cooked()
    }

    pub(crate) fn type_in(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).unwrap();
    }

    /// Closes the terminal, and returns with which code the command ends.
    fn closed(self) -> Option<i32> {
        let Self { mut child, master, .. } = self;
        drop(master);
        child.wait().unwrap().code()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Returns how it ends, and what was shown.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        while self.read_on() {}
        (self.child.wait().unwrap().code(), self.shown)
    }
}

fn slow() -> Scene {
    let scene = Scene::with_spec(&SPEC.replace("ri-c, status: Active", "ri-c, status: Inactive"));
    scene.write("world.yaml", &WORLD.replace("deactivate: 40ms", "deactivate: 600ms"));
    scene
}

#[test]
fn a_terminal_that_is_closed_at_the_question_cancels() {
    let scene = Scene::with_spec(&SPEC.replace("ri-c, status: Active", "ri-c, status: Inactive"));
    let mut asked = Attended::start(&scene, "apply");
    asked.wait_for("Enter a value: ");
    assert_eq!(asked.closed(), Some(130));
    assert!(!scene.path("state/rictl.journal.jsonl").exists(), "nothing was begun");
}

#[test]
fn watches_what_is_in_flight_and_leaves_only_lines() {
    for columns in [60, 120] {
        let shown = applied(&slow(), columns, false, &[]);
        assert!(shown.contains("0 of 1 finished, 1 in flight (wave 1 of 1)"), "{shown}");
        assert!(shown.contains("site: 2 of 2 up, floor 1, 1 to spare"), "{shown}");
        assert!(shown.contains("backup  Deactivating -> Inactive"), "{shown}");
        let end = shown.rsplit(ERASE).next().unwrap();
        assert!(end.contains("Apply complete! Resources: 0 added, 1 changed, 0 destroyed."), "{shown}");
        assert!(!end.contains("in flight"), "{shown}");
    }
}

#[test]
fn makes_room_for_a_message() {
    let scene = slow();
    let faults = "faults:\n  - {fault: {throttled: 300ms}, action: DescribeRouterInterfaces, every: 3}\n";
    scene.write("world.yaml", &(scene.read("world.yaml") + faults));
    let shown = applied(&scene, 80, true, &[]);
    assert!(shown.contains("throttled, waiting"), "{shown}");
    for (at, _) in shown.match_indices("warning: ") {
        let (table, room) = (shown[..at].rfind(" in flight"), shown[..at].rfind(ERASE));
        assert!(table < room || table.is_none(), "{shown}");
    }
}

#[test]
fn knows_from_the_past_how_long_it_may_take() {
    let scene = slow();
    applied(&scene, 80, false, &[]);
    scene.rictl("emulator reset --world world.yaml").with_code(0);
    assert!(applied(&scene, 80, false, &[]).contains(" of about "));
}

#[test]
fn moves_no_cursor_where_nobody_watches() {
    for environment in [("TERM", "dumb"), ("CI", "true")] {
        let shown = applied(&slow(), 80, false, &[environment]);
        assert!(!shown.contains(ERASE) && shown.contains("backup: Deactivating..."), "{shown}");
    }
}

#[test]
fn help_is_as_wide_as_the_terminal() {
    let scene = Scene::empty();
    for (columns, words) in
        [(40, "plan -h"), (40, "plan --help"), (50, "--help"), (72, "apply -h"), (72, "state rm --help")]
    {
        let shown = on_terminal(&scene, words, columns, false, &[]);
        // A word that cannot be broken may stick out: the name of a flag and of its value.
        let is_too_long = |line: &&str| line.chars().count() > usize::from(columns) && line.trim().contains(". ");
        let long: Vec<&str> = shown.lines().filter(is_too_long).collect();
        assert!(long.is_empty() && shown.contains("Usage:"), "{words} at {columns}: {long:#?}");
        let is_column = |line: &&str| line.starts_with("                    ") && line.trim().split(' ').count() == 1;
        assert!(shown.lines().filter(is_column).count() < 8, "{words} at {columns}: {shown}");
    }
}

#[test]
fn tells_a_large_plan_by_its_groups_and_whatever_is_asked_for_whole() {
    let scene = many_sites(22);
    let shown = on_terminal(&scene, "plan", 80, false, &[]);
    assert!(!shown.contains("router_interface"), "{shown}");
    for site in 11..33 {
        let row = format!("site-{site}  1 of 2  1    1      down primary-{site}; up backup-{site}");
        assert!(shown.contains(&row), "{row}: {shown}");
    }
    let whole = on_terminal(&scene, "plan --full", 80, false, &[]);
    assert_eq!(whole.matches("router_interface").count(), 44, "{whole}");
}
