//! The state as a file: one interface a line, a checksum over every byte before it.
//!
//! The checksum covers the text, not the values, so no flipped bit and no edit passes, wherever it is. A file of an
//! older version is upgraded by `upgrade`; nothing here guesses at content that cannot be trusted.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::records::distinct;
use super::{
    Anchor, Awaiting, Durations, Guards, LastAction, Record, Records, RunId, Sighting, State, Straggler, TakenBack,
    upgrade,
};
use crate::diagnostic::decoding;
use crate::language::{Wording, say, worded};
use crate::resource::{AccountName, Address, ChangeName, DesiredStatus, GroupName, Region, Scope, Target};
use crate::signature::sha256_hex;

/// The version that [`encode`] writes.
pub const FORMAT_VERSION: u64 = 3;

/// Every file of the current version starts with this, so a normal read need not scan the text for its version.
const HEAD: &str = "{\n  \"format_version\": 3,\n";
const CHECKSUM_HEAD: &str = "\n  \"checksum\": \"sha256:";
const CHECKSUM_TAIL: &str = "\"\n}\n";

/// Why bytes are not a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The content cannot be trusted.
    Damaged(Wording),
    /// Written by a newer rictl.
    Newer {
        /// The file's version.
        found: u64,
        /// The newest that can be read.
        supported: u64,
    },
}

/// Writes a state: equal states give equal bytes.
pub fn encode(state: &State) -> Vec<u8> {
    // A record with a last action takes about this much.
    let mut out = Vec::with_capacity(1024 + 512 * state.interfaces.len());
    out.extend_from_slice(HEAD.as_bytes());
    field(&mut out, "lineage", &state.lineage);
    field(&mut out, "serial", &state.serial);
    field(&mut out, "target", &state.target);
    field(&mut out, "last_run", &state.last_run);
    if let Some(anchor) = &state.anchor {
        field(&mut out, "anchor", anchor);
    }
    if let Some(guards) = &state.guards {
        field(&mut out, "guards", guards);
    }
    if !state.awaiting.is_empty() {
        field(&mut out, "awaiting", &state.awaiting);
    }
    out.extend_from_slice(b"  \"interfaces\": [");
    let mut separator = "\n    {\"address\": ";
    for (address, record) in &state.interfaces {
        out.extend_from_slice(separator.as_bytes());
        json(&mut out, address);
        out.push(b',');
        // The address is one of the record's members: its object goes on where the name ends.
        let start = out.len();
        json(&mut out, record);
        out.remove(start);
        separator = ",\n    {\"address\": ";
    }
    out.extend_from_slice(if state.interfaces.is_empty() { b"]," } else { b"\n  ]," });
    let checksum = checksum(&out);
    out.extend_from_slice(CHECKSUM_HEAD.as_bytes());
    out.extend_from_slice(checksum.as_bytes());
    out.extend_from_slice(CHECKSUM_TAIL.as_bytes());
    out
}

fn field(out: &mut Vec<u8>, key: &str, value: &impl Serialize) {
    out.extend_from_slice(b"  ");
    json(out, &key);
    out.extend_from_slice(b": ");
    json(out, value);
    out.extend_from_slice(b",\n");
}

fn json(out: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(out, value).expect("a state has string keys only, and a Vec takes every byte");
}

fn checksum(content: &[u8]) -> String {
    sha256_hex(content)
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(detail) => detail.fmt(f),
            Self::Newer { found, supported } => f.write_str(&say!(
                "it has format version {found}, and versions up to {supported} can be read",
                found,
                supported
            )),
        }
    }
}

/// Reads a state of any version up to ours.
pub fn decode(bytes: &[u8]) -> Result<State, Unreadable> {
    if bytes.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0) {
        return Err(Unreadable::Damaged(match bytes {
            [] => worded!("it is empty"),
            _ => worded!("it holds nothing but blanks or NUL bytes"),
        }));
    }
    let version = if bytes.starts_with(HEAD.as_bytes()) { FORMAT_VERSION } else { sniff(bytes)? };
    match version {
        1 => upgrade::decode_v1(bytes).map_err(|error| damaged(&error)),
        2 => {
            verify(bytes)?;
            upgrade::decode_v2(bytes).map_err(|error| damaged(&error))
        }
        FORMAT_VERSION => {
            verify(bytes)?;
            serde_json::from_slice(bytes).map(Document::into_state).map_err(|e| damaged(&e))
        }
        0 => Err(Unreadable::Damaged(worded!("it has format version 0, which was never written"))),
        found => Err(Unreadable::Newer { found, supported: FORMAT_VERSION }),
    }
}

