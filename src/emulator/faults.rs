//! What goes wrong, and when: a schedule inside the world, so that both faces show the same faults.
//!
//! A [`Fault`] says which calls it is about (account, region, action, interface), which of those it strikes (`nth`,
//! `every`, `probability`, within `from`..=`until`; without any, all of them) and what happens. Calls are counted per
//! fault, from 1, since the world was opened by this process. Chance is a function of `seed` and that number, so a
//! schedule repeats itself exactly.
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
use jiff::fmt::serde::unsigned_duration::friendly::compact;
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use super::seed::SeedError;
use crate::dice;
use crate::resource::{AccountId, Region, RouterInterfaceId, Status};

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

/// What can go wrong (faults.md, network and API).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The connection is cut without an answer.
    Drop,
    /// The answer never comes.
    Hang,
    /// The answer comes this much later.
    Delay(#[serde(with = "compact::required")] Duration),
    /// The body comes one byte at a time, this far apart.
    SlowBody(#[serde(with = "compact::required")] Duration),
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
    Throttled(#[serde(with = "compact::required")] Duration),
    /// Any error of the API.
    Error(ErrorSeed),
    /// `Forbidden.RAM`.
    Denied,
    /// `SignatureNonceUsed`; with `after_effect`, an earlier copy of the call was carried out.
    NonceUsed,
    /// `InvalidTimeStamp.Expired`, and a Date header by which the caller's clock is this far ahead.
    ClockSkew(SignedDuration),
    /// `InvalidSecurityToken.Expired`.
    TokenExpired,
    /// Reads show the world as it was this long ago.
    StaleReads(#[serde(with = "compact::required")] Duration),
    /// Reads show this status instead of the true one.
    StatusWord(String),
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
    #[serde(with = "compact::required")]
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
    #[serde(default, with = "compact::optional", skip_serializing_if = "Option::is_none")]
    pub at: Option<Duration>,
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

    /// Reads a file with the single key `faults`, in YAML or JSON.
    ///
    /// # Errors
    ///
    /// The first thing that does not fit, with line and column.
    pub fn parse_schedule(text: &str) -> Result<Vec<Self>, SeedError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Document {
            faults: Vec<Fault>,
        }
        Ok(serde_yaml::from_str::<Document>(text)?.faults)
    }

    /// Claims that the call takes effect although its answer is spoiled.
    fn acts_after_effect(&self) -> bool {
        self.after_effect.unwrap_or(matches!(
            self.fault,
            FaultKind::Hang
                | FaultKind::SlowBody(_)
                | FaultKind::TruncatedBody
                | FaultKind::Garbage
                | FaultKind::Html
                | FaultKind::EmptyBody
                | FaultKind::EmptyObject
                | FaultKind::HugeBody(_)
        ))
    }

    fn concerns(&self, call: &Facts<'_>) -> bool {
        self.account.as_ref().is_none_or(|account| Some(account) == call.account)
            && self.region.as_ref().is_none_or(|region| Some(region.as_str()) == call.region)
            && self.action.as_ref().is_none_or(|action| action == call.action)
            && self.interface.as_ref().is_none_or(|id| (call.is_about)(id))
    }

    fn strikes(&self, index: usize, number: u64) -> bool {
        if self.from.is_some_and(|from| number < from) || self.until.is_some_and(|until| number > until) {
            return false;
        }
        // A third party acts once unless told otherwise.
        let once = matches!(self.fault, FaultKind::Console(_)) && self.every.is_none() && self.probability.is_none();
        self.nth.or(once.then(|| self.from.unwrap_or(1))).is_none_or(|nth| number == nth)
            && self.every.is_none_or(|every| every > 0 && number.is_multiple_of(every))
            && self.probability.is_none_or(|chance| draw(self.seed.unwrap_or(0), index, number) < chance)
    }

    fn interruption(&self) -> Option<Interruption> {
        Some(match &self.fault {
            FaultKind::Drop => Interruption::Spoil(Delivery::Dropped),
            FaultKind::Hang => Interruption::Spoil(Delivery::Hung),
            FaultKind::SlowBody(gap) => Interruption::Spoil(Delivery::Slow(*gap)),
            FaultKind::TruncatedBody => Interruption::Spoil(Delivery::Truncated),
            FaultKind::Garbage => Interruption::Spoil(Delivery::Garbage),
            FaultKind::Html => Interruption::Spoil(Delivery::Html(200)),
            FaultKind::EmptyBody => Interruption::Spoil(Delivery::EmptyBody),
            FaultKind::EmptyObject => Interruption::Spoil(Delivery::EmptyObject),
            FaultKind::HugeBody(bytes) => Interruption::Spoil(Delivery::Huge(*bytes)),
            FaultKind::Redirect => Interruption::Spoil(Delivery::Redirect),
            FaultKind::HttpError(500) => Interruption::Refuse(Refusal::internal_error()),
            FaultKind::HttpError(503) => Interruption::Refuse(Refusal::service_unavailable()),
            FaultKind::HttpError(status) => Interruption::Spoil(Delivery::Html(*status)),
            FaultKind::Throttled(wait) => {
                Interruption::Refuse(Refusal::throttled(Some(*wait).filter(|w| !w.is_zero())))
            }
            FaultKind::Error(error) => {
                Interruption::Refuse(Refusal::new(error.status, error.code.clone(), error.message.clone()))
            }
            FaultKind::Denied => Interruption::Refuse(Refusal::denied()),
            FaultKind::NonceUsed => Interruption::Refuse(Refusal::nonce_used()),
            FaultKind::ClockSkew(ahead) => Interruption::Refuse(Refusal::skewed(*ahead)),
            FaultKind::TokenExpired => Interruption::Refuse(Refusal::token_expired()),
            _ => return None,
        })
    }
}

/// How an answer reaches the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// As it is.
    Whole,
    /// Not at all: the connection is cut.
    Dropped,
    /// Never.
    Hung,
    /// One byte at a time, this far apart.
    Slow(Duration),
    /// Half of the body, then the connection is cut.
    Truncated,
    /// Bytes without a meaning instead of it.
    Garbage,
    /// An HTML page with this status instead of it.
    Html(u16),
    /// No body.
    EmptyBody,
    /// `{}`.
    EmptyObject,
    /// This many bytes instead of it.
    Huge(u64),
    /// A redirect instead of it.
    Redirect,
}

/// What takes the place of an answer.
#[derive(Clone, Debug)]
pub(super) enum Interruption {
    Refuse(Refusal),
    Spoil(Delivery),
}

/// What a fault can be about.
pub(super) struct Facts<'a> {
    pub(super) account: Option<&'a AccountId>,
    pub(super) region: Option<&'a str>,
    pub(super) action: &'a str,
    pub(super) is_about: &'a dyn Fn(&RouterInterfaceId) -> bool,
}

