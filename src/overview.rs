//! Overview: how every group and every link stands, what took it down, until when, and what may go down next.
//!
//! `status` asks for all of it, `whatif` what stays up without some links, `explain` whether one can go down now. The counts are
//! those of `drift`: nothing is counted twice.

mod carried;
mod prospects;
#[cfg(test)]
mod tests;
mod whatif;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use crate::calendar::Zone;
use crate::drift::{self, Subject};
use crate::journal::Outcome;
use crate::language::Wording;
use crate::plan::{Approval, GroupHealth, TrafficHeard, Upcoming, WhyMemberNotUp};
use crate::resource::{Address, ChangeName, GroupName, LiveState, RouterInterfaceId, ScopeFailure, Status, Target};
use crate::schedule;
use crate::spec::{Change, Spec};
use crate::state::{Awaiting, LastAction, RunId, State};

pub use carried::{Disagreement, disagreements, grouped_routers, router_of};
pub use prospects::{Obstacle, Prospect, Prospects};
pub use whatif::{Down, GroupWithout, without};

/// How everything stands at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
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
    /// How every group stands, by name.
    pub groups: Vec<GroupHealth>,
    /// Every link, by the address of its first end.
    pub links: Vec<Link>,
    /// What awaits confirmation, or was not taken back whole, oldest first.
    pub awaiting: Vec<Awaiting>,
    /// What was approved and waits for its time, in its order.
    pub approvals: Vec<Approval>,
    /// Why approvals that wait cannot be used.
    pub unusable: Vec<String>,
    /// What is on its way from one status to another, by address.
    pub in_transition: Vec<Moving>,
    /// What begins and ends within 24 hours, in order.
    pub upcoming: Vec<Upcoming>,
    /// Who is at work.
    pub at_work: Option<AtWork>,
    /// What could not be read this time.
    pub unread: Vec<Unread>,
    /// What interfaces carry, where somebody asked.
    pub traffic: Vec<TrafficHeard>,
}

/// One link, by those of its ends that are declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Link {
    /// The group that it counts in.
    pub group: Option<GroupName>,
    /// Its declared ends, the one with the lower address first.
    pub ends: Vec<End>,
    /// Whether it is up, as floors count; null where an end could not be read.
    pub up: Option<bool>,
    /// The change that is in force on it, or that has ended and left it behind.
    pub change_id: Option<ChangeName>,
    /// The owner of that change; untrusted text.
    pub owner: Option<String>,
    /// Who ran the run that took it down; untrusted text.
    pub who: Option<String>,
    /// The run that took it down, where it is down as a run left it.
    pub run_id: Option<RunId>,
    /// When it comes back: when the last of the changes ends that keep it so; null where one of them has no end.
    pub until: Option<Timestamp>,
    /// All changes that are in force on it, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeName>,
    /// What `hands_off`, or else the spec, says of why it is as it is; untrusted text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// An end that is down is left alone, whatever is declared.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hands_off: bool,
    /// The last day of its `hands_off`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hands_off_until: Option<Date>,
    /// That day is over; it is left alone all the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hands_off_expired: bool,
    /// Since when it is down: where a run left it so, since that did.
    #[serde(skip)]
    pub since: Option<Timestamp>,
}

/// One end of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct End {
    /// The key in the spec.
    pub address: Address,
    /// The cloud's id.
    pub id: RouterInterfaceId,
    /// The live status; null where there is no such interface, or where it could not be read.
    pub status: Option<Status>,
    /// Since when that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Why it is not up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<WhyMemberNotUp>,
}

/// What is on its way from one status to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Moving {
    /// The key in the spec.
    pub address: Address,
    /// The cloud's id.
    pub id: RouterInterfaceId,
    /// The live status.
    pub status: Status,
    /// Since when that is known.
    pub since: Option<Timestamp>,
}

/// A run that is at work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AtWork {
    /// The run, once it has begun.
    pub run_id: Option<RunId>,
    /// Who is at work, untrusted text.
    pub who: Wording,
    /// What it is about.
    pub addresses: Vec<Address>,
}

/// A part of the cloud that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unread {
    /// Which part, and why.
    #[serde(flatten)]
    pub failure: ScopeFailure,
    /// When what is shown of it was read; null where it never was.
    pub shown_of: Option<Timestamp>,
}

