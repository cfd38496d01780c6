//! `~/.aliyun/config.json`: its profiles, and the provider that each mode means.
//!
//! Keys and modes are those of the vendor's CLI (docs/reference/api.md#modes). Modes match in any case, as they do
//! there. An error never quotes the file: the piece it would quote may be a secret.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::environment::Environment;
use super::provider::{Origin, Provider, Role};
use crate::alibaba::Credentials;
use crate::language::sentence;

/// The name that our calls carry in the audit trail where the profile gives none.
const SESSION_NAME: &str = "rictl";

/// The mode of a profile that assumes a role with another profile's credentials.
const CHAINED: &str = "ChainableRamRoleArn";

/// What STS gives where nothing else is asked, in seconds.
const DEFAULT_DURATION: u64 = 3600;

/// The least that STS gives, in seconds.
const MIN_DURATION: u64 = 900;

/// The file.
#[derive(Default)]
pub(super) struct Config {
    pub(super) current: Option<String>,
    profiles: Vec<Entry>,
}

/// One entry of the file's list: its name, and the profile or what is wrong with it.
struct Entry {
    name: Option<String>,
    profile: Result<Profile, String>,
}

/// The file as it stands: the entries are read one by one, so that one that is badly typed spoils no other.
#[derive(Deserialize)]
struct Document<'t> {
    #[serde(default)]
    current: Option<String>,
    #[serde(borrow, default)]
    profiles: Vec<&'t RawValue>,
}

/// Walks through a text from entry to entry, so that no part of it is counted twice.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
    /// Lines that ended before there.
    lines: usize,
    /// Bytes of its line before there.
    columns: usize,
}

impl<'t> Cursor<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, at: 0, lines: 0, columns: 0 }
    }

    /// Goes on to where `part` of the text begins.
    fn go_to(&mut self, part: &str) {
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let between = self.text.as_bytes().get(self.at..start).unwrap_or_default();
        match between.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => {
                self.lines += between.iter().filter(|byte| **byte == b'\n').count();
                self.columns = between.len() - end - 1;
            }
            None => self.columns += between.len(),
        }
        self.at = start.max(self.at);
    }
}

impl Entry {
    /// Reads an entry, which is a part of the text behind all before it.
    fn of(raw: &RawValue, cursor: &mut Cursor<'_>) -> Self {
        #[derive(Deserialize)]
        struct Named {
            name: Option<String>,
        }
        let name = serde_json::from_str(raw.get()).ok().and_then(|Named { name }| name);
        cursor.go_to(raw.get());
        let profile = serde_json::from_str(raw.get()).map_err(|error| {
            let column = error.column() + if error.line() == 1 { cursor.columns } else { 0 };
            misplaced(cursor.lines + error.line(), column)
        });
        Self { name, profile }
    }
}

/// One profile, as the file, an ini section or an external command gives it. Empty text counts as absent.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Profile {
    pub(super) name: Option<String>,
    pub(super) mode: Option<String>,
    pub(super) access_key_id: Option<String>,
    pub(super) access_key_secret: Option<SecretString>,
    pub(super) sts_token: Option<SecretString>,
    /// Seconds since 1970, where the CLI caches the result of a login.
    pub(super) sts_expiration: Option<i64>,
    /// RFC 3339, where an external command says until when its keys are good.
    pub(super) expiration: Option<String>,
    pub(super) region_id: Option<String>,
    /// Where the vendor's CLI sends its calls instead of to the product's own host.
    pub(super) endpoint: Option<String>,
    pub(super) sts_region: Option<String>,
    pub(super) sts_endpoint: Option<String>,
    pub(super) enable_vpc: Option<bool>,
    pub(super) ram_role_name: Option<String>,
    pub(super) ram_role_arn: Option<String>,
    pub(super) ram_session_name: Option<String>,
    pub(super) role_session_name: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) policy: Option<String>,
    pub(super) expired_seconds: Option<u64>,
    pub(super) source_profile: Option<String>,
    pub(super) process_command: Option<String>,
    pub(super) credentials_uri: Option<String>,
    pub(super) oidc_provider_arn: Option<String>,
    pub(super) oidc_token_file: Option<String>,
}

