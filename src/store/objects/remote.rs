//! A state in a bucket, as the port wants it.
//!
//! Every write under a claim is one record where the log ends (`appending`), and so is the claim itself (`claiming`). Refused
//! there, what stands in its place says why: our own bytes, and the answer was lost; another claim, and ours is over.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::bucket::{Bucket, Put};
use super::claiming::lapse;
use super::error::ObjectError;
use super::frame::{self, Claim, Kept};
use super::log::{Log, Place, View};
use super::probe;
use super::wire::Answer;
use super::writing::{Write, Writing};
use crate::clock::{BootTime, Clock};
use crate::signature::sha256_hex;
use crate::store::StoreError;
use crate::store::lock::Holder;
use crate::store::place::is_away;
use crate::store::remote::{Claimed, Folder, Held, NoteName, Noted, Prefix, Remote, StateName, Tip, Unwritten};

/// One state in a bucket.
#[derive(Debug)]
pub struct Objects {
    pub(super) log: Log,
    state: StateName,
    clock: Clock,
    /// What the store's clock showed last, and when that was.
    pub(super) told: Option<(Timestamp, BootTime)>,
    pub(super) writing: Option<Writing>,
}

impl Objects {
    /// Makes the state `name` in a bucket; nothing is asked yet.
    ///
    /// # Errors
    /// A name whose objects another state's rules would reach.
    pub(super) fn over(bucket: Bucket, name: StateName, clock: Clock) -> Result<Self, StoreError> {
        let log = Log { name: format!("{name}/"), bucket };
        if let Some(part) = name.as_str().split('/').skip(1).find(|part| is_ours(part)) {
            return Err(StoreError::Unsuitable {
                path: log.bucket.path(name.as_str()),
                why: format!("`{part}` is where a state keeps its own objects").into(),
                hint: "give the state another name: `state.name` in the spec".into(),
            });
        }
        Ok(Self { log, state: name, clock, told: None, writing: None })
    }

    pub(super) fn now(&self) -> Timestamp {
        let Some((told, since)) = self.told else { return self.clock.now() };
        told.saturating_add(SignedDuration::try_from(since.elapsed()).unwrap_or(SignedDuration::MAX)).unwrap_or(told)
    }

    pub(super) fn hear(&mut self, date: Option<Timestamp>) {
        self.told = date.map(|date| (date, BootTime::now())).or(self.told);
    }

    pub(super) async fn view(&mut self, journal: bool) -> Result<View, StoreError> {
        let view = self.log.view(journal).await?;
        self.hear(view.date);
        Ok(view)
    }

    fn tip_of(&self, view: &View) -> Tip {
        let held = view.head.as_ref().and_then(|head| head.claim.as_ref()).map(|claim| Held {
            holder: claim.holder.clone(),
            ttl: claim.ttl(),
            lease: lapse(view, claim.ttl()),
        });
        Tip { epoch: view.epoch(), pulse: view.place.position, held }
    }

    fn key(&self, name: &NoteName) -> String {
        format!("{}{name}", self.log.name)
    }

    fn failed(&self, error: ObjectError, doing: &'static str, key: &str) -> StoreError {
        error.at(doing, self.log.bucket.path(key))
    }
}

/// Returns whether a part of a name is what a state calls something of its own: the objects of its log, and each folder of notes.
fn is_ours(part: &str) -> bool {
    part.starts_with("journal") || ["state", "head", "probe"].contains(&part) || part.parse::<Folder>().is_ok()
}

impl Remote for Objects {
    fn label(&self) -> String {
        self.log.bucket.path(self.state.as_str())
    }

    async fn tip(&mut self) -> Result<Tip, StoreError> {
        let view = self.view(false).await?;
        Ok(self.tip_of(&view))
    }

    async fn read(&mut self) -> Result<Prefix, StoreError> {
        let view = self.view(true).await?;
        let tip = self.tip_of(&view);
        let Some(head) = view.head else { return Ok(Prefix { tip, ..Prefix::default() }) };
        let state = match &head.state {
            Some(kept) => Some(self.kept(kept).await?),
            None => None,
        };
        Ok(Prefix { tip, journal: view.journal.filter(|_| head.has_journal), state })
    }

    async fn claim(&mut self, seen: &Tip, holder: &Holder, ttl: Duration) -> Result<Option<Claimed>, StoreError> {
        let mut view = self.view(true).await?;
        let tip = self.tip_of(&view);
        if tip.held.as_ref().is_some_and(|held| held.holder.id == holder.id) {
            return self.begin(view, &holder.id).await;
        }
        if (tip.epoch, tip.pulse) != (seen.epoch, seen.pulse) {
            return Ok(None);
        }
        if tip.epoch == 0 {
            self.list_under(STATES).await?;
        }
        probe::once(&self.log).await?;
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let (head, payload) = self.next_epoch(&view, Some(Claim { holder: holder.clone(), ttl_ms }));
        let bytes = frame::encode(&head, &payload);
        let (put, _) = self.push(view.place, &bytes).await?;
        if put == Put::Taken && !self.log.at(view.place).await?.starts_with(&bytes) {
            return Ok(None);
        }
        view.place = match self.log.is_oss() {
            true => Place { epoch: head.epoch, position: 0 },
            false => self.log.after(view.place, &bytes),
        };
        self.begin(View { head: Some(head), ..view }, &holder.id).await
    }

