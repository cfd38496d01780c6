//! `pairs: apart | together`: whether a call on one end of a link moves the other end.

use jiff::Timestamp;
use rictl::emulator::{Answer, Host, Reply, World};
use rictl::resource::{RouterInterfaceId, Status};

use super::support::{REGION, after, code, deactivate, epoch, in_region, list, send, world};

/// Two ends in two regions and two accounts, and one end whose other end is not here.
fn linked(more: &str) -> World {
    world(&format!(
        "
regions: [cn-shanghai, cn-beijing]
accounts: [{{id: '1'}}, {{id: '2'}}]
settle: {{activate: 5s, deactivate: 3s}}
interfaces:
  - {{id: ri-a}}
  - {{id: ri-b, region: cn-beijing, account: '2', opposite: ri-a, settle: {{activate: 60s, deactivate: 60s}}}}
  - {{id: ri-c, opposite: {{id: ri-x, region: cn-hangzhou, status: Active}}}}
{more}"
    ))
}

fn both(world: &World, now: Timestamp) -> [String; 2] {
    ["ri-a", "ri-b"].map(|id| world.status(&RouterInterfaceId::from(id), now).unwrap().to_string())
}

fn activate(world: &mut World, now: Timestamp, id: &str) -> Reply {
    send(world, now, &in_region("ActivateRouterInterface", REGION, id))
}

#[test]
fn ends_move_apart_unless_the_world_says_otherwise() {
    for more in ["", "pairs: apart\n"] {
        let mut world = linked(more);
        assert_eq!(deactivate(&mut world, epoch(), "ri-a").events.len(), 1);
        assert_eq!(both(&world, after(99)), ["Inactive", "Active"]);
    }
}

#[test]
fn ends_that_move_together_move_at_the_same_time() {
    let mut world = linked("pairs: together\n");
    let reply = deactivate(&mut world, epoch(), "ri-a");
    let moved: Vec<_> =
        reply.events.iter().map(|event| (event.interface.as_str(), event.request_id.as_deref())).collect();
    assert_eq!(moved, [("ri-a", Some("R")), ("ri-b", Some("R"))]);
    assert_eq!(both(&world, after(2)), ["Deactivating", "Deactivating"]);
    assert_eq!(both(&world, after(3)), ["Inactive", "Inactive"]);
    assert_eq!(world.count("DeactivateRouterInterface").mutated, 1);

    let seen = list(&mut world, after(3), &[]).0.remove(0).observed;
    assert_eq!((seen.status, seen.opposite.status), (Status::Inactive, Some(Status::Inactive)));

    assert_eq!(activate(&mut world, after(10), "ri-a").answer, Answer::Accepted);
    assert_eq!(both(&world, after(14)), ["Activating", "Activating"]);
    assert_eq!(both(&world, after(15)), ["Active", "Active"]);
}

#[test]
fn an_end_that_is_elsewhere_or_in_another_status_stays_as_it_is() {
    let mut alone = linked("pairs: together\n");
    assert_eq!(deactivate(&mut alone, epoch(), "ri-c").events.len(), 1);
    for status in ["Inactive", "Idle", "Deactivating", "Activating", "Deleted", "Strange"] {
        let mut world = world(&format!(
            "{{pairs: together, regions: [{REGION}], settle: {{activate: 1h, deactivate: 1h}}, interfaces: [{{id: ri-a}}, {{id: ri-b, opposite: ri-a, status: {status}}}]}}"
        ));
        assert_eq!(deactivate(&mut world, epoch(), "ri-a").events.len(), 1, "{status}");
        assert_eq!(world.statuses(epoch())[&RouterInterfaceId::from("ri-b")].as_str(), status);
    }
}

#[test]
fn a_refused_call_moves_neither_end() {
    let mut world = linked("pairs: together\n");
    assert_eq!(code(activate(&mut world, epoch(), "ri-a")).1, "IncorrectRIStatus");
    let theirs = in_region("DeactivateRouterInterface", "cn-beijing", "ri-b");
    assert_eq!(code(send(&mut world, epoch(), &theirs)).1, "Forbbiden.InvaildOwner");
    assert_eq!(both(&world, after(99)), ["Active", "Active"]);
}

#[test]
fn transitions_go_wrong_for_the_end_that_the_fault_names() {
    let stuck = |more: &str| {
        let mut world = linked(&format!("pairs: together\nfaults: [{{fault: stuck_transition{more}}}]\n"));
        deactivate(&mut world, epoch(), "ri-a");
        both(&world, after(99))
    };
    assert_eq!(stuck(""), ["Deactivating", "Deactivating"]);
    assert_eq!(stuck(", interface: ri-a"), ["Deactivating", "Inactive"]);
    assert_eq!(stuck(", interface: ri-b"), ["Inactive", "Deactivating"]);
    assert_eq!(stuck(", interface: ri-c"), ["Inactive", "Inactive"]);
    assert_eq!(stuck(", interface: ri-b, nth: 2"), ["Inactive", "Inactive"]);

    let flapping = "faults: [{fault: {flapping: {period: 1s, times: 1}}, interface: ri-b}]\n";
    let mut world = linked(&format!("pairs: together\n{flapping}"));
    deactivate(&mut world, epoch(), "ri-a");
    assert_eq!(both(&world, after(3)), ["Inactive", "Inactive"]);
    assert_eq!(both(&world, after(4)), ["Inactive", "Active"]);
}

#[test]
fn other_faults_of_one_end_do_not_strike_calls_to_the_other() {
    let mut world = linked("pairs: together\nfaults: [{fault: denied, interface: ri-b}]\n");
    assert_eq!(deactivate(&mut world, epoch(), "ri-a").answer, Answer::Accepted);
}

#[test]
fn a_third_party_moves_the_end_that_it_touches() {
    let console = "faults: [{fault: {console: {interface: ri-a, status: Deactivating, at: 1s}}}]\n";
    let world = linked(&format!("pairs: together\n{console}"));
    assert_eq!(both(&world, after(99)), ["Inactive", "Active"]);
}

#[test]
fn both_moves_are_kept_in_the_log_of_the_world() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("world.yaml");
    std::fs::write(
        &file,
        "pairs: together\nregions: [cn-shanghai]\ninterfaces: [{id: ri-a}, {id: ri-b, opposite: ri-a}]\n",
    )
    .unwrap();
    let mut host = Host::open(&file, epoch()).unwrap();
    host.visit(after(1), |world| ((), deactivate(world, after(1), "ri-b").events)).unwrap();
    let again = Host::open(&file, after(9)).unwrap();
    assert_eq!(both(again.world(), after(9)), ["Inactive", "Inactive"]);
}
