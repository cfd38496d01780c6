//! The port to a store that is far away and that many machines share: what a database or a bucket has to be able to do.
//!
//! A [`Remote`] is one state in one store. It knows bytes, epochs and leases; what the bytes say is the
//! [`super::Recorder`]'s business, and when to wait, to try again or to give up is that of [`super::shared::Shared`], which
//! makes a [`super::Medium`] of any remote. So an implementation asks the store once for each method and says truthfully
//! what is known of the outcome. It never repeats a write by itself: a repeated conditional write answers its own success
//! with a refusal.
//!
//! It lives on a thread of its own with its own single-threaded runtime, where its methods are called one at a time: so the
//! rooms above stay as they are for files, the lease is kept alive while they compute, and only the append inside a run is
//! awaited. Each method has to end by itself: bound every request with a timeout (a third of the lease at most, where there is
//! one).
//!
//! What an implementation keeps, in whatever shape:
//! * the **claim**: epoch, holder, ttl, when it was renewed last by the store's clock where it has one, and a *pulse* that
//!   moves with every write under the claim (append, beat, keep, restart);
//! * the **journal**: the bytes since the last [`Remote::restart`], appended at a byte position;
//! * the **state**: the newest one, with its serial;
//! * **blobs** under a [`NoteName`]: ended runs, notes, findings.
//!
//! `tests/store/remotes.rs` holds every remote to this: implement its `Place`, and call `keeps_the_contract` and `is_a_medium`.
//!
//! Nothing secret goes into a name or an error. Everything that a store answers is somebody else's text.

mod any;
mod name;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::StoreError;
use super::lock::Holder;

pub use any::AnyRemote;
pub use name::{Folder, NoteName, StateName};

/// Who writes to a state, as its store says without being claimed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tip {
    /// The epoch of the newest claim; 0 where there never was one. It only ever rises, by a claim and by [`Remote::free`].
    pub epoch: u64,
    /// Another one after every write under the claim, beats included, and after every change of the claim itself.
    pub pulse: u64,
    /// Who holds the claim; `None` where it was given back, or freed by force.
    pub held: Option<Held>,
}

/// A claim that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Who.
    pub holder: Holder,
    /// For how long each write renews it: the holder's, not ours.
    pub ttl: Duration,
    /// Whether it may be taken over.
    pub lease: Lapse,
}

/// Whether a lease is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lapse {
    /// It runs for this much longer, by the store's clock.
    Left(Duration),
    /// It is over, by the store's clock. A database: past its ttl. A bucket whose answers carry its own date: the newest
    /// object is older than 1.5 x ttl.
    Over,
    /// The store has no clock of its own to tell by: whoever waits watches whether the pulse moves for 1.5 x ttl.
    Untold,
}

/// A claim that was won.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Its epoch: higher than any before.
    pub epoch: u64,
    /// Whose calls may still be on their way: whoever held the state before and did not give it back. Carried along through
    /// later claims for [`CARRIED`] after its rights have ended, so that a short claim between two runs does not hide it; of
    /// several the one whose rights end last.
    pub before: Option<Before>,
}

/// For how long after their end the rights of somebody who was gone are still told to whoever claims: longer than any
/// request that was signed before can arrive.
pub const CARRIED: Duration = Duration::from_secs(30 * 60);

/// Somebody who held a state and did not give it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// Who.
    pub holder: Holder,
    /// How it lost the state.
    pub how: Lost,
    /// When it could begin its last call, counted from the answer to the claim: in the past where the lease is over (negative, at
    /// its last renewal plus its ttl), in the future after a lease was ended by force (then plus its ttl, for it may not
    /// have noticed). A store without a clock says zero.
    pub rights_end: SignedDuration,
}

/// How somebody lost a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Its lease ran out.
    Lapsed,
    /// Somebody freed it by force.
    Forced,
}

/// Somebody else has the state: nothing of ours is written any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fenced {
    /// Who took over, be it that they have given it back since; `None` where the state was freed by force and nobody has
    /// claimed it since.
    pub by: Option<Holder>,
    /// When the epoch began that counts now: by that claim, or by force.
    pub since: Timestamp,
    /// The epoch that counts now.
    pub epoch: u64,
}

/// Why a write under a claim is not known to be done.
#[derive(Debug)]
pub enum Unwritten {
    /// Our epoch is over. Surely not done, and never will be.
    Fenced(Box<Fenced>),
    /// Nobody knows: no answer, a broken connection, an answer that says neither. The same write is tried again, and must
    /// then find out by reading what stands at its position: our bytes are `Ok`, other bytes of our own epoch a bug, another
    /// epoch `Fenced`.
    Unknown(StoreError),
    /// Surely not done, and trying again will not help: no permission, a read-only server, a bug.
    Refused(StoreError),
}

/// What became of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It stands.
    Yours,
    /// These bytes stood there before, and still do; they may be equal to what was to be noted.
    Earlier(Vec<u8>),
}

/// State and journal as they were at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prefix {
    /// Who held the state at that moment.
    pub tip: Tip,
    /// The open journal; `None` where there never was one.
    pub journal: Option<Vec<u8>>,
    /// The newest state, if there is one.
    pub state: Option<Vec<u8>>,
}

