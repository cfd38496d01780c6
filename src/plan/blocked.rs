//! Why a wanted change cannot be had, or is left alone: typed facts. How they read is `render`'s.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{HealthUnread, Knob, RouteLoss, TrafficUnread};
use crate::resource::{Address, BusinessStatus, ChangeName, GroupName, Region, Status};
use crate::state::RunId;

/// The stable word of a [`BlockReason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockCode {
    /// A group's floor would break.
    Floor,
    /// A group's floor would break, as its health checks say.
    Health,
    /// It carries more than `limits.quiet_below`, or nobody can tell.
    Traffic,
    /// A route would have no next hop left.
    Route,
    /// `protect: true`.
    Protected,
    /// More changes than `limits` allows.
    Cap,
    /// Changes together would break a floor, and this one is the later.
    Clash,
    /// Windows do not let it through now.
    Window,
    /// Something it needs is not going to happen.
    Dependency,
    /// Locked for unpaid bills.
    FinancialLocked,
    /// Locked by the vendor.
    SecurityLocked,
    /// Locked with a word nobody documents.
    BusinessLocked,
    /// The API says there is no such interface.
    NotFound,
    /// It lives in another region than declared.
    WrongRegion,
    /// Created, never connected.
    Idle,
    /// Connecting for the first time: in plans of format 1.0 only, later ones wait for it.
    Connecting,
    /// On its way out.
    Deleting,
    /// The opposite side was deleted: it can never be activated again.
    PeerDeleted,
    /// A status word that nobody documents.
    UnknownStatus,
    /// Its region could not be read.
    Unreadable,
    /// A newer run, not itself taken back, has changed what a way back is to change.
    Superseded,
    /// The spec does not declare what a way back is to change.
    Undeclared,
    /// A run that changed it awaits confirmation.
    Unconfirmed,
}

impl BlockCode {
    /// Returns the word in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Health => "health",
            Self::Traffic => "traffic",
            Self::Route => "route",
            Self::Protected => "protected",
            Self::Cap => "cap",
            Self::Clash => "clash",
            Self::Window => "window",
            Self::Dependency => "dependency",
            Self::FinancialLocked => "financial_locked",
            Self::SecurityLocked => "security_locked",
            Self::BusinessLocked => "business_locked",
            Self::NotFound => "not_found",
            Self::WrongRegion => "wrong_region",
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Deleting => "deleting",
            Self::PeerDeleted => "peer_deleted",
            Self::UnknownStatus => "unknown_status",
            Self::Unreadable => "unreadable",
            Self::Superseded => "superseded",
            Self::Undeclared => "undeclared",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}

/// What a group would be left with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shortage {
    /// The group.
    pub group: GroupName,
    /// How many links it would be left with.
    pub left: u32,
    /// Of how many.
    pub of: u32,
    /// How many have to be up.
    pub floor: u32,
    /// What set the floor.
    pub knob: Option<Knob>,
    /// Members that are not up, or are to go down, but for the one that is blocked; the first few.
    pub not_up: Vec<NotUp>,
    /// How many more there are.
    pub more: u32,
}

