//! Files of older versions, each step as the difference to the next.
//!
//! Version 1 had no checksum, and one time for the whole file instead of one per sighting. Version 2 kept records by
//! address, without the time of the last read and without settle times, and told outcomes in words. A step keeps what
//! was recorded and invents nothing: where a time is missing, the nearest later one that was recorded stands in.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Durations, LastAction, Record, Records, RunId, Sighting, State};
use crate::journal::Outcome;
use crate::plan::StepId;
use crate::resource::{
    AccountName, Address, Call, DesiredStatus, GroupName, Region, RequestId, RouterInterfaceId, Scope, Status, Target,
};
use crate::run::StepReason;

mod distinct;

use distinct::Distinct;

/// The file of version 1.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentV1 {
    #[serde(rename = "format_version")]
    _format_version: u64,
    lineage: String,
    serial: u64,
    target: Target,
    last_run: Option<RunId>,
    /// When the file was written: the latest time at which each status can have been seen first.
    updated_at: Timestamp,
    interfaces: Distinct<RecordV1>,
}

/// A record of version 1: what was observed is a word without a time.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordV1 {
    id: RouterInterfaceId,
    account: Option<AccountName>,
    region: Region,
    declared: Option<DesiredStatus>,
    observed: Option<Status>,
    last_action: Option<LastActionV2>,
}

/// The file of version 2.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentV2 {
    #[serde(rename = "format_version")]
    _format_version: u64,
    lineage: String,
    serial: u64,
    target: Target,
    last_run: Option<RunId>,
    interfaces: Distinct<RecordV2>,
    #[serde(rename = "checksum")]
    _checksum: IgnoredAny,
}

/// A record of version 2.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordV2 {
    id: RouterInterfaceId,
    account: Option<AccountName>,
    region: Region,
    declared: Option<DesiredStatus>,
    observed: SightingV2,
    #[serde(default)]
    protected: bool,
    group: Option<GroupName>,
    last_action: Option<LastActionV2>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SightingV2 {
    status: Option<Status>,
    since: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LastActionV2 {
    run_id: RunId,
    step: StepId,
    action: Call,
    request_id: Option<RequestId>,
    started_at: Timestamp,
    finished_at: Timestamp,
    outcome: String,
}

/// Reads a file of version 1 as the state it is today.
pub(super) fn decode_v1(bytes: &[u8]) -> Result<State, serde_json::Error> {
    let DocumentV1 { lineage, serial, target, last_run, updated_at, interfaces, .. } = serde_json::from_slice(bytes)?;
    let second = |old: RecordV1| RecordV2 {
        id: old.id,
        account: old.account,
        region: old.region,
        declared: old.declared,
        observed: SightingV2 { status: old.observed, since: updated_at },
        protected: false,
        group: None,
        last_action: old.last_action,
    };
    let records = interfaces.0.into_iter().map(|(address, old)| (address, second(old))).collect();
    Ok(today(lineage, serial, target, last_run, records))
}

/// Reads a file of version 2 as the state it is today.
pub(super) fn decode_v2(bytes: &[u8]) -> Result<State, serde_json::Error> {
    let DocumentV2 { lineage, serial, target, last_run, interfaces, .. } = serde_json::from_slice(bytes)?;
    Ok(today(lineage, serial, target, last_run, interfaces.0))
}

/// Returns a state as it is today, without what only newer ones know.
fn today(
    lineage: String,
    serial: u64,
    target: Target,
    last_run: Option<RunId>,
    records: BTreeMap<Address, RecordV2>,
) -> State {
    let interfaces = third(records);
    State { lineage, serial, target, last_run, anchor: None, awaiting: Vec::new(), guards: None, interfaces }
}

/// Of two addresses that named one interface, the one with the newer sighting keeps the record.
fn third(records: BTreeMap<Address, RecordV2>) -> Records {
    let mut upgraded = Records::default();
    for (address, old) in records {
        let record = upgrade(old);
        let known = upgraded.of(&record.identity()).map(|(_, known)| known.observed.since);
        if known.is_none_or(|known| known < record.observed.since) {
            upgraded.insert(address, record);
        }
    }
    upgraded
}

fn upgrade(old: RecordV2) -> Record {
    let SightingV2 { status, since } = old.observed;
    Record {
        id: old.id,
        scope: Scope { account: old.account.unwrap_or_else(AccountName::default_account), region: old.region },
        declared: old.declared,
        change_id: None,
        observed: Sighting { from_the_first: false, ..Sighting::first(status, since) },
        forgotten: false,
        protected: old.protected,
        group: old.group,
        durations: Durations::default(),
        last_action: old.last_action.map(|last| action(last, since)),
        straggler: None,
        changed_by: None,
        taken_back: None,
    }
}

fn action(old: LastActionV2, seen_since: Timestamp) -> LastAction {
    let LastActionV2 { run_id, step, action, request_id, started_at, finished_at, outcome: told } = old;
    let (outcome, found, because) = outcome(&told);
    let mut upgraded = LastAction {
        run_id,
        step,
        action,
        request_id,
        started_at,
        finished_at,
        outcome,
        found,
        because,
        uptime: None,
        has_moved_since: false,
    };
    upgraded.has_moved_since = upgraded.is_open() && seen_since > started_at;
    upgraded
}

/// Reads an outcome from the words of version 2: the outcome, `, found STATUS`, `: more`.
fn outcome(told: &str) -> (Option<Outcome>, Option<Status>, Option<StepReason>) {
    let (words, more) = told.split_once(": ").map_or((told, None), |(words, more)| (words, Some(more)));
    let (word, found) = words.split_once(", found ").map_or((words, None), |(word, found)| (word, Some(found)));
    let outcome = match word {
        "done" => Outcome::Done,
        "already" => Outcome::Already,
        "unknown" => Outcome::DoneUnknown,
        "in doubt" => Outcome::InDoubt,
        "not settled" => Outcome::Unsettled,
        "moved" => Outcome::Moved,
        "refused" => Outcome::Failed,
        "held back" => Outcome::Guarded,
        "skipped" => Outcome::Skipped,
        "not started" => Outcome::NotStarted,
        "in progress" => return (None, None, None),
        _ => return (None, None, Some(StepReason::Told { text: told.to_owned() })),
    };
    let found = found.filter(|found| *found != "nothing").map(Status::parse);
    (Some(outcome), found, more.map(|text| StepReason::Told { text: text.to_owned() }))
}
