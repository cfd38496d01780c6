//! A store in memory that several share: epochs, leases by a clock of its own, and answers that are lost. For simulations with
//! more than one writer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::clock::BootTime;
use crate::store::StoreError;
use crate::store::lock::Holder;
use crate::store::place::is_away;
use crate::store::remote::{
    Before, CARRIED, Claimed, Fenced, Folder, Held, Lapse, Lost, NoteName, Noted, Prefix, Remote, StateName, Tip,
    Unwritten,
};

/// A store with any number of states. Clones are the same store. Its clock goes with the one of the simulation.
#[derive(Clone, Debug)]
pub struct Commons {
    kept: Arc<Mutex<BTreeMap<StateName, Kept>>>,
    /// Which states have or had which interface.
    ids: Arc<Mutex<BTreeMap<String, BTreeSet<StateName>>>>,
    began: BootTime,
    ahead: Arc<Mutex<Duration>>,
}

/// What is kept of one state.
#[derive(Clone, Debug, Default)]
struct Kept {
    epoch: u64,
    pulse: u64,
    /// When the epoch began.
    changed: SignedDuration,
    held: Option<(Holder, Duration)>,
    renewed: SignedDuration,
    before: Option<(Holder, Lost, SignedDuration)>,
    last: Option<Holder>,
    journal: Option<Vec<u8>>,
    state: Option<Vec<u8>>,
    notes: BTreeMap<NoteName, Vec<u8>>,
}

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It does not arrive.
    Lost,
    /// It is done, and the answer is lost.
    AnswerLost,
    /// The store refuses it.
    Refused,
}

/// One of those who share a store, and one state of it.
#[derive(Debug)]
pub struct Visitor {
    commons: Commons,
    name: StateName,
    epoch: u64,
    requests: u64,
    troubles: Vec<(u64, Trouble)>,
}

impl Default for Commons {
    fn default() -> Self {
        Self { kept: Arc::default(), ids: Arc::default(), began: BootTime::now(), ahead: Arc::default() }
    }
}

fn guard<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Commons {
    /// Makes an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves its clock on, ahead of that of whoever visits.
    pub fn advance(&self, by: Duration) {
        *guard(&self.ahead) += by;
    }

    /// Returns somebody who has come to a state.
    pub fn visitor(&self, name: StateName) -> Visitor {
        Visitor { commons: self.clone(), name, epoch: 0, requests: 0, troubles: Vec::new() }
    }

    fn now(&self) -> SignedDuration {
        let now = self.began.elapsed() + *guard(&self.ahead);
        SignedDuration::try_from(now).unwrap_or(SignedDuration::MAX)
    }
}

