//! The journal as text: one JSON object a line, numbered from 1 and sealed with a CRC-32C.
//!
//! ```text
//! {"n":17,"intent":[3,48213],"crc":"1a2b3c4d"}
//! {"n":18,"accepted":[3,48391,"4EC47282-1B74-4534-BD0E-403F3EE64CAF"],"crc":"5e6f7a8b"}
//! {"n":19,"closed":[3,60391,"done","Inactive",null],"crc":"9c0d1e2f"}
//! ```
//!
//! A step is its position in the `steps` of the run's first line, a time is milliseconds since that run started: a
//! step costs about 200 bytes whatever its name. `b` is the number of the first line of the same write, so that what
//! a power cut left of one write can be told from damage (see [`Journal::decode`]).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::replay::{Illegal, Replay, Run};
use super::{Entry, Operation, Outcome, PlannedStep, RunStarted};
use crate::plan::{Goal, StepId};
use crate::resource::{AccountName, Address, Call, Region, RequestId, RouterInterfaceId, Scope, Status, Target};
use crate::run::{Exit, Reason, RunEnd, RunOutcome, StepReason};
use crate::state::RunId;

/// A journal: what it says, and where its next line goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    replay: Replay,
    lines: u64,
}

/// The version of the lines of a run; the first line of each says it.
pub const FORMAT_VERSION: u64 = 1;

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

/// What a line says, after its number and before its seal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Body {
    RunStarted(Box<WireRun>),
    Intent(usize, i64),
    Accepted(usize, i64, RequestId),
    Refused(usize, i64, String),
    Doubtful(usize, i64, String),
    Closed(usize, i64, Outcome, Option<Status>, Option<Because>),
    /// An end of the first releases, which kept the exit code only.
    RunEnded(i64, Exit),
    Ended(i64, Exit, RunOutcome, Vec<Reason>),
    Folded(u64),
}

/// Why a step ended as it did: the first releases kept a sentence.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Because {
    Sentence(String),
    Typed(StepReason),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRun {
    // The lines of the first releases do not say it.
    #[serde(default = "first_version")]
    format_version: u64,
    run_id: RunId,
    at: Timestamp,
    operation: Operation,
    who: String,
    pid: u32,
    target: Target,
    lineage: String,
    serial: u64,
    digest: String,
    steps: Vec<WireStep>,
}

/// A [`PlannedStep`] without what its name and its call imply.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireStep {
    id: StepId,
    interface: RouterInterfaceId,
    region: Region,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<AccountName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expect: Option<Status>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    goal: Option<Goal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// A line whose seal holds.
struct Line<'a> {
    number: u64,
    /// The first line of the same write.
    batch: u64,
    /// The members of [`Body`]'s object, without its braces.
    body: &'a [u8],
}

impl Journal {
    /// Returns what the journal says.
    pub fn replay(&self) -> &Replay {
        &self.replay
    }

    /// Takes in entries that will be one write with one sync, and returns its bytes. After an error the journal is
    /// spent: what it says is no longer what is written.
    pub fn encode(&mut self, entries: &[Entry]) -> Result<Vec<u8>, Illegal> {
        let batch = self.lines + 1;
        let mut out = Vec::with_capacity(128 * entries.len());
        for entry in entries {
            self.replay.apply(entry.clone())?;
            self.lines += 1;
            let body = Body::of(entry, self.replay.runs().last().expect("every legal entry belongs to a run"));
            write_line(&mut out, Line { number: self.lines, batch, body: &members(&body) });
        }
        Ok(out)
    }

    /// Reads a whole journal. A last line that is cut off or does not fit its seal is torn, and so is everything
    /// from the first bad line on if every good line after it came from the same write: it was never durable.
    /// Damage before that, a line that is missing, repeated or moved, and a story that cannot be, are errors.
    pub fn decode(bytes: &[u8]) -> Result<(Self, Option<TornTail>), DamagedLine> {
        let mut journal = Self::default();
        let mut good_length = 0;
        for text in bytes.split_inclusive(|byte| *byte == b'\n') {
            let expected = journal.lines + 1;
            let damaged = |detail: String| DamagedLine { line: expected, detail, newer: None };
            let line = match Line::parse(text) {
                Ok(line) => line,
                Err(_) if is_torn(&bytes[good_length..], expected) => {
                    let torn_length = bytes.len() - good_length;
                    return Ok((journal, Some(TornTail { good_length, torn_length })));
                }
                Err(detail) => return Err(damaged(detail.into())),
            };
            if line.number != expected {
                return Err(damaged(format!(
                    "it has the number {}: a line is missing, repeated or moved",
                    line.number
                )));
            }
            if let Some(found) = line.version().filter(|version| *version > FORMAT_VERSION) {
                let detail = format!("a run of format version {found}, newer than {FORMAT_VERSION}");
                return Err(DamagedLine { newer: Some(found), ..damaged(detail) });
            }
            journal.take(&line).map_err(damaged)?;
            journal.lines = expected;
            good_length += text.len();
        }
        Ok((journal, None))
    }

