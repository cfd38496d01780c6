//! Where calls go and whose keys sign them: what the command line, the environment and the profile choose.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::alibaba::credentials::{self, AccountSource, Chain, Environment, endpoint_of_profile};
use crate::alibaba::{Endpoint, Network, Proxy, Settings, Timeouts};
use crate::clock::Clock;
use crate::language::worded;
use crate::ops::failure::{Exit, Refusal};
use crate::ops::trust::Trust;
use crate::retry::Quota;
use crate::spec::{CloudSettings, SignatureVersion};

/// How the cloud is to be reached, apart from what the spec says.
#[derive(Clone, Debug)]
pub struct Access {
    /// The environment, read once.
    pub environment: Environment,
    /// `--endpoint`.
    pub endpoint: Option<String>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--signature`.
    pub signature: Option<SignatureVersion>,
    /// `--request-timeout`.
    pub request_timeout: Duration,
    /// `--quota`.
    pub quota: Quota,
    /// `--lock-dir`.
    pub lock_dir: Option<PathBuf>,
    /// What the spec may choose.
    pub trust: Trust,
}

/// What is asked instead of services' own hosts.
pub(super) struct Replaced {
    /// Instead of every one.
    pub(super) all: Option<Endpoint>,
    /// Instead of that of router interfaces, where nothing replaces all.
    pub(super) vpc: Option<Endpoint>,
}

impl Replaced {
    /// `--endpoint`, else what the vendor's CLI goes by: `ALIBABA_CLOUD_ENDPOINT`, else the profile's `endpoint`. Those are of router
    /// interfaces; one on this machine serves all, so that nothing leaves it.
    pub(super) fn of(settings: &CloudSettings, access: &Access) -> Result<Self> {
        const VARIABLE: &str = "ALIBABA_CLOUD_ENDPOINT";
        if let Some(endpoint) = &access.endpoint {
            return Ok(Self { all: Some(parse_endpoint(endpoint)?), vpc: None });
        }
        let in_variable = access.environment.get(VARIABLE).map(|text| (VARIABLE.into(), text.to_owned()));
        let in_profile = || {
            let text = endpoint_of_profile(&access.environment, profile(settings, access).as_deref())?;
            Some((worded!("the profile's `endpoint`"), text))
        };
        let Some((place, text)) = in_variable.or_else(in_profile) else { return Ok(Self { all: None, vpc: None }) };
        let endpoint: Endpoint = text.parse().with_context(|| worded!("{place} cannot be used", place))?;
        match endpoint.loopback() {
            Some(_) => Ok(Self { all: Some(endpoint), vpc: None }),
            None if endpoint.is_plain_http() => {
                let refusal = Refusal::new(Exit::Error, worded!("{place} cannot be used: it is plain http", place));
                Err(refusal
                    .hint(worded!("plain http is for an emulator on this machine; write a host, or https://"))
                    .into())
            }
            None => Ok(Self { all: None, vpc: Some(endpoint) }),
        }
    }
}

/// Returns the profile that was asked for by name.
fn profile(settings: &CloudSettings, access: &Access) -> Option<String> {
    access.profile.clone().or_else(|| settings.profile.as_ref().map(|profile| profile.value.clone()))
}

/// Makes the standard chain of credentials for a spec.
pub(super) fn chain(settings: &CloudSettings, access: &Access, replaced: &Replaced, clock: Clock) -> Chain {
    let profile = profile(settings, access);
    let accounts = settings
        .accounts
        .iter()
        .map(|(name, account)| {
            let source = AccountSource {
                profile: account.profile.as_ref().map(|profile| profile.value.clone()),
                role_arn: account.role_arn.as_ref().map(|role| role.value.clone()),
            };
            (name.clone(), source)
        })
        .collect();
    let settings = credentials::Settings {
        environment: access.environment.clone(),
        profile,
        accounts,
        sts_endpoint: replaced.all.as_ref().map(ToString::to_string),
        metadata_endpoint: None,
    };
    Chain::new(settings, clock)
}

/// Returns how the API is reached.
pub(super) fn client_settings(settings: &CloudSettings, access: &Access, replaced: Replaced) -> Result<Settings> {
    let is_inside = access.environment.get("ALIBABA_CLOUD_ENDPOINT_TYPE").is_some_and(|kind| kind == "vpc");
    Ok(Settings {
        endpoint: replaced.all,
        vpc: replaced.vpc,
        sts: sts_endpoint(&access.environment)?,
        network: if is_inside { Network::Vpc } else { Network::Public },
        region: settings.region.as_ref().map(|region| region.value.clone()),
        signature: access
            .signature
            .or(settings.signature.as_ref().map(|signature| signature.value))
            .unwrap_or(SignatureVersion::V3),
        timeouts: Timeouts::within(access.request_timeout),
        proxy: Proxy::of(&access.environment),
    })
}

/// Where STS answers instead of at its own host, as the official libraries take it: a host, or an https URL.
fn sts_endpoint(environment: &Environment) -> Result<Option<Endpoint>> {
    const VARIABLE: &str = "ALIBABA_CLOUD_STS_ENDPOINT";
    let Some(host) = environment.get(VARIABLE) else { return Ok(None) };
    let url = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
    if !url.starts_with("https://") {
        let summary = worded!("{variable} must be a host or an https:// URL", variable = VARIABLE);
        return Err(Refusal::new(Exit::Error, summary).into());
    }
    url.parse().map(Some).with_context(|| worded!("{place} cannot be used", place = VARIABLE))
}

/// Reads `--endpoint`.
pub(super) fn parse_endpoint(text: &str) -> Result<Endpoint> {
    text.parse().with_context(|| worded!("{place} cannot be used", place = "--endpoint"))
}
