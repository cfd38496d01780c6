//! The plan as one JSON document: what `plan --json` prints, what `--out` saves, what `apply PLAN` reads back.
//!
//! The typed facts of the plan, and beside them what is derived from them: digest, counts, flags, and the sentences that
//! `words` makes. `plan::Plan::from_file` reads the facts and checks the rest.

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::super::words::plan as words;
use crate::calendar::Zone;
use crate::plan::{
    Assumed, Basis, BlockReason, Blocked, Doubt, FORMAT_VERSION, Floor, Forgotten, GroupHealth, HealthRead,
    InterfaceRead, LeftAlone, LeftAloneReason, OverriddenWindows, Plan, ResourceChange, RolloutPlan, RouteLeft,
    RoutesHeard, Step, Summary, Traffic, Upcoming, Warning,
};
use crate::resource::{Address, DriftPolicy, ScopeFailure, Target};
use crate::selector::Selector;

/// The keys of the document, in its order.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "rictl plan")]
pub(in crate::render) struct Document<'a> {
    /// The version of the format.
    format_version: &'static str,
    /// The rictl that made it.
    rictl_version: &'static str,
    /// When it was made.
    timestamp: Timestamp,
    /// What it would do, as one word.
    digest: String,
    /// The digest with when the plan was made, as `--approve-digest` and `approve` take it; left out where nothing is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    approve_with: Option<String>,
    /// Whose interfaces it is about.
    target: &'a Target,
    /// Every declared interface.
    resource_changes: &'a [ResourceChange],
    /// What left the state it was last seen in.
    resource_drift: &'a [ResourceChange],
    /// What to do, in one allowed order.
    steps: Vec<StepLine<'a>>,
    /// What cannot be had.
    blocked: Vec<BlockedLine<'a>>,
    /// What differs and is not touched; no cause of an exit code.
    left_alone: Vec<LeftAloneLine<'a>>,
    /// What was recorded and is no longer declared; it is not touched.
    forgotten: &'a [Forgotten],
    /// The guards that have become weaker since the last apply that ended well.
    guards_weakened: Vec<words::GuardTold>,
    /// There is something to apply.
    applyable: bool,
    /// An apply would bring about everything that the spec declares, but for what is left alone.
    complete: bool,
    /// Part of the cloud could not be read.
    errored: bool,
    /// The counts.
    summary: Summary,
    /// What it was made from.
    basis: &'a Basis,
    /// The floors that hold during the run.
    floors: &'a [Floor],
    /// How every group stands, by name.
    groups: &'a [GroupHealth],
    /// The waves, where the spec asks for them.
    rollout: Option<&'a RolloutPlan>,
    /// The worries.
    warnings: Vec<WarningLine<'a>>,
    /// What a dead run left open.
    doubts: Vec<DoubtLine<'a>>,
    /// The regions that could not be read.
    failures: &'a [ScopeFailure],
    /// The only interfaces looked at, empty for all.
    targeted: &'a [Address],
    /// The interfaces left out.
    excluded: &'a [Address],
    /// What it was made from beside spec and records: an apply of the saved plan makes it once more from these.
    inputs: Inputs<'a>,
    /// The moment that it is a plan of; null where that is its `timestamp`.
    at: Option<Timestamp>,
    /// What it takes as done by then.
    assumed: &'a [Assumed],
    /// What begins or ends within 24 hours.
    upcoming: &'a [Upcoming],
    /// The zone that texts show times in; left out where that is UTC, which keys always are in.
    #[serde(skip_serializing_if = "Zone::is_utc")]
    time_zone: &'a Zone,
    /// The windows that would hold something back and were overridden.
    #[serde(skip_serializing_if = "Option::is_none")]
    override_window: Option<&'a OverriddenWindows>,
    /// What interfaces carry: all that is looked at under `--traffic`, and what goes down under `limits.quiet_below`; left out where
    /// nobody asked.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    traffic: &'a [Traffic],
    /// The prefixes over what it deactivates, and what else leads there, by address, table and prefix.
    routes: &'a [RouteLeft],
}

/// What was chosen and what was read.
#[derive(Serialize, JsonSchema)]
struct Inputs<'a> {
    /// `--target`.
    target: &'a [Selector],
    /// `--exclude`.
    exclude: &'a [Selector],
    /// How many changes `--allow-changes` let through although a cap is lower; an apply of the plan has to be told, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_changes: Option<u32>,
    /// `--drift`, where it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    drift: Option<DriftPolicy>,
    /// How many `--allow-forgotten` let go although the cap is lower; an apply of the plan has to be told, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_forgotten: Option<u32>,
    /// Whether what was taken back is done again (`--redo`); an apply of the plan has to be told, too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    redo: bool,
    /// Up to when what begins and ends is taken as done, where that is not up to `at` (`--at open`).
    #[serde(skip_serializing_if = "Option::is_none")]
    assumed_before: Option<Timestamp>,
    /// What the cloud said of each declared interface, by address.
    read: &'a [InterfaceRead],
    /// What the health checks said that were asked for, by id.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    health: &'a [HealthRead],
    /// What `--allow-last-route` let go down although a route has no other next hop; an apply of the plan has to be told, too.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    allow_last_route: &'a [Address],
    /// What was read of the routes over what it deactivates.
    #[serde(skip_serializing_if = "RoutesHeard::is_empty")]
    routes: &'a RoutesHeard,
}

