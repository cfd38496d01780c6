//! One interface, one state of a shared store: whoever declares it second is refused, until the first has given it up.

use rictl::signature::v4::Dialect;

use super::moving::spec;
use super::{WORLD, exits, says};
use crate::harness::binary::{Desk, QUICK};
use crate::harness::emulator::Emulator;
use crate::harness::machines::{after_calls, ended, start};
use crate::objects::commands::{bucket, reaching};

fn is_kept_by_one(emulator: &Emulator, desk: impl Fn(&str) -> Desk) {
    let apply = ["apply", "--auto-approve"];
    let a = desk(&spec("site-a", &[("primary", "ri-a", "Active"), ("backup", "ri-b", "Active")]));
    exits(&a.quick(&emulator.url(), &apply), 0);
    let b = desk(&spec("site-b", &[("mine", "ri-b", "Inactive"), ("other", "ri-c", "Inactive")]));
    let before = emulator.mutating_calls().len();
    let refused = b.quick(&emulator.url(), &apply);
    says(&refused, 3, "the state site-a of the same store has mine");
    says(&refused, 3, "apply the spec of site-a first");
    // What is planned says so, and so does who approves it.
    let planned = b.quick(&emulator.url(), &["plan", "--out", "p"]);
    says(&planned, 0, "Next: apply the spec of site-a first, without what it still has, then `rictl");
    let approved = b.quick(&emulator.url(), &["approve", "p"]);
    says(&approved, 0, "State site-a still has mine: apply its spec first");
    let due = b.quick(&emulator.url(), &["apply", "--approved"]);
    says(&due, 4, "the state site-a of the same store has mine");
    assert_eq!(emulator.mutating_calls().len(), before, "nothing was sent");
    // Neither is its own in anybody's way, whatever else moved.
    exits(&a.quick(&emulator.url(), &apply), 0);
    a.file("rictl.yaml", &spec("site-a", &[("primary", "ri-a", "Active")]));
    exits(&a.quick(&emulator.url(), &apply), 0);
    exits(&b.quick(&emulator.url(), &apply), 0);
    assert_eq!(emulator.status("ri-b"), "Inactive");
    // And now it is the other way round.
    a.file("rictl.yaml", &spec("site-a", &[("primary", "ri-a", "Active"), ("backup", "ri-b", "Active")]));
    says(&a.quick(&emulator.url(), &apply), 3, "the state site-b of the same store has backup");
    assert_eq!(emulator.status("ri-b"), "Inactive");
}

#[test]
fn one_interface_is_kept_by_one_state_of_a_bucket() {
    for dialect in [Dialect::Oss, Dialect::Aws] {
        let (mock, emulator) = (bucket(dialect), Emulator::serve(WORLD));
        is_kept_by_one(&emulator, |text| reaching(Desk::new(text), &mock, dialect));
        // Where nothing has changed since, that is one read.
        let desk = reaching(
            Desk::new(&spec("site-b", &[("mine", "ri-b", "Inactive"), ("other", "ri-c", "Inactive")])),
            &mock,
            dialect,
        );
        let before = mock.world().seen.len();
        exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
        let world = mock.world();
        let about = |key: &str| world.seen[before..].iter().filter(|seen| seen.key.contains(key)).count();
        assert_eq!((about("/about/ids"), about("STORE/ids/")), (1, 0), "{dialect:?}");
    }
}

#[cfg(feature = "postgres")]
#[test]
fn one_interface_is_kept_by_one_state_of_a_postgres() {
    let Some(server) = crate::postgres::Server::shared() else { return };
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&server.database()));
    is_kept_by_one(&emulator, |text| Desk::new(text).with_the_usual_key().variable("RICTL_STATE", &url));
}

/// A world in which a run is open for a while.
const SLOW: &str = "regions: [cn-shanghai]
settle: { activate: 1500ms, deactivate: 1500ms }
interfaces: [{ id: ri-a }, { id: ri-b }, { id: ri-c }]
";

