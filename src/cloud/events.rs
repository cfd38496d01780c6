//! The port to the log of who called what: ActionTrail.

use jiff::Timestamp;

use crate::resource::{RequestId, RouterInterfaceId, Scope};

use super::CloudError;

/// The action behind [`EventsRead::events`].
pub const ACTION: &str = "LookupEvents";

/// The largest page that LookupEvents gives.
pub const MAX_EVENTS: u32 = 50;

/// Which events of one interface to look up: writes alone, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventsQuery {
    /// The interface, as ResourceName.
    pub id: RouterInterfaceId,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// Where the page begins; `None` for the first one.
    pub next_token: Option<Box<str>>,
}

/// One event. Its texts are untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The action, e.g. `DeactivateRouterInterface`.
    pub name: Box<str>,
    /// When.
    pub at: Timestamp,
    /// The RequestId that the caller was answered with.
    pub request_id: Option<RequestId>,
    /// The error code, if the call failed.
    pub error_code: Option<Box<str>>,
    /// `ram-user`, `assumed-role`, `root-account`, …
    pub identity_type: Option<Box<str>>,
    /// The API's userIdentity.principalId.
    pub principal_id: Option<Box<str>>,
    /// The API's userIdentity.userName.
    pub user_name: Option<Box<str>>,
    /// What sent the call.
    pub user_agent: Option<Box<str>>,
    /// Where the call came from.
    pub source_ip: Option<Box<str>>,
}

/// One page of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventsPage {
    /// The events, newest first.
    pub events: Vec<Event>,
    /// Where the next page begins; `None` after the last one.
    pub next_token: Option<Box<str>>,
}

/// Reading who called what.
#[allow(async_fn_in_trait, reason = "one task drives every future; no Send bound is wanted")]
pub trait EventsRead {
    /// Looks up one page (LookupEvents).
    async fn events(&self, scope: &Scope, query: &EventsQuery) -> Result<EventsPage, CloudError>;
}
