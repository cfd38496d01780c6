//! What is told of steps since version 3: one line for what one write says of them.
//!
//! ```text
//! {"n":12,"at":83,"accepted":[[7,0,"4CF462B0-4E31-4DA5-96E7-F1795C8EC313"]],"closed":[5,6],"intent":[8,[9,1]],"prev":"…","crc":"…"}
//! ```
//!
//! `at` is in milliseconds since the run began. In each list stands a row for each step: its place in the run's first line, how
//! many milliseconds later than `at`, and what else there is to say; from its end on, what goes without saying is left out,
//! and of a row that is its step's place alone the brackets. The lists are read in the order of [`Kind`].
//!
//! | list | what else |
//! |---|---|
//! | `accepted` | RequestId, the seconds from `at` to the cloud's date |
//! | `refused`, `doubtful` | the words, RequestId, the seconds to the cloud's date |
//! | `closed`, done and at its goal | uptime |
//! | `closed` otherwise | outcome, status, reason, uptime |
//! | `intent` | |
//!
//! An uptime is told whole where a run tells one first, and where another machine or boot does. After that it is how many
//! milliseconds it is off what has passed since by the other clock: that is 0, and goes without saying, unless one was set.

use jiff::{SignedDuration, Timestamp};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::chain::LineHash;
use super::replay::Run;
use super::wire::UNCHAINED;
use super::{Entry, Outcome, PlannedStep};
use crate::plan::StepId;
use crate::resource::{DesiredStatus, Receipt, RequestId, Status};
use crate::uptime::Uptime;

/// With what every such line begins, and no other.
pub(super) const BEGINS: &[u8] = br#""at":"#;

/// What is told of a step, in the order in which one line tells it: what came back, how steps ended, what is sent next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Accepted,
    Refused,
    Doubtful,
    Closed,
    Intent,
}

const KINDS: [(Kind, &str); 5] = [
    (Kind::Accepted, "accepted"),
    (Kind::Refused, "refused"),
    (Kind::Doubtful, "doubtful"),
    (Kind::Closed, "closed"),
    (Kind::Intent, "intent"),
];

/// The last moment that a run told whole by both of its clocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Clocks(Option<(Uptime, Timestamp)>);

/// What one line is going to say.
pub(super) struct Told {
    /// When the run began.
    began: Timestamp,
    at: Timestamp,
    rows: Vec<(Kind, Vec<Value>)>,
}

/// One thing that is told of a step.
pub(super) struct Fact {
    /// When its run began.
    began: Timestamp,
    kind: Kind,
    at: Timestamp,
    place: usize,
    cells: Vec<Value>,
}

/// Returns whether an entry tells of a step, and not of its run.
pub(super) fn is_of_a_step(entry: &Entry) -> bool {
    match entry {
        Entry::Intent { .. }
        | Entry::Accepted { .. }
        | Entry::Refused { .. }
        | Entry::Doubtful { .. }
        | Entry::Closed { .. } => true,
        Entry::RunStarted(_) | Entry::RunEnded(_) | Entry::Died(_) | Entry::Folded { .. } | Entry::Reserved { .. } => {
            false
        }
    }
}

impl Clocks {
    /// Begins with what the first line of a run says.
    pub(super) fn of(run: &super::RunStarted) -> Self {
        Self(run.evidence.uptime.clone().map(|uptime| (uptime, run.at)))
    }

    /// Tells an uptime; `None` where it goes without saying.
    fn tell(&mut self, uptime: Option<&Uptime>, at: Timestamp) -> Option<Value> {
        let Some(uptime) = uptime else { return self.0.as_ref().map(|_| Value::Null) };
        match self.off(uptime, at) {
            Some(0) => None,
            Some(off) => Some(off.into()),
            None => {
                self.0 = Some((uptime.clone(), at));
                Some(json(uptime))
            }
        }
    }

    fn off(&self, uptime: &Uptime, at: Timestamp) -> Option<i64> {
        let (told, told_at) = self.0.as_ref().filter(|(told, _)| told.boot == uptime.boot)?;
        let passed = millis(*told_at, at)?;
        i64::try_from(i128::from(uptime.ms) - i128::from(told.ms) - i128::from(passed)).ok()
    }

    /// Reads what was told.
    fn hear(&mut self, told: Option<Value>, at: Timestamp) -> Result<Option<Uptime>, String> {
        let off = match told {
            Some(Value::Null) => return Ok(None),
            Some(Value::Number(off)) => off.as_i64().ok_or("an uptime is off by no whole number")?,
            Some(whole) => {
                let uptime: Uptime = read(whole)?;
                self.0 = Some((uptime.clone(), at));
                return Ok(Some(uptime));
            }
            None => 0,
        };
        let Some((told, told_at)) = &self.0 else { return Ok(None) };
        let passed = millis(*told_at, at).ok_or("an uptime is told by a time that is no whole millisecond")?;
        let ms = u64::try_from(i128::from(told.ms) + i128::from(passed) + i128::from(off));
        Ok(Some(Uptime { boot: told.boot.clone(), ms: ms.map_err(|_| "an uptime is before its boot")? }))
    }
}

