//! What route tables count for: whom the planner has to hear of, what it says of each prefix, and an oracle that tries every order.

use std::collections::BTreeSet;

use rictl::plan::{
    Action, BlockCode, BlockReason, HealthAnswer, HopAnswer, HopRead, Plan, RouterRead, RoutesAnswer, RoutesHeard,
    RoutesUnread, Warning,
};
use rictl::planner::Draw;
use rictl::render::words::plan as words;
use rictl::resource::{
    BusinessStatus, Call, DesiredStatus, HealthCheckStatus, NextHop, Route, Router, RouterInterfaceId, Status,
};

use DesiredStatus::{Active, Inactive};

use super::oracle::{Move, Truth, explore, refused};
use super::random::Random;
use super::world::{Far, Interface, Presence, World, options, scope, small};

const BLOCK: &str = "limits: {last_route: block, health: ignore}\n";

fn router(region: &str, id: &str) -> Router {
    Router { scope: scope(region), id: id.into(), kind: Some("VRouter".into()) }
}

/// A hop over an interface of the world, or over another one: Enabled, of weight 100.
fn hop(id: &str) -> NextHop {
    NextHop { id: id.into(), is_enabled: true, weight: Some(100) }
}

fn route(prefix: &str, hops: &[&str]) -> Route {
    let next_hops = hops.iter().map(|name| hop(&format!("ri-{name}"))).collect();
    Route { table: "vtb-1".into(), prefix: prefix.into(), next_hops }
}

/// Interfaces of one router, with what its table says.
fn world(interfaces: &[(&str, Status, DesiredStatus)], routes: Vec<Route>) -> World {
    let interfaces =
        interfaces.iter().map(|(name, live, wanted)| Interface::new(name, live.clone(), *wanted).of("vrt-1"));
    let answer = RoutesAnswer::Entries(routes);
    let routers = vec![RouterRead { router: router("cn-shanghai", "vrt-1"), answer }];
    World { routes: RoutesHeard { routers, hops: Vec::new() }, ..World::of(interfaces.collect()) }
}

fn draw(world: &World) -> Draw {
    let drawn = world.draw(&options()).unwrap_or_else(|refused| panic!("{refused:?}"));
    drawn.plan.check().unwrap();
    drawn
}

fn said(plan: &Plan) -> Vec<String> {
    let of_routes = |warning: &&Warning| warning.code().is_some_and(|code| code.contains("route"));
    plan.warnings.iter().filter(of_routes).map(|warning| words::warning(warning, &plan.time_zone).summary).collect()
}

/// What remains of each prefix, as `interface prefix: hops`.
fn left(plan: &Plan) -> Vec<String> {
    let line = |left: &rictl::plan::RouteLeft| {
        let hops: Vec<String> = left.remains.iter().map(|hop| format!("{}", hop.id)).collect();
        format!("{} {}: {}", left.address, left.prefix, hops.join(" "))
    };
    plan.routes.iter().map(line).collect()
}

fn blocked(plan: &Plan) -> Vec<String> {
    let of_routes = plan.blocked.iter().filter(|blocked| blocked.code() == BlockCode::Route);
    of_routes.map(|blocked| words::blocked(plan, blocked)).collect()
}

#[test]
fn only_the_routers_of_what_goes_down_are_asked_and_none_where_nobody_cares() {
    let mut world = world(&[("down", Status::Active, Inactive), ("stays", Status::Active, Active)], vec![]);
    world.interfaces[1] = world.interfaces[1].clone().of("vrt-2");
    world.routes = RoutesHeard::default();
    assert_eq!(draw(&world).questions.routers, [router("cn-shanghai", "vrt-1")]);
    let ignores = World { sections: "limits: {last_route: ignore}\n".to_owned(), ..world.clone() };
    assert!(draw(&ignores).questions.is_empty());
    world.interfaces[0].desired = Active;
    assert!(draw(&world).questions.is_empty(), "nothing goes down");
}

