//! A fault as a world file or a schedule describes it. `faults` says what becomes of it.
//!
//! A [`Fault`] says which calls it is about (account, region, action, interface), which of those it strikes (`nth`,
//! `every`, `probability`, within `from`..=`until`; without any, all of them) and what happens.
//!
//! ```yaml
//! faults:
//!   - {fault: drop, after_effect: true, action: DeactivateRouterInterface, nth: 1}
//!   - {fault: {throttled: 2s}, every: 20}
//!   - {fault: stuck_transition, interface: ri-a}
//!   - {fault: {console: {interface: ri-b, status: Inactive, at: 30s}}}
//! ```

use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::duration;
use crate::resource::{AccountId, HealthCheckStatus, Region, RouterInterfaceId, Status};

/// One entry of a schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What happens.
    #[serde(with = "serde_yaml::with::singleton_map")]
    pub fault: FaultKind,
    /// Whether the call is carried out before its answer is spoiled. Default: only where the API has answered well
    /// and the way back spoils it (`hang` and the body kinds).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_effect: Option<bool>,
    /// Only calls of this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Only calls to this region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// Only this action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Only calls about this interface, listings that hold it included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<RouterInterfaceId>,
    /// Only that one of the matching calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Every so many of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Each with this chance, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// What makes the chances differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Not before that call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Not after that call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

/// What can go wrong (docs/reference/faults.md#network, docs/reference/faults.md#api).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The connection is cut without an answer.
    Drop,
    /// The answer never comes.
    Hang,
    /// The answer comes this much later.
    Delay(#[serde(with = "duration")] Duration),
    /// The body comes one byte at a time, this far apart.
    SlowBody(#[serde(with = "duration")] Duration),
    /// The connection is cut in the middle of the body.
    TruncatedBody,
    /// A whole body that is not JSON, XML or text.
    Garbage,
    /// An HTML page with status 200, as of a proxy or a portal.
    Html,
    /// Status 200 without a body.
    EmptyBody,
    /// Status 200 and `{}`.
    EmptyObject,
    /// Status 200 and this many bytes.
    HugeBody(u64),
    /// A gateway's error page with this status; 500 and 503 are the API's own.
    HttpError(u16),
    /// A redirect to another host.
    Redirect,
    /// `Throttling.User`, with `x-acs-retry-after` unless it is 0s.
    Throttled(#[serde(with = "duration")] Duration),
    /// Any error of the API.
    Error(ErrorSeed),
    /// `Forbidden.RAM`.
    Denied,
    /// `SignatureNonceUsed`; with `after_effect`, an earlier copy of the call was carried out.
    NonceUsed,
    /// `InvalidTimeStamp.Expired`, and a Date header by which the caller's clock is this far ahead.
    ClockSkew(#[serde(with = "duration::signed")] SignedDuration),
    /// `InvalidSecurityToken.Expired`.
    TokenExpired,
    /// Reads show the world as it was this long ago.
    StaleReads(#[serde(with = "duration")] Duration),
    /// Reads show this status instead of the true one.
    StatusWord(String),
    /// Reads show this of a health check instead of the true word.
    HealthCheck(HealthCheckStatus),
    /// Reads show interfaces under another's id.
    OtherId,
    /// Listings claim this total.
    TotalCount(u32),
    /// Listings leave out this many rows of the page's end.
    ShortPage(usize),
    /// Listings begin with the last row of the page before.
    DuplicateRow,
    /// An accepted transition never ends.
    StuckTransition,
    /// An accepted transition ends, and then goes back and forth.
    Flapping(FlappingSeed),
    /// A third party sets a status: at a time since the world began, or just before the struck call is looked at.
    Console(ConsoleSeed),
}

/// An error that the API answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorSeed {
    /// Its code.
    pub code: String,
    /// Its HTTP status, default 400.
    #[serde(default = "bad_request")]
    pub status: u16,
    /// Its text.
    #[serde(default)]
    pub message: String,
}

fn bad_request() -> u16 {
    400
}

/// How a status goes back and forth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlappingSeed {
    /// How long each status lasts.
    #[serde(with = "duration")]
    pub period: Duration,
    /// How often it changes; an even number ends where the call wanted it.
    pub times: u16,
}

/// What a third party does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleSeed {
    /// To which interface.
    pub interface: RouterInterfaceId,
    /// What it becomes; `Deleted` is gone.
    pub status: Status,
    /// When, counted from when the schedule was loaded; without it, at the struck call.
    #[serde(default, with = "duration::optional", skip_serializing_if = "Option::is_none")]
    pub at: Option<Duration>,
    /// Which RAM user it is; without one, the account itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl Fault {
    /// Makes a fault that strikes every call; narrow it by setting fields.
    pub fn new(fault: FaultKind) -> Self {
        Self {
            fault,
            after_effect: None,
            account: None,
            region: None,
            action: None,
            interface: None,
            nth: None,
            every: None,
            probability: None,
            seed: None,
            from: None,
            until: None,
        }
    }
}
