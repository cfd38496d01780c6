//! Files of older versions, each step as the difference to the next.
//!
//! Version 1 had no checksum, and one time for the whole file instead of one per sighting. A step keeps what was
//! recorded and invents nothing: where a time is missing, the nearest later one that was recorded stands in.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::distinct::distinct;
use super::{LastAction, Record, RunId, Sighting, State};
use crate::resource::{AccountName, Address, DesiredStatus, Region, RouterInterfaceId, Scope, Status, Target};

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
    #[serde(deserialize_with = "records_v1")]
    interfaces: BTreeMap<Address, Record>,
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
    last_action: Option<LastAction>,
}

fn records_v1<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Address, Record>, D::Error> {
    distinct(deserializer, |old: RecordV1| Record {
        id: old.id,
        scope: Scope { account: old.account.unwrap_or_else(AccountName::default_account), region: old.region },
        declared: old.declared,
        observed: Sighting { status: old.observed, since: Timestamp::UNIX_EPOCH },
        protected: false,
        group: None,
        last_action: old.last_action,
    })
}

/// Reads a file of version 1 as the state it is today.
pub(super) fn decode_v1(bytes: &[u8]) -> Result<State, serde_json::Error> {
    let DocumentV1 { lineage, serial, target, last_run, updated_at, mut interfaces, .. } =
        serde_json::from_slice(bytes)?;
    for record in interfaces.values_mut() {
        record.observed.since = updated_at;
    }
    Ok(State { lineage, serial, target, last_run, interfaces })
}
