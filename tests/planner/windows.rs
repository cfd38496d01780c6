//! Windows: what they hold back when it is planned. It is Monday, noon, UTC.

use jiff::Timestamp;

use rictl::plan::{BlockCode, BlockReason, Plan, PlanOptions};
use rictl::resource::{DesiredStatus, Status};

use DesiredStatus::{Active, Inactive};

use super::world::{Interface, World, options};

const CLOSED: &str = "windows:\n  - { deny: works, days: [mon], from: \"11:00\", to: \"13:30\" }\n";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn held(plan: &Plan) -> Vec<(String, &'static str)> {
    plan.blocked.iter().map(|blocked| (blocked.address.to_string(), blocked.code().as_str())).collect()
}

fn steps(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| step.id.to_string()).collect()
}

fn drain(name: &str) -> Interface {
    Interface::new(name, Status::Active, Inactive)
}

#[test]
fn a_window_that_is_closed_blocks_and_says_when_it_opens() {
    let plan = World::of(vec![drain("a")]).with(CLOSED).plan();
    let window = BlockReason::Window { window: "works".to_owned(), opens_at: Some(at("2026-11-23T13:30:00Z")) };
    assert_eq!(plan.blocked[0].reason, window);
    assert!(plan.steps.is_empty() && !plan.is_complete());
    let text = rictl::render::words::plan::blocked(&plan, &plan.blocked[0]);
    insta::assert_snapshot!(text, @"a (ri-a in cn-shanghai) is held back by the window `works`: opens at 2026-11-23 13:30 +00:00; `rictl plan --at open` plans for when all goes through, --override-window REASON does not wait");
}

#[test]
fn times_are_shown_in_the_zone_of_the_spec() {
    let windows = "time_zone: Asia/Shanghai\nwindows: [{ deny: works, from: \"20:00\", to: \"21:30\" }]\n";
    let plan = World::of(vec![drain("a")]).with(windows).plan();
    let text = rictl::render::words::plan::blocked(&plan, &plan.blocked[0]);
    assert!(text.contains("opens at 2026-11-23 21:30 +08:00"), "{text}");
    let open = World::of(vec![drain("a")]).with(&windows.replace("20:00", "20:01")).plan();
    assert_eq!(steps(&open), ["a/deactivate"]);
}

#[test]
fn what_never_opens_says_so() {
    let plan = World::of(vec![drain("a")]).with("windows: [{ deny: always }]\n").plan();
    let text = rictl::render::words::plan::blocked(&plan, &plan.blocked[0]);
    assert!(text.contains("does not open within 400 days"), "{text}");
}

#[test]
fn a_window_covers_what_it_is_for_and_the_calls_that_it_names() {
    let windows = "windows:\n  - { deny: alfa, for: [\"label:carrier=alfa\"] }\n  - { deny: downs, calls: [deactivate], for: [c, d] }\n";
    let plan = World::of(vec![
        drain("a").line("labels: { carrier: alfa }"),
        drain("b").line("labels: { carrier: bravo }"),
        drain("c"),
        Interface::new("d", Status::Inactive, Active),
    ])
    .with(windows)
    .plan();
    assert_eq!(held(&plan), [("a".to_owned(), "window"), ("c".to_owned(), "window")]);
    assert_eq!(steps(&plan), ["b/deactivate", "d/activate"]);
}

#[test]
fn what_needs_what_is_held_back_waits_with_it() {
    let up = |name: &str| Interface::new(name, Status::Inactive, Active);
    let windows = CLOSED.replace("works,", "works, for: [a],");
    let plan = World::of(vec![up("a"), up("b").after(&[0])]).with(&windows).plan();
    assert_eq!(held(&plan), [("a".to_owned(), "window"), ("b".to_owned(), "dependency")]);
}

#[test]
fn an_activate_in_a_group_below_its_floor_does_not_wait() {
    let world = |floor| {
        World::of(vec![
            Interface::new("a", Status::Inactive, Active).in_group(0),
            Interface::new("b", Status::Active, Active).in_group(0),
        ])
        .with_group(floor)
        .with(CLOSED)
    };
    assert_eq!(steps(&world(2).plan()), ["a/activate"]);
    assert_eq!(held(&world(1).plan()), [("a".to_owned(), "window")]);
}

#[test]
fn a_window_over_one_end_of_a_link_covers_both_where_they_go_the_same_way() {
    let windows = CLOSED.replace("works,", "works, for: [a],");
    let world = |other: DesiredStatus| {
        let mut world =
            World::of(vec![drain("a"), Interface::new("b", other.inverse().status(), other)]).with(&windows);
        world.pair(0, 1);
        world
    };
    assert_eq!(held(&world(Inactive).plan()), [("a".to_owned(), "window"), ("b".to_owned(), "window")]);
    let mut apart = World::of(vec![Interface::new("a", Status::Active, Active), drain("b")]).with(&windows);
    apart.pair(0, 1);
    assert_eq!(steps(&apart.plan()), ["b/deactivate"]);
}

#[test]
fn a_way_back_is_exempt() {
    let options = PlanOptions { way_back: Some(rictl::plan::WayBack::default()), ..options() };
    let plan = World::of(vec![drain("a")]).with(CLOSED).plan_with(&options);
    assert_eq!(steps(&plan), ["a/deactivate"]);
    assert!(plan.gates.is_empty());
}

#[test]
fn an_override_sends_it_and_its_windows_are_in_the_digest() {
    let windows = format!("{CLOSED}  - {{ deny: later, days: [tue] }}\n");
    let world = World::of(vec![drain("a")]).with(&windows);
    let free = World::of(vec![drain("a")]).plan();
    let options = |why: &str| PlanOptions { override_window: Some(why.to_owned()), ..options() };
    let plan = world.plan_with(&options("carrier is on site"));
    assert_eq!(steps(&plan), ["a/deactivate"]);
    let overridden = plan.overridden.clone().unwrap();
    assert_eq!((overridden.reason.as_str(), overridden.windows), ("carrier is on site", vec!["works".to_owned()]));
    assert_ne!(plan.digest(), free.digest());
    assert_eq!(plan.digest(), world.plan_with(&options("another reason")).digest());
    // What closes later was not overridden.
    let gate = &plan.gates["a"];
    assert!(gate.is_open(at("2026-11-23T13:00:00Z")) && !gate.is_open(at("2026-11-24T00:00:00Z")));
    // Nothing is closed, so nothing is overridden.
    let open = World::of(vec![drain("a")]).with("windows: [{ deny: later, days: [tue] }]\n");
    assert_eq!(open.plan_with(&options("to be sure")).digest(), free.digest());
    assert_eq!(BlockCode::Window.as_str(), "window");
}
