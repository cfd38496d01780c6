//! The status table, row by row, and what stands before a call.

use rictl::plan::{ActionReason, BlockCode, ChangeAction, Plan};
use rictl::resource::{BusinessStatus, DesiredStatus, Status};

use DesiredStatus::{Active, Inactive};

use super::world::{Far, Interface, Presence, World};

fn plan_of(interface: Interface) -> Plan {
    let plan = World::of(vec![interface]).plan();
    plan.check().unwrap();
    plan
}

/// The steps as `verb: expected -> goal`, or the code of the block.
fn outcome(plan: &Plan) -> String {
    if let [blocked] = &plan.blocked[..] {
        assert!(plan.steps.is_empty() && !plan.is_complete());
        return blocked.code().as_str().to_owned();
    }
    if let [left] = &plan.left_alone[..] {
        assert!(plan.is_empty() && plan.is_complete());
        return left.reason.code().as_str().to_owned();
    }
    let steps = plan.steps.iter().map(|step| {
        let (_, verb) = step.id.0.split_once('/').unwrap();
        format!("{verb}: {} -> {}", step.expect, step.goal)
    });
    steps.collect::<Vec<_>>().join(", ")
}

#[test]
fn follows_the_status_table() {
    let rows = [
        ("Active", "", "deactivate: Active -> Inactive"),
        ("Inactive", "activate: Inactive -> Active", ""),
        (
            "Deactivating",
            "wait: Deactivating -> Inactive, activate: Inactive -> Active",
            "wait: Deactivating -> Inactive",
        ),
        ("Activating", "wait: Activating -> Active", "wait: Activating -> Active, deactivate: Active -> Inactive"),
        (
            "Modifying",
            "wait: Modifying -> Active or Inactive, activate: Inactive -> Active",
            "wait: Modifying -> Active or Inactive, deactivate: Active -> Inactive",
        ),
        ("Idle", "idle", "idle"),
        (
            "Connecting",
            "wait: Connecting -> Active",
            "wait: Connecting -> Active or Idle, deactivate: Active -> Inactive",
        ),
        (
            "AcceptingConnecting",
            "wait: AcceptingConnecting -> Active",
            "wait: AcceptingConnecting -> Active or Idle, deactivate: Active -> Inactive",
        ),
        ("Deleting", "deleting", "deleting"),
        ("Deleted", "deleting", "deleting"),
        ("Resting", "unknown_status", "unknown_status"),
    ];
    for (word, up, down) in rows {
        for (desired, expected) in [(Active, up), (Inactive, down)] {
            let plan = plan_of(Interface::new("a", Status::parse(word), desired));
            assert_eq!(outcome(&plan), expected, "{word}, want {desired}");
        }
    }
}

#[test]
fn quotes_a_status_that_nobody_documents() {
    let plan = plan_of(Interface::new("a", Status::parse("Resting"), Active));
    let detail = rictl::render::words::plan::blocked(&plan, &plan.blocked[0]);
    assert_eq!(detail, "a (ri-a in cn-shanghai) has a status that is not documented: \"Resting\"");
}

#[test]
fn blocks_what_is_absent_elsewhere_or_unreadable() {
    for (presence, code, complete) in [
        (Presence::Absent, "not_found", false),
        (Presence::Elsewhere, "wrong_region", false),
        (Presence::Unreadable, "unreadable", false),
    ] {
        for desired in [Active, Inactive] {
            let mut interface = Interface::new("a", Status::Active, desired);
            interface.presence = presence;
            let plan = plan_of(interface);
            assert_eq!((outcome(&plan).as_str(), plan.is_complete()), (code, complete), "{presence:?}");
            assert_eq!(plan.is_errored(), presence == Presence::Unreadable);
        }
    }
}

