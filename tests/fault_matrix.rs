//! Every fault of the network and of the API, at the first, a middle and the last call of each kind: the real binary,
//! signed requests over real sockets, the emulator's fault schedule, and a relay for what happens below HTTP.
//!
//! `FAULT="N5" cargo test --test all fault_matrix:: -- --nocapture` runs the classes whose name holds the word, and
//! prints the table. The number in a field is the exit code; `-` stands where a class has no such cell.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and prints its matrix"
)]

mod cell;
mod classes;
mod wire;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;

use cell::{Cell, Of};
use classes::CLASSES;
use wire::{WIRES, WireCell};

/// Cells wait far more than they compute.
const THREADS: usize = 12;

const KINDS: [(Of, &str); 3] = [(Of::Describe, "describe"), (Of::Activate, "activate"), (Of::Deactivate, "deactivate")];

/// The fewest cells that make the matrix worth its name.
const FEWEST: usize = 300;

#[test]
fn every_fault_at_every_place_ends_as_it_must() {
    let only = std::env::var("FAULT").unwrap_or_default();
    let places = || {
        let kinds = KINDS.into_iter().flat_map(|(of, _)| [false, true].map(|stays| (of, stays)));
        kinds.flat_map(|(of, stays)| (0..3).map(move |place| (of, stays, place)))
    };
    let emulated = CLASSES.iter().filter(|class| class.name.contains(&only)).flat_map(|class| {
        places()
            .map(|(of, stays, place)| Cell { class: *class, of, place, stays })
            .filter(Cell::exists)
            .map(Any::Emulated)
    });
    let relayed = WIRES.iter().filter(|wire| wire.name.contains(&only)).flat_map(|wire| {
        places()
            .map(|(of, stays, place)| WireCell { wire: *wire, of, place, stays })
            .filter(WireCell::exists)
            .map(Any::Relayed)
    });
    let cells: Vec<Any> = relayed.chain(emulated).collect();
    assert!(!only.is_empty() || cells.len() >= FEWEST, "only {} cells", cells.len());
    let (queue, results) = (Mutex::new(cells), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(cell) = next(&queue) {
                    let (field, result) = cell.run();
                    results.lock().unwrap().insert(field, result);
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    println!("{}", table(&results));
    let failures: Vec<String> = results
        .iter()
        .filter_map(|((class, of, stays, place), result)| {
            let error = result.as_ref().err()?;
            let (when, place) = (if *stays { "from then on" } else { "once" }, ["first", "middle", "last"][*place]);
            Some(format!("==== {class}, {of:?}, {place}, {when}\n{error}"))
        })
        .collect();
    assert!(failures.is_empty(), "{} of {} cells:\n{}", failures.len(), results.len(), failures.join("\n"));
}

/// A cell of either kind.
#[derive(Clone, Copy)]
enum Any {
    Emulated(Cell),
    Relayed(WireCell),
}

impl Any {
    fn run(&self) -> (Field, Result<i32, String>) {
        match self {
            Self::Emulated(cell) => ((cell.class.name, cell.of, cell.stays, cell.place), cell.run()),
            Self::Relayed(cell) => ((cell.wire.name, cell.of, cell.stays, cell.place), cell.run()),
        }
    }
}

fn next(queue: &Mutex<Vec<Any>>) -> Option<Any> {
    queue.lock().unwrap().pop()
}

/// Class, kind of call, whether it stays, place.
type Field = (&'static str, Of, bool, usize);

type Results = BTreeMap<Field, Result<i32, String>>;

fn table(results: &Results) -> String {
    let mut text = format!("{:28}", "");
    for (_, kind) in KINDS {
        write!(text, "{:<14}{:<14}", kind, "… for good").unwrap();
    }
    text.push('\n');
    for name in WIRES.iter().map(|wire| wire.name).chain(CLASSES.iter().map(|class| class.name)) {
        let mut line = format!("{name:28}");
        let mut any = false;
        for (of, _) in KINDS {
            for stays in [false, true] {
                let fields: Vec<String> = (0..3)
                    .map(|place| match results.get(&(name, of, stays, place)) {
                        None => "-".to_owned(),
                        Some(Ok(code)) => code.to_string(),
                        Some(Err(_)) => "!".to_owned(),
                    })
                    .collect();
                any |= fields.iter().any(|field| field != "-");
                write!(line, "{:<14}", fields.join(" ")).unwrap();
            }
        }
        if any {
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    write!(
        text,
        "{} cells, {} as they must be",
        results.len(),
        results.values().filter(|result| result.is_ok()).count()
    )
    .unwrap();
    text
}
