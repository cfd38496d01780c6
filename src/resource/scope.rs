//! Where calls go.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::{AccountName, Region};

/// Where a call goes: one account, one region. Quotas, polls and pages are per scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// The account whose credentials sign the call; left out of files where it is the default one.
    #[serde(default = "AccountName::default_account", skip_serializing_if = "AccountName::is_default_account")]
    pub account: AccountName,
    /// The region whose endpoint gets it.
    pub region: Region,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.account.is_default_account() {
            write!(f, "{}", self.region)
        } else {
            write!(f, "{} of account {}", self.region, self.account)
        }
    }
}