#[test]
fn keeps_what_the_spec_guards_and_what_the_api_would_refuse() {
    let locked = |business, live, desired| {
        let mut interface = Interface::new("a", live, desired);
        interface.business = business;
        interface
    };
    let mut protected = Interface::new("a", Status::Active, Inactive);
    protected.protect = true;
    let mut protected_up = Interface::new("a", Status::Inactive, Active);
    protected_up.protect = true;
    let mut widowed = Interface::new("a", Status::Inactive, Active);
    widowed.opposite = Far::Foreign(Status::Deleted);
    let mut widowed_down = Interface::new("a", Status::Active, Inactive);
    widowed_down.opposite = Far::Foreign(Status::Deleted);
    let hands_off = |live, desired| Interface::new("a", live, desired).line("hands_off: {reason: vendor is on site}");
    let cases = [
        (protected, "protected"),
        (protected_up, "activate: Inactive -> Active"),
        (hands_off(Status::Active, Inactive), "hands_off"),
        (hands_off(Status::Inactive, Active), "hands_off"),
        (hands_off(Status::Active, Active), ""),
        (hands_off(Status::Deactivating, Inactive), "hands_off"),
        (locked(BusinessStatus::FinancialLocked, Status::Active, Inactive), "financial_locked"),
        (locked(BusinessStatus::SecurityLocked, Status::Inactive, Active), "security_locked"),
        (locked(BusinessStatus::Unknown("Odd".into()), Status::Inactive, Active), "business_locked"),
        (locked(BusinessStatus::FinancialLocked, Status::Active, Active), ""),
        (locked(BusinessStatus::FinancialLocked, Status::Activating, Active), "wait: Activating -> Active"),
        (widowed, "peer_deleted"),
        (widowed_down, "deactivate: Active -> Inactive"),
    ];
    for (number, (interface, expected)) in cases.into_iter().enumerate() {
        assert_eq!(outcome(&plan_of(interface)), expected, "case {number}");
    }
}

#[test]
fn what_hands_off_covers_is_left_alone_even_where_it_is_not_there() {
    for presence in [Presence::Absent, Presence::Elsewhere] {
        let mut interface = Interface::new("a", Status::Active, Active).line("hands_off: {reason: vendor is on site}");
        interface.presence = presence;
        let plan = plan_of(interface);
        assert_eq!(outcome(&plan), "hands_off", "{presence:?}");
    }
}

#[test]
fn says_why_something_changes() {
    use ActionReason::{Both, Drift, New, SpecChanged};
    let cases = [
        (None, Status::Active, Inactive, Some(New)),
        (Some(None), Status::Active, Inactive, Some(New)),
        (Some(Some(Active)), Status::Active, Inactive, Some(SpecChanged)),
        (Some(Some(Inactive)), Status::Active, Inactive, Some(Drift)),
        (Some(Some(Active)), Status::Inactive, Active, Some(Drift)),
        (Some(Some(Inactive)), Status::Idle, Active, Some(Both)),
        // What is under way has left nothing yet.
        (Some(Some(Active)), Status::Deactivating, Active, Some(Drift)),
        (Some(Some(Inactive)), Status::Activating, Active, Some(SpecChanged)),
        (Some(Some(Active)), Status::Active, Active, None),
        (None, Status::Active, Active, None),
        // Somebody did by hand what the spec now asks for.
        (Some(Some(Active)), Status::Inactive, Inactive, None),
    ];
    for (record, live, desired, reason) in cases {
        let mut interface = Interface::new("a", live.clone(), desired);
        interface.record = record.map(|declared| (declared, Some(Status::Active)));
        let plan = plan_of(interface);
        assert_eq!(plan.resource_changes[0].action_reason, reason, "{record:?}, {live}, want {desired}");
    }
}

#[test]
fn counts_only_calls_as_changes() {
    let plan = plan_of(Interface::new("a", Status::Activating, Active));
    assert_eq!(plan.resource_changes[0].change.actions, [ChangeAction::NoOp]);
    assert_eq!((plan.summary().to_change, plan.summary().to_wait_for), (0, 1));
    // A call after a wait is one.
    let plan = plan_of(Interface::new("a", Status::Activating, Inactive));
    assert_eq!(plan.resource_changes[0].change.actions, [ChangeAction::Update]);
}

#[test]
fn tells_what_left_the_status_it_was_last_seen_in() {
    let drifted = |seen: Status, live: Status| {
        let plan = plan_of(Interface::new("a", live, Active).recorded(Some(Active), seen));
        plan.resource_drift.len()
    };
    assert_eq!(drifted(Status::Active, Status::Inactive), 1);
    assert_eq!(drifted(Status::Active, Status::Active), 0);
    // A recorded transition was bound to move on.
    assert_eq!(drifted(Status::Activating, Status::Active), 0);
}

