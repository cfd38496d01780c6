//! How a state in a bucket is reached: which variables say where it is, and which keys sign.
//!
//! What a spec says chooses neither host nor keys; its `cloud.region` says where a bucket of OSS is, if nothing else does.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::alibaba::credentials::{Chain, Environment, Settings, forbid_core_dumps};
use crate::alibaba::{CredentialSource as _, Proxy, Timeouts, http_client};
use crate::clock::Clock;
use crate::language::{Wording, worded};
use crate::resource::AccountName;
use crate::store::StoreError;
use crate::store::objects::aws::AwsEnvironment;
use crate::store::objects::{KeySource, Keys, KeysLater, NoKeys, Objects, Site, Unplaced, Way};
use crate::store::remote::StateName;

use super::failure::{Exit, Refusal};

/// Longer than a bucket takes that works.
const LONGEST: Duration = Duration::from_secs(20);

/// What is known for reaching buckets.
#[derive(Debug)]
pub struct Buckets {
    /// The variables and files of AWS.
    pub aws: AwsEnvironment,
    /// `OSS_ENDPOINT`.
    pub oss_endpoint: Option<String>,
    /// `OSS_REGION`.
    pub oss_region: Option<String>,
    /// What rictl's own chain of credentials depends on, and which proxy there is.
    pub environment: Environment,
    /// `--profile`.
    pub profile: Option<String>,
    /// This machine's clock.
    pub clock: Clock,
}

impl Buckets {
    /// Opens a state in a bucket of OSS; nothing is asked yet. `region` is that of the spec, `ttl` how long a lease runs.
    ///
    /// # Errors
    /// An address that is none, a region that nothing says.
    pub fn oss(&self, url: &str, name: StateName, region: Option<&str>, ttl: Duration) -> Result<Objects> {
        Ok(self.oss_way(url, region, LONGEST.min(ttl / 3))?.state(name).map_err(told)?)
    }

    /// Opens a bucket of OSS for whoever looks at all its states, whose requests take so long at most; nothing is asked yet.
    ///
    /// # Errors
    /// As [`Self::oss`].
    pub fn oss_way(&self, url: &str, region: Option<&str>, longest: Duration) -> Result<Way> {
        let region = self.oss_region.as_deref().or(region);
        let endpoint = self.oss_endpoint.as_deref().map(|endpoint| ("OSS_ENDPOINT", endpoint));
        let site = Site::parse(url, region, endpoint).map_err(unplaced)?;
        let settings =
            Settings { environment: self.environment.clone(), profile: self.profile.clone(), ..Settings::default() };
        let keys = Arc::new(OwnKeys(Chain::new(settings, self.clock)));
        self.way(site, keys, longest)
    }

    /// Opens a state in a bucket of S3; nothing is asked yet.
    ///
    /// # Errors
    /// As [`Self::oss`], and files of AWS that cannot be read.
    pub fn s3(&self, url: &str, name: StateName, ttl: Duration) -> Result<Objects> {
        Ok(self.s3_way(url, LONGEST.min(ttl / 3))?.state(name).map_err(told)?)
    }

    /// Opens a bucket of S3, as [`Self::oss_way`].
    ///
    /// # Errors
    /// As [`Self::s3`].
    pub fn s3_way(&self, url: &str, longest: Duration) -> Result<Way> {
        let region = self.aws.region().map_err(|none| refused(none.message.into(), none.hint.map(Into::into)))?;
        let site = Site::parse(url, region.as_deref(), self.aws.endpoint()).map_err(unplaced)?;
        self.way(site, Arc::new(self.aws.clone()), longest)
    }

    fn way(&self, site: Site, keys: Arc<dyn KeySource>, longest: Duration) -> Result<Way> {
        // AWS's keys come another way than the chain's, which sees to it itself.
        if let Err(error) = forbid_core_dumps() {
            tracing::warn!("core dumps of this process could not be forbidden: {error}");
        }
        let proxy = Proxy::of(&self.environment);
        let timeouts = Timeouts::within(longest);
        let http = http_client(timeouts, proxy.as_ref(), site.is_plain());
        let http = http.map_err(|cause| refused(worded!("cannot set up HTTPS: {cause}", cause), None))?;
        Ok(Way { site, http, keys, clock: self.clock })
    }
}

fn told(error: StoreError) -> Refusal {
    let hint = error.hint().map(|_| Wording::new(|| error.hint().unwrap_or_default()));
    refused(Wording::new(|| error.to_string()), hint)
}

fn unplaced(error: Unplaced) -> Refusal {
    let hint = match &error {
        Unplaced::NoRegion("OSS_REGION") => "or write `cloud.region` into the spec".to_owned(),
        Unplaced::NoRegion(_) => "or write `region` into the profile of ~/.aws/config".to_owned(),
        Unplaced::Endpoint { variable, .. } => {
            format!(
                "correct {variable}: a scheme, a host and a port, nothing else; without it the vendor's own host is asked"
            )
        }
        Unplaced::Plain(variable) => format!("write https:// into {variable}"),
        _ => "`--state` takes oss://BUCKET/PREFIX and s3://BUCKET/PREFIX".to_owned(),
    };
    refused(format!("cannot use the bucket of --state: {error}").into(), Some(hint.into()))
}

fn refused(message: Wording, hint: Option<Wording>) -> Refusal {
    let refusal = Refusal::new(Exit::Error, message);
    match hint {
        Some(hint) => refusal.hint(hint),
        None => refusal,
    }
}

/// The keys of rictl's own chain, as a bucket wants them.
#[derive(Debug)]
struct OwnKeys(Chain);

impl KeySource for OwnKeys {
    fn keys(&self, renewed: bool) -> KeysLater<'_> {
        Box::pin(async move {
            let account = AccountName::default_account();
            let found = if renewed { self.0.renew(&account).await } else { self.0.credentials(&account).await };
            let keys =
                found.map_err(|error| NoKeys { message: error.to_string(), hint: error.advice().map(String::from) })?;
            Ok(Keys { id: keys.access_key_id, secret: keys.access_key_secret, token: keys.security_token })
        })
    }
}
