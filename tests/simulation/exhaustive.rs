//! The small scope, without chance: a crash at every effect, an error at every effect, and pairs of crashes.

use std::collections::BTreeMap;
use std::time::Duration;

use rictl::emulator::{Fault, FaultKind, Format, Settle, WorldSeed};
use rictl::executor::Settings;

use super::life::{Outcome, simulate};
use super::scenario::{Life, Scenario, Seams};

/// How much of a write is durable that a process dies over: nothing, some of it, all of it.
const TORN: [usize; 3] = [0, 100, usize::MAX];

/// A name, the interfaces of the world as `status` words, and the rest of the spec.
struct Small {
    name: &'static str,
    statuses: &'static [&'static str],
    spec: &'static str,
}

const WORLDS: [Small; 6] = [
    Small { name: "one to take down", statuses: &["Active"], spec: "interfaces:\n  a: {id: ri-0, status: Inactive}\n" },
    Small { name: "one to bring up", statuses: &["Inactive"], spec: "interfaces:\n  a: {id: ri-0, status: Active}\n" },
    Small {
        name: "one on its way the other way",
        statuses: &["Activating"],
        spec: "interfaces:\n  a: {id: ri-0, status: Inactive}\n",
    },
    Small {
        name: "make before break",
        statuses: &["Active", "Inactive"],
        spec: "groups:\n  g: {min_active: 1}\ninterfaces:\n  a: {id: ri-0, status: Inactive, group: g}\n  \
               b: {id: ri-1, status: Active, group: g}\n",
    },
    Small {
        name: "a chain of three",
        statuses: &["Inactive", "Inactive", "Inactive"],
        spec: "interfaces:\n  a: {id: ri-0, status: Active}\n  b: {id: ri-1, status: Active, depends_on: [a]}\n  \
               c: {id: ri-2, status: Active, depends_on: [b]}\n",
    },
    Small {
        name: "four in two groups",
        statuses: &["Active", "Inactive", "Active", "Active"],
        spec: "groups:\n  g: {min_active: 1}\n  h: {max_unavailable: 1}\ninterfaces:\n  \
               a: {id: ri-0, status: Inactive, group: g, depends_on: [b]}\n  b: {id: ri-1, status: Active, group: g}\n  \
               c: {id: ri-2, status: Inactive, group: h}\n  d: {id: ri-3, status: Active, group: h}\n",
    },
];

impl Small {
    fn scenario(&self, lives: Vec<Life>, faults: Vec<Fault>) -> Scenario {
        let interfaces = self.statuses.iter().enumerate();
        let interfaces: String =
            interfaces.map(|(number, status)| format!("  - {{id: ri-{number}, status: {status}}}\n")).collect();
        let world = WorldSeed::parse(&format!("regions: [cn-shanghai]\ninterfaces:\n{interfaces}"), Format::Yaml);
        let settle = Settle { activate: Duration::from_secs(3), deactivate: Duration::from_secs(3) };
        Scenario {
            seed: 0,
            spec: format!(
                "version: 1\ncloud: {{provider: emulator, region: cn-shanghai, world: w.yaml}}\n{}",
                self.spec
            ),
            world: WorldSeed { settle, faults, ..world.unwrap() },
            settings: Settings::default(),
            lives,
            is_foreign: false,
            is_stale: false,
            is_distorted: false,
            late_percent: 0,
            seams: Seams::default(),
        }
    }

    fn run(&self, lives: Vec<Life>, faults: Vec<Fault>) -> Outcome {
        let words = format!("{}: {lives:?} {faults:?}", self.name);
        let outcome = simulate(&self.scenario(lives, faults), None, true).expect("the spec is good");
        assert!(outcome.violations.is_empty(), "{words}\n{}{}", outcome.trace, outcome.violations.join("\n"));
        outcome
    }

    /// Runs without trouble, and returns how many effects that takes.
    fn calm(&self) -> Outcome {
        self.run(vec![Life::default()], Vec::new())
    }
}

/// Six links, and one that is not there: a listing of the group needs a page, and then a question for the lost one.
const LOST_MEMBER: Small = Small {
    name: "a group with a lost member",
    statuses: &["Active", "Active", "Active", "Active", "Active", "Active"],
    spec: "groups:\n  g: {min_active: 1}\ninterfaces:\n  a: {id: ri-0, status: Inactive, group: g}\n  \
           b: {id: ri-1, status: Inactive, group: g}\n  c: {id: ri-2, status: Active, group: g}\n  \
           d: {id: ri-3, status: Active, group: g}\n  e: {id: ri-4, status: Active, group: g}\n  \
           f: {id: ri-5, status: Active, group: g}\n  lost: {id: ri-9, status: Active, group: g}\n",
};

fn dies_at(effect: u64, torn: usize) -> Life {
    Life { crash_at: Some(effect), torn, ..Life::default() }
}

#[test]
fn a_crash_at_any_effect_ends_in_the_world_of_the_run_without_one() {
    let mut runs = 0;
    for world in &WORLDS {
        let calm = world.calm();
        for effect in 1..=calm.effects_of_lives[0] {
            for torn in TORN {
                for pause in [0, 2, 60] {
                    let next = Life { pause: Duration::from_secs(pause), ..Life::default() };
                    let crashed = world.run(vec![dies_at(effect, torn), next], Vec::new());
                    assert_eq!(crashed.truth, calm.truth, "{}: crash at {effect}", world.name);
                    assert_eq!(crashed.changes, calm.changes, "{}: crash at {effect}", world.name);
                    runs += 1;
                }
            }
        }
    }
    println!("{runs} runs");
}