#[test]
fn what_remains_is_said_per_prefix_with_its_weight_and_the_rest_is_warned_of() {
    let interfaces =
        [("a", Status::Active, Inactive), ("b", Status::Active, Active), ("c", Status::Inactive, Inactive)];
    let mut routes = vec![route("10.1.0.0/16", &["a", "b"]), route("10.2.0.0/16", &["a", "c"])];
    routes.extend((3..14).map(|number| route(&format!("10.{number}.0.0/16"), &["a"])));
    routes[0].next_hops[1].weight = Some(0);
    let plan = draw(&world(&interfaces, routes)).plan;
    assert_eq!(plan.routes.len(), 13);
    let with_b = plan.routes.iter().find(|left| &*left.prefix == "10.1.0.0/16").unwrap();
    assert!(with_b.remains[0].is_standby() && with_b.remains[0].address == Some("b".into()));
    assert_eq!(said(&plan), ["a: 10.10.0.0/16 and 11 more have no other next hop"]);
    assert!(plan.blocked.is_empty());
}

#[test]
fn one_prefix_is_named_alone() {
    let plan = draw(&world(&[("a", Status::Active, Inactive)], vec![route("10.8.0.0/16", &["a"])])).plan;
    assert_eq!(said(&plan), ["a: 10.8.0.0/16 has no other next hop"]);
}

#[test]
fn what_goes_down_together_loses_the_prefix_and_under_block_the_second_stays() {
    let interfaces = [("a", Status::Active, Inactive), ("b", Status::Active, Inactive)];
    let routes = vec![route("10.8.0.0/16", &["a", "b"])];
    let plan = draw(&world(&interfaces, routes.clone())).plan;
    assert_eq!(said(&plan), ["a: 10.8.0.0/16 has no other next hop", "b: 10.8.0.0/16 has no other next hop"]);
    let plan = draw(&world(&interfaces, routes).with(BLOCK)).plan;
    assert_eq!(left(&plan), ["a 10.8.0.0/16: ri-b"]);
    assert_eq!(
        blocked(&plan),
        ["b (ri-b in cn-shanghai) stays up: 10.8.0.0/16 has no other next hop, and limits.last_route is block at \
             rictl.yaml:3:22; if that is meant: --allow-last-route b"]
    );
}

#[test]
fn what_comes_up_counts_only_where_the_deactivation_waits_for_it() {
    let interfaces = [("a", Status::Active, Inactive), ("b", Status::Inactive, Active)];
    let routes = vec![route("10.8.0.0/16", &["a", "b"])];
    let apart = world(&interfaces, routes.clone());
    assert_eq!(said(&draw(&apart).plan), ["a: 10.8.0.0/16 has no other next hop"]);
    let mut together = world(&interfaces, routes);
    together.interfaces.iter_mut().for_each(|interface| interface.group = Some(0));
    let together = together.with_group(1);
    assert_eq!(left(&draw(&together).plan), ["a 10.8.0.0/16: ri-b"]);
    assert_eq!(said(&draw(&together).plan), [""; 0]);
}

#[test]
fn what_is_not_enabled_while_it_is_down_is_unproven_and_what_is_not_enabled_while_it_is_up_counts_for_nothing() {
    let interfaces = [("a", Status::Active, Inactive), ("b", Status::Inactive, Active)];
    let mut routes = vec![route("10.8.0.0/16", &["a", "b"])];
    routes[0].next_hops[1].is_enabled = false;
    let mut world = world(&interfaces, routes);
    world.interfaces.iter_mut().for_each(|interface| interface.group = Some(0));
    let world = world.with_group(1);
    let plan = draw(&world).plan;
    assert!(plan.routes[0].remains[0].unproven);
    assert_eq!(said(&plan), ["a: 10.8.0.0/16 has no other next hop that is Enabled now"]);
    let blocks = draw(&world.clone().with(BLOCK)).plan;
    assert!(blocks.blocked.is_empty(), "it is asked again before the call: {:?}", blocks.blocked);
    let mut up = world;
    up.interfaces[1].status = Status::Active;
    assert_eq!(said(&draw(&up).plan), ["a: 10.8.0.0/16 has no other next hop"]);
}

