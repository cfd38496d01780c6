//! One contract, every medium.

use rictl::history::{Note, Recorded, close_runs, open, read};
use rictl::journal::{Entry, Journal, LineHash, Operation};
use rictl::state::{self, State};
use rictl::store::local::{Files, Paths};
use rictl::store::memory::{Disk, Fault, Memory, MemoryStore};
use rictl::store::{Medium, Recorder, Store, StoreError, recorder};

use super::arrange::{drain, new_state, run_id, state_of};
use super::local::{holder, paths_in};

/// A way to open a store on the same history again and again.
pub(crate) trait Bench {
    type Medium: Medium;
    fn medium(&self) -> Self::Medium;
    fn close(&mut self, store: Recorder<Self::Medium>);

    fn open(&self) -> (Recorder<Self::Medium>, Recorded) {
        // A child that another case has just begun may hold an inherited copy of a lock until its program starts.
        let (store, recorded) = loop {
            match open(self.medium(), &holder("a")) {
                Err(StoreError::Locked { id, .. }) if id.is_empty() => std::thread::yield_now(),
                outcome => break outcome.unwrap(),
            }
        };
        assert_eq!(recorded.notes, Vec::<Note>::new());
        (store, recorded)
    }
}

struct Local(Paths);

impl Bench for Local {
    type Medium = Files;
    fn medium(&self) -> Files {
        Files::new(self.0.clone())
    }
    fn close(&mut self, store: Recorder<Files>) {
        drop(store);
    }
}

struct InMemory(Disk);

impl Bench for InMemory {
    type Medium = Memory;
    fn medium(&self) -> Memory {
        Memory::new(self.0.clone())
    }
    fn close(&mut self, store: MemoryStore) {
        self.0 = store.into_disk();
    }
}

pub(crate) fn keeps_the_contract(mut bench: impl Bench) {
    // New: nothing recorded, and a run can be.
    let (mut store, recorded) = bench.open();
    assert!(recorded.state.is_none() && store.replay().runs().is_empty());
    let mut state = new_state();
    for entry in drain(1, 0, "sh-primary") {
        store.append(&[entry]).unwrap();
    }
    assert_eq!(close_runs(&mut store, &mut state, &[]).unwrap(), None);
    close_runs(&mut store, &mut state, &[]).unwrap();
    assert_eq!((state.serial, store.replay().last_serial()), (1, 1));
    bench.close(store);

    // The run is kept apart, the journal goes on from the state, and the state names its last line.
    let (store, recorded) = bench.open();
    assert_eq!(recorded.state.as_ref(), Some(&state));
    assert!(store.replay().runs().is_empty());
    assert_eq!(store.run_ids().unwrap(), [run_id(1)]);
    assert_eq!(store.run(&run_id(1)).unwrap().unwrap().folded, Some(1));
    assert_eq!(store.run(&run_id(7)).unwrap(), None);
    let (base, anchor) = (store.journal().base().unwrap().clone(), state.anchor.unwrap());
    assert_eq!((base.serial, base.head), (anchor.serial, anchor.head));
    assert!(anchor.head != LineHash::default());
    bench.close(store);

    // Again: what was recorded is there, and so is a run that died over an intent.
    let (mut store, _) = bench.open();
    store.append(&drain(2, 1, "sh-backup")[..2]).unwrap();
    bench.close(store);
    let (mut store, recorded) = bench.open();
    assert_eq!(recorded.state.as_ref(), Some(&state));
    assert_eq!(store.replay().open_run().unwrap().open_steps().count(), 1);
    assert_eq!(store.run_ids().unwrap(), [run_id(1), run_id(2)]);

    // A commit on another basis is refused and changes nothing.
    let mut other = state.clone();
    other.serial = 9;
    assert!(matches!(store.commit(&mut other, 5), Err(StoreError::Moved { .. })));
    assert!(matches!(store.commit(&mut state, 1), Err(StoreError::Bug(_))));
    other.lineage = "lineage-2".into();
    assert!(matches!(store.commit(&mut other, 1), Err(StoreError::Moved { .. })));
    bench.close(store);
    let (mut store, recorded) = bench.open();
    assert_eq!(recorded.state.as_ref(), Some(&state));

    // While a run is open nothing is taken from the journal; an illegal entry is a bug that is told, not written.
    store.archive(&state).unwrap();
    assert!(store.replay().open_run().is_some());
    assert!(matches!(store.append(&[Entry::Folded { serial: 7 }]), Err(StoreError::Bug(_))));
    bench.close(store);
    assert_eq!(bench.open().0.replay().runs().len(), 1);

    // Who reads sees the same, and takes no claim.
    let recorded = read(&bench.medium()).unwrap();
    assert_eq!(recorded.state, Some(state));
    assert_eq!(recorded.journal.replay().open_run().unwrap().id(), &run_id(2));
}