impl Fact {
    /// Words what an entry tells of a step of `run`; `None` of one that tells of the run.
    pub(super) fn of(entry: &Entry, run: &Run, clocks: &mut Clocks) -> Option<Self> {
        let (kind, step, at, cells) = match entry {
            Entry::Accepted { step, at, receipt } => (Kind::Accepted, step, *at, answer(Some(receipt), *at)),
            Entry::Refused { step, at, detail, receipt } => {
                (Kind::Refused, step, *at, with_words(detail, receipt.as_ref(), *at))
            }
            Entry::Doubtful { step, at, detail, receipt } => {
                (Kind::Doubtful, step, *at, with_words(detail, receipt.as_ref(), *at))
            }
            Entry::Closed { step, at, outcome, status, because, uptime } => {
                let uptime = clocks.tell(uptime.as_ref(), *at);
                let is_plain = *outcome == Outcome::Done
                    && because.is_none()
                    && status.is_some()
                    && *status == status_at_goal(run.step(step)?.1);
                let how = if is_plain { Vec::new() } else { vec![json(outcome), json(status), json(because)] };
                (Kind::Closed, step, *at, how.into_iter().map(Some).chain([uptime]).collect())
            }
            Entry::Intent { step, at } => (Kind::Intent, step, *at, Vec::new()),
            Entry::RunStarted(_)
            | Entry::RunEnded(_)
            | Entry::Died(_)
            | Entry::Folded { .. }
            | Entry::Reserved { .. } => return None,
        };
        let said = cells.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        let cells = cells.into_iter().take(said).map(Option::unwrap_or_default).collect();
        Some(Self { began: run.started.at, kind, at, place: run.step(step)?.0, cells })
    }
}

/// Tells what came with an answer: what does go without saying is that it came in the second of the cloud's date.
fn answer(receipt: Option<&Receipt>, at: Timestamp) -> Vec<Option<Value>> {
    let Some(Receipt { request_id, cloud_date }) = receipt else { return Vec::new() };
    let date = match cloud_date {
        None => Some(Value::from("none")),
        Some(date) if date.subsec_nanosecond() != 0 => Some(json(date)),
        Some(date) => match date.as_second() - at.as_second() {
            0 => None,
            off => Some(off.into()),
        },
    };
    vec![Some(json(request_id)), date]
}

fn with_words(detail: &str, receipt: Option<&Receipt>, at: Timestamp) -> Vec<Option<Value>> {
    let cells = answer(receipt, at);
    [Some(detail.into())].into_iter().chain(cells).collect()
}

fn status_at_goal(step: &PlannedStep) -> Option<Status> {
    step.goal.desired().map(DesiredStatus::status)
}

impl Told {
    /// Begins a line with one thing.
    pub(super) fn begin(fact: Fact) -> Self {
        let mut told = Self { began: fact.began, at: fact.at, rows: Vec::new() };
        told.put(0, fact);
        told
    }

    /// Takes one more thing into the line, or gives it back: it is of a kind that comes before, or its time cannot be told here.
    pub(super) fn take(&mut self, fact: Fact) -> Result<(), Fact> {
        let later = millis(self.at, fact.at).filter(|_| self.rows.last().is_none_or(|(last, _)| *last <= fact.kind));
        let Some(later) = later else { return Err(fact) };
        self.put(later, fact);
        Ok(())
    }

    fn put(&mut self, later: i64, fact: Fact) {
        let Fact { kind, place, cells, .. } = fact;
        let row = if cells.is_empty() && later == 0 {
            place.into()
        } else {
            Value::Array([place.into(), later.into()].into_iter().chain(cells).collect())
        };
        match self.rows.last_mut() {
            Some((last, rows)) if *last == kind => rows.push(row),
            _ => self.rows.push((kind, vec![row])),
        }
    }

