//! Changes in force: what a plan makes of them. It is Monday, noon, UTC, 2026-11-23.

use rictl::plan::{ActionReason, Plan, PlanOptions};
use rictl::resource::{DesiredStatus, Status};

use DesiredStatus::{Active, Inactive};

use rictl::schedule::in_force;

use super::world::{Interface, World, options};

fn steps(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| step.id.to_string()).collect()
}

fn reason(plan: &Plan, address: &str) -> (Option<ActionReason>, Option<String>) {
    let change = plan.change(&address.into()).unwrap();
    (change.action_reason, change.change_id.as_ref().map(ToString::to_string))
}

fn change(name: &str, select: &str, from: &str, until: &str) -> String {
    format!("  {name}: {{ reason: works, select: [{select}], status: Inactive, from: {from}, until: {until} }}\n")
}

fn up(name: &str) -> Interface {
    Interface::new(name, Status::Active, Active)
}

#[test]
fn a_change_that_has_begun_gives_the_status_and_the_step_ends_with_it() {
    let changes = format!("changes:\n{}", change("CHG-1", "a", "2026-11-23T11:00", "2026-11-23T13:00"));
    let world = World::of(vec![up("a").recorded(Some(Active), Status::Active), up("b")]).with(&changes);
    let plan = world.plan();
    assert_eq!(steps(&plan), ["a/deactivate"]);
    assert_eq!(reason(&plan, "a"), (Some(ActionReason::ChangeBegun), Some("CHG-1".to_owned())));
    let step = &plan.steps[0];
    assert_eq!(step.change_id.as_ref().map(|change| change.as_str()), Some("CHG-1"));
    assert_eq!(step.valid_until, Some("2026-11-23T13:00:00Z".parse().unwrap()));
    assert!(steps(&World { sections: changes.replace("T11:00", "T12:00:00.001"), ..world }.plan()).is_empty());
}

#[test]
fn what_has_ended_comes_back_and_waits_for_no_allow_window() {
    let changes = format!(
        "windows: [{{ allow: nightly works, from: \"01:00\", to: \"05:00\" }}]\nchanges:\n{}",
        change("CHG-1", "a", "2026-11-23T01:00", "2026-11-23T11:00")
    );
    let drained = Interface::new("a", Status::Inactive, Active).recorded(Some(Inactive), Status::Inactive);
    let plan = World::of(vec![drained, Interface::new("b", Status::Inactive, Active)]).with(&changes).plan();
    assert_eq!(steps(&plan), ["a/activate"]);
    assert_eq!(reason(&plan, "a"), (Some(ActionReason::ChangeEnded), Some("CHG-1".to_owned())));
    assert_eq!(plan.blocked[0].code().as_str(), "window");
    let denied = changes.replace("allow: nightly works, from: \"01:00\", to: \"05:00\"", "deny: works, to: \"12:30\"");
    let drained = Interface::new("a", Status::Inactive, Active).recorded(Some(Inactive), Status::Inactive);
    assert_eq!(World::of(vec![drained]).with(&denied).plan().blocked[0].code().as_str(), "window");
}

#[test]
fn of_changes_that_clash_the_later_one_waits() {
    let changes = format!(
        "changes:\n{}{}",
        change("CHG-1", "a", "2026-11-23T10:00", "2026-11-23T13:00"),
        change("CHG-2", "b, c", "2026-11-23T11:00", "2026-11-23T13:00")
    );
    let world = World::of(vec![up("a").in_group(0), up("b").in_group(0), up("c")]).with_group(1).with(&changes);
    let plan = world.plan();
    assert_eq!(steps(&plan), ["a/deactivate"]);
    let blocked: Vec<_> = plan.blocked.iter().map(|one| (one.address.to_string(), one.code().as_str())).collect();
    assert_eq!(blocked, [("b".to_owned(), "clash"), ("c".to_owned(), "clash")]);
    let text = rictl::render::words::plan::blocked(&plan, &plan.blocked[0]);
    insta::assert_snapshot!(text, @"b (ri-b in cn-shanghai): CHG-2 with CHG-1 would leave g0 at 0 of 2, floor 1; move it");
}

#[test]
fn the_digest_of_a_plan_as_of_its_time_is_the_one_of_then() {
    let changes = format!("changes:\n{}", change("CHG-1", "a", "2026-11-23T13:00", "2026-11-23T14:00"));
    let world = World::of(vec![up("a").recorded(Some(Active), Status::Active)]).with(&changes);
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let ahead = PlanOptions { at: Some(at("2026-11-23T13:00:00Z")), ..options() };
    let then = PlanOptions { now: at("2026-11-23T13:00:00Z"), ..options() };
    let (ahead, then) = (world.plan_with(&ahead), world.plan_with(&then));
    assert_eq!(steps(&ahead), ["a/deactivate"]);
    assert_eq!(ahead.digest(), then.digest());
}

fn blocked(plan: &Plan) -> Vec<(String, &'static str)> {
    plan.blocked.iter().map(|one| (one.address.to_string(), one.code().as_str())).collect()
}

