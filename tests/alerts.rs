//! Alerts: what chat robots, webhooks, commands and readers are told, when, and that it is told once. Each robot is a strict stub
//! on loopback; the binary is the real one.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]

mod memory;
mod month;
mod robots;
mod rules;
mod runs;
mod sequences;
mod stub;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use self::stub::Stub;
use crate::harness::binary::{Desk, Ran};
use crate::wall_clock;

/// Two links to one site.
const WORLD: &str = "\
regions: [cn-shanghai]
settle: {activate: 20ms, deactivate: 20ms}
interfaces:
  - {id: ri-alfa}
  - {id: ri-bravo}
";

/// Both are to be up.
const SPEC: &str = "\
version: 1
name: net-a
cloud: {provider: emulator, region: cn-shanghai, world: world.yaml}
groups:
  idc: {min_active: 1}
interfaces:
  alfa: {id: ri-alfa, status: Active, group: idc}
  bravo: {id: ri-bravo, status: Active, group: idc, reason: CHG-7}
";

/// What stands in the address of a robot and nobody is to see.
const TOKEN: &str = "c0ffee5ec7e7c0ffee5ec7e7";

/// What messages are signed with, and nobody is to see.
const SECRET: &str = "SECc0ffee1f5ec7e7";

/// A watched site, applied as it is declared.
struct Site {
    desk: Desk,
}

impl Site {
    fn new() -> Self {
        Self::of(SPEC, WORLD)
    }

    fn of(spec: &str, world: &str) -> Self {
        let desk = Desk::new(spec);
        desk.file("world.yaml", world);
        let tell = desk.file("tell", "#!/bin/sh\ncat >> told.jsonl\n");
        fs::set_permissions(tell, fs::Permissions::from_mode(0o755)).unwrap();
        let site = Self { desk };
        assert_eq!(site.desk.run(&["apply", "--auto-approve", "--poll-interval", "20ms"]).code, 0);
        site
    }

    fn with_robot(self, url: &str, secret: Option<&str>) -> Self {
        let desk = self.desk.variable("RICTL_NOTIFY_URL", url);
        Self { desk: desk.variable("RICTL_NOTIFY_SECRET", secret.unwrap_or_default()) }
    }

    /// Somebody else takes links down or up: those that are named are Inactive from now on.
    fn console(&self, inactive: &[&str]) {
        let world = |id: &str| {
            let status = if inactive.contains(&id) { "Inactive" } else { "Active" };
            format!("  - {{id: ri-{id}, status: {status}}}\n")
        };
        let head = "regions: [cn-shanghai]\nsettle: {activate: 20ms, deactivate: 20ms}\ninterfaces:\n";
        self.desk.file("world.yaml", &format!("{head}{}{}", world("alfa"), world("bravo")));
        assert_eq!(self.desk.run(&["emulator", "reset", "--world", "world.yaml"]).code, 0);
    }

    fn drift(&self, flags: &str) -> Ran {
        self.desk.run(&words(&format!("drift --poll-interval 20ms {flags}")))
    }

    /// What the command was told, since it was asked last.
    fn told(&self) -> Vec<Value> {
        let path = self.desk.path().join("told.jsonl");
        let text = fs::read_to_string(&path).unwrap_or_default();
        if !text.is_empty() {
            fs::remove_file(path).unwrap();
        }
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn spec(&self, from: &str, to: &str) {
        let path = self.desk.path().join("rictl.yaml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    fn command(&self, flags: &str) -> Command {
        self.desk.command(&words(&format!("drift --poll-interval 20ms {flags}")))
    }
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

/// The causes and names of items, in their order.
fn items(document: &Value) -> Vec<String> {
    let name = |item: &Value| {
        let what = item["address"].as_str().or(item["group"].as_str()).unwrap();
        format!("{} {what}", item["cause"].as_str().unwrap())
    };
    document["items"].as_array().unwrap().iter().map(name).collect()
}

/// A site with a link down, of which a robot hears whatever the time is; nothing where children can have no other clock.
fn down_on_another_clock() -> Option<(Stub, Site)> {
    if !wall_clock::can_be_set() {
        println!("skipped: no C compiler, so no other clock");
        return None;
    }
    let stub = Stub::at_any_time("feishu");
    let site = Site::new().with_robot(&stub.url(), Some(SECRET));
    site.console(&["bravo"]);
    Some((stub, site))
}
