#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};

use super::super::{to_file, to_json};
use super::*;
use crate::plan::BlockCode;
use crate::plan::{
    Action, ActionReason, Change, ChangeAction, Damage, Exceeded, FloorLink, FloorMember, Goal, Guard, HealthAnswer,
    HealthRead, HealthUnread, HopAnswer, HopLeft, HopRead, Knob, LeftAloneCode, LostPrefix, NotUp, PlanFileError,
    PlanInputs, ResourceType, RouteLoss, RouterRead, RoutesAnswer, RoutesUnread, Shortage, StepId, Unmet, Values,
    WhyNotUp, seal,
};
use crate::render::words::next::Given;
use crate::resource::{
    AccountName, BusinessStatus, Call, DriftPolicy, HealthCheckStatus, NextHop, Provider, Region, Route, Router, Scope,
    Status,
};
use crate::selector::Selector;
use crate::state::RunId;

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z][a-z0-9-]{0,8}", any::<String>()]
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000, 0_i32..1_000_000_000)
        .prop_map(|(second, nanosecond)| Timestamp::new(second, nanosecond).expect("the range is jiff's"))
}

fn scope() -> impl Strategy<Value = Scope> {
    (prop_oneof![Just("default".to_owned()), text()], text())
        .prop_map(|(account, region)| Scope { account: AccountName::from(account), region: Region::from(region) })
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![Just(Status::Active), Just(Status::Deactivating), text().prop_map(|word| Status::parse(&word))]
}

