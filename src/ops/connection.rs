//! Reaching the cloud: the signed client with its retries and quotas, or the same client against an emulator that
//! runs inside this process.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use futures_util::future::{Either, select};
use tokio::net::TcpListener;

use crate::alibaba::credentials::{Chain, Identities, Whoami};
use crate::alibaba::{Client, CredentialSource, Credentials, Endpoint, Settings};
use crate::clock::Clock;
use crate::cloud::{CloudError, CloudRead as _, Effect, ErrorKind, Identity};
use crate::emulator::http::ServeOptions;
use crate::emulator::{
    self, DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET, Host, HostError, Manner, SeedError, World,
};
use crate::language::{Wording, worded};
use crate::resource::{AccountId, AccountName, LiveState, Provider, Region, Target};
use crate::retry::{Place, Policy, Retrying};
use crate::spec::CloudSettings;
use crate::store::account::{Reach, shared_directory};
use crate::store::named::Links;

mod choice;

pub use self::choice::Access;
use self::choice::{Replaced, chain, client_settings, parse_endpoint};
use super::failure::{Exit, Refusal};
use super::part::Sight;
use super::project::Project;

/// Where keys come from.
#[derive(Debug)]
pub enum Source {
    /// An emulator's own, by account.
    World(BTreeMap<AccountName, Credentials>),
    /// The standard chain.
    Chain(Arc<Chain>),
}

impl CredentialSource for Source {
    async fn credentials(&self, account: &AccountName) -> Result<Credentials, CloudError> {
        match self {
            Self::World(keys) => keys.get(account).cloned().ok_or_else(|| unknown_account(account)),
            Self::Chain(chain) => chain.credentials(account).await,
        }
    }

    async fn renew(&self, account: &AccountName) -> Result<Credentials, CloudError> {
        match self {
            Self::World(_) => self.credentials(account).await,
            Self::Chain(chain) => chain.renew(account).await,
        }
    }

    async fn sts_endpoint(&self, account: &AccountName) -> Option<String> {
        match self {
            Self::World(_) => None,
            Self::Chain(chain) => chain.sts_endpoint(account).await,
        }
    }
}

fn unknown_account(account: &AccountName) -> CloudError {
    let message = worded!("the emulator's world has no account for `{account}`", account);
    let mut error = CloudError::new(ErrorKind::Credentials, Effect::None, "credentials", message);
    error.hint = Some(worded!("set `cloud.accounts.{account}.account_id` to an account of the world", account));
    error
}

/// The cloud as every operation sees it.
pub type Cloud = Retrying<Client<Source>>;

/// A reached cloud.
#[derive(Debug)]
pub struct Connection {
    /// Where the calls go.
    pub cloud: Cloud,
    /// Whose interfaces they are about.
    pub target: Target,
    /// Where the keys come from, if not from an emulator's world.
    pub chain: Option<Arc<Chain>>,
    /// What the account's calls really reach.
    pub reach: Reach,
    /// The cloud's name of the caller (ARN), where it said one; untrusted text.
    pub principal: Option<String>,
}

/// Reaches what the spec names, to read, and asks whose account it is. Nothing is written: the world of an emulator is looked
/// at and not kept.
///
/// # Errors
/// A spec that chooses what it may not, a world that cannot be opened, credentials that cannot be had, a cloud that does
/// not answer.
pub async fn connect(project: &Project, access: &Access, clock: Clock) -> Result<Connection> {
    reach(project, access, clock, Manner::Looking).await
}

/// Reaches what the spec names, to act.
///
/// # Errors
/// As [`connect`].
pub async fn connect_to_act(project: &Project, access: &Access, clock: Clock) -> Result<Connection> {
    reach(project, access, clock, Manner::Acting).await
}

/// Reaches what the spec names, to read, and reads every declared interface while it asks whose account it is.
///
/// # Errors
/// As [`connect`].
pub async fn connect_and_read(project: &Project, access: &Access, clock: Clock) -> Result<(Connection, LiveState)> {
    connect_and_look(project, access, clock, &Sight::Whole).await
}

/// Reaches what the spec names, to read, and reads what is looked at while it asks whose account it is.
///
/// # Errors
/// As [`connect`].
pub async fn connect_and_look(
    project: &Project,
    access: &Access,
    clock: Clock,
    sight: &Sight,
) -> Result<(Connection, LiveState)> {
    let dialled = dial((project, &[]), access, clock, Manner::Looking).await?;
    let identity = Box::pin(dialled.identify(project));
    let read = Box::pin(sight.read(&project.spec, &dialled.cloud, &clock));
    // Where nobody knows whose account it is, what is read is of no use.
    let (identified, read) = match select(identity, read).await {
        Either::Left((identified, read)) => (identified?, read.await),
        Either::Right((read, identified)) => (identified.await?, read),
    };
    Ok((dialled.to(identified), read))
}