/// Returns whether bytes may be what is left of a state: nothing at all, or some of its keys.
pub fn is_remnant(bytes: &[u8]) -> bool {
    let has = |key: &[u8]| bytes.windows(key.len()).any(|window| window == key);
    bytes.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0)
        || has(b"\"format_version\"")
        || has(b"\"lineage\"")
}

/// Returns the version of a file that can be read; of one that cannot, the current one.
pub fn version(bytes: &[u8]) -> u64 {
    if bytes.starts_with(HEAD.as_bytes()) { FORMAT_VERSION } else { sniff(bytes).unwrap_or(FORMAT_VERSION) }
}

/// Finds the version of a file that does not look like ours.
fn sniff(bytes: &[u8]) -> Result<u64, Unreadable> {
    #[derive(Deserialize)]
    #[serde(expecting = "a state")]
    struct Head {
        format_version: u64,
    }
    serde_json::from_slice(bytes).map(|head: Head| head.format_version).map_err(|error| damaged(&error))
}

/// Compares the checksum at the end with the text before it.
fn verify(bytes: &[u8]) -> Result<(), Unreadable> {
    let trailer = CHECKSUM_HEAD.len() + 64 + CHECKSUM_TAIL.len();
    let (content, end) = bytes.split_at(bytes.len().saturating_sub(trailer));
    let sealed = end
        .strip_prefix(CHECKSUM_HEAD.as_bytes())
        .and_then(|end| end.strip_suffix(CHECKSUM_TAIL.as_bytes()))
        .is_some_and(|recorded| recorded == checksum(content).as_bytes());
    if sealed {
        return Ok(());
    }
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| damaged(&error))?;
    Err(Unreadable::Damaged(worded!("its checksum does not fit its content: it was edited by hand, or damaged")))
}

fn damaged(error: &serde_json::Error) -> Unreadable {
    Unreadable::Damaged(match error.classify() {
        serde_json::error::Category::Eof => worded!("it ends too early: {rule}", rule = decoding::rule(error)),
        _ => decoding::rule(error).into(),
    })
}

/// The file of version 3.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "format_version")]
    _format_version: u64,
    lineage: String,
    serial: u64,
    target: Target,
    last_run: Option<RunId>,
    anchor: Option<Anchor>,
    #[serde(default)]
    awaiting: Vec<Awaiting>,
    guards: Option<Guards>,
    #[serde(deserialize_with = "records")]
    interfaces: Records,
    #[serde(rename = "checksum")]
    _checksum: IgnoredAny,
}

impl Document {
    fn into_state(self) -> State {
        let Self { lineage, serial, target, last_run, anchor, awaiting, guards, interfaces, .. } = self;
        State { lineage, serial, target, last_run, anchor, awaiting, guards, interfaces }
    }
}

/// A [`Record`] that borrows from the text; serde's flattening of [`Scope`] would copy every field first.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRecord<'a> {
    address: Address,
    #[serde(borrow)]
    id: Cow<'a, str>,
    account: Option<AccountName>,
    #[serde(borrow)]
    region: Cow<'a, str>,
    declared: Option<DesiredStatus>,
    change_id: Option<ChangeName>,
    observed: Sighting,
    #[serde(default)]
    protected: bool,
    #[serde(default)]
    forgotten: bool,
    group: Option<GroupName>,
    #[serde(default)]
    durations: Durations,
    last_action: Option<LastAction>,
    straggler: Option<Straggler>,
    changed_by: Option<RunId>,
    taken_back: Option<TakenBack>,
}

/// Reads the records, one text of each region shared by all; an address or an interface that stands twice is an error.
fn records<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Records, D::Error> {
    let default_account = AccountName::default_account();
    let mut regions = BTreeSet::new();
    distinct(deserializer, |wire: WireRecord<'de>| {
        let record = Record {
            id: wire.id.as_ref().into(),
            scope: Scope {
                account: wire.account.unwrap_or_else(|| default_account.clone()),
                region: intern(&mut regions, &wire.region),
            },
            declared: wire.declared,
            change_id: wire.change_id,
            observed: wire.observed,
            protected: wire.protected,
            forgotten: wire.forgotten,
            group: wire.group,
            durations: wire.durations,
            last_action: wire.last_action,
            straggler: wire.straggler,
            changed_by: wire.changed_by,
            taken_back: wire.taken_back,
        };
        (wire.address, record)
    })
}

fn intern(known: &mut BTreeSet<Region>, word: &str) -> Region {
    if let Some(region) = known.get(word) {
        return region.clone();
    }
    let region = Region::from(word);
    known.insert(region.clone());
    region
}
