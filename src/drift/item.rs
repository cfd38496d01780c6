//! One interface that is not where it was, and why.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::who::{self, Who, WhoUnknown};
use crate::plan::{ActionReason, BlockCode, BlockReason};
use crate::resource::{
    Address, BusinessStatus, ChangeName, DesiredStatus, GroupName, RouterInterfaceId, Scope, Status,
};
use crate::state::RunId;

/// Why an interface is not where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DriftCause {
    /// It differs, for one of the reasons that a plan gives too.
    Differs(ActionReason),
    /// The cloud is at work on it: neither moved nor settled.
    InTransition,
    /// It moved, and `hands_off` says that this is known.
    HandsOff,
    /// It is down with the other end of its link, which is declared Inactive: the two may move as one.
    OtherEnd,
    /// What its entry asks for was taken back.
    RolledBack,
    /// A change has ended and left it behind.
    Overdue,
    /// What its entry asks for was never applied, and cannot be had.
    Blocked,
}

impl DriftCause {
    /// Every cause, in the order of the documents.
    pub const ALL: [Self; 11] = [
        Self::Differs(ActionReason::SpecChanged),
        Self::Differs(ActionReason::Drift),
        Self::Differs(ActionReason::Both),
        Self::Differs(ActionReason::New),
        Self::Differs(ActionReason::ChangeBegun),
        Self::InTransition,
        Self::HandsOff,
        Self::OtherEnd,
        Self::RolledBack,
        Self::Overdue,
        Self::Blocked,
    ];

    /// Returns the word in the documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Differs(reason) => reason.as_str(),
            Self::InTransition => "in_transition",
            Self::HandsOff => "hands_off",
            Self::OtherEnd => "other_end",
            Self::RolledBack => "rolled_back",
            Self::Overdue => "overdue",
            Self::Blocked => "blocked",
        }
    }

    /// Returns whether it is drift: exit code 2, a failure in reports, news for whoever is told.
    pub fn is_finding(self) -> bool {
        matches!(self, Self::Differs(_) | Self::RolledBack | Self::Overdue)
    }
}

impl Serialize for DriftCause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for DriftCause {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        let known = Self::ALL.into_iter().find(|cause| cause.as_str() == word);
        known.ok_or_else(|| serde::de::Error::custom(format!("{word:?} is no cause of drift")))
    }
}

impl JsonSchema for DriftCause {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DriftCause".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "enum": Self::ALL.map(Self::as_str),
        })
    }
}

/// One interface that is not where the spec or the last apply put it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DriftItem {
    /// The key in the spec.
    pub address: Address,
    /// The cloud's id.
    pub id: RouterInterfaceId,
    /// Where it lives.
    #[serde(flatten)]
    pub scope: Scope,
    /// Why it is listed.
    pub cause: DriftCause,
    /// The declared status.
    #[serde(skip)]
    pub spec: DesiredStatus,
    /// The groups that it counts for, itself or as the other side of a member.
    pub groups: BTreeSet<GroupName>,
    /// When a check that keeps a memory first found it away; null where none is kept.
    pub first_seen: Option<Timestamp>,
    /// The status that was last applied and confirmed; `None` if none ever was.
    pub last_applied: Option<DesiredStatus>,
    /// The live status; `None` where the API says there is no such interface.
    pub live: Option<Status>,
    /// Since when the live status is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The reason of `hands_off`, or of the spec; untrusted text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The last day of its `hands_off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hands_off_until: Option<Date>,
    /// That day is over; the interface is left alone all the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hands_off_expired: bool,
    /// The change that asks for what it is to be, or that has ended and left it behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_id: Option<ChangeName>,
    /// When the change ended that left it behind; `None` also where its block is gone, so that nobody knows.
    pub overdue_since: Option<Timestamp>,
    /// The run that took back what the spec asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_back_by: Option<RunId>,
    /// How it is locked, where that is why it is listed: it stands as declared, and carries nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub business_status: Option<BusinessStatus>,
    /// Why what was never applied cannot be had, as a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<BlockCode>,
    /// The same with its facts.
    #[serde(skip)]
    pub blocked: Option<BlockReason>,
    /// Who moved it, as the log of calls has it; null where it has nobody, left out where nobody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<Option<Who>>,
    /// Why it has nobody.
    #[serde(skip)]
    pub who_unknown: Option<WhoUnknown>,
    /// When it was seen last as it was before, as far as is recorded.
    #[serde(skip)]
    pub last_seen_before: Option<Timestamp>,
}

impl DriftItem {
    /// Returns whether it is drift because the cloud left what was applied, and not because what is declared was never applied,
    /// or is to be applied or taken up again.
    pub fn has_moved(&self) -> bool {
        match self.cause {
            DriftCause::Differs(ActionReason::Drift | ActionReason::Both) => true,
            DriftCause::Differs(
                ActionReason::New | ActionReason::SpecChanged | ActionReason::ChangeBegun | ActionReason::ChangeEnded,
            )
            | DriftCause::InTransition
            | DriftCause::HandsOff
            | DriftCause::OtherEnd
            | DriftCause::RolledBack
            | DriftCause::Overdue
            | DriftCause::Blocked => false,
        }
    }
}

impl DriftItem {
    /// Returns whether a plan may bring it to where it is declared: what is gone none can, nor what is locked and stands so.
    pub fn can_be_brought_back(&self) -> bool {
        self.live.is_some() && self.business_status.is_none()
    }

    /// Returns whether somebody may have moved it: what was never applied, is asked for anew, or stands as it was and is locked,
    /// nobody has.
    pub fn may_have_been_moved(&self) -> bool {
        self.business_status.is_none() && self.has_a_mover()
    }

    fn has_a_mover(&self) -> bool {
        match self.cause {
            DriftCause::Differs(ActionReason::Drift | ActionReason::Both | ActionReason::ChangeEnded)
            | DriftCause::InTransition
            | DriftCause::HandsOff
            | DriftCause::RolledBack
            | DriftCause::Overdue => true,
            DriftCause::Differs(ActionReason::New | ActionReason::SpecChanged | ActionReason::ChangeBegun)
            | DriftCause::OtherEnd
            | DriftCause::Blocked => false,
        }
    }

    /// Returns since when a call can have moved it.
    pub fn moved_after(&self, now: Timestamp) -> Timestamp {
        who::moved_after(self.last_seen_before, now)
    }

    /// Returns why the log of calls has nobody at `now` who moved it.
    pub fn nobody(&self, now: Timestamp) -> WhoUnknown {
        who::nobody(self.since, now)
    }
}
