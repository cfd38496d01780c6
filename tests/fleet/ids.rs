//! One interface, one state of a shared store: whoever declares it second is refused, until the first has given it up.

use rictl::signature::v4::Dialect;

use super::moving::spec;
use super::{WORLD, exits, says};
use crate::harness::binary::Desk;
use crate::harness::emulator::Emulator;
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
