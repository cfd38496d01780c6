//! One state on the page that all states share.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::finding::{Declared, Failed, Finding, Item, UPCOMING};
use crate::plan::{Approval, GroupHealth, Upcoming};
use crate::resource::{Address, ChangeName, GroupName, Scope, Target};
use crate::state::{Awaiting, RunId, State};

/// How far ahead a page says what begins and ends.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// How far ahead of now a check may lie: clocks of different machines differ by so much. One further ahead is of any age.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(1);

/// One state of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StateRow {
    /// What the state is called in its store.
    pub name: String,
    /// Whose interfaces it is about; null where nobody knows yet.
    pub target: Option<Target>,
    /// When the cloud was last read by a check that was recorded (`drift --record`); null where none was.
    pub checked_at: Option<Timestamp>,
    /// That check found that something moved, or a group below its floor; null where nobody knows: there was none, or it could not
    /// read everything and nothing of what it read had moved.
    pub drifted: Option<bool>,
    /// The groups that were below their floor then, or had nothing up.
    pub below_floor: Vec<GroupName>,
    /// The run that has begun and not ended: at work, or left by a process that died.
    pub open_run: Option<RunId>,
    /// That run, where its process is gone and calls of it were not seen to end.
    pub died_run: Option<RunId>,
    /// Who holds the state.
    pub holder: Option<HeldBy>,
    /// What awaits confirmation, or was not taken back whole, oldest first.
    pub awaiting: Vec<Awaits>,
    /// The runs of these that are to be taken back now: nobody has confirmed them in time, or a way back has left something.
    pub overdue: Vec<RunId>,
    /// The approvals that wait for their time, in its order; those that have expired are left out.
    pub approvals: Vec<Approval>,
    /// What begins and ends within 24 hours, in order, as the last check saw it, which looked 48 hours ahead of `checked_at`.
    pub upcoming: Vec<Upcoming>,
    /// How every group stood at the last check, by name.
    pub groups: Vec<GroupHealth>,
    /// It was not checked for `--stale-after`, or never, or its check lies more than a minute ahead of this machine's clock.
    pub stale: bool,
    /// Why something of it could not be read, here or by the last check; null where everything could.
    pub error: Option<String>,
    /// What was not where it was.
    #[serde(skip)]
    pub items: Vec<Item>,
    /// How long ago it was checked.
    #[serde(skip)]
    pub age: Option<SignedDuration>,
    /// How far ahead of now it was checked, where that is more than clocks differ by: then nobody knows how long ago.
    #[serde(skip)]
    pub ahead: Option<SignedDuration>,
    /// Up to when it is known what begins and ends, where that is less than 24 hours from now; of what is stale nothing is of now.
    #[serde(skip)]
    pub known_until: Option<Timestamp>,
    /// What the check could not read.
    #[serde(skip)]
    pub unread: Vec<Scope>,
    /// What it declares, as far as is known.
    #[serde(skip)]
    pub declared: Vec<Declared>,
}

/// Who holds a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HeldBy {
    /// The user, untrusted text.
    pub who: String,
    /// The machine, untrusted text.
    pub host: String,
}

/// A run that awaits confirmation, or was not taken back whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Awaits {
    /// The run.
    pub run_id: RunId,
    /// Until when it can be confirmed.
    pub until: Timestamp,
    /// The way back that was begun and left something.
    pub left_by: Option<RunId>,
}

/// What was read of a state; each part as far as it could be.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What is recorded.
    pub state: Option<State>,
    /// The run that has no end.
    pub open_run: Option<RunId>,
    /// That run has calls that were not seen to end.
    pub has_open_calls: bool,
    /// Who holds it.
    pub holder: Option<HeldBy>,
    /// What the last check found.
    pub finding: Option<Finding>,
    /// A check after that one, which failed.
    pub failed: Option<Failed>,
    /// How long ago that was kept, by the store's own clock, where it has one.
    pub age: Option<SignedDuration>,
    /// The approvals that wait.
    pub approvals: Vec<Approval>,
    /// Why a part could not be read.
    pub error: Option<String>,
}

impl From<&Awaiting> for Awaits {
    fn from(awaiting: &Awaiting) -> Self {
        let Awaiting { run_id, deadline, left_by, .. } = awaiting;
        Self { run_id: run_id.clone(), until: deadline.until, left_by: left_by.clone() }
    }
}