#[test]
fn tells_drift_alone_from_drift_under_a_changed_spec() {
    let reason = |applied| {
        let moved = Interface::new("a", Status::Inactive, Active).recorded(Some(applied), Status::Active);
        plan_of(moved).resource_drift[0].action_reason
    };
    assert_eq!((reason(Active), reason(Inactive)), (Some(ActionReason::Drift), Some(ActionReason::Both)));
}

#[test]
fn a_record_of_the_same_key_in_another_region_is_another_history() {
    let mut interface = Interface::new("a", Status::Inactive, Active).recorded(Some(Active), Status::Active);
    interface.was_in = Some("cn-beijing");
    let plan = plan_of(interface);
    assert_eq!(plan.resource_changes[0].action_reason, Some(ActionReason::New));
    assert!(plan.resource_drift.is_empty());
}

#[test]
fn takes_down_the_initiator_first_and_brings_up_the_acceptor_first() {
    for (live, desired, verb, first, second) in
        [(Status::Active, Inactive, "deactivate", "z", "a"), (Status::Inactive, Active, "activate", "a", "z")]
    {
        let mut world =
            World::of(vec![Interface::new("z", live.clone(), desired), Interface::new("a", live.clone(), desired)]);
        world.interfaces[1].region = "cn-beijing";
        world.pair(0, 1);
        let order: Vec<String> = world.plan().steps.iter().map(|step| step.id.to_string()).collect();
        assert_eq!(order, [format!("{first}/{verb}"), format!("{second}/{verb}")]);
        // One side's role is enough to tell, whichever it is.
        for silent in [0, 1] {
            let mut world = world.clone();
            world.interfaces[silent].role = None;
            assert_eq!(world.plan().steps[0].id.to_string(), format!("{first}/{verb}"));
        }
        // Up after what it depends on, down before it: the other way round.
        world.interfaces[1].depends_on = vec![0];
        assert_eq!(world.plan().steps[0].id.to_string(), format!("{second}/{verb}"));
    }
}

#[test]
fn blocks_a_dependant_and_nothing_else() {
    let mut world = World::of(vec![
        Interface::new("base", Status::Idle, Active),
        Interface::new("needs-base", Status::Inactive, Active).after(&[0]),
        Interface::new("needs-that", Status::Inactive, Active).after(&[1]),
        Interface::new("apart", Status::Inactive, Active),
        Interface::new("down", Status::Active, Inactive),
    ]);
    world.interfaces[4].depends_on = vec![0];
    let plan = world.plan();
    let blocked: Vec<(&str, BlockCode)> =
        plan.blocked.iter().map(|blocked| (blocked.address.as_str(), blocked.code())).collect();
    use BlockCode::{Dependency, Idle};
    assert_eq!(blocked, [("base", Idle), ("needs-base", Dependency), ("needs-that", Dependency)]);
    assert_eq!(plan.steps.iter().map(|step| step.address.as_str()).collect::<Vec<_>>(), ["apart", "down"]);
}

#[test]
fn waits_for_nothing_before_a_transition_that_somebody_else_began() {
    let world = World::of(vec![
        Interface::new("first", Status::Inactive, Active),
        Interface::new("second", Status::Activating, Active).after(&[0]),
        Interface::new("third", Status::Inactive, Active).after(&[1]),
    ]);
    let plan = world.plan();
    let after = |id: &str| plan.steps.iter().find(|step| *step.id.0 == *id).unwrap().after.clone();
    assert!(after("second/wait").is_empty());
    assert_eq!(after("third/activate").iter().map(|id| &*id.0).collect::<Vec<_>>(), ["second/wait"]);
}

#[test]
fn blocks_what_must_go_down_after_a_link_that_its_floor_keeps() {
    let mut world = World::of(vec![
        Interface::new("backup", Status::Active, Inactive),
        Interface::new("other", Status::Idle, Active).in_group(0),
        Interface::new("primary", Status::Active, Inactive).in_group(0).after(&[0]),
    ])
    .with_group(1);
    let blocked = |world: &World| -> Vec<(String, BlockCode)> {
        world.plan().blocked.iter().map(|blocked| (blocked.address.to_string(), blocked.code())).collect()
    };
    let [backup, other, primary] = ["backup", "other", "primary"].map(str::to_owned);
    use BlockCode::{Dependency, Floor, Idle};
    assert_eq!(blocked(&world), [(backup, Dependency), (other, Idle), (primary, Floor)]);
    world.interfaces[2].depends_on.clear();
    assert_eq!(world.plan().steps[0].id.to_string(), "backup/deactivate");
}