impl Overview {
    /// Returns the moment that it is of.
    pub fn moment(&self) -> Timestamp {
        self.at.unwrap_or(self.timestamp)
    }

    /// Lists the groups that are below their floor, or with nothing up.
    pub fn broken_groups(&self) -> impl Iterator<Item = &GroupHealth> {
        self.groups.iter().filter(|group| group.is_finding())
    }

    /// Keeps to a part of the interfaces: links with an end among them, the groups of those links, what is about them.
    pub fn keep_to(&mut self, spec: &Spec, addresses: &BTreeSet<Address>) {
        let is_kept = |address: &Address| addresses.contains(address);
        self.links.retain(|link| link.ends.iter().any(|end| is_kept(&end.address)));
        self.in_transition.retain(|moving| is_kept(&moving.address));
        let of_links: BTreeSet<&GroupName> = self.links.iter().filter_map(|link| link.group.as_ref()).collect();
        let is_shown = |name: &GroupName| {
            let members = spec.groups.get(name).map(|group| &group.members);
            of_links.contains(name) || members.is_some_and(|members| members.iter().any(is_kept))
        };
        self.groups.retain(|group| is_shown(&group.name));
        let identity = |entry: &crate::spec::Interface| crate::state::Identity::of(&entry.scope, &entry.id.value);
        let kept: Vec<_> = addresses.iter().filter_map(|address| spec.interfaces.get(address)).map(identity).collect();
        self.awaiting.retain(|awaits| kept.iter().any(|identity| awaits.is_about(identity)));
        let concerns = |upcoming: &Upcoming| {
            spec.changes.get(&upcoming.change_id).is_some_and(|change| change.selected.iter().any(is_kept))
        };
        self.upcoming.retain(concerns);
        let shown: BTreeSet<&GroupName> = self.groups.iter().map(|group| &group.name).collect();
        let scopes = drift::scopes_of(spec, addresses, |group| shown.contains(group));
        self.unread.retain(|unread| scopes.contains(&unread.failure.scope));
    }
}

/// How the links of a spec stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Every group, by name.
    pub groups: Vec<GroupHealth>,
    /// Every link, by the address of its first end; who ran a run is not told here.
    pub links: Vec<Link>,
    /// What is on its way from one status to another, by address.
    pub in_transition: Vec<Moving>,
    /// What begins and ends within 24 hours, in order.
    pub upcoming: Vec<Upcoming>,
}

/// Says how the links of a spec stand at a moment, from what was read and what is recorded.
pub fn standing(spec: &Spec, live: &LiveState, state: Option<&State>, moment: Timestamp) -> Standing {
    let today = spec.day(moment);
    let subjects = drift::match_up(spec, live, state);
    let opposite = drift::opposite_sides(&subjects);
    let is_first = |place: usize| opposite[place].is_none_or(|other| place < other);
    let ends = |place: usize| std::iter::once(place).chain(opposite[place]).map(|place| &subjects[place]).collect();
    let links =
        (0..subjects.len()).filter(|place| is_first(*place)).map(|place| link(spec, ends(place), (moment, today)));
    Standing {
        groups: drift::health(spec, &subjects, &|place| opposite[place], &|_| None),
        links: links.collect(),
        in_transition: subjects.iter().filter_map(moving).collect(),
        upcoming: schedule::upcoming(spec, moment),
    }
}