/// The first run of one state is about an interface of which no state has a record yet: it is that one's from before its first call, be it
/// that its process dies.
fn is_held_from_before_the_first_call(desk: impl Fn(&str) -> Desk) {
    let (emulator, apply) = (Emulator::serve(SLOW), ["apply", "--auto-approve"]);
    let a = desk(&spec("site-a", &[("primary", "ri-a", "Inactive")])).variable("RICTL_LEASE", "10s");
    let b = desk(&spec("site-b", &[("mine", "ri-a", "Inactive"), ("other", "ri-c", "Inactive")]));
    let url = emulator.url();
    let mut open = start(&a, &[&["apply", "--auto-approve", "--endpoint", &url][..], &QUICK].concat());
    after_calls(&a, &emulator, 1, &mut open);
    let refused = b.quick(&url, &apply);
    says(&refused, 3, "the state site-a of the same store has mine");
    says(&refused, 3, "of it is not over, or died");
    open.kill().unwrap();
    open.wait().unwrap();
    says(&b.quick(&url, &apply), 3, "the state site-a of the same store has mine");
    assert_eq!(emulator.mutating_calls().len(), 1, "nothing was sent by the other");
    // Who was refused keeps nobody from it.
    exits(&a.quick(&url, &["apply", "--auto-approve", "--lock-timeout", "1m"]), 0);
    says(&b.quick(&url, &apply), 3, "the state site-a of the same store has mine");
    assert_eq!(emulator.mutating_calls().len(), 1, "nor sent twice");
}

/// Two states count the same two links, and each takes another one down, at the same moment.
fn never_both(desk: impl Fn(&str) -> Desk) {
    let emulator = Emulator::serve(WORLD);
    let text = |name: &str, [x, y]: [&str; 2]| {
        let head = format!("version: 1\nname: {name}\ncloud: {{ provider: emulator, region: cn-shanghai }}\n");
        head + &format!(
            "groups: {{ g: {{ min_active: 1 }} }}\ninterfaces:\n  x: {{ id: ri-a, group: g, status: {x} }}\n  y: {{ id: ri-b, group: g, status: {y} }}\n"
        )
    };
    let desks = [desk(&text("site-a", ["Inactive", "Active"])), desk(&text("site-b", ["Active", "Inactive"]))];
    let url = emulator.url();
    let arguments = [&["apply", "--auto-approve", "--endpoint", &url][..], &QUICK].concat();
    let started = desks.each_ref().map(|desk| start(desk, &arguments));
    let mut codes = Vec::new();
    for (child, desk) in started.into_iter().zip(&desks) {
        let (code, said) = ended(child, desk);
        assert!(code != 3 || said.contains("of the same store has"), "{said}");
        codes.push(code);
    }
    codes.sort_unstable();
    assert_eq!(codes, [0, 3]);
    let up = ["ri-a", "ri-b"].iter().filter(|id| emulator.status(id) == "Active").count();
    assert_eq!((up, emulator.mutating_calls().len()), (1, 1));
}

#[test]
fn what_the_first_run_of_a_state_in_a_bucket_is_about_no_other_touches() {
    for dialect in [Dialect::Oss, Dialect::Aws] {
        let mock = bucket(dialect);
        is_held_from_before_the_first_call(|text| reaching(Desk::new(text), &mock, dialect));
    }
}

#[test]
fn of_two_states_in_a_bucket_that_begin_together_one_goes_on() {
    for dialect in [Dialect::Oss, Dialect::Aws] {
        let mock = bucket(dialect);
        never_both(|text| reaching(Desk::new(text), &mock, dialect));
    }
}

#[cfg(feature = "postgres")]
#[test]
fn what_the_first_run_of_a_state_in_a_postgres_is_about_no_other_touches() {
    let Some(server) = crate::postgres::Server::shared() else { return };
    let url = server.url(&server.database());
    is_held_from_before_the_first_call(|text| Desk::new(text).with_the_usual_key().variable("RICTL_STATE", &url));
}

#[cfg(feature = "postgres")]
#[test]
fn of_two_states_in_a_postgres_that_begin_together_one_goes_on() {
    let Some(server) = crate::postgres::Server::shared() else { return };
    for _ in 0..3 {
        let url = server.url(&server.database());
        never_both(|text| Desk::new(text).with_the_usual_key().variable("RICTL_STATE", &url));
    }
}