/// One state in a store that many machines share.
///
/// Methods that read take no claim, disturb nobody and are never blocked by a claim. Those marked *claimed* act under the
/// claim that this value has won, and fail as [`Unwritten::Fenced`] once another epoch counts, whatever the clock says: a
/// lease that is over and that nobody has taken is renewed by the next write.
#[allow(async_fn_in_trait, reason = "one task on one thread drives every future; no Send bound is wanted")]
pub trait Remote: Send + 'static {
    /// Names the state for people: the store's address without anything secret, and the state's name.
    fn label(&self) -> String;

    /// Returns who writes.
    async fn tip(&mut self) -> Result<Tip, StoreError>;

    /// Reads tip, journal and state as of one moment: a journal with a run that its state lacks is fine, a state whose newest
    /// run is in neither is not. Damage (a missing segment, a gap) is [`StoreError::Damaged`], named, and never repaired; a format that is newer is [`StoreError::Newer`].
    async fn read(&mut self) -> Result<Prefix, StoreError>;

    /// Takes the claim if the tip is still `seen`, epoch and pulse both: of several who have seen the same, one wins. `None` where
    /// it has moved. Whether a held claim may be taken was decided from `seen` by the caller. Where the claim is held under
    /// `holder.id` already, the answer to our own claim was lost: it is returned as won. The first claim of a store makes what
    /// it needs there (tables, probe).
    async fn claim(&mut self, seen: &Tip, holder: &Holder, ttl: Duration) -> Result<Option<Claimed>, StoreError>;

    /// Claimed. Appends to a journal that is `position` bytes long, durably, and renews the lease.
    async fn append(&mut self, position: u64, batch: &[u8]) -> Result<(), Unwritten>;

    /// Claimed. Renews the lease.
    async fn beat(&mut self) -> Result<(), Unwritten>;

    /// Claimed. Puts the state of this serial in the place of the newest; empty bytes: there is none any more. Readers see the
    /// old or the new one, whole. Renews the lease.
    async fn keep(&mut self, serial: u64, state: &[u8]) -> Result<(), Unwritten>;

    /// Claimed. Puts another journal in the place of the one that is `position` bytes long, in one step. Renews the lease.
    async fn restart(&mut self, position: u64, journal: &[u8]) -> Result<(), Unwritten>;

    /// Claimed. Gives the claim back; nothing happens where it is no longer ours. The journal stays.
    async fn release(&mut self) -> Result<(), StoreError>;

    /// Ends the claim with this id by force, whoever holds it, and raises the epoch, so that its holder is fenced; returns who
    /// that was. Needs no claim.
    ///
    /// # Errors
    /// [`StoreError::NotLocked`]; [`StoreError::Locked`] where the claim has another id.
    async fn free(&mut self, id: &str) -> Result<Holder, StoreError>;

    /// Keeps bytes under a name where nothing stands yet: of several at once the first. Needs no claim, fences nobody. Where the
    /// answer was lost the caller asks again, and finds its own bytes as [`Noted::Earlier`].
    async fn note(&mut self, name: &NoteName, bytes: &[u8]) -> Result<Noted, StoreError>;

    /// Keeps bytes under a name, in the place of what stands there: the newest by the store's clock stays. Needs no claim.
    async fn replace(&mut self, name: &NoteName, bytes: &[u8]) -> Result<(), StoreError>;

    /// Returns what stands under a name.
    async fn noted(&mut self, name: &NoteName) -> Result<Option<Vec<u8>>, StoreError>;

    /// Lists the names in a folder, in the order of their bytes, without reading what stands there.
    async fn names(&mut self, folder: Folder) -> Result<Vec<NoteName>, StoreError>;

    /// Lists every state in the same store, this one included where it was ever claimed.
    async fn states(&mut self) -> Result<Vec<StateName>, StoreError>;

    /// Reads other states of the same store, each as [`Remote::read`] does, in this order and in as few requests as can be. One that
    /// is not there, or was moved elsewhere, holds nothing.
    async fn read_all(&mut self, names: &[StateName]) -> Result<Vec<Result<Prefix, StoreError>>, StoreError>;

    /// Returns another state of the same store; nothing is asked yet.
    fn beside(&self, name: &StateName) -> Result<Self, StoreError>
    where
        Self: Sized;

    /// Keeps a note as [`Remote::replace`] does, and of interfaces, by names that whoever asks gives them in the order of their bytes, that
    /// this state is one of those that have or had them; nobody is ever forgotten. Then returns of each which other states are, in the order
    /// of their names: of two that do this at once at least one hears of the other, and finds its note. What is no other's is left out.
    async fn own(
        &mut self,
        told: (&NoteName, &[u8]),
        keys: &[String],
    ) -> Result<Vec<(String, Vec<StateName>)>, StoreError>;

    /// Returns of interfaces which states have, or have had, them, in the order of their names. What nobody ever had is left out.
    async fn holders(&mut self, keys: &[String]) -> Result<Vec<(String, Vec<StateName>)>, StoreError>;

    /// Keeps many notes, as [`Remote::note`]; what stands already stays. Where the store can take them in one request, it should.
    async fn note_all(&mut self, notes: &[(NoteName, Vec<u8>)]) -> Result<(), StoreError> {
        for (name, bytes) in notes {
            self.note(name, bytes).await?;
        }
        Ok(())
    }
}
