//! States in a Postgres: a row each, which fences; journal and notes in rows of their own.
//!
//! Whoever writes updates the row of the state on the condition of its epoch and position, and in the same statement appends:
//! the row's lock makes one of two. The lease runs by the server's clock. There is no pool, no advisory lock (it is lost with its
//! session, and a pooler strands it), no transaction over several statements and no named statement. The states of one command have
//! a connection each while they ask, and few while they do not (`idle`).

mod address;
mod fleet;
mod idle;
mod link;
mod schema;
mod tls;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::StoreError;
use super::lock::Holder;
use super::remote::{
    Before, Claimed, Fenced, Folder, Held, Lapse, Lost, NoteName, Noted, Prefix, Remote, StateName, Tip, Unwritten,
};

use link::{Link, Parameter, Unanswered};

pub use address::{Address, BadAddress, Login};
pub use fleet::fleet;

/// What makes the schema, for whoever may: the first claim does the same.
pub const SCHEMA: &str = schema::CREATE;

/// One state in a Postgres.
pub struct Postgres {
    link: Link,
    name: StateName,
    /// The epoch of our claim.
    epoch: i64,
}

/// What stands in the row of a state.
struct Standing {
    tip: Tip,
    last_holder: Option<Holder>,
    changed: Timestamp,
    position: i64,
    generation: i64,
}

impl Postgres {
    /// Names a state; nothing is asked yet.
    pub fn new(address: Address, login: Login, name: StateName) -> Self {
        Self { link: Link::new(address, login), name, epoch: 0 }
    }

    async fn standing(&mut self) -> Result<Option<Standing>, Unanswered> {
        let Some(found) = self.look("read", schema::FORMAT, &[]).await? else { return Ok(None) };
        self.check_format(&found)?;
        let name = self.name.clone();
        let Some(rows) = self.look("read", schema::TIP, &[(&name.as_str(), Type::TEXT)]).await? else {
            return Ok(None);
        };
        match rows.first() {
            Some(row) => self.read_standing(row).map(Some).map_err(Unanswered::Refused),
            None => self.never().await.map(|()| None),
        }
    }

