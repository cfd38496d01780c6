//! A state in a bucket, as the port wants it.
//!
//! Every write under a claim is one record where the log ends. Refused there, what stands in its place says why: our own bytes,
//! and the answer was lost; another claim, and ours is over.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::bucket::Put;
use super::error::ObjectError;
use super::frame::{self, Claim, Gone, Head, Kept, Kind};
use super::log::{Log, Place, View};
use super::probe;
use super::wire::Answer;
use crate::clock::{BootTime, Clock};
use crate::signature::sha256_hex;
use crate::store::StoreError;
use crate::store::lock::Holder;
use crate::store::remote::{
    Before, CARRIED, Claimed, Fenced, Folder, Held, Lapse, NoteName, Noted, Prefix, Remote, StateName, Tip, Unwritten,
};

/// One state in a bucket.
#[derive(Debug)]
pub struct Objects {
    log: Log,
    state: StateName,
    clock: Clock,
    /// What the store's clock showed last, and when that was.
    told: Option<(Timestamp, BootTime)>,
    writing: Option<Writing>,
}

/// What whoever holds the claim knows.
#[derive(Clone, Debug)]
struct Writing {
    head: Head,
    place: Place,
    journal: Vec<u8>,
    /// The id of its claim.
    id: String,
    /// What was sent for this place and not answered, with what it would be.
    sent: Vec<Sent>,
    /// What was written last.
    last: Option<Write>,
    /// The same without beats, for whoever asks again.
    done: Option<Write>,
}

/// A record on its way.
#[derive(Clone, Debug)]
struct Sent {
    bytes: Vec<u8>,
    head: Head,
    write: Write,
}

/// What is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Write {
    Lines { position: u64, batch: Vec<u8> },
    Restart { position: u64, journal: Vec<u8> },
    State(Option<Kept>),
    Beat,
    Release,
}

impl Write {
    fn kind(&self) -> Kind {
        match self {
            Self::Lines { .. } => Kind::Lines,
            Self::Restart { .. } => Kind::Restarted,
            Self::State(_) => Kind::State,
            Self::Beat => Kind::Beat,
            Self::Release => Kind::Released,
        }
    }

    fn payload(&self) -> &[u8] {
        match self {
            Self::Lines { batch, .. } => batch,
            Self::Restart { journal, .. } => journal,
            _ => &[],
        }
    }

    /// Where the journal has to end for it.
    fn position(&self) -> Option<u64> {
        match self {
            Self::Lines { position, .. } | Self::Restart { position, .. } => Some(*position),
            _ => None,
        }
    }
}

impl Writing {
    /// The record of a write; the same one where it was sent before.
    fn record(&self, write: &Write, at: Timestamp) -> Sent {
        if let Some(sent) = self.sent.iter().find(|sent| sent.write == *write) {
            return sent.clone();
        }
        let mut head = Head { kind: write.kind(), at, whole: false, ..self.head.clone() };
        match write {
            Write::Lines { .. } => head.has_journal = true,
            Write::Restart { .. } => {
                (head.has_journal, head.whole, head.since) = (true, true, self.place.position + 1);
            }
            Write::State(kept) => head.state = kept.clone(),
            Write::Release => head.claim = None,
            Write::Beat => {}
        }
        Sent { bytes: frame::encode(&head, write.payload()), head, write: write.clone() }
    }

    /// Takes note that a record stands.
    fn stands(&mut self, sent: Sent, place: Place) {
        match &sent.write {
            Write::Lines { batch, .. } => self.journal.extend_from_slice(batch),
            Write::Restart { journal, .. } => self.journal.clone_from(journal),
            _ => {}
        }
        self.head = sent.head;
        self.place = place;
        self.sent.clear();
        self.last = Some(sent.write.clone());
        // A beat between two tries of another write does not make that one unknown.
        if sent.write != Write::Beat {
            self.done = Some(sent.write);
        }
    }
}