    async fn append(&mut self, position: u64, batch: &[u8]) -> Result<(), Unwritten> {
        if batch.is_empty() {
            return self.write(Write::Beat).await;
        }
        self.write(Write::Lines { position, batch: batch.to_vec() }).await
    }

    async fn beat(&mut self) -> Result<(), Unwritten> {
        self.write(Write::Beat).await
    }

    async fn keep(&mut self, serial: u64, state: &[u8]) -> Result<(), Unwritten> {
        if state.is_empty() {
            return self.write(Write::State(None)).await;
        }
        let Some(writing) = &self.writing else {
            return Err(Unwritten::Refused(StoreError::Bug(format!("{} is not claimed", self.label()))));
        };
        // Named by its content: what stands there is what was to be kept, whoever put it.
        let sha256 = sha256_hex(state);
        let key = format!("{}state/{serial:012}-{}-{}", self.log.name, writing.head.epoch, &sha256[..12]);
        match self.log.bucket.create(&key, state).await {
            Ok(_) => {}
            Err(error) if error.can_wait() => return Err(Unwritten::Unknown(self.failed(error, "write", &key))),
            Err(error) => return Err(Unwritten::Refused(self.failed(error, "write", &key))),
        }
        self.write(Write::State(Some(Kept { key, serial, sha256 }))).await
    }

    async fn restart(&mut self, position: u64, journal: &[u8]) -> Result<(), Unwritten> {
        self.write(Write::Restart { position, journal: journal.to_vec() }).await
    }

    async fn release(&mut self) -> Result<(), StoreError> {
        if self.writing.is_none() {
            return Ok(());
        }
        match self.write(Write::Release).await {
            Ok(()) => {}
            Err(Unwritten::Fenced(_)) => {
                self.writing = None;
                return Ok(());
            }
            Err(Unwritten::Unknown(error) | Unwritten::Refused(error)) => return Err(error),
        }
        if let Some(writing) = self.writing.take() {
            self.log.leave_hint(&writing.head, writing.place, &writing.journal).await;
        }
        Ok(())
    }

    async fn free(&mut self, id: &str) -> Result<Holder, StoreError> {
        /// A living holder writes in between.
        const TRIES: usize = 16;
        for _ in 0..TRIES {
            let view = self.view(true).await?;
            let Some(held) = self.tip_of(&view).held else { return Err(StoreError::NotLocked { path: self.label() }) };
            if held.holder.id != id {
                return Err(StoreError::locked(held.holder));
            }
            let (head, payload) = self.next_epoch(&view, None);
            let bytes = frame::encode(&head, &payload);
            let (put, _) = self.push(view.place, &bytes).await?;
            if put == Put::Done || self.log.at(view.place).await?.starts_with(&bytes) {
                return Ok(held.holder);
            }
        }
        Err(StoreError::Moved { path: self.label(), detail: "its holder writes without pause".into() })
    }

    async fn note(&mut self, name: &NoteName, bytes: &[u8]) -> Result<Noted, StoreError> {
        let key = self.key(name);
        let put =
            self.log.bucket.create(&key, or_nothing(bytes)).await.map_err(|error| self.failed(error, "write", &key))?;
        match put {
            (Put::Done, _) => Ok(Noted::Yours),
            (Put::Taken, _) => {
                let there = self.noted(name).await?;
                Ok(Noted::Earlier(
                    there.ok_or_else(|| self.log.damaged(&key, "it was there, and is missing".to_owned()))?,
                ))
            }
        }
    }

    async fn replace(&mut self, name: &NoteName, bytes: &[u8]) -> Result<(), StoreError> {
        let key = self.key(name);
        if name.folder() == Folder::Findings {
            // Whoever looks at all states finds one that was checked and never claimed.
            self.list_under(STATES).await?;
        }
        if name.folder() == Folder::About && name.name() == MOVED {
            // Of these alone whoever looks at all states asks whether they are here.
            self.list_under(MOVED_STATES).await?;
        }
        self.log.bucket.put(&key, or_nothing(bytes)).await.map(drop).map_err(|error| self.failed(error, "write", &key))
    }