/// Why a wanted change cannot be had. Fields are keys of the document beside `address`, `code` and `detail`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum BlockReason {
    /// A group's floor would break.
    Floor(Shortage),
    /// A group's floor would break: enough links are up, and not enough of them by their health checks.
    Health(Shortage),
    /// It carries more than it may to go down, or nobody can tell.
    Traffic {
        /// What it carries towards its router, in bits per second; null where nobody can tell.
        in_bps: Option<u64>,
        /// From its router; null likewise.
        out_bps: Option<u64>,
        /// How much both may be together.
        limit_bps: u64,
        /// Where that stands.
        at: String,
        /// Why it could not be read, where it is not that there are no figures.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unread: Option<TrafficUnread>,
    },
    /// Prefixes would have no next hop left, or nobody can tell.
    Route(RouteLoss),
    /// `protect: true`.
    Protected {
        /// Where that stands.
        at: String,
    },
    /// More changes than a cap allows.
    Cap {
        /// How many changes are refused together.
        changes: u32,
        /// What is exceeded.
        exceeded: Exceeded,
        /// The cap.
        knob: Knob,
        /// What `--allow-changes` said, which is not the exact number.
        allowed: Option<u32>,
    },
    /// Changes together would break a floor, and its change is the later.
    Clash {
        /// Its change.
        change: ChangeName,
        /// The changes that began before.
        others: Vec<ChangeName>,
        /// The group.
        group: GroupName,
        /// How many members all of them leave up.
        up: u32,
        /// Of how many.
        of: u32,
        /// How many have to be.
        floor: u32,
    },
    /// Windows do not let it through now.
    Window {
        /// The one that holds it back.
        window: String,
        /// When all of them together let it through; null where they do not within 400 days.
        opens_at: Option<Timestamp>,
    },
    /// Something it needs is not going to happen.
    Dependency {
        /// What it needs.
        needed: Address,
        /// Why that does not happen.
        why: Unmet,
    },
    /// Locked for unpaid bills.
    FinancialLocked,
    /// Locked by the vendor.
    SecurityLocked,
    /// Locked with a word that nobody documents.
    BusinessLocked {
        /// The word; untrusted text.
        word: String,
    },
    /// The API says there is no such interface.
    NotFound,
    /// It lives elsewhere.
    WrongRegion {
        /// Where.
        found_in: Region,
    },
    /// Created, never connected.
    Idle,
    /// On its way out.
    Deleting {
        /// How far.
        status: Status,
    },
    /// The opposite side was deleted.
    PeerDeleted,
    /// A status word that nobody documents.
    UnknownStatus {
        /// The word; untrusted text.
        word: String,
    },
    /// Its scope could not be read.
    Unreadable,
    /// A newer run, not itself taken back, has changed it since.
    Superseded {
        /// That run.
        run_id: RunId,
        /// The change that it belonged to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change_id: Option<String>,
        /// The other end of its link, where it is that one that was changed: both may come up together.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        other: Option<Address>,
    },
    /// The spec does not declare it.
    Undeclared,
    /// A run that changed it awaits confirmation.
    Unconfirmed {
        /// That run.
        run_id: RunId,
        /// Until when it can be confirmed.
        until: Timestamp,
        /// That moment is over.
        #[serde(rename = "due", default, skip_serializing_if = "std::ops::Not::not")]
        is_due: bool,
        /// The way back that was begun and has not ended well.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left_by: Option<RunId>,
    },
    /// The sentence of a plan of format 1.0, which kept no more than that.
    #[serde(skip)]
    Told {
        /// Its code.
        of: BlockCode,
        /// The sentence; untrusted text.
        text: String,
    },
}

impl BlockReason {
    /// Returns the stable word for it.
    pub fn code(&self) -> BlockCode {
        match self {
            Self::Floor(_) => BlockCode::Floor,
            Self::Health(_) => BlockCode::Health,
            Self::Traffic { .. } => BlockCode::Traffic,
            Self::Route(_) => BlockCode::Route,
            Self::Protected { .. } => BlockCode::Protected,
            Self::Cap { .. } => BlockCode::Cap,
            Self::Clash { .. } => BlockCode::Clash,
            Self::Window { .. } => BlockCode::Window,
            Self::Dependency { .. } => BlockCode::Dependency,
            Self::FinancialLocked => BlockCode::FinancialLocked,
            Self::SecurityLocked => BlockCode::SecurityLocked,
            Self::BusinessLocked { .. } => BlockCode::BusinessLocked,
            Self::NotFound => BlockCode::NotFound,
            Self::WrongRegion { .. } => BlockCode::WrongRegion,
            Self::Idle => BlockCode::Idle,
            Self::Deleting { .. } => BlockCode::Deleting,
            Self::PeerDeleted => BlockCode::PeerDeleted,
            Self::UnknownStatus { .. } => BlockCode::UnknownStatus,
            Self::Unreadable => BlockCode::Unreadable,
            Self::Superseded { .. } => BlockCode::Superseded,
            Self::Undeclared => BlockCode::Undeclared,
            Self::Unconfirmed { .. } => BlockCode::Unconfirmed,
            Self::Told { of, .. } => *of,
        }
    }
}

/// A member of a group that does not count as up, or will not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotUp {
    /// The member.
    pub address: Address,
    /// Why.
    pub why: WhyNotUp,
}

