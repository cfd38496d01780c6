//! One bounded request to a service that gives credentials.
//!
//! The client is that of `alibaba::http`. No more is read than is bounded, into memory that is wiped. Plain http goes only
//! to this machine and to the metadata address, and never through a proxy.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Url};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use crate::alibaba::http::{self, Timeouts, Wire};
use crate::alibaba::proxy::{METADATA_ADDRESS, Proxy, is_never_proxied};
use crate::bounds;
use crate::exchange::{Failure, exchange, innermost};

/// The official libraries' deadlines for STS and for an address.
pub(super) const SERVICE: Timeouts =
    Timeouts { connect: Duration::from_secs(5), read: Duration::from_secs(10), total: Duration::from_secs(15) };

/// The official libraries' deadlines for the metadata service, which is near or absent.
pub(super) const METADATA: Timeouts =
    Timeouts { connect: Duration::from_secs(1), read: Duration::from_secs(1), total: Duration::from_secs(2) };

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
    Malformed(String),
}

impl From<Failure> for NoAnswer {
    /// Puts a failure in words that hold neither the URL nor a proxy's password.
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Untrusted(cause) => Self::Unreachable(format!("no connection: {cause}")),
            Failure::Unconnected(cause) => {
                Self::Unreachable(format!("no connection: {}", cause.as_deref().unwrap_or("timed out")))
            }
            Failure::TimedOut => Self::Interrupted("it did not answer in time".to_owned()),
            Failure::CutOff(cause) => Self::Interrupted(format!("the answer broke off: {cause}")),
            Failure::TooLarge(most) => {
                Self::Malformed(format!("the answer is larger than {}", bounds::size(most as u64)))
            }
        }
    }
}

impl NoAnswer {
    /// Returns what happened.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Unreachable(text) | Self::Interrupted(text) | Self::Malformed(text) => text,
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
        "http" if url.host_str().is_some_and(is_never_proxied) => Ok(url),
        "http" => Err(format!(
            "plain http goes only to this machine or to {METADATA_ADDRESS}, not to {}",
            url.host_str().unwrap_or_default()
        )),
        scheme => Err(format!("the address must start with https://, not {scheme}:")),
    }
}

/// Makes a client for one address that [`checked_url`] let pass.
pub(super) fn client(url: &Url, timeouts: Timeouts, proxy: Option<&Proxy>) -> Result<Client, String> {
    let wire = if url.scheme() == "http" { Wire::Plain(None) } else { Wire::Tls(proxy) };
    http::client(timeouts, &wire).map_err(|error| format!("no HTTPS client can be made: {}", innermost(&error)))
}

/// Sends a request and reads the answer.
pub(super) async fn send(request: RequestBuilder) -> Result<Answer, NoAnswer> {
    // Room for everything from the start: a vector that grows would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(bounds::CREDENTIALS_ANSWER_BYTES));
    let (status, _) = exchange(request, &mut bytes, |_| bounds::CREDENTIALS_ANSWER_BYTES).await?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Answer { status: status.as_u16(), body: SecretString::from(text) }),
        Err(_) => Err(NoAnswer::Malformed("the answer is not UTF-8 text".to_owned())),
    }
}

#[cfg(test)]
mod tests;