#[test]
fn what_something_needs_that_is_to_be_up_is_not_taken_down_by_a_change() {
    let changes = format!("changes:\n{}", change("CHG-1", "b", "2026-11-23T11:00", "2026-11-23T13:00"));
    let plan = World::of(vec![up("a").after(&[1]), up("b")]).with(&changes).plan();
    assert!(plan.steps.is_empty());
    assert_eq!(blocked(&plan), [("b".to_owned(), "dependency")]);
    let text = rictl::render::words::plan::blocked(&plan, &plan.blocked[0]);
    insta::assert_snapshot!(text, @"b (ri-b in cn-shanghai) stays up: a is to be up and needs it; take both down, or neither");
    // Both at once is what was meant.
    let both = changes.replace("[b]", "[a, b]").replace("status", "expect: 2, status");
    assert_eq!(steps(&World::of(vec![up("a").after(&[1]), up("b")]).with(&both).plan()).len(), 2);
}

#[test]
fn what_a_change_brings_up_waits_for_what_it_needs() {
    let changes = "changes:\n  CHG-1: { reason: works, select: [a], status: Active, from: 2026-11-23T11:00 }\n";
    let down = |name: &str| Interface::new(name, Status::Inactive, Inactive);
    let plan = World::of(vec![down("a").after(&[1]), down("b")]).with(changes).plan();
    assert!(plan.steps.is_empty());
    assert_eq!(blocked(&plan), [("a".to_owned(), "dependency")]);
}

#[test]
fn a_return_waits_for_what_it_needs_and_a_later_change_keeps_down() {
    let changes = format!(
        "changes:\n{}{}",
        change("CHG-1", "a, b", "2026-11-23T01:00", "2026-11-23T11:00").replace("status", "expect: 2, status"),
        change("CHG-2", "b", "2026-11-23T02:00", "2026-11-23T14:00")
    );
    let down = |name: &str| Interface::new(name, Status::Inactive, Active).recorded(Some(Inactive), Status::Inactive);
    let plan = World::of(vec![down("a").after(&[1]), down("b")]).with(&changes).plan();
    assert!(plan.steps.is_empty());
    assert_eq!(blocked(&plan), [("a".to_owned(), "dependency")]);
}

#[test]
fn what_a_clash_holds_back_is_not_taken_as_done() {
    let changes = format!(
        "changes:\n{}{}",
        change("CHG-1", "a", "2026-11-23T13:00", "2026-11-23T16:00"),
        change("CHG-2", "b", "2026-11-23T14:00", "2026-11-23T16:00")
    );
    let world = World::of(vec![up("a").in_group(0), up("b").in_group(0)]).with_group(1).with(&changes);
    let at = |text: &str| PlanOptions { at: Some(text.parse().unwrap()), ..options() };
    let plan = world.plan_with(&at("2026-11-23T15:00:00Z"));
    let assumed = |plan: &Plan| plan.assumed.iter().map(|one| one.change_id.to_string()).collect::<Vec<_>>();
    assert_eq!(assumed(&plan), ["CHG-1"]);
    assert!(plan.steps.is_empty());
    assert_eq!(blocked(&plan), [("b".to_owned(), "clash")]);
    // What never went down does not come back.
    let plan = world.plan_with(&at("2026-11-23T16:00:00Z"));
    assert_eq!(steps(&plan), ["a/activate"]);
    // One that ends makes room for the other.
    let world = World { sections: changes.replacen("T16:00", "T14:30", 1), ..world };
    assert_eq!(assumed(&world.plan_with(&at("2026-11-23T15:00:00Z"))), ["CHG-1", "CHG-2", "CHG-1"]);
    let plan = world.plan_with(&at("2026-11-23T16:00:00Z"));
    assert_eq!(steps(&plan), ["b/activate"]);
}

