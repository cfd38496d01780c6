//! The in-process face: the ports straight over a world, on virtual time.
//!
//! No socket and no wire format: latency, hangs and slow bodies are sleeps of tokio's clock, so hours of waiting and
//! thousands of worlds cost nothing. What a real client would make of a spoiled answer is said here in the port's
//! words; what a code means is looked up in the port's own table.

mod events;
mod routes;
mod traffic;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;

use super::answer::{Answer, Delivery, Reply};
use super::caller::Caller;
use super::refusal::Refusal;
use super::request::{Origin, Request, STAMP_WINDOW, STS_VERSION, VPC_VERSION};
use super::world::World;
use crate::bounds;
use crate::clock::{BootTime, Clock};
use crate::cloud::{
    Cloud, CloudError, CloudRead, DescribeQuery, Effect, ErrorKind, HEALTH_ACTION, Health, Identity, LISTING_ACTION,
    Mutation, Page, Permit, Receipt, RequestId, Stamped, Terms, codes, stamp_taken, unknown_interface,
};
use crate::language::{Wording, word};
use crate::resource::{AccountName, RouterInterfaceId, Scope};

/// What a client waits for an answer (docs/reference/faults.md#n6: 30 s in all).
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// What a body has at least, for how long a slow one takes.
const FEWEST_BYTES: u32 = 64;

/// A world as the ports see it.
#[derive(Clone, Debug)]
pub struct InProcess {
    world: Rc<RefCell<World>>,
    clock: Clock,
    callers: BTreeMap<AccountName, Caller>,
    answered: Rc<Cell<u64>>,
}

impl InProcess {
    /// Opens a face whose default account is the world's main one.
    pub fn new(world: Rc<RefCell<World>>, clock: Clock) -> Self {
        let main = {
            let world = world.borrow();
            let key = world.credentials_of(world.main_account()).map(|(id, _)| id.to_owned());
            key.and_then(|key| world.caller(&key))
        };
        let callers = main.map(|caller| (AccountName::default_account(), caller)).into_iter().collect();
        Self { world, clock, callers, answered: Rc::default() }
    }

    /// Lets calls for `account` be signed with a key of the world.
    #[must_use]
    pub fn with_account(mut self, account: AccountName, access_key_id: &str) -> Self {
        let caller = self.world.borrow().caller(access_key_id);
        if let Some(caller) = caller {
            self.callers.insert(account, caller);
        }
        self
    }

    /// Sends one request and returns what would arrive of the answer.
    async fn send(
        &self,
        account: &AccountName,
        action: &'static str,
        version: &str,
        parameters: BTreeMap<String, String>,
    ) -> Result<(Answer, RequestId), CloudError> {
        self.send_under(account, action, version, (parameters, Terms::default())).await
    }

    /// Sends one request under terms: not where it is too late, and as if it had been signed so long ago.
    async fn send_under(
        &self,
        account: &AccountName,
        action: &'static str,
        version: &str,
        (parameters, terms): (BTreeMap<String, String>, Terms),
    ) -> Result<(Answer, RequestId), CloudError> {
        if terms.are_over() {
            return Err(CloudError::new(ErrorKind::TooLate, Effect::None, action, "not sent: it is too late"));
        }
        let caller = self
            .callers
            .get(account)
            .ok_or_else(|| refused(action, &Refusal::unknown_access_key(), &RequestId("".into())))?;
        let number = self.answered.get() + 1;
        self.answered.set(number);
        let request_id = format!("00000000-0000-4000-8000-{number:012X}");
        let request = Request {
            action: action.to_owned(),
            version: version.to_owned(),
            parameters,
            request_id: request_id.clone(),
            origin: Origin::default(),
        };
        if terms.signed_back > STAMP_WINDOW {
            return Err(refused(action, &Refusal::expired(), &RequestId(request_id.into())));
        }
        let reply = self.world.borrow_mut().handle(self.clock.now(), Some(caller), &request);
        let request_id = RequestId(request_id.into());
        arrive(action, reply, &request_id).await.map(|answer| (answer, request_id))
    }
}

impl CloudRead for InProcess {
    async fn describe(&self, scope: &Scope, query: &DescribeQuery) -> Result<Page, CloudError> {
        const ACTION: &str = LISTING_ACTION;
        let asked = BootTime::now();
        let mut parameters = BTreeMap::from([
            ("RegionId".to_owned(), scope.region.to_string()),
            ("PageNumber".to_owned(), query.page_number.to_string()),
            ("PageSize".to_owned(), query.page_size.to_string()),
        ]);
        if let Some((key, values)) = query.selection.filter() {
            parameters.insert("Filter.1.Key".to_owned(), key.to_owned());
            parameters.extend(
                values.into_iter().zip(1..).map(|(value, n)| (format!("Filter.1.Value.{n}"), value.to_owned())),
            );
        }
        let (answer, request_id) = self.send(&scope.account, ACTION, VPC_VERSION, parameters).await?;
        let Answer::Listing(listing) = answer else { return Err(unexpected(ACTION, request_id)) };
        Ok(Page {
            interfaces: listing.rows.into_iter().map(|row| row.observed).collect(),
            total_count: u32::try_from(listing.total_count).unwrap_or(u32::MAX),
            request_id,
            asked,
        })
    }

