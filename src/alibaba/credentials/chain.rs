//! The default chain: which provider each of its steps would use, decided without any effect but reading files.
//!
//! The order is that of the official libraries (docs/reference/api.md#credentials). Older names of the variables count
//! after the official ones, each name's family as a whole: an id of one family never meets a secret of another. A
//! profile that was asked for by name is the only thing looked at.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::environment::Environment;
use super::ini::Ini;
use super::profile::{Config, oddity, role_of, sts_endpoint_of};
use super::provider::{Origin, Provider};
use crate::alibaba::Credentials;
use crate::language::{Wording, sentence, word, worded};

/// What the environment may hold keys under: id, secret, token.
const KEY_FAMILIES: [[&str; 3]; 4] = [
    ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"],
    ["ALIBABACLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_SECURITY_TOKEN"],
    ["ALICLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY_SECRET", "ALICLOUD_SECURITY_TOKEN"],
    ["ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY", "ALICLOUD_SECURITY_TOKEN"],
];

const PROFILE: [&str; 3] = ["ALIBABA_CLOUD_PROFILE", "ALIBABACLOUD_PROFILE", "ALICLOUD_PROFILE"];
/// The variables that turn the CLI's configuration off.
const CONFIG_SWITCHES: [&str; 2] = ["ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "ALIBABA_CLOUD_IGNORE_PROFILE"];
const ECS_ROLE: [&str; 2] = ["ALIBABA_CLOUD_ECS_METADATA", "ALICLOUD_ECS_ROLE_NAME"];
const URI: [&str; 2] = ["ALIBABA_CLOUD_CREDENTIALS_URI", "ALICLOUD_CREDENTIALS_URI"];

/// One step of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Keys in the environment.
    Environment,
    /// An OIDC token, named in the environment (RRSA in Kubernetes).
    Oidc,
    /// A profile of the CLI's config.json.
    Config,
    /// A section of the ini file.
    Ini,
    /// The role of the ECS instance.
    EcsMetadata,
    /// An address that answers with credentials.
    CredentialsUri,
}

impl Step {
    /// The official order.
    pub(super) const DEFAULT: [Self; 6] =
        [Self::Environment, Self::Oidc, Self::Config, Self::Ini, Self::EcsMetadata, Self::CredentialsUri];

    /// Where a profile asked for by name is looked for.
    pub(super) const NAMED: [Self; 2] = [Self::Config, Self::Ini];
}

/// What a step would use.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Where it is written, for people.
    pub(super) source: String,
    /// How to get the credentials.
    pub(super) provider: Provider,
    /// Where STS is to be asked, if this says so.
    pub(super) sts_endpoint: Option<String>,
}

/// Why a step is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Skipped {
    /// Nothing is there.
    Absent {
        /// What was looked for.
        reason: Wording,
        /// What there is of that kind, for a suggestion.
        names: Vec<String>,
    },
    /// Something is there and was surely meant to be used: going on would find another identity.
    Faulty {
        /// Where.
        source: String,
        /// Why it cannot be used.
        reason: Wording,
        /// What to do.
        hint: Wording,
    },
    /// Something is there and cannot be used.
    Unusable {
        /// Where.
        source: String,
        /// Why.
        reason: Wording,
    },
}

impl Skipped {
    fn absent(reason: impl Into<Wording>) -> Self {
        Self::Absent { reason: reason.into(), names: Vec::new() }
    }

    fn unusable(source: impl Into<String>, reason: impl Into<Wording>) -> Self {
        Self::Unusable { source: source.into(), reason: reason.into() }
    }
}

/// How a file is read: its text, `None` where there is none, or why it cannot be read.
pub(super) type ReadFile<'r> = &'r dyn Fn(&Path) -> Result<Option<SecretString>, String>;

/// Decides what `step` would use; `profile` is the name that was asked for, if one was.
pub(super) fn resolve(
    step: Step,
    environment: &Environment,
    profile: Option<&str>,
    read: ReadFile<'_>,
) -> Result<Candidate, Skipped> {
    if let Some(name) = environment.illegible().filter(|_| profile.is_none()) {
        return Err(faulty(name, sentence!("is not UTF-8 text"), sentence!("set it anew, or unset it")));
    }
    match step {
        Step::Environment => keys(environment),
        Step::Oidc => oidc(environment),
        Step::Config => config(environment, profile, read),
        Step::Ini => ini(environment, profile, read),
        Step::EcsMetadata => ecs_metadata(environment),
        Step::CredentialsUri => credentials_uri(environment),
    }
}

