//! The port to the cloud, split so that reading cannot write.
//!
//! [`CloudRead`] has only Describe calls; [`Cloud`] adds the two mutating ones and is handed to the
//! executor alone. Two implementations: `alibaba` over HTTPS, and the emulator's world in process.
//! An error carries what its caller can do about it ([`ErrorKind`]) and, for a mutating call, whether
//! it may have had an effect ([`Effect`]): classification here, policy in `retry` and `executor`.

pub mod acting;
pub mod carried;
pub mod codes;
pub mod events;
pub mod listing;
pub mod routes;
pub mod traffic;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::BootTime;
use crate::duration;
use crate::language::{Wording, say, worded};
use crate::plan::{HealthUnread, RoutesUnread};
use crate::resource::{AccountId, AccountName, HealthCheckStatus, Observed, RouterInterfaceId, Scope, Status};

pub use crate::resource::{Call, Mutation, Receipt, RequestId};

/// The largest page that DescribeRouterInterfaces gives (docs/reference/api.md#describe).
pub const MAX_PAGE_SIZE: u32 = 50;

/// The most values that one filter takes (documented until 2020, kept as the safe bound).
pub const MAX_FILTER_VALUES: usize = 5;

/// The most connections that one process has at once, to read and to act.
pub const CONNECTIONS: usize = 60;

/// How many of them are for mutating calls, once somebody acts.
pub const CALLS_AT_ONCE: usize = 36;

/// Which interfaces of a scope to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every interface of the scope.
    All,
    /// These ids, at most [`MAX_FILTER_VALUES`]; one that does not exist is simply not listed.
    Ids(Vec<RouterInterfaceId>),
    /// Those that are on their way to Active or Inactive.
    InTransition,
    /// Those of this status.
    At(Status),
}

impl Selection {
    /// Returns the API's filter for it: a key, and values of which any may match.
    pub fn filter(&self) -> Option<(&'static str, Vec<&str>)> {
        match self {
            Self::All => None,
            Self::Ids(ids) => Some(("RouterInterfaceId", ids.iter().map(RouterInterfaceId::as_str).collect())),
            Self::InTransition => Some(("Status", vec!["Activating", "Deactivating", "Modifying"])),
            Self::At(status) => Some(("Status", vec![status.as_str()])),
        }
    }
}

/// One page of one listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribeQuery {
    /// Which interfaces.
    pub selection: Selection,
    /// From 1.
    pub page_number: u32,
    /// At most [`MAX_PAGE_SIZE`].
    pub page_size: u32,
}

/// The answer to one [`DescribeQuery`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// What the page lists, in the API's order.
    pub interfaces: Vec<Observed>,
    /// The API's count of all matches; pages disagree whether it can be trusted, so both it and a
    /// short page end a listing.
    pub total_count: u32,
    /// The RequestId of the answer.
    pub request_id: RequestId,
    /// When it was asked for, this attempt alone: what it shows is no newer.
    pub asked: BootTime,
}

impl Page {
    /// Lists of which interfaces it says two things.
    pub fn contradicted(&self) -> BTreeSet<RouterInterfaceId> {
        let mut rows: BTreeMap<&RouterInterfaceId, &Observed> = BTreeMap::new();
        let mut contradicted = BTreeSet::new();
        for row in &self.interfaces {
            if rows.insert(&row.id, row).is_some_and(|before| before != row) {
                contradicted.insert(row.id.clone());
            }
        }
        contradicted
    }
}

/// The action behind [`CloudRead::describe`].
pub const LISTING_ACTION: &str = "DescribeRouterInterfaces";

/// The action behind [`CloudRead::health`].
pub const HEALTH_ACTION: &str = "DescribeRouterInterfaceAttribute";

/// What the health check of one interface says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The check's word.
    pub status: HealthCheckStatus,
    /// The RequestId of the answer.
    pub request_id: RequestId,
    /// When it was asked for, this attempt alone: what it shows is no newer.
    pub asked: BootTime,
}

