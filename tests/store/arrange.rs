//! Builders: a target, a plan of steps, the entries of a run.

use jiff::{SignedDuration, Timestamp};
use rictl::cloud::{Call, Receipt, RequestId};
use rictl::history::{self, Recorded};
use rictl::journal::{Entry, Evidence, Operation, Outcome, PlannedStep, RunStarted};
use rictl::plan::StepId;
use rictl::resource::{AccountId, AccountName, Address, DesiredStatus, Provider, Scope, Status, Target};
use rictl::run::{Exit, RunEnd, RunOutcome};
use rictl::state::{Durations, LastAction, Record, RunId, Sighting, State, Straggler};
use rictl::store::StoreError;
use rictl::store::local::{LocalStore, Paths};
use rictl::store::lock::Holder;
use rictl::uptime::Uptime;

/// The moment `millis` after the tests' zero.
pub(crate) fn at(millis: i64) -> Timestamp {
    let zero: Timestamp = "2026-11-23T12:00:00.250Z".parse().unwrap();
    zero + SignedDuration::from_millis(millis)
}

pub(crate) fn target() -> Target {
    Target {
        provider: Provider::Emulator,
        account_id: AccountId::from("1234567890123456"),
        endpoint: "http://127.0.0.1:4020".into(),
    }
}

pub(crate) fn scope() -> Scope {
    Scope { account: AccountName::default_account(), region: "cn-shanghai".into() }
}

pub(crate) fn step(address: &str, call: Option<Call>) -> PlannedStep {
    let address = Address::from(address);
    let (expect, goal) = match call {
        Some(Call::Activate) => (Status::Inactive, DesiredStatus::Active),
        Some(Call::Deactivate) => (Status::Active, DesiredStatus::Inactive),
        None => (Status::Deactivating, DesiredStatus::Inactive),
    };
    PlannedStep {
        id: StepId::new(&address, call.map_or(rictl::plan::Action::Wait, rictl::plan::Action::Call)),
        interface_id: format!("ri-2zeo3xzyf38r4ur{address}").into(),
        address,
        call,
        scope: scope(),
        expect: expect.into(),
        goal: goal.into(),
        reason: None,
        change_id: None,
        guards: Vec::new(),
    }
}

pub(crate) fn run_id(number: u32) -> RunId {
    RunId(format!("20261123T120000.{number:03}Z-1a2b3c").into())
}

pub(crate) fn started(number: u32, serial: u64, steps: Vec<PlannedStep>) -> Entry {
    Entry::RunStarted(Box::new(RunStarted {
        run_id: run_id(number),
        at: at(0),
        operation: Operation::Apply,
        who: "ops@bastion".into(),
        pid: 4711,
        target: target(),
        lineage: "lineage-1".into(),
        serial,
        digest: "sha256:00".into(),
        evidence: Evidence::default(),
        steps,
    }))
}

pub(crate) fn intent(step: &PlannedStep, millis: i64) -> Entry {
    Entry::Intent { step: step.id.clone(), at: at(millis) }
}

pub(crate) fn accepted(step: &PlannedStep, millis: i64) -> Entry {
    let request_id = RequestId("4EC47282-1B74-4534-BD0E-403F3EE64CAF".into());
    let receipt = Receipt { request_id, cloud_date: Some("2026-11-23T12:00:00Z".parse().unwrap()) };
    Entry::Accepted { step: step.id.clone(), at: at(millis), receipt }
}

pub(crate) fn refused(step: &PlannedStep, millis: i64) -> Entry {
    Entry::Refused { step: step.id.clone(), at: at(millis), detail: "Throttling.User".into(), receipt: None }
}

pub(crate) fn doubtful(step: &PlannedStep, millis: i64) -> Entry {
    Entry::Doubtful { step: step.id.clone(), at: at(millis), detail: "connection reset".into(), receipt: None }
}

pub(crate) fn closed(step: &PlannedStep, millis: i64, outcome: Outcome, status: Status) -> Entry {
    Entry::Closed { step: step.id.clone(), at: at(millis), outcome, status: Some(status), because: None, uptime: None }
}

pub(crate) fn ended(millis: i64) -> Entry {
    let (exit, outcome) = (Exit::Done, RunOutcome::Complete);
    Entry::RunEnded(RunEnd { at: at(millis), exit, outcome, reasons: Vec::new() })
}

/// A run that drains one interface and ends, up to and without its folding.
pub(crate) fn drain(number: u32, serial: u64, address: &str) -> Vec<Entry> {
    let step = step(address, Some(Call::Deactivate));
    vec![
        started(number, serial, vec![step.clone()]),
        intent(&step, 10),
        accepted(&step, 90),
        closed(&step, 5_000, Outcome::Done, Status::Inactive),
        ended(5_001),
    ]
}

pub(crate) fn new_state() -> State {
    State::new("lineage-1", target())
}

/// What a kernel calls a boot.
pub(crate) const BOOT: &str = "7f0a3f0e-5a3c-4d53-9f0a-0d3c1b2a4e5f";

/// A state with `count` records, every second one with a last action.
pub(crate) fn state_of(count: usize) -> State {
    let mut state = new_state();
    state.serial = 7;
    state.last_run = Some(run_id(1));
    for number in 0..count {
        let step = step(&format!("link-{number:06}"), Some(Call::Deactivate));
        let last_action = (number % 2 == 0).then(|| LastAction {
            run_id: run_id(1),
            step: step.id.clone(),
            action: Call::Deactivate,
            request_id: Some(RequestId("4EC47282-1B74-4534-BD0E-403F3EE64CAF".into())),
            started_at: at(10),
            finished_at: at(5_000),
            outcome: Some(Outcome::Done),
            found: Some(Status::Inactive),
            because: None,
            uptime: (number % 4 == 0).then(|| Uptime { boot: BOOT.to_owned(), ms: 86_400_000 }),
            has_moved_since: number % 6 == 0,
        });
        let record = Record {
            id: step.interface_id,
            scope: step.scope,
            declared: Some(DesiredStatus::Inactive),
            change_id: None,
            observed: Sighting {
                status: Some(Status::Inactive),
                since: at(5_000),
                at: at(6_000),
                from_the_first: false,
            },
            forgotten: false,
            protected: number % 3 == 0,
            group: (number % 5 == 0).then(|| "idc-shanghai".into()),
            durations: Durations::default(),
            last_action,
            straggler: (number % 10 == 0).then(|| Straggler { action: Call::Deactivate, at: at(4_000), uptime: None }),
            changed_by: None,
            taken_back: None,
        };
        state.interfaces.insert(step.address, record);
    }
    state
}

/// Opens files. A child that another case has just begun may hold an inherited copy of a lock that was freed until its
/// program starts: such a lock names nobody, and is asked for again.
pub(crate) fn open_files(paths: Paths, holder: &Holder) -> Result<(LocalStore, Recorded), StoreError> {
    for _ in 0..1000 {
        match history::open_files(paths.clone(), holder) {
            Err(StoreError::Locked { id, .. }) if id.is_empty() => std::thread::yield_now(),
            outcome => return outcome,
        }
    }
    history::open_files(paths, holder)
}