fn keys(environment: &Environment) -> Result<Candidate, Skipped> {
    let mut half = None;
    for [id, secret, token] in KEY_FAMILIES {
        let (Some(access_key_id), Some(access_key_secret)) = (environment.get(id), environment.get(secret)) else {
            if half.is_none() && (environment.get(id).is_some() || environment.get(secret).is_some()) {
                half = Some(worded!("only one of {id} and {secret} is set", id, secret));
            }
            continue;
        };
        for name in [id, secret, token] {
            if let Some((oddity, hint)) = environment.get(name).and_then(oddity) {
                return Err(faulty(name, oddity, hint));
            }
        }
        let security_token = environment.get(token).map(SecretString::from);
        let mode = if security_token.is_some() { "StsToken" } else { "AK" };
        let keys = Credentials {
            access_key_id: access_key_id.to_owned(),
            access_key_secret: access_key_secret.into(),
            security_token,
            expires_at: None,
        };
        return Ok(Candidate {
            source: format!("environment variables {id} and {secret}"),
            provider: Provider::new(mode, Origin::Keys(keys)),
            sts_endpoint: sts_endpoint_of(environment),
        });
    }
    Err(match half {
        Some(reason) => Skipped::unusable("environment variables", reason),
        None => Skipped::absent(worded!("environment variables: ALIBABA_CLOUD_ACCESS_KEY_ID is not set")),
    })
}

fn faulty(variable: &str, oddity: &'static str, hint: &'static str) -> Skipped {
    Skipped::Faulty {
        source: format!("environment variable {variable}"),
        reason: worded!("it {oddity}", oddity = word(oddity)),
        hint: Wording::new(|| word(hint)),
    }
}

fn oidc(environment: &Environment) -> Result<Candidate, Skipped> {
    const ROLE: &str = "ALIBABA_CLOUD_ROLE_ARN";
    const PROVIDER: &str = "ALIBABA_CLOUD_OIDC_PROVIDER_ARN";
    const TOKEN: &str = "ALIBABA_CLOUD_OIDC_TOKEN_FILE";
    let [role, provider, token] = [ROLE, PROVIDER, TOKEN].map(|name| environment.get(name).ok_or(name));
    let (role, provider, token) = match (role, provider, token) {
        (Ok(role), Ok(provider), Ok(token)) => (role, provider, token),
        (Err(name), _, _) | (_, Err(name), _) | (_, _, Err(name)) => {
            return Err(Skipped::absent(worded!("OIDC token: {name} is not set", name)));
        }
    };
    let origin =
        Origin::Oidc { provider_arn: provider.to_owned(), token_file: token.into(), role: role_of(role, environment) };
    Ok(Candidate {
        source: format!("OIDC token of {TOKEN}"),
        provider: Provider::new("OIDC", origin),
        sts_endpoint: sts_endpoint_of(environment),
    })
}

/// Returns where the CLI's configuration is, unless a switch says not to look.
pub(super) fn config_path(environment: &Environment) -> Option<PathBuf> {
    if CONFIG_SWITCHES.iter().any(|switch| environment.is_on(switch)) {
        return None;
    }
    let named = environment.get("ALICLOUD_SHARED_CREDENTIALS_FILE").map(PathBuf::from);
    named.or_else(|| environment.in_home(".aliyun/config.json"))
}

/// Returns the profile that was asked for, or that the environment names.
pub(super) fn profile_of<'e>(environment: &'e Environment, named: Option<&'e str>) -> Option<&'e str> {
    named.or_else(|| environment.first(&PROFILE).map(|(_, name)| name))
}

fn config(environment: &Environment, named: Option<&str>, read: ReadFile<'_>) -> Result<Candidate, Skipped> {
    for switch in CONFIG_SWITCHES {
        if environment.is_on(switch) {
            return Err(Skipped::absent(worded!("{place}: {switch} is set", place = "~/.aliyun/config.json", switch)));
        }
    }
    let homeless = || Skipped::absent(worded!("{place}: no home directory is known", place = "~/.aliyun/config.json"));
    let path = config_path(environment).ok_or_else(homeless)?;
    let file = environment.display(&path);
    let text = read(&path)
        .map_err(|reason| Skipped::unusable(&file, reason))?
        .ok_or_else(|| Skipped::absent(worded!("{file} does not exist", file)))?;
    config_in(&file, &text, environment, named)
}

