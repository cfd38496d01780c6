//! A Postgres: the whole fleet in one statement.

use serde_json::{Value, json};

use super::{WORLD, at_the_console, exits, has_all_keys, names, says, spec, states};
use crate::harness::binary::Desk;
use crate::harness::emulator::Emulator;
use crate::postgres::Server;

const HOLDER: &str = r#"{"id":"0b5f","who":"ann","host":"elsewhere","pid":1,"process_start":null,"boot_id":"x","operation":"apply","run_id":null,"since":"2026-01-01T00:00:00Z"}"#;

fn machine(url: &str, name: &str, ids: [&str; 2]) -> Desk {
    Desk::new(&spec(name, ids)).with_the_usual_key().variable("RICTL_STATE", url)
}

#[test]
fn every_state_of_a_server_is_on_one_page_also_what_nobody_has_applied() {
    let Some(server) = Server::shared() else { return };
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&server.database()));
    let (a, b) = (machine(&url, "site-a", ["ri-a", "ri-b"]), machine(&url, "net/site-b", ["ri-c", "ri-d"]));
    says(&a.run(&["fleet"]), 0, "There is no state here");
    let named = states(&a, &["-f", "rictl.yaml"], 2);
    assert_eq!((names(&named), &named[0]["checked_at"]), (vec!["site-a"], &Value::Null), "it is named, and not known");
    exits(&a.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    exits(&b.quick(&emulator.url(), &["drift", "--record"]), 0);
    let found = states(&a, &[], 2);
    assert_eq!(names(&found), ["net/site-b", "site-a"]);
    found.iter().for_each(has_all_keys);
    assert_eq!((&found[0]["stale"], &found[1]["stale"]), (&json!(false), &json!(true)));
    assert_eq!(found[1]["target"]["provider"], "emulator", "its state tells, checked or not");
    exits(&a.quick(&emulator.url(), &["drift", "--record"]), 0);
    assert_eq!(names(&states(&b, &[], 0)), ["net/site-b", "site-a"]);
    at_the_console(&emulator, "ri-a", "Inactive");
    at_the_console(&emulator, "ri-b", "Inactive");
    exits(&a.quick(&emulator.url(), &["drift", "--record"]), 2);
    let found = states(&b, &["group:idc-ri-b"], 2);
    assert_eq!((&found[0]["drifted"], &found[0]["below_floor"]), (&json!(true), &json!(["idc-ri-b"])));
}

#[test]
fn a_check_is_recorded_while_somebody_else_holds_the_state_and_fences_nobody() {
    let Some(server) = Server::shared() else { return };
    let database = server.database();
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&database));
    let desk = machine(&url, "site-a", ["ri-a", "ri-b"]);
    exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    server.run(&database, &format!("UPDATE rictl.states SET epoch = epoch + 1, ttl_ms = 600000, renewed = clock_timestamp(), holder = '{HOLDER}'"));
    let claim = "SELECT epoch, pulse, holder, position, generation FROM rictl.states";
    let before = server.run(&database, claim);
    exits(&desk.quick(&emulator.url(), &["drift", "--record"]), 0);
    assert_eq!(server.run(&database, claim), before);
    let found = states(&desk, &[], 0);
    assert_eq!(found[0]["holder"], json!({"who": "ann", "host": "elsewhere"}));
    // A lease that is over holds nothing.
    server.run(&database, "UPDATE rictl.states SET renewed = clock_timestamp() - interval '2 hours'");
    assert_eq!(states(&desk, &[], 0)[0]["holder"], Value::Null);
    let rows = "SELECT count(*) FROM rictl.notes WHERE folder = 'findings' AND note = 'check'";
    exits(&desk.quick(&emulator.url(), &["drift", "--record"]), 0);
    assert_eq!(server.run(&database, rows).trim(), "1", "one row a state");
}

