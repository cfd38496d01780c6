//! States in a real Postgres: the contract, lost answers, races, fences, restarts, and servers that must not be used.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod commands;
mod damage;
mod durable;
mod encrypted;
mod lossy;
mod pooler;
mod prompt;
mod server;
mod takeovers;
mod unclaimed;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::{env, thread};

use futures_util::future::join_all;
use rictl::history::{close_runs, open, read};
use rictl::store::postgres::{Address, Login, Postgres};
use rictl::store::remote::{Lapse, Remote, StateName};
use rictl::store::shared::{Shared, Terms};
use rictl::store::{Medium as _, Store as _, StoreError};

use crate::store::arrange::{drain, new_state};
use crate::store::local::holder;
use crate::store::remotes::{self, LONG, Place, state_name, taken, terms};

use lossy::Lossy;
pub(crate) use server::Server;

/// A database.
#[derive(Clone, Debug)]
struct Database(String);

impl Database {
    fn new(server: &Server) -> Self {
        Self(server.url(&server.database()))
    }

    fn shared(&self, name: &str, terms: Terms) -> Shared {
        Shared::on_a_thread(self.remote(&state_name(name)), terms).unwrap()
    }
}

impl Place for Database {
    type Remote = Postgres;
    fn remote(&self, name: &StateName) -> Postgres {
        Postgres::new(Address::parse(&self.0).unwrap(), Login::default(), name.clone())
    }
}

fn lease_of(millis: u64) -> Terms {
    Terms { ttl: Duration::from_millis(millis), rescue: Vec::new() }
}

#[tokio::test]
async fn a_postgres_keeps_the_contract_of_remotes_and_of_media() {
    let Some(server) = Server::shared() else { return };
    let database = Database::new(server);
    remotes::keeps_the_contract(&database, "remote").await;
    remotes::is_a_medium(&database, "medium", true).await;
}

#[test]
fn of_two_hundred_appends_with_a_third_of_the_answers_lost_each_line_is_there_once() {
    let Some(server) = Server::shared() else { return };
    let name = server.database();
    let lossy = Lossy::before(server.port, 30);
    let through = Database(format!("postgres://rictl@127.0.0.1:{}/{name}", lossy.port));
    let mut medium = through.shared("site", terms());
    // A read whose answer is lost is told, and whoever runs it again gets on.
    let who = holder("ann");
    while let Err(error) = medium.claim(&who) {
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    }
    let mut position = 0;
    for number in 0..200 {
        let line = format!("line {number}\n");
        medium.append(position, line.as_bytes()).unwrap();
        position += line.len() as u64;
    }
    assert!(lossy.lost.load(Ordering::Relaxed) > 40, "{lossy:?}");
    let expected: String = (0..200).map(|number| format!("line {number}\n")).collect();
    let straight = Database(server.url(&name));
    assert_eq!(straight.shared("site", terms()).journal().unwrap().unwrap(), expected.into_bytes());
}

#[tokio::test]
async fn of_eight_who_claim_at_once_one_wins_fifty_times() {
    let Some(server) = Server::shared() else { return };
    let database = Database::new(server);
    for round in 0..50 {
        let name = state_name(&format!("race-{round}"));
        let mut all: Vec<Postgres> = (0..8).map(|_| database.remote(&name)).collect();
        let tips = join_all(all.iter_mut().map(Remote::tip)).await;
        let claims = all.iter_mut().zip(&tips).enumerate().map(|(number, (remote, tip))| async move {
            let who = holder(&format!("w{number}"));
            remote.claim(tip.as_ref().unwrap(), &who, LONG).await.unwrap()
        });
        let won: Vec<u64> = join_all(claims).await.into_iter().flatten().map(|claimed| claimed.epoch).collect();
        assert_eq!(won, [1], "round {round}");
    }
}

#[test]
fn a_living_holder_whose_claim_is_ended_by_force_writes_no_more() {
    let Some(server) = Server::shared() else { return };
    let database = Database::new(server);
    let mut ann = database.shared("site", terms());
    ann.claim(&holder("ann")).unwrap();
    ann.append(0, b"one\n").unwrap();
    let lease = rictl::store::Medium::lease(&ann).unwrap();
    let id = ann.tip().unwrap().held.unwrap().holder.id;
    let anybody = database.shared("site", terms());
    assert_eq!(anybody.free(&id).unwrap().who, "ann");
    let fenced = ann.append(4, b"two\n").unwrap_err();
    assert!(matches!(&fenced, StoreError::Fenced { epoch: 2, .. }), "{fenced}");
    assert_eq!(lease.left(), Duration::ZERO);
    assert_eq!(anybody.journal().unwrap().unwrap(), b"one\n");
}

