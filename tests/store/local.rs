//! The files: their names and modes, what may not stand at them, locks, and old copies.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use rictl::history::{Note, Restarted, close_runs, read_files};
use rictl::journal::Journal;
use rictl::resource::Target;
use rictl::state::{RunId, decode, encode};
use rictl::store::local::{Files, Paths, force_unlock};
use rictl::store::lock::Holder;
use rictl::store::{Medium as _, Store, StoreError, Writer};

use super::arrange::{at, drain, ended, new_state, open_files, run_id, state_of, target};

pub(crate) fn holder(who: &str) -> Holder {
    Holder::this_process(who.into(), "apply".into(), None, at(0))
}

pub(crate) fn paths_in(dir: &Path) -> Paths {
    Paths::new(dir.join("state/rictl.json"), dir)
}

/// Records one run and its state, twice, so that every file exists.
fn fill(paths: &Paths) {
    let (mut store, recorded) = open_files(paths.clone(), &holder("a")).unwrap();
    let mut state = recorded.state.unwrap_or_else(new_state);
    for (number, address) in [(1, "sh-primary"), (2, "sh-backup")] {
        store.append(&drain(number, state.serial, address)).unwrap();
        close_runs(&mut store, &mut state, &[]).unwrap();
    }
}

fn names(paths: &Paths) -> [&Path; 4] {
    [&paths.state, &paths.backup, &paths.journal, &paths.lock]
}

#[test]
fn names_stand_beside_the_state() {
    let paths = Paths::new("state/rictl.json", "/tmp");
    assert_eq!(paths.runs, Path::new("state/rictl.runs"));
    let names = names(&paths).map(|path| path.display().to_string());
    assert_eq!(names, ["state/rictl.json", "state/rictl.json.backup", "state/rictl.journal.jsonl", "state/rictl.lock"]);
    assert_eq!(Paths::new("prod.v2", "/tmp").lock, Path::new("prod.v2.lock"));
}

#[test]
fn nothing_recorded_is_no_error_and_reading_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let recorded = read_files(&paths_in(dir.path())).unwrap();
    assert!(recorded.state.is_none() && recorded.running.is_none() && recorded.notes.is_empty());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

/// Returns how many bytes this thread has read and written.
fn passed() -> Option<[u64; 2]> {
    let text = fs::read_to_string("/proc/thread-self/io").ok()?;
    let number = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    Some([number("rchar:")?, number("wchar:")?])
}

#[test]
fn a_commit_writes_the_state_once_and_reads_nothing_of_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    let (mut store, recorded) = open_files(paths.clone(), &holder("b")).unwrap();
    let mut state = recorded.state.unwrap();
    let record = state.interfaces.values().next().unwrap().clone();
    for number in 0..3_000 {
        let mut another = record.clone();
        another.id = format!("ri-{number}").into();
        state.interfaces.insert(format!("i-{number}").into(), another);
    }
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    for number in 3..6 {
        let (before, passed_before) = (inode(&paths.state), passed());
        store.append(&drain(number, state.serial, "sh-primary")).unwrap();
        close_runs(&mut store, &mut state, &[]).unwrap();
        assert_eq!(inode(&paths.backup), before, "the backup is the file that the state was");
        let size = fs::metadata(&paths.state).unwrap().len();
        let Some((then, now)) = passed_before.zip(passed()) else { return println!("/proc tells no bytes: skipped") };
        let [read, written] = [now[0] - then[0], now[1] - then[1]];
        assert!(read < size / 10 && written < size * 11 / 10, "{read} and {written} bytes of {size}");
    }
}

#[test]
fn a_crash_between_the_backup_and_the_state_leaves_no_file_behind_in_the_next_commit() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    fs::remove_file(&paths.backup).unwrap();
    fs::hard_link(&paths.state, &paths.backup).unwrap();
    let before = fs::metadata(&paths.state).unwrap().ino();
    let (mut store, recorded) = open_files(paths.clone(), &holder("b")).unwrap();
    let mut state = recorded.state.unwrap();
    store.append(&drain(3, state.serial, "sh-primary")).unwrap();
    close_runs(&mut store, &mut state, &[]).unwrap();
    assert_eq!(fs::metadata(&paths.backup).unwrap().ino(), before);
    assert_eq!(fs::read_dir(dir.path().join("state")).unwrap().count(), 5, "no temporary file is left");
}

#[test]
fn the_backup_is_the_state_before() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    let [now, before] = [&paths.state, &paths.backup].map(|path| decode(&fs::read(path).unwrap()).unwrap());
    assert_eq!((now.serial, before.serial), (2, 1));
    let names = |dir: &Path| fs::read_dir(dir).unwrap().count();
    assert_eq!((names(&dir.path().join("state")), names(&paths.runs)), (5, 3), "no temporary file is left");
}

