//! The live table of a run: redrawn a few times a second, taken away before anything else is written.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::AbortHandle;

use crate::clock::Clock;
use crate::plan::{Plan, StepId};
use crate::render::View;
use crate::render::live::Table;
use crate::run::Event;

use super::super::{outlet, output};

/// How often the table is looked at; it is drawn only where it changed.
const REDRAW: Duration = Duration::from_millis(200);

/// The table of one run on the terminal; gone when it is dropped.
pub(super) struct LiveTable {
    table: Arc<Mutex<Table>>,
    redraw: AbortHandle,
}

impl LiveTable {
    pub(super) fn start(plan: &Plan, typical: BTreeMap<StepId, Duration>, view: View, clock: Clock) -> Self {
        let table = Arc::new(Mutex::new(Table::new(plan, typical, view)));
        let shared = Arc::clone(&table);
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(REDRAW);
            loop {
                ticks.tick().await;
                draw(&mut lock(&shared), clock.now());
            }
        });
        let shared = Arc::clone(&table);
        output::set_make_room(Some(Box::new(move || {
            // Whoever holds the table is drawing it, and what is written now is about that.
            if let Ok(mut table) = shared.try_lock() {
                clear(&mut table);
            }
        })));
        Self { table, redraw: task.abort_handle() }
    }

    pub(super) fn event(&self, at: Timestamp, event: &Event) {
        output::show(|out| lock(&self.table).event(out, at, event));
    }
}

impl Drop for LiveTable {
    fn drop(&mut self) {
        self.redraw.abort();
        output::set_make_room(None);
        clear(&mut lock(&self.table));
    }
}

fn clear(table: &mut Table) {
    output::show(|out| table.clear(out));
}

fn draw(table: &mut Table, now: Timestamp) {
    // Nobody sees it while the terminal is stopped, and what would be drawn piles up.
    if outlet::is_stalled() {
        return;
    }
    let (columns, rows) = output::size();
    if let Some(columns) = columns {
        table.resize(columns);
    }
    output::show(|out| table.draw(out, now, rows));
}

/// A table that was being drawn when its thread panicked is still a table.
fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
