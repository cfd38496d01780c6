//! Every command with `--state`: what a user sees of a state that many machines share.

use std::fs;

use crate::harness::binary::{Desk, Ran};
use crate::harness::emulator::Emulator;

use rictl::state::{State, decode, encode};

use super::server::Server;

pub(super) const WORLD: &str = "regions: [cn-shanghai]
settle: { activate: 50ms, deactivate: 50ms }
interfaces: [{ id: ri-a }, { id: ri-b }]
";

pub(super) fn spec(head: &str, a: &str) -> String {
    format!(
        "version: 1
{head}
cloud: {{ provider: emulator, region: cn-shanghai }}
interfaces:
  a: {{ id: ri-a, status: {a} }}
  b: {{ id: ri-b, status: Active }}
"
    )
}

/// Somebody's checkout, on a machine that has nothing but the spec.
pub(super) fn machine(url: &str, spec: &str) -> Desk {
    Desk::new(spec).with_the_usual_key().variable("RICTL_STATE", url)
}

pub(super) fn exits(ran: &Ran, code: i32) {
    assert_eq!(ran.code, code, "{}", ran.text());
}

pub(super) fn says(ran: &Ran, code: i32, text: &str) {
    exits(ran, code);
    assert!(ran.flat().contains(text), "{text:?} is not in {}", ran.text());
}

#[test]
fn what_one_machine_applied_another_takes_back_and_no_file_is_left() {
    let Some(server) = Server::shared() else { return };
    let emulator = Emulator::serve(WORLD);
    let url = server.url(&server.database());
    let laptop = machine(&url, &spec("state: { name: site-a }", "Inactive"));
    let runner = machine(&url, &spec("state: { name: site-a }", "Inactive"));
    exits(&laptop.quick(&emulator.url(), &["plan", "--detailed-exitcode"]), 2);
    says(&laptop.quick(&emulator.url(), &["apply", "--auto-approve"]), 0, "1 changed");
    assert!(!laptop.path().join("state").exists(), "no local file");
    // The other machine knows the run, the cause of drift, and takes it back.
    says(&runner.run(&["history"]), 0, "apply");
    exits(&runner.quick(&emulator.url(), &["drift"]), 0);
    says(&runner.run(&["state", "list"]), 0, "a");
    says(&runner.quick(&emulator.url(), &["rollback", "last", "--auto-approve"]), 0, "1 changed");
    assert_eq!(emulator.status("ri-a"), "Active");
    says(&laptop.run(&["history"]), 0, "rollback");
    says(&laptop.run(&["state", "lock"]), 0, "Nobody holds");
    assert!(!runner.path().join("state").exists(), "no local file");
}

#[test]
fn a_store_is_named_by_people_only_and_a_state_by_its_spec() {
    let Some(server) = Server::shared() else { return };
    let url = server.url(&server.database());
    let nameless = machine(&url, &spec("", "Active"));
    says(&nameless.run(&["state", "list"]), 1, "needs a name");
    let odd = machine(&url, &spec("name: Site A", "Active"));
    says(&odd.run(&["state", "list"]), 1, "is no name of a state");
    let leading = machine("", &spec("state: { path: \"postgres://a@evil/x\" }", "Active"));
    says(&leading.run(&["validate"]), 1, "state.path is no path of a file");
    let secret = machine("postgres://net:hunter2@db/x", &spec("name: a", "Active"));
    let said = secret.run(&["state", "list"]);
    says(&said, 1, "a password stands in the URL");
    assert!(!said.text().contains("hunter2"), "{}", said.text());
    let both = machine(&url, &spec("name: a\nstate: { path: here.json }", "Active"));
    says(&both.run(&["validate"]), 0, "state.path is ignored");
}

