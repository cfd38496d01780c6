//! Where the client gets its keys from: one narrow trait, and the source that always has the same ones.

use jiff::Timestamp;
use secrecy::SecretString;

use crate::cloud::CloudError;
use crate::resource::AccountName;

/// Keys that sign. The secrets in it cannot be printed, not even by `{:?}`.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The public half: it appears in requests and may appear in messages.
    pub access_key_id: String,
    /// The half that signs.
    pub access_key_secret: SecretString,
    /// The token of temporary keys.
    pub security_token: Option<SecretString>,
    /// When temporary keys stop working.
    pub expires_at: Option<Timestamp>,
}

/// Finds the keys of an account, and new ones when the API says that they have expired.
#[allow(async_fn_in_trait, reason = "one task drives every future; no Send bound is wanted")]
pub trait CredentialSource {
    /// Returns keys that work now, found at the first call and renewed before they expire.
    async fn credentials(&self, account: &AccountName) -> Result<Credentials, CloudError>;

    /// Returns fresh keys after the API refused those that [`Self::credentials`] gave, once for all tasks that ask.
    async fn renew(&self, account: &AccountName) -> Result<Credentials, CloudError>;

    /// Returns where the Security Token Service is to be asked about these keys, if their owner chose a place: a host or
    /// a URL.
    async fn sts_endpoint(&self, _account: &AccountName) -> Option<String> {
        None
    }
}

/// The same keys for every account, never renewed: what the emulator is asked with.
#[derive(Clone, Debug)]
pub struct StaticCredentials(pub Credentials);

impl CredentialSource for StaticCredentials {
    async fn credentials(&self, _: &AccountName) -> Result<Credentials, CloudError> {
        Ok(self.0.clone())
    }

    async fn renew(&self, account: &AccountName) -> Result<Credentials, CloudError> {
        self.credentials(account).await
    }
}