#[test]
fn a_next_hop_that_nobody_declares_is_asked_for_and_counts_as_what_it_is() {
    let routes = vec![route("10.8.0.0/16", &["a", "theirs"])];
    let mut world = world(&[("a", Status::Active, Inactive)], routes);
    assert_eq!(draw(&world).questions.hops, [(scope("cn-shanghai"), RouterInterfaceId::from("ri-theirs"))]);
    for (answer, remains) in [
        (found(Status::Active), "a 10.8.0.0/16: ri-theirs"),
        (found(Status::Inactive), "a 10.8.0.0/16: "),
        (HopAnswer::Absent, "a 10.8.0.0/16: "),
        (HopAnswer::Unreadable, "a 10.8.0.0/16: "),
    ] {
        world.routes.hops = vec![HopRead { id: "ri-theirs".into(), scope: scope("cn-shanghai"), answer }];
        assert_eq!(left(&draw(&world).plan), [remains]);
    }
}

fn found(status: Status) -> HopAnswer {
    HopAnswer::Found { status, business_status: BusinessStatus::Normal, opposite_id: None, opposite_status: None }
}

#[test]
fn what_cannot_be_read_is_a_note_or_counts_as_lost() {
    let mut world = world(&[("a", Status::Active, Inactive), ("b", Status::Active, Inactive)], vec![]);
    let denied = RoutesUnread::Denied { detail: "vpc:DescribeRouteTableList is not allowed".into() };
    world.routes.routers[0].answer = RoutesAnswer::Unread(denied);
    let plan = draw(&world).plan;
    assert_eq!(said(&plan), ["the routes over 2 interfaces were not read: no permission"]);
    assert!(plan.blocked.is_empty());
    let blocks = world.clone().with(BLOCK);
    let plan = draw(&blocks).plan;
    assert!(plan.steps.is_empty());
    assert!(blocked(&plan)[0].contains("vpc:DescribeRouteTableList is not allowed"), "{:?}", blocked(&plan));
    let mut unknown = blocks;
    unknown.interfaces.iter_mut().for_each(|interface| interface.router = None);
    assert_eq!(blocked(&draw(&unknown).plan).len(), 2, "nor may one go down of which nobody knows the router");
}

#[test]
fn a_health_check_that_binds_decides_whether_a_next_hop_remains() {
    let interfaces = [("a", Status::Active, Inactive), ("b", Status::Active, Active)];
    let world = world(&interfaces, vec![route("10.8.0.0/16", &["a", "b"])]);
    let world = world.with("limits: {last_route: block, health: block}\n");
    let asked: Vec<String> = draw(&world).questions.health.iter().map(|end| end.interface_id.to_string()).collect();
    assert_eq!(asked, ["ri-b"]);
    let good = world.clone().hears("b", HealthAnswer::Status(HealthCheckStatus::Normal));
    assert!(draw(&good).plan.blocked.is_empty());
    let ill = world.hears("b", HealthAnswer::Status(HealthCheckStatus::Abnormal));
    assert_eq!(blocked(&draw(&ill).plan).len(), 1);
}

#[test]
fn what_is_allowed_goes_down_and_is_recorded_where_that_loosened_something() {
    let interfaces = [("a", Status::Active, Inactive), ("b", Status::Active, Inactive), ("c", Status::Active, Active)];
    let routes = vec![route("10.8.0.0/16", &["a"]), route("10.9.0.0/16", &["b", "c"])];
    let world = world(&interfaces, routes).with(BLOCK);
    let mut options = options();
    options.allow_last_route = ["a", "b"].map(Into::into).into();
    let plan = world.plan_with(&options);
    assert!(plan.blocked.is_empty() && plan.steps.len() == 2);
    assert_eq!(plan.inputs.allow_last_route, ["a".into()]);
    let checked: Vec<String> = plan.route_guards.ends.keys().map(ToString::to_string).collect();
    assert!(checked.is_empty() || checked == ["b"], "{checked:?}");
    options.allow_last_route = ["nobody".into()].into();
    assert!(world.try_plan(&options).is_err());
}

