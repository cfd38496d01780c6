//! Signals, locks and terminals with the real binary: what a person's Ctrl-C, a supervisor's SIGTERM, a closed
//! terminal and ten impatient colleagues do to an apply.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

const SPEC: &str = "version: 1
cloud: {provider: emulator, world: world.yaml, region: cn-shanghai}
interfaces:
  a: {id: ri-a, status: Inactive}
  b: {id: ri-b, status: Inactive, depends_on: [a]}
";

/// A directory with a spec and a world of two interfaces, of which b goes down before a.
struct Stage(tempfile::TempDir);

impl Stage {
    fn new(settle: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("rictl.yaml"), SPEC).unwrap();
        let world = format!(
            "regions: [cn-shanghai]\nsettle: {{deactivate: {settle}}}\ninterfaces: [{{id: ri-a}}, {{id: ri-b}}]\n"
        );
        fs::write(directory.path().join("world.yaml"), world).unwrap();
        Self(directory)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Prepares a program in the directory, with nothing of our environment.
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let binaries = Path::new(env!("CARGO_BIN_EXE_rictl")).parent().unwrap().display();
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", format!("{binaries}:/usr/bin:/bin"))
            .env("HOME", self.path())
            .env("USER", "ann")
            .env("TERM", "xterm")
            .env("RICTL_POLL_INTERVAL", "20ms")
            .env("RICTL_DOUBT_WINDOW", "200ms")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn rictl(&self, arguments: &[&str]) -> Running {
        Running::start(self.command("rictl", arguments))
    }

    /// Returns the exit code of the newest run, as the history has it.
    fn recorded_code(&self) -> u64 {
        let output = self.command("rictl", &["history", "--json"]).output().unwrap();
        let history: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        history["runs"][0]["exit_code"].as_u64().unwrap()
    }

    /// Runs to the end and returns the exit code with everything that was written.
    fn answer(&self, arguments: &[&str]) -> (Option<i32>, String) {
        self.rictl(arguments).end()
    }
}

/// A program that runs, and what it has written so far.
struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
    seen: Vec<u8>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output, seen: Vec::new() }
    }

    /// Reads on until `text` has been written.
    fn wait_for(&mut self, text: &str) {
        while !self.text().contains(text) {
            let available = self.output.fill_buf().unwrap();
            let length = available.len();
            assert!(length > 0, "ended before it said {text:?}: {}", self.text());
            self.seen.extend_from_slice(available);
            self.output.consume(length);
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn type_in(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits for the end; the exit code is that of a shell: 128 and the signal where one ended it.
    fn end(mut self) -> (Option<i32>, String) {
        self.output.read_to_end(&mut self.seen).unwrap();
        let mut errors = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), None, "a signal ended it: {errors}");
        (status.code(), self.text() + &errors)
    }
}

/// A signal that this process was started to ignore, as under `nohup`, is ignored by what it starts as well.
fn is_heard(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    u64::from_str_radix(ignored.trim(), 16).unwrap() & (1 << (signal.as_raw() - 1)) == 0
}

#[test]
fn a_signal_settles_what_was_sent_and_starts_nothing_new() {
    for signal in [Signal::INT, Signal::TERM].into_iter().filter(|signal| is_heard(*signal)) {
        let stage = Stage::new("300ms");
        let mut apply = stage.rictl(&["apply", "--auto-approve"]);
        apply.wait_for("b: Deactivating...");
        apply.signal(signal);
        let (code, text) = apply.end();
        assert_eq!(code, Some(130), "{text}");
        assert_eq!(stage.recorded_code(), 130);
        assert!(text.contains("b: Deactivation complete"), "{text}");
        assert!(text.contains("a/deactivate  not started"), "{text}");
        let (_, plan) = stage.answer(&["plan"]);
        assert!(plan.contains("Plan: 0 to add, 1 to change, 0 to destroy."), "{plan}");
        assert!(!plan.contains("In doubt"), "{plan}");
        let (code, text) = stage.answer(&["apply", "--auto-approve"]);
        assert_eq!(code, Some(0), "{text}");
        assert!(stage.answer(&["plan"]).1.contains("No changes."));
    }
}

