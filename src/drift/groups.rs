//! How the groups of a spec stand, from what was read: the one count of it for plans and drift.
//!
//! A group counts links: a member, or the two members that are the two sides of one link. A link is up while every
//! declared side of it counts as up. `hands_off` excuses an interface, never its group.

use std::collections::BTreeSet;

use crate::plan::{GroupHealth, MemberNotUp, WhyMemberNotUp};
use crate::resource::{Address, BusinessStatus, DesiredStatus, GroupName, LiveState, Observed, Reading, Status};
use crate::spec::{Group, Spec};
use crate::state::State;

use super::links::{links_of, opposite_sides};
use super::subject::{Subject, match_up};

/// Counts every group of the spec.
pub fn groups(spec: &Spec, live: &LiveState, state: Option<&State>) -> Vec<GroupHealth> {
    if spec.groups.is_empty() {
        return Vec::new();
    }
    let subjects = match_up(spec, live, state);
    let opposite = opposite_sides(&subjects);
    health(spec, &subjects, &|place| opposite[place], &|_| None)
}

/// Says of a link that is up by its statuses, given by its sides, why it counts as not up.
pub(crate) type Unhealthy<'u> = dyn Fn(&[&Subject<'_>]) -> Option<WhyMemberNotUp> + 'u;

/// Counts every group of the spec whose members were all asked for, from subjects that are matched up: those of the spec, in the order of addresses.
/// `opposite` gives the place of a subject's opposite side.
pub(crate) fn health(
    spec: &Spec,
    subjects: &[Subject<'_>],
    opposite: &dyn Fn(usize) -> Option<usize>,
    unhealthy: &Unhealthy<'_>,
) -> Vec<GroupHealth> {
    let groups = spec.groups.iter().map(|(name, group)| (name, group, links(group, subjects, opposite)));
    // Of a group that nobody asked about nothing is said.
    let asked = groups.filter(|(_, _, links)| links.iter().flatten().all(|side| side.is_asked()));
    asked.map(|(name, group, links)| of_group(name, group, &links, unhealthy)).collect()
}

fn links<'s, 'a>(
    group: &Group,
    subjects: &'s [Subject<'a>],
    opposite: &dyn Fn(usize) -> Option<usize>,
) -> Vec<Vec<&'s Subject<'a>>> {
    let members: BTreeSet<usize> = group.members.iter().filter_map(|member| place(subjects, member)).collect();
    let links = links_of(&members, opposite).into_iter();
    links.map(|sides| sides.into_iter().map(|side| &subjects[side]).collect()).collect()
}

fn of_group(name: &GroupName, group: &Group, links: &[Vec<&Subject<'_>>], unhealthy: &Unhealthy<'_>) -> GroupHealth {
    let sides = || links.iter().flatten();
    let is_unread = |side: &Subject<'_>| matches!(side.reading, Reading::Unreadable | Reading::Unasked);
    // With everything up that could not be read: a group is not accused of what nobody knows.
    let may_be_up = |link: &&Vec<&Subject<'_>>| link.iter().all(|side| side.is_up() || is_unread(side));
    let ill: Vec<Option<WhyMemberNotUp>> =
        links.iter().map(|link| link.iter().all(|side| side.is_up()).then(|| unhealthy(link)).flatten()).collect();
    let best = links.iter().zip(&ill).filter(|(link, ill)| may_be_up(link) && ill.is_none()).count();
    let best = count(best);
    let up = (!sides().any(|side| is_unread(side))).then_some(best);
    let declared = count(links.len());
    let floor = group.floor(declared);
    let is_member = |side: &&&Subject<'_>| side.declared.group.as_ref().is_some_and(|group| group.value == *name);
    let wants_some = sides().filter(is_member).any(|member| member.desired() == DesiredStatus::Active);
    let not_up = |(link, ill): (&Vec<&Subject<'_>>, &Option<WhyMemberNotUp>)| {
        let named = |side: &Subject<'_>, why| MemberNotUp { address: side.address.clone(), why };
        match ill {
            Some(why) => vec![named(link[0], *why)],
            None => link.iter().filter_map(|side| Some(named(side, why(side)?))).collect(),
        }
    };
    let not_up = links.iter().zip(&ill).flat_map(not_up);
    GroupHealth {
        name: name.clone(),
        declared,
        up,
        floor,
        spare: up.map(|up| i64::from(up) - i64::from(floor)),
        below: best < floor,
        down: best == 0 && wants_some,
        not_up: not_up.collect(),
    }
}

fn place(subjects: &[Subject<'_>], address: &Address) -> Option<usize> {
    subjects.binary_search_by(|subject| subject.address.cmp(address)).ok()
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Returns why a side is not up, if it is not.
pub(crate) fn why(side: &Subject<'_>) -> Option<WhyMemberNotUp> {
    let why = match side.reading {
        Reading::Found(observed) if observed.counts_as_up() => return None,
        Reading::Found(observed) => why_found(observed),
        Reading::Absent | Reading::Elsewhere(_) => WhyMemberNotUp::Absent,
        Reading::Unreadable | Reading::Unasked => WhyMemberNotUp::Unread,
    };
    Some(if side.declared.hands_off.is_some() { WhyMemberNotUp::HandsOff } else { why })
}

fn why_found(observed: &Observed) -> WhyMemberNotUp {
    match &observed.status {
        Status::Active => {}
        Status::Deleting | Status::Deleted => return WhyMemberNotUp::Absent,
        status if !status.is_transitional() => return WhyMemberNotUp::Inactive,
        _ => {}
    }
    match (&observed.opposite.status, &observed.business_status) {
        (Some(Status::Deleting | Status::Deleted), _) => WhyMemberNotUp::PeerDeleted,
        (Some(opposite), _) if *opposite != Status::Active && !opposite.is_transitional() => {
            WhyMemberNotUp::OppositeInactive
        }
        (_, BusinessStatus::FinancialLocked) => WhyMemberNotUp::FinancialLocked,
        (_, BusinessStatus::SecurityLocked) => WhyMemberNotUp::SecurityLocked,
        (_, BusinessStatus::Unknown(_)) => WhyMemberNotUp::BusinessLocked,
        (_, BusinessStatus::Normal) => WhyMemberNotUp::InTransition,
    }
}