async fn reach(project: &Project, access: &Access, clock: Clock, manner: Manner) -> Result<Connection> {
    let dialled = dial((project, &[]), access, clock, manner).await?;
    let identified = dialled.identify(project).await?;
    Ok(dialled.to(identified))
}

/// A cloud of which nobody knows yet whose account it is.
pub(super) struct Dialled {
    pub(super) cloud: Cloud,
    chain: Option<Arc<Chain>>,
    reach: Reach,
    client: Settings,
}

impl Dialled {
    /// Asks who calls, and says whose interfaces those of a spec are then.
    async fn identify(&self, project: &Project) -> Result<(Target, Option<String>)> {
        let Identity { account_id, arn } = self.identity().await.map_err(|unknown| unknown.told())?;
        Ok((self.target(project, account_id), Some(arn).filter(|arn| !arn.is_empty())))
    }

    /// Asks who calls.
    pub(super) async fn identity(&self) -> Result<Identity, Unidentified> {
        let own = AccountName::default_account();
        match self.cloud.identity(&own).await {
            Ok(identity) => Ok(identity),
            Err(error) => Err(Unidentified { whose: whose(self.chain.as_deref(), &own, &error).await, error }),
        }
    }

    pub(super) fn target(&self, project: &Project, account_id: AccountId) -> Target {
        let settings = &project.spec.cloud;
        let endpoint = match (&self.reach, &settings.world) {
            (Reach::World(_), Some(name)) => format!("world {}", name.value),
            _ => shown_endpoint(settings, &self.client),
        };
        Target { provider: settings.provider, account_id, endpoint }
    }

    fn to(self, (target, principal): (Target, Option<String>)) -> Connection {
        let Self { cloud, chain, reach, .. } = self;
        Connection { cloud, target, chain, reach, principal }
    }
}

/// Why nobody knows whose account it is.
#[derive(Clone, Debug)]
pub(super) struct Unidentified {
    whose: Wording,
    error: CloudError,
}

impl Unidentified {
    pub(super) fn told(self) -> anyhow::Error {
        anyhow::Error::from(self.error).context(self.whose)
    }
}

/// Makes the cloud that a spec names, and `others` as well: what is said of it is said by the first, but for the accounts.
pub(super) async fn dial(
    (first, others): (&Project, &[&Project]),
    access: &Access,
    clock: Clock,
    manner: Manner,
) -> Result<Dialled> {
    let mut settings = first.spec.cloud.clone();
    let projects: Vec<&Project> = std::iter::once(first).chain(others.iter().copied()).collect();
    for project in &projects {
        access.trust.check_credentials(&project.spec, access.profile.as_deref(), access.signature)?;
        settings.accounts.extend(project.spec.cloud.accounts.clone());
    }
    let settings = &settings;
    let (source, replaced, world) = match settings.provider {
        Provider::Emulator => {
            let (source, endpoint, world) = emulated(&projects, settings, access, (clock, manner)).await?;
            (source, Replaced { all: endpoint, vpc: None }, world)
        }
        Provider::Alibaba => {
            let replaced = Replaced::of(settings, access)?;
            (Source::Chain(Arc::new(chain(settings, access, &replaced, clock))), replaced, None)
        }
    };
    let client_settings = client_settings(settings, access, replaced)?;
    let reach = match (world, client_settings.endpoint.as_ref().and_then(Endpoint::loopback)) {
        (Some(path), _) => Reach::World(path),
        (None, Some(authority)) => Reach::Loopback(authority),
        (None, None) => Reach::Cloud,
    };
    let chain = match &source {
        Source::Chain(chain) => Some(Arc::clone(chain)),
        Source::World(_) => None,
    };
    let client = Client::new(source, client_settings.clone(), clock);
    let seed = u64::from(std::process::id());
    let cloud = Retrying::new(client, Policy::default(), access.quota, seed);
    let cloud = match &reach {
        // Its server is this process.
        Reach::World(_) => cloud,
        Reach::Cloud | Reach::Loopback(_) => {
            let directory = access.lock_dir.clone().unwrap_or_else(shared_directory);
            cloud.beside_others(Place { directory, provider: settings.provider, reach: reach.clone() })
        }
    };
    Ok(Dialled { cloud, chain, reach, client: client_settings })
}