#[test]
fn whatever_is_no_file_is_refused_at_every_name_and_left_alone() {
    for position in 0..4 {
        for kind in ["symlink", "dangling", "fifo", "directory", "socket"] {
            let dir = tempfile::tempdir().unwrap();
            let paths = paths_in(dir.path());
            fill(&paths);
            let victim = dir.path().join("victim");
            fs::write(&victim, "precious").unwrap();
            let path = names(&paths)[position];
            fs::remove_file(path).unwrap();
            match kind {
                "symlink" => symlink(&victim, path).unwrap(),
                "dangling" => symlink(dir.path().join("nowhere"), path).unwrap(),
                "fifo" => assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success()),
                "directory" => fs::create_dir(path).unwrap(),
                _ => drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
            }
            let expected = |result: Result<(), StoreError>| {
                assert!(matches!(result, Err(StoreError::NotAFile { .. })), "{kind} at {}: {result:?}", path.display());
            };
            expected(read_files(&paths).map(drop));
            expected(open_files(paths.clone(), &holder("b")).map(drop));
            assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
            assert!(!dir.path().join("nowhere").exists());
        }
    }
}

#[test]
fn a_damaged_file_is_refused_and_never_overwritten() {
    for position in [0, 2] {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths_in(dir.path());
        fill(&paths);
        let (mut store, _) = open_files(paths.clone(), &holder("a")).unwrap();
        drain(3, 2, "sh-third").into_iter().for_each(|entry| store.append(&[entry]).unwrap());
        drop(store);
        let path = names(&paths)[position];
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 4;
        bytes[middle] ^= 1;
        fs::write(path, &bytes).unwrap();
        for result in [read_files(&paths).map(drop), open_files(paths.clone(), &holder("b")).map(drop)] {
            let error = result.unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
            assert!(error.hint().is_some_and(|hint| hint.contains("rictl state accept")));
        }
        assert_eq!(fs::read(path).unwrap(), bytes);
    }
}

#[test]
fn a_state_damaged_during_a_run_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    let (mut store, recorded) = open_files(paths.clone(), &holder("b")).unwrap();
    fs::write(&paths.state, "").unwrap();
    let mut state = recorded.state.unwrap();
    state.serial += 1;
    assert!(matches!(store.commit(&mut state, 2), Err(StoreError::Damaged { .. })));
    assert_eq!(fs::read(&paths.state).unwrap(), b"");
}

#[test]
fn a_deleted_state_is_noted_and_nothing_stops() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    fs::remove_file(&paths.state).unwrap();
    let recorded = read_files(&paths).unwrap();
    let state = recorded.state.clone().unwrap();
    assert_eq!((state.serial, state.interfaces.len()), (0, 2), "the past runs tell");
    assert!(matches!(recorded.notes[0], Note::StateMissing { records: 2, .. }), "{:?}", recorded.notes);
    let mut other = state.target.clone();
    other.account_id = "2234567890123456".into();
    assert_eq!(recorded.state_for(&other), None, "it is nobody else's");
    let (mut store, _) = open_files(paths.clone(), &holder("b")).unwrap();
    let mut state = new_state();
    store.append(&drain(3, 0, "sh-third")).unwrap();
    close_runs(&mut store, &mut state, &[]).unwrap();
    assert_eq!(state.serial, 3, "a serial is never used twice");
}

#[test]
fn a_state_older_than_its_journal_catches_up_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    let newest = read_files(&paths).unwrap().state.unwrap();
    fs::copy(&paths.backup, &paths.state).unwrap();
    let recorded = read_files(&paths).unwrap();
    assert_eq!(recorded.state.as_ref().unwrap().interfaces, newest.interfaces);
    assert!(matches!(recorded.notes[0], Note::StateOlder { serial: 1, told: 2, .. }));
    let (mut store, recorded) = open_files(paths.clone(), &holder("b")).unwrap();
    let mut state = recorded.state.unwrap();
    store.append(&drain(3, state.serial, "sh-third")).unwrap();
    close_runs(&mut store, &mut state, &[]).unwrap();
    assert_eq!(read_files(&paths).unwrap().state.unwrap().serial, 3);
    assert_eq!(read_files(&paths).unwrap().notes, Vec::<Note>::new());
}

#[test]
fn a_new_state_goes_on_with_the_lineage_unless_the_target_changed() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    fs::remove_file(&paths.state).unwrap();
    let again = read_files(&paths).unwrap().take_state_or_new(&target(), "lineage-2".into());
    assert_eq!((again.lineage.as_str(), again.serial), ("lineage-1", 0));

    let (mut store, mut recorded) = open_files(paths.clone(), &holder("a")).unwrap();
    store.append(&drain(3, 0, "sh-third")).unwrap();
    let elsewhere = Target { account_id: "2".into(), ..target() };
    let mut state = recorded.take_state_or_new(&elsewhere, "lineage-2".into());
    close_runs(&mut store, &mut state, &[]).unwrap();
    assert_eq!(state.lineage, "lineage-2");
    assert!(state.interfaces.is_empty(), "what a run did to one target is not recorded for another");
}

#[test]
fn a_state_of_another_lineage_is_noted() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    let mut other = state_of(1);
    other.lineage = "lineage-2".into();
    fs::write(&paths.state, encode(&other)).unwrap();
    let recorded = read_files(&paths).unwrap();
    assert!(matches!(recorded.notes[0], Note::OtherLineage { .. }), "{:?}", recorded.notes);
    assert_eq!(recorded.state, Some(other));
}

