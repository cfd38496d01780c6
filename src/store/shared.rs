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
mod surely;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::lock::Holder;
use super::medium::{Mark, digits_of};
use super::remote::{AnyRemote, Fenced, Folder, Held, Lapse, Lost, NoteName, Noted, Prefix, Remote, StateName, Tip};
use super::{About, Medium, StoreError, files};
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
        let bytes = self.noted(name)?;
        Ok(bytes.map(|bytes| RunId(String::from_utf8_lossy(&bytes).trim_end().into())))
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

impl Medium for Shared {
    fn journal(&self) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(ours) = self.claim.as_ref().and_then(|claim| guard(&claim.journal).clone()) {
            return Ok(Some(ours));
        }
        let Prefix { journal, state, .. } = self.prefix()?;
        *guard(&self.beside) = Some(state);
        if let Some(claim) = &self.claim {
            *guard(&claim.journal) = Some(journal.clone().unwrap_or_default());
        }
        Ok(journal)
    }

    fn state(&self) -> Result<Option<Vec<u8>>, StoreError> {
        // Bound first: the guard must not be held while the store is asked.
        let beside = guard(&self.beside).take();
        beside.map_or_else(|| Ok(self.prefix()?.state), Ok)
    }

    fn mark(&self) -> Result<Option<Mark>, StoreError> {
        // Nobody else can keep a state under our epoch.
        let mark = |claim: &Claim| Mark(vec![claim.lease.epoch().cast_signed(), claim.kept]);
        Ok(self.claim.as_ref().map(mark))
    }

    fn has_backup(&self) -> bool {
        false
    }

    fn runs(&self) -> Result<Vec<RunId>, StoreError> {
        Ok(self.names(Folder::Runs)?.into_iter().map(|name| RunId(name.name().into())).collect())
    }

    fn run(&self, id: &RunId) -> Result<Option<Vec<u8>>, StoreError> {
        Self::run_note(id).map_or(Ok(None), |name| self.noted(name))
    }

    fn running(&self) -> Result<Option<Holder>, StoreError> {
        Ok(self.tip()?.held.filter(|held| held.lease != Lapse::Over).map(|held| held.holder))
    }

    fn claim(&mut self, holder: &Holder) -> Result<Option<Wording>, StoreError> {
        /// Somebody else is faster only so often; each time one of us got on.
        const TRIES: usize = 20;
        for _ in 0..TRIES {
            let tip = self.tip()?;
            if let Some(held) = tip.held.clone().filter(|held| held.holder.id != holder.id)
                && !self.is_over(&tip, &held)
            {
                return Err(StoreError::locked(held.holder));
            }
            if let Some(note) = self.bid(tip, holder)? {
                return Ok(note);
            }
        }
        let detail = worded!("others claim it again and again, or its answers are lost");
        Err(StoreError::Moved { path: self.label.to_string(), detail })
    }

    fn append(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        self.write(Write::Append { position, batch: batch.to_vec() })?;
        self.appended(batch);
        Ok(())
    }

    async fn append_without_blocking(&mut self, position: u64, batch: &[u8]) -> Result<(), StoreError> {
        let (write, lease) =
            (Write::Append { position, batch: batch.to_vec() }, self.held().ok_or_else(unclaimed)?.clone());
        self.forget();
        let job = self.driver.later(move |remote, patience| Box::pin(surely(remote, write, lease, patience)));
        job.await?;
        self.appended(batch);
        Ok(())
    }

    fn mend(&mut self, length: u64) -> Result<(), StoreError> {
        let bytes = self.journal()?.unwrap_or_default();
        let whole = bytes.get(..usize::try_from(length).unwrap_or(usize::MAX)).unwrap_or(&bytes).to_vec();
        self.replace_journal(bytes.len() as u64, &whole)
    }

    fn keep_runs(&mut self, runs: &[(RunId, Vec<u8>)]) -> Result<(), StoreError> {
        let named = |(id, bytes): &(RunId, Vec<u8>)| Ok((named(Folder::Runs, &*id.0)?, bytes.clone()));
        let notes = runs.iter().map(named).collect::<Result<Vec<_>, StoreError>>()?;
        self.driver.ask(move |remote| Box::pin(async move { remote.note_all(&notes).await }))
    }

    fn taken_back_by(&self, id: &RunId) -> Result<Option<RunId>, StoreError> {
        self.run_named_in(NoteName::new(Folder::TakenBack, &*id.0))
    }

    fn keep_taken_back(&mut self, runs: &[(RunId, RunId)]) -> Result<(), StoreError> {
        runs.iter().try_for_each(|(id, by)| self.replace(named(Folder::TakenBack, &*id.0)?, by.0.as_bytes()))
    }

    fn word(&self, id: &RunId, about: About) -> Result<Option<Vec<u8>>, StoreError> {
        Self::word_note(id, about).map_or(Ok(None), |name| self.noted(name))
    }

    fn put_word(&self, id: &RunId, about: About, bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let name = Self::word_note(id, about).ok_or_else(|| StoreError::Bug(format!("{id:?} is no name of a run")))?;
        Ok(match self.note(name, bytes)? {
            Noted::Yours => None,
            Noted::Earlier(bytes) => Some(bytes),
        })
    }

    fn newest_sent(&self, digest: &str) -> Result<Option<RunId>, StoreError> {
        self.run_named_in(digits_of(digest).and_then(|digits| NoteName::new(Folder::Sent, digits)))
    }

    fn keep_newest_sent(&mut self, runs: &[(String, RunId)]) -> Result<(), StoreError> {
        runs.iter().try_for_each(|(digest, id)| {
            let digits = digits_of(digest).ok_or_else(|| StoreError::Bug(format!("{digest:?} is no digest")))?;
            self.replace(named(Folder::Sent, digits)?, id.0.as_bytes())
        })
    }

    fn replace_journal(&mut self, position: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(Write::Restart { position, journal: bytes.to_vec() })?;
        if let Some(claim) = &self.claim {
            *guard(&claim.journal) = Some(bytes.to_vec());
        }
        Ok(())
    }

    fn keep_state(&mut self, serial: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(Write::Keep { serial, state: bytes.to_vec() })?;
        if let Some(claim) = &mut self.claim {
            claim.kept += 1;
        }
        Ok(())
    }

    fn set_aside(&mut self) -> Result<(), StoreError> {
        let Prefix { journal, state, .. } = self.prefix()?;
        for (kind, bytes) in [("v1-journal", journal), ("v1-state", state)] {
            if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
                self.note(named(Folder::Aside, kind)?, &bytes)?;
            }
        }
        Ok(())
    }

    fn keep_aside(&mut self, bytes: &[u8]) -> Result<String, StoreError> {
        self.put_aside("journal", bytes)
    }

    fn put_state_aside(&mut self) -> Result<Option<String>, StoreError> {
        let kept = match self.prefix()?.state.filter(|state| !state.is_empty()) {
            Some(state) => Some(self.put_aside("state", &state)?),
            None => None,
        };
        self.keep_state(0, b"")?;
        Ok(kept)
    }

    fn reserve(&self, _: u64, _: u64, _: u64) -> Result<(), StoreError> {
        Ok(())
    }

    fn rescue(&mut self, bytes: &[u8]) -> Result<String, StoreError> {
        let mut failure = StoreError::Bug("no directory is named for what could not be recorded".to_owned());
        for directory in &self.terms.rescue {
            match files::write_aside(directory, "rictl-journal-", bytes) {
                Ok(path) => return Ok(path.display().to_string()),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn lease(&self) -> Option<Lease> {
        self.held().cloned()
    }

    fn journal_name(&self) -> String {
        format!("the journal of {}", self.label)
    }

    fn state_name(&self) -> String {
        format!("the state in {}", self.label)
    }

    fn backup_name(&self) -> String {
        format!("an older state in {}", self.label)
    }
}