pub(crate) fn keeps_a_run_and_its_way_back_apart(mut bench: impl Bench) {
    let (mut store, _) = bench.open();
    let mut state = new_state();
    let (mut run, mut back) = (drain(1, 0, "sh-primary"), drain(2, 0, "sh-backup"));
    let end = run.pop().unwrap();
    if let Entry::RunStarted(started) = &mut back[0] {
        started.operation = Operation::Rollback;
        started.evidence.takes_back = vec![run_id(1)];
    }
    for entry in run.iter().chain(&back).chain([&end]) {
        store.append(std::slice::from_ref(entry)).unwrap();
    }
    assert_eq!(close_runs(&mut store, &mut state, &[]).unwrap(), None);
    bench.close(store);
    let (store, recorded) = bench.open();
    assert_eq!(recorded.state.unwrap().serial, 1, "both are in one state");
    assert!(store.replay().runs().is_empty(), "both are in the archive");
    let told = |number| store.run(&run_id(number)).unwrap().unwrap();
    assert_eq!([told(1).folded, told(2).folded], [Some(1); 2]);
    assert_eq!(told(1).entries()[..run.len()], run);
    assert_eq!(told(2).entries()[..back.len()], back);
    let taken_back_by = |number| recorder::taken_back_by(store.medium(), store.replay(), &run_id(number)).unwrap();
    assert_eq!([taken_back_by(1), taken_back_by(2)], [Some(run_id(2)), None]);
    bench.close(store);
}

#[test]
fn both_media_keep_a_run_and_its_way_back_apart() {
    let directory = tempfile::tempdir().unwrap();
    keeps_a_run_and_its_way_back_apart(Local(paths_in(directory.path())));
    keeps_a_run_and_its_way_back_apart(InMemory(Disk::default()));
}

/// Which run used a digest is known from the journal and from the archive, however much is archived once more.
pub(crate) fn knows_who_used_a_digest(mut bench: impl Bench) {
    let digest = "sha256:00";
    let (mut store, _) = bench.open();
    assert_eq!(store.newest_sent(digest).unwrap(), None);
    let mut state = new_state();
    store.append(&drain(1, 0, "sh-primary")).unwrap();
    assert_eq!(store.newest_sent(digest).unwrap(), Some(run_id(1)));
    close_runs(&mut store, &mut state, &[]).unwrap();
    store.append(&drain(2, 1, "sh-primary")).unwrap();
    close_runs(&mut store, &mut state, &[]).unwrap();
    // A run that sent nothing uses nothing.
    let mut unsent = drain(3, 2, "sh-primary");
    unsent.drain(1..4);
    store.append(&unsent).unwrap();
    close_runs(&mut store, &mut state, &[]).unwrap();
    assert!(store.replay().runs().is_empty());
    assert_eq!(store.newest_sent(digest).unwrap(), Some(run_id(2)));
    assert_eq!(store.newest_sent("sha256:01").unwrap(), None);
    assert_eq!(store.newest_sent("../rictl").unwrap(), None);
    bench.close(store);
    // Nor does a state that is lost forget it.
    assert_eq!(bench.open().0.newest_sent(digest).unwrap(), Some(run_id(2)));
}

