//! What people read when something is refused or worth a second look.

use rictl::plan::{Plan, PlanOptions};
use rictl::render::words::plan as words;
use rictl::resource::{DesiredStatus, Status};

use DesiredStatus::{Active, Inactive};

use super::world::{Far, Interface, Presence, World, options};

/// As many members as a refusal names.
const NAMED: usize = 8;

fn blocked(plan: &Plan) -> Vec<String> {
    plan.blocked
        .iter()
        .map(|blocked| format!("{}: {}", blocked.code().as_str(), words::blocked(plan, blocked)))
        .collect()
}

fn warnings(plan: &Plan) -> Vec<String> {
    let text = |words::Said { summary, detail }| match detail {
        Some(detail) => format!("{summary}; {detail}"),
        None => summary,
    };
    plan.warnings.iter().map(|warning| words::warning(warning, &plan.time_zone)).map(text).collect()
}

fn left_alone(plan: &Plan) -> Vec<String> {
    let text = |left| format!("hands_off: {}", words::left_alone(plan, left));
    plan.left_alone.iter().map(text).collect()
}

#[test]
fn a_floor_names_who_is_down_and_since_when() {
    let mut world = World::of(vec![
        Interface::new("primary", Status::Active, Inactive).in_group(0),
        Interface::new("backup", Status::Deactivating, Inactive)
            .in_group(0)
            .recorded(Some(Active), Status::Deactivating),
        Interface::new("third", Status::Active, Active).in_group(0),
    ])
    .with_group(1);
    world.interfaces[2].opposite = Far::Foreign(Status::Inactive);
    insta::assert_snapshot!(blocked(&world.plan()).join("\n"), @"floor: group g0 would keep 0 of 3 active, floor 1 (groups.g0.min_active 1 at rictl.yaml:4:20) without primary (ri-primary in cn-shanghai); backup is Deactivating since 2026-11-23T02:14:00Z, third is Active but its opposite side is Inactive; bring one of these links up first, or change the floor");
}