#[test]
fn a_second_crash_during_recovery_changes_nothing() {
    let mut runs = 0;
    for world in [&WORLDS[0], &WORLDS[3]] {
        let calm = world.calm();
        for first in 1..=calm.effects_of_lives[0] {
            for second in 1..=calm.effects_of_lives[0] + 6 {
                let torn = TORN[usize::try_from((first + second) % 3).unwrap()];
                let crashed = world.run(vec![dies_at(first, torn), dies_at(second, torn), Life::default()], Vec::new());
                assert_eq!(crashed.truth, calm.truth, "{}: crashes at {first} and {second}", world.name);
                assert_eq!(crashed.changes, calm.changes, "{}: crashes at {first} and {second}", world.name);
                runs += 1;
            }
        }
    }
    println!("{runs} runs");
}

#[test]
fn a_write_that_is_refused_ends_the_run_and_the_next_one_finishes_it() {
    for world in &WORLDS {
        let calm = world.calm();
        for nth in 0..12 {
            let full = Life { refused_write: Some(nth), ..Life::default() };
            let outcome = world.run(vec![full, Life::default()], Vec::new());
            assert_eq!(outcome.truth, calm.truth, "{}: write {nth}", world.name);
            assert_eq!(outcome.changes, calm.changes, "{}: write {nth}", world.name);
        }
    }
}

#[test]
fn a_signal_at_any_effect_settles_what_was_sent() {
    for world in &WORLDS {
        let calm = world.calm();
        for effect in 1..=calm.effects_of_lives[0] {
            for second in [None, Some(effect), Some(effect + 1), Some(effect + 3)] {
                let signals_at = std::iter::once(effect).chain(second).collect();
                let life = Life { signals_at, ..Life::default() };
                let outcome = world.run(vec![life, Life::default()], Vec::new());
                assert_eq!(outcome.truth, calm.truth, "{}: signal at {effect}", world.name);
                assert_eq!(outcome.changes, calm.changes, "{}: signal at {effect}", world.name);
            }
        }
    }
}

#[test]
fn any_fault_of_any_single_call_is_outlived() {
    let kinds = [
        FaultKind::Drop,
        FaultKind::Hang,
        FaultKind::TruncatedBody,
        FaultKind::EmptyObject,
        FaultKind::HttpError(500),
        FaultKind::HttpError(503),
        FaultKind::Throttled(Duration::from_secs(5)),
        FaultKind::NonceUsed,
        FaultKind::StaleReads(Duration::from_secs(4)),
        FaultKind::StuckTransition,
    ];
    let mut runs = 0;
    for world in &WORLDS {
        let calm = world.calm();
        for kind in &kinds {
            for action in ["DescribeRouterInterfaces", "ActivateRouterInterface", "DeactivateRouterInterface"] {
                for nth in 1..=4 {
                    for after_effect in [false, true] {
                        let mut fault = Fault::new(kind.clone());
                        fault.action = Some(action.to_owned());
                        fault.nth = Some(nth);
                        fault.after_effect = Some(after_effect);
                        let outcome = world.run(vec![Life::default()], vec![fault]);
                        assert_eq!(outcome.truth, calm.truth, "{}: {kind:?}", world.name);
                        runs += 1;
                    }
                }
            }
        }
    }
    println!("{runs} runs");
}

/// When each call was sent, in milliseconds, out of a trace.
fn sent_at(trace: &str) -> BTreeMap<&str, Vec<u64>> {
    let mut sent: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (head, call) in trace.lines().filter_map(|line| line.split_once(": send ")) {
        sent.entry(call).or_default().push(head.trim().split(' ').next().unwrap().parse().unwrap());
    }
    sent
}

#[test]
fn a_call_without_an_answer_is_not_sent_again_right_after_its_run_was_abandoned() {
    for world in &WORLDS {
        let all_late = |lives| Scenario { late_percent: 100, ..world.scenario(lives, Vec::new()) };
        let calm = simulate(&all_late(vec![Life::default()]), None, false).unwrap();
        for effect in 1..=calm.effects_of_lives[0] {
            // The clock on the wall may have been set meanwhile.
            for (pause, skew) in [(0, 0), (1, 0), (5, 0), (1, 3600)] {
                let abandoned = Life { signals_at: vec![effect, effect], ..Life::default() };
                let next = Life { pause: Duration::from_secs(pause), skew, ..Life::default() };
                let outcome = simulate(&all_late(vec![abandoned, next]), None, true).unwrap();
                let what = format!("{}: signals at {effect}, {pause} s, {skew}\n{}", world.name, outcome.trace);
                assert!(outcome.violations.is_empty(), "{what}{}", outcome.violations.join("\n"));
                assert_eq!(outcome.changes, calm.changes, "{what}");
                let window = Settings::default().doubt_window.as_millis();
                let is_rash = |times: &Vec<u64>| times.windows(2).any(|pair| u128::from(pair[1] - pair[0]) < window);
                assert!(!sent_at(&outcome.trace).values().any(is_rash), "{what}");
            }
        }
    }
}

#[test]
fn a_call_rests_on_a_page_that_came_a_moment_ago_however_slow_the_others_are() {
    let calm = LOST_MEMBER.calm();
    for nth in 1..=calm.effects_of_lives[0] {
        let mut delay = Fault::new(FaultKind::Delay(Duration::from_secs(13)));
        delay.action = Some("DescribeRouterInterfaces".to_owned());
        delay.nth = Some(nth);
        let outcome = LOST_MEMBER.run(vec![Life::default()], vec![delay]);
        assert_eq!(outcome.truth, calm.truth, "read {nth}");
    }
}