/// Makes the error of an answer that is about no interface: the id is unknown there, which proves nothing more.
pub fn unknown_interface(id: &RouterInterfaceId, scope: &Scope, request_id: &RequestId) -> CloudError {
    let message = format!("the answer knows no {id} in {scope}");
    CloudError::new(ErrorKind::Other, Effect::None, HEALTH_ACTION, message).answered(request_id.clone(), None)
}

/// Who the credentials belong to (STS GetCallerIdentity).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The main account.
    pub account_id: AccountId,
    /// The caller's ARN, for people.
    pub arn: String,
}

/// Under which terms a mutating call leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The last moment that it may leave at, looked at once it is signed: keys may have to be fetched first, and the process may
    /// stand still. What is later fails as [`ErrorKind::TooLate`].
    pub until: Option<BootTime>,
    /// How far in the past it is signed: what is late on its way the API refuses so much earlier.
    pub signed_back: Duration,
}

impl Terms {
    /// Returns whether it is too late for a call to leave.
    pub fn are_over(&self) -> bool {
        self.until.is_some_and(|until| until < BootTime::now())
    }
}

/// A place under the quota for one mutating call, and the terms it leaves under; dropping it gives the place back.
#[derive(Debug, Default)]
pub struct Permit {
    place: Option<Box<dyn Any>>,
    terms: Terms,
}

impl Permit {
    /// A place where nothing is counted.
    pub fn free() -> Self {
        Self::default()
    }

    /// A place that lasts until `place` is dropped.
    pub fn holding(place: impl Any) -> Self {
        Self { place: Some(Box::new(place)), terms: Terms::default() }
    }

    /// Lets what leaves with it leave under these terms.
    #[must_use]
    pub fn under(self, terms: Terms) -> Self {
        Self { terms, ..self }
    }

    /// Returns the terms.
    pub fn terms(&self) -> Terms {
        self.terms
    }

    /// Takes out what the permit holds, if it is a `T`.
    pub fn take<T: Any>(self) -> Option<T> {
        self.place?.downcast().ok().map(|place| *place)
    }
}

/// Reading the cloud. Nothing behind this trait can change it.
#[allow(async_fn_in_trait, reason = "one task drives every future; no Send bound is wanted")]
pub trait CloudRead {
    /// Lists one page of a scope's interfaces.
    async fn describe(&self, scope: &Scope, query: &DescribeQuery) -> Result<Page, CloudError>;

    /// Asks for the health check of one interface of a scope, one call an interface
    /// (docs/reference/api.md#health-check).
    async fn health(&self, scope: &Scope, id: &RouterInterfaceId) -> Result<Health, CloudError>;

    /// Asks whose credentials `account` signs with.
    async fn identity(&self, account: &AccountName) -> Result<Identity, CloudError>;

    /// Returns what the API said last to a page of a scope that is asked for again and again, where somebody waits for that.
    fn waits_because(&self, _scope: &Scope) -> Option<Wording> {
        None
    }
}

/// Finding out how old a request may be.
#[allow(async_fn_in_trait, reason = "one task drives every future; no Send bound is wanted")]
pub trait Stamped {
    /// Asks for a page of a scope as if it had been asked for so long ago, and returns whether the API answers that.
    async fn takes_stamp(&self, scope: &Scope, back: Duration) -> Result<bool, CloudError>;
}

/// The code of a request that was signed too long ago (docs/reference/api.md#signatures).
pub const STAMP_EXPIRED: &str = "InvalidTimeStamp.Expired";

