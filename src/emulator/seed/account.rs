//! The accounts of a world file and their keys.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::resource::AccountId;

/// The account of a world that names none.
pub const DEFAULT_ACCOUNT: &str = "1234567890123456";

/// The access key of a world that names none. Public: the emulator listens on loopback only.
pub const DEFAULT_ACCESS_KEY_ID: &str = "emulator";

/// The secret of every access key that a world file does not set.
pub const DEFAULT_ACCESS_KEY_SECRET: &str = "emulator-secret";

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
