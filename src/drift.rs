//! Drift: what is not where the spec or the last apply put it, and why. The one definition of it.
//!
//! `Subject` compares the three sides of one interface: what is declared, what was recorded, what is live. The planner
//! asks it why something changes and what left the status it was last seen in; [`compare`] asks it what `drift` reports.
//! Whether an item counts as a finding is said in one place, [`DriftCause::is_finding`]. No clock, no prose.

pub(crate) mod at_work;
mod groups;
mod links;
mod subject;
mod who;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::calendar::Zone;
use crate::diagnostic::{Diagnostic, Sources};
use crate::plan::{ActionReason, BlockCode, BlockReason, GroupHealth, Warning};
use crate::resource::{
    Address, BusinessStatus, ChangeName, DesiredStatus, GroupName, LiveState, RouterInterfaceId, Scope, ScopeFailure,
    Status, Target,
};
use crate::spec::finding::Code;
use crate::spec::{Interface, Spec};
use crate::state::{RunId, State};

pub use self::groups::groups;
pub(crate) use self::groups::{Unhealthy, health, why};
pub(crate) use self::links::{links_of, opposite_sides};
pub(crate) use self::subject::{Subject, match_up, unfit};
pub use self::who::{Mover, Who, WhoUnknown, can_move};

/// Why an interface is not where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DriftCause {
    /// It differs, for one of the reasons that a plan gives too.
    Differs(ActionReason),
    /// The cloud is at work on it: neither moved nor settled.
    InTransition,
    /// It moved, and `hands_off` says that this is known.
    HandsOff,
    /// What its entry asks for was taken back.
    RolledBack,
    /// A change has ended and left it behind.
    Overdue,
    /// What its entry asks for was never applied, and cannot be had.
    Blocked,
}

impl DriftCause {
    /// Every cause, in the order of the documents.
    pub const ALL: [Self; 10] = [
        Self::Differs(ActionReason::SpecChanged),
        Self::Differs(ActionReason::Drift),
        Self::Differs(ActionReason::Both),
        Self::Differs(ActionReason::New),
        Self::Differs(ActionReason::ChangeBegun),
        Self::InTransition,
        Self::HandsOff,
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
    pub spec: DesiredStatus,
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
            | DriftCause::RolledBack
            | DriftCause::Overdue
            | DriftCause::Blocked => false,
        }
    }
}

impl DriftItem {
    /// Returns whether somebody may have moved it: what was never applied, or is asked for anew, nobody has.
    pub fn may_have_been_moved(&self) -> bool {
        match self.cause {
            DriftCause::Differs(ActionReason::Drift | ActionReason::Both | ActionReason::ChangeEnded)
            | DriftCause::InTransition
            | DriftCause::HandsOff
            | DriftCause::RolledBack
            | DriftCause::Overdue => true,
            DriftCause::Differs(ActionReason::New | ActionReason::SpecChanged | ActionReason::ChangeBegun)
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

/// What a drift check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// The spec, as the user named it.
    pub spec: String,
    /// When the cloud was read.
    pub timestamp: Timestamp,
    /// `--at`: the moment that it is of, where that is not when the cloud was read.
    pub at: Option<Timestamp>,
    /// Whose interfaces.
    pub target: Target,
    /// The zone that its times are shown in.
    pub time_zone: Zone,
    /// How many interfaces were to be compared.
    pub declared: usize,
    /// Those that could not be read: nothing is known of them.
    pub unread: BTreeSet<Address>,
    /// What is not where it was, by address.
    pub items: Vec<DriftItem>,
    /// How every group stands, by name.
    pub groups: Vec<GroupHealth>,
    /// What could not be read.
    pub failures: Vec<ScopeFailure>,
    /// What is to be looked at although it may not have moved: a `hands_off` past its date.
    pub warnings: Vec<Warning>,
    /// What is live and no spec declares, where that was asked for.
    pub unmanaged: Option<Vec<Unmanaged>>,
}

/// What is live and declared by no spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unmanaged {
    /// The cloud's id.
    pub id: RouterInterfaceId,
    /// Where it lives.
    #[serde(flatten)]
    pub scope: Scope,
    /// What the cloud calls it, untrusted text.
    pub name: Option<String>,
    /// What it is.
    pub status: Status,
    /// The other side of its link, where that is reported.
    pub opposite: Option<RouterInterfaceId>,
}

impl Drift {
    /// Returns the moment that it is of.
    pub fn moment(&self) -> Timestamp {
        self.at.unwrap_or(self.timestamp)
    }

