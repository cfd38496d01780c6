//! What interfaces carry: of which the planner has to hear, and what it does not take down.

use rictl::plan::{BlockCode, Plan, PlanOptions, Traffic, TrafficHeard, TrafficUnread};
use rictl::planner::Draw;
use rictl::render::words::plan as words;
use rictl::resource::{DesiredStatus, Status};
use rictl::selector::Selector;

use DesiredStatus::{Active, Inactive};

use super::world::{Interface, World, options};

const QUIET: &str = "limits: {quiet_below: 1Mbit/s}\n";

/// One that goes down, one that needs it to be up and goes down before it, and one that stays.
fn drained() -> World {
    World::of(vec![
        Interface::new("down", Status::Active, Inactive).in_group(0),
        Interface::new("keeps", Status::Active, Active).in_group(0),
    ])
    .with_group(1)
    .with(QUIET)
}

fn heard(name: &str, in_bps: Option<u64>, out_bps: Option<u64>) -> TrafficHeard {
    TrafficHeard { traffic: Traffic { address: name.into(), in_bps, out_bps }, unread: None }
}

fn draw(world: &World, options: &PlanOptions) -> Draw {
    let drawn = world.draw(options).unwrap_or_else(|refused| panic!("{refused:?}"));
    drawn.plan.check().unwrap();
    drawn
}

fn asked(world: &World, options: &PlanOptions) -> Vec<String> {
    draw(world, options).questions.traffic.iter().map(|end| end.interface_id.to_string()).collect()
}

fn blocked(plan: &Plan) -> Vec<String> {
    plan.blocked.iter().map(|blocked| words::blocked(plan, blocked)).collect()
}

#[test]
fn nobody_is_asked_without_a_limit_or_where_nothing_goes_down() {
    assert_eq!(asked(&drained(), &options()), ["ri-down"]);
    let mut world = drained();
    world.interfaces[0].desired = Active;
    assert!(asked(&world, &options()).is_empty(), "nothing goes down");
    let world = World::of(vec![Interface::new("down", Status::Active, Inactive)]);
    assert!(asked(&world, &options()).is_empty(), "no limit");
}

#[test]
fn all_that_is_looked_at_is_asked_for_where_somebody_wants_to_know() {
    let all = PlanOptions { traffic: true, ..options() };
    assert_eq!(asked(&drained(), &all), ["ri-down", "ri-keeps"]);
    let part = PlanOptions { targets: vec![Selector::parse("keeps").unwrap()], ..all };
    assert_eq!(asked(&drained(), &part), ["ri-keeps"]);
}

#[test]
fn what_carries_more_than_the_limit_together_does_not_go_down() {
    let world = |into, out| World { traffic: vec![heard("down", into, out)], ..drained() };
    let quiet = draw(&world(Some(400_000), Some(600_000)), &options());
    assert!(quiet.questions.traffic.is_empty() && quiet.plan.blocked.is_empty());
    assert_eq!(quiet.plan.steps.len(), 1);
    let busy = draw(&world(Some(400_001), Some(600_000)), &options()).plan;
    assert_eq!(busy.blocked[0].code(), BlockCode::Traffic);
    assert!(busy.steps.is_empty() && !busy.is_complete());
    let said = &blocked(&busy)[0];
    assert!(said.contains("carries 400 kbit/s in, 600 kbit/s out"), "{said}");
    assert!(said.contains("limits.quiet_below 1 Mbit/s (") && said.contains("3 to 4 minutes"), "{said}");
}

#[test]
fn what_nobody_knows_does_not_go_down_either() {
    let world = |heard| draw(&World { traffic: vec![heard], ..drained() }, &options()).plan;
    for unknown in [heard("down", None, None), heard("down", Some(0), None)] {
        let plan = world(unknown);
        assert_eq!(plan.blocked[0].code(), BlockCode::Traffic);
        assert!(blocked(&plan)[0].contains("no figure of the last 10 minutes"), "{:?}", blocked(&plan));
    }
    let denied = TrafficUnread::Denied { detail: "NoPermission; allow cms:QueryMetricLast".into() };
    let plan = world(TrafficHeard { unread: Some(denied), ..heard("down", None, None) });
    assert!(blocked(&plan)[0].contains("cms:QueryMetricLast"), "{:?}", blocked(&plan));
    assert_eq!(plan.warnings.len(), 1, "one note: {:?}", plan.warnings);
}

#[test]
fn figures_are_in_no_digest() {
    let world = |traffic| draw(&World { traffic, ..drained() }, &options()).plan;
    let one = world(vec![heard("down", Some(1), Some(2))]);
    let other = world(vec![heard("down", Some(3), Some(4)), heard("keeps", Some(5_000_000), None)]);
    assert_eq!(one.digest(), other.digest());
    assert_ne!(one.traffic, other.traffic);
}

#[test]
fn a_way_back_and_a_plan_of_another_moment_ask_for_nothing() {
    let back = PlanOptions { way_back: Some(rictl::plan::WayBack::default()), ..options() };
    assert!(asked(&drained(), &back).is_empty());
    let busy = World { traffic: vec![heard("down", Some(9_000_000), Some(0))], ..drained() };
    assert!(draw(&busy, &back).plan.blocked.is_empty());
    assert_eq!(draw(&busy, &back).plan.quiet_below, None);
    let now = options().now;
    let later = PlanOptions { at: Some(now + jiff::SignedDuration::from_hours(8)), ..options() };
    assert!(asked(&drained(), &later).is_empty());
    let plan = draw(&busy, &later).plan;
    assert!(plan.blocked.is_empty());
    assert_eq!(plan.quiet_below, Some(1_000_000), "asked for before the call");
}

#[test]
fn what_needs_something_that_carries_too_much_waits_for_it() {
    let world = World::of(vec![
        Interface::new("below", Status::Active, Inactive),
        Interface::new("above", Status::Active, Inactive).after(&[0]),
    ])
    .with(QUIET);
    let busy = vec![heard("above", Some(2_000_000), Some(0)), heard("below", Some(0), Some(0))];
    let plan = draw(&World { traffic: busy, ..world }, &options()).plan;
    let codes: Vec<BlockCode> = plan.blocked.iter().map(|blocked| blocked.code()).collect();
    assert_eq!(codes, [BlockCode::Traffic, BlockCode::Dependency]);
}
