//! The world file: what a person writes down about an emulated cloud, and its defaults.
//!
//! A [`WorldSeed`] is only the document. `World::new` checks it and works out what it leaves unsaid. Unknown keys
//! are errors; a syntax error names line and column. YAML and JSON are one format here.
//!
//! ```yaml
//! regions: [cn-shanghai, cn-beijing]      # the first is the default of the interfaces
//! settle: {activate: 5s, deactivate: 3s}
//! interfaces:
//!   - {id: ri-a, name: uplink}            # Active, the initiating side
//!   - {id: ri-b, region: cn-beijing, opposite: ri-a, status: Inactive}
//!   - {id: ri-c, opposite: {id: ri-x, region: cn-hangzhou, status: Deleted}}
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::fmt::serde::unsigned_duration::friendly::compact;
use serde::{Deserialize, Serialize};

use super::faults::Fault;
use crate::resource::{AccountId, BusinessStatus, Region, Role, RouterInterfaceId, Status};

/// The account of a world that names none.
pub const DEFAULT_ACCOUNT: &str = "1234567890123456";

/// The access key of a world that names none. Public: the emulator listens on loopback only.
pub const DEFAULT_ACCESS_KEY_ID: &str = "emulator";

/// The secret of every access key that a world file does not set.
pub const DEFAULT_ACCESS_KEY_SECRET: &str = "emulator-secret";

/// A world file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The text is not a world file; the cause names line and column.
    #[error("not a world file")]
    Yaml(#[from] serde_yaml::Error),
    /// The same for JSON.
    #[error("not a world file")]
    Json(#[from] serde_json::Error),
    /// The words are fine, the world is not: every contradiction in it.
    #[error("the world contradicts itself: {}", .0.join("; "))]
    Contradictions(Vec<String>),
}

/// The languages that a world file can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML, of which JSON is a part.
    Yaml,
    /// JSON, read ten times faster.
    Json,
}

/// An emulated cloud as its file describes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorldSeed {
    /// The only account, with the default access key; or use `accounts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The accounts; interfaces that name none belong to the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountSeed>,
    /// The regions that exist, besides those that interfaces name; the first is the interfaces' default.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Region>,
    /// How long transitions take.
    #[serde(skip_serializing_if = "is_default")]
    pub settle: Settle,
    /// How long every answer takes.
    #[serde(with = "compact::required", skip_serializing_if = "Duration::is_zero")]
    pub latency: Duration,
    /// Flow control per account, region and action.
    #[serde(skip_serializing_if = "is_default")]
    pub quota: QuotaSeed,
    /// How the two renamed error codes are spelled.
    #[serde(skip_serializing_if = "is_default")]
    pub error_codes: ErrorCodes,
    /// The metadata service.
    #[serde(skip_serializing_if = "is_default")]
    pub metadata: MetadataSeed,
    /// What goes wrong, and when.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// The router interfaces, in the order in which listings give them.
    pub interfaces: Vec<InterfaceSeed>,
}

impl WorldSeed {
    /// Reads a world file.
    ///
    /// # Errors
    ///
    /// The first thing that does not fit, with line and column.
    pub fn parse(text: &str, format: Format) -> Result<Self, SeedError> {
        match format {
            // An empty file is an empty world to YAML only if it says `{}`; a file of comments should do as well.
            Format::Yaml => Ok(serde_yaml::from_str::<Option<Self>>(text)?.unwrap_or_default()),
            Format::Json => Ok(serde_json::from_str(text)?),
        }
    }

    /// Writes a world file, leaving out what the defaults say.
    pub fn to_text(&self, format: Format) -> String {
        match format {
            Format::Yaml => serde_yaml::to_string(self).expect("a seed has text keys and finite numbers only"),
            Format::Json => {
                let mut text =
                    serde_json::to_string_pretty(self).expect("a seed has text keys and finite numbers only");
                text.push('\n');
                text
            }
        }
    }
}

/// One account of a world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountSeed {
    /// Its 16-digit number.
    pub id: AccountId,
    /// Its keys; without any, the first account has [`DEFAULT_ACCESS_KEY_ID`] and another `emulator-<account>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access_keys: Vec<AccessKeySeed>,
    /// The actions that nobody of this account may call; `*` is every action.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<String>,
}

