//! The journal as text: one JSON object a line, numbered from 1, each naming the line before it, sealed with a CRC-32C.
//!
//! ```text
//! {"n":3,"at":12,"intent":[0,1],"prev":"5f0c…","crc":"1a2b3c4d"}
//! {"n":4,"at":90,"accepted":[[0,0,"4EC4…"],[1,4,"9BD1…"]],"prev":"91ab…","crc":"5e6f7a8b"}
//! {"n":5,"run_ended":{"at":"2026-11-23T12:00:01Z","exit":0,"outcome":"complete"},"prev":"c25e…","crc":"aff2eec2"}
//! ```
//!
//! What one write says of steps is one line where it can be ([`super::told`]); all else is a line each. `b` is the number of the
//! first line of the same write, so that what a power cut left of one write can be told from damage (see
//! [`Journal::decode`]). `prev` is the hash of the line before. Keys that this version does not know are passed over: they
//! stay in the bytes, and in the chain. A journal from which ended runs were taken begins with its base: the state that it
//! goes on from. A run is told to its end in the version that its first line says.

use serde::{Deserialize, Serialize};

use super::chain::LineHash;
use super::frame::{Line, is_torn};
use super::replay::{Replay, Run};
use super::told::{Clocks, Fact, Told};
use super::{Entry, Illegal, RunStarted, first, head, told, wire};
use crate::resource::Target;
use crate::state::RunId;

/// A journal: what it says, and where its next line goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    base: Option<Base>,
    replay: Replay,
    lines: u64,
    head: LineHash,
    /// The hashes of its lines.
    hashes: Vec<LineHash>,
    /// Which of them is the first that was written once the last run was over.
    over_from: usize,
    is_first_version: bool,
    /// The version of the run that began last.
    version: u64,
    /// What that run has told by both of its clocks.
    clocks: Clocks,
}

/// What a journal goes on from: the first line of one from which ended runs were taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The state's lineage.
    pub lineage: String,
    /// Whose interfaces.
    pub target: Target,
    /// The newest serial of the state.
    pub serial: u64,
    /// The line that the state of this serial rests on.
    pub head: LineHash,
}

/// The version of the lines of a run; the first line of each says it.
pub const FORMAT_VERSION: u64 = 3;

/// A line that cannot be trusted, cannot follow the ones before it, or is of a newer version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {detail}")]
pub struct DamagedLine {
    /// Which line of the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub detail: String,
    /// The version of the run that begins there, if that is all that is wrong.
    pub newer: Option<u64>,
}

/// The rest of a write that a crash cut off: it was never durable, so nothing was done because of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// Bytes up to the end of the last good line.
    pub good_length: usize,
    /// Bytes after it.
    pub torn_length: usize,
}

impl Journal {
    /// Returns what the journal says.
    pub fn replay(&self) -> &Replay {
        &self.replay
    }

    /// Returns what it goes on from, where ended runs were taken from it.
    pub fn base(&self) -> Option<&Base> {
        self.base.as_ref()
    }

    /// Returns the lineage and the target of its history: those of the last run, else of what it goes on from.
    pub fn origin(&self) -> Option<(&str, &Target)> {
        let last = self.replay.runs().last().map(|run| (run.started.lineage.as_str(), &run.started.target));
        last.or(self.base.as_ref().map(|base| (base.lineage.as_str(), &base.target)))
    }

    /// Returns the hash of its last line.
    pub fn head(&self) -> LineHash {
        self.head
    }

    /// Returns whether it holds lines of version 1, which are read and not added to.
    pub fn is_first_version(&self) -> bool {
        self.is_first_version
    }

    /// Returns whether a state that rests on the line `head` has the last run in it.
    pub fn is_in(&self, head: LineHash) -> bool {
        self.hashes[self.over_from..].contains(&head)
    }

    /// Returns whether it holds the line `head`, or goes on from the state that rests on it: what a state names as its
    /// line and this does not know was cut off, replaced, or is newer than this journal.
    pub fn knows(&self, head: LineHash) -> bool {
        head.is_of_nothing() || self.hashes.contains(&head) || self.base.as_ref().is_some_and(|base| base.head == head)
    }

    /// Returns whether nothing was ever written into it.
    pub fn is_blank(&self) -> bool {
        self.lines == 0
    }

    /// Returns the runs, oldest first.
    pub fn into_runs(self) -> Vec<Run> {
        self.replay.into_runs()
    }

