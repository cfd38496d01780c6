//! What planning costs: CPU time of each stage at three sizes, from YAML and from JSON, with nothing to do and with 5 %
//! to change, how it grows, and the memory that it took. `cargo bench --bench engine`, with other sizes as arguments.
//!
//! Every measurement is a process of its own, as every run of `rictl` is: one that comes second would find the heap in
//! pieces. Groups of five with a floor, each with dependencies; two of the five are the sides of one link across regions.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a bench speaks, has failed, and is a process of its own"
)]

use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use rictl::language::Language;
use rictl::plan::{Plan, PlanOptions, RoutesHeard};
use rictl::planner::{Inputs, plan};
use rictl::render;
use rictl::resource::{DesiredStatus, LiveState, Observed, Opposite, Provider, Reading, Role, Status, Target};
use rictl::spec::{Spec, SpecFile, parse};

const GROUP: usize = 5;
const STAGES: [&str; 5] = ["parse", "plan", "check", "document", "text"];
/// Every measurement is taken this often, and the least counts: what the machine did besides is not of interest.
const RUNS: usize = 5;

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

/// What an interface depends on.
fn needs(number: usize) -> Option<usize> {
    [None, None, Some(1), Some(2), Some(1)][number % GROUP].map(|steps_back: usize| number - steps_back)
}

fn region(number: usize) -> &'static str {
    if number % GROUP == 4 { "cn-beijing" } else { "cn-shanghai" }
}

fn status(number: usize, percent: usize) -> DesiredStatus {
    if drains(number, percent) { DesiredStatus::Inactive } else { DesiredStatus::Active }
}

fn yaml(size: usize, percent: usize) -> String {
    let mut text = "version: 1\ncloud: {provider: emulator, region: cn-shanghai}\ngroups:\n".to_owned();
    for group in 0..size.div_ceil(GROUP) {
        writeln!(text, "  g{group:05}: {{min_active: 3}}").unwrap();
    }
    text.push_str("interfaces:\n");
    for number in 0..size {
        let (region, status, group) = (region(number), status(number, percent), number / GROUP);
        writeln!(text, "  r{number:06}:\n    id: ri-2ze{number:012}\n    region: {region}").unwrap();
        writeln!(text, "    status: {status}\n    group: g{group:05}\n    reason: CHG-{number}").unwrap();
        if let Some(needed) = needs(number) {
            writeln!(text, "    depends_on: [r{needed:06}]").unwrap();
        }
    }
    text
}