#[test]
fn a_run_that_ended_but_was_not_folded_is_seen_and_folded() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    let (mut store, _) = open_files(paths.clone(), &holder("a")).unwrap();
    store.append(&drain(3, 2, "sh-third")).unwrap();
    drop(store);
    let recorded = read_files(&paths).unwrap();
    assert!(recorded.state.unwrap().interfaces.contains_key("sh-third") && recorded.notes.is_empty());
    let (mut store, recorded) = open_files(paths.clone(), &holder("a")).unwrap();
    close_runs(&mut store, &mut recorded.state.unwrap(), &[]).unwrap();
    assert!(store.replay().unfolded().is_empty());
}

#[test]
fn a_torn_end_is_noted_by_readers_and_cut_by_the_next_writer() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    let entries = drain(3, 2, "sh-third");
    let (mut store, _) = open_files(paths.clone(), &holder("a")).unwrap();
    store.append(&entries[..3]).unwrap();
    store.append(&entries[3..4]).unwrap();
    drop(store);
    let whole = fs::read(&paths.journal).unwrap();
    let end = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    // Each opening takes the lock, and a test that starts a process beside this one may hold it for a moment.
    for length in (end + 1..whole.len()).step_by(9) {
        fs::write(&paths.journal, &whole[..length]).unwrap();
        assert!(matches!(read_files(&paths).unwrap().notes[0], Note::TornEnd { .. }));
        assert_eq!(fs::metadata(&paths.journal).unwrap().len(), length as u64, "reading never writes");
        let (mut store, recorded) = open_files(paths.clone(), &holder("b")).unwrap();
        assert!(matches!(recorded.notes[0], Note::TornEnd { .. }));
        store.append(&entries[3..4]).unwrap();
        assert_eq!(fs::read(&paths.journal).unwrap(), whole);
    }
}

#[test]
fn an_upgraded_state_leaves_the_old_file_beside() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    let v1 = include_bytes!("../fixtures/state/v1.json");
    drop(open_files(paths.clone(), &holder("a")).unwrap());
    fs::write(&paths.state, v1).unwrap();
    let (mut store, recorded) = open_files(paths.clone(), &holder("a")).unwrap();
    let mut state = recorded.state.unwrap();
    state.serial += 1;
    store.commit(&mut state, 4).unwrap();
    assert_eq!(fs::read(&paths.state).unwrap(), encode(&state));
    let beside = paths.state.with_file_name("rictl.json.v1");
    assert_eq!(fs::read(beside).unwrap(), v1);
}

#[test]
fn a_directory_that_everybody_can_write_to_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    let state_dir = dir.path().join("state");
    fs::set_permissions(&state_dir, Permissions::from_mode(0o777)).unwrap();
    let error = open_files(paths.clone(), &holder("a")).unwrap_err();
    assert!(matches!(error, StoreError::Exposed { by: Writer::Everybody, .. }), "{error:?}");
    for mode in [0o1777, 0o775, 0o700] {
        fs::set_permissions(&state_dir, Permissions::from_mode(mode)).unwrap();
        open_files(paths.clone(), &holder("a")).unwrap();
    }
}

#[test]
fn a_held_lock_names_its_holder_and_reading_does_not_wait_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    let first = holder("ada");
    let store = open_files(paths.clone(), &first).unwrap();
    let error = open_files(paths.clone(), &holder("bob")).unwrap_err();
    let StoreError::Locked { holder: words, id } = &error else { panic!("{error:?}") };
    assert_eq!(id, &first.id);
    assert!(
        words.english().starts_with("ada on ") && words.english().ends_with("apply since 2026-11-23T12:00:00Z"),
        "{words}"
    );
    assert!(error.hint().unwrap().contains(&format!("rictl force-unlock {id}")));
    assert_eq!(read_files(&paths).unwrap().running, Some(first));
    drop(store);
    assert_eq!(read_files(&paths).unwrap().running, None);
    assert_eq!(open_files(paths, &holder("bob")).unwrap().1.notes, Vec::<Note>::new());
}

#[test]
fn a_dead_holder_of_this_host_is_taken_over_with_a_note() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    drop(open_files(paths.clone(), &holder("a")).unwrap());
    let dead = Holder { process_start: Some(1), ..holder("ada") };
    for identity in [serde_json::to_vec(&dead).unwrap(), b"{\"id\":\"half".to_vec()] {
        fs::write(&paths.lock, identity).unwrap();
        assert_eq!(read_files(&paths).unwrap().running, None);
        let (_store, recorded) = open_files(paths.clone(), &holder("b")).unwrap();
        assert!(
            matches!(&recorded.notes[0], Note::TakenOver(said) if said.english().starts_with("took over the lock of a process that")),
            "{:?}",
            recorded.notes
        );
    }
}

