//! One HTTP exchange: an empty POST out, a bounded answer back, nothing sent twice and nowhere else.
//!
//! No redirects, no retries, no decompression, no cookies; every phase has a deadline. The HTTP client is built at the
//! first exchange, since reading the system's roots costs more than most commands do. An error says whether the request
//! can have left (docs/reference/faults.md#r1): only what fails while connecting surely did not.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{self, HeaderMap, HeaderValue};
use tokio::sync::OnceCell;

use super::endpoint::Endpoint;
use super::proxy::Proxy;
use super::request::Signed;
use crate::cloud::{CloudError, Effect, ErrorKind};

/// The largest answer that is read; a page of 50 interfaces takes about 100 KiB.
pub(super) const MAX_BODY: usize = 8 << 20;

/// How long an idle connection is kept: shorter than the gateway keeps it, so that a mutating call seldom meets a
/// connection that is being closed and ends in doubt.
const POOL_IDLE: Duration = Duration::from_secs(10);

/// The metadata service of a cloud machine, which no proxy can reach.
const METADATA_HOST: &str = "100.100.100.200";

/// The deadlines of one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Name lookup, TCP and TLS together. Shorter than `total`, so that a request that never left is known as such.
    pub connect: Duration,
    /// Between two reads.
    pub read: Duration,
    /// From the start to the last byte of the answer.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::within(Duration::from_secs(30))
    }
}

impl Timeouts {
    /// The usual deadlines, shortened where they do not fit into `total`.
    pub fn within(total: Duration) -> Self {
        let connect = Duration::from_secs(5).min(total / 2);
        Self { connect, read: Duration::from_secs(10).min(total), total }
    }
}

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
            CloudError::new(ErrorKind::Credentials, Effect::None, action, "the keys hold characters that no key has")
        })?;
        let request = http.post(endpoint.with_query(&signed.query)).headers(headers);
        let failed = |error: reqwest::Error| self.failure(action, endpoint, &error);
        let mut response = request.send().await.map_err(failed)?;
        let mut answer = Answer {
            status: response.status().as_u16(),
            content_type: text(response.headers(), header::CONTENT_TYPE.as_str()),
            date: text(response.headers(), header::DATE.as_str()).and_then(|date| http_date(&date)),
            retry_after: text(response.headers(), "x-acs-retry-after")
                .and_then(|millis| millis.trim().parse().ok())
                .map(Duration::from_millis),
            body: Vec::new(),
        };
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if answer.body.len() + chunk.len() > MAX_BODY {
                let message = format!("{} answered with more than {} MiB", endpoint.authority(), MAX_BODY >> 20);
                return Err(CloudError::new(ErrorKind::Malformed, Effect::InDoubt, action, message));
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    async fn build(&self, action: &'static str) -> Result<reqwest::Client, CloudError> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Losing a race against another thread leaves the same provider installed.
            rustls::crypto::ring::default_provider().install_default().ok();
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("rictl/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(self.timeouts.connect)
            .read_timeout(self.timeouts.read)
            .timeout(self.timeouts.total)
            .pool_idle_timeout(POOL_IDLE)
            .tls_version_min(reqwest::tls::Version::TLS_1_2);
        if let Some(endpoint) = &self.endpoint {
            if is_never_proxied(endpoint.host()) {
                builder = builder.no_proxy();
            }
            if endpoint.is_plain_http() {
                let addresses = self.loopback_addresses(action, endpoint).await?;
                // Connects to the addresses that were checked, whatever the name says next time. Loads no roots: there
                // is no TLS to check.
                builder = builder
                    .no_proxy()
                    .resolve_to_addrs(endpoint.host(), &addresses)
                    .tls_certs_only(std::iter::empty::<reqwest::Certificate>());
            }
        }
        builder.build().map_err(|error| {
            let message = format!("cannot set up HTTPS: {}", innermost(&error));
            CloudError { hint: Some(ROOTS_HINT.into()), ..unsent(ErrorKind::Tls, action, message) }
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
                return Err(unsent(ErrorKind::Unreachable, action, format!("cannot resolve {endpoint}: {error}")));
            }
            Err(_) => {
                let message = format!("cannot resolve {endpoint} within {:?}", self.timeouts.connect);
                return Err(unsent(ErrorKind::Unreachable, action, message));
            }
        };
        if let Some(elsewhere) = addresses.iter().find(|address| !address.ip().to_canonical().is_loopback()) {
            let message = format!("{endpoint} is plain http, and {} is not this machine", elsewhere.ip());
            let hint = "write https://, or name an address of the loopback interface".into();
            return Err(CloudError { hint: Some(hint), ..unsent(ErrorKind::Invalid, action, message) });
        }
        Ok(addresses)
    }

    fn uses(&self, proxy: &Proxy, endpoint: &Endpoint) -> bool {
        !endpoint.is_plain_http() && !is_never_proxied(endpoint.host()) && proxy.serves(endpoint.host())
    }

    fn failure(&self, action: &'static str, endpoint: &Endpoint, error: &reqwest::Error) -> CloudError {
        let host = endpoint.authority();
        if error.is_connect() {
            return match tls_cause(error) {
                Some(cause) => CloudError {
                    hint: Some(tls_hint(cause).into()),
                    ..unsent(ErrorKind::Tls, action, format!("cannot trust {host}: {cause}"))
                },
                None => {
                    let cause = match error.is_timeout() {
                        true => format!("no connection within {:?}", self.timeouts.connect),
                        false => innermost(error),
                    };
                    let proxy = self.proxy.as_ref().filter(|proxy| self.uses(proxy, endpoint));
                    let through = proxy.map(|proxy| format!(" through {}", proxy.describe())).unwrap_or_default();
                    CloudError {
                        hint: Some(REACH_HINT.into()),
                        ..unsent(ErrorKind::Unreachable, action, format!("cannot connect to {host}{through}: {cause}"))
                    }
                }
            };
        }
        let message = match error.is_timeout() {
            true => format!("{host} did not finish its answer in time (at most {:?})", self.timeouts.total),
            false => format!("the exchange with {host} was cut off: {}", innermost(error)),
        };
        CloudError::new(ErrorKind::Interrupted, Effect::InDoubt, action, message)
    }
}

const ROOTS_HINT: &str =
    "certificates are checked against the system's roots, or those in the file that SSL_CERT_FILE names";
const REACH_HINT: &str = "check the region's name, the network, and the proxy that HTTPS_PROXY names, if any";

fn unsent(kind: ErrorKind, action: &'static str, message: impl Into<Box<str>>) -> CloudError {
    CloudError::new(kind, Effect::None, action, message)
}

fn is_never_proxied(host: &str) -> bool {
    host == "localhost"
        || host == METADATA_HOST
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
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

/// The cause that names the matter; the outer ones only say "error sending request", some with the URL.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Finds what TLS said, which hides inside an I/O error.
fn tls_cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let mut cause = Some(error);
    while let Some(current) = cause {
        let inner = current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let tls = current.downcast_ref::<rustls::Error>().or(inner.and_then(|inner| inner.downcast_ref()));
        if tls.is_some() {
            return tls;
        }
        cause = match inner {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    None
}

fn tls_hint(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::PeerIncompatible(_) => "TLS 1.2 is the least; a proxy may have answered in the server's place",
        _ => ROOTS_HINT,
    }
}