    /// Keeps to a part of the interfaces: what is said of others, of groups that hold none of them, and of what could not
    /// be read and does not concern them, is left out.
    pub fn keep_to(&mut self, spec: &Spec, addresses: &BTreeSet<Address>) {
        let holds_some = |group: &GroupName| {
            spec.groups.get(group).is_some_and(|group| group.members.iter().any(|member| addresses.contains(member)))
        };
        self.declared = addresses.len();
        self.unread.retain(|address| addresses.contains(address));
        self.items.retain(|item| addresses.contains(&item.address));
        self.groups.retain(|group| holds_some(&group.name));
        self.warnings.retain(|warning| match warning {
            Warning::HandsOffExpired { address, .. } => addresses.contains(address),
            _ => true,
        });
        let scopes = scopes_of(spec, addresses, holds_some);
        self.failures.retain(|failure| scopes.contains(&failure.scope));
    }

    /// Returns how many interfaces were compared.
    pub fn checked(&self) -> usize {
        self.declared.saturating_sub(self.unread.len())
    }

    /// Lists the items that are drift.
    pub fn findings(&self) -> impl Iterator<Item = &DriftItem> {
        self.items.iter().filter(|item| item.cause.is_finding())
    }

    /// Lists the groups that are drift: below their floor, or with nothing up.
    pub fn broken_groups(&self) -> impl Iterator<Item = &GroupHealth> {
        self.groups.iter().filter(|group| group.is_finding())
    }

    /// Returns whether something moved, or a group is below its floor: exit code 2.
    pub fn has_moved(&self) -> bool {
        self.findings().next().is_some() || self.broken_groups().next().is_some()
    }
}

/// What became of checking one spec, for the reports that cover several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftCheck {
    /// The spec, by a name that no other spec on this host has.
    pub spec: String,
    /// When it was checked.
    pub at: Timestamp,
    /// What it declares, and whether that could be read.
    pub declared: BTreeMap<Address, bool>,
    /// What was found, or in words why nothing could be.
    pub outcome: Result<Drift, String>,
}

/// Returns where some interfaces live, and the members of the groups that are told with them.
pub(crate) fn scopes_of<'s>(
    spec: &'s Spec,
    addresses: &BTreeSet<Address>,
    is_told: impl Fn(&GroupName) -> bool,
) -> BTreeSet<&'s Scope> {
    let is_of_told = |interface: &Interface| interface.group.as_ref().is_some_and(|group| is_told(&group.value));
    let concerned = spec.interfaces.iter();
    let concerned = concerned.filter(|(address, interface)| addresses.contains(*address) || is_of_told(interface));
    concerned.map(|(_, interface)| &interface.scope).collect()
}

/// Compares spec, last applied and live, interface by interface. What could not be read is left out: nothing is
/// known of it.
///
/// `held` is what windows and clashes of changes hold back: of what nobody moved and what was not applied yet, that is no
/// drift.
pub fn compare(
    spec: &Spec,
    live: &LiveState,
    state: Option<&State>,
    held: &BTreeMap<Address, BlockReason>,
    today: Date,
) -> Vec<DriftItem> {
    let subjects = match_up(spec, live, state);
    subjects.iter().filter_map(|subject| item(subject, &spec.sources, held, today)).collect()
}