#[test]
fn a_holder_on_another_host_is_never_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    drop(open_files(paths.clone(), &holder("a")).unwrap());
    let far = Holder { host: "far".into(), boot_id: Some("another".into()), ..holder("ada") };
    fs::write(&paths.lock, serde_json::to_vec(&far).unwrap()).unwrap();
    for _ in 0..2 {
        let error = open_files(paths.clone(), &holder("b")).unwrap_err();
        assert!(matches!(&error, StoreError::Locked { id, .. } if *id == far.id), "{error:?}");
        assert_eq!(read_files(&paths).unwrap().running.as_ref(), Some(&far));
    }
    assert_eq!(force_unlock(&paths, &far.id).unwrap(), far);
    open_files(paths, &holder("b")).unwrap();
}

#[test]
fn force_unlock_wants_the_right_id() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    assert!(matches!(force_unlock(&paths, "x"), Err(StoreError::NotLocked { .. })));
    let (mut store, _) = open_files(paths.clone(), &holder("a")).unwrap();
    assert!(matches!(force_unlock(&paths, "x"), Err(StoreError::Locked { .. })));
    assert!(matches!(force_unlock(&paths, ""), Err(StoreError::Locked { .. })));
    store.append(&drain(1, 0, "sh-primary")).unwrap();
    drop(store);
    assert!(matches!(force_unlock(&paths, "x"), Err(StoreError::NotLocked { .. })));
}

#[test]
fn a_holder_whose_lock_was_freed_by_force_records_nothing_more_but_rescues_it() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    let slow = holder("slow");
    let (mut first, _) = open_files(paths.clone(), &slow).unwrap();
    let entries = drain(1, 0, "sh-primary");
    first.append(&entries[..2]).unwrap();
    force_unlock(&paths, &slow.id).unwrap();
    let (second, recorded) = open_files(paths.clone(), &holder("quick")).unwrap();
    assert_eq!(recorded.journal.replay().open_run().unwrap().open_steps().count(), 1);

    assert!(matches!(first.append(&entries[2..3]), Err(StoreError::Moved { .. })));
    assert!(matches!(first.append(&entries[3..]), Err(StoreError::Broken { .. })));
    assert!(matches!(first.commit(&mut state_of(1), 0), Err(StoreError::Broken { .. })));
    let before = fs::read(&paths.journal).unwrap();
    let rescued = first.rescue().unwrap();
    assert_eq!(fs::metadata(&rescued).unwrap().mode() & 0o777, 0o600);
    // What was rescued is the very rest of the journal.
    let whole = [before, fs::read(&rescued).unwrap()].concat();
    assert!(!Journal::decode(&whole).unwrap().0.replay().unfolded().is_empty());
    drop(first);
    assert_eq!(read_files(&paths).unwrap().running.unwrap().who, "quick", "the old holder cleared its own file only");
    drop(second);
}

#[test]
fn a_commit_without_the_lock_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    let (mut store, _) = open_files(paths.clone(), &holder("a")).unwrap();
    fs::remove_file(&paths.lock).unwrap();
    assert!(matches!(store.commit(&mut state_of(1), 0), Err(StoreError::Moved { .. })));
    assert!(!paths.state.exists());
}

#[test]
fn a_journal_that_somebody_else_wrote_to_is_not_appended_to() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    let (mut store, _) = open_files(paths.clone(), &holder("a")).unwrap();
    fs::write(&paths.journal, "something").unwrap();
    assert!(matches!(store.append(&[drain(1, 0, "a").remove(0)]), Err(StoreError::Moved { .. })));
    assert!(matches!(store.append(&[ended(1)]), Err(StoreError::Broken { .. })));
    assert_eq!(fs::read(&paths.journal).unwrap(), b"something");
}