#[test]
fn a_floor_names_what_is_accepted_already() {
    let mut world = World::of(vec![
        Interface::new("a", Status::Active, Inactive).in_group(0),
        Interface::new("b", Status::Active, Inactive).in_group(0),
        Interface::new("c", Status::Idle, Active).in_group(0),
    ]);
    world.groups.push(super::world::Group { min_active: None, max_unavailable: Some(2) });
    insta::assert_snapshot!(blocked(&world.plan()).join("\n"), @"
    floor: group g0 would keep 0 of 3 active, floor 1 (groups.g0.max_unavailable 2 at rictl.yaml:4:25) without b (ri-b in cn-shanghai); c is Idle, a is to go down; bring one of these links up first, or change the floor
    idle: c (ri-c in cn-shanghai) is Idle: it was never connected; connect it first
    ");
}

#[test]
fn a_cap_names_the_knob_its_line_and_the_override() {
    let world = |limits: &str| {
        World::of(vec![
            Interface::new("a", Status::Active, Inactive),
            Interface::new("b", Status::Active, Inactive),
            Interface::new("c", Status::Active, Active),
        ])
        .with(limits)
    };
    let refused = |limits: &str, given| {
        let plan = world(limits).plan_with(&PlanOptions { allow_changes: given, ..options() });
        plan.blocked.first().map_or("accepted".to_owned(), |blocked| words::blocked(&plan, blocked))
    };
    let texts = [
        refused("limits: {max_changes: 1}\n", None),
        refused("limits: {max_changes: 1}\n", Some(3)),
        refused("limits: {max_changes: 1}\n", Some(2)),
        refused("limits: {max_changes_percent: 40}\n", None),
        refused("limits: {per_region: 1}\n", None),
    ];
    insta::assert_snapshot!(texts.join("\n"), @"
    2 changes, and limits.max_changes is 1 (rictl.yaml:3:23); all 2 changes are refused; to run exactly these: --allow-changes 2
    2 changes, and limits.max_changes is 1 (rictl.yaml:3:23); all 2 changes are refused (--allow-changes 3 is not the exact number); to run exactly these: --allow-changes 2
    accepted
    2 of 3 interfaces change, and limits.max_changes_percent is 40 (rictl.yaml:3:31), which allows 1; all 2 changes are refused; to run exactly these: --allow-changes 2
    2 changes in cn-shanghai, and limits.per_region is 1 (rictl.yaml:3:22); all 2 changes are refused; to run exactly these: --allow-changes 2
    ");
}

#[test]
fn protection_and_hands_off_say_how_they_end() {
    let mut protected = Interface::new("a", Status::Active, Inactive);
    protected.protect = true;
    let hands_off =
        Interface::new("b", Status::Active, Inactive).line("hands_off: {reason: vendor, until: 2026-12-01}");
    let plan = World::of(vec![protected, hands_off]).plan();
    insta::assert_snapshot!([blocked(&plan), left_alone(&plan)].concat().join("\n"), @"
    protected: a (ri-a in cn-shanghai) is protected (rictl.yaml:8:14); remove `protect` in a reviewed change to deactivate it
    hands_off: b (ri-b in cn-shanghai) is hands off until 2026-12-01: vendor
    ");
}

#[test]
fn an_expired_hands_off_is_honoured_and_said_loudly() {
    let hands_off = |until: &str| {
        let line = format!("hands_off: {{reason: vendor, until: {until}}}");
        World::of(vec![Interface::new("a", Status::Active, Inactive).line(&line)]).plan()
    };
    let expired = hands_off("2026-11-22");
    assert_eq!(expired.left_alone[0].reason.code().as_str(), "hands_off");
    assert!(expired.is_complete() && expired.is_empty());
    insta::assert_snapshot!(warnings(&expired).join("\n"), @"hands_off of a has expired: it was meant to stand until 2026-11-22; rictl.yaml:8:16; no step is planned for it while it stands: take it out of the spec, or give it a new date");
    assert!(hands_off("2026-11-23").warnings.is_empty());
}

#[test]
fn a_protection_that_went_with_the_change_is_flagged() {
    let mut interface = Interface::new("a", Status::Active, Inactive).recorded(Some(Active), Status::Active);
    interface.was_protected = true;
    insta::assert_snapshot!(warnings(&World::of(vec![interface.clone()]).plan()).join("\n"), @"
    1 deactivation in no group: nothing guards it
    a was protected when last applied, and is now to be deactivated; the protection and the status changed in one go: rictl.yaml:7:13
    ");
    interface.desired = Active;
    assert!(World::of(vec![interface]).plan().warnings.is_empty());
}

#[test]
fn a_half_up_link_names_both_lines() {
    let mut world = World::of(vec![
        Interface::new("east", Status::Active, Active),
        Interface::new("west", Status::Active, Inactive),
    ]);
    world.interfaces[1].region = "cn-beijing";
    world.pair(0, 1);
    insta::assert_snapshot!(warnings(&world.plan()).join("\n"), @"
    the link of east and west will be half up; its two sides are declared Active at rictl.yaml:7:13 and Inactive at rictl.yaml:11:13
    1 deactivation in no group: nothing guards it
    ");
}

#[test]
fn an_end_is_not_activated_while_its_other_end_is_declared_inactive_but_on_a_way_back() {
    let link = |live: Status, other: Status| {
        let mut world = World::of(vec![Interface::new("east", live, Active), Interface::new("west", other, Inactive)]);
        world.pair(0, 1);
        world
    };
    for live in [Status::Inactive, Status::Deactivating, Status::Modifying] {
        let plan = link(live, Status::Inactive).plan();
        plan.check().unwrap();
        assert!(plan.steps.is_empty() && plan.is_complete());
        assert_eq!(plan.left_alone[0].reason.code().as_str(), "other_end");
        insta::allow_duplicates! {
            insta::assert_snapshot!(words::left_alone(&plan, &plan.left_alone[0]), @"east (ri-east in cn-shanghai) is not activated: its other end west is declared Inactive (rictl.yaml:11:13), and both may come up together");
        }
        assert!(warnings(&plan)[0].contains("declared Active at rictl.yaml:7:13 and Inactive at rictl.yaml:11:13"));
    }
    let drained = link(Status::Inactive, Status::Active);
    let steps = |plan: &rictl::plan::Plan| plan.steps.iter().map(|step| step.id.0.to_string()).collect::<Vec<_>>();
    assert_eq!(steps(&drained.plan()), ["west/deactivate"]);
    assert_eq!(steps(&link(Status::Activating, Status::Inactive).plan()), ["east/wait"]);
    let way_back = rictl::plan::PlanOptions {
        targets: vec![rictl::selector::Selector::of(&"east".into())],
        way_back: Some(rictl::plan::WayBack::default()),
        ..super::world::options()
    };
    assert_eq!(steps(&drained.plan_with(&way_back)), ["east/activate"]);
}

#[test]
fn a_day_ends_in_the_zone_of_the_spec() {
    let mut world = World::of(vec![
        Interface::new("a", Status::Inactive, Active).line("hands_off: {reason: vendor, until: 2026-11-23}"),
    ]);
    let at = |moment: &str| PlanOptions { at: Some(moment.parse().unwrap()), ..options() };
    let has_run_out = |world: &World, moment: &str| !warnings(&world.plan_with(&at(moment))).is_empty();
    assert!(!has_run_out(&world, "2026-11-23T23:59:59Z") && has_run_out(&world, "2026-11-24T00:00:00Z"));
    world.sections = "time_zone: Asia/Shanghai\n".to_owned();
    assert!(!has_run_out(&world, "2026-11-23T15:59:59Z") && has_run_out(&world, "2026-11-23T16:00:00Z"));
}

#[test]
fn what_was_seen_elsewhere_after_our_call_began_once_more_and_nobody_knows_when() {
    let world = World::of(vec![Interface::new("a", Status::Deactivating, Inactive).recorded(None, Status::Active)]);
    let since =
        |ended: &str| {
            let mut state = world.state().unwrap();
            let record = state.interfaces.values_mut().next().unwrap();
            record.last_action = Some(serde_json::from_value(serde_json::json!({
            "run_id": "20261123T020000.000Z-1a2b3c", "step": "a/deactivate", "action": "DeactivateRouterInterface",
            "request_id": "R", "started_at": "2026-11-23T02:00:00Z", "finished_at": ended, "outcome": "unsettled",
        })).unwrap());
            let now = options().moment();
            let items = rictl::drift::compare(&world.spec(), &world.live(), Some(&state), &Default::default(), now);
            items[0].since
        };
    // It was read at 02:14 as Active.
    let left_open_later = "2026-11-23T02:15:00Z";
    assert_eq!(since(left_open_later), Some(left_open_later.parse().unwrap()));
    assert_eq!(since("2026-11-23T02:13:00Z"), None);
}

#[test]
fn a_transition_past_its_timeout_is_never_no_changes() {
    let world =
        World::of(vec![Interface::new("a", Status::Activating, Active).recorded(Some(Active), Status::Activating)]);
    let plan = world.plan();
    assert!(!plan.is_empty());
    insta::assert_snapshot!(warnings(&plan).join("\n"), @"a is Activating, in transition since 2026-11-23T02:14:00Z; longer than its settle timeout of 10m");
}

#[test]
fn a_deactivation_says_what_its_group_keeps() {
    let world = World::of(vec![
        Interface::new("primary", Status::Active, Inactive).in_group(0),
        Interface::new("backup", Status::Inactive, Active).in_group(0),
    ])
    .with_group(1);
    let plan = world.plan();
    let guards = |step: &rictl::plan::Step| step.guards.iter().map(words::guard).collect::<Vec<_>>();
    let steps: Vec<String> =
        plan.steps.iter().map(|step| format!("{} after {:?}: {:?}", step.id, step.after, guards(step))).collect();
    insta::assert_snapshot!(steps.join("\n"), @r#"
    backup/activate after []: []
    primary/deactivate after ["backup/activate"]: ["g0: at least 1 of 2 up at any moment, 1 at the end, floor 1"]
    "#);
}

#[test]
fn a_floor_of_a_large_group_names_some_and_counts_the_rest() {
    let refusal = |down: usize| {
        let mut interfaces = vec![Interface::new("primary", Status::Active, Inactive).in_group(0)];
        interfaces
            .extend((0..down).map(|number| Interface::new(&format!("x{number:02}"), Status::Idle, Active).in_group(0)));
        let plan = World::of(interfaces).with_group(1).plan();
        let floor = plan.blocked.iter().find(|blocked| blocked.code().as_str() == "floor");
        words::blocked(&plan, floor.unwrap())
    };
    let named = |text: &str| text.matches("is Idle").count();
    let few = refusal(NAMED);
    assert_eq!((named(&few), few.contains("more;")), (NAMED, false), "{few}");
    for more in [1, 5] {
        let many = refusal(NAMED + more);
        assert!(named(&many) == NAMED && many.contains(&format!(", and {more} more; ")), "{many}");
    }
}

#[test]
fn a_guard_tells_the_worst_moment_of_any_order_and_the_end() {
    // a goes down while b comes up, in no order: three are up in between.
    let mut interfaces = vec![
        Interface::new("a", Status::Active, Inactive).in_group(0),
        Interface::new("b", Status::Inactive, Active).in_group(0),
    ];
    interfaces.extend(["c", "d", "e"].map(|name| Interface::new(name, Status::Active, Active).in_group(0)));
    let plan = World::of(interfaces).with_group(1).plan();
    let deactivate = plan.steps.iter().find(|step| &*step.id.0 == "a/deactivate").unwrap();
    assert!(deactivate.after.is_empty());
    assert_eq!(words::guard(&deactivate.guards[0]), "g0: at least 3 of 5 up at any moment, 4 at the end, floor 1");
}

#[test]
fn what_takes_nothing_from_its_group_is_never_blocked_by_its_floor() {
    let mut dead = Interface::new("dead", Status::Active, Inactive).in_group(0);
    dead.opposite = Far::Foreign(Status::Inactive);
    let mut other = Interface::new("other", Status::Inactive, Active).in_group(0);
    other.opposite = Far::Foreign(Status::Deleted);
    let guards = |plan: &Plan| {
        let step = plan.steps.iter().find(|step| step.id.0.as_ref() == "dead/deactivate").unwrap();
        step.guards.iter().map(words::guard).collect::<Vec<_>>()
    };
    let plan = World::of(vec![dead.clone(), other.clone()]).with_group(1).plan();
    plan.check().unwrap();
    assert_eq!(guards(&plan), ["g0 is at 0 of 2, floor 1, with or without it"]);

    // What brings the group back comes first, as far as there is any.
    let third = Interface::new("third", Status::Inactive, Active).in_group(0);
    let plan = World::of(vec![dead.clone(), other, third.clone()]).with_group(2).plan();
    plan.check().unwrap();
    assert_eq!(guards(&plan), ["g0 is at 1 of 3, floor 2, with or without it"]);
    let step = plan.steps.iter().find(|step| step.address.as_str() == "dead").unwrap();
    assert_eq!(step.after.iter().map(ToString::to_string).collect::<Vec<_>>(), ["third/activate"]);

    // Nobody knows of it what is not said: a link of which one end cannot be read is not out.
    let alone = Interface::new("alone", Status::Active, Inactive).in_group(0);
    let plan = World::of(vec![alone, third]).with_group(1).plan();
    assert!(plan.blocked.is_empty(), "{:?}", plan.blocked);
    dead.presence = Presence::Unreadable;
    let mut ends = World::of(vec![Interface::new("end", Status::Active, Inactive).in_group(0), dead]).with_group(0);
    ends.pair(0, 1);
    ends.interfaces.push(Interface::new("up", Status::Inactive, Active).in_group(0).line("hands_off: {reason: known}"));
    ends.groups[0].min_active = Some(1);
    let blocked = ends.plan().blocked;
    assert!(blocked.iter().any(|blocked| blocked.code().as_str() == "floor"), "{blocked:?}");
}

#[test]
fn what_needs_something_that_is_left_alone_says_so() {
    let hands_off = Interface::new("base", Status::Inactive, Active).line("hands_off: {reason: vendor}");
    let needs = Interface::new("needs", Status::Inactive, Active).after(&[0]);
    insta::assert_snapshot!(blocked(&World::of(vec![hands_off, needs]).plan()).join("\n"), @"dependency: needs (ri-needs in cn-shanghai) has to wait for base, which is left alone (hands_off)");
}

#[test]
fn deactivations_that_no_group_holds_are_counted_once() {
    let drained = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("i{number}")).collect();
        World::of(names.iter().map(|name| Interface::new(name, Status::Active, Inactive)).collect())
    };
    assert_eq!(warnings(&drained(1).plan()), ["1 deactivation in no group: nothing guards it"]);
    assert_eq!(warnings(&drained(12).plan()), ["12 deactivations in no group: nothing guards them"]);
    let mut link = World::of(vec![
        Interface::new("east", Status::Active, Inactive),
        Interface::new("west", Status::Active, Inactive).in_group(0),
    ])
    .with_group(0);
    link.pair(0, 1);
    assert!(warnings(&link.plan()).is_empty(), "a link is guarded by the group of either side");
}
