//! The real binary: beside a real run with the same faults, and what it leaves, which is nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;
use serde_json::Value;

use crate::harness::binary::{Desk, Ran};
use crate::harness::emulator::Emulator;

const WORLD: &str = "regions: [cn-shanghai, cn-beijing]
settle: { activate: 300ms, deactivate: 300ms }
interfaces:
  - { id: ri-a }
  - { id: ri-b }
  - { id: ri-c, status: Inactive }
  - { id: ri-d, status: Inactive }
  - { id: ri-e, region: cn-beijing }
  - { id: ri-f, region: cn-beijing, opposite: ri-e }
";

/// A spec of these statuses of a, b, c and d in one group of which two have to be up, and more of it.
fn spec(statuses: [&str; 4], more: &str) -> String {
    let head = "version: 1\ncloud: { provider: emulator, region: cn-shanghai }\ngroups:\n  site: { min_active: 2 }\n";
    let mut text = format!("{head}{more}interfaces:\n");
    for (name, status) in ["a", "b", "c", "d"].into_iter().zip(statuses) {
        text += &format!("  {name}: {{ id: ri-{name}, status: {status}, group: site }}\n");
    }
    text
}

const SWAP: [&str; 4] = ["Inactive", "Inactive", "Active", "Active"];

fn desk(spec: &str) -> Desk {
    Desk::new(spec).with_the_usual_key()
}

/// Runs it with patience for transitions of which nothing is recorded.
fn patient(desk: &Desk, emulator: &Emulator, arguments: &[&str]) -> Ran {
    let url = emulator.url();
    let patient = ["--endpoint", &url, "--poll-interval", "50ms", "--request-timeout", "2s", "--settle-timeout", "8s"];
    desk.run(&[arguments, &patient].concat())
}

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A step of a run: how it ended, and when it began.
type Step = (String, Option<Timestamp>);

fn steps(results: &Value) -> BTreeMap<String, Step> {
    let word = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let step = |result: &Value| {
        let began = result["started_at"].as_str().map(|at| at.parse().unwrap());
        (word(&result["id"]), (word(&result["outcome"]), began))
    };
    results.as_array().unwrap().iter().map(step).collect()
}

/// Says where two runs differ: in how a step ended, in whether it began, and in what began after what. What was rehearsed to
/// begin at about one time may begin in any order.
fn differences(said: &BTreeMap<String, Step>, real: &BTreeMap<String, Step>) -> Vec<String> {
    let ends = |steps: &BTreeMap<String, Step>| {
        let end = |(id, (outcome, began)): (&String, &Step)| format!("{id} {outcome} {}", began.is_some());
        steps.iter().map(end).collect::<Vec<_>>()
    };
    let mut differences: Vec<String> = Vec::new();
    if ends(said) != ends(real) {
        differences.push(format!("{:?} is not {:?}", ends(said), ends(real)));
    }
    let began: Vec<(&String, Timestamp)> = said.iter().filter_map(|(id, step)| Some((id, step.1?))).collect();
    for (first, at) in &began {
        for (then, later) in &began {
            let is_after = later.as_millisecond() - at.as_millisecond() > 200;
            if is_after && real.get(*then).map(|step| step.1) <= real.get(*first).map(|step| step.1) {
                differences.push(format!("{then} began before {first}"));
            }
        }
    }
    differences
}

/// Counts how few of a, b, c and d were up at any moment since `from`, and how many are now, by the world's own record.
fn truth(emulator: &Emulator, from: Timestamp) -> (u64, u64) {
    emulator.world(|world| {
        let now = Timestamp::now();
        let moments = [from].into_iter().chain(world.turns(from, now).into_keys());
        let ups: Vec<u64> = moments
            .map(|at| {
                let is_up =
                    |id: &&str| world.status(&(*id).into(), at).is_some_and(|status| status.as_str() == "Active");
                ["ri-a", "ri-b", "ri-c", "ri-d"].into_iter().filter(is_up).count() as u64
            })
            .collect();
        (ups.iter().copied().min().unwrap(), *ups.last().unwrap())
    })
}

/// A desk on which the four links have been swapped and swapped back: how long that takes is recorded.
fn drilled(emulator: &Emulator) -> Desk {
    let desk = desk(&spec(SWAP, ""));
    for statuses in [SWAP, ["Active", "Active", "Inactive", "Inactive"]] {
        desk.file("rictl.yaml", &spec(statuses, ""));
        let ran = desk.quick(&emulator.url(), &["apply", "--auto-approve"]);
        assert_eq!(ran.code, 0, "{}", ran.text());
    }
    desk
}

