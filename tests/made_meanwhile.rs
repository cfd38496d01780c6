//! Links that somebody makes, connects, alters and deletes while rictl plans and applies: the real binary beside the calls of
//! an interface's whole life.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use rictl::emulator::Answer;

use crate::harness::binary::{Desk, Ran};
use crate::harness::emulator::Emulator;

const HERE: (&str, &str) = ("RegionId", "cn-shanghai");

fn emulator(interfaces: &str) -> Emulator {
    Emulator::serve(&format!(
        "regions: [cn-shanghai]\nsettle: {{ activate: 700ms, deactivate: 100ms }}\ninterfaces: [{interfaces}]\n"
    ))
}

fn desk(id: &str, status: &str) -> Desk {
    let spec = format!(
        "version: 1\ncloud: {{ provider: emulator, region: cn-shanghai }}\ninterfaces:\n  link: {{ id: {id}, status: {status} }}\n"
    );
    Desk::new(&spec).with_the_usual_key()
}

fn apply(emulator: &Emulator, desk: &Desk) -> Ran {
    desk.quick(&emulator.url(), &["apply", "--auto-approve"])
}

fn plans_to_nothing(emulator: &Emulator, desk: &Desk) {
    let plan = desk.quick(&emulator.url(), &["plan"]);
    assert!(plan.code == 0 && plan.out.contains("No changes."), "{}", plan.text());
}

/// Makes a link that connects by itself, and returns its border router's side.
fn fast_link(emulator: &Emulator) -> String {
    let made = emulator.does(
        "CreateRouterInterface",
        &[
            HERE,
            ("Role", "InitiatingSide"),
            ("RouterType", "VBR"),
            ("RouterId", "vbr-1"),
            ("AccessPointId", "ap-1"),
            ("Spec", "Large.1"),
            ("OppositeRegionId", "cn-shanghai"),
            ("OppositeRouterType", "VRouter"),
            ("OppositeRouterId", "vrt-1"),
            ("OppositeInterfaceOwnerId", "1234567890123456"),
            ("FastLinkMode", "true"),
        ],
    );
    match made.answer {
        Answer::Created { id, .. } => id.to_string(),
        other => panic!("not made: {other:?}"),
    }
}

#[test]
fn a_link_that_was_made_just_now_is_waited_for_and_drained() {
    let emulator = emulator("");
    let id = fast_link(&emulator);
    let desk = desk(&id, "Inactive");
    let drained = apply(&emulator, &desk);
    assert_eq!(drained.code, 0, "{}", drained.text());
    assert!(drained.out.contains("link will be waited for, then deactivated"), "{}", drained.text());
    assert_eq!(emulator.status(&id), "Inactive");
    plans_to_nothing(&emulator, &desk);
}

#[test]
fn one_that_was_never_connected_is_blocked_until_somebody_connects_it() {
    let emulator = emulator(
        "{ id: ri-i, status: Idle, role: InitiatingSide, router: vbr-1, opposite: ri-a }, { id: ri-a, status: Idle, router: vrt-1 }",
    );
    let desk = desk("ri-i", "Active");
    let blocked = apply(&emulator, &desk);
    assert!(blocked.code == 3 && blocked.out.contains("it was never connected"), "{}", blocked.text());
    let connected = emulator.does("ConnectRouterInterface", &[HERE, ("RouterInterfaceId", "ri-i")]);
    assert_eq!(connected.answer, Answer::Accepted);
    let waited = apply(&emulator, &desk);
    assert_eq!(waited.code, 0, "{}", waited.text());
    assert!(emulator.mutating_calls().is_empty(), "nothing but waiting was needed");
    plans_to_nothing(&emulator, &desk);
}

#[test]
fn one_that_is_being_modified_is_waited_for() {
    let opposite = "{ id: ri-x, router: vbr-1, region: cn-shanghai, status: Active }";
    let emulator = emulator(&format!("{{ id: ri-i, role: AcceptingSide, opposite: {opposite} }}"));
    let desk = desk("ri-i", "Inactive");
    let check = [("HealthCheckSourceIp", "10.0.0.1"), ("HealthCheckTargetIp", "10.1.0.1")];
    let asked = [HERE, ("RouterInterfaceId", "ri-i"), check[0], check[1]];
    let modified = emulator.does("ModifyRouterInterfaceAttribute", &asked);
    assert_eq!(modified.answer, Answer::Accepted);
    let drained = apply(&emulator, &desk);
    assert_eq!(drained.code, 0, "{}", drained.text());
    assert_eq!(emulator.status("ri-i"), "Inactive");
    plans_to_nothing(&emulator, &desk);
}

#[test]
fn one_that_goes_between_plan_and_apply_is_not_called_for() {
    let emulator = emulator("{ id: ri-i, status: Inactive }, { id: ri-other }");
    let desk = desk("ri-i", "Active");
    let planned = desk.quick(&emulator.url(), &["plan", "--out", "up.plan"]);
    assert_eq!(planned.code, 0, "{}", planned.text());
    emulator.does("DeleteRouterInterface", &[HERE, ("RouterInterfaceId", "ri-i")]);
    let is_refused = |when: &str| {
        let applied = desk.quick(&emulator.url(), &["apply", "up.plan"]);
        assert!([3, 4].contains(&applied.code), "{when}: {}", applied.text());
        let plan = desk.quick(&emulator.url(), &["plan"]);
        assert_eq!(plan.code, 3, "{when}: {}", plan.text());
    };
    is_refused("on its way out");
    while emulator.status("ri-i") != "Gone" {
        std::thread::yield_now();
    }
    is_refused("gone");
    assert!(emulator.mutating_calls().is_empty(), "{:?}", emulator.mutating_calls());
}
