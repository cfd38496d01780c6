//! The spec: what the user declares, and where each word of it stands.
//!
//! [`parse`] turns texts into a [`Spec`] or into every error at once, each with its place. It reads no
//! file and no environment; `ops` hands it the bytes. Syntax is in `spec/syntax` (YAML and JSON to one
//! tree with places), meaning in `spec/decode`, references between entries in `spec/check`.

pub mod duration;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::Date;

use crate::diagnostic::{Place, Sources};
use crate::resource::{
    AccountId, AccountName, Address, DesiredStatus, GroupName, Provider, Region, RouterInterfaceId, Scope,
};

/// A value and the place that set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// A checked spec: every reference resolves, no cycle, no impossible floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The texts that places point into.
    pub sources: Sources,
    /// Who answers the calls, and as whom.
    pub cloud: CloudSettings,
    /// `state.path`, as written: relative to the spec file.
    pub state_path: Option<Placed<String>>,
    /// Blast radius.
    pub limits: Limits,
    /// Redundancy groups.
    pub groups: BTreeMap<GroupName, Group>,
    /// How a large change is cut into waves.
    pub rollout: Option<Rollout>,
    /// The declared interfaces.
    pub interfaces: BTreeMap<Address, Interface>,
    /// Warnings that do not stop anything.
    pub warnings: Vec<crate::diagnostic::Diagnostic>,
}

/// The section `cloud`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudSettings {
    /// `provider`, Alibaba where the section does not say.
    pub provider: Provider,
    /// `region`, the default of the interfaces.
    pub region: Option<Placed<Region>>,
    /// `profile`, of the credentials.
    pub profile: Option<Placed<String>>,
    /// `signature`.
    pub signature: Option<SignatureVersion>,
    /// `account_id`: apply refuses any other account.
    pub account_id: Option<Placed<AccountId>>,
    /// `world`, the emulator's file, as written: relative to the spec file.
    pub world: Option<Placed<String>>,
    /// `accounts`: further accounts by name.
    pub accounts: BTreeMap<AccountName, Account>,
}

/// Which signature the client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureVersion {
    /// HMAC-SHA1 in the query.
    V1,
    /// ACS3-HMAC-SHA256 in headers.
    V3,
}

/// One entry of `cloud.accounts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// A profile of the credential files.
    pub profile: Option<Placed<String>>,
    /// A role to assume with the spec's own credentials.
    pub role_arn: Option<Placed<String>>,
    /// The account that these credentials must belong to.
    pub account_id: Option<Placed<AccountId>>,
    /// Where the entry's key stands.
    pub place: Place,
}

/// The section `limits`. Absent means unlimited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// `max_changes`.
    pub max_changes: Option<Placed<u32>>,
    /// `max_changes_percent`, of the declared interfaces, never below one change.
    pub max_changes_percent: Option<Placed<u32>>,
    /// `per_group`: at most this many changes in any one group.
    pub per_group: Option<Placed<u32>>,
    /// `per_region`: at most this many changes in any one region.
    pub per_region: Option<Placed<u32>>,
}

/// One entry of `groups`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// `min_active`, a floor that no step may break; 0 where only `max_unavailable` is given.
    pub min_active: Option<Placed<u32>>,
    /// `max_unavailable`, the same floor from the other side.
    pub max_unavailable: Option<Placed<u32>>,
    /// Where the entry's key stands.
    pub place: Place,
    /// Its members.
    pub members: BTreeSet<Address>,
}

/// The section `rollout`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    /// `canary`: interfaces in the first wave; 0 for none.
    pub canary: u32,
    /// `batch`: interfaces in each later wave.
    pub batch: u32,
    /// `pause` between waves.
    pub pause: Duration,
    /// `check`: an argument list that must exit 0 between waves; never shell text.
    pub check: Option<Vec<String>>,
    /// `check_timeout`, 1 minute where it is not given.
    pub check_timeout: Duration,
    /// Where the section's key stands.
    pub place: Place,
}

/// One entry of `interfaces`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// `id`.
    pub id: Placed<RouterInterfaceId>,
    /// `account` and `region`, defaults applied.
    pub scope: Scope,
    /// `status`.
    pub status: Placed<DesiredStatus>,
    /// `group`.
    pub group: Option<Placed<GroupName>>,
    /// `depends_on`: up after these, down before them.
    pub depends_on: BTreeMap<Address, Place>,
    /// `reason`, untrusted text, carried into plan, history and reports.
    pub reason: Option<String>,
    /// `protect: true` and where it stands.
    pub protect: Option<Place>,
    /// `hands_off`.
    pub hands_off: Option<HandsOff>,
    /// `timeouts.activate`.
    pub activate_timeout: Option<Duration>,
    /// `timeouts.deactivate`.
    pub deactivate_timeout: Option<Duration>,
    /// Where the entry's key stands.
    pub place: Place,
}

/// `hands_off`: observed and shown, never acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandsOff {
    /// Why, untrusted text.
    pub reason: String,
    /// The last day it is meant to stand; past it plan and drift say so loudly.
    pub until: Option<Date>,
    /// Where it stands.
    pub place: Place,
}