impl<'a> Document<'a> {
    pub(in crate::render) fn of(plan: &'a Plan) -> Self {
        let approval = plan.approve_with();
        Self {
            format_version: FORMAT_VERSION,
            rictl_version: env!("CARGO_PKG_VERSION"),
            timestamp: plan.timestamp,
            approve_with: plan.is_applyable().then(|| approval.to_string()),
            digest: approval.digest,
            target: &plan.target,
            resource_changes: &plan.resource_changes,
            resource_drift: &plan.resource_drift,
            steps: plan.steps.iter().map(StepLine::of).collect(),
            blocked: plan.blocked.iter().map(|blocked| BlockedLine::of(plan, blocked)).collect(),
            left_alone: plan.left_alone.iter().map(|left| LeftAloneLine::of(plan, left)).collect(),
            forgotten: &plan.forgotten,
            guards_weakened: plan.guards_weakened.iter().map(words::guard_weakened).collect(),
            applyable: plan.is_applyable(),
            complete: plan.is_complete(),
            errored: plan.is_errored(),
            summary: plan.summary(),
            basis: &plan.basis,
            floors: &plan.floors,
            groups: &plan.groups,
            rollout: plan.rollout.as_ref(),
            warnings: plan.warnings.iter().map(|warning| WarningLine::of(warning, &plan.time_zone)).collect(),
            doubts: plan.doubts.iter().map(|doubt| DoubtLine { finding: words::doubt(doubt), doubt }).collect(),
            failures: &plan.failures,
            targeted: &plan.targeted,
            excluded: &plan.excluded,
            inputs: Inputs {
                target: &plan.inputs.target,
                exclude: &plan.inputs.exclude,
                allow_changes: plan.inputs.allow_changes,
                drift: plan.inputs.drift,
                allow_forgotten: plan.inputs.allow_forgotten,
                redo: plan.inputs.redo,
                assumed_before: plan.inputs.assumed_before,
                read: &plan.inputs.read,
                health: &plan.inputs.health,
                allow_last_route: &plan.inputs.allow_last_route,
                routes: &plan.inputs.routes,
            },
            at: plan.at,
            assumed: &plan.assumed,
            upcoming: &plan.upcoming,
            time_zone: &plan.time_zone,
            override_window: plan.overridden.as_ref(),
            traffic: &plan.traffic,
            routes: &plan.routes,
        }
    }
}

/// Typed facts with their code, or the code alone of what a plan of format 1.0 said.
#[derive(Serialize)]
#[serde(untagged)]
enum Coded<'a, T> {
    Typed(&'a T),
    Told {
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<&'static str>,
    },
}

impl<T: JsonSchema> JsonSchema for Coded<'_, T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// One step.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Step")]
pub(in crate::render) struct StepLine<'a> {
    #[serde(flatten)]
    step: &'a Step,
    /// The margins in words.
    guards: Vec<String>,
}

impl<'a> StepLine<'a> {
    pub(in crate::render) fn of(step: &'a Step) -> Self {
        Self { guards: step.guards.iter().map(words::guard).collect(), step }
    }
}

/// A change that is wanted and cannot be had.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Blocked")]
pub(in crate::render) struct BlockedLine<'a> {
    /// The interface.
    address: &'a Address,
    #[serde(flatten)]
    reason: Coded<'a, BlockReason>,
    /// Why, in words: who, where, since when, and what to do.
    detail: String,
}

impl<'a> BlockedLine<'a> {
    pub(in crate::render) fn of(plan: &Plan, blocked: &'a Blocked) -> Self {
        let reason = match &blocked.reason {
            BlockReason::Told { of, .. } => Coded::Told { code: Some(of.as_str()) },
            typed => Coded::Typed(typed),
        };
        Self { address: &blocked.address, reason, detail: words::blocked(plan, blocked) }
    }
}

/// An interface that differs and is left alone.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LeftAlone")]
pub(in crate::render) struct LeftAloneLine<'a> {
    /// The interface.
    address: &'a Address,
    #[serde(flatten)]
    reason: Coded<'a, LeftAloneReason>,
    /// Why, in words.
    detail: String,
}

impl<'a> LeftAloneLine<'a> {
    pub(in crate::render) fn of(plan: &Plan, left: &'a LeftAlone) -> Self {
        let reason = match &left.reason {
            LeftAloneReason::Told { of, .. } => Coded::Told { code: Some(of.as_str()) },
            typed => Coded::Typed(typed),
        };
        Self { address: &left.address, reason, detail: words::left_alone(plan, left) }
    }
}

/// A worry that stops nothing.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Warning")]
pub(in crate::render) struct WarningLine<'a> {
    #[serde(flatten)]
    warning: Coded<'a, Warning>,
    /// The guards that have become weaker, where it is about those.
    #[serde(skip_serializing_if = "Option::is_none")]
    guards: Option<Vec<words::GuardTold>>,
    /// What.
    summary: String,
    /// Where and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl<'a> WarningLine<'a> {
    pub(in crate::render) fn of(warning: &'a Warning, zone: &Zone) -> Self {
        let words::Said { summary, detail } = words::warning(warning, zone);
        let guards = match warning {
            Warning::GuardsWeakened { guards } => Some(guards.iter().map(words::guard_weakened).collect()),
            _ => None,
        };
        // What they say of themselves is their detail: the key stands once.
        let says_itself = matches!(
            warning,
            Warning::HealthDenied { .. } | Warning::EventsUnread { .. } | Warning::RoutesDenied { .. }
        );
        let detail = detail.filter(|_| !says_itself);
        let warning = match warning {
            Warning::Told { .. } => Coded::Told { code: None },
            typed => Coded::Typed(typed),
        };
        Self { warning, guards, summary, detail }
    }
}

/// What a run that died left open.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Doubt")]
struct DoubtLine<'a> {
    #[serde(flatten)]
    doubt: &'a Doubt,
    /// What a read says now, in words.
    finding: String,
}

#[cfg(test)]
mod tests;
