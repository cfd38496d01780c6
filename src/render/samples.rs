//! Values that the tests of every view render.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use jiff::Timestamp;

use super::View;
use super::past::PastRun;
use super::ticket::{Ticket, TicketPart};
use crate::cloud::{Call, RequestId};
use crate::diagnostic::{Place, Sources};
use crate::drift::{Drift, DriftCause, DriftItem};
use crate::fleet::{Awaits, Finding, Fleet, Found, HeldBy, Item, StateRow};
use crate::history::confirmation::Confirmation;
use crate::history::dossier::{About, Down, Settled};
use crate::journal::{Approved, ApprovedHow, Evidence, Operation, Outcome};
use crate::language::Language;
use crate::plan::{
    Action, ActionReason, Approval, Basis, BlockReason, Blocked, Change, ChangeAction, DeclaredSide, Doubt, Floor,
    FloorLink, FloorMember, Goal, GroupHealth, Guard, Knob, LeftAlone, LeftAloneReason, MemberNotUp, Plan,
    ResourceChange, ResourceType, RolloutPlan, Shortage, Step, StepId, Upcoming, Values, Warning, What, WhyMemberNotUp,
};
use crate::resource::{
    AccountName, Address, BusinessStatus, ChangeName, DesiredStatus, DriftPolicy, LiveState, Observed, Opposite,
    Provider, Reading, Scope, ScopeFailure, Status, Target,
};
use crate::run::{
    Event, Facts, LastLook, NotUp, Reason, Report, Shortfall, StepReason, StepResult, StopReason, Unrecorded,
    WaveFailure, WhyNotUp, planned_step,
};
use crate::selector::Selector;
use crate::spec::{CloudSettings, Group, Interface, InterfacePlaces, Limits, Placed, Spec};
use crate::state::RunId;

/// Texts that somebody may have written into a name, a reason or an error message.
pub(crate) const HOSTILE: &[&str] = &[
    "\x1b[2J\x1b[H\x1b]0;owned\x07",
    "\u{9b}31mred",
    "a\rb\nc\td\0e\x7f",
    "\u{202e}txt.exe\u{202c} \u{2066}x\u{2069} \u{200f}\u{061c}",
    "zero\u{200b}width\u{feff}\u{2060}joined\u{ad}",
    "line\u{2028}para\u{2029}",
    "tag\u{e0041}\u{e007f} vs\u{fe0f}",
    "::error file=x::boom",
    "##[error]boom ::set-output name=a::b",
    "`code` ```fence``` ``",
    "| cell | <script>alert(1)</script> </details></code></table>",
    "[link](javascript:alert(1)) ![image](http://evil/x.png) <http://evil> https://evil www.evil.com a@evil.com",
    "@everyone #1 &lt;b&gt; \\| \\` \\",
    "--> <!-- ]]> <![CDATA[",
    "\" onload=\"alert(1)\" ' style='x",
    "=cmd|' /C calc'!A0",
    "%%{init: {}}%% end; click a href \"x\"",
    "",
    " leading and trailing ",
    "线路维护：上海—北京 专线割接",
];

pub(crate) fn at(time: &str) -> Timestamp {
    format!("2026-11-23T{time}Z").parse().unwrap()
}

pub(crate) fn scope(region: &str) -> Scope {
    Scope { account: AccountName::default_account(), region: region.into() }
}

pub(crate) fn target() -> Target {
    Target {
        provider: Provider::Emulator,
        account_id: "1234567890123456".into(),
        endpoint: "http://127.0.0.1:4010".to_owned(),
    }
}

pub(crate) fn change(address: &str, region: &str, before: Status, after: Status) -> ResourceChange {
    let update = before != after;
    ResourceChange {
        address: address.into(),
        kind: ResourceType::RouterInterface,
        name: address.into(),
        id: format!("ri-{address}").into(),
        scope: scope(region),
        change_id: None,
        action_reason: update.then_some(ActionReason::SpecChanged),
        taken_back_by: None,
        is_there_already: false,
        change: Change {
            actions: [if update { ChangeAction::Update } else { ChangeAction::NoOp }],
            before: Some(Values { status: before }),
            after: Some(Values { status: after }),
        },
        reason: None,
        since: None,
        declared_at: None,
    }
}