    async fn health(&self, scope: &Scope, id: &RouterInterfaceId) -> Result<Health, CloudError> {
        let asked = BootTime::now();
        let parameters = BTreeMap::from([
            ("RegionId".to_owned(), scope.region.to_string()),
            ("InstanceId".to_owned(), id.to_string()),
        ]);
        let (answer, request_id) = self.send(&scope.account, HEALTH_ACTION, VPC_VERSION, parameters).await?;
        match answer {
            Answer::Attribute(Some(row)) if row.observed.id == *id => {
                Ok(Health { status: row.health, request_id, asked })
            }
            Answer::Attribute(None) => Err(unknown_interface(id, scope, &request_id)),
            _ => Err(unexpected(HEALTH_ACTION, request_id)),
        }
    }

    async fn identity(&self, account: &AccountName) -> Result<Identity, CloudError> {
        const ACTION: &str = "GetCallerIdentity";
        let (answer, request_id) = self.send(account, ACTION, STS_VERSION, BTreeMap::new()).await?;
        let Answer::Identity(caller) = answer else { return Err(unexpected(ACTION, request_id)) };
        Ok(Identity { arn: caller.arn(), account_id: caller.account })
    }
}

impl Stamped for InProcess {
    async fn takes_stamp(&self, scope: &Scope, back: Duration) -> Result<bool, CloudError> {
        const ACTION: &str = LISTING_ACTION;
        let parameters = BTreeMap::from([("RegionId".to_owned(), scope.region.to_string())]);
        let terms = Terms { until: None, signed_back: back };
        stamp_taken(self.send_under(&scope.account, ACTION, VPC_VERSION, (parameters, terms)).await)
    }
}

impl Cloud for InProcess {
    async fn call(&self, scope: &Scope, call: &Mutation, permit: Permit) -> Result<Receipt, CloudError> {
        let carried = call.parameters().into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
        let mut parameters: BTreeMap<String, String> = carried.collect();
        parameters.insert("RegionId".to_owned(), scope.region.to_string());
        let cloud_date = Timestamp::from_second(self.clock.now().as_second()).ok();
        match self.send_under(&scope.account, call.call().action(), VPC_VERSION, (parameters, permit.terms())).await {
            Ok((_, request_id)) => Ok(Receipt { request_id, cloud_date }),
            Err(error) => Err(match error.request_id().cloned() {
                Some(request_id) => error.answered(request_id, cloud_date),
                None => error,
            }),
        }
    }
}

/// Waits as long as the answer takes, and says what a client makes of what arrives.
async fn arrive(action: &'static str, reply: Reply, request_id: &RequestId) -> Result<Answer, CloudError> {
    let body_time = match reply.delivery {
        Delivery::Slow(gap) => gap.saturating_mul(FEWEST_BYTES),
        Delivery::Hung => Duration::MAX,
        _ => Duration::ZERO,
    };
    let time = reply.latency.saturating_add(body_time);
    if !time.is_zero() {
        tokio::time::sleep(time.min(REQUEST_TIMEOUT)).await;
    }
    let failure = |kind, message: &str| Err(CloudError::new(kind, Effect::InDoubt, action, message));
    if time >= REQUEST_TIMEOUT {
        return failure(ErrorKind::Interrupted, "no whole answer within 30s");
    }
    match reply.delivery {
        Delivery::Dropped => failure(ErrorKind::Interrupted, "the connection was closed before an answer came"),
        Delivery::Truncated => failure(ErrorKind::Interrupted, "the connection was closed in the middle of the answer"),
        Delivery::Garbage => failure(ErrorKind::Malformed, "the answer is not JSON"),
        Delivery::Html(status) if status >= 500 => {
            failure(ErrorKind::Unavailable, &format!("a gateway answered with HTTP status {status}"))
        }
        Delivery::Html(_) => failure(ErrorKind::Malformed, "the answer is an HTML page"),
        Delivery::EmptyBody => failure(ErrorKind::Malformed, "the answer is empty"),
        Delivery::EmptyObject => failure(ErrorKind::Malformed, "the answer has no RequestId"),
        Delivery::Huge(bytes) if bytes > bounds::ANSWER_BYTES as u64 => {
            failure(ErrorKind::Malformed, "the answer is too large")
        }
        Delivery::Huge(_) => failure(ErrorKind::Malformed, "the answer is not JSON"),
        Delivery::Redirect => failure(ErrorKind::Malformed, "the answer is a redirect"),
        Delivery::Whole | Delivery::Slow(_) | Delivery::Hung => match reply.answer {
            Answer::Refused(refusal) => Err(refused(action, &refusal, request_id)),
            answer => Ok(answer),
        },
    }
}

fn refused(action: &'static str, refusal: &Refusal, request_id: &RequestId) -> CloudError {
    let meaning = codes::meaning(action, refusal.http_status, &refusal.code);
    CloudError {
        code: Some(refusal.code.as_ref().into()),
        receipt: Some(Box::new(Receipt { request_id: request_id.clone(), cloud_date: None })),
        retry_after: refusal.retry_after,
        hint: (!meaning.hint.is_empty()).then(|| Wording::new(|| word(meaning.hint))),
        ..CloudError::new(meaning.kind, meaning.effect, action, refusal.message.as_ref())
    }
}

fn unexpected(action: &'static str, request_id: RequestId) -> CloudError {
    CloudError::new(ErrorKind::Malformed, Effect::InDoubt, action, "the answer is another action's")
        .answered(request_id, None)
}
