//! Where credentials come from: the vendor's default chain, named profiles, roles, and their renewal.
//!
//! `chain` decides, without any effect but reading files, which provider each step of the chain would use; `fetch`
//! carries a provider out. [`Chain`] walks the steps once per account, remembers the one that gave credentials, and
//! renews from that one alone: a run cannot slide into another identity. The environment comes in as a value and
//! nothing is ever written to disk. Facts: docs/reference/api.md#credentials.

mod chain;
mod core_dumps;
mod environment;
mod external;
mod fetch;
mod file;
mod http;
mod ini;
mod issued;
mod metadata;
mod of_profile;
mod profile;
mod provider;
mod sts;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use tokio::sync::Mutex;

use self::chain::{Candidate, Skipped, Step};
use self::fetch::Unfetched;
use self::file::Privacy;
use self::provider::{Origin, Provider, Role, renewed_by};
use crate::alibaba::{CredentialSource, Credentials};
use crate::clock::Clock;
use crate::cloud::{CloudError, Effect, ErrorKind};
use crate::diagnostic::nearest::nearest;
use crate::language::{Wording, say, worded};
use crate::resource::AccountName;

pub use self::core_dumps::forbid_core_dumps;
pub use self::environment::Environment;
pub use self::of_profile::{endpoint_of_profile, region_of_profile};

/// How long before their end credentials are renewed, as long as the official Go library.
const MARGIN: SignedDuration = SignedDuration::from_mins(3);

/// How long to leave a source alone after an early renewal, so that a failing one is not asked at every call.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// What a chain works with.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The environment, read by the caller.
    pub environment: Environment,
    /// The profile that the user asked for (`--profile`, or `cloud.profile` of the spec): nothing else is tried.
    pub profile: Option<String>,
    /// `cloud.accounts` of the spec.
    pub accounts: BTreeMap<AccountName, AccountSource>,
    /// Where STS answers in place of the vendor's hosts (`--endpoint`); plain http only to this machine.
    pub sts_endpoint: Option<String>,
    /// Where the metadata service answers in place of its own address; plain http only to this machine.
    pub metadata_endpoint: Option<String>,
}

/// Whose credentials an account of the spec uses; with neither, those of the default account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountSource {
    /// A profile; without it the default account's credentials are the base.
    pub profile: Option<String>,
    /// A role to assume with them.
    pub role_arn: Option<String>,
}

/// Where an account's credentials come from, without any secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whoami {
    /// Which variable, profile or service, e.g. `profile net-prod of ~/.aliyun/config.json`.
    pub source: String,
    /// The mode, in the words of the vendor's CLI.
    pub mode: String,
    /// The ends of the access key id.
    pub access_key_id_masked: String,
    /// When the credentials end.
    pub expires_at: Option<Timestamp>,
}

/// Gives the credentials of every account of a spec. Tasks may share it: each renewal happens once.
#[derive(Debug)]
pub struct Chain {
    settings: Settings,
    clock: Clock,
    accounts: BTreeMap<AccountName, Account>,
}

/// One account: how to find its credentials, and what came of it.
#[derive(Debug)]
struct Account {
    source: AccountSource,
    /// Counts loads, so that a task that waited for another one's load shares its outcome.
    attempts: AtomicU64,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The last credentials, kept even when they can be renewed no more: they tell where to renew from.
    held: Option<Held>,
    /// Why the last load gave nothing.
    failure: Option<CloudError>,
}

impl Known {
    /// Takes in the outcome of a load and returns what callers get.
    fn settle(&mut self, loaded: Result<Held, CloudError>, renew: bool, now: Timestamp) -> Result<Held, CloudError> {
        let outcome = match (loaded, &self.held) {
            (Ok(new), Some(old)) if renew && same_keys(&old.credentials, &new.credentials) => Err(failure(
                worded!("{source} still gives the credentials that the API no longer accepts", source = new.source),
                new.login.as_deref().map_or_else(|| worded!("renew them where they come from"), renewed_by),
            )),
            (Err(error), Some(old)) if !renew && !old.is_over(now) => {
                let said = worded!("credentials could not be renewed yet: {error}", error);
                tracing::warn!("{said}");
                Ok(old.clone())
            }
            (loaded, _) => loaded,
        };
        self.failure = outcome.as_ref().err().cloned();
        if let Ok(held) = &outcome {
            self.held = Some(held.clone());
        }
        outcome
    }
}

#[derive(Clone, Debug)]
struct Held {
    /// The step to renew from; `None` where the base is the default account's.
    step: Option<Step>,
    source: String,
    mode: &'static str,
    /// The profile whose login they are of.
    login: Option<String>,
    /// Where STS is to be asked about them, if their source says so.
    sts_endpoint: Option<String>,
    credentials: Credentials,
    asked_at: Timestamp,
}

impl Held {
    fn whoami(&self) -> Whoami {
        Whoami {
            source: self.source.clone(),
            mode: self.mode.to_owned(),
            access_key_id_masked: masked(&self.credentials.access_key_id),
            expires_at: self.credentials.expires_at,
        }
    }