#[test]
fn a_signal_at_the_last_step_is_130_although_everything_is_done() {
    let stage = Stage::new("300ms");
    let mut apply = stage.rictl(&["apply", "--auto-approve"]);
    apply.wait_for("a: Deactivating...");
    apply.signal(Signal::INT);
    let (code, text) = apply.end();
    assert_eq!(code, Some(130), "{text}");
    assert!(text.contains("Interrupted: a signal ended the run; what had been sent was settled first"), "{text}");
    assert!(text.contains("2 done (exit code 130)"), "{text}");
    assert!(text.contains("Apply incomplete! Resources: 0 added, 2 changed, 0 destroyed."), "{text}");
    assert_eq!(stage.recorded_code(), 130);
    assert!(stage.answer(&["plan"]).1.contains("No changes."));
}

#[test]
fn a_second_signal_leaves_at_once_and_the_next_apply_finds_out() {
    let stage = Stage::new("1h");
    let mut apply = stage.rictl(&["apply", "--auto-approve"]);
    apply.wait_for("b: Deactivating...");
    apply.signal(Signal::INT);
    apply.wait_for("interrupted:");
    let second = Instant::now();
    apply.signal(Signal::INT);
    let (code, text) = apply.end();
    assert_eq!(code, Some(130), "{text}");
    assert!(second.elapsed() < Duration::from_secs(5), "it took {:?}", second.elapsed());
    assert!(text.contains("abandoned, outcome unknown"), "{text}");
    let (code, plan) = stage.answer(&["plan"]);
    assert_eq!(code, Some(0), "{plan}");
    assert!(plan.contains("1 to deactivate, 0 to activate, 1 to wait for; 0 blocked."), "{plan}");
}

#[test]
fn a_second_signal_leaves_at_once_although_the_disk_never_answers() {
    if !Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: strace is not installed here, or may not trace");
        return;
    }
    let stage = Stage::new("1h");
    let path = |name: &str| stage.path().join(name);
    let read = |name: &str| fs::read_to_string(path(name)).unwrap_or_default();
    // What the run writes waits for an hour where it is made durable. strace itself waits as long.
    let stall = ["-f", "-qq", "-o", "trace", "-e", "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=3600000000"];
    let rictl = [env!("CARGO_BIN_EXE_rictl"), "apply", "--auto-approve"];
    let mut strace = stage.command("strace", &[&stall[..], &rictl].concat());
    let said = fs::File::create(path("said")).unwrap();
    let mut strace = strace.stdout(said.try_clone().unwrap()).stderr(said).spawn().unwrap();
    wait_until(|| read("state/rictl.journal.jsonl").contains("\"run_id\""));
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", strace.id())).unwrap();
    let pid: u32 = children.trim().parse().unwrap();
    let interrupt = || kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), Signal::INT).unwrap();
    interrupt();
    // Two that come together are one, and nothing tells from outside when the first has been taken in.
    wait_until(|| read("trace").matches("--- SIGINT").count() == 1);
    std::thread::sleep(Duration::from_secs(1));
    interrupt();
    // It says so last. Who traces it asks for its end only once the hour is over, and may hold it in its exit until then.
    wait_until(|| read("said").contains("(exit code 130)"));
    strace.kill().unwrap();
    strace.wait().unwrap();
    let said = read("said");
    assert!(said.contains("the disk does not answer") && said.contains("(exit code 130)"), "{said}");
    let (code, plan) = stage.answer(&["plan"]);
    assert_eq!(code, Some(0), "{plan}");
    assert!(plan.contains("2 to deactivate"), "{plan}");
}

#[test]
fn a_signal_at_the_prompt_leaves_everything_as_it_was() {
    for signal in [Signal::INT, Signal::HUP].into_iter().filter(|signal| is_heard(*signal)) {
        let stage = Stage::new("20ms");
        let mut apply = stage.rictl(&["apply"]);
        apply.wait_for("Enter a value: ");
        apply.signal(signal);
        let (code, text) = apply.end();
        assert_eq!(code, Some(130), "{text}");
        assert!(text.contains("interrupted before anything was sent"), "{text}");
        assert!(!text.contains("Resources:"), "{text}");
        assert!(stage.answer(&["history"]).1.contains("No runs are recorded."));
        assert_eq!(stage.answer(&["apply", "--auto-approve"]).0, Some(0), "the lock is free");
    }
}

#[test]
fn a_terminal_that_is_closed_does_not_stop_an_apply_half_way() {
    let stage = Stage::new("300ms");
    let mut apply = stage.rictl(&["apply", "--auto-approve"]);
    apply.wait_for("b: Deactivating...");
    apply.signal(Signal::HUP);
    let (code, text) = apply.end();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("Apply complete! Resources: 0 added, 2 changed, 0 destroyed."), "{text}");
    assert_eq!(stage.recorded_code(), 0);
}

