//! The vocabulary: ids, regions, statuses, and what a Describe just said.
//!
//! Everything above speaks in these words. Nothing here reads a clock, a file or the network.
//! Field names and enumerations come from the API's own pages; where its spelling is loose
//! (`active` for `Active`), parsing is too, and a word nobody documented is kept, not guessed at.

mod call;
mod ids;
mod letters;
mod rate;
pub mod regions;
mod route;
mod scope;
mod status;
mod transition;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::language::Wording;

pub use call::{Call, Mutation, Receipt, RequestId};
pub use ids::{
    AccountId, AccountName, Address, ChangeName, GroupName, LabelKey, LabelValue, Region, RouterInterfaceId,
};
pub use letters::{composed, is_letter_or_mark};
pub use rate::{Rate, RateError};
pub use route::{NextHop, Route, Router};
pub use scope::Scope;
pub use status::{BusinessStatus, DesiredStatus, HealthCheckStatus, Status};
pub use transition::Transition;

/// What becomes of an interface that only the cloud has moved since the last apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "lowercase")]
pub enum DriftPolicy {
    /// It is brought back.
    #[default]
    Fix,
    /// It is left alone.
    Leave,
}

/// Which side of a link an interface is (API field `Role`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Role {
    /// The side that connects, and the one the vendor's procedure takes down first.
    InitiatingSide,
    /// The side that is connected to.
    AcceptingSide,
}

/// The read-only view that one side of a link has of the other (API fields `OppositeInterface…`, `OppositeRouter…`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opposite {
    /// The other side's interface.
    pub interface_id: Option<RouterInterfaceId>,
    /// The other side's region.
    pub region: Option<Region>,
    /// The router that the other side belongs to.
    pub router_id: Option<Box<str>>,
    /// `VRouter` or `VBR`.
    pub router_type: Option<Box<str>>,
    /// The other side's account; `None` for the same account.
    pub owner_id: Option<AccountId>,
    /// The other side's status; `None` when the API does not report it.
    pub status: Option<Status>,
    /// Whether the other side is locked.
    pub business_status: Option<BusinessStatus>,
}

/// What Describe just said of one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The interface.
    pub id: RouterInterfaceId,
    /// The region whose endpoint listed it.
    pub region: Region,
    /// Its lifecycle word.
    pub status: Status,
    /// Whether it is locked.
    pub business_status: BusinessStatus,
    /// Which side of its link it is; `None` when the API left it out.
    pub role: Option<Role>,
    /// Its name, untrusted text.
    pub name: Option<Box<str>>,
    /// Its description, untrusted text.
    pub description: Option<Box<str>>,
    /// The router it belongs to.
    pub router_id: Option<Box<str>>,
    /// `VRouter` or `VBR`.
    pub router_type: Option<Box<str>>,
    /// Its size, the API's `Spec` ("Large.1").
    pub specification: Option<Box<str>>,
    /// The other side, as far as the API tells.
    pub opposite: Opposite,
}

impl Observed {
    /// Returns an interface of which no more is known: not locked, nothing told of its other side.
    pub fn of(id: RouterInterfaceId, region: Region, status: Status) -> Self {
        Self {
            id,
            region,
            status,
            business_status: BusinessStatus::Normal,
            role: None,
            name: None,
            description: None,
            router_id: None,
            router_type: None,
            specification: None,
            opposite: Opposite::default(),
        }
    }

    /// Returns whether traffic can pass: a member counts towards a floor only if this holds.
    pub fn counts_as_up(&self) -> bool {
        self.status == Status::Active
            && self.business_status == BusinessStatus::Normal
            && self.opposite.status.as_ref().is_none_or(|status| *status == Status::Active)
    }

    /// Lists which ends of a link are surely not up, by number, from what was seen of each. One that is absent where the spec has
    /// it may be up elsewhere: what the other end shows of it tells. Of one that is seen itself, what the other one says may be
    /// the older.
    pub fn out_ends(ends: &[Option<&Self>]) -> impl Iterator<Item = usize> {
        let are_all_seen = ends.len() > 1 && ends.iter().all(Option::is_some);
        let is_out = if are_all_seen { Self::is_out_itself } else { Self::is_out };
        ends.iter().enumerate().filter_map(move |(number, end)| end.is_some_and(is_out).then_some(number))
    }

    /// Returns whether this end, whatever the other one is, lets no traffic pass and is not on its way to change that.
    fn is_out_itself(&self) -> bool {
        (self.status != Status::Active || self.business_status != BusinessStatus::Normal) && !self.status.is_rising()
    }

    /// Returns whether traffic cannot pass, and neither side is on its way to change that.
    pub fn is_out(&self) -> bool {
        !self.counts_as_up()
            && !self.status.is_rising()
            && !self.opposite.status.as_ref().is_some_and(Status::is_rising)
    }
}

/// What a refresh found out about one declared interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It is where the spec says.
    Found(Observed),
    /// It lives in another region that the spec names.
    Elsewhere(Observed),
    /// The API said so: a complete listing, or an answer for that very id, without it.
    Absent,
    /// Its scope could not be read; see [`LiveState::failures`]. Never the same as absent.
    Unreadable,
    /// Nobody asked: what is planned does not rest on it.
    Unasked,
}

impl Reading {
    /// Returns the observation, if the interface is where the spec says.
    pub fn found(&self) -> Option<&Observed> {
        match self {
            Self::Found(observed) => Some(observed),
            _ => None,
        }
    }
}

/// An interface as it was read last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastSeen {
    /// Where.
    pub scope: Scope,
    /// Which.
    pub id: RouterInterfaceId,
    /// What the cloud said; `None` where it said that there is no such interface.
    pub observed: Option<Observed>,
    /// When the answer came.
    pub at: Timestamp,
}

/// A scope that could not be read, kept as data so that the rest of a plan stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScopeFailure {
    /// What could not be read.
    pub scope: Scope,
    /// Why: code, message, RequestId, next step; ready for people.
    pub detail: Wording,
    /// The cloud does not know the region, or nobody can be reached there: its name may be misspelt.
    #[serde(skip)]
    pub may_be_misspelt: bool,
}

/// What the cloud just said about every declared interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveState {
    /// When the last page arrived.
    pub read_at: Timestamp,
    /// What was read, by declared address; one that is missing was not asked for.
    pub readings: BTreeMap<Address, Reading>,
    /// The scopes that could not be read.
    pub failures: Vec<ScopeFailure>,
    /// What the same pages showed beside that, by scope; what is missing from it nobody asked for.
    pub others: BTreeMap<Scope, BTreeMap<RouterInterfaceId, Observed>>,
}

/// Whose interfaces a plan or a state file is about. The endpoint is shown, never compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// The real cloud or an emulator.
    pub provider: Provider,
    /// The main account; for the emulator, the world's account.
    pub account_id: AccountId,
    /// Where the calls go, for people.
    pub endpoint: String,
}

impl Target {
    /// Returns whether both are the same account of the same provider.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.provider == other.provider && self.account_id == other.account_id
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} account {} ({})", self.provider, self.account_id, self.endpoint)
    }
}

/// Who answers the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The real cloud.
    Alibaba,
    /// The embedded emulator.
    Emulator,
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Alibaba => "alibaba",
            Self::Emulator => "emulator",
        })
    }
}
