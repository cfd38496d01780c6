//! Why a step, or a run, did not end plainly.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::Outcome;
use crate::language::Wording;
use crate::plan::{BlockCode, Blocked, Expectation, Goal, HealthUnread, Knob, RouteLoss, StepId, TrafficUnread};
use crate::resource::{Address, BusinessStatus, GroupName, RequestId, Scope, ScopeFailure, Status};
use crate::state::RunId;

/// What a group would keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shortfall {
    /// The group.
    pub group: GroupName,
    /// How many links would stay up, or up and healthy.
    pub kept: u32,
    /// How many links count.
    pub links: u32,
    /// How many have to be up.
    pub floor: u32,
    /// The knob that set the floor, with its place.
    pub knob: Option<Knob>,
    /// Which members are down or unhealthy, and why.
    pub down: Vec<NotUp>,
}

/// Why a step ended as it did, beside its outcome. Written into journals: variants are added, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum StepReason {
    /// The live status was not the expected one.
    Moved {
        /// What the step expected.
        expected: Expectation,
        /// What was read; `None` for an interface that is gone.
        found: Option<Status>,
    },
    /// Before its call the cloud was at work on it, for longer than the settle timeout.
    InTransition {
        /// What was read last.
        found: Option<Status>,
    },
    /// The floor of a group would break.
    Floor(Box<Shortfall>),
    /// The floor of a group would break, as its health checks say.
    Health(Box<Shortfall>),
    /// It carried more than `limits.quiet_below` when its call was to be sent, or nobody could tell.
    Traffic {
        /// What it carried towards its router, in bits per second; null where nobody could tell.
        in_bps: Option<u64>,
        /// From its router; null likewise.
        out_bps: Option<u64>,
        /// How much both may be together.
        limit_bps: u64,
        /// Why it could not be read, where it is not that there were no figures.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unread: Option<TrafficUnread>,
    },
    /// Prefixes would have no next hop left, or nobody could tell.
    Route(Box<RouteLoss>),
    /// Windows did not let its call through when it was to be sent.
    Window {
        /// The one that held it back; untrusted text.
        window: String,
        /// When all of them together let it through; null where they do not within 400 days.
        opens_at: Option<Timestamp>,
    },
    /// A change about its interface began or ended before its call was sent.
    ChangeOver {
        /// When.
        at: Timestamp,
    },
    /// The account's bills or the vendor's security team hold the interface.
    BusinessLocked {
        /// What the API calls it.
        business_status: BusinessStatus,
    },
    /// Its opposite side was deleted: it can never be activated again.
    PeerDeleted,
    /// The API refused the call.
    Failed {
        /// The API's code and words; untrusted text.
        error: Wording,
        /// The API's code, as it spelled it.
        api_code: Option<String>,
        /// The id of the answer.
        request_id: Option<RequestId>,
        /// What to do next.
        hint: Option<Wording>,
    },
    /// Its scope could not be read: its call was not sent, or was and cannot be watched any more.
    Unread {
        /// What could not be read.
        scope: Scope,
        /// What the API or the network said; untrusted text.
        error: Wording,
        /// Its call was sent.
        #[serde(rename = "sent", default, skip_serializing_if = "std::ops::Not::not")]
        is_sent: bool,
    },
    /// What its call rests on was read, and some of it was too old by the time that the call was to leave, several times.
    TooOld {
        /// What was too old the last time.
        pages: Vec<OldPage>,
        /// How old it may be, in milliseconds.
        max_age_ms: u64,
        /// How often it was tried.
        rounds: u32,
    },
    /// What it depends on has no step of its own, and is not up any more.
    NeededIsDown {
        /// What it depends on.
        address: Address,
        /// What was read; `None` for an interface that is gone.
        found: Option<Status>,
    },
    /// The goal was not seen in time.
    NotSettled {
        /// What was read last; `None` where nothing was.
        found: Option<Status>,
        /// How long it was waited for.
        waited_ms: u64,
        /// No read succeeded meanwhile: what was read last is older than the call.
        unread: bool,
        /// For how long no read had succeeded by then, in milliseconds, where that is longer than reads are apart.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unread_ms: Option<u64>,
        /// What the last read said that failed; untrusted text. None where the last one succeeded, or has no answer yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Wording>,
    },
    /// After the call was accepted, a status was read from which the goal is not reached: somebody else acts.
    Diverted {
        /// What was read; `None` for an interface that is gone.
        found: Option<Status>,
    },
    /// The answer to the call was lost; what a read found says how far it came.
    AnswerLost {
        /// What was read; `None` where nothing was.
        found: Option<Status>,
        /// What happened to the answer; untrusted text.
        error: Option<Wording>,
        /// What was read is neither the goal nor on the way there: somebody else acts.
        diverted: bool,
    },
    /// The answer to the call was lost, and the API refused its repeat: that says nothing of the first copy.
    RepeatRefused {
        /// What was read before the repeat; `None` where nothing was.
        found: Option<Status>,
        /// The API's code and words of the refusal; untrusted text.
        error: Wording,
    },
    /// Its process is gone, nothing of it shows, and the API refuses it by now.
    NeverArrived {
        /// What was read; `None` where nothing was.
        found: Option<Status>,
    },
    /// The answer to the call was lost, and the run stopped before a read could tell.
    Unwatched,
    /// It was sent, and nobody waited for its end.
    Abandoned,
    /// A step that this one needs did not reach its goal.
    Dependency {
        /// The step that is needed.
        step: StepId,
    },
    /// A signal came before it was started.
    Interrupted,
    /// The run stopped before it was started.
    Stopped,
    /// The sentence of an older version, which kept no more than that.
    Told {
        /// The sentence; untrusted text.
        text: String,
    },
}