fn at(since: SignedDuration) -> Timestamp {
    Timestamp::UNIX_EPOCH.saturating_add(since).unwrap_or(Timestamp::MAX)
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

impl Kept {
    fn tip(&self, now: SignedDuration) -> Tip {
        let held = self.held.clone().map(|(holder, ttl)| {
            let left = self.renewed + signed(ttl) - now;
            let lease = Duration::try_from(left).ok().filter(|left| !left.is_zero()).map_or(Lapse::Over, Lapse::Left);
            Held { holder, ttl, lease }
        });
        Tip { epoch: self.epoch, pulse: self.pulse, held }
    }

    fn is_away(&self) -> bool {
        let mut about = self.notes.iter().filter(|(note, _)| note.folder() == Folder::About && note.name() == "moved");
        about.any(|(_, marker)| is_away(marker))
    }

    fn touch(&mut self, now: SignedDuration) {
        self.pulse += 1;
        self.renewed = now;
    }

    /// Somebody who did not give the state back held it until now.
    fn lose(&mut self, how: Lost, now: SignedDuration) {
        let Some((holder, ttl)) = self.held.take() else { return };
        let from = if how == Lost::Forced { now } else { self.renewed };
        let rights_end = from + signed(ttl);
        if self.before.as_ref().is_none_or(|(_, _, known)| *known < rights_end) {
            self.before = Some((holder, how, rights_end));
        }
    }

    fn fenced(&self) -> Unwritten {
        Unwritten::Fenced(Box::new(Fenced {
            by: self.held.as_ref().map(|(holder, _)| holder.clone()).or_else(|| self.last.clone()),
            since: at(self.changed),
            epoch: self.epoch,
        }))
    }
}

impl Visitor {
    /// Lets the `nth` request from now, counting from 0, go wrong.
    #[must_use]
    pub fn with_trouble(mut self, nth: u64, trouble: Trouble) -> Self {
        self.troubles.push((self.requests + nth, trouble));
        self
    }

    /// Does a request, or what goes wrong with it.
    fn request<T>(&mut self, act: impl FnOnce(&mut Kept, SignedDuration) -> T) -> Result<T, (Trouble, StoreError)> {
        let number = self.requests;
        self.requests += 1;
        let trouble = self.troubles.iter().find(|(nth, _)| *nth == number).map(|(_, trouble)| *trouble);
        let now = self.commons.now();
        let wrong = |trouble: Trouble| {
            let source = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            let path = format!("memory {}", self.name);
            (trouble, StoreError::Unreachable { doing: "ask", path, source: Box::new(source) })
        };
        match trouble {
            Some(trouble @ (Trouble::Lost | Trouble::Refused)) => Err(wrong(trouble)),
            other => {
                let answer = act(guard(&self.commons.kept).entry(self.name.clone()).or_default(), now);
                other.map_or(Ok(answer), |trouble| Err(wrong(trouble)))
            }
        }
    }

    fn ask<T>(&mut self, act: impl FnOnce(&mut Kept, SignedDuration) -> T) -> Result<T, StoreError> {
        self.request(act).map_err(|(_, error)| error)
    }

    /// Writes under the claim.
    fn write(&mut self, act: impl FnOnce(&mut Kept) -> Result<(), Unwritten>) -> Result<(), Unwritten> {
        let epoch = self.epoch;
        let written = self.request(move |kept, now| {
            if kept.epoch != epoch || kept.held.is_none() {
                return Err(kept.fenced());
            }
            act(kept).inspect(|()| kept.touch(now))
        });
        written.map_err(|(trouble, error)| match trouble {
            Trouble::Refused => Unwritten::Refused(error),
            Trouble::Lost | Trouble::AnswerLost => Unwritten::Unknown(error),
        })?
    }
}

fn moved() -> Unwritten {
    Unwritten::Refused(StoreError::Bug("other bytes of ours stand at this position".to_owned()))
}

impl Remote for Visitor {
    fn label(&self) -> String {
        format!("memory {}", self.name)
    }

    async fn tip(&mut self) -> Result<Tip, StoreError> {
        self.ask(|kept, now| kept.tip(now))
    }

    async fn read(&mut self) -> Result<Prefix, StoreError> {
        self.ask(|kept, now| Prefix { tip: kept.tip(now), journal: kept.journal.clone(), state: kept.state.clone() })
    }

    async fn claim(&mut self, seen: &Tip, holder: &Holder, ttl: Duration) -> Result<Option<Claimed>, StoreError> {
        let (seen, holder) = ((seen.epoch, seen.pulse), holder.clone());
        let claimed = self.ask(move |kept, now| {
            let is_ours = kept.held.as_ref().is_some_and(|(held, _)| held.id == holder.id);
            if !is_ours {
                if (kept.epoch, kept.pulse) != seen {
                    return None;
                }
                kept.lose(Lost::Lapsed, now);
                kept.epoch += 1;
                kept.changed = now;
                kept.last = Some(holder.clone());
                kept.held = Some((holder, ttl));
                kept.before.take_if(|(_, _, rights_end)| now - *rights_end > signed(CARRIED));
                kept.touch(now);
            }
            let before = kept.before.clone();
            let before = before.map(|(holder, how, rights_end)| Before { holder, how, rights_end: rights_end - now });
            Some(Claimed { epoch: kept.epoch, before })
        })?;
        self.epoch = claimed.as_ref().map_or(self.epoch, |claimed| claimed.epoch);
        Ok(claimed)
    }

    async fn append(&mut self, position: u64, batch: &[u8]) -> Result<(), Unwritten> {
        let position = usize::try_from(position).unwrap_or(usize::MAX);
        self.write(|kept| {
            let journal = kept.journal.get_or_insert_default();
            match journal.get(position..) {
                Some([]) => journal.extend_from_slice(batch),
                Some(there) if there == batch => {}
                _ => return Err(moved()),
            }
            Ok(())
        })
    }

    async fn beat(&mut self) -> Result<(), Unwritten> {
        self.write(|_| Ok(()))
    }

    async fn keep(&mut self, _serial: u64, state: &[u8]) -> Result<(), Unwritten> {
        self.write(|kept| {
            kept.state = (!state.is_empty()).then(|| state.to_vec());
            Ok(())
        })
    }

    async fn restart(&mut self, position: u64, journal: &[u8]) -> Result<(), Unwritten> {
        self.write(|kept| {
            let there = kept.journal.get_or_insert_default();
            if there.len() as u64 != position && there != journal {
                return Err(moved());
            }
            *there = journal.to_vec();
            Ok(())
        })
    }

    async fn release(&mut self) -> Result<(), StoreError> {
        let epoch = self.epoch;
        self.ask(move |kept, _| {
            if kept.epoch == epoch && kept.held.take().is_some() {
                kept.pulse += 1;
            }
        })
    }

    async fn free(&mut self, id: &str) -> Result<Holder, StoreError> {
        let path = Remote::label(self);
        self.ask(|kept, now| match kept.held.clone() {
            None => Err(StoreError::NotLocked { path }),
            Some((holder, _)) if holder.id != id => Err(StoreError::locked(holder)),
            Some((holder, _)) => {
                kept.lose(Lost::Forced, now);
                kept.epoch += 1;
                kept.pulse += 1;
                kept.changed = now;
                kept.last = None;
                Ok(holder)
            }
        })?
    }

    async fn note(&mut self, name: &NoteName, bytes: &[u8]) -> Result<Noted, StoreError> {
        self.ask(|kept, _| match kept.notes.get(name) {
            Some(there) => Noted::Earlier(there.clone()),
            None => {
                kept.notes.insert(name.clone(), bytes.to_vec());
                Noted::Yours
            }
        })
    }

    async fn replace(&mut self, name: &NoteName, bytes: &[u8]) -> Result<(), StoreError> {
        self.ask(|kept, _| drop(kept.notes.insert(name.clone(), bytes.to_vec())))
    }

    async fn noted(&mut self, name: &NoteName) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask(|kept, _| kept.notes.get(name).cloned())
    }

    async fn names(&mut self, folder: Folder) -> Result<Vec<NoteName>, StoreError> {
        self.ask(|kept, _| kept.notes.keys().filter(|name| name.folder() == folder).cloned().collect())
    }

    async fn states(&mut self) -> Result<Vec<StateName>, StoreError> {
        let kept = guard(&self.commons.kept);
        Ok(kept.iter().filter(|(_, kept)| kept.epoch > 0).map(|(name, _)| name.clone()).collect())
    }

    async fn read_all(&mut self, names: &[StateName]) -> Result<Vec<Result<Prefix, StoreError>>, StoreError> {
        let is_here = |name: &&StateName| guard(&self.commons.kept).get(name).is_some_and(|kept| !kept.is_away());
        let mut all = Vec::with_capacity(names.len());
        for name in names {
            let there = Some(name).filter(is_here).map(|name| self.commons.visitor(name.clone()));
            all.push(match there {
                Some(mut other) => other.read().await,
                None => Ok(Prefix::default()),
            });
        }
        Ok(all)
    }

    fn beside(&self, name: &StateName) -> Result<Self, StoreError> {
        Ok(self.commons.visitor(name.clone()))
    }

    async fn own(
        &mut self,
        (note, bytes): (&NoteName, &[u8]),
        keys: &[String],
    ) -> Result<Vec<(String, Vec<StateName>)>, StoreError> {
        self.replace(note, bytes).await?;
        let own = self.name.clone();
        for key in keys {
            guard(&self.commons.ids).entry(key.clone()).or_default().insert(own.clone());
        }
        Ok(StateName::but_for(&own, Remote::holders(self, keys).await?))
    }

    async fn holders(&mut self, keys: &[String]) -> Result<Vec<(String, Vec<StateName>)>, StoreError> {
        let ids = guard(&self.commons.ids);
        Ok(keys.iter().filter_map(|key| Some((key.clone(), ids.get(key)?.iter().cloned().collect()))).collect())
    }
}
