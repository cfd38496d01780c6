//! What is read and written without the claim, and who waits for it: told as everywhere, durable as under it, and in nobody's way.

use std::time::Instant;

use super::commands::{WORLD, exits, machine, says, spec};
use super::server::Server;
use crate::harness::binary::Desk;
use crate::harness::emulator::Emulator;
use crate::wall_clock::{self, WallClock};

/// A state with one run, in a database of its own, and its desk.
fn applied(server: &Server) -> (String, Desk, Emulator) {
    let (database, emulator) = (server.database(), Emulator::serve(WORLD));
    let desk = machine(&server.url(&database), &spec("name: site-a", "Inactive"));
    exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    (database, desk, emulator)
}

/// Somebody elsewhere holds the state, for so many milliseconds yet.
fn held(server: &Server, database: &str, left: u32) {
    let holder = r#"{"id":"0b5f","who":"ann","host":"elsewhere","pid":1,"process_start":null,"boot_id":"x","operation":"apply","run_id":null,"since":"2026-01-01T00:00:00Z"}"#;
    let renewed = format!("clock_timestamp() + ({left} - 600000) * interval '1 millisecond'");
    let row = format!("epoch = epoch + 1, ttl_ms = 600000, renewed = {renewed}, holder = '{holder}'");
    server.run(database, &format!("UPDATE rictl.states SET {row}"));
}

#[test]
fn whoever_only_reads_waits_for_no_claim_and_leaves_it_as_it_is() {
    let Some(server) = Server::shared() else { return };
    let (database, desk, emulator) = applied(server);
    held(server, &database, 600_000);
    let row = || server.run(&database, "SELECT epoch, pulse, holder, renewed, position, serial FROM rictl.states");
    let before = row();
    for command in ["plan", "status", "drift", "explain a", "history", "state list", "fleet", "whatif --down b"] {
        let begun = Instant::now();
        let ran = desk.quick(
            &emulator.url(),
            &[&command.split(' ').collect::<Vec<_>>()[..], &["--lock-timeout", "50s"]].concat(),
        );
        assert!([0, 2].contains(&ran.code), "{command}: {}", ran.text());
        assert!(begun.elapsed().as_secs() < 20, "{command} has waited");
        assert_eq!(row(), before, "{command}");
    }
}

#[test]
fn edits_of_the_state_wait_for_its_claim_as_long_as_they_are_told_to() {
    let Some(server) = Server::shared() else { return };
    let (database, desk, _emulator) = applied(server);
    desk.file("pulled.json", &desk.run(&["state", "pull"]).out);
    let words = "held by ann on elsewhere";
    for (command, code) in [
        (&["state", "push", "pulled.json"][..], 1),
        (&["state", "rm", "a"], 0),
        (&["state", "init"], 0),
        (&["state", "move", "file:elsewhere.json"], 0),
    ] {
        held(server, &database, 600_000);
        says(&desk.run(command), 6, "ann on elsewhere");
        held(server, &database, 1000);
        let waited = desk.run(&[command, &["--lock-timeout", "30s"]].concat());
        exits(&waited, code);
        assert!(waited.flat().contains(words) || waited.flat().contains("waiting"), "{}", waited.text());
    }
}

#[test]
fn what_is_approved_is_looked_for_where_the_state_is() {
    let Some(server) = Server::shared() else { return };
    let (database, desk, emulator) = applied(server);
    let approved = ["apply", "--approved"];
    exits(&desk.quick(&emulator.url(), &approved), 0);
    let other = machine(&server.url(&database), &spec("name: b\nstate: { name: site-a }", "Inactive"));
    says(&other.quick(&emulator.url(), &approved), 4, "is the state of site-a");
    server.run(&database, "UPDATE rictl.format SET version = 2");
    for command in [&approved[..], &["state", "lock"], &["force-unlock", "0b5f"], &["plan"]] {
        says(&desk.quick(&emulator.url(), command), 1, "has format version 2");
    }
    server.run(&database, "UPDATE rictl.format SET version = 1");
    exits(&desk.run(&["state", "move", "file:here.json"]), 0);
    says(&desk.quick(&emulator.url(), &approved), 1, "was moved to here.json");
    // And of files.
    let in_files = [&approved[..], &["--state", "file:here.json"]].concat();
    exits(&desk.quick(&emulator.url(), &in_files), 0);
    desk.file("here.json", "{\"format_version\": 99}");
    says(&desk.quick(&emulator.url(), &in_files), 1, "here.json");
}

#[test]
fn nothing_is_written_that_a_crash_of_the_server_would_lose() {
    let Some(server) = Server::shared() else { return };
    let (database, desk, emulator) = applied(server);
    desk.file("rictl.yaml", &spec("name: site-a", "Active"));
    exits(&desk.quick(&emulator.url(), &["plan", "--out", "night.plan"]), 0);
    let kept = || server.run(&database, "SELECT count(*) FROM rictl.notes");
    let before = kept();
    server.run("postgres", &format!("ALTER DATABASE {database} SET synchronous_commit = off"));
    for command in [&["approve", "night.plan"][..], &["drift", "--record"], &["apply", "--auto-approve"]] {
        says(&desk.quick(&emulator.url(), command), 1, "synchronous_commit is off");
    }
    assert_eq!(kept(), before);
    exits(&desk.quick(&emulator.url(), &["plan"]), 0);
}

/// What a server says of an error stands on more than one line, which is shown on one.
#[test]
fn hints_of_the_server_are_no_lines_of_ours() {
    let Some(server) = Server::shared() else { return };
    let (database, desk, emulator) = applied(server);
    server.run(&database, "CREATE FUNCTION public.no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = '53100', HINT = 'Check free disk space.'; END $$; CREATE TRIGGER no_room BEFORE INSERT ON rictl.notes EXECUTE FUNCTION public.no_room()");
    let said = desk.quick(&emulator.url(), &["drift", "--record"]);
    says(&said, 1, "no space (53100)");
    assert!(!said.text().contains("HINT"), "{}", said.text());
}

/// The same state, checked from two directories: what one was told is no news to the other.
#[test]
fn what_was_told_is_known_to_every_machine_wherever_its_checkout_lies() {
    let Some(server) = Server::shared() else { return };
    let (database, desk, emulator) = applied(server);
    let wants = spec("name: site-a", "Active");
    desk.file("rictl.yaml", &wants);
    let other = machine(&server.url(&database), &wants);
    let quiet = ["drift", "--record", "--quiet"];
    let first = desk.quick(&emulator.url(), &quiet);
    exits(&first, 2);
    assert!(!first.out.is_empty());
    for desk in [&other, &desk] {
        let again = desk.quick(&emulator.url(), &quiet);
        exits(&again, 2);
        assert_eq!(again.out, "");
    }
}

/// A lease is over by the server's clock alone: what a wall shows on either side moves it neither way.
#[test]
fn a_wall_clock_that_was_set_ends_no_lease() {
    let (Some(server), true) = (Server::shared(), wall_clock::can_be_set()) else { return };
    let (database, desk, emulator) = applied(server);
    held(server, &database, 600_000);
    for time in ["2020-01-01T00:00:00Z", "2040-01-01T00:00:00Z"] {
        let clock = WallClock::showing(time);
        let command = ["state", "rm", "a"];
        let other = clock
            .variables()
            .into_iter()
            .fold(machine(&server.url(&database), &spec("name: site-a", "Inactive")), |desk, (name, value)| {
                desk.variable(name, &value)
            });
        says(&other.run(&command), 6, "ann on elsewhere");
    }
    held(server, &database, 0);
    exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
}