pub(crate) fn step(address: &str, region: &str, action: Action, expect: Status, goal: Goal, wave: u32) -> Step {
    let address = Address::from(address);
    Step {
        id: StepId::new(&address, action),
        interface_id: format!("ri-{address}").into(),
        address,
        action,
        scope: scope(region),
        expect: expect.into(),
        goal,
        after: Vec::new(),
        wave,
        guards: Vec::new(),
        settle_timeout_ms: None,
        change_id: None,
        valid_until: None,
    }
}

pub(crate) fn empty_plan() -> Plan {
    let spec = Some("rictl.yaml".to_owned());
    let basis = Basis { lineage: None, serial: 0, spec, spec_digest: "sha256:00".to_owned() };
    Plan {
        resource_changes: vec![change("sh-backup", "cn-beijing", Status::Active, Status::Active)],
        ..Plan::of_nothing(at("02:14:00"), target(), basis)
    }
}

/// One drain behind one floor.
pub(crate) fn small_plan() -> Plan {
    let mut plan = empty_plan();
    let mut drained = change("sh-primary", "cn-shanghai", Status::Active, Status::Inactive);
    drained.reason = Some("CHG-1042 fibre splice".to_owned());
    plan.resource_changes.push(drained);
    let deactivate = Action::Call(Call::Deactivate);
    let mut step = step("sh-primary", "cn-shanghai", deactivate, Status::Active, Goal::Inactive, 1);
    step.guards =
        vec![Guard { group: "idc-shanghai".into(), lowest: Some(1), of: 2, end: 1, floor: 1, takes_nothing: false }];
    plan.steps.push(step);
    plan
}

/// A plan with something in every section.
pub(crate) fn rich_plan() -> Plan {
    let mut plan = small_plan();
    let activate = Action::Call(Call::Activate);
    plan.resource_changes[0] = change("sh-backup", "cn-beijing", Status::Inactive, Status::Active);
    let mut moving = change("gz-old", "cn-guangzhou", Status::Deactivating, Status::Inactive);
    moving.change.actions = [ChangeAction::NoOp];
    moving.since = Some(at("01:02:03"));
    plan.resource_changes.insert(0, moving);
    let mut drift = change("sh-backup", "cn-beijing", Status::Active, Status::Inactive);
    drift.since = Some(at("00:40:00"));
    plan.resource_drift.push(drift);
    plan.steps.insert(0, step("sh-backup", "cn-beijing", activate, Status::Inactive, Goal::Active, 1));
    plan.steps.push(step("gz-old", "cn-guangzhou", Action::Wait, Status::Deactivating, Goal::Inactive, 1));
    plan.steps[1].after = vec![plan.steps[0].id.clone()];
    plan.steps[1].wave = 2;
    plan.blocked.push(Blocked {
        address: "bj-last".into(),
        reason: BlockReason::Floor(Shortage {
            group: "idc-beijing".into(),
            left: 0,
            of: 2,
            floor: 1,
            knob: Some(knob("groups.idc-beijing.min_active", "rictl.yaml:19:5")),
            not_up: vec![crate::plan::NotUp {
                address: "bj-other".into(),
                why: crate::plan::WhyNotUp::Is { status: Status::Inactive, since: Some(at("00:30:00")) },
            }],
            more: 0,
        }),
    });
    plan.left_alone.push(LeftAlone {
        address: "vendor-link".into(),
        reason: LeftAloneReason::HandsOff {
            reason: "VENDOR-77".to_owned(),
            until: Some("2026-12-20".parse().unwrap()),
            at: "rictl.yaml:30:5".to_owned(),
        },
    });
    let member = |address: &str, region: &str| {
        let sides = vec![FloorMember {
            address: address.into(),
            interface_id: format!("ri-{address}").into(),
            scope: scope(region),
        }];
        FloorLink { sides, up: true, rises: false, out: false, check: None }
    };
    plan.floors.push(Floor {
        group: "idc-shanghai".into(),
        links: vec![member("sh-backup", "cn-beijing"), member("sh-primary", "cn-shanghai")],
        min_up: 1,
        knob: Some(knob("groups.idc-shanghai.min_active", "rictl.yaml:18:5")),
    });
    plan.rollout = Some(RolloutPlan {
        waves: vec![vec!["sh-backup".into()], vec!["sh-primary".into()]],
        pause_ms: 20_000,
        check: Some(vec!["./check.sh".to_owned(), "idc-shanghai".to_owned()]),
        check_timeout_ms: 60_000,
        traffic: None,
    });
    let side = |address: &str, status, at: &str| DeclaredSide { address: address.into(), status, at: at.to_owned() };
    plan.warnings.push(Warning::HalfUp {
        one: side("sh-primary", DesiredStatus::Inactive, "rictl.yaml:21:13"),
        other: side("bj-peer", DesiredStatus::Active, "rictl.yaml:40:13"),
        left: false,
    });
    plan.doubts.push(Doubt {
        step: StepId("hz-a/deactivate".into()),
        run_id: "20261122T220000.000Z-1a2b3c".to_owned(),
        is_clear: true,
        found: Some(Status::Inactive),
    });
    plan.failures.push(ScopeFailure {
        scope: scope("cn-hangzhou"),
        detail: "DescribeRouterInterfaces answered ServiceUnavailable: try later (RequestId 4F-1)".into(),
        may_be_misspelt: false,
    });
    plan.excluded.push("wh-a".into());
    plan.inputs.exclude.push(Selector::of(&"wh-a".into()));
    plan
}

