//! A user's home in a temporary directory, and a chain that lives in it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rictl::alibaba::credentials::{AccountSource, Chain, Environment, Settings};
use rictl::clock::Clock;
use rictl::resource::AccountName;
use tempfile::TempDir;

use super::fake::Fake;

/// When every test begins.
pub(crate) const NOW: &str = "2026-05-01T00:00:00Z";

pub(crate) struct Home {
    directory: TempDir,
    variables: Vec<(String, String)>,
    pub(crate) settings: Settings,
}

impl Home {
    /// A home without files, on a machine without a metadata service.
    pub(crate) fn new() -> Self {
        let home = Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
            variables: Vec::new(),
            settings: Settings::default(),
        };
        home.variable("PATH", "/usr/bin:/bin").variable("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn keys(self, id: &str) -> Self {
        self.variable("ALIBABA_CLOUD_ACCESS_KEY_ID", id)
            .variable("ALIBABA_CLOUD_ACCESS_KEY_SECRET", &format!("secret-of-{id}"))
    }

    /// Writes `~/.aliyun/config.json` with these profiles, the first of them current.
    pub(crate) fn profiles(self, profiles: &[serde_json::Value]) -> Self {
        let config = serde_json::json!({"current": profiles[0]["name"], "profiles": profiles});
        self.write(".aliyun/config.json", &config.to_string());
        self
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        self.write(name, text);
        self
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file has a parent")).expect("a directory can be made");
        std::fs::write(&path, text).expect("a file can be written");
        let mode = if text.starts_with("#!") { 0o700 } else { 0o600 };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode can be set");
        path
    }

    pub(crate) fn sts(mut self, fake: &Fake) -> Self {
        self.settings.sts_endpoint = Some(fake.url.clone());
        self
    }

    pub(crate) fn metadata(mut self, fake: &Fake) -> Self {
        self.settings.metadata_endpoint = Some(fake.url.clone());
        self.variables.retain(|(name, _)| name != "ALIBABA_CLOUD_ECS_METADATA_DISABLED");
        self
    }

    pub(crate) fn profile(mut self, name: &str) -> Self {
        self.settings.profile = Some(name.to_owned());
        self
    }

    pub(crate) fn account(mut self, name: &str, profile: Option<&str>, role_arn: Option<&str>) -> Self {
        let source = AccountSource { profile: profile.map(str::to_owned), role_arn: role_arn.map(str::to_owned) };
        self.settings.accounts.insert(AccountName::from(name), source);
        self
    }

    pub(crate) fn settings(&self) -> Settings {
        let environment = Environment::new(self.variables.clone(), Some(self.path().to_owned()));
        Settings { environment, ..self.settings.clone() }
    }

    pub(crate) fn chain(&self) -> Chain {
        let now: Timestamp = NOW.parse().expect("a time");
        Chain::new(self.settings(), Clock::starting_at(now))
    }
}

/// A profile of mode AK.
pub(crate) fn ak(name: &str, id: &str) -> serde_json::Value {
    serde_json::json!({"name": name, "mode": "AK", "access_key_id": id, "access_key_secret": format!("secret-of-{id}")})
}

/// A profile that assumes a role with keys of its own.
pub(crate) fn role(name: &str, id: &str, role: &str) -> serde_json::Value {
    let mut profile = ak(name, id);
    profile["mode"] = "RamRoleArn".into();
    profile["ram_role_arn"] = arn(role).into();
    profile
}

/// A login that the CLI cached.
pub(crate) fn login(name: &str, id: &str, expires: &str) -> serde_json::Value {
    let expires: Timestamp = expires.parse().expect("a time");
    serde_json::json!({
        "name": name, "mode": "CloudSSO", "access_key_id": id, "access_key_secret": format!("secret-of-{id}"),
        "sts_token": format!("token-of-{id}"), "sts_expiration": expires.as_second(),
    })
}

pub(crate) fn arn(role: &str) -> String {
    format!("acs:ram::1234567890123456:role/{role}")
}

pub(crate) fn default() -> AccountName {
    AccountName::default_account()
}
