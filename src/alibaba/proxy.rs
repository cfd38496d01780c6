//! Which proxy the environment names, so that errors can name it too; the HTTP client reads the same variables itself.

use super::credentials::Environment;

const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The proxy for HTTPS, without the user and the password that its address may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    authority: String,
    variable: &'static str,
    /// Hosts and domains that are reached directly.
    exceptions: Vec<String>,
}

impl Proxy {
    /// Returns the proxy that the environment names.
    pub fn of(environment: &Environment) -> Option<Self> {
        let (variable, address) = environment.first(&VARIABLES)?;
        let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
        let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned();
        let listed = environment.first(&EXCEPTIONS).map_or("", |(_, listed)| listed);
        let exceptions = listed.split(',').map(|entry| entry.trim().trim_start_matches('.').to_ascii_lowercase());
        Some(Self { authority, variable, exceptions: exceptions.filter(|entry| !entry.is_empty()).collect() })
    }

    /// Claims that `host` is reached through it.
    pub(super) fn serves(&self, host: &str) -> bool {
        !self.exceptions.iter().any(|entry| {
            entry == "*" || host.strip_suffix(entry.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
    }

    /// Names it for people.
    pub(super) fn describe(&self) -> String {
        format!("the proxy {} ({})", self.authority, self.variable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(variables: &[(&str, &str)]) -> Option<Proxy> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Proxy::of(&Environment::new(variables, None))
    }

    #[test]
    fn is_named_without_its_login() {
        for address in ["http://user:p@ss@proxy.corp:3128/", "user:pass@proxy.corp:3128", "proxy.corp:3128"] {
            let named = proxy(&[("https_proxy", address)]).expect("a variable names it").describe();
            assert_eq!(named, "the proxy proxy.corp:3128 (https_proxy)");
        }
        assert_eq!(proxy(&[("HTTP_PROXY", "proxy.corp:3128")]), None);
    }

    #[test]
    fn does_not_serve_the_exceptions() {
        let proxy =
            proxy(&[("ALL_PROXY", "proxy:1"), ("NO_PROXY", "sts.aliyuncs.com, .corp")]).expect("a variable names it");
        let direct = ["sts.aliyuncs.com", "vpc.corp", "corp"].map(|host| proxy.serves(host));
        assert_eq!(direct, [false; 3]);
        assert!(proxy.serves("vpc.cn-shanghai.aliyuncs.com") && proxy.serves("incorp"));
    }
}
