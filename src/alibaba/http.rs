//! The one HTTP client: how any request leaves this machine, and how much of an answer is read.
//!
//! Signed calls go through `transport`, those for credentials through `credentials::http`; both make their clients here, so
//! no request follows a redirect, is sent twice or goes without deadlines. Which addresses may be asked is for them to
//! decide. What went wrong is told apart once, in [`Failure`]; the words are theirs.

use std::error::Error;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, ClientBuilder, RequestBuilder};

use super::proxy::Proxy;

/// How long an idle connection is kept: shorter than the gateway keeps it, so that a mutating call seldom meets a
/// connection that is being closed and ends in doubt.
const POOL_IDLE: Duration = Duration::from_secs(10);

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

/// How the bytes of a client's requests travel.
pub(super) enum Wire<'w> {
    /// By TLS, through the proxy where it serves the address.
    Tls(Option<&'w Proxy>),
    /// In the clear and never through a proxy. A name that is given goes to these addresses, whatever a resolver says;
    /// port 0 stands for the URL's own. The system's roots, which take long to load, are not.
    Plain(Option<(&'w str, &'w [SocketAddr])>),
}

/// Makes a client. It reads no environment: a proxy is used only if it is given.
pub(super) fn client(timeouts: Timeouts, wire: &Wire<'_>) -> reqwest::Result<Client> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing a race against another thread leaves the same provider installed.
        rustls::crypto::ring::default_provider().install_default().ok();
    }
    let here = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
    let builder = Client::builder()
        .user_agent(concat!("rictl/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .timeout(timeouts.total)
        .pool_idle_timeout(POOL_IDLE)
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
        // `localhost` is this machine whatever the resolver says.
        .resolve_to_addrs("localhost", &here);
    over(builder.no_proxy(), wire).build()
}

/// Makes a client for requests that somebody else signs: as every other, it follows no redirect and sends nothing twice. With
/// `is_plain` it speaks in the clear, to addresses of this machine and to `localhost`.
///
/// # Errors
/// What keeps HTTPS from being set up.
pub fn http_client(timeouts: Timeouts, proxy: Option<&Proxy>, is_plain: bool) -> Result<Client, String> {
    let wire = if is_plain { Wire::Plain(None) } else { Wire::Tls(proxy) };
    client(timeouts, &wire).map_err(|error| innermost(&error))
}

fn over(builder: ClientBuilder, wire: &Wire<'_>) -> ClientBuilder {
    match wire {
        Wire::Tls(None) => builder,
        Wire::Tls(Some(proxy)) => builder.proxy(proxy.for_client()),
        Wire::Plain(pinned) => {
            let builder = builder.tls_certs_only(std::iter::empty::<reqwest::Certificate>());
            match pinned {
                Some((host, addresses)) => builder.resolve_to_addrs(host, addresses),
                None => builder,
            }
        }
    }
}

/// Why there is no whole answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// TLS said no, so nothing was sent.
    Untrusted(rustls::Error),
    /// No connection, so nothing was sent; `None` if time ran out.
    Unconnected(Option<String>),
    /// Something may have been sent, and time ran out.
    TimedOut,
    /// Something may have been sent, and the exchange broke off.
    CutOff(String),
    /// The answer is larger than its reader takes.
    TooLarge,
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        match (error.is_connect(), error.is_timeout()) {
            (true, is_timeout) => match tls_cause(&error) {
                Some(cause) => Self::Untrusted(cause.clone()),
                None => Self::Unconnected((!is_timeout).then(|| innermost(&error))),
            },
            (false, true) => Self::TimedOut,
            (false, false) => Self::CutOff(innermost(&error)),
        }
    }
}

/// Sends a request once and reads the answer's body, of at most `limit` bytes, to the end of `body`. Returns the HTTP
/// status and the headers.
pub(super) async fn exchange(
    request: RequestBuilder,
    body: &mut Vec<u8>,
    limit: usize,
) -> Result<(u16, HeaderMap), Failure> {
    let mut response = request.send().await?;
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Err(Failure::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok((response.status().as_u16(), std::mem::take(response.headers_mut())))
}

/// Returns the cause that names the matter; the outer ones only say "error sending request", some with the URL.
pub(super) fn innermost(error: &dyn Error) -> String {
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
