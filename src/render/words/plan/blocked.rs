//! Why a wanted change cannot be had, in words.

use jiff::Timestamp;

use super::super::super::counted;
use super::super::super::text::and_more;
use crate::calendar::Zone;
use crate::language::say;
use crate::plan::{
    About, BlockReason, Blocked, Exceeded, HealthUnread, Knob, LeftAloneCode, NotUp, Plan, Shortage, Unmet,
    WhyMemberNotUp, WhyNotUp,
};
use crate::render::words::aside;
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
    if plan.about == About::WayBack {
        // It is of what a run did, and takes nothing else in.
        let apply = missing.iter().map(|address| format!(" --target {address}")).collect::<String>();
        return say!("{why}; `rictl apply{apply}` does first what must change before it", why, apply);
    }
    let flags: Vec<String> = missing.iter().map(|address| format!("--target {address}")).collect();
    say!("{why}; this plan leaves out what must change before it: add {flags}", why, flags = flags.join(" "))
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
            let not_up = group.into_iter().flat_map(|health| &health.not_up);
            // What a way back takes down itself it does not bring up first.
            let not_up = not_up.filter(|member| plan.about != About::WayBack || member.why == WhyMemberNotUp::Inactive);
            not_up
                .map(|member| &member.address)
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
        BlockReason::Floor(shortage) => short(shortage, say!("active"), &title(), (zone, plan)),
        BlockReason::Health(shortage) => short(shortage, say!("healthy"), &title(), (zone, plan)),
        BlockReason::Traffic { in_bps, out_bps, limit_bps, at, unread } => {
            let said =
                super::traffic::not_quiet(&title(), (*in_bps, *out_bps), (*limit_bps, Some(at)), unread.as_ref());
            say!(
                "{said}; figures are of 3 to 4 minutes ago and count health checks too; let it run empty, and plan again",
                said
            )
        }
        BlockReason::Route(loss) => super::routes::blocked(loss, &title(), &blocked.address),
        BlockReason::Protected { at } => {
            let todo = say!("remove `protect` in a reviewed change to deactivate it");
            say!("{title} is protected ({at}); {todo}", title = title(), at, todo)
        }
        BlockReason::Cap { changes, exceeded, knob, allowed } => cap(*changes, exceeded, knob, *allowed),
        BlockReason::Clash { change, others, group, up, of, floor } => {
            let others: Vec<&str> = others.iter().map(ChangeName::as_str).collect();
            let together =
                if others.is_empty() { String::new() } else { say!(" with {others}", others = others.join(", ")) };
            say!(
                "{title}: {change}{together} would leave {group} at {up} of {of}, floor {floor}; move it",
                title = title(),
                change,
                together,
                group,
                up,
                of,
                floor
            )
        }
        BlockReason::Window { window, opens_at } => {
            let later =
                if opens_at.is_some() { say!("`rictl plan --at open` plans for when all goes through, ") } else { "" };
            say!(
                "{closed}; {later}--override-window REASON does not wait",
                closed = closed(&title(), window, *opens_at, zone),
                later
            )
        }
        BlockReason::Dependency { needed, why: Unmet::StaysUp } => {
            say!(
                "{title} stays up: {needed} is to be up and needs it; take both down, or neither",
                title = title(),
                needed
            )
        }
        BlockReason::Dependency { needed, why: Unmet::StaysDown } => {
            say!(
                "{title} stays down: it needs {needed}, which is to be down; bring both up, or neither",
                title = title(),
                needed
            )
        }
        BlockReason::Dependency { needed, why } => {
            say!("{title} has to wait for {needed}, which {unmet}", title = title(), needed, unmet = unmet(*why))
        }
        BlockReason::FinancialLocked => {
            say!("{title} is FinancialLocked: the account has bills outstanding; settle them first", title = title())
        }
        BlockReason::SecurityLocked => say!("{title} is SecurityLocked by the vendor; open a ticket", title = title()),
        BlockReason::BusinessLocked { word } => {
            say!("{title} has a business status that is not documented: \"{word}\"", title = title(), word)
        }
        BlockReason::NotFound => {
            say!("the API says there is no {title}; correct the id or the region, or remove the entry", title = title())
        }
        BlockReason::WrongRegion { found_in } => {
            say!(
                "{title} is not there: it lives in {found_in}; correct its region in the spec",
                title = title(),
                found_in
            )
        }
        BlockReason::Idle => say!("{title} is Idle: it was never connected; connect it first", title = title()),
        BlockReason::Deleting { status } => {
            say!("{title} is {status}; remove the entry once it is gone", title = title(), status)
        }
        BlockReason::PeerDeleted => {
            say!("the opposite side of {title} was deleted: it can never be activated again", title = title())
        }
        BlockReason::UnknownStatus { word } => {
            say!("{title} has a status that is not documented: \"{word}\"", title = title(), word)
        }
        BlockReason::Unreadable => {
            let what = scope().unwrap_or_else(|| blocked.address.to_string());
            say!("{what} could not be read; see the errors", what)
        }
        BlockReason::Superseded { run_id, change_id, other } => {
            let change = change_id.as_ref().map(aside).unwrap_or_default();
            let todo = say!("take that run back first, or use --force-superseded");
            if let Some(other) = other {
                return say!(
                    "{title} may come up together with its other end {other}, which was changed since by run {run_id}{change}; {todo}",
                    title = title(),
                    other,
                    run_id,
                    change,
                    todo
                );
            }
            say!("{title} was changed since by run {run_id}{change}; {todo}", title = title(), run_id, change, todo)
        }
        BlockReason::Undeclared => {
            say!("{title} is not declared any more; declare it again, or use --undeclared", title = title())
        }
        BlockReason::Unconfirmed { run_id, until, is_due, left_by } => {
            let stands = Stands { run_id, until: *until, is_due: *is_due, left_by: left_by.as_ref(), in_doubt: &[] };
            say!("{title} was changed by run {run_id}, which {said}", title = title(), run_id, said = stands.said(zone))
        }
        BlockReason::Told { text, .. } => text.clone(),
    }
}