#[test]
fn both_media_know_who_used_a_digest() {
    let dir = tempfile::tempdir().unwrap();
    knows_who_used_a_digest(Local(paths_in(dir.path())));
    knows_who_used_a_digest(InMemory(Disk::default()));
}

#[test]
fn local_files_keep_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    keeps_the_contract(Local(paths_in(dir.path())));
}

#[test]
fn memory_keeps_the_contract() {
    keeps_the_contract(InMemory(Disk::default()));
}

pub(crate) fn an_ended_run_is_kept_once_as_it_was_first(mut bench: impl Bench) {
    let (store, _) = bench.open();
    bench.close(store);
    let mut medium = bench.medium();
    medium.claim(&holder("a")).unwrap();
    let run = |bytes: &[u8]| vec![(run_id(1), bytes.to_vec())];
    medium.keep_runs(&run(b"first")).unwrap();
    medium.keep_runs(&run(b"second")).unwrap();
    let many: Vec<_> = (2..40).map(|number| (run_id(number), vec![b'x'; 9])).collect();
    medium.keep_runs(&many).unwrap();
    assert_eq!(medium.run(&run_id(1)).unwrap().unwrap(), b"first");
    assert_eq!(medium.runs().unwrap(), (1..40).map(run_id).collect::<Vec<_>>());
}

#[test]
fn both_media_keep_an_ended_run_once() {
    let dir = tempfile::tempdir().unwrap();
    an_ended_run_is_kept_once_as_it_was_first(Local(paths_in(dir.path())));
    an_ended_run_is_kept_once_as_it_was_first(InMemory(Disk::default()));
}

/// Runs two runs on a store that dies at write `nth` with `durable` bytes of it, then once more on what is left.
fn crash_and_go_on(nth: u64, durable: usize) -> Option<(State, Disk)> {
    let work = |mut store: MemoryStore, state: Option<State>| -> (MemoryStore, Result<State, StoreError>) {
        let mut state = state.unwrap_or_else(new_state);
        let mut all = || {
            close_runs(&mut store, &mut state, &[])?;
            for (number, address) in [(1, "sh-primary"), (2, "sh-backup")] {
                let entries = drain(number, 0, address);
                let done = store.run(&run_id(number))?.as_ref().map_or(0, lines_of);
                for entry in entries.iter().skip(done) {
                    store.append(std::slice::from_ref(entry))?;
                }
                close_runs(&mut store, &mut state, &[])?;
            }
            Ok(())
        };
        let result = all();
        (store, result.map(|()| state))
    };
    let open_disk = |disk: Disk| open(Memory::new(disk), &holder("a"));
    let (store, _) = open_disk(Disk::default()).unwrap();
    let (store, result) = work(store.with_fault(nth, Fault::Died(durable)), None);
    let disk = match result {
        Ok(state) if store.writes() < nth => return Some((state, store.into_disk())),
        _ => store.into_disk(),
    };
    assert!(disk.state.as_deref().is_none_or(|bytes| state::decode(bytes).is_ok()), "old or new, never half");
    let (store, found) = open_disk(disk).unwrap();
    let (store, result) = work(store, found.state);
    let state = result.ok()?;
    // And a third process finds nothing left to do.
    let (store, found) = open_disk(store.into_disk()).unwrap();
    assert_eq!(found.state.as_ref(), Some(&state));
    assert_eq!(store.writes(), 0);
    Some((state, store.into_disk()))
}

/// How many entries of a drain are recorded.
fn lines_of(run: &rictl::journal::Run) -> usize {
    let trace = &run.traces[0];
    let answered = trace
        .attempts
        .first()
        .map_or(0, |attempt| 1 + usize::from(attempt.answer != rictl::journal::Answer::Unrecorded));
    1 + answered + usize::from(trace.closed.is_some()) + usize::from(run.over.is_some())
}

