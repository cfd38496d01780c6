//! What ends work that sends nothing: a signal, or somebody who takes the state over.

use anyhow::Result;
use futures_util::FutureExt as _;
use tokio::sync::watch;

use crate::language::worded;
use crate::ops::failure::{Exit, Refusal};
use crate::store::Lease;

/// Does what sends nothing unless somebody takes the state over first: what is planned then is of nobody's state, and the cloud may
/// not answer for long.
///
/// # Errors
/// [`crate::store::StoreError::Fenced`], exit 4, and those of `work` while the state is ours.
pub async fn unless_taken_over<T>(lease: Option<Lease>, work: impl Future<Output = Result<T>>) -> Result<T> {
    let Some(lease) = lease else { return work.await };
    tokio::select! {
        biased;
        error = lease.lost() => Err(error.into()),
        outcome = work => match lease.lost().now_or_never() {
            Some(error) if outcome.is_err() => Err(error.into()),
            _ => outcome,
        },
    }
}

/// Does what sends nothing unless a signal comes first.
///
/// # Errors
/// Exit 130 after a signal, and those of `work`.
pub async fn unless_signalled<T>(signals: &watch::Receiver<u32>, work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut signals = signals.clone();
    tokio::select! {
        biased;
        Ok(_) = signals.wait_for(|count| *count > 0) => {
            Err(Refusal::new(Exit::Interrupted, worded!("interrupted before anything was sent")).into())
        }
        outcome = work => outcome,
    }
}
