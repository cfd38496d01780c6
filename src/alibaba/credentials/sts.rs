//! STS: trades keys, or a signed token, for the temporary keys of a role.
//!
//! Always POST with the parameters in the body: tokens stay out of URLs. AssumeRole is signed with V1
//! (docs/reference/api.md#sts), AssumeRoleWithOIDC is not signed at all. Both can be asked again without harm, so a
//! busy STS is.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::http::{NoAnswer, SERVICE, checked_url, client, send};
use super::issued::Issued;
use super::provider::Role;
use crate::alibaba::{Credentials, Proxy};
use crate::signature::{canonical_query, percent_encode, v1};

/// How often a busy STS is asked, with growing pauses between.
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The most characters of each of STS's own words that are repeated.
const MAX_MESSAGE: usize = 300;

/// STS as one refresh sees it.
pub(super) struct Sts<'a> {
    /// Another address for every role, from `--endpoint`.
    pub(super) endpoint: Option<&'a str>,
    /// The proxy that the environment names.
    pub(super) proxy: Option<Proxy>,
    /// The time that requests carry.
    pub(super) now: Timestamp,
}

impl Sts<'_> {
    /// Assumes a role with the keys of `base`.
    pub(super) async fn assume_role(&self, base: &Credentials, role: &Role) -> Result<Credentials, String> {
        let sign = || {
            let mut parameters = self.parameters("AssumeRole", role);
            parameters.push(("AccessKeyId", base.access_key_id.clone()));
            parameters.push(("SignatureMethod", "HMAC-SHA1".to_owned()));
            parameters.push(("SignatureVersion", "1.0".to_owned()));
            parameters.push(("SignatureNonce", uuid::Uuid::new_v4().to_string()));
            if let Some(token) = &base.security_token {
                parameters.push(("SecurityToken", token.expose_secret().to_owned()));
            }
            if let Some(external_id) = &role.external_id {
                parameters.push(("ExternalId", external_id.clone()));
            }
            let to_sign = v1::string_to_sign("POST", &parameters);
            parameters.push(("Signature", v1::sign(base.access_key_secret.expose_secret(), &to_sign)));
            SecretString::from(canonical_query(&parameters))
        };
        let secrets = [Some(&base.access_key_secret), base.security_token.as_ref()];
        self.ask(role, sign, &secrets).await
    }

    /// Assumes a role with the token of an identity provider.
    pub(super) async fn assume_role_with_oidc(
        &self,
        provider_arn: &str,
        token: &SecretString,
        role: &Role,
    ) -> Result<Credentials, String> {
        let body = || {
            let mut parameters = self.parameters("AssumeRoleWithOIDC", role);
            parameters.push(("OIDCProviderArn", provider_arn.to_owned()));
            parameters.push(("OIDCToken", token.expose_secret().trim().to_owned()));
            SecretString::from(canonical_query(&parameters))
        };
        self.ask(role, body, &[Some(token)]).await
    }

    fn parameters(&self, action: &str, role: &Role) -> Vec<(&'static str, String)> {
        let mut parameters = vec![
            ("Action", action.to_owned()),
            ("Version", "2015-04-01".to_owned()),
            ("Format", "JSON".to_owned()),
            ("Timestamp", self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
            ("RoleArn", role.arn.clone()),
            ("RoleSessionName", role.session_name.clone()),
            ("DurationSeconds", role.duration_seconds.to_string()),
        ];
        if let Some(policy) = &role.policy {
            parameters.push(("Policy", policy.clone()));
        }
        parameters
    }

    async fn ask(
        &self,
        role: &Role,
        body: impl Fn() -> SecretString,
        secrets: &[Option<&SecretString>],
    ) -> Result<Credentials, String> {
        let endpoint = self.endpoint.unwrap_or(&role.sts_endpoint);
        let url = if endpoint.contains("://") {
            checked_url(endpoint)?
        } else {
            checked_url(&format!("https://{endpoint}/"))?
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        let client = client(&url, SERVICE, self.proxy.as_ref())?;
        let mut attempt = 1;
        loop {
            let request = client
                .post(url.clone())
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body().expose_secret().to_owned());
            let refusal = match send(request).await {
                Ok(answer) if answer.status == 200 => return issued(answer.body.expose_secret()),
                Ok(answer) => Refusal::read(answer.status, answer.body.expose_secret(), secrets),
                Err(NoAnswer::Interrupted(text)) => Refusal { busy: true, text },
                Err(failure) => Refusal { busy: false, text: failure.into_text() },
            };
            if !refusal.busy || attempt == ATTEMPTS {
                return Err(format!("{host} does not give role {}: {}", role.arn, refusal.text));
            }
            tokio::time::sleep(FIRST_PAUSE * attempt).await;
            attempt += 1;
        }
    }
}

fn issued(body: &str) -> Result<Credentials, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Success {
        credentials: Issued,
    }
    let success: Success = serde_json::from_str(body).map_err(|_| "the answer of STS has no Credentials")?;
    success.credentials.credentials()
}

/// Why STS gives nothing.
struct Refusal {
    /// Whether asking again may help.
    busy: bool,
    text: String,
}

impl Refusal {
    fn read(status: u16, body: &str, secrets: &[Option<&SecretString>]) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(default, rename_all = "PascalCase")]
        struct Words {
            code: Option<String>,
            message: Option<String>,
            request_id: Option<String>,
        }
        let words: Words = serde_json::from_str(body).unwrap_or_default();
        let Some(code) = words.code else {
            return Self { busy: status >= 500, text: format!("HTTP status {status} without a code") };
        };
        // The server quotes the string it signed, and with it the security token.
        let message = words.message.unwrap_or_default();
        let message = message.split("server string to sign").next().unwrap_or_default();
        let mut text = format!("{}: {}", mask(&code, secrets), mask(message, secrets));
        if let Some(request_id) = words.request_id {
            text.push_str(&format!(" (RequestId {})", mask(&request_id, secrets)));
        }
        Self { busy: status >= 500 || code.starts_with("Throttling"), text }
    }
}

/// Masks every secret that was sent, as it is and as it is encoded, and shortens the rest.
fn mask(text: &str, secrets: &[Option<&SecretString>]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().flatten().map(|secret| secret.expose_secret()).filter(|secret| !secret.is_empty()) {
        let encoded = percent_encode(secret);
        for form in [percent_encode(&encoded), encoded, secret.to_owned()] {
            text = text.replace(&form, "****");
        }
    }
    text.trim().chars().take(MAX_MESSAGE).collect()
}

#[cfg(test)]
mod tests;