fn knob(key: &str, at: &str) -> Knob {
    Knob { key: key.to_owned(), value: 1, at: at.to_owned() }
}

/// A plan of `count` drains.
pub(crate) fn large_plan(count: u32) -> Plan {
    let mut plan = empty_plan();
    // It would stand behind those that follow.
    plan.resource_changes.clear();
    for number in 0..count {
        let address = format!("ri{number:05}");
        plan.resource_changes.push(change(&address, "cn-shanghai", Status::Active, Status::Inactive));
        let action = Action::Call(Call::Deactivate);
        plan.steps.push(step(&address, "cn-shanghai", action, Status::Active, Goal::Inactive, number / 40 + 1));
        plan.blocked.push(Blocked {
            address: format!("blocked{number}").into(),
            reason: BlockReason::Protected { at: "rictl.yaml:9:5".to_owned() },
        });
    }
    plan
}

/// A plan in which every text is `text`.
pub(crate) fn hostile_plan(text: &str) -> Plan {
    let mut plan = rich_plan();
    let unknown = Status::Unknown(text.into());
    plan.target.endpoint = text.to_owned();
    for step in &mut plan.steps {
        step.id = StepId(format!("{text}/{}", step.id).into());
        step.interface_id = text.into();
        step.scope.region = text.into();
        step.expect = unknown.clone().into();
        step.guards = hostile_guards(text);
    }
    for change in plan.resource_changes.iter_mut().chain(&mut plan.resource_drift) {
        change.reason = Some(text.to_owned());
        change.change.before = Some(Values { status: unknown.clone() });
    }
    plan.blocked[0].address = text.into();
    plan.blocked[0].reason = BlockReason::UnknownStatus { word: text.to_owned() };
    plan.left_alone[0].reason = LeftAloneReason::HandsOff { reason: text.to_owned(), until: None, at: text.to_owned() };
    plan.warnings[0] = Warning::Spec { finding: text.to_owned(), at: Some(text.to_owned()), translated: None };
    plan.doubts[0].found = Some(unknown.clone());
    plan.failures[0].detail = text.into();
    plan.excluded = vec![text.into()];
    plan.inputs.exclude = vec![Selector::of(&text.into())];
    if let Some(rollout) = &mut plan.rollout {
        rollout.check = Some(vec![text.to_owned()]);
    }
    plan
}

/// Guards of a group of that name.
fn hostile_guards(text: &str) -> Vec<Guard> {
    vec![Guard { group: text.into(), lowest: Some(1), of: 2, end: 1, floor: 1, takes_nothing: false }]
}

/// A group of two links with a floor of one.
fn group(name: &str, up: Option<u32>) -> GroupHealth {
    let why = if up.is_some() { WhyMemberNotUp::OppositeInactive } else { WhyMemberNotUp::Unread };
    GroupHealth {
        name: name.into(),
        declared: 2,
        up,
        floor: 1,
        spare: up.map(|up| i64::from(up) - 1),
        below: up == Some(0),
        down: up == Some(0),
        not_up: vec![MemberNotUp { address: format!("{name}-a").as_str().into(), why }],
    }
}

