//! Carries a provider out: gets the first keys, then assumes its roles one after the other.

use std::path::Path;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::Settings;
use super::external;
use super::file::{self, Privacy};
use super::metadata::{MetadataService, from_uri};
use super::profile::Config;
use super::provider::{Origin, Provider, Role, renewed_by};
use super::sts::Sts;
use crate::alibaba::{Credentials, Proxy};
use crate::language::{Wording, worded};

/// Why a provider gives nothing, and what mends it where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unfetched {
    /// Why, in words that finish a sentence about where it stands.
    pub(super) reason: Wording,
    /// What to do.
    pub(super) hint: Option<Wording>,
}

impl From<String> for Unfetched {
    fn from(reason: String) -> Self {
        Self { reason: reason.into(), hint: None }
    }
}

impl Unfetched {
    /// Says that keys which are written down have ended.
    fn expired(provider: &Provider, end: Timestamp) -> Self {
        match &provider.login {
            Some(profile) => {
                let reason = worded!("the keys of its login expired at {end}", end);
                Self { reason, hint: Some(renewed_by(profile)) }
            }
            None => Self { reason: worded!("its keys expired at {end}: log in again", end), hint: None },
        }
    }
}

/// Gets the credentials that a provider gives at `now`.
pub(super) async fn fetch(provider: &Provider, settings: &Settings, now: Timestamp) -> Result<Credentials, Unfetched> {
    let keys = match &provider.origin {
        Origin::Keys(keys) => match keys.expires_at {
            Some(end) if end <= now => return Err(Unfetched::expired(provider, end)),
            _ => keys.clone(),
        },
        Origin::Oidc { provider_arn, token_file, role } => {
            let token = oidc_token(token_file, settings)?;
            sts(settings, now).assume_role_with_oidc(provider_arn, &token, role).await?
        }
        Origin::EcsRole { name } => from_metadata(name.as_deref(), settings).await?,
        Origin::Uri(uri) => {
            let proxy = Proxy::of(&settings.environment);
            let answer = from_uri(uri.expose_secret(), proxy.as_ref()).await;
            answer.map_err(|reason| format!("credentials address: {reason}"))?
        }
        Origin::External(command) => {
            let printed = printed_provider(command.expose_secret(), settings).await?;
            Box::pin(fetch(&printed, settings, now)).await?
        }
    };
    Ok(assume(keys, &provider.roles, settings, now).await?)
}

/// Assumes roles, each with the keys of the one before.
pub(super) async fn assume(
    mut keys: Credentials,
    roles: &[Role],
    settings: &Settings,
    now: Timestamp,
) -> Result<Credentials, String> {
    for role in roles {
        keys = sts(settings, now).assume_role(&keys, role).await?;
    }
    Ok(keys)
}

fn sts(settings: &Settings, now: Timestamp) -> Sts<'_> {
    Sts { endpoint: settings.sts_endpoint.as_deref(), proxy: Proxy::of(&settings.environment), now }
}

fn oidc_token(path: &Path, settings: &Settings) -> Result<SecretString, String> {
    file::read(path, Privacy::Mounted)
        .and_then(|token| token.ok_or_else(|| "it does not exist".to_owned()))
        .map_err(|reason| format!("OIDC token file {}: {reason}", settings.environment.display(path)))
}

async fn from_metadata(role: Option<&str>, settings: &Settings) -> Result<Credentials, String> {
    let environment = &settings.environment;
    if environment.is_on("ALIBABA_CLOUD_ECS_METADATA_DISABLED") {
        return Err("ALIBABA_CLOUD_ECS_METADATA_DISABLED forbids asking the metadata service".to_owned());
    }
    let service = MetadataService {
        endpoint: settings.metadata_endpoint.as_deref(),
        token_required: environment.is_on("ALIBABA_CLOUD_IMDSV1_DISABLED"),
    };
    service.credentials(role).await.map_err(|reason| format!("ECS metadata service: {reason}"))
}

async fn printed_provider(command: &str, settings: &Settings) -> Result<Provider, String> {
    let profile = external::run(command, &settings.environment).await?;
    let provider = Config::default()
        .provider(&profile, &settings.environment)
        .map_err(|reason| format!("the printed profile cannot be used: {reason}"))?;
    match provider.origin {
        Origin::External(_) => Err("the external command printed another external command".to_owned()),
        _ => Ok(provider),
    }
}