#[test]
fn two_recorders_at_once_leave_one_whole_row() {
    let Some(server) = Server::shared() else { return };
    let database = server.database();
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&database));
    let desks: Vec<Desk> = (0..4).map(|_| machine(&url, "site-a", ["ri-a", "ri-b"])).collect();
    std::thread::scope(|scope| {
        let records = |desk: &Desk| exits(&desk.quick(&emulator.url(), &["drift", "--record"]), 0);
        desks.iter().for_each(|desk| drop(scope.spawn(move || records(desk))));
    });
    assert_eq!(states(&desks[0], &[], 0).len(), 1);
    assert_eq!(server.run(&database, "SELECT count(*) FROM rictl.notes").trim(), "1");
}

#[test]
fn a_state_that_is_damaged_is_a_row_and_what_is_old_by_the_servers_clock_is_stale() {
    let Some(server) = Server::shared() else { return };
    let database = server.database();
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&database));
    let (a, b) = (machine(&url, "site-a", ["ri-a", "ri-b"]), machine(&url, "site-b", ["ri-c", "ri-d"]));
    for desk in [&a, &b] {
        exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
        exits(&desk.quick(&emulator.url(), &["drift", "--record"]), 0);
    }
    server.run(
        &database,
        "UPDATE rictl.notes SET written = written - interval '25 hours' WHERE name = 'site-a' AND folder = 'findings'",
    );
    let found = states(&a, &[], 2);
    assert_eq!(
        (&found[0]["stale"], &found[1]["stale"]),
        (&json!(true), &json!(false)),
        "whatever a recorder's clock said"
    );
    server.run(&database, "UPDATE rictl.states SET position = position + 1 WHERE name = 'site-b'");
    let found = states(&a, &[], 1);
    assert!(found[1]["error"].as_str().unwrap().contains("bytes, and"), "{}", found[1]);
    assert_eq!(found[0]["error"], Value::Null);
    assert_eq!(found[1]["groups"][0]["up"], 2, "its finding is shown all the same");
    server.run(&database, "UPDATE rictl.states SET position = position - 1 WHERE name = 'site-b'");
    server.run(&database, "UPDATE rictl.notes SET bytes = 'x' WHERE name = 'site-b' AND folder = 'findings'");
    assert!(states(&a, &[], 1)[1]["error"].as_str().unwrap().contains("its finding cannot be read"));
    server.run(&database, "UPDATE rictl.format SET version = 7");
    says(&a.run(&["fleet"]), 1, "format version 7");
}

#[test]
fn a_part_that_is_lost_is_no_state_that_never_was() {
    let Some(server) = Server::shared() else { return };
    let database = server.database();
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&database));
    let (a, b) = (machine(&url, "site-a", ["ri-a", "ri-b"]), machine(&url, "site-b", ["ri-c", "ri-d"]));
    for desk in [&a, &b] {
        exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
        exits(&desk.quick(&emulator.url(), &["drift", "--record"]), 0);
    }
    server.run(&database, "DELETE FROM rictl.states WHERE name = 'site-b'");
    server.run(&database, "INSERT INTO rictl.notes VALUES ('site-c', 'approvals', 'x', now(), 'x')");
    let found = states(&a, &[], 1);
    assert_eq!(names(&found), ["site-a", "site-b", "site-c"]);
    assert!(found[1]["error"].as_str().unwrap().contains("is damaged: its row is missing"), "{}", found[1]);
    assert_eq!((&found[1]["groups"][0]["up"], &found[1]["drifted"]), (&json!(2), &json!(false)));
    assert!(found[2]["error"].is_string() && found[2]["stale"] == true, "an approval is enough: {}", found[2]);
    server.run(&database, "DELETE FROM rictl.format");
    at_the_console(&emulator, "ri-a", "Inactive");
    for words in [&["fleet"][..], &["plan"], &["history"], &["apply", "--auto-approve"]] {
        says(&a.quick(&emulator.url(), words), 1, "is damaged: its table format is empty");
    }
    assert_eq!(server.run(&database, "SELECT count(holder) FROM rictl.states").trim(), "0", "no claim is left");
    server.run(&database, "DELETE FROM rictl.states; DELETE FROM rictl.journal; DELETE FROM rictl.notes");
    says(&a.run(&["fleet"]), 1, "is damaged: its table format is empty");
}

