//! The log of a state in a bucket: where it ends, what it says, and how one more record gets there.
//!
//! In OSS each epoch has an object, `NAME/journal-EPOCH.jsonl`, whose length is the position that an append has to name; a claim ends the
//! object of the epoch before it, and so takes the position away from whoever wrote there. In S3 each record is an object of its own,
//! `NAME/journal/NUMBER`, which is made only where there is none. `NAME/head` says where to begin to look; it is a
//! hint, and never believed but where a lifecycle rule has removed a log that was at rest.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::bucket::{Bucket, Put};
use super::error::ObjectError;
use super::frame::{self, Head, Kind, Record, Unread};
use super::wire::Answer;
use crate::signature::v4::Dialect;
use crate::store::StoreError;

/// A log is removed by a lifecycle rule when it is 30 days old; a day is left for when that is done.
const EXPIRES: SignedDuration = SignedDuration::from_hours(29 * 24);

/// How many objects are read at once.
const ABREAST: usize = 8;

/// Where the next record goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The epoch whose object it goes to, in OSS.
    pub(super) epoch: u64,
    /// In OSS how long that object is, in S3 the number of the newest segment.
    pub(super) position: u64,
}

/// A log as it was at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    /// The newest record; `None` where there never was one.
    pub(super) head: Option<Head>,
    /// The journal; `None` where it was not asked for.
    pub(super) journal: Option<Vec<u8>>,
    pub(super) place: Place,
    /// When the newest record was written, by the store's clock.
    pub(super) modified: Option<Timestamp>,
    /// What the store's clock showed.
    pub(super) date: Option<Timestamp>,
}

impl View {
    pub(super) fn epoch(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.epoch)
    }
}

/// The log of one state.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pub(super) bucket: Bucket,
    /// What its keys begin with: the state's name and a slash.
    pub(super) name: String,
}

/// Which objects there are, as numbers, and where the search began.
struct Listed {
    numbers: Vec<u64>,
    hint: Option<Hint>,
}

/// What `NAME/head` says.
struct Hint {
    number: u64,
    record: Record,
    answer: Answer,
}

impl Log {
    pub(super) fn is_oss(&self) -> bool {
        self.bucket.dialect() == Dialect::Oss
    }

    /// The key of an object of the log.
    pub(super) fn key(&self, number: u64) -> String {
        if self.is_oss() {
            format!("{}journal-{number:012}.jsonl", self.name)
        } else {
            format!("{}journal/{number:012}", self.name)
        }
    }

    fn number(&self, key: &str) -> Option<u64> {
        let rest = key.strip_prefix(&self.name)?;
        let digits = if self.is_oss() {
            rest.strip_prefix("journal-")?.strip_suffix(".jsonl")?
        } else {
            rest.strip_prefix("journal/")?
        };
        (digits.len() == 12).then(|| digits.parse().ok()).flatten()
    }

    /// Puts one record where the log ends; refused where it does not end there.
    pub(super) async fn push(&self, place: Place, bytes: &[u8]) -> Result<(Put, Option<Answer>), ObjectError> {
        if self.is_oss() {
            self.bucket.append(&self.key(place.epoch), place.position, bytes).await
        } else {
            self.bucket.create(&self.key(place.position + 1), bytes).await
        }
    }

    /// Returns where the log ends once `bytes` stand at `place`.
    pub(super) fn after(&self, place: Place, bytes: &[u8]) -> Place {
        let more = if self.is_oss() { bytes.len() as u64 } else { 1 };
        Place { position: place.position + more, ..place }
    }

    /// Returns what stands at a place; nothing where the log ends there.
    pub(super) async fn at(&self, place: Place) -> Result<Vec<u8>, StoreError> {
        let key = self.key(if self.is_oss() { place.epoch } else { place.position + 1 });
        let Some(mut answer) = self.get(&key).await? else { return Ok(Vec::new()) };
        if !self.is_oss() {
            return Ok(answer.body);
        }
        let from = usize::try_from(place.position).unwrap_or(usize::MAX);
        if from > answer.body.len() {
            return Err(self.damaged(&key, "it is shorter than it was".to_owned()));
        }
        Ok(answer.body.split_off(from))
    }

