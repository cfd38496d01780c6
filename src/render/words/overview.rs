//! How links read: what took one down and until when, whether one can go down, what stays up without some.

use jiff::{SignedDuration, Timestamp};

use super::super::counted;
use super::confirmation::Stands;
use super::groups::{counts, not_up, not_up_because};
use super::plan::{blocked_address, some, span, upcoming};
use crate::calendar::Zone;
use crate::language::say;
use crate::overview::{AtWork, Disagreement, End, GroupWithout, Link, Moving, Obstacle, Overview, Prospect, Unread};
use crate::plan::{Approval, BlockReason, Blocked, GroupHealth, WhyMemberNotUp};
use crate::render::words::aside;
use crate::resource::{Address, Status};
use crate::state::Awaiting;

/// Says where a group and the routes disagree: `sh-backup is in idc-sh but carries none of its 12 prefixes`.
pub(crate) fn disagreement(found: &Disagreement) -> String {
    let Disagreement { group, address, is_member, carries, of } = found;
    match (is_member, carries) {
        (true, 0) if *of == 1 => say!("{address} is in {group} but does not carry its 1 prefix", address, group),
        (true, 0) => say!("{address} is in {group} but carries none of its {of} prefixes", address, group, of),
        (true, some) => {
            say!("{address} is in {group} but carries {some} of its {of} prefixes", address, group, some, of)
        }
        (false, _) if *of == 1 => {
            say!("{address} carries all of the 1 prefix of {group} but is not in it", address, group)
        }
        (false, _) => {
            say!("{address} carries all of the {of} prefixes of {group} but is not in it", address, of, group)
        }
    }
}

/// Says how many links of a group are up, and how many more may go down.
pub(crate) fn group(group: &GroupHealth) -> String {
    let spare = match group.spare {
        Some(spare) if !group.is_finding() => say!(", {spare} to spare", spare),
        _ => String::new(),
    };
    format!("{}{spare}", counts(group))
}

/// Says the same, and which ends are not up: where links have no lines of their own.
pub(crate) fn group_and_members(health: &GroupHealth) -> String {
    format!("{}{}", group(health), not_up(health))
}

/// Names a link by its ends.
pub(crate) fn name(link: &Link) -> String {
    let ends: Vec<&str> = link.ends.iter().map(|end| end.address.as_str()).collect();
    ends.join(" = ")
}

/// Says in one word or two how a link stands: the statuses of its ends, and of one that is Active why it is not up.
pub(crate) fn standing(link: &Link) -> String {
    if link.up == Some(true) {
        return say!("up").to_owned();
    }
    let mut ends: Vec<String> = link.ends.iter().map(end).collect();
    ends.dedup();
    ends.join(" / ")
}

fn end(end: &End) -> String {
    match (&end.status, end.why) {
        (_, Some(WhyMemberNotUp::Unread)) => say!("not read").to_owned(),
        (None, _) => say!("absent").to_owned(),
        (Some(Status::Active), Some(why)) => say!("Active, {why}", why = not_up_because(why)),
        (Some(status), _) => status.to_string(),
    }
}

/// Says what a link is as it is for: the change, who took it down, and until when; nothing of what is up and asked for by no change.
pub(crate) fn because(link: &Link, moment: Timestamp, zone: &Zone) -> String {
    let mut said = Vec::new();
    if let Some(change) = &link.change_id {
        let owner = link.owner.as_ref().map(aside).unwrap_or_default();
        said.push(format!("{change}{owner}"));
    }
    said.extend(link.changes.iter().filter(|change| Some(*change) != link.change_id.as_ref()).map(ToString::to_string));
    said.extend(
        link.since.filter(|_| link.up != Some(true)).map(|since| say!("since {since}", since = zone.stamp(since))),
    );
    said.extend(link.until.map(|until| match until > moment {
        true => say!("until {until}", until = zone.stamp(until)),
        false => say!("ended {until}", until = zone.stamp(until)),
    }));
    said.extend(link.run_id.as_ref().map(|run| match &link.who {
        Some(who) => say!("by {who}, run {run}", who, run),
        None => say!("by run {run}", run),
    }));
    said.extend(link.hands_off.then(|| match link.hands_off_until {
        None => say!("hands off").to_owned(),
        Some(until) if link.hands_off_expired => say!("its hands_off ran out on {until}", until),
        Some(until) => say!("hands off until {until}", until),
    }));
    said.extend(link.reason.as_ref().filter(|_| link.up != Some(true)).map(|reason| format!("# {reason}")));
    said.join(say!(", "))
}

/// Says that a run awaits confirmation, or was not taken back whole.
pub(crate) fn awaits(awaiting: &Awaiting, overview: &Overview) -> String {
    let Awaiting { run_id, deadline, left_by, .. } = awaiting;
    let is_due = awaiting.is_due(overview.timestamp, None);
    let stands = Stands { run_id, until: deadline.until, left_by: left_by.as_ref(), is_due, in_doubt: &[] };
    say!("run {run_id} {said}", run_id, said = stands.said(&overview.time_zone))
}

/// Says what was approved, by whom, and when it may run.
pub(crate) fn approved(approval: &Approval, overview: &Overview) -> String {
    let Approval { digest, by, at, expires, .. } = approval;
    let (zone, until) = (&overview.time_zone, overview.time_zone.stamp(*expires));
    match *at <= overview.timestamp {
        true => say!("{digest} by {by}, due now, until {until}", digest, by, until),
        false => say!("{digest} by {by}, due {due}, until {until}", digest, by, due = zone.stamp(*at), until),
    }
}