impl Objects {
    /// Makes the state `name` in a bucket; nothing is asked yet.
    ///
    /// # Errors
    /// A name whose objects another state's rules would reach.
    pub(super) fn over(bucket: super::bucket::Bucket, name: StateName, clock: Clock) -> Result<Self, StoreError> {
        let log = Log { name: format!("{name}/"), bucket };
        if let Some(part) = name.as_str().split('/').skip(1).find(|part| is_ours(part)) {
            return Err(StoreError::Unsuitable {
                path: log.bucket.path(name.as_str()),
                why: format!("`{part}` is where a state keeps its own objects"),
                hint: "give the state another name: `state.name` in the spec".to_owned(),
            });
        }
        Ok(Self { log, state: name, clock, told: None, writing: None })
    }

    fn now(&self) -> Timestamp {
        let Some((told, since)) = self.told else { return self.clock.now() };
        told.saturating_add(SignedDuration::try_from(since.elapsed()).unwrap_or(SignedDuration::MAX)).unwrap_or(told)
    }

    fn hear(&mut self, date: Option<Timestamp>) {
        self.told = date.map(|date| (date, BootTime::now())).or(self.told);
    }

    async fn view(&mut self, journal: bool) -> Result<View, StoreError> {
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

    /// Makes a write under the claim.
    async fn write(&mut self, write: Write) -> Result<(), Unwritten> {
        let Some(mut writing) = self.writing.take() else {
            return Err(Unwritten::Refused(StoreError::Bug(format!("{} is not claimed", self.label()))));
        };
        let outcome = self.write_as(&mut writing, &write).await;
        self.writing = Some(writing);
        outcome
    }

    async fn write_as(&mut self, writing: &mut Writing, write: &Write) -> Result<(), Unwritten> {
        /// More than can be on its way for one place.
        const TRIES: usize = 8;
        for _ in 0..TRIES {
            if writing.done.as_ref() == Some(write) && write.position().is_some() {
                return Ok(());
            }
            let length = writing.journal.len() as u64;
            if write.position().is_some_and(|position| position != length) {
                // What was sent before and not answered may be there, and then the journal has another length.
                if writing.sent.is_empty() || !self.adopt(writing).await.map_err(Unwritten::Unknown)? {
                    return self.misplaced(writing, length).await;
                }
                continue;
            }
            let sent = writing.record(write, self.now());
            match self.log.push(writing.place, &sent.bytes).await {
                Ok((Put::Done, answer)) => {
                    self.hear(answer.and_then(|answer: Answer| answer.date));
                    let place = self.log.after(writing.place, &sent.bytes);
                    writing.stands(sent, place);
                    return Ok(());
                }
                Ok((Put::Taken, _)) => {
                    let is_this = self.settle(writing, sent).await?;
                    if is_this {
                        return Ok(());
                    }
                }
                Err(error) => return Err(self.unwritten(writing, sent, error)),
            }
        }
        Err(Unwritten::Unknown(self.log.damaged(&self.label(), "it is written to without end".to_owned())))
    }

    /// A write for another journal than ours: of somebody whose claim is over, or a bug.
    async fn misplaced(&mut self, writing: &Writing, length: u64) -> Result<(), Unwritten> {
        let view = self.view(false).await.map_err(Unwritten::Unknown)?;
        match self.fenced(writing, &view) {
            Some(fenced) => Err(Unwritten::Fenced(fenced)),
            None => Err(Unwritten::Refused(StoreError::Moved {
                path: self.label(),
                detail: format!("its journal has {length} bytes"),
            })),
        }
    }

    /// Finds out what stands where a record of ours was to be put; returns whether it is that one.
    async fn settle(&mut self, writing: &mut Writing, sent: Sent) -> Result<bool, Unwritten> {
        let write = sent.write.clone();
        writing.sent.push(sent);
        if self.adopt(writing).await.map_err(Unwritten::Unknown)? {
            return Ok(writing.last == Some(write));
        }
        let view = self.view(false).await.map_err(Unwritten::Unknown)?;
        match self.fenced(writing, &view) {
            Some(fenced) => Err(Unwritten::Fenced(fenced)),
            None => Err(Unwritten::Refused(StoreError::Bug(format!("{} has other records of ours", self.label())))),
        }
    }

    /// Takes in what was sent for this place, if it stands there; returns whether it does.
    async fn adopt(&mut self, writing: &mut Writing) -> Result<bool, StoreError> {
        let there = self.log.at(writing.place).await?;
        let Some(ours) = writing.sent.iter().find(|sent| there.starts_with(&sent.bytes)).cloned() else {
            return Ok(false);
        };
        let place = self.log.after(writing.place, &ours.bytes);
        writing.stands(ours, place);
        Ok(true)
    }

    /// Returns who took over, if somebody has.
    fn fenced(&self, writing: &Writing, view: &View) -> Option<Fenced> {
        let head = view.head.as_ref()?;
        let holder = head.claim.as_ref().map(|claim| claim.holder.clone());
        let is_ours = head.epoch == writing.head.epoch && holder.as_ref().is_none_or(|holder| holder.id == writing.id);
        (!is_ours).then_some(Fenced { by: holder, since: head.at, epoch: head.epoch })
    }

    fn unwritten(&self, writing: &mut Writing, sent: Sent, error: ObjectError) -> Unwritten {
        let may_be_there = error.can_wait() || !writing.sent.is_empty();
        let error = error.at("write to", self.log.bucket.path(&self.log.name));
        if !may_be_there {
            return Unwritten::Refused(error);
        }
        if writing.sent.iter().all(|before| before.bytes != sent.bytes) {
            writing.sent.push(sent);
        }
        Unwritten::Unknown(error)
    }

    /// Whose calls may still be on their way once the claim in `view` is taken from its holder.
    fn before(&self, view: &View, forced: bool) -> Option<Gone> {
        let head = view.head.as_ref()?;
        let now = self.now();
        let lost = head.claim.as_ref().map(|claim| {
            let from = if forced { now } else { view.modified.unwrap_or(head.at) };
            Gone { holder: claim.holder.clone(), forced, rights_end: later(from, claim.ttl()) }
        });
        let carried = head.before.clone().filter(|gone| later(gone.rights_end, CARRIED) > now);
        lost.into_iter().chain(carried).max_by_key(|gone| gone.rights_end)
    }

    /// Begins to write under a claim that stands in the log.
    async fn begin(&mut self, view: View, id: &str) -> Result<Option<Claimed>, StoreError> {
        let Some(mut head) = view.head else { return Ok(None) };
        let (mut place, journal) = (view.place, view.journal.unwrap_or_default());
        // In OSS the claim ended the object before: it still needs its own.
        if place.position == 0 {
            head = Head { kind: Kind::Claimed, whole: true, ..head };
            let bytes = frame::encode(&head, &journal);
            let (put, _) = self.push(place, &bytes).await?;
            if put == Put::Taken && !self.log.at(place).await?.starts_with(&bytes) {
                return Ok(None);
            }
            place = self.log.after(place, &bytes);
        }
        self.log.leave_hint(&head, place, &[]).await;
        let now = self.now();
        let before = head.before.as_ref().map(|gone| Before {
            holder: gone.holder.clone(),
            how: gone.how(),
            rights_end: if self.told.is_some() { gone.rights_end.duration_since(now) } else { SignedDuration::ZERO },
        });
        let epoch = head.epoch;
        let id = id.to_owned();
        self.writing = Some(Writing { head, place, journal, id, sent: Vec::new(), last: None, done: None });
        Ok(Some(Claimed { epoch, before }))
    }

    async fn push(&mut self, place: Place, bytes: &[u8]) -> Result<(Put, Option<Answer>), StoreError> {
        let pushed = self.log.push(place, bytes).await;
        let pushed = pushed.map_err(|error| error.at("write to", self.log.bucket.path(&self.log.name)))?;
        self.hear(pushed.1.as_ref().and_then(|answer| answer.date));
        Ok(pushed)
    }

    /// The record with which the next epoch begins.
    fn next_epoch(&self, view: &View, claim: Option<Claim>) -> (Head, Vec<u8>) {
        let is_free = claim.is_none();
        let before = self.before(view, is_free);
        let known = view.head.as_ref();
        // What begins an object has the journal whole; a claim in S3 is where reading begins.
        let is_oss = self.log.is_oss();
        let whole = if is_oss { view.place.position == 0 } else { !is_free };
        let head = Head {
            version: frame::VERSION,
            kind: if is_free {
                Kind::Freed
            } else if is_oss {
                Kind::Taking
            } else {
                Kind::Claimed
            },
            epoch: view.epoch() + 1,
            claim,
            before,
            state: known.and_then(|head| head.state.clone()),
            whole,
            has_journal: known.is_some_and(|head| head.has_journal),
            since: if whole { view.place.position + 1 } else { known.map_or(0, |head| head.since) },
            at: self.now(),
            bytes: 0,
        };
        let payload = if whole { view.journal.clone().unwrap_or_default() } else { Vec::new() };
        (head, payload)
    }

    fn key(&self, name: &NoteName) -> String {
        format!("{}{name}", self.log.name)
    }

    fn failed(&self, error: ObjectError, doing: &'static str, key: &str) -> StoreError {
        error.at(doing, self.log.bucket.path(key))
    }
}

/// Returns whether a part of a name is what a state calls something of its own.
fn is_ours(part: &str) -> bool {
    part.starts_with("journal") || ["state", "head", "probe"].contains(&part)
}

/// Returns what the store's clock says of a lease.
fn lapse(view: &View, ttl: Duration) -> Lapse {
    let Some((modified, date)) = view.modified.zip(view.date) else { return Lapse::Untold };
    let age = Duration::try_from(date.duration_since(modified)).unwrap_or_default();
    match ttl.mul_f64(1.5).checked_sub(age) {
        Some(left) if !left.is_zero() => Lapse::Left(left),
        _ => Lapse::Over,
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.saturating_add(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
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
            self.register().await?;
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
                return Err(StoreError::Locked { holder: held.holder.to_string(), id: held.holder.id });
            }
            let (head, payload) = self.next_epoch(&view, None);
            let bytes = frame::encode(&head, &payload);
            let (put, _) = self.push(view.place, &bytes).await?;
            if put == Put::Done || self.log.at(view.place).await?.starts_with(&bytes) {
                return Ok(held.holder);
            }
        }
        Err(StoreError::Moved { path: self.label(), detail: "its holder writes without pause".to_owned() })
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
        self.log.bucket.put(&key, or_nothing(bytes)).await.map(drop).map_err(|error| self.failed(error, "write", &key))
    }

