//! The words for how an interface is: its lifecycle, what a spec can ask of it, who holds it.
//!
//! A word that no page documents is kept as the API wrote it; nothing is ever decided on a guess at its meaning.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, Display, EnumString, VariantNames};

/// The lifecycle word of a router interface (API field `Status`, and `OppositeInterfaceStatus`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, AsRefStr, Display, EnumString, VariantNames)]
#[strum(ascii_case_insensitive)]
pub enum Status {
    /// Created, never connected.
    Idle,
    /// The accepting side while the initiator connects; the 2016 pages call it "AcceptingConnect".
    #[strum(to_string = "AcceptingConnecting", serialize = "AcceptingConnect")]
    AcceptingConnecting,
    /// The initiating side while it connects.
    Connecting,
    /// On its way to Active.
    Activating,
    /// Up.
    Active,
    /// Being changed; ends Active or Inactive.
    Modifying,
    /// On its way to Inactive.
    Deactivating,
    /// Drained.
    Inactive,
    /// On its way out.
    Deleting,
    /// Gone; the API says it of an opposite side only.
    Deleted,
    /// A word that no page documents, as the API wrote it.
    #[strum(default, transparent)]
    Unknown(Box<str>),
}

impl Status {
    /// Reads the API's word, in any case (its own samples say both `active` and `Active`).
    pub fn parse(word: &str) -> Self {
        word.parse().unwrap_or_else(|_| Self::Unknown(word.into()))
    }

    /// Returns the API's spelling.
    pub fn as_str(&self) -> &str {
        self.as_ref()
    }

    /// The words for a cloud at work: the status will change by itself.
    pub const TRANSITIONAL: [Self; 5] =
        [Self::Activating, Self::Deactivating, Self::Modifying, Self::Connecting, Self::AcceptingConnecting];

    /// Returns whether the cloud is at work and the status will change by itself.
    pub fn is_transitional(&self) -> bool {
        Self::TRANSITIONAL.contains(self)
    }

    /// Returns whether the cloud is at work and it may end as Active.
    pub fn is_rising(&self) -> bool {
        self.is_transitional() && *self != Self::Deactivating
    }
}

impl Serialize for Status {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'_, str>::deserialize(deserializer).map(|word| Self::parse(&word))
    }
}

impl JsonSchema for Status {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Status".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let is_known = |word: &&&str| !matches!(Self::parse(word), Self::Unknown(_));
        let words: Vec<&str> = Self::VARIANTS.iter().filter(is_known).copied().collect();
        schemars::json_schema!({
            "type": "string",
            "description": "The cloud's lifecycle word; one that no page documents is kept as the API wrote it.",
            "examples": words,
        })
    }
}

/// What a spec can ask for; nothing else can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, Serialize, Deserialize, JsonSchema)]
pub enum DesiredStatus {
    /// Up.
    Active,
    /// Drained.
    Inactive,
}

impl DesiredStatus {
    /// Returns the live status that fulfils the wish.
    pub fn status(self) -> Status {
        match self {
            Self::Active => Status::Active,
            Self::Inactive => Status::Inactive,
        }
    }

    /// Returns the wish that a live status fulfils, where it fulfils one.
    pub fn fulfilled_by(status: &Status) -> Option<Self> {
        match status {
            Status::Active => Some(Self::Active),
            Status::Inactive => Some(Self::Inactive),
            _ => None,
        }
    }

    /// Returns the other wish.
    pub fn inverse(self) -> Self {
        match self {
            Self::Active => Self::Inactive,
            Self::Inactive => Self::Active,
        }
    }
}

/// Whether the account's bills or the vendor's security team hold the interface (API field `BusinessStatus`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Display, EnumString, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[strum(ascii_case_insensitive)]
pub enum BusinessStatus {
    /// Nothing holds it.
    Normal,
    /// Locked for unpaid bills; "Financile" is the old pages' spelling.
    #[strum(to_string = "FinancialLocked", serialize = "FinancileLocked")]
    FinancialLocked,
    /// Locked by the vendor.
    SecurityLocked,
    /// A word that no page documents.
    #[strum(default, transparent)]
    Unknown(Box<str>),
}

impl From<String> for BusinessStatus {
    fn from(word: String) -> Self {
        word.parse().unwrap_or_else(|_| Self::Unknown(word.into()))
    }
}

impl From<BusinessStatus> for String {
    fn from(status: BusinessStatus) -> Self {
        status.to_string()
    }
}

/// What the health check of an interface says (API field `HealthCheckStatus`, docs/reference/api.md#health-check).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Display, EnumString, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
#[strum(ascii_case_insensitive)]
pub enum HealthCheckStatus {
    /// Probes come back.
    Normal,
    /// Probes do not come back.
    Abnormal,
    /// Probes come back, and no other route stands by.
    NoRedundantRoute,
    /// Nobody set a check up.
    NoHealthCheckConfig,
    /// A word that no page documents.
    #[strum(default, transparent)]
    Unknown(Box<str>),
}

impl From<String> for HealthCheckStatus {
    fn from(word: String) -> Self {
        word.parse().unwrap_or_else(|_| Self::Unknown(word.into()))
    }
}

impl From<HealthCheckStatus> for String {
    fn from(status: HealthCheckStatus) -> Self {
        status.to_string()
    }
}