/// Finds the profile in the text of a config.json.
fn config_in(
    file: &str,
    text: &SecretString,
    environment: &Environment,
    named: Option<&str>,
) -> Result<Candidate, Skipped> {
    let config = Config::parse(text.expose_secret()).map_err(|reason| Skipped::unusable(file, reason))?;
    let wanted = named.or_else(|| environment.first(&PROFILE).map(|(_, name)| name));
    let name = wanted
        .or_else(|| config.current.as_deref().filter(|name| !name.is_empty()))
        .ok_or_else(|| Skipped::unusable(file, worded!("it names no current profile")))?;
    let profile = config.find(name).ok_or_else(|| Skipped::Absent {
        reason: worded!("{file} has no profile {name}", file, name),
        names: config.names(),
    })?;
    let source = format!("profile {name} of {file}");
    let candidate = profile.and_then(|profile| {
        let sts_endpoint = profile.chosen_sts_endpoint(environment);
        config.provider(profile, environment).map(|provider| (provider, sts_endpoint))
    });
    match candidate {
        Ok((provider, sts_endpoint)) => Ok(Candidate { source, provider, sts_endpoint }),
        Err(reason) => Err(Skipped::unusable(source, reason)),
    }
}

fn ini(environment: &Environment, named: Option<&str>, read: ReadFile<'_>) -> Result<Candidate, Skipped> {
    let (path, text) = read_ini(environment, read)?;
    let file = environment.display(&path);
    // Terraform's provider reads config.json under the variable that the libraries read ini under.
    if text.expose_secret().trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).starts_with('{') {
        return config_in(&file, &text, environment, named);
    }
    let ini = Ini::parse(text.expose_secret()).map_err(|reason| Skipped::unusable(&file, reason))?;

    let name = named.or_else(|| environment.first(&PROFILE).map(|(_, name)| name)).unwrap_or("default");
    let section = ini.profile(name).ok_or_else(|| Skipped::Absent {
        reason: worded!("{file} has no section {name}", file, name),
        names: ini.names(),
    })?;
    let source = format!("section {name} of {file}");
    let candidate = section.and_then(|profile| {
        let sts_endpoint = profile.chosen_sts_endpoint(environment);
        Config::default().provider(&profile, environment).map(|provider| (provider, sts_endpoint))
    });
    match candidate {
        Ok((provider, sts_endpoint)) => Ok(Candidate { source, provider, sts_endpoint }),
        Err(reason) => Err(Skipped::unusable(source, reason)),
    }
}

/// The libraries disagree on the default name (docs/reference/api.md#credentials): the first of the two that exists is
/// read.
fn read_ini(environment: &Environment, read: ReadFile<'_>) -> Result<(PathBuf, SecretString), Skipped> {
    let named = environment.get("ALIBABA_CLOUD_CREDENTIALS_FILE").map(PathBuf::from);
    let paths: Vec<PathBuf> = match named {
        Some(path) => vec![path],
        None => [".alibabacloud/credentials", ".alibabacloud/credentials.ini"]
            .iter()
            .filter_map(|name| environment.in_home(name))
            .collect(),
    };
    for path in &paths {
        if let Some(text) = read(path).map_err(|reason| Skipped::unusable(environment.display(path), reason))? {
            return Ok((path.clone(), text));
        }
    }
    Err(Skipped::absent(match paths.first() {
        Some(path) => worded!("{file} does not exist", file = environment.display(path)),
        None => worded!("{place}: no home directory is known", place = "~/.alibabacloud/credentials"),
    }))
}

fn ecs_metadata(environment: &Environment) -> Result<Candidate, Skipped> {
    const DISABLED: &str = "ALIBABA_CLOUD_ECS_METADATA_DISABLED";
    if environment.is_on(DISABLED) {
        return Err(Skipped::absent(worded!("{place}: {switch} is set", place = "ECS metadata", switch = DISABLED)));
    }
    let name = environment.first(&ECS_ROLE).map(|(_, name)| name.to_owned());
    Ok(Candidate {
        source: "role of this ECS instance".to_owned(),
        provider: Provider::new("EcsRamRole", Origin::EcsRole { name }),
        sts_endpoint: sts_endpoint_of(environment),
    })
}

fn credentials_uri(environment: &Environment) -> Result<Candidate, Skipped> {
    let (name, uri) = environment
        .first(&URI)
        .ok_or_else(|| Skipped::absent(worded!("credentials URI: ALIBABA_CLOUD_CREDENTIALS_URI is not set")))?;
    Ok(Candidate {
        source: format!("address in {name}"),
        provider: Provider::new("CredentialsURI", Origin::Uri(uri.into())),
        sts_endpoint: sts_endpoint_of(environment),
    })
}

#[cfg(test)]
mod tests;
