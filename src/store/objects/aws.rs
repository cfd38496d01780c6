//! The variables and files that AWS's own tools read: keys, region and endpoint of S3.
//!
//! `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, unless a profile is named; else the profile
//! (`AWS_PROFILE`, else `default`) of `~/.aws/credentials` and `~/.aws/config`. What needs a service to be asked (roles, single sign-on,
//! the metadata of an instance) or a program to be run is not done here: their keys can be exported. The environment comes
//! in as a value; files are read anew when keys have expired.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

use super::keys::{KeySource, Keys, KeysLater, NoKeys};
use crate::store::named::{self, Links};

/// More than any file of profiles has.
const FILE_BYTES: usize = 1 << 20;

/// The variables that matter here. Its `Debug` shows names, never values.
#[derive(Clone, Default)]
pub struct AwsEnvironment {
    variables: BTreeMap<String, SecretString>,
    home: Option<PathBuf>,
}

impl fmt::Debug for AwsEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

type Section = BTreeMap<String, SecretString>;

impl AwsEnvironment {
    /// Keeps of `variables` those of AWS; `home` is the user's home directory.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>, home: Option<PathBuf>) -> Self {
        let ours = variables.into_iter().filter(|(name, value)| name.starts_with("AWS_") && !value.is_empty());
        Self { variables: ours.map(|(name, value)| (name, SecretString::from(value))).collect(), home }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.expose_secret())
    }

    /// Returns the endpoint that is named in the place of S3's own, with the name of its variable.
    pub fn endpoint(&self) -> Option<(&'static str, &str)> {
        let named = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
        named.into_iter().find_map(|name| self.get(name).map(|value| (name, value)))
    }

    /// Returns the region: of the variables, else of the profile.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn region(&self) -> Result<Option<String>, NoKeys> {
        if let Some(region) = self.get("AWS_REGION").or_else(|| self.get("AWS_DEFAULT_REGION")) {
            return Ok(Some(region.to_owned()));
        }
        let profile = self.profile()?;
        Ok(profile.get("region").map(|region| region.expose_secret().to_owned()))
    }

    /// Finds keys.
    fn find(&self) -> Result<Keys, NoKeys> {
        if let (None, Some(id)) = (self.get("AWS_PROFILE"), self.get("AWS_ACCESS_KEY_ID")) {
            let Some(secret) = self.variables.get("AWS_SECRET_ACCESS_KEY").cloned() else {
                return Err(none("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not"));
            };
            return Ok(Keys { id: id.to_owned(), secret, token: self.variables.get("AWS_SESSION_TOKEN").cloned() });
        }
        let name = self.profile_name();
        let mut profile = self.profile()?;
        match (profile.remove("aws_access_key_id"), profile.remove("aws_secret_access_key")) {
            (Some(id), Some(secret)) => {
                let token = profile.remove("aws_session_token");
                Ok(Keys { id: id.expose_secret().to_owned(), secret, token })
            }
            _ => Err(match ELSEWHERE.iter().find(|key| profile.contains_key(**key)) {
                Some(key) => NoKeys {
                    message: format!("the keys of AWS profile {name} come from {key}, which rictl does not ask"),
                    hint: Some(format!(
                        "run `eval \"$(aws configure export-credentials --profile {name} --format env)\"` before, and unset AWS_PROFILE"
                    )),
                },
                None => none(&format!("neither AWS_ACCESS_KEY_ID nor AWS profile {name} gives keys for S3")),
            }),
        }
    }

    fn profile_name(&self) -> &str {
        self.get("AWS_PROFILE").or_else(|| self.get("AWS_DEFAULT_PROFILE")).unwrap_or("default")
    }

    /// Returns what both files say of the profile; what is in the file of credentials counts.
    fn profile(&self) -> Result<Section, NoKeys> {
        let name = self.profile_name();
        let in_config = if name == "default" { vec!["default".to_owned()] } else { vec![format!("profile {name}")] };
        let mut profile = self.section("AWS_CONFIG_FILE", "config", &in_config)?;
        profile.extend(self.section("AWS_SHARED_CREDENTIALS_FILE", "credentials", &[name.to_owned()])?);
        Ok(profile)
    }

    fn section(&self, variable: &str, file: &str, names: &[String]) -> Result<Section, NoKeys> {
        let named = self.get(variable).map(PathBuf::from);
        let Some(path) = named.or_else(|| Some(self.home.as_ref()?.join(".aws").join(file))) else {
            return Ok(Section::new());
        };
        match named::read(&path, Links::Followed, FILE_BYTES) {
            Ok(bytes) => Ok(section_of(&String::from_utf8_lossy(&bytes), names)),
            Err(named::NamedError::Absent) => Ok(Section::new()),
            Err(error) => Err(none(&format!("{} cannot be used: {error}", path.display()))),
        }
    }
}

