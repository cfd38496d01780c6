//! The client: an action, keys, one signed exchange, an answer read. What it asks of other services than the interfaces
//! themselves stands below `client/`.

mod events;
mod routes;
mod traffic;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tracing::{debug, trace};
use uuid::Uuid;

use super::answer::{Asked, describe};
use super::endpoint::{Endpoint, Network};
use super::http::Timeouts;
use super::proxy::{Proxy, is_never_proxied};
use super::request::{self, Action, Attempt, Service};
use super::source::{CredentialSource, Credentials};
use super::transport::{Answer, Transport};
use super::wire::{self, Body};
use crate::clock::{BootTime, Clock};
use crate::cloud::{
    Cloud, CloudError, CloudRead, DescribeQuery, Effect, ErrorKind, HEALTH_ACTION, Health, Identity, LISTING_ACTION,
    Mutation, Page, Permit, Receipt, Selection, Stamped, Terms, stamp_taken, unknown_interface,
};
use crate::language::{Wording, say, worded};
use crate::resource::{AccountId, AccountName, Region, RouterInterfaceId, Scope};
use crate::spec::SignatureVersion;

/// How the API is reached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Replaces every service's own endpoint.
    pub endpoint: Option<Endpoint>,
    /// Replaces that of router interfaces and of routes alone, where nothing replaces all (`ALIBABA_CLOUD_ENDPOINT`, or the
    /// profile's `endpoint`).
    pub vpc: Option<Endpoint>,
    /// Replaces the Security Token Service's own endpoint (`ALIBABA_CLOUD_STS_ENDPOINT`), never by plain http.
    pub sts: Option<Endpoint>,
    /// Which endpoints are used where nothing replaces them.
    pub network: Network,
    /// The region that this machine is in; it matters to STS inside a VPC only.
    pub region: Option<Region>,
    /// How requests are signed.
    pub signature: SignatureVersion,
    /// The deadlines of one attempt.
    pub timeouts: Timeouts,
    /// The proxy that the environment names.
    pub proxy: Option<Proxy>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint: None,
            vpc: None,
            sts: None,
            network: Network::Public,
            region: None,
            signature: SignatureVersion::V3,
            timeouts: Timeouts::default(),
            proxy: None,
        }
    }
}

impl Settings {
    /// Returns the endpoint of a region's router interfaces; `None` if no host can be made of the region's name.
    pub fn endpoint_of(&self, region: &Region) -> Option<Endpoint> {
        self.endpoint.clone().or_else(|| self.vpc.clone()).or_else(|| Endpoint::of_vpc(region, self.network))
    }
}

/// The cloud over HTTPS. One request is one attempt; only keys that the API calls expired are renewed, once, and the
/// request repeated: the API refused it before looking.
#[derive(Debug)]
pub struct Client<S> {
    source: S,
    settings: Settings,
    clock: Clock,
    transport: Transport,
    /// Whose keys each account signs with, as the API said, and for which key it said so.
    owners: RefCell<BTreeMap<AccountName, Owner>>,
    /// The time that the API said last, and when.
    said: Cell<Option<(Timestamp, BootTime)>>,
}

#[derive(Clone, Debug)]
struct Owner {
    account_id: AccountId,
    access_key_id: String,
}

impl<S: CredentialSource> Client<S> {
    /// Makes a client that has not yet read, resolved or connected anything.
    pub fn new(source: S, settings: Settings, clock: Clock) -> Self {
        let transport = Transport::new(settings.timeouts, settings.endpoint.clone(), settings.proxy.clone());
        Self { source, settings, clock, transport, owners: RefCell::default(), said: Cell::new(None) }
    }