/// Reads what a request of another time came to: whether it was taken, or refused as too old.
pub fn stamp_taken<T>(outcome: Result<T, CloudError>) -> Result<bool, CloudError> {
    match outcome {
        Ok(_) => Ok(true),
        Err(error) if error.code.as_deref() == Some(STAMP_EXPIRED) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Changing the cloud. Success means accepted, not done: the status moves later.
#[allow(async_fn_in_trait, reason = "one task drives every future; no Send bound is wanted")]
pub trait Cloud: CloudRead {
    /// Waits for a place under the quota. What has to be true at the moment of sending is checked after this, not
    /// before: the wait can be long.
    async fn permit(&self, _scope: &Scope, _call: Call) -> Permit {
        Permit::free()
    }

    /// Sends one mutating call, once, with all that it carries, under the terms of its permit. None takes a client token, and what was checked right
    /// before is old after any wait: who wants it sent again, after a failure without effect, checks again and calls again.
    async fn call(&self, scope: &Scope, call: &Mutation, permit: Permit) -> Result<Receipt, CloudError>;
}

/// Whether a failed mutating call may have changed something (docs/reference/faults.md#r1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Surely never reached the API, or its pages document that it refused before looking: sending again is safe.
    None,
    /// The API answered with a refusal that its pages document: nothing was done, and asking again gets the same.
    Refused,
    /// Anything else once the first byte could have left: only a read can tell.
    InDoubt,
}

impl From<&CloudError> for HealthUnread {
    fn from(error: &CloudError) -> Self {
        let detail = error.with_hint();
        match error.kind {
            ErrorKind::Denied => Self::Denied { detail },
            _ => Self::Failed { detail },
        }
    }
}

impl From<&CloudError> for RoutesUnread {
    fn from(error: &CloudError) -> Self {
        let detail = error.with_hint();
        match error.kind {
            ErrorKind::Denied => Self::Denied { detail },
            _ => Self::Failed { detail },
        }
    }
}

/// What the caller can do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// DNS, connection refused, connect timeout, proxy: the request never left.
    Unreachable,
    /// TLS said no: certificate, host name, protocol.
    Tls,
    /// Sent, and then reset, timed out or cut off.
    Interrupted,
    /// 5xx, ServiceUnavailable, InternalError.
    Unavailable,
    /// Flow control: wait and ask again.
    Throttled,
    /// An answer that cannot be read as the API's: HTML, truncated, empty, too large, a redirect.
    Malformed,
    /// It was not sent: what it rests on had grown too old before it was signed.
    TooLate,
    /// SignatureNonceUsed: an earlier copy may have run.
    NonceUsed,
    /// The status forbids the call (IncorrectRIStatus, IncorrectStatus).
    IncorrectStatus,
    /// Another operation holds the interface for a moment (OperationConflict, TaskConflict, …).
    Conflict,
    /// InvalidRouterInterfaceId.NotFound: absent, said by the API for that id.
    NotFound,
    /// InvalidRegionId.NotFound: an unknown region, or a bad page; never "absent".
    InvalidRegion,
    /// Locked for unpaid bills.
    FinancialLocked,
    /// Locked by the vendor's staff or security.
    OperationLocked,
    /// The opposite side is gone, or its set-up forbids the call for good.
    PeerGone,
    /// The interface or router belongs to someone else.
    WrongOwner,
    /// RAM says no to this action.
    Denied,
    /// The account may not do this, and no RAM policy can change that: white lists, cross-border links, prepaid sides.
    NotEntitled,
    /// The keys are unknown, inactive, malformed, or the signature does not match.
    Credentials,
    /// The security token has expired or is malformed: renew it.
    TokenExpired,
    /// The renewed keys belong to another account than those that the run began with.
    OtherAccount,
    /// The place where a page begins is no longer known: the list has to be begun anew.
    CursorExpired,
    /// The clocks disagree.
    ClockSkew,
    /// The request itself is wrong.
    Invalid,
    /// A code that no table knows.
    Other,
}