#[test]
fn a_server_that_is_restarted_in_mid_run_loses_nothing_and_repeats_nothing() {
    let Some(mut server) = Server::start() else { return };
    let database = Database(server.url(&server.database()));
    let (mut store, _) = open(database.shared("site", terms()), &holder("ann")).unwrap();
    let entries = drain(1, 0, "sh-primary");
    store.append(&entries[..2]).unwrap();
    server.tell("stop");
    let back = thread::spawn(move || {
        server.tell("start");
        server
    });
    // Sent while nobody is there, it waits.
    for entry in &entries[2..] {
        store.append(std::slice::from_ref(entry)).unwrap();
    }
    let mut state = new_state();
    assert_eq!(close_runs(&mut store, &mut state, &[]).unwrap(), None);
    drop(store);
    let recorded = read(&database.shared("site", terms())).unwrap();
    assert_eq!(recorded.state, Some(state));
    assert!(recorded.running.is_none() && recorded.notes.is_empty(), "{recorded:?}");

    // As a replica it only reads: `plan` goes on, a claim is refused, and so is whoever was at work.
    let mut server = back.join().unwrap();
    let mut at_work = database.shared("site", terms());
    at_work.claim(&holder("bob")).unwrap();
    server.tell("stop");
    server.tell("standby");
    server.tell("start");
    let length = at_work.journal().unwrap().unwrap().len() as u64;
    let refused = at_work.append(length, b"two\n").unwrap_err();
    assert!(matches!(&refused, StoreError::Unsuitable { why, .. } if why.english().contains("replica")), "{refused}");
    assert!(read(&database.shared("site", terms())).unwrap().state.is_some());
    let refused = database.shared("other", terms()).claim(&holder("ann")).unwrap_err();
    assert!(matches!(&refused, StoreError::Unsuitable { why, .. } if why.english().contains("replica")), "{refused}");
}

#[test]
fn a_server_that_may_forget_or_only_reads_is_refused() {
    let Some(server) = Server::shared() else { return };
    for (setting, why) in [
        ("synchronous_commit = off", "synchronous_commit is off"),
        ("default_transaction_read_only = on", "it is read-only"),
    ] {
        let name = server.database();
        server.run("postgres", &format!("ALTER DATABASE {name} SET {setting}"));
        let mut medium = Database(server.url(&name)).shared("site", terms());
        assert_eq!(medium.journal().unwrap(), None, "reading is fine");
        let refused = medium.claim(&holder("ann")).unwrap_err();
        assert!(
            matches!(&refused, StoreError::Unsuitable { why: said, .. } if said.english().starts_with(why)),
            "{refused}"
        );
        assert_eq!(server.run(&name, "SELECT to_regclass('rictl.states') IS NULL"), "t\n", "nothing was made");
    }
}

#[test]
fn a_newer_schema_is_refused_by_whoever_reads_and_writes() {
    let Some(server) = Server::shared() else { return };
    let name = server.database();
    let database = Database(server.url(&name));
    drop(open(database.shared("site", terms()), &holder("ann")).unwrap());
    server.run(&name, "UPDATE rictl.format SET version = 7");
    let newer = |error: StoreError| matches!(error, StoreError::Newer { found: 7, supported: 1, .. });
    assert!(newer(database.shared("site", terms()).journal().unwrap_err()));
    assert!(newer(database.shared("site", terms()).claim(&holder("ann")).unwrap_err()));
}

#[test]
fn a_reader_needs_to_see_the_tables_and_nothing_else() {
    let Some(server) = Server::shared() else { return };
    let name = server.database();
    let database = Database(server.url(&name));
    let (mut store, _) = open(database.shared("site", terms()), &holder("ann")).unwrap();
    store.append(&drain(1, 0, "sh-primary")).unwrap();
    let role = format!("reader_{name}");
    server.run(&name, &format!("CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA rictl TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA rictl TO {role}"));
    let reader = Database(server.url(&name).replace("rictl@", &format!("{role}@")));
    let recorded = read(&reader.shared("site", terms())).unwrap();
    assert_eq!(recorded.running.unwrap().who, "ann");
    assert_eq!(recorded.journal.replay(), store.replay());
    drop(store);
    let refused = reader.shared("site", terms()).claim(&holder("bob")).unwrap_err();
    assert!(
        matches!(&refused, StoreError::Unsuitable { why, .. } if why.english().contains("permission denied")),
        "{refused}"
    );
}

