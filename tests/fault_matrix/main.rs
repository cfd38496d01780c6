//! Every fault of the network and of the API, at the first, a middle and the last call of each kind: the real binary,
//! signed requests over real sockets, the emulator's fault schedule.
//!
//! `FAULT="N5" cargo test --test fault_matrix -- --nocapture` runs the classes whose name holds the word, and prints
//! the table. The number in a field is the exit code; `-` stands where a class has no such cell.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and prints its matrix"
)]

mod cell;
mod classes;
#[path = "../harness/harness.rs"]
mod harness;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;

use cell::{Cell, Of};
use classes::CLASSES;

/// Cells wait far more than they compute.
const THREADS: usize = 12;

const KINDS: [(Of, &str); 3] = [(Of::Describe, "describe"), (Of::Activate, "activate"), (Of::Deactivate, "deactivate")];

/// The fewest cells that make the matrix worth its name.
const FEWEST: usize = 300;

#[test]
fn every_fault_at_every_place_ends_as_it_must() {
    let only = std::env::var("FAULT").unwrap_or_default();
    let cells: Vec<Cell> = CLASSES
        .iter()
        .filter(|class| class.name.contains(&only))
        .flat_map(|class| KINDS.map(|(of, _)| (class, of)))
        .flat_map(|(class, of)| [false, true].map(|stays| (class, of, stays)))
        .flat_map(|(class, of, stays)| (0..3).map(move |place| Cell { class: *class, of, place, stays }))
        .filter(Cell::exists)
        .collect();
    assert!(!only.is_empty() || cells.len() >= FEWEST, "only {} cells", cells.len());
    let (queue, results) = (Mutex::new(cells.clone()), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(cell) = next(&queue) {
                    let result = cell.run();
                    results.lock().unwrap().insert((cell.class.name, cell.of, cell.stays, cell.place), result);
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

fn next(queue: &Mutex<Vec<Cell>>) -> Option<Cell> {
    queue.lock().unwrap().pop()
}

type Results = BTreeMap<(&'static str, Of, bool, usize), Result<i32, String>>;

fn table(results: &Results) -> String {
    let mut text = format!("{:28}", "");
    for (_, kind) in KINDS {
        write!(text, "{:<14}{:<14}", kind, "… for good").unwrap();
    }
    text.push('\n');
    for class in CLASSES {
        let mut line = format!("{:28}", class.name);
        let mut any = false;
        for (of, _) in KINDS {
            for stays in [false, true] {
                let fields: Vec<String> = (0..3)
                    .map(|place| match results.get(&(class.name, of, stays, place)) {
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