    /// Takes in entries that will be one write with one sync, and returns its bytes. After an error the journal is
    /// spent: what it says is no longer what is written.
    pub fn encode(&mut self, entries: &[Entry]) -> Result<Vec<u8>, Illegal> {
        let batch = self.lines + 1;
        let mut out = Vec::with_capacity(96 * entries.len());
        let mut told: Option<Told> = None;
        for entry in entries {
            let is_told = self.version >= head::SINCE && told::is_of_a_step(entry);
            if !is_told {
                self.tell(&mut out, batch, told.take());
            }
            self.replay.apply(entry.clone())?;
            let fact =
                self.replay.open_run().filter(|_| is_told).and_then(|run| Fact::of(entry, run, &mut self.clocks));
            let Some(fact) = fact else {
                if let Entry::RunStarted(run) = entry {
                    self.begin_run(FORMAT_VERSION, run);
                }
                let body = wire::members(entry, self.head);
                self.put(&mut out, batch, &body, matches!(entry, Entry::RunStarted(_)));
                continue;
            };
            let rest = match &mut told {
                Some(told) => told.take(fact).err(),
                None => Some(fact),
            };
            if let Some(fact) = rest {
                self.tell(&mut out, batch, told.replace(Told::begin(fact)));
            }
        }
        self.tell(&mut out, batch, told);
        Ok(out)
    }

    /// Writes the line of what was told of steps.
    fn tell(&mut self, out: &mut Vec<u8>, batch: u64, told: Option<Told>) {
        if let Some(told) = told {
            let body = told.members(self.head);
            self.put(out, batch, &body, false);
        }
    }

    /// Writes one line; `starts` says that a run starts there.
    fn put(&mut self, out: &mut Vec<u8>, batch: u64, body: &[u8], starts: bool) {
        let start = out.len();
        Line { number: self.lines + 1, batch, body }.write(out);
        self.advance(LineHash::of(&out[start..out.len() - 1]), starts);
    }

    fn begin_run(&mut self, version: u64, run: &RunStarted) {
        self.version = version;
        self.clocks = Clocks::of(run);
    }

    /// Starts the journal that goes on from `base` after the line `prev`, and returns its bytes.
    pub fn begin(base: Base, prev: LineHash) -> (Self, Vec<u8>) {
        let mut out = Vec::with_capacity(512);
        Line { number: 1, batch: 1, body: &wire::base_members(&base, prev) }.write(&mut out);
        let mut journal = Self { replay: Replay::after(base.serial), base: Some(base), ..Self::default() };
        journal.advance(LineHash::of(&out[..out.len() - 1]), false);
        (journal, out)
    }

    /// Reads a whole journal. A last line that is cut off or does not fit its seal is torn, and so is everything
    /// from the first bad line on if every good line after it came from the same write: it was never durable.
    /// Damage before that, a line that is missing, repeated, replaced or moved, and a story that cannot be, are errors.
    pub fn decode(bytes: &[u8]) -> Result<(Self, Option<TornTail>), DamagedLine> {
        let mut journal = Self::default();
        let torn = journal.take_in(bytes)?;
        Ok((journal, torn))
    }

    /// Reads as much of a journal as can be trusted: up to the first bad line.
    pub fn salvage(bytes: &[u8]) -> Self {
        let mut journal = Self::default();
        match journal.take_in(bytes) {
            Ok(_) | Err(DamagedLine { .. }) => journal,
        }
    }

    fn take_in(&mut self, bytes: &[u8]) -> Result<Option<TornTail>, DamagedLine> {
        let mut good_length = 0;
        for text in bytes.split_inclusive(|byte| *byte == b'\n') {
            let expected = self.lines + 1;
            let damaged = |detail: String| DamagedLine { line: expected, detail, newer: None };
            let line = match Line::parse(text) {
                Ok(line) => line,
                // A base is put in place whole, so that a bad one is never what a crash left.
                Err(_) if !wire::is_base(text) && is_torn(&bytes[good_length..], expected) => {
                    return Ok(Some(TornTail { good_length, torn_length: bytes.len() - good_length }));
                }
                Err(detail) => return Err(damaged(detail.into())),
            };
            if line.number != expected {
                return Err(damaged(format!(
                    "it has the number {}: a line is missing, repeated or moved",
                    line.number
                )));
            }
            let version = line.version();
            if let Some(found) = version.filter(|version| *version > FORMAT_VERSION) {
                let detail = format!("a run of format version {found}, newer than {FORMAT_VERSION}");
                return Err(DamagedLine { newer: Some(found), ..damaged(detail) });
            }
            self.take(&line, version).map_err(damaged)?;
            self.advance(LineHash::of(&text[..text.len() - 1]), version.is_some());
            good_length += text.len();
        }
        Ok(None)
    }

