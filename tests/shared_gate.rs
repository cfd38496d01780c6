//! Processes of one account on one host keep one quota: the real binary, twice at a time, against one server.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::process::{Child, Stdio};

use crate::harness::binary::Desk;
use crate::harness::emulator::{ACCOUNT, Emulator};

/// How many calls a second the server lets through; each of the two would use them all.
const A_SECOND: usize = 30;

/// How many pages each reads.
const PAGES: usize = 50;

const LINKS: usize = 50 * PAGES;

fn server() -> Emulator {
    let ids: Vec<String> = (0..LINKS).map(|number| format!("{{ id: ri-{number} }}")).collect();
    let quota = format!("quota: {{ limit: {A_SECOND}, window: 1s, kind: sliding }}");
    Emulator::serve(&format!("regions: [cn-shanghai]\nlatency: 20ms\n{quota}\ninterfaces: [{}]\n", ids.join(", ")))
}

fn desk(locks: &str) -> Desk {
    let mut spec = "version: 1\ncloud: { provider: emulator, region: cn-shanghai }\ninterfaces:\n".to_owned();
    for number in 0..LINKS {
        writeln!(spec, "  link-{number}: {{ id: ri-{number}, status: Active }}").unwrap();
    }
    Desk::new(&spec).with_the_usual_key().variable("RICTL_LOCK_DIR", locks)
}

/// Plans from two checkouts at once, and returns how many calls the server refused.
fn plan_twice(server: &Emulator, locks: &str) -> usize {
    let desks = [desk(locks), desk(locks)];
    let quota = format!("{A_SECOND}/1s");
    let start = |desk: &Desk| -> Child {
        let mut plan = desk.command(&["plan", "--endpoint", &server.url(), "--quota", &quota]);
        plan.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for plan in desks.each_ref().map(start) {
        let ended = plan.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert!(String::from_utf8_lossy(&ended.stdout).contains("No changes."), "{ended:?}");
    }
    let lists = |call: &&crate::harness::emulator::Call| call.action == "DescribeRouterInterfaces";
    let calls = server.calls();
    assert!(calls.iter().filter(lists).filter(|call| call.code.is_none()).count() >= 2 * PAGES);
    calls.iter().filter(lists).filter(|call| call.code.is_some()).count()
}

#[test]
fn two_processes_of_one_account_are_not_throttled_although_each_would_use_the_whole_quota() {
    let (server, locks) = (server(), tempfile::tempdir().unwrap());
    assert_eq!(plan_twice(&server, locks.path().to_str().unwrap()), 0);
    let names: Vec<String> =
        fs::read_dir(locks.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let [name] = names.as_slice() else { panic!("{names:?}") };
    assert!(name.starts_with(&format!("rictl-emulator-{ACCOUNT}-127.0.0.1_")) && name.ends_with(".gate"), "{name}");
    let sheet = fs::read_to_string(locks.path().join(name)).unwrap();
    assert!(!sheet.contains("emulator-secret") && sheet.len() < 4096, "{sheet}");
}

#[test]
fn where_nothing_can_be_written_each_counts_alone_and_gets_there_all_the_same() {
    plan_twice(&server(), "/nonexistent");
}

#[test]
fn a_link_where_the_gate_stands_is_left_alone_and_each_counts_alone() {
    let (server, locks) = (server(), tempfile::tempdir().unwrap());
    fs::write(locks.path().join("victim"), "precious").unwrap();
    let name = format!("rictl-emulator-{ACCOUNT}-127.0.0.1_{}.gate", server.address().port());
    std::os::unix::fs::symlink("victim", locks.path().join(name)).unwrap();
    plan_twice(&server, locks.path().to_str().unwrap());
    assert_eq!(fs::read_to_string(locks.path().join("victim")).unwrap(), "precious");
}