    async fn noted(&mut self, name: &NoteName) -> Result<Option<Vec<u8>>, StoreError> {
        let key = self.key(name);
        let answer = self.log.bucket.get(&key).await.map_err(|error| self.failed(error, "read", &key))?;
        Ok(answer.map(|answer| if answer.body == NOTHING { Vec::new() } else { answer.body }))
    }

    async fn names(&mut self, folder: Folder) -> Result<Vec<NoteName>, StoreError> {
        let prefix = format!("{}{}/", self.log.name, folder.word());
        let keys = self.log.bucket.list(&prefix, None, usize::MAX).await;
        let keys = keys.map_err(|error| self.failed(error, "list", &prefix))?;
        Ok(keys.iter().filter_map(|key| NoteName::new(folder, key.strip_prefix(&prefix)?)).collect())
    }

    async fn states(&mut self) -> Result<Vec<StateName>, StoreError> {
        let keys = self.log.bucket.list(STATES, None, usize::MAX).await;
        let keys = keys.map_err(|error| self.failed(error, "list", STATES))?;
        Ok(keys.iter().filter_map(|key| StateName::parse(key.strip_prefix(STATES)?).ok()).collect())
    }
}

/// What stands for nothing: an object of OSS that is empty can be appended to at 0 once more.
const NOTHING: &[u8] = b"(nothing)\n";

fn or_nothing(bytes: &[u8]) -> &[u8] {
    if bytes.is_empty() { NOTHING } else { bytes }
}

/// Under which every state has an object of its name. No state's name has capital letters.
const STATES: &str = "STORE/states/";

impl Objects {
    /// Lets the state be found by whoever lists all of them.
    async fn register(&self) -> Result<(), StoreError> {
        let key = format!("{STATES}{}", self.state);
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