#[test]
fn a_signal_while_the_cloud_is_asked_ends_every_command_with_130() {
    let stage = Stage::new("20ms");
    let world = fs::read_to_string(stage.path().join("world.yaml")).unwrap();
    fs::write(stage.path().join("world.yaml"), format!("latency: 1h\n{world}")).unwrap();
    for command in [&["plan"][..], &["drift"], &["graph"], &["whoami"], &["apply"]] {
        let running = Running::start(stage.command("rictl", &[command, &["--log", "debug"]].concat()));
        wait_until(|| catches(running.child.id(), Signal::TERM));
        running.signal(Signal::TERM);
        let (code, text) = running.end();
        assert_eq!(code, Some(130), "{command:?}: {text}");
        assert!(text.contains("interrupted"), "{command:?}: {text}");
    }
}

#[test]
fn what_nohup_started_outlives_its_terminal() {
    let stage = Stage::new("300ms");
    let mut apply = Running::start(stage.command("nohup", &["rictl", "apply", "--auto-approve"]));
    apply.wait_for("b: Deactivating...");
    apply.signal(Signal::HUP);
    let (code, text) = apply.end();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("Apply complete! Resources: 0 added, 2 changed, 0 destroyed."), "{text}");
}

#[test]
fn of_ten_applies_at_once_one_runs_and_one_that_waits_finds_it_done() {
    let stage = Stage::new("3s");
    let mut first = stage.rictl(&["apply", "--auto-approve"]);
    first.wait_for("b: Deactivating...");
    let others: Vec<Running> = (0..9).map(|_| stage.rictl(&["apply", "--auto-approve"])).collect();
    let patient = stage.rictl(&["apply", "--auto-approve", "--lock-timeout", "1m"]);
    for other in others {
        let (code, text) = other.end();
        assert_eq!(code, Some(6), "{text}");
        assert!(text.contains("the state is locked by ann on "), "{text}");
    }
    assert_eq!(first.end().0, Some(0));
    let (code, text) = patient.end();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("waiting for the lock of ann on ") && text.contains("No changes."), "{text}");
    let (_, history) = stage.answer(&["history"]);
    assert_eq!(history.lines().count(), 1, "{history}");
}

#[test]
fn ten_applies_that_start_together_are_one_writer_at_a_time() {
    let stage = Stage::new("300ms");
    let all: Vec<Running> = (0..10).map(|_| stage.rictl(&["apply", "--auto-approve"])).collect();
    let codes: Vec<_> = all.into_iter().map(|apply| apply.end().0.unwrap()).collect();
    assert!(codes.iter().all(|code| [0, 6].contains(code)), "{codes:?}");
    assert!(codes.contains(&0), "{codes:?}");
    let (_, history) = stage.answer(&["history"]);
    assert_eq!(history.lines().count(), 1, "{history}");
    assert!(history.contains("complete, 2 changed"), "{history}");
}

#[test]
fn asks_in_colour_on_a_terminal_and_takes_only_yes() {
    let stage = Stage::new("20ms");
    for (answer, ends_with) in [("no\n", "Apply cancelled."), ("yes\n", "Apply complete!")] {
        let mut terminal = Running::start(stage.command("script", &["-qec", "stty cols 60; rictl apply", "/dev/null"]));
        terminal.wait_for("Enter a value: ");
        terminal.type_in(answer);
        terminal.wait_for(ends_with);
        let (code, text) = terminal.end();
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("\u{1b}[33m~\u{1b}[0m"), "changes are yellow: {text}");
        let plan = text.split("Enter a value").next().unwrap();
        let wide: Vec<&str> = plan.lines().filter(|line| columns(line) > 60 && !line.contains("sha256:")).collect();
        assert!(wide.is_empty(), "{wide:?}");
    }
}

#[test]
fn ctrl_c_at_the_prompt_of_a_terminal_is_130() {
    let stage = Stage::new("20ms");
    let mut terminal = Running::start(stage.command("script", &["-qec", "rictl apply", "/dev/null"]));
    terminal.wait_for("Enter a value: ");
    terminal.type_in("\u{3}");
    let (code, text) = terminal.end();
    assert_eq!(code, Some(130), "{text}");
    assert!(text.contains("interrupted before anything was sent"), "{text}");
}