/// Says who is at work, on what.
pub(crate) fn at_work(at_work: &AtWork) -> String {
    let AtWork { run_id, who, addresses } = at_work;
    let run =
        run_id.as_ref().map_or_else(|| say!("an apply is about to begin").to_owned(), |run| say!("run {run}", run));
    let about = if addresses.is_empty() { String::new() } else { say!(" on {addresses}", addresses = some(addresses)) };
    format!("{run}: {who}{about}")
}

/// Says what is on its way.
pub(crate) fn moving(moving: &Moving, zone: &Zone) -> String {
    let since = moving.since.map(|since| say!(" since {since}", since = zone.stamp(since))).unwrap_or_default();
    format!("{} {}{since}", moving.address, moving.status)
}

/// Lists what begins and ends soon.
pub(crate) fn ahead(overview: &Overview) -> impl Iterator<Item = String> {
    overview.upcoming.iter().map(|soon| upcoming(soon, overview.moment(), &overview.time_zone))
}

/// Says what could not be read, and how old what is shown of it is.
pub(crate) fn unread(unread: &Unread, now: Timestamp) -> String {
    let age = |of: Timestamp| span(now.duration_since(of).max(SignedDuration::ZERO));
    let shown = unread.shown_of.map(|of| say!("; shown as it was {age} ago", age = age(of))).unwrap_or_default();
    say!("cannot read {scope}: {detail}{shown}", scope = unread.failure.scope, detail = unread.failure.detail, shown)
}

/// Says how many links are up, and how many groups are not well.
pub(crate) fn verdict(overview: &Overview) -> String {
    let up = overview.links.iter().filter(|link| link.up == Some(true)).count();
    let unknown = overview.links.iter().filter(|link| link.up.is_none()).count();
    let links = say!("{up} of {links} up", up, links = counted(overview.links.len(), say!("link")));
    let unknown = if unknown > 0 { say!(", {unknown} not read", unknown) } else { String::new() };
    let groups = overview.groups.len();
    let groups = match overview.broken_groups().count() {
        _ if groups == 0 => String::new(),
        0 if overview.groups.iter().any(|group| group.up.is_none()) => {
            say!("; no group of {groups} is known to be below its floor or DOWN", groups)
        }
        0 => say!("; no group of {groups} is below its floor or DOWN", groups),
        broken => {
            say!("; {broken} of {groups} below its floor or DOWN", broken, groups = counted(groups, say!("group")))
        }
    };
    say!("{links}{unknown}{groups}.", links, unknown, groups)
}

/// Answers whether a link can go down now.
pub(crate) fn can_go_down(prospect: &Prospect, address: &Address, zone: &Zone) -> String {
    if prospect.is_possible() {
        return match (prospect.is_down, prospect.spare_after) {
            (true, _) => say!("yes: it is not up, and takes nothing from its group").to_owned(),
            (false, Some(spare)) => say!("yes, {spare} to spare after it", spare),
            (false, None) => say!("yes: it is in no group, and nothing guards it").to_owned(),
        };
    }
    let said: Vec<String> = prospect.obstacles.iter().map(|obstacle| self::obstacle(obstacle, address, zone)).collect();
    say!("no: {said}", said = said.join(say!("; ")))
}

/// Names a link by some of its ends.
fn joined(ends: &[Address]) -> String {
    ends.iter().map(Address::as_str).collect::<Vec<_>>().join(" = ")
}

fn obstacle(obstacle: &Obstacle, address: &Address, zone: &Zone) -> String {
    match obstacle {
        Obstacle::Floor { group, left, of, floor, not_up } => {
            let kept = say!("{group} would keep {left} of {of} up, floor {floor}", group, left, of, floor);
            let lacking = floor.saturating_sub(*left) as usize;
            let not_up: Vec<String> = not_up.iter().map(|ends| joined(ends)).collect();
            match not_up.len() {
                0 => kept,
                others if others < lacking => {
                    say!("{not_up} would not be enough, and {kept}", not_up = some(&not_up), kept)
                }
                others if others == lacking => {
                    say!("{not_up} would have to be up ({kept})", not_up = some(&not_up), kept)
                }
                _ => say!("{lacking} of {not_up} would have to be up ({kept})", lacking, not_up = some(&not_up), kept),
            }
        }
        Obstacle::Unknown { group } => say!("{group} could not be read whole, so that nobody knows", group),
        Obstacle::NeededBy { addresses } => {
            say!("{addresses} would have to be down before it", addresses = some(addresses))
        }
        Obstacle::HandsOff => say!("hands_off says that it is left alone").to_owned(),
        Obstacle::Refused(reason) => refused(reason, address, zone),
    }
}

fn refused(reason: &BlockReason, address: &Address, zone: &Zone) -> String {
    blocked_address(&Blocked { address: address.clone(), reason: reason.clone() }, zone)
}

/// Says what becomes of a group without what is taken not to be up.
pub(crate) fn without(group: &GroupWithout) -> String {
    let GroupWithout { now, then, .. } = group;
    if now.up.is_some() && now.up == then.up {
        return say!("{counts}, with or without it", counts = counts(now));
    }
    let before = now.up.map(|up| say!(" (now {up})", up)).unwrap_or_default();
    format!("{}{before}", self::group(then))
}