#[test]
fn numbers_the_waves_by_what_each_step_has_to_wait_for() {
    let world = World::of(vec![
        Interface::new("a", Status::Inactive, Active),
        Interface::new("b", Status::Deactivating, Active).after(&[0]),
        Interface::new("c", Status::Inactive, Active).after(&[1]),
        Interface::new("d", Status::Deactivating, Active),
    ]);
    let waves: Vec<(String, u32)> = world.plan().steps.iter().map(|step| (step.id.to_string(), step.wave)).collect();
    let expected =
        [("a/activate", 1), ("b/wait", 1), ("d/wait", 1), ("b/activate", 2), ("d/activate", 2), ("c/activate", 3)];
    assert_eq!(waves, expected.map(|(id, wave)| (id.to_owned(), wave)));
}

#[test]
fn a_step_waits_as_long_as_its_direction_may_take() {
    let timeout = |live, desired| {
        let interface = Interface::new("a", live, desired).line("timeouts: {activate: 7m, deactivate: 90s}");
        plan_of(interface).steps[0].settle_timeout_ms
    };
    assert_eq!(timeout(Status::Inactive, Active), Some(420_000));
    assert_eq!(timeout(Status::Active, Inactive), Some(90_000));
    assert_eq!(plan_of(Interface::new("a", Status::Active, Inactive)).steps[0].settle_timeout_ms, None);
}

#[test]
fn a_link_whose_roles_nobody_tells_goes_by_address() {
    let mut world =
        World::of(vec![Interface::new("z", Status::Active, Inactive), Interface::new("a", Status::Active, Inactive)]);
    world.interfaces[1].region = "cn-beijing";
    world.pair(0, 1);
    world.interfaces.iter_mut().for_each(|interface| interface.role = None);
    let order: Vec<String> = world.plan().steps.iter().map(|step| step.id.to_string()).collect();
    assert_eq!(order, ["a/deactivate", "z/deactivate"]);
    assert_eq!(world.plan().steps[1].after.len(), 1);
}

/// Two groups that share their links: what brings one of them up before the other goes down may be enough for both.
#[test]
fn a_floor_adds_no_order_that_another_one_has_brought_about() {
    let edges = |world: &World| world.plan().steps.iter().map(|step| step.after.len()).sum::<usize>();
    // One comes up for four that go down; three of four may go before it does.
    let mut world = World::of(vec![
        Interface::new("down-1", Status::Active, Inactive).in_group(0),
        Interface::new("down-2", Status::Active, Inactive).in_group(0).after(&[0]),
        Interface::new("up", Status::Inactive, Active).in_group(0),
    ])
    .with_group(1);
    // `down-2` goes first, for its dependency; then only `down-1` has to wait for `up`.
    let plan = world.plan();
    let after = |id: &str| plan.steps.iter().find(|step| &*step.id.0 == id).unwrap().after.clone();
    assert_eq!(after("down-2/deactivate"), []);
    assert_eq!(
        after("down-1/deactivate").iter().map(|id| &*id.0).collect::<Vec<_>>(),
        ["down-2/deactivate", "up/activate"]
    );
    assert_eq!(edges(&world), 2);
    // With a floor of two nobody goes before it.
    world.groups[0].min_active = Some(2);
    world.interfaces.push(Interface::new("stays", Status::Active, Active).in_group(0));
    assert_eq!(edges(&world), 2);
}

#[test]
fn a_second_claim_on_the_same_opposite_side_pairs_nobody() {
    let mut world = World::of(vec![
        Interface::new("a", Status::Active, Inactive),
        Interface::new("b", Status::Active, Inactive),
        Interface::new("c", Status::Active, Inactive),
    ]);
    for claiming in [0, 2] {
        world.interfaces[claiming].opposite = Far::Declared { peer: 1, reports_status: false };
    }
    let plan = world.plan();
    let after = |number: usize| plan.steps.iter().find(|step| step.address == world.interfaces[number].address());
    let after = |number: usize| after(number).unwrap().after.len();
    assert_eq!((after(0), after(1), after(2)), (0, 1, 0), "a and b are a link, c stands alone");
}