/// Says which window holds a call back, and when it may be sent.
pub(crate) fn closed(title: &str, window: &str, opens_at: Option<Timestamp>, zone: &Zone) -> String {
    match opens_at {
        Some(at) => {
            say!("{title} is held back by the window `{window}`: opens at {at}", title, window, at = zone.shown(at))
        }
        None => say!(
            "{title} is held back by the window `{window}`: does not open within {days} days",
            title,
            window,
            days = HORIZON_DAYS
        ),
    }
}

/// Says what a group would be left with without a link, as far as that is `up`.
fn short(shortage: &Shortage, up: &str, title: &str, (zone, plan): (&Zone, Option<&Plan>)) -> String {
    let Shortage { group, left, of, floor, knob, not_up, more } = shortage;
    let kept = would_keep(group, &say!("{left} of {of} {up}", left, of, up), *floor, knob.as_ref());
    if not_up.is_empty() {
        return say!("{kept} without {title}", kept, title);
    }
    let way = plan.and_then(|plan| way_up(plan, not_up));
    let way = way.unwrap_or_else(|| say!("bring one of these links up first, or change the floor").to_owned());
    say!("{kept} without {title}; {down}; {way}", kept, title, down = who_is_down(not_up, *more, zone), way)
}

/// Says which flag brings up what is down and only left alone: no floor has to give way for that.
fn way_up(plan: &Plan, not_up: &[NotUp]) -> Option<String> {
    let is_left = |address: &Address, code| {
        plan.left_alone.iter().any(|left| left.address == *address && left.reason.code() == code)
    };
    [
        (LeftAloneCode::RolledBack, say!("was taken back"), "--redo"),
        (LeftAloneCode::Drift, say!("is left alone"), "--drift fix"),
    ]
    .into_iter()
    .find_map(|(code, why, flag)| {
        let member =
            not_up.iter().find(|member| is_left(&member.address, code) && is_to_come_up(plan, &member.address))?;
        let address = &member.address;
        Some(say!("{address} {why}: {flag} brings it up first", address, why, flag))
    })
}

/// Says that a group would keep less than its floor.
pub(crate) fn would_keep(group: &GroupName, kept: &str, floor: u32, set_by: Option<&Knob>) -> String {
    say!("group {group} would keep {kept}, floor {floor} ({knob})", group, kept, floor, knob = knob(group, set_by))
}

/// Names what set the floor of a group.
pub fn knob(group: &GroupName, knob: Option<&Knob>) -> String {
    match knob {
        Some(Knob { key, value, at }) => say!("{key} {value} at {at}", key, value, at),
        None => format!("groups.{group}"),
    }
}