impl Config {
    /// Reads the file's text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}');
        let document: Document<'_> = serde_json::from_str(text).map_err(|error| place(&error))?;
        let mut cursor = Cursor::new(text);
        let profiles = document.profiles.into_iter().map(|raw| Entry::of(raw, &mut cursor)).collect();
        Ok(Self { current: document.current, profiles })
    }

    /// Returns the first profile of that name, as the CLI does, or what is wrong with it; a broken entry whose name cannot be
    /// read may be the one.
    pub(super) fn find(&self, name: &str) -> Option<Result<&Profile, String>> {
        let named = self.profiles.iter().find(|entry| entry.name.as_deref() == Some(name));
        let nameless = || self.profiles.iter().find(|entry| entry.name.is_none() && entry.profile.is_err());
        let entry = named.or_else(nameless)?;
        Some(entry.profile.as_ref().map_err(Clone::clone))
    }

    /// Returns the names of all profiles.
    pub(super) fn names(&self) -> Vec<String> {
        self.profiles.iter().filter_map(|entry| entry.name.clone()).collect()
    }

    /// Returns the provider that a profile means, the profiles that it builds on included.
    pub(super) fn provider(&self, profile: &Profile, environment: &Environment) -> Result<Provider, String> {
        let mut path: Vec<&str> = Vec::new();
        let mut roles = Vec::new();
        let mut base = profile;
        while base.mode.as_deref().is_some_and(|mode| mode.eq_ignore_ascii_case(CHAINED)) {
            roles.push(base.role(environment).map_err(|reason| below(&path, base, reason))?);
            let source = need(&base.source_profile, "source_profile").map_err(|reason| below(&path, base, reason))?;
            path.push(base.name.as_deref().unwrap_or_default());
            if path.contains(&source.as_str()) {
                return Err(format!("its source_profile goes round in a loop: {} -> {source}", path.join(" -> ")));
            }
            base = self
                .find(&source)
                .ok_or_else(|| format!("its source_profile {source} does not exist"))?
                .map_err(|reason| format!("its source_profile {source}: {reason}"))?;
        }
        let mut provider = base.provider(environment).map_err(|reason| below(&path, base, reason))?;
        if !roles.is_empty() {
            provider.mode = CHAINED;
            provider.roles.extend(roles.into_iter().rev());
        }
        Ok(provider)
    }
}

/// Says in which profile the trouble is, where it is not in the one that was asked for.
fn below(path: &[&str], profile: &Profile, reason: String) -> String {
    match (path, &profile.name) {
        ([_, ..], Some(name)) => format!("its source_profile {name}: {reason}"),
        _ => reason,
    }
}