#[test]
fn a_stuck_link_leaves_what_was_rehearsed() {
    for on_error in ["continue", "stop", "rollback"] {
        let emulator = Emulator::serve(WORLD);
        let desk = drilled(&emulator);
        desk.file("rictl.yaml", &spec(SWAP, ""));
        let faults = "faults:\n  - { fault: stuck_transition, interface: ri-c }\n";
        desk.file("stuck.yaml", faults);
        let arguments = ["rehearse", "--faults", "stuck.yaml", "--on-error", on_error, "--json"];
        let said = desk.quick(&emulator.url(), &arguments);
        assert_eq!(said.code, 5, "{}", said.text());
        let said = document(&said.out);
        assert_eq!(said["assumed"], Value::Array(Vec::new()));
        assert_eq!(said["exit_code"], 5);
        emulator.breaks(faults);
        let from = Timestamp::now();
        let real = desk.quick(&emulator.url(), &["apply", "--auto-approve", "--on-error", on_error, "--json"]);
        assert_eq!(real.code, 5, "{}", real.text());
        let (lowest, end) = truth(&emulator, from);
        let group = &said["groups"][0];
        assert_eq!((group["lowest"].as_u64(), group["end"].as_u64()), (Some(lowest), Some(end)), "{on_error}: {group}");
        assert_eq!(group["floor"], 2);
        let ends: Vec<Value> = real.out.lines().map(document).filter(|line| line["type"] == "run_finished").collect();
        let of = |operation: &str| {
            let report = ends.iter().map(|end| &end["report"]).find(|report| report["operation"] == operation);
            report.map(|report| steps(&report["results"])).unwrap_or_default()
        };
        for (said, real) in [(&said["results"], of("apply")), (&said["way_back"], of("rollback"))] {
            assert_eq!(differences(&steps(said), &real), Vec::<String>::new(), "{on_error}");
        }
        assert_eq!(of("rollback").is_empty(), on_error != "rollback");
    }
}

/// Every file below a directory, with what tells whether anybody has touched it.
fn listing(directory: &Path) -> BTreeMap<String, (u64, SystemTime)> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            // The streams of the child, and what those who call beside each other tell each other.
            let is_gate = path.extension().is_some_and(|extension| extension == "gate");
            if path.ends_with(".out") || path.ends_with(".err") || is_gate {
                continue;
            }
            let metadata = path.symlink_metadata().unwrap();
            found.insert(path.display().to_string(), (metadata.len(), metadata.modified().unwrap()));
            if metadata.is_dir() {
                open.push(path);
            }
        }
    }
    // What its streams do to the directory itself is not the child's.
    found
}

#[test]
fn nothing_is_sent_but_reads_and_nothing_is_written() {
    let emulator = Emulator::serve(WORLD);
    let desk = drilled(&emulator);
    desk.file("rictl.yaml", &spec(SWAP, "limits: { health: block }\n"));
    desk.file("stuck.yaml", "faults:\n  - { fault: stuck_transition, interface: ri-c }\n");
    let plan = desk.quick(&emulator.url(), &["plan", "--out", "saved.plan"]);
    assert_eq!(plan.code, 0, "{}", plan.text());
    let (before, calls) = (listing(desk.path()), emulator.calls().len());
    for more in [&[][..], &["saved.plan"], &["--faults", "stuck.yaml", "--on-error", "rollback"], &["--target", "c"]] {
        let arguments: Vec<&str> = ["rehearse", "--json"].iter().chain(more).copied().collect();
        let ran = desk.quick(&emulator.url(), &arguments);
        let exit = if more.contains(&"stuck.yaml") { 5 } else { 0 };
        assert_eq!(ran.code, exit, "{more:?}: {}", ran.text());
        assert_eq!(document(&ran.out)["exit_code"], exit);
    }
    assert_eq!(listing(desk.path()), before);
    let reads = [
        "DescribeRouterInterfaces",
        "DescribeRouterInterfaceAttribute",
        "DescribeRouteTableList",
        "DescribeRouteEntryList",
        "GetCallerIdentity",
    ];
    let calls = emulator.calls().split_off(calls);
    assert!(!calls.is_empty());
    for call in calls {
        assert!(reads.contains(&call.action.as_str()) && !call.mutated, "{call:?}");
    }
}