    /// Reads where the log ends, and with `journal` all of it that counts.
    pub(super) async fn view(&self, journal: bool) -> Result<View, StoreError> {
        let listed = self.listed().await?;
        match (listed.numbers.last().copied(), listed.hint) {
            (Some(newest), _) if self.is_oss() => self.view_of_objects(newest).await,
            (Some(newest), _) => self.view_of_segments(newest, journal).await,
            (None, Some(hint)) => self.at_rest(hint),
            (None, None) => self.never().await,
        }
    }

    async fn listed(&self) -> Result<Listed, StoreError> {
        let hint = self.hint().await?;
        let begin = hint.as_ref().map_or(0, |hint| hint.number);
        let after = begin.checked_sub(1).map(|before| self.key(before));
        let prefix = format!("{}journal{}", self.name, if self.is_oss() { "-" } else { "/" });
        let keys = self.bucket.list(&prefix, after.as_deref(), usize::MAX).await;
        let keys = keys.map_err(|error| error.at("list", self.bucket.path(&prefix)))?;
        let numbers: Vec<u64> = keys.iter().filter_map(|key| self.number(key)).collect();
        let is_there = hint.as_ref().is_some_and(|hint| !hint.is_of_a_log_that_expired());
        let first = if is_there && !numbers.is_empty() { Some(begin) } else { numbers.first().copied() };
        let gap =
            first.into_iter().flat_map(|first| first..).zip(&numbers).find(|(expected, found)| expected != *found);
        match gap {
            Some((missing, _)) => Err(self.missing(missing)),
            None => Ok(Listed { numbers, hint }),
        }
    }

    /// A log that a lifecycle rule has removed while nothing was open in it.
    fn at_rest(&self, hint: Hint) -> Result<View, StoreError> {
        if !hint.is_of_a_log_that_expired() {
            return Err(self.missing(hint.number));
        }
        let Hint { number, record, answer } = hint;
        let place = Place { epoch: record.head.epoch, position: if self.is_oss() { 0 } else { number } };
        let (modified, date) = (answer.modified, answer.date);
        Ok(View { head: Some(record.head), journal: Some(record.payload), place, modified, date })
    }

    /// A log of which there is nothing at all: it never was, or too much is gone.
    async fn never(&self) -> Result<View, StoreError> {
        for kept in ["state", "runs"] {
            let prefix = format!("{}{kept}/", self.name);
            let left = self.bucket.list(&prefix, None, 1).await;
            let left = left.map_err(|error| error.at("list", self.bucket.path(&prefix)))?;
            if !left.is_empty() {
                return Err(self.damaged(&self.hint_key(), format!("it is missing, and `{kept}/` is there")));
            }
        }
        Ok(View { journal: Some(Vec::new()), ..View::default() })
    }

    /// The newest object of OSS, and the one after it where that was begun since they were listed. Each begins with a record
    /// that has the journal whole.
    async fn view_of_objects(&self, listed: u64) -> Result<View, StoreError> {
        let mut newest = listed;
        let mut answer = self.present(newest).await?;
        let mut records = self.records(newest, &answer.body)?;
        let mut position = answer.body.len() as u64;
        while records.last().is_some_and(|record| record.head.epoch > newest) {
            newest += 1;
            let Some(next) = self.get(&self.key(newest)).await? else {
                position = 0;
                break;
            };
            records.extend(self.records(newest, &next.body)?);
            position = next.body.len() as u64;
            answer = next;
        }
        self.folded(newest, records, Place { epoch: newest, position }, &answer)
    }

