//! The plan: data with no choices left in it.
//!
//! [`ResourceChange`]s are for people, [`Step`]s for the executor: one step per mutating call, or per wait.
//! The document that `plan --json` prints, that `--out` saves and that `apply PLAN` runs is one and the same;
//! [`Plan::digest`] covers what would be done (target, steps, expectations, reasons, floors, waves), not when it was
//! planned or how many are up. How a plan comes about is in `planner`, how it reads and is encoded in `render`; here is
//! what it is and how it is read back.

mod approval;
mod blocked;
mod change;
mod check;
mod difference;
mod digest;
mod document;
mod floor;
mod forgotten;
mod health;
mod inputs;
mod route;
#[cfg(test)]
mod samples;
mod step;
mod summary;
mod traffic;
mod upcoming;
mod warning;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calendar::Zone;
use crate::resource::{Address, DriftPolicy, ScopeFailure, Status, Target};
use crate::selector::Selector;
use crate::state::RunId;
use crate::windows::Gate;

pub use self::approval::Approval;
pub use self::blocked::{
    BlockCode, BlockReason, Blocked, Exceeded, LeftAlone, LeftAloneCode, LeftAloneReason, NotUp, Shortage, Unmet,
    WhyNotUp,
};
pub use self::change::{ActionReason, Change, ChangeAction, ResourceChange, ResourceType};
pub use self::check::BrokenPromise;
pub use self::difference::{Difference, Sides, StepPart};
pub use self::digest::{DigestAt, DigestError};
pub use self::document::{Damage, PlanFileError, seal, unmarked};
pub use self::floor::{Floor, FloorLink, FloorMember, Guard, Knob};
pub use self::forgotten::{Forgotten, GuardWeakened, WindowBecame};
pub use self::health::{GroupHealth, MemberNotUp, WhyMemberNotUp};
pub use self::inputs::{HealthAnswer, HealthEnd, HealthRead, HealthUnread, InterfaceRead, PlanInputs};
pub use self::route::{
    HopAnswer, HopLeft, HopRead, LostPrefix, RouteEnd, RouteGuards, RouteLeft, RouteLoss, RouterRead, RoutesAnswer,
    RoutesHeard, RoutesUnread,
};
pub use self::step::{Action, Step, StepId};
pub use self::summary::Summary;
pub use self::traffic::{Returning, Traffic, TrafficEnd, TrafficHeard, TrafficUnread};
pub use self::upcoming::{Assumed, Upcoming, What};
pub use self::warning::{DeclaredSide, Renamed, Warning};
pub use crate::attribute::{Expectation, Goal, Values};

/// The version of the document. Minor numbers add keys; a major number changes their meaning.
pub const FORMAT_VERSION: &str = "1.1";

/// How the run is cut into waves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RolloutPlan {
    /// The interfaces of each wave, the canary first.
    pub waves: Vec<Vec<Address>>,
    /// The pause between waves, in milliseconds.
    pub pause_ms: u64,
    /// The argument list that must exit 0 between waves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Vec<String>>,
    /// How long the check may take, in milliseconds.
    pub check_timeout_ms: u64,
    /// What a wave that brings interfaces up has to carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Returning>,
}

/// What a run that died left open; the next apply resolves it before anything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Doubt {
    /// The step that was open.
    pub step: StepId,
    /// The run that opened it.
    pub run_id: String,
    /// What a read says now is the end of it.
    pub is_clear: bool,
    /// What was read; `None` where nothing was.
    pub found: Option<Status>,
}

/// What the plan was made from; an apply of the saved plan compares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Basis {
    /// The state's lineage; `None` when there was no state.
    pub lineage: Option<String>,
    /// The state's serial; 0 when there was no state.
    pub serial: u64,
    /// The spec, as the user named it; `None` in plans that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
    /// SHA-256 over the bytes of the spec.
    pub spec_digest: String,
}

/// What a plan holds the cloud against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum About {
    /// The spec.
    #[default]
    Spec,
    /// What stood before what is to be taken back.
    WayBack,
    /// The steps of a plan that was saved and was used, or is approved.
    SavedSteps,
    /// A plan that was saved without steps.
    SavedWithoutSteps,
}

/// A plan. Built by `planner`, checked by [`Plan::check`], run by `executor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// When it was made. Not part of the digest.
    pub timestamp: Timestamp,
    /// What it holds the cloud against. In no document: only plans of the spec are saved.
    pub about: About,
    /// Whose interfaces it is about.
    pub target: Target,
    /// What it was made from.
    pub basis: Basis,
    /// Every declared interface, by address.
    pub resource_changes: Vec<ResourceChange>,
    /// What left the state it was last seen in.
    pub resource_drift: Vec<ResourceChange>,
    /// What to do, in one allowed order.
    pub steps: Vec<Step>,
    /// What cannot be had.
    pub blocked: Vec<Blocked>,
    /// What differs and is not touched.
    pub left_alone: Vec<LeftAlone>,
    /// What was recorded and is no longer declared; it is not touched.
    pub forgotten: Vec<Forgotten>,
    /// The guards that have become weaker since the last apply that ended well.
    pub guards_weakened: Vec<GuardWeakened>,
    /// The floors that hold during the run.
    pub floors: Vec<Floor>,
    /// How every group stands, by name.
    pub groups: Vec<GroupHealth>,
    /// The waves, where the spec asks for them.
    pub rollout: Option<RolloutPlan>,
    /// The worries.
    pub warnings: Vec<Warning>,
    /// What a dead run left open.
    pub doubts: Vec<Doubt>,
    /// The regions that could not be read.
    pub failures: Vec<ScopeFailure>,
    /// The only interfaces looked at (`--target`), empty for all.
    pub targeted: Vec<Address>,
    /// The interfaces left out (`--exclude`).
    pub excluded: Vec<Address>,
    /// What it was made from beside spec and records.
    pub inputs: PlanInputs,
    /// The moment that it is a plan of; `None` for when it was made. Not part of the digest.
    pub at: Option<Timestamp>,
    /// What it takes as done by then.
    pub assumed: Vec<Assumed>,
    /// What begins or ends within 24 hours.
    pub upcoming: Vec<Upcoming>,
    /// The zone that its times are shown in.
    pub time_zone: Zone,
    /// Of each interface that a call is sent to, the windows that it must be open for then, if any cover it. No part of the
    /// file: a saved plan is made again.
    pub gates: BTreeMap<Address, Gate>,
    /// The windows that would hold something back and were overridden.
    pub overridden: Option<OverriddenWindows>,
    /// What interfaces carry, as far as that was asked for, by address. Not part of the digest.
    pub traffic: Vec<Traffic>,
    /// How many bits per second what is deactivated may carry at most, where that is limited. No part of the file: a saved plan is
    /// made again.
    pub quiet_below: Option<u64>,
    /// The prefixes over what it deactivates and what else leads there, by address, table and prefix.
    pub routes: Vec<RouteLeft>,
    /// What is asked again before something is deactivated. No part of the file.
    pub route_guards: RouteGuards,
}