#[test]
fn what_a_window_over_the_other_end_holds_back_is_not_taken_as_done() {
    let changes = "windows: [{ deny: freeze, start: 2026-11-23T12:30, end: 2026-11-23T15:00, for: [b] }]
changes:
  CHG-1: { reason: works, select: [a, b], expect: 2, status: Inactive, from: 2026-11-23T13:00, until: 2026-11-23T18:00 }
";
    let mut world = World::of(vec![up("a"), up("b")]).with(changes);
    let at = |text: &str| PlanOptions { at: Some(text.parse().unwrap()), ..options() };
    let reached = |world: &World, moment: &str| {
        let plan = world.plan_with(&at(moment));
        (steps(&plan), blocked(&plan).into_iter().map(|(address, _)| address).collect::<Vec<_>>())
    };
    assert_eq!(reached(&world, "2026-11-23T14:00:00Z"), (Vec::new(), vec!["b".to_owned()]));
    world.pair(0, 1);
    assert_eq!(reached(&world, "2026-11-23T14:00:00Z"), (Vec::new(), vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(reached(&world, "2026-11-23T15:00:00Z").0.len(), 2);
    assert_eq!(reached(&world, "2026-11-23T16:00:00Z"), Default::default());
}

#[test]
fn what_is_protected_or_more_than_a_cap_is_not_taken_as_done() {
    let changes = format!("changes:\n{}", change("CHG-1", "a", "2026-11-23T13:00", "2026-11-23T16:00"));
    let at = PlanOptions { at: Some("2026-11-23T15:00:00Z".parse().unwrap()), ..options() };
    let world = World::of(vec![Interface { protect: true, ..up("a") }]).with(&changes);
    assert_eq!(blocked(&world.plan_with(&at)), [("a".to_owned(), "protected")]);
    let changes = format!(
        "limits: {{ max_changes: 1 }}\nchanges:\n{}",
        change("CHG-1", "a, b", "2026-11-23T13:00", "2026-11-23T16:00").replace("status", "expect: 2, status")
    );
    let plan = World::of(vec![up("a"), up("b")]).with(&changes).plan_with(&at);
    assert_eq!(blocked(&plan), [("a".to_owned(), "cap"), ("b".to_owned(), "cap")]);
    assert!(plan.assumed.is_empty());
}

#[test]
fn what_a_change_left_behind_is_its_return_once_its_block_is_gone() {
    let nightly = "windows: [{ allow: nightly works, from: \"01:00\", to: \"05:00\" }]\n";
    let drained = Interface::new("a", Status::Inactive, Active).recorded(Some(Inactive), Status::Inactive);
    let plan = World::of(vec![drained.clone().by_change("CHG-1")]).with(nightly).plan();
    assert_eq!(steps(&plan), ["a/activate"]);
    assert_eq!(reason(&plan, "a"), (Some(ActionReason::ChangeEnded), Some("CHG-1".to_owned())));
    // What the entry itself asked for is no change's.
    let plan = World::of(vec![drained]).with(nightly).plan();
    assert_eq!(reason(&plan, "a"), (Some(ActionReason::SpecChanged), None));
    assert_eq!(blocked(&plan), [("a".to_owned(), "window")]);
}

fn drift(world: &World) -> Vec<(String, &'static str, bool)> {
    let (spec, live, state) = (in_force(world.spec(), options().now), world.live(), world.state());
    let held = rictl::planner::held_back(&spec, &live, state.as_ref(), &options());
    let items = rictl::drift::compare(&spec, &live, state.as_ref(), &held, options().moment());
    items.iter().map(|item| (item.address.to_string(), item.cause.as_str(), item.cause.is_finding())).collect()
}

#[test]
fn what_windows_and_clashes_hold_back_and_nobody_moved_is_no_drift() {
    let denied = "windows: [{ deny: works, to: \"13:00\" }]\n";
    let wanted = |live: Status| Interface::new("a", live, Inactive);
    let of = |interface: Interface, sections: &str| drift(&World::of(vec![interface]).with(sections));
    let held = [("a".to_owned(), "blocked", false)];
    assert_eq!(of(wanted(Status::Active), denied), held);
    assert_eq!(of(wanted(Status::Active).recorded(Some(Active), Status::Active), denied), held);
    assert_eq!(of(wanted(Status::Active), ""), [("a".to_owned(), "new", true)]);
    // Somebody moved it: that is drift, whatever holds its way back.
    let moved = wanted(Status::Active).recorded(Some(Inactive), Status::Inactive);
    assert_eq!(of(moved, denied), [("a".to_owned(), "drift", true)]);
    let changes = format!(
        "changes:\n{}{}",
        change("CHG-1", "a", "2026-11-23T10:00", "2026-11-23T13:00"),
        change("CHG-2", "b", "2026-11-23T11:00", "2026-11-23T13:00")
    );
    let world = World::of(vec![
        Interface::new("a", Status::Inactive, Active).in_group(0).recorded(Some(Inactive), Status::Inactive),
        up("b").in_group(0).recorded(Some(Active), Status::Active),
    ]);
    assert_eq!(drift(&world.with_group(1).with(&changes)), [("b".to_owned(), "blocked", false)]);
}

#[test]
fn a_plan_of_a_part_says_only_what_comes_up_for_that() {
    let changes = format!(
        "changes:\n{}{}",
        change("CHG-1", "a", "2026-11-23T13:00", "2026-11-23T16:00"),
        change("CHG-2", "b", "2026-11-23T14:00", "2026-11-23T17:00")
    );
    let world = World::of(vec![up("a"), up("b")]).with(&changes);
    let at = Some("2026-11-23T15:00:00Z".parse().unwrap());
    let options = PlanOptions { targets: vec!["change:CHG-1".parse().unwrap()], at, ..options() };
    let plan = world.plan_with(&options);
    assert_eq!(plan.assumed.iter().map(|one| one.change_id.as_str()).collect::<Vec<_>>(), ["CHG-1"]);
    assert_eq!(plan.upcoming.iter().map(|one| one.change_id.as_str()).collect::<Vec<_>>(), ["CHG-1"]);
}
