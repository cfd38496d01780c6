//! Several specs of one command: each account and region is read once for all of them, counted by the emulator's own log.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::harness::emulator::Emulator;

const SPECS: usize = 12;
const EACH: usize = 50;

fn world(regions: &[&str]) -> String {
    let mut text = "interfaces:\n".to_owned();
    for number in 0..SPECS * EACH {
        writeln!(text, "  - {{id: ri-{number:04}, region: {}}}", regions[number % regions.len()]).unwrap();
    }
    text
}

/// Writes specs that share the interfaces of the world, each with a different default region.
fn specs(directory: &Path, regions: &[&str], cloud: impl Fn(usize) -> String) {
    for spec in 0..SPECS {
        let own = regions[spec % regions.len()];
        let mut text = format!(
            "version: 1\ncloud: {{provider: emulator, region: {own}{}}}\nstate: {{path: state/s{spec:02}.json}}\n",
            cloud(spec)
        );
        text.push_str("interfaces:\n");
        for number in (0..EACH).map(|number| number * SPECS + spec) {
            let region = regions[number % regions.len()];
            writeln!(text, "  i{number:04}: {{id: ri-{number:04}, region: {region}, status: Active}}").unwrap();
        }
        fs::write(directory.join(format!("s{spec:02}.yaml")), text).unwrap();
    }
}

fn drift(directory: &Path, emulator: &Emulator, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rictl"));
    (0..SPECS).for_each(|spec| {
        command.args(["-f", &format!("s{spec:02}.yaml")]);
    });
    command.arg("drift").args(more).current_dir(directory).env_clear().env("HOME", directory).stdin(Stdio::null());
    command.env("RICTL_ENDPOINT", emulator.url()).output().unwrap()
}

fn count(emulator: &Emulator, action: &str) -> usize {
    emulator.calls().iter().filter(|call| call.action == action).count()
}

#[test]
fn a_drift_of_twelve_specs_of_one_account_reads_its_region_once_and_asks_once_who_it_is() {
    let (directory, regions) = (tempfile::tempdir().unwrap(), ["cn-shanghai"]);
    let emulator = Emulator::serve(&world(&regions));
    specs(directory.path(), &regions, |_| String::new());
    let drift = drift(directory.path(), &emulator, &[]);
    assert_eq!(drift.status.code(), Some(0), "{}", String::from_utf8_lossy(&drift.stderr));
    let calls = (count(&emulator, "DescribeRouterInterfaces"), count(&emulator, "GetCallerIdentity"));
    assert_eq!(calls, ((SPECS * EACH).div_ceil(50), 1));
    assert!(emulator.calls().iter().all(|call| call.code.is_none()), "none is throttled");
}

#[test]
fn specs_of_several_regions_share_each_of_them_and_accounts_of_one_name_are_one_account() {
    let (directory, regions) = (tempfile::tempdir().unwrap(), ["cn-shanghai", "cn-beijing", "cn-hangzhou"]);
    let emulator = Emulator::serve(&world(&regions));
    specs(directory.path(), &regions, |spec| match spec % 2 {
        0 => ", accounts: {partner: {profile: partner}}".to_owned(),
        _ => String::new(),
    });
    let drift = drift(directory.path(), &emulator, &["--unmanaged"]);
    assert_eq!(drift.status.code(), Some(0), "{}", String::from_utf8_lossy(&drift.stderr));
    let pages = regions.len() * (SPECS * EACH / regions.len()).div_ceil(50);
    let calls = (count(&emulator, "DescribeRouterInterfaces"), count(&emulator, "GetCallerIdentity"));
    let more = pages + regions.len();
    assert_eq!(
        calls,
        (pages + more, 1),
        "what nobody declares is one more listing of each region, and a look behind it"
    );
}

#[test]
fn what_one_of_several_specs_declares_is_told_to_it_alone() {
    let (directory, regions) = (tempfile::tempdir().unwrap(), ["cn-shanghai", "cn-beijing"]);
    let emulator = Emulator::serve(&world(&regions));
    specs(directory.path(), &regions, |_| String::new());
    // Both live in a region that other specs name: the second of these names it too.
    let strays =
        |more: &str| format!("version: 1\ncloud: {{provider: emulator, region: cn-shanghai}}\ninterfaces:\n{more}");
    let one = strays("  alone: {id: ri-0003, status: Active}\n");
    let two = strays(
        "  strayed: {id: ri-0005, status: Active}\n  there: {id: ri-0017, region: cn-beijing, status: Active}\n",
    );
    fs::write(directory.path().join("s03.yaml"), one).unwrap();
    fs::write(directory.path().join("s04.yaml"), "version: 2\n").unwrap();
    fs::write(directory.path().join("s05.yaml"), two).unwrap();
    let drift = drift(directory.path(), &emulator, &["--json"]);
    assert_eq!(drift.status.code(), Some(1), "one spec is no spec");
    let documents: Vec<Value> =
        serde_json::Deserializer::from_slice(&drift.stdout).into_iter().collect::<Result<_, _>>().unwrap();
    let blocked: Vec<&Value> = documents.iter().filter_map(|document| document["items"].as_array()).flatten().collect();
    let told: Vec<_> = blocked.iter().map(|item| (item["address"].as_str(), item["code"].as_str())).collect();
    let expected = [(Some("alone"), Some("not_found")), (Some("strayed"), Some("wrong_region"))];
    assert_eq!(told, expected, "{blocked:#?}");
}