pub(crate) fn drift() -> Drift {
    let item = |address: &str, cause, last_applied, live, reason: Option<&str>| DriftItem {
        address: address.into(),
        id: format!("ri-{address}").into(),
        scope: scope("cn-shanghai"),
        cause,
        spec: DesiredStatus::Active,
        groups: BTreeSet::new(),
        first_seen: None,
        last_applied,
        live,
        since: Some(at("01:02:03")),
        reason: reason.map(str::to_owned),
        hands_off_until: None,
        hands_off_expired: false,
        change_id: None,
        overdue_since: None,
        taken_back_by: None,
        business_status: None,
        code: None,
        blocked: None,
        who: None,
        who_unknown: None,
        last_seen_before: None,
    };
    let active = Some(DesiredStatus::Active);
    let mut expired = item("e-expired", DriftCause::HandsOff, active, Some(Status::Inactive), Some("carrier test"));
    expired.hands_off_until = Some("2026-11-20".parse().unwrap());
    expired.hands_off_expired = true;
    let mut known = item("f-known", DriftCause::HandsOff, active, Some(Status::Inactive), Some("carrier test"));
    known.hands_off_until = Some("2026-12-01".parse().unwrap());
    Drift {
        time_zone: crate::calendar::Zone::utc(),
        spec: "rictl.yaml".to_owned(),
        timestamp: at("02:14:00"),
        at: None,
        target: target(),
        declared: 12,
        unread: BTreeSet::new(),
        groups: vec![group("site", Some(0)), group("lab", None)],
        items: vec![
            item("a-moved", DriftCause::Differs(ActionReason::Drift), active, Some(Status::Inactive), None),
            item(
                "b-edited",
                DriftCause::Differs(ActionReason::SpecChanged),
                Some(DesiredStatus::Inactive),
                Some(Status::Inactive),
                None,
            ),
            item("c-new", DriftCause::Differs(ActionReason::New), None, None, None),
            item("d-moving", DriftCause::InTransition, active, Some(Status::Activating), None),
            expired,
            known,
        ],
        failures: vec![ScopeFailure {
            scope: scope("cn-hangzhou"),
            detail: "connection refused".into(),
            may_be_misspelt: false,
        }],
        unmanaged: None,
        hides_groups: false,
        unsettled: BTreeSet::new(),
        groups_first_seen: BTreeMap::new(),
        warnings: vec![Warning::HandsOffExpired {
            address: "e-expired".into(),
            until: "2026-11-20".parse().unwrap(),
            at: "rictl.yaml:9:5".to_owned(),
        }],
    }
}

/// A run of [`rich_plan`] in which one step was done, one refused, one waited for.
pub(crate) fn report() -> Report {
    let plan = rich_plan();
    let result = |index: usize, outcome, status, seconds: &str| {
        let step = &plan.steps[index];
        StepResult {
            step: planned_step(step, None),
            outcome: Some(outcome),
            status: Some(status),
            request_id: None,
            cloud_date: None,
            started_at: Some(at("02:14:01")),
            finished_at: Some(at(seconds)),
            because: None,
        }
    };
    let mut done = result(0, Outcome::Done, Status::Active, "02:14:13");
    done.request_id = Some(RequestId("4F7B2C9E-0001".into()));
    let mut refused = result(1, Outcome::Guarded, Status::Active, "02:14:14");
    refused.started_at = None;
    refused.because = Some(broken_floor("sh-backup"));
    let mut report = Report {
        became: None,
        run_id: RunId("20261123T021400.000Z-1a2b3c".into()),
        operation: Operation::Apply,
        who: "ops@bastion".to_owned(),
        target: target(),
        digest: plan.digest(),
        started_at: at("02:14:00"),
        time_zone: crate::calendar::Zone::utc(),
        results: vec![done, refused, result(2, Outcome::Done, Status::Inactive, "02:14:06")],
        stopped: None,
        unrecorded: None,
        not_taken_back: Vec::new(),
        groups: vec![group("site", Some(0)), group("lab", None)],
        end: None,
        takes_back: Vec::new(),
        taken_back_by: None,
    };
    end(&mut report);
    report
}

/// Ends a run as its steps have it.
pub(crate) fn end(report: &mut Report) {
    let facts = Facts {
        results: &report.results,
        blocked: &[],
        failures: &[],
        last_look: &LastLook::default(),
        interrupted: false,
        stopped: report.stopped.as_ref(),
        unrecorded: report.unrecorded.as_ref(),
        not_taken_back: &report.not_taken_back,
    };
    report.end = Some(crate::run::end(&facts, at("02:14:20")));
}

fn broken_floor(down: &str) -> StepReason {
    StepReason::Floor(Box::new(Shortfall {
        group: "idc-shanghai".into(),
        kept: 0,
        links: 2,
        floor: 1,
        knob: Some(knob("groups.idc-shanghai.min_active", "rictl.yaml:18:5")),
        down: vec![NotUp {
            address: down.into(),
            why: WhyNotUp::Read { status: Status::Inactive, opposite: None, business_status: BusinessStatus::Normal },
        }],
    }))
}

