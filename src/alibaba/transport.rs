//! One HTTP exchange: an empty POST out, a bounded answer back, nothing sent twice and nowhere else.
//!
//! The HTTP client (`http`) is built at the first exchange, since reading the system's roots costs more than most
//! commands do. An error says whether the request can have left (docs/reference/faults.md#r1): only what fails while connecting surely
//! did not.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{self, HeaderMap, HeaderValue};
use tokio::sync::OnceCell;

use super::endpoint::Endpoint;
use super::http::{self, Timeouts, Wire};
use super::proxy::Proxy;
use super::request::Signed;
use crate::bounds;
use crate::cloud::{CloudError, Effect, ErrorKind};
use crate::exchange::{Failure, exchange, innermost};
use crate::language::{Wording, sentence, word, worded};
use crate::loopback::is_here;

/// An answer before anyone has looked into it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    /// The API's clock.
    pub(super) date: Option<Timestamp>,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
}

/// The HTTP client, built when it is first needed.
#[derive(Debug)]
pub(super) struct Transport {
    timeouts: Timeouts,
    /// The override, if there is one: it alone may be plain http, and it alone may be on loopback.
    endpoint: Option<Endpoint>,
    proxy: Option<Proxy>,
    http: OnceCell<reqwest::Client>,
}

impl Transport {
    pub(super) fn new(timeouts: Timeouts, endpoint: Option<Endpoint>, proxy: Option<Proxy>) -> Self {
        Self { timeouts, endpoint, proxy, http: OnceCell::new() }
    }

    /// Sends one request, once.
    pub(super) async fn exchange(
        &self,
        action: &'static str,
        endpoint: &Endpoint,
        signed: &Signed,
    ) -> Result<Answer, CloudError> {
        let http = self.http.get_or_try_init(|| self.build(action)).await?;
        let headers = header_map(&signed.headers).ok_or_else(|| {
            unsent(ErrorKind::Credentials, action, worded!("the keys hold characters that no key has"))
        })?;
        let request = http.post(endpoint.with_query(&signed.query)).headers(headers);
        let mut body = Vec::new();
        let (status, headers) = exchange(request, &mut body, |_| bounds::ANSWER_BYTES)
            .await
            .map_err(|failure| self.failure(action, endpoint, failure))?;
        let retry_after = text(&headers, "x-acs-retry-after").and_then(|millis| millis.trim().parse().ok());
        Ok(Answer {
            status: status.as_u16(),
            content_type: text(&headers, header::CONTENT_TYPE.as_str()),
            date: text(&headers, header::DATE.as_str()).and_then(|date| http_date(&date)),
            retry_after: retry_after.map(Duration::from_millis),
            body,
        })
    }

    async fn build(&self, action: &'static str) -> Result<reqwest::Client, CloudError> {
        let client = match self.endpoint.as_ref().filter(|endpoint| endpoint.is_plain_http()) {
            // Connects to the addresses that were checked, whatever the name says next time.
            Some(endpoint) => {
                let addresses = self.loopback_addresses(action, endpoint).await?;
                http::client(self.timeouts, &Wire::Plain(Some((endpoint.host(), &addresses))))
            }
            None => http::client(self.timeouts, &Wire::Tls(self.proxy.as_ref())),
        };
        client.map_err(|error| {
            let message = worded!("cannot set up HTTPS: {cause}", cause = innermost(&error));
            CloudError { hint: advice(ROOTS_HINT), ..unsent(ErrorKind::Tls, action, message) }
        })
    }

