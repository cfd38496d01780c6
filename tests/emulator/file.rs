//! A world beside its file: what survives, who shares it, what is refused.

use std::path::{Path, PathBuf};

use rictl::emulator::{Answer, Fault, Host, HostError, log_path, reset};
use rictl::resource::RouterInterfaceId;

use super::support::{PAIR, after, deactivate, epoch, list};

struct Place {
    _directory: tempfile::TempDir,
    file: PathBuf,
}

fn place(text: &str) -> Place {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("world.yaml");
    std::fs::write(&file, text).unwrap();
    Place { _directory: directory, file }
}

fn drain(host: &mut Host, seconds: i64, id: &str) -> bool {
    let visited = host.visit(after(seconds), |world| {
        let reply = deactivate(world, after(seconds), id);
        (reply.answer == Answer::Accepted, reply.events)
    });
    visited.unwrap()
}

fn status(host: &mut Host, seconds: i64, id: &str) -> String {
    let id = RouterInterfaceId::from(id);
    let found =
        host.visit(after(seconds), |world| (world.status(&id, after(seconds)).map(ToString::to_string), vec![]));
    found.unwrap().unwrap_or_default()
}

fn log_lines(file: &Path) -> usize {
    std::fs::read_to_string(log_path(file)).unwrap().lines().count()
}

#[test]
fn a_pending_transition_survives_and_the_world_file_is_not_touched() {
    let place = place(PAIR);
    assert!(drain(&mut Host::open(&place.file, epoch()).unwrap(), 10, "ri-a"));
    let mut again = Host::open(&place.file, after(11)).unwrap();
    assert_eq!(status(&mut again, 11, "ri-a"), "Deactivating");
    assert_eq!(status(&mut again, 12, "ri-a"), "Inactive");
    assert_eq!(std::fs::read_to_string(&place.file).unwrap(), PAIR);
    assert_eq!(log_lines(&place.file), 2, "a header and one event");
}

#[test]
fn reading_leaves_the_log_alone_and_a_refusal_moves_nothing_in_it() {
    let place = place(PAIR);
    let mut host = Host::open(&place.file, epoch()).unwrap();
    host.visit(after(1), |world| (list(world, after(1), &[]).1, vec![])).unwrap();
    assert_eq!(log_lines(&place.file), 1);
    assert!(!drain(&mut host, 1, "ri-none"));
    assert_eq!(log_lines(&place.file), 2, "who was refused is known to whoever asks");
    let mut again = Host::open(&place.file, after(2)).unwrap();
    assert_eq!(status(&mut again, 2, "ri-a"), "Active");
}

#[test]
fn two_openers_see_each_other_at_once() {
    let place = place(PAIR);
    let mut first = Host::open(&place.file, epoch()).unwrap();
    let mut second = Host::open(&place.file, after(5)).unwrap();
    assert!(drain(&mut first, 10, "ri-a"));
    assert!(!drain(&mut second, 11, "ri-a"), "the other one was faster");
    assert_eq!(status(&mut second, 12, "ri-a"), "Inactive");
}

#[test]
fn many_openers_at_once_accept_each_call_once() {
    let ids: Vec<String> = (0..40).map(|number| format!("ri-{number}")).collect();
    let interfaces: Vec<String> = ids.iter().map(|id| format!("{{id: {id}}}")).collect();
    let place = place(&format!("{{regions: [cn-shanghai], interfaces: [{}]}}", interfaces.join(", ")));
    let accepted: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut host = Host::open(&place.file, epoch()).unwrap();
                    ids.iter().filter(|id| drain(&mut host, 1, id)).count()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    let log = std::fs::read_to_string(log_path(&place.file)).unwrap();
    let moved = log.lines().filter(|line| line.contains("Deactivating")).count();
    assert_eq!((accepted, moved), (40, 40));
    assert_eq!(log_lines(&place.file), 1 + 4 * 40, "a header, and who tried what");
}