    /// Returns whether the credentials have ended at `now`.
    fn is_over(&self, now: Timestamp) -> bool {
        self.credentials.expires_at.is_some_and(|end| end <= now)
    }

    /// Returns whether the credentials should be renewed at `now`.
    fn is_due(&self, now: Timestamp) -> bool {
        let soon = self.credentials.expires_at.is_some_and(|end| end.duration_since(now) <= MARGIN);
        self.is_over(now) || soon && now.duration_since(self.asked_at) >= PAUSE
    }
}

/// Two that could speak for the default account: keys in the environment, which do, and a profile, which does for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identities {
    /// Where the keys come from that are used.
    pub used: String,
    /// The profile that is passed over.
    pub passed_over: String,
}

impl Chain {
    /// Makes a chain; nothing is read or asked before the first credentials are wanted.
    pub fn new(settings: Settings, clock: Clock) -> Self {
        let mut sources = settings.accounts.clone();
        let own = sources.entry(AccountName::default_account()).or_default();
        own.profile = own.profile.take().or_else(|| settings.profile.clone());
        let account = |source| Account { source, attempts: AtomicU64::new(0), known: Mutex::new(Known::default()) };
        let accounts = sources.into_iter().map(|(name, source)| (name, account(source))).collect();
        Self { settings, clock, accounts }
    }

    /// Tells where the credentials of `account` come from, getting them if that has not happened yet.
    pub async fn describe(&self, account: &AccountName) -> Result<Whoami, CloudError> {
        self.obtain(account, false).await.map(|held| held.whoami())
    }

    /// Tells the same of credentials that were got already, and gets none.
    pub async fn known(&self, account: &AccountName) -> Option<Whoami> {
        let own = AccountName::default_account();
        let declared = self.accounts.get(account)?;
        let declared = if declared.source == AccountSource::default() { self.accounts.get(&own)? } else { declared };
        declared.known.lock().await.held.as_ref().map(Held::whoami)
    }

    /// Returns which two could speak for the default account, where nobody chose one by name: the vendor's CLI would use the other.
    pub fn identities(&self) -> Option<Identities> {
        let own = self.accounts.get(&AccountName::default_account())?;
        if own.source != AccountSource::default() {
            return None;
        }
        let read = |path: &Path| file::read(path, Privacy::Mounted);
        let of = |step| chain::resolve(step, &self.settings.environment, None, &read).ok();
        let (used, passed_over) = (of(Step::Environment)?, of(Step::Config)?);
        let keys = |candidate: &Candidate| match &candidate.provider {
            Provider { origin: Origin::Keys(keys), roles, .. } if roles.is_empty() => Some(keys.clone()),
            _ => None,
        };
        let is_one = keys(&used).zip(keys(&passed_over)).is_some_and(|(one, other)| same_keys(&one, &other));
        (!is_one).then_some(Identities { used: used.source, passed_over: passed_over.source })
    }

    async fn obtain(&self, name: &AccountName, renew: bool) -> Result<Held, CloudError> {
        let account = self.accounts.get(name).ok_or_else(|| {
            let message = worded!("account {name} is not one of cloud.accounts", name);
            failure(message, worded!("declare it in the spec"))
        })?;
        if !name.is_default_account() && account.source == AccountSource::default() {
            return Box::pin(self.obtain(&AccountName::default_account(), renew)).await;
        }
        let seen = account.attempts.load(Ordering::Acquire);
        let mut known = account.known.lock().await;
        let waited = account.attempts.load(Ordering::Acquire) != seen;
        if waited && let Some(error) = &known.failure {
            return Err(error.clone());
        }
        let now = self.clock.now();
        let renew = renew && !waited;
        if let Some(held) = known.held.as_mut()
            && !renew
        {
            if !held.is_due(now) {
                return Ok(held.clone());
            }
            held.asked_at = now;
        }
        let loaded = self.load(name, &account.source, known.held.as_ref(), now).await;
        account.attempts.fetch_add(1, Ordering::AcqRel);
        known.settle(loaded, renew, now)
    }

    async fn load(
        &self,
        name: &AccountName,
        source: &AccountSource,
        old: Option<&Held>,
        now: Timestamp,
    ) -> Result<Held, CloudError> {
        if let Err(error) = forbid_core_dumps() {
            tracing::warn!("core dumps of this process could not be forbidden: {error}");
        }
        let mut held = if source.profile.is_none() && !name.is_default_account() {
            let base = Box::pin(self.obtain(&AccountName::default_account(), false)).await?;
            Held { step: None, asked_at: now, ..base }
        } else {
            self.walk(source.profile.as_deref(), old.and_then(|old| old.step), now).await?
        };
        if let Some(arn) = &source.role_arn {
            let role = profile::role_of(arn, &self.settings.environment);
            // Asked where the owner of the keys has STS asked.
            let role = Role { sts_endpoint: held.sts_endpoint.clone().unwrap_or(role.sts_endpoint), ..role };
            held.credentials =
                fetch::assume(held.credentials, &[role], &self.settings, now).await.map_err(|reason| {
                    let message = worded!("account {name}: {reason}", name, reason);
                    failure(message, worded!("check the role and who may assume it"))
                })?;
            held.mode = "RamRoleArn";
            held.source = format!("role {arn}, assumed with {}", held.source);
        }
        Ok(held)
    }