impl Profile {
    /// Reads the JSON of one profile, as an external command prints it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| place(&error))
    }

    fn provider(&self, environment: &Environment) -> Result<Provider, String> {
        let mode = present(&self.mode).ok_or("it has no mode")?;
        match mode.to_ascii_lowercase().as_str() {
            "ak" => Ok(Provider::new("AK", Origin::Keys(self.keys()?))),
            "ststoken" => Ok(Provider::new("StsToken", Origin::Keys(self.temporary_keys()?))),
            "cloudsso" => self.cached_login("CloudSSO"),
            "oauth" => self.cached_login("OAuth"),
            "ramrolearn" => {
                let keys = if self.has_token() { self.temporary_keys()? } else { self.keys()? };
                Ok(Provider::new("AK", Origin::Keys(keys)).assuming("RamRoleArn", self.role(environment)?))
            }
            "ecsramrole" => Ok(self.metadata()),
            "ramrolearnwithrolename" => Ok(self.metadata().assuming("RamRoleArnWithRoleName", self.role(environment)?)),
            "oidc" => Ok(Provider::new("OIDC", self.oidc(environment)?)),
            "credentialsuri" => {
                let uri = present(&self.credentials_uri)
                    .or_else(|| environment.get("ALIBABA_CLOUD_CREDENTIALS_URI"))
                    .ok_or("credentials_uri is missing")?;
                Ok(Provider::new("CredentialsURI", Origin::Uri(uri.into())))
            }
            "external" => {
                let command = need(&self.process_command, "process_command")?;
                Ok(Provider::new("External", Origin::External(command.into())))
            }
            "rsakeypair" | "bearertoken" | "anonymous" => Err(format!("its mode {mode} cannot sign these calls")),
            _ => Err(format!("its mode {mode} is not known")),
        }
    }

    fn has_token(&self) -> bool {
        self.sts_token.as_ref().is_some_and(|token| !token.expose_secret().is_empty())
    }

    fn keys(&self) -> Result<Credentials, String> {
        let expires_at = match (present(&self.expiration), self.sts_expiration) {
            (Some(text), _) => Some(text.parse().map_err(|_| "expiration is not an RFC 3339 time")?),
            (None, Some(seconds)) if seconds > 0 => Some(
                jiff::Timestamp::from_second(seconds).map_err(|_| "sts_expiration is not a time in Unix seconds")?,
            ),
            _ => None,
        };
        let odd = |value: Option<&str>, key| match value.and_then(oddity) {
            Some((oddity, _)) => Err(format!("{key} {oddity}")),
            None => Ok(()),
        };
        odd(self.access_key_id.as_deref(), "access_key_id")?;
        odd(self.access_key_secret.as_ref().map(|secret| secret.expose_secret()), "access_key_secret")?;
        odd(self.sts_token.as_ref().map(|secret| secret.expose_secret()), "sts_token")?;
        Ok(Credentials {
            access_key_id: need(&self.access_key_id, "access_key_id")?,
            access_key_secret: need_secret(&self.access_key_secret, "access_key_secret")?,
            security_token: None,
            expires_at,
        })
    }

    fn temporary_keys(&self) -> Result<Credentials, String> {
        Ok(Credentials { security_token: Some(need_secret(&self.sts_token, "sts_token")?), ..self.keys()? })
    }

    /// The CLI keeps the keys of its last login in the profile; logging in again takes a person and a browser.
    fn cached_login(&self, mode: &'static str) -> Result<Provider, String> {
        let keys = self
            .temporary_keys()
            .map_err(|reason| format!("it holds no login ({reason}): log in with the aliyun CLI first"))?;
        if keys.expires_at.is_none() {
            return Err("its login has no sts_expiration: log in again with the aliyun CLI".to_owned());
        }
        Ok(Provider { login: self.name.clone(), ..Provider::new(mode, Origin::Keys(keys)) })
    }

    fn metadata(&self) -> Provider {
        Provider::new("EcsRamRole", Origin::EcsRole { name: present(&self.ram_role_name).map(str::to_owned) })
    }

    fn oidc(&self, environment: &Environment) -> Result<Origin, String> {
        Ok(Origin::Oidc {
            provider_arn: need(&self.oidc_provider_arn, "oidc_provider_arn")?,
            token_file: need(&self.oidc_token_file, "oidc_token_file")?.into(),
            role: self.role(environment)?,
        })
    }

    fn role(&self, environment: &Environment) -> Result<Role, String> {
        let arn = need(&self.ram_role_arn, "ram_role_arn")?;
        match self.expired_seconds {
            None | Some(0) => Ok(self.role_for(&arn, DEFAULT_DURATION, environment)),
            Some(seconds) if seconds >= MIN_DURATION => Ok(self.role_for(&arn, seconds, environment)),
            Some(seconds) => Err(format!("expired_seconds is {seconds}, and the least is {MIN_DURATION}")),
        }
    }

    fn role_for(&self, arn: &str, duration_seconds: u64, environment: &Environment) -> Role {
        let session_name = present(&self.ram_session_name)
            .or_else(|| present(&self.role_session_name))
            .or_else(|| environment.get("ALIBABA_CLOUD_ROLE_SESSION_NAME"))
            .unwrap_or(SESSION_NAME);
        Role {
            arn: arn.to_owned(),
            session_name: session_name.to_owned(),
            duration_seconds,
            policy: present(&self.policy).map(str::to_owned),
            external_id: present(&self.external_id).map(str::to_owned),
            sts_endpoint: self.chosen_sts_endpoint(environment).unwrap_or_else(|| "sts.aliyuncs.com".to_owned()),
        }
    }

    /// Explicit, else regional (docs/reference/api.md#endpoints); `None` where neither the profile nor the environment chooses.
    pub(super) fn chosen_sts_endpoint(&self, environment: &Environment) -> Option<String> {
        if let Some(endpoint) = present(&self.sts_endpoint).or_else(|| environment.get("ALIBABA_CLOUD_STS_ENDPOINT")) {
            return Some(endpoint.to_owned());
        }
        let vpc = self.enable_vpc.unwrap_or_else(|| environment.is_on("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED"));
        let region = present(&self.sts_region).or_else(|| environment.get("ALIBABA_CLOUD_STS_REGION"))?;
        Some(format!("{}.{region}.aliyuncs.com", if vpc { "sts-vpc" } else { "sts" }))
    }
}