/// What a state was given whole is its own from then on, not from its next apply.
#[cfg(feature = "postgres")]
#[test]
fn what_was_moved_into_a_store_is_of_the_state_that_moved() {
    let Some(server) = crate::postgres::Server::shared() else { return };
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&server.database()));
    let a = Desk::new(&spec("site-a", &[("primary", "ri-a", "Active")])).with_the_usual_key();
    exits(&a.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    exits(&a.run(&["state", "move", &url]), 0);
    let text = spec("site-b", &[("mine", "ri-a", "Inactive")]);
    let b = Desk::new(&text).with_the_usual_key().variable("RICTL_STATE", &url);
    let refused = b.quick(&emulator.url(), &["apply", "--auto-approve"]);
    says(&refused, 3, "the state site-a of the same store has mine");
    assert_eq!(emulator.status("ri-a"), "Active");
}

const OTHER: &str = "1987654321098765";

/// An interface of an account that one spec has as its own, and another under a name.
fn is_one_whatever_its_account_is_called(emulator: &Emulator, desk: impl Fn(&str) -> Desk) {
    let apply = ["apply", "--auto-approve"];
    let text = |name: &str, cloud: &str, entry: &str| {
        format!("version: 1\nname: {name}\ncloud: {{ region: cn-shanghai{cloud} }}\ninterfaces:\n  {entry}\n")
    };
    let theirs = |name: &str, cloud: &str, entry: &str| {
        desk(&text(name, cloud, entry)).variable("ALIBABA_CLOUD_ACCESS_KEY_ID", &format!("emulator-{OTHER}"))
    };
    let own = |status: &str| format!("own: {{ id: ri-x, status: {status} }}");
    let a = theirs("site-a", &format!(", account_id: \"{OTHER}\""), &own("Inactive"));
    exits(&a.quick(&emulator.url(), &apply), 0);
    let role = format!("role_arn: \"acs:ram::{OTHER}:role/rictl\"");
    let named = "named: { id: ri-x, status: Active, account: main }";
    let b = desk(&text("site-b", &format!(", accounts: {{ main: {{ {role} }} }}"), named));
    says(&b.quick(&emulator.url(), &apply), 3, "the state site-a of the same store has named");
    // The other way round, and of one main account: the history comes along under the other name.
    a.file("rictl.yaml", &text("site-a", "", "another: { id: ri-y, status: Active }"));
    exits(&a.quick(&emulator.url(), &apply), 0);
    let c = theirs("site-c", &format!(", accounts: {{ main: {{ {role}, account_id: \"{OTHER}\" }} }}"), named);
    let applied = c.quick(&emulator.url(), &apply);
    says(&applied, 0, "the history of named is taken from site-a");
    says(&applied, 0, "1 changed");
    let listed = c.run(&["history", "--json"]);
    assert_eq!(listed.out.matches("\"run_id\"").count(), 2, "{}", listed.text());
    a.file("rictl.yaml", &text("site-a", "", &own("Active")));
    says(&a.quick(&emulator.url(), &apply), 3, "the state site-c of the same store has own");
}

#[cfg(feature = "postgres")]
#[test]
fn an_interface_is_one_whatever_its_account_is_called_by_a_spec() {
    let Some(server) = crate::postgres::Server::shared() else { return };
    let world = format!(
        "accounts: [{{ id: \"1234567890123456\" }}, {{ id: \"{OTHER}\" }}]\nregions: [cn-shanghai]\nsettle: {{ activate: 50ms, deactivate: 50ms }}\ninterfaces: [{{ id: ri-x, account: \"{OTHER}\" }}, {{ id: ri-y, account: \"{OTHER}\" }}]\n"
    );
    let (emulator, url) = (Emulator::serve(&world), server.url(&server.database()));
    is_one_whatever_its_account_is_called(&emulator, |text| {
        Desk::new(text).with_the_usual_key().variable("RICTL_STATE", &url)
    });
}

#[test]
fn on_files_either_order_works() {
    let emulator = Emulator::serve(WORLD);
    let desk = Desk::new("").with_the_usual_key();
    desk.file("a.yaml", &spec("site-a", &[("primary", "ri-a", "Active"), ("backup", "ri-b", "Active")]));
    desk.file("b.yaml", &spec("site-b", &[("mine", "ri-b", "Inactive")]));
    for path in ["a.yaml", "b.yaml"] {
        exits(&desk.quick(&emulator.url(), &["-f", path, "apply", "--auto-approve"]), 0);
    }
}