#[test]
fn a_floor_makes_room_for_what_a_route_keeps_up() {
    // The floor lets one of the two go; the first has a route that nothing else carries.
    let interfaces = [("a", Status::Active, Inactive), ("b", Status::Active, Inactive), ("c", Status::Active, Active)];
    let mut world = world(&interfaces, vec![route("10.8.0.0/16", &["a"])]);
    world.interfaces.iter_mut().for_each(|interface| interface.group = Some(0));
    world.groups.push(super::world::Group { min_active: Some(1), max_unavailable: Some(2) });
    let plan = draw(&world.with(BLOCK)).plan;
    assert_eq!(blocked(&plan).len(), 1);
    assert_eq!(plan.steps.iter().map(|step| step.address.as_str()).collect::<Vec<_>>(), ["b"]);
}

#[test]
fn a_dead_link_may_be_retired_whatever_leads_over_it() {
    let mut world = world(&[("a", Status::Active, Inactive)], vec![route("10.8.0.0/16", &["a"])]);
    world.interfaces[0].opposite = Far::Foreign(Status::Inactive);
    let plan = draw(&world.with(BLOCK)).plan;
    assert!(plan.blocked.is_empty());
    assert_eq!(said(&plan), ["a: 10.8.0.0/16 has no other next hop"]);
}

#[test]
fn routes_are_no_part_of_the_digest() {
    let interfaces = [("a", Status::Active, Inactive), ("b", Status::Active, Active)];
    let one = draw(&world(&interfaces, vec![route("10.8.0.0/16", &["a", "b"])])).plan;
    let other = draw(&world(&interfaces, vec![route("10.9.0.0/16", &["a"])])).plan;
    assert_eq!(one.digest(), other.digest());
}

/// A world with route tables, and what is true of them.
struct Routed {
    world: World,
    /// Whether an interface that is not Active clears Enabled.
    clears: bool,
    entries: Vec<Entry>,
    others: Vec<Other>,
}

struct Entry {
    region: &'static str,
    router: &'static str,
    prefix: String,
    hops: Vec<(Over, bool)>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Over {
    Declared(usize),
    Other(usize),
}

/// A next hop that nobody declares.
struct Other {
    status: Status,
    /// The declared interface that is its other end.
    end: Option<usize>,
}

const ROUTERS: [&str; 2] = ["vrt-1", "vrt-2"];

fn routed(random: &mut Random) -> Routed {
    let mut world = small(random);
    for interface in &mut world.interfaces {
        interface.router = Some(random.pick(&ROUTERS));
        // Somebody has to go down.
        if interface.group.is_none() && random.chance(60) {
            (interface.status, interface.desired) = (Status::Active, Inactive);
        }
    }
    let is_other_end = |number: usize| {
        let is_it = |one: &Interface| matches!(one.opposite, Far::Declared { peer, .. } if peer == number);
        world.interfaces.iter().any(is_it)
    };
    let alone = (0..world.interfaces.len()).filter(|number| world.interfaces[*number].opposite == Far::Silent);
    let alone: Vec<usize> = alone.filter(|number| !is_other_end(*number)).collect();
    let others: Vec<Other> = (0..2)
        .map(|number| Other {
            status: random.pick(&[Status::Active, Status::Active, Status::Inactive]),
            end: alone.get(number).copied().filter(|_| random.chance(50)),
        })
        .collect();
    let clears = random.chance(50);
    let mut entries = Vec::new();
    for number in 0..random.between(1, 6) {
        let (region, router) = (random.pick(&["cn-shanghai", "cn-beijing"]), random.pick(&ROUTERS));
        let own = world.interfaces.iter().enumerate();
        let own = own.filter(|(_, interface)| interface.region == region && interface.router == Some(router));
        let mut hops: Vec<Over> = own.map(|(number, _)| Over::Declared(number)).collect();
        random.shuffle(&mut hops);
        hops.truncate(random.between(0, 4));
        if random.chance(20) {
            hops.push(Over::Other(random.below(2)));
        }
        let hops = hops.into_iter().map(|hop| (hop, random.chance(90))).collect();
        entries.push(Entry { region, router, prefix: format!("10.{number}.0.0/16"), hops });
    }
    Routed { world, clears, entries, others }
}

/// What a planted planner is blind to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Blind {
    Not,
    ToEnabled,
    ToStatus,
    ToOtherHops,
    ToEdges,
}