fn who_is_down(not_up: &[NotUp], more: u32, zone: &Zone) -> String {
    let mut down: Vec<String> = not_up.iter().map(|member| why_not_up(member, zone)).collect();
    down.extend(and_more(more as usize, "", ""));
    down.join(say!(", "))
}

fn why_not_up(member: &NotUp, zone: &Zone) -> String {
    let address = &member.address;
    match &member.why {
        WhyNotUp::Unseen => say!("{address} could not be seen", address),
        WhyNotUp::Is { status, since } => {
            let since = since.map(|since| say!(" since {since}", since = zone.stamp(since))).unwrap_or_default();
            say!("{address} is {status}{since}", address, status, since)
        }
        WhyNotUp::Opposite { status } => {
            let status = status.as_ref().map_or(say!("unknown"), Status::as_str);
            say!("{address} is Active but its opposite side is {status}", address, status)
        }
        WhyNotUp::Locked { business_status } => {
            say!("{address} is Active but its business status is {business_status}", address, business_status)
        }
        WhyNotUp::Unhealthy => say!("{address} is Active but its health check is Abnormal", address),
        WhyNotUp::HealthUnread { why } => {
            say!("{address} is Active but its health check could not be read: {why}", address, why = health_unread(why))
        }
        WhyNotUp::ToGoDown => say!("{address} is to go down", address),
    }
}

fn cap(changes: u32, exceeded: &Exceeded, knob: &Knob, allowed: Option<u32>) -> String {
    let Knob { key, value, at } = knob;
    if *exceeded == Exceeded::Forgotten {
        let given = allowed
            .map(|given| say!(" (--allow-forgotten {given} is not the exact number)", given))
            .unwrap_or_default();
        return say!(
            "{interfaces} recorded and gone from the spec, and {key} is {value} ({at}){given}; if that is meant: --allow-forgotten {changes}",
            interfaces = counted(changes as usize, say!("interface")),
            key,
            value,
            at,
            given,
            changes
        );
    }
    let said = match exceeded {
        Exceeded::Forgotten => String::new(),
        Exceeded::Changes => say!("{changes} changes, and {key} is {value} ({at})", changes, key, value, at),
        Exceeded::Share { declared, allows } => {
            say!(
                "{changes} of {declared} interfaces change, and {key} is {value} ({at}), which allows {allows}",
                changes,
                declared,
                key,
                value,
                at,
                allows
            )
        }
        Exceeded::Group { name, count } => {
            say!("{count} changes in {name}, and {key} is {value} ({at})", count, name, key, value, at)
        }
        Exceeded::Region { name, count } => {
            say!("{count} changes in {name}, and {key} is {value} ({at})", count, name, key, value, at)
        }
    };
    let allowed = allowed.map(|given| say!(" (--allow-changes {given} is not the exact number)", given));
    let allowed = allowed.unwrap_or_default();
    say!(
        "{said}; all {changes} changes are refused{allowed}; to run exactly these: --allow-changes {changes}",
        said,
        changes,
        allowed
    )
}

fn unmet(why: Unmet) -> String {
    match why {
        Unmet::Blocked(code) => say!("is blocked ({code})", code = code.as_str()),
        Unmet::LeftAlone(LeftAloneCode::RolledBack) => {
            say!("was taken back and is left alone: --redo does it again").to_owned()
        }
        Unmet::LeftAlone(LeftAloneCode::Drift) => say!("is left alone (drift): --drift fix brings it back").to_owned(),
        Unmet::LeftAlone(code) => say!("is left alone ({code})", code = code.as_str()),
        Unmet::LeftOut => say!("is left out of this plan").to_owned(),
        Unmet::StaysUp => say!("is to be up").to_owned(),
        Unmet::StaysDown => say!("is to be down").to_owned(),
    }
}

/// Names an interface for people: key, id, region.
pub(super) fn title(plan: &Plan, address: &Address) -> String {
    match plan.change(address) {
        Some(change) => say!("{address} ({id} in {scope})", address, id = change.id, scope = change.scope),
        None => address.to_string(),
    }
}

/// Says why a health check could not be read.
pub fn health_unread(why: &HealthUnread) -> &str {
    match why {
        HealthUnread::Denied { detail } | HealthUnread::Failed { detail } => detail.told(),
        HealthUnread::OtherAccount => {
            say!("it is at the end of another account; name that one under `cloud.accounts`, with its `account_id`")
        }
    }
}