    /// Returns where the keys come from.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Asks for `action` and reads the answer with `read`, which gets the body and the RequestId.
    async fn ask<T>(
        &self,
        account: &AccountName,
        endpoint: &Endpoint,
        action: &Action,
        read: impl Fn(Body<'_>, Receipt) -> Result<T, serde_json::Error>,
    ) -> Result<T, CloudError> {
        // Whatever went wrong while the keys were fetched, this action was not sent.
        let unsent = |error: CloudError| CloudError { effect: Effect::None, ..error };
        let credentials = self.source.credentials(account).await.map_err(unsent)?;
        self.check_owner(account, &credentials).await.map_err(unsent)?;
        match self.attempt(endpoint, action, &credentials, &read).await {
            // Repeated only where the API surely refused it: in doubt, the first copy may have run.
            Err(error) if error.kind == ErrorKind::TokenExpired && error.effect == Effect::None => {
                debug!(action = action.name, %account, "the security token has expired, renewing it");
                let renewed = self.source.renew(account).await;
                let credentials = renewed.map_err(|renewal| unrenewed(error.clone(), renewal))?;
                let owned = self.check_owner(account, &credentials).await;
                owned.map_err(|refused| unrenewed(error, answered(refused)))?;
                self.attempt(endpoint, action, &credentials, &read).await
            }
            outcome => outcome,
        }
    }

    /// Refuses renewed keys that belong to another account than those that a run began with
    /// (docs/reference/faults.md#a18).
    async fn check_owner(&self, account: &AccountName, credentials: &Credentials) -> Result<(), CloudError> {
        let known = self.owners.borrow().get(account).cloned();
        let Some(known) = known.filter(|owner| owner.access_key_id != credentials.access_key_id) else { return Ok(()) };
        let now = self.ask_identity(account, credentials).await?;
        if now.account_id != known.account_id {
            let message = worded!(
                "the renewed credentials belong to account {now}, and this run began with account {known}",
                now = now.account_id,
                known = known.account_id
            );
            let hint = Some(worded!("let them be renewed for the same account, then run rictl plan again"));
            return Err(CloudError {
                hint,
                ..CloudError::new(ErrorKind::OtherAccount, Effect::None, IDENTITY, message)
            });
        }
        self.remember(account, credentials, &now);
        Ok(())
    }

    fn remember(&self, account: &AccountName, credentials: &Credentials, identity: &Identity) {
        let owner = Owner { account_id: identity.account_id.clone(), access_key_id: credentials.access_key_id.clone() };
        self.owners.borrow_mut().insert(account.clone(), owner);
    }

    /// Asks once whose `credentials` are.
    async fn ask_identity(&self, account: &AccountName, credentials: &Credentials) -> Result<Identity, CloudError> {
        let action = Action::new(Service::Sts, IDENTITY, Vec::new());
        let endpoint = self.sts(account).await?;
        self.attempt(&endpoint, &action, credentials, &|body, _| wire::identity(body.bytes)).await
    }

    /// The override, else what the keys' owner chose, as for AssumeRole, else the service's own.
    async fn sts(&self, account: &AccountName) -> Result<Endpoint, CloudError> {
        if let Some(endpoint) = &self.settings.endpoint {
            return Ok(endpoint.clone());
        }
        if let Some(chosen) = self.source.sts_endpoint(account).await {
            return chosen_sts(&chosen);
        }
        let region = self.settings.region.as_ref();
        self.settings
            .sts
            .clone()
            .or_else(|| Endpoint::of_sts(region, self.settings.network))
            .ok_or_else(|| bad_region(region.unwrap_or(&Region::from("")), IDENTITY))
    }

    async fn attempt<T>(
        &self,
        endpoint: &Endpoint,
        action: &Action,
        credentials: &Credentials,
        read: &impl Fn(Body<'_>, Receipt) -> Result<T, serde_json::Error>,
    ) -> Result<T, CloudError> {
        let attempt = Attempt { nonce: Uuid::new_v4().to_string(), time: self.stamp(action.terms.signed_back) };
        let signed = request::sign(self.settings.signature, endpoint.authority(), action, &attempt, credentials);
        debug!(action = action.name, host = endpoint.authority(), parameters = ?action.parameters, "request");
        // The last look there is: from here on only the API can refuse what comes late.
        if action.terms.are_over() {
            let message = worded!("not sent: what it rests on had grown too old");
            return Err(CloudError::new(ErrorKind::TooLate, Effect::None, action.name, message));
        }
        let outcome = self.transport.exchange(action.name, endpoint, &signed).await;
        let answer = outcome.inspect_err(|error| debug!(action = action.name, error = ?error.message, "no answer"))?;
        self.said.set(answer.date.map(|date| (date, BootTime::now())).or(self.said.get()));
        log_answer(action, &answer, credentials);
        let asked =
            Asked { action, endpoint, credentials, string_to_sign: &signed.string_to_sign, now: self.clock.now() };
        let (envelope, request_id) = asked.success(&answer)?;
        let odd = |problem: &str| asked.unreadable(&answer, problem).answered(request_id.clone(), answer.date);
        if is_about_another(action, envelope.interface_id.as_deref()) {
            return Err(odd("an answer about another interface"));
        }
        let receipt = Receipt { request_id: request_id.clone(), cloud_date: answer.date };
        read(Body { bytes: &answer.body, listing: envelope.listing }, receipt).map_err(|error| odd(&describe(&error)))
    }

    /// Asks for one page, under terms.
    async fn page(&self, scope: &Scope, query: &DescribeQuery, terms: Terms) -> Result<Page, CloudError> {
        const ACTION: &str = LISTING_ACTION;
        let mut parameters = vec![
            ("RegionId".to_owned(), scope.region.to_string()),
            ("PageNumber".to_owned(), query.page_number.to_string()),
            ("PageSize".to_owned(), query.page_size.to_string()),
        ];
        if let Some((key, values)) = query.selection.filter() {
            parameters.push(("Filter.1.Key".to_owned(), key.to_owned()));
            let values =
                values.into_iter().zip(1..).map(|(value, n)| (format!("Filter.1.Value.{n}"), value.to_owned()));
            parameters.extend(values);
        }
        let action = Action::new(Service::Vpc, ACTION, parameters).under(terms);
        let endpoint = self.endpoint_of(&scope.region, ACTION)?;
        let asked = BootTime::now();
        let read = |body: Body<'_>, receipt: Receipt| wire::page(body, &scope.region, receipt.request_id, asked);
        let page = self.ask(&scope.account, &endpoint, &action, read).await?;
        check_selection(&query.selection, page, ACTION)
    }

    /// Returns the time that a request is signed at: now, or by the API's own clock as it is known, so long before now.
    fn stamp(&self, back: Duration) -> Timestamp {
        if back.is_zero() {
            return self.clock.now();
        }
        let now = self.said.get().map(|(date, at)| (date, SignedDuration::try_from(at.elapsed()).unwrap_or_default()));
        let now = now.map_or_else(|| self.clock.now(), |(date, since)| date.saturating_add(since).unwrap_or(date));
        now.saturating_sub(SignedDuration::try_from(back).unwrap_or_default()).unwrap_or(now)
    }

    fn endpoint_of(&self, region: &Region, action: &'static str) -> Result<Endpoint, CloudError> {
        self.settings.endpoint_of(region).ok_or_else(|| bad_region(region, action))
    }
}

impl<S: CredentialSource> CloudRead for Client<S> {
    async fn describe(&self, scope: &Scope, query: &DescribeQuery) -> Result<Page, CloudError> {
        self.page(scope, query, Terms::default()).await
    }

    async fn health(&self, scope: &Scope, id: &RouterInterfaceId) -> Result<Health, CloudError> {
        let parameters = vec![("RegionId".to_owned(), scope.region.to_string()), (INSTANCE.to_owned(), id.to_string())];
        let action = Action::new(Service::Vpc, HEALTH_ACTION, parameters);
        let endpoint = self.endpoint_of(&scope.region, HEALTH_ACTION)?;
        let asked = BootTime::now();
        let read =
            |body: Body<'_>, receipt: Receipt| wire::health(body.bytes).map(|status| (status, receipt.request_id));
        let (status, request_id) = self.ask(&scope.account, &endpoint, &action, read).await?;
        let status = status.ok_or_else(|| unknown_interface(id, scope, &request_id))?;
        Ok(Health { status, request_id, asked })
    }

    async fn identity(&self, account: &AccountName) -> Result<Identity, CloudError> {
        let credentials = self.source.credentials(account).await?;
        let (credentials, identity) = match self.ask_identity(account, &credentials).await {
            Err(error) if error.kind == ErrorKind::TokenExpired => {
                let renewed = self.source.renew(account).await.map_err(|renewal| unrenewed(error, renewal))?;
                let identity = self.ask_identity(account, &renewed).await?;
                (renewed, identity)
            }
            outcome => (credentials, outcome?),
        };
        self.remember(account, &credentials, &identity);
        Ok(identity)
    }
}

impl<S: CredentialSource> Stamped for Client<S> {
    async fn takes_stamp(&self, scope: &Scope, back: Duration) -> Result<bool, CloudError> {
        let query = DescribeQuery { selection: Selection::All, page_number: 1, page_size: 1 };
        stamp_taken(self.page(scope, &query, Terms { until: None, signed_back: back }).await)
    }
}

impl<S: CredentialSource> Cloud for Client<S> {
    async fn call(&self, scope: &Scope, call: &Mutation, permit: Permit) -> Result<Receipt, CloudError> {
        let carried = call.parameters().into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
        let region = ("RegionId".to_owned(), scope.region.to_string());
        let name = call.call().action();
        let parameters = std::iter::once(region).chain(carried).collect();
        let action = Action::new(Service::Vpc, name, parameters).under(permit.terms());
        let endpoint = self.endpoint_of(&scope.region, name)?;
        self.ask(&scope.account, &endpoint, &action, |_, receipt| Ok(receipt)).await
    }
}

const IDENTITY: &str = "GetCallerIdentity";

/// What DescribeRouterInterfaceAttribute calls the interface.
const INSTANCE: &str = "InstanceId";

fn is_about_another(action: &Action, answered: Option<&str>) -> bool {
    let asked = action.parameters.iter().find(|(key, _)| key == Mutation::INTERFACE || key == INSTANCE);
    asked.is_some_and(|(_, asked)| answered.is_some_and(|answered| answered != asked))
}

/// Refuses a page with interfaces that were not asked for: the filter was ignored, so the page proves nothing.
fn check_selection(selection: &Selection, page: Page, action: &'static str) -> Result<Page, CloudError> {
    let Selection::Ids(ids) = selection else { return Ok(page) };
    let Some(stranger) = page.interfaces.iter().find(|interface| !ids.contains(&interface.id)) else {
        return Ok(page);
    };
    let message = worded!("the answer lists {id}, which was not asked for", id = stranger.id);
    Err(CloudError::new(ErrorKind::Malformed, Effect::InDoubt, action, message).answered(page.request_id.clone(), None))
}

/// Reads what a profile or a variable says of where STS is. Plain http is for this machine only.
fn chosen_sts(text: &str) -> Result<Endpoint, CloudError> {
    let url = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let refused = |problem: Wording| {
        let hint =
            worded!("check sts_endpoint and sts_region of the profile, and ALIBABA_CLOUD_STS_ENDPOINT and _REGION");
        CloudError { hint: Some(hint), ..CloudError::new(ErrorKind::Invalid, Effect::None, IDENTITY, problem) }
    };
    let endpoint: Endpoint =
        url.parse().map_err(|error| refused(worded!("STS cannot be asked there: {error}", error)))?;
    if endpoint.is_plain_http() && !is_never_proxied(endpoint.host()) {
        return Err(refused(worded!("STS cannot be asked there: {endpoint} is plain http", endpoint)));
    }
    Ok(endpoint)
}

/// Adds to what the API said of expired keys why there are no new ones; its code and RequestId stay.
fn unrenewed(refusal: CloudError, renewal: CloudError) -> CloudError {
    let message = Wording::new(|| {
        let (refused, why) = (refusal.message.told(), renewal.message.told());
        format!("{}{and}{why}", refused.strip_suffix('.').unwrap_or(refused), and = say!("; "))
    });
    CloudError { kind: renewal.kind, effect: Effect::None, message, hint: renewal.hint, ..refusal }
}

/// Takes what an API said, with its code and RequestId, as the reason for something else.
fn answered(error: CloudError) -> CloudError {
    CloudError { message: Wording::new(|| error.to_string()), ..error }
}

fn bad_region(region: &Region, action: &'static str) -> CloudError {
    let message = worded!("{region} is not the name of a region", region = format!("{region:?}"));
    CloudError {
        hint: Some(worded!("check the region's spelling in the spec")),
        ..CloudError::new(ErrorKind::InvalidRegion, Effect::None, action, message)
    }
}

fn log_answer(action: &Action, answer: &Answer, credentials: &Credentials) {
    debug!(action = action.name, status = answer.status, bytes = answer.body.len(), "answer");
    if tracing::enabled!(tracing::Level::TRACE) {
        let body = request::mask(&String::from_utf8_lossy(&answer.body), credentials);
        trace!(action = action.name, ?body, "answer");
    }
}