impl StepReason {
    /// Returns the stable word of it in JSON, for a step that ended with `outcome`.
    pub fn code(&self, outcome: Option<Outcome>) -> &'static str {
        match self {
            Self::Moved { .. } | Self::InTransition { .. } => "moved",
            Self::Floor(_) => BlockCode::Floor.as_str(),
            Self::Health(_) => BlockCode::Health.as_str(),
            Self::Traffic { .. } => BlockCode::Traffic.as_str(),
            Self::Route(_) => BlockCode::Route.as_str(),
            Self::Window { .. } => BlockCode::Window.as_str(),
            Self::ChangeOver { .. } => "change_over",
            Self::BusinessLocked { business_status } => match business_status {
                BusinessStatus::FinancialLocked => BlockCode::FinancialLocked.as_str(),
                BusinessStatus::SecurityLocked => BlockCode::SecurityLocked.as_str(),
                BusinessStatus::Normal | BusinessStatus::Unknown(_) => BlockCode::BusinessLocked.as_str(),
            },
            Self::PeerDeleted => BlockCode::PeerDeleted.as_str(),
            Self::Failed { .. } | Self::NeverArrived { .. } => "failed",
            Self::Unread { .. } => "unread",
            Self::TooOld { .. } => "too_old",
            Self::NeededIsDown { .. } => "dependency",
            Self::NotSettled { .. } | Self::Diverted { .. } => "not_settled",
            Self::AnswerLost { .. } | Self::RepeatRefused { .. } | Self::Unwatched => "in_doubt",
            Self::Abandoned | Self::Told { .. } => outcome.map_or("in_doubt", code_of),
            Self::Dependency { .. } | Self::Stopped => "skipped",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Returns the stable word for an outcome of which no more is known.
fn code_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done | Outcome::Already | Outcome::DoneUnknown => "done",
        Outcome::Guarded => "floor",
        Outcome::Moved => "moved",
        Outcome::Failed => "failed",
        Outcome::Unsettled => "not_settled",
        Outcome::InDoubt => "in_doubt",
        Outcome::Skipped | Outcome::NotStarted => "skipped",
    }
}

/// What was read of one interface, too long ago.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OldPage {
    /// Its key in the spec.
    pub address: Address,
    /// Where it was read.
    #[serde(flatten)]
    pub scope: Scope,
    /// How long ago it had been asked for, in milliseconds.
    pub age_ms: u64,
    /// It is what its health check said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_check: bool,
    /// It is what it carries.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_traffic: bool,
}

/// A member of a group that does not count as up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotUp {
    /// Its key in the spec.
    pub address: Address,
    /// Why.
    pub why: WhyNotUp,
}

/// Why a member of a group does not count as up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyNotUp {
    /// It was read, and is not Active, or its opposite side is not, or it is locked.
    Read {
        /// Its status.
        status: Status,
        /// The status of its opposite side, where the API tells.
        opposite: Option<Status>,
        /// What holds it.
        business_status: BusinessStatus,
    },
    /// This run has taken it down, or may have.
    GoingDown,
    /// Its health check says that it is down.
    Unhealthy,
    /// Its health check could not be read.
    HealthUnread {
        /// Why not.
        why: HealthUnread,
    },
    /// It was not seen: gone, or not read.
    Unseen,
}

/// Why a run began no further steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum StopReason {
    /// A step did not reach its goal, and the run was asked to stop then.
    Failed {
        /// The step.
        step: StepId,
    },
    /// What stands between two waves said no.
    Wave {
        /// The wave that had ended, from 1.
        wave: u32,
        /// Of how many.
        waves: u32,
        /// What it said.
        because: WaveFailure,
    },
    /// The clocks disagree: no call is repeated.
    ClockSkew,
    /// The credentials belong to another account now.
    OtherAccount,
}

/// What could not be recorded, and where it was written instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unrecorded {
    /// Why not; untrusted text.
    pub error: Wording,
    /// Where what is missing was written, or why it could not be written to a second place either.
    pub rescued: Result<String, Wording>,
    /// Somebody else has taken the state over: what is missing is theirs to find out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken_over: bool,
}

