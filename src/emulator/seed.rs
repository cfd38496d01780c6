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
mod entries;
mod fault;
mod interface;
mod routes;
mod settings;
mod traffic;
mod yaml;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use account::{
    AccessKeySeed, AccountSeed, DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, DEFAULT_ACCOUNT, Secret,
};
pub use fault::{ConsoleSeed, ErrorSeed, Fault, FaultKind, FlappingSeed};
pub use interface::{
    ChargeSeed, ElsewhereSeed, HealthCheckSeed, InterfaceSeed, OppositeSeed, OrderSeed, ReservationSeed,
};
pub use routes::{InactiveNextHops, NextHopKind, NextHopSeed, Prefix, RouteSeed};
pub use settings::{ErrorCodes, LatencyTail, MetadataSeed, Pairs, QuotaKind, QuotaSeed, Settle};
pub use traffic::{Lag, TrafficSeed};
pub use yaml::Unfit;

use self::entries::{is_default, list, mapping};
use crate::bounds;
use crate::resource::{AccountId, Region, RouterInterfaceId};

/// A world file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The text is not a world file; the cause names line, column and rule, and repeats nothing of the text.
    #[error("not a world file")]
    Yaml(#[from] Unfit),
    /// The file is not UTF-8.
    #[error("not a world file: it is not UTF-8 text")]
    NotText,
    /// The words are fine, the world is not: every contradiction in it, the first of which are named.
    #[error("the world contradicts itself: {}", first(.0))]
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
#[serde(default, deny_unknown_fields, expecting = "a world: settings and `interfaces`")]
pub struct WorldSeed {
    /// The only account, with the default access key; or use `accounts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The accounts; interfaces that name none belong to the first.
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountSeed>,
    /// The regions that exist, besides those that interfaces name; the first is the interfaces' default.
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Region>,
    /// How long transitions take.
    #[serde(skip_serializing_if = "is_default")]
    pub settle: Settle,
    /// How long every answer takes.
    #[serde(with = "duration", skip_serializing_if = "Duration::is_zero")]
    pub latency: Duration,
    /// Which answers take longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_tail: Option<LatencyTail>,
    /// How many values one filter takes; as many as the API documents, if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_filter_values: Option<usize>,
    /// Whether the two ends of a link move together.
    #[serde(skip_serializing_if = "is_default")]
    pub pairs: Pairs,
    /// Whether an interface that is not Active clears Enabled of its next hops.
    #[serde(skip_serializing_if = "is_default")]
    pub inactive_next_hops: InactiveNextHops,
    /// How late what happened is seen.
    #[serde(skip_serializing_if = "is_default")]
    pub lag: Lag,
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
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// The router interfaces, in the order in which listings give them.
    #[serde(deserialize_with = "list")]
    pub interfaces: Vec<InterfaceSeed>,
    /// What stands in the route tables of their routers.
    #[serde(deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<RouteSeed>,
    /// What interfaces carry; of one that is not named nothing was measured.
    #[serde(deserialize_with = "mapping", skip_serializing_if = "BTreeMap::is_empty")]
    pub traffic: BTreeMap<RouterInterfaceId, TrafficSeed>,
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
            Format::Yaml => Ok(document::<Option<Self>>(text)?.unwrap_or_default()),
            Format::Json => Ok(serde_json::from_str(text).map_err(|error| Unfit::of_json(&error))?),
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
        #[serde(deny_unknown_fields, expecting = "a mapping with the key `faults`")]
        struct Document {
            faults: Vec<Fault>,
        }
        Ok(document::<Document>(text)?.faults)
    }
}

/// Reads YAML, of which JSON is a part: read as what it is, it may be of any length in one piece.
fn document<T: DeserializeOwned>(text: &str) -> Result<T, SeedError> {
    let as_json = || text.trim_start().starts_with('{').then(|| serde_json::from_str(text).ok()).flatten();
    as_json().map_or_else(|| Ok(yaml::read(text)?), Ok)
}

/// Names the first of many contradictions and counts the others.
fn first(contradictions: &[String]) -> String {
    let shown = &contradictions[..contradictions.len().min(bounds::WORLD_CONTRADICTIONS)];
    let more = contradictions.len() - shown.len();
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{}{more}", shown.join("; "))
}