/// What befalls the files, after what is said of it.
type Mishap = (&'static str, fn(&Paths));

#[test]
fn a_journal_that_was_emptied_cut_replaced_or_is_older_than_its_state_is_refused_and_left_alone() {
    let lost: [Mishap; 6] = [
        ("it is empty", |paths| fs::write(&paths.journal, "").unwrap()),
        ("nothing but NUL bytes", |paths| {
            let length = fs::metadata(&paths.journal).unwrap().len();
            fs::write(&paths.journal, vec![0; usize::try_from(length).unwrap()]).unwrap();
        }),
        ("it is gone", |paths| fs::remove_file(&paths.journal).unwrap()),
        ("older than its state", |paths| {
            let older = fs::read(&paths.journal).unwrap();
            let (mut store, recorded) = open_files(paths.clone(), &holder("a")).unwrap();
            let mut state = recorded.state.unwrap();
            store.append(&drain(3, state.serial, "sh-third")).unwrap();
            close_runs(&mut store, &mut state, &[]).unwrap();
            drop(store);
            fs::write(&paths.journal, older).unwrap();
        }),
        ("the journal of another state", |paths| {
            let (journal, bytes) = Journal::begin(
                rictl::journal::Base { lineage: "x".into(), target: target(), serial: 99, head: Default::default() },
                Default::default(),
            );
            assert!(!journal.is_blank());
            fs::write(&paths.journal, bytes).unwrap();
        }),
        ("none of its lines can be read", |paths| {
            let mut bytes = fs::read(&paths.journal).unwrap();
            bytes[20] ^= 1;
            fs::write(&paths.journal, bytes).unwrap();
        }),
    ];
    for (why, lose) in lost {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths_in(dir.path());
        fill(&paths);
        lose(&paths);
        let before = fs::read(&paths.journal).ok();
        for result in [read_files(&paths).map(drop), open_files(paths.clone(), &holder("b")).map(drop)] {
            let error = result.unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{why}: {error:?}");
            assert!(error.to_string().contains(why), "{why}: {error}");
            assert!(error.hint().unwrap().contains("rictl state accept"), "{why}");
        }
        assert_eq!(fs::read(&paths.journal).ok(), before, "{why}");
    }
}

#[test]
fn a_journal_that_moves_under_a_run_is_not_written_to() {
    let moved: [Mishap; 5] = [
        ("taken away", |paths| fs::remove_file(&paths.journal).unwrap()),
        ("taken away", |paths| {
            let copy = paths.journal.with_extension("copy");
            fs::copy(&paths.journal, &copy).unwrap();
            fs::rename(copy, &paths.journal).unwrap();
        }),
        ("0 bytes", |paths| fs::write(&paths.journal, "").unwrap()),
        ("its end is not", |paths| {
            let length = fs::metadata(&paths.journal).unwrap().len();
            fs::write(&paths.journal, vec![0; usize::try_from(length).unwrap()]).unwrap();
        }),
        ("bytes, and", |paths| {
            let bytes = fs::read(&paths.journal).unwrap();
            fs::write(&paths.journal, &bytes[..bytes.len() - 40]).unwrap();
        }),
    ];
    for (why, move_it) in moved {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths_in(dir.path());
        fill(&paths);
        let (mut store, _) = open_files(paths.clone(), &holder("a")).unwrap();
        let entries = drain(3, 2, "sh-third");
        store.append(&entries[..2]).unwrap();
        move_it(&paths);
        let before = fs::read(&paths.journal).ok();
        let error = store.append(&entries[2..3]).unwrap_err();
        assert!(matches!(&error, StoreError::Moved { .. }) && error.to_string().contains(why), "{why}: {error}");
        assert!(matches!(store.append(&entries[3..4]), Err(StoreError::Broken { .. })));
        assert_eq!(fs::read(&paths.journal).ok(), before, "{why}");
        let rescued = fs::read_to_string(store.rescue().unwrap()).unwrap();
        assert_eq!(rescued.lines().count(), 3, "{why}: and one that says of which history they are");
        let whose = rictl::journal::rescued(rescued.as_bytes()).unwrap();
        assert_eq!((whose.lineage.as_str(), &whose.run_id), ("lineage-1", &run_id(3)), "{why}");
        let other = rescued.replace("\n", "\r\n");
        assert!(rictl::journal::rescued(other.as_bytes()).is_err(), "{why}");
    }
}

/// Starts a journal anew; a lock that names nobody is asked for again, as in `open_files`.
fn restart_files(paths: &Paths) -> Option<Restarted<Files>> {
    loop {
        match rictl::history::restart(Files::new(paths.clone()), &holder("a"), &target(), "lineage-9") {
            Err(StoreError::Locked { id, .. }) if id.is_empty() => std::thread::yield_now(),
            outcome => return outcome.unwrap(),
        }
    }
}

/// Returns under which name a file is kept that was put aside.
fn kept(again: &Restarted<Files>, number: usize) -> &str {
    again.aside[number].kept.as_deref().unwrap()
}

#[test]
fn a_journal_that_is_lost_in_the_middle_of_the_very_first_run_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    let (mut store, recorded) = open_files(paths.clone(), &holder("a")).unwrap();
    let mut state = recorded.state.unwrap_or_else(new_state);
    rictl::history::anchor(&mut store, &mut state).unwrap();
    store.append(&drain(1, state.serial, "sh-primary")[..2]).unwrap();
    drop(store);
    fs::remove_file(&paths.journal).unwrap();
    for result in [read_files(&paths).map(drop), open_files(paths.clone(), &holder("b")).map(drop)] {
        assert!(matches!(result, Err(StoreError::Damaged { .. })), "{result:?}");
    }
    assert_eq!(restart_files(&paths).unwrap().recorder.replay().last_serial(), 1);
}

