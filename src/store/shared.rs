//! A medium of a store that many machines share, over any [`Remote`].
//!
//! It waits, tries again and gives up, so that no remote has to: a write whose answer is lost is made again at the same
//! position until it is known what became of it, silence of a third of the lease sends a beat, and what was fenced once is
//! never written to again. A remote lives on a thread of its own, for three reasons: beats go out while the rooms above
//! compute or wait for a person, those rooms stay as they are for files, and only the append inside a run, which has
//! deadlines to keep meanwhile, is awaited. For a simulation the remote is asked on the spot instead, and answers at once.
//!
//! Handles are clones that share thread and connection. The claim is that of the handle which took it, and is given back
//! when that one is dropped.

mod driver;
mod ids;
mod lease;
mod medium;
mod surely;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::lock::Holder;
use super::medium::run_named_by;
use super::remote::{AnyRemote, Fenced, Folder, Held, Lapse, Lost, NoteName, Noted, Prefix, Remote, StateName, Tip};
use super::{About, StoreError};
use crate::clock::BootTime;
use crate::language::{Wording, worded};
use crate::state::RunId;

use driver::Driver;
use surely::{Write, surely};

pub use ids::ToldIds;
pub use lease::{Lease, Predecessor};

/// What a handle is told of how to hold a state.
#[derive(Clone, Debug)]
pub struct Terms {
    /// For how long each write renews the claim.
    pub ttl: Duration,
    /// Where lines are put that could not be appended: the first of these directories that takes them.
    pub rescue: Vec<PathBuf>,
}

impl Terms {
    /// How long a lease runs where nobody says.
    pub const TTL: Duration = Duration::from_secs(60);

    /// The shortest lease: shorter ones are lost by a pause of nothing much.
    pub const LEAST_TTL: Duration = Duration::from_secs(10);
}

/// A handle on a state in a shared store.
#[derive(Debug)]
pub struct Shared {
    driver: Arc<Driver>,
    label: Arc<str>,
    terms: Terms,
    claim: Option<Claim>,
    watch: Option<Watch>,
    /// The state that was read together with the journal that was handed out last.
    beside: Mutex<Option<Option<Vec<u8>>>>,
}

/// What the handle that holds the state knows of it.
#[derive(Debug)]
struct Claim {
    lease: Lease,
    /// The journal as it was read and written under the claim: nobody else can have changed it.
    journal: Mutex<Option<Vec<u8>>>,
    /// How many states were kept under it.
    kept: i64,
}

/// A claim whose store cannot tell whether its lease is over, while it is watched.
#[derive(Debug)]
struct Watch {
    epoch: u64,
    pulse: u64,
    since: BootTime,
}

impl Clone for Shared {
    /// Returns another handle, without the claim.
    fn clone(&self) -> Self {
        Self {
            driver: Arc::clone(&self.driver),
            label: Arc::clone(&self.label),
            terms: self.terms.clone(),
            claim: None,
            watch: None,
            beside: Mutex::default(),
        }
    }
}