/// Says whose credentials could not be found out: which ones the API refused, if it did.
async fn whose(chain: Option<&Chain>, account: &AccountName, refusal: &CloudError) -> Wording {
    let text = worded!("cannot find out whose credentials these are");
    let known = match chain.filter(|_| refusal.code.is_some()) {
        Some(chain) => chain.known(account).await,
        None => None,
    };
    known.map_or_else(
        || text.clone(),
        |Whoami { source, mode, access_key_id_masked: key, .. }| {
            worded!("{text}: key {key}, mode {mode}, from {source}", text, key, mode, source)
        },
    )
}

impl Connection {
    /// Returns whom the keys speak for and who was passed over, where two could.
    pub fn identities(&self) -> Option<Identities> {
        self.chain.as_ref()?.identities()
    }

    /// Checks every account of the spec against the account id that it names, and returns whose each name is. For an
    /// apply; a plan only shows it.
    ///
    /// # Errors
    /// Exit 4 naming both accounts.
    pub async fn check_accounts(&self, project: &Project) -> Result<BTreeMap<AccountName, AccountId>> {
        let settings = &project.spec.cloud;
        let own = (AccountName::default_account(), self.target.account_id.clone());
        let mut accounts = BTreeMap::from([own]);
        if let Some(declared) = &settings.account_id
            && declared.value != self.target.account_id
        {
            let place = project.spec.sources.locate(declared.place);
            return Err(wrong_account("cloud.account_id", &place, declared.value.as_str(), &self.target).into());
        }
        for (name, account) in &settings.accounts {
            // Asked even where nothing is declared: keys that do not work are found out before anything is sent.
            let identity =
                self.cloud.identity(name).await.with_context(|| worded!("cannot use the account {name}", name))?;
            accounts.insert(name.clone(), identity.account_id.clone());
            let Some(declared) = &account.account_id else { continue };
            if identity.account_id != declared.value {
                let place = project.spec.sources.locate(declared.place);
                let target = Target { account_id: identity.account_id, ..self.target.clone() };
                let knob = format!("cloud.accounts.{name}.account_id");
                return Err(wrong_account(&knob, &place, declared.value.as_str(), &target).into());
            }
        }
        Ok(accounts)
    }
}

fn wrong_account(knob: &str, place: &str, declared: &str, target: &Target) -> Refusal {
    let summary = worded!(
        "these credentials belong to account {account}, and {knob} is {declared} ({place})",
        account = target.account_id,
        knob,
        declared,
        place
    );
    Refusal::new(Exit::Refused, summary)
        .hint(worded!("use the credentials of that account; `rictl whoami` says where these come from"))
}

fn shown_endpoint(settings: &CloudSettings, client: &Settings) -> String {
    let region = settings.region.as_ref().map_or_else(|| Region::from("<region>"), |region| region.value.clone());
    client.endpoint_of(&region).map_or_else(|| "no endpoint".to_owned(), |endpoint| endpoint.to_string())
}

/// Runs the world of the spec behind the same HTTP face that `emulator serve` has, and returns its file too, or goes to a
/// running one.
async fn emulated(
    projects: &[&Project],
    settings: &CloudSettings,
    access: &Access,
    (clock, manner): (Clock, Manner),
) -> Result<(Source, Option<Endpoint>, Option<PathBuf>)> {
    if let Some(endpoint) = &access.endpoint {
        return Ok((Source::World(default_keys(settings)), Some(parse_endpoint(endpoint)?), None));
    }
    let Some(path) = projects.first().and_then(|project| world_of(project)) else {
        let refusal = Refusal::new(Exit::Error, worded!("the spec asks for the emulator, and names no world"));
        return Err(refusal.hint(worded!("set `cloud.world: FILE`, or give a running one with --endpoint")).into());
    };
    let host = open_world(&path, Links::Refused, manner, clock)?;
    projects.iter().try_for_each(|project| check_regions(&path, host.world(), project))?;
    let source = Source::World(world_keys(host.world(), settings));
    let unheard = || worded!("cannot listen on loopback");
    let listener = TcpListener::bind("127.0.0.1:0").await.with_context(unheard)?;
    let address = listener.local_addr().with_context(unheard)?;
    let options = ServeOptions { clock, call_log: None };
    tokio::spawn(async move {
        if let Err(error) =
            emulator::http::serve(Arc::new(Mutex::new(host)), listener, options, std::future::pending()).await
        {
            tracing::error!("the emulator stopped: {error}");
        }
    });
    let endpoint = parse_endpoint(&format!("http://{address}"))?;
    // One file, whichever way it is named.
    let path = path.canonicalize().with_context(|| worded!("cannot find the world {path}", path = path.display()))?;
    Ok((source, Some(endpoint), Some(path)))
}

/// Returns the file of the world that a spec names.
pub(super) fn world_of(project: &Project) -> Option<PathBuf> {
    project.spec.cloud.world.as_ref().map(|world| project.directory.join(&world.value))
}

