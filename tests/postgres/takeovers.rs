//! The real binary on two machines: one is killed or stands still, the other one goes on.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::binary::{Desk, QUICK, flat};
use crate::harness::emulator::Emulator;

use super::server::Server;

const LINKS: usize = 35;

/// Longer than a lease, and what a call may be late, together.
const LONGEST: Duration = Duration::from_secs(200);

fn world() -> String {
    let links: String = (0..LINKS).map(|number| format!("  - {{ id: ri-{number:02} }}\n")).collect();
    format!(
        "regions: [cn-shanghai]\nsettle: {{ activate: 50ms, deactivate: 50ms }}\nlatency: 20ms\ninterfaces:\n{links}"
    )
}

fn machine(url: &str) -> Desk {
    let links: String =
        (0..LINKS).map(|number| format!("  a{number:02}: {{ id: ri-{number:02}, status: Inactive }}\n")).collect();
    let spec =
        format!("version: 1\nname: site\ncloud: {{ provider: emulator, region: cn-shanghai }}\ninterfaces:\n{links}");
    Desk::new(&spec).with_the_usual_key().variable("RICTL_STATE", url).variable("RICTL_LEASE", "10s")
}

/// Starts an apply of few calls at a time.
fn apply(desk: &Desk, emulator: &Emulator, more: &[&str]) -> Child {
    let url = emulator.url();
    let own = ["apply", "--auto-approve", "--parallelism", "2", "--endpoint", &url];
    let mut command = desk.command(&[&own[..], &QUICK, more].concat());
    let output = File::create(desk.path().join("output")).unwrap();
    command.stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap()
}

/// Waits for the end of a process, and returns its exit code and what it said.
fn ended(mut child: Child, desk: &Desk) -> (i32, String) {
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
    (status.code().unwrap_or(-1), flat(&std::fs::read_to_string(desk.path().join("output")).unwrap()))
}

/// Waits until so many calls have arrived.
fn after_calls(emulator: &Emulator, calls: usize, child: &mut Child) {
    while emulator.mutating_calls().len() < calls {
        assert!(child.try_wait().unwrap().is_none(), "it is at work");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn each_called_once(emulator: &Emulator) {
    let mut calls: BTreeMap<String, u32> = BTreeMap::new();
    for call in emulator.mutating_calls() {
        *calls.entry(format!("{call:?}")).or_default() += 1;
    }
    assert_eq!((calls.len(), emulator.mutating_calls().len()), (LINKS, LINKS), "{calls:?}");
}

#[test]
fn what_a_killed_machine_left_another_one_finishes_without_a_second_call() {
    let Some(server) = Server::shared() else { return };
    let (emulator, url) = (Emulator::serve(&world()), server.url(&server.database()));
    let (one, other) = (machine(&url), machine(&url));
    let mut killed = apply(&one, &emulator, &[]);
    after_calls(&emulator, 12, &mut killed);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let (code, said) = ended(apply(&other, &emulator, &["--lock-timeout", "1m"]), &other);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("took over from a process whose lease is over"), "{said}");
    each_called_once(&emulator);
}

#[test]
fn who_stood_still_past_its_lease_sends_nothing_more_and_says_who_has_taken_over() {
    let Some(server) = Server::shared() else { return };
    let (emulator, url) = (Emulator::serve(&world()), server.url(&server.database()));
    let (one, other) = (machine(&url), machine(&url));
    let mut still = apply(&one, &emulator, &[]);
    after_calls(&emulator, 12, &mut still);
    let pid = Pid::from_child(&still);
    kill_process(pid, Signal::STOP).unwrap();
    let (code, said) = ended(apply(&other, &emulator, &["--lock-timeout", "1m"]), &other);
    assert_eq!(code, 0, "{said}");
    each_called_once(&emulator);
    kill_process(pid, Signal::CONT).unwrap();
    let (code, said) = ended(still, &one);
    assert_eq!(code, 5, "{said}");
    assert!(said.contains("was taken over by") && said.contains("epoch 2"), "{said}");
    each_called_once(&emulator);
}

#[test]
fn a_confirmation_and_the_way_back_on_two_machines_come_to_one_end() {
    let Some(server) = Server::shared() else { return };
    let (mut kept, mut taken_back) = (0, 0);
    for race in 0..6_u64 {
        let (emulator, url) = (Emulator::serve(&world()), server.url(&server.database()));
        let (one, other) = (machine(&url), machine(&url));
        let waits = apply(&one, &emulator, &["--target", "a00", "--confirm-within", "2s"]);
        let begun = Instant::now();
        let run = loop {
            let said = std::fs::read_to_string(one.path().join("output")).unwrap();
            let run = said.split_once("\nRun ").and_then(|(_, rest)| rest.split_once(':'));
            if let Some((run, _)) = run.filter(|(_, rest)| rest.contains("waits confirmation")) {
                break run.to_owned();
            }
            assert!(begun.elapsed() < LONGEST, "{said}");
            std::thread::sleep(Duration::from_millis(10));
        };
        // Around the deadline, which is two seconds after the call.
        std::thread::sleep(Duration::from_millis(1700 + 80 * race));
        let confirmed = other.quick(&emulator.url(), &["confirm", &run]);
        let (code, said) = ended(waits, &one);
        let (status, calls) = (emulator.status("ri-00"), emulator.mutating_calls().len());
        match confirmed.code {
            0 => assert_eq!((code, status.as_str(), calls), (0, "Inactive", 1), "{}{said}", confirmed.text()),
            _ => assert_eq!((code, status.as_str(), calls), (5, "Active", 2), "{}{said}", confirmed.text()),
        }
        kept += u32::from(confirmed.code == 0);
        taken_back += u32::from(confirmed.code != 0);
    }
    println!("{kept} kept, {taken_back} taken back");
}