/// What is appended without blocking stands where the next append, and the next process, look for it.
pub(crate) async fn appends_without_blocking(mut bench: impl Bench) {
    let (mut store, _) = bench.open();
    let entries = drain(1, 0, "sh-primary");
    store.append_without_blocking(&entries[..2]).await.unwrap();
    store.append(&entries[2..3]).unwrap();
    store.append_without_blocking(&entries[3..]).await.unwrap();
    let told = store.replay().clone();
    bench.close(store);
    assert_eq!(*bench.open().0.replay(), told);
}

#[tokio::test]
async fn files_are_appended_to_without_blocking() {
    let dir = tempfile::tempdir().unwrap();
    appends_without_blocking(Local(paths_in(dir.path()))).await;
}

#[tokio::test]
async fn memory_is_appended_to_without_blocking() {
    appends_without_blocking(InMemory(Disk::default())).await;
}

#[test]
fn a_crash_at_any_byte_of_any_write_loses_nothing() {
    let (whole, disk) = crash_and_go_on(1_000, 0).unwrap();
    let runs: Vec<_> = disk.runs.keys().cloned().collect();
    assert_eq!(runs, [run_id(1), run_id(2)]);
    for nth in 0..18 {
        for durable in (0..900).step_by(3).chain([usize::MAX]) {
            let (state, disk) = crash_and_go_on(nth, durable).unwrap_or_else(|| panic!("write {nth}, {durable} bytes"));
            assert_eq!(state.interfaces, whole.interfaces, "write {nth}, {durable} bytes");
            assert_eq!(state.last_run, whole.last_run);
            assert_eq!(disk.runs.keys().cloned().collect::<Vec<_>>(), runs, "write {nth}, {durable} bytes");
        }
    }
}

#[test]
fn after_a_refused_write_nothing_more_is_recorded() {
    let (store, _) = open(Memory::new(Disk::default()), &holder("a")).unwrap();
    let mut store = store.with_fault(1, Fault::Refused);
    let entries = drain(1, 0, "sh-primary");
    store.append(&entries[..1]).unwrap();
    assert!(matches!(store.append(&entries[1..2]), Err(StoreError::Io { .. })));
    assert!(matches!(store.append(&entries[2..3]), Err(StoreError::Broken { .. })));
    assert!(matches!(store.commit(&mut state_of(1), 0), Err(StoreError::Broken { .. })));
    assert_eq!(Journal::decode(&store.disk().journal).unwrap().0.replay().runs()[0].open_steps().count(), 0);
}

#[test]
fn a_run_that_could_not_be_archived_is_recorded_and_the_next_writer_archives_it() {
    for nth in [7, 8, 9] {
        let (store, _) = open(Memory::new(Disk::default()), &holder("a")).unwrap();
        let mut store = store.with_fault(nth, Fault::Refused);
        let mut state = new_state();
        for entry in drain(1, 0, "sh-primary") {
            store.append(&[entry]).unwrap();
        }
        let warning = close_runs(&mut store, &mut state, &[]).unwrap().unwrap();
        assert!(matches!(warning, Note::NotArchived { .. }), "{warning:?}");
        assert_eq!(store.run_ids().unwrap(), [run_id(1)]);
        // The same process can go on, and does not lose what is still in the journal.
        store.append(&drain(2, 1, "sh-backup")).unwrap();
        assert_eq!(close_runs(&mut store, &mut state, &[]).unwrap(), None);
        let (store, recorded) = open(Memory::new(store.into_disk()), &holder("a")).unwrap();
        assert_eq!(recorded.state, Some(state));
        assert_eq!(store.disk().runs.keys().cloned().collect::<Vec<_>>(), [run_id(1), run_id(2)]);
        assert!(store.replay().runs().is_empty());
    }
}

#[test]
fn reading_the_files_sees_what_the_store_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    let (mut store, _) = open(Files::new(paths.clone()), &holder("a")).unwrap();
    store.append(&drain(1, 0, "sh-primary")).unwrap();
    let recorded = read(&Files::new(paths)).unwrap();
    assert_eq!(&recorded.journal.replay(), &store.replay());
    assert_eq!(recorded.running.unwrap().who, "a");
}
