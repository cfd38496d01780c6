//! One exchange with a bucket: signed, sent once, read up to a bound. Nothing here sends a request again but where the store
//! says that the keys have expired, so that surely nothing was done.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, StatusCode};
use secrecy::ExposeSecret as _;

use super::error::ObjectError;
use super::keys::{KeySource, Keys, NoKeys};
use super::site::Site;
use super::xml;
use crate::bounds::size;
use crate::clock::Clock;
use crate::exchange::{Failure, exchange};
use crate::signature::sha256_hex;
use crate::signature::v4::{Dialect, Request, Scope, UNSIGNED, encode_path};

/// As far as the clocks of client and store may be apart: what both vendors say.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

/// How requests reach a bucket.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    /// Follows no redirect, sends nothing twice, has deadlines.
    pub(super) http: Client,
    pub(super) site: Site,
    pub(super) keys: Arc<dyn KeySource>,
    pub(super) clock: Clock,
}

/// A request, not signed yet.
#[derive(Clone, Debug)]
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    /// The whole key; empty for the bucket itself.
    pub(super) key: &'a str,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) body: Option<&'a [u8]>,
    /// How much of an answer is read.
    pub(super) most: usize,
}

/// What was answered, where it was not refused.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// The store's clock, where it shows one.
    pub(super) date: Option<Timestamp>,
    /// When the object was last written, by the store's clock.
    pub(super) modified: Option<Timestamp>,
    pub(super) body: Vec<u8>,
}

impl Wire {
    /// Sends a request, once; once more with fresh keys where it was refused for expired ones.
    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Answer, ObjectError> {
        let keys = self.keys.keys(false).await?;
        match self.exchange(ask, &keys).await {
            Err(error) if error.is_expired() => {
                let keys = self.keys.keys(true).await?;
                self.exchange(ask, &keys).await
            }
            outcome => outcome,
        }
    }

    async fn exchange(&self, ask: &Ask<'_>, keys: &Keys) -> Result<Answer, ObjectError> {
        let mut request = self.http.request(ask.method.clone(), self.url(ask)).headers(self.signed(ask, keys)?);
        if let Some(body) = ask.body {
            request = request.body(body.to_vec());
        }
        let mut body = Vec::new();
        let most = |status: StatusCode| if status.is_success() { ask.most } else { REFUSAL_BYTES };
        let (status, headers) = exchange(request, &mut body, most).await.map_err(|failure| self.failed(failure))?;
        let date = time(&headers, "date");
        // Of a write that is done it would say too late that it should not have been tried.
        let is_write = status.is_success() && ask.body.is_some();
        let ours = self.clock.now();
        if let Some(theirs) = date.filter(|theirs| !is_write && ours.duration_since(*theirs).abs() > WINDOW) {
            return Err(ObjectError::Skewed { host: self.site.host(), ours, theirs });
        }
        if status.is_success() {
            return Ok(Answer { date, modified: time(&headers, "last-modified"), body });
        }
        Err(self.refused(status.as_u16(), &headers, &body))
    }

    fn url(&self, ask: &Ask<'_>) -> String {
        let mut url = format!("{}{}", self.site.origin(), encode_path(&self.site.path(ask.key)));
        let encode = crate::signature::percent_encode;
        let pair = |(name, value): &(&str, String)| match value.as_str() {
            "" => (*name).to_owned(),
            value => format!("{name}={}", encode(value)),
        };
        if !ask.query.is_empty() {
            url.push('?');
            url.push_str(&ask.query.iter().map(pair).collect::<Vec<_>>().join("&"));
        }
        url
    }

    fn signed(&self, ask: &Ask<'_>, keys: &Keys) -> Result<HeaderMap, ObjectError> {
        let at = self.clock.now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let (host, token) = (self.site.host(), keys.token.as_ref().map(|token| token.expose_secret()));
        let (names, hash) = match self.site.dialect {
            Dialect::Oss => (["x-oss-date", "x-oss-content-sha256", "x-oss-security-token"], UNSIGNED.to_owned()),
            Dialect::Aws => {
                let hash = sha256_hex(ask.body.unwrap_or_default());
                (["x-amz-date", "x-amz-content-sha256", "x-amz-security-token"], hash)
            }
        };
        let mut headers: Vec<(&str, &str)> = ask.headers.clone();
        if ask.body.is_some() {
            headers.push(("content-type", "application/octet-stream"));
        }
        headers.extend([(names[0], at.as_str()), (names[1], hash.as_str())]);
        headers.extend(token.map(|token| (names[2], token)));
        headers.extend((self.site.dialect == Dialect::Aws).then_some(("host", host.as_str())));
        let query: Vec<(&str, &str)> = ask.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let path = self.site.signed_path(ask.key);
        let request =
            Request { method: ask.method.as_str(), path: &path, query: &query, headers: &headers, payload_hash: &hash };
        let scope = Scope { dialect: self.site.dialect, at: &at, region: &self.site.region };
        let authorization = request.authorization(&scope, &keys.id, keys.secret.expose_secret());
        headers.push(("authorization", &authorization));
        header_map(&headers)
            .ok_or_else(|| NoKeys { message: "the keys hold characters that no key has".into(), hint: None }.into())
    }

    fn refused(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> ObjectError {
        let said = xml::refusal(body);
        let id = ["x-oss-request-id", "x-amz-request-id"].iter().find_map(|name| headers.get(*name)?.to_str().ok());
        let request_id = if said.request_id.is_empty() { id.unwrap_or_default().to_owned() } else { said.request_id };
        ObjectError::Refused { host: self.site.host(), status, code: said.code, message: said.message, request_id }
    }

    fn failed(&self, failure: Failure) -> ObjectError {
        let host = self.site.host();
        let cause = match failure {
            Failure::TooLarge(most) => {
                return ObjectError::Strange { host, detail: format!("more than {}", size(most as u64)) };
            }
            Failure::TimedOut | Failure::Unconnected(None) => "time ran out".to_owned(),
            Failure::Unconnected(Some(cause)) | Failure::CutOff(cause) => cause,
            Failure::Untrusted(cause) => cause.to_string(),
        };
        ObjectError::NoAnswer { host, cause }
    }
}

/// More than any refusal has.
const REFUSAL_BYTES: usize = 256 << 10;

fn header_map(headers: &[(&str, &str)]) -> Option<HeaderMap> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(["authorization", "x-oss-security-token", "x-amz-security-token"].contains(name));
        map.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    Some(map)
}

fn time(headers: &HeaderMap, name: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(headers.get(name)?.to_str().ok()?).ok()
}
