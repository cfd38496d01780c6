//! One bounded request to a service that gives credentials.
//!
//! No redirect is followed, nothing is sent twice, every request ends, and no more than 64 KiB is read. Plain
//! http goes only to this machine and to the metadata address, and never through a proxy.

use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Url};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

/// Where the metadata service of an ECS instance answers.
pub(super) const METADATA_ADDRESS: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

/// The most that a service's answer may hold; a real one has about 1.5 KiB.
const MAX_BYTES: usize = 64 << 10;

/// How long a service may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// To accept a connection.
    pub(super) connect: Duration,
    /// To send the next byte.
    pub(super) read: Duration,
}

impl Patience {
    /// The official libraries' for STS and for an address.
    pub(super) const SERVICE: Self = Self { connect: Duration::from_secs(5), read: Duration::from_secs(10) };
    /// The official libraries' for the metadata service, which is near or absent.
    pub(super) const METADATA: Self = Self { connect: Duration::from_secs(1), read: Duration::from_secs(1) };
}

/// What a service said.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: SecretString,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// Nothing was sent: no address, no connection, no TLS.
    Unreachable(String),
    /// Something was sent, and no whole answer came.
    Interrupted(String),
    /// An answer that cannot be one.
    Malformed(&'static str),
}

impl NoAnswer {
    /// Returns what happened.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Unreachable(text) | Self::Interrupted(text) => text,
            Self::Malformed(text) => text.to_owned(),
        }
    }
}

/// Reads an address and refuses one that keys must not be asked of or sent to.
pub(super) fn checked_url(text: &str) -> Result<Url, String> {
    // The text itself stays out of messages: it may carry a password.
    let url = Url::parse(text).map_err(|error| format!("the address is not a URL: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address must not carry a user or a password".to_owned());
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_near(&url) => Ok(url),
        "http" => Err(format!(
            "plain http goes only to this machine or to {METADATA_ADDRESS}, not to {}",
            url.host_str().unwrap_or_default()
        )),
        scheme => Err(format!("the address must start with https://, not {scheme}:")),
    }
}

/// Claims that a URL leads to this machine or the metadata service, by its literal address: what a name
/// resolves to may change between a check and the connection.
fn is_near(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || literal.is_ok_and(|address| address.is_loopback() || address == METADATA_ADDRESS)
}

/// Makes a client for one address.
pub(super) fn client(url: &Url, patience: Patience) -> Result<Client, String> {
    // An error means that a provider is installed already, which is all that is wanted.
    if rustls::crypto::CryptoProvider::get_default().is_none()
        && rustls::crypto::ring::default_provider().install_default().is_err()
    {
        tracing::trace!("another thread installed the TLS provider first");
    }
    let mut builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(patience.connect)
        .read_timeout(patience.read)
        .timeout(patience.connect + patience.read);
    if is_near(url) {
        // Port 0 stands for the URL's own: `localhost` is this machine whatever the resolver says.
        let here = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
        builder = builder.no_proxy().resolve_to_addrs("localhost", &here);
    }
    builder.build().map_err(|error| format!("no HTTPS client can be made: {}", innermost(&error)))
}

/// Sends a request and reads the answer.
pub(super) async fn send(request: RequestBuilder) -> Result<Answer, NoAnswer> {
    let mut response = request.send().await.map_err(|error| explain(&error))?;
    let status = response.status().as_u16();
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES));
    while let Some(chunk) = response.chunk().await.map_err(|error| explain(&error))? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(NoAnswer::Malformed("the answer is larger than 64 KiB"));
        }
        bytes.extend_from_slice(&chunk);
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Answer { status, body: SecretString::from(text) }),
        Err(_) => Err(NoAnswer::Malformed("the answer is not UTF-8 text")),
    }
}

/// Puts an error in words that hold neither the URL nor a proxy's password.
fn explain(error: &reqwest::Error) -> NoAnswer {
    if error.is_connect() {
        let cause = if error.is_timeout() { "timed out".to_owned() } else { innermost(error) };
        NoAnswer::Unreachable(format!("no connection: {cause}"))
    } else if error.is_timeout() {
        NoAnswer::Interrupted("it did not answer in time".to_owned())
    } else {
        NoAnswer::Interrupted(format!("the answer broke off: {}", innermost(error)))
    }
}

/// Returns the cause at the bottom; the layers above it repeat the URL.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(below) = cause.and_then(std::error::Error::source) {
        cause = Some(below);
    }
    cause.map_or_else(|| "no cause was given".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests;