/// Opens the world in a file.
///
/// # Errors
/// A file that is not there, or is no world.
pub fn open_world(path: &Path, links: Links, manner: Manner, clock: Clock) -> Result<Host> {
    world_exists(path)?;
    Host::open_named(path, manner, links, clock.now()).map_err(|error| unusable_world(path, error))
}

/// Refuses a world that leaves unsaid where its interfaces are, for a spec that wants them elsewhere: what the API says of such a
/// region would blame the spec.
fn check_regions(path: &Path, world: &World, project: &Project) -> Result<(), Refusal> {
    let Some(unsaid) = world.unsaid_region() else { return Ok(()) };
    let known: BTreeSet<&Region> = world.regions().collect();
    let declared = project.spec.interfaces.values().map(|interface| &interface.scope.region);
    let Some(missing) = declared.into_iter().find(|region| !known.contains(region)) else { return Ok(()) };
    let summary = worded!(
        "the world {path} does not say where its interfaces are, so they are in {unsaid}; the spec has some in {missing}",
        path = path.display(),
        unsaid,
        missing
    );
    Err(Refusal::new(Exit::Error, summary)
        .hint(worded!("write `regions: [{missing}]` into the world: the first is theirs", missing)))
}

/// Says what is wrong with a world, and what one is: nothing of its text, which may be anybody's.
fn unusable_world(path: &Path, error: HostError) -> anyhow::Error {
    match error {
        HostError::Seed { source, .. } => {
            unusable_seed(&worded!("the world {path}", path = path.display()), &source).into()
        }
        error => {
            let hint = worded!(
                "a world is a regular file that this user may read and that nobody else holds; what happens to it is \
                 kept beside it"
            );
            let mut refusal = Refusal::new(Exit::Error, worded!("cannot open the world {path}", path = path.display()));
            refusal.causes = anyhow::Error::from(error).chain().map(|cause| cause.to_string().into()).collect();
            refusal.hint(hint).into()
        }
    }
}

/// Says what is wrong with a schedule of faults.
pub fn unusable_faults(what: &Wording, error: &SeedError) -> Refusal {
    let refusal = unusable_seed(what, error);
    refusal.hint(worded!("docs/reference/emulator.md has every fault, with an example of a schedule"))
}

/// Says what is wrong with a world.
pub fn unusable_seed(what: &Wording, error: &SeedError) -> Refusal {
    let hint = worded!(
        "docs/reference/emulator.md has every key; `rictl emulator generate --output FILE` makes a world to start from"
    );
    let cause = match error {
        SeedError::Yaml(unfit) => unfit.to_string(),
        error => error.to_string(),
    };
    Refusal::new(Exit::Error, worded!("cannot use {what}", what)).cause(cause).hint(hint)
}

/// Refuses a world file that is not there.
///
/// # Errors
/// Exit 1 with how one is made.
pub fn world_exists(path: &Path) -> Result<(), Refusal> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    Err(Refusal::new(Exit::Error, worded!("there is no world {path}", path = path.display()))
        .hint(worded!("make one with `rictl emulator generate --output FILE`")))
}

/// The keys that a world gives its accounts where its file says nothing: the main one's, and those of the accounts
/// that the spec names by their ids.
fn default_keys(settings: &CloudSettings) -> BTreeMap<AccountName, Credentials> {
    let named = settings.accounts.iter().filter_map(|(name, account)| {
        let id = format!("{DEFAULT_ACCESS_KEY_ID}-{}", account.account_id.as_ref()?.value);
        Some((name.clone(), keys(&id, DEFAULT_ACCESS_KEY_SECRET)))
    });
    let own = keys(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET);
    std::iter::once((AccountName::default_account(), own)).chain(named).collect()
}

/// The keys of the world's accounts: its main one, and those that the spec names by their ids.
fn world_keys(world: &World, settings: &CloudSettings) -> BTreeMap<AccountName, Credentials> {
    let named =
        settings.accounts.iter().filter_map(|(name, account)| Some((name, &account.account_id.as_ref()?.value)));
    let default_account = AccountName::default_account();
    let known = world.credentials();
    std::iter::once((&default_account, world.main_account()))
        .chain(named)
        .filter_map(|(name, id)| {
            let (access_key_id, secret) = known.get(id)?;
            Some((name.clone(), keys(access_key_id, secret.expose())))
        })
        .collect()
}

fn keys(access_key_id: &str, secret: &str) -> Credentials {
    Credentials {
        access_key_id: access_key_id.to_owned(),
        access_key_secret: secret.to_owned().into(),
        security_token: None,
        expires_at: None,
    }
}