    /// The newest segment of S3, and those from the one on that has the journal whole.
    async fn view_of_segments(&self, newest: u64, journal: bool) -> Result<View, StoreError> {
        let answer = self.present(newest).await?;
        let mut last = self.records(newest, &answer.body)?;
        let since = last.first().map_or(newest, |record| record.head.since.min(newest));
        let mut records = Vec::new();
        if journal {
            let before = stream::iter(since..newest).map(|number| async move {
                let answer = self.present(number).await?;
                self.records(number, &answer.body)
            });
            let before: Vec<Vec<Record>> = before.buffered(ABREAST).try_collect().await?;
            records.extend(before.into_iter().flatten());
        }
        records.append(&mut last);
        let place = Place { epoch: records.last().map_or(0, |record| record.head.epoch), position: newest };
        self.folded(newest, records, place, &answer)
    }

    fn folded(&self, newest: u64, records: Vec<Record>, place: Place, answer: &Answer) -> Result<View, StoreError> {
        let Some(last) = records.last() else {
            return Err(self.damaged(&self.key(newest), "it is empty".to_owned()));
        };
        let (head, mut journal) = (last.head.clone(), None);
        for record in records {
            match (&mut journal, record.head.kind) {
                (journal, _) if record.head.whole => *journal = Some(record.payload),
                (Some(journal), Kind::Lines) => journal.extend_from_slice(&record.payload),
                _ => {}
            }
        }
        Ok(View { head: Some(head), journal, place, modified: answer.modified, date: answer.date })
    }

    /// Notes where to begin to look; with `journal` a log that is at rest, all of it. Lost, it costs requests.
    pub(super) async fn leave_hint(&self, head: &Head, place: Place, journal: &[u8]) {
        let number = if self.is_oss() { place.epoch } else { place.position };
        let head = Head { since: number, ..head.clone() };
        if let Err(error) = self.bucket.put(&self.hint_key(), &frame::encode(&head, journal)).await {
            tracing::debug!("{} is not written: {error}", self.hint_key());
        }
    }

    async fn hint(&self) -> Result<Option<Hint>, StoreError> {
        let key = self.hint_key();
        let Some(answer) = self.get(&key).await? else { return Ok(None) };
        let records = frame::decode(&answer.body).map_err(|unread| self.unread(&key, unread))?;
        let Some(record) = records.into_iter().next() else {
            return Err(self.damaged(&key, "it is empty".to_owned()));
        };
        Ok(Some(Hint { number: record.head.since, record, answer }))
    }

    fn hint_key(&self) -> String {
        format!("{}head", self.name)
    }

    async fn get(&self, key: &str) -> Result<Option<Answer>, StoreError> {
        self.bucket.get(key).await.map_err(|error| error.at("read", self.bucket.path(key)))
    }

    async fn present(&self, number: u64) -> Result<Answer, StoreError> {
        self.get(&self.key(number)).await?.ok_or_else(|| self.missing(number))
    }

    fn records(&self, number: u64, bytes: &[u8]) -> Result<Vec<Record>, StoreError> {
        frame::decode(bytes).map_err(|unread| self.unread(&self.key(number), unread))
    }

    fn unread(&self, key: &str, unread: Unread) -> StoreError {
        match unread {
            Unread::Damaged(detail) => self.damaged(key, detail),
            Unread::Newer(found) => {
                StoreError::Newer { path: self.bucket.path(key), found, supported: u64::from(frame::VERSION) }
            }
        }
    }

    fn missing(&self, number: u64) -> StoreError {
        self.damaged(&self.key(number), "it is missing".to_owned())
    }

    pub(super) fn damaged(&self, key: &str, detail: String) -> StoreError {
        let hint = "nothing is repaired here: bring it back from a backup, or from an older version of the object";
        StoreError::Damaged { path: self.bucket.path(key), detail: detail.into(), hint: hint.into() }
    }
}

impl Hint {
    /// Returns whether a lifecycle rule may have removed the log since, with nothing open in it.
    fn is_of_a_log_that_expired(&self) -> bool {
        let age = self.answer.modified.zip(self.answer.date).map(|(modified, date)| date.duration_since(modified));
        self.record.head.kind == Kind::Released && age.is_some_and(|age| age >= EXPIRES)
    }
}