fn item(
    subject: &Subject<'_>,
    sources: &Sources,
    held: &BTreeMap<Address, BlockReason>,
    today: Date,
) -> Option<DriftItem> {
    let live = subject.told()?;
    if subject.is_settled(live) {
        return None;
    }
    let obstacle = subject.obstacle(sources).filter(|_| subject.last_applied().is_none());
    let obstacle = obstacle.or_else(|| held.get(subject.address).filter(|_| subject.is_news(live)).cloned());
    let cause = cause(subject, live, obstacle.as_ref());
    let taken_back = subject.taken_back().filter(|_| cause == DriftCause::RolledBack);
    let hands_off = subject.declared.hands_off.as_ref();
    let until = hands_off.and_then(|hands_off| hands_off.until);
    Some(DriftItem {
        address: subject.address.clone(),
        id: subject.declared.id.value.clone(),
        scope: subject.declared.scope.clone(),
        cause,
        spec: subject.desired(),
        last_applied: subject.last_applied(),
        live: live.cloned(),
        since: subject.since(),
        reason: hands_off.map(|hands_off| hands_off.reason.clone()).or_else(|| subject.declared.reason.clone()),
        hands_off_until: until,
        hands_off_expired: until.is_some_and(|until| until < today),
        change_id: subject.change().cloned(),
        overdue_since: subject.left_behind().filter(|_| cause == DriftCause::Overdue).and_then(|left| left.ended_at),
        taken_back_by: taken_back.map(|taken_back| taken_back.by.clone()),
        business_status: subject.locked().cloned(),
        code: obstacle.as_ref().filter(|_| cause == DriftCause::Blocked).map(BlockReason::code),
        blocked: obstacle.filter(|_| cause == DriftCause::Blocked),
        who: None,
        who_unknown: None,
        last_seen_before: subject
            .record
            .and_then(|record| who::last_seen_before(record, record.observed.status.as_ref() != live)),
    })
}

fn cause(subject: &Subject<'_>, live: Option<&Status>, obstacle: Option<&BlockReason>) -> DriftCause {
    if live.is_some_and(Status::is_transitional) {
        DriftCause::InTransition
    } else if subject.declared.hands_off.is_some() {
        DriftCause::HandsOff
    } else if live.is_some() && subject.is_unmet() && subject.taken_back().is_some() {
        DriftCause::RolledBack
    } else if obstacle.is_some() {
        DriftCause::Blocked
    } else {
        match subject.reason() {
            // Somebody else has brought back what the change left behind.
            ActionReason::ChangeEnded if live == Some(&subject.desired().status()) => {
                DriftCause::Differs(ActionReason::Both)
            }
            ActionReason::ChangeEnded => DriftCause::Overdue,
            reason => DriftCause::Differs(reason),
        }
    }
}

/// Warns of what changes of the spec break together.
pub fn clashes(spec: &Spec) -> Vec<Warning> {
    let clashes = spec.warnings.iter().filter(|finding| finding.code == Some(Code::Clash.as_str()));
    clashes.map(|finding| of_spec(spec, finding)).collect()
}

/// Returns a warning of the spec as one of a plan or a drift check.
pub(crate) fn of_spec(spec: &Spec, finding: &Diagnostic) -> Warning {
    let at = finding.place.map(|place| spec.sources.locate(place));
    Warning::Spec { finding: finding.summary.clone(), at }
}

/// Warns of every `hands_off` that has outlived its date, whether its interface moved or not.
pub fn expired_hands_off(spec: &Spec, today: Date) -> Vec<Warning> {
    let expired = |(address, interface): (&Address, &Interface)| {
        let hands_off = interface.hands_off.as_ref()?;
        let until = hands_off.until.filter(|until| *until < today)?;
        Some(Warning::HandsOffExpired { address: address.clone(), until, at: spec.sources.locate(hands_off.place) })
    };
    spec.interfaces.iter().filter_map(expired).collect()
}
