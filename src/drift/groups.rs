//! How the groups of a spec stand, from what was read: the one count of it for plans and drift.
//!
//! A group counts links: a member, or the two members that are the two sides of one link. A link is up while every
//! declared side of it counts as up. `hands_off` excuses an interface, never its group.

use std::collections::BTreeSet;

use crate::plan::{GroupHealth, MemberNotUp, WhyMemberNotUp};
use crate::resource::{Address, BusinessStatus, DesiredStatus, GroupName, LiveState, Observed, Reading, Status};
use crate::spec::{Group, Spec};
use crate::state::State;

use super::links::opposite_sides;
use super::subject::{Subject, match_up};

/// Counts every group of the spec.
pub fn groups(spec: &Spec, live: &LiveState, state: Option<&State>) -> Vec<GroupHealth> {
    health(spec, &match_up(spec, live, state))
}

/// Counts every group of the spec from subjects that are matched up: those of the spec, in the order of addresses.
pub(crate) fn health(spec: &Spec, subjects: &[Subject<'_>]) -> Vec<GroupHealth> {
    if spec.groups.is_empty() {
        return Vec::new();
    }
    let opposite = opposite_sides(subjects);
    spec.groups.iter().map(|(name, group)| of_group(name, group, subjects, &opposite)).collect()
}

fn of_group(name: &GroupName, group: &Group, subjects: &[Subject<'_>], opposite: &[Option<usize>]) -> GroupHealth {
    let members: BTreeSet<usize> = group.members.iter().filter_map(|member| place(subjects, member)).collect();
    let is_counted_with_its_peer =
        |member: usize| opposite[member].is_some_and(|peer| peer < member && members.contains(&peer));
    let links: Vec<Vec<&Subject<'_>>> = members
        .iter()
        .filter(|member| !is_counted_with_its_peer(**member))
        .map(|member| std::iter::once(*member).chain(opposite[*member]).map(|side| &subjects[side]).collect())
        .collect();
    let sides = || links.iter().flatten();
    let is_unread = |side: &Subject<'_>| matches!(side.reading, Reading::Unreadable);
    // With everything up that could not be read: a group is not accused of what nobody knows.
    let best = count(links.iter().filter(|link| link.iter().all(|side| side.is_up() || is_unread(side))).count());
    let up = (!sides().any(|side| is_unread(side))).then_some(best);
    let declared = count(links.len());
    let from_min = group.min_active.as_ref().map_or(0, |floor| floor.value);
    let from_max = group.max_unavailable.as_ref().map_or(0, |cap| declared.saturating_sub(cap.value));
    let floor = from_min.max(from_max);
    let wants_some = members.iter().any(|member| subjects[*member].desired() == DesiredStatus::Active);
    let not_up = sides().filter_map(|side| Some(MemberNotUp { address: side.address.clone(), why: why(side)? }));
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
fn why(side: &Subject<'_>) -> Option<WhyMemberNotUp> {
    let why = match side.reading {
        Reading::Found(observed) if observed.counts_as_up() => return None,
        Reading::Found(observed) => why_found(observed),
        Reading::Absent | Reading::Elsewhere(_) => WhyMemberNotUp::Absent,
        Reading::Unreadable => WhyMemberNotUp::Unread,
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
