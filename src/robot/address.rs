//! Where a robot is: an address whose path or query is a token, so that it is shown by its host alone.

use std::fmt;

use reqwest::Url;

use crate::loopback::is_this_machine;
use crate::signature::sha256_hex;

/// Shorter words of an address are no secret, and stand in any text.
const SHORTEST_SECRET: usize = 8;

/// The address of a robot. Its `Debug` shows the host alone.
#[derive(Clone, PartialEq, Eq)]
pub struct RobotUrl(Url);

/// Why a text is no address of a robot. It never quotes the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unaddressed {
    /// Not a URL with a host.
    #[error("it is not a URL such as https://oapi.dingtalk.com/robot/send?access_token=...")]
    NotAUrl,
    /// Another scheme than https.
    #[error("it does not begin with https://")]
    Scheme,
    /// Plain http to another machine.
    #[error("plain http goes to this machine alone: it has to begin with https://")]
    Plain,
    /// A user or a password before the host.
    #[error("it must not hold a user name or a password")]
    UserInfo,
}

impl RobotUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Unaddressed> {
        let text = text.trim();
        // The URL parser would drop these characters silently.
        if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(Unaddressed::NotAUrl);
        }
        let url = Url::parse(text).map_err(|_| Unaddressed::NotAUrl)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Unaddressed::UserInfo);
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            "http" => Err(Unaddressed::Plain),
            _ => Err(Unaddressed::Scheme),
        }
    }

    /// Returns whether messages travel in the clear, on this machine.
    pub fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Returns the host, with the port where that is not the scheme's own.
    pub fn host(&self) -> &str {
        self.0.authority()
    }

    /// Returns what tells one address from another and gives none of them away. On this machine the port does not count: it is
    /// whichever was free.
    pub fn identity(&self) -> String {
        let mut url = self.0.clone();
        if is_loopback(&url) && url.set_port(None).is_err() {
            return sha256_hex(self.0.as_str().as_bytes());
        }
        sha256_hex(url.as_str().as_bytes())
    }

    /// Returns the whole address, to send to and nothing else.
    pub(super) fn exposed(&self) -> &Url {
        &self.0
    }

    /// Lists what of it nobody is to see, longest first: the whole, path and query, and the words of both.
    pub(super) fn secrets(&self) -> Vec<String> {
        let url = &self.0;
        let words = url.path_segments().into_iter().flatten().map(str::to_owned);
        let values = url.query_pairs().map(|(_, value)| value.into_owned());
        let whole = [Some(url.as_str()), Some(url.path()), url.query()].into_iter().flatten().map(str::to_owned);
        let mut secrets: Vec<String> =
            whole.chain(words).chain(values).filter(|word| word.len() >= SHORTEST_SECRET).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
    }
}

impl fmt::Debug for RobotUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RobotUrl({})", self.host())
    }
}

/// Returns whether a URL leads to this machine.
fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(is_this_machine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_https_and_this_machine_and_nothing_else() {
        for good in [
            "https://oapi.dingtalk.com/robot/send?access_token=abc",
            "http://127.0.0.1:8080/hook\n",
            "http://[::1]/hook",
            "http://localhost/hook",
        ] {
            assert!(RobotUrl::parse(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://oapi.dingtalk.com/x", Unaddressed::Plain),
            ("http://localhost.evil.example/x", Unaddressed::Plain),
            ("http://127.0.0.1.nip.io/x", Unaddressed::Plain),
            ("https://ann:pw@host/x", Unaddressed::UserInfo),
            ("file:///etc/passwd", Unaddressed::Scheme),
            ("oapi.dingtalk.com/x", Unaddressed::NotAUrl),
            ("", Unaddressed::NotAUrl),
            ("https://host/a b", Unaddressed::NotAUrl),
        ] {
            assert_eq!(RobotUrl::parse(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn shows_its_host_alone() {
        let url = RobotUrl::parse("https://hooks.slack.com/services/T0/B0/verysecretword?key=0123456789").unwrap();
        assert_eq!(format!("{url:?}"), "RobotUrl(hooks.slack.com)");
        let secrets = url.secrets();
        assert!(secrets.contains(&"verysecretword".to_owned()) && secrets.contains(&"0123456789".to_owned()));
        assert!(!secrets.contains(&"T0".to_owned()));
    }

    #[test]
    fn two_robots_are_two_and_a_port_of_this_machine_is_none() {
        let identity = |text: &str| RobotUrl::parse(text).unwrap().identity();
        assert_ne!(identity("https://a/x?key=1"), identity("https://a/x?key=2"));
        assert_ne!(identity("https://a:1/x"), identity("https://a:2/x"));
        assert_eq!(identity("http://127.0.0.1:1/x"), identity("http://127.0.0.1:2/x"));
    }
}