impl Routed {
    fn id(&self, hop: Over) -> RouterInterfaceId {
        match hop {
            Over::Declared(number) => format!("ri-{}", self.world.interfaces[number].name).into(),
            Over::Other(number) => format!("ri-other{number}").into(),
        }
    }

    fn is_enabled(&self, (hop, may_be): (Over, bool)) -> bool {
        let status = match hop {
            Over::Declared(number) => &self.world.interfaces[number].status,
            Over::Other(number) => &self.others[number].status,
        };
        may_be && !(self.clears && *status != Status::Active)
    }

    /// What a planner is told.
    fn heard(&self, blind: Blind) -> RoutesHeard {
        let mut routers: Vec<RouterRead> = Vec::new();
        for region in ["cn-beijing", "cn-shanghai"] {
            for id in ROUTERS {
                let own = self.entries.iter().filter(|entry| entry.region == region && entry.router == id);
                let entry = |entry: &Entry| Route {
                    table: "vtb-1".into(),
                    prefix: entry.prefix.as_str().into(),
                    next_hops: entry
                        .hops
                        .iter()
                        .map(|hop| NextHop {
                            id: self.id(hop.0),
                            is_enabled: blind == Blind::ToEnabled || self.is_enabled(*hop),
                            weight: None,
                        })
                        .collect(),
                };
                let answer = RoutesAnswer::Entries(own.map(entry).collect());
                routers.push(RouterRead { router: router(region, id), answer });
            }
        }
        let other = |(number, other): (usize, &Other), region: &str| HopRead {
            id: self.id(Over::Other(number)),
            scope: scope(region),
            answer: HopAnswer::Found {
                status: if blind == Blind::ToStatus { Status::Active } else { other.status.clone() },
                business_status: BusinessStatus::Normal,
                opposite_id: other.end.map(|end| self.id(Over::Declared(end))),
                opposite_status: None,
            },
        };
        let regions = ["cn-beijing", "cn-shanghai"].into_iter();
        let hops = regions.flat_map(|region| self.others.iter().enumerate().map(move |one| other(one, region)));
        RoutesHeard { routers, hops: hops.collect() }
    }

    fn plan(&self, blind: Blind, sections: &str) -> Plan {
        let world = World { routes: self.heard(blind), ..self.world.clone() }.with(sections);
        let drawn = world.draw(&options()).unwrap();
        assert!(drawn.questions.routers.is_empty() && drawn.questions.hops.is_empty(), "{:?}", drawn.questions);
        drawn.plan
    }

    fn sides(&self, hop: Over, truth: &Truth<'_>) -> Vec<usize> {
        match hop {
            Over::Declared(number) => std::iter::once(number).chain(truth.peers[number]).collect(),
            Over::Other(number) => {
                let end = self.others[number].end;
                end.filter(|end| self.world.interfaces[*end].presence == Presence::Found).into_iter().collect()
            }
        }
    }

    fn is_up(&self, hop: Over, truth: &Truth<'_>, moves: &[Move], done: u32) -> bool {
        let own = match hop {
            Over::Declared(_) => true,
            Over::Other(number) => self.others[number].status == Status::Active,
        };
        own && self.sides(hop, truth).iter().all(|side| truth.side_is_up(*side, moves, done))
    }