/// Returns where the environment alone has STS asked, if it says so.
pub(super) fn sts_endpoint_of(environment: &Environment) -> Option<String> {
    Profile::default().chosen_sts_endpoint(environment)
}

/// Returns what a key, a secret or a token holds that none has, in words that finish a sentence: line ends and blanks
/// come along when keys are copied or read from a file, and quotes where a file of variables is read by no shell. With it
/// comes what to do.
pub(super) fn oddity(value: &str) -> Option<(&'static str, &'static str)> {
    const QUOTES: [char; 8] = ['"', '\'', '`', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}', '\u{ff02}'];
    let is_odd = |letter: char| !letter.is_ascii_graphic();
    let without = sentence!("set it without, for example from the output of `tr -d '[:space:]'`, or unset it");
    if value.ends_with(['\n', '\r']) {
        Some((sentence!("ends in a line end"), without))
    } else if value.starts_with(QUOTES) && value.ends_with(QUOTES) {
        let hint = sentence!(
            "set it without them: what reads a file of variables, such as `docker --env-file`, may keep them"
        );
        Some((sentence!("stands in quotes, which are part of the value"), hint))
    } else if value.starts_with(is_odd) || value.ends_with(is_odd) {
        Some((sentence!("begins or ends with a blank or another character that no key has"), without))
    } else if value.contains(is_odd) {
        Some((sentence!("holds a blank or another character that no key has"), without))
    } else {
        None
    }
}

/// Returns a role that the spec or the environment names by its ARN, all else at its default.
pub(super) fn role_of(arn: &str, environment: &Environment) -> Role {
    Profile::default().role_for(arn, DEFAULT_DURATION, environment)
}

fn present(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

fn need(text: &Option<String>, key: &str) -> Result<String, String> {
    present(text).map(str::to_owned).ok_or_else(|| format!("{key} is missing"))
}

fn need_secret(secret: &Option<SecretString>, key: &str) -> Result<SecretString, String> {
    secret
        .as_ref()
        .filter(|secret| !secret.expose_secret().is_empty())
        .cloned()
        .ok_or_else(|| format!("{key} is missing"))
}

/// Says where the JSON is wrong; serde's own message would quote what stands there.
fn place(error: &serde_json::Error) -> String {
    misplaced(error.line(), error.column())
}

fn misplaced(line: usize, column: usize) -> String {
    format!("line {line} column {column} is not what belongs there")
}