#[test]
fn two_specs_never_share_a_state_unless_one_was_renamed() {
    let Some(server) = Server::shared() else { return };
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&server.database()));
    let first = machine(&url, &spec("name: site-a", "Inactive"));
    exits(&first.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    let second = machine(&url, &spec("name: site-b\nstate: { name: site-a }", "Inactive"));
    says(&second.quick(&emulator.url(), &["plan"]), 4, "is the state of site-a");
    says(&second.quick(&emulator.url(), &["apply", "--auto-approve"]), 4, "--adopt");
    exits(&second.quick(&emulator.url(), &["apply", "--auto-approve", "--adopt"]), 0);
    exits(&second.quick(&emulator.url(), &["plan"]), 0);
    says(&first.quick(&emulator.url(), &["plan"]), 4, "is the state of site-b");
}

#[test]
fn a_state_is_moved_whole_and_its_old_place_names_the_new_one() {
    let Some(server) = Server::shared() else { return };
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&server.database()));
    let desk = Desk::new(&spec("name: site-a", "Inactive")).with_the_usual_key();
    says(&desk.run(&["state", "move", &url]), 1, "nothing is recorded");
    exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    let run = desk.run(&["history", "--json"]).out;
    says(&desk.run(&["state", "move", &url]), 0, "1 run and 0 approvals");
    says(&desk.run(&["history"]), 1, "was moved to");
    says(&desk.run(&["plan"]), 1, &url);
    let there = ["--state", &url];
    assert_eq!(desk.run(&[&["history", "--json"], there.as_slice()].concat()).out, run);
    says(&desk.run(&["state", "move", "file:back.json", "--state", &url]), 0, "1 run");
    says(&desk.run(&["state", "list", "--state", "file:back.json"]), 0, "a");
    // A name that has a history is not written over.
    let other = server.url(&server.database());
    let again = machine(&other, &spec("name: site-a", "Active"));
    exits(&again.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    says(&desk.run(&["state", "move", &other, "--state", "file:back.json"]), 1, "has a history already");
}

#[test]
fn where_the_variable_names_the_new_place_the_history_comes_from_the_files_of_the_spec() {
    let Some(server) = Server::shared() else { return };
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&server.database()));
    let desk = Desk::new(&spec("name: site-a", "Inactive")).with_the_usual_key();
    exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    says(&desk.run(&["state", "move", &url, "--state", &url]), 1, "already");
    let desk = desk.variable("RICTL_STATE", &url);
    says(&desk.run(&["state", "move", &url]), 0, "1 run");
    says(&desk.run(&["history"]), 0, "apply");
    says(&desk.run(&["state", "move", &url]), 1, "was moved to");
    // Who comes second has nothing to move, and is told where the state is.
    let second = machine(&url, &spec("name: site-a", "Inactive"));
    let refused = second.run(&["state", "move", &url]);
    says(&refused, 1, "nothing is recorded in");
    says(&refused, 1, "the state is in");
}