#[test]
fn a_journal_with_a_hole_is_damaged_and_not_repaired() {
    let Some(server) = Server::shared() else { return };
    let name = server.database();
    let database = Database(server.url(&name));
    let (mut store, _) = open(database.shared("site", terms()), &holder("ann")).unwrap();
    drain(1, 0, "sh-primary").iter().for_each(|entry| store.append(std::slice::from_ref(entry)).unwrap());
    drop(store);
    server.run(&name, "DELETE FROM rictl.journal WHERE position = (SELECT max(position) FROM rictl.journal)");
    let damaged = database.shared("site", terms()).journal().unwrap_err();
    assert!(matches!(&damaged, StoreError::Damaged { detail, .. } if detail.english().contains("bytes")), "{damaged}");
}

#[test]
fn a_store_that_was_restored_is_noticed_by_whoever_is_at_work() {
    let Some(server) = Server::shared() else { return };
    let name = server.database();
    let mut medium = Database(server.url(&name)).shared("site", terms());
    medium.claim(&holder("ann")).unwrap();
    medium.append(0, b"one\n").unwrap();
    server.run(&name, "CREATE TABLE copy AS TABLE rictl.states");
    medium.append(4, b"two\n").unwrap();
    server.run(
        &name,
        "DELETE FROM rictl.journal WHERE position = 4; UPDATE rictl.states s SET position = c.position FROM copy c",
    );
    let back = medium.append(8, b"three\n").unwrap_err();
    assert!(
        matches!(&back, StoreError::Unsuitable { why, .. } if why.english().starts_with("it is older than")),
        "{back}"
    );
}

const ROLE: &str = "RICTL_TEST_POSTGRES";

/// The body of a child that holds a claim and appends on each line that it is given; without a role it is a test that passes.
#[test]
fn appends_as_it_is_told() {
    let Ok(url) = env::var(ROLE) else { return };
    let mut medium = Database(url).shared("site", lease_of(200));
    medium.claim(&holder("child")).unwrap();
    println!("\nheld");
    let (mut position, mut line) = (0, String::new());
    while std::io::stdin().read_line(&mut line).unwrap() > 0 {
        match medium.append(position, line.as_bytes()) {
            Ok(()) => println!("kept"),
            Err(StoreError::Fenced { epoch, .. }) => println!("fenced {epoch}"),
            Err(error) => println!("{error}"),
        }
        position += line.len() as u64;
        line.clear();
    }
}

#[test]
fn a_process_that_stood_still_past_its_lease_writes_nothing_more() {
    let Some(server) = Server::shared() else { return };
    let database = Database::new(server);
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["postgres::appends_as_it_is_told", "--exact", "--nocapture"])
        .env(ROLE, &database.0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut input, said) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let mut lines = said.lines().map_while(Result::ok);
    assert!(lines.any(|line| line.ends_with("held")));
    writeln!(input, "one").unwrap();
    assert_eq!(lines.next().unwrap(), "kept");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let mut medium = database.shared("site", terms());
    while matches!(medium.tip().unwrap().held.unwrap().lease, Lapse::Left(_)) {
        thread::yield_now();
    }
    let note = medium.claim(&holder("ann")).unwrap().unwrap();
    assert!(note.english().contains("child on "), "{note}");
    writeln!(input, "two").unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    assert_eq!(lines.next().unwrap(), "fenced 2");
    writeln!(input, "three").unwrap();
    assert_eq!(lines.next().unwrap(), "fenced 2");
    drop(input);
    child.wait().unwrap();
    assert_eq!(medium.journal().unwrap().unwrap(), b"one\n");
    medium.append(4, b"ann's\n").unwrap();
}

#[test]
fn a_holder_that_only_waits_keeps_its_state_by_beats() {
    let Some(server) = Server::shared() else { return };
    let database = Database::new(server);
    let mut medium = database.shared("site", lease_of(300));
    medium.claim(&holder("ann")).unwrap();
    let watching = database.shared("site", terms());
    let before = watching.tip().unwrap().pulse;
    // Six beats and more than a lease, while nothing is asked of the medium.
    while watching.tip().unwrap().pulse < before + 6 {
        thread::yield_now();
    }
    assert!(rictl::store::Medium::lease(&medium).unwrap().left() > Duration::ZERO);
    medium.append(0, b"one\n").unwrap();
}

#[tokio::test]
async fn the_schema_that_a_dba_makes_is_enough() {
    let Some(server) = Server::shared() else { return };
    let name = server.database();
    let role = format!("writer_{name}");
    server.run(&name, rictl::store::postgres::SCHEMA);
    server.run(&name, &format!("CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA rictl TO {role}; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA rictl TO {role}"));
    let database = Database(server.url(&name).replace("rictl@", &format!("{role}@")));
    let mut remote = database.remote(&state_name("site"));
    taken(&mut remote, "ann", LONG).await;
    remote.append(0, b"one\n").await.unwrap();
}
