//! What older versions left: read as it is, upgraded once by whoever writes first, and what it costs afterwards.

use std::fmt::Write as _;
use std::fs;

use rictl::history::{Missing, Note, close_runs, find, last, open, past_runs, read, read_files};
use rictl::journal::{Died, Entry, Journal, Outcome};
use rictl::resource::Status;
use rictl::state::{self, RunId};
use rictl::store::Store as _;
use rictl::store::memory::{Asked, Disk, Fault, Memory};

use super::arrange::{at, drain, new_state, open_files};
use super::local::{holder, paths_in};

/// What the release before these formats left when it was killed: two ended runs, and one with an accepted call.
const JOURNAL: &[u8] = include_bytes!("../fixtures/state/killed/rictl.journal.jsonl");
const STATE: &[u8] = include_bytes!("../fixtures/state/killed/rictl.json");

fn killed() -> Disk {
    Disk { journal: JOURNAL.to_vec(), state: Some(STATE.to_vec()), ..Disk::default() }
}

/// The lines of `runs` runs as the first version wrote them, each folded.
fn first_version_runs(runs: u32) -> Vec<u8> {
    let mut lines = String::new();
    let mut number = 0;
    let mut line = |body: &str| {
        number += 1;
        let content = format!("{{\"n\":{number},{body}");
        writeln!(lines, "{content},\"crc\":\"{:08x}\"}}", crc32c::crc32c(content.as_bytes())).unwrap();
    };
    for run in 0..runs {
        line(&format!(
            r#""run_started":{{"format_version":1,"run_id":"{}","at":"2026-11-23T12:00:00Z","operation":"apply","who":"ops","pid":1,"target":{{"provider":"emulator","account_id":"1234567890123456","endpoint":"world w.yaml"}},"lineage":"lineage-1","serial":{run},"digest":"sha256:00","steps":[{{"id":"a/deactivate","interface":"ri-a","region":"cn-shanghai"}}]}}"#,
            id(run)
        ));
        for body in [r#""intent":[0,10]"#, r#""accepted":[0,20,"R"]"#, r#""closed":[0,30,"done","Inactive",null]"#] {
            line(body);
        }
        line(r#""run_ended":[40,0]"#);
        line(&format!(r#""folded":{}"#, run + 1));
    }
    lines.into_bytes()
}

fn id(run: u32) -> RunId {
    RunId(format!("20261123T120000.000Z-{run:06}").into())
}

#[test]
fn reading_takes_older_files_as_they_are_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fs::create_dir(dir.path().join("state")).unwrap();
    fs::write(&paths.journal, JOURNAL).unwrap();
    fs::write(&paths.state, STATE).unwrap();
    let recorded = read_files(&paths).unwrap();
    assert_eq!(recorded.notes, Vec::<Note>::new());
    assert_eq!(recorded.state.unwrap().interfaces.len(), 2);
    assert_eq!(recorded.journal.replay().open_run().unwrap().open_steps().count(), 1);
    assert_eq!((fs::read(&paths.journal).unwrap(), fs::read(&paths.state).unwrap()), (JOURNAL.into(), STATE.into()));
    assert_eq!(fs::read_dir(dir.path().join("state")).unwrap().count(), 2);
}

#[test]
fn the_first_writer_upgrades_and_keeps_what_was_there_beside() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fs::create_dir(dir.path().join("state")).unwrap();
    fs::write(&paths.journal, JOURNAL).unwrap();
    fs::write(&paths.state, STATE).unwrap();
    let before = read_files(&paths).unwrap();
    drop(open_files(paths.clone(), &holder("a")).unwrap());
    let (mut store, recorded) = open_files(paths.clone(), &holder("a")).unwrap();
    let beside = |name: &str| fs::read(dir.path().join("state").join(name)).unwrap();
    assert_eq!((beside("rictl.journal.jsonl.v1"), beside("rictl.json.v1")), (JOURNAL.to_vec(), STATE.to_vec()));
    assert_eq!(state::version(&fs::read(&paths.state).unwrap()), state::FORMAT_VERSION);
    let (mut state, old) = (recorded.state.unwrap(), before.state.unwrap());
    assert_eq!((&state.interfaces, state.serial), (&old.interfaces, old.serial));
    assert_eq!(store.run_ids().unwrap().len(), 3);
    let open_run = before.journal.replay().open_run().unwrap().clone();
    assert_eq!(store.replay().runs(), std::slice::from_ref(&open_run), "the open run goes on in the new journal");

    // It is closed as every dead run is, and joins the others.
    let (step, _) = open_run.open_steps().next().unwrap();
    let (at, resolved_by) = (at(0), RunId("20270101T000000.000Z-1a2b3c".into()));
    let (step, outcome, status) = (step.id.clone(), Outcome::Done, Some(Status::Inactive));
    let died = Entry::Died(Died { at, resolved_by: resolved_by.clone() });
    store.append(&[Entry::Closed { step, at, outcome, status, because: None, uptime: None }, died]).unwrap();
    close_runs(&mut store, &mut state, &[]).unwrap();
    let runs = fs::read_dir(&paths.runs)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().unwrap() == "jsonl");
    assert_eq!(runs.count(), 3);
    assert_eq!(state.serial, 3);
}