#[test]
fn many_specs_of_one_command_take_few_connections() {
    const SPECS: usize = 30;
    let Some(server) = Server::shared() else { return };
    let database = server.database();
    let ids: Vec<String> = (0..SPECS).map(|number| format!("{{ id: ri-{number} }}")).collect();
    let emulator = Emulator::serve(&format!("regions: [cn-shanghai]\ninterfaces: [{}]\n", ids.join(", ")));
    let role = format!("few_{database}");
    server.run(
        &database,
        &format!("CREATE ROLE {role} LOGIN CONNECTION LIMIT 20; GRANT CREATE ON DATABASE {database} TO {role}"),
    );
    let desk = machine(&server.url(&database).replace("rictl@", &format!("{role}@")), "x", ["ri-0", "ri-1"]);
    let mut words = Vec::new();
    for number in 0..SPECS {
        let file = format!("site-{number}.yaml");
        let text = "version: 1\nname: NAME\ncloud: { provider: emulator, region: cn-shanghai }\ninterfaces: { a: { id: ID, status: Active } }\n";
        desk.file(&file, &text.replace("NAME", &format!("site-{number}")).replace("ID", &format!("ri-{number}")));
        words.extend(["-f".to_owned(), file]);
    }
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.extend(["drift", "--record"]);
    exits(&desk.quick(&emulator.url(), &words), 0);
    assert_eq!(states(&desk, &[], 0).len(), SPECS);
}

#[test]
fn a_state_that_moved_away_is_on_the_page_of_where_it_is() {
    let Some(server) = Server::shared() else { return };
    let (emulator, here, there) =
        (Emulator::serve(WORLD), server.url(&server.database()), server.url(&server.database()));
    let desk = machine(&here, "site-a", ["ri-a", "ri-b"]);
    exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    exits(&desk.run(&["state", "move", &there]), 0);
    assert_eq!(names(&states(&desk, &[], 0)), Vec::<&str>::new());
    assert_eq!(names(&states(&desk, &["--state", &there], 2)), ["site-a"]);
    says(&desk.run(&["-f", "rictl.yaml", "fleet"]), 1, "was moved to");
}

#[test]
fn another_spec_does_not_write_over_a_row() {
    let Some(server) = Server::shared() else { return };
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&server.database()));
    let named = |name: &str| format!("name: {name}\nstate: {{ name: site-a }}");
    let text = |name: &str| spec("site-a", ["ri-a", "ri-b"]).replace("name: site-a", &named(name));
    let desk = |name: &str| Desk::new(&text(name)).with_the_usual_key().variable("RICTL_STATE", &url);
    exits(&desk("one").quick(&emulator.url(), &["drift", "--record"]), 0);
    says(&desk("other").quick(&emulator.url(), &["drift", "--record"]), 4, "is the state of one");
    exits(&desk("other").quick(&emulator.url(), &["drift", "--record", "--adopt"]), 0);
}

#[test]
fn what_was_told_lies_in_the_row_and_only_where_that_is_recorded() {
    let Some(server) = Server::shared() else { return };
    let database = server.database();
    let (emulator, url) = (Emulator::serve(WORLD), server.url(&database));
    let timer = machine(&url, "site-a", ["ri-a", "ri-b"]);
    exits(&timer.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    says(&timer.quick(&emulator.url(), &["drift", "--quiet"]), 1, "add --record");
    let moved = spec("site-a", ["ri-a", "ri-b"]).replacen("status: Active", "status: Inactive", 1);
    let console = Desk::new(&moved).with_the_usual_key();
    exits(&console.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
    // Told once, and what was found stays recorded beside it.
    let first = timer.quick(&emulator.url(), &["drift", "--quiet", "--record"]);
    assert!(first.code == 2 && first.out.contains("drifted"), "{first:?}");
    let second = timer.quick(&emulator.url(), &["drift", "--quiet", "--record"]);
    assert!(second.code == 2 && second.out.is_empty(), "{second:?}");
    assert_eq!(server.run(&database, "SELECT count(*) FROM rictl.notes WHERE folder = 'findings'").trim(), "1");
    assert_eq!(states(&timer, &[], 2)[0]["drifted"], json!(true));
}
