//! What one line says, as JSON: of a run in any version since 2, of a step in version 2, by its name and with its time.
//!
//! Since version 3 steps are told otherwise ([`super::told`]), and so is the first line of a run ([`super::head`]). A run that
//! was begun in version 2 is told to its end in that.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chain::LineHash;
use super::head::Head;
use super::line::{Base, FORMAT_VERSION};
use super::{Died, Entry, Outcome, Reserved, RunStarted};
use crate::plan::StepId;
use crate::resource::{Receipt, Status};
use crate::run::{RunEnd, StepReason};
use crate::uptime::Uptime;

type Object = serde_json::Map<String, serde_json::Value>;

/// The members of a line, of which exactly one besides `prev` is there.
#[derive(Default, Deserialize)]
struct Members {
    run_started: Option<Box<RunStarted>>,
    intent: Option<Intent>,
    accepted: Option<Accepted>,
    refused: Option<Unaccepted>,
    doubtful: Option<Unaccepted>,
    closed: Option<Closed>,
    run_ended: Option<RunEnd>,
    died: Option<Died>,
    folded: Option<Serial>,
    confirm_by: Option<Object>,
    confirmed: Option<Object>,
    taken_back: Option<Object>,
    claimed: Option<Object>,
    released: Option<Object>,
    beat: Option<Object>,
    prev: Option<LineHash>,
}

/// The first line of a run since version 3.
#[derive(Deserialize)]
struct HeadLine {
    run_started: Box<Head>,
    prev: LineHash,
}

#[derive(Deserialize)]
struct Prev {
    prev: Option<LineHash>,
}

#[derive(Serialize, Deserialize)]
struct Intent {
    step: StepId,
    at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Accepted {
    step: StepId,
    at: Timestamp,
    #[serde(flatten)]
    receipt: Receipt,
}

/// A refusal, or an answer that was lost.
#[derive(Serialize, Deserialize)]
struct Unaccepted {
    step: StepId,
    at: Timestamp,
    detail: String,
    #[serde(flatten)]
    receipt: Option<Receipt>,
}

#[derive(Serialize, Deserialize)]
struct Closed {
    step: StepId,
    at: Timestamp,
    outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    because: Option<StepReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uptime: Option<Uptime>,
}

#[derive(Serialize, Deserialize)]
struct Serial {
    serial: u64,
}

/// The first line of a journal from which ended runs were taken.
#[derive(Deserialize)]
struct BaseLine {
    base: Base,
    // The line before it is in another file: it is named, and not looked for.
    #[serde(rename = "prev")]
    _prev: LineHash,
}

/// Words an entry as the members of its line, without braces.
pub(super) fn members(entry: &Entry, prev: LineHash) -> Vec<u8> {
    match entry {
        Entry::RunStarted(run) => member("run_started", &Head::of(run), prev),
        Entry::Intent { step, at } => member("intent", &Intent { step: step.clone(), at: *at }, prev),
        Entry::Accepted { step, at, receipt } => {
            member("accepted", &Accepted { step: step.clone(), at: *at, receipt: receipt.clone() }, prev)
        }
        Entry::Refused { step, at, detail, receipt } => {
            member("refused", &unaccepted(step, *at, detail, receipt.as_ref()), prev)
        }
        Entry::Doubtful { step, at, detail, receipt } => {
            member("doubtful", &unaccepted(step, *at, detail, receipt.as_ref()), prev)
        }
        Entry::Closed { step, at, outcome, status, because, uptime } => {
            let (step, status, because, uptime) = (step.clone(), status.clone(), because.clone(), uptime.clone());
            member("closed", &Closed { step, at: *at, outcome: *outcome, status, because, uptime }, prev)
        }
        Entry::RunEnded(end) => member("run_ended", end, prev),
        Entry::Died(died) => member("died", died, prev),
        Entry::Folded { serial } => member("folded", &Serial { serial: *serial }, prev),
        Entry::Reserved { kind, body } => member(name(*kind), body, prev),
    }
}

fn unaccepted(step: &StepId, at: Timestamp, detail: &str, receipt: Option<&Receipt>) -> Unaccepted {
    Unaccepted { step: step.clone(), at, detail: detail.to_owned(), receipt: receipt.cloned() }
}

fn name(kind: Reserved) -> &'static str {
    match kind {
        Reserved::ConfirmBy => "confirm_by",
        Reserved::Confirmed => "confirmed",
        Reserved::TakenBack => "taken_back",
        Reserved::Claimed => "claimed",
        Reserved::Released => "released",
        Reserved::Beat => "beat",
    }
}

