//! A ClientToken makes a repeated call the same call, whatever became of the first answer, and in another process too.

use rictl::emulator::{Answer, Fault, Host, Reply, World};

use super::super::support::{after, caller, code, epoch, list, request, world};
use super::{PLAIN, accepted, call, made, with};

const CREATE: &str = "CreateRouterInterface";

#[test]
fn the_same_token_is_the_same_interface() {
    let mut world = world("{regions: [cn-shanghai, cn-beijing], interfaces: []}");
    let asked = with(&PLAIN, &[("ClientToken", "t-1")]);
    let first = made(&call(&mut world, epoch(), CREATE, &asked));
    assert_eq!(made(&call(&mut world, after(30), CREATE, &asked)), first);
    assert_eq!(world.count(CREATE).mutated, 1);
    assert_eq!(list(&mut world, after(30), &[]).1, 1);
    let other = call(&mut world, after(30), CREATE, &with(&asked, &[("Spec", "Small.2")]));
    assert_eq!(code(other), (400, "IdempotentParameterMismatch".to_owned()));
    assert_ne!(made(&call(&mut world, after(30), CREATE, &with(&asked, &[("ClientToken", "t-2")]))), first);
    assert_ne!(made(&call(&mut world, after(30), CREATE, &PLAIN)), first, "without a token each call is a new one");
}

#[test]
fn a_lost_answer_is_had_by_the_same_token() {
    let mut world = world("{regions: [cn-shanghai, cn-beijing], interfaces: []}");
    let lost = "faults: [{fault: drop, after_effect: true, action: CreateRouterInterface, nth: 1}]";
    world.add_faults(Fault::parse_schedule(lost).unwrap(), epoch()).unwrap();
    let asked = with(&PLAIN, &[("ClientToken", "t-1")]);
    call(&mut world, epoch(), CREATE, &asked);
    let id = made(&call(&mut world, epoch(), CREATE, &asked));
    let rows = list(&mut world, epoch(), &[]).0;
    assert_eq!((rows.len(), rows[0].observed.id.as_str()), (1, id.as_str()));
}

#[test]
fn what_was_refused_is_asked_anew() {
    let mut world = world("{regions: [cn-shanghai], interfaces: [{id: ri-i}]}");
    let asked = [("RouterInterfaceId", "ri-i"), ("ClientToken", "t-1")];
    assert_eq!(code(call(&mut world, epoch(), "DeleteRouterInterface", &asked)).1, "InvalidInstance.StatusError");
    accepted(&call(&mut world, epoch(), "DeactivateRouterInterface", &asked));
    accepted(&call(&mut world, after(5), "DeleteRouterInterface", &asked));
    // Gone, and still the same call.
    accepted(&call(&mut world, after(60), "DeleteRouterInterface", &asked));
    let anew = call(&mut world, after(60), "DeleteRouterInterface", &[("RouterInterfaceId", "ri-i")]);
    assert_eq!(code(anew), (404, "InvalidRouterInterfaceId.NotFound".to_owned()));
    assert_eq!(world.count("DeleteRouterInterface").mutated, 1);
}

#[test]
fn a_size_is_answered_again() {
    let mut world = world("{regions: [cn-shanghai], interfaces: [{id: ri-i}]}");
    let asked = [("RouterInterfaceId", "ri-i"), ("Spec", "Small.2"), ("ClientToken", "t-1")];
    for seconds in [0, 1, 60] {
        let reply = call(&mut world, after(seconds), "ModifyRouterInterfaceSpec", &asked);
        assert_eq!(reply.answer, Answer::Resized("Small.2".to_owned()), "after {seconds} s");
    }
    assert_eq!(world.count("ModifyRouterInterfaceSpec").mutated, 1);
}

#[test]
fn what_was_made_and_its_token_outlive_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("world.yaml");
    std::fs::write(&file, "{regions: [cn-shanghai, cn-beijing], interfaces: []}").unwrap();
    let asked = with(&PLAIN, &[("ClientToken", "t-1"), ("Name", "made"), ("Tags.1.Key", "k"), ("Tags.1.Value", "v")]);
    let visit = |host: &mut Host, request_id: &str, action: &str, asked: &[(&str, &str)]| {
        let mut asked = request(action, asked);
        asked.request_id = request_id.to_owned();
        let act = |world: &mut World| {
            let caller = caller(world);
            let reply = world.handle(after(1), Some(&caller), &asked);
            let events = reply.events.clone();
            (reply, events)
        };
        let reply: Reply = host.visit(after(1), act).unwrap();
        reply
    };
    let id = made(&visit(&mut Host::open(&file, epoch()).unwrap(), "R1", CREATE, &asked));
    let mut host = Host::open(&file, after(2)).unwrap();
    assert_eq!(made(&visit(&mut host, "R2", CREATE, &asked)), id);
    let shown =
        [("RegionId", "cn-shanghai"), ("Tags.1.Key", "k"), ("Filter.1.Key", "Name"), ("Filter.1.Value.1", "made")];
    let Answer::Listing(page) = visit(&mut host, "R3", "DescribeRouterInterfaces", &shown).answer else { panic!() };
    assert_eq!((page.total_count, page.rows[0].observed.id.as_str()), (1, id.as_str()));
    assert_eq!(page.rows[0].observed.specification.as_deref(), Some("Small.1"));
    assert_eq!(page.rows[0].details.created, Some(after(1)));
}
