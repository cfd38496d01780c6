//! The lines: how many reads are on their way at once, whatever their action and region.
//!
//! Each takes a connection of its own. A mutating call never waits for a line, since what it rests on grows old: whoever
//! acts sends only so many at once, and reads leave room for those from the first place under a quota that is asked for.

use std::cell::Cell;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::cloud::{CALLS_AT_ONCE, CONNECTIONS};

/// The lines of one process.
#[derive(Debug)]
pub(super) struct Lines {
    free: Semaphore,
    is_acting: Cell<bool>,
    /// How many lines, once freed, are for calls.
    owed: Cell<usize>,
}

/// A line; dropping it frees it.
pub(super) struct Line<'l> {
    lines: &'l Lines,
    permit: Option<SemaphorePermit<'l>>,
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let owed = self.lines.owed.get();
        if owed > 0 {
            self.lines.owed.set(owed - 1);
            self.permit.take().into_iter().for_each(SemaphorePermit::forget);
        }
    }
}

impl Lines {
    pub(super) fn new() -> Self {
        Self { free: Semaphore::new(CONNECTIONS), is_acting: Cell::new(false), owed: Cell::new(0) }
    }

    /// Leaves room for calls from here on.
    pub(super) fn begin_to_act(&self) {
        if !self.is_acting.replace(true) {
            self.owed.set(CALLS_AT_ONCE - self.free.forget_permits(CALLS_AT_ONCE));
        }
    }

    /// Waits for a line.
    pub(super) async fn take(&self) -> Line<'_> {
        // Nobody closes them.
        Line { lines: self, permit: self.free.acquire().await.ok() }
    }
}
