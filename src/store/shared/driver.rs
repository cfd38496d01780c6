//! Who asks a remote: a thread of its own, or whoever wants to know.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::surely::{Patience, beat};
use super::{AnyRemote, Lease, guard};
use crate::clock::BootTime;
use crate::store::StoreError;

/// Something to be done with a remote.
type Job = Box<dyn for<'r> FnOnce(&'r mut dyn AnyRemote) -> LocalBoxFuture<'r, ()> + Send>;

/// Where a remote lives.
pub(super) struct Driver {
    home: Home,
    /// What has to be kept alive.
    lease: Arc<Mutex<Option<Lease>>>,
    /// Whoever waited for a write has gone: it may go on for long, and nobody waits behind it.
    is_given_up: AtomicBool,
}

/// Whoever waits for a write.
struct Waiting<'d> {
    is_given_up: &'d AtomicBool,
    is_answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.is_given_up.store(true, Ordering::Relaxed);
        }
    }
}

enum Home {
    /// On a thread, which ends with the last handle.
    Thread(UnboundedSender<Job>),
    /// Here: it answers at once.
    Here(Mutex<Box<dyn AnyRemote>>),
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl Driver {
    pub(super) fn thread(remote: Box<dyn AnyRemote>) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Io { doing: "start a thread for", path: "the store".to_owned(), source };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (jobs, todo) = unbounded_channel();
        let lease = Arc::default();
        let kept = Arc::clone(&lease);
        let serve = move || runtime.block_on(serve(remote, todo, kept));
        thread::Builder::new().name("store".to_owned()).spawn(serve).map_err(failed)?;
        Ok(Self { home: Home::Thread(jobs), lease, is_given_up: AtomicBool::new(false) })
    }

    pub(super) fn here(remote: Box<dyn AnyRemote>) -> Self {
        Self { home: Home::Here(Mutex::new(remote)), lease: Arc::default(), is_given_up: AtomicBool::new(false) }
    }

    /// Serves another remote in the same way.
    pub(super) fn another(&self, remote: Box<dyn AnyRemote>) -> Result<Self, StoreError> {
        match self.home {
            Home::Thread(_) => Self::thread(remote),
            Home::Here(_) => Ok(Self::here(remote)),
        }
    }

    /// Sends beats for a lease from now on, or for none.
    pub(super) fn keep_alive(&self, lease: Option<Lease>) {
        *guard(&self.lease) = lease;
        // Whoever waits for the next job learns that there is one to keep alive.
        if let Home::Thread(jobs) = &self.home {
            jobs.send(Box::new(|_| Box::pin(std::future::ready(())))).ok();
        }
    }

    /// Asks, blocking until it is answered.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        ask: impl for<'r> FnOnce(&'r mut dyn AnyRemote) -> LocalBoxFuture<'r, Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask_patiently(|remote, _| ask(remote))
    }

    /// Asks, blocking until it is answered; what is asked may try again.
    pub(super) fn ask_patiently<T: Send + 'static>(
        &self,
        ask: impl for<'r> FnOnce(&'r mut dyn AnyRemote, Patience) -> LocalBoxFuture<'r, Result<T, StoreError>>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        match &self.home {
            Home::Here(remote) => at_once(ask(&mut **guard(remote), Patience::AtOnce)),
            Home::Thread(_) if self.is_given_up.load(Ordering::Relaxed) => Err(StoreError::Stalled),
            Home::Thread(jobs) => {
                let (tell, told) = mpsc::channel();
                jobs.send(job(ask, move |answer| drop(tell.send(answer)))).map_err(|_| gone())?;
                told.recv().map_err(|_| gone())?
            }
        }
    }

    /// Asks, and lets others go on meanwhile. Given up before it is answered, it is done all the same, and nothing more is asked.
    pub(super) async fn later<T: Send + 'static>(
        &self,
        ask: impl for<'r> FnOnce(&'r mut dyn AnyRemote, Patience) -> LocalBoxFuture<'r, Result<T, StoreError>>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        match &self.home {
            Home::Here(remote) => at_once(ask(&mut **guard(remote), Patience::AtOnce)),
            Home::Thread(jobs) => {
                let (tell, told) = oneshot::channel();
                jobs.send(job(ask, move |answer| drop(tell.send(answer)))).map_err(|_| gone())?;
                let mut waiting = Waiting { is_given_up: &self.is_given_up, is_answered: false };
                let answer = told.await;
                waiting.is_answered = true;
                answer.map_err(|_| gone())?
            }
        }
    }
}

fn at_once<T>(answer: LocalBoxFuture<'_, Result<T, StoreError>>) -> Result<T, StoreError> {
    let waits = || Err(StoreError::Bug("a store that is asked on the spot does not answer at once".to_owned()));
    answer.now_or_never().unwrap_or_else(waits)
}

fn gone() -> StoreError {
    StoreError::Bug("the thread of the store is gone".to_owned())
}

fn job<T: Send + 'static>(
    ask: impl for<'r> FnOnce(&'r mut dyn AnyRemote, Patience) -> LocalBoxFuture<'r, Result<T, StoreError>> + Send + 'static,
    tell: impl FnOnce(Result<T, StoreError>) + Send + 'static,
) -> Job {
    Box::new(move |remote| Box::pin(async move { tell(ask(remote, Patience::Pauses).await) }))
}

/// Does what is asked, one at a time, and sends beats in between.
async fn serve(mut remote: Box<dyn AnyRemote>, mut jobs: UnboundedReceiver<Job>, lease: Arc<Mutex<Option<Lease>>>) {
    /// A beat without an answer is sent again after this.
    const AGAIN: Duration = Duration::from_secs(1);
    let mut not_before = BootTime::now();
    loop {
        let kept = guard(&lease).clone();
        let due = kept.as_ref().and_then(Lease::beat_in).map(|due| due.max(not_before.since(BootTime::now())));
        let beat_due = async {
            match due {
                Some(due) => tokio::time::sleep(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = beat_due => {
                if let Some(kept) = &kept && !beat(&mut *remote, kept).await {
                    not_before = BootTime::now().after(AGAIN);
                }
            }
            job = jobs.recv() => match job {
                Some(job) => job(&mut *remote).await,
                None => return,
            },
        }
    }
}
