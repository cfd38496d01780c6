//! Rehearsals: the fault files of `examples/faults`, served by the binary, and what they do to an apply.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use crate::harness::binary::Desk;

const WORLD: &str = "
regions: [cn-shanghai]
settle: {activate: 20ms, deactivate: 20ms}
interfaces:
  - {id: ri-a}
  - {id: ri-b}
  - {id: ri-c}
";

const SPEC: &str = "
version: 1
cloud: {provider: emulator, region: cn-shanghai}
interfaces:
  a: {id: ri-a, status: Inactive}
  b: {id: ri-b, status: Inactive}
  c: {id: ri-c, status: Inactive}
";

/// `rictl emulator serve`, ended by its id.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn start(desk: &Desk, faults: &str) -> Self {
        let arguments = ["emulator", "serve", "--world", "world.yaml", "--faults", faults, "--call-log", "calls.jsonl"];
        let mut child = desk.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().rsplit(' ').next().unwrap().to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{line}");
        Self { child, url }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/faults").join(name);
    fs::read_to_string(path).unwrap()
}

fn rehearse(faults: &str) -> (Desk, Served) {
    let desk = Desk::new(SPEC);
    desk.file("world.yaml", WORLD);
    desk.file("faults.yaml", &example(faults));
    let served = Served::start(&desk, "faults.yaml");
    (desk, served)
}

#[test]
fn the_api_throttles_and_one_link_sticks() {
    let (desk, served) = rehearse("throttled-and-stuck.yaml");
    let ran = desk.quick(&served.url, &["apply", "--auto-approve"]);
    assert_eq!(ran.code, 5, "{}", ran.text());
    assert!(ran.flat().contains("ri-b in cn-shanghai: still Deactivating after 3s"), "{}", ran.text());
    assert!(ran.flat().contains("throttled"), "{}", ran.text());
    assert!(ran.flat().contains("2 done, 1 sent and not settled"), "{}", ran.text());
    let plan = desk.quick(&served.url, &["plan", "--detailed-exitcode"]);
    assert_eq!(plan.code, 2, "a stuck link is never `No changes`: {}", plan.text());
    assert!(plan.flat().contains("Deactivating, in transition since"), "{}", plan.text());
    let log = fs::read_to_string(desk.path().join("calls.jsonl")).unwrap();
    let sent =
        log.lines().filter(|line| line.contains("\"DeactivateRouterInterface\"") && line.contains("\"mutated\":true"));
    assert_eq!(sent.count(), 3, "every link was asked to go down once");
}

#[test]
fn answers_are_lost_and_nothing_is_done_twice() {
    let (desk, served) = rehearse("answers-lost.yaml");
    let ran = desk.quick(&served.url, &["apply", "--auto-approve"]);
    assert_eq!(ran.code, 0, "{}", ran.text());
    assert!(ran.flat().contains("unknown, found Inactive"), "{}", ran.text());
    let log = fs::read_to_string(desk.path().join("calls.jsonl")).unwrap();
    assert_eq!(log.lines().filter(|line| line.contains("\"mutated\":true")).count(), 3);
}

#[test]
fn somebody_at_the_console_moves_a_link_meanwhile() {
    let (desk, served) = rehearse("console.yaml");
    let ran = desk.quick(&served.url, &["apply", "--auto-approve", "--parallelism", "1"]);
    assert_eq!(ran.code, 5, "{}", ran.text());
    assert!(ran.flat().contains("unknown, found Idle: somebody else acts"), "{}", ran.text());
}

#[test]
fn every_example_of_faults_fits_the_example_world() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/faults");
    let mut names: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    // The world and its spec stand beside the schedules.
    names.retain(|name| name.to_string_lossy().ends_with(".yaml") && name != "world.yaml" && name != "rictl.yaml");
    assert!(names.len() >= 3);
    for name in names {
        rehearse(&name.to_string_lossy());
    }
}