#[test]
fn the_world_of_a_spec_is_looked_at_and_kept_as_it_is() {
    let desk = desk(&spec(SWAP, "").replace("region: cn-shanghai }", "region: cn-shanghai, world: world.yaml }"));
    desk.file("world.yaml", WORLD);
    let before = listing(desk.path());
    let ran = desk.run(&["rehearse"]);
    assert_eq!(ran.code, 0, "{}", ran.text());
    assert!(ran.flat().contains("no time is recorded of 4 steps, 5s taken for each"), "{}", ran.text());
    assert!(!ran.text().contains("Apply complete!"), "{}", ran.text());
    assert_eq!(listing(desk.path()), before);
}

#[test]
fn it_exits_as_the_apply_does() {
    let protected = |text: &str| text.replace("ri-a, status: Inactive", "ri-a, status: Inactive, protect: true");
    let unread = "faults:\n  - { fault: denied, region: cn-beijing }\n";
    let far = "  e: { id: ri-e, region: cn-beijing, status: Active }\n";
    let ill = "faults:\n  - { fault: { health_check: Abnormal }, interface: ri-b }\n";
    let cases: [(&str, String, &str); 7] = [
        ("done", spec(SWAP, ""), ""),
        ("nothing", spec(["Active", "Active", "Inactive", "Inactive"], ""), ""),
        (
            "protected",
            protected(
                &spec(["Inactive", "Active", "Inactive", "Inactive"], "").replace("min_active: 2", "min_active: 1"),
            ),
            "",
        ),
        ("partly", protected(&spec(SWAP, "")), ""),
        ("unread", spec(["Active", "Active", "Inactive", "Inactive"], "") + far, unread),
        ("unread, and something to do", spec(SWAP, "") + far, unread),
        (
            "unhealthy",
            spec(["Inactive", "Active", "Inactive", "Inactive"], "limits: { health: block }\n")
                .replace("min_active: 2", "min_active: 1"),
            ill,
        ),
    ];
    let mut seen = Vec::new();
    for (name, spec, faults) in cases {
        let emulator = Emulator::serve(WORLD);
        if !faults.is_empty() {
            emulator.breaks(faults);
        }
        let desk = desk(&spec);
        let said = patient(&desk, &emulator, &["rehearse"]);
        let real = patient(&desk, &emulator, &["apply", "--auto-approve"]);
        assert_eq!(said.code, real.code, "{name}: {}\n{}", said.text(), real.text());
        seen.push(said.code);
    }
    assert_eq!(seen, [0, 0, 3, 5, 1, 5, 3]);
}

#[test]
fn a_saved_plan_is_rehearsed_as_it_is_and_what_moved_is_4() {
    let emulator = Emulator::serve(WORLD);
    let desk = drilled(&emulator);
    desk.file("rictl.yaml", &spec(SWAP, ""));
    let plan = desk.quick(&emulator.url(), &["plan", "--json", "--out", "saved.plan"]);
    let digest = document(&plan.out)["digest"].clone();
    let said = desk.quick(&emulator.url(), &["rehearse", "saved.plan", "--json"]);
    assert_eq!((said.code, &document(&said.out)["digest"]), (0, &digest), "{}", said.text());
    let both = desk.quick(&emulator.url(), &["rehearse", "saved.plan", "--target", "a"]);
    assert_eq!(both.code, 1, "{}", both.text());
    emulator.breaks("faults:\n  - { fault: { console: { interface: ri-c, status: Idle, at: 0s } } }\n");
    let moved = desk.quick(&emulator.url(), &["rehearse", "saved.plan"]);
    let real = desk.quick(&emulator.url(), &["apply", "saved.plan"]);
    assert_eq!((moved.code, real.code), (4, 4), "{}\n{}", moved.text(), real.text());
    assert_eq!(moved.err, real.err);
}

