//! Temporary credentials as the services write them: STS, the metadata service and credentials addresses alike.

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::alibaba::Credentials;

/// The JSON of issued keys. `Code` is `Success` where it is sent; STS leaves it out.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Issued {
    code: Option<String>,
    access_key_id: Option<String>,
    access_key_secret: Option<SecretString>,
    security_token: Option<SecretString>,
    expiration: Option<Timestamp>,
}

impl Issued {
    /// Reads what the metadata service or a credentials address answers, which must call itself a success.
    pub(super) fn parse(body: &str) -> Result<Credentials, String> {
        let issued: Self = serde_json::from_str(body).map_err(|_| "the answer is not the JSON of credentials")?;
        match issued.code.as_deref() {
            Some("Success") => issued.credentials(),
            Some(code) => Err(format!("it answered Code {}", code.chars().take(64).collect::<String>())),
            None => Err("the answer has no Code".to_owned()),
        }
    }

    /// Returns the credentials; every part must be there.
    pub(super) fn credentials(self) -> Result<Credentials, String> {
        let secret = |value: Option<SecretString>, key| {
            value.filter(|value| !value.expose_secret().is_empty()).ok_or_else(|| format!("the answer has no {key}"))
        };
        Ok(Credentials {
            access_key_id: self.access_key_id.filter(|id| !id.is_empty()).ok_or("the answer has no AccessKeyId")?,
            access_key_secret: secret(self.access_key_secret, "AccessKeySecret")?,
            security_token: Some(secret(self.security_token, "SecurityToken")?),
            expires_at: Some(self.expiration.ok_or("the answer has no Expiration")?),
        })
    }
}