/// The release before looks for the version at the top of the state and in the first line of each run, and knows no line
/// but a run's at the top of a journal. It reads up to versions 2 and 1, and writes nothing where it cannot read.
#[test]
fn what_was_upgraded_is_refused_by_the_release_before() {
    let (mut store, recorded) = open(Memory::new(killed()), &holder("a")).unwrap();
    let mut state = recorded.state.unwrap();
    let (step, at) = (store.replay().open_run().unwrap().open_steps().next().unwrap().0.id.clone(), at(99_000));
    let (outcome, status) = (Outcome::Done, Some(Status::Inactive));
    store.append(&[Entry::Closed { step, at, outcome, status, because: None, uptime: None }]).unwrap();
    store.append(&[Entry::Died(Died { at, resolved_by: id(9) })]).unwrap();
    for is_archived in [false, true] {
        let disk = store.disk();
        let object = |line: &[u8]| serde_json::from_slice::<serde_json::Value>(line).unwrap();
        assert!(object(disk.state.as_ref().unwrap())["format_version"].as_u64() > Some(2));
        let first = object(disk.journal.split(|byte| *byte == b'\n').next().unwrap());
        let begins = &first["run_started"];
        assert!(begins.is_null() || begins["format_version"].as_u64() > Some(1), "{is_archived}: {first}");
        close_runs(&mut store, &mut state, &[]).unwrap();
    }
}

/// What a binary left that was killed, with its one past run.
fn killed_with(journal: &[u8], state: &[u8], past_run: &[u8]) -> Disk {
    let runs = [(rictl::journal::decode_run(past_run).unwrap().id().clone(), past_run.to_vec())];
    Disk { journal: journal.to_vec(), state: Some(state.to_vec()), runs: runs.into_iter().collect(), ..Disk::default() }
}

fn killed_in_version_2() -> Disk {
    killed_with(
        include_bytes!("../fixtures/state/killed-v2/rictl.journal.jsonl"),
        include_bytes!("../fixtures/state/killed-v2/rictl.json"),
        include_bytes!("../fixtures/state/killed-v2/run.jsonl"),
    )
}

fn killed_in_version_3() -> Disk {
    killed_with(
        include_bytes!("../fixtures/state/killed-v3/rictl.journal.jsonl"),
        include_bytes!("../fixtures/state/killed-v3/rictl.json"),
        include_bytes!("../fixtures/state/killed-v3/run.jsonl"),
    )
}

