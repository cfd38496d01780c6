//! How long a state is ours, as far as this machine can tell.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::watch;

use super::guard;
use crate::clock::BootTime;
use crate::store::StoreError;
use crate::store::lock::Holder;
use crate::store::remote::{Before, Claimed, Fenced, Lost};

/// The right to write to a state that many machines share. Clones are about the same lease: one is kept by whoever checks it
/// right before a call, while the store's thread renews it.
#[derive(Clone, Debug)]
pub struct Lease(Arc<Mutex<Term>>);

#[derive(Debug)]
struct Term {
    /// The id of the claim.
    claim: String,
    /// Of which state it is, for people.
    label: Arc<str>,
    epoch: u64,
    ttl: Duration,
    /// When the request was begun that renewed it last.
    renewed: BootTime,
    fenced: watch::Sender<Option<Fenced>>,
    before: Option<Predecessor>,
}

impl Term {
    fn is_fenced(&self) -> bool {
        self.fenced.borrow().is_some()
    }
}

/// Who held a state before and did not give it back: its calls may still be on their way.
#[derive(Clone, Debug)]
pub struct Predecessor {
    /// Who.
    pub holder: Holder,
    /// How it lost the state.
    pub how: Lost,
    /// When this was told.
    told: BootTime,
    /// When it could begin its last call, counted from there.
    rights_end: SignedDuration,
}

impl Predecessor {
    fn new(before: &Before, told: BootTime) -> Self {
        Self { holder: before.holder.clone(), how: before.how, told, rights_end: before.rights_end }
    }

    /// Returns until when its calls may still arrive, where one arrives at most `late` after the lease under which it was begun:
    /// what the API takes of an old signature. It may be over.
    pub fn may_arrive_until(&self, late: Duration) -> BootTime {
        let late = SignedDuration::try_from(late).unwrap_or(SignedDuration::MAX);
        self.told.after(Duration::try_from(self.rights_end.saturating_add(late)).unwrap_or_default())
    }
}

impl Lease {
    pub(super) fn new(claim: &str, label: Arc<str>, claimed: &Claimed, (ttl, begun): (Duration, BootTime)) -> Self {
        let before = claimed.before.as_ref().map(|before| Predecessor::new(before, BootTime::now()));
        Self(Arc::new(Mutex::new(Term {
            claim: claim.to_owned(),
            label,
            epoch: claimed.epoch,
            ttl,
            renewed: begun,
            fenced: watch::Sender::new(None),
            before,
        })))
    }

    /// Returns the id of the claim.
    pub fn claim(&self) -> String {
        guard(&self.0).claim.clone()
    }

    /// Returns its epoch.
    pub fn epoch(&self) -> u64 {
        guard(&self.0).epoch
    }

    /// Returns for how long each write renews it.
    pub fn ttl(&self) -> Duration {
        guard(&self.0).ttl
    }

    /// Returns until when nobody else can have taken the state: it counts from before the request that renewed it last, while the
    /// store counts from its arrival. The past where it is over or was taken away.
    pub fn until(&self) -> BootTime {
        let term = guard(&self.0);
        if term.is_fenced() { term.renewed } else { term.renewed.after(term.ttl) }
    }

    /// Returns until when a call may leave: it has to be answered or lost while nobody else can have taken the state.
    pub fn last_call(&self) -> BootTime {
        /// What a call takes from its last check to the other side.
        const ON_ITS_WAY: Duration = Duration::from_secs(5);
        let term = guard(&self.0);
        let ttl = if term.is_fenced() { Duration::ZERO } else { term.ttl.saturating_sub(ON_ITS_WAY) };
        term.renewed.after(ttl)
    }

    /// Returns for how long it still covers what is begun now; nothing where it is over or was taken away.
    pub fn left(&self) -> Duration {
        self.until().since(BootTime::now())
    }

    /// Returns who took the state away, once that is known.
    pub fn fenced(&self) -> Option<Fenced> {
        guard(&self.0).fenced.borrow().clone()
    }

    /// Returns who took the state away, as an error, once that is known; for ever, where nobody does.
    pub async fn lost(&self) -> StoreError {
        let mut fenced = guard(&self.0).fenced.subscribe();
        let told = fenced.wait_for(Option::is_some).await.ok().and_then(|fenced| fenced.clone());
        match told {
            Some(fenced) => StoreError::fenced(&guard(&self.0).label, &fenced),
            None => std::future::pending().await,
        }
    }

    /// Returns who held the state before and did not give it back.
    pub fn before(&self) -> Option<Predecessor> {
        guard(&self.0).before.clone()
    }

    /// A request that was begun then has renewed it.
    pub(super) fn renew(&self, begun: BootTime) {
        let mut term = guard(&self.0);
        term.renewed = term.renewed.max(begun);
    }

    /// Somebody else has the state.
    pub(super) fn end(&self, fenced: Fenced) {
        guard(&self.0).fenced.send_if_modified(|known| {
            let is_news = known.is_none();
            known.get_or_insert(fenced);
            is_news
        });
    }

    /// Returns how long from now the next beat is due: a third of the lease after the last renewal; `None` for one that is
    /// no longer ours.
    pub(super) fn beat_in(&self) -> Option<Duration> {
        let term = guard(&self.0);
        (!term.is_fenced()).then(|| term.renewed.after(term.ttl / 3).since(BootTime::now()))
    }
}
