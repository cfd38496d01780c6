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

mod account;
mod duration;
mod fault;
mod interface;
mod settings;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use account::{
    AccessKeySeed, AccountSeed, DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCOUNT, Secret,
};
pub use fault::{ConsoleSeed, ErrorSeed, Fault, FaultKind, FlappingSeed};
pub use interface::{ElsewhereSeed, InterfaceSeed, OppositeSeed};
pub use settings::{ErrorCodes, MetadataSeed, Pairs, QuotaKind, QuotaSeed, Settle};

use crate::resource::{AccountId, Region};

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
    #[serde(with = "duration", skip_serializing_if = "Duration::is_zero")]
    pub latency: Duration,
    /// Whether the two ends of a link move together.
    #[serde(skip_serializing_if = "is_default")]
    pub pairs: Pairs,
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

impl Fault {
    /// Reads a file with the single key `faults`, in YAML or JSON.
    ///
    /// # Errors
    ///
    /// The first thing that does not fit, with line and column.
    pub fn parse_schedule(text: &str) -> Result<Vec<Self>, SeedError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Document {
            faults: Vec<Fault>,
        }
        Ok(serde_yaml::from_str::<Document>(text)?.faults)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