#[test]
fn a_later_moment_is_rehearsed_as_of_then() {
    let emulator = Emulator::serve(WORLD);
    let change = "changes:
  CHG-1:
    reason: swap
    select: [a]
    status: Inactive
    from: 2031-01-01T01:00:00Z
    until: 2031-01-01T03:00:00Z
";
    let closed = "windows:\n  - { deny: early, start: 2031-01-01T00:00:00Z, end: 2031-01-01T02:00:00Z }\n";
    let desk = desk("");
    for (windows, asked) in [("", "2031-01-01T01:00:00Z"), (closed, "open")] {
        let text = spec(["Active", "Active", "Active", "Active"], &format!("{change}{windows}"));
        let settled = text
            .replace("min_active: 2", "min_active: 1")
            .replace("id: ri-c", "id: ri-e, region: cn-beijing")
            .replace("id: ri-d", "id: ri-f, region: cn-beijing");
        desk.file("rictl.yaml", &settled);
        let choice = ["--target", "change:CHG-1", "--at", asked];
        let plan = desk.quick(&emulator.url(), &[&["plan", "--json", "--out", "then.plan"][..], &choice].concat());
        let plan = document(&plan.out);
        let said = patient(&desk, &emulator, &[&["rehearse", "--json"][..], &choice].concat());
        let again = patient(&desk, &emulator, &["rehearse", "--json", "then.plan"]);
        assert_eq!(said.code, 0, "{}", said.text());
        let (said, again) = (document(&said.out), document(&again.out));
        for rehearsal in [&said, &again] {
            assert_eq!(
                (&rehearsal["digest"], &rehearsal["at"]),
                (&plan["digest"], &plan["at"]),
                "{asked}: {rehearsal}"
            );
            assert_eq!(rehearsal["results"][0]["id"], "a/deactivate", "{asked}: {rehearsal}");
        }
    }
    let now = desk.quick(&emulator.url(), &["rehearse", "--target", "change:CHG-1", "--json"]);
    assert_eq!((now.code, &document(&now.out)["results"]), (0, &Value::Array(Vec::new())), "{}", now.text());
    let early = desk.quick(&emulator.url(), &["rehearse", "then.plan", "--at", "2031-01-01T01:30:00Z"]);
    assert_eq!(early.code, 3, "{}", early.text());
}

#[test]
fn checks_are_not_run() {
    let emulator = Emulator::serve(WORLD);
    let desk = desk(&spec(SWAP, "rollout: { canary: 1, batch: 1, pause: 1h, check: [touch, here] }\n"));
    let ran = patient(&desk, &emulator, &["rehearse", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.text());
    assert!(document(&ran.out)["duration_ms"].as_u64().unwrap() > 3 * 3_600_000, "{}", ran.out);
    assert!(!desk.path().join("here").exists());
    let text = patient(&desk, &emulator, &["rehearse"]).flat();
    assert!(text.contains("Check: not run, and taken as passed"), "{text}");
}

#[test]
fn both_ends_and_those_of_others_are_in_its_world() {
    const PARTNER: &str = "9876543210987654";
    let own = crate::harness::emulator::ACCOUNT;
    let emulator = Emulator::serve(&format!(
        "regions: [cn-shanghai, cn-beijing]
accounts: [{{ id: \"{own}\" }}, {{ id: \"{PARTNER}\" }}]
interfaces:
  - {{ id: ri-near }}
  - {{ id: ri-far, region: cn-beijing, account: \"{PARTNER}\", opposite: ri-near }}
  - {{ id: ri-own }}
  - {{ id: ri-theirs, region: cn-beijing, account: \"{PARTNER}\", opposite: ri-own }}
  - {{ id: ri-half, status: Inactive, opposite: {{ id: ri-elsewhere, region: cn-hangzhou, status: Active }} }}
"
    ));
    let desk = desk(&format!(
        "version: 1
cloud:
  provider: emulator
  region: cn-shanghai
  accounts:
    partner: {{ profile: partner, account_id: \"{PARTNER}\" }}
groups:
  site: {{ min_active: 1 }}
interfaces:
  near: {{ id: ri-near, status: Inactive, group: site }}
  far: {{ id: ri-far, region: cn-beijing, account: partner, status: Inactive, group: site }}
  own: {{ id: ri-own, status: Active, group: site }}
  half: {{ id: ri-half, status: Active, group: site }}
"
    ));
    let said = patient(&desk, &emulator, &["rehearse", "--json"]);
    assert_eq!(said.code, 0, "{}", said.text());
    let said = document(&said.out);
    let group = &said["groups"][0];
    let counted: Vec<&Value> = ["declared", "lowest", "end"].iter().map(|key| &group[key]).collect();
    assert_eq!(counted, [3, 1, 2], "{said}");
    assert_eq!(said["results"].as_array().unwrap().len(), 3);
}

#[test]
fn faults_that_name_what_is_not_there_are_an_error() {
    let emulator = Emulator::serve(WORLD);
    let desk = desk(&spec(SWAP, ""));
    desk.file("wrong.yaml", "faults:\n  - { fault: stuck_transition, interface: ri-nowhere }\n");
    let ran = desk.quick(&emulator.url(), &["rehearse", "--faults", "wrong.yaml"]);
    assert_eq!(ran.code, 1, "{}", ran.text());
    assert!(ran.flat().contains("a fault names interface ri-nowhere, which the world does not have"), "{}", ran.text());
    assert_eq!(desk.quick(&emulator.url(), &["rehearse", "--faults", "nowhere.yaml"]).code, 1);
}