/// Keys of a profile that say that its credentials are somewhere else.
const ELSEWHERE: [&str; 6] =
    ["role_arn", "sso_session", "sso_start_url", "credential_process", "web_identity_token_file", "login_session"];

impl KeySource for AwsEnvironment {
    fn keys(&self, _: bool) -> KeysLater<'_> {
        Box::pin(async { self.find() })
    }
}

fn none(message: &str) -> NoKeys {
    let hint = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE";
    NoKeys { message: message.to_owned(), hint: Some(hint.to_owned()) }
}

/// Reads the section with one of these names; of a key that stands twice the last counts, as AWS's tools have it. Lines that are
/// indented belong to the key before, and none of those matters here.
fn section_of(text: &str, names: &[String]) -> Section {
    let mut section = Section::new();
    let mut is_ours = false;
    for line in text.trim_start_matches('\u{feff}').lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) || line.starts_with([' ', '\t']) {
            continue;
        }
        if let Some(head) = bare.strip_prefix('[') {
            let head = head.split(']').next().unwrap_or_default();
            let head = head.split_whitespace().collect::<Vec<_>>().join(" ");
            is_ours = names.iter().any(|name| *name == head.replace('"', ""));
        } else if let Some((key, value)) = bare.split_once('=').filter(|_| is_ours) {
            let value = value.split(" #").next().unwrap_or_default().trim();
            section.insert(key.trim().to_ascii_lowercase(), value.into());
        }
    }
    section
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> AwsEnvironment {
        AwsEnvironment::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), None)
    }

    fn shown(found: Result<Keys, NoKeys>) -> (String, String, Option<String>) {
        let keys = found.unwrap();
        (keys.id, keys.secret.expose_secret().to_owned(), keys.token.map(|token| token.expose_secret().to_owned()))
    }

    #[test]
    fn keys_come_from_the_variables_unless_a_profile_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (config, credentials) = (dir.path().join("config"), dir.path().join("credentials"));
        std::fs::write(
            &config,
            "[default]\nregion = eu-west-1\n[profile net]\nregion=cn-north-1 # here\ns3 =\n  max = 1\n[profile sso]\nsso_session = x\n",
        )
        .unwrap();
        std::fs::write(
            &credentials,
            "# keys\n[net]\naws_access_key_id = AKNET\naws_secret_access_key=a=b\naws_session_token = t\n",
        )
        .unwrap();
        let files = [
            ("AWS_CONFIG_FILE", config.to_str().unwrap()),
            ("AWS_SHARED_CREDENTIALS_FILE", credentials.to_str().unwrap()),
            ("AWS_ACCESS_KEY_ID", "AKENV"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ];
        let plain = environment(&files);
        assert_eq!(shown(plain.find()), ("AKENV".into(), "secret".into(), None));
        assert_eq!(plain.region().unwrap().as_deref(), Some("eu-west-1"));
        let net = environment(&[&files[..], &[("AWS_PROFILE", "net")]].concat());
        assert_eq!(shown(net.find()), ("AKNET".into(), "a=b".into(), Some("t".into())));
        assert_eq!(net.region().unwrap().as_deref(), Some("cn-north-1"));
        let sso = environment(&[&files[..], &[("AWS_PROFILE", "sso")]].concat());
        assert!(sso.find().unwrap_err().message.contains("sso_session"));
        assert!(!format!("{net:?}").contains("secret\""), "values are not shown");
    }

    #[test]
    fn the_endpoint_of_s3_goes_before_that_of_all_services() {
        let both = [("AWS_ENDPOINT_URL", "https://a"), ("AWS_ENDPOINT_URL_S3", "https://b")];
        assert_eq!(environment(&both).endpoint(), Some(("AWS_ENDPOINT_URL_S3", "https://b")));
        assert_eq!(environment(&both[..1]).endpoint(), Some(("AWS_ENDPOINT_URL", "https://a")));
        assert_eq!(environment(&[]).endpoint(), None);
    }
}
