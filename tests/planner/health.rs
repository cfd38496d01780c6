//! What health checks count for: whom the planner has to hear of, and what it makes of the answers.

use rictl::plan::{BlockCode, HealthAnswer, HealthUnread, Plan};
use rictl::planner::Draw;
use rictl::render::words::plan as words;
use rictl::resource::{DesiredStatus, HealthCheckStatus, Status};

use DesiredStatus::{Active, Inactive};

use super::world::{Interface, World, options};

const BLOCK: &str = "limits: {health: block}\n";

/// One that goes down and `names`, which keep the floor of 1.
fn drained(names: &[&str]) -> World {
    let mut interfaces = vec![Interface::new("down", Status::Active, Inactive).in_group(0)];
    interfaces.extend(names.iter().map(|name| Interface::new(name, Status::Active, Active).in_group(0)));
    World::of(interfaces).with_group(1)
}

fn draw(world: &World) -> Draw {
    let drawn = world.draw(&options()).unwrap_or_else(|refused| panic!("{refused:?}"));
    drawn.plan.check().unwrap();
    drawn
}

fn asked(world: &World) -> Vec<String> {
    draw(world).questions.health.iter().map(|end| end.interface_id.to_string()).collect()
}

fn said(plan: &Plan) -> Vec<String> {
    let said = plan.warnings.iter().map(|warning| words::warning(warning, &plan.time_zone));
    said.map(|said| said.detail.map_or(said.summary.clone(), |detail| format!("{}; {detail}", said.summary))).collect()
}

fn status(word: HealthCheckStatus) -> HealthAnswer {
    HealthAnswer::Status(word)
}

fn denied() -> HealthAnswer {
    HealthAnswer::Unread(HealthUnread::Denied { detail: "Forbidden.RAM".into() })
}

#[test]
fn nobody_is_asked_where_nothing_goes_down_no_floor_is_kept_or_nobody_cares() {
    let mut world = drained(&["keeps"]);
    assert_eq!(asked(&world), ["ri-keeps"]);
    world.groups[0].min_active = Some(0);
    assert!(asked(&world).is_empty(), "nobody keeps a floor of nothing");
    assert!(asked(&drained(&["keeps"]).with("limits: {health: ignore}\n")).is_empty());
    let mut world = drained(&["keeps"]);
    world.interfaces[0].desired = Active;
    assert!(asked(&world).is_empty(), "nothing goes down");
}