/// One reason why a run did not end with code 0. Written into journals: variants are added, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// A step did not reach its goal.
    Step {
        /// The interface.
        address: Address,
        /// How the step ended.
        outcome: Option<Outcome>,
        /// Why.
        because: Option<StepReason>,
    },
    /// Wanted, and blocked when it was planned.
    Blocked(Blocked),
    /// A region that could not be read when it was planned, or at the last look.
    Unread(ScopeFailure),
    /// An interface reached its goal and was seen elsewhere at the last look.
    DidNotStay {
        /// The interface.
        address: Address,
        /// Where it had been seen.
        goal: Goal,
        /// What was seen last; `None` for an interface that is gone.
        found: Option<Status>,
    },
    /// A touched group is below its floor at the last look, whoever did it.
    BelowFloor {
        /// The group.
        group: GroupName,
        /// How many links are up.
        up: u32,
        /// How many links count.
        links: u32,
        /// How many have to be up.
        floor: u32,
        /// Which members are down, and why.
        down: Vec<NotUp>,
    },
    /// Nothing further was begun.
    Stopped {
        /// Why.
        because: StopReason,
    },
    /// What was to be recorded could not be.
    Unrecorded(Unrecorded),
    /// Nobody confirmed the run in time.
    Unconfirmed {
        /// When the time was over.
        until: Timestamp,
    },
    /// It was taken back.
    TakenBack {
        /// By which run.
        by: RunId,
    },
    /// A way back was begun and left something of it.
    LeftOver {
        /// That way back.
        by: RunId,
    },
    /// It failed, and its own way back was blocked.
    NotTakenBack(Blocked),
    /// A signal came before the last look had ended.
    Interrupted,
}

/// What a reason is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// One interface.
    Address(&'a Address),
    /// One group.
    Group(&'a GroupName),
    /// The run as a whole.
    Run,
}

impl Reason {
    /// Returns the stable word of it in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Step { outcome, because: Some(because), .. } => because.code(*outcome),
            Self::Step { outcome, because: None, .. } => outcome.map_or("in_doubt", code_of),
            Self::Blocked(blocked) | Self::NotTakenBack(blocked) => blocked.code().as_str(),
            Self::Unread(_) => "unread",
            Self::DidNotStay { .. } => "did_not_stay",
            Self::BelowFloor { .. } => "below_floor",
            Self::Stopped { because } => match because {
                StopReason::Wave { because, .. } => because.code(),
                StopReason::Failed { .. } | StopReason::ClockSkew => "failed",
                StopReason::OtherAccount => "moved",
            },
            Self::Unrecorded(unrecorded) if unrecorded.taken_over => "fenced",
            Self::Unrecorded(_) => "unrecorded",
            Self::Unconfirmed { .. } => "unconfirmed",
            Self::TakenBack { .. } => "taken_back",
            Self::LeftOver { .. } => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// Returns what it is about.
    pub fn subject(&self) -> Subject<'_> {
        match self {
            Self::Step { address, .. } | Self::DidNotStay { address, .. } => Subject::Address(address),
            Self::Blocked(blocked) | Self::NotTakenBack(blocked) => Subject::Address(&blocked.address),
            Self::BelowFloor { group, .. } => Subject::Group(group),
            Self::Unread(_)
            | Self::Stopped { .. }
            | Self::Unrecorded(_)
            | Self::Unconfirmed { .. }
            | Self::TakenBack { .. }
            | Self::LeftOver { .. }
            | Self::Interrupted => Subject::Run,
        }
    }
}

/// Why the next wave may not begin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum WaveFailure {
    /// A step of the wave did not reach its goal.
    Failed {
        /// The step.
        step: StepId,
    },
    /// The members of the touched groups could not be read.
    Unread {
        /// Where.
        scope: Scope,
        /// What the API or the network said; untrusted text.
        error: Wording,
    },
    /// Members that have to be up are not.
    Lost {
        /// Which, and why.
        down: Vec<NotUp>,
    },
    /// The account's lock, freed in the pause, cannot be taken again.
    Locked {
        /// What the system said.
        error: Wording,
    },
    /// The check command of the spec said no.
    Check {
        /// How it ended; untrusted text.
        said: String,
    },
    /// What the groups of the wave carried before it could not be told, so nothing of it was begun.
    Unmeasured {
        /// A member of which nobody could tell.
        address: Address,
        /// Why it could not be read, where it is not that there were no figures.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unread: Option<TrafficUnread>,
    },
    /// Not enough traffic came back in time.
    Traffic {
        /// Into which groups.
        groups: Vec<GroupTraffic>,
        /// How long it was waited for, in milliseconds.
        within_ms: u64,
    },
}

/// What came back into a group after a wave that brought some of it up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupTraffic {
    /// The group.
    pub group: GroupName,
    /// What its members carried before, in bits per second.
    pub before_bps: u64,
    /// How much of that what came up had to carry.
    pub wanted_bps: u64,
    /// What that carried last; null where nobody could tell.
    pub now_bps: Option<u64>,
    /// Why it could not be read, where it is not that there were no figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<TrafficUnread>,
}
