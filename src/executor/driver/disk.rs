//! The journal: one append at a time, and how long it is waited for once a run is left.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::stream::StreamExt as _;
use tokio::time::Instant;

use super::{Cloud, Driver, Gate, Input};
use crate::cloud::routes::RoutesRead;
use crate::journal::Entry;
use crate::store::{Store, StoreError};

/// How long the disk may still take once a run is left: more than one that works needs.
const LAST_WRITE: Duration = Duration::from_secs(2);

impl<'a, C: Cloud + RoutesRead, S: Store, G: Gate> Driver<'a, C, S, G> {
    pub(super) fn append(&mut self, entries: Vec<Entry>) {
        debug_assert!(self.appends.is_empty(), "one append is on its way at a time");
        let Some(store) = self.store.take() else {
            return self.news.push_back(Input::Unappended(StoreError::Stalled));
        };
        self.appends.push(Box::pin(async move {
            let outcome = store.append_without_blocking(&entries).await;
            (store, outcome)
        }));
        // What is durable at once is told at once.
        self.take_appended();
    }

    pub(super) fn take_appended(&mut self) {
        while let Some(Some((store, outcome))) = self.appends.next().now_or_never() {
            self.on_append(store, outcome);
        }
    }

    pub(super) fn on_append(&mut self, store: &'a mut S, outcome: Result<(), StoreError>) {
        self.store = Some(store);
        // What was read before comes first: it may forbid the calls that become durable now.
        self.take_reads();
        self.news.push_back(match outcome {
            Ok(()) => Input::Appended,
            Err(error) => Input::Unappended(error),
        });
    }

    /// Returns until when an append is waited for, once there is an end to that.
    pub(super) fn leaves_disk_at(&self) -> Option<Instant> {
        self.left_at.filter(|_| !self.appends.is_empty()).map(|left_at| left_at + LAST_WRITE)
    }

    /// Gives up an append that outlasts the patience of whoever asked twice to stop: the disk may be gone, and what it holds
    /// of the run tells whoever comes next no less than after a crash. Nothing is sent any more.
    pub(super) fn leave_disk(&mut self) {
        if self.leaves_disk_at().is_some_and(|leaves_at| leaves_at <= Instant::now()) {
            self.appends.clear();
            self.news.push_back(Input::Unappended(StoreError::Stalled));
        }
    }
}
