//! What a fleet costs: forty specs of six accounts within the documented quota, and a thousand states in one statement.

use std::fmt::Write as _;
use std::time::Instant;

use super::exits;
use crate::harness::binary::Desk;
use crate::harness::emulator::Emulator;

const SPECS: usize = 40;
const ACCOUNTS: usize = 6;
/// Links of a spec.
const LINKS: usize = 25;

fn account(number: usize) -> String {
    format!("{}", 1_111_000_000_000_000 + number)
}

/// The specs of an account, as whoever checks it has them beside each other.
fn of_account(number: usize) -> impl Iterator<Item = usize> {
    (0..SPECS).filter(move |spec| spec % ACCOUNTS == number)
}

fn world() -> String {
    let mut text = "regions: [cn-shanghai, cn-beijing]\naccounts:\n".to_owned();
    (0..ACCOUNTS).for_each(|number| writeln!(text, "  - {{ id: \"{}\" }}", account(number)).unwrap());
    text.push_str("interfaces:\n");
    for spec in 0..SPECS {
        for link in 0..LINKS {
            let (region, account) = (["cn-shanghai", "cn-beijing"][link % 2], account(spec % ACCOUNTS));
            writeln!(text, "  - {{ id: ri-{spec:02}-{link:02}, region: {region}, account: \"{account}\" }}").unwrap();
        }
    }
    text
}

fn desk(emulator: &Emulator, number: usize) -> Desk {
    let desk = Desk::new("").with_the_usual_key().variable("RICTL_ENDPOINT", &emulator.url());
    // The first account has the usual key, the others each their own.
    let desk = match number {
        0 => desk,
        _ => desk.variable("ALIBABA_CLOUD_ACCESS_KEY_ID", &format!("emulator-{}", account(number))),
    };
    for spec in of_account(number) {
        let mut text = format!(
            "version: 1\nname: site-{spec:02}\nstate: {{ path: state/site-{spec:02}.json }}\ncloud: {{ region: cn-shanghai, account_id: \"{}\" }}\ngroups: {{ idc: {{ min_active: 1 }} }}\ninterfaces:\n",
            account(number)
        );
        for link in 0..LINKS {
            let region = ["cn-shanghai", "cn-beijing"][link % 2];
            writeln!(
                text,
                "  i{link:02}: {{ id: ri-{spec:02}-{link:02}, region: {region}, status: Active, group: idc }}"
            )
            .unwrap();
        }
        desk.file(&format!("site-{spec:02}.yaml"), &text);
    }
    desk
}

/// Every account is checked by a job of its own, all at once: each reads its regions once for all of its specs, none is throttled.
#[test]
fn forty_specs_of_six_accounts_are_checked_within_the_quota() {
    let emulator = Emulator::serve(&world());
    let desks: Vec<Desk> = (0..ACCOUNTS).map(|number| desk(&emulator, number)).collect();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for (number, desk) in desks.iter().enumerate() {
            let specs: Vec<String> =
                of_account(number).flat_map(|spec| ["-f".to_owned(), format!("site-{spec:02}.yaml")]).collect();
            scope.spawn(move || {
                let words: Vec<&str> = specs.iter().map(String::as_str).chain(["drift", "--record"]).collect();
                exits(&desk.run(&words), 0);
            });
        }
    });
    let (took, calls) = (begun.elapsed(), emulator.calls());
    assert!(calls.iter().all(|call| call.code.is_none()), "none is throttled");
    let mut most = 0;
    for number in 0..ACCOUNTS {
        for region in ["cn-shanghai", "cn-beijing"] {
            let of = |call: &&crate::harness::emulator::Call| {
                call.account.as_deref() == Some(&*account(number)) && call.region.as_deref() == Some(region)
            };
            let reads = calls.iter().filter(of).filter(|call| call.action == "DescribeRouterInterfaces").count();
            let interfaces: usize = of_account(number).count() * if region == "cn-shanghai" { 13 } else { 12 };
            assert!((1..=interfaces.div_ceil(50)).contains(&reads), "{reads} reads of {interfaces} in {region}");
            most = most.max(calls.iter().filter(of).count());
        }
    }
    assert!(most * 10 < 300, "a tenth of the quota of a minute: {most}");
    let rows: usize = desks.iter().map(|desk| super::states(desk, &["--state", "state"], 0).len()).sum();
    assert_eq!(rows, SPECS);
    println!(
        "{SPECS} specs, {ACCOUNTS} accounts: {} calls, at most {most} of an account and region, {took:.1?}",
        calls.len()
    );
}

#[cfg(feature = "postgres")]
mod in_a_postgres {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::Value;

    use super::*;
    use crate::fleet::{WORLD, spec};
    use crate::postgres::Server;

    const STATES: usize = 1000;