/// Words the first line of a journal. It begins as the first line of a run does: there an older version looks for the
/// version, and so refuses the file by naming it.
pub(super) fn base_members(base: &Base, prev: LineHash) -> Vec<u8> {
    let mut out = version_member(FORMAT_VERSION).into_bytes();
    out.extend(member("base", base, prev));
    out
}

fn version_member(version: u64) -> String {
    format!(r#""run_started":{{"format_version":{version}}},"#)
}

/// Returns whether a line, good or bad, was written as what a journal goes on from.
pub(super) fn is_base(line: &[u8]) -> bool {
    let begins = |version| format!(r#"{{"n":1,{}"base":"#, version_member(version));
    (FIRST_WITH_BASE..=FORMAT_VERSION).any(|version| line.starts_with(begins(version).as_bytes()))
}

/// The first version whose journals can go on from a base.
const FIRST_WITH_BASE: u64 = 2;

fn member(name: &str, value: &impl Serialize, prev: LineHash) -> Vec<u8> {
    let mut out = format!("\"{name}\":").into_bytes();
    serde_json::to_writer(&mut out, value).expect("a line has string keys only, and a Vec takes every byte");
    out.extend_from_slice(format!(r#","prev":"{prev}""#).as_bytes());
    out
}

/// Reads the object of a first line as what the journal goes on from.
pub(super) fn base(object: &[u8]) -> Option<Base> {
    serde_json::from_slice(object).ok().map(|line: BaseLine| line.base)
}

/// Reads the object of the first line of a run since version 3, and the hash of the line before it.
pub(super) fn head(object: &[u8]) -> Result<(Entry, LineHash), String> {
    let HeadLine { run_started, prev } = serde_json::from_slice(object).map_err(|error| error.to_string())?;
    Ok((Entry::RunStarted(Box::new(run_started.into_run()?)), prev))
}

/// Reads the hash of the line before one.
pub(super) fn prev(object: &[u8]) -> Result<LineHash, String> {
    let Prev { prev } = serde_json::from_slice(object).map_err(|error| error.to_string())?;
    prev.ok_or_else(|| UNCHAINED.to_owned())
}

/// What is wrong with a line without its `prev`.
pub(super) const UNCHAINED: &str = "it does not name the line before it";

/// Reads the object of another line, and the hash of the line before it.
pub(super) fn entry(object: &[u8]) -> Result<(Entry, LineHash), String> {
    let members: Members = serde_json::from_slice(object).map_err(|error| error.to_string())?;
    let prev = members.prev.ok_or(UNCHAINED)?;
    let mut entries = members.entries();
    match (entries.next(), entries.next()) {
        (Some(entry), None) => Ok((entry, prev)),
        (None, _) => Err("it says nothing that this version knows".to_owned()),
        (Some(_), Some(_)) => Err("it says two things at once".to_owned()),
    }
}

impl Members {
    fn entries(self) -> impl Iterator<Item = Entry> {
        let reserved = |kind, body: Option<_>| body.map(|body| Entry::Reserved { kind, body });
        [
            self.run_started.map(Entry::RunStarted),
            self.intent.map(|Intent { step, at }| Entry::Intent { step, at }),
            self.accepted.map(|Accepted { step, at, receipt }| Entry::Accepted { step, at, receipt }),
            self.refused.map(|Unaccepted { step, at, detail, receipt }| Entry::Refused { step, at, detail, receipt }),
            self.doubtful.map(|Unaccepted { step, at, detail, receipt }| Entry::Doubtful { step, at, detail, receipt }),
            self.closed.map(|Closed { step, at, outcome, status, because, uptime }| Entry::Closed {
                step,
                at,
                outcome,
                status,
                because,
                uptime,
            }),
            self.run_ended.map(Entry::RunEnded),
            self.died.map(Entry::Died),
            self.folded.map(|Serial { serial }| Entry::Folded { serial }),
            reserved(Reserved::ConfirmBy, self.confirm_by),
            reserved(Reserved::Confirmed, self.confirmed),
            reserved(Reserved::TakenBack, self.taken_back),
            reserved(Reserved::Claimed, self.claimed),
            reserved(Reserved::Released, self.released),
            reserved(Reserved::Beat, self.beat),
        ]
        .into_iter()
        .flatten()
    }
}
