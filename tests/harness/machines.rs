//! Two machines that act on one state with the real binary: what is begun on one is seen from the other.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::binary::{Desk, QUICK, flat};
use super::emulator::Emulator;

/// How many interfaces there are.
pub(crate) const LINKS: usize = 35;

/// Longer than a lease, and what a call may be late, together.
pub(crate) const LONGEST: Duration = Duration::from_secs(200);

/// A world in which a run of two calls at a time takes a while.
pub(crate) fn world() -> String {
    let links: String = (0..LINKS).map(|number| format!("  - {{ id: ri-{number:02} }}\n")).collect();
    format!(
        "regions: [cn-shanghai]\nsettle: {{ activate: 50ms, deactivate: 50ms }}\nlatency: 20ms\ninterfaces:\n{links}"
    )
}

/// A machine that has the spec, keys and a short lease; the store is for whoever has one.
pub(crate) fn machine() -> Desk {
    let links: String =
        (0..LINKS).map(|number| format!("  a{number:02}: {{ id: ri-{number:02}, status: Inactive }}\n")).collect();
    let spec =
        format!("version: 1\nname: site\ncloud: {{ provider: emulator, region: cn-shanghai }}\ninterfaces:\n{links}");
    Desk::new(&spec).with_the_usual_key().variable("RICTL_LEASE", "10s")
}

/// Starts an apply of few calls at a time.
pub(crate) fn apply(desk: &Desk, emulator: &Emulator, more: &[&str]) -> Child {
    let url = emulator.url();
    let own = ["apply", "--auto-approve", "--parallelism", "2", "--endpoint", &url];
    start(desk, &[&own[..], &QUICK, more].concat())
}

/// Starts the binary.
pub(crate) fn start(desk: &Desk, arguments: &[&str]) -> Child {
    let mut command = desk.command(arguments);
    let output = File::create(desk.path().join("output")).unwrap();
    command.stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap()
}

/// Returns what a process that was started has said so far.
pub(crate) fn said(desk: &Desk) -> String {
    flat(&std::fs::read_to_string(desk.path().join("output")).unwrap())
}

/// Waits for the end of a process, and returns its exit code and what it said.
pub(crate) fn ended(mut child: Child, desk: &Desk) -> (i32, String) {
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > LONGEST {
            child.kill().unwrap();
        }
        // A process cannot be awaited together with a deadline here; this is no wait for an outcome.
        std::thread::sleep(Duration::from_millis(20));
    };
    (status.code().unwrap_or(-1), said(desk))
}

/// Waits until something is so, or fails with what a machine has said.
pub(crate) fn until(desk: &Desk, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONGEST, "{}", said(desk));
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until so many calls have arrived.
pub(crate) fn after_calls(desk: &Desk, emulator: &Emulator, calls: usize, child: &mut Child) {
    while emulator.mutating_calls().len() < calls {
        assert!(child.try_wait().unwrap().is_none(), "it has ended: {}", said(desk));
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Makes sure that each interface was called for once.
pub(crate) fn each_called_once(emulator: &Emulator) {
    let mut calls: BTreeMap<String, u32> = BTreeMap::new();
    for call in emulator.mutating_calls() {
        *calls.entry(format!("{call:?}")).or_default() += 1;
    }
    assert_eq!((calls.len(), emulator.mutating_calls().len()), (LINKS, LINKS), "{calls:?}");
}

/// Kills one machine in mid-run: the other one finishes what it left, without a second call.
pub(crate) fn one_is_killed(one: &Desk, other: &Desk) {
    let emulator = Emulator::serve(&world());
    let mut killed = apply(one, &emulator, &[]);
    after_calls(one, &emulator, 12, &mut killed);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let (code, said) = ended(apply(other, &emulator, &["--lock-timeout", "1m"]), other);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("took over from a process whose lease is over"), "{said}");
    each_called_once(&emulator);
}

/// Stops one machine past its lease and lets it go on once the other one has finished: it sends nothing more, says who has taken
/// over, and leaves a file with what it could not record. Returns that file.
pub(crate) fn one_stands_still(one: &Desk, other: &Desk) -> PathBuf {
    let emulator = Emulator::serve(&world());
    let mut still = apply(one, &emulator, &[]);
    after_calls(one, &emulator, 12, &mut still);
    let pid = Pid::from_child(&still);
    kill_process(pid, Signal::STOP).unwrap();
    let (code, said) = ended(apply(other, &emulator, &["--lock-timeout", "1m"]), other);
    assert_eq!(code, 0, "{said}");
    each_called_once(&emulator);
    kill_process(pid, Signal::CONT).unwrap();
    let (code, said) = ended(still, one);
    assert_eq!(code, 5, "{said}");
    // By name, although the state was given back since.
    let by = said.split_once("was taken over by ").unwrap_or_else(|| panic!("{said}")).1;
    assert!(!by.starts_with("somebody who freed it") && by.contains("epoch 2"), "{said}");
    each_called_once(&emulator);
    let rescued = std::fs::read_dir(one.path()).unwrap().flatten().map(|entry| entry.path());
    let is_rescued = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("rictl-journal-");
    rescued.into_iter().find(is_rescued).unwrap_or_else(|| panic!("no rescue file: {said}"))
}
