//! Which proxy the environment names, and for which addresses it is left out.
//!
//! The rules are those of `hyper_util`'s matcher, which knows domains, addresses and networks. What other tools read
//! in `NO_PROXY` besides (`*.domain`, `host:443`, brackets, blanks between entries) is put into its words here.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::credentials::Environment;
use crate::language::worded;
use crate::loopback::is_this_machine;

const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Where the metadata service of an ECS instance answers; no proxy can reach it.
pub(super) const METADATA_ADDRESS: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

/// The proxy for https. Its `Debug` and its description leave out the user and the password.
#[derive(Clone)]
pub struct Proxy(Arc<Rules>);

struct Rules {
    variable: &'static str,
    /// Host and port, for people.
    authority: String,
    /// Whether its address is of a scheme that the HTTP client speaks.
    is_spoken: bool,
    /// What it asks for, if its address holds a user and a password.
    login: Option<HeaderValue>,
    /// For a port that no exception names.
    any_port: Matcher,
    /// For a port that some exception names; the exceptions without a port are in each.
    ports: BTreeMap<u16, Matcher>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

impl Proxy {
    /// Returns the proxy that the environment names; `None` also where everything is an exception to it.
    pub fn of(environment: &Environment) -> Option<Self> {
        let (variable, address) = environment.first(&VARIABLES)?;
        let address = with_encoded_login(address);
        let listed = environment.first(&EXCEPTIONS).map_or("", |(_, listed)| listed);
        let entries: Vec<&str> = listed.split([',', ' ', '\t']).filter(|entry| !entry.is_empty()).collect();
        if entries.contains(&"*") {
            return None;
        }
        let exceptions: Vec<(String, Option<u16>)> = entries.into_iter().map(exception).collect();
        let matcher = |port: Option<u16>| {
            let meant = exceptions.iter().filter(|(_, only)| only.is_none() || *only == port);
            let meant: Vec<&str> = meant.map(|(host, _)| host.as_str()).collect();
            Matcher::builder().https(address.as_str()).no(meant.join(",")).build()
        };
        let through = Matcher::builder().https(address.as_str()).build();
        let through = "https://any.invalid".parse().ok().and_then(|any| through.intercept(&any));
        let Some(through) = through else {
            let said = worded!("{variable} names no proxy that can be used, so none is", variable);
            tracing::warn!("{said}");
            return None;
        };
        let authority = through.uri().authority().map(ToString::to_string).unwrap_or_default();
        let is_spoken = through.uri().scheme_str().is_none_or(|scheme| ["http", "https"].contains(&scheme));
        let login = through.basic_auth().cloned();
        let ports = exceptions.iter().filter_map(|(_, port)| *port).map(|port| (port, matcher(Some(port)))).collect();
        Some(Self(Arc::new(Rules { variable, authority, is_spoken, login, any_port: matcher(None), ports })))
    }

    /// Returns whether `url` is reached through it.
    pub(super) fn serves(&self, url: &Url) -> bool {
        self.intercept(url).is_some()
    }

    /// Returns whether it can be asked at all: no waiting alters its address.
    pub(super) fn is_spoken(&self) -> bool {
        self.0.is_spoken
    }

    /// Names it for people.
    pub(super) fn describe(&self) -> String {
        format!("the proxy {} ({})", self.0.authority, self.0.variable)
    }

    /// Returns it as the HTTP client takes it.
    pub(super) fn for_client(&self) -> reqwest::Proxy {
        let this = self.clone();
        let proxy = reqwest::Proxy::custom(move |url| {
            this.intercept(url).and_then(|to| Url::parse(&to.uri().to_string()).ok())
        });
        match &self.0.login {
            Some(login) => proxy.custom_http_auth(login.clone()),
            None => proxy,
        }
    }

    fn intercept(&self, url: &Url) -> Option<Intercept> {
        if url.scheme() != "https" || is_never_proxied(url.host_str().unwrap_or_default()) {
            return None;
        }
        let port = url.port_or_known_default()?;
        let matcher = self.0.ports.get(&port).unwrap_or(&self.0.any_port);
        matcher.intercept(&url.as_str().parse().ok()?)
    }
}

/// Returns the address with the login written so that its end is the last `@`, as curl reads it.
fn with_encoded_login(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
    match rest.rsplit_once('@') {
        Some((login, rest)) => format!("{scheme}://{}@{rest}", login.replace('@', "%40")),
        None => format!("{scheme}://{rest}"),
    }
}

/// Returns an exception in the matcher's words, and the port that it is limited to, if it is.
fn exception(entry: &str) -> (String, Option<u16>) {
    let entry = entry.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(entry);
    // A bare IPv6 address has several colons and no port.
    let with_port = entry.rsplit_once(':').filter(|(host, _)| !host.contains(':') || host.ends_with(']'));
    let with_port = with_port.and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = with_port.map_or((entry, None), |(host, port)| (host, Some(port)));
    (host.trim_matches(['[', ']']).trim_end_matches('.').to_owned(), port)
}

/// Returns whether `host` is this machine or the metadata service; an IPv6 address may stand in brackets.
pub(super) fn is_never_proxied(host: &str) -> bool {
    let is_metadata = |address: IpAddr| address.to_canonical() == METADATA_ADDRESS;
    is_this_machine(host) || host.trim_matches(['[', ']']).parse().is_ok_and(is_metadata)
}

#[cfg(test)]
mod tests;