#[test]
fn at_most_fifty_of_a_group_are_asked_for_a_warning_and_the_rest_is_counted() {
    let names: Vec<String> = (0..1599).map(|number| format!("k{number:04}")).collect();
    let world = drained(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let drawn = draw(&world);
    assert_eq!(drawn.questions.health.len(), 50);
    let more = "50 links of g0 were asked for their health checks, 1549 more were not asked";
    assert_eq!(said(&drawn.plan), [more]);
}

#[test]
fn abnormal_is_a_warning_and_what_is_not_configured_is_said_once_a_group() {
    let world = drained(&["a", "b", "c", "d"])
        .hears("a", status(HealthCheckStatus::Abnormal))
        .hears("b", status(HealthCheckStatus::NoHealthCheckConfig))
        .hears("c", status(HealthCheckStatus::NoHealthCheckConfig))
        .hears("d", status(HealthCheckStatus::NoRedundantRoute));
    let drawn = draw(&world);
    assert!(drawn.questions.health.is_empty() && drawn.plan.blocked.is_empty());
    assert_eq!(
        said(&drawn.plan),
        [
            "a: its health check is Abnormal; keeps the floor of g0, and may carry nothing",
            "d without a redundant route (NoRedundantRoute) and keeps the floor of g0",
            "b, c without a health check (NoHealthCheckConfig) and keep the floor of g0",
        ]
    );
}

#[test]
fn a_missing_permission_is_one_note() {
    let world = drained(&["a", "b"]).hears("a", denied()).hears("b", denied());
    assert_eq!(said(&draw(&world).plan), ["the health checks of 2 links were not read: no permission; Forbidden.RAM"]);
}

#[test]
fn where_they_bind_as_many_are_asked_as_the_floor_needs_and_abnormal_counts_as_not_up() {
    let world = drained(&["a", "b", "c"]).with(BLOCK);
    assert_eq!(asked(&world), ["ri-a"]);
    let world = world.hears("a", status(HealthCheckStatus::Abnormal));
    assert_eq!(asked(&world), ["ri-b"], "the next one");
    let group = &draw(&world).plan.groups[0];
    assert_eq!((group.up, group.not_up[0].address.as_str()), (Some(3), "a"));
    let world = world.hears("b", denied());
    assert_eq!(asked(&world), ["ri-c"], "what cannot be read is not up");
    let good = world.clone().hears("c", status(HealthCheckStatus::NoHealthCheckConfig));
    assert!(draw(&good).questions.health.is_empty() && draw(&good).plan.blocked.is_empty());

    let bad = draw(&world.hears("c", status(HealthCheckStatus::Abnormal)));
    assert!(bad.questions.health.is_empty() && bad.plan.steps.is_empty());
    let blocked = &bad.plan.blocked[0];
    assert_eq!(blocked.code(), BlockCode::Health);
    let text = words::blocked(&bad.plan, blocked);
    assert!(text.starts_with("group g0 would keep 0 of 4 healthy, floor 1 (groups.g0.min_active 1 at "), "{text}");
    let who = "a is Active but its health check is Abnormal, \
               b is Active but its health check could not be read: Forbidden.RAM, \
               c is Active but its health check is Abnormal";
    assert!(text.contains(who), "{text}");
}

#[test]
fn where_they_bind_what_comes_up_keeps_the_floor_and_what_is_ill_does_not() {
    let mut world = drained(&["ill", "new"]).with(BLOCK);
    world.interfaces[2].status = Status::Inactive;
    let plan = draw(&world).plan;
    assert_eq!(plan.steps.len(), 2);
    assert_eq!(asked(&world), ["ri-ill"], "what comes up keeps nothing before it is up");
    // By its status `ill` keeps the floor, so `down` need not wait; by its health it does not.
    let plan = draw(&world.hears("ill", status(HealthCheckStatus::Abnormal))).plan;
    let step = plan.steps.iter().find(|step| step.address.as_str() == "down").unwrap();
    assert_eq!(step.after.iter().map(ToString::to_string).collect::<Vec<_>>(), ["new/activate"]);
    assert_eq!(plan.floors[0].links.iter().filter(|link| link.check.is_some()).count(), 3);
}

#[test]
fn where_they_bind_what_goes_down_later_keeps_the_floor_meanwhile_if_it_is_well() {
    let mut world = drained(&["later", "new"]).with(BLOCK);
    world.interfaces[1].desired = Inactive;
    world.interfaces[2].status = Status::Inactive;
    assert_eq!(asked(&world), ["ri-down", "ri-later"]);
    let world = world.hears("down", status(HealthCheckStatus::Normal));
    let plan = draw(&world.hears("later", status(HealthCheckStatus::Abnormal))).plan;
    let step = plan.steps.iter().find(|step| step.address.as_str() == "down").unwrap();
    assert_eq!(step.after.iter().map(ToString::to_string).collect::<Vec<_>>(), ["new/activate"]);
}

#[test]
fn what_is_ill_is_retired_only_where_the_rest_keeps_the_floor() {
    let world = drained(&["keeps"]).with(BLOCK);
    let plan = draw(&world.clone().hears("down", status(HealthCheckStatus::Abnormal))).plan;
    assert_eq!(plan.steps.len(), 1, "its health does not count for itself");
    let mut world = world.hears("down", status(HealthCheckStatus::Abnormal));
    world.interfaces[1].status = Status::Unknown("Resting".into());
    assert_eq!(draw(&world).plan.blocked[0].code(), BlockCode::Floor, "up by its statuses, so the floor holds");
}