/// A run in which every text is `text`.
pub(crate) fn hostile_report(text: &str) -> Report {
    let mut report = report();
    report.who = text.to_owned();
    let said = WaveFailure::Check { said: text.to_owned() };
    report.stopped = Some(StopReason::Wave { wave: 1, waves: 2, because: said });
    report.unrecorded = Some(Unrecorded { error: text.into(), rescued: Ok(text.to_owned()), taken_over: false });
    for result in &mut report.results {
        result.step.id = StepId(text.into());
        result.step.address = text.into();
        result.step.interface_id = text.into();
        result.step.reason = Some(text.to_owned());
        result.status = Some(Status::Unknown(text.into()));
        result.request_id = Some(RequestId(text.into()));
        result.because = Some(StepReason::Told { text: text.to_owned() });
    }
    end(&mut report);
    let reasons = report.end.iter_mut().map(|end| &mut end.reasons);
    for reasons in reasons {
        let down = vec![NotUp { address: text.into(), why: WhyNotUp::Unseen }];
        reasons.push(Reason::DidNotStay { address: text.into(), goal: Goal::Active, found: None });
        reasons.push(Reason::BelowFloor { group: text.into(), up: 0, links: 2, floor: 1, down });
    }
    report
}

/// A past run that came to its end as the report says, or died.
pub(crate) fn past(report: Report) -> PastRun {
    PastRun {
        report,
        is_running: false,
        resolved: None,
        awaits: None,
        is_due: false,
        confirmation: Confirmation::default(),
        notes: Vec::new(),
        evidence: Evidence::default(),
        spec: None,
    }
}

/// A change that took `sh-primary` and `bj-old` down and has brought one back, and one run by itself.
pub(crate) fn ticket() -> Ticket {
    let evidence = Evidence {
        host: Some("bastion".to_owned()),
        actor: Some("octocat".to_owned()),
        principal: Some("acs:ram::1234567890123456:user/ops".to_owned()),
        change_id: Some("CHG-1042".to_owned()),
        reason: Some("fibre splice, both ends".to_owned()),
        spec: Some("rictl.yaml".to_owned()),
        spec_digest: Some("sha256:00".to_owned()),
        commit: Some("4f7b2c9e".to_owned()),
        commit_dirty: Some(true),
        override_window: Some("agreed with the carrier".to_owned()),
        approved: Some(Approved {
            by: "lead".to_owned(),
            how: ApprovedHow::Approval,
            digest: Some("sha256:11".to_owned()),
        }),
        ..Evidence::default()
    };
    let drain = PastRun { evidence: evidence.clone(), ..past(report()) };
    let mut back = report();
    back.run_id = RunId("20261123T031400.000Z-4d5e6f".into());
    back.operation = Operation::Rollback;
    back.started_at = at("03:14:00");
    back.results.truncate(1);
    back.results[0].cloud_date = Some(at("03:14:02"));
    end(&mut back);
    let takes_back = vec![drain.report.run_id.clone()];
    let back = PastRun { evidence: Evidence { takes_back, ..evidence }, ..past(back) };
    let settled = |time: &str, run: &PastRun, request: Option<&str>| Settled {
        at: at(time),
        by: run.report.run_id.clone(),
        request_id: request.map(|request| RequestId(request.into())),
    };
    let down = |address: &str, returned| Down {
        address: address.into(),
        interface_id: format!("ri-{address}").into(),
        scope: scope("cn-shanghai"),
        drained: settled("02:14:13", &drain, Some("4F7B2C9E-0001")),
        returned,
    };
    let returned = settled("02:14:13", &back, None);
    let downs = vec![down("sh-backup", Some(Settled { at: at("03:14:15"), ..returned })), down("bj-old", None)];
    let alone = TicketPart {
        about: About::Run(back.report.run_id.clone()),
        runs: vec![PastRun { spec: Some("sites/sh.yaml".to_owned()), ..back.clone() }],
        others: BTreeSet::new(),
        downs: Vec::new(),
    };
    let about = About::Change("CHG-1042".to_owned());
    let change = TicketPart { about, runs: vec![drain, back], others: BTreeSet::new(), downs };
    let specs = BTreeSet::from(["sites/sh.yaml".to_owned()]);
    Ticket { made_at: at("04:00:00"), parts: vec![change, alone], specs }
}