impl StateRow {
    /// Says how a state stands at `now`. It is stale by whichever clock says so: ours and that of whoever checked may differ.
    pub fn new(name: String, found: Found, now: Timestamp, stale_after: Duration) -> Self {
        let Found { state, open_run, has_open_calls, holder, finding, failed, age, mut approvals, error } = found;
        let recorded_awaiting = || state.iter().flat_map(|state| &state.awaiting);
        let awaiting = recorded_awaiting().map(Awaits::from).collect();
        // How long that machine has been up is not known here.
        let overdue = recorded_awaiting().filter(|awaits| awaits.is_due(now, None));
        let overdue = overdue.map(|awaits| awaits.run_id.clone()).collect();
        let died_run = open_run.clone().filter(|_| has_open_calls && holder.is_none());
        let error = error.or(failed.map(|failed| failed.to_string()));
        approvals.retain(|approval| approval.expires > now);
        approvals.sort_by(|one, other| (one.at, &one.digest).cmp(&(other.at, &other.digest)));
        let running = Self { open_run, died_run, holder, awaiting, overdue, ..Self::default() };
        let own = Self { name, approvals, stale: true, error, ..running };
        let Some(finding) = finding else {
            let declared = state.as_ref().map(recorded).unwrap_or_default();
            return Self { target: state.map(|state| state.target), declared, ..own };
        };
        let drifted = finding.has_drifted();
        let by_us = now.duration_since(finding.checked_at);
        let ahead = (by_us < -CLOCKS_DIFFER).then(|| by_us.abs());
        let age = age.map_or(by_us, |age| age.max(by_us));
        let until = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
        let known_until = finding.checked_at.saturating_add(UPCOMING).unwrap_or(Timestamp::MAX);
        let known_until = Timestamp::from_second(known_until.as_second()).unwrap_or(known_until);
        let Finding { checked_at, target, items, groups, unread, mut upcoming, mut declared } = finding;
        // Places are counted in this order, whoever wrote the row.
        declared.sort_by(|one, other| one.address.cmp(&other.address));
        declared.dedup_by(|one, other| one.address == other.address);
        upcoming.retain(|upcoming| upcoming.at > now && upcoming.at <= until);
        let detail = unread.first().map(|failure| format!("{}: {}", failure.scope, failure.detail));
        let stale = ahead.is_some() || SignedDuration::try_from(stale_after).is_ok_and(|most| age >= most);
        Self {
            target: Some(target),
            checked_at: Some(checked_at),
            drifted,
            below_floor: broken(&groups),
            upcoming,
            groups,
            stale,
            error: own.error.or(detail),
            items,
            age: Some(age.max(SignedDuration::ZERO)),
            ahead,
            known_until: Some(known_until).filter(|known| *known < until && !stale),
            unread: unread.into_iter().map(|failure| failure.scope).collect(),
            declared,
            ..own
        }
    }

    /// Returns whether somebody has to look: something moved, too little is up, a run was left, or nobody has looked for too long.
    pub fn is_finding(&self) -> bool {
        self.drifted == Some(true) || !self.below_floor.is_empty() || self.stale || self.is_left()
    }

    /// Returns whether a run was left: one that is to be taken back, or that died over its calls.
    pub fn is_left(&self) -> bool {
        !self.overdue.is_empty() || self.died_run.is_some()
    }

    /// Keeps to a part of what it declares: what moved there, the groups that hold some of it, the changes that are about it.
    pub(super) fn keep_to(&mut self, places: &BTreeSet<usize>) {
        let chosen: Vec<&Declared> = places.iter().filter_map(|place| self.declared.get(*place)).collect();
        let addresses: BTreeSet<&Address> = chosen.iter().map(|one| &one.address).collect();
        let groups: BTreeSet<&GroupName> = chosen.iter().filter_map(|one| one.group.as_ref()).collect();
        let changes: BTreeSet<&ChangeName> = chosen.iter().flat_map(|one| &one.changes).collect();
        self.items.retain(|item| addresses.contains(&item.address));
        self.groups.retain(|group| groups.contains(&group.name));
        self.upcoming.retain(|upcoming| changes.contains(&upcoming.change_id));
        self.below_floor = broken(&self.groups);
        let moved = self.items.iter().any(Item::is_finding) || !self.below_floor.is_empty();
        let is_known = self.checked_at.is_some() && !chosen.iter().any(|one| self.unread.contains(&one.scope));
        self.drifted = (moved || is_known).then_some(moved);
    }
}

fn broken(groups: &[GroupHealth]) -> Vec<GroupName> {
    groups.iter().filter(|group| group.is_finding()).map(|group| group.name.clone()).collect()
}

/// Returns what a state has records of: that is what is known of one that was never checked.
fn recorded(state: &State) -> Vec<Declared> {
    let records = state.interfaces.by_address().iter().filter(|(_, record)| !record.forgotten);
    let declared = records.map(|(address, record)| Declared {
        address: address.clone(),
        id: record.id.clone(),
        scope: record.scope.clone(),
        account_id: record.scope.account.is_default_account().then(|| state.target.account_id.to_string()),
        group: record.group.clone(),
        labels: Default::default(),
        changes: record.change_id.iter().cloned().collect(),
    });
    declared.collect()
}
