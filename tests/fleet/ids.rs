//! One interface, one state of a shared store: whoever declares it second is refused, until the first has given it up.

use rictl::signature::v4::Dialect;

use super::{WORLD, exits, says};
use crate::harness::binary::Desk;
use crate::harness::emulator::Emulator;
use crate::objects::commands::{bucket, reaching};

fn spec(name: &str, entries: &[(&str, &str, &str)]) -> String {
    let head = format!("version: 1\nname: {name}\ncloud: {{ provider: emulator, region: cn-shanghai }}\ninterfaces:\n");
    let entry = |(address, id, status): &(&str, &str, &str)| format!("  {address}: {{ id: {id}, status: {status} }}\n");
    head + &entries.iter().map(entry).collect::<String>()
}

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
