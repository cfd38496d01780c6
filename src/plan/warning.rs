//! What a reviewer should look at twice although it stops nothing: typed facts. How they read is `render`'s.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GuardWeakened, HealthUnread, LostPrefix, RoutesUnread, StepId, TrafficUnread};
use crate::language::Wording;
use crate::resource::{AccountId, Address, DesiredStatus, GroupName, HealthCheckStatus, RouterInterfaceId, Status};
use crate::selector::Selector;
use crate::state::RunId;

/// A worry that stops nothing. Fields are keys of the document beside `code`, `summary` and `detail`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Warning {
    /// `--target` or `--exclude` was given.
    PartOfSpec {
        /// What was asked for; empty for everything.
        targets: Vec<Selector>,
        /// What is left out.
        excluded: Vec<Selector>,
    },
    /// An apply of this state is at work: what was read is on its way.
    RunGoingOn {
        /// The run, once it has begun.
        run_id: Option<String>,
        /// Who is at work.
        who: Wording,
        /// What the run touches.
        addresses: Vec<Address>,
    },
    /// A run has no end on record: its process died, or was told twice to stop.
    RunDied {
        /// The run.
        run_id: RunId,
        /// The steps whose end nobody has seen.
        steps: Vec<StepId>,
    },
    /// The last apply stopped between two waves of its rollout, and this plan is a rollout of its own.
    RolloutStopped {
        /// The run.
        run_id: RunId,
        /// The wave that had ended, from 1.
        wave: u32,
        /// Of how many.
        waves: u32,
        /// What said no: the reason's stable word.
        reason: String,
    },
    /// The check between waves could not be started where this plan was made.
    CheckMissing {
        /// The program; untrusted text.
        program: String,
        /// It is there, and cannot be run.
        is_found: bool,
    },
    /// A run awaits confirmation, or was not taken back whole.
    Unconfirmed {
        /// The run.
        run_id: RunId,
        /// Until when it can be confirmed.
        until: Timestamp,
        /// That moment is over.
        #[serde(rename = "due", default, skip_serializing_if = "std::ops::Not::not")]
        is_due: bool,
        /// The way back that was begun and has not ended well.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left_by: Option<RunId>,
        /// The calls of that way back of which nobody knows yet what became.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        in_doubt: Vec<StepId>,
    },
    /// What is declared here for the first time has records in states beside this one, which are taken along.
    TakenAlong {
        /// The state that they are in.
        state: String,
        /// Whose.
        addresses: Vec<Address>,
        /// It is in the same shared store and has not given all of them up: an apply is refused until then.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_held: bool,
    },
    /// What is recorded under another name has a new one in the spec.
    Renamed {
        /// Which.
        renamed: Vec<Renamed>,
    },
    /// What was applied has left the spec.
    Forgotten {
        /// What the spec called it.
        addresses: Vec<Address>,
        /// Of those whose key the spec has given to another interface, the ids that they had.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        given_away: BTreeMap<Address, RouterInterfaceId>,
    },
    /// Guards have become weaker since the last apply that ended well.
    GuardsWeakened {
        /// Which; whoever writes the document words them.
        #[serde(skip_serializing)]
        #[schemars(skip)]
        guards: Vec<GuardWeakened>,
    },
    /// A `hands_off` has outlived its date.
    HandsOffExpired {
        /// The interface.
        address: Address,
        /// The last day that it was meant to stand.
        until: Date,
        /// Where it stands.
        at: String,
    },
    /// What was protected when last applied is not any more, and is to be deactivated.
    ProtectionDropped {
        /// The interface.
        address: Address,
        /// Where its status stands.
        at: String,
    },
    /// A transition takes longer than it may.
    InTransition {
        /// The interface.
        address: Address,
        /// What it is.
        status: Status,
        /// Since when.
        since: Timestamp,
        /// How long it may take, in milliseconds.
        settle_timeout_ms: u64,
    },
    /// The two sides of a link are declared to different statuses, or are left in different ones.
    HalfUp {
        /// The side that connects, where that is known.
        one: DeclaredSide,
        /// The other.
        other: DeclaredSide,
        /// The statuses are those that the plan leaves behind: it takes along one side only, whatever is declared.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        left: bool,
    },
    /// The credentials belong to another account than declared.
    OtherAccount {
        /// Whose they are.
        account_id: AccountId,
        /// What the spec says.
        declared: AccountId,
        /// Where it says that.
        at: String,
    },
    /// Deactivations in no group.
    Unguarded {
        /// How many.
        deactivations: u32,
    },
    /// Windows that would hold something back are overridden.
    WindowsOverridden {
        /// What they are called; untrusted text.
        windows: Vec<String>,
        /// Why; untrusted text.
        reason: String,
    },
    /// What the health checks of some links say that keep a floor.
    Health {
        /// The group.
        group: GroupName,
        /// What they say.
        status: HealthCheckStatus,
        /// Which links.
        members: Vec<Address>,
    },
    /// The health checks of some links that keep a floor could not be read.
    HealthUnread {
        /// The group.
        group: GroupName,
        /// Which links.
        members: Vec<Address>,
        /// Why not.
        why: HealthUnread,
    },
    /// The credentials may not read health checks.
    HealthDenied {
        /// Of how many links nothing is known.
        links: u32,
        /// What the API said; untrusted text.
        detail: Wording,
    },
    /// More links keep a floor than are asked for their health.
    HealthNotAsked {
        /// The group.
        group: GroupName,
        /// How many were asked.
        asked: u32,
        /// How many were not.
        more: u32,
    },
    /// What some interfaces carry could not be read.
    TrafficUnread {
        /// Of how many.
        interfaces: u32,
        /// Why not; of several reasons one.
        unread: TrafficUnread,
    },
    /// Who moved some interfaces could not be read.
    EventsUnread {
        /// Of how many.
        interfaces: u32,
        /// What the API or the network said first; untrusted text.
        detail: Wording,
    },
    /// Prefixes have no other next hop than what goes down.
    LastRoute {
        /// What goes down.
        address: Address,
        /// The prefixes.
        prefixes: Vec<LostPrefix>,
        /// The next hops beside it of which nobody knows whether they are up.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unread_hops: Vec<RouterInterfaceId>,
    },
    /// Prefixes have no other next hop than ones that the plan brings up, and that are not Enabled while they are down.
    LastRouteUnproven {
        /// What goes down.
        address: Address,
        /// The prefixes.
        prefixes: Vec<LostPrefix>,
    },
    /// The credentials may not read route tables.
    RoutesDenied {
        /// Of how many interfaces that go down nothing is known.
        interfaces: u32,
        /// What the API said, and the action that has to be allowed; untrusted text.
        detail: Wording,
    },
    /// The route tables of some routers could not be read.
    RoutesUnread {
        /// What goes down there.
        addresses: Vec<Address>,
        /// Why not.
        why: RoutesUnread,
    },
    /// A warning of the spec itself.
    Spec {
        /// What it says; untrusted text.
        finding: String,
        /// Of which place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<String>,
        /// The same in the language of whoever reads it, where that is not English; no document has it.
        #[serde(skip)]
        translated: Option<String>,
    },
    /// The sentences of a plan of format 1.0, which kept no more than that.
    #[serde(skip)]
    Told {
        /// What; untrusted text.
        summary: String,
        /// Where and why; untrusted text.
        detail: Option<String>,
    },
}