    /// Reads; `None` where nobody has made the schema yet.
    ///
    /// # Errors
    /// A part of the schema is missing, beside those of any read.
    async fn look(
        &mut self,
        doing: &'static str,
        statement: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<Vec<Row>>, Unanswered> {
        match self.link.ask(doing, statement, parameters).await {
            Err(Unanswered::NoSchema) => {}
            rows => return rows.map(Some),
        }
        if !self.link.has_schema().await? {
            return Ok(None);
        }
        // Somebody has made it in between.
        self.link.ask(doing, statement, parameters).await.map(Some)
    }

    /// Makes sure of a state without a row that it never was.
    async fn never(&mut self) -> Result<(), Unanswered> {
        let name = self.name.clone();
        let rows = self.link.ask("read", schema::LEFT_OF, &[(&name.as_str(), Type::TEXT)]).await?;
        match rows.first().is_some_and(|row| row.get(0)) {
            false => Ok(()),
            true => Err(Unanswered::Refused(self.damaged("its row is missing, and runs of it are there".to_owned()))),
        }
    }

    fn read_standing(&self, row: &Row) -> Result<Standing, StoreError> {
        // Every writer only adds to these.
        for (place, what) in [(0, "epoch"), (1, "pulse"), (3, "lease"), (7, "position"), (8, "generation")] {
            let number: i64 = row.get(place);
            if number < 0 {
                return Err(self.damaged(format!("its {what} is {number}, and nothing that rictl writes is below 0")));
            }
        }
        let (ttl, left): (i64, i64) = (row.get(3), row.get(4));
        let held = self.holder(row.get(2))?.map(|holder| {
            let left = u64::try_from(left).ok().filter(|left| *left > 0);
            let lease = left.map_or(Lapse::Over, |left| Lapse::Left(Duration::from_millis(left)));
            Held { holder, ttl: Duration::from_millis(ttl.unsigned_abs()), lease }
        });
        let tip = Tip { epoch: row.get::<_, i64>(0).unsigned_abs(), pulse: row.get::<_, i64>(1).unsigned_abs(), held };
        let changed = Timestamp::from_millisecond(row.get(6)).unwrap_or_default();
        let last_holder = self.holder(row.get(5))?;
        Ok(Standing { tip, last_holder, changed, position: row.get(7), generation: row.get(8) })
    }

    fn holder(&self, text: Option<&str>) -> Result<Option<Holder>, StoreError> {
        let damaged = || self.damaged("its holder cannot be read".to_owned());
        text.map(|text| Holder::parse(text.as_bytes()).ok_or_else(damaged)).transpose()
    }

    fn damaged(&self, detail: String) -> StoreError {
        StoreError::Damaged { path: Remote::label(self), detail: detail.into(), hint: link::LOST.into() }
    }

    /// Says that rows of the journal are missing.
    fn lacks(&self, journal: &[u8], written: i64) -> StoreError {
        self.damaged(format!("its journal has {} bytes, and {written} were written", journal.len()))
    }

    /// Takes apart what [`schema::READ`] has read.
    fn prefix(&self, row: &Row) -> Result<Prefix, StoreError> {
        let standing = self.read_standing(row)?;
        let journal: Vec<u8> = row.get::<_, Option<Vec<u8>>>(10).unwrap_or_default();
        if length(&journal) != standing.position {
            return Err(self.lacks(&journal, standing.position));
        }
        let was_written = standing.generation > 0 || standing.position > 0;
        Ok(Prefix { tip: standing.tip, journal: was_written.then_some(journal), state: row.get(9) })
    }

    /// Refuses a schema that a newer version has made, and one that does not say which has.
    fn check_format(&self, rows: &[Row]) -> Result<(), Unanswered> {
        let found = rows.first().map(|row| row.get(0));
        fleet::check_format(self.link.address(), found).map_err(Unanswered::Refused)
    }

    /// Makes sure that the server keeps what it is given, and has somewhere to put it.
    async fn make_ready(&mut self) -> Result<(), Unanswered> {
        self.link.examine().await?;
        if !self.link.has_schema().await? {
            self.link.create().await?;
        }
        let found = self.link.ask("read", schema::FORMAT, &[]).await?;
        self.check_format(&found)
    }

    /// Does a write under the claim. Where it changed nothing, says who has taken over, or finds that it was done before:
    /// `stands` are the bytes that then end the journal, from their position on.
    async fn write(
        &mut self,
        statement: &str,
        more: &[Parameter<'_>],
        stands: Option<(i64, &[u8])>,
    ) -> Result<(), Unwritten> {
        let (name, epoch) = (self.name.clone(), self.epoch);
        let text = name.as_str();
        let mut parameters: Vec<Parameter<'_>> = vec![(&text, Type::TEXT), (&epoch, Type::INT8)];
        parameters.extend_from_slice(more);
        if !self.link.write(statement, &parameters).await.map_err(unwritten)?.is_empty() {
            return Ok(());
        }
        let (from, bytes) = stands.map_or((i64::MAX, None), |(from, bytes)| (from, Some(bytes)));
        let key: [Parameter<'_>; 2] = [(&text, Type::TEXT), (&from, Type::INT8)];
        let rows = self.link.ask("read", schema::WRITTEN, &key).await.map_err(unwritten)?;
        let Some(row) = rows.first() else { return Err(Unwritten::Refused(self.went_back())) };
        let standing = self.read_standing(row).map_err(Unwritten::Refused)?;
        let found = standing.tip.epoch.cast_signed();
        if found > epoch || (found == epoch && standing.tip.held.is_none()) {
            let Standing { tip: Tip { epoch, held, .. }, last_holder, changed: since, .. } = standing;
            let by = held.map(|held| held.holder).or(last_holder);
            return Err(Unwritten::Fenced(Box::new(Fenced { by, since, epoch })));
        }
        let there: Option<&[u8]> = row.get(9);
        let is_done = found == epoch
            && bytes
                .is_some_and(|bytes| there.unwrap_or_default() == bytes && standing.position - from == length(bytes));
        if is_done { Ok(()) } else { Err(Unwritten::Refused(self.went_back())) }
    }

    /// Does a write that needs no claim; who comes before the first claim makes the schema.
    async fn write_unclaimed(&mut self, statement: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, StoreError> {
        match self.link.write(statement, parameters).await {
            Err(Unanswered::NoSchema) => {
                // Where a part of it was lost, this says so.
                self.make_ready().await?;
                Ok(self.link.write(statement, parameters).await?)
            }
            rows => Ok(rows?),
        }
    }

    /// Says that what was written under this claim is not there any more.
    fn went_back(&self) -> StoreError {
        StoreError::Unsuitable {
            path: Remote::label(self),
            why: "it is older than what was written there: it was restored, or a replica took over that lagged behind"
                .into(),
            hint: "nothing more is written; see what the cloud says with `rictl plan`, and keep the rescue file".into(),
        }
    }

    fn won(&mut self, row: &Row) -> Result<Claimed, StoreError> {
        self.epoch = row.get(0);
        let how = if row.get(2) { Lost::Forced } else { Lost::Lapsed };
        let rights_end = SignedDuration::from_millis(row.get::<_, Option<i64>>(3).unwrap_or_default());
        let before = self.holder(row.get(1))?.map(|holder| Before { holder, how, rights_end });
        Ok(Claimed { epoch: self.epoch.unsigned_abs(), before })
    }
}

fn unwritten(unanswered: Unanswered) -> Unwritten {
    match unanswered {
        Unanswered::Unknown(error) => Unwritten::Unknown(error),
        other => Unwritten::Refused(other.into()),
    }
}

fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

fn position(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

fn words(holder: &Holder) -> Result<String, StoreError> {
    serde_json::to_string(holder).map_err(|error| StoreError::Bug(error.to_string()))
}

impl Remote for Postgres {
    fn label(&self) -> String {
        format!("{} {}", self.link.address(), self.name)
    }

    async fn tip(&mut self) -> Result<Tip, StoreError> {
        Ok(self.standing().await?.map(|standing| standing.tip).unwrap_or_default())
    }

    async fn read(&mut self) -> Result<Prefix, StoreError> {
        let Some(found) = self.look("read", schema::FORMAT, &[]).await? else { return Ok(Prefix::default()) };
        self.check_format(&found)?;
        let name = self.name.clone();
        let rows = self.look("read", schema::READ, &[(&name.as_str(), Type::TEXT)]).await?.unwrap_or_default();
        let Some(row) = rows.first() else {
            self.never().await?;
            return Ok(Prefix::default());
        };
        self.prefix(row)
    }

    async fn claim(&mut self, seen: &Tip, holder: &Holder, ttl: Duration) -> Result<Option<Claimed>, StoreError> {
        self.make_ready().await?;
        self.link.limit_to(ttl);
        let (name, epoch, pulse) = (self.name.clone(), seen.epoch.cast_signed(), seen.pulse.cast_signed());
        let (name, words) = (name.as_str(), words(holder)?);
        let ttl = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        let key: [Parameter<'_>; 3] = [(&name, Type::TEXT), (&epoch, Type::INT8), (&pulse, Type::INT8)];
        let is_ours = seen.held.as_ref().is_some_and(|held| held.holder.id == holder.id);
        let rows = if is_ours {
            self.link.ask("claim", schema::CLAIMED, &key).await?
        } else {
            if seen.epoch == 0 {
                self.link.ask("claim", schema::BEGIN, &key[..1]).await?;
            }
            let more: [Parameter<'_>; 2] = [(&words, Type::TEXT), (&ttl, Type::INT8)];
            self.link.ask("claim", schema::CLAIM, &[key.as_slice(), &more].concat()).await?
        };
        let claimed = rows.first().map(|row| self.won(row)).transpose()?;
        if claimed.is_some() {
            self.link.hold();
        }
        Ok(claimed)
    }

    async fn append(&mut self, at: u64, batch: &[u8]) -> Result<(), Unwritten> {
        if batch.is_empty() {
            return self.beat().await;
        }
        let at = position(at);
        let more: [Parameter<'_>; 2] = [(&at, Type::INT8), (&batch, Type::BYTEA)];
        self.write(schema::APPEND, &more, Some((at, batch))).await
    }

    async fn beat(&mut self) -> Result<(), Unwritten> {
        self.write(schema::BEAT, &[], None).await
    }

    async fn keep(&mut self, serial: u64, state: &[u8]) -> Result<(), Unwritten> {
        let serial = position(serial);
        self.write(schema::KEEP, &[(&serial, Type::INT8), (&state, Type::BYTEA)], None).await
    }

    async fn restart(&mut self, at: u64, journal: &[u8]) -> Result<(), Unwritten> {
        let at = position(at);
        let more: [Parameter<'_>; 2] = [(&at, Type::INT8), (&journal, Type::BYTEA)];
        self.write(schema::RESTART, &more, Some((0, journal))).await
    }

    async fn release(&mut self) -> Result<(), StoreError> {
        let (name, epoch) = (self.name.as_str(), self.epoch);
        self.link.ask("release", schema::RELEASE, &[(&name, Type::TEXT), (&epoch, Type::INT8)]).await?;
        self.link.let_go();
        Ok(())
    }

    async fn free(&mut self, id: &str) -> Result<Holder, StoreError> {
        let name = self.name.clone();
        loop {
            let Some(Tip { epoch, held: Some(held), .. }) = self.standing().await?.map(|standing| standing.tip) else {
                return Err(StoreError::NotLocked { path: Remote::label(self) });
            };
            if held.holder.id != id {
                return Err(StoreError::locked(held.holder));
            }
            let (name, epoch) = (name.as_str(), epoch.cast_signed());
            let key: [Parameter<'_>; 2] = [(&name, Type::TEXT), (&epoch, Type::INT8)];
            if !self.link.ask("free", schema::FREE, &key).await?.is_empty() {
                return Ok(held.holder);
            }
        }
    }

    async fn note(&mut self, name: &NoteName, bytes: &[u8]) -> Result<Noted, StoreError> {
        let (state, folder, note) = (self.name.clone(), name.folder().word(), name.name());
        let state = state.as_str();
        let key: [Parameter<'_>; 3] = [(&state, Type::TEXT), (&folder, Type::TEXT), (&note, Type::TEXT)];
        let all = [key.as_slice(), &[(&bytes, Type::BYTEA)]].concat();
        if !self.write_unclaimed(schema::NOTE, &all).await?.is_empty() {
            return Ok(Noted::Yours);
        }
        let rows = self.link.ask("read", schema::NOTED, &key).await?;
        let gone = || self.damaged(format!("{name} was there and is gone"));
        Ok(Noted::Earlier(rows.first().ok_or_else(gone)?.get(0)))
    }

    async fn replace(&mut self, name: &NoteName, bytes: &[u8]) -> Result<(), StoreError> {
        let (state, folder, note) = (self.name.clone(), name.folder().word(), name.name());
        let state = state.as_str();
        let all: [Parameter<'_>; 4] =
            [(&state, Type::TEXT), (&folder, Type::TEXT), (&note, Type::TEXT), (&bytes, Type::BYTEA)];
        let statement = if name.folder() == Folder::Findings { schema::FIND } else { schema::REPLACE };
        self.write_unclaimed(statement, &all).await?;
        Ok(())
    }

    async fn noted(&mut self, name: &NoteName) -> Result<Option<Vec<u8>>, StoreError> {
        let (state, folder, note) = (self.name.clone(), name.folder().word(), name.name());
        let state = state.as_str();
        let key: [Parameter<'_>; 3] = [(&state, Type::TEXT), (&folder, Type::TEXT), (&note, Type::TEXT)];
        let rows = self.look("read", schema::NOTED, &key).await?.unwrap_or_default();
        Ok(rows.first().map(|row| row.get(0)))
    }

    async fn names(&mut self, folder: Folder) -> Result<Vec<NoteName>, StoreError> {
        let (state, word) = (self.name.clone(), folder.word());
        let key: [Parameter<'_>; 2] = [(&state.as_str(), Type::TEXT), (&word, Type::TEXT)];
        let rows = self.look("read", schema::NAMES, &key).await?.unwrap_or_default();
        Ok(rows.iter().filter_map(|row| NoteName::new(folder, row.get::<_, &str>(0))).collect())
    }

    async fn states(&mut self) -> Result<Vec<StateName>, StoreError> {
        let rows = self.look("read", schema::STATES, &[]).await?.unwrap_or_default();
        Ok(rows.iter().filter_map(|row| StateName::parse(row.get(0)).ok()).collect())
    }

    async fn read_all(&mut self, names: &[StateName]) -> Result<Vec<Result<Prefix, StoreError>>, StoreError> {
        let texts: Vec<&str> = names.iter().map(StateName::as_str).collect();
        let rows = self.look("read", schema::READ_ALL, &[(&texts, Type::TEXT_ARRAY)]).await?.unwrap_or_default();
        if let Some(row) = rows.first() {
            fleet::check_format(self.link.address(), row.get(11))?;
        }
        let mut there: BTreeMap<&str, &Row> = rows.iter().map(|row| (row.get(12), row)).collect();
        let mut read = |name: &StateName| {
            let Some(row) = there.remove(name.as_str()) else { return Ok(Prefix::default()) };
            Remote::beside(self, name)?.prefix(row)
        };
        Ok(names.iter().map(&mut read).collect())
    }

    fn beside(&self, name: &StateName) -> Result<Self, StoreError> {
        Ok(Self { link: self.link.anew(), name: name.clone(), epoch: 0 })
    }

    async fn own(
        &mut self,
        (note, bytes): (&NoteName, &[u8]),
        keys: &[String],
    ) -> Result<Vec<(String, Vec<StateName>)>, StoreError> {
        let own = self.name.clone();
        let (text, folder, note) = (own.as_str(), note.folder().word(), note.name());
        let told: [Parameter<'_>; 3] = [(&text, Type::TEXT), (&folder, Type::TEXT), (&note, Type::TEXT)];
        let more: [Parameter<'_>; 2] = [(&bytes, Type::BYTEA), (&keys, Type::TEXT_ARRAY)];
        self.write_unclaimed(schema::OWN, &[told.as_slice(), &more].concat()).await?;
        Ok(StateName::but_for(&own, Remote::holders(self, keys).await?))
    }

    async fn holders(&mut self, keys: &[String]) -> Result<Vec<(String, Vec<StateName>)>, StoreError> {
        let rows = self.look("read", schema::HOLDERS, &[(&keys, Type::TEXT_ARRAY)]).await?.unwrap_or_default();
        let said = |row: &Row| {
            let mut names = StateName::parse_lines(row.get(1));
            names.sort();
            (row.get(0), names)
        };
        Ok(rows.iter().map(said).collect())
    }

    async fn note_all(&mut self, notes: &[(NoteName, Vec<u8>)]) -> Result<(), StoreError> {
        /// A message must stay far below the gigabyte that a server takes.
        const AT_ONCE: usize = 200;
        let state = self.name.clone();
        let state = state.as_str();
        for notes in notes.chunks(AT_ONCE) {
            let folders: Vec<&str> = notes.iter().map(|(name, _)| name.folder().word()).collect();
            let names: Vec<&str> = notes.iter().map(|(name, _)| name.name()).collect();
            let bytes: Vec<&[u8]> = notes.iter().map(|(_, bytes)| bytes.as_slice()).collect();
            let all: [Parameter<'_>; 4] = [
                (&state, Type::TEXT),
                (&folders, Type::TEXT_ARRAY),
                (&names, Type::TEXT_ARRAY),
                (&bytes, Type::BYTEA_ARRAY),
            ];
            self.link.write(schema::NOTE_ALL, &all).await?;
        }
        Ok(())
    }
}