/// The same, one entry a line, as a script would write it.
fn json(size: usize, percent: usize) -> String {
    let groups: Vec<String> =
        (0..size.div_ceil(GROUP)).map(|group| format!(r#""g{group:05}":{{"min_active":3}}"#)).collect();
    let interface = |number: usize| {
        let (region, status, group) = (region(number), status(number, percent), number / GROUP);
        let needs = needs(number).map(|needed| format!(r#","depends_on":["r{needed:06}"]"#)).unwrap_or_default();
        format!(
            r#""r{number:06}":{{"id":"ri-2ze{number:012}","region":"{region}","status":"{status}","group":"g{group:05}","reason":"CHG-{number}"{needs}}}"#
        )
    };
    let interfaces: Vec<String> = (0..size).map(interface).collect();
    format!(
        r#"{{"version":1,"cloud":{{"provider":"emulator","region":"cn-shanghai"}},"groups":{{{}}},"interfaces":{{{}}}}}"#,
        groups.join(",\n"),
        interfaces.join(",\n")
    )
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
        let status = if is_down { Status::Inactive } else { Status::Active };
        Observed {
            role,
            opposite: Opposite {
                interface_id: peer.map(id),
                status: peer.map(|_| Status::Active),
                ..Opposite::default()
            },
            ..Observed::of(spec.id.value.clone(), spec.scope.region.clone(), status)
        }
    };
    let readings = spec.interfaces.iter().enumerate();
    LiveState {
        read_at: "2026-11-23T12:00:00Z".parse().unwrap(),
        readings: readings
            .map(|(number, (address, spec))| (address.clone(), Reading::Found(observed(number, spec))))
            .collect(),
        failures: Vec::new(),
        others: Default::default(),
    }
}

fn planned(spec: &Spec, live: &LiveState) -> Plan {
    let target =
        Target { provider: Provider::Emulator, account_id: "1234567890123456".into(), endpoint: "none".to_owned() };
    let options = PlanOptions::of_all("2026-11-23T12:00:00Z".parse().unwrap(), Duration::from_secs(600));
    let inputs = Inputs {
        spec,
        spec_digest: "sha256:0",
        live,
        state: None,
        target: &target,
        doubts: &[],
        health: &[],
        traffic: &[],
        routes: &RoutesHeard::default(),
    };
    plan(&inputs, &options).unwrap()
}

/// Measures one plan and prints its stages in nanoseconds, and the peak memory in MiB.
fn measure(format: &str, percent: usize, size: usize) {
    let text = if format == "json" { json(size, percent) } else { yaml(size, percent) };
    let file = SpecFile { name: format!("rictl.{format}"), bytes: text.into_bytes() };
    let (parsing, spec) = timed(|| parse(vec![file]).unwrap_or_else(|found| panic!("{found}")));
    let live = live(&spec, percent);
    let (planning, plan) = timed(|| planned(&spec, &live));
    let (checking, ()) = timed(|| plan.check().unwrap());
    let (writing, _) = timed(|| rictl::render::plan::to_json(&plan));
    let language = Language::English;
    let view = render::View { color: false, width: 100, unicode: false, folds: true, language };
    let (drawing, ()) = timed(|| {
        render::plan::text(&mut std::io::sink(), &plan, &rictl::render::words::next::Given::default(), view).unwrap()
    });
    let times = [parsing, planning, checking, writing, drawing].map(|time| time.as_nanos().to_string());
    println!("{} {}", times.join(" "), peak_memory_mib());
}

/// The least time of each stage in milliseconds, what they come to without the first and with it, and the most memory.
fn best(format: &str, percent: usize, size: usize) -> (Vec<f64>, usize) {
    let mut best = [f64::INFINITY; STAGES.len()];
    let mut peak = 0;
    for _ in 0..RUNS {
        let arguments = ["--measure", format, &percent.to_string(), &size.to_string()];
        let output = Command::new(std::env::current_exe().unwrap()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let (times, memory) = text.trim().rsplit_once(' ').unwrap();
        for (least, time) in best.iter_mut().zip(times.split(' ')) {
            *least = least.min(time.parse::<f64>().unwrap() / 1e6);
        }
        peak = peak.max(memory.parse().unwrap());
    }
    let ours: f64 = best[1..].iter().sum();
    (best.into_iter().chain([ours, best[0] + ours]).collect(), peak)
}

/// The slope of a line through the points on double logarithmic paper.
fn exponent(points: &[(f64, f64)]) -> f64 {
    let points: Vec<(f64, f64)> = points.iter().map(|(size, time)| (size.ln(), time.ln())).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let rise: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    rise / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}

fn compare(format: &str, percent: usize, sizes: &[usize]) {
    println!("from {format}, {percent} % to change, CPU time in ms");
    let columns = STAGES.into_iter().chain(["all but parse", "all"]);
    println!("{:>8} {} {:>9}", "size", columns.map(|name| format!("{name:>13}")).collect::<String>(), "peak MiB");
    let rows: Vec<(usize, Vec<f64>)> = sizes
        .iter()
        .map(|size| {
            let (times, peak) = best(format, percent, *size);
            let cells: String = times.iter().map(|time| format!("{time:>13.2}")).collect();
            println!("{size:>8} {cells} {peak:>9}");
            (*size, times)
        })
        .collect();
    if rows.len() > 1 {
        let fitted = (0..STAGES.len() + 2).map(|column| {
            exponent(&rows.iter().map(|(size, times)| (*size as f64, times[column])).collect::<Vec<_>>())
        });
        println!("{:>8} {}", "exponent", fitted.map(|exponent| format!("{exponent:>13.2}")).collect::<String>());
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, format, percent, size, ..] = &arguments[..]
        && flag == "--measure"
    {
        return measure(format, percent.parse().unwrap(), size.parse().unwrap());
    }
    let sizes: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 10_000, 100_000] } else { sizes };
    for (format, percent) in [("yaml", 0), ("yaml", 5), ("json", 0), ("json", 5)] {
        compare(format, percent, &sizes);
    }
}