#[test]
fn there_is_a_way_out_of_every_damage_and_nothing_is_lost_that_the_runs_tell() {
    fn damaged(path: &Path) {
        let mut bytes = fs::read(path).unwrap();
        bytes[60] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    let befalls: [Mishap; 5] = [
        ("the state", |paths| damaged(&paths.state)),
        ("the state, emptied", |paths| fs::write(&paths.state, "").unwrap()),
        ("both", |paths| [&paths.state, &paths.journal].into_iter().for_each(|path| damaged(path))),
        ("the journal, without its state", |paths| {
            fs::remove_file(&paths.state).unwrap();
            damaged(&paths.journal);
        }),
        ("the state, without its journal", |paths| {
            fs::remove_file(&paths.journal).unwrap();
            damaged(&paths.state);
        }),
    ];
    for (what, befall) in befalls {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths_in(dir.path());
        fill(&paths);
        let before = read_files(&paths).unwrap().state.unwrap();
        befall(&paths);
        let refused = read_files(&paths).unwrap_err();
        assert!(refused.hint().unwrap().contains("rictl state accept"), "{what}: {:?}", refused.hint());
        let Restarted { mut recorder, recorded, aside } = restart_files(&paths).unwrap();
        assert!(aside.iter().all(|it| it.kept.is_some() || what.contains("emptied")), "{what}: {aside:?}");
        let mut state = recorded.state.unwrap();
        assert_eq!((&state.lineage, state.interfaces.len()), (&before.lineage, 2), "{what}");
        rictl::history::commit(&mut recorder, &mut state).unwrap();
        drop(recorder);
        let read = read_files(&paths).unwrap();
        assert_eq!(read.state.unwrap().serial, before.serial + 1, "{what}");
        assert_eq!(read.notes, [], "{what}");
        assert!(restart_files(&paths).is_none(), "{what}");
    }
}

#[test]
fn of_a_history_that_lost_all_but_its_runs_the_serials_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    for path in [&paths.state, &paths.backup, &paths.journal] {
        fs::remove_file(path).unwrap();
    }
    let read = read_files(&paths).unwrap();
    assert!(matches!(read.notes[..], [Note::StateMissing { records: 2, .. }]), "{:?}", read.notes);
    let (mut store, recorded) = open_files(paths.clone(), &holder("a")).unwrap();
    let mut state = recorded.state.unwrap();
    rictl::history::commit(&mut store, &mut state).unwrap();
    assert_eq!((state.serial, state.lineage.as_str()), (3, "lineage-1"));
}

#[test]
fn a_journal_is_started_anew_with_what_is_left_of_an_open_run_and_the_next_serial() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    let restart = || restart_files(&paths);
    assert!(restart().is_none(), "a journal that fits is left alone");
    let (mut store, _) = open_files(paths.clone(), &holder("a")).unwrap();
    let entries = drain(3, 2, "sh-third");
    entries[..3].iter().for_each(|entry| store.append(std::slice::from_ref(entry)).unwrap());
    drop(store);
    let mut bytes = fs::read(&paths.journal).unwrap();
    let end = bytes.len();
    bytes.extend_from_slice(b"{\"n\":5,\"garbage\":1}\n{\"n\":6}\n");
    fs::write(&paths.journal, &bytes).unwrap();
    assert!(matches!(read_files(&paths), Err(StoreError::Damaged { .. })), "{end}");
    let again = restart().unwrap();
    assert_eq!(fs::read(kept(&again, 0)).unwrap(), bytes, "it is kept byte for byte");
    let open = again.recorder.replay().open_run().unwrap();
    assert_eq!((open.id(), open.open_steps().count()), (&run_id(3), 1));
    drop(again);
    assert_eq!(read_files(&paths).unwrap().state.unwrap().serial, 2);

    // Nothing is left of the next one: its state goes on, and a second copy does not overwrite the first.
    fs::write(&paths.journal, [0; 64]).unwrap();
    let again = restart().unwrap();
    assert!(kept(&again, 0).ends_with(".journal.jsonl.aside-2"), "{:?}", again.aside);
    assert!(again.recorder.replay().open_run().is_none());
    let (mut recorder, mut state) = (again.recorder, again.recorded.state.unwrap());
    rictl::history::commit(&mut recorder, &mut state).unwrap();
    assert_eq!(read_files(&paths).unwrap().state.unwrap().serial, 3);
}

#[test]
fn a_run_that_has_ended_since_is_not_open_again() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    let entries = drain(3, 2, "sh-third");
    let (mut store, recorded) = open_files(paths.clone(), &holder("a")).unwrap();
    store.append(&entries[..3]).unwrap();
    let older = fs::read(&paths.journal).unwrap();
    store.append(&entries[3..]).unwrap();
    close_runs(&mut store, &mut recorded.state.unwrap(), &[]).unwrap();
    drop(store);
    fs::write(&paths.journal, older).unwrap();
    let again = restart_files(&paths).unwrap();
    assert!(again.recorder.replay().open_run().is_none());
    assert_eq!(again.recorder.replay().last_serial(), 3);
}

#[test]
fn files_that_others_can_write_to_or_own_are_read_and_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    let names = [&paths.state, &paths.backup, &paths.journal, &paths.lock, &paths.runs];
    for path in names {
        let mode = fs::metadata(path).unwrap().permissions();
        fs::set_permissions(path, Permissions::from_mode(mode.mode() | 0o002)).unwrap();
        read_files(&paths).unwrap();
        let error = open_files(paths.clone(), &holder("a")).unwrap_err();
        assert!(matches!(error, StoreError::Exposed { by: Writer::Everybody, .. }), "{error:?}");
        fs::set_permissions(path, mode).unwrap();
    }
    for path in names.into_iter().chain([&dir.path().join("state")]) {
        if std::os::unix::fs::chown(path, Some(65534), None).is_err() {
            // Not root: nothing can be given to others.
            return;
        }
        read_files(&paths).unwrap();
        let error = open_files(paths.clone(), &holder("a")).unwrap_err();
        assert!(matches!(error, StoreError::Exposed { by: Writer::Owner(65534), .. }), "{error:?}");
        open_files(Paths { spec_owner: Some(65534), ..paths.clone() }, &holder("a")).unwrap();
        std::os::unix::fs::chown(path, Some(0), None).unwrap();
    }
    let state_dir = dir.path().join("state");
    std::os::unix::fs::chown(&state_dir, None, Some(65534)).unwrap();
    fs::set_permissions(&state_dir, Permissions::from_mode(0o770)).unwrap();
    let error = open_files(paths.clone(), &holder("a")).unwrap_err();
    assert!(matches!(error, StoreError::Exposed { by: Writer::Group(65534), .. }), "{error:?}");
}