    /// Passes on what a client says to a server, and counts its statements.
    fn counting(server: u16) -> (u16, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, count) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&count);
        std::thread::spawn(move || {
            let (client, _) = listener.accept().unwrap();
            let there = TcpStream::connect(("127.0.0.1", server)).unwrap();
            let (mut back, mut to) = (there.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut back, &mut to));
            pass(client, there, &counted);
        });
        (port, count)
    }

    fn pass(mut client: TcpStream, mut server: TcpStream, count: &AtomicUsize) {
        let mut is_startup = true;
        loop {
            let mut head = vec![0; if is_startup { 4 } else { 5 }];
            if client.read_exact(&mut head).is_err() {
                return;
            }
            // A statement is parsed; one without parameters may come as a simple query.
            if !is_startup && matches!(head[0], b'P' | b'Q') {
                count.fetch_add(1, Ordering::Relaxed);
            }
            let length = u32::from_be_bytes(head[head.len() - 4..].try_into().unwrap()) as usize - 4;
            let mut body = vec![0; length];
            client.read_exact(&mut body).unwrap();
            server.write_all(&head).unwrap();
            server.write_all(&body).unwrap();
            is_startup = false;
        }
    }

    /// Whoever is told of a check, where nothing is news that costs nothing more; what is news is read once and written once a channel,
    /// by a connection that has asked the server whether it keeps what it says it kept.
    #[test]
    fn the_memory_of_alerts_is_read_once_whoever_is_told() {
        let Some(server) = Server::shared() else { return };
        let (emulator, database) = (Emulator::serve(WORLD), server.database());
        let (text, url) = (spec("site-a", ["ri-a", "ri-b"]), server.url(&database));
        let desk = Desk::new(&text).with_the_usual_key().variable("RICTL_STATE", &url);
        exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
        let statements = |flags: &[&str], code| {
            let (port, count) = counting(server.port);
            let through = format!("postgres://rictl@127.0.0.1:{port}/{database}");
            let words = [&["drift", "--record", "--state", &through], flags].concat();
            exits(&desk.quick(&emulator.url(), &words), code);
            count.load(Ordering::Relaxed)
        };
        let plain = statements(&[], 0);
        assert_eq!(statements(&["--quiet", "--notify-command", "cat"], 0), plain);
        let moved = text.replacen("status: Active", "status: Inactive", 1);
        let console = Desk::new(&moved).with_the_usual_key();
        exits(&console.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
        assert_eq!(statements(&["--quiet", "--notify-command", "cat"], 2), plain + 2 * 3);
    }

    #[test]
    fn a_thousand_states_are_one_statement() {
        let Some(server) = Server::shared() else { return };
        let database = server.database();
        let (emulator, url) = (Emulator::serve(WORLD), server.url(&database));
        let text = spec("site-0000", ["ri-a", "ri-b"]);
        let desk = Desk::new(&text).with_the_usual_key().variable("RICTL_STATE", &url);
        exits(&desk.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
        exits(&desk.quick(&emulator.url(), &["drift", "--record"]), 0);
        // A history of fifty runs each: what is archived must not be read.
        let others = format!("generate_series(1, {}) AS n", STATES - 1);
        for statement in [
            format!("INSERT INTO rictl.states SELECT 'site-' || lpad(n::text, 4, '0'), epoch, pulse, holder, last_holder, ttl_ms, renewed, changed, before_holder, before_forced, before_end, generation, position, serial, state FROM rictl.states, {others}"),
            format!("INSERT INTO rictl.journal SELECT 'site-' || lpad(n::text, 4, '0'), generation, position, written, bytes FROM rictl.journal, {others}"),
            format!("INSERT INTO rictl.notes SELECT 'site-' || lpad(n::text, 4, '0'), folder, note, written, bytes FROM rictl.notes, {others} WHERE folder = 'findings'"),
            "INSERT INTO rictl.notes SELECT name, 'runs', '2026-' || m, clock_timestamp(), convert_to(repeat('x', 2000), 'UTF8') FROM rictl.states, generate_series(1, 50) AS m".to_owned(),
            "ANALYZE rictl.states, rictl.journal, rictl.notes".to_owned(),
        ] {
            server.run(&database, &statement);
        }
        let (port, count) = counting(server.port);
        let through = format!("postgres://rictl@127.0.0.1:{port}/{database}");
        let begun = Instant::now();
        let ran = desk.run(&["fleet", "--json", "--state", &through]);
        let took = begun.elapsed();
        exits(&ran, 0);
        let document: Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(document["states"].as_array().unwrap().len(), STATES);
        assert_eq!(count.load(Ordering::Relaxed), 1, "one statement, whatever there is");
        println!("{STATES} states of 50 runs each: 1 statement, {took:.1?}, {} KiB of JSON", ran.out.len() / 1024);
    }
}