/// A report for a ticket in which every text is `text`.
pub(crate) fn hostile_ticket(text: &str) -> Ticket {
    let mut ticket = Ticket { specs: BTreeSet::from([text.to_owned()]), ..ticket() };
    for part in &mut ticket.parts {
        if let About::Change(change) = &mut part.about {
            *change = text.to_owned();
        }
        for run in &mut part.runs {
            let evidence = Evidence {
                host: Some(text.to_owned()),
                actor: Some(text.to_owned()),
                principal: Some(text.to_owned()),
                change_id: Some(text.to_owned()),
                reason: Some(text.to_owned()),
                spec: Some(text.to_owned()),
                commit: Some(text.to_owned()),
                override_window: Some(text.to_owned()),
                approved: Some(Approved { by: text.to_owned(), how: ApprovedHow::Plan, digest: Some(text.to_owned()) }),
                ..run.evidence.clone()
            };
            let hostile = past(hostile_report(text));
            let mut report = Report { run_id: run.report.run_id.clone(), ..hostile.report };
            report.results.iter_mut().for_each(|result| result.step.guards = hostile_guards(text));
            *run = PastRun { evidence, spec: run.spec.as_ref().map(|_| text.to_owned()), ..past(report) };
        }
        for down in &mut part.downs {
            down.address = text.into();
            down.scope.region = text.into();
            down.drained.request_id = Some(RequestId(text.into()));
        }
    }
    ticket
}

/// A drift check in which every text is `text`.
pub(crate) fn hostile_drift(text: &str) -> Drift {
    let mut drift = drift();
    drift.target.endpoint = text.to_owned();
    for item in &mut drift.items {
        item.address = text.into();
        item.id = text.into();
        item.live = Some(Status::Unknown(text.into()));
        item.reason = Some(text.to_owned());
    }
    for group in &mut drift.groups {
        group.name = text.into();
        group.not_up[0].address = text.into();
    }
    drift.failures[0].detail = text.into();
    drift.warnings = vec![Warning::Spec { finding: text.to_owned(), at: Some(text.to_owned()), translated: None }];
    drift
}

/// Runs a view and returns what it wrote.
pub(crate) fn written(render: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut bytes = Vec::new();
    render(&mut bytes).unwrap();
    bytes.flush().unwrap();
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn view(width: u16) -> View {
    View { color: false, width, unicode: true, folds: true, language: Language::English }
}

/// Asserts that a terminal, and a CI log, would show `text` and do nothing else.
pub(crate) fn assert_inert(text: &str, input: &str) {
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{input:?} gave a log command: {line:?}");
        assert!(!line.contains("##["), "{input:?} gave a log command: {line:?}");
        for character in line.chars() {
            let hidden = matches!(u32::from(character), 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF);
            assert!(!character.is_control() && !hidden, "{input:?} gave {character:?} in {line:?}");
        }
    }
}

/// The events of the run that [`report`] tells of, each with its moment.
pub(crate) fn events() -> Vec<(Timestamp, Event)> {
    let id = |index: usize| rich_plan().steps[index].id.clone();
    let finished = |index, outcome, status, seconds, because: Option<StepReason>| Event::StepFinished {
        step: id(index),
        outcome,
        status: Some(status),
        elapsed: Duration::from_secs(seconds),
        request_id: (outcome == Outcome::Done).then(|| RequestId("4F7B2C9E-0001".into())),
        because,
    };
    let progress = |seconds| Event::Progress {
        step: id(0),
        status: Some(Status::Activating),
        elapsed: Duration::from_secs(seconds),
    };
    let throttled = Event::Throttled {
        scope: scope("cn-shanghai"),
        action: "DescribeRouterInterfaces",
        wait: Duration::from_millis(1500),
        attempt: 2,
    };
    vec![
        (at("02:14:00"), Event::RunStarted { run_id: report().run_id, steps: 3 }),
        (at("02:14:00"), Event::WaveStarted { wave: 1, waves: 2 }),
        (at("02:14:01"), Event::CallSent { step: id(0) }),
        (at("02:14:01"), Event::StepWaiting { step: id(2), status: Status::Deactivating }),
        (at("02:14:01"), Event::CallAccepted { step: id(0), request_id: RequestId("4F7B2C9E-0001".into()) }),
        (at("02:14:03"), progress(2)),
        (at("02:14:04"), throttled),
        (at("02:14:06"), finished(2, Outcome::Done, Status::Inactive, 5, None)),
        (at("02:14:11"), progress(10)),
        (at("02:14:13"), finished(0, Outcome::Done, Status::Active, 12, None)),
        (at("02:14:13"), Event::WaveFinished { wave: 1, waves: 2, check: Ok(()) }),
        (at("02:14:14"), finished(1, Outcome::Guarded, Status::Active, 0, Some(broken_floor("sh-backup")))),
        (at("02:14:14"), Event::Stopping { because: StopReason::Failed { step: id(1) } }),
    ]
}