fn resource_change() -> impl Strategy<Value = ResourceChange> {
    let values = || option::of(status().prop_map(|status| Values { status }));
    (text(), scope(), any::<bool>(), (values(), values()), option::of(text()), option::of(timestamp())).prop_map(
        |(name, scope, update, (before, after), reason, since)| ResourceChange {
            address: Address::from(name.as_str()),
            kind: ResourceType::RouterInterface,
            name: Address::from(name.as_str()),
            id: format!("ri-{name}").into(),
            scope,
            change_id: None,
            action_reason: update.then_some(ActionReason::Both),
            taken_back_by: reason.as_deref().map(|id| RunId(id.into())),
            is_there_already: false,
            change: Change { actions: [if update { ChangeAction::Update } else { ChangeAction::NoOp }], before, after },
            declared_at: reason.clone(),
            reason,
            since,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let action =
        prop_oneof![Just(Action::Call(Call::Activate)), Just(Action::Call(Call::Deactivate)), Just(Action::Wait)];
    let goal = prop_oneof![Just(Goal::Active), Just(Goal::Inactive), Just(Goal::Stable), Just(Goal::Connected)];
    (text(), action, scope(), status(), goal, vec(text(), 0..3), (any::<u32>(), option::of(any::<u64>()))).prop_map(
        |(name, action, scope, expect, goal, words, (wave, settle_timeout_ms))| Step {
            id: StepId::new(&Address::from(name.as_str()), action),
            address: Address::from(name.as_str()),
            action,
            interface_id: format!("ri-{name}").into(),
            scope,
            expect: expect.into(),
            goal,
            after: words.iter().map(|word| StepId(word.as_str().into())).collect(),
            wave,
            guards: words.iter().map(|word| guard(word, wave)).collect(),
            settle_timeout_ms,
            change_id: None,
            valid_until: None,
        },
    )
}

fn guard(group: &str, number: u32) -> Guard {
    Guard {
        group: group.into(),
        lowest: Some(number),
        of: number,
        end: number / 2,
        floor: 1,
        takes_nothing: number.is_multiple_of(3),
    }
}

fn knob(word: &str) -> Knob {
    Knob { key: word.to_owned(), value: 1, at: word.to_owned() }
}

fn block_reason() -> impl Strategy<Value = BlockReason> {
    (text(), status(), any::<u32>(), option::of(timestamp()), 0..11).prop_map(|(word, status, number, since, which)| {
        let why = match number % 6 {
            0 => WhyNotUp::Unseen,
            1 => WhyNotUp::Is { status: status.clone(), since },
            2 => WhyNotUp::Opposite { status: Some(status.clone()) },
            3 => WhyNotUp::Locked { business_status: BusinessStatus::from(word.clone()) },
            4 => WhyNotUp::Unhealthy,
            _ => WhyNotUp::ToGoDown,
        };
        let exceeded = match number % 4 {
            0 => Exceeded::Changes,
            1 => Exceeded::Share { declared: number, allows: 1 },
            2 => Exceeded::Group { name: word.as_str().into(), count: number },
            _ => Exceeded::Region { name: word.as_str().into(), count: number },
        };
        let unmet = match number % 5 {
            0 => Unmet::Blocked(BlockCode::Floor),
            1 => Unmet::LeftAlone(LeftAloneCode::HandsOff),
            2 => Unmet::StaysUp,
            3 => Unmet::StaysDown,
            _ => Unmet::LeftOut,
        };
        let address = Address::from(word.as_str());
        match which {
            0 => BlockReason::Floor(Shortage {
                group: word.as_str().into(),
                left: number,
                of: number,
                floor: 1,
                knob: since.map(|_| knob(&word)),
                not_up: vec![NotUp { address, why }],
                more: 0,
            }),
            1 => BlockReason::Protected { at: word },
            2 => BlockReason::Cap { changes: number, exceeded, knob: knob(&word), allowed: since.map(|_| number) },
            3 => BlockReason::Dependency { needed: address, why: unmet },
            4 => BlockReason::BusinessLocked { word },
            5 => BlockReason::WrongRegion { found_in: word.as_str().into() },
            6 => BlockReason::Deleting { status },
            7 => BlockReason::UnknownStatus { word },
            8 => BlockReason::Health(Shortage {
                group: word.as_str().into(),
                left: number,
                of: number,
                floor: 1,
                knob: None,
                not_up: vec![NotUp { address, why: WhyNotUp::HealthUnread { why: HealthUnread::OtherAccount } }],
                more: 0,
            }),
            9 => BlockReason::Route(RouteLoss {
                prefixes: vec![LostPrefix {
                    prefix: word.as_str().into(),
                    table: word.as_str().into(),
                    also_elsewhere: true,
                }],
                unread_hops: vec![word.as_str().into()],
                unread: since.map(|_| RoutesUnread::Failed { detail: word.clone().into() }),
                at: since.map(|_| word.clone()),
            }),
            _ => BlockReason::PeerDeleted,
        }
    })
}

fn floor() -> impl Strategy<Value = Floor> {
    (text(), scope(), any::<u32>()).prop_map(|(name, scope, min_up)| Floor {
        group: name.as_str().into(),
        links: vec![FloorLink {
            sides: vec![FloorMember { address: name.as_str().into(), interface_id: name.as_str().into(), scope }],
            up: true,
            rises: false,
            out: false,
            check: None,
        }],
        min_up,
        knob: Some(knob(&name)),
    })
}

fn health(is_said: bool, word: &str) -> Vec<HealthRead> {
    let answer = if is_said {
        HealthAnswer::Status(HealthCheckStatus::from(word.to_owned()))
    } else {
        HealthAnswer::Unread(HealthUnread::Denied { detail: word.into() })
    };
    vec![HealthRead { interface_id: word.into(), answer }]
}

fn rollout() -> impl Strategy<Value = RolloutPlan> {
    (text(), option::of(vec(text(), 0..3)), any::<u64>()).prop_map(|(name, check, pause_ms)| RolloutPlan {
        waves: vec![vec![name.as_str().into()], Vec::new()],
        pause_ms,
        check,
        check_timeout_ms: pause_ms / 2,
        traffic: None,
    })
}

fn interface_read() -> impl Strategy<Value = InterfaceRead> {
    (text(), status(), option::of(status()), text(), 0..4).prop_map(|(word, status, opposite_status, lock, which)| {
        let address = Address::from(word.as_str());
        match which {
            0 => {
                let business_status = BusinessStatus::from(lock);
                InterfaceRead::Found { address, status, business_status, opposite_status }
            }
            1 => InterfaceRead::Elsewhere { address, region: lock.as_str().into(), status },
            2 => InterfaceRead::Absent { address },
            _ => InterfaceRead::Unreadable { address },
        }
    })
}

fn plan() -> impl Strategy<Value = Plan> {
    let heart = (
        vec(resource_change(), 0..3),
        vec(resource_change(), 0..2),
        vec(step(), 0..4),
        vec(floor(), 0..2),
        option::of(rollout()),
    );
    let margin = (
        vec((text(), option::of(text())), 0..2),
        vec(block_reason(), 0..3),
        vec((scope(), text()), 0..2),
        any::<u64>(),
        vec(interface_read(), 0..3),
    );
    (timestamp(), any::<bool>(), text(), heart, margin).prop_map(|(timestamp, real, word, heart, margin)| {
        let (resource_changes, resource_drift, steps, floors, rollout) = heart;
        let (words, reasons, failures, serial, read) = margin;
        let address = Address::from(word.as_str());
        let target = Target {
            provider: if real { Provider::Alibaba } else { Provider::Emulator },
            account_id: word.as_str().into(),
            endpoint: word.clone(),
        };
        let lineage = real.then(|| word.clone());
        let basis = Basis { lineage, serial, spec: real.then(|| word.clone()), spec_digest: word.clone() };
        Plan {
            resource_changes,
            resource_drift,
            steps,
            blocked: reasons.into_iter().map(|reason| Blocked { address: address.clone(), reason }).collect(),
            left_alone: words
                .iter()
                .map(|(reason, until)| {
                    let until = until.as_ref().map(|_| "2026-12-01".parse().unwrap());
                    let reason = LeftAloneReason::HandsOff { reason: reason.clone(), until, at: word.clone() };
                    LeftAlone { address: address.clone(), reason }
                })
                .collect(),
            floors,
            groups: vec![crate::plan::GroupHealth {
                name: "g".into(),
                declared: 2,
                up: real.then_some(1),
                floor: 1,
                spare: real.then_some(0),
                below: !real,
                down: false,
                not_up: vec![crate::plan::MemberNotUp {
                    address: "a".into(),
                    why: crate::plan::WhyMemberNotUp::PeerDeleted,
                }],
            }],
            rollout,
            warnings: words.into_iter().map(|(finding, at)| Warning::Spec { finding, at, translated: None }).collect(),
            doubts: vec![Doubt {
                step: StepId(word.as_str().into()),
                run_id: word.clone(),
                is_clear: real,
                found: real.then(|| Status::parse(&word)),
            }],
            failures: failures
                .into_iter()
                .map(|(scope, detail)| ScopeFailure { scope, detail: detail.into(), may_be_misspelt: false })
                .collect(),
            targeted: vec![address],
            inputs: PlanInputs {
                assumed_before: None,
                target: vec![Selector::parse("label:carrier=al*,region:cn-shanghai").unwrap()],
                exclude: Vec::new(),
                allow_changes: real.then_some(3),
                drift: real.then_some(DriftPolicy::Leave),
                allow_forgotten: real.then_some(2),
                redo: real,
                read,
                health: health(real, &word),
                allow_last_route: if real { vec![word.as_str().into()] } else { Vec::new() },
                routes: routes(real, &word),
            },
            routes: vec![RouteLeft {
                address: word.as_str().into(),
                table: word.as_str().into(),
                prefix: word.as_str().into(),
                remains: vec![HopLeft {
                    id: word.as_str().into(),
                    address: real.then(|| word.as_str().into()),
                    weight: real.then_some(0),
                    unproven: real,
                }],
            }],
            ..Plan::of_nothing(timestamp, target, basis)
        }
    })
}

/// What was read of routes.
fn routes(real: bool, word: &str) -> RoutesHeard {
    let scope = Scope { account: AccountName::default_account(), region: word.into() };
    let router = Router { scope: scope.clone(), id: word.into(), kind: real.then(|| word.into()) };
    let hop = NextHop { id: word.into(), is_enabled: real, weight: real.then_some(100) };
    let entries = vec![Route { table: word.into(), prefix: word.into(), next_hops: vec![hop] }];
    let unread = RoutesAnswer::Unread(RoutesUnread::Denied { detail: word.into() });
    let found = HopAnswer::Found {
        status: Status::parse(word),
        business_status: BusinessStatus::Normal,
        opposite_id: real.then(|| word.into()),
        opposite_status: real.then(|| Status::parse(word)),
    };
    let hop = |answer| HopRead { id: word.into(), scope: scope.clone(), answer };
    RoutesHeard {
        routers: vec![
            RouterRead { router: router.clone(), answer: RoutesAnswer::Entries(entries) },
            RouterRead { router, answer: unread },
        ],
        hops: vec![hop(found), hop(HopAnswer::Absent), hop(HopAnswer::Unreadable)],
    }
}

/// A plan of the usual shape, always the same.
fn sample() -> Plan {
    let address = Address::from("sh-primary");
    let scope = Scope { account: AccountName::default_account(), region: "cn-shanghai".into() };
    let target = Target {
        provider: Provider::Emulator,
        account_id: "1234567890123456".into(),
        endpoint: "http://127.0.0.1:4010".to_owned(),
    };
    let basis = Basis { lineage: None, serial: 0, spec: None, spec_digest: "sha256:00".to_owned() };
    Plan {
        resource_changes: vec![ResourceChange {
            address: address.clone(),
            kind: ResourceType::RouterInterface,
            name: address.clone(),
            id: "ri-2zeo3xzyf38r4urzdpvfs".into(),
            scope: scope.clone(),
            change_id: None,
            action_reason: Some(ActionReason::SpecChanged),
            taken_back_by: None,
            is_there_already: false,
            change: Change {
                actions: [ChangeAction::Update],
                before: Some(Values { status: Status::Active }),
                after: Some(Values { status: Status::Inactive }),
            },
            reason: None,
            since: None,
            declared_at: None,
        }],
        resource_drift: Vec::new(),
        steps: vec![Step {
            id: StepId::new(&address, Action::Call(Call::Deactivate)),
            address,
            action: Action::Call(Call::Deactivate),
            interface_id: "ri-2zeo3xzyf38r4urzdpvfs".into(),
            scope,
            expect: Status::Active.into(),
            goal: Goal::Inactive,
            after: Vec::new(),
            wave: 1,
            guards: vec![Guard {
                group: "idc-shanghai".into(),
                lowest: Some(1),
                of: 2,
                end: 1,
                floor: 1,
                takes_nothing: false,
            }],
            settle_timeout_ms: None,
            change_id: None,
            valid_until: None,
        }],
        inputs: PlanInputs {
            read: vec![InterfaceRead::Found {
                address: "sh-primary".into(),
                status: Status::Active,
                business_status: BusinessStatus::Normal,
                opposite_status: Some(Status::Active),
            }],
            ..PlanInputs::default()
        },
        ..Plan::of_nothing("2026-11-23T02:14:00Z".parse().unwrap(), target, basis)
    }
}

#[test]
fn carries_the_keys_that_terraforms_readers_look_for() {
    insta::assert_snapshot!(to_json(&sample()));
}

#[test]
fn a_wait_is_a_word_like_any_other_action() {
    let mut plan = sample();
    plan.steps[0].action = Action::Wait;
    assert!(to_json(&plan).contains(r#""action":"Wait""#));
    assert_eq!(Plan::from_file(to_file(&plan).as_bytes()), Ok(plan));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn reads_back_what_it_saved(plan in plan()) {
        proptest::prop_assert_eq!(Plan::from_file(to_file(&plan).as_bytes()), Ok(plan));
    }

    #[test]
    fn notices_any_edit(plan in plan(), at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut file = to_file(&plan).into_bytes();
        let at = at.index(file.len());
        proptest::prop_assume!(file[at] != byte);
        file[at] = byte;
        proptest::prop_assert!(Plan::from_file(&file).is_err());
    }

    #[test]
    fn never_panics_on_nonsense(bytes in vec(any::<u8>(), 0..200)) {
        proptest::prop_assert_eq!(Plan::from_file(&bytes), Err(PlanFileError::NotAPlan));
    }
}

#[test]
fn notices_every_single_bit_flip_and_every_cut() {
    let file = to_file(&sample()).into_bytes();
    for bit in 0..file.len() * 8 {
        let mut flipped = file.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(Plan::from_file(&flipped).is_err(), "bit {bit}");
    }
    for length in 0..file.len() {
        assert!(Plan::from_file(&file[..length]).is_err(), "cut to {length}");
    }
}

#[test]
fn a_resealed_edit_is_noticed_by_the_derived_keys() {
    let edited = to_json(&sample()).replace(r#""expect":"Active""#, r#""expect":"Inactive""#);
    let error = Plan::from_file(seal(edited).as_bytes()).unwrap_err();
    assert_eq!(error, PlanFileError::Damaged(Damage::Disagreement));
    let added = to_json(&sample()).replace(r#""errored":false"#, r#""errored":false,"skip_floors":true"#);
    assert!(Plan::from_file(seal(added).as_bytes()).is_err());
}

#[test]
fn names_both_versions_of_a_newer_file_and_tells_other_files_apart() {
    let newer = to_file(&sample()).replacen("1.1", "2.3", 1);
    let error = Plan::from_file(newer.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "the plan file has format version 2.3, and this rictl reads version 1.1");
    for other in ["", "{}", "version: 1\n", r#"{"format_version":"1.1","lineage":"x"}"#, "\u{feff}{}"] {
        assert_eq!(Plan::from_file(other.as_bytes()), Err(PlanFileError::NotAPlan), "{other}");
    }
}

/// Made by the last rictl that wrote this format.
const OLD: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/plan/v1_0.json"));

#[test]
fn a_plan_of_format_1_0_is_shown_with_its_sentences_and_never_applied() {
    assert_eq!(Plan::from_file(OLD), Err(PlanFileError::Older { found: "1.0" }));
    assert!(words::plan_file_hint(&PlanFileError::Older { found: "1.0" }).starts_with("plan again"));
    let plan = Plan::from_any_file(OLD).unwrap();
    let shown = crate::render::samples::written(|out| {
        super::super::text(out, &plan, &Given::default(), crate::render::samples::view(80))
    });
    insta::assert_snapshot!("old_plan", shown);
    let document: serde_json::Value = serde_json::from_str(&to_json(&plan)).unwrap();
    let codes = |key: &str| -> Vec<String> {
        document[key].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (codes("blocked"), codes("left_alone")),
        (["floor", "protected", "idle"].map(str::to_owned).to_vec(), vec!["hands_off".to_owned()])
    );
}

#[test]
fn an_altered_plan_of_format_1_0_is_not_even_shown() {
    for at in [200, OLD.len() / 2, OLD.len() - 10] {
        let mut altered = OLD.to_vec();
        altered[at] ^= 1;
        assert!(Plan::from_any_file(&altered).is_err(), "byte {at}");
    }
}

#[test]
fn knows_a_plan_that_another_tool_laid_out_anew() {
    let edited = |version: serde_json::Value| {
        let mut document: serde_json::Value = serde_json::from_str(&to_file(&sample())).unwrap();
        document["format_version"] = version;
        Plan::from_file(serde_json::to_string_pretty(&document).unwrap().as_bytes()).unwrap_err().to_string()
    };
    let newer = "the plan file has format version 99.0, and this rictl reads version 1.1";
    assert_eq!(edited("99.0".into()), newer);
    assert_eq!(edited(99.into()), newer.replace("99.0", "99"));
    assert!(edited("1.1".into()).starts_with("the plan file is damaged or was edited: "));
}

#[test]
fn the_digest_covers_what_is_done_and_nothing_else() {
    let mut plan = sample();
    let address = Address::from("sh-zz");
    plan.resource_changes.push(ResourceChange { address: address.clone(), ..plan.resource_changes[0].clone() });
    let scope = plan.steps[0].scope.clone();
    plan.floors.push(Floor {
        group: "g".into(),
        links: vec![FloorLink {
            sides: vec![FloorMember { address, interface_id: "ri-zz".into(), scope }],
            up: true,
            rises: false,
            out: false,
            check: None,
        }],
        min_up: 1,
        knob: Some(knob("groups.g.min_active")),
    });
    let digest = plan.digest();
    let changed = |edit: fn(&mut Plan)| {
        let mut other = plan.clone();
        edit(&mut other);
        other.digest() != digest
    };
    assert!(!changed(|plan| plan.timestamp = Timestamp::UNIX_EPOCH));
    assert!(!changed(|plan| plan.target.endpoint.push('x')));
    assert!(!changed(|plan| plan.basis.serial += 1));
    assert!(!changed(|plan| plan.steps[0].guards.clear()));
    assert!(!changed(|plan| plan.floors[0].links[0].up = false));
    assert!(!changed(|plan| plan.floors[0].knob = None));
    assert!(!changed(|plan| plan.resource_changes[1].reason = Some("of another interface".to_owned())));
    assert!(changed(|plan| plan.resource_changes[0].reason = Some("CHG-1042".to_owned())));
    assert!(changed(|plan| plan.target.account_id = "2".into()));
    assert!(changed(|plan| plan.target.provider = Provider::Alibaba));
    assert!(changed(|plan| plan.steps[0].expect = Status::Inactive.into()));
    assert!(changed(|plan| plan.steps[0].goal = Goal::Active));
    assert!(changed(|plan| plan.steps[0].scope.region = "cn-beijing".into()));
    assert!(changed(|plan| plan.steps[0].after.push(StepId("x/wait".into()))));
    assert!(changed(|plan| plan.steps[0].settle_timeout_ms = Some(1)));
    assert!(changed(|plan| plan.floors[0].min_up = 0));
    assert!(changed(|plan| plan.floors[0].links.clear()));
    assert!(changed(|plan| plan.floors.clear()));
    assert!(changed(|plan| plan.rollout =
        Some(RolloutPlan { waves: Vec::new(), pause_ms: 0, check: None, check_timeout_ms: 0, traffic: None })));
}

#[test]
fn counts_interfaces_and_calls() {
    let mut plan = sample();
    let mut wait = plan.steps[0].clone();
    wait.action = Action::Wait;
    plan.steps.insert(0, wait);
    let expected = Summary { to_change: 1, to_deactivate: 1, to_activate: 0, to_wait_for: 1, blocked: 0 };
    assert_eq!(plan.summary(), expected);
    assert!(plan.is_complete() && plan.is_applyable() && !plan.is_empty() && !plan.is_errored());
}

/// Encoding 100,000 unchanged interfaces. Run by hand: `cargo test --release -- --ignored encodes_a_fleet --nocapture`.
#[test]
#[ignore = "a measurement"]
fn encodes_a_fleet_in_no_time() {
    let mut plan = sample();
    let mut unchanged = plan.resource_changes[0].clone();
    unchanged.change.actions = [ChangeAction::NoOp];
    plan.resource_changes = vec![unchanged; 100_000];
    let started = std::time::Instant::now();
    let length = to_json(&plan).len();
    let elapsed = started.elapsed();
    assert!(elapsed.as_millis() < 2_000, "{length} bytes took {elapsed:?}");
}

#[test]
fn a_plan_whose_line_end_was_changed_is_the_same_plan() {
    let file = to_file(&crate::render::samples::rich_plan());
    let changed = file.replace('\n', "\r\n");
    assert_eq!(Plan::from_any_file(changed.as_bytes()), Plan::from_any_file(file.as_bytes()));
    assert!(Plan::from_any_file(format!("{changed}\r\n").as_bytes()).is_err());
}

#[test]
fn a_warning_that_says_itself_what_was_answered_says_it_once() {
    let denied = "vpc:DescribeRouteTableList".to_owned();
    for warning in [
        Warning::RoutesDenied { interfaces: 1, detail: denied.clone().into() },
        Warning::HealthDenied { links: 1, detail: denied.clone().into() },
        Warning::EventsUnread { interfaces: 1, detail: denied.into() },
    ] {
        let line = serde_json::to_string(&WarningLine::of(&warning, &Zone::utc())).unwrap();
        assert_eq!(line.matches("\"detail\":").count(), 1, "{line}");
    }
}
