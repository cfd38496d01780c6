//! The words for how an interface is: its lifecycle, what a spec can ask of it, who holds it.
//!
//! A word that no page documents is kept as the API wrote it; nothing is ever decided on a guess at its meaning.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The lifecycle word of a router interface (API field `Status`, and `OppositeInterfaceStatus`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Created, never connected.
    Idle,
    /// The accepting side while the initiator connects.
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
    Unknown(Box<str>),
}

impl Status {
    const WORDS: [(Self, &'static str); 10] = [
        (Self::Idle, "Idle"),
        (Self::AcceptingConnecting, "AcceptingConnecting"),
        (Self::Connecting, "Connecting"),
        (Self::Activating, "Activating"),
        (Self::Active, "Active"),
        (Self::Modifying, "Modifying"),
        (Self::Deactivating, "Deactivating"),
        (Self::Inactive, "Inactive"),
        (Self::Deleting, "Deleting"),
        (Self::Deleted, "Deleted"),
    ];

    /// Reads the API's word, in any case (its own samples say both `active` and `Active`).
    pub fn parse(word: &str) -> Self {
        // The 2016 pages call it "AcceptingConnect".
        if word.eq_ignore_ascii_case("AcceptingConnect") {
            return Self::AcceptingConnecting;
        }
        Self::WORDS
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(word))
            .map_or_else(|| Self::Unknown(word.into()), |(status, _)| status.clone())
    }

    /// Returns the API's spelling.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unknown(word) => word,
            known => Self::WORDS.iter().find(|(status, _)| status == known).map_or("", |(_, word)| word),
        }
    }

    /// The words for a cloud at work: the status will change by itself.
    pub const TRANSITIONAL: [Self; 5] =
        [Self::Activating, Self::Deactivating, Self::Modifying, Self::Connecting, Self::AcceptingConnecting];

    /// Returns whether the cloud is at work and the status will change by itself.
    pub fn is_transitional(&self) -> bool {
        Self::TRANSITIONAL.contains(self)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
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
        let words: Vec<&str> = Self::WORDS.iter().map(|(_, word)| *word).collect();
        schemars::json_schema!({
            "type": "string",
            "description": "The cloud's lifecycle word; one that no page documents is kept as the API wrote it.",
            "examples": words,
        })
    }
}

/// What a spec can ask for; nothing else can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
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

    /// Returns the other wish.
    pub fn inverse(self) -> Self {
        match self {
            Self::Active => Self::Inactive,
            Self::Inactive => Self::Active,
        }
    }
}

impl fmt::Display for DesiredStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        })
    }
}

/// Whether the account's bills or the vendor's security team hold the interface (API field `BusinessStatus`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
pub enum BusinessStatus {
    /// Nothing holds it.
    Normal,
    /// Locked for unpaid bills.
    FinancialLocked,
    /// Locked by the vendor.
    SecurityLocked,
    /// A word that no page documents.
    Unknown(Box<str>),
}

impl From<String> for BusinessStatus {
    fn from(word: String) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "normal" => Self::Normal,
            // "Financile" is the old pages' spelling.
            "financiallocked" | "financilelocked" => Self::FinancialLocked,
            "securitylocked" => Self::SecurityLocked,
            _ => Self::Unknown(word.into()),
        }
    }
}

impl From<BusinessStatus> for String {
    fn from(status: BusinessStatus) -> Self {
        status.to_string()
    }
}

impl fmt::Display for BusinessStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Normal => "Normal",
            Self::FinancialLocked => "FinancialLocked",
            Self::SecurityLocked => "SecurityLocked",
            Self::Unknown(word) => word,
        })
    }
}