impl Warning {
    /// Returns the stable word for it; plans of format 1.0 had none.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::PartOfSpec { .. } => Some("part_of_spec"),
            Self::RunGoingOn { .. } => Some("run_going_on"),
            Self::RunDied { .. } => Some("run_died"),
            Self::RolloutStopped { .. } => Some("rollout_stopped"),
            Self::CheckMissing { .. } => Some("check_missing"),
            Self::Unconfirmed { .. } => Some("unconfirmed"),
            Self::TakenAlong { .. } => Some("taken_along"),
            Self::Renamed { .. } => Some("renamed"),
            Self::Forgotten { .. } => Some("forgotten"),
            Self::GuardsWeakened { .. } => Some("guards_weakened"),
            Self::HandsOffExpired { .. } => Some("hands_off_expired"),
            Self::ProtectionDropped { .. } => Some("protection_dropped"),
            Self::InTransition { .. } => Some("in_transition"),
            Self::HalfUp { .. } => Some("half_up"),
            Self::OtherAccount { .. } => Some("other_account"),
            Self::Unguarded { .. } => Some("unguarded"),
            Self::WindowsOverridden { .. } => Some("windows_overridden"),
            Self::Health { .. } => Some("health"),
            Self::HealthUnread { .. } => Some("health_unread"),
            Self::HealthDenied { .. } => Some("health_denied"),
            Self::HealthNotAsked { .. } => Some("health_not_asked"),
            Self::TrafficUnread { .. } => Some("traffic_unread"),
            Self::EventsUnread { .. } => Some("events_unread"),
            Self::LastRoute { .. } => Some("last_route"),
            Self::LastRouteUnproven { .. } => Some("last_route_unproven"),
            Self::RoutesDenied { .. } => Some("routes_denied"),
            Self::RoutesUnread { .. } => Some("routes_unread"),
            Self::Spec { .. } => Some("spec"),
            Self::Told { .. } => None,
        }
    }
}

/// An interface with a new name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Renamed {
    /// What the spec calls it.
    pub address: Address,
    /// What it is recorded as.
    pub from: Address,
}

/// One side of a link as the spec declares it, or as a plan leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeclaredSide {
    /// Its key in the spec.
    pub address: Address,
    /// Its status.
    pub status: DesiredStatus,
    /// Where the declared one stands.
    pub at: String,
}