    /// Takes the steps of the chain until one gives credentials; only `chosen`, once one has.
    async fn walk(&self, named: Option<&str>, chosen: Option<Step>, now: Timestamp) -> Result<Held, CloudError> {
        let steps = match (&chosen, named) {
            (Some(step), _) => std::slice::from_ref(step),
            (None, Some(_)) => &Step::NAMED,
            (None, None) => &Step::DEFAULT,
        };
        let mut looked = Vec::new();
        let mut names = Vec::new();
        let mut way_out = None;
        for step in steps {
            let read = |path: &Path| file::read(path, Privacy::Private);
            let skipped = match chain::resolve(*step, &self.settings.environment, named, &read) {
                Ok(Candidate { source, provider, sts_endpoint }) => {
                    match fetch::fetch(&provider, &self.settings, now).await {
                        Ok(credentials) => {
                            let (step, mode) = (Some(*step), provider.mode);
                            let login = provider.login;
                            return Ok(Held { step, source, mode, login, sts_endpoint, credentials, asked_at: now });
                        }
                        Err(Unfetched { reason, hint }) => {
                            way_out = way_out.or(hint);
                            Skipped::Unusable { source, reason }
                        }
                    }
                }
                Err(skipped) => skipped,
            };
            match skipped {
                Skipped::Absent { reason, names: near } => {
                    looked.push(reason);
                    names.extend(near);
                }
                Skipped::Faulty { source, reason, hint } => {
                    return Err(failure(worded!("{source} cannot be used: {reason}", source, reason), hint));
                }
                Skipped::Unusable { source, reason } => {
                    // Off ECS its metadata service is always missing, which is nobody's mistake.
                    if *step != Step::EcsMetadata {
                        let said = worded!("{source} cannot be used: {reason}", source, reason);
                        tracing::warn!("{said}");
                    }
                    looked.push(worded!("{source}: {reason}", source, reason));
                    if named.is_some() {
                        break;
                    }
                }
            }
        }
        Err(no_credentials(named, chosen.is_some(), &looked, (&names, way_out)))
    }
}

impl CredentialSource for Chain {
    async fn credentials(&self, account: &AccountName) -> Result<Credentials, CloudError> {
        self.obtain(account, false).await.map(|held| held.credentials)
    }

    async fn renew(&self, account: &AccountName) -> Result<Credentials, CloudError> {
        self.obtain(account, true).await.map(|held| held.credentials)
    }

    async fn sts_endpoint(&self, account: &AccountName) -> Option<String> {
        self.obtain(account, false).await.ok()?.sts_endpoint
    }
}

/// `way_out` is what mends one that was meant to be used, `names` are the profiles that there are.
fn no_credentials(
    named: Option<&str>,
    renewing: bool,
    looked: &[Wording],
    (names, way_out): (&[String], Option<Wording>),
) -> CloudError {
    let looked = Wording::new(|| looked.iter().map(ToString::to_string).collect::<Vec<_>>().join(say!("; ")));
    let or = |hint: Wording| way_out.clone().unwrap_or(hint);
    if renewing {
        let message = worded!("credentials cannot be renewed: {looked}", looked);
        return failure(message, or(worded!("renew them where they come from")));
    }
    let Some(wanted) = named else {
        let hint = worded!(
            "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or run `aliyun configure`, or name a \
             profile with --profile"
        );
        return failure(worded!("no credentials were found: {looked}", looked), or(hint));
    };
    let hint = way_out.unwrap_or_else(|| match nearest(wanted, names.iter().map(String::as_str)) {
        Some(near) => worded!("did you mean profile {near}?", near),
        None if names.is_empty() => worded!("configure it with `aliyun configure --profile {wanted}`", wanted),
        None => worded!("there are the profiles {names}", names = names.join(say!(", "))),
    });
    failure(worded!("profile {wanted} gives no credentials: {looked}", wanted, looked), hint)
}

fn failure(message: Wording, hint: Wording) -> CloudError {
    let mut error = CloudError::new(ErrorKind::Credentials, Effect::None, "credentials", message);
    error.hint = Some(hint);
    error
}

/// Returns whether two credentials are the same ones.
fn same_keys(one: &Credentials, other: &Credentials) -> bool {
    fn parts(keys: &Credentials) -> (&str, &str, Option<&str>) {
        let token = keys.security_token.as_ref().map(|token| token.expose_secret());
        (&keys.access_key_id, keys.access_key_secret.expose_secret(), token)
    }
    parts(one) == parts(other)
}

/// Keeps enough of an access key id to recognise it in the console.
fn masked(access_key_id: &str) -> String {
    let characters: Vec<char> = access_key_id.chars().collect();
    match characters.as_slice() {
        [a, b, c, d, _, .., w, x, y, z] if characters.len() >= 12 => format!("{a}{b}{c}{d}****{w}{x}{y}{z}"),
        _ => "****".to_owned(),
    }
}

#[cfg(test)]
mod tests;
