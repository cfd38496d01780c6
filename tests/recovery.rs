//! What a dead run left behind: told by every plan, settled by the next apply, and kept in the history.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use jiff::Timestamp;
use rictl::cloud::{Call, Receipt, RequestId};
use rictl::history::open_files;
use rictl::journal::{Entry, Evidence, Operation, Outcome, PlannedStep, RunStarted};
use rictl::plan::{Action, Goal, StepId};
use rictl::resource::{AccountName, Address, Provider, Scope, Status, Target};
use rictl::run::{Exit, RunEnd, RunOutcome};
use rictl::state::RunId;
use rictl::store::Store as _;
use rictl::store::local::Paths;
use rictl::store::lock::Holder;
use tempfile::TempDir;

const SPEC: &str = "version: 1\ncloud: {provider: emulator, region: cn-shanghai, world: world.yaml}\n\
                    interfaces:\n  a: {id: ri-a, status: Inactive}\n";

const RUN: &str = "20261123T120000.000Z-0a0a0a";

fn at() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn step() -> StepId {
    StepId::new(&Address::from("a"), Action::Call(Call::Deactivate))
}

/// A spec that wants `ri-a` down, and a world in which it is `status`.
struct Scene(TempDir);

impl Scene {
    fn new(status: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let world = format!(
            "regions: [cn-shanghai]\nsettle: {{deactivate: 20ms}}\ninterfaces:\n  - {{id: ri-a, status: {status}}}\n"
        );
        fs::write(directory.path().join("world.yaml"), world).unwrap();
        fs::write(directory.path().join("rictl.yaml"), SPEC).unwrap();
        Self(directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Leaves what a process leaves that died after `entries` of a run to take `a` down.
    fn dead_run(&self, provider: Provider, entries: &[Entry]) {
        let paths = Paths::new(self.path("state/rictl.json"), self.path("rescue"));
        let holder = Holder::this_process("ann".to_owned(), "apply".to_owned(), None, at());
        let (mut store, _) = open_files(paths, &holder).unwrap();
        let started = RunStarted {
            run_id: RunId(RUN.into()),
            at: at(),
            operation: Operation::Apply,
            who: "ann".to_owned(),
            pid: 7,
            target: Target { provider, account_id: "1234567890123456".into(), endpoint: "world world.yaml".to_owned() },
            lineage: "dead".to_owned(),
            serial: 0,
            digest: "sha256:00".to_owned(),
            evidence: Evidence::default(),
            steps: vec![PlannedStep {
                id: step(),
                address: "a".into(),
                call: Some(Call::Deactivate),
                interface_id: "ri-a".into(),
                scope: Scope { account: AccountName::default_account(), region: "cn-shanghai".into() },
                expect: Status::Active.into(),
                goal: Goal::Inactive,
                reason: None,
                change_id: None,
                guards: Vec::new(),
            }],
        };
        store.append(&[Entry::RunStarted(Box::new(started))]).unwrap();
        store.append(entries).unwrap();
    }

    fn rictl(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rictl"));
        command.current_dir(self.0.path()).env_clear().args(arguments);
        command.args(["--poll-interval", "10ms", "--doubt-window", "100ms"]).output().unwrap()
    }

    /// Runs a command that must end with `code`, and returns what it said on both streams, unwrapped.
    #[track_caller]
    fn says(&self, arguments: &[&str], code: i32) -> String {
        let output = self.rictl(arguments);
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        assert_eq!(output.status.code(), Some(code), "{text}");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn intent() -> Entry {
    Entry::Intent { step: step(), at: at() }
}

#[test]
fn an_intent_without_an_answer_is_told_by_a_plan_and_settled_by_an_apply() {
    let scene = Scene::new("Inactive");
    scene.dead_run(Provider::Emulator, &[intent()]);
    let journal = fs::read(scene.path("state/rictl.journal.jsonl")).unwrap();
    let plan = scene.says(&["plan"], 0);
    assert!(plan.contains(&format!("In doubt: a/deactivate of run {RUN}: unknown, found Inactive")), "{plan}");
    assert_eq!(fs::read(scene.path("state/rictl.journal.jsonl")).unwrap(), journal, "a plan writes nothing");
    assert!(!scene.path("state/rictl.json").exists(), "a plan writes nothing");

    let apply = scene.says(&["apply", "--auto-approve"], 0);
    assert!(apply.contains("a/deactivate: unknown, found Inactive"), "{apply}");
    let shown = scene.says(&["show", RUN], 0);
    assert!(shown.contains("unknown, found Inactive"), "{shown}");
    let state = scene.says(&["state", "show", "a"], 0);
    assert!(state.contains("unknown, found Inactive"), "{state}");
    assert!(!scene.says(&["plan"], 0).contains("In doubt"));
}

#[test]
fn an_intent_that_never_left_is_settled_and_the_step_planned_afresh() {
    let scene = Scene::new("Active");
    scene.dead_run(Provider::Emulator, &[intent()]);
    let plan = scene.says(&["plan"], 0);
    assert!(plan.contains("not clear yet, found Active"), "{plan}");
    let apply = scene.says(&["apply", "--auto-approve"], 0);
    assert!(apply.contains("a/deactivate: unknown, found Active"), "{apply}");
    assert!(apply.contains("Apply complete! Resources: 0 added, 1 changed, 0 destroyed."), "{apply}");
    let shown = scene.says(&["show", RUN], 0);
    assert!(shown.contains("unknown, found Active"), "{shown}");
}

#[test]
fn a_dead_run_about_another_target_is_refused_and_nothing_is_done() {
    let scene = Scene::new("Active");
    scene.dead_run(Provider::Alibaba, &[intent()]);
    let apply = scene.says(&["apply", "--auto-approve"], 3);
    assert!(apply.contains("an unfinished run was about another target"), "{apply}");
    assert!(scene.says(&["plan"], 0).contains("1 to deactivate"));
}

#[test]
fn a_run_that_ended_without_reaching_the_state_is_brought_into_it() {
    let scene = Scene::new("Inactive");
    let entries = [
        intent(),
        Entry::Accepted {
            step: step(),
            at: at(),
            receipt: Receipt { request_id: RequestId("R-1".into()), cloud_date: None },
        },
        Entry::Closed {
            step: step(),
            at: at(),
            outcome: Outcome::Done,
            status: Some(Status::Inactive),
            because: None,
            uptime: None,
        },
        Entry::RunEnded(RunEnd { at: at(), exit: Exit::Done, outcome: RunOutcome::Complete, reasons: Vec::new() }),
    ];
    scene.dead_run(Provider::Emulator, &entries);
    scene.says(&["apply", "--auto-approve"], 0);
    let state = scene.says(&["state", "show", "a"], 0);
    assert!(state.contains("R-1"), "{state}");
}
