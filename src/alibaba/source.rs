//! Where the keys that sign a call come from.

use jiff::Timestamp;
use secrecy::SecretString;

use crate::cloud::CloudError;
use crate::resource::AccountName;

/// Keys that sign calls.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The public half.
    pub access_key_id: String,
    /// The secret half.
    pub access_key_secret: SecretString,
    /// The token that goes with temporary keys.
    pub security_token: Option<SecretString>,
    /// When they end; `None` for keys without an end.
    pub expires_at: Option<Timestamp>,
}

/// Gives the credentials of an account.
#[allow(async_fn_in_trait, reason = "one task drives every future; no Send bound is wanted")]
pub trait CredentialSource {
    /// Returns credentials that are good now, renewed in time by itself.
    async fn credentials(&self, account: &AccountName) -> Result<Credentials, CloudError>;

    /// Returns new credentials after the API said that the last ones have expired.
    async fn renew(&self, account: &AccountName) -> Result<Credentials, CloudError>;
}
