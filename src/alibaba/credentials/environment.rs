//! The variables that credentials depend on, as a value: `cli` reads the environment once and hands it over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use crate::child::Children;

/// The environment that a chain is resolved in. Its `Debug` shows names, never values.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: BTreeMap<String, SecretString>,
    /// The variables that are set to what is no text.
    illegible: BTreeSet<String>,
    home: Option<PathBuf>,
    children: Children,
}

impl Environment {
    /// Keeps of `variables` those that matter here; `home` is the user's home directory.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>, home: Option<PathBuf>) -> Self {
        let variables = variables
            .into_iter()
            .filter(|(name, value)| matters(name) && !value.is_empty())
            .map(|(name, value)| (name, SecretString::from(value)))
            .collect();
        Self { variables, home, ..Self::default() }
    }

    /// Keeps the names of those variables that are set to what is not UTF-8.
    #[must_use]
    pub fn with_illegible(self, names: impl IntoIterator<Item = String>) -> Self {
        Self { illegible: names.into_iter().filter(|name| name != "PATH" && matters(name)).collect(), ..self }
    }

    /// Returns whether a variable is set, and to what is no text.
    pub fn is_illegible(&self, name: &str) -> bool {
        self.illegible.contains(name)
    }

    /// Returns the first of those of which credentials depend; a region is chosen elsewhere.
    pub(super) fn illegible(&self) -> Option<&str> {
        self.illegible.iter().map(String::as_str).find(|name| !name.ends_with("REGION") && !name.ends_with("REGION_ID"))
    }

    /// Says what children of this process are started with.
    #[must_use]
    pub fn with_children(self, children: Children) -> Self {
        Self { children, ..self }
    }

    /// Returns what children of this process are started with.
    pub fn children(&self) -> &Children {
        &self.children
    }

    /// Returns a variable; an empty one counts as unset, as it does for the official clients.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.expose_secret())
    }

    /// Returns the first of `names` that is set, with its value.
    pub(in crate::alibaba) fn first<'n>(&self, names: &[&'n str]) -> Option<(&'n str, &str)> {
        names.iter().find_map(|name| self.get(name).map(|value| (*name, value)))
    }

    /// Returns whether a switch is on: `true` in any case, or `1`.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// Returns a path below the home directory.
    pub(super) fn in_home(&self, relative: &str) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(relative))
    }

    /// Returns the home directory.
    pub(super) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Writes a path as people do, with `~` for the home directory.
    pub(super) fn display(&self, path: &Path) -> String {
        match self.home.as_ref().and_then(|home| path.strip_prefix(home).ok()) {
            Some(rest) => format!("~/{}", rest.display()),
            None => path.display().to_string(),
        }
    }
}

fn matters(name: &str) -> bool {
    ["PATH", "REGION_ID"].contains(&name)
        || is_about_proxies(name)
        || ["ALIBABA_CLOUD_", "ALIBABACLOUD_", "ALICLOUD_"].iter().any(|family| name.starts_with(family))
}

fn is_about_proxies(name: &str) -> bool {
    ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"].iter().any(|known| known.eq_ignore_ascii_case(name))
}
