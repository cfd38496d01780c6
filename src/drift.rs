//! Drift: what is not where the spec or the last apply put it, and why. The one definition of it.
//!
//! `Subject` compares the three sides of one interface: what is declared, what was recorded, what is live. The planner
//! asks it why something changes and what left the status it was last seen in; [`compare()`] asks it what `drift` reports.
//! Whether an item counts as a finding is said in one place, [`DriftCause::is_finding`]. No clock, no prose.

pub(crate) mod at_work;
mod causes;
mod compare;
mod groups;
mod item;
mod links;
mod subject;
mod who;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::calendar::Zone;
use crate::diagnostic::Diagnostic;
use crate::plan::{GroupHealth, Warning};
use crate::resource::{Address, GroupName, RouterInterfaceId, Scope, ScopeFailure, Status, Target};
use crate::spec::finding::Code;
use crate::spec::{Interface, Spec};

pub use self::causes::{Causes, GROUP, UnknownCause};
pub use self::compare::compare;
pub use self::groups::groups;
pub(crate) use self::groups::{Unhealthy, health, why};
pub use self::item::{DriftCause, DriftItem};
pub use self::links::OtherEnds;
pub(crate) use self::links::{links_of, opposite_sides};
pub(crate) use self::subject::{Subject, match_up, unfit};
pub use self::who::{Mover, Who, WhoUnknown, can_move};

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
    /// Nobody wants to hear of groups that are below their floor, or DOWN.
    pub hides_groups: bool,
    /// Groups that are below their floor, or DOWN, and are not told yet.
    pub unsettled: BTreeSet<GroupName>,
    /// Since when groups have been below their floor, or DOWN, where a memory is kept.
    pub groups_first_seen: BTreeMap<GroupName, Timestamp>,
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
        let is_told = |group: &&GroupHealth| !self.hides_groups && !self.unsettled.contains(&group.name);
        self.groups.iter().filter(|group| group.is_finding()).filter(is_told)
    }

    /// Lists the groups of which people have to know: those that are drift, and those that nobody could count.
    pub fn worrying_groups(&self) -> impl Iterator<Item = &GroupHealth> {
        let is_told = |group: &&GroupHealth| if group.is_finding() { !self.hides_groups } else { group.is_unknown() };
        self.groups.iter().filter(is_told)
    }

    /// Keeps to some causes: what is away for another one is left out, and is no drift.
    pub fn keep_causes(&mut self, causes: &Causes) {
        self.items.retain(|item| causes.of.contains(&item.cause));
        self.hides_groups = !causes.groups;
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
    /// The spec, as the user named it.
    pub path: String,
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

/// Warns of what changes of the spec break together.
pub fn clashes(spec: &Spec) -> Vec<Warning> {
    let clashes = spec.warnings.iter().filter(|finding| finding.code == Some(Code::Clash.as_str()));
    clashes.map(|finding| of_spec(spec, finding)).collect()
}

/// Returns a warning of the spec as one of a plan or a drift check.
pub(crate) fn of_spec(spec: &Spec, finding: &Diagnostic) -> Warning {
    let at = finding.place.map(|place| spec.sources.locate(place));
    let translated = finding.translated.as_ref().map(|translated| translated.summary.clone());
    Warning::Spec { finding: finding.summary.clone(), at, translated }
}

/// Warns of every `hands_off` that has outlived its date, whether its interface moved or not.
pub fn expired_hands_off(spec: &Spec, at: Timestamp) -> Vec<Warning> {
    let today = spec.day(at);
    let expired = |(address, interface): (&Address, &Interface)| {
        let hands_off = interface.hands_off.as_ref()?;
        let until = hands_off.until.filter(|until| *until < today)?;
        Some(Warning::HandsOffExpired { address: address.clone(), until, at: spec.sources.locate(hands_off.place) })
    };
    spec.interfaces.iter().filter_map(expired).collect()
}