/// Events in which every text is `text`.
pub(crate) fn hostile_events(text: &str) -> Vec<Event> {
    let step = StepId(text.into());
    let status = Some(Status::Unknown(text.into()));
    let elapsed = Duration::from_secs(60);
    vec![
        Event::RunStarted { run_id: RunId(text.into()), steps: 1 },
        Event::CallSent { step: step.clone() },
        Event::CallAccepted { step: step.clone(), request_id: RequestId(text.into()) },
        Event::StepWaiting { step: step.clone(), status: Status::Unknown(text.into()) },
        Event::Progress { step: step.clone(), status: status.clone(), elapsed },
        Event::StepFinished {
            step,
            outcome: Outcome::Failed,
            status,
            elapsed,
            request_id: Some(RequestId(text.into())),
            because: Some(StepReason::Told { text: text.to_owned() }),
        },
        Event::WaveFinished { wave: 1, waves: 1, check: Err(WaveFailure::Check { said: text.to_owned() }) },
        Event::Throttled { scope: scope(text), action: "x", wait: elapsed, attempt: 1 },
        Event::CannotRecord { error: text.into() },
        Event::HeldUp { step: StepId(text.into()), moved: vec![text.into()], wait: elapsed },
        Event::NoClearAnswer { step: StepId(text.into()), error: text.into() },
        Event::LookingAgain { step: StepId(text.into()), error: text.into() },
        Event::CannotRead { scope: scope(text), error: text.into() },
        Event::WaitingForAccount { holder: text.into() },
        Event::Found { reason: Reason::DidNotStay { address: text.into(), goal: Goal::Active, found: None } },
    ]
}

/// A spec of two linked interfaces and a third that needs them.
pub(crate) fn spec() -> Spec {
    let place = Place::default();
    let placed = |value| Placed { value, place };
    let interface = |id: &str, region: &str, status, group: Option<&str>, depends_on: &[&str]| Interface {
        planned: Default::default(),
        labels: BTreeMap::new(),
        id: Placed { value: id.into(), place },
        scope: scope(region),
        status: Placed { value: status, place },
        group: group.map(|group| Placed { value: group.into(), place }),
        depends_on: depends_on.iter().map(|address| Placed { value: Address::from(*address), place }).collect(),
        reason: None,
        protect: None,
        hands_off: None,
        activate_timeout: None,
        deactivate_timeout: None,
        place,
        places: InterfacePlaces::default(),
    };
    let (up, down) = (DesiredStatus::Active, DesiredStatus::Inactive);
    Spec {
        drift: DriftPolicy::Fix,
        time_zone: crate::calendar::Zone::utc(),
        windows: Vec::new(),
        changes: BTreeMap::new(),
        sources: Sources::default(),
        cloud: CloudSettings {
            provider: Provider::Emulator,
            region: None,
            profile: None,
            signature: None,
            account_id: None,
            world: None,
            accounts: BTreeMap::new(),
        },
        state_path: None,
        state_name: None,
        name: None,
        limits: Limits::default(),
        groups: BTreeMap::from([(
            "idc-shanghai".into(),
            Group {
                labels: BTreeMap::new(),
                min_active: Some(placed(1)),
                max_unavailable: None,
                place,
                members: ["sh-backup".into(), "sh-primary".into()].into(),
            },
        )]),
        rollout: None,
        interfaces: BTreeMap::from([
            ("bj-peer".into(), interface("ri-bj-peer", "cn-beijing", up, None, &[])),
            ("gz-lone".into(), interface("ri-gz-lone", "cn-guangzhou", up, None, &["sh-primary"])),
            ("sh-backup".into(), interface("ri-sh-backup", "cn-shanghai", up, Some("idc-shanghai"), &[])),
            (
                "sh-primary".into(),
                interface("ri-sh-primary", "cn-shanghai", down, Some("idc-shanghai"), &["sh-backup"]),
            ),
        ]),
        warnings: Vec::new(),
        extent: crate::spec::Extent::Whole,
    }
}

