//! Why a wanted change cannot be had, in words.

use jiff::Timestamp;

use super::super::super::counted;
use super::super::super::text::and_more;
use crate::calendar::Zone;
use crate::plan::{
    BlockReason, Blocked, Exceeded, HealthUnread, Knob, LeftAloneCode, NotUp, Plan, Shortage, Unmet, WhyNotUp,
};
use crate::resource::{Address, ChangeName, GroupName, Status};
use crate::windows::HORIZON_DAYS;

use super::super::confirmation::Stands;

/// Says why a wanted change cannot be had: who, where, since when, and what to do.
pub fn blocked(plan: &Plan, blocked: &Blocked) -> String {
    let why = why_blocked(blocked, &plan.time_zone, Some(plan));
    let missing = left_out(plan, blocked);
    if missing.is_empty() {
        return why;
    }
    let flags: Vec<String> = missing.iter().map(|address| format!("--target {address}")).collect();
    format!("{why}; this plan leaves out what must change before it: add {}", flags.join(" "))
}

/// Lists what a plan of a part of the spec would have to take in for a change to be had.
fn left_out<'p>(plan: &'p Plan, blocked: &'p Blocked) -> Vec<&'p Address> {
    if plan.targeted.is_empty() {
        return Vec::new();
    }
    match &blocked.reason {
        BlockReason::Dependency { needed, why: Unmet::LeftOut } => vec![needed],
        BlockReason::Floor(Shortage { group, .. }) => {
            let group = plan.groups.iter().find(|health| health.name == *group);
            let not_up = group.into_iter().flat_map(|health| &health.not_up).map(|member| &member.address);
            not_up
                .filter(|address| plan.targeted.binary_search(address).is_err() && is_to_come_up(plan, address))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn is_to_come_up(plan: &Plan, address: &Address) -> bool {
    let wanted = plan.change(address).and_then(|change| change.change.after.as_ref());
    wanted.is_some_and(|wanted| wanted.status == Status::Active)
}

/// Says why a wanted change cannot be had where no plan tells more of the interface than its address.
pub fn blocked_address(blocked: &Blocked, zone: &Zone) -> String {
    why_blocked(blocked, zone, None)
}

fn why_blocked(blocked: &Blocked, zone: &Zone, plan: Option<&Plan>) -> String {
    let title = || plan.map_or_else(|| blocked.address.to_string(), |plan| title(plan, &blocked.address));
    let scope = || Some(plan?.change(&blocked.address)?.scope.to_string());
    match &blocked.reason {
        BlockReason::Floor(shortage) => short(shortage, "active", &title(), (zone, plan)),
        BlockReason::Health(shortage) => short(shortage, "healthy", &title(), (zone, plan)),
        BlockReason::Traffic { in_bps, out_bps, limit_bps, at, unread } => {
            let said =
                super::traffic::not_quiet(&title(), (*in_bps, *out_bps), (*limit_bps, Some(at)), unread.as_ref());
            format!(
                "{said}; figures are of 3 to 4 minutes ago and count health checks too; let it run empty, and plan again"
            )
        }
        BlockReason::Route(loss) => super::routes::blocked(loss, &title(), &blocked.address),
        BlockReason::Protected { at } => {
            let todo = "remove `protect` in a reviewed change to deactivate it";
            format!("{} is protected ({at}); {todo}", title())
        }
        BlockReason::Cap { changes, exceeded, knob, allowed } => cap(*changes, exceeded, knob, *allowed),
        BlockReason::Clash { change, others, group, up, of, floor } => {
            let others: Vec<&str> = others.iter().map(ChangeName::as_str).collect();
            let together = if others.is_empty() { String::new() } else { format!(" with {}", others.join(", ")) };
            format!("{}: {change}{together} would leave {group} at {up} of {of}, floor {floor}; move it", title())
        }
        BlockReason::Window { window, opens_at } => {
            let later =
                if opens_at.is_some() { "`rictl plan --at open` plans for when all goes through, " } else { "" };
            format!("{}; {later}--override-window REASON does not wait", closed(&title(), window, *opens_at, zone))
        }
        BlockReason::Dependency { needed, why: Unmet::StaysUp } => {
            format!("{} stays up: {needed} is to be up and needs it; take both down, or neither", title())
        }
        BlockReason::Dependency { needed, why: Unmet::StaysDown } => {
            format!("{} stays down: it needs {needed}, which is to be down; bring both up, or neither", title())
        }
        BlockReason::Dependency { needed, why } => {
            format!("{} has to wait for {needed}, which {}", title(), unmet(*why))
        }
        BlockReason::FinancialLocked => {
            format!("{} is FinancialLocked: the account has bills outstanding; settle them first", title())
        }
        BlockReason::SecurityLocked => format!("{} is SecurityLocked by the vendor; open a ticket", title()),
        BlockReason::BusinessLocked { word } => {
            format!("{} has a business status that is not documented: \"{word}\"", title())
        }
        BlockReason::NotFound => {
            format!("the API says there is no {}; correct the id or the region, or remove the entry", title())
        }
        BlockReason::WrongRegion { found_in } => {
            format!("{} is not there: it lives in {found_in}; correct its region in the spec", title())
        }
        BlockReason::Idle => format!("{} is Idle: it was never connected; connect it first", title()),
        BlockReason::Deleting { status } => format!("{} is {status}; remove the entry once it is gone", title()),
        BlockReason::PeerDeleted => {
            format!("the opposite side of {} was deleted: it can never be activated again", title())
        }
        BlockReason::UnknownStatus { word } => {
            format!("{} has a status that is not documented: \"{word}\"", title())
        }
        BlockReason::Unreadable => {
            let what = scope().unwrap_or_else(|| blocked.address.to_string());
            format!("{what} could not be read; see the errors")
        }
        BlockReason::Superseded { run_id, change_id } => {
            let change = change_id.as_ref().map(|change| format!(" ({change})")).unwrap_or_default();
            let todo = "take that run back first, or use --force-superseded";
            format!("{} was changed since by run {run_id}{change}; {todo}", title())
        }
        BlockReason::Undeclared => {
            format!("{} is not declared any more; declare it again, or use --undeclared", title())
        }
        BlockReason::Unconfirmed { run_id, until, is_due, left_by } => {
            let stands = Stands { run_id, until: *until, is_due: *is_due, left_by: left_by.as_ref(), in_doubt: &[] };
            format!("{} was changed by run {run_id}, which {}", title(), stands.said(zone))
        }
        BlockReason::Told { text, .. } => text.clone(),
    }
}

/// Says which window holds a call back, and when it may be sent.
pub(crate) fn closed(title: &str, window: &str, opens_at: Option<Timestamp>, zone: &Zone) -> String {
    match opens_at {
        Some(at) => format!("{title} is held back by the window `{window}`: opens at {}", zone.shown(at)),
        None => format!("{title} is held back by the window `{window}`: does not open within {HORIZON_DAYS} days"),
    }
}

/// Says what a group would be left with without a link, as far as that is `up`.
fn short(shortage: &Shortage, up: &str, title: &str, (zone, plan): (&Zone, Option<&Plan>)) -> String {
    let Shortage { group, left, of, floor, knob, not_up, more } = shortage;
    let kept = would_keep(group, &format!("{left} of {of} {up}"), *floor, knob.as_ref());
    if not_up.is_empty() {
        return format!("{kept} without {title}");
    }
    let way = plan.and_then(|plan| way_up(plan, not_up));
    let way = way.unwrap_or_else(|| "bring one of these links up first, or change the floor".to_owned());
    format!("{kept} without {title}; {}; {way}", who_is_down(not_up, *more, zone))
}

/// Says which flag brings up what is down and only left alone: no floor has to give way for that.
fn way_up(plan: &Plan, not_up: &[NotUp]) -> Option<String> {
    let is_left = |address: &Address, code| {
        plan.left_alone.iter().any(|left| left.address == *address && left.reason.code() == code)
    };
    [(LeftAloneCode::RolledBack, "was taken back", "--redo"), (LeftAloneCode::Drift, "is left alone", "--drift fix")]
        .into_iter()
        .find_map(|(code, why, flag)| {
            let member =
                not_up.iter().find(|member| is_left(&member.address, code) && is_to_come_up(plan, &member.address))?;
            let address = &member.address;
            Some(format!("{address} {why}: {flag} brings it up first"))
        })
}

/// Says that a group would keep less than its floor.
pub(crate) fn would_keep(group: &GroupName, kept: &str, floor: u32, set_by: Option<&Knob>) -> String {
    format!("group {group} would keep {kept}, floor {floor} ({})", knob(group, set_by))
}

/// Names what set the floor of a group.
pub fn knob(group: &GroupName, knob: Option<&Knob>) -> String {
    match knob {
        Some(Knob { key, value, at }) => format!("{key} {value} at {at}"),
        None => format!("groups.{group}"),
    }
}

fn who_is_down(not_up: &[NotUp], more: u32, zone: &Zone) -> String {
    let mut down: Vec<String> = not_up.iter().map(|member| why_not_up(member, zone)).collect();
    down.extend(and_more(more as usize, "", ""));
    down.join(", ")
}

fn why_not_up(member: &NotUp, zone: &Zone) -> String {
    let address = &member.address;
    match &member.why {
        WhyNotUp::Unseen => format!("{address} could not be seen"),
        WhyNotUp::Is { status, since } => {
            let since = since.map(|since| format!(" since {}", zone.stamp(since))).unwrap_or_default();
            format!("{address} is {status}{since}")
        }
        WhyNotUp::Opposite { status } => {
            let status = status.as_ref().map_or("unknown", Status::as_str);
            format!("{address} is Active but its opposite side is {status}")
        }
        WhyNotUp::Locked { business_status } => {
            format!("{address} is Active but its business status is {business_status}")
        }
        WhyNotUp::Unhealthy => format!("{address} is Active but its health check is Abnormal"),
        WhyNotUp::HealthUnread { why } => {
            format!("{address} is Active but its health check could not be read: {}", health_unread(why))
        }
        WhyNotUp::ToGoDown => format!("{address} is to go down"),
    }
}

fn cap(changes: u32, exceeded: &Exceeded, knob: &Knob, allowed: Option<u32>) -> String {
    let Knob { key, value, at } = knob;
    if *exceeded == Exceeded::Forgotten {
        let given =
            allowed.map(|given| format!(" (--allow-forgotten {given} is not the exact number)")).unwrap_or_default();
        return format!(
            "{} recorded and gone from the spec, and {key} is {value} ({at}){given}; if that is meant: --allow-forgotten {changes}",
            counted(changes as usize, "interface")
        );
    }
    let said = match exceeded {
        Exceeded::Forgotten => String::new(),
        Exceeded::Changes => format!("{changes} changes, and {key} is {value} ({at})"),
        Exceeded::Share { declared, allows } => {
            format!("{changes} of {declared} interfaces change, and {key} is {value} ({at}), which allows {allows}")
        }
        Exceeded::Group { name, count } => format!("{count} changes in {name}, and {key} is {value} ({at})"),
        Exceeded::Region { name, count } => format!("{count} changes in {name}, and {key} is {value} ({at})"),
    };
    let allowed = allowed.map(|given| format!(" (--allow-changes {given} is not the exact number)"));
    let allowed = allowed.unwrap_or_default();
    format!("{said}; all {changes} changes are refused{allowed}; to run exactly these: --allow-changes {changes}")
}

fn unmet(why: Unmet) -> String {
    match why {
        Unmet::Blocked(code) => format!("is blocked ({})", code.as_str()),
        Unmet::LeftAlone(LeftAloneCode::RolledBack) => {
            "was taken back and is left alone: --redo does it again".to_owned()
        }
        Unmet::LeftAlone(LeftAloneCode::Drift) => "is left alone (drift): --drift fix brings it back".to_owned(),
        Unmet::LeftAlone(code) => format!("is left alone ({})", code.as_str()),
        Unmet::LeftOut => "is left out of this plan".to_owned(),
        Unmet::StaysUp => "is to be up".to_owned(),
        Unmet::StaysDown => "is to be down".to_owned(),
    }
}

/// Names an interface for people: key, id, region.
pub(super) fn title(plan: &Plan, address: &Address) -> String {
    match plan.change(address) {
        Some(change) => format!("{address} ({} in {})", change.id, change.scope),
        None => address.to_string(),
    }
}

/// Says why a health check could not be read.
pub fn health_unread(why: &HealthUnread) -> &str {
    match why {
        HealthUnread::Denied { detail } | HealthUnread::Failed { detail } => detail,
        HealthUnread::OtherAccount => {
            "it is at the end of another account; name that one under `cloud.accounts`, with its `account_id`"
        }
    }
}
