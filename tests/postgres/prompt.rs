//! Somebody at a terminal takes their time over a plan: nobody waits for them, and what they approved is what is done.

use super::commands::{WORLD, exits, machine, says, spec};
use super::server::Server;
use crate::features::terminal::Attended;
use crate::harness::binary::{Desk, QUICK};
use crate::harness::emulator::Emulator;

fn attended(desk: &Desk, emulator: &Emulator) -> Attended {
    let url = emulator.url();
    let mut asked = Attended::of("dumb", desk.command(&[&["apply", "--endpoint", &url], &QUICK[..]].concat()));
    asked.wait_for("Only 'yes' will be accepted");
    asked
}

#[test]
fn a_state_is_claimed_only_once_somebody_has_said_yes() {
    let Some(server) = Server::shared() else { return };
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&server.database()));
    let own = spec("name: site-a", "Inactive");
    let (one, other) = (machine(&url, &own), machine(&url, &own));
    exits(&other.run(&["state", "init"]), 0);
    let mut asked = attended(&one, &emulator);
    says(&other.run(&["state", "lock"]), 0, "Nobody holds");
    exits(&other.quick(&emulator.url(), &["plan"]), 0);
    asked.type_in("yes\n");
    let (code, shown) = asked.ended();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("1 changed"), "{shown}");
    says(&other.run(&["history"]), 0, "apply");
}

#[test]
fn what_another_machine_did_while_somebody_was_asked_makes_it_another_plan() {
    let Some(server) = Server::shared() else { return };
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&server.database()));
    let (one, other) = (
        machine(&url, &spec("name: site-a", "Inactive").replace("ri-b, status: Active", "ri-b, status: Inactive")),
        machine(&url, &spec("name: site-a", "Inactive")),
    );
    let mut asked = attended(&one, &emulator);
    // Nobody waits for whoever is asked.
    says(&other.quick(&emulator.url(), &["apply", "--auto-approve"]), 0, "1 changed");
    let calls = emulator.mutating_calls().len();
    asked.type_in("yes\n");
    let (code, shown) = asked.ended();
    assert_eq!(code, Some(4), "{shown}");
    assert_eq!(emulator.mutating_calls().len(), calls, "{shown}");
    says(&other.run(&["state", "lock"]), 0, "Nobody holds");
    // Whoever says no has claimed nothing.
    let mut asked = attended(&one, &emulator);
    asked.type_in("no\n");
    let (code, shown) = asked.ended();
    assert!(code == Some(0) && shown.contains("Apply cancelled."), "{shown}");
}