/// The faults of a world, and how many calls each has seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    faults: Vec<(Fault, u64)>,
}

impl Schedule {
    pub(super) fn add(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.extend(faults.into_iter().map(|fault| (fault, 0)));
    }

    /// Counts a call and returns what strikes it.
    pub(super) fn strike(&mut self, call: &Facts<'_>) -> Strike {
        let mut struck = Vec::new();
        for (index, (fault, seen)) in self.faults.iter_mut().enumerate() {
            if fault.concerns(call) {
                *seen += 1;
                if fault.strikes(index, *seen) {
                    struck.push(fault.clone());
                }
            }
        }
        Strike(struck)
    }
}

/// The faults that one call meets.
#[derive(Clone, Debug)]
pub(super) struct Strike(Vec<Fault>);

impl Strike {
    /// Returns what takes the place of the answer, before or after the call is carried out.
    pub(super) fn interruption(&self, after_effect: bool) -> Option<Interruption> {
        self.0.iter().filter(|fault| fault.acts_after_effect() == after_effect).find_map(Fault::interruption)
    }

    /// Returns what third parties do just before the call.
    pub(super) fn flips(&self) -> impl Iterator<Item = &ConsoleSeed> {
        self.0.iter().filter_map(|fault| match &fault.fault {
            FaultKind::Console(flip) if flip.at.is_none() => Some(flip),
            _ => None,
        })
    }

    /// Returns how far back reads look.
    pub(super) fn staleness(&self) -> Duration {
        self.longest(|kind| if let FaultKind::StaleReads(age) = kind { Some(*age) } else { None })
    }

    /// Returns how much later the answer comes.
    pub(super) fn delay(&self) -> Duration {
        self.longest(|kind| if let FaultKind::Delay(wait) = kind { Some(*wait) } else { None })
    }

    /// Claims that an accepted transition never ends.
    pub(super) fn sticks(&self) -> bool {
        self.0.iter().any(|fault| fault.fault == FaultKind::StuckTransition)
    }

    /// Returns how an accepted transition goes back and forth after its end.
    pub(super) fn flapping(&self) -> Option<FlappingSeed> {
        self.0.iter().find_map(|fault| if let FaultKind::Flapping(seed) = &fault.fault { Some(*seed) } else { None })
    }

    /// Returns what spoils the rows or the page of a listing, each with the interface that it is about.
    pub(super) fn of_reads(&self) -> impl Iterator<Item = (&FaultKind, Option<&RouterInterfaceId>)> {
        self.0.iter().map(|fault| (&fault.fault, fault.interface.as_ref()))
    }

    fn longest(&self, pick: impl Fn(&FaultKind) -> Option<Duration>) -> Duration {
        self.0.iter().filter_map(|fault| pick(&fault.fault)).max().unwrap_or_default()
    }
}

/// Draws from 0 to 1, always the same for the same arguments.
fn draw(seed: u64, index: usize, number: u64) -> f64 {
    dice::fraction(dice::mix(dice::mix(dice::mix(seed) ^ index as u64) ^ number))
}
