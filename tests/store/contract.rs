//! One contract, both stores.

use rictl::journal::{Entry, Journal};
use rictl::state::{self, State};
use rictl::store::local::{LocalStore, Paths, read};
use rictl::store::memory::{Disk, Fault, MemoryStore};
use rictl::store::{Store, StoreError};

use super::arrange::{drain, new_state, state_of};
use super::local::{holder, paths_in};

/// A way to open a store on the same history again and again.
trait Bench {
    type Store: Store;
    fn open(&mut self) -> (Self::Store, Option<State>);
    fn close(&mut self, store: Self::Store);
}

struct Local(Paths);

impl Bench for Local {
    type Store = LocalStore;
    fn open(&mut self) -> (LocalStore, Option<State>) {
        let (store, recorded) = LocalStore::try_open(self.0.clone(), &holder("a")).unwrap();
        assert_eq!(recorded.notes, Vec::<String>::new());
        (store, recorded.state)
    }
    fn close(&mut self, store: LocalStore) {
        drop(store);
    }
}

struct Memory(Disk);

impl Bench for Memory {
    type Store = MemoryStore;
    fn open(&mut self) -> (MemoryStore, Option<State>) {
        MemoryStore::open(self.0.clone()).unwrap()
    }
    fn close(&mut self, store: MemoryStore) {
        self.0 = store.into_disk();
    }
}

fn keeps_the_contract(mut bench: impl Bench) {
    // New: nothing recorded, and a run can be.
    let (mut store, state) = bench.open();
    assert!(state.is_none() && store.replay().runs().is_empty());
    let mut state = new_state();
    for entry in drain(1, 0, "sh-primary") {
        store.append(&[entry]).unwrap();
    }
    store.fold_ended_run(&mut state).unwrap();
    store.fold_ended_run(&mut state).unwrap();
    assert_eq!((state.serial, store.replay().last_serial()), (1, 1));
    bench.close(store);

    // Again: what was recorded is there, and so is a run that died over an intent.
    let (mut store, found) = bench.open();
    assert_eq!(found.as_ref(), Some(&state));
    store.append(&drain(2, 1, "sh-backup")[..2]).unwrap();
    bench.close(store);
    let (mut store, found) = bench.open();
    assert_eq!(found.as_ref(), Some(&state));
    assert_eq!(store.replay().open_run().unwrap().open_steps().count(), 1);

    // A commit on another basis is refused and changes nothing.
    let mut other = state.clone();
    other.serial = 9;
    assert!(matches!(store.commit(&other, 5), Err(StoreError::Moved { .. })));
    assert!(matches!(store.commit(&state, 1), Err(StoreError::Bug(_))));
    other.lineage = "lineage-2".into();
    assert!(matches!(store.commit(&other, 1), Err(StoreError::Moved { .. })));
    bench.close(store);
    let (mut store, found) = bench.open();
    assert_eq!(found.as_ref(), Some(&state));

    // An illegal entry is a bug that is told, not written.
    assert!(matches!(store.append(&[Entry::Folded { serial: 7 }]), Err(StoreError::Bug(_))));
    bench.close(store);
    assert_eq!(bench.open().0.replay().runs().len(), 2);
}

#[test]
fn local_files_keep_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    keeps_the_contract(Local(paths_in(dir.path())));
}

#[test]
fn memory_keeps_the_contract() {
    keeps_the_contract(Memory(Disk::default()));
}

/// Runs two runs on a store that dies at write `nth` with `durable` bytes of it, then once more on what is left.
fn crash_and_go_on(nth: u64, durable: usize) -> Option<State> {
    let work = |mut store: MemoryStore, state: Option<State>| -> (MemoryStore, Result<State, StoreError>) {
        let mut state = state.unwrap_or_else(new_state);
        let mut all = || {
            store.fold_ended_run(&mut state)?;
            for (number, address) in [(1, "sh-primary"), (2, "sh-backup")] {
                let entries = drain(number, 0, address);
                let done = store.replay().runs().iter().map(lines_of).nth(number as usize - 1).unwrap_or(0);
                for entry in entries.iter().skip(done) {
                    store.append(std::slice::from_ref(entry))?;
                }
                store.fold_ended_run(&mut state)?;
            }
            Ok(())
        };
        let result = all();
        (store, result.map(|()| state))
    };
    let store = MemoryStore::open(Disk::default()).unwrap().0.with_fault(nth, Fault::Died(durable));
    let (store, result) = work(store, None);
    if let Ok(state) = result {
        return Some(state);
    }
    let disk = store.into_disk();
    assert!(disk.state.as_deref().is_none_or(|bytes| state::decode(bytes).is_ok()), "old or new, never half");
    let (store, found) = MemoryStore::open(disk).unwrap();
    work(store, found).1.ok()
}

/// How many entries of a drain are recorded.
fn lines_of(run: &rictl::journal::Run) -> usize {
    let trace = &run.traces[0];
    let answered = trace
        .attempts
        .first()
        .map_or(0, |attempt| 1 + usize::from(attempt.answer != rictl::journal::Answer::Unrecorded));
    1 + answered + usize::from(trace.closed.is_some()) + usize::from(run.end.is_some())
}

#[test]
fn a_crash_at_any_byte_of_any_write_loses_nothing() {
    let whole = crash_and_go_on(1_000, 0).unwrap();
    for nth in 0..14 {
        for durable in (0..400).chain([usize::MAX]) {
            let state = crash_and_go_on(nth, durable).unwrap_or_else(|| panic!("write {nth}, {durable} bytes"));
            assert_eq!(state.interfaces, whole.interfaces, "write {nth}, {durable} bytes");
            assert_eq!(state.last_run, whole.last_run);
        }
    }
}

#[test]
fn after_a_refused_write_nothing_more_is_recorded() {
    let (store, _) = MemoryStore::open(Disk::default()).unwrap();
    let mut store = store.with_fault(1, Fault::Refused);
    let entries = drain(1, 0, "sh-primary");
    store.append(&entries[..1]).unwrap();
    assert!(matches!(store.append(&entries[1..2]), Err(StoreError::Io { .. })));
    assert!(matches!(store.append(&entries[2..3]), Err(StoreError::Broken { .. })));
    assert!(matches!(store.commit(&state_of(1), 0), Err(StoreError::Broken { .. })));
    assert_eq!(Journal::decode(&store.disk().journal).unwrap().0.replay().runs()[0].open_steps().count(), 0);
}

#[test]
fn reading_the_files_sees_what_the_store_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let paths = paths_in(dir.path());
    let (mut store, _) = LocalStore::try_open(paths.clone(), &holder("a")).unwrap();
    store.append(&drain(1, 0, "sh-primary")).unwrap();
    let recorded = read(&paths).unwrap();
    assert_eq!(&recorded.journal.replay(), &store.replay());
    assert_eq!(recorded.running.unwrap().who, "a");
}
