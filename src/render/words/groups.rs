//! How the health of groups reads: what is up, what is too little, and who is not up.

use std::collections::BTreeMap;

use super::super::text::and_more;
use super::plan::keeps;
use crate::language::say;
use crate::plan::{GroupHealth, Guard, MemberNotUp, Plan, WhyMemberNotUp};
use crate::resource::GroupName;

/// How many ends a group names before it says how many more there are.
const NAMED: usize = 8;

/// What is said of one group.
pub(crate) struct Standing<'a> {
    /// The group.
    pub(crate) name: &'a GroupName,
    /// It is below its floor, or DOWN.
    pub(crate) is_finding: bool,
    /// How it stands.
    pub(crate) says: String,
}

/// Says how a group stands.
pub(crate) fn standing(group: &GroupHealth) -> Standing<'_> {
    Standing { name: &group.name, is_finding: group.is_finding(), says: format!("{}{}", counts(group), not_up(group)) }
}

/// Says how many links of a group are up, and whether that is too few.
pub(crate) fn counts(group: &GroupHealth) -> String {
    let GroupHealth { declared, up, floor, .. } = group;
    let up = match up {
        Some(up) => say!("{up} of {declared} up, floor {floor}", up, declared, floor),
        None => say!("unknown how many of {declared} are up, floor {floor}", declared, floor),
    };
    let verdict = match (group.down, group.below) {
        (true, true) => say!(": DOWN, below its floor"),
        (true, false) => say!(": DOWN"),
        (false, true) => say!(": below its floor"),
        (false, false) => "",
    };
    format!("{up}{verdict}")
}

/// Says which ends are not up and why, behind the counts.
pub(crate) fn not_up(group: &GroupHealth) -> String {
    let mut not_up: Vec<String> = group.not_up.iter().take(NAMED).map(member_not_up).collect();
    not_up.extend(and_more(group.not_up.len().saturating_sub(NAMED), "", ""));
    if not_up.is_empty() { String::new() } else { format!("{}{}", say!("; "), not_up.join(say!(", "))) }
}

fn member_not_up(member: &MemberNotUp) -> String {
    let MemberNotUp { address, why } = member;
    match why {
        WhyMemberNotUp::Inactive => say!("{address} is not Active", address),
        WhyMemberNotUp::OppositeInactive => say!("{address} is Active, {why}", address, why = not_up_because(*why)),
        WhyMemberNotUp::PeerDeleted => format!("{address} {}", not_up_because(*why)),
        WhyMemberNotUp::Unread => say!("{address} could not be read", address),
        _ => say!("{address} is {why}", address, why = not_up_because(*why)),
    }
}

/// Says in a few words why something is not up.
pub(crate) fn not_up_because(why: WhyMemberNotUp) -> &'static str {
    match why {
        WhyMemberNotUp::Inactive => "Inactive",
        WhyMemberNotUp::OppositeInactive => say!("its other side is not"),
        WhyMemberNotUp::PeerDeleted => say!("has lost its other side for good"),
        WhyMemberNotUp::FinancialLocked => "FinancialLocked",
        WhyMemberNotUp::SecurityLocked => "SecurityLocked",
        WhyMemberNotUp::BusinessLocked => say!("locked"),
        WhyMemberNotUp::InTransition => say!("in transition"),
        WhyMemberNotUp::Absent => say!("not there"),
        WhyMemberNotUp::HandsOff => say!("hands off"),
        WhyMemberNotUp::Unread => say!("not read"),
        WhyMemberNotUp::Unhealthy => say!("unhealthy"),
    }
}

/// Lists the groups of which a reader has to know wherever they are shown: below their floor, DOWN, or unknown.
pub(crate) fn worrying<'a>(groups: impl IntoIterator<Item = &'a GroupHealth>) -> Vec<Standing<'a>> {
    groups.into_iter().filter(|group| group.is_finding() || group.is_unknown()).map(standing).collect()
}

/// Lists those of a plan: also the groups that it leaves with none to spare at its lowest moment.
pub(crate) fn of_plan(plan: &Plan) -> Vec<Standing<'_>> {
    let lowest = lowest(plan.steps.iter().flat_map(|step| &step.guards));
    let said = |group| {
        let standing = standing(group);
        match lowest.get(standing.name) {
            _ if group.is_finding() || group.is_unknown() => Some(standing),
            Some(guard) if is_tight(guard) => Some(Standing { says: kept(guard), ..standing }),
            _ => None,
        }
    };
    plan.groups.iter().filter_map(said).collect()
}

/// Finds of each group what is said of its lowest moment.
pub(crate) fn lowest<'g>(guards: impl Iterator<Item = &'g Guard>) -> BTreeMap<&'g GroupName, &'g Guard> {
    let mut lowest: BTreeMap<&GroupName, &Guard> = BTreeMap::new();
    for guard in guards {
        let known = lowest.entry(&guard.group).or_insert(guard);
        if guard.lowest < known.lowest {
            *known = guard;
        }
    }
    lowest
}

/// Returns whether a group has none to spare at its lowest moment.
pub(crate) fn is_tight(guard: &Guard) -> bool {
    guard.lowest.is_some_and(|lowest| lowest <= guard.floor)
}

/// Says what a group keeps, and whether that is all that it may.
pub(crate) fn kept(guard: &Guard) -> String {
    let keeps = keeps(guard);
    if is_tight(guard) { say!("{keeps}, none to spare", keeps) } else { keeps }
}
