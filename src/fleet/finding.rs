//! What a check leaves beside a state: one row, which the next check replaces.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::calendar::Zone;
use crate::drift::{Drift, DriftCause, DriftItem};
use crate::plan::{GroupHealth, Upcoming};
use crate::resource::{
    Address, ChangeName, DesiredStatus, GroupName, RouterInterfaceId, Scope, ScopeFailure, Status, Target,
};
use crate::schedule;
use crate::spec::Spec;
use crate::state::Unreadable;

/// The version of the row, and the newest that is read.
pub const FORMAT_VERSION: u64 = 1;

/// How far ahead a row says what begins and ends. A page shows the next 24 hours, and a row is current for as long by default.
pub const UPCOMING: SignedDuration = SignedDuration::from_hours(48);

/// What is kept beside a state of its checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Which spec was checked, as a shared store knows it.
    pub spec: String,
    /// What the last check found; `None` where none was recorded.
    pub finding: Option<Finding>,
    /// A check since then that failed; the next one that does not takes it away.
    pub failed: Option<Failed>,
    /// What whoever tells people has told, by a key of theirs, such as a digest of channel and specs. Nothing here reads it.
    pub told: BTreeMap<String, Value>,
}

/// A check that failed as a whole: nothing is known of now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// When.
    pub at: Timestamp,
    /// Why, untrusted text.
    pub why: String,
}

impl fmt::Display for Failed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the check at {} failed: {}", Zone::utc().stamp(self.at), self.why)
    }
}

/// What a check found, and what it was about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// When the cloud was read.
    pub checked_at: Timestamp,
    /// Whose interfaces.
    pub target: Target,
    /// What is not where it was, by address.
    pub items: Vec<Item>,
    /// How every group stood, by name.
    pub groups: Vec<GroupHealth>,
    /// What could not be read.
    pub unread: Vec<ScopeFailure>,
    /// What was to begin and end within [`UPCOMING`], in order.
    pub upcoming: Vec<Upcoming>,
    /// Every declared interface, by address.
    pub declared: Vec<Declared>,
}

/// One interface that was not where the spec or the last apply put it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The key in the spec.
    pub address: Address,
    /// Why it is listed.
    pub cause: DriftCause,
    /// The declared status.
    pub spec: DesiredStatus,
    /// The live status; `None` where there was no such interface.
    pub live: Option<Status>,
    /// The change that asks for what it is to be, or that left it behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_id: Option<ChangeName>,
}

/// One declared interface, as selectors see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// The key in the spec.
    pub address: Address,
    /// The cloud's id.
    pub id: RouterInterfaceId,
    /// Where it lives.
    #[serde(flatten)]
    pub scope: Scope,
    /// The number of its account, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Its group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupName>,
    /// Its labels, those of its group included.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The changes that are about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeName>,
}

impl Finding {
    /// Takes out of a check what its row keeps.
    pub fn of(spec: &Spec, drift: &Drift) -> Self {
        Self {
            checked_at: drift.timestamp,
            target: drift.target.clone(),
            items: drift.items.iter().map(Item::from).collect(),
            groups: drift.groups.clone(),
            unread: drift.failures.clone(),
            upcoming: schedule::upcoming_within(spec, drift.timestamp, UPCOMING),
            declared: declared(spec, &drift.target),
        }
    }

    /// Returns whether something moved, or a group was below its floor; `None` where not everything was read and nothing that was had.
    pub fn has_drifted(&self) -> Option<bool> {
        let has = self.items.iter().any(Item::is_finding) || self.groups.iter().any(GroupHealth::is_finding);
        (has || self.unread.is_empty()).then_some(has)
    }
}

impl Item {
    /// Returns whether it is drift.
    pub fn is_finding(&self) -> bool {
        self.cause.is_finding()
    }
}

impl From<&DriftItem> for Item {
    fn from(item: &DriftItem) -> Self {
        Self {
            address: item.address.clone(),
            cause: item.cause,
            spec: item.spec,
            live: item.live.clone(),
            change_id: item.change_id.clone(),
        }
    }
}

fn declared(spec: &Spec, target: &Target) -> Vec<Declared> {
    let mut changes: BTreeMap<&Address, Vec<ChangeName>> = BTreeMap::new();
    for (name, change) in &spec.changes {
        change.selected.iter().for_each(|address| changes.entry(address).or_default().push(name.clone()));
    }
    let declared = |candidate: &crate::selector::Candidate<'_>| {
        let interface = &spec.interfaces[candidate.address];
        // The main account is the one that answered.
        let answered = interface.scope.account.is_default_account().then_some(target.account_id.as_str());
        Declared {
            address: candidate.address.clone(),
            id: candidate.id.clone(),
            scope: interface.scope.clone(),
            account_id: candidate.accounts[1].or(answered).map(str::to_owned),
            group: candidate.group.map(GroupName::from),
            labels: candidate.labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            changes: changes.remove(candidate.address).unwrap_or_default(),
        }
    };
    spec.field().candidates().iter().map(declared).collect()
}

/// The row as it is written.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    format_version: u64,
    #[serde(default)]
    spec: String,
    #[serde(default)]
    finding: Option<std::borrow::Cow<'a, Finding>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<std::borrow::Cow<'a, Failed>>,
    #[serde(default)]
    told: std::borrow::Cow<'a, BTreeMap<String, Value>>,
}

impl Kept {
    /// Returns what is remembered under a key.
    pub fn told(&self, key: &str) -> Option<&Value> {
        self.told.get(key)
    }

    /// Remembers something under a key, or with `None` nothing any more.
    pub fn remember(&mut self, key: &str, memory: Option<Value>) {
        match memory {
            Some(memory) => self.told.insert(key.to_owned(), memory),
            None => self.told.remove(key),
        };
    }

    /// Writes the row.
    pub fn encode(&self) -> Vec<u8> {
        let written = Written {
            format_version: FORMAT_VERSION,
            spec: self.spec.clone(),
            finding: self.finding.as_ref().map(std::borrow::Cow::Borrowed),
            failed: self.failed.as_ref().map(std::borrow::Cow::Borrowed),
            told: std::borrow::Cow::Borrowed(&self.told),
        };
        let mut bytes = serde_json::to_vec(&written).expect("a row has string keys only, and a Vec takes every byte");
        bytes.push(b'\n');
        bytes
    }

    /// Reads a row.
    ///
    /// # Errors
    /// Bytes that are none, and those of a newer version.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        let damaged = |error: serde_json::Error| Unreadable::Damaged(error.to_string().into());
        let value: Value = serde_json::from_slice(bytes).map_err(damaged)?;
        match value.get("format_version").and_then(Value::as_u64) {
            Some(found) if found > FORMAT_VERSION => {
                return Err(Unreadable::Newer { found, supported: FORMAT_VERSION });
            }
            Some(_) => {}
            None => return Err(Unreadable::Damaged("it has no format_version".into())),
        }
        let Written { spec, finding, failed, told, .. } = serde_json::from_value(value).map_err(damaged)?;
        let (finding, failed) = (finding.map(std::borrow::Cow::into_owned), failed.map(std::borrow::Cow::into_owned));
        Ok(Self { spec, finding, failed, told: told.into_owned() })
    }
}