    async fn noted(&mut self, name: &NoteName) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.ask_for(name).await?.map(content))
    }

    async fn names(&mut self, folder: Folder) -> Result<Vec<NoteName>, StoreError> {
        self.names_from(folder, None).await
    }

    async fn states(&mut self) -> Result<Vec<StateName>, StoreError> {
        states_in(&self.log.bucket).await
    }

    async fn own(
        &mut self,
        (note, bytes): (&NoteName, &[u8]),
        keys: &[String],
    ) -> Result<Vec<(String, Vec<StateName>)>, StoreError> {
        self.replace(note, bytes).await?;
        self.say_own(keys).await
    }

    async fn holders(&mut self, keys: &[String]) -> Result<Vec<(String, Vec<StateName>)>, StoreError> {
        self.said_of(keys).await
    }

    async fn read_all(&mut self, names: &[StateName]) -> Result<Vec<Result<Prefix, StoreError>>, StoreError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let moved = moved_from(&self.log.bucket).await?;
        let read = |name: &StateName| {
            let (other, may_be_away) = (Remote::beside(self, name), moved.contains(name));
            async move {
                let mut other = other?;
                if may_be_away && other.is_away().await? { Ok(Prefix::default()) } else { other.read().await }
            }
        };
        Ok(join_all(names.iter().map(read)).await)
    }

    fn beside(&self, name: &StateName) -> Result<Self, StoreError> {
        Self::over(self.log.bucket.clone(), name.clone(), self.clock)
    }
}

/// What stands for nothing: an object of OSS that is empty can be appended to at 0 once more.
const NOTHING: &[u8] = b"(nothing)\n";

fn or_nothing(bytes: &[u8]) -> &[u8] {
    if bytes.is_empty() { NOTHING } else { bytes }
}

/// Returns what an object says.
pub(super) fn content(answer: Answer) -> Vec<u8> {
    if answer.body == NOTHING { Vec::new() } else { answer.body }
}

/// Under which every state has an object of its name. No state's name has capital letters.
const STATES: &str = "STORE/states/";

/// Under which every state has one that was moved elsewhere.
const MOVED_STATES: &str = "STORE/moved/";

/// What says of a state where it was moved.
const MOVED: &str = "moved";

/// Names what stands for a state where every one is listed.
pub(super) fn mark_of(name: &StateName) -> String {
    format!("{STATES}{name}")
}

/// Lists every state that was claimed or checked.
pub(super) async fn states_in(bucket: &Bucket) -> Result<Vec<StateName>, StoreError> {
    listed(bucket, STATES).await
}

/// Lists every state that was ever moved elsewhere.
pub(super) async fn moved_from(bucket: &Bucket) -> Result<Vec<StateName>, StoreError> {
    listed(bucket, MOVED_STATES).await
}

async fn listed(bucket: &Bucket, under: &str) -> Result<Vec<StateName>, StoreError> {
    let keys = bucket.list(under, None, usize::MAX).await;
    let keys = keys.map_err(|error| error.at("list", bucket.path(under)))?;
    Ok(keys.iter().filter_map(|key| StateName::parse(key.strip_prefix(under)?).ok()).collect())
}

impl Objects {
    /// Returns what the state is called.
    pub(super) fn name(&self) -> &StateName {
        &self.state
    }

    /// Returns whether the state was moved elsewhere, and has not come back.
    pub(super) async fn is_away(&self) -> Result<bool, StoreError> {
        let Some(moved) = NoteName::new(Folder::About, MOVED) else { return Ok(false) };
        Ok(self.ask_for(&moved).await?.is_some_and(|answer| is_away(&answer.body)))
    }

    /// Reads what stands under a name.
    pub(super) async fn ask_for(&self, name: &NoteName) -> Result<Option<Answer>, StoreError> {
        let key = self.key(name);
        self.log.bucket.get(&key).await.map_err(|error| self.failed(error, "read", &key))
    }

    /// Lists the names in a folder that come after one.
    pub(super) async fn names_from(&self, folder: Folder, after: Option<&str>) -> Result<Vec<NoteName>, StoreError> {
        let prefix = format!("{}{}/", self.log.name, folder.word());
        let after = after.map(|after| format!("{prefix}{after}"));
        let keys = self.log.bucket.list(&prefix, after.as_deref(), usize::MAX).await;
        let keys = keys.map_err(|error| self.failed(error, "list", &prefix))?;
        Ok(keys.iter().filter_map(|key| NoteName::new(folder, key.strip_prefix(&prefix)?)).collect())
    }

    /// Lets the state be found by whoever lists all that stand under a prefix.
    pub(super) async fn list_under(&self, prefix: &str) -> Result<(), StoreError> {
        let key = format!("{prefix}{}", self.state);
        let put = self.log.bucket.create(&key, format!("{}\n", self.state).as_bytes()).await;
        put.map(drop).map_err(|error| self.failed(error, "write", &key))
    }

    /// Reads the state that counts.
    async fn kept(&self, kept: &Kept) -> Result<Vec<u8>, StoreError> {
        let answer = self.log.bucket.get(&kept.key).await.map_err(|error| self.failed(error, "read", &kept.key))?;
        let damaged = |detail: &str| self.log.damaged(&kept.key, detail.to_owned());
        let bytes = answer.ok_or_else(|| damaged("it is missing"))?.body;
        if sha256_hex(&bytes) == kept.sha256 { Ok(bytes) } else { Err(damaged("it is not what was kept")) }
    }
}