impl ErrorKind {
    /// Returns whether the same request may be answered otherwise later without anybody doing something about it.
    pub fn can_pass(self) -> bool {
        match self {
            Self::Unreachable
            | Self::Interrupted
            | Self::Unavailable
            | Self::Throttled
            | Self::Malformed
            | Self::TooLate
            | Self::NonceUsed
            | Self::IncorrectStatus
            | Self::Conflict
            | Self::CursorExpired
            | Self::Other => true,
            Self::Tls
            | Self::NotFound
            | Self::InvalidRegion
            | Self::FinancialLocked
            | Self::OperationLocked
            | Self::PeerGone
            | Self::WrongOwner
            | Self::Denied
            | Self::NotEntitled
            | Self::Credentials
            | Self::TokenExpired
            | Self::OtherAccount
            | Self::ClockSkew
            | Self::Invalid => false,
        }
    }
}

/// A failed call: what to do about it, and everything the API said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CloudError {
    /// What the caller can do.
    pub kind: ErrorKind,
    /// Whether it may have changed something. Meaningful for mutating calls.
    pub effect: Effect,
    /// The action that failed, e.g. `DescribeRouterInterfaces`.
    pub action: &'static str,
    /// The API's code, as it spelled it.
    pub code: Option<Box<str>>,
    /// The API's or the transport's own words, untrusted text.
    pub message: Wording,
    /// What came with the answer, if there was one that is the API's; boxed, since errors are handed on a lot.
    pub receipt: Option<Box<Receipt>>,
    /// The API's diagnostics link, untrusted text.
    pub recommend: Option<Box<str>>,
    /// How long the API asked to wait.
    pub retry_after: Option<Duration>,
    /// What to do next, in our words.
    pub hint: Option<Wording>,
}

/// Says that no answer came to a read that was waited for, and what is in the way, where that is known.
pub fn unanswered(waited: Duration, said: Option<Wording>) -> Wording {
    let waited = duration::format(Duration::from_secs(waited.as_secs()));
    let none = worded!("no read was answered in {waited}", waited);
    match said {
        Some(error) => worded!("{said}: {error}", said = none, error),
        None => none,
    }
}

impl CloudError {
    /// Starts an error without a code.
    pub fn new(kind: ErrorKind, effect: Effect, action: &'static str, message: impl Into<Wording>) -> Self {
        Self {
            kind,
            effect,
            action,
            code: None,
            message: message.into(),
            receipt: None,
            recommend: None,
            retry_after: None,
            hint: None,
        }
    }

    /// Says which answer it is about.
    #[must_use]
    pub fn answered(self, request_id: RequestId, cloud_date: Option<Timestamp>) -> Self {
        Self { receipt: Some(Box::new(Receipt { request_id, cloud_date })), ..self }
    }

    /// Returns the id of the answer.
    pub fn request_id(&self) -> Option<&RequestId> {
        self.receipt.as_ref().map(|receipt| &receipt.request_id)
    }

    /// Returns the error and what to do about it, as one phrase.
    pub fn with_hint(&self) -> Wording {
        Wording::new(|| match self.next_step() {
            Some(next) => format!("{self}{and}{next}", and = say!("; ")),
            None => self.to_string(),
        })
    }

    /// Returns what to do next, for whoever reads it later.
    pub fn advice(&self) -> Option<Wording> {
        self.next_step().map(|_| Wording::new(|| self.next_step().unwrap_or_default()))
    }

    /// Returns what to do next in the language in force: our words, and the API's own link where only its owner can help.
    pub fn next_step(&self) -> Option<String> {
        let only_theirs = matches!(
            self.kind,
            ErrorKind::Other | ErrorKind::NotEntitled | ErrorKind::OperationLocked | ErrorKind::FinancialLocked
        );
        let link = self.recommend.as_deref().filter(|_| only_theirs).map(|link| say!("the API's advice: {link}", link));
        let parts: Vec<&str> = [self.hint.as_ref().map(Wording::told), link.as_deref()].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(say!("; ")))
    }
}

impl fmt::Display for CloudError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, message, .. } = self;
        let text = match &self.code {
            Some(code) => say!("{action} answered {code}: {message}", action, code, message),
            None => say!("{action}: {message}", action, message),
        };
        f.write_str(&match self.request_id() {
            Some(request_id) => say!("{text} (RequestId {request_id})", text, request_id),
            None => text,
        })
    }
}
