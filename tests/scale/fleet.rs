//! A thousand interfaces in three regions, a hundred and twenty of them to drain in chains of ten: what that costs in
//! calls, counted by the emulator's own log.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::harness::emulator::whole_lines;

const REGIONS: [&str; 3] = ["cn-shanghai", "cn-beijing", "cn-hangzhou"];
const INTERFACES: usize = 1000;
const CHAINS: usize = 12;
const DEPTH: usize = 10;
/// The most rows of a page.
const PAGE: usize = 50;

#[test]
fn drains_a_hundred_and_twenty_of_a_thousand_with_no_call_too_many() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("world.yaml"), world()).unwrap();
    fs::write(directory.path().join("rictl.yaml"), spec()).unwrap();
    let emulator = Emulator::start(directory.path());

    let planned = emulator.rictl(&["plan", "--json"]);
    let plan: Value = serde_json::from_slice(&planned.stdout).unwrap();
    assert_eq!(plan["summary"]["to_deactivate"], 120, "{plan}");
    let calls = emulator.calls();
    for region in REGIONS {
        let pages = describes(&calls).filter(|call| call["region"] == region).count();
        assert!(pages <= members(region).div_ceil(PAGE), "{pages} list calls for {region}");
    }
    assert!(calls.iter().all(|call| call["mutated"] == false), "a plan has changed something");

    let applied = emulator.rictl(&["apply", "--auto-approve"]);
    let shown = String::from_utf8_lossy(&applied.stdout);
    assert!(shown.contains("Apply complete! Resources: 0 added, 120 changed, 0 destroyed."), "{shown}");
    let applying = emulator.calls().split_off(calls.len());
    drains_each_once_and_in_order(&applying);
    polls_no_interface_by_itself(&applying);

    let again = emulator.rictl(&["plan", "--detailed-exitcode"]);
    assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stdout));
}

/// Every mutating call is one of the 120, none is sent twice, and none before what has to go down first.
fn drains_each_once_and_in_order(calls: &[Value]) {
    let mut sent_at: BTreeMap<&str, usize> = BTreeMap::new();
    for (position, call) in calls.iter().enumerate() {
        if call["action"] != "DeactivateRouterInterface" {
            assert_eq!(call["mutated"], false, "{call}");
            continue;
        }
        let interface = call["interface"].as_str().unwrap();
        assert_eq!(sent_at.insert(interface, position), None, "{interface} was sent twice");
    }
    assert_eq!(sent_at.len(), CHAINS * DEPTH);
    for chain in 0..CHAINS {
        let position = |link| sent_at[id(chain * DEPTH + link).as_str()];
        for link in 1..DEPTH {
            assert!(position(link) < position(link - 1), "link {link} of chain {chain} goes down after what it needs");
        }
    }
}

/// What is in flight in a region is read together.
fn polls_no_interface_by_itself(calls: &[Value]) {
    assert!(calls.iter().all(|call| call["action"] != "DescribeRouterInterfaceAttribute"));
    let reads = describes(calls).count();
    // Each link of the chains settles in about three polls of each region; one call for each of the 120 interfaces
    // and poll would be ten times that.
    let shared = DEPTH * REGIONS.len() * 6;
    assert!(reads <= shared + 3 * INTERFACES.div_ceil(PAGE), "{reads} reads");
}

fn describes(calls: &[Value]) -> impl Iterator<Item = &Value> {
    calls.iter().filter(|call| call["action"] == "DescribeRouterInterfaces")
}

fn id(number: usize) -> String {
    format!("ri-{number:04}")
}

/// The members of a chain are in one region after the other.
fn region(number: usize) -> &'static str {
    REGIONS[number % REGIONS.len()]
}

fn members(region_id: &str) -> usize {
    (0..INTERFACES).filter(|number| region(*number) == region_id).count()
}

fn world() -> String {
    let mut text = "settle: {activate: 150ms, deactivate: 150ms}\ninterfaces:\n".to_owned();
    for number in 0..INTERFACES {
        writeln!(text, "  - {{id: {}, region: {}}}", id(number), region(number)).unwrap();
    }
    text
}

fn spec() -> String {
    let mut text = "version: 1\ncloud: {provider: emulator}\ninterfaces:\n".to_owned();
    for number in 0..INTERFACES {
        let (id, region) = (id(number), region(number));
        let status = if number < CHAINS * DEPTH { "Inactive" } else { "Active" };
        let needs = match number % DEPTH {
            1.. if number < CHAINS * DEPTH => format!(", depends_on: [link-{:04}]", number - 1),
            _ => String::new(),
        };
        writeln!(text, "  link-{number:04}: {{id: {id}, region: {region}, status: {status}{needs}}}").unwrap();
    }
    text
}

/// `emulator serve` as a process of its own; killed at the end.
struct Emulator<'d> {
    directory: &'d Path,
    server: Child,
    url: String,
}

impl<'d> Emulator<'d> {
    fn start(directory: &'d Path) -> Self {
        let mut server = command(directory, &["emulator", "serve", "--world", "world.yaml", "--call-log", "calls"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").expect("the first line has the URL").to_owned();
        Self { directory, server, url }
    }

    fn rictl(&self, arguments: &[&str]) -> Output {
        let output = command(self.directory, arguments)
            .env("RICTL_ENDPOINT", &self.url)
            .env("RICTL_POLL_INTERVAL", "100ms")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn calls(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.directory.join("calls")).unwrap();
        whole_lines(&text).map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Emulator<'_> {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rictl"));
    command.args(arguments).current_dir(directory).env_clear().env("HOME", directory).stdin(Stdio::null());
    command
}