    /// Whether some order sends the first deactivation of a side of a next hop while no other one is up, that is Enabled or will be.
    fn is_lost(&self, entry: &Entry, own: (Over, bool), truth: &Truth<'_>, moves: &[Move]) -> bool {
        let sides = self.sides(own.0, truth);
        let is_out = matches!(own.0, Over::Declared(_)) && truth.is_out(&sides, moves);
        let carries = !is_out && (self.is_enabled(own) || !self.is_up(own.0, truth, moves, 0));
        let takes = |step: &Move| step.action == Action::Call(Call::Deactivate) && sides.contains(&step.interface);
        let mut lost = false;
        explore(moves, |number, done| {
            let is_first = !(0..moves.len()).any(|other| done & (1 << other) != 0 && takes(&moves[other]));
            if carries && takes(&moves[number]) && is_first {
                let keeps = |hop: &(Over, bool)| {
                    let is_other = !self.sides(hop.0, truth).contains(&moves[number].interface);
                    is_other && hop.1 && self.is_up(hop.0, truth, moves, done)
                };
                lost |= !entry.hops.iter().filter(|hop| hop.0 != own.0).any(keeps);
            }
            true
        });
        lost
    }
}

/// What a plan says of a prefix over something: that nothing remains, that this is unproven, or that something does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Claim {
    Lost,
    Unproven,
    Safe,
}

fn claim(plan: &Plan, address: &str, prefix: &str) -> Option<Claim> {
    let left = plan.routes.iter().find(|left| left.address.as_str() == address && *left.prefix == *prefix)?;
    let is_unproven = plan.warnings.iter().any(|warning| match warning {
        Warning::LastRouteUnproven { address: other, prefixes } => {
            other.as_str() == address && prefixes.iter().any(|one| *one.prefix == *prefix)
        }
        _ => false,
    });
    Some(match left.remains.is_empty() {
        true => Claim::Lost,
        false if is_unproven => Claim::Unproven,
        false => Claim::Safe,
    })
}

/// Holds what a plan says of each prefix against every order; returns how often it was wrong to say that something remains.
fn false_safes(routed: &Routed, plan: &Plan, seed: u64) -> usize {
    let truth = Truth::new(&routed.world);
    let moves = truth.moves(plan);
    let mut false_safes = 0;
    for step in plan.steps.iter().filter(|step| step.action == Action::Call(Call::Deactivate)) {
        let own = routed.world.interfaces.iter().position(|one| one.address() == step.address).unwrap();
        for entry in &routed.entries {
            let interface = &routed.world.interfaces[own];
            let is_here = entry.region == interface.region && Some(entry.router) == interface.router;
            let Some(hop) = entry.hops.iter().find(|hop| is_here && hop.0 == Over::Declared(own)) else { continue };
            let is_lost = routed.is_lost(entry, *hop, &truth, &moves);
            match claim(plan, step.address.as_str(), &entry.prefix) {
                Some(Claim::Safe) => false_safes += usize::from(is_lost),
                Some(Claim::Unproven) => {}
                Some(Claim::Lost) => {
                    let carries = !truth.is_out(&routed.sides(hop.0, &truth), &moves)
                        && (routed.is_enabled(*hop) || !routed.is_up(hop.0, &truth, &moves, 0));
                    // One of several that go down is told so as well, be it that another one goes last.
                    let is_up = |hop: &(Over, bool)| hop.1 && routed.is_up(hop.0, &truth, &moves, u32::MAX);
                    let is_over = !entry.hops.iter().any(is_up);
                    let is_others = entry.hops.iter().any(|hop| routed.is_lost(entry, *hop, &truth, &moves));
                    let is_right = is_lost || is_others || is_over || !carries;
                    assert!(is_right, "seed {seed}: {} over {} is not lost", entry.prefix, step.address);
                }
                None => panic!("seed {seed}: {} over {} is not spoken of", entry.prefix, step.address),
            }
        }
    }
    false_safes
}