/// Lets a user of this number read and write by an access control list; `false` where the file system has none.
fn let_write(path: &Path, user: u32) -> bool {
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in
        [(1_u16, 7_u16, u32::MAX), (2, 7, user), (4, 0, u32::MAX), (0x10, 7, u32::MAX), (0x20, 0, u32::MAX)]
    {
        list.extend(tag.to_le_bytes().into_iter().chain(permissions.to_le_bytes()).chain(id.to_le_bytes()));
    }
    let set = rustix::fs::setxattr(path, "system.posix_acl_access", &list, rustix::fs::XattrFlags::empty());
    assert!(matches!(set, Ok(()) | Err(rustix::io::Errno::OPNOTSUPP)), "{set:?}");
    set.is_ok()
}

#[test]
fn whom_an_access_control_list_lets_write_is_a_writer_too() {
    for name in 0..5 {
        let dir = tempfile::tempdir().unwrap();
        let paths = paths_in(dir.path());
        fill(&paths);
        let path = names(&paths).get(name).copied().unwrap_or(paths.state.parent().unwrap());
        if !let_write(path, rustix::process::geteuid().as_raw() + 4321) {
            eprintln!("SKIPPED: the file system has no access control lists");
            return;
        }
        let refused = open_files(paths.clone(), &holder("b")).unwrap_err();
        let by = Writer::User(rustix::process::geteuid().as_raw() + 4321);
        assert!(matches!(&refused, StoreError::Exposed { by: found, .. } if *found == by), "{path:?}: {refused:?}");
        assert_eq!(refused.hint().unwrap(), format!("run `chmod go-w {}`", path.display()));
        assert!(read_files(&paths).is_ok(), "reading takes it");
        // What the hint says closes it.
        let mode = fs::metadata(path).unwrap().mode() & 0o755;
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        open_files(paths.clone(), &holder("b")).unwrap();
        // One who is trusted may be named.
        assert!(let_write(path, rustix::process::geteuid().as_raw()));
        open_files(paths.clone(), &holder("b")).unwrap();
    }
}

#[test]
fn in_a_directory_that_is_setgid_the_state_gets_one_that_its_group_can_read() {
    let dir = tempfile::tempdir().unwrap();
    let mode = |name: &str| fs::metadata(dir.path().join(name)).unwrap().mode() & 0o7777;
    fs::set_permissions(dir.path(), Permissions::from_mode(0o2750)).unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    assert_eq!((mode("state"), mode("state/rictl.runs"), mode("state/rictl.json")), (0o2750, 0o2750, 0o640));
}

#[test]
fn a_directory_that_is_setgid_is_shared_with_its_group_to_read() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fs::create_dir(dir.path().join("state")).unwrap();
    fs::set_permissions(dir.path().join("state"), Permissions::from_mode(0o2770)).unwrap();
    fill(&paths);
    for path in [&paths.state, &paths.backup, &paths.journal, &paths.lock] {
        assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, 0o640, "{}", path.display());
    }
    for run in fs::read_dir(&paths.runs).unwrap() {
        assert_eq!(run.unwrap().metadata().unwrap().mode() & 0o777, 0o640);
    }
}

#[test]
fn in_a_directory_that_is_setgid_a_file_of_its_group_may_be_anybodys_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fs::create_dir(dir.path().join("state")).unwrap();
    if std::os::unix::fs::chown(dir.path().join("state"), None, Some(65534)).is_err() {
        // Not root: nothing can be given to others.
        return;
    }
    fs::set_permissions(dir.path().join("state"), Permissions::from_mode(0o2770)).unwrap();
    fill(&paths);
    std::os::unix::fs::chown(&paths.state, Some(1234), None).unwrap();
    open_files(paths.clone(), &holder("a")).unwrap();
    std::os::unix::fs::chown(&paths.state, Some(1234), Some(1234)).unwrap();
    let error = open_files(paths.clone(), &holder("a")).unwrap_err();
    assert!(matches!(error, StoreError::Exposed { by: Writer::Owner(1234), .. }), "{error:?}");
}