/// Counts what a line shows once its colours are taken out.
fn columns(line: &str) -> usize {
    let mut escaped = false;
    line.trim_end()
        .chars()
        .filter(|&character| {
            let is_escape = character == '\u{1b}';
            let shows = !escaped && !is_escape;
            escaped = is_escape || (escaped && character != 'm');
            shows
        })
        .count()
}

/// Claims that a process has a handler for a signal (Linux).
fn catches(pid: u32, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal.as_raw() - 1)) != 0)
}

fn wait_until(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "it never came to that");
        std::thread::yield_now();
    }
}

#[test]
fn a_signal_in_the_way_back_ends_it_and_the_apply_with_130() {
    let stage = Stage::new("20ms");
    let world = "regions: [cn-shanghai]\nsettle: {deactivate: 20ms, activate: 400ms}\n\
        faults: [{fault: denied, action: DeactivateRouterInterface, interface: ri-a}]\n\
        interfaces: [{id: ri-a}, {id: ri-b}]\n";
    fs::write(stage.path().join("world.yaml"), world).unwrap();
    let mut apply = stage.rictl(&["apply", "--auto-approve", "--on-error", "rollback", "--json-into", "events.jsonl"]);
    apply.wait_for("b: Activating...");
    apply.signal(Signal::INT);
    let (code, text) = apply.end();
    assert_eq!(code, Some(130), "{text}");
    let output = stage.command("rictl", &["history", "--json"]).output().unwrap();
    let history: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let ends: Vec<_> =
        [0, 1].map(|run| (&history["runs"][run]["operation"], &history["runs"][run]["exit_code"])).into();
    assert_eq!(format!("{ends:?}"), r#"[(String("rollback"), Number(130)), (String("apply"), Number(130))]"#);
    let events = fs::read_to_string(stage.path().join("events.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!((&last["run_id"], last["exit_code"].as_i64()), (&history["runs"][1]["run_id"], Some(130)));
}

/// Returns a pipe that is full, so that whoever writes to it waits for a reader.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    let flags = rustix::fs::fcntl_getfl(&writer).unwrap();
    rustix::fs::fcntl_setfl(&writer, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    while (&writer).write(&[b' '; 512]).is_ok() {}
    while (&writer).write(b" ").is_ok() {}
    rustix::fs::fcntl_setfl(&writer, flags).unwrap();
    (reader, writer)
}

#[test]
fn an_apply_whose_output_nobody_reads_goes_on_to_its_end_and_hears_signals() {
    let stage = Stage::new("50ms");
    let (mut reader, writer) = full_pipe();
    let errors = writer.try_clone().unwrap();
    let mut command = stage.command("rictl", &["apply", "--auto-approve"]);
    let mut apply = command.stdout(writer).stderr(errors).spawn().unwrap();
    drop(command);
    let recorded = || {
        let output = stage.command("rictl", &["history", "--json"]).output().unwrap();
        let history: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        history["runs"][0]["exit_code"].as_i64()
    };
    let begun = Instant::now();
    while recorded() != Some(0) {
        assert!(begun.elapsed() < Duration::from_secs(60), "it waits for its reader");
    }
    assert!(apply.try_wait().unwrap().is_none(), "what it has to say is still to be read");
    kill_process(Pid::from_child(&apply), Signal::INT).unwrap();
    assert_eq!(apply.wait().unwrap().code(), Some(0), "the code that is recorded");
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text.trim(), "", "nobody waited for it");
}

#[test]
fn what_stalls_is_written_once_it_is_read_on() {
    let stage = Stage::new("20ms");
    let (mut reader, writer) = full_pipe();
    let mut command = stage.command("rictl", &["apply", "--auto-approve"]);
    let mut apply = command.stdout(writer).spawn().unwrap();
    drop(command);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(apply.wait().unwrap().code(), Some(0));
    assert!(text.ends_with("takes it back\n"), "{text}");
}

#[test]
fn a_plan_whose_output_nobody_reads_hears_signals() {
    let stage = Stage::new("20ms");
    let (_reader, writer) = full_pipe();
    let mut command = stage.command("rictl", &["plan"]);
    let mut plan = command.stdout(writer).env("RICTL_LOG", "trace").spawn().unwrap();
    drop(command);
    // It has been read from the cloud by then, and waits for its reader.
    let mut errors = BufReader::new(plan.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("DescribeRouterInterfaces") {
        line.clear();
        assert!(errors.read_line(&mut line).unwrap() > 0, "nothing was read");
    }
    kill_process(Pid::from_child(&plan), Signal::INT).unwrap();
    assert_eq!(plan.wait().unwrap().code(), Some(130));
}