#[test]
fn an_edited_world_starts_afresh_for_everybody() {
    let place = place(PAIR);
    let mut old = Host::open(&place.file, epoch()).unwrap();
    drain(&mut old, 1, "ri-a");
    std::fs::write(&place.file, PAIR.to_owned() + "  - {id: ri-new, region: cn-shanghai}\n").unwrap();
    assert_eq!(status(&mut old, 5, "ri-a"), "Inactive", "nobody has opened the new one yet");
    let mut new = Host::open(&place.file, after(6)).unwrap();
    assert_eq!(status(&mut new, 6, "ri-a"), "Active");
    assert_eq!(status(&mut old, 7, "ri-new"), "Active", "the running server follows");
}

#[test]
fn a_reset_world_is_as_its_file_says_even_for_a_running_server() {
    let place = place(PAIR);
    let mut host = Host::open(&place.file, epoch()).unwrap();
    drain(&mut host, 1, "ri-a");
    reset(&place.file).unwrap();
    reset(&place.file).unwrap();
    assert_eq!(status(&mut host, 5, "ri-a"), "Active");
    assert!(drain(&mut host, 6, "ri-a"));
}

#[test]
fn a_torn_last_line_is_dropped_and_a_damaged_one_refused() {
    let place = place(PAIR);
    drain(&mut Host::open(&place.file, epoch()).unwrap(), 1, "ri-a");
    let log = log_path(&place.file);
    let whole = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, format!("{whole}{{\"at\":\"20")).unwrap();
    let mut host = Host::open(&place.file, after(5)).unwrap();
    assert_eq!(status(&mut host, 5, "ri-a"), "Inactive");
    assert_eq!(std::fs::read_to_string(&log).unwrap(), whole);

    std::fs::write(&log, format!("{whole}nonsense\n")).unwrap();
    let error = Host::open(&place.file, after(6)).unwrap_err();
    assert!(matches!(error, HostError::Damaged { line: 3, .. }), "{error}");
    assert!(error.to_string().contains("rictl emulator reset"));
    std::fs::write(&log, "nonsense\n").unwrap();
    assert!(matches!(Host::open(&place.file, after(6)), Err(HostError::Damaged { line: 1, .. })));
}

#[test]
fn faults_from_elsewhere_hold_for_their_process_and_what_they_do_for_all() {
    let place = place(PAIR);
    let mut host = Host::open(&place.file, epoch()).unwrap();
    let faults =
        "faults: [{fault: {total_count: 9}}, {fault: {console: {interface: ri-a, status: Inactive, at: 30s}}}]";
    host.add_faults(Fault::parse_schedule(faults).unwrap(), after(10)).unwrap();
    let total = |host: &mut Host| host.visit(after(20), |world| (list(world, after(20), &[]).1, vec![])).unwrap();
    assert_eq!(total(&mut host), 9);
    let mut other = Host::open(&place.file, after(20)).unwrap();
    assert_eq!(total(&mut other), 1);
    assert_eq!((status(&mut other, 39, "ri-a"), status(&mut other, 40, "ri-a")), ("Active".into(), "Inactive".into()));
    let unknown = Fault::parse_schedule("faults: [{fault: drop, interface: ri-none}]").unwrap();
    assert!(host.add_faults(unknown, after(41)).is_err());
}

#[test]
fn an_unusable_world_file_is_named_and_keeps_its_log() {
    let place = place(PAIR);
    drain(&mut Host::open(&place.file, epoch()).unwrap(), 1, "ri-a");
    std::fs::write(&place.file, "interfaces: [{id: a}, {id: a}]").unwrap();
    let error = Host::open(&place.file, after(2)).unwrap_err();
    assert!(matches!(&error, HostError::Seed { path, .. } if *path == place.file), "{error}");
    std::fs::write(&place.file, PAIR).unwrap();
    assert_eq!(status(&mut Host::open(&place.file, after(9)).unwrap(), 9, "ri-a"), "Inactive");
    let missing = Host::open(&place.file.with_extension("none"), epoch()).unwrap_err();
    assert!(missing.to_string().starts_with("cannot read "));
}

#[test]
fn json_worlds_are_opened_by_their_name() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("world.json");
    std::fs::write(&file, r#"{"interfaces": [{"id": "ri-a"}], "faults": [{"fault": {"throttled": "2s"}, "nth": 9}]}"#)
        .unwrap();
    assert_eq!(status(&mut Host::open(&file, epoch()).unwrap(), 0, "ri-a"), "Active");
}