/// One access key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKeySeed {
    /// What requests name.
    pub id: String,
    /// What requests are signed with.
    #[serde(default)]
    pub secret: Secret,
    /// The RAM user that it belongs to; without one, the account itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The actions that this key may not call; `*` is every action.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<String>,
}

/// The secret half of an access key: written to world files, shown nowhere.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Returns the secret.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Default for Secret {
    fn default() -> Self {
        Self::from(DEFAULT_ACCESS_KEY_SECRET)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

/// How long transitions take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settle {
    /// Activating, Connecting and Modifying to Active.
    #[serde(with = "compact::required")]
    pub activate: Duration,
    /// Deactivating to Inactive, Deleting to gone.
    #[serde(with = "compact::required")]
    pub deactivate: Duration,
}

impl Default for Settle {
    fn default() -> Self {
        // No page states durations; short, so that examples do not make people wait.
        Self { activate: Duration::from_secs(2), deactivate: Duration::from_secs(2) }
    }
}

/// Flow control: at most `limit` calls per account, region and action in a `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuotaSeed {
    /// Calls per window, at least one.
    pub limit: u32,
    /// The window.
    #[serde(with = "compact::required")]
    pub window: Duration,
    /// How calls are counted.
    pub kind: QuotaKind,
}

impl Default for QuotaSeed {
    fn default() -> Self {
        // The documented 300 per 60 s (docs/reference/api.md#quota), in its strictest reading.
        Self { limit: 300, window: Duration::from_secs(60), kind: QuotaKind::Sliding }
    }
}

/// How a quota counts calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaKind {
    /// Windows that follow one another; two full bursts can meet at a border.
    Fixed,
    /// Any window.
    Sliding,
    /// A bucket that refills evenly and holds one window's worth.
    Bucket,
    /// No limit.
    Unlimited,
}

/// Which pages of the API's reference the codes are spelled after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCodes {
    /// `IncorrectRIStatus`, `Forbidden.FinancialLocked`.
    #[default]
    New,
    /// `IncorrectStatus`, `Forbidden.FinancileLocked`.
    Old,
}

/// The metadata service of an emulated machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetadataSeed {
    /// The RAM role that the machine has.
    pub role: String,
    /// Whether reading needs the token of the hardened mode.
    pub hardened: bool,
}

impl Default for MetadataSeed {
    fn default() -> Self {
        Self { role: "emulator-role".to_owned(), hardened: false }
    }
}

/// One router interface as the file describes it; only `id` must be there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterfaceSeed {
    /// Its id, unique in the world.
    pub id: RouterInterfaceId,
    /// Where it is; default the first of the world's regions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Its account; default the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// What it starts as, default Active. A transitional word settles as it would after a call; `Deleted` is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Which side it is: the one that its pair is not, else the initiating one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The other side; of a pair in one world it is enough that one names the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opposite: Option<OppositeSeed>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The router that it belongs to; default one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router: Option<String>,
    /// `VRouter` or `VBR`; default after the router's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router_type: Option<String>,
    /// Its size; default Large.1, of an accepting side Negative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specification: Option<String>,
    /// Whether it is locked; default Normal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_status: Option<BusinessStatus>,
    /// Its resource group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_group: Option<String>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// How long its transitions take, instead of the world's `settle`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle: Option<Settle>,
}

impl InterfaceSeed {
    /// Describes an interface by its id; everything else is left to the defaults.
    pub fn new(id: impl Into<RouterInterfaceId>) -> Self {
        Self {
            id: id.into(),
            region: None,
            account: None,
            status: None,
            role: None,
            opposite: None,
            name: None,
            description: None,
            router: None,
            router_type: None,
            specification: None,
            business_status: None,
            resource_group: None,
            tags: BTreeMap::new(),
            settle: None,
        }
    }
}

/// The other side of a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "the id of an interface of this world, or {id, region, status, ...} of one elsewhere")]
pub enum OppositeSeed {
    /// It is in this world: its status is its own.
    Here(RouterInterfaceId),
    /// It is not: its status is what the file says.
    Elsewhere(ElsewhereSeed),
}

/// An other side that is not in this world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElsewhereSeed {
    /// Its id.
    pub id: RouterInterfaceId,
    /// Its region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Its account; default the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Its status; without one the API does not report it. `Deleted` means that it is gone for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Whether it is locked; default Normal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_status: Option<BusinessStatus>,
    /// Its router.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router: Option<String>,
    /// `VRouter` or `VBR`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router_type: Option<String>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