/// The same was done under both, and what they wrote down of it is the same but for ids and times.
#[test]
fn journals_of_versions_2_and_3_tell_the_same_story() {
    let told = |disk: Disk| {
        let medium = Memory::new(disk);
        let recorded = read(&medium).unwrap();
        assert_eq!(recorded.notes, Vec::<Note>::new());
        let runs = past_runs(&medium, recorded.journal.replay()).unwrap();
        let run = |run: &rictl::journal::Run| {
            let evidence = &run.started.evidence;
            let grounds: Vec<_> = evidence.grounds.iter().map(|ground| (&ground.interface_id, &ground.scope)).collect();
            let steps: Vec<_> = run
                .steps()
                .map(|(step, trace)| {
                    let closed = trace.closed.as_ref().map(|closed| {
                        let is_timed = closed.uptime.as_ref().is_some_and(|uptime| uptime.ms > 0);
                        (closed.outcome, &closed.status, is_timed)
                    });
                    let is_dated = trace.receipt().is_some_and(|receipt| receipt.cloud_date.is_some());
                    format!("{step:?} {} {is_dated} {closed:?}", trace.attempts.len())
                })
                .collect();
            let (over, folded) = (run.end().map(|end| end.exit), run.folded);
            format!("{:?} {grounds:?} {steps:#?} {over:?} {folded:?}", evidence.stood_under)
        };
        runs.iter().map(run).collect::<Vec<_>>()
    };
    assert_eq!(told(killed_in_version_3()), told(killed_in_version_2()));
}

#[test]
fn a_journal_of_version_2_is_gone_on_with_as_it_stands_and_its_past_runs_stay_as_they_are() {
    let before = killed_in_version_2();
    let (mut store, recorded) = open(Memory::new(before.clone()), &holder("a")).unwrap();
    assert_eq!(recorded.notes, Vec::<Note>::new());
    assert_eq!(store.disk().journal, before.journal, "nothing is written anew");
    let mut state = recorded.state.unwrap();
    let open_run = store.replay().open_run().unwrap().clone();
    let (step, _) = open_run.open_steps().next().unwrap();
    let (at, step, outcome, status) = (at(99_000), step.id.clone(), Outcome::Done, Some(Status::Inactive));
    let died = Entry::Died(Died { at, resolved_by: id(9) });
    store.append(&[Entry::Closed { step, at, outcome, status, because: None, uptime: None }, died]).unwrap();
    assert!(store.disk().journal.starts_with(&before.journal));
    close_runs(&mut store, &mut state, &[]).unwrap();
    store.append(&drain(1, state.serial, "a")).unwrap();
    close_runs(&mut store, &mut state, &[]).unwrap();
    let disk = store.into_disk();
    let medium = Memory::new(disk.clone());
    let runs = past_runs(&medium, read(&medium).unwrap().journal.replay()).unwrap();
    assert_eq!(runs.len(), 3);
    for (id, bytes) in &before.runs {
        assert_eq!(&disk.runs[id], bytes);
    }
}

#[test]
fn an_upgrade_that_dies_anywhere_is_begun_again() {
    let runs = |disk: &Disk| {
        let recorded = read(&Memory::new(disk.clone())).unwrap();
        let runs = past_runs(&Memory::new(disk.clone()), recorded.journal.replay()).unwrap();
        (runs, recorded.state.map(|state| state.interfaces))
    };
    let expected = runs(&killed());
    for nth in 0..6 {
        for durable in [0, 100, usize::MAX] {
            let disk = died_upgrading(nth, durable);
            assert_eq!(runs(&disk), expected, "write {nth}, {durable} bytes");
            let (store, recorded) = open(Memory::new(disk), &holder("a")).unwrap();
            assert_eq!(recorded.notes, Vec::<Note>::new());
            let disk = store.into_disk();
            assert_eq!(runs(&disk), expected, "write {nth}, {durable} bytes, and again");
            assert_eq!(disk.aside, Some((JOURNAL.to_vec(), Some(STATE.to_vec()))));
            assert!(!Journal::decode(&disk.journal).unwrap().0.is_first_version());
            assert_eq!(state::version(&disk.state.unwrap()), state::FORMAT_VERSION);
        }
    }
}

/// Returns what an upgrade leaves that died at its write `nth`.
fn died_upgrading(nth: u64, durable: usize) -> Disk {
    let dying = Memory::new(killed()).with_fault(nth, Fault::Died(durable));
    let (store, found) = rictl::store::Recorder::open(dying).unwrap();
    let (mut store, mut state) = (store, found.state);
    store.upgrade(state.as_mut()).err();
    store.into_disk()
}

