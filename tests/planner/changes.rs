//! Changes in force: what a plan makes of them. It is Monday, noon, UTC, 2026-11-23.

use rictl::plan::{ActionReason, Plan, PlanOptions};
use rictl::resource::{DesiredStatus, Status};

use DesiredStatus::{Active, Inactive};

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