/// What the cloud says of [`spec`]: sh-primary and bj-peer are two sides of one link, gz-lone is gone.
pub(crate) fn live_state() -> LiveState {
    let observed = |id: &str, region: &str, status, router: &str, opposite: Opposite| Observed {
        router_id: Some(router.into()),
        router_type: Some("VRouter".into()),
        opposite,
        ..Observed::of(id.into(), region.into(), status)
    };
    let opposite = |id: &str, region: &str, router: &str, status| Opposite {
        interface_id: Some(id.into()),
        region: Some(region.into()),
        router_id: Some(router.into()),
        router_type: Some("VRouter".into()),
        status: Some(status),
        ..Opposite::default()
    };
    let primary = opposite("ri-bj-peer", "cn-beijing", "vrt-bj", Status::Active);
    let peer = opposite("ri-sh-primary", "cn-shanghai", "vrt-sh", Status::Active);
    let backup = opposite("ri-elsewhere", "cn-beijing", "vrt-bj", Status::Inactive);
    LiveState {
        read_at: at("02:14:00"),
        readings: BTreeMap::from([
            ("bj-peer".into(), Reading::Found(observed("ri-bj-peer", "cn-beijing", Status::Active, "vrt-bj", peer))),
            ("gz-lone".into(), Reading::Absent),
            (
                "sh-backup".into(),
                Reading::Found(observed("ri-sh-backup", "cn-shanghai", Status::Activating, "vrt-sh", backup)),
            ),
            (
                "sh-primary".into(),
                Reading::Found(observed("ri-sh-primary", "cn-shanghai", Status::Active, "vrt-sh", primary)),
            ),
        ]),
        failures: Vec::new(),
        others: BTreeMap::new(),
    }
}

/// A live state in which every text is `text`.
pub(crate) fn hostile_live_state(text: &str) -> LiveState {
    let mut live = live_state();
    for reading in live.readings.values_mut() {
        if let Reading::Found(observed) = reading {
            observed.router_id = Some(text.into());
            observed.router_type = Some(text.into());
            observed.status = Status::Unknown(text.into());
            observed.opposite.router_id = Some(text.into());
            observed.opposite.interface_id = Some(text.into());
        }
    }
    live
}

/// A fleet of a state that is well, one that is not in every way, and one that was never checked; every text of somebody's is `text`.
pub(crate) fn fleet(text: &str) -> Fleet {
    let drift = hostile_drift(text);
    let moved = crate::drift::Drift { groups: self::drift().groups, ..drift };
    let mut finding = Finding {
        checked_at: at("02:11:00"),
        target: Target { endpoint: text.to_owned(), ..target() },
        items: moved.items.iter().map(Item::from).collect(),
        groups: moved.groups.clone(),
        unread: Vec::new(),
        upcoming: vec![Upcoming {
            change_id: ChangeName::from(text),
            at: at("04:00:00"),
            what: What::Begins,
            interfaces: 2,
            status: Some(DesiredStatus::Inactive),
        }],
        declared: Vec::new(),
    };
    let (now, day) = (at("02:14:00"), Duration::from_secs(24 * 3600));
    let approval = Approval {
        digest: "sha256:0b5f".to_owned(),
        by: text.to_owned(),
        approved_at: at("01:00:00"),
        at: at("03:00:00"),
        expires: at("09:00:00"),
    };
    let found = Found {
        finding: Some(finding.clone()),
        open_run: Some(RunId(text.into())),
        holder: Some(HeldBy { who: text.to_owned(), host: text.to_owned() }),
        approvals: vec![approval],
        ..Found::default()
    };
    let bad = StateRow {
        awaiting: vec![Awaits { run_id: RunId(text.into()), until: at("02:20:00"), left_by: None }],
        ..StateRow::new(text.to_owned(), found, now, day)
    };
    (finding.items, finding.groups, finding.upcoming) = (Vec::new(), Vec::new(), Vec::new());
    let well = Found { finding: Some(finding), ..Found::default() };
    let lost = Found { error: Some(text.to_owned()), ..Found::default() };
    let states = vec![
        bad,
        StateRow::new("site-a".to_owned(), well, now, day),
        StateRow::new("site-b".to_owned(), Found::default(), now, day),
        StateRow::new("site-c".to_owned(), lost, now, day),
    ];
    Fleet { store: text.to_owned(), timestamp: now, states }
}