#[test]
fn a_state_is_pulled_pushed_and_a_store_that_was_restored_is_noticed() {
    let Some(server) = Server::shared() else { return };
    let database = server.database();
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&database));
    let desk = machine(&url, &spec("name: site-a", "Inactive"));
    exits(&desk.run(&["state", "init"]), 0);
    exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    let pulled = desk.run(&["state", "pull"]);
    exits(&pulled, 0);
    let file = desk.file("pulled.json", &pulled.out);
    let file = file.to_str().unwrap();
    says(&desk.run(&["state", "push", file]), 1, "is stored");
    let number = decode(pulled.out.as_bytes()).unwrap().serial;
    let with = |change: &dyn Fn(&mut State)| {
        let mut state = decode(pulled.out.as_bytes()).unwrap();
        change(&mut state);
        String::from_utf8(encode(&state)).unwrap()
    };
    let higher = with(&|state| state.serial += 5);
    desk.file("higher.json", &higher);
    says(&desk.run(&["state", "push", "higher.json"]), 0, &format!("serial {}", number + 5));
    desk.file("other.json", &with(&|state| (state.serial, state.lineage) = (99, "another".into())));
    says(&desk.run(&["state", "push", "other.json"]), 1, "another history");
    let all: serde_json::Value = serde_json::from_str(&desk.run(&["state", "pull", "--all"]).out).unwrap();
    assert_eq!(all["runs"].as_object().unwrap().len(), 1);
    exits(&desk.quick(&emulator.url(), &["plan"]), 0);
    // Restored from a backup: another machine cannot know, this one does.
    server.run(&database, "CREATE TABLE kept AS TABLE rictl.states");
    desk.file("highest.json", &with(&|state| state.serial = 90));
    exits(&desk.run(&["state", "push", "highest.json"]), 0);
    exits(&desk.quick(&emulator.url(), &["plan"]), 0);
    server.run(&database, "DELETE FROM rictl.states; INSERT INTO rictl.states TABLE kept; UPDATE rictl.states SET position = (SELECT coalesce(sum(length(bytes)), 0) FROM rictl.journal j WHERE j.generation = states.generation)");
    let said = desk.quick(&emulator.url(), &["plan"]);
    assert!(said.flat().contains("serial 90 was seen there before"), "{}", said.text());
    says(&desk.run(&["state", "rescue", "higher.json"]), 1, "is no rescue file");
}

#[test]
fn a_claim_that_somebody_holds_is_named_waited_for_and_ended_by_force() {
    let Some(server) = Server::shared() else { return };
    let database = server.database();
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&database));
    let desk = machine(&url, &spec("name: site-a", "Inactive"));
    exits(&desk.run(&["state", "init"]), 0);
    let holder = r#"{"id":"0b5f","who":"ann","host":"elsewhere","pid":1,"process_start":null,"boot_id":"x","operation":"apply","run_id":null,"since":"2026-01-01T00:00:00Z"}"#;
    server.run(&database, &format!("UPDATE rictl.states SET epoch = epoch + 1, ttl_ms = 600000, renewed = clock_timestamp(), holder = '{holder}'"));
    says(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 6, "ann on elsewhere");
    exits(&desk.quick(&emulator.url(), &["plan", "--detailed-exitcode"]), 2);
    let lock: serde_json::Value = serde_json::from_str(&desk.run(&["state", "lock", "--json"]).out).unwrap();
    assert_eq!(
        (lock["id"].as_str(), lock["host"].as_str(), lock["epoch"].as_u64()),
        (Some("0b5f"), Some("elsewhere"), Some(2))
    );
    assert!(lock["lease_left_ms"].as_u64().unwrap() > 500_000);
    says(&desk.run(&["force-unlock", "other", "--force"]), 1, "is not the id");
    says(&desk.run(&["force-unlock", "0b5f", "--force"]), 0, "is free");
    says(&desk.run(&["state", "lock"]), 0, "Nobody holds");
    says(&desk.run(&["force-unlock", "0b5f", "--force"]), 1, "is not locked");
    exits(&desk.quick(&emulator.url(), &["plan", "--detailed-exitcode"]), 2);
}

#[test]
fn approvals_and_what_was_notified_are_kept_in_the_store() {
    let Some(server) = Server::shared() else { return };
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&server.database()));
    let (laptop, runner) =
        (machine(&url, &spec("name: site-a", "Inactive")), machine(&url, &spec("name: site-a", "Inactive")));
    exits(&laptop.quick(&emulator.url(), &["plan", "--out", "night.plan"]), 0);
    exits(&laptop.quick(&emulator.url(), &["approve", "night.plan"]), 0);
    exits(&runner.quick(&emulator.url(), &["apply", "--approved"]), 0);
    assert_eq!(emulator.status("ri-a"), "Inactive");
    says(&laptop.run(&["history"]), 0, "apply");
    let files = |desk: &Desk| {
        fs::read_dir(desk.path()).unwrap().flatten().filter(|entry| entry.path().ends_with("state")).count()
    };
    assert_eq!([files(&laptop), files(&runner)], [0, 0]);
}
