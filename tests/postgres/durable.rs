//! How often a run waits for a disk: on Postgres at most half as often again as on files, and ten times more.

use std::process::{Command, Stdio};

use super::commands::{exits, machine};
use super::server::Server;
use crate::harness::binary::{Desk, QUICK};
use crate::harness::emulator::Emulator;

const LINKS: usize = 6;

/// Counts, of every transaction that writes to the schema, its number.
const COUNTS: &str = "CREATE TABLE public.writes (number bigint PRIMARY KEY);
CREATE FUNCTION public.counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.writes VALUES (txid_current()) ON CONFLICT DO NOTHING; RETURN NULL; END $$;
CREATE TRIGGER counted AFTER INSERT OR UPDATE OR DELETE ON rictl.states EXECUTE FUNCTION public.counted();
CREATE TRIGGER counted AFTER INSERT OR UPDATE OR DELETE ON rictl.journal EXECUTE FUNCTION public.counted();
CREATE TRIGGER counted AFTER INSERT OR UPDATE OR DELETE ON rictl.notes EXECUTE FUNCTION public.counted();";

fn spec(status: &str) -> String {
    let link = |number| format!("  a{number}: {{ id: ri-{number}, status: {status} }}\n");
    let head = "version: 1\nname: site-a\ncloud: { provider: emulator, region: cn-shanghai }\ninterfaces:\n";
    (0..LINKS).map(link).fold(head.to_owned(), |text, link| text + &link)
}

fn world() -> Emulator {
    let links: Vec<String> = (0..LINKS).map(|number| format!("{{ id: ri-{number} }}")).collect();
    let links = links.join(", ");
    Emulator::serve(&format!(
        "regions: [cn-shanghai]\nsettle: {{ activate: 50ms, deactivate: 50ms }}\ninterfaces: [{links}]\n"
    ))
}

/// Returns how often an apply on files made something durable: files and directories; `None` where nobody can tell.
fn on_files(desk: &Desk, emulator: &Emulator) -> Option<usize> {
    let works = Command::new("strace").args(["-o", "/dev/null", "true"]).status();
    if !works.is_ok_and(|status| status.success()) {
        println!("skipped: strace is not installed here, or may not trace");
        return None;
    }
    let url = emulator.url();
    let rictl = desk.command(&[&["apply", "--auto-approve", "--endpoint", &url][..], &QUICK].concat());
    let trace = desk.path().join("trace");
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "-e", "trace=fdatasync", "-o"])
        .arg(&trace)
        .arg(rictl.get_program())
        .args(rictl.get_args());
    strace.current_dir(desk.path()).env_clear().stdin(Stdio::null());
    strace.envs(rictl.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ended = strace.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let calls = std::fs::read_to_string(trace).unwrap();
    // One that another thread interrupts stands on two lines.
    Some(calls.lines().filter(|line| line.contains("fdatasync(")).count())
}

#[test]
fn a_run_waits_for_the_server_hardly_more_often_than_for_a_disk() {
    let Some(server) = Server::shared() else { return };
    let (database, emulator) = (server.database(), world());
    let shared = machine(&server.url(&database), &spec("Inactive"));
    exits(&shared.run(&["state", "init"]), 0);
    server.run(&database, COUNTS);
    for status in ["Inactive", "Active"] {
        let files = Desk::new(&spec("Inactive")).with_the_usual_key();
        let Some(synced) = on_files(&files, &world()) else { return };
        shared.file("rictl.yaml", &spec(status));
        server.run(&database, "DELETE FROM public.writes");
        exits(&shared.quick(&emulator.url(), &["apply", "--auto-approve"]), 0);
        let written: usize = server.run(&database, "SELECT count(*) FROM public.writes").trim().parse().unwrap();
        println!("{status}: {written} durable writes on Postgres, {synced} fdatasyncs on files");
        assert!(written > LINKS, "what is counted is what is written");
        assert!(written * 2 <= synced * 3 + 20, "{status}: {written} on Postgres, {synced} on files");
    }
}