/// Why a member of a group does not count as up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyNotUp {
    /// It could not be seen.
    Unseen,
    /// It is not Active.
    Is {
        /// What it is.
        status: Status,
        /// Since when, where that is known.
        since: Option<Timestamp>,
    },
    /// Its opposite side is not Active.
    Opposite {
        /// What that is, where the API says.
        status: Option<Status>,
    },
    /// It is locked.
    Locked {
        /// How.
        business_status: BusinessStatus,
    },
    /// Its health check says that it is down.
    Unhealthy,
    /// Its health check could not be read.
    HealthUnread {
        /// Why not.
        why: HealthUnread,
    },
    /// The plan takes it down.
    ToGoDown,
}

/// What a cap counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Exceeded {
    /// All changes.
    Changes,
    /// All changes, against a share of what is declared.
    Share {
        /// How many are declared.
        declared: u32,
        /// How many of them may change.
        allows: u32,
    },
    /// The changes in one group.
    Group {
        /// The group.
        name: GroupName,
        /// How many.
        count: u32,
    },
    /// What is gone from the spec.
    Forgotten,
    /// The changes in one region.
    Region {
        /// The region.
        name: Region,
        /// How many.
        count: u32,
    },
}

/// Why something that another interface needs does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unmet {
    /// It is blocked itself.
    Blocked(BlockCode),
    /// It is left alone.
    LeftAlone(LeftAloneCode),
    /// `--target` or `--exclude` leave it out.
    LeftOut,
    /// It is to be up, and needs what would go down.
    StaysUp,
    /// It is to be down.
    StaysDown,
}

/// A change that is wanted and cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Blocked {
    /// The interface.
    pub address: Address,
    /// Why.
    #[serde(flatten)]
    pub reason: BlockReason,
}

impl Blocked {
    /// Returns the stable word for why.
    pub fn code(&self) -> BlockCode {
        self.reason.code()
    }
}

/// The stable word of a [`LeftAloneReason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftAloneCode {
    /// `hands_off`.
    HandsOff,
    /// The other end of its link is declared Inactive.
    OtherEnd,
    /// It was taken back.
    RolledBack,
    /// Only the cloud has moved it, and drift is left.
    Drift,
}

impl LeftAloneCode {
    /// Returns the word in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HandsOff => "hands_off",
            Self::OtherEnd => "other_end",
            Self::RolledBack => "rolled_back",
            Self::Drift => "drift",
        }
    }
}

/// Why something that differs is not touched, and is no cause of an exit code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum LeftAloneReason {
    /// `hands_off`, past its date or not.
    HandsOff {
        /// The reason that the spec gives; untrusted text.
        reason: String,
        /// The last day that it was meant to stand.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Date>,
        /// Where it stands.
        at: String,
    },
    /// The other end of its link is declared Inactive, and the two may move together.
    OtherEnd {
        /// The other end.
        other: Address,
        /// Where its status stands.
        at: String,
    },
    /// A run took it back, and what had asked for it has not altered since.
    RolledBack {
        /// The run that took it back.
        run_id: RunId,
        /// The other end of its link, where it is that one that was taken back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        other: Option<Address>,
    },
    /// Neither the spec nor a change has asked for anything else since the last apply: the cloud has moved it, and that is left.
    Drift,
    /// The sentence of a plan of format 1.0, which kept no more than that.
    #[serde(skip)]
    Told {
        /// Its code.
        of: LeftAloneCode,
        /// The sentence; untrusted text.
        text: String,
    },
}

impl LeftAloneReason {
    /// Returns the stable word for it.
    pub fn code(&self) -> LeftAloneCode {
        match self {
            Self::HandsOff { .. } => LeftAloneCode::HandsOff,
            Self::OtherEnd { .. } => LeftAloneCode::OtherEnd,
            Self::RolledBack { .. } => LeftAloneCode::RolledBack,
            Self::Drift => LeftAloneCode::Drift,
            Self::Told { of, .. } => *of,
        }
    }
}

/// An interface that differs and is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftAlone {
    /// The interface.
    pub address: Address,
    /// Why.
    #[serde(flatten)]
    pub reason: LeftAloneReason,
}