#[test]
fn a_run_that_cannot_be_recorded_does_not_begin() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    let (store, _) = open_files(paths.clone(), &holder("a")).unwrap();
    store.prepare(100, 100_000).unwrap();
    assert!(!paths.journal.exists(), "reserved space is not content");
    assert!(matches!(store.prepare(1 << 45, 0), Err(StoreError::Io { .. })));
    assert!(matches!(store.prepare(1, 1 << 60), Err(StoreError::Io { .. })));
    assert_eq!(fs::read_dir(dir.path().join("state")).unwrap().count(), 1, "no temporary file is left");
}

#[test]
fn a_file_too_large_to_be_ours_is_refused_unread() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    fs::File::options().write(true).open(&paths.state).unwrap().set_len(300 << 20).unwrap();
    let error = read_files(&paths).unwrap_err();
    assert!(error.to_string().ends_with("it is larger than 256 MiB"), "{error}");
}

#[test]
fn the_directory_of_past_runs_is_ours_and_no_link() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    assert_eq!(fs::metadata(&paths.runs).unwrap().mode() & 0o7777, 0o700);
    for run in fs::read_dir(&paths.runs).unwrap() {
        assert_eq!(run.unwrap().metadata().unwrap().mode() & 0o7777, 0o600);
    }
    let elsewhere = dir.path().join("elsewhere");
    fs::rename(&paths.runs, &elsewhere).unwrap();
    symlink(&elsewhere, &paths.runs).unwrap();
    let files = Files::new(paths.clone());
    assert!(matches!(files.runs(), Err(StoreError::NotADirectory { what: "a symlink", .. })));
    assert!(matches!(files.run(&run_id(1)), Err(StoreError::NotADirectory { .. })));
    let (mut store, recorded) = open_files(paths.clone(), &holder("a")).unwrap();
    store.append(&drain(3, 2, "sh-third")).unwrap();
    let warning = close_runs(&mut store, &mut recorded.state.unwrap(), &[]).unwrap().unwrap();
    assert!(matches!(&warning, Note::NotArchived { error } if error.contains("is a symlink, not a directory")));
}

#[test]
fn no_text_names_a_file_outside_the_past_runs() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    fs::write(dir.path().join("state/secret.jsonl"), "precious").unwrap();
    let files = Files::new(paths);
    for name in ["../secret", "..", "", "a/b", "/etc/passwd", "\u{202e}"] {
        assert_eq!(files.run(&RunId(name.into())).unwrap(), None, "{name}");
    }
}

#[test]
fn a_journal_of_any_size_is_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    let file = fs::OpenOptions::new().append(true).open(&paths.journal).unwrap();
    // A hole: what a crash may leave of one write, larger than anything that is ever read of another file.
    file.set_len(300 << 20).unwrap();
    let recorded = read_files(&paths).unwrap();
    assert!(matches!(recorded.notes[0], Note::TornEnd { .. }), "{:?}", recorded.notes);
}

#[test]
fn line_ends_that_somebody_changed_are_named_and_the_file_stays() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    for path in [&paths.state, &paths.journal] {
        let before = fs::read_to_string(path).unwrap();
        fs::write(path, before.replace('\n', "\r\n")).unwrap();
        let error = read_files(&paths).unwrap_err();
        assert!(error.to_string().contains("its line ends are CRLF"), "{error}");
        assert!(error.hint().unwrap().contains("sed -i 's/[[:cntrl:]]$//'"), "{:?}", error.hint());
        assert!(fs::read_to_string(path).unwrap().contains('\r'), "nothing is written");
        fs::write(path, before).unwrap();
    }
}

#[test]
fn what_git_an_editor_or_somebody_made_of_a_file_is_named_with_a_command_that_undoes_it() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    fill(&paths);
    let run = |command: &str| std::process::Command::new("sh").args(["-c", command]).status().unwrap().success();
    for path in [&paths.state, &paths.journal] {
        let before = fs::read(path).unwrap();
        let text = String::from_utf8(before.clone()).unwrap();
        let utf16: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let conflict = format!("<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> main\n").into_bytes();
        for (bytes, said, undone) in [
            (format!("\u{feff}{text}").into_bytes(), "it begins with a byte order mark", true),
            (utf16, "it is UTF-16", true),
            (conflict, "git's conflict marks are in it", false),
        ] {
            fs::write(path, bytes).unwrap();
            let error = read_files(&paths).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
            let hint = error.hint().unwrap();
            let command = hint.split('`').nth(1).unwrap();
            assert!(!command.contains('\\'), "a terminal shows two: {command}");
            if undone {
                assert!(run(command), "{command}");
                assert_eq!(fs::read(path).unwrap(), before, "{command}");
            }
            fs::write(path, &before).unwrap();
        }
    }
    for (text, said) in [
        (r#"{"version":4,"terraform_version":"1.5.0","resources":[]}"#, "it is a Terraform state"),
        (r#"{"format_version":"1.1","rictl_version":"0.1.0","resource_changes":[]}"#, "it is a saved plan"),
    ] {
        fs::write(&paths.state, text).unwrap();
        let error = read_files(&paths).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    fs::remove_dir_all(&paths.runs).ok();
    fs::write(&paths.runs, "x").unwrap();
    let error = Files::new(paths).runs().unwrap_err();
    assert!(error.to_string().ends_with("is a regular file, not a directory"), "{error}");
}