fn link(spec: &Spec, ends: Vec<&Subject<'_>>, (moment, today): (Timestamp, Date)) -> Link {
    let is_down = ends.iter().any(|end| end.told().is_some() && !end.is_up());
    let is_up = ends.iter().all(|end| end.is_up());
    let in_force = in_force(spec, &ends, moment);
    let change = ends.iter().find_map(|end| end.change());
    let declared = change.and_then(|name| spec.changes.get(name));
    let down = || ends.iter().copied().filter(|end| !end.is_up());
    let (since, run_id) = taken_down(down());
    let hands_off = down().find_map(|end| end.declared.hands_off.as_ref());
    let hands_off_until = hands_off.and_then(|hands_off| hands_off.until);
    let reason = || down().find_map(|end| end.declared.reason.as_ref());
    Link {
        group: ends.iter().find_map(|end| end.declared.group.as_ref()).map(|group| group.value.clone()),
        up: (is_up || is_down).then_some(is_up),
        change_id: change.cloned(),
        owner: declared.and_then(|change| change.owner.clone()),
        who: None,
        run_id: run_id.cloned(),
        until: match in_force.as_slice() {
            // One that is over has left it behind.
            [] => declared.and_then(|change| change.until.as_ref()).map(|until| until.value),
            some => returns_at(some),
        },
        changes: if in_force.len() > 1 {
            in_force.into_iter().map(|(name, _)| name.clone()).collect()
        } else {
            Vec::new()
        },
        reason: hands_off.map(|hands_off| &hands_off.reason).or_else(reason).cloned(),
        hands_off: hands_off.is_some(),
        hands_off_until,
        hands_off_expired: hands_off_until.is_some_and(|until| until < today),
        since,
        ends: ends.iter().map(|subject| end(subject)).collect(),
    }
}

/// Lists the changes that are in force on an end of a link, by name.
fn in_force<'s>(spec: &'s Spec, ends: &[&Subject<'_>], moment: Timestamp) -> Vec<(&'s ChangeName, &'s Change)> {
    let is_about = |change: &Change| ends.iter().any(|end| change.selected.binary_search(end.address).is_ok());
    spec.changes.iter().filter(|(_, change)| change.is_in_force(moment) && is_about(change)).collect()
}

/// Returns when the last of some changes ends; `None` where one has no end.
fn returns_at(in_force: &[(&ChangeName, &Change)]) -> Option<Timestamp> {
    let ends: Option<Vec<Timestamp>> =
        in_force.iter().map(|(_, change)| change.until.as_ref().map(|until| until.value)).collect();
    ends?.into_iter().max()
}

fn end(subject: &Subject<'_>) -> End {
    End {
        address: subject.address.clone(),
        id: subject.declared.id.value.clone(),
        status: subject.told().flatten().cloned(),
        since: subject.since(),
        why: drift::why(subject),
    }
}

/// Returns since when a link is down, and the run that has left it so: of the end that a run took down first, else of that which went
/// first.
fn taken_down<'s, 'a: 's>(down: impl Iterator<Item = &'s Subject<'a>>) -> (Option<Timestamp>, Option<&'a RunId>) {
    let is_down = |end: &&Subject<'_>| end.told().is_some_and(|status| status != Some(&Status::Active));
    let ends = down.filter(is_down).map(|end| (end.since(), taken_down_by(end)));
    ends.min_by_key(|(since, run)| (run.is_none(), since.is_none(), *since)).unwrap_or_default()
}

/// Returns the run that has left an end where it is, or that is taking it there.
fn taken_down_by<'a>(subject: &Subject<'a>) -> Option<&'a RunId> {
    let (record, live) = (subject.record?, &subject.live()?.status);
    let open = subject.open_call().filter(|action| {
        let way = action.action.transition();
        live == way.through || live == way.to
    });
    if let Some(action) = open {
        return Some(&action.run_id);
    }
    let has_ended_well = |action: &&LastAction| action.outcome.is_some_and(Outcome::is_at_goal);
    let last = record.last_action.as_ref().filter(has_ended_well);
    // What came here after our last call had ended, or was seen elsewhere since, somebody else has moved.
    let came_later = |action: &LastAction| subject.since().is_some_and(|since| since > action.finished_at);
    if record.observed.status.as_ref() != Some(live) || last.is_some_and(came_later) {
        return None;
    }
    // An older change may still stand that others undid and brought back: the last call has brought it here.
    let last = last.filter(|action| live == action.action.transition().to);
    let stands = record.declared.is_some_and(|declared| *live == declared.status());
    last.map(|action| &action.run_id).or_else(|| record.changed_by.as_ref().filter(|_| stands))
}

fn moving(subject: &Subject<'_>) -> Option<Moving> {
    let status = &subject.live()?.status;
    status.is_transitional().then(|| Moving {
        address: subject.address.clone(),
        id: subject.declared.id.value.clone(),
        status: status.clone(),
        since: subject.since(),
    })
}