    /// Takes in one line; `version` is that of the run that begins there, if one does.
    fn take(&mut self, line: &Line<'_>, version: Option<u64>) -> Result<(), String> {
        let object = [b"{", line.body, b"}"].concat();
        let is_first_line = self.lines == 0;
        if is_first_line {
            self.is_first_version = version == Some(1);
        }
        if self.is_first_version {
            if version.is_some_and(|version| version != 1) {
                return Err("a run of a later version stands among lines of version 1".to_owned());
            }
            let entry = first::entry(&object, self.replay.open_run())?;
            return self.replay.apply(entry).map_err(|illegal| illegal.to_string());
        }
        if let Some(base) = is_first_line.then(|| wire::base(&object)).flatten() {
            self.replay = Replay::after(base.serial);
            self.base = Some(base);
            return Ok(());
        }
        let (entries, prev) = self.read(line, &object, version)?;
        if prev != self.head {
            return Err("it does not follow the line before it: a line is missing or was replaced".to_owned());
        }
        for entry in entries {
            self.replay.apply(entry).map_err(|illegal| illegal.to_string())?;
        }
        Ok(())
    }

    fn read(&mut self, line: &Line<'_>, object: &[u8], version: Option<u64>) -> Result<(Vec<Entry>, LineHash), String> {
        if self.version >= head::SINCE && line.body.starts_with(told::BEGINS) {
            return told::entries(object, self.replay.open_run(), &mut self.clocks);
        }
        let is_head = version.is_some_and(|version| version >= head::SINCE);
        let (entry, prev) = if is_head { wire::head(object)? } else { wire::entry(object)? };
        if let (Some(version), Entry::RunStarted(run)) = (version, &entry) {
            self.begin_run(version, run);
        }
        Ok((vec![entry], prev))
    }

    /// Counts a line in that was taken in or written; `starts` says that a run starts there.
    fn advance(&mut self, line: LineHash, starts: bool) {
        self.lines += 1;
        self.head = line;
        self.hashes.push(line);
        if starts || self.replay.open_run().is_some() || self.replay.runs().is_empty() {
            self.over_from = self.hashes.len();
        }
    }
}

/// Reads the lines of one run that were taken from a journal.
///
/// # Errors
/// Anything but one whole run that is in the state.
pub fn decode_run(bytes: &[u8]) -> Result<Run, DamagedLine> {
    let damaged = |line, detail: &str| DamagedLine { line, detail: detail.to_owned(), newer: None };
    let text = bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = Line::parse(text).map_err(|detail| damaged(1, detail))?;
    let object = [b"{", line.body, b"}"].concat();
    let mut journal = Journal { lines: line.number.saturating_sub(1), ..Journal::default() };
    if line.version().is_none_or(|version| version <= FORMAT_VERSION) {
        journal.head = wire::prev(&object).map_err(|detail| damaged(line.number, &detail))?;
    }
    let lines = journal.take_in(bytes)?;
    let mut runs = journal.into_runs();
    match (lines, runs.pop()) {
        (None, Some(run)) if runs.is_empty() && run.folded.is_some() => Ok(run),
        (Some(_), _) => Err(damaged(1, "its end is cut off")),
        _ => Err(damaged(1, "it does not hold one run to its end")),
    }
}

/// Returns whether these are the lines of one whole run: no byte has changed, they begin with its beginning and end with its end.
/// What they say in between is not decoded.
pub fn is_whole_run(bytes: &[u8], run_id: &RunId) -> bool {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').map(Line::parse);
    let Some(Ok(first)) = lines.next() else { return false };
    let is_known = first.version().is_some_and(|version| version <= FORMAT_VERSION);
    let last = lines.try_fold(None, |_, line| line.map(Some)).ok().flatten();
    is_known
        && first.run_id().as_ref() == Some(run_id)
        && last.is_some_and(|line| line.body.starts_with(b"\"folded\":"))
}

/// Writes a run as its own lines, as one that was taken from a journal: for runs that an older version wrote,
/// and for those that stand in each other's lines.
///
/// # Errors
/// A run that cannot have been.
pub fn encode_run(run: &Run) -> Result<Vec<u8>, Illegal> {
    Journal::default().encode(&run.entries())
}

/// Finds the runs in the lines of a journal that has no way back in it: each with its bytes, from its first line to the one
/// before the next run.
pub fn runs_in(bytes: &[u8]) -> Vec<(RunId, &[u8])> {
    let mut starts: Vec<(RunId, usize)> = Vec::new();
    let mut position = 0;
    for text in bytes.split_inclusive(|byte| *byte == b'\n') {
        if let Ok(line) = Line::parse(text)
            && let Some(run_id) = line.run_id()
        {
            starts.push((run_id, position));
        }
        position += text.len();
    }
    let ends: Vec<usize> = starts.iter().skip(1).map(|(_, start)| *start).chain([bytes.len()]).collect();
    starts.into_iter().zip(ends).map(|((run_id, start), end)| (run_id, &bytes[start..end])).collect()
}