    fn take(&mut self, line: &Line<'_>) -> Result<(), String> {
        let object = [b"{", line.body, b"}"].concat();
        let body: Body = serde_json::from_slice(&object).map_err(|error| error.to_string())?;
        let entry = body.into_entry(self.replay.open_run())?;
        self.replay.apply(entry).map_err(|illegal| illegal.to_string())
    }
}

/// Claims that `rest`, which starts with a bad line, is what a crash left of the last write.
fn is_torn(rest: &[u8], expected: u64) -> bool {
    let mut lines = rest.split_inclusive(|byte| *byte == b'\n').skip(1).peekable();
    if lines.peek().is_none() {
        return true;
    }
    let mut good = lines.filter_map(|text| Line::parse(text).ok()).peekable();
    good.peek().is_some() && good.all(|line| line.batch <= expected)
}

const SEAL_LENGTH: usize = r#","crc":"00000000"}"#.len();

fn write_line(out: &mut Vec<u8>, line: Line<'_>) {
    let start = out.len();
    out.extend_from_slice(format!(r#"{{"n":{},"#, line.number).as_bytes());
    if line.batch != line.number {
        out.extend_from_slice(format!(r#""b":{},"#, line.batch).as_bytes());
    }
    out.extend_from_slice(line.body);
    let seal = seal(&out[start..]);
    out.extend_from_slice(seal.as_bytes());
    out.push(b'\n');
}

fn seal(content: &[u8]) -> String {
    format!(r#","crc":"{:08x}"}}"#, crc32c::crc32c(content))
}

impl<'a> Line<'a> {
    fn parse(text: &'a [u8]) -> Result<Self, &'static str> {
        let text = text.strip_suffix(b"\n").ok_or("it is cut off")?;
        let (content, end) = text.split_at(text.len().saturating_sub(SEAL_LENGTH));
        if end != seal(content).as_bytes() {
            return Err("it does not fit its checksum");
        }
        let (number, body) = leading_number(content, br#"{"n":"#).ok_or("it has no number")?;
        let (batch, body) = leading_number(body, br#""b":"#).unwrap_or((number, body));
        Ok(Self { number, batch, body })
    }

    /// Returns the version of the run that begins here, if one does and says it, whatever else it says.
    fn version(&self) -> Option<u64> {
        #[derive(Deserialize)]
        struct Head {
            run_started: Run,
        }
        #[derive(Deserialize)]
        struct Run {
            format_version: u64,
        }
        if !self.body.starts_with(br#""run_started":"#) {
            return None;
        }
        let head: Head = serde_json::from_slice(&[b"{", self.body, b"}"].concat()).ok()?;
        Some(head.run_started.format_version)
    }
}

fn first_version() -> u64 {
    1
}

/// Reads `KEY DIGITS ,` at the start of `text`; returns the number and what follows.
fn leading_number<'a>(text: &'a [u8], key: &[u8]) -> Option<(u64, &'a [u8])> {
    let text = text.strip_prefix(key)?;
    let comma = text.iter().position(|byte| *byte == b',')?;
    let number = std::str::from_utf8(&text[..comma]).ok()?.parse().ok()?;
    Some((number, &text[comma + 1..]))
}

fn members(body: &Body) -> Vec<u8> {
    let mut object = serde_json::to_vec(body).expect("a line has string keys only");
    object.pop();
    object.remove(0);
    object
}

impl Body {
    /// Words an entry, which belongs to `run`.
    fn of(entry: &Entry, run: &Run) -> Self {
        let at = |at: &Timestamp| millis_since(run.started.at, *at);
        let position = |step: &StepId| run.position(step).expect("the replay took the entry, so the run has its step");
        match entry {
            Entry::RunStarted(started) => Self::RunStarted(Box::new(WireRun::of(started))),
            Entry::Intent { step, at: time } => Self::Intent(position(step), at(time)),
            Entry::Accepted { step, at: time, request_id } => {
                Self::Accepted(position(step), at(time), request_id.clone())
            }
            Entry::Refused { step, at: time, detail } => Self::Refused(position(step), at(time), detail.clone()),
            Entry::Doubtful { step, at: time, detail } => Self::Doubtful(position(step), at(time), detail.clone()),
            Entry::Closed { step, at: time, outcome, status, because } => {
                let because = because.clone().map(Because::Typed);
                Self::Closed(position(step), at(time), *outcome, status.clone(), because)
            }
            Entry::RunEnded(end) => Self::Ended(at(&end.at), end.exit, end.outcome, end.reasons.clone()),
            Entry::Folded { serial } => Self::Folded(*serial),
        }
    }

    fn into_entry(self, open: Option<&Run>) -> Result<Entry, String> {
        let at = |millis| time_after(open, millis);
        let step = |position| step_at(open, position);
        Ok(match self {
            Self::RunStarted(run) => Entry::RunStarted(Box::new(run.into_run()?)),
            Self::Intent(position, millis) => Entry::Intent { step: step(position)?, at: at(millis)? },
            Self::Accepted(position, millis, request_id) => {
                Entry::Accepted { step: step(position)?, at: at(millis)?, request_id }
            }
            Self::Refused(position, millis, detail) => {
                Entry::Refused { step: step(position)?, at: at(millis)?, detail }
            }
            Self::Doubtful(position, millis, detail) => {
                Entry::Doubtful { step: step(position)?, at: at(millis)?, detail }
            }
            Self::Closed(position, millis, outcome, status, because) => {
                let because = because.map(|because| match because {
                    Because::Sentence(text) => StepReason::Told { text },
                    Because::Typed(because) => because,
                });
                Entry::Closed { step: step(position)?, at: at(millis)?, outcome, status, because }
            }
            Self::RunEnded(millis, exit) => Entry::RunEnded(RunEnd::of_code(at(millis)?, exit)),
            Self::Ended(millis, exit, outcome, reasons) => {
                Entry::RunEnded(RunEnd { at: at(millis)?, exit, outcome, reasons })
            }
            Self::Folded(serial) => Entry::Folded { serial },
        })
    }
}

/// Whole milliseconds, rounded down, so that equal times stay equal and order is kept.
fn millis_since(start: Timestamp, at: Timestamp) -> i64 {
    at.as_millisecond() - start.as_millisecond()
}

fn time_after(open: Option<&Run>, millis: i64) -> Result<Timestamp, String> {
    let run = open.ok_or("it belongs to a run, and none is open")?;
    run.started.at.checked_add(SignedDuration::from_millis(millis)).map_err(|error| error.to_string())
}

fn step_at(open: Option<&Run>, position: usize) -> Result<StepId, String> {
    let run = open.ok_or("it belongs to a run, and none is open")?;
    let step =
        run.started.steps.get(position).ok_or_else(|| format!("run {} has no step {position}", run.started.run_id))?;
    Ok(step.id.clone())
}

impl WireRun {
    fn of(run: &RunStarted) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            run_id: run.run_id.clone(),
            at: run.at,
            operation: run.operation,
            who: run.who.clone(),
            pid: run.pid,
            target: run.target.clone(),
            lineage: run.lineage.clone(),
            serial: run.serial,
            digest: run.digest.clone(),
            steps: run.steps.iter().map(WireStep::of).collect(),
        }
    }

    fn into_run(self) -> Result<RunStarted, String> {
        let steps = self.steps.into_iter().map(WireStep::into_step).collect::<Result<_, _>>()?;
        let Self { run_id, at, operation, who, pid, target, lineage, serial, digest, .. } = self;
        Ok(RunStarted { run_id, at, operation, who, pid, target, lineage, serial, digest, steps })
    }
}

impl WireStep {
    fn of(step: &PlannedStep) -> Self {
        let implied = implied(step.call);
        let account = &step.scope.account;
        Self {
            id: step.id.clone(),
            interface: step.interface_id.clone(),
            region: step.scope.region.clone(),
            account: (!account.is_default_account()).then(|| account.clone()),
            expect: implied.as_ref().is_none_or(|(expect, _)| *expect != step.expect).then(|| step.expect.clone()),
            goal: implied.is_none_or(|(_, goal)| goal != step.goal).then_some(step.goal),
            reason: step.reason.clone(),
        }
    }

    fn into_step(self) -> Result<PlannedStep, String> {
        let Self { id, interface, region, account, expect, goal, reason } = self;
        let (address, call) = match id.0.rsplit_once('/') {
            Some((address, "activate")) => (address, Some(Call::Activate)),
            Some((address, "deactivate")) => (address, Some(Call::Deactivate)),
            Some((address, "wait")) => (address, None),
            _ => return Err(format!("step {id} does not say what it does")),
        };
        let address = Address::from(address);
        let (expect, goal) = match (expect, goal, implied(call)) {
            (Some(expect), Some(goal), _) => (expect, goal),
            (expect, goal, Some(implied)) => (expect.unwrap_or(implied.0), goal.unwrap_or(implied.1)),
            _ => return Err(format!("step {id} does not say what it waits for")),
        };
        let scope = Scope { account: account.unwrap_or_else(AccountName::default_account), region };
        Ok(PlannedStep { id, address, call, interface_id: interface, scope, expect, goal, reason })
    }
}

/// The statuses between which a call usually moves.
fn implied(call: Option<Call>) -> Option<(Status, Goal)> {
    match call? {
        Call::Activate => Some((Status::Inactive, Goal::Active)),
        Call::Deactivate => Some((Status::Active, Goal::Inactive)),
    }
}