    /// Returns the members of the line, without braces.
    pub(super) fn members(&self, prev: LineHash) -> Vec<u8> {
        let at = match millis(self.began, self.at) {
            Some(millis) => millis.into(),
            None => json(&self.at),
        };
        let mut out = format!(r#""at":{at},"#);
        for (kind, rows) in &self.rows {
            let (_, name) = KINDS[*kind as usize];
            out.push_str(&format!(r#""{name}":{},"#, json(rows)));
        }
        out.push_str(&format!(r#""prev":"{prev}""#));
        out.into_bytes()
    }
}

/// One line.
#[derive(Deserialize)]
struct Line {
    at: Moment,
    #[serde(default)]
    accepted: Vec<Row>,
    #[serde(default)]
    refused: Vec<Row>,
    #[serde(default)]
    doubtful: Vec<Row>,
    #[serde(default)]
    closed: Vec<Row>,
    #[serde(default)]
    intent: Vec<Row>,
    prev: Option<LineHash>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Moment {
    Since(i64),
    At(Timestamp),
}

struct Row {
    place: usize,
    later: i64,
    cells: std::vec::IntoIter<Value>,
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cells = match Value::deserialize(deserializer)? {
            Value::Array(cells) => cells,
            place => vec![place],
        };
        let mut cells = cells.into_iter();
        let place = cells.next().and_then(|place| place.as_u64()).and_then(|place| usize::try_from(place).ok());
        let place = place.ok_or_else(|| D::Error::custom("a row names no step"))?;
        let later = cells.next().map_or(Some(0), |later| later.as_i64());
        let later = later.ok_or_else(|| D::Error::custom("a row says no time"))?;
        Ok(Self { place, later, cells })
    }
}

impl Row {
    fn next<T: DeserializeOwned>(&mut self) -> Result<T, String> {
        read(self.cells.next().unwrap_or_default())
    }

    fn receipt(&mut self, at: Timestamp) -> Result<Option<Receipt>, String> {
        let Some(request_id) = self.next::<Option<RequestId>>()? else { return Ok(None) };
        let of_second = |off: i64| {
            let second = at.as_second().checked_add(off).and_then(|second| Timestamp::from_second(second).ok());
            second.ok_or("the cloud's date is out of range")
        };
        let cloud_date = match self.cells.next() {
            None => Some(of_second(0)?),
            Some(Value::String(none)) if none == "none" => None,
            Some(Value::Number(off)) => Some(of_second(off.as_i64().ok_or("the cloud's date is off by no second")?)?),
            Some(exact) => Some(read(exact)?),
        };
        Ok(Some(Receipt { request_id, cloud_date }))
    }
}

/// Reads the object of a line that tells of steps of `run`, and the hash of the line before it.
pub(super) fn entries(object: &[u8], run: Option<&Run>, clocks: &mut Clocks) -> Result<(Vec<Entry>, LineHash), String> {
    let line: Line = serde_json::from_slice(object).map_err(|error| error.to_string())?;
    let run = run.ok_or("it belongs to a run, and none is open")?;
    let prev = line.prev.ok_or(UNCHAINED)?;
    let begun = match line.at {
        Moment::Since(millis) => after(run.started.at, millis)?,
        Moment::At(at) => at,
    };
    let lists = [line.accepted, line.refused, line.doubtful, line.closed, line.intent];
    let rows = KINDS.into_iter().zip(lists).flat_map(|((kind, _), rows)| rows.into_iter().map(move |row| (kind, row)));
    let entries = rows.map(|(kind, row)| {
        let place = row.place;
        let step = run.started.steps.get(place);
        let step = step.ok_or_else(|| format!("run {} has no step {place}", run.started.run_id))?;
        let at = after(begun, row.later)?;
        entry(kind, row, step, at, clocks)
    });
    let entries = entries.collect::<Result<Vec<_>, String>>()?;
    if entries.is_empty() { Err("it says nothing that this version knows".to_owned()) } else { Ok((entries, prev)) }
}

fn entry(kind: Kind, mut row: Row, planned: &PlannedStep, at: Timestamp, clocks: &mut Clocks) -> Result<Entry, String> {
    let step: StepId = planned.id.clone();
    let entry = match kind {
        Kind::Accepted => {
            let receipt = row.receipt(at)?.ok_or("an answer without RequestId")?;
            Entry::Accepted { step, at, receipt }
        }
        Kind::Refused => Entry::Refused { step, at, detail: row.next()?, receipt: row.receipt(at)? },
        Kind::Doubtful => Entry::Doubtful { step, at, detail: row.next()?, receipt: row.receipt(at)? },
        Kind::Closed => {
            let is_plain = !matches!(row.cells.as_slice(), [Value::String(_), ..]);
            let (outcome, status, because) = if is_plain {
                (Outcome::Done, status_at_goal(planned), None)
            } else {
                (row.next()?, row.next()?, row.next()?)
            };
            let uptime = clocks.hear(row.cells.next(), at)?;
            Entry::Closed { step, at, outcome, status, because, uptime }
        }
        Kind::Intent => Entry::Intent { step, at },
    };
    Ok(entry)
}

/// Returns how many milliseconds `to` is after `from`, if that is a whole number and `after` finds `to` again.
fn millis(from: Timestamp, to: Timestamp) -> Option<i64> {
    let millis = i64::try_from(to.duration_since(from).as_millis()).ok()?;
    (after(from, millis).ok() == Some(to)).then_some(millis)
}

fn after(at: Timestamp, millis: i64) -> Result<Timestamp, String> {
    at.checked_add(SignedDuration::from_millis(millis)).map_err(|error| error.to_string())
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("what is written into a line has string keys only")
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}