fn seeds() -> u64 {
    std::env::var("RICTL_TEST_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(10_000)
}

#[test]
fn every_order_of_ten_thousand_worlds_leaves_what_the_plan_says_remains() {
    let mut spoken_of = 0;
    for seed in 0..seeds() {
        let routed = routed(&mut Random::new(seed));
        let plan = routed.plan(Blind::Not, "");
        plan.check().unwrap_or_else(|faults| panic!("seed {seed}: {faults:?}"));
        assert_eq!(false_safes(&routed, &plan, seed), 0, "seed {seed}");
        spoken_of += plan.routes.len();
    }
    assert!(spoken_of as u64 > seeds() / 4, "too few worlds have anything to lose: {spoken_of}");
}

#[test]
fn what_ten_thousand_plans_that_block_let_go_down_loses_nothing_and_what_they_block_would() {
    for seed in 0..seeds() {
        let routed = routed(&mut Random::new(seed));
        let plan = routed.plan(Blind::Not, BLOCK);
        plan.check().unwrap_or_else(|faults| panic!("seed {seed}: {faults:?}"));
        assert_eq!(false_safes(&routed, &plan, seed), 0, "seed {seed}");
        let truth = Truth::new(&routed.world);
        let moves = truth.moves(&plan);
        for blocked in plan.blocked.iter().filter(|blocked| blocked.code() == BlockCode::Route) {
            let own = routed.world.interfaces.iter().position(|one| one.address() == blocked.address).unwrap();
            let BlockReason::Route(loss) = &blocked.reason else { panic!("seed {seed}") };
            let mut more = moves.clone();
            more.extend(refused(&routed.world, own, moves.len()));
            let would_lose = loss.prefixes.iter().any(|lost| {
                let entry = routed.entries.iter().find(|entry| *entry.prefix == *lost.prefix).unwrap();
                entry.hops.iter().any(|hop| routed.is_lost(entry, *hop, &truth, &more))
            });
            assert!(would_lose, "seed {seed}: {} need not be blocked", blocked.address);
        }
    }
}

#[test]
fn a_planner_that_is_blind_to_something_is_found_out() {
    for blind in [Blind::ToEnabled, Blind::ToStatus, Blind::ToOtherHops, Blind::ToEdges] {
        let found = (0..2_000).any(|seed| {
            let routed = routed(&mut Random::new(seed));
            let mut plan = routed.plan(blind, "");
            match blind {
                // What each takes away is looked at as if nothing else went down.
                Blind::ToOtherHops => {
                    let truth = Truth::new(&routed.world);
                    let falling: BTreeSet<&str> = plan
                        .steps
                        .iter()
                        .filter(|step| step.action == Action::Call(Call::Deactivate))
                        .map(|step| step.address.as_str())
                        .collect();
                    let falls = |hop: &(Over, bool)| match hop.0 {
                        Over::Declared(number) => falling.contains(routed.world.interfaces[number].name.as_str()),
                        Over::Other(_) => false,
                    };
                    let moves = truth.moves(&plan);
                    routed.entries.iter().any(|entry| {
                        let up = entry.hops.iter().filter(|hop| routed.is_enabled(**hop) && falls(hop));
                        up.clone().count() > 1 && up.clone().any(|hop| routed.is_lost(entry, *hop, &truth, &moves))
                    })
                }
                Blind::ToEdges => {
                    plan.steps.iter_mut().for_each(|step| step.after.clear());
                    std::panic::catch_unwind(|| false_safes(&routed, &plan, seed)).is_ok_and(|found| found > 0)
                        && plan.check().is_err()
                }
                _ => std::panic::catch_unwind(|| false_safes(&routed, &plan, seed)).is_ok_and(|found| found > 0),
            }
        });
        assert!(found, "{blind:?}");
    }
}
