//! A database of which something is lost: what is missing is named, and nothing of it reads as if it had never been.

use serde_json::Value;

use super::commands::{WORLD, exits, machine, says, spec};
use super::server::Server;
use crate::harness::binary::Desk;
use crate::harness::emulator::Emulator;

/// A state with two runs, in a database of its own.
fn with_two_runs(server: &Server) -> (String, Desk, Emulator) {
    let (database, emulator) = (server.database(), Emulator::serve(WORLD));
    let desk = machine(&server.url(&database), &spec("name: site-a", "Inactive"));
    exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    exits(&desk.quick(&emulator.url(), &["rollback", "last", "--auto-approve"]), 0);
    (database, desk, emulator)
}

/// Every command that reads or writes refuses with these words, and the cloud hears nothing.
fn is_refused(desk: &Desk, emulator: &Emulator, words: &str) {
    let calls = emulator.mutating_calls().len();
    for command in [&["history"][..], &["state", "list"], &["state", "pull", "--all"], &["show"]] {
        says(&desk.run(command), 1, words);
    }
    for command in [&["plan"][..], &["apply", "--auto-approve"], &["rollback", "last", "--auto-approve"], &["drift"]] {
        says(&desk.quick(&emulator.url(), command), 1, words);
    }
    assert_eq!(emulator.mutating_calls().len(), calls);
}

#[test]
fn a_table_that_was_dropped_is_named_and_never_made_anew() {
    let Some(server) = Server::shared() else { return };
    for table in ["notes", "states", "journal", "format"] {
        let (database, desk, emulator) = with_two_runs(server);
        server.run(&database, &format!("DROP TABLE rictl.{table}"));
        is_refused(&desk, &emulator, &format!("its table {table} is missing, and others are there"));
        let there = server.run(&database, &format!("SELECT to_regclass('rictl.{table}') IS NULL"));
        assert_eq!(there.trim(), "t", "{table}");
    }
}

#[test]
fn rows_that_are_missing_or_cannot_be_are_named() {
    let Some(server) = Server::shared() else { return };
    for (sql, words) in [
        ("DELETE FROM rictl.states", "its row is missing, and runs of it are there"),
        ("UPDATE rictl.states SET epoch = -3", "its epoch is -3"),
        ("UPDATE rictl.states SET pulse = -1", "its pulse is -1"),
        ("DELETE FROM rictl.journal", "its journal has 0 bytes"),
    ] {
        let (database, desk, emulator) = with_two_runs(server);
        server.run(&database, sql);
        let said = desk.run(&["history"]);
        says(&said, 1, words);
        let calls = emulator.mutating_calls().len();
        says(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 1, words);
        assert_eq!(emulator.mutating_calls().len(), calls, "{sql}");
    }
}

#[test]
fn one_run_that_is_damaged_hides_no_other() {
    let Some(server) = Server::shared() else { return };
    let (database, desk, emulator) = with_two_runs(server);
    let whole: Value = serde_json::from_str(&desk.run(&["history", "--json"]).out).unwrap();
    let [newer, older] = [0, 1].map(|place| whole["runs"][place]["run_id"].as_str().unwrap().to_owned());
    server.run(&database, &format!("UPDATE rictl.notes SET bytes = 'junk' WHERE folder = 'runs' AND note = '{older}'"));
    let said = desk.run(&["history"]);
    says(&said, 1, &format!("run {older} is damaged"));
    assert!(said.out.contains(&newer) && !said.out.contains(&older), "{}", said.text());
    let said = desk.run(&["history", "--json"]);
    exits(&said, 1);
    let rest: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (rest["runs"].as_array().unwrap().len(), rest["unread"][0]["run_id"].as_str()),
        (1, Some(older.as_str()))
    );
    says(&desk.run(&["history", "a"]), 1, &format!("run {older} is damaged"));
    says(&desk.run(&["show", &older]), 1, &format!("run {older} is damaged"));
    exits(&desk.run(&["show", &newer]), 0);
    // What is not asked for is not opened.
    exits(&desk.run(&["history", "--limit", "1"]), 0);
    exits(&desk.quick(&emulator.url(), &["plan"]), 0);
}
