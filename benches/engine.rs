//! What planning costs: CPU time of each stage at three sizes, with nothing to do and with 5 % to change, how it grows,
//! and the memory that it all took. `cargo bench --bench engine`, with other sizes as arguments.
//!
//! Groups of five with a floor, each a chain of dependencies; two of the five are the sides of one link across regions.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a bench speaks, or has failed")]

use std::fmt::Write as _;
use std::time::Duration;

use rictl::plan::{Plan, PlanOptions};
use rictl::planner::{Inputs, plan};
use rictl::render;
use rictl::resource::{
    BusinessStatus, DesiredStatus, LiveState, Observed, Opposite, Provider, Reading, Role, Status, Target,
};
use rictl::spec::{Spec, SpecFile, parse};

const GROUP: usize = 5;
const STAGES: [&str; 5] = ["parse", "plan", "check", "json", "text"];

/// The CPU time that this thread has used.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let before = cpu_time();
    let result = work();
    (cpu_time() - before, result)
}

fn peak_memory_mib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1024
}

/// The one of a group that is to go down, where its group changes: one goes down and one comes up.
fn drains(number: usize, percent: usize) -> bool {
    number % GROUP == 2 && (number / GROUP * percent * GROUP) % 200 < percent * GROUP
}

fn text(size: usize, percent: usize) -> String {
    let mut text = "version: 1\ncloud: {provider: emulator, region: cn-shanghai}\ngroups:\n".to_owned();
    for group in 0..size.div_ceil(GROUP) {
        writeln!(text, "  g{group:05}: {{min_active: 3}}").unwrap();
    }
    text.push_str("interfaces:\n");
    for number in 0..size {
        let status = if drains(number, percent) { DesiredStatus::Inactive } else { DesiredStatus::Active };
        let region = if number % GROUP == 4 { "cn-beijing" } else { "cn-shanghai" };
        let group = number / GROUP;
        writeln!(text, "  r{number:06}:\n    id: ri-2ze{number:012}\n    region: {region}").unwrap();
        writeln!(text, "    status: {status}\n    group: g{group:05}\n    reason: CHG-{number}").unwrap();
        if let Some(steps_back) = [None, None, Some(1), Some(2), Some(1)][number % GROUP] {
            writeln!(text, "    depends_on: [r{:06}]", number - steps_back).unwrap();
        }
    }
    text
}

/// Everything up, but in each changing group one that has to come up before another may go down.
fn live(spec: &Spec, percent: usize) -> LiveState {
    let id = |number: usize| format!("ri-2ze{number:012}").into();
    let observed = |number: usize, spec: &rictl::spec::Interface| {
        let is_down = number.is_multiple_of(GROUP) && drains(number + 2, percent);
        let (role, peer) = match number % GROUP {
            3 => (Some(Role::InitiatingSide), Some(number + 1)),
            4 => (Some(Role::AcceptingSide), Some(number - 1)),
            _ => (None, None),
        };
        Observed {
            id: spec.id.value.clone(),
            region: spec.scope.region.clone(),
            status: if is_down { Status::Inactive } else { Status::Active },
            business_status: BusinessStatus::Normal,
            role,
            name: None,
            description: None,
            router_id: None,
            router_type: None,
            specification: None,
            opposite: Opposite {
                interface_id: peer.map(id),
                status: peer.map(|_| Status::Active),
                ..Opposite::default()
            },
        }
    };
    let readings = spec.interfaces.iter().enumerate();
    LiveState {
        read_at: "2026-11-23T12:00:00Z".parse().unwrap(),
        readings: readings
            .map(|(number, (address, spec))| (address.clone(), Reading::Found(observed(number, spec))))
            .collect(),
        failures: Vec::new(),
    }
}

fn planned(spec: &Spec, live: &LiveState) -> Plan {
    let target =
        Target { provider: Provider::Emulator, account_id: "1234567890123456".into(), endpoint: "none".to_owned() };
    let options = PlanOptions {
        now: "2026-11-23T12:00:00Z".parse().unwrap(),
        today: "2026-11-23".parse().unwrap(),
        targets: Vec::new(),
        excludes: Vec::new(),
        allow_changes: None,
        settle_timeout: Duration::from_secs(600),
    };
    let inputs = Inputs { spec, spec_digest: "sha256:0", live, state: None, target: &target, doubts: &[] };
    plan(&inputs, &options).unwrap()
}

fn stages(size: usize, percent: usize) -> [Duration; STAGES.len()] {
    let file = SpecFile { name: "rictl.yaml".to_owned(), bytes: text(size, percent).into_bytes() };
    let (parsing, spec) = timed(|| parse(vec![file]).unwrap_or_else(|found| panic!("{found}")));
    let live = live(&spec, percent);
    let (planning, plan) = timed(|| planned(&spec, &live));
    let (checking, ()) = timed(|| plan.check().unwrap());
    let (writing, _) = timed(|| plan.to_json());
    let view = render::View { color: false, width: 100, unicode: false };
    let (drawing, ()) = timed(|| render::plan::text(&mut std::io::sink(), &plan, view).unwrap());
    [parsing, planning, checking, writing, drawing]
}

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 10_000, 100_000] } else { sizes };
    for percent in [0, 5] {
        println!("{percent} % to change, CPU time in ms");
        println!("{:>10} {} {:>9}", "size", STAGES.map(|stage| format!("{stage:>9}")).join(" "), "peak MiB");
        let mut rows: Vec<[Duration; STAGES.len()]> = Vec::new();
        for size in &sizes {
            // The best of three: what the machine did besides is not of interest.
            let runs = [stages(*size, percent), stages(*size, percent), stages(*size, percent)];
            let row = std::array::from_fn(|stage| runs.iter().map(|run| run[stage]).min().unwrap());
            let cells = row.map(|time: Duration| format!("{:>9.2}", time.as_secs_f64() * 1e3)).join(" ");
            println!("{size:>10} {cells} {:>9}", peak_memory_mib());
            rows.push(row);
        }
        if let ([.., smaller, larger], [.., before, last]) = (&sizes[..], &rows[..]) {
            let growth = (*larger as f64 / *smaller as f64).ln();
            let exponents = std::array::from_fn::<_, { STAGES.len() }, _>(|stage| {
                (last[stage].as_secs_f64() / before[stage].as_secs_f64()).ln() / growth
            });
            println!("{:>10} {}", "exponent", exponents.map(|exponent| format!("{exponent:>9.2}")).join(" "));
        }
    }
}