/// Windows that would hold calls back and were overridden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OverriddenWindows {
    /// Why, as `--override-window` gave it.
    pub reason: String,
    /// What they are called, each name once.
    pub windows: Vec<String>,
}

/// What a way back takes back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WayBack {
    /// The interfaces that its runs had to do with, whatever they came to.
    pub touched: BTreeSet<Address>,
    /// The newest of its runs, where what newer ones ask of the other ends of links is to stand.
    pub newest: Option<RunId>,
}

/// The settings of the planner that do not come from the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// Now: the plan's timestamp, and without `at` the moment that it is a plan of.
    pub now: Timestamp,
    /// `--at`: the moment that it is a plan of; `None` for now.
    pub at: Option<Timestamp>,
    /// When a plan that is made again was first made: since then what begins and ends is taken as done; `None` for now.
    pub made_at: Option<Timestamp>,
    /// Up to when that is so, where it is not up to `at`: what is wanted by then is all still to be done (`--at open`).
    pub assumed_before: Option<Timestamp>,
    /// `--target`; empty for all. What these depend on is not added silently: it is named.
    pub targets: Vec<Selector>,
    /// `--exclude`.
    pub excludes: Vec<Selector>,
    /// `--allow-changes`: the exact number of changes that overrides the caps.
    pub allow_changes: Option<u32>,
    /// `--override-window`: why windows do not hold.
    pub override_window: Option<String>,
    /// How long a transition may take before it is said to be stuck.
    pub settle_timeout: Duration,
    /// What is wanted is what stood before a run, of `targets` alone and whatever the spec says of the other ends.
    pub way_back: Option<WayBack>,
    /// What cannot be had whatever its status, and why.
    pub held: BTreeMap<Address, BlockReason>,
    /// `--redo`: what was taken back is asked for again.
    pub redo: bool,
    /// `--drift`: what becomes of what only the cloud has moved; as the spec says where it is `None`.
    pub drift: Option<DriftPolicy>,
    /// `--allow-forgotten`: the exact number that overrides `limits.max_forgotten`.
    pub allow_forgotten: Option<u32>,
    /// `--traffic`: what everything that is looked at carries is told.
    pub traffic: bool,
    /// `--allow-last-route`: what may go down although that leaves a route without a next hop.
    pub allow_last_route: BTreeSet<Address>,
}

/// The time between the making of a plan and its moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meanwhile {
    /// What begins or ends after this …
    pub after: Timestamp,
    /// … and before this is taken as done.
    pub before: Timestamp,
    /// How many changes somebody allowed although that is more than a cap.
    pub allow_changes: Option<u32>,
}

impl PlanOptions {
    /// Returns whether it is a way back.
    pub fn is_way_back(&self) -> bool {
        self.way_back.is_some()
    }

    /// Returns the moment that the plan is of.
    pub fn moment(&self) -> Timestamp {
        self.at.unwrap_or(self.now)
    }

    /// Returns for which time a plan of a later moment takes what begins and ends as done; `None` for a plan of now.
    pub fn meanwhile(&self) -> Option<Meanwhile> {
        let Self { now, made_at, assumed_before, allow_changes, .. } = *self;
        let before = |at: Timestamp| assumed_before.map_or(at, |before| before.min(at));
        self.at.map(|at| Meanwhile { after: made_at.unwrap_or(now), before: before(at), allow_changes })
    }

    /// Returns these with what a saved plan chose: its moment, what it looks at, and what it took as done by then.
    pub fn chosen_by(&self, saved: &Plan) -> Self {
        let PlanInputs { target, exclude, drift, assumed_before, .. } = &saved.inputs;
        Self {
            at: saved.at,
            made_at: Some(saved.timestamp),
            assumed_before: *assumed_before,
            targets: target.clone(),
            excludes: exclude.clone(),
            drift: *drift,
            ..self.clone()
        }
    }

    /// Returns the options of a plan that looks at everything and loosens nothing.
    pub fn of_all(now: Timestamp, settle_timeout: Duration) -> Self {
        Self {
            now,
            at: None,
            made_at: None,
            assumed_before: None,
            targets: Vec::new(),
            excludes: Vec::new(),
            allow_changes: None,
            override_window: None,
            settle_timeout,
            way_back: None,
            held: BTreeMap::new(),
            redo: false,
            drift: None,
            allow_forgotten: None,
            traffic: false,
            allow_last_route: BTreeSet::new(),
        }
    }
}
