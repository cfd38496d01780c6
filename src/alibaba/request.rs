//! One signed attempt of one action, pure: parameters, keys, nonce and time in; query and headers out.
//!
//! V3 keeps keys and tokens in headers; V1 has to put them into the query, which nothing here ever logs.

use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use super::source::Credentials;
use crate::cloud::Terms;
use crate::signature::{canonical_query, percent_encode, sha256_hex, v1, v3};
use crate::spec::SignatureVersion;

/// The services that the client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Vpc,
    Sts,
    CloudMonitor,
    ActionTrail,
}

impl Service {
    fn version(self) -> &'static str {
        match self {
            Self::Vpc => "2016-04-28",
            Self::Sts => "2015-04-01",
            Self::CloudMonitor => "2019-01-01",
            Self::ActionTrail => "2020-07-06",
        }
    }

    /// The service's name in RAM policies.
    fn policy_name(self) -> &'static str {
        match self {
            Self::Vpc => "vpc",
            Self::Sts => "sts",
            Self::CloudMonitor => "cms",
            Self::ActionTrail => "actiontrail",
        }
    }
}

/// What is asked, before anything secret joins it.
#[derive(Clone, Debug)]
pub(super) struct Action {
    pub(super) service: Service,
    pub(super) name: &'static str,
    pub(super) parameters: Vec<(String, String)>,
    /// Under which it leaves: none for what only reads.
    pub(super) terms: Terms,
}

impl Action {
    /// Makes an action that leaves under no terms.
    pub(super) fn new(service: Service, name: &'static str, parameters: Vec<(String, String)>) -> Self {
        Self { service, name, parameters, terms: Terms::default() }
    }

    /// Lets it leave under these terms.
    pub(super) fn under(self, terms: Terms) -> Self {
        Self { terms, ..self }
    }

    /// Returns what a RAM policy has to grant. CloudMonitor calls it otherwise than its API (docs/reference/api.md#metrics).
    pub(super) fn policy(&self) -> String {
        let name = if self.name == "DescribeMetricLast" { "QueryMetricLast" } else { self.name };
        format!("{}:{name}", self.service.policy_name())
    }
}

/// What makes one attempt unlike any other.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) nonce: String,
    pub(super) time: Timestamp,
}

/// What goes onto the wire as an empty POST. Deliberately without `Debug`.
pub(super) struct Signed {
    pub(super) query: String,
    pub(super) headers: Vec<(&'static str, String)>,
    /// What our signature is over, to be compared with what the API says its own is over.
    pub(super) string_to_sign: String,
}

const METHOD: &str = "POST";

/// Signs one attempt for `host`.
pub(super) fn sign(
    version: SignatureVersion,
    host: &str,
    action: &Action,
    attempt: &Attempt,
    credentials: &Credentials,
) -> Signed {
    match version {
        SignatureVersion::V1 => sign_v1(action, attempt, credentials),
        SignatureVersion::V3 => sign_v3(host, action, attempt, credentials),
    }
}

fn timestamp(attempt: &Attempt) -> String {
    attempt.time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn sign_v1(action: &Action, attempt: &Attempt, credentials: &Credentials) -> Signed {
    let timestamp = timestamp(attempt);
    let mut parameters: Vec<(&str, &str)> = vec![
        ("Format", "JSON"),
        ("Action", action.name),
        ("Version", action.service.version()),
        ("AccessKeyId", &credentials.access_key_id),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("SignatureNonce", &attempt.nonce),
        ("Timestamp", &timestamp),
    ];
    parameters.extend(credentials.security_token.as_ref().map(|token| ("SecurityToken", token.expose_secret())));
    parameters.extend(action.parameters.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let string_to_sign = v1::string_to_sign(METHOD, &parameters);
    let signature = v1::sign(credentials.access_key_secret.expose_secret(), &string_to_sign);
    let query = format!("{}&Signature={}", canonical_query(&parameters), percent_encode(&signature));
    Signed { query, headers: Vec::new(), string_to_sign }
}

fn sign_v3(host: &str, action: &Action, attempt: &Attempt, credentials: &Credentials) -> Signed {
    let timestamp = timestamp(attempt);
    let payload_hash = sha256_hex(b"");
    let mut signed_headers: Vec<(&'static str, &str)> = vec![
        ("host", host),
        ("x-acs-action", action.name),
        ("x-acs-content-sha256", &payload_hash),
        ("x-acs-date", &timestamp),
        ("x-acs-signature-nonce", &attempt.nonce),
        ("x-acs-version", action.service.version()),
    ];
    if let Some(token) = &credentials.security_token {
        signed_headers.push(("x-acs-accesskey-id", &credentials.access_key_id));
        signed_headers.push(("x-acs-security-token", token.expose_secret()));
    }
    let mut parameters: Vec<(&str, &str)> = vec![("Format", "JSON")];
    parameters.extend(action.parameters.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let canonical_request = v3::canonical_request(METHOD, &parameters, &signed_headers, &payload_hash);
    let string_to_sign = v3::string_to_sign(&canonical_request);
    let signature = v3::sign(credentials.access_key_secret.expose_secret(), &string_to_sign);
    let authorization = v3::authorization(&credentials.access_key_id, &signed_headers, &signature);
    let mut headers: Vec<_> = signed_headers.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    headers.push(("authorization", authorization));
    Signed { query: canonical_query(&parameters), headers, string_to_sign }
}

/// Replaces the secrets, in every form that the wire gives them, wherever a text from outside repeats them.
pub(super) fn mask(text: &str, credentials: &Credentials) -> String {
    let token = credentials.security_token.as_ref();
    let mut masked = text.to_owned();
    for secret in std::iter::once(&credentials.access_key_secret).chain(token) {
        let raw = secret.expose_secret().to_owned();
        if raw.is_empty() {
            continue;
        }
        // V1's string to sign encodes each value twice.
        let once = percent_encode(&raw);
        let twice = percent_encode(&once);
        for form in [twice, once, raw] {
            masked = masked.replace(&form, "***");
        }
    }
    masked
}