    /// Resolves the host of a plain http endpoint, and refuses it unless every address is on this machine.
    async fn loopback_addresses(
        &self,
        action: &'static str,
        endpoint: &Endpoint,
    ) -> Result<Vec<SocketAddr>, CloudError> {
        let lookup = tokio::net::lookup_host((endpoint.host(), endpoint.port()));
        let resolved = tokio::time::timeout(self.timeouts.connect, lookup).await;
        let addresses: Vec<SocketAddr> = match resolved {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(error)) => {
                let message = worded!("cannot resolve {endpoint}: {error}", endpoint, error);
                return Err(unsent(ErrorKind::Unreachable, action, message));
            }
            Err(_) => {
                let within = format!("{:?}", self.timeouts.connect);
                let message = worded!("cannot resolve {endpoint} within {within}", endpoint, within);
                return Err(unsent(ErrorKind::Unreachable, action, message));
            }
        };
        if let Some(elsewhere) = addresses.iter().find(|address| !is_here(address.ip())) {
            let ip = elsewhere.ip();
            let message = worded!("{endpoint} is plain http, and {ip} is not this machine", endpoint, ip);
            let hint = advice(sentence!("write https://, or name an address of the loopback interface"));
            return Err(CloudError { hint, ..unsent(ErrorKind::Invalid, action, message) });
        }
        Ok(addresses)
    }

    fn failure(&self, action: &'static str, endpoint: &Endpoint, failure: Failure) -> CloudError {
        let host = endpoint.authority();
        let (kind, message) = match failure {
            Failure::Untrusted(cause) => {
                return CloudError {
                    hint: advice(tls_hint(&cause)),
                    ..unsent(ErrorKind::Tls, action, worded!("cannot trust {host}: {cause}", host, cause))
                };
            }
            Failure::Unconnected(cause) => {
                let within = || format!("{:?}", self.timeouts.connect);
                let late = || worded!("no connection within {within}", within = within());
                let cause = cause.map_or_else(late, Wording::from);
                let proxy = self.proxy.as_ref().filter(|proxy| proxy.serves(endpoint.url()));
                let message = match proxy.map(Proxy::describe) {
                    None => worded!("cannot connect to {host}: {cause}", host, cause),
                    Some(proxy) => worded!("cannot connect to {host} through {proxy}: {cause}", host, proxy, cause),
                };
                let (kind, hint) = if !endpoint.is_nameable() {
                    (ErrorKind::Invalid, NAME_HINT)
                } else if proxy.is_some_and(|proxy| !proxy.is_spoken()) {
                    (ErrorKind::Invalid, PROXY_HINT)
                } else if endpoint.loopback().is_some() {
                    (ErrorKind::Unreachable, LOOPBACK_HINT)
                } else {
                    (ErrorKind::Unreachable, REACH_HINT)
                };
                return CloudError { hint: advice(hint), ..unsent(kind, action, message) };
            }
            Failure::TooLarge(_) => (
                ErrorKind::Malformed,
                worded!(
                    "{host} answered with more than {most}",
                    host,
                    most = bounds::size(bounds::ANSWER_BYTES as u64)
                ),
            ),
            Failure::TimedOut => (
                ErrorKind::Interrupted,
                worded!(
                    "{host} did not finish its answer in time (at most {most}, and {silence} of silence)",
                    host,
                    most = format!("{:?}", self.timeouts.total),
                    silence = format!("{:?}", self.timeouts.read)
                ),
            ),
            Failure::CutOff(cause) => {
                (ErrorKind::Interrupted, worded!("the exchange with {host} was cut off: {cause}", host, cause))
            }
        };
        CloudError::new(kind, Effect::InDoubt, action, message)
    }
}

const ROOTS_HINT: &str =
    sentence!("certificates are checked against the system's roots, or those in the file that SSL_CERT_FILE names");
const LOOPBACK_HINT: &str = sentence!(
    "nothing listens there: see what --endpoint, RICTL_ENDPOINT or ALIBABA_CLOUD_ENDPOINT names; `rictl emulator serve` prints where it listens"
);
const NAME_HINT: &str = sentence!(
    "no host is called so: correct what --endpoint, RICTL_ENDPOINT or ALIBABA_CLOUD_ENDPOINT names, or the region"
);
const PROXY_HINT: &str = sentence!("a proxy is asked by http:// or https://: name one of those, or unset the variable");
const REACH_HINT: &str =
    sentence!("check the region's name, the network, and the proxy that HTTPS_PROXY names, if any");

fn advice(hint: &'static str) -> Option<Wording> {
    Some(Wording::new(|| word(hint)))
}

fn unsent(kind: ErrorKind, action: &'static str, message: impl Into<Wording>) -> CloudError {
    CloudError::new(kind, Effect::None, action, message)
}

fn header_map(headers: &[(&'static str, String)]) -> Option<HeaderMap> {
    let mut map = HeaderMap::with_capacity(headers.len() + 2);
    map.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    // Left out for an empty body otherwise, and some gateways answer 411 to that.
    map.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    for (name, value) in headers {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(matches!(*name, "authorization" | "x-acs-security-token"));
        map.insert(*name, value);
    }
    Some(map)
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

fn tls_hint(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::PeerIncompatible(_) => {
            sentence!("TLS 1.2 is the least; a proxy may have answered in the server's place")
        }
        _ => ROOTS_HINT,
    }
}