impl Shared {
    /// Puts a remote on a thread of its own.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn on_a_thread(remote: impl Remote, terms: Terms) -> Result<Self, StoreError> {
        let label = Remote::label(&remote);
        Ok(Self::over(Driver::thread(Box::new(remote))?, label, terms))
    }

    /// Asks a remote on the spot, which answers at once: one in memory. Nothing beats for it.
    pub fn on_the_spot(remote: impl Remote, terms: Terms) -> Self {
        let label = Remote::label(&remote);
        Self::over(Driver::here(Box::new(remote)), label, terms)
    }

    fn over(driver: Driver, label: String, terms: Terms) -> Self {
        Self {
            driver: Arc::new(driver),
            label: label.into(),
            terms,
            claim: None,
            watch: None,
            beside: Mutex::default(),
        }
    }

    /// Names the state for people.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Returns who writes, without taking the claim.
    ///
    /// # Errors
    /// A store that cannot be reached.
    pub fn tip(&self) -> Result<Tip, StoreError> {
        self.driver.ask(|remote| Box::pin(async move { remote.tip().await }))
    }

    /// Ends the claim with this id by force, and returns whose it was.
    ///
    /// # Errors
    /// No claim, or another one; a store that cannot be reached.
    pub fn free(&self, id: &str) -> Result<Holder, StoreError> {
        let id = id.to_owned();
        self.driver.ask(move |remote| Box::pin(async move { remote.free(&id).await }))
    }

    /// Returns what stands under a name.
    ///
    /// # Errors
    /// A store that cannot be reached.
    pub fn noted(&self, name: NoteName) -> Result<Option<Vec<u8>>, StoreError> {
        self.driver.ask(move |remote| Box::pin(async move { remote.noted(&name).await }))
    }

    /// Keeps bytes under a name where nothing stands yet.
    ///
    /// # Errors
    /// A write of which nobody knows what became.
    pub fn note(&self, name: NoteName, bytes: &[u8]) -> Result<Noted, StoreError> {
        let bytes = bytes.to_vec();
        self.driver.ask_patiently(move |remote, patience| {
            Box::pin(async move { surely::note(remote, &name, &bytes, patience).await })
        })
    }

    /// Keeps bytes under a name, in the place of what stands there.
    ///
    /// # Errors
    /// A write of which nobody knows what became.
    pub fn replace(&self, name: NoteName, bytes: &[u8]) -> Result<(), StoreError> {
        let bytes = bytes.to_vec();
        self.driver.ask(move |remote| Box::pin(async move { remote.replace(&name, &bytes).await }))
    }

    /// Lists the names in a folder.
    ///
    /// # Errors
    /// A store that cannot be reached.
    pub fn names(&self, folder: Folder) -> Result<Vec<NoteName>, StoreError> {
        self.driver.ask(move |remote| Box::pin(async move { remote.names(folder).await }))
    }

    /// Lists every state in the same store.
    ///
    /// # Errors
    /// A store that cannot be reached.
    pub fn states(&self) -> Result<Vec<StateName>, StoreError> {
        self.driver.ask(|remote| Box::pin(async move { remote.states().await }))
    }

    /// Reads states of the same store, in this order.
    ///
    /// # Errors
    /// A store that cannot be asked.
    pub fn read_all(&self, names: Vec<StateName>) -> Result<Vec<Result<Prefix, StoreError>>, StoreError> {
        self.driver.ask(move |remote| Box::pin(async move { remote.read_all(&names).await }))
    }

    /// Returns a handle on another state of the same store, which is asked where this one is: on a thread of its own, or on the spot.
    ///
    /// # Errors
    /// No thread can be had; a name that this store does not take.
    pub fn beside(&self, name: &StateName) -> Result<Self, StoreError> {
        let name = name.clone();
        let other = self.driver.ask(move |remote| Box::pin(async move { remote.beside(&name) }))?;
        let label = other.label();
        Ok(Self::over(self.driver.another(other)?, label, self.terms.clone()))
    }

    /// Returns the lease that this handle holds.
    fn held(&self) -> Option<&Lease> {
        self.claim.as_ref().map(|claim| &claim.lease)
    }

    fn prefix(&self) -> Result<Prefix, StoreError> {
        self.driver.ask(|remote| Box::pin(async move { remote.read().await }))
    }

    /// Does a write under the claim, blocking until it is known what became of it.
    fn write(&self, write: Write) -> Result<(), StoreError> {
        let lease = self.held().ok_or_else(unclaimed)?.clone();
        self.forget();
        self.driver.ask_patiently(move |remote, patience| Box::pin(surely(remote, write, lease, patience)))
    }

    /// The journal under the claim is longer by what was appended.
    fn appended(&self, batch: &[u8]) {
        if let Some(claim) = &self.claim {
            guard(&claim.journal).get_or_insert_default().extend_from_slice(batch);
        }
    }

    /// What was read before counts no more.
    fn forget(&self) {
        *guard(&self.beside) = None;
    }

    /// Returns whether a held claim may be taken over; watches it where its store cannot tell.
    fn is_over(&mut self, tip: &Tip, held: &Held) -> bool {
        match held.lease {
            Lapse::Left(_) => false,
            Lapse::Over => true,
            Lapse::Untold => {
                let since = match &self.watch {
                    Some(watch) if (watch.epoch, watch.pulse) == (tip.epoch, tip.pulse) => watch.since,
                    _ => {
                        let since = BootTime::now();
                        self.watch = Some(Watch { epoch: tip.epoch, pulse: tip.pulse, since });
                        since
                    }
                };
                since.elapsed() > held.ttl.mul_f64(1.5)
            }
        }
    }

    /// Takes the claim if the tip is still `seen`; `None` where somebody was faster, or nobody knows.
    fn bid(&mut self, seen: Tip, holder: &Holder) -> Result<Option<Option<Wording>>, StoreError> {
        let (begun, id, holder, ttl) = (BootTime::now(), holder.id.clone(), holder.clone(), self.terms.ttl);
        let lapsed = seen.held.as_ref().map(|held| held.holder.clone()).filter(|held| held.id != holder.id);
        let claimed = self.driver.ask(move |remote| Box::pin(async move { remote.claim(&seen, &holder, ttl).await }));
        let claimed = match claimed {
            Ok(Some(claimed)) => claimed,
            // Whether it was won is seen when it is looked at again.
            Ok(None) | Err(StoreError::Unreachable { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let gone = lapsed.map(|holder| worded!("took over from a process whose lease is over: {holder}", holder));
        let forced = claimed.before.iter().find(|before| before.how == Lost::Forced).map(|before| &before.holder);
        let forced =
            forced.map(|holder| worded!("took over from a process whose claim was ended by force: {holder}", holder));
        let note = gone.or(forced);
        let lease = Lease::new(&id, Arc::clone(&self.label), &claimed, (ttl, begun));
        self.driver.keep_alive(Some(lease.clone()));
        self.claim = Some(Claim { lease, journal: Mutex::default(), kept: 0 });
        self.forget();
        Ok(Some(note))
    }

    fn run_note(id: &RunId) -> Option<NoteName> {
        NoteName::new(Folder::Runs, &*id.0)
    }

    fn word_note(id: &RunId, about: About) -> Option<NoteName> {
        NoteName::new(Folder::Words, format!("{id}.{}", about.word()))
    }

    /// Returns the run whose id stands under a name.
    fn run_named_in(&self, name: Option<NoteName>) -> Result<Option<RunId>, StoreError> {
        let Some(name) = name else { return Ok(None) };
        let text = format!("{name} of {}", self.label);
        let bytes = self.noted(name)?;
        bytes.map(|bytes| run_named_by(&bytes, || text)).transpose()
    }

    /// Keeps bytes under the first name of this kind that nothing has.
    fn put_aside(&self, kind: &str, bytes: &[u8]) -> Result<String, StoreError> {
        for number in 1_u32.. {
            let name = named(Folder::Aside, format!("{kind}-{number}"))?;
            let text = format!("{name} of {}", self.label);
            match self.note(name, bytes)? {
                Noted::Yours => return Ok(text),
                Noted::Earlier(there) if there == bytes => return Ok(text),
                Noted::Earlier(_) => {}
            }
        }
        Err(StoreError::Bug("there is more aside than can be counted".to_owned()))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let Some(claim) = self.claim.take() else { return };
        self.driver.keep_alive(None);
        if claim.lease.fenced().is_none() {
            // Where it cannot be given back it runs out.
            self.driver.ask(|remote| Box::pin(async move { remote.release().await })).ok();
        }
    }
}

fn guard<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unclaimed() -> StoreError {
    StoreError::Bug("a write without the claim".to_owned())
}

pub(super) fn named(folder: Folder, name: impl Into<String>) -> Result<NoteName, StoreError> {
    let name = name.into();
    NoteName::new(folder, name.clone()).ok_or_else(|| StoreError::Bug(format!("{name:?} is no name in a store")))
}

impl StoreError {
    /// Says who has taken over.
    pub(super) fn fenced(path: &str, fenced: &Fenced) -> Self {
        let by = fenced.by.as_ref().map_or_else(|| "somebody who freed it by force".to_owned(), ToString::to_string);
        Self::Fenced { path: path.to_owned(), by, since: fenced.since, epoch: fenced.epoch }
    }
}
