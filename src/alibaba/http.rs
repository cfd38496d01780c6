//! The one HTTP client: how any request leaves this machine.
//!
//! Signed calls go through `transport`, those for credentials through `credentials::http`; both make their clients here, so
//! no request follows a redirect, is sent twice or goes without deadlines. Which addresses may be asked is for them to
//! decide. How much of an answer is read, and what went wrong, is for [`crate::exchange`]; the words are theirs.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::{Client, ClientBuilder};

use super::proxy::Proxy;
use crate::exchange::innermost;

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