#[test]
fn no_command_but_history_costs_more_with_the_number_of_past_runs() {
    const RUNS: u32 = 17_000;
    let disk = Disk { journal: first_version_runs(RUNS), ..Disk::default() };
    let (store, recorded) = open(Memory::new(disk), &holder("a")).unwrap();
    assert_eq!(recorded.notes.len(), 1, "only that there is no state: {:?}", recorded.notes);
    let disk = store.into_disk();
    assert_eq!(disk.runs.len(), RUNS as usize);
    assert!(disk.journal.len() < 1024, "{}", disk.journal.len());

    let asked = |work: &dyn Fn(&Memory, &Journal)| -> Asked {
        let medium = Memory::new(disk.clone());
        let recorded = read(&medium).unwrap();
        work(&medium, &recorded.journal);
        medium.asked()
    };
    let reading = asked(&|_, _| {});
    assert_eq!((reading.listings, reading.runs_opened), (1, 100), "of a state that is lost the newest runs tell");
    let beside = |asked: &Asked| (asked.listings - reading.listings, asked.runs_opened - reading.runs_opened);
    let by_id = asked(&|medium, journal| {
        assert_eq!(find(medium, journal.replay(), &id(12_345).0).unwrap().unwrap().id(), &id(12_345));
    });
    assert_eq!(beside(&by_id), (0, 1));
    let by_prefix = asked(&|medium, journal| {
        let prefix = &id(12_345).0[..26];
        assert!(
            matches!(find(medium, journal.replay(), prefix).unwrap(), Err(Missing::Ambiguous(ids)) if ids.len() == 10)
        );
        assert_eq!(find(medium, journal.replay(), "2027").unwrap(), Err(Missing::Unknown));
    });
    assert_eq!(beside(&by_prefix), (2, 2), "names only: what was opened is not there");
    let newest = asked(&|medium, journal| {
        assert_eq!(last(medium, journal.replay()).unwrap().unwrap().id(), &id(RUNS - 1));
    });
    assert_eq!(beside(&newest), (1, 1));

    // A writer asks them all, once: what it writes is the state, and who comes next looks at no past run.
    let (mut store, mut recorded) = open(Memory::new(disk), &holder("a")).unwrap();
    let target = store.journal().base().unwrap().target.clone();
    let mut state = recorded.take_state_or_new(&target, "another".into());
    assert_eq!(state.lineage, "lineage-1");
    let before = store.writes();
    store.append(&drain(1, 0, "b")).unwrap();
    close_runs(&mut store, &mut state, &[]).unwrap();
    assert_eq!(state.serial, u64::from(RUNS) + 1);
    assert_eq!(
        store.writes() - before,
        6,
        "one write each for the run, the state, its serial, the digest, the archive, the journal"
    );
    let disk = store.into_disk();
    let medium = Memory::new(disk.clone());
    read(&medium).unwrap();
    assert_eq!((medium.asked().listings, medium.asked().runs_opened), (0, 0));
    assert!(medium.asked().bytes_read < 4096, "{}", medium.asked().bytes_read);
    let (mut store, mut recorded) = open(Memory::new(disk), &holder("a")).unwrap();
    let mut state = recorded.take_state_or_new(&target, "another".into());
    store.append(&drain(2, state.serial, "b")).unwrap();
    close_runs(&mut store, &mut state, &[]).unwrap();
    assert_eq!(store.medium().asked().runs_opened, 0);
}

#[test]
fn an_old_copy_of_the_state_opens_only_the_runs_that_it_lacks() {
    let (mut store, _) = open(Memory::new(Disk::default()), &holder("a")).unwrap();
    let mut state = new_state();
    let mut old = None;
    for number in 1..=40 {
        store.append(&drain(number, state.serial, "a")).unwrap();
        close_runs(&mut store, &mut state, &[]).unwrap();
        if number == 37 {
            old = store.disk().state.clone();
        }
    }
    let disk = Disk { state: old, ..store.into_disk() };
    let medium = Memory::new(disk);
    let recorded = read(&medium).unwrap();
    assert_eq!(recorded.state.unwrap().interfaces, state.interfaces);
    assert!(
        matches!(recorded.notes[0], Note::StateOlder { serial: 37, told: 40, runs: 3, .. }),
        "{:?}",
        recorded.notes
    );
    assert_eq!(medium.asked().runs_opened, 4);
}
